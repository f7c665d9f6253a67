/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is asked for: the caller's words over those of a profile. */
#include "sandbox/sandbox.h"
#include "base/file.h"

#include <fcntl.h>
#include <string.h>

#define PROFILE_MAX (1 << 20)

static const struct field settings_fields[] = {
	F_OPT_BOOL(struct settings, strict),   F_OPT_BOOL(struct settings, deterministic),
	F_OPT_BOOL(struct settings, degrade),  F_STRING(struct settings, root),
	F_STRING(struct settings, overlay),    F_STRING(struct settings, hostname),
	F_STRING(struct settings, cwd),	       F_STRING(struct settings, seccomp),
	F_STRING(struct settings, cpuset),     F_STRING(struct settings, landlock),
	F_STRS(struct settings, ro),	       F_STRS(struct settings, rw),
	F_STRS(struct settings, file),	       F_STRS(struct settings, hide),
	F_STRS(struct settings, tmpfs),	       F_STRS(struct settings, env),
	F_STRS(struct settings, net),	       F_OPT_U64(struct settings, wallMs),
	F_OPT_U64(struct settings, cpuTimeMs), F_OPT_U64(struct settings, memory),
	F_OPT_U64(struct settings, swap),      F_OPT_U64(struct settings, output),
	F_OPT_U64(struct settings, fsize),     F_OPT_U64(struct settings, disk),
	F_OPT_U64(struct settings, pids),      F_OPT_U64(struct settings, nofile),
	F_OPT_U64(struct settings, cpus),      {},
};
static const struct shape settings_shape = { sizeof(struct settings), settings_fields };

/* The same language as a file's. */
static const struct {
	const char *name, *text;
} profiles[] = {
	/* A shell for a model: writes only to the directory it is called in, stays as long as it
	 * likes. */
	{ "agent", "{\"strict\": true, \"rw\": [\".\"], \"pids\": 512, \"memory\": 4294967296,"
		   " \"env\": [\"LANG\", \"LC_ALL\", \"TERM\", \"COLORTERM\"]}" },
	/* Somebody's solution of a problem. */
	{ "judge",
	  "{\"strict\": true, \"wallMs\": 20000, \"cpuTimeMs\": 10000, \"memory\": 268435456,"
	  " \"swap\": 0, \"pids\": 64, \"output\": 67108864, \"fsize\": 67108864,"
	  " \"disk\": 67108864, \"nofile\": 256, \"cpus\": 1000}" },
	/* A build step. */
	{ "ci", "{\"strict\": true, \"rw\": [\".\"], \"wallMs\": 3600000, \"memory\": 8589934592,"
		" \"pids\": 4096, \"disk\": 4294967296, \"env\": [\"LANG\", \"LC_ALL\", \"CI\"]}" },
};

static void note_unknown(void *ctx, const struct remark *remark)
{
	struct lc_error *e = ctx;
	char text[1024];

	if (remark->kind != REMARK_UNKNOWN || e->msg[0])
		return;
	remark_text(remark, text, sizeof(text));
	(void)lc_err(e, LC_ECONFIG, "%s", text);
}

int decode_known(struct arena *a, const char *name, const char *text, size_t len,
		 const struct shape *shape, void *out, struct lc_error *e)
{
	struct lc_error unknown = { 0 };
	struct report report = { note_unknown, &unknown };

	if (decode_text(a, name, text, len, shape, out, &report, e) < 0)
		return -1;
	if (!unknown.msg[0])
		return 0;
	*e = unknown;
	return -1;
}

static int read_profile(struct arena *a, const char *name, const char *text, size_t len,
			struct settings *out, struct lc_error *e)
{
	return decode_known(a, name, text, len, &settings_shape, out, e);
}

static int load_profile(struct arena *a, const char *name, struct settings *out, struct lc_error *e)
{
	char *text;
	size_t len;

	for (size_t i = 0; name && i < ARRAY_SIZE(profiles); i++)
		if (!strcmp(name, profiles[i].name))
			return read_profile(a, name, profiles[i].text, strlen(profiles[i].text),
					    out, e);
	if (!name)
		return 0;
	if (!strchr(name, '/') && !strchr(name, '.'))
		return lc_err(e, LC_EUSAGE,
			      "profile \"%s\": expected agent, judge, ci or the path of a file",
			      name);
	if (file_read_at(AT_FDCWD, name, a, PROFILE_MAX, &text, &len, e) < 0)
		return lc_err_in(e, "profile");
	return read_profile(a, name, text, len, out, e);
}

static void take_string(struct arena *a, const char *given, char **to)
{
	if (given)
		*to = arena_strdup(a, given);
}

/* What the caller names comes behind what the profile names. */
static void add_list(struct arena *a, const char *const *given, struct strs *to)
{
	struct strs all = { 0 };
	size_t n = 0;

	while (given && given[n])
		n++;
	if (!n)
		return;
	all.v = arena_array(a, to->n + n + 1, sizeof(*all.v));
	for (size_t i = 0; i < to->n; i++)
		all.v[all.n++] = to->v[i];
	for (size_t i = 0; i < n; i++)
		all.v[all.n++] = arena_strdup(a, given[i]);
	*to = all;
}

static void take_number(uint64_t given, struct opt_u64 *to)
{
	if (given)
		*to = (struct opt_u64){ true, given };
}

int settings_make(struct arena *a, const struct lc_sandbox *how, struct settings *out,
		  struct lc_error *e)
{
	*out = (struct settings){ 0 };
	if (load_profile(a, how->profile, out, e) < 0)
		return -1;
	if (how->strict || how->not_strict)
		out->strict = (struct opt_bool){ true, how->strict };
	if (how->deterministic)
		out->deterministic = (struct opt_bool){ true, true };
	if (how->degrade)
		out->degrade = (struct opt_bool){ true, true };
	take_string(a, how->landlock, &out->landlock);
	take_string(a, how->root, &out->root);
	take_string(a, how->overlay, &out->overlay);
	take_string(a, how->hostname, &out->hostname);
	take_string(a, how->cwd, &out->cwd);
	take_string(a, how->seccomp, &out->seccomp);
	take_string(a, how->cpuset, &out->cpuset);
	add_list(a, how->ro, &out->ro);
	add_list(a, how->rw, &out->rw);
	add_list(a, how->file, &out->file);
	add_list(a, how->hide, &out->hide);
	add_list(a, how->tmpfs, &out->tmpfs);
	add_list(a, how->env, &out->env);
	if (how->net && *how->net)
		out->net = (struct strs){ 0 };
	add_list(a, how->net, &out->net);
	take_number(how->wall_ms, &out->wallMs);
	take_number(how->cpu_ms, &out->cpuTimeMs);
	take_number(how->memory, &out->memory);
	take_number(how->swap, &out->swap);
	take_number(how->output, &out->output);
	take_number(how->fsize, &out->fsize);
	take_number(how->disk, &out->disk);
	take_number(how->pids, &out->pids);
	take_number(how->nofile, &out->nofile);
	take_number(how->cpus, &out->cpus);
	return 0;
}
