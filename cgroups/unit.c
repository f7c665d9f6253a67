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

/* A number as the kernel reads one for memory, with a suffix or without. */
static bool parse_size(const char *text, uint64_t *out)
{
	static const char suffixes[] = "KMGTPE";
	size_t digits = strspn(text, "0123456789");
	const char *suffix;
	char number[24];
	unsigned shift;

	if (!text[digits] || digits >= sizeof(number))
		return str_u64(text, out);
	snprintf(number, sizeof(number), "%.*s", (int)digits, text);
	suffix = strchr(suffixes, text[digits] & ~0x20);
	if (!suffix || text[digits + 1] || !str_u64(number, out))
		return false;
	shift = 10 * (unsigned)(suffix - suffixes + 1);
	if (*out > UINT64_MAX >> shift)
		return false;
	*out <<= shift;
	return true;
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

static void memory(struct unit_words *w, const char *property, const char *value)
{
	uint64_t v = UINT64_MAX;

	if (!strcmp(value, "max") || parse_size(value, &v))
		add_number(w, property, v);
}

/* "default 100" or "100", and "8:0 100" for a device. */
static void add_weight(struct unit_words *w, const char *property, const char *value,
		       uint64_t (*convert)(uint64_t))
{
	const char *space = strchr(value, ' ');
	uint64_t v;

	if (!str_u64(space ? space + 1 : value, &v))
		return;
	if (!space || str_starts(value, "default "))
		add_number(w, property, convert(v));
	else
		unit_add(w, arena_printf(w->a,
					 "IODeviceWeight" SEP "a(st)" SEP "/dev/block/%.*s" SEP
					 "%" PRIu64,
					 (int)(space - value), value, convert(v)));
}

static uint64_t same(uint64_t weight)
{
	return weight;
}

static void io_weight(struct unit_words *w, const char *property, const char *value)
{
	add_weight(w, property, value, same);
}

/* Of systemd's 100 to 10000 the BFQ scheduler gets 100 to 1000; what is below is the same. */
static uint64_t weight_of_bfq(uint64_t weight)
{
	return weight <= 100 || weight > 1000 ? weight : 100 + (weight - 100) * 11;
}

static void bfq_weight(struct unit_words *w, const char *property, const char *value)
{
	add_weight(w, property, value, weight_of_bfq);
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

/* "QUOTA PERIOD", with UINT64_MAX for "max". */
static bool parse_cpu_max(const char *value, uint64_t *quota, uint64_t *period)
{
	char text[64], *rest = text, *first;

	*period = PERIOD_DEFAULT;
	snprintf(text, sizeof(text), "%s", value);
	first = strsep(&rest, " ");
	return number_or_max(first, quota) && (!rest || str_u64(rest, period)) && *period;
}

/* Microseconds of processor time per second. systemd keeps whole percents of a processor: rounded
 * up, so that the container gets no less than it was promised. */
static uint64_t usec_of(uint64_t quota, uint64_t period, bool *rounded)
{
	uint64_t usec;

	*rounded = false;
	if (quota > UINT64_MAX / SECOND)
		return UINT64_MAX;
	usec = quota * SECOND / period;
	*rounded = usec % PERCENT != 0;
	return (usec + PERCENT - 1) / PERCENT * PERCENT;
}

static void cpu_max(struct unit_words *w, const char *property, const char *value)
{
	uint64_t quota, period;
	bool rounded;

	if (!parse_cpu_max(value, &quota, &period))
		return;
	add_number(w, property, usec_of(quota, period, &rounded));
	add_number(w, "CPUQuotaPeriodUSec", period);
}

/* What systemd makes of it at its next reload is what the file gets now. */
static char *rounded_cpu_max(struct arena *a, const char *value)
{
	uint64_t quota, period, usec;
	bool rounded;

	if (!parse_cpu_max(value, &quota, &period))
		return NULL;
	usec = usec_of(quota, period, &rounded);
	return rounded ? arena_printf(a, "%" PRIu64 " %" PRIu64, usec * period / SECOND, period)
		       : NULL;
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
	{ "memory.min", "MemoryMin", memory },
	{ "memory.low", "MemoryLow", memory },
	{ "memory.high", "MemoryHigh", memory },
	{ "memory.max", "MemoryMax", memory },
	{ "memory.swap.max", "MemorySwapMax", memory },
	{ "memory.zswap.max", "253:MemoryZSwapMax", memory },
	{ "cpu.weight", "CPUWeight", plain },
	{ "cpu.idle", "252:CPUWeight", cpu_idle },
	{ "cpu.max", "CPUQuotaPerSecUSec", cpu_max },
	{ "cpuset.cpus", "AllowedCPUs", bit_list },
	{ "cpuset.mems", "AllowedMemoryNodes", bit_list },
	{ "io.weight", "IOWeight", io_weight },
	{ "io.bfq.weight", "IOWeight", bfq_weight },
	{ "io.max", "IOReadBandwidthMax", io_max },
	{ "pids.max", "TasksMax", plain },
};

/* What an update leaves out of cpu.max is what the file has. */
static const char *completed(struct arena *a, const struct plan_cgroup_file *f, int dir)
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
		return rest ? f->value : arena_printf(a, "%s%s", f->value, space);
	*space = 0;
	return arena_printf(a, "%s%s", now, rest ? rest : "");
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
				limits[j].add(w, limits[j].property, completed(w->a, f, dir));
	}
}

struct plan_cgroup unit_files(struct arena *a, const struct plan_cgroup *plan, int dir)
{
	struct plan_cgroup out = *plan;
	bool idle = has(plan, "cpu.idle", "1");

	out.files.v = arena_array(a, plan->files.n + 1, sizeof(*out.files.v));
	out.files.n = 0;
	for (size_t i = 0; i < plan->files.n; i++) {
		struct plan_cgroup_file *f = &out.files.v[out.files.n];
		char *rounded;

		*f = plan->files.v[i];
		if (idle && !strcmp(f->file, "cpu.weight"))
			continue;
		out.files.n++;
		if (strcmp(f->file, "cpu.max") != 0)
			continue;
		rounded = rounded_cpu_max(a, completed(a, f, dir));
		if (rounded) {
			f->value = rounded;
			f->keep_first = false;
		}
	}
	return out;
}
