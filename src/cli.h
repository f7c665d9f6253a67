/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line: a table of commands (main.c), each a file cmd-NAME.c with its option table and
 * a function that calls the public API. Nothing here makes system calls of its own.
 */
#ifndef HULL_CLI_H
#define HULL_CLI_H

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "libcontainer.h"
#include "options.h"
#include <stdnoreturn.h>

/* Exit statuses of hull's own failures, where they can be mistaken for the program's. */
enum { EXIT_HULL = 125, EXIT_NOEXEC = 126, EXIT_NOENT = 127 };

struct globals {
	const char *root, *log, *log_format, *log_level, *cgroup_manager, *rootless, *timeout;
	bool debug, systemd_cgroup, version;
};

/* What no option says; NULL: hull.conf does not either. */
struct conf {
	const char *isolation, *vm_kernel, *vm_annotations, *vm_template;
};

struct cli {
	const char *name; /* basename of argv[0]: hull, or runc, crun, krun, hull-vm */
	const struct command *command;
	struct globals globals;
	struct lc *lc;
	const struct lc_log *log;
	struct conf conf;
	struct arena arena; /* what lives until the end */
};

struct command {
	const char *name;
	const char *usage; /* "[options] ID" */
	const char *summary; /* one line */
	const char *about; /* more paragraphs for --help, may be NULL */
	const struct option_def *options;
	size_t args_size;
	int min_words, max_words; /* words after the options; max < 0: any number */
	bool stop_at_word; /* options of a program follow */
	bool runs_program; /* 125, 126, 127 tell hull's failures from the program's */
	bool enters; /* code runs in the container: hull's own binary is protected first */
	/* @words: NULL-terminated. Returns the exit status, or -1 with @e. */
	int (*run)(struct cli *cli, const void *args, char **words, struct lc_error *e);
};

extern const struct command cmd_check, cmd_checkpoint, cmd_create, cmd_delete, cmd_events, cmd_exec,
	cmd_features, cmd_kill, cmd_list, cmd_mounts, cmd_pause, cmd_plan, cmd_ps, cmd_restore,
	cmd_resume, cmd_run, cmd_sandbox, cmd_setup, cmd_spec, cmd_start, cmd_state, cmd_stats,
	cmd_update, cmd_validate, cmd_vm;

/* Calls @act for each container whose id has a match of the POSIX extended regular expression
 * @text; goes on after a failure, the first of which ends up in @e. */
int for_matching(struct cli *cli, const char *text,
		 int (*act)(struct cli *cli, const struct lc_state *c, const void *how,
			    struct lc_error *e),
		 const void *how, struct lc_error *e);

/* What --isolation said, else what the name by which hull was called says, else hull.conf; NULL:
 * none of them, or only that it need not be a virtual machine. */
const char *isolation_of(const struct cli *cli, const char *given);

/* Signal number of "9", "KILL", "SIGKILL" or "kill"; -1: none such. */
int signal_number(const char *name);

/* log.c: the sink that --log, --log-format, --log-level and --debug ask for. */
int log_open(const struct globals *g, const char *ident, struct lc_error *e);
const struct lc_log *log_sink(void);
/* Ends the log: on success (@e NULL) the buffered warnings are written, else the one error. */
void log_finish(const struct lc_error *e, const char *hint);

/* What may help with @e, or NULL. */
const char *hint_for(const struct lc_error *e);

#endif
