/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A sandbox of namespaces while it is being built: what the parent (sandbox-ns.c) prepares and the
 * child (ns-child.c) works with.  All of it is there before the first clone; the children get
 * copies and allocate nothing.  That holds also where they share the parent's memory (ns-shared.h).
 *
 * In the simple case init is the parent's child by one clone3().  What a process cannot do for
 * itself takes one in between, which joins and prepares, clones init as its sibling (CLONE_PARENT),
 * tells its pid and goes: to be in a joined pid namespace or a new time namespace one has to be
 * born there, and what is joined with the host's privileges comes before a user namespace.
 */
#ifndef LC_BUILD_H
#define LC_BUILD_H

#include "base/arena.h"
#include "init/init.h"
#include "plan/sandbox.h"
#include "run/namespaces.h"

struct build {
	const struct sandbox_args *args;
	const struct plan *plan;
	struct plan completed; /* *plan with what only the host knows; plan points here then */
	struct arena arena;
	int sync; /* the parent's end */
	int helper; /* pidfd of who sends the seccomp listener; -1: nobody */
	int procfs; /* -1 when no maps are to be written */

	/* What is joined: a file of the namespace, or a pidfd of who is in it. Kernel flags are
	 * those of ns_kinds. */
	struct {
		int fd; /* -1: nothing */
		int flag;
	} joins[NS_TYPES];
	int target; /* exec: pidfd of init, whose namespaces are joined at once; else -1 */
	int target_flags; /* exec: those that differ from the caller's, but for the cgroup's */
	int target_cgroup_ns; /* exec: joined last; -1: it is the caller's */
	int new_flags; /* namespaces that init is cloned with */
	bool new_user; /* the one in between makes the user namespace, before the others */
	bool outer_user; /* in another one, where it writes its maps itself */
	bool new_time; /* and the time namespace */
	bool between; /* there is one in between */
	bool light; /* and shares our memory while we wait: nothing but exec's joining is left */
	bool join_in_init; /* no one in between: init joins for itself */

	int cgroup; /* init is cloned into it; -1: not */
	bool wait; /* init waits for SYNC_CGROUP */
	bool wait_maps; /* init waits for SYNC_MAPPED */
	struct sandbox_ref ref;
	bool shared; /* init shares our memory until its execve (ns-shared.h) */
	struct sandbox box; /* what init gets; last, for its end is large */
};

/* The number that rides along with SYNC_PID. */
#define SPAWNED_OUTSIDE (1LL << 32) /* init could not be cloned into its cgroup */

/* The error of what got no further than the step that b->box.progress tells. */
int build_takes_too_long(const struct build *b, struct lc_error *e);

/* In the parent or in the one in between: clones init with b->new_flags, also into b->cgroup.
 * Returns its pid to the caller, and does not return in init. */
pid_t build_clone_init(struct build *b, uint64_t flags, int *pidfd, bool *outside,
		       struct lc_error *e);

/* What init does first, and all the rest. */
noreturn void build_begin_init(struct build *b);

/* The same by way of a process that joins the target's namespaces and shares all memory and
 * descriptors with the caller, who waits (as with vfork): b->ref is set. 0, or -1. */
int build_clone_light(struct build *b, bool *outside, struct lc_error *e);

/* Not in a program with sanitizers. */
extern const bool build_light_works;

/* Clones the one in between; its pid. */
pid_t build_clone_between(struct build *b, int *pidfd, struct lc_error *e);

#endif
