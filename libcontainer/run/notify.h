/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hands the listener of a seccomp filter with SCMP_ACT_NOTIFY to the agent at listenerPath. */
#ifndef LC_NOTIFY_H
#define LC_NOTIFY_H

#include "plan/plan.h"
#include <sys/types.h>

/* Sends the process state (OCI config-linux, "the container process state") with @listener. @head
 * and @tail: the state document around the pid. */
int notify_hand_over(const struct plan *plan, const char *head, const char *tail, pid_t pid,
		     int listener, struct lc_error *e) lc_checked;

#endif
