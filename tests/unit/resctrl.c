/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Classes of service (linux.intelRdt).  Few machines have the resource control file system, and
 * none that tests may rely on: an ordinary directory stands for it here, with the files that the
 * kernel makes, so what is shown is which files get which text and when that is refused.  It does
 * not show what a processor makes of it.
 */
#include "base/file.h"
#include "base/own.h"
#include "lc_test.h"
#include "json/encode.h"
#include "run/resctrl.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct arena arena;

static void put(int dir, const char *name, const char *text)
{
	auto_fd fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	CHECK(fd >= 0);
	CHECK(fd_write_all(fd, text, strlen(text)) == 0);
}

static const char *get(int dir, const char *name)
{
	struct lc_error e;
	char *text;
	size_t len;

	return file_read_at(dir, name, &arena, 65536, &text, &len, &e) < 0 ? "(missing)" : text;
}

/* One write, which an ordinary file keeps in front of what it had. */
static void check_written(int dir, const char *name, const char *text)
{
	const char *got = get(dir, name);

	if (strncmp(got, text, strlen(text)) != 0)
		CHECK_STR(got, text);
}

/* What the kernel makes of a new directory; one of mon_groups has no schemata of its own. */
static void fill(int parent, const char *name)
{
	auto_fd dir = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(dir >= 0);
	put(dir, "tasks", "");
	if (faccessat(parent, "info", F_OK, 0) < 0)
		return;
	put(dir, "schemata", "    L3:0=fff;1=fff\n    MB:0=100;1=100\n");
	CHECK(mkdirat(dir, "mon_groups", 0755) == 0);
}

static void empty(int parent, const char *name)
{
	auto_fd dir = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return;
	unlinkat(dir, "tasks", 0);
	unlinkat(dir, "schemata", 0);
	unlinkat(dir, "mon_groups", AT_REMOVEDIR);
}

static struct resctrl tree(void)
{
	struct resctrl r = {
		.dir = openat(AT_FDCWD, test_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.filled = fill,
		.emptied = empty,
	};

	CHECK(r.dir >= 0);
	CHECK(mkdirat(r.dir, "info", 0755) == 0);
	put(r.dir, "info/last_cmd_status", "ok\n");
	CHECK(mkdirat(r.dir, "mon_groups", 0755) == 0);
	put(r.dir, "tasks", "1\n2\n");
	put(r.dir, "schemata", "    L3:0=fff;1=fff\n    MB:0=100;1=100\n");
	return r;
}

static struct plan_rdt plan_of(const char *class, size_t n, const char **lines)
{
	return (struct plan_rdt){
		.group = (char *)(class ? class : "web"),
		.shared = class != NULL,
		.schemata = { (char **)lines, n },
	};
}

#define PLAN(class, ...) \
	plan_of((class), sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *), \
		(const char *[]){ __VA_ARGS__ })

/* What make says, "" when it works; the container is "web". */
static const char *made(const struct resctrl *r, const struct plan_rdt *plan, struct rdt_ref *ref)
{
	struct lc_error e = { 0 };

	resctrl_expect(r, plan, ref);
	return resctrl_make(r, plan, "web", &e) < 0 ? arena_strdup(&arena, e.msg) : "";
}

static bool there(const struct resctrl *r, const char *name)
{
	return faccessat(r->dir, name, F_OK, 0) == 0;
}

TEST(without_a_name_the_class_is_the_containers)
{
	auto_resctrl r = tree();
	struct plan_rdt plan = PLAN(NULL, "L3:0=f", "MB:0=50");
	struct lc_error e = { 0 };
	struct rdt_ref ref;

	CHECK_STR(made(&r, &plan, &ref), "");
	check_written(r.dir, "web/schemata", "L3:0=f\nMB:0=50\n");
	CHECK_OK(resctrl_join(&r, &ref, "web", 4711, &e), &e);
	CHECK_STR(get(r.dir, "web/tasks"), "4711\n");
	CHECK_STR(get(r.dir, "schemata"), "    L3:0=fff;1=fff\n    MB:0=100;1=100\n");
	CHECK_STR(made(&r, &plan, &ref), "linux.intelRdt: web: a class of the container's name is "
					 "there already, of another");
	CHECK(!ref.made);
}

TEST(without_limits_nothing_is_written)
{
	auto_resctrl r = tree();
	struct plan_rdt plan = { .group = (char *)"web" };
	struct rdt_ref ref;

	CHECK_STR(made(&r, &plan, &ref), "");
	CHECK_STR(get(r.dir, "web/schemata"), "    L3:0=fff;1=fff\n    MB:0=100;1=100\n");
}

TEST(a_class_that_is_there_must_be_as_wanted)
{
	static const struct {
		const char *line, *wanted;
	} cases[] = {
		{ "L3:0=fff", "" },
		{ "L3:0=0FFF;1=fff", "" },
		{ "L3:1=fff", "" },
		{ "MB:0=100", "" },
		{ "L3:0=f", "\"L3:0=f\" is not what its schemata say" },
		{ "L3:2=fff", "\"L3:2=fff\" is not what its schemata say" },
		{ "MB:0=50", "\"MB:0=50\" is not what its schemata say" },
		{ "L2:0=f", "\"L2:0=f\" is not what its schemata say" },
		{ "L3", "\"L3\" is not what its schemata say" },
	};
	auto_resctrl r = tree();
	struct rdt_ref ref;

	CHECK(mkdirat(r.dir, "gold", 0755) == 0);
	fill(r.dir, "gold");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct plan_rdt plan = PLAN("gold", cases[i].line);
		const char *got = made(&r, &plan, &ref);

		if (*cases[i].wanted)
			CHECK_CONTAINS(got, cases[i].wanted);
		else
			CHECK_STR(got, "");
		CHECK(!ref.made);
		CHECK_STR(get(r.dir, "gold/schemata"), "    L3:0=fff;1=fff\n    MB:0=100;1=100\n");
	}
}

TEST(a_class_without_limits_must_be_there)
{
	auto_resctrl r = tree();
	struct plan_rdt plan = { .group = (char *)"gold", .shared = true };
	struct rdt_ref ref;

	CHECK_CONTAINS(made(&r, &plan, &ref), "linux.intelRdt: gold: there is no such class");
	CHECK(!there(&r, "gold"));
	CHECK(mkdirat(r.dir, "gold", 0755) == 0);
	fill(r.dir, "gold");
	CHECK_STR(made(&r, &plan, &ref), "");
}

TEST(a_named_class_with_limits_is_made)
{
	auto_resctrl r = tree();
	struct plan_rdt plan = PLAN("gold", "L3:0=3");
	struct rdt_ref ref;

	CHECK_STR(made(&r, &plan, &ref), "");
	CHECK(ref.made);
	check_written(r.dir, "gold/schemata", "L3:0=3\n");
	CHECK(!there(&r, "web"));
}

TEST(a_slash_is_the_class_of_everybody)
{
	auto_resctrl r = tree();
	struct plan_rdt plan = { .group = (char *)"/", .shared = true, .monitor = true };
	struct lc_error e = { 0 };
	struct rdt_ref ref;

	CHECK_STR(made(&r, &plan, &ref), "");
	CHECK(!ref.made);
	CHECK_OK(resctrl_join(&r, &ref, "web", 12, &e), &e);
	CHECK_STR(get(r.dir, "mon_groups/web/tasks"), "12\n");
	CHECK_OK(resctrl_remove(&r, &ref, "web", &e), &e);
	CHECK(!there(&r, "mon_groups/web") && there(&r, "tasks"));
}

TEST(monitoring_has_a_group_of_the_containers)
{
	auto_resctrl r = tree();
	struct plan_rdt plan = PLAN("gold", "L3:0=3");
	struct lc_error e = { 0 };
	struct rdt_ref ref;

	CHECK_STR(made(&r, &plan, &ref), "");
	CHECK(!there(&r, "gold/mon_groups/web"));
	plan = (struct plan_rdt){ .group = (char *)"gold", .shared = true, .monitor = true };
	CHECK_STR(made(&r, &plan, &ref), "");
	CHECK_OK(resctrl_join(&r, &ref, "web", 12, &e), &e);
	CHECK_STR(get(r.dir, "gold/tasks"), "12\n");
	CHECK_STR(get(r.dir, "gold/mon_groups/web/tasks"), "12\n");
	CHECK_OK(resctrl_remove(&r, &ref, "web", &e), &e);
	CHECK(!there(&r, "gold/mon_groups/web") && there(&r, "gold/tasks"));
}

TEST(what_was_made_goes_unless_others_are_in_it)
{
	auto_resctrl r = tree();
	struct plan_rdt plan = PLAN("gold", "L3:0=3"), own = PLAN(NULL, "L3:0=3");
	struct lc_error e = { 0 };
	struct rdt_ref ref;

	CHECK_STR(made(&r, &plan, &ref), "");
	put(r.dir, "gold/tasks", "99\n");
	CHECK_OK(resctrl_remove(&r, &ref, "web", &e), &e);
	CHECK(there(&r, "gold"));
	put(r.dir, "gold/tasks", "");
	CHECK(mkdirat(r.dir, "gold/mon_groups/other", 0755) == 0);
	CHECK_OK(resctrl_remove(&r, &ref, "web", &e), &e);
	CHECK(there(&r, "gold"));
	CHECK(unlinkat(r.dir, "gold/mon_groups/other", AT_REMOVEDIR) == 0);
	CHECK_OK(resctrl_remove(&r, &ref, "web", &e), &e);
	CHECK(!there(&r, "gold"));
	CHECK_OK(resctrl_remove(&r, &ref, "web", &e), &e);

	CHECK_STR(made(&r, &own, &ref), "");
	put(r.dir, "web/tasks", "7\n"); /* a zombie */
	CHECK_OK(resctrl_remove(&r, &ref, "web", &e), &e);
	CHECK(!there(&r, "web"));
}

TEST(what_was_there_before_stays)
{
	auto_resctrl r = tree();
	struct plan_rdt plan = PLAN("gold", "L3:0=fff");
	struct lc_error e = { 0 };
	struct rdt_ref ref;

	CHECK(mkdirat(r.dir, "gold", 0755) == 0);
	fill(r.dir, "gold");
	CHECK_STR(made(&r, &plan, &ref), "");
	CHECK_OK(resctrl_remove(&r, &ref, "web", &e), &e);
	CHECK(there(&r, "gold/tasks"));
}

TEST(an_update_writes_its_lines)
{
	auto_resctrl r = tree();
	struct plan_rdt plan = PLAN(NULL, "L3:0=3");
	const char *lines[] = { "L3:0=7", "MB:0=20" };
	struct lc_error e = { 0 };
	struct rdt_ref ref;

	CHECK_STR(made(&r, &plan, &ref), "");
	CHECK_OK(resctrl_limit(&r, &ref, &(struct strs){ (char **)lines, 2 }, &e), &e);
	check_written(r.dir, "web/schemata", "L3:0=7\nMB:0=20\n");
}

/* A file that cannot be written stands for one whose text the kernel refuses. */
TEST(the_kernel_says_what_is_wrong)
{
	auto_resctrl r = tree();
	struct plan_rdt plan = PLAN("gold", "L3:0=fff");
	const char *lines[] = { "L3:0=0" };
	struct lc_error e = { 0 };
	struct rdt_ref ref;

	CHECK_STR(made(&r, &plan, &ref), "");
	CHECK(unlinkat(r.dir, "gold/schemata", 0) == 0);
	put(r.dir, "info/last_cmd_status", "Invalid mask 0\nmore\n");
	CHECK(resctrl_limit(&r, &ref, &(struct strs){ (char **)lines, 1 }, &e) < 0);
	CHECK_STR(e.msg, "linux.intelRdt: gold: schemata: Invalid mask 0");
}

/* What `events` tells, in the members that users of runc know. */
TEST(events_tell_limits_and_counts)
{
	static const char wanted[] =
		"{\"intel_rdt\":{\"l3_cache_info\":{\"cbm_mask\":\"fff\",\"min_cbm_bits\":2,"
		"\"num_closids\":16},\"mem_bw_info\":{\"bandwidth_gran\":10,\"delay_linear\":1,"
		"\"min_bandwidth\":10,\"num_closids\":8},\"l3_cache_schema_root\":\"L3:0=fff;1="
		"fff\","
		"\"mem_bw_schema_root\":\"MB:0=100;1=100\",\"l3_cache_schema\":\"L3:0=f;1=f\","
		"\"schemata\":[\"L3:0=f;1=f\",\"L2:0=3\"],\"mbm_stats\":[{\"mbm_total_bytes\":7,"
		"\"mbm_local_bytes\":6},{\"mbm_total_bytes\":9}],\"cmt_stats\":[{\"llc_occupancy\":"
		"5},"
		"{}]}}";
	static const struct {
		const char *key, *value;
	} files[] = {
		{ "info/L3/cbm_mask", "fff\n" },
		{ "info/L3/min_cbm_bits", "2\n" },
		{ "info/L3/num_closids", "16\n" },
		{ "info/MB/bandwidth_gran", "10\n" },
		{ "info/MB/delay_linear", "1\n" },
		{ "info/MB/min_bandwidth", "10\n" },
		{ "info/MB/num_closids", "8\n" },
		{ "schemata", "    L3:0=fff;1=fff\n    MB:0=100;1=100\n" },
		{ "gold/schemata", "L3:0=f;1=f\n  L2:0=3\n" },
		{ "gold/mon_data/mon_L3_00/llc_occupancy", "999\n" }, /* of all in the class */
		{ "gold/mon_groups/web/mon_data/mon_L3_00/llc_occupancy", "5\n" },
		{ "gold/mon_groups/web/mon_data/mon_L3_00/mbm_total_bytes", "7\n" },
		{ "gold/mon_groups/web/mon_data/mon_L3_00/mbm_local_bytes", "6\n" },
		{ "gold/mon_groups/web/mon_data/mon_L3_01/llc_occupancy", "Unavailable\n" },
		{ "gold/mon_groups/web/mon_data/mon_L3_01/mbm_total_bytes", "9\n" },
	};
	auto_resctrl r = tree();
	struct rdt_ref ref = { .group = (char *)"gold", .monitor = true };
	struct json_writer w = { .out = { .arena = &arena } };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		char *path = arena_strdup(&arena, files[i].key);

		for (char *slash = path; (slash = strchr(slash, '/')); *slash++ = '/') {
			*slash = 0;
			(void)!mkdirat(r.dir, path, 0755);
		}
		put(r.dir, path, files[i].value);
	}
	json_open(&w, NULL, '{');
	resctrl_write(&r, &ref, "web", &w);
	json_close(&w, '}');
	CHECK_STR(w.out.str, wanted);
	ref.group = (char *)"gone";
	w = (struct json_writer){ .out = { .arena = &arena } };
	json_open(&w, NULL, '{');
	resctrl_write(&r, &ref, "web", &w);
	json_close(&w, '}');
	CHECK_STR(w.out.str, "{}");
}
