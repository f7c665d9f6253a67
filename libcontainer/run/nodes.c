/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Device nodes that the parent makes for a user namespace. */
#include "run/nodes.h"
#include "base/own.h"
#include "init/devices.h"
#include "init/mounts.h"
#include "run/namespaces.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static bool any_outside(const struct plan *plan)
{
	for (size_t i = 0; i < plan->devices.n; i++)
		if (plan->devices.v[i].outside)
			return true;
	return false;
}

/* Init may look nodes up in it by their names, and do nothing else. */
static int make_tmpfs(const struct build *b, struct lc_error *e)
{
	auto_fd fs = sys_fsopen("tmpfs");
	int fd;

	if (fs < 0)
		return lc_err_errno(e, "fsopen tmpfs");
	if (sys_fsconfig_string(fs, "mode", "711") < 0)
		return sys_fs_error(e, fs, "mode=711");
	if (label_fs(&b->box, fs, e) < 0)
		return -1;
	if (sys_fsconfig_create(fs) < 0)
		return sys_fs_error(e, fs, "tmpfs");
	fd = sys_fsmount(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	return fd < 0 ? sys_fs_error(e, fs, "fsmount tmpfs") : fd;
}

static int make_node(const struct build *b, int dir, size_t i, struct lc_error *e)
{
	const struct plan_device *d = &b->plan->devices.v[i];
	mode_t type = d->type == 'b' ? S_IFBLK : S_IFCHR;
	uint32_t uid, gid;
	char name[NODE_NAME];

	if (!ns_outside(&b->plan->ns.uid_maps, d->uid, &uid) ||
	    !ns_outside(&b->plan->ns.gid_maps, d->gid, &gid))
		return lc_err(e, LC_ECONFIG, "owner %u:%u is not mapped in the user namespace",
			      d->uid, d->gid);
	node_name(i, name);
	if (mknodat(dir, name, type | 0600, makedev(d->major, d->minor)) < 0) {
		/* The caller's own cgroup forbids it: the host's node is mounted. */
		return errno == EPERM ? 0 : lc_err_errno(e, "mknod");
	}
	if (fchownat(dir, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return lc_err_errno(e, "chown %u:%u", uid, gid);
	/* The caller's umask has no say. */
	return fchmodat(dir, name, d->mode & 07777, 0) < 0 ? lc_err_errno(e, "chmod") : 0;
}

int nodes_make(struct build *b, struct lc_error *e)
{
	const struct plan *plan = b->plan;

	if (!any_outside(plan))
		return 0;
	b->box.nodes = make_tmpfs(b, e);
	if (b->box.nodes < 0)
		return lc_err_in(e, "device nodes");
	for (size_t i = 0; i < plan->devices.n; i++)
		if (plan->devices.v[i].outside && make_node(b, b->box.nodes, i, e) < 0)
			return lc_err_in(e, "%s", plan->devices.v[i].path);
	return 0;
}
