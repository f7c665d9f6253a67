/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes a container away: processes, cgroup, mounts, directory, in this order; then its poststop
 * hooks. */
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "run/container.h"
#include "run/lock.h"
#include "sys/fd.h"
#include "sys/sys.h"
#include "sys/tree.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define MOUNTS_MAX (16 << 20)

/* Keeps the first of several errors. */
static void first_of(int *result, int r, struct lc_error *all, const struct lc_error *one)
{
	if (r < 0 && !*result) {
		*result = -1;
		*all = *one;
	}
}

int container_kill_all(struct container *c, struct lc_error *e)
{
	unsigned ms = process_end_ms(c->lc->given_ms);
	auto_fd init = process_open(&c->state.init);
	auto_fd cgroup = -1;

	cgroup = container_cgroup(c);
	if (cgroup >= 0 && cgroup_kill(cgroup, SIGKILL, c->lc->given_ms, e) < 0 &&
	    e->sys_errno != ENODEV && e->sys_errno != ENOENT)
		return -1;
	if (init < 0)
		return 0;
	/* init may have left the cgroup, or there is none. */
	if (sys_pidfd_send_signal(init, SIGKILL) < 0 && errno != ESRCH)
		return lc_err_errno(e, "kill process %d", c->state.init.pid);
	if (!process_wait_gone(init, (int)ms))
		return lc_err(e, LC_ESYSTEM,
			      "process %d did not end within %g s of SIGKILL (--timeout): it hangs "
			      "in the kernel",
			      c->state.init.pid, ms / 1000.0);
	return 0;
}

/* ---- mounts of a container without a mount namespace ---- */

static bool was_there(const struct state *state, const char *id)
{
	for (size_t i = 0; i < state->mounts_before.n; i++)
		if (!strcmp(state->mounts_before.v[i], id))
			return true;
	return false;
}

/* Is the mount of this line of mountinfo below the root? Cuts the line up. */
static bool is_below(char *line, const char *root, char **id, char **target)
{
	size_t len = strlen(root);

	*id = strsep(&line, " ");
	for (int i = 0; i < 3; i++)
		strsep(&line, " ");
	*target = strsep(&line, " ");
	if (!*target)
		return false;
	str_unescape_octal(*target);
	return !strncmp(*target, root, len) && (*target)[len] == '/';
}

static int read_mounts(struct arena *a, char **text, struct lc_error *e)
{
	size_t len;

	return file_read_at(AT_FDCWD, "/proc/self/mountinfo", a, MOUNTS_MAX, text, &len, e);
}

int container_note_mounts(struct container *c, struct lc_error *e)
{
	char *text, *line, *id, *target;
	size_t room = 0;
	struct strs *list = &c->state.mounts_before;

	if (read_mounts(&c->arena, &text, e) < 0)
		return -1;
	for (const char *p = text; *p; p++)
		room += *p == '\n';
	list->v = arena_array(&c->arena, room + 1, sizeof(*list->v));
	while ((line = strsep(&text, "\n")))
		if (is_below(line, c->state.rootfs, &id, &target))
			list->v[list->n++] = id;
	return 0;
}

/* The last line first: what lies on top was mounted later. */
static int unmount_below(struct container *c, char *text, struct lc_error *e)
{
	char *line = strsep(&text, "\n"), *id, *target;
	int result = 0;

	if (!line)
		return 0;
	if (text)
		result = unmount_below(c, text, e);
	if (!is_below(line, c->state.rootfs, &id, &target) || was_there(&c->state, id))
		return result;
	if (umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && !result)
		result = lc_err_errno(e, "unmount %s", target);
	return result;
}

static int remove_mounts(struct container *c, struct lc_error *e)
{
	char *text;

	if (c->state.own_mount_namespace || !c->state.rootfs || !strcmp(c->state.rootfs, "/"))
		return 0;
	if (read_mounts(&c->arena, &text, e) < 0)
		return -1;
	return unmount_below(c, text, e);
}

/* ---- its directory ---- */

static int remove_dir(struct container *c, struct lc_error *e)
{
	static const char *const usual[] = { CONFIG_FILE, STATE_FILE };
	char *path = container_path(c);
	auto_fd again = -1;

	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		unlinkat(c->dir, usual[i], 0);
	/* Whatever is at the path by now, only the directory that we hold goes. */
	again = openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (again < 0 || !fd_is_same(again, c->dir))
		return tree_empty(c->dir, e) < 0 ? lc_err_in(e, "%s", path) : 0;
	if (rmdir(path) == 0 || errno == ENOENT)
		return 0;
	if (tree_empty(c->dir, e) < 0)
		return lc_err_in(e, "%s", path);
	if (rmdir(path) < 0 && errno != ENOENT)
		return lc_err_errno(e, "rmdir %s", path);
	return 0;
}

/* What is left without init keeps the cgroup from being removed, and is killed for that then. */
static bool dies_with_cgroup(const struct container *c)
{
	auto_fd init = process_open(&c->state.init);

	return init < 0 && c->state.cgroup.driver == CGROUP_FS && c->state.cgroup.made;
}

int container_remove(struct container *c, struct lc_error *e)
{
	const struct cgroup_ref *ref = &c->state.cgroup;
	plan_hooks poststop = { 0 };
	struct lc_error one = { 0 };
	int result = 0, r;

	if (!c->bare) {
		container_load_poststop(c, &poststop);
		r = dies_with_cgroup(c) ? 0 : container_kill_all(c, &one);
		first_of(&result, r, e, &one);
		r = cgroup_ops_of(ref->driver)->destroy(ref, c->lc->log, &one);
		first_of(&result, r, e, &one);
		first_of(&result, container_rdt_remove(c, &one), e, &one);
		first_of(&result, remove_mounts(c, &one), e, &one);
	}
	/* While something of it is left, its state stays, so that delete can be tried again. */
	if (result < 0 || remove_dir(c, e) < 0)
		return -1;
	if (poststop.n)
		lock_drop(c->dir); /* else the caller, with the directory */
	container_run_poststop(c, &poststop);
	return 0;
}
