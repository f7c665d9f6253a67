/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Templates on this machine: directories of root's, each with the two files of a machine that was
 * saved when its agent was ready (snapshot.h), named by a digest of all that makes it what it is.
 *
 *	/var/cache/hull/templates/KEY/memory
 *	                              state
 *
 * One is made beside its place and renamed into it, under a lock, and never written afterwards.
 */
#ifndef LC_TEMPLATE_H
#define LC_TEMPLATE_H

#include "base/log.h"
#include "microvm/snapshot.h"

#define TEMPLATE_STORE "/var/cache/hull/templates"

/* What the machine is; descriptors are borrowed. */
struct template_of {
	int program, kvm, kernel, initrd;
	const char *kernel_path, *parameters;
	uint32_t memory_mib, cpus;
};

struct template_key {
	char text[2 * SHA256_SIZE + 1];
	char *facts; /* what it is the digest of, a line each */
};

int template_key(struct arena *a, const struct template_of *of, struct template_key *out,
		 struct lc_error *e) lc_checked;

struct template
{
	int memory, state; /* owned */
};
#define TEMPLATE_NONE \
	{ \
		.memory = -1, .state = -1 \
	}
void template_release(struct template *t);
#define auto_template __attribute__((cleanup(template_release))) struct template

/* Opens the one named @key below @store: 1, 0 when there is none, -1 when it must not be used: it
 * is damaged, or not the caller's alone, or not what its name says. */
int template_open(const char *store, const char *key, struct template *out,
		  struct lc_error *e) lc_checked;

/* Makes it, unless there is a good one: 0, or 1 when somebody else is making one and @wait is
 * false.  One that template_open() refuses is replaced. */
int template_make(const char *store, const struct template_of *of, const struct template_key *key,
		  bool wait, uint32_t timeout_ms, struct lc_error *e) lc_checked;

/* Calls @each for each template with its key; @why: why it cannot be used, NULL: it can.  With
 * @verify its memory is read, too. Strings and @s live until @each returns. */
typedef void template_fn(void *ctx, const char *key, const struct snapshot *s, const char *why);
int template_list(const char *store, bool verify, template_fn *each, void *ctx,
		  struct lc_error *e) lc_checked;

/* Removes the one whose key begins with @name; machines that were restored from it live on. */
int template_remove(const char *store, const char *name, struct lc_error *e) lc_checked;

#endif
