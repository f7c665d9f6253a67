/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull create: make a container and leave it waiting for start. */
#include "cli.h"

struct create_args {
	const char *bundle, *config, *isolation, *console_socket, *pidfd_socket, *pid_file;
	bool no_pivot, no_new_keyring;
	uint32_t preserve_fds;
};

static const struct option_def create_options[] = {
	OPT_STRING(struct create_args, bundle, "bundle", 'b', "DIR",
		   "directory of the bundle (default: .)"),
	OPT_STRING(struct create_args, config, "config", 'f', "FILE",
		   "read this instead of the bundle's config.json"),
	OPT_STRING(struct create_args, isolation, "isolation", 0, "container|vm",
		   "what the container is made of (default: what config.json says)"),
	OPT_STRING(struct create_args, console_socket, "console-socket", 0, "SOCKET",
		   "unix socket that is sent the terminal's master"),
	OPT_STRING(struct create_args, pidfd_socket, "pidfd-socket", 0, "SOCKET",
		   "unix socket that is sent a pidfd of the container's first process"),
	OPT_STRING(struct create_args, pid_file, "pid-file", 0, "FILE",
		   "write the first process' pid there"),
	OPT_FLAG(struct create_args, no_pivot, "no-pivot", 0,
		 "move the root instead of pivot_root (root file systems on a ramdisk)"),
	OPT_FLAG(struct create_args, no_new_keyring, "no-new-keyring", 0,
		 "keep the caller's session keyring"),
	OPT_U32(struct create_args, preserve_fds, "preserve-fds", 0, "N",
		"pass descriptors 3 to 3+N-1 on"),
	OPT_IGNORED("no-subreaper"),
	OPT_END,
};

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	const struct create_args *args = given;
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
	};

	return lc_create(cli->lc, words[0], &how, e);
}

const struct command cmd_create = {
	.name = "create",
	.usage = "[options] ID",
	.summary = "make a container; its program waits for `start`",
	.about = "   Everything in config.json is applied but process.args: namespaces, mounts, "
		 "limits\n"
		 "   and filters are in place when the command returns.\n",
	.options = create_options,
	.args_size = sizeof(struct create_args),
	.min_words = 1,
	.max_words = 1,
	.runs_program = true,
	.enters = true,
	.run = run,
};
