/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The profile for whoever brings none: everything is refused with EPERM but what stands here.
 *
 * What is not here, even for a process with all capabilities:
 *	- keys (add_key, request_key, keyctl): keyrings are not separated by any namespace
 *	- io_uring_*: does what other calls do without a filter seeing it, and a long row of
 *exploits
 *	- userfaultfd: halts the kernel at a chosen place, which makes its races winnable
 *	- swapon, swapoff, kexec_*, nfsservctl: the machine's, not a container's
 *	- migrate_pages, move_pages: other processes' memory placement, a way to learn addresses
 *	- vm86, vm86old, lookup_dcookie, sysfs, ustat, uselib, _sysctl, bdflush, create_module,
 *	  get_kernel_syms, query_module and other remains: little used code that nobody checks
 *
 * An argument that the kernel takes as a 32-bit number is compared under a mask of 32 bits: a
 *filter sees all 64 bits of the register, the kernel drops the upper half, so a plain "greater
 *than" or "not equal" is passed by setting a bit there.
 */
#include "seccomp/seccomp.h"
#include "base/str.h"
#include <linux/capability.h>
#include <errno.h>
#include <string.h>

#define CAP(name) (1ULL << CAP_##name)
#define LOW	  0xffffffffULL

/* CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. (NEWTIME is for clone3 and
 * unshare alone: here its bit belongs to the signal that is sent at exit.) */
#define NEW_NAMESPACES 0x7e020000ULL

/* (argument 0 & mask) == value; several lines of a group: any of them is enough. */
struct masked {
	uint64_t mask, value;
};

struct group {
	const char *names; /* between blanks */
	uint64_t any_of; /* only with one of these capabilities; 0: always */
	uint64_t none_of; /* only without each of these */
	const struct masked *first; /* conditions on argument 0, ended by {}; NULL: none */
	uint32_t answer; /* an errno; 0: allowed */
};

/* A child may not start in new namespaces: a user namespace would give it all capabilities towards
 * the parts of the kernel that have the worst history. */
static const struct masked no_new_namespaces[] = { { NEW_NAMESPACES, 0 }, {} };

/* Every family up to 47 but AF_ALG (38: CVE-2026-31431 and before; libraries have their own crypto)
 * and AF_VSOCK (40: no namespace keeps it from the hypervisor and from other machines' agents). */
static const struct masked families[] = {
	{ LOW & ~31ULL, 0 }, /* 0 to 31 */
	{ LOW & ~3ULL, 32 }, /* 32 to 35 */
	{ LOW & ~1ULL, 36 }, /* 36 and 37 */
	{ LOW, 39 },
	{ LOW, 41 },
	{ LOW & ~1ULL, 42 }, /* 42 and 43 */
	{ LOW & ~3ULL, 44 }, /* 44 to 47 */
	{},
};

/* Not those that weaken: ADDR_NO_RANDOMIZE, READ_IMPLIES_EXEC, MMAP_PAGE_ZERO and so on. */
static const struct masked personalities[] = {
	{ LOW, 0x0 }, /* PER_LINUX */
	{ LOW, 0x8 }, /* PER_LINUX32: what `linux32` and package builds use */
	{ LOW, 0x20000 }, /* UNAME26: "2.6" for programs that look */
	{ LOW, 0x20008 },
	{ LOW, 0xffffffff }, /* a question, changes nothing */
	{},
};

static const struct group groups[] = {
	/* Files by path: the mounts, the ids and the modes decide. */
	{ .names =
		  "access chdir chmod chown chown32 close creat faccessat faccessat2 fchdir fchmod "
		  "fchmodat fchmodat2 fchown fchown32 fchownat file_getattr file_setattr futimesat "
		  "getcwd "
		  "lchown lchown32 link linkat mkdir mkdirat mknod mknodat name_to_handle_at open "
		  "openat "
		  "openat2 readlink readlinkat rename renameat renameat2 rmdir symlink symlinkat "
		  "truncate "
		  "truncate64 umask unlink unlinkat utime utimensat utimensat_time64 utimes" },
	{ .names = "fstat fstat64 fstatat64 fstatfs fstatfs64 lstat lstat64 newfstatat stat stat64 "
		   "statfs "
		   "statfs64 statx" },
	{ .names = "fgetxattr flistxattr fremovexattr fsetxattr getxattr getxattrat lgetxattr "
		   "listxattr "
		   "listxattrat llistxattr lremovexattr lsetxattr removexattr removexattrat "
		   "setxattr "
		   "setxattrat" },

	/* Files by descriptor. */
	{ .names = "close_range copy_file_range dup dup2 dup3 fadvise64 fadvise64_64 "
		   "arm_fadvise64_64 "
		   "fallocate fcntl fcntl64 fdatasync flock fsync ftruncate ftruncate64 getdents "
		   "getdents64 "
		   "ioctl _llseek lseek pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev "
		   "pwritev2 read "
		   "readahead readdir readv sendfile sendfile64 splice sync sync_file_range "
		   "sync_file_range2 syncfs tee vmsplice write writev" },
	{ .names = "io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup "
		   "io_submit" },

	/* What is mounted, as /proc/self/mountinfo says it. */
	{ .names = "listmount statmount" },

	/* Waiting for events. */
	{ .names = "epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 "
		   "epoll_wait "
		   "epoll_wait_old eventfd eventfd2 fanotify_mark inotify_add_watch inotify_init "
		   "inotify_init1 inotify_rm_watch _newselect poll ppoll ppoll_time64 pselect6 "
		   "pselect6_time64 select signalfd signalfd4" },

	/* Memory of the caller's own. */
	{ .names = "brk cachestat madvise map_shadow_stack membarrier memfd_create memfd_secret "
		   "mincore "
		   "mlock mlock2 mlockall mmap mmap2 mprotect mremap mseal msync munlock "
		   "munlockall munmap "
		   "pkey_alloc pkey_free pkey_mprotect process_mrelease remap_file_pages" },

	/* Processes, threads and what they wait for. */
	{ .names = "execve execveat exit exit_group fork vfork wait4 waitid waitpid futex "
		   "futex_requeue "
		   "futex_time64 futex_wait futex_waitv futex_wake get_robust_list set_robust_list "
		   "rseq "
		   "rseq_slice_yield get_thread_area set_thread_area set_tid_address pidfd_open "
		   "pidfd_send_signal restart_syscall" },
	{ .names = "getpgid getpgrp getpid getppid getsid gettid setpgid setsid prctl" },
	{ .names = "clone", .any_of = CAP(SYS_ADMIN) },
	{ .names = "clone", .none_of = CAP(SYS_ADMIN), .first = no_new_namespaces },
	/* Its flags lie in memory, where no filter can look; ENOSYS makes libc use clone. */
	{ .names = "clone3", .any_of = CAP(SYS_ADMIN) },
	{ .names = "clone3", .none_of = CAP(SYS_ADMIN), .answer = ENOSYS },

	/* Signals. */
	{ .names =
		  "alarm kill pause rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo "
		  "rt_sigreturn "
		  "rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sgetmask "
		  "sigaction sigaltstack signal sigpending sigprocmask sigreturn sigsuspend "
		  "ssetmask "
		  "tgkill "
		  "tkill" },

	/* Who the caller is; the kernel asks for CAP_SETUID and its like. */
	{ .names =
		  "capget capset getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups "
		  "getgroups32 "
		  "getresgid getresgid32 getresuid getresuid32 getuid getuid32 setfsgid setfsgid32 "
		  "setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setregid setregid32 "
		  "setresgid "
		  "setresgid32 setresuid setresuid32 setreuid setreuid32 setuid setuid32" },

	/* Ways to give up more: they only ever take away. */
	{ .names = "landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp" },
	/* The same as /proc/self/attr. */
	{ .names = "lsm_get_self_attr lsm_list_modules lsm_set_self_attr" },

	/* Scheduling and limits; raising them asks for capabilities. */
	{ .names = "getcpu getpriority getrlimit getrusage ioprio_get ioprio_set nice prlimit64 "
		   "sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr "
		   "sched_getparam sched_getscheduler sched_rr_get_interval "
		   "sched_rr_get_interval_time64 "
		   "sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield "
		   "setpriority "
		   "setrlimit ugetrlimit" },

	/* Time; setting it through adjtimex and clock_adjtime asks for CAP_SYS_TIME. */
	{ .names = "adjtimex clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 "
		   "clock_gettime "
		   "clock_gettime64 clock_nanosleep clock_nanosleep_time64 getitimer gettimeofday "
		   "nanosleep "
		   "setitimer time timer_create timer_delete timer_getoverrun timer_gettime "
		   "timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime "
		   "timerfd_gettime64 timerfd_settime timerfd_settime64 times" },

	/* Sockets.  socketcall, the way of 32-bit x86, hides the family in memory: a filter cannot
	 * tell AF_ALG there, and without it no 32-bit program has a network. */
	{ .names = "accept accept4 bind connect getpeername getsockname getsockopt listen recv "
		   "recvfrom "
		   "recvmmsg recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto setsockopt "
		   "shutdown "
		   "socketcall socketpair" },
	{ .names = "socket", .first = families },

	/* IPC, which has a namespace. */
	{ .names = "ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 "
		   "mq_timedsend "
		   "mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop "
		   "semtimedop "
		   "semtimedop_time64 shmat shmctl shmdt shmget" },

	/* The rest. */
	{ .names = "getrandom sysinfo uname" },
	{ .names = "personality", .first = personalities },

	/* Debuggers: one's own processes, which since Linux 4.8 cannot escape their filter so. */
	{ .names = "process_vm_readv process_vm_writev ptrace" },
	{ .names = "kcmp pidfd_getfd process_madvise", .any_of = CAP(SYS_PTRACE) },

	/* Only some machines have these: thread-local storage, caches, old 16-bit programs. */
	{ .names = "arch_prctl arm_sync_file_range breakpoint cacheflush modify_ldt "
		   "riscv_flush_icache "
		   "riscv_hwprobe set_tls" },
	/* Put by the kernel into a program that is being traced from outside, not called by it. */
	{ .names = "uprobe uretprobe" },

	/* What a capability is for. */
	{ .names =
		  "bpf fanotify_init fsconfig fsmount fsopen fspick mount mount_setattr move_mount "
		  "open_tree open_tree_attr perf_event_open pivot_root quotactl quotactl_fd "
		  "setdomainname "
		  "sethostname setns syslog umount umount2 unshare",
	  .any_of = CAP(SYS_ADMIN) },
	{ .names = "bpf", .any_of = CAP(BPF) },
	{ .names = "perf_event_open", .any_of = CAP(PERFMON) },
	{ .names = "syslog", .any_of = CAP(SYSLOG) },
	{ .names = "open_by_handle_at", .any_of = CAP(DAC_READ_SEARCH) },
	{ .names = "reboot", .any_of = CAP(SYS_BOOT) }, /* ends the pid namespace, if it has one */
	{ .names = "chroot", .any_of = CAP(SYS_CHROOT) },
	{ .names = "delete_module finit_module init_module", .any_of = CAP(SYS_MODULE) },
	{ .names = "get_mempolicy mbind set_mempolicy set_mempolicy_home_node",
	  .any_of = CAP(SYS_NICE) },
	{ .names = "acct", .any_of = CAP(SYS_PACCT) },
	{ .names = "ioperm iopl", .any_of = CAP(SYS_RAWIO) },
	{ .names = "clock_settime clock_settime64 settimeofday stime", .any_of = CAP(SYS_TIME) },
	{ .names = "vhangup", .any_of = CAP(SYS_TTY_CONFIG) },
};

/* The machine's own, and the 32-bit one that its processors run as well.  Not x32: no
 * distribution's programs use it, and it is a second way into half of the calls. */
static char *architectures[] = {
#if defined(__x86_64__)
	(char *)"SCMP_ARCH_X86_64",
	(char *)"SCMP_ARCH_X86",
#elif defined(__aarch64__)
	(char *)"SCMP_ARCH_AARCH64",
	(char *)"SCMP_ARCH_ARM",
#elif defined(__riscv) && __riscv_xlen == 64
	(char *)"SCMP_ARCH_RISCV64",
#endif
	NULL,
};

static struct strs split(struct arena *a, const char *text)
{
	struct strs out = { arena_array(a, strlen(text) / 2 + 2, sizeof(char *)), 0 };

	while (*text) {
		size_t len = strcspn(text, " ");

		out.v[out.n++] = arena_strndup(a, text, len);
		text += len + strspn(text + len, " ");
	}
	return out;
}

static bool applies(const struct group *g, uint64_t caps)
{
	return !(caps & g->none_of) && (!g->any_of || caps & g->any_of);
}

static struct spec_syscall *add_call(struct spec_seccomp *to, const struct group *g,
				     struct strs names)
{
	struct spec_syscall *call = &to->syscalls.v[to->syscalls.n++];

	call->names = names;
	call->action = g->answer ? ACTION_ERRNO : ACTION_ALLOW;
	if (g->answer)
		call->errnoRet = (struct opt_u32){ true, g->answer };
	return call;
}

/* One entry per condition: readers of profiles differ in what two conditions of one mean. */
static void add_group(struct arena *a, struct spec_seccomp *to, const struct group *g)
{
	struct strs names = split(a, g->names);

	if (!g->first) {
		add_call(to, g, names);
		return;
	}
	for (const struct masked *m = g->first; m->mask; m++) {
		struct spec_syscall *call = add_call(to, g, names);

		call->args.n = 1;
		call->args.v = arena_alloc(a, sizeof(*call->args.v));
		call->args.v->op = OP_MASKED_EQ;
		call->args.v->value = m->mask;
		call->args.v->valueTwo = (struct opt_u64){ true, m->value };
	}
}

const struct spec_seccomp *seccomp_default_profile(struct arena *a, uint64_t caps)
{
	struct spec_seccomp *profile = arena_alloc(a, sizeof(*profile));

	profile->defaultAction = ACTION_ERRNO;
	profile->defaultErrnoRet = (struct opt_u32){ true, EPERM };
	profile->architectures = (struct strs){ architectures, ARRAY_SIZE(architectures) - 1 };
	profile->syscalls.v = arena_array(
		a, ARRAY_SIZE(groups) + ARRAY_SIZE(families) + ARRAY_SIZE(personalities),
		sizeof(*profile->syscalls.v));
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		if (applies(&groups[i], caps))
			add_group(a, profile, &groups[i]);
	return profile;
}
