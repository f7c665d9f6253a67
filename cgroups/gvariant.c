/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Values of org.systemd.property.* annotations, in the text form of GVariant: true, 5, uint64
 * 5, 1.5, 'text', ['a', 'b'], [uint32 1, 2], @as [].  Maps, tuples and arrays of arrays are
 * refused: no property of a scope that an engine sets needs them.
 */
#include "cgroups/unit.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

struct parser {
	struct arena *a;
	const char *p;
	char type; /* of the values; 0: not known yet */
	struct buf out; /* each value behind a separator */
	const char *wrong;
};

static const struct {
	const char *word;
	char type;
	int64_t min;
	uint64_t max;
} numbers[] = {
	{ "byte", 'y', 0, UINT8_MAX },	  { "int16", 'n', INT16_MIN, INT16_MAX },
	{ "uint16", 'q', 0, UINT16_MAX }, { "int32", 'i', INT32_MIN, INT32_MAX },
	{ "uint32", 'u', 0, UINT32_MAX }, { "int64", 'x', INT64_MIN, INT64_MAX },
	{ "uint64", 't', 0, UINT64_MAX },
};

static bool bad(struct parser *p, const char *why)
{
	p->wrong = why;
	return false;
}

static void skip_blanks(struct parser *p)
{
	p->p += strspn(p->p, " \t\n");
}

/* "uint64" of "uint64 5": sets the type. */
static void parse_type_word(struct parser *p)
{
	static const struct {
		const char *word;
		char type;
	} others[] = { { "boolean", 'b' },
		       { "double", 'd' },
		       { "string", 's' },
		       { "objectpath", 'o' },
		       { "signature", 'g' } };
	size_t len = strspn(p->p, "abcdefghijklmnopqrstuvwxyz0123456789");

	if (!len || p->p[len] != ' ')
		return;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (len == strlen(numbers[i].word) && !strncmp(p->p, numbers[i].word, len))
			p->type = numbers[i].type;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (len == strlen(others[i].word) && !strncmp(p->p, others[i].word, len))
			p->type = others[i].type;
	if (p->type)
		p->p += len;
	skip_blanks(p);
}

static bool parse_text(struct parser *p)
{
	char quote = *p->p++;

	if (!p->type)
		p->type = 's';
	if (!strchr("sog", p->type))
		return bad(p, "a text is of another type than what it stands with");
	buf_add(&p->out, UNIT_SEPARATOR);
	for (; *p->p && *p->p != quote; p->p++) {
		if (*p->p == '\\' && (p->p[1] == '\\' || p->p[1] == quote))
			p->p++;
		else if (*p->p == '\\' || (unsigned char)*p->p < ' ')
			return bad(p, "a text with control characters or escapes");
		buf_addn(&p->out, p->p, 1);
	}
	return *p->p++ ? true : bad(p, "a text without its closing quote");
}

static bool in_range(char type, const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		uint64_t u;
		int64_t s;

		if (numbers[i].type != type)
			continue;
		if (*text == '-')
			return str_i64(text, &s) && s >= numbers[i].min;
		return str_u64(text, &u) && u <= numbers[i].max;
	}
	return false;
}

static bool parse_number(struct parser *p, const char *word)
{
	char *end;

	if (!p->type)
		p->type = strpbrk(word, ".e") ? 'd' : 'i';
	if (p->type == 'd') {
		(void)strtod(word, &end);
		return *end || word == end ? bad(p, "expected a number") : true;
	}
	return in_range(p->type, word) ? true : bad(p, "expected a number that fits its type");
}

static bool parse_one(struct parser *p)
{
	bool word_is_bool;
	char *word;
	size_t len;

	skip_blanks(p);
	parse_type_word(p);
	if (*p->p == '\'' || *p->p == '"')
		return parse_text(p);
	len = strcspn(p->p, " \t\n,]");
	word = arena_strndup(p->a, p->p, len);
	word_is_bool = !strcmp(word, "true") || !strcmp(word, "false");
	if (word_is_bool && !p->type)
		p->type = 'b';
	if (word_is_bool ? p->type != 'b' : !len || !strchr("-.0123456789", *word))
		return bad(p, "expected true, false, a number, a quoted text or a list of these");
	if (!word_is_bool && !parse_number(p, word))
		return false;
	p->p += len;
	buf_add(&p->out, UNIT_SEPARATOR);
	buf_add(&p->out, word);
	return true;
}

static bool parse_list(struct parser *p)
{
	p->p++;
	skip_blanks(p);
	while (*p->p != ']') {
		if (!parse_one(p))
			return false;
		skip_blanks(p);
		if (*p->p == ',')
			p->p++;
		else if (*p->p != ']')
			return bad(p, "a list without its closing bracket");
		skip_blanks(p);
	}
	p->p++;
	return p->type ? true : bad(p, "an empty list needs its type, as in @as []");
}

/* "@as" or "@t" in front. */
static bool parse_annotation(struct parser *p, bool *list)
{
	if (*p->p != '@')
		return true;
	*list = p->p[1] == 'a';
	p->type = p->p[1 + *list];
	if (!p->type || !strchr("ybnqiuxtdsog", p->type) || p->p[2 + *list] != ' ')
		return bad(p, "a type that is not supported");
	p->p += 2 + *list;
	skip_blanks(p);
	return *list && *p->p != '[' ? bad(p, "expected a list") : true;
}

static bool parse(struct parser *p, bool *list)
{
	skip_blanks(p);
	if (!parse_annotation(p, list))
		return false;
	*list = *p->p == '[';
	if (!(*list ? parse_list(p) : parse_one(p)))
		return false;
	skip_blanks(p);
	return *p->p ? bad(p, "something follows the value") : true;
}

char *unit_value_of_gvariant(struct arena *a, const char *text, bool seconds, struct lc_error *e)
{
	struct parser p = { .a = a, .p = text, .out = { .arena = a } };
	bool list = false;
	double v;

	if (!parse(&p, &list)) {
		lc_err(e, LC_ECONFIG, "%s, in \"%s\"", p.wrong, text);
		return NULL;
	}
	if (!seconds)
		return arena_printf(a, "%s%c%s", list ? "a" : "", p.type,
				    p.out.len ? p.out.str : "");
	v = list || !strchr("ynqiuxtd", p.type) ? -1 : strtod(p.out.str + 1, NULL);
	if (v < 0 || v > 1e12) {
		lc_err(e, LC_ECONFIG, "expected a number of seconds, in \"%s\"", text);
		return NULL;
	}
	return arena_printf(a, "t" UNIT_SEPARATOR "%llu", (unsigned long long)(v * 1000000));
}

static bool is_name(const char *s)
{
	size_t len = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");

	return len && !s[len];
}

int unit_add_annotations(struct unit_words *w, const struct pairs *properties, struct lc_error *e)
{
	for (size_t i = 0; i < properties->n; i++) {
		const char *name = properties->v[i].key;
		size_t len = strlen(name);
		bool seconds = len > 3 && !strcmp(name + len - 3, "Sec") &&
			       (len < 4 || strcmp(name + len - 4, "USec") != 0);
		char *value;

		if (!is_name(name))
			return lc_err(e, LC_ECONFIG,
				      "annotations: org.systemd.property.%s is not the name of a "
				      "property",
				      name);
		value = unit_value_of_gvariant(w->a, properties->v[i].value, seconds, e);
		if (!value)
			return lc_err_in(e, "annotations: org.systemd.property.%s", name);
		unit_add(w, seconds ? arena_printf(w->a, "%.*sUSec" UNIT_SEPARATOR "%s",
						   (int)len - 3, name, value)
				    : arena_printf(w->a, "%s" UNIT_SEPARATOR "%s", name, value));
	}
	return 0;
}
