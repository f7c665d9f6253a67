/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process of an `exec`: a process.json completed, or the container's own process changed. */
#include "plan/make.h"
#include "base/str.h"

#include <string.h>

static size_t count(const char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

/* @from and then @more, in a list of its own. */
static struct strs joined(struct arena *a, const struct strs *from, const char *const *more)
{
	size_t n = count(more);
	struct strs to = { arena_array(a, from->n + n + 1, sizeof(char *)), from->n + n };

	for (size_t i = 0; i < from->n; i++)
		to.v[i] = from->v[i];
	for (size_t i = 0; i < n; i++)
		to.v[from->n + i] = arena_strdup(a, more[i]);
	return to;
}

/* Without the inheritable set ambient capabilities cannot be raised, and a container without it
 * must not gain it by an exec (CVE-2022-29162). */
static int add_caps(struct planner *p, const char *const *caps, struct spec_process *to)
{
	static const struct spec_capabilities none;
	const struct spec_capabilities *had = to->capabilities ? to->capabilities : &none;
	struct spec_capabilities *now = arena_alloc(p->a, sizeof(*now));

	for (const char *const *cap = caps; *cap; cap++)
		if (plan_cap_number(*cap) < 0)
			return lc_err(p->e, LC_EUSAGE, "unknown capability %s", *cap);
	*now = *had;
	now->bounding = joined(p->a, &had->bounding, caps);
	now->effective = joined(p->a, &had->effective, caps);
	now->permitted = joined(p->a, &had->permitted, caps);
	if (had->inheritable.n) {
		now->inheritable = joined(p->a, &had->inheritable, caps);
		now->ambient = joined(p->a, &had->ambient, caps);
	}
	to->capabilities = now;
	return 0;
}

/* UID[:GID], nothing but digits (CVE-2026-30892). */
static int read_user(struct planner *p, const char *text, struct spec_user *user)
{
	char *uid = arena_strdup(p->a, text);
	char *gid = strchr(uid, ':');

	if (gid)
		*gid++ = 0;
	if (!str_u32(uid, &user->uid) || (gid && !str_u32(gid, &user->gid)) ||
	    user->uid == UINT32_MAX || user->gid == UINT32_MAX)
		return lc_err(p->e, LC_EUSAGE,
			      "user: expected UID or UID:GID in digits, found "
			      "\"%s\"",
			      text);
	return 0;
}

static int change_user(struct planner *p, const struct plan_exec_options *exec,
		       struct spec_process *to)
{
	struct spec_user *user = arena_alloc(p->a, sizeof(*user));

	if (to->user)
		*user = *to->user;
	to->user = user;
	if (exec->user && read_user(p, exec->user, user) < 0)
		return -1;
	if (!exec->n_additional_gids)
		return 0;
	user->additionalGids.n = exec->n_additional_gids;
	user->additionalGids.v = arena_array(p->a, exec->n_additional_gids, sizeof(uint32_t));
	memcpy(user->additionalGids.v, exec->additional_gids,
	       exec->n_additional_gids * sizeof(uint32_t));
	return 0;
}

/* What a process.json leaves out, the container's process says: no exec is freer than that by
 * omission. */
static void complete(const struct spec_process *own, struct spec_process *to)
{
	if (!to->capabilities)
		to->capabilities = own->capabilities;
	if (!to->rlimits.v)
		to->rlimits = own->rlimits;
	if (!to->noNewPrivileges.set)
		to->noNewPrivileges = own->noNewPrivileges;
	if (!to->apparmorProfile || !*to->apparmorProfile)
		to->apparmorProfile = own->apparmorProfile;
	if (!to->selinuxLabel || !*to->selinuxLabel)
		to->selinuxLabel = own->selinuxLabel;
	if (!to->oomScoreAdj.set)
		to->oomScoreAdj = own->oomScoreAdj;
	if (!to->ioPriority)
		to->ioPriority = own->ioPriority;
	if (!to->scheduler)
		to->scheduler = own->scheduler;
	if (!to->execCPUAffinity)
		to->execCPUAffinity = own->execCPUAffinity;
}

static void complete_umask(struct arena *a, const struct spec_process *own, struct spec_process *to)
{
	struct spec_user *user;

	if (!own->user || !own->user->umask.set || (to->user && to->user->umask.set))
		return;
	user = arena_alloc(a, sizeof(*user));
	if (to->user)
		*user = *to->user;
	user->umask = own->user->umask;
	to->user = user;
}

/* The options that change a container's own process. */
static void change(struct planner *p, const struct plan_exec_options *exec, struct spec_process *to)
{
	static const struct strs none;

	to->terminal = exec->tty;
	to->consoleSize = NULL;
	if (exec->args)
		to->args = joined(p->a, &none, exec->args);
	to->env = joined(p->a, &to->env, exec->env);
	if (exec->cwd)
		to->cwd = path_inside(p->a, exec->cwd);
}

/* Those that count for a process.json as well. */
static int strengthen(struct planner *p, const struct plan_exec_options *exec,
		      struct spec_process *to)
{
	if (exec->no_new_privs)
		to->noNewPrivileges = (struct opt_bool){ true, true };
	if (exec->apparmor)
		to->apparmorProfile = arena_strdup(p->a, exec->apparmor);
	if (exec->process_label)
		to->selinuxLabel = arena_strdup(p->a, exec->process_label);
	if ((exec->user || exec->n_additional_gids) && change_user(p, exec, to) < 0)
		return -1;
	return exec->caps && exec->caps[0] ? add_caps(p, exec->caps, to) : 0;
}

int exec_process(struct planner *p, const struct plan_exec_options *exec, struct spec_process **out)
{
	static const struct spec_process nothing = { .cwd = (char *)"/" };
	const struct spec_process *own = p->spec->process ? p->spec->process : &nothing;
	struct spec_process *to = arena_alloc(p->a, sizeof(*to));

	if (exec->process) {
		*to = *exec->process;
		complete(own, to);
		complete_umask(p->a, own, to);
		to->terminal |= exec->tty;
	} else {
		*to = *own;
		change(p, exec, to);
	}
	if (!to->args.n)
		return lc_err(p->e, LC_EUSAGE, "no program to execute");
	*out = to;
	return strengthen(p, exec, to);
}
