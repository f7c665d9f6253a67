/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the processes that listen to a guest, or answer a sandbox, give up before its first word:
 * capabilities, the way to new privileges, being looked into, and all system calls but a short
 * list, which is another one for each thread.  A call that is not on the list ends the process by
 * SIGSYS.
 */
#ifndef LC_CONFINE_H
#define LC_CONFINE_H

#include "base/error.h"
#include <stddef.h>
#include <stdint.h>

/* Whose list of calls; the text is for messages. */
#define CONFINE_ROLES(X) \
	X(CONFINE_LOOP, "the monitor's loop") \
	X(CONFINE_SAVE, "the monitor's loop that makes a template") \
	X(CONFINE_CPU, "a virtual processor") \
	X(CONFINE_FILES, "the file system's thread") \
	X(CONFINE_BROKER, "the broker") \
	X(CONFINE_NETWORK, "the helper for the network") \
	X(CONFINE_PROXY, "the process that stands for one in the guest") \
	X(CONFINE_RESOLVER, "the resolver of a sandbox") \
	X(CONFINE_WAITER, "the process that waits for the resolver")

enum confine_role {
#define X(name, text) name,
	CONFINE_ROLES(X)
#undef X
		CONFINE_ROLES_N
};

/* For the process, before it has threads: of its capabilities stay those of bit mask @keep, in no
 * set but the permitted and the effective one. */
int confine_process(uint64_t keep, struct lc_error *e) lc_checked;

/* For the calling thread and those that it makes: the list of @role. */
int confine_thread(enum confine_role role, struct lc_error *e) lc_checked;

/* The same in a thread that has nobody to tell: without its filter the process ends. */
void confine_thread_or_end(enum confine_role role);

/* The program of @role as BPF instructions, for tests: their number; @self is the process that may
 * be signalled. */
struct sock_filter;
size_t confine_program(enum confine_role role, uint32_t self, struct sock_filter *out, size_t max);

#endif
