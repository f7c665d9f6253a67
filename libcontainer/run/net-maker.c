/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes a network namespace beside everything else. */
#include "run/net-maker.h"
#include "base/own.h"
#include "run/aside.h"

#include <fcntl.h>
#include <sched.h>

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

static void make(void *arg)
{
	struct net_maker *m = arg;

	if (unshare(CLONE_NEWNET) == 0)
		m->fd = openat(AT_FDCWD, "/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

void net_maker_begin(struct net_maker *m, const struct spec *spec)
{
	m->running = seems_to_be(spec) && aside_begin(make, m);
}

void net_maker_confirm(struct net_maker *m, const struct plan *plan)
{
	if (!can_be(plan))
		net_maker_release(m);
}

int net_maker_take(struct net_maker *m, bool stay)
{
	if (m->running)
		aside_await();
	if (m->running && !stay)
		aside_end();
	m->running = false;
	return fd_take(&m->fd);
}

void net_maker_release(struct net_maker *m)
{
	int fd = net_maker_take(m, false);

	fd_release(&fd);
}
