/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses, ranges of them, and which are nobody's business outside: a host's own, a private
 * network's, the link's. */
#ifndef LC_NET_ADDRESS_H
#define LC_NET_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct address {
	int family; /* AF_INET, AF_INET6 */
	unsigned char b[16]; /* in network order; the first four of IPv4 */
};

struct prefix {
	struct address a;
	unsigned bits; /* how many of them count */
};

#define ADDRESS_TEXT 48
#define PREFIX_TEXT  56

/* What inet_pton(3) takes, and nothing else. */
bool address_parse(const char *text, struct address *out);
void address_text(const struct address *a, char out[ADDRESS_TEXT]);
bool address_equal(const struct address *a, const struct address *b);
size_t address_size(const struct address *a); /* 4 or 16 */

/* ADDRESS or ADDRESS/BITS; false also where bits beyond the prefix are set. */
bool prefix_parse(const char *text, struct prefix *out);
void prefix_text(const struct prefix *p, char out[PREFIX_TEXT]);
bool prefix_has(const struct prefix *p, const struct address *a);
bool prefix_within(const struct prefix *inner, const struct prefix *outer);

/* What kind of range it is in that no name may lead to: "loopback", "private", "link-local"...;
 * NULL: an address like any other.  An IPv4 address within an IPv6 one (NAT64) counts as itself. */
const char *address_special(const struct address *a);

/* The same for a range that lies wholly in one; NULL also for a wider one. */
const char *prefix_special(const struct prefix *p);

/* All those ranges, the n-th one; false: there are no more.  None overlaps another. */
bool special_range(size_t n, struct prefix *out);

#endif
