/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hands the listener of a seccomp filter with SCMP_ACT_NOTIFY to the agent at listenerPath. */
#ifndef LC_NOTIFY_H
#define LC_NOTIFY_H

#include "plan/plan.h"
#include <sys/types.h>

/* What is told of the container: its state document around the pid, and the pid of its init. */
struct notify_container {
	const char *head, *tail;
	pid_t init;
	unsigned timeout_ms; /* how long the agent may make us wait; 0: no limit */
};

/* Sends the process state (OCI config-linux, "the container process state") with @listener. @pid:
 * of the process that has the filter, which with exec is not init. */
int notify_hand_over(const struct plan *plan, const struct notify_container *of, pid_t pid,
		     int listener, struct lc_error *e) lc_checked;

#endif
