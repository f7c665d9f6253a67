/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole trees of files, always by descriptors: no link is followed, whoever made it. */
#ifndef LC_TREE_H
#define LC_TREE_H

#include "base/error.h"

/* Removes @name in @dir with all that is in it; what is not there is no error, what is mounted
 * below is one. */
int tree_remove(int dir, const char *name, struct lc_error *e) lc_checked;

/* Removes all that is in @dir, which stays. */
int tree_empty(int dir, struct lc_error *e) lc_checked;

#endif
