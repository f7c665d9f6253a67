/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whose memory limit it was that made the kernel kill a process. */
#include "cgroups/internal.h"
#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct search {
	char top[PATH_MAX]; /* path of the container's cgroup */
	char *place;
	size_t size;
};

/* The "oom" of memory.events.local counts in the cgroup whose limit was reached, its "oom_kill" in
 * that of the process that was killed (Linux 5.2). */
static bool was_reached(int dir)
{
	char text[512], *line = text, *next;
	uint64_t n;

	if (cg_read(dir, "memory.events.local", text, sizeof(text)) < 0)
		return false;
	while ((next = strsep(&line, "\n")))
		if (str_starts(next, "oom ") && str_u64(next + 4, &n))
			return n > 0;
	return false;
}

/* The deepest cgroup in which a limit was reached wins: its processes were killed for it. */
static int look(int dir, void *ctx, struct lc_error *e)
{
	struct search *s = ctx;
	struct cg_path path;
	const char *text = cg_path_of(dir, &path);

	(void)e;
	if (was_reached(dir) && str_starts(text, s->top)) {
		text += strlen(s->top);
		snprintf(s->place, s->size, "%s", *text ? text : "/");
	}
	return 0;
}

void cgroup_oom_place(int cgroup, char *place, size_t size)
{
	struct search s = { .place = place, .size = size };
	struct cg_path path;
	struct lc_error ignored;

	snprintf(place, size, "..");
	snprintf(s.top, sizeof(s.top), "%s", cg_path_of(cgroup, &path));
	if (cg_walk(cgroup, look, &s, &ignored) < 0)
		return; /* as far as it went */
}
