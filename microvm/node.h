/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guest knows of the file system: a table of nodes, each a file it looked up and did not
 * yet forget.  A node holds an O_PATH descriptor; when there are too many, those that were used
 * longest ago are closed and opened again by parent and name when needed, if the same file is still
 * there. Node ids carry a generation: a forged or stale one finds nothing.
 */
#ifndef MICROVM_NODE_H
#define MICROVM_NODE_H

#include "base/error.h"
#include <linux/stat.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

enum { NODES_MAX = 1 << 20, NODE_ROOT = 1 };

struct node {
	uint64_t id; /* index and generation; 0: free */
	uint64_t lookups; /* the guest's references */
	uint64_t dev, ino, mount;
	int64_t birth_sec;
	uint32_t birth_nsec;
	uint32_t children; /* nodes whose parent this is: it stays as long as there are any */
	uint32_t held; /* by requests that are being answered: it stays, and so does @fd */
	int fd; /* owned; -1: closed for now */
	struct node *parent; /* NULL: the root, or pinned */
	char *name; /* in @parent; owned */
	mode_t type; /* S_IFMT */
	bool pinned; /* has no name any more: the descriptor is all there is */
	bool is_volume; /* below a volume: nothing is cached */
	bool used; /* since the last round of closing */
	struct node *hash_next;
};

struct nodes {
	struct node **table; /* by index */
	struct node **buckets;
	uint32_t size, n; /* places; nodes */
	uint32_t free_hint, hand;
	uint32_t n_open, max_open;
	uint32_t generation;
};

/* Node NODE_ROOT is @root, taken over. */
int nodes_init(struct nodes *t, int root, uint32_t max_open, struct lc_error *e) lc_checked;
void nodes_release(struct nodes *t);

/* The node with this id, or NULL. */
struct node *nodes_find(const struct nodes *t, uint64_t id);

/* Its descriptor, opened again if need be; valid until the next call that opens one, or as long as
 * the node is held. -1 with errno (ESTALE when another file, or none, has its name now). */
int nodes_fd(struct nodes *t, struct node *n);

/* The child @name of @parent as a node, with one more lookup; NULL with errno.  @sx is filled. */
struct node *nodes_lookup(struct nodes *t, struct node *parent, const char *name, struct statx *sx);

/* Keeps a node and its descriptor, whatever becomes of it meanwhile, until nodes_let_go().  @n may
 * be NULL. */
void nodes_hold(struct node *n);
void nodes_let_go(struct nodes *t, struct node *n);

/* Drops @n lookups. */
void nodes_forget(struct nodes *t, struct node *node, uint64_t n);

/* @name of @parent is about to lose its name: whoever knows the file keeps it by descriptor.
 * Returns the node, or NULL when there is none (or nothing of that name). */
struct node *nodes_pin(struct nodes *t, struct node *parent, const char *name);

/* The file known as @n is now called @name in @parent. */
void nodes_renamed(struct nodes *t, struct node *n, struct node *parent, const char *name);

/* What statx(2) says of a descriptor, with mount and birth. */
int node_statx(int fd, struct statx *sx);

#endif
