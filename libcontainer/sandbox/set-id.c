/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * No program may make files that lend their owner's rights (set-user-id, set-group-id) where they
 * stay on the host: inside they are of no use, outside whoever finds one is their owner.
 *
 * The profile may be anybody's.  An entry that lets such a call through gets a condition more, and
 * where the default lets it through there are entries that refuse; nothing is allowed that was not.
 */
#include "sandbox/set-id.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define SET_ID (S_ISUID | S_ISGID)
#define TMP    (O_TMPFILE & ~O_DIRECTORY)
#define MAKES  (O_CREAT | TMP) /* flags with which a mode counts */

/* Calls that give a file its mode, and the argument that it is in. */
static const struct mode_call {
	const char *name;
	uint32_t mode, flags; /* flags: the argument with O_CREAT; 0: the mode always counts */
} calls[] = {
	{ "chmod", 1, 0 },     { "fchmod", 1, 0 }, { "fchmodat", 2, 0 },
	{ "fchmodat2", 2, 0 }, { "mknod", 1, 0 },  { "mknodat", 2, 0 },
	{ "creat", 1, 0 },     { "open", 2, 1 },   { "openat", 3, 2 },
};

/* Where the mode lies in memory no filter can look; programs know kernels without these. */
static const char *const hidden[] = { "openat2", "io_uring_setup" };

struct rewrite {
	struct arena *a;
	struct spec_syscall *v;
	size_t n, size;
	bool lost[ARRAY_SIZE(hidden)]; /* was allowed */
};

static bool lets_through(enum seccomp_action action)
{
	return action == ACTION_ALLOW || action == ACTION_LOG || action == ACTION_TRACE;
}

static struct spec_syscall *add(struct rewrite *r, const struct spec_syscall *call)
{
	if (r->n == r->size) {
		struct spec_syscall *old = r->v;

		r->size = r->size ? 2 * r->size : 128;
		r->v = arena_array(r->a, r->size, sizeof(*r->v));
		if (r->n)
			memcpy(r->v, old, r->n * sizeof(*old));
	}
	r->v[r->n] = *call;
	return &r->v[r->n++];
}

static struct spec_syscall *add_for(struct rewrite *r, const struct spec_syscall *like,
				    const char *name)
{
	struct spec_syscall *call = add(r, like);

	call->names = (struct strs){ arena_array(r->a, 2, sizeof(char *)), 1 };
	call->names.v[0] = arena_strdup(r->a, name);
	return call;
}

/* And only while the bits @mask of argument @index are @value. */
static void add_condition(struct arena *a, struct spec_syscall *call, uint32_t index, uint64_t mask,
			  uint64_t value)
{
	struct spec_seccomp_arg *args = arena_array(a, call->args.n + 1, sizeof(*args));

	if (call->args.n)
		memcpy(args, call->args.v, call->args.n * sizeof(*args));
	args[call->args.n] = (struct spec_seccomp_arg){
		.index = index, .op = OP_MASKED_EQ, .value = mask, .valueTwo = { true, value }
	};
	call->args.v = args;
	call->args.n++;
}

/* ---- entries that let through ---- */

/* Conditions on one argument twice mean either of them; so none can be added to such an entry. */
static bool can_add(const struct spec_syscall *call, const struct mode_call *m)
{
	unsigned seen = 1U << m->mode | (m->flags ? 1U << m->flags : 0);

	for (size_t i = 0; i < call->args.n; i++) {
		if (seen & 1U << call->args.v[i].index)
			return false;
		seen |= 1U << call->args.v[i].index;
	}
	return true;
}

static int narrow(struct rewrite *r, const struct spec_syscall *call, const struct mode_call *m,
		  struct lc_error *e)
{
	if (!can_add(call, m))
		return lc_err(e, LC_EUNSUPPORTED,
			      "%s: with --rw or an overlay that is kept an entry may have no "
			      "conditions on flags and mode, and none twice on one argument",
			      m->name);
	add_condition(r->a, add_for(r, call, m->name), m->mode, SET_ID, 0);
	if (m->flags)
		add_condition(r->a, add_for(r, call, m->name), m->flags, MAKES, 0);
	return 0;
}

static const struct mode_call *mode_call(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (!strcmp(calls[i].name, name))
			return &calls[i];
	return NULL;
}

/* It is one of those, and the entry shall not have it. */
static bool hide(struct rewrite *r, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
		if (!strcmp(hidden[i], name))
			return r->lost[i] = true;
	return false;
}

static int rewrite_call(struct rewrite *r, const struct spec_syscall *call, struct lc_error *e)
{
	struct strs kept = { arena_array(r->a, call->names.n + 1, sizeof(char *)), 0 };
	const struct mode_call *m;

	for (size_t i = 0; i < call->names.n; i++) {
		char *name = call->names.v[i];

		m = mode_call(name);
		if (m && narrow(r, call, m, e) < 0)
			return -1;
		if (!m && !hide(r, name))
			kept.v[kept.n++] = name;
	}
	if (kept.n)
		add(r, call)->names = kept;
	return 0;
}

/* ---- a default that lets through ---- */

static void refuse_mode(struct rewrite *r, const struct mode_call *m, uint32_t bit)
{
	static const struct spec_syscall refusal = { .action = ACTION_ERRNO,
						     .errnoRet = { true, EPERM } };
	static const uint32_t makes[] = { O_CREAT, TMP };

	for (size_t i = 0; i < (m->flags ? ARRAY_SIZE(makes) : 1); i++) {
		struct spec_syscall *call = add_for(r, &refusal, m->name);

		add_condition(r->a, call, m->mode, bit, bit);
		if (m->flags)
			add_condition(r->a, call, m->flags, makes[i], makes[i]);
	}
}

static void refuse_modes(struct rewrite *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		refuse_mode(r, &calls[i], S_ISUID);
		refuse_mode(r, &calls[i], S_ISGID);
	}
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
		r->lost[i] = true;
}

int set_id_forbid(struct arena *a, struct spec_seccomp *profile, struct lc_error *e)
{
	static const struct spec_syscall absent = { .action = ACTION_ERRNO,
						    .errnoRet = { true, ENOSYS } };
	struct rewrite r = { .a = a };

	/* Before all others: of several that apply the first counts. */
	if (lets_through(profile->defaultAction))
		refuse_modes(&r);
	for (size_t i = 0; i < profile->syscalls.n; i++) {
		const struct spec_syscall *call = &profile->syscalls.v[i];

		if (!lets_through(call->action))
			add(&r, call);
		else if (rewrite_call(&r, call, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
		if (r.lost[i])
			add_for(&r, &absent, hidden[i]);
	profile->syscalls.v = r.v;
	profile->syscalls.n = r.n;
	return 0;
}
