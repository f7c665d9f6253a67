/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* clone3(2) on a stack of its own: between the call and the first function of the child nothing may
 * look at the stack, so that it is written for each machine. */
#include "run/clone-on.h"

#include <errno.h>
#include <sys/syscall.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif

#if defined(__x86_64__) && !defined(__ILP32__) && !defined(__SANITIZE_ADDRESS__) && \
	!defined(__SANITIZE_THREAD__) && !__has_feature(address_sanitizer) && \
	!__has_feature(thread_sanitizer) && !__has_feature(memory_sanitizer)

const bool clone_on_works = true;

/* The kernel keeps all registers but three, in the child as well, whose stack is aligned as for a
 * call. */
pid_t clone_on(struct clone_args *args, void (*body)(void *arg), void *arg)
{
	long r = SYS_clone3;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "mov %[arg], %%rdi\n\t"
			 "call *%[body]\n\t"
			 "ud2\n"
			 "1:"
			 : "+a"(r)
			 : "D"(args), "S"(sizeof(*args)), [body] "r"(body), [arg] "r"(arg)
			 : "rcx", "r11", "cc", "memory");
	if (r < 0) {
		errno = (int)-r;
		return -1;
	}
	return (pid_t)r;
}

#else

const bool clone_on_works = false;

pid_t clone_on(struct clone_args *args, void (*body)(void *arg), void *arg)
{
	(void)args;
	(void)body;
	(void)arg;
	errno = ENOSYS;
	return -1;
}

#endif
