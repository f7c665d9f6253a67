/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /etc/hull/hull.conf (hull.conf(5)): what this machine has in place of hull's own defaults. */
#ifndef HULL_CONF_H
#define HULL_CONF_H

#include "cli.h"

/* Fills what the command line left open in @g, and @isolation and @vm_kernel, which are NULL where
 * the file has none.  Without the file nothing happens.  LC_ECONFIG with file and line. */
int conf_apply(struct arena *a, struct globals *g, const char **isolation, const char **vm_kernel,
	       struct lc_error *e) lc_checked;

#endif
