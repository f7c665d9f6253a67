/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull mounts: add mounts to a living container, or take them away. */
#include "cli.h"
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include <fcntl.h>
#include <string.h>

enum { MOUNTS_MAX = 4 << 20 };

static const struct option_def mounts_options[] = {
	OPT_END,
};

/* "-" is descriptor 0 itself. */
static int read_mounts(const char *path, struct arena *a, char **text, struct lc_error *e)
{
	size_t len;
	int r = strcmp(path, "-") != 0 ? file_read_at(AT_FDCWD, path, a, MOUNTS_MAX, text, &len, e)
				       : file_read_fd(0, a, MOUNTS_MAX, text, &len, e);

	if (r < 0)
		return lc_err_in(e, "mounts: %s", path);
	if (strlen(*text) != len)
		return lc_err(e, LC_ECONFIG, "mounts: %s: a NUL in the text", path);
	return 0;
}

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	bool add = str_eq(words[0], "add");
	auto_arena a = { 0 };
	char *text;

	(void)given;
	if (!add && !str_eq(words[0], "remove"))
		return lc_err(e, LC_EUSAGE, "mounts: expected add or remove, found \"%s\"",
			      words[0]);
	if (read_mounts(words[2], &a, &text, e) < 0)
		return -1;
	return add ? lc_mounts_add(cli->lc, words[1], text, e)
		   : lc_mounts_remove(cli->lc, words[1], text, e);
}

const struct command cmd_mounts = {
	.name = "mounts",
	.usage = "add|remove ID FILE",
	.summary = "mount into a living container, or unmount",
	.about =
		"   FILE holds mounts as config.json does, as an array or as an object with the\n"
		"   member mounts; -: standard input.  They are added in their order, and removed\n"
		"   by their destinations in the opposite one.  Sources are the host's.\n",
	.options = mounts_options,
	.min_words = 3,
	.max_words = 3,
	.run = run,
};
