/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The annotation dev.hull.landlock: what is read from it, and what is refused. */
#include "base/str.h"
#include "lc_test.h"
#include "plan-host.h"
#include "spec/check.h"
#include "spec/spec.h"
#include "sys/landlock.h"

#include <stdio.h>
#include <string.h>

static struct arena arena;

static struct plan *plan_of(const char *annotation, int abi, bool no_new_privs, struct lc_error *e)
{
	static const struct plan_options options = { .id = "web", .bundle = "/b" };
	struct plan *plan = arena_alloc(&arena, sizeof(*plan));
	struct plan_host host = root_host();
	struct buf json = { .arena = &arena };
	struct spec *spec;
	char *text;

	host.landlock_abi = abi;
	buf_add_json(&json, annotation);
	text = arena_printf(&arena,
			    "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"rootfs\"},"
			    "\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"],\"noNewPrivileges\":%s},"
			    "\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]},"
			    "\"annotations\":{\"dev.hull.landlock\":%s}}",
			    no_new_privs ? "true" : "false", json.str);
	if (spec_load(&arena, "config.json", text, strlen(text), NULL, &spec, e) < 0)
		FAIL("%s", e->msg);
	return plan_make(&arena, spec, &options, &host, plan, e) < 0 ? NULL : plan;
}

TEST(landlock_is_read)
{
	struct lc_error e = { 0 };
	const struct plan *plan = plan_of(
		"{\"paths\":[{\"path\":\"/a/../b\",\"access\":[\"read\",\"write\"]},"
		"{\"path\":\"/c\",\"access\":[],\"optional\":true}],\"bindTcp\":[],"
		"\"connectTcp\":[443,65535],\"scope\":[\"signals\",\"abstractUnixSockets\"]}",
		6, true, &e);
	const struct plan_landlock *l;

	CHECK_OK(plan ? 0 : -1, &e);
	l = plan->landlock;
	CHECK_INT(l->minimum_abi, 6);
	CHECK_INT(l->restrict_files, true);
	CHECK_INT(l->paths.n, 2);
	CHECK_STR(l->paths.v[0].path, "/b");
	CHECK_INT(l->paths.v[0].rights,
		  LANDLOCK_READ_FILE | LANDLOCK_READ_DIR | LANDLOCK_WRITE_FILE | LANDLOCK_TRUNCATE);
	CHECK_INT(l->paths.v[0].optional, false);
	CHECK_INT(l->paths.v[1].rights, 0);
	CHECK_INT(l->paths.v[1].optional, true);
	CHECK_INT(l->ports, LANDLOCK_BIND_TCP | LANDLOCK_CONNECT_TCP);
	CHECK_INT(l->bind_tcp.n, 0);
	CHECK_INT(l->connect_tcp.n, 2);
	CHECK_INT(l->connect_tcp.v[1], 65535);
	CHECK_INT(l->scopes, LANDLOCK_SIGNAL | LANDLOCK_ABSTRACT_UNIX);
}

#define READ_ROOT "\"paths\":[{\"path\":\"/\",\"access\":[\"read\"]}]"

TEST(landlock_is_refused)
{
	static const struct {
		const char *text;
		int abi;
		const char *wrong;
	} cases[] = {
		{ "{" READ_ROOT "}", 0, "this kernel has no Landlock" },
		{ "{" READ_ROOT "}", 4,
		  "this kernel offers version 4 of Landlock, and 5 is needed" },
		{ "{" READ_ROOT ",\"minimumAbi\":3}", 2, "version 2 of Landlock, and 3 is" },
		{ "{" READ_ROOT ",\"minimumAbi\":1,\"bindTcp\":[1]}", 3, "and 4 is needed" },
		{ "{" READ_ROOT ",\"minimumAbi\":1,\"scope\":[\"signals\"]}", 5, "and 6 is" },
		{ "{\"bindTcp\":[1],\"minimumAbi\":1}", 3, "and 4 is needed" },
		{ "{}", 6, "it restricts nothing" },
		{ "{\"scope\":[]}", 6, "it restricts nothing" },
		{ "", 6, "dev.hull.landlock" },
		{ "[]", 6, "expected an object" },
		{ "{\"pathz\":[]," READ_ROOT "}", 6, "unknown property" },
		{ "{\"paths\":[{\"path\":\"/\",\"access\":[\"red\"]}]}", 6,
		  "paths[0].access[0]: expected one of read, execute" },
		{ "{\"paths\":[{\"path\":\"/\",\"access\":[],\"aces\":1}]}", 6,
		  "unknown property" },
		{ "{\"paths\":[{\"path\":\"b\",\"access\":[\"read\"]}]}", 6,
		  "paths[0].path: expected an absolute path" },
		{ "{\"paths\":[{\"path\":\"/\"}]}", 6, "access" },
		{ "{\"bindTcp\":[65536]}", 6, "bindTcp[0]" },
		{ "{\"bindTcp\":[-1]}", 6, "bindTcp[0]" },
		{ "{\"bindTcp\":80}", 6, "bindTcp: expected an array" },
		{ "{" READ_ROOT ",\"minimumAbi\":0}", 6, "minimumAbi" },
		{ "{" READ_ROOT ",\"minimumAbi\":7}", 9, "minimumAbi" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct lc_error e = { 0 };

		if (plan_of(cases[i].text, cases[i].abi, true, &e))
			FAIL("%s: taken", cases[i].text);
		CHECK_CONTAINS(e.msg, cases[i].wrong);
	}
}

TEST(landlock_needs_no_new_privs)
{
	struct lc_error e = { 0 };

	CHECK(!plan_of("{" READ_ROOT "}", 6, false, &e));
	CHECK_CONTAINS(e.msg, "needs process.noNewPrivileges");
}

TEST(rights_that_an_older_kernel_leaves_free_are_named)
{
	static const struct {
		int abi;
		const char *note;
	} cases[] = {
		{ 1, "truncation, ioctl of devices" },
		{ 2, "truncation, ioctl of devices" },
		{ 3, ": ioctl of devices" },
		{ 4, ": ioctl of devices" },
		{ 5, NULL },
		{ 7, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct lc_error e = { 0 };
		char text[256];
		const struct plan *plan =
			plan_of("{" READ_ROOT ",\"minimumAbi\":1}", cases[i].abi, true, &e);

		CHECK_OK(plan ? 0 : -1, &e);
		CHECK_INT(plan->notes.n, cases[i].note ? 1 : 0);
		if (!cases[i].note)
			continue;
		CHECK(plan->notes.v[0].warning);
		snprintf(text, sizeof(text), "%s: %s", plan->notes.v[0].member,
			 plan->notes.v[0].text);
		CHECK_CONTAINS(text, cases[i].note);
	}
}

TEST(each_version_knows_its_rights)
{
	CHECK_INT(landlock_files_of(0), 0);
	CHECK_INT(landlock_files_of(1), 0x1fff);
	CHECK_INT(landlock_files_of(2), 0x3fff);
	CHECK_INT(landlock_files_of(3), 0x7fff);
	CHECK_INT(landlock_files_of(4), 0x7fff);
	CHECK_INT(landlock_files_of(5), 0xffff);
	CHECK_INT(landlock_files_of(9), 0xffff);
}
