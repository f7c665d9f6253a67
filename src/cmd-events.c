/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull events: what a container uses, and when memory ran out in it: lines of JSON, or for people.
 */
#include "cli.h"
#include "base/clock.h"
#include "base/own.h"
#include "live.h"
#include "quantity.h"
#include "stdout.h"
#include "usage.h"
#include <string.h>
#include <unistd.h>

struct events_args {
	const char *format, *interval;
	bool stats;
};

static const struct option_def events_options[] = {
	OPT_STRING(struct events_args, format, "format", 'f', "FORMAT",
		   "json, or text: lines for people (default on a terminal)"),
	OPT_STRING(struct events_args, interval, "interval", 0, "TIME",
		   "time between statistics, such as 500ms or 1m (default: 5s)"),
	OPT_FLAG(struct events_args, stats, "stats", 0, "print statistics once and end"),
	OPT_END,
};

struct listener {
	struct cli *cli;
	const char *id;
	bool people; /* else JSON */
	struct usage before;
	bool broken; /* nobody reads us any more */
};

static void print_time(void)
{
	char text[CLOCK_UTC];

	clock_utc(text);
	printf("%sZ", text);
}

static void print_of(uint64_t limit, const char *text)
{
	if (limit != LC_UNKNOWN)
		printf(" of %s", text);
}

/* One line for people; nothing where it has just ended. */
static void print_usage(struct listener *l)
{
	char text[QUANTITY_TEXT], pids[24];
	struct lc_error e = { 0 };
	struct usage u;
	char percent[16] = "-";
	double cpu;

	if (usage_look(l->cli, l->id, &u, &e) < 0)
		return;
	cpu = usage_cpu(&l->before, &u);
	l->before = u;
	print_time();
	if (cpu >= 0)
		snprintf(percent, sizeof(percent), "%.1f%%", cpu);
	printf("  %s  cpu %6s", l->id, percent);
	printf("  memory %8s", usage_bytes(u.now.memory, text));
	print_of(u.now.memory_limit, usage_bytes(u.now.memory_limit, text));
	snprintf(pids, sizeof(pids), "%llu", (unsigned long long)u.now.pids);
	printf("  pids %4s", u.now.pids == LC_UNKNOWN ? "-" : pids);
	snprintf(pids, sizeof(pids), "%llu", (unsigned long long)u.now.pids_limit);
	print_of(u.now.pids_limit, pids);
	printf("  read %8s", usage_bytes(u.now.io_read, text));
	printf("  written %8s\n", usage_bytes(u.now.io_written, text));
}

static void print_oom(const struct listener *l)
{
	print_time();
	printf("  %s  out of memory: the kernel killed a process of it\n", l->id);
}

static int print_event(void *ctx, const char *type, const char *json)
{
	struct listener *l = ctx;

	/* Ids need no escapes. */
	if (l->people && json)
		print_usage(l);
	else if (l->people)
		print_oom(l);
	else if (json)
		printf("{\"type\":\"%s\",\"id\":\"%s\",\"data\":%s}\n", type, l->id, json);
	else
		printf("{\"type\":\"%s\",\"id\":\"%s\"}\n", type, l->id);
	l->broken = stdout_flush() < 0;
	return l->broken ? -1 : 0;
}

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	const struct events_args *args = given;
	struct listener l = { .cli = cli, .id = words[0] };
	auto_free char *json = NULL;
	uint64_t ms = 5000;

	if (args->format && strcmp(args->format, "json") != 0 && strcmp(args->format, "text") != 0)
		return lc_err(e, LC_EUSAGE, "events: --format: expected json or text, found \"%s\"",
			      args->format);
	l.people = args->format ? !strcmp(args->format, "text") : isatty(STDOUT_FILENO);
	if (live_interval("events", args->interval, "5s", &ms, e) < 0)
		return -1;
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
	.summary = "print statistics and out-of-memory events",
	.about = "   One JSON object a line, until the container ends: {\"type\": \"stats\", ...} "
		 "in "
		 "each\n"
		 "   interval, {\"type\": \"oom\", ...} when the kernel killed a process because "
		 "memory\n"
		 "   was short. On a terminal the lines are for people, unless --format says "
		 "otherwise.\n",
	.options = events_options,
	.args_size = sizeof(struct events_args),
	.min_words = 1,
	.max_words = 1,
	.run = run,
};
