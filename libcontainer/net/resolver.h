/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The resolver of a sandbox: hears what its program asks, asks the host's servers for what is
 * allowed, lets the addresses through, and only then answers.  It also keeps the list of what was
 * denied.
 */
#ifndef LC_NET_RESOLVER_H
#define LC_NET_RESOLVER_H

#include "net/message.h"
#include <sys/socket.h>

#define SERVERS_MAX 3 /* as resolv.conf(5) has it */

struct servers {
	struct sockaddr_storage v[SERVERS_MAX];
	socklen_t len[SERVERS_MAX];
	size_t n;
};

/* The servers that the text of a resolv.conf names; where it names none the host itself. */
void servers_read(const char *text, struct servers *out);

/* What it works with; all borrowed. */
struct resolver_fds {
	int questions; /* bound inside */
	int sets; /* nftables_open() */
	int log; /* nftables_log_open() */
	int control; /* to hull */
	int children; /* a signalfd for SIGCHLD */
};

/* Until hull says that the program has ended; then *report is complete. */
void resolver_run(const struct resolver_fds *fds, const struct allow *allow,
		  const struct servers *servers, struct net_report *report);

#endif
