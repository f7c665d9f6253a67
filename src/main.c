/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line: global options, the table of commands, help, version and exit statuses. */
#include "config.h"
#include "cli.h"
#include "base/own.h"
#include "base/pages.h"
#include "base/str.h"
#include "commit.h"
#include "conf.h"
#include "document.h"
#include "quantity.h"
#include "stdout.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MAX_MS 1000000000 /* as poll(2) counts */

static const struct command *const commands[] = {
	&cmd_check, &cmd_checkpoint, &cmd_create, &cmd_delete,	 &cmd_events,
	&cmd_exec,  &cmd_features,   &cmd_kill,	  &cmd_list,	 &cmd_mounts,
	&cmd_pause, &cmd_plan,	     &cmd_ps,	  &cmd_restore,	 &cmd_resume,
	&cmd_run,   &cmd_sandbox,    &cmd_setup,  &cmd_spec,	 &cmd_start,
	&cmd_state, &cmd_stats,	     &cmd_update, &cmd_validate, &cmd_vm,
};

static const struct option_def global_options[] = {
	OPT_STRING(struct globals, root, "root", 0, "DIR",
		   "directory of container states (default: /run/hull; as an ordinary user "
		   "$XDG_RUNTIME_DIR/hull, else /run/user/UID/hull or /tmp/hull-UID)"),
	OPT_STRING(struct globals, log, "log", 0, "FILE",
		   "write the log there instead of stderr: a file, journald:IDENT or syslog:IDENT"),
	OPT_STRING(struct globals, log_format, "log-format", 0, "FORMAT", "text (default) or json"),
	OPT_STRING(struct globals, log_level, "log-level", 0, "LEVEL",
		   "error, warning (default) or debug"),
	OPT_FLAG(struct globals, debug, "debug", 0, "log each step, with the time it took"),
	OPT_STRING(struct globals, cgroup_manager, "cgroup-manager", 0, "MANAGER",
		   "cgroupfs (default), systemd or disabled"),
	OPT_FLAG(struct globals, systemd_cgroup, "systemd-cgroup", 0,
		 "same as --cgroup-manager=systemd"),
	OPT_STRING(struct globals, rootless, "rootless", 0, "WHEN",
		   "true, false or auto (default)"),
	OPT_STRING(struct globals, timeout, "timeout", 0, "TIME",
		   "how long a step may take that others can hold up, such as a hook, a mount, "
		   "systemd, the freezer, what has been killed or another command's lock: 30, "
		   "500ms (default: 10m; 30s for systemd, 10s for the freezer and what has been "
		   "killed, 5s for the lock)"),
	OPT_FLAG(struct globals, version, "version", 'v', "print the version"),
	OPT_FLAG(struct globals, version, "version", 'V', NULL),
	OPT_END,
};

static void print_version(const struct cli *cli)
{
	printf("%s version %s\ncommit: %s\nspec: 1.3.0\n", cli->name, PACKAGE_VERSION, HULL_COMMIT);
}

static void print_help(const struct cli *cli)
{
	printf("NAME:\n   %s - run OCI containers\n\nUSAGE:\n   %s [global options] COMMAND "
	       "[options] "
	       "[arguments]\n\nCOMMANDS:\n",
	       cli->name, cli->name);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		printf("   %-12s %s\n", commands[i]->name, commands[i]->summary);
	printf("\nGLOBAL OPTIONS:\n");
	options_print(stdout, global_options);
	printf("\nA first container, from an unpacked root filesystem:\n"
	       "   %s run --rootfs DIR -- /bin/sh\n\n"
	       "`%s COMMAND --help` tells more.\n",
	       cli->name, cli->name);
}

static void print_command_help(const struct cli *cli, const struct command *c)
{
	printf("NAME:\n   %s %s - %s\n\nUSAGE:\n   %s %s %s\n", cli->name, c->name, c->summary,
	       cli->name, c->name, c->usage);
	if (c->about)
		printf("\nDESCRIPTION:\n%s", c->about);
	printf("\nOPTIONS:\n");
	options_print(stdout, c->options);
}

static const struct command *command_by_name(const char *name)
{
	if (!strcmp(name, "explain"))
		return &cmd_plan;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

static int unknown_command(const char *name, struct lc_error *e)
{
	struct str_nearest best = STR_NEAREST;

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		str_nearest_try(&best, commands[i]->name, name);
	if (best.name)
		return lc_err(e, LC_EUSAGE, "No help topic for '%s'; did you mean '%s'?", name,
			      best.name);
	return lc_err(e, LC_EUSAGE, "No help topic for '%s'", name);
}

const char *isolation_of(const struct cli *cli, const char *given)
{
	bool is_vm = !strcmp(cli->name, "krun") || !strcmp(cli->name, "hull-vm");

	if (given)
		return given;
	return is_vm || (cli->conf.isolation && !strcmp(cli->conf.isolation, "vm")) ? "vm" : NULL;
}

/* runc's own statuses where engines know hull under that name; else those of shells and engines. */
static int failure_status(const struct cli *cli, const struct lc_error *e)
{
	if (!cli->command || !cli->command->runs_program)
		return 1;
	if (!strcmp(cli->name, "runc"))
		return cli->command == &cmd_exec ? 255 : 1;
	if (e->code == LC_ENOEXEC)
		return EXIT_NOEXEC;
	if (e->code == LC_ENOENT)
		return EXIT_NOENT;
	return EXIT_HULL;
}

static int read_timeout(const char *text, uint32_t *out, struct lc_error *e)
{
	uint64_t ms;

	if (!quantity_ms(text, &ms) || !ms || ms > TIMEOUT_MAX_MS)
		return lc_err(e, LC_EUSAGE,
			      "--timeout: expected a time such as 30, 2m or 500ms, found \"%s\"",
			      text);
	*out = (uint32_t)ms;
	return 0;
}

static int open_library(struct cli *cli, struct lc_error *e)
{
	const struct globals *g = &cli->globals;
	struct lc_host host = { .size = sizeof(host), .root = g->root, .rootless = g->rootless };

	if (g->timeout && read_timeout(g->timeout, &host.timeout_ms, e) < 0)
		return -1;
	host.cgroup_manager = g->systemd_cgroup ? "systemd" : g->cgroup_manager;
	host.vm_kernel = cli->conf.vm_kernel;
	host.vm_annotations = cli->conf.vm_annotations;
	host.vm_template = cli->conf.vm_template;
	host.log = log_sink();
	host.may_thread = true;
	host.brief = true;
	cli->log = host.log;
	return lc_open(&host, &cli->lc, e);
}

static int parse_and_run(struct cli *cli, int argc, char **argv, void *args, struct lc_error *e)
{
	const struct command *c = cli->command;
	bool help = false;
	int first = options_parse(c->options, argc, argv, c->stop_at_word, args, &help, e);
	int n = argc - first;

	if (first < 0)
		return lc_err_in(e, "%s", c->name);
	if (help) {
		print_command_help(cli, c);
		return 0;
	}
	if (n < c->min_words || (c->max_words >= 0 && n > c->max_words))
		return lc_err(e, LC_EUSAGE, "%s: %s: usage: %s %s %s", c->name,
			      n < c->min_words ? "too few arguments" : "too many arguments",
			      cli->name, c->name, c->usage);
	if (open_library(cli, e) < 0)
		return -1;
	return c->run(cli, args, argv + first, e);
}

static int run_command(struct cli *cli, int argc, char **argv, struct lc_error *e)
{
	auto_arena a = { 0 };
	void *args = arena_alloc(&a, cli->command->args_size + 1);
	int status;

	status = parse_and_run(cli, argc, argv, args, e);
	options_release(cli->command->options, args);
	return status;
}

/* help --format FORMAT [COMMAND]: for the build (document.h). */
static int print_document(char **words, struct lc_error *e)
{
	const struct tables tables = { commands, ARRAY_SIZE(commands), global_options };
	const struct command *c = words[2] ? command_by_name(words[2]) : NULL;

	if (!words[1])
		return lc_err(e, LC_EUSAGE, "help: option --format requires an argument");
	if (words[2] && !c)
		return unknown_command(words[2], e);
	return document_print(&tables, words[1], c, e);
}

static int dispatch(struct cli *cli, int argc, char **argv, struct lc_error *e)
{
	bool help = false;
	int first = options_parse(global_options, argc, argv, true, &cli->globals, &help, e);

	if (first < 0)
		return -1;
	if (cli->globals.version) {
		print_version(cli);
		return 0;
	}
	if (argv[first] && !strcmp(argv[first], "help") && argv[first + 1] &&
	    !strcmp(argv[first + 1], "--format"))
		return print_document(argv + first + 1, e);
	if (!argv[first] || (help && !command_by_name(argv[first])) ||
	    !strcmp(argv[first], "help")) {
		if (argv[first] && !strcmp(argv[first], "help") && argv[first + 1]) {
			cli->command = command_by_name(argv[first + 1]);
			if (!cli->command)
				return unknown_command(argv[first + 1], e);
			print_command_help(cli, cli->command);
			return 0;
		}
		if (argv[first] && help)
			return unknown_command(argv[first], e);
		print_help(cli);
		return 0;
	}
	cli->command = command_by_name(argv[first]);
	if (conf_apply(&cli->arena, &cli->globals, &cli->conf, e) < 0)
		return -1;
	if (log_open(&cli->globals, cli->name, e) < 0)
		return -1;
	if (!cli->command)
		return unknown_command(argv[first], e);
	return run_command(cli, argc - first, argv + first, e);
}

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path ? path : "hull";
}

/* Does the command run code in a container? Decided before anything else is parsed or opened, so
 * that hull's own binary is out of reach from the first moment on (CVE-2019-5736). */
static bool enters_container(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const struct command *c = command_by_name(argv[i]);

		if (c && c->enters)
			return true;
	}
	return false;
}

extern const char __executable_start[], etext[]; /* the linker's */

/* Of a command that does nearly all there is: its code, and the stack that it will use. */
static void make_pages(void)
{
	enum { STACK = 24 << 10 };
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	pages_map(__executable_start, (size_t)(etext - __executable_start));
	pages_make((void *)(here - STACK), STACK);
}

int main(int argc, char **argv)
{
	struct cli cli = { .name = base_name(argv[0]) };
	struct lc_error e = { 0 };
	int status;

	if (enters_container(argc, argv)) {
		if (lc_protect(argv, &e) < 0) {
			log_finish(&e, NULL);
			return EXIT_HULL;
		}
		make_pages();
	}
	/* Ignored by the caller, it would hide how hooks and programs end. */
	signal(SIGCHLD, SIG_DFL);
	status = dispatch(&cli, argc, argv, &e);
	if (status < 0) {
		log_finish(&e, hint_for(&e));
		status = failure_status(&cli, &e);
	} else {
		log_finish(NULL, NULL);
	}
	if (stdout_flush() < 0 && !status) {
		lc_err_errno(&e, "write to stdout");
		log_finish(&e, NULL);
		status = 1;
	}
	lc_close(cli.lc);
	arena_free(&cli.arena);
	return status;
}
