/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * peak COMMAND...: the most memory (VmHWM, in KiB) that any process of the command ever had, the
 * container's program not counted: each is looked at when it calls execve and when it ends.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_PROCESSES = 256 };

static struct process {
	pid_t pid;
	int is_program; /* it has executed something: it is no longer the runtime's */
} all[MAX_PROCESSES];
static long peak;

static struct process *find(pid_t pid)
{
	for (size_t i = 0; i < MAX_PROCESSES; i++)
		if (all[i].pid == pid || !all[i].pid) {
			all[i].pid = pid;
			return &all[i];
		}
	exit(2);
}

static void look_at(const struct process *p)
{
	char path[40], line[256];
	FILE *status;
	long kib;

	if (p->is_program)
		return;
	snprintf(path, sizeof(path), "/proc/%d/status", p->pid);
	status = fopen(path, "re");
	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "VmHWM: %ld", &kib) == 1 && kib > peak)
			peak = kib;
	if (status)
		fclose(status);
}

static int calls_execve(pid_t pid)
{
	struct __ptrace_syscall_info call;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof(call), &call) <= 0)
		return 0;
	return call.op == PTRACE_SYSCALL_INFO_ENTRY &&
	       (call.entry.nr == SYS_execve || call.entry.nr == SYS_execveat);
}

/* @first executes itself once more, the others what the container runs. */
static void stopped(struct process *p, pid_t first, int status)
{
	int event = status >> 16, signal = WSTOPSIG(status), pass = 0;

	if (signal == (SIGTRAP | 0x80)) {
		if (calls_execve(p->pid))
			look_at(p);
	} else if (event == PTRACE_EVENT_EXEC) {
		p->is_program = p->pid != first;
	} else if (event == PTRACE_EVENT_EXIT) {
		look_at(p);
	} else if (!event) {
		pass = signal;
	}
	ptrace(PTRACE_SYSCALL, p->pid, NULL, (void *)(long)pass);
}

int main(int argc, char **argv)
{
	const long options = PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			     PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT | PTRACE_O_TRACESYSGOOD |
			     PTRACE_O_EXITKILL;
	pid_t first, pid;
	int status;

	if (argc < 2)
		return 2;
	first = fork();
	if (first == 0) {
		raise(SIGSTOP);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (first < 0 || ptrace(PTRACE_SEIZE, first, NULL, (void *)options) < 0)
		return 2;
	/* Our own copy does not count: from its execve on it is the command. */
	find(first)->is_program = 1;
	while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		if (pid <= 0 || !WIFSTOPPED(status))
			continue;
		if (pid == first && status >> 16 == PTRACE_EVENT_STOP &&
		    WSTOPSIG(status) == SIGSTOP)
			kill(first, SIGCONT);
		stopped(find(pid), first, status);
	}
	printf("%ld\n", peak);
	return 0;
}
