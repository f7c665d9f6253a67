/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the host asks of the guest: processes, statistics, other limits, the time. */
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "guest/agent.h"

#include <fcntl.h>
#include <linux/random.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#define FILE_MAX (64 << 10)

static void answer(struct agent *a, uint16_t session, const char *text, size_t len)
{
	while (len) {
		size_t n = len < CONTROL_DATA_MAX ? len : CONTROL_DATA_MAX;

		say_data(a, CONTROL_ANSWER, session, text, n);
		text += n;
		len -= n;
	}
	say(a, CONTROL_ANSWER, session, 0);
}

static int find_pids(const struct agent *a, struct arena *arena, struct pids *found,
		     struct lc_error *e)
{
	if (a->cgroup_fd < 0)
		return lc_err(e, LC_ESTATE, "the container has no cgroup in the guest");
	return cgroup_pids(a->cgroup_fd, arena, found, e);
}

static int pids(const struct agent *a, struct buf *out, struct lc_error *e)
{
	struct pids found = { 0 };

	if (find_pids(a, out->arena, &found, e) < 0)
		return -1;
	for (size_t i = 0; i < found.n; i++)
		buf_addf(out, "%d\n", (int)found.v[i]);
	return 0;
}

static uint32_t uid_of(struct arena *a, pid_t pid)
{
	struct lc_error ignored;
	unsigned uid = 0;
	char *text, *line;
	size_t len;

	if (file_read_at(AT_FDCWD, arena_printf(a, "/proc/%d/status", (int)pid), a, FILE_MAX, &text,
			 &len, &ignored) == 0) {
		line = strstr(text, "\nUid:");
		if (line)
			sscanf(line + 5, "%u", &uid);
	}
	return uid;
}

/* pid, parent, uid, state, ticks, and the command as it was called (else its name). */
static void add_process(struct buf *out, pid_t pid)
{
	struct arena *a = out->arena;
	unsigned long utime = 0, stime = 0;
	struct lc_error ignored;
	char *stat, *rest, *command, state = '?';
	int ppid = 0;
	size_t len, n;

	if (file_read_at(AT_FDCWD, arena_printf(a, "/proc/%d/stat", (int)pid), a, FILE_MAX, &stat,
			 &len, &ignored) < 0)
		return;
	rest = strrchr(stat, ')');
	if (!rest || sscanf(rest + 1, " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &state,
			    &ppid, &utime, &stime) != 4)
		return;
	*rest = 0;
	buf_addf(out, "%d %d %u %c %lu ", (int)pid, ppid, uid_of(a, pid), state, utime + stime);
	if (file_read_at(AT_FDCWD, arena_printf(a, "/proc/%d/cmdline", (int)pid), a, FILE_MAX,
			 &command, &n, &ignored) < 0 ||
	    n == 0) {
		command = strchr(stat, '(');
		command = command ? command + 1 : stat;
		n = strlen(command);
	}
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)command[i] < ' ')
			command[i] = ' ';
	buf_addn(out, command, n);
	buf_add(out, "\n");
}

static int processes(const struct agent *a, struct buf *out, struct lc_error *e)
{
	struct pids found = { 0 };

	if (find_pids(a, out->arena, &found, e) < 0)
		return -1;
	for (size_t i = 0; i < found.n; i++)
		add_process(out, found.v[i]);
	return 0;
}

/* The files whose numbers only the guest knows. */
static int stats(const struct agent *a, struct buf *out, struct lc_error *e)
{
	static const char *const files[] = {
		"memory.current",  "memory.peak",  "memory.events", "memory.stat",
		"memory.low",	   "memory.high",  "memory.max",    "memory.swap.current",
		"memory.swap.max", "pids.current", "pids.peak",	    "pids.max",
		"pids.events",
	};

	if (a->cgroup_fd < 0)
		return lc_err(e, LC_ESTATE, "the container has no cgroup in the guest");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct lc_error ignored;
		char *text;
		size_t len;

		if (file_read_at(a->cgroup_fd, files[i], out->arena, FILE_MAX, &text, &len,
				 &ignored) < 0)
			continue;
		buf_addf(out, "%s %zu\n", files[i], len);
		buf_addn(out, text, len);
	}
	return 0;
}

void ask(struct agent *a, uint16_t session, uint32_t question)
{
	static int (*const answers[])(const struct agent *, struct buf *, struct lc_error *) = {
		[CONTROL_PIDS] = pids,
		[CONTROL_PS] = processes,
		[CONTROL_STATS] = stats,
	};
	auto_arena arena = { 0 };
	struct buf out = { .arena = &arena };
	struct lc_error e = { 0 };

	if (question >= ARRAY_SIZE(answers))
		lc_err(&e, LC_EUNSUPPORTED, "the guest's agent does not know this question");
	if (e.code || answers[question](a, &out, &e) < 0)
		say_error(a, session, &e);
	else
		answer(a, session, out.str,
		       out.len < CONTROL_ANSWER_MAX ? out.len : CONTROL_ANSWER_MAX);
}

void update_limits(struct agent *a, uint16_t session, const char *text, size_t len)
{
	auto_arena arena = { 0 };
	struct lc_error e = { 0 };
	struct plan plan = { 0 };

	if (plan_read(&arena, text, len, &plan, &e) < 0 ||
	    (a->cgroup_fd >= 0 && cgroup_fs_ops.update(&a->cgroup, &plan.cgroup, &a->log, &e) < 0))
		say_error(a, session, &e);
	else
		say(a, CONTROL_DONE, session, 0);
}

void set_clock(struct agent *a, const char *data)
{
	struct timespec now;
	int64_t ns;

	memcpy(&ns, data, sizeof(ns));
	now.tv_sec = ns / 1000000000;
	now.tv_nsec = ns % 1000000000;
	if (a->first)
		clock_settime(CLOCK_REALTIME, &now);
}

int add_seed(struct agent *a, const char *data, size_t len, struct lc_error *e)
{
	struct {
		int entropy_count, buf_size;
		char buf[512];
	} pool = { .entropy_count = (int)len * 8, .buf_size = (int)len };
	auto_fd fd = -1;

	if (!a->first || len > sizeof(pool.buf)) /* a test's kernel is the host's */
		return 0;
	fd = openat(AT_FDCWD, "/dev/urandom", O_RDWR | O_CLOEXEC);
	memcpy(pool.buf, data, len);
	if (fd < 0 || ioctl(fd, RNDADDENTROPY, &pool) < 0 || ioctl(fd, RNDRESEEDCRNG, 0) < 0)
		return lc_err_errno(e, "give the guest's kernel randomness of its own");
	explicit_bzero(&pool, sizeof(pool));
	return 0;
}

unsigned long oom_kills(const struct agent *a)
{
	auto_arena arena = { 0 };
	struct lc_error ignored;
	unsigned long n = 0;
	char *text, *line;
	size_t len;

	if (a->cgroup_fd < 0 || file_read_at(a->cgroup_fd, "memory.events", &arena, FILE_MAX, &text,
					     &len, &ignored) < 0)
		return 0;
	line = strstr(text, "oom_kill ");
	if (line)
		sscanf(line + 9, "%lu", &n);
	return n;
}
