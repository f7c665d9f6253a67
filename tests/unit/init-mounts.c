/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mounts, devices, masks and the change of the root, looked at from inside and outside. */
#include "init-box.h"
#include "sys/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define W(text) ((char *)(uintptr_t)(text))
#define FS(type, ...) \
	(struct plan_mount) \
	{ \
		.kind = MOUNT_FS, .fstype = W(type), __VA_ARGS__ \
	}
#define BIND(from, to, ...) \
	(struct plan_mount) \
	{ \
		.kind = MOUNT_BIND, .source = W(from), .target = W(to), __VA_ARGS__ \
	}

/* @dir and @name in one text of its own. */
static char *below(const char *dir, const char *name)
{
	char *out = NULL;

	if (asprintf(&out, "%s%s", dir, name) < 0)
		FAIL("no memory");
	return out;
}

static struct box *b;
static char source[PATH_MAX]; /* a directory outside of the root, with a file in it */

/* Each test has a mount namespace of its own, from which nothing leaves. */
static void begin(void)
{
	char path[PATH_MAX + 8];

	need_root();
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		SKIP("cannot make a mount namespace: %s", lc_errno_text(errno));
	b = box_new();
	snprintf(source, sizeof(source), "%s/source", test_dir());
	mkdir(source, 0755);
	snprintf(path, sizeof(path), "%s/file", source);
	write_text(path, "from the host\n");
}

static void run_ok(const char *script)
{
	int ret = box_run(b, script);

	if (ret < 0)
		FAIL("init: %s", b->e.msg);
	if (ret)
		FAIL("exit status %d, output: %s", ret, b->out);
}

static void run_fails(const char *message)
{
	int ret = box_run(b, "true");

	if (ret >= 0)
		FAIL("it ran, where \"%s\" was expected", message);
	CHECK_CONTAINS(b->e.msg, message);
}

static void outside(const char *type, const char *path, unsigned long flags, const char *data)
{
	if (mount(type, path, type, flags, data) < 0)
		FAIL("mount %s on %s: %s", type, path, lc_errno_text(errno));
}

/* Shell: the options of the last mount on $1. */
#define OPTIONS_OF(path) "grep ' " path " ' /proc/self/mountinfo | tail -n1 | cut -d' ' -f6"

TEST(the_usual_mounts)
{
	begin();
	box_standard(b);
	box_mount(b, FS("mqueue", .target = W("/dev/mqueue")));
	box_mount(b, FS("sysfs", .target = W("/sys"), .attr_set = MOUNT_ATTR_RDONLY));
	box_symlink(b, "/bin/tail", "busybox");
	run_ok("cut -d' ' -f5,6 /proc/self/mountinfo; stat -c %a /dev /dev/pts; ls -l /dev/ptmx | "
	       "sed 's/.*-> //'");
	CHECK_CONTAINS(b->out, "/proc rw,relatime\n");
	CHECK_CONTAINS(b->out, "/dev rw,nosuid\n");
	CHECK_CONTAINS(b->out, "/dev/pts rw,nosuid,noexec,relatime\n");
	CHECK_CONTAINS(b->out, "/sys ro,relatime\n");
	CHECK_CONTAINS(b->out, "755\n755\npts/ptmx\n");
}

TEST(nothing_of_the_host_is_left)
{
	begin();
	box_standard(b);
	run_ok("wc -l </proc/self/mountinfo; ls /");
	CHECK_STR(b->out, "4\nbin\ndev\netc\nproc\nsys\ntmp\n");
}

TEST(bad_options_have_the_kernels_reason)
{
	static char *data[] = { (char *)"size=64k", (char *)"nosiud", NULL };

	begin();
	box_mount(b, FS("tmpfs", .target = W("/tmp"), .data = { data, 2 }));
	run_fails("mount filesystems: mounts[0] (/tmp): nosiud: tmpfs: Unknown parameter 'nosiud'");
}

TEST(an_unknown_file_system_is_named)
{
	begin();
	box_mount(b, FS("nopefs", .target = W("/tmp")));
	run_fails("mounts[0] (/tmp): fsopen nopefs: no such device");
}

TEST(missing_targets_are_made)
{
	static const char *const targets[] = { "/a/b/c", "//x//y/", "/l/dangling", "/deep/link/z" };

	begin();
	box_standard(b);
	box_symlink(b, "/l/dangling", "/made/here");
	box_symlink(b, "/deep/link", "../made/too");
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
		box_mount(b, FS("tmpfs", .source = W("ours"), .target = W(targets[i])));
	box_mount(b, BIND(below(source, "/file"), "/files/new/f"));
	run_ok("cat /files/new/f; grep -c 'tmpfs ours' /proc/self/mountinfo; stat -c %a:%u /a /a/b "
	       "/made; "
	       "grep -o '/made/here\\|/made/too/z' /proc/self/mountinfo");
	CHECK_STR(b->out, "from the host\n4\n755:0\n755:0\n755:0\n/made/here\n/made/too/z\n");
}

TEST(links_in_targets_stay_inside)
{
	char on_host[64], target[64], command[96];

	snprintf(on_host, sizeof(on_host), "/tmp/hull-links-%d", getpid());
	snprintf(target, sizeof(target), "/up/hull-links-%d", getpid());
	snprintf(command, sizeof(command), "cat %s/file", on_host);
	begin();
	box_symlink(b, "/abs", source);
	box_symlink(b, "/up", "../../../../../../../../../tmp");
	box_mount(b, BIND(source, "/abs"));
	box_mount(b, BIND(source, target));
	run_ok(command);
	CHECK_STR(read_text(below(source, "/file")), "from the host\n");
	CHECK(access(on_host, F_OK) < 0);
}

TEST(proc_and_sys_are_ordinary_directories)
{
	static const struct {
		const char *fs, *at;
	} cases[] = { { "proc", "/proc" }, { "sysfs", "/sys" } };

	begin();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		rmdir(box_path(b, cases[i].at));
		box_symlink(b, cases[i].at, "/etc");
		b->plan.mounts.n = 0;
		box_mount(b, FS(cases[i].fs, .target = W(cases[i].at)));
		run_fails("must be mounted on ordinary directory");
	}
}

TEST(nothing_is_mounted_in_proc)
{
	static const struct {
		const char *target;
		bool fine;
	} cases[] = {
		{ "/proc/self", false },
		{ "/proc/self/attr", false },
		{ "/proc/sys", false },
		{ "/proc/1", false },
		{ "/proc", false },
		{ "/link/self", false },
		{ "/proc/../proc/sys", false },
		{ "/proc/uptime", true },
		{ "/proc/meminfo", true },
		{ "/proc/sys/kernel/ns_last_pid", true },
	};

	begin();
	box_standard(b);
	box_symlink(b, "/link", "/proc");
	box_write(b, "/empty", "");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct stat st;

		if (cases[i].fine && stat(cases[i].target, &st) < 0)
			continue;
		b->plan.mounts.n = 3;
		if (cases[i].fine) {
			box_mount(b, BIND(box_path(b, "/empty"), cases[i].target));
			run_ok("true");
		} else {
			box_mount(b, FS("tmpfs", .target = W(cases[i].target)));
			run_fails("/proc");
		}
	}
}

TEST(only_a_procfs_is_bound_on_proc)
{
	begin();
	box_mount(b, BIND(source, "/proc", .must_be_proc = true));
	run_fails("nothing else may be on /proc");
	b->plan.mounts.n = 0;
	box_mount(b, BIND("/proc", "/proc", .must_be_proc = true, .recursive = true));
	run_ok("[ -e /proc/self ]");
}

TEST(a_directory_is_not_mounted_on_a_file)
{
	begin();
	box_write(b, "/file", "");
	box_mount(b, BIND(source, "/file"));
	run_fails("mount a directory onto a file: not a directory");
	b->plan.mounts.n = 0;
	box_mount(b, BIND(below(source, "/file"), "/etc"));
	run_fails("mount a file onto a directory: not a directory");
}

TEST(special_files_are_targets_too)
{
	begin();
	CHECK_INT(mkfifo(box_path(b, "/fifo"), 0600), 0);
	CHECK_INT(mknod(box_path(b, "/node"), S_IFCHR | 0600, makedev(1, 7)), 0);
	box_mount(b, BIND(below(source, "/file"), "/fifo"));
	box_mount(b, BIND(below(source, "/file"), "/node"));
	run_ok("cat /fifo /node");
	CHECK_STR(b->out, "from the host\nfrom the host\n");
}

/* ---- tmpfs ---- */

TEST(a_tmpfs_looks_like_what_it_covers)
{
	static char *mode[] = { (char *)"mode=1700", NULL };

	begin();
	box_mkdir(b, "/there");
	chmod(box_path(b, "/there"), 06751);
	box_mount(b, FS("tmpfs", .target = W("/there"), .mode_from_target = true));
	box_mount(b, FS("tmpfs", .target = W("/new"), .mode_from_target = true));
	box_mount(b, FS("tmpfs", .target = W("/given"), .data = { mode, 1 }));
	for (int again = 0; again < 2; again++) {
		if (again)
			b->plan.mounts.n = 1; /* /new exists by now, with 755 */
		run_ok(again ? "stat -c %a /there" : "stat -c %a /there /new /given");
		CHECK_STR(b->out, again ? "6751\n" : "6751\n1777\n1700\n");
	}
}

TEST(tmpcopyup_copies)
{
	struct stat st;

	begin();
	box_write(b, "/src/dir/file", "text");
	chmod(box_path(b, "/src/dir/file"), 04755);
	CHECK_INT(chown(box_path(b, "/src/dir"), 7, 8), 0);
	chmod(box_path(b, "/src/dir"), 03770);
	box_symlink(b, "/src/link", "dir/file");
	box_symlink(b, "/src/out", "/etc/debian_version");
	CHECK_INT(mkfifo(box_path(b, "/src/fifo"), 0620), 0);
	chmod(box_path(b, "/src/fifo"), 0620);
	CHECK_INT(mknod(box_path(b, "/src/null"), S_IFCHR | 0666, makedev(1, 3)), 0);
	box_mount(b, FS("tmpfs", .target = W("/src"), .tmpcopyup = true, .mode_from_target = true,
			.attr_set = MOUNT_ATTR_RDONLY));
	run_ok("cat /src/link; echo; stat -c %a:%u:%g:%F /src/dir /src/dir/file /src/fifo; "
	       "readlink /src/out; stat -c %t:%T /src/null; echo >/src/new && echo writable; true");
	CHECK_STR(b->out, "text\n3770:7:8:directory\n4755:0:0:regular file\n620:0:0:fifo\n"
			  "/etc/debian_version\n1:3\n"
			  "/bin/sh: can't create /src/new: Read-only file system\n");
	CHECK_INT(stat(box_path(b, "/src/dir/file"), &st), 0);
}

TEST(a_read_only_tmpfs_takes_what_comes_later)
{
	begin();
	box_standard(b);
	b->mounts[1].attr_set |= MOUNT_ATTR_RDONLY; /* /dev */
	box_mount(b, FS("tmpfs", .target = W("/ro"), .attr_set = MOUNT_ATTR_RDONLY));
	box_mount(b, FS("tmpfs", .target = W("/ro/below")));
	run_ok("ls /dev && touch /ro/below/x && ! touch /dev/x && ! touch /ro/x");
	CHECK_CONTAINS(b->out, "null\n");
	CHECK_CONTAINS(b->out, "ptmx\npts\n");
}

TEST(a_mount_on_the_root_is_the_root)
{
	begin();
	box_write(b, "/marker", "old");
	box_mount(b, FS("tmpfs", .source = W("tmpfs"), .target = W("/"), .tmpcopyup = true));
	box_mount(b, FS("proc", .target = W("/proc")));
	run_ok("cat /marker; echo new >/marker; grep -c . /proc/self/mountinfo; "
	       "grep ' / ' /proc/self/mountinfo | sed 's/.* - //'");
	CHECK_CONTAINS(b->out, "old");
	CHECK_CONTAINS(b->out, "tmpfs tmpfs");
	CHECK_STR(read_text(box_path(b, "/marker")), "old");
}

/* ---- binds ---- */

TEST(bind_flags)
{
	static const struct {
		uint64_t set, clear;
		bool given;
		const char *want;
	} cases[] = {
		/* the source: ro,nosuid,nodev,noexec,noatime */
		{ 0, 0, false, "ro,nosuid,nodev,noexec,noatime" },
		{ MOUNT_ATTR_NODEV, 0, true, "rw,nodev,noatime" },
		{ 0, MOUNT_ATTR_RDONLY, true, "rw,noatime" },
		{ 0, MOUNT_ATTR_NODEV, true, "rw,noatime" },
		{ MOUNT_ATTR_RDONLY, 0, true, "ro,noatime" },
		{ MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME, true, "rw" },
		{ MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME, true, "rw,relatime" },
		{ MOUNT_ATTR_NODIRATIME, MOUNT_ATTR__ATIME, true, "rw,nodiratime,relatime" },
		{ MOUNT_ATTR_NOSYMFOLLOW, 0, true, "rw,noatime,nosymfollow" },
	};

	begin();
	box_standard(b);
	box_symlink(b, "/bin/tail", "busybox");
	outside("tmpfs", source, MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char want[128];

		b->plan.mounts.n = 3;
		box_mount(b, BIND(source, "/mnt", .attr_set = cases[i].set,
				  .attr_clear = cases[i].clear, .flags_given = cases[i].given));
		run_ok(OPTIONS_OF("/mnt"));
		snprintf(want, sizeof(want), "%s\n", cases[i].want);
		CHECK_STR(b->out, want);
	}
}

TEST(flags_are_locked_in_a_user_namespace)
{
	static const struct {
		uint64_t set, clear;
		const char *want; /* NULL: refused */
	} cases[] = {
		/* the source: ro,nosuid,nodev */
		{ MOUNT_ATTR_NOEXEC, 0, "ro,nosuid,nodev,noexec,relatime" },
		{ MOUNT_ATTR_RDONLY, 0, "ro,nosuid,nodev,relatime" },
		{ 0, MOUNT_ATTR_RDONLY, NULL },
		{ 0, MOUNT_ATTR_NOSUID, NULL },
		{ MOUNT_ATTR_RDONLY, MOUNT_ATTR_NODEV, NULL },
		{ MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME, NULL },
		{ MOUNT_ATTR_NOSYMFOLLOW, 0, "ro,nosuid,nodev,relatime,nosymfollow" },
		{ 0, MOUNT_ATTR_NOSYMFOLLOW, "ro,nosuid,nodev,relatime" },
	};

	begin();
	b->userns = true;
	box_standard(b);
	box_symlink(b, "/bin/tail", "busybox");
	box_mkdir(b, "/mnt");
	outside("tmpfs", source, MS_RDONLY | MS_NOSUID | MS_NODEV, NULL);
	for (size_t i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		size_t k = i / 2;
		char want[128];

		b->plan.mounts.n = 3;
		box_mount(b, BIND(source, "/mnt", .attr_set = cases[k].set,
				  .attr_clear = cases[k].clear, .flags_given = true));
		/* Opened by init, or by the parent, which has no locks. */
		b->sources[3] =
			i % 2 ? open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)
			      : -1;
		if (cases[k].want) {
			run_ok(OPTIONS_OF("/mnt"));
			snprintf(want, sizeof(want), "%s\n", cases[k].want);
			CHECK_STR(b->out, want);
		} else {
			run_fails("operation not permitted");
		}
	}
}

TEST(read_only_may_be_recursive)
{
	static const struct {
		uint64_t set, set_rec;
		const char *want;
	} cases[] = {
		{ MOUNT_ATTR_RDONLY, 0, "ro,relatime\nrw,relatime\n" },
		{ 0, MOUNT_ATTR_RDONLY, "ro,relatime\nro,relatime\n" },
		{ 0, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOATIME,
		  "rw,nosuid,noatime\nrw,nosuid,noatime\n" },
	};
	char sub[PATH_MAX + 8];

	begin();
	box_standard(b);
	snprintf(sub, sizeof(sub), "%s/below", source);
	outside("tmpfs", source, 0, NULL);
	mkdir(sub, 0755);
	outside("tmpfs", sub, 0, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		b->plan.mounts.n = 3;
		box_mount(b,
			  BIND(source, "/mnt", .recursive = true, .attr_set = cases[i].set,
			       .flags_given = cases[i].set != 0, .attr_set_rec = cases[i].set_rec));
		run_ok("grep ' /mnt' /proc/self/mountinfo | cut -d' ' -f6");
		CHECK_STR(b->out, cases[i].want);
	}
}

TEST(bind_is_one_mount_and_rbind_is_all)
{
	char sub[PATH_MAX + 8];

	begin();
	snprintf(sub, sizeof(sub), "%s/below", source);
	mkdir(sub, 0755);
	outside("tmpfs", sub, 0, NULL);
	write_text(below(sub, "/deep"), "deep");
	box_mount(b, BIND(source, "/one"));
	box_mount(b, BIND(source, "/all", .recursive = true));
	run_ok("ls /one/below | wc -l; cat /all/below/deep");
	CHECK_STR(b->out, "0\ndeep");
}

TEST(a_source_may_lie_in_the_root)
{
	begin();
	box_write(b, "/data/f", "inside");
	box_symlink(b, "/data/link", "/etc");
	box_write(b, "/etc/debian_version", "ours");
	box_mount(b, FS("tmpfs", .target = W("/stage")));
	box_mount(b, BIND(source, "/stage/sub"));
	box_mount(b, BIND("/data/f", "/copy", .source_in_root = true));
	box_mount(b, BIND("/stage", "/again", .source_in_root = true, .recursive = true));
	box_mount(b, BIND("/data/link", "/linked", .source_in_root = true));
	run_ok("cat /copy /again/sub/file /linked/debian_version");
	CHECK_STR(b->out, "insidefrom the host\nours");
}

TEST(a_missing_source_is_named)
{
	begin();
	box_mount(b, BIND("/no/such/source", "/mnt"));
	run_fails("mounts[0] (/mnt): source /no/such/source: no such file or directory");
}

TEST(links_as_sources)
{
	char link[PATH_MAX + 8], file[PATH_MAX + 8];

	begin();
	snprintf(link, sizeof(link), "%s/link", source);
	snprintf(file, sizeof(file), "%s/file", source);
	CHECK_INT(symlink("file", link), 0);
	box_mount(b, BIND(link, "/followed"));
	box_mount(b, BIND(link, "/copied", .copy_symlink = true));
	box_mount(b, BIND(file, "/dir/plain", .copy_symlink = true));
	box_write(b, "/x", "");
	box_symlink(b, "/to", "/x");
	box_mount(b, BIND(link, "/to", .src_nofollow = true, .dest_nofollow = true));
	run_ok("cat /followed /dir/plain; readlink /copied; readlink /to");
	CHECK_STR(b->out, "from the host\nfrom the host\nfile\nfile\n");
}

static int make_ext4(void *disk)
{
	execlp("mkfs.ext4", "mkfs.ext4", "-qF", (char *)disk, NULL);
	return 127;
}

/* A file system that can be idmapped: tmpfs can since Linux 6.3, ext4 since 5.12. */
static void outside_with_idmaps(void)
{
	const char *disk = getenv("HULL_TEST_DISK");

	if (probe_kernel_at_least(6, 3)) {
		outside("tmpfs", source, 0, NULL);
		return;
	}
	if (!disk)
		SKIP("tmpfs cannot be idmapped before Linux 6.3, and HULL_TEST_DISK is not set");
	if (test_child(make_ext4, (void *)(uintptr_t)disk) != 0)
		SKIP("tmpfs cannot be idmapped before Linux 6.3, and mkfs.ext4 failed");
	if (mount(disk, source, "ext4", 0, NULL) < 0)
		FAIL("mount %s on %s: %s", disk, source, lc_errno_text(errno));
}

TEST(idmapped_mounts)
{
	int pipe_fds[2], userns;
	char path[64], text[PATH_MAX];
	pid_t pid;

	begin();
	CHECK_INT(pipe(pipe_fds), 0);
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWUSER) < 0)
			_exit(1);
		(void)!write(pipe_fds[1], "x", 1);
		pause();
	}
	CHECK_INT(read(pipe_fds[0], text, 1), 1);
	snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)pid);
	write_text(path, "0 5000 10\n");
	snprintf(path, sizeof(path), "/proc/%d/gid_map", (int)pid);
	write_text(path, "0 6000 10\n");
	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	userns = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	kill(pid, 9);
	waitpid(pid, NULL, 0);
	outside_with_idmaps();
	write_text(below(source, "/f"), "");
	box_mount(b, BIND(source, "/mnt", .idmap = true));
	b->idmaps[0] = userns;
	run_ok("stat -c %u:%g /mnt/f");
	CHECK_STR(b->out, "5000:6000\n");
}

TEST(remount_changes_what_is_there)
{
	begin();
	box_standard(b);
	box_symlink(b, "/bin/tail", "busybox");
	box_mount(b, BIND(source, "/mnt", .attr_set = MOUNT_ATTR_NOEXEC, .flags_given = true));
	box_mount(b, (struct plan_mount){ .kind = MOUNT_REMOUNT,
					  .target = W("/mnt"),
					  .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID,
					  .flags_given = true });
	run_ok(OPTIONS_OF("/mnt"));
	CHECK_STR(b->out, "ro,nosuid,relatime\n");
	b->mounts[4].target = W("/etc");
	run_fails("nothing is mounted there");
}

TEST(propagation_of_one_mount)
{
	static const struct {
		uint64_t propagation;
		const char *want; /* in mountinfo's optional fields */
	} cases[] = {
		{ MS_SHARED, "shared:" },
		{ MS_SLAVE, " - " },
		{ MS_PRIVATE, " - " },
		{ MS_UNBINDABLE, "unbindable" },
	};

	begin();
	box_standard(b);
	for (size_t i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		b->plan.mounts.n = 3;
		box_mount(b, BIND(source, "/mnt", .propagation = cases[i / 2].propagation,
				  .propagation_rec = i % 2));
		run_ok("grep ' /mnt ' /proc/self/mountinfo");
		CHECK_CONTAINS(b->out, cases[i / 2].want);
	}
}

TEST(nothing_leaks_to_a_shared_host)
{
	static const uint64_t host[] = { MS_SLAVE, MS_SHARED, MS_PRIVATE };
	char before[65536], after[65536];
	int fd;

	begin();
	CHECK_INT(mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL), 0);
	box_standard(b);
	box_mask(b, "/proc/kcore");
	for (size_t i = 0; i < ARRAY_SIZE(host); i++) {
		ssize_t n;

		b->plan.root.host_propagation = host[i] | MS_REC;
		b->plan.root.propagation = host[i];
		fd = openat(AT_FDCWD, "/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
		n = read(fd, before, sizeof(before) - 1);
		before[n > 0 ? n : 0] = 0;
		close(fd);
		run_ok("grep ' / ' /proc/self/mountinfo");
		if (host[i] == MS_SHARED)
			CHECK_CONTAINS(b->out, "shared:");
		else if (host[i] == MS_SLAVE)
			CHECK_CONTAINS(b->out, "master:");
		else
			CHECK(!strstr(b->out, "shared:") && !strstr(b->out, "master:"));
		fd = openat(AT_FDCWD, "/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
		n = read(fd, after, sizeof(after) - 1);
		after[n > 0 ? n : 0] = 0;
		close(fd);
		CHECK_STR(after, before);
	}
}

static void mount_below(struct box *box, pid_t pid)
{
	char path[PATH_MAX + 16];

	(void)box;
	(void)pid;
	snprintf(path, sizeof(path), "%s/later", source);
	mkdir(path, 0755);
	outside("tmpfs", path, 0, NULL);
	write_text(below(path, "/x"), "arrived");
}

TEST(what_the_host_mounts_later_comes_in)
{
	begin();
	outside("tmpfs", source, 0, NULL);
	CHECK_INT(mount(NULL, source, NULL, MS_SHARED, NULL), 0);
	box_mount(b, BIND(source, "/mnt", .recursive = true, .propagation = MS_SLAVE,
			  .propagation_rec = true));
	b->ready = mount_below;
	run_ok("cat /mnt/later/x");
	CHECK_STR(b->out, "arrived");
}

/* ---- masks ---- */

TEST(masked_paths_show_nothing)
{
	begin();
	box_standard(b);
	box_write(b, "/secret", "secret");
	box_write(b, "/dir1/f", "secret");
	box_write(b, "/dir2/f", "secret");
	box_symlink(b, "/link", "/secret2");
	box_write(b, "/secret2", "secret");
	box_mask(b, "/secret");
	box_mask(b, "/secret");
	box_mask(b, "/dir1");
	box_mask(b, "/dir2");
	box_mask(b, "/link");
	box_mask(b, "/missing/too");
	box_mask(b, "/proc/uptime");
	b->plan.root.readonly = true;
	run_ok("cat /secret /secret2 /link; ls /dir1 /dir2 | wc -l; stat -c %F /dir1; "
	       "stat -c %d /dir1 /dir2 | uniq | wc -l; stat -c %t:%T /secret /proc/uptime; "
	       "grep -c ' /secret ' /proc/self/mountinfo && ! touch /dir1/x 2>/dev/null && "
	       "[ ! -e /missing ]");
	CHECK_STR(b->out, "3\ndirectory\n1\n1:3\n1:3\n1\n");
}

TEST(a_dangling_link_cannot_be_masked)
{
	begin();
	box_symlink(b, "/link", "/later");
	box_mask(b, "/link");
	run_fails("mask paths: /link: a symbolic link that leads nowhere");
}

/* CVE-2025-31133: the image's /dev/null is not what masks. */
TEST(masks_are_the_hosts_null)
{
	begin();
	box_mount(b, FS("proc", .target = W("/proc")));
	box_write(b, "/secret", "secret");
	box_symlink(b, "/dev/null", "/proc/sys/kernel/core_pattern");
	box_mask(b, "/secret");
	run_ok("stat -c %t:%T /secret; cat /secret");
	CHECK_STR(b->out, "1:3\n");
}

TEST(read_only_paths_keep_their_other_flags)
{
	begin();
	box_standard(b);
	box_symlink(b, "/bin/tail", "busybox");
	b->mounts[0].attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	box_write(b, "/plain/f", "");
	box_readonly(b, "/proc/sys");
	box_readonly(b, "/plain");
	box_readonly(b, "/plain");
	box_readonly(b, "/nothing");
	run_ok(OPTIONS_OF(
		"/proc/sys") " && ! touch /plain/f && grep -c /plain /proc/self/mountinfo");
	CHECK_CONTAINS(b->out, "ro,nosuid,nodev,noexec,relatime\n");
	CHECK_CONTAINS(b->out, "\n1\n");
}

TEST(the_root_can_be_read_only)
{
	begin();
	b->plan.root.readonly = true;
	run_ok("! touch /x && ! touch /tmp/x");
	CHECK_CONTAINS(b->out, "Read-only");
}

/* ---- root ---- */

TEST(without_pivot_no_proc_is_left)
{
	begin();
	b->plan.root.no_pivot = true;
	box_mount(b, FS("proc", .target = W("/proc")));
	box_mask(b, "/proc/sys");
	box_symlink(b, "/bin/unshare", "busybox");
	run_ok("ls /; grep -c 'proc proc' /proc/self/mountinfo; "
	       "unshare -Urmpf sh -c 'mount -t proc proc /proc' && echo mounted; true");
	CHECK_CONTAINS(b->out, "bin\ndev\netc\nproc\nsys\ntmp\n");
	CHECK(!strstr(b->out, "mounted"));
}

TEST(without_a_mount_namespace_it_is_chroot)
{
	begin();
	b->flags &= ~(uint64_t)CLONE_NEWNS;
	b->plan.root.host_propagation = 0;
	b->plan.root.chroot_only = true;
	box_write(b, "/here", "yes");
	run_ok("cat /here");
	CHECK_STR(b->out, "yes");
}

TEST(a_missing_root_is_named)
{
	begin();
	b->plan.root.path = W("/no/such/root");
	run_fails("open the root: open root.path /no/such/root: no such file or directory");
}

TEST(a_root_out_of_reach_is_given_as_a_tree)
{
	begin();
	b->userns = true;
	chmod(test_dir(), 0700);
	run_fails("permission denied");
	b->s.root_tree =
		open_tree(AT_FDCWD, b->root, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	box_mount(b, BIND("", "/mnt"));
	b->sources[0] = open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	box_mkdir(b, "/mnt");
	run_ok("cat /mnt/file");
	CHECK_STR(b->out, "from the host\n");
	chmod(test_dir(), 0755);
}

/* ---- devices ---- */

static struct plan_device device(const char *path, char type, uint32_t major, uint32_t minor,
				 uint32_t mode)
{
	return (struct plan_device){
		.path = W(path), .type = type, .major = major, .minor = minor, .mode = mode
	};
}

TEST(devices_are_exact)
{
	struct plan_device owned = device("/dev/owned", 'c', 10, 200, 0640);

	begin();
	owned.uid = 5;
	owned.gid = 6;
	box_device(b, device("/dev/one", 'c', 1, 5, 0666));
	box_device(b, device("/dev/sub/two", 'b', 7, 77, 0421));
	box_device(b, device("/dev/fifo/", 'p', 0, 0, 0622));
	box_device(b, device("/elsewhere/three", 'c', 1, 3, 04755));
	box_device(b, owned);
	umask(077);
	run_ok("stat -c '%n %F %t:%T %a %u:%g' /dev/one /dev/sub/two /dev/fifo /elsewhere/three "
	       "/dev/owned");
	CHECK_STR(b->out, "/dev/one character special file 1:5 666 0:0\n"
			  "/dev/sub/two block special file 7:4d 421 0:0\n"
			  "/dev/fifo fifo 0:0 622 0:0\n"
			  "/elsewhere/three character special file 1:3 4755 0:0\n"
			  "/dev/owned character special file a:c8 640 5:6\n");
	/* Once more: they are there already. */
	b->devices[0].mode = 0600;
	run_ok("stat -c %a /dev/one");
	CHECK_STR(b->out, "600\n");
}

TEST(another_file_in_the_place_is_an_error)
{
	struct plan_device zero = device("/dev/zero", 'c', 1, 5, 0666);

	begin();
	box_write(b, "/dev/zero", "text");
	box_device(b, zero);
	run_fails("make devices: /dev/zero: /dev/zero exists and is not the device c 1:5");
	unlink(box_path(b, "/dev/zero"));
	CHECK_INT(mknod(box_path(b, "/dev/zero"), S_IFCHR | 0600, makedev(1, 3)), 0);
	run_fails("exists and is not the device c 1:5");
	unlink(box_path(b, "/dev/zero"));
	CHECK_INT(mknod(box_path(b, "/dev/zero"), S_IFCHR | 0600, makedev(1, 5)), 0);
	b->devices[0].standard = true;
	run_ok("stat -c %a /dev/zero"); /* the right one stays as it is */
	CHECK_STR(b->out, "600\n");
}

TEST(links_are_put_right)
{
	begin();
	box_mount(b, FS("proc", .target = W("/proc")));
	CHECK_INT(mknod(box_path(b, "/dev/ptmx"), S_IFCHR | 0600, makedev(5, 2)), 0);
	box_symlink(b, "/dev/fd", "/etc");
	box_link(b, "/dev/ptmx", "pts/ptmx");
	box_link(b, "/dev/fd", "/proc/self/fd");
	box_link(b, "/dev/core", "/proc/kcore");
	box_link(b, "/dev/no", "/proc/nothing");
	b->links[2].if_target_exists = true;
	b->links[3].if_target_exists = true;
	b->links[1].if_target_exists = true;
	run_ok("readlink /dev/ptmx; readlink /dev/fd; [ ! -L /dev/no ] && { [ -L /dev/core ] || "
	       "[ ! -e /proc/kcore ]; }");
	CHECK_STR(b->out, "pts/ptmx\n/proc/self/fd\n");
}

/* CVE-2026-41579, CVE-2026-47766: nothing is made, removed or changed out there. */
TEST(a_dev_that_leads_out_is_refused)
{
	char canary[PATH_MAX];
	static const char *const links[] = { "", "../../../../../../../../..", "/proc/1/root",
					     "/proc/self/cwd/.." };

	begin();
	snprintf(canary, sizeof(canary), "%s/canary", test_dir());
	mkdir(canary, 0755);
	write_text(below(canary, "/ptmx"), "untouched");
	write_text(below(canary, "/null"), "untouched");
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		char target[2 * PATH_MAX];

		rmdir(box_path(b, "/dev"));
		unlink(box_path(b, "/dev"));
		snprintf(target, sizeof(target), "%s%s", links[i], canary);
		box_symlink(b, "/dev", target);
		b->plan.devices.n = b->plan.symlinks.n = 0;
		box_device(b, device("/dev/null", 'c', 1, 3, 0666));
		run_fails("/dev");
		b->plan.devices.n = 0;
		box_link(b, "/dev/ptmx", "pts/ptmx");
		run_fails("/dev");
		CHECK_STR(read_text(below(canary, "/ptmx")), "untouched");
		CHECK_STR(read_text(below(canary, "/null")), "untouched");
	}
}

TEST(cgroup_without_a_namespace_is_its_own_directory)
{
	char path[PATH_MAX + 16];
	const char *group;

	begin();
	snprintf(path, sizeof(path), "%s/cgroup", test_dir());
	mkdir(path, 0755);
	outside("cgroup2", path, 0, NULL);
	box_mount(b, (struct plan_mount){ .kind = MOUNT_CGROUP,
					  .fstype = W("cgroup2"),
					  .source = W("cgroup"),
					  .target = W("/sys/fs/cgroup"),
					  .attr_set = MOUNT_ATTR_RDONLY });
	run_fails("neither a cgroup namespace nor a cgroup");
	group = below(path, "/init-box-test");
	mkdir(group, 0755);
	b->s.cgroup_path = group;
	run_ok("[ -e /sys/fs/cgroup/cgroup.events ] && ! mkdir /sys/fs/cgroup/x");
	rmdir(group);
	b->plan.ns.of[NS_CGROUP].how = NS_NEW;
	b->s.cgroup_path = NULL;
	run_ok("[ -e /sys/fs/cgroup/cgroup.procs ] && ! mkdir /sys/fs/cgroup/x");
}

TEST(overlay_takes_long_lists)
{
	char list[8192] = "lowerdir=", dir[PATH_MAX + 64];
	static char *data[2];
	size_t n;

	begin();
	outside("tmpfs", source, 0, NULL);
	for (int i = 0; i < 12; i++) {
		n = strlen(list);
		snprintf(dir, sizeof(dir), "%s/a-rather-long-name-of-a-layer-%02d", source, i);
		mkdir(dir, 0755);
		write_text(below(dir, i ? "/low" : "/top"), dir);
		snprintf(list + n, sizeof(list) - n, "%s%s", i ? ":" : "", dir);
	}
	CHECK(strlen(list) > 300);
	data[0] = list;
	box_mount(b,
		  FS("overlay", .target = W("/over"), .source = W("overlay"), .data = { data, 1 }));
	box_mount(b, FS("tmpfs", .target = W("/over/mnt"))); /* fails: the overlay has no upper */
	b->plan.mounts.n = 1;
	run_ok("ls /over; cat /over/low");
	CHECK_CONTAINS(b->out, "low\ntop\n");
	CHECK_CONTAINS(b->out, "-01");
}
