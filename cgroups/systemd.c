/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The driver "systemd": the container's cgroup is a scope, made and removed by systemd, which is
 * asked through the program hull-systemd.  Inside the scope hull works as always: limits are
 * written to its files too, and the device program is attached there beside systemd's own, so that
 * a reload of systemd changes nothing.
 */
#include "cgroups/internal.h"
#include "base/file.h"
#include "base/own.h"
#include "cgroups/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM	   LIBEXECDIR "/hull-systemd"
#define ANSWER_MAX 8192

/* ---- the program ---- */

static int spawn(char *const argv[], int out, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	int err;

	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	err = posix_spawn(pid, argv[0], &actions, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return err;
}

static int not_started(int err, struct lc_error *e)
{
	errno = err;
	if (err == ENOENT)
		return lc_err(e, LC_EUNSUPPORTED,
			      "cgroup manager systemd: " PROGRAM " is missing: it comes with hull "
			      "where that was built with libsystemd");
	return lc_err_errno(e, "cgroup manager systemd: execute " PROGRAM);
}

/* The program itself never takes longer than its deadline. */
static int wait_for(pid_t pid, int *status)
{
	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return 0;
}

int unit_ask(const struct cgroup_ref *ref, const struct unit_words *words, struct arena *a,
	     char **answer, struct lc_error *e)
{
	unsigned seconds = (ref->timeout_ms + 999) / 1000;
	struct unit_words argv = { .a = a };
	auto_fd in = -1, out = -1;
	int fds[2], status = 0, err, read;
	char *text = NULL;
	pid_t pid;

	unit_add(&argv, PROGRAM);
	if (ref->user)
		unit_add(&argv, "--user");
	if (seconds)
		unit_add(&argv,
			 arena_printf(a, "--timeout=%u",
				      seconds < UNIT_SECONDS_MAX ? seconds : UNIT_SECONDS_MAX));
	for (size_t i = 0; i < words->n; i++)
		unit_add(&argv, words->v[i]);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return lc_err_errno(e, "pipe");
	in = fds[0];
	out = fds[1];
	err = spawn(argv.v, out, &pid);
	if (err)
		return not_started(err, e);
	fd_release(&out);
	read = file_read_fd(in, a, ANSWER_MAX, &text, &(size_t){ 0 }, e);
	if (wait_for(pid, &status) < 0)
		return lc_err_errno(e, "wait for hull-systemd");
	if (read < 0)
		return lc_err_in(e, "read what hull-systemd says");
	text[strcspn(text, "\n")] = 0;
	if (!WIFEXITED(status))
		return lc_err(e, LC_ESYSTEM,
			      "hull-systemd was ended by signal %d before it could %s %s",
			      WTERMSIG(status), words->v[0], words->v[1]);
	if (WEXITSTATUS(status))
		return lc_err(e, LC_ESYSTEM, "%s", *text ? text : "hull-systemd failed in silence");
	*answer = text;
	return 0;
}

bool cgroup_systemd_is_there(void)
{
	return faccessat(AT_FDCWD, PROGRAM, X_OK, AT_EACCESS) == 0;
}

/* ---- making the scope ---- */

static void add_setting(struct unit_words *w, const char *name, const char *type, const char *value)
{
	unit_add(w, arena_printf(w->a, "%s" UNIT_SEPARATOR "%s" UNIT_SEPARATOR "%s", name, type,
				 value));
}

/* Delegated: systemd leaves alone what is below, and enables the controllers. Failed scopes do not
 * linger. */
static int describe(struct unit_words *w, const struct plan_cgroup *plan, pid_t pid,
		    const struct lc_log *log, struct lc_error *e)
{
	static const char *const accounts[] = { "CPUAccounting", "MemoryAccounting", "IOAccounting",
						"TasksAccounting" };

	unit_add(w, "start");
	unit_add(w, plan->scope);
	add_setting(w, "Description", "s", arena_printf(w->a, "hull container %s", plan->scope));
	add_setting(w, "Slice", "s", plan->slice);
	add_setting(w, "PIDs", "au", arena_printf(w->a, "%d", pid));
	add_setting(w, "Delegate", "b", "true");
	add_setting(w, "DefaultDependencies", "b", "false");
	add_setting(w, "CollectMode", "s", "inactive-or-failed");
	for (size_t i = 0; i < ARRAY_SIZE(accounts); i++)
		add_setting(w, accounts[i], "b", "true");
	unit_add_limits(w, plan, -1, log);
	return unit_add_annotations(w, &plan->systemd_properties, e);
}

static int ask_stop(const struct cgroup_ref *ref, struct lc_error *e)
{
	auto_arena a = {};
	struct unit_words w = { .a = &a };
	char *answer;

	unit_add(&w, "stop");
	unit_add(&w, ref->scope);
	return unit_ask(ref, &w, &a, &answer, e);
}

static int set_up(int mount, const struct cgroup_ref *ref, const struct plan_cgroup *plan,
		  pid_t pid, const struct lc_log *log, struct lc_error *e)
{
	auto_fd dir = cgroup_open(ref, e);

	if (dir < 0 ||
	    cg_enable_controllers(mount, ref->mount, ref->path, dir, NULL, plan, log, e) < 0 ||
	    cg_apply(dir, plan, CG_REUSED, log, e) < 0)
		return -1;
	return plan->place ? cg_place(dir, plan, pid, log, e) : fd_take(&dir);
}

static int systemd_create(const struct plan_cgroup *plan, const struct plan_host *host, pid_t pid,
			  struct arena *a, struct cgroup_ref *out, int *fd,
			  const struct lc_log *log, struct lc_error *e)
{
	struct unit_words w = { .a = a };
	struct cgroup_ref ref = {
		.driver = CGROUP_SYSTEMD,
		.mount = host->cgroup2,
		.place = plan->place,
		.scope = plan->scope,
		.user = plan->user_instance,
		.made = true,
		.timeout_ms = out->timeout_ms,
	};
	struct plan_cgroup files;
	auto_fd mount = -1;

	*fd = -1;
	if (!host->cgroup2)
		return lc_err(e, LC_EUNSUPPORTED, "no cgroup2 file system is mounted");
	mount = cg_open_mount(host->cgroup2, e);
	if (mount < 0 || cg_check_controllers(mount, host->cgroup2, plan, e) < 0 ||
	    describe(&w, plan, pid, log, e) < 0 || unit_ask(&ref, &w, a, &ref.path, e) < 0)
		return -1;
	if (ref.path[0] != '/' || !ref.path[1])
		return lc_err(e, LC_ESYSTEM, "start %s: systemd tells no cgroup of it", ref.scope);
	files = unit_files(a, plan, -1);
	*fd = set_up(mount, &ref, &files, pid, log, e);
	if (*fd < 0) {
		struct lc_error ignored;

		(void)ask_stop(&ref, &ignored);
		return -1;
	}
	*out = ref;
	return 0;
}

/* ---- later ---- */

static int systemd_update(const struct cgroup_ref *ref, const struct plan_cgroup *plan,
			  const struct lc_log *log, struct lc_error *e)
{
	auto_fd dir = cgroup_open(ref, e);
	auto_arena a = {};
	struct unit_words w = { .a = &a };
	struct plan_cgroup files;
	char *answer;

	if (dir < 0 || cg_check_controllers(dir, ref->mount, plan, e) < 0)
		return -1;
	unit_add(&w, "set");
	unit_add(&w, ref->scope);
	unit_add_limits(&w, plan, dir, log);
	files = unit_files(&a, plan, dir);
	/* The files first: what the kernel refuses must not stay as a property. */
	if (cg_apply(dir, &files, CG_IN_USE, log, e) < 0)
		return -1;
	if (w.n > 2 && unit_ask(ref, &w, &a, &answer, e) < 0)
		return -1;
	return w.n > 2 ? cg_apply(dir, &files, CG_IN_USE, log, e) : 0;
}

static int systemd_attach(const struct cgroup_ref *ref, pid_t pid, struct lc_error *e)
{
	auto_arena a = {};
	struct unit_words w = { .a = &a };
	char *answer;

	unit_add(&w, "attach");
	unit_add(&w, ref->scope);
	unit_add(&w, arena_printf(&a, "%d", pid));
	if (ref->place)
		unit_add(&w, arena_printf(&a, "/%s", ref->place));
	return unit_ask(ref, &w, &a, &answer, e);
}

/* What is in the scope ends here: systemd would give it 90 seconds. */
static int empty(const struct cgroup_ref *ref, const struct lc_log *log, struct lc_error *e)
{
	struct cgroup_ref below = *ref;
	auto_fd dir = -1;
	bool populated;

	if (!ref->path)
		return 0;
	below.driver = CGROUP_FS;
	dir = cgroup_open(&below, e);
	if (dir < 0)
		return e->sys_errno == ENOENT ? 0 : -1;
	if (cgroup_is_populated(dir, &populated, e) < 0)
		return e->sys_errno == ENODEV || e->sys_errno == ENOENT ? 0 : -1;
	if (populated && cgroup_kill(dir, SIGKILL, ref->timeout_ms, e) < 0)
		return -1;
	if (populated && cg_wait_empty(dir, ref->timeout_ms, e) < 0 && e->sys_errno != ENODEV &&
	    e->sys_errno != ENOENT)
		return -1;
	log_debug(log, "cgroup: %s is empty", ref->scope);
	return 0;
}

static int systemd_destroy(const struct cgroup_ref *ref, const struct lc_log *log,
			   struct lc_error *e)
{
	struct cgroup_ref rest = *ref;

	if (!ref->scope)
		return 0;
	if (empty(ref, log, e) < 0)
		return -1;
	*e = (struct lc_error){};
	if (ask_stop(ref, e) < 0)
		return -1;
	/* What was nested inside may outlive the scope. */
	rest.driver = CGROUP_FS;
	return ref->path ? cgroup_fs_ops.destroy(&rest, log, e) : 0;
}

const struct cgroup_ops cgroup_systemd_ops = {
	.name = "systemd",
	.create = systemd_create,
	.update = systemd_update,
	.attach = systemd_attach,
	.destroy = systemd_destroy,
};
