/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cgroupfs driver against the kernel: a cgroup2 file system that is ours to write to, in a
 * mount namespace of its own where it has to be mounted first.
 */
#include "base/file.h"
#include "base/own.h"
#include "cgroups/cgroup.h"
#include "lc_test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#define MOUNT "/sys/fs/cgroup"

/* Everything a test needs; below hull-test-PID of the mount, or of where a user may make cgroups.
 */
struct world {
	struct arena a;
	struct plan_host host;
	struct plan_cgroup plan;
	struct cgroup_ref ref;
	const struct cgroup_ops *ops;
	char base[256], top[320]; /* base: "" or "/user.slice/..." */
	int fd;
	struct lc_error e;
};

static bool is_cgroup2(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* On a hybrid host /sys/fs/cgroup holds v1; in a namespace of ours cgroup2 covers it. */
static void mount_cgroup2(void)
{
	if (is_cgroup2(MOUNT))
		return;
	if (unshare(CLONE_NEWNS) < 0)
		SKIP("no cgroup2 at " MOUNT ", and no mount namespace to put one there: %s",
		     lc_errno_text(errno));
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", MOUNT, "cgroup2", 0, NULL) < 0)
		SKIP("cgroup2 cannot be mounted: %s", lc_errno_text(errno));
}

/* What a test that failed has left. The driver itself is trusted to do it. */
static void remove_top(struct world *w)
{
	struct cgroup_ref ref = {
		.driver = CGROUP_FS, .mount = w->host.cgroup2, .path = w->top, .made = true
	};

	if (w->ops->destroy(&ref, NULL, &w->e) < 0)
		fprintf(stderr, "# cleaning up: %s\n", w->e.msg);
}

/* The test goes on in a child; when that has ended, however it did, its cgroups are removed. */
static void continue_in_child(struct world *w)
{
	pid_t pid = fork();
	int status;

	CHECK(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		return;
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	remove_top(w);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

/* A user's cgroups go beside its own one, which holds processes. */
static void find_base(struct world *w)
{
	char *text, *line, *slash;

	if (faccessat(AT_FDCWD, MOUNT, W_OK, AT_EACCESS) == 0)
		return;
	CHECK_OK(file_read_at(AT_FDCWD, "/proc/self/cgroup", &w->a, 65536, &text, NULL, &w->e),
		 &w->e);
	line = strstr(text, "0::/");
	slash = line ? strrchr(line, '/') : NULL;
	if (slash)
		snprintf(w->base, sizeof(w->base), "%.*s", (int)(slash - line - 3), line + 3);
}

static void make_top(struct world *w)
{
	find_base(w);
	snprintf(w->top, sizeof(w->top), "%s/hull-test-%d", w->base, getpid());
	if (mkdirat(AT_FDCWD, arena_printf(&w->a, MOUNT "%s", w->top), 0755) < 0)
		SKIP(MOUNT "%s is not ours to write to: %s", w->base, lc_errno_text(errno));
}

/* The controllers that a cgroup of ours can have. */
static char *offered_controllers(struct world *w)
{
	char *text;

	CHECK_OK(file_read_at(AT_FDCWD, arena_printf(&w->a, MOUNT "%s/cgroup.controllers", w->base),
			      &w->a, 4096, &text, NULL, &w->e),
		 &w->e);
	text[strcspn(text, "\n")] = 0;
	return text;
}

static struct world *begin(const char *path)
{
	static struct world w;

	mount_cgroup2();
	make_top(&w);
	w.host.cgroup2 = arena_strdup(&w.a, MOUNT);
	w.host.initial_userns = true;
	w.plan.path = arena_printf(&w.a, "%s%s", w.top, path);
	w.plan.required = true;
	w.ops = cgroup_ops_of(CGROUP_FS);
	w.fd = -1;
	continue_in_child(&w);
	return &w;
}

static int create(struct world *w)
{
	return w->ops->create(&w->plan, &w->host, 0, &w->a, &w->ref, &w->fd, NULL, &w->e);
}

static bool exists(struct world *w, const char *path)
{
	struct stat st;

	return !stat(arena_printf(&w->a, MOUNT "%s%s", w->top, path), &st);
}

static void make(struct world *w, const char *path)
{
	CHECK_INT(mkdirat(AT_FDCWD, arena_printf(&w->a, MOUNT "%s%s", w->top, path), 0755), 0);
}

static char *read_in(struct world *w, const char *path)
{
	char *text;
	size_t len;

	CHECK_OK(file_read_at(AT_FDCWD, arena_printf(&w->a, MOUNT "%s%s", w->top, path), &w->a,
			      65536, &text, &len, &w->e),
		 &w->e);
	if (len && text[len - 1] == '\n')
		text[len - 1] = 0;
	return text;
}

static void write_in(struct world *w, const char *path, const char *text)
{
	CHECK_OK(file_write_at(AT_FDCWD, arena_printf(&w->a, MOUNT "%s%s", w->top, path), text,
			       &w->e),
		 &w->e);
}

/* A process that sleeps in a cgroup until it is killed. */
static pid_t sleeper(struct world *w, const char *path)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	write_in(w, arena_printf(&w->a, "%s/cgroup.procs", path), arena_printf(&w->a, "%d", pid));
	return pid;
}

static int signal_that_ended(pid_t pid)
{
	int status;

	CHECK_INT(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void destroy(struct world *w)
{
	CHECK_OK(w->ops->destroy(&w->ref, NULL, &w->e), &w->e);
}

/* A plan with a single write, which needs @controller or none. */
static void plan_file(struct world *w, const char *file, const char *value, const char *member,
		      const char *controller)
{
	w->plan.files.v = arena_array(&w->a, 1, sizeof(*w->plan.files.v));
	w->plan.files.n = 1;
	w->plan.files.v[0].file = arena_strdup(&w->a, file);
	w->plan.files.v[0].value = arena_strdup(&w->a, value);
	w->plan.files.v[0].member = arena_strdup(&w->a, member);
	if (!controller)
		return;
	w->plan.controllers.v = arena_array(&w->a, 2, sizeof(char *));
	w->plan.controllers.v[0] = arena_strdup(&w->a, controller);
	w->plan.controllers.n = 1;
}

TEST(makes_parents_and_removes_only_the_leaf)
{
	struct world *w = begin("/a/b/c");

	CHECK_OK(create(w), &w->e);
	CHECK(w->fd >= 0 && w->ref.made);
	CHECK(exists(w, "/a/b/c"));
	destroy(w);
	CHECK(!exists(w, "/a/b/c"));
	CHECK(exists(w, "/a/b"));
	destroy(w); /* absent is fine */
}

/* What is removed in the same command, by who made it, is waited for as long as that may take. */
TEST(a_new_one_keeps_the_callers_time)
{
	struct world *w = begin("/c");

	w->ref.timeout_ms = 1234;
	CHECK_OK(create(w), &w->e);
	CHECK_INT(w->ref.timeout_ms, 1234);
	destroy(w);
}

TEST(controllers_are_enabled_down_to_the_leaf)
{
	struct world *w = begin("/a/b");
	char *root = offered_controllers(w);

	if (!*root)
		SKIP("this cgroup2 hierarchy has no controllers");
	CHECK_OK(create(w), &w->e);
	CHECK_STR(read_in(w, "/a/b/cgroup.controllers"), root);
	destroy(w);
}

TEST(what_was_there_before_stays)
{
	struct world *w = begin("/given");
	pid_t pid;

	make(w, "/given");
	CHECK_OK(create(w), &w->e);
	CHECK(!w->ref.made);
	pid = sleeper(w, "/given");
	destroy(w);
	CHECK_INT(signal_that_ended(pid), SIGKILL);
	CHECK(exists(w, "/given"));
}

TEST(one_in_use_is_refused)
{
	struct world *w = begin("/used");
	pid_t pid;

	make(w, "/used");
	make(w, "/used/below");
	pid = sleeper(w, "/used/below");
	CHECK_INT(create(w), -1);
	CHECK_CONTAINS(w->e.msg, "container's cgroup is not empty");
	CHECK_INT(kill(pid, 0), 0);
	kill(pid, SIGKILL);
	CHECK_INT(signal_that_ended(pid), SIGKILL);
}

TEST(a_frozen_one_is_refused_also_when_it_is_frozen_from_above)
{
	struct world *w = begin("/cold/new");

	make(w, "/cold");
	write_in(w, "/cold/cgroup.freeze", "1");
	CHECK_INT(create(w), -1);
	CHECK_CONTAINS(w->e.msg, "container's cgroup unexpectedly frozen");
	CHECK(!exists(w, "/cold/new"));
	make(w, "/cold/new");
	CHECK_INT(create(w), -1);
	CHECK_CONTAINS(w->e.msg, "container's cgroup unexpectedly frozen");
	CHECK(exists(w, "/cold/new"));
}

TEST(a_failure_leaves_nothing_behind)
{
	struct world *w = begin("/x/y/z");

	plan_file(w, "cgroup.max.depth", "many", "linux.resources.unified.x", NULL);
	CHECK_INT(create(w), -1);
	CHECK_STR(w->e.msg, arena_printf(&w->a,
					 "linux.resources.unified.x: write \"many\" to " MOUNT
					 "%s/x/y/z/cgroup.max.depth: invalid argument",
					 w->top));
	CHECK(!exists(w, "/x"));
	make(w, "/x");
	CHECK_INT(create(w), -1);
	CHECK(exists(w, "/x") && !exists(w, "/x/y"));
}

TEST(a_file_that_the_kernel_lacks_is_an_error_unless_it_is_optional)
{
	struct world *w = begin("/c");

	plan_file(w, "cgroup.nothing", "1", "linux.resources.unified.x", NULL);
	CHECK_INT(create(w), -1);
	CHECK_CONTAINS(w->e.msg, "linux.resources.unified.x: this kernel has no cgroup.nothing in");
	w->plan.files.v[0].optional = true;
	CHECK_OK(create(w), &w->e);
	destroy(w);
}

TEST(a_missing_controller_is_named_with_its_member_and_the_reason)
{
	struct world *w = begin("/c");

	plan_file(w, "nonsense.max", "1", "linux.resources.unified.nonsense.max", "nonsense");
	CHECK_INT(create(w), -1);
	CHECK_STR(w->e.msg,
		  "linux.resources.unified.nonsense.max: the nonsense controller is not available "
		  "in " MOUNT " (this kernel has no such controller)");
	CHECK_INT(w->e.code, LC_EUNSUPPORTED);
	CHECK(!exists(w, "/c"));
}

/* Where memory is on a v1 hierarchy, as on a hybrid host. */
TEST(a_controller_on_a_v1_hierarchy_is_said_to_be_there)
{
	struct world *w = begin("/c");
	char *offered;

	CHECK_OK(file_read_at(AT_FDCWD, MOUNT "/cgroup.controllers", &w->a, 4096, &offered, NULL,
			      &w->e),
		 &w->e);
	if (strstr(offered_controllers(w), "memory"))
		SKIP("the memory controller is on cgroup2 here");
	plan_file(w, "memory.max", "1000", "linux.resources.memory.limit", "memory");
	CHECK_INT(create(w), -1);
	CHECK_STR(w->e.msg, "linux.resources.memory.limit: the memory controller is not available "
			    "in " MOUNT " (it is mounted as cgroup v1)");
}

/* As for a user to whom systemd delegates some controllers only. */
TEST(a_controller_that_is_not_delegated_is_named)
{
	struct world *w = begin("/c");

	if (!*w->base || strstr(offered_controllers(w), "hugetlb"))
		SKIP("everything is delegated here");
	plan_file(w, "hugetlb.2MB.max", "1000", "linux.resources.hugepageLimits[0]", "hugetlb");
	CHECK_INT(create(w), -1);
	CHECK_CONTAINS(w->e.msg, "linux.resources.hugepageLimits[0]: the hugetlb controller ");
	CHECK_CONTAINS(w->e.msg, "not delegated");
	printf("# %s\n", w->e.msg);
	CHECK(!exists(w, "/c"));
}

TEST(odd_paths_are_refused)
{
	static const char *const paths[] = { "/..", "/a/../b", "/./a", "/a//b", "/a/" };
	struct world *w = begin("");

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		w->plan.path = arena_strdup(&w->a, paths[i]);
		CHECK_INT(create(w), -1);
		CHECK_CONTAINS(w->e.msg, "has an empty, \".\" or \"..\" component");
	}
	w->plan.path = arena_strdup(&w->a, "/");
	CHECK_INT(create(w), -1);
	CHECK_CONTAINS(w->e.msg, "the root cgroup cannot be a container's");
}

TEST(names_that_begin_with_dots_are_fine)
{
	struct world *w = begin("/..a/.b/...");

	CHECK_OK(create(w), &w->e);
	CHECK(exists(w, "/..a/.b/..."));
	destroy(w);
}

TEST(destroy_kills_and_removes_what_is_nested_and_threaded)
{
	struct world *w = begin("/c");
	pid_t pids[3];

	CHECK_OK(create(w), &w->e);
	make(w, "/c/domain");
	make(w, "/c/domain/deep");
	make(w, "/c/threads");
	make(w, "/c/threads/t1");
	write_in(w, "/c/threads/t1/cgroup.type", "threaded");
	pids[0] = sleeper(w, "/c/domain/deep");
	pids[1] = sleeper(w, "/c/threads");
	write_in(w, "/c/threads/t1/cgroup.threads", arena_printf(&w->a, "%d", pids[1]));
	pids[2] = sleeper(w, "/c");
	destroy(w);
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		CHECK_INT(signal_that_ended(pids[i]), SIGKILL);
	CHECK(!exists(w, "/c"));
}

/* Deeper than a path can be long, and than there may be descriptors. */
TEST(destroy_copes_with_a_thousand_levels)
{
	struct world *w = begin("/c");
	auto_fd dir = -1;
	int levels = 0;

	CHECK_OK(create(w), &w->e);
	dir = openat(w->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (; levels < 1500; levels++) {
		int below;

		if (mkdirat(dir, "nested", 0755) < 0)
			break;
		below = openat(dir, "nested", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		CHECK(below >= 0);
		close(dir);
		dir = below;
	}
	CHECK(levels >= 500);
	destroy(w);
	CHECK(!exists(w, "/c"));
}

TEST(destroy_of_a_frozen_one_works)
{
	struct world *w = begin("/c");
	pid_t pid;

	CHECK_OK(create(w), &w->e);
	pid = sleeper(w, "/c");
	CHECK_OK(cgroup_freeze(w->fd, true, 0, &w->e), &w->e);
	destroy(w);
	CHECK_INT(signal_that_ended(pid), SIGKILL);
}

TEST(freezing_waits_until_it_is_so)
{
	struct world *w = begin("/c");
	bool frozen;
	pid_t pid;

	CHECK_OK(create(w), &w->e);
	pid = sleeper(w, "/c");
	CHECK_OK(cgroup_freeze(w->fd, true, 0, &w->e), &w->e);
	CHECK_OK(cgroup_is_frozen(w->fd, &frozen, &w->e), &w->e);
	CHECK(frozen);
	CHECK_STR(read_in(w, "/c/cgroup.freeze"), "1");
	CHECK_OK(cgroup_freeze(w->fd, false, 0, &w->e), &w->e);
	CHECK_OK(cgroup_is_frozen(w->fd, &frozen, &w->e), &w->e);
	CHECK(!frozen);
	kill(pid, SIGTERM);
	CHECK_INT(signal_that_ended(pid), SIGTERM);
	destroy(w);
}

TEST(signals_reach_every_process_and_those_below)
{
	struct world *w = begin("/c");
	bool populated;
	pid_t a, b;

	CHECK_OK(create(w), &w->e);
	make(w, "/c/sub");
	a = sleeper(w, "/c");
	b = sleeper(w, "/c/sub");
	CHECK_OK(cgroup_is_populated(w->fd, &populated, &w->e), &w->e);
	CHECK(populated);
	CHECK_OK(cgroup_kill(w->fd, SIGUSR1, 0, &w->e), &w->e);
	CHECK_INT(signal_that_ended(a), SIGUSR1);
	CHECK_INT(signal_that_ended(b), SIGUSR1);
	a = sleeper(w, "/c/sub");
	CHECK_OK(cgroup_kill(w->fd, SIGKILL, 0, &w->e), &w->e);
	CHECK_INT(signal_that_ended(a), SIGKILL);
	CHECK_OK(cgroup_is_populated(w->fd, &populated, &w->e), &w->e);
	CHECK(!populated);
	destroy(w);
}

TEST(a_threaded_one_is_killed_one_by_one)
{
	struct world *w = begin("/t/leaf");
	struct pids pids;
	pid_t pid;

	make(w, "/t");
	make(w, "/t/other");
	write_in(w, "/t/other/cgroup.type", "threaded");
	CHECK_OK(create(w), &w->e);
	CHECK_STR(read_in(w, "/t/leaf/cgroup.type"), "threaded");
	pid = sleeper(w, "/t");
	write_in(w, "/t/leaf/cgroup.threads", arena_printf(&w->a, "%d", pid));
	CHECK_OK(cgroup_pids(w->fd, &w->a, &pids, &w->e), &w->e);
	CHECK_INT(pids.n, 1);
	CHECK_INT(pids.v[0], pid);
	CHECK_OK(cgroup_kill(w->fd, SIGKILL, 0, &w->e), &w->e);
	CHECK_INT(signal_that_ended(pid), SIGKILL);
	CHECK_STR(read_in(w, "/t/leaf/cgroup.freeze"), "0"); /* as it was for that */
	destroy(w);
}

TEST(pids_are_those_of_the_whole_tree_sorted)
{
	struct world *w = begin("/c");
	struct pids pids;
	pid_t made[40];

	CHECK_OK(create(w), &w->e);
	CHECK_OK(cgroup_pids(w->fd, &w->a, &pids, &w->e), &w->e);
	CHECK_INT(pids.n, 0);
	make(w, "/c/1");
	make(w, "/c/1/2");
	for (size_t i = 0; i < ARRAY_SIZE(made); i++)
		made[i] = sleeper(w, i % 2 ? "/c" : i % 4 ? "/c/1" : "/c/1/2");
	CHECK_OK(cgroup_pids(w->fd, &w->a, &pids, &w->e), &w->e);
	CHECK_INT(pids.n, ARRAY_SIZE(made));
	for (size_t i = 0; i < ARRAY_SIZE(made); i++) {
		bool found = false;

		for (size_t k = 0; k < pids.n; k++)
			found |= pids.v[k] == made[i];
		CHECK(found);
		CHECK(!i || pids.v[i - 1] < pids.v[i]);
	}
	destroy(w);
}

TEST(attach_takes_a_sub_cgroup_and_refuses_to_go_up)
{
	static const char *const bad[] = { "..", "sub/..", "/../x", "../sub" };
	struct world *w = begin("/c");
	pid_t pid;

	CHECK_OK(create(w), &w->e);
	make(w, "/c/sub");
	make(w, "/from");
	pid = sleeper(w, "/from");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CHECK_INT(cgroup_attach(w->fd, bad[i], pid, &w->e), -1);
		CHECK_STR(w->e.msg, arena_printf(&w->a, "bad sub cgroup path: %s", bad[i]));
	}
	CHECK_INT(cgroup_attach(w->fd, "missing", pid, &w->e), -1);
	CHECK_INT(w->e.sys_errno, ENOENT);
	CHECK_OK(cgroup_attach(w->fd, "/sub", pid, &w->e), &w->e);
	CHECK_STR(read_in(w, "/c/sub/cgroup.procs"), arena_printf(&w->a, "%d", pid));
	CHECK_OK(cgroup_attach(w->fd, "/", pid, &w->e), &w->e);
	CHECK_STR(read_in(w, "/c/cgroup.procs"), arena_printf(&w->a, "%d", pid));
	CHECK_OK(cgroup_attach(w->fd, NULL, pid, &w->e), &w->e);
	destroy(w);
	CHECK_INT(signal_that_ended(pid), SIGKILL);
}

TEST(delegation_gives_away_the_directory_and_the_listed_files)
{
	struct world *w = begin("/c");
	struct stat st;

	CHECK_OK(create(w), &w->e);
	if (cgroup_chown(w->fd, 1234, 5678, &w->e) < 0 && w->e.sys_errno == EPERM)
		SKIP("changing owners is not permitted");
	CHECK_INT(fstat(w->fd, &st), 0);
	CHECK_INT(st.st_uid, 1234);
	CHECK_INT(fstatat(w->fd, "cgroup.procs", &st, 0), 0);
	CHECK_INT(st.st_uid, 1234);
	CHECK_INT(st.st_gid, 5678);
	CHECK_INT(fstatat(w->fd, "cgroup.freeze", &st, 0), 0);
	CHECK_INT(st.st_uid, getuid());
	destroy(w);
}

TEST(without_permission_a_container_without_limits_runs_without_a_cgroup)
{
	struct world *w = begin("/c");

	if (getuid())
		w->plan.path = arena_printf(&w->a, "/hull-test-%d", getpid());
	else
		CHECK_INT(seteuid(65534), 0);
	w->host.euid = 65534;
	w->plan.required = false;
	CHECK_OK(create(w), &w->e);
	CHECK(!w->ref.path && w->fd == -1);
	destroy(w);
	w->plan.required = true;
	CHECK_INT(create(w), -1);
	CHECK_CONTAINS(w->e.msg, "rootless needs no limits + no cgrouppath when no permission is "
				 "granted for cgroups");
}

TEST(statistics_are_read)
{
	struct world *w = begin("/c");
	struct cgroup_stats stats;

	CHECK_OK(create(w), &w->e);
	CHECK_OK(cgroup_stats_read(w->fd, &w->a, &stats, &w->e), &w->e);
	CHECK(stats.cpu.usage_usec != CGROUP_NONE);
	CHECK(stats.cpu.user_usec <= stats.cpu.usage_usec);
	if (exists(w, "/c/cpu.pressure"))
		CHECK(stats.cpu.psi.present);
	if (exists(w, "/c/hugetlb.2MB.max")) {
		bool found = false;

		for (size_t i = 0; i < stats.hugetlb.n; i++)
			found |= !strcmp(stats.hugetlb.v[i].size, "2MB") &&
				 stats.hugetlb.v[i].current == 0 && stats.hugetlb.v[i].failcnt == 0;
		CHECK(found);
	}
	if (exists(w, "/c/memory.max"))
		CHECK(stats.memory.current != CGROUP_NONE && stats.memory.max == CGROUP_NONE &&
		      stats.memory.stat.n > 10);
	else
		CHECK(stats.memory.current == CGROUP_NONE && !stats.memory.stat.n);
	destroy(w);
}

/* ---- device programs in the kernel ---- */

static struct bytes program_for(struct world *w, const struct plan_device_rule *rules, size_t n)
{
	struct bytes program;

	CHECK_OK(cgroup_device_program(&w->a, rules, n, &program, &w->e), &w->e);
	return program;
}

static void create_or_skip(struct world *w)
{
	if (geteuid())
		SKIP("a user cannot load device programs, and is let off");
	if (create(w) < 0 && w->e.sys_errno == EPERM)
		SKIP("device programs cannot be loaded here: %s", w->e.msg);
	CHECK_STR(w->e.msg, "");
}

struct opening {
	struct world *w;
	const char *path;
	int flags;
};

static int try_open(void *arg)
{
	struct opening *o = arg;
	auto_fd fd = -1;

	if (cgroup_attach(o->w->fd, NULL, getpid(), &o->w->e) < 0)
		return 100;
	fd = openat(AT_FDCWD, o->path, o->flags | O_CLOEXEC);
	return fd < 0 ? errno : 0;
}

static int open_inside(struct world *w, const char *path, int flags)
{
	return test_child(try_open, &(struct opening){ w, path, flags });
}

#define ALL (BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD)

TEST(device_programs_are_in_force_and_replaced_by_update)
{
	static const struct plan_device_rule null_only[] = {
		{ false, 'a', -1, -1, ALL },
		{ true, 'c', 1, 3, ALL },
		{ true, 'c', 1, 5, BPF_DEVCG_ACC_READ },
	};
	static const struct plan_device_rule zero_only[] = {
		{ false, 'a', -1, -1, ALL },
		{ true, 'c', 1, 5, ALL },
	};
	struct world *w = begin("/c");

	w->plan.device_program = program_for(w, null_only, ARRAY_SIZE(null_only));
	create_or_skip(w);
	CHECK_INT(open_inside(w, "/dev/null", O_RDWR), 0);
	CHECK_INT(open_inside(w, "/dev/zero", O_RDONLY), 0);
	CHECK_INT(open_inside(w, "/dev/zero", O_RDWR), EPERM);
	CHECK_INT(open_inside(w, "/dev/full", O_RDONLY), EPERM);
	w->plan.device_program = program_for(w, zero_only, ARRAY_SIZE(zero_only));
	CHECK_OK(w->ops->update(&w->ref, &w->plan, NULL, &w->e), &w->e);
	CHECK_INT(open_inside(w, "/dev/null", O_RDWR), EPERM);
	CHECK_INT(open_inside(w, "/dev/zero", O_RDWR), 0);
	w->plan.device_program.n = 0; /* an update that says nothing of devices */
	CHECK_OK(w->ops->update(&w->ref, &w->plan, NULL, &w->e), &w->e);
	CHECK_INT(open_inside(w, "/dev/null", O_RDWR), EPERM);
	destroy(w);
}

/* Opens what is always allowed and what is always denied until the pipe is closed. */
static int watch_devices(void *arg)
{
	struct opening *o = arg;
	long rounds = 0;
	char byte;

	if (cgroup_attach(o->w->fd, NULL, getpid(), &o->w->e) < 0)
		return 100;
	while (read(o->flags, &byte, 1) < 0 && errno == EAGAIN) {
		auto_fd good = openat(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);
		auto_fd bad = openat(AT_FDCWD, "/dev/full", O_RDWR | O_CLOEXEC);

		if (good < 0)
			return 1;
		if (bad >= 0)
			return 2;
		rounds++;
	}
	return rounds > 100 ? 0 : 3;
}

TEST(updates_leave_no_moment_without_the_rules)
{
	static const struct plan_device_rule rules[] = {
		{ false, 'a', -1, -1, ALL },
		{ true, 'c', 1, 3, ALL },
	};
	struct world *w = begin("/c");
	int pipefd[2], status;
	pid_t pid;

	w->plan.device_program = program_for(w, rules, ARRAY_SIZE(rules));
	create_or_skip(w);
	CHECK_INT(pipe2(pipefd, O_CLOEXEC | O_NONBLOCK), 0);
	pid = fork();
	if (!pid) {
		close(pipefd[1]);
		_exit(watch_devices(&(struct opening){ w, NULL, pipefd[0] }));
	}
	for (int i = 0; i < 200; i++) {
		CHECK_OK(w->ops->update(&w->ref, &w->plan, NULL, &w->e), &w->e);
		usleep(1000);
	}
	close(pipefd[1]);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(WIFEXITED(status) ? WEXITSTATUS(status) : 99, 0);
	destroy(w);
}

/* The verifier's work must not grow with the square of the rules. */
TEST(the_kernel_takes_a_thousand_rules)
{
	struct world *w = begin("/c");
	struct plan_device_rule *rules = arena_array(&w->a, 1000, sizeof(*rules));

	rules[0] = (struct plan_device_rule){ false, 'a', -1, -1, ALL };
	for (unsigned i = 1; i < 1000; i++)
		rules[i] = (struct plan_device_rule){ i % 3 != 0, i % 2 ? 'c' : 'b', i,
						      i % 5 ? (int)i : -1, (uint8_t)(1 + i % 7) };
	rules[500] = (struct plan_device_rule){ true, 'c', 1, 3, ALL };
	w->plan.device_program = program_for(w, rules, 1000);
	create_or_skip(w);
	CHECK_INT(open_inside(w, "/dev/null", O_RDWR), 0);
	CHECK_INT(open_inside(w, "/dev/full", O_RDWR), EPERM);
	destroy(w);
}

/* ---- limits, by whatever controller there is ---- */

static void need_controller(struct world *w, const char *name)
{
	char *offered;

	CHECK_OK(file_read_at(AT_FDCWD, MOUNT "/cgroup.controllers", &w->a, 4096, &offered, NULL,
			      &w->e),
		 &w->e);
	if (!strstr(offered_controllers(w), name))
		SKIP("the %s controller is not on this cgroup2 hierarchy", name);
}

static void plan_limits(struct world *w, const char *json)
{
	struct spec_resources *resources;

	w->plan.files.n = 0;
	w->plan.controllers.n = 0;
	CHECK_OK(spec_resources_load(&w->a, "r", json, strlen(json), NULL, &resources, &w->e),
		 &w->e);
	CHECK_OK(cgroup_plan_resources(&w->a, resources, &w->host, &w->plan, NULL, NULL, &w->e),
		 &w->e);
}

static void update(struct world *w, const char *json)
{
	plan_limits(w, json);
	CHECK_OK(w->ops->update(&w->ref, &w->plan, NULL, &w->e), &w->e);
}

TEST(huge_page_limits)
{
	struct world *w = begin("/c");

	need_controller(w, "hugetlb");
	plan_limits(w, "{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":4194304}]}");
	CHECK_OK(create(w), &w->e);
	CHECK_STR(read_in(w, "/c/hugetlb.2MB.max"), "4194304");
	CHECK_STR(read_in(w, "/c/hugetlb.2MB.rsvd.max"), "4194304");
	destroy(w);
	plan_limits(w, "{\"hugepageLimits\":[{\"pageSize\":\"3MB\",\"limit\":4194304}]}");
	CHECK_INT(create(w), -1);
	CHECK_CONTAINS(w->e.msg,
		       "linux.resources.hugepageLimits[0]: this kernel has no hugetlb.3MB.max in");
}

TEST(memory_limits_go_up_and_down)
{
	struct world *w = begin("/c");

	need_controller(w, "memory");
	plan_limits(w, "{\"memory\":{\"limit\":67108864,\"reservation\":33554432}}");
	CHECK_OK(create(w), &w->e);
	CHECK_STR(read_in(w, "/c/memory.max"), "67108864");
	CHECK_STR(read_in(w, "/c/memory.low"), "33554432");
	update(w, "{\"memory\":{\"limit\":33554432,\"swap\":50331648}}");
	CHECK_STR(read_in(w, "/c/memory.max"), "33554432");
	update(w, "{\"memory\":{\"limit\":134217728,\"swap\":268435456}}");
	CHECK_STR(read_in(w, "/c/memory.max"), "134217728");
	update(w, "{\"memory\":{\"limit\":-1}}");
	CHECK_STR(read_in(w, "/c/memory.max"), "max");
	destroy(w);
}

TEST(cpu_limits_in_any_order)
{
	struct world *w = begin("/c");

	need_controller(w, "cpu");
	plan_limits(w, "{\"cpu\":{\"quota\":50000,\"period\":100000,\"burst\":40000}}");
	CHECK_OK(create(w), &w->e);
	CHECK_STR(read_in(w, "/c/cpu.max"), "50000 100000");
	update(w, "{\"cpu\":{\"period\":200000}}");
	CHECK_STR(read_in(w, "/c/cpu.max"), "50000 200000");
	update(w, "{\"cpu\":{\"quota\":60000}}");
	CHECK_STR(read_in(w, "/c/cpu.max"), "60000 200000");
	update(w, "{\"cpu\":{\"quota\":300000,\"burst\":250000}}"); /* burst is bounded by quota */
	CHECK_STR(read_in(w, "/c/cpu.max.burst"), "250000");
	update(w, "{\"cpu\":{\"quota\":20000,\"burst\":10000}}");
	CHECK_STR(read_in(w, "/c/cpu.max.burst"), "10000");
	update(w, "{\"cpu\":{\"quota\":-1}}");
	CHECK_STR(read_in(w, "/c/cpu.max"), "max 200000");
	update(w, "{\"cpu\":{\"shares\":2048}}");
	CHECK_STR(read_in(w, "/c/cpu.weight"), "174");
	update(w, "{\"cpu\":{\"idle\":1}}");
	CHECK_STR(read_in(w, "/c/cpu.idle"), "1");
	update(w, "{\"cpu\":{\"idle\":0,\"shares\":1024}}");
	CHECK_STR(read_in(w, "/c/cpu.idle"), "0");
	CHECK_STR(read_in(w, "/c/cpu.weight"), "100");
	destroy(w);
}

TEST(pids_limits)
{
	struct world *w = begin("/c");

	need_controller(w, "pids");
	plan_limits(w, "{\"pids\":{\"limit\":0}}");
	CHECK_OK(create(w), &w->e);
	CHECK_STR(read_in(w, "/c/pids.max"), "1");
	update(w, "{\"pids\":{\"limit\":77}}");
	CHECK_STR(read_in(w, "/c/pids.max"), "77");
	update(w, "{\"pids\":{\"limit\":-1}}");
	CHECK_STR(read_in(w, "/c/pids.max"), "max");
	destroy(w);
}

/* Uses @size bytes of memory and waits. */
static pid_t eater(struct world *w, size_t size)
{
	int ready[2];
	char byte;
	pid_t pid;

	CHECK_INT(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		char *p;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (cgroup_attach(w->fd, NULL, getpid(), &w->e) < 0)
			_exit(1);
		p = malloc(size);
		if (!p)
			_exit(1);
		memset(p, 1, size);
		if (write(ready[1], p, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	CHECK_INT(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

TEST(a_limit_below_usage_is_refused_when_that_is_asked_for)
{
	struct world *w = begin("/c");
	pid_t pid;

	need_controller(w, "memory");
	plan_limits(w, "{\"memory\":{\"limit\":67108864,\"swap\":67108864}}");
	CHECK_OK(create(w), &w->e);
	pid = eater(w, 16 << 20);
	plan_limits(w, "{\"memory\":{\"limit\":4194304,\"checkBeforeUpdate\":true}}");
	CHECK_INT(w->ops->update(&w->ref, &w->plan, NULL, &w->e), -1);
	CHECK_CONTAINS(w->e.msg,
		       "linux.resources.memory.limit: rejecting memory limit 4194304 < usage ");
	CHECK_STR(read_in(w, "/c/memory.max"), "67108864");
	plan_limits(w, "{\"memory\":{\"limit\":33554432,\"checkBeforeUpdate\":true}}");
	CHECK_OK(w->ops->update(&w->ref, &w->plan, NULL, &w->e), &w->e);
	w->plan.check_memory_before_update = false;
	update(w, "{\"memory\":{\"limit\":1048576}}"); /* without swap: kills it */
	CHECK_INT(signal_that_ended(pid), SIGKILL);
	destroy(w);
}

TEST(processors_and_memory_nodes)
{
	struct world *w = begin("/c");

	need_controller(w, "cpuset");
	plan_limits(w, "{\"cpu\":{\"cpus\":\"0\",\"mems\":\"0\"}}");
	CHECK_OK(create(w), &w->e);
	CHECK_STR(read_in(w, "/c/cpuset.cpus.effective"), "0");
	CHECK_STR(read_in(w, "/c/cpuset.mems.effective"), "0");
	destroy(w);
	plan_limits(w, "{\"cpu\":{\"cpus\":\"4000\"}}");
	CHECK_INT(create(w), -1);
	CHECK_CONTAINS(w->e.msg, "linux.resources.cpu.cpus: write \"4000\" to " MOUNT "/");
	CHECK(!exists(w, "/c"));
}

TEST(block_device_limits)
{
	const char *disk = getenv("HULL_TEST_DISK");
	struct world *w = begin("/c");
	char *device;
	struct stat st;

	need_controller(w, "io");
	if (!disk || stat(disk, &st) < 0)
		SKIP("no disk to limit: $HULL_TEST_DISK is not set (the test VM does)");
	device = arena_printf(&w->a, "\"major\":%u,\"minor\":%u", major(st.st_rdev),
			      minor(st.st_rdev));
	plan_limits(w,
		    arena_printf(&w->a,
				 "{\"blockIO\":{\"throttleReadBpsDevice\":[{%s,\"rate\":1000},{%s,"
				 "\"rate\":2000}],\"throttleWriteIOPSDevice\":[{%s,\"rate\":9}]}}",
				 device, device, device));
	CHECK_OK(create(w), &w->e);
	CHECK_STR(read_in(w, "/c/io.max"),
		  arena_printf(&w->a, "%u:%u rbps=2000 wbps=max riops=max wiops=9",
			       major(st.st_rdev), minor(st.st_rdev)));
	update(w, arena_printf(&w->a, "{\"blockIO\":{\"throttleReadBpsDevice\":[{%s,\"rate\":0}]}}",
			       device));
	CHECK_STR(read_in(w, "/c/io.max"),
		  arena_printf(&w->a, "%u:%u rbps=max wbps=max riops=max wiops=9",
			       major(st.st_rdev), minor(st.st_rdev)));
	destroy(w);
}

/* Makes and removes a cgroup below shared parents; every second time it fails and takes back the
 * parents that it made. */
static int make_and_fail(void *arg)
{
	struct world *w = arg;

	for (int i = 0; i < 150; i++) {
		w->plan.path = arena_printf(&w->a, "%s/p/q/%d", w->top, getpid());
		w->plan.files.n = i % 2;
		if (i % 2) {
			if (create(w) == 0 || !strstr(w->e.msg, "many"))
				return 1;
			continue;
		}
		if (create(w) < 0) {
			printf("# %s\n", w->e.msg);
			return 2;
		}
		close(w->fd);
		if (w->ops->destroy(&w->ref, NULL, &w->e) < 0) {
			printf("# %s\n", w->e.msg);
			return 3;
		}
	}
	return 0;
}

TEST(many_side_by_side_do_not_disturb_each_other)
{
	struct world *w = begin("/c");
	pid_t pids[6];

	plan_file(w, "cgroup.max.depth", "many", "linux.resources.unified.x", NULL);
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		CHECK(pids[i] >= 0);
		if (!pids[i]) {
			int status = make_and_fail(w);

			fflush(stdout);
			_exit(status);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		int status;

		CHECK_INT(waitpid(pids[i], &status, 0), pids[i]);
		CHECK_INT(status, 0);
	}
}
