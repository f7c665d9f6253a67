/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linux.resources as written in config.json, and the cgroup files that it becomes. */
#include "base/arena.h"
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "cgroups/internal.h"
#include "lc_test.h"

#include <fcntl.h>

static struct plan_host plain, bfq = { .bfq_weight = true };

/* "memory.max=1000 memory.low=500?": "?" for optional, "~" when the first word is kept. */
static const char *files_of(struct arena *a, const struct plan_cgroup *plan)
{
	struct buf b = { .arena = a };

	buf_add(&b, "");
	for (size_t i = 0; i < plan->files.n; i++) {
		const struct plan_cgroup_file *f = &plan->files.v[i];

		buf_addf(&b, "%s%s=%s%s%s", i ? ", " : "", f->file, f->value,
			 f->optional ? "?" : "", f->keep_first ? "~" : "");
	}
	return b.str;
}

static void add_note(void *ctx, bool warning, const char *member, const char *text)
{
	struct buf *b = ctx;

	buf_addf(b, "%s%s: %s: %s", b->len ? ", " : "", warning ? "warning" : "debug", member,
		 text);
}

static struct spec_resources *parse(struct arena *a, const char *json)
{
	struct spec_resources *resources;
	struct lc_error e;

	CHECK_OK(spec_resources_load(a, "r", json, strlen(json), NULL, &resources, &e), &e);
	return resources;
}

/* The files, or "error: ...". */
static const char *translate(struct arena *a, const char *json, const struct plan_host *host,
			     struct plan_cgroup *plan, struct buf *notes)
{
	struct lc_error e = {};

	*plan = (struct plan_cgroup){};
	if (cgroup_plan_resources(a, parse(a, json), host, plan, add_note, notes, &e) < 0)
		return arena_printf(a, "error: %s", e.msg);
	return files_of(a, plan);
}

struct pair_case {
	const char *json, *wanted;
};

static void check_cases(const struct pair_case *cases, size_t n, const struct plan_host *host)
{
	for (size_t i = 0; i < n; i++) {
		auto_arena a = {};
		struct buf notes = { .arena = &a };
		struct plan_cgroup plan;
		const char *got = translate(&a, cases[i].json, host, &plan, &notes);

		if (strcmp(got, cases[i].wanted))
			FAIL("%s\n# got:    %s\n# wanted: %s", cases[i].json, got, cases[i].wanted);
	}
}
#define CHECK_CASES(cases, host) check_cases(cases, ARRAY_SIZE(cases), host)

TEST(memory)
{
	static const struct pair_case cases[] = {
		{ "{}", "" },
		{ "{\"memory\":{}}", "" },
		{ "{\"memory\":{\"limit\":1000}}", "memory.max=1000" },
		{ "{\"memory\":{\"limit\":-1}}", "memory.max=max, memory.swap.max=max?" },
		{ "{\"memory\":{\"limit\":0,\"reservation\":0,\"swap\":0,\"kernel\":0}}", "" },
		{ "{\"memory\":{\"reservation\":500}}", "memory.low=500" },
		{ "{\"memory\":{\"reservation\":-1}}", "memory.low=max" },
		{ "{\"memory\":{\"limit\":1000,\"reservation\":500,\"swap\":3000}}",
		  "memory.low=500, memory.max=1000, memory.swap.max=2000" },
		{ "{\"memory\":{\"limit\":1000,\"swap\":1000}}",
		  "memory.max=1000, memory.swap.max=0?" },
		{ "{\"memory\":{\"limit\":1000,\"swap\":-1}}",
		  "memory.max=1000, memory.swap.max=max?" },
		{ "{\"memory\":{\"limit\":-1,\"swap\":-1}}",
		  "memory.max=max, memory.swap.max=max?" },
		{ "{\"memory\":{\"swap\":-1}}", "memory.swap.max=max?" },
		{ "{\"memory\":{\"limit\":9223372036854775807}}",
		  "memory.max=9223372036854775807" },
	};

	CHECK_CASES(cases, &plain);
}

/* ---- what the checks of the configuration already refuse does not get here from a file ---- */

static void check_refused(const struct spec_resources *resources, const char *wanted)
{
	auto_arena a = {};
	struct plan_cgroup plan = {};
	struct lc_error e = {};

	CHECK_INT(cgroup_plan_resources(&a, resources, &plain, &plan, NULL, NULL, &e), -1);
	CHECK_STR(e.msg, wanted);
	CHECK_INT(e.code, LC_ECONFIG);
}

TEST(swap_counts_memory_too)
{
	static const struct {
		int64_t limit, swap;
		const char *wanted;
	} cases[] = {
		{ 0, 1000,
		  "linux.resources.memory.swap: unable to set swap limit without memory limit (it "
		  "counts memory and swap together)" },
		{ -1, 1000,
		  "linux.resources.memory.swap: unable to set swap limit without memory limit (it "
		  "counts memory and swap together)" },
		{ 2000, 1000,
		  "linux.resources.memory.swap: 1000 is less than linux.resources.memory.limit "
		  "2000 (it counts memory and swap together)" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_memory memory = { .limit = { true, cases[i].limit },
					      .swap = { true, cases[i].swap } };
		struct spec_resources resources = { .memory = &memory };

		check_refused(&resources, cases[i].wanted);
	}
}

TEST(cpu_numbers_have_bounds)
{
	static const struct {
		struct spec_cpu cpu;
		const char *wanted;
	} cases[] = {
		{ { .idle = { true, 2 } }, "linux.resources.cpu.idle: expected 0 or 1, found 2" },
		{ { .period = { true, 999 } },
		  "linux.resources.cpu.period: expected 1000 to 1000000 microseconds, found 999" },
		{ { .period = { true, 1000001 } },
		  "linux.resources.cpu.period: expected 1000 to 1000000 microseconds, found "
		  "1000001" },
		{ { .quota = { true, 999 } },
		  "linux.resources.cpu.quota: expected at least 1000 microseconds, found 999" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_cpu cpu = cases[i].cpu;
		struct spec_resources resources = { .cpu = &cpu };

		check_refused(&resources, cases[i].wanted);
	}
}

TEST(weights_and_devices_have_bounds)
{
	static struct spec_throttle_device device = { -1, 0, { true, 1 } };
	static const struct {
		struct spec_block_io io;
		const char *wanted;
	} cases[] = {
		{ { .weight = { true, 9 } },
		  "linux.resources.blockIO.weight: expected 10 to 1000, found 9" },
		{ { .weight = { true, 1001 } },
		  "linux.resources.blockIO.weight: expected 10 to 1000, found 1001" },
		{ { .throttleReadBpsDevice = { &device, 1 } },
		  "linux.resources.blockIO.throttleReadBpsDevice[0]: no device has the number "
		  "-1:0" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_block_io io = cases[i].io;
		struct spec_resources resources = { .blockIO = &io };

		check_refused(&resources, cases[i].wanted);
	}
}

TEST(unified_names_files_of_the_cgroup)
{
	static const struct {
		const char *key, *wanted;
	} cases[] = {
		{ "foo", "linux.resources.unified.foo: expected a name of the form "
			 "CONTROLLER.VALUE" },
		{ ".max", "linux.resources.unified..max: expected a name of the form "
			  "CONTROLLER.VALUE" },
		{ "memory.", "linux.resources.unified.memory.: expected a name of the form "
			     "CONTROLLER.VALUE" },
		{ "../memory.max",
		  "linux.resources.unified.../memory.max: a file name has no slashes" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char key[32], value[] = "1";
		struct pair pair = { key, value };
		struct spec_resources resources = { .unified = { &pair, 1 } };

		memcpy(key, cases[i].key, strlen(cases[i].key) + 1);
		check_refused(&resources, cases[i].wanted);
	}
}

TEST(cpu)
{
	static const struct pair_case cases[] = {
		{ "{\"cpu\":{\"shares\":0,\"quota\":0,\"period\":0}}", "" },
		{ "{\"cpu\":{\"shares\":1}}", "cpu.weight=1" },
		{ "{\"cpu\":{\"shares\":2}}", "cpu.weight=1" },
		{ "{\"cpu\":{\"shares\":3}}", "cpu.weight=2" },
		{ "{\"cpu\":{\"shares\":102}}", "cpu.weight=17" },
		{ "{\"cpu\":{\"shares\":512}}", "cpu.weight=59" },
		{ "{\"cpu\":{\"shares\":1024}}", "cpu.weight=100" },
		{ "{\"cpu\":{\"shares\":2048}}", "cpu.weight=174" },
		{ "{\"cpu\":{\"shares\":260000}}", "cpu.weight=9929" },
		{ "{\"cpu\":{\"shares\":262144}}", "cpu.weight=10000" },
		{ "{\"cpu\":{\"shares\":18446744073709551615}}", "cpu.weight=10000" },
		{ "{\"cpu\":{\"quota\":50000,\"period\":100000}}", "cpu.max=50000 100000" },
		{ "{\"cpu\":{\"quota\":50000}}", "cpu.max=50000" },
		{ "{\"cpu\":{\"quota\":-1}}", "cpu.max=max" },
		{ "{\"cpu\":{\"quota\":-1,\"period\":20000}}", "cpu.max=max 20000" },
		{ "{\"cpu\":{\"period\":20000}}", "cpu.max=max 20000~" },
		{ "{\"cpu\":{\"burst\":0}}", "cpu.max.burst=0" },
		{ "{\"cpu\":{\"quota\":50000,\"burst\":9000}}",
		  "cpu.max.burst=9000, cpu.max=50000" },
		{ "{\"cpu\":{\"idle\":1}}", "cpu.idle=1" },
		{ "{\"cpu\":{\"idle\":0}}", "cpu.idle=0" },
		{ "{\"cpu\":{\"cpus\":\"\",\"mems\":\"\"}}", "" },
		{ "{\"cpu\":{\"cpus\":\"0-3,5\",\"mems\":\"0\"}}",
		  "cpuset.cpus=0-3,5, cpuset.mems=0" },
		{ "{\"cpu\":{\"realtimePeriod\":0,\"realtimeRuntime\":0}}", "" },
		{ "{\"cpu\":{\"realtimeRuntime\":950}}",
		  "error: linux.resources.cpu.realtimeRuntime: cgroup v2 has no limits of "
		  "real-time scheduling" },
		{ "{\"cpu\":{\"realtimePeriod\":1000}}",
		  "error: linux.resources.cpu.realtimePeriod: cgroup v2 has no limits of real-time "
		  "scheduling" },
	};

	CHECK_CASES(cases, &plain);
}

TEST(pids)
{
	static const struct pair_case cases[] = {
		{ "{\"pids\":{\"limit\":100}}", "pids.max=100" },
		{ "{\"pids\":{\"limit\":0}}", "pids.max=1" },
		{ "{\"pids\":{\"limit\":-1}}", "pids.max=max" },
	};

	CHECK_CASES(cases, &plain);
}

TEST(block_devices)
{
	static const struct pair_case cases[] = {
		{ "{\"blockIO\":{\"weight\":0}}", "" },
		{ "{\"blockIO\":{\"weight\":10}}", "io.weight=1" },
		{ "{\"blockIO\":{\"weight\":750}}", "io.weight=7475" },
		{ "{\"blockIO\":{\"weight\":1000}}", "io.weight=10000" },
		{ "{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":32,\"weight\":500},"
		  "{\"major\":8,\"minor\":16,\"weight\":0}]}}",
		  "io.weight=8:32 4950" },
		{ "{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":48,"
		  "\"rate\":100},{\"major\":8,\"minor\":48,\"rate\":200}],"
		  "\"throttleWriteBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":0},"
		  "{\"major\":8,\"minor\":32,\"rate\":300}],"
		  "\"throttleReadIOPSDevice\":[{\"major\":8,\"minor\":16,"
		  "\"rate\":18446744073709551615}],"
		  "\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":16,\"rate\":4}]}}",
		  "io.max=8:48 rbps=100, io.max=8:48 rbps=200, io.max=8:0 wbps=max, "
		  "io.max=8:32 wbps=300, "
		  "io.max=8:16 riops=18446744073709551615, io.max=8:16 wiops=4" },
	};
	static const struct pair_case with_bfq[] = {
		{ "{\"blockIO\":{\"weight\":750}}", "io.bfq.weight=750" },
		{ "{\"blockIO\":{\"weight\":750,\"weightDevice\":[{\"major\":8,\"minor\":0,"
		  "\"weight\":500}]}}",
		  "io.bfq.weight=750, io.bfq.weight=8:0 500" },
	};

	CHECK_CASES(cases, &plain);
	CHECK_CASES(with_bfq, &bfq);
}

TEST(huge_pages_and_rdma)
{
	static const struct pair_case cases[] = {
		{ "{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":9223372036854771712},"
		  "{\"pageSize\":\"1GB\",\"limit\":0}]}",
		  "hugetlb.2MB.rsvd.max=9223372036854771712?, "
		  "hugetlb.2MB.max=9223372036854771712, hugetlb.1GB.rsvd.max=0?, "
		  "hugetlb.1GB.max=0" },
		{ "{\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3,\"hcaObjects\":10000},"
		  "\"mlx4_0\":{\"hcaObjects\":1000}}}",
		  "rdma.max=mlx5_1 hca_handle=3 hca_object=10000, "
		  "rdma.max=mlx4_0 hca_object=1000" },
	};

	CHECK_CASES(cases, &plain);
}

TEST(page_sizes_are_names_of_files)
{
	static const char *const bad[] = { "2MB/../x", "MB", "0MB", "2M", "2MBB", "2TB", "", "2" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char size[16];
		struct spec_hugepage_limit limit = { size, 1 };
		struct spec_resources resources = { .hugepageLimits = { &limit, 1 } };

		memcpy(size, bad[i], strlen(bad[i]) + 1);
		check_refused(&resources, "linux.resources.hugepageLimits[0].pageSize: expected a "
					  "size such as \"2MB\"");
	}
}

TEST(unified_comes_last_and_overrides)
{
	static const struct pair_case cases[] = {
		{ "{\"unified\":{\"memory.high\":\"1000\",\"pids.max\":\"7\"}}",
		  "memory.high=1000, pids.max=7" },
		{ "{\"memory\":{\"limit\":1000},\"pids\":{\"limit\":5},"
		  "\"unified\":{\"memory.max\":\"2000\"}}",
		  "pids.max=5, memory.max=2000" },
		{ "{\"unified\":{\"io.max\":\"8:0 rbps=1\\n8:16 wbps=2\\n\"}}",
		  "io.max=8:0 rbps=1, io.max=8:16 wbps=2" },
		{ "{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,"
		  "\"rate\":100}]},\"unified\":{\"io.max\":\"8:16 rbps=2\"}}",
		  "io.max=8:0 rbps=100, io.max=8:16 rbps=2" },
		{ "{\"unified\":{\"cpuset.cpus\":\"\"}}", "cpuset.cpus=" },
		{ "{\"unified\":{\"cgroup.max.depth\":\"3\"}}", "cgroup.max.depth=3" },
		{ "{\"unified\":{\"cgroup.procs\":\"1\"}}",
		  "error: linux.resources.unified.cgroup.procs: belongs to the runtime" },
		{ "{\"unified\":{\"cgroup.freeze\":\"1\"}}",
		  "error: linux.resources.unified.cgroup.freeze: belongs to the runtime" },
	};

	CHECK_CASES(cases, &plain);
}

TEST(every_file_names_its_member_and_its_controller)
{
	auto_arena a = {};
	struct buf notes = { .arena = &a };
	struct plan_cgroup plan;

	translate(&a,
		  "{\"memory\":{\"limit\":1},\"cpu\":{\"cpus\":\"0\",\"shares\":5,"
		  "\"period\":5000},\"unified\":{\"memory.high\":\"1\",\"cgroup.max.depth\":\"1\","
		  "\"misc.max\":\"a 1\"},\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,"
		  "\"minor\":0,\"rate\":1}]},\"hugepageLimits\":[{\"pageSize\":\"2MB\","
		  "\"limit\":1}]}",
		  &plain, &plan, &notes);
	for (size_t i = 0; i < plan.files.n; i++)
		buf_addf(&notes, "%s%s", i ? " " : "", plan.files.v[i].member);
	CHECK_STR(notes.str, "linux.resources.memory.limit linux.resources.cpu.shares "
			     "linux.resources.cpu.period linux.resources.cpu.cpus "
			     "linux.resources.blockIO.throttleReadBpsDevice[0] "
			     "linux.resources.hugepageLimits[0] linux.resources.hugepageLimits[0] "
			     "linux.resources.unified.memory.high "
			     "linux.resources.unified.cgroup.max.depth "
			     "linux.resources.unified.misc.max");
	notes = (struct buf){ .arena = &a };
	for (size_t i = 0; i < plan.controllers.n; i++)
		buf_addf(&notes, "%s%s", i ? " " : "", plan.controllers.v[i]);
	CHECK_STR(notes.str, "memory cpu cpuset io hugetlb misc");
}

TEST(what_v2_lacks_is_noted)
{
	static const struct pair_case cases[] = {
		{ "{\"memory\":{\"kernel\":5,\"kernelTCP\":6,\"useHierarchy\":true}}",
		  "debug: linux.resources.memory.kernel: ignored: obsolete, memory.limit counts "
		  "it, debug: linux.resources.memory.kernelTCP: ignored: cgroup v2 counts it in "
		  "memory.limit, debug: linux.resources.memory.useHierarchy: cgroup v2 always "
		  "does" },
		{ "{\"memory\":{\"swappiness\":0}}",
		  "warning: linux.resources.memory.swappiness: ignored: cgroup v2 has no "
		  "swappiness" },
		{ "{\"memory\":{\"disableOOMKiller\":false,\"useHierarchy\":false}}", NULL },
		{ "{\"memory\":{\"disableOOMKiller\":true}}",
		  "warning: linux.resources.memory.disableOOMKiller: ignored: cgroup v2 cannot "
		  "turn the OOM killer off" },
		{ "{\"blockIO\":{\"leafWeight\":50}}",
		  "warning: linux.resources.blockIO.leafWeight: ignored: cgroup v2 has no leaf "
		  "weights" },
		{ "{\"network\":{\"classID\":0,\"priorities\":[]}}", NULL },
		{ "{\"network\":{\"classID\":5,\"priorities\":[{\"name\":\"eth0\","
		  "\"priority\":1}]}}",
		  "warning: linux.resources.network.classID: ignored: cgroup v2 has no net_cls "
		  "controller, warning: linux.resources.network.priorities: ignored: cgroup v2 has "
		  "no net_prio controller" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_arena a = {};
		struct buf notes = { .arena = &a };
		struct plan_cgroup plan;

		CHECK_STR(translate(&a, cases[i].json, &plain, &plan, &notes), "");
		CHECK_STR(notes.str, cases[i].wanted);
	}
}

TEST(check_before_update_is_passed_on)
{
	auto_arena a = {};
	struct buf notes = { .arena = &a };
	struct plan_cgroup plan;

	translate(&a, "{\"memory\":{\"limit\":1,\"checkBeforeUpdate\":true}}", &plain, &plan,
		  &notes);
	CHECK(plan.check_memory_before_update);
	translate(&a, "{\"memory\":{\"limit\":1}}", &plain, &plan, &notes);
	CHECK(!plan.check_memory_before_update);
}

/* A directory stands for the cgroup: what a file has is what was written last. */
static void put(int dir, const char *name, const char *text)
{
	auto_fd fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK_INT(fd_write_all(fd, text, strlen(text)), 0);
}

TEST(what_is_in_use_is_compared_with_the_limits_that_are_to_be)
{
	static const struct {
		const char *limits, *wanted; /* "": they are written */
	} cases[] = {
		{ "\"limit\":4000", "limit: rejecting memory limit 4000 < usage 5000" },
		{ "\"limit\":4000,\"swap\":9000",
		  "limit: rejecting memory limit 4000 < usage 5000" },
		{ "\"limit\":5000,\"swap\":6999",
		  "swap: rejecting memory+swap limit 6999 < usage 7000" },
		{ "\"limit\":5000,\"swap\":7000", "" },
		{ "\"limit\":5000", "" },
		{ "\"limit\":-1,\"swap\":-1", "" },
	};
	auto_fd dir = openat(AT_FDCWD, test_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	put(dir, "memory.current", "5000\n");
	put(dir, "memory.swap.current", "2000\n");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_arena a = {};
		struct buf notes = { .arena = &a };
		struct plan_cgroup plan;
		struct lc_error e = {};
		char now[32];

		put(dir, "memory.max", "");
		put(dir, "memory.swap.max", "");
		translate(&a,
			  arena_printf(&a, "{\"memory\":{%s,\"checkBeforeUpdate\":true}}",
				       cases[i].limits),
			  &plain, &plan, &notes);
		CHECK_INT(cg_apply(dir, &plan, CG_IN_USE, NULL, &e), *cases[i].wanted ? -1 : 0);
		CHECK_CONTAINS(e.msg, cases[i].wanted);
		CHECK_INT(cg_read(dir, "memory.max", now, sizeof(now)) > 0, !*cases[i].wanted);
		plan.check_memory_before_update = false;
		CHECK_OK(cg_apply(dir, &plan, CG_IN_USE, NULL, &e), &e);
	}
}

/* What docker sends with every update. */
TEST(zeros_of_engines_mean_nothing)
{
	static const struct pair_case cases[] = {
		{ "{\"memory\":{\"limit\":0,\"reservation\":0,\"kernel\":0},\"cpu\":{\"shares\":0,"
		  "\"quota\":0,\"period\":0},\"blockIO\":{\"weight\":0}}",
		  "" },
	};
	auto_arena a = {};
	struct buf notes = { .arena = &a };
	struct plan_cgroup plan;

	CHECK_CASES(cases, &plain);
	translate(&a, cases[0].json, &plain, &plan, &notes);
	CHECK_INT(plan.controllers.n, 0);
	CHECK(!notes.len);
}
