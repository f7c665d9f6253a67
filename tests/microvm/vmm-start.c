/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starts hull-vmm as hull would, for tests:
 *	vmm-start VMM [--kernel-fd=@FILE...]
 * In each option "@FILE" stands for a descriptor of that file, opened for reading; "@+FILE" for one
 * that is made and written; "@port" for one end of a socket pair whose other end is copied from
 * standard input and to standard output until the monitor ends.  Its status is the monitor's.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int port = -1, port_child = -1;

static void die(const char *what)
{
	fprintf(stderr, "vmm-start: %s: %m\n", what);
	exit(125);
}

static int make_port(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		die("socketpair");
	fcntl(pair[0], F_SETFD, FD_CLOEXEC);
	port = pair[0];
	port_child = pair[1];
	return port_child;
}

static int open_for(const char *name)
{
	int fd;

	if (!strcmp(name, "port"))
		return make_port();
	if (*name == '+')
		fd = openat(AT_FDCWD, name + 1, O_RDWR | O_CREAT | O_TRUNC, 0600);
	else if (!strcmp(name, "/dev/kvm") || !strncmp(name, "/dev/net", 8))
		fd = openat(AT_FDCWD, name, O_RDWR);
	else
		fd = openat(AT_FDCWD, name, O_RDONLY);
	if (fd < 0)
		die(name);
	return fd;
}

/* "--x-fd=@FILE,more" becomes "--x-fd=N,more". */
static char *with_fd(char *arg)
{
	char *at = strchr(arg, '@'), *comma, *made;

	if (!at || at == arg || at[-1] != '=')
		return arg;
	*at++ = 0;
	comma = strchr(at, ',');
	if (comma)
		*comma++ = 0;
	if (asprintf(&made, "%s%d%s%s", arg, open_for(at), comma ? "," : "", comma ? comma : "") <
	    0)
		die("memory");
	return made;
}

static int copy(int from, int to)
{
	char data[4096];
	ssize_t n = read(from, data, sizeof(data));

	return n > 0 && write(to, data, (size_t)n) == n ? 0 : -1;
}

static void serve_port(void)
{
	struct pollfd p[2] = { { .fd = port, .events = POLLIN }, { .fd = 0, .events = POLLIN } };

	while (poll(p, 2, -1) > 0) {
		if (p[0].revents && copy(port, 1) < 0)
			return;
		if (p[1].revents && copy(0, port) < 0)
			p[1].fd = -1;
	}
}

int main(int argc, char **argv)
{
	int status;
	pid_t pid;

	if (argc < 2)
		return 125;
	for (int i = 2; i < argc; i++)
		argv[i] = with_fd(argv[i]);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		execv(argv[1], argv + 1);
		die(argv[1]);
	}
	if (port >= 0) {
		close(port_child);
		serve_port();
	}
	if (waitpid(pid, &status, 0) < 0)
		die("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
