/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program that runs inside: ids, environment, limits, scheduling, labels. */
#include "plan/make.h"
#include "base/str.h"

#include <linux/ioprio.h>
#include <stdio.h>
#include <string.h>

#define UMASK_DEFAULT 022
#define MAX_WINDOW    0xffff /* struct winsize has 16 bits */

static int check_id(struct planner *p, const char *member, uint32_t id, const plan_id_maps *maps)
{
	if (id == UINT32_MAX)
		return lc_err(p->e, LC_ECONFIG, "%s: %u is not an id", member, id);
	if (!map_has(maps, id))
		return lc_err(p->e, LC_ECONFIG, "%s: %u is not mapped in the user namespace",
			      member, id);
	return 0;
}

static int plan_groups(struct planner *p, const struct spec_user *from, struct plan_user *to)
{
	bool denied = p->plan->ns.deny_setgroups ||
		      (how_ns(p, NS_USER) == NS_INHERIT && p->host->setgroups_denied);
	char member[64];

	to->keep_groups = denied || annotation_set(p, "run.oci.keep_original_groups");
	if (from->additionalGids.n && denied)
		return lc_err(p->e, LC_ECONFIG,
			      "process.user.additionalGids: a user namespace of a single id cannot "
			      "have additional groups");
	for (size_t i = 0; i < from->additionalGids.n; i++) {
		snprintf(member, sizeof(member), "process.user.additionalGids[%zu]", i);
		if (check_id(p, member, from->additionalGids.v[i], &p->plan->ns.gid_maps) < 0)
			return -1;
	}
	to->groups = from->additionalGids;
	return 0;
}

/* The umask of the caller is not a user's wish: dockerd runs with 0. */
static int plan_user(struct planner *p, const struct spec_user *from, struct plan_user *to)
{
	static const struct spec_user root;

	if (!from)
		from = &root;
	to->uid = from->uid;
	to->gid = from->gid;
	to->umask.set = true;
	to->umask.v = from->umask.set ? from->umask.v & 0777 : UMASK_DEFAULT;
	if (check_id(p, "process.user.uid", to->uid, &p->plan->ns.uid_maps) < 0 ||
	    check_id(p, "process.user.gid", to->gid, &p->plan->ns.gid_maps) < 0)
		return -1;
	return plan_groups(p, from, to);
}

/* The length of the name in NAME=value, or of the whole. */
static size_t name_length(const char *variable)
{
	return strcspn(variable, "=");
}

static bool same_name(const char *a, const char *b)
{
	size_t n = name_length(a);

	return n == name_length(b) && !memcmp(a, b, n);
}

/* The last of those with the same name, in the order of these last ones. */
static void plan_env(struct arena *a, const struct strs *from, struct plan_process *to)
{
	to->home_from_passwd = true;
	to->env.v = arena_array(a, from->n + 2, sizeof(char *)); /* one for HOME, one for NULL */
	for (size_t i = 0; i < from->n; i++) {
		char *variable = from->v[i];
		size_t later = i + 1;

		while (later < from->n && !same_name(variable, from->v[later]))
			later++;
		if (later < from->n)
			continue;
		if (!strcmp(variable, "HOME="))
			continue;
		if (str_starts(variable, "HOME="))
			to->home_from_passwd = false;
		to->env.v[to->env.n++] = variable;
	}
}

static uint32_t window_size(uint64_t n)
{
	return n < MAX_WINDOW ? (uint32_t)n : MAX_WINDOW;
}

static void plan_terminal(const struct spec_process *from, struct plan_process *to)
{
	to->terminal = from->terminal;
	if (!from->terminal || !from->consoleSize)
		return;
	to->console_width = window_size(from->consoleSize->width);
	to->console_height = window_size(from->consoleSize->height);
}

/* Collects names for one note. */
static void add_name(struct buf *b, const char *name)
{
	size_t n = strlen(name);

	for (const char *c = b->str; c && (c = strstr(c, name)); c += n)
		if (!c[n] || c[n] == ',')
			return;
	buf_addf(b, "%s%s", b->len ? ", " : "", name);
}

struct cap_notes {
	uint64_t grantable;
	struct buf unknown, missing;
};

static uint64_t cap_bits(const struct strs *caps, struct cap_notes *notes)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < caps->n; i++) {
		int cap = plan_cap_number(caps->v[i]);

		if (cap < 0)
			add_name(&notes->unknown, caps->v[i]);
		else if (!(notes->grantable >> cap & 1))
			add_name(&notes->missing, caps->v[i]);
		else
			bits |= 1ULL << cap;
	}
	return bits;
}

/* What the kernel would refuse one by one is left out here: what is not bounding cannot be
 * permitted, what is not both permitted and inheritable cannot be ambient (capabilities(7)). */
static void make_consistent(struct planner *p, struct plan_caps *to)
{
	uint64_t raised;
	struct buf refused = { .arena = p->a };

	to->permitted &= to->bounding;
	to->effective &= to->permitted;
	to->inheritable &= to->bounding;
	raised = to->permitted & to->inheritable;
	for (int cap = 0; cap <= p->host->cap_last; cap++)
		if (to->ambient & ~raised & 1ULL << cap)
			add_name(&refused, plan_cap_name(cap));
	if (refused.len)
		planner_note(p, true, "process.capabilities.ambient",
			     "can't raise ambient capability %s: not both permitted and "
			     "inheritable",
			     refused.str);
	to->ambient &= raised;
}

static void plan_caps(struct planner *p, const struct spec_capabilities *from, struct plan_caps *to)
{
	uint64_t all = (2ULL << p->host->cap_last) - 1;
	struct cap_notes notes = { .unknown = { .arena = p->a }, .missing = { .arena = p->a } };

	notes.grantable = has_userns(p) || p->plan->vm ? all : p->host->caps_held & all;
	to->given = true;
	if (!from)
		return;
	to->bounding = cap_bits(&from->bounding, &notes);
	to->permitted = cap_bits(&from->permitted, &notes);
	to->effective = cap_bits(&from->effective, &notes);
	to->inheritable = cap_bits(&from->inheritable, &notes);
	to->ambient = cap_bits(&from->ambient, &notes);
	if (notes.unknown.len)
		planner_note(p, true, "process.capabilities", "unknown, left out: %s",
			     notes.unknown.str);
	if (notes.missing.len)
		planner_note(p, true, "process.capabilities", "not available here, left out: %s",
			     notes.missing.str);
	make_consistent(p, to);
}

static void plan_rlimits(struct arena *a, const struct spec_process *from, struct plan_process *to)
{
	to->rlimits.n = from->rlimits.n;
	to->rlimits.v = arena_array(a, from->rlimits.n, sizeof(*to->rlimits.v));
	for (size_t i = 0; i < from->rlimits.n; i++)
		to->rlimits.v[i] =
			(struct plan_rlimit){ from->rlimits.v[i].type, from->rlimits.v[i].soft,
					      from->rlimits.v[i].hard };
}

static struct plan_scheduler *plan_scheduler(struct arena *a, const struct spec_scheduler *from)
{
	struct plan_scheduler *to;

	if (!from)
		return NULL;
	to = arena_alloc(a, sizeof(*to));
	*to = (struct plan_scheduler){
		.policy = from->policy,
		.nice = from->nice.v,
		.priority = from->priority.set ? (uint32_t)from->priority.v : 0,
		.runtime = from->runtime.v,
		.deadline = from->deadline.v,
		.period = from->period.v,
	};
	for (size_t i = 0; i < from->flags.n; i++)
		to->flags |= from->flags.v[i];
	return to;
}

/* "0-3,5": false for what is no such list, or beyond the bits there are. */
static bool read_nodes(struct arena *a, const char *text, uint64_t *bits, size_t max)
{
	char *rest = arena_strdup(a, text);

	for (char *part; (part = strsep(&rest, ","));) {
		char *last = strchr(part, '-');
		uint32_t from, to;

		if (last)
			*last++ = 0;
		if (!str_u32(part, &from) || !str_u32(last ? last : part, &to) || from > to ||
		    to >= max)
			return false;
		for (; from <= to; from++)
			bits[from / 64] |= 1ULL << from % 64;
	}
	return true;
}

static int plan_mempolicy(struct planner *p, struct plan_process *to)
{
	const struct spec_memory_policy *from = p->linux_->memoryPolicy;
	struct plan_mempolicy *policy;

	if (!from)
		return 0;
	policy = arena_alloc(p->a, sizeof(*policy));
	policy->mode = from->mode;
	for (size_t i = 0; i < from->flags.n; i++)
		policy->mode |= from->flags.v[i];
	if (from->nodes && *from->nodes &&
	    !read_nodes(p->a, from->nodes, policy->nodes, 8 * sizeof(policy->nodes)))
		return lc_err(
			p->e, LC_ECONFIG,
			"linux.memoryPolicy.nodes: expected a list such as \"0-3,5\" of nodes "
			"below %zu, found \"%s\"",
			8 * sizeof(policy->nodes), from->nodes);
	to->mempolicy = policy;
	return 0;
}

/* Lowering it needs CAP_SYS_RESOURCE in the first user namespace.  Engines ask for the value of
 * their own service even when they run without it. */
static void plan_oom(struct planner *p, const struct spec_process *from, struct plan_process *to)
{
	bool privileged = p->host->initial_userns && held(p, CAP_SYS_RESOURCE);

	to->oom_score_adj = from->oomScoreAdj;
	if (!from->oomScoreAdj.set || privileged || !p->plan->rootless ||
	    from->oomScoreAdj.v >= p->host->oom_score_adj)
		return;
	planner_note(p, true, "process.oomScoreAdj", "%lld needs CAP_SYS_RESOURCE, stays at %d",
		     (long long)from->oomScoreAdj.v, p->host->oom_score_adj);
	to->oom_score_adj.v = p->host->oom_score_adj;
}

static int plan_labels(struct planner *p, const struct spec_process *from, struct plan_process *to)
{
	const char *apparmor = from->apparmorProfile;

	if (apparmor && *apparmor && p->host->apparmor)
		to->apparmor = from->apparmorProfile;
	else if (apparmor && *apparmor && strcmp(apparmor, "unconfined"))
		return lc_err(p->e, LC_EUNSUPPORTED,
			      "process.apparmorProfile: AppArmor is not in force on this host");
	if (!from->selinuxLabel || !*from->selinuxLabel)
		return 0;
	if (!p->host->selinux)
		return lc_err(p->e, LC_EUNSUPPORTED,
			      "process.selinuxLabel: SELinux is not in force on this host");
	if (to->apparmor) /* init writes one */
		return lc_err(p->e, LC_EUNSUPPORTED,
			      "process.selinuxLabel: not beside process.apparmorProfile");
	to->selinux = from->selinuxLabel;
	return 0;
}

static void plan_priorities(struct planner *p, const struct spec_process *from,
			    struct plan_process *to)
{
	to->scheduler = plan_scheduler(p->a, from->scheduler);
	if (from->ioPriority) {
		to->ioprio.set = true;
		to->ioprio.v = IOPRIO_PRIO_VALUE(from->ioPriority->class,
						 (uint32_t)from->ioPriority->priority.v);
	}
	if (p->linux_->personality) {
		to->personality.set = true;
		to->personality.v = p->linux_->personality->domain;
	}
}

int planner_process(struct planner *p, const struct spec_process *from)
{
	struct plan_process *to = arena_alloc(p->a, sizeof(*to));

	to->cwd = from->cwd;
	to->args = from->args;
	to->no_new_privs = from->noNewPrivileges.v;
	plan_env(p->a, &from->env, to);
	plan_terminal(from, to);
	plan_rlimits(p->a, from, to);
	plan_caps(p, from->capabilities, &to->caps);
	plan_priorities(p, from, to);
	plan_oom(p, from, to);
	p->plan->process = to;
	if (plan_user(p, from->user, &to->user) < 0 || plan_labels(p, from, to) < 0)
		return -1;
	return plan_mempolicy(p, to);
}
