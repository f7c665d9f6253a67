/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the cgroup2 hierarchy in mountinfo. */
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "sys/fd.h"
#include "sys/probe.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>

enum { FILE_MAX_SIZE = 64 << 20 };

/* One line of mountinfo: "36 35 98:0 /root /mount/point options tags - fstype source super". */
struct mount_line {
	uint64_t id;
	char *path;
	const char *fstype, *super;
};

static bool parse_line(char *line, struct mount_line *m)
{
	char *after = strstr(line, " - "), *field[5] = { 0 };

	if (!after)
		return false;
	*after = 0;
	after += 3;
	for (size_t i = 0; i < ARRAY_SIZE(field); i++)
		field[i] = strsep(&line, " ");
	if (!field[4] || !str_u64(field[0], &m->id))
		return false;
	m->path = field[4];
	str_unescape_octal(m->path);
	m->fstype = strsep(&after, " ");
	strsep(&after, " ");
	m->super = after ? after : "";
	return true;
}

/* @word is in the list @s, separated by commas. */
static bool has_option(const char *s, const char *word)
{
	size_t n = strlen(word);

	for (; *s; s += strspn(s, ",")) {
		size_t len = strcspn(s, ",");

		if (len == n && !strncmp(s, word, n))
			return true;
		s += len;
	}
	return false;
}

/* A named v1 hierarchy ("name=systemd") only groups processes. */
static bool has_controllers(const char *super)
{
	return !strstr(super, "name=");
}

/* How much a mount point is to be preferred; a hybrid host has cgroup2 in "unified". */
static int rank(const char *path)
{
	if (str_eq(path, "/sys/fs/cgroup"))
		return 3;
	return str_eq(path, "/sys/fs/cgroup/unified") ? 2 : 1;
}

void probe_cgroup_parse(struct arena *a, char *mountinfo,
			bool (*usable)(const char *path, uint64_t mount_id),
			struct probe_cgroup *out)
{
	int best = 0;
	char *line;

	*out = (struct probe_cgroup){ 0 };
	while ((line = strsep(&mountinfo, "\n"))) {
		struct mount_line m;

		if (!parse_line(line, &m))
			continue;
		if (str_eq(m.fstype, "cgroup") && has_controllers(m.super))
			out->v1 = true;
		if (!str_eq(m.fstype, "cgroup2") || rank(m.path) <= best)
			continue;
		if (usable && !usable(m.path, m.id))
			continue;
		best = rank(m.path);
		out->path = arena_strdup(a, m.path);
		out->nsdelegate = has_option(m.super, "nsdelegate");
	}
}

/* The path leads to this very mount, of which mountinfo says that it is a cgroup2: nothing is
 * mounted over it or over what it lies in. */
static bool is_on_top(const char *path, uint64_t mount_id)
{
	uint64_t id;

	return !sys_mount_id(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, &id) && id == mount_id;
}

int probe_cgroup(struct arena *a, struct probe_cgroup *out, struct lc_error *e)
{
	auto_arena scratch = { 0 };
	char *text;

	if (file_read_at(AT_FDCWD, "/proc/self/mountinfo", &scratch, FILE_MAX_SIZE, &text, NULL,
			 e) < 0)
		return -1;
	probe_cgroup_parse(a, text, is_on_top, out);
	return 0;
}

char *probe_mounted(struct arena *a, const char *fstype)
{
	struct lc_error e;
	char *text, *line;

	if (file_read_at(AT_FDCWD, "/proc/self/mountinfo", a, FILE_MAX_SIZE, &text, NULL, &e) < 0)
		return NULL;
	while ((line = strsep(&text, "\n"))) {
		struct mount_line m;
		uint64_t id;

		if (parse_line(line, &m) && str_eq(m.fstype, fstype) &&
		    !sys_mount_id(AT_FDCWD, m.path, AT_SYMLINK_NOFOLLOW, &id) && id == m.id)
			return m.path;
	}
	return NULL;
}

char *probe_own_cgroup(struct arena *a)
{
	auto_arena scratch = { 0 };
	char *text = file_fact_at(AT_FDCWD, "/proc/self/cgroup", &scratch, FILE_MAX_SIZE), *line;

	while ((line = strsep(&text, "\n")))
		if (str_starts(line, "0::/"))
			return arena_strdup(a, line + 3);
	return NULL;
}
