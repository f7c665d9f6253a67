/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strict numbers and small string helpers. */
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool str_u64(const char *s, uint64_t *out)
{
	uint64_t v = 0;

	if (!s || !*s)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return false;
		if (__builtin_mul_overflow(v, 10u, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			return false;
	}
	*out = v;
	return true;
}

bool str_u32(const char *s, uint32_t *out)
{
	uint64_t v;

	if (!str_u64(s, &v) || v > UINT32_MAX)
		return false;
	*out = (uint32_t)v;
	return true;
}

bool str_i64(const char *s, int64_t *out)
{
	bool negative = s && *s == '-';
	uint64_t v;

	if (!str_u64(negative ? s + 1 : s, &v))
		return false;
	if (v > (uint64_t)INT64_MAX + negative)
		return false;
	*out = (int64_t)(negative ? 0 - v : v);
	return true;
}

bool str_starts(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

const char *path_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (n == 1) /* "/" */
		return path[1] ? path : "";
	if (strncmp(path, dir, n))
		return NULL;
	return !path[n] || path[n] == '/' ? path + n : NULL;
}

bool str_eq(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	return !strcmp(a, b);
}

bool str_has_word(const char *list, const char *word)
{
	size_t n;

	for (const char *p = list ? list : ""; *p; p += n) {
		p += strspn(p, ", \t\r\n");
		n = strcspn(p, ", \t\r\n");
		if (n && n == strlen(word) && !strncmp(p, word, n))
			return true;
	}
	return false;
}

/* Makes room for @n more bytes and the terminator. */
static void buf_grow(struct buf *b, size_t n)
{
	size_t size = b->size ? b->size : 64;
	char *grown;

	if (b->str && b->size - b->len > n)
		return;
	while (size - b->len <= n && size < SIZE_MAX / 2)
		size *= 2;
	grown = arena_alloc(b->arena, size - b->len > n ? size : SIZE_MAX);
	if (b->len)
		memcpy(grown, b->str, b->len);
	b->str = grown;
	b->size = size;
}

void buf_addn(struct buf *b, const char *s, size_t n)
{
	buf_grow(b, n);
	if (n)
		memcpy(b->str + b->len, s, n);
	b->len += n;
	b->str[b->len] = 0;
}

void buf_add(struct buf *b, const char *s)
{
	buf_addn(b, s, strlen(s));
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	buf_grow(b, n < 0 ? 0 : (size_t)n);
	if (n >= 0) {
		vsnprintf(b->str + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	b->str[b->len] = 0;
	va_end(again);
	va_end(ap);
}

static unsigned smallest(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

unsigned str_distance(const char *a, const char *b)
{
	unsigned row[64]; /* distances from the prefix of @a so far to each prefix of @b */
	size_t an = strnlen(a, 64), bn = strnlen(b, 64);

	if (an >= 64 || bn >= 64)
		return 99;
	for (unsigned j = 0; j <= bn; j++)
		row[j] = j;
	for (unsigned i = 1; i <= an; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= bn; j++) {
			unsigned up = row[j];

			row[j] =
				smallest(up + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = up;
		}
	}
	return row[bn];
}

void buf_add_json(struct buf *b, const char *s)
{
	buf_add(b, "\"");
	for (; *s; s++) {
		unsigned char c = *s;

		if (c == '"' || c == '\\')
			buf_addf(b, "\\%c", c);
		else if (c == '\n')
			buf_add(b, "\\n");
		else if (c == '\t')
			buf_add(b, "\\t");
		else if (c < 0x20 || c == 0x7f)
			buf_addf(b, "\\u%04x", c);
		else
			buf_addn(b, s, 1);
	}
	buf_add(b, "\"");
}

/* The length of the UTF-8 sequence at @s, 0 where there is none (RFC 3629: no surrogates, nothing
 * longer than need be, nothing beyond U+10FFFF). */
static size_t utf8_length(const unsigned char *s)
{
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

	if (s[0] > 0xf4 || (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

char *str_utf8(struct arena *a, const char *text)
{
	struct buf b = { .arena = a };

	buf_add(&b, "");
	while (*text) {
		size_t n = utf8_length((const unsigned char *)text);

		if (n)
			buf_addn(&b, text, n);
		else
			buf_add(&b, "\xef\xbf\xbd"); /* U+FFFD */
		text += n ? n : 1;
	}
	return b.str;
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

void str_unescape_octal(char *s)
{
	char *out = s;

	while (*s) {
		if (*s == '\\' && is_octal(s[1]) && is_octal(s[2]) && is_octal(s[3])) {
			*out++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*out++ = *s++;
		}
	}
	*out = 0;
}

void str_nearest_try(struct str_nearest *n, const char *name, const char *word)
{
	unsigned d = str_distance(name, word);

	if (d < n->beyond)
		*n = (struct str_nearest){ name, d };
}
