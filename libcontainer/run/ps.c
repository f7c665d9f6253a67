/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lc_ps(): the lines of the host's ps(1) that are about a container's processes. */
#include "base/own.h"
#include "base/str.h"
#include "libcontainer.h"
#include "run/helper.h"

#include <stdlib.h>
#include <string.h>

#define TABLE_MAX (64 << 20)

static bool is_ours(long pid, const pid_t *pids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/* Number in the blank-separated column @column of @line; -1: none there. */
static long number_in_column(const char *line, int column)
{
	for (; column >= 0; column--) {
		line += strspn(line, " ");
		if (!column)
			break;
		line += strcspn(line, " \n");
	}
	return *line >= '0' && *line <= '9' ? strtol(line, NULL, 10) : -1;
}

static int column_of_pid(const char *header)
{
	for (int column = 0; *header; column++) {
		size_t len;

		header += strspn(header, " ");
		len = strcspn(header, " \n");
		if (len == 3 && !strncmp(header, "PID", 3))
			return column;
		header += len + (header[len] == '\n');
	}
	return -1;
}

/* The header, and the lines whose PID is one of @pids. */
static int filter(char *table, const pid_t *pids, size_t n, struct buf *out, struct lc_error *e)
{
	char *line = strsep(&table, "\n");
	int column = column_of_pid(line);

	if (!*line)
		return lc_err(e, LC_ESYSTEM, "ps: the host's ps printed nothing");
	if (column < 0)
		return lc_err(e, LC_EUSAGE, "ps: the chosen columns lack PID");
	buf_addf(out, "%s\n", line);
	while ((line = strsep(&table, "\n")))
		if (is_ours(number_in_column(line, column), pids, n))
			buf_addf(out, "%s\n", line);
	return 0;
}

static char **ps_args(struct arena *a, const char *const *options)
{
	size_t n = 0;
	char **argv;

	while (options && options[n])
		n++;
	argv = arena_array(a, n + 3, sizeof(*argv));
	argv[0] = arena_strdup(a, "ps");
	if (!n)
		argv[1] = arena_strdup(a, "-ef");
	for (size_t i = 0; i < n; i++)
		argv[1 + i] = arena_strdup(a, options[i]);
	return argv;
}

int lc_ps(struct lc *lc, const char *id, const char *const *options, char **table,
	  struct lc_error *e)
{
	auto_arena a = { 0 };
	auto_free pid_t *pids = NULL;
	struct buf out = { .arena = &a };
	char *text;
	size_t n;
	int status;

	if (lc_pids(lc, id, &pids, &n, e) < 0)
		return -1;
	status = helper_run(ps_args(&a, options), false, &a, TABLE_MAX, &text, e);
	if (status < 0)
		return -1;
	if (status == 127)
		return lc_err(e, LC_EUNSUPPORTED, "ps: the host's ps cannot be executed");
	if (filter(text, pids, n, &out, e) < 0)
		return -1;
	*table = strdup(out.str);
	return *table ? 0 : lc_err(e, LC_EINTERNAL, "out of memory");
}
