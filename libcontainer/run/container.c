/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening the library and a container; what state it is in. */
#include "run/container.h"
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "json/encode.h"
#include "run/id.h"
#include "run/lock.h"
#include "sys/probe.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

static const char *const status_names[] = {
	[STATUS_CREATING] = "creating", [STATUS_CREATED] = "created", [STATUS_RUNNING] = "running",
	[STATUS_PAUSED] = "paused",	[STATUS_STOPPED] = "stopped",
};

const char *status_name(enum status status)
{
	return status_names[status];
}

static const struct word manager_words[] = {
	{ "cgroupfs", CGROUP_FS },
	{ "systemd", CGROUP_SYSTEMD },
	{ "disabled", CGROUP_DISABLED },
	{},
};

/* podman runs rootless runtimes as root of a user namespace, with XDG_RUNTIME_DIR set. */
static bool uses_runtime_dir(const char *rootless)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");

	if (!strcmp(rootless, "false"))
		return false;
	if (geteuid() != 0)
		return true;
	return xdg && *xdg && !probe_initial_userns();
}

static bool is_private(const struct stat *st)
{
	return S_ISDIR(st->st_mode) && st->st_uid == geteuid() && !(st->st_mode & 0077);
}

/* Without XDG_RUNTIME_DIR: where a login would have set it to, else a directory of the user's own
 * in /tmp. The name of that one anybody can take first, so it is looked at before it is used
 * (root_check()); once it is the user's, the sticky bit of /tmp keeps it so. */
static void default_root(struct lc *lc)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	char *run;
	struct stat st;

	if (!uses_runtime_dir(lc->rootless)) {
		lc->root = arena_strdup(&lc->arena, "/run/hull");
		return;
	}
	if (xdg && xdg[0] == '/') {
		lc->root = arena_printf(&lc->arena, "%s/hull", xdg);
		return;
	}
	run = arena_printf(&lc->arena, "/run/user/%u", geteuid());
	if (lstat(run, &st) == 0 && is_private(&st)) {
		lc->root = arena_printf(&lc->arena, "%s/hull", run);
	} else {
		lc->root = arena_printf(&lc->arena, "/tmp/hull-%u", geteuid());
		lc->root_in_tmp = true;
	}
}

static bool is_own_root(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && is_private(&st);
}

int root_check(const struct lc *lc, struct lc_error *e)
{
	struct stat st;

	if (!lc->root_in_tmp)
		return 0;
	if (lstat(lc->root, &st) < 0)
		return errno == ENOENT ? 0 : lc_err_errno(e, "stat %s", lc->root);
	if (!is_private(&st))
		return lc_err(
			e, LC_ESTATE,
			"%s, where states are kept without XDG_RUNTIME_DIR, is not a directory "
			"of mode 0700 that belongs to user %u: set XDG_RUNTIME_DIR, or give "
			"--root",
			lc->root, geteuid());
	return 0;
}

static int given_root(struct lc *lc, const char *root, struct lc_error *e)
{
	char cwd[PATH_MAX];

	lc->root_given = true;
	if (root[0] == '/') {
		lc->root = arena_strdup(&lc->arena, root);
		return 0;
	}
	if (!getcwd(cwd, sizeof(cwd)) || cwd[0] != '/')
		return lc_err_errno(e,
				    "the root directory %s is relative to a working directory "
				    "that cannot be found",
				    root);
	lc->root = arena_printf(&lc->arena, "%s/%s", cwd, root);
	return 0;
}

static int lc_setup(struct lc *lc, const struct lc_host *host, struct lc_error *e)
{
	const char *manager = host->cgroup_manager ? host->cgroup_manager : "cgroupfs";
	int driver;

	lc->log = host->log;
	lc->given_ms = host->timeout_ms;
	lc->timeout_ms = host->timeout_ms ? host->timeout_ms : STEP_TIMEOUT_MS;
	lc->lock_ms = host->timeout_ms ? host->timeout_ms : LOCK_WAIT_MS;
	lc->may_thread = host->may_thread;
	lc->brief = host->brief && host->may_thread;
	lc->vm_kernel = host->vm_kernel ? arena_strdup(&lc->arena, host->vm_kernel) : NULL;
	lc->vm_template = host->vm_template ? arena_strdup(&lc->arena, host->vm_template) : NULL;
	lc->vm_annotations =
		host->vm_annotations ? arena_strdup(&lc->arena, host->vm_annotations) : NULL;
	lc->rootless = arena_strdup(&lc->arena, host->rootless ? host->rootless : "auto");
	if (strcmp(lc->rootless, "true") && strcmp(lc->rootless, "false") &&
	    strcmp(lc->rootless, "auto"))
		return lc_err(e, LC_EUSAGE, "rootless: expected true, false or auto, found \"%s\"",
			      lc->rootless);
	if (!word_value(manager_words, manager, &driver))
		return lc_err(e, LC_EUSAGE,
			      "cgroup manager: expected cgroupfs, systemd or disabled, found "
			      "\"%s\"",
			      manager);
	lc->driver = (enum cgroup_driver)driver;
	if (host->root)
		return given_root(lc, host->root, e);
	default_root(lc);
	return 0;
}

int lc_open(const struct lc_host *given, struct lc **out, struct lc_error *e)
{
	struct lc_host host = { 0 };
	struct arena own = { 0 };
	struct lc *lc;

	memcpy(&host, given, given->size < sizeof(host) ? given->size : sizeof(host));
	lc = arena_alloc(&own, sizeof(*lc));
	lc->arena = own;
	if (lc_setup(lc, &host, e) < 0) {
		lc_close(lc);
		return -1;
	}
	*out = lc;
	return 0;
}

void lc_close(struct lc *lc)
{
	struct arena own;

	if (!lc)
		return;
	own = lc->arena; /* it is in there itself */
	arena_free(&own);
}

static int open_dir(struct lc *lc, const char *id, struct container *c, struct lc_error *e)
{
	auto_fd root = -1;

	if (root_check(lc, e) < 0)
		return -1;
	if (lc->root_in_tmp) { /* what was looked at is what is used */
		root = openat(AT_FDCWD, lc->root, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (root < 0 && errno == ENOENT)
			return lc_err(e, LC_ENOTFOUND, "container \"%s\" does not exist", id);
		if (root < 0 || !is_own_root(root))
			return lc_err(e, LC_ESTATE, "%s has changed its owner", lc->root);
	}
	c->dir = openat(root, root >= 0 ? id : arena_printf(&c->arena, "%s/%s", lc->root, id),
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (c->dir >= 0)
		return 0;
	if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
		return lc_err(e, LC_ENOTFOUND, "container \"%s\" does not exist", id);
	return lc_err_errno(e, "container \"%s\": open %s/%s", id, lc->root, id);
}

static int read_state(struct container *c, struct state *out, struct lc_error *e)
{
	if (state_read(c->dir, &c->arena, out, e) < 0)
		return -1;
	out->cgroup.timeout_ms = c->lc->given_ms;
	return 0;
}

int container_open(struct lc *lc, const char *id, bool bare_too, struct container *c,
		   struct lc_error *e)
{
	*c = (struct container)CONTAINER_NONE;
	c->lc = lc;
	if (id_check(id, e) < 0)
		return -1;
	c->id = arena_strdup(&c->arena, id);
	if (open_dir(lc, id, c, e) < 0)
		return -1;
	if (read_state(c, &c->state, e) == 0)
		return 0;
	if (e->sys_errno != ENOENT)
		return lc_err_in(e, "container \"%s\"", id);
	c->bare = true;
	if (!bare_too)
		return lc_err(e, LC_ENOTFOUND, "container \"%s\" does not exist", id);
	return 0;
}

int container_lock(struct container *c, bool force, struct lc_error *e)
{
	struct state state;
	struct stat st;

	if (!lock_take(c->dir, c->lc->lock_ms) && !force)
		return lc_err(e, LC_ESTATE,
			      "container \"%s\" is busy: another command works on it (waited %g s "
			      "for its lock)",
			      c->id, c->lc->lock_ms / 1000.0);
	if (fstat(c->dir, &st) == 0 && st.st_nlink == 0)
		return lc_err(e, LC_ENOTFOUND, "container \"%s\" does not exist", c->id);
	if (read_state(c, &state, e) < 0)
		return c->bare && e->sys_errno == ENOENT ? 0
							 : lc_err_in(e, "container \"%s\"", c->id);
	c->state = state;
	c->bare = false;
	return 0;
}

void container_close(struct container *c)
{
	fd_release(&c->dir);
	arena_free(&c->arena);
}

char *container_path(struct container *c)
{
	return arena_printf(&c->arena, "%s/%s", c->lc->root, c->id);
}

int container_not_running(struct lc_error *e)
{
	return lc_err(e, LC_ESTATE, "container not running: no such process");
}

int container_cgroup(struct container *c)
{
	struct lc_error ignored;

	if (!c->state.cgroup.path)
		return -1;
	return cgroup_open(&c->state.cgroup, &ignored);
}

static bool same_boot(struct container *c)
{
	struct lc *lc = c->lc;

	if (!lc->boot_id)
		lc->boot_id = state_boot_id(&lc->arena);
	return !c->state.boot_id || str_eq(c->state.boot_id, lc->boot_id);
}

static bool is_paused(struct container *c)
{
	auto_fd cgroup = container_cgroup(c);
	struct lc_error ignored;
	bool frozen = false;
	int r = cgroup < 0    ? -1
		: c->state.vm ? cgroup_is_asked_to_freeze(cgroup, &frozen, &ignored)
			      : cgroup_is_frozen(cgroup, &frozen, &ignored);

	return r == 0 && frozen;
}

/* Without an init the creator decides: while it lives, one may still come. */
static enum status status_of_creating(const struct state *state)
{
	bool lives = process_alive(state->init.pid ? &state->init : &state->creator);

	return lives ? STATUS_CREATING : STATUS_STOPPED;
}

/* init holds the status fifo open until its execve. */
static bool waits_for_start(struct container *c)
{
	auto_fd fd = openat(c->dir, STATUS_FIFO, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0;
}

enum status container_status(struct container *c)
{
	return container_status_of(c, process_alive(&c->state.init));
}

enum status container_status_of(struct container *c, bool alive)
{
	const struct state *state = &c->state;

	if (c->bare || !same_boot(c))
		return STATUS_STOPPED;
	if (state->phase == PHASE_CREATING)
		return status_of_creating(state);
	if (!alive)
		return STATUS_STOPPED;
	if (is_paused(c))
		return STATUS_PAUSED;
	return waits_for_start(c) ? STATUS_CREATED : STATUS_RUNNING;
}

const struct sandbox_ops *container_sandbox(bool vm, struct lc_error *e)
{
	(void)e;
	return vm ? &sandbox_vm : &sandbox_ns;
}
