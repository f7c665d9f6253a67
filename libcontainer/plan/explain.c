/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plan in words: what a bundle will get, for people. */
#include "plan/documents.h"
#include "base/str.h"

#include <linux/capability.h>
#include <linux/filter.h>
#include <string.h>
#include <sys/mount.h>

static void row(struct buf *b, const char *title)
{
	buf_addf(b, "%-12s ", title);
}

static void add_words(struct buf *b, const struct strs *words)
{
	for (size_t i = 0; i < words->n; i++)
		buf_addf(b, "%s%s", i ? " " : "", words->v[i]);
}

static void explain_program(struct buf *b, const struct plan *plan)
{
	const struct plan_process *p = plan->process;

	row(b, "Program");
	if (!p) {
		buf_add(b, "none: it can be created, not started\n");
		return;
	}
	add_words(b, &p->args);
	buf_addf(b, "\n%-12s in %s, as user %u, group %u", "", p->cwd, p->user.uid, p->user.gid);
	for (size_t i = 0; i < p->user.groups.n; i++)
		buf_addf(b, "%s%u", i ? ", " : ", additional groups ", p->user.groups.v[i]);
	buf_addf(b, "; %s\n", p->terminal ? "on a terminal" : "without a terminal");
}

static void explain_root(struct buf *b, const struct plan *plan)
{
	row(b, "Root");
	buf_addf(b, "%s, %s%s\n", plan->root.path, plan->root.readonly ? "read-only" : "writable",
		 plan->root.chroot_only ? ", by chroot alone" : "");
}

static void explain_isolation(struct buf *b, const struct plan *plan)
{
	static const char *const titles[] = {
		[NS_NEW] = "own", [NS_JOIN] = "joined", [NS_INHERIT] = "the caller's"
	};
	static const enum ns_how order[] = { NS_NEW, NS_JOIN, NS_INHERIT };

	row(b, "Kind");
	buf_add(b, plan->vm ? "a virtual machine\n" : "a container\n");
	row(b, "Namespaces");
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		size_t found = 0;

		for (size_t t = 0; t < NS_TYPES; t++) {
			const struct plan_namespace *ns = &plan->ns.of[t];

			if (ns->how != order[i])
				continue;
			if (!found++)
				buf_addf(b, "%s%s: ", b->str[b->len - 1] == ' ' ? "" : "; ",
					 titles[order[i]]);
			else
				buf_add(b, ", ");
			buf_add(b, word_name(ns_type_words, (int)t));
			if (ns->how == NS_JOIN)
				buf_addf(b, " (%s)", ns->path);
		}
	}
	buf_add(b, "\n");
	for (size_t i = 0; i < plan->ns.uid_maps.n; i++) {
		const struct plan_id_map *m = &plan->ns.uid_maps.v[i];

		row(b, i ? "" : "User ids");
		buf_addf(b, "%u to %u inside are %u to %u outside\n", m->inside,
			 m->inside + m->count - 1, m->outside, m->outside + m->count - 1);
	}
}

static void add_flags(struct buf *b, uint64_t set)
{
	static const struct {
		uint64_t bit;
		const char *word;
	} words[] = {
		{ MOUNT_ATTR_RDONLY, "read-only" },
		{ MOUNT_ATTR_NOSUID, "nosuid" },
		{ MOUNT_ATTR_NODEV, "nodev" },
		{ MOUNT_ATTR_NOEXEC, "noexec" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (set & words[i].bit)
			buf_addf(b, ", %s", words[i].word);
}

static void explain_mounts(struct buf *b, const struct plan *plan)
{
	for (size_t i = 0; i < plan->mounts.n; i++) {
		const struct plan_mount *m = &plan->mounts.v[i];

		row(b, i ? "" : "Mounts");
		if (m->kind == MOUNT_BIND)
			buf_addf(b, "%s: %s of the %s", m->target, m->source,
				 m->source_in_root ? "root's" : "host");
		else if (m->kind == MOUNT_CGROUP)
			buf_addf(b, "%s: its cgroup", m->target);
		else if (m->kind == MOUNT_REMOUNT)
			buf_addf(b, "%s: changed", m->target);
		else
			buf_addf(b, "%s: a new %s", m->target, m->fstype);
		add_flags(b, m->attr_set | m->attr_set_rec);
		if (m->idmap || m->idmap_rec)
			buf_add(b, ", ids mapped");
		buf_add(b, "\n");
	}
}

static void explain_devices(struct buf *b, const struct plan *plan)
{
	row(b, "Devices");
	for (size_t i = 0; i < plan->devices.n; i++)
		buf_addf(b, "%s%s", i ? " " : "", plan->devices.v[i].path);
	buf_add(b, plan->devices.n ? "\n" : "none\n");
}

static void explain_limits(struct buf *b, const struct plan *plan)
{
	const struct plan_cgroup *c = &plan->cgroup;

	row(b, "Cgroup");
	buf_addf(b, "%s\n",
		 c->driver == CGROUP_DISABLED ? "none"
		 : c->scope		      ? c->scope
		 : c->path		      ? c->path
					      : "the caller's");
	for (size_t i = 0; i < c->files.n; i++) {
		row(b, i ? "" : "Limits");
		buf_addf(b, "%s = %s (%s)\n", c->files.v[i].file, c->files.v[i].value,
			 c->files.v[i].member);
	}
	if (!c->files.n) {
		row(b, "Limits");
		buf_add(b, "none: it may use all memory, processors and process ids\n");
	}
	for (size_t i = 0; plan->process && i < plan->process->rlimits.n; i++) {
		const struct plan_rlimit *l = &plan->process->rlimits.v[i];

		row(b, "");
		buf_addf(b, "%s %llu, at most %llu\n", word_name(rlimit_words, l->resource),
			 (unsigned long long)l->soft, (unsigned long long)l->hard);
	}
}

static void explain_caps(struct buf *b, const struct plan_process *p)
{
	size_t n = 0;

	row(b, "Privileges");
	for (int cap = 0; cap < 64; cap++)
		if (p->caps.permitted >> cap & 1)
			buf_addf(b, "%s%s", n++ ? " " : "",
				 plan_cap_name(cap) ? plan_cap_name(cap) : "?");
	buf_add(b, n ? "\n" : "no capabilities\n");
	row(b, "");
	buf_add(b, p->no_new_privs ? "gains none by set-user-ID programs\n"
				   : "may gain privileges by set-user-ID programs\n");
}

static void explain_protection(struct buf *b, const struct plan *plan)
{
	const struct plan_process *p = plan->process;
	size_t calls = plan->seccomp.filter.n / sizeof(struct sock_filter);

	if (p)
		explain_caps(b, p);
	row(b, "Filter");
	if (calls)
		buf_addf(b, "seccomp, %zu instructions\n", calls);
	else
		buf_add(b, "none: every system call is allowed\n");
	if (p && (p->apparmor || p->selinux)) {
		row(b, "Label");
		buf_addf(b, "%s\n", p->apparmor ? p->apparmor : p->selinux);
	}
	if (plan->landlock) {
		row(b, "Landlock");
		buf_addf(b, "%zu paths, %zu ports\n", plan->landlock->paths.n,
			 plan->landlock->bind_tcp.n + plan->landlock->connect_tcp.n);
	}
	row(b, "Paths");
	buf_addf(b, "%zu hidden, %zu read-only\n", plan->masked.n, plan->readonly.n);
}

static void explain_hooks(struct buf *b, const struct plan *plan)
{
	const struct {
		const char *stage;
		const plan_hooks *hooks;
	} all[] = {
		{ "prestart", &plan->hooks.prestart },
		{ "createRuntime", &plan->hooks.create_runtime },
		{ "createContainer", &plan->hooks.create_container },
		{ "startContainer", &plan->hooks.start_container },
		{ "poststart", &plan->hooks.poststart },
		{ "poststop", &plan->hooks.poststop },
	};
	size_t found = 0;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		for (size_t j = 0; j < all[i].hooks->n; j++) {
			row(b, found++ ? "" : "Hooks");
			buf_addf(b, "%s: %s\n", all[i].stage, all[i].hooks->v[j].path);
		}
}

/* What makes it less of a container than one may think. */
static void explain_dangers(struct buf *b, const struct plan *plan)
{
	const struct plan_process *p = plan->process;
	const struct {
		bool is;
		const char *text;
	} dangers[] = {
		{ plan->ns.of[NS_USER].how == NS_INHERIT && !plan->rootless && p &&
			  p->user.uid == 0,
		  "its root is the host's root (no user namespace)" },
		{ plan->ns.of[NS_PID].how == NS_INHERIT, "it sees the caller's processes" },
		{ plan->ns.of[NS_NETWORK].how == NS_INHERIT, "it uses the caller's network" },
		{ plan->ns.of[NS_MOUNT].how == NS_INHERIT,
		  "its mounts are the caller's: it is only in a chroot" },
		{ p && p->caps.permitted >> CAP_SYS_ADMIN & 1, "it holds CAP_SYS_ADMIN" },
		{ !plan->seccomp.filter.n, "no system call is refused" },
	};
	size_t found = 0;

	for (size_t i = 0; i < ARRAY_SIZE(dangers); i++)
		if (dangers[i].is) {
			row(b, found++ ? "" : "Mind");
			buf_addf(b, "%s\n", dangers[i].text);
		}
	for (size_t i = 0; i < plan->notes.n; i++) {
		row(b, i ? "" : "Left out");
		buf_addf(b, "%s: %s\n", plan->notes.v[i].member, plan->notes.v[i].text);
	}
}

char *plan_explain(struct arena *a, const struct plan *plan)
{
	static void (*const parts[])(struct buf * b, const struct plan *plan) = {
		explain_program,    explain_root,    explain_isolation,
		explain_mounts,	    explain_devices, explain_limits,
		explain_protection, explain_hooks,   explain_dangers,
	};
	struct buf b = { .arena = a };

	row(&b, "Container");
	buf_addf(&b, "%s, from %s\n", plan->id, plan->bundle);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		parts[i](&b, plan);
	return b.str;
}
