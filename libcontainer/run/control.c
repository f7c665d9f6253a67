/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is done to a container from outside: signals, pause and resume, its processes, its end. */
#include "base/own.h"
#include "microvm/ask.h"
#include "run/exit.h"
#include "sys/sys.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Signals all of its cgroup; without one, init is all that is known of it. */
static int signal_all(struct container *c, int sig, struct lc_error *e)
{
	auto_fd cgroup = container_cgroup(c);
	auto_fd init = -1;

	if (cgroup >= 0)
		return cgroup_kill(cgroup, sig, c->lc->given_ms, e);
	init = process_open(&c->state.init);
	if (init >= 0 && sys_pidfd_send_signal(init, sig) < 0 && errno != ESRCH)
		return lc_err_errno(e, "signal %d to process %d", sig, c->state.init.pid);
	return 0;
}

/* Something else than init is left: without a pid namespace of its own it does not die with it. */
static bool has_leftovers(struct container *c)
{
	auto_fd cgroup = container_cgroup(c);
	struct lc_error ignored;
	bool populated = false;

	return cgroup >= 0 && cgroup_is_populated(cgroup, &populated, &ignored) == 0 && populated;
}

int lc_kill(struct lc *lc, const char *id, int sig, bool all, struct lc_error *e)
{
	auto_container c = CONTAINER_NONE;
	auto_fd init = -1;

	if (sig < 0 || sig > SIGRTMAX)
		return lc_err(e, LC_EUSAGE, "signal %d: there is no such signal", sig);
	if (container_open(lc, id, false, &c, e) < 0)
		return -1;
	if (all && c.state.vm && sig != SIGKILL && container_status(&c) != STATUS_STOPPED)
		return vm_signal_all(container_machine(&c), sig, e);
	if (all)
		return signal_all(&c, sig, e);
	if (sig == SIGKILL && !c.state.own_pid_namespace && has_leftovers(&c))
		return signal_all(&c, sig, e);
	init = container_status(&c) == STATUS_STOPPED ? -1 : process_open(&c.state.init);
	if (init < 0 || (sys_pidfd_send_signal(init, sig) < 0 && errno == ESRCH))
		return container_not_running(e);
	return 0;
}

/* The monitor stops the processors, and then stands still itself. */
static int freeze_machine(const struct container *c, int cgroup, bool frozen, struct lc_error *e)
{
	if (frozen)
		return vm_pause(container_machine(c), true, e) < 0
			       ? -1
			       : cgroup_ask_freeze(cgroup, true, e);
	return cgroup_ask_freeze(cgroup, false, e) < 0 ? -1
						       : vm_pause(container_machine(c), false, e);
}

static int set_frozen(struct lc *lc, const char *id, bool frozen, struct lc_error *e)
{
	auto_container c = CONTAINER_NONE;
	auto_fd cgroup = -1;
	enum status status;

	if (container_open(lc, id, false, &c, e) < 0)
		return -1;
	status = container_status(&c);
	if (status == STATUS_STOPPED)
		return container_not_running(e);
	if (frozen ? status != STATUS_RUNNING && status != STATUS_CREATED : status != STATUS_PAUSED)
		return lc_err(e, LC_ESTATE, "cannot %s container \"%s\" in the %s state",
			      frozen ? "pause" : "resume", id, status_name(status));
	if (!c.state.cgroup.path)
		return lc_err(e, LC_ESTATE, "cannot %s container \"%s\": it has no cgroup",
			      frozen ? "pause" : "resume", id);
	cgroup = cgroup_open(&c.state.cgroup, e);
	if (cgroup >= 0 && c.state.vm)
		return freeze_machine(&c, cgroup, frozen, e);
	return cgroup < 0 ? -1 : cgroup_freeze(cgroup, frozen, lc->given_ms, e);
}

int lc_pause(struct lc *lc, const char *id, struct lc_error *e)
{
	return set_frozen(lc, id, true, e);
}

int lc_resume(struct lc *lc, const char *id, struct lc_error *e)
{
	return set_frozen(lc, id, false, e);
}

static int pids_of(struct container *c, struct pids *out, struct lc_error *e)
{
	auto_fd cgroup = container_cgroup(c);

	if (c->state.vm && process_alive(&c->state.init))
		return vm_pids(container_machine(c), &c->arena, &out->v, &out->n, e);
	if (cgroup >= 0)
		return cgroup_pids(cgroup, &c->arena, out, e);
	if (!process_alive(&c->state.init))
		return 0;
	if (!c->state.cgroup.path && c->state.own_pid_namespace)
		return lc_err(e, LC_ESTATE,
			      "container \"%s\" has no cgroup that would tell its processes",
			      c->id);
	out->v = arena_alloc(&c->arena, sizeof(pid_t));
	out->v[0] = c->state.init.pid;
	out->n = 1;
	return 0;
}

int lc_pids(struct lc *lc, const char *id, pid_t **pids, size_t *n, struct lc_error *e)
{
	auto_container c = CONTAINER_NONE;
	struct pids found = { 0 };

	*pids = NULL;
	*n = 0;
	if (container_open(lc, id, false, &c, e) < 0 || pids_of(&c, &found, e) < 0)
		return -1;
	if (!found.n)
		return 0;
	*pids = calloc(found.n, sizeof(pid_t));
	if (!*pids)
		return lc_err(e, LC_EINTERNAL, "out of memory");
	memcpy(*pids, found.v, found.n * sizeof(pid_t));
	*n = found.n;
	return 0;
}

/* What is known of its end, before its cgroup goes. */
static int report_end(struct container *c, const char *to, struct lc_error *e)
{
	auto_fd fd = -1;
	char *text;

	if (!to)
		return 0;
	fd = exit_report_open(to, 0, e);
	if (fd < 0 || container_kill_all(c, e) < 0)
		return -1;
	text = exit_saved_or_known(c, e);
	return text ? exit_report_write(fd, text, e) : -1;
}

int lc_delete_with(struct lc *lc, const char *id, const struct lc_delete *given, struct lc_error *e)
{
	struct lc_delete how = { 0 };
	auto_container c = CONTAINER_NONE;
	enum status status;

	memcpy(&how, given, given->size < sizeof(how) ? given->size : sizeof(how));
	/* By force it goes on without the lock: what cannot end in time is killed. */
	if (container_open(lc, id, how.force, &c, e) < 0 || container_lock(&c, how.force, e) < 0)
		return how.force && e->code == LC_ENOTFOUND ? 0 : -1;
	status = container_status(&c);
	if (status != STATUS_STOPPED && !how.force)
		return lc_err(e, LC_ESTATE,
			      "cannot delete container \"%s\" that is not stopped: it is %s", id,
			      status_name(status));
	if (!c.bare && report_end(&c, how.exit_report, e) < 0)
		return -1;
	return container_remove(&c, e);
}

int lc_delete(struct lc *lc, const char *id, bool force, struct lc_error *e)
{
	struct lc_delete how = { .size = sizeof(how), .force = force };

	return lc_delete_with(lc, id, &how, e);
}
