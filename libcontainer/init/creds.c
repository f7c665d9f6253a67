/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the program may do and use: limits, ids, capabilities, labels. */
#include "base/own.h"
#include "init/steps.h"
#include "sys/fd.h"
#include "sys/ids.h"
#include "sys/procfs.h"
#include "sys/sys.h"

#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { CPUS = 8192 }; /* the most any kernel is built for */

struct cpu_mask {
	unsigned long bits[CPUS / (8 * sizeof(long))];
};

/* ---- limits ---- */

static int set_rlimits(const struct sandbox *s, struct lc_error *e)
{
	const struct plan_process *p = s->plan->process;

	for (size_t i = 0; !s->limits_outside && i < p->rlimits.n; i++) {
		const struct plan_rlimit *r = &p->rlimits.v[i];

		if (sys_set_limit(0, r->resource, r->soft, r->hard) < 0)
			return lc_err_errno(e, "process.rlimits[%zu]: soft %llu, hard %llu", i,
					    (unsigned long long)r->soft,
					    (unsigned long long)r->hard);
	}
	return 0;
}

/* Reads a number of at most 4 digits and moves on. */
static bool read_cpu(const char **p, unsigned *cpu)
{
	const char *start = *p;

	for (*cpu = 0; **p >= '0' && **p <= '9' && *p - start < 4; (*p)++)
		*cpu = *cpu * 10 + (unsigned)(**p - '0');
	return *p > start && *cpu < CPUS;
}

/* "0-3,7" to bits. */
static bool parse_cpus(const char *list, struct cpu_mask *mask)
{
	const char *p = list;
	unsigned from, to;

	memset(mask, 0, sizeof(*mask));
	for (;; p++) {
		if (!read_cpu(&p, &from))
			return false;
		to = from;
		if (*p == '-' && (p++, !read_cpu(&p, &to)))
			return false;
		for (unsigned cpu = from; cpu <= to; cpu++)
			mask->bits[cpu / (8 * sizeof(long))] |= 1UL << cpu % (8 * sizeof(long));
		if (to < from || (*p && *p != ','))
			return false;
		if (!*p)
			return true;
	}
}

/* The caller's own affinity says nothing about the container: all that its cpuset allows, unless
 * exec was told otherwise.  With `initial` alone the kernel's choice at entering the cgroup
 * stays. */
static int set_affinity(const struct plan_process *p, struct lc_error *e)
{
	struct cpu_mask mask;

	if (p->cpus_initial && !p->cpus_final)
		return 0;
	if (!p->cpus_final)
		memset(&mask, 0xff, sizeof(mask));
	else if (!parse_cpus(p->cpus_final, &mask))
		return lc_err(e, LC_ECONFIG,
			      "process.execCPUAffinity.final: \"%s\" is no list of cpus",
			      p->cpus_final);
	if (sys_sched_setaffinity(0, mask.bits, sizeof(mask)) < 0 && p->cpus_final)
		return lc_err_errno(e, "process.execCPUAffinity.final: sched_setaffinity %s",
				    p->cpus_final);
	return 0; /* a reset that is refused (an outer sandbox) weakens nothing */
}

static int set_scheduler(const struct plan_scheduler *want, struct lc_error *e)
{
	struct sys_sched_attr attr = {
		.policy = want->policy,
		.flags = want->flags,
		.nice = want->nice,
		.priority = want->priority,
		.runtime = want->runtime,
		.deadline = want->deadline,
		.period = want->period,
	};

	if (sys_sched_setattr(0, &attr) == 0)
		return 0;
	if (errno == EPERM && want->policy == 6)
		return lc_err_errno(e, "process.scheduler: SCHED_DEADLINE (a cpuset of fewer than "
				       "all cpus does not allow it)");
	return lc_err_errno(e, "process.scheduler: sched_setattr");
}

static int set_mempolicy_of(const struct plan_mempolicy *m, struct lc_error *e)
{
	unsigned long nodes[sizeof(m->nodes) / sizeof(long)];
	bool any = false;

	for (size_t i = 0; i < ARRAY_SIZE(m->nodes); i++)
		any |= m->nodes[i] != 0;
	memcpy(nodes, m->nodes, sizeof(nodes));
	if (sys_set_mempolicy(m->mode, any ? nodes : NULL, any ? 8 * sizeof(nodes) : 0) < 0)
		return lc_err_errno(e, "linux.memoryPolicy: set_mempolicy");
	return 0;
}

int step_limits(struct sandbox *s, struct lc_error *e)
{
	const struct plan_process *p = s->plan->process;

	umask(p->user.umask.set ? p->user.umask.v : s->umask);
	if (set_affinity(p, e) < 0 || (p->scheduler && set_scheduler(p->scheduler, e) < 0) ||
	    (p->mempolicy && set_mempolicy_of(p->mempolicy, e) < 0))
		return -1;
	if (p->ioprio.set && sys_ioprio_set(1 /* IOPRIO_WHO_PROCESS */, 0, (int)p->ioprio.v) < 0)
		return lc_err_errno(e, "process.ioPriority: ioprio_set");
	/* Before seccomp: a profile may well forbid personality(2). */
	if (p->personality.set && personality(p->personality.v) < 0)
		return lc_err_errno(e, "linux.personality");
	return set_rlimits(s, e);
}

int step_oom_score(struct sandbox *s, struct lc_error *e)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)s->plan->process->oom_score_adj.v);
	return procfs_write(s->procfs, "self/oom_score_adj", text, e);
}

/* ---- labels ---- */

int label_refused(const struct plan_process *p, struct lc_error *e)
{
	const char *member = p->apparmor ? "process.apparmorProfile" : "process.selinuxLabel";
	const char *why = "";

	if (p->apparmor && e->sys_errno == ENOENT)
		why = ": no such profile is loaded";
	else if (!p->apparmor && e->sys_errno == EINVAL)
		why = ": the policy knows no such label";
	return lc_err_in(e, "%s%s", member, why);
}

/* Takes effect with the next execve, that of a startContainer hook or of the program.  AppArmor has
 * a directory of its own (Linux 5.8), which is the right one when other modules share the old file.
 */
int step_label(struct sandbox *s, struct lc_error *e)
{
	const struct plan_process *p = s->plan->process;
	const char *path = p->apparmor ? "self/attr/apparmor/exec" : "self/attr/exec";
	const char *label = p->apparmor ? p->apparmor : p->selinux;
	char text[4096];
	int n = snprintf(text, sizeof(text), "%s%s", p->apparmor ? "exec " : "", label);

	if (n >= (int)sizeof(text))
		return lc_err(e, LC_ECONFIG, "label %.64s...: %s", label,
			      lc_errno_text(ENAMETOOLONG));
	return procfs_write(s->procfs, path, text, e) < 0 ? label_refused(p, e) : 0;
}

/* ---- ids ---- */

static int drop_bounding(uint64_t have, uint64_t keep, struct lc_error *e)
{
	for (int cap = 0; cap < 64; cap++) {
		if (keep >> cap & 1 || !(have >> cap & 1) ||
		    prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL && cap > CAP_AUDIT_READ)
			return 0; /* no further one is known */
		return lc_err_errno(e, "drop capability %d from the bounding set", cap);
	}
	return 0;
}

static int set_groups(const struct plan_user *user, struct lc_error *e)
{
	if (user->keep_groups || sys_setgroups(user->groups.n, user->groups.v) == 0)
		return 0;
	return lc_err_errno(e, "process.user.additionalGids: setgroups");
}

/* Leaving uid 0 empties the effective set; what comes next still needs it. */
static int regain_effective(struct lc_error *e)
{
	struct sys_caps caps;

	if (sys_capget(&caps) < 0)
		return lc_err_errno(e, "capget");
	caps.effective = caps.permitted;
	if (sys_capset(&caps) < 0)
		return lc_err_errno(e, "capset");
	return 0;
}

int step_ids(struct sandbox *s, struct lc_error *e)
{
	const struct plan_process *p = s->plan->process;
	bool keep = p->caps.given && p->user.uid != 0;

	if (p->caps.given &&
	    drop_bounding(s->mapped_root ? ~0ULL : s->bounding, p->caps.bounding, e) < 0)
		return -1;
	if (set_groups(&p->user, e) < 0)
		return -1;
	if (sys_setresgid(p->user.gid) < 0)
		return lc_err_errno(e, "process.user.gid: setresgid %u", p->user.gid);
	if (keep && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return lc_err_errno(e, "prctl PR_SET_KEEPCAPS");
	if (sys_setresuid(p->user.uid) < 0)
		return lc_err_errno(e, "process.user.uid: setresuid %u", p->user.uid);
	/* A filter that is loaded now, without no_new_privs, needs CAP_SYS_ADMIN. */
	if (keep && s->plan->seccomp.filter.n && s->plan->seccomp.early)
		return regain_effective(e);
	return 0;
}

/* ---- capabilities ---- */

static void raise_ambient(const struct sandbox *s, uint64_t set)
{
	for (int cap = 0; cap < 64 && set >> cap; cap++)
		if (set >> cap & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			log_warn(&s->log, "can't raise ambient capability %d: %s", cap,
				 lc_errno_text(errno));
}

/* Nobody gets what is not there: the caller may lack some itself. */
static int set_what_is_held(const struct sandbox *s, struct sys_caps *caps, struct lc_error *e)
{
	struct sys_caps held;

	if (sys_capget(&held) < 0)
		return lc_err_errno(e, "capget");
	log_warn(&s->log, "process.capabilities: not held and left out: %#llx",
		 (unsigned long long)(caps->permitted & ~held.permitted));
	caps->permitted &= held.permitted;
	caps->effective &= held.permitted;
	caps->inheritable &= held.permitted | held.inheritable;
	if (sys_capset(caps) < 0)
		return lc_err_errno(e, "capset");
	return 0;
}

int step_caps(struct sandbox *s, struct lc_error *e)
{
	const struct plan_caps *want = &s->plan->process->caps;
	struct sys_caps caps = {
		.effective = want->effective & want->permitted,
		.permitted = want->permitted,
		.inheritable = want->inheritable,
	};

	if (!want->given)
		return 0;
	if (sys_capset(&caps) < 0) {
		if (errno != EPERM)
			return lc_err_errno(e, "capset");
		if (set_what_is_held(s, &caps, e) < 0)
			return -1;
	}
	raise_ambient(s, want->ambient);
	return 0;
}

int step_no_new_privs(struct sandbox *s, struct lc_error *e)
{
	(void)s;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return lc_err_errno(e, "prctl PR_SET_NO_NEW_PRIVS");
	return 0;
}
