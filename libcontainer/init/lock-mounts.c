/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Locks what is mounted.  Whoever holds CAP_SYS_ADMIN in the container's user namespace could take
 * off what hull has mounted there, make a read-only volume writable and look below a mask: it is
 * all of that namespace.  The kernel locks each mount, its flags and its place, only when a mount
 * namespace is copied for another user namespace (mount_namespaces(7)).  So another process makes
 * a copy for a user namespace further inside, we go there, and copy that back.
 */
#include "base/own.h"
#include "init/steps.h"
#include "sys/procfs.h"
#include "sys/rootfs.h"
#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* It shares our descriptors: the number of the one of its mount namespace is all that it says. */
static noreturn void offer_copy(const struct sandbox *s, int answer)
{
	struct lc_error e;
	int dir = procfs_open_file(s->procfs, "self/ns", O_PATH | O_DIRECTORY, &e), fd = -1;

	if (dir >= 0) {
		fd = openat(dir, "mnt", O_RDONLY | O_CLOEXEC); /* a link that is meant to jump */
		close(dir);
	}
	(void)!write(answer, &fd, sizeof(fd));
	_exit(0);
}

/* A mount namespace like ours, of a user namespace of its own; -1 with errno. */
static int copy_further_inside(const struct sandbox *s)
{
	struct clone_args args = { .flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_FILES };
	int answer[2], fd = -1, saved;
	pid_t pid;

	if (pipe2(answer, O_CLOEXEC) < 0)
		return -1;
	pid = sys_clone3(&args);
	if (pid == 0)
		offer_copy(s, answer[1]);
	saved = errno;
	if (pid > 0) {
		if (read(answer[0], &fd, sizeof(fd)) != (ssize_t)sizeof(fd))
			fd = -1;
		while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
			;
		saved = EPERM;
	}
	close(answer[0]);
	close(answer[1]);
	errno = saved;
	return fd;
}

/* The streams are of the terminal by its place in a devpts that is no longer mounted: once more by
 * that of the copy, so that they have a name. */
static void reopen_terminal(const struct sandbox *s, const char *name)
{
	auto_fd fd = sys_openat2(s->root, name, O_RDWR | O_NOCTTY | O_CLOEXEC,
				 RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
	struct stat before, now;

	if (fd < 0 || fstat(0, &before) < 0 || fstat(fd, &now) < 0 || before.st_dev != now.st_dev ||
	    before.st_ino != now.st_ino)
		return; /* a terminal from elsewhere */
	for (int i = 0; i < 3; i++)
		(void)!dup2(fd, i);
}

static int share(int fd, bool recursive)
{
	struct mount_attr attr = { .propagation = MS_SHARED };

	return sys_mount_setattr(fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr);
}

/* What is copied for another user namespace is not shared any more. */
static int share_again(const struct sandbox *s, struct lc_error *e)
{
	const struct plan *plan = s->plan;

	if (plan->root.propagation & MS_SHARED && share(s->root, false) < 0)
		return lc_err_errno(e, "linux.rootfsPropagation");
	for (size_t i = 0; i < plan->mounts.n; i++) {
		const struct plan_mount *m = &plan->mounts.v[i];
		auto_fd fd = -1;

		if (!(m->propagation & MS_SHARED))
			continue;
		fd = rootfs_open(s->root, m->target, O_PATH, e);
		if (fd < 0)
			return -1;
		if (share(fd, m->propagation_rec) < 0)
			return lc_err_errno(e, "mounts[%zu] (%s): share", m->index, m->target);
	}
	return 0;
}

static int enter(struct sandbox *s, int copy, struct lc_error *e)
{
	if (setns(copy, CLONE_NEWNS) < 0)
		return lc_err_errno(e, "join the copy");
	if (unshare(CLONE_NEWNS) < 0)
		return lc_err_errno(e, "copy it back");
	fd_release(&s->root);
	s->root = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return s->root < 0 ? lc_err_errno(e, "open /") : 0;
}

int step_lock_mounts(struct sandbox *s, struct lc_error *e)
{
	const struct plan_process *p = s->plan->process;
	auto_fd copy = copy_further_inside(s);
	char name[PATH_MAX];
	ssize_t n = -1;

	if (copy < 0) {
		log_warn(&s->log,
			 "no user namespace can be made inside of the container's (%s): its root, "
			 "who has CAP_SYS_ADMIN, can undo read-only mounts and masks",
			 lc_errno_text(errno));
		return 0;
	}
	if (p && p->terminal)
		n = readlinkat(s->procfs, "self/fd/0", name, sizeof(name) - 1);
	if (enter(s, copy, e) < 0)
		return -1;
	if (n > 0) {
		name[n] = 0;
		reopen_terminal(s, name);
	}
	return share_again(s, e);
}
