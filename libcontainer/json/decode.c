/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Nodes to structs: one loop over the members, one over the table. */
#include "json/decode.h"
#include "base/str.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
	MAX_FIELDS = 64, /* of one shape */
	MAX_REMARKS = 1000, /* per document: nobody reads more */
	MAX_SUGGESTIONS = 64, /* they take time */
};

/* The way down to a value: links on the C stack, written out only when there is something to say.
 */
struct at {
	const struct at *up;
	const char *key; /* NULL: an index */
	size_t index;
};

struct decoder {
	struct arena *arena;
	const char *file;
	const struct report *report;
	struct lc_error *e;
	bool failed;
	unsigned said, suggestions;
};

static void add_path(struct buf *path, const struct at *at)
{
	char name[96];

	if (!at)
		return;
	add_path(path, at->up);
	if (at->key)
		buf_addf(path, "%s%s", path->len ? "." : "",
			 json_printable(at->key, name, sizeof(name)));
	else
		buf_addf(path, "[%zu]", at->index);
}

static void say(struct decoder *d, enum remark_kind kind, const struct at *at, const struct json *v,
		const char *text)
{
	struct buf path = { .arena = d->arena };
	struct remark r = { kind, d->file, "", text, v->line, v->column };

	d->failed |= kind == REMARK_ERROR;
	if (d->said++ >= MAX_REMARKS)
		return;
	buf_add(&path, "");
	add_path(&path, at);
	r.path = path.str;
	(void)report_say(d->report, &r, d->e);
}

static lc_printf(4, 5) void wrong(struct decoder *d, const struct at *at, const struct json *v,
				  const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	say(d, REMARK_ERROR, at, v, text);
}

/* "expected X, found Y" */
static void unexpected(struct decoder *d, const struct at *at, const struct json *v,
		       const char *expected)
{
	char got[96];

	wrong(d, at, v, "%s, found %s", expected, json_describe(v, got, sizeof(got)));
}

static bool is_integer(const char *s)
{
	s += *s == '-';
	return *s && !s[strspn(s, "0123456789")];
}

/* What a number of each kind may be when its field says nothing narrower. */
struct limits {
	int64_t min;
	uint64_t max;
};

static struct limits limits_of(const struct field *f)
{
	struct limits l = { 0, 0 };

	if (f->ranged)
		return (struct limits){ f->min, f->max };
	switch (f->kind) {
	case K_U8:
		l.max = UINT8_MAX;
		break;
	case K_U32:
	case K_OPT_U32:
	case K_U32S:
		l.max = UINT32_MAX;
		break;
	case K_I32:
	case K_OPT_I32:
		l = (struct limits){ INT32_MIN, INT32_MAX };
		break;
	case K_I64:
	case K_OPT_I64:
		l = (struct limits){ INT64_MIN, INT64_MAX };
		break;
	default:
		l.max = UINT64_MAX;
	}
	return l;
}

/* The number in two's complement: a negative one is converted back by assignment to its type. */
static bool number(struct decoder *d, const struct at *at, const struct json *v,
		   const struct field *f, uint64_t *out)
{
	struct limits l = limits_of(f);
	int64_t negative;
	bool ok;

	if (v->type != JSON_NUMBER || !is_integer(v->text)) {
		unexpected(d, at, v, "expected an integer");
		return false;
	}
	if (v->text[0] == '-') {
		ok = str_i64(v->text, &negative) && negative >= l.min;
		*out = (uint64_t)negative;
		ok = ok && (negative < 0 || *out <= l.max);
	} else {
		ok = str_u64(v->text, out) && *out <= l.max &&
		     (l.min <= 0 || *out >= (uint64_t)l.min);
	}
	if (!ok)
		wrong(d, at, v, "expected an integer from %" PRId64 " to %" PRIu64 ", found %.40s",
		      l.min, l.max, v->text);
	return ok;
}

static void decode_number(struct decoder *d, const struct at *at, const struct json *v,
			  const struct field *f, void *out)
{
	uint64_t n;

	if (!number(d, at, v, f, &n))
		return;
	switch (f->kind) {
	case K_U8:
		*(uint8_t *)out = (uint8_t)n;
		break;
	case K_U32:
	case K_U32S:
	case K_I32:
		*(uint32_t *)out = (uint32_t)n;
		break;
	case K_OPT_U32:
	case K_OPT_I32:
		*(struct opt_u32 *)out = (struct opt_u32){ true, (uint32_t)n };
		break;
	case K_OPT_U64:
	case K_OPT_I64:
		*(struct opt_u64 *)out = (struct opt_u64){ true, n };
		break;
	default:
		*(uint64_t *)out = n;
	}
}

static bool string(struct decoder *d, const struct at *at, const struct json *v,
		   const struct field *f, char **out)
{
	const char *refusal;

	if (v->type != JSON_STRING) {
		unexpected(d, at, v, "expected a string");
		return false;
	}
	refusal = f->check ? f->check(v->text) : NULL;
	if (refusal) {
		unexpected(d, at, v, refusal);
		return false;
	}
	*out = (char *)v->text;
	return true;
}

static void decode_char(struct decoder *d, const struct at *at, const struct json *v, char *out)
{
	if (v->type == JSON_STRING && v->len == 1)
		*out = v->text[0];
	else
		unexpected(d, at, v, "expected one character");
}

static void decode_word(struct decoder *d, const struct at *at, const struct json *v,
			const struct field *f, int *out)
{
	struct buf list = { .arena = d->arena };

	if (v->type == JSON_STRING && word_value(f->words, v->text, out))
		return;
	buf_add(&list, "expected one of ");
	for (const struct word *w = f->words; w->name; w++)
		buf_addf(&list, "%s%s", w == f->words ? "" : ", ", w->name);
	unexpected(d, at, v, list.str);
}

static void decode_flags(struct decoder *d, const struct at *at, const struct json *v,
			 const struct field *f, uint64_t *out)
{
	static const struct field rest = { .kind = K_U64 };
	struct at here = { at, NULL, 0 };

	if (v->type != JSON_ARRAY) {
		unexpected(d, at, v, "expected an array of strings");
		return;
	}
	*out = 0;
	for (const struct json *c = v->child; c; c = c->next, here.index++) {
		uint64_t bits = 0;
		int value = 0;

		if (c->type == JSON_NUMBER) {
			decode_number(d, &here, c, &rest, &bits);
		} else {
			decode_word(d, &here, c, f, &value);
			bits = f->kind == K_BITS ? 1ULL << value : (uint64_t)value;
		}
		*out |= bits;
	}
}

static size_t element_size(const struct field *f)
{
	switch (f->kind) {
	case K_STRS:
		return sizeof(char *);
	case K_ENUMS:
		return sizeof(int);
	case K_U32S:
		return sizeof(uint32_t);
	case K_U64_ARRAY:
		return sizeof(uint64_t);
	default:
		return f->shape->size;
	}
}

static void decode_members(struct decoder *d, const struct at *at, const struct json *v,
			   const struct shape *shape, void *out);

static void object(struct decoder *d, const struct at *at, const struct json *v,
		   const struct shape *shape, void *out)
{
	if (v->type == JSON_OBJECT)
		decode_members(d, at, v, shape, out);
	else
		unexpected(d, at, v, "expected an object");
}

static void element(struct decoder *d, const struct at *at, const struct json *v,
		    const struct field *f, void *out)
{
	switch (f->kind) {
	case K_STRS:
		string(d, at, v, f, out);
		break;
	case K_ENUMS:
		decode_word(d, at, v, f, out);
		break;
	case K_U32S:
	case K_U64_ARRAY:
		decode_number(d, at, v, f, out);
		break;
	default:
		object(d, at, v, f->shape, out);
	}
}

static void decode_elements(struct decoder *d, const struct at *at, const struct json *v,
			    const struct field *f, char *out)
{
	struct at here = { at, NULL, 0 };

	for (const struct json *c = v->child; c; c = c->next, here.index++)
		element(d, &here, c, f, out + here.index * element_size(f));
}

static void decode_list(struct decoder *d, const struct at *at, const struct json *v,
			const struct field *f, void *out)
{
	LIST_OF(char) *list = out;

	if (v->type != JSON_ARRAY) {
		unexpected(d, at, v,
			   f->kind == K_OBJECTS ? "expected an array of objects"
			   : f->kind == K_U32S	? "expected an array of integers"
						: "expected an array of strings");
		return;
	}
	list->v = arena_array(d->arena, v->n + 1, element_size(f)); /* NULL at the end */
	list->n = v->n;
	decode_elements(d, at, v, f, list->v);
}

static void decode_array(struct decoder *d, const struct at *at, const struct json *v,
			 const struct field *f, void *out)
{
	char got[96];

	if (v->type != JSON_ARRAY || v->n != f->count)
		wrong(d, at, v, "expected an array of %zu elements, found %s", f->count,
		      v->type == JSON_ARRAY ? arena_printf(d->arena, "%zu", v->n)
					    : json_describe(v, got, sizeof(got)));
	else
		decode_elements(d, at, v, f, out);
}

/* A key of a map is checked as the strings of a list are. */
static void check_key(struct decoder *d, const struct at *at, const struct json *v,
		      const struct field *f)
{
	const char *refusal = f->check ? f->check(v->key) : NULL;
	char name[96];

	if (refusal)
		wrong(d, at, v, "%s, found the name \"%s\"", refusal,
		      json_printable(v->key, name, sizeof(name)));
}

static void decode_pairs(struct decoder *d, const struct at *at, const struct json *v,
			 const struct field *f, struct pairs *out)
{
	static const struct field any = { .kind = K_STRING };
	struct pair *p;

	if (v->type != JSON_OBJECT) {
		unexpected(d, at, v, "expected an object with string values");
		return;
	}
	p = out->v = arena_array(d->arena, v->n + 1, sizeof(*out->v));
	out->n = v->n;
	for (const struct json *c = v->child; c; c = c->next, p++) {
		struct at here = { at, c->key, 0 };

		p->key = (char *)c->key;
		check_key(d, &here, c, f);
		string(d, &here, c, &any, &p->value);
	}
}

static void decode_map(struct decoder *d, const struct at *at, const struct json *v,
		       const struct field *f, void *out)
{
	LIST_OF(char) *list = out;
	char *slot;

	if (v->type != JSON_OBJECT) {
		unexpected(d, at, v, "expected an object");
		return;
	}
	slot = list->v = arena_array(d->arena, v->n + 1, f->shape->size);
	list->n = v->n;
	for (const struct json *c = v->child; c; c = c->next, slot += f->shape->size) {
		struct at here = { at, c->key, 0 };

		*(const char **)slot = c->key;
		check_key(d, &here, c, f);
		object(d, &here, c, f->shape, slot);
	}
}

static int base64_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -1;
}

/* Four characters to a byte or more; false when they are none. */
static bool base64_group(const char *s, bool last, struct bytes *out)
{
	unsigned bits = 0, n = 3;

	if (last && s[3] == '=')
		n = s[2] == '=' ? 1 : 2;
	for (unsigned i = 0; i < 4; i++) {
		int digit = i <= n ? base64_digit(s[i]) : 0;

		if (digit < 0)
			return false;
		bits = bits << 6 | (unsigned)digit;
	}
	if (bits & ((1u << (24 - 8 * n)) - 1)) /* so that each value has one spelling */
		return false;
	for (unsigned i = 0; i < n; i++)
		out->v[out->n++] = (uint8_t)(bits >> (16 - 8 * i));
	return true;
}

bool decode_base64(struct arena *a, const char *text, size_t len, struct bytes *out)
{
	bool ok = len % 4 == 0;

	if (ok) {
		out->v = arena_alloc(a, len / 4 * 3);
		out->n = 0;
	}
	for (size_t i = 0; ok && i < len; i += 4)
		ok = base64_group(text + i, i + 4 == len, out);
	return ok;
}

static void decode_bytes(struct decoder *d, const struct at *at, const struct json *v,
			 struct bytes *out)
{
	if (v->type != JSON_STRING || !decode_base64(d->arena, v->text, v->len, out))
		unexpected(d, at, v, "expected bytes in base64");
}

static void decode_bool(struct decoder *d, const struct at *at, const struct json *v,
			const struct field *f, void *out)
{
	if (v->type != JSON_BOOL)
		unexpected(d, at, v, "expected true or false");
	else if (f->kind == K_BOOL)
		*(bool *)out = v->boolean;
	else
		*(struct opt_bool *)out = (struct opt_bool){ true, v->boolean };
}

static void decode_field(struct decoder *d, const struct at *at, const struct json *v,
			 const struct field *f, void *out)
{
	switch (f->kind) {
	case K_STRING:
		string(d, at, v, f, out);
		return;
	case K_CHAR:
		decode_char(d, at, v, out);
		return;
	case K_BOOL:
	case K_OPT_BOOL:
		decode_bool(d, at, v, f, out);
		return;
	case K_U8:
	case K_U32:
	case K_I32:
	case K_I64:
	case K_U64:
	case K_OPT_U32:
	case K_OPT_I32:
	case K_OPT_I64:
	case K_OPT_U64:
		decode_number(d, at, v, f, out);
		return;
	case K_ENUM:
		decode_word(d, at, v, f, out);
		return;
	case K_STRS:
	case K_ENUMS:
	case K_U32S:
	case K_OBJECTS:
		decode_list(d, at, v, f, out);
		return;
	case K_U64_ARRAY:
	case K_STRUCT_ARRAY:
		decode_array(d, at, v, f, out);
		return;
	case K_BYTES:
		decode_bytes(d, at, v, out);
		return;
	case K_FLAGS:
	case K_BITS:
		decode_flags(d, at, v, f, out);
		return;
	case K_PAIRS:
		decode_pairs(d, at, v, f, out);
		return;
	case K_OBJECT_MAP:
		decode_map(d, at, v, f, out);
		return;
	case K_OBJECT:
		*(void **)out = arena_alloc(d->arena, f->shape->size);
		object(d, at, v, f->shape, *(void **)out);
		return;
	case K_STRUCT:
		object(d, at, v, f->shape, out);
		return;
	}
}

static const struct field *find_field(const struct shape *shape, const char *name)
{
	const struct field *f = shape->fields;

	for (; f->name; f++)
		if (!strcmp(f->name, name))
			return f;
	for (f = shape->fields; f->name; f++)
		if (!strcasecmp(f->name, name))
			return f;
	return NULL;
}

/* A member nobody reads must not be an error (OCI config.md, extensibility). */
static void unknown(struct decoder *d, const struct at *at, const struct json *v,
		    const struct shape *shape)
{
	const char *near = NULL;

	if (!d->report)
		return;
	if (d->suggestions++ < MAX_SUGGESTIONS)
		for (const struct field *f = shape->fields; f->name; f++)
			if (str_distance(f->name, v->key) <= 2)
				near = f->name;
	say(d, REMARK_UNKNOWN, at, v,
	    near ? arena_printf(d->arena, "unknown property, ignored; did you mean \"%s\"?", near)
		 : "unknown property, ignored");
}

/* The table's entry for a member, unless nothing is to be read: it is unknown, or was there before
 * in another spelling.  One that differs only in case counts, as it does for Go's decoder: ignoring
 * a misspelt "nonewprivileges" would fail open. */
static const struct field *field_of(struct decoder *d, struct at *at, const struct json *v,
				    const struct shape *shape, const struct json **seen)
{
	const struct field *f = find_field(shape, v->key);
	const struct json **before;
	char name[96];

	at->key = f ? f->name : v->key;
	if (!f) {
		unknown(d, at, v, shape);
		return NULL;
	}
	assert(f - shape->fields < MAX_FIELDS);
	before = &seen[f - shape->fields];
	if (*before) {
		wrong(d, at, v, "member given twice, as \"%s\" and as \"%s\"", (*before)->key,
		      v->key);
		return NULL;
	}
	*before = v;
	if (strcmp(f->name, v->key) != 0)
		say(d, REMARK_WARNING, at, v,
		    arena_printf(d->arena, "written as \"%s\": upper and lower case differ",
				 json_printable(v->key, name, sizeof(name))));
	return f;
}

/* null means absent, as in Go. */
static bool is_absent(const struct field *f, const struct json *v)
{
	return v->type == JSON_NULL || (f->or_empty && v->type == JSON_STRING && !v->len);
}

static void decode_members(struct decoder *d, const struct at *at, const struct json *v,
			   const struct shape *shape, void *out)
{
	const struct json *seen[MAX_FIELDS] = { NULL };

	for (const struct json *c = v->child; c; c = c->next) {
		struct at here = { at, c->key, 0 };
		const struct field *f = field_of(d, &here, c, shape, seen);

		if (!f)
			continue;
		if (is_absent(f, c))
			seen[f - shape->fields] = f->required ? NULL : c;
		else
			decode_field(d, &here, c, f, (char *)out + f->offset);
	}
	for (const struct field *f = shape->fields; f->name; f++) {
		struct at here = { at, f->name, 0 };

		if (f->required && !seen[f - shape->fields])
			say(d, REMARK_ERROR, &here, v, "required, but missing");
	}
}

int decode(struct arena *a, const char *file, const struct json *root, const struct shape *shape,
	   void *out, const struct report *report, struct lc_error *e)
{
	struct decoder d = { .arena = a, .file = file, .report = report, .e = e };

	e->code = LC_OK; /* the first error is kept from here on */
	object(&d, NULL, root, shape, out);
	return d.failed ? -1 : 0;
}

int decode_text(struct arena *a, const char *file, const char *text, size_t len,
		const struct shape *shape, void *out, const struct report *report,
		struct lc_error *e)
{
	struct json *root;

	if (json_parse(a, file, text, len, report, &root, e) < 0)
		return -1;
	return decode(a, file, root, shape, out, report, e);
}

const char *word_name(const struct word *words, int value)
{
	for (; words->name; words++)
		if (words->value == value)
			return words->name;
	return NULL;
}

bool word_value(const struct word *words, const char *name, int *value)
{
	for (; words->name; words++)
		if (!strcmp(words->name, name)) {
			*value = words->value;
			return true;
		}
	return false;
}

bool strs_have(const struct strs *list, const char *word)
{
	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(list->v[i], word))
			return true;
	return false;
}
