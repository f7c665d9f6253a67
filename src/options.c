/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Option tables: parsing by getopt_long, and the OPTIONS part of help pages. */
#include "options.h"
#include "base/str.h"
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define MAX_OPTIONS 64
#define HELP_COLUMN 30
#define HELP_WIDTH  80
#define FIRST_LONG  256 /* getopt values of options, beyond any letter */

void words_add(struct words *w, const char *s)
{
	const char **grown = realloc(w->v, (w->n + 2) * sizeof(*grown));

	if (!grown)
		abort();
	w->v = grown;
	w->v[w->n++] = s;
	w->v[w->n] = NULL;
}

void options_release(const struct option_def *defs, void *args)
{
	for (const struct option_def *def = defs; def->name; def++)
		if (def->kind == O_STRINGS)
			free(((struct words *)(void *)((char *)args + def->offset))->v);
}

static bool takes_value(const struct option_def *def)
{
	return def->kind != O_FLAG && def->kind != O_IGNORED;
}

static int store(const struct option_def *def, const char *value, void *args, struct lc_error *e)
{
	void *member = (char *)args + def->offset;

	switch (def->kind) {
	case O_FLAG:
		*(bool *)member = true;
		return 0;
	case O_STRING:
		*(const char **)member = value;
		return 0;
	case O_STRINGS:
		words_add(member, value);
		return 0;
	case O_U32:
		if (!str_u32(value, member))
			return lc_err(e, LC_EUSAGE, "--%s: expected a number, found \"%s\"",
				      def->name, value);
		return 0;
	case O_IGNORED:
	case O_IGNORED_VALUE:
	case O_END:
		return 0;
	}
	return 0;
}

static const char *nearest(const struct option_def *defs, const char *word)
{
	const char *best = NULL;
	unsigned least = 3;

	for (const struct option_def *def = defs; def->name; def++) {
		unsigned d = def->help ? str_distance(def->name, word) : 99;

		if (d < least) {
			least = d;
			best = def->name;
		}
	}
	return best;
}

static int unknown(const struct option_def *defs, char **argv, struct lc_error *e)
{
	const char *word = argv[optind - 1], *near;
	int len = (int)strcspn(word, "=");
	char name[64];

	if (optopt > 0 && optopt < FIRST_LONG && strncmp(word, "--", 2) != 0)
		return lc_err(e, LC_EUSAGE, "unknown option -%c", optopt);
	snprintf(name, sizeof(name), "%.*s", len - (int)strspn(word, "-"),
		 word + strspn(word, "-"));
	near = name[0] && name[1] ? nearest(defs, name) : NULL;
	if (near)
		return lc_err(e, LC_EUSAGE, "unknown option %.*s; did you mean --%s?", len, word,
			      near);
	return lc_err(e, LC_EUSAGE, "unknown option %.*s", len, word);
}

static int no_value(const struct option_def *defs, struct lc_error *e)
{
	for (const struct option_def *def = defs; def->name; def++)
		if (optopt == def->letter || optopt == FIRST_LONG + (int)(def - defs))
			return lc_err(e, LC_EUSAGE, "option --%s requires an argument", def->name);
	return lc_err(e, LC_EUSAGE, "option -%c requires an argument", optopt);
}

/* getopt's two forms of the table: letters, and long names whose value is FIRST_LONG + index. */
static void for_getopt(const struct option_def *defs, bool stop_at_word, char *letters,
		       struct option *longs)
{
	size_t n = 0;

	if (stop_at_word)
		*letters++ = '+';
	*letters++ = ':'; /* a missing value is told from an unknown option */
	*letters++ = 'h';
	for (; defs[n].name; n++) {
		longs[n] = (struct option){ defs[n].name,
					    takes_value(&defs[n]) ? required_argument : no_argument,
					    NULL, FIRST_LONG + (int)n };
		if (!defs[n].letter)
			continue;
		*letters++ = defs[n].letter;
		if (takes_value(&defs[n]))
			*letters++ = ':';
	}
	longs[n++] = (struct option){ "help", no_argument, NULL, 'h' };
	longs[n++] = (struct option){ "usage", no_argument, NULL, 'h' };
	longs[n] = (struct option){ 0 };
	*letters = '\0';
}

static const struct option_def *definition(const struct option_def *defs, int value)
{
	if (value >= FIRST_LONG)
		return &defs[value - FIRST_LONG];
	while (defs->name && defs->letter != value)
		defs++;
	return defs;
}

int options_parse(const struct option_def *defs, int argc, char **argv, bool stop_at_word,
		  void *args, bool *help, struct lc_error *e)
{
	struct option longs[MAX_OPTIONS];
	char letters[3 * MAX_OPTIONS];
	int value;

	for_getopt(defs, stop_at_word, letters, longs);
	optind = 0;
	opterr = 0;
	/* _only: Go programs write -no-subreaper */
	while ((value = getopt_long_only(argc, argv, letters, longs, NULL)) != -1) {
		if (value == 'h' || (value == '?' && !strcmp(argv[optind - 1], "-?"))) {
			*help = true;
			return optind;
		}
		if (value == '?')
			return unknown(defs, argv, e);
		if (value == ':')
			return no_value(defs, e);
		if (store(definition(defs, value), optarg, args, e) < 0)
			return -1;
	}
	return optind;
}

/* Writes @text from column HELP_COLUMN on, broken at blanks. */
static void print_wrapped(FILE *out, const char *text)
{
	size_t room = HELP_WIDTH - HELP_COLUMN;

	while (strlen(text) > room) {
		size_t n = room;

		while (n > 1 && text[n] != ' ')
			n--;
		fprintf(out, "%.*s\n%*s", (int)n, text, HELP_COLUMN, "");
		text += n + (text[n] == ' ');
	}
	fprintf(out, "%s\n", text);
}

void options_print(FILE *out, const struct option_def *defs)
{
	for (const struct option_def *def = defs; def->name; def++) {
		char left[96], letter[8] = "    ";

		if (!def->help)
			continue;
		if (def->letter)
			snprintf(letter, sizeof(letter), "-%c, ", def->letter);
		snprintf(left, sizeof(left), "   %s--%s%s%s", letter, def->name,
			 def->metavar ? " " : "", def->metavar ? def->metavar : "");
		fprintf(out, "%-*s", HELP_COLUMN, left);
		if (strlen(left) >= HELP_COLUMN)
			fprintf(out, "\n%*s", HELP_COLUMN, "");
		print_wrapped(out, def->help);
	}
	fprintf(out, "%-*s", HELP_COLUMN, "   -h, --help");
	print_wrapped(out, "show this page");
}
