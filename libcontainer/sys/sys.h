/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * System calls that libc has no wrapper for, or whose absence needs an answer.  All behave like
 * libc: the result, or -1 with errno.  Descriptors are born close-on-exec.  The kernels supported
 * (5.15 and newer) have everything here; ENOSYS still happens, below another sandbox's seccomp
 * filter, and where it can be answered the fallback is inside the function and as safe as the call.
 */
#ifndef LC_SYS_H
#define LC_SYS_H

#include "base/error.h"
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/types.h>

/* ---- opening ---- */

/* openat2(2), Linux 5.6, for what exists (no O_CREAT). @resolve: RESOLVE_*.  Retries EINTR, and the
 * EAGAIN of a scoped lookup that met a rename.  Without the call (ENOSYS, or the EPERM of an older
 * filter) the path is walked component by component (walk.h); what that cannot do stays ENOSYS. */
int sys_openat2(int dirfd, const char *path, int flags, uint64_t resolve);

/* close_range(2), Linux 5.9 (CLOSE_RANGE_CLOEXEC: 5.11); else a walk over /proc/self/fd. */
int sys_close_range(unsigned first, unsigned last, unsigned flags);

/* Number that tells mounts apart (statx(2) STATX_MNT_ID, Linux 5.8). AT_EMPTY_PATH is allowed. */
int sys_mount_id(int dirfd, const char *path, int flags, uint64_t *id);

/* getdents64(2): entries of a directory without allocating. */
ssize_t sys_getdents(int fd, void *buf, size_t size);

/* ---- mounts (Linux 5.2; mount_setattr 5.12) ---- */

int sys_open_tree(int dirfd, const char *path, unsigned flags);

/* Attaches what @fd refers to (a detached mount) to @dirfd/@path; "" means @dirfd itself. */
int sys_move_mount(int fd, int dirfd, const char *path);

int sys_fsopen(const char *fstype);
int sys_fspick(int dirfd, const char *path, unsigned flags);
int sys_fsconfig_flag(int fsfd, const char *key);
int sys_fsconfig_string(int fsfd, const char *key, const char *value);
int sys_fsconfig_fd(int fsfd, const char *key, int fd);
int sys_fsconfig_create(int fsfd);
int sys_fsconfig_reconfigure(int fsfd);
int sys_fsmount(int fsfd, uint64_t attrs); /* MOUNT_ATTR_* but not IDMAP */

struct mount_attr; /* musl has it in linux/mount.h only */

/* @flags: AT_EMPTY_PATH, AT_RECURSIVE, AT_SYMLINK_NOFOLLOW. */
int sys_mount_setattr(int dirfd, const char *path, unsigned flags, const struct mount_attr *attr);

int sys_pivot_root(const char *new_root, const char *put_old);

/* The kernel's last complaint about a file-system context, without its severity letter and newline;
 * the log is emptied.  False when it said nothing. */
bool sys_fs_reason(int fsfd, char *buf, size_t size);

/* Like lc_err_errno(), but with the kernel's complaint, when there is one, in place of the errno's
 * text ("tmpfs: Unknown parameter 'x'" in place of "invalid argument"). */
int sys_fs_error(struct lc_error *e, int fsfd, const char *fmt, ...) lc_printf(3, 4);

/* ---- processes ---- */

/* clone3(2), Linux 5.3, without a stack of its own: as fork, returns twice.  Nothing that libc does
 * around fork() happens (no atfork handlers, its cached ids are stale): no threads, no stdio. */
pid_t sys_clone3(struct clone_args *args);

/* waitid(2) for a child's end, with what it and the children it waited for have used, which libc
 * leaves out. Retries EINTR. */
struct rusage;
int sys_wait_usage(int pidfd, siginfo_t *info, struct rusage *usage);

int sys_pidfd_open(pid_t pid, unsigned flags);
int sys_pidfd_send_signal(int pidfd, int sig);
int sys_pidfd_getfd(int pidfd, int fd);

/* process_mrelease(2), Linux 5.15: takes the memory of a process that is being killed; EINVAL when
 * it is not, ESRCH when it has none any more. */
int sys_process_mrelease(int pidfd);

/* prlimit(2), whose resource has another type in each libc; 0: the caller. */
int sys_set_limit(pid_t pid, int resource, uint64_t soft, uint64_t hard);

/* ---- what a process may do and how it is scheduled ---- */

struct sys_caps {
	uint64_t effective, permitted, inheritable; /* bit n: capability n */
};
int sys_capget(struct sys_caps *caps);
int sys_capset(const struct sys_caps *caps);

/* As the kernel has it; libc and linux/sched/types.h exclude each other. */
struct sys_sched_attr {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};
int sys_sched_setattr(pid_t pid, const struct sys_sched_attr *attr); /* sets size itself */

/* @mask: an array of unsigned long, @size bytes; any size, unlike cpu_set_t. */
int sys_sched_setaffinity(pid_t pid, const unsigned long *mask, size_t size);

int sys_ioprio_set(int which, int who, int prio);

/* @nodes: bit mask of @bits bits. */
int sys_set_mempolicy(int mode, const unsigned long *nodes, unsigned long bits);

/* @op: SECCOMP_SET_MODE_FILTER...; a new listener is returned as a descriptor. */
int sys_seccomp(unsigned op, unsigned flags, void *args);

/* ---- signals ---- */

/* Gives the signals in @mask (bit 0 is signal 1) their default action, those too that glibc keeps
 * for itself and that its posix_spawn() leaves ignored: sigaction() refuses 32 and 33. */
void sys_signals_default(uint64_t mask);
#define SYS_SIGNALS_OF_LIBC (1ULL << 31 | 1ULL << 32)

/* ---- keys and BPF ---- */

int sys_keyctl_join(const char *name); /* a new session keyring; returns its serial number */
int sys_keyctl_setperm(int key, uint32_t perm);

/* "type;uid;gid;perm;description"; returns the length that it has, with NUL. */
int sys_keyctl_describe(int key, char *buf, size_t size);

union bpf_attr;
int sys_bpf(int cmd, union bpf_attr *attr, unsigned size);

#endif
