/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file system's broker: a process beside the monitor that owns names, attributes and
 * permissions. The monitor passes FUSE requests that are not about file data on, one SOCK_SEQPACKET
 * datagram each, and gets the answer in one; an opened file rides along and the monitor reads and
 * writes it itself. The broker has file capabilities, no KVM and no guest memory; the monitor has
 * neither names nor capabilities.
 *
 * "/" of the broker's mount namespace is the export.  What is read-only or masked is so by mounts.
 */
#ifndef MICROVM_BROKER_H
#define MICROVM_BROKER_H

#include "node.h"
#include <linux/fuse.h>
#include <stddef.h>

enum { BROKER_MAX = 80 << 10, BROKER_DIRS = 1024 }; /* bytes of a message; open directories */

struct broker_dir {
	int fd; /* owned; -1: free */
	uint32_t generation;
	uint64_t node;
};

struct broker {
	struct nodes nodes;
	int root; /* borrowed by nodes */
	int sock;
	struct broker_dir dirs[BROKER_DIRS];
};

/* One request, taken apart. */
struct call {
	struct broker *b;
	const struct fuse_in_header *in;
	struct node *node; /* of in->nodeid, held; NULL only where the table says so */
	const uint8_t *arg; /* @arg_len bytes, at least what the table asks for */
	size_t arg_len;
	const char *name, *name2; /* single components, where the table asks for them */
	const uint8_t *rest; /* behind the names */
	size_t rest_len;

	uint8_t *out; /* room for @out_max bytes of answer */
	size_t out_len, out_max;
	int fd; /* handed over; owned; -1: none */
	bool quiet; /* no answer (FORGET) */
};

/* A handler returns 0, or a positive errno. */
struct broker_op {
	uint32_t opcode;
	int (*handle)(struct call *c);
	uint16_t arg_size; /* fixed part */
	uint8_t names;
	bool any_node; /* nodeid is not looked at */
};
extern const struct broker_op broker_attr_ops[], broker_dir_ops[], broker_xattr_ops[];

/* Answers one request: the length of the answer in @out (0: none), and @fd. */
size_t broker_answer(struct broker *b, const void *in, size_t len, void *out, size_t max, int *fd);

int broker_init(struct broker *b, int root, int sock, struct lc_error *e) lc_checked;

/* Descriptors are opened again by number, relative to the working directory, which becomes the
 * /proc/self/fd of a procfs that is mounted nowhere: no path of the export is on the way. */
int broker_enter_proc(struct lc_error *e) lc_checked;

/* Serves until the monitor hangs up. The process of `hull-vmm --broker`. */
int broker_main(int sock, struct lc_error *e) lc_checked;

/* ---- for the handlers ---- */

/* The descriptor of a node, or -1 with errno. */
static inline int call_fd(struct call *c, struct node *n)
{
	return nodes_fd(&c->b->nodes, n);
}

/* "N", to be used relative to the working directory, which is /proc/self/fd. */
struct fd_name {
	char text[12];
};
struct fd_name fd_name(int fd);

/* Looks @name of @dir up and fills an entry. */
int call_entry(struct call *c, struct node *dir, const char *name, struct fuse_entry_out *out);

void fill_attr(const struct statx *sx, struct fuse_attr *a);

/* Room for @n more bytes of answer, zeroed; NULL when it is full. */
void *call_out(struct call *c, size_t n);

/* Opens a regular file for the monitor, into @c->fd. @kill: a truncation takes set-id bits. */
int broker_open(struct call *c, struct node *n, uint32_t flags, bool kill);

/* Makes what follows the caller's: its user and group own what is made.  call_as_root() undoes it.
 */
int call_as_caller(const struct call *c);
void call_as_root(void);

#endif
