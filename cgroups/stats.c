/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a cgroup has used: its files read into numbers, by tables. */
#include "cgroups/internal.h"
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX      4096 /* files of a few lines */
#define LONG_MAX_SIZE (4u << 20) /* memory.stat; io.stat has a line per device */

/* One number of struct cgroup_stats. @key: NULL: the file holds nothing else. */
struct source {
	const char *file, *key;
	size_t offset;
};

#define AT(member) offsetof(struct cgroup_stats, member)

static const struct source sources[] = {
	{ "cpu.stat", "usage_usec", AT(cpu.usage_usec) },
	{ "cpu.stat", "user_usec", AT(cpu.user_usec) },
	{ "cpu.stat", "system_usec", AT(cpu.system_usec) },
	{ "cpu.stat", "nr_periods", AT(cpu.nr_periods) },
	{ "cpu.stat", "nr_throttled", AT(cpu.nr_throttled) },
	{ "cpu.stat", "throttled_usec", AT(cpu.throttled_usec) },
	{ "cpu.stat", "nr_bursts", AT(cpu.nr_bursts) },
	{ "cpu.stat", "burst_usec", AT(cpu.burst_usec) },
	{ "memory.current", NULL, AT(memory.current) },
	{ "memory.peak", NULL, AT(memory.peak) },
	{ "memory.low", NULL, AT(memory.low) },
	{ "memory.high", NULL, AT(memory.high) },
	{ "memory.max", NULL, AT(memory.max) },
	{ "memory.swap.current", NULL, AT(memory.swap_current) },
	{ "memory.swap.peak", NULL, AT(memory.swap_peak) },
	{ "memory.swap.max", NULL, AT(memory.swap_max) },
	{ "memory.events", "low", AT(memory.events.low) },
	{ "memory.events", "high", AT(memory.events.high) },
	{ "memory.events", "max", AT(memory.events.max) },
	{ "memory.events", "oom", AT(memory.events.oom) },
	{ "memory.events", "oom_kill", AT(memory.events.oom_kill) },
	{ "pids.current", NULL, AT(pids.current) },
	{ "pids.peak", NULL, AT(pids.peak) },
	{ "pids.max", NULL, AT(pids.max) },
	{ "pids.events", "max", AT(pids.refused) },
};

static const struct {
	const char *file;
	size_t offset;
} pressures[] = {
	{ "cpu.pressure", AT(cpu.psi) },
	{ "memory.pressure", AT(memory.psi) },
	{ "io.pressure", AT(io_psi) },
};

/* Reads a file that may be absent: "" then. Pressure may be turned off (EOPNOTSUPP). */
static int read_text(int dir, const char *file, char *text, size_t size, struct lc_error *e)
{
	text[0] = 0;
	if (cg_read(dir, file, text, size) >= 0)
		return 0;
	text[0] = 0;
	if (errno == ENOENT || errno == EOPNOTSUPP)
		return 0;
	return lc_err_errno(e, "read %s/%s", cg_path_of(dir, &(struct cg_path){}), file);
}

/* The same for files of any length; *@there: the kernel offers it. */
static char *read_long(int dir, const char *file, struct arena *a, bool *there, struct lc_error *e)
{
	char *text;

	*there = !file_read_at(dir, file, a, LONG_MAX_SIZE, &text, NULL, e);
	if (*there)
		return text;
	if (e->sys_errno != ENOENT && e->sys_errno != EOPNOTSUPP)
		return NULL;
	*e = (struct lc_error){};
	return arena_strdup(a, "");
}

/* "max" is CGROUP_NONE, as is what is no number. */
static uint64_t number(const char *text, size_t len)
{
	uint64_t value;
	char digits[24];

	if (len >= sizeof(digits))
		return CGROUP_NONE;
	memcpy(digits, text, len);
	digits[len] = 0;
	return str_u64(digits, &value) ? value : CGROUP_NONE;
}

/* The number behind "key " at the start of a line. */
static uint64_t keyed(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, len) && line[len] == ' ')
			return number(line + len + 1, strcspn(line + len + 1, "\n"));
	}
	return CGROUP_NONE;
}

static int read_numbers(int dir, struct cgroup_stats *out, struct lc_error *e)
{
	char text[TEXT_MAX];
	const char *last = "";

	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		const struct source *s = &sources[i];
		uint64_t *to = (uint64_t *)((char *)out + s->offset);

		if (strcmp(last, s->file) && read_text(dir, s->file, text, sizeof(text), e) < 0)
			return -1;
		last = s->file;
		*to = s->key ? keyed(text, s->key) : number(text, strlen(text));
	}
	return 0;
}

static void parse_psi_line(const char *line, struct cgroup_psi_line *out)
{
	unsigned long long total;

	if (sscanf(line, "%*s avg10=%lf avg60=%lf avg300=%lf total=%llu", &out->avg10, &out->avg60,
		   &out->avg300, &total) == 4)
		out->total = total;
}

static int read_pressure(int dir, const char *file, struct cgroup_psi *out, struct lc_error *e)
{
	char text[512], *rest = text, *line;

	if (read_text(dir, file, text, sizeof(text), e) < 0)
		return -1;
	while ((line = strsep(&rest, "\n"))) {
		if (str_starts(line, "some "))
			parse_psi_line(line, &out->some);
		else if (str_starts(line, "full "))
			parse_psi_line(line, &out->full);
		else
			continue;
		out->present = true;
	}
	return 0;
}

static size_t count_lines(const char *text)
{
	size_t n = *text != 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void parse_memory_stat(char *text, struct arena *a, struct cgroup_stats *out)
{
	struct cgroup_stat_pair *pair = arena_array(a, count_lines(text), sizeof(*pair));
	char *line;

	out->memory.stat.v = pair;
	while ((line = strsep(&text, "\n"))) {
		size_t len = strcspn(line, " ");

		if (!line[len])
			continue;
		pair->name = arena_strndup(a, line, len);
		pair->value = number(line + len + 1, strlen(line + len + 1));
		pair++;
	}
	out->memory.stat.n = (size_t)(pair - out->memory.stat.v);
}

static int read_memory_stat(int dir, struct arena *a, struct cgroup_stats *out, struct lc_error *e)
{
	bool there;
	char *text = read_long(dir, "memory.stat", a, &there, e);

	if (!text)
		return -1;
	parse_memory_stat(text, a, out);
	return 0;
}

void cgroup_stats_text(const char *file, char *text, struct arena *a, struct cgroup_stats *out)
{
	size_t len = strcspn(text, "\n");

	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		const struct source *s = &sources[i];

		if (!strcmp(file, s->file))
			*(uint64_t *)((char *)out + s->offset) =
				s->key ? keyed(text, s->key) : number(text, len);
	}
	if (!strcmp(file, "memory.stat"))
		parse_memory_stat(text, a, out);
}

/* "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6"; other keys may follow. */
static bool parse_io(char *line, struct cgroup_io *out)
{
	static const struct {
		const char *key;
		size_t offset;
	} keys[] = {
		{ "rbytes=", offsetof(struct cgroup_io, rbytes) },
		{ "wbytes=", offsetof(struct cgroup_io, wbytes) },
		{ "rios=", offsetof(struct cgroup_io, rios) },
		{ "wios=", offsetof(struct cgroup_io, wios) },
		{ "dbytes=", offsetof(struct cgroup_io, dbytes) },
		{ "dios=", offsetof(struct cgroup_io, dios) },
	};
	char *word = strsep(&line, " ");
	bool any = false;

	*out = (struct cgroup_io){};
	if (sscanf(word, "%u:%u", &out->major, &out->minor) != 2)
		return false;
	while ((word = strsep(&line, " "))) {
		for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
			uint64_t *to = (uint64_t *)((char *)out + keys[i].offset);
			size_t len = strlen(keys[i].key);

			if (strncmp(word, keys[i].key, len))
				continue;
			any |= str_u64(word + len, to);
		}
	}
	return any;
}

static int read_io(int dir, struct arena *a, struct cgroup_stats *out, struct lc_error *e)
{
	char *text = read_long(dir, "io.stat", a, &out->has_io, e), *rest = text, *line;

	if (!text)
		return -1;
	out->io.v = arena_array(a, count_lines(text), sizeof(*out->io.v));
	while ((line = strsep(&rest, "\n"))) {
		struct cgroup_io io;

		if (parse_io(line, &io))
			out->io.v[out->io.n++] = io;
	}
	return 0;
}

static int read_hugetlb_size(int dir, struct arena *a, const char *size, struct cgroup_hugetlb *out,
			     struct lc_error *e)
{
	char file[NAME_MAX + 1], text[256];

	out->size = arena_strdup(a, size);
	snprintf(file, sizeof(file), "hugetlb.%s.current", size);
	if (read_text(dir, file, text, sizeof(text), e) < 0)
		return -1;
	out->current = number(text, strlen(text));
	snprintf(file, sizeof(file), "hugetlb.%s.max", size);
	if (read_text(dir, file, text, sizeof(text), e) < 0)
		return -1;
	out->max = number(text, strlen(text));
	snprintf(file, sizeof(file), "hugetlb.%s.events", size);
	if (read_text(dir, file, text, sizeof(text), e) < 0)
		return -1;
	out->failcnt = keyed(text, "max");
	return 0;
}

#define HUGETLB_SIZES 16
#define HUGE_PREFIX   "hugetlb."
#define HUGE_SUFFIX   ".events"

/* Sizes are known by the names of files: "hugetlb.2MB.events". */
static int read_hugetlb(int dir, struct arena *a, struct cgroup_stats *out, struct lc_error *e)
{
	auto_fd fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int result = 0;

	if (!d)
		return lc_err_errno(e, "list %s", cg_path_of(dir, &(struct cg_path){}));
	(void)fd_take(&fd);
	out->hugetlb.v = arena_array(a, HUGETLB_SIZES, sizeof(*out->hugetlb.v));
	while (!result && out->hugetlb.n < HUGETLB_SIZES && (entry = readdir(d))) {
		size_t len = strlen(entry->d_name), edge = strlen(HUGE_PREFIX);
		char *suffix = strstr(entry->d_name, HUGE_SUFFIX);

		if (!str_starts(entry->d_name, HUGE_PREFIX) || !suffix ||
		    len != (size_t)(suffix - entry->d_name) + strlen(HUGE_SUFFIX) ||
		    (size_t)(suffix - entry->d_name) <= edge)
			continue;
		*suffix = 0;
		result = read_hugetlb_size(dir, a, entry->d_name + edge,
					   &out->hugetlb.v[out->hugetlb.n++], e);
	}
	closedir(d);
	return result;
}

int cgroup_stats_read(int cgroup, struct arena *a, struct cgroup_stats *out, struct lc_error *e)
{
	*out = (struct cgroup_stats){};
	if (read_numbers(cgroup, out, e) < 0 || read_memory_stat(cgroup, a, out, e) < 0 ||
	    read_io(cgroup, a, out, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(pressures); i++) {
		void *psi = (char *)out + pressures[i].offset;

		if (read_pressure(cgroup, pressures[i].file, psi, e) < 0)
			return -1;
	}
	return read_hugetlb(cgroup, a, out, e);
}
