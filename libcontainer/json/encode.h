/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Structs to JSON by the tables of decode.h, and a writer for text that has no struct.
 * What encode() writes decode() reads back equal.
 *
 *	struct json_writer w = { .out = { .arena = a }, .indent = 2 };
 *
 *	json_open(&w, NULL, '{');
 *	json_add_string(&w, "id", id);
 *	json_open(&w, "pids", '[');
 *	json_add_u64(&w, NULL, 7);
 *	json_close(&w, ']');
 *	json_close(&w, '}');
 *	... w.out.str, w.out.len
 */
#ifndef LC_ENCODE_H
#define LC_ENCODE_H

#include "base/str.h"
#include "json/decode.h"

struct json_writer {
	struct buf out;
	unsigned indent; /* spaces per level; 0: all on one line, without blanks */
	unsigned depth;
	bool behind; /* something was written on this level: a comma comes first */
};

/* @key: the member's name, NULL in an array and for the outermost value.  Bytes that are not UTF-8
 * become U+FFFD; slashes are not escaped. */
void json_open(struct json_writer *w, const char *key, char bracket);
void json_close(struct json_writer *w, char bracket);
void json_add_string(struct json_writer *w, const char *key, const char *s); /* NULL: null */
void json_add_bool(struct json_writer *w, const char *key, bool v);
void json_add_i64(struct json_writer *w, const char *key, int64_t v);
void json_add_u64(struct json_writer *w, const char *key, uint64_t v);
void json_add_double(struct json_writer *w, const char *key, double v); /* two decimals */
void json_add_strs(struct json_writer *w, const char *key, const struct strs *list);
void json_add_struct(struct json_writer *w, const char *key, const struct shape *shape,
		     const void *in);
void json_add_members(struct json_writer *w, const struct shape *shape,
		      const void *in); /* without braces */
void json_add_node(struct json_writer *w, const char *key, const struct json *v); /* as parsed */

/* The whole struct as text in the arena, ended by a NUL that is not counted. @indent as above;
 * with an indent a newline ends the text. */
char *encode(struct arena *a, const struct shape *shape, const void *in, unsigned indent,
	     size_t *len);

#endif
