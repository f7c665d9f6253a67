/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Init in the memory of the process that makes it, until its execve (as vfork does, but the process
 * goes on).  A copy costs more than most else about a container: page tables, and an exception for
 * each page that either then touches.  ns-shared.c says when this is safe, and why.
 */
#ifndef LC_NS_SHARED_H
#define LC_NS_SHARED_H

#include "run/build.h"

/* May init of such a container share the caller's memory?  Beside what the plan says the caller
 * promises that it ends with the command (lc_host.brief), and that until init has executed its
 * program or the caller has ended, no other is put into the container: open_target() of exec.c. */
bool ns_may_share(const struct plan *plan);

/* What b->box.progress points to, then. */
struct progress *ns_shared_progress(void);

/* build_clone_init() by the thread that is aside.  0: there is no init, and it may be made the
 * ordinary way.  Else its pid, with a pidfd in *pidfd, and the memory stays shared: of @b the
 * caller may change everything; what the plan and box.sources consist of stays until init has
 * executed or is dead. */
pid_t ns_clone_shared(struct build *b, int *pidfd);

#endif
