/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every later decision rests on: who calls, as whom the program runs, where its root is. */
#include "sandbox/sandbox.h"
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int job_degrade(struct job *job, struct lc_error *e, const char *what, const char *fmt, ...)
{
	char why[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	if (job->s.strict.v)
		return lc_err(e, LC_EUNSUPPORTED, "%s cannot be enforced: %s", what, why);
	job_record(job, what, why);
	return 0;
}

void job_record(struct job *job, const char *what, const char *why)
{
	log_warn(job->lc->log, "%s is not enforced: %s", what, why);
	job_note(job, what, why);
}

void job_note(struct job *job, const char *what, const char *why)
{
	if (job->degraded.n == job->degraded_size) {
		struct degraded *grown;

		job->degraded_size = job->degraded_size ? 2 * job->degraded_size : 8;
		grown = arena_array(&job->arena, job->degraded_size, sizeof(*grown));
		if (job->degraded.n)
			memcpy(grown, job->degraded.v, job->degraded.n * sizeof(*grown));
		job->degraded.v = grown;
	}
	job->degraded.v[job->degraded.n++] = (struct degraded){ arena_strdup(&job->arena, what),
								arena_strdup(&job->arena, why) };
}

/* root's programs are nobody outside; a user's are the user.  In a user namespace in which somebody
 * is root already, that one is who maps to nothing of the host's. */
static void choose_ids(struct job *job)
{
	bool is_root = job->host.euid == 0 && job->host.initial_userns;

	job->host_uid = is_root ? NOBODY : job->host.euid;
	job->host_gid = is_root ? NOBODY : job->host.egid;
	job->uid = is_root ? 0 : job->host.euid;
	job->gid = is_root ? 0 : job->host.egid;
	if (job->how->has_uid)
		job->uid = job->gid = job->how->uid;
}

static bool bits_allow(const struct stat *st, unsigned shift, int mode)
{
	unsigned bits = (mode & R_OK ? 4U : 0) | (mode & W_OK ? 2U : 0) | (mode & X_OK ? 1U : 0);

	return (st->st_mode >> shift & bits) == bits;
}

bool job_may(const struct job *job, const struct stat *st, int mode)
{
	gid_t groups[NGROUPS_MAX > 1024 ? 1024 : NGROUPS_MAX];
	int n = 0;

	if (st->st_uid == job->host_uid)
		return bits_allow(st, 6, mode);
	if (st->st_gid == job->host_gid)
		return bits_allow(st, 3, mode);
	if (job->host_uid == job->host.euid) /* a user keeps their groups */
		n = getgroups(ARRAY_SIZE(groups), groups);
	for (int i = 0; i < n; i++)
		if (groups[i] == st->st_gid)
			return bits_allow(st, 3, mode);
	return bits_allow(st, 0, mode);
}

/* A directory, or a bundle whose root it is. */
static int find_root(struct job *job, struct lc_error *e)
{
	struct arena *a = &job->arena;
	const char *given = job->s.root;
	auto_free char *real = NULL;
	char *config;
	struct stat st;

	if (!given || !strcmp(given, "/")) {
		job->root_path = arena_strdup(a, "/");
		job->host_root = true;
		return 0;
	}
	config = arena_printf(a, "%s/config.json", given);
	if (access(config, F_OK) == 0)
		given = arena_printf(a, "%s/rootfs", given);
	real = realpath(given, NULL);
	if (!real || stat(real, &st) < 0)
		return lc_err_errno(e, "root %s", given);
	if (!S_ISDIR(st.st_mode))
		return lc_err(e, LC_EUSAGE, "root %s is not a directory", given);
	job->root_path = arena_strdup(a, real);
	return 0;
}

static int find_upper(struct job *job, struct lc_error *e)
{
	const char *overlay = job->s.overlay;
	auto_free char *real = NULL;

	if (!overlay || !strcmp(overlay, "tmp") || !strcmp(overlay, "none"))
		return 0;
	if (!strchr(overlay, '/'))
		return lc_err(e, LC_EUSAGE,
			      "overlay \"%s\": expected tmp, none or the path of a directory",
			      overlay);
	/* root's programs are somebody else, and have to get there. */
	if (file_mkdirs(overlay, job->host_uid == job->host.euid ? 0700 : 0711, e) < 0)
		return lc_err_in(e, "overlay");
	real = realpath(overlay, NULL);
	if (!real)
		return lc_err_errno(e, "overlay %s", overlay);
	job->upper = arena_strdup(&job->arena, real);
	return 0;
}

/* root's is beside the states, where the program's user may pass: it looks for its own there. */
static void choose_bundle(struct job *job)
{
	static unsigned count; /* several at a time by one caller */
	unsigned n = __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED);

	job->id = arena_printf(&job->arena, "sandbox-%d-%u", (int)getpid(), n);
	/* What is kept has another name: it is not cleared away. */
	job->bundle = arena_printf(
		&job->arena, "%s%s/%s%s", job->host.euid ? job->lc->root : "/run/hull",
		job->host.euid ? "/.sandbox" : ".sandbox", job->how->keep ? "kept-" : "", job->id);
}

static bool is_terminal(const struct lc_sandbox *how)
{
	return !how->in && !how->out && !how->err && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

int job_open(struct job *job, struct lc *lc, const struct lc_sandbox *how, struct lc_error *e)
{
	*job = (struct job){ .lc = lc, .how = how, .bundle_lock = -1 };
	if (!how->args || !how->args[0])
		return lc_err(e, LC_EUSAGE, "sandbox: which program?");
	if (settings_make(&job->arena, how, &job->s, e) < 0 ||
	    plan_host_ask(&job->arena, NULL, &job->host, e) < 0)
		return -1;
	choose_ids(job);
	choose_bundle(job);
	job->terminal = is_terminal(how);
	if (find_root(job, e) < 0)
		return -1;
	return find_upper(job, e);
}
