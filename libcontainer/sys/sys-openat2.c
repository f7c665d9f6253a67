/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* openat2(2) with its fallback. */
#include "base/own.h"
#include "sys/sys.h"
#include "sys/walk.h"

#include <sys/syscall.h>

/* A scoped lookup with ".." that any rename or mount on the machine interrupts is EAGAIN. */
enum { MAX_TRIES = 1024 };

/* The lookup without openat2(2). */
static int fallback(int dirfd, const char *path, const struct open_how *how)
{
	auto_fd slash = -1;

	if (!how->resolve)
		return openat(dirfd, path, (int)how->flags | O_CLOEXEC);
	if (how->resolve & (RESOLVE_IN_ROOT | RESOLVE_BENEATH) || *path != '/')
		return walk_open(dirfd, path, (int)how->flags, how->resolve);
	slash = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (slash < 0)
		return -1;
	return walk_open(slash, path, (int)how->flags, how->resolve | RESOLVE_IN_ROOT);
}

static int open_once(int dirfd, const char *path, struct open_how *how, bool *missing)
{
	int fd;

	if (*missing)
		return fallback(dirfd, path, how);
	fd = (int)syscall(SYS_openat2, dirfd, path, how, sizeof(*how));
	if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
		return fd;
	*missing = true; /* a true EPERM is found by the walk as well */
	return fallback(dirfd, path, how);
}

int sys_openat2(int dirfd, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = { .flags = (unsigned)flags | O_CLOEXEC, .resolve = resolve };
	bool missing = false;

	if (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) {
		errno = EINVAL;
		return -1;
	}
	for (int tries = 0; tries < MAX_TRIES; tries++) {
		int fd = open_once(dirfd, path, &how, &missing);

		if (fd >= 0 || (errno != EAGAIN && errno != EINTR) || resolve & RESOLVE_CACHED)
			return fd;
	}
	return -1;
}
