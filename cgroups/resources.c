/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * linux.resources of config.json to values of cgroup v2 files.  The members were made for v1; what
 * v2 calls otherwise is converted, what it lacks is noted.  Zero means "not given" for memory.*,
 * cpu.* and blockIO.weight, since engines send zeros for all they do not set; not so for cpu.idle
 * and cpu.burst, where zero is how to turn them off, and pids.limit.
 */
#include "cgroups/internal.h"
#include "base/str.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define PREFIX "linux.resources."

struct translation {
	struct arena *a;
	const struct spec_resources *r;
	const struct spec_memory *memory; /* never NULL: an empty one when absent; so the others */
	const struct spec_cpu *cpu;
	const struct spec_block_io *io;
	const struct spec_network *network;
	const struct plan_host *host;
	struct plan_cgroup *out;
	cgroup_note_fn *note;
	void *ctx;
	struct lc_error *e;
};

struct rule {
	const char *member, *file;
	/* Adds what the member asks for, nothing when it is not given; -1 with an error. */
	int (*translate)(struct translation *t, const struct rule *rule);
};

/* ---- adding to the plan ---- */

static void need_controller(struct translation *t, const char *file)
{
	struct strs *list = &t->out->controllers;
	char name[CG_CONTROLLER_MAX];
	char **v;

	if (!cg_controller_of(file, name))
		return;
	for (size_t i = 0; i < list->n; i++) {
		if (!strcmp(list->v[i], name))
			return;
	}
	v = arena_array(t->a, list->n + 2, sizeof(*v));
	if (list->n)
		memcpy(v, list->v, list->n * sizeof(*v));
	v[list->n++] = arena_strdup(t->a, name);
	list->v = v;
}

/* The array grows when its length is a power of two. */
static struct plan_cgroup_file *add(struct translation *t, const char *member, const char *file,
				    char *value)
{
	struct plan_cgroup *out = t->out;
	size_t n = out->files.n;
	struct plan_cgroup_file *f;

	if (!(n & (n - 1))) {
		f = arena_array(t->a, n ? 2 * n : 1, sizeof(*f));
		if (n)
			memcpy(f, out->files.v, n * sizeof(*f));
		out->files.v = f;
	}
	f = &out->files.v[out->files.n++];
	*f = (struct plan_cgroup_file){
		.file = arena_strdup(t->a, file),
		.value = value,
		.member = arena_strdup(t->a, member),
	};
	need_controller(t, file);
	return f;
}

static struct plan_cgroup_file *set(struct translation *t, const struct rule *rule, char *value)
{
	return add(t, rule->member, rule->file, value);
}

static char *number(struct translation *t, uint64_t v)
{
	return arena_printf(t->a, "%" PRIu64, v);
}

/* A limit that may be negative, which means none. */
static char *number_or_max(struct translation *t, int64_t v)
{
	return v < 0 ? arena_strdup(t->a, "max") : arena_printf(t->a, "%" PRId64, v);
}

/* ---- memory ---- */

static int set_reservation(struct translation *t, const struct rule *rule)
{
	if (t->memory->reservation.v)
		set(t, rule, number_or_max(t, t->memory->reservation.v));
	return 0;
}

static int set_limit(struct translation *t, const struct rule *rule)
{
	if (t->memory->limit.v)
		set(t, rule, number_or_max(t, t->memory->limit.v));
	return 0;
}

/* In v1 the number counts memory and swap together, in v2 swap alone.  A kernel without swap has no
 * file, and needs none to have no swap or as much as there is. */
static int set_swap(struct translation *t, const struct rule *rule)
{
	int64_t limit = t->memory->limit.v, swap = t->memory->swap.v;
	struct plan_cgroup_file *f;

	if (!swap && limit < 0)
		swap = -1; /* without a limit of memory, none of both together */
	if (!swap)
		return 0;
	if (swap > 0 && limit <= 0)
		return lc_err(t->e, LC_ECONFIG,
			      "%s: unable to set swap limit without memory limit "
			      "(it counts memory and swap together)",
			      rule->member);
	if (swap > 0 && swap < limit)
		return lc_err(t->e, LC_ECONFIG,
			      "%s: %" PRId64 " is less than " PREFIX "memory.limit %" PRId64
			      " (it counts memory and swap together)",
			      rule->member, swap, limit);
	f = set(t, rule, number_or_max(t, swap < 0 ? -1 : swap - limit));
	f->optional = swap < 0 || swap == limit;
	return 0;
}

static int set_check(struct translation *t, const struct rule *rule)
{
	(void)rule;
	t->out->check_memory_before_update = t->memory->checkBeforeUpdate.v;
	return 0;
}

/* ---- cpu ---- */

/* From [2, 262144] to [1, 10000] so that the default goes to the default, 1024 to 100. */
static uint64_t weight_of_shares(uint64_t shares)
{
	double l;

	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	l = log2((double)shares);
	return (uint64_t)ceil(pow(10, (l * l + 125 * l) / 612.0 - 7.0 / 34.0));
}

static int set_shares(struct translation *t, const struct rule *rule)
{
	if (t->cpu->shares.v)
		set(t, rule, number(t, weight_of_shares(t->cpu->shares.v)));
	return 0;
}

static int set_idle(struct translation *t, const struct rule *rule)
{
	if (!t->cpu->idle.set)
		return 0;
	if (t->cpu->idle.v < 0 || t->cpu->idle.v > 1)
		return lc_err(t->e, LC_ECONFIG, "%s: expected 0 or 1, found %" PRId64, rule->member,
			      t->cpu->idle.v);
	set(t, rule, number(t, (uint64_t)t->cpu->idle.v));
	return 0;
}

static int set_burst(struct translation *t, const struct rule *rule)
{
	if (t->cpu->burst.set)
		set(t, rule, number(t, t->cpu->burst.v));
	return 0;
}

/* The kernel's bounds, in microseconds. */
#define PERIOD_MIN 1000
#define PERIOD_MAX 1000000

static int set_bandwidth(struct translation *t, const struct rule *rule)
{
	int64_t quota = t->cpu->quota.v;
	uint64_t period = t->cpu->period.v;

	if (period && (period < PERIOD_MIN || period > PERIOD_MAX))
		return lc_err(t->e, LC_ECONFIG,
			      PREFIX "cpu.period: expected %d to %d microseconds, found %" PRIu64,
			      PERIOD_MIN, PERIOD_MAX, period);
	if (quota > 0 && quota < PERIOD_MIN)
		return lc_err(t->e, LC_ECONFIG,
			      "%s: expected at least %d microseconds, found %" PRId64, rule->member,
			      PERIOD_MIN, quota);
	if (quota && period)
		set(t, rule, arena_printf(t->a, "%s %" PRIu64, number_or_max(t, quota), period));
	else if (quota) /* the period stays, 100000 in a new cgroup */
		set(t, rule, number_or_max(t, quota));
	else if (period)
		add(t, PREFIX "cpu.period", rule->file, arena_printf(t->a, "max %" PRIu64, period))
			->keep_first = true;
	return 0;
}

static int refuse_realtime(struct translation *t, const struct rule *rule)
{
	const struct spec_cpu *cpu = t->cpu;

	if (!cpu->realtimeRuntime.v && !cpu->realtimePeriod.v)
		return 0;
	return lc_err(t->e, LC_EUNSUPPORTED, PREFIX "cpu.%s: cgroup v2 has no %s",
		      cpu->realtimeRuntime.v ? "realtimeRuntime" : "realtimePeriod", rule->member);
}

static int set_cpus(struct translation *t, const struct rule *rule)
{
	if (t->cpu->cpus && *t->cpu->cpus)
		set(t, rule, t->cpu->cpus);
	return 0;
}

static int set_mems(struct translation *t, const struct rule *rule)
{
	if (t->cpu->mems && *t->cpu->mems)
		set(t, rule, t->cpu->mems);
	return 0;
}

/* ---- pids ---- */

static int set_pids(struct translation *t, const struct rule *rule)
{
	int64_t limit;

	if (!t->r->pids)
		return 0;
	limit = t->r->pids->limit;
	set(t, rule, number_or_max(t, limit ? limit : 1)); /* with 0 not even init could start */
	return 0;
}

/* ---- block devices ---- */

#define WEIGHT_MIN 10
#define WEIGHT_MAX 1000

/* BFQ has v1's range of 10 to 1000; io.weight has 1 to 10000. */
static uint64_t io_weight(const struct translation *t, uint32_t weight)
{
	if (t->host->bfq_weight)
		return weight;
	return 1 + (uint64_t)(weight - WEIGHT_MIN) * 9999 / 990;
}

static int check_weight(struct translation *t, const char *member, uint32_t weight)
{
	if (weight >= WEIGHT_MIN && weight <= WEIGHT_MAX)
		return 0;
	return lc_err(t->e, LC_ECONFIG, "%s: expected %d to %d, found %u", member, WEIGHT_MIN,
		      WEIGHT_MAX, weight);
}

static const char *weight_file(const struct translation *t)
{
	return t->host->bfq_weight ? "io.bfq.weight" : "io.weight";
}

static int set_weight(struct translation *t, const struct rule *rule)
{
	uint32_t weight = t->io->weight.v;

	if (!weight)
		return 0;
	if (check_weight(t, rule->member, weight) < 0)
		return -1;
	add(t, rule->member, weight_file(t), number(t, io_weight(t, weight)));
	return 0;
}

static int check_device(struct translation *t, const char *member, int64_t major, int64_t minor)
{
	if (major >= 0 && minor >= 0)
		return 0;
	return lc_err(t->e, LC_ECONFIG, "%s: no device has the number %" PRId64 ":%" PRId64, member,
		      major, minor);
}

static int set_device_weights(struct translation *t, const struct rule *rule)
{
	for (size_t i = 0; i < t->io->weightDevice.n; i++) {
		const struct spec_weight_device *d = &t->io->weightDevice.v[i];
		const char *member = arena_printf(t->a, "%s[%zu]", rule->member, i);

		if (!d->weight.v)
			continue;
		if (check_device(t, member, d->major, d->minor) < 0 ||
		    check_weight(t, member, d->weight.v) < 0)
			return -1;
		add(t, member, weight_file(t),
		    arena_printf(t->a, "%" PRId64 ":%" PRId64 " %" PRIu64, d->major, d->minor,
				 io_weight(t, d->weight.v)));
	}
	return 0;
}

/* One line of io.max per entry: what comes later for the same device wins. 0 was "none" in v1. */
static int set_throttle(struct translation *t, const struct rule *rule, const char *key,
			const struct spec_throttle_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct spec_throttle_device *d = &list->v[i];
		const char *member = arena_printf(t->a, "%s[%zu]", rule->member, i);

		if (check_device(t, member, d->major, d->minor) < 0)
			return -1;
		add(t, member, rule->file,
		    arena_printf(t->a, "%" PRId64 ":%" PRId64 " %s=%s", d->major, d->minor, key,
				 d->rate.v ? number(t, d->rate.v) : "max"));
	}
	return 0;
}

static int set_read_bps(struct translation *t, const struct rule *rule)
{
	return set_throttle(t, rule, "rbps", &t->io->throttleReadBpsDevice);
}

static int set_write_bps(struct translation *t, const struct rule *rule)
{
	return set_throttle(t, rule, "wbps", &t->io->throttleWriteBpsDevice);
}

static int set_read_iops(struct translation *t, const struct rule *rule)
{
	return set_throttle(t, rule, "riops", &t->io->throttleReadIOPSDevice);
}

static int set_write_iops(struct translation *t, const struct rule *rule)
{
	return set_throttle(t, rule, "wiops", &t->io->throttleWriteIOPSDevice);
}

/* ---- huge pages, RDMA ---- */

/* A size is part of a file's name. */
static bool is_page_size(const char *s)
{
	size_t digits = strspn(s, "0123456789");

	return digits && digits < 16 && *s != '0' && strchr("KMG", s[digits]) && s[digits] &&
	       !strcmp(s + digits + 1, "B");
}

/* Reservations are limited as well where the kernel can (5.7), and first: that makes mmap() fail
 * where otherwise a page fault would kill. */
static int set_huge_pages(struct translation *t, const struct rule *rule)
{
	for (size_t i = 0; i < t->r->hugepageLimits.n; i++) {
		const struct spec_hugepage_limit *l = &t->r->hugepageLimits.v[i];
		const char *member = arena_printf(t->a, "%s[%zu]", rule->member, i);

		if (!l->pageSize || !is_page_size(l->pageSize))
			return lc_err(t->e, LC_ECONFIG,
				      "%s.pageSize: expected a size such as \"2MB\"", member);
		add(t, member, arena_printf(t->a, "hugetlb.%s.rsvd.max", l->pageSize),
		    number(t, l->limit))
			->optional = true;
		add(t, member, arena_printf(t->a, "hugetlb.%s.max", l->pageSize),
		    number(t, l->limit));
	}
	return 0;
}

static int set_rdma(struct translation *t, const struct rule *rule)
{
	for (size_t i = 0; i < t->r->rdma.n; i++) {
		const struct spec_rdma *d = &t->r->rdma.v[i];
		struct buf value = { .arena = t->a };

		if (!d->hcaHandles.set && !d->hcaObjects.set)
			continue;
		buf_add(&value, d->key);
		if (d->hcaHandles.set)
			buf_addf(&value, " hca_handle=%u", d->hcaHandles.v);
		if (d->hcaObjects.set)
			buf_addf(&value, " hca_object=%u", d->hcaObjects.v);
		add(t, arena_printf(t->a, "%s.%s", rule->member, d->key), rule->file, value.str);
	}
	return 0;
}

/* ---- unified ---- */

/* Files through which the runtime itself works. */
static const char *const reserved[] = {
	"cgroup.procs",	 "cgroup.threads", "cgroup.kill",
	"cgroup.freeze", "cgroup.type",	   "cgroup.subtree_control",
};

static int check_unified(struct translation *t, const char *member, const char *file)
{
	const char *dot = strchr(file, '.');

	if (strchr(file, '/'))
		return lc_err(t->e, LC_ECONFIG, "%s: a file name has no slashes", member);
	if (!dot || dot == file || !dot[1] || dot - file >= CG_CONTROLLER_MAX)
		return lc_err(t->e, LC_ECONFIG, "%s: expected a name of the form CONTROLLER.VALUE",
			      member);
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
		if (!strcmp(file, reserved[i]))
			return lc_err(t->e, LC_ECONFIG, "%s: belongs to the runtime", member);
	}
	return 0;
}

/* Files that hold a line per device: a line changes one of them. */
static bool has_lines(const char *file)
{
	return str_starts(file, "io.") || str_starts(file, "rdma.") || str_starts(file, "misc.") ||
	       str_starts(file, "dmem.");
}

/* What typed members wanted of the same file. */
static void drop(struct translation *t, const char *file)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->out->files.n; i++) {
		if (strcmp(t->out->files.v[i].file, file))
			t->out->files.v[kept++] = t->out->files.v[i];
	}
	for (size_t i = kept; i < t->out->files.n; i++)
		t->out->files.v[i] = (struct plan_cgroup_file){};
	t->out->files.n = kept;
}

static int set_unified(struct translation *t, const struct rule *rule)
{
	for (size_t i = 0; i < t->r->unified.n; i++) {
		const struct pair *p = &t->r->unified.v[i];
		const char *member = arena_printf(t->a, "%s.%s", rule->member, p->key);
		char *rest = arena_strdup(t->a, p->value ? p->value : ""), *line;
		bool any = false;

		if (check_unified(t, member, p->key) < 0)
			return -1;
		if (!has_lines(p->key))
			drop(t, p->key);
		while ((line = strsep(&rest, "\n"))) {
			if (*line || (!any && !rest))
				add(t, member, p->key, line);
			any = any || *line;
		}
	}
	return 0;
}

/* ---- the table, in the order of writing ---- */

static const struct rule rules[] = {
	{ PREFIX "memory.checkBeforeUpdate", NULL, set_check },
	{ PREFIX "memory.reservation", "memory.low", set_reservation },
	{ PREFIX "memory.limit", "memory.max", set_limit },
	{ PREFIX "memory.swap", "memory.swap.max", set_swap },
	{ PREFIX "cpu.shares", "cpu.weight", set_shares },
	{ PREFIX "cpu.idle", "cpu.idle", set_idle },
	{ PREFIX "cpu.burst", "cpu.max.burst", set_burst },
	{ PREFIX "cpu.quota", "cpu.max", set_bandwidth },
	{ "limits of real-time scheduling", NULL, refuse_realtime },
	{ PREFIX "cpu.cpus", "cpuset.cpus", set_cpus },
	{ PREFIX "cpu.mems", "cpuset.mems", set_mems },
	{ PREFIX "pids.limit", "pids.max", set_pids },
	{ PREFIX "blockIO.weight", NULL, set_weight }, /* io.bfq.weight or io.weight */
	{ PREFIX "blockIO.weightDevice", NULL, set_device_weights },
	{ PREFIX "blockIO.throttleReadBpsDevice", "io.max", set_read_bps },
	{ PREFIX "blockIO.throttleWriteBpsDevice", "io.max", set_write_bps },
	{ PREFIX "blockIO.throttleReadIOPSDevice", "io.max", set_read_iops },
	{ PREFIX "blockIO.throttleWriteIOPSDevice", "io.max", set_write_iops },
	{ PREFIX "hugepageLimits", NULL, set_huge_pages }, /* hugetlb.SIZE.max */
	{ PREFIX "rdma", "rdma.max", set_rdma },
	{ PREFIX "unified", NULL, set_unified },
};

/* ---- what v2 lacks ---- */

static bool has_kernel(const struct translation *t)
{
	return t->memory->kernel.v;
}

static bool has_kernel_tcp(const struct translation *t)
{
	return t->memory->kernelTCP.v;
}

static bool has_hierarchy(const struct translation *t)
{
	return t->memory->useHierarchy.v;
}

static bool has_swappiness(const struct translation *t)
{
	return t->memory->swappiness.set;
}

static bool has_no_oom_killer(const struct translation *t)
{
	return t->memory->disableOOMKiller.v;
}

static bool has_leaf_weight(const struct translation *t)
{
	for (size_t i = 0; i < t->io->weightDevice.n; i++) {
		if (t->io->weightDevice.v[i].leafWeight.v)
			return true;
	}
	return t->io->leafWeight.v;
}

static bool has_class_id(const struct translation *t)
{
	return t->network->classID.v;
}

static bool has_priorities(const struct translation *t)
{
	return t->network->priorities.n;
}

static const struct {
	const char *member;
	bool (*given)(const struct translation *t);
	bool warning;
	const char *text;
} lacking[] = {
	{ PREFIX "memory.kernel", has_kernel, false, "ignored: obsolete, memory.limit counts it" },
	{ PREFIX "memory.kernelTCP", has_kernel_tcp, false,
	  "ignored: cgroup v2 counts it in memory.limit" },
	{ PREFIX "memory.useHierarchy", has_hierarchy, false, "cgroup v2 always does" },
	{ PREFIX "memory.swappiness", has_swappiness, true,
	  "ignored: cgroup v2 has no swappiness" },
	{ PREFIX "memory.disableOOMKiller", has_no_oom_killer, true,
	  "ignored: cgroup v2 cannot turn the OOM killer off" },
	{ PREFIX "blockIO.leafWeight", has_leaf_weight, true,
	  "ignored: cgroup v2 has no leaf weights" },
	{ PREFIX "network.classID", has_class_id, true,
	  "ignored: cgroup v2 has no net_cls controller" },
	{ PREFIX "network.priorities", has_priorities, true,
	  "ignored: cgroup v2 has no net_prio controller" },
};

static void note_lacking(const struct translation *t)
{
	for (size_t i = 0; t->note && i < ARRAY_SIZE(lacking); i++) {
		if (lacking[i].given(t))
			t->note(t->ctx, lacking[i].warning, lacking[i].member, lacking[i].text);
	}
}

int cgroup_plan_resources(struct arena *a, const struct spec_resources *resources,
			  const struct plan_host *host, struct plan_cgroup *out,
			  cgroup_note_fn *note, void *ctx, struct lc_error *e)
{
	static const struct spec_memory no_memory;
	static const struct spec_cpu no_cpu;
	static const struct spec_block_io no_io;
	static const struct spec_network no_network;
	struct translation t = {
		.a = a, .r = resources, .host = host, .out = out, .note = note, .ctx = ctx, .e = e
	};

	if (!resources)
		return 0;
	t.memory = resources->memory ? resources->memory : &no_memory;
	t.cpu = resources->cpu ? resources->cpu : &no_cpu;
	t.io = resources->blockIO ? resources->blockIO : &no_io;
	t.network = resources->network ? resources->network : &no_network;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (rules[i].translate(&t, &rules[i]) < 0)
			return -1;
	}
	note_lacking(&t);
	return 0;
}
