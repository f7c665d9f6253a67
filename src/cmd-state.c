/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull state: what is known of a container, as OCI state JSON. */
#include "cli.h"
#include <stdlib.h>

static const struct option_def state_options[] = {
	OPT_END,
};

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	char *json;

	(void)given;
	if (lc_state_json(cli->lc, words[0], &json, e) < 0)
		return -1;
	printf("%s\n", json);
	free(json);
	return 0;
}

const struct command cmd_state = {
	.name = "state",
	.usage = "ID",
	.summary = "print the state of a container as JSON",
	.options = state_options,
	.min_words = 1,
	.max_words = 1,
	.run = run,
};
