/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole files and paths: read one, write one, replace one so that who reads it meanwhile, or
 * after the writer was killed, finds the old or the new. */
#ifndef LC_FILE_H
#define LC_FILE_H

#include "base/arena.h"
#include <stddef.h>
#include <sys/types.h>

/* Reads all of an open file from its current offset, at most @max bytes (EFBIG beyond).  The text
 * is terminated by a NUL that is not counted; works for procfs and pipes. */
int file_read_fd(int fd, struct arena *a, size_t max, char **text, size_t *len,
		 struct lc_error *e) lc_checked;

/* The same for a path relative to @dirfd (AT_FDCWD allowed). */
int file_read_at(int dirfd, const char *path, struct arena *a, size_t max, char **text, size_t *len,
		 struct lc_error *e) lc_checked;

/* The same of a small file for a fact that need not be there: without the newlines at its end; NULL
 * when it cannot be read, whatever the reason.  For files that are handed over as a whole: regular
 * ones, and those of procfs, sysfs and cgroups that are no lists. */
char *file_fact_at(int dirfd, const char *path, struct arena *a, size_t max);

/* Writes all of @text with one write(2) to an existing file (cgroupfs, procfs). */
int file_write_at(int dirfd, const char *path, const char *text, struct lc_error *e) lc_checked;

/* Writes a temporary file beside @name and renames it over it. Nothing is synced to disk: what is
 * kept this way (states, pid files) means nothing after a reboot, and fsync(2) takes milliseconds.
 */
int file_replace_at(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
		    struct lc_error *e) lc_checked;

/* All bytes or an error; handles short writes and EINTR. Returns 0, or -1 with errno. */
int fd_write_all(int fd, const void *data, size_t len);

/* Makes @path and its missing parents (mode for new ones), like mkdir -p. */
int file_mkdirs(const char *path, mode_t mode, struct lc_error *e) lc_checked;

/* The first program @name that the caller may execute: in the folders of @path (as in PATH; may be
 * NULL; those that are not absolute do not count), then where distributions have theirs. NULL when
 * there is none; the text is the arena's. */
const char *file_find_program(struct arena *a, const char *path, const char *name);

#endif
