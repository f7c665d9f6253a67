/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * NOTIFY_SOCKET: the container tells its readiness to a socket of its own, /run/notify/notify.sock,
 * and `start` passes it on to the service manager's, with init's pid as the host sees it.  The
 * socket's directory lies in the container's state directory and is bind-mounted; the socket is
 * made by who waits for it.
 */
#ifndef LC_NOTIFY_SOCKET_H
#define LC_NOTIFY_SOCKET_H

#include "base/log.h"
#include "plan/plan.h"
#include <stdbool.h>
#include <sys/types.h>

/* Before create: when NOTIFY_SOCKET is set, makes the directory and adds mount and variable to the
 * plan.  @dir: the container's state directory, also as @path. */
int notify_socket_prepare(int dir, const char *path, struct arena *a, struct plan *plan,
			  struct lc_error *e) lc_checked;

/* Before the program goes: the socket, owned; -1 and LC_OK in @e when there is nothing to do. */
int notify_socket_open(const char *path, struct lc_error *e);

/* Waits until the container has said READY=1, which it passes on, or has ended. @aside: another
 * process does that, and the call returns at once. */
void notify_socket_relay(int sock, pid_t pid, int pidfd, bool aside, const struct lc_log *log);

#endif
