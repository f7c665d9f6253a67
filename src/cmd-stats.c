/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull stats: a table of what containers use, drawn anew on a terminal. */
#include "cli.h"
#include "base/own.h"
#include "base/str.h"
#include "quantity.h"
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define INTERVAL_MAX_MS 1000000000
#define ONCE_MS		500 /* between the two looks that make a percentage */

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
	struct lc_usage usage;
	int64_t at_usec;
	bool there, seen_before;
	double cpu; /* percent of one processor */
};

struct table {
	struct row *v;
	size_t n;
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
	t->v[t->n] = (struct row){ .id = strdup(id) };
	if (!t->v[t->n++].id)
		abort();
}

static int64_t now_usec(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
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

static void add_cpu(struct row *row, const struct row *before)
{
	uint64_t used;

	if (!before || row->usage.cpu_usec == LC_UNKNOWN || row->at_usec <= before->at_usec)
		return;
	used = row->usage.cpu_usec - before->usage.cpu_usec;
	row->seen_before = true;
	row->cpu = (double)used * 100 / (double)(row->at_usec - before->at_usec);
}

/* @strict: one that cannot be looked at is an error, as those that were asked for by name. */
static int look(struct cli *cli, char **words, bool strict, struct table *t, struct lc_error *e)
{
	struct table before = *t;
	int r;

	*t = (struct table){ 0 };
	r = list(cli, words, t, e);
	for (size_t i = 0; !r && i < t->n; i++) {
		struct lc_error why = { 0 };

		t->v[i].usage.size = sizeof(t->v[i].usage);
		t->v[i].at_usec = now_usec();
		t->v[i].there = lc_usage(cli->lc, t->v[i].id, &t->v[i].usage, &why) == 0;
		if (t->v[i].there) {
			add_cpu(&t->v[i], find(&before, t->v[i].id));
		} else if (strict && words[0]) {
			*e = why;
			r = -1;
		}
	}
	table_release(&before);
	return r;
}

static const char *amount(uint64_t v, char text[QUANTITY_TEXT])
{
	return v == LC_UNKNOWN ? "-" : quantity_print(v, text);
}

static void print_percent(double v, bool known, int width)
{
	if (known)
		printf("  %*.1f%%", width - 1, v);
	else
		printf("  %*s", width, "-");
}

static void print_count(uint64_t v, int width)
{
	if (v == LC_UNKNOWN)
		printf("  %*s", width, "-");
	else
		printf("  %*llu", width, (unsigned long long)v);
}

static void print_row(const struct row *row, int width)
{
	const struct lc_usage *u = &row->usage;
	bool limited = u->memory_limit != LC_UNKNOWN && u->memory_limit && u->memory != LC_UNKNOWN;
	char a[QUANTITY_TEXT], b[QUANTITY_TEXT];

	printf("%-*s", width, row->id);
	print_percent(row->cpu, row->seen_before, 7);
	printf("  %8s", amount(u->memory, a));
	printf("  %8s", amount(u->memory_limit, b));
	print_percent(limited ? (double)u->memory * 100 / (double)u->memory_limit : 0, limited, 6);
	print_count(u->pids, 5);
	printf("  %8s", amount(u->io_read, a));
	printf("  %8s", amount(u->io_written, b));
	print_percent(u->cpu_pressure, u->cpu_pressure >= 0, 8);
	print_percent(u->memory_pressure, u->memory_pressure >= 0, 8);
	print_percent(u->io_pressure, u->io_pressure >= 0, 7);
	print_count(u->oom_kills, 3);
	printf("\n");
}

static void print_table(const struct table *t)
{
	size_t width = strlen("ID");

	for (size_t i = 0; i < t->n; i++)
		width = strlen(t->v[i].id) > width ? strlen(t->v[i].id) : width;
	printf("%-*s  %7s  %8s  %8s  %6s  %5s  %8s  %8s  %8s  %8s  %7s  %3s\n", (int)width, "ID",
	       "CPU", "MEMORY", "LIMIT", "USED", "PIDS", "READ", "WRITTEN", "WAIT:CPU", "WAIT:MEM",
	       "WAIT:IO", "OOM");
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].there)
			print_row(&t->v[i], (int)width);
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

static int one_table(struct cli *cli, char **words, struct lc_error *e)
{
	struct table t = { 0 };
	int r = look(cli, words, true, &t, e);

	if (!r) {
		poll(NULL, 0, ONCE_MS);
		r = look(cli, words, true, &t, e);
	}
	if (!r)
		print_table(&t);
	table_release(&t);
	return r;
}

/* Until interrupted, or until those that were named have ended. */
static int keep_printing(struct cli *cli, char **words, int ms, bool terminal, struct lc_error *e)
{
	struct table t = { 0 };
	bool any = true;
	int r = look(cli, words, true, &t, e);

	for (int wait = ONCE_MS; !r && any; wait = ms) {
		poll(NULL, 0, wait < ms ? wait : ms);
		r = look(cli, words, false, &t, e);
		if (r)
			break;
		any = !words[0];
		for (size_t i = 0; i < t.n; i++)
			any = any || t.v[i].there;
		if (terminal)
			printf("\033[H\033[J");
		print_table(&t);
		if (fflush(stdout) == EOF || ferror(stdout))
			break;
	}
	table_release(&t);
	return r;
}

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	const struct stats_args *args = given;
	bool json = args->format && !strcmp(args->format, "json");
	bool terminal = isatty(STDOUT_FILENO);
	uint64_t ms = 2000;

	if (args->format && !json && strcmp(args->format, "table") != 0)
		return lc_err(e, LC_EUSAGE, "stats: --format: expected table or json, found \"%s\"",
			      args->format);
	if (args->interval && (!quantity_ms(args->interval, &ms) || !ms || ms > INTERVAL_MAX_MS))
		return lc_err(e, LC_EUSAGE,
			      "stats: --interval: expected a time such as 2s, greater than 0, "
			      "found \"%s\"",
			      args->interval);
	if (json)
		return print_json(cli, words, e);
	if (args->once || (!terminal && !args->interval))
		return one_table(cli, words, e);
	return keep_printing(cli, words, (int)ms, terminal, e);
}

const struct command cmd_stats = {
	.name = "stats",
	.usage = "[options] [ID...]",
	.summary = "show what containers use",
	.about = "   All that run, or those that are named. WAIT: the share of the last ten "
		 "seconds in\n"
		 "   which something in the container waited for a processor, memory or a disk.\n",
	.options = stats_options,
	.args_size = sizeof(struct stats_args),
	.max_words = -1,
	.run = run,
};
