/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull ps: the processes of a container. */
#include "cli.h"
#include "base/own.h"
#include "live.h"
#include <stdlib.h>
#include <string.h>

struct ps_args {
	const char *format, *interval;
	bool watch;
};

static const struct option_def ps_options[] = {
	OPT_STRING(struct ps_args, format, "format", 'f', "FORMAT", "table (default) or json"),
	OPT_FLAG(struct ps_args, watch, "watch", 'w',
		 "list again and again, until the container ends; on a terminal in place, until q "
		 "is pressed"),
	OPT_STRING(struct ps_args, interval, "interval", 0, "TIME",
		   "time between two tables, such as 500ms (default: 2s); implies --watch"),
	OPT_END,
};

struct ps {
	struct cli *cli;
	char **words; /* the container, options of ps(1) */
	bool json;
	bool watch, seen; /* the end of one that was seen is no error */
};

static void print_json(FILE *out, const pid_t *pids, size_t n)
{
	fprintf(out, "[");
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%s%d", i ? "," : "", (int)pids[i]);
	fprintf(out, "]\n");
}

static int print(const struct ps *ps, FILE *out, struct lc_error *e)
{
	auto_free pid_t *pids = NULL;
	auto_free char *table = NULL;
	size_t n = 0;

	if (!ps->json) {
		if (lc_ps(ps->cli->lc, ps->words[0], (const char *const *)ps->words + 1, &table,
			  e) < 0)
			return -1;
		fputs(table, out);
		return 0;
	}
	if (lc_pids(ps->cli->lc, ps->words[0], &pids, &n, e) < 0)
		return -1;
	print_json(out, pids, n);
	return 0;
}

/* Whether it has ended, or was even removed. */
static bool has_ended(const struct ps *ps)
{
	struct lc_state state = { 0 };
	struct lc_error e = { 0 };
	bool ended;

	if (lc_state(ps->cli->lc, ps->words[0], &state, &e) < 0)
		return e.code == LC_ENOTFOUND;
	ended = !strcmp(state.status, "stopped");
	lc_state_free(&state);
	return ended;
}

static int draw(void *ctx, FILE *out, int columns, struct lc_error *e)
{
	struct ps *ps = ctx;

	(void)columns;
	if (ps->watch && ps->seen && has_ended(ps))
		return LIVE_END;
	if (print(ps, out, e) < 0)
		return ps->watch && ps->seen && has_ended(ps) ? LIVE_END : -1;
	ps->seen = true;
	return LIVE_MORE;
}

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	const struct ps_args *args = given;
	struct ps ps = { cli, words, .watch = args->watch || args->interval };
	struct live_view view = { .draw = draw, .ctx = &ps, .interval_ms = 2000 };

	if (option_format("ps", args->format, &ps.json, e) < 0 ||
	    live_interval("ps", args->interval, "2s", &view.interval_ms, e) < 0)
		return -1;
	view.plain = ps.json;
	return ps.watch ? live_show(&view, e) : live_once(&view, e);
}

const struct command cmd_ps = {
	.name = "ps",
	.usage = "[options] ID [PS-OPTIONS...]",
	.summary = "list the processes of a container",
	.about = "   The table is that of the host's ps(1), whose options may follow (default: "
		 "-ef).\n",
	.options = ps_options,
	.args_size = sizeof(struct ps_args),
	.min_words = 1,
	.max_words = -1,
	.stop_at_word = true,
	.run = run,
};
