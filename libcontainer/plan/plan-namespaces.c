/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Namespaces, id maps and clock offsets. */
#include "plan/make.h"
#include "base/str.h"

bool map_has(const plan_id_maps *maps, uint32_t id)
{
	for (size_t i = 0; i < maps->n; i++)
		if (id >= maps->v[i].inside && id - maps->v[i].inside < maps->v[i].count)
			return true;
	return !maps->n;
}

void copy_maps(struct arena *a, const struct spec_id_maps *from, plan_id_maps *to)
{
	to->n = from->n;
	to->v = arena_array(a, from->n, sizeof(*to->v));
	for (size_t i = 0; i < from->n; i++)
		to->v[i] = (struct plan_id_map){ from->v[i].containerID, from->v[i].hostID,
						 from->v[i].size };
}

static bool is_only(const plan_id_maps *maps, uint32_t id)
{
	return maps->n == 1 && maps->v[0].count == 1 && maps->v[0].outside == id;
}

/* Who writes the maps: a privileged caller itself; another one its own single id (then it must give
 * up setgroups, user_namespaces(7)), or newuidmap and newgidmap. */
static void plan_maps(struct planner *p)
{
	struct plan_namespaces *ns = &p->plan->ns;
	bool own_id_only;

	if (held(p, CAP_SETUID) && held(p, CAP_SETGID))
		return;
	own_id_only =
		is_only(&ns->uid_maps, p->host->euid) && is_only(&ns->gid_maps, p->host->egid);
	ns->deny_setgroups = own_id_only;
	ns->use_newidmap = !own_id_only;
}

static void add_offset(struct buf *b, const char *clock, const struct spec_time_offset *offset)
{
	if (offset)
		buf_addf(b, "%s %lld %u\n", clock, (long long)offset->secs.v, offset->nanosecs.v);
}

static char *offsets_text(struct planner *p)
{
	const struct spec_time_offsets *offsets = p->linux_->timeOffsets;
	struct buf b = { .arena = p->a };

	if (!offsets)
		return NULL;
	add_offset(&b, "monotonic", offsets->monotonic);
	add_offset(&b, "boottime", offsets->boottime);
	return b.len ? b.str : NULL;
}

/* Making the others needs CAP_SYS_ADMIN, which an unprivileged caller has in a new one only. */
static int check_rootless(struct planner *p)
{
	bool makes_one = false;

	for (size_t i = 0; i < NS_TYPES; i++)
		makes_one |= p->plan->ns.of[i].how == NS_NEW;
	if (p->host->euid == 0 || has_userns(p) || !makes_one || held(p, CAP_SYS_ADMIN))
		return 0;
	return lc_err(p->e, LC_ECONFIG,
		      "linux.namespaces: uid %u needs a user namespace to make the others "
		      "(`spec --rootless` writes such a configuration)",
		      p->host->euid);
}

int planner_namespaces(struct planner *p)
{
	struct plan_namespaces *ns = &p->plan->ns;

	for (size_t i = 0; i < NS_TYPES; i++)
		ns->of[i].type = i;
	for (size_t i = 0; i < p->linux_->namespaces.n; i++) {
		const struct spec_namespace *from = &p->linux_->namespaces.v[i];

		ns->of[from->type].how = from->path ? NS_JOIN : NS_NEW;
		ns->of[from->type].path = from->path;
	}
	if (how_ns(p, NS_TIME) != NS_INHERIT && !p->host->time_ns)
		return lc_err(p->e, LC_EUNSUPPORTED,
			      "linux.namespaces: this kernel has no time namespaces");
	ns->time_offsets = offsets_text(p);
	copy_maps(p->a, &p->linux_->uidMappings, &ns->uid_maps);
	copy_maps(p->a, &p->linux_->gidMappings, &ns->gid_maps);
	if (how_ns(p, NS_USER) == NS_NEW)
		plan_maps(p);
	return check_rootless(p);
}
