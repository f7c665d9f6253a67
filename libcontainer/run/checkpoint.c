/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lc_checkpoint(): what criu has to be told of a living container. */
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "json/encode.h"
#include "run/criu.h"
#include "run/load.h"
#include "run/lock.h"
#include "run/restore.h"
#include "sys/fd.h"
#include "sys/rootfs.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define MOUNTS_MAX (16 << 20)

/* ---- mounts that come from outside ---- */

/* criu knows a mount by the path where it is, not by the one config.json gives: that may lead over
 * links. */
static int add_mount(struct criu *k, int root, const char *target, bool files_only,
		     const char *cookie, struct lc_error *e)
{
	struct lc_error absent;
	auto_fd fd = rootfs_open(root, target, O_PATH, &absent);
	char path[PATH_MAX], name[40];
	ssize_t n;

	if (fd < 0 || (files_only && fd_is_type(fd, S_IFDIR)))
		return 0;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = readlink(name, path, sizeof(path) - 1);
	if (n <= 0)
		return lc_err_errno(e, "readlink %s", name);
	path[n] = 0;
	return criu_external(k, e, "mnt[%s]:%s", path, cookie);
}

static int add_mounts(struct criu *k, pid_t pid, const struct plan *plan, struct lc_error *e)
{
	char name[32];
	auto_fd root = -1;

	snprintf(name, sizeof(name), "/proc/%d/root", pid);
	root = openat(AT_FDCWD, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return lc_err_errno(e, "open %s", name);
	for (size_t i = 0; i < plan->mounts.n; i++) {
		const struct plan_mount *m = &plan->mounts.v[i];

		if (restore_check_mount(plan, m, e) < 0)
			return -1;
		if (restore_is_outside(plan, m) &&
		    add_mount(k, root, m->target, false, m->target, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < plan->devices.n; i++)
		if (plan->devices.v[i].bind && add_mount(k, root, plan->devices.v[i].path, false,
							 plan->devices.v[i].path, e) < 0)
			return -1;
	/* Directories are hidden by a file system of the container's own. */
	for (size_t i = 0; i < plan->masked.n; i++)
		if (add_mount(k, root, plan->masked.v[i], true, plan->masked.v[i], e) < 0)
			return -1;
	return 0;
}

/* ---- namespaces ---- */

static int add_namespaces(struct criu *k, pid_t pid, const struct plan *plan, struct lc_error *e)
{
	static const struct {
		enum ns_type type;
		const char *file, *external; /* NULL: criu cannot leave it out */
	} kinds[] = {
		{ NS_NETWORK, "net", "extRootNetNS" },
		{ NS_PID, "pid", "extRootPidNS" },
		{ NS_USER, "user", NULL },
		{ NS_MOUNT, "mnt", NULL },
		{ NS_TIME, "time", NULL },
	};
	char path[48];
	struct stat st;

	if (plan->ns.of[NS_MOUNT].how == NS_INHERIT)
		return lc_err(e, LC_EUNSUPPORTED,
			      "linux.namespaces: a checkpoint needs a mount namespace of the "
			      "container's own");
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (plan->ns.of[kinds[i].type].how != NS_JOIN)
			continue;
		if (!kinds[i].external)
			return lc_err(e, LC_EUNSUPPORTED,
				      "linux.namespaces: a %s namespace that was joined by its "
				      "path cannot be checkpointed",
				      kinds[i].file);
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, kinds[i].file);
		if (stat(path, &st) < 0)
			return lc_err_errno(e, "stat %s", path);
		if (criu_external(k, e, "%s[%lu]:%s", kinds[i].file, (unsigned long)st.st_ino,
				  kinds[i].external) < 0)
			return -1;
	}
	return 0;
}

/* ---- standard streams ---- */

/* "mnt_id:" of /proc/PID/fdinfo/N; 0 when it is not there. */
static uint32_t mount_of(struct arena *a, pid_t pid, int fd)
{
	char path[48], *text, *line;
	struct lc_error ignored;
	uint32_t id = 0;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, fd);
	if (file_read_at(AT_FDCWD, path, a, 65536, &text, &len, &ignored) < 0)
		return 0;
	while ((line = strsep(&text, "\n")))
		if (str_starts(line, "mnt_id:"))
			str_u32(line + 7 + strspn(line + 7, "\t "), &id);
	return id;
}

static bool is_mounted_inside(struct arena *a, pid_t pid, uint32_t mount)
{
	char path[32], *text, *line;
	struct lc_error ignored;
	uint32_t id;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", pid);
	if (file_read_at(AT_FDCWD, path, a, MOUNTS_MAX, &text, &len, &ignored) < 0)
		return true;
	while ((line = strsep(&text, "\n"))) {
		line[strcspn(line, " ")] = 0;
		if (str_u32(line, &id) && id == mount)
			return true;
	}
	return false;
}

/* A pipe gets its other end again at restore; so does a file of the host's, if criu is told that it
 * is one. */
static int stream_name(struct criu *k, pid_t pid, int fd, char name[PATH_MAX], struct lc_error *e)
{
	char path[48];
	struct stat st;
	uint32_t mount;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	n = readlink(path, name, PATH_MAX - 1);
	name[n < 0 ? 0 : n] = 0;
	if (name[0] != '/' || stat(path, &st) < 0 ||
	    !(S_ISREG(st.st_mode) || (S_ISCHR(st.st_mode) && major(st.st_rdev) == 1)))
		return 0;
	mount = mount_of(k->arena, pid, fd);
	if (!mount || is_mounted_inside(k->arena, pid, mount))
		return 0;
	snprintf(name, PATH_MAX, "file[%x:%lx]", mount, (unsigned long)st.st_ino);
	return criu_external(k, e, "%s", name);
}

static int add_streams(struct criu *k, pid_t pid, struct lc_error *e)
{
	struct json_writer w = { .out = { .arena = k->arena } };
	char name[PATH_MAX];

	json_open(&w, NULL, '[');
	for (int fd = 0; fd < 3; fd++) {
		if (stream_name(k, pid, fd, name, e) < 0)
			return -1;
		json_add_string(&w, NULL, name);
	}
	json_close(&w, ']');
	return file_replace_at(k->images, STREAMS_FILE, w.out.str, w.out.len, 0600, e);
}

/* ---- options ---- */

/* criu takes it relative to the images; one that is not there it would silently do without. */
static int set_parent(struct criu *k, struct lc_error *e)
{
	const char *parent = k->how.parent_path;
	struct stat st;

	if (k->how.pre_dump || parent)
		k->opts.has_track_mem = k->opts.track_mem = true;
	if (k->how.pre_dump && criu_need(k, false, e) < 0)
		return -1;
	if (!parent)
		return 0;
	if (parent[0] == '/')
		return lc_err(e, LC_EUSAGE, "--parent-path %s: must be relative to --image-path",
			      parent);
	if (fstatat(k->images, parent, &st, 0) < 0)
		return lc_err_errno(e, "--parent-path %s (relative to --image-path)", parent);
	if (!S_ISDIR(st.st_mode))
		return lc_err(e, LC_EUSAGE, "--parent-path %s: not a directory", parent);
	k->opts.parent_img = arena_strdup(k->arena, parent);
	return 0;
}

static int set_page_server(struct criu *k, struct lc_error *e)
{
	const char *given = k->how.page_server, *colon = given ? strrchr(given, ':') : NULL;
	uint32_t port;

	if (!given && k->how.lazy_pages)
		return lc_err(e, LC_EUSAGE,
			      "--lazy-pages needs --page-server, where the pages are fetched");
	if (!given)
		return 0;
	if (!colon || colon == given || !str_u32(colon + 1, &port) || !port || port > 65535)
		return lc_err(e, LC_EUSAGE, "--page-server: expected ADDRESS:PORT, found \"%s\"",
			      given);
	k->ps = (CriuPageServer)CRIU_PAGE_SERVER__INIT;
	k->ps.address = arena_strndup(k->arena, given, (size_t)(colon - given));
	k->ps.has_port = true;
	k->ps.port = (int32_t)port;
	k->opts.ps = &k->ps;
	return 0;
}

static int set_status_fd(struct criu *k, struct lc_error *e)
{
	int copy;

	if (!k->how.status_fd)
		return 0;
	copy = fcntl((int)k->how.status_fd, F_DUPFD_CLOEXEC, 10);
	if (copy < 0 || k->n_fds == CRIU_FDS)
		return lc_err_errno(e, "--status-fd %u", k->how.status_fd);
	k->fds[k->n_fds++] = copy;
	k->opts.has_status_fd = true;
	k->opts.status_fd = copy;
	return 0;
}

static void set_dump_flags(struct criu *k, const struct container *c, pid_t pid)
{
	const struct lc_criu *how = &k->how;
	CriuOpts *o = &k->opts;

	o->has_pid = true, o->pid = pid;
	o->root = c->state.rootfs;
	o->has_leave_running = true;
	o->leave_running = how->leave_running || how->pre_dump;
	o->has_tcp_skip_in_flight = true, o->tcp_skip_in_flight = how->tcp_skip_in_flight;
	o->has_link_remap = true, o->link_remap = how->link_remap;
	if (c->state.cgroup.path)
		o->freeze_cgroup =
			arena_printf(k->arena, "%s%s", c->state.cgroup.mount, c->state.cgroup.path);
}

/* ---- what exec began ---- */

static bool descends_from(pid_t pid, pid_t init)
{
	while (pid > 1 && pid != init)
		pid = process_parent(pid);
	return pid == init;
}

/* The parent of what `exec` began is outside; criu writes down init and its descendants, and the
 * others end together with the pid namespace. */
static int warn_of_others(struct lc *lc, struct container *c, struct lc_error *e)
{
	auto_fd cgroup = container_cgroup(c);
	struct pids pids = { 0 };
	pid_t first = 0;
	size_t n = 0;

	if (cgroup < 0)
		return 0;
	if (cgroup_pids(cgroup, &c->arena, &pids, e) < 0)
		return -1;
	for (size_t i = 0; i < pids.n; i++) {
		if (descends_from(pids.v[i], c->state.init.pid))
			continue;
		first = first ? first : pids.v[i];
		n++;
	}
	if (n)
		log_warn(lc->log,
			 "the checkpoint leaves out what exec began: %zu process%s, the first is "
			 "%d",
			 n, n == 1 ? "" : "es", first);
	return 0;
}

static int ignore_notice(void *ctx, const char *script, pid_t pid, int fd, struct lc_error *e)
{
	(void)ctx, (void)script, (void)pid, (void)fd, (void)e;
	return 0;
}

static int describe(struct criu *k, struct container *c, struct lc_error *e)
{
	struct loaded l = { 0 };
	pid_t pid = c->state.init.pid;

	if (load_saved(c, false, &l, e) < 0 ||
	    plan_make(&c->arena, l.spec, &l.options, &l.host, &l.plan, e) < 0)
		return -1;
	set_dump_flags(k, c, pid);
	if (set_parent(k, e) < 0 || set_page_server(k, e) < 0 || set_status_fd(k, e) < 0 ||
	    add_namespaces(k, pid, &l.plan, e) < 0)
		return -1;
	if (k->how.pre_dump) /* of memory only */
		return 0;
	return add_mounts(k, pid, &l.plan, e) < 0 ? -1 : add_streams(k, pid, e);
}

static int check_status(struct container *c, struct lc_error *e)
{
	enum status status = container_status(c);

	if (status == STATUS_STOPPED)
		return container_not_running(e);
	if (status != STATUS_RUNNING && status != STATUS_PAUSED)
		return lc_err(e, LC_ESTATE, "cannot checkpoint container \"%s\" in the %s state",
			      c->id, status_name(status));
	return 0;
}

static int refuse_machine(const struct container *c, struct lc_error *e)
{
	return c->state.vm ? lc_err(e, LC_EUNSUPPORTED,
				    "container \"%s\" is a virtual machine: it cannot be "
				    "checkpointed",
				    c->id)
			   : 0;
}

int lc_checkpoint(struct lc *lc, const char *id, const struct lc_criu *how, struct lc_error *e)
{
	auto_container c = CONTAINER_NONE;
	auto_criu k = { 0 };
	pid_t ignored;

	if (container_open(lc, id, false, &c, e) < 0 || refuse_machine(&c, e) < 0 ||
	    container_lock(&c, false, e) < 0 || check_status(&c, e) < 0)
		return -1;
	if (criu_open(&k, lc, &c.arena, how, &c.state.annotations, true, e) < 0 ||
	    describe(&k, &c, e) < 0 || (!k.how.pre_dump && warn_of_others(lc, &c, e) < 0))
		return -1;
	k.notify = ignore_notice;
	if (criu_do(&k, k.how.pre_dump ? CRIU_WHAT__PRE_DUMP : CRIU_WHAT__DUMP, &ignored, e) < 0)
		return -1;
	return k.opts.leave_running ? 0 : container_remove(&c, e);
}
