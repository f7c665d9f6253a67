/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making a container: what `create` and `run` share. */
#ifndef LC_CREATE_H
#define LC_CREATE_H

#include "run/console.h"
#include "run/container.h"
#include "microvm/translate.h"
#include "run/load.h"
#include "run/net-maker.h"

struct creation {
	struct lc *lc;
	struct lc_create how;
	bool run; /* no fifos: the sync socket stays open for start */
	struct container c; /* owned */
	struct loaded loaded;
	struct vm_machine machine; /* plan.vm */
	struct net_maker net; /* owned */
	struct console console; /* owned: run in the foreground with a terminal */
	int console_socket; /* owned: the end that init gets */
	int start_fifo, status_fifo, cgroup; /* owned */
	int hook_out, hook_err; /* owned; 0: none */
	struct sandbox_ref ref; /* owned */
	/* restore: makes the sandbox in place of the backend's create */
	int (*make)(struct creation *m, void *ctx, struct lc_error *e);
	void *make_ctx;
	const struct sandbox_extras *extras; /* borrowed; NULL: none */
	bool dir_made, pid_file_made;
	bool settled_is_prepared; /* state_prepare() was called with the state as it will be */
	int report; /* owned: where the exit report goes, -1: nowhere */
	uint64_t began_usec; /* when the program began */
};
#define CREATION_NONE \
	{ \
		.c = CONTAINER_NONE, .console = CONSOLE_NONE, .console_socket = -1, \
		.start_fifo = -1, .status_fifo = -1, .cgroup = -1, .report = -1, \
		.ref = {.pidfd = -1, \
			.sync = -1, \
			.mount = -1 } \
	}
#define auto_creation __attribute__((cleanup(creation_release))) struct creation

/* Carries out the steps of create.c.  On failure nothing is left. */
int creation_make(struct creation *m, struct lc *lc, const char *id, const struct lc_create *how,
		  bool run, struct lc_error *e) lc_checked;

/* The same as for `run`, with @extras. */
int creation_make_with(struct creation *m, struct lc *lc, const char *id,
		       const struct lc_create *how, const struct sandbox_extras *extras,
		       struct lc_error *e) lc_checked;

/* The same as for `run`, but @make makes the sandbox: it has to call creation_cloned() as soon as
 * init is there, then creation_hooks(), and to fill m->ref. */
int creation_make_by(struct creation *m, struct lc *lc, const char *id, const struct lc_create *how,
		     int (*make)(struct creation *m, void *ctx, struct lc_error *e), void *ctx,
		     struct lc_error *e) lc_checked;

/* `run`: lets the program go, once it is made; on failure nothing is left. */
int creation_start(struct creation *m, struct lc_error *e) lc_checked;

/* Records init and gives up the lock. */
int creation_cloned(void *creation, pid_t pid, int *cgroup, struct lc_error *e) lc_checked;

/* Runs prestart and createRuntime hooks. */
int creation_hooks(void *creation, pid_t pid, struct lc_error *e) lc_checked;

/* `run` in the foreground, once the program runs: waits for it and cleans up. */
struct foreground;
int creation_wait(struct creation *m, struct foreground *f, int *status,
		  struct lc_error *e) lc_checked;

/* An exit report that is still to be written says @e. Returns -1. */
int creation_failed(struct creation *m, const struct lc_error *e);

/* Removes everything again; @e keeps what it says. */
void creation_undo(struct creation *m);

/* Closes descriptors and frees memory. */
void creation_release(struct creation *m);

/* True when the program's terminal is the caller's own. */
bool creation_in_foreground(const struct creation *m);

/* Writes "PID" to @path; NULL: nothing to do. */
int pid_file_write(const char *path, pid_t pid, struct lc_error *e) lc_checked;

/* Fds 3 to 3+n-1 must be open and the caller's: not one that this program opened for itself. */
int preserved_check(uint32_t n, struct lc_error *e) lc_checked;

/* How many descriptors a service manager passes on by LISTEN_FDS; 0: none. */
uint32_t listen_fds(void);

#endif
