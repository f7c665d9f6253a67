/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What hull-init, the first process of a sandbox, tells hull over descriptor 3: when the program
 * could not be executed, or when it has ended and nothing of it is left.  Then hull looks at what
 * was used, shuts its side down, and only then hull-init ends: what the kernel does to clear a
 * sandbox away is work of hull-init's, and none of the program's. */
#ifndef LC_INSIDE_H
#define LC_INSIDE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define INSIDE_FD 3

struct inside_report {
	int32_t error; /* errno of the execve that failed; 0: it ran */
	int32_t status; /* as wait(2) gives it */
	/* Of all that were waited for, by whomever. */
	uint64_t user_usec, system_usec, max_rss;
};

/* Says so to hull, with what the caller's children have used. */
void inside_tell(int error, int status);

/* Takes all zombies away; true once @program was one, *status: how it ended. */
bool inside_take_zombies(pid_t program, int *status);

#endif
