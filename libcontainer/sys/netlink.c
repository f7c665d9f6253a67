/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rtnetlink requests. */
#include "sys/netlink.h"
#include "base/own.h"

#include <string.h>
#include <sys/socket.h>

enum { DATA_MAX = 32768 };

void nl_begin(struct nl_request *r, int type, int flags, const void *info, size_t len)
{
	memset(r, 0, sizeof(*r));
	r->head.nlmsg_type = (uint16_t)type;
	r->head.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	r->head.nlmsg_len = (uint32_t)NLMSG_LENGTH(len);
	memcpy(r->body, info, len);
}

void nl_add(struct nl_request *r, int attribute, const void *data, size_t len)
{
	size_t at = NLMSG_ALIGN(r->head.nlmsg_len), size = RTA_LENGTH(len);
	struct rtattr *a;

	if (at + RTA_ALIGN(size) > sizeof(r->head) + sizeof(r->body)) {
		r->full = true;
		return;
	}
	a = (struct rtattr *)(void *)((char *)r + at);
	a->rta_type = (uint16_t)attribute;
	a->rta_len = (uint16_t)size;
	if (len)
		memcpy(RTA_DATA(a), data, len);
	r->head.nlmsg_len = (uint32_t)(at + size);
}

void nl_add_u32(struct nl_request *r, int attribute, uint32_t value)
{
	nl_add(r, attribute, &value, sizeof(value));
}

size_t nl_nest(struct nl_request *r, int attribute)
{
	size_t at = NLMSG_ALIGN(r->head.nlmsg_len);

	nl_add(r, attribute | NLA_F_NESTED, NULL, 0);
	return at;
}

void nl_close(struct nl_request *r, size_t nest)
{
	struct rtattr *a = (struct rtattr *)(void *)((char *)r + nest);

	if (!r->full)
		a->rta_len = (uint16_t)(r->head.nlmsg_len - nest);
}

int nl_open(uint32_t groups, struct lc_error *e)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = groups };
	auto_fd fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return lc_err_errno(e, "netlink socket");
	if (groups && bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return lc_err_errno(e, "bind netlink socket");
	return fd_take(&fd);
}

static int send_request(int sock, struct nl_request *r)
{
	ssize_t n;

	errno = EMSGSIZE;
	if (r->full)
		return -1;
	r->head.nlmsg_seq++;
	do {
		n = send(sock, r, r->head.nlmsg_len, 0);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

/* What is asked for: which messages are answers, and who takes them. */
struct question {
	uint32_t seq;
	int answer;
	size_t info_len;
	void (*each)(void *ctx, const struct nlmsghdr *message);
	void *ctx;
};

static int verdict(const struct nlmsghdr *m)
{
	const struct nlmsgerr *err = NLMSG_DATA(m);

	errno = m->nlmsg_len < NLMSG_LENGTH(sizeof(*err)) ? EPROTO : -err->error;
	return errno ? -1 : 0;
}

/* The end of a dump may say that it failed. */
static int dump_ended(const struct nlmsghdr *m)
{
	const int *error = NLMSG_DATA(m);

	errno = m->nlmsg_len >= NLMSG_LENGTH(sizeof(*error)) ? -*error : 0;
	return errno ? -1 : 0;
}

/* One message: 1 when more is to come. */
static int take_one(const struct question *q, const struct nlmsghdr *m)
{
	if (m->nlmsg_type == NLMSG_ERROR)
		return verdict(m);
	errno = EINTR;
	if (m->nlmsg_flags & NLM_F_DUMP_INTR)
		return -1;
	if (m->nlmsg_type == NLMSG_DONE)
		return dump_ended(m);
	errno = EPROTO;
	if (m->nlmsg_type == q->answer && m->nlmsg_len < NLMSG_LENGTH(q->info_len))
		return -1;
	if (m->nlmsg_type == q->answer && q->each)
		q->each(q->ctx, m);
	return m->nlmsg_flags & NLM_F_MULTI ? 1 : 0;
}

/* One datagram. */
static int take(const struct question *q, const char *data, long len)
{
	const struct nlmsghdr *m = (const struct nlmsghdr *)(const void *)data;
	int more = 1;

	for (; more > 0 && NLMSG_OK(m, len); m = NLMSG_NEXT(m, len))
		if (m->nlmsg_seq == q->seq)
			more = take_one(q, m);
	return more;
}

static int receive(int sock, const struct question *q)
{
	_Alignas(struct nlmsghdr) char data[DATA_MAX];
	struct sockaddr_nl from = { .nl_pid = 1 };
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(sock, data, sizeof(data), MSG_TRUNC, (struct sockaddr *)&from, &len);

	if (n < 0)
		return errno == EINTR ? 1 : -1;
	errno = EMSGSIZE;
	if ((size_t)n > sizeof(data))
		return -1;
	return from.nl_pid ? 1 : take(q, data, n);
}

/* The rest of an answer that is of no use any more. */
static void drain(int sock)
{
	int saved = errno;
	char data[1];

	while (recv(sock, data, sizeof(data), MSG_DONTWAIT | MSG_TRUNC) >= 0)
		;
	errno = saved;
}

int nl_ask(int sock, struct nl_request *r, int answer, size_t info_len,
	   void (*each)(void *ctx, const struct nlmsghdr *message), void *ctx)
{
	struct question q = { .answer = answer, .info_len = info_len, .each = each, .ctx = ctx };
	int more = 1;

	if (send_request(sock, r) < 0)
		return -1;
	q.seq = r->head.nlmsg_seq;
	while (more > 0)
		more = receive(sock, &q);
	if (more < 0)
		drain(sock);
	return more;
}

int nl_do(int sock, struct nl_request *r)
{
	r->head.nlmsg_flags |= NLM_F_ACK;
	return nl_ask(sock, r, 0, 0, NULL, NULL);
}

static const struct rtattr *find(const struct rtattr *a, long len, int type)
{
	for (; RTA_OK(a, len); a = RTA_NEXT(a, len))
		if ((a->rta_type & NLA_TYPE_MASK) == type)
			return a;
	return NULL;
}

const struct rtattr *nl_find(const struct nlmsghdr *m, size_t info_len, int type)
{
	const void *first = (const char *)m + NLMSG_SPACE(info_len);

	return find(first, (long)m->nlmsg_len - (long)NLMSG_SPACE(info_len), type);
}

const struct rtattr *nl_find_in(const struct rtattr *nest, int type)
{
	return nest ? find(RTA_DATA(nest), (long)RTA_PAYLOAD(nest), type) : NULL;
}

uint32_t nl_u32(const struct rtattr *a, uint32_t otherwise)
{
	if (a && RTA_PAYLOAD(a) == sizeof(otherwise))
		memcpy(&otherwise, RTA_DATA(a), sizeof(otherwise));
	return otherwise;
}
