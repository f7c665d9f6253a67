/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hosts that plans are made for in tests, so that they do not depend on where they are made. */
#ifndef TEST_PLAN_HOST_H
#define TEST_PLAN_HOST_H

#include "plan/plan.h"

#define ALL_CAPS ((1ULL << 41) - 1)

static inline struct plan_host root_host(void)
{
	static char *controllers[] = { (char *)"cpuset",  (char *)"cpu",
				       (char *)"io",	  (char *)"memory",
				       (char *)"hugetlb", (char *)"pids",
				       (char *)"rdma",	  NULL };

	return (struct plan_host){
		.initial_userns = true,
		.cap_last = 40,
		.caps_held = ALL_CAPS,
		.cgroup2 = (char *)"/sys/fs/cgroup",
		.own_cgroup = (char *)"/user.slice/user-0.slice/session-1.scope",
		.controllers = { controllers, ARRAY_SIZE(controllers) - 1 },
		.time_ns = true,
		.hugetlb_rsvd = true,
	};
}

/* Uid 1000 without privileges. */
static inline struct plan_host user_host(void)
{
	struct plan_host host = root_host();

	host.euid = host.egid = 1000;
	host.caps_held = 0;
	host.own_cgroup = (char *)"/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope";
	return host;
}

/* Root of a user namespace, as below rootless podman. */
static inline struct plan_host userns_host(void)
{
	struct plan_host host = root_host();

	host.initial_userns = false;
	host.own_cgroup = (char *)"/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope";
	return host;
}

#endif
