/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command lines, parsed by a table of options. */
#include "lc_test.h"
#include "src/options.h"

#include <string.h>

struct example {
	bool all, tty, force;
	const char *user, *pid_file;
	struct words env;
	uint32_t number;
};

static const struct option_def defs[] = {
	OPT_FLAG(struct example, all, "all", 'a', "everything"),
	OPT_FLAG(struct example, tty, "tty", 't', "a terminal"),
	OPT_FLAG(struct example, force, "force", 'f', "by force"),
	OPT_STRING(struct example, user, "user", 'u', "USER", "who"),
	OPT_STRING(struct example, pid_file, "pid-file", 0, "FILE", "where"),
	OPT_STRINGS(struct example, env, "env", 'e', "NAME=VALUE", "a variable"),
	OPT_U32(struct example, number, "number", 'n', "N", "how many"),
	OPT_IGNORED("no-subreaper"),
	OPT_IGNORED_VALUE("criu"),
	OPT_END,
};

/* What became of a line of words, as text. */
static const char *parsed(const char *line, bool stop_at_word)
{
	static char text[2560], copy[256];
	struct example x = { 0 };
	struct lc_error e = { 0 };
	char *argv[32] = { (char[]){ "hull" } }, *rest = NULL;
	bool help = false;
	int argc = 1, first;
	size_t n = 0;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *w = strtok_r(copy, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
		argv[argc++] = w;
	first = options_parse(defs, argc, argv, stop_at_word, &x, &help, &e);
	if (first < 0) {
		n = (size_t)snprintf(text, sizeof(text), "%s", e.msg);
	} else {
		n = (size_t)snprintf(text, sizeof(text), "%s%s%s%s", help ? "help " : "",
				     x.all ? "all " : "", x.tty ? "tty " : "",
				     x.force ? "force " : "");
		if (x.user)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "user:%s ", x.user);
		if (x.pid_file)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "pid:%s ", x.pid_file);
		for (size_t i = 0; i < x.env.n; i++)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "env:%s ", x.env.v[i]);
		if (x.number)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "n:%u ", x.number);
		n += (size_t)snprintf(text + n, sizeof(text) - n, "|");
		for (int i = first; i < argc && !help; i++)
			n += (size_t)snprintf(text + n, sizeof(text) - n, " %s", argv[i]);
	}
	options_release(defs, &x);
	return text;
}

TEST(options_and_words_may_be_mixed)
{
	static const char *const cases[][2] = {
		{ "", "|" },
		{ "id", "| id" },
		{ "--all id", "all | id" },
		{ "id -a KILL", "all | id KILL" },
		{ "one --user root two -t three", "tty user:root | one two three" },
		{ "id -- --all", "| id --all" },
		{ "-a -- -- id", "all | -- id" },
		{ "- -a", "all | -" },
		{ "id --pid-file -1", "pid:-1 | id" },
		{ "id --help more", "help |" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		CHECK_STR(parsed(cases[i][0], false), cases[i][1]);
}

TEST(a_word_ends_them_where_a_program_follows)
{
	CHECK_STR(parsed("-t id ls -a --user x", true), "tty | id ls -a --user x");
	CHECK_STR(parsed("-t -- -a", true), "tty | -a");
}

TEST(names_letters_and_values)
{
	static const char *const cases[][2] = {
		{ "--user=root", "user:root |" },
		{ "--user=", "user: |" },
		{ "-user root", "user:root |" },
		{ "-user=a=b", "user:a=b |" },
		{ "-u root", "user:root |" },
		{ "-u=root", "user:root |" },
		{ "-u1000:5", "user:1000:5 |" },
		{ "-ta", "all tty |" },
		{ "-tu 5", "tty user:5 |" },
		{ "-e A=1 --env B=2 -eC=3", "env:A=1 env:B=2 env:C=3 |" },
		{ "-no-subreaper --criu x -all", "all |" },
		{ "--forc", "force |" },
		{ "-forc", "force |" },
		{ "--pid x", "pid:x |" },
		{ "--tty --tty=false --all=true", "all |" },
		{ "--number 7", "n:7 |" },
		{ "-?", "help |" },
		{ "-h", "help |" },
		{ "-th", "help tty |" },
		{ "--usage", "help |" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		CHECK_STR(parsed(cases[i][0], false), cases[i][1]);
}

TEST(errors_name_what_was_written)
{
	static const char *const cases[][2] = {
		{ "-x", "unknown option -x" },
		{ "-frobnicate", "unknown option -frobnicate" },
		{ "--frobnicate=1", "unknown option --frobnicate" },
		{ "--usre root", "unknown option --usre; did you mean --user?" },
		{ "-usre=root", "user:sre=root |" },
		{ "--=x", "unknown option --" },
		{ "--n 1", "unknown option --n" }, /* of two */
		{ "--user", "option --user requires an argument" },
		{ "-u", "option --user requires an argument" },
		{ "--number x", "--number: expected a number, found \"x\"" },
		{ "--tty=maybe", "--tty: expected true or false, found \"maybe\"" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		CHECK_STR(parsed(cases[i][0], false), cases[i][1]);
}
