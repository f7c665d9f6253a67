/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stops and continues everything in a cgroup. */
#include "cgroups/internal.h"

#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int cgroup_ask_freeze(int cgroup, bool frozen, struct lc_error *e)
{
	const char *text = frozen ? "1" : "0";

	if (cg_write(cgroup, "cgroup.freeze", text) < 0)
		return lc_err_errno(e, "write \"%s\" to %s/cgroup.freeze", text,
				    cg_path_of(cgroup, &(struct cg_path){}));
	return 0;
}

int cgroup_is_asked_to_freeze(int cgroup, bool *frozen, struct lc_error *e)
{
	char text[4] = "";
	auto_fd fd = openat(cgroup, "cgroup.freeze", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		return lc_err_errno(e, "read %s/cgroup.freeze",
				    cg_path_of(cgroup, &(struct cg_path){}));
	*frozen = *text == '1';
	return 0;
}

int cgroup_freeze(int cgroup, bool frozen, unsigned ms, struct lc_error *e)
{
	unsigned wait = cg_deadline(ms);

	if (cgroup_ask_freeze(cgroup, frozen, e) < 0)
		return -1;
	if (!cg_wait_event(cgroup, "frozen", frozen, (int)wait))
		return 0;
	if (errno != ETIME)
		return lc_err_errno(e, "wait for %s/cgroup.events",
				    cg_path_of(cgroup, &(struct cg_path){}));
	if (!frozen)
		return lc_err(e, LC_ESYSTEM,
			      "%s stays frozen (waited %g s, --timeout): a cgroup above it is",
			      cg_path_of(cgroup, &(struct cg_path){}), wait / 1000.0);
	(void)cg_write(cgroup, "cgroup.freeze", "0"); /* not half of it */
	return lc_err(e, LC_ESYSTEM, "%s: some processes did not freeze within %g s (--timeout)",
		      cg_path_of(cgroup, &(struct cg_path){}), wait / 1000.0);
}
