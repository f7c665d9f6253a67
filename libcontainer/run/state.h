/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is kept of a container between two commands: state.json in <root>/<id>/, read and written by
 * the tables of state.c.  It is replaced as a whole, so a crash leaves the old or the new; members
 * that this version does not know are ignored, and a file of a later version is refused.
 *
 * Beside it lie config.json as it was read by `create` (later changes to the bundle's have no
 * effect) and, until `start`, the two fifos.
 */
#ifndef LC_STATE_H
#define LC_STATE_H

#include "base/arena.h"
#include "cgroups/cgroup.h"
#include "json/decode.h"
#include "run/process.h"
#include "run/resctrl.h"

#define STATE_VERSION 1
#define STATE_FILE    "state.json"
#define CONFIG_FILE   "config.json"
#define START_FIFO    "start.fifo"
#define STATUS_FIFO   "status.fifo"

/* How far `create` came. */
enum phase {
	PHASE_CREATING, /* a process may already exist, and a cgroup */
	PHASE_CREATED, /* all is set up; what it is doing now is asked from the kernel */
};

struct state {
	uint32_t version;
	char *id, *oci_version;
	enum phase phase;
	bool vm; /* carried out in a microVM */
	char *bundle, *rootfs, *created; /* created: RFC 3339, UTC */
	uint32_t owner; /* uid of who created it */
	char *boot_id; /* pids of another boot mean nothing */
	struct process_id creator; /* `create` or `run` while it works */
	struct process_id init; /* pid 0: not made yet */
	struct cgroup_ref cgroup;
	struct rdt_ref *rdt; /* NULL: no class of service of its own choice */
	struct pairs annotations;
	bool own_pid_namespace; /* its processes die with init */
	bool own_mount_namespace;
	struct strs mounts_before; /* without one: ids of mounts below the root that were there */
	bool rootless;
	bool no_pivot, no_new_keyring; /* as `create` was told */
	bool init_shares; /* init may have the creator's memory until it executes its program */
	bool poststart, poststop; /* there are such hooks: see config.json */
};

/* @dir: the container's directory. */
int state_read(int dir, struct arena *a, struct state *out, struct lc_error *e) lc_checked;
int state_write(int dir, struct arena *a, const struct state *state, struct lc_error *e) lc_checked;

/* The same in two parts: all but the last step, and that. */
int state_prepare(int dir, struct arena *a, const struct state *state,
		  struct lc_error *e) lc_checked;
int state_take_prepared(int dir, struct lc_error *e) lc_checked;

/* The text of it, and back, for tests and for state_write(). */
char *state_encode(struct arena *a, const struct state *state, size_t *len);
int state_decode(struct arena *a, const char *text, size_t len, struct state *out,
		 struct lc_error *e) lc_checked;

/* /proc/sys/kernel/random/boot_id, "" when it cannot be read. */
char *state_boot_id(struct arena *a);

/* Now, as "2026-11-23T08:00:00.123456789Z". */
char *state_now(struct arena *a);

#endif
