/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull plan: what create would do, as JSON. */
#include "cli.h"
#include <stdlib.h>

struct plan_args {
	const char *bundle, *config;
	bool no_pivot, no_new_keyring, json;
};

static const struct option_def plan_options[] = {
	OPT_STRING(struct plan_args, bundle, "bundle", 'b', "DIR",
		   "directory of the bundle (default: .)"),
	OPT_STRING(struct plan_args, config, "config", 'f', "FILE",
		   "read this instead of the bundle's config.json"),
	OPT_FLAG(struct plan_args, json, "json", 0, "as JSON (the only form so far)"),
	OPT_FLAG(struct plan_args, no_pivot, "no-pivot", 0, "as for create"),
	OPT_FLAG(struct plan_args, no_new_keyring, "no-new-keyring", 0, "as for create"),
	OPT_END,
};

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	const struct plan_args *args = given;
	struct lc_create how = {
		.size = sizeof(how),
		.bundle = args->bundle,
		.config = args->config,
		.no_pivot = args->no_pivot,
		.no_new_keyring = args->no_new_keyring,
	};
	char *json;

	if (lc_plan(cli->lc, words[0] ? words[0] : "plan", &how, &json, e) < 0)
		return -1;
	fputs(json, stdout);
	free(json);
	return 0;
}

const struct command cmd_plan = {
	.name = "plan",
	.usage = "[options] [ID]",
	.summary = "show what create would do, without doing it",
	.about = "   The plan is complete: every namespace, mount, device, limit and filter, with "
		 "paths\n"
		 "   made absolute and words turned into flags. Needs no privileges.\n",
	.options = plan_options,
	.args_size = sizeof(struct plan_args),
	.max_words = 1,
	.run = run,
};
