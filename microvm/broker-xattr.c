/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Extended attributes (FUSE SETXATTR GETXATTR LISTXATTR REMOVEXATTR), by way of /proc/self/fd,
 * where the last component is followed to exactly the file that the descriptor is, even if that is
 * a link. */
#include "broker.h"

#include <errno.h>
#include <linux/limits.h>
#include <string.h>
#include <sys/xattr.h>

/* The attribute's name: no component of a path, so '/' is allowed in it. */
static const char *attribute(struct call *c)
{
	const char *name = (const char *)c->rest;
	size_t len = strnlen(name, c->rest_len);

	if (len == 0 || len == c->rest_len || len > XATTR_NAME_MAX)
		return NULL;
	c->rest += len + 1;
	c->rest_len -= len + 1;
	return name;
}

static int do_setxattr(struct call *c)
{
	struct fuse_setxattr_in a = { 0 };
	int fd = call_fd(c, c->node);
	const char *name;

	if (fd < 0)
		return errno;
	memcpy(&a, c->arg, FUSE_COMPAT_SETXATTR_IN_SIZE);
	name = attribute(c);
	if (!name || a.size > c->rest_len)
		return EINVAL;
	return setxattr(fd_name(fd).text, name, c->rest, a.size, (int)a.flags) < 0 ? errno : 0;
}

/* With size 0 the caller asks how long it is. */
static int answer(struct call *c, uint32_t wanted, ssize_t n)
{
	struct fuse_getxattr_out *out;

	if (n < 0)
		return errno;
	if (wanted) {
		c->out_len = (size_t)n;
		return 0;
	}
	out = call_out(c, sizeof(*out));
	out->size = (uint32_t)n;
	return 0;
}

static size_t room(const struct call *c, uint32_t wanted)
{
	return wanted < c->out_max ? wanted : c->out_max;
}

static int do_getxattr(struct call *c)
{
	struct fuse_getxattr_in a;
	int fd = call_fd(c, c->node);
	const char *name = attribute(c);

	memcpy(&a, c->arg, sizeof(a));
	if (!name)
		return EINVAL;
	if (fd < 0)
		return errno;
	return answer(c, a.size, getxattr(fd_name(fd).text, name, c->out, room(c, a.size)));
}

static int do_listxattr(struct call *c)
{
	struct fuse_getxattr_in a;
	int fd = call_fd(c, c->node);

	memcpy(&a, c->arg, sizeof(a));
	if (fd < 0)
		return errno;
	return answer(c, a.size, listxattr(fd_name(fd).text, (char *)c->out, room(c, a.size)));
}

static int do_removexattr(struct call *c)
{
	int fd = call_fd(c, c->node);
	const char *name = attribute(c);

	if (!name)
		return EINVAL;
	return fd < 0 || removexattr(fd_name(fd).text, name) < 0 ? errno : 0;
}

const struct broker_op broker_xattr_ops[] = {
	{ FUSE_SETXATTR, do_setxattr, FUSE_COMPAT_SETXATTR_IN_SIZE, 0, false },
	{ FUSE_GETXATTR, do_getxattr, sizeof(struct fuse_getxattr_in), 0, false },
	{ FUSE_LISTXATTR, do_listxattr, sizeof(struct fuse_getxattr_in), 0, false },
	{ FUSE_REMOVEXATTR, do_removexattr, 0, 0, false },
	{ 0 },
};
