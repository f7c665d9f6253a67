/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull events: what a container uses, and when memory ran out in it, as lines of JSON. */
#include "cli.h"
#include "base/own.h"
#include "base/str.h"
#include "quantity.h"
#include <string.h>

#define INTERVAL_MAX_MS 1000000000

struct events_args {
	const char *interval;
	bool stats;
};

static const struct option_def events_options[] = {
	OPT_STRING(struct events_args, interval, "interval", 0, "TIME",
		   "time between statistics, such as 500ms or 1m (default: 5s)"),
	OPT_FLAG(struct events_args, stats, "stats", 0, "print statistics once and end"),
	OPT_END,
};

struct listener {
	const char *id;
	bool broken; /* nobody reads us any more */
};

static int print_event(void *ctx, const char *type, const char *json)
{
	struct listener *l = ctx;

	/* Ids need no escapes. */
	if (json)
		printf("{\"type\":\"%s\",\"id\":\"%s\",\"data\":%s}\n", type, l->id, json);
	else
		printf("{\"type\":\"%s\",\"id\":\"%s\"}\n", type, l->id);
	/* A line longer than the buffer has failed before it is flushed. */
	l->broken = fflush(stdout) == EOF || ferror(stdout);
	return l->broken ? -1 : 0;
}

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	const struct events_args *args = given;
	struct listener l = { .id = words[0] };
	auto_free char *json = NULL;
	uint64_t ms = 5000;

	if (args->interval && (!quantity_ms(args->interval, &ms) || !ms || ms > INTERVAL_MAX_MS))
		return lc_err(e, LC_EUSAGE,
			      "events: --interval: expected a time such as 5s, greater than 0, "
			      "found \"%s\"",
			      args->interval);
	if (args->stats) {
		if (lc_stats(cli->lc, words[0], &json, e) < 0)
			return -1;
		return print_event(&l, "stats", json) < 0 ? lc_err_errno(e, "write to stdout") : 0;
	}
	if (lc_events(cli->lc, words[0], (unsigned)ms, print_event, &l, e) < 0)
		return l.broken ? lc_err(e, LC_ESYSTEM, "events: nobody reads what is written")
				: -1;
	return 0;
}

const struct command cmd_events = {
	.name = "events",
	.usage = "[options] ID",
	.summary = "print statistics and out-of-memory events as JSON",
	.about = "   One object a line, until the container ends: {\"type\": \"stats\", ...} in "
		 "each\n"
		 "   interval, {\"type\": \"oom\", ...} when the kernel killed a process because "
		 "memory\n"
		 "   was short.\n",
	.options = events_options,
	.args_size = sizeof(struct events_args),
	.min_words = 1,
	.max_words = 1,
	.run = run,
};
