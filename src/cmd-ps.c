/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull ps: the processes of a container. */
#include "cli.h"
#include "base/own.h"
#include <stdlib.h>
#include <string.h>

struct ps_args {
	const char *format;
};

static const struct option_def ps_options[] = {
	OPT_STRING(struct ps_args, format, "format", 'f', "FORMAT", "table (default) or json"),
	OPT_END,
};

static void print_json(const pid_t *pids, size_t n)
{
	printf("[");
	for (size_t i = 0; i < n; i++)
		printf("%s%d", i ? "," : "", (int)pids[i]);
	printf("]\n");
}

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	const struct ps_args *args = given;
	bool json = args->format && !strcmp(args->format, "json");
	auto_free pid_t *pids = NULL;
	auto_free char *table = NULL;
	size_t n = 0;

	if (args->format && !json && strcmp(args->format, "table") != 0)
		return lc_err(e, LC_EUSAGE, "ps: --format: expected table or json, found \"%s\"",
			      args->format);
	if (!json) {
		if (lc_ps(cli->lc, words[0], (const char *const *)words + 1, &table, e) < 0)
			return -1;
		fputs(table, stdout);
		return 0;
	}
	if (lc_pids(cli->lc, words[0], &pids, &n, e) < 0)
		return -1;
	print_json(pids, n);
	return 0;
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
