/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The class of service and monitoring group of a container; nothing, when config.json asks for
 * none. */
#include "base/str.h"
#include "run/container.h"
#include "run/resctrl.h"

int container_rdt_expect(struct container *c, const struct plan *plan, struct lc_error *e)
{
	auto_resctrl r = RESCTRL_NONE;

	if (!plan->rdt)
		return 0;
	if (resctrl_open(&r, e) < 0)
		return -1;
	c->state.rdt = arena_alloc(&c->arena, sizeof(*c->state.rdt));
	resctrl_expect(&r, plan->rdt, c->state.rdt);
	return 0;
}

int container_rdt_make(struct container *c, const struct plan *plan, struct lc_error *e)
{
	auto_resctrl r = RESCTRL_NONE;

	if (!plan->rdt)
		return 0;
	return resctrl_open(&r, e) < 0 ? -1 : resctrl_make(&r, plan->rdt, c->id, e);
}

int container_rdt_join(struct container *c, pid_t pid, struct lc_error *e)
{
	auto_resctrl r = RESCTRL_NONE;

	if (!c->state.rdt)
		return 0;
	return resctrl_open(&r, e) < 0 ? -1 : resctrl_join(&r, c->state.rdt, c->id, pid, e);
}

int container_rdt_limit(struct container *c, const struct strs *lines, struct lc_error *e)
{
	auto_resctrl r = RESCTRL_NONE;

	if (!c->state.rdt || str_eq(c->state.rdt->group, "/"))
		return lc_err(e, LC_ESTATE,
			      "container \"%s\" has no class of service (linux.intelRdt)", c->id);
	return resctrl_open(&r, e) < 0 ? -1 : resctrl_limit(&r, c->state.rdt, lines, e);
}

void container_rdt_write(struct container *c, struct json_writer *w)
{
	auto_resctrl r = RESCTRL_NONE;
	struct lc_error gone;

	if (c->state.rdt && resctrl_open(&r, &gone) == 0)
		resctrl_write(&r, c->state.rdt, c->id, w);
}

/* Where the file system was unmounted meanwhile its groups are gone. */
int container_rdt_remove(struct container *c, struct lc_error *e)
{
	auto_resctrl r = RESCTRL_NONE;
	struct lc_error gone;

	if (!c->state.rdt || resctrl_open(&r, &gone) < 0)
		return 0;
	return resctrl_remove(&r, c->state.rdt, c->id, e);
}
