/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a checkpoint leaves for restore beside criu's own files. */
#ifndef LC_RESTORE_H
#define LC_RESTORE_H

#include "plan/plan.h"

/* In the images' directory: a JSON array of what descriptors 0, 1 and 2 of init were. */
#define STREAMS_FILE "descriptors.json"

/* In the container's directory: where criu finds the root. */
#define RESTORE_ROOT "criu-root"

/* True for a mount of what is there without the container: criu leaves it out of a checkpoint, and
 * is told at restore where it comes from. */
bool restore_is_outside(const struct plan *plan, const struct plan_mount *m);

/* Fails for the mount of a cgroup, in the host's hierarchy, that will not be there before the
 * container is: criu binds it while it makes the mounts, systemd makes a scope only for a process.
 */
int restore_check_mount(const struct plan *plan, const struct plan_mount *m,
			struct lc_error *e) lc_checked;

#endif
