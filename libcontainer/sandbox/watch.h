/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Watching over a program that runs: its output goes through us (so that it is counted, and so that
 * nothing of the caller's is in its hands), its time is measured, and what exceeds a limit ends it.
 */
#ifndef LC_SANDBOX_WATCH_H
#define LC_SANDBOX_WATCH_H

#include "run/create.h"
#include "run/foreground.h"
#include "sandbox/inside.h"
#include "sandbox/sandbox.h"

/* One direction between a descriptor of the caller's and a pipe to the program. */
struct stream {
	int from, to; /* borrowed; -1: done */
	char data[16384];
	size_t len;
	uint64_t bytes; /* that went through */
};

struct cpu_use {
	uint64_t usec, user_usec, system_usec;
};

struct watch {
	struct job *job;
	int pipes[3]; /* owned: our ends of stdin, stdout and stderr; -1: none */
	int outer[3]; /* owned or the caller's 0 to 2: where they come from and go to */
	int told; /* owned: hull-init's or the supervisor's word comes here */
	bool bare; /* there is no container: the end of `told` ends it all */
	struct stream streams[3];
	/* how it ended */
	bool has_report;
	struct inside_report report;
	struct lc_error failed; /* without namespaces: why there is no program; LC_OK: there was */
	enum limit_id reached; /* LIMITS: none */
	bool truncated, disk_full, noted;
	uint64_t began_usec, wall_usec, disk_peak;
	struct cpu_use before, after; /* of the cgroup; zero without one. After: before hull-init
				       * clears away, or before the whole was ended */
};

/* What the cgroup has used so far; zero without one. */
struct cpu_use cpu_use_of(int cgroup);

/* Makes the pipes; @ends are the program's: 0 to 2 and hull-init's, owned by the caller. */
int watch_open(struct watch *w, struct job *job, int ends[4], struct lc_error *e) lc_checked;
void watch_close(struct watch *w);
#define auto_watch __attribute__((cleanup(watch_close))) struct watch

/* Until the program has ended, or was ended because of a limit, and all it wrote is passed on. */
int watch_run(struct watch *w, struct creation *m, struct foreground *f,
	      struct lc_error *e) lc_checked;

#endif
