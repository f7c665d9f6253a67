/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The dialogue between parent and child, written once: enum, trace text and documentation are the
 * same lines.  One SOCK_SEQPACKET datagram each; descriptors ride along.  Between any two messages
 * exactly one side runs, and which one is in the text.  End of file means the peer died.
 */
#ifndef LC_SYNC_H
#define LC_SYNC_H

#include "base/error.h"
#include "base/log.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SYNC_MESSAGES(X) \
	X(SYNC_MAP_IDS, "child -> parent: write my id maps") \
	X(SYNC_MAPPED, "parent -> child: id maps are written") \
	X(SYNC_PID, "child -> parent: the process that will be init (its pid rides along)") \
	X(SYNC_CGROUP, "parent -> child: you are in your cgroup") \
	X(SYNC_MOUNT, "child -> parent: the mount that was asked for (rides along)") \
	X(SYNC_HOOKS, "child -> parent: namespaces and mounts are there, run the runtime's hooks") \
	X(SYNC_HOOKED, "parent -> child: hooks have run") \
	X(SYNC_HELPER, "child -> parent: who will send the listener (a pidfd rides along)") \
	X(SYNC_NOTIFY, "child -> parent: hand over the seccomp listener (rides along)") \
	X(SYNC_NOTIFIED, "parent -> child: the agent has it, and its sender is gone") \
	X(SYNC_READY, "child -> parent: all set up, waiting for start") \
	X(SYNC_START, "parent -> child: go on to the program") \
	X(SYNC_EXEC, "child -> parent: execve comes next; end of file now means it succeeded") \
	X(SYNC_LOG, "child -> parent: a log line") \
	X(SYNC_FAILED, "either way: a struct lc_error")

enum sync_what {
#define X(name, text) name,
	SYNC_MESSAGES(X)
#undef X
};

/* Sends one message; @fd rides along unless -1; @value is a small number (a pid). */
int sync_send(int sock, enum sync_what what, int fd, int64_t value, struct lc_error *e) lc_checked;

/* Sends SYNC_FAILED with *@e. Never fails: there is nobody left to tell. */
void sync_send_error(int sock, const struct lc_error *e);

/* Sends SYNC_LOG; for the write member of the child's struct lc_log (@ctx points to the fd). */
void sync_log(void *ctx, enum lc_level level, const char *text);

/* Receives until @wanted comes: log lines go to @log, SYNC_FAILED fills @e and returns -1, anything
 * else or end of file is an error ("the container's init died before ...").  @fd and @value may be
 * NULL; a received fd is owned by the caller. */
int sync_expect(int sock, enum sync_what wanted, const struct lc_log *log, int *fd, int64_t *value,
		struct lc_error *e) lc_checked;

/* The parent waits a little longer than a step may take: who is in it names it better. */
#define SYNC_GRACE_MS 1000

/* What sync_expect() and sync_expect_one_of() return, without an error, when nothing came within
 * the SO_RCVTIMEO of the socket. */
#define SYNC_TIMED_OUT (-2)

/* The same, but takes whichever of @wanted[0..n-1] comes first; returns its index or -1. */
int sync_expect_one_of(int sock, const enum sync_what *wanted, size_t n, const struct lc_log *log,
		       int *fd, int64_t *value, struct lc_error *e) lc_checked;

/* Waits for SYNC_EXEC and then end of file (execve worked: 0) or SYNC_FAILED (-1), on the socket or
 * on the status fifo.  End of file without SYNC_EXEC, or with the process dead of SIGKILL (@pidfd;
 * -1: not asked), is an error: it did not get that far. */
int sync_expect_exec(int sock, int pidfd, const struct lc_log *log, struct lc_error *e) lc_checked;

/* The same, within @ms and SYNC_GRACE_MS (0: no limit) from one message to the next. */
int sync_expect_exec_in(int sock, int pidfd, unsigned ms, const struct lc_log *log,
			struct lc_error *e) lc_checked;

/* The same for a socket that reading from ends after that time by itself (SO_RCVTIMEO). */
int sync_expect_exec_on(int sock, int pidfd, unsigned ms, const struct lc_log *log,
			struct lc_error *e) lc_checked;

/* Has process @pid, which may be dead but not reaped, called execve with success since it was
 * made? */
bool sync_has_executed(pid_t pid);

#endif
