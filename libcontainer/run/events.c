/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lc_stats(), lc_usage() and lc_events(): what a container uses, and when memory ran out in it. */
#include "base/own.h"
#include "json/encode.h"
#include "run/container.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>

static int open_cgroup(struct container *c, struct lc_error *e)
{
	if (!c->state.cgroup.path)
		return lc_err(e, LC_ESTATE, "container \"%s\" has no cgroup that would tell",
			      c->id);
	return cgroup_open(&c->state.cgroup, e);
}

/* Memory and processes of a virtual machine are counted inside.  One that stands still or is ending
 * cannot be asked: what is left are the host's numbers. */
static int read_stats(struct container *c, int cgroup, struct arena *a, struct cgroup_stats *out,
		      struct lc_error *e)
{
	struct lc_error ignored = { 0 };
	enum status status;

	if (cgroup_stats_read(cgroup, a, out, e) < 0)
		return -1;
	if (!c->state.vm)
		return 0;
	status = container_status(c);
	if (status == STATUS_CREATED || status == STATUS_RUNNING)
		(void)!vm_stats(container_machine(c), a, out, &ignored);
	return 0;
}

static int count_oom_kills(struct container *c, int cgroup, uint64_t *kills, struct lc_error *e)
{
	auto_arena a = { 0 };
	struct cgroup_stats stats = { 0 };

	if (read_stats(c, cgroup, &a, &stats, e) < 0)
		return -1;
	*kills = stats.memory.events.oom_kill;
	return 0;
}

static int stats_text(struct container *c, int cgroup, char **json, struct lc_error *e)
{
	auto_arena a = { 0 };
	struct cgroup_stats stats = { 0 };
	struct json_writer w = { .out = { .arena = &a } };

	if (read_stats(c, cgroup, &a, &stats, e) < 0)
		return -1;
	json_open(&w, NULL, '{');
	cgroup_stats_write(&w, &stats);
	container_rdt_write(c, &w);
	json_close(&w, '}');
	*json = strdup(w.out.str);
	return *json ? 0 : lc_err(e, LC_EINTERNAL, "out of memory");
}

static int open_living(struct lc *lc, const char *id, struct container *c, struct lc_error *e)
{
	if (container_open(lc, id, false, c, e) < 0)
		return -1;
	if (container_status(c) == STATUS_STOPPED)
		return container_not_running(e);
	return open_cgroup(c, e);
}

int lc_stats(struct lc *lc, const char *id, char **json, struct lc_error *e)
{
	auto_container c = CONTAINER_NONE;
	auto_fd cgroup = open_living(lc, id, &c, e);

	return cgroup < 0 ? -1 : stats_text(&c, cgroup, json, e);
}

static double pressure(const struct cgroup_psi *psi)
{
	return psi->present ? psi->some.avg10 : -1;
}

int lc_usage(struct lc *lc, const char *id, struct lc_usage *out, struct lc_error *e)
{
	auto_container c = CONTAINER_NONE;
	auto_fd cgroup = open_living(lc, id, &c, e);
	struct cgroup_stats s = { 0 };
	struct lc_usage usage;

	_Static_assert(LC_UNKNOWN == CGROUP_NONE, "unknown is the same inside and outside");
	if (cgroup < 0 || read_stats(&c, cgroup, &c.arena, &s, e) < 0)
		return -1;
	usage = (struct lc_usage){
		.size = out->size < sizeof(usage) ? out->size : sizeof(usage),
		.cpu_usec = s.cpu.usage_usec,
		.memory = s.memory.current,
		.memory_peak = s.memory.peak,
		.memory_limit = s.memory.max,
		.swap = s.memory.swap_current,
		.pids = s.pids.current,
		.pids_limit = s.pids.max,
		.oom_kills = s.memory.events.oom_kill,
		.cpu_pressure = pressure(&s.cpu.psi),
		.memory_pressure = pressure(&s.memory.psi),
		.io_pressure = pressure(&s.io_psi),
		.io_read = s.has_io ? 0 : LC_UNKNOWN,
		.io_written = s.has_io ? 0 : LC_UNKNOWN,
	};
	for (size_t i = 0; i < s.io.n; i++) {
		usage.io_read += s.io.v[i].rbytes;
		usage.io_written += s.io.v[i].wbytes;
	}
	memcpy(out, &usage, usage.size);
	return 0;
}

struct watch {
	struct container *c;
	int cgroup, init, inotify; /* inotify: memory.events; -1: no memory controller */
	uint64_t oom_kills;
	lc_event_fn *tell;
	void *ctx;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* Processes that the kernel killed because memory was short; CGROUP_NONE: no memory controller. */
static int look_for_oom(struct watch *w, struct lc_error *e)
{
	char drop[4096];
	uint64_t kills;

	while (read(w->inotify, drop, sizeof(drop)) > 0)
		;
	if (count_oom_kills(w->c, w->cgroup, &kills, e) < 0)
		return -1;
	if (kills == CGROUP_NONE || kills <= w->oom_kills) /* less: without the guest's */
		return 0;
	w->oom_kills = kills;
	return w->tell(w->ctx, "oom", NULL) < 0 ? lc_err(e, LC_EINTERNAL, "the listener gave up")
						: 0;
}

static int tell_stats(struct watch *w, struct lc_error *e)
{
	auto_free char *json = NULL;

	if (stats_text(w->c, w->cgroup, &json, e) < 0)
		return -1;
	if (w->tell(w->ctx, "stats", json) < 0)
		return lc_err(e, LC_EINTERNAL, "the listener gave up");
	return 0;
}

/* The container's end may come between two looks, and takes its cgroup along. */
static bool is_over(struct watch *w, const struct lc_error *e)
{
	return process_wait_gone(w->init, 0) || e->sys_errno == ENODEV || e->sys_errno == ENOENT;
}

static int watch_for(struct watch *w, int interval_ms, struct lc_error *e)
{
	int64_t next = now_ms() + interval_ms;

	for (;;) {
		struct pollfd p[2] = { { .fd = w->init, .events = POLLIN },
				       { .fd = w->inotify, .events = POLLIN } };
		int64_t left = next - now_ms();
		int n = poll(p, 2, left > 0 ? (int)left : 0);

		if (n < 0 && errno != EINTR)
			return lc_err_errno(e, "poll");
		if (n > 0 && p[1].revents && look_for_oom(w, e) < 0)
			return -1;
		if (n > 0 && p[0].revents)
			return look_for_oom(w, e);
		if (now_ms() < next)
			continue;
		/* Nothing on the host tells what happens in a guest. */
		if (w->c->state.vm && look_for_oom(w, e) < 0)
			return -1;
		if (tell_stats(w, e) < 0)
			return -1;
		next += interval_ms;
		if (next <
		    now_ms()) /* whoever listens was slow: what was missed is not told late */
			next = now_ms() + interval_ms;
	}
}

static int open_watch(struct watch *w, struct lc_error *e)
{
	char path[64];

	w->init = process_open(&w->c->state.init);
	if (w->init < 0)
		return container_not_running(e);
	w->cgroup = open_cgroup(w->c, e);
	if (w->cgroup < 0)
		return -1;
	w->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	snprintf(path, sizeof(path), "/proc/self/fd/%d/memory.events", w->cgroup);
	if (w->inotify >= 0 && inotify_add_watch(w->inotify, path, IN_MODIFY) < 0)
		fd_release(&w->inotify);
	/* Last: a kill between this and the watch would be told of only with the next one. */
	return count_oom_kills(w->c, w->cgroup, &w->oom_kills, e);
}

int lc_events(struct lc *lc, const char *id, unsigned interval_ms, lc_event_fn *tell, void *ctx,
	      struct lc_error *e)
{
	auto_container c = CONTAINER_NONE;
	struct watch w = {
		.c = &c,
		.cgroup = -1,
		.init = -1,
		.inotify = -1,
		.tell = tell,
		.ctx = ctx,
	};
	int r;

	if (!interval_ms || interval_ms > 1000000000)
		return lc_err(e, LC_EUSAGE, "the interval of events cannot be %u ms", interval_ms);
	if (container_open(lc, id, false, &c, e) < 0)
		return -1;
	r = open_watch(&w, e);
	if (r == 0) {
		r = watch_for(&w, (int)interval_ms, e);
		if (r < 0 && is_over(&w, e))
			r = 0;
	}
	fd_release(&w.cgroup);
	fd_release(&w.init);
	fd_release(&w.inotify);
	return r;
}
