/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What runs inside the sandbox: the steps from the first instruction of the new process to the
 * execve of the user's program.  They carry out a struct plan; they parse nothing and allocate
 * nothing.  Everything that needs the host (descriptors of mount sources, of the cgroup, of
 * fifos) was opened by the parent and is found in struct sandbox.
 *
 * The caller (run/sandbox-ns.c after clone3, the guest's init in a VM) has already put the process
 * into its new or joined pid, network, ipc, uts, mount and user namespaces, with id maps written.
 */
#ifndef LC_INIT_H
#define LC_INIT_H

#include "base/error.h"
#include "base/log.h"
#include "plan/plan.h"
#include <stdbool.h>
#include <stdnoreturn.h>

struct sandbox {
	const struct plan *plan;
	struct lc_log log; /* puts lines on the sync socket */
	int sync; /* SOCK_SEQPACKET to the parent (sync.h); -1 once it hung up */
	int root; /* O_PATH directory: the root being built; -1 until opened */
	int procfs; /* private procfs for label, oom_score_adj and sysctl writes; -1 until opened */
	int *sources; /* one per plan->mounts: open_tree'd or opened source, or -1 */
	int *idmap_userns; /* one per plan->mounts: user namespace with its maps, or -1 */
	int cgroup; /* directory of the container's cgroup on the host, -1: none */
	int host_null; /* the host's /dev/null, verified char 1:3 */
	int *device_sources; /* one per plan->devices that is bound: O_PATH on the host, or -1 */
	int start_fifo; /* `create`: one byte read here means start; -1: wait for SYNC_START on sync
			 */
	int status_fifo; /* `create`: where the outcome of start is written (a sync packet); -1: on
			    sync */
	int console_socket; /* gets the master of a new pty; -1: none */
	int tty; /* slave to use as stdio when terminal and no console socket; -1: none */
	int preserve_fds;
	int self_exe; /* fd of this (protected) program, for nothing else than being closed */
	char *home; /* buffer for "HOME=...", PATH_MAX long, made by the parent */
	bool is_exec; /* `exec` into a running container: exec_steps instead of init_steps */
	bool mapped_root; /* a user namespace is in force: ids are seen from inside */
};

struct step {
	const char *name;
	int (*run)(struct sandbox *s, struct lc_error *e);
	bool (*wanted)(const struct sandbox *s); /* NULL: always */
};

extern const struct step init_steps[]; /* ends with an entry without a name */
extern const struct step exec_steps[];

/* Runs all steps of init_steps or exec_steps; the last is execve, so it returns only on failure
 * (-1 with @e filled). */
int init_run(struct sandbox *s, struct lc_error *e);

/* init_run(), then reports @e to whoever waits (sync socket or status fifo) and exits. */
noreturn void init_main(struct sandbox *s);

#endif
