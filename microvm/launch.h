/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The processes of a virtual machine on the host: the broker, first of a new pid namespace, whose
 * root is what the guest may see of the host's files; the helper for the network (network.h); and
 * the monitor, which stands for the container.  All are in the container's cgroup and in namespaces
 * of their own, but for the network's, which may have been there before.
 */
#ifndef LC_LAUNCH_H
#define LC_LAUNCH_H

#include "init/sync.h"
#include "microvm/netstate.h"
#include "microvm/template.h"
#include "microvm/translate.h"
#include "plan/sandbox.h"

struct launch {
	const struct sandbox_args *args;
	const struct vm_machine *machine;
	struct arena arena;
	/* owned: */
	int program, kvm, kernel, initrd, plan, listening;
	struct template template; /* that it is restored from, if there is one; owned */
	struct template_key key;
	const char *kernel_path;
	int broker_ends[2]; /* ours after the launch: neither */
	int network_ends[2]; /* the same: [0] the monitor's, [1] the helper's */
	int netns; /* network namespace to be joined; -1: it is a new one */
	int taps[NET_LINKS]; /* in a child: opened in the machine's network namespace */
	int sync[2]; /* [0] the parent's */
	int terminal; /* slave of the terminal, -1: none */
	int console; /* where the guest's kernel says what it does, for --debug; -1: nowhere */
	int broker, network, monitor; /* pidfds */
	pid_t broker_pid, network_pid, monitor_pid;
};

void launch_init(struct launch *l, const struct sandbox_args *args,
		 const struct vm_machine *machine);
void launch_release(struct launch *l);
#define auto_launch __attribute__((cleanup(launch_release))) struct launch

/* Opens all that the two need. */
int launch_open(struct launch *l, struct lc_error *e) lc_checked;

/* Makes the template for such a machine and nothing else; @key: which one that is. */
int launch_template(struct launch *l, struct template_key *key, struct lc_error *e) lc_checked;

/* Makes them; the monitor waits for SYNC_CGROUP. */
int launch_go(struct launch *l, struct lc_error *e) lc_checked;

/* Waits for what one of them says; an error when that takes longer than one step may. */
int launch_expect(const struct launch *l, enum sync_what wanted, int *fd, int64_t *value,
		  struct lc_error *e) lc_checked;

/* Kills them. */
void launch_undo(struct launch *l);

/* A pseudo terminal of the host's: its master goes to @socket, the slave is returned, owned. */
int launch_terminal(int socket, const struct plan_process *p, struct lc_error *e) lc_checked;

/* In a child: the terminal or what is there becomes the standard streams of a new session. */
int launch_streams(int terminal, struct lc_error *e) lc_checked;

#endif
