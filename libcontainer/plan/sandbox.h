/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one two-way switch: a container is built from namespaces (run/sandbox-ns.c) or inside a
 * microVM (microvm/sandbox-vm.c).  No other file asks which kind it is.
 */
#ifndef LC_SANDBOX_H
#define LC_SANDBOX_H

#include "base/error.h"
#include "base/log.h"
#include "plan/plan.h"
#include <sys/types.h>

/* What `create` and `run` have ready before the sandbox is built. fds are borrowed. */
struct sandbox_args {
	const struct plan *plan;
	const struct lc_log *log;
	int state_dir; /* <root>/<id> */
	int cgroup; /* directory of the container's cgroup, -1: none */
	int start_fifo, status_fifo; /* create: init waits on the first and reports on the second;
					-1: run */
	int console_socket; /* -1: none */
	int preserve_fds; /* fds 3 to 3+n-1 are passed on */
	int tty; /* run in the foreground: the slave of the caller's own pty, -1: none */
	bool detach;
	/* Called once namespaces exist (pid is the container's init on the host): run/ writes the
	 * state and runs prestart and createRuntime hooks. */
	int (*created)(void *ctx, pid_t pid, struct lc_error *e);
	void *ctx;
};

/* A living sandbox. */
struct sandbox_ref {
	pid_t pid; /* init, as the host sees it */
	int pidfd;
	int sync; /* open while create or run talks to init */
};

struct sandbox_ops {
	const char *name; /* "container" or "vm" */
	/* Builds everything up to, and not including, the user's program. On failure nothing is
	 * left. */
	int (*create)(const struct sandbox_args *args, struct sandbox_ref *out, struct lc_error *e);
	/* run: lets init go on over @ref->sync and waits until the program runs or failed. */
	int (*start)(struct sandbox_ref *ref, struct lc_error *e);
	int (*exec)(const struct sandbox_args *args, const struct sandbox_ref *ref,
		    struct sandbox_ref *out, struct lc_error *e);
};

extern const struct sandbox_ops sandbox_ns;

#endif
