/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The exit report as text: written, kept, asked for. */
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "json/encode.h"
#include "run/exit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define REPORT_VERSION 1
#define REPORT_MAX     65536

static const char *const reasons[] = {
	[LC_EXIT_UNKNOWN] = "unknown",	 [LC_EXIT_EXITED] = "exited",
	[LC_EXIT_SIGNALED] = "signaled", [LC_EXIT_OOM] = "oom",
	[LC_EXIT_SECCOMP] = "seccomp",	 [LC_EXIT_LIMIT] = "limit",
	[LC_EXIT_TIMEOUT] = "timeout",	 [LC_EXIT_FAILED] = "failed",
};

static void add_known(struct json_writer *w, const char *key, uint64_t v)
{
	if (v == LC_UNKNOWN)
		json_add_string(w, key, NULL);
	else
		json_add_u64(w, key, v);
}

static void add_text(struct json_writer *w, const char *key, const char *s)
{
	json_add_string(w, key, s && *s ? s : NULL);
}

/* glibc's sigabbrev_np() knows them, too; other libraries lack it. */
static const char *const signals[] = {
	[SIGHUP] = "HUP",   [SIGINT] = "INT",	[SIGQUIT] = "QUIT",   [SIGILL] = "ILL",
	[SIGTRAP] = "TRAP", [SIGABRT] = "ABRT", [SIGBUS] = "BUS",     [SIGFPE] = "FPE",
	[SIGKILL] = "KILL", [SIGUSR1] = "USR1", [SIGSEGV] = "SEGV",   [SIGUSR2] = "USR2",
	[SIGPIPE] = "PIPE", [SIGALRM] = "ALRM", [SIGTERM] = "TERM",   [SIGSTKFLT] = "STKFLT",
	[SIGCHLD] = "CHLD", [SIGCONT] = "CONT", [SIGSTOP] = "STOP",   [SIGTSTP] = "TSTP",
	[SIGTTIN] = "TTIN", [SIGTTOU] = "TTOU", [SIGURG] = "URG",     [SIGXCPU] = "XCPU",
	[SIGXFSZ] = "XFSZ", [SIGPROF] = "PROF", [SIGWINCH] = "WINCH", [SIGVTALRM] = "VTALRM",
	[SIGPOLL] = "POLL", [SIGPWR] = "PWR",	[SIGSYS] = "SYS",
};

static void add_signal(struct json_writer *w, int sig)
{
	const char *name = sig > 0 && (size_t)sig < ARRAY_SIZE(signals) ? signals[sig] : NULL;
	char text[32];

	if (!sig) {
		json_add_string(w, "signal", NULL);
		return;
	}
	if (name)
		snprintf(text, sizeof(text), "SIG%s", name);
	else
		snprintf(text, sizeof(text), "SIGRTMIN+%d", sig - SIGRTMIN);
	json_open(w, "signal", '{');
	json_add_i64(w, "number", sig);
	json_add_string(w, "name", text);
	json_close(w, '}');
}

/* Numbers of struct lc_exit under their names, "group.name" within an object. */
static const struct {
	const char *group, *name;
	size_t offset;
} numbers[] = {
	{ "cpu", "usec", offsetof(struct lc_exit, cpu_usec) },
	{ "cpu", "userUsec", offsetof(struct lc_exit, cpu_user_usec) },
	{ "cpu", "systemUsec", offsetof(struct lc_exit, cpu_system_usec) },
	{ "cpu", "throttled", offsetof(struct lc_exit, cpu_throttled) },
	{ "memory", "peakBytes", offsetof(struct lc_exit, memory_peak) },
	{ "memory", "swapPeakBytes", offsetof(struct lc_exit, swap_peak) },
	{ "memory", "maxRssBytes", offsetof(struct lc_exit, max_rss) },
	{ "memory", "limited", offsetof(struct lc_exit, memory_limited) },
	{ "pids", "peak", offsetof(struct lc_exit, pids_peak) },
	{ "pids", "limited", offsetof(struct lc_exit, pids_limited) },
	{ "io", "readBytes", offsetof(struct lc_exit, io_read) },
	{ "io", "writtenBytes", offsetof(struct lc_exit, io_written) },
	{ "io", "reads", offsetof(struct lc_exit, io_reads) },
	{ "io", "writes", offsetof(struct lc_exit, io_writes) },
};

static void add_usage(struct json_writer *w, const struct lc_exit *x)
{
	const char *group = NULL;

	json_open(w, "usage", '{');
	json_add_string(w, "from", x->from_cgroup ? "cgroup" : x->status >= 0 ? "process" : NULL);
	add_known(w, "wallUsec", x->wall_usec);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (!group || strcmp(group, numbers[i].group)) {
			if (group)
				json_close(w, '}');
			group = numbers[i].group;
			json_open(w, group, '{');
		}
		add_known(w, numbers[i].name,
			  *(const uint64_t *)((const char *)x + numbers[i].offset));
	}
	json_close(w, '}');
	json_close(w, '}');
}

char *exit_text(struct container *c, const struct exit_facts *f, const struct lc_exit *x)
{
	struct json_writer w = { .out = { .arena = &c->arena }, .indent = 2 };

	json_open(&w, NULL, '{');
	json_add_u64(&w, "version", REPORT_VERSION);
	json_add_string(&w, "id", c->id);
	json_add_string(&w, "reason", reasons[x->reason]);
	add_known(&w, "exitCode", x->status < 0 ? LC_UNKNOWN : (uint64_t)x->status);
	add_signal(&w, x->signal);
	json_add_bool(&w, "coreDumped", x->core_dumped);
	add_text(&w, "limit", x->limit);
	add_known(&w, "timeLimitMs", f->limit_ms ? f->limit_ms : LC_UNKNOWN);
	json_open(&w, "oom", '{');
	add_known(&w, "kills", x->oom_kills);
	add_text(&w, "cgroup", x->oom_cgroup);
	json_close(&w, '}');
	add_text(&w, "error", f->error);
	add_text(&w, "created", c->state.created);
	add_text(&w, "ended", f->end ? state_now(&c->arena) : NULL);
	add_usage(&w, x);
	json_close(&w, '}');
	buf_add(&w.out, "\n");
	return w.out.str;
}

/* ---- where it goes ---- */

/* A descriptor of the caller's must not reach the container by this. */
static int caller_fd(const char *number, uint32_t preserved, struct lc_error *e)
{
	uint32_t n;
	int copy, flags;

	if (!str_u32(number, &n) || n > INT32_MAX)
		return lc_err(e, LC_EUSAGE, "--exit-report fd:%s: expected a number", number);
	if (n > 2 && n - 3 < preserved)
		return lc_err(e, LC_EUSAGE,
			      "--exit-report fd:%u: the descriptor is one of --preserve-fds", n);
	flags = fcntl((int)n, F_GETFL);
	copy = flags < 0 ? -1 : fcntl((int)n, F_DUPFD_CLOEXEC, 3);
	if (copy < 0)
		return lc_err_errno(e, "--exit-report fd:%u", n);
	if ((flags & O_ACCMODE) == O_RDONLY) {
		close(copy);
		return lc_err(e, LC_EUSAGE, "--exit-report fd:%u: it is open for reading only", n);
	}
	if (n > 2)
		fcntl((int)n, F_SETFD, FD_CLOEXEC);
	return copy;
}

int exit_report_open(const char *to, uint32_t preserved, struct lc_error *e)
{
	int fd;

	if (str_starts(to, "fd:"))
		return caller_fd(to + 3, preserved, e);
	/* A fifo that nobody reads is an error, not a wait. */
	fd = openat(AT_FDCWD, to, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_NONBLOCK | O_CLOEXEC,
		    0644);
	if (fd < 0)
		return lc_err_errno(e, "--exit-report %s", to);
	fcntl(fd, F_SETFL, 0);
	return fd;
}

int exit_report_write(int fd, const char *text, struct lc_error *e)
{
	if (fd_write_all(fd, text, strlen(text)) < 0)
		return lc_err_errno(e, "--exit-report: write");
	return 0;
}

/* ---- asked for ---- */

char *exit_saved_or_known(struct container *c, struct lc_error *e)
{
	struct exit_facts nothing = { 0 };
	auto_fd cgroup = -1;
	struct lc_exit x;
	char *text;

	if (file_read_at(c->dir, EXIT_FILE, &c->arena, REPORT_MAX, &text, NULL, e) == 0)
		return text;
	if (e->sys_errno != ENOENT) {
		lc_err_in(e, "container \"%s\"", c->id);
		return NULL;
	}
	cgroup = c->state.cgroup.made ? container_cgroup(c) : -1;
	exit_collect(cgroup, &nothing, &x);
	return exit_text(c, &nothing, &x);
}

int lc_exit_report(struct lc *lc, const char *id, char **json, struct lc_error *e)
{
	auto_container c = CONTAINER_NONE;
	enum status status;
	char *text;

	if (container_open(lc, id, false, &c, e) < 0)
		return -1;
	status = container_status(&c);
	if (status != STATUS_STOPPED)
		return lc_err(e, LC_ESTATE, "container \"%s\" has not ended: it is %s", id,
			      status_name(status));
	text = exit_saved_or_known(&c, e);
	if (!text)
		return -1;
	*json = strdup(text);
	return *json ? 0 : lc_err(e, LC_EINTERNAL, "out of memory");
}
