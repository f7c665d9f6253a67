/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a mount goes: a place in the root, resolved once. */
#include "base/own.h"
#include "base/str.h"
#include "init/devices.h"
#include "init/mounts.h"
#include "sys/fd.h"
#include "sys/rootfs.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>

/* Files of a procfs that say something about the host and nothing about processes: lxcfs and CRIU
 * mount over them.  Anything else in there is a way to make us, or whoever inspects the container,
 * look at fakes (CVE-2019-16884). */
static const char *const open_proc_files[] = {
	"/proc/cpuinfo",
	"/proc/diskstats",
	"/proc/loadavg",
	"/proc/meminfo",
	"/proc/net/dev",
	"/proc/slabinfo",
	"/proc/stat",
	"/proc/swaps",
	"/proc/sys/crypto/fips_enabled",
	"/proc/sys/kernel/ns_last_pid",
	"/proc/uptime",
	"/proc/version",
	NULL,
};

static bool is_open_proc_file(const char *path)
{
	for (size_t i = 0; open_proc_files[i]; i++)
		if (!strcmp(open_proc_files[i], path))
			return true;
	return false;
}

static bool ends_in(const char *path, const char *end)
{
	size_t n = strlen(path), len = strlen(end);

	return n >= len && !strcmp(path + n - len, end);
}

/* The text alone says where it is: no "//", "/./" or "/../" in it, nor at its end. */
static bool is_plain(const char *path)
{
	return *path == '/' && !strstr(path, "//") && !strstr(path, "/./") &&
	       !strstr(path, "/../") && !ends_in(path, "/.") && !ends_in(path, "/..") &&
	       (!ends_in(path, "/") || !path[1]);
}

/* /proc and /sys themselves: everybody who looks there must find the kernel's own. */
static bool is_fixed_place(const struct plan_mount *m)
{
	if (m->kind == MOUNT_FS && m->fstype &&
	    (!strcmp(m->fstype, "proc") || !strcmp(m->fstype, "sysfs")))
		return true;
	return m->must_be_proc || !strcmp(m->target, "/proc") || !strcmp(m->target, "/sys");
}

static int refuse_link(const struct plan_mount *m, struct lc_error *e)
{
	return lc_err(
		e, LC_ECONFIG,
		"filesystem \"%s\" must be mounted on ordinary directory, and %s leads through "
		"a symbolic link",
		m->fstype ? m->fstype : "bind", m->target);
}

static int refuse_proc(struct lc_error *e)
{
	return lc_err(e, LC_ECONFIG, "it is inside /proc, where nothing may be mounted");
}

/* By the text, when no link can have led elsewhere; else by what was found. */
static int check_place(const struct mounting *m, bool by_text, struct lc_error *e)
{
	const struct plan_mount *p = m->plan;

	if (p->kind == MOUNT_REMOUNT)
		return 0;
	if (!by_text)
		return fd_is_fs(m->target, PROC_SUPER_MAGIC) ? refuse_proc(e) : 0;
	if (str_starts(p->target, "/proc/") && !is_open_proc_file(p->target) &&
	    fd_is_fs(m->target, PROC_SUPER_MAGIC))
		return refuse_proc(e);
	if (!strcmp(p->target, "/proc") && p->kind == MOUNT_FS && strcmp(p->fstype, "proc") != 0)
		return lc_err(e, LC_ECONFIG, "a %s on /proc would hide the kernel's", p->fstype);
	return 0;
}

static int make_target(struct sandbox *s, struct mounting *m, bool file, struct lc_error *e)
{
	m->target = file ? rootfs_create_file(s->root, m->plan->target, 0755, e)
			 : rootfs_mkdirs(s->root, m->plan->target, 0755, e);
	m->made_target = true;
	return m->target < 0 ? -1 : check_place(m, false, e);
}

/* The name in "/dev/name", else NULL. */
static const char *name_in_dev(const char *path)
{
	const char *name = path + strlen("/dev/");

	if (!str_starts(path, "/dev/") || !*name || strchr(name, '/') || !strcmp(name, ".") ||
	    !strcmp(name, ".."))
		return NULL;
	return name;
}

/* The name in "/name", else NULL. */
static const char *name_in_root(const char *path)
{
	const char *name = path + 1;

	return *path != '/' || !*name || strchr(name, '/') || !strcmp(name, ".") ||
			       !strcmp(name, "..")
		       ? NULL
		       : name;
}

bool attach_by_name(struct sandbox *s, struct mounting *m)
{
	const struct plan_mount *p = m->plan;
	const char *name = name_in_dev(p->target);
	struct lc_error ignored;
	int dir;

	if (name) {
		if (dev_open(s, &ignored) < 0)
			return false;
		dir = s->dev;
	} else {
		name = name_in_root(p->target);
		if (!name || (!strcmp(name, "proc") && strcmp(p->fstype, "proc") != 0))
			return false;
		dir = s->root;
	}
	m->by_text = true;
	if (dir == s->dev && s->dev_is_new && mkdirat(dir, name, 0755) == 0)
		return sys_move_mount(m->fd, dir, name) == 0;
	if (sys_move_mount(m->fd, dir, name) == 0)
		return true;
	return errno == ENOENT && mkdirat(dir, name, 0755) == 0 &&
	       sys_move_mount(m->fd, dir, name) == 0;
}

int target_open(struct sandbox *s, struct mounting *m, bool file, struct lc_error *e)
{
	const struct plan_mount *p = m->plan;
	int flags = O_PATH | (p->dest_nofollow ? O_NOFOLLOW : 0);

	m->target = sys_openat2(s->root, p->target, flags, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
	m->by_text = m->target >= 0 && is_plain(p->target);
	if (m->target >= 0)
		return check_place(m, m->by_text, e);
	if (errno == ENOENT && p->kind != MOUNT_REMOUNT)
		return make_target(s, m, file, e);
	if (errno != ELOOP)
		return lc_err_errno(e, "openat2 rootfs:%s", p->target);
	if (is_fixed_place(p))
		return refuse_link(p, e);
	m->target = sys_openat2(s->root, p->target, flags, RESOLVE_IN_ROOT);
	if (m->target >= 0)
		return check_place(m, false, e);
	if (errno == ENOENT && p->kind != MOUNT_REMOUNT)
		return make_target(s, m, file, e);
	return lc_err_errno(e, "openat2 rootfs:%s", p->target);
}
