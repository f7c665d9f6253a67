/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull list: all containers. */
#include "cli.h"
#include "base/str.h"
#include "live.h"
#include "quantity.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct list_args {
	const char *format, *interval;
	bool quiet, watch;
};

static const struct option_def list_options[] = {
	OPT_STRING(struct list_args, format, "format", 'f', "FORMAT", "table (default) or json"),
	OPT_FLAG(struct list_args, quiet, "quiet", 'q', "ids only"),
	OPT_FLAG(struct list_args, watch, "watch", 'w',
		 "list again and again; on a terminal in place, until q is pressed"),
	OPT_STRING(struct list_args, interval, "interval", 0, "TIME",
		   "time between two tables, such as 500ms (default: 2s); implies --watch"),
	OPT_END,
};

static void print_ids(FILE *out, const struct lc_state *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%s\n", v[i].id);
}

static int widest(const struct lc_state *v, size_t n, const char *title, size_t offset)
{
	size_t most = strlen(title);

	for (size_t i = 0; i < n; i++) {
		const char *text = *(char *const *)((const char *)&v[i] + offset);

		if (strlen(text) > most)
			most = strlen(text);
	}
	return (int)most;
}

/* In place of the time at which it was made: how long ago that is. */
static void print_age(const struct lc_state *state, char text[QUANTITY_TEXT])
{
	struct tm tm = { 0 };
	time_t made, now = time(NULL);

	if (sscanf(state->created, "%d-%d-%dT%d:%d:%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		   &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6) {
		snprintf(text, QUANTITY_TEXT, "-");
		return;
	}
	tm.tm_year -= 1900;
	tm.tm_mon--;
	made = timegm(&tm);
	quantity_print_age(now > made ? (uint64_t)(now - made) : 0, text);
}

/* For people; what programs read is print_table(). */
static void print_for_people(FILE *out, const struct lc_state *v, size_t n)
{
	int id = widest(v, n, "ID", offsetof(struct lc_state, id));
	int status = widest(v, n, "STATUS", offsetof(struct lc_state, status));
	int owner = widest(v, n, "OWNER", offsetof(struct lc_state, owner));
	char age[QUANTITY_TEXT];

	fprintf(out, "%-*s  %7s  %-*s  %9s  %-*s  BUNDLE\n", id, "ID", "PID", status, "STATUS",
		"CREATED", owner, "OWNER");
	for (size_t i = 0; i < n; i++) {
		print_age(&v[i], age);
		fprintf(out, "%-*s  %7d  %-*s  %9s  %-*s  %s\n", id, v[i].id, v[i].pid, status,
			v[i].status, age, owner, v[i].owner, v[i].bundle);
	}
}

static void print_table(FILE *out, const struct lc_state *v, size_t n)
{
	int id = widest(v, n, "ID", offsetof(struct lc_state, id));
	int status = widest(v, n, "STATUS", offsetof(struct lc_state, status));
	int bundle = widest(v, n, "BUNDLE", offsetof(struct lc_state, bundle));
	int created = widest(v, n, "CREATED", offsetof(struct lc_state, created));

	fprintf(out, "%-*s   %-7s   %-*s   %-*s   %-*s   OWNER\n", id, "ID", "PID", status,
		"STATUS", bundle, "BUNDLE", created, "CREATED");
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%-*s   %-7d   %-*s   %-*s   %-*s   %s\n", id, v[i].id, v[i].pid,
			status, v[i].status, bundle, v[i].bundle, created, v[i].created,
			v[i].owner);
}

static void add_member(struct buf *b, const char *name, const char *value)
{
	buf_addf(b, "\"%s\":", name);
	buf_add_json(b, value ? value : "");
}

static void add_annotations(struct buf *b, char **annotations)
{
	buf_add(b, "\"annotations\":{");
	for (size_t i = 0; annotations[i]; i += 2) {
		buf_add(b, i ? "," : "");
		buf_add_json(b, annotations[i]);
		buf_add(b, ":");
		buf_add_json(b, annotations[i + 1]);
	}
	buf_add(b, "},");
}

/* The members in the order that scripts know from runc. */
static void add_state(struct buf *b, const struct lc_state *state)
{
	buf_add(b, "{");
	add_member(b, "ociVersion", state->oci_version);
	buf_add(b, ",");
	add_member(b, "id", state->id);
	buf_addf(b, ",\"pid\":%d,", state->pid);
	add_member(b, "status", state->status);
	buf_add(b, ",");
	add_member(b, "bundle", state->bundle);
	buf_add(b, ",");
	add_member(b, "rootfs", state->rootfs);
	buf_add(b, ",");
	add_member(b, "created", state->created);
	buf_add(b, ",");
	if (state->annotations && state->annotations[0])
		add_annotations(b, state->annotations);
	add_member(b, "owner", state->owner);
	buf_add(b, "}");
}

static void print_json(FILE *out, const struct lc_state *v, size_t n)
{
	auto_arena arena = { 0 };
	struct buf b = { .arena = &arena };

	buf_add(&b, "[");
	for (size_t i = 0; i < n; i++) {
		buf_add(&b, i ? "," : "");
		add_state(&b, &v[i]);
	}
	fprintf(out, "%s]\n", b.str);
}

struct list {
	struct cli *cli;
	bool quiet, json, people;
};

static int draw(void *ctx, FILE *out, int columns, struct lc_error *e)
{
	const struct list *l = ctx;
	struct lc_state *v = NULL;
	size_t n = 0;

	(void)columns;
	if (lc_list(l->cli->lc, &v, &n, e) < 0)
		return -1;
	if (l->quiet)
		print_ids(out, v, n);
	else if (l->json)
		print_json(out, v, n);
	else if (l->people)
		print_for_people(out, v, n);
	else
		print_table(out, v, n);
	lc_list_free(v, n);
	return LIVE_MORE;
}

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	const struct list_args *args = given;
	struct list l = { cli, .quiet = args->quiet, .people = isatty(STDOUT_FILENO) };
	struct live_view view = { .draw = draw, .ctx = &l, .interval_ms = 2000 };

	(void)words;
	if (option_format("list", args->format, &l.json, e) < 0 ||
	    live_interval("list", args->interval, "2s", &view.interval_ms, e) < 0)
		return -1;
	view.plain = l.json || l.quiet;
	return args->watch || args->interval ? live_show(&view, e) : live_once(&view, e);
}

const struct command cmd_list = {
	.name = "list",
	.usage = "[options]",
	.summary = "list containers",
	.about = "   On a terminal CREATED tells how long ago; to a program, the time.\n",
	.options = list_options,
	.args_size = sizeof(struct list_args),
	.run = run,
};
