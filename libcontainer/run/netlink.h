/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rtnetlink requests: a message is put together in a buffer, sent, and answered by the kernel.
 *
 *	struct nl_request r;
 *
 *	nl_begin(&r, RTM_NEWLINK, 0, &info, sizeof(info));
 *	nl_add(&r, IFLA_IFNAME, "eth0", 5);
 *	if (nl_do(sock, &r) < 0) ... errno
 */
#ifndef LC_NETLINK_H
#define LC_NETLINK_H

#include "base/error.h"
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <sys/types.h>

struct nl_request {
	struct nlmsghdr head;
	char body[1024];
	bool full; /* something did not fit: nl_do() refuses */
};

void nl_begin(struct nl_request *r, int type, int flags, const void *info, size_t len);
void nl_add(struct nl_request *r, int attribute, const void *data, size_t len);

/* A route socket of the caller's network namespace, or of the one that @pid is in; owned. */
int nl_open(struct lc_error *e) lc_checked;
int nl_open_in(pid_t pid, struct lc_error *e) lc_checked;

/* Sends and waits for the kernel's verdict: 0, or -1 with errno. */
int nl_do(int sock, struct nl_request *r);

/* Sends and calls @each for every answer of type @answer; 0, or -1 with errno.  A request without
 * NLM_F_DUMP has one answer. */
int nl_ask(int sock, struct nl_request *r, int answer,
	   void (*each)(void *ctx, const struct nlmsghdr *message), void *ctx);

/* Attribute @type of those behind an info of @info_len bytes, or NULL. */
const struct rtattr *nl_find(const struct nlmsghdr *message, size_t info_len, int type);

#endif
