/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Structs to JSON by the tables of decode.h; the writer below it. */
#include "json/encode.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void add_escaped(struct buf *out, const char *s)
{
	const char *plain = s, *end = s + strlen(s);

	buf_add(out, "\"");
	while (s < end) {
		unsigned char c = (unsigned char)*s;
		size_t n = c < 0x80 ? 1 : json_utf8(s, (size_t)(end - s));

		if (n && c >= 0x20 && c != '"' && c != '\\') {
			s += n;
			continue;
		}
		buf_addn(out, plain, (size_t)(s - plain));
		plain = ++s;
		if (!n)
			buf_add(out, "\xef\xbf\xbd"); /* U+FFFD */
		else if (c == '"' || c == '\\')
			buf_addf(out, "\\%c", c);
		else if (c == '\n')
			buf_add(out, "\\n");
		else if (c == '\t')
			buf_add(out, "\\t");
		else
			buf_addf(out, "\\u%04x", c);
	}
	buf_addn(out, plain, (size_t)(s - plain));
	buf_add(out, "\"");
}

static void new_line(struct json_writer *w)
{
	if (!w->indent || (!w->depth && !w->out.len))
		return;
	buf_addf(&w->out, "\n%*s", (int)(w->indent * w->depth), "");
}

/* What comes before a value: comma, line break and indent, the name. */
static void begin(struct json_writer *w, const char *key)
{
	if (w->behind)
		buf_add(&w->out, ",");
	if (w->depth)
		new_line(w);
	w->behind = true;
	if (key) {
		add_escaped(&w->out, key);
		buf_add(&w->out, w->indent ? ": " : ":");
	}
}

void json_open(struct json_writer *w, const char *key, char bracket)
{
	begin(w, key);
	buf_addn(&w->out, &bracket, 1);
	w->depth++;
	w->behind = false;
}

void json_close(struct json_writer *w, char bracket)
{
	w->depth--;
	if (w->behind)
		new_line(w);
	buf_addn(&w->out, &bracket, 1);
	w->behind = true;
}

void json_add_string(struct json_writer *w, const char *key, const char *s)
{
	begin(w, key);
	if (s)
		add_escaped(&w->out, s);
	else
		buf_add(&w->out, "null");
}

void json_add_bool(struct json_writer *w, const char *key, bool v)
{
	begin(w, key);
	buf_add(&w->out, v ? "true" : "false");
}

void json_add_i64(struct json_writer *w, const char *key, int64_t v)
{
	begin(w, key);
	buf_addf(&w->out, "%" PRId64, v);
}

void json_add_u64(struct json_writer *w, const char *key, uint64_t v)
{
	begin(w, key);
	buf_addf(&w->out, "%" PRIu64, v);
}

void json_add_double(struct json_writer *w, const char *key, double v)
{
	begin(w, key);
	if (isfinite(v))
		buf_addf(&w->out, "%.2f", v);
	else
		buf_add(&w->out, "null");
}

void json_add_strs(struct json_writer *w, const char *key, const struct strs *list)
{
	json_open(w, key, '[');
	for (size_t i = 0; i < list->n; i++)
		json_add_string(w, NULL, list->v[i]);
	json_close(w, ']');
}

void json_add_node(struct json_writer *w, const char *key, const struct json *v)
{
	bool array = v->type == JSON_ARRAY;

	switch (v->type) {
	case JSON_NULL:
		json_add_string(w, key, NULL);
		return;
	case JSON_BOOL:
		json_add_bool(w, key, v->boolean);
		return;
	case JSON_NUMBER:
		begin(w, key);
		buf_add(&w->out, v->text);
		return;
	case JSON_STRING:
		json_add_string(w, key, v->text);
		return;
	case JSON_ARRAY:
	case JSON_OBJECT:
		json_open(w, key, array ? '[' : '{');
		for (const struct json *c = v->child; c; c = c->next)
			json_add_node(w, c->key, c);
		json_close(w, array ? ']' : '}');
	}
}

static void add_bytes(struct json_writer *w, const char *key, const struct bytes *b)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	begin(w, key);
	buf_add(&w->out, "\"");
	for (size_t i = 0; i < b->n; i += 3) {
		size_t left = b->n - i;
		unsigned bits = (unsigned)b->v[i] << 16;
		char group[4];

		bits |= left > 1 ? (unsigned)b->v[i + 1] << 8 : 0;
		bits |= left > 2 ? b->v[i + 2] : 0;
		for (unsigned k = 0; k < 4; k++)
			group[k] = k <= left ? digits[bits >> (18 - 6 * k) & 63] : '=';
		buf_addn(&w->out, group, 4);
	}
	buf_add(&w->out, "\"");
}

/* An element of a list, or a value of a map, at @p. */
static void add_element(struct json_writer *w, const char *key, const struct field *f,
			const void *p)
{
	switch (f->kind) {
	case K_STRS:
		json_add_string(w, key, *(char *const *)p);
		return;
	case K_ENUMS:
		json_add_string(w, key, word_name(f->words, *(const int *)p));
		return;
	case K_U32S:
		json_add_u64(w, key, *(const uint32_t *)p);
		return;
	case K_U64_ARRAY:
		json_add_u64(w, key, *(const uint64_t *)p);
		return;
	default:
		json_add_struct(w, key, f->shape, p);
	}
}

static size_t element_size(const struct field *f)
{
	return f->kind == K_STRS	? sizeof(char *)
	       : f->kind == K_ENUMS	? sizeof(int)
	       : f->kind == K_U32S	? sizeof(uint32_t)
	       : f->kind == K_U64_ARRAY ? sizeof(uint64_t)
					: f->shape->size;
}

static void add_elements(struct json_writer *w, const struct field *f, const char *v, size_t n)
{
	bool map = f->kind == K_OBJECT_MAP;

	json_open(w, f->name, map ? '{' : '[');
	for (size_t i = 0; i < n; i++, v += element_size(f))
		add_element(w, map ? *(char *const *)v : NULL, f, v);
	json_close(w, map ? '}' : ']');
}

static void add_pairs(struct json_writer *w, const char *key, const struct pairs *pairs)
{
	json_open(w, key, '{');
	for (size_t i = 0; i < pairs->n; i++)
		json_add_string(w, pairs->v[i].key, pairs->v[i].value);
	json_close(w, '}');
}

static bool all_zero(const void *p, size_t n)
{
	const char *s = p;

	for (size_t i = 0; i < n; i++)
		if (s[i])
			return false;
	return true;
}

/* Whether there is something to write: see "absent" and "optional" in decode.h. */
static bool present(const struct field *f, const void *p)
{
	const LIST_OF(char) *list = p;

	switch (f->kind) {
	case K_STRING:
	case K_OBJECT:
		return *(void *const *)p != NULL;
	case K_CHAR:
		return *(const char *)p != 0;
	case K_ENUM:
		return word_name(f->words, *(const int *)p) && !(f->omit_zero && !*(const int *)p);
	case K_OPT_BOOL:
		return ((const struct opt_bool *)p)->set;
	case K_OPT_U32:
	case K_OPT_I32:
		return ((const struct opt_u32 *)p)->set;
	case K_OPT_I64:
	case K_OPT_U64:
		return ((const struct opt_u64 *)p)->set;
	case K_STRS:
	case K_ENUMS:
	case K_U32S:
	case K_BYTES:
	case K_PAIRS:
	case K_OBJECTS:
	case K_OBJECT_MAP:
		return list->v && !(f->omit_zero && !list->n);
	case K_BOOL:
	case K_U8:
		return !(f->omit_zero && !*(const uint8_t *)p);
	case K_U32:
	case K_I32:
		return !(f->omit_zero && !*(const uint32_t *)p);
	case K_I64:
	case K_U64:
	case K_FLAGS:
	case K_BITS:
		return !(f->omit_zero && !*(const uint64_t *)p);
	case K_U64_ARRAY:
		return !(f->omit_zero && all_zero(p, f->count * sizeof(uint64_t)));
	case K_STRUCT:
		return !(f->omit_zero && all_zero(p, f->shape->size));
	case K_STRUCT_ARRAY:
		return !(f->omit_zero && all_zero(p, f->count * f->shape->size));
	}
	return false;
}

/* A word is written when all of its bits are left, so one for several goes before theirs. */
static void add_flags(struct json_writer *w, const struct field *f, uint64_t bits)
{
	json_open(w, f->name, '[');
	for (const struct word *word = f->words; word->name; word++) {
		uint64_t mask = f->kind == K_BITS ? 1ULL << word->value : (uint64_t)word->value;

		if ((bits & mask) != mask)
			continue;
		json_add_string(w, NULL, word->name);
		bits &= ~mask;
	}
	if (bits)
		json_add_u64(w, NULL, bits);
	json_close(w, ']');
}

static void add_scalar(struct json_writer *w, const struct field *f, const void *p)
{
	const char one[2] = { *(const char *)p };

	switch (f->kind) {
	case K_STRING:
		json_add_string(w, f->name, *(char *const *)p);
		return;
	case K_CHAR:
		json_add_string(w, f->name, one);
		return;
	case K_BOOL:
		json_add_bool(w, f->name, *(const bool *)p);
		return;
	case K_U8:
		json_add_u64(w, f->name, *(const uint8_t *)p);
		return;
	case K_U32:
		json_add_u64(w, f->name, *(const uint32_t *)p);
		return;
	case K_I32:
		json_add_i64(w, f->name, *(const int32_t *)p);
		return;
	case K_I64:
		json_add_i64(w, f->name, *(const int64_t *)p);
		return;
	case K_U64:
		json_add_u64(w, f->name, *(const uint64_t *)p);
		return;
	case K_OPT_BOOL:
		json_add_bool(w, f->name, ((const struct opt_bool *)p)->v);
		return;
	case K_OPT_U32:
		json_add_u64(w, f->name, ((const struct opt_u32 *)p)->v);
		return;
	case K_OPT_I32:
		json_add_i64(w, f->name, ((const struct opt_i32 *)p)->v);
		return;
	case K_OPT_I64:
		json_add_i64(w, f->name, ((const struct opt_i64 *)p)->v);
		return;
	case K_OPT_U64:
		json_add_u64(w, f->name, ((const struct opt_u64 *)p)->v);
		return;
	case K_ENUM:
		json_add_string(w, f->name, word_name(f->words, *(const int *)p));
		return;
	default:
		return;
	}
}

static void add_field(struct json_writer *w, const struct field *f, const void *p)
{
	const LIST_OF(char) *list = p;

	switch (f->kind) {
	case K_STRS:
	case K_ENUMS:
	case K_U32S:
	case K_OBJECTS:
	case K_OBJECT_MAP:
		add_elements(w, f, list->v, list->n);
		return;
	case K_U64_ARRAY:
	case K_STRUCT_ARRAY:
		add_elements(w, f, p, f->count);
		return;
	case K_BYTES:
		add_bytes(w, f->name, p);
		return;
	case K_FLAGS:
	case K_BITS:
		add_flags(w, f, *(const uint64_t *)p);
		return;
	case K_PAIRS:
		add_pairs(w, f->name, p);
		return;
	case K_OBJECT:
		json_add_struct(w, f->name, f->shape, *(void *const *)p);
		return;
	case K_STRUCT:
		json_add_struct(w, f->name, f->shape, p);
		return;
	default:
		add_scalar(w, f, p);
	}
}

void json_add_members(struct json_writer *w, const struct shape *shape, const void *in)
{
	for (const struct field *f = shape->fields; f->name; f++) {
		const char *p = (const char *)in + f->offset;

		if (present(f, p))
			add_field(w, f, p);
	}
}

void json_add_struct(struct json_writer *w, const char *key, const struct shape *shape,
		     const void *in)
{
	json_open(w, key, '{');
	json_add_members(w, shape, in);
	json_close(w, '}');
}

char *encode(struct arena *a, const struct shape *shape, const void *in, unsigned indent,
	     size_t *len)
{
	struct json_writer w = { .out = { .arena = a }, .indent = indent };

	json_add_struct(&w, NULL, shape, in);
	if (indent)
		buf_add(&w.out, "\n");
	*len = w.out.len;
	return w.out.str;
}
