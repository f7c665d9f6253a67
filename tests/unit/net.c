/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a sandbox may reach: the list as it is written, special ranges, DNS messages, the rules. */
#include "lc_test.h"
#include "net/dns.h"
#include "net/nftables.h"
#include "net/resolver.h"
#include "net/rules.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

static struct lc_error e;
static struct allow allow;

/* ---- the list ---- */

static const char *describe(const char *text)
{
	static char out[400];
	char range[PREFIX_TEXT];
	size_t n = 0;

	allow.n = 0;
	e = (struct lc_error){ 0 };
	if (allow_add(&allow, text, &e) < 0)
		return e.msg;
	for (size_t i = 0; i < allow.n; i++) {
		const struct allow_entry *entry = &allow.v[i];

		prefix_text(&entry->range, range);
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%s%s %u %s", i ? "; " : "",
				      entry->below ? "below " : "",
				      entry->name[0] ? entry->name : range, entry->port,
				      entry->special ? entry->special : "-");
	}
	return out;
}

#define NAMES "expected DOMAIN[:PORT], *.DOMAIN[:PORT], CIDR[:PORT] or [IPV6][:PORT]"

TEST(an_allow_list_is_read_strictly)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "a.example", "a.example 0 -" },
		{ "A.Example.:443", "a.example 443 -" },
		{ "*.a.example:80,b_c.example", "below a.example 80 -; b_c.example 0 -" },
		{ "203.0.113.7", "203.0.113.7 0 -" },
		{ "203.0.113.0/24:22", "203.0.113.0/24 22 -" },
		{ "10.0.0.0/8", "10.0.0.0/8 0 private" },
		{ "8.0.0.0/5", "8.0.0.0/5 0 -" },
		{ "0.0.0.0/0:443", "0.0.0.0/0 443 -" },
		{ "169.254.169.254:80", "169.254.169.254 80 link-local" },
		{ "2001:db8::1", "2001:db8::1 0 -" },
		{ "[2001:db8::1]:443", "2001:db8::1 443 -" },
		{ "[2001:db8::/32]:443", "2001:db8::/32 443 -" },
		{ "[2001:db8::]/32:443", "2001:db8::/32 443 -" },
		{ "fd00::/8", "fd00::/8 0 private" },
		{ "64:ff9b::10.0.0.1", "64:ff9b::a00:1 0 private" },
		{ "", "net \"\": " NAMES },
		{ "a.example,", "net \"\": " NAMES },
		{ "*", "net \"*\": " NAMES },
		{ "*.*.example", "net \"*.*.example\": " NAMES },
		{ "a..example", "net \"a..example\": " NAMES },
		{ "-a.example", "net \"-a.example\": " NAMES },
		{ "a example", "net \"a example\": " NAMES },
		{ "http://a.example",
		  "net \"http://a.example\": expected a port from 1 to 65535 behind the colon" },
		{ "a.example:", "net \"a.example:\": expected a port from 1 to 65535 behind the "
				"colon" },
		{ "a.example:0", "net \"a.example:0\": expected a port from 1 to 65535 behind the "
				 "colon" },
		{ "a.example:65536", "net \"a.example:65536\": expected a port from 1 to 65535 "
				     "behind the colon" },
		{ "a.example:+1", "net \"a.example:+1\": expected a port from 1 to 65535 behind "
				  "the colon" },
		{ "10.0.0", "net \"10.0.0\": this is no IP address" },
		{ "10.0.0.256", "net \"10.0.0.256\": this is no IP address" },
		{ "10.0.0.1/8", "net \"10.0.0.1/8\": expected ADDRESS/BITS with no bits set behind "
				"BITS" },
		{ "10.0.0.0/33", "net \"10.0.0.0/33\": expected ADDRESS/BITS with no bits set "
				 "behind BITS" },
		{ "a.1", "net \"a.1\": " NAMES },
		{ "[::1", "net \"[::1\": \"]\" is missing" },
		{ "[10.0.0.1]:80", "net \"[10.0.0.1]:80\": " NAMES },
		{ "[2001:db8::1]x", "net \"[2001:db8::1]x\": " NAMES },
		{ "127.0.0.1:80", "net \"127.0.0.1:80\": loopback inside is the sandbox's own, and "
				  "the host's is never reached" },
		{ "::1", "net \"::1\": loopback inside is the sandbox's own, and the host's is "
			 "never reached" },
		{ "::ffff:10.0.0.1", "net \"::ffff:10.0.0.1\": write an IPv4 address as such" },
		{ "224.0.0.1", "net \"224.0.0.1\": multicast cannot be reached from a sandbox" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		CHECK_STR(describe(cases[i].text), cases[i].want);
}

TEST(an_allow_list_has_an_end)
{
	allow.n = 0;
	for (size_t i = 0; i < ALLOW_MAX; i++)
		CHECK_OK(allow_add(&allow, "a.example", &e), &e);
	CHECK_INT(allow_add(&allow, "a.example", &e), -1);
	CHECK_STR(e.msg, "net: more than 256 entries");
}

TEST(names_are_allowed_as_they_are_or_below)
{
	static const struct {
		const char *name;
		bool want;
	} cases[] = {
		{ "a.example", true },	 { "b.a.example", false },	  { "xa.example", false },
		{ "w.example", false },	 { "b.w.example", true },	  { "c.b.w.example", true },
		{ "xw.example", false }, { ".w.example", false },	  { "example", false },
		{ "", false },		 { "a.example.evil.tld", false }, { "w.example.x", false },
	};

	allow.n = 0;
	CHECK_OK(allow_add(&allow, "a.example:443,*.w.example,203.0.113.0/24", &e), &e);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (allow_has_name(&allow, cases[i].name) != cases[i].want)
			FAIL("%s", cases[i].name);
}

/* ---- addresses ---- */

TEST(special_ranges_are_known)
{
	static const struct {
		const char *address, *want;
	} cases[] = {
		{ "8.8.8.8", NULL },
		{ "203.0.113.1", NULL },
		{ "9.255.255.255", NULL },
		{ "11.0.0.0", NULL },
		{ "172.15.255.255", NULL },
		{ "172.32.0.0", NULL },
		{ "2001:db8::1", NULL },
		{ "2606:4700::1", NULL },
		{ "64:ff9b::8.8.8.8", NULL },
		{ "0.1.2.3", "this host" },
		{ "10.1.2.3", "private" },
		{ "100.127.255.255", "private" },
		{ "127.9.9.9", "loopback" },
		{ "169.254.169.254", "link-local" },
		{ "172.31.255.255", "private" },
		{ "192.168.255.255", "private" },
		{ "239.1.1.1", "multicast" },
		{ "255.255.255.255", "reserved" },
		{ "::", "loopback" },
		{ "::1", "loopback" },
		{ "::127.0.0.1", "loopback" },
		{ "::ffff:127.0.0.1", "IPv4-mapped" },
		{ "64:ff9b::127.0.0.1", "loopback" },
		{ "64:ff9b::a9fe:a9fe", "link-local" },
		{ "2002:7f00:1::", "tunnel" },
		{ "fd00:ec2::254", "private" },
		{ "fe80::1", "link-local" },
		{ "ff02::1", "multicast" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct address a;

		CHECK(address_parse(cases[i].address, &a));
		CHECK_STR(address_special(&a) ? address_special(&a) : "-",
			  cases[i].want ? cases[i].want : "-");
	}
}

TEST(no_special_range_overlaps_another)
{
	struct prefix a, b;

	for (size_t i = 0; special_range(i, &a); i++)
		for (size_t k = 0; special_range(k, &b); k++)
			if (i != k && prefix_within(&a, &b))
				FAIL("%zu is within %zu", i, k);
}

/* ---- questions ---- */

#define HEAD(flags, q, a, ns, ar) "\x12\x34" flags "\0" q "\0" a "\0" ns "\0" ar
#define ASK			  HEAD("\x01\0", "\x01", "\0", "\0", "\0")
#define GOOD \
	"\x04good\x07" \
	"example\0"
#define A_IN "\0\x01\0\x01"

static int read_query(const char *m, size_t n, struct dns_question *q)
{
	return dns_read_query((const unsigned char *)m, n, q);
}
#define READ(m, q) read_query(m, sizeof(m) - 1, q)

TEST(a_question_is_read_strictly)
{
	struct dns_question q;

	CHECK_INT(READ(ASK GOOD A_IN, &q), DNS_OK);
	CHECK_STR(q.name, "good.example");
	CHECK(q.plain && q.recursion);
	CHECK_INT(q.type, DNS_A);
	CHECK_INT(READ(ASK "\x04GooD\0\0\x1c\0\x01", &q), DNS_OK);
	CHECK_STR(q.name, "good");
	CHECK_INT(READ(ASK "\x04g.od\0\0\x1c\0\x01", &q), DNS_OK);
	CHECK_STR(q.name, "g?od");
	CHECK(!q.plain);
	CHECK_INT(READ(ASK GOOD "\0\x01\0", &q), DNS_FORMAT_ERROR);
	CHECK_INT(READ(ASK "\xc0\x0c\0\x01\0\x01", &q), DNS_FORMAT_ERROR);
	CHECK_INT(READ(ASK "\x40" GOOD A_IN, &q), DNS_FORMAT_ERROR);
	CHECK_INT(READ(HEAD("\x01\0", "\x02", "\0", "\0", "\0") GOOD A_IN GOOD A_IN, &q),
		  DNS_FORMAT_ERROR);
	CHECK_INT(READ(HEAD("\x01\0", "\x01", "\x01", "\0", "\0") GOOD A_IN, &q), DNS_FORMAT_ERROR);
	CHECK_INT(READ(HEAD("\x29\0", "\x01", "\0", "\0", "\0") GOOD A_IN, &q),
		  DNS_NOT_IMPLEMENTED);
	CHECK_INT(READ(HEAD("\x81\0", "\x01", "\0", "\0", "\0") GOOD A_IN, &q), -1);
	CHECK_INT(READ("\x12\x34\x01", &q), -1);
}

TEST(a_name_may_be_as_long_as_names_are)
{
	unsigned char m[DNS_HEAD + 400] = "\x12\x34\x01\0\0\x01";
	struct dns_question q;
	size_t n = DNS_HEAD;

	for (int i = 0; i < 4; i++) { /* 63, 63, 63, 61: 253 with its dots */
		m[n] = i < 3 ? 63 : 61;
		memset(m + n + 1, 'a', m[n]);
		n += 1 + (size_t)m[n];
	}
	memcpy(m + n, "\0" A_IN, 5);
	CHECK_INT(dns_read_query(m, n + 5, &q), DNS_OK);
	CHECK_INT(strlen(q.name), 253);
	m[n - 62]++; /* one more */
	memcpy(m + n, "a\0" A_IN, 6);
	CHECK_INT(dns_read_query(m, n + 6, &q), DNS_FORMAT_ERROR);
}

/* ---- answers ---- */

#define REPLY(answers)		     HEAD("\x81\x80", "\x01", answers, "\0", "\0") GOOD A_IN
#define TTL_60			     "\0\0\0\x3c"
#define A_RECORD(owner, address)     owner A_IN TTL_60 "\0\x04" address
#define CNAME(owner, target, length) owner "\0\x05\0\x01\0\0\0\x05\0" length target

static int read_answer(const char *m, size_t n, struct dns_answer *a)
{
	struct dns_question q;

	CHECK_INT(READ(ASK GOOD A_IN, &q), DNS_OK);
	return dns_read_answer((const unsigned char *)m, n, &q, 0x1234, a);
}
#define ANSWER(m, a) read_answer(m, sizeof(m) - 1, a)

TEST(an_answer_gives_what_is_at_the_name)
{
	struct dns_answer a;
	char text[ADDRESS_TEXT];

	CHECK_INT(ANSWER(REPLY("\x01") A_RECORD("\xc0\x0c", "\xcb\0\x71\x05"), &a), 0);
	CHECK_INT(a.n, 1);
	CHECK_INT(a.ttl, 60);
	address_text(&a.v[0], text);
	CHECK_STR(text, "203.0.113.5");
	CHECK_INT(a.truncated, false);
	CHECK_INT(ANSWER(HEAD("\x83\x80", "\x01", "\0", "\0", "\0") GOOD A_IN, &a), 0);
	CHECK_INT(a.truncated, true);
	CHECK_INT(a.n, 0);
	/* An alias, wherever it stands. */
	CHECK_INT(ANSWER(REPLY("\x02") A_RECORD("\x03"
						"cdn\0",
						"\xcb\0\x71\x06") CNAME("\xc0\x0c",
									"\x03"
									"cdn\0",
									"\x05"),
			 &a),
		  0);
	CHECK_INT(a.n, 1);
	CHECK_INT(a.ttl, 5);
	/* Not what is at another name. */
	CHECK_INT(ANSWER(REPLY("\x02") A_RECORD("\x03"
						"cdn\0",
						"\xcb\0\x71\x06")
				 A_RECORD("\xc0\x0c", "\xcb\0\x71\x05"),
			 &a),
		  0);
	CHECK_INT(a.n, 1);
	CHECK_INT(a.v[0].b[3], 5);
}

TEST(an_answer_to_something_else_is_none)
{
	struct dns_answer a;

	CHECK_INT(ANSWER("\x12\x35\x81\x80\0\x01\0\0\0\0\0\0" GOOD A_IN, &a), -1);
	CHECK_INT(ANSWER(ASK GOOD A_IN, &a), -1);
	CHECK_INT(ANSWER("\x12\x34\x81\x80\0\x01\0\0\0\0\0\0"
			 "\x04"
			 "evil\x07"
			 "example\0" A_IN,
			 &a),
		  -1);
	CHECK_INT(ANSWER("\x12\x34\x81\x80\0\x01\0\0\0\0\0\0" GOOD "\0\x1c\0\x01", &a), -1);
	CHECK_INT(ANSWER("\x12\x34\x81\x80\0\x02\0\0\0\0\0\0" GOOD A_IN GOOD A_IN, &a), -1);
}

TEST(a_broken_answer_is_none)
{
	struct dns_answer a;

	CHECK_INT(ANSWER(REPLY("\x02") A_RECORD("\xc0\x0c", "\xcb\0\x71\x05"), &a), -1);
	CHECK_INT(ANSWER(REPLY("\x01") "\xc0\x0c" A_IN TTL_60 "\0\x05\xcb\0\x71\x05\x05", &a), -1);
	CHECK_INT(ANSWER(REPLY("\x01") "\xc0\x0c" A_IN TTL_60 "\0\x05\xcb\0\x71\x05", &a), -1);
	CHECK_INT(ANSWER(REPLY("\x01") "\xc0\x1e" A_IN TTL_60 "\0\x04\xcb\0\x71\x05", &a), -1);
	CHECK_INT(ANSWER(REPLY("\x01") CNAME("\xc0\x0c",
					     "\x03"
					     "cdn\0",
					     "\x06") "x",
			 &a),
		  -1);
	/* Aliases in a circle lead nowhere. */
	CHECK_INT(ANSWER(REPLY("\x02") CNAME("\xc0\x0c",
					     "\x03"
					     "cdn\0",
					     "\x05") CNAME("\x03"
							   "cdn\0",
							   "\xc0\x0c", "\x02"),
			 &a),
		  0);
	CHECK_INT(a.n, 0);
	/* One that was cut off holds what came whole. */
	CHECK_INT(ANSWER(HEAD("\x83\x80", "\x01", "\x02", "\0", "\0")
				 GOOD A_IN A_RECORD("\xc0\x0c", "\xcb\0\x71\x05") "\xc0",
			 &a),
		  0);
	CHECK_INT(a.n, 1);
}

TEST(what_is_answered_fits_and_can_be_read_again)
{
	struct dns_question q;
	struct dns_answer a = { .ttl = 7, .n = DNS_ADDRESSES }, again;
	unsigned char m[DNS_PLAIN_MAX];
	size_t n;

	CHECK_INT(READ(ASK GOOD "\0\x1c\0\x01", &q), DNS_OK);
	for (size_t i = 0; i < a.n; i++) {
		a.v[i].family = AF_INET6;
		a.v[i].b[0] = 0x20;
		a.v[i].b[15] = (unsigned char)i;
	}
	n = dns_write_answer(&q, &a, m);
	CHECK(n <= DNS_PLAIN_MAX);
	CHECK_INT(dns_read_answer(m, n, &q, q.id, &again), 0);
	CHECK_INT(again.n, (DNS_PLAIN_MAX - DNS_HEAD - q.raw_len) / 28);
	CHECK_INT(again.ttl, 7);
}

/* ---- the rest ---- */

TEST(a_packet_tells_where_it_was_to_go)
{
	static const unsigned char tcp[] = "\x45\0\0\x3c\0\0\0\0\x40\x06\0\0\xcb\0\x71\x02"
					   "\xcb\0\x71\x05\xab\xcd\x01\xbb";
	static const unsigned char udp6[] = "\x60\0\0\0\0\x08\x11\x40"
					    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"
					    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x05"
					    "\xab\xcd\0\x35";
	struct packet p;
	char text[ADDRESS_TEXT];

	CHECK(packet_read(tcp, 24, &p));
	address_text(&p.to, text);
	CHECK_STR(text, "203.0.113.5");
	CHECK_INT(p.port, 443);
	CHECK_INT(p.protocol, IPPROTO_TCP);
	CHECK(packet_read(tcp, 22, &p));
	CHECK_INT(p.port, 0);
	CHECK(!packet_read(tcp, 19, &p));
	CHECK(packet_read(udp6, 44, &p));
	address_text(&p.to, text);
	CHECK_STR(text, "2001:db8::5");
	CHECK_INT(p.port, 53);
	CHECK(!packet_read((const unsigned char *)"", 0, &p));
}

TEST(the_hosts_servers_are_read_as_resolv_conf_has_them)
{
	struct servers s;

	servers_read("# nameserver 192.0.2.9\nsearch x\n nameserver 192.0.2.1 # one\n"
		     "nameserver\t2001:db8::53\nnameserver nonsense\nnameservers 192.0.2.7\n"
		     "nameserver 192.0.2.2\nnameserver 192.0.2.3\n",
		     &s);
	CHECK_INT(s.n, 3);
	CHECK_INT(s.v[0].ss_family, AF_INET);
	CHECK_INT(s.v[1].ss_family, AF_INET6);
	CHECK_INT(((struct sockaddr_in *)&s.v[2])->sin_port, htons(53));
	servers_read("", &s);
	CHECK_INT(s.n, 1);
	CHECK_INT(ntohl(((struct sockaddr_in *)&s.v[0])->sin_addr.s_addr), INADDR_LOOPBACK);
}

/* What a special range is given for comes before what none may reach; everything else behind it. */
TEST(rules_come_in_the_order_that_keeps_private_networks_private)
{
	struct arena a = { 0 };
	const char *text, *special, *wide, *own, *end;

	allow.n = 0;
	CHECK_OK(allow_add(&allow, "0.0.0.0/0,10.1.0.0/16:22,a.example", &e), &e);
	text = rules_text(&allow, &a);
	own = strstr(text, "ip daddr 10.1.0.0/16 meta l4proto { tcp, udp } th dport 22 accept");
	special = strstr(text, "ip daddr @special4 goto denied");
	wide = strstr(text, "ip daddr 0.0.0.0/0 jump any_port");
	end = strstr(text, "\t\tgoto denied\n");
	CHECK(own && special && wide && end);
	CHECK(own < special && special < wide && wide < end);
	CHECK_CONTAINS(text, "hook output priority 0; policy drop;");
	CHECK_CONTAINS(text, "hook input priority 0; policy drop;");
	CHECK(!strstr(text, "a.example"));
	arena_free(&a);
}
