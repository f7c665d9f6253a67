/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * --degrade, where no namespaces can be had: the program runs under Landlock, seccomp, limits of
 * processes and no_new_privs alone.  What that cannot do, the report lists by name.
 *
 *	hull -- supervisor	its own session; in a Landlock domain of its own, so that a signal
 *				to everybody reaches what is in there; kills all of it when the
 *				program ends, and when hull does (the end of file at INSIDE_FD)
 *		  -- program	a domain within that one: it reaches neither supervisor nor host
 */
#ifndef LC_SANDBOX_BARE_H
#define LC_SANDBOX_BARE_H

#include "sandbox/sandbox.h"
#include "base/str.h"
#include <signal.h>

#define BARE_TMP "tmp" /* in the bundle's rootfs: what it may write to */

/* Fills job->refused where namespaces are refused and --degrade was given, and decides everything
 * for a program without them. */
int bare_decide(struct job *job, struct lc_error *e) lc_checked;

/* Landlock's rules as a ruleset; owned. */
int bare_rules(struct job *job, int abi, struct lc_error *e) lc_checked;

/* Takes out of a profile what only namespaces make harmless. */
void bare_calls(struct job *job, struct spec_seccomp *profile);

/* Starts it; @ends as watch_open() gives them, @before: the program's signal mask. *pidfd: of the
 * supervisor, owned. */
int bare_start(struct job *job, const int ends[4], const sigset_t *before, int *pidfd,
	       struct lc_error *e) lc_checked;

void bare_explain(const struct job *job, struct buf *b);

#endif
