/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * --landlock: a second wall behind the mounts.  Where those let the program write it may, elsewhere
 * it may read and execute; it makes no device nodes, and signals and abstract sockets end at its
 * own processes.
 */
#include "json/encode.h"
#include "sandbox/sandbox.h"
#include "sys/landlock.h"

#include <string.h>

#define KEY "dev.hull.landlock"

static const char *const reading[] = { "read", "execute", NULL };
static const char *const writing[] = {
	"read", "execute", "write", "create", "remove", "move", NULL
};
static const char *const of_devices[] = { "read", "write", "ioctl", NULL };
static const char *const of_processes[] = { "read", "write", NULL };

static void add_path(struct json_writer *w, const char *path, const char *const *access)
{
	json_open(w, NULL, '{');
	json_add_string(w, "path", path);
	json_open(w, "access", '[');
	for (size_t i = 0; access[i]; i++)
		json_add_string(w, NULL, access[i]);
	json_close(w, ']');
	json_add_bool(w, "optional", true);
	json_close(w, '}');
}

static void add_paths(struct json_writer *w, const struct job *job)
{
	static const char *const own[] = { "/tmp", "/var/tmp", "/run", "/dev/shm", "/dev/mqueue" };
	const char *overlay = job->s.overlay;
	bool writable = !overlay || strcmp(overlay, "none") != 0;

	json_open(w, "paths", '[');
	add_path(w, "/", writable ? writing : reading);
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		add_path(w, own[i], writing);
	add_path(w, "/dev", of_devices);
	add_path(w, "/proc", of_processes);
	for (size_t i = 0; i < job->binds.n; i++)
		if (job->binds.v[i].kind != BIND_RO)
			add_path(w, job->binds.v[i].inside, writing);
	json_close(w, ']');
}

static char *rules(struct job *job, int abi)
{
	struct json_writer w = { .out = { .arena = &job->arena } };

	json_open(&w, NULL, '{');
	add_paths(&w, job);
	json_add_u64(&w, "minimumAbi",
		     abi < LANDLOCK_FILES_ABI ? (uint64_t)abi : LANDLOCK_FILES_ABI);
	if (abi >= LANDLOCK_SCOPE_ABI) {
		json_open(&w, "scope", '[');
		json_add_string(&w, NULL, "signals");
		json_add_string(&w, NULL, "abstractUnixSockets");
		json_close(&w, ']');
	}
	json_close(&w, '}');
	return w.out.str;
}

/* "on" wants all of it. */
static int check_version(struct job *job, bool all, int abi, struct lc_error *e)
{
	if (abi >= LANDLOCK_SCOPE_ABI)
		return 0;
	if (all)
		return job_degrade(job, e, "landlock",
				   abi ? "this kernel's Landlock is version %d, and all that it "
					 "can restrict needs 6 (Linux 6.12)"
				       : "this kernel has no Landlock, or not in lsm= of its "
					 "command line (version %d)",
				   abi);
	if (!abi)
		job_record(job, "landlock", "this kernel has none");
	return 0;
}

int landlock_decide(struct job *job, struct lc_error *e)
{
	const char *asked = job->s.landlock ? job->s.landlock : "off";
	int abi = job->host.landlock_abi;

	if (!strcmp(asked, "off"))
		return 0;
	if (strcmp(asked, "on") != 0 && strcmp(asked, "auto") != 0)
		return lc_err(e, LC_EUSAGE, "landlock \"%s\": expected on, auto or off", asked);
	if (check_version(job, !strcmp(asked, "on"), abi, e) < 0)
		return -1;
	if (!abi)
		return 0;
	job->annotations.v = arena_array(&job->arena, 1, sizeof(*job->annotations.v));
	job->annotations.n = 1;
	*job->annotations.v = (struct pair){ arena_strdup(&job->arena, KEY), rules(job, abi) };
	return 0;
}
