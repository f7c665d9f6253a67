/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mount sources and the root, opened by the parent where init could not: from inside a user
 * namespace (directories that its root may not enter; mounts that are not its own) or another mount
 * namespace.  Each is a detached copy, with the propagation that it would have as a copy of the
 * host's mounts in init's own namespace, and idmapped if that was asked.  Where the caller may not
 * make such copies (rootless), init opens the path itself.
 */
#ifndef LC_SOURCES_H
#define LC_SOURCES_H

#include "run/build.h"

/* Fills box.sources, box.idmap_userns and box.root_tree. */
int sources_open(struct build *b, struct lc_error *e) lc_checked;

#endif
