/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What hull-init, the first process of a sandbox, tells hull over descriptor 3: once, when the
 * program has ended or could not be executed. */
#ifndef LC_INSIDE_H
#define LC_INSIDE_H

#include <stdint.h>

#define INSIDE_FD 3

struct inside_report {
	int32_t error; /* errno of the execve that failed; 0: it ran */
	int32_t status; /* as wait(2) gives it */
};

#endif
