/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The children of a sandbox of namespaces, up to where init's own steps begin: joining, making a
 * user and a time namespace, cloning init.  No allocation, no stdio, no locks: the caller may have
 * been one thread of many.
 */
#include "base/own.h"
#include "base/str.h"
#include "init/sync.h"
#include "run/build.h"
#include "run/process.h"
#include "sys/procfs.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- joining ---- */

static const char *flag_name(int flag)
{
	for (size_t i = 0; i < NS_TYPES; i++)
		if (ns_kinds[i].flag == flag)
			return ns_kinds[i].file;
	return "?";
}

/* One pass over what is left to join; what is not permitted (yet) stays for the next. */
static int join_pass(struct build *b, bool last, struct lc_error *e)
{
	for (size_t i = 0; i < NS_TYPES; i++) {
		int fd = b->joins[i].fd;

		if (fd < 0 || b->joins[i].flag == CLONE_NEWUSER)
			continue;
		if (setns(fd, b->joins[i].flag) < 0) {
			if (errno == EPERM && !last)
				continue;
			return lc_err_errno(e, "join the %s namespace",
					    flag_name(b->joins[i].flag));
		}
		b->joins[i].fd = -1;
	}
	return 0;
}

/* What belongs to the host's user namespace has to be joined before a user namespace is entered,
 * what belongs to that one after. */
static int join_all(struct build *b, struct lc_error *e)
{
	int user = b->joins[NS_USER].fd;

	if (join_pass(b, user < 0, e) < 0)
		return -1;
	if (user < 0)
		return 0;
	if (setns(user, CLONE_NEWUSER) < 0)
		return lc_err_errno(e, "join the user namespace");
	return join_pass(b, true, e);
}

/* All namespaces of a process at once; where that is not permitted one after the other. */
static int join_target(struct build *b, struct lc_error *e)
{
	if (!b->target_flags || setns(b->target, b->target_flags) == 0)
		return 0;
	if (errno == ESRCH)
		return lc_err(e, LC_ESTATE, "container not running: no such process");
	if (errno != EPERM)
		return lc_err_errno(e, "join the container's namespaces");
	for (size_t i = 0; i < NS_TYPES; i++) {
		b->joins[i].flag = ns_kinds[i].flag;
		b->joins[i].fd = b->target_flags & ns_kinds[i].flag ? b->target : -1;
	}
	return join_all(b, e);
}

/* ---- init ---- */

static int wait_for_parent(struct build *b, struct lc_error *e)
{
	if (b->wait_maps && sync_expect(b->box.sync, SYNC_MAPPED, NULL, NULL, NULL, e) < 0)
		return -1;
	if (b->wait && sync_expect(b->box.sync, SYNC_CGROUP, NULL, NULL, NULL, e) < 0)
		return -1;
	if (b->join_in_init)
		return join_all(b, e);
	/* The cgroup namespace last: from inside, the way into the cgroup would be closed. */
	if (b->target_cgroup_ns >= 0 && setns(b->target_cgroup_ns, CLONE_NEWCGROUP) < 0)
		return lc_err_errno(e, "join the cgroup namespace");
	return 0;
}

noreturn void build_begin_init(struct build *b)
{
	struct lc_error e = { 0 };

	b->box.progress->begun = true;
	fd_release(&b->sync); /* or we would keep the socket open for ourselves */
	b->box.log.ctx = &b->box.sync;
	if (wait_for_parent(b, &e) < 0) {
		sync_send_error(b->box.sync, &e);
		_exit(1);
	}
	init_main(&b->box);
}

/* Moving is allowed where being born is not: beyond pids.max, and for those who may not write to
 * the common ancestor as they are now. */
static bool can_move_later(int err)
{
	return err == EAGAIN || err == EACCES || err == EPERM || err == ENOENT;
}

/* From 6.14 on (7.2 still does), Linux kills a process at birth when its cgroup and its parent's
 * differ in how often cgroup.kill was written to them.  One that is moved lives.  What has begun
 * was born alive, though exec's program may have ended by now: it must not be run twice. */
static bool is_born_dead(const struct build *b, int pidfd)
{
	const struct progress *p = b->box.progress;

	if (p->begun || (sys_process_mrelease(pidfd) < 0 && errno != ESRCH))
		return false;
	return !p->begun; /* no more, now that it is dead */
}

static pid_t clone_once(struct build *b, struct clone_args *args)
{
	pid_t pid = sys_clone3(args);

	if (pid == 0)
		build_begin_init(b);
	return pid;
}

pid_t build_clone_init(struct build *b, uint64_t flags, int *pidfd, bool *outside,
		       struct lc_error *e)
{
	struct clone_args args = {
		.flags = flags | (uint64_t)b->new_flags | CLONE_PIDFD,
		.pidfd = (uintptr_t)pidfd,
		.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
	};
	pid_t pid = -1;

	*outside = false;
	if (b->cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)b->cgroup;
		pid = clone_once(b, &args);
		if (pid > 0 && !is_born_dead(b, *pidfd))
			return pid;
		if (pid > 0) {
			process_end(*pidfd, b->args->given_ms);
			fd_release(pidfd);
		} else if (!can_move_later(errno)) {
			return lc_err_errno(e, "clone the container's init into its cgroup");
		}
		args.flags &= ~(uint64_t)CLONE_INTO_CGROUP;
		args.cgroup = 0;
		*outside = true;
		b->wait = true;
	}
	pid = clone_once(b, &args);
	if (pid < 0)
		return lc_err_errno(e, "clone the container's init");
	return pid;
}

/* ---- the one in between ---- */

/* "0-3,5" to a mask; only what the planner has checked comes here. */
static bool parse_cpus(const char *list, unsigned long *mask, size_t bits)
{
	while (*list) {
		char *end;
		unsigned long first = strtoul(list, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (end == list || last >= bits || first > last)
			return false;
		for (; first <= last; first++)
			mask[first / (8 * sizeof(long))] |= 1UL << first % (8 * sizeof(long));
		list = end + (*end == ',');
		if (*end && *end != ',')
			return false;
	}
	return true;
}

static int set_initial_affinity(struct build *b, struct lc_error *e)
{
	const struct plan_process *p = b->plan->process;
	unsigned long mask[8192 / (8 * sizeof(long))] = { 0 };

	if (!p || !p->cpus_initial)
		return 0;
	if (!parse_cpus(p->cpus_initial, mask, 8 * sizeof(mask)))
		return lc_err(e, LC_ECONFIG, "process.execCPUAffinity.initial: \"%s\" is no list",
			      p->cpus_initial);
	if (sys_sched_setaffinity(0, mask, sizeof(mask)) < 0)
		return lc_err_errno(e, "process.execCPUAffinity.initial: sched_setaffinity %s",
				    p->cpus_initial);
	return 0;
}

static int write_own_map(struct build *b, const char *path, const struct plan_id_map *map,
			 struct lc_error *e)
{
	char text[40];

	snprintf(text, sizeof(text), "%u %u 1", map->inside, map->outside);
	return procfs_write(b->procfs, path, text, e);
}

/* As an ordinary user may: only themselves, and without groups.  The outer one maps that user to
 * its 0. */
static int write_own_maps(struct build *b, uid_t uid, gid_t gid, struct lc_error *e)
{
	const struct plan_namespaces *ns = &b->plan->ns;
	struct plan_id_map user = { ns->uid_maps.v[0].inside, uid, 1 };
	struct plan_id_map group = { ns->gid_maps.v[0].inside, gid, 1 };

	if (procfs_write(b->procfs, "self/setgroups", "deny", e) < 0 ||
	    write_own_map(b, "self/gid_map", &group, e) < 0)
		return -1;
	return write_own_map(b, "self/uid_map", &user, e);
}

static int make_user_namespace(struct build *b, struct lc_error *e)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(CLONE_NEWUSER) < 0)
		return lc_err_errno(e, "unshare the user namespace");
	if (b->outer_user && write_own_maps(b, uid, gid, e) < 0)
		return lc_err_in(e, "user namespace");
	if (sync_send(b->box.sync, SYNC_MAP_IDS, -1, 0, e) < 0)
		return -1;
	return sync_expect(b->box.sync, SYNC_MAPPED, NULL, NULL, NULL, e);
}

/* Its clocks are set before the first process is in it. */
static int make_time_namespace(struct build *b, struct lc_error *e)
{
	const char *offsets = b->plan->ns.time_offsets;
	auto_fd procfs = -1;

	if (unshare(ns_kinds[NS_TIME].flag) < 0)
		return lc_err_errno(e, "unshare the time namespace");
	if (!offsets)
		return 0;
	procfs = procfs_open(e);
	if (procfs < 0 || procfs_write(procfs, "self/timens_offsets", offsets, e) < 0)
		return lc_err_in(e, "linux.timeOffsets");
	return 0;
}

/* A user namespace that is joined has processes: from here on none of them may trace us
 * (CVE-2016-9962).  After that our files in /proc are root's. */
static int prepare_to_join(struct build *b, struct lc_error *e)
{
	const struct plan_process *p = b->plan->process;
	char text[24];

	if (b->new_user)
		return 0; /* the parent does it, with the maps */
	if (b->box.limits_outside && p && p->oom_score_adj.set) {
		snprintf(text, sizeof(text), "%lld", (long long)p->oom_score_adj.v);
		if (procfs_write(b->procfs, "self/oom_score_adj", text, e) < 0)
			return lc_err_in(e, "process.oomScoreAdj");
	}
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return lc_err_errno(e, "prctl PR_SET_DUMPABLE");
	return 0;
}

static int prepare_and_clone(struct build *b, struct lc_error *e)
{
	auto_fd pidfd = -1;
	bool outside;
	pid_t pid;

	if (set_initial_affinity(b, e) < 0 || prepare_to_join(b, e) < 0)
		return -1;
	if ((b->target >= 0 ? join_target(b, e) : join_all(b, e)) < 0)
		return -1;
	if (b->new_user && make_user_namespace(b, e) < 0)
		return -1;
	if (b->new_time && make_time_namespace(b, e) < 0)
		return -1;
	pid = build_clone_init(b, CLONE_PARENT, &pidfd, &outside, e);
	if (pid < 0)
		return -1;
	return sync_send(b->box.sync, SYNC_PID, pidfd, pid | (outside ? SPAWNED_OUTSIDE : 0), e);
}

/* ---- the same, for exec where no user namespace is entered ---- */

/* AddressSanitizer knows no stacks but those of threads, and says so on stderr. */
#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
const bool build_light_works = false;
#else
const bool build_light_works = true;
#endif

#define LIGHT_STACK (512 << 10) /* init goes on with a copy of it */

/* For one at a time: to map and unmap one costs more than all else about it. */
static struct {
	alignas(64) char bytes[LIGHT_STACK];
	atomic_flag taken;
} stack_of_one;

static char *stack_take(void)
{
	char *stack;

	if (!atomic_flag_test_and_set(&stack_of_one.taken))
		return stack_of_one.bytes;
	stack = mmap(NULL, LIGHT_STACK, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
	return stack == MAP_FAILED ? NULL : stack;
}

static void stack_give(char *stack)
{
	if (stack == stack_of_one.bytes)
		atomic_flag_clear(&stack_of_one.taken);
	else
		munmap(stack, LIGHT_STACK);
}

struct light {
	struct build *b;
	bool *outside;
	struct lc_error *e;
	int result;
};

/* Its memory is the caller's, and not dumpable (make_undumpable()): nobody in the container sees
 * this process, whose pid namespace stays the caller's. */
static int join_and_clone(void *arg)
{
	struct light *l = arg;

	if (set_initial_affinity(l->b, l->e) < 0 || join_target(l->b, l->e) < 0)
		_exit(1);
	l->b->ref.pid = build_clone_init(l->b, CLONE_PARENT, &l->b->ref.pidfd, l->outside, l->e);
	l->result = l->b->ref.pid < 0 ? -1 : 0;
	_exit(0);
}

int build_clone_light(struct build *b, bool *outside, struct lc_error *e)
{
	struct light l = { b, outside, e, -1 };
	sigset_t all, before;
	char *stack = stack_take();
	pid_t pid;

	if (!stack)
		return lc_err_errno(e, "mmap a stack");
	sigfillset(&all); /* a handler must not run in there */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = clone(join_and_clone, stack + LIGHT_STACK,
		    CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, &l);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		lc_err_errno(e, "clone a process to join namespaces with");
	while (pid > 0 && waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	stack_give(stack);
	if (l.result < 0 && e->code == LC_OK)
		lc_err(e, LC_ESYSTEM,
		       "the process that joins the container's namespaces was killed");
	return l.result;
}

pid_t build_clone_between(struct build *b, int *pidfd, struct lc_error *e)
{
	struct clone_args args = {
		.flags = CLONE_PIDFD,
		.pidfd = (uintptr_t)pidfd,
		.exit_signal = SIGCHLD,
	};
	struct lc_error own = { 0 };
	pid_t pid = sys_clone3(&args);

	if (pid < 0)
		return lc_err_errno(e, "clone a process to join namespaces with");
	if (pid > 0)
		return pid;
	fd_release(&b->sync);
	if (prepare_and_clone(b, &own) == 0)
		_exit(0);
	sync_send_error(b->box.sync, &own);
	_exit(1);
}
