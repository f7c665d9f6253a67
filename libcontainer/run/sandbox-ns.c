/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A sandbox of namespaces, seen from the parent: what is opened for init beforehand, the dialogue
 * with it, and what is done to it from outside. */
#include "base/own.h"
#include "base/str.h"
#include "cgroups/cgroup.h"
#include "init/sync.h"
#include "run/build.h"
#include "run/net-devices.h"
#include "run/nodes.h"
#include "run/notify.h"
#include "run/ns-shared.h"
#include "run/process.h"
#include "run/sources.h"
#include "sys/procfs.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

static void build_release(struct build *b)
{
	if (b->box.progress && b->box.progress != ns_shared_progress())
		munmap(b->box.progress, sizeof(*b->box.progress));
	fd_release(&b->sync);
	fd_release(&b->helper);
	fd_release(&b->box.sync);
	fd_release(&b->box.root_tree);
	fd_release(&b->box.nodes);
	fd_release(&b->box.procfs);
	fd_release(&b->procfs);
	fd_release(&b->target_cgroup_ns);
	for (size_t i = 0; i < NS_TYPES; i++)
		fd_release(&b->joins[i].fd);
	for (size_t i = 0; b->box.sources && i < b->plan->mounts.n; i++) {
		fd_release(&b->box.sources[i]);
		fd_release(&b->box.idmap_userns[i]);
	}
	fd_release(&b->ref.pidfd);
	fd_release(&b->ref.sync);
	fd_release(&b->ref.mount);
	arena_free(&b->arena);
}
#define auto_build __attribute__((cleanup(build_release))) struct build

static int share_progress(struct build *b, struct lc_error *e)
{
	void *shared;

	if (b->shared) {
		b->box.progress = ns_shared_progress();
		return 0;
	}
	shared = mmap(NULL, sizeof(*b->box.progress), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return lc_err_errno(e, "mmap");
	b->box.progress = shared;
	return 0;
}

/* An answer from inside that does not come is an error that says what init was at. */
static int set_deadline(struct build *b, struct lc_error *e)
{
	unsigned ms = b->args->timeout_ms + SYNC_GRACE_MS;
	struct timeval limit = { ms / 1000, ms % 1000 * 1000 };

	if (setsockopt(b->sync, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
		return lc_err_errno(e, "setsockopt SO_RCVTIMEO");
	return share_progress(b, e);
}

int build_takes_too_long(const struct build *b, struct lc_error *e)
{
	const char *step = b->box.progress->step, *what = b->box.progress->what;

	return lc_err(e, LC_ESYSTEM, "%s%s%s: it takes longer than %g s (--timeout)",
		      step ? step : "enter namespaces and cgroup", what ? ": " : "",
		      what ? what : "", b->args->timeout_ms / 1000.0);
}

/* Waits for one of @wanted for as long as init gets on. */
static int hear(struct build *b, const enum sync_what *wanted, size_t n, int *fd, int64_t *value,
		struct lc_error *e)
{
	const struct progress *p = b->box.progress;
	const char *step, *what;
	int r;

	do {
		step = p->step;
		what = p->what;
		r = sync_expect_one_of(b->sync, wanted, n, b->args->log, fd, value, e);
	} while (r == SYNC_TIMED_OUT && (step != p->step || what != p->what));
	return r == SYNC_TIMED_OUT ? build_takes_too_long(b, e) : r;
}

static int build_init(struct build *b, const struct sandbox_args *args, struct lc_error *e)
{
	int pair[2];

	*b = (struct build){
		.args = args,
		.plan = args->plan,
		.box = SANDBOX_NONE,
		.sync = -1,
		.helper = -1,
		.procfs = -1,
		.target = -1,
		.target_cgroup_ns = -1,
		.cgroup = args->cgroup,
		.shared = args->share,
		.ref = { .pidfd = -1, .sync = -1, .mount = -1 },
	};
	for (size_t i = 0; i < NS_TYPES; i++) {
		b->joins[i].fd = -1;
		b->joins[i].flag = ns_kinds[i].flag;
	}
	b->box.plan = args->plan;
	b->box.cgroup_path = args->cgroup_path;
	b->box.cgroup_is_own = args->cgroup_is_own;
	b->box.start_fifo = args->start_fifo;
	b->box.status_fifo = args->status_fifo;
	b->box.console_socket = args->console_socket;
	b->box.keep_newlines = args->keep_newlines;
	b->box.preserve_fds = args->preserve_fds;
	if (args->extras) {
		memcpy(b->box.streams, args->extras->streams, sizeof(b->box.streams));
		b->box.extra = args->extras->extra;
		b->box.death_signal = args->extras->death_signal;
		b->box.give_mount = args->extras->give_mount;
	}
	b->box.state_creating = args->state_creating;
	b->box.state_created = args->state_created;
	b->box.state_tail = args->state_tail;
	init_ask_status(&b->box);
	b->box.hook_out = args->hook_out;
	b->box.hook_err = args->hook_err;
	b->box.timeout_ms = args->timeout_ms;
	b->box.log = (struct lc_log){ .write = sync_log, .max = LC_LOG_WARNING };
	if (args->log && args->log->max > LC_LOG_WARNING)
		b->box.log.max = args->log->max;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return lc_err_errno(e, "socketpair");
	b->sync = pair[0];
	b->box.sync = pair[1];
	return set_deadline(b, e);
}

static enum ns_how how(const struct plan *plan, enum ns_type type)
{
	return plan->ns.of[type].how;
}

/* ---- create: what will be joined and made ---- */

static bool changes(const struct plan *plan, enum ns_type type)
{
	bool change = type == NS_UTS && (plan->hostname || plan->domainname);

	for (size_t i = 0; i < plan->sysctls.n && !change; i++) {
		const char *path = plan->sysctls.v[i].path;

		if (str_starts(path, "net/"))
			change = type == NS_NETWORK;
		else if (!strcmp(path, "kernel/domainname"))
			change = type == NS_UTS;
		else
			change = type == NS_IPC;
	}
	return change;
}

/* What config.json changes in a namespace must not be changed in the caller's own, which a path may
 * lead to. */
static int check_own(const struct plan *plan, const struct plan_namespace *ns, struct lc_error *e)
{
	if (!changes(plan, ns->type))
		return 0;
	return lc_err(e, LC_ECONFIG,
		      "linux.namespaces (%s): %s is the caller's own, whose parameters or name "
		      "config.json would change",
		      word_name(ns_type_words, (int)ns->type), ns->path);
}

static int open_namespaces(struct build *b, struct lc_error *e)
{
	for (size_t i = 0; i < NS_TYPES; i++) {
		const struct plan_namespace *ns = &b->plan->ns.of[i];

		if (ns->how != NS_JOIN)
			continue;
		b->joins[i].fd = ns_open(ns, e);
		if (b->joins[i].fd < 0 && (e->code != LC_OK || check_own(b->plan, ns, e) < 0))
			return -1;
	}
	return 0;
}

static bool joins_any(const struct build *b)
{
	for (size_t i = 0; i < NS_TYPES; i++)
		if (b->joins[i].fd >= 0)
			return true;
	return false;
}

/* The network namespace that was made while the rest was prepared (net-maker.h) is joined as one
 * that was there before. */
static void take_network(struct build *b)
{
	if (b->args->network && *b->args->network >= 0)
		b->joins[NS_NETWORK].fd = fd_take(b->args->network);
}

static void divide_work(struct build *b)
{
	const struct plan *plan = b->plan;
	bool new_user = how(plan, NS_USER) == NS_NEW;
	bool joins = joins_any(b);

	for (size_t i = 0; i < NS_TYPES; i++)
		if (how(plan, (enum ns_type)i) == NS_NEW && i != NS_CGROUP && i != NS_TIME &&
		    b->joins[i].fd < 0)
			b->new_flags |= ns_kinds[i].flag;
	b->new_time = how(plan, NS_TIME) == NS_NEW;
	b->between = b->joins[NS_PID].fd >= 0 || b->joins[NS_USER].fd >= 0 || b->new_time ||
		     (new_user && joins);
	b->join_in_init = joins && !b->between;
	b->new_user = new_user && b->between;
	b->wait_maps = new_user && !b->between;
	if (b->new_user)
		b->new_flags &= ~CLONE_NEWUSER;
	b->wait = b->between || plan->cgroup.driver == CGROUP_SYSTEMD;
	b->box.mapped_root = new_user || b->joins[NS_USER].fd >= 0;
	b->box.new_ipc = b->box.mapped_root && b->new_flags & CLONE_NEWIPC;
	if (b->box.new_ipc)
		b->new_flags &= ~CLONE_NEWIPC;
	b->box.limits_outside = b->box.mapped_root;
}

/* In a user namespace where setgroups(2) is denied no groups can be dropped; that none are asked
 * for is then as much as can be had. */
static void keep_groups(struct build *b)
{
	struct plan_process *p;

	if (!b->completed.process || b->completed.process->user.groups.n)
		return;
	p = arena_alloc(&b->arena, sizeof(*p));
	*p = *b->completed.process;
	p->user.keep_groups = true;
	b->completed.process = p;
}

/* The maps of a user namespace that is joined are its own. */
static int complete_maps(struct build *b, struct lc_error *e)
{
	bool denied;

	if (b->joins[NS_USER].fd < 0)
		return 0;
	b->completed = *b->plan;
	if (ns_read_maps(b->joins[NS_USER].fd, &b->arena, &b->completed.ns.uid_maps,
			 &b->completed.ns.gid_maps, &denied, e) < 0)
		return lc_err_in(e, "linux.namespaces (user): %s", b->plan->ns.of[NS_USER].path);
	if (denied)
		keep_groups(b);
	b->plan = &b->completed;
	b->box.plan = &b->completed;
	return 0;
}

static int open_procfs(struct build *b, struct lc_error *e)
{
	if (b->procfs < 0 && b->box.mapped_root)
		b->procfs = procfs_open(e);
	return b->procfs < 0 && b->box.mapped_root ? -1 : 0;
}

/* Who makes a user namespace in another one than the caller's: only from there it can be mapped. */
static int enter_outer_user(struct build *b, struct lc_error *e)
{
	const struct plan_namespaces *ns = &b->plan->ns;
	int fd = b->args->extras ? b->args->extras->outer_user : -1;

	if (fd < 0)
		return 0;
	if (!b->new_user || ns->uid_maps.n != 1 || ns->uid_maps.v[0].count != 1 ||
	    ns->gid_maps.n != 1 || ns->gid_maps.v[0].count != 1)
		return lc_err(e, LC_EINTERNAL, "an outer user namespace needs one mapped user");
	b->joins[NS_USER].fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	b->outer_user = true;
	return b->joins[NS_USER].fd < 0 ? lc_err_errno(e, "fcntl F_DUPFD") : 0;
}

static int prepare(struct build *b, struct lc_error *e)
{
	if (open_namespaces(b, e) < 0)
		return -1;
	take_network(b);
	divide_work(b);
	if (complete_maps(b, e) < 0 || enter_outer_user(b, e) < 0 || open_procfs(b, e) < 0)
		return -1;
	return nodes_make(b, e) < 0 ? -1 : sources_open(b, e);
}

/* ---- cloning ---- */

/* A process that is traced or whose memory is read gives away what it has open (CVE-2016-9962).  An
 * ordinary user could not write the maps of one that is not dumpable: there init does it when it
 * is mapped. */
struct dumpable {
	bool taken;
};

/* It is the process' own, not the thread's: the last one out puts it back. */
static struct {
	pthread_mutex_t lock;
	unsigned users;
	int before;
} undumpable = { .lock = PTHREAD_MUTEX_INITIALIZER };

static struct dumpable make_undumpable(const struct plan *plan)
{
	struct dumpable d = { false };

	if (plan->rootless && geteuid() != 0)
		return d;
	d.taken = true;
	pthread_mutex_lock(&undumpable.lock);
	if (undumpable.users++ == 0) {
		undumpable.before = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	}
	pthread_mutex_unlock(&undumpable.lock);
	return d;
}

static void restore_dumpable(struct dumpable d)
{
	if (!d.taken)
		return;
	pthread_mutex_lock(&undumpable.lock);
	if (--undumpable.users == 0 && undumpable.before == 1)
		prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	pthread_mutex_unlock(&undumpable.lock);
}

/* While @pid is ours to write to: later it is not dumpable, and its files are root's. */
static int set_oom_score(struct build *b, pid_t pid, struct lc_error *e)
{
	const struct plan_process *p = b->plan->process;
	char path[40], text[24];

	if (!b->box.limits_outside || !p || !p->oom_score_adj.set)
		return 0;
	snprintf(path, sizeof(path), "%d/oom_score_adj", pid);
	snprintf(text, sizeof(text), "%lld", (long long)p->oom_score_adj.v);
	if (procfs_write(b->procfs, path, text, e) < 0)
		return lc_err_in(e, "process.oomScoreAdj");
	return 0;
}

static int write_maps(struct build *b, pid_t pid, struct lc_error *e)
{
	if (set_oom_score(b, pid, e) < 0 ||
	    (!b->outer_user &&
	     ns_write_maps(b->procfs, pid, &b->plan->ns, b->args->timeout_ms, e) < 0))
		return -1;
	return sync_send(b->sync, SYNC_MAPPED, -1, 0, e);
}

/* Listens to the one in between until it has told init's pid; then it has ended. */
static int hear_of_init(struct build *b, pid_t between, bool *outside, struct lc_error *e)
{
	static const enum sync_what wanted[] = { SYNC_PID, SYNC_MAP_IDS };
	int64_t value = 0;

	for (;;) {
		switch (hear(b, wanted, ARRAY_SIZE(wanted), &b->ref.pidfd, &value, e)) {
		case 0:
			if (b->ref.pidfd < 0)
				return lc_err(e, LC_EINTERNAL, "init's pidfd did not come");
			b->ref.pid = (pid_t)(value & (SPAWNED_OUTSIDE - 1));
			*outside = value & SPAWNED_OUTSIDE;
			return 0;
		case 1:
			if (write_maps(b, between, e) < 0)
				return -1;
			break;
		default:
			return -1;
		}
	}
}

static int spawn_through_between(struct build *b, bool *outside, struct lc_error *e)
{
	auto_fd pidfd = -1;
	pid_t between = build_clone_between(b, &pidfd, e);
	int r, status;

	if (between < 0)
		return -1;
	/* Ours must not keep the socket open when both children are dead. */
	fd_release(&b->box.sync);
	r = hear_of_init(b, between, outside, e);
	if (r < 0)
		process_end(pidfd, b->args->given_ms);
	else if (process_wait(pidfd, &status, e) < 0)
		r = -1;
	return r;
}

/* Init in our memory; false: it has to be made otherwise. */
static bool spawn_shared(struct build *b)
{
	b->ref.pid = ns_clone_shared(b, &b->ref.pidfd);
	b->shared = b->ref.pid > 0;
	if (b->shared)
		fd_release(&b->box.sync);
	return b->shared;
}

static int spawn(struct build *b, bool *outside, struct lc_error *e)
{
	struct dumpable d = make_undumpable(b->plan);
	int r = 0;

	/* Then we stay undumpable: our memory is init's, too. */
	if (b->shared && spawn_shared(b))
		return 0;
	if (b->box.progress == ns_shared_progress() && share_progress(b, e) < 0) {
		r = -1;
	} else if (b->light) {
		r = build_clone_light(b, outside, e);
		fd_release(&b->box.sync);
	} else if (b->between) {
		r = spawn_through_between(b, outside, e);
	} else {
		b->ref.pid = build_clone_init(b, 0, &b->ref.pidfd, outside, e);
		r = b->ref.pid < 0 ? -1 : 0;
		fd_release(&b->box.sync);
	}
	restore_dumpable(d);
	return r;
}

/* ---- create ---- */

/* Limits that init cannot set from inside its user namespace. */
static int set_limits(struct build *b, struct lc_error *e)
{
	const struct plan_process *p = b->plan->process;

	if (!b->box.limits_outside || !p)
		return 0;
	for (size_t i = 0; i < p->rlimits.n; i++) {
		const struct plan_rlimit *l = &p->rlimits.v[i];

		if (sys_set_limit(b->ref.pid, l->resource, l->soft, l->hard) < 0)
			return lc_err_errno(e, "process.rlimits[%zu]: prlimit", i);
	}
	return 0;
}

/* A user's own systemd may move processes where the user may not. */
static int move_inside(struct build *b, int cgroup, struct lc_error *e)
{
	const struct sandbox_args *args = b->args;

	if (cgroup_attach(cgroup, NULL, b->ref.pid, e) == 0)
		return 0;
	if (!args->adopt || (e->sys_errno != EACCES && e->sys_errno != EPERM))
		return -1;
	return args->adopt(args->ctx, b->ref.pid, e);
}

static int admit(struct build *b, bool outside, struct lc_error *e)
{
	const struct sandbox_args *args = b->args;
	int cgroup = args->cgroup;

	if (b->wait_maps && write_maps(b, b->ref.pid, e) < 0)
		return -1;
	if (args->cloned && args->cloned(args->ctx, b->ref.pid, &cgroup, e) < 0)
		return -1;
	if (outside && move_inside(b, cgroup, e) < 0)
		return -1;
	if (b->box.is_exec && set_limits(b, e) < 0)
		return -1;
	return b->wait || outside ? sync_send(b->sync, SYNC_CGROUP, -1, 0, e) : 0;
}

static int run_hooks(struct build *b, struct lc_error *e)
{
	const struct sandbox_args *args = b->args;

	if (net_devices_move(b->plan, b->ref.pid, args->log, e) < 0)
		return -1;
	if (args->created && args->created(args->ctx, b->ref.pid, e) < 0)
		return -1;
	return sync_send(b->sync, SYNC_HOOKED, -1, 0, e);
}

static int hand_over_listener(struct build *b, pid_t init, int listener, struct lc_error *e)
{
	auto_fd owned = listener;
	const struct sandbox_args *args = b->args;
	struct notify_container of = { args->state_creating, args->state_tail, init,
				       args->timeout_ms };

	if (notify_hand_over(b->plan, &of, b->ref.pid, owned, e) < 0)
		return -1;
	if (!process_wait_gone(b->helper, (int)args->timeout_ms))
		return lc_err(e, LC_ESYSTEM,
			      "the process that sent the seccomp listener does not end");
	return sync_send(b->sync, SYNC_NOTIFIED, -1, 0, e);
}

/* What init says until it is ready. */
static int converse(struct build *b, struct lc_error *e)
{
	static const enum sync_what wanted[] = { SYNC_READY, SYNC_HOOKS, SYNC_NOTIFY, SYNC_MOUNT,
						 SYNC_HELPER };

	for (;;) {
		int fd = -1;
		int r = hear(b, wanted, ARRAY_SIZE(wanted), &fd, NULL, e);

		if (r == 1)
			r = run_hooks(b, e) < 0 ? -1 : 1;
		else if (r == 3)
			b->ref.mount = fd_take(&fd);
		else if (r == 4)
			b->helper = fd_take(&fd);
		else if (r == 2)
			r = hand_over_listener(b, b->ref.pid, fd_take(&fd), e) < 0 ? -1 : 2;
		fd_release(&fd);
		if (r <= 0)
			return r;
	}
}

static void give(struct build *b, struct sandbox_ref *out)
{
	out->pid = b->ref.pid;
	out->log = b->args->log;
	out->timeout_ms = b->args->timeout_ms;
	out->pidfd = fd_take(&b->ref.pidfd);
	out->sync = fd_take(&b->sync);
	out->mount = fd_take(&b->ref.mount);
}

/* The failure itself is what the caller hears of. */
static int give_up(struct build *b)
{
	unsigned given = b->args->given_ms;

	if (!process_end(b->ref.pidfd, given))
		log_warn(b->args->log,
			 "process %d did not end within %g s of SIGKILL (--timeout): it hangs in "
			 "the kernel",
			 b->ref.pid, process_end_ms(given) / 1000.0);
	return -1;
}

/* Now, while init is at work, and not when it waits for us. */
static void close_joins(struct build *b)
{
	for (size_t i = 0; i < NS_TYPES; i++)
		fd_release(&b->joins[i].fd);
}

static int ns_create(const struct sandbox_args *args, struct sandbox_ref *out, struct lc_error *e)
{
	auto_build b;
	bool outside = false, spawned;

	if (build_init(&b, args, e) < 0 || prepare(&b, e) < 0)
		return -1;
	spawned = spawn(&b, &outside, e) == 0;
	close_joins(&b);
	if (!spawned || admit(&b, outside, e) < 0 || converse(&b, e) < 0 || set_limits(&b, e) < 0)
		return give_up(&b);
	give(&b, out);
	return 0;
}

static int ns_start(struct sandbox_ref *ref, struct lc_error *e)
{
	if (sync_send(ref->sync, SYNC_START, -1, 0, e) < 0)
		return -1;
	return sync_expect_exec_on(ref->sync, ref->pidfd, ref->timeout_ms, ref->log, e);
}

/* ---- exec ---- */

/* For what is written to /proc, by init or by us. */
static bool needs_procfs(const struct build *b)
{
	const struct plan_process *p = b->plan->process;

	return b->box.mapped_root || !p || p->oom_score_adj.set || p->apparmor || p->selinux;
}

static int prepare_exec(struct build *b, const struct sandbox_ref *ref, struct lc_error *e)
{
	int flags = 0;

	/* What is found there counts, not what config.json said. */
	b->completed = *b->plan;
	for (size_t i = 0; i < NS_TYPES; i++) {
		bool differs = ns_differs(ref->pid, (enum ns_type)i);

		b->completed.ns.of[i].how = differs ? NS_JOIN : NS_INHERIT;
		flags |= differs ? ns_kinds[i].flag : 0;
	}
	if (flags & CLONE_NEWUSER && ns_setgroups_denied(ref->pid))
		keep_groups(b);
	b->plan = &b->completed;
	b->box.plan = &b->completed;
	b->box.is_exec = true;
	b->target = ref->pidfd;
	b->target_flags = flags & ~CLONE_NEWCGROUP;
	b->between = true;
	b->box.mapped_root = flags & CLONE_NEWUSER;
	b->wait = true;
	b->box.limits_outside = b->box.mapped_root;
	b->box.sources = NULL;
	/* By a descriptor: once in the user namespace, nobody may look into a process that has not
	 * executed its program yet.  That it is the right process the join by pidfd shows. */
	if (flags & CLONE_NEWCGROUP) {
		b->target_cgroup_ns = ns_open_of(ref->pid, NS_CGROUP, e);
		if (b->target_cgroup_ns < 0)
			return -1;
	}
	if (!needs_procfs(b))
		return 0;
	b->procfs = procfs_open(e);
	if (b->procfs < 0)
		return -1;
	b->box.procfs = fcntl(b->procfs, F_DUPFD_CLOEXEC, 3);
	return b->box.procfs < 0 ? lc_err_errno(e, "fcntl F_DUPFD") : 0;
}

/* A listener may still come before the program begins. */
static int converse_exec(struct build *b, const struct sandbox_ref *ref, struct lc_error *e)
{
	static const enum sync_what helper = SYNC_HELPER, notify = SYNC_NOTIFY;
	auto_fd listener = -1;

	if (!b->plan->seccomp.listener_path)
		return 0;
	if (hear(b, &helper, 1, &b->helper, NULL, e) < 0 ||
	    hear(b, &notify, 1, &listener, NULL, e) < 0)
		return -1;
	return hand_over_listener(b, ref->pid, fd_take(&listener), e);
}

static int ns_exec(const struct sandbox_args *args, const struct sandbox_ref *ref,
		   struct sandbox_ref *out, struct lc_error *e)
{
	auto_build b;
	bool outside = false;

	if (build_init(&b, args, e) < 0)
		return -1;
	if (prepare_exec(&b, ref, e) < 0)
		return -1;
	/* A time namespace is not entered by who shares memory with another. */
	b.light = build_light_works && !b.box.mapped_root &&
		  !(b.target_flags & ns_kinds[NS_TIME].flag);
	b.wait = !b.light; /* its pid is told first, and its limits are set */
	if (spawn(&b, &outside, e) < 0 || admit(&b, outside, e) < 0 ||
	    converse_exec(&b, ref, e) < 0)
		return give_up(&b);
	give(&b, out);
	return 0;
}

/* ---- mounts ---- */

/* A mount that takes the container's mappings takes those that are in force. */
static int read_maps(struct build *b, const struct sandbox_ref *ref, struct lc_error *e)
{
	auto_fd user = -1;
	bool denied;

	if (b->completed.ns.of[NS_USER].how != NS_JOIN)
		return 0;
	user = ns_open_of(ref->pid, NS_USER, e);
	return user < 0 ? -1
			: ns_read_maps(user, &b->arena, &b->completed.ns.uid_maps,
				       &b->completed.ns.gid_maps, &denied, e);
}

static int ns_mounts(const struct sandbox_args *args, const struct sandbox_ref *ref, bool remove,
		     struct lc_error *e)
{
	static const enum sync_what ready[] = { SYNC_READY };
	auto_build b;
	bool outside = false;
	int status;

	if (build_init(&b, args, e) < 0 || prepare_exec(&b, ref, e) < 0)
		return -1;
	b.box.change = remove ? CHANGE_UNMOUNT : CHANGE_MOUNT;
	if (!remove && (read_maps(&b, ref, e) < 0 || sources_open(&b, e) < 0))
		return -1;
	if (spawn(&b, &outside, e) < 0 || admit(&b, outside, e) < 0 ||
	    hear(&b, ready, 1, NULL, NULL, e) < 0)
		return give_up(&b);
	return process_wait(b.ref.pidfd, &status, e);
}

const struct sandbox_ops sandbox_ns = {
	.name = "container",
	.create = ns_create,
	.start = ns_start,
	.exec = ns_exec,
	.mounts = ns_mounts,
};
