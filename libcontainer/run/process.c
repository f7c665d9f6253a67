/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process that is known from an earlier command. */
#include "run/process.h"
#include "base/own.h"
#include "sys/sys.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* "PID (comm) S ppid ...": comm may hold blanks and parentheses, so count from the last one. */
bool process_parse_stat(const char *stat, char *state, pid_t *parent, uint64_t *start)
{
	const char *s = strrchr(stat, ')');
	char *end;

	if (!s || s[1] != ' ' || !s[2] || !s[3])
		return false;
	*state = s[2];
	*parent = (pid_t)strtol(s + 4, NULL, 10);
	s += 2; /* at field 3 */
	for (int field = 3; field < 22; field++) {
		s = strchr(s, ' ');
		if (!s)
			return false;
		s++;
	}
	errno = 0;
	*start = strtoull(s, &end, 10);
	return !errno && end != s;
}

/* A leader that has ended shows as a zombie although other threads of its process go on; only the
 * pidfd tells. */
static bool has_ended(pid_t pid)
{
	auto_fd fd = sys_pidfd_open(pid, 0);

	return fd < 0 || process_wait_gone(fd, 0);
}

static bool read_stat(const char *path, char *stat, size_t size)
{
	auto_fd fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, stat, size - 1);

	if (n <= 0)
		return false;
	stat[n] = 0;
	return true;
}

static bool identify(const char *path, struct process_id *out)
{
	char stat[1024], state;
	pid_t parent;

	if (!read_stat(path, stat, sizeof(stat)))
		return false;
	out->pid = (pid_t)strtol(stat, NULL, 10);
	if (!process_parse_stat(stat, &state, &parent, &out->start) || state == 'X')
		return false;
	return state != 'Z' || !has_ended(out->pid);
}

bool process_identify(pid_t pid, struct process_id *out)
{
	char path[32];

	if (pid <= 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	return identify(path, out);
}

bool process_identify_self(struct process_id *out)
{
	return identify("/proc/self/stat", out);
}

pid_t process_parent(pid_t pid)
{
	char path[32], stat[1024], state;
	uint64_t start;
	pid_t parent;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (!read_stat(path, stat, sizeof(stat)) ||
	    !process_parse_stat(stat, &state, &parent, &start))
		return 0;
	return parent;
}

bool process_alive(const struct process_id *id)
{
	struct process_id now;

	return process_identify(id->pid, &now) && now.start == id->start;
}

/* The process that has the number when the pidfd is made still had it when its start time was
 * read: so the two are the same. */
int process_open(const struct process_id *id)
{
	auto_fd fd = -1;

	errno = ESRCH;
	if (id->pid <= 0)
		return -1;
	fd = sys_pidfd_open(id->pid, 0);
	if (fd < 0)
		return -1;
	if (!process_alive(id)) {
		errno = ESRCH;
		return -1;
	}
	return fd_take(&fd);
}

bool process_wait_gone(int pidfd, int ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int r;

	do {
		r = poll(&p, 1, ms);
	} while (r < 0 && errno == EINTR);
	return r > 0;
}

bool process_end(int pidfd, unsigned given)
{
	siginfo_t info;

	if (pidfd < 0)
		return true;
	sys_pidfd_send_signal(pidfd, SIGKILL);
	if (!process_wait_gone(pidfd, (int)process_end_ms(given)))
		return false;
	while (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | __WALL) < 0 && errno == EINTR)
		;
	return true;
}

int process_wait_exit(int pidfd, struct process_exit *out, struct lc_error *e)
{
	siginfo_t info = { 0 };

	*out = (struct process_exit){ 0 };
	if (sys_wait_usage(pidfd, &info, &out->usage) < 0)
		return lc_err_errno(e, "wait for the container's process");
	out->signal = info.si_code == CLD_EXITED ? 0 : info.si_status;
	out->status = out->signal ? 128 + out->signal : info.si_status;
	out->core_dumped = info.si_code == CLD_DUMPED;
	return 0;
}

int process_wait(int pidfd, int *status, struct lc_error *e)
{
	struct process_exit end;

	if (process_wait_exit(pidfd, &end, e) < 0)
		return -1;
	*status = end.status;
	return 0;
}
