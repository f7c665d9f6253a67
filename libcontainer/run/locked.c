/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks at the mounts below a source in mountinfo. */
#include "run/locked.h"
#include "base/file.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { MOUNTS_MAX = 64 << 20 };

#define LOCKED (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/* "ro,nosuid,relatime": relatime is zero, and what names no way of access times has the strict one.
 */
static uint64_t attrs_of_words(char *words)
{
	static const struct {
		const char *name;
		uint64_t attr;
	} known[] = {
		{ "ro", MOUNT_ATTR_RDONLY },	   { "nosuid", MOUNT_ATTR_NOSUID },
		{ "nodev", MOUNT_ATTR_NODEV },	   { "noexec", MOUNT_ATTR_NOEXEC },
		{ "noatime", MOUNT_ATTR_NOATIME },
	};
	uint64_t attrs = 0;
	bool atime = false;
	char *word;

	while ((word = strsep(&words, ","))) {
		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			if (!strcmp(word, known[i].name))
				attrs |= known[i].attr;
		atime |= !strcmp(word, "relatime") || !strcmp(word, "noatime");
	}
	return atime ? attrs : attrs | MOUNT_ATTR_STRICTATIME;
}

/* More of these is less to be written when somebody reads. */
static int quiet(uint64_t attrs)
{
	return attrs & MOUNT_ATTR_NOATIME ? 2 : attrs & MOUNT_ATTR_STRICTATIME ? 0 : 1;
}

/* Whether the options would take a flag from a mount that has these. */
static bool takes(const struct plan_mount *m, uint64_t has)
{
	if (has & LOCKED & m->attr_clear_rec)
		return true;
	return m->attr_clear_rec & MOUNT_ATTR__ATIME && quiet(m->attr_set_rec) < quiet(has);
}

/* The point and the options of a line: "36 35 98:0 /root /point options ...". */
static bool split_line(char *line, char **point, char **words)
{
	for (int field = 0; field < 4; field++)
		strsep(&line, " ");
	*point = line ? strsep(&line, " ") : NULL;
	*words = line ? strsep(&line, " ") : NULL;
	if (*words)
		str_unescape_octal(*point);
	return *words;
}

int locked_check(struct arena *a, const struct plan_mount *m, struct lc_error *e)
{
	char source[PATH_MAX], *text, *line, *point, *words;
	uint64_t own = 0; /* of the mount that the source is on: the last and deepest */
	size_t len, deepest = 0;

	if (!m->attr_clear_rec)
		return 0;
	if (!realpath(m->source, source))
		return lc_err_errno(e, "source %s", m->source);
	if (file_read_at(AT_FDCWD, "/proc/self/mountinfo", a, MOUNTS_MAX, &text, &len, e) < 0)
		return -1;
	while ((line = strsep(&text, "\n"))) {
		if (!split_line(line, &point, &words))
			continue;
		if (path_below(source, point) && strlen(point) >= deepest) {
			deepest = strlen(point);
			own = attrs_of_words(words);
		} else if (path_below(point, source) && takes(m, attrs_of_words(words))) {
			errno = EPERM;
			return lc_err_errno(e,
					    "%s is mounted with flags that a user namespace may "
					    "not clear",
					    point);
		}
	}
	if (!takes(m, own))
		return 0;
	errno = EPERM;
	return lc_err_errno(e, "the source is mounted with flags that a user namespace may not "
			       "clear");
}
