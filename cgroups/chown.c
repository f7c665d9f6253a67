/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Delegation: the container's root may make cgroups below its own and move processes there. */
#include "cgroups/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Since 4.15 the kernel lists the files that may be given away. */
#define DELEGATE_LIST	 "/sys/kernel/cgroup/delegate"
#define DELEGATE_DEFAULT "cgroup.procs\ncgroup.threads\ncgroup.subtree_control"

int cgroup_chown(int cgroup, uid_t uid, gid_t gid, struct lc_error *e)
{
	char text[4096], *rest = text, *name;

	if (cg_read(AT_FDCWD, DELEGATE_LIST, text, sizeof(text)) < 0)
		memcpy(text, DELEGATE_DEFAULT, sizeof(DELEGATE_DEFAULT));
	if (fchown(cgroup, uid, gid) < 0)
		return lc_err_errno(e, "chown %s", cg_path_of(cgroup, &(struct cg_path){}));
	while ((name = strsep(&rest, "\n"))) {
		if (!*name || strchr(name, '/'))
			continue;
		if (fchownat(cgroup, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT)
			return lc_err_errno(e, "chown %s/%s",
					    cg_path_of(cgroup, &(struct cg_path){}), name);
	}
	return 0;
}
