/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps a program from making set-user-id and set-group-id files. */
#ifndef LC_SANDBOX_SET_ID_H
#define LC_SANDBOX_SET_ID_H

#include "spec/spec.h"

/* @profile allows the calls that give files their modes; from here on not with those bits. */
void set_id_forbid(struct arena *a, struct spec_seccomp *profile);

#endif
