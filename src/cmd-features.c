/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull features: what this runtime can do, as the OCI features document. */
#include "cli.h"
#include <stdlib.h>

static const struct option_def features_options[] = {
	OPT_END,
};

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	char *json;

	(void)given;
	(void)words;
	if (lc_features(cli->lc, &json, e) < 0)
		return -1;
	fputs(json, stdout);
	free(json);
	return 0;
}

const struct command cmd_features = {
	.name = "features",
	.usage = "",
	.summary = "print what this runtime can do (OCI features document)",
	.options = features_options,
	.run = run,
};
