/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stops and continues everything in a cgroup. */
#include "cgroups/internal.h"

#include <errno.h>

int cgroup_freeze(int cgroup, bool frozen, struct lc_error *e)
{
	const char *text = frozen ? "1" : "0";

	if (cg_write(cgroup, "cgroup.freeze", text) < 0)
		return lc_err_errno(e, "write \"%s\" to %s/cgroup.freeze", text,
				    cg_path_of(cgroup, &(struct cg_path){}));
	if (!cg_wait_event(cgroup, "frozen", frozen, CG_DEADLINE_MS))
		return 0;
	if (errno != ETIME)
		return lc_err_errno(e, "wait for %s/cgroup.events",
				    cg_path_of(cgroup, &(struct cg_path){}));
	if (!frozen)
		return lc_err(e, LC_ESYSTEM, "%s stays frozen: a cgroup above it is",
			      cg_path_of(cgroup, &(struct cg_path){}));
	(void)cg_write(cgroup, "cgroup.freeze", "0"); /* not half of it */
	return lc_err(e, LC_ESYSTEM, "%s: some processes did not freeze within %d seconds",
		      cg_path_of(cgroup, &(struct cg_path){}), CG_DEADLINE_MS / 1000);
}
