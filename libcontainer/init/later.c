/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Closes descriptors together.  Setting up a root opens some hundred, two for each mount; numbers
 * are given out from the lowest, so those that are done with lie side by side, and one
 * close_range(2) does for many close(2).
 */
#include "base/own.h"
#include "init/steps.h"
#include "sys/sys.h"

#include <sys/resource.h>

/* A caller may be limited to some twenty descriptors, and some are needed at once. */
enum { NUMBERS = 64, HIGH = 18, AT_ONCE = 12 };

/* The number from which on they are closed at once: asked when it first matters. */
static int limit(struct sandbox *s)
{
	struct rlimit files;

	if (!s->close_from)
		s->close_from =
			getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur >= NUMBERS + AT_ONCE
				? NUMBERS
				: HIGH;
	return s->close_from;
}

static void close_run(unsigned first, unsigned last)
{
	if (first != last && sys_close_range(first, last, 0) == 0)
		return;
	for (unsigned fd = first; fd <= last; fd++)
		close((int)fd);
}

void close_now(struct sandbox *s)
{
	while (s->done) {
		unsigned first = (unsigned)__builtin_ctzll(s->done), last = first;

		while (last + 1 < NUMBERS && s->done >> (last + 1) & 1)
			last++;
		close_run(first, last);
		for (unsigned fd = first; fd <= last; fd++)
			s->done &= ~(1ULL << fd);
	}
}

void close_later(struct sandbox *s, int *owned)
{
	int fd = fd_take(owned);

	if (fd >= NUMBERS)
		close(fd);
	else if (fd >= 0)
		s->done |= 1ULL << fd;
	if (fd >= HIGH && fd >= limit(s) - 1)
		close_now(s);
}
