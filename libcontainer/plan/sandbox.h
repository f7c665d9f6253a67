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

/* Beside what config.json can say.  fds are borrowed. */
struct sandbox_extras {
	int streams[3]; /* the program's descriptors 0 to 2; -1: the caller's */
	int extra; /* its descriptor 3; -1: none */
	int death_signal; /* that it gets when the caller's thread ends; 0: none */
	size_t give_mount; /* n: sandbox_ref.mount becomes a descriptor of the n-th mount, which has
			    * to be a new file system; 0: none */
	int outer_user; /* a user namespace that is joined before the program's is made in it: the
			 * owner of a network namespace that the caller may not join; -1: none. Then
			 * one user and one group are mapped. */
};

/* What `create`, `run` and `exec` have ready before the sandbox is built. fds are borrowed. */
struct sandbox_args {
	const struct plan *plan;
	const struct lc_log *log;
	unsigned timeout_ms; /* how long one step may take */
	unsigned given_ms; /* the same where that is shorter if the caller says nothing: 0 */
	int state_dir; /* <root>/<id> */
	int cgroup; /* directory of the container's cgroup, -1: none */
	const char *cgroup_path; /* absolute path of @cgroup on the host, or of the caller's cgroup
				  * when the container has none; NULL: none */
	bool cgroup_is_own;
	int start_fifo, status_fifo; /* create: init waits on the first and reports on the second;
					-1: run */
	int *network; /* create: a network namespace made for it (net-maker.h), which it takes;
		       * NULL or -1: none */
	bool share; /* create: init may have the caller's memory until its execve, and a thread
		     * stands by to clone it (aside.h) */
	int console_socket; /* gets the terminal's master, -1: none */
	bool keep_newlines; /* the terminal makes no "\r\n" of "\n": it is copied by the caller */
	/* What `sandbox` adds; NULL: nothing. */
	const struct sandbox_extras *extras;
	int preserve_fds; /* fds 3 to 3+n-1 are passed on; they have been seen to be open */
	bool detach;
	/* State JSON for hooks: head up to the pid, rest; the two heads differ in "status". */
	const char *state_creating, *state_created, *state_tail;
	int hook_out, hook_err; /* where hooks print to; 0: their messages */
	/* create: called as soon as init's process exists: run/ records it and, with the systemd
	 * driver, makes the scope; then *cgroup becomes its directory (owned by run/). */
	int (*cloned)(void *ctx, pid_t pid, int *cgroup, struct lc_error *e);
	/* create: called once namespaces and mounts exist, if the plan asks for it: run/ runs
	 * prestart and createRuntime hooks. */
	int (*created)(void *ctx, pid_t pid, struct lc_error *e);
	/* exec: moves a process into the cgroup where the caller itself may not (systemd does it);
	 * NULL: there is no such way. */
	int (*adopt)(void *ctx, pid_t pid, struct lc_error *e);
	void *ctx;
	const struct vm_machine *machine; /* create of a virtual machine (microvm/translate.h) */
};

/* A living sandbox. */
struct sandbox_ref {
	pid_t pid; /* init, as the host sees it */
	int pidfd;
	int mount; /* create with give_mount: owned */
	int sync; /* open while create or run talks to init */
	unsigned timeout_ms; /* how long one step may take */
	const struct lc_log *log; /* of who made it */
};

struct sandbox_ops {
	const char *name; /* "container" or "vm" */
	/* Builds everything up to, and not including, the user's program. On failure nothing is
	 * left. */
	int (*create)(const struct sandbox_args *args, struct sandbox_ref *out, struct lc_error *e);
	/* run: lets init go on over @ref->sync and waits until the program runs or failed. */
	int (*start)(struct sandbox_ref *ref, struct lc_error *e);
	/* Runs args->plan->process in the living sandbox @ref; returns once it waits for start().
	 */
	int (*exec)(const struct sandbox_args *args, const struct sandbox_ref *ref,
		    struct sandbox_ref *out, struct lc_error *e);
	/* Adds args->plan's mounts to the living sandbox @ref, or removes what is on their targets.
	 * NULL: it cannot. */
	int (*mounts)(const struct sandbox_args *args, const struct sandbox_ref *ref, bool remove,
		      struct lc_error *e);
};

extern const struct sandbox_ops sandbox_ns, sandbox_vm;

#endif
