/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The three parts of one mount: where it goes (mount-target.c), what it is (mount-make.c), and with
 * which flags (mount-attr.c).  mounts.c puts them together.  All by descriptor.
 */
#ifndef LC_MOUNTS_H
#define LC_MOUNTS_H

#include "init/init.h"
#include <stdbool.h>

/* Something being mounted. */
struct mounting {
	const struct plan_mount *plan;
	size_t i; /* in plan->mounts */
	int target; /* O_PATH, -1 until resolved; owned */
	int fd; /* detached mount; owned */
	bool made_target; /* it was missing */
	bool foreign; /* fd was made by the parent, for which no flag is locked */
	bool done; /* attached already */
	bool by_text; /* no link led to the target: it is where its text says */
};

/* Resolves plan->target inside the root.  What is missing is made: a directory, or a file if @file.
 * Refuses links where the place is fixed, and places in a procfs that are not known to be safe. */
int target_open(struct sandbox *s, struct mounting *m, bool file, struct lc_error *e);

/* Attaches m->fd, a new file system, to "/name" or "/dev/name" in one call, which follows no link
 * at the end of a path; a missing directory is made.  False where that is not possible: then
 * target_open() is the way, and knows the reason. */
bool attach_by_name(struct sandbox *s, struct mounting *m);

/* Each makes m->fd. */
int make_fs(struct sandbox *s, struct mounting *m, struct lc_error *e);
int make_bind(struct sandbox *s, struct mounting *m, struct lc_error *e);
int make_cgroup(struct sandbox *s, struct mounting *m, struct lc_error *e);

/* linux.mountLabel, where there is one, for @fs of fsopen(2). */
int label_fs(const struct sandbox *s, int fs, struct lc_error *e);

/* The flags and the propagation that a bind or remount asks for, on @fd. */
int attr_change(const struct sandbox *s, const struct mounting *m, int fd, struct lc_error *e);

/* Flags and propagation for the whole tree below @fd. */
int attr_finish(const struct mounting *m, int fd, struct lc_error *e);

/* Propagation alone, of a new file system. */
int attr_propagate(const struct mounting *m, int fd, struct lc_error *e);

/* plan's attributes for fsmount(2), without those that come later. */
uint64_t attr_of_new(const struct plan_mount *m);

/* True for a mount that is made writable and set read-only when all else is done. */
bool is_readonly_later(const struct plan_mount *m);

#endif
