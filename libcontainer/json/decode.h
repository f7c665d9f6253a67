/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tables between JSON and structs: a struct shape lists the members of one struct, the decoder and
 * the encoder are one loop over it each.  Whoever has a struct to read or print writes a table:
 *
 *	struct pet { char *name; struct opt_u32 age; LIST_OF(struct toy) toys; };
 *
 *	static const struct field pet_fields[] = {
 *		F_STRING(struct pet, name, REQUIRED),
 *		F_OPT_U32(struct pet, age, RANGE(0, 40)),
 *		F_OBJECTS(struct pet, toys, toy),	(struct toy, toy_shape)
 *		{},
 *	};
 *	SHAPE(pet);
 *
 * A member of the struct has the name it has in JSON (F_OBJECT_AS where C forbids that); a member
 * of another type than the macro says does not compile.  null is absent; absent members keep what
 * the struct held before, which is zero unless the caller put defaults there.
 */
#ifndef LC_DECODE_H
#define LC_DECODE_H

#include "json/json.h"
#include <stddef.h>

/* Optional scalars say whether they were given. */
struct opt_bool {
	bool set, v;
};
struct opt_u32 {
	bool set;
	uint32_t v;
};
struct opt_i32 {
	bool set;
	int32_t v;
};
struct opt_i64 {
	bool set;
	int64_t v;
};
struct opt_u64 {
	bool set;
	uint64_t v;
};

/* Lists: v == NULL means absent; an empty one that was given has v != NULL and n == 0. */
#define LIST_OF(type) \
	struct { \
		type *v; \
		size_t n; \
	}

/* v[n] is NULL, as execve wants it. */
struct strs {
	char **v;
	size_t n;
};
struct u32s {
	uint32_t *v;
	size_t n;
};
struct bytes {
	uint8_t *v;
	size_t n;
};
struct pair {
	char *key, *value;
};
struct pairs {
	struct pair *v;
	size_t n;
};

enum kind {
	K_STRING, /* char *; NULL: absent */
	K_CHAR, /* char, a string of one character; 0: absent */
	K_BOOL, /* bool */
	K_U8, /* uint8_t */
	K_U32, /* uint32_t */
	K_I32, /* int32_t, int */
	K_I64, /* int64_t */
	K_U64, /* uint64_t */
	K_OPT_BOOL, /* struct opt_bool */
	K_OPT_U32, /* struct opt_u32 */
	K_OPT_I32, /* struct opt_i32 */
	K_OPT_I64, /* struct opt_i64 */
	K_OPT_U64, /* struct opt_u64 */
	K_ENUM, /* any enum; a value that has no word is not written */
	K_ENUMS, /* LIST_OF(enum x) */
	K_FLAGS, /* uint64_t; an array of words for masks, and a number for what has no word */
	K_BITS, /* the same, but the words are for numbers of bits */
	K_STRS, /* struct strs */
	K_U32S, /* struct u32s */
	K_U64_ARRAY, /* uint64_t [count] */
	K_BYTES, /* struct bytes; base64 */
	K_PAIRS, /* struct pairs; an object with string values */
	K_OBJECT, /* struct x *; NULL: absent */
	K_STRUCT, /* struct x, embedded */
	K_STRUCT_ARRAY, /* struct x [count], embedded; exactly so many elements */
	K_OBJECTS, /* LIST_OF(struct x) */
	K_OBJECT_MAP, /* LIST_OF(struct x) whose first member is char *key: an object of objects */
};

/* The words of an enum; a table ends with {}. */
struct word {
	const char *name;
	int value;
};

struct shape;

struct field {
	const char *name;
	enum kind kind;
	bool required; /* an error when absent */
	bool omit_zero; /* not written when zero, false or empty */
	bool or_empty; /* the empty string is absent, as Go's decoder has it */
	bool ranged; /* min and max count: smaller and larger numbers are refused */
	size_t offset;
	size_t count; /* K_..._ARRAY */
	int64_t min;
	uint64_t max;
	const struct shape *shape; /* K_OBJECT... and K_STRUCT... */
	const struct word *words; /* K_ENUM, K_ENUMS, K_FLAGS, K_BITS */
	/* NULL, or says what is wrong with a string (also with each of a list, and with each key of
	 * a map): "expected an absolute path" */
	const char *(*check)(const char *text);
};

struct shape {
	size_t size;
	const struct field *fields; /* ends with an empty one */
};

/* Options of a field, written behind the others. */
#define REQUIRED      .required = true
#define OMIT_ZERO     .omit_zero = true
#define OR_EMPTY      .or_empty = true
#define RANGE(lo, hi) .ranged = true, .min = (lo), .max = (hi)
#define VALID(fn)     .check = (fn)

/* Zero when the condition holds, else it does not compile. */
#define FIELD_SAME_(cond)   (0 * sizeof(char[(cond) ? 1 : -1]))
#define FIELD_MEMBER_(T, m) (((T *)0)->m)
#define FIELD_IS_(T, m, C) \
	FIELD_SAME_(__builtin_types_compatible_p(__typeof__(FIELD_MEMBER_(T, m)), C))
#define FIELD_(T, m, C, ...) \
	{ \
		.name = #m, .offset = offsetof(T, m) + FIELD_IS_(T, m, C), __VA_ARGS__ \
	}

#define F_STRING(T, m, ...)   FIELD_(T, m, char *, .kind = K_STRING, ##__VA_ARGS__)
#define F_CHAR(T, m, ...)     FIELD_(T, m, char, .kind = K_CHAR, ##__VA_ARGS__)
#define F_BOOL(T, m, ...)     FIELD_(T, m, bool, .kind = K_BOOL, ##__VA_ARGS__)
#define F_U8(T, m, ...)	      FIELD_(T, m, uint8_t, .kind = K_U8, ##__VA_ARGS__)
#define F_U32(T, m, ...)      FIELD_(T, m, uint32_t, .kind = K_U32, ##__VA_ARGS__)
#define F_I32(T, m, ...)      FIELD_(T, m, int32_t, .kind = K_I32, ##__VA_ARGS__)
#define F_I64(T, m, ...)      FIELD_(T, m, int64_t, .kind = K_I64, ##__VA_ARGS__)
#define F_U64(T, m, ...)      FIELD_(T, m, uint64_t, .kind = K_U64, ##__VA_ARGS__)
#define F_OPT_BOOL(T, m, ...) FIELD_(T, m, struct opt_bool, .kind = K_OPT_BOOL, ##__VA_ARGS__)
#define F_OPT_U32(T, m, ...)  FIELD_(T, m, struct opt_u32, .kind = K_OPT_U32, ##__VA_ARGS__)
#define F_OPT_I32(T, m, ...)  FIELD_(T, m, struct opt_i32, .kind = K_OPT_I32, ##__VA_ARGS__)
#define F_OPT_I64(T, m, ...)  FIELD_(T, m, struct opt_i64, .kind = K_OPT_I64, ##__VA_ARGS__)
#define F_OPT_U64(T, m, ...)  FIELD_(T, m, struct opt_u64, .kind = K_OPT_U64, ##__VA_ARGS__)
#define F_STRS(T, m, ...)     FIELD_(T, m, struct strs, .kind = K_STRS, ##__VA_ARGS__)
#define F_U32S(T, m, ...)     FIELD_(T, m, struct u32s, .kind = K_U32S, ##__VA_ARGS__)
#define F_BYTES(T, m, ...)    FIELD_(T, m, struct bytes, .kind = K_BYTES, ##__VA_ARGS__)
#define F_PAIRS(T, m, ...)    FIELD_(T, m, struct pairs, .kind = K_PAIRS, ##__VA_ARGS__)

/* @w: the table of words. */
#define F_ENUM(T, m, w, ...) \
	{ \
		.name = #m, .kind = K_ENUM, .words = (w), \
		.offset = \
			offsetof(T, m) + FIELD_SAME_(sizeof(FIELD_MEMBER_(T, m)) == sizeof(int)), \
		##__VA_ARGS__ \
	}
#define F_ENUMS(T, m, w, ...) \
	{ \
		.name = #m, .kind = K_ENUMS, .words = (w), \
		.offset = offsetof(T, m) + \
			  FIELD_SAME_(sizeof(*FIELD_MEMBER_(T, m).v) == sizeof(int)), \
		##__VA_ARGS__ \
	}
#define F_FLAGS(T, m, w, ...) FIELD_(T, m, uint64_t, .kind = K_FLAGS, .words = (w), ##__VA_ARGS__)
#define F_BITS(T, m, w, ...)  FIELD_(T, m, uint64_t, .kind = K_BITS, .words = (w), ##__VA_ARGS__)
#define F_U64_ARRAY(T, m, ...) \
	{ \
		.name = #m, .kind = K_U64_ARRAY, .count = ARRAY_SIZE(FIELD_MEMBER_(T, m)), \
		.offset = offsetof(T, m) + FIELD_IS_(T, m[0], uint64_t), ##__VA_ARGS__ \
	}

/* @s: the struct's name; its table is s_shape. */
#define F_OBJECT(T, m, s, ...) F_OBJECT_AS(T, #m, m, s, ##__VA_ARGS__)
#define F_OBJECT_AS(T, as, m, s, ...) \
	{ \
		.name = (as), .kind = K_OBJECT, .shape = &s##_shape, \
		.offset = offsetof(T, m) + FIELD_IS_(T, m, struct s *), ##__VA_ARGS__ \
	}
#define F_STRUCT(T, m, s, ...) \
	FIELD_(T, m, struct s, .kind = K_STRUCT, .shape = &s##_shape, ##__VA_ARGS__)
#define F_STRUCT_ARRAY(T, m, s, ...) \
	{ \
		.name = #m, .kind = K_STRUCT_ARRAY, .shape = &s##_shape, \
		.count = ARRAY_SIZE(FIELD_MEMBER_(T, m)), \
		.offset = offsetof(T, m) + FIELD_IS_(T, m[0], struct s), ##__VA_ARGS__ \
	}
#define F_OBJECTS(T, m, s, ...) \
	{ \
		.name = #m, .kind = K_OBJECTS, .shape = &s##_shape, \
		.offset = offsetof(T, m) + FIELD_IS_(T, m.v, struct s *), ##__VA_ARGS__ \
	}
#define F_OBJECT_MAP(T, m, s, ...) \
	{ \
		.name = #m, .kind = K_OBJECT_MAP, .shape = &s##_shape, \
		.offset = offsetof(T, m) + FIELD_IS_(T, m.v, struct s *) + \
			  FIELD_SAME_(offsetof(struct s, key) == 0), \
		##__VA_ARGS__ \
	}

/* Defines s_shape of struct s from s_fields. */
#define SHAPE(s) const struct shape s##_shape = { sizeof(struct s), s##_fields }

/* Fills @out, a struct of @shape, from @root.  -1 when there was any error; @e has the first.
 * @report may be NULL. Strings are shared with the nodes. */
int decode(struct arena *a, const char *file, const struct json *root, const struct shape *shape,
	   void *out, const struct report *report, struct lc_error *e) lc_checked;

/* json_parse() and decode(). */
int decode_text(struct arena *a, const char *file, const char *text, size_t len,
		const struct shape *shape, void *out, const struct report *report,
		struct lc_error *e) lc_checked;

/* Base64 with its padding and nothing else; false when @text is something else. */
bool decode_base64(struct arena *a, const char *text, size_t len, struct bytes *out) lc_checked;

bool strs_have(const struct strs *list, const char *word);

/* The word of a value, or NULL; the value of a word in *value, or false. */
const char *word_name(const struct word *words, int value);
bool word_value(const struct word *words, const char *name, int *value);

#endif
