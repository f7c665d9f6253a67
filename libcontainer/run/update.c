/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lc_update(): other limits for a container that lives. */
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "microvm/ask.h"
#include "microvm/translate.h"
#include "run/load.h"
#include "run/lock.h"
#include "spec/valid.h"

#include <string.h>

/* "swap" counts memory and swap together; what is not given of memory is what is in force. */
static void complete_swap(struct container *c, const struct spec_resources *resources)
{
	auto_fd cgroup = container_cgroup(c);
	struct spec_memory *memory = resources->memory;
	struct lc_error ignored;
	uint64_t limit;
	size_t len;
	char *text;

	if (!memory || memory->swap.v <= 0 || memory->limit.v || cgroup < 0 ||
	    file_read_at(cgroup, "memory.max", &c->arena, 64, &text, &len, &ignored) < 0)
		return;
	text[strcspn(text, "\n")] = 0;
	if (str_u64(text, &limit) && limit <= INT64_MAX)
		memory->limit = (struct opt_i64){ true, (int64_t)limit };
}

/* What is counted in the guest first: it may refuse. */
static int update_guest(struct container *c, struct plan *plan, struct lc_error *e)
{
	auto_fd cgroup = container_cgroup(c);
	uint64_t max = UINT64_MAX;
	struct lc_error ignored;
	struct plan *guest;
	size_t len;
	char *text;

	if (cgroup >= 0 &&
	    file_read_at(cgroup, "memory.max", &c->arena, 64, &text, &len, &ignored) == 0) {
		text[strcspn(text, "\n")] = 0;
		(void)!str_u64(text, &max);
	}
	if (vm_translate_update(&c->arena, plan, max, &guest, e) < 0)
		return -1;
	return vm_update(container_machine(c), &c->arena, guest, e);
}

static int apply(struct container *c, const struct spec_resources *resources, struct lc_error *e)
{
	struct plan plan = { 0 };
	struct plan_host host = { 0 };

	complete_swap(c, resources);
	if (plan_host_ask(&c->arena, NULL, &host, e) < 0 ||
	    plan_update(&c->arena, resources, &host, &plan, e) < 0)
		return -1;
	load_log_notes(c->lc, &plan);
	if (c->state.vm && update_guest(c, &plan, e) < 0)
		return -1;
	return cgroup_ops_of(c->state.cgroup.driver)
		->update(&c->state.cgroup, &plan.cgroup, c->lc->log, e);
}

static void split_lines(struct arena *a, const char *text, struct strs *lines)
{
	char *rest = arena_strdup(a, text), *line;

	*lines = (struct strs){ .v = arena_array(a, strlen(text) + 1, sizeof(*lines->v)) };
	while ((line = strsep(&rest, "\n")))
		lines->v[lines->n++] = line;
}

int lc_update_rdt(struct lc *lc, const char *id, const char *schemata, struct lc_error *e)
{
	auto_container c = CONTAINER_NONE;
	const char *wrong = valid_schema_lines(schemata);
	struct strs lines;
	int r;

	if (wrong)
		return lc_err(e, LC_EUSAGE, "schemata: %s, found \"%s\"", wrong, schemata);
	if (container_open(lc, id, false, &c, e) < 0)
		return -1;
	if (container_status(&c) == STATUS_STOPPED)
		return container_not_running(e);
	if (container_lock(&c, false, e) < 0)
		return -1;
	split_lines(&c.arena, schemata, &lines);
	r = container_rdt_limit(&c, &lines, e);
	lock_drop(c.dir);
	return r;
}

int lc_update(struct lc *lc, const char *id, const char *resources, struct lc_error *e)
{
	auto_container c = CONTAINER_NONE;
	struct spec_resources *parsed;
	int r;

	if (container_open(lc, id, false, &c, e) < 0)
		return -1;
	if (spec_resources_load(&c.arena, "resources", resources, strlen(resources), NULL, &parsed,
				e) < 0)
		return -1;
	if (container_status(&c) == STATUS_STOPPED)
		return container_not_running(e);
	if (!c.state.cgroup.path)
		return lc_err(e, LC_ESTATE, "cannot update container \"%s\": it has no cgroup", id);
	if (container_lock(&c, false, e) < 0)
		return -1;
	r = apply(&c, parsed, e);
	lock_drop(c.dir);
	return r;
}
