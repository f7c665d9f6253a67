/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names to nodes, attributes, opening (FUSE LOOKUP FORGET GETATTR SETATTR READLINK OPEN STATFS...).
 */
#include "base/own.h"
#include "broker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

static int lookup(struct call *c)
{
	struct fuse_entry_out *out = call_out(c, sizeof(*out));

	return call_entry(c, c->node, c->name, out);
}

static int forget(struct call *c)
{
	struct fuse_forget_in arg;

	c->quiet = true;
	memcpy(&arg, c->arg, sizeof(arg));
	nodes_forget(&c->b->nodes, c->node, arg.nlookup);
	return 0;
}

static int batch_forget(struct call *c)
{
	struct fuse_batch_forget_in arg;
	struct fuse_forget_one one;

	c->quiet = true;
	memcpy(&arg, c->arg, sizeof(arg));
	for (uint32_t i = 0; i < arg.count && c->rest_len >= sizeof(one); i++) {
		struct node *n;

		memcpy(&one, c->rest, sizeof(one));
		c->rest += sizeof(one);
		c->rest_len -= sizeof(one);
		n = nodes_find(&c->b->nodes, one.nodeid);
		if (n)
			nodes_forget(&c->b->nodes, n, one.nlookup);
	}
	return 0;
}

static int answer_attr(struct call *c)
{
	struct fuse_attr_out *out = call_out(c, sizeof(*out));
	int fd = call_fd(c, c->node);
	struct statx sx;

	if (fd < 0 || node_statx(fd, &sx) < 0)
		return errno;
	out->attr_valid = c->node->is_volume ? 0 : 1;
	fill_attr(&sx, &out->attr);
	return 0;
}

static int getattr(struct call *c)
{
	return answer_attr(c);
}

/* Set-user-id goes, and set-group-id where it means something (FUSE_HANDLE_KILLPRIV_V2). */
static int kill_suidgid(int fd)
{
	struct statx sx;
	mode_t mode;

	if (node_statx(fd, &sx) < 0)
		return -1;
	mode = sx.stx_mode & 07777 & ~(mode_t)S_ISUID;
	if (mode & S_IXGRP)
		mode &= ~(mode_t)S_ISGID;
	if (mode == (sx.stx_mode & 07777))
		return 0;
	return fchmodat(AT_FDCWD, fd_name(fd).text, mode, 0);
}

static int set_owner(int fd, const struct fuse_setattr_in *a)
{
	uid_t uid = a->valid & FATTR_UID ? a->uid : (uid_t)-1;
	gid_t gid = a->valid & FATTR_GID ? a->gid : (gid_t)-1;

	return fchownat(fd, "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
}

static struct timespec wanted_time(uint32_t valid, uint32_t set, uint32_t now, uint64_t sec,
				   uint32_t nsec)
{
	if (!(valid & set))
		return (struct timespec){ .tv_nsec = UTIME_OMIT };
	if (valid & now)
		return (struct timespec){ .tv_nsec = UTIME_NOW };
	return (struct timespec){ .tv_sec = (time_t)sec, .tv_nsec = (long)nsec };
}

static int set_times(int fd, const struct fuse_setattr_in *a)
{
	const struct timespec times[2] = {
		wanted_time(a->valid, FATTR_ATIME, FATTR_ATIME_NOW, a->atime, a->atimensec),
		wanted_time(a->valid, FATTR_MTIME, FATTR_MTIME_NOW, a->mtime, a->mtimensec),
	};

	/* With "" and AT_EMPTY_PATH it works on a symbolic link as well (Linux 5.8). */
	return (int)syscall(SYS_utimensat, fd, "", times, AT_EMPTY_PATH);
}

static int apply(struct node *n, int fd, const struct fuse_setattr_in *a)
{
	if ((a->valid & (FATTR_MODE | FATTR_SIZE)) && S_ISLNK(n->type))
		return EOPNOTSUPP;
	if ((a->valid & FATTR_MODE) && fchmodat(AT_FDCWD, fd_name(fd).text, a->mode & 07777, 0) < 0)
		return errno;
	if ((a->valid & (FATTR_UID | FATTR_GID)) && set_owner(fd, a) < 0)
		return errno;
	if (a->valid & FATTR_SIZE) {
		if (!S_ISREG(n->type))
			return EINVAL;
		if ((a->valid & FATTR_KILL_SUIDGID) && kill_suidgid(fd) < 0)
			return errno;
		if (truncate(fd_name(fd).text, (off_t)a->size) < 0)
			return errno;
	}
	if ((a->valid & (FATTR_ATIME | FATTR_MTIME)) && set_times(fd, a) < 0)
		return errno;
	return 0;
}

static int setattr(struct call *c)
{
	struct fuse_setattr_in a;
	int fd = call_fd(c, c->node), err;

	memcpy(&a, c->arg, sizeof(a));
	if (fd < 0)
		return errno;
	if ((a.valid & FATTR_ATIME && a.atimensec > 999999999) ||
	    (a.valid & FATTR_MTIME && a.mtimensec > 999999999))
		return EINVAL;
	err = apply(c->node, fd, &a);
	return err ? err : answer_attr(c);
}

static int do_readlink(struct call *c)
{
	int fd = call_fd(c, c->node);
	ssize_t n = fd < 0 ? -1 : readlinkat(fd, "", (char *)c->out, PATH_MAX);

	if (n < 0)
		return errno;
	c->out_len = (size_t)n;
	return 0;
}

/* Regular files only: what else has an inode is opened by the guest's kernel, not by us. */
int broker_open(struct call *c, struct node *n, uint32_t flags, bool kill)
{
	const int allowed = O_ACCMODE | O_TRUNC | O_APPEND | O_SYNC | O_DSYNC;
	int fd = call_fd(c, n);

	if (fd < 0)
		return errno;
	if (!S_ISREG(n->type))
		return EPERM;
	if (kill && (flags & O_TRUNC) && kill_suidgid(fd) < 0)
		return errno;
	c->fd = openat(AT_FDCWD, fd_name(fd).text,
		       ((int)flags & allowed) | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	return c->fd < 0 ? errno : 0;
}

static int do_open(struct call *c)
{
	struct fuse_open_out *out = call_out(c, sizeof(*out));
	struct fuse_open_in arg;

	(void)out; /* the monitor fills in its handle */
	memcpy(&arg, c->arg, sizeof(arg));
	return broker_open(c, c->node, arg.flags, arg.open_flags & FUSE_OPEN_KILL_SUIDGID);
}

static int do_statfs(struct call *c)
{
	struct fuse_statfs_out *out = call_out(c, sizeof(*out));
	int fd = call_fd(c, c->node);
	struct statfs s;

	if (fd < 0 || fstatfs(fd, &s) < 0)
		return errno;
	out->st = (struct fuse_kstatfs){
		.blocks = s.f_blocks,
		.bfree = s.f_bfree,
		.bavail = s.f_bavail,
		.files = s.f_files,
		.ffree = s.f_ffree,
		.bsize = (uint32_t)s.f_bsize,
		.namelen = (uint32_t)s.f_namelen,
		.frsize = (uint32_t)s.f_frsize,
	};
	return 0;
}

static int do_syncfs(struct call *c)
{
	int fd = call_fd(c, c->node);
	auto_fd real = -1;

	if (fd < 0)
		return errno;
	if (!S_ISDIR(c->node->type) && !S_ISREG(c->node->type))
		return 0;
	real = openat(AT_FDCWD, fd_name(fd).text, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return real < 0 || syncfs(real) < 0 ? errno : 0;
}

const struct broker_op broker_attr_ops[] = {
	{ FUSE_LOOKUP, lookup, 0, 1, false },
	{ FUSE_FORGET, forget, sizeof(struct fuse_forget_in), 0, false },
	{ FUSE_BATCH_FORGET, batch_forget, sizeof(struct fuse_batch_forget_in), 0, true },
	{ FUSE_GETATTR, getattr, sizeof(struct fuse_getattr_in), 0, false },
	{ FUSE_SETATTR, setattr, sizeof(struct fuse_setattr_in), 0, false },
	{ FUSE_READLINK, do_readlink, 0, 0, false },
	{ FUSE_OPEN, do_open, sizeof(struct fuse_open_in), 0, false },
	{ FUSE_STATFS, do_statfs, 0, 0, false },
	{ FUSE_SYNCFS, do_syncfs, sizeof(struct fuse_syncfs_in), 0, false },
	{ 0 },
};
