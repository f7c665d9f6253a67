/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ownership is visible in the type: locals that own carry auto_fd or auto_free and are released on
 * every path; giving away is written fd_take().  Release functions keep errno, since they run after
 * `return lc_err_errno(...)`, and accept "nothing" (-1, NULL).
 */
#ifndef LC_OWN_H
#define LC_OWN_H

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static inline void fd_release(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

static inline void mem_release(void *p)
{
	int saved = errno;

	free(*(void **)p);
	errno = saved;
}

#define auto_fd	  __attribute__((cleanup(fd_release))) int
#define auto_free __attribute__((cleanup(mem_release)))

/* Hands an owned fd to the caller or to a struct; -1 stays behind. */
static inline int fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#endif
