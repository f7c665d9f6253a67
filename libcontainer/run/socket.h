/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unix sockets by path, of any length. */
#ifndef LC_SOCKET_H
#define LC_SOCKET_H

#include "base/error.h"
#include <sys/types.h>

/* @type: SOCK_STREAM, SOCK_DGRAM. @what names it in messages. @ms: how long connecting, and writing
 * to it, may take when its owner takes nothing; 0: no limit. Owned. */
int socket_connect(int type, const char *what, const char *path, unsigned ms,
		   struct lc_error *e) lc_checked;
int socket_bind(int type, const char *path, mode_t mode, struct lc_error *e) lc_checked;

/* Sends @fd to the stream socket at @path; @ms as above. */
int socket_send_fd(const char *what, const char *path, int fd, unsigned ms,
		   struct lc_error *e) lc_checked;

#endif
