/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hands the listener of a seccomp filter to its agent. */
#include "run/notify.h"
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "json/encode.h"
#include "run/socket.h"
#include "sys/fd.h"

#include <sys/socket.h>

/* The agent reads until the end: only the first part carries the descriptor. */
static int send_all(int sock, const char *text, size_t len, int listener)
{
	size_t first = len < 4096 ? len : 4096;

	if (fd_send(sock, text, first, &listener, 1) < 0)
		return -1;
	return fd_write_all(sock, text + first, len - first);
}

int notify_hand_over(const struct plan *plan, const struct notify_container *of, pid_t pid,
		     int listener, struct lc_error *e)
{
	const struct plan_seccomp *seccomp = &plan->seccomp;
	auto_arena a = { 0 };
	struct json_writer w = { .out = { .arena = &a } };
	auto_fd sock = -1;

	if (listener < 0)
		return lc_err(e, LC_EINTERNAL, "the seccomp listener did not come");
	json_open(&w, NULL, '{');
	json_add_string(&w, "ociVersion", "1.3.0");
	json_open(&w, "fds", '[');
	json_add_string(&w, NULL, "seccompFd");
	json_close(&w, ']');
	json_add_i64(&w, "pid", pid);
	if (seccomp->listener_metadata)
		json_add_string(&w, "metadata", seccomp->listener_metadata);
	buf_addf(&w.out, ",\"state\":%s%d%s}", of->head, of->init, of->tail);
	sock = socket_connect(SOCK_STREAM, seccomp->listener_member, seccomp->listener_path,
			      of->timeout_ms, e);
	if (sock < 0)
		return -1;
	if (send_all(sock, w.out.str, w.out.len, listener) < 0)
		return lc_err_errno(e, "%s: send to %s", seccomp->listener_member,
				    seccomp->listener_path);
	return 0;
}
