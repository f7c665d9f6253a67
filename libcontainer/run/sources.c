/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mount sources and the root, opened by the parent where init could not. */
#include "run/sources.h"
#include "base/own.h"
#include "run/locked.h"
#include "run/namespaces.h"
#include "run/process.h"
#include "sys/procfs.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

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

/* ---- opening, which can hang ---- */

/* What the opener leaves, for each mount and last for the root. */
struct opened {
	int fd; /* -1: not opened; @err says why */
	int err;
};

/* In the root that is init's to open, but root of a user namespace cannot map the ids of it. */
static bool has_source(const struct build *b, const struct plan_mount *m)
{
	return m->kind == MOUNT_BIND && !m->copy_symlink &&
	       (!m->source_in_root || (wants_idmap(m) && b->box.mapped_root));
}

/* With the propagation that the caller's mounts would have in init's own namespace. */
static int copy_of(const struct plan *plan, int at, const char *path, unsigned flags)
{
	uint64_t propagation = plan->root.host_propagation & ~(uint64_t)MS_REC;
	struct mount_attr attr = { .propagation = propagation };
	auto_fd tree = sys_open_tree(at, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags);

	if (tree < 0)
		return -1;
	if (propagation &&
	    sys_mount_setattr(tree, "", AT_EMPTY_PATH | (flags & AT_RECURSIVE), &attr) < 0)
		return -1;
	return fd_take(&tree);
}

static void open_copy(struct opened *o, const struct plan *plan, const char *path, unsigned flags)
{
	o->fd = copy_of(plan, AT_FDCWD, path, flags);
	o->err = o->fd < 0 ? errno : 0;
}

/* The image's links lead nowhere else. */
static void open_copy_in_root(struct opened *o, const struct plan *plan, const struct plan_mount *m)
{
	auto_fd root = openat(AT_FDCWD, plan->root.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd at = -1;

	if (root >= 0)
		at = sys_openat2(root, m->source, O_PATH | (m->src_nofollow ? O_NOFOLLOW : 0),
				 RESOLVE_IN_ROOT);
	if (at >= 0)
		o->fd = copy_of(plan, at, "", AT_EMPTY_PATH | (m->recursive ? AT_RECURSIVE : 0));
	o->err = o->fd < 0 ? errno : 0;
}

static unsigned flags_of(const struct plan_mount *m)
{
	return (m->recursive ? AT_RECURSIVE : 0) | (m->src_nofollow ? AT_SYMLINK_NOFOLLOW : 0);
}

static void open_copies(const struct build *b, bool root, struct opened *of)
{
	const struct plan *plan = b->plan;
	struct progress *progress = b->box.progress;

	progress->step = "open mount sources";
	if (root) {
		progress->what = plan->root.path;
		open_copy(&of[plan->mounts.n], plan, plan->root.path, AT_RECURSIVE);
	}
	for (size_t i = 0; i < plan->mounts.n; i++) {
		const struct plan_mount *m = &plan->mounts.v[i];

		if (!has_source(b, m))
			continue;
		progress->what = m->target;
		if (m->source_in_root)
			open_copy_in_root(&of[i], plan, m);
		else
			open_copy(&of[i], plan, m->source, flags_of(m));
	}
}

/* False: for as long as one step may take it has been at the same path. */
static bool opener_ended(const struct build *b, int pidfd)
{
	int ms = b->args->timeout_ms ? (int)b->args->timeout_ms : -1;
	const char *what;

	do {
		what = b->box.progress->what;
		if (process_wait_gone(pidfd, ms))
			return true;
	} while (what != b->box.progress->what);
	return false;
}

/* A file system whose server does not answer holds up who looks a path up in it: that is a process
 * which can be ended.  It shares our descriptors and nothing else. */
static int run_opener(struct build *b, bool root, struct opened *of, struct lc_error *e)
{
	auto_fd pidfd = -1;
	struct clone_args args = {
		.flags = CLONE_FILES | CLONE_PIDFD,
		.pidfd = (uintptr_t)&pidfd,
	};
	pid_t pid = sys_clone3(&args);
	int status;

	if (pid < 0)
		return lc_err_errno(e, "clone a process to open mount sources");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		open_copies(b, root, of);
		_exit(0);
	}
	if (!opener_ended(b, pidfd)) {
		process_end(pidfd, b->args->given_ms);
		return build_takes_too_long(b, e);
	}
	if (process_wait(pidfd, &status, e) < 0)
		return -1;
	return status ? lc_err(e, LC_ESYSTEM, "the process that opens mount sources was killed")
		      : 0;
}

/* ---- the copies ---- */

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

/* An error, unless it is there or init may open it. */
static int check_opened(const struct opened *o, const char *member, const char *path,
			struct lc_error *e)
{
	if (o->fd >= 0 || init_may(o->err))
		return 0;
	errno = o->err;
	return lc_err_errno(e, "%s %s", member, path);
}

static int take_source(struct build *b, size_t i, const struct opened *o, struct lc_error *e)
{
	const struct plan_mount *m = &b->plan->mounts.v[i];

	if (!has_source(b, m))
		return 0;
	if (check_opened(o, "source", m->source, e) < 0)
		return -1;
	if (o->fd < 0)
		return 0;
	if (b->box.mapped_root && locked_check(&b->arena, m, e) < 0)
		return -1;
	return wants_idmap(m) ? map_ids(b, i, e) : 0;
}

/* What has been opened is b's, whatever happened. */
static int open_for_init(struct build *b, struct opened *of, struct lc_error *e)
{
	size_t n = b->plan->mounts.n;
	bool root = !b->box.is_exec && !b->plan->root.chroot_only;
	int r;

	for (size_t i = 0; i <= n; i++)
		of[i].fd = -1;
	r = run_opener(b, root, of, e);
	for (size_t i = 0; i < n; i++)
		b->box.sources[i] = of[i].fd;
	b->box.root_tree = of[n].fd;
	if (r < 0 || (root && check_opened(&of[n], "root.path", b->plan->root.path, e) < 0))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (take_source(b, i, &of[i], e) < 0)
			return lc_err_in(e, "mounts[%zu] (%s)", b->plan->mounts.v[i].index,
					 b->plan->mounts.v[i].target);
	return 0;
}

int sources_open(struct build *b, struct lc_error *e)
{
	const struct plan *plan = b->plan;
	size_t n = plan->mounts.n, size = (n + 1) * sizeof(struct opened);
	bool for_init = b->box.mapped_root || plan->ns.of[NS_MOUNT].how == NS_JOIN;
	void *shared;
	int r;

	b->box.sources = arena_array(&b->arena, n, sizeof(int));
	b->box.idmap_userns = arena_array(&b->arena, n, sizeof(int));
	for (size_t i = 0; i < n; i++)
		b->box.sources[i] = b->box.idmap_userns[i] = -1;
	for (size_t i = 0; i < n; i++) {
		const struct plan_mount *m = &plan->mounts.v[i];

		if (!wants_idmap(m))
			continue;
		b->box.idmap_userns[i] = find_userns(b, i, e);
		if (b->box.idmap_userns[i] < 0)
			return lc_err_in(e, "mounts[%zu] (%s)", m->index, m->target);
	}
	if (!for_init)
		return 0;
	shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return lc_err_errno(e, "mmap");
	r = open_for_init(b, shared, e);
	munmap(shared, size);
	/* Those are mapped already; what is left in the list is for init to do. */
	for (size_t i = 0; i < n; i++)
		if (b->box.sources[i] >= 0)
			fd_release(&b->box.idmap_userns[i]);
	return r;
}
