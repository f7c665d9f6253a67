/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What hull and hull-net tell each other over descriptor 3 of hull-net, a SOCK_SEQPACKET socket:
 *
 *	hull-net -> hull: struct net_ready; the network namespace and the user namespace that owns
 *			  it ride along
 *	hull -> hull-net: the end of file: the program has ended
 *	hull-net -> hull: struct net_report
 */
#ifndef LC_NET_MESSAGE_H
#define LC_NET_MESSAGE_H

#include "base/error.h"
#include "net/allow.h"
#include <sys/types.h>

#define NET_FD	       3
#define NET_DENIED_MAX 128 /* half of them names, half of them packets */

struct net_ready {
	struct lc_error error; /* code LC_OK: it is ready */
};

/* What the program asked for or sent, and did not get. */
struct net_denied {
	char name[DOMAIN_MAX]; /* of a question; "": a packet */
	struct address address; /* of a packet, or what the name leads to; family 0: none */
	uint16_t port; /* of a packet with ports */
	uint8_t protocol; /* of a packet: IPPROTO_ */
	uint32_t count;
};

struct net_report {
	uint32_t n;
	uint32_t more; /* that found no place in v */
	bool cut_off; /* the way out ended before the program */
	struct net_denied v[NET_DENIED_MAX];
};

/* One message of @n bytes with descriptors; 0, or -1 with errno. */
int message_send(int sock, const void *data, size_t n, const int *fds, size_t n_fds);

/* Its length, 0 at the end of file, or -1 with errno.  What rides along is owned; -1 where nothing
 * came. */
ssize_t message_receive(int sock, void *data, size_t n, int *fds, size_t n_fds);

#endif
