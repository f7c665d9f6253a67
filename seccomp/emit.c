/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Segments to instructions.  Neighbouring numbers with the same outcome are one segment, so a
 * profile of 400 calls is a binary search over some 60 of them: about 7 comparisons a call.
 *
 *	load the architecture; per architecture: load the number, search
 *	leaf: the verdict, or the rules: each condition falls through when it holds
 */
#include "seccomp/rules.h"
#include <endian.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>

#define FAR 255 /* jumps of a condition that fails: patched when the rule's length is known */

/* Each condition takes at most 6 instructions. */
enum { RULE_MAX = 6 * MAX_CONDITIONS + 1 };

/* Without @v instructions are only counted: what is jumped over is measured before it is written,
 * so that nothing has to be moved. */
struct code {
	struct sock_filter *v;
	size_t n;
};

static void put(struct code *c, uint16_t op, uint32_t k, uint8_t jt, uint8_t jf)
{
	if (c->v)
		c->v[c->n] = (struct sock_filter){ op, jt, jf, k };
	c->n++;
}

static void put_code(struct code *c, const struct code *more)
{
	for (size_t i = 0; i < more->n; i++)
		put(c, more->v[i].code, more->v[i].k, more->v[i].jt, more->v[i].jf);
}

static void put_load(struct code *c, uint32_t offset)
{
	put(c, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

static void put_return(struct code *c, uint32_t ret)
{
	put(c, BPF_RET | BPF_K, ret, 0, 0);
}

static uint32_t half(uint32_t index, bool high)
{
	uint32_t at = offsetof(struct seccomp_data, args) + 8 * index;

	return at + (high == (__BYTE_ORDER == __LITTLE_ENDIAN) ? 4 : 0);
}

/* A 64-bit comparison in halves; falls through when it holds, jumps FAR when not. */
static void put_ordered(struct code *c, const struct condition *x, bool wide)
{
	uint32_t high = x->value >> 32, low = (uint32_t)x->value;
	bool or_equal = x->op == OP_GE || x->op == OP_LT; /* the low halves are compared by >= */
	bool negated = x->op == OP_LT || x->op == OP_LE;
	uint16_t low_op = BPF_JMP | BPF_K | (or_equal ? BPF_JGE : BPF_JGT);

	if (wide) {
		put_load(c, half(x->index, true));
		put(c, BPF_JMP | BPF_JGT | BPF_K, high, negated ? FAR : 3, 0);
		put(c, BPF_JMP | BPF_JEQ | BPF_K, high, 0, negated ? 2 : FAR);
	}
	put_load(c, half(x->index, false));
	put(c, low_op, low, negated ? FAR : 0, negated ? 0 : FAR);
}

static void put_not_equal(struct code *c, const struct condition *x, bool wide)
{
	if (wide) {
		put_load(c, half(x->index, true));
		put(c, BPF_JMP | BPF_JEQ | BPF_K, x->value >> 32, 0, 2);
	}
	put_load(c, half(x->index, false));
	put(c, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)x->value, FAR, 0);
}

static void put_masked_half(struct code *c, uint32_t offset, uint32_t mask, uint32_t value)
{
	if (!mask)
		return; /* nothing of this half is looked at */
	put_load(c, offset);
	if (mask != UINT32_MAX)
		put(c, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
	put(c, BPF_JMP | BPF_JEQ | BPF_K, value & mask, 0, FAR);
}

static void put_condition(struct code *c, const struct condition *x, bool wide)
{
	uint64_t mask = x->op == OP_MASKED_EQ ? x->value : UINT64_MAX;
	uint64_t value = x->op == OP_MASKED_EQ ? x->value_two : x->value;

	if (x->op == OP_NE) {
		put_not_equal(c, x, wide);
		return;
	}
	if (x->op != OP_EQ && x->op != OP_MASKED_EQ) {
		put_ordered(c, x, wide);
		return;
	}
	if (wide)
		put_masked_half(c, half(x->index, true), mask >> 32, value >> 32);
	put_masked_half(c, half(x->index, false), (uint32_t)mask, (uint32_t)value);
}

static void put_rule(struct code *c, const struct rule *rule, bool wide)
{
	struct sock_filter room[RULE_MAX];
	struct code body = { .v = room };

	for (size_t i = 0; i < rule->n; i++)
		put_condition(&body, &rule->conditions[i], wide);
	put_return(&body, rule->ret);
	for (size_t i = 0; i < body.n; i++) {
		struct sock_filter *jump = &body.v[i];

		if (jump->jt == FAR)
			jump->jt = body.n - i - 1;
		if (jump->jf == FAR)
			jump->jf = body.n - i - 1;
	}
	put_code(c, &body);
}

static void put_chain(struct code *c, const struct chain *chain, bool wide, uint32_t default_ret)
{
	for (size_t i = 0; i < chain->n; i++) {
		put_rule(c, chain->rules[i], wide);
		if (!chain->rules[i]->n)
			return; /* unconditional: nothing comes after it */
	}
	put_return(c, default_ret);
}

static void put_search(struct code *c, const struct segment *s, size_t n, bool wide,
		       uint32_t default_ret)
{
	struct code left = { 0 };

	if (n == 1) {
		put_chain(c, &s->chain, wide, default_ret);
		return;
	}
	put_search(&left, s, n / 2, wide, default_ret);
	if (left.n < 255) {
		put(c, BPF_JMP | BPF_JGE | BPF_K, s[n / 2].first, (uint8_t)left.n, 0);
	} else {
		put(c, BPF_JMP | BPF_JGE | BPF_K, s[n / 2].first, 0, 1);
		put(c, BPF_JMP | BPF_JA, left.n, 0, 0);
	}
	if (c->v)
		put_search(c, s, n / 2, wide, default_ret);
	else
		c->n += left.n; /* it has just been counted */
	put_search(c, s + n / 2, n - n / 2, wide, default_ret);
}

static void put_arch(struct code *c, const struct arch_rules *arch, uint32_t default_ret)
{
	put_load(c, offsetof(struct seccomp_data, nr));
	put_search(c, arch->segments, arch->n, arch->wide, default_ret);
}

static void put_all(struct code *c, const struct arch_rules *arches, size_t n, uint32_t default_ret)
{
	put_load(c, offsetof(struct seccomp_data, arch));
	for (size_t i = 0; i < n; i++) {
		struct code body = { 0 };

		put_arch(&body, &arches[i], default_ret);
		put(c, BPF_JMP | BPF_JEQ | BPF_K, arches[i].audit_arch, 1, 0);
		put(c, BPF_JMP | BPF_JA, (uint32_t)body.n, 0, 0);
		put_arch(c, &arches[i], default_ret);
	}
	put_return(c, SECCOMP_RET_KILL_THREAD);
}

int emit_filter(struct arena *a, const struct arch_rules *arches, size_t n, uint32_t default_ret,
		struct seccomp_filter *out, struct lc_error *e)
{
	struct code c = { 0 };

	put_all(&c, arches, n, default_ret);
	if (c.n > BPF_MAXINSNS)
		return lc_err(e, LC_ECONFIG,
			      "linux.seccomp: the filter would have %zu instructions, the kernel "
			      "takes %d",
			      c.n, BPF_MAXINSNS);
	c = (struct code){ .v = arena_array(a, c.n, sizeof(*c.v)) };
	put_all(&c, arches, n, default_ret);
	out->bytes = (uint8_t *)c.v;
	out->len = c.n * sizeof(*c.v);
	return 0;
}
