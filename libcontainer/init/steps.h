/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The steps, for the tables of steps.c: each does one thing of the plan and fills the error when it
 * cannot.  One file per subject.  And the few functions that more than one of these files needs.
 */
#ifndef LC_STEPS_H
#define LC_STEPS_H

#include "init/init.h"

/* later.c: takes a descriptor that is done with, and closes it with its neighbours. */
void close_later(struct sandbox *s, int *owned);
void close_now(struct sandbox *s); /* what was taken so far */

/* ns.c */
int step_process(struct sandbox *s, struct lc_error *e);
int step_ipc_namespace(struct sandbox *s, struct lc_error *e);
int step_cgroup_namespace(struct sandbox *s, struct lc_error *e);
int step_keyring(struct sandbox *s, struct lc_error *e);
int step_names(struct sandbox *s, struct lc_error *e);
int step_loopback(struct sandbox *s, struct lc_error *e);
int step_procfs(struct sandbox *s, struct lc_error *e);
int step_sysctls(struct sandbox *s, struct lc_error *e);

/* root.c */
int step_root(struct sandbox *s, struct lc_error *e);
int step_joined_root(struct sandbox *s, struct lc_error *e);
int step_masked(struct sandbox *s, struct lc_error *e);
int step_readonly_paths(struct sandbox *s, struct lc_error *e);
int step_readonly(struct sandbox *s, struct lc_error *e);
int step_pivot(struct sandbox *s, struct lc_error *e);

/* lock-mounts.c */
int step_lock_mounts(struct sandbox *s, struct lc_error *e);

/* mounts.c */
int step_mounts(struct sandbox *s, struct lc_error *e);

/* live-mounts.c: in a container that runs */
int step_add_mounts(struct sandbox *s, struct lc_error *e);
int step_unmount(struct sandbox *s, struct lc_error *e); /* what is on the plan's targets */
int step_leave(struct sandbox *s, struct lc_error *e); /* says that all is done, and ends */

/* tmpcopyup.c: copies all below the directory @from to @to, which is new and empty. */
int copy_tree(int from, int to, struct lc_error *e);

/* devices.c */
int step_devices(struct sandbox *s, struct lc_error *e);

/* tty.c */
int step_terminal(struct sandbox *s, struct lc_error *e);
int step_streams(struct sandbox *s, struct lc_error *e);

/* creds.c */
int step_limits(struct sandbox *s, struct lc_error *e);
int step_oom_score(struct sandbox *s, struct lc_error *e);
int step_label(struct sandbox *s, struct lc_error *e);
int step_ids(struct sandbox *s, struct lc_error *e);
int step_caps(struct sandbox *s, struct lc_error *e);
int step_no_new_privs(struct sandbox *s, struct lc_error *e);
/* To the error of a write of the process's label: which member it is, and why when the kernel says
 * that it knows no such name: ENOENT AppArmor, EINVAL SELinux.  Returns -1. */
int label_refused(const struct plan_process *p, struct lc_error *e);

/* landlock.c */
int step_landlock_rules(struct sandbox *s, struct lc_error *e);
int step_landlock(struct sandbox *s, struct lc_error *e);

/* filter.c */
int step_seccomp(struct sandbox *s, struct lc_error *e);

/* exec.c */
int step_home(struct sandbox *s, struct lc_error *e);
int step_cwd(struct sandbox *s, struct lc_error *e);
int step_cwd_as_user(struct sandbox *s, struct lc_error *e);
int step_find(struct sandbox *s, struct lc_error *e);
int step_exec(struct sandbox *s, struct lc_error *e);

#endif
