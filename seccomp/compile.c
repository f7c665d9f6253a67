/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way of a profile: rules, instructions, flags; and what is known, for `features`. */
#include "seccomp/seccomp.h"
#include "seccomp/library.h"
#include "seccomp/rules.h"
#include "sys/probe.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>

static void nobody(void *ctx, const char *member, const char *text)
{
	(void)ctx;
	(void)member;
	(void)text;
}

/* TSYNC has no meaning for a process with one thread.  SPEC_ALLOW is the default of peers only when
 * no flags are given at all; an empty list means none. */
uint32_t seccomp_flags(const struct spec_seccomp *profile, seccomp_note_fn *note, void *ctx)
{
	uint32_t flags = 0;

	if (!note)
		note = nobody;
	if (!profile->flags.v)
		return probe_seccomp_flag(SECCOMP_FILTER_FLAG_SPEC_ALLOW)
			       ? SECCOMP_FILTER_FLAG_SPEC_ALLOW
			       : 0;
	for (size_t i = 0; i < profile->flags.n; i++) {
		uint32_t flag = profile->flags.v[i];

		if (flag == FILTER_TSYNC)
			continue;
		if (flag == FILTER_WAIT_KILLABLE_RECV && !probe_seccomp_flag(flag))
			note(ctx, "linux.seccomp.flags",
			     "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV is not known to this kernel, "
			     "left out");
		else
			flags |= flag;
	}
	return flags;
}

/* The kernel checks the rest. */
const char *seccomp_check_raw(const struct bytes *filter)
{
	const size_t n = filter->n / sizeof(struct sock_filter);

	if (!n || filter->n % sizeof(struct sock_filter))
		return "not a whole number of BPF instructions of 8 bytes";
	if (n > BPF_MAXINSNS)
		return "more than 4096 BPF instructions";
	for (size_t i = 0; i < n; i++) {
		struct sock_filter ins;

		memcpy(&ins, filter->v + i * sizeof(ins), sizeof(ins));
		if (ins.code == (BPF_RET | BPF_K) &&
		    (ins.k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_USER_NOTIF)
			return "it notifies an agent, which only a profile in linux.seccomp may";
	}
	return NULL;
}

static bool uses_notify(const struct spec_seccomp *profile)
{
	for (size_t i = 0; i < profile->syscalls.n; i++)
		if (profile->syscalls.v[i].action == ACTION_NOTIFY)
			return true;
	return profile->defaultAction == ACTION_NOTIFY;
}

int seccomp_compile(struct arena *a, const struct spec_seccomp *profile, seccomp_note_fn *note,
		    void *ctx, struct seccomp_filter *out, struct lc_error *e)
{
	struct arch_rules *arches;
	size_t n;
	bool known;

	if (!note)
		note = nobody;
	memset(out, 0, sizeof(*out));
	out->flags = seccomp_flags(profile, note, ctx);
	out->notify = uses_notify(profile);
	if (!out->notify)
		out->flags &=
			~(uint32_t)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV; /* needs a listener */
	rules_build(a, profile, note, ctx, &arches, &n, &known);
	if (!known)
		return library_compile(a, profile, out, e);
	return emit_filter(a, arches, n, rules_default(profile), out, e);
}

/* The names of a table of words, as a NULL-terminated list. */
static const char *const *names_of(const struct word *words, const char **out)
{
	size_t n = 0;

	for (; words->name; words++)
		out[n++] = words->name;
	return out;
}

const char *const *seccomp_actions(void)
{
	static const char *out[16];

	return names_of(seccomp_action_words, out);
}

const char *const *seccomp_operators(void)
{
	static const char *out[16];

	return names_of(seccomp_op_words, out);
}

const char *const *seccomp_known_flags(void)
{
	static const char *out[16];

	return names_of(seccomp_flag_words, out);
}

const char *const *seccomp_architectures(void)
{
	static const char *const all[] = {
		"SCMP_ARCH_X86",	 "SCMP_ARCH_X86_64",  "SCMP_ARCH_X32",
		"SCMP_ARCH_ARM",	 "SCMP_ARCH_AARCH64", "SCMP_ARCH_LOONGARCH64",
		"SCMP_ARCH_M68K",	 "SCMP_ARCH_MIPS",    "SCMP_ARCH_MIPS64",
		"SCMP_ARCH_MIPS64N32",	 "SCMP_ARCH_MIPSEL",  "SCMP_ARCH_MIPSEL64",
		"SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",     "SCMP_ARCH_PPC64",
		"SCMP_ARCH_PPC64LE",	 "SCMP_ARCH_S390",    "SCMP_ARCH_S390X",
		"SCMP_ARCH_SH",		 "SCMP_ARCH_SHEB",    "SCMP_ARCH_PARISC",
		"SCMP_ARCH_PARISC64",	 "SCMP_ARCH_RISCV64",
	};
	static const char *out[ARRAY_SIZE(all) + 1];
	uint32_t token;
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (library_arch(all[i], &token))
			out[n++] = all[i];
	return out;
}

size_t seccomp_supported_flags(const char **names, size_t max)
{
	size_t n = 0;

	for (const struct word *w = seccomp_flag_words; w->name && n < max; w++)
		if (probe_seccomp_flag((uint32_t)w->value))
			names[n++] = w->name;
	return n;
}
