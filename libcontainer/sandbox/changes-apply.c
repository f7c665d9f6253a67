/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the program wrote goes to the host's files.  Each directory is looked up from the root,
 * through no link; each file is made beside its place and renamed there, so that what is at the
 * place is neither followed nor written to.  Nothing gets set-id bits.
 */
#include "base/file.h"
#include "base/own.h"
#include "sandbox/changes.h"
#include "sys/fd.h"
#include "sys/sys.h"
#include "sys/tree.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define STAY (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

struct place {
	int dir; /* owned */
	const char *name;
	struct stat st; /* of what is there */
	bool there;
	char temporary[64];
};

static int find_place(const struct changes *c, const struct change *change, struct place *p,
		      struct lc_error *e)
{
	char *dir = arena_strdup(&c->job->arena, change->path + 1), *slash = strrchr(dir, '/');

	if (slash)
		*slash = 0;
	p->name = strrchr(change->path, '/') + 1;
	p->dir = sys_openat2(c->host, slash ? dir : ".", O_PATH | O_DIRECTORY | O_CLOEXEC, STAY);
	if (p->dir < 0)
		return lc_err_errno(e, "%s: open its directory", change->path);
	p->there = fstatat(p->dir, p->name, &p->st, AT_SYMLINK_NOFOLLOW) == 0;
	snprintf(p->temporary, sizeof(p->temporary), ".hull-apply-%d", (int)getpid());
	return 0;
}

static int copy(int from, int to, const char *path, struct lc_error *e)
{
	char data[65536];
	ssize_t n;

	while ((n = read(from, data, sizeof(data))) > 0)
		if (fd_write_all(to, data, (size_t)n) < 0)
			return lc_err_errno(e, "write %s", path);
	return n < 0 ? lc_err_errno(e, "read what was written to %s", path) : 0;
}

static int make_file(const struct changes *c, const struct change *change, const struct place *p,
		     struct lc_error *e)
{
	auto_fd from = change_open(c, change, O_RDONLY | O_NONBLOCK);
	auto_fd to = -1;

	if (from < 0 || !fd_is_type(from, S_IFREG))
		return lc_err_errno(e, "%s: open what was written", change->path);
	to = openat(p->dir, p->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    0600);
	if (to < 0)
		return lc_err_errno(e, "%s: make it", change->path);
	if (copy(from, to, change->path, e) < 0)
		return -1;
	/* What was there keeps its owner. */
	if (p->there && S_ISREG(p->st.st_mode) && fchown(to, p->st.st_uid, p->st.st_gid) < 0)
		return lc_err_errno(e, "chown %s", change->path);
	if (fchmod(to, change->mode & 0777) < 0)
		return lc_err_errno(e, "chmod %s", change->path);
	return 0;
}

static int make_other(const struct changes *c, const struct change *change, const struct place *p,
		      struct lc_error *e)
{
	char link[PATH_MAX];
	ssize_t n;

	if (S_ISFIFO(change->mode))
		return mkfifoat(p->dir, p->temporary, change->mode & 0777) < 0
			       ? lc_err_errno(e, "make the fifo %s", change->path)
			       : 0;
	n = change_readlink(c, change, link, sizeof(link) - 1);
	if (n < 0)
		return lc_err_errno(e, "read the link %s", change->path);
	link[n] = 0;
	return symlinkat(link, p->dir, p->temporary) < 0
		       ? lc_err_errno(e, "make the link %s", change->path)
		       : 0;
}

static int put_in_place(const struct changes *c, const struct change *change, const struct place *p,
			struct lc_error *e)
{
	int r = S_ISREG(change->mode) ? make_file(c, change, p, e) : make_other(c, change, p, e);

	if (r == 0 && p->there && S_ISDIR(p->st.st_mode))
		r = tree_remove(p->dir, p->name, e);
	if (r == 0 && renameat(p->dir, p->temporary, p->dir, p->name) < 0)
		r = lc_err_errno(e, "rename to %s", change->path);
	if (r < 0)
		unlinkat(p->dir, p->temporary, 0);
	return r;
}

static int apply_dir(const struct change *change, const struct place *p, struct lc_error *e)
{
	auto_fd fd = -1;

	/* What the program itself replaced is opaque. */
	if (p->there && !S_ISDIR(p->st.st_mode) && !change->opaque)
		return lc_err(e, LC_ESTATE, "%s: it is no directory any more", change->path);
	if (p->there && !S_ISDIR(p->st.st_mode) && unlinkat(p->dir, p->name, 0) < 0)
		return lc_err_errno(e, "remove %s", change->path);
	if (mkdirat(p->dir, p->name, 0700) < 0 && errno != EEXIST)
		return lc_err_errno(e, "mkdir %s", change->path);
	fd = openat(p->dir, p->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return lc_err_errno(e, "open %s", change->path);
	if (change->opaque && tree_empty(fd, e) < 0)
		return lc_err_in(e, "%s", change->path);
	/* What comes next is put into it. */
	if (fchmod(fd, (change->mode & 01777) | 0700) < 0)
		return lc_err_errno(e, "chmod %s", change->path);
	return 0;
}

static int apply(const struct changes *c, const struct change *change, struct lc_error *e)
{
	struct place p = { .dir = -1 };
	int r = find_place(c, change, &p, e);

	if (r == 0 && change->kind == DELETED)
		r = tree_remove(p.dir, p.name, e);
	else if (r == 0 && S_ISDIR(change->mode))
		r = apply_dir(change, &p, e);
	else if (r == 0)
		r = put_in_place(c, change, &p, e);
	fd_release(&p.dir);
	return r;
}

int changes_apply(struct changes *c, struct lc_error *e)
{
	for (size_t i = 0; i < c->list.n; i++)
		if (!c->list.v[i].skipped && apply(c, &c->list.v[i], e) < 0)
			return lc_err_in(e, "apply changes");
	return 0;
}
