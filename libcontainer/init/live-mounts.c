/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts of a container that runs: what only those need who are in its namespaces for that alone.
 */
#include "base/own.h"
#include "init/steps.h"
#include "init/sync.h"
#include "sys/fd.h"
#include "sys/rootfs.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <linux/stat.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_mount(int dir, const char *name)
{
	struct statx stx;
	int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;

	return statx(dir, name, flags, 0, &stx) == 0 && stx.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

/* By the directory it lies in: the container's /proc could lead umount2(2) anywhere. */
static int unmount(int dir, const char *name, struct lc_error *e)
{
	if (!is_mount(dir, name))
		return lc_err(e, LC_ESTATE, "nothing is mounted there");
	if (fchdir(dir) < 0)
		return lc_err_errno(e, "fchdir");
	if (umount2(name, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		return lc_err_errno(e, "umount2");
	return 0;
}

static int unmount_at(int root, const char *path, struct lc_error *e)
{
	auto_fd at = rootfs_open(root, path, O_PATH, e), dir = -1;
	char name[NAME_MAX + 1];

	if (at < 0)
		return -1;
	if (fd_is_type(at, S_IFDIR))
		return unmount(at, ".", e);
	fd_release(&at);
	dir = rootfs_parent(root, path, false, name, e);
	return dir < 0 ? -1 : unmount(dir, name, e);
}

/* The last first: it may lie on one before it. */
int step_unmount(struct sandbox *s, struct lc_error *e)
{
	for (size_t i = s->plan->mounts.n; i-- > 0;) {
		const struct plan_mount *m = &s->plan->mounts.v[i];

		if (unmount_at(s->root, m->target, e) < 0)
			return lc_err_in(e, "mounts[%zu] (%s)", m->index, m->target);
	}
	return 0;
}

/* All or none. */
int step_add_mounts(struct sandbox *s, struct lc_error *e)
{
	struct lc_error ignored;

	if (step_mounts(s, e) == 0)
		return 0;
	while (s->mounted-- > 0)
		(void)!unmount_at(s->root, s->plan->mounts.v[s->mounted].target, &ignored);
	return -1;
}

int step_leave(struct sandbox *s, struct lc_error *e)
{
	if (sync_send(s->sync, SYNC_READY, -1, 0, e) < 0)
		return -1;
	_exit(0);
}
