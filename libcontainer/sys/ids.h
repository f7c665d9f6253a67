/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * User and group ids of the calling thread, as the kernel changes them.  libc's functions of the
 * same names change those of all threads that libc knows of, and wait for them: in the child of a
 * bare clone3() of a threaded program that would be forever.
 */
#ifndef LC_IDS_H
#define LC_IDS_H

#include <stddef.h>
#include <stdint.h>

int sys_setresuid(uint32_t uid); /* real, effective and saved */
int sys_setresgid(uint32_t gid);
int sys_setgroups(size_t n, const uint32_t *groups);

#endif
