/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dialogue between parent and child. */
#include "init/sync.h"
#include "base/own.h"
#include "lc_test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static struct lc_error e;
static char heard[8192];

static void keep(void *ctx, enum lc_level level, const char *text)
{
	size_t n = strlen(heard);

	(void)ctx;
	snprintf(heard + n, sizeof(heard) - n, "%d:%s;", level, text);
}

static const struct lc_log log_here = { keep, NULL, LC_LOG_DEBUG };

static void pair(int sock[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock) < 0)
		FAIL("socketpair");
}

TEST(messages_arrive_with_value_and_descriptor)
{
	int sock[2], fd = -1;
	int64_t value = 0;
	struct stat sent, got;

	pair(sock);
	CHECK_OK(sync_send(sock[0], SYNC_PID, STDIN_FILENO, 4711, &e), &e);
	CHECK_OK(sync_expect(sock[1], SYNC_PID, NULL, &fd, &value, &e), &e);
	CHECK_INT(value, 4711);
	CHECK_INT(fstat(STDIN_FILENO, &sent), 0);
	CHECK_INT(fstat(fd, &got), 0);
	CHECK_INT(got.st_ino, sent.st_ino);
	CHECK_INT(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

TEST(a_descriptor_nobody_wants_is_closed)
{
	int sock[2], next;

	pair(sock);
	CHECK_OK(sync_send(sock[0], SYNC_PID, STDIN_FILENO, 0, &e), &e);
	next = fcntl(0, F_DUPFD_CLOEXEC, 3);
	close(next);
	CHECK_OK(sync_expect(sock[1], SYNC_PID, NULL, NULL, NULL, &e), &e);
	CHECK_INT(fcntl(0, F_DUPFD_CLOEXEC, 3), next);
}

TEST(log_lines_come_in_between)
{
	int sock[2];

	pair(sock);
	sync_log(&sock[0], LC_LOG_WARNING, "careful");
	sync_log(&sock[0], LC_LOG_DEBUG, "");
	CHECK_OK(sync_send(sock[0], SYNC_READY, -1, 0, &e), &e);
	CHECK_OK(sync_expect(sock[1], SYNC_READY, &log_here, NULL, NULL, &e), &e);
	CHECK_STR(heard, "1:careful;2:;");
}

TEST(an_error_arrives_as_it_was)
{
	struct lc_error sent;
	int sock[2];

	pair(sock);
	lc_err(&sent, LC_ENOENT, "exec: \"x\": not there");
	sent.sys_errno = ENOENT;
	sync_send_error(sock[0], &sent);
	CHECK_INT(sync_expect(sock[1], SYNC_READY, NULL, NULL, NULL, &e), -1);
	CHECK_STR(e.msg, sent.msg);
	CHECK_INT(e.code, LC_ENOENT);
	CHECK_INT(e.sys_errno, ENOENT);
}

TEST(end_of_file_says_what_was_awaited)
{
	int sock[2];

	pair(sock);
	close(sock[0]);
	CHECK_INT(sync_expect(sock[1], SYNC_READY, NULL, NULL, NULL, &e), -1);
	CHECK_STR(e.msg, "the container's init died before it said \"all set up, waiting for "
			 "start\"");
}

TEST(the_parent_survives_a_dead_child)
{
	int sock[2];

	pair(sock);
	close(sock[1]);
	CHECK_INT(sync_send(sock[0], SYNC_START, -1, 0, &e), -1);
	CHECK_INT(e.sys_errno, EPIPE);
}

TEST(the_first_of_several_counts)
{
	static const enum sync_what either[] = { SYNC_HOOKS, SYNC_READY };
	int sock[2];

	pair(sock);
	CHECK_OK(sync_send(sock[0], SYNC_READY, -1, 0, &e), &e);
	CHECK_INT(sync_expect_one_of(sock[1], either, 2, NULL, NULL, NULL, &e), 1);
}

TEST(the_wrong_message_is_an_error)
{
	int sock[2];

	pair(sock);
	CHECK_OK(sync_send(sock[0], SYNC_READY, -1, 0, &e), &e);
	CHECK_INT(sync_expect(sock[1], SYNC_HOOKS, NULL, NULL, NULL, &e), -1);
	CHECK_CONTAINS(e.msg, "got \"all set up");
}

TEST(nonsense_is_an_error)
{
	static const struct {
		uint32_t what, len;
		int64_t value;
		char more[8];
		size_t size;
	} cases[] = {
		{ 99, 0, 0, "", 16 }, /* unknown */
		{ SYNC_READY, 5, 0, "", 16 }, /* shorter than it says */
		{ SYNC_LOG, 3, 0, "abcdef", 22 }, /* longer than it says */
		{ SYNC_FAILED, 8, 0, "abc", 24 }, /* half an error */
		{ SYNC_READY, 0, 0, "", 7 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int sock[2];

		pair(sock);
		CHECK_INT(write(sock[0], &cases[i], cases[i].size), cases[i].size);
		CHECK_INT(sync_expect(sock[1], SYNC_READY, NULL, NULL, NULL, &e), -1);
		CHECK_CONTAINS(e.msg, "makes no sense");
		close(sock[0]);
		close(sock[1]);
	}
}

/* A child that says things and then ends in one way or another. */
static int after(int fd, void (*say)(int fd), int how)
{
	pid_t pid = fork();
	siginfo_t info;

	if (pid == 0) {
		say(fd);
		if (how == SIGKILL)
			kill(getpid(), SIGKILL);
		_exit(how);
	}
	close(fd);
	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static void say_exec(int fd)
{
	CHECK_OK(sync_send(fd, SYNC_EXEC, -1, 0, &e), &e);
}

static void say_nothing(int fd)
{
	(void)fd;
}

static void say_exec_failed(int fd)
{
	struct lc_error sent;

	sync_log(&fd, LC_LOG_WARNING, "one");
	CHECK_OK(sync_send(fd, SYNC_EXEC, -1, 0, &e), &e);
	lc_err(&sent, LC_ENOEXEC, "exec /x: exec format error");
	sync_send_error(fd, &sent);
}

static void check_exec(void (*say)(int fd), int how, int want, const char *message)
{
	int ends[2];

	for (int kind = 0; kind < 2; kind++) { /* the socket, and the fifo */
		if (kind)
			CHECK_INT(pipe(ends), 0);
		else
			pair(ends);
		int pidfd = after(ends[1], say, how);

		memset(&e, 0, sizeof(e));
		CHECK_INT(sync_expect_exec(ends[0], pidfd, &log_here, &e), want);
		if (message)
			CHECK_STR(e.msg, message);
		close(pidfd);
		close(ends[0]);
	}
}

TEST(end_of_file_after_exec_is_success)
{
	check_exec(say_exec, 0, 0, NULL);
	check_exec(say_exec, 3, 0, NULL);
}

TEST(end_of_file_without_exec_is_none)
{
	static const char text[] = "the container's init was killed before the program began";

	check_exec(say_nothing, 0, -1, text);
	check_exec(say_exec, SIGKILL, -1, text);
}

TEST(a_failed_execve_is_told)
{
	check_exec(say_exec_failed, 126, -1, "exec /x: exec format error");
	CHECK_STR(heard, "1:one;1:one;");
}

TEST(a_fifo_may_give_bytes_one_by_one)
{
	struct lc_error sent;
	char bytes[8192];
	int in[2], out[2];
	ssize_t n;
	pid_t pid;

	CHECK_INT(pipe(in), 0);
	CHECK_INT(pipe(out), 0);
	sync_log(&in[1], LC_LOG_WARNING, "slow");
	say_exec(in[1]);
	lc_err(&sent, LC_ESYSTEM, "no");
	sync_send_error(in[1], &sent);
	n = read(in[0], bytes, sizeof(bytes));
	pid = fork();
	if (pid == 0) {
		for (ssize_t i = 0; i < n; i++)
			(void)!write(out[1], bytes + i, 1);
		_exit(0);
	}
	close(out[1]);
	CHECK_INT(sync_expect_exec(out[0], -1, &log_here, &e), -1);
	CHECK_STR(e.msg, "no");
	CHECK_STR(heard, "1:slow;");
}
