/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The container's cgroup (v2 only).  One interface, a driver each for the plain file system and
 * systemd; `disabled` has none.  A cgroup is named by a struct cgroup_ref that is kept in the
 * state.
 */
#ifndef LC_CGROUP_H
#define LC_CGROUP_H

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "plan/plan.h"
#include <signal.h>
#include <sys/types.h>

struct cgroup_ref {
	enum cgroup_driver driver;
	char *mount; /* "/sys/fs/cgroup" or the unified mount of a hybrid host */
	char *path; /* below the mount, begins with '/'; NULL: no cgroup */
	char *place; /* where its processes are, below path: "a/b"; NULL: in itself */
	char *scope; /* systemd unit, NULL with CGROUP_FS */
	bool user; /* the unit is one of the user's own systemd */
	bool made; /* we created it, so we remove it */
	unsigned timeout_ms; /* of this command, for systemd and for killing; 0: their own */
};

struct cgroup_ops {
	const char *name;
	/* Makes the cgroup and its parents, enables controllers, writes limits, attaches the device
	 * program; *fd is the O_DIRECTORY descriptor (owned by the caller) of where its processes
	 * go, for CLONE_INTO_CGROUP.
	 * Refuses one that is not empty or is frozen.  On failure nothing is left behind.
	 * @pid: 0, or (systemd) a blocked process to make the scope with. out->timeout_ms is the
	 * caller's. */
	int (*create)(const struct plan_cgroup *plan, const struct plan_host *host, pid_t pid,
		      struct arena *a, struct cgroup_ref *out, int *fd, const struct lc_log *log,
		      struct lc_error *e);
	/* Applies new limits to a living one. */
	int (*update)(const struct cgroup_ref *ref, const struct plan_cgroup *plan,
		      const struct lc_log *log, struct lc_error *e);
	/* Moves a process into it where the caller itself may not; NULL: there is no such way. */
	int (*attach)(const struct cgroup_ref *ref, pid_t pid, struct lc_error *e);
	/* Kills what is left in it, removes it and everything below; absent is fine. */
	int (*destroy)(const struct cgroup_ref *ref, const struct lc_log *log, struct lc_error *e);
};

const struct cgroup_ops *cgroup_ops_of(enum cgroup_driver driver);
extern const struct cgroup_ops cgroup_fs_ops; /* CGROUP_FS's */

/* Is the program there through which CGROUP_SYSTEMD works? A build without libsystemd has none. */
bool cgroup_systemd_is_there(void);

int cgroup_open(const struct cgroup_ref *ref,
		struct lc_error *e) lc_checked; /* owned O_DIRECTORY fd */

/* The same of where its processes are: what it sees as its own. */
int cgroup_open_place(const struct cgroup_ref *ref, struct lc_error *e) lc_checked;

/* That, as an absolute path on the host; NULL without a cgroup. */
char *cgroup_place_path(struct arena *a, const struct cgroup_ref *ref);

/* SIGKILL to every process in it and below: cgroup.kill, or, where that cannot be, one by one until
 * all are gone, for @ms at most (0: ten seconds). @sig other than SIGKILL: one by one. */
int cgroup_kill(int cgroup, int sig, unsigned ms, struct lc_error *e) lc_checked;

/* cgroup.freeze, and waits until cgroup.events says so, for @ms at most (0: ten seconds). */
int cgroup_freeze(int cgroup, bool frozen, unsigned ms, struct lc_error *e) lc_checked;
/* The same without waiting, and whether that was asked for: with a thread of the kernel's in it, as
 * KVM has one for each machine (before Linux 6.14), a cgroup never says that it is frozen. */
int cgroup_ask_freeze(int cgroup, bool frozen, struct lc_error *e) lc_checked;
int cgroup_is_asked_to_freeze(int cgroup, bool *frozen, struct lc_error *e) lc_checked;
int cgroup_is_frozen(int cgroup, bool *frozen, struct lc_error *e) lc_checked;
int cgroup_is_populated(int cgroup, bool *populated, struct lc_error *e) lc_checked;

/* All processes in it and below, sorted. */
struct pids {
	pid_t *v;
	size_t n;
};
int cgroup_pids(int cgroup, struct arena *a, struct pids *out, struct lc_error *e) lc_checked;

/* Moves @pid into the cgroup (or the sub-cgroup @sub, NULL: itself; ".." refused). */
int cgroup_attach(int cgroup, const char *sub, pid_t pid, struct lc_error *e) lc_checked;

/* Delegates to @uid:@gid: the directory and the files of /sys/kernel/cgroup/delegate. */
int cgroup_chown(int cgroup, uid_t uid, gid_t gid, struct lc_error *e) lc_checked;

/* Called for what is left out because cgroup v2 has nothing like it (swappiness, net_cls...). */
typedef void cgroup_note_fn(void *ctx, bool warning, const char *member, const char *text);

/* Translation of everything but the devices, pure; used by the planner: fills @out->controllers,
 * files and check_memory_before_update. resources may be NULL. */
int cgroup_plan_resources(struct arena *a, const struct spec_resources *resources,
			  const struct plan_host *host, struct plan_cgroup *out,
			  cgroup_note_fn *note, void *ctx, struct lc_error *e) lc_checked;

/* @rules in order; for each access bit the last rule that covers it decides, and without one it is
 * denied. Device rules (defaults already added by the planner) to a BPF_PROG_TYPE_CGROUP_DEVICE
 * program. */
int cgroup_device_program(struct arena *a, const struct plan_device_rule *rules, size_t n,
			  struct bytes *out, struct lc_error *e) lc_checked;

/* What `events` and `stats` show. A number that the kernel does not offer is CGROUP_NONE, and so is
 * a limit of "max". */
#define CGROUP_NONE UINT64_MAX

struct cgroup_psi {
	bool present;
	struct cgroup_psi_line {
		double avg10, avg60, avg300;
		uint64_t total; /* microseconds */
	} some, full;
};

struct cgroup_stat_pair {
	char *name;
	uint64_t value;
};

struct cgroup_io {
	uint32_t major, minor;
	uint64_t rbytes, wbytes, rios, wios, dbytes, dios;
};

struct cgroup_hugetlb {
	char *size; /* "2MB" */
	uint64_t current, max, failcnt;
};

struct cgroup_stats {
	struct {
		uint64_t usage_usec, user_usec, system_usec;
		uint64_t nr_periods, nr_throttled, throttled_usec, nr_bursts, burst_usec;
		struct cgroup_psi psi;
	} cpu;
	struct {
		uint64_t current, peak, low, high, max;
		uint64_t swap_current, swap_peak, swap_max;
		struct {
			uint64_t low, high, max, oom, oom_kill;
		} events;
		PLAN_LIST(struct cgroup_stat_pair) stat; /* memory.stat as it is */
		struct cgroup_psi psi;
	} memory;
	struct {
		uint64_t current, peak, max, refused; /* forks that the limit refused */
	} pids;
	bool has_io; /* else nobody counts it */
	PLAN_LIST(struct cgroup_io) io;
	struct cgroup_psi io_psi;
	PLAN_LIST(struct cgroup_hugetlb) hugetlb;
};

/* Absent controllers are no error. */
int cgroup_stats_read(int cgroup, struct arena *a, struct cgroup_stats *out,
		      struct lc_error *e) lc_checked;

/* Numbers of one of its files, of which there is only the text; it is cut up. */
void cgroup_stats_text(const char *file, char *text, struct arena *a, struct cgroup_stats *out);

/* Whose memory limit made the kernel kill: "/" the cgroup itself, "/sub" one below it, ".." none of
 * these (one above, or the host had no memory left). */
void cgroup_oom_place(int cgroup, char *place, size_t size);

/* The members of the "data" object of an `events` line. */
struct json_writer;
void cgroup_stats_write(struct json_writer *w, const struct cgroup_stats *stats);

#endif
