/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The resolver of a sandbox. */
#include "net/resolver.h"
#include "base/clock.h"
#include "base/own.h"
#include "net/dns.h"
#include "net/nftables.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#define PENDING_MAX 64
#define LEARNED_MAX 4096
#define TRY_MS	    2000 /* for a server to answer */
#define TRIES	    2 /* of every server */
#define STREAM_MAX  4096 /* of an answer by TCP: hundreds of addresses, of which 28 are told */
/* Seconds that an address may be connected to after its name was asked for. */
#define LIVES_MIN 60
#define LIVES_MAX 3600

/* A question that is with a server. */
struct pending {
	int sock; /* owned; -1: free.  One each, so that each has a port that nobody knows. */
	struct dns_question q;
	struct sockaddr_in from;
	uint16_t id;
	unsigned tries;
	bool edns;
	uint64_t until; /* milliseconds */
	/* Once an answer was truncated it is asked for by TCP, where its length comes first. */
	bool stream, asked;
	struct dns_answer cut; /* what was not */
	unsigned char data[2 + STREAM_MAX];
	size_t got;
};

struct learned {
	struct address a;
	uint16_t port;
	uint64_t until; /* milliseconds */
};

struct resolver {
	const struct resolver_fds *fds;
	const struct allow *allow;
	const struct servers *servers;
	struct net_report *report;
	struct pending pending[PENDING_MAX];
	struct learned learned[LEARNED_MAX];
	size_t n_learned;
	bool over;
};

static uint64_t now_ms(void)
{
	return clock_usec() / 1000;
}

/* ---- what is denied ---- */

static bool is_same(const struct net_denied *a, const struct net_denied *b)
{
	return !strcmp(a->name, b->name) && a->port == b->port && a->protocol == b->protocol &&
	       address_equal(&a->address, &b->address);
}

static void deny(struct net_report *report, const struct net_denied *what)
{
	size_t of_kind = 0;

	for (size_t i = 0; i < report->n; i++) {
		struct net_denied *d = &report->v[i];

		of_kind += !d->name[0] == !what->name[0];
		if (!is_same(d, what))
			continue;
		d->count += d->count < UINT32_MAX;
		return;
	}
	if (of_kind >= NET_DENIED_MAX / 2) {
		report->more += report->more < UINT32_MAX;
		return;
	}
	report->v[report->n] = *what;
	report->v[report->n++].count = 1;
}

static void deny_name(struct resolver *r, const char *name, const struct address *a)
{
	struct net_denied d = { 0 };

	memcpy(d.name, name, strlen(name) + 1);
	if (!d.name[0])
		d.name[0] = '.';
	if (a)
		d.address = *a;
	deny(r->report, &d);
}

static void deny_packet(void *ctx, const struct packet *p)
{
	struct net_denied d = { .address = p->to, .port = p->port, .protocol = p->protocol };

	deny(ctx, &d);
}

/* ---- what is let through ---- */

static struct learned *find_learned(struct resolver *r, const struct address *a, uint16_t port)
{
	for (size_t i = 0; i < r->n_learned; i++)
		if (r->learned[i].port == port && address_equal(&r->learned[i].a, a))
			return &r->learned[i];
	return NULL;
}

/* A place for one more, perhaps that of one whose time is over. */
static struct learned *free_place(struct resolver *r, uint64_t now)
{
	for (size_t i = 0; i < r->n_learned; i++)
		if (r->learned[i].until <= now)
			return &r->learned[i];
	return r->n_learned < LEARNED_MAX ? &r->learned[r->n_learned++] : NULL;
}

/* Never for less than was said before: the program may go by that. */
static bool learn(struct resolver *r, const struct address *a, uint16_t port, uint32_t seconds)
{
	uint64_t now = now_ms(), until = now + (uint64_t)seconds * 1000;
	struct learned *l = find_learned(r, a, port);

	if (l && l->until >= until)
		return true;
	if (!l)
		l = free_place(r, now);
	if (!l || nftables_learn(r->fds->sets, a, port, seconds) < 0)
		return false;
	*l = (struct learned){ *a, port, until };
	return true;
}

static bool learn_for_name(struct resolver *r, const char *name, const struct address *a,
			   uint32_t seconds)
{
	bool learned = true;

	for (size_t i = 0; i < r->allow->n; i++)
		if (allow_entry_has_name(&r->allow->v[i], name))
			learned &= learn(r, a, r->allow->v[i].port, seconds);
	return learned;
}

/* Takes out of the answer what the program may not connect to.  What a range allows is reached by
 * that range's rule and no further. */
static void let_through(struct resolver *r, const struct dns_question *q, struct dns_answer *answer)
{
	uint32_t seconds = answer->ttl;
	size_t kept = 0;
	bool failed = false;

	seconds = seconds < LIVES_MIN ? LIVES_MIN : seconds > LIVES_MAX ? LIVES_MAX : seconds;
	for (size_t i = 0; i < answer->n; i++) {
		const struct address *a = &answer->v[i];

		if (address_special(a)) {
			if (!allow_has_special(r->allow, a)) {
				deny_name(r, q->name, a);
				continue;
			}
		} else if (!learn_for_name(r, q->name, a, seconds)) {
			failed = true;
			continue;
		}
		answer->v[kept++] = *a;
	}
	if (failed && !kept)
		answer->code = DNS_SERVER_FAILED;
	answer->n = kept;
	if (answer->ttl > seconds)
		answer->ttl = seconds;
}

/* ---- answering ---- */

static void reply(struct resolver *r, const struct dns_question *q, const struct sockaddr_in *to,
		  const struct dns_answer *answer)
{
	unsigned char m[DNS_PLAIN_MAX];
	size_t n = dns_write_answer(q, answer, m);

	(void)!sendto(r->fds->questions, m, n, MSG_DONTWAIT, (const struct sockaddr *)to,
		      sizeof(*to));
}

static void reply_code(struct resolver *r, const struct dns_question *q,
		       const struct sockaddr_in *to, int code)
{
	struct dns_answer answer = { .code = code };

	reply(r, q, to, &answer);
}

static void finish(struct pending *p)
{
	fd_release(&p->sock);
}

/* ---- asking ---- */

/* Sends it to the next server; false: there is no more to try. */
static bool ask(struct resolver *r, struct pending *p)
{
	unsigned char m[DNS_PLAIN_MAX];
	size_t n, which;

	for (; p->tries < TRIES * r->servers->n; p->tries++) {
		which = p->tries % r->servers->n;
		fd_release(&p->sock);
		p->sock = socket(r->servers->v[which].ss_family,
				 SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (p->sock < 0 || getrandom(&p->id, sizeof(p->id), 0) != sizeof(p->id) ||
		    connect(p->sock, (const struct sockaddr *)&r->servers->v[which],
			    r->servers->len[which]) < 0)
			continue;
		n = dns_write_query(&p->q, p->id, p->edns, m);
		if (send(p->sock, m, n, 0) < 0)
			continue;
		p->tries++;
		p->stream = false;
		p->until = now_ms() + TRY_MS;
		return true;
	}
	return false;
}

static void ask_or_fail(struct resolver *r, struct pending *p)
{
	if (ask(r, p))
		return;
	reply_code(r, &p->q, &p->from, DNS_SERVER_FAILED);
	finish(p);
}

/* Asking again while the first question is out is how clients retry. */
static struct pending *find_pending(struct resolver *r, const struct dns_question *q,
				    const struct sockaddr_in *from)
{
	for (size_t i = 0; i < PENDING_MAX; i++) {
		struct pending *p = &r->pending[i];

		if (p->sock >= 0 && p->q.id == q->id && p->from.sin_port == from->sin_port &&
		    p->q.type == q->type && !strcmp(p->q.name, q->name))
			return p;
	}
	return NULL;
}

static void forward(struct resolver *r, const struct dns_question *q,
		    const struct sockaddr_in *from)
{
	if (find_pending(r, q, from))
		return;
	for (size_t i = 0; i < PENDING_MAX; i++) {
		struct pending *p = &r->pending[i];

		if (p->sock >= 0)
			continue;
		*p = (struct pending){ .sock = -1, .q = *q, .from = *from, .edns = true };
		ask_or_fail(r, p);
		return;
	}
	reply_code(r, q, from, DNS_SERVER_FAILED);
}

static void consider(struct resolver *r, const struct dns_question *q,
		     const struct sockaddr_in *from)
{
	if (!q->plain || !allow_has_name(r->allow, q->name)) {
		deny_name(r, q->name, NULL);
		reply_code(r, q, from, DNS_NO_SUCH_NAME);
	} else if (q->class != DNS_IN || (q->type != DNS_A && q->type != DNS_AAAA)) {
		reply_code(r, q, from, DNS_OK); /* there is the name, but nothing of the kind */
	} else {
		forward(r, q, from);
	}
}

static void hear_question(struct resolver *r)
{
	unsigned char m[DNS_PLAIN_MAX];
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	struct dns_question q;
	ssize_t n = recvfrom(r->fds->questions, m, sizeof(m), MSG_DONTWAIT,
			     (struct sockaddr *)&from, &len);
	int code;

	if (n < 0 || len != sizeof(from))
		return;
	code = dns_read_query(m, (size_t)n, &q);
	if (code > DNS_OK)
		reply_code(r, &q, &from, code);
	else if (code == DNS_OK)
		consider(r, &q, &from);
}

static void give(struct resolver *r, struct pending *p, struct dns_answer *answer)
{
	let_through(r, &p->q, answer);
	reply(r, &p->q, &p->from, answer);
	finish(p);
}

/* ---- by TCP ---- */

/* From the server that has just answered; false: it cannot be. */
static bool open_stream(struct resolver *r, struct pending *p)
{
	size_t which = (p->tries - 1) % r->servers->n;

	fd_release(&p->sock);
	p->sock = socket(r->servers->v[which].ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			 0);
	p->stream = true;
	p->asked = false;
	p->got = 0;
	p->until = now_ms() + TRY_MS;
	return p->sock >= 0 && (connect(p->sock, (const struct sockaddr *)&r->servers->v[which],
					r->servers->len[which]) == 0 ||
				errno == EINPROGRESS);
}

static bool ask_stream(struct pending *p)
{
	unsigned char m[2 + DNS_PLAIN_MAX];
	size_t n = dns_write_query(&p->q, p->id, p->edns, m + 2);

	m[0] = (unsigned char)(n >> 8);
	m[1] = (unsigned char)n;
	p->asked = true;
	return send(p->sock, m, n + 2, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)(n + 2);
}

/* False: nothing more will come. */
static bool read_stream(struct pending *p)
{
	ssize_t n = recv(p->sock, p->data + p->got, sizeof(p->data) - p->got, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0)
		return false;
	p->got += (size_t)n;
	return true;
}

/* The answer's length once all of it is there, 0 before. */
static size_t stream_length(const struct pending *p)
{
	size_t n = p->got < 2 ? 0 : (size_t)p->data[0] << 8 | p->data[1];

	return n && p->got >= 2 + n ? n : 0;
}

static void hear_stream(struct resolver *r, struct pending *p)
{
	struct dns_answer answer;
	size_t n;

	if (!p->asked ? ask_stream(p) : read_stream(p)) {
		n = stream_length(p);
		if (!n && p->got < sizeof(p->data))
			return;
		if (n && dns_read_answer(p->data + 2, n, &p->q, p->id, &answer) == 0 &&
		    answer.code == DNS_OK) {
			give(r, p, &answer);
			return;
		}
	}
	give(r, p, &p->cut);
}

/* ---- by UDP ---- */

static void hear_answer(struct resolver *r, struct pending *p)
{
	unsigned char m[4096];
	struct dns_answer answer;
	ssize_t n = recv(p->sock, m, sizeof(m), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) { /* nobody is there */
		ask_or_fail(r, p);
		return;
	}
	if (dns_read_answer(m, (size_t)n, &p->q, p->id, &answer) < 0)
		return; /* whoever sent it: the real one may still come */
	if (answer.code == DNS_FORMAT_ERROR && p->edns) {
		p->edns = false;
		p->tries--;
		ask_or_fail(r, p);
		return;
	}
	if (answer.code != DNS_OK && answer.code != DNS_NO_SUCH_NAME) {
		ask_or_fail(r, p);
		return;
	}
	if (!answer.truncated) {
		give(r, p, &answer);
		return;
	}
	p->cut = answer;
	if (!open_stream(r, p))
		give(r, p, &p->cut);
}

/* ---- the loop ---- */

/* The one child is the way out, by now. */
static void hear_children(struct resolver *r)
{
	struct signalfd_siginfo info;

	(void)!read(r->fds->children, &info, sizeof(info));
	while (waitpid(-1, NULL, WNOHANG) > 0)
		r->report->cut_off = true;
}

static int look_at_time(struct resolver *r)
{
	uint64_t now = now_ms(), next = UINT64_MAX;

	for (size_t i = 0; i < PENDING_MAX; i++) {
		struct pending *p = &r->pending[i];

		if (p->sock >= 0 && p->until <= now && p->stream)
			give(r, p, &p->cut);
		else if (p->sock >= 0 && p->until <= now)
			ask_or_fail(r, p);
		if (p->sock >= 0 && p->until < next)
			next = p->until;
	}
	if (next == UINT64_MAX)
		return -1;
	return next > now ? (int)(next - now) : 0;
}

enum { P_CONTROL, P_QUESTIONS, P_LOG, P_CHILDREN, P_PENDING, P_COUNT = P_PENDING + PENDING_MAX };

static void handle(struct resolver *r, const struct pollfd *p)
{
	char byte;

	for (size_t i = 0; i < PENDING_MAX; i++)
		if (p[P_PENDING + i].revents && r->pending[i].sock == p[P_PENDING + i].fd)
			(r->pending[i].stream ? hear_stream : hear_answer)(r, &r->pending[i]);
	if (p[P_LOG].revents)
		nftables_log_read(r->fds->log, deny_packet, r->report);
	if (p[P_CHILDREN].revents)
		hear_children(r);
	if (p[P_QUESTIONS].revents)
		hear_question(r);
	if (p[P_CONTROL].revents && recv(r->fds->control, &byte, 1, MSG_DONTWAIT) <= 0)
		r->over = true;
}

void resolver_run(const struct resolver_fds *fds, const struct allow *allow,
		  const struct servers *servers, struct net_report *report)
{
	static struct resolver r; /* too large for a stack */
	struct pollfd p[P_COUNT];

	r = (struct resolver){ .fds = fds, .allow = allow, .servers = servers, .report = report };
	for (size_t i = 0; i < PENDING_MAX; i++)
		r.pending[i].sock = -1;
	while (!r.over) {
		int timeout = look_at_time(&r);

		p[P_CONTROL] = (struct pollfd){ .fd = fds->control, .events = POLLIN };
		p[P_QUESTIONS] = (struct pollfd){ .fd = fds->questions, .events = POLLIN };
		p[P_LOG] = (struct pollfd){ .fd = fds->log, .events = POLLIN };
		p[P_CHILDREN] = (struct pollfd){ .fd = fds->children, .events = POLLIN };
		for (size_t i = 0; i < PENDING_MAX; i++)
			p[P_PENDING + i] = (struct pollfd){
				.fd = r.pending[i].sock,
				.events = r.pending[i].stream && !r.pending[i].asked ? POLLOUT
										     : POLLIN
			};
		if (poll(p, P_COUNT, timeout) > 0)
			handle(&r, p);
	}
	nftables_log_read(fds->log, deny_packet, report);
}
