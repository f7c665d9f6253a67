/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a container uses, at two moments. */
#ifndef HULL_USAGE_H
#define HULL_USAGE_H

#include "cli.h"

struct usage {
	struct lc_usage now;
	int64_t at_usec; /* 0: never looked */
};

int usage_look(struct cli *cli, const char *id, struct usage *out, struct lc_error *e) lc_checked;

/* Percent of one processor between two looks; < 0: unknown. */
double usage_cpu(const struct usage *before, const struct usage *after);

/* "1.5MiB", or "-" for what the kernel does not tell. */
const char *usage_bytes(uint64_t v, char *text);

#endif
