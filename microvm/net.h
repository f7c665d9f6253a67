/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio network (virtio 1.2, 5.1) on a tap.  Checksums and segments are nobody's but the two
 * ends': no such feature is offered, every header is empty on its way, in both directions, and the
 * tap must have been told so (TUNSETOFFLOAD 0, TUNSETVNETHDRSZ 12).
 */
#ifndef MICROVM_NET_H
#define MICROVM_NET_H

#include "mmio.h"
#include <linux/virtio_ring.h>

/* Header, ethernet header with two VLAN tags, the largest MTU. */
enum { NET_HEADER = 12, NET_PACKET_MAX = NET_HEADER + 22 + 65535, NET_QUEUE = 256 };

struct net {
	struct vdev dev;
	struct loop *loop;
	struct source tap;
	struct {
		uint8_t mac[6];
		uint16_t status; /* without the feature nobody reads it */
	} config;
	size_t pending; /* bytes of @packet that the guest has no buffers for yet */
	uint8_t packet[NET_PACKET_MAX];
	struct vring_used_elem used[NET_QUEUE];
	struct chain chain, first;
	struct iovec iov[CHAIN_MAX + 1];
};

/* @tap is borrowed; it becomes non-blocking.  Nothing is read from it before net_attach(). */
int net_init(struct net *n, const struct memory *mem, struct loop *loop, int tap,
	     struct lc_error *e) lc_checked;

/* The tap is an interface now, and the guest's has this address. */
int net_attach(struct net *n, const uint8_t mac[6], struct lc_error *e) lc_checked;

#endif
