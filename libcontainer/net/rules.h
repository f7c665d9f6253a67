/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules of nftables in a sandbox's network namespace, made of what it may reach. */
#ifndef LC_NET_RULES_H
#define LC_NET_RULES_H

#include "base/arena.h"
#include "net/allow.h"

#define RULES_TABLE	 "hull" /* of family inet */
#define RULES_LOG_GROUP	 5 /* where what is denied is told */
#define RESOLVER_ADDRESS "127.0.0.53"
#define RESOLVER_PORT	 53

/* Sets that the resolver fills: addresses for any port, and with a port. */
#define RULES_SET_ANY4	"any4"
#define RULES_SET_ANY6	"any6"
#define RULES_SET_PORT4 "port4"
#define RULES_SET_PORT6 "port6"

/* Input for nft(8), in the arena. */
char *rules_text(const struct allow *allow, struct arena *a);

#endif
