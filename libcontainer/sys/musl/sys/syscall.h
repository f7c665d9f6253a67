/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* System calls newer than the installed musl. */
#include_next <sys/syscall.h>

#ifndef SYS_process_mrelease
#define SYS_process_mrelease 448
#endif
