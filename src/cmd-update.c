/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull update: other limits for a container that lives. */
#include "cli.h"
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "quantity.h"
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#define RESOURCES_MAX (1 << 20)

struct update_args {
	const char *resources;
	const char *memory, *memory_reservation, *memory_swap;
	const char *cpu_share, *cpu_quota, *cpu_period, *cpu_burst, *cpu_idle;
	const char *cpu_rt_period, *cpu_rt_runtime, *cpuset_cpus, *cpuset_mems;
	const char *pids_limit, *blkio_weight, *l3, *mem_bw;
};

static const struct option_def update_options[] = {
	OPT_STRING(struct update_args, resources, "resources", 'r', "FILE",
		   "limits as in linux.resources of config.json; -: from standard input"),
	OPT_STRING(struct update_args, memory, "memory", 0, "SIZE",
		   "memory limit, such as 50M; -1: none"),
	OPT_STRING(struct update_args, memory_reservation, "memory-reservation", 0, "SIZE",
		   "memory that is reclaimed last"),
	OPT_STRING(struct update_args, memory_swap, "memory-swap", 0, "SIZE",
		   "limit of memory and swap together; -1: none"),
	OPT_STRING(struct update_args, cpu_share, "cpu-share", 0, "N",
		   "share of processor time, 1024 by default"),
	OPT_STRING(struct update_args, cpu_quota, "cpu-quota", 0, "USEC",
		   "processor time in each period; -1: no limit"),
	OPT_STRING(struct update_args, cpu_period, "cpu-period", 0, "USEC",
		   "length of a period: 1000 to 1000000"),
	OPT_STRING(struct update_args, cpu_burst, "cpu-burst", 0, "USEC",
		   "time that may be saved up beyond the quota"),
	OPT_STRING(struct update_args, cpu_idle, "cpu-idle", 0, "0|1",
		   "1: run only when nothing else wants to"),
	OPT_STRING(struct update_args, cpu_rt_period, "cpu-rt-period", 0, "USEC",
		   "cgroup v1 only: refused"),
	OPT_STRING(struct update_args, cpu_rt_runtime, "cpu-rt-runtime", 0, "USEC",
		   "cgroup v1 only: refused"),
	OPT_STRING(struct update_args, cpuset_cpus, "cpuset-cpus", 0, "LIST",
		   "processors, such as 0-3,7"),
	OPT_STRING(struct update_args, cpuset_mems, "cpuset-mems", 0, "LIST", "memory nodes"),
	OPT_STRING(struct update_args, pids_limit, "pids-limit", 0, "N",
		   "number of processes and threads; -1: no limit"),
	OPT_STRING(struct update_args, blkio_weight, "blkio-weight", 0, "N",
		   "share of disk time, 10 to 1000"),
	OPT_STRING(struct update_args, l3, "l3-cache-schema", 0, "TEXT",
		   "share of the cache, such as L3:0=f (Intel RDT)"),
	OPT_STRING(struct update_args, mem_bw, "mem-bw-schema", 0, "TEXT",
		   "share of memory bandwidth, such as MB:0=50 (Intel RDT)"),
	OPT_IGNORED_VALUE("kernel-memory"),
	OPT_IGNORED_VALUE("kernel-memory-tcp"),
	OPT_END,
};

/* How an option's value becomes a member; members of one object stand together. */
static const struct member {
	const char *option, *object, *name;
	size_t offset;
	enum { SIZE, NUMBER, POSITIVE, TEXT } kind;
} members[] = {
#define M(field, option, object, name, kind) \
	{ \
		option, object, name, offsetof(struct update_args, field), kind \
	}
	M(memory, "memory", "memory", "limit", SIZE),
	M(memory_reservation, "memory-reservation", "memory", "reservation", SIZE),
	M(memory_swap, "memory-swap", "memory", "swap", SIZE),
	M(cpu_share, "cpu-share", "cpu", "shares", POSITIVE),
	M(cpu_quota, "cpu-quota", "cpu", "quota", NUMBER),
	M(cpu_period, "cpu-period", "cpu", "period", POSITIVE),
	M(cpu_burst, "cpu-burst", "cpu", "burst", POSITIVE),
	M(cpu_idle, "cpu-idle", "cpu", "idle", NUMBER),
	M(cpu_rt_period, "cpu-rt-period", "cpu", "realtimePeriod", POSITIVE),
	M(cpu_rt_runtime, "cpu-rt-runtime", "cpu", "realtimeRuntime", NUMBER),
	M(cpuset_cpus, "cpuset-cpus", "cpu", "cpus", TEXT),
	M(cpuset_mems, "cpuset-mems", "cpu", "mems", TEXT),
	M(pids_limit, "pids-limit", "pids", "limit", NUMBER),
	M(blkio_weight, "blkio-weight", "blockIO", "weight", POSITIVE),
#undef M
};

static const char *value_of(const struct update_args *args, const struct member *m)
{
	return *(const char *const *)((const char *)args + m->offset);
}

static int bad_value(const struct member *m, const char *value, struct lc_error *e)
{
	static const char *const expected[] = {
		[SIZE] = "a size such as 50M, or -1",
		[NUMBER] = "a number",
		[POSITIVE] = "a number from 0 on",
	};

	return lc_err(e, LC_EUSAGE, "update: --%s: expected %s, found \"%s\"", m->option,
		      expected[m->kind], value);
}

static int add_value(struct buf *b, const struct member *m, const char *value, struct lc_error *e)
{
	uint64_t u = 0;
	int64_t i = 0;
	bool good = true;

	if (m->kind == TEXT) {
		buf_add_json(b, value);
		return 0;
	}
	if (m->kind == SIZE)
		good = quantity_bytes(value, &i);
	else if (m->kind == NUMBER)
		good = str_i64(value, &i);
	else
		good = str_u64(value, &u);
	if (!good)
		return bad_value(m, value, e);
	if (m->kind == POSITIVE)
		buf_addf(b, "%" PRIu64, u);
	else
		buf_addf(b, "%" PRId64, i);
	return 0;
}

/* The options as JSON; {} when there are none. */
static int write_options(const struct update_args *args, struct buf *b, struct lc_error *e)
{
	const char *object = NULL;

	buf_add(b, "{");
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		const struct member *m = &members[i];
		const char *value = value_of(args, m);

		if (!value)
			continue;
		if (object && !strcmp(object, m->object))
			buf_add(b, ",");
		else
			buf_addf(b, "%s\"%s\":{", object ? "}," : "", m->object);
		object = m->object;
		buf_addf(b, "\"%s\":", m->name);
		if (add_value(b, m, value, e) < 0)
			return -1;
	}
	buf_add(b, object ? "}}" : "}");
	return 0;
}

/* "-" is descriptor 0 itself: there need be no /dev/stdin. */
static int read_resources(const char *path, struct arena *a, char **text, struct lc_error *e)
{
	size_t len;
	int r = strcmp(path, "-") != 0
			? file_read_at(AT_FDCWD, path, a, RESOURCES_MAX, text, &len, e)
			: file_read_fd(0, a, RESOURCES_MAX, text, &len, e);

	if (r < 0)
		return lc_err_in(e, "update: --resources %s", path);
	if (strlen(*text) != len)
		return lc_err(e, LC_ECONFIG, "update: --resources %s: a NUL in the text", path);
	return 0;
}

static bool is_given(const char *text)
{
	return text && *text;
}

/* Lines of resctrl's schemata; NULL: none are given. */
static const char *rdt_lines(const struct update_args *args, struct arena *a)
{
	if (is_given(args->l3) && is_given(args->mem_bw))
		return arena_printf(a, "%s\n%s", args->l3, args->mem_bw);
	return is_given(args->l3) ? args->l3 : is_given(args->mem_bw) ? args->mem_bw : NULL;
}

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	const struct update_args *args = given;
	auto_arena a = { 0 };
	struct buf b = { .arena = &a };
	const char *schemata = rdt_lines(args, &a);
	char *text;

	if (write_options(args, &b, e) < 0)
		return -1;
	text = b.str;
	if (args->resources && strcmp(text, "{}") != 0)
		return lc_err(e, LC_EUSAGE,
			      "update: --resources goes without options of single limits");
	if (args->resources && read_resources(args->resources, &a, &text, e) < 0)
		return -1;
	if (schemata && !strcmp(text, "{}"))
		return lc_update_rdt(cli->lc, words[0], schemata, e);
	if (lc_update(cli->lc, words[0], text, e) < 0)
		return -1;
	return schemata ? lc_update_rdt(cli->lc, words[0], schemata, e) : 0;
}

const struct command cmd_update = {
	.name = "update",
	.usage = "[options] ID",
	.summary = "change the limits of a living container",
	.about = "   What is not named keeps its value.\n",
	.options = update_options,
	.args_size = sizeof(struct update_args),
	.min_words = 1,
	.max_words = 1,
	.run = run,
};
