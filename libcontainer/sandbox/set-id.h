/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps a program from making set-user-id and set-group-id files. */
#ifndef LC_SANDBOX_SET_ID_H
#define LC_SANDBOX_SET_ID_H

#include "spec/spec.h"

/* Where @profile allows a call that gives a file its mode, from here on not with those bits; what
 * it refuses stays refused. */
int set_id_forbid(struct arena *a, struct spec_seccomp *profile, struct lc_error *e) lc_checked;

#endif
