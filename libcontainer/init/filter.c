/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loads the seccomp filter, and hands its listener over where it has one. */
#include "base/own.h"
#include "init/steps.h"
#include "init/sync.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>

/*
 * Once the filter is loaded, any call may wait for the agent's answer, sendmsg(2) too, and the
 * agent has nothing to answer with until it has the listener.  So another process sends it: one
 * that shares our descriptors but not our filter.  We only say its number with write(2), which a
 * profile may not notify (the plan has refused that).
 */
static noreturn void send_listener(const struct sandbox *s, int numbers)
{
	struct lc_error e;
	int listener;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (read(numbers, &listener, sizeof(listener)) == (ssize_t)sizeof(listener))
		(void)!sync_send(s->sync, SYNC_NOTIFY, listener, 0, &e);
	_exit(0);
}

static int start_helper(const struct sandbox *s, int numbers, struct lc_error *e)
{
	auto_fd pidfd = -1;
	struct clone_args args = {
		.flags = CLONE_FILES | CLONE_PIDFD,
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	struct sigaction reap = { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT };
	pid_t pid;

	/* It goes away by itself, and before the program begins: execve puts this back, and a
	 * program that has a handler would be interrupted.  So the parent waits for its end, which
	 * no filter forbids, before it says SYNC_NOTIFIED. */
	sigaction(SIGCHLD, &reap, NULL);
	pid = sys_clone3(&args);
	if (pid < 0)
		return lc_err_errno(e, "clone the process that sends the listener");
	if (pid == 0)
		send_listener(s, numbers);
	return sync_send(s->sync, SYNC_HELPER, pidfd, 0, e);
}

static int load(const struct plan_seccomp *plan, unsigned flags, struct lc_error *e)
{
	struct sock_fprog prog = {
		.len = (unsigned short)(plan->filter.n / sizeof(struct sock_filter)),
		.filter = (struct sock_filter *)(void *)plan->filter.v,
	};
	int fd = sys_seccomp(SECCOMP_SET_MODE_FILTER, flags, &prog);

	if (fd < 0)
		return lc_err_errno(e, "seccomp filter of %zu bytes, flags %#x", plan->filter.n,
				    flags);
	return fd;
}

static int load_with_listener(struct sandbox *s, struct lc_error *e)
{
	const struct plan_seccomp *plan = &s->plan->seccomp;
	int numbers[2], listener, ret;

	if (s->sync < 0)
		return lc_err(e, LC_EUNSUPPORTED, "nobody is there to take the listener");
	if (pipe2(numbers, O_CLOEXEC) < 0)
		return lc_err_errno(e, "make a pipe");
	if (start_helper(s, numbers[0], e) < 0)
		return -1;
	listener = load(plan, plan->flags | SECCOMP_FILTER_FLAG_NEW_LISTENER, e);
	ret = listener < 0 ? -1 : 0;
	if (ret == 0 && write(numbers[1], &listener, sizeof(listener)) != sizeof(listener))
		ret = lc_err_errno(e, "pass the listener on");
	if (ret == 0)
		ret = sync_expect(s->sync, SYNC_NOTIFIED, NULL, NULL, NULL, e);
	if (listener >= 0)
		close(listener);
	close(numbers[0]);
	close(numbers[1]);
	return ret;
}

int step_seccomp(struct sandbox *s, struct lc_error *e)
{
	const struct plan_seccomp *plan = &s->plan->seccomp;

	log_debug(&s->log, "seccomp filter flags: %u", plan->flags);
	if (plan->listener_path)
		return load_with_listener(s, e);
	return load(plan, plan->flags, e) < 0 ? -1 : 0;
}
