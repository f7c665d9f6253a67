/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One conversation with `criu swrk`: a request, the notifications that criu sends while it works,
 * and its answer.  criu runs as a child that has one end of a socket pair; nothing of it stays.
 */
#ifndef LC_CRIU_H
#define LC_CRIU_H

#include "base/log.h"
#include "run/container.h"
#include "run/criu.pb-c.h"

enum { CRIU_FDS = 16, CRIU_LIST = 512 };

/* What a checkpoint and a restore share.  Descriptors are owned. */
struct criu {
	struct lc *lc;
	struct arena *arena;
	struct lc_criu how; /* the caller's */
	CriuOpts opts;
	int images, work;
	const char *log_file; /* in the work directory */
	char *images_path, *work_path; /* absolute */
	char *external[CRIU_LIST];
	CriuInheritFd *inherit[CRIU_FDS];
	CriuJoinNs *join[CRIU_FDS];
	CriuPageServer ps;
	CriuCgroupRoot cg_root, *cg_roots[1];
	int fds[CRIU_FDS]; /* what criu inherits */
	size_t n_fds;
	/* restore: */
	int cgroup; /* borrowed: criu runs in it; -1: not */
	const char *root_from, *root_at; /* in criu's own mount namespace the one is bound to the
					    other */
	/* Called for each notification; @fd is owned by the caller, -1: none. */
	int (*notify)(void *ctx, const char *script, pid_t pid, int fd, struct lc_error *e);
	void *ctx;
};
#define auto_criu __attribute__((cleanup(criu_close))) struct criu

/* Opens the directories (the images' is made if @make), looks at criu's version and fills the
 * options that both directions share. */
int criu_open(struct criu *k, struct lc *lc, struct arena *a, const struct lc_criu *how,
	      const struct pairs *annotations, bool make, struct lc_error *e) lc_checked;
void criu_close(struct criu *k);

/* Adds to the lists of k->opts; texts are copied into the arena. */
int criu_external(struct criu *k, struct lc_error *e, const char *fmt, ...)
	lc_printf(3, 4) lc_checked;
int criu_inherit(struct criu *k, const char *key, int fd,
		 struct lc_error *e) lc_checked; /* takes @fd */
int criu_join(struct criu *k, const char *ns, const char *path, struct lc_error *e) lc_checked;

/* Asks for DUMP, PRE_DUMP or RESTORE; *pid: of who was restored. */
int criu_do(struct criu *k, CriuWhat what, pid_t *pid, struct lc_error *e) lc_checked;

/* Fails unless criu says that it and the kernel can track memory, or lazily move pages. */
int criu_need(struct criu *k, bool lazy, struct lc_error *e) lc_checked;

#endif
