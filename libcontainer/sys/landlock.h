/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * landlock(7), Linux 5.13: what a process may do to files, ports and other processes, given up by
 * itself. The numbers here are the kernel's; its header may be older than the kernel.
 */
#ifndef LC_LANDLOCK_H
#define LC_LANDLOCK_H

#include <stdint.h>

#define LANDLOCK_EXECUTE     (1ULL << 0)
#define LANDLOCK_WRITE_FILE  (1ULL << 1)
#define LANDLOCK_READ_FILE   (1ULL << 2)
#define LANDLOCK_READ_DIR    (1ULL << 3)
#define LANDLOCK_REMOVE_DIR  (1ULL << 4)
#define LANDLOCK_REMOVE_FILE (1ULL << 5)
#define LANDLOCK_MAKE_CHAR   (1ULL << 6)
#define LANDLOCK_MAKE_DIR    (1ULL << 7)
#define LANDLOCK_MAKE_REG    (1ULL << 8)
#define LANDLOCK_MAKE_SOCK   (1ULL << 9)
#define LANDLOCK_MAKE_FIFO   (1ULL << 10)
#define LANDLOCK_MAKE_BLOCK  (1ULL << 11)
#define LANDLOCK_MAKE_SYM    (1ULL << 12)
#define LANDLOCK_REFER	     (1ULL << 13) /* ABI 2: without it nothing moves between directories */
#define LANDLOCK_TRUNCATE    (1ULL << 14) /* ABI 3 */
#define LANDLOCK_IOCTL_DEV   (1ULL << 15) /* ABI 5 */
/* Those that a rule for a file may name. */
#define LANDLOCK_OF_FILES \
	(LANDLOCK_EXECUTE | LANDLOCK_WRITE_FILE | LANDLOCK_READ_FILE | LANDLOCK_TRUNCATE | \
	 LANDLOCK_IOCTL_DEV)

#define LANDLOCK_BIND_TCP    (1ULL << 0) /* ABI 4 */
#define LANDLOCK_CONNECT_TCP (1ULL << 1)
#define LANDLOCK_PORT_ABI    4

#define LANDLOCK_ABSTRACT_UNIX (1ULL << 0) /* ABI 6 */
#define LANDLOCK_SIGNAL	       (1ULL << 1)
#define LANDLOCK_SCOPE_ABI     6

/* The version that the kernel offers; 0: none (not built in, or not in its list of LSMs). */
int landlock_abi(void);

/* The rights to files that a version knows, of all of them. */
uint64_t landlock_files_of(int abi);
#define LANDLOCK_FILES_ABI 5 /* the first that knows all of the above */

/* All behave like libc: the result, or -1 with errno. A ruleset is a descriptor. */
int landlock_ruleset(uint64_t files, uint64_t ports, uint64_t scopes);
int landlock_allow_path(int ruleset, int path, uint64_t rights);
int landlock_allow_port(int ruleset, uint64_t port, uint64_t rights);
int landlock_restrict(int ruleset); /* the calling thread, and its children; needs no_new_privs */

#endif
