/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pairs of network interfaces. */
#include "veth.h"
#include "lc_test.h"
#include "sys/netlink.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <string.h>

void veth_add(int sock, const char *name, const char *peer, int netns, uint32_t mtu)
{
	struct ifinfomsg info = { 0 };
	struct nl_request r;
	size_t link, data, other;

	nl_begin(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));
	nl_add(&r, IFLA_IFNAME, name, strlen(name) + 1);
	nl_add_u32(&r, IFLA_MTU, mtu);
	link = nl_nest(&r, IFLA_LINKINFO);
	nl_add(&r, IFLA_INFO_KIND, "veth", 4);
	data = nl_nest(&r, IFLA_INFO_DATA);
	other = nl_nest(&r, VETH_INFO_PEER);
	/* The peer's own info comes before its attributes. */
	memcpy((char *)&r + r.head.nlmsg_len, &info, sizeof(info));
	r.head.nlmsg_len += (uint32_t)sizeof(info);
	nl_add(&r, IFLA_IFNAME, peer, strlen(peer) + 1);
	nl_add_u32(&r, IFLA_MTU, mtu);
	if (netns >= 0)
		nl_add_u32(&r, IFLA_NET_NS_FD, (uint32_t)netns);
	nl_close(&r, other);
	nl_close(&r, data);
	nl_close(&r, link);
	if (nl_do(sock, &r) < 0)
		test_skip("the kernel makes no veth: %s", lc_errno_text(errno));
}
