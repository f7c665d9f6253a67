/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions to a living machine over its control socket, by a client that believes nothing. */
#ifndef LC_ASK_H
#define LC_ASK_H

#include "base/arena.h"
#include "microvm/control.h"
#include "plan/plan.h"
#include <sys/types.h>

/* Where a machine is asked: its container's state directory. @given_ms: how long it may take to
 * answer; 0: half a minute. */
struct vm_at {
	int state_dir;
	unsigned given_ms;
};

/* Its control socket; owned. */
int vm_connect(struct vm_at at, struct lc_error *e) lc_checked;

/* The answer as text of @len bytes, ended by a NUL. */
int vm_ask(struct vm_at at, enum control_question question, struct arena *a, char **text,
	   size_t *len, struct lc_error *e) lc_checked;

/* Pids of the container's processes as the guest's kernel counts them. */
int vm_pids(struct vm_at at, struct arena *a, pid_t **pids, size_t *n,
	    struct lc_error *e) lc_checked;

/* Puts the guest's numbers of memory and processes into @stats, whose others are the host's. */
struct cgroup_stats;
int vm_stats(struct vm_at at, struct arena *a, struct cgroup_stats *stats,
	     struct lc_error *e) lc_checked;

/* @guest: limits for the container in the guest. */
int vm_update(struct vm_at at, struct arena *a, const struct plan *guest,
	      struct lc_error *e) lc_checked;

/* Stops the machine's processors, or lets them go on. */
int vm_pause(struct vm_at at, bool stop, struct lc_error *e) lc_checked;

/* @sig to every process of the container. */
int vm_signal_all(struct vm_at at, int sig, struct lc_error *e) lc_checked;

#endif
