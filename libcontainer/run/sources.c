/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mount sources and the root, opened by the parent where init could not. */
#include "run/sources.h"
#include "base/own.h"
#include "run/locked.h"
#include "run/namespaces.h"
#include "sys/procfs.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

static bool same_maps(const plan_id_maps *a, const plan_id_maps *b)
{
	return a->n == b->n && (!a->n || !memcmp(a->v, b->v, a->n * sizeof(*a->v)));
}

static bool wants_idmap(const struct plan_mount *m)
{
	return m->idmap || m->idmap_rec;
}

static const plan_id_maps *uids_of(const struct plan *plan, const struct plan_mount *m)
{
	return m->uid_maps.n ? &m->uid_maps : &plan->ns.uid_maps;
}

static const plan_id_maps *gids_of(const struct plan *plan, const struct plan_mount *m)
{
	return m->gid_maps.n ? &m->gid_maps : &plan->ns.gid_maps;
}

/* One user namespace does for all mounts with the same maps. */
static int find_userns(struct build *b, size_t i, struct lc_error *e)
{
	const struct plan *plan = b->plan;
	const struct plan_mount *m = &plan->mounts.v[i];

	for (size_t j = 0; j < i; j++) {
		const struct plan_mount *other = &plan->mounts.v[j];

		if (b->box.idmap_userns[j] >= 0 &&
		    same_maps(uids_of(plan, m), uids_of(plan, other)) &&
		    same_maps(gids_of(plan, m), gids_of(plan, other)))
			return fcntl(b->box.idmap_userns[j], F_DUPFD_CLOEXEC, 3);
	}
	if (b->procfs < 0)
		b->procfs = procfs_open(e);
	if (b->procfs < 0)
		return -1;
	return ns_make_user(b->procfs, uids_of(plan, m), gids_of(plan, m), e);
}

static int copy_of(struct build *b, const char *path, unsigned flags)
{
	uint64_t propagation = b->plan->root.host_propagation & ~(uint64_t)MS_REC;
	struct mount_attr attr = { .propagation = propagation };
	auto_fd tree = sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags);

	if (tree < 0)
		return -1;
	if (propagation &&
	    sys_mount_setattr(tree, "", AT_EMPTY_PATH | (flags & AT_RECURSIVE), &attr) < 0)
		return -1;
	return fd_take(&tree);
}

/* The caller may not copy mounts: init may, once it is root of its own namespaces. */
static bool init_may(int err)
{
	return err == EPERM || err == ENOSYS;
}

static int map_ids(struct build *b, size_t i, struct lc_error *e)
{
	const struct plan_mount *m = &b->plan->mounts.v[i];
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };

	attr.userns_fd = (uint64_t)b->box.idmap_userns[i];
	if (sys_mount_setattr(b->box.sources[i], "",
			      AT_EMPTY_PATH | (m->idmap_rec ? AT_RECURSIVE : 0), &attr) < 0)
		return lc_err_errno(e, "idmap of %s (not every file system can)", m->source);
	return 0;
}

static int open_source(struct build *b, size_t i, struct lc_error *e)
{
	const struct plan_mount *m = &b->plan->mounts.v[i];
	unsigned flags =
		(m->recursive ? AT_RECURSIVE : 0) | (m->src_nofollow ? AT_SYMLINK_NOFOLLOW : 0);

	if (m->kind != MOUNT_BIND || m->source_in_root || m->copy_symlink)
		return 0;
	b->box.sources[i] = copy_of(b, m->source, flags);
	if (b->box.sources[i] < 0 && init_may(errno))
		return 0;
	if (b->box.sources[i] < 0)
		return lc_err_errno(e, "source %s", m->source);
	if (b->box.mapped_root && locked_check(&b->arena, m, e) < 0)
		return -1;
	return wants_idmap(m) ? map_ids(b, i, e) : 0;
}

static int open_root(struct build *b, struct lc_error *e)
{
	const struct plan_root *root = &b->plan->root;

	if (root->chroot_only)
		return 0;
	b->box.root_tree = copy_of(b, root->path, AT_RECURSIVE);
	if (b->box.root_tree < 0 && !init_may(errno))
		return lc_err_errno(e, "root.path %s", root->path);
	return 0;
}

int sources_open(struct build *b, struct lc_error *e)
{
	const struct plan *plan = b->plan;
	size_t n = plan->mounts.n;
	bool for_init = b->box.mapped_root || plan->ns.of[NS_MOUNT].how == NS_JOIN;

	b->box.sources = arena_array(&b->arena, n, sizeof(int));
	b->box.idmap_userns = arena_array(&b->arena, n, sizeof(int));
	for (size_t i = 0; i < n; i++)
		b->box.sources[i] = b->box.idmap_userns[i] = -1;
	if (for_init && !b->box.is_exec && open_root(b, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct plan_mount *m = &plan->mounts.v[i];

		if (wants_idmap(m)) {
			b->box.idmap_userns[i] = find_userns(b, i, e);
			if (b->box.idmap_userns[i] < 0)
				return lc_err_in(e, "mounts[%zu] (%s)", m->index, m->target);
		}
		if (for_init && open_source(b, i, e) < 0)
			return lc_err_in(e, "mounts[%zu] (%s)", m->index, m->target);
	}
	/* Those are mapped already; what is left in the list is for init to do. */
	for (size_t i = 0; i < n; i++)
		if (b->box.sources[i] >= 0)
			fd_release(&b->box.idmap_userns[i]);
	return 0;
}
