/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text to checked structs: the public side of spec/. */
#include "spec/check.h"
#include "config.h"
#include "spec/mutant.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_REMARKS = 1000 }; /* finding the place of each takes time */

const char *rule_at(const struct checker *c, const char *fmt, ...)
{
	char path[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	return arena_printf(c->arena, "%s%s", c->prefix, path);
}

static void say(struct checker *c, enum remark_kind kind, const char *path, const char *text)
{
	struct remark r = { .kind = kind, .file = c->file, .text = text };
	const struct json *v;
	char shown[512];

	c->failed |= kind == REMARK_ERROR;
	if (c->said++ >= MAX_REMARKS)
		return;
	r.path = json_printable(path, shown, sizeof(shown));
	if (c->root) {
		v = json_lookup(c->root, path);
		r.line = v->line;
		r.column = v->column;
	}
	(void)report_say(c->report, &r, c->e);
}

void rule_broken(struct checker *c, const char *path, const char *fmt, ...)
{
	char text[512], shown[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	say(c, REMARK_ERROR, path, json_printable(text, shown, sizeof(shown)));
}

void rule_warns(struct checker *c, const char *path, const char *fmt, ...)
{
	char text[512], shown[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	say(c, REMARK_WARNING, path, json_printable(text, shown, sizeof(shown)));
}

static void check_spec(struct checker *c, const struct spec *spec)
{
	const struct spec_linux *l = spec->linux_;

	c->spec = spec;
	if (spec->process) {
		c->prefix = "process.";
		rules_of_process(c, spec->process);
	}
	if (l && l->resources) {
		c->prefix = "linux.resources.";
		rules_of_resources(c, l->resources);
	}
	c->prefix = "";
	rules_of_namespaces(c, spec);
	rules_of_id_maps(c, spec);
	rules_of_mounts(c, spec);
	if (!l)
		return;
	rules_of_devices(c, spec);
	rules_of_net_devices(c, spec);
	rules_of_sysctl(c, spec);
	if (l->seccomp)
		rules_of_seccomp(c, l->seccomp);
	if (l->memoryPolicy)
		rules_of_memory_policy(c, l->memoryPolicy);
}

/* The shape a text is read as, and its rules. */
struct kind_of_file {
	const struct shape *shape;
	const char *prefix; /* where config.json has the same */
	void (*check)(struct checker *c, const void *decoded);
};

static void check_as_spec(struct checker *c, const void *decoded)
{
	check_spec(c, decoded);
}

static void check_as_process(struct checker *c, const void *decoded)
{
	rules_of_process(c, decoded);
}

static void check_as_resources(struct checker *c, const void *decoded)
{
	rules_of_resources(c, decoded);
}

static const struct kind_of_file whole = { &spec_shape, "", check_as_spec };
static const struct kind_of_file process = { &spec_process_shape, "process.", check_as_process };
static const struct kind_of_file resources = { &spec_resources_shape, "linux.resources.",
					       check_as_resources };

/* Rules are looked at only when every member is what it should be: they would say the same again.
 */
static void *load(struct arena *a, const struct kind_of_file *kind, const char *file,
		  const char *text, size_t len, const struct report *report, struct lc_error *e)
{
	struct checker c = { .arena = a, .file = file, .prefix = "", .report = report, .e = e };
	const struct shape *shape = kind->shape;
	void *out = arena_alloc(a, shape->size);
	struct json *root;

	if (json_parse(a, file, text, len, report, &root, e) < 0)
		return NULL;
	if (HULL_MUTANTS)
		shape = mutant_shape(a, shape, kind->prefix);
	if (decode(a, file, root, shape, out, report, e) < 0)
		return NULL;
	c.root = root;
	kind->check(&c, out);
	if (HULL_MUTANTS)
		mutant_forget(shape, kind->prefix, out);
	return c.failed ? NULL : out;
}

int spec_load(struct arena *a, const char *file, const char *text, size_t len,
	      const struct report *report, struct spec **out, struct lc_error *e)
{
	*out = load(a, &whole, file, text, len, report, e);
	return *out ? 0 : -1;
}

int spec_seccomp_check(struct arena *a, const char *file, const struct spec_seccomp *seccomp,
		       struct lc_error *e)
{
	struct checker c = { .arena = a, .file = file, .prefix = "", .e = e };

	rules_of_seccomp(&c, seccomp);
	return c.failed ? -1 : 0;
}

int spec_process_load(struct arena *a, const char *file, const char *text, size_t len,
		      const struct report *report, struct spec_process **out, struct lc_error *e)
{
	*out = load(a, &process, file, text, len, report, e);
	return *out ? 0 : -1;
}

int spec_resources_load(struct arena *a, const char *file, const char *text, size_t len,
			const struct report *report, struct spec_resources **out,
			struct lc_error *e)
{
	*out = load(a, &resources, file, text, len, report, e);
	return *out ? 0 : -1;
}

int spec_mounts_load(struct arena *a, const char *file, const char *text, size_t len,
		     const struct report *report, struct spec *spec, struct lc_error *e)
{
	struct checker c = { .arena = a, .file = file, .prefix = "", .report = report, .e = e };
	struct spec_mount_list list = { 0 };
	struct json *root;

	if (text[strspn(text, " \t\r\n")] == '[') {
		text = arena_printf(a, "{\"mounts\":%s}", text);
		len = strlen(text);
	}
	if (json_parse(a, file, text, len, report, &root, e) < 0 ||
	    decode(a, file, root, &spec_mount_list_shape, &list, report, e) < 0)
		return -1;
	c.root = root;
	c.spec = spec;
	spec->mounts.v = list.mounts.v;
	spec->mounts.n = list.mounts.n;
	rules_of_mounts(&c, spec);
	return c.failed ? -1 : 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

const char *first_duplicate(struct arena *a, const struct strs *names)
{
	char **sorted = arena_array(a, names->n, sizeof(*sorted));

	if (names->n)
		memcpy(sorted, names->v, names->n * sizeof(*sorted));
	qsort(sorted, names->n, sizeof(*sorted), by_name);
	for (size_t i = 1; i < names->n; i++)
		if (!strcmp(sorted[i - 1], sorted[i]))
			return sorted[i];
	return NULL;
}
