/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull plan: what create would do, in words or as JSON. */
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
	OPT_FLAG(struct plan_args, json, "json", 0, "as JSON: all of it, for machines"),
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
	const char *id = words[0] ? words[0] : "plan";
	char *text;

	if ((args->json ? lc_plan : lc_explain)(cli->lc, id, &how, &text, e) < 0)
		return -1;
	fputs(text, stdout);
	free(text);
	return 0;
}

const struct command cmd_plan = {
	.name = "plan",
	.usage = "[options] [ID]",
	.summary = "show what create would do, without doing it",
	.about =
		"   In words, with what makes it less of a container than one may think. With "
		"--json all of\n"
		"   it: every namespace, mount, device, limit and filter, with paths made absolute "
		"and\n"
		"   words turned into flags. Needs no privileges. `explain` is the same command.\n",
	.options = plan_options,
	.args_size = sizeof(struct plan_args),
	.max_words = 1,
	.run = run,
};
