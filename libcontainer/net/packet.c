/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a packet was to go. */
#include "net/nftables.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

enum { V4_HEAD = 20, V6_HEAD = 40 };

static void read_port(const unsigned char *p, size_t n, struct packet *out)
{
	if ((out->protocol == IPPROTO_TCP || out->protocol == IPPROTO_UDP) && n >= 4)
		out->port = (uint16_t)(p[2] << 8 | p[3]);
}

bool packet_read(const unsigned char *p, size_t n, struct packet *out)
{
	size_t head;

	*out = (struct packet){ 0 };
	if (n >= V4_HEAD && p[0] >> 4 == 4) {
		head = (size_t)(p[0] & 0xf) * 4;
		out->to.family = AF_INET;
		memcpy(out->to.b, p + 16, 4);
		out->protocol = p[9];
	} else if (n >= V6_HEAD && p[0] >> 4 == 6) {
		head = V6_HEAD;
		out->to.family = AF_INET6;
		memcpy(out->to.b, p + 24, 16);
		out->protocol = p[6];
	} else {
		return false;
	}
	if (head >= V4_HEAD && head <= n)
		read_port(p + head, n - head, out);
	return true;
}
