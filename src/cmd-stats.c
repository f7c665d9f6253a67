/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull stats: a table of what containers use, drawn anew on a terminal. */
#include "cli.h"
#include "base/own.h"
#include "live.h"
#include "quantity.h"
#include "usage.h"
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define ONCE_MS 500 /* between the two looks that make a percentage */

struct stats_args {
	const char *format, *interval;
	bool once;
};

static const struct option_def stats_options[] = {
	OPT_STRING(struct stats_args, format, "format", 'f', "FORMAT",
		   "table (default) or json: a line for each container, as in `events`"),
	OPT_STRING(struct stats_args, interval, "interval", 0, "TIME",
		   "time between two tables, such as 500ms (default: 2s)"),
	OPT_FLAG(struct stats_args, once, "once", '1',
		 "print one table; without a terminal and --interval that is the default"),
	OPT_END,
};

struct row {
	char *id;
	struct usage usage;
	bool there;
	double cpu; /* percent of one processor; < 0: unknown */
	double used; /* percent of the memory that it may use; < 0: unknown, or no limit */
};

struct table {
	struct row *v;
	size_t n;
};

struct stats {
	struct cli *cli;
	char **words; /* those that were asked for; none: all that live */
	struct table table;
	bool strict; /* one that was asked for and cannot be looked at is an error */
};

static void table_release(struct table *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->v[i].id);
	free(t->v);
	*t = (struct table){ 0 };
}

static void table_add(struct table *t, const char *id)
{
	struct row *grown = realloc(t->v, (t->n + 1) * sizeof(*grown));

	if (!grown)
		abort();
	t->v = grown;
	t->v[t->n] = (struct row){ .id = strdup(id), .cpu = -1 };
	if (!t->v[t->n++].id)
		abort();
}

/* The named ones, or all that live. */
static int list(struct cli *cli, char **words, struct table *t, struct lc_error *e)
{
	struct lc_state *all = NULL;
	size_t n = 0;

	for (size_t i = 0; words[i]; i++)
		table_add(t, words[i]);
	if (words[0])
		return 0;
	if (lc_list(cli->lc, &all, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (!strcmp(all[i].status, "running") || !strcmp(all[i].status, "paused"))
			table_add(t, all[i].id);
	lc_list_free(all, n);
	return 0;
}

static const struct row *find(const struct table *t, const char *id)
{
	for (size_t i = 0; i < t->n; i++)
		if (!strcmp(t->v[i].id, id) && t->v[i].there)
			return &t->v[i];
	return NULL;
}

static double share(uint64_t used, uint64_t limit)
{
	bool limited = limit != LC_UNKNOWN && limit && used != LC_UNKNOWN;

	return limited ? (double)used * 100 / (double)limit : -1;
}

static int look(struct stats *s, struct lc_error *e)
{
	struct table before = s->table;
	int r;

	s->table = (struct table){ 0 };
	r = list(s->cli, s->words, &s->table, e);
	for (size_t i = 0; !r && i < s->table.n; i++) {
		struct row *row = &s->table.v[i];
		const struct row *old = find(&before, row->id);
		struct lc_error why = { 0 };

		row->there = usage_look(s->cli, row->id, &row->usage, &why) == 0;
		row->used = share(row->usage.now.memory, row->usage.now.memory_limit);
		if (row->there && old)
			row->cpu = usage_cpu(&old->usage, &row->usage);
		if (!row->there && s->strict && s->words[0]) {
			*e = why;
			r = -1;
		}
	}
	table_release(&before);
	return r;
}

#define CELL 24

/* How a member of struct row is shown. */
static void percent(const void *value, char to[CELL])
{
	double v = *(const double *)value;

	if (v < 0)
		snprintf(to, CELL, "-");
	else
		snprintf(to, CELL, "%.1f%%", v);
}

static void count(const void *value, char to[CELL])
{
	uint64_t v = *(const uint64_t *)value;

	if (v == LC_UNKNOWN)
		snprintf(to, CELL, "-");
	else
		snprintf(to, CELL, "%llu", (unsigned long long)v);
}

static void bytes(const void *value, char to[CELL])
{
	char text[QUANTITY_TEXT];

	snprintf(to, CELL, "%s", usage_bytes(*(const uint64_t *)value, text));
}

/* What matters most comes first: a narrow terminal has no room for the last ones. */
static const struct column {
	const char *title;
	int width;
	void (*show)(const void *value, char to[CELL]);
	size_t offset;
} columns[] = {
	{ "CPU", 7, percent, offsetof(struct row, cpu) },
	{ "MEMORY", 8, bytes, offsetof(struct row, usage.now.memory) },
	{ "LIMIT", 8, bytes, offsetof(struct row, usage.now.memory_limit) },
	{ "USED", 6, percent, offsetof(struct row, used) },
	{ "PIDS", 5, count, offsetof(struct row, usage.now.pids) },
	{ "READ", 8, bytes, offsetof(struct row, usage.now.io_read) },
	{ "WRITTEN", 8, bytes, offsetof(struct row, usage.now.io_written) },
	{ "WAIT:CPU", 8, percent, offsetof(struct row, usage.now.cpu_pressure) },
	{ "WAIT:MEM", 8, percent, offsetof(struct row, usage.now.memory_pressure) },
	{ "WAIT:IO", 7, percent, offsetof(struct row, usage.now.io_pressure) },
	{ "OOM", 3, count, offsetof(struct row, usage.now.oom_kills) },
};

#define ID_LEAST 12

/* Whole columns only; ids are cut to what the columns up to PIDS leave, but not below ID_LEAST. */
static size_t fit(const struct table *t, int room, int *id_width)
{
	int longest = (int)strlen("ID"), left, wanted = 0;
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		longest = (int)strlen(t->v[i].id) > longest ? (int)strlen(t->v[i].id) : longest;
	*id_width = longest;
	if (!room)
		return ARRAY_SIZE(columns);
	for (size_t i = 0; i < 5; i++)
		wanted += 2 + columns[i].width;
	left = room - wanted > ID_LEAST ? room - wanted : ID_LEAST;
	*id_width = longest < left ? longest : left;
	for (int used = *id_width; n < ARRAY_SIZE(columns); n++) {
		used += 2 + columns[n].width;
		if (used > room)
			break;
	}
	return n;
}

static void print_row(FILE *out, const struct row *row, int id_width, size_t n)
{
	char cell[CELL];

	fprintf(out, "%-*.*s", id_width, id_width, row->id);
	for (size_t i = 0; i < n; i++) {
		columns[i].show((const char *)row + columns[i].offset, cell);
		fprintf(out, "  %*s", columns[i].width, cell);
	}
	fprintf(out, "\n");
}

static void print_table(FILE *out, const struct table *t, int room)
{
	int id_width;
	size_t n = fit(t, room, &id_width);

	fprintf(out, "%-*s", id_width, "ID");
	for (size_t i = 0; i < n; i++)
		fprintf(out, "  %*s", columns[i].width, columns[i].title);
	fprintf(out, "\n");
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].there)
			print_row(out, &t->v[i], id_width, n);
}

static int print_json(struct cli *cli, char **words, struct lc_error *e)
{
	struct table t = { 0 };
	int r = list(cli, words, &t, e);

	for (size_t i = 0; !r && i < t.n; i++) {
		struct lc_error why = { 0 };
		auto_free char *json = NULL;

		if (!lc_stats(cli->lc, t.v[i].id, &json, &why)) {
			printf("{\"type\":\"stats\",\"id\":\"%s\",\"data\":%s}\n", t.v[i].id, json);
		} else if (words[0]) {
			*e = why;
			r = -1;
		}
	}
	table_release(&t);
	return r;
}

/* Until those that were named have ended. */
static int draw(void *ctx, FILE *out, int room, struct lc_error *e)
{
	struct stats *s = ctx;
	bool any = !s->words[0];

	if (look(s, e) < 0)
		return -1;
	for (size_t i = 0; i < s->table.n; i++)
		any = any || s->table.v[i].there;
	print_table(out, &s->table, room);
	return any ? LIVE_MORE : LIVE_END;
}

static int show(struct stats *s, bool once, uint64_t ms, struct lc_error *e)
{
	struct live_view view = { .draw = draw, .ctx = s, .interval_ms = ms };
	int r;

	s->strict = true;
	r = look(s, e);
	if (r < 0)
		return r;
	poll(NULL, 0, ms < ONCE_MS ? (int)ms : ONCE_MS);
	s->strict = once;
	return once ? live_once(&view, e) : live_show(&view, e);
}

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	const struct stats_args *args = given;
	struct stats s = { .cli = cli, .words = words };
	uint64_t ms = 2000;
	bool json;
	int r;

	if (option_format("stats", args->format, &json, e) < 0 ||
	    live_interval("stats", args->interval, "2s", &ms, e) < 0)
		return -1;
	if (json)
		return print_json(cli, words, e);
	r = show(&s, args->once || (!isatty(STDOUT_FILENO) && !args->interval), ms, e);
	table_release(&s.table);
	return r;
}

const struct command cmd_stats = {
	.name = "stats",
	.usage = "[options] [ID...]",
	.summary = "show what containers use",
	.about = "   All that run, or those that are named. On a terminal the table is drawn in "
		 "place\n"
		 "   until q is pressed, or those that were named have ended. WAIT: the share of "
		 "the last ten "
		 "seconds in\n"
		 "   which something in the container waited for a processor, memory or a disk.\n",
	.options = stats_options,
	.args_size = sizeof(struct stats_args),
	.max_words = -1,
	.run = run,
};
