/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Seccomp filters without a kernel. */
#include "filter.h"
#include "seccomp/library.h"
#include "seccomp/rules.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define X32_BIT 0x40000000u

/* ---- the interpreter ---- */

static _Noreturn void refused(const char *why, size_t at)
{
	fprintf(stderr, "# the kernel would refuse the filter: instruction %zu: %s\n", at, why);
	abort();
}

static bool jump_taken(const struct sock_filter *f, uint32_t a, size_t at)
{
	switch (BPF_OP(f->code)) {
	case BPF_JEQ:
		return a == f->k;
	case BPF_JGT:
		return a > f->k;
	case BPF_JGE:
		return a >= f->k;
	case BPF_JSET:
		return a & f->k;
	default:
		refused("unknown jump", at);
	}
}

/* Little endian only, as all machines that hull is tested on. */
static uint32_t load_word(const struct seccomp_data *data, uint32_t offset, size_t at)
{
	uint32_t word;

	if (offset % 4 || offset > sizeof(*data) - 4)
		refused("load outside of the data", at);
	memcpy(&word, (const char *)data + offset, sizeof(word));
	return word;
}

uint32_t filter_run(const struct seccomp_filter *filter, const struct seccomp_data *data)
{
	const struct sock_filter *program = (const void *)filter->bytes;
	size_t n = filter->len / sizeof(*program), at = 0;
	uint32_t a = 0;

	if (!n || n > BPF_MAXINSNS || filter->len % sizeof(*program))
		refused("length", n);
	for (;;) {
		const struct sock_filter *f = &program[at];

		if (at >= n)
			refused("jump beyond the end", at);
		at++;
		if (f->code == (BPF_LD | BPF_W | BPF_ABS))
			a = load_word(data, f->k, at);
		else if (f->code == (BPF_ALU | BPF_AND | BPF_K))
			a &= f->k;
		else if (f->code == (BPF_RET | BPF_K))
			return f->k;
		else if (f->code == (BPF_JMP | BPF_JA))
			at += f->k;
		else if (BPF_CLASS(f->code) == BPF_JMP && BPF_SRC(f->code) == BPF_K)
			at += jump_taken(f, a, at) ? f->jt : f->jf;
		else
			refused("unknown instruction", at);
	}
}

/* ---- what a profile means ---- */

/* An entry's name on an architecture. */
struct meant {
	uint32_t audit, nr; /* the direct number, or that of socketcall or ipc */
	uint32_t mux; /* 0, or which call of socketcall or ipc */
	bool newer; /* libseccomp lacks it */
	const struct spec_syscall *call;
};

struct meaning {
	const struct spec_seccomp *profile;
	struct meant *v;
	size_t n;
	uint32_t end[3]; /* beyond the newest, per line of machines[]; 0: none is known */
};

static const struct machine {
	const char *name;
	uint32_t audit, bit;
} machines[] = {
	{ "SCMP_ARCH_X86_64", AUDIT_ARCH_X86_64, 0 },
	{ "SCMP_ARCH_X86", AUDIT_ARCH_I386, 0 },
	{ "SCMP_ARCH_X32", AUDIT_ARCH_X86_64, X32_BIT },
};

static bool has_machine(const struct spec_seccomp *profile, const struct machine *machine)
{
	return machine == &machines[0] || strs_have(&profile->architectures, machine->name);
}

static void know(uint32_t *end, uint32_t nr)
{
	nr &= ~X32_BIT;
	if (nr >= *end)
		*end = nr + 1;
}

static void mean(struct meaning *m, const struct machine *machine, const struct spec_syscall *call,
		 const char *name)
{
	uint32_t *end = &m->end[machine - machines], token, direct;
	bool newer = false;
	int nr = -1;

	if (library_arch(machine->name, &token) && !library_syscall(token, name, &nr)) {
		nr = (int)newer_syscall(name, machine->audit);
		if (!nr)
			return;
		nr |= (int)machine->bit;
		newer = true;
	}
	direct = nr >= 0 ? (uint32_t)nr : 0;
	if (machine->audit == AUDIT_ARCH_I386 && nr <= -101 && nr >= -299) {
		bool ipc = nr <= -200;

		m->v[m->n++] = (struct meant){ machine->audit, ipc ? 117 : 102,
					       (uint32_t)((ipc ? -200 : -100) - nr), false, call };
		know(end, ipc ? 117 : 102);
		direct = x86_direct_syscall(name);
	}
	if (nr < 0 && !direct)
		return;
	m->v[m->n++] = (struct meant){ machine->audit, direct, 0, newer, call };
	know(end, direct);
}

static void mean_all(struct arena *a, const struct spec_seccomp *profile, struct meaning *m)
{
	size_t n = 0;

	for (size_t i = 0; i < profile->syscalls.n; i++)
		n += profile->syscalls.v[i].names.n;
	m->profile = profile;
	m->v = arena_array(a, n * 2 * ARRAY_SIZE(machines) + 1, sizeof(*m->v));
	for (size_t k = 0; k < ARRAY_SIZE(machines); k++)
		for (size_t i = 0; has_machine(profile, &machines[k]) && i < profile->syscalls.n;
		     i++) {
			const struct spec_syscall *call = &profile->syscalls.v[i];

			for (size_t j = 0; j < call->names.n; j++)
				mean(m, &machines[k], call, call->names.v[j]);
		}
}

static bool holds(const struct spec_seccomp_arg *arg, const struct seccomp_data *data)
{
	uint64_t mask = data->arch == AUDIT_ARCH_I386 ? UINT32_MAX : UINT64_MAX;
	uint64_t x = data->args[arg->index] & mask, v = arg->value & mask;

	switch (arg->op) {
	case OP_NE:
		return x != v;
	case OP_LT:
		return x < v;
	case OP_LE:
		return x <= v;
	case OP_EQ:
		return x == v;
	case OP_GE:
		return x >= v;
	case OP_GT:
		return x > v;
	case OP_MASKED_EQ:
		return (x & v) == (arg->valueTwo.v & v);
	}
	abort();
}

/* Conditions on one argument twice: any is enough; else all are needed.  @from: the first argument
 * whose conditions count. */
static bool applies(const struct spec_syscall *call, const struct seccomp_data *data, uint32_t from)
{
	bool any = false, all = true, twice = false;

	for (size_t i = 0; i < call->args.n; i++) {
		const struct spec_seccomp_arg *arg = &call->args.v[i];
		bool is = arg->index < from || holds(arg, data);

		for (size_t k = 0; k < i; k++)
			twice |= arg->index == call->args.v[k].index;
		any |= is;
		all &= is;
	}
	return twice ? any : all;
}

static uint32_t ret_of_call(enum seccomp_action action, struct opt_u32 ret)
{
	static const uint32_t values[] = {
		[ACTION_KILL] = SECCOMP_RET_KILL_THREAD,
		[ACTION_KILL_PROCESS] = SECCOMP_RET_KILL_PROCESS,
		[ACTION_KILL_THREAD] = SECCOMP_RET_KILL_THREAD,
		[ACTION_TRAP] = SECCOMP_RET_TRAP,
		[ACTION_ERRNO] = SECCOMP_RET_ERRNO,
		[ACTION_TRACE] = SECCOMP_RET_TRACE,
		[ACTION_ALLOW] = SECCOMP_RET_ALLOW,
		[ACTION_LOG] = SECCOMP_RET_LOG,
		[ACTION_NOTIFY] = SECCOMP_RET_USER_NOTIF,
	};
	bool data = action == ACTION_ERRNO || action == ACTION_TRACE;

	return values[action] | (data ? ret.set ? ret.v : EPERM : 0);
}

static uint32_t default_of(const struct spec_seccomp *profile)
{
	return ret_of_call(profile->defaultAction, profile->defaultErrnoRet);
}

static bool is_meant(const struct meant *m, const struct seccomp_data *data)
{
	if (m->audit != data->arch || (int)m->nr != data->nr)
		return false;
	if (m->nr == 117 && m->mux)
		return (data->args[0] & 0xffff) == m->mux;
	return !m->mux || (uint32_t)data->args[0] == m->mux;
}

static bool is_newer(const struct meaning *m, const struct seccomp_data *data)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].newer && is_meant(&m->v[i], data))
			return true;
	return false;
}

static const struct machine *machine_of(const struct meaning *m, const struct seccomp_data *data)
{
	bool x32 = data->arch == AUDIT_ARCH_X86_64 && (uint32_t)data->nr >= X32_BIT;
	uint32_t bit = x32 ? X32_BIT : 0;

	for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
		if (machines[i].audit == data->arch && machines[i].bit == bit &&
		    has_machine(m->profile, &machines[i]))
			return &machines[i];
	return NULL;
}

static bool beyond_newest(const struct meaning *m, const struct seccomp_data *data)
{
	const struct machine *machine = machine_of(m, data);
	enum seccomp_action action = m->profile->defaultAction;
	uint32_t end = machine ? m->end[machine - machines] : 0;

	return end && ((uint32_t)data->nr & ~machine->bit) >= end && action != ACTION_ALLOW &&
	       action != ACTION_LOG && action != ACTION_TRACE;
}

static bool is_stricter(uint32_t a, uint32_t b)
{
	return (int32_t)(a & SECCOMP_RET_ACTION_FULL) < (int32_t)(b & SECCOMP_RET_ACTION_FULL);
}

static bool applies_here(const struct meant *x, const struct seccomp_data *data, uint32_t otherwise)
{
	if (!x->call->args.n)
		return true;
	if (!x->mux)
		return applies(x->call, data, 0);
	return is_stricter(ret_of_call(x->call->action, x->call->errnoRet), otherwise) ||
	       applies(x->call, data, 1);
}

/* An unconditional entry, else the first that applies, else the default. */
static uint32_t meaning_of(const struct meaning *m, const struct seccomp_data *data)
{
	const struct meant *found = NULL;
	uint32_t otherwise = default_of(m->profile);

	if (data->nr == -1 && data->arch == AUDIT_ARCH_X86_64)
		return otherwise;
	if (!machine_of(m, data))
		return SECCOMP_RET_KILL_THREAD;
	if (beyond_newest(m, data))
		return SECCOMP_RET_ERRNO | ENOSYS;
	for (size_t i = 0; i < m->n; i++) {
		const struct meant *x = &m->v[i];
		bool plain = !x->call->args.n && !x->mux;

		if (!is_meant(x, data) ||
		    ret_of_call(x->call->action, x->call->errnoRet) == otherwise)
			continue;
		if (plain) {
			found = x;
			break;
		}
		if (!found && applies_here(x, data, otherwise))
			found = x;
	}
	return found ? ret_of_call(found->call->action, found->call->errnoRet) : otherwise;
}

/* ---- the comparison ---- */

uint64_t next_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15; /* splitmix64 */

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

struct compare {
	struct meaning meaning;
	struct seccomp_filter ours, theirs;
	bool with_library;
	uint64_t random;
	struct comparison *out;
};

static void differ(struct compare *c, const struct seccomp_data *d, const char *who, uint32_t ours,
		   uint32_t wanted)
{
	snprintf(c->out->wrong, sizeof(c->out->wrong),
		 "arch %#x call %d (%#llx, %#llx, %#llx, %#llx, %#llx, %#llx): %s %#x, ours %#x",
		 d->arch, d->nr, d->args[0], d->args[1], d->args[2], d->args[3], d->args[4],
		 d->args[5], who, wanted, ours);
}

static bool any_wide(const struct spec_syscall *call, const struct seccomp_data *d)
{
	bool wide = false;

	for (size_t i = 0; i < 6; i++)
		wide |= d->args[i] > UINT32_MAX;
	for (size_t i = 0; i < call->args.n; i++)
		wide |= call->args.v[i].value > UINT32_MAX ||
			call->args.v[i].valueTwo.v > UINT32_MAX;
	return wide;
}

/* On x32 libseccomp compares 32 bits; the kernel shows all 64, and its calls use them.  Rules that
 * refuse a multiplexed call do so whatever its arguments, which nobody can see. */
static bool is_seen_otherwise(const struct compare *c, const struct meant *x,
			      const struct seccomp_data *d)
{
	if ((uint32_t)d->nr >= X32_BIT)
		return any_wide(x->call, d);
	return x->mux && x->call->args.n &&
	       is_stricter(ret_of_call(x->call->action, x->call->errnoRet),
			   default_of(c->meaning.profile));
}

/* What libseccomp knows nothing of: calls newer than it, ENOSYS beyond the newest, ipc's version.
 */
static bool is_ours_alone(const struct compare *c, const struct seccomp_data *d)
{
	for (size_t i = 0; i < c->meaning.n; i++)
		if (is_meant(&c->meaning.v[i], d) && is_seen_otherwise(c, &c->meaning.v[i], d))
			return true;
	return beyond_newest(&c->meaning, d) || is_newer(&c->meaning, d) ||
	       (d->arch == AUDIT_ARCH_I386 && d->nr == 117 && d->args[0] > 0xffff);
}

static void ask(struct compare *c, const struct seccomp_data *given)
{
	struct seccomp_data d = *given;
	uint32_t ours, wanted;

	if (c->out->wrong[0])
		return;
	if (d.arch == AUDIT_ARCH_I386)
		for (int i = 0; i < 6; i++)
			d.args[i] = (uint32_t)d.args[i];
	c->out->calls++;
	ours = filter_run(&c->ours, &d);
	wanted = meaning_of(&c->meaning, &d);
	if (ours != wanted)
		differ(c, &d, "meant", ours, wanted);
	if (!c->with_library || is_ours_alone(c, &d))
		return;
	wanted = filter_run(&c->theirs, &d);
	if (ours != wanted)
		differ(c, &d, "libseccomp's", ours, wanted);
}

/* A value for which the condition holds, where there is one. */
static uint64_t satisfying(const struct spec_seccomp_arg *arg, uint64_t random)
{
	switch (arg->op) {
	case OP_NE:
	case OP_GT:
		return arg->value + 1 + random % 3;
	case OP_LT:
		return arg->value - 1 - random % 3;
	case OP_MASKED_EQ:
		return arg->valueTwo.v | (random & ~arg->value);
	default:
		return arg->value;
	}
}

static uint64_t near(uint64_t value, uint64_t random)
{
	switch (random % 9) {
	case 0:
		return value - 1;
	case 1:
		return value + 1;
	case 2:
		return value ^ 1ULL << 32;
	case 3:
		return value ^ 1ULL << 63;
	case 4:
		return value ^ 1ULL << (random >> 8) % 64;
	case 5:
		return (uint32_t)value;
	case 6:
		return ~value;
	case 7:
		return random;
	default:
		return 0;
	}
}

static void ask_with_arguments(struct compare *c, const struct meant *x)
{
	struct seccomp_data d = { .arch = x->audit, .nr = (int)x->nr };

	for (size_t round = 0; round < 8 + 12 * x->call->args.n; round++) {
		uint64_t random = next_random(&c->random);

		for (size_t i = 0; i < 6; i++)
			d.args[i] = random % 5 ? 0 : next_random(&c->random);
		for (size_t i = 0; i < x->call->args.n; i++) {
			const struct spec_seccomp_arg *arg = &x->call->args.v[i];

			d.args[arg->index] = satisfying(arg, next_random(&c->random));
		}
		if (x->call->args.n && round % 4) {
			const struct spec_seccomp_arg *arg =
				&x->call->args.v[random % x->call->args.n];

			d.args[arg->index] = near(random & 1 ? arg->value : arg->valueTwo.v,
						  next_random(&c->random));
		}
		if (x->mux && round % 4)
			d.args[0] = round % 4 == 1 ? x->mux : near(x->mux, random);
		ask(c, &d);
	}
}

static void ask_all(struct compare *c)
{
	static const uint32_t arches[] = { AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64,
					   0 };
	static const uint32_t numbers[] = { 1023,	1024,	    0x3fffffff,
					    0x7fffffff, 0x80000000, 0xbfffffff,
					    0xc0000000, 0xfffffffe, 0xffffffff };

	for (size_t i = 0; i < ARRAY_SIZE(arches); i++) {
		struct seccomp_data d = { .arch = arches[i] };

		for (uint32_t nr = 0; nr <= 600; nr++) {
			d.nr = (int)nr;
			ask(c, &d);
			d.nr = (int)(nr | X32_BIT);
			ask(c, &d);
		}
		for (size_t k = 0; k < ARRAY_SIZE(numbers); k++) {
			d.nr = (int)numbers[k];
			ask(c, &d);
		}
	}
	for (size_t i = 0; i < c->meaning.n; i++)
		if (c->meaning.v[i].call->args.n || c->meaning.v[i].mux)
			ask_with_arguments(c, &c->meaning.v[i]);
}

void filter_compare(struct arena *a, const struct spec_seccomp *profile, bool plain, uint64_t seed,
		    struct comparison *out)
{
	struct compare c = { .random = seed, .out = out };
	struct lc_error e;

	memset(out, 0, sizeof(*out));
	mean_all(a, profile, &c.meaning);
	if (seccomp_compile(a, profile, NULL, NULL, &c.ours, &e) < 0) {
		snprintf(out->wrong, sizeof(out->wrong), "not compiled: %.400s", e.msg);
		return;
	}
	out->refused = plain && library_compile(a, profile, &c.theirs, &e) < 0;
	c.with_library = plain && !out->refused;
	ask_all(&c);
}

/* ---- profiles from bytes ---- */

struct source {
	const uint8_t *v;
	size_t n;
};

static unsigned take(struct source *s, unsigned below)
{
	if (!s->n)
		return 0;
	s->n--;
	return *s->v++ % below;
}

/* Of all kinds: with numbers of its own on x32 and x86, in one of them only, multiplexed, newer
 * than libseccomp, unknown.  socketcall and ipc themselves are left out: what they say about the
 * calls they carry conflicts with what is said of these. */
static const char *const names[] = {
	"read",
	"write",
	"open",
	"close",
	"stat",
	"mmap",
	"mmap2",
	"rt_sigaction",
	"ioctl",
	"readv",
	"writev",
	"recvfrom",
	"sendmsg",
	"recvmsg",
	"execve",
	"ptrace",
	"rt_sigpending",
	"clone",
	"fork",
	"kill",
	"uname",
	"semget",
	"semctl",
	"semop",
	"semtimedop",
	"msgget",
	"shmat",
	"shmget",
	"socket",
	"connect",
	"accept",
	"accept4",
	"sendto",
	"send",
	"recv",
	"bind",
	"listen",
	"socketpair",
	"shutdown",
	"setsockopt",
	"getsockopt",
	"recvmmsg",
	"sendmmsg",
	"chown32",
	"fcntl64",
	"waitpid",
	"_llseek",
	"stat64",
	"time",
	"personality",
	"arch_prctl",
	"modify_ldt",
	"prctl",
	"clone3",
	"openat2",
	"futex_time64",
	"clock_gettime64",
	"io_setup",
	"execveat",
	"preadv2",
	"timer_create",
	"vmsplice",
	"setns",
	"unshare",
	"mount",
	"umount2",
	"bpf",
	"restart_syscall",
	"exit_group",
	"landlock_add_rule",
	"fchmodat2",
	"mseal",
	"file_setattr",
	"uretprobe",
	"no_such_call",
	"",
	"cacheflush",
	"breakpoint",
};

static const uint64_t constants[] = {
	0,
	1,
	2,
	3,
	40,
	0xffff,
	0x7fffffff,
	0x80000000,
	0xffffffff,
	0xfffffffe,
	0x100000000,
	0x100000001,
	0x1ffffffff,
	0x7e020000,
	1ULL << 63,
	0x7fffffffffffffff,
	UINT64_MAX,
	UINT64_MAX - 1,
	0xffffffff00000000,
	0x8000000080000000,
};

static uint64_t take_value(struct source *s)
{
	uint64_t value = constants[take(s, ARRAY_SIZE(constants))];

	switch (take(s, 6)) {
	case 0:
		return value + take(s, 256);
	case 1:
		return value ^ (uint64_t)take(s, 256) << take(s, 64);
	default:
		return value;
	}
}

static void take_args(struct arena *a, struct source *s, struct spec_syscall *call, bool plain)
{
	static const unsigned counts[] = { 0, 0, 0, 1, 1, 1, 2, 2, 3, 6, 9 };
	bool equal = plain && take(s, 2);

	call->args.n = counts[take(s, ARRAY_SIZE(counts))];
	if (plain && call->args.n > (equal ? 3 : 1))
		call->args.n = equal ? 3 : 1;
	call->args.v = arena_array(a, call->args.n + 1, sizeof(*call->args.v));
	for (size_t i = 0; i < call->args.n; i++) {
		struct spec_seccomp_arg *arg = &call->args.v[i];

		arg->index = call->args.n == 6 ? (uint32_t)i : take(s, 6);
		arg->op = (enum seccomp_op)take(s, OP_MASKED_EQ + 1);
		if (equal)
			arg->op = take(s, 2) ? OP_EQ : OP_MASKED_EQ;
		if (equal && call->args.n > 1)
			arg->index = (uint32_t)i; /* any of them would do otherwise */
		arg->value = take_value(s);
		if (equal && arg->op == OP_MASKED_EQ)
			arg->value = (uint32_t)arg->value | 1;
		arg->valueTwo = (struct opt_u64){ true, take_value(s) };
	}
}

static enum seccomp_action take_action(struct source *s, struct opt_u32 *ret)
{
	static const enum seccomp_action actions[] = {
		ACTION_ERRNO, ACTION_ALLOW,	   ACTION_ERRNO, ACTION_ALLOW, ACTION_KILL,
		ACTION_TRAP,  ACTION_KILL_PROCESS, ACTION_LOG,	 ACTION_TRACE,
	};
	enum seccomp_action action = actions[take(s, ARRAY_SIZE(actions))];

	if (action == ACTION_ERRNO || action == ACTION_TRACE)
		*ret = (struct opt_u32){ take(s, 2), 0 };
	if (ret->set)
		ret->v = take(s, 200);
	return action;
}

/* How a call was used before. */
struct use {
	bool used, closed;
	uint32_t ret;
};

static bool is_ordered(const struct spec_syscall *call)
{
	return call->args.n && call->args.v[0].op != OP_EQ && call->args.v[0].op != OP_MASKED_EQ;
}

static bool is_foreign(const char *name)
{
	int nr;

	return library_syscall(library_native_arch(), name, &nr) && nr < 0;
}

/* One name of the entry, or NULL. Plain: a call keeps its action, and a condition that is no
 * equality stands alone. */
static const char *take_name(struct source *s, const struct spec_syscall *call, struct use *uses,
			     bool plain)
{
	uint32_t ret = ret_of_call(call->action, call->errnoRet);
	unsigned i = take(s, ARRAY_SIZE(names));
	struct use *use = &uses[i];

	if (plain && use->used && (use->closed || use->ret != ret || is_ordered(call)))
		return NULL;
	if (plain && is_foreign(names[i]))
		return NULL;
	*use = (struct use){ true, is_ordered(call), ret };
	return names[i];
}

static void take_call(struct arena *a, struct source *s, struct spec_syscall *call,
		      struct use *uses, bool plain)
{
	unsigned wanted = 1 + take(s, 4);

	call->action = take_action(s, &call->errnoRet);
	take_args(a, s, call, plain);
	call->names.v = arena_array(a, wanted + 1, sizeof(char *));
	while (wanted--) {
		const char *name = take_name(s, call, uses, plain);

		if (name)
			call->names.v[call->names.n++] = arena_strdup(a, name);
	}
}

/* Without a plain call libseccomp 2.5.4 forgets to load the number, for an architecture whose only
 * rules are about socketcall. */
static void add_getpid(struct arena *a, struct spec_seccomp *profile)
{
	struct spec_syscall *call = &profile->syscalls.v[profile->syscalls.n++];

	call->names.v = arena_array(a, 2, sizeof(char *));
	call->names.v[call->names.n++] = arena_strdup(a, "getpid");
	call->action = profile->defaultAction == ACTION_TRAP ? ACTION_ALLOW : ACTION_TRAP;
}

const struct spec_seccomp *profile_from_bytes(struct arena *a, const uint8_t *bytes, size_t n,
					      bool plain)
{
	struct spec_seccomp *profile = arena_alloc(a, sizeof(*profile));
	struct use uses[ARRAY_SIZE(names)] = { 0 };
	struct source s = { bytes, n };
	unsigned arches = take(&s, 8);

	profile->defaultAction = take_action(&s, &profile->defaultErrnoRet);
	profile->architectures.v = arena_array(a, ARRAY_SIZE(machines) + 1, sizeof(char *));
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
		if (arches & 1u << i)
			profile->architectures.v[profile->architectures.n++] =
				arena_strdup(a, machines[i].name);
	profile->syscalls.v = arena_array(a, n + 2, sizeof(*profile->syscalls.v));
	add_getpid(a, profile);
	while (s.n)
		take_call(a, &s, &profile->syscalls.v[profile->syscalls.n++], uses, plain);
	return profile;
}
