/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull vm: what VM mode needs, and the kernels it could boot. */
#include "cli.h"
#include "base/str.h"

#include <string.h>

struct vm_args {
	bool json;
};

static const struct option_def vm_options[] = {
	OPT_FLAG(struct vm_args, json, "json", 'j', "print JSON"),
	OPT_END,
};

struct output {
	struct arena arena;
	struct buf json;
	bool as_json;
	size_t n, missing;
};

static void add(struct output *o, const char *name, const char *value)
{
	if (!value)
		return;
	buf_addf(&o->json, ",\"%s\":", name);
	buf_add_json(&o->json, value);
}

static void tell_fact(void *ctx, const struct lc_vm_fact *fact)
{
	struct output *o = ctx;

	o->missing += !fact->ok;
	if (!o->as_json) {
		printf("%-8s  %-7s  %s\n", fact->name, fact->ok ? "ok" : "missing", fact->text);
		if (fact->fix)
			printf("%-8s  %-7s  %s\n", "", "", fact->fix);
		return;
	}
	buf_addf(&o->json, "%s{\"ok\":%s", o->n++ ? "," : "", fact->ok ? "true" : "false");
	add(o, "name", fact->name);
	add(o, "text", fact->text);
	add(o, "fix", fact->fix);
	buf_add(&o->json, "}");
}

static int check(struct cli *cli, struct output *o, struct lc_error *e)
{
	if (lc_vm_check(cli->lc, tell_fact, o, e) < 0)
		return -1;
	if (o->as_json)
		printf("{\"ok\":%s,\"checks\":[%s]}\n", o->missing ? "false" : "true", o->json.str);
	return o->missing ? 1 : 0;
}

static void tell_kernel(void *ctx, const char *path, const char *release, const char *why)
{
	struct output *o = ctx;

	if (!o->as_json) {
		printf("%s  %s  %s\n", path, release ? release : "-", why);
		return;
	}
	buf_addf(&o->json, "%s{\"default\":%s", o->n ? "," : "", o->n ? "false" : "true");
	o->n++;
	add(o, "path", path);
	add(o, "release", release);
	add(o, "why", why);
	buf_add(&o->json, "}");
}

static int list_kernels(struct cli *cli, struct output *o, struct lc_error *e)
{
	if (lc_vm_kernels(cli->lc, tell_kernel, o, e) < 0)
		return -1;
	if (o->as_json)
		printf("[%s]\n", o->json.str);
	return 0;
}

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	const struct vm_args *args = given;
	struct output o = { .as_json = args->json };
	int r;

	o.json.arena = &o.arena;
	buf_add(&o.json, "");
	if (!strcmp(words[0], "check") && !words[1])
		r = check(cli, &o, e);
	else if (!strcmp(words[0], "kernel") && words[1] && !strcmp(words[1], "list"))
		r = list_kernels(cli, &o, e);
	else
		r = lc_err(e, LC_EUSAGE, "vm: expected `check` or `kernel list`, found \"%s%s%s\"",
			   words[0], words[1] ? " " : "", words[1] ? words[1] : "");
	arena_free(&o.arena);
	return r;
}

const struct command cmd_vm = {
	.name = "vm",
	.usage = "[options] check | kernel list",
	.summary = "what containers in virtual machines need, and whether it is there",
	.about = "   check        looks for KVM, the programs of VM mode, a kernel and its "
		 "modules,\n"
		 "                and says how to get what is missing; exit status 1 if anything "
		 "is\n"
		 "   kernel list  the kernels that could be booted; the first one is taken\n",
	.options = vm_options,
	.args_size = sizeof(struct vm_args),
	.min_words = 1,
	.max_words = 2,
	.run = run,
};
