/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text of untrusted documents: what is UTF-8, and how it is shown in a message. */
#include "json/json.h"

#include <stdio.h>
#include <string.h>

size_t json_utf8(const char *s, size_t n)
{
	/* By first byte: length and the range of the second byte, which excludes overlong forms,
	 * surrogates and what is above U+10FFFF (Unicode, table 3-7). */
	static const struct {
		uint8_t first, last, len, lo, hi;
	} forms[] = {
		{ 0x00, 0x7f, 1, 0, 0 },       { 0xc2, 0xdf, 2, 0x80, 0xbf },
		{ 0xe0, 0xe0, 3, 0xa0, 0xbf }, { 0xe1, 0xec, 3, 0x80, 0xbf },
		{ 0xed, 0xed, 3, 0x80, 0x9f }, { 0xee, 0xef, 3, 0x80, 0xbf },
		{ 0xf0, 0xf0, 4, 0x90, 0xbf }, { 0xf1, 0xf3, 4, 0x80, 0xbf },
		{ 0xf4, 0xf4, 4, 0x80, 0x8f },
	};
	const uint8_t *p = (const uint8_t *)s;

	for (size_t i = 0; n && i < ARRAY_SIZE(forms); i++) {
		if (p[0] < forms[i].first || p[0] > forms[i].last)
			continue;
		if (forms[i].len > n)
			return 0;
		if (forms[i].len > 1 && (p[1] < forms[i].lo || p[1] > forms[i].hi))
			return 0;
		for (size_t k = 2; k < forms[i].len; k++)
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].len;
	}
	return 0;
}

/* One character of @s, escaped when it would disturb the line; its length in *n. */
static size_t printable(const char *s, size_t left, char out[8], size_t *n)
{
	unsigned char c = (unsigned char)*s;
	size_t len = json_utf8(s, left);
	bool c1 = len == 2 && c == 0xc2 && (unsigned char)s[1] < 0xa0; /* C1 control characters */

	if (c == '\n' || c == '\t')
		*n = (size_t)snprintf(out, 8, "\\%c", c == '\n' ? 'n' : 't');
	else if (!len || c1 || c < 0x20 || c == 0x7f)
		*n = (size_t)snprintf(out, 8, "\\x%02x", c);
	else
		memcpy(out, s, *n = len);
	return len && !c1 ? len : 1;
}

const char *json_printable(const char *s, char *buf, size_t size)
{
	size_t left = strlen(s), used = 0, fits = 0;

	while (left) {
		char one[8];
		size_t n, step = printable(s, left, one, &n);

		if (used + n >= size) {
			snprintf(buf + fits, size - fits, "...");
			return buf;
		}
		memcpy(buf + used, one, n);
		used += n;
		if (used + 4 <= size)
			fits = used; /* "..." has room behind this */
		s += step;
		left -= step;
	}
	buf[used] = 0;
	return buf;
}

const char *json_describe(const struct json *v, char *buf, size_t size)
{
	static const char *const names[] = {
		"null", "a boolean", "a number", "a string", "an array", "an object",
	};
	char text[64];

	if (v->type == JSON_STRING && !v->len)
		snprintf(buf, size, "the empty string");
	else if (v->type == JSON_STRING)
		snprintf(buf, size, "the string \"%s\"",
			 json_printable(v->text, text, sizeof(text)));
	else if (v->type == JSON_NUMBER)
		snprintf(buf, size, "%s", json_printable(v->text, text, sizeof(text)));
	else if (v->type == JSON_BOOL)
		snprintf(buf, size, "%s", v->boolean ? "true" : "false");
	else
		snprintf(buf, size, "%s", names[v->type]);
	return buf;
}
