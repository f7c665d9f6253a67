/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes the lines of seccomp/syscall-table.c from the libseccomp that is installed:
 *	gcc -o /tmp/table contrib/syscall-table.c -lseccomp && /tmp/table
 */
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the order of rules.c; then others that have calls of their own, whose names count as known. */
static const struct {
	unsigned arch;
	int first; /* number of its first call */
} arches[] = {
	{ SCMP_ARCH_X86_64, 0 },       { SCMP_ARCH_X32, 0x40000000 }, { SCMP_ARCH_X86, 0 },
	{ SCMP_ARCH_AARCH64, 0 },      { SCMP_ARCH_ARM, 0 },	      { SCMP_ARCH_RISCV64, 0 },
	{ SCMP_ARCH_ARM, 0xf0000 },    { SCMP_ARCH_MIPS, 4000 },      { SCMP_ARCH_MIPS64, 5000 },
	{ SCMP_ARCH_MIPS64N32, 6000 }, { SCMP_ARCH_PPC64LE, 0 },      { SCMP_ARCH_PPC, 0 },
	{ SCMP_ARCH_S390X, 0 },	       { SCMP_ARCH_S390, 0 },	      { SCMP_ARCH_PARISC, 0 },
};
enum { KNOWN = 6, MAX_NAMES = 16384 };

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void print_number(size_t arch, int nr)
{
	if (arches[arch].arch == SCMP_ARCH_X32 && nr >= 0)
		nr -= arches[arch].first;
	if (nr >= 0 || (arches[arch].arch == SCMP_ARCH_X86 && nr <= -101 && nr >= -299))
		printf(nr > 100000 ? "%#x" : "%d", (unsigned)nr);
	else
		printf("NONE");
}

int main(void)
{
	static char *names[MAX_NAMES];
	size_t n = 0;

	for (size_t i = 0; i < sizeof(arches) / sizeof(*arches); i++)
		for (int nr = -300; nr < 1000 && n < MAX_NAMES; nr++) {
			int call = nr < 0 ? nr : nr + arches[i].first;
			char *name = seccomp_syscall_resolve_num_arch(arches[i].arch, call);

			if (name)
				names[n++] = name;
		}
	qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; i < n; i++) {
		if (i && !strcmp(names[i - 1], names[i]))
			continue;
		printf("\t{ \"%s\", { ", names[i]);
		for (size_t k = 0; k < KNOWN; k++) {
			print_number(k,
				     seccomp_syscall_resolve_name_arch(arches[k].arch, names[i]));
			printf(k + 1 < KNOWN ? ", " : " } },\n");
		}
	}
	return 0;
}
