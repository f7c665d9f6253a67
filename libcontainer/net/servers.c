/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's name servers. */
#include "net/resolver.h"
#include "base/str.h"

#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#define DNS_PORT   53
#define WORD_MAX   80
#define WHITESPACE " \t\r\n"

static void add_address(struct servers *out, const struct address *a, unsigned scope)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&out->v[out->n];
	struct sockaddr_in *four = (struct sockaddr_in *)&out->v[out->n];

	if (a->family == AF_INET) {
		*four = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(DNS_PORT) };
		memcpy(&four->sin_addr, a->b, 4);
		out->len[out->n++] = sizeof(*four);
		return;
	}
	*six = (struct sockaddr_in6){ .sin6_family = AF_INET6,
				      .sin6_port = htons(DNS_PORT),
				      .sin6_scope_id = scope };
	memcpy(&six->sin6_addr, a->b, 16);
	out->len[out->n++] = sizeof(*six);
}

/* ADDRESS, or ADDRESS%INTERFACE. */
static void add_server(struct servers *out, const char *text, size_t n)
{
	char word[WORD_MAX], *scope;
	struct address a;

	if (n >= sizeof(word) || out->n == SERVERS_MAX)
		return;
	memcpy(word, text, n);
	word[n] = 0;
	scope = strchr(word, '%');
	if (scope)
		*scope++ = 0;
	if (address_parse(word, &a))
		add_address(out, &a, scope ? if_nametoindex(scope) : 0);
}

void servers_read(const char *text, struct servers *out)
{
	struct address self;

	*out = (struct servers){ .n = 0 };
	while (*text) {
		const char *line = text + strspn(text, " \t");

		if (str_starts(line, "nameserver") && strspn(line + 10, " \t")) {
			line += 10 + strspn(line + 10, " \t");
			add_server(out, line, strcspn(line, WHITESPACE "#;"));
		}
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	if (!out->n && address_parse("127.0.0.1", &self))
		add_address(out, &self, 0);
}
