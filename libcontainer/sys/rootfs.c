/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths inside a root file system, by the descriptor of its root. */
#include "sys/rootfs.h"
#include "base/own.h"
#include "sys/fd.h"
#include "sys/sys.h"
#include "sys/walk.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* "x" and "/x" are the same, and both are shown with the slash. */
static const char *shown(const char *path)
{
	return path + strspn(path, "/");
}

static int open_in(int root, const char *path, int flags, uint64_t resolve, struct lc_error *e)
{
	int fd = sys_openat2(root, path, flags, RESOLVE_IN_ROOT | resolve);

	if (fd < 0)
		return lc_err_errno(e, "openat2 rootfs:/%s", shown(path));
	return fd;
}

static int refuse_link(const char *path, struct lc_error *e)
{
	lc_err(e, LC_ECONFIG, "rootfs:/%s is a symbolic link", shown(path));
	e->sys_errno = ELOOP;
	return -1;
}

int rootfs_open(int root, const char *path, int flags, struct lc_error *e)
{
	return open_in(root, path, flags, 0, e);
}

int rootfs_open_nofollow(int root, const char *path, int flags, struct lc_error *e)
{
	auto_fd fd = sys_openat2(root, path, flags | O_NOFOLLOW, RESOLVE_IN_ROOT);
	auto_fd link = -1;

	if (fd >= 0 && !fd_is_symlink(fd))
		return fd_take(&fd);
	if (fd >= 0)
		return refuse_link(path, e);
	if (errno != ELOOP && errno != ENOTDIR) /* O_DIRECTORY makes a link ENOTDIR */
		return lc_err_errno(e, "openat2 rootfs:/%s", shown(path));
	lc_err_errno(e, "openat2 rootfs:/%s", shown(path));
	link = sys_openat2(root, path, O_PATH | O_NOFOLLOW, RESOLVE_IN_ROOT);
	return link >= 0 && fd_is_symlink(link) ? refuse_link(path, e) : -1;
}

int rootfs_open_nolinks(int root, const char *path, int flags, struct lc_error *e)
{
	auto_fd fd =
		sys_openat2(root, path, flags | O_NOFOLLOW, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);

	if (fd < 0 && errno == ELOOP) {
		lc_err(e, LC_ECONFIG, "rootfs:/%s leads through a symbolic link", shown(path));
		e->sys_errno = ELOOP;
		return -1;
	}
	if (fd < 0)
		return lc_err_errno(e, "openat2 rootfs:/%s", shown(path));
	if (fd_is_symlink(fd)) /* O_PATH | O_NOFOLLOW opens a link at the end */
		return refuse_link(path, e);
	return fd_take(&fd);
}

int rootfs_mkdirs(int root, const char *path, mode_t mode, struct lc_error *e)
{
	int fd = sys_openat2(root, path, O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT);

	if (fd < 0 && errno == ENOENT)
		fd = walk_make(root, path, S_IFDIR, mode);
	if (fd < 0)
		return lc_err_errno(e, "mkdir rootfs:/%s", shown(path));
	return fd;
}

int rootfs_create_file(int root, const char *path, mode_t mode, struct lc_error *e)
{
	auto_fd fd = sys_openat2(root, path, O_PATH, RESOLVE_IN_ROOT);

	if (fd < 0 && errno == ENOENT)
		fd = walk_make(root, path, S_IFREG, mode);
	if (fd >= 0 && fd_is_type(fd, S_IFDIR)) {
		fd_release(&fd);
		errno = EISDIR;
	}
	if (fd < 0)
		return lc_err_errno(e, "create rootfs:/%s", shown(path));
	return fd_take(&fd);
}

int rootfs_parent(int root, const char *path, bool make, char name[NAME_MAX + 1],
		  struct lc_error *e)
{
	size_t len = strlen(path), start, n;
	char parent[PATH_MAX] = "/";

	while (len > 0 && path[len - 1] == '/')
		len--;
	start = len;
	while (start > 0 && path[start - 1] != '/')
		start--;
	n = len - start;
	if (n > NAME_MAX || start >= sizeof(parent)) {
		errno = ENAMETOOLONG;
		return lc_err_errno(e, "rootfs:/%s", shown(path));
	}
	memcpy(name, path + start, n);
	name[n] = 0;
	if (!n || !strcmp(name, ".") || !strcmp(name, ".."))
		return lc_err(e, LC_ECONFIG, "rootfs:/%s does not name an entry of a directory",
			      shown(path));
	if (start) {
		memcpy(parent, path, start);
		parent[start] = 0;
	}
	if (make)
		return rootfs_mkdirs(root, parent, 0755, e);
	return open_in(root, parent, O_PATH | O_DIRECTORY, 0, e);
}
