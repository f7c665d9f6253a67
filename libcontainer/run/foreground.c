/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waiting for a program in the foreground. */
#include "run/foreground.h"
#include "base/clock.h"
#include "base/own.h"
#include "run/process.h"
#include "sys/sys.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define LOOK_AGAIN_MS 100 /* whether somebody opened the terminal once more */

/* Not caught: what the kernel raises for the caller's own faults, what stops and continues it (the
 * terminal does that to both), and its children's ends. */
static const int not_forwarded[] = { SIGSEGV, SIGBUS,  SIGILL,	SIGFPE,	 SIGTRAP, SIGSYS,  SIGABRT,
				     SIGCHLD, SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGURG };

int foreground_begin(struct foreground *f, struct lc_error *e)
{
	sigset_t caught;

	sigfillset(&caught);
	for (size_t i = 0; i < ARRAY_SIZE(not_forwarded); i++)
		sigdelset(&caught, not_forwarded[i]);
	f->signals = signalfd(-1, &caught, SFD_CLOEXEC | SFD_NONBLOCK);
	if (f->signals < 0)
		return lc_err_errno(e, "signalfd");
	/* A reader that goes away must not take the container with it. */
	sigaddset(&caught, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &caught, &f->before);
	return 0;
}

void foreground_end(struct foreground *f)
{
	if (f->signals < 0)
		return;
	fd_release(&f->signals);
	pthread_sigmask(SIG_SETMASK, &f->before, NULL);
}

void foreground_pass_signals(struct foreground *f, const struct console *c, int pidfd)
{
	struct signalfd_siginfo info;

	while (read(f->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGWINCH && c->master >= 0)
			console_resize(c);
		else
			sys_pidfd_send_signal(pidfd, (int)info.ssi_signo);
	}
}

/* Until when poll(2) may sleep: @ends 0: no limit. */
static int wait_ms(bool look_again, int64_t ends)
{
	int64_t left = ends ? ends - clock_ms() : INT_MAX;

	if (look_again && left > LOOK_AGAIN_MS)
		return LOOK_AGAIN_MS;
	if (!ends)
		return -1;
	return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

/* Time is up: once. A frozen cgroup does not keep SIGKILL away. */
static void enforce_limit(struct foreground *f, int pidfd, int64_t *ends)
{
	if (!*ends || clock_ms() < *ends)
		return;
	f->limit_reached = true;
	*ends = 0;
	sys_pidfd_send_signal(pidfd, SIGKILL);
}

int foreground_wait(struct foreground *f, struct console *c, int pidfd, int *status,
		    struct lc_error *e)
{
	struct pollfd p[5] = { { .fd = pidfd, .events = POLLIN },
			       { .fd = f->signals, .events = POLLIN },
			       { .fd = -1 },
			       { .fd = -1 },
			       { .fd = -1 } };
	bool has_terminal = c->master >= 0;
	int64_t ends = f->limit_ms ? clock_ms() + (int64_t)f->limit_ms : 0;
	auto_free struct console_copy *copy = NULL; /* large, and rarely needed */

	if (has_terminal) {
		copy = calloc(1, sizeof(*copy));
		if (!copy)
			return lc_err(e, LC_EINTERNAL, "out of memory");
		copy_begin(copy, c);
	}
	while (!(p[0].revents & POLLIN)) {
		int n;

		enforce_limit(f, pidfd, &ends);
		if (has_terminal)
			copy_poll(copy, p + 2);
		n = poll(p, ARRAY_SIZE(p), wait_ms(has_terminal && copy->hung_up, ends));
		if (n < 0 && errno != EINTR)
			return lc_err_errno(e, "wait for the container's process: poll");
		if (n < 0)
			continue;
		if (n == 0 && copy)
			copy->hung_up = false;
		if (p[1].revents)
			foreground_pass_signals(f, c, pidfd);
		if (has_terminal)
			copy_step(copy, p + 2);
	}
	if (has_terminal)
		copy_finish(copy);
	if (process_wait_exit(pidfd, &f->end, e) < 0)
		return -1;
	*status = f->end.status;
	return 0;
}
