/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The exit report: why a container ended and what it used (docs/EXIT-REPORT.md).  It is collected
 * between the end of its first process and the removal of its cgroup, by whoever waited for it, or
 * later with what the cgroup still tells.
 */
#ifndef LC_EXIT_H
#define LC_EXIT_H

#include "run/container.h"
#include "run/process.h"

#define EXIT_FILE "exit.json" /* in the container's directory */

/* What is known beside the cgroup; all of it may be absent. */
struct exit_facts {
	const struct process_exit *end; /* NULL: hull did not wait */
	const struct plan *plan;
	uint64_t began_usec; /* clock_usec() when the program began, 0: unknown */
	uint64_t limit_ms; /* 0: none */
	bool limit_reached;
	const char *error; /* hull's own, because of which the program never ran */
};

/* Fills *out, from @cgroup (-1: none) and @facts. */
void exit_collect(int cgroup, const struct exit_facts *facts, struct lc_exit *out);

/* The JSON text, in the container's arena, with a newline. */
char *exit_text(struct container *c, const struct exit_facts *facts, const struct lc_exit *x);

/* How much of the caller's struct there is. */
static inline size_t exit_size(const struct lc_exit *given)
{
	return given->size < sizeof(*given) ? given->size : sizeof(*given);
}

/* The report that was kept, or what can still be known; NULL with @e when it cannot be read. */
char *exit_saved_or_known(struct container *c, struct lc_error *e);

/* Where a report goes: "fd:N", or the path of a file that is made or emptied now, so that a name
 * that cannot be used is an error before anything happens. -1 when @to is NULL or, with @e, bad. */
int exit_report_open(const char *to, uint32_t preserved, struct lc_error *e) lc_checked;
int exit_report_write(int fd, const char *text, struct lc_error *e) lc_checked;

#endif
