/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The root of the broker and the monitor: a small read-only tmpfs with mounts of what the guest may
 * see. */
#include "microvm/export.h"
#include "base/own.h"
#include "microvm/translate.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* Mounts of the host's may still come in below a volume that asks for it; none go out. */
static int cut_off(struct lc_error *e)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return lc_err_errno(e, "make the host's mounts slaves");
	return 0;
}

static int make_tmpfs(struct lc_error *e)
{
	auto_fd fs = sys_fsopen("tmpfs");

	if (fs < 0 || sys_fsconfig_string(fs, "mode", "0755") < 0 ||
	    sys_fsconfig_string(fs, "size", "1m") < 0 || sys_fsconfig_create(fs) < 0)
		return lc_err_errno(e, "make a tmpfs");
	return sys_fsmount(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
}

static int make_place(int root, const char *name, bool dir, struct lc_error *e)
{
	auto_fd fd = -1;

	if (dir && mkdirat(root, name, 0755) < 0)
		return lc_err_errno(e, "mkdir %s", name);
	fd = openat(root, name,
		    dir ? O_PATH | O_DIRECTORY | O_CLOEXEC
			: O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		    0600);
	if (fd < 0)
		return lc_err_errno(e, "make %s", name);
	return fd_take(&fd);
}

static int attach(int root, const char *name, const char *path, bool recursive, bool nofollow,
		  uint64_t propagation, uint64_t attributes, bool attributes_rec,
		  struct lc_error *e)
{
	unsigned rec = recursive ? AT_RECURSIVE : 0;
	struct mount_attr attr = { .propagation = propagation };
	struct mount_attr readonly = { .attr_set = attributes };
	auto_fd tree = sys_open_tree(AT_FDCWD, path,
				     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | rec |
					     (nofollow ? AT_SYMLINK_NOFOLLOW : 0));
	auto_fd place = -1;

	if (tree < 0)
		return lc_err_errno(e, "source %s", path);
	if (sys_mount_setattr(tree, "", AT_EMPTY_PATH | rec, &attr) < 0)
		return lc_err_errno(e, "propagation of %s", path);
	if (attributes &&
	    sys_mount_setattr(tree, "", AT_EMPTY_PATH | (attributes_rec ? AT_RECURSIVE : 0),
			      &readonly) < 0)
		return lc_err_errno(e, "make %s read-only", path);
	place = make_place(root, name, fd_is_type(tree, S_IFDIR), e);
	if (place < 0)
		return -1;
	if (sys_move_mount(tree, place, "") < 0)
		return lc_err_errno(e, "attach %s", path);
	return 0;
}

static int attach_volume(int root, const struct plan_mount *m, size_t i, struct lc_error *e)
{
	bool all = m->attr_set_rec & MOUNT_ATTR_RDONLY;
	char name[40];

	snprintf(name, sizeof(name), VM_EXPORT_VOLUME, i);
	if (attach(root, name, m->source, m->recursive, m->src_nofollow,
		   m->propagation & MS_SLAVE ? MS_SLAVE : MS_PRIVATE,
		   (m->attr_set | m->attr_set_rec) & MOUNT_ATTR_RDONLY, all, e) < 0)
		return lc_err_in(e, "mounts[%zu] (%s)", m->index, m->target);
	return 0;
}

static int attach_all(int root, const struct plan *plan, struct lc_error *e)
{
	if (attach(root, VM_EXPORT_ROOT, plan->root.path, true, false, MS_PRIVATE, 0, false, e) < 0)
		return lc_err_in(e, "root.path");
	if (mkdirat(root, "vol", 0755) < 0)
		return lc_err_errno(e, "mkdir vol");
	for (size_t i = 0; i < plan->mounts.n; i++)
		if (vm_is_volume(&plan->mounts.v[i]) &&
		    attach_volume(root, &plan->mounts.v[i], i, e) < 0)
			return -1;
	return 0;
}

static int enter(int root, struct lc_error *e)
{
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };

	if (sys_mount_setattr(root, "", AT_EMPTY_PATH, &readonly) < 0)
		return lc_err_errno(e, "make the export read-only");
	if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return lc_err_errno(e, "change the root to the export");
	return 0;
}

int export_make(const struct plan *plan, struct lc_error *e)
{
	auto_fd root = -1;

	umask(0);
	if (cut_off(e) < 0)
		return -1;
	root = make_tmpfs(e);
	if (root < 0)
		return lc_err_errno(e, "fsmount a tmpfs");
	if (sys_move_mount(root, AT_FDCWD, "/") < 0)
		return lc_err_errno(e, "attach the export");
	if (attach_all(root, plan, e) < 0)
		return -1;
	return enter(root, e);
}
