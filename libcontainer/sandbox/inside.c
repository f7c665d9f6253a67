/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the first process of a sandbox does, with namespaces and without. */
#include "sandbox/inside.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void add_usage(struct inside_report *report, const struct rusage *r)
{
	report->user_usec = (uint64_t)r->ru_utime.tv_sec * 1000000 + (uint64_t)r->ru_utime.tv_usec;
	report->system_usec =
		(uint64_t)r->ru_stime.tv_sec * 1000000 + (uint64_t)r->ru_stime.tv_usec;
	report->max_rss = (uint64_t)r->ru_maxrss * 1024;
}

void inside_tell(int error, int status)
{
	struct inside_report report = { .error = error, .status = status };
	struct rusage used;

	if (getrusage(RUSAGE_CHILDREN, &used) == 0)
		add_usage(&report, &used);
	(void)!write(INSIDE_FD, &report, sizeof(report));
}

bool inside_take_zombies(pid_t program, int *status)
{
	bool ended = false;
	pid_t pid;
	int how;

	while ((pid = waitpid(-1, &how, WNOHANG)) > 0) {
		if (pid != program)
			continue;
		*status = how;
		ended = true;
	}
	return ended;
}
