/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes from the program or the network, as the resolver of a sandbox meets them: a question,
 * an answer to it, a packet, and as an allow-list.  What is written can be read, and fits.
 *
 * sources: libcontainer/base libcontainer/net/address.c libcontainer/net/allow.c
 * sources: libcontainer/net/dns.c libcontainer/net/packet.c libcontainer/net/rules.c
 * sources: libcontainer/net/servers.c
 */
#include "fuzz.h"
#include "net/dns.h"
#include "net/nftables.h"
#include "net/resolver.h"
#include "net/rules.h"

#include <stdlib.h>
#include <string.h>

static void answer(const struct dns_question *q, const uint8_t *data, size_t size)
{
	struct dns_answer a, again;
	unsigned char m[DNS_PLAIN_MAX];
	size_t n;

	if (dns_read_answer(data, size, q, q->id, &a) < 0)
		return;
	if (a.n > DNS_ADDRESSES || (a.code &= 0xf) < 0)
		abort();
	n = dns_write_answer(q, &a, m);
	if (n > sizeof(m))
		abort();
	if (q->plain && dns_read_answer(m, n, q, q->id, &again) < 0)
		abort();
}

static void question(const uint8_t *data, size_t size)
{
	struct dns_question q, again;
	unsigned char m[DNS_PLAIN_MAX];
	size_t n;

	if (dns_read_query(data, size, &q) != DNS_OK)
		return;
	if (strlen(q.name) >= sizeof(q.name) || q.raw_len > sizeof(q.raw))
		abort();
	n = dns_write_query(&q, q.id, true, m);
	if (n > sizeof(m) || dns_read_query(m, n, &again) != DNS_OK || strcmp(q.name, again.name))
		abort();
	/* The same bytes once more, as if they were the answer. */
	if (size <= sizeof(m) && size > 2) {
		memcpy(m, data, size);
		m[2] |= 0x80;
		answer(&q, m, size);
	}
}

static void list(const uint8_t *data, size_t size)
{
	static struct allow allow;
	char *text = strndup((const char *)data, size);
	struct servers servers;
	auto_arena a = { 0 };
	struct lc_error e;

	if (!text)
		abort();
	allow.n = 0;
	if (allow_add(&allow, text, &e) == 0 && !rules_text(&allow, &a))
		abort();
	for (size_t i = 0; i < allow.n; i++)
		if (allow.v[i].name[0] && !domain_is_valid(allow.v[i].name))
			abort();
	servers_read(text, &servers);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned char ask[] = "\x12\x34\x01\0\0\x01\0\0\0\0\0\0"
					   "\x04good\x07"
					   "example\0\0\x01\0\x01";
	struct dns_question good;
	struct packet packet;

	if (dns_read_query(ask, sizeof(ask) - 1, &good) != DNS_OK)
		abort();
	question(data, size);
	answer(&good, data, size);
	(void)packet_read(data, size, &packet);
	list(data, size);
	return 0;
}
