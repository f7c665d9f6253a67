/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log sinks: text or JSON, to stderr, a file, journald or syslog.
 *
 * podman reads the log file as one JSON object and containerd takes the last object with level
 * "error": so a failure writes exactly one object, and warnings are kept back until it is known how
 * the command ended.  They are lines of their own only when it succeeded; else they ride along in
 * the "warnings" member.  Debug lines are written at once, only with --debug.
 *
 * On a terminal the error begins with "error: " and a hint may follow; to a program stderr carries
 * the bare message in one line, as engines show it to their users.
 */
#include "cli.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define MAX_WARNINGS 64

static struct {
	struct lc_log log;
	enum { TO_STDERR, TO_FILE, TO_JOURNALD, TO_SYSLOG } to;
	bool json;
	int fd; /* the file, or journald's socket */
	const char *ident;
	struct timespec last;
	struct arena arena;
	char *warnings[MAX_WARNINGS];
	size_t n_warnings;
} sink = { .fd = -1, .log.max = LC_LOG_WARNING };

static const char *const level_names[] = { "error", "warning", "debug" };

static const char *const code_names[] = {
	[LC_OK] = "ok",
	[LC_EUSAGE] = "usage",
	[LC_ECONFIG] = "config",
	[LC_ESTATE] = "state",
	[LC_ENOTFOUND] = "notfound",
	[LC_ESYSTEM] = "system",
	[LC_EUNSUPPORTED] = "unsupported",
	[LC_ENOEXEC] = "noexec",
	[LC_ENOENT] = "noent",
	[LC_EINTERNAL] = "internal",
};

static void add_time(struct buf *b)
{
	char text[CLOCK_UTC];
	long ns = clock_utc(text);

	buf_addf(b, "%s.%09ldZ", text, ns);
}

static void add_json(struct buf *b, enum lc_level level, const char *text, const struct lc_error *e,
		     const char *hint)
{
	buf_addf(b, "{\"level\":\"%s\",\"msg\":", level_names[level]);
	buf_add_json(b, text);
	buf_add(b, ",\"time\":\"");
	add_time(b);
	buf_add(b, "\"");
	if (e) {
		buf_addf(b, ",\"code\":\"%s\"", code_names[e->code]);
		if (e->sys_errno)
			buf_addf(b, ",\"errno\":%d", e->sys_errno);
		if (hint) {
			buf_add(b, ",\"hint\":");
			buf_add_json(b, hint);
		}
		if (sink.n_warnings)
			buf_add(b, ",\"warnings\":[");
		for (size_t i = 0; i < sink.n_warnings; i++) {
			buf_add(b, i ? "," : "");
			buf_add_json(b, sink.warnings[i]);
		}
		if (sink.n_warnings)
			buf_add(b, "]");
	}
	buf_add(b, "}\n");
}

static void add_text(struct buf *b, enum lc_level level, const char *text)
{
	buf_add(b, "time=\"");
	add_time(b);
	buf_addf(b, "\" level=%s msg=", level_names[level]);
	buf_add_json(b, text);
	buf_add(b, "\n");
}

/* journald's native protocol: NAME=value lines in one datagram (systemd.journal-fields(7)). */
static void to_journald(enum lc_level level, const char *text)
{
	static const int priorities[] = { LOG_ERR, LOG_WARNING, LOG_DEBUG };
	struct buf b = { .arena = &sink.arena };

	buf_addf(&b, "PRIORITY=%d\nSYSLOG_IDENTIFIER=%s\nMESSAGE=", priorities[level], sink.ident);
	for (const char *s = text; *s; s++) /* a value with a newline would need the binary form */
		buf_addn(&b, *s == '\n' ? " " : s, 1);
	buf_add(&b, "\n");
	if (send(sink.fd, b.str, b.len, MSG_NOSIGNAL) < 0)
		dprintf(STDERR_FILENO, "%s\n", text);
}

/* A line for people.  Parts of it may be an image's, which shall not steer the terminal. */
static void print_line(const char *before, const char *text)
{
	struct buf b = { .arena = &sink.arena };

	buf_add(&b, before);
	for (const unsigned char *s = (const unsigned char *)text; *s; s++)
		buf_addn(&b,
			 (*s < ' ' && *s != '\n' && *s != '\t') || *s == 0x7f ? "?"
									      : (const char *)s,
			 1);
	buf_add(&b, "\n");
	(void)!fd_write_all(STDERR_FILENO, b.str, b.len);
}

static void write_line(enum lc_level level, const char *text, const struct lc_error *e,
		       const char *hint)
{
	static const int priorities[] = { LOG_ERR, LOG_WARNING, LOG_DEBUG };
	struct buf b = { .arena = &sink.arena };

	text = str_utf8(&sink.arena, text); /* as JSON and journald want it */
	switch (sink.to) {
	case TO_SYSLOG:
		syslog(priorities[level], "%s", text);
		return;
	case TO_JOURNALD:
		to_journald(level, text);
		return;
	case TO_FILE:
	case TO_STDERR:
		if (sink.json)
			add_json(&b, level, text, e, hint);
		else
			add_text(&b, level, text);
		if (fd_write_all(sink.to == TO_FILE ? sink.fd : STDERR_FILENO, b.str, b.len) < 0)
			print_line("", text);
	}
}

/* Init's steps have their time already. */
static bool is_timed(const char *text)
{
	size_t n = strlen(text);

	return n > 4 && !strcmp(text + n - 4, " us)");
}

/* Debug lines carry the time since the one before: --debug is also the profile. */
static void debug_line(const char *text)
{
	struct timespec now;
	char line[1200];
	long us;

	clock_gettime(CLOCK_MONOTONIC, &now);
	us = (now.tv_sec - sink.last.tv_sec) * 1000000 + (now.tv_nsec - sink.last.tv_nsec) / 1000;
	sink.last = now;
	snprintf(line, sizeof(line), "%s (+%ld us)", text, us);
	write_line(LC_LOG_DEBUG, is_timed(text) ? text : line, NULL, NULL);
}

static void sink_write(void *ctx, enum lc_level level, const char *text)
{
	(void)ctx;
	if (level == LC_LOG_DEBUG) {
		debug_line(text);
		return;
	}
	if (sink.n_warnings < MAX_WARNINGS)
		sink.warnings[sink.n_warnings++] = str_utf8(&sink.arena, text);
}

static int choose_level(const struct globals *g, struct lc_error *e)
{
	if (g->debug) {
		sink.log.max = LC_LOG_DEBUG;
		return 0;
	}
	if (!g->log_level)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(level_names); i++)
		if (!strcmp(g->log_level, level_names[i])) {
			sink.log.max = (enum lc_level)i;
			return 0;
		}
	return lc_err(e, LC_EUSAGE, "--log-level: expected error, warning or debug, found \"%s\"",
		      g->log_level);
}

static int choose_format(const struct globals *g, struct lc_error *e)
{
	if (!g->log_format || !strcmp(g->log_format, "text"))
		return 0;
	if (strcmp(g->log_format, "json") != 0)
		return lc_err(e, LC_EUSAGE, "--log-format: expected text or json, found \"%s\"",
			      g->log_format);
	sink.json = true;
	return 0;
}

static int open_journald(const char *ident, struct lc_error *e)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX,
				  .sun_path = "/run/systemd/journal/socket" };

	sink.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sink.fd < 0 || connect(sink.fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return lc_err_errno(e, "--log: journald: connect %s", to.sun_path);
	sink.to = TO_JOURNALD;
	sink.ident = *ident ? ident : sink.ident;
	return 0;
}

static int choose_target(const char *log, struct lc_error *e)
{
	const char *colon = log ? strchr(log, ':') : NULL;

	if (!log || !*log)
		return 0;
	if (str_starts(log, "journald:"))
		return open_journald(colon + 1, e);
	if (str_starts(log, "syslog:")) {
		sink.to = TO_SYSLOG;
		openlog(colon[1] ? colon + 1 : sink.ident, LOG_PID, LOG_DAEMON);
		return 0;
	}
	if (colon && !memchr(log, '/', colon - log)) {
		if (!str_starts(log, "file:"))
			return lc_err(e, LC_EUSAGE,
				      "--log: unknown kind \"%.*s\": expected FILE, "
				      "file:FILE, journald:IDENT or syslog:IDENT",
				      (int)(colon - log), log);
		log = colon + 1;
	}
	sink.fd = openat(AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
	if (sink.fd < 0)
		return lc_err_errno(e, "--log: open %s", log);
	sink.to = TO_FILE;
	return 0;
}

int log_open(const struct globals *g, const char *ident, struct lc_error *e)
{
	sink.ident = ident;
	sink.log.write = sink_write;
	if (choose_level(g, e) < 0 || choose_format(g, e) < 0)
		return -1;
	if (sink.log.max == LC_LOG_DEBUG)
		clock_gettime(CLOCK_MONOTONIC, &sink.last);
	return choose_target(g->log, e);
}

const struct lc_log *log_sink(void)
{
	return &sink.log;
}

static void to_person(const struct lc_error *e, const char *hint)
{
	if (!isatty(STDERR_FILENO)) {
		print_line("", e->msg);
		return;
	}
	for (size_t i = 0; i < sink.n_warnings; i++)
		print_line("warning: ", sink.warnings[i]);
	print_line("error: ", e->msg);
	if (hint)
		print_line("hint: ", hint);
}

void log_finish(const struct lc_error *e, const char *hint)
{
	bool terminal = sink.n_warnings && sink.to == TO_STDERR && isatty(STDERR_FILENO);

	if (e && (sink.to != TO_STDERR || sink.json))
		write_line(LC_LOG_ERROR, e->msg, e, hint);
	if (e && !(sink.to == TO_STDERR && sink.json))
		to_person(e, hint);
	for (size_t i = 0; !e && i < sink.n_warnings; i++) {
		if (terminal && !sink.json)
			print_line("warning: ", sink.warnings[i]);
		else
			write_line(LC_LOG_WARNING, sink.warnings[i], NULL, NULL);
	}
	sink.n_warnings = 0;
	arena_free(&sink.arena);
}
