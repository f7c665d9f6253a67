/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs hooks.  startContainer hooks run with the container's seccomp filter loaded, so nothing
 * here needs a call that a filter is likely to refuse without having another way.
 */
#include "init/hooks.h"
#include "base/file.h"
#include "base/own.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#define PIPE_HOLDS 65536 /* a pipe's default capacity */

/* A hook that runs. */
struct running {
	pid_t pid;
	int pidfd; /* -1: it is asked every few milliseconds */
	int output; /* read end of its stdout and stderr, non-blocking */
	char tail[512]; /* the last of what it printed */
	size_t len;
};

static int write_state(int fd, const struct hook_state *state)
{
	char pid[16] = "";

	if (state->pid)
		snprintf(pid, sizeof(pid), "%d", (int)state->pid);
	if (fd_write_all(fd, state->head, strlen(state->head)) < 0 ||
	    fd_write_all(fd, pid, strlen(pid)) < 0)
		return -1;
	return fd_write_all(fd, state->tail, strlen(state->tail));
}

/* The state as the hook's stdin: a memfd, which needs no writer beside it; else a pipe that holds
 * all of it. */
static int open_state(const struct hook_state *state)
{
	auto_fd fd = memfd_create("state", MFD_CLOEXEC);
	int ends[2];

	if (fd >= 0) {
		if (write_state(fd, state) < 0 || lseek(fd, 0, SEEK_SET) < 0)
			return -1;
		return fd_take(&fd);
	}
	if (strlen(state->head) + strlen(state->tail) + 16 > PIPE_HOLDS ||
	    pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	fd = ends[0];
	if (write_state(ends[1], state) < 0)
		fd_release(&fd);
	close(ends[1]);
	return fd_take(&fd);
}

/* The child: whatever goes wrong is printed to what becomes the message's tail. */
static void become(const struct plan_hook *hook, const struct hook_state *state, char *const *env,
		   int in, int out)
{
	char *const none[] = { hook->path, NULL };
	char text[256];
	sigset_t set;
	int n;

	if (dup2(in, 0) >= 0 && dup2(state->out > 0 ? state->out : out, 1) >= 0 &&
	    dup2(state->err > 0 ? state->err : out, 2) >= 0 &&
	    (state->filtered || sys_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0)) {
		sys_signals_default(1ULL << (SIGPIPE - 1) | SYS_SIGNALS_OF_LIBC);
		sigemptyset(&set);
		sigprocmask(SIG_SETMASK, &set, NULL);
		execve(hook->path, hook->args.n ? hook->args.v : none,
		       hook->env.v ? hook->env.v : env);
	}
	n = snprintf(text, sizeof(text), "exec %s: %s", hook->path, lc_errno_text(errno));
	if (n > 0)
		(void)!write(out, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
	_exit(127);
}

static int begin(struct running *r, const struct plan_hook *hook, const struct hook_state *state,
		 char *const *env, struct lc_error *e)
{
	auto_fd in = open_state(state);
	struct sigaction keep = { .sa_handler = SIG_DFL };
	int ends[2];

	if (state->filtered) /* who sent the listener was not to be waited for (filter.c) */
		sigaction(SIGCHLD, &keep, NULL);
	if (in < 0)
		return lc_err_errno(e, "%s: pass the state", hook->path);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return lc_err_errno(e, "%s: make a pipe", hook->path);
	r->output = ends[0];
	r->pid = _Fork(); /* init is the child of a bare clone3() */
	if (r->pid == 0)
		become(hook, state, env, in, ends[1]);
	close(ends[1]);
	if (r->pid < 0) {
		close(r->output);
		return lc_err_errno(e, "%s: fork", hook->path);
	}
	(void)fcntl(r->output, F_SETFL, O_NONBLOCK);
	r->pidfd = sys_pidfd_open(r->pid, 0);
	return 0;
}

/* Keeps the last bytes of what is there to read.  False at the end of the output. */
static bool drain(struct running *r)
{
	char buf[512];
	ssize_t n;

	while ((n = read(r->output, buf, sizeof(buf))) > 0) {
		size_t len = (size_t)n, keep = sizeof(r->tail) - len;

		if (r->len > keep) {
			memmove(r->tail, r->tail + r->len - keep, keep);
			r->len = keep;
		}
		memcpy(r->tail + r->len, buf, len);
		r->len += len;
	}
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

enum outcome { ENDED, LOST, TOO_LATE };

/* Waits for the end of the process, not of its output: a hook may leave a daemon behind that keeps
 * the pipe.  LOST: whoever calls ignores SIGCHLD, and the kernel keeps no status. */
static enum outcome wait_until(struct running *r, long long deadline, int *status)
{
	struct pollfd fds[] = { { r->output, POLLIN, 0 }, { r->pidfd, POLLIN, 0 } };

	for (;;) {
		long long left = deadline ? deadline - now_ms() : 600000;
		pid_t pid = waitpid(r->pid, status, WNOHANG);

		if (pid == r->pid)
			return ENDED;
		if (pid < 0 && errno != EINTR)
			return LOST;
		if (left <= 0)
			return TOO_LATE;
		if (r->pidfd < 0 && left > 10)
			left = 10;
		if (poll(fds, ARRAY_SIZE(fds), (int)left) > 0 && fds[0].revents && !drain(r))
			fds[0].fd = -1;
	}
}

static const char *signal_text(int sig)
{
	static const struct {
		int sig;
		const char *text;
	} texts[] = {
		{ SIGHUP, "hangup" },
		{ SIGINT, "interrupt" },
		{ SIGQUIT, "quit" },
		{ SIGILL, "illegal instruction" },
		{ SIGABRT, "aborted" },
		{ SIGBUS, "bus error" },
		{ SIGFPE, "floating point exception" },
		{ SIGKILL, "killed" },
		{ SIGSEGV, "segmentation fault" },
		{ SIGPIPE, "broken pipe" },
		{ SIGALRM, "alarm clock" },
		{ SIGTERM, "terminated" },
		{ SIGSYS, "bad system call" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i].sig == sig)
			return texts[i].text;
	return NULL;
}

/* Ends the output at its last character that is not white space, and keeps it on one line. */
static void tidy(struct running *r)
{
	while (r->len > 0 && (unsigned char)r->tail[r->len - 1] <= ' ')
		r->len--;
	for (size_t i = 0; i < r->len; i++)
		if ((unsigned char)r->tail[i] < ' ')
			r->tail[i] = ' ';
}

static int judge(struct running *r, const struct plan_hook *hook, int status, struct lc_error *e)
{
	int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	char how[64];

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (sig && signal_text(sig))
		snprintf(how, sizeof(how), "signal: %s", signal_text(sig));
	else if (sig)
		snprintf(how, sizeof(how), "signal %d", sig);
	else
		snprintf(how, sizeof(how), "exit status %d", WEXITSTATUS(status));
	tidy(r);
	return lc_err(e, LC_ESYSTEM, "%s: %s%s%.*s", hook->path, how, r->len ? ": " : "",
		      (int)r->len, r->tail);
}

int hook_run(const struct plan_hook *hook, const struct hook_state *state, char *const *env,
	     struct lc_error *e)
{
	long long limit = hook->timeout ? hook->timeout * 1000LL : state->timeout_ms;
	long long deadline = limit ? now_ms() + limit : 0;
	struct running r = { 0 };
	int status = 0, ret;

	if (begin(&r, hook, state, env, e) < 0)
		return -1;
	switch (wait_until(&r, deadline, &status)) {
	case ENDED:
		drain(&r);
		ret = judge(&r, hook, status, e);
		break;
	case LOST:
		ret = lc_err(e, LC_ESYSTEM, "%s: how it ended is not known: SIGCHLD is ignored",
			     hook->path);
		break;
	default:
		kill(r.pid, SIGKILL);
		waitpid(r.pid, &status, 0);
		ret = lc_err(e, LC_ESYSTEM, "%s: killed: it took longer than %s of %g s",
			     hook->path, hook->timeout ? "its timeout" : "--timeout",
			     (double)limit / 1000);
		break;
	}
	close(r.output);
	fd_release(&r.pidfd);
	return ret;
}

int hooks_run(const plan_hooks *hooks, const char *stage, const struct hook_state *state,
	      char *const *env, struct lc_error *e)
{
	for (size_t i = 0; i < hooks->n; i++)
		if (hook_run(&hooks->v[i], state, env, e) < 0)
			return lc_err_in(e, "error running %s hook #%zu", stage, i);
	return 0;
}
