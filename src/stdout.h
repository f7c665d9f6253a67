/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether what is written to stdout arrives. */
#ifndef HULL_STDOUT_H
#define HULL_STDOUT_H

#include <stdio.h>

/* -1 with errno: it does not, or has not. What is longer than the buffer has failed before it is
 * flushed. */
static inline int stdout_flush(void)
{
	return fflush(stdout) == EOF || ferror(stdout) ? -1 : 0;
}

#endif
