/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linux.intelRdt: the group of the resource control file system, and what is written to it. */
#include "plan/make.h"
#include "base/str.h"

#include <string.h>

/* All lines of @text, without those for memory bandwidth if @not_mb. */
static void add_lines(struct planner *p, struct strs *to, const char *text, bool not_mb)
{
	char *rest = arena_strdup(p->a, text), *line;

	while ((line = strsep(&rest, "\n")))
		if (*line && !(not_mb && str_starts(line, "MB:")))
			to->v[to->n++] = line;
}

static size_t count_lines(const char *text)
{
	size_t n = 1;

	for (; text && *text; text++)
		n += *text == '\n';
	return n;
}

int planner_rdt(struct planner *p)
{
	const struct spec_intel_rdt *from = p->linux_->intelRdt;
	struct plan_rdt *to;

	if (!from)
		return 0;
	to = arena_alloc(p->a, sizeof(*to));
	*to = (struct plan_rdt){
		.group = from->closID ? from->closID : p->plan->id,
		.shared = from->closID != NULL,
		.monitor = from->enableMonitoring.v,
	};
	to->schemata.v = arena_array(p->a, count_lines(from->l3CacheSchema) + 1 + from->schemata.n,
				     sizeof(*to->schemata.v));
	if (from->l3CacheSchema)
		add_lines(p, &to->schemata, from->l3CacheSchema, from->memBwSchema);
	if (from->memBwSchema)
		to->schemata.v[to->schemata.n++] = from->memBwSchema;
	for (size_t i = 0; i < from->schemata.n; i++)
		to->schemata.v[to->schemata.n++] = from->schemata.v[i];
	p->plan->rdt = to;
	return 0;
}
