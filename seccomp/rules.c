/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a profile to segments of system call numbers.
 *
 * Several entries for one call: an unconditional one wins, else the first that applies.  Entries
 * that say the same as the default are left out, as engines' users are used to.  Numbers beyond the
 * newest call that the profile knows on an architecture are answered with ENOSYS, so that a libc
 * that probes a newer call falls back, where the profile's EPERM would make it fail.
 */
#include "seccomp/rules.h"
#include "seccomp/library.h"
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#define X32_BIT	      0x40000000u
#define NR_SOCKETCALL 102
#define NR_IPC	      117

/* In the order of syscall-table.c. */
static const struct arch {
	const char *name;
	uint32_t audit;
	bool wide;
	bool x32; /* shares x86-64's audit value; numbers carry X32_BIT */
	bool multiplexed; /* socketcall and ipc */
} arches_known[] = {
	{ "SCMP_ARCH_X86_64", AUDIT_ARCH_X86_64, .wide = true },
	{ "SCMP_ARCH_X32", AUDIT_ARCH_X86_64, .wide = true, .x32 = true },
	{ "SCMP_ARCH_X86", AUDIT_ARCH_I386, .multiplexed = true },
	{ "SCMP_ARCH_AARCH64", AUDIT_ARCH_AARCH64, .wide = true },
	{ "SCMP_ARCH_ARM", AUDIT_ARCH_ARM, .wide = false },
	{ "SCMP_ARCH_RISCV64", AUDIT_ARCH_RISCV64, .wide = true },
};
_Static_assert(ARRAY_SIZE(arches_known) == SYSCALL_ARCHES, "one number for each in the table");

/* One rule for one number, as collected; sorted and grouped into segments. */
struct item {
	uint32_t nr;
	const struct rule *rule;
};

struct items {
	struct arena *arena;
	const struct syscall_numbers **names; /* of the profile's calls, in their order; NULL: not
					       * in our table */
	struct item *v;
	size_t n, size;
	uint32_t end, end_x32; /* beyond the newest number, without X32_BIT; 0: none is known */
};

static uint32_t ret_of(enum seccomp_action action, struct opt_u32 errno_ret)
{
	uint32_t data = errno_ret.set ? errno_ret.v : EPERM;

	switch (action) {
	case ACTION_KILL:
	case ACTION_KILL_THREAD:
		return SECCOMP_RET_KILL_THREAD;
	case ACTION_KILL_PROCESS:
		return SECCOMP_RET_KILL_PROCESS;
	case ACTION_TRAP:
		return SECCOMP_RET_TRAP;
	case ACTION_ERRNO:
		return SECCOMP_RET_ERRNO | (data & SECCOMP_RET_DATA);
	case ACTION_TRACE:
		return SECCOMP_RET_TRACE | (data & SECCOMP_RET_DATA);
	case ACTION_ALLOW:
		return SECCOMP_RET_ALLOW;
	case ACTION_LOG:
		return SECCOMP_RET_LOG;
	case ACTION_NOTIFY:
		return SECCOMP_RET_USER_NOTIF;
	}
	return SECCOMP_RET_KILL_PROCESS;
}

uint32_t rules_default(const struct spec_seccomp *profile)
{
	return ret_of(profile->defaultAction, profile->defaultErrnoRet);
}

static bool names_an_argument_twice(const struct spec_syscall *call)
{
	unsigned seen = 0;

	for (size_t i = 0; i < call->args.n; i++) {
		if (seen & 1u << call->args.v[i].index)
			return true;
		seen |= 1u << call->args.v[i].index;
	}
	return false;
}

struct rule *rules_of_call(struct arena *a, const struct spec_syscall *call, size_t *n)
{
	bool apart = names_an_argument_twice(call);
	struct rule *rules;

	*n = apart ? call->args.n : 1;
	rules = arena_array(a, *n, sizeof(*rules));
	for (size_t i = 0; i < *n; i++)
		rules[i].ret = ret_of(call->action, call->errnoRet);
	for (size_t i = 0; i < call->args.n; i++) {
		const struct spec_seccomp_arg *arg = &call->args.v[i];
		struct rule *rule = &rules[apart ? i : 0];

		rule->conditions[rule->n++] =
			(struct condition){ arg->index, arg->op, arg->value,
					    arg->valueTwo.set ? arg->valueTwo.v : 0 };
	}
	return rules;
}

static void add_item(struct items *items, uint32_t nr, const struct rule *rule)
{
	if (items->n == items->size) {
		struct item *old = items->v;

		items->size = items->size ? 2 * items->size : 512;
		items->v = arena_array(items->arena, items->size, sizeof(*items->v));
		if (items->n)
			memcpy(items->v, old, items->n * sizeof(*old));
	}
	items->v[items->n] = (struct item){ nr, rule };
	items->n++;
}

static bool is_stricter(uint32_t a, uint32_t b)
{
	return (int32_t)(a & SECCOMP_RET_ACTION_FULL) < (int32_t)(b & SECCOMP_RET_ACTION_FULL);
}

/*
 * The call by way of socketcall or ipc, whose first argument says which (the upper half of ipc's is
 * a version).  The call's own arguments lie in memory there, where no filter sees them.  So a rule
 * that is stricter than the default applies whatever they are; another one loses its condition on
 * the first argument, as with libseccomp, or no 32-bit program could open a socket under profiles
 * that forbid a family.
 */
static const struct rule *through_multiplexer(struct arena *a, const struct rule *rule, int pseudo,
					      uint32_t default_ret)
{
	struct rule *m = arena_alloc(a, sizeof(*m));

	m->ret = rule->ret;
	m->n = 1;
	if (pseudo <= -200)
		m->conditions[0] = (struct condition){ 0, OP_MASKED_EQ, 0xffff, -200 - pseudo };
	else
		m->conditions[0] = (struct condition){ 0, OP_EQ, -100 - pseudo, 0 };
	if (is_stricter(rule->ret, default_ret))
		return m;
	for (size_t i = 0; i < rule->n; i++)
		if (rule->conditions[i].index)
			m->conditions[m->n++] = rule->conditions[i];
	return m;
}

static void know(struct items *items, const struct arch *arch, uint32_t nr)
{
	uint32_t *end = arch->x32 ? &items->end_x32 : &items->end;

	nr &= ~X32_BIT;
	if (nr >= *end)
		*end = nr + 1;
}

/* A call that neither of our tables has: a libseccomp newer than they are may know it. */
static bool library_number(const struct arch *arch, const char *name, int *nr)
{
	uint32_t token;

	return library_arch(arch->name, &token) && library_syscall(token, name, nr);
}

/* Number of @name on @arch, or no number: it does not exist there. *pseudo: its multiplexed form.
 */
static bool number_of(const struct arch *arch, const char *name,
		      const struct syscall_numbers *numbers, uint32_t *nr, int *pseudo)
{
	int found;

	*pseudo = 0;
	*nr = 0;
	if (!numbers) {
		*nr = newer_syscall(name, arch->audit);
		if (!*nr && (!library_number(arch, name, &found) || found < 0))
			return false;
		if (!*nr)
			*nr = (uint32_t)found;
		if (arch->x32)
			*nr |= X32_BIT;
		return true;
	}
	found = numbers->nr[arch - arches_known];
	if (found >= 0) {
		*nr = (uint32_t)found | (arch->x32 ? X32_BIT : 0);
		return true;
	}
	if (!arch->multiplexed || found == SYSCALL_NONE)
		return false;
	*pseudo = found;
	*nr = x86_direct_syscall(name);
	return true;
}

static void add_call(struct items *items, const struct arch *arch, const char *name,
		     const struct syscall_numbers *numbers, const struct rule *rules, size_t n,
		     uint32_t default_ret)
{
	uint32_t nr, multiplexer;
	int pseudo;

	if (!number_of(arch, name, numbers, &nr, &pseudo))
		return;
	multiplexer = pseudo <= -200 ? NR_IPC : NR_SOCKETCALL;
	if (nr || !pseudo)
		know(items, arch, nr);
	if (pseudo)
		know(items, arch, multiplexer);
	for (size_t i = 0; i < n && rules->ret != default_ret; i++) {
		if (nr || !pseudo)
			add_item(items, nr, &rules[i]);
		if (pseudo)
			add_item(items, multiplexer,
				 through_multiplexer(items->arena, &rules[i], pseudo, default_ret));
	}
}

static void add_profile(struct items *items, const struct spec_seccomp *profile,
			const struct arch *arch)
{
	const struct syscall_numbers **name = items->names;
	uint32_t default_ret = rules_default(profile);

	for (size_t i = 0; i < profile->syscalls.n; i++) {
		const struct spec_syscall *call = &profile->syscalls.v[i];
		size_t n;
		struct rule *rules = rules_of_call(items->arena, call, &n);

		for (size_t j = 0; j < call->names.n; j++)
			add_call(items, arch, call->names.v[j], *name++, rules, n, default_ret);
	}
}

/* Merges the runs [@from, @middle) and [@middle, @to) of @v into @out; equals stay in order. */
static void merge(const struct item *v, size_t from, size_t middle, size_t to, struct item *out)
{
	size_t left = from, right = middle;

	for (size_t i = from; i < to; i++)
		out[i] = left < middle && (right == to || v[left].nr <= v[right].nr) ? v[left++]
										     : v[right++];
}

/* By number, those of one number as they came: qsort(3) of musl takes longer than all the rest. */
static void sort(struct items *items)
{
	struct item *from = items->v, *to = arena_array(items->arena, items->n, sizeof(*to));

	for (size_t run = 1; run < items->n; run *= 2) {
		struct item *other = from;

		for (size_t i = 0; i < items->n; i += 2 * run) {
			size_t middle = i + run < items->n ? i + run : items->n;
			size_t end = i + 2 * run < items->n ? i + 2 * run : items->n;

			merge(from, i, middle, end, to);
		}
		from = to;
		to = other;
	}
	items->v = from;
	items->size = items->n; /* of either */
}

static bool same_rule(const struct rule *a, const struct rule *b)
{
	if (a->ret != b->ret || a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct condition *x = &a->conditions[i], *y = &b->conditions[i];

		if (x->index != y->index || x->op != y->op || x->value != y->value ||
		    x->value_two != y->value_two)
			return false;
	}
	return true;
}

static bool same_chain(const struct chain *a, const struct chain *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->rules[i] != b->rules[i] && !same_rule(a->rules[i], b->rules[i]))
			return false;
	return true;
}

/* An unconditional rule makes the others of its number void. */
static struct chain chain_of(struct arena *a, const struct item *items, size_t n)
{
	struct chain chain = { .rules = arena_array(a, n, sizeof(*chain.rules)) };

	for (size_t i = 0; i < n; i++)
		if (!items[i].rule->n) {
			chain.rules[0] = items[i].rule;
			chain.n = 1;
			return chain;
		}
	for (size_t i = 0; i < n; i++)
		chain.rules[chain.n++] = items[i].rule;
	return chain;
}

static struct chain chain_of_ret(struct arena *a, uint32_t ret)
{
	struct rule *rule = arena_alloc(a, sizeof(*rule));
	struct chain chain = { .rules = arena_array(a, 1, sizeof(*chain.rules)), .n = 1 };

	rule->ret = ret;
	chain.rules[0] = rule;
	return chain;
}

static void add_segment(struct arena *a, struct arch_rules *out, uint32_t first, struct chain chain)
{
	if (out->n && out->segments[out->n - 1].first == first)
		out->n--; /* it would be empty */
	if (out->n && same_chain(&out->segments[out->n - 1].chain, &chain))
		return;
	if (out->n == out->size) {
		const struct segment *old = out->segments;

		out->size = out->size ? 2 * out->size : 64;
		out->segments = arena_array(a, out->size, sizeof(*out->segments));
		if (out->n)
			memcpy(out->segments, old, out->n * sizeof(*old));
	}
	out->segments[out->n++] = (struct segment){ first, chain };
}

/* Where the default lets calls through the kernel answers, or the tracer that was asked for. */
static bool wants_enosys(const struct spec_seccomp *profile)
{
	return profile->defaultAction != ACTION_ALLOW && profile->defaultAction != ACTION_LOG &&
	       profile->defaultAction != ACTION_TRACE;
}

struct bounds {
	uint32_t first; /* of the range, 0 or X32_BIT */
	uint32_t end; /* beyond the newest, without the bit; 0: nothing is known here */
	bool enosys;
};

/* Segments of one range of numbers: its items, gaps with the default, ENOSYS beyond the newest. */
static void add_range(struct arena *a, struct arch_rules *out, const struct items *items,
		      size_t *at, const struct bounds *bounds)
{
	struct chain none = { 0 };
	uint32_t next = bounds->first;

	add_segment(a, out, next, none);
	while (*at < items->n && (items->v[*at].nr & X32_BIT) == (bounds->first & X32_BIT)) {
		uint32_t nr = items->v[*at].nr;
		size_t n = 1;

		while (*at + n < items->n && items->v[*at + n].nr == nr)
			n++;
		if (nr != next)
			add_segment(a, out, next, none);
		add_segment(a, out, nr, chain_of(a, &items->v[*at], n));
		next = nr + 1;
		*at += n;
	}
	add_segment(a, out, next, none);
	if (bounds->enosys && bounds->end)
		add_segment(a, out, bounds->first + bounds->end,
			    chain_of_ret(a, SECCOMP_RET_ERRNO | ENOSYS));
}

/* @items: room that is used again for each. */
static void build_arch(struct arena *a, const struct spec_seccomp *profile, const struct arch *arch,
		       bool with_x32, struct items *items, struct arch_rules *out)
{
	bool enosys = wants_enosys(profile);
	size_t at = 0;

	items->n = 0;
	items->end = items->end_x32 = 0;
	if (!arch->x32)
		add_profile(items, profile, arch);
	if (with_x32)
		add_profile(items, profile, &arches_known[1]);
	if (items->n)
		sort(items);
	out->audit_arch = arch->audit;
	out->wide = arch->wide;
	add_range(a, out, items, &at, &(struct bounds){ 0, items->end, enosys });
	if (arch->audit != AUDIT_ARCH_X86_64)
		return;
	if (with_x32)
		add_range(a, out, items, &at, &(struct bounds){ X32_BIT, items->end_x32, enosys });
	else
		add_segment(a, out, X32_BIT, chain_of_ret(a, SECCOMP_RET_KILL_THREAD));
	add_segment(a, out, UINT32_MAX, (struct chain){ 0 }); /* a tracer's "skip this call" */
}

static const struct arch *arch_by_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(arches_known); i++)
		if (!strcmp(arches_known[i].name, name))
			return &arches_known[i];
	return NULL;
}

static const struct arch *native(void)
{
	uint32_t own = library_native_arch(); /* the kernel's number, but for x32 */

	for (size_t i = 0; i < ARRAY_SIZE(arches_known); i++)
		if (arches_known[i].audit == own && !arches_known[i].x32)
			return &arches_known[i];
	return NULL;
}

const char *seccomp_native(void)
{
	const struct arch *own = native();

	return own ? own->name : NULL;
}

/* Names that nobody knows: a newer kernel's, or a mistake. libseccomp has a (negative) number for
 * names of other architectures. */
static void note_unknown(struct arena *a, const struct spec_seccomp *profile,
			 const struct syscall_numbers *const *numbers, seccomp_note_fn *note,
			 void *ctx)
{
	for (size_t i = 0; i < profile->syscalls.n; i++)
		for (size_t j = 0; j < profile->syscalls.v[i].names.n; j++) {
			const char *name = profile->syscalls.v[i].names.v[j];
			int nr;

			if (*numbers++ || is_newer_syscall(name) ||
			    library_syscall(library_native_arch(), name, &nr))
				continue;
			note(ctx, arena_printf(a, "linux.seccomp.syscalls[%zu].names[%zu]", i, j),
			     arena_printf(a, "unknown system call \"%s\", skipped", name));
		}
}

/* Each name is looked up once for all architectures. */
static const struct syscall_numbers **numbers_of(struct arena *a,
						 const struct spec_seccomp *profile)
{
	const struct syscall_numbers **numbers;
	size_t n = 0;

	for (size_t i = 0; i < profile->syscalls.n; i++)
		n += profile->syscalls.v[i].names.n;
	numbers = arena_array(a, n, sizeof(*numbers));
	n = 0;
	for (size_t i = 0; i < profile->syscalls.n; i++)
		for (size_t j = 0; j < profile->syscalls.v[i].names.n; j++)
			numbers[n++] = syscall_numbers(profile->syscalls.v[i].names.v[j]);
	return numbers;
}

static bool is_among(const struct arch *const *list, size_t n, const struct arch *arch)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == arch)
			return true;
	return false;
}

void rules_build(struct arena *a, const struct spec_seccomp *profile, seccomp_note_fn *note,
		 void *ctx, struct arch_rules **arches, size_t *n, bool *known)
{
	const struct arch *wanted[ARRAY_SIZE(arches_known)];
	struct items items = { .arena = a, .names = numbers_of(a, profile) };
	size_t n_wanted = 0;
	bool x32 = false;
	uint32_t token;

	wanted[n_wanted++] = native();
	*known = wanted[0] != NULL;
	for (size_t i = 0; i < profile->architectures.n; i++) {
		const char *name = profile->architectures.v[i];
		const struct arch *arch = arch_by_name(name);

		if (!arch && !library_arch(name, &token))
			note(ctx, arena_printf(a, "linux.seccomp.architectures[%zu]", i),
			     arena_printf(a, "%s is not known to libseccomp, skipped", name));
		else if (!arch)
			*known = false;
		else if (arch->x32)
			x32 = true; /* a part of x86-64 */
		else if (!is_among(wanted, n_wanted, arch))
			wanted[n_wanted++] = arch;
	}
	note_unknown(a, profile, items.names, note, ctx);
	if (!*known)
		return;
	*arches = arena_array(a, n_wanted, sizeof(**arches));
	*n = n_wanted;
	for (size_t i = 0; i < n_wanted; i++)
		build_arch(a, profile, wanted[i], x32 && wanted[i]->audit == AUDIT_ARCH_X86_64,
			   &items, &(*arches)[i]);
}
