/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs the registered tests, each in a process group of its own, and prints TAP. */
#include "lc_test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* AddressSanitizer asks for its options here: as in libc, malloc() may answer "too much". */
const char *__asan_default_options(void);
__attribute__((visibility("default"))) const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

extern const struct test __start_lc_tests[], __stop_lc_tests[];

enum { STATUS_SKIP = 77, STATUS_FAIL = 1 };

static char dir[PATH_MAX]; /* made by the test; removed by the runner, which knows it by name */
static char skip_reason[256];
static int reason_fd = -1;
static pid_t test_pid;

/* Removes what is below @name, and @name; symbolic links and mounts are not followed. */
static void remove_tree(int at, const char *name, dev_t dev)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct dirent *entry;
	struct stat st;
	DIR *d;

	if (fd < 0) {
		unlinkat(at, name, 0);
		return;
	}
	d = fdopendir(fd);
	if (!d || fstat(fd, &st) < 0 || (dev && st.st_dev != dev)) {
		if (d)
			closedir(d);
		return;
	}
	while ((entry = readdir(d)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			remove_tree(dirfd(d), entry->d_name, st.st_dev);
	closedir(d);
	unlinkat(at, name, AT_REMOVEDIR);
}

const char *test_dir(void)
{
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		FAIL("mkdir %s: %s", dir, lc_errno_text(errno));
	return dir;
}

const char *test_errno_text(int err)
{
	static char text[64];

	snprintf(text, sizeof(text), "%s", lc_errno_text(err));
	return text;
}

/* Ends this process; in a child of the test with the status its parent will look at. */
static _Noreturn void leave(int status)
{
	fflush(stdout);
	_exit(status);
}

/* Prints a text as TAP comment lines. */
static void comment(const char *text)
{
	fputs("# ", stdout);
	for (; *text; text++) {
		putchar(*text);
		if (*text == '\n' && text[1])
			fputs("# ", stdout);
	}
	putchar('\n');
}

void test_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(skip_reason, sizeof(skip_reason), fmt, ap);
	va_end(ap);
	if (write(reason_fd, skip_reason, strlen(skip_reason)) < 0)
		leave(STATUS_FAIL);
	leave(STATUS_SKIP);
}

void test_fail(const char *file, int line, const char *fmt, ...)
{
	char text[8192];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	printf("# %s:%d:\n", file, line);
	comment(text);
	leave(STATUS_FAIL);
}

void test_check_str(const char *file, int line, const char *expr, const char *got, const char *want)
{
	if (got == want || (got && want && !strcmp(got, want)))
		return;
	test_fail(file, line, "%s\n got  \"%s\"\n want \"%s\"", expr, got ? got : "(null)",
		  want ? want : "(null)");
}

void test_check_int(const char *file, int line, const char *expr, long long got, long long want)
{
	if (got != want)
		test_fail(file, line, "%s\n got  %lld\n want %lld", expr, got, want);
}

void test_check_contains(const char *file, int line, const char *expr, const char *got,
			 const char *part)
{
	if (!got || !strstr(got, part))
		test_fail(file, line, "%s\n got  \"%s\"\n want \"...%s...\"", expr,
			  got ? got : "(null)", part);
}

static int status_of(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 255;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int test_child(int (*run)(void *arg), void *arg)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		FAIL("fork: %s", lc_errno_text(errno));
	if (pid == 0) {
		alarm(60); /* not inherited */
		leave(run(arg));
	}
	return status_of(pid);
}

/* Runs one test; the answer is its exit status, and skip_reason when it says so. */
static int run_test(const struct test *t)
{
	const char *tmp = getenv("TMPDIR");
	int pipefd[2], status;
	ssize_t n;

	snprintf(dir, sizeof(dir), "%s/hull-test-%d-%s", tmp ? tmp : "/tmp", getpid(), t->name);
	if (pipe2(pipefd, O_CLOEXEC | O_NONBLOCK) < 0)
		return 255;
	fflush(stdout);
	test_pid = fork();
	if (test_pid < 0)
		return 255;
	if (test_pid == 0) {
		setpgid(0, 0);
		reason_fd = pipefd[1];
		alarm(t->seconds);
		t->run();
		leave(0);
	}
	status = status_of(test_pid);
	kill(-test_pid, SIGKILL); /* what the test has left behind */
	n = read(pipefd[0], skip_reason, sizeof(skip_reason) - 1);
	skip_reason[n > 0 ? n : 0] = 0;
	close(pipefd[0]);
	close(pipefd[1]);
	remove_tree(AT_FDCWD, dir, 0);
	return status;
}

static int wanted(const struct test *t, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], t->name))
			return 1;
	return argc == 1;
}

static int report(int n, const struct test *t, int status)
{
	if (status == 0)
		printf("ok %d - %s\n", n, t->name);
	else if (status == STATUS_SKIP)
		printf("ok %d - %s # SKIP %s\n", n, t->name, skip_reason);
	else if (status == 128 + SIGALRM)
		printf("not ok %d - %s # no end within %u s\n", n, t->name, t->seconds);
	else if (status > 128)
		printf("not ok %d - %s # signal %d\n", n, t->name, status - 128);
	else
		printf("not ok %d - %s\n", n, t->name);
	return status != 0 && status != STATUS_SKIP;
}

int main(int argc, char **argv)
{
	int n = 0, failed = 0;

	for (const struct test *t = __start_lc_tests; t < __stop_lc_tests; t++)
		n += wanted(t, argc, argv);
	printf("1..%d\n", n);
	n = 0;
	for (const struct test *t = __start_lc_tests; t < __stop_lc_tests; t++)
		if (wanted(t, argc, argv))
			failed += report(++n, t, run_test(t));
	return failed || !n;
}
