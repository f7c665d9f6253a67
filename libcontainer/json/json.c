/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text to nodes, by yajl's callbacks; nothing else uses yajl. */
#include "json/json.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yajl/yajl_parse.h>

struct builder {
	struct arena *arena;
	yajl_handle yajl;
	const char *text;
	char *copy; /* of the text: strings that need no decoding are ended there */
	size_t len;
	size_t seen; /* bytes of text before the next token, or before what separates it */
	bool finishing; /* yajl is being told that there is no more: its offsets mean nothing */
	uint32_t line; /* of text[seen] */
	size_t line_start;
	struct json *stack[JSON_MAX_DEPTH], *root;
	const char *key;
	struct json key_place;
	unsigned depth;
	/* Why a callback stopped the parser, and where. */
	const char *refusal, *refused_path;
	struct json refused;
};

/* yajl's memory is the arena's, too: its size in front, for realloc; free does nothing. */
#define HEAD (sizeof(max_align_t))

static void *yajl_memory(void *ctx, size_t size)
{
	char *p;

	if (size > SIZE_MAX / 2)
		abort();
	p = arena_alloc(ctx, size + HEAD);
	memcpy(p, &size, sizeof(size));
	return p + HEAD;
}

static void *yajl_more_memory(void *ctx, void *old, size_t size)
{
	void *p = yajl_memory(ctx, size);
	size_t had = 0;

	if (old)
		memcpy(&had, (char *)old - HEAD, sizeof(had));
	if (had)
		memcpy(p, old, had < size ? had : size);
	return p;
}

static void yajl_no_free(void *ctx, void *p)
{
	(void)ctx;
	(void)p;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_separator(char c)
{
	return is_blank(c) || c == ':' || c == ',';
}

/* Counts lines between tokens: within one there is no line break, yajl refuses it. */
static void pass(struct builder *b, size_t at)
{
	if (b->text[at] == '\n') {
		b->line++;
		b->line_start = at + 1;
	}
}

static void put_place(const struct builder *b, size_t at, struct json *v)
{
	v->line = b->line;
	v->column = (uint32_t)(at - b->line_start) + 1;
}

static size_t consumed(const struct builder *b)
{
	return b->finishing ? b->len : yajl_get_bytes_consumed(b->yajl);
}

/* Notes in @v where the token begins that yajl has just read (past what separates it from the one
 * before), and goes on to its end.  Returns the token. */
static const char *locate(struct builder *b, struct json *v, size_t *n)
{
	size_t end = consumed(b), start = b->seen;

	while (start < end && is_separator(b->text[start]))
		pass(b, start++);
	put_place(b, start, v);
	b->seen = end > start ? end : start;
	*n = b->seen - start;
	return b->text + start;
}

static void add_step(struct buf *path, const struct json *up, const char *key, size_t index)
{
	char name[96];

	if (up->type == JSON_OBJECT)
		buf_addf(path, "%s%s", path->len ? "." : "",
			 json_printable(key, name, sizeof(name)));
	else
		buf_addf(path, "[%zu]", index);
}

/* Stops the parser because of the value at @where: member @key of the innermost object, or the next
 * element of the innermost array. */
static int refuse(struct builder *b, const struct json *where, const char *key, const char *why)
{
	struct buf path = { .arena = b->arena };

	buf_add(&path, "");
	for (unsigned i = 1; i < b->depth; i++)
		add_step(&path, b->stack[i - 1], b->stack[i]->key, b->stack[i - 1]->n - 1);
	if (b->depth)
		add_step(&path, b->stack[b->depth - 1], key, b->stack[b->depth - 1]->n);
	b->refused_path = path.str;
	b->refusal = why;
	b->refused = *where;
	return 0;
}

/* The value of the four digits of \uXXXX; yajl has seen to it that they are digits. */
static unsigned hex4(const char *s)
{
	char digits[5] = { s[0], s[1], s[2], s[3] };

	return (unsigned)strtoul(digits, NULL, 16);
}

/* Whether each escaped surrogate of a token has its other half: yajl makes "?" of one that lacks
 * it, and two different names must not become one. */
static bool surrogates_are_pairs(const char *s, size_t n)
{
	for (size_t i = 0; i + 1 < n; i++) {
		unsigned code;

		if (s[i] != '\\')
			continue;
		i++; /* the escaped character */
		if (s[i] != 'u' || i + 4 >= n)
			continue;
		code = hex4(s + i + 1);
		i += 4;
		if (code < 0xd800 || code > 0xdfff)
			continue;
		if (code > 0xdbff || i + 6 >= n || s[i + 1] != '\\' || s[i + 2] != 'u')
			return false;
		code = hex4(s + i + 3);
		if (code < 0xdc00 || code > 0xdfff)
			return false;
		i += 6;
	}
	return true;
}

/* What is wrong with a string, NULL if nothing: @token as written, @s as yajl decoded it. */
static const char *string_refusal(const char *token, size_t token_len, const char *s, size_t n)
{
	for (size_t i = 0, k; i < n; i += k) {
		if (!s[i])
			return "NUL character in a string";
		k = (unsigned char)s[i] < 0x80 ? 1 : json_utf8(s + i, n - i);
		if (!k)
			return "text that is not UTF-8";
	}
	if (memchr(token, '\\', token_len) && !surrogates_are_pairs(token, token_len))
		return "half of a surrogate pair";
	return NULL;
}

/* Text that yajl hands over, ended by a NUL: in the copy when it stands in the text as it is. */
static const char *keep(struct builder *b, const char *s, size_t n)
{
	char *kept;

	if ((uintptr_t)s < (uintptr_t)b->text || (uintptr_t)s >= (uintptr_t)(b->text + b->len))
		return arena_strndup(b->arena, s, n);
	kept = b->copy + (s - b->text);
	kept[n] = 0;
	return kept;
}

static struct json *append(struct builder *b, enum json_type type, const struct json *place)
{
	struct json *v = arena_alloc(b->arena, sizeof(*v)), *up;

	v->type = type;
	v->line = place->line;
	v->column = place->column;
	if (!b->depth) {
		b->root = v;
		return v;
	}
	up = b->stack[b->depth - 1];
	if (up->type == JSON_OBJECT)
		v->key = b->key;
	if (up->last)
		up->last->next = v;
	else
		up->child = v;
	up->last = v;
	up->n++;
	return v;
}

static struct json *add(struct builder *b, enum json_type type)
{
	struct json place = { 0 };
	size_t n;

	locate(b, &place, &n);
	return append(b, type, &place);
}

static int on_null(void *ctx)
{
	add(ctx, JSON_NULL);
	return 1;
}

static int on_bool(void *ctx, int value)
{
	add(ctx, JSON_BOOL)->boolean = value;
	return 1;
}

static int on_number(void *ctx, const char *s, size_t n)
{
	struct builder *b = ctx;
	struct json *v = add(b, JSON_NUMBER);

	v->text = keep(b, s, n);
	v->len = n;
	return 1;
}

static int on_string(void *ctx, const unsigned char *s, size_t n)
{
	struct builder *b = ctx;
	struct json place = { 0 }, *v;
	const char *token, *wrong;
	size_t token_len;

	token = locate(b, &place, &token_len);
	wrong = string_refusal(token, token_len, (const char *)s, n);
	if (wrong)
		return refuse(b, &place, b->key, wrong);
	v = append(b, JSON_STRING, &place);
	v->text = keep(b, (const char *)s, n);
	v->len = n;
	return 1;
}

static int on_key(void *ctx, const unsigned char *s, size_t n)
{
	struct builder *b = ctx;
	const char *token, *wrong;
	size_t token_len;

	token = locate(b, &b->key_place, &token_len);
	wrong = string_refusal(token, token_len, (const char *)s, n);
	if (wrong)
		return refuse(b, &b->key_place, "(name)", wrong);
	b->key = keep(b, (const char *)s, n);
	return 1;
}

static int open_value(struct builder *b, enum json_type type)
{
	struct json place = { 0 }, *v;
	size_t n;

	locate(b, &place, &n);
	if (b->depth == JSON_MAX_DEPTH)
		return refuse(b, &place, b->key, "nested too deeply");
	v = append(b, type, &place);
	b->stack[b->depth++] = v;
	return 1;
}

static int on_object(void *ctx)
{
	return open_value(ctx, JSON_OBJECT);
}

static int on_array(void *ctx)
{
	return open_value(ctx, JSON_ARRAY);
}

static int by_key(const void *a, const void *b)
{
	return strcmp((*(struct json *const *)a)->key, (*(struct json *const *)b)->key);
}

/* A member that has the name of another one, or NULL. */
static const struct json *duplicate(const struct json *object, struct arena *a)
{
	const struct json **sorted, *c = object->child;

	if (object->n <= 8) {
		for (; c; c = c->next)
			for (const struct json *d = c->next; d; d = d->next)
				if (!strcmp(c->key, d->key))
					return d;
		return NULL;
	}
	sorted = arena_array(a, object->n, sizeof(*sorted));
	for (size_t i = 0; c; c = c->next)
		sorted[i++] = c;
	qsort(sorted, object->n, sizeof(*sorted), by_key);
	for (size_t i = 1; i < object->n; i++) {
		const struct json *x = sorted[i - 1], *y = sorted[i];

		if (!strcmp(x->key, y->key)) /* the one that comes later in the text */
			return x->line > y->line || (x->line == y->line && x->column > y->column)
				       ? x
				       : y;
	}
	return NULL;
}

static int on_end(void *ctx)
{
	struct builder *b = ctx;
	struct json place, *closed = b->stack[b->depth - 1];
	const struct json *twice = NULL;
	size_t n;

	locate(b, &place, &n);
	if (closed->type == JSON_OBJECT && closed->n > 1)
		twice = duplicate(closed, b->arena);
	if (twice)
		return refuse(b, twice, twice->key, "member given twice");
	b->depth--;
	return 1;
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_bool,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_object,
	.yajl_map_key = on_key,
	.yajl_end_map = on_end,
	.yajl_start_array = on_array,
	.yajl_end_array = on_end,
};

/* Goes to the token yajl could not read.  Separators may be that token, so one is passed only when
 * yajl went beyond it. */
static void locate_error(struct builder *b, struct json *v)
{
	size_t end = consumed(b);

	for (; b->seen < b->len; b->seen++) {
		char c = b->text[b->seen];

		if (!is_blank(c) && !(is_separator(c) && (b->seen + 1 < end || b->finishing)))
			break;
		pass(b, b->seen);
	}
	put_place(b, b->seen, v);
}

/* What yajl says of a syntax error, and what we say. */
static const struct {
	const char *theirs, *ours;
} syntax_errors[] = {
	{ "premature EOF", "the text ends in the middle" },
	{ "trailing garbage", "something follows the end of the value" },
	{ "invalid bytes in UTF8", "text that is not UTF-8" },
	{ "after array element", "expected ',' or ']'" },
	{ "after key and value", "expected ',' or '}'" },
	{ "separated by a colon", "expected ':'" },
	{ "invalid object key", "expected a name in quotes" },
	{ "unallowed token", "expected a value" },
	{ "invalid string in json", "expected a value" },
	{ "invalid char in json", "expected a value" },
	{ "probable comment", "comments are not JSON" },
	{ "invalid character inside string", "control character in a string" },
};

static const char *syntax_error(struct builder *b, char *buf, size_t size)
{
	unsigned char *theirs = yajl_get_error(b->yajl, 0, NULL, 0);
	const char *said = theirs ? (char *)theirs : "", *colon = strstr(said, ": ");

	if (b->seen >= b->len)
		return syntax_errors[0].ours;
	for (size_t i = 0; i < ARRAY_SIZE(syntax_errors); i++)
		if (strstr(said, syntax_errors[i].theirs))
			return syntax_errors[i].ours;
	snprintf(buf, size, "not JSON: %.*s", (int)strcspn(colon ? colon + 2 : said, ".\n"),
		 colon ? colon + 2 : said);
	return buf;
}

static int parse_error(struct builder *b, const struct remark *empty, const struct report *report,
		       struct lc_error *e)
{
	struct remark r = *empty;
	char buf[160];

	if (b->refusal) {
		r.text = b->refusal;
		r.path = b->refused_path;
	} else {
		locate_error(b, &b->refused);
		r.text = syntax_error(b, buf, sizeof(buf));
	}
	r.line = b->refused.line;
	r.column = b->refused.column;
	return report_say(report, &r, e);
}

static bool all_blank(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && is_blank(text[i]))
		i++;
	return i == len;
}

int json_parse(struct arena *a, const char *file, const char *text, size_t len,
	       const struct report *report, struct json **root, struct lc_error *e)
{
	yajl_alloc_funcs memory = { yajl_memory, yajl_more_memory, yajl_no_free, a };
	struct builder b = { .arena = a, .text = text, .len = len, .line = 1 };
	struct remark r = { .file = file, .path = "", .text = "the file is empty" };
	yajl_status status;

	*root = NULL;
	e->code = LC_OK; /* the first error is kept from here on */
	if (all_blank(text, len))
		return report_say(report, &r, e);
	b.copy = arena_alloc(a, len + 1);
	memcpy(b.copy, text, len);
	b.yajl = yajl_alloc(&callbacks, &memory, &b);
	status = yajl_parse(b.yajl, (const unsigned char *)text, len);
	if (status == yajl_status_ok) {
		b.finishing = true;
		status = yajl_complete_parse(b.yajl);
	}
	if (status != yajl_status_ok)
		return parse_error(&b, &r, report, e); /* the arena has yajl's memory */
	*root = b.root;
	return 0;
}

const struct json *json_member(const struct json *object, const char *name)
{
	const struct json *similar = NULL;

	for (const struct json *c = object->child; c; c = c->next) {
		if (!c->key)
			return NULL;
		if ((*c->key ^ *name) & ~('A' ^ 'a')) /* not even similar: most are not */
			continue;
		if (!strcmp(c->key, name))
			return c;
		if (!similar && !strcasecmp(c->key, name))
			similar = c;
	}
	return similar;
}

/* The member whose name the path begins with: the longest, since keys of maps may hold dots. */
static const struct json *step_into(const struct json *object, const char **path)
{
	const struct json *found = NULL;
	size_t longest = 0;

	for (const struct json *c = object->child; c; c = c->next) {
		size_t n = strlen(c->key);

		if ((n > longest || !found) && !strncasecmp(*path, c->key, n) &&
		    strchr(".[", (*path)[n])) { /* or the end: strchr finds that, too */
			found = c;
			longest = n;
		}
	}
	*path += longest;
	return found;
}

static const struct json *element(const struct json *array, const char **path)
{
	char *end;
	size_t index = strtoul(*path + 1, &end, 10);
	const struct json *c = array->child;

	*path = *end == ']' ? end + 1 : end;
	for (; c && index; index--)
		c = c->next;
	return c;
}

const struct json *json_lookup(const struct json *root, const char *path)
{
	const struct json *v = root, *below;

	while (*path) {
		if (*path == '.')
			path++;
		if (v->type == JSON_OBJECT)
			below = step_into(v, &path);
		else if (v->type == JSON_ARRAY && *path == '[')
			below = element(v, &path);
		else
			return v;
		if (!below)
			return v;
		v = below;
	}
	return v;
}
