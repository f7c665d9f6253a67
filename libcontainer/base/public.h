/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the modules and the callers of the library share: its errors and where its messages go.
 * Becomes part of the installed libcontainer.h. */
#ifndef LC_PUBLIC_H
#define LC_PUBLIC_H

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

enum lc_level { LC_LOG_ERROR, LC_LOG_WARNING, LC_LOG_DEBUG };

struct lc_log {
	void (*write)(void *ctx, enum lc_level level, const char *text); /* one line, no newline */
	void *ctx;
	enum lc_level max; /* messages above this level are dropped before formatting */
};

#endif
