/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Option tables: parsing a command line by them, and the OPTIONS part of help pages. */
#include "options.h"
#include "base/str.h"
#include <stdlib.h>
#include <string.h>

#define HELP_COLUMN 30
#define HELP_WIDTH  80

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
	case O_FLAG: /* take_flag() */
	case O_IGNORED:
	case O_IGNORED_VALUE:
	case O_END:
		return 0;
	}
	return 0;
}

static const char *nearest(const struct option_def *defs, const char *word)
{
	struct str_nearest best = STR_NEAREST;

	for (const struct option_def *def = defs; def->name; def++)
		if (def->help)
			str_nearest_try(&best, def->name, word);
	return best.name;
}

static int unknown(const struct option_def *defs, const char *word, struct lc_error *e)
{
	const char *name = word + strspn(word, "-"), *near = NULL;
	int len = (int)strcspn(word, "=");
	char copy[64];

	snprintf(copy, sizeof(copy), "%.*s", (int)strcspn(name, "="), name);
	if (copy[0] && copy[1])
		near = nearest(defs, copy);
	if (near)
		return lc_err(e, LC_EUSAGE, "unknown option %.*s; did you mean --%s?", len, word,
			      near);
	return lc_err(e, LC_EUSAGE, "unknown option %.*s", len, word);
}

/* ---- parsing ---- */

/* Our own, so that what a command line means does not depend on libc: getopt_long_only() of musl
 * takes -frobnicate for -f. */
struct parser {
	const struct option_def *defs;
	char **argv;
	int argc;
	int at; /* the next word */
	void *args;
	bool help;
};

static const struct option_def help_options[] = {
	{ "help", 'h', O_FLAG, 0, NULL, NULL },
	{ "usage", '?', O_FLAG, 0, NULL, NULL },
	OPT_END,
};

static bool is_help(const struct option_def *def)
{
	return def >= help_options && def < help_options + ARRAY_SIZE(help_options);
}

static const struct option_def *by_letter(const struct option_def *defs, char letter)
{
	for (const struct option_def *def = defs; def->name; def++)
		if (def->letter == letter)
			return def;
	return defs == help_options ? NULL : by_letter(help_options, letter);
}

static const struct option_def *by_name(const struct option_def *defs, const char *name, size_t len)
{
	for (const struct option_def *def = defs; def->name; def++)
		if (!strncmp(def->name, name, len) && !def->name[len])
			return def;
	return defs == help_options ? NULL : by_name(help_options, name, len);
}

/* The only one whose name begins so. */
static const struct option_def *by_beginning(const struct option_def *defs, const char *name,
					     size_t len)
{
	const struct option_def *found = NULL;

	for (const struct option_def *def = defs; len && def->name; def++) {
		if (strncmp(def->name, name, len) != 0)
			continue;
		if (found)
			return NULL;
		found = def;
	}
	return found;
}

static int take_flag(struct parser *p, const struct option_def *def, const char *value,
		     struct lc_error *e)
{
	bool on = !value || !strcmp(value, "true");

	if (!on && strcmp(value, "false") != 0)
		return lc_err(e, LC_EUSAGE, "--%s: expected true or false, found \"%s\"", def->name,
			      value);
	if (is_help(def))
		p->help |= on;
	else if (def->kind == O_FLAG)
		*(bool *)((char *)p->args + def->offset) = on;
	return 0;
}

/* @value: what stands behind '=', or behind the letter; NULL: nothing. */
static int take(struct parser *p, const struct option_def *def, const char *value,
		struct lc_error *e)
{
	if (!takes_value(def))
		return take_flag(p, def, value, e);
	if (!value && p->at == p->argc)
		return lc_err(e, LC_EUSAGE, "option --%s requires an argument", def->name);
	return store(def, value ? value : p->argv[p->at++], p->args, e);
}

static int take_long(struct parser *p, const struct option_def *def, const char *name,
		     struct lc_error *e)
{
	const char *equals = strchr(name, '=');

	return take(p, def, equals ? equals + 1 : NULL, e);
}

/* "-it", "-u1000", "-u=1000": letters up to one that takes a value. */
static bool are_letters(const struct option_def *defs, const char *word)
{
	for (; *word; word++) {
		const struct option_def *def = by_letter(defs, *word);

		if (!def)
			return false;
		if (takes_value(def) || word[1] == '=')
			return true;
	}
	return true;
}

static int take_letters(struct parser *p, const char *word, struct lc_error *e)
{
	while (*word) {
		const struct option_def *def = by_letter(p->defs, *word++);

		if (*word == '=')
			return take(p, def, word + 1, e);
		if (takes_value(def))
			return take(p, def, *word ? word : NULL, e);
		if (take(p, def, NULL, e) < 0)
			return -1;
	}
	return 0;
}

/* Go programs write -no-subreaper, too: a whole name goes before letters, these before a name's
 * beginning. */
static int take_option(struct parser *p, const char *word, struct lc_error *e)
{
	bool two = word[1] == '-';
	const char *name = word + 1 + two;
	size_t len = strcspn(name, "=");
	const struct option_def *def = two || len > 1 ? by_name(p->defs, name, len) : NULL;

	if (!def && !two && are_letters(p->defs, name))
		return take_letters(p, name, e);
	if (!def)
		def = by_beginning(p->defs, name, len);
	return def ? take_long(p, def, name, e) : unknown(p->defs, word, e);
}

/* Puts @n words from @from on in front of those from @to on. */
static void move_words(char **argv, int from, int n, int to)
{
	for (int i = 0; i < n; i++) {
		char *word = argv[from + i];

		memmove(argv + to + i + 1, argv + to + i, (size_t)(from - to) * sizeof(*argv));
		argv[to + i] = word;
	}
}

int options_parse(const struct option_def *defs, int argc, char **argv, bool stop_at_word,
		  void *args, bool *help, struct lc_error *e)
{
	struct parser p = { .defs = defs, .argv = argv, .argc = argc, .at = 1, .args = args };
	int first = 1; /* word; the options stand in front of it */

	while (p.at < argc) {
		int from = p.at++;
		const char *word = argv[from];
		bool end = !strcmp(word, "--");

		if (word[0] != '-' || !word[1]) {
			if (stop_at_word)
				break;
			continue;
		}
		if (!end && take_option(&p, word, e) < 0)
			return -1;
		move_words(argv, from, p.at - from, first);
		first += p.at - from;
		if (end || p.help)
			break;
	}
	*help |= p.help;
	return first;
}

/* Writes @text from column HELP_COLUMN on, broken at blanks. */
int option_format(const char *command, const char *given, bool *json, struct lc_error *e)
{
	*json = given && !strcmp(given, "json");
	if (given && !*json && strcmp(given, "table") != 0)
		return lc_err(e, LC_EUSAGE, "%s: --format: expected table or json, found \"%s\"",
			      command, given);
	return 0;
}

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
