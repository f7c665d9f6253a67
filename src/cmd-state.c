/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull state: what is known of a container, as OCI state JSON. */
#include "cli.h"
#include <stdlib.h>

struct state_args {
	bool exit;
};

static const struct option_def state_options[] = {
	OPT_FLAG(struct state_args, exit, "exit", 0,
		 "of a container that has ended: why, and what it used"),
	OPT_END,
};

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	const struct state_args *args = given;
	char *json;

	if ((args->exit ? lc_exit_report : lc_state_json)(cli->lc, words[0], &json, e) < 0)
		return -1;
	fputs(json, stdout);
	if (!args->exit) /* a report ends its last line itself */
		putchar('\n');
	free(json);
	return 0;
}

const struct command cmd_state = {
	.name = "state",
	.usage = "[options] ID",
	.summary = "print the state of a container as JSON",
	.options = state_options,
	.args_size = sizeof(struct state_args),
	.min_words = 1,
	.max_words = 1,
	.run = run,
};
