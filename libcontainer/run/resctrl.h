/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's resource control file system (resctrl: Intel RDT and AMD QoS): one directory for
 *each class of service, with `schemata`, which limits it, and `tasks`, which says who is in it;
 *below `mon_groups` are groups whose use is counted.
 *
 *	resctrl_open(&r, &e);
 *	resctrl_expect(&r, plan, &arena, &ref);      what delete will have to remove, before it is
 *made resctrl_make(&r, plan->rdt, plan->id, &e); resctrl_join(&r, ref, plan->id, pid, &e);
 */
#ifndef LC_RESCTRL_H
#define LC_RESCTRL_H

#include "plan/plan.h"
#include <sys/types.h>

struct resctrl {
	int dir; /* owned */
	/* For tests, where an ordinary directory stands for the file system: they play the kernel,
	 * which fills a directory that was made, and empties one that is removed.  NULL: there is a
	 * kernel. */
	void (*filled)(int parent, const char *name);
	void (*emptied)(int parent, const char *name);
};
#define RESCTRL_NONE \
	{ \
		.dir = -1 \
	}
void resctrl_release(struct resctrl *r);
#define auto_resctrl __attribute__((cleanup(resctrl_release))) struct resctrl

/* What a container has of it, kept in its state. */
struct rdt_ref {
	char *group; /* "/": that of everybody */
	bool made; /* by this container, so delete removes it */
	bool monitor; /* it has a monitoring group of its own */
};

/* Opens the file system where mountinfo shows it. */
int resctrl_open(struct resctrl *r, struct lc_error *e) lc_checked;

/* The group as it will be. */
void resctrl_expect(const struct resctrl *r, const struct plan_rdt *plan, struct rdt_ref *out);

/* Makes the group, or sees that one which is there is as config.json says; makes the monitoring
 * group. */
int resctrl_make(const struct resctrl *r, const struct plan_rdt *plan, const char *id,
		 struct lc_error *e) lc_checked;

/* @pid and the processes that it will make are in the group from here on. */
int resctrl_join(const struct resctrl *r, const struct rdt_ref *ref, const char *id, pid_t pid,
		 struct lc_error *e) lc_checked;

/* Other limits for a group: lines of `schemata`. */
int resctrl_limit(const struct resctrl *r, const struct rdt_ref *ref, const struct strs *lines,
		  struct lc_error *e) lc_checked;

/* Adds "intel_rdt" to an object: what there is of limits and counts; nothing when the group is
 * gone. */
struct json_writer;
void resctrl_write(const struct resctrl *r, const struct rdt_ref *ref, const char *id,
		   struct json_writer *w);

/* Removes what was made; a class that others are in by now stays. */
int resctrl_remove(const struct resctrl *r, const struct rdt_ref *ref, const char *id,
		   struct lc_error *e) lc_checked;

#endif
