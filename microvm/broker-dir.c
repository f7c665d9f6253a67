/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What changes a directory or lists it (FUSE MKNOD MKDIR UNLINK RENAME2 LINK CREATE
 * READDIRPLUS...). */
#include "base/own.h"
#include "broker.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* ---- making ---- */

static int new_entry(struct call *c)
{
	struct fuse_entry_out *out = call_out(c, sizeof(*out));

	return call_entry(c, c->node, c->name, out);
}

static dev_t decode_dev(uint32_t rdev)
{
	return makedev((rdev & 0xfff00) >> 8, (rdev & 0xff) | (rdev >> 12 & 0xfff00));
}

/* A directory (@rdev unused) or another node, as the caller and with its umask. */
static int make_node(struct call *c, mode_t mode, uint32_t mask, uint32_t rdev)
{
	int dir = call_fd(c, c->node), err;

	if (dir < 0)
		return errno;
	err = call_as_caller(c);
	if (err)
		return err;
	umask(mask & 0777);
	if (S_ISDIR(mode))
		err = mkdirat(dir, c->name, mode & 07777) < 0 ? errno : 0;
	else
		err = mknodat(dir, c->name, mode, decode_dev(rdev)) < 0 ? errno : 0;
	umask(0);
	call_as_root();
	return err ? err : new_entry(c);
}

static int do_mknod(struct call *c)
{
	struct fuse_mknod_in a;

	memcpy(&a, c->arg, sizeof(a));
	/* A guest that asks for a directory here is refused as mknod(2) refuses it. */
	return S_ISDIR(a.mode) ? EPERM : make_node(c, a.mode, a.umask, a.rdev);
}

static int do_mkdir(struct call *c)
{
	struct fuse_mkdir_in a;

	memcpy(&a, c->arg, sizeof(a));
	return make_node(c, S_IFDIR | (a.mode & 07777), a.umask, 0);
}

/* The name is behind the request's, and the target, which may be any text, behind it. */
static int do_symlink(struct call *c)
{
	const char *target = (const char *)c->rest;
	size_t len = strnlen(target, c->rest_len);
	int dir = call_fd(c, c->node), err;

	if (dir < 0)
		return errno;
	if (len == 0 || len == c->rest_len)
		return EINVAL;
	err = call_as_caller(c);
	if (err)
		return err;
	err = symlinkat(target, dir, c->name) < 0 ? errno : 0;
	call_as_root();
	return err ? err : new_entry(c);
}

static int link_node(struct call *c, struct node *old)
{
	int fd = call_fd(c, old), dir = fd < 0 ? -1 : call_fd(c, c->node);

	if (dir < 0)
		return errno;
	/* By /proc: AT_EMPTY_PATH asks for CAP_DAC_READ_SEARCH. */
	if (linkat(AT_FDCWD, fd_name(fd).text, dir, c->name, AT_SYMLINK_FOLLOW) < 0)
		return errno;
	return new_entry(c);
}

static int do_link(struct call *c)
{
	struct fuse_link_in a;
	struct node *old;
	int err;

	memcpy(&a, c->arg, sizeof(a));
	old = nodes_find(&c->b->nodes, a.oldnodeid);
	if (!old)
		return ESTALE;
	nodes_hold(old);
	err = link_node(c, old);
	nodes_let_go(&c->b->nodes, old);
	return err;
}

/* An existing regular file is opened, as if OPEN had been asked for, unless O_EXCL says no. */
static int create_file(struct call *c, int dir, const struct fuse_create_in *a)
{
	const int allowed = O_ACCMODE | O_TRUNC | O_APPEND | O_SYNC | O_DSYNC | O_EXCL;
	int err = call_as_caller(c);

	if (err)
		return err;
	umask(a->umask & 0777);
	c->fd = openat(dir, c->name,
		       ((int)a->flags & allowed & ~(O_EXCL | O_TRUNC)) | O_CREAT | O_EXCL |
			       O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY,
		       a->mode & 07777);
	err = c->fd < 0 ? errno : 0;
	umask(0);
	call_as_root();
	return err;
}

static int do_create(struct call *c)
{
	struct fuse_entry_out *entry = call_out(c, sizeof(*entry));
	struct fuse_open_out *out = call_out(c, sizeof(*out));
	struct fuse_create_in a;
	int dir = call_fd(c, c->node), err;

	(void)out;
	memcpy(&a, c->arg, sizeof(a));
	if (dir < 0)
		return errno;
	err = create_file(c, dir, &a);
	if (err && (err != EEXIST || (a.flags & O_EXCL)))
		return err;
	if (call_entry(c, c->node, c->name, entry) != 0)
		return errno;
	if (err) {
		struct node *n = nodes_find(&c->b->nodes, entry->nodeid);

		err = broker_open(c, n, a.flags, a.open_flags & FUSE_OPEN_KILL_SUIDGID);
		if (err)
			nodes_forget(&c->b->nodes, n, 1);
	}
	return err;
}

/* ---- unmaking ---- */

static int remove_name(struct call *c, int flags)
{
	int dir;

	nodes_pin(&c->b->nodes, c->node, c->name);
	dir = call_fd(c, c->node);
	return dir < 0 || unlinkat(dir, c->name, flags) < 0 ? errno : 0;
}

static int do_unlink(struct call *c)
{
	return remove_name(c, 0);
}

static int do_rmdir(struct call *c)
{
	return remove_name(c, AT_REMOVEDIR);
}

/* @moved and @over are the nodes of the two names, NULL where the guest knows none. */
static int rename_nodes(struct call *c, struct node *moved, struct node *to, struct node *over,
			unsigned flags)
{
	struct nodes *t = &c->b->nodes;
	int from_fd = call_fd(c, c->node), to_fd = from_fd < 0 ? -1 : call_fd(c, to);

	if (to_fd < 0 || syscall(SYS_renameat2, from_fd, c->name, to_fd, c->name2, flags) < 0)
		return errno;
	if (moved && moved != over)
		nodes_renamed(t, moved, to, c->name2);
	if (over && (flags & RENAME_EXCHANGE))
		nodes_renamed(t, over, c->node, c->name);
	return 0;
}

/* All are held: one may be all that another was kept for, and be taken away from it. */
static int move(struct call *c, uint64_t newdir, unsigned flags)
{
	struct nodes *t = &c->b->nodes;
	struct node *to = nodes_find(t, newdir), *moved, *over;
	int err;

	if (!to)
		return ESTALE;
	nodes_hold(to);
	moved = nodes_pin(t, c->node, c->name);
	nodes_hold(moved);
	over = nodes_pin(t, to, c->name2);
	nodes_hold(over);
	err = rename_nodes(c, moved, to, over, flags);
	nodes_let_go(t, over);
	nodes_let_go(t, moved);
	nodes_let_go(t, to);
	return err;
}

static int do_rename(struct call *c)
{
	struct fuse_rename_in a;

	memcpy(&a, c->arg, sizeof(a));
	return move(c, a.newdir, 0);
}

static int do_rename2(struct call *c)
{
	struct fuse_rename2_in a;

	memcpy(&a, c->arg, sizeof(a));
	return move(c, a.newdir, a.flags);
}

/* ---- listing ---- */

static struct broker_dir *find_dir(struct call *c, uint64_t fh)
{
	uint32_t i = (uint32_t)fh;
	struct broker_dir *d = i < BROKER_DIRS ? &c->b->dirs[i] : NULL;

	return d && d->fd >= 0 && d->generation == fh >> 32 && d->node == c->in->nodeid ? d : NULL;
}

static int do_opendir(struct call *c)
{
	struct fuse_open_out *out = call_out(c, sizeof(*out));
	int fd = call_fd(c, c->node);

	if (fd < 0)
		return errno;
	if (!S_ISDIR(c->node->type))
		return ENOTDIR;
	for (uint32_t i = 0; i < BROKER_DIRS; i++) {
		struct broker_dir *d = &c->b->dirs[i];

		if (d->fd >= 0)
			continue;
		d->fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (d->fd < 0)
			return errno;
		d->node = c->in->nodeid;
		out->fh = (uint64_t)++d->generation << 32 | i;
		return 0;
	}
	return ENFILE;
}

static int do_releasedir(struct call *c)
{
	struct fuse_release_in a;
	struct broker_dir *d;

	memcpy(&a, c->arg, sizeof(a));
	d = find_dir(c, a.fh);
	if (d)
		fd_release(&d->fd);
	return d ? 0 : EBADF;
}

static int do_fsyncdir(struct call *c)
{
	struct fuse_fsync_in a;
	struct broker_dir *d;

	memcpy(&a, c->arg, sizeof(a));
	d = find_dir(c, a.fh);
	if (!d)
		return EBADF;
	return (a.fsync_flags & FUSE_FSYNC_FDATASYNC ? fdatasync(d->fd) : fsync(d->fd)) < 0 ? errno
											    : 0;
}

struct dirent64 {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

static bool is_dots(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/* One entry; false when it does not fit. */
static bool add_plain(struct call *c, const struct dirent64 *d, size_t limit)
{
	size_t len = strlen(d->name), size = FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + len);
	struct fuse_dirent *out;

	if (c->out_len + size > limit || !(out = call_out(c, size)))
		return false;
	out->ino = d->ino;
	out->off = (uint64_t)d->off;
	out->namelen = (uint32_t)len;
	out->type = d->type;
	memcpy(out->name, d->name, len);
	return true;
}

/* The same with what LOOKUP would say; node 0 where there is nothing to look up ("." and ".."). */
static bool add_plus(struct call *c, const struct dirent64 *d, size_t limit)
{
	size_t len = strlen(d->name), size = FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET_DIRENTPLUS + len);
	struct fuse_direntplus *out;

	if (c->out_len + size > limit || !(out = call_out(c, size)))
		return false;
	out->dirent.ino = d->ino;
	out->dirent.off = (uint64_t)d->off;
	out->dirent.namelen = (uint32_t)len;
	out->dirent.type = d->type;
	memcpy(out->dirent.name, d->name, len);
	if (!is_dots(d->name) && call_entry(c, c->node, d->name, &out->entry_out) != 0)
		memset(&out->entry_out, 0, sizeof(out->entry_out)); /* gone, or no room for it */
	return true;
}

static int list(struct call *c, bool (*add)(struct call *, const struct dirent64 *, size_t))
{
	struct fuse_read_in a;
	struct broker_dir *dir;
	static _Alignas(8) char entries[4096];
	size_t limit;
	ssize_t n;

	memcpy(&a, c->arg, sizeof(a));
	dir = find_dir(c, a.fh);
	if (!dir)
		return EBADF;
	limit = a.size < c->out_max ? a.size : c->out_max;
	if (lseek(dir->fd, (off_t)a.offset, SEEK_SET) < 0)
		return errno;
	while ((n = syscall(SYS_getdents64, dir->fd, entries, sizeof(entries))) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *d = (const struct dirent64 *)(entries + at);

			if (!add(c, d, limit))
				return c->out_len ? 0 : EINVAL;
			at += d->reclen;
		}
	}
	return n < 0 ? errno : 0;
}

static int do_readdir(struct call *c)
{
	return list(c, add_plain);
}

static int do_readdirplus(struct call *c)
{
	return list(c, add_plus);
}

const struct broker_op broker_dir_ops[] = {
	{ FUSE_MKNOD, do_mknod, sizeof(struct fuse_mknod_in), 1, false },
	{ FUSE_MKDIR, do_mkdir, sizeof(struct fuse_mkdir_in), 1, false },
	{ FUSE_SYMLINK, do_symlink, 0, 1, false },
	{ FUSE_LINK, do_link, sizeof(struct fuse_link_in), 1, false },
	{ FUSE_CREATE, do_create, sizeof(struct fuse_create_in), 1, false },
	{ FUSE_UNLINK, do_unlink, 0, 1, false },
	{ FUSE_RMDIR, do_rmdir, 0, 1, false },
	{ FUSE_RENAME, do_rename, sizeof(struct fuse_rename_in), 2, false },
	{ FUSE_RENAME2, do_rename2, sizeof(struct fuse_rename2_in), 2, false },
	{ FUSE_OPENDIR, do_opendir, sizeof(struct fuse_open_in), 0, false },
	{ FUSE_RELEASEDIR, do_releasedir, sizeof(struct fuse_release_in), 0, false },
	{ FUSE_FSYNCDIR, do_fsyncdir, sizeof(struct fuse_fsync_in), 0, false },
	{ FUSE_READDIR, do_readdir, sizeof(struct fuse_read_in), 0, false },
	{ FUSE_READDIRPLUS, do_readdirplus, sizeof(struct fuse_read_in), 0, false },
	{ 0 },
};
