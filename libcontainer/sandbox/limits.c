/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the program may use, by what each limit is enforced, and whether that is there. */
#include "sandbox/limits.h"
#include "base/file.h"
#include "base/str.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define CONTROLLERS_MAX 4096
#define SYSTEMD_HELPER	LIBEXECDIR "/hull-systemd"

const struct limit_name limit_names[LIMITS] = {
	[LIMIT_WALL] = { "wall", "wallMs" },	 [LIMIT_CPU_TIME] = { "cpu-time", "cpuTimeMs" },
	[LIMIT_MEMORY] = { "mem", "memory" },	 [LIMIT_SWAP] = { "swap", "swap" },
	[LIMIT_PIDS] = { "pids", "pids" },	 [LIMIT_CPUS] = { "cpus", "cpus" },
	[LIMIT_CPUSET] = { "cpuset", "cpuset" }, [LIMIT_OUTPUT] = { "output", "output" },
	[LIMIT_FSIZE] = { "fsize", "fsize" },	 [LIMIT_DISK] = { "disk", "disk" },
	[LIMIT_NOFILE] = { "nofile", "nofile" },
};

static void take(struct job *job, enum limit_id id, struct opt_u64 asked, const char *by)
{
	job->limits[id] = (struct limit){ asked.set, asked.v, asked.v, by };
}

static void ask(struct job *job)
{
	const struct settings *s = &job->s;

	take(job, LIMIT_WALL, s->wallMs, "watched");
	take(job, LIMIT_CPU_TIME, s->cpuTimeMs, "cgroup");
	take(job, LIMIT_MEMORY, s->memory, "cgroup");
	take(job, LIMIT_SWAP, s->swap, "cgroup");
	take(job, LIMIT_PIDS, s->pids, "cgroup");
	take(job, LIMIT_CPUS, s->cpus, "cgroup");
	take(job, LIMIT_CPUSET, (struct opt_u64){ s->cpuset != NULL, 0 }, "cgroup");
	take(job, LIMIT_OUTPUT, s->output, "watched");
	take(job, LIMIT_FSIZE, s->fsize, "rlimit");
	take(job, LIMIT_DISK, s->disk, "tmpfs");
	take(job, LIMIT_NOFILE, s->nofile, "rlimit");
}

/* ---- where a cgroup can be made, and what it can limit ---- */

static char *read_controllers(struct job *job, const char *dir)
{
	struct lc_error ignored;
	char *text;
	size_t len;

	if (file_read_at(AT_FDCWD, arena_printf(&job->arena, "%s/cgroup.controllers", dir),
			 &job->arena, CONTROLLERS_MAX, &text, &len, &ignored) < 0)
		return NULL;
	while (len && text[len - 1] == '\n')
		text[--len] = 0;
	return text;
}

/* The cgroup beside the caller's own: where the plan puts a user's. */
static char *parent_of_own(struct job *job)
{
	char *own = job->host.own_cgroup, *slash = own ? strrchr(own, '/') : NULL;

	if (!job->host.cgroup2 || !slash)
		return NULL;
	return arena_printf(&job->arena, "%s%.*s", job->host.cgroup2, (int)(slash - own), own);
}

/* A user's own systemd makes scopes where the user may not make cgroups. */
static bool use_systemd(struct job *job, char **controllers)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char *dir;

	if (!runtime || !job->host.cgroup2 || access(SYSTEMD_HELPER, X_OK) < 0 ||
	    access(arena_printf(&job->arena, "%s/systemd/private", runtime), F_OK) < 0)
		return false;
	dir = arena_printf(&job->arena, "%s/user.slice/user-%u.slice/user@%u.service",
			   job->host.cgroup2, job->host.euid, job->host.euid);
	*controllers = read_controllers(job, dir);
	if (!*controllers)
		return false;
	job->own = *job->lc;
	job->own.driver = CGROUP_SYSTEMD;
	job->lc = &job->own;
	return true;
}

/* Controllers that a cgroup of the program's can have, between blanks; NULL: there can be none. */
static char *find_controllers(struct job *job)
{
	char *dir, *controllers = NULL;

	if (job->lc->driver == CGROUP_DISABLED || !job->host.cgroup2 || job->refused)
		return NULL;
	if (job->host.euid == 0 && job->host.initial_userns)
		return read_controllers(job, job->host.cgroup2);
	dir = parent_of_own(job);
	if (job->lc->driver == CGROUP_FS && dir && access(dir, W_OK) == 0)
		return read_controllers(job, dir);
	return use_systemd(job, &controllers) ? controllers : NULL;
}

static int missing(struct job *job, const char *controllers, enum limit_id id,
		   const char *controller, struct lc_error *e)
{
	job->limits[id].by = NULL;
	if (job->refused)
		return job_degrade(job, e, limit_names[id].option,
				   "without namespaces there is no cgroup%s",
				   id == LIMIT_MEMORY ? ": the address space of each process is "
							"limited"
						      : "");
	if (!controllers)
		return job_degrade(job, e, limit_names[id].option,
				   "the %s controller is not there: no cgroup can be made here "
				   "(run it in a session of systemd's, or as root)",
				   controller);
	return job_degrade(job, e, limit_names[id].option,
			   "the %s controller is not delegated to %s (systemd: Delegate=yes for "
			   "user@.service; cgroup v1 must not have it)",
			   controller, job->host.euid ? "the user" : "cgroup v2");
}

/* ---- decisions ---- */

/* A process limit counts all that the program's user has in its user namespace, so it does as well
 * as a cgroup; only the report knows less. */
static int limit_pids(struct job *job, const char *controllers, struct lc_error *e)
{
	struct limit *l = &job->limits[LIMIT_PIDS];

	l->enforced = l->asked ? l->value + 1 : 0; /* hull-init is one of them */
	if (l->asked && !str_has_word(controllers, "pids"))
		l->by = "rlimit";
	if (!l->asked || !job->refused)
		return 0;
	l->by = NULL; /* it would count what the user runs outside as well */
	return missing(job, NULL, LIMIT_PIDS, "pids", e);
}

static int need(struct job *job, const char *controllers, enum limit_id id, const char *controller,
		struct lc_error *e)
{
	if (!job->limits[id].asked || str_has_word(controllers, controller))
		return 0;
	return missing(job, controllers, id, controller, e);
}

/* The files that the program writes are memory, too: it gets both. */
static void limit_memory(struct job *job)
{
	struct limit *memory = &job->limits[LIMIT_MEMORY], *disk = &job->limits[LIMIT_DISK];
	struct sysinfo info;

	if (!disk->asked) {
		disk->enforced = 1ULL << 30;
		if (sysinfo(&info) == 0)
			disk->enforced = (uint64_t)info.totalram * info.mem_unit / 4;
	}
	if (memory->asked && disk->asked && !job->upper)
		memory->enforced += disk->value;
}

/* Without a cgroup only each process can be limited. */
static int limit_cpu_time(struct job *job, const char *controllers, struct lc_error *e)
{
	if (!job->limits[LIMIT_CPU_TIME].asked || controllers)
		return 0;
	job->limits[LIMIT_CPU_TIME].by = "rlimit";
	return job_degrade(job, e, "cpu-time",
			   "no cgroup can be made here to count it: each process alone is limited");
}

int limits_decide(struct job *job, struct lc_error *e)
{
	char *controllers;

	ask(job);
	controllers = find_controllers(job);
	limit_memory(job);
	if (limit_pids(job, controllers, e) < 0 ||
	    need(job, controllers, LIMIT_MEMORY, "memory", e) < 0 ||
	    need(job, controllers, LIMIT_SWAP, "memory", e) < 0 ||
	    need(job, controllers, LIMIT_CPUS, "cpu", e) < 0 ||
	    need(job, controllers, LIMIT_CPUSET, "cpuset", e) < 0 ||
	    limit_cpu_time(job, controllers, e) < 0)
		return -1;
	if (job->limits[LIMIT_DISK].asked && (job->upper || job->refused)) {
		job->limits[LIMIT_DISK].by = NULL;
		return job_degrade(job, e, "disk", "what is written to %s%s is not limited",
				   job->upper ? "the overlay " : "files",
				   job->upper ? job->upper : "");
	}
	return 0;
}

/* Those of cgroups, for config.json. */
static bool by(const struct job *job, enum limit_id id, const char *what)
{
	const struct limit *l = &job->limits[id];

	return l->asked && l->by && !strcmp(l->by, what);
}

static void set_memory(struct job *job, struct spec_resources *r)
{
	struct arena *a = &job->arena;
	const struct limit *memory = &job->limits[LIMIT_MEMORY], *swap = &job->limits[LIMIT_SWAP];
	char *names[] = { arena_strdup(a, "memory.oom.group"), arena_strdup(a, "memory.swap.max") };

	if (by(job, LIMIT_MEMORY, "cgroup")) {
		r->memory = arena_alloc(a, sizeof(*r->memory));
		r->memory->limit = (struct opt_i64){ true, (int64_t)memory->enforced };
	}
	if (!by(job, LIMIT_MEMORY, "cgroup") && !by(job, LIMIT_SWAP, "cgroup"))
		return;
	r->unified.v = arena_array(a, 2, sizeof(*r->unified.v));
	/* When one is killed for want of memory all are: the rest would be of no use. */
	r->unified.v[r->unified.n++] = (struct pair){ names[0], arena_strdup(a, "1") };
	r->unified.v[r->unified.n++] =
		(struct pair){ names[1],
			       arena_printf(a, "%llu",
					    (unsigned long long)(swap->asked ? swap->value : 0)) };
}

struct spec_resources *limits_resources(struct job *job)
{
	struct arena *a = &job->arena;
	struct spec_resources *r = arena_alloc(a, sizeof(*r));

	set_memory(job, r);
	if (by(job, LIMIT_PIDS, "cgroup")) {
		r->pids = arena_alloc(a, sizeof(*r->pids));
		r->pids->limit = (int64_t)job->limits[LIMIT_PIDS].enforced;
	}
	if (by(job, LIMIT_CPUS, "cgroup") || by(job, LIMIT_CPUSET, "cgroup"))
		r->cpu = arena_alloc(a, sizeof(*r->cpu));
	if (by(job, LIMIT_CPUS, "cgroup")) {
		r->cpu->period = (struct opt_u64){ true, 100000 };
		r->cpu->quota =
			(struct opt_i64){ true, (int64_t)job->limits[LIMIT_CPUS].value * 100 };
	}
	if (by(job, LIMIT_CPUSET, "cgroup"))
		r->cpu->cpus = job->s.cpuset;
	return r;
}

static void add_rlimit(struct spec_process *p, int type, uint64_t soft, uint64_t hard)
{
	p->rlimits.v[p->rlimits.n++] = (struct spec_rlimit){ type, soft, hard };
}

void limits_rlimits(struct job *job, struct spec_process *p)
{
	const struct limit *l = job->limits;
	uint64_t seconds = (l[LIMIT_CPU_TIME].value + 999) / 1000;
	uint64_t nofile = l[LIMIT_NOFILE].asked ? l[LIMIT_NOFILE].value : NOFILE_DEFAULT;
	uint64_t pids = by(job, LIMIT_PIDS, "rlimit") ? l[LIMIT_PIDS].enforced : PIDS_DEFAULT;

	p->rlimits.v = arena_array(&job->arena, 8, sizeof(*p->rlimits.v));
	add_rlimit(p, RLIMIT_CORE, 0, 0);
	add_rlimit(p, RLIMIT_NOFILE, nofile, nofile);
	add_rlimit(p, RLIMIT_NPROC, pids, pids);
	if (l[LIMIT_CPU_TIME].asked) /* the watch is more exact, unless somebody stops hull */
		add_rlimit(p, RLIMIT_CPU, seconds + 1, seconds + 2);
	if (l[LIMIT_FSIZE].asked)
		add_rlimit(p, RLIMIT_FSIZE, l[LIMIT_FSIZE].value, l[LIMIT_FSIZE].value);
	if (l[LIMIT_MEMORY].asked && !l[LIMIT_MEMORY].by)
		add_rlimit(p, RLIMIT_AS, l[LIMIT_MEMORY].value, l[LIMIT_MEMORY].value);
}
