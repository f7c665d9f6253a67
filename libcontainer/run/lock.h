/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lock of one container: flock(2) on its state directory, so that it goes when its holder dies.
 * Held by what makes, changes or removes the container, never across a hook or a wait for somebody
 * else's code; state, list and kill take none.
 */
#ifndef LC_LOCK_H
#define LC_LOCK_H

#include <stdbool.h>

#define LOCK_WAIT_MS 5000

/* False when somebody else still has it after @ms milliseconds. */
bool lock_take(int dir, unsigned ms);
bool lock_share(int dir, unsigned ms); /* the same with others who share it */
void lock_drop(int dir);

#endif
