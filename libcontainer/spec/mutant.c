/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One row of the tables taken away, or one member of a decoded configuration forgotten. */
#include "spec/mutant.h"
#include "base/str.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The path of the mutant if it is of this kind and of this document, or NULL. */
static const char *mutant_of(const char *kind, const char *prefix)
{
	const char *path = getenv("HULL_MUTANT");

	if (!path || !str_starts(path, kind))
		return NULL;
	path += strlen(kind);
	return str_starts(path, prefix) ? path + strlen(prefix) : NULL;
}

/* The row that a path begins with, and what of the path is below it: "[]" and ".<any>" are its own.
 */
static const struct field *row_of(const struct shape *shape, const char *path, const char **below)
{
	const size_t n = strcspn(path, ".[");
	const struct field *f = shape->fields;

	while (f->name && (strlen(f->name) != n || memcmp(f->name, path, n) != 0))
		f++;
	path += n;
	if (str_starts(path, "[]"))
		path += 2;
	else if (str_starts(path, ".<"))
		path = strchr(path, '>') + 1;
	*below = path + (*path == '.');
	return f->name ? f : NULL;
}

static size_t n_rows(const struct shape *shape)
{
	size_t n = 0;

	while (shape->fields[n].name)
		n++;
	return n;
}

static const struct shape *without(struct arena *a, const struct shape *shape, const char *path)
{
	const size_t n = n_rows(shape);
	struct field *rows = arena_array(a, n + 1, sizeof(*rows)), *to = rows;
	struct shape *copy = arena_alloc(a, sizeof(*copy));
	const char *below;
	const struct field *gone = row_of(shape, path, &below);

	for (const struct field *f = shape->fields; f->name; f++) {
		if (f == gone && !*below)
			continue;
		*to = *f;
		if (f == gone && f->shape)
			to->shape = without(a, f->shape, below);
		to++;
	}
	*copy = (struct shape){ shape->size, rows };
	return copy;
}

const struct shape *mutant_shape(struct arena *a, const struct shape *shape, const char *prefix)
{
	const char *path = mutant_of("unread:", prefix);

	return path ? without(a, shape, path) : shape;
}

static size_t size_of(const struct field *f)
{
	static const size_t sizes[] = {
		[K_STRING] = sizeof(char *),
		[K_CHAR] = sizeof(char),
		[K_BOOL] = sizeof(bool),
		[K_U8] = sizeof(uint8_t),
		[K_U32] = sizeof(uint32_t),
		[K_I32] = sizeof(int32_t),
		[K_I64] = sizeof(int64_t),
		[K_U64] = sizeof(uint64_t),
		[K_OPT_BOOL] = sizeof(struct opt_bool),
		[K_OPT_U32] = sizeof(struct opt_u32),
		[K_OPT_I32] = sizeof(struct opt_i32),
		[K_OPT_I64] = sizeof(struct opt_i64),
		[K_OPT_U64] = sizeof(struct opt_u64),
		[K_ENUM] = sizeof(int),
		[K_ENUMS] = sizeof(LIST_OF(int)),
		[K_STRS] = sizeof(struct strs),
		[K_U32S] = sizeof(struct u32s),
		[K_PAIRS] = sizeof(struct pairs),
		[K_OBJECT] = sizeof(void *),
		[K_OBJECTS] = sizeof(LIST_OF(char)),
		[K_OBJECT_MAP] = sizeof(LIST_OF(char)),
	};

	assert((size_t)f->kind < ARRAY_SIZE(sizes) && sizes[f->kind]); /* spec.h has no others */
	return sizes[f->kind];
}

static void forget(const struct shape *shape, char *object, const char *path)
{
	const char *below;
	const struct field *f = row_of(shape, path, &below);
	char *member = f ? object + f->offset : NULL;
	LIST_OF(char) list = { NULL, 0 };

	if (!f)
		return;
	if (!*below) {
		memset(member, 0, size_of(f));
		return;
	}
	if (f->kind == K_OBJECT) {
		memcpy(&list.v, member, sizeof(list.v));
		list.n = list.v != NULL;
	} else if (f->kind == K_OBJECTS || f->kind == K_OBJECT_MAP) {
		memcpy(&list, member, sizeof(list));
	}
	for (size_t i = 0; i < list.n; i++)
		forget(f->shape, list.v + i * f->shape->size, below);
}

void mutant_forget(const struct shape *shape, const char *prefix, void *decoded)
{
	const char *path = mutant_of("unused:", prefix);

	if (path)
		forget(shape, decoded, path);
}
