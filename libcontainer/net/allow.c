/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a sandbox may reach. */
#include "net/allow.h"
#include "base/str.h"

#include <string.h>
#include <sys/socket.h>

#define ENTRY_MAX   300
#define LABEL_MAX   63
#define EXPECTED    "expected DOMAIN[:PORT], *.DOMAIN[:PORT], CIDR[:PORT] or [IPV6][:PORT]"
#define PARTS_OF_V4 "0123456789./"

/* ---- names ---- */

static bool is_letter(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool label_is_valid(const char *label, size_t n)
{
	if (!n || n > LABEL_MAX || label[0] == '-' || label[n - 1] == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!is_letter(label[i]) && !is_digit(label[i]) && label[i] != '-' &&
		    label[i] != '_')
			return false;
	return true;
}

bool domain_is_valid(const char *name)
{
	const char *last = strrchr(name, '.');

	last = last ? last + 1 : name;
	if (strlen(name) >= DOMAIN_MAX || strspn(last, "0123456789") == strlen(last))
		return false;
	for (;;) {
		size_t n = strcspn(name, ".");

		if (!label_is_valid(name, n))
			return false;
		if (!name[n])
			return true;
		name += n + 1;
	}
}

bool allow_entry_has_name(const struct allow_entry *entry, const char *name)
{
	size_t n = strlen(name), wanted = strlen(entry->name);

	if (!wanted)
		return false;
	if (!entry->below)
		return !strcmp(entry->name, name);
	return n > wanted + 1 && name[n - wanted - 1] == '.' &&
	       !strcmp(name + n - wanted, entry->name);
}

bool allow_has_name(const struct allow *allow, const char *name)
{
	for (size_t i = 0; i < allow->n; i++)
		if (allow_entry_has_name(&allow->v[i], name))
			return true;
	return false;
}

bool allow_has_special(const struct allow *allow, const struct address *a)
{
	for (size_t i = 0; i < allow->n; i++)
		if (allow->v[i].special && prefix_has(&allow->v[i].range, a))
			return true;
	return false;
}

/* ---- parsing ---- */

static int bad(const char *text, const char *why, struct lc_error *e)
{
	return lc_err(e, LC_EUSAGE, "net \"%s\": %s", text, why);
}

static int read_port(const char *all, const char *text, uint16_t *port, struct lc_error *e)
{
	uint32_t n;

	if (!str_u32(text, &n) || !n || n > UINT16_MAX)
		return bad(all, "expected a port from 1 to 65535 behind the colon", e);
	*port = (uint16_t)n;
	return 0;
}

static int check_range(const char *all, struct allow_entry *entry, struct lc_error *e)
{
	entry->special = prefix_special(&entry->range);
	if (!entry->special)
		return 0;
	if (!strcmp(entry->special, "loopback") || !strcmp(entry->special, "this host"))
		return bad(all,
			   "loopback inside is the sandbox's own, and the host's is never reached",
			   e);
	if (!strcmp(entry->special, "IPv4-mapped"))
		return bad(all, "write an IPv4 address as such", e);
	if (!strcmp(entry->special, "multicast"))
		return bad(all, "multicast cannot be reached from a sandbox", e);
	return 0;
}

/* @text: IP or IP/BITS. */
static int read_range(const char *all, const char *text, struct allow_entry *entry,
		      struct lc_error *e)
{
	if (!prefix_parse(text, &entry->range))
		return bad(all,
			   strchr(text, '/') ? "expected ADDRESS/BITS with no bits set behind BITS"
					     : "this is no IP address",
			   e);
	return check_range(all, entry, e);
}

/* "[ADDRESS]", "[ADDRESS/BITS]" or "[ADDRESS]/BITS", each perhaps with ":PORT". */
static int read_bracketed(const char *all, char *text, struct allow_entry *entry,
			  struct lc_error *e)
{
	char range[ENTRY_MAX], *end = strchr(text, ']'), *rest;
	size_t bits;

	if (!end)
		return bad(all, "\"]\" is missing", e);
	*end = 0;
	rest = end + 1;
	bits = rest[0] == '/' ? strcspn(rest, ":") : 0;
	if (!strchr(text + 1, ':') || (rest[bits] && rest[bits] != ':'))
		return bad(all, EXPECTED, e);
	if (rest[bits] == ':' && read_port(all, rest + bits + 1, &entry->port, e) < 0)
		return -1;
	rest[bits] = 0;
	strncpy(range, text + 1, sizeof(range) - 1);
	range[sizeof(range) - 1] = 0;
	strncat(range, rest, sizeof(range) - 1 - strlen(range));
	return read_range(all, range, entry, e);
}

static int read_name(const char *all, char *text, struct allow_entry *entry, struct lc_error *e)
{
	size_t n;

	entry->below = str_starts(text, "*.");
	text += entry->below ? 2 : 0;
	for (char *p = text; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p += 'a' - 'A';
	n = strlen(text);
	if (n > 1 && text[n - 1] == '.')
		text[n - 1] = 0;
	if (!domain_is_valid(text))
		return bad(all, EXPECTED, e);
	memcpy(entry->name, text, strlen(text) + 1);
	return 0;
}

static int read_entry(const char *all, char *text, struct allow_entry *entry, struct lc_error *e)
{
	char *colon = strchr(text, ':');

	if (text[0] == '[')
		return read_bracketed(all, text, entry, e);
	if (colon && strchr(colon + 1, ':'))
		return read_range(all, text, entry, e);
	if (colon && read_port(all, colon + 1, &entry->port, e) < 0)
		return -1;
	if (colon)
		*colon = 0;
	if (*text && text[strspn(text, PARTS_OF_V4)] == 0)
		return read_range(all, text, entry, e);
	return read_name(all, text, entry, e);
}

static int add_one(struct allow *allow, const char *text, size_t n, struct lc_error *e)
{
	char all[ENTRY_MAX], copy[ENTRY_MAX];
	struct allow_entry *entry = &allow->v[allow->n];

	if (n >= sizeof(all))
		return bad("...", "an entry is longer than any name", e);
	if (allow->n == ALLOW_MAX)
		return lc_err(e, LC_EUSAGE, "net: more than %d entries", ALLOW_MAX);
	memcpy(all, text, n);
	all[n] = 0;
	memcpy(copy, all, n + 1);
	*entry = (struct allow_entry){ 0 };
	if (read_entry(all, copy, entry, e) < 0)
		return -1;
	allow->n++;
	return 0;
}

int allow_add(struct allow *allow, const char *text, struct lc_error *e)
{
	for (;;) {
		size_t n = strcspn(text, ",");

		if (add_one(allow, text, n, e) < 0)
			return -1;
		if (!text[n])
			return 0;
		text += n + 1;
	}
}
