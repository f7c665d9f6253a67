/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Device nodes and the links beside them. */
#include "init/devices.h"
#include "base/own.h"
#include "base/str.h"
#include "init/steps.h"
#include "sys/fd.h"
#include "sys/rootfs.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

int dev_open(struct sandbox *s, struct lc_error *e)
{
	if (s->dev >= 0)
		return 0;
	s->dev = sys_openat2(s->root, "dev", O_PATH | O_DIRECTORY,
			     RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
	if (s->dev < 0 && errno == ENOENT)
		s->dev = rootfs_mkdirs(s->root, "/dev", 0755, e);
	else if (s->dev < 0 && errno == ELOOP)
		return lc_err(e, LC_ECONFIG, "rootfs:/dev is a symbolic link");
	else if (s->dev < 0)
		return lc_err_errno(e, "openat2 rootfs:/dev");
	return s->dev < 0 ? -1 : 0;
}

int dev_target(int dir, const char *name, struct lc_error *e)
{
	auto_fd made =
		openat(dir, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0644);
	auto_fd fd = -1;

	if (made < 0 && errno != EEXIST)
		return lc_err_errno(e, "create %s", name);
	fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return lc_err_errno(e, "open %s", name);
	if (fd_is_symlink(fd) || fd_is_type(fd, S_IFDIR))
		return lc_err(e, LC_ECONFIG, "%s exists and is no file to mount a device on", name);
	return fd_take(&fd);
}

/* The directory of @path as a borrowed or (*owned) new descriptor, and the name in it. */
static int parent_of(struct sandbox *s, const char *path, char name[NAME_MAX + 1], int *owned,
		     struct lc_error *e)
{
	const char *rest = path + strlen("/dev/");

	if (str_starts(path, "/dev/") && *rest && !strchr(rest, '/') && strlen(rest) <= NAME_MAX &&
	    strcmp(rest, ".") != 0 && strcmp(rest, "..") != 0) {
		if (dev_open(s, e) < 0)
			return -1;
		snprintf(name, NAME_MAX + 1, "%s", rest);
		return s->dev;
	}
	*owned = rootfs_parent(s->root, path, true, name, e);
	return *owned;
}

/* ---- nodes ---- */

void node_name(size_t i, char name[NODE_NAME])
{
	snprintf(name, NODE_NAME, "%zu", i);
}

static mode_t file_type(const struct plan_device *d)
{
	return d->type == 'b' ? S_IFBLK : d->type == 'p' ? S_IFIFO : S_IFCHR;
}

static bool is_the_device(int fd, const struct plan_device *d)
{
	if (d->type == 'p')
		return fd_is_type(fd, S_IFIFO);
	return fd_is_device(fd, file_type(d), d->major, d->minor);
}

static int wrong_device(const char *whose, const char *path, const struct plan_device *d,
			struct lc_error *e)
{
	return lc_err(e, LC_ECONFIG, "%s%s exists and is not the device %c %u:%u", whose, path,
		      d->type, d->major, d->minor);
}

/* The host's node of the same name, or by the name that its number has. */
static int clone_host_node(const struct plan_device *d, struct lc_error *e)
{
	char by_number[64];
	auto_fd fd = sys_open_tree(AT_FDCWD, d->path, OPEN_TREE_CLONE);

	if (fd < 0 || !is_the_device(fd, d)) {
		fd_release(&fd);
		snprintf(by_number, sizeof(by_number), "/dev/%s/%u:%u",
			 d->type == 'b' ? "block" : "char", d->major, d->minor);
		fd = sys_open_tree(AT_FDCWD, by_number, OPEN_TREE_CLONE);
		if (fd < 0)
			return lc_err_errno(e, "the host has no device %c %u:%u as %s or %s",
					    d->type, d->major, d->minor, d->path, by_number);
	}
	if (!is_the_device(fd, d))
		return wrong_device("the host's ", d->path, d, e);
	return fd_take(&fd);
}

/* The one that the parent has made for it; -1 with ENOENT: none. */
static int clone_given_node(struct sandbox *s, const struct plan_device *d)
{
	auto_fd fd = -1;
	char name[NODE_NAME];

	errno = ENOENT;
	if (!d->outside || s->nodes < 0)
		return -1;
	node_name((size_t)(d - s->plan->devices.v), name);
	fd = openat(s->nodes, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -1 : sys_open_tree(fd, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
}

/* Where mknod is not permitted (user namespaces), a node from outside is mounted. */
static int bind_node(struct sandbox *s, const struct plan_device *d, int dir, const char *name,
		     struct lc_error *e)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC };
	auto_fd target = -1, node = clone_given_node(s, d);

	if (node < 0 && errno != ENOENT)
		return lc_err_errno(e, "clone the node");
	if (node < 0)
		node = clone_host_node(d, e);
	if (node < 0)
		return -1;
	target = dev_target(dir, name, e);
	if (target < 0)
		return -1;
	if (sys_mount_setattr(node, "", AT_EMPTY_PATH, &attr) < 0)
		return lc_err_errno(e, "mount_setattr nosuid,noexec");
	if (sys_move_mount(node, target, "") < 0)
		return lc_err_errno(e, "mount the device");
	return 0;
}

static int make_node(const struct plan_device *d, int dir, const char *name, struct lc_error *e)
{
	dev_t number = d->type == 'p' ? 0 : makedev(d->major, d->minor);

	if (mknodat(dir, name, file_type(d) | (d->mode & 07777), number) < 0)
		return lc_err_errno(e, "mknod");
	if ((d->uid || d->gid) && fchownat(dir, name, d->uid, d->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return lc_err_errno(e, "chown %u:%u", d->uid, d->gid);
	return 0;
}

/* OCI: another file there is an error.  The right node is made anew for its mode and owner, but a
 * standard one may stay as it is. */
static int replace_node(const struct plan_device *d, int dir, const char *name, struct lc_error *e)
{
	auto_fd fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return lc_err_errno(e, "open");
	if (!is_the_device(fd, d))
		return wrong_device("", d->path, d, e);
	if (d->standard ||
	    ((st.st_mode & 07777) == d->mode && st.st_uid == d->uid && st.st_gid == d->gid))
		return 0;
	if (unlinkat(dir, name, 0) < 0)
		return lc_err_errno(e, "unlink");
	return make_node(d, dir, name, e);
}

static int make_device(struct sandbox *s, const struct plan_device *d, struct lc_error *e)
{
	char name[NAME_MAX + 1];
	auto_fd owned = -1;
	int dir = parent_of(s, d->path, name, &owned, e);

	if (dir < 0)
		return -1;
	if (d->bind)
		return bind_node(s, d, dir, name, e);
	if (make_node(d, dir, name, e) == 0)
		return 0;
	if (e->sys_errno == EEXIST)
		return replace_node(d, dir, name, e);
	if (e->sys_errno == EPERM && d->type != 'p')
		return bind_node(s, d, dir, name, e);
	return -1;
}

/* ---- links ---- */

/* The link itself counts: one of /proc/self/fd cannot be followed from outside of the process. */
static bool exists(struct sandbox *s, const char *path)
{
	auto_fd fd = -1;
	struct stat st;
	int proc = s->kernel_fs[KERNEL_PROC];

	if (proc >= 0 && str_starts(path, "/proc/") && path[6] && !strchr(path + 6, '/'))
		return fstatat(proc, path + 6, &st, AT_SYMLINK_NOFOLLOW) == 0;
	fd = sys_openat2(s->root, path, O_PATH | O_NOFOLLOW, RESOLVE_IN_ROOT);
	return fd >= 0;
}

static bool is_link_to(int dir, const char *name, const char *target)
{
	char found[PATH_MAX];
	ssize_t n = readlinkat(dir, name, found, sizeof(found) - 1);

	if (n < 0)
		return false;
	found[n] = 0;
	return !strcmp(found, target);
}

/* An image without a mount on /dev brings its own: a node or a link in the place goes, by its name
 * in a directory that we know to be the container's. */
static int make_link(struct sandbox *s, const struct plan_symlink *l, struct lc_error *e)
{
	char name[NAME_MAX + 1];
	auto_fd owned = -1;
	int dir;

	dir = parent_of(s, l->path, name, &owned, e);
	if (dir < 0)
		return -1;
	if (symlinkat(l->target, dir, name) == 0)
		return 0;
	if (errno == EROFS) {
		log_warn(&s->log, "%s is missing: %s", l->path, lc_errno_text(errno));
		return 0;
	}
	if (errno != EEXIST)
		return lc_err_errno(e, "symlink to %s", l->target);
	if (is_link_to(dir, name, l->target))
		return 0;
	if (unlinkat(dir, name, 0) < 0 || symlinkat(l->target, dir, name) < 0)
		return lc_err_errno(e, "put a symlink to %s in the place of what is there",
				    l->target);
	return 0;
}

/* Several links lead below /proc/self/fd, which is asked for once. */
static bool is_wanted(struct sandbox *s, const struct plan_symlink *l, int *has_fds)
{
	static const char fds[] = "/proc/self/fd";

	if (!l->if_target_exists)
		return true;
	if (!str_starts(l->target, fds))
		return exists(s, l->target);
	if (*has_fds < 0)
		*has_fds = exists(s, fds);
	return *has_fds;
}

static int make_devices(struct sandbox *s, struct lc_error *e)
{
	for (size_t i = 0; i < s->plan->devices.n; i++)
		if (make_device(s, &s->plan->devices.v[i], e) < 0)
			return lc_err_in(e, "%s", s->plan->devices.v[i].path);
	return 0;
}

/* Off again, by the working directory: no path leads there. */
static int unmount_nodes(struct sandbox *s, struct lc_error *e)
{
	auto_fd cwd = openat(AT_FDCWD, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fchdir(s->nodes) < 0)
		return lc_err_errno(e, "enter the file system of nodes");
	if (umount2(".", MNT_DETACH) < 0)
		return lc_err_errno(e, "unmount the file system of nodes");
	if ((cwd < 0 || fchdir(cwd) < 0) && chdir("/") < 0)
		return lc_err_errno(e, "leave the file system of nodes");
	close_later(s, &s->nodes);
	return 0;
}

/* The kernel clones only what is mounted (before Linux 6.15): that is over the root meanwhile,
 * where nobody but those who come in by a path sees it. */
static int make_devices_with_nodes(struct sandbox *s, struct lc_error *e)
{
	if (s->nodes < 0)
		return make_devices(s, e);
	if (sys_move_mount(s->nodes, s->root, "") < 0)
		return lc_err_errno(e, "mount the file system of nodes");
	return make_devices(s, e) < 0 ? -1 : unmount_nodes(s, e);
}

int step_devices(struct sandbox *s, struct lc_error *e)
{
	const struct plan *plan = s->plan;
	int has_fds = s->kernel_fs[KERNEL_PROC] >= 0 ? 1 : -1; /* not known yet */

	if (make_devices_with_nodes(s, e) < 0)
		return -1;
	for (size_t i = 0; i < plan->symlinks.n; i++)
		if (is_wanted(s, &plan->symlinks.v[i], &has_fds) &&
		    make_link(s, &plan->symlinks.v[i], e) < 0)
			return lc_err_in(e, "%s", plan->symlinks.v[i].path);
	return 0;
}
