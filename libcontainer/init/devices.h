/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /dev of the root being built.  It is opened once, without following any link, and everything in
 * it is done by that descriptor: an image whose /dev is a link to somewhere must not make us work
 * there (CVE-2026-41579, CVE-2026-47766).
 */
#ifndef LC_DEVICES_H
#define LC_DEVICES_H

#include "init/init.h"
#include <stddef.h>

/* The name of plan->devices[@i] in the file system of nodes that the parent has made. */
enum { NODE_NAME = 24 };
void node_name(size_t i, char name[NODE_NAME]);

/* Opens /dev as s->dev, unless it is; makes it if it is missing. */
int dev_open(struct sandbox *s, struct lc_error *e);

/* O_PATH descriptor of something in @dir that a device can be bind-mounted on: what is there, if
 * it is neither a directory nor a link, else a new empty file. */
int dev_target(int dir, const char *name, struct lc_error *e);

#endif
