/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* User and group ids of the calling thread. */
#include "sys/ids.h"

#include <sys/syscall.h>
#include <unistd.h>

/* The calls without "32" take 16-bit ids on the architectures that have both. */
#ifdef SYS_setresuid32
#define SETRESUID SYS_setresuid32
#define SETRESGID SYS_setresgid32
#define SETGROUPS SYS_setgroups32
#else
#define SETRESUID SYS_setresuid
#define SETRESGID SYS_setresgid
#define SETGROUPS SYS_setgroups
#endif

int sys_setresuid(uint32_t uid)
{
	return (int)syscall(SETRESUID, uid, uid, uid);
}

int sys_setresgid(uint32_t gid)
{
	return (int)syscall(SETRESGID, gid, gid, gid);
}

int sys_setgroups(size_t n, const uint32_t *groups)
{
	return (int)syscall(SETGROUPS, n, groups);
}
