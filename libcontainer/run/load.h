/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a config.json to a plan: read, parse, decode, check, plan; and what was remarked on the way,
 * to the log. */
#ifndef LC_LOAD_H
#define LC_LOAD_H

#include "plan/plan.h"
#include "run/container.h"

#define CONFIG_MAX (16 << 20)

struct loaded {
	char *bundle; /* absolute */
	char *file; /* path of the configuration, for messages and for opening */
	char *text; /* what it says */
	size_t len;
	struct spec *spec;
	struct plan_host host;
	struct plan_options options;
	struct plan plan;
};

/* The bundle that @how names, up to the spec, and on to the plan. Warnings and notes go to the log.
 */
int load_bundle_spec(struct lc *lc, const struct lc_create *how, struct arena *a,
		     struct loaded *out, struct lc_error *e) lc_checked;
int load_plan(struct lc *lc, const char *id, const struct lc_create *how, struct arena *a,
	      struct loaded *out, struct lc_error *e) lc_checked;

/* Both. */
int load_bundle(struct lc *lc, const char *id, const struct lc_create *how, struct arena *a,
		struct loaded *out, struct lc_error *e) lc_checked;

/* The configuration as `create` saved it, up to the spec and the host's facts.
 * @for_exec: those that one more process depends on. */
int load_saved(struct container *c, bool for_exec, struct loaded *out,
	       struct lc_error *e) lc_checked;

/* Names to the log what the plan leaves out. */
void load_log_notes(struct lc *lc, const struct plan *plan);

/* A copy of the caller's @how in which members it does not know are zero. */
struct lc_create load_create_options(const struct lc_create *how);

#endif
