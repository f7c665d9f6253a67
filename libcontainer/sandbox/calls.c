/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which system calls the program may do. */
#include "sandbox/calls.h"
#include "sandbox/bare.h"
#include "sandbox/set-id.h"
#include "seccomp/seccomp.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>

#define ONLY(i, v)  .only = true, .index = (i), .value = (v)
#define ARCH_SET_FS 0x1002 /* asm/prctl.h, on x86-64 alone */

/* What hull-init, and hull before it, call behind the filter: to be executed, to start the program,
 * to look after it, and to tell how it ended. */
static const struct need {
	const char *name;
	bool only; /* with this argument */
	uint32_t index;
	uint64_t value;
	bool weak; /* a profile may refuse it */
} needs[] = {
	{ .name = "read" },
	{ .name = "write" },
	{ .name = "close" },
	{ .name = "fcntl", ONLY(1, F_GETFD) },
	{ .name = "fcntl", ONLY(1, F_SETFD) },
	{ .name = "execve" },
	{ .name = "exit_group" },
	/* how a program of musl's begins */
	{ .name = "arch_prctl", ONLY(0, ARCH_SET_FS) },
	{ .name = "set_tid_address" },
	/* hull-init */
	{ .name = "prctl", ONLY(0, PR_SET_DUMPABLE) },
	{ .name = "rt_sigprocmask" },
	{ .name = "rt_sigtimedwait" },
	{ .name = "vfork" },
	/* The same on machines that have no vfork. */
	{ .name = "clone", ONLY(0, CLONE_VM | CLONE_VFORK | SIGCHLD), .weak = true },
	{ .name = "wait4" },
	{ .name = "kill" },
	{ .name = "getrusage" },
};
static const struct need fixed_addresses = { .name = "personality", ONLY(0, ADDR_NO_RANDOMIZE) };

const char *calls_name(const struct job *job)
{
	return job->s.seccomp ? job->s.seccomp : "default";
}

bool calls_from_file(const struct job *job)
{
	const char *which = calls_name(job);

	return strcmp(which, "default") != 0 && strcmp(which, "strict") != 0;
}

/* Something of what the program writes is still there when it has ended. */
static bool keeps_files(const struct job *job)
{
	for (size_t i = 0; i < job->binds.n; i++)
		if (job->binds.v[i].kind == BIND_RW)
			return true;
	return job->upper != NULL;
}

/* ---- for hull-init ---- */

static void allow(struct arena *a, struct spec_seccomp *to, const struct need *need)
{
	size_t n = to->syscalls.n;
	struct spec_syscall *grown = arena_array(a, n + 1, sizeof(*grown));
	struct spec_syscall *call = &grown[n];

	if (n)
		memcpy(grown, to->syscalls.v, n * sizeof(*grown));
	to->syscalls.v = grown;
	to->syscalls.n++;
	call->names = (struct strs){ arena_array(a, 2, sizeof(char *)), 1 };
	call->names.v[0] = arena_strdup(a, need->name);
	call->action = ACTION_ALLOW;
	if (!need->only)
		return;
	call->args.n = 1;
	call->args.v = arena_alloc(a, sizeof(*call->args.v));
	*call->args.v = (struct spec_seccomp_arg){ .index = need->index,
						   .value = need->value,
						   .op = OP_EQ };
}

static bool lets_through(enum seccomp_action action)
{
	return action == ACTION_ALLOW || action == ACTION_LOG;
}

/* *allowed: whatever its arguments are. An entry that refuses it is not overruled. */
static int look_at(const struct job *job, const struct spec_seccomp *profile,
		   const struct need *need, bool *allowed, struct lc_error *e)
{
	*allowed = lets_through(profile->defaultAction);
	for (size_t i = 0; i < profile->syscalls.n; i++) {
		const struct spec_syscall *call = &profile->syscalls.v[i];

		if (!strs_have(&call->names, need->name))
			continue;
		if (!lets_through(call->action) && !need->weak)
			return lc_err(e, LC_ECONFIG,
				      "seccomp %s: %s cannot be refused: hull-init, which starts "
				      "the program under this profile, needs it",
				      calls_name(job), need->name);
		*allowed |= !call->args.n; /* or refused, which stands */
	}
	return 0;
}

static int allow_for_init(struct job *job, struct spec_seccomp *profile, struct lc_error *e)
{
	struct buf added = { .arena = &job->arena };

	for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
		bool allowed;

		if (look_at(job, profile, &needs[i], &allowed, e) < 0)
			return -1;
		if (allowed)
			continue;
		allow(&job->arena, profile, &needs[i]);
		if (!i || strcmp(needs[i - 1].name, needs[i].name) != 0)
			buf_addf(&added, " %s", needs[i].name);
	}
	job->calls_added = added.str;
	return 0;
}

/* hull-init asks the kernel for them, behind the filter. */
static int allow_fixed_addresses(struct job *job, struct spec_seccomp *profile, struct lc_error *e)
{
	bool allowed;

	if (look_at(job, profile, &fixed_addresses, &allowed, e) < 0)
		return -1;
	if (!allowed)
		allow(&job->arena, profile, &fixed_addresses);
	return 0;
}

/* ---- the profile ---- */

static int find_profile(struct job *job, struct spec_seccomp **out, struct lc_error *e)
{
	const char *which = calls_name(job);

	if (calls_from_file(job) && !strchr(which, '/') && !strchr(which, '.'))
		return lc_err(e, LC_EUSAGE,
			      "seccomp \"%s\": expected default, strict or the path of a file",
			      which);
	if (calls_from_file(job))
		return calls_read(&job->arena, which, out, e) < 0 ||
				       allow_for_init(job, *out, e) < 0
			       ? -1
			       : 0;
	*out = (struct spec_seccomp *)seccomp_default_profile(&job->arena, 0);
	if (!strcmp(which, "strict")) {
		/* What is no part of a program's work ends it. */
		(*out)->defaultAction = ACTION_KILL_PROCESS;
		(*out)->defaultErrnoRet = (struct opt_u32){ 0 };
	}
	return 0;
}

int calls_decide(struct job *job, struct spec_seccomp **out, struct lc_error *e)
{
	if (find_profile(job, out, e) < 0)
		return -1;
	if (job_is_deterministic(job) && allow_fixed_addresses(job, *out, e) < 0)
		return -1;
	if ((job->refused || keeps_files(job)) && set_id_forbid(&job->arena, *out, e) < 0)
		return lc_err_in(e, "seccomp %s", calls_name(job));
	if (job->refused)
		bare_calls(job, *out);
	return 0;
}

void calls_explain(const struct job *job, struct buf *b)
{
	buf_addf(b, "system calls: the %s %s\n", calls_from_file(job) ? "profile in" : "profile",
		 calls_name(job));
	if (job->calls_added)
		buf_addf(b, "system calls that hull-init needs, and the profile lacks:%s\n",
			 job->calls_added);
}
