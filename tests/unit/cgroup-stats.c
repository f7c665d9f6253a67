/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statistics from files as the kernel writes them, and the JSON of an event. */
#include "base/file.h"
#include "base/own.h"
#include "cgroups/cgroup.h"
#include "json/encode.h"
#include "lc_test.h"

#include <fcntl.h>

static const struct {
	const char *name, *text;
} files[] = {
	{ "cpu.stat", "usage_usec 3000\nuser_usec 1000\nsystem_usec 2000\nnr_periods 7\n"
		      "nr_throttled 3\nthrottled_usec 400\nnr_bursts 0\nburst_usec 0\n" },
	{ "cpu.pressure", "some avg10=1.25 avg60=0.50 avg300=0.00 total=1234\n"
			  "full avg10=0.00 avg60=0.00 avg300=0.00 total=99\n" },
	{ "memory.current", "4096\n" },
	{ "memory.peak", "8192\n" },
	{ "memory.max", "1048576\n" },
	{ "memory.swap.current", "100\n" },
	{ "memory.swap.max", "max\n" },
	{ "memory.events", "low 0\nhigh 0\nmax 5\noom 2\noom_kill 1\noom_group_kill 0\n" },
	{ "memory.stat", "anon 1000\nfile 2000\nzswap 18446744073709551614\n" },
	{ "pids.current", "3\n" },
	{ "pids.max", "max\n" },
	{ "io.stat", "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n"
		     "8:16\n"
		     "253:0 rbytes=7 wbytes=8 rios=9 wios=10 dbytes=11 dios=12 cost.usage=5\n" },
	{ "io.pressure", "" },
	{ "hugetlb.2MB.current", "2097152\n" },
	{ "hugetlb.2MB.max", "4194304\n" },
	{ "hugetlb.2MB.events", "max 9\n" },
	{ "hugetlb.2MB.events.local", "max 1\n" },
	{ "hugetlb.1GB.current", "0\n" },
	{ "hugetlb.1GB.max", "max\n" },
	{ "hugetlb.1GB.events", "max 0\n" },
};

static int write_files(struct lc_error *e)
{
	int dir = openat(AT_FDCWD, test_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(dir >= 0);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		CHECK_OK(file_replace_at(dir, files[i].name, files[i].text, strlen(files[i].text),
					 0644, e),
			 e);
	return dir;
}

TEST(files_become_numbers)
{
	auto_arena a = {};
	struct lc_error e = {};
	auto_fd dir = write_files(&e);
	struct cgroup_stats s;

	CHECK_OK(cgroup_stats_read(dir, &a, &s, &e), &e);
	CHECK_INT(s.cpu.usage_usec, 3000);
	CHECK_INT(s.cpu.throttled_usec, 400);
	CHECK(s.cpu.psi.present && s.cpu.psi.some.avg10 == 1.25);
	CHECK_INT(s.cpu.psi.some.total, 1234);
	CHECK_INT(s.cpu.psi.full.total, 99);
	CHECK_INT(s.memory.current, 4096);
	CHECK_INT(s.memory.max, 1048576);
	CHECK(s.memory.low == CGROUP_NONE && s.memory.swap_max == CGROUP_NONE);
	CHECK_INT(s.memory.events.oom_kill, 1);
	CHECK_INT(s.memory.stat.n, 3);
	CHECK_STR(s.memory.stat.v[2].name, "zswap");
	CHECK(s.memory.stat.v[2].value == 18446744073709551614u);
	CHECK(!s.memory.psi.present && !s.io_psi.present);
	CHECK_INT(s.pids.current, 3);
	CHECK(s.pids.max == CGROUP_NONE && s.pids.peak == CGROUP_NONE);
	CHECK(s.has_io);
	CHECK_INT(s.io.n, 2);
	CHECK_INT(s.io.v[1].major, 253);
	CHECK_INT(s.io.v[1].dios, 12);
	CHECK_INT(s.hugetlb.n, 2);
}

/* As a guest tells them. */
TEST(texts_of_files_become_numbers_and_others_stay)
{
	auto_arena a = {};
	struct cgroup_stats s = { .cpu.usage_usec = 7, .memory.events.oom_kill = 1 };
	char events[] = "low 0\nhigh 0\nmax 1\noom 2\noom_kill 3\n", current[] = "4096\n";
	char stat[] = "anon 5\nfile 6\n", max[] = "max\n", other[] = "9\n";

	cgroup_stats_text("memory.events", events, &a, &s);
	cgroup_stats_text("memory.current", current, &a, &s);
	cgroup_stats_text("memory.stat", stat, &a, &s);
	cgroup_stats_text("pids.max", max, &a, &s);
	cgroup_stats_text("nonsense", other, &a, &s);
	CHECK_INT(s.memory.events.oom_kill, 3);
	CHECK_INT(s.memory.current, 4096);
	CHECK_INT(s.memory.stat.n, 2);
	CHECK_STR(s.memory.stat.v[1].name, "file");
	CHECK_INT(s.memory.stat.v[1].value, 6);
	CHECK(s.pids.max == CGROUP_NONE);
	CHECK_INT(s.cpu.usage_usec, 7);
}

/* What the kernel leaves out, and files of cgroups without controllers. */
TEST(an_empty_directory_is_no_error)
{
	auto_arena a = {};
	struct lc_error e = {};
	auto_fd dir = openat(AT_FDCWD, test_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct json_writer w = { .out = { .arena = &a } };
	struct cgroup_stats s;

	CHECK_OK(cgroup_stats_read(dir, &a, &s, &e), &e);
	CHECK_STR(e.msg, "");
	CHECK(s.cpu.usage_usec == CGROUP_NONE && s.memory.current == CGROUP_NONE);
	CHECK(!s.has_io);
	json_open(&w, NULL, '{');
	cgroup_stats_write(&w, &s);
	json_close(&w, '}');
	CHECK_STR(w.out.str,
		  "{\"cpu\":{\"usage\":{},\"throttling\":{}},\"memory\":{},\"pids\":{},"
		  "\"blkio\":{\"ioServiceBytesRecursive\":[],\"ioServicedRecursive\":[]},"
		  "\"hugetlb\":{}}");
}

TEST(the_event_has_the_layout_that_engines_know)
{
	auto_arena a = {};
	struct lc_error e = {};
	auto_fd dir = write_files(&e);
	struct json_writer w = { .out = { .arena = &a } };
	struct cgroup_stats s;

	CHECK_OK(cgroup_stats_read(dir, &a, &s, &e), &e);
	json_open(&w, NULL, '{');
	cgroup_stats_write(&w, &s);
	json_close(&w, '}');
	CHECK_CONTAINS(w.out.str, "\"cpu\":{\"usage\":{\"total\":3000000,\"kernel\":2000000,"
				  "\"user\":1000000},\"throttling\":{\"periods\":7,"
				  "\"throttledPeriods\":3,\"throttledTime\":400000,");
	CHECK_CONTAINS(w.out.str, "\"psi\":{\"some\":{\"avg10\":1.25,\"avg60\":0.50,"
				  "\"avg300\":0.00,\"total\":1234},\"full\":{");
	CHECK_CONTAINS(w.out.str, "\"memory\":{\"cache\":2000,\"usage\":{\"limit\":1048576,"
				  "\"usage\":4096,\"max\":8192,\"failcnt\":5},\"swap\":{\"limit\":"
				  "18446744073709551615,\"usage\":4196,\"failcnt\":0},\"events\":"
				  "{\"low\":0,\"high\":0,\"max\":5,");
	CHECK_CONTAINS(w.out.str,
		       "\"oom\":2,\"oom_kill\":1},\"raw\":{\"anon\":1000,\"file\":2000,");
	CHECK_CONTAINS(w.out.str, "\"pids\":{\"current\":3}");
	CHECK_CONTAINS(w.out.str, "{\"major\":8,\"minor\":0,\"op\":\"Write\",\"value\":2}");
	CHECK_CONTAINS(w.out.str, "\"2MB\":{\"usage\":2097152,\"max\":4194304,\"failcnt\":9}");
	CHECK_CONTAINS(w.out.str, "\"1GB\":{\"usage\":0,\"failcnt\":0}");
}
