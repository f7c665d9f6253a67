/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A short-lived client of a machine's control socket. */
#include "microvm/ask.h"
#include "base/own.h"
#include "base/str.h"
#include "cgroups/cgroup.h"
#include "json/encode.h"
#include "run/socket.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

static unsigned answer_ms(struct vm_at at)
{
	return at.given_ms ? at.given_ms : 30000;
}

int vm_connect(struct vm_at at, struct lc_error *e)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/self/fd/%d/control", at.state_dir);
	return socket_connect(SOCK_STREAM, "the virtual machine", path, answer_ms(at), e);
}

struct client {
	int fd; /* owned */
	struct control_in in;
};

static void client_release(struct client *c)
{
	fd_release(&c->fd);
	control_in_release(&c->in);
}
#define auto_client __attribute__((cleanup(client_release))) struct client

/* Connects and says the one thing. */
static int say(struct client *c, struct vm_at at, struct control_head head, const void *data,
	       struct lc_error *e)
{
	struct timeval limit = { answer_ms(at) / 1000, answer_ms(at) % 1000 * 1000 };
	struct control_out out = { 0 };
	int r;

	c->fd = vm_connect(at, e);
	if (c->fd < 0)
		return -1;
	setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	control_put(&out, &head, data);
	r = control_flush(&out, c->fd);
	control_out_release(&out);
	return r < 0 ? lc_err_errno(e, "write to the virtual machine") : 0;
}

int vm_ask(struct vm_at at, enum control_question question, struct arena *a, char **text,
	   size_t *len, struct lc_error *e)
{
	struct control_head head = { .what = CONTROL_ASK, .value = question };
	auto_client c = { .fd = -1 };
	struct buf out = { .arena = a };
	struct control_frame f;

	if (say(&c, at, head, NULL, e) < 0)
		return -1;
	buf_add(&out, "");
	do {
		if (control_expect(&c.in, c.fd, CONTROL_ANSWER, CONTROL_ANSWER, &f, e) < 0)
			return -1;
		buf_addn(&out, f.data, f.head.len);
		if (out.len > CONTROL_ANSWER_MAX)
			return lc_err(e, LC_ESYSTEM, "the virtual machine's answer has no end");
	} while (f.head.len);
	*text = out.str;
	*len = out.len;
	return 0;
}

int vm_pids(struct vm_at at, struct arena *a, pid_t **pids, size_t *n, struct lc_error *e)
{
	char *text, *line;
	size_t len, max = 0;
	uint32_t pid;

	if (vm_ask(at, CONTROL_PIDS, a, &text, &len, e) < 0)
		return -1;
	for (size_t i = 0; i < len; i++)
		max += text[i] == '\n';
	*pids = arena_array(a, max + 1, sizeof(**pids));
	*n = 0;
	while ((line = strsep(&text, "\n")) && *n < max)
		if (str_u32(line, &pid) && pid <= INT32_MAX)
			(*pids)[(*n)++] = (pid_t)pid;
	return 0;
}

/* The next of "name length\n" and so many bytes. */
static bool next_file(char **text, const char *end, struct arena *a, char **name, char **data)
{
	char *newline = memchr(*text, '\n', (size_t)(end - *text)), *space;
	uint32_t n;

	if (!newline)
		return false;
	*newline = 0;
	space = strchr(*text, ' ');
	if (!space || !str_u32(space + 1, &n) || n > (size_t)(end - newline - 1))
		return false;
	*space = 0;
	*name = *text;
	*data = arena_strndup(a, newline + 1, n);
	*text = newline + 1 + n;
	return true;
}

int vm_stats(struct vm_at at, struct arena *a, struct cgroup_stats *stats, struct lc_error *e)
{
	char *text, *name, *data;
	const char *end;
	size_t len;

	if (vm_ask(at, CONTROL_STATS, a, &text, &len, e) < 0)
		return -1;
	end = text + len;
	while (next_file(&text, end, a, &name, &data))
		if (str_starts(name, "memory.") || str_starts(name, "pids."))
			cgroup_stats_text(name, data, a, stats);
	return 0;
}

int vm_update(struct vm_at at, struct arena *a, const struct plan *guest, struct lc_error *e)
{
	struct control_head head = { .what = CONTROL_UPDATE };
	auto_client c = { .fd = -1 };
	struct control_frame f;
	size_t len;
	char *text = encode(a, &plan_shape, guest, 0, &len);

	if (len > CONTROL_DATA_MAX)
		return lc_err(e, LC_ECONFIG, "the new limits are too long");
	head.len = (uint32_t)len;
	if (say(&c, at, head, text, e) < 0)
		return -1;
	return control_expect(&c.in, c.fd, CONTROL_DONE, CONTROL_DONE, &f, e) < 0 ? -1 : 0;
}

int vm_pause(struct vm_at at, bool stop, struct lc_error *e)
{
	struct control_head head = { .what = CONTROL_PAUSE, .value = stop };
	auto_client c = { .fd = -1 };
	struct control_frame f;

	if (say(&c, at, head, NULL, e) < 0)
		return -1;
	return control_expect(&c.in, c.fd, CONTROL_DONE, CONTROL_DONE, &f, e) < 0 ? -1 : 0;
}

int vm_signal_all(struct vm_at at, int sig, struct lc_error *e)
{
	struct control_head head = { .what = CONTROL_SIGNAL,
				     .value = (uint32_t)sig | CONTROL_SIGNAL_ALL };
	auto_client c = { .fd = -1 };
	struct control_frame f;

	if (say(&c, at, head, NULL, e) < 0)
		return -1;
	return control_expect(&c.in, c.fd, CONTROL_DONE, CONTROL_DONE, &f, e) < 0 ? -1 : 0;
}
