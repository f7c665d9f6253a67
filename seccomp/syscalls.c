/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * System call numbers that the installed libseccomp may lack.  From 424 on a new call has the same
 * number on all architectures known to rules.c (arch/.../syscall*.tbl of Linux 5.1 and newer).
 */
#include "seccomp/rules.h"
#include <linux/audit.h>
#include <string.h>

struct number {
	const char *name;
	uint32_t nr;
};

static const struct number newer[] = {
	{ "set_mempolicy_home_node", 450 },
	{ "cachestat", 451 },
	{ "fchmodat2", 452 },
	{ "map_shadow_stack", 453 },
	{ "futex_wake", 454 },
	{ "futex_wait", 455 },
	{ "futex_requeue", 456 },
	{ "statmount", 457 },
	{ "listmount", 458 },
	{ "lsm_get_self_attr", 459 },
	{ "lsm_set_self_attr", 460 },
	{ "lsm_list_modules", 461 },
	{ "mseal", 462 },
	{ "setxattrat", 463 },
	{ "getxattrat", 464 },
	{ "listxattrat", 465 },
	{ "removexattrat", 466 },
	{ "open_tree_attr", 467 },
	{ "file_getattr", 468 },
	{ "file_setattr", 469 },
	{ "listns", 470 },
	{ "rseq_slice_yield", 471 },
	{},
};

/* Of one architecture alone. */
static const struct own {
	const char *name;
	uint32_t nr, audit_arch;
} newer_own[] = {
	{ "uretprobe", 335, AUDIT_ARCH_X86_64 }, /* the kernel's own way into a traced program */
	{ "uprobe", 336, AUDIT_ARCH_X86_64 },
	{ "riscv_hwprobe", 258, AUDIT_ARCH_RISCV64 },
};

/* arch/x86/entry/syscalls/syscall_32.tbl */
static const struct number x86_direct[] = {
	{ "socket", 359 },	{ "socketpair", 360 },
	{ "bind", 361 },	{ "connect", 362 },
	{ "listen", 363 },	{ "accept4", 364 },
	{ "getsockopt", 365 },	{ "setsockopt", 366 },
	{ "getsockname", 367 }, { "getpeername", 368 },
	{ "sendto", 369 },	{ "sendmsg", 370 },
	{ "recvfrom", 371 },	{ "recvmsg", 372 },
	{ "shutdown", 373 },	{ "recvmmsg", 337 },
	{ "sendmmsg", 345 },	{ "semget", 393 },
	{ "semctl", 394 },	{ "shmget", 395 },
	{ "shmctl", 396 },	{ "shmat", 397 },
	{ "shmdt", 398 },	{ "msgget", 399 },
	{ "msgsnd", 400 },	{ "msgrcv", 401 },
	{ "msgctl", 402 },	{},
};

static uint32_t look_up(const struct number *table, const char *name)
{
	for (; table->name; table++)
		if (!strcmp(table->name, name))
			return table->nr;
	return 0;
}

uint32_t newer_syscall(const char *name, uint32_t audit_arch)
{
	for (size_t i = 0; i < ARRAY_SIZE(newer_own); i++)
		if (newer_own[i].audit_arch == audit_arch && !strcmp(newer_own[i].name, name))
			return newer_own[i].nr;
	return look_up(newer, name);
}

bool is_newer_syscall(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(newer_own); i++)
		if (!strcmp(newer_own[i].name, name))
			return true;
	return look_up(newer, name) != 0;
}

uint32_t x86_direct_syscall(const char *name)
{
	return look_up(x86_direct, name);
}
