/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a sandbox's namespaces are refused: by what, and what helps. */
#include "sandbox/refusal.h"
#include "base/file.h"
#include "base/str.h"
#include "sys/probe-namespaces.h"
#include "sys/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define FACT_MAX 65536

static char *fact(struct job *job, const char *path)
{
	return file_fact_at(AT_FDCWD, path, &job->arena, FACT_MAX);
}

static bool is(struct job *job, const char *path, const char *value)
{
	const char *text = fact(job, path);

	return text && !strcmp(text, value);
}

/* A kind of namespace of which there may be none at all. */
static char *find_zero(struct job *job)
{
	static const char *const kinds[] = { "user", "mnt", "pid", "ipc", "uts", "net", "cgroup" };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (is(job, arena_printf(&job->arena, "/proc/sys/user/max_%s_namespaces", kinds[i]),
		       "0"))
			return arena_printf(&job->arena,
					    "user.max_%s_namespaces is 0 (as root: sysctl -w "
					    "user.max_%s_namespaces=10000)",
					    kinds[i], kinds[i]);
	return NULL;
}

/* A line "Seccomp:\t2": this process is under a filter. */
static bool has_filter(struct job *job)
{
	const char *status = fact(job, "/proc/self/status");

	return status && strstr(status, "\nSeccomp:\t2");
}

/* The profile of AppArmor's that hull is under; NULL: none. */
static const char *profile(struct job *job)
{
	const char *name = probe_apparmor() ? fact(job, "/proc/self/attr/apparmor/current") : NULL;

	return name && !str_starts(name, "unconfined") ? name : NULL;
}

static char *explain_make(struct job *job, int error)
{
	struct arena *a = &job->arena;
	char *zero = find_zero(job);

	if (zero && (error == ENOSPC || error == EPERM))
		return zero;
	if (!probe_namespace("user"))
		return arena_strdup(a, "this kernel has no user namespaces (CONFIG_USER_NS)");
	if (job->host.euid && is(job, "/proc/sys/kernel/unprivileged_userns_clone", "0"))
		return arena_strdup(a, "kernel.unprivileged_userns_clone is 0 (as root: sysctl -w "
				       "kernel.unprivileged_userns_clone=1)");
	if (has_filter(job) && (error == EPERM || error == ENOSYS))
		return arena_strdup(
			a, "a seccomp filter refuses them, as that of a container does (docker, "
			   "podman: --security-opt seccomp=FILE with one that allows clone, "
			   "unshare, mount and pivot_root)");
	if (error == ENOSPC || error == EUSERS)
		return arena_printf(a,
				    "there are too many, or too many within each other: %s (sysctl "
				    "user.max_user_namespaces and its like)",
				    lc_errno_text(error));
	return NULL;
}

static char *explain_use(struct job *job, enum probe_refused step, int error)
{
	struct arena *a = &job->arena;
	const char *confined = profile(job);

	if (is(job, "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1") &&
	    !(job->host.euid == 0 && job->host.initial_userns))
		return arena_strdup(
			a, "kernel.apparmor_restrict_unprivileged_userns is 1 (as root: an "
			   "AppArmor profile for hull with `userns,`, or sysctl -w "
			   "kernel.apparmor_restrict_unprivileged_userns=0)");
	if (confined)
		return arena_printf(a,
				    "AppArmor's profile %s, which hull is under, refuses it "
				    "(docker, podman: --security-opt apparmor=unconfined)",
				    confined);
	if (step == PROBE_PROC && error == EPERM)
		return arena_strdup(
			a, "parts of /proc are covered, as in a container, so that the kernel "
			   "lets no other be mounted (docker: --security-opt "
			   "systempaths=unconfined; podman: unmask=ALL)");
	return NULL;
}

char *refusal_find(struct job *job)
{
	static const char *const what[] = {
		[PROBE_MAKE] = "they cannot be made",
		[PROBE_MAP] = "the user cannot be mapped",
		[PROBE_MOUNT] = "nothing can be mounted in them",
		[PROBE_PROC] = "no procfs can be mounted in them",
	};
	int error;
	enum probe_refused step = probe_namespaces(job->host_uid, job->host_gid, &error);
	char *why = NULL;

	if (step == PROBE_NONE)
		return NULL;
	if (step == PROBE_MAKE)
		why = explain_make(job, error);
	if (!why)
		why = explain_use(job, step, error);
	if (why)
		return why;
	return arena_printf(&job->arena, "%s: %s", what[step], lc_errno_text(error));
}

void refusal_explain(struct job *job, struct lc_error *e)
{
	const char *why = refusal_find(job);

	if (why)
		lc_err(e, LC_EUNSUPPORTED,
		       "no namespaces can be had here: %s; --degrade does with Landlock, seccomp "
		       "and limits of processes alone",
		       why);
}
