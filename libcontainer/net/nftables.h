/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* nfnetlink: elements of sets, and packets that a rule logs.  A socket belongs to the network
 * namespace that it was made in, wherever its process is. */
#ifndef LC_NET_NFTABLES_H
#define LC_NET_NFTABLES_H

#include "base/error.h"
#include "net/address.h"

/* Owned. */
int nftables_open(struct lc_error *e) lc_checked;

/* Puts the address (with @port unless that is 0) into the resolver's set of its kind, for @seconds;
 * one that is there begins anew. 0, or -1 with errno. */
int nftables_learn(int sock, const struct address *a, uint16_t port, uint32_t seconds);

/* Listens to RULES_LOG_GROUP; not blocking, owned. */
int nftables_log_open(struct lc_error *e) lc_checked;

struct packet {
	struct address to;
	uint8_t protocol;
	uint16_t port; /* 0: it has none */
};

/* Reads what has come and calls @each for every packet. */
void nftables_log_read(int sock, void (*each)(void *ctx, const struct packet *p), void *ctx);

/* The headers of an IP packet, as far as they are there; public for tests. */
bool packet_read(const unsigned char *p, size_t n, struct packet *out);

#endif
