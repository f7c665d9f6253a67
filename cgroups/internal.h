/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of this folder share: small cgroup files read and written by descriptor of their
 * directory, waiting for cgroup.events, walking the tree below a cgroup.
 */
#ifndef LC_CGROUP_INTERNAL_H
#define LC_CGROUP_INTERNAL_H

#include "cgroups/cgroup.h"
#include <limits.h>

/* How long killing, freezing and removing may take before it is an error, unless told otherwise. */
#define CG_DEADLINE_MS 10000

static inline unsigned cg_deadline(unsigned ms)
{
	return ms ? ms : CG_DEADLINE_MS;
}

/* Reads a small file whole into @buf, terminated, without the last newline. Returns its length, or
 * -1 with errno (EFBIG: does not fit). */
ssize_t cg_read(int dir, const char *name, char *buf, size_t size);

/* One write(2) of @text ("" is written as an empty line); 0, or -1 with errno. */
int cg_write(int dir, const char *name, const char *text);

/* The absolute path of an open directory, for messages; static text when it is not known. */
struct cg_path {
	char text[PATH_MAX];
};
const char *cg_path_of(int dir, struct cg_path *path);

/* The number behind @key in lines of "key number"; -1 with errno ENODATA when it is not there. */
int cg_event(int dir, const char *key, unsigned *value);

/* Waits until cgroup.events says that @key is @value; -1 with errno, ETIME after @ms. */
int cg_wait_event(int dir, const char *key, unsigned value, int ms);

/* Milliseconds of the monotonic clock. */
int64_t cg_now_ms(void);

/* Removes every cgroup below @dir, the deepest first, however deep; waits for those with processes,
 * for @ms at most (0: CG_DEADLINE_MS). */
int cg_remove_below(int dir, unsigned ms, struct lc_error *e) lc_checked;

/* Waits as long until all processes in @dir and below, which were killed, have ended. ENOENT or
 * ENODEV:
 * @dir is gone as well. */
int cg_wait_empty(int dir, unsigned ms, struct lc_error *e) lc_checked;

/* Calls @see for @dir and each cgroup below it; ends early when it returns -1. */
int cg_walk(int dir, int (*see)(int dir, void *ctx, struct lc_error *e), void *ctx,
	    struct lc_error *e) lc_checked;

/* Opens @mount, which has to be a cgroup2 file system; owned. */
int cg_open_mount(const char *mount, struct lc_error *e) lc_checked;

/* "memory" of "memory.max" to @name; false when @file has no controller ("cgroup.freeze"). */
#define CG_CONTROLLER_MAX 32
bool cg_controller_of(const char *file, char name[CG_CONTROLLER_MAX]);

/* Enables controllers in every cgroup from the mount down to the parent of @path (which begins with
 * '/'): all that are offered; those that @plan needs must be there in the end. @leaf: opened
 * @path. @offered: what the mount's root offers, NULL or empty: it is asked. */
int cg_enable_controllers(int mount, const char *mount_path, const char *path, int leaf,
			  const struct strs *offered, const struct plan_cgroup *plan,
			  const struct lc_log *log, struct lc_error *e) lc_checked;

/* Are the needed ones among those of the root of the mount? Asked before anything is made. */
int cg_check_controllers(int mount, const char *mount_path, const struct plan_cgroup *plan,
			 struct lc_error *e) lc_checked;

/* Makes the cgroup plan->place below @dir, moves @pid there (0: nobody) and passes on to it what
 * controllers @dir has.  Returns its descriptor (owned).  On failure nothing is left. */
int cg_place(int dir, const struct plan_cgroup *plan, pid_t pid, const struct lc_log *log,
	     struct lc_error *e) lc_checked;

/* What is known of a cgroup that is to be changed. */
enum cg_use {
	CG_NEW, /* just made: nothing is attached */
	CG_REUSED, /* empty, but was there before */
	CG_IN_USE, /* a living container's */
};

/* Writes the limits and sets the device program. */
int cg_apply(int dir, const struct plan_cgroup *plan, enum cg_use use, const struct lc_log *log,
	     struct lc_error *e) lc_checked;

/* Loads and attaches the device program; one that hull attached before is replaced in one step. */
int cg_set_device_program(int dir, const struct bytes *program, enum cg_use use,
			  const struct lc_log *log, struct lc_error *e) lc_checked;

/* SIGKILL to each process until none is left, frozen meanwhile so that none escapes. Unlike
 * cgroup.kill this leaves no trace: from Linux 6.14 on (7.2 still does) the kernel kills at birth
 * what is cloned into a cgroup that was once killed as a whole. */
int cg_kill_each(int cgroup, unsigned ms, struct lc_error *e) lc_checked;

extern const struct cgroup_ops cgroup_fs_ops, cgroup_systemd_ops, cgroup_disabled_ops;

#endif
