/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mount calls by descriptor, and what the kernel says when one of them fails. */
#include "sys/sys.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int sys_open_tree(int dirfd, const char *path, unsigned flags)
{
	return (int)syscall(SYS_open_tree, dirfd, path, flags | OPEN_TREE_CLOEXEC);
}

int sys_move_mount(int fd, int dirfd, const char *path)
{
	unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | (*path ? 0 : MOVE_MOUNT_T_EMPTY_PATH);

	return (int)syscall(SYS_move_mount, fd, "", dirfd, path, flags);
}

int sys_fsopen(const char *fstype)
{
	return (int)syscall(SYS_fsopen, fstype, FSOPEN_CLOEXEC);
}

int sys_fspick(int dirfd, const char *path, unsigned flags)
{
	return (int)syscall(SYS_fspick, dirfd, path, flags | FSPICK_CLOEXEC);
}

static int fsconfig_call(int fsfd, unsigned cmd, const char *key, const void *value, int aux)
{
	return (int)syscall(SYS_fsconfig, fsfd, cmd, key, value, aux);
}

int sys_fsconfig_flag(int fsfd, const char *key)
{
	return fsconfig_call(fsfd, FSCONFIG_SET_FLAG, key, NULL, 0);
}

int sys_fsconfig_string(int fsfd, const char *key, const char *value)
{
	return fsconfig_call(fsfd, FSCONFIG_SET_STRING, key, value, 0);
}

int sys_fsconfig_fd(int fsfd, const char *key, int fd)
{
	return fsconfig_call(fsfd, FSCONFIG_SET_FD, key, NULL, fd);
}

int sys_fsconfig_create(int fsfd)
{
	return fsconfig_call(fsfd, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
}

int sys_fsconfig_reconfigure(int fsfd)
{
	return fsconfig_call(fsfd, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0);
}

int sys_fsmount(int fsfd, uint64_t attrs)
{
	return (int)syscall(SYS_fsmount, fsfd, FSMOUNT_CLOEXEC, (unsigned)attrs);
}

int sys_mount_setattr(int dirfd, const char *path, unsigned flags, const struct mount_attr *attr)
{
	return (int)syscall(SYS_mount_setattr, dirfd, path, flags, attr, sizeof(*attr));
}

int sys_pivot_root(const char *new_root, const char *put_old)
{
	return (int)syscall(SYS_pivot_root, new_root, put_old);
}

/* Each read(2) takes one message off the log: a letter ('e'rror, 'w'arning, 'i'nfo), a blank and
 * the text; ENODATA when it is empty, EMSGSIZE for a buffer that is too small (a kernel may drop
 * the message then). */
bool sys_fs_reason(int fsfd, char *buf, size_t size)
{
	int saved = errno;
	char line[1024];
	bool found = false;
	ssize_t n;

	while ((n = read(fsfd, line, sizeof(line) - 1)) >= 2) {
		line[n] = 0;
		if (line[0] != 'e' || line[1] != ' ')
			continue;
		line[strcspn(line, "\n")] = 0;
		snprintf(buf, size, "%s", line + 2);
		found = true;
	}
	errno = saved;
	return found;
}

int sys_fs_error(struct lc_error *e, int fsfd, const char *fmt, ...)
{
	int saved = errno;
	char what[1024], reason[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	errno = saved;
	if (!sys_fs_reason(fsfd, reason, sizeof(reason)))
		return lc_err_errno(e, "%s", what);
	lc_err(e, LC_ESYSTEM, "%s: %s", what, reason);
	e->sys_errno = saved;
	return -1;
}
