/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run/: ids, states, locks, processes, maps, the protected binary. */
#include "base/own.h"
#include "lc_test.h"
#include "run/clone-on.h"
#include "run/id.h"
#include "run/lock.h"
#include "run/namespaces.h"
#include "run/process.h"
#include "run/self-exe.h"
#include "run/state.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

TEST(ids_are_names_of_directories)
{
	static const char *const good[] = { "a", "A9", "_", "+x", "-", "x.y", "x..", "a_+.-b" };
	static const char *const bad[] = { "",	  ".",	".x",	"..",	 "a/b",	 "a b",
					   "a\n", "a*", "\xc3", "a%00b", "../x", "a:b" };
	char longest[NAME_MAX + 2];
	struct lc_error e;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		CHECK_OK(id_check(good[i], &e), &e);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CHECK_INT(id_check(bad[i], &e), -1);
		CHECK_CONTAINS(e.msg, "id");
	}
	CHECK_INT(id_check(NULL, &e), -1);
	memset(longest, 'x', sizeof(longest));
	longest[NAME_MAX] = 0;
	CHECK_OK(id_check(longest, &e), &e);
	longest[NAME_MAX] = 'x';
	longest[NAME_MAX + 1] = 0;
	CHECK_INT(id_check(longest, &e), -1);
}

static char text_a[] = "a", text_b[] = "b \"quoted\"\n";

static struct state example(void)
{
	static struct pair annotations[] = { { text_a, text_b } };

	return (struct state){
		.version = STATE_VERSION,
		.id = text_a,
		.oci_version = text_a,
		.phase = PHASE_CREATED,
		.bundle = text_b,
		.rootfs = text_b,
		.created = text_a,
		.owner = 4294967295U,
		.boot_id = text_a,
		.init = { 7, UINT64_MAX },
		.cgroup = { CGROUP_SYSTEMD, text_a, text_b, text_b, text_a, true, true },
		.annotations = { annotations, 1 },
		.own_pid_namespace = true,
		.init_shares = true,
		.poststop = true,
	};
}

TEST(a_state_comes_back_as_it_was_written)
{
	auto_arena a = { 0 };
	struct state in = example(), out;
	struct lc_error e;
	size_t len;
	char *text = state_encode(&a, &in, &len);

	CHECK_OK(state_decode(&a, text, len, &out, &e), &e);
	CHECK_STR(out.bundle, text_b);
	CHECK_INT(out.phase, PHASE_CREATED);
	CHECK_INT(out.owner, 4294967295U);
	CHECK_INT(out.init.pid, 7);
	CHECK(out.init.start == UINT64_MAX);
	CHECK_INT(out.cgroup.driver, CGROUP_SYSTEMD);
	CHECK_STR(out.cgroup.path, text_b);
	CHECK(out.cgroup.made);
	CHECK(out.cgroup.user);
	CHECK_INT(out.annotations.n, 1);
	CHECK_STR(out.annotations.v[0].value, text_b);
	CHECK(out.own_pid_namespace && out.init_shares && out.poststop && !out.poststart);
	CHECK_STR(state_encode(&a, &out, &len), text);
}

/* What version 1 has written must be read for ever; members may be added, never renamed. */
TEST(the_first_version_of_a_state_is_understood)
{
	static const char golden[] =
		"{\"version\":1,\"id\":\"web\",\"oci_version\":\"1.3.0\",\"phase\":\"created\","
		"\"vm\":false,\"bundle\":\"/b\",\"rootfs\":\"/b/rootfs\","
		"\"created\":\"2026-11-23T08:00:00.123456789Z\",\"owner\":0,\"boot_id\":\"x-y\","
		"\"creator\":{\"pid\":10,\"start\":20},\"init\":{\"pid\":11,\"start\":21},"
		"\"cgroup\":{\"driver\":\"cgroupfs\",\"mount\":\"/sys/fs/cgroup\","
		"\"path\":\"/hull/web\",\"made\":true},\"annotations\":{\"k\":\"v\"},"
		"\"own_pid_namespace\":true,\"own_mount_namespace\":true,\"rootless\":false,"
		"\"no_pivot\":false,\"no_new_keyring\":false,\"poststart\":false,"
		"\"poststop\":true,\"of_a_later_version\":[1,{}]}";
	auto_arena a = { 0 };
	struct state s;
	struct lc_error e;

	CHECK_OK(state_decode(&a, golden, sizeof(golden) - 1, &s, &e), &e);
	CHECK_STR(s.id, "web");
	CHECK_INT(s.init.pid, 11);
	CHECK_INT(s.init.start, 21);
	CHECK_STR(s.cgroup.path, "/hull/web");
	CHECK(s.own_mount_namespace && s.poststop);
}

TEST(a_state_of_a_later_version_or_without_one_is_refused)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{ "{\"version\":2,\"phase\":\"dreaming\"}", "later hull" },
		{ "{\"version\":\"1\"}", "damaged" },
		{ "{\"id\":\"x\"}", "damaged" },
		{ "[1]", "damaged" },
		{ "{\"version\":1}", "state.json" },
		{ "{\"version\":1", "state.json" },
		{ "", "state.json" },
	};
	auto_arena a = { 0 };
	struct lc_error e;
	struct state s;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CHECK_INT(state_decode(&a, cases[i].text, strlen(cases[i].text), &s, &e), -1);
		CHECK_CONTAINS(e.msg, cases[i].wanted);
	}
}

TEST(a_state_is_replaced_as_a_whole)
{
	auto_arena a = { 0 };
	auto_fd dir = openat(AT_FDCWD, test_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct state in = example(), out;
	struct lc_error e;
	struct stat before, after;

	CHECK_INT(state_read(dir, &a, &out, &e), -1);
	CHECK_INT(e.sys_errno, ENOENT);
	CHECK_OK(state_write(dir, &a, &in, &e), &e);
	CHECK(fstatat(dir, STATE_FILE, &before, 0) == 0);
	CHECK_INT(before.st_mode & 0777, 0600);
	in.phase = PHASE_CREATING;
	CHECK_OK(state_write(dir, &a, &in, &e), &e);
	CHECK(fstatat(dir, STATE_FILE, &after, 0) == 0);
	CHECK(before.st_ino != after.st_ino);
	CHECK_OK(state_read(dir, &a, &out, &e), &e);
	CHECK_INT(out.phase, PHASE_CREATING);
}

/* The lock belongs to the open directory: another process has to open it anew. */
static int try_lock(void *path)
{
	auto_fd dir = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return lock_take(dir, 50) ? 0 : 1;
}

TEST(a_lock_is_held_once_and_goes_with_its_holder)
{
	char *path = strdup(test_dir());
	auto_fd dir = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK_INT(test_child(try_lock, path), 0);
	CHECK(lock_take(dir, 0));
	CHECK_INT(test_child(try_lock, path), 1);
	lock_drop(dir);
	CHECK_INT(test_child(try_lock, path), 0);
	CHECK(lock_take(dir, 0));
	fd_release(&dir);
	CHECK_INT(test_child(try_lock, path), 0);
	free(path);
}

TEST(the_name_of_a_process_may_hold_anything)
{
	static const char rest[] = " 31 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 777 1 2 3";
	static const char *const names[] = { "sh", "a b", "a) Z 1 (b", ")", "((" };
	char stat[256], state;
	uint64_t start;
	pid_t parent;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(stat, sizeof(stat), "42 (%s) S%s", names[i], rest);
		CHECK(process_parse_stat(stat, &state, &parent, &start));
		CHECK_INT(state, 'S');
		CHECK_INT(parent, 31);
		CHECK_INT(start, 777);
	}
	CHECK(!process_parse_stat("42 (sh", &state, &parent, &start));
	CHECK(!process_parse_stat("42 (sh) S 1 2", &state, &parent, &start));
	CHECK(!process_parse_stat("", &state, &parent, &start));
}

TEST(a_process_is_known_by_its_start_time)
{
	struct process_id id, other;
	auto_fd pidfd = -1;
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	CHECK(process_identify(pid, &id));
	CHECK(process_alive(&id));
	other = id;
	other.start++;
	CHECK(!process_alive(&other));
	CHECK_ERRNO(process_open(&other), ESRCH);
	pidfd = process_open(&id);
	CHECK(pidfd >= 0);
	CHECK(!process_wait_gone(pidfd, 0));
	kill(pid, SIGKILL);
	CHECK(process_wait_gone(pidfd, 5000));
	/* Not waited for: a zombie is gone. */
	CHECK(!process_alive(&id));
	CHECK_ERRNO(process_open(&id), ESRCH);
	waitpid(pid, NULL, 0);
	CHECK(!process_alive(&id));
	CHECK_ERRNO(process_open(&(struct process_id){ 0 }), ESRCH);
}

TEST(exit_statuses_are_a_shells)
{
	static const struct {
		int code, sig, wanted;
	} cases[] = { { 0, 0, 0 }, { 7, 0, 7 }, { 255, 0, 255 }, { 0, SIGKILL, 137 } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct process_id id;
		struct lc_error e;
		auto_fd pidfd = -1;
		int status, gate[2];
		pid_t pid;
		char c;

		CHECK(pipe2(gate, O_CLOEXEC) == 0);
		pid = fork();
		if (pid == 0) {
			close(gate[1]);
			(void)!read(gate[0], &c, 1);
			if (cases[i].sig)
				raise(cases[i].sig);
			_exit(cases[i].code);
		}
		CHECK(process_identify(pid, &id));
		pidfd = process_open(&id);
		close(gate[1]);
		close(gate[0]);
		CHECK_OK(process_wait(pidfd, &status, &e), &e);
		CHECK_INT(status, cases[i].wanted);
	}
}

TEST(maps_are_read_as_they_are_written)
{
	auto_arena a = { 0 };
	struct plan_id_map v[] = { { 0, 1000, 1 }, { 1, 100000, 65536 }, { 65537, 0, 4294967295 } };
	plan_id_maps in = { v, ARRAY_SIZE(v) }, out;
	char kernel[] = "         0       1000          1\n         1     100000      65536\n";
	char bad[] = "0 x 1\n";

	CHECK_STR(ns_map_text(&a, &in), "0 1000 1\n1 100000 65536\n65537 0 4294967295\n");
	CHECK(ns_map_parse(&a, kernel, &out));
	CHECK_INT(out.n, 2);
	CHECK_INT(out.v[1].inside, 1);
	CHECK_INT(out.v[1].outside, 100000);
	CHECK_INT(out.v[1].count, 65536);
	CHECK(!ns_map_parse(&a, bad, &out));
}

/* Executed again with this argument the program only says whether it is protected. */
__attribute__((constructor)) static void protected_child(int argc, char **argv)
{
	struct lc_error e;

	if (argc != 2 || strcmp(argv[1], "--protect"))
		return;
	if (self_exe_protect(argv, &e) < 0)
		_exit(1);
	_exit(self_exe_protected() ? 0 : 2);
}

static int execute_self(void *environment)
{
	char *const argv[] = { text_a, (char[]){ "--protect" }, NULL };

	execve("/proc/self/exe", argv, environment);
	return 3;
}

TEST(an_ordinary_program_is_not_protected)
{
	CHECK(!self_exe_protected());
}

TEST(a_program_executes_itself_until_it_is_protected)
{
	char *env[] = { NULL };

	CHECK_INT(test_child(execute_self, env), 0);
}

/* Whoever sets the marker gets an error, not a program that believes it is protected. */
TEST(the_environment_cannot_pretend_protection)
{
	char marker[] = "_HULL_EXECUTED_AGAIN=1";
	char *env[] = { marker, NULL };

	CHECK_INT(test_child(execute_self, env), 1);
}

static int execute_self_as_user(void *environment)
{
	if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
		return 4;
	return execute_self(environment);
}

TEST(an_ordinary_user_gets_a_sealed_copy)
{
	char *env[] = { NULL };

	if (geteuid() != 0)
		SKIP("needs root to become somebody else");
	CHECK_INT(test_child(execute_self_as_user, env), 0);
}

/* What a child finds and leaves that shares memory, on a stack of its own. */
static struct {
	_Alignas(16) char stack[64 << 10];
	const char *here;
	int given, errno_seen;
	pid_t parent;
} sharing;

static void share(void *arg)
{
	char local = 0;

	sharing.here = &local;
	sharing.given = *(int *)arg;
	sharing.parent = getppid();
	sharing.errno_seen = errno;
	_exit(3);
}

TEST(a_child_on_its_own_stack_shares_memory)
{
	struct clone_args args = {
		.flags = CLONE_VM | CLONE_VFORK,
		.exit_signal = SIGCHLD,
		.stack = (uintptr_t)sharing.stack,
		.stack_size = sizeof(sharing.stack),
	};
	int given = 42, status;
	pid_t pid;

	if (!clone_on_works)
		SKIP("not on this machine, or not in this build");
	errno = EDOM;
	pid = clone_on(&args, share, &given);
	CHECK(pid > 0);
	CHECK_INT(sharing.given, 42);
	CHECK_INT(sharing.errno_seen, EDOM);
	CHECK_INT(sharing.parent, getpid());
	CHECK(sharing.here > sharing.stack && sharing.here < sharing.stack + sizeof(sharing.stack));
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	args.flags = CLONE_THREAD; /* not without CLONE_SIGHAND */
	CHECK_INT(clone_on(&args, share, &given), -1);
	CHECK_INT(errno, EINVAL);
}
