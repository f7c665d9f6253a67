/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which processes are in a cgroup and below it. */
#include "cgroups/internal.h"
#include "base/file.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX (64u << 20) /* bytes of cgroup.procs */

struct collector {
	struct arena *a;
	struct pids *out;
	size_t size;
	bool top_seen;
};

static void collect(struct collector *c, pid_t pid)
{
	if (c->out->n == c->size) {
		size_t size = c->size ? 2 * c->size : 64;
		pid_t *v = arena_array(c->a, size, sizeof(*v));

		if (c->out->n)
			memcpy(v, c->out->v, c->out->n * sizeof(*v));
		c->out->v = v;
		c->size = size;
	}
	c->out->v[c->out->n++] = pid;
}

/* The process that a thread belongs to; 0 when it is gone. */
static pid_t process_of(pid_t tid)
{
	char path[48], text[4096], *line;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	if (cg_read(AT_FDCWD, path, text, sizeof(text)) < 0)
		return 0;
	line = strstr(text, "\nTgid:");
	return line ? (pid_t)strtol(line + 6, NULL, 10) : 0;
}

static int collect_file(struct collector *c, int dir, const char *name, bool threads)
{
	auto_arena scratch = {};
	auto_fd fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct lc_error ignored;
	char *text, *end;

	if (fd < 0)
		return -1;
	if (file_read_fd(fd, &scratch, LIST_MAX, &text, NULL, &ignored) < 0) {
		errno = ignored.sys_errno;
		return -1;
	}
	for (char *p = text; *p; p = end + (*end == '\n')) {
		pid_t pid = (pid_t)strtol(p, &end, 10);

		if (end == p)
			break;
		if (threads)
			pid = process_of(pid);
		if (pid > 0) /* 0: in another pid namespace */
			collect(c, pid);
	}
	return 0;
}

static int see(int dir, void *ctx, struct lc_error *e)
{
	struct collector *c = ctx;
	bool top = !c->top_seen;

	c->top_seen = true;
	if (!collect_file(c, dir, "cgroup.procs", false))
		return 0;
	/* A threaded cgroup does not list processes; the domain above it does, for all of them. */
	if (errno == EOPNOTSUPP && (!top || !collect_file(c, dir, "cgroup.threads", true)))
		return 0;
	if (!top && (errno == ENOENT || errno == ENODEV))
		return 0;
	return lc_err_errno(e, "read %s/cgroup.procs", cg_path_of(dir, &(struct cg_path){}));
}

static int compare(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

int cgroup_pids(int cgroup, struct arena *a, struct pids *out, struct lc_error *e)
{
	struct collector c = { .a = a, .out = out };
	size_t n = 0;

	*out = (struct pids){};
	if (cg_walk(cgroup, see, &c, e) < 0)
		return -1;
	if (!out->n)
		return 0;
	qsort(out->v, out->n, sizeof(*out->v), compare);
	for (size_t i = 0; i < out->n; i++) {
		if (!n || out->v[n - 1] != out->v[i])
			out->v[n++] = out->v[i];
	}
	out->n = n;
	return 0;
}
