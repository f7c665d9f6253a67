/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /etc/hull/hull.conf (hull.conf(5)): what this machine has in place of hull's own defaults. */
#ifndef HULL_CONF_H
#define HULL_CONF_H

#include "cli.h"

/* Fills @conf, and in @g what the command line left open.  Without the file nothing happens.
 * LC_ECONFIG with file and line. */
int conf_apply(struct arena *a, struct globals *g, struct conf *conf,
	       struct lc_error *e) lc_checked;

#endif
