/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is kept of a container between two commands. */
#include "run/state.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "json/encode.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define STATE_MAX (4 << 20) /* annotations can be long */

static const struct word phase_words[] = {
	{ "creating", PHASE_CREATING },
	{ "created", PHASE_CREATED },
	{},
};

static const struct word driver_words[] = {
	{ "cgroupfs", CGROUP_FS },
	{ "systemd", CGROUP_SYSTEMD },
	{ "disabled", CGROUP_DISABLED },
	{},
};

static const struct field process_id_fields[] = {
	F_I32(struct process_id, pid),
	F_U64(struct process_id, start),
	{},
};
static SHAPE(process_id);

static const struct field cgroup_ref_fields[] = {
	F_ENUM(struct cgroup_ref, driver, driver_words, REQUIRED),
	F_STRING(struct cgroup_ref, mount),
	F_STRING(struct cgroup_ref, path),
	F_STRING(struct cgroup_ref, place),
	F_STRING(struct cgroup_ref, scope),
	F_BOOL(struct cgroup_ref, user),
	F_BOOL(struct cgroup_ref, made),
	{},
};
static SHAPE(cgroup_ref);

static const struct field rdt_ref_fields[] = {
	F_STRING(struct rdt_ref, group, REQUIRED),
	F_BOOL(struct rdt_ref, made),
	F_BOOL(struct rdt_ref, monitor),
	{},
};
static SHAPE(rdt_ref);

static const struct field state_fields[] = {
	F_U32(struct state, version, REQUIRED),
	F_STRING(struct state, id, REQUIRED),
	F_STRING(struct state, oci_version, REQUIRED),
	F_ENUM(struct state, phase, phase_words, REQUIRED),
	F_BOOL(struct state, vm),
	F_STRING(struct state, bundle, REQUIRED),
	F_STRING(struct state, rootfs),
	F_STRING(struct state, created, REQUIRED),
	F_U32(struct state, owner),
	F_STRING(struct state, boot_id),
	F_STRUCT(struct state, creator, process_id),
	F_STRUCT(struct state, init, process_id),
	F_STRUCT(struct state, cgroup, cgroup_ref),
	F_OBJECT(struct state, rdt, rdt_ref),
	F_PAIRS(struct state, annotations, OMIT_ZERO),
	F_BOOL(struct state, own_pid_namespace),
	F_BOOL(struct state, own_mount_namespace),
	F_STRS(struct state, mounts_before, OMIT_ZERO),
	F_BOOL(struct state, rootless),
	F_BOOL(struct state, no_pivot),
	F_BOOL(struct state, no_new_keyring),
	F_BOOL(struct state, init_shares),
	F_BOOL(struct state, poststart),
	F_BOOL(struct state, poststop),
	{},
};
static SHAPE(state);

char *state_encode(struct arena *a, const struct state *state, size_t *len)
{
	return encode(a, &state_shape, state, 0, len);
}

/* The version comes first: what a later one changed must not be misread. */
static int check_version(const struct json *root, struct lc_error *e)
{
	const struct json *m = root->type == JSON_OBJECT ? json_member(root, "version") : NULL;
	uint32_t version;

	if (!m || m->type != JSON_NUMBER || !str_u32(m->text, &version) || !version)
		return lc_err(e, LC_EINTERNAL, STATE_FILE " is damaged: it has no version");
	if (version > STATE_VERSION)
		return lc_err(e, LC_EUNSUPPORTED,
			      STATE_FILE " has version %u, made by a later hull; this one "
					 "understands up to %d",
			      version, STATE_VERSION);
	return 0;
}

int state_decode(struct arena *a, const char *text, size_t len, struct state *out,
		 struct lc_error *e)
{
	struct json *root;

	if (json_parse(a, STATE_FILE, text, len, NULL, &root, e) < 0 || check_version(root, e) < 0)
		return -1;
	memset(out, 0, sizeof(*out));
	return decode(a, STATE_FILE, root, &state_shape, out, NULL, e);
}

int state_read(int dir, struct arena *a, struct state *out, struct lc_error *e)
{
	char *text;
	size_t len;

	if (file_read_at(dir, STATE_FILE, a, STATE_MAX, &text, &len, e) < 0)
		return -1;
	return state_decode(a, text, len, out, e);
}

int state_write(int dir, struct arena *a, const struct state *state, struct lc_error *e)
{
	size_t len;
	char *text = state_encode(a, state, &len);

	return file_replace_at(dir, STATE_FILE, text, len, 0600, e);
}

#define PREPARED "." STATE_FILE ".next"

int state_prepare(int dir, struct arena *a, const struct state *state, struct lc_error *e)
{
	size_t len;
	char *text = state_encode(a, state, &len);
	auto_fd fd =
		openat(dir, PREPARED, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 || fd_write_all(fd, text, len) < 0)
		return lc_err_errno(e, "write " PREPARED);
	return 0;
}

int state_take_prepared(int dir, struct lc_error *e)
{
	if (renameat(dir, PREPARED, dir, STATE_FILE) < 0)
		return lc_err_errno(e, "rename " PREPARED " to " STATE_FILE);
	return 0;
}

char *state_boot_id(struct arena *a)
{
	char *text = file_fact_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", a, 64);

	return text ? text : arena_strdup(a, "");
}

char *state_now(struct arena *a)
{
	char text[CLOCK_UTC];
	long ns = clock_utc(text);

	return arena_printf(a, "%s.%09ldZ", text, ns);
}
