/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A list of chunks that are handed out from front to back, zeroed as they are: calloc() of some
 * libraries touches all of a chunk, of which often a small part is used. */
#include "base/arena.h"
#include "base/pages.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif

/* Under AddressSanitizer every allocation is a chunk of its own, so that overruns are seen. */
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
static const size_t first_size = 0, chunk_size = 0;
#else
static const size_t first_size = 1968, chunk_size = 256 << 10;
#endif

/* Large ones are pages of their own, made some at a time: what is not used of them is never
 * touched, while malloc() writes behind what it hands out.  The first ones of the first arenas are
 * there already: malloc() would begin with half a dozen system calls. */
enum origin { HEAP, MAPPED, POOL };

struct chunk {
	struct chunk *next;
	enum origin origin;
	size_t used, size;
	size_t made; /* MAPPED: pages exist up to here */
	alignas(max_align_t) char data[];
};

enum { POOL_CHUNKS = 16, POOL_BYTES = 2048, MAKE_AT_ONCE = 32 << 10 };

_Static_assert(sizeof(struct chunk) + 1968 <= POOL_BYTES, "a first chunk fits");

static struct {
	alignas(64) char chunk[POOL_CHUNKS][POOL_BYTES];
	atomic_uint taken; /* bit n: chunk n */
} pool;

/* NULL: all are in use. */
static struct chunk *pool_take(void)
{
	unsigned taken = atomic_load(&pool.taken), n;

	do {
		n = (unsigned)__builtin_ctz(~taken);
		if (n >= POOL_CHUNKS)
			return NULL;
	} while (!atomic_compare_exchange_weak(&pool.taken, &taken, taken | 1U << n));
	return (struct chunk *)pool.chunk[n];
}

static void pool_give(const struct chunk *c)
{
	size_t n = (size_t)((const char *)c - pool.chunk[0]) / POOL_BYTES;

	atomic_fetch_and(&pool.taken, ~(1U << n));
}

/* A chunk of the usual size that nobody uses: to unmap it and map another costs more than to empty
 * it, which is done when it is used again.  As a rule the last one never is. */
static struct chunk *_Atomic spare;

enum { WORTH_KEEPING = 64 << 10 }; /* used bytes to empty */

static struct chunk *spare_take(void)
{
	struct chunk *c = atomic_exchange(&spare, NULL);

	if (c)
		memset(c->data, 0, c->used);
	return c;
}

static void mapped_release(struct chunk *c)
{
	size_t size = sizeof(*c) + c->size;

	if (c->size == chunk_size && c->used <= WORTH_KEEPING)
		c = atomic_exchange(&spare, c);
	if (c)
		munmap(c, size);
}

static _Noreturn void out_of_memory(void)
{
	static const char text[] = "hull: out of memory\n";

	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(125); /* nobody is listening: the status says it */
	_exit(125);
}

static struct chunk *chunk_map(size_t size)
{
	void *p = mmap(NULL, sizeof(struct chunk) + size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static struct chunk *chunk_new(size_t size)
{
	enum origin origin = HEAP;
	struct chunk *c = NULL;

	if (size > SIZE_MAX - sizeof(*c))
		out_of_memory();
	if (chunk_size && size >= chunk_size) {
		origin = MAPPED;
		c = size == chunk_size ? spare_take() : NULL;
		c = c ? c : chunk_map(size);
	} else if (first_size && size <= first_size && (c = pool_take())) {
		origin = POOL;
		size = first_size;
	} else {
		c = malloc(sizeof(*c) + size);
	}
	if (!c)
		out_of_memory();
	c->next = NULL;
	c->origin = origin;
	c->used = 0;
	c->made = 0;
	c->size = size;
	return c;
}

/* The next pages, but for those of an allocation so large that it may not be used up. */
static void make_pages(struct chunk *c)
{
	size_t to = c->used + MAKE_AT_ONCE < c->size ? c->used + MAKE_AT_ONCE : c->size;

	if (c->used - c->made <= MAKE_AT_ONCE)
		pages_make(c->data + c->made, to - c->made);
	c->made = to;
}

static void *chunk_take(struct chunk *c, size_t size)
{
	void *p = c->data + c->used;

	c->used += size;
	if (c->origin == MAPPED && c->used > c->made)
		make_pages(c);
	return c->origin == MAPPED ? p : memset(p, 0, size);
}

void *arena_alloc(struct arena *a, size_t size)
{
	const size_t align = alignof(max_align_t);
	size_t need = size ? size : 1, usual;
	struct chunk *c;

	if (need > SIZE_MAX - align)
		out_of_memory();
	if (chunk_size)
		need = (need + align - 1) / align * align;
	if (a->head && a->head->size - a->head->used >= need)
		return chunk_take(a->head, need);
	usual = a->head || need > first_size ? chunk_size : first_size;
	c = chunk_new(need > usual / 4 ? need : usual);
	if (a->head && need > usual / 4) { /* a large one leaves the rest of the head in use */
		c->next = a->head->next;
		a->head->next = c;
	} else {
		c->next = a->head;
		a->head = c;
	}
	return chunk_take(c, need);
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		out_of_memory();
	return arena_alloc(a, total);
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *p = arena_alloc(a, len + 1);

	memcpy(p, s, len);
	return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	char *p;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n < 0)
		out_of_memory();
	p = arena_alloc(a, (size_t)n + 1);
	vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	va_end(ap);
	return p;
}

static bool kept; /* arena_keep() */

void arena_keep(void)
{
	kept = true;
}

void arena_free(struct arena *a)
{
	struct chunk *c = kept ? NULL : a->head;

	while (c) {
		struct chunk *next = c->next;

		if (c->origin == POOL)
			pool_give(c);
		else if (c->origin == MAPPED)
			mapped_release(c);
		else
			free(c);
		c = next;
	}
	a->head = NULL;
}
