/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A seccomp profile in a file.  Engines write theirs in a form of their own around what config.json
 * has: "includes" and "excludes" say for whom an entry is, "archMap" which other architectures go
 * with the machine's.  For a sandbox that means: without any capability, on this machine and
 * kernel.
 */
#include "sandbox/calls.h"
#include "base/file.h"
#include "base/str.h"
#include "seccomp/seccomp.h"
#include "sys/probe.h"

#include <fcntl.h>
#include <string.h>

#define PROFILE_MAX (1 << 20)

struct condition {
	struct strs caps, arches;
	char *minKernel;
};
static const struct field condition_fields[] = {
	F_STRS(struct condition, caps),
	F_STRS(struct condition, arches),
	F_STRING(struct condition, minKernel, OR_EMPTY),
	{},
};
static SHAPE(condition);

struct file_call {
	struct strs names;
	char *name, *comment, *errno_; /* "errno" is a macro; a name for who reads it */
	enum seccomp_action action;
	struct opt_u32 errnoRet;
	LIST_OF(struct spec_seccomp_arg) args;
	struct condition includes, excludes;
};
static const struct field file_call_fields[] = {
	F_STRS(struct file_call, names),
	F_STRING(struct file_call, name, OR_EMPTY),
	F_STRING(struct file_call, comment, OR_EMPTY),
	{ .name = "errno",
	  .kind = K_STRING,
	  .or_empty = true,
	  .offset = offsetof(struct file_call, errno_) },
	F_ENUM(struct file_call, action, seccomp_action_words, REQUIRED),
	F_OPT_U32(struct file_call, errnoRet, RANGE(0, UINT16_MAX)),
	F_OBJECTS(struct file_call, args, spec_seccomp_arg),
	F_STRUCT(struct file_call, includes, condition),
	F_STRUCT(struct file_call, excludes, condition),
	{},
};
static SHAPE(file_call);

struct arch_map {
	char *architecture;
	struct strs subArchitectures;
};
static const struct field arch_map_fields[] = {
	F_STRING(struct arch_map, architecture, REQUIRED),
	F_STRS(struct arch_map, subArchitectures),
	{},
};
static SHAPE(arch_map);

struct file_profile {
	enum seccomp_action defaultAction;
	struct opt_u32 defaultErrnoRet;
	char *defaultErrno, *listenerPath, *listenerMetadata;
	struct strs architectures;
	LIST_OF(struct arch_map) archMap;
	LIST_OF(enum seccomp_flag) flags;
	LIST_OF(struct file_call) syscalls;
};
static const struct field file_profile_fields[] = {
	F_ENUM(struct file_profile, defaultAction, seccomp_action_words, REQUIRED),
	F_OPT_U32(struct file_profile, defaultErrnoRet, RANGE(0, UINT16_MAX)),
	F_STRING(struct file_profile, defaultErrno, OR_EMPTY),
	F_STRING(struct file_profile, listenerPath, OR_EMPTY),
	F_STRING(struct file_profile, listenerMetadata, OR_EMPTY),
	F_STRS(struct file_profile, architectures),
	F_OBJECTS(struct file_profile, archMap, arch_map),
	F_ENUMS(struct file_profile, flags, seccomp_flag_words),
	F_OBJECTS(struct file_profile, syscalls, file_call),
	{},
};
static SHAPE(file_profile);

/* Names that engines have for machines. */
static const struct {
	const char *profile, *engine;
} machines[] = {
	{ "SCMP_ARCH_X86_64", "amd64" },    { "SCMP_ARCH_X86", "x86" },
	{ "SCMP_ARCH_AARCH64", "arm64" },   { "SCMP_ARCH_ARM", "arm" },
	{ "SCMP_ARCH_RISCV64", "riscv64" },
};

static bool names_machine(const struct strs *arches)
{
	const char *own = seccomp_native();

	for (size_t i = 0; own && i < ARRAY_SIZE(machines); i++)
		if (!strcmp(machines[i].profile, own))
			return strs_have(arches, machines[i].engine);
	return false;
}

/* *as_new: this kernel is, false without a version. */
static int ask_kernel(const char *least, bool *as_new, struct lc_error *e)
{
	unsigned major, minor;

	*as_new = false;
	if (!least)
		return 0;
	if (!probe_parse_release(least, &major, &minor))
		return lc_err(e, LC_ECONFIG, "minKernel \"%s\": expected a version such as 4.8",
			      least);
	*as_new = probe_kernel_at_least(major, minor);
	return 0;
}

/* Is the entry one for a sandbox here? */
static int is_for_us(const struct file_call *call, bool *yes, struct lc_error *e)
{
	const struct condition *in = &call->includes, *out = &call->excludes;
	bool in_kernel, out_kernel;

	if (ask_kernel(in->minKernel, &in_kernel, e) < 0 ||
	    ask_kernel(out->minKernel, &out_kernel, e) < 0)
		return -1;
	*yes = !in->caps.n && (!in->arches.n || names_machine(&in->arches)) &&
	       (!in->minKernel || in_kernel) && !names_machine(&out->arches) && !out_kernel;
	return 0;
}

static int convert_call(struct arena *a, const struct file_call *from, struct spec_syscall *to,
			struct lc_error *e)
{
	if (from->name && from->names.n)
		return lc_err(e, LC_ECONFIG, "name and names exclude each other");
	if (from->errno_ && !from->errnoRet.set)
		return lc_err(e, LC_ECONFIG, "errno \"%s\" needs its number, errnoRet",
			      from->errno_);
	if (from->action == ACTION_NOTIFY)
		return lc_err(e, LC_EUNSUPPORTED,
			      "SCMP_ACT_NOTIFY: in a sandbox there is nobody to ask");
	to->names = from->names;
	if (from->name) {
		to->names = (struct strs){ arena_array(a, 2, sizeof(char *)), 1 };
		to->names.v[0] = from->name;
	}
	to->action = from->action;
	to->errnoRet = from->errnoRet;
	to->args.v = from->args.v;
	to->args.n = from->args.n;
	return 0;
}

/* All entries, so that rules are said of those for others, too. */
static int convert_calls(struct arena *a, const struct file_profile *from, struct spec_seccomp *to,
			 struct lc_error *e)
{
	to->syscalls.v = arena_array(a, from->syscalls.n, sizeof(*to->syscalls.v));
	to->syscalls.n = from->syscalls.n;
	for (size_t i = 0; i < from->syscalls.n; i++)
		if (convert_call(a, &from->syscalls.v[i], &to->syscalls.v[i], e) < 0)
			return lc_err_in(e, "syscalls[%zu]", i);
	return 0;
}

static int take_ours(const struct file_profile *from, struct spec_seccomp *to, struct lc_error *e)
{
	size_t kept = 0;
	bool yes;

	for (size_t i = 0; i < from->syscalls.n; i++) {
		if (is_for_us(&from->syscalls.v[i], &yes, e) < 0)
			return lc_err_in(e, "syscalls[%zu]", i);
		if (yes)
			to->syscalls.v[kept++] = to->syscalls.v[i];
	}
	to->syscalls.n = kept;
	return 0;
}

static int convert_architectures(const struct file_profile *from, struct spec_seccomp *to,
				 struct lc_error *e)
{
	const char *own = seccomp_native();

	if (from->architectures.n && from->archMap.n)
		return lc_err(e, LC_ECONFIG, "architectures and archMap exclude each other");
	to->architectures = from->architectures;
	for (size_t i = 0; own && i < from->archMap.n; i++)
		if (!strcmp(from->archMap.v[i].architecture, own))
			to->architectures = from->archMap.v[i].subArchitectures;
	return 0; /* the machine's own is always there */
}

static int convert(struct arena *a, const struct file_profile *from, struct spec_seccomp *to,
		   struct lc_error *e)
{
	if (from->listenerPath || from->listenerMetadata)
		return lc_err(e, LC_EUNSUPPORTED,
			      "listenerPath: in a sandbox there is nobody to ask");
	if (from->defaultErrno && !from->defaultErrnoRet.set)
		return lc_err(e, LC_ECONFIG,
			      "defaultErrno \"%s\" needs its number, defaultErrnoRet",
			      from->defaultErrno);
	to->defaultAction = from->defaultAction;
	to->defaultErrnoRet = from->defaultErrnoRet;
	to->flags.v = from->flags.v;
	to->flags.n = from->flags.n;
	if (convert_architectures(from, to, e) < 0)
		return -1;
	return convert_calls(a, from, to, e);
}

int calls_read(struct arena *a, const char *path, struct spec_seccomp **out, struct lc_error *e)
{
	struct file_profile file = { 0 };
	char *text;
	size_t len;

	*out = arena_alloc(a, sizeof(**out));
	if (file_read_at(AT_FDCWD, path, a, PROFILE_MAX, &text, &len, e) < 0)
		return lc_err_in(e, "seccomp");
	if (decode_known(a, path, text, len, &file_profile_shape, &file, e) < 0)
		return lc_err_in(e, "seccomp");
	if (convert(a, &file, *out, e) < 0)
		return lc_err_in(e, "seccomp %s", path);
	if (spec_seccomp_check(a, path, *out, e) < 0)
		return lc_err_in(e, "seccomp");
	return take_ours(&file, *out, e) < 0 ? lc_err_in(e, "seccomp %s", path) : 0;
}
