/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cgroups/: limits and annotations as properties of a systemd unit. */
#include "cgroups/unit.h"
#include "base/file.h"
#include "base/own.h"
#include "lc_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* Separators shown as '|'. */
static const char *shown(char *s)
{
	for (char *p = s; p && *p; p++)
		*p = *p == *UNIT_SEPARATOR ? '|' : *p;
	return s;
}

TEST(values_of_annotations_get_their_type)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{ "true", "b|true" },
		{ " false ", "b|false" },
		{ "15", "i|15" },
		{ "-1", "i|-1" },
		{ "2147483647", "i|2147483647" },
		{ "uint64 18446744073709551615", "t|18446744073709551615" },
		{ "@t 5", "t|5" },
		{ "byte 255", "y|255" },
		{ "int16 -3", "n|-3" },
		{ "uint16 3", "q|3" },
		{ "uint32 3", "u|3" },
		{ "int64 -9223372036854775808", "x|-9223372036854775808" },
		{ "1.5", "d|1.5" },
		{ "double 1", "d|1" },
		{ "'a b'", "s|a b" },
		{ "\"it's\"", "s|it's" },
		{ "'it\\'s'", "s|it's" },
		{ "''", "s|" },
		{ "objectpath '/a'", "o|/a" },
		{ "['a', 'b']", "as|a|b" },
		{ "[uint32 1, 2]", "au|1|2" },
		{ "@as []", "as" },
		{ "@ay [1,2]", "ay|1|2" },
	};
	struct lc_error e;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_arena a = { 0 };
		char *value = unit_value_of_gvariant(&a, cases[i].text, false, &e);

		CHECK_STR(value ? shown(value) : e.msg, cases[i].wanted);
	}
}

TEST(annotations_that_are_no_values_are_refused)
{
	static const char *const cases[] = {
		"",	      "uint64",	    "uint64 -1", "byte 256",
		"2147483648", "'x",	    "yes",	 "[]",
		"[1",	      "['a', 1]",   "{'a': 1}",	 "(1, 2)",
		"'a' 'b'",    "'\\n'",	    "1x",	 "uint64 true",
		"@q 65536",   "@a 1",	    "@as 'a'",	 "[['a'], ['b']]",
		"0x10",	      "uint32 1.5", "'a\037b'",
	};
	struct lc_error e;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_arena a = { 0 };
		char *value = unit_value_of_gvariant(&a, cases[i], false, &e);

		CHECK_STR(value ? value : "refused", "refused");
	}
}

TEST(seconds_become_microseconds)
{
	struct pair pairs[] = { { (char *)"TimeoutStopSec", (char *)"uint64 5" },
				{ (char *)"RuntimeMaxSec", (char *)"1.5" },
				{ (char *)"TimeoutStopUSec", (char *)"uint64 7" } };
	auto_arena a = { 0 };
	struct unit_words w = { .a = &a };
	struct lc_error e;

	CHECK_OK(unit_add_annotations(&w, &(struct pairs){ pairs, 3 }, &e), &e);
	CHECK_INT(w.n, 3);
	CHECK_STR(shown(w.v[0]), "TimeoutStopUSec|t|5000000");
	CHECK_STR(shown(w.v[1]), "RuntimeMaxUSec|t|1500000");
	CHECK_STR(shown(w.v[2]), "TimeoutStopUSec|t|7");
	pairs[0].value = (char *)"'soon'";
	CHECK_INT(unit_add_annotations(&w, &(struct pairs){ pairs, 1 }, &e), -1);
	CHECK_CONTAINS(e.msg, "org.systemd.property.TimeoutStopSec: expected a number of seconds");
	pairs[0].key = (char *)"a b";
	CHECK_INT(unit_add_annotations(&w, &(struct pairs){ pairs, 1 }, &e), -1);
	CHECK_CONTAINS(e.msg, "not the name of a property");
}

TEST(files_become_properties)
{
	static const struct {
		const char *file, *value, *wanted;
	} cases[] = {
		{ "memory.max", "67108864", "MemoryMax|t|67108864" },
		{ "memory.max", "max", "MemoryMax|t|18446744073709551615" },
		{ "memory.low", "1", "MemoryLow|t|1" },
		{ "memory.high", "1", "MemoryHigh|t|1" },
		{ "memory.min", "1", "MemoryMin|t|1" },
		{ "memory.min", "max", "MemoryMin|t|18446744073709551615" },
		{ "memory.high", "3G", "MemoryHigh|t|3221225472" },
		{ "memory.max", "16k", "MemoryMax|t|16384" },
		{ "memory.max", "16kB", "" },
		{ "memory.max", "999999999999P", "" },
		{ "memory.swap.max", "0", "MemorySwapMax|t|0" },
		{ "memory.zswap.max", "1M", "253:MemoryZSwapMax|t|1048576" },
		{ "memory.oom.group", "1", "" },
		{ "cpu.weight", "100", "CPUWeight|t|100" },
		{ "cpu.idle", "1", "252:CPUWeight|t|0" },
		{ "cpu.idle", "0", "" },
		{ "cpu.max", "50000 100000",
		  "CPUQuotaPerSecUSec|t|500000 CPUQuotaPeriodUSec|t|100000" },
		{ "cpu.max", "12345 100000",
		  "CPUQuotaPerSecUSec|t|130000 CPUQuotaPeriodUSec|t|100000" },
		{ "cpu.max", "50000", "CPUQuotaPerSecUSec|t|500000 CPUQuotaPeriodUSec|t|100000" },
		{ "cpu.max", "max 50000",
		  "CPUQuotaPerSecUSec|t|18446744073709551615 CPUQuotaPeriodUSec|t|50000" },
		{ "cpuset.cpus", "0-3,9", "AllowedCPUs|ay|15|2" },
		{ "cpuset.cpus", "8", "AllowedCPUs|ay|0|1" },
		{ "cpuset.cpus", "nonsense", "" },
		{ "cpuset.mems", "1", "AllowedMemoryNodes|ay|2" },
		{ "pids.max", "42", "TasksMax|t|42" },
		{ "io.weight", "default 100", "IOWeight|t|100" },
		{ "io.weight", "7475", "IOWeight|t|7475" },
		{ "io.weight", "8:16 200", "IODeviceWeight|a(st)|/dev/block/8:16|200" },
		{ "io.weight", "nonsense", "" },
		{ "io.bfq.weight", "750", "IOWeight|t|7250" },
		{ "io.bfq.weight", "default 1000", "IOWeight|t|10000" },
		{ "io.bfq.weight", "50", "IOWeight|t|50" },
		{ "io.bfq.weight", "8:16 200", "IODeviceWeight|a(st)|/dev/block/8:16|1200" },
		{ "io.max", "8:0 rbps=1000 wiops=max",
		  "IOReadBandwidthMax|a(st)|/dev/block/8:0|1000 "
		  "IOWriteIOPSMax|a(st)|/dev/block/8:0|18446744073709551615" },
		{ "hugetlb.2MB.max", "0", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct plan_cgroup_file file = { .file = (char *)cases[i].file,
						 .value = (char *)cases[i].value,
						 .member = (char *)"m" };
		struct plan_cgroup plan = { .files = { &file, 1 } };
		auto_arena a = { 0 };
		struct unit_words w = { .a = &a };
		char all[512] = "";

		unit_add_limits(&w, &plan, -1, NULL);
		for (size_t j = 0; j < w.n; j++)
			snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", j ? " " : "",
				 shown(w.v[j]));
		CHECK_STR(all, cases[i].wanted);
	}
}

/* systemd would write the same at its next reload. */
TEST(files_get_quotas_as_systemd_rounds_them)
{
	static const struct {
		const char *value, *wanted;
	} cases[] = {
		{ "50000 100000", "50000 100000" }, { "12345 100000", "13000 100000" },
		{ "12345", "13000 100000" },	    { "3333 10000", "3400 10000" },
		{ "max 50000", "max 50000" },	    { "max", "max" },
		{ "nonsense", "nonsense" },
	};
	struct plan_cgroup_file files[] = {
		{ .file = (char *)"cpu.weight", .value = (char *)"50", .member = (char *)"m" },
		{ .file = (char *)"cpu.max", .member = (char *)"m" },
	};
	struct plan_cgroup plan = { .files = { files, 2 } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_arena a = { 0 };
		struct plan_cgroup out;

		files[1].value = (char *)cases[i].value;
		out = unit_files(&a, &plan, -1);
		CHECK_INT(out.files.n, 2);
		CHECK_STR(out.files.v[0].value, "50");
		CHECK_STR(out.files.v[1].value, cases[i].wanted);
		CHECK_STR(files[1].value, cases[i].value);
	}
}

TEST(an_idle_unit_gets_no_weight)
{
	struct plan_cgroup_file files[] = {
		{ .file = (char *)"cpu.weight", .value = (char *)"50", .member = (char *)"m" },
		{ .file = (char *)"cpu.idle", .value = (char *)"1", .member = (char *)"m" },
	};
	struct plan_cgroup plan = { .files = { files, 2 } }, out;
	auto_arena a = { 0 };
	struct unit_words w = { .a = &a };

	out = unit_files(&a, &plan, -1);
	CHECK_INT(out.files.n, 1);
	CHECK_STR(out.files.v[0].file, "cpu.idle");
	unit_add_limits(&w, &plan, -1, NULL);
	CHECK_INT(w.n, 1);
	CHECK_STR(shown(w.v[0]), "252:CPUWeight|t|0");
}

/* A directory with a file stands for the cgroup as it is. */
TEST(updates_keep_the_other_half_of_a_quota)
{
	static const struct {
		const char *now, *value, *wanted, *property;
		bool keep_first;
	} cases[] = {
		{ "50000 100000", "max 50000", "now 50000", "CPUQuotaPerSecUSec|t|1000000", true },
		{ "5000 10000", "max 30000", "5100 30000", "CPUQuotaPerSecUSec|t|170000", true },
		{ "max 100000", "max 50000", "now 50000",
		  "CPUQuotaPerSecUSec|t|18446744073709551615", true },
		{ "50000 10000", "12345", "12400 10000", "CPUQuotaPerSecUSec|t|1240000", false },
	};
	auto_fd dir = openat(AT_FDCWD, test_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct plan_cgroup_file file = { .file = (char *)"cpu.max",
						 .value = (char *)cases[i].value,
						 .keep_first = cases[i].keep_first,
						 .member = (char *)"m" };
		struct plan_cgroup plan = { .files = { &file, 1 } }, out;
		auto_arena a = { 0 };
		struct unit_words w = { .a = &a };
		auto_fd now =
			openat(dir, "cpu.max", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

		CHECK_INT(fd_write_all(now, cases[i].now, strlen(cases[i].now)), 0);
		unit_add_limits(&w, &plan, dir, NULL);
		CHECK_INT(w.n, 2);
		CHECK_STR(shown(w.v[0]), cases[i].property);
		out = unit_files(&a, &plan, dir);
		CHECK_INT(out.files.n, 1);
		CHECK_STR(arena_printf(&a, "%s%s", out.files.v[0].keep_first ? "now" : "",
				       out.files.v[0].value +
					       (out.files.v[0].keep_first ? strlen("max") : 0)),
			  cases[i].wanted);
	}
}
