/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A profile's entries as rules with the kernel's numbers: what emit.c turns into instructions. */
#ifndef LC_SECCOMP_RULES_H
#define LC_SECCOMP_RULES_H

#include "seccomp/seccomp.h"

#define MAX_CONDITIONS 6 /* of one rule: a system call has six arguments */

struct condition {
	uint32_t index; /* of the argument, 0 to 5 */
	enum seccomp_op op;
	uint64_t value, value_two;
};

/* Applies when all of its conditions hold. */
struct rule {
	uint32_t ret; /* SECCOMP_RET_* with its data */
	size_t n;
	struct condition conditions[MAX_CONDITIONS];
};

/* What is done for one system call number: the first rule that applies, else the default. */
struct chain {
	const struct rule **rules;
	size_t n;
};

/* System calls from @first up to the next segment's. */
struct segment {
	uint32_t first;
	struct chain chain;
};

/* All that is done under one AUDIT_ARCH_* value: segments that cover every number, ascending. */
struct arch_rules {
	uint32_t audit_arch;
	bool wide; /* arguments have 64 bits */
	struct segment *segments;
	size_t n, size;
};

uint32_t rules_default(const struct spec_seccomp *profile); /* SECCOMP_RET_* */

/* The rules of one entry, at least one: several when it names an argument twice (each condition is
 * then enough, as engines' profiles mean it). */
struct rule *rules_of_call(struct arena *a, const struct spec_syscall *call, size_t *n);

/* The rules of each architecture, the machine's own first, in @arches[0..*n). *known is false, and
 * nothing else set, when the profile names an architecture whose calls only libseccomp knows. */
void rules_build(struct arena *a, const struct spec_seccomp *profile, seccomp_note_fn *note,
		 void *ctx, struct arch_rules **arches, size_t *n, bool *known);

/* emit.c: the program. @default_ret: for numbers without a rule that applies. */
int emit_filter(struct arena *a, const struct arch_rules *arches, size_t n, uint32_t default_ret,
		struct seccomp_filter *out, struct lc_error *e) lc_checked;

/* syscall-table.c: the numbers of a call on the architectures that rules.c knows. */
enum { SYSCALL_NONE = -1, SYSCALL_ARCHES = 6 };
struct syscall_numbers {
	const char *name;
	int32_t nr[SYSCALL_ARCHES]; /* in the order of rules.c's architectures */
};
extern const struct syscall_numbers syscall_table[];
extern const size_t n_syscall_table;

/* NULL: not in the table. */
const struct syscall_numbers *syscall_numbers(const char *name);

/* syscalls.c: calls newer than the installed libseccomp. 0: not listed, or not on @audit_arch. */
uint32_t newer_syscall(const char *name, uint32_t audit_arch);
bool is_newer_syscall(const char *name); /* on any architecture */

/* Direct number of a call that 32-bit x86 also reaches through socketcall or ipc; 0: none. */
uint32_t x86_direct_syscall(const char *name);

#endif
