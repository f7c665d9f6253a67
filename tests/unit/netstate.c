/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network of a namespace: read from one, sent, made in another; and the kernel's messages. */
#include "microvm/netstate.h"
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "lc_test.h"
#include "sys/netlink.h"
#include "veth.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>

static struct lc_error e;
static struct arena a;

/* ---- namespaces with interfaces ---- */

/* A new namespace; its socket. */
static int enter(void)
{
	static bool entered;

	if (!entered && unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		SKIP("a network namespace cannot be made: %s", lc_errno_text(errno));
	if (entered)
		CHECK_INT(unshare(CLONE_NEWNET), 0);
	entered = true;
	return nl_open(0, &e);
}

static void peer_up(int sock, const char *name)
{
	struct ifinfomsg info = { .ifi_index = (int)if_nametoindex(name),
				  .ifi_flags = IFF_UP,
				  .ifi_change = IFF_UP };
	struct nl_request r;

	nl_begin(&r, RTM_NEWLINK, 0, &info, sizeof(info));
	CHECK_INT(nl_do(sock, &r), 0);
}

static const uint8_t macs[2][6] = { { 2, 0, 0, 0, 0, 1 }, { 2, 0, 0, 0, 0, 2 } };

/* Two interfaces named otherwise than they will be. */
static int with_links(struct net_map *map)
{
	int sock = enter();

	CHECK(sock >= 0);
	*map = (struct net_map){ 0 };
	veth_add(sock, "one", "one-peer", -1, 1500);
	veth_add(sock, "two", "two-peer", -1, 9000);
	map->index[0] = (int)if_nametoindex("one");
	map->index[1] = (int)if_nametoindex("two");
	peer_up(sock, "one-peer");
	peer_up(sock, "two-peer");
	return sock;
}

/* ---- items ---- */

static struct net_item *add(struct net_state *s, enum net_kind kind, unsigned link, int family)
{
	struct net_item *i = &s->v[s->n++];

	*i = (struct net_item){ .kind = (uint8_t)kind,
				.link = (uint8_t)link,
				.family = (uint8_t)family };
	return i;
}

static void add_link(struct net_state *s, unsigned link, const char *name, uint32_t mtu)
{
	struct net_item *i = add(s, NET_LINK, link, 0);

	i->flags = 1;
	i->mtu = mtu;
	memcpy(i->mac, macs[link], 6);
	strncpy(i->name, name, NET_NAME - 1);
}

static struct net_item *add_address(struct net_state *s, unsigned link, int family,
				    const char *text, uint8_t prefix)
{
	struct net_item *i = add(s, NET_ADDRESS, link, family);

	CHECK_INT(inet_pton(family, text, i->address), 1);
	i->prefix = prefix;
	return i;
}

static struct net_item *add_route(struct net_state *s, unsigned link, int family, const char *to,
				  uint8_t prefix, const char *gateway)
{
	struct net_item *i = add(s, NET_ROUTE, link, family);

	CHECK_INT(inet_pton(family, to, i->address), 1);
	if (gateway)
		CHECK_INT(inet_pton(family, gateway, i->other), 1);
	i->prefix = prefix;
	i->table = RT_TABLE_MAIN;
	i->type = RTN_UNICAST;
	i->protocol = RTPROT_STATIC;
	i->scope = family == AF_INET && !gateway ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	return i;
}

static void add_neighbour(struct net_state *s, unsigned link, int family, const char *text)
{
	struct net_item *i = add(s, NET_NEIGHBOUR, link, family);

	CHECK_INT(inet_pton(family, text, i->address), 1);
	i->prefix = family == AF_INET ? 32 : 128;
	memcpy(i->mac, "\2\1\1\1\1\1", 6);
}

/* With routes in an order in which they cannot be added: a gateway behind another. */
static struct net_state example(void)
{
	struct net_state s = { 0 };
	struct net_item *i;

	add_link(&s, 0, "eth0", 1400);
	add_link(&s, 1, "eth1", 9000);
	inet_pton(AF_INET, "10.1.0.255", add_address(&s, 0, AF_INET, "10.1.0.2", 24)->source);
	i = add_address(&s, 1, AF_INET, "192.0.2.1", 32);
	inet_pton(AF_INET, "192.0.2.2", i->other);
	add_address(&s, 0, AF_INET6, "2001:db8::2", 64);
	add_neighbour(&s, 0, AF_INET, "10.1.0.9");
	add_neighbour(&s, 0, AF_INET6, "2001:db8::9");
	add_route(&s, 0, AF_INET, "198.51.100.0", 24, "10.2.0.1");
	i = add_route(&s, 0, AF_INET, "0.0.0.0", 0, "10.1.0.1");
	i->metric = 100;
	i->metrics[RTAX_MTU - 1] = 1300;
	inet_pton(AF_INET, "10.1.0.2", i->source);
	add_route(&s, 1, AF_INET, "0.0.0.0", 0, "192.0.2.2")->metric = 200;
	add_route(&s, 0, AF_INET, "10.2.0.1", 32, NULL);
	add_route(&s, 0, AF_INET6, "::", 0, "2001:db8::1")->metric = 7;
	add_route(&s, NET_NO_LINK, AF_INET, "203.0.113.0", 24, NULL)->type = RTN_UNREACHABLE;
	s.v[s.n - 1].scope = RT_SCOPE_UNIVERSE;
	return s;
}

static bool has(const struct net_state *s, const struct net_item *i)
{
	for (size_t k = 0; k < s->n; k++)
		if (!memcmp(&s->v[k], i, sizeof(*i)))
			return true;
	return false;
}

/* What is there, read again; link-local addresses are the kernel's own. */
static struct net_state read_back(int sock, const struct net_map *map)
{
	struct net_state all = { 0 }, s = { 0 };
	struct net_found found[8];
	int n = net_find_links(sock, found, ARRAY_SIZE(found), &e);

	CHECK_OK(n, &e);
	for (int i = 0; i < n; i++)
		for (unsigned link = 0; link < NET_LINKS; link++)
			if (found[i].index == map->index[link]) {
				found[i].item.link = (uint8_t)link;
				s.v[s.n++] = found[i].item;
			}
	CHECK_OK(net_read(sock, map, &all, &e), &e);
	for (size_t i = 0; i < all.n; i++)
		if (all.v[i].family != AF_INET6 || all.v[i].address[0] != 0xfe)
			s.v[s.n++] = all.v[i];
	return s;
}

static void check_same(const struct net_state *got, const struct net_state *want)
{
	for (size_t i = 0; i < want->n; i++)
		if (!has(got, &want->v[i]))
			FAIL("item %zu (kind %d, family %d) is missing", i, want->v[i].kind,
			     want->v[i].family);
	CHECK_INT(got->n, want->n);
}

/* By another way than that of the code. */
static char *proc_net(const char *name)
{
	char *text;
	size_t len;

	CHECK_OK(file_read_at(AT_FDCWD, arena_printf(&a, "/proc/thread-self/net/%s", name), &a,
			      1 << 20, &text, &len, &e),
		 &e);
	return text;
}

static const struct net_state none;

TEST(what_is_made_is_there_and_read_again)
{
	struct net_map map;
	struct net_state want = example(), got;
	int sock = with_links(&map);

	CHECK_OK(net_apply(sock, &map, &none, &want, &e), &e);
	got = read_back(sock, &map);
	check_same(&got, &want);
	CHECK_INT(if_nametoindex("eth0"), map.index[0]);
	CHECK_CONTAINS(proc_net("route"), "eth0\t00000000\t0100010A\t0003\t0\t0\t100\t");
	CHECK_CONTAINS(proc_net("route"), "eth1\t00000000\t020200C0\t0003\t0\t0\t200\t");
	CHECK_CONTAINS(proc_net("if_inet6"), "20010db8000000000000000000000002");
	CHECK_CONTAINS(proc_net("arp"),
		       "10.1.0.9         0x1         0x6         02:01:01:01:01:01");
}

TEST(one_namespace_becomes_like_another)
{
	struct net_map here, there;
	struct net_state want = example(), read, got = { 0 };
	int first = with_links(&here), second;

	CHECK_OK(net_apply(first, &here, &none, &want, &e), &e);
	read = read_back(first, &here);
	second = with_links(&there);
	CHECK_OK(net_feed(&got, read.v, read.n * sizeof(*read.v), &e), &e);
	CHECK_OK(net_apply(second, &there, &none, &got, &e), &e);
	read = read_back(second, &there);
	check_same(&read, &want);
}

TEST(only_differences_are_made)
{
	struct net_map map;
	struct net_state before = example(), after = { 0 }, got;
	int sock = with_links(&map);

	CHECK_OK(net_apply(sock, &map, &none, &before, &e), &e);
	add_link(&after, 0, "eth0", 1450);
	add_link(&after, 1, "eth1", 9000);
	after.v[1].mac[5] = 77;
	add_address(&after, 0, AF_INET, "10.1.0.3", 24); /* the routes behind .2 go with it */
	add_address(&after, 1, AF_INET6, "2001:db8:1::1", 64);
	add_route(&after, 0, AF_INET, "0.0.0.0", 0, "10.1.0.1")->metric = 100;
	add_neighbour(&after, 0, AF_INET, "10.1.0.9");
	CHECK_OK(net_apply(sock, &map, &before, &after, &e), &e);
	got = read_back(sock, &map);
	check_same(&got, &after);
}

/* What the container has added itself is nobody else's. */
TEST(what_was_not_made_is_left_alone)
{
	struct net_map map;
	struct net_state before = { 0 }, own = { 0 }, after = { 0 }, got;
	int sock = with_links(&map);

	add_link(&before, 0, "eth0", 1500);
	CHECK_OK(net_apply(sock, &map, &none, &before, &e), &e);
	own = before;
	add_address(&own, 0, AF_INET, "10.9.9.9", 24);
	CHECK_OK(net_apply(sock, &map, &before, &own, &e), &e);
	after = before;
	add_address(&after, 0, AF_INET, "10.1.0.2", 24);
	CHECK_OK(net_apply(sock, &map, &before, &after, &e), &e);
	got = read_back(sock, &(struct net_map){ { map.index[0] } });
	CHECK(has(&got, &own.v[1]) && has(&got, &after.v[1]));
}

TEST(names_can_be_swapped_and_nothing_is_lost)
{
	struct net_map map;
	struct net_state before = example(), after = example(), got;
	int sock = with_links(&map);

	memcpy(after.v[0].name, "eth1", 5);
	memcpy(after.v[1].name, "eth0", 5);
	CHECK_OK(net_apply(sock, &map, &none, &before, &e), &e);
	CHECK_OK(net_apply(sock, &map, &before, &after, &e), &e);
	got = read_back(sock, &map);
	check_same(&got, &after);
	CHECK_INT(if_nametoindex("eth1"), map.index[0]);
}

TEST(what_cannot_be_is_an_error_that_names_it)
{
	struct net_map map;
	struct net_state s = { 0 };
	int sock = with_links(&map);

	add_link(&s, 0, "eth0", 1500);
	add_route(&s, 0, AF_INET, "0.0.0.0", 0, "10.5.0.1");
	CHECK_INT(net_apply(sock, &map, &none, &s, &e), -1);
	CHECK_CONTAINS(e.msg, "add route to 0.0.0.0/0: network is unreachable");
	s.v[1].link = 1;
	CHECK_INT(net_apply(sock, &map, &none, &s, &e), -1);
	CHECK_CONTAINS(e.msg, "there is no interface 1");
}

TEST(items_that_make_no_sense_are_refused)
{
	struct net_state good = { 0 }, s;
	static const struct {
		size_t at;
		uint8_t value;
		const char *wanted;
	} cases[] = {
		{ offsetof(struct net_item, kind), 0, "no such kind" },
		{ offsetof(struct net_item, kind), 5, "no such kind" },
		{ offsetof(struct net_item, link), NET_LINKS, "no such interface" },
		{ offsetof(struct net_item, link), NET_NO_LINK, "no interface" },
		{ offsetof(struct net_item, family), 3, "no such family" },
		{ offsetof(struct net_item, prefix), 33, "a prefix too long" },
	};
	static const char *const names[] = { "", ".", "..", "a/b", "a b", "a:b", "a%d", "a\n" };

	add_route(&good, 0, AF_INET, "10.0.0.0", 8, "10.5.0.1");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct net_item bad = good.v[0];

		((uint8_t *)&bad)[cases[i].at] = cases[i].value;
		s.n = 0;
		CHECK_INT(net_feed(&s, &bad, sizeof(bad), &e), -1);
		CHECK_CONTAINS(e.msg, cases[i].wanted);
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		s.n = 0;
		add_link(&s, 0, names[i], 1500);
		good = s;
		s.n = 0;
		CHECK_INT(net_feed(&s, good.v, sizeof(*good.v), &e), -1);
		CHECK_CONTAINS(e.msg, "no name");
	}
	good.v[0] = (struct net_item){ .kind = NET_LINK };
	memset(good.v[0].name, 'x', NET_NAME);
	CHECK_INT(net_feed(&s, good.v, sizeof(*good.v), &e), -1);
	CHECK_INT(net_feed(&s, good.v, sizeof(*good.v) - 1, &e), -1);
	CHECK_CONTAINS(e.msg, "163 bytes are no items");
}

TEST(more_items_than_fit_are_refused)
{
	struct net_state one = { 0 }, s = { .n = NET_ITEMS };

	add_route(&one, 0, AF_INET, "10.0.0.0", 8, NULL);
	CHECK_INT(net_feed(&s, one.v, sizeof(*one.v), &e), -1);
	CHECK_CONTAINS(e.msg, "too many");
}

/* Attributes shorter or longer than what they should hold. */
TEST(addresses_of_a_wrong_length_are_none)
{
	struct net_map map = { { 7 } };
	struct rtmsg info = { .rtm_family = AF_INET, .rtm_type = RTN_UNICAST, .rtm_table = 254 };
	static const size_t lengths[] = { 0, 3, 4, 5, 16, 40 };
	static const char zeros[40];

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct net_state s = { 0 };
		struct nl_request r;

		nl_begin(&r, RTM_NEWROUTE, 0, &info, sizeof(info));
		nl_add_u32(&r, RTA_OIF, 7);
		nl_add(&r, RTA_GATEWAY, zeros, lengths[i]);
		CHECK_OK(net_take_message(&map, &r.head, &s, &e), &e);
		CHECK_INT(s.n, lengths[i] == 4);
	}
}

TEST(routes_that_an_item_cannot_say_are_refused)
{
	struct net_map map = { { 7 } };
	struct rtmsg info = { .rtm_family = AF_INET, .rtm_type = RTN_UNICAST, .rtm_table = 254 };
	struct net_state s = { 0 };
	struct nl_request r;

	nl_begin(&r, RTM_NEWROUTE, 0, &info, sizeof(info));
	nl_add(&r, RTA_MULTIPATH, "", 1);
	CHECK_INT(net_take_message(&map, &r.head, &s, &e), -1);
	CHECK_CONTAINS(e.msg,
		       "route to 0.0.0.0/0: not possible in a virtual machine: several next");
}
