/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lc_host_check(): what this host can do, one question a line of the table, for the caller as it is
 * (root, or an ordinary user).  Nothing is changed and nothing is left behind.
 */
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "run/container.h"
#include "run/namespaces.h"
#include "sys/landlock.h"
#include "sys/probe.h"
#include "sys/procfs.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

struct check {
	struct arena arena;
	struct plan_host host;
	struct probe_cgroup cgroup;
	lc_check_fn *say;
	void *ctx;
	const char *area;
	bool bad;
};

/* @fix NULL: nothing to be done. */
static void tell(struct check *c, enum lc_check_state state, const char *name, const char *found,
		 const char *fix)
{
	struct lc_check check = {
		.area = c->area,
		.name = name,
		.found = found ? found : "",
		.fix = state == LC_CHECK_OK || !fix ? "" : fix,
		.state = state,
	};

	c->bad |= state == LC_CHECK_BAD;
	c->say(c->ctx, &check);
}

static enum lc_check_state ok_or(bool ok, enum lc_check_state otherwise)
{
	return ok ? LC_CHECK_OK : otherwise;
}

static char *text_of(struct check *c, const char *path)
{
	struct lc_error ignored;
	char *text;

	if (file_read_at(AT_FDCWD, path, &c->arena, 65536, &text, NULL, &ignored) < 0)
		return NULL;
	text[strcspn(text, "\n")] = 0;
	return text;
}

static bool is_number(const char *text, const char *number)
{
	return text && !strcmp(text, number);
}

/* ---- kernel ---- */

static void check_kernel(struct check *c)
{
	struct utsname name;
	struct lc_error e;

	uname(&name);
	tell(c, ok_or(probe_kernel(&e) == 0, LC_CHECK_BAD), "release", name.release,
	     "hull needs Linux 5.15 or newer");
}

static void check_calls(struct check *c)
{
	const struct {
		const char *name;
		bool there;
		const char *without;
	} calls[] = {
		{ "mount_setattr", probe_mount_attr(MOUNT_ATTR_NOSUID),
		  "mount attributes cannot be set by descriptor: is a seccomp filter in force?" },
		{ "idmapped mounts", probe_mount_attr(MOUNT_ATTR_IDMAP),
		  "volumes cannot be shifted to a user namespace's ids" },
		{ "overlay lowerdir+", probe_overlay_lowerdir_add(),
		  "Linux 6.5 takes layers one by one; before, their paths share 256 bytes" },
		{ "seccomp kill", probe_seccomp_action(SECCOMP_RET_KILL_PROCESS),
		  "CONFIG_SECCOMP_FILTER is off, or the kernel is old" },
		{ "seccomp notify", probe_seccomp_action(SECCOMP_RET_USER_NOTIF),
		  "profiles with SCMP_ACT_NOTIFY cannot be used" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		tell(c, ok_or(calls[i].there, i == 0 ? LC_CHECK_BAD : LC_CHECK_NO), calls[i].name,
		     NULL, calls[i].without);
}

/* ---- namespaces ---- */

static void check_namespaces(struct check *c)
{
	static const char *const types[] = { "mnt", "pid",  "net",    "ipc",
					     "uts", "user", "cgroup", "time" };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		tell(c, ok_or(probe_namespace(types[i]), i < 2 ? LC_CHECK_BAD : LC_CHECK_NO),
		     types[i], NULL, "not built into this kernel");
}

/* An ordinary user has nothing without them. */
static void check_user_namespaces(struct check *c)
{
	enum lc_check_state lacking = c->host.euid ? LC_CHECK_BAD : LC_CHECK_NO;
	char *max = text_of(c, "/proc/sys/user/max_user_namespaces");
	char *clone = text_of(c, "/proc/sys/kernel/unprivileged_userns_clone");
	char *apparmor = text_of(c, "/proc/sys/kernel/apparmor_restrict_unprivileged_userns");

	if (is_number(max, "0"))
		tell(c, lacking, "for users", "user.max_user_namespaces = 0",
		     "sysctl -w user.max_user_namespaces=10000");
	else if (is_number(clone, "0"))
		tell(c, lacking, "for users", "kernel.unprivileged_userns_clone = 0",
		     "sysctl -w kernel.unprivileged_userns_clone=1");
	else if (is_number(apparmor, "1"))
		tell(c, lacking, "for users", "kernel.apparmor_restrict_unprivileged_userns = 1",
		     "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor "
		     "profile for hull with `userns,`");
	else
		tell(c, LC_CHECK_OK, "for users", "", NULL);
}

static void check_ids(struct check *c)
{
	const char *map = file_find_program(&c->arena, NULL, "newuidmap");
	size_t n = c->host.own_uid_map.n;

	if (!c->host.euid)
		return;
	tell(c, ok_or(n > 1, LC_CHECK_NO), "subordinate ids",
	     n > 1 ? arena_printf(&c->arena, "%u from %u", c->host.own_uid_map.v[1].count,
				  c->host.own_uid_map.v[1].outside)
		   : "none in /etc/subuid",
	     "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER");
	tell(c, ok_or(map != NULL, LC_CHECK_NO), "newuidmap", map,
	     "install the package uidmap (shadow-utils): without it a container has one id");
}

/* ---- cgroups ---- */

static void check_cgroup_mount(struct check *c)
{
	static const char fix[] =
		"boot with systemd.unified_cgroup_hierarchy=1, or mount -t cgroup2 cgroup2 "
		"/sys/fs/cgroup; --cgroup-manager=disabled does without";

	tell(c, ok_or(c->cgroup.path != NULL, LC_CHECK_BAD), "cgroup2",
	     c->cgroup.path ? c->cgroup.path : "not mounted", fix);
	if (c->cgroup.path && c->cgroup.v1)
		tell(c, LC_CHECK_NO, "hybrid", "controllers sit on cgroup v1 too",
		     "boot with systemd.unified_cgroup_hierarchy=1: their limits cannot be used");
}

/* Controllers that the caller may use: root all that there are, a user those delegated. */
static char *usable_controllers(struct check *c)
{
	const char *own = c->host.euid && c->host.own_cgroup ? c->host.own_cgroup : "";
	char *dir = arena_printf(&c->arena, "%s%s", c->cgroup.path, own);

	if (c->host.euid && access(dir, W_OK) < 0) {
		*strrchr(dir, '/') = 0; /* a service's own parent is what is delegated */
		if (access(dir, W_OK) < 0)
			return arena_strdup(&c->arena, "");
	}
	return text_of(c, arena_printf(&c->arena, "%s/cgroup.controllers", dir));
}

static void check_controllers(struct check *c)
{
	static const char *const names[] = { "memory", "pids", "cpu", "io", "cpuset", "hugetlb" };
	const char *fix = c->host.euid
				  ? "delegate it: systemctl edit user@.service, [Service] "
				    "Delegate=cpu cpuset io memory pids"
				  : "not in this kernel, or on a v1 hierarchy (cgroup_no_v1=all)";
	char *usable;

	if (!c->cgroup.path)
		return;
	usable = usable_controllers(c);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		bool has = str_has_word(usable, names[i]);

		tell(c, ok_or(has, LC_CHECK_NO), names[i], has ? "" : "limits of it are refused",
		     fix);
	}
}

static void check_systemd(struct check *c)
{
	bool runs = access("/run/systemd/system", F_OK) == 0;
	bool there = cgroup_systemd_is_there();

	tell(c, ok_or(runs && there, LC_CHECK_NO), "manager systemd",
	     !there ? "hull-systemd is missing"
	     : runs ? ""
		    : "systemd is not PID 1",
	     there ? "use --cgroup-manager=cgroupfs"
		   : "install hull-systemd, or build hull with libsystemd");
}

/* ---- security modules ---- */

static void check_lsms(struct check *c)
{
	int abi = landlock_abi();
	char *lsms = probe_lsms(&c->arena);

	tell(c, LC_CHECK_OK, "in force", *lsms ? lsms : "unknown: securityfs is not mounted", NULL);
	tell(c, ok_or(probe_apparmor(), LC_CHECK_NO), "apparmor", NULL,
	     "lsm=...,apparmor on the kernel's command line; only for profiles of AppArmor");
	tell(c, ok_or(probe_selinux(), LC_CHECK_NO), "selinux", NULL, "only for labels of SELinux");
	tell(c, ok_or(abi > 0, LC_CHECK_NO), "landlock",
	     abi ? arena_printf(&c->arena, "version %d", abi) : "",
	     "lsm=landlock,... on the kernel's command line; only for dev.hull.landlock");
}

/* ---- file systems ---- */

static const char *fs_name(struct check *c, const char *path)
{
	static const struct {
		long magic;
		const char *name;
	} names[] = { { EXT4_SUPER_MAGIC, "ext4" },	    { BTRFS_SUPER_MAGIC, "btrfs" },
		      { XFS_SUPER_MAGIC, "xfs" },	    { TMPFS_MAGIC, "tmpfs" },
		      { OVERLAYFS_SUPER_MAGIC, "overlay" }, { NFS_SUPER_MAGIC, "nfs" },
		      { FUSE_SUPER_MAGIC, "fuse" } };
	struct statfs fs;

	if (statfs(path, &fs) < 0)
		return "?";
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].magic == (long)fs.f_type)
			return names[i].name;
	return arena_printf(&c->arena, "type %#lx", (unsigned long)fs.f_type);
}

static bool can_idmap(struct check *c, const char *path, const char **why)
{
	struct plan_id_map map = { 0, 100000, 65536 };
	plan_id_maps maps = { &map, 1 };
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };
	struct lc_error e;
	auto_fd procfs = procfs_open(&e);
	auto_fd userns = procfs < 0 ? -1 : ns_make_user(procfs, &maps, &maps, &e);
	auto_fd tree = -1;

	if (userns < 0) {
		*why = arena_strdup(&c->arena, e.msg);
		return false;
	}
	tree = sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	attr.userns_fd = (uint64_t)userns;
	if (tree >= 0 && sys_mount_setattr(tree, "", AT_EMPTY_PATH, &attr) == 0)
		return true;
	*why = lc_errno_text(errno);
	return false;
}

/* One line for each file system that these lie on. */
static void check_idmap(struct check *c)
{
	static const char *const paths[] = { "/", "/var/lib", "/home", "/tmp", "/run" };
	dev_t seen[ARRAY_SIZE(paths)];
	size_t n = 0;

	if (c->host.euid)
		return; /* only root may */
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		const char *why = NULL;
		struct stat st;
		size_t j = 0;
		bool can;

		if (stat(paths[i], &st) < 0)
			continue;
		while (j < n && seen[j] != st.st_dev)
			j++;
		if (j < n)
			continue;
		seen[n++] = st.st_dev;
		can = can_idmap(c, paths[i], &why);
		tell(c, ok_or(can, LC_CHECK_NO), arena_printf(&c->arena, "idmap %s", paths[i]),
		     can ? fs_name(c, paths[i])
			 : arena_printf(&c->arena, "%s: %s", fs_name(c, paths[i]), why),
		     "keep volumes of containers with user namespaces on ext4, xfs, btrfs or, "
		     "from Linux 6.3, tmpfs");
	}
}

/* ---- programs and engines ---- */

static void check_kvm(struct check *c)
{
	auto_fd fd = openat(AT_FDCWD, "/dev/kvm", O_RDWR | O_CLOEXEC);
	int err = errno;

	tell(c, ok_or(fd >= 0, LC_CHECK_NO), "/dev/kvm", fd >= 0 ? "" : lc_errno_text(err),
	     err == ENOENT ? "load kvm_intel or kvm_amd; turn virtualisation on in the firmware, "
			     "or nesting for this virtual machine"
			   : "add the user to the group kvm");
}

static void check_criu(struct check *c)
{
	const char *path = file_find_program(&c->arena, getenv("PATH"), "criu");

	tell(c, ok_or(path != NULL, LC_CHECK_NO), "criu", path,
	     "install criu 3.15 or newer; only for checkpoint and restore");
}

static bool mentions_hull(struct check *c, const char *path)
{
	struct lc_error ignored;
	char *text;

	return file_read_at(AT_FDCWD, path, &c->arena, 1 << 20, &text, NULL, &ignored) == 0 &&
	       strstr(text, "hull");
}

static void check_engines(struct check *c)
{
	static const struct {
		const char *name, *file, *fix;
	} engines[] = {
		{ "podman", "/etc/containers/containers.conf",
		  "podman --runtime /usr/bin/hull; for all: [engine] runtime = \"/usr/bin/hull\"" },
		{ "dockerd", "/etc/docker/daemon.json",
		  "{\"runtimes\": {\"hull\": {\"path\": \"/usr/bin/hull\"}}}; docker run "
		  "--runtime hull" },
		{ "containerd", "/etc/containerd/config.toml",
		  "runtimes.hull with runtime_type io.containerd.runc.v2 and options.BinaryName" },
		{ "crio", "/etc/crio/crio.conf",
		  "[crio.runtime.runtimes.hull] runtime_path = \"/usr/bin/hull\"" },
	};

	bool any = false;

	for (size_t i = 0; i < ARRAY_SIZE(engines); i++) {
		bool set;

		if (!file_find_program(&c->arena, NULL, engines[i].name))
			continue;
		any = true;
		set = mentions_hull(c, engines[i].file);
		tell(c, ok_or(set, LC_CHECK_NO), engines[i].name,
		     set ? engines[i].file
			 : arena_printf(&c->arena, "%s does not name hull", engines[i].file),
		     engines[i].fix);
	}
	if (!any)
		tell(c, LC_CHECK_NO, "engine", "none of podman, dockerd, containerd, crio",
		     "install one to have hull run its containers; hull run needs none");
}

static const struct {
	const char *area;
	void (*look)(struct check *c);
} checks[] = {
	{ "kernel", check_kernel },	    { "kernel", check_calls },
	{ "namespaces", check_namespaces }, { "namespaces", check_user_namespaces },
	{ "namespaces", check_ids },	    { "cgroups", check_cgroup_mount },
	{ "cgroups", check_controllers },   { "cgroups", check_systemd },
	{ "security", check_lsms },	    { "file systems", check_idmap },
	{ "machine", check_kvm },	    { "programs", check_criu },
	{ "engines", check_engines },
};

int lc_host_check(struct lc *lc, lc_check_fn *say, void *ctx, bool *fit, struct lc_error *e)
{
	struct check c = { .say = say, .ctx = ctx };
	int r = plan_host_ask(&c.arena, NULL, &c.host, e);

	(void)lc;
	if (r == 0)
		r = probe_cgroup(&c.arena, &c.cgroup, e);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(checks); i++) {
		c.area = checks[i].area;
		checks[i].look(&c);
	}
	*fit = r == 0 && !c.bad;
	arena_free(&c.arena);
	return r;
}
