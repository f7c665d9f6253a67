/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the resource control file system tells of a container, for `events`: the limits that there
 * could be, those in force, and what its monitors count. */
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "json/encode.h"
#include "run/resctrl.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MAX = 64 << 10, DOMAINS_MAX = 1024 };

static void add_number(struct json_writer *w, int dir, const char *in, const char *name)
{
	auto_arena a = { 0 };
	char *text = file_fact_at(dir, arena_printf(&a, "%s/%s", in, name), &a, TEXT_MAX);
	uint64_t value;

	if (text && str_u64(text, &value)) /* else "Unavailable", or of another kind of monitor */
		json_add_u64(w, name, value);
}

static void add_info(struct json_writer *w, const struct resctrl *r)
{
	auto_arena a = { 0 };
	const char *mask = file_fact_at(r->dir, "info/L3/cbm_mask", &a, TEXT_MAX);

	if (mask) {
		json_open(w, "l3_cache_info", '{');
		json_add_string(w, "cbm_mask", mask);
		add_number(w, r->dir, "info/L3", "min_cbm_bits");
		add_number(w, r->dir, "info/L3", "num_closids");
		json_close(w, '}');
	}
	if (faccessat(r->dir, "info/MB", F_OK, 0) == 0) {
		json_open(w, "mem_bw_info", '{');
		add_number(w, r->dir, "info/MB", "bandwidth_gran");
		add_number(w, r->dir, "info/MB", "delay_linear");
		add_number(w, r->dir, "info/MB", "min_bandwidth");
		add_number(w, r->dir, "info/MB", "num_closids");
		json_close(w, '}');
	}
}

/* The lines of @dir's schemata: L3's and MB's by name, with @all as a list as well. */
static void add_schemata(struct json_writer *w, int dir, const char *l3, const char *mb, bool all)
{
	auto_arena a = { 0 };
	char *text = file_fact_at(dir, "schemata", &a, TEXT_MAX), *rest, *line;

	for (rest = text ? arena_strdup(&a, text) : NULL; (line = strsep(&rest, "\n"));) {
		line += strspn(line, " ");
		if (str_starts(line, "L3:"))
			json_add_string(w, l3, line);
		else if (str_starts(line, "MB:"))
			json_add_string(w, mb, line);
	}
	if (!all || !text)
		return;
	json_open(w, "schemata", '[');
	for (rest = text; (line = strsep(&rest, "\n"));)
		json_add_string(w, NULL, line + strspn(line, " "));
	json_close(w, ']');
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One per cache: mon_L3_00, mon_L3_01... */
static size_t list_domains(int mon_data, struct arena *a, char **names)
{
	int fd = openat(mon_data, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	size_t n = 0;

	if (!d) {
		fd_release(&fd);
		return 0;
	}
	while (n < DOMAINS_MAX && (entry = readdir(d)))
		if (str_starts(entry->d_name, "mon_L3_"))
			names[n++] = arena_strdup(a, entry->d_name);
	closedir(d);
	qsort(names, n, sizeof(*names), by_name);
	return n;
}

static void add_monitors(struct json_writer *w, int group)
{
	auto_arena a = { 0 };
	auto_fd mon_data =
		openat(group, "mon_data", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char **names = arena_array(&a, DOMAINS_MAX, sizeof(*names));
	size_t n = mon_data < 0 ? 0 : list_domains(mon_data, &a, names);

	if (!n)
		return;
	json_open(w, "mbm_stats", '[');
	for (size_t i = 0; i < n; i++) {
		json_open(w, NULL, '{');
		add_number(w, mon_data, names[i], "mbm_total_bytes");
		add_number(w, mon_data, names[i], "mbm_local_bytes");
		json_close(w, '}');
	}
	json_close(w, ']');
	json_open(w, "cmt_stats", '[');
	for (size_t i = 0; i < n; i++) {
		json_open(w, NULL, '{');
		add_number(w, mon_data, names[i], "llc_occupancy");
		json_close(w, '}');
	}
	json_close(w, ']');
}

void resctrl_write(const struct resctrl *r, const struct rdt_ref *ref, const char *id,
		   struct json_writer *w)
{
	const char *name = str_eq(ref->group, "/") ? "." : ref->group;
	auto_fd group = openat(r->dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_fd own = -1;
	char path[300];

	if (group < 0)
		return;
	snprintf(path, sizeof(path), "mon_groups/%s", id);
	if (ref->monitor)
		own = openat(group, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	json_open(w, "intel_rdt", '{');
	add_info(w, r);
	add_schemata(w, r->dir, "l3_cache_schema_root", "mem_bw_schema_root", false);
	add_schemata(w, group, "l3_cache_schema", "mem_bw_schema", true);
	add_monitors(w, own >= 0 ? own : group);
	json_close(w, '}');
}
