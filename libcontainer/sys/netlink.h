/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rtnetlink requests: a message is put together in a buffer, sent, and answered by the kernel.
 *
 *	struct nl_request r;
 *
 *	nl_begin(&r, RTM_NEWLINK, 0, &info, sizeof(info));
 *	nl_add(&r, IFLA_IFNAME, "eth0", 5);
 *	if (nl_do(sock, &r) < 0) ... errno
 *
 * What the kernel answers is looked at strictly: lengths are checked here, and an answer that is
 * not to the request, or not from the kernel, is none.
 */
#ifndef LC_NETLINK_H
#define LC_NETLINK_H

#include "base/error.h"
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct nl_request {
	struct nlmsghdr head;
	char body[1024];
	bool full; /* something did not fit: nl_do() refuses */
};

void nl_begin(struct nl_request *r, int type, int flags, const void *info, size_t len);
void nl_add(struct nl_request *r, int attribute, const void *data, size_t len);
void nl_add_u32(struct nl_request *r, int attribute, uint32_t value);

/* An attribute that holds those added until nl_close() gets what nl_nest() returned. */
size_t nl_nest(struct nl_request *r, int attribute);
void nl_close(struct nl_request *r, size_t nest);

/* A route socket of the caller's network namespace; owned. @groups: RTMGRP_* to be told of. */
int nl_open(uint32_t groups, struct lc_error *e) lc_checked;

/* Sends and waits for the kernel's verdict: 0, or -1 with errno. */
int nl_do(int sock, struct nl_request *r);

/* Sends and calls @each for every answer of type @answer, which has at least its info of @info_len
 * bytes; 0, or -1 with errno (EINTR: it changed on the way, ask again).  A request without
 * NLM_F_DUMP has one answer. */
int nl_ask(int sock, struct nl_request *r, int answer, size_t info_len,
	   void (*each)(void *ctx, const struct nlmsghdr *message), void *ctx);

/* Attribute @type of those behind an info of @info_len bytes, or of those in @nest, or NULL. */
const struct rtattr *nl_find(const struct nlmsghdr *message, size_t info_len, int type);
const struct rtattr *nl_find_in(const struct rtattr *nest, int type);

/* The number in an attribute of four bytes, or @otherwise. */
uint32_t nl_u32(const struct rtattr *a, uint32_t otherwise);

#endif
