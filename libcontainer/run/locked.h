/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Flags of the host's mounts that a user namespace may not clear.  The kernel locks them in the
 * copies that a new namespace gets; in copies that the parent makes for init it does not, so that
 * hull has to refuse what the kernel would have refused.  This is about options for whole trees
 * ("rexec"): of a single mount init sees the flags itself.
 */
#ifndef LC_LOCKED_H
#define LC_LOCKED_H

#include "plan/plan.h"

/* An error when the recursive options of @m clear a flag of the mount of its source or of one
 * below. */
int locked_check(struct arena *a, const struct plan_mount *m, struct lc_error *e) lc_checked;

#endif
