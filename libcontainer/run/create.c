/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Making a container, in the order of the table below.  What a later command needs to clean up is
 * in the state file before it exists: the cgroup's path before the cgroup, the process before it
 * does anything.  So a crash at any point leaves what `delete --force` removes completely.
 */
#include "run/create.h"
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "init/hooks.h"
#include "run/aside.h"
#include "run/exit.h"
#include "run/id.h"
#include "run/lock.h"
#include "run/notify-socket.h"
#include "run/ns-shared.h"
#include "run/self-exe.h"
#include "run/socket.h"
#include "sys/fd.h"
#include "sys/probe.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

static const struct plan *plan_of(const struct creation *m)
{
	return &m->loaded.plan;
}

bool creation_in_foreground(const struct creation *m)
{
	return m->run && !m->how.detach;
}

/* ---- before anything exists ---- */

static int check_id(struct creation *m, struct lc_error *e)
{
	struct stat st;

	if (id_check(m->c.id, e) < 0)
		return -1;
	if (lstat(container_path(&m->c), &st) == 0)
		return lc_err(e, LC_ESTATE, "container \"%s\" already exists", m->c.id);
	return 0;
}

static int load(struct creation *m, struct lc_error *e)
{
	if (load_bundle_spec(m->lc, &m->how, &m->c.arena, &m->loaded, e) < 0)
		return -1;
	if (m->lc->may_thread && !m->make && !m->how.isolation)
		net_maker_begin(&m->net, m->loaded.spec);
	if (load_plan(m->lc, m->c.id, &m->how, &m->c.arena, &m->loaded, e) < 0)
		return -1;
	net_maker_confirm(&m->net, plan_of(m));
	if (m->how.isolation && !strcmp(m->how.isolation, "vm"))
		m->loaded.plan.vm = true;
	else if (m->how.isolation && strcmp(m->how.isolation, "container"))
		return lc_err(e, LC_EUSAGE, "isolation: expected container or vm, found \"%s\"",
			      m->how.isolation);
	if (!container_sandbox(m->loaded.plan.vm, e))
		return -1;
	if (m->loaded.plan.vm && vm_translate(&m->c.arena, &m->loaded.plan, &m->machine, e) < 0)
		return -1;
	if (!m->machine.kernel)
		m->machine.kernel = m->lc->vm_kernel;
	if (!m->loaded.plan.machine.no_template)
		m->machine.templates = vm_templates_of(m->lc->vm_template);
	if (!self_exe_protected())
		log_warn(m->lc->log, "the program that calls the library is within the reach of "
				     "containers: lc_protect() was not called");
	return 0;
}

static int check_console(struct creation *m, struct lc_error *e)
{
	bool terminal = plan_of(m)->process && plan_of(m)->process->terminal;

	if (terminal && !m->how.console_socket && !creation_in_foreground(m))
		return lc_err(e, LC_EUSAGE,
			      "process.terminal is true: a container in the background needs "
			      "--console-socket, to send the terminal to");
	if (!terminal && m->how.console_socket)
		return lc_err(e, LC_EUSAGE,
			      "--console-socket is given, but process.terminal is not true");
	return 0;
}

uint32_t listen_fds(void)
{
	const char *text = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
	uint32_t n, for_whom;

	if (!text || !str_u32(text, &n))
		return 0;
	if (pid && (!str_u32(pid, &for_whom) || for_whom != (uint32_t)getpid()))
		return 0;
	return n;
}

int preserved_check(uint32_t n, struct lc_error *e)
{
	if (n > 65536)
		return lc_err(e, LC_EUSAGE, "--preserve-fds %u: too many", n);
	for (uint32_t i = 0; i < n; i++) {
		int flags = fcntl(3 + (int)i, F_GETFD);

		if (flags < 0 || flags & FD_CLOEXEC)
			return lc_err(e, LC_EUSAGE,
				      "--preserve-fds: descriptor %u of 3 to %u is not open", 3 + i,
				      2 + n);
	}
	return 0;
}

/* A service manager's sockets come first, then what the caller asks to pass on. */
static int check_fds(struct creation *m, struct lc_error *e)
{
	struct plan_process *p = m->loaded.plan.process;
	uint32_t n = listen_fds();

	if (n && p) {
		struct arena *a = &m->c.arena;
		char **env = arena_array(a, p->env.n + 4, sizeof(*env));

		memcpy(env, p->env.v, p->env.n * sizeof(*env));
		env[p->env.n] = arena_printf(a, "LISTEN_FDS=%u", n);
		env[p->env.n + 1] = arena_strdup(a, "LISTEN_PID=1");
		p->env.v = env;
		p->env.n += 2;
		m->how.preserve_fds += n;
	}
	return preserved_check(m->how.preserve_fds, e);
}

static int open_report(struct creation *m, struct lc_error *e)
{
	const char *to = m->how.exit_report;

	if (!to)
		return 0;
	if (!creation_in_foreground(m))
		return lc_err(e, LC_EUSAGE,
			      "--exit-report: nobody waits for a container in the background: ask "
			      "`delete` for the report");
	m->report = exit_report_open(to, m->how.preserve_fds, e);
	return m->report < 0 ? -1 : 0;
}

/* ---- the container's directory ---- */

static int make_dir(struct creation *m, struct lc_error *e)
{
	char *path = container_path(&m->c);

	int made;

	if (root_check(m->lc, e) < 0)
		return -1;
	made = mkdir(path, 0700);
	if (made < 0 && errno == ENOENT) {
		if (file_mkdirs(m->lc->root, 0700, e) < 0 || root_check(m->lc, e) < 0)
			return -1;
		made = mkdir(path, 0700);
	}
	if (made < 0)
		return errno == EEXIST
			       ? lc_err(e, LC_ESTATE, "container \"%s\" already exists", m->c.id)
			       : lc_err_errno(e, "mkdir %s", path);
	m->dir_made = true;
	m->c.dir = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (m->c.dir < 0)
		return lc_err_errno(e, "open %s", path);
	m->c.bare = true; /* until there is a state */
	if (!lock_take(m->c.dir, 0))
		return lc_err(e, LC_ESTATE, "container \"%s\" is being deleted", m->c.id);
	return 0;
}

/* The configuration as it is now; later changes to the bundle have no effect. */
static int save_config(struct creation *m, struct lc_error *e)
{
	auto_fd fd = openat(m->c.dir, CONFIG_FILE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || fd_write_all(fd, m->loaded.text, m->loaded.len) < 0)
		return lc_err_errno(e, "write %s/" CONFIG_FILE, container_path(&m->c));
	return 0;
}

static int open_console(struct creation *m, struct lc_error *e)
{
	bool terminal = plan_of(m)->process && plan_of(m)->process->terminal;

	if (!terminal)
		return 0;
	if (!m->how.console_socket)
		return console_pair(&m->console, &m->console_socket, m->lc->timeout_ms, e);
	m->console_socket = socket_connect(SOCK_STREAM, "--console-socket", m->how.console_socket,
					   m->lc->timeout_ms, e);
	return m->console_socket < 0 ? -1 : 0;
}

static int make_fifo(struct creation *m, const char *name, struct lc_error *e)
{
	int fd = -1;

	if (mkfifoat(m->c.dir, name, 0600) == 0)
		fd = openat(m->c.dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return lc_err_errno(e, "make %s/%s", container_path(&m->c), name);
	return fd;
}

/* init reads from the one and writes to the other.  It holds both open for reading and writing
 * until its execve: so whoever opens the status fifo for writing learns whether it waits. */
static int make_fifos(struct creation *m, struct lc_error *e)
{
	if (m->run)
		return 0;
	m->start_fifo = make_fifo(m, START_FIFO, e);
	if (m->start_fifo < 0)
		return -1;
	m->status_fifo = make_fifo(m, STATUS_FIFO, e);
	return m->status_fifo < 0 ? -1 : 0;
}

/* The cgroup as it will be, for a crash while it is made.  One that exists is not ours. */
static struct cgroup_ref expected_cgroup(struct creation *m)
{
	const struct plan_cgroup *cgroup = &plan_of(m)->cgroup;
	struct cgroup_ref ref = { .driver = cgroup->driver, .timeout_ms = m->lc->given_ms };
	struct arena *a = &m->c.arena;

	if (ref.driver == CGROUP_SYSTEMD) {
		ref.scope = cgroup->scope;
		ref.user = cgroup->user_instance;
		ref.made = true;
	} else if (ref.driver == CGROUP_FS && m->loaded.host.cgroup2 && cgroup->path) {
		ref.mount = m->loaded.host.cgroup2;
		ref.path = cgroup->path;
		ref.made = access(arena_printf(a, "%s%s", ref.mount, ref.path), F_OK) < 0;
	}
	return ref;
}

static bool is_new(const struct plan *plan, enum ns_type type)
{
	return plan->ns.of[type].how == NS_NEW;
}

static int prepare_notify_socket(struct creation *m, struct lc_error *e)
{
	return notify_socket_prepare(m->c.dir, container_path(&m->c), &m->c.arena, &m->loaded.plan,
				     e);
}

static int record(struct creation *m, struct lc_error *e)
{
	const struct plan *plan = plan_of(m);
	struct state *state = &m->c.state;
	struct arena *a = &m->c.arena;

	*state = (struct state){
		.version = STATE_VERSION,
		.id = m->c.id,
		.oci_version = arena_strdup(a, "1.3.0"),
		.phase = PHASE_CREATING,
		.vm = plan->vm,
		.bundle = m->loaded.bundle,
		.rootfs = plan->root.path,
		.created = state_now(a),
		.owner = m->loaded.host.euid,
		.boot_id = state_boot_id(a),
		.cgroup = expected_cgroup(m),
		.annotations = plan->annotations,
		.own_pid_namespace = is_new(plan, NS_PID),
		.own_mount_namespace = plan->ns.of[NS_MOUNT].how != NS_INHERIT,
		.rootless = plan->rootless,
		.no_pivot = m->how.no_pivot,
		.no_new_keyring = m->how.no_new_keyring,
		.poststart = plan->hooks.poststart.n > 0,
	};
	process_identify_self(&state->creator);
	state->init_shares = m->lc->brief && !m->make && !m->extras && ns_may_share(plan);
	if (container_rdt_expect(&m->c, plan, e) < 0)
		return -1;
	if (!state->own_mount_namespace && container_note_mounts(&m->c, e) < 0)
		return -1;
	if (state_write(m->c.dir, &m->c.arena, state, e) < 0)
		return -1;
	m->c.bare = false;
	return 0;
}

static int open_hook_files(struct creation *m, struct lc_error *e)
{
	return container_hook_files(&m->c, &m->hook_out, &m->hook_err, e);
}

/* ---- cgroup and sandbox ---- */

static uint32_t root_outside(const plan_id_maps *maps)
{
	uint32_t id = 0;

	return ns_outside(maps, 0, &id) ? id : 0;
}

static int make_cgroup_for(struct creation *m, pid_t pid, struct lc_error *e)
{
	const struct plan *plan = plan_of(m);
	const struct plan_cgroup *cgroup = &plan->cgroup;
	struct cgroup_ref ref = { .driver = cgroup->driver, .timeout_ms = m->lc->given_ms };

	if (cgroup_ops_of(cgroup->driver)
		    ->create(cgroup, &m->loaded.host, pid, &m->c.arena, &ref, &m->cgroup,
			     m->lc->log, e) < 0) {
		/* It has undone what it did: ours to remove is nothing. */
		m->c.state.cgroup = (struct cgroup_ref){ .driver = cgroup->driver };
		return -1;
	}
	m->c.state.cgroup = ref;
	if (cgroup->chown && m->cgroup >= 0 &&
	    cgroup_chown(m->cgroup, root_outside(&plan->ns.uid_maps),
			 root_outside(&plan->ns.gid_maps), e) < 0)
		return -1;
	return 0;
}

static int make_cgroup(struct creation *m, struct lc_error *e)
{
	/* A scope cannot be made before it has a process: cloned() does it. */
	if (plan_of(m)->cgroup.driver == CGROUP_SYSTEMD)
		return 0;
	return make_cgroup_for(m, 0, e);
}

static int make_class(struct creation *m, struct lc_error *e)
{
	return container_rdt_make(&m->c, plan_of(m), e);
}

static int warn_if_unkillable(struct creation *m)
{
	if (!m->c.state.own_pid_namespace && !m->c.state.cgroup.path)
		log_warn(m->lc->log, "the container has neither a pid namespace nor a cgroup of "
				     "its own, so kill and delete cannot find all of its "
				     "processes. Such configuration is strongly discouraged");
	return 0;
}

/* Does anybody look at the state before it says "created"? Hooks, who serves a listener, and
 * `delete --force`, should we die now: it finds init by its cgroup, or else by its number. */
static bool is_asked_while_created(const struct creation *m)
{
	const struct plan *plan = plan_of(m);
	const struct plan_hook_lists *hooks = &plan->hooks;
	const struct cgroup_ref *cgroup = &m->c.state.cgroup;

	return plan->vm || cgroup->driver != CGROUP_FS || !cgroup->path || !cgroup->made ||
	       hooks->prestart.n || hooks->create_runtime.n || hooks->create_container.n ||
	       hooks->poststop.n || plan->seccomp.listener_path || m->c.state.rdt;
}

/* What settle() will say, written while init is at work. */
static int prepare_settled(struct creation *m, struct lc_error *e)
{
	if (m->make || plan_of(m)->vm) /* there is more to come */
		return 0;
	m->c.state.phase = PHASE_CREATED;
	if (state_prepare(m->c.dir, &m->c.arena, &m->c.state, e) < 0)
		return -1;
	m->c.state.phase = PHASE_CREATING;
	m->settled_is_prepared = true;
	return 0;
}

int creation_cloned(void *ctx, pid_t pid, int *cgroup, struct lc_error *e)
{
	struct creation *m = ctx;
	struct state *state = &m->c.state;

	if (!process_identify(pid, &state->init))
		state->init = (struct process_id){ 0 };
	if (plan_of(m)->cgroup.driver == CGROUP_SYSTEMD) {
		/* First the process: should we die now, it is found by its number. */
		if (state_write(m->c.dir, &m->c.arena, state, e) < 0 ||
		    make_cgroup_for(m, pid, e) < 0)
			return -1;
		*cgroup = m->cgroup;
	}
	if (container_rdt_join(&m->c, pid, e) < 0)
		return -1;
	warn_if_unkillable(m);
	state->poststop = plan_of(m)->hooks.poststop.n > 0;
	if (is_asked_while_created(m) && state_write(m->c.dir, &m->c.arena, state, e) < 0)
		return -1;
	if (prepare_settled(m, e) < 0)
		return -1;
	lock_drop(m->c.dir);
	return 0;
}

int creation_hooks(void *ctx, pid_t pid, struct lc_error *e)
{
	struct creation *m = ctx;
	const struct plan_hook_lists *hooks = &plan_of(m)->hooks;
	struct hook_state state = {
		.head = container_hook_head(&m->c, STATUS_CREATING),
		.tail = container_hook_tail(&m->c),
		.pid = pid,
		.out = m->hook_out,
		.err = m->hook_err,
		.timeout_ms = m->lc->timeout_ms,
	};

	if (hooks_run(&hooks->prestart, "prestart", &state, environ, e) < 0)
		return -1;
	return hooks_run(&hooks->create_runtime, "createRuntime", &state, environ, e);
}

/* What a cgroup mount shows to a container without a cgroup namespace: its own, or where it stays.
 */
static char *shown_cgroup(struct creation *m)
{
	const struct cgroup_ref *ref = &m->c.state.cgroup;
	struct plan_host *host = &m->loaded.host;

	if (ref->path)
		return cgroup_place_path(&m->c.arena, ref);
	if (host->cgroup2 && !host->own_cgroup)
		host->own_cgroup = probe_own_cgroup(&m->c.arena);
	if (host->cgroup2 && host->own_cgroup)
		return arena_printf(&m->c.arena, "%s%s", host->cgroup2, host->own_cgroup);
	return NULL;
}

/* The network namespace, if it has been made; a thread is left when init is cloned only if that one
 * does it. */
static int take_network(struct creation *m, bool *share)
{
	bool stands_by = m->net.running;

	*share = m->c.state.init_shares;
	if (*share && !stands_by)
		*share = aside_begin(NULL, NULL);
	return net_maker_take(&m->net, *share);
}

static int make_sandbox(struct creation *m, struct lc_error *e)
{
	bool share;
	auto_fd network = take_network(m, &share);
	const struct sandbox_ops *ops = container_sandbox(plan_of(m)->vm, e);
	struct sandbox_args args = {
		.plan = plan_of(m),
		.log = m->lc->log,
		.timeout_ms = m->lc->timeout_ms,
		.given_ms = m->lc->given_ms,
		.state_dir = m->c.dir,
		.cgroup = m->cgroup,
		.cgroup_path = shown_cgroup(m),
		.cgroup_is_own = m->c.state.cgroup.path != NULL,
		.network = &network,
		.share = share,
		.start_fifo = m->start_fifo,
		.status_fifo = m->status_fifo,
		.console_socket = m->console_socket,
		.keep_newlines = m->console.socket >= 0,
		.preserve_fds = (int)m->how.preserve_fds,
		.extras = m->extras,
		.detach = !creation_in_foreground(m),
		.hook_out = m->hook_out,
		.hook_err = m->hook_err,
		.state_creating = container_hook_head(&m->c, STATUS_CREATING),
		.state_created = container_hook_head(&m->c, STATUS_CREATED),
		.state_tail = container_hook_tail(&m->c),
		.cloned = creation_cloned,
		.created = creation_hooks,
		.ctx = m,
		.machine = plan_of(m)->vm ? &m->machine : NULL,
	};

	if (m->make)
		return m->make(m, m->make_ctx, e);
	return ops ? ops->create(&args, &m->ref, e) : -1;
}

/* ---- it is there ---- */

static int was_deleted(const struct creation *m, struct lc_error *e)
{
	return lc_err(e, LC_ESTATE, "container \"%s\" was deleted while it was created", m->c.id);
}

/* Without the directory somebody has deleted it by force meanwhile. */
static int settle(struct creation *m, struct lc_error *e)
{
	struct stat st;

	fd_release(&m->console_socket);
	fd_release(&m->start_fifo);
	fd_release(&m->status_fifo);
	m->c.state.phase = PHASE_CREATED;
	if (m->settled_is_prepared) {
		if (state_take_prepared(m->c.dir, e) == 0)
			return 0;
		return e->sys_errno == ENOENT ? was_deleted(m, e) : -1;
	}
	if (fstat(m->c.dir, &st) == 0 && st.st_nlink == 0)
		return was_deleted(m, e);
	return state_write(m->c.dir, &m->c.arena, &m->c.state, e);
}

int pid_file_write(const char *path, pid_t pid, struct lc_error *e)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d", pid);

	if (!path)
		return 0;
	if (file_replace_at(AT_FDCWD, path, text, (size_t)n, 0644, e) < 0)
		return lc_err_in(e, "--pid-file");
	return 0;
}

static int write_pid_file(struct creation *m, struct lc_error *e)
{
	if (pid_file_write(m->how.pid_file, m->ref.pid, e) < 0)
		return -1;
	m->pid_file_made = m->how.pid_file != NULL;
	return 0;
}

static int send_pidfd(struct creation *m, struct lc_error *e)
{
	static const char key[] = "run.oci.pidfd_receiver";
	unsigned ms = m->lc->timeout_ms;
	char *receiver = container_annotated_path(&m->c, key);

	if (receiver && socket_send_fd(key, receiver, m->ref.pidfd, ms, e) < 0)
		return -1;
	if (!m->how.pidfd_socket)
		return 0;
	return socket_send_fd("--pidfd-socket", m->how.pidfd_socket, m->ref.pidfd, ms, e);
}

static const struct {
	const char *name;
	int (*run)(struct creation *m, struct lc_error *e);
} create_steps[] = {
	{ "open the exit report", open_report },
	{ "check the id", check_id },
	{ "load the configuration", load },
	{ "check the terminal", check_console },
	{ "check descriptors", check_fds },
	{ "make the directory", make_dir },
	{ "save the configuration", save_config },
	{ "prepare the notify socket", prepare_notify_socket },
	{ "open the console", open_console },
	{ "make fifos", make_fifos },
	{ "record what will be", record },
	{ "open the files of hooks", open_hook_files },
	{ "make the cgroup", make_cgroup },
	{ "make the class of service", make_class },
	{ "make the sandbox", make_sandbox },
	{ "record what is", settle },
	{ "send the pidfd", send_pidfd },
	{ "write the pid file", write_pid_file },
};

static int make(struct creation *m, const char *id, struct lc_error *e)
{
	m->c.lc = m->lc;
	m->c.id = arena_strdup(&m->c.arena, id ? id : "");
	for (size_t i = 0; i < ARRAY_SIZE(create_steps); i++) {
		log_debug(m->lc->log, "create: %s", create_steps[i].name);
		if (create_steps[i].run(m, e) < 0) {
			creation_undo(m);
			return -1;
		}
	}
	return 0;
}

static struct creation creation_new(struct lc *lc, const struct lc_create *how, bool run)
{
	return (struct creation){
		.lc = lc,
		.how = load_create_options(how),
		.run = run,
		.c = CONTAINER_NONE,
		.net = NET_MAKER_NONE,
		.console = CONSOLE_NONE,
		.console_socket = -1,
		.start_fifo = -1,
		.status_fifo = -1,
		.cgroup = -1,
		.report = -1,
		.ref = { .pidfd = -1, .sync = -1, .mount = -1 },
	};
}

int creation_make(struct creation *m, struct lc *lc, const char *id, const struct lc_create *how,
		  bool run, struct lc_error *e)
{
	*m = creation_new(lc, how, run);
	return make(m, id, e);
}

int creation_make_with(struct creation *m, struct lc *lc, const char *id,
		       const struct lc_create *how, const struct sandbox_extras *extras,
		       struct lc_error *e)
{
	*m = creation_new(lc, how, true);
	m->extras = extras;
	return make(m, id, e);
}

int creation_make_by(struct creation *m, struct lc *lc, const char *id, const struct lc_create *how,
		     int (*maker)(struct creation *m, void *ctx, struct lc_error *e), void *ctx,
		     struct lc_error *e)
{
	*m = creation_new(lc, how, true);
	m->make = maker;
	m->make_ctx = ctx;
	return make(m, id, e);
}

void creation_undo(struct creation *m)
{
	struct lc_error e = { 0 };

	process_end(m->ref.pidfd, m->lc->given_ms); /* takes the zombie away, too */
	if (m->pid_file_made)
		unlink(m->how.pid_file);
	m->pid_file_made = false;
	if (!m->dir_made)
		return;
	m->dir_made = false;
	if (m->c.dir < 0)
		rmdir(container_path(&m->c));
	else if (container_remove(&m->c, &e) < 0)
		log_warn(m->lc->log, "clean up after the failure: %s", e.msg);
}

void creation_release(struct creation *m)
{
	net_maker_release(&m->net);
	console_release(&m->console);
	hook_files_close(&m->hook_out, &m->hook_err);
	fd_release(&m->console_socket);
	fd_release(&m->start_fifo);
	fd_release(&m->status_fifo);
	fd_release(&m->cgroup);
	fd_release(&m->report);
	fd_release(&m->ref.pidfd);
	fd_release(&m->ref.sync);
	fd_release(&m->ref.mount);
	container_close(&m->c);
}

int lc_create(struct lc *lc, const char *id, const struct lc_create *how, struct lc_error *e)
{
	auto_creation m = { 0 };

	return creation_make(&m, lc, id, how, false, e);
}
