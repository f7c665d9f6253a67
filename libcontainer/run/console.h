/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The terminal of a container, seen from outside: the foreground's end of it, which copies between
 * the caller's streams and the master.
 */
#ifndef LC_CONSOLE_H
#define LC_CONSOLE_H

#include "base/error.h"
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>

struct console {
	int socket; /* owned: where the master arrives; -1: no terminal */
	int master; /* owned; -1 before console_receive() */
	bool raw; /* the caller's terminal was made raw */
	struct termios saved;
	unsigned timeout_ms; /* how long console_receive() waits; 0: no limit */
};
#define CONSOLE_NONE \
	{ \
		.socket = -1, .master = -1 \
	}
#define auto_console __attribute__((cleanup(console_release))) struct console

/* Makes a socket pair: one end stays in @c, the other is for init (owned by the caller). @ms: how
 * long console_receive() will wait for the master, and SYNC_GRACE_MS; 0: no limit. */
int console_pair(struct console *c, int *init_end, unsigned ms, struct lc_error *e) lc_checked;

/* What console_receive() returns, with an error, when its time is over. */
#define CONSOLE_LATE (-2)

/* Takes the master that init has sent, gives it the size of the caller's terminal and makes that
 * one raw. */
int console_receive(struct console *c, struct lc_error *e) lc_checked;

/* Takes over the size of the caller's terminal, if stdin is one. */
void console_resize(const struct console *c);

/* Restores the caller's terminal. */
void console_release(struct console *c);

/*
 * Copies stdin to the master and the master to stdout, until copy_finish() says that the process
 * has ended.  Neither direction blocks the other: poll() asks only for what can go on, and what was
 * read is kept until it is written.
 */
struct console_copy {
	const struct console *console;
	struct {
		char data[16384];
		size_t len;
	} in, out;
	bool in_closed, in_line; /* stdin ended; its last line has no newline yet */
	bool hung_up; /* nobody has the slave open; the caller clears it now and then to look again
		       */
	int eof_due; /* end-of-file characters to send */
	uint64_t written; /* bytes of the program's that came out */
};
void copy_begin(struct console_copy *copy, const struct console *console);

/* Fills 3 entries. */
void copy_poll(const struct console_copy *copy, struct pollfd p[3]);
void copy_step(struct console_copy *copy, const struct pollfd p[3]);

/* The process has ended: what it wrote last is still in the terminal. */
void copy_finish(struct console_copy *copy);

#endif
