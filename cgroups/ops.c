/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which driver is which. */
#include "cgroups/internal.h"

const struct cgroup_ops *cgroup_ops_of(enum cgroup_driver driver)
{
	static const struct cgroup_ops *const ops[] = {
		[CGROUP_FS] = &cgroup_fs_ops,
		[CGROUP_SYSTEMD] = &cgroup_systemd_ops,
		[CGROUP_DISABLED] = &cgroup_disabled_ops,
	};

	return (size_t)driver < ARRAY_SIZE(ops) ? ops[driver] : NULL;
}
