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

static noreturn void become(char *const argv[], int out, bool errors_too)
{
	if (dup2(out, STDOUT_FILENO) >= 0 && (!errors_too || dup2(out, STDERR_FILENO) >= 0))
		execvp(argv[0], argv);
	_exit(127);
}

static int run(char *const argv[], bool errors_too, struct arena *a, size_t max, char **text,
	       size_t *len, struct lc_error *e)
{
	int ends[2], fd = -1, status, r;
	struct clone_args args = { .flags = CLONE_PIDFD, .exit_signal = SIGCHLD };
	auto_fd out = -1, pidfd = -1;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
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
	if (r < 0) {
		process_end(pidfd);
		return lc_err_in(e, "%s", argv[0]);
	}
	return process_wait(pidfd, &status, e) < 0 ? -1 : status;
}

int helper_run(char *const argv[], bool errors_too, struct arena *a, size_t max, char **text,
	       struct lc_error *e)
{
	size_t len;

	return run(argv, errors_too, a, max, text, &len, e);
}

int helper_run_sized(char *const argv[], struct arena *a, size_t max, char **data, size_t *len,
		     struct lc_error *e)
{
	return run(argv, false, a, max, data, len, e);
}
