/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The configuration: what the other files have decided, and the rest of a safe default. */
#include "base/own.h"
#include "base/str.h"
#include "json/encode.h"
#include "sandbox/calls.h"
#include "sandbox/files.h"
#include "sandbox/limits.h"
#include "sandbox/net.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STR(s) ((char *)(s)) /* decoded strings are nobody's constants; these are only read */

/* ---- the program ---- */

static void put_args(struct job *job, struct spec_process *p)
{
	const char *const *args = job->how->args;
	size_t n = 0;

	while (args[n])
		n++;
	p->args.v = arena_array(&job->arena, n + 3, sizeof(char *));
	if (!job->refused) {
		p->args.v[p->args.n++] = STR(SANDBOX_INIT);
		p->args.v[p->args.n++] = STR(job_is_deterministic(job) ? "-r" : "-");
	}
	for (size_t i = 0; i < n; i++)
		p->args.v[p->args.n++] = arena_strdup(&job->arena, args[i]);
}

struct environment {
	struct strs list;
	size_t size;
	struct arena *a;
};

/* The last word on a name counts. */
static void set_env(struct environment *env, const char *text)
{
	size_t n = strcspn(text, "=");

	for (size_t i = 0; i < env->list.n; i++)
		if (!strncmp(env->list.v[i], text, n) && env->list.v[i][n] == '=') {
			env->list.v[i] = arena_strdup(env->a, text);
			return;
		}
	if (env->list.n + 1 >= env->size) {
		char **grown;

		env->size = env->size ? 2 * env->size : 32;
		grown = arena_array(env->a, env->size, sizeof(*grown));
		if (env->list.n)
			memcpy(grown, env->list.v, env->list.n * sizeof(*grown));
		env->list.v = grown;
	}
	env->list.v[env->list.n++] = arena_strdup(env->a, text);
}

static void pass_env(struct environment *env, const char *name)
{
	const char *value = getenv(name);

	if (value)
		set_env(env, arena_printf(env->a, "%s=%s", name, value));
}

static const char *tmp_of(const struct job *job)
{
	return job->refused ? job->scratch : "/tmp";
}

/* A user's own home, as far as it can be seen; root's is not the program's. */
static const char *home_of(const struct job *job)
{
	const char *home = getenv("HOME");

	if (job->host_root && job->host_uid == job->host.euid && home && home[0] == '/')
		return home;
	return tmp_of(job);
}

static int put_env(struct job *job, struct spec_process *p, struct lc_error *e)
{
	struct environment env = { .a = &job->arena };
	const struct strs *asked = &job->s.env;

	set_env(&env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	set_env(&env, arena_printf(env.a, "HOME=%s", home_of(job)));
	set_env(&env, arena_printf(env.a, "TMPDIR=%s", tmp_of(job)));
	if (job->terminal)
		pass_env(&env, "TERM");
	for (size_t i = 0; job_is_deterministic(job) && deterministic_env[i]; i++)
		set_env(&env, deterministic_env[i]);
	for (size_t i = 0; i < asked->n; i++) {
		const char *text = asked->v[i];

		if (!*text || *text == '=')
			return lc_err(e, LC_EUSAGE, "env \"%s\": expected NAME or NAME=VALUE",
				      text);
		if (strchr(text, '='))
			set_env(&env, text);
		else
			pass_env(&env, text);
	}
	p->env = env.list;
	return 0;
}

/* Is there what the program could enter? By the binds, or in the host's tree. */
static bool can_enter(struct job *job, const char *path)
{
	char *part = arena_strdup(&job->arena, path), *p = part;
	struct stat st;

	for (size_t i = 0; i < job->binds.n; i++) {
		size_t n = strlen(job->binds.v[i].inside);

		if (!strncmp(path, job->binds.v[i].inside, n) && (!path[n] || path[n] == '/'))
			return true;
	}
	if (!job->host_root || str_starts(path, "/tmp") || str_starts(path, "/run"))
		return false;
	while ((p = strchr(p + 1, '/'))) {
		*p = 0;
		if (stat(part, &st) < 0 || !job_may(job, &st, X_OK))
			return false;
		*p = '/';
	}
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && job_may(job, &st, X_OK);
}

/* Where the caller is, if that is there; else home, which /tmp always is. */
static int put_cwd(struct job *job, struct spec_process *p, struct lc_error *e)
{
	char here[PATH_MAX];

	if (job->s.cwd) {
		if (job->s.cwd[0] != '/')
			return lc_err(e, LC_EUSAGE, "cwd %s: expected an absolute path",
				      job->s.cwd);
		p->cwd = job->s.cwd;
	} else if (getcwd(here, sizeof(here)) && here[0] == '/' && can_enter(job, here)) {
		p->cwd = arena_strdup(&job->arena, here);
	} else {
		p->cwd = STR(tmp_of(job));
	}
	return 0;
}

static int put_process(struct job *job, struct lc_error *e)
{
	static struct spec_capabilities none;
	struct spec_process *p = arena_alloc(&job->arena, sizeof(*p));

	p->terminal = job->terminal;
	p->user = arena_alloc(&job->arena, sizeof(*p->user));
	p->user->uid = job->uid;
	p->user->gid = job->gid;
	p->capabilities = &none;
	p->noNewPrivileges = (struct opt_bool){ true, true };
	p->oomScoreAdj = (struct opt_i64){ true, 500 }; /* before anything of the host's */
	put_args(job, p);
	limits_rlimits(job, p);
	if (put_env(job, p, e) < 0 || put_cwd(job, p, e) < 0)
		return -1;
	job->spec.process = p;
	return 0;
}

/* ---- what is around it ---- */

static struct spec_id_maps one_map(struct arena *a, uint32_t inside, uint32_t outside)
{
	struct spec_id_maps maps = { arena_alloc(a, sizeof(*maps.v)), 1 };

	*maps.v = (struct spec_id_map){ inside, outside, 1 };
	return maps;
}

static void put_namespaces(struct job *job, struct spec_linux *l)
{
	static const enum ns_type types[] = { NS_PID,  NS_MOUNT,  NS_IPC,    NS_UTS,
					      NS_USER, NS_CGROUP, NS_NETWORK };
	l->namespaces.v = arena_array(&job->arena, ARRAY_SIZE(types) + 1, sizeof(*l->namespaces.v));
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct spec_namespace *ns = &l->namespaces.v[l->namespaces.n];

		if (types[i] == NS_NETWORK && job->net == NET_HOST)
			continue;
		l->namespaces.n++;
		ns->type = types[i];
		if (types[i] == NS_NETWORK && job->net == NET_ALLOW)
			ns->path = arena_printf(&job->arena, "%s/" NET_LINK, job->bundle);
	}
}

static int put_linux(struct job *job, struct lc_error *e)
{
	static const char *const readonly[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
						"/proc/sysrq-trigger" };
	struct arena *a = &job->arena;
	struct spec_linux *l = arena_alloc(a, sizeof(*l));

	put_namespaces(job, l);
	l->uidMappings = one_map(a, job->uid, job->host_uid);
	l->gidMappings = one_map(a, job->gid, job->host_gid);
	l->maskedPaths = job->masked;
	l->readonlyPaths.v = arena_array(a, ARRAY_SIZE(readonly) + 1, sizeof(char *));
	for (size_t i = 0; i < ARRAY_SIZE(readonly); i++)
		l->readonlyPaths.v[l->readonlyPaths.n++] = STR(readonly[i]);
	l->resources = limits_resources(job);
	job->spec.linux_ = l;
	return calls_decide(job, &l->seccomp, e);
}

int config_process(struct job *job, struct lc_error *e)
{
	job->spec.linux_ = arena_alloc(&job->arena, sizeof(*job->spec.linux_));
	return put_process(job, e) < 0 ? -1 : calls_decide(job, &job->spec.linux_->seccomp, e);
}

int config_make(struct job *job, struct lc_error *e)
{
	struct spec *spec = &job->spec;

	if (net_decide(job, e) < 0 || limits_decide(job, e) < 0 || files_decide(job, e) < 0)
		return -1;
	spec->ociVersion = STR("1.3.0");
	spec->hostname = job->s.hostname ? job->s.hostname : STR("sandbox");
	spec->root = arena_alloc(&job->arena, sizeof(*spec->root));
	spec->root->path = STR("rootfs");
	spec->mounts.v = job->mounts.v;
	spec->mounts.n = job->mounts.n;
	if (put_process(job, e) < 0 || put_linux(job, e) < 0 || deterministic_decide(job, e) < 0 ||
	    landlock_decide(job, e) < 0)
		return -1;
	spec->annotations = job->annotations;
	return 0;
}

char *config_text(struct job *job, size_t *len)
{
	return encode(&job->arena, &spec_shape, &job->spec, 2, len);
}
