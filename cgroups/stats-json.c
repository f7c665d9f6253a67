/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Statistics as the "data" of an `events` line, in the layout that engines know from cgroup v1: CPU
 * times in nanoseconds, swap together with memory.
 */
#include "cgroups/internal.h"
#include "json/encode.h"

#include <string.h>

static void add_known(struct json_writer *w, const char *key, uint64_t value)
{
	if (value != CGROUP_NONE)
		json_add_u64(w, key, value);
}

static uint64_t scaled(uint64_t value, unsigned by)
{
	return value == CGROUP_NONE ? CGROUP_NONE : value * by;
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	return a == CGROUP_NONE || b == CGROUP_NONE ? CGROUP_NONE : a + b;
}

static uint64_t or_zero(uint64_t value)
{
	return value == CGROUP_NONE ? 0 : value;
}

static void write_psi_line(struct json_writer *w, const char *key,
			   const struct cgroup_psi_line *line)
{
	json_open(w, key, '{');
	json_add_double(w, "avg10", line->avg10);
	json_add_double(w, "avg60", line->avg60);
	json_add_double(w, "avg300", line->avg300);
	json_add_u64(w, "total", line->total);
	json_close(w, '}');
}

static void write_psi(struct json_writer *w, const struct cgroup_psi *psi)
{
	if (!psi->present)
		return;
	json_open(w, "psi", '{');
	write_psi_line(w, "some", &psi->some);
	write_psi_line(w, "full", &psi->full);
	json_close(w, '}');
}

static void write_cpu(struct json_writer *w, const struct cgroup_stats *s)
{
	json_open(w, "cpu", '{');
	json_open(w, "usage", '{');
	add_known(w, "total", scaled(s->cpu.usage_usec, 1000));
	add_known(w, "kernel", scaled(s->cpu.system_usec, 1000));
	add_known(w, "user", scaled(s->cpu.user_usec, 1000));
	json_close(w, '}');
	json_open(w, "throttling", '{');
	add_known(w, "periods", s->cpu.nr_periods);
	add_known(w, "throttledPeriods", s->cpu.nr_throttled);
	add_known(w, "throttledTime", scaled(s->cpu.throttled_usec, 1000));
	add_known(w, "burstPeriods", s->cpu.nr_bursts);
	add_known(w, "burstTime", scaled(s->cpu.burst_usec, 1000));
	json_close(w, '}');
	write_psi(w, &s->cpu.psi);
	json_close(w, '}');
}

/* Without a limit the number is the largest there is, as v1 had it. */
static void write_memory_entry(struct json_writer *w, const char *key, uint64_t limit,
			       uint64_t usage, uint64_t max, uint64_t failcnt)
{
	json_open(w, key, '{');
	json_add_u64(w, "limit", limit);
	add_known(w, "usage", usage);
	add_known(w, "max", max);
	json_add_u64(w, "failcnt", or_zero(failcnt));
	json_close(w, '}');
}

static uint64_t memory_stat(const struct cgroup_stats *s, const char *name)
{
	for (size_t i = 0; i < s->memory.stat.n; i++) {
		if (!strcmp(s->memory.stat.v[i].name, name))
			return s->memory.stat.v[i].value;
	}
	return CGROUP_NONE;
}

static void write_memory(struct json_writer *w, const struct cgroup_stats *s)
{
	json_open(w, "memory", '{');
	if (s->memory.current != CGROUP_NONE) {
		add_known(w, "cache", memory_stat(s, "file"));
		write_memory_entry(w, "usage", s->memory.max, s->memory.current, s->memory.peak,
				   s->memory.events.max);
		write_memory_entry(w, "swap", sum(s->memory.max, s->memory.swap_max),
				   sum(s->memory.current, s->memory.swap_current), CGROUP_NONE, 0);
		json_open(w, "events", '{');
		add_known(w, "low", s->memory.events.low);
		add_known(w, "high", s->memory.events.high);
		add_known(w, "max", s->memory.events.max);
		add_known(w, "oom", s->memory.events.oom);
		add_known(w, "oom_kill", s->memory.events.oom_kill);
		json_close(w, '}');
		json_open(w, "raw", '{');
		for (size_t i = 0; i < s->memory.stat.n; i++)
			json_add_u64(w, s->memory.stat.v[i].name, s->memory.stat.v[i].value);
		json_close(w, '}');
	}
	write_psi(w, &s->memory.psi);
	json_close(w, '}');
}

static void write_pids(struct json_writer *w, const struct cgroup_stats *s)
{
	json_open(w, "pids", '{');
	add_known(w, "current", s->pids.current);
	add_known(w, "limit", s->pids.max);
	json_close(w, '}');
}

static void write_io_entry(struct json_writer *w, const struct cgroup_io *io, const char *op,
			   uint64_t value)
{
	json_open(w, NULL, '{');
	json_add_u64(w, "major", io->major);
	json_add_u64(w, "minor", io->minor);
	json_add_string(w, "op", op);
	json_add_u64(w, "value", value);
	json_close(w, '}');
}

static void write_io(struct json_writer *w, const struct cgroup_stats *s)
{
	json_open(w, "blkio", '{');
	json_open(w, "ioServiceBytesRecursive", '[');
	for (size_t i = 0; i < s->io.n; i++) {
		write_io_entry(w, &s->io.v[i], "Read", s->io.v[i].rbytes);
		write_io_entry(w, &s->io.v[i], "Write", s->io.v[i].wbytes);
		write_io_entry(w, &s->io.v[i], "Discard", s->io.v[i].dbytes);
	}
	json_close(w, ']');
	json_open(w, "ioServicedRecursive", '[');
	for (size_t i = 0; i < s->io.n; i++) {
		write_io_entry(w, &s->io.v[i], "Read", s->io.v[i].rios);
		write_io_entry(w, &s->io.v[i], "Write", s->io.v[i].wios);
		write_io_entry(w, &s->io.v[i], "Discard", s->io.v[i].dios);
	}
	json_close(w, ']');
	write_psi(w, &s->io_psi);
	json_close(w, '}');
}

static void write_hugetlb(struct json_writer *w, const struct cgroup_stats *s)
{
	json_open(w, "hugetlb", '{');
	for (size_t i = 0; i < s->hugetlb.n; i++) {
		const struct cgroup_hugetlb *h = &s->hugetlb.v[i];

		json_open(w, h->size, '{');
		add_known(w, "usage", h->current);
		add_known(w, "max", h->max);
		json_add_u64(w, "failcnt", or_zero(h->failcnt));
		json_close(w, '}');
	}
	json_close(w, '}');
}

void cgroup_stats_write(struct json_writer *w, const struct cgroup_stats *stats)
{
	write_cpu(w, stats);
	write_memory(w, stats);
	write_pids(w, stats);
	write_io(w, stats);
	write_hugetlb(w, stats);
}
