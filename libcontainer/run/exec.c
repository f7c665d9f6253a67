/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lc_exec(): one more program in a container that lives. */
#include "base/file.h"
#include "base/own.h"
#include "init/sync.h"
#include "run/create.h"
#include "run/foreground.h"
#include "run/namespaces.h"
#include "run/socket.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/ioctl.h>

#define CGROUP_TEXT_MAX (64 << 10)

struct execution {
	struct lc *lc;
	struct lc_exec how;
	struct container c; /* owned */
	struct loaded loaded;
	struct spec_process *process; /* of a process.json, or NULL */
	struct console console; /* owned */
	int console_socket, cgroup; /* owned */
	enum status status; /* of the container */
	struct sandbox_ref init, ref; /* owned */
};

static void execution_release(struct execution *x)
{
	console_release(&x->console);
	fd_release(&x->console_socket);
	fd_release(&x->cgroup);
	fd_release(&x->init.pidfd);
	fd_release(&x->ref.pidfd);
	fd_release(&x->ref.sync);
	container_close(&x->c);
}
#define auto_execution __attribute__((cleanup(execution_release))) struct execution

/* Nobody may join init while it shares the memory of who makes it (ns-shared.c).  That it is over
 * stays so. */
static bool is_still_made(const struct state *state)
{
	return state->init_shares && process_alive(&state->creator) &&
	       !sync_has_executed(state->init.pid);
}

static int open_target(struct execution *x, const char *id, struct lc_error *e)
{
	if (container_open(x->lc, id, false, &x->c, e) < 0)
		return -1;
	x->init.pid = x->c.state.init.pid;
	x->init.pidfd = process_open(&x->c.state.init);
	x->status = container_status_of(&x->c, x->init.pidfd >= 0);
	if (x->status == STATUS_STOPPED)
		return container_not_running(e);
	if (x->status == STATUS_CREATING || is_still_made(&x->c.state))
		return lc_err(e, LC_ESTATE, "cannot exec in container \"%s\" while it is created",
			      id);
	if (x->status == STATUS_PAUSED && !x->how.ignore_paused)
		return lc_err(e, LC_ESTATE,
			      "cannot exec in a paused container (resume it, or use "
			      "--ignore-paused)");
	return x->init.pidfd < 0 ? container_not_running(e) : 0;
}

/* ---- what is run ---- */

static int read_process(struct execution *x, struct lc_error *e)
{
	struct arena *a = &x->c.arena;
	char *text;
	size_t len;

	if (!x->how.process)
		return 0;
	if (file_read_at(AT_FDCWD, x->how.process, a, CONFIG_MAX, &text, &len, e) < 0)
		return -1;
	return spec_process_load(a, x->how.process, text, len, NULL, &x->process, e);
}

/* A terminal in the foreground begins with the size of the caller's. */
static void take_size(struct plan_process *p)
{
	struct winsize size;

	if (p->console_width || p->console_height || ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0)
		return;
	p->console_width = size.ws_col;
	p->console_height = size.ws_row;
}

static int make_plan(struct execution *x, struct lc_error *e)
{
	const struct lc_exec *how = &x->how;
	struct plan_exec_options options = {
		.args = how->args,
		.env = how->env,
		.cwd = how->cwd,
		.user = how->user,
		.caps = how->caps,
		.additional_gids = how->additional_gids,
		.n_additional_gids = how->n_additional_gids,
		.tty = how->tty,
		.no_new_privs = how->no_new_privs,
		.apparmor = how->apparmor,
		.process_label = how->process_label,
	};

	if (load_saved(&x->c, true, &x->loaded, e) < 0 || read_process(x, e) < 0)
		return -1;
	options.process = x->process;
	if (plan_exec(&x->c.arena, x->loaded.spec, &options, &x->loaded.options, &x->loaded.host,
		      &x->loaded.plan, e) < 0)
		return -1;
	load_log_notes(x->lc, &x->loaded.plan);
	return 0;
}

static int open_console(struct execution *x, struct lc_error *e)
{
	struct plan_process *p = x->loaded.plan.process;
	const struct lc_exec *how = &x->how;

	if (!p->terminal && how->console_socket)
		return lc_err(e, LC_EUSAGE,
			      "--console-socket is given, but no terminal is asked for");
	if (!p->terminal)
		return 0;
	if (how->console_socket) {
		x->console_socket = socket_connect(SOCK_STREAM, "--console-socket",
						   how->console_socket, x->lc->timeout_ms, e);
		return x->console_socket < 0 ? -1 : 0;
	}
	if (how->detach)
		return lc_err(e, LC_EUSAGE,
			      "a terminal in the background needs --console-socket, to send it to");
	take_size(p);
	return console_pair(&x->console, &x->console_socket, x->lc->timeout_ms, e);
}

/* ---- its cgroup ---- */

/* Where init is by now: it may have moved itself below, so that domain controllers could be enabled
 * in the container's own cgroup, which then takes no processes. */
static int open_cgroup_of_init(struct execution *x)
{
	struct arena *a = &x->c.arena;
	char *path = arena_printf(a, "/proc/%d/cgroup", x->init.pid), *text, *line;
	struct lc_error ignored;
	size_t len;

	if (file_read_at(AT_FDCWD, path, a, CGROUP_TEXT_MAX, &text, &len, &ignored) < 0)
		return -1;
	while ((line = strsep(&text, "\n"))) {
		if (strncmp(line, "0::/", 4) != 0)
			continue;
		return openat(AT_FDCWD, arena_printf(a, "%s%s", x->c.state.cgroup.mount, line + 3),
			      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	return -1;
}

static bool goes_up(const char *path)
{
	size_t len;

	for (; *path; path += len + (path[len] == '/')) {
		len = strcspn(path, "/");
		if (len == 2 && !strncmp(path, "..", 2))
			return true;
	}
	return false;
}

static int open_sub_cgroup(int top, const char *sub, struct lc_error *e)
{
	int fd;

	if (strchr(sub, ':'))
		return lc_err(e, LC_EUNSUPPORTED,
			      "--cgroup %s: cgroup v2 has one hierarchy for all controllers", sub);
	if (goes_up(sub))
		return lc_err(e, LC_EUSAGE, "bad sub cgroup path: %s", sub);
	sub += strspn(sub, "/");
	fd = sys_openat2(top, *sub ? sub : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC,
			 RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	return fd < 0 ? lc_err_errno(e, "--cgroup: open sub cgroup %s", sub) : fd;
}

static int open_cgroup(struct execution *x, struct lc_error *e)
{
	const char *sub = x->how.cgroup;

	if (!x->c.state.cgroup.path)
		return sub ? lc_err(e, LC_ESTATE, "--cgroup: the container has no cgroup") : 0;
	x->cgroup = cgroup_open_place(&x->c.state.cgroup, e);
	if (x->cgroup < 0 && !sub)
		x->cgroup = open_cgroup_of_init(x);
	if (x->cgroup < 0)
		return -1;
	*e = (struct lc_error){ 0 };
	if (sub) {
		int fd = open_sub_cgroup(x->cgroup, sub, e);

		fd_release(&x->cgroup);
		x->cgroup = fd;
	}
	return x->cgroup < 0 ? -1 : 0;
}

/* ---- doing it ---- */

static int adopt(void *ctx, pid_t pid, struct lc_error *e)
{
	struct execution *x = ctx;
	const struct cgroup_ref *ref = &x->c.state.cgroup;

	return cgroup_ops_of(ref->driver)->attach(ref, pid, e);
}

static int cloned(void *ctx, pid_t pid, int *cgroup, struct lc_error *e)
{
	struct execution *x = ctx;

	(void)cgroup;
	return container_rdt_join(&x->c, pid, e);
}

static int begin(struct execution *x, struct lc_error *e)
{
	const struct sandbox_ops *ops = container_sandbox(x->c.state.vm, e);
	const struct cgroup_ref *ref = &x->c.state.cgroup;
	/* A paused one will be running when this one is. */
	enum status status = x->status == STATUS_PAUSED ? STATUS_RUNNING : x->status;
	struct sandbox_args args = {
		.plan = &x->loaded.plan,
		.log = x->lc->log,
		.timeout_ms = x->lc->timeout_ms,
		.given_ms = x->lc->given_ms,
		.state_dir = x->c.dir,
		.cgroup = x->cgroup,
		.cgroup_path = cgroup_place_path(&x->c.arena, ref),
		.start_fifo = -1,
		.status_fifo = -1,
		.console_socket = x->console_socket,
		.keep_newlines = x->console.socket >= 0,
		.preserve_fds = (int)x->how.preserve_fds,
		.detach = x->how.detach,
		.state_creating = container_hook_head(&x->c, status),
		.state_created = container_hook_head(&x->c, status),
		.state_tail = container_hook_tail(&x->c),
		.cloned = cloned,
		.adopt = cgroup_ops_of(ref->driver)->attach && !x->how.cgroup ? adopt : NULL,
		.ctx = x,
	};

	return ops ? ops->exec(&args, &x->init, &x->ref, e) : -1;
}

/* A cgroup that cannot take a process as one of its own: domain controllers are enabled below it,
 * it is threaded, it is gone. */
static bool cannot_hold(int err)
{
	return err == EBUSY || err == EOPNOTSUPP || err == ENOENT || err == ENODEV;
}

/* Then once more, where init is: as a rule it has moved itself below. */
static int begin_somewhere(struct execution *x, struct lc_error *e)
{
	int r = begin(x, e);

	if (r < 0 && cannot_hold(e->sys_errno) && x->cgroup >= 0 && !x->how.cgroup &&
	    !x->c.state.vm) {
		int other = open_cgroup_of_init(x);

		if (other >= 0) {
			fd_release(&x->cgroup);
			x->cgroup = other;
			*e = (struct lc_error){ 0 };
			r = begin(x, e);
		}
	}
	fd_release(&x->console_socket);
	return r;
}

/* The terminal comes before the program begins; when it does not, init says why over the other
 * socket. */
static int await_program(struct execution *x, struct lc_error *e)
{
	struct lc_error terminal = { 0 };
	int r = x->console.socket >= 0 ? console_receive(&x->console, &terminal) : 0;

	if (r == CONSOLE_LATE) {
		*e = terminal;
		return -1;
	}
	if ((x->c.state.vm ? sync_expect_exec_in : sync_expect_exec_on)(
		    x->ref.sync, x->ref.pidfd, x->lc->timeout_ms, x->lc->log, e) < 0)
		return -1;
	if (r < 0)
		*e = terminal;
	return r;
}

static int announce(struct execution *x, struct lc_error *e)
{
	const struct lc_exec *how = &x->how;

	if (how->pidfd_socket && socket_send_fd("--pidfd-socket", how->pidfd_socket, x->ref.pidfd,
						x->lc->timeout_ms, e) < 0)
		return -1;
	return pid_file_write(how->pid_file, x->ref.pid, e);
}

static int execute(struct execution *x, const char *id, struct foreground *f, int *status,
		   struct lc_error *e)
{
	if (preserved_check(x->how.preserve_fds, e) < 0 || open_target(x, id, e) < 0 ||
	    make_plan(x, e) < 0 || open_console(x, e) < 0 || open_cgroup(x, e) < 0)
		return -1;
	if (begin_somewhere(x, e) < 0)
		return -1;
	if (await_program(x, e) < 0 || announce(x, e) < 0) {
		process_end(x->ref.pidfd, x->lc->given_ms);
		return -1;
	}
	if (x->how.detach)
		return 0;
	return foreground_wait(f, &x->console, x->ref.pidfd, status, e);
}

int lc_exec(struct lc *lc, const char *id, const struct lc_exec *how, int *status,
	    struct lc_error *e)
{
	auto_foreground f = FOREGROUND_NONE;
	auto_execution x = {
		.lc = lc,
		.c = CONTAINER_NONE,
		.console = CONSOLE_NONE,
		.console_socket = -1,
		.cgroup = -1,
		.init = { .pidfd = -1, .sync = -1 },
		.ref = { .pidfd = -1, .sync = -1 },
	};

	*status = 0;
	memcpy(&x.how, how, how->size < sizeof(x.how) ? how->size : sizeof(x.how));
	if (!x.how.detach && foreground_begin(&f, e) < 0)
		return -1;
	return execute(&x, id, &f, status, e);
}
