/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configurations that engines write, planned for a host that is always the same, compared with
 * tests/golden.  UPDATE=1 writes the files anew.  The bytes of programs are left out: they depend
 * on the libseccomp that is installed, and have tests of their own.
 */
#include "lc_test.h"
#include "plan-host.h"
#include "base/file.h"
#include "base/str.h"
#include "json/encode.h"
#include "plan/documents.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

static struct arena arena;

static const char *source_dir(void)
{
	const char *dir = getenv("top_srcdir");

	return dir ? dir : ".";
}

static char *read_text(const char *path)
{
	struct lc_error e;
	char *text;
	size_t len;

	return file_read_at(AT_FDCWD, path, &arena, 1 << 24, &text, &len, &e) < 0 ? NULL : text;
}

/* What a name says about the host: rootless podman runs us in its own user namespace. */
static struct plan_host host_of(const char *name)
{
	return strstr(name, "rootless") ? userns_host() : root_host();
}

static void leave_bytes_out(struct plan *plan, const struct spec *spec)
{
	CHECK_INT(plan->seccomp.filter.n > 0, spec->linux_ && spec->linux_->seccomp);
	CHECK_INT(plan->cgroup.device_program.n > 0, plan->cgroup.device_rules.n > 0);
	plan->seccomp.filter = (struct bytes){ 0 };
	plan->cgroup.device_program = (struct bytes){ 0 };
}

/* Notes about what the installed library does not know. */
static void leave_library_notes_out(struct plan *plan)
{
	size_t kept = 0;

	for (size_t i = 0; i < plan->notes.n; i++)
		if (!str_starts(plan->notes.v[i].member, "linux.seccomp."))
			plan->notes.v[kept++] = plan->notes.v[i];
	plan->notes.n = kept;
}

static char *plan_text(const char *name, const char *config, size_t size)
{
	struct plan_options options = { .id = "golden", .bundle = "/bundle" };
	struct plan_host host = host_of(name);
	struct lc_error e = { 0 };
	struct spec *spec;
	struct plan plan;
	char *text;
	size_t len;

	if (spec_load(&arena, name, config, size, NULL, &spec, &e) < 0)
		FAIL("%s", e.msg);
	if (plan_make(&arena, spec, &options, &host, &plan, &e) < 0)
		FAIL("%s: %s", name, e.msg);
	leave_bytes_out(&plan, spec);
	leave_library_notes_out(&plan);
	if (plan_print(&arena, &plan, &text, &len, &e) < 0)
		FAIL("%s: %s", name, e.msg);
	return text;
}

/* The process.json of an exec, in a container of the default configuration. */
static char *exec_text(const char *name, const char *process, size_t size)
{
	struct plan_options options = { .id = "golden", .bundle = "/bundle" };
	struct default_spec how = { 0 };
	struct plan_exec_options exec = { 0 };
	struct plan_host host = root_host();
	struct spec_process *from;
	struct lc_error e = { 0 };
	struct spec *spec;
	struct plan plan;
	char *text;
	size_t len;

	if (spec_process_load(&arena, name, process, size, NULL, &from, &e) < 0)
		FAIL("%s", e.msg);
	exec.process = from;
	spec = default_spec_make(&arena, &how, &host);
	if (plan_exec(&arena, spec, &exec, &options, &host, &plan, &e) < 0)
		FAIL("%s: %s", name, e.msg);
	leave_bytes_out(&plan, spec);
	leave_library_notes_out(&plan);
	if (plan_print(&arena, &plan, &text, &len, &e) < 0)
		FAIL("%s: %s", name, e.msg);
	return text;
}

/* The first line that differs, as "line 7: got ..., want ...". */
static const char *difference(const char *got, const char *want)
{
	for (unsigned line = 1;; line++) {
		size_t g = strcspn(got, "\n"), w = strcspn(want, "\n");

		if (g != w || memcmp(got, want, g))
			return arena_printf(&arena, "line %u:\n got  %.*s\n want %.*s", line,
					    (int)g, got, (int)w, want);
		if (!got[g] || !want[w])
			return got[g] == want[w] ? NULL : "one is shorter";
		got += g + 1;
		want += w + 1;
	}
}

static void compare(const char *name, const char *got)
{
	const char *path = arena_printf(&arena, "%s/tests/golden/%s", source_dir(), name);
	const char *want, *differs;
	struct lc_error e;

	if (getenv("UPDATE")) {
		if (file_replace_at(AT_FDCWD, path, got, strlen(got), 0644, &e) < 0)
			FAIL("%s", e.msg);
		return;
	}
	want = read_text(path);
	if (!want)
		FAIL("%s: no such file; UPDATE=1 makes it", path);
	differs = difference(got, want);
	if (differs)
		FAIL("tests/golden/%s, %s", name, differs);
}

TEST_FOR(plans_of_engines_stay_as_they_are, 300)
{
	char *dir_name = arena_printf(&arena, "%s/tests/data/configs", source_dir());
	DIR *dir = opendir(dir_name);
	struct dirent *entry;
	unsigned n = 0;

	if (!dir)
		FAIL("%s cannot be opened", dir_name);
	while ((entry = readdir(dir))) {
		const char *name = entry->d_name;
		char *config;

		if (!strstr(name, ".json"))
			continue;
		config = read_text(arena_printf(&arena, "%s/%s", dir_name, name));
		if (!config)
			FAIL("%s/%s cannot be read", dir_name, name);
		compare(name, strstr(name, "process") ? exec_text(name, config, strlen(config))
						      : plan_text(name, config, strlen(config)));
		n++;
	}
	closedir(dir);
	CHECK_INT(n > 30, 1);
}

TEST(default_specs_stay_as_they_are)
{
	static const struct {
		const char *name;
		struct default_spec how;
	} cases[] = {
		{ "spec.json", { .terminal = true } },
		{ "spec-rootless.json", { .terminal = true, .rootless = true } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct plan_host host = user_host();
		struct spec *spec = default_spec_make(&arena, &cases[i].how, &host);
		size_t len;

		CHECK_INT(spec->linux_->seccomp->syscalls.n > 10, 1);
		spec->linux_->seccomp = NULL; /* it has tests of its own */
		compare(cases[i].name, encode(&arena, &spec_shape, spec, 4, &len));
	}
}
