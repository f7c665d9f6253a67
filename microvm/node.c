/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of nodes: by id, by identity, and which of them have an open descriptor. */
#include "node.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { BUCKETS = 1 << 14, GROW = 1024, DEPTH_MAX = 256 };
#define INDEX_BITS 24

int node_statx(int fd, struct statx *sx)
{
	return (int)syscall(SYS_statx, fd, "",
			    AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
			    STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID, sx);
}

/* One component, no links of any kind, nothing outside.  EAGAIN: something was renamed meanwhile.
 */
static int open_child(int dir, const char *name)
{
	const struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	int fd, tries = 64;

	do
		fd = (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || (errno == EAGAIN && tries--)));
	return fd;
}

static struct node **bucket(const struct nodes *t, uint64_t dev, uint64_t ino, uint64_t mount)
{
	uint64_t h = (ino ^ dev << 40 ^ mount << 20) * 0x9e3779b97f4a7c15ULL;

	return &t->buckets[h >> 50];
}

static struct node *find_file(const struct nodes *t, const struct statx *sx)
{
	uint64_t dev = makedev(sx->stx_dev_major, sx->stx_dev_minor);
	struct node *n = *bucket(t, dev, sx->stx_ino, sx->stx_mnt_id);

	while (n && (n->dev != dev || n->ino != sx->stx_ino || n->mount != sx->stx_mnt_id))
		n = n->hash_next;
	return n;
}

static void hash_remove(struct nodes *t, const struct node *n)
{
	struct node **p = bucket(t, n->dev, n->ino, n->mount);

	while (*p != n)
		p = &(*p)->hash_next;
	*p = n->hash_next;
}

struct node *nodes_find(const struct nodes *t, uint64_t id)
{
	uint64_t index = id & ((1 << INDEX_BITS) - 1);
	struct node *n = index < t->size ? t->table[index] : NULL;

	return n && n->id == id ? n : NULL;
}

/* ---- descriptors ---- */

static void close_node(struct nodes *t, struct node *n)
{
	if (n->fd < 0)
		return;
	close(n->fd);
	n->fd = -1;
	t->n_open--;
}

/* Second chance: those not used since the hand came by last are closed. */
static void make_room(struct nodes *t, const struct node *keep, const struct node *keep2)
{
	for (uint32_t left = 2 * t->size; t->n_open >= t->max_open && left; left--) {
		struct node *n;

		t->hand = t->hand + 1 < t->size ? t->hand + 1 : 0;
		n = t->table[t->hand];
		if (!n || n->fd < 0 || n->pinned || n->held || !n->parent || n == keep ||
		    n == keep2)
			continue;
		if (n->used)
			n->used = false;
		else
			close_node(t, n);
	}
}

static bool same_file(const struct node *n, const struct statx *sx)
{
	return n->dev == makedev(sx->stx_dev_major, sx->stx_dev_minor) && n->ino == sx->stx_ino &&
	       n->mount == sx->stx_mnt_id && n->birth_sec == sx->stx_btime.tv_sec &&
	       n->birth_nsec == sx->stx_btime.tv_nsec;
}

static int reopen(struct nodes *t, struct node *n, int depth)
{
	struct statx sx;
	auto_fd fd = -1;
	int parent;

	if (n->fd >= 0) {
		n->used = true;
		return n->fd;
	}
	if (!n->parent || depth > DEPTH_MAX) {
		errno = ESTALE;
		return -1;
	}
	parent = reopen(t, n->parent, depth + 1);
	if (parent < 0)
		return -1;
	fd = open_child(parent, n->name);
	if (fd < 0 || node_statx(fd, &sx) < 0 || !same_file(n, &sx)) {
		errno = ESTALE;
		return -1;
	}
	make_room(t, n, n->parent);
	n->fd = fd_take(&fd);
	n->used = true;
	t->n_open++;
	return n->fd;
}

int nodes_fd(struct nodes *t, struct node *n)
{
	return reopen(t, n, 0);
}

/* ---- nodes ---- */

static int grow(struct nodes *t)
{
	uint32_t size = t->size + (t->size > GROW ? t->size / 2 : GROW);
	struct node **table;

	if (size > NODES_MAX)
		size = NODES_MAX;
	table = t->size < NODES_MAX ? realloc(t->table, size * sizeof(*table)) : NULL;
	if (!table) {
		errno = ENOMEM;
		return -1;
	}
	memset(table + t->size, 0, (size - t->size) * sizeof(*table));
	t->free_hint = t->size;
	t->table = table;
	t->size = size;
	return 0;
}

static int free_index(struct nodes *t, uint32_t *index)
{
	if (t->n + 1 >= t->size && grow(t) < 0)
		return -1;
	for (uint32_t left = t->size; left; left--) {
		if (t->free_hint >= t->size || t->free_hint < 2)
			t->free_hint = 2; /* 0 means none, 1 is the root */
		if (!t->table[t->free_hint]) {
			*index = t->free_hint++;
			return 0;
		}
		t->free_hint++;
	}
	errno = ENOMEM;
	return -1;
}

/* A node of its own for @fd, which it takes over. */
static struct node *add(struct nodes *t, uint32_t index, int fd, const struct statx *sx)
{
	struct node *n = calloc(1, sizeof(*n)), **b;

	if (!n)
		return NULL;
	n->id = index == NODE_ROOT ? NODE_ROOT : (uint64_t)++t->generation << INDEX_BITS | index;
	n->dev = makedev(sx->stx_dev_major, sx->stx_dev_minor);
	n->ino = sx->stx_ino;
	n->mount = sx->stx_mnt_id;
	n->birth_sec = sx->stx_btime.tv_sec;
	n->birth_nsec = sx->stx_btime.tv_nsec;
	n->type = sx->stx_mode & S_IFMT;
	n->fd = fd;
	n->used = true;
	t->n_open++;
	t->n++;
	t->table[index] = n;
	b = bucket(t, n->dev, n->ino, n->mount);
	n->hash_next = *b;
	*b = n;
	return n;
}

/* Removes @n when nothing needs it any more, then its parent when that was all it was for, and so
 * on: the guest decides how deep that is. */
static void remove_unused(struct nodes *t, struct node *n)
{
	while (n && !n->lookups && !n->children && !n->held) {
		struct node *parent = n->parent;

		hash_remove(t, n);
		close_node(t, n);
		t->table[n->id & ((1 << INDEX_BITS) - 1)] = NULL;
		t->n--;
		free(n->name);
		free(n);
		if (parent)
			parent->children--;
		n = parent;
	}
}

void nodes_hold(struct node *n)
{
	if (n)
		n->held++;
}

void nodes_let_go(struct nodes *t, struct node *n)
{
	if (!n)
		return;
	n->held--;
	remove_unused(t, n);
}

void nodes_renamed(struct nodes *t, struct node *n, struct node *parent, const char *name)
{
	struct node *before = n->parent;
	char *copy;

	for (struct node *p = parent; p; p = p->parent)
		if (p == n) /* never below itself; the kernel refuses that as well */
			return;
	copy = strdup(name);
	if (!copy)
		return; /* found by the old name it is stale, at worst */
	free(n->name);
	n->name = copy;
	n->parent = parent;
	n->pinned = false;
	parent->children++;
	if (!before)
		return;
	before->children--;
	remove_unused(t, before);
}

struct node *nodes_lookup(struct nodes *t, struct node *parent, const char *name, struct statx *sx)
{
	struct node *n;
	uint32_t index;
	int dir = nodes_fd(t, parent);
	auto_fd fd = dir < 0 ? -1 : open_child(dir, name);

	if (fd < 0 || node_statx(fd, sx) < 0)
		return NULL;
	n = find_file(t, sx);
	if (n && n->birth_sec == sx->stx_btime.tv_sec && n->birth_nsec == sx->stx_btime.tv_nsec) {
		n->lookups++;
		if (n->fd < 0 && n->parent)
			nodes_renamed(t, n, parent, name);
		return n;
	}
	if (free_index(t, &index) < 0)
		return NULL;
	make_room(t, parent, NULL);
	n = add(t, index, fd, sx);
	if (!n)
		return NULL;
	fd_take(&fd);
	n->lookups = 1;
	n->is_volume = parent->is_volume || (parent->id == NODE_ROOT && !strcmp(name, "vol"));
	nodes_renamed(t, n, parent, name);
	if (!n->parent)
		n->pinned = true; /* no memory for its name: the descriptor stays */
	return n;
}

void nodes_forget(struct nodes *t, struct node *n, uint64_t count)
{
	n->lookups = count < n->lookups ? n->lookups - count : 0;
	remove_unused(t, n);
}

struct node *nodes_pin(struct nodes *t, struct node *parent, const char *name)
{
	struct statx sx;
	struct node *n;
	int dir = nodes_fd(t, parent);
	auto_fd fd = dir < 0 ? -1 : open_child(dir, name);

	if (fd < 0 || node_statx(fd, &sx) < 0)
		return NULL;
	n = find_file(t, &sx);
	if (!n || !n->parent)
		return n;
	if (n->fd < 0) {
		make_room(t, parent, n);
		n->fd = fd_take(&fd);
		t->n_open++;
	}
	n->pinned = true;
	return n;
}

int nodes_init(struct nodes *t, int root, uint32_t max_open, struct lc_error *e)
{
	struct statx sx;
	struct node *n;

	*t = (struct nodes){ .max_open = max_open };
	t->buckets = calloc(BUCKETS, sizeof(*t->buckets));
	if (!t->buckets || grow(t) < 0)
		return lc_err(e, LC_ESYSTEM, "no memory for the file system's nodes");
	if (node_statx(root, &sx) < 0)
		return lc_err_errno(e, "statx the exported root");
	n = add(t, NODE_ROOT, root, &sx);
	if (!n)
		return lc_err(e, LC_ESYSTEM, "no memory");
	nodes_hold(n); /* for ever: a guest's every path begins there */
	return 0;
}

void nodes_release(struct nodes *t)
{
	for (uint32_t i = 0; i < t->size; i++) {
		struct node *n = t->table[i];

		if (!n)
			continue;
		if (n->fd >= 0)
			close(n->fd);
		free(n->name);
		free(n);
	}
	free(t->table);
	free(t->buckets);
}
