/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order of what happens inside the sandbox, and the walk over it. */
#include "init/steps.h"
#include "base/clock.h"
#include "base/own.h"
#include "init/hooks.h"
#include "init/sync.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <stdlib.h>
#include <sys/prctl.h>

bool init_wants_hooked(const struct plan *plan)
{
	return plan->hooks.prestart.n || plan->hooks.create_runtime.n || plan->net_devices.n;
}

static bool always(const struct sandbox *s)
{
	(void)s;
	return true;
}

static const struct plan_process *process(const struct sandbox *s)
{
	return s->plan->process;
}

static bool has_cgroup_namespace(const struct sandbox *s)
{
	return s->plan->ns.of[NS_CGROUP].how == NS_NEW;
}

static bool makes_ipc_namespace(const struct sandbox *s)
{
	return s->new_ipc;
}

static bool has_keyring(const struct sandbox *s)
{
	return s->plan->new_keyring;
}

static bool has_names(const struct sandbox *s)
{
	return s->plan->hostname || s->plan->domainname;
}

static bool has_loopback(const struct sandbox *s)
{
	return s->plan->loopback_up;
}

static bool wants_oom_score(const struct sandbox *s)
{
	return process(s) && process(s)->oom_score_adj.set && !s->limits_outside;
}

static bool wants_label(const struct sandbox *s)
{
	return process(s) && (process(s)->apparmor || process(s)->selinux);
}

/* Where somebody in the container may mount.  Without a user namespace of its own that is as good
 * as the host's root. */
static bool wants_locks(const struct sandbox *s)
{
	return s->mapped_root && !s->is_exec && !s->plan->root.chroot_only &&
	       (!process(s) || process(s)->caps.bounding >> CAP_SYS_ADMIN & 1);
}

static bool wants_procfs(const struct sandbox *s)
{
	return (!s->is_exec && s->plan->sysctls.n) || wants_oom_score(s) || wants_label(s) ||
	       wants_locks(s);
}

static bool wants_hooked(const struct sandbox *s)
{
	return init_wants_hooked(s->plan);
}

static bool has_create_hooks(const struct sandbox *s)
{
	return s->plan->hooks.create_container.n > 0;
}

static bool has_start_hooks(const struct sandbox *s)
{
	return s->plan->hooks.start_container.n > 0;
}

static bool has_process(const struct sandbox *s)
{
	return process(s) != NULL;
}

static bool has_terminal(const struct sandbox *s)
{
	return process(s) && process(s)->terminal;
}

static bool has_streams(const struct sandbox *s)
{
	return process(s) && !process(s)->terminal;
}

static bool has_user_to_enter(const struct sandbox *s)
{
	return process(s) && !s->in_cwd;
}

static bool has_no_new_privs(const struct sandbox *s)
{
	return process(s) && process(s)->no_new_privs;
}

static bool has_extra(const struct sandbox *s)
{
	return s->extra >= 0;
}

static bool has_death_signal(const struct sandbox *s)
{
	return s->death_signal;
}

static bool has_filter(const struct sandbox *s)
{
	return process(s) && s->plan->seccomp.filter.n;
}

/* Without no_new_privs a filter needs CAP_SYS_ADMIN, which the next steps take away. */
static bool filter_is_early(const struct sandbox *s)
{
	return has_filter(s) && s->plan->seccomp.early;
}

/* The parent that passes the listener on is gone once `create` has returned. */
static bool filter_has_listener(const struct sandbox *s)
{
	return has_filter(s) && !s->plan->seccomp.early && s->plan->seccomp.listener_path;
}

static bool filter_is_late(const struct sandbox *s)
{
	return has_filter(s) && !s->plan->seccomp.early && !s->plan->seccomp.listener_path;
}

static bool has_landlock(const struct sandbox *s)
{
	return process(s) && s->plan->landlock;
}

static int step_hooked(struct sandbox *s, struct lc_error *e)
{
	if (sync_send(s->sync, SYNC_HOOKS, -1, 0, e) < 0)
		return -1;
	return sync_expect(s->sync, SYNC_HOOKED, NULL, NULL, NULL, e);
}

static int step_create_hooks(struct sandbox *s, struct lc_error *e)
{
	struct hook_state state = { .head = s->state_creating,
				    .tail = s->state_tail,
				    .pid = getpid(),
				    .out = s->hook_out,
				    .err = s->hook_err,
				    .timeout_ms = s->timeout_ms };

	return hooks_run(&s->plan->hooks.create_container, "createContainer", &state, environ, e);
}

static int step_start_hooks(struct sandbox *s, struct lc_error *e)
{
	struct hook_state state = { .head = s->state_created,
				    .tail = s->state_tail,
				    .pid = getpid(),
				    .filtered = true,
				    .out = s->hook_out,
				    .err = s->hook_err,
				    .timeout_ms = s->timeout_ms };

	return hooks_run(&s->plan->hooks.start_container, "startContainer", &state,
			 process(s)->env.v, e);
}

static int step_death_signal(struct sandbox *s, struct lc_error *e)
{
	if (prctl(PR_SET_PDEATHSIG, s->death_signal, 0, 0, 0) < 0)
		return lc_err_errno(e, "prctl PR_SET_PDEATHSIG %d", s->death_signal);
	return 0;
}

/* The program's descriptor 3, while no filter is loaded; what we use ourselves makes way. */
static int step_extra(struct sandbox *s, struct lc_error *e)
{
	int *const ours[] = { &s->start_fifo, &s->status_fifo, &s->sync,    &s->root,
			      &s->landlock,   &s->hook_out,    &s->hook_err };

	close_now(s);
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
		if (*ours[i] != 3)
			continue;
		*ours[i] = fcntl(3, F_DUPFD_CLOEXEC, 4);
		if (*ours[i] < 0)
			return lc_err_errno(e, "move descriptor 3");
	}
	if (s->extra != 3 && dup3(s->extra, 3, O_CLOEXEC) < 0)
		return lc_err_errno(e, "make descriptor 3");
	s->preserve_fds = 1; /* step_exec() takes close-on-exec away */
	return 0;
}

/* Before the first path of the image's is looked at, all goes but what is still needed: the
 * descriptors of our set-up, the parent's, and any that the caller forgot (OCI: "only 0 to 2").
 * Close-on-exec is not enough, for execve(2) opens its path before that: a program named
 * /proc/self/fd/N/../bin/sh would be the host's (CVE-2024-21626).  What stays are sockets, fifos
 * and files to write to, which lead nowhere, and until the program is looked for, the root. */
static int step_close(struct sandbox *s, struct lc_error *e)
{
	int keep[] = { s->start_fifo,
		       s->status_fifo,
		       s->sync,
		       s->root,
		       s->landlock,
		       has_start_hooks(s) ? s->hook_out : -1,
		       has_start_hooks(s) ? s->hook_err : -1 };
	unsigned from = 3 + (unsigned)s->preserve_fds;

	for (size_t i = 0; i < ARRAY_SIZE(keep); i++) { /* smallest first */
		for (size_t j = i + 1; j < ARRAY_SIZE(keep); j++) {
			if (keep[j] < keep[i]) {
				int other = keep[i];

				keep[i] = keep[j];
				keep[j] = other;
			}
		}
		if (keep[i] < (int)from)
			continue;
		if ((unsigned)keep[i] > from && sys_close_range(from, (unsigned)keep[i] - 1, 0) < 0)
			return lc_err_errno(e, "close_range");
		from = (unsigned)keep[i] + 1;
	}
	if (sys_close_range(from, ~0U, 0) < 0)
		return lc_err_errno(e, "close_range");
	s->procfs = -1;
	s->dev = -1;
	s->done = 0;
	return 0;
}

/* `create`: the last word to the parent, which goes away; the rest is between us and `start`.  A
 * filter may be loaded: reads and writes only (close_range was before it). */
static int wait_on_fifo(struct sandbox *s, struct lc_error *e)
{
	ssize_t n;
	char go;

	if (sync_send(s->sync, SYNC_READY, -1, 0, e) < 0)
		return -1;
	close(s->sync);
	s->sync = s->status_fifo;
	do {
		n = read(s->start_fifo, &go, 1);
	} while (n < 0 && errno == EINTR);
	if (n != 1)
		return lc_err_errno(e, "read the start fifo");
	close(s->start_fifo);
	return 0;
}

static int step_wait(struct sandbox *s, struct lc_error *e)
{
	if (s->start_fifo >= 0) {
		if (wait_on_fifo(s, e) < 0)
			return -1;
	} else {
		if (sync_send(s->sync, SYNC_READY, -1, 0, e) < 0 ||
		    sync_expect(s->sync, SYNC_START, NULL, NULL, NULL, e) < 0)
			return -1;
	}
	if (!process(s) || process(s)->args.n == 0)
		return lc_err(e, LC_ECONFIG, "process.args: config.json names no program to start");
	return 0;
}

/*
 * What the container's first process does, in this order.  The last column: messages are complete
 * without the step's name in front.
 *
 * Mounts come before the runtime's hooks, since hooks look at them and add to them; sysctls after,
 * since hooks and the parent bring network devices; createContainer hooks still see the host's
 * files and a writable root.  HOME, the program and the working directory are looked up before ids
 * change and before any filter is loaded: once it is, the remaining steps use only reads, writes,
 * closes and what cannot be done earlier.
 */
const struct step init_steps[] = {
	{ "prepare the process", step_process, always, false },
	{ "enter the cgroup namespace", step_cgroup_namespace, has_cgroup_namespace, false },
	{ "make the IPC namespace", step_ipc_namespace, makes_ipc_namespace, false },
	{ "open procfs", step_procfs, wants_procfs, false },
	{ "join a session keyring", step_keyring, has_keyring, false },
	{ "set the host name", step_names, has_names, false },
	{ "bring up loopback", step_loopback, has_loopback, false },
	{ "open the root", step_root, always, false },
	{ "mount filesystems", step_mounts, always, false },
	{ "make devices", step_devices, always, false },
	{ "wait for the runtime's hooks", step_hooked, wants_hooked, false },
	{ "set sysctls", step_sysctls, always, false },
	{ "set oom_score_adj", step_oom_score, wants_oom_score, false },
	{ "run createContainer hooks", step_create_hooks, has_create_hooks, true },
	{ "set the label", step_label, wants_label, false },
	{ "open the terminal", step_terminal, has_terminal, false },
	{ "pass on the standard streams", step_streams, has_streams, false },
	{ "mask paths", step_masked, always, false },
	{ "make paths read-only", step_readonly_paths, always, false },
	{ "make file systems read-only", step_readonly, always, false },
	{ "change the root", step_pivot, always, false },
	{ "lock the mounts", step_lock_mounts, wants_locks, false },
	{ "make Landlock's rules", step_landlock_rules, has_landlock, false },
	{ "place the extra descriptor", step_extra, has_extra, false },
	{ "close descriptors", step_close, always, false },
	{ "look up HOME", step_home, has_process, false },
	{ "enter the working directory", step_cwd, has_process, false },
	{ "find the program", step_find, has_process, true },
	{ "set limits", step_limits, has_process, false },
	{ "set ids", step_ids, has_process, false },
	{ "load seccomp", step_seccomp, filter_is_early, false },
	{ "set capabilities", step_caps, has_process, false },
	{ "enter the working directory", step_cwd_as_user, has_user_to_enter, false },
	{ "set no_new_privs", step_no_new_privs, has_no_new_privs, false },
	{ "set the death signal", step_death_signal, has_death_signal, false },
	{ "restrict by Landlock", step_landlock, has_landlock, false },
	{ "load seccomp", step_seccomp, filter_has_listener, false },
	{ "wait for start", step_wait, always, false },
	{ "load seccomp", step_seccomp, filter_is_late, false },
	{ "run startContainer hooks", step_start_hooks, has_start_hooks, true },
	{ "execute", step_exec, always, true }, /* returns only on failure */
	{},
};

/* A further process in a container that runs: the caller has joined its namespaces and cgroup. */
const struct step exec_steps[] = {
	{ "prepare the process", step_process, always, false },
	{ "open procfs", step_procfs, wants_procfs, false },
	{ "join a session keyring", step_keyring, has_keyring, false },
	{ "open the root", step_joined_root, always, false },
	{ "set oom_score_adj", step_oom_score, wants_oom_score, false },
	{ "set the label", step_label, wants_label, false },
	{ "open the terminal", step_terminal, has_terminal, false },
	{ "pass on the standard streams", step_streams, has_streams, false },
	{ "make Landlock's rules", step_landlock_rules, has_landlock, false },
	{ "close descriptors", step_close, always, false },
	{ "look up HOME", step_home, always, false },
	{ "enter the working directory", step_cwd, always, false },
	{ "find the program", step_find, always, true },
	{ "set limits", step_limits, always, false },
	{ "set ids", step_ids, always, false },
	{ "load seccomp", step_seccomp, filter_is_early, false },
	{ "set capabilities", step_caps, always, false },
	{ "enter the working directory", step_cwd_as_user, has_user_to_enter, false },
	{ "set no_new_privs", step_no_new_privs, has_no_new_privs, false },
	{ "set the death signal", step_death_signal, has_death_signal, false },
	{ "restrict by Landlock", step_landlock, has_landlock, false },
	{ "load seccomp", step_seccomp, filter_has_listener, false },
	{ "load seccomp", step_seccomp, filter_is_late, false },
	{ "execute", step_exec, always, true }, /* returns only on failure */
	{},
};

/* What is mounted into a container that runs, by a process that is there for nothing else. */
const struct step mount_steps[] = {
	{ "prepare the process", step_process, always, false },
	{ "open the root", step_joined_root, always, false },
	{ "mount filesystems", step_add_mounts, always, true },
	{ "make file systems read-only", step_readonly, always, false },
	{ "leave", step_leave, always, false }, /* does not return */
	{},
};

const struct step unmount_steps[] = {
	{ "prepare the process", step_process, always, false },
	{ "open the root", step_joined_root, always, false },
	{ "unmount", step_unmount, always, true },
	{ "leave", step_leave, always, false }, /* does not return */
	{},
};

static const struct step *steps_of(const struct sandbox *s)
{
	if (s->change != CHANGE_NONE)
		return s->change == CHANGE_MOUNT ? mount_steps : unmount_steps;
	return s->is_exec ? exec_steps : init_steps;
}

/* With the time since the step before it: the parent reads several lines at once, when it has time,
 * and could not tell.  Not under a filter (*last < 0), which may forbid to ask for the time. */
static void log_step(struct sandbox *s, const char *name, int64_t *last)
{
	int64_t now;

	if (s->log.max < LC_LOG_DEBUG)
		return;
	now = *last < 0 ? -1 : (int64_t)clock_usec();
	if (*last > 0)
		log_debug(&s->log, "step: %s (+%lld us)", name, (long long)(now - *last));
	else
		log_debug(&s->log, "step: %s", name);
	*last = now;
}

static int run_steps(const struct step *steps, struct sandbox *s, struct lc_error *e)
{
	int64_t last = 0;

	for (const struct step *step = steps; step->name; step++) {
		if (!step->wanted(s))
			continue;
		log_step(s, step->name, &last);
		if (step->run == step_seccomp)
			last = -1;
		if (s->progress) {
			s->progress->what = NULL;
			s->progress->step = step->name;
		}
		if (step->run(s, e) < 0)
			return step->plain ? -1 : lc_err_in(e, "%s", step->name);
	}
	return lc_err(e, LC_EINTERNAL, "the steps ended without a program");
}

int init_run(struct sandbox *s, struct lc_error *e)
{
	return run_steps(steps_of(s), s, e);
}

noreturn void init_main(struct sandbox *s)
{
	struct lc_error e = { 0 };

	(void)!init_run(s, &e);
	if (s->sync >= 0)
		sync_send_error(s->sync, &e);
	_exit(e.code == LC_ENOENT ? 127 : e.code == LC_ENOEXEC ? 126 : 1);
}
