/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a guest may see of the host's files. */
#ifndef LC_EXPORT_H
#define LC_EXPORT_H

#include "plan/plan.h"

/* In a new mount namespace: makes a root that holds the container's root as "root" and the source
 * of mount N as "vol/N", read-only where the plan says so, and nothing else; and changes to it.
 * Allocates nothing. */
int export_make(const struct plan *plan, struct lc_error *e) lc_checked;

#endif
