/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables that are looked at again and again: drawn in place on a terminal until q or Ctrl-C, below
 * one another elsewhere. The terminal is left as it was found, whatever ends it.
 *
 *	struct live_view view = { .draw = draw_list, .ctx = &mine, .interval_ms = 2000 };
 *	return live_show(&view, e);
 */
#ifndef HULL_LIVE_H
#define HULL_LIVE_H

#include "base/error.h"
#include "base/str.h"
#include <stdio.h>

enum { LIVE_MORE, LIVE_END };

struct live_view {
	/* Writes one table to @out. @columns: how wide it may be, 0: any width.
	 * LIVE_END: there is nothing to look at any more (what it wrote is not shown); or -1. */
	int (*draw)(void *ctx, FILE *out, int columns, struct lc_error *e);
	void *ctx;
	uint64_t interval_ms;
	bool plain; /* one below the other, on a terminal as well */
};

/* Until the user, a signal or @draw ends it. */
int live_show(const struct live_view *view, struct lc_error *e) lc_checked;

/* One table, to stdout. */
int live_once(const struct live_view *view, struct lc_error *e) lc_checked;

/* Milliseconds of @command's --interval; NULL leaves *@ms as it is. */
int live_interval(const char *command, const char *given, const char *example, uint64_t *ms,
		  struct lc_error *e) lc_checked;

/* What puts @text on a screen of that size that may show another text: each line cut to it, what
 * the rows have no room for is counted in the last. @bold: the first line is. */
void live_frame(struct buf *to, const char *text, int rows, int columns, bool bold);

#endif
