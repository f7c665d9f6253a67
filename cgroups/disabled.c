/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --cgroup-manager=disabled: the container stays in the caller's cgroup; a limit is an error. */
#include "cgroups/internal.h"

static int refuse_limits(const struct plan_cgroup *plan, struct lc_error *e)
{
	if (!plan->files.n)
		return 0;
	return lc_err(e, LC_EUNSUPPORTED, "%s: cgroups are disabled (--cgroup-manager=disabled)",
		      plan->files.v[0].member);
}

static int disabled_create(const struct plan_cgroup *plan, const struct plan_host *host, pid_t pid,
			   struct arena *a, struct cgroup_ref *out, int *fd,
			   const struct lc_log *log, struct lc_error *e)
{
	(void)host;
	(void)pid;
	(void)a;
	if (refuse_limits(plan, e) < 0)
		return -1;
	if (plan->device_program.n)
		log_debug(log, "linux.resources.devices: not enforced, cgroups are disabled");
	*out = (struct cgroup_ref){ .driver = CGROUP_DISABLED };
	*fd = -1;
	return 0;
}

static int disabled_update(const struct cgroup_ref *ref, const struct plan_cgroup *plan,
			   const struct lc_log *log, struct lc_error *e)
{
	(void)ref;
	(void)log;
	return refuse_limits(plan, e);
}

static int disabled_destroy(const struct cgroup_ref *ref, const struct lc_log *log,
			    struct lc_error *e)
{
	(void)ref;
	(void)log;
	(void)e;
	return 0;
}

const struct cgroup_ops cgroup_disabled_ops = {
	.name = "disabled",
	.create = disabled_create,
	.update = disabled_update,
	.destroy = disabled_destroy,
};
