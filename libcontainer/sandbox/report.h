/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How it ended, in a word and as a JSON object (docs/SANDBOX-REPORT.md). */
#ifndef LC_SANDBOX_REPORT_H
#define LC_SANDBOX_REPORT_H

#include "sandbox/sandbox.h"
#include "sandbox/watch.h"

/* What is known once everything is over. */
struct outcome {
	const struct watch *w; /* NULL: it never ran */
	const struct lc_exit *exit; /* figures; NULL: it never ran */
	const char *error; /* NULL: it ran */
	int status; /* as a shell has it */
	int signal; /* that killed the program, 0: none */
	bool core;
};

/* "ok", "exit", "signal", "cpu_time"... */
const char *verdict_of(const struct job *job, const struct outcome *o);

char *report_text(struct job *job, const struct outcome *o);

#endif
