/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths inside a root: openat2 and the walk that stands in for it agree, and neither gets out. */
#include "sys/rootfs.h"
#include "base/arena.h"
#include "base/own.h"
#include "enosys.h"
#include "lc_test.h"
#include "sys/fd.h"
#include "sys/sys.h"
#include "sys/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

static int top = -1, root = -1; /* test_dir(), and the root in it */

static void make_dir(const char *path)
{
	if (mkdirat(top, path, 0755) < 0)
		FAIL("mkdir %s: %s", path, lc_errno_text(errno));
}

static void make_file(const char *path, const char *text)
{
	auto_fd fd = openat(top, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		FAIL("create %s: %s", path, lc_errno_text(errno));
}

static void make_link(const char *path, const char *target)
{
	if (symlinkat(target, top, path) < 0)
		FAIL("symlink %s: %s", path, lc_errno_text(errno));
}

/* A root with every kind of trap, and beside it what must not be reached. */
static void set_up(void)
{
	umask(022);
	top = openat(AT_FDCWD, test_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(top >= 0);
	make_dir("outside");
	make_file("outside/secret", "secret");
	make_dir("root");
	make_dir("root/a");
	make_dir("root/a/b");
	make_dir("root/outside");
	make_file("root/file", "file");
	make_file("root/a/b/deep", "deep");
	make_file("root/outside/secret", "inside");
	make_link("root/abs", "/a/b");
	make_link("root/rel", "a/b");
	make_link("root/up", "../../../../outside");
	make_link("root/host", arena_printf(&(struct arena){ 0 }, "%s/outside", test_dir()));
	make_link("root/loop", "loop");
	make_link("root/ping", "pong");
	make_link("root/pong", "ping");
	make_link("root/dangling", "/new/deep/place");
	make_link("root/dangling-up", "../../out/of/root");
	make_link("root/to-file", "file");
	make_link("root/to-link", "rel");
	make_link("root/slash", "/");
	make_link("root/a/parent", "../file");
	make_link("root/trailing", "a/b/");
	root = openat(top, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(root >= 0);
}

/* The place inside the root that @fd leads to, or what is wrong with it. */
static const char *place(int fd)
{
	static char text[PATH_MAX + 16];
	char path[PATH_MAX], base[PATH_MAX];
	size_t n;

	if (fd < 0)
		return lc_errno_text(errno);
	fd_path(root, base, sizeof(base));
	fd_path(fd, path, sizeof(path));
	n = strlen(base);
	if (strncmp(path, base, n) || (path[n] && path[n] != '/'))
		snprintf(text, sizeof(text), "OUTSIDE: %s", path);
	else
		snprintf(text, sizeof(text), "%s", path[n] ? path + n : "/");
	return text;
}

struct lookup {
	const char *path;
	int flags;
	uint64_t resolve;
	const char *want;
};

static const struct lookup lookups[] = {
	{ "a/b/deep", O_PATH, RESOLVE_IN_ROOT, "/a/b/deep" },
	{ "/a/b/deep", O_RDONLY, RESOLVE_IN_ROOT, "/a/b/deep" },
	{ "//a/./b//deep", O_RDONLY, RESOLVE_IN_ROOT, "/a/b/deep" },
	{ "/", O_PATH, RESOLVE_IN_ROOT, "/" },
	{ ".", O_RDONLY, RESOLVE_IN_ROOT, "/" },
	{ "", O_PATH, RESOLVE_IN_ROOT, "no such file or directory" },
	{ "..", O_PATH, RESOLVE_IN_ROOT, "/" },
	{ "../../../outside/secret", O_RDONLY, RESOLVE_IN_ROOT, "/outside/secret" },
	{ "a/../../../file", O_RDONLY, RESOLVE_IN_ROOT, "/file" },
	{ "a/b/../../file", O_RDONLY, RESOLVE_IN_ROOT, "/file" },
	{ "up/secret", O_RDONLY, RESOLVE_IN_ROOT, "/outside/secret" },
	{ "host", O_RDONLY, RESOLVE_IN_ROOT, "no such file or directory" },
	{ "abs/deep", O_RDONLY, RESOLVE_IN_ROOT, "/a/b/deep" },
	{ "rel/deep", O_RDONLY, RESOLVE_IN_ROOT, "/a/b/deep" },
	{ "rel/..", O_RDONLY, RESOLVE_IN_ROOT, "/a" },
	{ "to-link/deep", O_RDONLY, RESOLVE_IN_ROOT, "/a/b/deep" },
	{ "slash/slash/file", O_RDONLY, RESOLVE_IN_ROOT, "/file" },
	{ "a/parent", O_RDONLY, RESOLVE_IN_ROOT, "/file" },
	{ "trailing", O_PATH, RESOLVE_IN_ROOT, "/a/b" },
	{ "to-file", O_PATH, RESOLVE_IN_ROOT, "/file" },
	{ "to-file", O_PATH | O_NOFOLLOW, RESOLVE_IN_ROOT, "/to-file" },
	{ "to-file", O_RDONLY | O_NOFOLLOW, RESOLVE_IN_ROOT, "too many levels of symbolic links" },
	{ "rel/", O_PATH | O_NOFOLLOW, RESOLVE_IN_ROOT, "/a/b" },
	{ "rel", O_PATH | O_NOFOLLOW | O_DIRECTORY, RESOLVE_IN_ROOT, "not a directory" },
	{ "rel", O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT, "/a/b" },
	{ "file", O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT, "not a directory" },
	{ "file", O_RDONLY | O_DIRECTORY, RESOLVE_IN_ROOT, "not a directory" },
	{ "file/", O_RDONLY, RESOLVE_IN_ROOT, "not a directory" },
	{ "file/x", O_RDONLY, RESOLVE_IN_ROOT, "not a directory" },
	{ "a", O_RDWR, RESOLVE_IN_ROOT, "is a directory" },
	{ "none", O_RDONLY, RESOLVE_IN_ROOT, "no such file or directory" },
	{ "none/../file", O_RDONLY, RESOLVE_IN_ROOT, "no such file or directory" },
	{ "dangling", O_RDONLY, RESOLVE_IN_ROOT, "no such file or directory" },
	{ "loop", O_RDONLY, RESOLVE_IN_ROOT, "too many levels of symbolic links" },
	{ "ping/x", O_RDONLY, RESOLVE_IN_ROOT, "too many levels of symbolic links" },
	{ "rel/deep", O_RDONLY, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS,
	  "too many levels of symbolic links" },
	{ "a/b/deep", O_RDONLY, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS, "/a/b/deep" },
	{ "rel", O_PATH | O_NOFOLLOW, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS, "/rel" },
	{ "a/b/deep", O_RDONLY, RESOLVE_BENEATH, "/a/b/deep" },
	{ "/a/b/deep", O_RDONLY, RESOLVE_BENEATH, "invalid cross-device link" },
	{ "abs/deep", O_RDONLY, RESOLVE_BENEATH, "invalid cross-device link" },
	{ "a/../file", O_RDONLY, RESOLVE_BENEATH, "/file" },
	{ "a/../..", O_RDONLY, RESOLVE_BENEATH, "invalid cross-device link" },
	{ "up", O_RDONLY, RESOLVE_BENEATH, "invalid cross-device link" },
	{ "rel/deep", O_RDONLY, RESOLVE_BENEATH | RESOLVE_NO_XDEV, "/a/b/deep" },
};

static void check_lookups(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(lookups); i++) {
		const struct lookup *l = &lookups[i];
		auto_fd fd = sys_openat2(root, l->path, l->flags, l->resolve);
		const char *got = place(fd);

		if (strcmp(got, l->want))
			FAIL("%s (flags %#o, resolve %#llx)\n got  %s\n want %s", l->path, l->flags,
			     (unsigned long long)l->resolve, got, l->want);
		CHECK(fd < 0 || fcntl(fd, F_GETFD) & FD_CLOEXEC);
	}
}

TEST(lookups_stay_inside)
{
	set_up();
	check_lookups();
}

TEST(lookups_stay_inside_without_openat2)
{
	set_up();
	without_syscall(SYS_openat2, ENOSYS);
	CHECK_ERRNO(syscall(SYS_openat2, 0, 0, 0, 0), ENOSYS);
	check_lookups();
}

TEST(lookups_stay_inside_where_an_old_filter_says_eperm)
{
	set_up();
	without_syscall(SYS_openat2, EPERM);
	check_lookups();
}

static int count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	CHECK(d != NULL);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

TEST(lookups_leave_no_descriptor_behind)
{
	int before;

	set_up();
	without_syscall(SYS_openat2, ENOSYS);
	before = count_fds();
	check_lookups();
	CHECK_INT(count_fds(), before);
}

static void check_magic_links(void)
{
	const uint64_t no_magic = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS;
	auto_fd proc = openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd self = sys_openat2(proc, "self/status", O_RDONLY, no_magic);
	auto_fd thread = sys_openat2(proc, "thread-self/attr", O_RDONLY, no_magic);
	auto_fd net = sys_openat2(proc, "net/dev", O_RDONLY, no_magic);
	auto_fd link = sys_openat2(proc, "self/exe", O_PATH | O_NOFOLLOW, no_magic);

	CHECK(self >= 0 && thread >= 0 && net >= 0 && link >= 0);
	CHECK(fd_is_symlink(link));
	CHECK_ERRNO(sys_openat2(proc, "self/exe", O_RDONLY, no_magic), ELOOP);
	CHECK_ERRNO(sys_openat2(proc, "self/root/etc", O_PATH, no_magic), ELOOP);
	CHECK_ERRNO(sys_openat2(proc, "self/ns/pid", O_RDONLY, no_magic), ELOOP);
	CHECK_ERRNO(sys_openat2(proc, "self/cwd", O_PATH, RESOLVE_IN_ROOT), EXDEV);
	CHECK_ERRNO(sys_openat2(proc, "self/ns/net", O_PATH, RESOLVE_IN_ROOT), EXDEV);
}

TEST(magic_links_are_not_followed)
{
	check_magic_links();
}

TEST(magic_links_are_not_followed_without_openat2)
{
	without_syscall(SYS_openat2, ENOSYS);
	check_magic_links();
}

static void own_mounts(void)
{
	if (unshare(CLONE_NEWNS) < 0)
		SKIP("no mount namespace: %s", lc_errno_text(errno));
	CHECK_INT(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
}

static void check_mount_crossing(void)
{
	const uint64_t in = RESOLVE_IN_ROOT, one = RESOLVE_IN_ROOT | RESOLVE_NO_XDEV;
	auto_fd crossed = sys_openat2(root, "a/b/../b", O_PATH, in);
	auto_fd stayed = sys_openat2(root, "a", O_PATH, one);

	CHECK(crossed >= 0 && stayed >= 0);
	CHECK_ERRNO(sys_openat2(root, "a/b", O_PATH, one), EXDEV);
	CHECK_ERRNO(sys_openat2(root, "rel", O_RDONLY, one), EXDEV);
	CHECK_ERRNO(sys_openat2(root, "file", O_RDONLY, one), EXDEV);
}

TEST(mounts_are_crossed_unless_told_otherwise)
{
	char path[PATH_MAX];

	own_mounts();
	set_up();
	snprintf(path, sizeof(path), "%s/root/a/b", test_dir());
	CHECK_INT(mount("tmpfs", path, "tmpfs", 0, NULL), 0);
	snprintf(path, sizeof(path), "%s/root/file", test_dir());
	CHECK_INT(mount(path, path, NULL, MS_BIND, NULL), 0);
	check_mount_crossing();
	without_syscall(SYS_openat2, ENOSYS);
	check_mount_crossing();
}

TEST(what_the_walk_cannot_do_is_an_error)
{
	set_up();
	without_syscall(SYS_openat2, ENOSYS);
	CHECK_ERRNO(sys_openat2(root, "a", O_PATH, RESOLVE_NO_XDEV), ENOSYS);
	CHECK_ERRNO(sys_openat2(root, "a", O_PATH, RESOLVE_IN_ROOT | 1 << 20), ENOSYS);
	CHECK_ERRNO(sys_openat2(root, "a", O_CREAT | O_RDWR, RESOLVE_IN_ROOT), EINVAL);
	CHECK(sys_openat2(AT_FDCWD, "/proc/self/status", O_RDONLY, RESOLVE_NO_MAGICLINKS) >= 0);
	CHECK(sys_openat2(root, "a", O_RDONLY, 0) >= 0);
}

TEST(a_path_that_is_too_deep_or_long_is_an_error)
{
	char deep[PATH_MAX + 10], *p = deep;

	set_up();
	without_syscall(SYS_openat2, ENOSYS);
	for (int i = 0; i < 500; i++)
		p += snprintf(p, 8, "d/");
	for (int i = 0; i < 250; i++) {
		auto_fd fd = walk_make(root, deep, S_IFDIR, 0755);

		CHECK_INT(fd, -1);
		CHECK_INT(errno, ENAMETOOLONG);
	}
	memset(deep, 'x', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = 0;
	CHECK_ERRNO(sys_openat2(root, deep, O_PATH, RESOLVE_IN_ROOT), ENAMETOOLONG);
	deep[300] = 0;
	CHECK_ERRNO(sys_openat2(root, deep, O_PATH, RESOLVE_IN_ROOT), ENAMETOOLONG);
}

TEST(open_says_what_is_a_link)
{
	struct lc_error e;

	set_up();
	CHECK(rootfs_open(root, "rel/deep", O_RDONLY, &e) >= 0);
	CHECK_INT(rootfs_open(root, "/none", O_RDONLY, &e), -1);
	CHECK_STR(e.msg, "openat2 rootfs:/none: no such file or directory");
	CHECK_INT(e.code, LC_ESYSTEM);
	CHECK(rootfs_open_nofollow(root, "rel/deep", O_PATH, &e) >= 0);
	CHECK_INT(rootfs_open_nofollow(root, "to-file", O_PATH, &e), -1);
	CHECK_STR(e.msg, "rootfs:/to-file is a symbolic link");
	CHECK_INT(e.code, LC_ECONFIG);
	CHECK_INT(rootfs_open_nofollow(root, "/rel", O_PATH | O_DIRECTORY, &e), -1);
	CHECK_STR(e.msg, "rootfs:/rel is a symbolic link");
	CHECK_INT(rootfs_open_nofollow(root, "/to-file", O_RDONLY, &e), -1);
	CHECK_STR(e.msg, "rootfs:/to-file is a symbolic link");
	CHECK_INT(rootfs_open_nofollow(root, "file", O_PATH | O_DIRECTORY, &e), -1);
	CHECK_STR(e.msg, "openat2 rootfs:/file: not a directory");
	CHECK(rootfs_open_nolinks(root, "a/b/deep", O_RDONLY, &e) >= 0);
	CHECK_INT(rootfs_open_nolinks(root, "rel/deep", O_RDONLY, &e), -1);
	CHECK_STR(e.msg, "rootfs:/rel/deep leads through a symbolic link");
	CHECK_INT(rootfs_open_nolinks(root, "rel", O_PATH, &e), -1);
	CHECK_STR(e.msg, "rootfs:/rel is a symbolic link");
}

struct making {
	const char *path, *want;
};

static void check_making(const struct making *m, size_t n,
			 int (*make)(int, const char *, mode_t, struct lc_error *), mode_t mode,
			 mode_t type)
{
	for (; n; m++, n--) {
		for (int round = 0; round < 2; round++) { /* made; there already */
			struct lc_error e = { .msg = "" };
			auto_fd fd = make(root, m->path, mode, &e);

			CHECK_STR(fd < 0 ? e.msg : place(fd), m->want);
			CHECK(fd < 0 || fd_is_type(fd, type));
			CHECK(fd < 0 || fcntl(fd, F_GETFL) & O_PATH);
		}
	}
}

static const struct making dirs_made[] = {
	{ "/a/b", "/a/b" },
	{ "new/x/y", "/new/x/y" },
	{ "/new2/../new3/z", "/new3/z" },
	{ "abs/in-link", "/a/b/in-link" },
	{ "dangling/more", "/new/deep/place/more" },
	{ "dangling-up", "/out/of/root" },
	{ "up/made", "/outside/made" },
	{ "../../../clamped", "/clamped" },
	{ "a/b/c/", "/a/b/c" },
	{ "/", "/" },
	{ "file/x", "mkdir rootfs:/file/x: not a directory" },
	{ "/file", "mkdir rootfs:/file: not a directory" },
	{ "to-file/x/y", "mkdir rootfs:/to-file/x/y: not a directory" },
	{ "loop/x", "mkdir rootfs:/loop/x: too many levels of symbolic links" },
	{ "", "mkdir rootfs:/: no such file or directory" },
};

static const struct making files_made[] = {
	{ "/file", "/file" },
	{ "etc/resolv.conf", "/etc/resolv.conf" },
	{ "to-file", "/file" },
	{ "dangling-up", "/out/of/root" },
	{ "up/made", "/outside/made" },
	{ "rel/new", "/a/b/new" },
	{ "a", "create rootfs:/a: is a directory" },
	{ "/", "create rootfs:/: is a directory" },
	{ "slash", "create rootfs:/slash: is a directory" },
	{ "file/x", "create rootfs:/file/x: not a directory" },
	{ "pong", "create rootfs:/pong: too many levels of symbolic links" },
};

/* Number of entries of a directory beside the root. */
static int count_in(const char *dir)
{
	DIR *d = fdopendir(openat(top, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	int n = -2;

	CHECK(d != NULL);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

TEST(missing_directories_are_made_inside)
{
	set_up();
	check_making(dirs_made, ARRAY_SIZE(dirs_made), rootfs_mkdirs, 0755, S_IFDIR);
	CHECK_INT(count_in("."), 2);
	CHECK_INT(count_in("outside"), 1);
}

TEST(missing_directories_are_made_inside_without_openat2)
{
	set_up();
	without_syscall(SYS_openat2, ENOSYS);
	check_making(dirs_made, ARRAY_SIZE(dirs_made), rootfs_mkdirs, 0755, S_IFDIR);
	CHECK_INT(count_in("."), 2);
	CHECK_INT(count_in("outside"), 1);
}

TEST(missing_files_are_made_inside)
{
	set_up();
	check_making(files_made, ARRAY_SIZE(files_made), rootfs_create_file, 0644, S_IFREG);
	CHECK_INT(count_in("."), 2);
	CHECK_INT(count_in("outside"), 1);
}

TEST(missing_files_are_made_inside_without_openat2)
{
	set_up();
	without_syscall(SYS_openat2, ENOSYS);
	check_making(files_made, ARRAY_SIZE(files_made), rootfs_create_file, 0644, S_IFREG);
	CHECK_INT(count_in("."), 2);
	CHECK_INT(count_in("outside"), 1);
}

TEST(what_is_made_has_its_mode)
{
	struct lc_error e;
	struct stat st;

	set_up();
	umask(0);
	CHECK_OK(rootfs_mkdirs(root, "p/q/r", 01777, &e), &e);
	CHECK_INT(fstatat(root, "p/q/r", &st, 0), 0);
	CHECK_INT(st.st_mode & 07777, 01777);
	CHECK_INT(fstatat(root, "p/q", &st, 0), 0);
	CHECK_INT(st.st_mode & 07777, 0755);
	CHECK_OK(rootfs_create_file(root, "p/q/f", 0600, &e), &e);
	CHECK_INT(fstatat(root, "p/q/f", &st, 0), 0);
	CHECK_INT(st.st_mode & 07777, 0600);
	if (fchownat(root, "p", 0, 12345, 0) < 0)
		SKIP("chown: %s", lc_errno_text(errno));
	CHECK_INT(fchmodat(root, "p", 02755, 0), 0);
	CHECK_OK(rootfs_mkdirs(root, "p/s/t", 0755, &e), &e);
	CHECK_INT(fstatat(root, "p/s/t", &st, 0), 0);
	CHECK_INT(st.st_mode & 07777, 02755);
	CHECK_INT(st.st_gid, 12345);
}

TEST(devices_and_sockets_are_targets_of_a_file_mount)
{
	struct lc_error e;

	set_up();
	CHECK_INT(mknodat(root, "fifo", S_IFIFO | 0600, 0), 0);
	CHECK_OK(rootfs_create_file(root, "fifo", 0644, &e), &e);
}

TEST(the_parent_and_the_last_name)
{
	static const struct {
		const char *path, *parent, *name;
		bool make;
	} cases[] = {
		{ "x", "/", "x", false },
		{ "/x", "/", "x", false },
		{ "///x//", "/", "x", false },
		{ "/a/b/new", "/a/b", "new", false },
		{ "rel/new", "/a/b", "new", false },
		{ "up/new", "/outside", "new", false },
		{ "dev/snd/c0", "/dev/snd", "c0", true },
		{ "nodir/x", "openat2 rootfs:/nodir/: no such file or directory", NULL, false },
		{ "file/x", "mkdir rootfs:/file/: not a directory", NULL, true },
		{ "/", "rootfs:/ does not name an entry of a directory", NULL, true },
		{ "", "rootfs:/ does not name an entry of a directory", NULL, true },
		{ "a/..", "rootfs:/a/.. does not name an entry of a directory", NULL, true },
		{ "a/.", "rootfs:/a/. does not name an entry of a directory", NULL, true },
	};

	set_up();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char name[NAME_MAX + 1];
		struct lc_error e;
		auto_fd fd = rootfs_parent(root, cases[i].path, cases[i].make, name, &e);

		CHECK_STR(fd < 0 ? e.msg : place(fd), cases[i].parent);
		if (cases[i].name)
			CHECK_STR(name, cases[i].name);
		CHECK(fd < 0 || (!symlinkat("t", fd, name) && !unlinkat(fd, name, 0)));
	}
}

/*
 * The race (CVE-2021-30465, CVE-2024-45310): while one side makes targets below root/x/y, the other
 * keeps exchanging x for a link to the host's directory, for a link upwards, and with another
 * directory.  Nothing may ever appear in "canary".
 */
static atomic_bool stop;

static void *swapper(void *arg)
{
	(void)arg;
	while (!stop) {
		renameat2(top, "root/x", top, "root/link-abs", RENAME_EXCHANGE);
		renameat2(top, "root/x", top, "root/link-up", RENAME_EXCHANGE);
		renameat2(top, "root/x", top, "root/other", RENAME_EXCHANGE);
		renameat2(top, "root/other/y", top, "root/link-up", RENAME_EXCHANGE);
	}
	return NULL;
}

static void *deeper(void *arg)
{
	(void)arg;
	while (!stop) { /* moves a directory that may be stood in to another depth, and back */
		renameat(top, "root/d1/d2/d3", top, "root/d3");
		renameat(top, "root/d3", top, "root/d1/d2/d3");
	}
	return NULL;
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* One round of everything that makes something; its failures are fine, its successes are inside. */
static unsigned make_all(unsigned i)
{
	char path[64], name[NAME_MAX + 1];
	struct lc_error e;
	unsigned made = 0;

	snprintf(path, sizeof(path), "x/y/dir%u/deep", i % 512);
	{
		auto_fd fd = rootfs_mkdirs(root, path, 0755, &e);

		made += fd >= 0;
	}
	snprintf(path, sizeof(path), "x/y/file%u", i % 512);
	{
		auto_fd fd = rootfs_create_file(root, path, 0644, &e);

		made += fd >= 0;
	}
	snprintf(path, sizeof(path), "x/y/sub%u/node", i % 512);
	{
		auto_fd fd = rootfs_parent(root, path, true, name, &e);

		made += fd >= 0 && (!symlinkat("t", fd, name) || errno == EEXIST);
	}
	{
		auto_fd fd = rootfs_mkdirs(root, "d1/d2/d3/../../../../../canary/x", 0755, &e);

		made += fd >= 0;
	}
	{
		auto_fd fd = rootfs_open(root, "d1/d2/d3/../../../../../canary/mark", O_RDONLY, &e);

		CHECK_INT(fd, -1); /* exists outside only */
	}
	return made;
}

static void race(void)
{
	pthread_t a, b;
	double until;
	unsigned made = 0, i = 0;

	set_up();
	make_dir("canary");
	make_file("canary/mark", "");
	make_dir("root/x");
	make_dir("root/x/y");
	make_dir("root/other");
	make_dir("root/other/y");
	make_dir("root/d1");
	make_dir("root/d1/d2");
	make_dir("root/d1/d2/d3");
	make_link("root/link-abs", arena_printf(&(struct arena){ 0 }, "%s/canary", test_dir()));
	make_link("root/link-up", "../../canary");
	CHECK_INT(pthread_create(&a, NULL, swapper, NULL), 0);
	CHECK_INT(pthread_create(&b, NULL, deeper, NULL), 0);
	for (until = seconds() + 2; seconds() < until;)
		made += make_all(i++);
	stop = true;
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	printf("# %u rounds, %u things made\n", i, made);
	CHECK(made > 20);
	CHECK_INT(count_in("canary"), 1);
	CHECK_INT(count_in("."), 3);
}

TEST(a_race_of_renames_never_leads_outside)
{
	race();
}

TEST(a_race_of_renames_never_leads_outside_without_openat2)
{
	without_syscall(SYS_openat2, ENOSYS);
	race();
}
