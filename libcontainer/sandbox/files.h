/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of files.c that are files of their own. */
#ifndef LC_SANDBOX_FILES_H
#define LC_SANDBOX_FILES_H

#include "sandbox/sandbox.h"

#define SANDBOX_INIT "/dev/.hull-init" /* inside */

/* Options for a tmpfs of so many bytes. Each file takes memory as well, also an empty one: there
 * may be as many as there are pages. */
char *tmpfs_room(struct job *job, uint64_t bytes);

/* Covers what nobody shall see: secrets of every home, and --hide. */
int hide_decide(struct job *job, struct lc_error *e) lc_checked;

#endif
