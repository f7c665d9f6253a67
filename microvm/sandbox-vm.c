/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A sandbox that is a virtual machine, seen from the commands: made, started, entered, asked. */
#include "base/own.h"
#include "base/str.h"
#include "cgroups/cgroup.h"
#include "init/sync.h"
#include "microvm/ask.h"
#include "sys/confine.h"
#include "microvm/launch.h"
#include "microvm/order.h"
#include "microvm/relay.h"
#include "run/process.h"
#include "run/socket.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdnoreturn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* ---- create ---- */

static int admit(struct launch *l, struct lc_error *e)
{
	const struct sandbox_args *args = l->args;
	int cgroup = args->cgroup;

	if (args->cloned && args->cloned(args->ctx, l->monitor_pid, &cgroup, e) < 0)
		return -1;
	/* A scope of systemd's was made with the monitor in it. */
	if (args->cgroup < 0 && cgroup >= 0 &&
	    (cgroup_attach(cgroup, NULL, l->broker_pid, e) < 0 ||
	     cgroup_attach(cgroup, NULL, l->network_pid, e) < 0))
		return -1;
	if (args->created && args->created(args->ctx, l->monitor_pid, e) < 0)
		return -1;
	return sync_send(l->sync[0], SYNC_CGROUP, -1, 0, e);
}

static int vm_create(const struct sandbox_args *args, struct sandbox_ref *out, struct lc_error *e)
{
	auto_launch l;

	launch_init(&l, args, args->machine);
	if (!args->machine)
		return lc_err(e, LC_EINTERNAL, "a virtual machine without a description");
	if (args->preserve_fds)
		return lc_err(e, LC_EUNSUPPORTED,
			      "--preserve-fds: not possible in a virtual machine: descriptors are "
			      "the host's");
	if (launch_open(&l, e) < 0 || launch_go(&l, e) < 0 || admit(&l, e) < 0 ||
	    launch_expect(&l, SYNC_READY, NULL, NULL, e) < 0) {
		launch_undo(&l);
		return -1;
	}
	out->pid = l.monitor_pid;
	out->log = args->log;
	out->timeout_ms = args->timeout_ms;
	out->pidfd = fd_take(&l.monitor);
	out->sync = fd_take(&l.sync[0]);
	return 0;
}

static int vm_start(struct sandbox_ref *ref, struct lc_error *e)
{
	if (sync_send(ref->sync, SYNC_START, -1, 0, e) < 0)
		return -1;
	return sync_expect_exec_on(ref->sync, ref->pidfd, ref->timeout_ms, ref->log, e);
}

/* ---- exec: a process on the host that stands for one in the guest ---- */

/* What comes from the guest is parsed without any privilege, and with a short list of calls. */
static void relay_until_end(struct relay *r, int port)
{
	struct lc_error e = { 0 };
	int n = relay_begin(r, port, &e);

	if (n == 0)
		n = confine_thread(CONFINE_PROXY, &e);
	if (n < 0)
		relay_fail(r, &e);
	else
		n = relay_step(r, &e);
	while (n > 0) {
		struct pollfd p = { .fd = relay_fd(r), .events = POLLIN };

		poll(&p, 1, -1);
		n = relay_step(r, &e);
	}
}

/* Of hull's descriptors a proxy has the standard streams and these two. */
static int close_others(int a, int b, struct lc_error *e)
{
	unsigned low = (unsigned)(a < b ? a : b), high = (unsigned)(a < b ? b : a);

	if ((low > 3 && sys_close_range(3, low - 1, 0) < 0) ||
	    (high > low + 1 && sys_close_range(low + 1, high - 1, 0) < 0) ||
	    sys_close_range(high + 1, ~0U, 0) < 0)
		return lc_err_errno(e, "close_range");
	return 0;
}

static noreturn void be_proxy(const struct sandbox_args *args, char *text, size_t len, int sync,
			      int port, int terminal)
{
	struct relay *r = relay_new();
	struct lc_error e = { 0 };

	relay_for_exec(r, text, len, sync, terminal >= 0);
	if (sync_expect(sync, SYNC_CGROUP, NULL, NULL, NULL, &e) < 0)
		_exit(1);
	(void)args;
	if ((terminal >= 0 && launch_streams(terminal, &e) < 0) ||
	    close_others(sync, port, &e) < 0 || confine_process(0, &e) < 0) {
		relay_fail(r, &e);
		relay_end(r);
	}
	relay_until_end(r, port);
	relay_end(r);
}

static int into_cgroup(const struct sandbox_args *args, pid_t pid, struct lc_error *e)
{
	if (args->cgroup < 0 || cgroup_attach(args->cgroup, NULL, pid, e) == 0)
		return 0;
	if (!args->adopt || (e->sys_errno != EACCES && e->sys_errno != EPERM))
		return -1;
	return args->adopt(args->ctx, pid, e);
}

struct proxy {
	int port, terminal, sync[2], pidfd; /* owned */
	struct arena arena;
};

static void proxy_release(struct proxy *p)
{
	fd_release(&p->port);
	fd_release(&p->terminal);
	fd_release(&p->sync[0]);
	fd_release(&p->sync[1]);
	fd_release(&p->pidfd);
	arena_free(&p->arena);
}
#define auto_proxy __attribute__((cleanup(proxy_release))) struct proxy

static int open_proxy(struct proxy *p, const struct sandbox_args *args, struct lc_error *e)
{
	const struct plan_process *process = args->plan->process;

	p->port = vm_connect((struct vm_at){ args->state_dir, args->given_ms }, e);
	if (p->port < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, p->sync) < 0)
		return lc_err_errno(e, "socketpair");
	if (!process->terminal)
		return 0;
	p->terminal = launch_terminal(args->console_socket, process, e);
	return p->terminal < 0 ? -1 : 0;
}

/* In memory of its own: the relay frees it. */
static int encode_exec(struct proxy *p, const struct sandbox_args *args, char **text, size_t *len,
		       struct lc_error *e)
{
	struct order order = { .exec = true,
			       .keep_newlines = args->keep_newlines,
			       .timeout_ms = args->timeout_ms };
	char *encoded;

	if (vm_translate_exec(&p->arena, args->plan, &order.plan, e) < 0)
		return -1;
	encoded = order_encode(&p->arena, &order, len);
	*text = malloc(*len + 1);
	if (!*text)
		return lc_err(e, LC_EINTERNAL, "out of memory");
	memcpy(*text, encoded, *len);
	return 0;
}

static int clone_proxy(struct proxy *p, const struct sandbox_args *args, struct sandbox_ref *out,
		       struct lc_error *e)
{
	auto_free char *text = NULL;
	struct clone_args clone = { .flags = CLONE_PIDFD, .exit_signal = SIGCHLD };
	int pidfd = -1;
	size_t len;
	pid_t pid;

	if (encode_exec(p, args, &text, &len, e) < 0)
		return -1;
	clone.pidfd = (uintptr_t)&pidfd;
	pid = sys_clone3(&clone);
	if (pid == 0) {
		close(p->sync[0]);
		be_proxy(args, text, len, p->sync[1], p->port, p->terminal);
	}
	if (pid < 0)
		return lc_err_errno(e, "clone a process for exec");
	p->pidfd = pidfd;
	fd_release(&p->sync[1]);
	out->pid = pid;
	if (into_cgroup(args, pid, e) < 0 || sync_send(p->sync[0], SYNC_CGROUP, -1, 0, e) < 0) {
		process_end(pidfd, args->given_ms);
		return -1;
	}
	return 0;
}

static int vm_exec(const struct sandbox_args *args, const struct sandbox_ref *ref,
		   struct sandbox_ref *out, struct lc_error *e)
{
	auto_proxy p = { .port = -1, .terminal = -1, .sync = { -1, -1 }, .pidfd = -1 };

	(void)ref;
	if (args->preserve_fds)
		return lc_err(e, LC_EUNSUPPORTED,
			      "--preserve-fds: not possible in a virtual machine: descriptors are "
			      "the host's");
	if (open_proxy(&p, args, e) < 0 || clone_proxy(&p, args, out, e) < 0)
		return -1;
	out->log = args->log;
	out->pidfd = fd_take(&p.pidfd);
	out->sync = fd_take(&p.sync[0]);
	return 0;
}

const struct sandbox_ops sandbox_vm = {
	.name = "vm",
	.create = vm_create,
	.start = vm_start,
	.exec = vm_exec,
};
