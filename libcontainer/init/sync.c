/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The dialogue between parent and child over a SOCK_SEQPACKET, and over the status fifo. */
#include "init/sync.h"
#include "base/own.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

struct packet_head {
	uint32_t what, len; /* enum sync_what; bytes behind the head */
	int64_t value;
};

/* At most PIPE_BUF, so that one write to the fifo is whole. */
struct packet {
	struct packet_head head;
	union {
		struct lc_error error; /* SYNC_FAILED */
		char text[2048]; /* SYNC_LOG; value: enum lc_level */
	};
};
_Static_assert(sizeof(struct packet) < 4096, "one packet is written to a fifo in one piece");

static const char *const message_texts[] = {
#define X(name, text) text,
	SYNC_MESSAGES(X)
#undef X
};

static bool is_from_parent(enum sync_what what)
{
	return strncmp(message_texts[what], "parent", 6) == 0;
}

/* What a message says, without who says it. */
static const char *says(enum sync_what what)
{
	return strchr(message_texts[what], ':') + 2;
}

/* The child uses nothing but write(2): its seccomp filter may already be loaded, and it may as well
 * die of SIGPIPE.  The parent must not. */
static ssize_t put(int sock, enum sync_what what, const void *data, size_t len)
{
	ssize_t n;

	do {
		n = is_from_parent(what) ? send(sock, data, len, MSG_NOSIGNAL)
					 : write(sock, data, len);
	} while (n < 0 && errno == EINTR);
	return n;
}

int sync_send(int sock, enum sync_what what, int fd, int64_t value, struct lc_error *e)
{
	struct packet_head head = { .what = what, .value = value };
	ssize_t n = fd < 0 ? put(sock, what, &head, sizeof(head))
			   : fd_send(sock, &head, sizeof(head), &fd, 1);

	if (n < 0)
		return lc_err_errno(e, "tell the %s \"%s\"",
				    is_from_parent(what) ? "container's init" : "runtime",
				    says(what));
	return 0;
}

void sync_send_error(int sock, const struct lc_error *e)
{
	struct packet packet = { .head = { .what = SYNC_FAILED, .len = sizeof(*e) } };

	packet.error = *e;
	(void)put(sock, SYNC_FAILED, &packet, sizeof(packet.head) + sizeof(*e));
}

void sync_log(void *ctx, enum lc_level level, const char *text)
{
	const int *sock = ctx;
	struct packet packet = { .head = { .what = SYNC_LOG, .value = level } };

	if (*sock < 0)
		return;
	packet.head.len = (uint32_t)strnlen(text, sizeof(packet.text) - 1);
	memcpy(packet.text, text, packet.head.len);
	(void)put(*sock, SYNC_LOG, &packet, sizeof(packet.head) + packet.head.len);
}

/* Reads one datagram, or what a fifo holds, into @buf.  Without a descriptor to take it is a plain
 * read(2), which works on both, and in a child whose filter is loaded. */
static ssize_t get(int sock, void *buf, size_t size, int *fd)
{
	size_t got;
	ssize_t n;

	do {
		n = fd ? fd_recv(sock, buf, size, fd, 1, &got) : read(sock, buf, size);
	} while (n < 0 && errno == EINTR);
	return n < 0 && errno == ECONNRESET ? 0 : n;
}

/* Checks the head of the @n bytes at @buf against what is there; returns the packet's size or 0. */
static size_t packet_size(const char *buf, size_t n, struct packet_head *head)
{
	if (n < sizeof(*head))
		return 0;
	memcpy(head, buf, sizeof(*head));
	if (head->what >= ARRAY_SIZE(message_texts) || head->len > sizeof(struct lc_error) ||
	    head->len > n - sizeof(*head))
		return 0;
	if (head->what == SYNC_FAILED && head->len != sizeof(struct lc_error))
		return 0;
	return sizeof(*head) + head->len;
}

static void pass_log_line(const struct lc_log *log, const struct packet_head *head,
			  const char *text)
{
	enum lc_level level = head->value == LC_LOG_WARNING ? LC_LOG_WARNING : LC_LOG_DEBUG;

	log_at(log, level, "%.*s", (int)head->len, text);
}

static int take_error(const char *data, struct lc_error *e)
{
	memcpy(e, data, sizeof(*e));
	e->msg[sizeof(e->msg) - 1] = 0;
	if (e->code <= LC_OK || e->code > LC_EINTERNAL)
		e->code = LC_EINTERNAL;
	return -1;
}

static int died_before(enum sync_what what, struct lc_error *e)
{
	return lc_err(e, LC_ESYSTEM, "the %s died before it said \"%s\"",
		      is_from_parent(what) ? "runtime" : "container's init", says(what));
}

int sync_expect_one_of(int sock, const enum sync_what *wanted, size_t n, const struct lc_log *log,
		       int *fd, int64_t *value, struct lc_error *e)
{
	struct packet packet;
	struct packet_head head;

	for (;;) {
		auto_fd got = -1;
		ssize_t len = get(sock, &packet, sizeof(packet), fd ? &got : NULL);

		if (len < 0 && errno == EAGAIN)
			return SYNC_TIMED_OUT;
		if (len < 0)
			return lc_err_errno(e, "wait for \"%s\"", says(wanted[0]));
		if (len == 0)
			return died_before(wanted[0], e);
		if (packet_size((char *)&packet, (size_t)len, &head) != (size_t)len)
			return lc_err(e, LC_EINTERNAL, "a message of %zd bytes makes no sense",
				      len);
		if (head.what == SYNC_LOG) {
			pass_log_line(log, &head, packet.text);
			continue;
		}
		if (head.what == SYNC_FAILED)
			return take_error(packet.text, e);
		for (size_t i = 0; i < n; i++) {
			if (head.what != wanted[i])
				continue;
			if (fd)
				*fd = fd_take(&got);
			if (value)
				*value = head.value;
			return (int)i;
		}
		return lc_err(e, LC_EINTERNAL, "got \"%s\" while waiting for \"%s\"",
			      says(head.what), says(wanted[0]));
	}
}

int sync_expect(int sock, enum sync_what wanted, const struct lc_log *log, int *fd, int64_t *value,
		struct lc_error *e)
{
	return sync_expect_one_of(sock, &wanted, 1, log, fd, value, e);
}

#define PF_FORKNOEXEC \
	0x40 /* linux/sched.h: forked, and no execve since; field 9 of /proc/PID/stat */

bool sync_has_executed(pid_t pid)
{
	char path[40], text[512], *rest;
	unsigned flags = 0;
	ssize_t n = -1;
	auto_fd fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		n = read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	rest = strrchr(text, ')'); /* the name before it may hold anything */
	return rest && sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %u", &flags) == 1 &&
	       !(flags & PF_FORKNOEXEC);
}

/* True when the process behind @pidfd was ended by SIGKILL before its execve; a program that dies
 * at once has begun all the same.  Only its parent may ask, others get "no". */
static bool was_killed(int pidfd)
{
	siginfo_t info = { 0 };

	if (pidfd < 0 || waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		return false;
	return info.si_pid && info.si_code == CLD_KILLED && info.si_status == SIGKILL &&
	       !sync_has_executed(info.si_pid);
}

/* Takes the whole packets at the start of @buf; what is left moves to its start.  A fifo gives out
 * bytes, not datagrams. */
static int take_packets(char *buf, size_t *have, bool *exec_is_next, const struct lc_log *log,
			struct lc_error *e)
{
	struct packet_head head;
	size_t at = 0, size;

	while ((size = packet_size(buf + at, *have - at, &head)) > 0) {
		const char *data = buf + at + sizeof(head);

		if (head.what == SYNC_FAILED)
			return take_error(data, e);
		if (head.what == SYNC_LOG)
			pass_log_line(log, &head, data);
		else if (head.what == SYNC_EXEC)
			*exec_is_next = true;
		at += size;
	}
	*have -= at;
	memmove(buf, buf + at, *have);
	if (*have >= sizeof(struct packet))
		return lc_err(e, LC_EINTERNAL,
			      "a message from the container's init makes no sense");
	return 0;
}

/* Is there something to read, or the end, within @ms (0: no limit)? */
static bool comes(int sock, unsigned ms)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };
	int n;

	if (!ms)
		return true;
	do {
		n = poll(&p, 1, (int)(ms + SYNC_GRACE_MS));
	} while (n < 0 && errno == EINTR);
	return n != 0;
}

static int late(unsigned ms, struct lc_error *e)
{
	return lc_err(e, LC_ESYSTEM,
		      "the container's process has not begun its program after %g s (--timeout): "
		      "it is stopped or frozen, or a startContainer hook or the file system of its "
		      "program hangs",
		      ms / 1000.0);
}

/* @limited: reading ends by itself when it takes too long (SO_RCVTIMEO). */
static int expect_exec(int sock, int pidfd, bool limited, unsigned ms, const struct lc_log *log,
		       struct lc_error *e)
{
	char buf[2 * sizeof(struct packet)];
	bool exec_is_next = false;
	size_t have = 0;

	for (;;) {
		ssize_t n;

		if (!limited && !comes(sock, ms))
			return late(ms, e);
		n = get(sock, buf + have, sizeof(buf) - have, NULL);
		if (n < 0 && limited && errno == EAGAIN)
			return late(ms, e);
		if (n < 0)
			return lc_err_errno(e, "wait for \"%s\"", says(SYNC_EXEC));
		if (n == 0 && (!exec_is_next || was_killed(pidfd)))
			return lc_err(e, LC_ESYSTEM,
				      "the container's init was killed before the program began");
		if (n == 0)
			return 0;
		have += (size_t)n;
		if (take_packets(buf, &have, &exec_is_next, log, e) < 0)
			return -1;
	}
}

int sync_expect_exec(int sock, int pidfd, const struct lc_log *log, struct lc_error *e)
{
	return expect_exec(sock, pidfd, false, 0, log, e);
}

int sync_expect_exec_in(int sock, int pidfd, unsigned ms, const struct lc_log *log,
			struct lc_error *e)
{
	return expect_exec(sock, pidfd, false, ms, log, e);
}

int sync_expect_exec_on(int sock, int pidfd, unsigned ms, const struct lc_log *log,
			struct lc_error *e)
{
	return expect_exec(sock, pidfd, true, ms, log, e);
}
