/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull spec: write a config.json to start from. */
#include "cli.h"
#include "base/file.h"
#include "base/own.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

struct spec_args {
	const char *bundle, *file;
	bool rootless;
};

static const struct option_def spec_options[] = {
	OPT_STRING(struct spec_args, bundle, "bundle", 'b', "DIR",
		   "directory to write to (default: .)"),
	OPT_STRING(struct spec_args, file, "file", 'f', "FILE",
		   "name of the file (default: config.json)"),
	OPT_FLAG(struct spec_args, rootless, "rootless", 0,
		 "for an ordinary user: with a user namespace"),
	OPT_END,
};

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	const struct spec_args *args = given;
	const char *name = args->file ? args->file : "config.json";
	auto_fd dir = -1, file = -1;
	auto_free char *json = NULL;

	(void)words;
	if (lc_spec(cli->lc, args->rootless, NULL, NULL, &json, e) < 0)
		return -1;
	dir = openat(AT_FDCWD, args->bundle ? args->bundle : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return lc_err_errno(e, "open %s", args->bundle);
	file = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (file < 0)
		return lc_err_errno(e, "%s: not written", name);
	if (fd_write_all(file, json, strlen(json)) < 0)
		return lc_err_errno(e, "write %s", name);
	return 0;
}

const struct command cmd_spec = {
	.name = "spec",
	.usage = "[options]",
	.summary = "write a config.json to start from",
	.about = "   It runs a shell in the directory rootfs beside it, with hull's default "
		 "seccomp profile.\n",
	.options = spec_options,
	.args_size = sizeof(struct spec_args),
	.run = run,
};
