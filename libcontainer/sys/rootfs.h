/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Paths inside a root file system, always by the descriptor of its root.  Absolute paths and
 * absolute symbolic links start there, ".." ends there, whatever somebody who may write to it
 * renames meanwhile (CVE-2021-30465, CVE-2024-45310, CVE-2026-41579).  Results are owned by the
 * caller, and a path once resolved is never looked up again.  Messages name paths as "rootfs:/x".
 *
 * What is made gets @mode less the umask, as with mkdir(2); a set-group-ID parent passes it on.
 */
#ifndef LC_ROOTFS_H
#define LC_ROOTFS_H

#include "base/error.h"
#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

/* Opens what exists. Links are followed, inside. @flags: O_PATH, O_RDONLY... */
int rootfs_open(int root, const char *path, int flags, struct lc_error *e) lc_checked;

/* The same, but the last component may not be a symbolic link. */
int rootfs_open_nofollow(int root, const char *path, int flags, struct lc_error *e) lc_checked;

/* The same, but no component may be one: for /proc, /sys and /dev, whose place is fixed. */
int rootfs_open_nolinks(int root, const char *path, int flags, struct lc_error *e) lc_checked;

/* O_PATH descriptor of the directory @path, made if it is missing, with missing parents (0755), and
 * also where a dangling link points to. */
int rootfs_mkdirs(int root, const char *path, mode_t mode, struct lc_error *e) lc_checked;

/* O_PATH descriptor of @path as something a file can be mounted on: what is there unless that is
 * a directory, else a new empty file, with missing parents (0755). */
int rootfs_create_file(int root, const char *path, mode_t mode, struct lc_error *e) lc_checked;

/* O_PATH descriptor of the directory that @path lies in (made if missing and @make), for mknodat,
 * symlinkat and unlinkat; the last component, never "." or "..", goes to @name. */
int rootfs_parent(int root, const char *path, bool make, char name[NAME_MAX + 1],
		  struct lc_error *e) lc_checked;

#endif
