/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text to nodes to structs and back: places, refusals, tables. */
#include "json/encode.h"
#include "lc_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct text_case {
	const char *text, *want;
};

static const char *parse_error(struct arena *a, const char *text, size_t len)
{
	struct lc_error e = { 0 };
	struct json *root;

	return json_parse(a, "c", text, len, NULL, &root, &e) < 0 ? arena_strdup(a, e.msg)
								  : "accepted";
}

TEST(text_that_is_not_json_is_refused_with_its_place)
{
	static const struct text_case cases[] = {
		{ "", "c: the file is empty" },
		{ " \n\t", "c: the file is empty" },
		{ "{", "c:1:2: the text ends in the middle" },
		{ "{\n\"a\":", "c:2:5: the text ends in the middle" },
		{ "{\"a\": 1", "c:1:8: the text ends in the middle" },
		{ "{\"a\": \"x", "c:1:7: the text ends in the middle" },
		{ "{\"a\": 1} x", "c:1:10: something follows the end of the value" },
		{ "{} {}", "c:1:4: something follows the end of the value" },
		{ "{\"a\": 1,}", "c:1:9: expected a name in quotes" },
		{ "{\n  \"a\" 1\n}", "c:2:7: expected ':'" },
		{ "{\"a\" 1", "c:1:6: expected ':'" },
		{ "[1 2]", "c:1:4: expected ',' or ']'" },
		{ "[01]", "c:1:3: expected ',' or ']'" },
		{ "{\"a\":1 \"b\":2}", "c:1:8: expected ',' or '}'" },
		{ "{\n\t\"a\": tru\n}", "c:2:7: expected a value" },
		{ "{\"a\":}", "c:1:6: expected a value" },
		{ "{\"a\":.5}", "c:1:6: expected a value" },
		{ "{\"a\":-}", "c:1:6: not JSON: malformed number, a digit is required after the "
			       "minus sign" },
		{ "[1,,2]", "c:1:4: expected a value" },
		{ "{'a': 1}", "c:1:2: expected a value" },
		{ "/* c */ {}", "c:1:1: comments are not JSON" },
		{ "\xef\xbb\xbf{}", "c:1:1: expected a value" },
		{ "{\"a\": \"x\ny\"}", "c:1:7: control character in a string" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_arena a = { 0 };

		CHECK_STR(parse_error(&a, cases[i].text, strlen(cases[i].text)), cases[i].want);
	}
}

TEST(members_and_strings_that_are_refused_are_named)
{
	static const struct text_case cases[] = {
		{ "{\"a\":{\"b\":1,\n \"b\":2}}", "c:2:6: a.b: member given twice" },
		{ "{\"a\":[{},{\"b\":1,\"\\u0062\":2}]}", "c:1:26: a[1].b: member given twice" },
		{ "{\"a\":{\"b\":1},\"a\":{\"b\":2}}", "c:1:18: a: member given twice" },
		{ "{\"a\":[1,\"\\u0000\"]}", "c:1:9: a[1]: NUL character in a string" },
		{ "{\"a\":[1,\"x\\u0000y\"]}", "c:1:9: a[1]: NUL character in a string" },
		{ "{\"a\\u0000\":1}", "c:1:2: (name): NUL character in a string" },
		{ "{\"a\":\"\\ud800\"}", "c:1:6: a: half of a surrogate pair" },
		{ "{\"a\":\"\\udc00\"}", "c:1:6: a: text that is not UTF-8" },
		{ "{\"a\":\"\\ud800\\u0041\"}", "c:1:6: a: half of a surrogate pair" },
		{ "{\"a\":\"\\ud800\\ud800\"}", "c:1:6: a: half of a surrogate pair" },
		{ "{\"a\":\"\xff\"}", "c:1:6: text that is not UTF-8" },
		{ "{\"a\":\"\xc0\xaf\"}", "c:1:6: a: text that is not UTF-8" }, /* overlong '/' */
		{ "{\"a\":\"\xed\xa0\x80\"}", "c:1:6: a: text that is not UTF-8" },
		{ "{\"a\":\"\xf4\x90\x80\x80\"}", "c:1:6: a: text that is not UTF-8" },
		{ "{\"a\xc0\xaf\":1}", "c:1:2: (name): text that is not UTF-8" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_arena a = { 0 };

		CHECK_STR(parse_error(&a, cases[i].text, strlen(cases[i].text)), cases[i].want);
	}
}

TEST(a_nul_byte_is_no_end)
{
	static const char text[] = "{\"a\":1}\0x";
	auto_arena a = { 0 };

	CHECK_CONTAINS(parse_error(&a, text, sizeof(text) - 1), "c:1:8: ");
}

TEST(escapes_are_decoded)
{
	static const char text[] =
		"[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\", \"\\\\ud800\"]";
	auto_arena a = { 0 };
	struct lc_error e;
	struct json *root;

	CHECK_OK(json_parse(&a, "c", text, strlen(text), NULL, &root, &e), &e);
	CHECK_STR(root->child->text, "\"\\/\b\f\n\r\t\u00e9\U0001f600");
	CHECK_STR(root->child->next->text, "\\ud800");
}

static const char *nested(struct arena *a, size_t depth)
{
	char *s = arena_alloc(a, 2 * depth + 1);

	memset(s, '[', depth);
	memset(s + depth, ']', depth);
	return s;
}

TEST(nesting_ends_at_64)
{
	auto_arena a = { 0 };

	CHECK_STR(parse_error(&a, nested(&a, 64), 128), "accepted");
	CHECK_CONTAINS(parse_error(&a, nested(&a, 65), 130), "c:1:65: [0][0]");
	CHECK_CONTAINS(parse_error(&a, nested(&a, 65), 130), ": nested too deeply");
	CHECK_CONTAINS(parse_error(&a, nested(&a, 100000), 200000), ": nested too deeply");
}

TEST(places_are_those_of_the_values)
{
	static const char text[] = "{ \"a\" : 1,\r\n\t\"b\":[true,\n  \"x\"] , \"c\":{}\n}";
	static const struct {
		const char *path;
		uint32_t line, column;
	} cases[] = {
		{ "", 1, 1 },	  { "a", 1, 9 },      { "b", 2, 6 },
		{ "b[0]", 2, 7 }, { "b[1]", 3, 3 },   { "c", 3, 14 },
		{ "b[7]", 2, 6 }, { "c.d.e", 3, 14 }, { "z", 1, 1 },
	};
	auto_arena a = { 0 };
	struct lc_error e;
	struct json *root;

	CHECK_OK(json_parse(&a, "c", text, strlen(text), NULL, &root, &e), &e);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct json *v = json_lookup(root, cases[i].path);

		if (v->line != cases[i].line || v->column != cases[i].column)
			FAIL("%s: %u:%u, wanted %u:%u", cases[i].path, v->line, v->column,
			     cases[i].line, cases[i].column);
	}
}

TEST(a_number_alone_has_its_place)
{
	auto_arena a = { 0 };
	struct lc_error e;
	struct json *root;

	CHECK_OK(json_parse(&a, "c", "\n  42", 5, NULL, &root, &e), &e);
	CHECK_STR(root->text, "42");
	CHECK_INT(root->line, 2);
	CHECK_INT(root->column, 3);
}

TEST(keys_with_dots_are_found)
{
	static const char text[] = "{\"m\":{\"a\":1,\"a.b\":2,\"a.b[0]\":3,\"x\":{\"y\":4}}}";
	static const struct text_case cases[] = {
		{ "m.a", "1" },	  { "m.a.b", "2" }, { "m.a.b[0]", "3" },
		{ "m.x.y", "4" }, { "M.X.Y", "4" },
	};
	auto_arena a = { 0 };
	struct lc_error e;
	struct json *root;

	CHECK_OK(json_parse(&a, "c", text, strlen(text), NULL, &root, &e), &e);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		CHECK_STR(json_lookup(root, cases[i].text)->text, cases[i].want);
}

/* Tables. */

enum colour { RED = 1, GREEN, BLUE };

struct wheel {
	char *key;
	struct opt_u32 size;
};

struct part {
	char *name;
	uint32_t weight;
};

struct thing {
	char *name;
	char letter;
	bool flag;
	uint8_t u8;
	uint32_t u32;
	int32_t i32;
	int64_t i64;
	uint64_t u64;
	struct opt_bool opt_flag;
	struct opt_u32 opt_u32;
	struct opt_i32 opt_i32;
	struct opt_i64 opt_i64;
	struct opt_u64 opt_u64;
	enum colour colour;
	LIST_OF(enum colour) colours;
	struct strs strs;
	struct u32s u32s;
	uint64_t words[2];
	struct bytes bytes;
	struct pairs pairs;
	struct part *object, embedded, both[2];
	LIST_OF(struct part) objects;
	LIST_OF(struct wheel) wheels;
	struct opt_i64 narrow;
};

static const struct word colour_words[] = {
	{ "red", RED }, { "green", GREEN }, { "blue", BLUE }, {}
};

static const struct field wheel_fields[] = { F_OPT_U32(struct wheel, size), {} };
static SHAPE(wheel);

static const struct field part_fields[] = {
	F_STRING(struct part, name, REQUIRED),
	F_U32(struct part, weight, OMIT_ZERO),
	{},
};
static SHAPE(part);

static const char *not_bad(const char *s)
{
	return strcmp(s, "bad") ? NULL : "expected something good";
}

static const struct field thing_fields[] = {
	F_STRING(struct thing, name, OR_EMPTY, VALID(not_bad)),
	F_CHAR(struct thing, letter),
	F_BOOL(struct thing, flag, OMIT_ZERO),
	F_U8(struct thing, u8, OMIT_ZERO),
	F_U32(struct thing, u32, OMIT_ZERO),
	F_I32(struct thing, i32, OMIT_ZERO),
	F_I64(struct thing, i64, OMIT_ZERO),
	F_U64(struct thing, u64, OMIT_ZERO),
	F_OPT_BOOL(struct thing, opt_flag),
	F_OPT_U32(struct thing, opt_u32),
	F_OPT_I32(struct thing, opt_i32),
	F_OPT_I64(struct thing, opt_i64),
	F_OPT_U64(struct thing, opt_u64),
	F_ENUM(struct thing, colour, colour_words),
	F_ENUMS(struct thing, colours, colour_words),
	F_STRS(struct thing, strs, VALID(not_bad)),
	F_U32S(struct thing, u32s),
	F_U64_ARRAY(struct thing, words, OMIT_ZERO),
	F_BYTES(struct thing, bytes),
	F_PAIRS(struct thing, pairs, VALID(not_bad)),
	F_OBJECT(struct thing, object, part),
	F_STRUCT(struct thing, embedded, part, OMIT_ZERO),
	F_STRUCT_ARRAY(struct thing, both, part, OMIT_ZERO),
	F_OBJECTS(struct thing, objects, part),
	F_OBJECT_MAP(struct thing, wheels, wheel, VALID(not_bad)),
	F_OPT_I64(struct thing, narrow, RANGE(-1, 7)),
	{},
};
static SHAPE(thing);

/* Reads and writes. */
static const char *round_trip(struct arena *a, const char *text)
{
	struct thing t = { 0 };
	struct lc_error e;
	size_t len;

	if (decode_text(a, "c", text, strlen(text), &thing_shape, &t, NULL, &e) < 0)
		return arena_strdup(a, e.msg);
	return encode(a, &thing_shape, &t, 0, &len);
}

TEST(what_is_read_is_written)
{
	static const char *const cases[] = {
		"{}",
		"{\"name\":\"n\",\"letter\":\"x\",\"flag\":true,\"u8\":255,\"u32\":4294967295}",
		"{\"i32\":-2147483648,\"i64\":-9223372036854775808,\"u64\":18446744073709551615}",
		"{\"i32\":2147483647,\"i64\":9223372036854775807}",
		"{\"opt_flag\":false,\"opt_u32\":0,\"opt_i32\":0,\"opt_i64\":0,\"opt_u64\":0}",
		"{\"opt_flag\":true,\"opt_u32\":4294967295,\"opt_i32\":-1,\"opt_i64\":-1}",
		"{\"opt_u64\":18446744073709551615,\"narrow\":-1}",
		"{\"colour\":\"green\",\"colours\":[\"red\",\"red\",\"blue\"]}",
		"{\"colours\":[],\"strs\":[],\"u32s\":[],\"pairs\":{}}",
		"{\"objects\":[],\"wheels\":{}}",
		"{\"strs\":[\"\",\"a\"],\"u32s\":[0,4294967295],\"words\":[1,0]}",
		"{\"pairs\":{\"b\":\"1\",\"a\":\"\"}}",
		"{\"object\":{\"name\":\"o\",\"weight\":7},\"embedded\":{\"name\":\"e\"}}",
		"{\"both\":[{\"name\":\"1\"},{\"name\":\"2\"}]}",
		"{\"objects\":[{\"name\":\"1\"},{\"name\":\"2\",\"weight\":3}]}",
		"{\"wheels\":{\"left\":{\"size\":0},\"right\":{}}}",
		"{\"bytes\":\"\"}",
		"{\"bytes\":\"AA==\"}",
		"{\"bytes\":\"/+8=\"}",
		"{\"bytes\":\"AAEC\"}",
		"{\"bytes\":\"AAECAw==\"}",
		"{\"name\":\"\\\"\\\\/\\n\\t\\u0001\\u001f\u00e9\U0001f600\"}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_arena a = { 0 };

		CHECK_STR(round_trip(&a, cases[i]), cases[i]);
	}
}

TEST(absent_null_and_empty)
{
	static const struct text_case cases[] = {
		{ "{\"name\":null,\"u32\":null,\"strs\":null,\"object\":null,\"pairs\":null}",
		  "{}" },
		{ "{\"name\":\"\"}", "{}" }, /* OR_EMPTY */
		{ "{\"object\":{\"name\":\"\"}}", "{\"object\":{\"name\":\"\"}}" },
		{ "{\"object\":{\"name\":null}}", "c:1:11: object.name: required, but missing" },
		{ "{\"object\":{}}", "c:1:11: object.name: required, but missing" },
		{ "{\"strs\":[null]}", "c:1:10: strs[0]: expected a string, found null" },
		{ "{\"pairs\":{\"a\":null}}", "c:1:15: pairs.a: expected a string, found null" },
		{ "{\"wheels\":{\"a\":null}}", "c:1:16: wheels.a: expected an object, found null" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_arena a = { 0 };

		CHECK_STR(round_trip(&a, cases[i].text), cases[i].want);
	}
}

TEST(wrong_values_name_the_path)
{
	static const struct text_case cases[] = {
		{ "7", "c:1:1: expected an object, found 7" },
		{ "{\"name\":7}", "c:1:9: name: expected a string, found 7" },
		{ "{\"name\":\"bad\"}",
		  "c:1:9: name: expected something good, found the string \"bad\"" },
		{ "{\"strs\":[\"a\",\"bad\"]}",
		  "c:1:14: strs[1]: expected something good, found the string \"bad\"" },
		{ "{\"pairs\":{\"bad\":\"bad\"}}",
		  "c:1:17: pairs.bad: expected something good, found the name \"bad\"" },
		{ "{\"wheels\":{\"bad\":{}}}",
		  "c:1:18: wheels.bad: expected something good, found the name \"bad\"" },
		{ "{\"letter\":\"xy\"}",
		  "c:1:11: letter: expected one character, found the string \"xy\"" },
		{ "{\"letter\":\"\"}",
		  "c:1:11: letter: expected one character, found the empty string" },
		{ "{\"flag\":\"true\"}",
		  "c:1:9: flag: expected true or false, found the string \"true\"" },
		{ "{\"flag\":1}", "c:1:9: flag: expected true or false, found 1" },
		{ "{\"u8\":256}", "c:1:7: u8: expected an integer from 0 to 255, found 256" },
		{ "{\"u32\":-1}",
		  "c:1:8: u32: expected an integer from 0 to 4294967295, found -1" },
		{ "{\"u32\":\"64M\"}",
		  "c:1:8: u32: expected an integer, found the string \"64M\"" },
		{ "{\"u32\":1.5}", "c:1:8: u32: expected an integer, found 1.5" },
		{ "{\"u32\":1e2}", "c:1:8: u32: expected an integer, found 1e2" },
		{ "{\"i32\":2147483648}",
		  "c:1:8: i32: expected an integer from -2147483648 to 2147483647, found "
		  "2147483648" },
		{ "{\"i64\":9223372036854775808}",
		  "c:1:8: i64: expected an integer from -9223372036854775808 to "
		  "9223372036854775807, found 9223372036854775808" },
		{ "{\"i64\":-9223372036854775809}",
		  "c:1:8: i64: expected an integer from -9223372036854775808 to "
		  "9223372036854775807, found -9223372036854775809" },
		{ "{\"u64\":18446744073709551616}",
		  "c:1:8: u64: expected an integer from 0 to 18446744073709551615, found "
		  "18446744073709551616" },
		{ "{\"narrow\":8}", "c:1:11: narrow: expected an integer from -1 to 7, found 8" },
		{ "{\"narrow\":-2}", "c:1:11: narrow: expected an integer from -1 to 7, found -2" },
		{ "{\"colour\":\"gren\"}", "c:1:11: colour: expected one of red, green, blue, "
					   "found the string \"gren\"" },
		{ "{\"colour\":1}", "c:1:11: colour: expected one of red, green, blue, found 1" },
		{ "{\"colours\":\"red\"}",
		  "c:1:12: colours: expected an array of strings, found the string \"red\"" },
		{ "{\"u32s\":{}}", "c:1:9: u32s: expected an array of integers, found an object" },
		{ "{\"u32s\":[1,\"2\"]}",
		  "c:1:12: u32s[1]: expected an integer, found the string \"2\"" },
		{ "{\"words\":[1]}", "c:1:10: words: expected an array of 2 elements, found 1" },
		{ "{\"both\":[{},{\"name\":\"x\"}]}",
		  "c:1:10: both[0].name: required, but missing" },
		{ "{\"object\":[]}", "c:1:11: object: expected an object, found an array" },
		{ "{\"objects\":{}}",
		  "c:1:12: objects: expected an array of objects, found an object" },
		{ "{\"objects\":[{\"name\":\"a\"},7]}",
		  "c:1:26: objects[1]: expected an object, found 7" },
		{ "{\"wheels\":[]}", "c:1:11: wheels: expected an object, found an array" },
		{ "{\"wheels\":{\"a\":{\"size\":-1}}}",
		  "c:1:24: wheels.a.size: expected an integer from 0 to 4294967295, found -1" },
		{ "{\"bytes\":\"AA=\"}",
		  "c:1:10: bytes: expected bytes in base64, found the string \"AA=\"" },
		{ "{\"bytes\":\"AB==\"}", /* bits that are no byte's */
		  "c:1:10: bytes: expected bytes in base64, found the string \"AB==\"" },
		{ "{\"bytes\":\"A*==\"}",
		  "c:1:10: bytes: expected bytes in base64, found the string \"A*==\"" },
		{ "{\"bytes\":\"AA==AAAA\"}",
		  "c:1:10: bytes: expected bytes in base64, found the string \"AA==AAAA\"" },
		{ "{\"u32\":1,\"U32\":2}",
		  "c:1:16: u32: member given twice, as \"u32\" and as \"U32\"" },
		{ "{\"name\":[\"\\n\"]}", "c:1:9: name: expected a string, found an array" },
		{ "{\"colour\":\"a\\n\\u001b[1m\xc2\x85\"}",
		  "c:1:11: colour: expected one of red, green, blue, found the string "
		  "\"a\\n\\x1b[1m\\xc2\\x85\"" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_arena a = { 0 };

		CHECK_STR(round_trip(&a, cases[i].text), cases[i].want);
	}
}

struct heard {
	struct arena a;
	struct buf all;
};

static void hear(void *ctx, const struct remark *r)
{
	static const char *const kinds[] = { "error", "warning", "unknown" };
	struct heard *h = ctx;
	char text[512];

	buf_addf(&h->all, "%s: %s\n", kinds[r->kind], remark_text(r, text, sizeof(text)));
}

TEST(reading_goes_on_after_an_error)
{
	static const char text[] = "{\"u8\":-1,\n\"FLAG\":true,\n\"nam0\":0,\n\"u32\":\"x\",\n"
				   "\"object\":{\"weight0\":1}}";
	struct heard h = { 0 };
	struct report report = { hear, &h };
	struct thing t = { 0 };
	struct lc_error e;

	h.all.arena = &h.a;
	CHECK(decode_text(&h.a, "c", text, strlen(text), &thing_shape, &t, &report, &e) < 0);
	CHECK_STR(e.msg, "c:1:7: u8: expected an integer from 0 to 255, found -1");
	CHECK_INT(e.code, LC_ECONFIG);
	CHECK_STR(h.all.str,
		  "error: c:1:7: u8: expected an integer from 0 to 255, found -1\n"
		  "warning: c:2:8: flag: written as \"FLAG\": upper and lower case differ\n"
		  "unknown: c:3:8: nam0: unknown property, ignored; did you mean \"name\"?\n"
		  "error: c:4:7: u32: expected an integer, found the string \"x\"\n"
		  "unknown: c:5:21: object.weight0: unknown property, ignored; did you mean "
		  "\"weight\"?\n"
		  "error: c:5:10: object.name: required, but missing\n");
	CHECK(t.flag);
	arena_free(&h.a);
}

TEST(an_error_of_the_grammar_is_reported_too)
{
	struct heard h = { 0 };
	struct report report = { hear, &h };
	struct thing t = { 0 };
	struct lc_error e;

	h.all.arena = &h.a;
	CHECK(decode_text(&h.a, "c", "{]", 2, &thing_shape, &t, &report, &e) < 0);
	CHECK_STR(h.all.str, "error: c:1:2: expected a name in quotes\n");
	arena_free(&h.a);
}

/* A document of @n members whose names are alike for long: n keys of 60 bytes. */
static char *many_members(struct arena *a, size_t n)
{
	struct buf b = { .arena = a };

	buf_add(&b, "{");
	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "%s\"%050zu\":\"x\"", i ? "," : "", i);
	buf_add(&b, "}");
	return b.str;
}

TEST(many_members_take_no_more_than_linear_time)
{
	auto_arena a = { 0 };
	struct heard h = { 0 };
	struct report report = { hear, &h };
	char *text = many_members(&a, 100000);
	clock_t start = clock();
	struct thing t = { 0 };
	struct lc_error e;

	h.all.arena = &h.a;
	CHECK_OK(decode_text(&a, "c", text, strlen(text), &thing_shape, &t, &report, &e), &e);
	CHECK((clock() - start) / CLOCKS_PER_SEC < 10); /* 100000 squared takes minutes */
	memcpy(text + 2, text + 2 + 99999 * 57, 50); /* the first has the name of the last */
	CHECK(decode_text(&a, "c", text, strlen(text), &thing_shape, &t, &report, &e) < 0);
	CHECK_CONTAINS(e.msg, "member given twice");
	arena_free(&h.a);
}

TEST(text_is_printable_in_messages)
{
	static const struct text_case cases[] = {
		{ "plain", "plain" },
		{ "a\nb\tc\x1b\x7f", "a\\nb\\tc\\x1b\\x7f" },
		{ "\xc3\xa9 \xff\xc3", "\xc3\xa9 \\xff\\xc3" },
		{ "0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef" },
		{ "0123456789abcdef0123456789abcdef0123456789",
		  "0123456789abcdef0123456789abcdef012..." },
		{ "0123456789abcdef0123456789abcdef01\xc3\xa9\xc3\xa9\xc3\xa9",
		  "0123456789abcdef0123456789abcdef01..." },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char buf[39];

		CHECK_STR(json_printable(cases[i].text, buf, sizeof(buf)), cases[i].want);
	}
}

TEST(the_writer_makes_json)
{
	static const char want[] = "{\n"
				   "  \"s\": \"a/b\",\n"
				   "  \"none\": null,\n"
				   "  \"list\": [\n"
				   "    -1,\n"
				   "    true,\n"
				   "    0.25\n"
				   "  ],\n"
				   "  \"empty\": [],\n"
				   "  \"bad\": \"x\xef\xbf\xbdy\"\n"
				   "}";
	auto_arena a = { 0 };
	struct json_writer w = { .out = { .arena = &a }, .indent = 2 };
	struct json *root;
	struct lc_error e;

	json_open(&w, NULL, '{');
	json_add_string(&w, "s", "a/b");
	json_add_string(&w, "none", NULL);
	json_open(&w, "list", '[');
	json_add_i64(&w, NULL, -1);
	json_add_bool(&w, NULL, true);
	json_add_double(&w, NULL, 0.25);
	json_close(&w, ']');
	json_open(&w, "empty", '[');
	json_close(&w, ']');
	json_add_string(&w, "bad", "x\xffy");
	json_close(&w, '}');
	CHECK_STR(w.out.str, want);
	CHECK_OK(json_parse(&a, "c", w.out.str, w.out.len, NULL, &root, &e), &e);
}

TEST(indented_text_ends_with_a_newline)
{
	auto_arena a = { 0 };
	struct part p = { .name = arena_strdup(&a, "n") };
	size_t len;

	CHECK_STR(encode(&a, &part_shape, &p, 4, &len), "{\n    \"name\": \"n\"\n}\n");
	CHECK_INT((long long)len, 20);
}
