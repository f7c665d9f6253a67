/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull run: create and start in one. */
#include "cli.h"
#include "quantity.h"
#include <unistd.h>
#include <stdlib.h>
#include <string.h>

struct run_args {
	const char *bundle, *config, *isolation, *console_socket, *pidfd_socket, *pid_file;
	bool no_pivot, no_new_keyring;
	uint32_t preserve_fds;
	const char *rootfs, *exit_report, *time_limit;
	bool detach, keep;
};

static const struct option_def run_options[] = {
	OPT_STRING(struct run_args, rootfs, "rootfs", 0, "DIR",
		   "run CMD in this root file system, without a bundle or config.json"),
	OPT_FLAG(struct run_args, detach, "detach", 'd', "return when the program runs"),
	OPT_FLAG(struct run_args, keep, "keep", 0, "keep the stopped container until `delete`"),
	OPT_STRING(struct run_args, exit_report, "exit-report", 0, "FILE|fd:N",
		   "write there, as JSON, why the container ended and what it used"),
	OPT_STRING(struct run_args, time_limit, "time-limit", 0, "TIME",
		   "kill the container after that time: 90, 1m30s, 500ms"),
	OPT_STRING(struct run_args, bundle, "bundle", 'b', "DIR",
		   "directory of the bundle (default: .)"),
	OPT_STRING(struct run_args, config, "config", 'f', "FILE",
		   "read this instead of the bundle's config.json"),
	OPT_STRING(struct run_args, isolation, "isolation", 0, "container|vm",
		   "what the container is made of (default: what config.json says)"),
	OPT_STRING(struct run_args, console_socket, "console-socket", 0, "SOCKET",
		   "unix socket that is sent the terminal's master"),
	OPT_STRING(struct run_args, pidfd_socket, "pidfd-socket", 0, "SOCKET",
		   "unix socket that is sent a pidfd of the container's first process"),
	OPT_STRING(struct run_args, pid_file, "pid-file", 0, "FILE",
		   "write the first process' pid there"),
	OPT_FLAG(struct run_args, no_pivot, "no-pivot", 0,
		 "move the root instead of pivot_root (root file systems on a ramdisk)"),
	OPT_FLAG(struct run_args, no_new_keyring, "no-new-keyring", 0,
		 "keep the caller's session keyring"),
	OPT_U32(struct run_args, preserve_fds, "preserve-fds", 0, "N",
		"pass descriptors 3 to 3+N-1 on"),
	OPT_IGNORED("no-subreaper"),
	OPT_END,
};

/* An id for a container whose user does not care: "hull-" and the caller's pid in the name of the
 * program that is run. */
static const char *own_id(void)
{
	static char id[32];

	snprintf(id, sizeof(id), "hull-%d", (int)getpid());
	return id;
}

/* run [options] ID, or run --rootfs DIR [ID] [--] CMD...: an id stands before "--" only. */
static int words_of_rootfs(char **words, const char **id, char ***cmd, struct lc_error *e)
{
	*id = own_id();
	*cmd = words;
	if (words[0] && words[1] && !strcmp(words[1], "--")) {
		*id = words[0];
		*cmd = words + 2;
	}
	if (!**cmd)
		return lc_err(e, LC_EUSAGE,
			      "run --rootfs: which command? (run --rootfs DIR -- CMD ARGS...)");
	return 0;
}

static int read_time_limit(const struct run_args *args, uint64_t *ms, struct lc_error *e)
{
	if (!quantity_ms(args->time_limit, ms) || !*ms)
		return lc_err(
			e, LC_EUSAGE,
			"--time-limit: expected a time such as 90, 1m30s or 500ms, found \"%s\"",
			args->time_limit);
	if (args->detach)
		return lc_err(e, LC_EUSAGE,
			      "--time-limit: nobody waits for a container in the background");
	return 0;
}

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	const struct run_args *args = given;
	struct lc_create how = {
		.size = sizeof(how),
		.bundle = args->bundle,
		.config = args->config,
		.isolation = isolation_of(cli, args->isolation),
		.console_socket = args->console_socket,
		.pidfd_socket = args->pidfd_socket,
		.pid_file = args->pid_file,
		.no_pivot = args->no_pivot,
		.no_new_keyring = args->no_new_keyring,
		.preserve_fds = args->preserve_fds,
		.detach = args->detach,
		.keep = args->keep,
		.exit_report = args->exit_report,
	};
	const char *id = words[0];
	char **cmd, *config = NULL;
	int status = 0, r;

	if (args->time_limit && read_time_limit(args, &how.time_limit_ms, e) < 0)
		return -1;
	if (args->rootfs) {
		if (args->bundle || args->config)
			return lc_err(e, LC_EUSAGE,
				      "run: --rootfs goes without --bundle and --config");
		if (words_of_rootfs(words, &id, &cmd, e) < 0 ||
		    lc_spec(cli->lc, false, args->rootfs, (const char *const *)cmd, &config, e) < 0)
			return -1;
		how.config_text = config;
	} else if (!id || words[1]) {
		return lc_err(e, LC_EUSAGE,
			      "run: expected one ID (or --rootfs DIR -- CMD ARGS...)");
	}
	r = lc_run(cli->lc, id, &how, &status, e);
	free(config);
	return r < 0 ? -1 : status;
}

const struct command cmd_run = {
	.name = "run",
	.usage = "[options] ID\n   hull run --rootfs DIR [options] [ID] -- CMD ARGS...",
	.summary = "create a container and start it",
	.about = "   In the foreground the exit status is the program's (128+n when signal n "
		 "killed it);\n"
		 "   126 and 127: it could not be executed or was not found; 125: hull failed.\n",
	.options = run_options,
	.args_size = sizeof(struct run_args),
	.min_words = 0,
	.max_words = -1,
	.stop_at_word = true,
	.runs_program = true,
	.enters = true,
	.run = run,
};
