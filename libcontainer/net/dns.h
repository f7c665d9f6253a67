/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * DNS messages (RFC 1035), as far as a resolver needs that only asks for addresses: one question,
 * addresses and aliases in the answer.  Everything that is read comes from somebody hostile; what
 * is not exactly as it should be is refused.  No allocation.
 */
#ifndef LC_NET_DNS_H
#define LC_NET_DNS_H

#include "net/address.h"
#include "net/allow.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DNS_A = 1, DNS_CNAME = 5, DNS_AAAA = 28, DNS_OPT = 41 };
enum { DNS_IN = 1 };
enum dns_code {
	DNS_OK,
	DNS_FORMAT_ERROR,
	DNS_SERVER_FAILED,
	DNS_NO_SUCH_NAME,
	DNS_NOT_IMPLEMENTED,
	DNS_REFUSED,
};

#define DNS_HEAD      12
#define DNS_PLAIN_MAX 512 /* of a message by UDP without EDNS, which ours always are */
#define DNS_EDNS_MAX  1232 /* what we say that we take */
#define DNS_WIRE_NAME 255
#define DNS_ADDRESSES 28 /* as many as fit into an answer of ours */

struct dns_question {
	uint16_t id;
	bool recursion;
	char name[DOMAIN_MAX]; /* in lower case; a byte that no host's name has is '?' */
	bool plain; /* there is no such byte */
	uint16_t type, class;
	unsigned char raw[DNS_WIRE_NAME + 4]; /* as it was asked */
	size_t raw_len;
};

/* The question of a query; an enum dns_code (DNS_OK: it can be answered), or -1: nothing that
 * deserves an answer. */
int dns_read_query(const unsigned char *m, size_t n, struct dns_question *q);

/* The query for a server, under @id; its length, at most DNS_PLAIN_MAX. */
size_t dns_write_query(const struct dns_question *q, uint16_t id, bool edns,
		       unsigned char out[DNS_PLAIN_MAX]);

struct dns_answer {
	int code;
	struct address v[DNS_ADDRESSES];
	size_t n;
	uint32_t ttl; /* the smallest on the way, seconds */
	bool truncated; /* there was more, which is to be had by TCP */
};

/* A server's answer to @q under @id: addresses at the name, or at what its aliases lead to. -1:
 * this is none. */
int dns_read_answer(const unsigned char *m, size_t n, const struct dns_question *q, uint16_t id,
		    struct dns_answer *out);

/* What we answer: the addresses as the name's own. Its length. */
size_t dns_write_answer(const struct dns_question *q, const struct dns_answer *a,
			unsigned char out[DNS_PLAIN_MAX]);

#endif
