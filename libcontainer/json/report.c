/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What reading a document noticed: to the caller's sink, and the first error into the lc_error. */
#include "json/report.h"

#include <stdio.h>

const char *remark_text(const struct remark *r, char *buf, size_t size)
{
	char place[32] = "";

	if (r->line)
		snprintf(place, sizeof(place), ":%u:%u", r->line, r->column);
	snprintf(buf, size, "%s%s: %s%s%s", r->file, place, r->path, *r->path ? ": " : "", r->text);
	return buf;
}

int report_say(const struct report *report, const struct remark *r, struct lc_error *e)
{
	char text[1536];

	if (report)
		report->say(report->ctx, r);
	if (r->kind != REMARK_ERROR)
		return 0;
	if (e->code == LC_OK) /* the first one */
		lc_err(e, LC_ECONFIG, "%s", remark_text(r, text, sizeof(text)));
	return -1;
}
