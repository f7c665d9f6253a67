/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files that make a plan share; for plan/ only. */
#ifndef LC_PLAN_MAKE_H
#define LC_PLAN_MAKE_H

#include "plan/plan.h"
#include <linux/capability.h>

struct planner {
	struct arena *a;
	const struct spec *spec;
	const struct spec_linux *linux_; /* of spec; an empty one when it has none */
	const struct plan_options *options;
	const struct plan_host *host;
	struct plan *plan;
	bool live; /* mounts for a container that runs */
	size_t notes_size; /* allocated */
	struct lc_error *e;
};

/* The parts, in the order plan_make() runs them; each fills its members of p->plan. */
int planner_namespaces(struct planner *p) lc_checked;
int planner_root(struct planner *p) lc_checked;
int planner_mounts(struct planner *p) lc_checked;
int planner_paths(struct planner *p) lc_checked; /* masked and read-only */
int planner_mount_label(struct planner *p) lc_checked;
int planner_devices(struct planner *p) lc_checked;
int planner_sysctls(struct planner *p) lc_checked;
int planner_hooks(struct planner *p) lc_checked;
int planner_seccomp(struct planner *p) lc_checked; /* after the process */
int planner_landlock(struct planner *p) lc_checked; /* likewise */
int planner_cgroup(struct planner *p) lc_checked;
int planner_rdt(struct planner *p) lc_checked;
int planner_vm(struct planner *p) lc_checked;
int planner_process(struct planner *p, const struct spec_process *from) lc_checked;

/* The process of `exec` as a process.json would say it. */
int exec_process(struct planner *p, const struct plan_exec_options *exec,
		 struct spec_process **out) lc_checked;

/* The limits of an `update`. */
int planner_limits(struct planner *p, const struct spec_resources *resources) lc_checked;

/* Adds to plan->notes: something of @member is left out or changed. */
void planner_note(struct planner *p, bool warning, const char *member, const char *fmt, ...)
	lc_printf(4, 5);

/* What has no driver in this build, by name; one place, so that it is easy to lift. */
int refuse_unsupported(struct planner *p) lc_checked;

/* How the plan gets a namespace. */
static inline enum ns_how how_ns(const struct planner *p, enum ns_type type)
{
	return p->plan->ns.of[type].how;
}

/* The container has a user namespace that is not the caller's. */
static inline bool has_userns(const struct planner *p)
{
	return how_ns(p, NS_USER) != NS_INHERIT;
}

static inline bool held(const struct planner *p, int cap)
{
	return p->host->caps_held >> cap & 1;
}

/* The value of an annotation, NULL when it is not there. */
const char *annotation(const struct planner *p, const char *key);
bool annotation_set(const struct planner *p, const char *key); /* and not "", "0", "false" */

/* @path below @base unless it is absolute; "//", "/./" and a last "/" are taken out, ".." stays
 * because it means another place behind a symbolic link. */
char *path_on_host(struct arena *a, const char *base, const char *path);

/* A path inside the root, absolute and without "..": there nothing lies above "/". */
char *path_inside(struct arena *a, const char *path);

/* id is in the maps' inside column; an empty list maps everything. */
bool map_has(const plan_id_maps *maps, uint32_t id);
void copy_maps(struct arena *a, const struct spec_id_maps *from, plan_id_maps *to);

#endif
