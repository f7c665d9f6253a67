/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One table per command says what its options are; parsing, --help, shell completion and the
 * OPTIONS section of the man pages are all made from it, so that they cannot disagree.
 *
 *	struct kill_args { bool all; };
 *	static const struct option_def kill_options[] = {
 *		OPT_FLAG(struct kill_args, all, "all", 'a', "signal every process of the
 *container"), OPT_END,
 *	};
 */
#ifndef HULL_OPTIONS_H
#define HULL_OPTIONS_H

#include "base/error.h"
#include "libcontainer.h"
#include <stdio.h>

enum option_kind {
	O_END,
	O_FLAG, /* bool */
	O_STRING, /* const char * */
	O_STRINGS, /* struct words: may be given more than once */
	O_U32, /* uint32_t, strict decimal */
	O_IGNORED, /* accepted for older callers, does nothing */
	O_IGNORED_VALUE, /* the same, with a value */
};

/* NULL-terminated list, grows on the heap. */
struct words {
	const char **v;
	size_t n;
};

struct option_def {
	const char *name;
	char letter; /* 0: none */
	enum option_kind kind;
	size_t offset; /* of the member in the command's argument struct */
	const char *metavar; /* "FILE"; NULL for flags */
	const char *help; /* NULL: not shown */
};

#define OPT_OF(T, m, C) \
	(offsetof(T, m) + \
	 0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((T *)0)->m), C) ? 1 : -1]))
#define OPT_FLAG(T, m, name, letter, help) \
	{ \
		name, letter, O_FLAG, OPT_OF(T, m, bool), NULL, help \
	}
#define OPT_STRING(T, m, name, letter, metavar, help) \
	{ \
		name, letter, O_STRING, OPT_OF(T, m, const char *), metavar, help \
	}
#define OPT_STRINGS(T, m, name, letter, metavar, help) \
	{ \
		name, letter, O_STRINGS, OPT_OF(T, m, struct words), metavar, help \
	}
#define OPT_U32(T, m, name, letter, metavar, help) \
	{ \
		name, letter, O_U32, OPT_OF(T, m, uint32_t), metavar, help \
	}
#define OPT_IGNORED(name) \
	{ \
		name, 0, O_IGNORED, 0, NULL, NULL \
	}
#define OPT_IGNORED_VALUE(name) \
	{ \
		name, 0, O_IGNORED_VALUE, 0, NULL, NULL \
	}
#define OPT_END \
	{ \
		NULL, 0, O_END, 0, NULL, NULL \
	}

void words_add(struct words *w, const char *s);

/* Parses argv[1...] into *@args: --name VALUE, --name=VALUE, -name, a name's beginning that is no
 * other's, letters (-it, -uVALUE), --flag=false; `--` ends them. With @stop_at_word the first word
 * that is no option ends them
 * (`exec ID cmd -x`), else words are moved behind the options. Returns the index of the first word,
 * or -1 with @e (LC_EUSAGE). *@help is set when -h or --help is met; parsing ends there. */
int options_parse(const struct option_def *defs, int argc, char **argv, bool stop_at_word,
		  void *args, bool *help, struct lc_error *e);

/* Frees the lists in *@args. */
void options_release(const struct option_def *defs, void *args);

/* @command's --format, table (also for NULL) or json. */
int option_format(const char *command, const char *given, bool *json,
		  struct lc_error *e) lc_checked;

/* The OPTIONS part of a help page, in 80 columns. */
void options_print(FILE *out, const struct option_def *defs);

#endif
