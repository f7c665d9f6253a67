/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network on its way into a guest: items as the agent gets them, and before that the kernel's
 * messages, which are believed in nothing either.
 *
 * sources: libcontainer/base libcontainer/sys/netlink.c microvm/netstate.c
 */
#include "fuzz.h"
#include "microvm/netstate.h"
#include "sys/netlink.h"

#include <string.h>

static void feed(const uint8_t *data, size_t size)
{
	struct net_state s = { .n = 0 };
	struct lc_error e = { 0 };

	if (net_feed(&s, data, size, &e) < 0)
		return;
	for (unsigned i = 0; i < NET_LINKS; i++)
		net_link(&s, i);
}

/* A message with a true length, as recvmsg leaves it; the rest is anything. */
static void take(const uint8_t *data, size_t size)
{
	static const struct net_map map = { { 1, 2, 3 } };
	_Alignas(struct nlmsghdr) char message[4096];
	struct nlmsghdr *m = (struct nlmsghdr *)(void *)message;
	struct net_state s = { .n = 0 };
	struct lc_error e = { 0 };

	if (size > sizeof(message) - sizeof(*m))
		size = sizeof(message) - sizeof(*m);
	for (int type = RTM_NEWADDR; type <= RTM_NEWNEIGH; type += RTM_NEWROUTE - RTM_NEWADDR) {
		struct net_state copy = { .n = 0 };

		*m = (struct nlmsghdr){ .nlmsg_len = (uint32_t)(sizeof(*m) + size),
					.nlmsg_type = (uint16_t)type };
		memcpy(message + sizeof(*m), data, size);
		if (net_take_message(&map, m, &s, &e) < 0)
			continue;
		/* What is read can be sent. */
		for (size_t i = 0; i < s.n; i++)
			(void)!net_feed(&copy, &s.v[i], sizeof(s.v[i]), &e);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	if (data[0] & 1)
		feed(data + 1, size - 1);
	else
		take(data + 1, size - 1);
	return 0;
}
