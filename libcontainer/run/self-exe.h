/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keeps the program's own binary out of the reach of containers (CVE-2019-5736).
 *
 * Until its execve a container's first process runs the runtime's binary, and an entry point that
 * begins with "#!/proc/self/exe" makes it run there once more, as a process of the container's:
 * whoever may open /proc/PID/exe of one of these could later write to the file behind it.  So
 * commands that put a process into a container first execute themselves again, from
 *
 * - a detached mount of the binary that is read-only: nobody can reach it by a path, and as soon as
 *   the last descriptor is closed nobody can change the mount (it belongs to no namespace); or
 * - a sealed copy in memory, where the caller may not make such a mount (rootless).
 *
 * A static hull for x86-64 becomes the former in place, before its libc begins, and is not executed
 * again (run/self-exe-early.c).
 *
 * Whether that has happened is asked from the kernel about /proc/self/exe; no argument and no
 * variable of the environment can pretend it.
 */
#ifndef LC_SELF_EXE_H
#define LC_SELF_EXE_H

#include "base/error.h"
#include <stdbool.h>

/* The running binary is one of the two. */
bool self_exe_protected(void);

/* Returns 0 when it is, else executes the program once more; -1 when that is impossible. */
int self_exe_protect(char *const argv[], struct lc_error *e) lc_checked;

#endif
