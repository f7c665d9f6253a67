/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inside of the public API: what an open library and an open container are, and the parts that
 * several calls share.  A struct container owns its directory's descriptor and an arena for all
 * that was read of it.
 */
#ifndef LC_CONTAINER_H
#define LC_CONTAINER_H

#include "base/arena.h"
#include "base/log.h"
#include "libcontainer.h"
#include "microvm/ask.h"
#include "plan/sandbox.h"
#include "run/state.h"

#define STEP_TIMEOUT_MS 600000

struct lc {
	struct arena arena;
	char *root; /* absolute */
	bool root_in_tmp; /* to be looked at before use: root_check() */
	bool root_given; /* by the caller: it has to exist before something is looked for in it */
	enum cgroup_driver driver;
	unsigned timeout_ms; /* of a step; never 0 */
	unsigned given_ms; /* the caller's, for steps whose own is shorter; 0: none */
	unsigned lock_ms;
	const char *rootless; /* "true", "false" or "auto" */
	const struct lc_log *log;
	bool may_thread, brief;
	const char *vm_kernel; /* when config.json names none; may be NULL */
	const char *vm_annotations, *vm_template; /* as struct lc_host */
	char *boot_id;
};

struct container {
	struct lc *lc;
	struct arena arena;
	char *id;
	int dir; /* owned; also carries the lock */
	bool bare; /* `create` was killed before it wrote a state: there is only a directory */
	struct state state;
};
#define auto_container __attribute__((cleanup(container_close))) struct container
#define CONTAINER_NONE \
	{ \
		.dir = -1 \
	}

enum status { STATUS_CREATING, STATUS_CREATED, STATUS_RUNNING, STATUS_PAUSED, STATUS_STOPPED };

/* The directory of states may be used: it is the user's own, or not there, or not in /tmp. */
int root_check(const struct lc *lc, struct lc_error *e) lc_checked;

/* "creating"... */
const char *status_name(enum status status);

/* Opens <root>/<id>: LC_ENOTFOUND `container "x" does not exist`. A bare one is only found when
 * @bare_too. */
int container_open(struct lc *lc, const char *id, bool bare_too, struct container *c,
		   struct lc_error *e) lc_checked;
void container_close(struct container *c);

/* Takes the lock and reads the state anew. Without it after LOCK_WAIT_MS: LC_ESTATE, or with @force
 * it goes on. LC_ENOTFOUND when it was deleted meanwhile. */
int container_lock(struct container *c, bool force, struct lc_error *e) lc_checked;

/* Path of its directory, in its arena. */
char *container_path(struct container *c);

enum status container_status(struct container *c);
/* @alive: what is known of init by now. */
enum status container_status_of(struct container *c, bool alive);

/* "container not running: no such process", for the commands that need a living one. */
int container_not_running(struct lc_error *e);

/* The backend that carries it out. */
const struct sandbox_ops *container_sandbox(bool vm, struct lc_error *e);

/* Adds the container's OCI state document (members in runc's order) to @w; status creating to
 * stopped. */
struct json_writer;
void container_json(struct container *c, enum status status, struct json_writer *w);

/* The state document for hooks, cut where the pid goes: head with the given status, and tail. */
char *container_hook_head(struct container *c, enum status status);
char *container_hook_tail(struct container *c);

/* The files that the annotations run.oci.hooks.stdout and .stderr name, opened for append, above
 * descriptor 2 (owned); 0 where there is none. */
int container_hook_files(struct container *c, int *out, int *err, struct lc_error *e) lc_checked;
void hook_files_close(int *out, int *err);

/* Path of an annotation's file or socket: relative ones are the bundle's. NULL: not given. */
char *container_annotated_path(struct container *c, const char *key);

/* Hooks of the saved configuration.  Those of poststop are loaded before the directory goes and run
 * after it. */
int container_poststart(struct container *c, struct lc_error *e) lc_checked;
void container_load_poststop(struct container *c, plan_hooks *hooks);
void container_run_poststop(struct container *c, const plan_hooks *hooks);

/* Kills what is left, removes cgroup, mounts and directory (absent things are fine), gives up the
 * lock and runs the poststop hooks. */
int container_remove(struct container *c, struct lc_error *e) lc_checked;

/* Without a mount namespace of its own: remembers what is mounted below its root already. */
int container_note_mounts(struct container *c, struct lc_error *e) lc_checked;

/* SIGKILL to all of it, and waits for init to go. */
int container_kill_all(struct container *c, struct lc_error *e) lc_checked;

/* The class of service of linux.intelRdt: recorded before it is made; made; entered by a process;
 * limited anew; removed.  Nothing, and no error, without one; limits are an error then. */
int container_rdt_expect(struct container *c, const struct plan *plan,
			 struct lc_error *e) lc_checked;
int container_rdt_make(struct container *c, const struct plan *plan, struct lc_error *e) lc_checked;
int container_rdt_join(struct container *c, pid_t pid, struct lc_error *e) lc_checked;
int container_rdt_limit(struct container *c, const struct strs *lines,
			struct lc_error *e) lc_checked;
int container_rdt_remove(struct container *c, struct lc_error *e) lc_checked;
void container_rdt_write(struct container *c, struct json_writer *w); /* "intel_rdt" of `events` */

/* Directory of its cgroup: -1 and no error when it has none (any more). */
int container_cgroup(struct container *c);

/* Where its virtual machine is asked. */
static inline struct vm_at container_machine(const struct container *c)
{
	return (struct vm_at){ c->dir, c->lc->given_ms };
}

#endif
