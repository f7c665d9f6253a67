/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signals to everything in a cgroup. */
#include "cgroups/internal.h"
#include "base/own.h"
#include "sys/sys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 64

static int compare(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

static bool has_pid(const struct pids *pids, pid_t pid)
{
	return pids->n && bsearch(&pid, pids->v, pids->n, sizeof(pid), compare);
}

/* A number may be another process's by the time it is used.  So: take pidfds, look again which
 * numbers are still in the cgroup, and signal those through the pidfds. */
static int signal_batch(int cgroup, const pid_t *pids, size_t n, int sig, struct lc_error *e)
{
	auto_arena a = {};
	struct pids still;
	int fds[BATCH], result = 0;

	for (size_t i = 0; i < n; i++)
		fds[i] = sys_pidfd_open(pids[i], 0);
	if (cgroup_pids(cgroup, &a, &still, e) < 0)
		result = -1;
	for (size_t i = 0; i < n; i++) {
		if (fds[i] < 0)
			continue;
		if (!result && has_pid(&still, pids[i]) && sys_pidfd_send_signal(fds[i], sig) < 0 &&
		    errno != ESRCH)
			result = lc_err_errno(e, "signal %d to process %d", sig, pids[i]);
		fd_release(&fds[i]);
	}
	return result;
}

static int signal_each(int cgroup, int sig, struct lc_error *e)
{
	auto_arena a = {};
	struct pids all;

	if (cgroup_pids(cgroup, &a, &all, e) < 0)
		return -1;
	for (size_t i = 0; i < all.n; i += BATCH) {
		size_t n = all.n - i < BATCH ? all.n - i : BATCH;

		if (signal_batch(cgroup, all.v + i, n, sig, e) < 0)
			return -1;
	}
	return 0;
}

static int still_there(int cgroup, unsigned ms, struct lc_error *e)
{
	return lc_err(e, LC_ESYSTEM,
		      "%s: some processes did not end within %g s of SIGKILL (--timeout): they "
		      "hang in the kernel",
		      cg_path_of(cgroup, &(struct cg_path){}), ms / 1000.0);
}

int cg_wait_empty(int dir, unsigned ms, struct lc_error *e)
{
	ms = cg_deadline(ms);
	if (!cg_wait_event(dir, "populated", 0, (int)ms))
		return 0;
	if (errno == ETIME)
		return still_there(dir, ms, e);
	return lc_err_errno(e, "wait for %s/cgroup.events", cg_path_of(dir, &(struct cg_path){}));
}

static int kill_until_empty(int cgroup, unsigned ms, struct lc_error *e)
{
	int64_t end = cg_now_ms() + ms;

	do {
		if (signal_each(cgroup, SIGKILL, e) < 0)
			return -1;
		if (!cg_wait_event(cgroup, "populated", 0, 50))
			return 0;
	} while (errno == ETIME && cg_now_ms() < end);
	if (errno == ETIME)
		return still_there(cgroup, ms, e);
	return lc_err_errno(e, "kill all processes in %s", cg_path_of(cgroup, &(struct cg_path){}));
}

int cg_kill_each(int cgroup, unsigned ms, struct lc_error *e)
{
	int result;

	/* Else a process could fork between the list and the signal, time and again. */
	(void)cg_write(cgroup, "cgroup.freeze", "1");
	result = kill_until_empty(cgroup, cg_deadline(ms), e);
	(void)cg_write(cgroup, "cgroup.freeze", "0");
	return result;
}

int cgroup_kill(int cgroup, int sig, unsigned ms, struct lc_error *e)
{
	if (sig != SIGKILL)
		return signal_each(cgroup, sig, e);
	if (!cg_write(cgroup, "cgroup.kill", "1"))
		return 0;
	if (errno == EOPNOTSUPP) /* a threaded cgroup */
		return cg_kill_each(cgroup, ms, e);
	return lc_err_errno(e, "write \"1\" to %s/cgroup.kill",
			    cg_path_of(cgroup, &(struct cg_path){}));
}
