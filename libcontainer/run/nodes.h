/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Device nodes for a user namespace, in which nobody may make any: the parent does, in a tmpfs that
 * is mounted nowhere, and init mounts each in its place (init/devices.c).  So numbers, mode and
 * owner are those of config.json, and the host need have no such node.
 */
#ifndef LC_NODES_H
#define LC_NODES_H

#include "run/build.h"

/* Fills box.nodes, when the plan has devices that are made outside. */
int nodes_make(struct build *b, struct lc_error *e) lc_checked;

#endif
