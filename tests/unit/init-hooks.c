/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hooks: arguments, environment, state, failures. */
#include "init/hooks.h"
#include "lc_test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct lc_error e;
static const struct hook_state state = {
	.head = "{\"status\":\"creating\",\"pid\":", .tail = ",\"x\":1}", .pid = 42
};
static char *const default_env[] = { (char *)"WHO=default", NULL };

static char *list[8];

static struct plan_hook hook(const char *script)
{
	static const char *args[] = { "myhook", "-c", NULL, "arg0", "it's", NULL };

	memcpy(list, args, sizeof(args));
	list[2] = (char *)(uintptr_t)script;
	return (struct plan_hook){ .path = (char *)"/bin/sh", .args = { list, 5 } };
}

static const char *result(void)
{
	static char text[4096];
	char path[4096];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/out", test_dir());
	fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = 0;
	if (fd >= 0)
		close(fd);
	return text;
}

/* Runs @script in the test's directory; its output is in the file "out" there. */
static int run(const char *script)
{
	struct plan_hook h = hook(script);

	if (chdir(test_dir()) < 0)
		FAIL("chdir");
	return hook_run(&h, &state, default_env, &e);
}

TEST(the_state_comes_on_stdin)
{
	CHECK_OK(run("cat >out"), &e);
	CHECK_STR(result(), "{\"status\":\"creating\",\"pid\":42,\"x\":1}");
}

TEST(stdin_can_be_opened_again)
{
	CHECK_OK(run("cat /dev/stdin >out"), &e);
	CHECK_STR(result(), "{\"status\":\"creating\",\"pid\":42,\"x\":1}");
}

TEST(a_state_may_be_long)
{
	char *tail = malloc(300001);
	struct hook_state big = { .head = "{\"pid\":", .tail = tail };
	struct plan_hook h = hook("wc -c >out");

	memset(tail, 'x', 300000);
	tail[300000] = 0;
	CHECK_INT(chdir(test_dir()), 0);
	CHECK_OK(hook_run(&h, &big, default_env, &e), &e);
	CHECK_STR(result(), "300007\n");
}

TEST(a_hook_need_not_read_its_state)
{
	CHECK_OK(run("true"), &e);
}

TEST(arguments_are_exact)
{
	CHECK_OK(run("tr '\\0' '|' </proc/$$/cmdline >out; echo \"$0 $1\" >>out"), &e);
	CHECK_CONTAINS(result(), "myhook|-c|");
	CHECK_CONTAINS(result(), "arg0 it's");
}

TEST(the_environment_is_the_hooks_own)
{
	char *own[] = { (char *)"A=1", (char *)"B=2 3", NULL };
	struct plan_hook h = hook("tr '\\0' '\\n' </proc/$$/environ >out");

	h.env.v = own;
	h.env.n = 2;
	CHECK_INT(chdir(test_dir()), 0);
	CHECK_OK(hook_run(&h, &state, default_env, &e), &e);
	CHECK_STR(result(), "A=1\nB=2 3\n");
}

TEST(an_empty_environment_is_empty)
{
	char *own[] = { NULL };
	struct plan_hook h = hook("tr '\\0' '\\n' </proc/$$/environ >out");

	h.env.v = own;
	CHECK_INT(chdir(test_dir()), 0);
	CHECK_OK(hook_run(&h, &state, default_env, &e), &e);
	CHECK_STR(result(), "");
}

TEST(without_one_it_has_the_default)
{
	CHECK_OK(run("tr '\\0' '\\n' </proc/$$/environ >out"), &e);
	CHECK_STR(result(), "WHO=default\n");
}

TEST(only_the_standard_streams_are_open)
{
	CHECK_OK(run("ls /proc/self/fd | tr '\\n' ' ' >out"), &e);
	CHECK_STR(result(), "0 1 2 3 "); /* 3: ls reads the directory */
}

TEST(failures_say_what_happened)
{
	static const struct {
		const char *script, *want;
	} cases[] = {
		{ "exit 3", "/bin/sh: exit status 3" },
		{ "echo one; echo; echo ' two' >&2; exit 1", "/bin/sh: exit status 1: one   two" },
		{ "kill -SYS $$", "/bin/sh: signal: bad system call" },
		{ "kill -KILL $$", "/bin/sh: signal: killed" },
		{ "kill -34 $$", "/bin/sh: signal 34" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CHECK_INT(run(cases[i].script), -1);
		CHECK_STR(e.msg, cases[i].want);
	}
}

TEST(long_output_keeps_its_end)
{
	CHECK_INT(run("i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; exit 1"), -1);
	CHECK_CONTAINS(e.msg, "line 2999");
	CHECK(strlen(e.msg) < 600);
}

TEST(a_hook_that_is_not_there)
{
	struct plan_hook h = { .path = (char *)"/nonexistent/hook" };

	CHECK_INT(hook_run(&h, &state, default_env, &e), -1);
	CHECK_STR(e.msg, "/nonexistent/hook: exit status 127: exec /nonexistent/hook: no such file "
			 "or directory");
}

TEST(the_stage_and_the_number_are_named)
{
	struct plan_hook two[] = { hook("exit 0"), hook("exit 0") };
	char *no[] = { (char *)"no", NULL };
	plan_hooks hooks = { two, 2 };

	two[1] = (struct plan_hook){ .path = (char *)"/bin/false", .args = { no, 1 } };
	CHECK_INT(hooks_run(&hooks, "poststart", &state, default_env, &e), -1);
	CHECK_STR(e.msg, "error running poststart hook #1: /bin/false: exit status 1");
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

TEST(a_timeout_kills)
{
	struct plan_hook h = hook("sleep 30");
	double start = now();

	h.timeout = 1;
	CHECK_INT(hook_run(&h, &state, default_env, &e), -1);
	CHECK_CONTAINS(e.msg, "longer than its timeout of 1 s");
	CHECK(now() - start < 10);
}

TEST(a_daemon_left_behind_is_not_waited_for)
{
	double start = now();

	CHECK_OK(run("sleep 20 & exit 0"), &e);
	CHECK(now() - start < 10);
}

TEST(signals_are_as_usual)
{
	sigset_t set;

	/* What the caller ignores, as nohup does, a hook ignores as well. */
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	CHECK_OK(run("grep -E 'SigBlk|SigIgn' /proc/self/status | cut -f2 | tr '\\n' ' ' >out"),
		 &e);
	CHECK_STR(result(), "0000000000000000 0000000000000000 ");
}
