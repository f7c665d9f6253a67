/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Man pages and shell completion, from the tables of commands and options. */
#include "document.h"
#include "base/str.h"
#include <string.h>

/* @text with @escape in front of each of @special. */
static void put(const char *text, const char *special, const char *escape)
{
	for (; *text; text++) {
		if (strchr(special, *text))
			fputs(escape, stdout);
		putchar(*text);
	}
}

static bool takes_value(const struct option_def *o)
{
	return o->metavar != NULL;
}

static bool is_path(const struct option_def *o)
{
	return takes_value(o) && (!strcmp(o->metavar, "DIR") || !strcmp(o->metavar, "FILE") ||
				  !strcmp(o->metavar, "SOCKET"));
}

/* ---- man pages ---- */

static void put_scd(const char *text)
{
	put(text, "\\*_~#<>", "\\");
}

static void scd_options(const struct option_def *o)
{
	for (; o->name; o++) {
		if (!o->help)
			continue;
		if (o->letter)
			printf("*-%c*, ", o->letter);
		printf("*--%s*", o->name);
		if (takes_value(o)) {
			fputs(" _", stdout);
			put_scd(o->metavar);
			putchar('_');
		}
		fputs("\n\t", stdout);
		put_scd(o->help);
		fputs("\n\n", stdout);
	}
	fputs("*-h*, *--help*\n\tshow a short form of this page\n\n", stdout);
}

/* The usage may have several lines, the further ones with the program's name. */
static void scd_usage(const char *name, const char *usage)
{
	printf("*hull %s* ", name);
	for (; *usage; usage++) {
		char one[2] = { *usage, 0 };

		if (*usage == '\n') {
			fputs("\n\n", stdout);
			usage += strspn(usage + 1, " ");
		} else {
			put_scd(one);
		}
	}
	putchar('\n');
}

/* Texts for --help are indented by three blanks. */
static void scd_about(const char *about)
{
	while (*about) {
		size_t len = strcspn(about, "\n");
		char line[256];

		snprintf(line, sizeof(line), "%.*s", (int)len, about);
		put_scd(line + strspn(line, " "));
		putchar('\n');
		about += len + (about[len] == '\n');
	}
	putchar('\n');
}

static void scd_command(const struct command *c)
{
	printf("hull-%s(1)\n\n# NAME\n\nhull-%s - ", c->name, c->name);
	put_scd(c->summary);
	fputs("\n\n# SYNOPSIS\n\n", stdout);
	scd_usage(c->name, c->usage);
	if (c->about) {
		fputs("\n# DESCRIPTION\n\n", stdout);
		scd_about(c->about);
	}
	fputs("\n# OPTIONS\n\nThose of all commands stand before its name: see *hull*(1).\n\n",
	      stdout);
	scd_options(c->options);
}

static void scd_program(const struct tables *t)
{
	fputs("hull(1)\n\n# NAME\n\nhull - run OCI containers\n\n# SYNOPSIS\n\n"
	      "*hull* [global options] _COMMAND_ [options] [arguments]\n\n# COMMANDS\n\n",
	      stdout);
	for (size_t i = 0; i < t->n; i++) {
		printf("*hull-%s*(1)\n\t", t->commands[i]->name);
		put_scd(t->commands[i]->summary);
		fputs("\n\n", stdout);
	}
	fputs("# GLOBAL OPTIONS\n\n", stdout);
	scd_options(t->globals);
}

/* ---- bash ---- */

static void bash_words(const struct option_def *o)
{
	for (; o->name; o++)
		if (o->help)
			printf("--%s ", o->name);
	fputs("--help", stdout);
}

/* Options with a value, as a pattern: @path those whose value is a path, else the others. */
static void bash_values(const struct option_def *o, bool path)
{
	for (; o->name; o++) {
		if (!o->help || !takes_value(o) || is_path(o) != path)
			continue;
		printf("|--%s", o->name);
		if (o->letter)
			printf("|-%c", o->letter);
	}
}

static void bash_case(const char *name, const struct option_def *o)
{
	printf("\t%s)\n\t\twords='", name);
	bash_words(o);
	fputs("'\n\t\tcase $previous in\n\t\t''", stdout);
	bash_values(o, true);
	fputs(") COMPREPLY=($(compgen -f -- \"$current\")) && return ;;\n\t\t''", stdout);
	bash_values(o, false);
	fputs(") return ;;\n\t\tesac ;;\n", stdout);
}

static void bash_completion(const struct tables *t)
{
	fputs("# bash completion for hull\n_hull()\n{\n"
	      "\tlocal current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
	      "\tlocal command='' words='' commands='",
	      stdout);
	for (size_t i = 0; i < t->n; i++)
		printf("%s%s", i ? " " : "", t->commands[i]->name);
	fputs("' i\n\n\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	      "\t\tcase \" $commands \" in *\" ${COMP_WORDS[i]} \"*) command=${COMP_WORDS[i]}; "
	      "break ;; "
	      "esac\n\tdone\n\tcase $command in\n",
	      stdout);
	bash_case("''", t->globals);
	for (size_t i = 0; i < t->n; i++)
		bash_case(t->commands[i]->name, t->commands[i]->options);
	fputs("\tesac\n\tif [[ $current == -* ]]; then\n"
	      "\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
	      "\telif [[ -z $command ]]; then\n"
	      "\t\tCOMPREPLY=($(compgen -W \"$commands\" -- \"$current\"))\n"
	      "\telse\n"
	      "\t\tCOMPREPLY=($(compgen -W \"$(hull list -q 2>/dev/null)\" -- \"$current\"))\n"
	      "\tfi\n}\ncomplete -o filenames -F _hull hull\n",
	      stdout);
}

/* ---- zsh ---- */

/* Inside of '[...]' in single quotes. */
static void put_zsh(const char *text)
{
	for (; *text; text++) {
		char one[2] = { *text, 0 };

		if (*text == '\'')
			fputs("'\\''", stdout);
		else
			put(one, "[]:\\", "\\");
	}
}

static void zsh_options(const struct option_def *o, const char *indent)
{
	for (; o->name; o++) {
		if (!o->help)
			continue;
		printf("%s'*--%s[", indent, o->name);
		put_zsh(o->help);
		putchar(']');
		if (takes_value(o))
			printf(":%s:%s", o->metavar, is_path(o) ? "_files" : "");
		fputs("' \\\n", stdout);
	}
}

static void zsh_completion(const struct tables *t)
{
	fputs("#compdef hull\n_hull()\n{\n\tlocal state\n\tlocal -a commands\n\tcommands=(\n",
	      stdout);
	for (size_t i = 0; i < t->n; i++) {
		printf("\t\t'%s:", t->commands[i]->name);
		put_zsh(t->commands[i]->summary);
		fputs("'\n", stdout);
	}
	fputs("\t)\n\t_arguments -C \\\n", stdout);
	zsh_options(t->globals, "\t\t");
	fputs("\t\t'1:command:->command' '*::argument:->arguments'\n\tcase $state in\n"
	      "\tcommand) _describe command commands ;;\n\targuments)\n\t\tcase $words[1] in\n",
	      stdout);
	for (size_t i = 0; i < t->n; i++) {
		printf("\t\t%s) _arguments \\\n", t->commands[i]->name);
		zsh_options(t->commands[i]->options, "\t\t\t");
		fputs("\t\t\t'*:id:($(hull list -q 2>/dev/null))' ;;\n", stdout);
	}
	fputs("\t\tesac ;;\n\tesac\n}\n_hull \"$@\"\n", stdout);
}

/* ---- fish ---- */

static void fish_options(const struct option_def *o, const char *condition)
{
	for (; o->name; o++) {
		if (!o->help)
			continue;
		printf("complete -c hull -n '%s' -l %s", condition, o->name);
		if (o->letter)
			printf(" -s %c", o->letter);
		if (takes_value(o))
			fputs(is_path(o) ? " -r -F" : " -x", stdout);
		fputs(" -d '", stdout);
		put(o->help, "'\\", "\\");
		fputs("'\n", stdout);
	}
}

static void fish_completion(const struct tables *t)
{
	char condition[128];

	fputs("# fish completion for hull\ncomplete -c hull -f\n", stdout);
	fish_options(t->globals, "__fish_use_subcommand");
	for (size_t i = 0; i < t->n; i++) {
		printf("complete -c hull -n __fish_use_subcommand -a %s -d '",
		       t->commands[i]->name);
		put(t->commands[i]->summary, "'\\", "\\");
		fputs("'\n", stdout);
		snprintf(condition, sizeof(condition), "__fish_seen_subcommand_from %s",
			 t->commands[i]->name);
		printf("complete -c hull -n '%s' -a '(hull list -q 2>/dev/null)'\n", condition);
		fish_options(t->commands[i]->options, condition);
	}
}

int document_print(const struct tables *t, const char *format, const struct command *command,
		   struct lc_error *e)
{
	static const struct {
		const char *name;
		void (*print)(const struct tables *t);
	} formats[] = {
		{ "scd", scd_program },
		{ "bash", bash_completion },
		{ "zsh", zsh_completion },
		{ "fish", fish_completion },
	};

	if (command && !strcmp(format, "scd")) {
		scd_command(command);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (strcmp(formats[i].name, format) != 0)
			continue;
		formats[i].print(t);
		return 0;
	}
	return lc_err(e, LC_EUSAGE, "help: --format: expected scd, bash, zsh or fish, found \"%s\"",
		      format);
}
