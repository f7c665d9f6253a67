/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull exec: run another program in a container. */
#include "cli.h"
#include "base/str.h"
#include <stdlib.h>
#include <string.h>

struct exec_args {
	const char *process, *cwd, *user, *apparmor, *process_label, *cgroup, *pid_file;
	const char *console_socket, *pidfd_socket;
	struct words env, caps, additional_gids;
	uint32_t preserve_fds;
	bool tty, detach, no_new_privs, ignore_paused;
};

static const struct option_def exec_options[] = {
	OPT_STRING(struct exec_args, process, "process", 'p', "FILE",
		   "take the program from this process.json (a path, or /dev/fd/N)"),
	OPT_FLAG(struct exec_args, tty, "tty", 't', "give it a terminal"),
	OPT_FLAG(struct exec_args, detach, "detach", 'd', "return when the program runs"),
	OPT_STRING(struct exec_args, cwd, "cwd", 0, "DIR", "working directory inside"),
	OPT_STRINGS(struct exec_args, env, "env", 'e', "NAME=VALUE",
		    "set a variable; may be repeated"),
	OPT_STRING(struct exec_args, user, "user", 'u', "UID[:GID]", "numbers only"),
	OPT_STRINGS(struct exec_args, additional_gids, "additional-gids", 'g', "GID",
		    "a further group; may be repeated"),
	OPT_STRINGS(struct exec_args, caps, "cap", 'c', "CAP", "add a capability; may be repeated"),
	OPT_FLAG(struct exec_args, no_new_privs, "no-new-privs", 0, "set no_new_privs"),
	OPT_STRING(struct exec_args, apparmor, "apparmor", 0, "PROFILE", "AppArmor profile"),
	OPT_STRING(struct exec_args, process_label, "process-label", 0, "LABEL", "SELinux label"),
	OPT_STRING(struct exec_args, cgroup, "cgroup", 0, "PATH", "join this sub-cgroup"),
	OPT_FLAG(struct exec_args, ignore_paused, "ignore-paused", 0,
		 "in a paused container: wait until it is resumed"),
	OPT_STRING(struct exec_args, pid_file, "pid-file", 0, "FILE",
		   "write the program's pid there"),
	OPT_STRING(struct exec_args, console_socket, "console-socket", 0, "SOCKET",
		   "unix socket that is sent the terminal's master"),
	OPT_STRING(struct exec_args, pidfd_socket, "pidfd-socket", 0, "SOCKET",
		   "unix socket that is sent a pidfd of the program"),
	OPT_U32(struct exec_args, preserve_fds, "preserve-fds", 0, "N",
		"pass descriptors 3 to 3+N-1 on"),
	OPT_END,
};

/* "-g 1 -g 2" and "-g 1,2" alike. */
static int parse_gids(const struct words *given, uint32_t *out, size_t max, size_t *n,
		      struct lc_error *e)
{
	for (size_t i = 0; i < given->n; i++) {
		for (const char *s = given->v[i]; *s;) {
			size_t len = strcspn(s, ",");
			char one[16];

			snprintf(one, sizeof(one), "%.*s", (int)len, s);
			if (len >= sizeof(one) || *n == max || !str_u32(one, &out[*n]))
				return lc_err(
					e, LC_EUSAGE,
					"exec: --additional-gids: expected a number, found \"%s\"",
					given->v[i]);
			++*n;
			s += len + (s[len] == ',');
		}
	}
	return 0;
}

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	const struct exec_args *args = given;
	uint32_t gids[64];
	size_t n_gids = 0;
	struct lc_exec how = {
		.size = sizeof(how),
		.process = args->process,
		.args = (const char *const *)(words + 1),
		.env = args->env.v,
		.cwd = args->cwd,
		.user = args->user,
		.caps = args->caps.v,
		.additional_gids = gids,
		.tty = args->tty,
		.detach = args->detach,
		.no_new_privs = args->no_new_privs,
		.ignore_paused = args->ignore_paused,
		.apparmor = args->apparmor,
		.process_label = args->process_label,
		.cgroup = args->cgroup,
		.pid_file = args->pid_file,
		.console_socket = args->console_socket,
		.pidfd_socket = args->pidfd_socket,
		.preserve_fds = args->preserve_fds,
	};
	int status = 0;

	if (words[1] && !strcmp(words[1], "--"))
		how.args++;
	if (args->process && *how.args)
		return lc_err(e, LC_EUSAGE, "exec: --process FILE goes without a command");
	if (!args->process && !*how.args)
		return lc_err(e, LC_EUSAGE,
			      "exec: which command? (exec ID CMD ARGS..., or --process FILE)");
	if (parse_gids(&args->additional_gids, gids, ARRAY_SIZE(gids), &n_gids, e) < 0)
		return -1;
	how.n_additional_gids = n_gids;
	if (lc_exec(cli->lc, words[0], &how, &status, e) < 0)
		return -1;
	return status;
}

const struct command cmd_exec = {
	.name = "exec",
	.usage = "[options] ID CMD [ARGS...]",
	.summary = "run another program in a container",
	.about = "   The exit status is the program's (128+n when signal n killed it); 126 and "
		 "127: it\n"
		 "   could not be executed or was not found; 125: hull failed.\n",
	.options = exec_options,
	.args_size = sizeof(struct exec_args),
	.min_words = 1,
	.max_words = -1,
	.stop_at_word = true,
	.runs_program = true,
	.enters = true,
	.run = run,
};
