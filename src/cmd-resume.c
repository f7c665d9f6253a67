/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull resume: thaw a container. */
#include "cli.h"

static const struct option_def resume_options[] = {
	OPT_END,
};

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	(void)given;
	return lc_resume(cli->lc, words[0], e);
}

const struct command cmd_resume = {
	.name = "resume",
	.usage = "ID",
	.summary = "let a paused container go on",
	.options = resume_options,
	.min_words = 1,
	.max_words = 1,
	.run = run,
};
