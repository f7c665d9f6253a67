/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lc_start() and lc_run(): let the program go, and hear whether it really runs.
 *
 * `start` writes one byte to the start fifo, which init reads, and then reads the status fifo until
 * init's execve closes it.  The first of two racing starts wins: the second finds init, which
 * closed the start fifo, no longer there.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/own.h"
#include "init/sync.h"
#include "run/create.h"
#include "run/exit.h"
#include "run/foreground.h"
#include "run/lock.h"
#include "run/notify-socket.h"

#include <fcntl.h>
#include <string.h>

#define EXEC_WAIT_MS 2000 /* unless --timeout is less */

static int refuse(struct container *c, enum status status, struct lc_error *e)
{
	if (status == STATUS_STOPPED)
		return lc_err(e, LC_ESTATE,
			      "cannot start container \"%s\": it has stopped: container not "
			      "running: no such process",
			      c->id);
	return lc_err(e, LC_ESTATE, "cannot start container \"%s\" in the %s state", c->id,
		      status_name(status));
}

/* The program may speak as soon as it runs: the socket is there before. */
static int open_notify(struct container *c, int *notify, struct lc_error *e)
{
	*notify = notify_socket_open(container_path(c), e);
	return *notify < 0 && e->code != LC_OK ? -1 : 0;
}

/* Under the lock, so that one of two starts sees the other's. */
static int send_go(struct container *c, int *status_fifo, int *notify, struct lc_error *e)
{
	enum status status = container_status(c);
	auto_fd fifo = -1;

	if (status != STATUS_CREATED)
		return refuse(c, status, e);
	*status_fifo = openat(c->dir, STATUS_FIFO, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (*status_fifo < 0)
		return lc_err_errno(e, "open %s/" STATUS_FIFO, container_path(c));
	fifo = openat(c->dir, START_FIFO, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fifo < 0 && (errno == ENXIO || errno == ENOENT)) /* init is past it */
		return refuse(c, process_alive(&c->state.init) ? STATUS_RUNNING : STATUS_STOPPED,
			      e);
	if (fifo < 0)
		return lc_err_errno(e, "open %s/" START_FIFO, container_path(c));
	if (open_notify(c, notify, e) < 0)
		return -1;
	if (write(fifo, "x", 1) != 1)
		return lc_err_errno(e, "write to %s/" START_FIFO, container_path(c));
	unlinkat(c->dir, START_FIFO, 0);
	fcntl(*status_fifo, F_SETFL, O_RDONLY);
	return 0;
}

/* A hook that fails at start ends the container (OCI runtime-spec, lifecycle). */
static int end_after_failure(struct container *c, struct lc_error *e)
{
	struct lc_error other = { 0 };

	if (container_remove(c, &other) < 0)
		log_warn(c->lc->log, "clean up after the failure: %s", other.msg);
	(void)e;
	return -1;
}

static bool is_hook_failure(const struct lc_error *e)
{
	static const char begin[] = "error running startContainer hook";

	return !strncmp(e->msg, begin, sizeof(begin) - 1);
}

int lc_start(struct lc *lc, const char *id, struct lc_error *e)
{
	auto_container c = CONTAINER_NONE;
	auto_fd pidfd = -1, status = -1, notify = -1;
	int r;

	if (container_open(lc, id, false, &c, e) < 0)
		return -1;
	if (!container_sandbox(c.state.vm, e) || container_lock(&c, false, e) < 0)
		return -1;
	pidfd = process_open(&c.state.init);
	r = send_go(&c, &status, &notify, e);
	lock_drop(c.dir);
	if (r < 0)
		return -1;
	if (sync_expect_exec_in(status, pidfd, lc->timeout_ms, lc->log, e) < 0) {
		/* init is on its way out: who asks next shall find the container stopped. */
		process_wait_gone(pidfd, (int)(lc->timeout_ms < EXEC_WAIT_MS ? lc->timeout_ms
									     : EXEC_WAIT_MS));
		return is_hook_failure(e) ? end_after_failure(&c, e) : -1;
	}
	unlinkat(c.dir, STATUS_FIFO, 0);
	if (container_poststart(&c, e) < 0)
		return end_after_failure(&c, e);
	if (notify >= 0)
		notify_socket_relay(notify, c.state.init.pid, pidfd, false, lc->log);
	return 0;
}

/* ---- run ---- */

int creation_start(struct creation *m, struct lc_error *e)
{
	const struct sandbox_ops *ops = container_sandbox(m->c.state.vm, e);
	auto_fd notify = -1;

	if (!ops || open_notify(&m->c, &notify, e) < 0 || ops->start(&m->ref, e) < 0 ||
	    container_poststart(&m->c, e) < 0) {
		creation_undo(m);
		return -1;
	}
	if (notify >= 0)
		notify_socket_relay(notify, m->ref.pid, m->ref.pidfd, creation_in_foreground(m),
				    m->lc->log);
	return 0;
}

static int finish(struct creation *m, struct lc_error *e)
{
	fd_release(&m->cgroup);
	if (m->how.keep)
		return 0;
	m->c.state.init = (struct process_id){ 0 }; /* waited for: nobody need look for it */
	if (m->how.pid_file)
		unlink(m->how.pid_file);
	return container_remove(&m->c, e);
}

/* Before the cgroup goes; only if somebody will look at it. */
static int report_end(struct creation *m, const struct foreground *f, struct lc_error *e)
{
	struct exit_facts facts = {
		.end = &f->end,
		.plan = &m->loaded.plan,
		.began_usec = m->began_usec,
		.limit_ms = f->limit_ms,
		.limit_reached = f->limit_reached,
	};
	bool keep = m->how.keep;
	struct lc_exit x;
	char *text;
	int r = 0;

	if (!keep && m->report < 0 && !m->how.exit)
		return 0;
	exit_collect(m->c.state.cgroup.made ? m->cgroup : -1, &facts, &x);
	if (m->how.exit)
		memcpy(m->how.exit, &x, exit_size(m->how.exit));
	text = exit_text(&m->c, &facts, &x);
	if (keep)
		r = file_replace_at(m->c.dir, EXIT_FILE, text, strlen(text), 0600, e);
	if (m->report >= 0 && exit_report_write(m->report, text, e) < 0)
		r = -1;
	fd_release(&m->report);
	return r;
}

int creation_failed(struct creation *m, const struct lc_error *e)
{
	struct exit_facts facts = { .error = e->msg };
	struct lc_error other;
	struct lc_exit x;

	if (m->report < 0)
		return -1;
	exit_collect(-1, &facts, &x);
	if (exit_report_write(m->report, exit_text(&m->c, &facts, &x), &other) < 0)
		log_warn(m->lc->log, "%s", other.msg);
	fd_release(&m->report);
	return -1;
}

int creation_wait(struct creation *m, struct foreground *f, int *status, struct lc_error *e)
{
	struct lc_error other = { 0 };
	int r;

	if (m->console.socket >= 0 && console_receive(&m->console, e) < 0) {
		creation_undo(m);
		return -1;
	}
	f->limit_ms = m->how.time_limit_ms;
	r = foreground_wait(f, &m->console, m->ref.pidfd, status, e);
	/* Without a pid namespace of its own only init has gone. */
	if (f->limit_reached && container_kill_all(&m->c, &other) < 0)
		log_warn(m->lc->log, "the time limit: %s", other.msg);
	if (r == 0)
		r = report_end(m, f, e);
	console_release(&m->console);
	if (finish(m, r < 0 ? &other : e) < 0)
		return -1;
	return r;
}

static int run_in_foreground(struct creation *m, struct foreground *f, int *status,
			     struct lc_error *e)
{
	if (m->console.socket >= 0 && console_receive(&m->console, e) < 0) {
		creation_undo(m);
		return -1;
	}
	if (creation_start(m, e) < 0)
		return -1;
	m->began_usec = clock_usec();
	return creation_wait(m, f, status, e);
}

int lc_run(struct lc *lc, const char *id, const struct lc_create *how, int *status,
	   struct lc_error *e)
{
	auto_creation m = { 0 };
	auto_foreground f = FOREGROUND_NONE;

	*status = 0;
	if (load_create_options(how).detach) {
		if (creation_make(&m, lc, id, how, true, e) < 0)
			return -1;
		return creation_start(&m, e);
	}
	if (foreground_begin(&f, e) < 0)
		return -1;
	if (creation_make(&m, lc, id, how, true, e) < 0 || run_in_foreground(&m, &f, status, e) < 0)
		return creation_failed(&m, e);
	return 0;
}
