/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lc_vm_template_build(), _list() and _remove(). */
#include "base/own.h"
#include "libcontainer.h"
#include "microvm/launch.h"
#include "microvm/template.h"

#include <string.h>

#define TIMEOUT_MS 600000

static int only_root(struct lc_error *e)
{
	return geteuid() == 0 ? 0
			      : lc_err(e, LC_EUNSUPPORTED,
				       "templates of virtual machines are root's only");
}

/* As struct lc_vm_template_how of whoever was compiled with an older one. */
static struct lc_vm_template_how read_how(const struct lc_vm_template_how *given)
{
	struct lc_vm_template_how how = { 0 };

	if (given)
		memcpy(&how, given, given->size < sizeof(how) ? given->size : sizeof(how));
	return how;
}

int lc_vm_template_build(struct lc *lc, const struct lc_vm_template_how *given, char *name,
			 struct lc_error *e)
{
	struct lc_vm_template_how how = read_how(given);
	struct sandbox_args args = { .timeout_ms = how.timeout_ms ? how.timeout_ms : TIMEOUT_MS };
	struct vm_machine machine = { 0 };
	struct template_key key;
	auto_launch l;
	int r;

	(void)lc;
	launch_init(&l, &args, &machine);
	if (only_root(e) < 0 || vm_default_size(&machine, e) < 0)
		return -1;
	machine.kernel = how.kernel;
	machine.memory_mib = how.memory_mib ? how.memory_mib : machine.memory_mib;
	machine.cpus = how.cpus ? how.cpus : machine.cpus;
	if (machine.cpus > SNAPSHOT_CPUS)
		return lc_err(e, LC_ECONFIG, "expected at most %d processors, found %u",
			      SNAPSHOT_CPUS, machine.cpus);
	r = launch_template(&l, &key, e);
	if (r == 0)
		memcpy(name, key.text, sizeof(key.text));
	return r;
}

struct listing {
	lc_vm_template_fn *each;
	void *ctx;
};

static void pass_on(void *ctx, const char *key, const struct snapshot *s, const char *why)
{
	const struct listing *l = ctx;
	auto_arena a = { 0 };
	struct lc_vm_template t = {
		.name = key, .memory_mib = s->head.memory_mib, .cpus = s->head.cpus, .problem = why
	};

	if (s->facts.data)
		t.facts = arena_printf(&a, "%.*s", (int)s->facts.len, (const char *)s->facts.data);
	l->each(l->ctx, &t);
}

int lc_vm_template_list(struct lc *lc, bool verify, lc_vm_template_fn *each, void *ctx,
			struct lc_error *e)
{
	struct listing l = { each, ctx };

	(void)lc;
	return only_root(e) < 0 ? -1 : template_list(TEMPLATE_STORE, verify, pass_on, &l, e);
}

int lc_vm_template_remove(struct lc *lc, const char *name, struct lc_error *e)
{
	(void)lc;
	return only_root(e) < 0 ? -1 : template_remove(TEMPLATE_STORE, name, e);
}
