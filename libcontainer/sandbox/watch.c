/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Watching over a program that runs. */
#include "sandbox/watch.h"
#include "base/clock.h"
#include "base/own.h"
#include "base/str.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/stat.h>
#include <unistd.h>

#define SAMPLE_MS 50 /* how often what has no event is looked at */

/* ---- making ---- */

static int open_outer(struct watch *w, struct lc_error *e)
{
	const struct lc_sandbox *how = w->job->how;
	const char *const paths[] = { how->in, how->out, how->err };

	for (int i = 0; i < 3; i++) {
		w->outer[i] = i;
		if (!paths[i])
			continue;
		w->outer[i] = openat(AT_FDCWD, paths[i],
				     i ? O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC
				       : O_RDONLY | O_NOCTTY | O_CLOEXEC,
				     0666);
		if (w->outer[i] < 0)
			return lc_err_errno(e, "%s", paths[i]);
	}
	return 0;
}

/* Ours is @i's, the program's goes to @end. */
static int make_pipe(struct watch *w, int i, int *end, struct lc_error *e)
{
	int pair[2];

	if (pipe2(pair, O_CLOEXEC) < 0)
		return lc_err_errno(e, "pipe");
	w->pipes[i] = pair[i ? 0 : 1];
	*end = pair[i ? 1 : 0];
	return 0;
}

/* A pipe leads nowhere: it may be the program's own.  Through us, input is read ahead of the
 * program. */
static bool is_pipe(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

static int make_streams(struct watch *w, int ends[4], struct lc_error *e)
{
	if (is_pipe(w->outer[0])) {
		ends[0] = fcntl(w->outer[0], F_DUPFD_CLOEXEC, 3);
		if (ends[0] < 0)
			return lc_err_errno(e, "stdin");
	} else if (make_pipe(w, 0, &ends[0], e) < 0) {
		return -1;
	}
	if (make_pipe(w, 1, &ends[1], e) < 0)
		return -1;
	/* Two names of one file: by one pipe what is written stays in order. */
	if (fd_is_same(w->outer[1], w->outer[2])) {
		ends[2] = fcntl(ends[1], F_DUPFD_CLOEXEC, 3);
		if (ends[2] < 0)
			return lc_err_errno(e, "stderr");
	} else if (make_pipe(w, 2, &ends[2], e) < 0) {
		return -1;
	}
	w->streams[0].from = w->pipes[0] >= 0 ? w->outer[0] : -1;
	w->streams[0].to = w->pipes[0];
	for (int i = 1; i < 3; i++) {
		w->streams[i].from = w->pipes[i];
		w->streams[i].to = w->pipes[i] >= 0 ? w->outer[i] : -1;
	}
	return 0;
}

int watch_open(struct watch *w, struct job *job, int ends[4], struct lc_error *e)
{
	int pair[2];

	*w = (struct watch){
		.job = job,
		.pipes = { -1, -1, -1 },
		.outer = { -1, -1, -1 },
		.told = -1,
		.reached = LIMITS,
	};
	for (int i = 0; i < 3; i++)
		w->streams[i].from = w->streams[i].to = -1;
	for (int i = 0; i < 4; i++)
		ends[i] = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return lc_err_errno(e, "socketpair");
	w->told = pair[0];
	ends[3] = pair[1];
	if (job->terminal)
		return 0;
	return open_outer(w, e) < 0 ? -1 : make_streams(w, ends, e);
}

void watch_close(struct watch *w)
{
	for (int i = 0; i < 3; i++) {
		fd_release(&w->pipes[i]);
		if (w->outer[i] > 2)
			fd_release(&w->outer[i]);
	}
	fd_release(&w->told);
}

/* ---- streams ---- */

static void end_stream(struct watch *w, int i)
{
	struct stream *s = &w->streams[i];

	if (s->from < 0)
		return;
	s->from = s->to = -1;
	fd_release(&w->pipes[i]); /* the program hears of it */
}

static void stream_poll(const struct stream *s, struct pollfd p[2])
{
	p[0] = (struct pollfd){ .fd = s->len ? -1 : s->from, .events = POLLIN };
	p[1] = (struct pollfd){ .fd = s->len ? s->to : -1, .events = POLLOUT };
}

/* How much more the program may write. */
static uint64_t allowance(const struct watch *w)
{
	const struct limit *l = &w->job->limits[LIMIT_OUTPUT];
	uint64_t written = w->streams[1].bytes + w->streams[2].bytes;

	if (!l->asked)
		return UINT64_MAX;
	return written < l->value ? l->value - written : 0;
}

static void read_stream(struct watch *w, int i)
{
	struct stream *s = &w->streams[i];
	ssize_t n = read(s->from, s->data, sizeof(s->data));
	uint64_t left = i ? allowance(w) : UINT64_MAX;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		end_stream(w, i);
		return;
	}
	s->len = (size_t)n;
	if (s->len > left) {
		s->len = (size_t)left;
		w->truncated = true;
		if (w->reached == LIMITS)
			w->reached = LIMIT_OUTPUT;
	}
	s->bytes += s->len;
}

/* At most PIPE_BUF, which poll(2) promises to fit. */
static void write_stream(struct watch *w, int i)
{
	struct stream *s = &w->streams[i];
	ssize_t n = write(s->to, s->data, s->len < PIPE_BUF ? s->len : PIPE_BUF);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < 0) {
		s->len = 0;
		end_stream(w, i);
		return;
	}
	s->len -= (size_t)n;
	memmove(s->data, s->data + n, s->len);
}

static void step_streams(struct watch *w, const struct pollfd *p)
{
	for (int i = 0; i < 3; i++, p += 2) {
		if (p[0].fd >= 0 && p[0].revents && w->streams[i].from >= 0)
			read_stream(w, i);
		if (p[1].fd >= 0 && p[1].revents && w->streams[i].to >= 0)
			write_stream(w, i);
	}
}

/* ---- limits ---- */

struct cpu_use cpu_use_of(int cgroup)
{
	struct cpu_use use = { 0 };
	char text[1024], *line = text, *next;
	auto_fd fd = cgroup < 0 ? -1 : openat(cgroup, "cpu.stat", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	text[n < 0 ? 0 : n] = 0;
	while ((next = strsep(&line, "\n"))) {
		char *value = strchr(next, ' ');

		if (str_starts(next, "usage_usec "))
			str_u64(value + 1, &use.usec);
		else if (str_starts(next, "user_usec "))
			str_u64(value + 1, &use.user_usec);
		else if (str_starts(next, "system_usec "))
			str_u64(value + 1, &use.system_usec);
	}
	return use;
}

static void sample_disk(struct watch *w, int mount)
{
	struct statfs fs;
	uint64_t used;

	if (mount < 0 || fstatfs(mount, &fs) < 0)
		return;
	used = (uint64_t)(fs.f_blocks - fs.f_bfree) * (uint64_t)fs.f_bsize;
	if (used > w->disk_peak)
		w->disk_peak = used;
	w->disk_full |= fs.f_bfree == 0 || (fs.f_files && fs.f_ffree == 0);
}

static void reach(struct watch *w, enum limit_id id)
{
	if (w->reached == LIMITS)
		w->reached = id;
}

/* Looks at what has no event; how long to sleep at most. */
static int look(struct watch *w, const struct creation *m)
{
	const struct limit *l = w->job->limits;
	uint64_t now = clock_usec() - w->began_usec, used, next = INT_MAX;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (l[LIMIT_WALL].asked) {
		if (now >= l[LIMIT_WALL].value * 1000)
			reach(w, LIMIT_WALL);
		else
			next = l[LIMIT_WALL].value - now / 1000;
	}
	if (l[LIMIT_CPU_TIME].asked && m->cgroup >= 0) {
		used = cpu_use_of(m->cgroup).usec - w->before.usec;
		if (used >= l[LIMIT_CPU_TIME].value * 1000) {
			reach(w, LIMIT_CPU_TIME);
		} else {
			uint64_t left = (l[LIMIT_CPU_TIME].value * 1000 - used) /
					(1000 * (uint64_t)(cpus > 0 ? cpus : 1));

			left = left > SAMPLE_MS ? SAMPLE_MS : left ? left : 1;
			next = left < next ? left : next;
		}
	}
	if (m->ref.mount >= 0 && l[LIMIT_DISK].asked) {
		sample_disk(w, m->ref.mount);
		next = next > SAMPLE_MS ? SAMPLE_MS : next;
	}
	return next > INT_MAX ? INT_MAX : (int)next;
}

/* ---- the loop ---- */

enum { P_END, P_TOLD, P_SIGNALS, P_CONSOLE, P_STREAMS = P_CONSOLE + 3, P_ALL = P_STREAMS + 6 };

static bool is_open(const struct watch *w)
{
	return w->streams[1].from >= 0 || w->streams[2].from >= 0;
}

/* What was used is looked at once, when nothing of the program's is left, or is about to be. */
static void note_end(struct watch *w, const struct creation *m)
{
	if (w->noted)
		return;
	w->noted = true;
	w->after = cpu_use_of(m->cgroup);
	w->wall_usec = clock_usec() - w->began_usec;
}

/* The first word counts: that there is no program. False: there was none. */
static bool hear_init(struct watch *w)
{
	struct lc_error failed;
	ssize_t n = recv(w->told, &failed, sizeof(failed), MSG_DONTWAIT);

	if (n == (ssize_t)sizeof(w->report) && !w->has_report) {
		w->has_report = true;
		memcpy(&w->report, &failed, sizeof(w->report));
	} else if (w->bare && n == (ssize_t)sizeof(failed)) {
		w->failed = failed;
		w->failed.msg[sizeof(w->failed.msg) - 1] = 0;
	}
	return n > 0;
}

/* Once it is over the limit the whole of it goes. */
static void kill_all(const struct watch *w, struct creation *m)
{
	struct lc_error e = { 0 };

	if (w->bare)
		shutdown(w->told, SHUT_WR);
	else if (container_kill_all(&m->c, &e) < 0)
		log_warn(m->lc->log, "%s", e.msg);
}

struct loop {
	struct watch *w;
	struct creation *m;
	struct foreground *f;
	struct console_copy copy;
	bool has_terminal, ended, killed, told;
	struct pollfd p[P_ALL];
};

static void prepare(struct loop *l)
{
	struct watch *w = l->w;

	memset(l->p, 0, sizeof(l->p));
	for (size_t i = 0; i < P_ALL; i++)
		l->p[i].fd = -1;
	if (!l->ended)
		l->p[P_END] = (struct pollfd){ .fd = l->m->ref.pidfd, .events = POLLIN };
	if (!l->told)
		l->p[P_TOLD] = (struct pollfd){ .fd = w->told, .events = POLLIN };
	l->p[P_SIGNALS] = (struct pollfd){ .fd = l->f->signals, .events = POLLIN };
	if (l->has_terminal)
		copy_poll(&l->copy, l->p + P_CONSOLE);
	for (int i = l->ended ? 1 : 0; i < 3; i++)
		stream_poll(&w->streams[i], l->p + P_STREAMS + 2 * i);
}

static void handle(struct loop *l)
{
	struct watch *w = l->w;

	if (l->p[P_SIGNALS].revents)
		foreground_pass_signals(l->f, &l->m->console, l->m->ref.pidfd);
	if (l->has_terminal) {
		copy_step(&l->copy, l->p + P_CONSOLE);
		w->streams[1].bytes = l->copy.written;
		if (!allowance(w))
			reach(w, LIMIT_OUTPUT);
	}
	step_streams(w, l->p + P_STREAMS);
	if (!l->told && l->p[P_TOLD].revents) {
		l->told = true;
		note_end(w, l->m);
		hear_init(w);
		shutdown(w->told, SHUT_WR); /* it may end */
	}
	if (!l->ended && l->p[P_END].revents & POLLIN) {
		l->ended = true;
		note_end(w, l->m);
		while (hear_init(w))
			;
		end_stream(w, 0);
	}
}

static int loop(struct loop *l, struct lc_error *e)
{
	struct watch *w = l->w;

	while (!l->ended || is_open(w)) {
		int timeout = l->ended || l->told ? -1 : look(w, l->m), n;

		if (w->reached != LIMITS && !l->killed) {
			l->killed = true;
			note_end(w, l->m);
			kill_all(w, l->m);
		}
		if (l->has_terminal && l->copy.hung_up && timeout > SAMPLE_MS)
			timeout = SAMPLE_MS;
		prepare(l);
		n = poll(l->p, P_ALL, timeout);
		if (n < 0 && errno != EINTR)
			return lc_err_errno(e, "wait for the program: poll");
		if (n < 0)
			continue;
		if (n == 0)
			l->copy.hung_up = false; /* look again */
		handle(l);
	}
	return 0;
}

int watch_run(struct watch *w, struct creation *m, struct foreground *f, struct lc_error *e)
{
	struct loop l = { .w = w, .m = m, .f = f, .has_terminal = m->console.master >= 0 };
	int r;

	if (l.has_terminal)
		copy_begin(&l.copy, &m->console);
	r = loop(&l, e);
	if (l.has_terminal)
		copy_finish(&l.copy);
	sample_disk(w, m->ref.mount);
	return r;
}
