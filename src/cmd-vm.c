/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull vm: what VM mode needs, the kernels it could boot, and templates. */
#include "cli.h"
#include "base/str.h"
#include "quantity.h"

#include <string.h>

struct vm_args {
	bool json;
	const char *kernel;
	uint32_t memory, cpus;
};

static const struct option_def vm_options[] = {
	OPT_U32(struct vm_args, cpus, "cpus", 0, "N",
		"template build: processors (default: of a container without limits)"),
	OPT_FLAG(struct vm_args, json, "json", 'j', "print JSON"),
	OPT_STRING(struct vm_args, kernel, "kernel", 0, "FILE",
		   "template build: another kernel than the first of kernel list"),
	OPT_U32(struct vm_args, memory, "memory", 0, "MIB",
		"template build: the machine's memory (default: as --cpus)"),
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

/* ---- templates ---- */

static void tell_template(void *ctx, const struct lc_vm_template *t)
{
	struct output *o = ctx;

	o->missing += t->problem != NULL;
	if (!o->as_json) {
		printf("%.12s  %5u MiB  %2u CPU  %s\n", t->name, t->memory_mib, t->cpus,
		       t->problem ? t->problem : "ok");
		return;
	}
	buf_addf(&o->json, "%s{\"ok\":%s,\"memory\":%u,\"cpus\":%u", o->n++ ? "," : "",
		 t->problem ? "false" : "true", t->memory_mib, t->cpus);
	add(o, "name", t->name);
	add(o, "problem", t->problem);
	add(o, "facts", t->facts);
	buf_add(&o->json, "}");
}

static int list_templates(struct cli *cli, struct output *o, bool verify, struct lc_error *e)
{
	if (lc_vm_template_list(cli->lc, verify, tell_template, o, e) < 0)
		return -1;
	if (o->as_json)
		printf("[%s]\n", o->json.str);
	return verify && o->missing ? 1 : 0;
}

/* As of every command; it was looked at when the library was opened. */
static uint32_t timeout_of(const struct cli *cli)
{
	uint64_t ms;

	return cli->globals.timeout && quantity_ms(cli->globals.timeout, &ms) ? (uint32_t)ms : 0;
}

static int build_template(struct cli *cli, const struct vm_args *args, struct lc_error *e)
{
	struct lc_vm_template_how how = { .size = sizeof(how),
					  .kernel =
						  args->kernel ? args->kernel : cli->conf.vm_kernel,
					  .timeout_ms = timeout_of(cli),
					  .memory_mib = args->memory,
					  .cpus = args->cpus };
	char name[65];

	if (lc_vm_template_build(cli->lc, &how, name, e) < 0)
		return -1;
	printf("%.12s\n", name);
	return 0;
}

static int remove_templates(struct cli *cli, char **names, struct lc_error *e)
{
	if (!*names)
		return lc_err(e, LC_EUSAGE, "vm template remove: expected names");
	for (; *names; names++)
		if (lc_vm_template_remove(cli->lc, *names, e) < 0)
			return -1;
	return 0;
}

static int usage(char **words, struct lc_error *e)
{
	return lc_err(e, LC_EUSAGE,
		      "vm: expected `check`, `kernel list` or `template "
		      "build|list|verify|remove`, found \"%s%s%s\"",
		      words[0], words[1] ? " " : "", words[1] ? words[1] : "");
}

static int do_template(struct cli *cli, const struct vm_args *args, struct output *o, char **words,
		       struct lc_error *e)
{
	const char *what = words[1] ? words[1] : "";

	if (!strcmp(what, "remove"))
		return remove_templates(cli, words + 2, e);
	if (!words[1] || words[2])
		return usage(words, e);
	if (!strcmp(what, "build"))
		return build_template(cli, args, e);
	if (!strcmp(what, "list") || !strcmp(what, "verify"))
		return list_templates(cli, o, !strcmp(what, "verify"), e);
	return usage(words, e);
}

static bool is_build(char **words)
{
	return !strcmp(words[0], "template") && words[1] && !strcmp(words[1], "build");
}

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	const struct vm_args *args = given;
	struct output o = { .as_json = args->json };
	int r;

	o.json.arena = &o.arena;
	buf_add(&o.json, "");
	if ((args->kernel || args->memory || args->cpus) && !is_build(words))
		r = lc_err(e, LC_EUSAGE,
			   "vm: --kernel, --memory and --cpus are for `template build`");
	else if (!strcmp(words[0], "check") && !words[1])
		r = check(cli, &o, e);
	else if (!strcmp(words[0], "kernel") && words[1] && !strcmp(words[1], "list") && !words[2])
		r = list_kernels(cli, &o, e);
	else if (!strcmp(words[0], "template"))
		r = do_template(cli, args, &o, words, e);
	else
		r = usage(words, e);
	arena_free(&o.arena);
	return r;
}

const struct command cmd_vm = {
	.name = "vm",
	.usage = "[options] check | kernel list | template build|list|verify|remove [NAME...]",
	.summary = "what containers in virtual machines need, and their templates",
	.about = "   check            looks for KVM, the programs of VM mode, a kernel and its\n"
		 "                    modules, and says how to get what is missing; exit status 1\n"
		 "                    if anything is\n"
		 "   kernel list      the kernels that could be booted; the first one is taken\n"
		 "   template build   boots a machine until it is ready for a container and saves "
		 "it,\n"
		 "                    unless there is one; prints its name\n"
		 "   template list    those that there are, and why one is never used\n"
		 "   template verify  the same, and their memory is read; exit status 1 if one is\n"
		 "                    damaged\n"
		 "   template remove  removes those whose names begin so\n",
	.options = vm_options,
	.args_size = sizeof(struct vm_args),
	.min_words = 1,
	.max_words = -1,
	.run = run,
};
