/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths as text, before anything is opened. */
#include "plan/make.h"
#include "base/str.h"

#include <string.h>

/* Appends the components of @path; @parents: ".." takes the last one away. */
static void add_components(struct buf *b, const char *path, bool parents)
{
	while (*path) {
		size_t n = strcspn(path, "/");

		if (parents && n == 2 && !memcmp(path, "..", 2)) {
			const char *last = strrchr(b->str, '/');

			b->len = last ? (size_t)(last - b->str) : 0;
			b->str[b->len] = 0;
		} else if (n && !(n == 1 && *path == '.')) {
			buf_add(b, "/");
			buf_addn(b, path, n);
		}
		path += n;
		path += *path == '/';
	}
}

char *path_on_host(struct arena *a, const char *base, const char *path)
{
	struct buf b = { .arena = a };

	buf_add(&b, "");
	if (*path != '/')
		add_components(&b, base, false);
	add_components(&b, path, false);
	if (!b.len)
		buf_add(&b, "/");
	return b.str;
}

char *path_inside(struct arena *a, const char *path)
{
	struct buf b = { .arena = a };

	buf_add(&b, "");
	add_components(&b, path, true);
	if (!b.len)
		buf_add(&b, "/");
	return b.str;
}
