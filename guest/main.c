/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent's loop. Without arguments it is the first process of a guest; with --fd=N it serves the
 * stream socket N as a control port, in whatever namespaces it is (tests do that). */
#include "base/own.h"
#include "base/str.h"
#include "guest/agent.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#define OUT_PENDING (4 * CONTROL_DATA_MAX)

static struct agent agent;

void say_data(struct agent *a, enum control_what what, uint16_t session, const void *data,
	      size_t len)
{
	struct control_head head = { .session = session,
				     .what = (uint8_t)what,
				     .len = (uint32_t)len };

	control_put(&a->out, &head, data);
}

void say(struct agent *a, enum control_what what, uint16_t session, uint32_t value)
{
	struct control_head head = { .session = session, .what = (uint8_t)what, .value = value };

	control_put(&a->out, &head, NULL);
}

void say_error(struct agent *a, uint16_t session, const struct lc_error *e)
{
	say_data(a, CONTROL_FAILED, session, e, sizeof(*e));
}

static void pass_log(void *ctx, enum lc_level level, const char *text)
{
	struct agent *a = ctx;
	size_t len = strnlen(text, 1024);
	struct control_head head = { .what = CONTROL_LOG,
				     .value = (uint32_t)level,
				     .len = (uint32_t)len };

	if (len)
		control_put(&a->out, &head, text);
}

/* ---- what the host says ---- */

static void take_frame(struct agent *a, const struct control_frame *f)
{
	struct session *s = f->head.session < SESSIONS ? &a->sessions[f->head.session] : NULL;
	struct lc_error e = { 0 };

	if (!s)
		return;
	switch (f->head.what) {
	case CONTROL_PLAN:
		session_plan(a, s, f);
		break;
	case CONTROL_START:
		session_start(a, s);
		break;
	case CONTROL_DATA:
	case CONTROL_CREDIT:
	case CONTROL_CLOSE:
		session_stream(s, f);
		break;
	case CONTROL_SIGNAL:
		session_signal(a, s, f->head.value);
		break;
	case CONTROL_RESIZE:
		session_resize(s, f->head.value);
		break;
	case CONTROL_HANGUP:
		session_hang_up(s);
		break;
	case CONTROL_UPDATE:
		update_limits(a, s->id, f->data, f->head.len);
		break;
	case CONTROL_ASK:
		ask(a, s->id, f->head.value);
		break;
	case CONTROL_NETWORK:
		if (network_part(a, f, &e) < 0)
			session_complain(a, s, &e);
		break;
	case CONTROL_CLOCK:
		set_clock(a, f->data);
		break;
	case CONTROL_SEED:
		if (add_seed(a, f->data, f->head.len, &e) < 0)
			say_error(a, 0, &e);
		break;
	default:
		break;
	}
}

/* False when the host is gone, which only a test survives. */
static bool read_port(struct agent *a)
{
	struct lc_error e = { 0 };
	struct control_frame f;
	int n = control_read(&a->received, a->port, &e);

	if (n <= 0)
		return n < 0 && e.code == LC_OK;
	while ((n = control_next(&a->received, CONTROL_HOST, &f, &e)) > 0)
		take_frame(a, &f);
	if (n < 0)
		boot_say(e.msg);
	return n == 0;
}

/* ---- ended processes ---- */

static struct session *session_of(struct agent *a, pid_t pid)
{
	for (size_t i = 0; i < SESSIONS; i++)
		if (a->sessions[i].phase >= SESSION_READY && a->sessions[i].ref.pid == pid)
			return &a->sessions[i];
	return NULL;
}

static void reap(struct agent *a)
{
	struct signalfd_siginfo ignored;
	siginfo_t info = { 0 };

	while (read(a->signals, &ignored, sizeof(ignored)) > 0)
		;
	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 && info.si_pid) {
		struct session *s = session_of(a, info.si_pid);
		pid_t pid = info.si_pid;

		if (s) /* while it can still be asked how far it came */
			session_reaped(a, s, info.si_code, info.si_status);
		waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | __WALL);
		info.si_pid = 0;
	}
}

/* ---- the loop ---- */

static size_t watch(struct agent *a, struct pollfd *p)
{
	bool room = a->out.have < OUT_PENDING;
	size_t n = 0;

	p[n++] = (struct pollfd){ .fd = a->port,
				  .events = (short)(POLLIN | (a->out.have ? POLLOUT : 0)) };
	p[n++] = (struct pollfd){ .fd = a->signals, .events = POLLIN };
	for (size_t i = 0; i < SESSIONS; i++) {
		struct session *s = &a->sessions[i];

		if (s->phase < SESSION_READY)
			continue;
		if (s->phase == SESSION_STARTING)
			p[n++] = (struct pollfd){ .fd = s->ref.sync, .events = POLLIN };
		for (int k = STREAM_OUT; k <= STREAM_ERR; k++)
			if (room && source_wants(&s->sources[k]))
				p[n++] =
					(struct pollfd){ .fd = s->sources[k].fd, .events = POLLIN };
		if (s->sink.have && s->sink.fd >= 0)
			p[n++] = (struct pollfd){ .fd = s->sink.fd, .events = POLLOUT };
	}
	return n;
}

static void hear_processes(struct agent *a)
{
	for (size_t i = 0; i < SESSIONS; i++) {
		struct session *s = &a->sessions[i];
		struct pollfd p = { .fd = s->ref.sync, .events = POLLIN };

		if (s->phase == SESSION_STARTING && poll(&p, 1, 0) > 0)
			session_hear(a, s);
	}
}

static void move_streams(struct agent *a)
{
	bool moved = true;

	while (moved && a->out.have < OUT_PENDING) {
		moved = false;
		for (size_t i = 0; i < SESSIONS; i++)
			moved = session_step(a, &a->sessions[i]) || moved;
	}
}

static void serve(struct agent *a)
{
	struct pollfd p[2 + 4 * SESSIONS];
	bool there = true;

	say(a, CONTROL_HELLO, 0, CONTROL_VERSION);
	while (there) {
		if (control_flush(&a->out, a->port) < 0)
			break;
		if (poll(p, watch(a, p), -1) < 0 && errno != EINTR)
			break;
		there = read_port(a) || a->first;
		hear_processes(a);
		reap(a);
		move_streams(a);
	}
}

static int catch_ends(struct lc_error *e)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? lc_err_errno(e, "signalfd") : fd;
}

static int port_of(int argc, char **argv, struct lc_error *e)
{
	uint32_t fd;

	if (argc < 2 && getpid() == 1)
		return boot(e);
	if (argc != 2 || !str_starts(argv[1], "--fd=") || !str_u32(argv[1] + 5, &fd) ||
	    fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl((int)fd, F_SETFL, O_NONBLOCK) < 0)
		return lc_err(e, LC_EUSAGE, "expected --fd=N, an open socket");
	return (int)fd;
}

int main(int argc, char **argv)
{
	struct lc_error e = { 0 };

	agent.first = getpid() == 1 && argc < 2;
	agent.cgroup_fd = -1;
	agent.log = (struct lc_log){ pass_log, &agent, LC_LOG_WARNING };
	for (size_t i = 0; i < SESSIONS; i++)
		session_init(&agent.sessions[i], (uint16_t)i);
	agent.port = port_of(argc, argv, &e);
	agent.signals = agent.port < 0 ? -1 : catch_ends(&e);
	if (agent.signals >= 0)
		serve(&agent);
	else
		boot_say(e.msg);
	if (agent.first)
		reboot(RB_AUTOBOOT); /* the monitor takes that as the machine's end */
	dprintf(STDERR_FILENO, "hull-guest: %s\n", e.msg[0] ? e.msg : "the host is gone");
	return 1;
}
