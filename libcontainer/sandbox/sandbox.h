/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `hull sandbox`: a program that nobody trusts becomes a container.
 *
 *	struct lc_sandbox -> settings -> job (what is decided) -> struct spec -> run -> report
 *
 * settings.c merges what the caller asks for with a profile; files.c decides what the program
 * sees of the file system, limits.c what it may use and whether that can be enforced; config.c
 *makes the configuration of all that; run.c has it carried out, watch.c watches over it, verdict.c
 *and report.c say how it ended.  A struct job owns what has to be cleaned up.
 */
#ifndef LC_SANDBOX_JOB_H
#define LC_SANDBOX_JOB_H

#include "libcontainer.h"
#include "net/message.h"
#include "plan/plan.h"
#include "run/container.h"
#include "spec/spec.h"
#include <sys/stat.h>

/* What a profile may say: the members of its JSON object, and with the caller's words all there is
 * to know. Strings and lists as in struct lc_sandbox. */
struct settings {
	struct opt_bool strict, deterministic, degrade;
	char *root, *overlay, *hostname, *cwd, *seccomp, *cpuset, *landlock;
	struct strs ro, rw, file, hide, tmpfs, env, net;
	struct opt_u64 wallMs, cpuTimeMs, memory, swap, output, fsize, disk, pids, nofile, cpus;
};
int settings_make(struct arena *a, const struct lc_sandbox *how, struct settings *out,
		  struct lc_error *e) lc_checked;

/* Reads what somebody wrote about a sandbox. A member that nobody knows is an error: what it was to
 * limit would not be. */
int decode_known(struct arena *a, const char *name, const char *text, size_t len,
		 const struct shape *shape, void *out, struct lc_error *e) lc_checked;

#define NOBODY 65534 /* what the kernel itself calls overflow ids */

/* One limit: what was asked for, and what makes it true. */
enum limit_id {
	LIMIT_WALL,
	LIMIT_CPU_TIME,
	LIMIT_MEMORY,
	LIMIT_SWAP,
	LIMIT_PIDS,
	LIMIT_CPUS,
	LIMIT_CPUSET,
	LIMIT_OUTPUT,
	LIMIT_FSIZE,
	LIMIT_DISK,
	LIMIT_NOFILE,
	LIMITS, /* how many */
};
struct limit {
	bool asked;
	uint64_t value, enforced; /* disk is added to memory, for example */
	const char *by; /* "cgroup", "watched", "rlimit", "tmpfs"; NULL: not at all */
};

/* Something that could not be had as it was asked for. */
struct degraded {
	char *what, *why;
};

/* A directory of the host that the program sees through an overlay. */
struct layer {
	char *path; /* on the host and inside */
	char *name; /* its upper directory is upNAME */
};

/* What is shown of the host because it was named. */
enum bind_kind { BIND_RO, BIND_RW, BIND_TMPFS };
struct bind {
	enum bind_kind kind;
	char *host, *inside; /* absolute; host: "" for a tmpfs */
	uint64_t size;
};

/* What is made in the bundle's rootfs. */
struct bundle_entry {
	char *path; /* below it */
	char *link; /* a symbolic link; NULL: a directory of this mode */
	unsigned mode;
};

/* Which network the program has. */
enum net_mode { NET_NONE, NET_HOST, NET_ALLOW };

struct job {
	struct lc *lc; /* borrowed; perhaps &own */
	struct lc own; /* the caller's with another cgroup manager */
	struct arena arena;
	const struct lc_sandbox *how;
	struct settings s;
	struct plan_host host;
	char *id, *bundle; /* the bundle is "rootfs" and, with keep, config.json */
	bool bundle_made;
	int bundle_lock; /* owned: who finds it free may clear the bundle away */
	uint32_t host_uid, host_gid, uid, gid; /* outside and inside */
	bool terminal, host_root; /* host_root: the program sees the host's files */
	char *root_path; /* where its root is on the host; "/" with host_root */
	char *upper; /* overlay DIR: absolute path of it */
	struct spec spec;
	PLAN_LIST(struct spec_mount) mounts;
	size_t mounts_size;
	PLAN_LIST(struct layer) layers;
	size_t layers_size;
	PLAN_LIST(struct bind) binds;
	PLAN_LIST(struct bundle_entry) entries;
	size_t entries_size;
	struct pairs annotations;
	struct strs masked;
	size_t masked_size;
	struct strs secrets; /* what is hidden where it is, and not made where it is not */
	size_t secrets_size;
	const struct changes *changes; /* once they are known */
	bool applied;
	struct limit limits[LIMITS];
	PLAN_LIST(struct degraded) degraded;
	size_t degraded_size;
	enum net_mode net;
	struct allow *allow; /* NET_ALLOW: what it may reach, and by which programs */
	const char *pasta, *nft;
	const struct net_report *net_report; /* once it is known */
	const char *refused; /* why there are no namespaces, and it runs without (bare.h); NULL:
			      * there are */
	char *calls_added; /* to a profile of the user's, between blanks; NULL: none */
	char *scratch; /* without namespaces: the directory that is its own */
};

/* ids, root and working directory, and where the bundle is; touches nothing. */
int job_open(struct job *job, struct lc *lc, const struct lc_sandbox *how,
	     struct lc_error *e) lc_checked;
void job_close(struct job *job); /* and removes the bundle */
#define auto_job __attribute__((cleanup(job_close))) struct job

/* @fmt: why. With --strict an error, else a warning and an entry in the report. */
int job_degrade(struct job *job, struct lc_error *e, const char *what, const char *fmt, ...)
	lc_printf(4, 5);

/* An entry in the report. */
void job_note(struct job *job, const char *what, const char *why);

/* The same, and a warning. */
void job_record(struct job *job, const char *what, const char *why);

/* One more mount, word list @options between blanks (copied). Borrows the strings. */
struct spec_mount *job_mount(struct job *job, const char *destination, const char *type,
			     const char *source, const char *options);
void job_mask(struct job *job, const char *path);
void job_add_secret(struct job *job, const char *path);

/* May the program's user enter (@mode X_OK) or read and enter the directory, or read the file? By
 * its mode alone. */
bool job_may(const struct job *job, const struct stat *st, int mode);

/* "auto", "on": Landlock's rules become an annotation (docs/LANDLOCK.md). */
int landlock_decide(struct job *job, struct lc_error *e) lc_checked;

/* What --deterministic fixes in the configuration. */
int deterministic_decide(struct job *job, struct lc_error *e) lc_checked;
bool job_is_deterministic(const struct job *job);
extern const char *const deterministic_env[]; /* ended by NULL */

/* The steps from settings to a configuration. */
int files_decide(struct job *job, struct lc_error *e) lc_checked;
int limits_decide(struct job *job, struct lc_error *e) lc_checked;
int config_make(struct job *job, struct lc_error *e) lc_checked;
char *config_text(struct job *job, size_t *len);

/* Only the program and its seccomp profile. */
int config_process(struct job *job, struct lc_error *e) lc_checked;

/* Makes the bundle's directory, and in it what tmpcopyup copies: the upper directories and links.
 */
int bundle_make(struct job *job, struct lc_error *e) lc_checked;

/* Clears away what sandboxes left whose hull was killed. */
void bundle_sweep(struct job *job);

/* Adds to what bundle_make() makes: a directory or (@link) a symbolic link below rootfs. */
void bundle_dir(struct job *job, const char *path, unsigned mode);
void bundle_link(struct job *job, const char *path, const char *link);

#endif
