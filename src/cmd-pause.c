/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull pause: freeze a container. */
#include "cli.h"

static const struct option_def pause_options[] = {
	OPT_END,
};

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	(void)given;
	return lc_pause(cli->lc, words[0], e);
}

const struct command cmd_pause = {
	.name = "pause",
	.usage = "ID",
	.summary = "freeze all processes of a container",
	.options = pause_options,
	.min_words = 1,
	.max_words = 1,
	.run = run,
};
