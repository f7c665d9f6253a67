/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Thin wrappers: processes, privileges, scheduling, keys, BPF. */
#include "sys/sys.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int sys_mount_id(int dirfd, const char *path, int flags, uint64_t *id)
{
	struct statx stx;

	if (syscall(SYS_statx, dirfd, path, flags | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT,
		    STATX_MNT_ID, &stx) < 0)
		return -1;
	if (!(stx.stx_mask & STATX_MNT_ID)) {
		errno = ENOSYS;
		return -1;
	}
	*id = stx.stx_mnt_id;
	return 0;
}

ssize_t sys_getdents(int fd, void *buf, size_t size)
{
	return syscall(SYS_getdents64, fd, buf, size);
}

pid_t sys_clone3(struct clone_args *args)
{
	return (pid_t)syscall(SYS_clone3, args, sizeof(*args));
}

int sys_wait_usage(int pidfd, siginfo_t *info, struct rusage *usage)
{
	long r;

	do {
		r = syscall(SYS_waitid, P_PIDFD, pidfd, info, WEXITED | __WALL, usage);
	} while (r < 0 && errno == EINTR);
	return (int)r;
}

int sys_pidfd_open(pid_t pid, unsigned flags)
{
	return (int)syscall(SYS_pidfd_open, pid, flags);
}

int sys_pidfd_send_signal(int pidfd, int sig)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0);
}

int sys_pidfd_getfd(int pidfd, int fd)
{
	return (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
}

int sys_process_mrelease(int pidfd)
{
	return (int)syscall(SYS_process_mrelease, pidfd, 0);
}

int sys_set_limit(pid_t pid, int resource, uint64_t soft, uint64_t hard)
{
	const uint64_t limit[2] = { soft, hard }; /* struct rlimit64, whatever libc calls it */

	return (int)syscall(SYS_prlimit64, pid, resource, limit, NULL);
}

int sys_capget(struct sys_caps *caps)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &header, data) < 0)
		return -1;
	caps->effective = data[0].effective | (uint64_t)data[1].effective << 32;
	caps->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	caps->inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	return 0;
}

int sys_capset(const struct sys_caps *caps)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	for (unsigned i = 0; i < ARRAY_SIZE(data); i++) {
		data[i].effective = (uint32_t)(caps->effective >> 32 * i);
		data[i].permitted = (uint32_t)(caps->permitted >> 32 * i);
		data[i].inheritable = (uint32_t)(caps->inheritable >> 32 * i);
	}
	return (int)syscall(SYS_capset, &header, data);
}

int sys_sched_setattr(pid_t pid, const struct sys_sched_attr *attr)
{
	struct sys_sched_attr sized = *attr;

	_Static_assert(sizeof(sized) == 56, "struct sched_attr of Linux 5.3");
	sized.size = sizeof(sized);
	return (int)syscall(SYS_sched_setattr, pid, &sized, 0);
}

int sys_sched_setaffinity(pid_t pid, const unsigned long *mask, size_t size)
{
	return (int)syscall(SYS_sched_setaffinity, pid, size, mask);
}

int sys_ioprio_set(int which, int who, int prio)
{
	return (int)syscall(SYS_ioprio_set, which, who, prio);
}

int sys_set_mempolicy(int mode, const unsigned long *nodes, unsigned long bits)
{
	/* The kernel counts one less than it is told. */
	return (int)syscall(SYS_set_mempolicy, mode, nodes, nodes ? bits + 1 : 0);
}

int sys_seccomp(unsigned op, unsigned flags, void *args)
{
	return (int)syscall(SYS_seccomp, op, flags, args);
}

void sys_signals_default(uint64_t mask)
{
	/* The kernel's struct, of which all zero is SIG_DFL without flags. */
	static const struct {
		uint64_t handler, flags, restorer, mask;
	} by_default;

	for (; mask; mask &= mask - 1)
		syscall(SYS_rt_sigaction, __builtin_ctzll(mask) + 1, &by_default, NULL,
			sizeof(by_default.mask));
}

int sys_keyctl_join(const char *name)
{
	return (int)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name);
}

int sys_keyctl_setperm(int key, uint32_t perm)
{
	return (int)syscall(SYS_keyctl, KEYCTL_SETPERM, key, perm);
}

int sys_keyctl_describe(int key, char *buf, size_t size)
{
	return (int)syscall(SYS_keyctl, KEYCTL_DESCRIBE, key, buf, size);
}

int sys_bpf(int cmd, union bpf_attr *attr, unsigned size)
{
	return (int)syscall(SYS_bpf, cmd, attr, size);
}
