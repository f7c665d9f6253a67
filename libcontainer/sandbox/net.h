/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The network of a sandbox: none, the host's, or its own with a way out to what is allowed.  That
 * is made and looked after by hull-net (net/hull-net.c), which lives as long as the program.
 */
#ifndef LC_SANDBOX_NET_H
#define LC_SANDBOX_NET_H

#include "json/encode.h"
#include "net/message.h"
#include "sandbox/sandbox.h"

/* In the bundle: a link to the network namespace while it lives, and the program's resolv.conf. */
#define NET_LINK     "net"
#define NET_RESOLVER "resolv.conf"

/* hull-net, while it runs. */
struct net {
	int control, network, user; /* owned; -1: it does not run */
	int pidfd; /* owned */
	unsigned given_ms; /* --timeout; 0: none */
};
#define NET_NOT_RUNNING \
	{ \
		-1, -1, -1, -1, 0 \
	}

/* Which it is, and whether it can be had. */
int net_decide(struct job *job, struct lc_error *e) lc_checked;

/* With an allow-list: what the program finds as /etc/resolv.conf is mounted. */
void net_decide_files(struct job *job);

/* With an allow-list: puts what net_decide() promised into the bundle, which is there. */
int net_start(struct net *net, struct job *job, struct lc_error *e) lc_checked;

/* The program has ended: takes the report into job->net_report and waits for the end of it all. */
void net_end(struct net *net, struct job *job);
void net_release(struct net *net); /* ends it, if it runs */

void net_explain(const struct job *job, struct buf *b);
void net_add_to_report(struct json_writer *w, const struct job *job);

#endif
