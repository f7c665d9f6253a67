/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DNS messages. */
#include "net/dns.h"
#include "base/error.h"

#include <string.h>
#include <sys/socket.h>

enum {
	FLAG_QR = 0x8000,
	FLAG_OPCODE = 0x7800,
	FLAG_TC = 0x0200,
	FLAG_RD = 0x0100,
	FLAG_RA = 0x0080
};
enum { CODE_MASK = 0x000f, POINTER = 0xc0, LABEL_MAX = 63 };
enum { RECORDS_MAX = 64, ALIASES_MAX = 16 };

/* A message that is read: every step is checked, and one that fails makes all after it fail. */
struct reader {
	const unsigned char *m;
	size_t n, at;
	bool bad;
};

static const unsigned char *take(struct reader *r, size_t n)
{
	const unsigned char *p = r->m + r->at;

	if (r->bad || n > r->n - r->at) {
		r->bad = true;
		return NULL;
	}
	r->at += n;
	return p;
}

static uint16_t take_u16(struct reader *r)
{
	const unsigned char *p = take(r, 2);

	return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

static uint32_t take_u32(struct reader *r)
{
	uint32_t high = take_u16(r);

	return high << 16 | take_u16(r);
}

/* ---- names ---- */

struct name {
	char text[DOMAIN_MAX];
	size_t len;
	bool plain;
};

static bool add_char(struct name *name, unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		c = (unsigned char)(c - 'A' + 'a');
	if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_') {
		name->plain = false;
		c = '?';
	}
	if (name->len + 1 >= sizeof(name->text))
		return false;
	name->text[name->len++] = (char)c;
	return true;
}

static bool add_label(struct name *name, const unsigned char *label, size_t n)
{
	if (name->len) {
		if (name->len + 1 >= sizeof(name->text))
			return false;
		name->text[name->len++] = '.';
	}
	for (size_t i = 0; i < n; i++)
		if (!add_char(name, label[i]))
			return false;
	return true;
}

/* Pointers lead back, each further than the one before: that ends. */
static void take_name(struct reader *r, bool may_point, struct name *name)
{
	size_t back = r->at, after = 0;
	bool jumped = false;

	*name = (struct name){ .plain = true };
	for (;;) {
		const unsigned char *p = take(r, 1), *low;
		size_t to;

		if (!p)
			return;
		if (!*p)
			break;
		if (*p <= LABEL_MAX) {
			const unsigned char *label = take(r, *p);

			if (!label || !add_label(name, label, *p)) {
				r->bad = true;
				return;
			}
			continue;
		}
		low = take(r, 1);
		to = low ? (size_t)(*p & ~POINTER) << 8 | *low : 0;
		if ((*p & POINTER) != POINTER || !may_point || !low || to >= back) {
			r->bad = true;
			return;
		}
		if (!jumped)
			after = r->at;
		jumped = true;
		back = r->at = to;
	}
	if (jumped)
		r->at = after;
	name->text[name->len] = 0;
}

/* ---- questions ---- */

static void take_question(struct reader *r, struct dns_question *q)
{
	struct name name;
	size_t begin = r->at;

	take_name(r, false, &name);
	q->type = take_u16(r);
	q->class = take_u16(r);
	if (r->bad || r->at - begin > sizeof(q->raw)) {
		r->bad = true;
		return;
	}
	memcpy(q->name, name.text, sizeof(q->name));
	q->plain = name.plain;
	q->raw_len = r->at - begin;
	memcpy(q->raw, r->m + begin, q->raw_len);
}

int dns_read_query(const unsigned char *m, size_t n, struct dns_question *q)
{
	struct reader r = { .m = m, .n = n };
	uint16_t flags, questions, answers, authorities, others;

	*q = (struct dns_question){ .id = take_u16(&r) };
	flags = take_u16(&r);
	questions = take_u16(&r);
	answers = take_u16(&r);
	authorities = take_u16(&r);
	others = take_u16(&r);
	if (r.bad || flags & FLAG_QR)
		return -1;
	q->recursion = flags & FLAG_RD;
	if (flags & FLAG_OPCODE)
		return DNS_NOT_IMPLEMENTED;
	if (questions != 1 || answers || authorities || others > 2)
		return DNS_FORMAT_ERROR;
	take_question(&r, q);
	if (r.bad) {
		q->raw_len = 0;
		return DNS_FORMAT_ERROR;
	}
	/* What may come behind it (EDNS, a cookie) is not for us. */
	return DNS_OK;
}

/* ---- answers ---- */

struct record {
	struct name owner;
	uint16_t type;
	uint32_t ttl;
	struct address address;
	struct name alias;
};

/* False: no more, or a broken one. */
static bool take_record(struct reader *r, struct record *out)
{
	uint16_t class, len;
	size_t end;

	take_name(r, true, &out->owner);
	out->type = take_u16(r);
	class = take_u16(r);
	out->ttl = take_u32(r);
	len = take_u16(r);
	if (r->bad || len > r->n - r->at) {
		r->bad = true;
		return false;
	}
	if (out->ttl & 0x80000000)
		out->ttl = 0;
	end = r->at + len;
	if (class != DNS_IN)
		out->type = 0;
	if (out->type == DNS_A || out->type == DNS_AAAA) {
		out->address.family = out->type == DNS_A ? AF_INET : AF_INET6;
		r->bad = len != address_size(&out->address);
		if (!r->bad)
			memcpy(out->address.b, r->m + r->at, len);
	} else if (out->type == DNS_CNAME) {
		take_name(r, true, &out->alias);
		r->bad |= r->at != end;
	}
	r->at = end;
	return !r->bad;
}

static bool is_at(const struct record *r, const char *name)
{
	return r->owner.plain && !strcmp(r->owner.text, name);
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* The name at the end of the aliases, or NULL. */
static const char *follow(const struct record *v, size_t n, const char *name, uint32_t *ttl)
{
	for (unsigned steps = 0; steps <= ALIASES_MAX; steps++) {
		const struct record *next = NULL;

		for (size_t i = 0; i < n && !next; i++)
			if (v[i].type == DNS_CNAME && is_at(&v[i], name))
				next = &v[i];
		if (!next)
			return name;
		if (!next->alias.plain)
			return NULL;
		*ttl = smaller(*ttl, next->ttl);
		name = next->alias.text;
	}
	return NULL;
}

static void collect(const struct record *v, size_t n, const struct dns_question *q,
		    struct dns_answer *out)
{
	const char *name = follow(v, n, q->name, &out->ttl);

	for (size_t i = 0; name && i < n && out->n < DNS_ADDRESSES; i++)
		if (v[i].type == q->type && is_at(&v[i], name)) {
			out->ttl = smaller(out->ttl, v[i].ttl);
			out->v[out->n++] = v[i].address;
		}
}

int dns_read_answer(const unsigned char *m, size_t n, const struct dns_question *q, uint16_t id,
		    struct dns_answer *out)
{
	static _Thread_local struct record records[RECORDS_MAX];
	struct reader r = { .m = m, .n = n };
	struct dns_question echo = { 0 };
	uint16_t flags, answers;
	size_t have = 0;

	*out = (struct dns_answer){ .ttl = UINT32_MAX };
	if (take_u16(&r) != id)
		return -1;
	flags = take_u16(&r);
	if (take_u16(&r) != 1 || !(flags & FLAG_QR) || flags & FLAG_OPCODE)
		return -1;
	answers = take_u16(&r);
	take(&r, 4);
	take_question(&r, &echo);
	if (r.bad || !echo.plain || strcmp(echo.name, q->name) != 0 || echo.type != q->type ||
	    echo.class != q->class)
		return -1;
	out->code = flags & CODE_MASK;
	out->truncated = flags & FLAG_TC;
	for (; have < answers && have < RECORDS_MAX; have++) {
		records[have] = (struct record){ 0 };
		if (!take_record(&r, &records[have]))
			break;
	}
	/* One that was cut off ends somewhere. */
	if (r.bad && !(flags & FLAG_TC))
		return -1;
	collect(records, have, q, out);
	return 0;
}

/* ---- writing ---- */

static size_t put_u16(unsigned char *to, unsigned v)
{
	to[0] = (unsigned char)(v >> 8);
	to[1] = (unsigned char)v;
	return 2;
}

static size_t put_head(unsigned char *to, unsigned id, unsigned flags, const unsigned counts[4])
{
	size_t n = put_u16(to, id);

	n += put_u16(to + n, flags);
	for (int i = 0; i < 4; i++)
		n += put_u16(to + n, counts[i]);
	return n;
}

size_t dns_write_query(const struct dns_question *q, uint16_t id, bool edns,
		       unsigned char out[DNS_PLAIN_MAX])
{
	/* The root, OPT, the size we take, no flags, no options. */
	static const unsigned char opt[] = {
		0, 0, DNS_OPT, DNS_EDNS_MAX >> 8, DNS_EDNS_MAX & 0xff, 0, 0, 0, 0, 0, 0
	};
	size_t n = put_head(out, id, FLAG_RD, (unsigned[]){ 1, 0, 0, edns });

	memcpy(out + n, q->raw, q->raw_len);
	n += q->raw_len;
	if (edns) {
		memcpy(out + n, opt, sizeof(opt));
		n += sizeof(opt);
	}
	return n;
}

static size_t put_record(unsigned char *to, const struct address *a, uint32_t ttl)
{
	size_t n = put_u16(to, 0xc000 | DNS_HEAD); /* the name in the question */

	n += put_u16(to + n, a->family == AF_INET ? DNS_A : DNS_AAAA);
	n += put_u16(to + n, DNS_IN);
	n += put_u16(to + n, ttl >> 16);
	n += put_u16(to + n, ttl & 0xffff);
	n += put_u16(to + n, (unsigned)address_size(a));
	memcpy(to + n, a->b, address_size(a));
	return n + address_size(a);
}

size_t dns_write_answer(const struct dns_question *q, const struct dns_answer *a,
			unsigned char out[DNS_PLAIN_MAX])
{
	unsigned flags = FLAG_QR | FLAG_RA | (q->recursion ? FLAG_RD : 0) | (unsigned)a->code;
	size_t n = DNS_HEAD + q->raw_len, written = 0;

	memcpy(out + DNS_HEAD, q->raw, q->raw_len);
	for (; written < a->n; written++) {
		if (n + 12 + address_size(&a->v[written]) > DNS_PLAIN_MAX)
			break;
		n += put_record(out + n, &a->v[written], a->ttl);
	}
	put_head(out, q->id, flags, (unsigned[]){ q->raw_len ? 1 : 0, (unsigned)written, 0, 0 });
	return n;
}
