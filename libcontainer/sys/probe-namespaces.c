/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether the caller may make namespaces that are of use: several systems let a process make a user
 * namespace and then refuse what it is made for.  So a child makes them all and mounts in them.
 */
#include "sys/probe-namespaces.h"
#include "base/own.h"
#include "sys/sys.h"

#include <linux/sched.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define ALL \
	(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | \
	 CLONE_NEWCGROUP)

struct said {
	int step, error; /* error 0: all went well */
};

static _Noreturn void say(int sock, int step, int error)
{
	struct said said = { step, error };

	(void)!write(sock, &said, sizeof(said));
	_exit(0);
}

/* In the namespaces. */
static _Noreturn void try_inside(int sock)
{
	char byte;

	if (read(sock, &byte, 1) != 1)
		_exit(1);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/", "tmpfs", MS_RDONLY, "size=4k") < 0)
		say(sock, PROBE_MOUNT, errno);
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		say(sock, PROBE_PROC, errno);
	say(sock, PROBE_NONE, 0);
}

static int write_map(pid_t pid, const char *file, const char *text)
{
	char path[40];
	auto_fd fd = -1;
	ssize_t len = (ssize_t)strlen(text);

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	fd = openat(AT_FDCWD, path, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, text, (size_t)len) == len ? 0 : -1;
}

static int map(pid_t pid, uint32_t uid, uint32_t gid)
{
	char uids[24], gids[24];

	snprintf(uids, sizeof(uids), "0 %u 1", uid);
	snprintf(gids, sizeof(gids), "0 %u 1", gid);
	return write_map(pid, "setgroups", "deny") < 0 || write_map(pid, "gid_map", gids) < 0 ||
			       write_map(pid, "uid_map", uids) < 0
		       ? -1
		       : 0;
}

/* A filter such as docker's answers clone3 with ENOSYS, and tells by clone what it means. */
static pid_t clone_all(void)
{
	struct clone_args args = { .flags = ALL, .exit_signal = SIGCHLD };
	pid_t pid = sys_clone3(&args);

	if (pid < 0 && errno == ENOSYS)
		pid = (pid_t)syscall(SYS_clone, ALL | SIGCHLD, NULL, NULL, NULL, NULL);
	return pid;
}

enum probe_refused probe_namespaces(uint32_t uid, uint32_t gid, int *error)
{
	auto_fd ours = -1, theirs = -1;
	struct said said = { PROBE_MAKE, 0 };
	int pair[2];
	pid_t pid;

	*error = 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return PROBE_NONE; /* nobody knows */
	ours = pair[0];
	theirs = pair[1];
	pid = clone_all();
	if (pid == 0)
		try_inside(theirs);
	if (pid < 0) {
		*error = errno;
		return PROBE_MAKE;
	}
	fd_release(&theirs);
	if (map(pid, uid, gid) < 0)
		said = (struct said){ PROBE_MAP, errno };
	else if (write(ours, "x", 1) != 1 || read(ours, &said, sizeof(said)) != sizeof(said))
		said = (struct said){ PROBE_NONE, 0 };
	fd_release(&ours);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	*error = said.error;
	return (enum probe_refused)said.step;
}
