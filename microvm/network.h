/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The helper for a machine's network (`hull-vmm --network`): a process in the container's network
 * namespace beside the monitor, which alone may change it.  Each ethernet interface there is joined
 * with a tap of the monitor's, in both directions and before the namespace's own stack sees a
 * packet; nothing else of the interface changes, so that its other end notices nothing.  What the
 * interfaces, addresses, routes and neighbours are goes to the monitor's hub, when that asks for it
 * the first time (the container starts) and then whenever it has changed.
 *
 * It hears one byte from the hub and nothing of what a guest says.
 */
#ifndef LC_NETWORK_H
#define LC_NETWORK_H

#include "microvm/netstate.h"

/* One datagram each, helper to hub. */
enum network_what {
	NETWORK_ITEMS, /* @n items follow */
	NETWORK_END, /* that was all */
	NETWORK_FAILED, /* a struct lc_error follows */
};

struct network_head {
	uint32_t what, n;
};

enum { NETWORK_BATCH = 90 };

struct network_message {
	struct network_head head;
	union {
		struct net_item items[NETWORK_BATCH];
		struct lc_error error;
	};
};
#define NETWORK_ASK 'r'

/* ---- join.c: an interface and its tap ---- */

#define TAP_PREFIX "hulltap"

struct join {
	int tap; /* borrowed: /dev/net/tun, opened in the namespace */
	int index; /* the tap's interface; 0: not made yet */
	uint32_t mtu; /* of the tap */
	int other; /* the interface it is joined with; 0: none */
	int links[2]; /* owned: of the two redirects, where they are BPF programs; -1 */
};
#define JOIN_NONE \
	{ \
		.tap = -1, .links = { -1, -1 } \
	}

/* Makes the tap's interface where there is none yet, of @mtu, and joins it with @other. */
int join_make(int sock, struct join *j, int other, uint32_t mtu, struct lc_error *e) lc_checked;

/* Ends what join_make() made; the tap stays. */
void join_end(struct join *j);

/* ---- network.c ---- */

struct network {
	int sock; /* owned: rtnetlink */
	bool asked; /* once: others' taps are no reason to refuse any more */
	struct join joins[NET_LINKS];
	unsigned n; /* of them with a tap */
	bool again; /* interfaces have gone: what is new is looked at after that was told */
	struct net_map map;
	struct net_state sent;
};

/* Takes the taps' descriptors; borrowed. */
int network_init(struct network *n, const int *taps, unsigned n_taps,
		 struct lc_error *e) lc_checked;
void network_release(struct network *n);

/* Looks at the namespace, joins what is new, and says in *@now what it is like. */
int network_look(struct network *n, struct net_state *now, struct lc_error *e) lc_checked;

/* The process: serves the hub at @hub until that is gone. */
int network_main(int hub, const int *taps, unsigned n_taps, struct lc_error *e) lc_checked;

#endif
