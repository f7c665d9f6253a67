/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container may be called: its id is the name of a directory and part of a cgroup's. */
#ifndef LC_ID_H
#define LC_ID_H

#include "base/error.h"

/* At most 255 of [a-zA-Z0-9_+.-], not beginning with a dot. */
int id_check(const char *id, struct lc_error *e) lc_checked;

#endif
