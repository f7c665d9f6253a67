/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a descriptor refers to, and how descriptors travel over a socket. */
#include "sys/fd.h"
#include "base/own.h"

#include <fcntl.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

bool fd_is_type(int fd, mode_t type)
{
	struct stat st;

	return !fstat(fd, &st) && (st.st_mode & S_IFMT) == type;
}

bool fd_is_device(int fd, mode_t type, unsigned major, unsigned minor)
{
	struct stat st;

	return !fstat(fd, &st) && (st.st_mode & S_IFMT) == type &&
	       st.st_rdev == makedev(major, minor);
}

bool fd_is_same(int a, int b)
{
	struct stat sa, sb;

	return !fstat(a, &sa) && !fstat(b, &sb) && sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

bool fd_is_fs(int fd, unsigned long magic)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && (unsigned long)fs.f_type == magic;
}

const char *fd_path(int fd, char *buf, size_t size)
{
	int saved = errno;
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlinkat(AT_FDCWD, link, buf, size - 1);
	if (n < 0)
		snprintf(buf, size, "descriptor %d", fd);
	else
		buf[n] = 0;
	errno = saved;
	return buf;
}

int fd_set_cloexec(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFD);

	if (flags < 0)
		return -1;
	return fcntl(fd, F_SETFD, on ? flags | FD_CLOEXEC : flags & ~FD_CLOEXEC);
}

int fd_send(int sock, const void *data, size_t len, const int *fds, size_t n)
{
	alignas(struct cmsghdr) char control[CMSG_SPACE(FD_MESSAGE_MAX * sizeof(int))] = { 0 };
	struct iovec iov = { (void *)data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t sent;

	if (n > FD_MESSAGE_MAX || !len) {
		errno = EINVAL;
		return -1;
	}
	if (n) {
		struct cmsghdr *c = (struct cmsghdr *)control;

		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	}
	do
		sent = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent >= 0 && (size_t)sent != len) { /* a stream that took a part: no message boundary */
		errno = EMSGSIZE;
		return -1;
	}
	return sent < 0 ? -1 : 0;
}

/* Moves the descriptors of @msg to @fds; those that have no place are closed. False: there were. */
static bool take_fds(struct msghdr *msg, int *fds, size_t max, size_t *n)
{
	bool fit = !(msg->msg_flags & MSG_CTRUNC);

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (*n < max) {
				fds[(*n)++] = fd;
			} else {
				fd_release(&fd);
				fit = false;
			}
		}
	}
	return fit;
}

ssize_t fd_recv(int sock, void *data, size_t size, int *fds, size_t max, size_t *n)
{
	alignas(struct cmsghdr) char control[CMSG_SPACE(FD_MESSAGE_MAX * sizeof(int))];
	struct iovec iov = { data, size };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	size_t count = 0;
	ssize_t got;

	for (size_t i = 0; i < max; i++)
		fds[i] = -1;
	do
		got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -1;
	if (!take_fds(&msg, fds, max, &count) || msg.msg_flags & MSG_TRUNC) {
		for (size_t i = 0; i < count; i++)
			fd_release(&fds[i]);
		errno = EMSGSIZE;
		return -1;
	}
	if (n)
		*n = count;
	return got;
}
