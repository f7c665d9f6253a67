/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A private, verified procfs (CVE-2025-52881). */
#include "sys/procfs.h"
#include "base/own.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
	PROC_ROOT_INODE = 1, /* of the root of every procfs, and of nothing else in it */
	RESOLVE_PROC = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
};

/* A new procfs of this pid namespace that is mounted nowhere. */
static int new_proc(void)
{
	auto_fd fs = sys_fsopen("proc");

	if (fs < 0 || sys_fsconfig_create(fs) < 0)
		return -1;
	return sys_fsmount(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

static bool is_proc_root(int fd)
{
	struct stat st;

	return fd_is_fs(fd, PROC_SUPER_MAGIC) && !fstat(fd, &st) && st.st_ino == PROC_ROOT_INODE;
}

int procfs_open(struct lc_error *e)
{
	auto_fd fd = new_proc();

	if (fd < 0) /* the copy leaves behind what is mounted on it */
		fd = sys_open_tree(AT_FDCWD, "/proc", OPEN_TREE_CLONE | AT_SYMLINK_NOFOLLOW);
	if (fd < 0)
		fd = openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return lc_err_errno(e, "open /proc");
	if (!is_proc_root(fd))
		return lc_err(e, LC_ESYSTEM, "/proc is not the root of a procfs");
	return fd_take(&fd);
}

int procfs_open_file(int procfs, const char *path, int flags, struct lc_error *e)
{
	int fd = sys_openat2(procfs, path, flags, RESOLVE_PROC);

	if (fd < 0 && errno == EXDEV) {
		lc_err(e, LC_ESYSTEM, "/proc/%s lies under another mount or leads out of /proc",
		       path);
		e->sys_errno = EXDEV;
		return -1;
	}
	if (fd < 0)
		return lc_err_errno(e, "open /proc/%s", path);
	return fd;
}

int procfs_write(int procfs, const char *path, const char *text, struct lc_error *e)
{
	auto_fd fd = procfs_open_file(procfs, path, O_WRONLY, e);
	size_t len = strlen(text), shown = strcspn(text, "\n");
	ssize_t n;

	if (fd < 0)
		return -1;
	do
		n = write(fd, text, len);
	while (n < 0 && errno == EINTR);
	if (n >= 0 && (size_t)n != len) {
		errno = EIO;
		n = -1;
	}
	if (n < 0)
		return lc_err_errno(e, "write \"%.*s\" to /proc/%s",
				    (int)(shown < 128 ? shown : 128), text, path);
	return 0;
}

ssize_t procfs_read(int procfs, const char *path, char *buf, size_t size, struct lc_error *e)
{
	auto_fd fd = procfs_open_file(procfs, path, O_RDONLY, e);
	size_t n = 0;

	if (fd < 0)
		return -1;
	for (;;) {
		ssize_t got = read(fd, buf + n, size - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return lc_err_errno(e, "read /proc/%s", path);
		n += (size_t)got;
		if (got == 0)
			break;
		if (n == size) {
			errno = EFBIG;
			return lc_err_errno(e, "read /proc/%s", path);
		}
	}
	buf[n] = 0;
	return (ssize_t)n;
}

int procfs_reopen(int procfs, int fd, int flags, struct lc_error *e)
{
	auto_fd dir = procfs_open_file(procfs, "thread-self/fd", O_PATH | O_DIRECTORY, e);
	char name[16];
	int again;

	if (dir < 0)
		return -1;
	snprintf(name, sizeof(name), "%d", fd);
	again = openat(dir, name, flags | O_CLOEXEC); /* the one link that is meant to jump */
	if (again < 0)
		return lc_err_errno(e, "reopen descriptor %d", fd);
	return again;
}
