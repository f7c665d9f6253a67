/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hull-systemd: asks systemd, over D-Bus, for what the cgroup manager "systemd" needs.  A program
 * of its own, so that hull itself stays static and small:
 *
 *	hull-systemd [--user] [--timeout=SECONDS] start UNIT PROPERTY...
 *	hull-systemd [--user] [--timeout=SECONDS] set UNIT PROPERTY...
 *	hull-systemd [--user] [--timeout=SECONDS] attach UNIT PID [/CGROUP]
 *	hull-systemd [--user] [--timeout=SECONDS] stop UNIT
 *
 * A PROPERTY is its name, its D-Bus type and its values, each behind the byte UNIT_SEPARATOR.  In
 * front of a name may stand the first version of systemd that has it ("253:NAME"): with an older
 * one the property is left out.  On standard output stands the unit's cgroup (start) or, with exit
 * status 1, what went wrong.  It waits for the job's end, but never longer than the timeout.
 */
#include "cgroups/unit.h"
#include "base/own.h"
#include "base/str.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#define DESTINATION "org.freedesktop.systemd1"
#define PATH	    "/org/freedesktop/systemd1"
#define MANAGER	    "org.freedesktop.systemd1.Manager"

struct session {
	sd_bus *bus;
	bool user;
	uint64_t deadline; /* CLOCK_MONOTONIC, microseconds */
	unsigned seconds;
	unsigned version; /* of systemd; 0: not asked yet */
	const char *unit;
	char job[256]; /* object path; "": none is waited for */
	char result[64]; /* of the job; "": it has not ended */
};

static int __attribute__((format(printf, 1, 2))) fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	return -1;
}

static uint64_t now_usec(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint64_t usec_left(const struct session *s)
{
	uint64_t now = now_usec();

	return now < s->deadline ? s->deadline - now : 1;
}

static const char *who(const struct session *s)
{
	return s->user ? "the user's systemd" : "systemd";
}

/* What a call returned: systemd's own words where it sent some. */
static int call_failed(const struct session *s, const char *what, int r, const sd_bus_error *e)
{
	bool late = r == -ETIMEDOUT || sd_bus_error_has_name(e, SD_BUS_ERROR_NO_REPLY) ||
		    sd_bus_error_has_name(e, SD_BUS_ERROR_TIMEOUT);

	if (late)
		return fail("%s %s: %s did not answer within %u s (--timeout)", what, s->unit,
			    who(s), s->seconds);
	if (e && e->message)
		return fail("%s %s: %s: %s", what, s->unit, who(s), e->message);
	return fail("%s %s: %s: %s", what, s->unit, who(s), lc_errno_text(-r));
}

/* ---- connecting ---- */

/* Without a bus daemon the manager's own socket, of root or of the user. */
static int open_private(struct session *s)
{
	const char *dir = s->user ? getenv("XDG_RUNTIME_DIR") : "/run";
	char address[512];
	int r;

	if (!dir || *dir != '/')
		return -ENOENT;
	snprintf(address, sizeof(address), "unix:path=%s/systemd/private", dir);
	r = sd_bus_new(&s->bus);
	if (r >= 0)
		r = sd_bus_set_address(s->bus, address);
	if (r >= 0)
		r = sd_bus_start(s->bus);
	if (r < 0)
		s->bus = sd_bus_unref(s->bus);
	return r;
}

static int job_removed(sd_bus_message *m, void *ctx, sd_bus_error *e)
{
	struct session *s = ctx;
	const char *path, *unit, *result;
	uint32_t id;

	(void)e;
	if (sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) < 0)
		return 0;
	if (s->job[0] ? !strcmp(path, s->job) : !strcmp(unit, s->unit))
		snprintf(s->result, sizeof(s->result), "%s", result);
	return 0;
}

/* sd_bus_call() would wait for this without any limit. */
static int wait_until_ready(struct session *s)
{
	int r;

	while ((r = sd_bus_is_ready(s->bus)) == 0) {
		r = sd_bus_process(s->bus, NULL);
		if (r < 0)
			break;
		if (now_usec() >= s->deadline)
			r = -ETIMEDOUT;
		else if (!r)
			r = sd_bus_wait(s->bus, usec_left(s));
		if (r < 0)
			break;
	}
	return r;
}

/* A bus daemon that fails is no better than none. */
static int connect_to(struct session *s)
{
	int r = s->user ? sd_bus_open_user(&s->bus) : sd_bus_open_system(&s->bus);

	if (r >= 0)
		r = wait_until_ready(s);
	if (r < 0 && r != -ETIMEDOUT) {
		s->bus = sd_bus_unref(s->bus);
		if (open_private(s) < 0)
			return fail("connect to %s: %s%s", who(s), lc_errno_text(-r),
				    s->user ? " (are XDG_RUNTIME_DIR and DBUS_SESSION_BUS_ADDRESS "
					      "those of a login session, or of `loginctl "
					      "enable-linger`?)"
					    : " (is systemd running?)");
		r = wait_until_ready(s);
	}
	if (r >= 0) /* what asks for properties takes no time limit of its own */
		r = sd_bus_set_method_call_timeout(s->bus, usec_left(s));
	return r < 0 ? call_failed(s, "connect for", r, NULL) : 0;
}

/* ---- calls ---- */

static int call(struct session *s, const char *what, sd_bus_message *m, sd_bus_message **reply,
		const char *ignored)
{
	sd_bus_error e = SD_BUS_ERROR_NULL;
	int r = sd_bus_call(s->bus, m, usec_left(s), &e, reply);

	if (r < 0 && ignored && sd_bus_error_has_name(&e, ignored))
		r = 0;
	else if (r < 0)
		r = call_failed(s, what, r, &e);
	else
		r = 1;
	sd_bus_error_free(&e);
	return r;
}

static sd_bus_message *method(struct session *s, const char *name)
{
	sd_bus_message *m = NULL;

	if (sd_bus_message_new_method_call(s->bus, &m, DESTINATION, PATH, MANAGER, name) < 0)
		return NULL;
	return m;
}

/* Signals are sent to those who ask for them, and before the job is made. */
static int listen_for_jobs(struct session *s)
{
	sd_bus_message *m = method(s, "Subscribe");
	int r = m ? call(s, "subscribe for", m, NULL, "org.freedesktop.systemd1.AlreadySubscribed")
		  : fail("no memory");

	sd_bus_message_unref(m);
	if (r < 0)
		return -1;
	r = sd_bus_match_signal(s->bus, NULL, NULL, PATH, MANAGER, "JobRemoved", job_removed, s);
	return r < 0 ? call_failed(s, "wait for jobs of", r, NULL) : 0;
}

static int wait_for_job(struct session *s, const char *what, sd_bus_message *reply)
{
	const char *path;

	if (sd_bus_message_read(reply, "o", &path) < 0)
		return fail("%s %s: an answer without a job", what, s->unit);
	snprintf(s->job, sizeof(s->job), "%s", path);
	s->result[0] = 0; /* it cannot have ended: signals are only read here */
	while (!s->result[0]) {
		int r = sd_bus_process(s->bus, NULL);

		if (r < 0)
			return call_failed(s, what, r, NULL);
		if (now_usec() >= s->deadline)
			return fail("%s %s: waited %u s (--timeout) for %s to finish %s", what,
				    s->unit, s->seconds, who(s), strrchr(s->job, '/') + 1);
		if (!r)
			sd_bus_wait(s->bus, usec_left(s));
	}
	if (strcmp(s->result, "done") != 0)
		return fail("%s %s: %s's job ended as \"%s\"", what, s->unit, who(s), s->result);
	return 0;
}

/* ---- properties ---- */

/* The next value behind a separator, or NULL. */
static const char *next_value(char **rest)
{
	return *rest ? strsep(rest, UNIT_SEPARATOR) : NULL;
}

static int add_basic(sd_bus_message *m, char type, const char *text)
{
	union {
		uint8_t y;
		int16_t n;
		uint16_t q;
		int32_t i;
		uint32_t u;
		int64_t x;
		uint64_t t;
		double d;
		int b;
	} v = { .t = 0 };
	char *end = NULL;

	errno = 0;
	switch (type) {
	case 's':
	case 'o':
	case 'g':
		return sd_bus_message_append_basic(m, type, text);
	case 'b':
		v.b = !strcmp(text, "true");
		return sd_bus_message_append_basic(m, type, &v);
	case 'd':
		v.d = strtod(text, &end);
		break;
	case 'n':
		v.n = (int16_t)strtol(text, &end, 10);
		break;
	case 'i':
		v.i = (int32_t)strtol(text, &end, 10);
		break;
	case 'x':
		v.x = strtoll(text, &end, 10);
		break;
	case 'y':
		v.y = (uint8_t)strtoul(text, &end, 10);
		break;
	case 'q':
		v.q = (uint16_t)strtoul(text, &end, 10);
		break;
	case 'u':
		v.u = (uint32_t)strtoul(text, &end, 10);
		break;
	case 't':
		v.t = strtoull(text, &end, 10);
		break;
	default:
		return -EOPNOTSUPP;
	}
	if (errno || !end || *end || end == text)
		return -EINVAL;
	return sd_bus_message_append_basic(m, type, &v);
}

/* "t", "as", "a(st)": one value, or the members of an array one after the other. */
static int add_values(sd_bus_message *m, const char *type, char *rest)
{
	size_t len = strlen(type);
	char inner[16];
	const char *text;
	int r;

	if (len >= sizeof(inner))
		return -EINVAL;
	if (*type != 'a') {
		text = next_value(&rest);
		return text && len == 1 ? add_basic(m, *type, text) : -EINVAL;
	}
	r = sd_bus_message_open_container(m, 'a', type + 1);
	while (r >= 0 && (text = next_value(&rest))) {
		if (type[1] != '(') {
			r = add_basic(m, type[1], text);
			continue;
		}
		snprintf(inner, sizeof(inner), "%.*s", (int)len - 3, type + 2);
		r = sd_bus_message_open_container(m, 'r', inner);
		for (const char *t = inner; r >= 0 && *t; t++) {
			if (t > inner)
				text = next_value(&rest);
			r = text ? add_basic(m, *t, text) : -EINVAL;
		}
		if (r >= 0)
			r = sd_bus_message_close_container(m);
	}
	return r < 0 ? r : sd_bus_message_close_container(m);
}

/* "252 (252.39-1)" or "v254". */
static int ask_version(struct session *s)
{
	sd_bus_error e = SD_BUS_ERROR_NULL;
	char *text = NULL;
	int r = sd_bus_get_property_string(s->bus, DESTINATION, PATH, MANAGER, "Version", &e,
					   &text);

	if (r < 0)
		call_failed(s, "ask for the version, to start", r, &e);
	else
		s->version = (unsigned)strtoul(text + (*text == 'v'), NULL, 10);
	sd_bus_error_free(&e);
	free(text);
	return r < 0 ? -1 : 0;
}

/* Takes "253:" off the name. 1: systemd has the property, 0: it is too old. */
static int is_known(struct session *s, const char **name)
{
	const char *colon = strchr(*name, ':');
	unsigned long since;

	if (!colon)
		return 1;
	since = strtoul(*name, NULL, 10);
	*name = colon + 1;
	if (!s->version && ask_version(s) < 0)
		return -1;
	return s->version >= since;
}

static int add_property(struct session *s, sd_bus_message *m, char *property)
{
	char *rest = property;
	const char *name = next_value(&rest), *type = next_value(&rest);
	int known = is_known(s, &name), r = type && *type ? 0 : -EINVAL;

	if (known <= 0)
		return known;
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'r', "sv");
	if (r >= 0)
		r = sd_bus_message_append_basic(m, 's', name);
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'v', type);
	if (r >= 0)
		r = add_values(m, type, rest);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return r < 0 ? fail("property %s: %s", name, lc_errno_text(-r)) : 0;
}

static int add_properties(struct session *s, sd_bus_message *m, char **properties)
{
	if (sd_bus_message_open_container(m, 'a', "(sv)") < 0)
		return fail("no memory");
	for (; *properties; properties++)
		if (add_property(s, m, *properties) < 0)
			return -1;
	return sd_bus_message_close_container(m) < 0 ? fail("no memory") : 0;
}

/* ---- commands ---- */

static int reset_failed(struct session *s)
{
	sd_bus_message *m = method(s, "ResetFailedUnit");
	int r = -1;

	if (m && sd_bus_message_append_basic(m, 's', s->unit) >= 0)
		r = call(s, "reset", m, NULL, "org.freedesktop.systemd1.NoSuchUnit");
	sd_bus_message_unref(m);
	return r < 0 ? -1 : 0;
}

static int print_cgroup(struct session *s)
{
	sd_bus_error e = SD_BUS_ERROR_NULL;
	char *path = NULL, *cgroup = NULL;
	bool slice = strlen(s->unit) > 6 && !strcmp(s->unit + strlen(s->unit) - 6, ".slice");
	int r = sd_bus_path_encode("/org/freedesktop/systemd1/unit", s->unit, &path);

	if (r >= 0)
		r = sd_bus_get_property_string(s->bus, DESTINATION, path,
					       slice ? "org.freedesktop.systemd1.Slice"
						     : "org.freedesktop.systemd1.Scope",
					       "ControlGroup", &e, &cgroup);
	if (r < 0)
		call_failed(s, "ask for the cgroup of", r, &e);
	else
		puts(cgroup);
	sd_bus_error_free(&e);
	free(path);
	free(cgroup);
	return r < 0 ? -1 : 0;
}

#define GRACE (2 * UINT64_C(1000000))

/* The unit is this program's already, and nobody waits for it any more: a job that is still queued
 * must not make it later.  The deadline may have passed: this gets some time of its own. */
static void abandon(struct session *s)
{
	sd_bus_message *m = method(s, "StopUnit");

	if (m && sd_bus_message_append(m, "ss", s->unit, "replace") >= 0)
		sd_bus_call(s->bus, m, GRACE, NULL, NULL);
	sd_bus_message_unref(m);
}

/* 0: the unit's name is taken, which is no error the first time. */
static int try_start(struct session *s, char **properties, bool last)
{
	sd_bus_message *m = method(s, "StartTransientUnit"), *reply = NULL;
	int r = -1;

	if (m && sd_bus_message_append(m, "ss", s->unit, "replace") >= 0 &&
	    add_properties(s, m, properties) == 0 && sd_bus_message_append(m, "a(sa(sv))", 0) >= 0)
		r = call(s, "start", m, &reply,
			 last ? NULL : "org.freedesktop.systemd1.UnitExists");
	if (r > 0 && wait_for_job(s, "start", reply) < 0) {
		abandon(s);
		r = -1;
	}
	sd_bus_message_unref(reply);
	sd_bus_message_unref(m);
	return r;
}

/* A failed unit of that name, left by an earlier container, is no obstacle. */
static int start(struct session *s, char **words)
{
	size_t n = 0;
	char **copy;
	int r;

	while (words[n])
		n++;
	copy = calloc(n + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < n; i++)
		copy[i] = strdup(words[i]);
	r = !copy || listen_for_jobs(s) < 0 ? -1 : try_start(s, words, false);
	if (r == 0)
		r = reset_failed(s) < 0 ? -1 : try_start(s, copy, true);
	for (size_t i = 0; copy && i < n; i++)
		free(copy[i]);
	free(copy);
	return r < 0 ? -1 : print_cgroup(s);
}

static int set(struct session *s, char **words)
{
	sd_bus_message *m = method(s, "SetUnitProperties");
	int r = -1;

	/* runtime: until the next boot, as the unit itself. */
	if (m && sd_bus_message_append(m, "sb", s->unit, 1) >= 0 &&
	    add_properties(s, m, words) == 0)
		r = call(s, "set properties of", m, NULL, NULL);
	sd_bus_message_unref(m);
	return r < 0 ? -1 : 0;
}

static int attach(struct session *s, char **words)
{
	sd_bus_message *m = method(s, "AttachProcessesToUnit");
	uint32_t pid;
	int r = -1;

	if (!words[0] || !str_u32(words[0], &pid))
		return fail("attach: expected a pid");
	if (m && sd_bus_message_append(m, "ssau", s->unit, words[1] ? words[1] : "", 1, pid) >= 0)
		r = call(s, "attach a process to", m, NULL, NULL);
	sd_bus_message_unref(m);
	return r < 0 ? -1 : 0;
}

static int stop(struct session *s, char **words)
{
	sd_bus_message *m = NULL, *reply = NULL;
	int r = -1;

	(void)words;
	if (listen_for_jobs(s) < 0)
		return -1;
	m = method(s, "StopUnit");
	if (m && sd_bus_message_append(m, "ss", s->unit, "replace") >= 0)
		r = call(s, "stop", m, &reply, "org.freedesktop.systemd1.NoSuchUnit");
	if (r > 0 && wait_for_job(s, "stop", reply) < 0)
		r = -1;
	sd_bus_message_unref(reply);
	sd_bus_message_unref(m);
	return r < 0 ? -1 : reset_failed(s);
}

static const struct {
	const char *name;
	int (*run)(struct session *s, char **words);
} commands[] = {
	{ "start", start },
	{ "set", set },
	{ "attach", attach },
	{ "stop", stop },
};

static int usage(void)
{
	return fail("usage: hull-systemd [--user] [--timeout=SECONDS] start|set|attach|stop UNIT "
		    "[PROPERTY...]");
}

static int parse_options(struct session *s, char ***words)
{
	static const char timeout[] = "--timeout=";

	for (; **words && str_starts(**words, "--"); ++*words) {
		if (!strcmp(**words, "--user"))
			s->user = true;
		else if (!str_starts(**words, timeout) ||
			 !str_u32(**words + strlen(timeout), &s->seconds) || !s->seconds ||
			 s->seconds > UNIT_SECONDS_MAX)
			return usage();
	}
	return (*words)[0] && (*words)[1] ? 0 : usage();
}

static int run(struct session *s, char **words)
{
	if (parse_options(s, &words) < 0)
		return -1;
	alarm(s->seconds + 5); /* whatever sd-bus may be waiting for */
	s->deadline = now_usec() + (uint64_t)s->seconds * 1000000;
	s->unit = words[1];
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(words[0], commands[i].name))
			return connect_to(s) < 0 ? -1 : commands[i].run(s, words + 2);
	return usage();
}

int main(int argc, char **argv)
{
	struct session s = { .seconds = UNIT_SECONDS };
	int r = run(&s, argv + (argc > 0));

	sd_bus_close_unref(s.bus);
	return r < 0 || fflush(stdout) == EOF ? 1 : 0;
}
