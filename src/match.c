/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands for every container whose id a regular expression matches. */
#include "cli.h"
#include <regex.h>

static int compile(const char *text, regex_t *regex, struct lc_error *e)
{
	char why[128];
	int r = regcomp(regex, text, REG_EXTENDED | REG_NOSUB);

	if (!r)
		return 0;
	regerror(r, regex, why, sizeof(why));
	return lc_err(e, LC_EUSAGE, "--regex: \"%s\": %s", text, why);
}

int for_matching(struct cli *cli, const char *text,
		 int (*act)(struct cli *cli, const struct lc_state *c, const void *how,
			    struct lc_error *e),
		 const void *how, struct lc_error *e)
{
	struct lc_state *v = NULL;
	struct lc_error one;
	regex_t regex;
	size_t n = 0;
	int r = 0;

	if (compile(text, &regex, e) < 0)
		return -1;
	if (lc_list(cli->lc, &v, &n, e) < 0) {
		regfree(&regex);
		return -1;
	}
	for (size_t i = 0; i < n; i++) {
		if (regexec(&regex, v[i].id, 0, NULL, 0) || act(cli, &v[i], how, &one) == 0)
			continue;
		if (!r)
			*e = one;
		r = -1;
	}
	lc_list_free(v, n);
	regfree(&regex);
	return r;
}
