/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables that are looked at again and again, on a terminal in place. */
#include "live.h"
#include "base/own.h"
#include "quantity.h"
#include "stdout.h"
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>

#define INTERVAL_MAX_MS 1000000000
#define SIZE_MAX_CELLS	10000

/* The other screen, no cursor, no wrapping of what turns out to be wider than one thinks; and back.
 */
#define ENTER "\033[?1049h\033[?25l\033[?7l"
#define LEAVE "\033[?7h\033[?25h\033[?1049l"

static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP };

struct screen {
	struct termios found;
	sigset_t mask_found;
	int signals; /* owned signalfd */
	bool keys; /* stdin is the terminal, and ours */
};

int live_interval(const char *command, const char *given, const char *example, uint64_t *ms,
		  struct lc_error *e)
{
	if (given && (!quantity_ms(given, ms) || !*ms || *ms > INTERVAL_MAX_MS))
		return lc_err(e, LC_EUSAGE,
			      "%s: --interval: expected a time such as %s, greater than 0, "
			      "found \"%s\"",
			      command, example, given);
	return 0;
}

/* Bytes of @line that take @columns cells at most; a character of UTF-8 counts as one. */
static size_t cut(const char *line, size_t len, int columns)
{
	size_t i = 0;

	for (int used = 0; i < len; i++) {
		bool begins = ((unsigned char)line[i] & 0xc0) != 0x80;

		if (begins && used++ == columns)
			break;
	}
	return i;
}

static void add_line(struct buf *to, const char *line, size_t len, int columns)
{
	size_t fits = cut(line, len, columns);

	for (size_t i = 0; i < fits; i++) {
		bool control = (unsigned char)line[i] < ' ' || line[i] == 0x7f;

		buf_addn(to, control ? "?" : line + i, 1);
	}
}

static int count_lines(const char *text)
{
	int n = 0;

	for (; *text; text += *text == '\n') {
		text += strcspn(text, "\n");
		n++;
	}
	return n;
}

void live_frame(struct buf *to, const char *text, int rows, int columns, bool bold)
{
	int n = count_lines(text), shown = n <= rows ? n : rows - 1;
	char more[64];

	buf_add(to, "\033[H");
	for (int i = 0; i < shown; i++) {
		size_t len = strcspn(text, "\n");

		buf_add(to, i ? "\r\n" : bold ? "\033[1m" : "");
		add_line(to, text, len, columns);
		buf_add(to, !i && bold ? "\033[0m" : "");
		/* Not behind a full line: it would take its last character. */
		buf_add(to, cut(text, len, columns - 1) == len ? "\033[K" : "");
		text += len + (text[len] == '\n');
	}
	if (shown < n) {
		snprintf(more, sizeof(more), "(%d more)", n - shown);
		buf_add(to, shown ? "\r\n" : "");
		add_line(to, more, strlen(more), columns);
		buf_add(to, (int)strlen(more) < columns ? "\033[K" : "");
	} else if (n < rows) {
		buf_add(to, n ? "\r\n\033[J" : "\033[J");
	}
}

static int cells(const char *variable, int asked, int otherwise)
{
	const char *said = getenv(variable);
	uint32_t v;

	if (said && str_u32(said, &v) && v && v <= SIZE_MAX_CELLS)
		return (int)v;
	return asked > 0 ? asked : otherwise;
}

static void screen_size(int *rows, int *columns)
{
	struct winsize size = { 0 };

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	*rows = cells("LINES", size.ws_row, 24);
	*columns = cells("COLUMNS", size.ws_col, 80);
}

/* Whether stdout is a terminal that can be drawn on. */
static bool can_draw(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

static bool wants_colour(void)
{
	const char *no = getenv("NO_COLOR");

	return !no || !*no;
}

static void screen_enter(struct screen *s)
{
	struct termios t;

	s->keys = isatty(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) == getpgrp() &&
		  tcgetattr(STDIN_FILENO, &s->found) == 0;
	if (s->keys) {
		t = s->found;
		t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		t.c_cc[VMIN] = 1;
		t.c_cc[VTIME] = 0;
		tcsetattr(STDIN_FILENO, TCSADRAIN, &t);
	}
	fputs(ENTER, stdout);
	fflush(stdout);
}

static void screen_leave(struct screen *s)
{
	fputs(LEAVE, stdout);
	fflush(stdout);
	if (s->keys)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &s->found);
}

static int screen_open(struct screen *s, struct lc_error *e)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(caught); i++)
		sigaddset(&set, caught[i]);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signals < 0)
		return lc_err_errno(e, "signalfd");
	sigprocmask(SIG_BLOCK, &set, &s->mask_found);
	screen_enter(s);
	return 0;
}

/* @signal: one that had to wait until the terminal is as it was, or 0. */
static void screen_close(struct screen *s, const char *last, int signal)
{
	screen_leave(s);
	fputs(last, stdout);
	fflush(stdout);
	fd_release(&s->signals);
	if (signal)
		raise(signal);
	sigprocmask(SIG_SETMASK, &s->mask_found, NULL);
}

/* Draws into *@text, owned by the caller; in the end it is the last that was shown. */
static int draw(const struct live_view *v, int columns, char **text, struct lc_error *e)
{
	auto_free char *drawn = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&drawn, &len);
	int r;

	if (!out)
		return lc_err_errno(e, "open_memstream");
	r = v->draw(v->ctx, out, columns, e);
	if (fclose(out) && r == LIVE_MORE)
		r = lc_err_errno(e, "open_memstream");
	if (r != LIVE_MORE)
		return r;
	free(*text);
	*text = drawn;
	drawn = NULL;
	return r;
}

static int draw_screen(const struct live_view *v, char **text, struct lc_error *e)
{
	auto_arena arena = { 0 };
	struct buf frame = { .arena = &arena };
	int rows, columns, r;

	screen_size(&rows, &columns);
	r = draw(v, columns, text, e);
	if (r == LIVE_MORE) {
		live_frame(&frame, *text, rows, columns, wants_colour());
		fputs(frame.str, stdout);
		if (stdout_flush() < 0)
			return LIVE_END;
	}
	return r;
}

/* LIVE_END: the user has seen enough, or is gone. */
static int read_keys(void)
{
	char keys[64];
	ssize_t n = read(STDIN_FILENO, keys, sizeof(keys));

	if (n <= 0)
		return n < 0 && errno == EINTR ? LIVE_MORE : LIVE_END;
	return memchr(keys, 'q', (size_t)n) || memchr(keys, 'Q', (size_t)n) ? LIVE_END : LIVE_MORE;
}

/* *@signal: one that ends hull as soon as the terminal is as it was. */
static int read_signals(struct screen *s, int *signal)
{
	struct signalfd_siginfo info;

	while (read(s->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGTSTP) {
			screen_leave(s);
			raise(SIGSTOP);
			screen_enter(s);
		} else if (info.ssi_signo != SIGWINCH) {
			*signal = info.ssi_signo == SIGINT ? 0 : (int)info.ssi_signo;
			return LIVE_END;
		}
	}
	return LIVE_MORE;
}

/* Waits for the next time to draw: the interval is over, a key was hit, the size has changed. */
static int wait_next(struct screen *s, uint64_t ms, int *signal)
{
	struct pollfd p[] = { { .fd = s->signals, .events = POLLIN },
			      { .fd = s->keys ? STDIN_FILENO : -1, .events = POLLIN },
			      { .fd = STDOUT_FILENO } }; /* hung up: nobody sees it */

	if (poll(p, ARRAY_SIZE(p), (int)ms) <= 0)
		return LIVE_MORE;
	if (p[0].revents && read_signals(s, signal) == LIVE_END)
		return LIVE_END;
	if (p[1].revents && read_keys() == LIVE_END)
		return LIVE_END;
	return p[2].revents ? LIVE_END : LIVE_MORE;
}

static int show_on_screen(const struct live_view *v, struct lc_error *e)
{
	auto_free char *text = NULL;
	struct screen s;
	int r, signal = 0;

	if (screen_open(&s, e) < 0)
		return -1;
	do {
		r = draw_screen(v, &text, e);
	} while (r == LIVE_MORE && (r = wait_next(&s, v->interval_ms, &signal)) == LIVE_MORE);
	screen_close(&s, text && r == LIVE_END ? text : "", signal);
	return r < 0 ? -1 : 0;
}

static int show_below(const struct live_view *v, struct lc_error *e)
{
	for (;;) {
		auto_free char *text = NULL;
		int r = draw(v, 0, &text, e);

		if (r != LIVE_MORE)
			return r < 0 ? -1 : 0;
		fputs(text, stdout);
		if (stdout_flush() < 0)
			return 0;
		poll(NULL, 0, (int)v->interval_ms);
	}
}

int live_show(const struct live_view *view, struct lc_error *e)
{
	return !view->plain && can_draw() ? show_on_screen(view, e) : show_below(view, e);
}

int live_once(const struct live_view *view, struct lc_error *e)
{
	auto_free char *text = NULL;
	int rows, columns = 0;

	if (!view->plain && isatty(STDOUT_FILENO))
		screen_size(&rows, &columns);
	if (draw(view, columns, &text, e) < 0)
		return -1;
	fputs(text ? text : "", stdout);
	return 0;
}
