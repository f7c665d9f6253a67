/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* close_range(2) with its fallback, a walk over the descriptors that /proc/self/fd lists. */
#include "base/own.h"
#include "base/str.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <dirent.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdalign.h>
#include <string.h>
#include <sys/syscall.h>

/* The real /proc/self/fd: something mounted over it must not hide descriptors from us. */
static int open_own_fds(void)
{
	auto_fd proc = openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (proc < 0)
		return -1;
	if (!fd_is_fs(proc, PROC_SUPER_MAGIC)) {
		errno = ENOSYS;
		return -1;
	}
	return sys_openat2(proc, "self/fd", O_RDONLY | O_DIRECTORY,
			   RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS);
}

static int close_entry(const char *name, int except, unsigned first, unsigned last, unsigned flags)
{
	uint32_t fd;

	if (!str_u32(name, &fd) || fd < first || fd > last || (int)fd == except)
		return 0; /* "." and ".." */
	if (flags & CLOSE_RANGE_CLOEXEC)
		return fd_set_cloexec((int)fd, true);
	close((int)fd);
	return 0;
}

static int close_listed(unsigned first, unsigned last, unsigned flags)
{
	alignas(struct dirent64) char buf[4096];
	auto_fd dir = open_own_fds();
	ssize_t n;

	if (dir < 0)
		return -1;
	while ((n = sys_getdents(dir, buf, sizeof(buf))) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *entry = (const struct dirent64 *)(buf + at);

			if (close_entry(entry->d_name, dir, first, last, flags) < 0)
				return -1;
			at += entry->d_reclen;
		}
	}
	return n < 0 ? -1 : 0;
}

int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	int done = (int)syscall(SYS_close_range, first, last, flags);

	if (!done || (errno != ENOSYS && errno != EPERM))
		return done;
	if (first > last || flags & ~(CLOSE_RANGE_CLOEXEC | CLOSE_RANGE_UNSHARE)) {
		errno = EINVAL;
		return -1;
	}
	if (flags & CLOSE_RANGE_UNSHARE && unshare(CLONE_FILES) < 0)
		return -1;
	return close_listed(first, last, flags);
}
