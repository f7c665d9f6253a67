/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Amounts as people write them: "50M", "1.5g", "500ms", "1m30s"; and back. */
#ifndef HULL_QUANTITY_H
#define HULL_QUANTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of "4096", "50M", "50MB", "50MiB", "1.5g"; each step is 1024. "-1" stays -1. */
bool quantity_bytes(const char *s, int64_t *out);

/* Milliseconds of "5s", "500ms", "1m30s"; a number alone is seconds. */
bool quantity_ms(const char *s, uint64_t *out);

/* "1.5GiB" for people. Returns @to. */
#define QUANTITY_TEXT 16
char *quantity_print(uint64_t bytes, char to[QUANTITY_TEXT]);

/* "5s ago", "3m ago", "2h ago", "9d ago". Returns @to. */
char *quantity_print_age(uint64_t seconds, char to[QUANTITY_TEXT]);

#endif
