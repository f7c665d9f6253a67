/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull start: run the program of a created container. */
#include "cli.h"

static const struct option_def start_options[] = {
	OPT_END,
};

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	(void)given;
	return lc_start(cli->lc, words[0], e);
}

const struct command cmd_start = {
	.name = "start",
	.usage = "ID",
	.summary = "run the program of a created container",
	.options = start_options,
	.min_words = 1,
	.max_words = 1,
	.about = "   Returns when the program runs; fails (126, 127, 125) when it could not be "
		 "executed.\n",
	.runs_program = true,
	.run = run,
};
