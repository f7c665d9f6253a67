/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The network of a namespace: the kernel's messages to items, and items to requests. */
#include "microvm/netstate.h"
#include "base/own.h"
#include "sys/netlink.h"

#include <arpa/inet.h>
#include <linux/if_arp.h>
#include <linux/neighbour.h>
#include <linux/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { TRIES = 8, MTU_MIN = 68, MTU_MAX = 65535, LINK_UP = 1 };

static size_t family_len(uint8_t family)
{
	return family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0;
}

static bool is_set(const uint8_t address[16])
{
	static const uint8_t none[16];

	return memcmp(address, none, 16) != 0;
}

/* For messages. */
struct text {
	char s[200];
};

static struct text describe(const struct net_item *i)
{
	static const char *const kinds[] = { "?", "interface", "address", "route to", "neighbour" };
	char address[INET6_ADDRSTRLEN] = "";
	struct text t;

	if (i->kind == NET_LINK) {
		snprintf(t.s, sizeof(t.s), "interface %.15s", i->name);
		return t;
	}
	inet_ntop(i->family, i->address, address, sizeof(address));
	snprintf(t.s, sizeof(t.s), "%s %s/%u", kinds[i->kind], address, i->prefix);
	return t;
}

/* ---- the kernel's messages to items ---- */

struct reader {
	const struct net_map *map;
	struct net_state *state;
	struct lc_error *e;
	bool failed;
};

static int link_of(const struct net_map *map, int index)
{
	for (int i = 0; i < NET_LINKS; i++)
		if (index > 0 && map->index[i] == index)
			return i;
	return -1;
}

static void keep(struct reader *r, const struct net_item *i)
{
	if (r->state->n < NET_ITEMS) {
		r->state->v[r->state->n++] = *i;
		return;
	}
	r->failed = true;
	lc_err(r->e, LC_EUNSUPPORTED, "more than %d addresses and routes", NET_ITEMS);
}

static void cannot_say(struct reader *r, const struct net_item *i, const char *what)
{
	if (!r->failed)
		lc_err(r->e, LC_EUNSUPPORTED, "%s: not possible in a virtual machine: %s",
		       describe(i).s, what);
	r->failed = true;
}

/* False when it is there and no address of that family. */
static bool copy_address(const struct rtattr *a, uint8_t family, uint8_t to[16])
{
	if (a && RTA_PAYLOAD(a) != family_len(family))
		return false;
	if (a)
		memcpy(to, RTA_DATA(a), RTA_PAYLOAD(a));
	return true;
}

static void take_address(struct reader *r, const struct nlmsghdr *m)
{
	const struct ifaddrmsg *info = NLMSG_DATA(m);
	const struct rtattr *local = nl_find(m, sizeof(*info), IFA_LOCAL);
	const struct rtattr *far = nl_find(m, sizeof(*info), IFA_ADDRESS);
	uint32_t flags = nl_u32(nl_find(m, sizeof(*info), IFA_FLAGS), info->ifa_flags);
	int link = link_of(r->map, (int)info->ifa_index);
	struct net_item i = {
		.kind = NET_ADDRESS,
		.link = (uint8_t)link,
		.family = info->ifa_family,
		.prefix = info->ifa_prefixlen,
		.scope = info->ifa_scope,
		.flags = flags & IFA_F_NOPREFIXROUTE,
		.metric = nl_u32(nl_find(m, sizeof(*info), IFA_RT_PRIORITY), 0),
	};

	/* What a router has announced, the guest hears as well. */
	if (link < 0 || !(flags & IFA_F_PERMANENT) || !family_len(i.family))
		return;
	if (!copy_address(local ? local : far, i.family, i.address) ||
	    !copy_address(local ? far : NULL, i.family, i.other) ||
	    !copy_address(nl_find(m, sizeof(*info), IFA_BROADCAST), i.family, i.source))
		return;
	if (!memcmp(i.address, i.other, 16))
		memset(i.other, 0, 16);
	keep(r, &i);
}

static void take_metrics(const struct rtattr *nest, struct net_item *i)
{
	enum { CC_ALGO = 16 }; /* a name in requests: the kernel's default will do */

	for (int k = 0; k < NET_METRICS; k++)
		if (k + 1 != CC_ALGO)
			i->metrics[k] = nl_u32(nl_find_in(nest, k + 1), 0);
}

/* Routes that the guest's kernel makes by itself: of addresses, of routers' messages. */
static bool is_made_anyway(const struct rtmsg *info, uint32_t table)
{
	return table == RT_TABLE_LOCAL || info->rtm_flags & RTM_F_CLONED ||
	       info->rtm_protocol == RTPROT_KERNEL || info->rtm_protocol == RTPROT_RA ||
	       info->rtm_protocol == RTPROT_REDIRECT;
}

static bool leads_nowhere(uint8_t type)
{
	return type == RTN_BLACKHOLE || type == RTN_UNREACHABLE || type == RTN_PROHIBIT ||
	       type == RTN_THROW;
}

static const char *wrong_route(const struct rtmsg *info, const struct nlmsghdr *m)
{
	static const struct {
		int attribute;
		const char *what;
	} unknown[] = {
		{ RTA_VIA, "a gateway of the other family" },
		{ RTA_MULTIPATH, "several next hops" },
		{ RTA_ENCAP, "an encapsulation" },
	};

	for (size_t k = 0; k < ARRAY_SIZE(unknown); k++)
		if (nl_find(m, sizeof(*info), unknown[k].attribute))
			return unknown[k].what;
	return info->rtm_src_len ? "a source" : NULL;
}

static void take_route(struct reader *r, const struct nlmsghdr *m)
{
	const struct rtmsg *info = NLMSG_DATA(m);
	const struct rtattr *out = nl_find(m, sizeof(*info), RTA_OIF);
	bool nowhere = leads_nowhere(info->rtm_type);
	int link = nowhere ? NET_NO_LINK : link_of(r->map, (int)nl_u32(out, 0));
	struct net_item i = {
		.kind = NET_ROUTE,
		.link = (uint8_t)link,
		.family = info->rtm_family,
		.prefix = info->rtm_dst_len,
		.scope = info->rtm_scope,
		.protocol = info->rtm_protocol,
		.type = info->rtm_type,
		.tos = info->rtm_tos,
		.flags = info->rtm_flags & RTNH_F_ONLINK,
		.table = nl_u32(nl_find(m, sizeof(*info), RTA_TABLE), info->rtm_table),
		.metric = nl_u32(nl_find(m, sizeof(*info), RTA_PRIORITY), 0),
	};
	const char *wrong = wrong_route(info, m);

	if (!family_len(i.family) || is_made_anyway(info, i.table))
		return;
	if (!copy_address(nl_find(m, sizeof(*info), RTA_DST), i.family, i.address) ||
	    !copy_address(nl_find(m, sizeof(*info), RTA_GATEWAY), i.family, i.other) ||
	    !copy_address(nl_find(m, sizeof(*info), RTA_PREFSRC), i.family, i.source))
		return;
	/* Several next hops have no interface of their own here. */
	if (wrong && (link >= 0 || !out)) {
		cannot_say(r, &i, wrong);
		return;
	}
	if (link < 0)
		return;
	take_metrics(nl_find(m, sizeof(*info), RTA_METRICS), &i);
	keep(r, &i);
}

static void take_neighbour(struct reader *r, const struct nlmsghdr *m)
{
	const struct ndmsg *info = NLMSG_DATA(m);
	const struct rtattr *mac = nl_find(m, sizeof(*info), NDA_LLADDR);
	int link = link_of(r->map, info->ndm_ifindex);
	struct net_item i = {
		.kind = NET_NEIGHBOUR,
		.link = (uint8_t)link,
		.family = info->ndm_family,
		.flags = info->ndm_flags & NTF_ROUTER,
	};

	if (link < 0 || !(info->ndm_state & NUD_PERMANENT) || info->ndm_flags & NTF_PROXY ||
	    !family_len(i.family) || !mac || RTA_PAYLOAD(mac) != 6)
		return;
	i.prefix = (uint8_t)(8 * family_len(i.family));
	memcpy(i.mac, RTA_DATA(mac), 6);
	if (copy_address(nl_find(m, sizeof(*info), NDA_DST), i.family, i.address))
		keep(r, &i);
}

/* ---- reading ---- */

static const struct {
	int ask, answer;
	size_t info_len;
	void (*take)(struct reader *r, const struct nlmsghdr *m);
	const char *what;
} lists[] = {
	{ RTM_GETADDR, RTM_NEWADDR, sizeof(struct ifaddrmsg), take_address, "addresses" },
	{ RTM_GETNEIGH, RTM_NEWNEIGH, sizeof(struct ndmsg), take_neighbour, "neighbours" },
	{ RTM_GETROUTE, RTM_NEWROUTE, sizeof(struct rtmsg), take_route, "routes" },
};

static void take_any(void *ctx, const struct nlmsghdr *m)
{
	struct reader *r = ctx;

	for (size_t k = 0; k < ARRAY_SIZE(lists); k++)
		if (m->nlmsg_type == lists[k].answer &&
		    m->nlmsg_len >= NLMSG_LENGTH(lists[k].info_len))
			lists[k].take(r, m);
}

int net_take_message(const struct net_map *map, const struct nlmsghdr *m, struct net_state *s,
		     struct lc_error *e)
{
	struct reader r = { .map = map, .state = s, .e = e };

	take_any(&r, m);
	return r.failed ? -1 : 0;
}

/* The first byte of every info is the family: 0 is any. */
static int read_list(struct reader *r, int sock, size_t k)
{
	size_t before = r->state->n;

	for (int tries = 0; tries < TRIES; tries++) {
		static const char any[sizeof(struct ifaddrmsg) + sizeof(struct rtmsg)];
		struct nl_request request;

		nl_begin(&request, lists[k].ask, NLM_F_DUMP, any, lists[k].info_len);
		r->state->n = before;
		if (nl_ask(sock, &request, lists[k].answer, lists[k].info_len, take_any, r) == 0)
			return r->failed ? -1 : 0;
		if (errno != EINTR)
			break;
	}
	return lc_err_errno(r->e, "read the network's %s", lists[k].what);
}

int net_read(int sock, const struct net_map *map, struct net_state *s, struct lc_error *e)
{
	struct reader r = { .map = map, .state = s, .e = e };

	for (size_t k = 0; k < ARRAY_SIZE(lists); k++)
		if (read_list(&r, sock, k) < 0)
			return -1;
	return 0;
}

/* ---- interfaces ---- */

struct finder {
	struct net_found *found;
	size_t n, max;
	bool too_many;
};

/* A text of the kernel's, with or without a NUL. */
static void copy_text(const struct rtattr *a, char to[NET_NAME])
{
	size_t len = a ? RTA_PAYLOAD(a) : 0;

	memset(to, 0, NET_NAME);
	if (a)
		memcpy(to, RTA_DATA(a), len < NET_NAME ? len : NET_NAME - 1);
}

static void take_link(void *ctx, const struct nlmsghdr *m)
{
	struct finder *f = ctx;
	const struct ifinfomsg *info = NLMSG_DATA(m);
	const struct rtattr *mac = nl_find(m, sizeof(*info), IFLA_ADDRESS);
	struct net_found l = { .index = info->ifi_index };

	if (info->ifi_type != ARPHRD_ETHER || info->ifi_flags & IFF_LOOPBACK || !mac ||
	    RTA_PAYLOAD(mac) != 6)
		return;
	l.item.kind = NET_LINK;
	l.item.flags = info->ifi_flags & IFF_UP ? LINK_UP : 0;
	l.item.mtu = nl_u32(nl_find(m, sizeof(*info), IFLA_MTU), 0);
	memcpy(l.item.mac, RTA_DATA(mac), 6);
	copy_text(nl_find(m, sizeof(*info), IFLA_IFNAME), l.item.name);
	copy_text(nl_find_in(nl_find(m, sizeof(*info), IFLA_LINKINFO), IFLA_INFO_KIND), l.kind);
	l.is_member = nl_u32(nl_find(m, sizeof(*info), IFLA_MASTER), 0) > 0;
	f->too_many = f->n == f->max;
	if (!f->too_many)
		f->found[f->n++] = l;
}

int net_find_links(int sock, struct net_found *found, size_t max, struct lc_error *e)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct finder f = { .found = found, .max = max };
	int r = -1;

	for (int tries = 0; r < 0 && tries < TRIES; tries++) {
		struct nl_request request;

		f.n = 0;
		nl_begin(&request, RTM_GETLINK, NLM_F_DUMP, &info, sizeof(info));
		r = nl_ask(sock, &request, RTM_NEWLINK, sizeof(info), take_link, &f);
		if (r < 0 && errno != EINTR)
			break;
	}
	if (r < 0)
		return lc_err_errno(e, "list the network's interfaces");
	if (f.too_many)
		return lc_err(e, LC_EUNSUPPORTED, "more than %zu network interfaces", max);
	return (int)f.n;
}

/* ---- on the way ---- */

static bool is_name(const char name[NET_NAME])
{
	size_t len = strnlen(name, NET_NAME);

	if (!len || len == NET_NAME || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (size_t i = 0; i < len; i++)
		if (strchr("/:%", name[i]) || (unsigned char)name[i] <= ' ')
			return false;
	return true;
}

/* What is wrong with an item; NULL: nothing. */
static const char *wrong(const struct net_item *i)
{
	bool nowhere = i->kind == NET_ROUTE && i->link == NET_NO_LINK;

	if (i->kind < NET_LINK || i->kind > NET_NEIGHBOUR)
		return "no such kind";
	if (i->link >= NET_LINKS && !nowhere)
		return "no such interface";
	if (i->kind == NET_LINK)
		return !is_name(i->name)		      ? "no name"
		       : i->mtu < MTU_MIN || i->mtu > MTU_MAX ? "no MTU"
							      : NULL;
	if (!family_len(i->family))
		return "no such family";
	if (i->prefix > 8 * family_len(i->family))
		return "a prefix too long";
	return nowhere && !leads_nowhere(i->type) ? "no interface" : NULL;
}

int net_feed(struct net_state *s, const void *data, size_t len, struct lc_error *e)
{
	const char *p = data;

	if (len % sizeof(struct net_item) != 0)
		return lc_err(e, LC_ESYSTEM, "network: %zu bytes are no items", len);
	for (; len; p += sizeof(struct net_item), len -= sizeof(struct net_item)) {
		struct net_item i;
		const char *why;

		memcpy(&i, p, sizeof(i));
		why = wrong(&i);
		if (s->n == NET_ITEMS)
			why = "too many";
		if (why)
			return lc_err(e, LC_ESYSTEM, "network: item %zu: %s", s->n, why);
		s->v[s->n++] = i;
	}
	return 0;
}

const struct net_item *net_link(const struct net_state *s, unsigned link)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].kind == NET_LINK && s->v[i].link == link)
			return &s->v[i];
	return NULL;
}

/* ---- items to requests ---- */

struct change {
	int sock;
	const struct net_map *map;
	const struct net_state *from, *to;
	bool fresh[NET_LINKS]; /* nothing is on it (any more) */
	bool removed; /* routes and neighbours may have gone with an address */
	struct lc_error *e;
};

static int set_link(const struct change *c, unsigned link, unsigned up, const char *name,
		    const struct net_item *more)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC,
				  .ifi_index = c->map->index[link],
				  .ifi_flags = up,
				  .ifi_change = IFF_UP };
	struct nl_request r;

	nl_begin(&r, RTM_NEWLINK, 0, &info, sizeof(info));
	if (name)
		nl_add(&r, IFLA_IFNAME, name, strlen(name) + 1);
	if (more) {
		nl_add_u32(&r, IFLA_MTU, more->mtu);
		nl_add(&r, IFLA_ADDRESS, more->mac, 6);
	}
	return nl_do(c->sock, &r);
}

static int fail(const struct change *c, const struct net_item *i, const char *what)
{
	return lc_err_errno(c->e, "%s %s", what, describe(i).s);
}

/* Names may be swapped: whoever gets another one first gives up what it has.  An interface that
 * goes down for it loses what was on it. */
static int free_names(struct change *c)
{
	for (unsigned n = 0; n < NET_LINKS; n++) {
		const struct net_item *want = net_link(c->to, n), *had = net_link(c->from, n);
		char name[NET_NAME];

		c->fresh[n] = want && (!had || strcmp(had->name, want->name) != 0);
		if (!c->fresh[n])
			continue;
		snprintf(name, sizeof(name), "hull.%u", n);
		if (set_link(c, n, 0, NULL, NULL) < 0 || set_link(c, n, 0, name, NULL) < 0)
			return fail(c, want, "free the name of");
	}
	return 0;
}

static int set_links(struct change *c)
{
	for (unsigned n = 0; n < NET_LINKS; n++) {
		const struct net_item *want = net_link(c->to, n), *had = net_link(c->from, n);

		if (!want || (had && !memcmp(had, want, sizeof(*want))))
			continue;
		if (c->fresh[n] && set_link(c, n, 0, want->name, NULL) < 0)
			return fail(c, want, "name");
		if (set_link(c, n, want->flags & LINK_UP ? IFF_UP : 0, NULL, want) < 0)
			return fail(c, want, "set up");
		if (had && (had->flags & LINK_UP) != (want->flags & LINK_UP))
			c->fresh[n] = true; /* its routes, and IPv6 addresses, went when it did */
	}
	return 0;
}

static void add_address(struct nl_request *r, int attribute, const uint8_t address[16],
			uint8_t family)
{
	if (is_set(address))
		nl_add(r, attribute, address, family_len(family));
}

static void address_request(const struct change *c, const struct net_item *i, bool add,
			    struct nl_request *r)
{
	struct ifaddrmsg info = { .ifa_family = i->family,
				  .ifa_prefixlen = i->prefix,
				  .ifa_scope = i->scope,
				  .ifa_index = (uint32_t)c->map->index[i->link] };
	uint32_t flags = i->flags | (i->family == AF_INET6 ? IFA_F_NODAD : 0U);

	nl_begin(r, add ? RTM_NEWADDR : RTM_DELADDR, add ? NLM_F_CREATE | NLM_F_REPLACE : 0, &info,
		 sizeof(info));
	nl_add(r, IFA_LOCAL, i->address, family_len(i->family));
	nl_add(r, IFA_ADDRESS, is_set(i->other) ? i->other : i->address, family_len(i->family));
	if (!add)
		return;
	add_address(r, IFA_BROADCAST, i->source, i->family);
	nl_add_u32(r, IFA_FLAGS, flags);
	if (i->metric)
		nl_add_u32(r, IFA_RT_PRIORITY, i->metric);
}

static void add_metrics(struct nl_request *r, const struct net_item *i)
{
	size_t nest = nl_nest(r, RTA_METRICS);

	for (int k = 0; k < NET_METRICS; k++)
		if (i->metrics[k])
			nl_add_u32(r, k + 1, i->metrics[k]);
	nl_close(r, nest);
}

static void route_request(const struct change *c, const struct net_item *i, bool add,
			  struct nl_request *r)
{
	struct rtmsg info = { .rtm_family = i->family,
			      .rtm_dst_len = i->prefix,
			      .rtm_tos = i->tos,
			      .rtm_table = i->table < 256 ? (uint8_t)i->table : RT_TABLE_UNSPEC,
			      .rtm_protocol = i->protocol,
			      .rtm_scope = i->scope,
			      .rtm_type = i->type,
			      .rtm_flags = i->flags };

	nl_begin(r, add ? RTM_NEWROUTE : RTM_DELROUTE, add ? NLM_F_CREATE | NLM_F_REPLACE : 0,
		 &info, sizeof(info));
	if (i->prefix)
		nl_add(r, RTA_DST, i->address, family_len(i->family));
	add_address(r, RTA_GATEWAY, i->other, i->family);
	add_address(r, RTA_PREFSRC, i->source, i->family);
	if (i->link != NET_NO_LINK)
		nl_add_u32(r, RTA_OIF, (uint32_t)c->map->index[i->link]);
	nl_add_u32(r, RTA_TABLE, i->table);
	if (i->metric)
		nl_add_u32(r, RTA_PRIORITY, i->metric);
	add_metrics(r, i);
}

static void neighbour_request(const struct change *c, const struct net_item *i, bool add,
			      struct nl_request *r)
{
	struct ndmsg info = { .ndm_family = i->family,
			      .ndm_ifindex = c->map->index[i->link],
			      .ndm_state = NUD_PERMANENT,
			      .ndm_flags = (uint8_t)i->flags };

	nl_begin(r, add ? RTM_NEWNEIGH : RTM_DELNEIGH, add ? NLM_F_CREATE | NLM_F_REPLACE : 0,
		 &info, sizeof(info));
	nl_add(r, NDA_DST, i->address, family_len(i->family));
	if (add)
		nl_add(r, NDA_LLADDR, i->mac, 6);
}

static int request(const struct change *c, const struct net_item *i, bool add)
{
	static void (*const make[])(const struct change *, const struct net_item *, bool,
				    struct nl_request *) = {
		[NET_ADDRESS] = address_request,
		[NET_ROUTE] = route_request,
		[NET_NEIGHBOUR] = neighbour_request,
	};
	struct nl_request r;

	make[i->kind](c, i, add, &r);
	return nl_do(c->sock, &r);
}

static bool has(const struct net_state *s, const struct net_item *i)
{
	for (size_t k = 0; k < s->n; k++)
		if (!memcmp(&s->v[k], i, sizeof(*i)))
			return true;
	return false;
}

/* Whatever it says: what shall go may have gone by itself. */
static void remove_old(struct change *c, enum net_kind kind)
{
	for (size_t k = 0; k < c->from->n; k++) {
		const struct net_item *i = &c->from->v[k];

		if (i->kind != kind || has(c->to, i))
			continue;
		if (i->link == NET_NO_LINK || c->map->index[i->link])
			request(c, i, false);
		c->removed = true;
	}
}

static bool is_wanted(const struct change *c, const struct net_item *i, enum net_kind kind)
{
	return i->kind == kind &&
	       (!has(c->from, i) || (i->link != NET_NO_LINK && c->fresh[i->link]) ||
		(kind != NET_ADDRESS && c->removed));
}

static int add_new(struct change *c, enum net_kind kind)
{
	for (size_t k = 0; k < c->to->n; k++) {
		const struct net_item *i = &c->to->v[k];

		if (is_wanted(c, i, kind) && request(c, i, true) < 0)
			return fail(c, i, "add");
	}
	return 0;
}

/* A gateway must be within reach: rounds, until one adds nothing more. */
static int add_routes(struct change *c)
{
	bool done[NET_ITEMS] = { 0 }, moved = true;
	const struct net_item *failed = NULL;
	int why = 0;

	while (moved) {
		moved = false;
		failed = NULL;
		for (size_t k = 0; k < c->to->n; k++) {
			const struct net_item *i = &c->to->v[k];

			if (done[k] || !is_wanted(c, i, NET_ROUTE))
				continue;
			done[k] = request(c, i, true) == 0;
			moved |= done[k];
			if (!done[k] && !failed) {
				why = errno;
				failed = i;
			}
		}
	}
	errno = why;
	return failed ? fail(c, failed, "add") : 0;
}

static int check_map(const struct change *c)
{
	for (size_t k = 0; k < c->to->n; k++) {
		const struct net_item *i = &c->to->v[k];

		if (i->link != NET_NO_LINK &&
		    (!c->map->index[i->link] || !net_link(c->to, i->link)))
			return lc_err(c->e, LC_ESYSTEM, "%s: there is no interface %u",
				      describe(i).s, i->link);
	}
	return 0;
}

int net_apply(int sock, const struct net_map *map, const struct net_state *from,
	      const struct net_state *to, struct lc_error *e)
{
	struct change c = { .sock = sock, .map = map, .from = from, .to = to, .e = e };

	if (check_map(&c) < 0 || free_names(&c) < 0)
		return -1;
	remove_old(&c, NET_ROUTE);
	remove_old(&c, NET_NEIGHBOUR);
	remove_old(&c, NET_ADDRESS);
	if (set_links(&c) < 0 || add_new(&c, NET_ADDRESS) < 0 || add_new(&c, NET_NEIGHBOUR) < 0)
		return -1;
	return add_routes(&c);
}
