/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Init in the memory of the process that makes it.
 *
 * To libc it is a thread: one that is there already clones it and waits in the kernel (CLONE_VFORK)
 * for its execve or its end.  So the child has that thread's thread-local storage to itself, and
 * libc's locks are those between threads.  It takes none: the steps of init neither allocate nor
 * use stdio, by which a child that is killed would leave a lock behind.  What it works with it
 * copies before its maker goes on; the rest, the plan, is not changed.  Descriptors, signal
 * handlers and the working directory are its own, not shared.
 *
 * Who can write to the memory of that process executes code as hull, on the host.  So nobody but
 * the host's root may look into it:
 *
 * - It is the first process of a new pid namespace, which is empty else.  To trace a process, or
 *   to write to its memory (ptrace(2), process_vm_writev(2), /proc/PID/mem), one has to name it
 *   by a number or a pidfd, and in there it would have to be somebody that init itself has made:
 *   so no hooks, and nobody who passes on a listener.  `exec` brings nobody in before init has
 *   executed its program, or its maker has ended; after either it shares nothing.
 * - From outside it is like hull: not dumpable, so that only who has CAP_SYS_PTRACE in the user
 *   namespace in which hull was executed may trace it, whatever uid init has taken by then
 *   (__ptrace_may_access() in the kernel).  fs.suid_dumpable = 1 would make it dumpable when that
 *   changes.
 *
 * The init of `create` is left alone with the memory when that process ends, so that nothing of it
 * is given back.  `exec` comes in after that at the earliest.
 *
 * The kernel lets such a child have an oom_score_adj of its own, and does not choose it when memory
 * is out, which would end its maker as well: both for the sake of vfork.
 */
#include "run/ns-shared.h"
#include "base/file.h"
#include "base/pages.h"
#include "base/own.h"
#include "run/aside.h"
#include "run/clone-on.h"
#include "run/process.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdalign.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, STACK = 256 << 10, USED = 16 << 10 };

static struct {
	alignas(PAGE) char stack[STACK];
	struct progress progress;
	sem_t told; /* by init that it has begun, or by who made it that there is none */
	struct build *b;
	pid_t pid; /* both are the kernel's to write, before there is a child */
	int pidfd;
} shared;

static bool has_hooks(const struct plan *plan)
{
	const struct plan_hook_lists *h = &plan->hooks;

	return h->prestart.n || h->create_runtime.n || h->create_container.n ||
	       h->start_container.n;
}

/* Copies trees by a recursion that needs more of a stack. */
static bool copies_up(const struct plan *plan)
{
	for (size_t i = 0; i < plan->mounts.n; i++)
		if (plan->mounts.v[i].tmpcopyup)
			return true;
	return false;
}

static bool becomes_dumpable(const struct plan_process *p)
{
	auto_arena a = { 0 };
	char *setting;

	if (!p || (!p->user.uid && !p->user.gid))
		return false;
	setting = file_fact_at(AT_FDCWD, "/proc/sys/fs/suid_dumpable", &a, 16);
	return !setting || !strcmp(setting, "1");
}

bool ns_may_share(const struct plan *plan)
{
	const struct plan_namespace *of = plan->ns.of;

	return clone_on_works && !plan->vm && geteuid() == 0 && of[NS_PID].how == NS_NEW &&
	       of[NS_USER].how == NS_INHERIT && of[NS_TIME].how == NS_INHERIT && !has_hooks(plan) &&
	       !plan->seccomp.listener_path && !copies_up(plan) && !becomes_dumpable(plan->process);
}

struct progress *ns_shared_progress(void)
{
	return &shared.progress;
}

/* The child.  All that its maker may change or free is copied first. */
static void begin(void *arg)
{
	struct build own;

	(void)arg;
	memcpy(&own, shared.b, offsetof(struct build, box) + offsetof(struct sandbox, home));
	own.box.home[0] = own.box.program[0] = 0;
	shared.progress.begun = true;
	sem_post(&shared.told);
	build_begin_init(&own);
}

/* The thread that is aside: it sleeps in clone_on() while there is an init that shares. */
static void clone_init(void *arg)
{
	const struct build *b = shared.b;
	struct clone_args args = {
		.flags = (uint64_t)b->new_flags | CLONE_VM | CLONE_VFORK | CLONE_PIDFD |
			 CLONE_PARENT_SETTID,
		.pidfd = (uintptr_t)&shared.pidfd,
		.parent_tid = (uintptr_t)&shared.pid,
		.exit_signal = SIGCHLD,
		.stack = (uintptr_t)shared.stack + PAGE,
		.stack_size = STACK - PAGE,
	};

	(void)arg;
	if (b->cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)b->cgroup;
	}
	(void)clone_on(&args, begin, NULL);
	if (!shared.progress.begun)
		sem_post(&shared.told);
}

static int *copy_of(struct build *b, const int *fds)
{
	size_t n = b->plan->mounts.n;
	int *copy = arena_array(&b->arena, n, sizeof(*copy));

	return n ? memcpy(copy, fds, n * sizeof(*copy)) : copy;
}

pid_t ns_clone_shared(struct build *b, int *pidfd)
{
	int *sources = copy_of(b, b->box.sources), *idmap = copy_of(b, b->box.idmap_userns);

	/* What runs off the stack hits this page. */
	if (mprotect(shared.stack, PAGE, PROT_NONE) < 0) {
		aside_end();
		return 0;
	}
	pages_make(shared.stack + STACK - USED, USED);
	shared.b = b;
	shared.pidfd = -1;
	sem_init(&shared.told, 0, 0);
	aside_stay(clone_init, NULL);
	while (sem_wait(&shared.told) < 0 && errno == EINTR)
		;
	if (!shared.progress.begun) { /* not made, or killed when it was born */
		process_end(shared.pidfd, b->args->given_ms);
		fd_release(&shared.pidfd);
		return 0;
	}
	if (b->box.start_fifo >= 0)
		arena_keep();
	b->box.sources = sources; /* init keeps its own in the others */
	b->box.idmap_userns = idmap;
	*pidfd = fd_take(&shared.pidfd);
	return shared.pid;
}
