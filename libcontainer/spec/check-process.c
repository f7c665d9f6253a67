/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules about a process: that of the container, or one of `exec`. */
#include "spec/check.h"

#include <inttypes.h>

static void check_args(struct checker *c, const struct spec_process *p)
{
	if (!p->args.v)
		rule_broken(c, rule_at(c, "args"), "required, but missing");
	else if (!p->args.n)
		rule_broken(c, rule_at(c, "args"), "expected at least one argument, the program");
	else if (!*p->args.v[0])
		rule_broken(c, rule_at(c, "args[0]"), "expected a program, found the empty string");
}

static void check_rlimits(struct checker *c, const struct spec_process *p)
{
	for (size_t i = 0; i < p->rlimits.n; i++) {
		const struct spec_rlimit *r = &p->rlimits.v[i];

		if (r->soft > r->hard)
			rule_broken(c, rule_at(c, "rlimits[%zu].soft", i),
				    "%" PRIu64 " is above the hard limit, %" PRIu64, r->soft,
				    r->hard);
		for (size_t k = 0; k < i; k++)
			if (p->rlimits.v[k].type == r->type) {
				rule_broken(c, rule_at(c, "rlimits[%zu].type", i),
					    "%s is given twice", word_name(rlimit_words, r->type));
				break;
			}
	}
}

/* sched(7), and sched_setattr(2) for what the kernel takes. */
static void check_deadline(struct checker *c, const struct spec_scheduler *s)
{
	enum { DL_MIN_RUNTIME = 1024 };
	uint64_t period = s->period.v ? s->period.v : s->deadline.v;

	if (!s->runtime.v)
		rule_broken(c, rule_at(c, "scheduler.runtime"), "SCHED_DEADLINE needs it");
	else if (s->runtime.v < DL_MIN_RUNTIME)
		rule_broken(c, rule_at(c, "scheduler.runtime"), "expected at least %d nanoseconds",
			    DL_MIN_RUNTIME);
	if (!s->deadline.v)
		rule_broken(c, rule_at(c, "scheduler.deadline"), "SCHED_DEADLINE needs it");
	else if (s->runtime.v > s->deadline.v)
		rule_broken(c, rule_at(c, "scheduler.runtime"),
			    "%" PRIu64 " is above the deadline, %" PRIu64, s->runtime.v,
			    s->deadline.v);
	if (s->deadline.v > period)
		rule_broken(c, rule_at(c, "scheduler.deadline"),
			    "%" PRIu64 " is above the period, %" PRIu64, s->deadline.v, period);
	if (period > INT64_MAX)
		rule_broken(c, rule_at(c, s->period.v ? "scheduler.period" : "scheduler.deadline"),
			    "expected at most %" PRId64, INT64_MAX);
}

static void check_scheduler(struct checker *c, const struct spec_scheduler *s)
{
	const char *policy = word_name(sched_policy_words, (int)s->policy);
	bool realtime = s->policy == POLICY_FIFO || s->policy == POLICY_RR;
	bool deadline = s->policy == POLICY_DEADLINE;

	if (s->policy == POLICY_ISO)
		rule_broken(c, rule_at(c, "scheduler.policy"),
			    "Linux does not implement SCHED_ISO");
	if (realtime && !s->priority.v)
		rule_broken(c, rule_at(c, "scheduler.priority"), "%s needs one from 1 to 99",
			    policy);
	if (!realtime && s->priority.v)
		rule_broken(c, rule_at(c, "scheduler.priority"), "%s has none", policy);
	if ((realtime || deadline) && s->nice.v)
		rule_broken(c, rule_at(c, "scheduler.nice"), "%s has none", policy);
	if (deadline)
		check_deadline(c, s);
	else if (s->runtime.v || s->deadline.v || s->period.v)
		rule_broken(c,
			    rule_at(c, s->runtime.v    ? "scheduler.runtime"
				       : s->deadline.v ? "scheduler.deadline"
						       : "scheduler.period"),
			    "%s has none, only SCHED_DEADLINE has", policy);
	for (size_t i = 0; i < s->flags.n && !deadline; i++)
		if (s->flags.v[i] == SCHED_RECLAIM_FLAG || s->flags.v[i] == SCHED_DL_OVERRUN_FLAG)
			rule_broken(c, rule_at(c, "scheduler.flags[%zu]", i),
				    "needs SCHED_DEADLINE");
}

void rules_of_process(struct checker *c, const struct spec_process *p)
{
	check_args(c, p);
	check_rlimits(c, p);
	if (p->scheduler)
		check_scheduler(c, p->scheduler);
}
