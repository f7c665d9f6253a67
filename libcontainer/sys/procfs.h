/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A procfs that nobody else can reach.  Labels, sysctls, id maps and oom_score_adj are written
 * through it: a /proc that a container (or one that shares a volume with it) could mount over would
 * send the write elsewhere, and "ok" would mean unconfined (CVE-2019-16884, CVE-2025-52881).
 *
 *	auto_fd proc = procfs_open(e);
 *
 *	if (proc < 0 || procfs_write(proc, "self/attr/exec", label, e) < 0)
 *		return -1;
 */
#ifndef LC_PROCFS_H
#define LC_PROCFS_H

#include "base/error.h"
#include <sys/types.h>

/*
 * An O_PATH descriptor of a procfs of the caller's pid namespace: a new detached mount; where that
 * is not permitted (rootless) a private copy of /proc's mount without what is mounted on it; else
 * /proc itself, in which case files that something is mounted over cannot be opened.  In all cases
 * verified to be the root of a procfs.
 */
int procfs_open(struct lc_error *e) lc_checked;

/* Opens "self/attr/exec", "123/uid_map", "sys/net/ipv4/ip_forward"...: no ".." out of it, no mount,
 * no magic link (exe, root, fd/N); "self" and "thread-self" are fine. */
int procfs_open_file(int procfs, const char *path, int flags, struct lc_error *e) lc_checked;

/* Writes @text with one write(2). The message has the path with "/proc/" in front. */
int procfs_write(int procfs, const char *path, const char *text, struct lc_error *e) lc_checked;

/* Reads at most @size - 1 bytes and terminates them; returns the length. Longer is an error. */
ssize_t procfs_read(int procfs, const char *path, char *buf, size_t size,
		    struct lc_error *e) lc_checked;

/* Opens once more what @fd (O_PATH too) refers to, with other flags: the file itself, whatever its
 * name leads to by now. */
int procfs_reopen(int procfs, int fd, int flags, struct lc_error *e) lc_checked;

#endif
