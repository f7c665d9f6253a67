/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs one hook: a program with exactly the arguments and environment of config.json, the state as
 * JSON on its stdin, and a time limit.  run/ uses it for the runtime's hooks, init for those of
 * the container.
 */
#ifndef LC_HOOKS_H
#define LC_HOOKS_H

#include "base/error.h"
#include "plan/plan.h"
#include <stdbool.h>
#include <sys/types.h>

/* The state document: head, pid, tail.  @pid 0 leaves no number: the head is all there is up to
 * the tail (stopped containers). */
struct hook_state {
	const char *head, *tail;
	pid_t pid;
	bool filtered; /* the caller runs under a seccomp filter, and has no descriptor above 2
			* that is not close-on-exec */
	int out, err; /* where stdout and stderr go; 0: into the message, should the hook fail */
	unsigned timeout_ms; /* for those without a timeout of their own; 0: none */
};

/* Runs @hooks in order and stops at the first that fails: "error running poststart hook #1: ...".
 * @env is for those that have none of their own (NULL-terminated). */
int hooks_run(const plan_hooks *hooks, const char *stage, const struct hook_state *state,
	      char *const *env, struct lc_error *e) lc_checked;

/* One hook; @e says what happened, with the last lines that it printed. */
int hook_run(const struct plan_hook *hook, const struct hook_state *state, char *const *env,
	     struct lc_error *e) lc_checked;

#endif
