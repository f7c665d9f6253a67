/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The monotonic clock, for whatever waits or measures; and what time it is. */
#ifndef LC_CLOCK_H
#define LC_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_usec(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static inline int64_t clock_ms(void)
{
	return (int64_t)(clock_usec() / 1000);
}

enum { CLOCK_UTC = 32 };

/* "2026-11-29T13:59:25", to which the caller adds parts of a second and Z. Returns nanoseconds. */
static inline long clock_utc(char to[CLOCK_UTC])
{
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(to, CLOCK_UTC, "%Y-%m-%dT%H:%M:%S", &tm);
	return now.tv_nsec;
}

#endif
