/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text to nodes without yajl, for the agent alone: what it reads was written by hull's encoder on
 * the host, which is the one it trusts.  Grammar, depth and UTF-8 are checked all the same; places
 * of nodes are not kept, and a member given twice is the encoder's fault.
 */
#include "json/json.h"

#include <stdlib.h>
#include <string.h>

struct reader {
	struct arena *arena;
	const char *at, *end;
};

static struct json *value(struct reader *r, unsigned depth);

static void skip_blanks(struct reader *r)
{
	while (r->at < r->end && strchr(" \t\r\n", *r->at) && *r->at)
		r->at++;
}

static bool take(struct reader *r, char c)
{
	skip_blanks(r);
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

static struct json *node(struct reader *r, enum json_type type)
{
	struct json *v = arena_alloc(r->arena, sizeof(*v));

	v->type = type;
	return v;
}

static struct json *word(struct reader *r, const char *text, enum json_type type, bool boolean)
{
	size_t n = strlen(text);
	struct json *v;

	if ((size_t)(r->end - r->at) < n || memcmp(r->at, text, n) != 0)
		return NULL;
	r->at += n;
	v = node(r, type);
	v->boolean = boolean;
	return v;
}

static struct json *number(struct reader *r)
{
	const char *from = r->at;
	struct json *v;

	while (r->at < r->end && *r->at && strchr("+-.0123456789eE", *r->at))
		r->at++;
	if (r->at == from)
		return NULL;
	v = node(r, JSON_NUMBER);
	v->len = (size_t)(r->at - from);
	v->text = arena_strndup(r->arena, from, v->len);
	return v;
}

/* The four digits of \uXXXX; -1: there are none. */
static long hex4(struct reader *r)
{
	long n = 0;

	if (r->end - r->at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		const char digits[] = "0123456789abcdef";
		const char *d = memchr(digits, *r->at++ | 0x20, 16);

		if (!d)
			return -1;
		n = n << 4 | (d - digits);
	}
	return n;
}

static char *put_utf8(char *to, long c)
{
	if (c < 0x80) {
		*to++ = (char)c;
	} else if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
		*to++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*to++ = (char)(0xe0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	} else {
		*to++ = (char)(0xf0 | c >> 18);
		*to++ = (char)(0x80 | (c >> 12 & 0x3f));
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	}
	return to;
}

/* Behind "\u". NULL: no character, or the NUL. */
static char *unicode(struct reader *r, char *to)
{
	long c = hex4(r), low;

	if (c >= 0xd800 && c < 0xdc00) {
		if (r->end - r->at < 6 || *r->at++ != '\\' || *r->at++ != 'u')
			return NULL;
		low = hex4(r);
		if (low < 0xdc00 || low > 0xdfff)
			return NULL;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	return c <= 0 ? NULL : put_utf8(to, c);
}

static char *escape(struct reader *r, char *to)
{
	static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
	const char *which;

	if (r->at == r->end)
		return NULL;
	if (*r->at == 'u') {
		r->at++;
		return unicode(r, to);
	}
	which = memchr(from, *r->at++, sizeof(from) - 1);
	if (!which)
		return NULL;
	*to++ = into[which - from];
	return to;
}

/* Behind the quote; no longer decoded than written. */
static const char *string(struct reader *r, size_t *len)
{
	const char *close = r->at;
	char *text, *to;

	while (close < r->end && *close != '"')
		close += *close == '\\' ? 2 : 1;
	if (close >= r->end)
		return NULL;
	text = to = arena_alloc(r->arena, (size_t)(close - r->at) + 1);
	while (r->at < close) {
		size_t n;

		if (*r->at == '\\') {
			r->at++;
			to = escape(r, to);
			if (!to)
				return NULL;
			continue;
		}
		n = json_utf8(r->at, (size_t)(close - r->at));
		if (!n || (unsigned char)*r->at < ' ')
			return NULL;
		memcpy(to, r->at, n);
		to += n;
		r->at += n;
	}
	r->at++;
	*len = (size_t)(to - text);
	return text;
}

static void append(struct json *parent, struct json *child)
{
	if (parent->last)
		parent->last->next = child;
	else
		parent->child = child;
	parent->last = child;
	parent->n++;
}

static struct json *list(struct reader *r, enum json_type type, char close, unsigned depth)
{
	struct json *v = node(r, type), *child;
	const char *key = NULL;
	size_t len;

	if (depth == JSON_MAX_DEPTH)
		return NULL;
	if (take(r, close))
		return v;
	do {
		if (type == JSON_OBJECT) {
			key = take(r, '"') ? string(r, &len) : NULL;
			if (!key || !take(r, ':'))
				return NULL;
		}
		child = value(r, depth + 1);
		if (!child)
			return NULL;
		child->key = key;
		append(v, child);
	} while (take(r, ','));
	return take(r, close) ? v : NULL;
}

static struct json *value(struct reader *r, unsigned depth)
{
	struct json *v;

	skip_blanks(r);
	if (r->at == r->end)
		return NULL;
	switch (*r->at) {
	case '{':
		r->at++;
		return list(r, JSON_OBJECT, '}', depth);
	case '[':
		r->at++;
		return list(r, JSON_ARRAY, ']', depth);
	case '"':
		r->at++;
		v = node(r, JSON_STRING);
		v->text = string(r, &v->len);
		return v->text ? v : NULL;
	case 't':
		return word(r, "true", JSON_BOOL, true);
	case 'f':
		return word(r, "false", JSON_BOOL, false);
	case 'n':
		return word(r, "null", JSON_NULL, false);
	default:
		return number(r);
	}
}

int json_parse(struct arena *a, const char *file, const char *text, size_t len,
	       const struct report *report, struct json **root, struct lc_error *e)
{
	struct reader r = { .arena = a, .at = text, .end = text + len };

	(void)report;
	*root = value(&r, 0);
	if (*root)
		skip_blanks(&r);
	if (!*root || r.at != r.end)
		return lc_err(e, LC_ECONFIG, "%s: no JSON at byte %zu", file,
			      (size_t)(r.at - text));
	return 0;
}
