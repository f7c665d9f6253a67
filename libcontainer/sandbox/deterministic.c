/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * --deterministic: what can be made the same in every run.  A time namespace moves only the clocks
 * that count from boot; the date, random numbers and the order in which processes run are the
 * host's, and hull says so.
 */
#include "sandbox/sandbox.h"

#include <time.h>
#include <unistd.h>

const char *const deterministic_env[] = {
	"TZ=UTC",	    "LANG=C.UTF-8",	"LC_ALL=C.UTF-8",      "SOURCE_DATE_EPOCH=0",
	"PYTHONHASHSEED=0", "PERL_HASH_SEED=0", "PERL_PERTURB_KEYS=0", NULL
};

bool job_is_deterministic(const struct job *job)
{
	return job->s.deterministic.v;
}

static struct spec_time_offset *from_zero(struct arena *a, clockid_t clock)
{
	struct spec_time_offset *offset = arena_alloc(a, sizeof(*offset));
	struct timespec now = { 0 };

	clock_gettime(clock, &now);
	offset->secs = (struct opt_i64){ true, -(int64_t)now.tv_sec };
	return offset;
}

int deterministic_decide(struct job *job, struct lc_error *e)
{
	struct spec_linux *l = job->spec.linux_;
	struct spec_time_offsets *offsets;

	if (!job_is_deterministic(job))
		return 0;
	if (access("/proc/self/ns/time", F_OK) < 0)
		return job_degrade(job, e, "deterministic",
				   "this kernel has no time namespaces: clocks count from the "
				   "host's start");
	offsets = arena_alloc(&job->arena, sizeof(*offsets));
	offsets->monotonic = from_zero(&job->arena, CLOCK_MONOTONIC);
	offsets->boottime = from_zero(&job->arena, CLOCK_BOOTTIME);
	l->timeOffsets = offsets;
	l->namespaces.v[l->namespaces.n++].type = NS_TIME;
	return 0;
}
