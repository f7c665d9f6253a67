/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hub between the control port, the container's streams, who waits for it, and clients. */
#include "microvm/relay.h"
#include "base/own.h"
#include "base/str.h"
#include "init/sync.h"
#include "microvm/control.h"
#include "microvm/network.h"
#include "microvm/stream.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS	     64
#define SEED	     256 /* bytes of randomness for a guest that was restored */
#define PORT_PENDING (4 * CONTROL_DATA_MAX) /* beyond it nobody is listened to */
/* What a guest may leave with a client that does not read: its streams' windows and some more. */
#define CLIENT_PENDING (CONTROL_STREAMS * CONTROL_WINDOW + 4 * CONTROL_DATA_MAX)
/* More than the guest's kernel and the monitor have beside what the container may have. */
#define OOM_BYTES ((size_t)160 << 20)

/* CONNECTING: it shall start, and the network is asked for first. */
enum phase { BOOTING, SETTING_UP, READY, CONNECTING, STARTING, RUNNING, ENDED };

struct watch {
	int fd; /* -1: none */
	uint32_t events; /* what epoll was told */
	bool always; /* epoll does not take it (a regular file): it never blocks */
};

struct client {
	struct watch watch; /* its socket, owned */
	struct control_in in;
	struct control_out out;
	bool leaving; /* it said or did something wrong: goes at the end of the step */
};

struct relay {
	int epoll; /* owned, as all below */
	struct watch port, listening, signals, sync, start, streams[CONTROL_STREAMS];
	struct watch network; /* the helper that knows the network; -1: there is none */
	int status; /* -1: none (any more) */
	bool tty, exec;
	char *plan;
	size_t plan_len, plan_sent;
	enum phase phase;
	struct control_in in;
	struct control_out out;
	struct source source; /* stdin */
	struct sink sinks[CONTROL_STREAMS]; /* stdout, stderr */
	uint32_t end; /* CONTROL_EXIT_* */
	int code; /* of a container that never ran */
	bool failed;
	void (*pause)(void *ctx, bool stop); /* NULL: there is nothing to stop */
	void *pause_ctx;
	int (*appear)(void *ctx, unsigned link, const uint8_t mac[6], struct lc_error *e);
	void *appear_ctx;
	struct client clients[CLIENTS]; /* number n has session n + 1 */
};

/* ---- set-up ---- */

struct relay *relay_new(void)
{
	struct relay *r = calloc(1, sizeof(*r));

	if (!r)
		abort();
	r->epoll = r->status = -1;
	r->network.fd = r->port.fd = r->listening.fd = r->signals.fd = r->sync.fd = r->start.fd =
		-1;
	for (size_t i = 0; i < CONTROL_STREAMS; i++) {
		r->streams[i].fd = -1;
		r->sinks[i] = (struct sink){ .fd = -1, .stream = (uint8_t)i };
	}
	for (size_t i = 0; i < CLIENTS; i++)
		r->clients[i].watch.fd = -1;
	return r;
}

static int read_plan(struct relay *r, int fd, struct lc_error *e)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > CONTROL_PLAN_MAX)
		return lc_err(e, LC_EUSAGE, "--plan-fd: no file of a plan");
	r->plan_len = (size_t)st.st_size;
	r->plan = malloc(r->plan_len + 1);
	n = r->plan ? pread(fd, r->plan, r->plan_len, 0) : -1;
	if (n != (ssize_t)r->plan_len)
		return lc_err_errno(e, "--plan-fd: read");
	close(fd);
	return 1;
}

int relay_option(struct relay *r, const char *name, const char *value, struct lc_error *e)
{
	const struct {
		const char *name;
		int *fd;
	} fds[] = { { "control-fd", &r->listening.fd },
		    { "sync-fd", &r->sync.fd },
		    { "start-fd", &r->start.fd },
		    { "status-fd", &r->status },
		    { "network-fd", &r->network.fd } };
	bool is_plan = !strcmp(name, "plan-fd");
	uint32_t number;

	if (!strcmp(name, "tty")) {
		r->tty = true;
		return 1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(fds) || is_plan; i++) {
		if (!is_plan && strcmp(name, fds[i].name) != 0)
			continue;
		if (!value || !str_u32(value, &number) || number > 1 << 20 ||
		    fcntl((int)number, F_SETFD, FD_CLOEXEC) < 0)
			return lc_err(e, LC_EUSAGE, "--%s: expected an open descriptor", name);
		if (is_plan)
			return read_plan(r, (int)number, e);
		*fds[i].fd = (int)number;
		return 1;
	}
	return 0;
}

void relay_on_pause(struct relay *r, void (*pause)(void *ctx, bool stop), void *ctx)
{
	r->pause = pause;
	r->pause_ctx = ctx;
}

void relay_on_network(struct relay *r,
		      int (*appear)(void *ctx, unsigned link, const uint8_t mac[6],
				    struct lc_error *e),
		      void *ctx)
{
	r->appear = appear;
	r->appear_ctx = ctx;
}

void relay_for_exec(struct relay *r, char *text, size_t len, int sync, bool tty)
{
	r->exec = true;
	r->phase = SETTING_UP;
	r->plan = text;
	r->plan_len = len;
	r->sync.fd = sync;
	r->tty = tty;
}

/* The kernel raises these for the monitor's own faults. */
static const int not_forwarded[] = { SIGSEGV, SIGBUS,  SIGILL,	SIGFPE, SIGTRAP,
				     SIGSYS,  SIGABRT, SIGCHLD, SIGPIPE };

static int catch_signals(struct relay *r, struct lc_error *e)
{
	sigset_t caught;

	sigfillset(&caught);
	for (size_t i = 0; i < ARRAY_SIZE(not_forwarded); i++)
		sigdelset(&caught, not_forwarded[i]);
	r->signals.fd = signalfd(-1, &caught, SFD_CLOEXEC | SFD_NONBLOCK);
	if (r->signals.fd < 0)
		return lc_err_errno(e, "signalfd");
	pthread_sigmask(SIG_SETMASK, &caught, NULL);
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

static void update_all(struct relay *r);

int relay_begin(struct relay *r, int port, struct lc_error *e)
{
	r->port.fd = port;
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (r->epoll < 0)
		return lc_err_errno(e, "epoll_create1");
	if (fcntl(port, F_SETFL, O_NONBLOCK) < 0 ||
	    (r->listening.fd >= 0 && fcntl(r->listening.fd, F_SETFL, O_NONBLOCK) < 0))
		return lc_err_errno(e, "fcntl of the control port");
	if (catch_signals(r, e) < 0)
		return -1;
	r->source = (struct source){ .fd = STDIN_FILENO, .credit = CONTROL_WINDOW };
	r->streams[STREAM_IN].fd = STDIN_FILENO;
	r->streams[STREAM_OUT].fd = r->sinks[STREAM_OUT].fd = STDOUT_FILENO;
	r->streams[STREAM_ERR].fd = r->sinks[STREAM_ERR].fd = STDERR_FILENO;
	update_all(r);
	return 0;
}

int relay_fd(const struct relay *r)
{
	return r->epoll;
}

/* ---- towards the guest ---- */

static bool may_listen(const struct relay *r)
{
	return r->out.have < PORT_PENDING;
}

static void tell(struct relay *r, enum control_what what, uint16_t session, uint32_t value)
{
	struct control_head head = { .session = session, .what = (uint8_t)what, .value = value };

	control_put(&r->out, &head, NULL);
}

void relay_warn(struct relay *r, const char *text)
{
	int fd = r->sync.fd;

	if (fd >= 0)
		sync_log(&fd, LC_LOG_WARNING, text);
}

void relay_restored(struct relay *r)
{
	struct control_head clock = { .what = CONTROL_CLOCK, .len = sizeof(int64_t) };
	char seed[SEED];
	struct control_head seeds = { .what = CONTROL_SEED, .len = sizeof(seed) };
	struct timespec now;
	int64_t ns;

	r->phase = SETTING_UP;
	clock_gettime(CLOCK_REALTIME, &now);
	ns = now.tv_sec * 1000000000 + now.tv_nsec;
	if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		abort(); /* as by getrandom(2) up to 256 bytes are never cut short */
	control_put(&r->out, &clock, &ns);
	control_put(&r->out, &seeds, seed);
	explicit_bzero(seed, sizeof(seed));
	update_all(r);
}

static void send_plan(struct relay *r)
{
	while (r->phase == SETTING_UP && r->plan && may_listen(r)) {
		size_t n = r->plan_len - r->plan_sent;
		struct control_head head = { .what = CONTROL_PLAN, .value = LC_LOG_WARNING };

		head.len = (uint32_t)(n < CONTROL_DATA_MAX ? n : CONTROL_DATA_MAX);
		control_put(&r->out, &head, r->plan + r->plan_sent);
		r->plan_sent += head.len;
		if (head.len)
			continue;
		free(r->plan);
		r->plan = NULL;
	}
}

/* ---- who waits ---- */

static void drop(struct watch *w)
{
	fd_release(&w->fd); /* epoll forgets it with the last descriptor */
	w->events = 0;
}

static int waiting_end(const struct relay *r)
{
	return r->sync.fd >= 0 ? r->sync.fd : r->status;
}

static void stop_waiting(struct relay *r)
{
	drop(&r->sync);
	drop(&r->start);
	fd_release(&r->status);
}

void relay_fail(struct relay *r, const struct lc_error *e)
{
	int fd = waiting_end(r);

	if (fd >= 0)
		sync_send_error(fd, e);
	stop_waiting(r);
	if (r->phase < RUNNING)
		r->code = e->code == LC_ENOENT ? 127 : e->code == LC_ENOEXEC ? 126 : 1;
	else
		r->code = 255;
	r->failed = true;
}

/* Of the terminal on the host's side, by whoever has its master. */
static void tell_size(struct relay *r)
{
	struct winsize size;

	if (r->tty && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		tell(r, CONTROL_RESIZE, 0, (uint32_t)size.ws_col << 16 | size.ws_row);
}

static void go(struct relay *r)
{
	/* What came before there was a terminal in the guest it has not heard. */
	tell_size(r);
	r->phase = STARTING;
	tell(r, CONTROL_START, 0, 0);
}

/* Once the network is there; engines make it between `create` and `start`. */
static int go_on(struct relay *r, struct lc_error *e)
{
	static const char ask = NETWORK_ASK;

	if (r->network.fd < 0) {
		go(r);
		return 0;
	}
	r->phase = CONNECTING;
	if (send(r->network.fd, &ask, 1, MSG_NOSIGNAL) != 1)
		return lc_err_errno(e, "ask the helper for the network");
	return 0;
}

static int on_ready(struct relay *r, struct lc_error *e)
{
	r->phase = r->exec ? STARTING : READY;
	if (r->exec) {
		tell_size(r);
		return 0;
	}
	if (r->sync.fd < 0)
		return r->start.fd < 0 ? go_on(r, e) : 0; /* nobody waits */
	if (sync_send(r->sync.fd, SYNC_READY, -1, 0, e) < 0)
		return -1;
	if (r->start.fd >= 0) /* `create` goes away, `start` will come */
		drop(&r->sync);
	return 0;
}

static int on_running(struct relay *r, struct lc_error *e)
{
	int fd = waiting_end(r);

	r->phase = RUNNING;
	if (fd >= 0 && sync_send(fd, SYNC_EXEC, -1, 0, e) < 0)
		return -1;
	stop_waiting(r);
	return 0;
}

/* `run` says so over the socket, `start` by a byte in the fifo. */
static int hear_start(struct relay *r, struct lc_error *e)
{
	struct pollfd p = { .fd = r->start.fd >= 0 ? r->start.fd : r->sync.fd, .events = POLLIN };
	char go;

	if (r->phase != READY || p.fd < 0 || poll(&p, 1, 0) <= 0)
		return 0;
	if (r->start.fd >= 0) {
		if (read(r->start.fd, &go, 1) != 1)
			return lc_err_errno(e, "read the start fifo");
		drop(&r->start);
	} else if (sync_expect(r->sync.fd, SYNC_START, NULL, NULL, NULL, e) < 0) {
		return -1;
	}
	return go_on(r, e);
}

/* ---- from the network's helper ---- */

static int pass_network(struct relay *r, const struct network_message *m, size_t len,
			struct lc_error *e)
{
	struct control_head head = { .what = CONTROL_NETWORK };

	if (m->head.n > NETWORK_BATCH || len != sizeof(m->head) + m->head.n * sizeof(*m->items))
		return lc_err(e, LC_EINTERNAL, "a message of the network's helper is cut off");
	for (uint32_t i = 0; i < m->head.n; i++) {
		const struct net_item *item = &m->items[i];

		if (item->kind == NET_LINK && r->appear &&
		    r->appear(r->appear_ctx, item->link, item->mac, e) < 0)
			return -1;
	}
	head.len = (uint32_t)(m->head.n * sizeof(*m->items));
	_Static_assert(NETWORK_BATCH * sizeof(*m->items) <= CONTROL_DATA_MAX, "goes into a frame");
	if (head.len)
		control_put(&r->out, &head, m->items);
	return 0;
}

static int take_network(struct relay *r, const struct network_message *m, size_t len,
			struct lc_error *e)
{
	switch (m->head.what) {
	case NETWORK_ITEMS:
		return pass_network(r, m, len, e);
	case NETWORK_END:
		tell(r, CONTROL_NETWORK, 0, 0);
		if (r->phase == CONNECTING)
			go(r);
		return 0;
	case NETWORK_FAILED:
		*e = m->error;
		return -1;
	}
	return lc_err(e, LC_EINTERNAL, "the network's helper says what nobody knows");
}

/* What is there stays as it is. */
static int miss_network(struct relay *r, struct lc_error *e)
{
	drop(&r->network);
	return r->phase == CONNECTING
		       ? lc_err(e, LC_ESYSTEM, "the helper for the network has ended")
		       : 0;
}

static int hear_network(struct relay *r, struct lc_error *e)
{
	static struct network_message m;

	while (r->network.fd >= 0 && r->phase >= CONNECTING && r->phase != ENDED && may_listen(r)) {
		ssize_t n = recv(r->network.fd, &m, sizeof(m), MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (n < (ssize_t)sizeof(m.head))
			return miss_network(r, e);
		if (take_network(r, &m, (size_t)n, e) < 0)
			return -1;
	}
	return 0;
}

/* ---- from the guest ---- */

static int lies(const struct control_frame *f, struct lc_error *e)
{
	return lc_err(e, LC_ESYSTEM, "the guest breaks the rules of the control port: %s",
		      control_name(f->head.what));
}

static int on_stream(struct relay *r, const struct control_frame *f, struct lc_error *e)
{
	struct sink *sink = &r->sinks[f->head.stream];

	if (f->head.stream == STREAM_IN) {
		if (f->head.what == CONTROL_CREDIT)
			return source_credit(&r->source, f->head.value) ? 0 : lies(f, e);
		if (f->head.what != CONTROL_CLOSE)
			return lies(f, e);
		r->source.fd = -1;
		return 0;
	}
	if (f->head.what == CONTROL_DATA)
		return sink_take(sink, f->data, f->head.len) ? 0 : lies(f, e);
	if (f->head.what != CONTROL_CLOSE)
		return lies(f, e);
	sink->ended = true;
	return 0;
}

static void pass_log(struct relay *r, const struct control_frame *f)
{
	char text[1025];
	int fd = r->sync.fd;

	if (fd < 0)
		return;
	memcpy(text, f->data, f->head.len);
	text[f->head.len] = 0;
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	sync_log(&fd, f->head.value == LC_LOG_WARNING ? LC_LOG_WARNING : LC_LOG_DEBUG, text);
}

/* Session 0: the container's own. Each kind has its time. */
static int on_own(struct relay *r, const struct control_frame *f, struct lc_error *e)
{
	switch (f->head.what) {
	case CONTROL_HELLO:
		if (r->phase != BOOTING)
			return lies(f, e);
		if (f->head.value != CONTROL_VERSION)
			return lc_err(e, LC_ESYSTEM,
				      "the guest's agent speaks version %u of the control port, "
				      "expected %u",
				      f->head.value, CONTROL_VERSION);
		r->phase = SETTING_UP;
		return 0;
	case CONTROL_READY:
		return r->phase == SETTING_UP && !r->plan ? on_ready(r, e) : lies(f, e);
	case CONTROL_RUNNING:
		return r->phase == STARTING ? on_running(r, e) : lies(f, e);
	case CONTROL_EXIT:
		if (r->phase < SETTING_UP || r->phase == ENDED)
			return lies(f, e);
		r->phase = ENDED;
		r->end = f->head.value;
		return 0;
	case CONTROL_FAILED:
		return control_take_error(f, e);
	case CONTROL_LOG:
		pass_log(r, f);
		return 0;
	case CONTROL_DATA:
	case CONTROL_CREDIT:
	case CONTROL_CLOSE:
		return r->phase >= SETTING_UP ? on_stream(r, f, e) : lies(f, e);
	default:
		return lies(f, e);
	}
}

/* A client that does not read what it asked for, or a guest that sends more than it was asked for:
 * the client goes. */
static void on_client(struct relay *r, const struct control_frame *f)
{
	struct control_head head = f->head;
	struct client *c = f->head.session <= CLIENTS ? &r->clients[f->head.session - 1] : NULL;

	if (!c || c->watch.fd < 0)
		return; /* it has left; the guest may not know yet */
	head.session = 0;
	if (c->out.have + head.len > CLIENT_PENDING)
		c->leaving = true;
	else
		control_put(&c->out, &head, f->data);
}

static int read_port(struct relay *r, struct lc_error *e)
{
	struct control_frame f;
	int n = control_read(&r->in, r->port.fd, e);

	if (n < 0)
		return e->code == LC_OK ? 0 : -1;
	if (n == 0)
		return lc_err(e, LC_ESYSTEM, "the virtual machine has stopped");
	while ((n = control_next(&r->in, CONTROL_GUEST, &f, e)) > 0) {
		if (f.head.session)
			on_client(r, &f);
		else if (on_own(r, &f, e) < 0)
			return -1;
	}
	return n;
}

/* ---- from outside ---- */

static void pass_signals(struct relay *r)
{
	struct signalfd_siginfo info;

	while (may_listen(r) && read(r->signals.fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (r->tty && info.ssi_signo == SIGWINCH)
			tell_size(r);
		else
			tell(r, CONTROL_SIGNAL, 0, info.ssi_signo);
	}
}

static void admit(struct relay *r)
{
	int fd = accept4(r->listening.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	for (size_t i = 0; i < CLIENTS; i++) {
		if (r->clients[i].watch.fd >= 0)
			continue;
		r->clients[i].watch = (struct watch){ .fd = fd };
		return;
	}
	close(fd); /* too many at once */
}

/* Not for the guest; one that stands still could not answer. */
static void do_pause(struct relay *r, struct client *c, bool stop)
{
	struct control_head done = { .what = CONTROL_DONE };

	if (r->pause)
		r->pause(r->pause_ctx, stop);
	control_put(&c->out, &done, NULL);
}

static void hear_client(struct relay *r, size_t i)
{
	struct client *c = &r->clients[i];
	struct control_frame f;
	struct lc_error e = { 0 };
	int n;

	if (!may_listen(r))
		return;
	n = control_read(&c->in, c->watch.fd, &e);
	if (n == 0 || (n < 0 && e.code != LC_OK))
		c->leaving = true;
	while ((n = control_next(&c->in, CONTROL_HOST, &f, &e)) > 0) {
		if (f.head.what == CONTROL_PAUSE) {
			do_pause(r, c, f.head.value);
			continue;
		}
		f.head.session = (uint16_t)(i + 1);
		control_put(&r->out, &f.head, f.data);
	}
	if (n < 0)
		c->leaving = true;
}

static void dismiss(struct relay *r, size_t i)
{
	struct client *c = &r->clients[i];

	drop(&c->watch);
	control_in_release(&c->in);
	control_out_release(&c->out);
	c->leaving = false;
	tell(r, CONTROL_HANGUP, (uint16_t)(i + 1), 0);
}

static void serve_clients(struct relay *r)
{
	for (size_t i = 0; i < CLIENTS; i++) {
		struct client *c = &r->clients[i];

		if (c->watch.fd < 0)
			continue;
		hear_client(r, i);
		if (control_flush(&c->out, c->watch.fd) < 0 || c->leaving)
			dismiss(r, i);
	}
}

/* ---- what epoll watches ---- */

static void update(struct relay *r, struct watch *w, bool in, bool out)
{
	uint32_t events = (in ? EPOLLIN : 0U) | (out ? EPOLLOUT : 0U);
	struct epoll_event event = { .events = events };
	int op = !w->events ? EPOLL_CTL_ADD : events ? EPOLL_CTL_MOD : EPOLL_CTL_DEL;

	if (w->fd < 0 || w->always || events == w->events)
		return;
	if (epoll_ctl(r->epoll, op, w->fd, &event) < 0 && errno == EPERM) {
		w->always = true;
		return;
	}
	w->events = events;
}

static void update_all(struct relay *r)
{
	bool listen = may_listen(r);

	update(r, &r->port, r->phase != ENDED, r->phase != ENDED && r->out.have > 0);
	update(r, &r->listening, true, false);
	update(r, &r->signals, listen, false);
	update(r, &r->sync, r->phase < READY || (r->phase == READY && r->start.fd < 0), false);
	update(r, &r->start, r->phase == READY, false);
	update(r, &r->network, listen && r->phase >= CONNECTING && r->phase != ENDED, false);
	update(r, &r->streams[STREAM_IN],
	       listen && r->phase >= READY && r->phase < ENDED && source_wants(&r->source), false);
	for (size_t i = STREAM_OUT; i <= STREAM_ERR; i++)
		update(r, &r->streams[i], false, r->sinks[i].fd >= 0 && r->sinks[i].have > 0);
	for (size_t i = 0; i < CLIENTS; i++)
		update(r, &r->clients[i].watch, listen, r->clients[i].out.have > 0);
}

/* ---- a step ---- */

static int move_streams(struct relay *r)
{
	bool moved = true;

	while (moved && may_listen(r)) {
		moved = r->phase >= READY && r->phase < ENDED && source_step(&r->source, &r->out);
		for (size_t i = STREAM_OUT; i <= STREAM_ERR; i++)
			moved = sink_step(&r->sinks[i], &r->out) || moved;
	}
	return 0;
}

static bool all_passed_on(const struct relay *r)
{
	return !r->sinks[STREAM_OUT].have && !r->sinks[STREAM_ERR].have;
}

/* Nothing is said before READY: it is the end of file. */
static bool is_abandoned(const struct relay *r)
{
	char byte;

	return r->phase < READY && r->sync.fd >= 0 &&
	       recv(r->sync.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static int step(struct relay *r, struct lc_error *e)
{
	if (is_abandoned(r))
		return lc_err(e, LC_ESTATE, "who asked for the container is gone");
	if (r->phase != ENDED && read_port(r, e) < 0)
		return -1;
	if (hear_start(r, e) < 0 || hear_network(r, e) < 0)
		return -1;
	pass_signals(r);
	if (r->listening.fd >= 0)
		admit(r);
	serve_clients(r);
	send_plan(r);
	move_streams(r);
	if (r->phase != ENDED && control_flush(&r->out, r->port.fd) < 0)
		return lc_err_errno(e, "write to the control port");
	return r->phase == ENDED && all_passed_on(r) ? 0 : 1;
}

int relay_step(struct relay *r, struct lc_error *e)
{
	int n = step(r, e);

	if (n < 0)
		relay_fail(r, e);
	else
		update_all(r);
	return n;
}

/* The guest's kernel has killed the container's process for want of memory, and engines look for
 * that in the container's cgroup: the monitor takes what is left below the limit, which is little
 * when the guest has filled its memory, and the host's kernel kills it for that.  Where there is no
 * limit it goes on. */
static void run_out_of_memory(void)
{
	volatile char *p;
	void *v = mmap(NULL, OOM_BYTES, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (v == MAP_FAILED)
		return;
	madvise(v, OOM_BYTES, MADV_HUGEPAGE); /* far fewer faults */
	p = v;
	for (size_t at = 0; at < OOM_BYTES; at += 4096)
		p[at] = 1;
}

/* As a shell says that its program was killed. */
static bool died_of_memory(const struct relay *r)
{
	return !r->exec && r->end & CONTROL_EXIT_OOM &&
	       (CONTROL_EXIT_SIGNAL(r->end) == SIGKILL ||
		CONTROL_EXIT_CODE(r->end) == 128 + SIGKILL);
}

noreturn void relay_end(struct relay *r)
{
	int sig = (int)CONTROL_EXIT_SIGNAL(r->end);
	struct rlimit none = { 0, 0 };
	sigset_t set;

	if (r->failed || r->phase != ENDED)
		_exit(r->failed ? r->code : 255);
	stop_waiting(r);
	if (died_of_memory(r))
		run_out_of_memory();
	if (sig) {
		setrlimit(RLIMIT_CORE, &none); /* the core would be the monitor's */
		signal(sig, SIG_DFL);
		sigemptyset(&set);
		sigaddset(&set, sig);
		pthread_sigmask(SIG_UNBLOCK, &set, NULL);
		kill(getpid(), sig);
		_exit(128 + sig);
	}
	_exit((int)CONTROL_EXIT_CODE(r->end));
}
