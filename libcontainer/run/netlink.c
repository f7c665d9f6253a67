/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rtnetlink requests. */
#include "run/netlink.h"
#include "base/own.h"
#include "run/process.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

void nl_begin(struct nl_request *r, int type, int flags, const void *info, size_t len)
{
	memset(r, 0, sizeof(*r));
	r->head.nlmsg_type = (uint16_t)type;
	r->head.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	r->head.nlmsg_len = (uint32_t)NLMSG_LENGTH(len);
	memcpy(r->body, info, len);
}

void nl_add(struct nl_request *r, int attribute, const void *data, size_t len)
{
	size_t at = NLMSG_ALIGN(r->head.nlmsg_len), size = RTA_LENGTH(len);
	struct rtattr *a;

	if (at + RTA_ALIGN(size) > sizeof(r->head) + sizeof(r->body)) {
		r->full = true;
		return;
	}
	a = (struct rtattr *)(void *)((char *)r + at);
	a->rta_type = (uint16_t)attribute;
	a->rta_len = (uint16_t)size;
	memcpy(RTA_DATA(a), data, len);
	r->head.nlmsg_len = (uint32_t)(at + size);
}

int nl_open(struct lc_error *e)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	return fd < 0 ? lc_err_errno(e, "netlink socket") : fd;
}

/* A socket stays in the namespace it was made in: a process goes there and sends it back. */
static int open_and_send(int netns, int to)
{
	struct lc_error ignored;
	int fd;

	if (setns(netns, CLONE_NEWNET) < 0)
		return errno;
	fd = nl_open(&ignored);
	if (fd < 0)
		return ignored.sys_errno;
	return fd_send(to, "x", 1, &fd, 1) < 0 ? errno : 0;
}

int nl_open_in(pid_t pid, struct lc_error *e)
{
	char path[32], c;
	auto_fd netns = -1, pidfd = -1;
	struct clone_args args = {
		.flags = CLONE_PIDFD,
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	int pair[2], got = -1, status = 0;
	size_t n = 0;
	pid_t child;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	netns = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		return lc_err_errno(e, "open %s", path);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return lc_err_errno(e, "socketpair");
	child = sys_clone3(&args);
	if (child == 0)
		_exit(open_and_send(netns, pair[1]));
	close(pair[1]);
	if (child > 0)
		fd_recv(pair[0], &c, 1, &got, 1, &n);
	close(pair[0]);
	if (child < 0)
		return lc_err_errno(e, "clone");
	if (process_wait(pidfd, &status, e) < 0 || got < 0) {
		fd_release(&got);
		errno = status ? status : EPROTO;
		return lc_err_errno(e, "enter the container's network namespace");
	}
	return got;
}

static int send_request(int sock, struct nl_request *r)
{
	ssize_t n;

	errno = EMSGSIZE;
	if (r->full)
		return -1;
	r->head.nlmsg_seq++;
	do {
		n = send(sock, r, r->head.nlmsg_len, 0);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

static int verdict(const struct nlmsghdr *m)
{
	const struct nlmsgerr *err = NLMSG_DATA(m);

	errno = -err->error;
	return err->error ? -1 : 0;
}

/* One datagram. 1: more is to come. */
static int take(const char *data, size_t len, int answer,
		void (*each)(void *ctx, const struct nlmsghdr *message), void *ctx)
{
	const struct nlmsghdr *m = (const struct nlmsghdr *)(const void *)data;

	for (; NLMSG_OK(m, len); m = NLMSG_NEXT(m, len)) {
		if (m->nlmsg_type == NLMSG_ERROR)
			return verdict(m);
		if (m->nlmsg_type == NLMSG_DONE)
			return 0;
		if (m->nlmsg_type == answer && each)
			each(ctx, m);
		if (!(m->nlmsg_flags & NLM_F_MULTI))
			return 0;
	}
	return 1;
}

int nl_ask(int sock, struct nl_request *r, int answer,
	   void (*each)(void *ctx, const struct nlmsghdr *message), void *ctx)
{
	_Alignas(struct nlmsghdr) char data[32768];
	int more;

	if (send_request(sock, r) < 0)
		return -1;
	do {
		ssize_t n = recv(sock, data, sizeof(data), 0);

		if (n < 0 && errno == EINTR) {
			more = 1;
			continue;
		}
		if (n < 0)
			return -1;
		more = take(data, (size_t)n, answer, each, ctx);
	} while (more > 0);
	return more;
}

int nl_do(int sock, struct nl_request *r)
{
	r->head.nlmsg_flags |= NLM_F_ACK;
	return nl_ask(sock, r, 0, NULL, NULL);
}

const struct rtattr *nl_find(const struct nlmsghdr *m, size_t info_len, int type)
{
	const struct rtattr *a =
		(const struct rtattr *)(const void *)((const char *)m + NLMSG_SPACE(info_len));
	long len = (long)m->nlmsg_len - (long)NLMSG_SPACE(info_len);

	for (; RTA_OK(a, len); a = RTA_NEXT(a, len))
		if ((a->rta_type & NLA_TYPE_MASK) == type)
			return a;
	return NULL;
}
