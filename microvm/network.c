/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The helper for a machine's network: looks, joins, tells, and looks again when it hears of
 * changes. */
#include "microvm/network.h"
#include "base/own.h"
#include "sys/confine.h"
#include "sys/netlink.h"

#include <linux/capability.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

enum {
	FOUND_MAX = 64,
	QUIET_MS = 30, /* changes come in bursts: an interface, its address, its routes */
	BURST_MAX = 20, /* of such pauses, then it is looked all the same */
};

#define GROUPS \
	(RTMGRP_LINK | RTMGRP_NEIGH | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | \
	 RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE)
#define KEEP (1ULL << CAP_NET_ADMIN | 1ULL << CAP_BPF)

int network_init(struct network *n, const int *taps, unsigned n_taps, struct lc_error *e)
{
	*n = (struct network){ .n = n_taps < NET_LINKS ? n_taps : NET_LINKS };
	for (unsigned i = 0; i < NET_LINKS; i++)
		n->joins[i] = (struct join)JOIN_NONE;
	for (unsigned i = 0; i < n->n; i++)
		n->joins[i].tap = taps[i];
	n->sock = nl_open(0, e);
	return n->sock < 0 ? -1 : 0;
}

void network_release(struct network *n)
{
	for (unsigned i = 0; i < NET_LINKS; i++)
		join_end(&n->joins[i]);
	fd_release(&n->sock);
}

/* ---- which interfaces ---- */

static bool is_tap(const struct net_found *f)
{
	return !strcmp(f->kind, "tun") && !strncmp(f->item.name, TAP_PREFIX, strlen(TAP_PREFIX));
}

static bool is_own(const struct network *n, int index)
{
	for (unsigned i = 0; i < n->n; i++)
		if (n->joins[i].index == index)
			return true;
	return false;
}

/* Tunnels that the kernel puts into every namespace, and what belongs to a bridge or bond. */
static bool is_wanted(const struct net_found *f)
{
	static const char *const never[] = { "gretap", "erspan", "ip6gretap", "ip6erspan" };

	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		if (!strcmp(f->kind, never[i]))
			return false;
	return !f->is_member && !is_tap(f);
}

static int find(struct network *n, struct net_found *found, struct lc_error *e)
{
	int all = net_find_links(n->sock, found, FOUND_MAX, e), kept = 0;

	for (int i = 0; i < all; i++) {
		if (is_tap(&found[i]) && !is_own(n, found[i].index) && !n->asked)
			return lc_err(e, LC_EUNSUPPORTED,
				      "linux.namespaces (network): not possible in a virtual "
				      "machine: another virtual machine has it");
		if (is_wanted(&found[i]))
			found[kept++] = found[i];
	}
	return all < 0 ? -1 : kept;
}

/* Numbers that became free now are given away the next time: the guest hears first that they are.
 */
static void end_joins(struct network *n, const struct net_found *found, int n_found)
{
	n->again = false;
	for (unsigned link = 0; link < n->n; link++) {
		bool there = !n->map.index[link];

		for (int i = 0; i < n_found; i++)
			there |= found[i].index == n->map.index[link];
		if (there)
			continue;
		join_end(&n->joins[link]);
		n->map.index[link] = 0;
		n->again = true;
	}
}

static int number_of(struct network *n, const struct net_found *f, struct lc_error *e)
{
	for (unsigned link = 0; link < n->n; link++)
		if (n->map.index[link] == f->index)
			return (int)link;
	for (unsigned link = 0; link < n->n; link++)
		if (!n->map.index[link])
			return (int)link;
	if (!n->n)
		return lc_err(e, LC_EUNSUPPORTED,
			      "interface %s: /dev/net/tun cannot be opened (modprobe tun)",
			      f->item.name);
	return lc_err(e, LC_EUNSUPPORTED, "interface %s: a virtual machine has at most %u",
		      f->item.name, n->n);
}

static int join_all(struct network *n, struct net_found *found, int n_found, struct net_state *now,
		    struct lc_error *e)
{
	for (int i = 0; i < n_found; i++) {
		struct net_found *f = &found[i];
		int link = number_of(n, f, e);

		if (link < 0)
			return -1;
		if (n->again && n->map.index[link] != f->index)
			continue;
		if (join_make(n->sock, &n->joins[link], f->index, f->item.mtu, e) < 0)
			return lc_err_in(e, "interface %s", f->item.name);
		n->map.index[link] = f->index;
		f->item.link = (uint8_t)link;
		now->v[now->n++] = f->item;
	}
	return 0;
}

int network_look(struct network *n, struct net_state *now, struct lc_error *e)
{
	struct net_found found[FOUND_MAX];
	int n_found = find(n, found, e);

	if (n_found < 0)
		return -1;
	now->n = 0;
	end_joins(n, found, n_found);
	if (join_all(n, found, n_found, now, e) < 0)
		return -1;
	n->asked = true;
	return net_read(n->sock, &n->map, now, e);
}

/* ---- telling ---- */

static int tell(int hub, struct network_message *m, size_t len)
{
	ssize_t n;

	do {
		n = send(hub, m, len, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

static int tell_error(int hub, const struct lc_error *e)
{
	struct network_message m = { .head = { .what = NETWORK_FAILED } };

	m.error = *e;
	return tell(hub, &m, sizeof(m.head) + sizeof(m.error));
}

static int tell_state(int hub, const struct net_state *s)
{
	struct network_message m = { .head = { .what = NETWORK_ITEMS } };

	for (size_t done = 0; done < s->n; done += m.head.n) {
		m.head.n = (uint32_t)(s->n - done < NETWORK_BATCH ? s->n - done : NETWORK_BATCH);
		memcpy(m.items, s->v + done, m.head.n * sizeof(*m.items));
		if (tell(hub, &m, sizeof(m.head) + m.head.n * sizeof(*m.items)) < 0)
			return -1;
	}
	m.head = (struct network_head){ .what = NETWORK_END };
	return tell(hub, &m, sizeof(m.head));
}

static bool is_same(const struct net_state *a, const struct net_state *b)
{
	return a->n == b->n && !memcmp(a->v, b->v, a->n * sizeof(*a->v));
}

/* Looks, and tells what it saw: for the first time in any case, later if it is another.  What
 * cannot be had then is tried again with the next change. */
static int report(struct network *n, int hub, bool first)
{
	static struct net_state now;
	struct lc_error e = { 0 };

	do {
		if (network_look(n, &now, &e) < 0)
			return first ? tell_error(hub, &e) : 0;
		if (!first && is_same(&now, &n->sent))
			continue;
		n->sent = now;
		if (tell_state(hub, &now) < 0)
			return -1;
	} while (n->again);
	return 0;
}

/* ---- the process ---- */

/* Until nothing has been heard for a moment.  Lost messages do not matter: all is read anew. */
static void settle(int events)
{
	struct pollfd p = { .fd = events, .events = POLLIN };
	char ignored[8192];

	for (int i = 0; i < BURST_MAX; i++) {
		while (recv(events, ignored, sizeof(ignored), MSG_DONTWAIT) >= 0 ||
		       errno == ENOBUFS)
			;
		if (poll(&p, 1, QUIET_MS) == 0)
			return;
	}
}

static int serve(struct network *n, int hub, int events)
{
	struct pollfd p[2] = { { .fd = hub, .events = POLLIN }, { .fd = -1, .events = POLLIN } };
	char ask;

	for (;;) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return -1;
		if (p[0].revents) {
			if (recv(hub, &ask, 1, 0) != 1)
				return 0;
			if (report(n, hub, true) < 0)
				return 0;
			p[1].fd = events;
		} else if (p[1].revents) {
			settle(events);
			if (report(n, hub, false) < 0)
				return 0;
		}
	}
}

int network_main(int hub, const int *taps, unsigned n_taps, struct lc_error *e)
{
	static struct network n;
	auto_fd events = nl_open(GROUPS, e);

	if (events < 0 || network_init(&n, taps, n_taps, e) < 0)
		return -1;
	if (confine_process(KEEP, e) < 0 || confine_thread(CONFINE_NETWORK, e) < 0)
		return -1;
	return serve(&n, hub, events);
}
