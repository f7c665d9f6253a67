/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strict numbers and small string helpers. */
#ifndef LC_STR_H
#define LC_STR_H

#include "base/arena.h"
#include <stdbool.h>
#include <stdint.h>

/* Whole string, decimal, no sign (but '-' for str_i64), no blanks, no overflow; else false and
 * *out is untouched.  "0x10", "", "+1", " 1", "1 " are all refused. */
bool str_u32(const char *s, uint32_t *out);
bool str_u64(const char *s, uint64_t *out);
bool str_i64(const char *s, int64_t *out);

bool str_starts(const char *s, const char *prefix);
/* The rest of @path below @dir ("" when they are equal, else it begins with '/'), or NULL. */
const char *path_below(const char *path, const char *dir);
/* In place: "\040" to ' ', as /proc/PID/mountinfo writes blanks, tabs, newlines and backslashes
 * (proc(5)); what is no such escape stays. */
void str_unescape_octal(char *s);
bool str_eq(const char *a, const char *b); /* NULL equals only NULL */
/* @word is one of those in @list, which blanks, line ends or commas separate; NULL has none. */
bool str_has_word(const char *list, const char *word);

/* A text that grows in an arena. str is always terminated. */
struct buf {
	struct arena *arena;
	char *str;
	size_t len, size;
};
void buf_add(struct buf *b, const char *s);
void buf_addn(struct buf *b, const char *s, size_t n);
void buf_addf(struct buf *b, const char *fmt, ...) lc_printf(2, 3);

/* The text as a JSON string with its quotes; '/' is not escaped, as consumers of hook input expect.
 */
void buf_add_json(struct buf *b, const char *s);

/* A copy in which each byte that belongs to no UTF-8 character is U+FFFD. */
char *str_utf8(struct arena *a, const char *text) lc_checked;

/* Number of single-character edits between two names (Levenshtein); 99 for names of 64 and more. */
unsigned str_distance(const char *a, const char *b);

/* For "did you mean": the first of the names that come closest to a word, and at most two edits
 * away. Begin with STR_NEAREST. */
struct str_nearest {
	const char *name; /* NULL: none so far */
	unsigned beyond; /* a name has to come closer than that */
};
#define STR_NEAREST \
	{ \
		NULL, 3 \
	}
void str_nearest_try(struct str_nearest *n, const char *name, const char *word);

#endif
