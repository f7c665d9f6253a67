/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the agent in the guest is asked to carry out: a plan, encoded by the plan's own tables, and
 * what init needs beside it.  It goes over the control port as JSON text in CONTROL_PLAN frames.
 */
#ifndef LC_ORDER_H
#define LC_ORDER_H

#include "plan/plan.h"

#define ORDER_EXPORT "/hull" /* where the guest mounts what the host exports */
#define ORDER_TAG    "hull"

struct order {
	struct plan *plan;
	bool exec; /* one more process in the container that is there */
	bool keep_newlines; /* as in struct sandbox_args */
	uint32_t timeout_ms; /* how long one step may take */
	char *state, *state_tail; /* for startContainer hooks: the state document around the pid */
};

extern const struct shape order_shape;

/* The text; in the arena. */
char *order_encode(struct arena *a, const struct order *order, size_t *len);
int order_decode(struct arena *a, const char *text, size_t len, struct order *order,
		 struct lc_error *e) lc_checked;

#endif
