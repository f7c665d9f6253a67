/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull kill: send a signal to a container. */
#include "cli.h"
#include "base/str.h"
#include <signal.h>
#include <string.h>
#include <strings.h>

struct kill_args {
	bool all, regex;
};

struct kill_how {
	int signal;
	bool all;
};

static const struct option_def kill_options[] = {
	OPT_FLAG(struct kill_args, all, "all", 'a', "signal every process of the container"),
	OPT_FLAG(struct kill_args, regex, "regex", 'r',
		 "ID is a regular expression: signal all running containers that match"),
	OPT_END,
};

static const struct {
	const char *name;
	int number;
} names[] = {
	{ "HUP", SIGHUP },	 { "INT", SIGINT },	  { "QUIT", SIGQUIT },
	{ "ILL", SIGILL },	 { "TRAP", SIGTRAP },	  { "ABRT", SIGABRT },
	{ "IOT", SIGIOT },	 { "BUS", SIGBUS },	  { "FPE", SIGFPE },
	{ "KILL", SIGKILL },	 { "USR1", SIGUSR1 },	  { "SEGV", SIGSEGV },
	{ "USR2", SIGUSR2 },	 { "PIPE", SIGPIPE },	  { "ALRM", SIGALRM },
	{ "TERM", SIGTERM },	 { "STKFLT", SIGSTKFLT }, { "CHLD", SIGCHLD },
	{ "CLD", SIGCHLD },	 { "CONT", SIGCONT },	  { "STOP", SIGSTOP },
	{ "TSTP", SIGTSTP },	 { "TTIN", SIGTTIN },	  { "TTOU", SIGTTOU },
	{ "URG", SIGURG },	 { "XCPU", SIGXCPU },	  { "XFSZ", SIGXFSZ },
	{ "VTALRM", SIGVTALRM }, { "PROF", SIGPROF },	  { "WINCH", SIGWINCH },
	{ "IO", SIGIO },	 { "POLL", SIGPOLL },	  { "PWR", SIGPWR },
	{ "SYS", SIGSYS },
};

/* RTMIN, RTMIN+3, RTMAX, RTMAX-2; the first two real-time signals are libc's own, so SIGRTMIN
 * is 34. */
static int real_time_signal(const char *name)
{
	bool max = !strncasecmp(name, "RTMAX", 5);
	int base = max ? SIGRTMAX : SIGRTMIN;
	uint32_t offset = 0;

	if (!max && strncasecmp(name, "RTMIN", 5) != 0)
		return -1;
	name += 5;
	if (*name && (*name != (max ? '-' : '+') || !str_u32(name + 1, &offset) || offset > 30))
		return -1;
	return max ? base - (int)offset : base + (int)offset;
}

int signal_number(const char *name)
{
	uint32_t n;

	if (str_u32(name, &n))
		return n <= 64 ? (int)n : -1;
	if (!strncasecmp(name, "SIG", 3))
		name += 3;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcasecmp(names[i].name, name))
			return names[i].number;
	return real_time_signal(name);
}

/* Those that have stopped, also while we look, are none that could be meant. */
static int kill_one(struct cli *cli, const struct lc_state *c, const void *given,
		    struct lc_error *e)
{
	const struct kill_how *how = given;

	if (!strcmp(c->status, "stopped") || lc_kill(cli->lc, c->id, how->signal, how->all, e) == 0)
		return 0;
	return e->code == LC_ENOTFOUND || e->code == LC_ESTATE ? 0 : -1;
}

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	const struct kill_args *args = given;
	const char *name = words[1] ? words[1] : "TERM";
	struct kill_how how = { signal_number(name[0] == '-' ? name + 1 : name), args->all };

	if (how.signal < 0)
		return lc_err(e, LC_EUSAGE, "kill: unknown signal \"%s\"", name);
	if (args->regex)
		return for_matching(cli, words[0], kill_one, &how, e);
	return lc_kill(cli->lc, words[0], how.signal, how.all, e);
}

const struct command cmd_kill = {
	.name = "kill",
	.usage = "[options] ID [SIGNAL]",
	.summary = "send a signal to the first process of a container",
	.about = "   SIGNAL is a number or a name, with or without SIG (default: TERM).\n",
	.options = kill_options,
	.args_size = sizeof(struct kill_args),
	.min_words = 1,
	.max_words = 2,
	.stop_at_word = true,
	.run = run,
};
