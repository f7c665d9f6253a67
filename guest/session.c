/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process in the guest that the host asked for, with its streams. */
#include "base/own.h"
#include "base/str.h"
#include "guest/agent.h"
#include "init/sync.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define CGROUP_MOUNT "/sys/fs/cgroup"
#define CGROUP_PATH  "/container"
#define OUT_PENDING  (4 * CONTROL_DATA_MAX)

void session_init(struct session *s, uint16_t id)
{
	*s = (struct session){ .id = id,
			       .in = -1,
			       .out = -1,
			       .err = -1,
			       .tty = -1,
			       .ref = { .pidfd = -1, .sync = -1 } };
	s->sink = (struct sink){ .fd = -1, .session = id, .stream = STREAM_IN };
	for (uint8_t i = STREAM_OUT; i <= STREAM_ERR; i++)
		s->sources[i] = (struct source){
			.fd = -1, .session = id, .stream = i, .credit = CONTROL_WINDOW
		};
}

static void session_release(struct session *s)
{
	free(s->text);
	arena_free(&s->arena);
	fd_release(&s->ref.pidfd);
	fd_release(&s->ref.sync);
	fd_release(&s->in);
	fd_release(&s->out);
	fd_release(&s->err);
	fd_release(&s->tty);
	sink_release(&s->sink);
	session_init(s, s->id);
}

static void fail(struct agent *a, struct session *s, const struct lc_error *e)
{
	say_error(a, s->id, e);
	if (s->ref.pidfd >= 0) {
		sys_pidfd_send_signal(s->ref.pidfd, SIGKILL);
		waitid(P_PIDFD, (id_t)s->ref.pidfd, NULL, WEXITED | __WALL);
	}
	session_release(s);
}

/* ---- its streams ---- */

struct ends {
	int fd[3]; /* the process's; owned */
};

static void ends_release(struct ends *ends)
{
	for (int i = 0; i < 3; i++)
		fd_release(&ends->fd[i]);
}
#define auto_ends __attribute__((cleanup(ends_release))) struct ends

static int make_pipes(struct session *s, struct ends *theirs, struct lc_error *e)
{
	int *ours[] = { &s->in, &s->out, &s->err };

	for (int i = 0; i < 3; i++) {
		int pair[2];

		if (pipe2(pair, O_CLOEXEC) < 0)
			return lc_err_errno(e, "pipe2");
		theirs->fd[i] = pair[i == 0 ? 0 : 1];
		*ours[i] = pair[i == 0 ? 1 : 0];
	}
	s->sink.fd = s->in;
	s->sources[STREAM_OUT].fd = s->out;
	s->sources[STREAM_ERR].fd = s->err;
	return 0;
}

/* What is in the place of our descriptors 0 to 2 is inherited by the process. */
static int put_in_place(const struct ends *theirs, int saved[3], struct lc_error *e)
{
	for (int i = 0; i < 3; i++) {
		saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 3);
		if (theirs->fd[i] >= 0 && dup2(theirs->fd[i], i) < 0)
			return lc_err_errno(e, "dup2");
	}
	return 0;
}

static void put_back(int saved[3])
{
	for (int i = 0; i < 3; i++) {
		if (saved[i] < 0)
			continue;
		dup2(saved[i], i);
		close(saved[i]);
	}
}

static int take_terminal(struct session *s, int socket, struct lc_error *e)
{
	char name[256];
	size_t n = 0;

	if (fd_recv(socket, name, sizeof(name), &s->tty, 1, &n) < 0 || n != 1)
		return lc_err(e, LC_EINTERNAL, "the container's init sent no terminal");
	s->sink.fd = s->sources[STREAM_OUT].fd = s->tty;
	return 0;
}

/* ---- what is run ---- */

static int make_cgroup(struct agent *a, struct session *s, struct lc_error *e)
{
	struct plan_cgroup *plan = &s->order.plan->cgroup;
	struct plan_host host = { .initial_userns = true, .cgroup2 = (char *)CGROUP_MOUNT };

	if (plan->driver != CGROUP_FS || !a->first)
		return 0;
	plan->path = (char *)CGROUP_PATH;
	return cgroup_fs_ops.create(plan, &host, 0, &s->arena, &a->cgroup, &a->cgroup_fd, &a->log,
				    e);
}

static int build(struct agent *a, struct session *s, int console, struct lc_error *e)
{
	struct sandbox_args args = {
		.plan = s->order.plan,
		.log = &a->log,
		.timeout_ms = s->order.timeout_ms,
		.state_dir = -1,
		.cgroup = a->cgroup_fd,
		.cgroup_path = a->cgroup_fd >= 0 ? CGROUP_MOUNT CGROUP_PATH : NULL,
		.cgroup_is_own = a->cgroup_fd >= 0,
		.start_fifo = -1,
		.status_fifo = -1,
		.console_socket = console,
		.keep_newlines = s->order.keep_newlines,
		.state_creating = s->order.state,
		.state_created = s->order.state,
		.state_tail = s->order.state_tail,
	};

	if (s->order.exec)
		return sandbox_ns.exec(&args, &a->sessions[0].ref, &s->ref, e);
	return sandbox_ns.create(&args, &s->ref, e);
}

static int begin_process(struct agent *a, struct session *s, struct lc_error *e)
{
	bool terminal = s->order.plan->process && s->order.plan->process->terminal;
	auto_ends theirs = { { -1, -1, -1 } };
	int console[2] = { -1, -1 }, saved[3] = { -1, -1, -1 };
	int r;

	if (terminal && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, console) < 0)
		return lc_err_errno(e, "socketpair");
	r = terminal ? 0 : make_pipes(s, &theirs, e);
	if (r == 0)
		r = put_in_place(&theirs, saved, e);
	if (r == 0)
		r = build(a, s, console[1], e);
	put_back(saved);
	fd_release(&console[1]); /* so that a process that died shows */
	if (r == 0 && terminal)
		r = take_terminal(s, console[0], e);
	fd_release(&console[0]);
	return r;
}

static int begin(struct agent *a, struct session *s, struct lc_error *e)
{
	if (order_decode(&s->arena, s->text, s->len, &s->order, e) < 0)
		return -1;
	if (s->order.exec != (s->id != 0))
		return lc_err(e, LC_EINTERNAL, "a plan for another session");
	if (s->order.exec && a->sessions[0].phase < SESSION_READY)
		return lc_err(e, LC_ESTATE, "container not running: no such process");
	if (!s->order.exec && a->first && !a->has_export) {
		if (boot_mount_export(e) < 0)
			return -1;
		a->has_export = true;
	}
	if (!s->order.exec && make_cgroup(a, s, e) < 0)
		return -1;
	return begin_process(a, s, e);
}

void session_plan(struct agent *a, struct session *s, const struct control_frame *f)
{
	struct lc_error e = { 0 };

	if (s->phase > SESSION_LISTENING)
		return;
	s->phase = SESSION_LISTENING;
	if (f->head.len) {
		char *text = s->len + f->head.len > CONTROL_PLAN_MAX
				     ? NULL
				     : realloc(s->text, s->len + f->head.len);

		if (!text) {
			lc_err(&e, LC_ECONFIG, "the plan is too long");
			fail(a, s, &e);
			return;
		}
		memcpy(text + s->len, f->data, f->head.len);
		s->text = text;
		s->len += f->head.len;
		return;
	}
	if (f->head.value <= LC_LOG_DEBUG)
		a->log.max = (enum lc_level)f->head.value;
	if (begin(a, s, &e) < 0) {
		fail(a, s, &e);
		return;
	}
	s->phase = s->order.exec ? SESSION_STARTING : SESSION_READY;
	say(a, CONTROL_READY, s->id, 0);
}

void session_start(struct agent *a, struct session *s)
{
	struct lc_error e = { 0 };

	if (s->phase != SESSION_READY)
		return;
	if (sync_send(s->ref.sync, SYNC_START, -1, 0, &e) < 0) {
		fail(a, s, &e);
		return;
	}
	s->phase = SESSION_STARTING;
}

void session_complain(struct agent *a, struct session *s, const struct lc_error *e)
{
	if (s->phase == SESSION_READY)
		fail(a, s, e);
	else
		log_warn(&a->log, "%s", e->msg);
}

void session_hear(struct agent *a, struct session *s)
{
	struct lc_error e = { 0 };

	if (sync_expect_exec(s->ref.sync, s->ref.pidfd, &a->log, &e) < 0) {
		fail(a, s, &e);
		return;
	}
	fd_release(&s->ref.sync);
	s->phase = SESSION_RUNNING;
	say(a, CONTROL_RUNNING, s->id, (uint32_t)s->ref.pid);
}

/* ---- while it lives ---- */

void session_stream(struct session *s, const struct control_frame *f)
{
	struct source *source = &s->sources[f->head.stream];

	if (s->phase < SESSION_READY)
		return;
	if (f->head.stream == STREAM_IN) {
		if (f->head.what == CONTROL_DATA)
			(void)!sink_take(&s->sink, f->data, f->head.len);
		else if (f->head.what == CONTROL_CLOSE)
			s->sink.ended = true;
		return;
	}
	if (f->head.what == CONTROL_CREDIT) {
		source_credit(source, f->head.value);
	} else if (f->head.what == CONTROL_CLOSE) {
		source->fd = -1; /* so that the process hears of it by SIGPIPE */
		fd_release(f->head.stream == STREAM_OUT ? &s->out : &s->err);
	}
}

void session_signal(struct agent *a, struct session *s, uint32_t value)
{
	struct lc_error e = { 0 };

	if (value & CONTROL_SIGNAL_ALL && a->cgroup_fd >= 0) {
		if (cgroup_kill(a->cgroup_fd, (int)(value & 0xff), 0, &e) < 0)
			say_error(a, s->id, &e);
		else
			say(a, CONTROL_DONE, s->id, 0);
		return;
	}
	if (s->phase >= SESSION_READY && s->phase < SESSION_REAPED)
		sys_pidfd_send_signal(s->ref.pidfd, (int)(value & 0xff));
}

void session_resize(struct session *s, uint32_t value)
{
	struct winsize size = { .ws_row = (unsigned short)value,
				.ws_col = (unsigned short)(value >> 16) };

	if (s->tty >= 0)
		ioctl(s->tty, TIOCSWINSZ, &size);
}

void session_hang_up(struct session *s)
{
	if (s->phase == SESSION_REAPED || s->phase == SESSION_LISTENING)
		session_release(s);
	else if (s->phase > SESSION_LISTENING)
		sys_pidfd_send_signal(s->ref.pidfd, SIGKILL);
}

void session_reaped(struct agent *a, struct session *s, int code, int status)
{
	if (s->phase == SESSION_STARTING)
		session_hear(a, s);
	if (s->phase < SESSION_READY)
		return; /* it has said why */
	s->status = code == CLD_EXITED ? (uint32_t)status & 0xff : (uint32_t)status << 8;
	if (s->id == 0 && oom_kills(a))
		s->status |= CONTROL_EXIT_OOM;
	s->phase = SESSION_REAPED;
	s->sink.fd = -1;
}

/* ---- its bytes ---- */

static bool has_more(const struct source *source)
{
	struct pollfd p = { .fd = source->fd, .events = POLLIN };

	return source->fd >= 0 && poll(&p, 1, 0) > 0 && p.revents & POLLIN;
}

/* End of stdin: of a pipe by closing it, of a terminal by its own character. */
static void end_input(struct session *s)
{
	if (s->tty >= 0 && s->sink.fd >= 0)
		(void)!write(s->tty, "\4", 1);
	s->sink.fd = -1;
	fd_release(&s->in);
}

bool session_step(struct agent *a, struct session *s)
{
	bool moved = false;

	if (s->phase < SESSION_READY)
		return false;
	moved = sink_step(&s->sink, &a->out);
	if (sink_is_done(&s->sink) && (s->in >= 0 || s->tty >= 0) && s->sink.fd >= 0)
		end_input(s);
	for (int i = STREAM_OUT; i <= STREAM_ERR && a->out.have < OUT_PENDING; i++)
		moved = source_step(&s->sources[i], &a->out) || moved;
	if (s->phase != SESSION_REAPED || has_more(&s->sources[STREAM_OUT]) ||
	    has_more(&s->sources[STREAM_ERR]))
		return moved;
	say(a, CONTROL_EXIT, s->id, s->status);
	session_release(s);
	return true;
}
