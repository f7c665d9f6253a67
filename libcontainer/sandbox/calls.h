/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which system calls the program may do: the profile of linux.seccomp.
 *
 *	--seccomp default | strict | FILE -> what only namespaces or hull-init ask for -> the spec
 */
#ifndef LC_CALLS_H
#define LC_CALLS_H

#include "base/str.h"
#include "sandbox/sandbox.h"

/* The profile that was asked for. Without namespaces only hull's own (bare.h). */
int calls_decide(struct job *job, struct spec_seccomp **out, struct lc_error *e) lc_checked;

/* As --seccomp has it: "default", "strict" or the path of a file. */
const char *calls_name(const struct job *job);

/* It is one of the user's own, in a file. */
bool calls_from_file(const struct job *job);

/* Reads a profile: linux.seccomp as config.json has it, or the form in which engines keep theirs,
 * with entries for some capabilities, machines and kernels only. */
int calls_read(struct arena *a, const char *path, struct spec_seccomp **out,
	       struct lc_error *e) lc_checked;

void calls_explain(const struct job *job, struct buf *b);

#endif
