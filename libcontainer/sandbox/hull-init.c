/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hull-init: the first process of a sandbox.  The first process of a pid namespace cannot die of
 * a signal that comes from inside, and orphans become its children: so the program is not the
 *first, this is.  It passes signals on, takes zombies away, ends what the program leaves, and says
 *how the program ended (inside.h).
 *
 *	hull-init OPTIONS PROGRAM ARGS...	OPTIONS: "-", or "-r": without randomized addresses
 *
 * The program runs under the same user: this process is not dumpable, so it cannot be traced, and
 * the kernel lets no signal from inside through that it does not wait for.
 */
#include "sandbox/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child of vfork(), whose memory is the parent's until this has come to its end. */
static _Noreturn void become(char **argv, const sigset_t *before)
{
	int error;

	sigprocmask(SIG_SETMASK, before, NULL);
	execvp(argv[0], argv);
	error = errno;
	inside_tell(error, 0);
	_exit(error == ENOENT || error == ENOTDIR ? 127 : 126);
}

/* Everybody but this process. */
static void end_the_rest(void)
{
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

/* What the terminal sends goes to the program by itself. */
static void pass_on(const siginfo_t *info, pid_t program)
{
	if (info->si_code <= 0)
		kill(program, info->si_signo);
}

/* Until the program has ended: how. */
static void look_after(pid_t program, const sigset_t *all, int *status)
{
	for (;;) {
		siginfo_t info;

		if (sigwaitinfo(all, &info) < 0)
			continue;
		if (info.si_signo != SIGCHLD)
			pass_on(&info, program);
		else if (inside_take_zombies(program, status))
			return;
	}
}

/* Until the program has ended: its exit status.  Then hull looks at what was used, and shuts its
 * side down. */
static int finish(pid_t program, const sigset_t *all)
{
	int status = 0;
	char byte;

	look_after(program, all, &status);
	end_the_rest();
	inside_tell(0, status);
	while (read(INSIDE_FD, &byte, 1) < 0 && errno == EINTR)
		;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	sigset_t all, before;
	pid_t program;

	if (argc < 3)
		return 125;
	if (strchr(argv[1], 'r'))
		personality(ADDR_NO_RANDOMIZE);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	fcntl(INSIDE_FD, F_SETFD, FD_CLOEXEC);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	program = vfork(); /* copying even so small a process takes as long as executing it */
	if (program < 0) {
		inside_tell(errno, 0);
		return 126;
	}
	if (program == 0)
		become(argv + 2, &before);
	/* The program's streams are its own: a reader sees their end when it closes them. */
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	return finish(program, &all);
}
