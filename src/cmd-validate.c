/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull validate: check a config.json and say all that is wrong. */
#include "cli.h"

struct validate_args {
	const char *bundle, *config;
};

static const struct option_def validate_options[] = {
	OPT_STRING(struct validate_args, bundle, "bundle", 'b', "DIR",
		   "directory of the bundle (default: .)"),
	OPT_STRING(struct validate_args, config, "config", 'f', "FILE",
		   "check this instead of the bundle's config.json"),
	OPT_END,
};

struct tally {
	size_t errors, warnings;
	bool debug;
};

static void say(void *ctx, int level, const char *text)
{
	struct tally *tally = ctx;

	if (level == LC_LOG_ERROR)
		tally->errors++;
	else if (level == LC_LOG_WARNING)
		tally->warnings++;
	else if (!tally->debug)
		return;
	printf("%s%s\n",
	       level == LC_LOG_ERROR	 ? ""
	       : level == LC_LOG_WARNING ? "warning: "
					 : "note: ",
	       text);
}

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	const struct validate_args *args = given;
	struct lc_create how = { .size = sizeof(how),
				 .bundle = args->bundle,
				 .config = args->config };
	struct tally tally = { .debug = cli->log->max >= LC_LOG_DEBUG };

	(void)words;
	if (lc_validate(cli->lc, &how, say, &tally, e) < 0 && !tally.errors)
		return -1;
	if (tally.errors)
		return lc_err(e, LC_ECONFIG, "%zu error%s, %zu warning%s", tally.errors,
			      tally.errors == 1 ? "" : "s", tally.warnings,
			      tally.warnings == 1 ? "" : "s");
	return 0;
}

const struct command cmd_validate = {
	.name = "validate",
	.usage = "[options]",
	.summary = "check a config.json and print all errors at once",
	.about = "   Each line on stdout is FILE:LINE:COLUMN: MEMBER: what was expected and what "
		 "was found.\n"
		 "   Nothing is created; the exit status is 0 when there is no error.\n",
	.options = validate_options,
	.args_size = sizeof(struct validate_args),
	.run = run,
};
