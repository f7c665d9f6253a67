/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes a network namespace beside everything else. */
#include "run/net-maker.h"
#include "base/own.h"
#include "base/pages.h"

#include <fcntl.h>
#include <sched.h>
#include <stdalign.h>

enum { STACK = 64 << 10 };

static bool can_be(const struct plan *plan)
{
	const struct plan_namespace *of = plan->ns.of;

	return of[NS_NETWORK].how == NS_NEW && of[NS_USER].how == NS_INHERIT &&
	       of[NS_PID].how != NS_JOIN && of[NS_TIME].how != NS_NEW && !plan->vm;
}

static bool seems_to_be(const struct spec *spec)
{
	return spec_has_new_namespace(spec, NS_NETWORK) && !spec_has_namespace(spec, NS_USER) &&
	       (!spec_has_namespace(spec, NS_PID) || spec_has_new_namespace(spec, NS_PID)) &&
	       !spec_has_new_namespace(spec, NS_TIME);
}

static void *make(void *arg)
{
	struct net_maker *m = arg;

	if (unshare(CLONE_NEWNET) == 0)
		m->fd = openat(AT_FDCWD, "/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	return NULL;
}

void net_maker_begin(struct net_maker *m, const struct spec *spec)
{
	alignas(64) static char stack[STACK]; /* such a program makes one container at a time */
	enum { USED = 4 << 10 };
	pthread_attr_t attr;

	/* A signal that came there would do what it does anywhere: such a program has no handlers.
	 * With a stack of ours libc need not map one. */
	if (!seems_to_be(spec) || pthread_attr_init(&attr) != 0)
		return;
	pages_make(stack + STACK - USED, USED);
	m->running = pthread_attr_setstack(&attr, stack, sizeof(stack)) == 0 &&
		     pthread_create(&m->thread, &attr, make, m) == 0;
	pthread_attr_destroy(&attr);
}

void net_maker_confirm(struct net_maker *m, const struct plan *plan)
{
	if (!can_be(plan))
		net_maker_release(m);
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
