/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What hull asks libseccomp: names and numbers of architectures and system calls.  It also compiles
 * whole profiles, for architectures that emit.c does not know and as the oracle of the tests.
 */
#ifndef LC_SECCOMP_LIBRARY_H
#define LC_SECCOMP_LIBRARY_H

#include "seccomp/seccomp.h"

/* @name: SCMP_ARCH_X86_64...; *token: libseccomp's number. false: this libseccomp lacks it. */
bool library_arch(const char *name, uint32_t *token);
uint32_t library_native_arch(void);

/* System call number on an architecture. false: the name is unknown there. Multiplexed calls of
 * 32-bit x86 have the numbers -101... (socketcall) and -201... (ipc). */
bool library_syscall(uint32_t arch, const char *name, int *nr);

/* The whole profile by libseccomp, without the ENOSYS rule; names it lacks are skipped. */
int library_compile(struct arena *a, const struct spec_seccomp *profile, struct seccomp_filter *out,
		    struct lc_error *e) lc_checked;

#endif
