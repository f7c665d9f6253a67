/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A network namespace is a fifth of what the kernel does for a container, and nothing of it depends
 * on the rest: a thread makes it while the caller prepares.  Only for a program that said that it
 * has no threads and no signal handlers of its own (lc_host.may_thread), and where no user
 * namespace is made or joined, which the network namespace would have to belong to.
 */
#ifndef LC_NET_MAKER_H
#define LC_NET_MAKER_H

#include "plan/plan.h"
#include <stdbool.h>

struct net_maker {
	bool running; /* the thread (aside.h) is there for it */
	int fd; /* owned by the thread until it has done its work */
};
#define NET_MAKER_NONE \
	{ \
		.fd = -1 \
	}

/* Begins, if @spec looks like one for which that can be: before there is a plan, which takes about
 * as long as the namespace. */
void net_maker_begin(struct net_maker *m, const struct spec *spec);

/* What the plan says about it: a namespace that it has no use for is not kept. */
void net_maker_confirm(struct net_maker *m, const struct plan *plan);

/* Waits for the thread, which is left to the caller when it is to @stay. The namespace, which is
 * then the caller's to close; -1: there is none, the first process makes it. */
int net_maker_take(struct net_maker *m, bool stay);

void net_maker_release(struct net_maker *m);

#endif
