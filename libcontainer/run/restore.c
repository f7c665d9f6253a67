/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lc_restore(): everything around the container is made as by `run`; what init would do, criu does.
 * The restored process becomes our child, so that it can be waited for.
 */
#include "run/restore.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "run/create.h"
#include "run/criu.h"
#include "run/foreground.h"
#include "sys/fd.h"
#include "sys/rootfs.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

struct restoration {
	struct creation *m;
	const struct lc_criu *how;
	pid_t known; /* init, once the state names it */
};

/* ---- where mounts go ---- */

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	while (n && dir[n - 1] == '/')
		n--;
	return !strncmp(path, dir, n) && path[n] == '/';
}

/* The mount that @m lies on, NULL: the root. */
static const struct plan_mount *mount_under(const struct plan *plan, size_t index)
{
	const struct plan_mount *best = NULL;

	for (size_t i = 0; i < index; i++)
		if (is_below(plan->mounts.v[index].target, plan->mounts.v[i].target))
			best = &plan->mounts.v[i];
	return best;
}

/* A mount point that is gone is made again: in the root, or in the source of the mount that it lies
 * on. What lies on a file system of the container's own comes with that one. */
static int make_target(const struct plan *plan, size_t index, struct lc_error *e)
{
	const struct plan_mount *m = &plan->mounts.v[index];
	const struct plan_mount *under = mount_under(plan, index);
	const char *base = under ? under->source : plan->root.path, *rest = m->target;
	auto_fd root = -1, made = -1;
	struct stat st;

	if (under && (under->kind != MOUNT_BIND || under->source_in_root))
		return 0;
	if (under)
		rest += strlen(under->target);
	root = openat(AT_FDCWD, base, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return lc_err_errno(e, "open %s", base);
	made = rootfs_open(root, rest, O_PATH, e);
	if (made >= 0)
		return 0;
	if (m->kind == MOUNT_BIND && stat(m->source, &st) == 0 && !S_ISDIR(st.st_mode))
		made = rootfs_create_file(root, rest, 0644, e);
	else
		made = rootfs_mkdirs(root, rest, 0755, e);
	return made < 0 ? -1 : 0;
}

/* A part of the host's hierarchy, from the container's cgroup on: without a cgroup namespace it is
 * no file system of the container's own. */
static bool shows_cgroup(const struct plan *plan, const struct plan_mount *m)
{
	return m->kind == MOUNT_CGROUP && plan->ns.of[NS_CGROUP].how == NS_INHERIT;
}

bool restore_is_outside(const struct plan *plan, const struct plan_mount *m)
{
	return (m->kind == MOUNT_BIND && !m->source_in_root) || shows_cgroup(plan, m);
}

int restore_check_mount(const struct plan *plan, const struct plan_mount *m, struct lc_error *e)
{
	if (!shows_cgroup(plan, m) || (plan->cgroup.driver == CGROUP_FS && plan->cgroup.path))
		return 0;
	return lc_err(e, LC_EUNSUPPORTED,
		      "mounts[%zu] (%s): a cgroup mount without a cgroup namespace cannot be "
		      "restored unless hull itself makes the cgroup (--cgroup-manager=cgroupfs)",
		      m->index, m->target);
}

static int add_mounts(struct criu *k, const struct creation *c, struct lc_error *e)
{
	const struct plan *plan = &c->loaded.plan;

	for (size_t i = 0; i < plan->mounts.n; i++) {
		const struct plan_mount *m = &plan->mounts.v[i];
		const char *source = m->source;

		if (m->kind == MOUNT_REMOUNT)
			continue;
		if (restore_check_mount(plan, m, e) < 0)
			return -1;
		if (make_target(plan, i, e) < 0)
			return lc_err_in(e, "mounts[%zu] (%s)", m->index, m->target);
		if (shows_cgroup(plan, m))
			source = cgroup_place_path(k->arena, &c->c.state.cgroup);
		if (restore_is_outside(plan, m) &&
		    criu_external(k, e, "mnt[%s]:%s", m->target, source) < 0)
			return -1;
	}
	for (size_t i = 0; i < plan->devices.n; i++)
		if (plan->devices.v[i].bind &&
		    criu_external(k, e, "mnt[%s]:%s", plan->devices.v[i].path,
				  plan->devices.v[i].path) < 0)
			return -1;
	for (size_t i = 0; i < plan->masked.n; i++)
		if (criu_external(k, e, "mnt[%s]:/dev/null", plan->masked.v[i]) < 0)
			return -1;
	return 0;
}

/* criu wants a mount as the root: see criu.c. */
static int set_root(struct criu *k, struct creation *m, struct lc_error *e)
{
	char *path = arena_printf(k->arena, "%s/" RESTORE_ROOT, container_path(&m->c));

	if (mkdirat(m->c.dir, RESTORE_ROOT, 0700) < 0)
		return lc_err_errno(e, "mkdir %s", path);
	k->root_from = m->loaded.plan.root.path;
	k->root_at = path;
	k->opts.root = path;
	return 0;
}

/* ---- namespaces and descriptors ---- */

static int add_namespaces(struct criu *k, const struct plan *plan, struct lc_error *e)
{
	static const struct {
		enum ns_type type;
		const char *name;
		const char *inherit; /* the checkpoint left it out under this name */
		bool join; /* criu joins it in place of the checkpoint's */
	} kinds[] = {
		{ NS_NETWORK, "net", "extRootNetNS", false },
		{ NS_PID, "pid", "extRootPidNS", false },
		{ NS_IPC, "ipc", NULL, true },
		{ NS_UTS, "uts", NULL, true },
		{ NS_USER, "user", NULL, false },
		{ NS_MOUNT, "mount", NULL, false },
		{ NS_TIME, "time", NULL, false },
		{ NS_CGROUP, "cgroup", NULL, false },
	};

	if (plan->ns.of[NS_MOUNT].how == NS_INHERIT)
		return lc_err(e, LC_EUNSUPPORTED,
			      "linux.namespaces: a restored container needs a mount namespace of "
			      "its own");
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct plan_namespace *ns = &plan->ns.of[kinds[i].type];
		int fd;

		if (ns->how != NS_JOIN)
			continue;
		if (kinds[i].join) {
			if (criu_join(k, kinds[i].name, ns->path, e) < 0)
				return -1;
			continue;
		}
		if (!kinds[i].inherit)
			return lc_err(e, LC_EUNSUPPORTED,
				      "linux.namespaces: a %s namespace cannot be joined at "
				      "restore",
				      kinds[i].name);
		fd = openat(AT_FDCWD, ns->path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return lc_err_errno(e, "linux.namespaces: open %s", ns->path);
		if (criu_inherit(k, kinds[i].inherit, fd, e) < 0)
			return -1;
	}
	return 0;
}

/* Images come from elsewhere: a link or a fifo in the place of the file leads nowhere
 * (CVE-2026-53489 and its like). */
static int read_streams(struct criu *k, char **text, size_t *len, struct lc_error *e)
{
	auto_fd fd = openat(k->images, STREAMS_FILE,
			    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return lc_err_errno(e, "--image-path: open %s", STREAMS_FILE);
	if (fstat(fd, &st) < 0)
		return lc_err_errno(e, "--image-path: stat %s", STREAMS_FILE);
	if (!S_ISREG(st.st_mode))
		return lc_err(e, LC_ECONFIG, "--image-path: %s is not a regular file",
			      STREAMS_FILE);
	return file_read_fd(fd, k->arena, 65536, text, len, e);
}

static int add_streams(struct criu *k, struct lc_error *e)
{
	char *text;
	size_t len;
	struct json *root;
	int fd = 0;

	if (read_streams(k, &text, &len, e) < 0)
		return e->sys_errno == ENOENT ? 0 : -1;
	if (json_parse(k->arena, STREAMS_FILE, text, len, NULL, &root, e) < 0)
		return -1;
	if (root->type != JSON_ARRAY)
		return lc_err(e, LC_ECONFIG, STREAMS_FILE ": expected an array");
	for (const struct json *v = root->child; v && fd < 3; v = v->next, fd++) {
		int copy;

		if (v->type != JSON_STRING ||
		    (!str_starts(v->text, "pipe:[") && !str_starts(v->text, "file[")))
			continue;
		copy = fcntl(fd, F_DUPFD_CLOEXEC, 10);
		if (copy < 0)
			return lc_err_errno(e, "descriptor %d", fd);
		if (criu_inherit(k, v->text, copy, e) < 0)
			return -1;
	}
	return 0;
}

/* ---- what criu tells on the way ---- */

static int know(struct restoration *r, pid_t pid, struct lc_error *e)
{
	struct creation *m = r->m;

	if (r->known)
		return 0;
	r->known = pid;
	m->ref.pid = pid;
	m->ref.pidfd = sys_pidfd_open(pid, 0);
	if (m->ref.pidfd < 0)
		return lc_err_errno(e, "the restored process %d", pid);
	return creation_cloned(m, pid, &m->cgroup, e);
}

static int notified(void *ctx, const char *script, pid_t pid, int fd, struct lc_error *e)
{
	static const char name[] = "/dev/ptmx";
	struct restoration *r = ctx;

	if (!strcmp(script, "setup-namespaces"))
		return know(r, pid, e) < 0 ? -1 : creation_hooks(r->m, pid, e);
	if (!strcmp(script, "post-restore"))
		return know(r, pid, e);
	if (strcmp(script, "orphan-pts-master"))
		return 0;
	if (fd < 0 || r->m->console_socket < 0)
		return lc_err(e, LC_EINTERNAL, "criu sent no terminal, or none is expected");
	if (fd_send(r->m->console_socket, name, sizeof(name) - 1, &fd, 1) < 0)
		return lc_err_errno(e, "send the terminal over the console socket");
	return 0;
}

/* ---- the step in place of init ---- */

static void set_restore_flags(struct criu *k, const struct creation *m)
{
	const struct cgroup_ref *ref = &m->c.state.cgroup;
	CriuOpts *o = &k->opts;

	o->has_rst_sibling = o->rst_sibling = true;
	o->has_tcp_close = true, o->tcp_close = k->how.tcp_close;
	o->has_evasive_devices = o->evasive_devices = true;
	o->lsm_profile = k->how.lsm_profile ? arena_strdup(k->arena, k->how.lsm_profile) : NULL;
	o->lsm_mount_context =
		k->how.lsm_mount_context ? arena_strdup(k->arena, k->how.lsm_mount_context) : NULL;
	k->cgroup = m->cgroup;
	if (!ref->path) { /* none, or a scope that takes init in as soon as it is there */
		o->manage_cgroups_mode = CRIU_CGROUP_MODE__IGNORE;
		return;
	}
	k->cg_root = (CriuCgroupRoot)CRIU_CGROUP_ROOT__INIT;
	k->cg_root.path = cgroup_place_path(k->arena, ref) + strlen(ref->mount) + 1;
	k->cg_roots[0] = &k->cg_root;
	o->cg_root = k->cg_roots;
	o->n_cg_root = 1;
}

static int check_lsm(const struct lc_criu *how, struct lc_error *e)
{
	if (!how->lsm_profile || str_starts(how->lsm_profile, "apparmor:") ||
	    str_starts(how->lsm_profile, "selinux:"))
		return 0;
	return lc_err(e, LC_EUSAGE,
		      "--lsm-profile: expected apparmor:NAME or selinux:LABEL, found \"%s\"",
		      how->lsm_profile);
}

static int restore_sandbox(struct creation *m, void *ctx, struct lc_error *e)
{
	struct restoration *r = ctx;
	const struct plan *plan = &m->loaded.plan;
	auto_criu k = { 0 };
	pid_t pid = 0;

	if (!container_sandbox(plan->vm, e) ||
	    criu_open(&k, m->lc, &m->c.arena, r->how, &plan->annotations, false, e) < 0 ||
	    check_lsm(&k.how, e) < 0)
		return -1;
	set_restore_flags(&k, m);
	if (set_root(&k, m, e) < 0 || add_mounts(&k, m, e) < 0 || add_namespaces(&k, plan, e) < 0 ||
	    add_streams(&k, e) < 0)
		return -1;
	k.notify = notified;
	k.ctx = r;
	if (criu_do(&k, CRIU_WHAT__RESTORE, &pid, e) < 0)
		return -1;
	unlinkat(m->c.dir, RESTORE_ROOT, AT_REMOVEDIR);
	return know(r, pid, e);
}

int lc_restore(struct lc *lc, const char *id, const struct lc_create *how,
	       const struct lc_criu *criu, int *status, struct lc_error *e)
{
	auto_creation m = { 0 };
	auto_foreground f = FOREGROUND_NONE;
	struct restoration r = { .m = &m, .how = criu };
	bool detach = load_create_options(how).detach;

	*status = 0;
	if (!detach && foreground_begin(&f, e) < 0)
		return -1;
	if (creation_make_by(&m, lc, id, how, restore_sandbox, &r, e) < 0)
		return creation_failed(&m, e);
	m.began_usec = clock_usec();
	return detach || creation_wait(&m, &f, status, e) == 0 ? 0 : creation_failed(&m, e);
}
