/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull check: what this host can do, and what helps where it cannot. */
#include "cli.h"
#include "base/str.h"
#include <string.h>

struct check_args {
	bool json;
};

static const struct option_def check_options[] = {
	OPT_FLAG(struct check_args, json, "json", 0, "as JSON"),
	OPT_END,
};

static const char *const states[] = {
	[LC_CHECK_OK] = "ok", [LC_CHECK_NO] = "no", [LC_CHECK_BAD] = "bad"
};

struct printer {
	struct buf json; /* NULL arena: a table */
	const char *area;
};

static void add_member(struct buf *b, const char *name, const char *value)
{
	buf_addf(b, ", \"%s\": ", name);
	buf_add_json(b, value);
}

static void add_object(struct buf *b, const struct lc_check *c)
{
	buf_add(b, b->len ? ",\n    {\"area\": " : "    {\"area\": ");
	buf_add_json(b, c->area);
	add_member(b, "name", c->name);
	add_member(b, "state", states[c->state]);
	add_member(b, "found", c->found);
	add_member(b, "fix", c->fix);
	buf_add(b, "}");
}

static void say(void *ctx, const struct lc_check *c)
{
	struct printer *p = ctx;

	if (p->json.arena) {
		add_object(&p->json, c);
		return;
	}
	if (!p->area || strcmp(p->area, c->area) != 0)
		printf("%s%s\n", p->area ? "\n" : "", c->area);
	p->area = c->area;
	printf("  %-4s %-18s %s\n", states[c->state], c->name, c->found);
	if (*c->fix)
		printf("       %-18s -> %s\n", "", c->fix);
}

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	const struct check_args *args = given;
	auto_arena arena = { 0 };
	struct printer p = { .json.arena = args->json ? &arena : NULL };
	bool fit;

	(void)words;
	if (lc_host_check(cli->lc, say, &p, &fit, e) < 0)
		return -1;
	if (args->json)
		printf("{\n  \"fit\": %s,\n  \"checks\": [\n%s\n  ]\n}\n", fit ? "true" : "false",
		       p.json.str);
	else
		printf("\n%s\n", fit ? "Containers can be run here."
				     : "Containers cannot be run here: see the lines marked bad.");
	return fit ? 0 : 1;
}

const struct command cmd_check = {
	.name = "check",
	.usage = "[options]",
	.summary = "show what this host can do, and what helps where it cannot",
	.about =
		"   ok: it is there; no: something needs it, most containers do not; bad: no "
		"container\n"
		"   runs without it (exit status 1). For the caller as it is: root, or an ordinary "
		"user.\n",
	.options = check_options,
	.args_size = sizeof(struct check_args),
	.run = run,
};
