/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Namespaces by their kernel names, their files, and the id maps of user namespaces. */
#ifndef LC_NAMESPACES_H
#define LC_NAMESPACES_H

#include "base/arena.h"
#include "base/log.h"
#include "plan/plan.h"
#include <sys/types.h>

struct ns_kind {
	int flag; /* CLONE_NEW... */
	const char *file; /* in /proc/PID/ns */
};
extern const struct ns_kind ns_kinds[NS_TYPES]; /* indexed by enum ns_type */

/* Opens what config.json names at linux.namespaces for @ns, and sees that it is of that type; -1
 * with LC_OK in *e when it is the caller's own already, so that there is nothing to join. */
int ns_open(const struct plan_namespace *ns, struct lc_error *e);

/* True when @pid is in another namespace of this kind than the caller, and when it may not be
 * asked: joining says why then. */
bool ns_differs(pid_t pid, enum ns_type type);

/* The namespace that @pid is in; owned. */
int ns_open_of(pid_t pid, enum ns_type type, struct lc_error *e) lc_checked;

/* Writes the maps of the new user namespace of @pid, with the help of newuidmap and newgidmap where
 * the plan says so, each for @ms at most (0: no limit). @procfs: procfs_open(). */
int ns_write_maps(int procfs, pid_t pid, const struct plan_namespaces *ns, unsigned ms,
		  struct lc_error *e) lc_checked;

/* The maps of the user namespace behind @fd, as the caller sees ids outside; and whether
 * setgroups(2) is denied in it. */
int ns_read_maps(int fd, struct arena *a, plan_id_maps *uids, plan_id_maps *gids,
		 bool *setgroups_denied, struct lc_error *e) lc_checked;

/* The same question for the namespace that @pid is in. */
bool ns_setgroups_denied(pid_t pid);

/* A user namespace with these maps, for idmapped mounts; owned. */
int ns_make_user(int procfs, const plan_id_maps *uids, const plan_id_maps *gids,
		 struct lc_error *e) lc_checked;

/* The id that @inside is in the namespace around; false when it is none there.  Without maps there
 * is no namespace, and it is the same. */
bool ns_outside(const plan_id_maps *maps, uint32_t inside, uint32_t *outside);

/* Text of a map as the kernel takes it, and back. */
char *ns_map_text(struct arena *a, const plan_id_maps *maps);
bool ns_map_parse(struct arena *a, char *text, plan_id_maps *maps);

#endif
