/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The facts of the host that a plan depends on, asked once. */
#include "plan/plan.h"
#include "base/file.h"
#include "base/str.h"
#include "sys/landlock.h"
#include "sys/probe.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MAX_FACT (64 * 1024)
#define MAX_IDS	 (1024 * 1024) /* /etc/passwd, /etc/subuid */

static struct strs split_words(struct arena *a, char *text)
{
	struct strs list = { 0 };
	size_t n = 1;

	for (const char *c = text; *c; c++)
		n += *c == ' ';
	list.v = arena_array(a, n + 1, sizeof(char *));
	for (char *word; (word = strsep(&text, " "));)
		if (*word)
			list.v[list.n++] = word;
	return list;
}

/* io.bfq.weight exists in every cgroup but the root where that scheduler is there. */
static bool has_bfq(struct arena *a, struct plan_host *host)
{
	const char *own;

	if (!host->own_cgroup)
		host->own_cgroup = probe_own_cgroup(a);
	own = host->own_cgroup ? host->own_cgroup : "";
	return !access(arena_printf(a, "%s%s/io.bfq.weight", host->cgroup2, own), F_OK) ||
	       !access("/sys/module/bfq", F_OK);
}

static int ask_cgroup(struct arena *a, bool own, struct plan_host *host, struct lc_error *e)
{
	struct probe_cgroup found;
	char *controllers;

	if (probe_cgroup(a, &found, e) < 0)
		return -1;
	host->cgroup2 = found.path;
	host->cgroup_v1 = found.v1;
	if (!found.path)
		return 0;
	if (own)
		host->own_cgroup = probe_own_cgroup(a);
	controllers = file_fact_at(AT_FDCWD, arena_printf(a, "%s/cgroup.controllers", found.path),
				   a, MAX_FACT);
	if (controllers)
		host->controllers = split_words(a, controllers);
	host->bfq_weight = strs_have(&host->controllers, "io") && has_bfq(a, host);
	host->hugetlb_rsvd = true; /* Linux 5.7 */
	return 0;
}

/* The name of @id in /etc/passwd, as text, since the name service would load code. */
static char *name_of(struct arena *a, uint32_t id)
{
	char *rest = file_fact_at(AT_FDCWD, "/etc/passwd", a, MAX_IDS);

	for (char *line; (line = strsep(&rest, "\n"));) {
		char *name = strsep(&line, ":");
		uint32_t uid;

		strsep(&line, ":");
		if (line && str_u32(strsep(&line, ":"), &uid) && uid == id)
			return name;
	}
	return NULL;
}

/* A line "name:first:count" of /etc/subuid that is for this user. */
static bool read_subids(char *line, const char *name, const char *number, struct plan_id_map *out)
{
	char *who = strsep(&line, ":");
	char *first = line ? strsep(&line, ":") : NULL;

	return line && (str_eq(who, name) || !strcmp(who, number)) &&
	       str_u32(first, &out->outside) && str_u32(line, &out->count) && out->count;
}

/* The caller's own id for root, its subordinate ones behind it. */
static void ask_ids(struct arena *a, const char *file, uint32_t own, uint32_t euid,
		    plan_id_maps *out)
{
	char *rest = file_fact_at(AT_FDCWD, file, a, MAX_IDS);
	const char *name = name_of(a, euid), *number = arena_printf(a, "%u", euid);
	uint32_t inside = 1;
	size_t lines = 1;

	for (const char *c = rest; c && *c; c++)
		lines += *c == '\n';
	out->v = arena_array(a, lines + 1, sizeof(*out->v));
	out->v[out->n++] = (struct plan_id_map){ 0, own, 1 };
	for (char *line; (line = strsep(&rest, "\n"));) {
		struct plan_id_map map = { .inside = inside };

		if (!read_subids(line, name, number, &map) || map.count > UINT32_MAX - inside)
			continue;
		inside += map.count;
		out->v[out->n++] = map;
	}
}

/* The caller's own matters where one is asked for that may have to be higher. */
static void ask_oom_score(struct arena *a, const struct spec *spec, struct plan_host *host)
{
	const char *text;
	int64_t oom;

	if (spec && (!spec->process || !spec->process->oomScoreAdj.set))
		return;
	text = file_fact_at(AT_FDCWD, "/proc/self/oom_score_adj", a, MAX_FACT);
	if (text && str_i64(text, &oom))
		host->oom_score_adj = (int)oom;
}

static int ask_privileges(struct arena *a, struct plan_host *host, struct lc_error *e)
{
	struct sys_caps caps;
	const char *text;

	if (sys_capget(&caps) < 0)
		return lc_err_errno(e, "capget");
	host->caps_held = caps.permitted;
	host->cap_last = probe_cap_last(caps.effective);
	/* The initial user namespace cannot deny it. */
	text = host->initial_userns ? NULL
				    : file_fact_at(AT_FDCWD, "/proc/self/setgroups", a, MAX_FACT);
	host->setgroups_denied = text && !strcmp(text, "deny");
	return 0;
}

static bool names_time(const struct spec_linux *l)
{
	for (size_t i = 0; l && i < l->namespaces.n; i++)
		if (l->namespaces.v[i].type == NS_TIME)
			return true;
	return false;
}

/* What only some configurations make a difference with. */
static void ask_features(const struct spec *spec, struct plan_host *host)
{
	const struct spec_process *p = spec ? spec->process : NULL;
	const struct spec_linux *l = spec ? spec->linux_ : NULL;

	if (!spec || (p && p->apparmorProfile && *p->apparmorProfile))
		host->apparmor = probe_apparmor();
	if (!spec || (p && p->selinuxLabel && *p->selinuxLabel) || (l && l->mountLabel))
		host->selinux = probe_selinux();
	if (!spec || names_time(l))
		host->time_ns = probe_namespace("time");
	if (!spec || spec->annotations.n)
		host->landlock_abi = landlock_abi();
}

static int ask_process(struct arena *a, const struct spec *spec, struct plan_host *host,
		       struct lc_error *e)
{
	*host = (struct plan_host){
		.euid = geteuid(),
		.egid = getegid(),
		.initial_userns = probe_initial_userns(),
	};
	ask_features(spec, host);
	ask_oom_score(a, spec, host);
	if (host->euid) {
		ask_ids(a, "/etc/subuid", host->euid, host->euid, &host->own_uid_map);
		ask_ids(a, "/etc/subgid", host->egid, host->euid, &host->own_gid_map);
	}
	return ask_privileges(a, host, e);
}

int plan_host_ask_for_process(struct arena *a, struct plan_host *host, struct lc_error *e)
{
	return ask_process(a, NULL, host, e);
}

int plan_host_ask(struct arena *a, const struct spec *spec, struct plan_host *host,
		  struct lc_error *e)
{
	if (ask_process(a, spec, host, e) < 0)
		return -1;
	/* The path of real root's own makes no difference, unless told so (rootless). */
	return ask_cgroup(a, !spec || host->euid || !host->initial_userns, host, e);
}
