/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages with descriptors. */
#include "net/message.h"
#include "base/own.h"

#include <string.h>
#include <sys/socket.h>

#define FDS_MAX 8

union control {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
};

int message_send(int sock, const void *data, size_t n, const int *fds, size_t n_fds)
{
	union control control = { .bytes = { 0 } };
	struct iovec part = { (void *)data, n };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (n_fds) {
		m.msg_control = control.bytes;
		m.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	}
	return sendmsg(sock, &m, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

static void take_fds(struct msghdr *m, int *fds, size_t n_fds)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	size_t n;
	int fd;

	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
		return;
	n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	for (size_t i = 0; i < n; i++) {
		memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
		if (i < n_fds)
			fds[i] = fd;
		else
			fd_release(&fd);
	}
}

ssize_t message_receive(int sock, void *data, size_t n, int *fds, size_t n_fds)
{
	union control control;
	struct iovec part = { data, n };
	struct msghdr m = { .msg_iov = &part,
			    .msg_iovlen = 1,
			    .msg_control = control.bytes,
			    .msg_controllen = sizeof(control.bytes) };
	ssize_t got;

	for (size_t i = 0; i < n_fds; i++)
		fds[i] = -1;
	do {
		got = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got >= 0)
		take_fds(&m, fds, n_fds);
	return got;
}
