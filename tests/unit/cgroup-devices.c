/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device programs, run by an interpreter of eBPF and compared with the meaning of the rules: each
 * bit that is asked for is decided by the last rule that covers it.
 */
#include "base/arena.h"
#include "cgroups/cgroup.h"
#include "lc_test.h"

#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>

#define R BPF_DEVCG_ACC_READ
#define W BPF_DEVCG_ACC_WRITE
#define M BPF_DEVCG_ACC_MKNOD

struct request {
	char type; /* 'b' or 'c' */
	uint32_t major, minor;
	unsigned access; /* 0: does it exist? */
};

/* ---- what the rules mean ---- */

static bool names(const struct plan_device_rule *rule, const struct request *q)
{
	return (rule->type == 'a' || rule->type == q->type) &&
	       (rule->major < 0 || rule->major == q->major) &&
	       (rule->minor < 0 || rule->minor == q->minor);
}

static bool bit_allowed(const struct plan_device_rule *rules, size_t n, const struct request *q,
			unsigned bit)
{
	bool allowed = false;

	for (size_t i = 0; i < n; i++) {
		if (names(&rules[i], q) && (!bit || rules[i].access & bit))
			allowed = rules[i].allow;
	}
	return allowed;
}

static bool allowed(const struct plan_device_rule *rules, size_t n, const struct request *q)
{
	if (!q->access)
		return bit_allowed(rules, n, q, 0);
	for (unsigned bit = 1; bit <= 4; bit *= 2) {
		if (q->access & bit && !bit_allowed(rules, n, q, bit))
			return false;
	}
	return true;
}

/* ---- what the program says ---- */

static uint64_t operand(const struct bpf_insn *insn, const uint64_t *reg)
{
	return BPF_SRC(insn->code) == BPF_X ? reg[insn->src_reg] : (uint64_t)(int64_t)insn->imm;
}

static bool jumps(const struct bpf_insn *insn, const uint64_t *reg)
{
	uint64_t a = reg[insn->dst_reg], b = operand(insn, reg);

	if (BPF_CLASS(insn->code) == BPF_JMP32) {
		a = (uint32_t)a;
		b = (uint32_t)b;
	}
	switch (BPF_OP(insn->code)) {
	case BPF_JA:
		return true;
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JSET:
		return a & b;
	default:
		FAIL("jump %#x", insn->code);
	}
}

static void compute(const struct bpf_insn *insn, uint64_t *reg)
{
	uint64_t *dst = &reg[insn->dst_reg], b = operand(insn, reg);

	switch (BPF_OP(insn->code)) {
	case BPF_MOV:
		*dst = b;
		break;
	case BPF_AND:
		*dst &= b;
		break;
	case BPF_RSH:
		*dst >>= b;
		break;
	default:
		FAIL("operation %#x", insn->code);
	}
}

static uint64_t run(const struct bytes *program, const struct bpf_cgroup_dev_ctx *ctx)
{
	const struct bpf_insn *v = (const struct bpf_insn *)program->v;
	size_t n = program->n / sizeof(*v);
	uint64_t reg[11] = { 0 };

	for (size_t pc = 0; pc < n; pc++) {
		const struct bpf_insn *insn = &v[pc];
		uint32_t word;

		switch (BPF_CLASS(insn->code)) {
		case BPF_LDX:
			CHECK_INT(insn->src_reg, 1);
			CHECK(insn->off >= 0 && (size_t)insn->off + 4 <= sizeof(*ctx));
			memcpy(&word, (const char *)ctx + insn->off, 4);
			reg[insn->dst_reg] = word;
			break;
		case BPF_ALU64:
			compute(insn, reg);
			break;
		case BPF_JMP:
		case BPF_JMP32:
			if (BPF_OP(insn->code) == BPF_EXIT)
				return reg[0];
			if (jumps(insn, reg)) {
				CHECK(insn->off >= 0);
				pc += (size_t)insn->off;
			}
			break;
		default:
			FAIL("instruction %#x", insn->code);
		}
	}
	FAIL("the program runs off its end");
}

static bool program_allows(const struct bytes *program, const struct request *q)
{
	struct bpf_cgroup_dev_ctx ctx = {
		.access_type = q->access << 16 |
			       (q->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR),
		.major = q->major,
		.minor = q->minor,
	};
	uint64_t result = run(program, &ctx);

	CHECK(result <= 1);
	return result;
}

static struct bytes compile(struct arena *a, const struct plan_device_rule *rules, size_t n)
{
	struct bytes program;
	struct lc_error e;

	CHECK_OK(cgroup_device_program(a, rules, n, &program, &e), &e);
	return program;
}

/* ---- tests ---- */

static void describe(const struct plan_device_rule *rules, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("# %s %c %lld:%lld %u\n", rules[i].allow ? "allow" : "deny", rules[i].type,
		       (long long)rules[i].major, (long long)rules[i].minor, rules[i].access);
}

TEST(cases)
{
	static const struct plan_device_rule rules[] = {
		{ false, 'a', -1, -1, R | W | M },
		{ true, 'c', -1, -1, M },
		{ true, 'b', -1, -1, M },
		{ true, 'c', 1, 3, R | W | M },
		{ true, 'c', 1, 5, R },
		{ true, 'c', 1, 5, W },
		{ true, 'c', 10, -1, R | W },
		{ false, 'c', 10, 229, W },
		{ true, 'b', 8, 0, R | W | M },
		{ false, 'b', 8, 0, R | W | M },
		{ true, 'c', 4294967295, 0, R },
	};
	static const struct {
		struct request q;
		bool allowed;
	} cases[] = {
		{ { 'c', 1, 3, R | W }, true },	      { { 'c', 1, 3, R | W | M }, true },
		{ { 'c', 1, 3, 0 }, true },	      { { 'c', 1, 4, R }, false },
		{ { 'c', 1, 4, M }, true },	      { { 'c', 1, 4, R | M }, false },
		{ { 'c', 1, 5, R | W }, true }, /* by two rules together */
		{ { 'c', 1, 5, R | W | M }, true }, /* by three */
		{ { 'c', 10, 1, R | W }, true },      { { 'c', 10, 229, R | W }, false },
		{ { 'c', 10, 229, R }, true },	      { { 'c', 10, 229, R | M }, true },
		{ { 'b', 8, 0, R }, false },	      { { 'b', 8, 0, M }, false },
		{ { 'b', 8, 0, 0 }, false },	      { { 'b', 8, 1, M }, true },
		{ { 'b', 1, 3, R }, false },	      { { 'c', 4294967295, 0, R }, true },
		{ { 'c', 4294967295, 1, R }, false },
	};
	auto_arena a = {};
	struct bytes program = compile(&a, rules, ARRAY_SIZE(rules));

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (program_allows(&program, &cases[i].q) != cases[i].allowed)
			FAIL("case %zu: wanted %d", i, cases[i].allowed);
	}
}

TEST(no_rules_allow_nothing)
{
	auto_arena a = {};
	struct bytes program = compile(&a, NULL, 0);

	CHECK(!program_allows(&program, &(struct request){ 'c', 1, 3, R }));
	CHECK(!program_allows(&program, &(struct request){ 'c', 1, 3, 0 }));
}

TEST(rules_that_change_nothing_cost_nothing)
{
	static const struct plan_device_rule rules[] = {
		{ true, 'c', 1, 3, R },
		{ true, 'b', 8, -1, R },
		{ false, 'a', -1, -1, R | W | M },
		{ false, 'b', 8, -1, R },
	};
	auto_arena a = {};
	struct bytes one = compile(&a, rules + 2, 1);

	CHECK_INT(compile(&a, rules, 3).n, one.n);
	CHECK_INT(compile(&a, rules, 4).n, one.n);
}

static const unsigned numbers[] = { 0, 1, 2, 255, 65536, 4294967295 };

/* Few values, so that rules meet each other. */
static int64_t random_number(unsigned *seed)
{
	unsigned i = (unsigned)rand_r(seed) % 8;

	return i < ARRAY_SIZE(numbers) ? (int64_t)numbers[i] : -1;
}

static struct plan_device_rule random_rule(unsigned *seed)
{
	if (rand_r(seed) % 12 == 0)
		return (struct plan_device_rule){ rand_r(seed) & 16, 'a', -1, -1, R | W | M };
	return (struct plan_device_rule){
		.allow = rand_r(seed) & 16,
		.type = "abc"[rand_r(seed) % 3],
		.major = random_number(seed),
		.minor = random_number(seed),
		.access = (uint8_t)(1 + rand_r(seed) % 7),
	};
}

static void compare_all(const struct plan_device_rule *rules, size_t n)
{
	auto_arena a = {};
	struct bytes program = compile(&a, rules, n);

	for (size_t i = 0; i < 2 * ARRAY_SIZE(numbers) * ARRAY_SIZE(numbers) * 8; i++) {
		size_t of = ARRAY_SIZE(numbers);
		struct request q = {
			.type = "bc"[i % 2],
			.access = i / 2 % 8,
			.major = numbers[i / 16 % of],
			.minor = numbers[i / 16 / of % of],
		};

		if (program_allows(&program, &q) == allowed(rules, n, &q))
			continue;
		describe(rules, n);
		FAIL("%c %u:%u access %u: the rules say %d", q.type, q.major, q.minor, q.access,
		     allowed(rules, n, &q));
	}
}

/* 3000 sets of rules, 576 requests each. */
TEST(programs_say_what_random_rules_mean)
{
	unsigned seed = 20261123;

	for (int round = 0; round < 3000; round++) {
		struct plan_device_rule rules[24];
		size_t n = (size_t)rand_r(&seed) % (ARRAY_SIZE(rules) + 1);

		for (size_t i = 0; i < n; i++)
			rules[i] = random_rule(&seed);
		compare_all(rules, n);
	}
}

TEST(wrong_rules_are_refused)
{
	static const struct {
		struct plan_device_rule rule;
		const char *wanted;
	} cases[] = {
		{ { true, 'p', 1, 3, R }, "device rule 0: type 'p'" },
		{ { true, 'c', 4294967296, 3, R },
		  "device rule 0: no device has the number 4294967296:3" },
		{ { true, 'c', 1, 3, 0 }, "device rule 0: access 0" },
		{ { true, 'c', 1, 3, 8 }, "device rule 0: access 0x8" },
	};
	auto_arena a = {};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bytes program;
		struct lc_error e = {};

		CHECK_INT(cgroup_device_program(&a, &cases[i].rule, 1, &program, &e), -1);
		CHECK_STR(e.msg, cases[i].wanted);
	}
}

TEST(too_many_rules_are_refused)
{
	auto_arena a = {};
	struct plan_device_rule *rules = arena_array(&a, 100000, sizeof(*rules));
	struct bytes program;
	struct lc_error e = {};

	CHECK_INT(cgroup_device_program(&a, rules, 100000, &program, &e), -1);
	CHECK_CONTAINS(e.msg, "linux.resources.devices: 100000 rules are too many");
}
