/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The supervisor of a program without namespaces, and what leads to the program. */
#include "sandbox/bare.h"
#include "sandbox/inside.h"
#include "base/own.h"
#include "seccomp/seccomp.h"
#include "sys/landlock.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define RULES_FD     4
#define SCOPE_FD     5
#define CHILDREN_MAX 4096

/* All that the two processes need, decided beforehand. */
struct bare {
	const struct job *job;
	const struct spec_process *p;
	struct sock_fprog filter;
	unsigned filter_flags;
	int rules, scope; /* owned; scope -1: this kernel has none */
	int ends[4]; /* borrowed */
	const sigset_t *before;
};

static _Noreturn void fail(const char *what)
{
	struct lc_error e = { 0 };

	lc_err_errno(&e, "%s", what);
	(void)!write(INSIDE_FD, &e, sizeof(e));
	_exit(125);
}

/* ---- the program ---- */

/* As fork(2), without what libc does around it: this was a thread's copy. */
static pid_t make_child(int *pidfd)
{
	struct clone_args args = {
		.flags = pidfd ? CLONE_PIDFD : 0,
		.pidfd = (uintptr_t)pidfd,
		.exit_signal = SIGCHLD,
	};
	pid_t pid = sys_clone3(&args);

	if (pid >= 0 || errno != ENOSYS)
		return pid;
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL); /* a container's filter */
	if (pid > 0 && pidfd)
		*pidfd = sys_pidfd_open(pid, 0);
	return pid;
}

/* Before anything of the host's, when memory is out.  An undumpable process's file is root's. */
static void be_killed_first(void)
{
	auto_fd fd = -1;

	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	fd = openat(AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)!write(fd, "500", 3);
}

static _Noreturn void become(const struct bare *b)
{
	const struct spec_process *p = b->p;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	be_killed_first();
	for (size_t i = 0; i < p->rlimits.n; i++)
		if (sys_set_limit(0, p->rlimits.v[i].type, p->rlimits.v[i].soft,
				  p->rlimits.v[i].hard) < 0)
			fail("set limits");
	if (job_is_deterministic(b->job) && personality(ADDR_NO_RANDOMIZE) < 0)
		fail("personality");
	if (chdir(p->cwd) < 0)
		fail(p->cwd);
	sys_signals_default(~0ULL);
	if (landlock_restrict(b->rules) < 0)
		fail("landlock_restrict_self");
	if (sys_seccomp(SECCOMP_SET_MODE_FILTER, b->filter_flags, (void *)&b->filter) < 0)
		fail("seccomp");
	sigprocmask(SIG_SETMASK, b->before, NULL);
	environ = p->env.v;
	execvp(p->args.v[0], p->args.v);
	inside_tell(errno, 0);
	_exit(errno == ENOENT || errno == ENOTDIR ? 127 : 126);
}

/* ---- the supervisor ---- */

/* Of the host's root it becomes nobody; whoever it is, without any capability. */
static void give_up(const struct bare *b)
{
	static const struct sys_caps none;
	const struct job *job = b->job;

	if (job->host.euid == 0 &&
	    (setgroups(0, NULL) < 0 || setresgid(job->host_gid, job->host_gid, job->host_gid) < 0 ||
	     setresuid(job->host_uid, job->host_uid, job->host_uid) < 0))
		fail("become nobody");
	if (sys_capset(&none) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		fail("give up privileges");
	if (b->scope >= 0 && landlock_restrict(b->scope) < 0)
		fail("landlock_restrict_self");
}

/* The streams become 0 to 2, the word to hull INSIDE_FD, the rulesets those above; nothing else is
 * open. */
static void place_descriptors(struct bare *b)
{
	int from[] = { b->ends[0], b->ends[1], b->ends[2], b->ends[3], b->rules, b->scope };
	int n = b->scope < 0 ? SCOPE_FD : SCOPE_FD + 1;

	for (int i = 0; i < n; i++) {
		from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 16);
		if (from[i] < 0)
			fail("fcntl F_DUPFD");
	}
	for (int i = 0; i < n; i++)
		if (i < 3 ? dup2(from[i], i) < 0 : dup3(from[i], i, O_CLOEXEC) < 0)
			fail("dup2");
	b->rules = RULES_FD;
	b->scope = n > SCOPE_FD ? SCOPE_FD : -1;
	if (sys_close_range((unsigned)n, ~0U, 0) < 0)
		fail("close_range");
}

/* Processes whose parent this is, as the kernel lists them; false: it does not. */
static bool kill_listed(void)
{
	char text[CHILDREN_MAX];
	auto_fd fd = openat(AT_FDCWD, "/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	pid_t pid = 0;

	for (ssize_t i = 0; i < n; i++) {
		if (text[i] >= '0' && text[i] <= '9') {
			pid = pid * 10 + (text[i] - '0');
			continue;
		}
		if (pid > 1)
			kill(pid, SIGKILL);
		pid = 0;
	}
	return n >= 0;
}

/* All that descends from here: within the domain a signal to everybody reaches just those.  Without
 * one, the children, until there are none: those of whom ends come to be ours. */
static void kill_rest(const struct bare *b, pid_t program, int *how)
{
	for (;;) {
		pid_t pid;

		if (b->scope >= 0)
			kill(-1, SIGKILL);
		else if (!kill_listed() && program)
			kill(program, SIGKILL);
		do {
			int status;

			pid = waitpid(-1, &status, b->scope >= 0 ? 0 : WNOHANG);
			if (pid > 0 && pid == program) {
				*how = status;
				program = 0;
			}
		} while (pid > 0);
		if (pid < 0 && errno == ECHILD)
			return;
		if (pid == 0)
			poll(NULL, 0, 1); /* they are about to end */
	}
}

/* A signal has come; true once the program has ended. */
static bool hear_signal(int signals, pid_t program, int *how)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof(info)) != sizeof(info))
		return false;
	if (info.ssi_signo == SIGCHLD)
		return inside_take_zombies(program, how);
	if (info.ssi_code <= 0)
		kill(program, (int)info.ssi_signo);
	return false;
}

static _Noreturn void supervise(struct bare *b)
{
	sigset_t all;
	struct pollfd p[2];
	int how = SIGKILL, signals;
	bool ended = false;
	pid_t program;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	prctl(PR_SET_NAME, "hull-supervisor", 0, 0, 0); /* who ends hull by its name means it */
	setsid();
	umask(022);
	place_descriptors(b);
	give_up(b);
	signals = signalfd(-1, &all, SFD_CLOEXEC);
	program = make_child(NULL);
	if (program < 0 || signals < 0)
		fail("fork");
	if (program == 0)
		become(b);
	for (int i = 0; i < 3; i++)
		close(i);
	close(RULES_FD);
	if (b->scope >= 0)
		close(SCOPE_FD);
	p[0] = (struct pollfd){ .fd = INSIDE_FD, .events = POLLIN };
	p[1] = (struct pollfd){ .fd = signals, .events = POLLIN };
	while (!ended && !p[0].revents) { /* hull has ended, or says so */
		if (poll(p, 2, -1) > 0 && p[1].revents)
			ended = hear_signal(signals, program, &how);
	}
	kill_rest(b, ended ? 0 : program, &how);
	inside_tell(0, how);
	_exit(WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how));
}

/* ---- hull ---- */

static int compile(struct bare *b, struct job *job, struct lc_error *e)
{
	struct seccomp_filter filter;

	if (seccomp_compile(&job->arena, job->spec.linux_->seccomp, NULL, NULL, &filter, e) < 0)
		return -1;
	b->filter = (struct sock_fprog){
		.len = (unsigned short)(filter.len / sizeof(struct sock_filter)),
		.filter = (struct sock_filter *)(void *)filter.bytes,
	};
	b->filter_flags = filter.flags;
	return 0;
}

int bare_start(struct job *job, const int ends[4], const sigset_t *before, int *pidfd,
	       struct lc_error *e)
{
	int abi = job->host.landlock_abi;
	auto_fd rules = bare_rules(job, abi, e), scope = -1;
	struct bare b = { .job = job, .p = job->spec.process, .before = before };
	pid_t pid;

	if (rules < 0 || compile(&b, job, e) < 0)
		return -1;
	if (abi >= LANDLOCK_SCOPE_ABI) {
		scope = landlock_ruleset(0, 0, LANDLOCK_SIGNAL);
		if (scope < 0)
			return lc_err_errno(e, "landlock_create_ruleset");
	}
	b.rules = rules;
	b.scope = scope;
	memcpy(b.ends, ends, sizeof(b.ends));
	pid = make_child(pidfd);
	if (pid == 0)
		supervise(&b);
	return pid < 0 || *pidfd < 0 ? lc_err_errno(e, "start the supervisor") : 0;
}
