/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a descriptor refers to, and how descriptors travel over a socket. */
#ifndef LC_FD_H
#define LC_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* @type: S_IFDIR, S_IFREG, S_IFLNK...; false for what cannot be looked at. Works for O_PATH. */
bool fd_is_type(int fd, mode_t type);

static inline bool fd_is_symlink(int fd)
{
	return fd_is_type(fd, S_IFLNK);
}

/* The device @major:@minor, character (S_IFCHR) or block (S_IFBLK). */
bool fd_is_device(int fd, mode_t type, unsigned major, unsigned minor);

/* Same file: device and inode. */
bool fd_is_same(int a, int b);

/* On a file system of this kind (linux/magic.h). */
bool fd_is_fs(int fd, unsigned long magic);

/* Where @fd leads, for messages only: "/a/b", or "descriptor 7" when nobody knows. Returns @buf. */
const char *fd_path(int fd, char *buf, size_t size);

/* Sets or clears close-on-exec. */
int fd_set_cloexec(int fd, bool on);

enum { FD_MESSAGE_MAX = 64 }; /* descriptors in one message */

/* Sends @len bytes (at least 1) and @n descriptors as one message; no SIGPIPE. 0, or -1 with errno.
 */
int fd_send(int sock, const void *data, size_t len, const int *fds, size_t n);

/*
 * Receives one message.  Returns its length, 0 at the end, -1 with errno.  Received descriptors
 * are close-on-exec and the caller's: @fds[0..*n); free places hold -1.  More of them than @max, or
 * a message longer than @size, is EMSGSIZE and leaves none behind.
 */
ssize_t fd_recv(int sock, void *data, size_t size, int *fds, size_t max, size_t *n);

#endif
