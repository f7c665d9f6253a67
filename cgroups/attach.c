/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Puts a process into the cgroup or into one below it. */
#include "cgroups/internal.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* Is one of the path's components ".."? */
static bool goes_up(const char *path)
{
	for (const char *p = path; *p; p += strspn(p, "/")) {
		size_t len = strcspn(p, "/");

		if (len == 2 && p[0] == '.' && p[1] == '.')
			return true;
		p += len;
	}
	return false;
}

static int open_sub(int cgroup, const char *sub, struct lc_error *e)
{
	const char *relative = sub + strspn(sub, "/");
	int fd;

	if (goes_up(sub))
		return lc_err(e, LC_EUSAGE, "bad sub cgroup path: %s", sub);
	fd = openat(cgroup, *relative ? relative : ".",
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return lc_err_errno(e, "open sub cgroup %s of %s", sub,
				    cg_path_of(cgroup, &(struct cg_path){}));
	return fd;
}

int cgroup_attach(int cgroup, const char *sub, pid_t pid, struct lc_error *e)
{
	auto_fd below = -1;
	char text[16];

	if (sub) {
		below = open_sub(cgroup, sub, e);
		if (below < 0)
			return -1;
		cgroup = below;
	}
	snprintf(text, sizeof(text), "%d", pid);
	if (cg_write(cgroup, "cgroup.procs", text) < 0)
		return lc_err_errno(e, "write \"%s\" to %s/cgroup.procs", text,
				    cg_path_of(cgroup, &(struct cg_path){}));
	return 0;
}
