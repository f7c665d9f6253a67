/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull.conf: lines "key = value"; the keys are one table. */
#include "conf.h"
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define CONF_FILE "/etc/hull/hull.conf"
#define CONF_MAX  (64 << 10)
#define BLANKS	  " \t\r"

struct settings {
	const char *root, *log, *log_format, *log_level, *cgroup_manager, *rootless, *timeout;
	struct conf conf;
};

/* Of the host's root, as seen in a user namespace that does not map it (user_namespaces(7)). */
enum { OVERFLOW_UID = 65534 };

/* In place of a list of words. */
#define ANY	NULL
#define PATH	"/"
#define SOME_OF "some of " /* begins words of which the value has any number */

static const struct key {
	const char *name;
	size_t offset;
	const char *words; /* the values that there are; ANY; PATH: an absolute one */
} keys[] = {
	{ "cgroup-manager", offsetof(struct settings, cgroup_manager),
	  "cgroupfs, systemd or disabled" },
	{ "isolation", offsetof(struct settings, conf.isolation), "container or vm" },
	{ "log", offsetof(struct settings, log), ANY },
	{ "log-format", offsetof(struct settings, log_format), "text or json" },
	{ "log-level", offsetof(struct settings, log_level), "error, warning or debug" },
	{ "root", offsetof(struct settings, root), PATH },
	{ "rootless", offsetof(struct settings, rootless), "true, false or auto" },
	{ "timeout", offsetof(struct settings, timeout), ANY },
	{ "vm.annotations", offsetof(struct settings, conf.vm_annotations),
	  SOME_OF
	  "dev.hull.vm.kernel, dev.hull.vm.memory, dev.hull.vm.template and dev.hull.vm.vcpus" },
	{ "vm.kernel", offsetof(struct settings, conf.vm_kernel), PATH },
	{ "vm.template", offsetof(struct settings, conf.vm_template), "off, use or make" },
};

static const char **setting(struct settings *s, const struct key *k)
{
	return (const char **)(void *)((char *)s + k->offset);
}

/* Does the caller's user namespace map all users, as the first one of the system does? */
static bool maps_all(struct arena *a)
{
	const char *map = file_fact_at(AT_FDCWD, "/proc/self/uid_map", a, 4096);

	return map && strstr(map, "4294967295");
}

/* Whoever can write it decides where states are and what virtual machines boot. */
static int check_owner(int fd, struct arena *a, struct lc_error *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return lc_err_errno(e, "%s", CONF_FILE);
	if (!S_ISREG(st.st_mode))
		return lc_err(e, LC_ECONFIG, "%s: expected a regular file", CONF_FILE);
	if (st.st_uid != 0 && (st.st_uid != OVERFLOW_UID || maps_all(a)))
		return lc_err(e, LC_ECONFIG, "%s: refused: it belongs to user %u, expected root",
			      CONF_FILE, st.st_uid);
	if (st.st_mode & 022)
		return lc_err(e, LC_ECONFIG,
			      "%s: refused: others than root may write to it (mode %04o)",
			      CONF_FILE, (unsigned)(st.st_mode & 07777));
	return 0;
}

static const struct key *find_key(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(keys[i].name, name))
			return &keys[i];
	return NULL;
}

static int unknown_key(const char *name, unsigned line, struct lc_error *e)
{
	struct str_nearest best = STR_NEAREST;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		str_nearest_try(&best, keys[i].name, name);
	if (best.name)
		return lc_err(e, LC_ECONFIG, "%s:%u: there is no key \"%s\"; did you mean \"%s\"?",
			      CONF_FILE, line, name, best.name);
	return lc_err(e, LC_ECONFIG, "%s:%u: there is no key \"%s\"", CONF_FILE, line, name);
}

/* Is it one of "a, b or c"? */
static bool is_word_of(const char *words, const char *value, size_t n)
{
	const char *end;

	for (const char *p = words; *p; p = end + strspn(end, ", ")) {
		end = p + strcspn(p, ", ");
		if ((size_t)(end - p) == n && !strncmp(p, value, n) && !str_starts(p, "or ") &&
		    !str_starts(p, "and "))
			return true;
	}
	return false;
}

static bool are_words_of(const char *words, const char *value)
{
	for (const char *p = value; *p; p += strspn(p, "," BLANKS)) {
		size_t n = strcspn(p, "," BLANKS);

		if (!is_word_of(words, p, n))
			return false;
		p += n;
	}
	return true;
}

static int check_value(const struct key *k, const char *value, unsigned line, struct lc_error *e)
{
	const char *expected = NULL;
	bool some;

	if (!*value)
		return lc_err(e, LC_ECONFIG, "%s:%u: %s: expected a value", CONF_FILE, line,
			      k->name);
	if (k->words == ANY)
		return 0;
	some = str_starts(k->words, SOME_OF);
	if (!strcmp(k->words, PATH))
		expected = *value == '/' ? NULL : "an absolute path";
	else if (!(some ? are_words_of(k->words + strlen(SOME_OF), value)
			: is_word_of(k->words, value, strlen(value))))
		expected = k->words;
	if (expected)
		return lc_err(e, LC_ECONFIG, "%s:%u: %s: expected %s, found \"%s\"", CONF_FILE,
			      line, k->name, expected, value);
	return 0;
}

static char *trimmed(char *s)
{
	size_t n;

	s += strspn(s, BLANKS);
	n = strlen(s);
	while (n && strchr(BLANKS, s[n - 1]))
		s[--n] = 0;
	return s;
}

static int read_line(struct settings *s, char *text, unsigned line, struct lc_error *e)
{
	char *equals = strchr(text, '='), *name = trimmed(text), *value;
	const struct key *k;

	if (!*name || *name == '#')
		return 0;
	if (!equals)
		return lc_err(e, LC_ECONFIG, "%s:%u: expected key = value, found \"%s\"", CONF_FILE,
			      line, name);
	*equals = 0;
	name = trimmed(name);
	value = trimmed(equals + 1);
	k = find_key(name);
	if (!k)
		return unknown_key(name, line, e);
	if (*setting(s, k))
		return lc_err(e, LC_ECONFIG, "%s:%u: %s is given twice", CONF_FILE, line, k->name);
	*setting(s, k) = value;
	return check_value(k, value, line, e);
}

static int read_settings(struct arena *a, struct settings *s, struct lc_error *e)
{
	auto_fd fd = openat(AT_FDCWD, CONF_FILE, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char *text, *end;
	size_t len;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : lc_err_errno(e, "%s", CONF_FILE);
	if (check_owner(fd, a, e) < 0)
		return -1;
	if (file_read_fd(fd, a, CONF_MAX, &text, &len, e) < 0)
		return lc_err_in(e, "%s", CONF_FILE);
	if (strlen(text) != len)
		return lc_err(e, LC_ECONFIG, "%s: expected text, found a byte 0", CONF_FILE);
	for (unsigned line = 1; text; text = end, line++) {
		end = strchr(text, '\n');
		if (end)
			*end++ = 0;
		if (read_line(s, text, line, e) < 0)
			return -1;
	}
	return 0;
}

static void take(const char **given, const char *value)
{
	if (!*given)
		*given = value;
}

int conf_apply(struct arena *a, struct globals *g, struct conf *conf, struct lc_error *e)
{
	struct settings s = { 0 };

	if (read_settings(a, &s, e) < 0)
		return -1;
	take(&g->root, s.root);
	take(&g->log, s.log);
	take(&g->log_format, s.log_format);
	take(&g->log_level, s.log_level);
	take(&g->cgroup_manager, s.cgroup_manager);
	take(&g->rootless, s.rootless);
	take(&g->timeout, s.timeout);
	*conf = s.conf;
	return 0;
}
