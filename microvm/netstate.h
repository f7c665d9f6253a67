/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The network of a namespace as a list of items of fixed size: what its ethernet interfaces are
 * called, their addresses, routes and static neighbours.  On the host it is read, in the guest it
 * is made so; between them go the items' bytes.
 *
 * An interface is known by its number, which is that of the monitor's device that stands for it;
 * struct net_map says which interface of the kernel that is, here and there.
 */
#ifndef LC_NETSTATE_H
#define LC_NETSTATE_H

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	NET_LINKS = 8, /* interfaces of a machine */
	NET_ITEMS = 512,
	NET_METRICS = 17, /* RTAX_LOCK to RTAX_FASTOPEN_NO_COOKIE */
	NET_NAME = 16,
	NET_NO_LINK = 0xff, /* of a route that leads nowhere */
};

enum net_kind { NET_LINK = 1, NET_ADDRESS, NET_ROUTE, NET_NEIGHBOUR };

/* Two that say the same have the same bytes: what a kind does not use is zero. */
struct net_item {
	uint8_t kind, link; /* enum net_kind; number of the interface */
	uint8_t family, prefix; /* AF_INET or AF_INET6; bits of the network's mask */
	uint8_t scope, protocol, type, tos; /* as in struct rtmsg */
	uint32_t flags; /* IFA_F_*, RTNH_F_*, NTF_*; of an interface: 1, it is up */
	uint32_t table; /* of a route */
	uint32_t metric; /* of a route, or of the one that an address makes */
	uint32_t mtu; /* of an interface */
	uint32_t metrics[NET_METRICS]; /* of a route: RTAX_* less 1; 0: none */
	uint8_t address[16]; /* its own; a route's destination; a neighbour's */
	uint8_t other[16]; /* the peer's; a route's gateway */
	uint8_t source[16]; /* the one for broadcasts; a route's preferred source */
	uint8_t mac[8]; /* six bytes of an interface or a neighbour */
	char name[NET_NAME]; /* of an interface */
};
_Static_assert(sizeof(struct net_item) == 164, "the same on both sides, without holes");

struct net_state {
	struct net_item v[NET_ITEMS];
	size_t n;
};

/* The kernel's number of each interface; 0: there is none. */
struct net_map {
	int index[NET_LINKS];
};

/* ---- on the host ---- */

/* An interface that could be passed on, as the kernel describes it. */
struct net_found {
	int index;
	struct net_item item; /* a NET_LINK without its number */
	char kind[NET_NAME]; /* "veth"; "": hardware */
	bool is_member; /* of a bridge or bond */
};

/* The ethernet interfaces that there are, at most @max; their number, or -1. */
int net_find_links(int sock, struct net_found *found, size_t max, struct lc_error *e) lc_checked;

/* Appends addresses, routes and neighbours of the interfaces in @map; -1 where there is something
 * that an item cannot say. */
int net_read(int sock, const struct net_map *map, struct net_state *s,
	     struct lc_error *e) lc_checked;

/* ---- on the way ---- */

/* Appends what @len bytes hold; -1 when they make no sense. */
int net_feed(struct net_state *s, const void *data, size_t len, struct lc_error *e) lc_checked;

/* ---- in the guest ---- */

/* The item of interface @link, or NULL. */
const struct net_item *net_link(const struct net_state *s, unsigned link);

/* Makes it what @to says, where it was made @from before: what is in neither is left alone. */
int net_apply(int sock, const struct net_map *map, const struct net_state *from,
	      const struct net_state *to, struct lc_error *e) lc_checked;

/* For tests and fuzz targets: takes one of the kernel's messages as net_read() does. */
struct nlmsghdr;
int net_take_message(const struct net_map *map, const struct nlmsghdr *m, struct net_state *s,
		     struct lc_error *e) lc_checked;

#endif
