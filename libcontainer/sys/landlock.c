/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* landlock(7). */
#include "sys/landlock.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As the kernel has them, of any version: members it does not know must be zero. */
struct ruleset_attr {
	uint64_t files, ports, scopes;
};
struct path_attr {
	uint64_t rights;
	int32_t fd;
} __attribute__((packed));
struct port_attr {
	uint64_t rights, port;
};

enum { RULE_PATH = 1, RULE_PORT = 2 };
#define ASK_VERSION 1U

int landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);

	return abi < 0 ? 0 : (int)abi;
}

uint64_t landlock_files_of(int abi)
{
	uint64_t all = 2 * LANDLOCK_IOCTL_DEV - 1;

	if (abi < 5)
		all &= ~LANDLOCK_IOCTL_DEV;
	if (abi < 3)
		all &= ~LANDLOCK_TRUNCATE;
	if (abi < 2)
		all &= ~LANDLOCK_REFER;
	return abi < 1 ? 0 : all;
}

int landlock_ruleset(uint64_t files, uint64_t ports, uint64_t scopes)
{
	struct ruleset_attr attr = { files, ports, scopes };

	return (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
}

int landlock_allow_path(int ruleset, int path, uint64_t rights)
{
	struct path_attr attr = { rights, path };

	return (int)syscall(SYS_landlock_add_rule, ruleset, RULE_PATH, &attr, 0);
}

int landlock_allow_port(int ruleset, uint64_t port, uint64_t rights)
{
	struct port_attr attr = { rights, port };

	return (int)syscall(SYS_landlock_add_rule, ruleset, RULE_PORT, &attr, 0);
}

int landlock_restrict(int ruleset)
{
	return (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
}
