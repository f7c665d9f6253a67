/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a config.json to a plan. */
#include "run/load.h"
#include "base/file.h"
#include "base/own.h"
#include "plan/documents.h"
#include "run/id.h"
#include "sys/probe.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A spec is checked at create; reports of what is unknown interest only those who debug. */
static void log_remark(void *ctx, const struct remark *remark)
{
	const struct lc *lc = ctx;
	char text[1024];

	if (remark->kind == REMARK_ERROR)
		return; /* the first becomes the call's error */
	remark_text(remark, text, sizeof(text));
	log_at(lc->log, remark->kind == REMARK_WARNING ? LC_LOG_WARNING : LC_LOG_DEBUG, "%s", text);
}

void load_log_notes(struct lc *lc, const struct plan *plan)
{
	for (size_t i = 0; i < plan->notes.n; i++) {
		const struct plan_note *note = &plan->notes.v[i];

		log_at(lc->log, note->warning ? LC_LOG_WARNING : LC_LOG_DEBUG, "%s: %s",
		       note->member, note->text);
	}
}

struct lc_create load_create_options(const struct lc_create *how)
{
	struct lc_create copy = { 0 };

	memcpy(&copy, how, how->size < sizeof(copy) ? how->size : sizeof(copy));
	return copy;
}

static int not_a_directory(const char *bundle, struct lc_error *e)
{
	return lc_err(e, LC_ECONFIG, "bundle %s: not a directory", bundle);
}

static int find_bundle(const struct lc_create *how, struct arena *a, struct loaded *out,
		       struct lc_error *e)
{
	const char *bundle = how->bundle ? how->bundle : ".";
	char real[PATH_MAX];
	struct stat st;

	if (!realpath(bundle, real))
		return lc_err_errno(e, "bundle %s", bundle);
	/* What is opened in it shows that it is a directory. */
	if ((how->config || how->config_text) && stat(real, &st) < 0)
		return lc_err_errno(e, "bundle %s", bundle);
	if ((how->config || how->config_text) && !S_ISDIR(st.st_mode))
		return not_a_directory(bundle, e);
	out->bundle = arena_strdup(a, real);
	return 0;
}

/* A name without a slash is looked for in the bundle, a path from where the caller is. */
static int read_config(const struct lc_create *how, struct arena *a, struct loaded *out,
		       struct lc_error *e)
{
	const char *name = how->config ? how->config : "config.json";

	out->file = arena_strdup(a, name);
	if (how->config_text) {
		out->len = strlen(how->config_text);
		out->text = arena_strndup(a, how->config_text, out->len);
		return 0;
	}
	if (!strchr(name, '/'))
		name = arena_printf(a, "%s/%s", out->bundle, name);
	if (file_read_at(AT_FDCWD, name, a, CONFIG_MAX, &out->text, &out->len, e) < 0) {
		if (e->sys_errno == ENOTDIR && !how->config)
			return not_a_directory(how->bundle ? how->bundle : ".", e);
		e->code = LC_ECONFIG;
		return -1;
	}
	return 0;
}

static int load_spec(struct lc *lc, struct arena *a, struct loaded *out, struct lc_error *e)
{
	struct report report = { log_remark, lc };

	return spec_load(a, out->file, out->text, out->len, &report, &out->spec, e);
}

int load_bundle_spec(struct lc *lc, const struct lc_create *how, struct arena *a,
		     struct loaded *out, struct lc_error *e)
{
	if (find_bundle(how, a, out, e) < 0 || read_config(how, a, out, e) < 0)
		return -1;
	return load_spec(lc, a, out, e);
}

int load_bundle(struct lc *lc, const char *id, const struct lc_create *how, struct arena *a,
		struct loaded *out, struct lc_error *e)
{
	if (load_bundle_spec(lc, how, a, out, e) < 0)
		return -1;
	return load_plan(lc, id, how, a, out, e);
}

int load_plan(struct lc *lc, const char *id, const struct lc_create *how, struct arena *a,
	      struct loaded *out, struct lc_error *e)
{
	if (plan_host_ask(a, out->spec, &out->host, e) < 0)
		return -1;
	if (strcmp(lc->rootless, "auto") && out->host.cgroup2 && !out->host.own_cgroup)
		out->host.own_cgroup = probe_own_cgroup(a);
	out->options = (struct plan_options){
		.id = id,
		.bundle = out->bundle,
		.cgroup_driver = lc->driver,
		.no_pivot = how->no_pivot,
		.no_new_keyring = how->no_new_keyring,
		.rootless = lc->rootless,
		.seccomp_receiver = getenv("RUN_OCI_SECCOMP_RECEIVER"),
		.vm_annotations = lc->vm_annotations,
	};
	if (plan_make(a, out->spec, &out->options, &out->host, &out->plan, e) < 0)
		return -1;
	load_log_notes(lc, &out->plan);
	return 0;
}

int load_saved(struct container *c, bool for_exec, struct loaded *out, struct lc_error *e)
{
	const struct state *state = &c->state;

	out->file = arena_strdup(&c->arena, CONFIG_FILE);
	out->bundle = state->bundle;
	if (file_read_at(c->dir, CONFIG_FILE, &c->arena, CONFIG_MAX, &out->text, &out->len, e) < 0)
		return lc_err_in(e, "container \"%s\"", c->id);
	/* No report: all there was to say was said at create. */
	if (spec_load(&c->arena, out->file, out->text, out->len, NULL, &out->spec, e) < 0)
		return lc_err_in(e, "container \"%s\": saved", c->id);
	out->options = (struct plan_options){
		.id = c->id,
		.bundle = state->bundle,
		.cgroup_driver = state->cgroup.driver,
		.no_pivot = state->no_pivot,
		.no_new_keyring = state->no_new_keyring,
		.rootless = c->lc->rootless,
		.seccomp_receiver = getenv("RUN_OCI_SECCOMP_RECEIVER"),
	};
	if (for_exec)
		return plan_host_ask_for_process(&c->arena, &out->host, e);
	return plan_host_ask(&c->arena, NULL, &out->host, e);
}

/* ---- lc_validate() and lc_plan() ---- */

struct validation {
	lc_say_fn *say;
	void *ctx;
};

static void say_remark(void *ctx, const struct remark *remark)
{
	static const enum lc_level levels[] = {
		[REMARK_ERROR] = LC_LOG_ERROR,
		[REMARK_WARNING] = LC_LOG_WARNING,
		[REMARK_UNKNOWN] = LC_LOG_WARNING,
	};
	const struct validation *v = ctx;
	char text[1024];

	remark_text(remark, text, sizeof(text));
	v->say(v->ctx, levels[remark->kind], text);
}

/* A failure that is not one of the text's is heard as well. */
static int say_failure(const struct validation *v, const struct lc_error *e)
{
	v->say(v->ctx, LC_LOG_ERROR, e->msg);
	return -1;
}

int lc_validate(struct lc *lc, const struct lc_create *given, lc_say_fn *say, void *ctx,
		struct lc_error *e)
{
	struct lc_create how = load_create_options(given);
	struct validation v = { say, ctx };
	struct report report = { say_remark, &v };
	auto_arena a = { 0 };
	struct loaded l = { 0 };

	if (find_bundle(&how, &a, &l, e) < 0 || read_config(&how, &a, &l, e) < 0)
		return say_failure(&v, e);
	if (spec_load(&a, l.file, l.text, l.len, &report, &l.spec, e) < 0)
		return -1;
	l.options = (struct plan_options){
		.id = "validate",
		.bundle = l.bundle,
		.cgroup_driver = lc->driver,
		.rootless = lc->rootless,
		.seccomp_receiver = getenv("RUN_OCI_SECCOMP_RECEIVER"),
	};
	if (plan_host_ask(&a, NULL, &l.host, e) < 0 ||
	    plan_make(&a, l.spec, &l.options, &l.host, &l.plan, e) < 0)
		return say_failure(&v, e);
	for (size_t i = 0; i < l.plan.notes.n; i++) {
		const struct plan_note *note = &l.plan.notes.v[i];

		if (note->warning)
			say(ctx, LC_LOG_WARNING,
			    arena_printf(&a, "%s: %s", note->member, note->text));
	}
	return 0;
}

int lc_explain(struct lc *lc, const char *id, const struct lc_create *given, char **text,
	       struct lc_error *e)
{
	struct lc_create how = load_create_options(given);
	auto_arena a = { 0 };
	struct loaded l = { 0 };

	if (id_check(id, e) < 0 || load_bundle(lc, id, &how, &a, &l, e) < 0)
		return -1;
	*text = strdup(plan_explain(&a, &l.plan));
	return *text ? 0 : lc_err(e, LC_EINTERNAL, "out of memory");
}

int lc_plan(struct lc *lc, const char *id, const struct lc_create *given, char **json,
	    struct lc_error *e)
{
	struct lc_create how = load_create_options(given);
	auto_arena a = { 0 };
	struct loaded l = { 0 };
	char *text;
	size_t len;

	if (id_check(id, e) < 0 || load_bundle(lc, id, &how, &a, &l, e) < 0 ||
	    plan_print(&a, &l.plan, &text, &len, e) < 0)
		return -1;
	*json = strndup(text, len);
	return *json ? 0 : lc_err(e, LC_EINTERNAL, "out of memory");
}
