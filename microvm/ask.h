/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions to a living machine over its control socket, by a client that believes nothing. */
#ifndef LC_ASK_H
#define LC_ASK_H

#include "base/arena.h"
#include "microvm/control.h"
#include "plan/plan.h"
#include <sys/types.h>

/* The control socket in the container's state directory; owned. */
int vm_connect(int state_dir, struct lc_error *e) lc_checked;

/* The answer as text of @len bytes, ended by a NUL. */
int vm_ask(int state_dir, enum control_question question, struct arena *a, char **text, size_t *len,
	   struct lc_error *e) lc_checked;

/* Pids of the container's processes as the guest's kernel counts them. */
int vm_pids(int state_dir, struct arena *a, pid_t **pids, size_t *n, struct lc_error *e) lc_checked;

/* @guest: limits for the container in the guest. */
int vm_update(int state_dir, struct arena *a, const struct plan *guest,
	      struct lc_error *e) lc_checked;

/* Stops the machine's processors, or lets them go on. */
int vm_pause(int state_dir, bool stop, struct lc_error *e) lc_checked;

/* @sig to every process of the container. */
int vm_signal_all(int state_dir, int sig, struct lc_error *e) lc_checked;

#endif
