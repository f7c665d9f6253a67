/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes a system call away from this test, so that its fallback is what runs.  There is no way
 * back; each test has a process of its own.
 *
 *	without_syscall(SYS_openat2, ENOSYS);
 */
#ifndef ENOSYS_H
#define ENOSYS_H

/* From now on system call @nr fails with @err. Ends the test as failed if that cannot be had. */
void without_syscall(long nr, int err);

#endif
