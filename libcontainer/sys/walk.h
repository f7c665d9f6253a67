/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Walks a path one component at a time, each opened with O_PATH | O_NOFOLLOW in the directory
 * before it: the answer where openat2(2) is missing, and the way to make what a path lacks without
 * ever leaving its root.  Links are read and followed by hand, at most 40; ".." goes back to the
 * descriptor that was passed on the way, so no rename moves it.  Nothing is allocated.
 *
 * Results are descriptors, or -1 with errno.
 */
#ifndef LC_WALK_H
#define LC_WALK_H

#include <stdint.h>
#include <sys/types.h>

/* openat2(2) for RESOLVE_IN_ROOT or RESOLVE_BENEATH, with or without the RESOLVE_NO_ ones; others
 * are ENOSYS.  EAGAIN: what was found is gone, try again. */
int walk_open(int root, const char *path, int flags, uint64_t resolve);

/* O_PATH descriptor of a directory (S_IFDIR) or something else (S_IFREG) below @root, which is "/"
 * for the path; made with what leads to it, if it is missing. */
int walk_make(int root, const char *path, mode_t type, mode_t mode);

#endif
