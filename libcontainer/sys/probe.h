/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Facts of the host and its kernel, each asked where it can be known for sure.  Nothing is kept:
 * who needs a fact often asks once and keeps it (struct plan_host).
 */
#ifndef LC_PROBE_H
#define LC_PROBE_H

#include "base/arena.h"
#include <stdbool.h>
#include <stdint.h>

/* The oldest kernel that has all we rely on: Linux 5.15; LC_EUNSUPPORTED below. */
int probe_kernel(struct lc_error *e) lc_checked;
bool probe_kernel_at_least(unsigned major, unsigned minor);

/* Reads "6.1.0-13-amd64"; false for what is no version. */
bool probe_parse_release(const char *release, unsigned *major, unsigned *minor);

/* Highest capability number that the kernel knows. @held: capabilities of the caller, which it
 * knows for certain. */
int probe_cap_last(uint64_t held);

/* @name as in /proc/self/ns: "pid", "net", "mnt", "ipc", "uts", "user", "cgroup", "time". */
bool probe_namespace(const char *name);

/* The caller is in the system's first user namespace. */
bool probe_initial_userns(void);

/* All bits of @attr (MOUNT_ATTR_*) are known to mount_setattr(2). */
bool probe_mount_attr(uint64_t attr);

/* The kernel knows the file system (as a module that fsopen(2) loads too). */
bool probe_filesystem(const char *fstype);

/* overlay takes "lowerdir+", one layer per call (Linux 6.5). */
bool probe_overlay_lowerdir_add(void);

struct probe_cgroup {
	char *path; /* mount point of cgroup2; NULL: none */
	bool nsdelegate;
	bool v1; /* v1 hierarchies with controllers are mounted as well (hybrid) */
};

/* Finds the cgroup2 mount that can be reached by its path, /sys/fs/cgroup before others (a hybrid
 * host's /sys/fs/cgroup/unified). */
int probe_cgroup(struct arena *a, struct probe_cgroup *out, struct lc_error *e) lc_checked;

/* The same from text in the form of /proc/self/mountinfo, checked by @usable (NULL: all are). */
void probe_cgroup_parse(struct arena *a, char *mountinfo,
			bool (*usable)(const char *path, uint64_t mount_id),
			struct probe_cgroup *out);

/* Where a file system of this type is mounted and can be reached by its path; NULL: nowhere. */
char *probe_mounted(struct arena *a, const char *fstype);

/* The caller's path in the cgroup2 hierarchy ("/user.slice/..."); NULL: unknown. */
char *probe_own_cgroup(struct arena *a);

/* SECCOMP_RET_* and SECCOMP_FILTER_FLAG_* as this kernel has them. */
bool probe_seccomp_action(uint32_t action);
bool probe_seccomp_flag(unsigned flag);

/* Names of /proc/sys/kernel/seccomp/actions_avail, separated by blanks; "" when it cannot be read.
 */
char *probe_seccomp_actions(struct arena *a);

/* Security modules that are in force. */
bool probe_apparmor(void);
bool probe_selinux(void);
char *probe_lsms(struct arena *a); /* "lockdown,capability,apparmor"; "" when not known */

/* NUMA node @node is online. */
bool probe_numa_node(unsigned node);

#endif
