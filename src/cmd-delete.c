/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull delete: remove a container. */
#include "cli.h"

struct delete_args {
	const char *exit_report;
	bool force, regex;
};

static const struct option_def delete_options[] = {
	OPT_FLAG(struct delete_args, force, "force", 'f',
		 "kill it first if it runs; an unknown ID is no error"),
	OPT_FLAG(struct delete_args, regex, "regex", 'r',
		 "ID is a regular expression: delete all containers that match"),
	OPT_STRING(struct delete_args, exit_report, "exit-report", 0, "FILE|fd:N",
		   "write there, as JSON, what is known of why it ended and what it used"),
	OPT_END,
};

static int delete_one(struct cli *cli, const struct lc_state *c, const void *force,
		      struct lc_error *e)
{
	if (lc_delete(cli->lc, c->id, *(const bool *)force, e) == 0 || e->code == LC_ENOTFOUND)
		return 0;
	return -1;
}

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	const struct delete_args *args = given;
	struct lc_delete how = {
		.size = sizeof(how),
		.force = args->force,
		.exit_report = args->exit_report,
	};

	if (args->exit_report && (args->regex || words[1]))
		return lc_err(e, LC_EUSAGE, "delete: --exit-report goes with one ID");
	for (; *words; words++)
		if ((args->regex ? for_matching(cli, *words, delete_one, &args->force, e)
				 : lc_delete_with(cli->lc, *words, &how, e)) < 0)
			return -1;
	return 0;
}

const struct command cmd_delete = {
	.name = "delete",
	.usage = "[options] ID...",
	.summary = "remove a stopped container",
	.options = delete_options,
	.args_size = sizeof(struct delete_args),
	.min_words = 1,
	.max_words = -1,
	.run = run,
};
