/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lc_sandbox_run() and its like: the job is carried out as a container. */
#include "base/clock.h"
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "run/create.h"
#include "run/exit.h"
#include "run/process.h"
#include "sandbox/bare.h"
#include "sandbox/calls.h"
#include "sandbox/changes.h"
#include "sandbox/limits.h"
#include "sandbox/net.h"
#include "sandbox/refusal.h"
#include "sandbox/report.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

static struct lc_sandbox options_of(const struct lc_sandbox *given)
{
	struct lc_sandbox how = { 0 };

	memcpy(&how, given, given->size < sizeof(how) ? given->size : sizeof(how));
	return how;
}

/* ---- carrying out ---- */

struct running {
	struct job *job;
	struct watch w;
	struct creation m;
	struct foreground f;
	struct process_exit end;
	struct lc_exit exit;
	struct changes changes;
	struct net net;
	int tar; /* owned */
};

static void close_ends(int ends[4])
{
	for (int i = 0; i < 4; i++)
		fd_release(&ends[i]);
}

static int make(struct running *r, int ends[4], struct lc_error *e)
{
	struct job *job = r->job;
	size_t len;
	struct sandbox_extras extras = {
		.streams = { ends[0], ends[1], ends[2] },
		.extra = ends[3],
		.death_signal = SIGKILL,
		.give_mount = job->upper ? 0 : 1,
		.outer_user = job->host.euid ? r->net.user : -1,
	};
	struct lc_create how = {
		.size = sizeof(how),
		.bundle = job->bundle,
		.config_text = config_text(job, &len),
	};
	int ret = creation_make_with(&r->m, job->lc, job->id, &how, &extras, e);

	close_ends(ends);
	return ret;
}

static int start(struct running *r, struct lc_error *e)
{
	struct creation *m = &r->m;

	if (m->console.socket >= 0 && console_receive(&m->console, e) < 0) {
		creation_undo(m);
		return -1;
	}
	r->w.before = cpu_use_of(m->cgroup);
	if (creation_start(m, e) < 0)
		return -1;
	r->w.began_usec = clock_usec();
	return 0;
}

/* The figures of the cgroup, without what making the sandbox took, and clearing it away, which
 * takes longer the more is mounted in it. Without a cgroup those of hull-init. */
static void collect(struct running *r)
{
	const struct cpu_use *before = &r->w.before, *after = &r->w.after;
	const struct inside_report *told = &r->w.report;
	struct exit_facts facts = { .end = &r->end,
				    .plan = r->job->refused ? NULL : &r->m.loaded.plan };

	exit_collect(r->m.cgroup, &facts, &r->exit);
	if (r->exit.from_cgroup) {
		r->exit.cpu_user_usec = after->user_usec - before->user_usec;
		r->exit.cpu_system_usec = after->system_usec - before->system_usec;
	} else if (r->w.has_report) {
		r->exit.cpu_user_usec = told->user_usec;
		r->exit.cpu_system_usec = told->system_usec;
		r->exit.max_rss = told->max_rss;
	}
	r->exit.cpu_usec = r->exit.cpu_user_usec + r->exit.cpu_system_usec;
}

static int wait_for_end(struct running *r, struct lc_error *e)
{
	struct lc_error other = { 0 };
	int ret = watch_run(&r->w, &r->m, &r->f, e);

	if (ret < 0)
		(void)!container_kill_all(&r->m.c, &other);
	if (process_wait_exit(r->m.ref.pidfd, &r->end, ret < 0 ? &other : e) < 0)
		ret = -1;
	console_release(&r->m.console);
	collect(r);
	if (container_remove(&r->m.c, ret < 0 ? &other : e) < 0)
		return -1;
	net_end(&r->net, r->job);
	return ret;
}

static int carry_out(struct running *r, struct lc_error *e)
{
	int ends[4], ret = watch_open(&r->w, r->job, ends, e);

	bundle_sweep(r->job);
	if (ret == 0)
		ret = bundle_make(r->job, e);
	if (ret == 0)
		ret = net_start(&r->net, r->job, e);
	if (ret == 0)
		ret = foreground_begin(&r->f, e);
	if (ret < 0) {
		close_ends(ends);
		return -1;
	}
	if (make(r, ends, e) < 0 || start(r, e) < 0)
		return -1;
	return wait_for_end(r, e);
}

/* ---- without namespaces ---- */

static int wait_for_bare(struct running *r, struct lc_error *e)
{
	struct lc_error other = { 0 };
	int ret = watch_run(&r->w, &r->m, &r->f, e);

	if (ret < 0)
		shutdown(r->w.told, SHUT_WR);
	if (process_wait_exit(r->m.ref.pidfd, &r->end, ret < 0 ? &other : e) < 0)
		return -1;
	collect(r);
	if (ret == 0 && r->w.failed.code != LC_OK) {
		*e = r->w.failed;
		return -1;
	}
	return ret;
}

static int carry_out_bare(struct running *r, struct lc_error *e)
{
	struct job *job = r->job;
	int ends[4], ret = watch_open(&r->w, job, ends, e);

	r->w.bare = true;
	log_warn(job->lc->log,
		 "there are no namespaces, but only Landlock, seccomp and limits of "
		 "processes: %s",
		 job->refused);
	bundle_sweep(job);
	if (ret == 0)
		ret = bundle_make(job, e);
	if (ret == 0)
		ret = foreground_begin(&r->f, e);
	if (ret == 0)
		ret = bare_start(job, ends, &r->f.before, &r->m.ref.pidfd, e);
	close_ends(ends);
	if (ret < 0)
		return -1;
	r->w.began_usec = clock_usec();
	return wait_for_bare(r, e);
}

/* ---- what came of it ---- */

/* hull-init could not execute the program. */
static int not_executed(const struct running *r, struct lc_error *e)
{
	const char *name = r->job->how->args[0];
	int error = r->w.report.error;

	errno = error;
	lc_err_errno(e, "exec %s", name);
	e->code = error == ENOENT || error == ENOTDIR ? LC_ENOENT : LC_ENOEXEC;
	return -1;
}

static void judge(const struct running *r, struct outcome *o)
{
	int status = r->w.report.status;

	o->w = &r->w;
	o->exit = &r->exit;
	if (!r->w.has_report) { /* all was killed */
		o->status = r->end.status;
		o->signal = r->end.signal;
		return;
	}
	o->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	o->core = WIFSIGNALED(status) && WCOREDUMP(status);
	o->status = o->signal ? 128 + o->signal : WEXITSTATUS(status);
}

/* ---- what it wrote ---- */

static int open_tar(struct running *r, struct lc_error *e)
{
	const char *asked = r->job->how->changes, *path = asked ? strchr(asked, ':') : NULL;

	if (changes_check(asked, e) < 0)
		return -1;
	if (asked && r->job->s.overlay && !strcmp(r->job->s.overlay, "none"))
		return lc_err(e, LC_EUSAGE, "changes: with the overlay none there cannot be any");
	if (!path)
		return 0;
	r->tar = openat(AT_FDCWD, path + 1, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC,
			0666);
	return r->tar < 0 ? lc_err_errno(e, "changes: %s", path + 1) : 0;
}

static int apply_changes(struct running *r, const struct outcome *o, const char *list,
			 struct lc_error *e)
{
	const struct lc_sandbox *how = r->job->how;

	if (!r->changes.list.n)
		return 0;
	if (o->status) {
		log_warn(r->job->lc->log, "changes are not applied: the program did not end well");
		return 0;
	}
	if (how->confirm && !how->confirm(how->confirm_ctx, list))
		return 0;
	if (changes_apply(&r->changes, e) < 0)
		return -1;
	r->job->applied = true;
	return 0;
}

static int take_changes(struct running *r, const struct outcome *o, struct lc_sandbox_result *out,
			struct lc_error *e)
{
	const char *asked = r->job->how->changes, *text;
	int result = 0;

	if (!asked)
		return 0;
	if (changes_read(r->job, r->m.ref.mount, &r->changes, e) < 0)
		return -1;
	r->job->changes = &r->changes;
	if (r->tar >= 0)
		result = changes_tar(&r->changes, r->tar, e);
	text = changes_text(&r->changes);
	if (!strcmp(asked, "apply"))
		result = apply_changes(r, o, text, e);
	out->changes = strdup(text);
	return result;
}

static int give_report(struct job *job, const struct outcome *o, int fd,
		       struct lc_sandbox_result *out, struct lc_error *e)
{
	const char *text = report_text(job, o);

	out->status = o->status;
	out->report = strdup(text);
	if (job->bundle_made && job->how->keep) {
		out->kept = strdup(job->bundle);
		if (!out->kept || file_replace_at(job->bundle_lock, "report.json", text,
						  strlen(text), 0600, e) < 0)
			return -1;
	}
	if (!out->report)
		return lc_err(e, LC_EINTERNAL, "out of memory");
	return fd < 0 ? 0 : exit_report_write(fd, text, e);
}

static int run_job(struct job *job, struct outcome *o, struct running *r, struct lc_error *e)
{
	if (open_tar(r, e) < 0 || bare_decide(job, e) < 0)
		return -1;
	if (!job->refused && config_make(job, e) < 0)
		return -1;
	if ((job->refused ? carry_out_bare(r, e) : carry_out(r, e)) < 0) {
		if (!job->refused)
			refusal_explain(job, e);
		return -1;
	}
	if (r->w.has_report && r->w.report.error)
		return not_executed(r, e);
	judge(r, o);
	return 0;
}

static void running_release(struct running *r)
{
	foreground_end(&r->f);
	changes_release(&r->changes);
	fd_release(&r->tar);
	creation_release(&r->m);
	net_release(&r->net);
	watch_close(&r->w);
}

int lc_sandbox_run(struct lc *lc, const struct lc_sandbox *given, struct lc_sandbox_result *out,
		   struct lc_error *e)
{
	struct lc_sandbox how = options_of(given);
	struct running r = {
		.w = { .pipes = { -1, -1, -1 }, .outer = { -1, -1, -1 }, .told = -1 },
		.f = FOREGROUND_NONE,
		.m = CREATION_NONE,
		.changes = CHANGES_NONE,
		.net = NET_NOT_RUNNING,
		.tar = -1,
	};
	struct lc_error other = { 0 };
	struct outcome o = { .status = 125 };
	auto_fd report = -1;
	auto_job job = { 0 };
	int ret;

	out->report = out->kept = out->changes = NULL;
	if (how.report) {
		report = exit_report_open(how.report, 0, e);
		if (report < 0)
			return -1;
	}
	ret = job_open(&job, lc, &how, e);
	r.job = &job;
	if (ret == 0)
		ret = run_job(&job, &o, &r, e);
	o.error = ret < 0 ? e->msg : NULL;
	if (ret < 0)
		o.w = NULL;
	else /* the program has run, whatever comes of this */
		ret = take_changes(&r, &o, out, e);
	if (give_report(&job, &o, report, out, ret < 0 ? &other : e) < 0)
		ret = -1;
	running_release(&r);
	return ret;
}

/* ---- only saying ---- */

static int give(const char *text, char **out, struct lc_error *e)
{
	*out = strdup(text);
	return *out ? 0 : lc_err(e, LC_EINTERNAL, "out of memory");
}

int lc_sandbox_config(struct lc *lc, const struct lc_sandbox *given, char **json,
		      struct lc_error *e)
{
	struct lc_sandbox how = options_of(given);
	auto_job job = { 0 };
	size_t len;

	if (job_open(&job, lc, &how, e) < 0 || config_make(&job, e) < 0)
		return -1;
	return give(config_text(&job, &len), json, e);
}

static void explain_limits(const struct job *job, struct buf *b)
{
	for (size_t i = 0; i < LIMITS; i++) {
		const struct limit *l = &job->limits[i];

		if (!l->asked)
			continue;
		buf_addf(b, "limit %s: ", limit_names[i].option);
		if (i == LIMIT_CPUSET)
			buf_add(b, job->s.cpuset);
		else
			buf_addf(b, "%llu", (unsigned long long)l->value);
		buf_addf(b, l->by ? ", by %s\n" : ", not enforced\n", l->by);
	}
}

static void explain_files(const struct job *job, struct buf *b)
{
	static const char *const kinds[] = {
		[BIND_RO] = "read-only", [BIND_RW] = "writable", [BIND_TMPFS] = "empty"
	};
	const char *overlay = job->s.overlay;

	buf_addf(b, "root: %s, %s\n", job->root_path,
		 overlay && !strcmp(overlay, "none") ? "read-only"
		 : job->upper			     ? job->upper
						     : "what is written is thrown away");
	buf_add(b, "empty and private: /tmp /var/tmp /run /dev/shm\n");
	for (size_t i = 0; i < job->binds.n; i++)
		buf_addf(b, "%s: %s%s%s\n", kinds[job->binds.v[i].kind], job->binds.v[i].inside,
			 *job->binds.v[i].host ? " is the host's " : "", job->binds.v[i].host);
	for (size_t i = 0; i < job->masked.n; i++)
		buf_addf(b, "hidden: %s\n", job->masked.v[i]);
}

int lc_sandbox_explain(struct lc *lc, const struct lc_sandbox *given, char **text,
		       struct lc_error *e)
{
	struct lc_sandbox how = options_of(given);
	auto_job job = { 0 };
	struct buf b = { .arena = &job.arena };

	if (job_open(&job, lc, &how, e) < 0 || bare_decide(&job, e) < 0 ||
	    (!job.refused && config_make(&job, e) < 0))
		return -1;
	buf_addf(&b, "user: %u inside is %u of the host\n", job.uid, job.host_uid);
	buf_addf(&b, "working directory: %s\n", job.spec.process->cwd);
	if (job.refused) {
		bare_explain(&job, &b);
	} else {
		explain_files(&job, &b);
		net_explain(&job, &b);
	}
	calls_explain(&job, &b);
	explain_limits(&job, &b);
	for (size_t i = 0; i < job.degraded.n; i++)
		buf_addf(&b, "degraded: %s: %s\n", job.degraded.v[i].what, job.degraded.v[i].why);
	return give(b.str, text, e);
}
