/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a program of the host's (newuidmap, ps) and takes what it prints. */
#ifndef LC_HELPER_H
#define LC_HELPER_H

#include "base/arena.h"
#include <stdbool.h>
#include <stddef.h>

/* Executes @argv[0] (looked up in PATH unless it has a slash) and waits for it. *text: its stdout,
 * with @errors_too its stderr as well (else that is the caller's), at most @max bytes. Returns its
 * exit status as a shell gives it, or -1 with @e: also when for @ms (0: no limit) it neither prints
 * nor ends. */
int helper_run(char *const argv[], bool errors_too, unsigned ms, struct arena *a, size_t max,
	       char **text, struct lc_error *e) lc_checked;

/* The same for what may hold NULs: stdout alone, and its length. */
int helper_run_sized(char *const argv[], struct arena *a, size_t max, char **data, size_t *len,
		     struct lc_error *e) lc_checked;

#endif
