/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules about the seccomp profile. Names of syscalls are looked up where the filter is made. */
#include "spec/check.h"
#include "base/str.h"

enum { MAX_ERRNO = 4095 };

/* The architectures of runtime-spec 1.3; others may come, and are never this machine's. */
static const char *const architectures[] = {
	"SCMP_ARCH_X86",	 "SCMP_ARCH_X86_64",	  "SCMP_ARCH_X32",     "SCMP_ARCH_ARM",
	"SCMP_ARCH_AARCH64",	 "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K",    "SCMP_ARCH_MIPS",
	"SCMP_ARCH_MIPS64",	 "SCMP_ARCH_MIPS64N32",	  "SCMP_ARCH_MIPSEL",  "SCMP_ARCH_MIPSEL64",
	"SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",	  "SCMP_ARCH_PPC64",   "SCMP_ARCH_PPC64LE",
	"SCMP_ARCH_S390",	 "SCMP_ARCH_S390X",	  "SCMP_ARCH_SH",      "SCMP_ARCH_SHEB",
	"SCMP_ARCH_PARISC",	 "SCMP_ARCH_PARISC64",	  "SCMP_ARCH_RISCV64",
};

static void check_architectures(struct checker *c, const struct spec_seccomp *s)
{
	for (size_t i = 0; i < s->architectures.n; i++) {
		size_t k = 0;

		while (k < ARRAY_SIZE(architectures) &&
		       !str_eq(architectures[k], s->architectures.v[i]))
			k++;
		if (k == ARRAY_SIZE(architectures))
			rule_warns(c, rule_at(c, "linux.seccomp.architectures[%zu]", i),
				   "unknown architecture \"%s\", ignored", s->architectures.v[i]);
	}
}

/* OCI config-linux.md: an errno for an action that has none is an error. */
static void check_errno(struct checker *c, const char *path, enum seccomp_action action,
			const struct opt_u32 *ret)
{
	if (action == ACTION_ERRNO && ret->v > MAX_ERRNO)
		rule_broken(c, path, "expected an errno from 0 to %d, found %u", MAX_ERRNO, ret->v);
	if (action != ACTION_ERRNO && action != ACTION_TRACE)
		rule_broken(c, path, "%s returns no errno",
			    word_name(seccomp_action_words, (int)action));
}

/* Who answers a notification needs write() for the answer's way: the container would hang. */
static void check_notify(struct checker *c, const struct spec_seccomp *s, size_t i)
{
	const struct spec_syscall *call = &s->syscalls.v[i];

	if (strs_have(&call->names, "write"))
		rule_broken(c, rule_at(c, "linux.seccomp.syscalls[%zu].action", i),
			    "SCMP_ACT_NOTIFY cannot be used for the write syscall");
}

void rules_of_seccomp(struct checker *c, const struct spec_seccomp *s)
{
	check_architectures(c, s);
	if (s->defaultErrnoRet.set)
		check_errno(c, "linux.seccomp.defaultErrnoRet", s->defaultAction,
			    &s->defaultErrnoRet);
	if (s->defaultAction == ACTION_NOTIFY)
		rule_broken(c, "linux.seccomp.defaultAction",
			    "SCMP_ACT_NOTIFY cannot be used as the default action");
	if (s->listenerMetadata && !s->listenerPath)
		rule_broken(c, "linux.seccomp.listenerMetadata",
			    "needs linux.seccomp.listenerPath");
	if (s->listenerPath && s->listenerPath[0] != '/')
		rule_broken(c, "linux.seccomp.listenerPath", "expected an absolute path");
	for (size_t i = 0; i < s->syscalls.n; i++) {
		const struct spec_syscall *call = &s->syscalls.v[i];

		if (!call->names.n)
			rule_broken(c, rule_at(c, "linux.seccomp.syscalls[%zu].names", i),
				    "expected at least one name");
		if (call->errnoRet.set)
			check_errno(c, rule_at(c, "linux.seccomp.syscalls[%zu].errnoRet", i),
				    call->action, &call->errnoRet);
		if (call->action == ACTION_NOTIFY)
			check_notify(c, s, i);
	}
}
