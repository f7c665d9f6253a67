/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull sandbox: run something that nobody trusts. */
#include "cli.h"
#include "quantity.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sandbox_args {
	const char *profile, *sandbox_root, *overlay, *cpuset, *hostname, *cwd, *seccomp;
	const char *in, *out, *err, *report;
	struct words ro, rw, file, hide, tmpfs, env, net;
	const char *wall, *cpu_time, *memory, *swap, *output, *fsize, *disk, *cpus;
	uint32_t pids, nofile;
	const char *uid, *landlock, *changes;
	bool strict, no_strict, keep, deterministic, yes, print_bundle, explain, degrade;
};

#define S struct sandbox_args
static const struct option_def sandbox_options[] = {
	OPT_STRING(S, profile, "profile", 0, "NAME|FILE",
		   "defaults for a purpose: agent, judge, ci, or a JSON file"),
	OPT_STRING(S, sandbox_root, "root", 0, "DIR",
		   "root file system or bundle to run in (default: the host's files)"),
	OPT_STRING(S, overlay, "overlay", 0, "WHERE",
		   "where writes go: tmp (default: thrown away), none (refused), or a directory"),
	OPT_STRINGS(S, ro, "ro", 0, "PATH", "show PATH, or HOST:INSIDE, read-only"),
	OPT_STRINGS(S, rw, "rw", 0, "PATH", "let the program write to PATH, or HOST:INSIDE"),
	OPT_STRINGS(S, file, "file", 0, "HOST:INSIDE", "put a file there"),
	OPT_STRINGS(S, hide, "hide", 0, "PATH", "hide PATH, besides keys and tokens"),
	OPT_STRINGS(S, tmpfs, "tmpfs", 0, "PATH[:SIZE]", "an empty directory in memory"),
	OPT_STRINGS(S, env, "env", 0, "NAME[=VALUE]",
		    "set a variable, or pass it on; no other of the caller's is"),
	OPT_STRINGS(S, net, "net", 0, "WHAT",
		    "none (default), host, or what it may reach: DOMAIN:PORT, CIDR:PORT"),
	OPT_STRING(S, wall, "wall", 0, "TIME", "end it after that time: 10s, 1m30s"),
	OPT_STRING(S, cpu_time, "cpu-time", 0, "TIME", "processor time of all its processes"),
	OPT_STRING(S, memory, "mem", 0, "SIZE", "memory of all its processes: 256M"),
	OPT_STRING(S, swap, "swap", 0, "SIZE", "swap beyond that (default with --mem: 0)"),
	OPT_U32(S, pids, "pids", 0, "N", "processes and threads at a time"),
	OPT_STRING(S, cpus, "cpus", 0, "N", "share of processors: 0.5, 2"),
	OPT_STRING(S, cpuset, "cpuset", 0, "LIST", "on these processors only: 0-3,7"),
	OPT_STRING(S, output, "output", 0, "SIZE", "what it may write to stdout and stderr"),
	OPT_STRING(S, fsize, "fsize", 0, "SIZE", "largest file it may write"),
	OPT_STRING(S, disk, "disk", 0, "SIZE", "all that it may write to files"),
	OPT_U32(S, nofile, "nofile", 0, "N", "open files of a process (default: 1024)"),
	OPT_STRING(S, uid, "uid", 0, "N", "user that the program sees itself as"),
	OPT_STRING(S, hostname, "hostname", 0, "NAME", "host name (default: sandbox)"),
	OPT_STRING(S, cwd, "cwd", 0, "DIR",
		   "working directory (default: the caller's if it is there, else /tmp)"),
	OPT_STRING(S, in, "stdin", 0, "FILE", "standard input"),
	OPT_STRING(S, out, "stdout", 0, "FILE", "standard output"),
	OPT_STRING(S, err, "stderr", 0, "FILE", "standard error"),
	OPT_STRING(S, seccomp, "seccomp", 0, "NAME|FILE",
		   "default; strict: a call that is not allowed ends it; or a file with one"),
	OPT_STRING(S, landlock, "landlock", 0, "WHEN",
		   "a second wall, by Landlock: on, auto (as the kernel can), off (default)"),
	OPT_STRING(S, changes, "changes", 0, "WHAT",
		   "what it wrote: list it, tar:FILE, or apply it to the host's files"),
	OPT_FLAG(S, yes, "yes", 0, "apply changes without asking"),
	OPT_FLAG(S, deterministic, "deterministic", 0,
		 "the same environment, clocks and addresses in every run"),
	OPT_FLAG(S, keep, "keep", 0, "leave its bundle and report, and say where"),
	OPT_STRING(S, report, "report", 0, "FILE|fd:N", "write there, as JSON, how it ended"),
	OPT_FLAG(S, strict, "strict", 0,
		 "what cannot be enforced is an error (default with a profile)"),
	OPT_FLAG(S, no_strict, "no-strict", 0, "warn and report instead"),
	OPT_FLAG(S, degrade, "degrade", 0,
		 "where no namespaces can be had: with Landlock, seccomp and limits alone"),
	OPT_FLAG(S, print_bundle, "print-bundle", 0,
		 "print the config.json that would be run, and run nothing"),
	OPT_FLAG(S, explain, "explain", 0, "say what would be done, and do nothing"),
	OPT_END,
};
#undef S

static int bad(const char *option, const char *value, const char *expected, struct lc_error *e)
{
	return lc_err(e, LC_EUSAGE, "sandbox: %s %s: expected %s", option, value, expected);
}

static int read_size(const char *option, const char *text, uint64_t *out, struct lc_error *e)
{
	int64_t n;

	if (!text)
		return 0;
	if (!quantity_bytes(text, &n) || n < 0)
		return bad(option, text, "a size such as 64M", e);
	*out = (uint64_t)n;
	return 0;
}

static int read_time(const char *option, const char *text, uint64_t *out, struct lc_error *e)
{
	if (text && (!quantity_ms(text, out) || !*out))
		return bad(option, text, "a time such as 10s", e);
	return 0;
}

/* "0.5" processors in thousandths. */
static int read_cpus(const char *text, uint64_t *out, struct lc_error *e)
{
	char *end;
	double n;

	if (!text)
		return 0;
	n = strtod(text, &end);
	if (*end || end == text || !(n >= 0.01 && n <= 8192))
		return bad("--cpus", text, "a number of processors such as 0.5", e);
	*out = (uint64_t)(n * 1000 + 0.5);
	return 0;
}

static int read_limits(const struct sandbox_args *args, struct lc_sandbox *how, struct lc_error *e)
{
	if (read_time("--wall", args->wall, &how->wall_ms, e) < 0 ||
	    read_time("--cpu-time", args->cpu_time, &how->cpu_ms, e) < 0 ||
	    read_size("--mem", args->memory, &how->memory, e) < 0 ||
	    read_size("--swap", args->swap, &how->swap, e) < 0 ||
	    read_size("--output", args->output, &how->output, e) < 0 ||
	    read_size("--fsize", args->fsize, &how->fsize, e) < 0 ||
	    read_size("--disk", args->disk, &how->disk, e) < 0 ||
	    read_cpus(args->cpus, &how->cpus, e) < 0)
		return -1;
	how->pids = args->pids;
	how->nofile = args->nofile;
	return 0;
}

static int read_uid(const struct sandbox_args *args, struct lc_sandbox *how, struct lc_error *e)
{
	char *end;
	unsigned long n;

	if (!args->uid)
		return 0;
	n = strtoul(args->uid, &end, 10);
	if (*end || end == args->uid || args->uid[0] == '-' || n >= UINT32_MAX)
		return bad("--uid", args->uid, "a number", e);
	how->has_uid = true;
	how->uid = (uint32_t)n;
	return 0;
}

/* "/x:64M" as the library has it: "/x:67108864". */
static int read_tmpfs(struct words *to, const struct words *from, struct lc_error *e)
{
	for (size_t i = 0; i < from->n; i++) {
		const char *colon = strrchr(from->v[i], ':');
		char *text = NULL;
		int64_t n = 0;

		if (colon && (!quantity_bytes(colon + 1, &n) || n <= 0))
			return bad("--tmpfs", from->v[i], "PATH or PATH:SIZE", e);
		if (!colon)
			text = strdup(from->v[i]);
		else if (asprintf(&text, "%.*s:%lld", (int)(colon - from->v[i]), from->v[i],
				  (long long)n) < 0)
			text = NULL;
		if (!text)
			return lc_err(e, LC_EINTERNAL, "out of memory");
		words_add(to, text);
	}
	return 0;
}

static void free_words(struct words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free((char *)w->v[i]);
	free(w->v);
}

static int print(int r, char *text)
{
	if (text)
		fputs(text, stdout);
	free(text);
	return r;
}

static int carry_out(struct cli *cli, const struct sandbox_args *args, struct lc_sandbox *how,
		     struct lc_error *e)
{
	struct lc_sandbox_result result = { .size = sizeof(result) };
	char *text = NULL;
	int r;

	if (args->print_bundle || args->explain) {
		r = args->explain ? lc_sandbox_explain(cli->lc, how, &text, e)
				  : lc_sandbox_config(cli->lc, how, &text, e);
		return print(r, text);
	}
	r = lc_sandbox_run(cli->lc, how, &result, e);
	if (result.changes && (args->yes || strcmp(args->changes, "apply") != 0))
		fputs(result.changes, stderr);
	free(result.changes);
	if (result.kept)
		fprintf(stderr, "kept: %s\n", result.kept);
	free(result.kept);
	free(result.report);
	return r < 0 ? -1 : result.status;
}

/* On the terminal, whatever the program's streams are. */
static bool ask(void *ctx, const char *list)
{
	FILE *tty = ctx;
	char answer[8];

	fprintf(tty, "%sApply these changes? [y/N] ", list);
	fflush(tty);
	return fgets(answer, sizeof(answer), tty) && (answer[0] == 'y' || answer[0] == 'Y');
}

static int prepare_changes(const struct sandbox_args *args, struct lc_sandbox *how, FILE **tty,
			   struct lc_error *e)
{
	how->changes = args->changes;
	if (!args->changes || strcmp(args->changes, "apply") != 0 || args->yes)
		return 0;
	*tty = fopen("/dev/tty", "r+e");
	if (!*tty)
		return lc_err(
			e, LC_EUSAGE,
			"sandbox: --changes apply: there is no terminal to ask on: give --yes");
	how->confirm = ask;
	how->confirm_ctx = *tty;
	return 0;
}

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	const struct sandbox_args *args = given;
	struct words tmpfs = { 0 };
	FILE *tty = NULL;
	struct lc_sandbox how = {
		.size = sizeof(how),
		.args = (const char *const *)words,
		.profile = args->profile,
		.root = args->sandbox_root,
		.overlay = args->overlay,
		.ro = args->ro.v,
		.rw = args->rw.v,
		.file = args->file.v,
		.hide = args->hide.v,
		.env = args->env.v,
		.net = args->net.v,
		.cpuset = args->cpuset,
		.hostname = args->hostname,
		.cwd = args->cwd,
		.seccomp = args->seccomp,
		.in = args->in,
		.out = args->out,
		.err = args->err,
		.strict = args->strict,
		.not_strict = args->no_strict,
		.report = args->report,
		.keep = args->keep,
		.deterministic = args->deterministic,
		.landlock = args->landlock,
		.degrade = args->degrade,
	};
	int r = read_tmpfs(&tmpfs, &args->tmpfs, e);

	how.tmpfs = tmpfs.v;
	if (r == 0)
		r = read_limits(args, &how, e);
	if (r == 0)
		r = read_uid(args, &how, e);
	if (r == 0)
		r = prepare_changes(args, &how, &tty, e);
	if (r == 0)
		r = carry_out(cli, args, &how, e);
	free_words(&tmpfs);
	if (tty)
		fclose(tty);
	return r;
}

const struct command cmd_sandbox = {
	.name = "sandbox",
	.usage = "[options] [--] CMD ARGS...",
	.summary = "run something that you do not trust",
	.about = "   CMD sees the host's files without its keys and tokens, can write to none of "
		 "them\n"
		 "   (what it writes is thrown away), has no network, no privileges and no way to\n"
		 "   reach other processes. Options give it more, or limit what it may use. The\n"
		 "   exit status is CMD's (128+n when signal n ended it); 126 and 127: it could "
		 "not\n"
		 "   be executed or was not found; 125: hull failed.\n",
	.options = sandbox_options,
	.args_size = sizeof(struct sandbox_args),
	.min_words = 1,
	.max_words = -1,
	.stop_at_word = true,
	.runs_program = true,
	.enters = true,
	.run = run,
};
