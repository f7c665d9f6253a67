/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* clone3(2) on a stack of its own, which libc has no function for. */
#ifndef LC_CLONE_ON_H
#define LC_CLONE_ON_H

#include <linux/sched.h>
#include <stdbool.h>
#include <stdnoreturn.h>
#include <sys/types.h>

/* Not on every machine, and not in a program with AddressSanitizer, which knows no stacks but those
 * of threads. */
extern const bool clone_on_works;

/* The child runs @body(@arg), which does not return, on args->stack.  What clone3() returns; -1 and
 * ENOSYS where it does not work. */
pid_t clone_on(struct clone_args *args, void (*body)(void *arg), void *arg);

#endif
