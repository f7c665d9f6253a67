/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unix sockets by path. */
#include "run/socket.h"
#include "base/own.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

/* A path that does not fit is reached through a descriptor of its directory. */
static int fill_address(const char *path, struct sockaddr_un *addr, int *dir)
{
	const char *slash = strrchr(path, '/');
	char parent[PATH_MAX];
	int n;

	*dir = -1;
	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) < sizeof(addr->sun_path)) {
		memcpy(addr->sun_path, path, strlen(path) + 1);
		return 0;
	}
	errno = ENAMETOOLONG;
	if (!slash || (size_t)(slash - path) >= sizeof(parent))
		return -1;
	snprintf(parent, sizeof(parent), "%.*s/", (int)(slash - path), path);
	*dir = openat(AT_FDCWD, parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*dir < 0)
		return -1;
	n = snprintf(addr->sun_path, sizeof(addr->sun_path), "/proc/self/fd/%d/%s", *dir,
		     slash + 1);
	errno = ENAMETOOLONG;
	return n < (int)sizeof(addr->sun_path) ? 0 : -1;
}

int socket_connect(int type, const char *what, const char *path, unsigned ms, struct lc_error *e)
{
	struct timeval limit = { ms / 1000, ms % 1000 * 1000 };
	auto_fd sock = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	auto_fd dir = -1;
	struct sockaddr_un addr;

	if (sock < 0)
		return lc_err_errno(e, "%s: socket", what);
	if (!*path)
		return lc_err(e, LC_EUSAGE, "%s: its path is empty", what);
	if (ms && setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
		return lc_err_errno(e, "%s: setsockopt SO_SNDTIMEO", what);
	if (fill_address(path, &addr, &dir) == 0 &&
	    connect(sock, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd_take(&sock);
	if (errno == EAGAIN) /* its queue is full */
		return lc_err(e, LC_ESYSTEM, "%s: nobody accepts at %s: waited %g s (--timeout)",
			      what, path, ms / 1000.0);
	return lc_err_errno(e, "%s: connect to %s", what, path);
}

int socket_bind(int type, const char *path, mode_t mode, struct lc_error *e)
{
	auto_fd sock = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	auto_fd dir = -1;
	struct sockaddr_un addr;

	if (sock < 0)
		return lc_err_errno(e, "socket");
	unlink(path);
	if (fill_address(path, &addr, &dir) < 0 ||
	    bind(sock, (struct sockaddr *)&addr, sizeof(addr)) < 0 || chmod(path, mode) < 0)
		return lc_err_errno(e, "bind a socket to %s", path);
	return fd_take(&sock);
}

int socket_send_fd(const char *what, const char *path, int fd, unsigned ms, struct lc_error *e)
{
	auto_fd sock = socket_connect(SOCK_STREAM, what, path, ms, e);

	if (sock < 0)
		return -1;
	if (fd_send(sock, "pidfd", 5, &fd, 1) < 0)
		return lc_err_errno(e, "%s: send a descriptor to %s", what, path);
	return 0;
}
