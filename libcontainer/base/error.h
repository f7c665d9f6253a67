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

#include <stddef.h>

/* Broad class of a failure; picks the exit status and the "code" member of a JSON log line. */
enum lc_errc {
	LC_OK,
	LC_EUSAGE, /* the command line */
	LC_ECONFIG, /* config.json, process.json or what they name is wrong */
	LC_ESTATE, /* the container is not in a state that allows this; it exists already */
	LC_ENOTFOUND, /* no such container */
	LC_ESYSTEM, /* the kernel or the host refused */
	LC_EUNSUPPORTED, /* asked for, valid, but not possible with this kernel or build */
	LC_ENOEXEC, /* the container's program cannot be executed: exit status 126 */
	LC_ENOENT, /* the container's program does not exist: exit status 127 */
	LC_EINTERNAL,
};

struct lc_error {
	int code; /* enum lc_errc */
	int sys_errno; /* 0 when no system call failed */
	char msg[2040]; /* too long: the middle goes, never the end, where the cause is */
};
_Static_assert(sizeof(struct lc_error) == 2048, "sent whole over the sync socket");

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
