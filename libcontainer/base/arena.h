/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory that lives and dies together: one arena per request, freed by one call.  Everything is
 * zeroed and aligned for any type; allocation never fails (the process ends when memory is out).
 */
#ifndef LC_ARENA_H
#define LC_ARENA_H

#include "base/error.h"
#include <stddef.h>

struct arena {
	struct chunk *head;
};

void *arena_alloc(struct arena *a, size_t size);

/* @n elements of @size bytes; ends the process on overflow. */
void *arena_array(struct arena *a, size_t n, size_t size);

char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) lc_printf(2, 3);

/* Frees everything; the arena is empty and usable afterwards. */
void arena_free(struct arena *a);

/* From here on nothing is given back: another process has this memory, too, and goes on when the
 * caller, which is about to end, is gone. */
void arena_keep(void);

static inline void arena_release(struct arena *a)
{
	arena_free(a);
}
#define auto_arena __attribute__((cleanup(arena_release))) struct arena

#endif
