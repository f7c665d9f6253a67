/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a container ended, and what it used. */
#include "run/exit.h"
#include "base/clock.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static uint64_t usec_of(struct timeval t)
{
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_usec;
}

/* Without a cgroup: init's own, and that of the children it waited for. */
static void add_rusage(const struct rusage *r, struct lc_exit *x)
{
	x->max_rss = (uint64_t)r->ru_maxrss * 1024;
	if (x->cpu_usec != LC_UNKNOWN)
		return;
	x->cpu_user_usec = usec_of(r->ru_utime);
	x->cpu_system_usec = usec_of(r->ru_stime);
	x->cpu_usec = x->cpu_user_usec + x->cpu_system_usec;
}

static void add_io(const struct cgroup_stats *s, struct lc_exit *x)
{
	x->io_read = x->io_written = x->io_reads = x->io_writes = 0;
	for (size_t i = 0; i < s->io.n; i++) {
		x->io_read += s->io.v[i].rbytes;
		x->io_written += s->io.v[i].wbytes;
		x->io_reads += s->io.v[i].rios;
		x->io_writes += s->io.v[i].wios;
	}
}

static void add_cgroup(int cgroup, struct lc_exit *x)
{
	auto_arena a = { 0 };
	struct cgroup_stats s;
	struct lc_error ignored; /* a scope may be gone as soon as its last process is */

	if (cgroup < 0 || cgroup_stats_read(cgroup, &a, &s, &ignored) < 0 ||
	    s.cpu.usage_usec == CGROUP_NONE)
		return;
	x->from_cgroup = true;
	x->cpu_usec = s.cpu.usage_usec;
	x->cpu_user_usec = s.cpu.user_usec;
	x->cpu_system_usec = s.cpu.system_usec;
	x->cpu_throttled = s.cpu.nr_throttled;
	x->memory_peak = s.memory.peak;
	x->swap_peak = s.memory.swap_peak;
	x->pids_peak = s.pids.peak;
	x->memory_limited = s.memory.events.max;
	x->pids_limited = s.pids.refused;
	x->oom_kills = s.memory.events.oom_kill;
	if (s.has_io)
		add_io(&s, x);
	if (x->oom_kills && x->oom_kills != LC_UNKNOWN)
		cgroup_oom_place(cgroup, x->oom_cgroup, sizeof(x->oom_cgroup));
}

/* The kernel sends SIGKILL when the hard limit is reached, which is all it says about it. It counts
 * ticks for the limit and nanoseconds for what it tells us: they differ by some percent. */
static bool used_up_cpu(const struct exit_facts *f)
{
	const struct plan_process *p = f->plan ? f->plan->process : NULL;
	uint64_t used = usec_of(f->end->usage.ru_utime) + usec_of(f->end->usage.ru_stime);

	for (size_t i = 0; p && i < p->rlimits.n; i++)
		if (p->rlimits.v[i].resource == RLIMIT_CPU &&
		    used / 10 * 13 / 1000000 >= p->rlimits.v[i].hard)
			return true;
	return false;
}

/* The limit that the signal stands for, NULL: none. */
static const char *limit_of(const struct exit_facts *f)
{
	if (f->end->signal == SIGXCPU)
		return "RLIMIT_CPU";
	if (f->end->signal == SIGXFSZ)
		return "RLIMIT_FSIZE";
	return f->end->signal == SIGKILL && used_up_cpu(f) ? "RLIMIT_CPU" : NULL;
}

/* 137: init is a shell, say, whose program was killed. */
static bool died_of_oom(const struct lc_exit *x)
{
	return x->status == 128 + SIGKILL && x->oom_kills && x->oom_kills != LC_UNKNOWN;
}

static enum lc_exit_reason reason_of(const struct exit_facts *f, struct lc_exit *x)
{
	const char *limit;

	if (f->error)
		return LC_EXIT_FAILED;
	if (!f->end)
		return x->oom_kills && x->oom_kills != LC_UNKNOWN ? LC_EXIT_OOM : LC_EXIT_UNKNOWN;
	if (f->limit_reached)
		return LC_EXIT_TIMEOUT;
	if (died_of_oom(x))
		return LC_EXIT_OOM;
	if (x->signal == SIGSYS && f->plan && f->plan->seccomp.filter.n)
		return LC_EXIT_SECCOMP;
	limit = limit_of(f);
	if (limit) {
		snprintf(x->limit, sizeof(x->limit), "%s", limit);
		return LC_EXIT_LIMIT;
	}
	return x->signal ? LC_EXIT_SIGNALED : LC_EXIT_EXITED;
}

void exit_collect(int cgroup, const struct exit_facts *f, struct lc_exit *out)
{
	*out = (struct lc_exit){
		.size = sizeof(*out),
		.status = -1,
		.oom_kills = LC_UNKNOWN,
		.wall_usec = LC_UNKNOWN,
		.cpu_usec = LC_UNKNOWN,
		.cpu_user_usec = LC_UNKNOWN,
		.cpu_system_usec = LC_UNKNOWN,
		.cpu_throttled = LC_UNKNOWN,
		.memory_peak = LC_UNKNOWN,
		.memory_limited = LC_UNKNOWN,
		.swap_peak = LC_UNKNOWN,
		.max_rss = LC_UNKNOWN,
		.pids_peak = LC_UNKNOWN,
		.pids_limited = LC_UNKNOWN,
		.io_read = LC_UNKNOWN,
		.io_written = LC_UNKNOWN,
		.io_reads = LC_UNKNOWN,
		.io_writes = LC_UNKNOWN,
	};
	if (f->end) {
		out->status = f->end->status;
		out->signal = f->end->signal;
		out->core_dumped = f->end->core_dumped;
	}
	if (f->began_usec)
		out->wall_usec = clock_usec() - f->began_usec;
	if (!f->error)
		add_cgroup(cgroup, out);
	if (f->end)
		add_rusage(&f->end->usage, out);
	out->reason = reason_of(f, out);
}
