/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON text as a tree of nodes, each with the place where it was written.  Numbers stay text, so
 * that nothing is lost before somebody knows which type they should have.  All nodes and strings
 * live in the arena.  Refused with file:line:column: what the grammar forbids, text that is not
 * UTF-8, a member given twice, a NUL in a string, nesting beyond 64, anything behind the value.
 */
#ifndef LC_JSON_H
#define LC_JSON_H

#include "base/arena.h"
#include "json/report.h"
#include <stdbool.h>
#include <stdint.h>

#define JSON_MAX_DEPTH 64

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
	enum json_type type;
	bool boolean;
	uint32_t line, column; /* of its first character, counted from 1; columns are bytes */
	const char *key; /* member name, when the parent is an object */
	const char *text; /* string value, or the number as it was written */
	union {
		size_t len; /* of text */
		size_t n; /* elements or members */
	};
	struct json *child, *next, *last;
};

/* @file: the name for messages; @report may be NULL. */
int json_parse(struct arena *a, const char *file, const char *text, size_t len,
	       const struct report *report, struct json **root, struct lc_error *e) lc_checked;

/* What stands there, for "expected X, found ...": `the string "64M"`, `7`, `an array`. */
const char *json_describe(const struct json *v, char *buf, size_t size);

/* The member of exactly this name, else the one that differs only in case, else NULL. */
const struct json *json_member(const struct json *object, const char *name);

/* The node at a path as messages write it, "linux.namespaces[1].type"; when it is absent the
 * deepest node on the way that exists. */
const struct json *json_lookup(const struct json *root, const char *path);

/* Bytes of the UTF-8 character that @s begins with, 0 when it is none (@n: bytes there are). */
size_t json_utf8(const char *s, size_t n);

/* @s as one line of a message, at most @size - 1 bytes: control characters and bytes that are not
 * UTF-8 are escaped, what is too long ends in "...". */
const char *json_printable(const char *s, char *buf, size_t size);

#endif
