/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* musl's <sys/stat.h> has statx() from 1.2.5 on; before that only the kernel has the structure. */
#include_next <sys/stat.h>

#ifndef STATX_MNT_ID
#include <linux/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline int statx(int dir, const char *path, int flags, unsigned mask, struct statx *out)
{
	return (int)syscall(SYS_statx, dir, path, flags, mask, out);
}
#endif
