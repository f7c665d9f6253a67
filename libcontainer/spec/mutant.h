/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Builds made with --enable-mutants can be told by HULL_MUTANT=unread:PATH to decode config.json as
 * if one row of the tables were not there, or by HULL_MUTANT=unused:PATH to forget one member when
 * it has been read and checked.  `make check-mutants` does so for every member, written as
 * "linux.seccomp.syscalls[].args[].op", and wants the tests of docs/SPEC.md to notice.  No other
 * build has this code.
 */
#ifndef LC_SPEC_MUTANT_H
#define LC_SPEC_MUTANT_H

#include "base/arena.h"
#include "json/decode.h"

/* @prefix: what the paths of a document of this shape begin with, "" for config.json.  Returns
 * @shape itself unless the mutant is one of its rows. */
const struct shape *mutant_shape(struct arena *a, const struct shape *shape, const char *prefix);

/* Zeroes the member in @decoded, a struct of @shape. */
void mutant_forget(const struct shape *shape, const char *prefix, void *decoded);

#endif
