/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a sandbox's namespaces are refused: by what, and what helps. */
#ifndef LC_SANDBOX_REFUSAL_H
#define LC_SANDBOX_REFUSAL_H

#include "sandbox/sandbox.h"

/* Tries; NULL: they can be made. Else a sentence with the cause and, in parentheses, the fix, in
 * the job's arena. */
char *refusal_find(struct job *job);

/* Something has failed with *@e: where the reason is that no namespaces can be made, that is what
 * it says. */
void refusal_explain(struct job *job, struct lc_error *e);

#endif
