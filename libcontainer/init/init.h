/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What runs inside the sandbox: the steps from the first instruction of the new process to the
 * execve of the user's program.  They carry out a struct plan; they parse nothing and allocate
 * nothing.  What needs the host's privileges was opened by the parent and is found in struct
 * sandbox; everything else init opens itself, in its own copy of the host's mounts.
 *
 * The caller (run/sandbox-ns.c after clone3, the guest's init in a VM) has already put the process
 * into its new or joined pid, network, ipc, uts, mount, user and time namespaces, with id maps
 * written, and into its cgroup; a new cgroup namespace is made here (step "enter the cgroup
 * namespace"), since it is rooted where the process is.  The caller was not dumpable
 * (PR_SET_DUMPABLE 0) when it made this process.
 */
#ifndef LC_INIT_H
#define LC_INIT_H

#include "base/error.h"
#include "base/log.h"
#include "plan/plan.h"
#include <limits.h>
#include <stdbool.h>
#include <stdnoreturn.h>
#include <sys/types.h>

/* In memory that the parent shares: what init is at, for the message when it takes too long. The
 * parent has the texts at the same addresses. */
struct progress {
	const char *volatile step;
	const char *volatile what; /* the mount, NULL: the step says it all */
	volatile bool begun; /* init has run at all */
};

/* The kernel file systems that a plan usually mounts, and that most protected paths lie in. */
enum { KERNEL_PROC, KERNEL_SYS, KERNEL_FS };

/* Set every member by SANDBOX_NONE first.  Descriptors are init's own copies: it closes them. */
struct sandbox {
	const struct plan *plan;
	struct lc_log log; /* sync_log() with &sync as context */
	int sync; /* SOCK_SEQPACKET to the parent (sync.h); from READY on `create`'s status_fifo */

	/* From the parent, -1 or NULL when there is none. */
	int root_tree; /* detached clone of the root file system, made by a parent in the host's
			* user namespace for an init outside of it; -1: init clones root.path */
	int *sources; /* one per plan->mounts: the same for a bind's source, already idmapped if
		       * that was asked; -1: init clones plan's source.  Init keeps its fds here */
	int *idmap_userns; /* one per plan->mounts: a user namespace for init to idmap with, or -1
			    */
	int nodes; /* a tmpfs with the nodes of plan->devices that are made outside (node_name()) */
	const char *cgroup_path; /* container's cgroup: absolute path on the host */
	bool cgroup_is_own; /* else that of the caller, where the container stays: to be seen only
			     */
	int procfs; /* O_PATH of a procfs that nobody can mount over, for label, oom_score_adj and
		     * sysctl writes: the caller's for exec; -1: init makes a private one */
	int start_fifo; /* `create`: one byte read here means start; -1: SYNC_START on sync */
	int status_fifo; /* `create`: the outcome of start is written here (SYNC_EXEC, SYNC_FAILED
			  * or SYNC_LOG, read by sync_expect_exec); -1: on sync */
	int console_socket; /* gets the master of a new pty (`run` in the foreground: its own
			     * socketpair) */
	bool keep_newlines; /* what takes the master is the caller's foreground, not an engine */
	int tty; /* terminal without console_socket: the slave to use as it is */
	int streams[3]; /* become descriptors 0 to 2; -1: the caller's own stay */
	int extra; /* becomes descriptor 3 of the program; -1: nothing */
	size_t give_mount; /* n: a descriptor of the n-th mount goes to the parent; 0: none */
	int preserve_fds; /* fds 3 to 3 + n - 1, which the caller has seen to be open */
	/* State JSON for hooks: head, the pid as the hook sees it, tail.  The head ends with
	 * "pid":, the two differ in "status". */
	const char *state_creating, *state_created, *state_tail;
	int hook_out, hook_err; /* where hooks print to; 0: their messages */
	unsigned timeout_ms; /* of hooks without one of their own; 0: none */
	struct progress *progress; /* NULL: nobody looks */
	bool is_exec; /* in a running container: exec_steps instead of init_steps */
	enum { CHANGE_NONE, CHANGE_MOUNT, CHANGE_UNMOUNT } change; /* is_exec: only its mounts */
	bool mapped_root; /* a user namespace is in force: ids are seen from inside */
	bool new_ipc; /* init makes the IPC namespace, when it is root there: /dev/mqueue is whose
		       * maker it was */
	bool limits_outside; /* the caller sets rlimits (after SYNC_READY; for exec before joining
			      * the user namespace) and oom_score_adj, because init may not */
	uint64_t signals_ignored; /* bit n - 1: the caller ignores signal n, init_ask_status() */
	uint64_t bounding; /* what the caller's bounding set has, and so init's, unless it is in
			    * another user namespace */
	int death_signal; /* PR_SET_PDEATHSIG of the program; 0: none */

	/* Init's own. */
	int root; /* O_PATH directory: the root being built, later the root that is */
	int dev; /* O_PATH directory: /dev in it */
	bool dev_is_new; /* a file system of ours, with nothing in it but what we have made */
	int kernel_fs[KERNEL_FS]; /* the procfs and sysfs that were mounted on /proc and /sys and
				   * that nothing can have covered since; -1 */
	bool in_chroot; /* "/" is not the root of the mount namespace: the caller was in a chroot */
	int landlock; /* ruleset, -1: none */
	uint64_t done; /* bit n: descriptor n is done with (close_later()) */
	int close_from; /* the number from which on such are closed; 0: not known yet */
	mode_t umask; /* the caller's */
	size_t mounted; /* how many of plan->mounts are there */
	bool in_cwd; /* the working directory has been entered */
	/* Last: nothing of the caller's is in them. */
	char home[PATH_MAX], program[PATH_MAX];
};

#define SANDBOX_NONE \
	{ \
		.signals_ignored = ~0ULL, .bounding = ~0ULL, .sync = -1, .root_tree = -1, \
		.nodes = -1, .procfs = -1, .start_fifo = -1, .status_fifo = -1, \
		.console_socket = -1, .tty = -1, .streams = { -1, -1, -1 }, .extra = -1, \
		.root = -1, .dev = -1, .landlock = -1, .kernel_fs = { \
			-1, \
			-1 \
		} \
	}

struct step {
	const char *name;
	int (*run)(struct sandbox *s, struct lc_error *e);
	bool (*wanted)(const struct sandbox *s);
	bool plain; /* its messages are complete: the step's name is not put in front */
};

extern const struct step init_steps[]; /* ends with an entry without a name */
extern const struct step exec_steps[];
extern const struct step mount_steps[];
extern const struct step unmount_steps[];

/* True when init stops at SYNC_HOOKS for the parent: there are prestart or createRuntime hooks, or
 * network devices to move in before sysctls are set.  Else SYNC_READY is the first message. */
bool init_wants_hooked(const struct plan *plan);

/* Fills signals_ignored and bounding from this process; all, when that cannot be asked. */
void init_ask_status(struct sandbox *s);

/* Runs all steps of the table that @s asks for; the last is execve or the end of the process, so it
 * returns only on failure
 * (-1 with @e filled). */
int init_run(struct sandbox *s, struct lc_error *e) lc_checked;

/* init_run(), then reports @e to whoever waits (sync socket or status fifo) and exits. */
noreturn void init_main(struct sandbox *s);

#endif
