/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lists of system calls as tables, and the BPF program that is made of them. */
#include "sys/confine.h"
#include "base/own.h"

#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

#define PROGRAM_MAX 512
#define GROUPS_MAX  8
#define CAPS_MAX    63

/* What the first 32 bits of an argument must be; the kernel looks at no more of those named here.
 */
enum what { ANY, EQUALS, WITHOUT, SELF };

struct rule {
	uint32_t call;
	uint8_t what, argument;
	uint32_t value;
};

/* ---- the lists ---- */

#define CALL(name) \
	{ \
		.call = SYS_##name \
	}
#define CALL_IF(name, must, nth, v) \
	{ \
		.call = SYS_##name, .what = must, .argument = nth, .value = v \
	}
#define END \
	{ \
		.call = UINT32_MAX \
	}

static const struct rule of_every_thread[] = {
	CALL(futex),	    CALL(rt_sigprocmask), /* the C library's, when a thread ends */
	CALL(rt_sigreturn), CALL(restart_syscall), /* the kernel's own, after a stop */
	CALL(madvise),	    CALL(exit),
	CALL(exit_group),   END,
};

/* Memory that can be executed is made by nobody. */
static const struct rule memory[] = {
	CALL_IF(mmap, WITHOUT, 2, PROT_EXEC),
	CALL_IF(mprotect, WITHOUT, 2, PROT_EXEC),
	CALL(mremap),
	CALL(munmap),
	CALL(brk),
	END,
};

static const struct rule processor[] = {
	CALL_IF(ioctl, EQUALS, 1, KVM_RUN),
	CALL(write), /* eventfds; the serial port of --debug */
	CALL(getpid),
	CALL_IF(tgkill, SELF, 0, 0),
	END,
};

/* Descriptors that are there: no call that makes one from a name. */
static const struct rule streams[] = {
	CALL(read),   CALL(write),    CALL(writev), CALL(sendmsg), CALL(recvmsg),
	CALL(sendto), CALL(recvfrom), CALL(ppoll),  CALL(close),
#ifdef SYS_poll
	CALL(poll),
#endif
	END,
};

static const struct rule hub[] = {
	CALL(epoll_pwait),
#ifdef SYS_epoll_wait
	CALL(epoll_wait),
#endif
	CALL(epoll_ctl),
	CALL(accept4),
	CALL_IF(ioctl, EQUALS, 1, TIOCGWINSZ),
	/* To end as the container did. */
	CALL(rt_sigaction),
	CALL(prlimit64),
	CALL(getpid),
	CALL_IF(kill, SELF, 0, 0),
	END,
};

static const struct rule machine[] = {
	CALL_IF(ioctl, EQUALS, 1, KVM_KVMCLOCK_CTRL),
	CALL_IF(tgkill, SELF, 0, 0),
	CALL(getrandom),
	CALL(readv),
	END,
};

/* It looks at every register, and writes what it has found to files that are there. */
static const struct rule saving[] = {
	CALL_IF(ioctl, EQUALS, 1, KVM_RUN),
#if defined(__x86_64__)
	CALL_IF(ioctl, EQUALS, 1, KVM_GET_REGS),
	CALL_IF(ioctl, EQUALS, 1, KVM_GET_SREGS),
	CALL_IF(ioctl, EQUALS, 1, KVM_GET_XSAVE),
	CALL_IF(ioctl, EQUALS, 1, KVM_GET_XCRS),
	CALL_IF(ioctl, EQUALS, 1, KVM_GET_LAPIC),
	CALL_IF(ioctl, EQUALS, 1, KVM_GET_MSRS),
	CALL_IF(ioctl, EQUALS, 1, KVM_GET_DEBUGREGS),
	CALL_IF(ioctl, EQUALS, 1, KVM_GET_VCPU_EVENTS),
	CALL_IF(ioctl, EQUALS, 1, KVM_GET_MP_STATE),
	CALL_IF(ioctl, EQUALS, 1, KVM_GET_IRQCHIP),
	CALL_IF(ioctl, EQUALS, 1, KVM_GET_CLOCK),
	CALL_IF(ioctl, EQUALS, 1, KVM_GET_TSC_KHZ),
#endif
	CALL(timerfd_settime),
	CALL(pwrite64),
	CALL(ftruncate),
	CALL(fsync),
	CALL(fstat),
#ifdef SYS_newfstatat
	CALL(newfstatat), /* how some C libraries do it */
#endif
	END,
};

static const struct rule file_data[] = {
	CALL(preadv), CALL(pwritev),   CALL(fallocate),	      CALL(lseek),
	CALL(fsync),  CALL(fdatasync), CALL(copy_file_range), END,
};

/* Names: beneath the export by openat2, or a descriptor by its number in /proc/self/fd. */
static const struct rule names[] = {
	CALL(openat2),	CALL(openat),	 CALL(statx),	    CALL(fchmodat),
	CALL(fchownat), CALL(utimensat), CALL(truncate),    CALL(readlinkat),
	CALL(mkdirat),	CALL(mknodat),	 CALL(symlinkat),   CALL(linkat),
	CALL(unlinkat), CALL(renameat2), CALL(getdents64),  CALL(lseek),
	CALL(fsync),	CALL(fdatasync), CALL(syncfs),	    CALL(fstatfs),
	CALL(setfsuid), CALL(setfsgid),	 CALL(capget),	    CALL(capset),
	CALL(umask),	CALL(geteuid),	 CALL(getegid),	    CALL(setxattr),
	CALL(getxattr), CALL(listxattr), CALL(removexattr), END,
};

/* It reads and changes a network namespace through sockets that are there. */
static const struct rule network[] = {
	CALL_IF(ioctl, EQUALS, 1, TUNSETIFF),
	CALL_IF(ioctl, EQUALS, 1, TUNSETVNETHDRSZ),
	CALL_IF(ioctl, EQUALS, 1, TUNSETOFFLOAD),
	CALL_IF(ioctl, EQUALS, 1, SIOCGIFINDEX),
	CALL_IF(bpf, EQUALS, 0, BPF_PROG_LOAD),
	CALL_IF(bpf, EQUALS, 0, BPF_LINK_CREATE),
	END,
};

/* It asks the host's name servers; what else it talks to is there. */
static const struct rule resolver[] = {
	CALL_IF(socket, EQUALS, 0, AF_INET),
	CALL_IF(socket, EQUALS, 0, AF_INET6),
	CALL(connect),
	CALL(getrandom),
	CALL(clock_gettime),
	CALL(wait4),
	END,
};

static const struct rule waiter[] = {
	CALL(wait4),
	CALL(close),
	END,
};

static const struct {
	const char *text;
	const struct rule *groups[GROUPS_MAX];
} roles[] = {
#define X(name, text) [name] = { text, LIST_##name },
#define LIST_CONFINE_LOOP \
	{ \
		of_every_thread, streams, hub, machine, memory \
	}
#define LIST_CONFINE_SAVE \
	{ \
		of_every_thread, streams, hub, machine, memory, saving \
	}
#define LIST_CONFINE_CPU \
	{ \
		processor, of_every_thread \
	}
#define LIST_CONFINE_FILES \
	{ \
		streams, file_data, of_every_thread, memory \
	}
#define LIST_CONFINE_BROKER \
	{ \
		streams, names, of_every_thread, memory \
	}
#define LIST_CONFINE_NETWORK \
	{ \
		of_every_thread, streams, network, memory \
	}
#define LIST_CONFINE_PROXY \
	{ \
		of_every_thread, streams, hub, memory \
	}
#define LIST_CONFINE_RESOLVER \
	{ \
		of_every_thread, streams, resolver \
	}
#define LIST_CONFINE_WAITER \
	{ \
		of_every_thread, waiter \
	}
	CONFINE_ROLES(X)
#undef X
};
_Static_assert(ARRAY_SIZE(roles) == CONFINE_ROLES_N, "each role has its list");

/* ---- the program ---- */

struct program {
	struct sock_filter *at, *end;
	uint32_t self;
};

static void emit(struct program *p, struct sock_filter f)
{
	if (p->at < p->end)
		*p->at++ = f;
}

static void load(struct program *p, size_t offset)
{
	emit(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void finish(struct program *p, uint32_t action)
{
	emit(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* Little-endian: the low half of argument @n comes first. */
static void emit_rule(struct program *p, const struct rule *r)
{
	uint32_t value = r->what == SELF ? p->self : r->value;
	bool wants_set = r->what != WITHOUT;
	uint16_t test = wants_set ? BPF_JEQ : BPF_JSET;

	if (r->what == ANY) {
		emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, r->call, 0, 1));
		finish(p, SECCOMP_RET_ALLOW);
		return;
	}
	emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, r->call, 0, 4));
	load(p, offsetof(struct seccomp_data, args) + 8 * (size_t)r->argument);
	emit(p, (struct sock_filter)BPF_JUMP((uint16_t)(BPF_JMP | test | BPF_K), value, !wants_set,
					     wants_set));
	finish(p, SECCOMP_RET_ALLOW);
	load(p, offsetof(struct seccomp_data, nr));
}

size_t confine_program(enum confine_role role, uint32_t self, struct sock_filter *out, size_t max)
{
	struct program p = { out, out + max, self };

	load(&p, offsetof(struct seccomp_data, arch));
	emit(&p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0));
	finish(&p, SECCOMP_RET_KILL_PROCESS);
	load(&p, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < GROUPS_MAX && roles[role].groups[i]; i++)
		for (const struct rule *r = roles[role].groups[i]; r->call != UINT32_MAX; r++)
			emit_rule(&p, r);
	finish(&p, SECCOMP_RET_KILL_PROCESS);
	return (size_t)(p.at - out);
}

int confine_thread(enum confine_role role, struct lc_error *e)
{
	struct sock_filter code[PROGRAM_MAX];
	struct sock_fprog program = { .filter = code };

	program.len = (unsigned short)confine_program(role, (uint32_t)getpid(), code, PROGRAM_MAX);
	if (program.len == PROGRAM_MAX)
		return lc_err(e, LC_EINTERNAL, "the filter of %s is too long", roles[role].text);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		return lc_err_errno(e, "load the filter of %s", roles[role].text);
	return 0;
}

void confine_thread_or_end(enum confine_role role)
{
	struct lc_error e = { 0 };

	if (confine_thread(role, &e) == 0)
		return;
	dprintf(STDERR_FILENO, "hull-vmm: %s\n", e.msg);
	_exit(1);
}

/* ---- privileges ---- */

static int drop_bounding(uint64_t keep, struct lc_error *e)
{
	for (unsigned long cap = 0; cap <= CAPS_MAX; cap++)
		if (!(keep >> cap & 1) && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1 &&
		    prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return lc_err_errno(e, "drop capability %lu from the bounding set", cap);
	return 0;
}

/* By the system call: threads that a wrapper of the C library would tell are not there yet. */
static int keep_only(uint64_t keep, struct lc_error *e)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];

	if (syscall(SYS_capget, &head, caps) < 0)
		return lc_err_errno(e, "capget");
	for (int i = 0; i < 2; i++) {
		caps[i].permitted &= (uint32_t)(keep >> 32 * i);
		caps[i].effective = caps[i].permitted;
		caps[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &head, caps) < 0)
		return lc_err_errno(e, "capset");
	return 0;
}

int confine_process(uint64_t keep, struct lc_error *e)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return lc_err_errno(e, "become undumpable");
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return lc_err_errno(e, "clear the ambient capabilities");
	if (drop_bounding(keep, e) < 0 || keep_only(keep, e) < 0)
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return lc_err_errno(e, "set no_new_privs");
	return 0;
}
