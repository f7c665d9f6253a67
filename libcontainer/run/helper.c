/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a program of the host's and takes what it prints. */
#include "run/helper.h"
#include "base/file.h"
#include "base/own.h"
#include "run/process.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdnoreturn.h>
#include <sys/socket.h>
#include <sys/time.h>

static noreturn void become(char *const argv[], int out, bool errors_too)
{
	if (dup2(out, STDOUT_FILENO) >= 0 && (!errors_too || dup2(out, STDERR_FILENO) >= 0))
		execvp(argv[0], argv);
	_exit(127);
}

/* A pipe's read end that reading from ends with EAGAIN after @ms (0: no limit), which only a socket
 * can. */
static int make_ends(int ends[2], unsigned ms)
{
	struct timeval limit = { ms / 1000, ms % 1000 * 1000 };

	if (!ms)
		return pipe2(ends, O_CLOEXEC);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	return setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
}

static int run(char *const argv[], bool errors_too, unsigned ms, struct arena *a, size_t max,
	       char **text, size_t *len, struct lc_error *e)
{
	int ends[2], fd = -1, status, r;
	struct clone_args args = { .flags = CLONE_PIDFD, .exit_signal = SIGCHLD };
	auto_fd out = -1, pidfd = -1;
	pid_t pid;

	if (make_ends(ends, ms) < 0)
		return lc_err_errno(e, "%s: make a pipe", argv[0]);
	out = ends[0];
	args.pidfd = (uintptr_t)&fd;
	pid = sys_clone3(&args);
	if (pid == 0)
		become(argv, ends[1], errors_too);
	close(ends[1]);
	if (pid < 0)
		return lc_err_errno(e, "%s: clone", argv[0]);
	pidfd = fd;
	r = file_read_fd(out, a, max, text, len, e);
	fd_release(&out); /* one that prints too much ends by SIGPIPE */
	if (r < 0 ? e->sys_errno == EAGAIN : ms && !process_wait_gone(pidfd, (int)ms))
		r = lc_err(e, LC_ESYSTEM, "it takes longer than %g s (--timeout)", ms / 1000.0);
	if (r < 0) {
		process_end(pidfd, ms);
		return lc_err_in(e, "%s", argv[0]);
	}
	return process_wait(pidfd, &status, e) < 0 ? -1 : status;
}

int helper_run(char *const argv[], bool errors_too, unsigned ms, struct arena *a, size_t max,
	       char **text, struct lc_error *e)
{
	size_t len;

	return run(argv, errors_too, ms, a, max, text, &len, e);
}

int helper_run_sized(char *const argv[], struct arena *a, size_t max, char **data, size_t *len,
		     struct lc_error *e)
{
	return run(argv, false, 0, a, max, data, len, e);
}
