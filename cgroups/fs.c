/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The driver "cgroupfs": makes and removes directories of the cgroup2 file system itself. */
#include "cgroups/internal.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define MAKE_TRIES 8

/* A cgroup being made, and how much of its path is our doing. */
struct making {
	int mount; /* borrowed */
	const char *mount_path, *path; /* path begins with '/' */
	size_t made_from; /* length of the first prefix that we made; 0: none */
	bool leaf_made;
};

/* Only what a path in a cgroup2 mount may be: "/a/b", without "." and "..". */
static int check_path(const char *path, struct lc_error *e)
{
	if (!path || *path != '/' || strlen(path) >= PATH_MAX)
		return lc_err(e, LC_EINTERNAL, "cgroup path %s", path ? path : "(none)");
	for (const char *p = path; *p; p += strcspn(p, "/")) {
		size_t len = strcspn(++p, "/");

		if (!len && !p[0] && p == path + 1)
			return lc_err(e, LC_ECONFIG,
				      "linux.cgroupsPath: the root cgroup cannot be a container's");
		if (!len || (len <= 2 && !strncmp(p, "..", len)))
			return lc_err(e, LC_ECONFIG,
				      "linux.cgroupsPath: \"%s\" has an empty, \".\" or \"..\" "
				      "component",
				      path);
	}
	return 0;
}

/* mkdir -p, remembering where it began. */
static int make_parents(struct making *m)
{
	for (size_t len = 1; m->path[len]; len++) {
		char prefix[PATH_MAX];

		if (m->path[len] != '/')
			continue;
		memcpy(prefix, m->path, len);
		prefix[len] = 0;
		if (!mkdirat(m->mount, prefix + 1, 0755)) {
			if (!m->made_from || len < m->made_from)
				m->made_from = len;
		} else if (errno != EEXIST) {
			return -1;
		}
	}
	return 0;
}

/* Another container's removal may take a parent away between two steps: then from the start. */
static int make(struct making *m)
{
	for (int tries = 0; tries < MAKE_TRIES; tries++) {
		if (!mkdirat(m->mount, m->path + 1, 0755)) {
			m->leaf_made = true;
			return 0;
		}
		if (errno == EEXIST)
			return 0;
		if (errno != ENOENT && errno != ENODEV)
			return -1;
		if (make_parents(m) < 0 && errno != ENOENT && errno != ENODEV)
			return -1;
	}
	errno = ENOENT;
	return -1;
}

/* Removes the leaf, and of its parents those that we made and nobody else uses. */
static void unmake(const struct making *m)
{
	char path[PATH_MAX];
	size_t len = strlen(m->path);

	if (!m->leaf_made && !m->made_from)
		return;
	memcpy(path, m->path, len + 1);
	if (m->leaf_made)
		unlinkat(m->mount, path + 1, AT_REMOVEDIR);
	while (m->made_from && len > m->made_from) {
		len = (size_t)(strrchr(path, '/') - path);
		path[len] = 0;
		if (unlinkat(m->mount, path + 1, AT_REMOVEDIR) < 0)
			return;
	}
}

/* In a new cgroup as well: it is frozen when one above it is. */
static int check_unused(const struct making *m, int dir, struct lc_error *e)
{
	char events[256];

	if (cg_read(dir, "cgroup.events", events, sizeof(events)) < 0)
		return lc_err_errno(e, "read %s%s/cgroup.events", m->mount_path, m->path);
	if (strstr(events, "populated 1"))
		return lc_err(e, LC_ESTATE, "container's cgroup is not empty: %s%s", m->mount_path,
			      m->path);
	if (strstr(events, "frozen 1"))
		return lc_err(e, LC_ESTATE, "container's cgroup unexpectedly frozen: %s%s",
			      m->mount_path, m->path);
	return 0;
}

static bool is_threaded_controller(const char *name)
{
	return !strcmp(name, "cpu") || !strcmp(name, "cpuset") || !strcmp(name, "pids") ||
	       !strcmp(name, "perf_event");
}

/* Below a threaded cgroup one is born "domain invalid" and can only become threaded, which memory,
 * io and hugetlb cannot work in. */
static int check_type(const struct making *m, int dir, const struct plan_cgroup *plan,
		      struct lc_error *e)
{
	char type[32];

	if (cg_read(dir, "cgroup.type", type, sizeof(type)) < 0)
		return lc_err_errno(e, "read %s%s/cgroup.type", m->mount_path, m->path);
	if (!strcmp(type, "domain"))
		return 0;
	for (size_t i = 0; i < plan->controllers.n; i++) {
		if (!is_threaded_controller(plan->controllers.v[i]))
			return lc_err(e, LC_EUNSUPPORTED,
				      "%s%s is a %s cgroup: the %s controller cannot work in it",
				      m->mount_path, m->path, type, plan->controllers.v[i]);
	}
	if (strcmp(type, "domain invalid") || !cg_write(dir, "cgroup.type", "threaded"))
		return 0;
	return lc_err_errno(e, "write \"threaded\" to %s%s/cgroup.type", m->mount_path, m->path);
}

/* Controllers come last: a cgroup that has processes passes none on. */
static int fill_place(const struct making *m, int place, pid_t pid, const struct lc_log *log,
		      struct lc_error *e)
{
	static const struct plan_cgroup no_limits;

	if (pid && cgroup_attach(place, NULL, pid, e) < 0)
		return -1;
	return cg_enable_controllers(m->mount, m->mount_path, m->path, place, NULL, &no_limits, log,
				     e);
}

int cg_place(int dir, const struct plan_cgroup *plan, pid_t pid, const struct lc_log *log,
	     struct lc_error *e)
{
	auto_arena a = {};
	struct cg_path above;
	struct making m = { .mount = dir, .mount_path = cg_path_of(dir, &above) };
	auto_fd fd = -1;

	m.path = arena_printf(&a, "/%s", plan->place);
	if (make(&m) < 0)
		lc_err_errno(e, "mkdir %s%s", m.mount_path, m.path);
	else
		fd = openat(dir, plan->place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && !e->code)
		lc_err_errno(e, "open %s%s", m.mount_path, m.path);
	if (fd >= 0 && fill_place(&m, fd, pid, log, e) == 0)
		return fd_take(&fd);
	unmake(&m);
	return -1;
}

static int set_up(struct making *m, const struct plan_cgroup *plan, const struct strs *offered,
		  const struct lc_log *log, struct lc_error *e)
{
	auto_fd dir =
		openat(m->mount, m->path + 1, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir < 0)
		return lc_err_errno(e, "open %s%s", m->mount_path, m->path);
	if (check_unused(m, dir, e) < 0 || check_type(m, dir, plan, e) < 0)
		return -1;
	if (cg_enable_controllers(m->mount, m->mount_path, m->path, dir, offered, plan, log, e) < 0)
		return -1;
	if (cg_apply(dir, plan, m->leaf_made ? CG_NEW : CG_REUSED, log, e) < 0)
		return -1;
	return plan->place ? cg_place(dir, plan, 0, log, e) : fd_take(&dir);
}

static bool no_permission(int err)
{
	return err == EACCES || err == EPERM || err == EROFS;
}

static int not_made(const struct making *m, const struct plan_cgroup *plan,
		    const struct plan_host *host, const struct lc_log *log, struct lc_error *e)
{
	bool rootless = host->euid != 0 || !host->initial_userns;
	int err = errno;

	lc_err_errno(e, "mkdir %s%s", m->mount_path, m->path);
	if (!no_permission(err) || !rootless)
		return -1;
	if (!plan->required) {
		log_debug(log, "cgroup: none: %s", e->msg);
		*e = (struct lc_error){};
		return 0;
	}
	return lc_err_in(e, "rootless needs no limits + no cgrouppath when no permission is "
			    "granted for cgroups");
}

static int fs_create(const struct plan_cgroup *plan, const struct plan_host *host, pid_t pid,
		     struct arena *a, struct cgroup_ref *out, int *fd, const struct lc_log *log,
		     struct lc_error *e)
{
	auto_fd mount = -1;
	struct making m = { .mount_path = host->cgroup2, .path = plan->path };

	(void)pid;
	*out = (struct cgroup_ref){ .driver = CGROUP_FS, .timeout_ms = out->timeout_ms };
	*fd = -1;
	if (!host->cgroup2)
		return plan->required ? lc_err(e, LC_EUNSUPPORTED,
					       "no cgroup2 file system is "
					       "mounted")
				      : 0;
	if (check_path(plan->path, e) < 0)
		return -1;
	mount = cg_open_mount(host->cgroup2, e);
	if (mount < 0)
		return -1;
	m.mount = mount;
	if (cg_check_controllers(mount, host->cgroup2, plan, e) < 0)
		return -1;
	if (make(&m) < 0) {
		int saved = errno;

		unmake(&m);
		errno = saved;
		return not_made(&m, plan, host, log, e);
	}
	*fd = set_up(&m, plan, &host->controllers, log, e);
	if (*fd < 0) {
		unmake(&m);
		return -1;
	}
	out->mount = arena_strdup(a, host->cgroup2);
	out->path = arena_strdup(a, plan->path);
	out->place = plan->place;
	out->made = m.leaf_made;
	return 0;
}

static int fs_update(const struct cgroup_ref *ref, const struct plan_cgroup *plan,
		     const struct lc_log *log, struct lc_error *e)
{
	auto_fd dir = cgroup_open(ref, e);

	if (dir < 0 || cg_check_controllers(dir, ref->mount, plan, e) < 0)
		return -1;
	return cg_apply(dir, plan, CG_IN_USE, log, e);
}

static int kill_all(int dir, const struct cgroup_ref *ref, struct lc_error *e)
{
	bool populated;

	if (cgroup_is_populated(dir, &populated, e) < 0)
		return -1;
	if (!populated)
		return 0;
	if (!ref->made)
		return cg_kill_each(dir, ref->timeout_ms, e);
	if (cgroup_kill(dir, SIGKILL, ref->timeout_ms, e) < 0)
		return -1;
	return cg_wait_empty(dir, ref->timeout_ms, e);
}

/* The kernel may take a moment after the last process. */
static int remove_leaf(int mount, int dir, const struct cgroup_ref *ref, struct lc_error *e)
{
	int64_t end = cg_now_ms() + cg_deadline(ref->timeout_ms);

	while (unlinkat(mount, ref->path + 1, AT_REMOVEDIR) < 0) {
		if (errno == ENOENT)
			return 0;
		if (errno == EBUSY && cg_now_ms() > end)
			return lc_err(e, LC_ESYSTEM,
				      "rmdir %s%s: it is still in use after %g s (--timeout)",
				      ref->mount, ref->path, cg_deadline(ref->timeout_ms) / 1000.0);
		if (errno != EBUSY)
			return lc_err_errno(e, "rmdir %s%s", ref->mount, ref->path);
		if (kill_all(dir, ref, e) < 0 || cg_remove_below(dir, ref->timeout_ms, e) < 0)
			return -1;
	}
	return 0;
}

/* Somebody else has removed it meanwhile, which is what we want. */
static bool went_away(struct lc_error *e)
{
	if (e->sys_errno != ENOENT && e->sys_errno != ENODEV)
		return false;
	*e = (struct lc_error){};
	return true;
}

static int fs_destroy(const struct cgroup_ref *ref, const struct lc_log *log, struct lc_error *e)
{
	auto_fd mount = -1, dir = -1;

	if (!ref->path)
		return 0;
	mount = cg_open_mount(ref->mount, e);
	if (mount < 0)
		return -1;
	if (ref->made && !unlinkat(mount, ref->path + 1, AT_REMOVEDIR))
		return 0; /* the usual case: empty, and nothing below */
	dir = openat(mount, ref->path + 1, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT ? 0
				       : lc_err_errno(e, "open cgroup %s%s", ref->mount, ref->path);
	if (kill_all(dir, ref, e) < 0)
		return went_away(e) ? 0 : -1;
	if (!ref->made) {
		log_debug(log, "cgroup: %s%s was there before, and stays", ref->mount, ref->path);
		return 0;
	}
	return remove_leaf(mount, dir, ref, e) < 0 && !went_away(e) ? -1 : 0;
}

const struct cgroup_ops cgroup_fs_ops = {
	.name = "cgroupfs",
	.create = fs_create,
	.update = fs_update,
	.destroy = fs_destroy,
};
