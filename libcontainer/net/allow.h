/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a sandbox may reach: the ALLOW of `hull sandbox --net`.
 *
 *	DOMAIN[:PORT]	*.DOMAIN[:PORT]	IP[:PORT]	CIDR[:PORT]	[IPV6][:PORT]
 *
 * Without a port: every one but those of DNS.  "*.DOMAIN" is what lies below it, not itself.
 */
#ifndef LC_NET_ALLOW_H
#define LC_NET_ALLOW_H

#include "base/error.h"
#include "net/address.h"

#define ALLOW_MAX  256
#define DOMAIN_MAX 254 /* with the NUL */

struct allow_entry {
	char name[DOMAIN_MAX]; /* in lower case; "": it is a range */
	bool below; /* of a name: those below it */
	struct prefix range;
	const char
		*special; /* of a range: lies in one that has to be allowed by name (address.h) */
	uint16_t port; /* 0: any */
};

struct allow {
	struct allow_entry v[ALLOW_MAX];
	size_t n;
};

/* Adds the entries of @text, which commas separate. */
int allow_add(struct allow *allow, const char *text, struct lc_error *e) lc_checked;

/* The entry allows what is at the name, which is in lower case and without a dot at its end. */
bool allow_entry_has_name(const struct allow_entry *entry, const char *name);
bool allow_has_name(const struct allow *allow, const char *name);

/* A range that was given by itself has the address, which is special. */
bool allow_has_special(const struct allow *allow, const struct address *a);

/* Labels of letters, digits, '-' and '_', the last one not a number; lower case. */
bool domain_is_valid(const char *name);

#endif
