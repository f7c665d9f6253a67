/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a container uses, at two moments. */
#include "usage.h"
#include "base/clock.h"
#include "quantity.h"

int usage_look(struct cli *cli, const char *id, struct usage *out, struct lc_error *e)
{
	int64_t now = (int64_t)clock_usec();

	*out = (struct usage){ .now.size = sizeof(out->now) };
	if (lc_usage(cli->lc, id, &out->now, e) < 0)
		return -1;
	out->at_usec = now;
	return 0;
}

double usage_cpu(const struct usage *before, const struct usage *after)
{
	if (!before->at_usec || after->at_usec <= before->at_usec ||
	    before->now.cpu_usec == LC_UNKNOWN || after->now.cpu_usec == LC_UNKNOWN ||
	    after->now.cpu_usec < before->now.cpu_usec)
		return -1;
	return (double)(after->now.cpu_usec - before->now.cpu_usec) * 100 /
	       (double)(after->at_usec - before->at_usec);
}

const char *usage_bytes(uint64_t v, char *text)
{
	return v == LC_UNKNOWN ? "-" : quantity_print(v, text);
}
