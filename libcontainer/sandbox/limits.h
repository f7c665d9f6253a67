/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The limits of a job as config.json has them. */
#ifndef LC_SANDBOX_LIMITS_H
#define LC_SANDBOX_LIMITS_H

#include "sandbox/sandbox.h"
#include <sys/resource.h>

#define NOFILE_DEFAULT 1024
#define PIDS_DEFAULT   4096 /* enough for a build, and not for a bomb */

struct limit_name {
	const char *option, *report; /* "cpu-time", "cpuTimeMs" */
};
extern const struct limit_name limit_names[LIMITS]; /* indexed by enum limit_id */

/* linux.resources, in the job's arena. */
struct spec_resources *limits_resources(struct job *job);

/* process.rlimits. */
void limits_rlimits(struct job *job, struct spec_process *p);

#endif
