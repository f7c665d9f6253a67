/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Errors are plain values: no pointers, no heap.  One is filled where the failure happens, gains
 * context on the way up, and crosses a socket from child or guest to parent as it is.
 *
 *	if (fd < 0)
 *		return lc_err_errno(e, "openat2 rootfs:%s", path);
 */
#ifndef LC_ERROR_H
#define LC_ERROR_H

#include "base/public.h"
#include <stddef.h>

#define lc_printf(f, a) __attribute__((format(printf, f, a)))
#define lc_checked	__attribute__((warn_unused_result))
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Records a failure; returns -1, so that callers can `return` it. @code: enum lc_errc. */
int lc_err(struct lc_error *e, int code, const char *fmt, ...) lc_printf(3, 4);

/* The same with code LC_ESYSTEM and ": <text of errno>" at the end; keeps errno in @e->sys_errno.
 */
int lc_err_errno(struct lc_error *e, const char *fmt, ...) lc_printf(2, 3);

/* Puts "context: " in front of what is already there; returns -1 as well. */
int lc_err_in(struct lc_error *e, const char *fmt, ...) lc_printf(2, 3);

/* Text of an errno value, lower case and never localised, as engines match it ("no such file or
 * directory"); "error 999" for one that has no name.  Static storage. */
const char *lc_errno_text(int err);

#endif
