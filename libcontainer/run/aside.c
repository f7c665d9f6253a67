/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One thread beside the caller's. */
#include "run/aside.h"
#include "base/pages.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdalign.h>
#include <unistd.h>

enum { STACK = 64 << 10, USED = 4 << 10 };

struct work {
	void (*what)(void *arg);
	void *arg;
};

static struct {
	alignas(64) char stack[STACK];
	pthread_t thread;
	struct work first, last;
	sem_t done, more;
	bool stays;
} aside;

static void wait_for(sem_t *sem)
{
	while (sem_wait(sem) < 0 && errno == EINTR)
		;
}

static void *run(void *arg)
{
	sigset_t all;

	(void)arg;
	sigfillset(&all); /* they are for the others */
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	if (aside.first.what)
		aside.first.what(aside.first.arg);
	sem_post(&aside.done);
	wait_for(&aside.more);
	if (!aside.last.what)
		return NULL;
	aside.last.what(aside.last.arg);
	for (;;)
		pause();
}

bool aside_begin(void (*what)(void *arg), void *arg)
{
	pthread_attr_t attr;
	bool begun;

	if (aside.stays || pthread_attr_init(&attr) != 0)
		return false;
	aside.first = (struct work){ what, arg };
	aside.last.what = NULL;
	sem_init(&aside.done, 0, 0);
	sem_init(&aside.more, 0, 0);
	/* With a stack of ours libc need not map one. */
	pages_make(aside.stack + STACK - USED, USED);
	begun = pthread_attr_setstack(&attr, aside.stack, STACK) == 0 &&
		pthread_create(&aside.thread, &attr, run, NULL) == 0;
	pthread_attr_destroy(&attr);
	return begun;
}

void aside_await(void)
{
	wait_for(&aside.done);
}

void aside_end(void)
{
	sem_post(&aside.more);
	pthread_join(aside.thread, NULL);
}

void aside_stay(void (*what)(void *arg), void *arg)
{
	aside.last = (struct work){ what, arg };
	aside.stays = true;
	sem_post(&aside.more);
}
