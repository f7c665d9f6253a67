/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* nfnetlink. */
#include "net/nftables.h"
#include "base/own.h"
#include "net/rules.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define LOG_BUFFER (1 << 20) /* of the socket: what comes faster than it is read is lost */
#define COPY_BYTES 96 /* of a packet: its headers */

/* ---- messages ---- */

struct message {
	_Alignas(struct nlmsghdr) unsigned char data[1024];
	size_t len;
	struct nlmsghdr *head; /* of the last one in it */
};

static void *add(struct message *m, size_t n)
{
	void *p = m->data + m->len;

	if (NLMSG_ALIGN(n) > sizeof(m->data) - m->len)
		abort(); /* what we send is of known size */
	memset(p, 0, NLMSG_ALIGN(n));
	m->len += NLMSG_ALIGN(n);
	return p;
}

static void begin(struct message *m, unsigned type, unsigned flags, unsigned family, unsigned id)
{
	struct nfgenmsg *general;

	m->head = add(m, sizeof(*m->head));
	m->head->nlmsg_type = (uint16_t)type;
	m->head->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	general = add(m, sizeof(*general));
	general->nfgen_family = (uint8_t)family;
	general->version = NFNETLINK_V0;
	general->res_id = htons((uint16_t)id);
}

static void end(struct message *m)
{
	m->head->nlmsg_len = (uint32_t)(m->data + m->len - (unsigned char *)m->head);
}

static struct nlattr *open_nest(struct message *m, unsigned type)
{
	struct nlattr *a = add(m, sizeof(*a));

	a->nla_type = (uint16_t)(type | NLA_F_NESTED);
	return a;
}

static void close_nest(struct message *m, struct nlattr *a)
{
	a->nla_len = (uint16_t)(m->data + m->len - (unsigned char *)a);
}

static void put(struct message *m, unsigned type, const void *data, size_t n)
{
	struct nlattr *a = add(m, sizeof(*a) + n);

	a->nla_type = (uint16_t)type;
	a->nla_len = (uint16_t)(sizeof(*a) + n);
	memcpy(a + 1, data, n);
}

static int say(int sock, struct message *m)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	char old[256];

	/* A verdict that came too late is not one on this. */
	while (recv(sock, old, sizeof(old), MSG_DONTWAIT) > 0)
		;
	return sendto(sock, m->data, m->len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0 ? -1
												: 0;
}

/* The kernel's verdict on @n messages that asked for one; the first that is an error counts. */
static int hear(int sock, unsigned n)
{
	_Alignas(struct nlmsghdr) unsigned char buf[4096];
	int error = 0;

	while (n) {
		ssize_t got = recv(sock, buf, sizeof(buf), 0);
		const struct nlmsghdr *h = (const struct nlmsghdr *)buf;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		for (; NLMSG_OK(h, got); h = NLMSG_NEXT(h, got)) {
			const struct nlmsgerr *verdict = NLMSG_DATA(h);

			if (h->nlmsg_type != NLMSG_ERROR)
				continue;
			if (!error)
				error = -verdict->error;
			n -= n > 0;
		}
	}
	errno = error;
	return error ? -1 : 0;
}

static int open_socket(struct lc_error *e)
{
	struct timeval limit = { .tv_sec = 2 };
	auto_fd fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd < 0)
		return lc_err_errno(e, "socket AF_NETLINK NETLINK_NETFILTER");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
		return lc_err_errno(e, "setsockopt SO_RCVTIMEO");
	return fd_take(&fd);
}

/* ---- sets ---- */

int nftables_open(struct lc_error *e)
{
	return open_socket(e);
}

static void put_element(struct message *m, const struct address *a, uint16_t port, uint64_t ms)
{
	bool v4 = a->family == AF_INET;
	const char *set = v4 ? (port ? RULES_SET_PORT4 : RULES_SET_ANY4)
			     : (port ? RULES_SET_PORT6 : RULES_SET_ANY6);
	size_t n = address_size(a);
	unsigned char key[20] = { 0 };
	uint32_t timeout[2] = { htonl((uint32_t)(ms >> 32)), htonl((uint32_t)ms) };
	struct nlattr *list, *element, *value;

	/* Parts of a key are as long as four bytes or a multiple. */
	memcpy(key, a->b, n);
	key[n] = (unsigned char)(port >> 8);
	key[n + 1] = (unsigned char)port;
	put(m, NFTA_SET_ELEM_LIST_TABLE, RULES_TABLE, sizeof(RULES_TABLE));
	put(m, NFTA_SET_ELEM_LIST_SET, set, strlen(set) + 1);
	list = open_nest(m, NFTA_SET_ELEM_LIST_ELEMENTS);
	element = open_nest(m, NFTA_LIST_ELEM);
	value = open_nest(m, NFTA_SET_ELEM_KEY);
	put(m, NFTA_DATA_VALUE, key, n + (port ? 4 : 0));
	close_nest(m, value);
	if (ms)
		put(m, NFTA_SET_ELEM_TIMEOUT, timeout, sizeof(timeout));
	close_nest(m, element);
	close_nest(m, list);
}

static int replace(int sock, const struct address *a, uint16_t port, uint64_t ms, bool is_there)
{
	struct message m = { .len = 0 };

	begin(&m, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	end(&m);
	if (is_there) {
		begin(&m, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELSETELEM, NLM_F_ACK, NFPROTO_INET,
		      0);
		put_element(&m, a, port, 0);
		end(&m);
	}
	begin(&m, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_ACK,
	      NFPROTO_INET, 0);
	put_element(&m, a, port, ms);
	end(&m);
	begin(&m, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	end(&m);
	return say(sock, &m) < 0 ? -1 : hear(sock, is_there ? 2 : 1);
}

int nftables_learn(int sock, const struct address *a, uint16_t port, uint32_t seconds)
{
	uint64_t ms = (uint64_t)seconds * 1000;

	/* Adding one that is there would leave its old end. */
	if (replace(sock, a, port, ms, true) == 0)
		return 0;
	return errno == ENOENT ? replace(sock, a, port, ms, false) : -1;
}

/* ---- log ---- */

static int configure(int sock, unsigned type, const void *data, size_t n)
{
	struct message m = { .len = 0 };

	begin(&m, NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG, NLM_F_ACK, AF_UNSPEC, RULES_LOG_GROUP);
	put(&m, type, data, n);
	end(&m);
	return say(sock, &m) < 0 ? -1 : hear(sock, 1);
}

int nftables_log_open(struct lc_error *e)
{
	const struct nfulnl_msg_config_cmd bind = { .command = NFULNL_CFG_CMD_BIND };
	const struct nfulnl_msg_config_mode mode = { .copy_range = htonl(COPY_BYTES),
						     .copy_mode = NFULNL_COPY_PACKET };
	const uint32_t at_once = htonl(1);
	const int size = LOG_BUFFER;
	auto_fd fd = open_socket(e);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (configure(fd, NFULA_CFG_CMD, &bind, sizeof(bind)) < 0 ||
	    configure(fd, NFULA_CFG_MODE, &mode, sizeof(mode)) < 0 ||
	    configure(fd, NFULA_CFG_QTHRESH, &at_once, sizeof(at_once)) < 0)
		return lc_err_errno(e, "listen to what nftables logs (nfnetlink_log)");
	return fd_take(&fd);
}

static void read_packet(const struct nlmsghdr *h, void (*each)(void *ctx, const struct packet *p),
			void *ctx)
{
	const unsigned char *p = (const unsigned char *)NLMSG_DATA(h) + sizeof(struct nfgenmsg);
	const unsigned char *stop = (const unsigned char *)h + h->nlmsg_len;
	struct packet packet;

	while (p + sizeof(struct nlattr) <= stop) {
		const struct nlattr *a = (const struct nlattr *)p;

		if (a->nla_len < sizeof(*a) || a->nla_len > stop - p)
			return;
		if ((a->nla_type & NLA_TYPE_MASK) == NFULA_PAYLOAD &&
		    packet_read(p + sizeof(*a), a->nla_len - sizeof(*a), &packet))
			each(ctx, &packet);
		p += NLA_ALIGN(a->nla_len);
	}
}

void nftables_log_read(int sock, void (*each)(void *ctx, const struct packet *p), void *ctx)
{
	_Alignas(struct nlmsghdr) unsigned char buf[16384];

	for (;;) {
		ssize_t got = recv(sock, buf, sizeof(buf), MSG_DONTWAIT);
		const struct nlmsghdr *h = (const struct nlmsghdr *)buf;

		if (got < 0 && (errno == EINTR || errno == ENOBUFS))
			continue;
		if (got <= 0)
			return;
		for (; NLMSG_OK(h, got); h = NLMSG_NEXT(h, got))
			if (h->nlmsg_type == (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET) &&
			    h->nlmsg_len >= NLMSG_LENGTH(sizeof(struct nfgenmsg)))
				read_packet(h, each, ctx);
	}
}
