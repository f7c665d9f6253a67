/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Device rules become a BPF_PROG_TYPE_CGROUP_DEVICE program.  A request names a device and some of
 * read, write, mknod; each of these is decided by the last rule that covers the device and that
 * bit, and the request is granted when all of them are.  So the program looks at the rules from the
 * last to the first, with the undecided bits in a register: a deny rule that covers one of them
 * ends with "no", an allow rule takes its bits out and ends with "yes" when none is left.  Whether
 * a device is there at all (access(2) with F_OK) asks for no bit; it is given one of its own, which
 * every rule covers.
 */
#include "cgroups/internal.h"

#include <linux/bpf.h>
#include <string.h>

#define ACCESS_ALL    (BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE)
#define ACCESS_EXISTS 8

/* Registers; r1 is the context. Major and minor are loaded anew by each rule, so that the verifier
 * need not tell apart the ways that lead to the next one. */
#define R_RESULT BPF_REG_0
#define R_CTX	 BPF_REG_1
#define R_TYPE	 BPF_REG_2
#define R_ASKED	 BPF_REG_3
#define R_NUMBER BPF_REG_4

#define RULE_INSNS 9 /* at most */
#define EDGE_INSNS 10 /* before and after the rules */

/* Jump offsets are 16 bits. */
#define PROGRAM_MAX 32000

#define LOAD(dst, field) \
	((struct bpf_insn){ .code = BPF_LDX | BPF_MEM | BPF_W, \
			    .dst_reg = (dst), \
			    .src_reg = R_CTX, \
			    .off = offsetof(struct bpf_cgroup_dev_ctx, field) })
#define MOVE(dst, src) \
	((struct bpf_insn){ \
		.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = (dst), .src_reg = (src) })
#define ALU(op, dst, value) \
	((struct bpf_insn){ .code = BPF_ALU64 | (op) | BPF_K, .dst_reg = (dst), .imm = (value) })
#define JUMP_IF(op, dst, value, offset) \
	((struct bpf_insn){ .code = BPF_JMP32 | (op) | BPF_K, \
			    .dst_reg = (dst), \
			    .imm = (value), \
			    .off = (offset) })
#define JUMP ((struct bpf_insn){ .code = BPF_JMP | BPF_JA })
#define EXIT ((struct bpf_insn){ .code = BPF_JMP | BPF_EXIT })

struct program {
	struct bpf_insn *v;
	size_t n;
};

/* Where a jump leads whose offset is not known yet: kept in off until fix(). */
enum { TO_ALLOW = -1, TO_DENY = -2, TO_NEXT = -3 };

static void add(struct program *p, struct bpf_insn insn)
{
	p->v[p->n++] = insn;
}

static void add_jump(struct program *p, struct bpf_insn insn, int16_t to)
{
	insn.off = to;
	add(p, insn);
}

/* Points the jumps to @to in the instructions from @from on to the end of the program. */
static void fix(struct program *p, size_t from, int16_t to)
{
	for (size_t i = from; i < p->n; i++) {
		struct bpf_insn *insn = &p->v[i];
		uint8_t class = BPF_CLASS(insn->code);

		if ((class == BPF_JMP || class == BPF_JMP32) && insn->off == to)
			insn->off = (int16_t)(p->n - i - 1);
	}
}

static void add_number_check(struct program *p, struct bpf_insn load, int64_t number)
{
	if (number < 0)
		return;
	add(p, load);
	add_jump(p, JUMP_IF(BPF_JNE, R_NUMBER, (int32_t)(uint32_t)number, 0), TO_NEXT);
}

static void add_rule(struct program *p, const struct plan_device_rule *rule)
{
	size_t start = p->n;

	if (rule->type != 'a')
		add_jump(p,
			 JUMP_IF(BPF_JNE, R_TYPE,
				 rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR, 0),
			 TO_NEXT);
	add_number_check(p, LOAD(R_NUMBER, major), rule->major);
	add_number_check(p, LOAD(R_NUMBER, minor), rule->minor);
	if (rule->access == ACCESS_ALL) {
		add_jump(p, JUMP, rule->allow ? TO_ALLOW : TO_DENY);
	} else if (rule->allow) {
		add(p, ALU(BPF_AND, R_ASKED, ~(rule->access | ACCESS_EXISTS)));
		add_jump(p, JUMP_IF(BPF_JEQ, R_ASKED, 0, 0), TO_ALLOW);
	} else {
		add_jump(p, JUMP_IF(BPF_JSET, R_ASKED, rule->access | ACCESS_EXISTS, 0), TO_DENY);
	}
	fix(p, start, TO_NEXT);
}

/* Does @a say something about everything that @b says something about? */
static bool covers(const struct plan_device_rule *a, const struct plan_device_rule *b)
{
	return (a->type == 'a' || a->type == b->type) && (a->major < 0 || a->major == b->major) &&
	       (a->minor < 0 || a->minor == b->minor) && !(b->access & ~a->access);
}

static bool covers_all(const struct plan_device_rule *rule)
{
	return rule->type == 'a' && rule->major < 0 && rule->minor < 0 &&
	       rule->access == ACCESS_ALL;
}

static bool overruled(const struct plan_device_rule *rules, size_t n, size_t i)
{
	for (size_t later = i + 1; later < n; later++) {
		if (covers(&rules[later], &rules[i]))
			return true;
	}
	return false;
}

/* Where to begin: rules before one for everything have no say; nor have those after it that only
 * repeat what it says (a privileged container's defaults). */
static size_t first_rule(const struct plan_device_rule *rules, size_t *n)
{
	size_t first = *n, same = 0;

	while (first-- > 0) {
		if (covers_all(&rules[first]))
			break;
	}
	if (first == SIZE_MAX)
		return 0;
	while (first + 1 + same < *n && rules[first + 1 + same].allow == rules[first].allow)
		same++;
	if (first + 1 + same == *n)
		*n = first + 1;
	return first;
}

static int check_rule(const struct plan_device_rule *rule, size_t i, struct lc_error *e)
{
	if (rule->type != 'a' && rule->type != 'b' && rule->type != 'c')
		return lc_err(e, LC_ECONFIG, "device rule %zu: type '%c'", i, rule->type);
	if (rule->major > UINT32_MAX || rule->minor > UINT32_MAX)
		return lc_err(e, LC_ECONFIG, "device rule %zu: no device has the number %lld:%lld",
			      i, (long long)rule->major, (long long)rule->minor);
	if (!rule->access || rule->access & ~ACCESS_ALL)
		return lc_err(e, LC_ECONFIG, "device rule %zu: access %#x", i, rule->access);
	return 0;
}

/* Type into R_TYPE, the bits asked for into R_ASKED. */
static void add_start(struct program *p)
{
	add(p, LOAD(R_TYPE, access_type));
	add(p, MOVE(R_ASKED, R_TYPE));
	add(p, ALU(BPF_AND, R_TYPE, 0xffff));
	add(p, ALU(BPF_RSH, R_ASKED, 16));
	add(p, JUMP_IF(BPF_JNE, R_ASKED, 0, 1));
	add(p, ALU(BPF_MOV, R_ASKED, ACCESS_EXISTS));
}

static bool has_jump(const struct program *p, int16_t to)
{
	for (size_t i = 0; i < p->n; i++) {
		uint8_t class = BPF_CLASS(p->v[i].code);

		if ((class == BPF_JMP || class == BPF_JMP32) && p->v[i].off == to)
			return true;
	}
	return false;
}

static void add_verdict(struct program *p, bool allow)
{
	fix(p, 0, allow ? TO_ALLOW : TO_DENY);
	add(p, ALU(BPF_MOV, R_RESULT, allow));
	add(p, EXIT);
}

/* What no rule decides falls through to @otherwise; the other verdict is there only if a rule leads
 * to it: the kernel refuses programs with instructions that nothing reaches. */
static void add_end(struct program *p, bool otherwise)
{
	add_verdict(p, otherwise);
	if (has_jump(p, otherwise ? TO_DENY : TO_ALLOW))
		add_verdict(p, !otherwise);
}

int cgroup_device_program(struct arena *a, const struct plan_device_rule *rules, size_t n,
			  struct bytes *out, struct lc_error *e)
{
	struct program p = {};
	bool otherwise = false;
	size_t first;

	if (n > (PROGRAM_MAX - EDGE_INSNS) / RULE_INSNS)
		return lc_err(e, LC_ECONFIG, "linux.resources.devices: %zu rules are too many", n);
	p.v = arena_array(a, n * RULE_INSNS + EDGE_INSNS, sizeof(*p.v));
	for (size_t i = 0; i < n; i++) {
		if (check_rule(&rules[i], i, e) < 0)
			return -1;
	}
	first = first_rule(rules, &n);
	if (first < n && covers_all(&rules[first]))
		otherwise = rules[first++].allow;
	if (first < n)
		add_start(&p);
	for (size_t i = n; i-- > first;) {
		if (!overruled(rules, n, i))
			add_rule(&p, &rules[i]);
	}
	add_end(&p, otherwise);
	out->v = (uint8_t *)p.v;
	out->n = p.n * sizeof(*p.v);
	return 0;
}
