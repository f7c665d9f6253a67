/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process that is known from an earlier command: its number alone may mean another one by now. */
#ifndef LC_PROCESS_H
#define LC_PROCESS_H

#include "base/error.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

/* pid and start time (field 22 of /proc/PID/stat, in ticks since boot). */
struct process_id {
	int32_t pid; /* 0: none */
	uint64_t start;
};

/* Identity of a living process; false when it is gone or a zombie. */
bool process_identify(pid_t pid, struct process_id *out);
bool process_identify_self(struct process_id *out);

/* Its parent's number, 0: none in this pid namespace, or the process is gone. */
pid_t process_parent(pid_t pid);

/* The very process still lives. */
bool process_alive(const struct process_id *id);

/* A pidfd of the very process; -1 with errno ESRCH when it is gone or a zombie. */
int process_open(const struct process_id *id);

/* Waits until the process behind @pidfd has ended; false after @ms milliseconds (-1: no limit). */
bool process_wait_gone(int pidfd, int ms);

/* How long what was killed may take to end: @given (--timeout), unless that is 0. */
static inline unsigned process_end_ms(unsigned given)
{
	return given ? given : 10000;
}

/* SIGKILL, and takes the zombie away if it is a child of the caller. False: after
 * process_end_ms(@given) it is still there: it hangs in the kernel. */
bool process_end(int pidfd, unsigned given);

/* Waits for a child; the exit status as a shell gives it (128 + n for a signal). */
int process_wait(int pidfd, int *status, struct lc_error *e) lc_checked;

/* The same with all that the kernel tells. */
struct process_exit {
	int status; /* as a shell gives it */
	int signal; /* that killed it, 0: none */
	bool core_dumped;
	struct rusage usage; /* its own, and of the children it waited for */
};
int process_wait_exit(int pidfd, struct process_exit *out, struct lc_error *e) lc_checked;

/* The fields state, ppid and starttime of the text of /proc/PID/stat; public for tests. */
bool process_parse_stat(const char *stat, char *state, pid_t *parent, uint64_t *start);

#endif
