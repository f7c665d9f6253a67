/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The terminal of a container, seen from outside. */
#include "run/console.h"
#include "base/own.h"
#include "init/sync.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

int console_pair(struct console *c, int *init_end, unsigned ms, struct lc_error *e)
{
	unsigned in_all = ms ? ms + SYNC_GRACE_MS : 0;
	struct timeval limit = { in_all / 1000, in_all % 1000 * 1000 };
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return lc_err_errno(e, "terminal: socketpair");
	c->socket = pair[0];
	c->timeout_ms = ms;
	*init_end = pair[1];
	if (setsockopt(c->socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
		return lc_err_errno(e, "terminal: setsockopt SO_RCVTIMEO");
	return 0;
}

void console_resize(const struct console *c)
{
	struct winsize size;

	if (c->master >= 0 && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		ioctl(c->master, TIOCSWINSZ, &size);
}

/* But for OPOST: the container's terminal leaves "\n" as it is (init/tty.c), this one makes "\r\n"
 * of it. */
static void make_raw(struct console *c)
{
	struct termios t;

	if (tcgetattr(STDIN_FILENO, &c->saved) < 0)
		return;
	t = c->saved;
	cfmakeraw(&t);
	t.c_oflag |= OPOST;
	c->raw = tcsetattr(STDIN_FILENO, TCSANOW, &t) == 0;
}

int console_receive(struct console *c, struct lc_error *e)
{
	char name[256];
	size_t n = 0;
	ssize_t len = fd_recv(c->socket, name, sizeof(name), &c->master, 1, &n);

	if (len < 0 && errno == EAGAIN) {
		lc_err(e, LC_ESYSTEM,
		       "the container's process has not opened its terminal after %g s "
		       "(--timeout): it is stopped or frozen, or a file system hangs",
		       c->timeout_ms / 1000.0);
		return CONSOLE_LATE;
	}
	if (len < 0)
		return lc_err_errno(e, "receive the container's terminal");
	if (n != 1 || c->master < 0)
		return lc_err(e, LC_EINTERNAL, "the container's init sent no terminal");
	fd_release(&c->socket);
	console_resize(c);
	make_raw(c);
	return 0;
}

void console_release(struct console *c)
{
	int saved = errno;

	if (c->raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &c->saved);
	c->raw = false;
	fd_release(&c->socket);
	fd_release(&c->master);
	errno = saved;
}

/* ---- copying ---- */

static int make_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || flags & O_NONBLOCK || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -1;
	return flags;
}

/* Only the master is our own. The caller's streams may be shared with a shell, and non-blocking is
 * a property of the open file: so stdin and stdout stay as they are and are only touched when poll
 * says so; a write to a pipe is at most PIPE_BUF, which poll promises to fit. */
void copy_begin(struct console_copy *copy, const struct console *console)
{
	copy->console = console;
	copy->in.len = copy->out.len = 0;
	copy->in_closed = copy->in_line = copy->hung_up = false;
	copy->eof_due = 0;
	copy->written = 0;
	make_nonblocking(console->master);
}

void copy_poll(const struct console_copy *copy, struct pollfd p[3])
{
	bool read_in = !copy->in_closed && copy->in.len < sizeof(copy->in.data);
	bool read_out = copy->out.len == 0 && !copy->hung_up;
	short master =
		(short)((copy->in.len || copy->eof_due ? POLLOUT : 0) | (read_out ? POLLIN : 0));

	p[0] = (struct pollfd){ .fd = read_in ? STDIN_FILENO : -1, .events = POLLIN };
	p[1] = (struct pollfd){ .fd = master && !copy->hung_up ? copy->console->master : -1,
				.events = master };
	p[2] = (struct pollfd){ .fd = copy->out.len ? STDOUT_FILENO : -1, .events = POLLOUT };
}

/* The end of a stdin that is no terminal is told to the program as the terminal's end-of-file
 * character; behind an unfinished line it takes two. */
static void tell_eof(struct console_copy *copy)
{
	struct termios t;
	char c = 4;

	copy->eof_due--;
	if (tcgetattr(copy->console->master, &t) == 0) {
		/* Raw; but with EXTPROC the program's terminal is another one, in a guest. */
		if (!(t.c_lflag & (ICANON | EXTPROC)))
			return;
		c = (char)t.c_cc[VEOF];
	}
	if (write(copy->console->master, &c, 1) < 0 && (errno == EINTR || errno == EAGAIN))
		copy->eof_due++;
}

static void read_stdin(struct console_copy *copy)
{
	ssize_t n = read(STDIN_FILENO, copy->in.data + copy->in.len,
			 sizeof(copy->in.data) - copy->in.len);

	if (n > 0) {
		copy->in.len += (size_t)n;
		copy->in_line = copy->in.data[copy->in.len - 1] != '\n';
	} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
		copy->in_closed = true;
		copy->eof_due = n < 0 ? 0 : copy->in_line ? 2 : 1;
	}
}

static void write_master(struct console_copy *copy)
{
	ssize_t n;

	if (!copy->in.len) {
		if (copy->eof_due)
			tell_eof(copy);
		return;
	}
	n = write(copy->console->master, copy->in.data, copy->in.len);
	if (n > 0) {
		copy->in.len -= (size_t)n;
		memmove(copy->in.data, copy->in.data + n, copy->in.len);
	} else if (n < 0 && errno != EINTR && errno != EAGAIN) {
		copy->in.len = 0; /* nobody will read it any more */
	}
}

/* False when there is nothing more to come now. EIO: every slave is closed, for now. */
static bool read_master(struct console_copy *copy)
{
	ssize_t n = read(copy->console->master, copy->out.data, sizeof(copy->out.data));

	if (n > 0)
		copy->out.len = (size_t)n;
	return n > 0;
}

static void write_stdout(struct console_copy *copy, bool all)
{
	size_t len = copy->out.len < PIPE_BUF || all ? copy->out.len : PIPE_BUF;
	ssize_t n = write(STDOUT_FILENO, copy->out.data, len);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < 0) { /* EPIPE: go on reading, so that the program does not hang */
		copy->out.len = 0;
		return;
	}
	copy->written += (uint64_t)n;
	copy->out.len -= (size_t)n;
	memmove(copy->out.data, copy->out.data + n, copy->out.len);
}

void copy_step(struct console_copy *copy, const struct pollfd p[3])
{
	if (p[0].fd >= 0 && p[0].revents)
		read_stdin(copy);
	if (p[1].fd >= 0 && p[1].revents & POLLOUT)
		write_master(copy);
	if (p[1].fd >= 0 && p[1].revents & (POLLIN | POLLHUP) && !copy->out.len)
		copy->hung_up = !read_master(copy) && errno == EIO;
	if (p[2].fd >= 0 && p[2].revents)
		write_stdout(copy, false);
}

void copy_finish(struct console_copy *copy)
{
	do {
		while (copy->out.len) {
			struct pollfd p = { .fd = STDOUT_FILENO, .events = POLLOUT };

			if (poll(&p, 1, -1) > 0)
				write_stdout(copy, false);
		}
	} while (read_master(copy));
}
