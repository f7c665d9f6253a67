/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The mounts of config.json, in their order.  Each is made detached, gets its flags, and is then
 * attached to a place that was looked up once; no path is ever resolved twice (CVE-2021-30465).
 */
#include "init/mounts.h"
#include "base/own.h"
#include "base/str.h"
#include "init/steps.h"
#include "init/sync.h"
#include "sys/fd.h"
#include "sys/rootfs.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

static bool is_dir(int fd)
{
	return fd_is_type(fd, S_IFDIR);
}

/* The kernel says "invalid argument" when a directory meets a file. */
static int cannot_attach(const struct mounting *m, struct lc_error *e)
{
	int err = errno;

	if (err == EINVAL && is_dir(m->fd) != is_dir(m->target))
		errno = ENOTDIR;
	else
		errno = err;
	if (errno == ENOTDIR)
		return lc_err_errno(e, is_dir(m->fd) ? "mount a directory onto a file"
						     : "mount a file onto a directory");
	return lc_err_errno(e, "move_mount");
}

static bool is_root(const char *path)
{
	return path[strspn(path, "/")] == 0;
}

/* Can what was mounted have covered @base, or what it lies in? */
static bool may_cover(const struct mounting *m, const char *base)
{
	const char *target = m->plan->target;
	size_t n = strlen(target);

	if (!m->by_text || is_root(target))
		return true;
	return !strncmp(base, target, n) && (base[n] == '/' || !base[n]);
}

/* What is covered is no longer the one at its place. */
static void forget_covered(struct sandbox *s, const struct mounting *m)
{
	if (may_cover(m, "/dev")) {
		close_later(s, &s->dev);
		s->dev_is_new = false;
	}
	if (may_cover(m, "/proc"))
		close_later(s, &s->kernel_fs[KERNEL_PROC]);
	if (may_cover(m, "/sys"))
		close_later(s, &s->kernel_fs[KERNEL_SYS]);
}

/* A new file system at a place that later steps look at: by its own descriptor there is nothing to
 * look up or to check.  Hooks may change what is there. */
static void keep_base(struct sandbox *s, struct mounting *m)
{
	const struct plan_mount *p = m->plan;

	if (init_wants_hooked(s->plan) || s->plan->hooks.create_container.n)
		return;
	if (!strcmp(p->target, "/dev") && !strcmp(p->fstype, "tmpfs")) {
		s->dev = fd_take(&m->fd);
		s->dev_is_new = true;
	} else if (!strcmp(p->target, "/proc") && !strcmp(p->fstype, "proc")) {
		s->kernel_fs[KERNEL_PROC] = fd_take(&m->fd);
	} else if (!strcmp(p->target, "/sys") && !strcmp(p->fstype, "sysfs")) {
		s->kernel_fs[KERNEL_SYS] = fd_take(&m->fd);
	}
}

/* What follows an attachment. */
static int attached(struct sandbox *s, struct mounting *m, struct lc_error *e)
{
	forget_covered(s, m);
	if (is_root(m->plan->target)) { /* from here on this is the root */
		fd_release(&s->root);
		s->root = fcntl(m->fd, F_DUPFD_CLOEXEC, 3);
		if (s->root < 0)
			return lc_err_errno(e, "keep the new root");
	}
	if (is_readonly_later(m->plan))
		s->sources[m->i] = fd_take(&m->fd); /* for step_readonly */
	return 0;
}

static int attach(struct sandbox *s, struct mounting *m, struct lc_error *e)
{
	if (sys_move_mount(m->fd, m->target, "") < 0)
		return cannot_attach(m, e);
	return attached(s, m, e);
}

static int map_ids(const struct sandbox *s, const struct mounting *m, struct lc_error *e)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };
	unsigned flags = AT_EMPTY_PATH | (m->plan->idmap_rec ? AT_RECURSIVE : 0);

	if (!s->idmap_userns || s->idmap_userns[m->i] < 0)
		return 0;
	attr.userns_fd = (uint64_t)s->idmap_userns[m->i];
	if (sys_mount_setattr(m->fd, "", flags, &attr) < 0)
		return lc_err_errno(e, "idmap: mount_setattr (not every file system can)");
	fd_release(&s->idmap_userns[m->i]);
	return 0;
}

/* A kernel file system that this user namespace may not mount anew: the host's is taken, with all
 * that is mounted in it, and with the flags that were asked for on all of it. */
static int make_fallback(struct mounting *m, struct lc_error *e)
{
	struct mount_attr attr = { .attr_set =
					   attr_of_new(m->plan) & ~(uint64_t)MOUNT_ATTR__ATIME };

	m->fd = sys_open_tree(AT_FDCWD, m->plan->fallback_bind, OPEN_TREE_CLONE | AT_RECURSIVE);
	if (m->fd < 0)
		return lc_err_errno(e, "bind of %s instead", m->plan->fallback_bind);
	if (sys_mount_setattr(m->fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr) < 0)
		return lc_err_errno(e, "mount_setattr of %s", m->plan->fallback_bind);
	return 0;
}

/* Nothing has to be known of the target before the file system is made. */
static bool is_simple(const struct plan_mount *p)
{
	return !p->mode_from_target && !p->tmpcopyup && !p->dest_nofollow;
}

static int make_fs_or_fallback(struct sandbox *s, struct mounting *m, struct lc_error *e)
{
	if (make_fs(s, m, e) == 0)
		return 0;
	if (e->sys_errno != EPERM || !m->plan->fallback_bind)
		return -1;
	log_debug(&s->log, "%s: %s; bind of %s instead", m->plan->target, e->msg,
		  m->plan->fallback_bind);
	return make_fallback(m, e);
}

static int mount_fs(struct sandbox *s, struct mounting *m, struct lc_error *e)
{
	bool simple = is_simple(m->plan);

	if (!simple && target_open(s, m, false, e) < 0)
		return -1;
	if (make_fs_or_fallback(s, m, e) < 0)
		return -1;
	if (m->done) {
		forget_covered(s, m);
		return 0;
	}
	if (map_ids(s, m, e) < 0 || attr_propagate(m, m->fd, e) < 0)
		return -1;
	if (s->give_mount == m->i + 1 && sync_send(s->sync, SYNC_MOUNT, m->fd, 0, e) < 0)
		return -1;
	if (simple && attach_by_name(s, m)) {
		if (attached(s, m, e) < 0)
			return -1;
		if (m->fd >= 0)
			keep_base(s, m);
		return 0;
	}
	m->by_text = false;
	if (simple && target_open(s, m, false, e) < 0)
		return -1;
	return attach(s, m, e);
}

static int mount_cgroup(struct sandbox *s, struct mounting *m, struct lc_error *e)
{
	if (target_open(s, m, false, e) < 0 || make_cgroup(s, m, e) < 0)
		return -1;
	if (m->done || attr_propagate(m, m->fd, e) < 0)
		return m->done ? 0 : -1;
	return attach(s, m, e);
}

/* copy-symlink: a source that is a link is not mounted, the link is made again.  1: done. */
static int copy_link(struct sandbox *s, const struct mounting *m, struct lc_error *e)
{
	char target[PATH_MAX], there[PATH_MAX], name[NAME_MAX + 1];
	ssize_t n = readlinkat(AT_FDCWD, m->plan->source, target, sizeof(target) - 1);
	auto_fd dir = -1;

	if (n < 0)
		return 0; /* no link */
	target[n] = 0;
	dir = rootfs_parent(s->root, m->plan->target, true, name, e);
	if (dir < 0)
		return -1;
	if (symlinkat(target, dir, name) == 0)
		return 1;
	if (errno == EEXIST) {
		n = readlinkat(dir, name, there, sizeof(there) - 1);
		if (n >= 0 && (size_t)n == strlen(target) && !memcmp(there, target, (size_t)n))
			return 1;
		errno = EEXIST;
	}
	return lc_err_errno(e, "symlink to %s", target);
}

static int mount_bind(struct sandbox *s, struct mounting *m, struct lc_error *e)
{
	int ret = m->plan->copy_symlink ? copy_link(s, m, e) : 0;

	if (ret)
		return ret < 0 ? -1 : 0;
	if (make_bind(s, m, e) < 0 || map_ids(s, m, e) < 0)
		return -1;
	if (target_open(s, m, !is_dir(m->fd), e) < 0)
		return -1;
	if (attr_change(s, m, m->fd, e) < 0 || attr_finish(m, m->fd, e) < 0)
		return -1;
	return attach(s, m, e);
}

static int reconfigure(const struct mounting *m, struct lc_error *e)
{
	auto_fd fs = -1;

	if (!m->plan->data.n)
		return 0;
	fs = sys_fspick(m->target, "", FSPICK_EMPTY_PATH);
	if (fs < 0)
		return lc_err_errno(e, "fspick");
	for (size_t i = 0; i < m->plan->data.n; i++) {
		char *word = m->plan->data.v[i], *value = strchr(word, '='), key[256];

		if (!value) {
			if (sys_fsconfig_flag(fs, word) < 0)
				return sys_fs_error(e, fs, "%s", word);
			continue;
		}
		if ((size_t)(value - word) >= sizeof(key))
			return lc_err(e, LC_ECONFIG, "%s: %s", word, lc_errno_text(ENAMETOOLONG));
		memcpy(key, word, (size_t)(value - word));
		key[value - word] = 0;
		if (sys_fsconfig_string(fs, key, value + 1) < 0)
			return sys_fs_error(e, fs, "%s", word);
	}
	return sys_fsconfig_reconfigure(fs) < 0 ? sys_fs_error(e, fs, "reconfigure") : 0;
}

static int remount(struct sandbox *s, struct mounting *m, struct lc_error *e)
{
	if (target_open(s, m, false, e) < 0 || reconfigure(m, e) < 0)
		return -1;
	if (attr_change(s, m, m->target, e) < 0)
		return -1;
	return attr_finish(m, m->target, e);
}

static int mount_one(struct sandbox *s, struct mounting *m, struct lc_error *e)
{
	switch (m->plan->kind) {
	case MOUNT_FS:
		return mount_fs(s, m, e);
	case MOUNT_BIND:
		return mount_bind(s, m, e);
	case MOUNT_CGROUP:
		return mount_cgroup(s, m, e);
	case MOUNT_REMOUNT:
		return remount(s, m, e);
	}
	return lc_err(e, LC_EINTERNAL, "unknown kind of mount");
}

int step_mounts(struct sandbox *s, struct lc_error *e)
{
	for (size_t i = 0; i < s->plan->mounts.n; i++) {
		struct mounting m = {
			.plan = &s->plan->mounts.v[i], .i = i, .target = -1, .fd = -1
		};
		int ret;

		if (s->progress)
			s->progress->what = m.plan->target;
		ret = mount_one(s, &m, e);
		close_later(s, &m.fd);
		close_later(s, &m.target);
		if (ret < 0)
			return lc_err_in(e, "mounts[%zu] (%s)", m.plan->index, m.plan->target);
		s->mounted++;
	}
	return 0;
}
