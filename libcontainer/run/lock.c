/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lock of one container. */
#include "run/lock.h"

#include <errno.h>
#include <sys/file.h>
#include <time.h>

/* flock has no time limit of its own, and a library raises no alarms: ask again, ever more rarely.
 */
static bool lock(int dir, int how, unsigned ms)
{
	unsigned waited = 0, pause = 1;

	while (flock(dir, how | LOCK_NB) < 0) {
		struct timespec ts = { .tv_nsec = pause * 1000000L };

		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		if (waited >= ms)
			return false;
		nanosleep(&ts, NULL);
		waited += pause;
		pause = pause < 50 ? pause * 2 : 50;
	}
	return true;
}

bool lock_take(int dir, unsigned ms)
{
	return lock(dir, LOCK_EX, ms);
}

bool lock_share(int dir, unsigned ms)
{
	return lock(dir, LOCK_SH, ms);
}

void lock_drop(int dir)
{
	int saved = errno;

	flock(dir, LOCK_UN);
	errno = saved;
}
