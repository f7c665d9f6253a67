/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables of commands and options as the documents that are made of them when hull is built:
 * `hull help --format FORMAT [COMMAND]`, which --help does not mention.
 */
#ifndef HULL_DOCUMENT_H
#define HULL_DOCUMENT_H

#include "cli.h"

struct tables {
	const struct command *const *commands;
	size_t n;
	const struct option_def *globals;
};

/* @format: "scd", the first half of a man page (of @command, or NULL: of hull itself); "bash",
 * "zsh" or "fish", a completion file. */
int document_print(const struct tables *t, const char *format, const struct command *command,
		   struct lc_error *e) lc_checked;

#endif
