/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lc_ps(): the lines of the host's ps(1) that are about a container's processes. */
#include "base/own.h"
#include "base/str.h"
#include "libcontainer.h"
#include "microvm/ask.h"
#include "run/container.h"
#include "run/helper.h"

#include <stdio.h>
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

/* "pid ppid uid state ticks command", of the guest's: numbers are taken as such, and of the command
 * what can be printed. */
static void add_guest_line(struct buf *out, char *line)
{
	unsigned long ticks;
	unsigned pid, ppid, uid;
	char state;
	int at = 0;

	if (sscanf(line, "%u %u %u %c %lu %n", &pid, &ppid, &uid, &state, &ticks, &at) != 5 || !at)
		return;
	for (char *p = line + at; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	ticks /= 100; /* USER_HZ */
	buf_addf(out, "%-8u %7u %7u %c %02lu:%02lu:%02lu %s\n", uid, pid, ppid,
		 state >= 'A' && state <= 'z' ? state : '?', ticks / 3600, ticks / 60 % 60,
		 ticks % 60, line + at);
}

/* The host's ps cannot see them. */
static int guest_table(struct lc *lc, const char *id, const char *const *options, char **table,
		       struct lc_error *e)
{
	auto_container c = CONTAINER_NONE;
	struct buf out = { .arena = &c.arena };
	char *text, *line;
	size_t len;

	if (container_open(lc, id, false, &c, e) < 0)
		return -1;
	if (options && *options)
		return lc_err(e, LC_EUNSUPPORTED,
			      "options of ps: not possible in a virtual machine: the table is the "
			      "guest's");
	if (vm_ask(container_machine(&c), CONTROL_PS, &c.arena, &text, &len, e) < 0)
		return -1;
	buf_addf(&out, "%-8s %7s %7s %s %8s %s\n", "UID", "PID", "PPID", "S", "TIME", "CMD");
	while ((line = strsep(&text, "\n")))
		add_guest_line(&out, line);
	*table = strdup(out.str);
	return *table ? 0 : lc_err(e, LC_EINTERNAL, "out of memory");
}

static bool is_machine(struct lc *lc, const char *id)
{
	auto_container c = CONTAINER_NONE;
	struct lc_error ignored;

	return container_open(lc, id, false, &c, &ignored) == 0 && c.state.vm &&
	       container_status(&c) != STATUS_STOPPED;
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

	if (is_machine(lc, id))
		return guest_table(lc, id, options, table, e);
	if (lc_pids(lc, id, &pids, &n, e) < 0)
		return -1;
	status = helper_run(ps_args(&a, options), false, lc->timeout_ms, &a, TABLE_MAX, &text, e);
	if (status < 0)
		return -1;
	if (status == 127)
		return lc_err(e, LC_EUNSUPPORTED, "ps: the host's ps cannot be executed");
	if (filter(text, pids, n, &out, e) < 0)
		return -1;
	*table = strdup(out.str);
	return *table ? 0 : lc_err(e, LC_EINTERNAL, "out of memory");
}
