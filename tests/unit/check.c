/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules across the members of the configuration: a case per rule, broken and kept. */
#include "base/str.h"
#include "lc_test.h"
#include "spec/spec.h"

#include <stdio.h>

/* Members put into a small configuration; NULL: nothing.  namespaces: in place of the usual ones.
 */
struct rule_case {
	const char *want; /* "path: text" of the first error, NULL: it is accepted */
	const char *top, *process, *os, *resources, *namespaces;
};

#define ALL_NAMESPACES \
	"{\"type\":\"pid\"},{\"type\":\"network\"},{\"type\":\"mount\"},{\"type\":\"ipc\"}," \
	"{\"type\":\"uts\"},{\"type\":\"cgroup\"}"
#define USER_NAMESPACE "{\"type\":\"user\"}"

static const char *some(const char *text)
{
	return text ? text : "";
}

static char *configuration(struct arena *a, const struct rule_case *c)
{
	return arena_printf(a,
			    "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"},%s\n"
			    "\"process\":{\"cwd\":\"/\",\"args\":[\"a\"],%s\"terminal\":false},\n"
			    "\"linux\":{\"namespaces\":[%s],%s\n\"resources\":{%s}}}",
			    some(c->top), some(c->process),
			    c->namespaces ? c->namespaces : ALL_NAMESPACES, some(c->os),
			    some(c->resources));
}

/* The message without the place, which other tests look at. */
static const char *without_place(const char *msg)
{
	const char *p = strstr(msg, ": ");

	return p ? p + 2 : msg;
}

static void check_cases(const struct rule_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		auto_arena a = { 0 };
		struct lc_error e = { 0 };
		struct spec *spec;
		char *text = configuration(&a, &cases[i]);
		int r = spec_load(&a, "c", text, strlen(text), NULL, &spec, &e);

		if (r < 0 && !cases[i].want)
			FAIL("case %zu:\n%s\n%s", i, text, e.msg);
		if (r == 0 && cases[i].want)
			FAIL("case %zu: accepted, not\n%s\n%s", i, cases[i].want, text);
		if (r < 0)
			CHECK_STR(without_place(e.msg), cases[i].want);
	}
}

#define CHECK_CASES(cases) check_cases(cases, ARRAY_SIZE(cases))

static const char *load_error(struct arena *a, const char *text)
{
	struct lc_error e = { 0 };
	struct spec *spec;

	return spec_load(a, "c", text, strlen(text), NULL, &spec, &e) < 0 ? arena_strdup(a, e.msg)
									  : "accepted";
}

TEST(versions)
{
	static const struct {
		const char *version, *want;
	} cases[] = {
		{ "1.0.0", NULL },
		{ "1.0.2-dev", NULL },
		{ "1.0.0-rc5", NULL },
		{ "1.0.0-rc.1.x-y", NULL },
		{ "1.1.0+dev", NULL },
		{ "1.2.0-rc.1+build.007", NULL },
		{ "1.3.0", NULL },
		{ "1.10.11", NULL },
		{ "2.0.0", "expected a supported version (1.x)" },
		{ "0.2.0", "expected a supported version (1.x)" },
		{ "10.0.0", "expected a supported version (1.x)" },
		{ "abc", "expected a version such as 1.3.0" },
		{ "", "expected a version such as 1.3.0" },
		{ "1", "expected a version such as 1.3.0" },
		{ "1.0", "expected a version such as 1.3.0" },
		{ "1.0.0.0", "expected a version such as 1.3.0" },
		{ "1.0.x", "expected a version such as 1.3.0" },
		{ "01.0.0", "expected a version such as 1.3.0" },
		{ "1.00.0", "expected a version such as 1.3.0" },
		{ "1.0.0-", "expected a version such as 1.3.0" },
		{ "1.0.0-01", "expected a version such as 1.3.0" },
		{ "1.0.0+", "expected a version such as 1.3.0" },
		{ "1.0.0-a..b", "expected a version such as 1.3.0" },
		{ " 1.0.0", "expected a version such as 1.3.0" },
		{ "v1.0.0", "expected a version such as 1.3.0" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_arena a = { 0 };
		const char *got = load_error(
			&a, arena_printf(&a, "{\"ociVersion\":\"%s\",\"root\":{\"path\":\"r\"}}",
					 cases[i].version));

		if (cases[i].want)
			CHECK_CONTAINS(got, cases[i].want);
		else
			CHECK_STR(got, "accepted");
	}
}

TEST(what_every_configuration_needs)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "{}", "c:1:1: ociVersion: required, but missing" },
		{ "{\"ociVersion\":\"1.0.0\"}", "c:1:1: root: required, but missing" },
		{ "{\"ociVersion\":\"1.0.0\",\n\"root\":{}}",
		  "c:2:8: root.path: required, but missing" },
		{ "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"\"}}",
		  "c:1:38: root.path: expected a text, found the empty string" },
		{ "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\".\"}}", "accepted" },
		{ "[]", "c:1:1: expected an object, found an array" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_arena a = { 0 };

		CHECK_STR(load_error(&a, cases[i].text), cases[i].want);
	}
}

TEST(rules_name_the_place)
{
	static const char text[] = "{\"ociVersion\":\"1.0.0\",\n \"root\":{\"path\":\"r\"},\n"
				   "  \"hostname\": \"h\",\n \"linux\": {\"sysctl\":{\n"
				   "   \"net.core.somaxconn\":  \"1\"}}}";
	auto_arena a = { 0 };

	CHECK_STR(load_error(&a, text),
		  "c:3:15: hostname: needs a uts namespace (linux.namespaces)");
}

static void count(void *ctx, const struct remark *r)
{
	int *errors = ctx;

	*errors += r->kind == REMARK_ERROR;
}

TEST(all_broken_rules_are_heard)
{
	static const char text[] =
		"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"hostname\":\"h\","
		"\"process\":{\"cwd\":\"/\"},\"linux\":{\"uidMappings\":[{\"containerID\":0,"
		"\"hostID\":0,\"size\":1}],\"sysctl\":{\"net.x\":\"1\",\"vm.x\":\"1\"}}}";
	auto_arena a = { 0 };
	struct lc_error e;
	struct spec *spec;
	int errors = 0;
	struct report report = { count, &errors };

	CHECK(spec_load(&a, "c", text, strlen(text), &report, &spec, &e) < 0);
	CHECK_INT(errors, 5);
	CHECK_CONTAINS(e.msg, "process.args: required, but missing");
}

TEST(namespaces)
{
	static const struct rule_case cases[] = {
		{ .want = NULL, .namespaces = "" },
		{ .want = "linux.namespaces[1].type: the pid namespace is given twice",
		  .namespaces =
			  "{\"type\":\"pid\"},{\"type\":\"pid\",\"path\":\"/proc/1/ns/pid\"}" },
		{ .want = "linux.namespaces[0].path: expected an absolute path, found the string "
			  "\"ns\"",
		  .namespaces = "{\"type\":\"pid\",\"path\":\"ns\"}" },
		{ .want = NULL, .namespaces = "{\"type\":\"pid\",\"path\":\"\"}" },
		{ .want = NULL, .top = "\"hostname\":\"h\",\"domainname\":\"d\"," },
		{ .want = NULL, .top = "\"hostname\":\"\",", .namespaces = "" },
		{ .want = NULL,
		  .top = "\"hostname\":\"h\",",
		  .namespaces = "{\"type\":\"uts\",\"path\":\"/proc/7/ns/uts\"}" },
		{ .want = "domainname: needs a uts namespace (linux.namespaces)",
		  .top = "\"domainname\":\"d\",",
		  .namespaces = "" },
		{ .want = NULL,
		  .top = "\"hostname\":"
			 "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"," },
		{ .want = "hostname: expected at most 64 bytes, found the string "
			  "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab...\"",
		  .top = "\"hostname\":"
			 "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0\"," },
		{ .want = "linux.timeOffsets: needs a new time namespace (linux.namespaces)",
		  .os = "\"timeOffsets\":{\"boottime\":{\"secs\":1}}," },
		{ .want = "linux.timeOffsets: needs a new time namespace (linux.namespaces)",
		  .os = "\"timeOffsets\":{\"boottime\":{\"secs\":1}},",
		  .namespaces = "{\"type\":\"time\",\"path\":\"/proc/7/ns/time\"}" },
		{ .want = NULL,
		  .os = "\"timeOffsets\":{\"monotonic\":{\"secs\":-1,\"nanosecs\":999999999}},",
		  .namespaces = "{\"type\":\"time\"}" },
		{ .want = "linux.personality.flags: no flags are supported",
		  .os = "\"personality\":{\"domain\":\"LINUX\",\"flags\":[\"X\"]}," },
		{ .want = "linux.personality.domain: required, but missing",
		  .os = "\"personality\":{}," },
		{ .want = NULL, .os = "\"personality\":{\"domain\":\"LINUX\",\"flags\":[]}," },
	};

	CHECK_CASES(cases);
}

#define MAP(c, h, s) "{\"containerID\":" #c ",\"hostID\":" #h ",\"size\":" #s "}"
#define MAPS(u, g)   "\"uidMappings\":[" u "],\"gidMappings\":[" g "],"

TEST(id_mappings)
{
	static const struct rule_case cases[] = {
		{ .want = NULL,
		  .os = MAPS(MAP(0, 100000, 65536), MAP(0, 100000, 65536)),
		  .namespaces = USER_NAMESPACE },
		{ .want = NULL,
		  .os = MAPS(MAP(0, 0, 4294967295), MAP(0, 0, 4294967295)),
		  .namespaces = USER_NAMESPACE },
		{ .want = NULL,
		  .os = MAPS(MAP(0, 1, 1) "," MAP(1, 0, 1), MAP(0, 0, 1)),
		  .namespaces = USER_NAMESPACE },
		/* Joined: they are there already, and given ones are compared at create. */
		{ .want = NULL, .namespaces = "{\"type\":\"user\",\"path\":\"/proc/7/ns/user\"}" },
		{ .want = NULL,
		  .os = MAPS(MAP(0, 1, 1), MAP(0, 1, 1)),
		  .namespaces = "{\"type\":\"user\",\"path\":\"/proc/7/ns/user\"}" },
		{ .want = "linux.uidMappings: needs a user namespace (linux.namespaces)",
		  .os = MAPS(MAP(0, 1, 1), MAP(0, 1, 1)) },
		{ .want = "linux.gidMappings: needs a user namespace (linux.namespaces)",
		  .os = "\"gidMappings\":[" MAP(0, 1, 1) "]," },
		{ .want = "linux.uidMappings: a new user namespace needs mappings",
		  .namespaces = USER_NAMESPACE },
		{ .want = "linux.gidMappings: a new user namespace needs mappings",
		  .os = "\"uidMappings\":[" MAP(0, 1, 1) "],",
		  .namespaces = USER_NAMESPACE },
		{ .want = "linux.uidMappings[0].size: expected an integer from 1 to 4294967295, "
			  "found 0",
		  .os = MAPS(MAP(0, 1, 0), MAP(0, 1, 1)),
		  .namespaces = USER_NAMESPACE },
		{ .want = "linux.gidMappings[0].size: the range goes beyond the last id, "
			  "4294967294",
		  .os = MAPS(MAP(0, 1, 1), MAP(0, 1, 4294967295)),
		  .namespaces = USER_NAMESPACE },
		{ .want = "linux.uidMappings[0].size: the range goes beyond the last id, "
			  "4294967294",
		  .os = MAPS(MAP(4294967295, 1, 1), MAP(0, 1, 1)),
		  .namespaces = USER_NAMESPACE },
		{ .want = "linux.uidMappings[1].containerID: the range overlaps that of "
			  "linux.uidMappings[0]",
		  .os = MAPS(MAP(0, 100, 10) "," MAP(9, 200, 10), MAP(0, 1, 1)),
		  .namespaces = USER_NAMESPACE },
		{ .want = "linux.uidMappings[1].hostID: the range overlaps that of "
			  "linux.uidMappings[0]",
		  .os = MAPS(MAP(0, 100, 10) "," MAP(10, 91, 10), MAP(0, 1, 1)),
		  .namespaces = USER_NAMESPACE },
		{ .want = NULL,
		  .os = MAPS(MAP(0, 100, 10) "," MAP(10, 110, 10), MAP(0, 1, 1)),
		  .namespaces = USER_NAMESPACE },
	};

	CHECK_CASES(cases);
}

TEST(more_mappings_than_the_kernel_takes)
{
	auto_arena a = { 0 };

	for (int n = 340; n <= 341; n++) {
		struct buf b = { .arena = &a };
		struct lc_error e = { 0 };
		struct spec *spec;
		struct rule_case c = { .namespaces = USER_NAMESPACE };
		char *text;
		int r;

		for (int i = 0; i < n; i++)
			buf_addf(&b, "%s{\"containerID\":%d,\"hostID\":%d,\"size\":1}",
				 i ? "," : "", i, i);
		c.os = arena_printf(&a, MAPS("%s", MAP(0, 0, 1)), b.str);
		text = configuration(&a, &c);
		r = spec_load(&a, "c", text, strlen(text), NULL, &spec, &e);
		if (n == 340)
			CHECK_OK(r, &e);
		else
			CHECK_STR(without_place(e.msg), "linux.uidMappings: the kernel takes at "
							"most 340 mappings, found 341");
	}
}

TEST(mounts)
{
	static const struct rule_case cases[] = {
		{ .want = NULL, .top = "\"mounts\":[{\"destination\":\"relative\"}]," },
		{ .want = "mounts[0].destination: expected a text, found the empty string",
		  .top = "\"mounts\":[{\"destination\":\"\"}]," },
		{ .want = "mounts[0].destination: required, but missing",
		  .top = "\"mounts\":[{\"source\":\"/\"}]," },
		{ .want = NULL, /* buildah writes them, for a volume without options */
		  .top = "\"mounts\":[{\"destination\":\"/\",\"options\":[\"ro\",\"\"]}]," },
		{ .want = "mounts[0].uidMappings: needs gidMappings as well",
		  .top = "\"mounts\":[{\"destination\":\"/\",\"uidMappings\":[" MAP(0, 1,
										    1) "]}]," },
		{ .want = "mounts[1].gidMappings: needs uidMappings as well",
		  .top = "\"mounts\":[{\"destination\":\"/\"},{\"destination\":\"/\","
			 "\"gidMappings\":[" MAP(0, 1, 1) "]}]," },
		{ .want = NULL,
		  .top = "\"mounts\":[{\"destination\":\"/\"," MAPS(
			  MAP(0, 1, 1), MAP(0, 1, 1)) "\"options\":[\"bind\",\"idmap\"]}]," },
		{ .want = "mounts[0].gidMappings[0].size: the range goes beyond the last id, "
			  "4294967294",
		  .top = "\"mounts\":[{\"destination\":\"/\"," MAPS(
			  MAP(0, 1, 1),
			  MAP(1, 0, 4294967295)) "\"options\":[\"bind\",\"idmap\"]}]," },
		{ .want = "mounts[0].options: idmap needs mappings of the mount or a user "
			  "namespace",
		  .top = "\"mounts\":[{\"destination\":\"/"
			 "\",\"options\":[\"bind\",\"ridmap\"]}]," },
		{ .want = NULL,
		  .top = "\"mounts\":[{\"destination\":\"/\",\"options\":[\"bind\",\"idmap\"]}],",
		  .namespaces = "{\"type\":\"user\",\"path\":\"/proc/7/ns/user\"}" },
	};

	CHECK_CASES(cases);
}

TEST(process)
{
	static const struct rule_case cases[] = {
		{ .want = "process.env[1]: expected NAME=value, found the empty string",
		  .process = "\"env\":[\"A=b\",\"\"]," },
		{ .want = "process.env[0]: expected NAME=value, found the string \"=b\"",
		  .process = "\"env\":[\"=b\"]," },
		{ .want = NULL, .process = "\"env\":[\"A=\",\"A\",\"B=a=b\\nc\"]," },
		{ .want = "process.user.uid: expected an integer from 0 to 4294967294, found "
			  "4294967295",
		  .process = "\"user\":{\"uid\":4294967295}," },
		{ .want = "process.user.additionalGids[1]: expected an integer from 0 to "
			  "4294967294, found 4294967295",
		  .process = "\"user\":{\"additionalGids\":[0,4294967295]}," },
		{ .want = "process.user.umask: expected an integer from 0 to 511, found 512",
		  .process = "\"user\":{\"umask\":512}," },
		{ .want = "process.oomScoreAdj: expected an integer from -1000 to 1000, found "
			  "-1001",
		  .process = "\"oomScoreAdj\":-1001," },
		{ .want = NULL,
		  .process = "\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":0,\"hard\":0},"
			     "{\"type\":\"RLIMIT_CPU\",\"soft\":1,"
			     "\"hard\":18446744073709551615}]," },
		{ .want = "process.rlimits[0].soft: 2 is above the hard limit, 1",
		  .process = "\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":2,\"hard\":1}]," },
		{ .want = "process.rlimits[2].type: RLIMIT_CPU is given twice",
		  .process = "\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":1},"
			     "{\"type\":\"RLIMIT_NICE\",\"soft\":1,\"hard\":1},"
			     "{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":1}]," },
		{ .want = NULL,
		  .process = "\"consoleSize\":{\"height\":0,\"width\":"
			     "18446744073709551615}," },
		{ .want = NULL, .process = "\"execCPUAffinity\":{\"initial\":\" 0-3, 7 ,9 \"}," },
		{ .want = "process.execCPUAffinity.final: expected a list whose ranges ascend, "
			  "found the string \"3-1\"",
		  .process = "\"execCPUAffinity\":{\"final\":\"3-1\"}," },
		{ .want = "process.execCPUAffinity.final: expected a list such as \"0-3,5\", "
			  "found the string \"1,\"",
		  .process = "\"execCPUAffinity\":{\"final\":\"1,\"}," },
		{ .want = "process.execCPUAffinity.final: expected a list such as \"0-3,5\", "
			  "found the string \"99999999999\"",
		  .process = "\"execCPUAffinity\":{\"final\":\"99999999999\"}," },
	};

	CHECK_CASES(cases);
}

#define SCHEDULER(policy, members) "\"scheduler\":{\"policy\":\"SCHED_" policy "\"" members "},"

TEST(scheduler)
{
	static const struct rule_case cases[] = {
		{ .want = NULL, .process = SCHEDULER("OTHER", ",\"nice\":-20") },
		{ .want = NULL, .process = SCHEDULER("BATCH", ",\"nice\":19,\"priority\":0") },
		{ .want = NULL, .process = SCHEDULER("IDLE", "") },
		{ .want = NULL, .process = SCHEDULER("FIFO", ",\"priority\":1") },
		{ .want = NULL, .process = SCHEDULER("RR", ",\"priority\":99") },
		{ .want = "process.scheduler.priority: expected an integer from 0 to 99, found 100",
		  .process = SCHEDULER("RR", ",\"priority\":100") },
		{ .want = "process.scheduler.priority: SCHED_FIFO needs one from 1 to 99",
		  .process = SCHEDULER("FIFO", "") },
		{ .want = "process.scheduler.priority: SCHED_OTHER has none",
		  .process = SCHEDULER("OTHER", ",\"priority\":1") },
		{ .want = "process.scheduler.nice: SCHED_RR has none",
		  .process = SCHEDULER("RR", ",\"priority\":1,\"nice\":1") },
		{ .want = "process.scheduler.nice: expected an integer from -20 to 19, found 20",
		  .process = SCHEDULER("OTHER", ",\"nice\":20") },
		{ .want = "process.scheduler.policy: Linux does not implement SCHED_ISO",
		  .process = SCHEDULER("ISO", "") },
		{ .want = NULL,
		  .process = SCHEDULER("DEADLINE",
				       ",\"runtime\":1024,\"deadline\":1024,\"period\":1024") },
		{ .want = NULL,
		  .process = SCHEDULER("DEADLINE", ",\"runtime\":2000,\"deadline\":3000,"
						   "\"flags\":[\"SCHED_FLAG_RECLAIM\"]") },
		{ .want = "process.scheduler.runtime: SCHED_DEADLINE needs it",
		  .process = SCHEDULER("DEADLINE", ",\"deadline\":1024") },
		{ .want = "process.scheduler.runtime: expected at least 1024 nanoseconds",
		  .process = SCHEDULER("DEADLINE", ",\"runtime\":1023,\"deadline\":1024") },
		{ .want = "process.scheduler.deadline: SCHED_DEADLINE needs it",
		  .process = SCHEDULER("DEADLINE", ",\"runtime\":1024,\"period\":1024") },
		{ .want = "process.scheduler.runtime: 3000 is above the deadline, 2000",
		  .process = SCHEDULER("DEADLINE", ",\"runtime\":3000,\"deadline\":2000") },
		{ .want = "process.scheduler.deadline: 3000 is above the period, 2000",
		  .process = SCHEDULER("DEADLINE", ",\"runtime\":2000,\"deadline\":3000,"
						   "\"period\":2000") },
		{ .want = "process.scheduler.period: expected at most 9223372036854775807",
		  .process = SCHEDULER("DEADLINE", ",\"runtime\":2000,\"deadline\":3000,"
						   "\"period\":9223372036854775808") },
		{ .want = "process.scheduler.runtime: SCHED_OTHER has none, only SCHED_DEADLINE "
			  "has",
		  .process = SCHEDULER("OTHER", ",\"runtime\":2000") },
		{ .want = "process.scheduler.flags[1]: needs SCHED_DEADLINE",
		  .process = SCHEDULER("OTHER", ",\"flags\":[\"SCHED_FLAG_RESET_ON_FORK\","
						"\"SCHED_FLAG_DL_OVERRUN\"]") },
	};

	CHECK_CASES(cases);
}

TEST(hooks)
{
	static const struct rule_case cases[] = {
		{ .want = NULL,
		  .top = "\"hooks\":{\"poststop\":[{\"path\":\"/b\",\"timeout\":1}]}," },
		{ .want = "hooks.prestart[1].path: expected an absolute path, found the string "
			  "\"b\"",
		  .top = "\"hooks\":{\"prestart\":[{\"path\":\"/b\"},{\"path\":\"b\"}]}," },
		{ .want = "hooks.poststart[0].timeout: expected an integer from 1 to 4294967295, "
			  "found 0",
		  .top = "\"hooks\":{\"poststart\":[{\"path\":\"/b\",\"timeout\":0}]}," },
		{ .want = "hooks.poststart[0].timeout: expected an integer from 1 to 4294967295, "
			  "found -1",
		  .top = "\"hooks\":{\"poststart\":[{\"path\":\"/b\",\"timeout\":-1}]}," },
	};

	CHECK_CASES(cases);
}

#define DEVICE(type, members) \
	"\"devices\":[{\"path\":\"/dev/x\",\"type\":\"" type "\"" members "}],"

TEST(devices)
{
	static const struct rule_case cases[] = {
		{ .want = NULL, .os = DEVICE("c", ",\"major\":1,\"minor\":3,\"fileMode\":438") },
		{ .want = NULL, .os = DEVICE("b", ",\"major\":7,\"minor\":0,\"fileMode\":24960") },
		{ .want = NULL, .os = DEVICE("u", ",\"major\":7,\"minor\":0,\"fileMode\":8576") },
		{ .want = NULL, .os = DEVICE("p", "") },
		{ .want = "linux.devices[0].major: required, but missing",
		  .os = DEVICE("c", ",\"minor\":3") },
		{ .want = "linux.devices[0].minor: required, but missing",
		  .os = DEVICE("b", ",\"major\":3") },
		{ .want = "linux.devices[0].major: expected an integer from 0 to 4095, found 4096",
		  .os = DEVICE("b", ",\"major\":4096,\"minor\":1") },
		{ .want = "linux.devices[0].minor: expected an integer from 0 to 1048575, found -1",
		  .os = DEVICE("b", ",\"major\":4095,\"minor\":-1") },
		{ .want = "linux.devices[0].fileMode: its file type is not that of \"c\"",
		  .os = DEVICE("c", ",\"major\":1,\"minor\":3,\"fileMode\":24960") },
		{ .want = "linux.devices[0].fileMode: expected an integer from 0 to 65535, found "
			  "65536",
		  .os = DEVICE("c", ",\"major\":1,\"minor\":3,\"fileMode\":65536") },
		{ .want = "linux.devices[0].type: expected one of c, b, u, p, found the string "
			  "\"a\"",
		  .os = DEVICE("a", "") },
		{ .want = "linux.devices[0].path: expected an absolute path, found the string "
			  "\"x\"",
		  .os = "\"devices\":[{\"path\":\"x\",\"type\":\"p\"}]," },
	};

	CHECK_CASES(cases);
}

TEST(net_devices)
{
	static const struct rule_case cases[] = {
		{ .want = NULL, .os = "\"netDevices\":{\"eth0\":{},\"eth1\":{\"name\":\"x\"}}," },
		{ .want = NULL,
		  .os = "\"netDevices\":{\"a\":{\"name\":\"e%d\"},\"b\":{\"name\":\"e%d\"}}," },
		{ .want = NULL,
		  .os = "\"netDevices\":{\"eth0\":{}},",
		  .namespaces = "{\"type\":\"network\",\"path\":\"/run/netns/a\"}" },
		{ .want = "linux.netDevices: needs a network namespace (linux.namespaces)",
		  .os = "\"netDevices\":{\"eth0\":{}},",
		  .namespaces = "" },
		{ .want = "linux.netDevices: two devices would have the name b in the container",
		  .os = "\"netDevices\":{\"a\":{\"name\":\"b\"},\"b\":{}}," },
		{ .want = "linux.netDevices.eth0.name: expected an interface name of 1 to 15 "
			  "bytes, found the string \"0123456789abcdef\"",
		  .os = "\"netDevices\":{\"eth0\":{\"name\":\"0123456789abcdef\"}}," },
		{ .want = "linux.netDevices.eth0.name: expected an interface name without blanks, "
			  "'/' and ':', found the string \"a/b\"",
		  .os = "\"netDevices\":{\"eth0\":{\"name\":\"a/b\"}}," },
		{ .want = "linux.netDevices.eth0.name: expected an interface name of 1 to 15 "
			  "bytes, found the string \"..\"",
		  .os = "\"netDevices\":{\"eth0\":{\"name\":\"..\"}}," },
		{ .want = "linux.netDevices.eth0.name: expected \"%d\" for the number, once, found "
			  "the string \"e%s\"",
		  .os = "\"netDevices\":{\"eth0\":{\"name\":\"e%s\"}}," },
		{ .want = "linux.netDevices.eth0.name: expected \"%d\" for the number, once, found "
			  "the string \"e%d%d\"",
		  .os = "\"netDevices\":{\"eth0\":{\"name\":\"e%d%d\"}}," },
		{ .want = "linux.netDevices.: expected an interface name of 1 to 15 bytes, found "
			  "the name \"\"",
		  .os = "\"netDevices\":{\"\":{}}," },
	};

	CHECK_CASES(cases);
}

#define SYSCTL(name, value) "\"sysctl\":{\"" name "\":\"" value "\"},"
#define NOT_NAMESPACED	    ": not a kernel parameter of a namespace: it would change the host"

TEST(kernel_parameters_stay_in_namespaces)
{
	static const struct rule_case cases[] = {
		{ .want = NULL, .os = SYSCTL("net.ipv4.ip_forward", "1") },
		{ .want = NULL, .os = SYSCTL("net/ipv4/conf/eth0.1/forwarding", "1") },
		{ .want = NULL, .os = SYSCTL("net.ipv4.conf.eth0/1.forwarding", "1") },
		{ .want = NULL, .os = SYSCTL("kernel.sem", "1 2 3 4") },
		{ .want = NULL, .os = SYSCTL("kernel.shm_rmid_forced", "1") },
		{ .want = NULL, .os = SYSCTL("fs.mqueue.msg_max", "1") },
		{ .want = NULL, .os = SYSCTL("kernel.domainname", "d") },
		{ .want = NULL,
		  .top = "\"domainname\":\"d\",",
		  .os = SYSCTL("kernel.domainname", "d") },
		{ .want = "linux.sysctl.kernel.domainname: contradicts domainname, \"d\"",
		  .top = "\"domainname\":\"d\",",
		  .os = SYSCTL("kernel.domainname", "e") },
		{ .want = "linux.sysctl.kernel.hostname: use hostname instead",
		  .os = SYSCTL("kernel.hostname", "h") },
		{ .want = "linux.sysctl.kernel/hostname: use hostname instead",
		  .os = SYSCTL("kernel/hostname", "h") },
		{ .want = "linux.sysctl.net.ipv4.ip_forward: needs a network namespace "
			  "(linux.namespaces)",
		  .os = SYSCTL("net.ipv4.ip_forward", "1"),
		  .namespaces = "" },
		{ .want = "linux.sysctl.kernel.msgmax: needs an ipc namespace (linux.namespaces)",
		  .os = SYSCTL("kernel.msgmax", "1"),
		  .namespaces = "" },
		{ .want = "linux.sysctl.fs.mqueue.queues_max: needs an ipc namespace "
			  "(linux.namespaces)",
		  .os = SYSCTL("fs.mqueue.queues_max", "1"),
		  .namespaces = "" },
		{ .want = "linux.sysctl.kernel.domainname: needs a uts namespace "
			  "(linux.namespaces)",
		  .os = SYSCTL("kernel.domainname", "1"),
		  .namespaces = "" },
		{ .want = "linux.sysctl.kernel.core_pattern" NOT_NAMESPACED,
		  .os = SYSCTL("kernel.core_pattern", "|x") },
		{ .want = "linux.sysctl.vm.overcommit_memory" NOT_NAMESPACED,
		  .os = SYSCTL("vm.overcommit_memory", "1") },
		{ .want = "linux.sysctl.kernel.shm_rmid_forced=1+" NOT_NAMESPACED,
		  .os = SYSCTL("kernel.shm_rmid_forced=1+", "1") },
		{ .want = "linux.sysctl.kernel.semx" NOT_NAMESPACED,
		  .os = SYSCTL("kernel.semx", "1") },
		{ .want = "linux.sysctl.net" NOT_NAMESPACED, .os = SYSCTL("net", "1") },
		{ .want = "linux.sysctl.net." NOT_NAMESPACED, .os = SYSCTL("net.", "1") },
		{ .want = "linux.sysctl.net./../kernel/core_pattern" NOT_NAMESPACED,
		  .os = SYSCTL("net./../kernel/core_pattern", "1") },
		{ .want = "linux.sysctl.net/../kernel/core_pattern" NOT_NAMESPACED,
		  .os = SYSCTL("net/../kernel/core_pattern", "1") },
		{ .want = "linux.sysctl.net.//.kernel.core_pattern" NOT_NAMESPACED,
		  .os = SYSCTL("net.//.kernel.core_pattern", "1") },
		{ .want = "linux.sysctl.net.ipv4...x" NOT_NAMESPACED,
		  .os = SYSCTL("net.ipv4...x", "1") },
		{ .want = "linux.sysctl./net.x" NOT_NAMESPACED, .os = SYSCTL("/net.x", "1") },
		{ .want = "linux.sysctl.net.a b" NOT_NAMESPACED, .os = SYSCTL("net.a b", "1") },
		{ .want = "linux.sysctl.net.a\\nb" NOT_NAMESPACED, .os = SYSCTL("net.a\\nb", "1") },
		{ .want = "linux.sysctl.: expected a text, found the name \"\"",
		  .os = SYSCTL("", "1") },
	};

	CHECK_CASES(cases);
}

TEST(memory)
{
	static const struct rule_case cases[] = {
		{ .want = NULL, .resources = "\"memory\":{\"limit\":1000,\"swap\":1000}" },
		{ .want = NULL, .resources = "\"memory\":{\"limit\":-1,\"swap\":-1}" },
		{ .want = NULL, .resources = "\"memory\":{\"limit\":1000,\"swap\":-1}" },
		{ .want = NULL, .resources = "\"memory\":{\"limit\":1000,\"swap\":0}" },
		{ .want = NULL, .resources = "\"memory\":{\"swap\":0}" },
		{ .want = NULL, .resources = "\"memory\":{\"swap\":-1}" },
		{ .want = "linux.resources.memory.swap: 999 is below the memory limit, 1000: it is "
			  "memory and swap together",
		  .resources = "\"memory\":{\"limit\":1000,\"swap\":999}" },
		{ .want = "linux.resources.memory.swap: needs a memory limit: it is memory and "
			  "swap together",
		  .resources = "\"memory\":{\"swap\":1000}" },
		{ .want = "linux.resources.memory.swap: needs a memory limit: it is memory and "
			  "swap together",
		  .resources = "\"memory\":{\"swap\":1000,\"limit\":-1}" },
		{ .want = "linux.resources.memory.limit: expected an integer from -1 to "
			  "9223372036854775807, found -2",
		  .resources = "\"memory\":{\"limit\":-2}" },
		{ .want = "linux.resources.memory.swappiness: expected an integer from 0 to 100, "
			  "found 101",
		  .resources = "\"memory\":{\"swappiness\":101}" },
		{ .want = "linux.resources.memory.reservation: 1001 is above the limit, 1000",
		  .resources = "\"memory\":{\"limit\":1000,\"reservation\":1001}" },
	};

	CHECK_CASES(cases);
}

TEST(other_limits)
{
	static const struct rule_case cases[] = {
		{ .want = NULL, .resources = "\"pids\":{\"limit\":0}" },
		{ .want = NULL, .resources = "\"pids\":{\"limit\":-1}" },
		{ .want = "linux.resources.pids.limit: expected an integer from -1 to "
			  "9223372036854775807, found -2",
		  .resources = "\"pids\":{\"limit\":-2}" },
		{ .want = NULL,
		  .resources = "\"cpu\":{\"period\":0,\"quota\":0,\"shares\":0,\"idle\":1}" },
		{ .want = NULL, .resources = "\"cpu\":{\"period\":1000,\"quota\":1000}" },
		{ .want = NULL, .resources = "\"cpu\":{\"period\":1000000,\"quota\":-1}" },
		{ .want = "linux.resources.cpu.period: expected 1000 to 1000000 microseconds, "
			  "found 999",
		  .resources = "\"cpu\":{\"period\":999}" },
		{ .want = "linux.resources.cpu.period: expected 1000 to 1000000 microseconds, "
			  "found 1000001",
		  .resources = "\"cpu\":{\"period\":1000001}" },
		{ .want = "linux.resources.cpu.quota: expected at least 1000 microseconds, found "
			  "999",
		  .resources = "\"cpu\":{\"quota\":999}" },
		{ .want = "linux.resources.cpu.quota: expected an integer from -1 to "
			  "9223372036854775807, found -2",
		  .resources = "\"cpu\":{\"quota\":-2}" },
		{ .want = "linux.resources.cpu.burst: 2000 is above the quota, 1000",
		  .resources = "\"cpu\":{\"quota\":1000,\"burst\":2000}" },
		{ .want = "linux.resources.cpu.realtimeRuntime: 2000 is above the period, 1000",
		  .resources = "\"cpu\":{\"realtimeRuntime\":2000,\"realtimePeriod\":1000}" },
		{ .want = NULL,
		  .resources = "\"cpu\":{\"realtimeRuntime\":-1,\"realtimePeriod\":1000}" },
		{ .want = "linux.resources.cpu.idle: expected an integer from 0 to 1, found 2",
		  .resources = "\"cpu\":{\"idle\":2}" },
		{ .want = "linux.resources.cpu.cpus: expected a list such as \"0-3,5\", found the "
			  "string \"0;1\"",
		  .resources = "\"cpu\":{\"cpus\":\"0;1\"}" },
		{ .want = NULL, .resources = "\"cpu\":{\"cpus\":\"0-31:2/8\",\"mems\":\"\"}" },
		{ .want = NULL,
		  .resources = "\"hugepageLimits\":[{\"pageSize\":\"64KB\",\"limit\":0},"
			       "{\"pageSize\":\"1GB\",\"limit\":1}]" },
		{ .want = "linux.resources.hugepageLimits[0].pageSize: expected a page size such "
			  "as 2MB, found the string \"2M\"",
		  .resources = "\"hugepageLimits\":[{\"pageSize\":\"2M\",\"limit\":0}]" },
		{ .want = "linux.resources.hugepageLimits[0].pageSize: expected a page size such "
			  "as 2MB, found the string \"02MB\"",
		  .resources = "\"hugepageLimits\":[{\"pageSize\":\"02MB\",\"limit\":0}]" },
		{ .want = "linux.resources.hugepageLimits: 2MB is limited twice",
		  .resources = "\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":0},"
			       "{\"pageSize\":\"2MB\",\"limit\":1}]" },
		{ .want = NULL, .resources = "\"blockIO\":{\"weight\":0,\"leafWeight\":10}" },
		{ .want = "linux.resources.blockIO.weight: expected a weight from 10 to 1000, "
			  "found 9",
		  .resources = "\"blockIO\":{\"weight\":9}" },
		{ .want = "linux.resources.blockIO.weight: expected an integer from 0 to 1000, "
			  "found 1001",
		  .resources = "\"blockIO\":{\"weight\":1001}" },
		{ .want = "linux.resources.blockIO.weightDevice[0]: needs a weight or a leafWeight",
		  .resources = "\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0}]}" },
		{ .want = "linux.resources.blockIO.weightDevice[0].leafWeight: expected a weight "
			  "from 10 to 1000, found 1",
		  .resources = "\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,"
			       "\"leafWeight\":1}]}" },
		{ .want = "linux.resources.rdma.mlx: needs hcaHandles or hcaObjects",
		  .resources = "\"rdma\":{\"mlx\":{}}" },
		{ .want = "linux.resources.rdma.a/b: expected a name without slashes, found the "
			  "name \"a/b\"",
		  .resources = "\"rdma\":{\"a/b\":{\"hcaObjects\":1}}" },
		{ .want = NULL, .resources = "\"unified\":{\"hugetlb.2MB.max\":\"1\"}" },
		{ .want = "linux.resources.unified.memory: expected a cgroup file of the form "
			  "CONTROLLER.VALUE, found the name \"memory\"",
		  .resources = "\"unified\":{\"memory\":\"1\"}" },
		{ .want = "linux.resources.unified.../x.y: expected a cgroup file of the form "
			  "CONTROLLER.VALUE, found the name \"../x.y\"",
		  .resources = "\"unified\":{\"../x.y\":\"1\"}" },
		{ .want = NULL, .resources = "\"unified\":{\"cgroup.max.depth\":\"1\"}" },
		{ .want = NULL, .resources = "\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]" },
		{ .want = NULL,
		  .resources = "\"devices\":[{\"allow\":true,\"type\":\"a\",\"major\":-1,"
			       "\"minor\":-1}]" },
		{ .want = "linux.resources.devices[0].access: expected letters of \"rwm\", found "
			  "the string \"rx\"",
		  .resources = "\"devices\":[{\"allow\":true,\"access\":\"rx\"}]" },
		{ .want = "linux.resources.devices[0].type: expected one of a, c, b, found the "
			  "string \"p\"",
		  .resources = "\"devices\":[{\"allow\":true,\"type\":\"p\"}]" },
		{ .want = "linux.resources.devices[0].minor: needs a type, \"c\" or \"b\"",
		  .resources = "\"devices\":[{\"allow\":true,\"type\":\"a\",\"minor\":3}]" },
		{ .want = "linux.resources.devices[0].major: needs a type, \"c\" or \"b\"",
		  .resources = "\"devices\":[{\"allow\":true,\"major\":3}]" },
	};

	CHECK_CASES(cases);
}

TEST(paths)
{
	static const struct rule_case cases[] = {
		{ .want = "linux.maskedPaths[1]: expected an absolute path, found the string "
			  "\"b\"",
		  .os = "\"maskedPaths\":[\"/a\",\"b\"]," },
		{ .want = "linux.readonlyPaths[0]: expected an absolute path, found the empty "
			  "string",
		  .os = "\"readonlyPaths\":[\"\"]," },
		{ .want = NULL, .os = "\"cgroupsPath\":\"a..b/..c/d..\"," },
		{ .want = NULL, .os = "\"cgroupsPath\":\"system.slice:hull:id\"," },
		{ .want = NULL, .os = "\"cgroupsPath\":\"\"," },
		{ .want = "linux.cgroupsPath: expected a path without \"..\", found the string "
			  "\"/a/../b\"",
		  .os = "\"cgroupsPath\":\"/a/../b\"," },
		{ .want = "linux.cgroupsPath: expected a path without \"..\", found the string "
			  "\"..\"",
		  .os = "\"cgroupsPath\":\"..\"," },
		{ .want = "linux.cgroupsPath: expected a path without \"..\", found the string "
			  "\"a/..\"",
		  .os = "\"cgroupsPath\":\"a/..\"," },
		{ .want = NULL, .os = "\"intelRdt\":{\"closID\":\"/\"}," },
		{ .want = "linux.intelRdt.closID: expected a name without slashes, found the "
			  "string \"a/b\"",
		  .os = "\"intelRdt\":{\"closID\":\"a/b\"}," },
		{ .want = "linux.intelRdt.closID: expected a name without slashes, found the "
			  "string \"..\"",
		  .os = "\"intelRdt\":{\"closID\":\"..\"}," },
		{ .want = "linux.intelRdt.memBwSchema: expected a line such as MB:0=70, found the "
			  "string \"MB:0=1\\nL3:0=f\"",
		  .os = "\"intelRdt\":{\"memBwSchema\":\"MB:0=1\\nL3:0=f\"}," },
		{ .want = "linux.intelRdt.schemata[0]: expected one line, found the string "
			  "\"a\\nb\"",
		  .os = "\"intelRdt\":{\"schemata\":[\"a\\nb\"]}," },
		{ .want = "annotations.: expected a text, found the name \"\"",
		  .top = "\"annotations\":{\"\":\"x\"}," },
		{ .want = NULL, .top = "\"annotations\":{\"a\":\"\",\"A\":\"\"}," },
		{ .want = NULL, .os = "\"rootfsPropagation\":\"rslave\"," },
		{ .want = NULL, .os = "\"rootfsPropagation\":\"\"," },
	};

	CHECK_CASES(cases);
}

#define POLICY(mode, members) "\"memoryPolicy\":{\"mode\":\"MPOL_" mode "\"" members "},"

TEST(memory_policy)
{
	static const struct rule_case cases[] = {
		{ .want = NULL, .os = POLICY("DEFAULT", "") },
		{ .want = NULL, .os = POLICY("LOCAL", ",\"nodes\":\"\"") },
		{ .want = NULL, .os = POLICY("PREFERRED", "") },
		{ .want = NULL,
		  .os = POLICY("BIND", ",\"nodes\":\"0-1,3\",\"flags\":[\"MPOL_F_NUMA_BALANCING\","
				       "\"MPOL_F_STATIC_NODES\"]") },
		{ .want = "linux.memoryPolicy.mode: required, but missing",
		  .os = "\"memoryPolicy\":{\"nodes\":\"0\"}," },
		{ .want = "linux.memoryPolicy.nodes: MPOL_INTERLEAVE needs nodes",
		  .os = POLICY("INTERLEAVE", "") },
		{ .want = "linux.memoryPolicy.nodes: MPOL_LOCAL takes none",
		  .os = POLICY("LOCAL", ",\"nodes\":\"0\"") },
		{ .want = "linux.memoryPolicy.nodes: expected a list whose ranges ascend, found "
			  "the string \"1-0\"",
		  .os = POLICY("BIND", ",\"nodes\":\"1-0\"") },
		{ .want = "linux.memoryPolicy.nodes: expected a list such as \"0-3,5\", found the "
			  "string \"0-99999999999\"",
		  .os = POLICY("BIND", ",\"nodes\":\"0-99999999999\"") },
		{ .want = "linux.memoryPolicy.flags: MPOL_F_STATIC_NODES and "
			  "MPOL_F_RELATIVE_NODES exclude each other",
		  .os = POLICY("BIND", ",\"nodes\":\"0\",\"flags\":[\"MPOL_F_STATIC_NODES\","
				       "\"MPOL_F_RELATIVE_NODES\"]") },
		{ .want = "linux.memoryPolicy.flags: MPOL_F_NUMA_BALANCING needs MPOL_BIND or "
			  "MPOL_PREFERRED_MANY",
		  .os = POLICY("INTERLEAVE",
			       ",\"nodes\":\"0\",\"flags\":[\"MPOL_F_NUMA_BALANCING\"]") },
		{ .want = "linux.memoryPolicy.flags: these say how nodes are meant: needs nodes",
		  .os = POLICY("PREFERRED", ",\"flags\":[\"MPOL_F_STATIC_NODES\"]") },
	};

	CHECK_CASES(cases);
}

#define SECCOMP(members) "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"," members "},"
#define RULE(names, action, members) \
	"\"syscalls\":[{\"names\":[" names "],\"action\":\"SCMP_ACT_" action "\"" members "}]"

TEST(seccomp)
{
	static const struct rule_case cases[] = {
		{ .want = NULL, .os = SECCOMP(RULE("\"a\",\"b\"", "ERRNO", ",\"errnoRet\":38")) },
		{ .want = NULL, .os = SECCOMP(RULE("\"a\"", "TRACE", ",\"errnoRet\":65535")) },
		{ .want = NULL, .os = SECCOMP("\"listenerPath\":\"/s\"") },
		{ .want = NULL,
		  .os = SECCOMP("\"listenerPath\":\"/s\",\"listenerMetadata\":\"m\"," RULE(
			  "\"a\"", "NOTIFY", "")) },
		{ .want = "linux.seccomp.syscalls[0].names: expected at least one name",
		  .os = SECCOMP(RULE("", "ERRNO", "")) },
		{ .want = "linux.seccomp.syscalls[0].names[0]: expected a text, found the empty "
			  "string",
		  .os = SECCOMP(RULE("\"\"", "ERRNO", "")) },
		{ .want = "linux.seccomp.syscalls[0].errnoRet: SCMP_ACT_KILL returns no errno",
		  .os = SECCOMP(RULE("\"a\"", "KILL", ",\"errnoRet\":1")) },
		{ .want = "linux.seccomp.syscalls[0].errnoRet: expected an errno from 0 to 4095, "
			  "found 4096",
		  .os = SECCOMP(RULE("\"a\"", "ERRNO", ",\"errnoRet\":4096")) },
		{ .want = "linux.seccomp.syscalls[0].errnoRet: expected an integer from 0 to "
			  "65535, "
			  "found 65536",
		  .os = SECCOMP(RULE("\"a\"", "TRACE", ",\"errnoRet\":65536")) },
		{ .want = "linux.seccomp.defaultErrnoRet: SCMP_ACT_ALLOW returns no errno",
		  .os = SECCOMP("\"defaultErrnoRet\":1") },
		{ .want = "linux.seccomp.syscalls[0].args[0].index: expected an integer from 0 to "
			  "5, found 6",
		  .os = SECCOMP(RULE("\"a\"", "ERRNO",
				     ",\"args\":[{\"index\":6,\"value\":0,"
				     "\"op\":\"SCMP_CMP_EQ\"}]")) },
		{ .want = "linux.seccomp.listenerMetadata: needs linux.seccomp.listenerPath",
		  .os = SECCOMP("\"listenerMetadata\":\"m\"") },
		{ .want = "linux.seccomp.listenerPath: expected an absolute path",
		  .os = SECCOMP("\"listenerPath\":\"@abstract\"") },
		{ .want = "linux.seccomp.syscalls[0].action: SCMP_ACT_NOTIFY cannot be used for "
			  "the write syscall",
		  .os = SECCOMP("\"listenerPath\":\"/s\"," RULE("\"a\",\"write\"", "NOTIFY", "")) },
		{ .want = "linux.seccomp.defaultAction: SCMP_ACT_NOTIFY cannot be used as the "
			  "default action",
		  .os = "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_NOTIFY\","
			"\"listenerPath\":\"/s\"}," },
	};

	CHECK_CASES(cases);
}

TEST(a_vm)
{
	static const struct rule_case cases[] = {
		{ .want = NULL, .top = "\"vm\":{\"kernel\":{\"path\":\"/k\"}}," },
		{ .want = "vm.kernel: required, but missing", .top = "\"vm\":{}," },
		{ .want = "vm.kernel.path: expected an absolute path, found the string \"k\"",
		  .top = "\"vm\":{\"kernel\":{\"path\":\"k\"}}," },
		{ .want = "vm.image.format: expected one of raw, qcow2, vdi, vmdk, vhd, found the "
			  "string \"iso\"",
		  .top = "\"vm\":{\"kernel\":{\"path\":\"/k\"},\"image\":{\"path\":\"/i\","
			 "\"format\":\"iso\"}}," },
		{ .want = "vm.hwConfig.vcpus: expected an integer from 1 to 4294967295, found 0",
		  .top = "\"vm\":{\"kernel\":{\"path\":\"/k\"},\"hwConfig\":{\"vcpus\":0}}," },
	};

	CHECK_CASES(cases);
}

TEST(parts_alone)
{
	static const struct {
		const char *text, *want;
		bool process;
	} cases[] = {
		{ "{\"cwd\":\"/\",\"args\":[\"a\"]}", NULL, true },
		{ "{\"args\":[\"a\"]}", "c:1:1: cwd: required, but missing", true },
		{ "{\"cwd\":\"/\"}", "c:1:1: args: required, but missing", true },
		{ "{\"cwd\":\"/\",\n\"args\":[]}",
		  "c:2:8: args: expected at least one argument, the program", true },
		{ "{\"cwd\":\"/\",\n\"args\":[\"\"]}",
		  "c:2:9: args[0]: expected a program, found the empty string", true },
		{ "{\"cwd\":\"x\",\"args\":[\"a\"]}",
		  "c:1:8: cwd: expected an absolute path, found the string \"x\"", true },
		{ "{\"cwd\":\"/\",\"args\":[\"a\"],\n\"rlimits\":[{\"type\":\"RLIMIT_CPU\","
		  "\"hard\":1,\"soft\":2}]}",
		  "c:2:49: rlimits[0].soft: 2 is above the hard limit, 1", true },
		{ "{}", NULL, false },
		{ "{\"memory\":{\"swap\":1000}}", NULL, false }, /* the limit is kept */
		{ "{\"memory\":{\"swap\":1000,\"limit\":-1}}",
		  "c:1:19: memory.swap: needs a memory limit: it is memory and swap together",
		  false },
		{ "{\"cpu\":{\"period\":1}}",
		  "c:1:18: cpu.period: expected 1000 to 1000000 microseconds, found 1", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_arena a = { 0 };
		const char *text = cases[i].text;
		struct spec_resources *resources;
		struct spec_process *process;
		struct lc_error e = { 0 };
		int r;

		if (cases[i].process)
			r = spec_process_load(&a, "c", text, strlen(text), NULL, &process, &e);
		else
			r = spec_resources_load(&a, "c", text, strlen(text), NULL, &resources, &e);
		if (r == 0 && cases[i].want)
			FAIL("accepted: %s", text);
		if (r < 0)
			CHECK_STR(e.msg, cases[i].want);
	}
}
