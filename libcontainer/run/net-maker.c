/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes a network namespace beside everything else. */
#include "run/net-maker.h"
#include "base/own.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>

static bool can_be(const struct plan *plan)
{
	const struct plan_namespace *of = plan->ns.of;

	return of[NS_NETWORK].how == NS_NEW && of[NS_USER].how == NS_INHERIT &&
	       of[NS_PID].how != NS_JOIN && of[NS_TIME].how != NS_NEW && !plan->vm;
}

static void *make(void *arg)
{
	struct net_maker *m = arg;

	if (unshare(CLONE_NEWNET) == 0)
		m->fd = openat(AT_FDCWD, "/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	return NULL;
}

void net_maker_begin(struct net_maker *m, const struct plan *plan)
{
	sigset_t all, before;

	if (!can_be(plan))
		return;
	sigfillset(&all); /* signals are the caller's */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	m->running = pthread_create(&m->thread, NULL, make, m) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int net_maker_take(struct net_maker *m)
{
	if (m->running)
		pthread_join(m->thread, NULL);
	m->running = false;
	return fd_take(&m->fd);
}

void net_maker_release(struct net_maker *m)
{
	int fd = net_maker_take(m);

	fd_release(&fd);
}
