/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * No program may make files that lend their owner's rights (set-user-id, set-group-id) where they
 * stay on the host: inside they are of no use, outside whoever finds one is their owner.
 */
#include "sandbox/set-id.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define SET_ID (S_ISUID | S_ISGID)
#define MAKES  (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) /* flags with which a mode counts */

/* Calls that give a file its mode, and the argument that it is in. */
static const struct {
	const char *name;
	uint32_t mode, flags; /* flags: the argument with O_CREAT; 0: the mode always counts */
} calls[] = {
	{ "chmod", 1, 0 },     { "fchmod", 1, 0 }, { "fchmodat", 2, 0 },
	{ "fchmodat2", 2, 0 }, { "mknod", 1, 0 },  { "mknodat", 2, 0 },
	{ "creat", 1, 0 },     { "open", 2, 1 },   { "openat", 3, 2 },
};

/* Where the mode lies in memory no filter can look; programs know kernels without the call. */
static const char hidden[] = "openat2";

static bool is_taken(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (!strcmp(calls[i].name, name))
			return true;
	return !strcmp(name, hidden);
}

static void take_out(struct strs *names)
{
	size_t kept = 0;

	for (size_t i = 0; i < names->n; i++)
		if (!is_taken(names->v[i]))
			names->v[kept++] = names->v[i];
	names->n = kept;
}

static struct spec_syscall *add(struct arena *a, struct spec_seccomp *to, const char *name)
{
	struct spec_syscall *call = &to->syscalls.v[to->syscalls.n++];

	call->names = (struct strs){ arena_array(a, 2, sizeof(char *)), 1 };
	call->names.v[0] = arena_strdup(a, name);
	call->action = ACTION_ALLOW;
	return call;
}

/* Allowed while no bit of @bits is set in argument @index. */
static void allow_without(struct arena *a, struct spec_seccomp *to, const char *name,
			  uint32_t index, uint64_t bits)
{
	struct spec_syscall *call = add(a, to, name);

	call->args.n = 1;
	call->args.v = arena_alloc(a, sizeof(*call->args.v));
	*call->args.v = (struct spec_seccomp_arg){
		.index = index, .op = OP_MASKED_EQ, .value = bits, .valueTwo = { true, 0 }
	};
}

void set_id_forbid(struct arena *a, struct spec_seccomp *profile)
{
	size_t n = profile->syscalls.n;
	struct spec_syscall *grown = arena_array(a, n + 2 * ARRAY_SIZE(calls) + 1, sizeof(*grown));
	struct spec_syscall *none;

	memcpy(grown, profile->syscalls.v, n * sizeof(*grown));
	profile->syscalls.v = grown;
	for (size_t i = 0; i < n; i++)
		take_out(&grown[i].names);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		allow_without(a, profile, calls[i].name, calls[i].mode, SET_ID);
		if (calls[i].flags)
			allow_without(a, profile, calls[i].name, calls[i].flags, MAKES);
	}
	none = add(a, profile, hidden);
	none->action = ACTION_ERRNO;
	none->errnoRet = (struct opt_u32){ true, ENOSYS };
}
