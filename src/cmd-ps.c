/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull ps: the processes of a container. */
#include "cli.h"
#include <fcntl.h>
#include "base/own.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct ps_args {
	const char *format;
};

static const struct option_def ps_options[] = {
	OPT_STRING(struct ps_args, format, "format", 'f', "FORMAT", "table (default) or json"),
	OPT_END,
};

static void print_json(const pid_t *pids, size_t n)
{
	printf("[");
	for (size_t i = 0; i < n; i++)
		printf("%s%d", i ? "," : "", (int)pids[i]);
	printf("]\n");
}

static bool is_ours(long pid, const pid_t *pids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/* Number in the blank-separated column @column of @line; -1: none there. */
static long number_in_column(const char *line, int column)
{
	for (; column >= 0; column--) {
		line += strspn(line, " ");
		if (!column)
			break;
		line += strcspn(line, " \n");
	}
	return *line >= '0' && *line <= '9' ? strtol(line, NULL, 10) : -1;
}

static int column_of_pid(const char *header)
{
	for (int column = 0; *header; column++) {
		size_t len;

		header += strspn(header, " ");
		len = strcspn(header, " \n");
		if (len == 3 && !strncmp(header, "PID", 3))
			return column;
		header += len + (header[len] == '\n');
	}
	return -1;
}

/* Lines of the host's ps(1) whose PID is one of @pids, below its own header. */
static int filter(FILE *from, const pid_t *pids, size_t n, struct lc_error *e)
{
	auto_free char *line = NULL;
	size_t size = 0;
	int column;

	if (getline(&line, &size, from) < 0)
		return lc_err(e, LC_ESYSTEM, "ps: the host's ps printed nothing");
	column = column_of_pid(line);
	if (column < 0)
		return lc_err(e, LC_EUSAGE, "ps: the chosen columns lack PID");
	fputs(line, stdout);
	while (getline(&line, &size, from) >= 0)
		if (is_ours(number_in_column(line, column), pids, n))
			fputs(line, stdout);
	return 0;
}

static int print_table(char **words, const pid_t *pids, size_t n, struct lc_error *e)
{
	const char *argv[64] = { "ps", "-ef" };
	int pipe_fds[2], status;
	FILE *from;
	pid_t pid;
	size_t i;

	for (i = 0; words[i] && i + 2 < ARRAY_SIZE(argv); i++)
		argv[i + 1] = words[i];
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return lc_err_errno(e, "ps: pipe");
	pid = fork();
	if (pid < 0)
		return lc_err_errno(e, "ps: fork");
	if (!pid) {
		dup2(pipe_fds[1], STDOUT_FILENO);
		execvp("ps", (char *const *)argv);
		_exit(127);
	}
	close(pipe_fds[1]);
	from = fdopen(pipe_fds[0], "re");
	status = from ? filter(from, pids, n, e) : lc_err_errno(e, "ps: fdopen");
	if (from)
		fclose(from);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return status;
}

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	const struct ps_args *args = given;
	bool json = args->format && !strcmp(args->format, "json");
	auto_free pid_t *pids = NULL;
	size_t n = 0;

	if (args->format && !json && strcmp(args->format, "table") != 0)
		return lc_err(e, LC_EUSAGE, "ps: --format: expected table or json, found \"%s\"",
			      args->format);
	if (lc_pids(cli->lc, words[0], &pids, &n, e) < 0)
		return -1;
	if (json) {
		print_json(pids, n);
		return 0;
	}
	return print_table(words + 1, pids, n, e);
}

const struct command cmd_ps = {
	.name = "ps",
	.usage = "[options] ID [PS-OPTIONS...]",
	.summary = "list the processes of a container",
	.about = "   The table is that of the host's ps(1), whose options may follow (default: "
		 "-ef).\n",
	.options = ps_options,
	.args_size = sizeof(struct ps_args),
	.min_words = 1,
	.max_words = -1,
	.stop_at_word = true,
	.run = run,
};
