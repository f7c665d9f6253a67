/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libcontainer: OCI containers from C.  The one installed header.
 *
 *	struct lc *lc;
 *	struct lc_error e;
 *
 *	if (lc_open(&(struct lc_host){ .size = sizeof(struct lc_host) }, &lc, &e) < 0 ||
 *	    lc_create(lc, "web", &(struct lc_create){ .size = sizeof(struct lc_create),
 *						      .bundle = "/srv/web" }, &e) < 0 ||
 *	    lc_start(lc, "web", &e) < 0)
 *		errx(1, "%s", e.msg);
 *	lc_close(lc);
 *
 * Handles are opaque. Options structs begin with their own size, so that members can be added at
 * the end without breaking callers. The library never prints, never exits (but when memory is out),
 * keeps no global state but what is the process' own (docs/LIBRARY.md, Threads) and changes no
 * signal handler. Every call returns 0, or -1 with @e filled.
 */
#ifndef LIBCONTAINER_H
#define LIBCONTAINER_H

#include "base/public.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LC_API __attribute__((visibility("default")))

struct lc; /* opaque */

struct lc_host {
	size_t size;
	const char *root; /* directory of states; NULL: /run/hull; rootless $XDG_RUNTIME_DIR/hull,
			   * else /run/user/UID/hull, else a private /tmp/hull-UID */
	const char *cgroup_manager; /* "cgroupfs", "systemd" or "disabled"; NULL: "cgroupfs" */
	const char *rootless; /* "true", "false" or "auto"; NULL: "auto" */
	const struct lc_log *log; /* borrowed; NULL: silent */
	uint32_t timeout_ms; /* how long one step may take that others can hold up: a hook, a mount,
			      * an answer from inside, a socket's owner, what has been killed,
			      * another command's lock; 0: ten minutes, or less as hull(1) says
			      * under DEADLINES */
	bool may_thread; /* a call may use a thread of its own while it lasts, in a caller that has
			  * none: containers begin sooner */
	const char *vm_kernel; /* that virtual machines boot when config.json names none; NULL: the
				* first that is found */
	const char *vm_annotations; /* the annotations of dev.hull.vm.* that count, by their names,
				     * between blanks or commas; all others are refused. NULL:
				     * none do */
	const char *vm_template; /* "use": a virtual machine is restored from a template if there is
				  * one; "make": which is made if there is none; "off" or NULL: it
				  * boots. Only root's are */
	bool brief; /* with may_thread: the process makes one container at most, and ends with the
		     * call or soon after: a thread may stay, and the container's first process
		     * have the memory of this one until it executes its program */
};

/* Opens the directory of states (made when it is first needed). */
LC_API int lc_open(const struct lc_host *host, struct lc **out, struct lc_error *e);
LC_API void lc_close(struct lc *lc); /* accepts NULL, as every destructor does */

/*
 * Puts the caller's own binary out of the reach of containers (CVE-2019-5736): unless that has
 * happened already, the program is executed once more with @argv and the same environment, from a
 * detached read-only mount of its binary, or from a sealed copy where such a mount is not
 * permitted. Standard streams that are closed become /dev/null. First of all calls in main() of a
 * program that calls lc_create(), lc_run() or lc_exec(); without it those calls log a warning.
 * Returns 0 in a process that is protected.
 */
LC_API int lc_protect(char *const argv[], struct lc_error *e);

/* Why a container ended and what it used: docs/EXIT-REPORT.md. LC_UNKNOWN: nobody knows. */
enum lc_exit_reason {
	LC_EXIT_UNKNOWN, /* hull did not wait for it */
	LC_EXIT_EXITED,
	LC_EXIT_SIGNALED,
	LC_EXIT_OOM, /* the kernel killed for want of memory */
	LC_EXIT_SECCOMP, /* a call that its filter answers with death */
	LC_EXIT_LIMIT, /* of a process: @limit */
	LC_EXIT_TIMEOUT, /* time_limit_ms of lc_create */
	LC_EXIT_FAILED, /* the program never ran */
};
#define LC_UNKNOWN UINT64_MAX
struct lc_exit {
	size_t size; /* set by the caller */
	enum lc_exit_reason reason;
	int status; /* 0-255 as a shell gives it; -1: unknown */
	int signal; /* that killed the first process, 0: none */
	bool core_dumped;
	bool from_cgroup; /* what was used is the whole cgroup's, else init's and its children's */
	char limit[16]; /* "RLIMIT_CPU", "RLIMIT_FSIZE", "" */
	uint64_t oom_kills;
	char oom_cgroup[256]; /* whose limit it was: "/" the container's, "/sub" one below, ".."
			       * none of these; "" */
	uint64_t wall_usec, cpu_usec, cpu_user_usec, cpu_system_usec;
	uint64_t cpu_throttled; /* periods */
	uint64_t memory_peak, swap_peak, max_rss; /* bytes; max_rss: the largest single process */
	uint64_t memory_limited, pids_limited; /* how often the limit was met */
	uint64_t pids_peak;
	uint64_t io_read, io_written; /* bytes */
	uint64_t io_reads, io_writes;
};

struct lc_create {
	size_t size;
	const char *bundle; /* NULL: "." */
	const char *config; /* another name or path for config.json, relative to the caller; NULL:
			       bundle's */
	const char *config_text; /* the configuration itself; wins over @config */
	const char *pid_file, *console_socket,
		*pidfd_socket; /* relative to the caller's directory */
	uint32_t preserve_fds; /* fds 3 to 3+n-1 are passed on */
	bool no_pivot, no_new_keyring;
	bool keep; /* run: leave the stopped container */
	bool detach; /* run */
	const char *isolation; /* "container" or "vm"; NULL: what config.json says */
	/* run in the foreground: */
	uint64_t time_limit_ms; /* the container is killed after that; 0: never */
	const char *exit_report; /* a file, or "fd:N", that gets the exit report; NULL: none */
	struct lc_exit *exit; /* filled when the program ended, size set; NULL: nobody asks */
};

LC_API int lc_create(struct lc *lc, const char *id, const struct lc_create *how,
		     struct lc_error *e);
LC_API int lc_start(struct lc *lc, const char *id, struct lc_error *e);

/* create and start in one. In the foreground it waits, forwards signals and the terminal, deletes
 * the container (unless keep) and puts the exit status (0-255; 128+n for a signal) into *status. */
LC_API int lc_run(struct lc *lc, const char *id, const struct lc_create *how, int *status,
		  struct lc_error *e);

struct lc_exec {
	size_t size;
	const char
		*process; /* path of a process.json, relative to the caller; NULL: members below */
	const char *const *args; /* NULL-terminated */
	const char *const *env; /* NULL-terminated NAME=value, added to the container's */
	const char *cwd, *user; /* user: UID[:GID] */
	const char *const *caps; /* NULL-terminated names, added */
	const uint32_t *additional_gids;
	size_t n_additional_gids;
	bool tty, detach, no_new_privs, ignore_paused;
	const char *apparmor, *process_label;
	const char *cgroup; /* sub-cgroup of the container's */
	const char *pid_file, *console_socket, *pidfd_socket;
	uint32_t preserve_fds;
};

LC_API int lc_exec(struct lc *lc, const char *id, const struct lc_exec *how, int *status,
		   struct lc_error *e);

/* @signal: number. @all: every process of the container's cgroup. */
LC_API int lc_kill(struct lc *lc, const char *id, int signal, bool all, struct lc_error *e);
LC_API int lc_delete(struct lc *lc, const char *id, bool force, struct lc_error *e);
struct lc_delete {
	size_t size;
	bool force;
	const char *exit_report; /* a file, or "fd:N", that gets what is known of its end */
};
LC_API int lc_delete_with(struct lc *lc, const char *id, const struct lc_delete *how,
			  struct lc_error *e);

/* The exit report of a stopped container (docs/EXIT-REPORT.md): of one that lc_run() waited for and
 * kept all of it, of another what its cgroup still tells; free() it. */
LC_API int lc_exit_report(struct lc *lc, const char *id, char **json, struct lc_error *e);

LC_API int lc_pause(struct lc *lc, const char *id, struct lc_error *e);
LC_API int lc_resume(struct lc *lc, const char *id, struct lc_error *e);

/* Mounts of a living container: @mounts is JSON, an array as in config.json or an object with the
 * member mounts.  Sources are the caller's paths; a removal goes by the destinations alone. */
LC_API int lc_mounts_add(struct lc *lc, const char *id, const char *mounts, struct lc_error *e);
LC_API int lc_mounts_remove(struct lc *lc, const char *id, const char *mounts, struct lc_error *e);

/* New limits for a living container: @resources is JSON as in linux.resources; what it does not
 * name stays as it is. */
LC_API int lc_update(struct lc *lc, const char *id, const char *resources, struct lc_error *e);

/* The same for its class of service (linux.intelRdt): lines of resctrl's schemata. */
LC_API int lc_update_rdt(struct lc *lc, const char *id, const char *schemata, struct lc_error *e);

/* What it uses: the "data" object of an `events` line; free() it. */
LC_API int lc_stats(struct lc *lc, const char *id, char **json, struct lc_error *e);

/* The same in numbers, for a table. LC_UNKNOWN: the kernel does not tell; as a limit: there is
 * none.
 */
struct lc_usage {
	size_t size; /* set by the caller */
	uint64_t cpu_usec; /* so far */
	uint64_t memory, memory_peak, memory_limit, swap; /* bytes */
	uint64_t pids, pids_limit;
	uint64_t io_read, io_written; /* bytes so far */
	uint64_t oom_kills;
	double cpu_pressure, memory_pressure, io_pressure; /* percent of the last 10 s in which
							    * something waited; < 0: unknown */
};
LC_API int lc_usage(struct lc *lc, const char *id, struct lc_usage *out, struct lc_error *e);

/* Until the container ends, calls @tell with "stats" and their JSON every @interval_ms, and with
 * "oom" and NULL when the kernel killed a process of it for want of memory.  @tell ends it by
 * returning -1. */
typedef int lc_event_fn(void *ctx, const char *type, const char *json);
LC_API int lc_events(struct lc *lc, const char *id, unsigned interval_ms, lc_event_fn *tell,
		     void *ctx, struct lc_error *e);

/* What is known of one container. Strings belong to the struct; lc_state_free() releases them. */
struct lc_state {
	char *oci_version, *id, *status; /* creating created running stopped paused */
	int pid; /* 0 when stopped */
	char *bundle, *rootfs, *created, *owner; /* created: RFC 3339 */
	char **annotations; /* key, value, key, value, NULL */
	void *memory;
};

LC_API int lc_state(struct lc *lc, const char *id, struct lc_state *out, struct lc_error *e);
LC_API int lc_state_json(struct lc *lc, const char *id, char **text,
			 struct lc_error *e); /* free() it */
LC_API void lc_state_free(struct lc_state *state);

/* All containers, sorted by id. */
LC_API int lc_list(struct lc *lc, struct lc_state **out, size_t *n, struct lc_error *e);
LC_API void lc_list_free(struct lc_state *list, size_t n);

/* What VM mode needs of this machine, one fact after the other; @fix says how to get what is
 * missing. Strings live until the callback returns. */
struct lc_vm_fact {
	const char *name; /* "kvm", "monitor", "agent", "kernel", "modules" */
	bool ok;
	const char *text, *fix; /* fix: NULL when ok */
};
typedef void lc_vm_fact_fn(void *ctx, const struct lc_vm_fact *fact);
LC_API int lc_vm_check(struct lc *lc, lc_vm_fact_fn *each, void *ctx, struct lc_error *e);

/* Kernels that a virtual machine could boot, the one that is taken first. @release may be NULL. */
typedef void lc_vm_kernel_fn(void *ctx, const char *path, const char *release, const char *why);
LC_API int lc_vm_kernels(struct lc *lc, lc_vm_kernel_fn *each, void *ctx, struct lc_error *e);

/*
 * Templates of virtual machines: guests that were saved when they were ready for a container, kept
 * on disk for root.  A machine is restored from the one that fits in every respect, else it boots.
 */
struct lc_vm_template_how {
	size_t size;
	const char *kernel; /* path; NULL: the first that is found */
	uint32_t memory_mib, cpus; /* 0: of a container without limits */
	uint32_t timeout_ms; /* for the guest to be ready; 0: ten minutes */
};
struct lc_vm_template {
	const char *name; /* 64 digits; the first of them will do where they say it all */
	const char *facts; /* what they stand for, a line each; NULL: not known */
	uint32_t memory_mib, cpus;
	const char *problem; /* why it is never used; NULL: it is good */
};
typedef void lc_vm_template_fn(void *ctx, const struct lc_vm_template *t);

/* Makes one, unless there is one already; @name: at least 65 bytes, for its name. */
LC_API int lc_vm_template_build(struct lc *lc, const struct lc_vm_template_how *how, char *name,
				struct lc_error *e);
/* All of them; @verify: their memory is read, too. */
LC_API int lc_vm_template_list(struct lc *lc, bool verify, lc_vm_template_fn *each, void *ctx,
			       struct lc_error *e);
/* Machines that were restored from it live on. */
LC_API int lc_vm_template_remove(struct lc *lc, const char *name, struct lc_error *e);

/* Host pids of all processes of the container, sorted; free() *pids. */
LC_API int lc_pids(struct lc *lc, const char *id, pid_t **pids, size_t *n, struct lc_error *e);

/* The table of the host's ps(1), called with @options (NULL or empty: -ef), less the lines of other
 * processes; free() it. */
LC_API int lc_ps(struct lc *lc, const char *id, const char *const *options, char **table,
		 struct lc_error *e);

/* Reads and checks a config.json without doing anything; @say gets every error and warning. */
typedef void lc_say_fn(void *ctx, int level, const char *text);
LC_API int lc_validate(struct lc *lc, const struct lc_create *how, lc_say_fn *say, void *ctx,
		       struct lc_error *e);

/* What this host can do for the caller as it is: calls @say for each thing that is asked. *fit: a
 * container can be run. Strings are borrowed. */
enum lc_check_state {
	LC_CHECK_OK,
	LC_CHECK_NO, /* something needs it, most containers do not */
	LC_CHECK_BAD, /* no container runs without it */
};
struct lc_check {
	const char *area, *name; /* "cgroups", "memory" */
	const char *found; /* "" when the name says it all */
	const char *fix; /* what helps; "" with LC_CHECK_OK */
	enum lc_check_state state;
};
typedef void lc_check_fn(void *ctx, const struct lc_check *check);
LC_API int lc_host_check(struct lc *lc, lc_check_fn *say, void *ctx, bool *fit, struct lc_error *e);

/* The plan that lc_create() would carry out, in words for people; free() it. */
LC_API int lc_explain(struct lc *lc, const char *id, const struct lc_create *how, char **text,
		      struct lc_error *e);

/* The plan that lc_create() would carry out, as JSON; free() it. */
LC_API int lc_plan(struct lc *lc, const char *id, const struct lc_create *how, char **json,
		   struct lc_error *e);

/* What criu(8) is told, by `checkpoint` and `restore`; paths are relative to the caller. */
struct lc_criu {
	size_t size;
	const char *image_path; /* NULL: "checkpoint" */
	const char *work_path; /* for criu's log; NULL: the images' */
	const char *parent_path; /* of an earlier checkpoint, relative to image_path */
	const char *manage_cgroups; /* "soft" (default), "full", "strict" or "ignore" */
	const char *network_lock; /* "iptables" or "nftables"; NULL: criu's default */
	const char *page_server; /* ADDRESS:PORT */
	const char *lsm_profile; /* restore: apparmor:NAME or selinux:LABEL */
	const char *lsm_mount_context; /* restore */
	uint32_t status_fd; /* gets a NUL byte when lazy pages can be fetched; 0: none */
	bool leave_running, pre_dump, tcp_established, tcp_skip_in_flight, tcp_close, link_remap,
		ext_unix_sk, shell_job, file_locks, lazy_pages, auto_dedup;
	bool empty_network; /* the network namespace is left empty: hooks or the engine fill it */
};

/* Writes the living container to disk and, unless it is left running, removes it. */
LC_API int lc_checkpoint(struct lc *lc, const char *id, const struct lc_criu *how,
			 struct lc_error *e);

/* Makes a container that goes on where the checkpoint was taken; waits for it as lc_run() does. */
LC_API int lc_restore(struct lc *lc, const char *id, const struct lc_create *how,
		      const struct lc_criu *criu, int *status, struct lc_error *e);

/*
 * One program that nobody trusts, in one call: what is not said is the safe default
 * (hull-sandbox(1) says which).  0 and NULL: not given.  Lists end with NULL.
 */
struct lc_sandbox {
	size_t size;
	const char *const *args; /* the program */
	const char *profile; /* "agent", "judge", "ci", or the path of a file */
	const char *root; /* a root file system, or a bundle; NULL: the host's */
	const char *overlay; /* "tmp": writes are thrown away (default); "none": nothing can be
			      * written; or a directory that keeps them */
	const char *const *ro, *const *rw, *const *file; /* PATH or HOST:INSIDE */
	const char *const *hide; /* PATH */
	const char *const *tmpfs; /* PATH or PATH:BYTES */
	const char *const *env; /* NAME=VALUE, or NAME: as the caller has it */
	const char *const *net; /* "none", "host", or what it may reach (hull-sandbox(1)) */
	uint64_t wall_ms, cpu_ms; /* limits */
	uint64_t memory, swap, output, fsize, disk; /* bytes */
	uint64_t pids, nofile;
	uint64_t cpus; /* thousandths of one */
	const char *cpuset, *hostname, *cwd;
	const char *seccomp; /* "default", "strict", or the path of a file with a profile */
	const char *in, *out, *err; /* files for the standard streams */
	bool has_uid;
	uint32_t uid; /* that the program sees */
	bool strict; /* what cannot be enforced is an error */
	bool not_strict; /* whatever the profile says */
	const char *report; /* a file, or "fd:N" */
	bool keep; /* its bundle stays, for whoever wants to look at it or run it again */
	bool deterministic; /* fixed environment, clocks that count from about zero, no address
			     * space randomization; the date and random numbers are the host's */
	/* What the program wrote to the files it saw: "list"; "tar:FILE"; or "apply": to the host's
	 * files, once it ended well. @confirm is asked before that, NULL: nobody is. */
	const char *changes;
	bool (*confirm)(void *ctx, const char *list);
	void *confirm_ctx;
	const char *landlock; /* "on", "auto" (as far as the kernel can), "off" (default) */
	bool degrade; /* where no namespaces can be had: under Landlock, seccomp and limits of
		       * processes alone; the report lists what is lost */
};

struct lc_sandbox_result {
	size_t size; /* set by the caller */
	int status; /* 0 to 255, 128+n for a signal, as a shell has it */
	char *report; /* JSON (docs/SANDBOX-REPORT.md); free() it */
	char *kept; /* the bundle's path, with keep; free() it */
	char *changes; /* a line each: "A /path" created, M modified, D deleted; free() it */
};

/* Runs it and waits.  An error: it did not run; there is a report of that, too. */
LC_API int lc_sandbox_run(struct lc *lc, const struct lc_sandbox *how,
			  struct lc_sandbox_result *out, struct lc_error *e);

/* The config.json that lc_sandbox_run() would run; free() it. */
LC_API int lc_sandbox_config(struct lc *lc, const struct lc_sandbox *how, char **json,
			     struct lc_error *e);

/* What lc_sandbox_run() would do, in words, a line each; free() it. */
LC_API int lc_sandbox_explain(struct lc *lc, const struct lc_sandbox *how, char **text,
			      struct lc_error *e);

/* The OCI features document; free() it. */
LC_API int lc_features(struct lc *lc, char **json, struct lc_error *e);

/* A config.json that itself runs: the default of `spec`; free() it.  @args, @rootfs: for
 * `run --rootfs`, else NULL. */
LC_API int lc_spec(struct lc *lc, bool rootless, const char *rootfs, const char *const *args,
		   char **json, struct lc_error *e);

#endif
