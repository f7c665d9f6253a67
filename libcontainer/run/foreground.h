/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Waiting for a program in the foreground: signals that reach the caller go to the program, a
 * change of the terminal's size to its terminal, and its exit status comes back.  Signals are
 * blocked from foreground_begin() on, so that none is lost before the program runs.
 */
#ifndef LC_FOREGROUND_H
#define LC_FOREGROUND_H

#include "base/error.h"
#include "run/console.h"
#include "run/process.h"
#include <signal.h>

struct foreground {
	sigset_t before; /* the caller's signal mask */
	int signals; /* owned signalfd */
	uint64_t limit_ms; /* then the program is killed; 0: never */
	bool limit_reached;
	struct process_exit end; /* once it was waited for */
};
#define FOREGROUND_NONE \
	{ \
		.signals = -1 \
	}
#define auto_foreground __attribute__((cleanup(foreground_end))) struct foreground

int foreground_begin(struct foreground *f, struct lc_error *e) lc_checked;

/* @c: with a master or without. *status: 0 to 255, as a shell gives it. */
int foreground_wait(struct foreground *f, struct console *c, int pidfd, int *status,
		    struct lc_error *e) lc_checked;

/* For a loop of one's own, when f->signals is readable: what has come goes to @pidfd. */
void foreground_pass_signals(struct foreground *f, const struct console *c, int pidfd);

/* Gives the caller its signal mask back. */
void foreground_end(struct foreground *f);

#endif
