/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses and ranges of them. */
#include "net/address.h"
#include "base/error.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

bool address_parse(const char *text, struct address *out)
{
	*out = (struct address){ .family = strchr(text, ':') ? AF_INET6 : AF_INET };
	return inet_pton(out->family, text, out->b) == 1;
}

void address_text(const struct address *a, char out[ADDRESS_TEXT])
{
	if (!inet_ntop(a->family, a->b, out, ADDRESS_TEXT))
		out[0] = 0;
}

size_t address_size(const struct address *a)
{
	return a->family == AF_INET ? 4 : 16;
}

bool address_equal(const struct address *a, const struct address *b)
{
	return a->family == b->family && memcmp(a->b, b->b, address_size(a)) == 0;
}

/* ---- ranges ---- */

static bool bit_is_set(const struct address *a, unsigned n)
{
	return a->b[n / 8] & 0x80 >> n % 8;
}

bool prefix_parse(const char *text, struct prefix *out)
{
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	char address[ADDRESS_TEXT];
	uint32_t bits;

	if (n >= sizeof(address))
		return false;
	memcpy(address, text, n);
	address[n] = 0;
	if (!address_parse(address, &out->a))
		return false;
	out->bits = (unsigned)address_size(&out->a) * 8;
	if (!slash)
		return true;
	if (!str_u32(slash + 1, &bits) || bits > out->bits)
		return false;
	for (unsigned i = bits; i < out->bits; i++)
		if (bit_is_set(&out->a, i))
			return false;
	out->bits = bits;
	return true;
}

void prefix_text(const struct prefix *p, char out[PREFIX_TEXT])
{
	char address[ADDRESS_TEXT];

	address_text(&p->a, address);
	if (p->bits == address_size(&p->a) * 8)
		snprintf(out, PREFIX_TEXT, "%s", address);
	else
		snprintf(out, PREFIX_TEXT, "%s/%u", address, p->bits);
}

bool prefix_has(const struct prefix *p, const struct address *a)
{
	unsigned whole = p->bits / 8, rest = p->bits % 8;

	if (a->family != p->a.family || memcmp(a->b, p->a.b, whole) != 0)
		return false;
	return !rest || ((a->b[whole] ^ p->a.b[whole]) & 0xff00 >> rest & 0xff) == 0;
}

bool prefix_within(const struct prefix *inner, const struct prefix *outer)
{
	return inner->bits >= outer->bits && prefix_has(outer, &inner->a);
}

/* ---- special ones: RFC 6890 and those after it ---- */

static const struct {
	const char *range, *what;
} specials[] = {
	{ "0.0.0.0/8", "this host" },
	{ "10.0.0.0/8", "private" },
	{ "100.64.0.0/10", "private" },
	{ "127.0.0.0/8", "loopback" },
	{ "169.254.0.0/16", "link-local" },
	{ "172.16.0.0/12", "private" },
	{ "192.0.0.0/24", "reserved" },
	{ "192.168.0.0/16", "private" },
	{ "198.18.0.0/15", "private" },
	{ "224.0.0.0/4", "multicast" },
	{ "240.0.0.0/4", "reserved" },
	{ "::/96", "loopback" },
	{ "::ffff:0.0.0.0/96", "IPv4-mapped" },
	{ "64:ff9b:1::/48", "private" },
	{ "100::/64", "reserved" },
	{ "2001::/32", "tunnel" },
	{ "2002::/16", "tunnel" },
	{ "fc00::/7", "private" },
	{ "fe80::/10", "link-local" },
	{ "fec0::/10", "private" },
	{ "ff00::/8", "multicast" },
};

/* 64:ff9b::/96: the last four bytes are an IPv4 address. */
static const unsigned char nat64[12] = { 0x00, 0x64, 0xff, 0x9b };

static struct prefix special_at(size_t i)
{
	struct prefix p = { 0 };

	(void)prefix_parse(specials[i].range, &p);
	return p;
}

static bool unwrap_nat64(const struct prefix *p, struct prefix *v4)
{
	if (p->a.family != AF_INET6 || p->bits < 96 || memcmp(p->a.b, nat64, sizeof(nat64)) != 0)
		return false;
	*v4 = (struct prefix){ .a.family = AF_INET, .bits = p->bits - 96 };
	memcpy(v4->a.b, p->a.b + sizeof(nat64), 4);
	return true;
}

const char *prefix_special(const struct prefix *p)
{
	struct prefix v4;

	if (unwrap_nat64(p, &v4))
		return prefix_special(&v4);
	for (size_t i = 0; i < ARRAY_SIZE(specials); i++) {
		struct prefix range = special_at(i);

		if (prefix_within(p, &range))
			return specials[i].what;
	}
	return NULL;
}

const char *address_special(const struct address *a)
{
	struct prefix p = { *a, (unsigned)address_size(a) * 8 };

	return prefix_special(&p);
}

bool special_range(size_t n, struct prefix *out)
{
	struct prefix v4;

	if (n < ARRAY_SIZE(specials)) {
		*out = special_at(n);
		return true;
	}
	/* Once more, those of IPv4 behind NAT64. */
	n -= ARRAY_SIZE(specials);
	if (n >= ARRAY_SIZE(specials))
		return false;
	v4 = special_at(n);
	if (v4.a.family != AF_INET)
		return false;
	*out = (struct prefix){ .a.family = AF_INET6, .bits = 96 + v4.bits };
	memcpy(out->a.b, nat64, sizeof(nat64));
	memcpy(out->a.b + sizeof(nat64), v4.a.b, 4);
	return true;
}
