/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Limits as properties of a systemd unit: made from the files that the plan writes, so that typed
 * members and linux.resources.unified come out the same.  The files are written too: systemd rounds
 * (processor time to whole percents) and does not know them all.
 */
#include "cgroups/unit.h"
#include "base/str.h"
#include "cgroups/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SEP UNIT_SEPARATOR

void unit_add(struct unit_words *w, const char *word)
{
	if (w->n + 1 >= w->size) {
		size_t size = w->size ? 2 * w->size : 32;
		char **v = arena_array(w->a, size, sizeof(*v));

		if (w->n)
			memcpy(v, w->v, w->n * sizeof(*v));
		w->v = v;
		w->size = size;
	}
	w->v[w->n++] = arena_strdup(w->a, word);
	w->v[w->n] = NULL;
}

static void add_number(struct unit_words *w, const char *property, uint64_t v)
{
	unit_add(w, arena_printf(w->a, "%s" SEP "t" SEP "%" PRIu64, property, v));
}

/* "max" is the largest number there. */
static bool number_or_max(const char *text, uint64_t *out)
{
	if (!strcmp(text, "max")) {
		*out = UINT64_MAX;
		return true;
	}
	return str_u64(text, out);
}

static void plain(struct unit_words *w, const char *property, const char *value)
{
	uint64_t v;

	if (number_or_max(value, &v))
		add_number(w, property, v);
}

/* "default 100" or "100", and "8:0 100" for a device. */
static void io_weight(struct unit_words *w, const char *property, const char *value)
{
	const char *space = strchr(value, ' ');
	uint64_t v;

	if (!space || str_starts(value, "default "))
		plain(w, property, space ? space + 1 : value);
	else if (str_u64(space + 1, &v))
		unit_add(w, arena_printf(w->a,
					 "IODeviceWeight" SEP "a(st)" SEP "/dev/block/%.*s" SEP
					 "%" PRIu64,
					 (int)(space - value), value, v));
}

/* "8:0 rbps=1000 wiops=max" */
static void io_max(struct unit_words *w, const char *property, const char *value)
{
	static const struct {
		const char *key, *property;
	} keys[] = {
		{ "rbps=", "IOReadBandwidthMax" },
		{ "wbps=", "IOWriteBandwidthMax" },
		{ "riops=", "IOReadIOPSMax" },
		{ "wiops=", "IOWriteIOPSMax" },
	};
	char *rest = arena_strdup(w->a, value), *device = strsep(&rest, " "), *word;
	uint64_t v;

	(void)property;
	while ((word = strsep(&rest, " ")))
		for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
			if (str_starts(word, keys[i].key) &&
			    number_or_max(word + strlen(keys[i].key), &v))
				unit_add(w, arena_printf(w->a,
							 "%s" SEP "a(st)" SEP "/dev/block/%s" SEP
							 "%" PRIu64,
							 keys[i].property, device, v));
}

#define LIST_BITS 8192

/* "0-3,7" to bytes, the lowest bit first. */
static void bit_list(struct unit_words *w, const char *property, const char *value)
{
	unsigned char bytes[LIST_BITS / 8] = { 0 };
	struct buf out = { .arena = w->a };
	size_t used = 0;

	buf_addf(&out, "%s" SEP "ay", property);
	for (const char *p = value; *p; p += *p == ',') {
		unsigned from, to;
		int len;

		if (sscanf(p, "%u%n", &from, &len) != 1)
			return;
		p += len;
		to = from;
		if (*p == '-' && sscanf(++p, "%u%n", &to, &len) == 1)
			p += len;
		if ((*p && *p != ',') || to >= LIST_BITS)
			return; /* the kernel says what is wrong with it */
		for (; from <= to; from++)
			bytes[from / 8] |= (unsigned char)(1 << from % 8);
		used = to / 8 + 1 > used ? to / 8 + 1 : used;
	}
	for (size_t i = 0; i < used; i++)
		buf_addf(&out, SEP "%u", bytes[i]);
	unit_add(w, out.str);
}

#define SECOND	       UINT64_C(1000000)
#define PERCENT	       (SECOND / 100)
#define PERIOD_DEFAULT 100000

/* "QUOTA PERIOD". systemd keeps whole percents of a processor: rounded up, so that the container
 * gets no less than it was promised. */
static void cpu_max(struct unit_words *w, const char *property, const char *value)
{
	uint64_t quota, period = PERIOD_DEFAULT, usec = UINT64_MAX;
	char text[64], *rest = text, *first;

	snprintf(text, sizeof(text), "%s", value);
	first = strsep(&rest, " ");
	if (!number_or_max(first, &quota) || (rest && !str_u64(rest, &period)) || !period)
		return;
	if (quota != UINT64_MAX && quota <= UINT64_MAX / SECOND) {
		usec = quota * SECOND / period;
		usec = (usec + PERCENT - 1) / PERCENT * PERCENT;
	}
	add_number(w, property, usec);
	add_number(w, "CPUQuotaPeriodUSec", period);
}

/* systemd from 252 on: a weight of 0 is idle. */
static void cpu_idle(struct unit_words *w, const char *property, const char *value)
{
	if (!strcmp(value, "1"))
		add_number(w, property, 0);
}

static const struct {
	const char *file, *property;
	void (*add)(struct unit_words *w, const char *property, const char *value);
} limits[] = {
	{ "memory.min", "MemoryMin", plain },
	{ "memory.low", "MemoryLow", plain },
	{ "memory.high", "MemoryHigh", plain },
	{ "memory.max", "MemoryMax", plain },
	{ "memory.swap.max", "MemorySwapMax", plain },
	{ "memory.zswap.max", "MemoryZSwapMax", plain },
	{ "cpu.weight", "CPUWeight", plain },
	{ "cpu.idle", "CPUWeight", cpu_idle },
	{ "cpu.max", "CPUQuotaPerSecUSec", cpu_max },
	{ "cpuset.cpus", "AllowedCPUs", bit_list },
	{ "cpuset.mems", "AllowedMemoryNodes", bit_list },
	{ "io.weight", "IOWeight", io_weight },
	{ "io.max", "IOReadBandwidthMax", io_max },
	{ "pids.max", "TasksMax", plain },
};

/* What an update leaves out of cpu.max is what the file has. */
static const char *completed(struct unit_words *w, const struct plan_cgroup_file *f, int dir)
{
	const char *rest = strchr(f->value, ' ');
	char now[64], *space;

	if (dir < 0 || strcmp(f->file, "cpu.max") != 0 ||
	    cg_read(dir, f->file, now, sizeof(now)) < 0)
		return f->value;
	space = strchr(now, ' ');
	if (!space)
		return f->value;
	if (!f->keep_first)
		return rest ? f->value : arena_printf(w->a, "%s%s", f->value, space);
	*space = 0;
	return arena_printf(w->a, "%s%s", now, rest ? rest : "");
}

static bool has(const struct plan_cgroup *plan, const char *file, const char *value)
{
	for (size_t i = 0; i < plan->files.n; i++)
		if (!strcmp(plan->files.v[i].file, file) &&
		    (!value || !strcmp(plan->files.v[i].value, value)))
			return true;
	return false;
}

/* No longer idle: the kernel's weight is the default again, so systemd's has to be. */
static bool wakes_up(const struct plan_cgroup *plan, int dir)
{
	char now[16];

	return dir >= 0 && has(plan, "cpu.idle", "0") && !has(plan, "cpu.weight", NULL) &&
	       cg_read(dir, "cpu.idle", now, sizeof(now)) >= 0 && !strcmp(now, "1");
}

void unit_add_limits(struct unit_words *w, const struct plan_cgroup *plan, int dir,
		     const struct lc_log *log)
{
	bool idle = has(plan, "cpu.idle", "1");

	if (wakes_up(plan, dir))
		add_number(w, "CPUWeight", 100);
	for (size_t i = 0; i < plan->files.n; i++) {
		const struct plan_cgroup_file *f = &plan->files.v[i];

		if (idle && !strcmp(f->file, "cpu.weight")) {
			log_warn(log,
				 "%s: unable to apply both CPUWeight and cpu.idle: for systemd a "
				 "unit that is idle has no weight",
				 f->member);
			continue;
		}
		for (size_t j = 0; j < ARRAY_SIZE(limits); j++)
			if (!strcmp(f->file, limits[j].file))
				limits[j].add(w, limits[j].property, completed(w, f, dir));
	}
}

struct plan_cgroup unit_files(struct arena *a, const struct plan_cgroup *plan)
{
	struct plan_cgroup out = *plan;

	if (!has(plan, "cpu.idle", "1"))
		return out;
	out.files.v = arena_array(a, plan->files.n, sizeof(*out.files.v));
	out.files.n = 0;
	for (size_t i = 0; i < plan->files.n; i++)
		if (strcmp(plan->files.v[i].file, "cpu.weight") != 0)
			out.files.v[out.files.n++] = plan->files.v[i];
	return out;
}
