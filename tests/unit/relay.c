/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hub of the monitor: the test plays guest, `create`, clients and user. */
#include "microvm/relay.h"
#include "base/own.h"
#include "init/sync.h"
#include "lc_test.h"
#include "microvm/control.h"
#include "microvm/network.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

static struct lc_error e;

static struct {
	int port; /* the guest's end */
	int sync, start, status; /* of who waits */
	int in, out, err; /* the user's ends */
	char path[100]; /* control socket */
	int network; /* the helper's end; -1: there is none */
	int master; /* of the terminal that is its stdin; -1: none */
	pid_t pid;
	struct control_in frames;
} m = { .network = -1, .master = -1 };

static void set(struct relay *r, const char *name, int fd)
{
	char text[12];

	snprintf(text, sizeof(text), "%d", fd);
	CHECK_INT(relay_option(r, name, text, &e), 1);
}

static void loop(struct relay *r)
{
	int n;

	do {
		struct pollfd p = { .fd = relay_fd(r), .events = POLLIN };

		poll(&p, 1, -1);
		n = relay_step(r, &e);
	} while (n > 0);
	relay_end(r);
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, path, strlen(path));
	CHECK_INT(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	CHECK_INT(listen(fd, 8), 0);
	return fd;
}

static int appear(void *ctx, unsigned link, const uint8_t mac[6], struct lc_error *error)
{
	(void)ctx;
	(void)mac;
	return link < 2 ? 0 : lc_err(error, LC_EINTERNAL, "no device %u", link);
}

static void hub(int port, int sync, int start, int status, int listening, int in, int out, int err,
		int network)
{
	struct relay *r = relay_new();
	int plan = memfd_create("plan", MFD_CLOEXEC);

	dup2(in, 0);
	dup2(out, 1);
	dup2(err, 2);
	signal(SIGALRM, SIG_DFL);
	if (write(plan, "{\"a\":1}", 7) != 7)
		_exit(99);
	set(r, "plan-fd", plan);
	set(r, "control-fd", listening);
	set(r, "sync-fd", sync);
	if (start >= 0) {
		set(r, "start-fd", start);
		set(r, "status-fd", status);
	}
	if (network >= 0) {
		set(r, "network-fd", network);
		relay_on_network(r, appear, NULL);
	}
	if (m.master >= 0)
		CHECK_INT(relay_option(r, "tty", NULL, &e), 1);
	CHECK_INT(relay_option(r, "kernel-fd", "3", &e), 0);
	if (relay_begin(r, port, &e) < 0) {
		relay_fail(r, &e);
		relay_end(r);
	}
	loop(r);
}

static bool with_network;

static void begin(bool create)
{
	int network[2] = { -1, -1 };
	int port[2], sync[2], start[2] = { -1, -1 }, status[2] = { -1, -1 }, in[2], out[2], err[2];
	int listening;

	snprintf(m.path, sizeof(m.path), "%s/control", test_dir());
	listening = listen_at(m.path);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, port) < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sync) < 0 ||
	    (create && (pipe2(start, O_CLOEXEC) < 0 || pipe2(status, O_CLOEXEC) < 0)) ||
	    (with_network && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, network) < 0) ||
	    pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
		FAIL("descriptors");
	if (m.master >= 0) {
		close(in[0]);
		in[0] = ioctl(m.master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
		CHECK(in[0] >= 0);
	}
	m.pid = fork();
	if (m.pid == 0) {
		int ours[] = { port[0], sync[0], start[1], status[0], in[1], out[0], err[0] };

		for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
			fd_release(&ours[i]);
		fd_release(&network[1]);
		hub(port[1], sync[1], start[0], status[1], listening, in[0], out[1], err[1],
		    network[0]);
	}
	m.network = network[1];
	fd_release(&network[0]);
	close(listening);
	close(port[1]);
	close(sync[1]);
	fd_release(&start[0]);
	fd_release(&status[1]);
	close(in[0]);
	close(out[1]);
	close(err[1]);
	m.port = port[0];
	m.sync = sync[0];
	m.start = start[1];
	m.status = status[0];
	m.in = in[1];
	m.out = out[0];
	m.err = err[0];
}

/* The guest says something. */
static void say(struct control_head head, const void *data)
{
	struct control_out out = { 0 };

	control_put(&out, &head, data);
	CHECK_INT(control_flush(&out, m.port), 0);
	control_out_release(&out);
}

static struct control_frame hear(enum control_what wanted)
{
	struct control_frame f = { 0 };
	int n;

	while ((n = control_next(&m.frames, CONTROL_HOST, &f, &e)) == 0)
		CHECK(control_read(&m.frames, m.port, &e) > 0);
	CHECK_OK(n, &e);
	CHECK_STR(control_name(f.head.what), control_name(wanted));
	return f;
}

static void set_up(void)
{
	struct control_frame f;

	say((struct control_head){ .what = CONTROL_HELLO, .value = CONTROL_VERSION }, NULL);
	f = hear(CONTROL_PLAN);
	CHECK_INT(f.head.len, 7);
	CHECK(!memcmp(f.data, "{\"a\":1}", 7));
	CHECK_INT(hear(CONTROL_PLAN).head.len, 0);
	say((struct control_head){ .what = CONTROL_READY }, NULL);
	CHECK_OK(sync_expect(m.sync, SYNC_READY, NULL, NULL, NULL, &e), &e);
}

static void run(void)
{
	begin(false);
	set_up();
	CHECK_OK(sync_send(m.sync, SYNC_START, -1, 0, &e), &e);
	hear(CONTROL_START);
	say((struct control_head){ .what = CONTROL_RUNNING, .value = 2 }, NULL);
	CHECK_OK(sync_expect_exec(m.sync, -1, NULL, &e), &e);
}

static int status_of_end(void)
{
	int status;

	CHECK_INT(waitpid(m.pid, &status, 0), m.pid);
	return status;
}

TEST(run_starts_over_the_socket_and_ends_with_the_exit_code)
{
	char text[16] = "";

	run();
	say((struct control_head){ .stream = STREAM_OUT, .what = CONTROL_DATA, .len = 3 }, "out");
	say((struct control_head){ .stream = STREAM_ERR, .what = CONTROL_DATA, .len = 3 }, "err");
	say((struct control_head){ .what = CONTROL_EXIT, .value = 42 }, NULL);
	CHECK_INT(WEXITSTATUS(status_of_end()), 42);
	CHECK_INT(read(m.out, text, sizeof(text)), 3);
	CHECK_STR(text, "out");
	CHECK_INT(read(m.err, text, sizeof(text)), 3);
	CHECK_STR(text, "err");
}

TEST(create_goes_away_and_start_comes)
{
	begin(true);
	set_up();
	CHECK_INT(read(m.sync, &e, 1), 0); /* it has let go of `create` */
	CHECK_INT(write(m.start, "x", 1), 1);
	hear(CONTROL_START);
	say((struct control_head){ .what = CONTROL_RUNNING }, NULL);
	CHECK_OK(sync_expect_exec(m.status, -1, NULL, &e), &e);
	say((struct control_head){ .what = CONTROL_EXIT, .value = 15 << 8 }, NULL);
	CHECK_INT(WTERMSIG(status_of_end()), 15);
}

TEST(a_failure_of_the_guest_is_the_error_of_who_waits)
{
	struct lc_error failure = { .code = LC_ENOENT, .msg = "exec: nowhere: not found" };

	begin(false);
	say((struct control_head){ .what = CONTROL_HELLO, .value = CONTROL_VERSION }, NULL);
	say((struct control_head){ .what = CONTROL_FAILED, .len = sizeof(failure) }, &failure);
	CHECK_INT(sync_expect(m.sync, SYNC_READY, NULL, NULL, NULL, &e), -1);
	CHECK_STR(e.msg, "exec: nowhere: not found");
	CHECK_INT(WEXITSTATUS(status_of_end()), 127);
}

/* A machine takes its time to boot: it does not go on for nobody. */
TEST(a_machine_that_nobody_waits_for_ends_before_it_is_ready)
{
	begin(false);
	close(m.sync);
	CHECK_INT(WEXITSTATUS(status_of_end()), 1);
}

TEST(a_machine_that_stops_early_is_an_error)
{
	begin(false);
	close(m.port);
	CHECK_INT(sync_expect(m.sync, SYNC_READY, NULL, NULL, NULL, &e), -1);
	CHECK_STR(e.msg, "the virtual machine has stopped");
	CHECK_INT(WEXITSTATUS(status_of_end()), 1);
}

/* Whoever has the master may have resized it at any time before. */
TEST(the_terminal_has_its_size_before_the_program_starts)
{
	struct winsize size = { .ws_row = 33, .ws_col = 99 };
	int unlock = 0;

	m.master = openat(AT_FDCWD, "/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	CHECK_INT(ioctl(m.master, TIOCSPTLCK, &unlock), 0);
	begin(false);
	set_up();
	CHECK_INT(ioctl(m.master, TIOCSWINSZ, &size), 0);
	CHECK_OK(sync_send(m.sync, SYNC_START, -1, 0, &e), &e);
	CHECK_INT(hear(CONTROL_RESIZE).head.value, 99 << 16 | 33);
	hear(CONTROL_START);
	say((struct control_head){ .what = CONTROL_EXIT }, NULL);
	CHECK_INT(status_of_end(), 0);
}

/* Without a limit that the host's kernel could enforce the end is the program's all the same. */
TEST(what_the_guest_killed_for_memory_ends_as_killed)
{
	run();
	say((struct control_head){ .what = CONTROL_EXIT, .value = CONTROL_EXIT_OOM | SIGKILL << 8 },
	    NULL);
	CHECK_INT(WTERMSIG(status_of_end()), SIGKILL);
	unlink(m.path);
	m.frames.have = 0;
	run();
	say((struct control_head){ .what = CONTROL_EXIT, .value = CONTROL_EXIT_OOM | 137 }, NULL);
	CHECK_INT(WEXITSTATUS(status_of_end()), 137);
}

TEST(signals_go_to_the_guest)
{
	run();
	kill(m.pid, SIGTERM);
	CHECK_INT(hear(CONTROL_SIGNAL).head.value, SIGTERM);
	kill(m.pid, SIGRTMIN + 3);
	CHECK_INT(hear(CONTROL_SIGNAL).head.value, SIGRTMIN + 3);
	kill(m.pid, SIGKILL);
	CHECK_INT(WTERMSIG(status_of_end()), SIGKILL);
}

TEST(stdin_flows_as_far_as_credit_goes)
{
	static char data[CONTROL_WINDOW + 10];
	size_t got = 0;

	run();
	CHECK_INT(fcntl(m.in, F_SETPIPE_SZ, 1 << 20) >= (int)sizeof(data), true);
	CHECK_INT(write(m.in, data, sizeof(data)), sizeof(data));
	while (got < CONTROL_WINDOW)
		got += hear(CONTROL_DATA).head.len;
	CHECK_INT(got, CONTROL_WINDOW);
	say((struct control_head){ .stream = STREAM_IN, .what = CONTROL_CREDIT, .value = 100 },
	    NULL);
	CHECK_INT(hear(CONTROL_DATA).head.len, 10);
	close(m.in);
	hear(CONTROL_CLOSE);
	say((struct control_head){ .what = CONTROL_EXIT }, NULL);
	CHECK_INT(status_of_end(), 0);
}

static int connect_client(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, m.path, strlen(m.path));
	CHECK_INT(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

TEST(clients_have_sessions_of_their_own)
{
	struct control_head ask = { .what = CONTROL_ASK, .value = CONTROL_PIDS };
	struct control_in in = CONTROL_IN_NONE;
	struct control_out out = { 0 };
	struct control_frame f;
	uint16_t session;
	int fd;

	run();
	fd = connect_client();
	ask.session = 4711; /* whatever it says */
	control_put(&out, &ask, NULL);
	CHECK_INT(control_flush(&out, fd), 0);
	f = hear(CONTROL_ASK);
	session = f.head.session;
	CHECK(session > 0 && session < 100);
	say((struct control_head){ .session = session, .what = CONTROL_ANSWER, .len = 2 }, "7\n");
	CHECK_INT(control_expect(&in, fd, CONTROL_ANSWER, CONTROL_DONE, &f, &e), 1);
	CHECK_INT(f.head.session, 0);
	CHECK(!memcmp(f.data, "7\n", 2));
	close(fd);
	CHECK_INT(hear(CONTROL_HANGUP).head.session, session);
	say((struct control_head){ .session = session, .what = CONTROL_ANSWER }, NULL);
	say((struct control_head){ .session = 999, .what = CONTROL_ANSWER }, NULL);
	say((struct control_head){ .what = CONTROL_EXIT, .value = 3 }, NULL);
	CHECK_INT(WEXITSTATUS(status_of_end()), 3);
}

TEST(a_client_that_does_not_read_is_let_go)
{
	static char data[CONTROL_DATA_MAX];
	struct control_head flood = { .stream = STREAM_OUT,
				      .what = CONTROL_DATA,
				      .len = sizeof(data) },
			    ask = { .what = CONTROL_ASK };
	struct control_out out = { 0 };
	int fd;

	run();
	fd = connect_client();
	control_put(&out, &ask, NULL);
	CHECK_INT(control_flush(&out, fd), 0);
	flood.session = hear(CONTROL_ASK).head.session;
	for (int i = 0; i < 64; i++)
		say(flood, data);
	hear(CONTROL_HANGUP);
	kill(m.pid, SIGKILL);
	status_of_end();
}

TEST(a_guest_that_lies_ends)
{
	static char data[CONTROL_DATA_MAX + 1]; /* the longest lie says so much */
	static const struct control_head lies[] = {
		{ .what = CONTROL_HELLO, .value = CONTROL_VERSION },
		{ .what = CONTROL_READY },
		{ .what = CONTROL_RUNNING },
		{ .what = CONTROL_START },
		{ .what = CONTROL_DATA, .stream = STREAM_IN, .len = 1 },
		{ .what = CONTROL_CREDIT, .stream = STREAM_IN, .value = ~0U },
		{ .what = CONTROL_CREDIT, .stream = STREAM_OUT, .value = 1 },
		{ .what = CONTROL_DATA, .stream = STREAM_OUT, .len = CONTROL_DATA_MAX + 1 },
		{ .what = 99 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
		m.frames.have = 0;
		begin(false);
		set_up();
		CHECK_OK(sync_send(m.sync, SYNC_START, -1, 0, &e), &e);
		hear(CONTROL_START);
		say((struct control_head){ .what = CONTROL_RUNNING }, NULL);
		say(lies[i], data);
		CHECK_INT(WEXITSTATUS(status_of_end()), 255);
		unlink(m.path);
	}
}

TEST(more_than_the_window_is_a_lie)
{
	static char data[CONTROL_DATA_MAX];
	int status;

	run();
	for (int i = 0; i < 20; i++) {
		struct control_head head = { .stream = STREAM_OUT,
					     .what = CONTROL_DATA,
					     .len = sizeof(data) };
		struct control_out out = { 0 };

		control_put(&out, &head, data);
		if (control_flush(&out, m.port) < 0)
			break;
		control_out_release(&out);
	}
	status = status_of_end();
	CHECK_INT(WEXITSTATUS(status), 255);
}

/* ---- the network ---- */

static void tell_network(enum network_what what, unsigned n, unsigned link)
{
	struct network_message message = { .head = { .what = what, .n = n } };
	size_t len = sizeof(message.head) + n * sizeof(*message.items);

	for (unsigned i = 0; i < n; i++)
		message.items[i] = (struct net_item){ .kind = NET_LINK, .link = (uint8_t)link };
	CHECK_INT(send(m.network, &message, len, MSG_NOSIGNAL), len);
}

/* As far as the question that is asked when the container shall start. */
static void start_with_network(void)
{
	char ask = 0;

	with_network = true;
	begin(false);
	set_up();
	CHECK_INT(recv(m.network, &ask, 1, MSG_DONTWAIT), -1);
	CHECK_OK(sync_send(m.sync, SYNC_START, -1, 0, &e), &e);
	CHECK_INT(read(m.network, &ask, 1), 1);
}

TEST(the_network_is_there_before_the_program_starts)
{
	start_with_network();
	tell_network(NETWORK_ITEMS, 3, 1);
	CHECK_INT(hear(CONTROL_NETWORK).head.len, 3 * sizeof(struct net_item));
	tell_network(NETWORK_END, 0, 0);
	CHECK_INT(hear(CONTROL_NETWORK).head.len, 0);
	hear(CONTROL_START);
	say((struct control_head){ .what = CONTROL_RUNNING }, NULL);
	CHECK_OK(sync_expect_exec(m.sync, -1, NULL, &e), &e);
	/* And later ones without being asked; the helper's end is not the container's. */
	tell_network(NETWORK_ITEMS, 1, 0);
	tell_network(NETWORK_END, 0, 0);
	CHECK_INT(hear(CONTROL_NETWORK).head.len, sizeof(struct net_item));
	CHECK_INT(hear(CONTROL_NETWORK).head.len, 0);
	fd_release(&m.network);
	kill(m.pid, SIGTERM);
	hear(CONTROL_SIGNAL);
	say((struct control_head){ .what = CONTROL_EXIT, .value = 3 }, NULL);
	CHECK_INT(WEXITSTATUS(status_of_end()), 3);
}

TEST(without_its_network_a_container_does_not_start)
{
	struct network_message message = { .head = { .what = NETWORK_FAILED } };

	message.error = (struct lc_error){ .code = LC_EUNSUPPORTED, .msg = "interface eth0: why" };
	start_with_network();
	CHECK(send(m.network, &message, sizeof(message.head) + sizeof(message.error), 0) > 0);
	CHECK_INT(sync_expect_exec(m.sync, -1, NULL, &e), -1);
	CHECK_STR(e.msg, "interface eth0: why");
	CHECK_INT(WEXITSTATUS(status_of_end()), 1);
}

TEST(a_helper_that_died_is_missed)
{
	start_with_network();
	fd_release(&m.network);
	CHECK_INT(sync_expect_exec(m.sync, -1, NULL, &e), -1);
	CHECK_STR(e.msg, "the helper for the network has ended");
}

TEST(a_device_that_cannot_be_is_an_error)
{
	start_with_network();
	tell_network(NETWORK_ITEMS, 1, 2);
	CHECK_INT(sync_expect_exec(m.sync, -1, NULL, &e), -1);
	CHECK_STR(e.msg, "no device 2");
}
