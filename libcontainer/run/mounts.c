/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lc_mounts_add() and lc_mounts_remove(): mounts of a container that runs. */
#include "base/own.h"
#include "base/str.h"
#include "run/load.h"
#include "run/lock.h"

#include <string.h>

static int check_state(struct container *c, struct lc_error *e)
{
	enum status status = container_status(c);

	if (status == STATUS_STOPPED)
		return container_not_running(e);
	if (status == STATUS_CREATING)
		return lc_err(e, LC_ESTATE, "container \"%s\" is being created", c->id);
	if (!c->state.own_mount_namespace)
		return lc_err(e, LC_ESTATE,
			      "container \"%s\" has no mount namespace of its own: its mounts are "
			      "the host's",
			      c->id);
	return 0;
}

/* A removal goes by destinations alone. */
static void only_destinations(struct spec *spec)
{
	for (size_t i = 0; i < spec->mounts.n; i++)
		spec->mounts.v[i] =
			(struct spec_mount){ .destination = spec->mounts.v[i].destination,
					     .type = (char *)"tmpfs" };
}

static int make_plan(struct container *c, const char *mounts, bool remove, struct plan *plan,
		     struct lc_error *e)
{
	struct loaded l = { 0 };

	if (load_saved(c, false, &l, e) < 0 ||
	    spec_mounts_load(&c->arena, "mounts", mounts, strlen(mounts), NULL, l.spec, e) < 0)
		return -1;
	if (remove)
		only_destinations(l.spec);
	if (plan_mounts(&c->arena, l.spec, &l.options, &l.host, plan, e) < 0)
		return -1;
	load_log_notes(c->lc, plan);
	return 0;
}

static int change(struct container *c, const char *mounts, bool remove, struct lc_error *e)
{
	const struct sandbox_ops *ops = container_sandbox(c->state.vm, e);
	auto_fd init = process_open(&c->state.init);
	struct sandbox_ref ref = { .pid = c->state.init.pid, .pidfd = init, .sync = -1 };
	struct plan plan = { 0 };
	struct sandbox_args args = {
		.plan = &plan,
		.log = c->lc->log,
		.timeout_ms = c->lc->timeout_ms,
		.given_ms = c->lc->given_ms,
		.state_dir = c->dir,
		.cgroup = -1,
		.start_fifo = -1,
		.status_fifo = -1,
		.console_socket = -1,
	};

	if (!ops || check_state(c, e) < 0 || make_plan(c, mounts, remove, &plan, e) < 0)
		return -1;
	if (init < 0)
		return container_not_running(e);
	if (!ops->mounts)
		return lc_err(e, LC_EUNSUPPORTED,
			      "mounts of a container that runs as a %s cannot be changed",
			      ops->name);
	return ops->mounts(&args, &ref, remove, e);
}

static int change_locked(struct lc *lc, const char *id, const char *mounts, bool remove,
			 struct lc_error *e)
{
	auto_container c = CONTAINER_NONE;
	int r;

	if (container_open(lc, id, false, &c, e) < 0 || container_lock(&c, false, e) < 0)
		return -1;
	r = change(&c, mounts, remove, e);
	lock_drop(c.dir);
	return r;
}

int lc_mounts_add(struct lc *lc, const char *id, const char *mounts, struct lc_error *e)
{
	return change_locked(lc, id, mounts, false, e);
}

int lc_mounts_remove(struct lc *lc, const char *id, const char *mounts, struct lc_error *e)
{
	return change_locked(lc, id, mounts, true, e);
}
