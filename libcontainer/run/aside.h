/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One thread beside the caller's, of a program that has none of its own: it does one thing, which
 * can be waited for, and then ends, or does one thing more and stays for as long as the process
 * lives.  For who makes one container at a time.
 */
#ifndef LC_ASIDE_H
#define LC_ASIDE_H

#include <stdbool.h>

/* Begins with @what (NULL: nothing); false when there can be no such thread, or one has stayed. */
bool aside_begin(void (*what)(void *arg), void *arg);

/* Until it has done that. */
void aside_await(void);

/* And no more. */
void aside_end(void);

/* The last thing that it does, instead of aside_end(). */
void aside_stay(void (*what)(void *arg), void *arg);

#endif
