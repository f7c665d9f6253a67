/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The root: opened, closed off, and changed to.  Paths in it are looked up once, by descriptor. */
#include "base/own.h"
#include "base/str.h"
#include "init/mounts.h"
#include "init/steps.h"
#include "sys/fd.h"
#include "sys/procfs.h"
#include "sys/rootfs.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- open ---- */

static int set_propagation(int fd, unsigned flags, uint64_t propagation)
{
	struct mount_attr attr = { .propagation = propagation };

	return sys_mount_setattr(fd, "", AT_EMPTY_PATH | flags, &attr);
}

/* Makes the mount namespace's own root the process's: joining a mount namespace sets both
 * (setns(2)), also when it is the one the process is in. */
static int enter_namespace_root(struct sandbox *s, struct lc_error *e)
{
	bool first = s->plan->ns.of[NS_PID].how == NS_NEW && !s->is_exec;
	auto_fd self = sys_pidfd_open(first ? 1 : getpid(), 0);

	if (self < 0)
		return lc_err_errno(e, "open itself");
	if (setns(self, CLONE_NEWNS) < 0)
		return lc_err_errno(e, "go to the root of the mount namespace");
	close_later(s, &self);
	return 0;
}

static bool same_place(int one, int other)
{
	struct statx a, b;
	const unsigned want = STATX_INO | STATX_MNT_ID;

	return statx(one, "", AT_EMPTY_PATH, want, &a) == 0 &&
	       statx(other, "", AT_EMPTY_PATH, want, &b) == 0 && a.stx_mnt_id == b.stx_mnt_id &&
	       a.stx_ino == b.stx_ino;
}

static int open_slash(struct lc_error *e)
{
	int fd = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? lc_err_errno(e, "open /") : fd;
}

/*
 * The host's mounts, of which this namespace has copies, are cut off as the plan says.
 *
 * A caller in a chroot has mounts above its "/", too.  A pivot_root there would leave them in the
 * namespace, and the namespace's root, where whoever joins it arrives (exec), would be the host's.
 * So they are cut off with the rest, and the pivot is done from the namespace's root; until then
 * paths are the caller's.
 */
static int cut_off_host(struct sandbox *s, struct lc_error *e)
{
	struct mount_attr attr = { .propagation =
					   s->plan->root.host_propagation & ~(uint64_t)MS_REC };
	auto_fd callers = open_slash(e);
	auto_fd root = -1;

	if (callers < 0 || enter_namespace_root(s, e) < 0)
		return -1;
	root = open_slash(e);
	if (root < 0)
		return -1;
	s->in_chroot = !same_place(callers, root);
	if (attr.propagation && sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr) < 0)
		return lc_err_errno(e, "set the propagation of the host's mounts");
	if (s->in_chroot && (fchdir(callers) < 0 || chroot(".") < 0))
		return lc_err_errno(e, "go back to the caller's root");
	close_later(s, &callers);
	close_later(s, &root);
	return 0;
}

/* With a shared host (rootfsPropagation shared) what is mounted in the root, and the root itself,
 * would be sent there.  The tree is cut off, and so is the mount that it will be put on, wherever
 * that begins. */
static int make_private(int tree, const char *path, struct lc_error *e)
{
	struct mount_attr attr = { .propagation = MS_PRIVATE };
	char at[PATH_MAX];
	char *slash;

	if (set_propagation(tree, AT_RECURSIVE, MS_PRIVATE) < 0)
		return lc_err_errno(e, "make the root private");
	if (!realpath(path, at))
		return lc_err_errno(e, "root.path %s", path);
	while (sys_mount_setattr(AT_FDCWD, *at ? at : "/", 0, &attr) < 0) {
		slash = strrchr(at, '/');
		if (errno != EINVAL || !slash)
			return lc_err_errno(e, "make the mount below %s private", path);
		*slash = 0;
	}
	return 0;
}

/* Mounts can only be attached to what is attached itself, so the clone goes over the directory that
 * it shows; a user namespace that may not reach that puts it over its "/". */
static int attach_root(int tree, const char *path, struct lc_error *e)
{
	int ret = sys_move_mount(tree, AT_FDCWD, path);

	if (ret < 0 && errno == EINVAL) { /* a link, which that does not follow */
		auto_fd at = openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);

		ret = at < 0 ? -1 : sys_move_mount(tree, at, "");
	}
	if (ret < 0 && errno == EACCES)
		ret = sys_move_mount(tree, AT_FDCWD, "/");
	return ret < 0 ? lc_err_errno(e, "attach root.path %s", path) : 0;
}

int step_root(struct sandbox *s, struct lc_error *e)
{
	const struct plan_root *root = &s->plan->root;
	auto_fd tree = -1;

	if (root->chroot_only) {
		s->root = openat(AT_FDCWD, root->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		return s->root < 0 ? lc_err_errno(e, "open root.path %s", root->path) : 0;
	}
	if (cut_off_host(s, e) < 0)
		return -1;
	tree = s->root_tree;
	s->root_tree = -1;
	if (tree < 0)
		tree = sys_open_tree(AT_FDCWD, root->path, OPEN_TREE_CLONE | AT_RECURSIVE);
	if (tree < 0)
		return lc_err_errno(e, "open root.path %s", root->path);
	if (root->host_propagation & MS_SHARED && make_private(tree, root->path, e) < 0)
		return -1;
	if (attach_root(tree, root->path, e) < 0)
		return -1;
	s->root = fd_take(&tree);
	return 0;
}

/* exec: the namespaces are the container's already, and so is "/". */
int step_joined_root(struct sandbox *s, struct lc_error *e)
{
	s->root = open_slash(e);
	return s->root < 0 ? -1 : 0;
}

/* ---- mask ---- */

/* What covers things: the host's /dev/null, seen to be it (an image may put anything in the place
 * of its own: CVE-2025-31133), and one empty read-only directory for all.  Only what is attached
 * can be cloned (before Linux 6.15): the first place gets the mount itself. */
struct covers {
	int null, dir; /* detached until their first use */
	bool null_is_used, dir_is_used;
};

static int open_null(struct covers *c, struct lc_error *e)
{
	if (c->null >= 0)
		return 0;
	c->null = sys_open_tree(AT_FDCWD, "/dev/null", OPEN_TREE_CLONE | AT_SYMLINK_NOFOLLOW);
	if (c->null < 0)
		return lc_err_errno(e, "open the host's /dev/null");
	if (!fd_is_device(c->null, S_IFCHR, 1, 3))
		return lc_err(e, LC_ESYSTEM, "the host's /dev/null is not the device c 1:3");
	return 0;
}

static int open_empty_dir(struct sandbox *s, struct covers *c, struct lc_error *e)
{
	auto_fd fs = -1;

	if (c->dir >= 0)
		return 0;
	fs = sys_fsopen("tmpfs");
	if (fs < 0)
		return lc_err_errno(e, "make an empty tmpfs");
	if (label_fs(s, fs, e) < 0)
		return -1;
	if (sys_fsconfig_create(fs) < 0)
		return lc_err_errno(e, "make an empty tmpfs");
	c->dir = sys_fsmount(fs, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
					 MOUNT_ATTR_NOEXEC);
	close_later(s, &fs);
	return c->dir < 0 ? lc_err_errno(e, "make an empty tmpfs") : 0;
}

static int cover_file(struct sandbox *s, struct covers *c, int target, struct lc_error *e)
{
	auto_fd clone = -1;

	if (open_null(c, e) < 0)
		return -1;
	if (c->null_is_used) {
		clone = sys_open_tree(c->null, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
		if (clone < 0)
			return lc_err_errno(e, "clone /dev/null");
	}
	if (sys_move_mount(c->null_is_used ? clone : c->null, target, "") < 0)
		return lc_err_errno(e, "cover it with /dev/null");
	c->null_is_used = true;
	close_later(s, &clone);
	return 0;
}

static int cover_dir(struct sandbox *s, struct covers *c, int target, struct lc_error *e)
{
	auto_fd clone = -1;

	if (open_empty_dir(s, c, e) < 0)
		return -1;
	if (c->dir_is_used) {
		clone = sys_open_tree(c->dir, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
		if (clone < 0)
			return lc_err_errno(e, "clone the empty tmpfs");
	}
	if (sys_move_mount(c->dir_is_used ? clone : c->dir, target, "") < 0)
		return lc_err_errno(e, "cover it with an empty tmpfs");
	c->dir_is_used = true;
	close_later(s, &clone);
	return 0;
}

static bool ends_in_link(int root, const char *path)
{
	auto_fd fd = sys_openat2(root, path, O_PATH | O_NOFOLLOW, RESOLVE_IN_ROOT);

	return fd >= 0;
}

static const struct kernel_fs {
	const char *at, *type;
	long magic;
} kernel_fs[KERNEL_FS] = {
	[KERNEL_PROC] = { "/proc", "proc", PROC_SUPER_MAGIC },
	[KERNEL_SYS] = { "/sys", "sysfs", SYSFS_MAGIC },
};

static bool is_mounted_by(const struct plan *plan, const struct kernel_fs *fs)
{
	for (size_t i = 0; i < plan->mounts.n; i++) {
		const struct plan_mount *m = &plan->mounts.v[i];

		if (m->kind == MOUNT_FS && !strcmp(m->fstype, fs->type) &&
		    !strcmp(m->target, fs->at))
			return true;
	}
	return false;
}

/* The one that the plan mounts above @path, or NULL. */
static const struct kernel_fs *kernel_fs_of(const struct plan *plan, const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(kernel_fs); i++) {
		size_t n = strlen(kernel_fs[i].at);

		if (str_starts(path, kernel_fs[i].at) && path[n] == '/' && path[n + 1] &&
		    is_mounted_by(plan, &kernel_fs[i]))
			return &kernel_fs[i];
	}
	return NULL;
}

/* What of them has been opened and seen to be it, for all paths of one step. */
struct bases {
	int fd[KERNEL_FS]; /* owned; -1: not yet */
	bool seen[KERNEL_FS];
};
#define BASES_NONE \
	{ \
		.fd = { -1, -1 } \
	}

static void bases_close_later(struct sandbox *s, struct bases *bases)
{
	for (size_t i = 0; i < KERNEL_FS; i++)
		close_later(s, &bases->fd[i]);
	*bases = (struct bases)BASES_NONE;
}

/* Begins at what was seen to be that file system, and stays in the tree below: a link that somebody
 * with a share in the root puts in its place would be protected instead (CVE-2019-19921). */
static int base_of(const struct sandbox *s, struct bases *bases, const struct kernel_fs *fs,
		   struct lc_error *e)
{
	int *base = &bases->fd[fs - kernel_fs];

	if (s->kernel_fs[fs - kernel_fs] >= 0) /* the very mount, and still on top */
		return s->kernel_fs[fs - kernel_fs];
	if (*base < 0)
		*base = rootfs_open_nolinks(s->root, fs->at, O_PATH | O_DIRECTORY, e);
	if (*base < 0)
		return -1;
	if (!bases->seen[fs - kernel_fs] && !fd_is_fs(*base, fs->magic))
		return lc_err(e, LC_ECONFIG, "%s is no longer the %s that was mounted there",
			      fs->at, fs->type);
	bases->seen[fs - kernel_fs] = true;
	return *base;
}

static int open_in_kernel_fs(const struct sandbox *s, struct bases *bases,
			     const struct kernel_fs *fs, const char *path, int *fd,
			     struct lc_error *e)
{
	const char *rest = path + strlen(fs->at);
	int base = base_of(s, bases, fs, e);

	if (base < 0)
		return -1;
	rest += strspn(rest, "/");
	*fd = sys_openat2(base, rest, O_PATH, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
	if (*fd >= 0)
		return 1;
	return errno == ENOENT || errno == ENOTDIR ? 0 : lc_err_errno(e, "open it");
}

/*
 * Opens a path to be protected.  Returns 1 with *fd, 0 when there is nothing, -1.  A link is told
 * from nothing at all: what one that dangles will lead to, once somebody makes its target, would
 * not be protected.
 */
static int open_protected(const struct sandbox *s, struct bases *bases, const char *path, int *fd,
			  struct lc_error *e)
{
	const struct kernel_fs *fs = kernel_fs_of(s->plan, path);
	int root = s->root;

	if (fs)
		return open_in_kernel_fs(s, bases, fs, path, fd, e);
	*fd = sys_openat2(root, path, O_PATH, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
	if (*fd >= 0)
		return 1;
	if (errno == ENOENT || errno == ENOTDIR)
		return 0;
	if (errno != ELOOP)
		return lc_err_errno(e, "open it");
	*fd = rootfs_open(root, path, O_PATH, e);
	if (*fd >= 0)
		return 1;
	if (e->sys_errno == ENOENT && ends_in_link(root, path))
		return lc_err_in(e, "a symbolic link that leads nowhere");
	return e->sys_errno == ENOENT || e->sys_errno == ENOTDIR ? 0 : -1;
}

static bool was_before(const struct strs *list, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (!strcmp(list->v[k], list->v[i]))
			return true;
	return false;
}

static int mask(struct sandbox *s, struct bases *bases, const char *path, struct covers *c,
		struct lc_error *e)
{
	auto_fd target = -1;
	int there = open_protected(s, bases, path, &target, e);

	if (there <= 0)
		return there;
	if ((fd_is_type(target, S_IFDIR) ? cover_dir(s, c, target, e)
					 : cover_file(s, c, target, e)) < 0)
		return -1;
	close_later(s, &target);
	return 0;
}

int step_masked(struct sandbox *s, struct lc_error *e)
{
	const struct strs *paths = &s->plan->masked;
	struct covers c = { .null = -1, .dir = -1 };
	struct bases bases = BASES_NONE;
	int ret = 0;

	for (size_t i = 0; i < paths->n && ret == 0; i++)
		if (!was_before(paths, i) && mask(s, &bases, paths->v[i], &c, e) < 0)
			ret = lc_err_in(e, "%s", paths->v[i]);
	bases_close_later(s, &bases);
	close_later(s, &c.null);
	close_later(s, &c.dir);
	return ret;
}

/* ---- read-only ---- */

/* A clone of what is there keeps its other flags (nosuid, nodev, noexec), and what is mounted below
 * keeps its own: it was mounted there on purpose. */
static int protect(struct sandbox *s, struct bases *bases, const char *path, struct lc_error *e)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	auto_fd target = -1, tree = -1;
	int there = open_protected(s, bases, path, &target, e);

	if (there <= 0)
		return there;
	tree = sys_open_tree(target, "", OPEN_TREE_CLONE | AT_EMPTY_PATH | AT_RECURSIVE);
	if (tree < 0)
		return lc_err_errno(e, "clone it");
	if (sys_mount_setattr(tree, "", AT_EMPTY_PATH, &attr) < 0)
		return lc_err_errno(e, "make it read-only");
	if (sys_move_mount(tree, target, "") < 0)
		return lc_err_errno(e, "put the read-only clone over it");
	close_later(s, &target);
	close_later(s, &tree);
	return 0;
}

int step_readonly_paths(struct sandbox *s, struct lc_error *e)
{
	const struct strs *paths = &s->plan->readonly;
	struct bases bases = BASES_NONE;
	int ret = 0;

	for (size_t i = 0; i < paths->n && ret == 0; i++) {
		if (!was_before(paths, i) && protect(s, &bases, paths->v[i], e) < 0)
			ret = lc_err_in(e, "%s", paths->v[i]);
		if (!kernel_fs_of(s->plan, paths->v[i])) { /* the path may be one of them */
			bases_close_later(s, &bases);
			for (size_t k = 0; k < KERNEL_FS; k++)
				close_later(s, &s->kernel_fs[k]);
		}
	}
	bases_close_later(s, &bases);
	return ret;
}

/* The tmpfs mounts that had to be writable until now, then the root. */
int step_readonly(struct sandbox *s, struct lc_error *e)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	for (size_t i = 0; i < s->plan->mounts.n; i++) {
		int *fd = &s->sources[i]; /* kept by step_mounts */

		if (*fd >= 0 && sys_mount_setattr(*fd, "", AT_EMPTY_PATH, &attr) < 0)
			return lc_err_errno(e, "%s", s->plan->mounts.v[i].target);
		fd_release(fd);
	}
	if (s->plan->root.readonly && sys_mount_setattr(s->root, "", AT_EMPTY_PATH, &attr) < 0)
		return lc_err_errno(e, "root");
	return 0;
}

/* ---- change ---- */

/* The mount point of a line of mountinfo that shows a procfs or sysfs outside of @root, else
 * NULL. */
static char *bare_kernel_fs(char *line, const char *root)
{
	char *type = strstr(line, " - "), *at = line, *end;
	size_t n = strlen(root);

	if (!type || (!str_starts(type + 3, "proc ") && !str_starts(type + 3, "sysfs ")))
		return NULL;
	for (int field = 0; field < 4; field++) {
		at = strchr(at, ' ');
		if (!at)
			return NULL;
		at++;
	}
	end = strchr(at, ' ');
	if (end)
		*end = 0;
	str_unescape_octal(at);
	return !strncmp(at, root, n) && (at[n] == '/' || !at[n]) ? NULL : at;
}

/* In a user namespace the host's mounts are locked: what cannot be taken away is covered.  What a
 * namespace further inside gets of this is locked as well, so that no uncovered one is left to it.
 */
static int cover(const char *at, struct lc_error *e)
{
	auto_fd top = openat(AT_FDCWD, at, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);

	if (top < 0 || !(fd_is_fs(top, PROC_SUPER_MAGIC) || fd_is_fs(top, SYSFS_MAGIC)))
		return 0; /* covered with what it lies below, or before */
	if (mount("tmpfs", at, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, "size=0") < 0)
		return lc_err_errno(e, "cover the host's %s", at);
	return 0;
}

/* Takes away the first that can be: returns how many that was, -1 for an error.  Or covers all that
 * are left: 0, -1.  Not both at once: where two are mounted at one place, the cover of the first
 * would be what is taken away for the second. */
static int unmount_one(int mountinfo, const char *root, bool is_last, struct lc_error *e)
{
	char buf[16384], *end, *at;
	size_t have = 0;
	ssize_t n;

	if (lseek(mountinfo, 0, SEEK_SET) < 0)
		return lc_err_errno(e, "read mountinfo");
	while ((n = read(mountinfo, buf + have, sizeof(buf) - 1 - have)) > 0) {
		have += (size_t)n;
		buf[have] = 0;
		while ((end = memchr(buf, '\n', have))) {
			*end++ = 0;
			at = bare_kernel_fs(buf, root);
			if (at && !is_last && umount2(at, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
				return 1;
			if (at && is_last && cover(at, e) < 0)
				return -1;
			have -= (size_t)(end - buf);
			memmove(buf, end, have + 1);
		}
	}
	return n < 0 ? lc_err_errno(e, "read mountinfo") : 0;
}

/* Without pivot_root the host's mounts stay in the namespace, behind the new root.  A procfs among
 * them, with nothing masked, would let a user namespace inside mount another such. */
static int unmount_kernel_fs(const char *root, struct lc_error *e)
{
	auto_fd procfs = procfs_open(e);
	auto_fd mountinfo = -1;
	int n = 1;

	if (procfs < 0)
		return -1;
	mountinfo = procfs_open_file(procfs, "self/mountinfo", O_RDONLY | O_CLOEXEC, e);
	if (mountinfo < 0)
		return -1;
	while (n > 0)
		n = unmount_one(mountinfo, root, false, e);
	return n < 0 ? n : unmount_one(mountinfo, root, true, e);
}

/* Where the root being built is, as mountinfo shows it. */
static int path_of_root(struct sandbox *s, char *buf, size_t size, struct lc_error *e)
{
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "self/fd/%d", s->root);
	auto_fd procfs = procfs_open(e);

	if (procfs < 0)
		return -1;
	n = readlinkat(procfs, link, buf, size);
	if (n < 0 || (size_t)n == size)
		return lc_err_errno(e, "find out where the root is");
	buf[n] = 0;
	return 0;
}

static int move_root(struct sandbox *s, struct lc_error *e)
{
	char path[PATH_MAX];

	if (path_of_root(s, path, sizeof(path), e) < 0 || unmount_kernel_fs(path, e) < 0)
		return -1;
	if (sys_move_mount(s->root, AT_FDCWD, "/") < 0)
		return lc_err_errno(e, "move the root to /");
	return 0;
}

static int change_by_chroot(struct sandbox *s, struct lc_error *e)
{
	if (fchdir(s->root) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return lc_err_errno(e, "chroot");
	return 0;
}

/* The new root and the place for the old one are both ".": no directory is needed for it, and the
 * old one lies on top afterwards, where it is taken off. */
static int change_by_pivot(struct sandbox *s, struct lc_error *e)
{
	auto_fd old = -1;

	if (s->plan->root.host_propagation & MS_SHARED) {
		old = open_slash(e);
		if (old < 0)
			return -1;
	}
	if (fchdir(s->root) < 0)
		return lc_err_errno(e, "chdir to the root");
	if (sys_pivot_root(".", ".") < 0)
		return lc_err_errno(e, "pivot_root");
	/* Else the host would follow and unmount as well. */
	if (old >= 0 && set_propagation(old, AT_RECURSIVE, MS_SLAVE) < 0)
		return lc_err_errno(e, "cut off the old root");
	if (umount2(".", MNT_DETACH) < 0)
		return lc_err_errno(e, "unmount the old root");
	return 0;
}

int step_pivot(struct sandbox *s, struct lc_error *e)
{
	const struct plan_root *root = &s->plan->root;
	int ret;

	close_later(s, &s->dev);
	for (size_t i = 0; i < KERNEL_FS; i++)
		close_later(s, &s->kernel_fs[i]);
	if (s->in_chroot && enter_namespace_root(s, e) < 0)
		return -1;
	if (root->no_pivot && !root->chroot_only && move_root(s, e) < 0)
		return -1;
	ret = root->no_pivot || root->chroot_only ? change_by_chroot(s, e) : change_by_pivot(s, e);
	if (ret == 0 && root->propagation && !root->chroot_only &&
	    set_propagation(s->root, 0, root->propagation & ~(uint64_t)MS_REC) < 0)
		return lc_err_errno(e, "linux.rootfsPropagation");
	return ret;
}
