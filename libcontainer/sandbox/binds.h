/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is shown of the host because it was named: --ro, --rw and --file. */
#ifndef LC_SANDBOX_BINDS_H
#define LC_SANDBOX_BINDS_H

#include "sandbox/sandbox.h"

/* Reads --ro, --rw, --file and --tmpfs into job->binds, the parents first. */
int binds_read(struct job *job, struct lc_error *e) lc_checked;

/* Mounts for them. */
int binds_decide(struct job *job, struct lc_error *e) lc_checked;

#endif
