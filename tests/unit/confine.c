/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the monitor's threads, the broker and the proxy may still do: their filters in an
 * interpreter, and in the kernel. */
#include "sys/confine.h"
#include "base/own.h"
#include "filter.h"
#include "lc_test.h"

#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <linux/kvm.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SELF_PID = 42, CALLS = 600 };

static uint32_t answer(enum confine_role role, const struct seccomp_data *data)
{
	struct sock_filter code[512];
	size_t n = confine_program(role, SELF_PID, code, ARRAY_SIZE(code));
	struct seccomp_filter f = { .bytes = (uint8_t *)code, .len = n * sizeof(*code) };

	return filter_run(&f, data);
}

static bool allows(enum confine_role role, int call, uint64_t a0, uint64_t a1, uint64_t a2)
{
	struct seccomp_data data = { .nr = call,
				     .arch = AUDIT_ARCH_X86_64,
				     .args = { a0, a1, a2 } };
	uint32_t action = answer(role, &data);

	CHECK(action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_KILL_PROCESS);
	return action == SECCOMP_RET_ALLOW;
}

static unsigned count(enum confine_role role)
{
	unsigned n = 0;

	for (int call = 0; call < CALLS; call++)
		n += allows(role, call, SELF_PID, KVM_RUN, 0) ||
		     allows(role, call, SELF_PID, TIOCGWINSZ, 0);
	return n;
}

TEST(the_lists_are_short)
{
	CHECK_INT(count(CONFINE_CPU) <= 20, 1);
	CHECK_INT(count(CONFINE_FILES) <= 45, 1);
	CHECK_INT(count(CONFINE_LOOP) <= 45, 1);
	CHECK_INT(count(CONFINE_SAVE) <= 55, 1);
	CHECK_INT(count(CONFINE_PROXY) <= 45, 1);
	CHECK_INT(count(CONFINE_NETWORK) <= 30, 1);
	CHECK_INT(count(CONFINE_BROKER) <= 60, 1);
	CHECK_INT(count(CONFINE_RESOLVER) <= 25, 1);
	CHECK_INT(count(CONFINE_WAITER) <= 10, 1);
}

TEST(nobody_makes_processes_sockets_or_code)
{
	static const int calls[] = { SYS_execve,
				     SYS_execveat,
				     SYS_clone,
				     SYS_clone3,
				     SYS_fork,
				     SYS_vfork,
				     SYS_ptrace,
				     SYS_socket,
				     SYS_connect,
				     SYS_bpf,
				     SYS_mount,
				     SYS_setns,
				     SYS_unshare,
				     SYS_process_vm_readv,
				     SYS_open_by_handle_at,
				     SYS_io_uring_setup,
				     SYS_userfaultfd,
				     SYS_memfd_create,
				     SYS_prctl,
				     SYS_pidfd_getfd,
				     SYS_setuid,
				     SYS_keyctl,
				     SYS_perf_event_open,
				     SYS_init_module };

	for (int role = 0; role < CONFINE_ROLES_N; role++) {
		for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
			CHECK_INT(allows(role, calls[i], SELF_PID, 0, 0),
				  role == CONFINE_RESOLVER && calls[i] == SYS_connect);
		CHECK_INT(allows(role, SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC), false);
		CHECK_INT(allows(role, SYS_mprotect, 0, 4096, PROT_EXEC), false);
	}
}

TEST(only_the_broker_knows_names)
{
	for (int role = 0; role < CONFINE_ROLES_N; role++) {
		CHECK_INT(allows(role, SYS_openat, 0, 0, 0), role == CONFINE_BROKER);
		CHECK_INT(allows(role, SYS_openat2, 0, 0, 0), role == CONFINE_BROKER);
		CHECK_INT(allows(role, SYS_unlinkat, 0, 0, 0), role == CONFINE_BROKER);
		CHECK_INT(allows(role, SYS_ioctl, 0, KVM_RUN, 0),
			  role == CONFINE_CPU || role == CONFINE_SAVE);
		CHECK_INT(allows(role, SYS_ioctl, 0, TIOCSTI, 0), false);
		CHECK_INT(allows(role, SYS_ioctl, 0, KVM_CREATE_VM, 0), false);
	}
}

/* Its programs redirect packets; there are many other kinds, and other ways to use them. */
TEST(the_helper_for_the_network_makes_taps_and_redirects)
{
	for (int role = 0; role < CONFINE_ROLES_N; role++) {
		bool may = role == CONFINE_NETWORK;

		CHECK_INT(allows(role, SYS_ioctl, 3, TUNSETIFF, 0), may);
		CHECK_INT(allows(role, SYS_ioctl, 3, TUNSETOFFLOAD, 0), may);
		CHECK_INT(allows(role, SYS_ioctl, 3, TUNSETPERSIST, 0), false);
		CHECK_INT(allows(role, SYS_bpf, BPF_PROG_LOAD, 0, 0), may);
		CHECK_INT(allows(role, SYS_bpf, BPF_MAP_CREATE, 0, 0), false);
		CHECK_INT(allows(role, SYS_bpf, BPF_PROG_GET_FD_BY_ID, 0, 0), false);
	}
}

TEST(the_resolver_makes_sockets_of_the_internet)
{
	for (int role = 0; role < CONFINE_ROLES_N; role++) {
		bool may = role == CONFINE_RESOLVER;

		CHECK_INT(allows(role, SYS_socket, AF_INET, SOCK_DGRAM, 0), may);
		CHECK_INT(allows(role, SYS_socket, AF_INET6, SOCK_DGRAM, 0), may);
		CHECK_INT(allows(role, SYS_socket, AF_UNIX, SOCK_DGRAM, 0), false);
		CHECK_INT(allows(role, SYS_socket, AF_NETLINK, SOCK_RAW, 0), false);
		CHECK_INT(allows(role, SYS_socket, AF_PACKET, SOCK_RAW, 0), false);
		CHECK_INT(allows(role, SYS_bind, 3, 0, 0), false);
	}
	CHECK_INT(allows(CONFINE_WAITER, SYS_read, 0, 0, 0), false);
	CHECK_INT(allows(CONFINE_WAITER, SYS_sendmsg, 3, 0, 0), false);
}

TEST(signals_go_to_oneself_only)
{
	for (int role = 0; role < CONFINE_ROLES_N; role++) {
		CHECK_INT(allows(role, SYS_kill, 1, SIGKILL, 0), false);
		CHECK_INT(allows(role, SYS_tgkill, 1, 1, SIGKILL), false);
	}
	CHECK_INT(allows(CONFINE_LOOP, SYS_kill, SELF_PID, SIGTERM, 0), true);
}

TEST(other_ways_of_calling_are_none)
{
	for (int role = 0; role < CONFINE_ROLES_N; role++) {
		struct seccomp_data i386 = { .nr = 3, .arch = AUDIT_ARCH_I386 };
		struct seccomp_data x32 = { .nr = 0x40000000, .arch = AUDIT_ARCH_X86_64 };

		CHECK_INT(answer(role, &i386), SECCOMP_RET_KILL_PROCESS);
		CHECK_INT(answer(role, &x32), SECCOMP_RET_KILL_PROCESS);
	}
}

/* In the kernel: what is on the list works, and the first call that is not ends the process. */
TEST(the_kernel_takes_each_list)
{
	for (int role = 0; role < CONFINE_ROLES_N; role++) {
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			struct lc_error e = { 0 };

			if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
			    confine_thread(role, &e) < 0)
				_exit(1);
			syscall(SYS_madvise, 0, 0, 0);
			syscall(SYS_getppid);
			_exit(2);
		}
		CHECK_INT(waitpid(pid, &status, 0), pid);
		CHECK_INT(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, 1);
	}
}
