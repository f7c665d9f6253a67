/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each row of the schema (tests/data/fields.md), by machine: the member is taken out of a
 * configuration that has them all, or is given another type, value or twice, and the error must
 * name it.
 */
#include "base/file.h"
#include "json/encode.h"
#include "lc_test.h"
#include "spec/spec.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

static char *data_file(struct arena *a, const char *name, size_t *len)
{
	struct lc_error e;
	char *text;

	CHECK_OK(file_read_at(AT_FDCWD,
			      arena_printf(a, "%s/tests/data/%s", getenv("top_srcdir"), name), a,
			      1 << 24, &text, len, &e),
		 &e);
	return text;
}

static struct json *parse(struct arena *a, const char *text, size_t len)
{
	struct lc_error e;
	struct json *root;

	CHECK_OK(json_parse(a, "f", text, len, NULL, &root, &e), &e);
	return root;
}

/* Rows that hull reads in another way than the schema, and why. */
static const struct {
	const char *path, *max;
	bool warns;
} exceptions[] = {
	/* Engines put the file type and the sticky bits there. */
	{ "linux.devices[].fileMode", "65535", false },
	/* A newer one is never this machine's. */
	{ "linux.seccomp.architectures[]", NULL, true },
};

struct row {
	char *path, *type, *constraint;
	bool required, warns;
	const char *min, *max;
};

/* The next cell of a line of the table, without blanks and backquotes around it. */
static char *cell(char **line)
{
	char *start = strsep(line, "|"), *end;

	start += strspn(start, " `");
	end = start + strlen(start);
	while (end > start && (end[-1] == ' ' || end[-1] == '`'))
		end--;
	*end = 0;
	return start;
}

static const char *limit(struct arena *a, const char *constraint, const char *which)
{
	const char *p = strstr(constraint, which);

	if (!p || strstr(constraint, "enum") || strstr(constraint, "pattern"))
		return NULL;
	p += strlen(which);
	return arena_strndup(a, p, strspn(p, "-0123456789"));
}

static bool next_row(struct arena *a, char **text, struct row *r)
{
	for (char *line; (line = strsep(text, "\n"));) {
		if (strncmp(line, "| `", 3) != 0)
			continue;
		line += 2;
		r->path = cell(&line);
		r->type = cell(&line);
		r->required = !strcmp(cell(&line), "REQ");
		r->constraint = cell(&line);
		r->min = limit(a, r->constraint, "min ");
		r->max = limit(a, r->constraint, "max ");
		r->warns = false;
		for (size_t i = 0; i < ARRAY_SIZE(exceptions); i++)
			if (!strcmp(exceptions[i].path, r->path)) {
				r->max = exceptions[i].max ? exceptions[i].max : r->max;
				r->warns = exceptions[i].warns;
			}
		return true;
	}
	return false;
}

/* The configuration under test, and the member that a row means in it. */
struct bench {
	struct arena *a;
	struct json *root, *up, *node;
	char path[256]; /* as messages write it */
	bool in_map; /* the name is the user's */
	const char *done; /* what was changed, for messages */
	struct {
		enum remark_kind kind;
		char path[256], text[512];
	} heard[64];
	size_t n_heard;
};

static void step(struct bench *b, const char *name, size_t n)
{
	size_t used = strlen(b->path);
	struct json *c = b->node->child;

	b->in_map = *name == '<';
	for (; c && !b->in_map && (strlen(c->key) != n || memcmp(c->key, name, n) != 0);)
		c = c->next;
	if (!c)
		FAIL("every-member.json has no %s.%.*s", b->path, (int)n, name);
	snprintf(b->path + used, sizeof(b->path) - used, "%s%s", used ? "." : "", c->key);
	b->up = b->node;
	b->node = c;
}

static void step_into_list(struct bench *b)
{
	size_t used = strlen(b->path);

	snprintf(b->path + used, sizeof(b->path) - used, "[0]");
	b->up = b->node;
	if (!b->node->child) { /* personality.flags, which may have none */
		b->node->child = b->node->last = arena_alloc(b->a, sizeof(struct json));
		b->node->child->type = JSON_STRING;
		b->node->child->text = "x";
		b->node->n = 1;
	}
	b->node = b->node->child;
}

static void find(struct bench *b, const char *path)
{
	b->node = b->root;
	b->path[0] = 0;
	while (*path) {
		size_t n = *path == '<' ? strcspn(path, ">") + 1 : strcspn(path, ".[");

		step(b, path, n);
		path += n;
		if (!strncmp(path, "[]", 2)) {
			step_into_list(b);
			path += 2;
		}
		path += *path == '.';
	}
}

static void hear(void *ctx, const struct remark *r)
{
	struct bench *b = ctx;

	if (b->n_heard == ARRAY_SIZE(b->heard))
		return;
	b->heard[b->n_heard].kind = r->kind;
	snprintf(b->heard[b->n_heard].path, sizeof(b->heard->path), "%s", r->path);
	snprintf(b->heard[b->n_heard++].text, sizeof(b->heard->text), "%s", r->text);
}

static bool has_heard(const struct bench *b, enum remark_kind kind, const char *part)
{
	for (size_t i = 0; i < b->n_heard; i++)
		if (b->heard[i].kind == kind && !strcmp(b->heard[i].path, b->path) &&
		    strstr(b->heard[i].text, part))
			return true;
	return false;
}

static size_t loads;

static bool load(struct bench *b)
{
	struct json_writer w = { .out = { .arena = b->a } };
	struct report report = { hear, b };
	struct lc_error e = { 0 };
	auto_arena a = { 0 };
	struct spec *spec;

	loads++;
	b->n_heard = 0;
	json_add_node(&w, NULL, b->root);
	return spec_load(&a, "f", w.out.str, w.out.len, &report, &spec, &e) == 0;
}

static void must_fail(struct bench *b, const char *done, const char *part)
{
	if (load(b))
		FAIL("%s: %s: accepted", b->path, done);
	if (!has_heard(b, REMARK_ERROR, part))
		FAIL("%s: %s: %s: %s, which does not name it or say \"%s\"", b->path, done,
		     b->heard[0].path, b->heard[0].text, part);
}

/* A value in place of the node's, which is put back after the check. */
static void must_fail_with(struct bench *b, enum json_type type, const char *text)
{
	struct json saved = *b->node;
	char done[128];

	*b->node =
		(struct json){ .type = type, .key = saved.key, .text = text, .next = saved.next };
	snprintf(done, sizeof(done), "value %s of type %d", text, (int)type);
	must_fail(b, done, "");
	*b->node = saved;
}

static enum json_type json_type_of(const char *type)
{
	return !strcmp(type, "string")	  ? JSON_STRING
	       : !strcmp(type, "integer") ? JSON_NUMBER
	       : !strcmp(type, "boolean") ? JSON_BOOL
	       : !strcmp(type, "array")	  ? JSON_ARRAY
					  : JSON_OBJECT;
}

static void wrong_types(struct bench *b, const struct row *r)
{
	for (enum json_type t = JSON_BOOL; t <= JSON_OBJECT; t++)
		if (t != json_type_of(r->type))
			must_fail_with(b, t, t == JSON_NUMBER ? "7" : "x");
	if (json_type_of(r->type) == JSON_NUMBER) {
		must_fail_with(b, JSON_NUMBER, "1.5");
		must_fail_with(b, JSON_NUMBER, "1e3");
		must_fail_with(b, JSON_NUMBER, "1.0");
	}
	if (r->required || strstr(r->path, "[]") == r->path + strlen(r->path) - 2)
		must_fail_with(b, JSON_NULL, NULL);
}

static void missing(struct bench *b, const struct row *r)
{
	struct json *before = b->up->child;

	if (!r->required)
		return;
	while (before != b->node && before->next != b->node)
		before = before->next;
	if (before == b->node)
		b->up->child = b->node->next;
	else
		before->next = b->node->next;
	must_fail(b, "without", "required, but missing");
	if (before == b->node)
		b->up->child = b->node;
	else
		before->next = b->node;
}

static const char *plus(struct arena *a, const char *number, int d)
{
	char digits[48], *p = digits + sizeof(digits) - 1;
	bool negative = *number == '-';
	__int128 v = 0;

	for (const char *s = number + negative; *s; s++)
		v = v * 10 + (*s - '0');
	v = (negative ? -v : v) + d;
	negative = v < 0;
	*p = 0;
	for (v = negative ? -v : v; v || !*p; v /= 10)
		*--p = (char)('0' + (int)(v % 10));
	return arena_printf(a, "%s%s", negative ? "-" : "", p);
}

static void out_of_range(struct bench *b, const struct row *r)
{
	if (r->min)
		must_fail_with(b, JSON_NUMBER, plus(b->a, r->min, -1));
	if (r->max)
		must_fail_with(b, JSON_NUMBER, plus(b->a, r->max, 1));
	if (json_type_of(r->type) == JSON_NUMBER)
		must_fail_with(b, JSON_NUMBER, "99999999999999999999999999999999999999");
}

/* What is listed is a word; what is like it, and what is nothing like it, is none. */
static void words(struct bench *b, const struct row *r)
{
	char *list = arena_strdup(b->a, r->constraint + strlen("enum: ")), *word;
	struct json saved = *b->node;

	if (r->warns) {
		b->node->text = "SCMP_ARCH_NEW";
		if (!load(b) || !has_heard(b, REMARK_WARNING, "unknown architecture"))
			FAIL("%s: a new one: %s", b->path, b->n_heard ? b->heard[0].text : "");
		*b->node = saved;
		return;
	}
	must_fail_with(b, JSON_STRING, "BAD");
	must_fail_with(b, JSON_STRING, arena_printf(b->a, "%sx", saved.text));
	while ((word = strsep(&list, " "))) {
		b->node->text = word;
		(void)load(b);
		if (has_heard(b, REMARK_ERROR, "expected one of"))
			FAIL("%s: %s is refused", b->path, word);
		*b->node = saved;
	}
}

static void bad_words(struct bench *b, const struct row *r)
{
	if (!strncmp(r->constraint, "enum: ", 6))
		words(b, r);
	else if (!strncmp(r->constraint, "pattern", 7))
		must_fail_with(b, JSON_STRING, "!\n");
	else if (!strncmp(r->constraint, "absolute", 8))
		must_fail_with(b, JSON_STRING, "relative/path");
}

static const char *upper(struct arena *a, const char *s)
{
	char *u = arena_strdup(a, s);

	for (char *p = u; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return u;
}

static void given_twice(struct bench *b)
{
	struct json saved = *b->node, twin = saved;

	if (!saved.key)
		return;
	b->node->next = &twin;
	must_fail(b, "given twice", "given twice");
	if (!b->in_map) {
		twin.key = upper(b->a, saved.key);
		must_fail(b, "given twice in other case", "given twice");
	}
	*b->node = saved;
	if (b->in_map)
		return;
	b->node->key = upper(b->a, saved.key);
	if (!load(b) || !has_heard(b, REMARK_WARNING, "upper and lower case differ"))
		FAIL("%s: in other case: no warning", b->path);
	*b->node = saved;
}

TEST_FOR(each_row_of_the_schema_is_enforced, 300)
{
	auto_arena a = { 0 };
	struct bench b = { .a = &a };
	size_t len, rows = 0;
	char *text = data_file(&a, "every-member.json", &len), *table;
	struct row r;

	b.root = parse(&a, text, len);
	if (!load(&b) || b.n_heard)
		FAIL("every-member.json: %s: %s", b.heard[0].path, b.heard[0].text);
	table = data_file(&a, "fields.md", &len);
	for (; next_row(&a, &table, &r); rows++) {
		b.root = parse(&a, text, strlen(text));
		find(&b, r.path);
		wrong_types(&b, &r);
		missing(&b, &r);
		out_of_range(&b, &r);
		bad_words(&b, &r);
		if (!r.warns && !strstr(b.path, "personality.flags["))
			given_twice(&b);
	}
	printf("# %zu rows, %zu configurations\n", rows, loads);
	CHECK_INT((long long)rows, 308);
	CHECK(loads > 2500);
}

/* What the schema allows and the kernel, or good sense, does not. */
static const struct {
	const char *path;
	enum json_type type;
	const char *bad, *good;
} narrower[] = {
	{ "process.user.uid", JSON_NUMBER, "4294967295", "4294967294" },
	{ "process.user.gid", JSON_NUMBER, "4294967295", "4294967294" },
	{ "process.user.additionalGids[]", JSON_NUMBER, "4294967295", "4294967294" },
	{ "process.user.umask", JSON_NUMBER, "512", "511" },
	{ "process.ioPriority.priority", JSON_NUMBER, "8", "7" },
	{ "process.ioPriority.priority", JSON_NUMBER, "-1", "0" },
	{ "process.oomScoreAdj", JSON_NUMBER, "1001", "1000" },
	{ "process.oomScoreAdj", JSON_NUMBER, "-1001", "-1000" },
	{ "process.scheduler.nice", JSON_NUMBER, "20", "0" },
	{ "process.scheduler.priority", JSON_NUMBER, "-1", "0" },
	{ "process.env[]", JSON_STRING, "", "A" },
	{ "process.cwd", JSON_STRING, "tmp", "/tmp" },
	{ "hooks.poststop[].path", JSON_STRING, "hook", "/hook" },
	{ "hooks.poststop[].env[]", JSON_STRING, "=", "A=" },
	{ "hooks.poststop[].timeout", JSON_NUMBER, "4294967296", "4294967295" },
	{ "root.path", JSON_STRING, "", "." },
	{ "domainname", JSON_STRING,
	  "0123456789012345678901234567890123456789012345678901234567890123x", "d.example" },
	{ "linux.devices[].uid", JSON_NUMBER, "4294967295", "4294967294" },
	{ "linux.devices[].gid", JSON_NUMBER, "4294967295", "4294967294" },
	{ "linux.devices[].path", JSON_STRING, "dev/x", "/dev/x/" },
	{ "linux.uidMappings[].size", JSON_NUMBER, "0", "1" },
	{ "linux.netDevices.<any>.name", JSON_STRING, "a b", "a-b" },
	{ "linux.resources.devices[].major", JSON_NUMBER, "-2", "-1" },
	{ "linux.resources.devices[].minor", JSON_NUMBER, "4294967296", "4294967295" },
	{ "linux.resources.devices[].access", JSON_STRING, "rwx", "mr" },
	{ "linux.resources.pids.limit", JSON_NUMBER, "-2", "-1" },
	{ "linux.resources.memory.limit", JSON_NUMBER, "-2", "67108864" },
	{ "linux.resources.memory.reservation", JSON_NUMBER, "-2", "-1" },
	{ "linux.resources.memory.swap", JSON_NUMBER, "-2", "-1" },
	{ "linux.resources.memory.kernel", JSON_NUMBER, "-2", "-1" },
	{ "linux.resources.memory.kernelTCP", JSON_NUMBER, "-2", "-1" },
	{ "linux.resources.memory.swappiness", JSON_NUMBER, "101", "100" },
	{ "linux.resources.cpu.quota", JSON_NUMBER, "-2", "-1" },
	{ "linux.resources.cpu.realtimeRuntime", JSON_NUMBER, "-2", "-1" },
	{ "linux.resources.cpu.idle", JSON_NUMBER, "-1", "1" },
	{ "linux.resources.cpu.cpus", JSON_STRING, "0\n", "all" },
	{ "linux.resources.cpu.mems", JSON_STRING, "x", "0-3" },
	{ "linux.resources.blockIO.weight", JSON_NUMBER, "1001", "1000" },
	{ "linux.resources.blockIO.leafWeight", JSON_NUMBER, "1001", "1000" },
	{ "linux.resources.blockIO.weightDevice[].weight", JSON_NUMBER, "1001", "1000" },
	{ "linux.resources.blockIO.weightDevice[].leafWeight", JSON_NUMBER, "1001", "1000" },
	{ "linux.resources.blockIO.weightDevice[].major", JSON_NUMBER, "4096", "4095" },
	{ "linux.resources.blockIO.weightDevice[].minor", JSON_NUMBER, "1048576", "1048575" },
	{ "linux.resources.blockIO.throttleReadBpsDevice[].major", JSON_NUMBER, "4096", "4095" },
	{ "linux.resources.blockIO.throttleReadBpsDevice[].minor", JSON_NUMBER, "-1", "0" },
	{ "linux.resources.network.priorities[].name", JSON_STRING, "", "eth0" },
	{ "linux.seccomp.defaultErrnoRet", JSON_NUMBER, "65536", "4095" },
	{ "linux.seccomp.syscalls[].errnoRet", JSON_NUMBER, "65536", "4095" },
	{ "linux.seccomp.syscalls[].args[].index", JSON_NUMBER, "6", "5" },
	{ "linux.intelRdt.l3CacheSchema", JSON_STRING, "L3:0=f\n\nL3:1=f", "L3:0=f\nMB:0=10" },
	{ "linux.intelRdt.memBwSchema", JSON_STRING, "MB:0=10\nL3:0=f", "MB:0=10" },
	{ "linux.intelRdt.schemata[]", JSON_STRING, "L3:0=f\nL2:0=f", "L2:0=f" },
	{ "linux.timeOffsets.boottime.nanosecs", JSON_NUMBER, "1000000000", "999999999" },
	{ "linux.cgroupsPath", JSON_STRING, "a/../../b", "a/b" },
	{ "linux.maskedPaths[]", JSON_STRING, "proc", "/proc/x" },
	{ "linux.readonlyPaths[]", JSON_STRING, "", "/proc/x" },
	{ "vm.hypervisor.path", JSON_STRING, "vmm", "/vmm" },
	{ "vm.kernel.path", JSON_STRING, "vmlinux", "/vmlinux" },
	{ "vm.kernel.initrd", JSON_STRING, "initrd", "/initrd" },
	{ "vm.image.path", JSON_STRING, "img", "/img" },
	{ "vm.hwConfig.deviceTree", JSON_STRING, "dt", "/dt" },
	{ "vm.hwConfig.vcpus", JSON_NUMBER, "0", "1" },
	{ "vm.hwConfig.memory", JSON_NUMBER, "0", "1" },
};

TEST(narrower_than_the_schema)
{
	auto_arena a = { 0 };
	struct bench b = { .a = &a };
	size_t len;
	char *text = data_file(&a, "every-member.json", &len);

	b.root = parse(&a, text, len);
	for (size_t i = 0; i < ARRAY_SIZE(narrower); i++) {
		struct json saved;

		find(&b, narrower[i].path);
		must_fail_with(&b, narrower[i].type, narrower[i].bad);
		saved = *b.node;
		b.node->text = narrower[i].good;
		if (!load(&b))
			FAIL("%s: %s: %s: %s", b.path, narrower[i].good, b.heard[0].path,
			     b.heard[0].text);
		*b.node = saved;
	}
}

TEST(an_empty_string_where_none_is_meant)
{
	static const char *const paths[] = {
		"hostname",
		"domainname",
		"mounts[].type",
		"mounts[].source",
		"process.commandLine",
		"process.user.username",
		"process.apparmorProfile",
		"process.selinuxLabel",
		"process.execCPUAffinity.initial",
		"process.execCPUAffinity.final",
		"linux.namespaces[].path",
		"linux.netDevices.<any>.name",
		"linux.resources.devices[].type",
		"linux.resources.devices[].access",
		"linux.resources.cpu.cpus",
		"linux.resources.cpu.mems",
		"linux.cgroupsPath",
		"linux.rootfsPropagation",
		"linux.mountLabel",
		"linux.seccomp.listenerPath",
		"linux.seccomp.listenerMetadata",
		"linux.intelRdt.closID",
		"linux.intelRdt.l3CacheSchema",
		"linux.intelRdt.memBwSchema",
		"linux.memoryPolicy.nodes",
		"vm.kernel.initrd",
		"vm.hwConfig.deviceTree",
	};
	auto_arena a = { 0 };
	struct bench b = { .a = &a };
	size_t len;
	char *text = data_file(&a, "every-member.json", &len);

	b.root = parse(&a, text, len);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		auto_arena own = { 0 };
		struct json_writer w = { .out = { .arena = &own } };
		struct report report = { hear, &b };
		struct spec *spec = NULL;
		struct lc_error e;
		struct json saved;
		size_t n;

		find(&b, paths[i]);
		saved = *b.node;
		b.node->text = "";
		b.node->len = 0;
		b.n_heard = 0;
		json_add_node(&w, NULL, b.root);
		/* Another rule may need it, but then as something that is not there. */
		if (spec_load(&own, "f", w.out.str, w.out.len, &report, &spec, &e) < 0 &&
		    (strstr(e.msg, "empty string") || strstr(e.msg, "absolute path")))
			FAIL("%s", e.msg);
		if (spec && strstr(encode(&own, &spec_shape, spec, 0, &n), "\"\""))
			FAIL("%s: is kept", b.path);
		*b.node = saved;
	}
}

static bool is_nothing(const struct json *v)
{
	return v->type == JSON_NULL || (v->type == JSON_BOOL && !v->boolean) ||
	       ((v->type == JSON_STRING || v->type == JSON_ARRAY || v->type == JSON_OBJECT) &&
		!v->len) ||
	       (v->type == JSON_NUMBER && !strcmp(v->text, "0"));
}

/* Everything in @want is in @got, but what says nothing. */
static void check_same(const char *file, const char *path, const struct json *want,
		       const struct json *got)
{
	char here[512];
	size_t i = 0;

	if (got->type != want->type)
		FAIL("%s: %s: another type", file, path);
	if (want->type == JSON_BOOL && want->boolean != got->boolean)
		FAIL("%s: %s: another value", file, path);
	if ((want->type == JSON_NUMBER || want->type == JSON_STRING) &&
	    strcmp(want->text, got->text) != 0)
		FAIL("%s: %s: got %s, want %s", file, path, got->text, want->text);
	if (want->type != JSON_ARRAY && want->type != JSON_OBJECT)
		return;
	if (want->type == JSON_ARRAY && want->n != got->n)
		FAIL("%s: %s: got %zu elements, want %zu", file, path, got->n, want->n);
	for (const struct json *c = want->child, *g = got->child; c; c = c->next, i++) {
		snprintf(here, sizeof(here), c->key ? "%s.%s" : "%s[%s]", path,
			 c->key ? c->key : "");
		if (c->key)
			g = json_member(got, c->key);
		if (g)
			check_same(file, here, c, g);
		else if (!is_nothing(c))
			FAIL("%s: %s is lost", file, here);
		if (!c->key)
			g = g->next;
	}
}

/* Reads one file, writes what was read, and reads that: nothing is lost, nothing changes. */
static void check_round_trip(const char *name)
{
	bool process = strstr(name, "exec-process") != NULL;
	const struct shape *shape = process ? &spec_process_shape : &spec_shape;
	auto_arena a = { 0 };
	struct bench b = { .a = &a };
	struct report report = { hear, &b };
	struct lc_error e = { 0 };
	struct spec_process *p;
	size_t len, len2, len3;
	char *text = data_file(&a, name, &len), *again, *third;
	struct spec *s;
	void *read;

	if (process)
		CHECK_OK(spec_process_load(&a, name, text, len, &report, &p, &e), &e);
	else
		CHECK_OK(spec_load(&a, name, text, len, &report, &s, &e), &e);
	if (b.n_heard)
		FAIL("%s: %s: %s", name, b.heard[0].path, b.heard[0].text);
	read = process ? (void *)p : (void *)s;
	again = encode(&a, shape, read, 4, &len2);
	check_same(name, "", parse(&a, text, len), parse(&a, again, len2));
	if (process)
		CHECK_OK(spec_process_load(&a, name, again, len2, NULL, &p, &e), &e);
	else
		CHECK_OK(spec_load(&a, name, again, len2, NULL, &s, &e), &e);
	third = encode(&a, shape, process ? (void *)p : (void *)s, 4, &len3);
	CHECK_STR(third, again);
}

TEST(every_member_survives_reading_and_writing)
{
	check_round_trip("every-member.json");
}

TEST(configurations_of_engines_are_read_whole)
{
	auto_arena a = { 0 };
	const char *dir = arena_printf(&a, "%s/tests/data/configs", getenv("top_srcdir"));
	struct dirent *entry;
	DIR *d = opendir(dir);
	int files = 0;

	CHECK(d);
	while ((entry = readdir(d)))
		if (entry->d_name[0] != '.') {
			check_round_trip(arena_printf(&a, "configs/%s", entry->d_name));
			files++;
		}
	closedir(d);
	CHECK(files >= 30);
}
