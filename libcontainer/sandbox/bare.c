/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Without namespaces: what is left, and what is lost. */
#include "sandbox/bare.h"
#include "sandbox/binds.h"
#include "sandbox/calls.h"
#include "sandbox/files.h"
#include "sandbox/limits.h"
#include "sandbox/net.h"
#include "sandbox/refusal.h"
#include "base/str.h"
#include "sys/landlock.h"

#include <string.h>

/* Protections and functions that nothing takes the place of. */
static const struct {
	const char *what, *why;
} always[] = {
	{ "overlay", "writes to the host's files are refused, and not thrown away" },
	{ "tmp", "/tmp, /run and /dev/shm are the host's, and shut: TMPDIR names a directory of "
		 "its own" },
	{ "processes", "there is no pid namespace: the host's processes, and how they were "
		       "called, can be seen in /proc; nothing else of them" },
	{ "hidden", "whether a hidden file is there, its size, its times and that it changes can "
		    "be seen; a directory with one in it cannot be listed" },
	{ "times", "times of files that are the program's user's can be changed" },
	{ "hostname", "it is the host's" },
	{ "mem-total", "without a cgroup nothing is limited for all processes together, and "
		       "figures are those of processes that were waited for" },
};

static void lose(struct job *job, const char *what, const char *why)
{
	job_note(job, what, why);
}

static void lose_by_kernel(struct job *job, int abi)
{
	if (abi < LANDLOCK_SCOPE_ABI)
		lose(job, "signals",
		     "this kernel's Landlock (Linux 6.12 has more) lets it signal the user's other "
		     "processes, and end hull's, whereupon it could live on");
	if (abi < 3)
		lose(job, "truncation",
		     "this kernel's Landlock (Linux 6.2 has more) lets files of the program's "
		     "user be emptied");
}

static void lose_by_request(struct job *job)
{
	if (job->net == NET_NONE)
		lose(job, "loopback",
		     "there is no network namespace: no sockets can be made at all");
	else
		lose(job, "unix-sockets",
		     "those with names cannot be made: they could be the "
		     "host's");
	if (job->terminal)
		lose(job, "terminal", "its streams are pipes");
	if (job->how->has_uid)
		lose(job, "uid", "it sees itself as who it is outside");
}

/* What cannot be left out without making the program fail, or do something else than was asked. */
static int refuse(struct job *job, const char *option, struct lc_error *e)
{
	return lc_err(e, LC_EUNSUPPORTED, "%s needs namespaces, also with --degrade: %s", option,
		      job->refused);
}

static int check_options(struct job *job, struct lc_error *e)
{
	const struct {
		bool given;
		const char *option;
	} options[] = {
		{ !job->host_root, "root" },
		{ job->upper != NULL, "overlay DIR" },
		{ job->how->changes != NULL, "changes" },
		{ job->s.tmpfs.n != 0, "tmpfs" },
		{ job->how->keep, "keep" },
		{ job->net == NET_ALLOW, "net with a list" },
		{ calls_from_file(job), "seccomp with a file" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].given)
			return refuse(job, options[i].option, e);
	for (size_t i = 0; i < job->binds.n; i++)
		if (strcmp(job->binds.v[i].host, job->binds.v[i].inside) != 0)
			return refuse(job,
				      arena_printf(&job->arena, "showing %s in another place",
						   job->binds.v[i].host),
				      e);
	return 0;
}

static int decide(struct job *job, struct lc_error *e)
{
	int abi = job->host.landlock_abi;

	if (!abi)
		return lc_err(e, LC_EUNSUPPORTED,
			      "neither namespaces (%s) nor Landlock (lsm= of the kernel's command "
			      "line) are there: nothing can be enforced",
			      job->refused);
	if (job->host.euid == 0) /* of whatever user namespace: never its root */
		job->host_uid = job->host_gid = NOBODY;
	job->uid = job->host_uid;
	job->gid = job->host_gid;
	job->scratch = arena_printf(&job->arena, "%s/rootfs/" BARE_TMP, job->bundle);
	if (job->s.strict.v)
		return lc_err(e, LC_EUNSUPPORTED, "namespaces cannot be enforced: %s",
			      job->refused);
	lose(job, "namespaces", job->refused);
	if (net_decide(job, e) < 0 || binds_read(job, e) < 0 || check_options(job, e) < 0 ||
	    limits_decide(job, e) < 0 || hide_decide(job, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		lose(job, always[i].what, always[i].why);
	lose_by_kernel(job, abi);
	lose_by_request(job);
	job->terminal = false;
	bundle_dir(job, BARE_TMP, 0700);
	return config_process(job, e);
}

int bare_decide(struct job *job, struct lc_error *e)
{
	if (!job->s.degrade.v)
		return 0;
	job->refused = refusal_find(job);
	return job->refused ? decide(job, e) : 0;
}

void bare_explain(const struct job *job, struct buf *b)
{
	buf_addf(b, "namespaces: none (%s)\n", job->refused);
	buf_add(b, "enforced by: Landlock, seccomp, limits of processes, no_new_privs\n");
	buf_addf(b, "writable: %s\n", job->scratch);
	for (size_t i = 0; i < job->binds.n; i++)
		if (job->binds.v[i].kind == BIND_RW)
			buf_addf(b, "writable: %s\n", job->binds.v[i].host);
	buf_addf(b, "network: %s\n", job->net == NET_HOST ? "the host's" : "none");
}
