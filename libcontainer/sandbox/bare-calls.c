/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The system calls of a program without namespaces.  Refused is what reaches beyond its own
 * processes and is no matter of Landlock's: sockets by their names, IPC, the user's other
 * processes, modes and owners of the user's files.
 */
#include "sandbox/bare.h"

#include <string.h>
#include <sys/socket.h>

#define SOCKET_TYPE 0xf /* the other bits are flags */

static const char *const refused[] = {
	/* Whoever may connect to a socket with a name is the socket's user; of Internet ones there
	 * is no way to tell where they lead. */
	"socket", "socketcall", "socketpair",
	/* Landlock does not restrict these. */
	"chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "chown32", "fchown", "fchown32",
	"fchownat", "lchown", "lchown32", "setxattr", "lsetxattr", "fsetxattr", "setxattrat",
	"removexattr", "lremovexattr", "fremovexattr", "removexattrat", "file_setattr",
	/* Of the user's other processes. */
	"ipc", "mq_open", "mq_unlink", "msgctl", "msgget", "msgrcv", "msgsnd", "semctl", "semget",
	"semop", "semtimedop", "semtimedop_time64", "shmat", "shmctl", "shmget", "ioprio_set",
	"prlimit64", "sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler",
	"setpriority", "process_mrelease"
};

static bool is_refused(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (!strcmp(refused[i], name))
			return true;
	return false;
}

static void take_out(struct strs *names)
{
	size_t kept = 0;

	for (size_t i = 0; i < names->n; i++)
		if (!is_refused(names->v[i]))
			names->v[kept++] = names->v[i];
	names->n = kept;
}

/* Allowed where the bits @mask of argument @index are @value. */
static void allow(struct arena *a, struct spec_seccomp *to, const char *name, uint32_t index,
		  uint64_t mask, uint64_t value)
{
	struct spec_syscall *call = &to->syscalls.v[to->syscalls.n++];

	call->names = (struct strs){ arena_array(a, 2, sizeof(char *)), 1 };
	call->names.v[0] = arena_strdup(a, name);
	call->action = ACTION_ALLOW;
	call->args.n = 1;
	call->args.v = arena_alloc(a, sizeof(*call->args.v));
	*call->args.v = (struct spec_seccomp_arg){
		.index = index, .op = OP_MASKED_EQ, .value = mask, .valueTwo = { true, value }
	};
}

void bare_calls(struct job *job, struct spec_seccomp *profile)
{
	static const char *const of_own[] = { "prlimit64", "sched_setaffinity", "sched_setattr",
					      "sched_setparam", "sched_setscheduler" };
	struct arena *a = &job->arena;
	size_t n = profile->syscalls.n, kept = 0;
	struct spec_syscall *grown = arena_array(a, n + ARRAY_SIZE(of_own) + 5, sizeof(*grown));

	for (size_t i = 0; i < n; i++) {
		take_out(&profile->syscalls.v[i].names);
		if (profile->syscalls.v[i].names.n)
			grown[kept++] = profile->syscalls.v[i];
	}
	profile->syscalls.v = grown;
	profile->syscalls.n = kept;
	for (size_t i = 0; i < ARRAY_SIZE(of_own); i++) /* 0: the caller */
		allow(a, profile, of_own[i], 0, UINT32_MAX, 0);
	/* One of datagrams could be connected anew, to a socket with a name. */
	allow(a, profile, "socketpair", 1, SOCKET_TYPE, SOCK_STREAM);
	allow(a, profile, "socketpair", 1, SOCKET_TYPE, SOCK_SEQPACKET);
	if (job->net != NET_HOST)
		return;
	allow(a, profile, "socket", 0, UINT32_MAX, AF_INET);
	allow(a, profile, "socket", 0, UINT32_MAX, AF_INET6);
	allow(a, profile, "socket", 0, UINT32_MAX,
	      AF_NETLINK); /* by which libc looks for addresses */
}
