/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tmpcopyup: a new tmpfs begins with what the directory under it holds.  The image decides what
 * that is, so nothing is followed, names are used only below their open directory, and depth is
 * bounded.
 */
#include "base/own.h"
#include "init/steps.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

enum { DEPTH_MAX = 64 };

/* One entry to copy: the same name in two directories. */
struct entry {
	int from, to;
	const char *name;
	struct stat st;
	unsigned depth;
};

static int copy_entries(int from, int to, unsigned depth, struct lc_error *e);

/* Owners that this user namespace does not know stay as the file was made. */
static int give_owner(const struct entry *n, struct lc_error *e)
{
	if (!n->st.st_uid && !n->st.st_gid)
		return 0;
	if (fchownat(n->to, n->name, n->st.st_uid, n->st.st_gid, AT_SYMLINK_NOFOLLOW) < 0 &&
	    errno != EINVAL && errno != EPERM && errno != EOVERFLOW)
		return lc_err_errno(e, "chown");
	return 0;
}

static int copy_data(int from, int to, struct lc_error *e)
{
	ssize_t n;

	do {
		n = sendfile(to, from, NULL, 1 << 20);
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? lc_err_errno(e, "copy") : 0;
}

static int copy_file(const struct entry *n, struct lc_error *e)
{
	auto_fd in = openat(n->from, n->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	auto_fd out = -1;

	if (in < 0 || !fd_is_type(in, S_IFREG))
		return lc_err_errno(e, "open");
	out = openat(n->to, n->name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	if (out < 0)
		return lc_err_errno(e, "create");
	if (copy_data(in, out, e) < 0 || give_owner(n, e) < 0)
		return -1;
	return fchmod(out, n->st.st_mode & 07777) < 0 ? lc_err_errno(e, "chmod") : 0;
}

static int copy_dir(const struct entry *n, struct lc_error *e)
{
	auto_fd in = openat(n->from, n->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_fd out = -1;

	if (in < 0)
		return lc_err_errno(e, "open");
	if (mkdirat(n->to, n->name, 0700) < 0)
		return lc_err_errno(e, "mkdir");
	out = openat(n->to, n->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (out < 0)
		return lc_err_errno(e, "open the copy");
	if (copy_entries(in, out, n->depth + 1, e) < 0 || give_owner(n, e) < 0)
		return -1;
	return fchmod(out, n->st.st_mode & 07777) < 0 ? lc_err_errno(e, "chmod") : 0;
}

static int copy_link(const struct entry *n, struct lc_error *e)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(n->from, n->name, target, sizeof(target) - 1);

	if (len < 0)
		return lc_err_errno(e, "readlink");
	target[len] = 0;
	if (symlinkat(target, n->to, n->name) < 0)
		return lc_err_errno(e, "symlink");
	return give_owner(n, e);
}

static int copy_node(const struct entry *n, struct lc_error *e)
{
	if (mknodat(n->to, n->name, n->st.st_mode, n->st.st_rdev) < 0)
		return errno == EPERM ? 0 : lc_err_errno(e, "mknod"); /* user namespaces */
	return give_owner(n, e);
}

static int copy_entry(const struct entry *n, struct lc_error *e)
{
	switch (n->st.st_mode & S_IFMT) {
	case S_IFREG:
		return copy_file(n, e);
	case S_IFDIR:
		return copy_dir(n, e);
	case S_IFLNK:
		return copy_link(n, e);
	case S_IFSOCK:
		return 0; /* without its server a socket is nothing */
	default:
		return copy_node(n, e);
	}
}

static int copy_named(int from, int to, const char *name, unsigned depth, struct lc_error *e)
{
	struct entry n = { .from = from, .to = to, .name = name, .depth = depth };

	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return 0;
	if (fstatat(from, name, &n.st, AT_SYMLINK_NOFOLLOW) < 0)
		return lc_err_errno(e, "%s", name);
	return copy_entry(&n, e) < 0 ? lc_err_in(e, "%s", name) : 0;
}

static int copy_entries(int from, int to, unsigned depth, struct lc_error *e)
{
	_Alignas(struct dirent64) char buf[4096];
	ssize_t n;

	if (depth > DEPTH_MAX)
		return lc_err(e, LC_ECONFIG, "more than %d directories deep", DEPTH_MAX);
	while ((n = sys_getdents(from, buf, sizeof(buf))) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *d = (const struct dirent64 *)(buf + at);

			if (copy_named(from, to, d->d_name, depth, e) < 0)
				return -1;
			at += d->d_reclen;
		}
	}
	return n < 0 ? lc_err_errno(e, "read the directory") : 0;
}

int copy_tree(int from, int to, struct lc_error *e)
{
	auto_fd in = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (in < 0)
		return lc_err_errno(e, "tmpcopyup: open the directory below");
	return copy_entries(in, to, 0, e) < 0 ? lc_err_in(e, "tmpcopyup") : 0;
}
