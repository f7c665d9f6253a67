/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* NOTIFY_SOCKET: passes the container's readiness on to the service manager. */
#include "run/notify-socket.h"
#include "base/own.h"
#include "run/socket.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define DIR_NAME    "notify"
#define SOCKET_NAME "notify.sock"
#define INSIDE	    "/run/notify"

static const char *host_socket(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return path && *path ? path : NULL;
}

static void add_variable(struct arena *a, struct plan_process *p)
{
	static const char name[] = "NOTIFY_SOCKET=";
	char **env = arena_array(a, p->env.n + 3, sizeof(*env));
	size_t n = 0;

	for (size_t i = 0; i < p->env.n; i++)
		if (strncmp(p->env.v[i], name, sizeof(name) - 1) != 0)
			env[n++] = p->env.v[i];
	env[n++] = arena_printf(a, "%s%s/%s", name, INSIDE, SOCKET_NAME);
	p->env.v = env;
	p->env.n = n;
}

static void add_mount(struct arena *a, struct plan *plan, char *source)
{
	size_t n = plan->mounts.n;
	struct plan_mount *v = arena_array(a, n + 1, sizeof(*v));

	if (n)
		memcpy(v, plan->mounts.v, n * sizeof(*v));
	v[n] = (struct plan_mount){
		.kind = MOUNT_BIND,
		.index = n,
		.target = arena_strdup(a, INSIDE),
		.source = source,
		.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			    MOUNT_ATTR_NOEXEC,
		.flags_given = true,
	};
	plan->mounts.v = v;
	plan->mounts.n = n + 1;
}

int notify_socket_prepare(int dir, const char *path, struct arena *a, struct plan *plan,
			  struct lc_error *e)
{
	if (!host_socket() || !plan->process || plan->ns.of[NS_MOUNT].how == NS_INHERIT)
		return 0;
	/* Users of the container's enter it by the mount, not by our path. */
	if (mkdirat(dir, DIR_NAME, 0755) < 0 || fchmodat(dir, DIR_NAME, 0755, 0) < 0)
		return lc_err_errno(e, "mkdir %s/" DIR_NAME, path);
	add_mount(a, plan, arena_printf(a, "%s/" DIR_NAME, path));
	add_variable(a, plan->process);
	return 0;
}

int notify_socket_open(const char *path, struct lc_error *e)
{
	auto_arena a = { 0 };
	char *dir = arena_printf(&a, "%s/" DIR_NAME, path);
	auto_fd sock = -1;

	e->code = LC_OK;
	if (!host_socket() || access(dir, F_OK) < 0)
		return -1;
	sock = socket_bind(SOCK_DGRAM, arena_printf(&a, "%s/%s", dir, SOCKET_NAME), 0777, e);
	return fd_take(&sock);
}

/* True when the message has a line that begins with "READY=". */
static bool is_ready(const char *text)
{
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, "READY=", 6))
			return true;
	}
	return false;
}

/* "@name" is an abstract socket. */
static int connect_host(struct lc_error *e)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const char *path = host_socket();
	size_t len = strlen(path);
	auto_fd sock = -1;

	if (*path != '@')
		return socket_connect(SOCK_DGRAM, "NOTIFY_SOCKET", path, 0, e);
	sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0 || len >= sizeof(addr.sun_path))
		return lc_err_errno(e, "NOTIFY_SOCKET: socket");
	memcpy(addr.sun_path + 1, path + 1, len - 1);
	if (connect(sock, (struct sockaddr *)&addr,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		return lc_err_errno(e, "NOTIFY_SOCKET: connect to %s", path);
	return fd_take(&sock);
}

static void tell(const char *text, const struct lc_log *log)
{
	struct lc_error e;
	auto_fd sock = connect_host(&e);

	if (sock < 0)
		log_warn(log, "%s", e.msg);
	else if (send(sock, text, strlen(text), MSG_NOSIGNAL) < 0)
		log_warn(log, "NOTIFY_SOCKET: send: %s", lc_errno_text(errno));
}

static void relay(int sock, pid_t pid, int pidfd, const struct lc_log *log)
{
	struct pollfd p[2] = { { .fd = sock, .events = POLLIN },
			       { .fd = pidfd, .events = POLLIN } };
	char text[4096], main_pid[64];

	for (;;) {
		ssize_t n;

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return;
		if (p[0].revents & POLLIN) {
			n = recv(sock, text, sizeof(text) - 1, MSG_DONTWAIT);
			text[n > 0 ? n : 0] = 0;
			if (is_ready(text))
				break;
		} else if (p[1].revents) {
			return;
		}
	}
	snprintf(main_pid, sizeof(main_pid), "MAINPID=%d\nREADY=1", pid);
	tell(main_pid, log);
}

void notify_socket_relay(int sock, pid_t pid, int pidfd, bool aside, const struct lc_log *log)
{
	struct clone_args args = { 0 };

	if (!aside) {
		relay(sock, pid, pidfd, log);
	} else if (sys_clone3(&args) == 0) {
		relay(sock, pid, pidfd, NULL);
		_exit(0);
	}
}
