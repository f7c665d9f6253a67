/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules of nftables.  Nothing goes out but what a rule accepts, in this order: what was given
 * by itself out of a special range (a private network), nothing else of those, then what was given
 * for a port, then for any port.  DNS to others than our resolver needs its port to be named.
 */
#include "net/rules.h"
#include "base/str.h"

#include <sys/socket.h>

static const char *family_word(const struct prefix *p)
{
	return p->a.family == AF_INET ? "ip" : "ip6";
}

static void add_specials(struct buf *b, int family)
{
	char text[PREFIX_TEXT];
	struct prefix p;
	bool first = true;

	buf_addf(b, "\tset special%d {\n\t\ttype ipv%d_addr\n\t\tflags interval\n\t\telements = { ",
		 family == AF_INET ? 4 : 6, family == AF_INET ? 4 : 6);
	for (size_t i = 0; special_range(i, &p); i++) {
		if (p.a.family != family)
			continue;
		prefix_text(&p, text);
		buf_addf(b, "%s%s", first ? "" : ", ", text);
		first = false;
	}
	buf_add(b, " }\n\t}\n");
}

static void add_learned(struct buf *b)
{
	buf_add(b, "\tset " RULES_SET_ANY4 " {\n\t\ttype ipv4_addr\n\t\tflags timeout\n\t}\n"
		   "\tset " RULES_SET_ANY6 " {\n\t\ttype ipv6_addr\n\t\tflags timeout\n\t}\n"
		   "\tset " RULES_SET_PORT4
		   " {\n\t\ttype ipv4_addr . inet_service\n\t\tflags timeout\n\t}\n"
		   "\tset " RULES_SET_PORT6
		   " {\n\t\ttype ipv6_addr . inet_service\n\t\tflags timeout\n\t}\n");
}

/* Where rules for any port lead; @denied: told as often as somebody could read it, and answered, so
 * that the program need not wait. */
static void add_ends(struct buf *b)
{
	buf_addf(b,
		 "\tchain denied {\n"
		 "\t\tlimit rate 100/second burst 100 packets log group %d\n"
		 "\t\tmeta l4proto tcp reject with tcp reset\n"
		 "\t\treject with icmpx type admin-prohibited\n"
		 "\t}\n"
		 "\tchain any_port {\n"
		 "\t\tmeta l4proto { tcp, udp } th dport { 53, 853 } goto denied\n"
		 "\t\tmeta l4proto { tcp, udp } accept\n"
		 "\t\ticmp type echo-request accept\n"
		 "\t\ticmpv6 type echo-request accept\n"
		 "\t}\n",
		 RULES_LOG_GROUP);
}

static void add_ranges(struct buf *b, const struct allow *allow, bool special, bool port)
{
	char text[PREFIX_TEXT];

	for (size_t i = 0; i < allow->n; i++) {
		const struct allow_entry *entry = &allow->v[i];

		if (entry->name[0] || (entry->special != NULL) != special ||
		    (entry->port != 0) != port)
			continue;
		prefix_text(&entry->range, text);
		buf_addf(b, "\t\t%s daddr %s ", family_word(&entry->range), text);
		if (port)
			buf_addf(b, "meta l4proto { tcp, udp } th dport %u accept\n", entry->port);
		else
			buf_add(b, "jump any_port\n");
	}
}

/* Neighbours are looked for by the kernel; what else it says of itself is nothing to tell. */
static void add_output(struct buf *b, const struct allow *allow)
{
	buf_add(b, "\tchain output {\n"
		   "\t\ttype filter hook output priority 0; policy drop;\n"
		   "\t\toifname \"lo\" accept\n"
		   "\t\tct state established,related accept\n"
		   "\t\ticmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept\n"
		   "\t\ticmpv6 type { nd-router-solicit, mld-listener-report, "
		   "mld-listener-done, mld2-listener-report } drop\n"
		   "\t\tmeta l4proto igmp drop\n");
	add_ranges(b, allow, true, true);
	add_ranges(b, allow, true, false);
	buf_add(b, "\t\tip daddr @special4 goto denied\n"
		   "\t\tip6 daddr @special6 goto denied\n");
	add_ranges(b, allow, false, true);
	buf_add(b,
		"\t\tmeta l4proto { tcp, udp } ip daddr . th dport @" RULES_SET_PORT4 " accept\n"
		"\t\tmeta l4proto { tcp, udp } ip6 daddr . th dport @" RULES_SET_PORT6 " accept\n");
	add_ranges(b, allow, false, false);
	buf_add(b, "\t\tip daddr @" RULES_SET_ANY4 " jump any_port\n"
		   "\t\tip6 daddr @" RULES_SET_ANY6 " jump any_port\n"
		   "\t\tgoto denied\n"
		   "\t}\n");
}

char *rules_text(const struct allow *allow, struct arena *a)
{
	struct buf b = { .arena = a };

	buf_add(&b, "table inet " RULES_TABLE " {\n");
	add_specials(&b, AF_INET);
	add_specials(&b, AF_INET6);
	add_learned(&b);
	add_ends(&b);
	add_output(&b, allow);
	buf_add(&b, "\tchain input {\n"
		    "\t\ttype filter hook input priority 0; policy drop;\n"
		    "\t\tiifname \"lo\" accept\n"
		    "\t\tct state established,related accept\n"
		    "\t\ticmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept\n"
		    "\t}\n"
		    "\tchain forward {\n"
		    "\t\ttype filter hook forward priority 0; policy drop;\n"
		    "\t}\n"
		    "}\n");
	return b.str;
}
