/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How it ended. */
#include "sandbox/report.h"
#include "config.h"
#include "json/encode.h"
#include "sandbox/calls.h"
#include "sandbox/changes.h"
#include "sandbox/limits.h"
#include "sandbox/net.h"

#include <signal.h>
#include <string.h>
#include <sys/utsname.h>

#define REPORT_VERSION 1

static bool is_some(uint64_t n)
{
	return n && n != LC_UNKNOWN;
}

static const char *verdict_of_limit(enum limit_id id)
{
	switch (id) {
	case LIMIT_WALL:
		return "wall_time";
	case LIMIT_CPU_TIME:
		return "cpu_time";
	case LIMIT_OUTPUT:
		return "output";
	default:
		return NULL;
	}
}

static const char *verdict_of_signal(const struct job *job, const struct outcome *o)
{
	if (o->signal == SIGXCPU)
		return "cpu_time";
	if (o->signal == SIGXFSZ)
		return "disk";
	if (o->signal == SIGSYS)
		return "seccomp";
	if (o->signal == SIGKILL && job->limits[LIMIT_CPU_TIME].asked &&
	    o->exit->cpu_usec != LC_UNKNOWN &&
	    o->exit->cpu_usec >= 1000 * job->limits[LIMIT_CPU_TIME].value)
		return "cpu_time";
	return "signal";
}

const char *verdict_of(const struct job *job, const struct outcome *o)
{
	const char *of_limit;

	if (o->error)
		return "setup_error";
	of_limit = verdict_of_limit(o->w->reached);
	if (of_limit)
		return of_limit;
	if (!o->status)
		return "ok";
	if (is_some(o->exit->oom_kills))
		return "memory";
	if (is_some(o->exit->pids_limited))
		return "pids";
	if (o->w->disk_full && job->limits[LIMIT_DISK].asked)
		return "disk";
	return o->signal ? verdict_of_signal(job, o) : "exit";
}

/* ---- JSON ---- */

static void add_known(struct json_writer *w, const char *key, uint64_t v, uint64_t times)
{
	if (v == LC_UNKNOWN)
		json_add_string(w, key, NULL);
	else
		json_add_u64(w, key, v * times);
}

static void add_end(struct json_writer *w, const struct outcome *o)
{
	if (o->error || o->signal)
		json_add_string(w, "exit_code", NULL);
	else
		json_add_i64(w, "exit_code", o->status);
	if (o->signal)
		json_add_i64(w, "signal", o->signal);
	else
		json_add_string(w, "signal", NULL);
	json_add_bool(w, "core", o->core);
	json_add_string(w, "error", o->error);
}

static void add_usage(struct json_writer *w, const struct outcome *o)
{
	const struct lc_exit *x = o->exit;

	json_add_u64(w, "wall_ns", o->w->wall_usec * 1000);
	add_known(w, "cpu_user_ns", x->cpu_user_usec, 1000);
	add_known(w, "cpu_sys_ns", x->cpu_system_usec, 1000);
	json_add_string(w, "cpu_from", x->from_cgroup ? "cgroup" : "rusage");
	add_known(w, "mem_peak", x->memory_peak == LC_UNKNOWN ? x->max_rss : x->memory_peak, 1);
	json_add_string(w, "mem_from", x->memory_peak == LC_UNKNOWN ? "rusage" : "cgroup");
	json_open(w, "mem_events", '{');
	add_known(w, "max", x->memory_limited, 1);
	add_known(w, "oom_kill", x->oom_kills, 1);
	json_close(w, '}');
	add_known(w, "swap_peak", x->swap_peak, 1);
	add_known(w, "pids_peak", x->pids_peak, 1);
	add_known(w, "pids_refused", x->pids_limited, 1);
	json_open(w, "io", '{');
	add_known(w, "rbytes", x->io_read, 1);
	add_known(w, "wbytes", x->io_written, 1);
	json_close(w, '}');
	json_add_u64(w, "disk_peak", o->w->disk_peak);
	json_open(w, "output_bytes", '{');
	json_add_u64(w, "stdout", o->w->streams[1].bytes);
	json_add_u64(w, "stderr", o->w->streams[2].bytes);
	json_add_bool(w, "truncated", o->w->truncated);
	json_close(w, '}');
}

static void add_limits(struct json_writer *w, const struct job *job)
{
	json_open(w, "limits", '{');
	for (size_t i = 0; i < LIMITS; i++) {
		const struct limit *l = &job->limits[i];

		if (!l->asked)
			continue;
		json_open(w, limit_names[i].report, '{');
		if (i == LIMIT_CPUSET) {
			json_add_string(w, "asked", job->s.cpuset);
			json_add_string(w, "enforced", l->by ? job->s.cpuset : NULL);
		} else {
			json_add_u64(w, "asked", l->value);
			add_known(w, "enforced", l->by ? l->enforced : LC_UNKNOWN, 1);
		}
		json_add_string(w, "by", l->by);
		json_close(w, '}');
	}
	json_close(w, '}');
}

static void add_paths(struct json_writer *w, const char *key, const struct changes *c,
		      enum change_kind kind)
{
	json_open(w, key, '[');
	for (size_t i = 0; i < c->list.n; i++)
		if (c->list.v[i].kind == kind)
			json_add_string(w, NULL, c->list.v[i].path);
	json_close(w, ']');
}

static void add_files(struct json_writer *w, const struct job *job)
{
	const struct changes *c = job->changes;

	if (!c)
		return;
	json_open(w, "files", '{');
	add_paths(w, "created", c, CREATED);
	add_paths(w, "modified", c, MODIFIED);
	add_paths(w, "deleted", c, DELETED);
	json_open(w, "left_out", '[');
	for (size_t i = 0; i < c->list.n; i++) {
		if (!c->list.v[i].skipped)
			continue;
		json_open(w, NULL, '{');
		json_add_string(w, "path", c->list.v[i].path);
		json_add_string(w, "why", c->list.v[i].skipped);
		json_close(w, '}');
	}
	json_close(w, ']');
	json_add_bool(w, "applied", job->applied);
	json_close(w, '}');
}

static void add_runtime(struct json_writer *w, const struct job *job)
{
	struct utsname u = { 0 };

	uname(&u);
	json_open(w, "runtime", '{');
	json_add_string(w, "version", PACKAGE_VERSION);
	json_add_string(w, "kernel", u.release);
	json_add_string(w, "mode", job->refused ? "landlock" : "ns");
	json_add_string(w, "profile", job->how->profile);
	json_add_string(w, "seccomp", calls_name(job));
	json_add_bool(w, "strict", job->s.strict.v);
	json_add_string(w, "kept", job->how->keep && job->bundle_made ? job->bundle : NULL);
	json_open(w, "degraded", '[');
	for (size_t i = 0; i < job->degraded.n; i++) {
		json_open(w, NULL, '{');
		json_add_string(w, "what", job->degraded.v[i].what);
		json_add_string(w, "why", job->degraded.v[i].why);
		json_close(w, '}');
	}
	json_close(w, ']');
	json_close(w, '}');
}

char *report_text(struct job *job, const struct outcome *o)
{
	struct json_writer w = { .out = { .arena = &job->arena }, .indent = 2 };

	json_open(&w, NULL, '{');
	json_add_u64(&w, "version", REPORT_VERSION);
	json_add_string(&w, "verdict", verdict_of(job, o));
	add_end(&w, o);
	if (o->w)
		add_usage(&w, o);
	add_limits(&w, job);
	net_add_to_report(&w, job);
	add_files(&w, job);
	add_runtime(&w, job);
	json_close(&w, '}');
	buf_add(&w.out, "\n");
	return w.out.str;
}
