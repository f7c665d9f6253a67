/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The broker's loop: receives, checks, calls the handler, answers. */
#include "broker.h"
#include "base/own.h"
#include "sys/confine.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct fd_name fd_name(int fd)
{
	struct fd_name n;

	snprintf(n.text, sizeof(n.text), "%d", fd);
	return n;
}

void fill_attr(const struct statx *sx, struct fuse_attr *a)
{
	*a = (struct fuse_attr){
		.ino = sx->stx_ino,
		.size = sx->stx_size,
		.blocks = sx->stx_blocks,
		.atime = (uint64_t)sx->stx_atime.tv_sec,
		.mtime = (uint64_t)sx->stx_mtime.tv_sec,
		.ctime = (uint64_t)sx->stx_ctime.tv_sec,
		.atimensec = sx->stx_atime.tv_nsec,
		.mtimensec = sx->stx_mtime.tv_nsec,
		.ctimensec = sx->stx_ctime.tv_nsec,
		.mode = sx->stx_mode,
		.nlink = sx->stx_nlink,
		.uid = sx->stx_uid,
		.gid = sx->stx_gid,
		/* new_encode_dev() of the kernel */
		.rdev = (sx->stx_rdev_minor & 0xff) | sx->stx_rdev_major << 8 |
			(sx->stx_rdev_minor & ~0xffU) << 12,
		.blksize = sx->stx_blksize,
	};
}

void *call_out(struct call *c, size_t n)
{
	void *p = c->out + c->out_len;

	if (n > c->out_max - c->out_len)
		return NULL;
	memset(p, 0, n);
	c->out_len += n;
	return p;
}

int call_entry(struct call *c, struct node *dir, const char *name, struct fuse_entry_out *out)
{
	struct statx sx;
	struct node *n = nodes_lookup(&c->b->nodes, dir, name, &sx);

	if (!n)
		return errno;
	out->nodeid = n->id;
	out->entry_valid = out->attr_valid = n->is_volume ? 0 : 1;
	fill_attr(&sx, &out->attr);
	if (n->mount != dir->mount && S_ISDIR(sx.stx_mode))
		out->attr.flags |= FUSE_ATTR_SUBMOUNT;
	return 0;
}

/* ---- whose request it is ---- */

/* The guest has checked permissions, supplementary groups included; here they must not be in the
 * way, so what a user id other than 0 loses is taken back. */
static int file_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];

	if (syscall(SYS_capget, &head, caps) < 0)
		return -1;
	caps[0].effective = caps[0].permitted;
	caps[1].effective = caps[1].permitted;
	return (int)syscall(SYS_capset, &head, caps);
}

int call_as_caller(const struct call *c)
{
	if (c->in->gid) {
		setfsgid(c->in->gid);
		if ((gid_t)setfsgid((gid_t)-1) != c->in->gid)
			return EPERM;
	}
	if (c->in->uid) {
		setfsuid(c->in->uid);
		if ((uid_t)setfsuid((uid_t)-1) != c->in->uid) {
			call_as_root();
			return EPERM;
		}
		if (file_capabilities() < 0)
			return errno;
	}
	return 0;
}

void call_as_root(void)
{
	setfsuid(geteuid());
	setfsgid(getegid());
}

/* ---- requests ---- */

static const struct broker_op *find_op(uint32_t opcode)
{
	static const struct broker_op *const tables[] = { broker_attr_ops, broker_dir_ops,
							  broker_xattr_ops };

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		for (const struct broker_op *op = tables[i]; op->handle; op++)
			if (op->opcode == opcode)
				return op;
	return NULL;
}

/* A single component: what openat2 would not resolve beneath is refused before. */
static const char *take_name(struct call *c)
{
	const char *name = (const char *)c->rest;
	size_t len = strnlen(name, c->rest_len);

	if (len == 0 || len == c->rest_len || len > 255 || memchr(name, '/', len) ||
	    !strcmp(name, ".") || !strcmp(name, ".."))
		return NULL;
	c->rest += len + 1;
	c->rest_len -= len + 1;
	return name;
}

static int handle(struct call *c, size_t len)
{
	const struct broker_op *op = find_op(c->in->opcode);
	int err;

	if (!op)
		return ENOSYS;
	if (len - sizeof(*c->in) < op->arg_size)
		return EINVAL;
	c->arg = (const uint8_t *)(c->in + 1);
	c->arg_len = op->arg_size;
	c->rest = c->arg + op->arg_size;
	c->rest_len = len - sizeof(*c->in) - op->arg_size;
	if (op->any_node)
		return op->handle(c);
	c->node = nodes_find(&c->b->nodes, c->in->nodeid);
	if (!c->node)
		return ESTALE;
	if (op->names > 0 && !(c->name = take_name(c)))
		return EINVAL;
	if (op->names > 1 && !(c->name2 = take_name(c)))
		return EINVAL;
	nodes_hold(c->node);
	err = op->handle(c);
	nodes_let_go(&c->b->nodes, c->node);
	return err;
}

size_t broker_answer(struct broker *b, const void *in, size_t len, void *out, size_t max, int *fd)
{
	struct fuse_out_header *head = out;
	struct call c = {
		.b = b,
		.in = in,
		.out = (uint8_t *)out + sizeof(*head),
		.out_max = max - sizeof(*head),
		.fd = -1,
	};
	int err;

	*fd = -1;
	if (len < sizeof(*c.in) || c.in->len != len)
		return 0;
	err = handle(&c, len);
	if (c.quiet)
		return 0;
	if (err) {
		fd_release(&c.fd);
		c.out_len = 0;
	}
	*fd = c.fd;
	head->len = (uint32_t)(sizeof(*head) + c.out_len);
	head->error = -err;
	head->unique = c.in->unique;
	return head->len;
}

/* ---- the process ---- */

/* Half of the descriptors are for nodes, the rest for directories and what is in between. */
static uint32_t max_open_nodes(void)
{
	struct rlimit r = { 1024, 1024 };

	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
	if (r.rlim_cur > 1 << 20)
		r.rlim_cur = 1 << 20;
	return (uint32_t)r.rlim_cur / 2;
}

int broker_init(struct broker *b, int root, int sock, struct lc_error *e)
{
	b->root = root;
	b->sock = sock;
	for (int i = 0; i < BROKER_DIRS; i++)
		b->dirs[i].fd = -1;
	return nodes_init(&b->nodes, root, max_open_nodes(), e);
}

/* What it takes to act as any user on files; not CAP_DAC_READ_SEARCH, which opens by handle, nor
 * CAP_MKNOD: a device made in a volume would be the host's (overlay's whiteouts need none). */
#define CAPABILITIES \
	(1ULL << CAP_CHOWN | 1ULL << CAP_DAC_OVERRIDE | 1ULL << CAP_FOWNER | 1ULL << CAP_FSETID | \
	 1ULL << CAP_SETUID | 1ULL << CAP_SETGID | 1ULL << CAP_SETFCAP)

/* From a fresh process to one that may only do what requests need. */
static int settle(struct broker *b, int *root, int sock, struct lc_error *e)
{
	umask(0);
	if (broker_enter_proc(e) < 0 || broker_init(b, *root, sock, e) < 0)
		return -1;
	fd_take(root);
	if (confine_process(CAPABILITIES, e) < 0)
		return -1;
	return confine_thread(CONFINE_BROKER, e);
}

int broker_main(int sock, struct lc_error *e)
{
	static struct broker b;
	static uint8_t in[BROKER_MAX], out[BROKER_MAX];
	auto_fd root = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return lc_err_errno(e, "open the exported root");
	if (settle(&b, &root, sock, e) < 0)
		return -1;
	for (;;) {
		size_t n_fds, len;
		ssize_t n = fd_recv(sock, in, sizeof(in), NULL, 0, &n_fds);
		auto_fd fd = -1;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? lc_err_errno(e, "receive from the monitor") : 0;
		len = broker_answer(&b, in, (size_t)n, out, sizeof(out), &fd);
		if (len && fd_send(sock, out, len, &fd, fd >= 0) < 0)
			return errno == EPIPE ? 0 : lc_err_errno(e, "answer the monitor");
	}
}
