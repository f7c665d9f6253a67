/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System call wrappers, descriptors, the private procfs and the facts of the host. */
#include "sys/sys.h"
#include "base/own.h"
#include "base/str.h"
#include "enosys.h"
#include "lc_test.h"
#include "sys/fd.h"
#include "sys/probe.h"
#include "sys/procfs.h"
#include "sys/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static bool fd_is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void own_mounts(void)
{
	if (unshare(CLONE_NEWNS) < 0)
		SKIP("no mount namespace: %s", lc_errno_text(errno));
	CHECK_INT(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
}

/* ---- trees ---- */

/* The lower file has a device number of its own, its directory that of the overlay. */
TEST(a_tree_of_an_overlay_is_removed_and_what_is_mounted_in_one_is_not)
{
	static const char *const dirs[] = { "/tmp/l",	   "/tmp/l/tree",   "/tmp/l/tree/below",
					    "/tmp/u",	   "/tmp/u/up",	    "/tmp/u/work",
					    "/tmp/merged", "/tmp/l/tree/m", NULL };
	struct lc_error e = { 0 };
	auto_fd file = -1;

	own_mounts();
	CHECK_INT(mount("tmpfs", "/tmp", "tmpfs", 0, NULL), 0);
	CHECK_INT(mkdir("/tmp/u", 0755), 0);
	CHECK_INT(mount("tmpfs", "/tmp/u", "tmpfs", 0, NULL), 0);
	for (const char *const *d = dirs; *d; d++)
		CHECK(mkdir(*d, 0755) == 0 || errno == EEXIST);
	file = openat(AT_FDCWD, "/tmp/l/tree/below/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	CHECK(file >= 0);
	if (mount("overlay", "/tmp/merged", "overlay", 0,
		  "lowerdir=/tmp/l,upperdir=/tmp/u/up,workdir=/tmp/u/work") < 0)
		SKIP("no overlay: %s", lc_errno_text(errno));
	CHECK_INT(mount("/tmp/merged/tree/below", "/tmp/merged/tree/m", NULL, MS_BIND, NULL), 0);
	CHECK_INT(tree_remove(AT_FDCWD, "/tmp/merged/tree", &e), -1);
	CHECK_CONTAINS(e.msg, "m: another file system is mounted there");
	CHECK_INT(umount2("/tmp/merged/tree/m", 0), 0);
	CHECK_OK(tree_remove(AT_FDCWD, "/tmp/merged/tree", &e), &e);
	CHECK_ERRNO(access("/tmp/merged/tree", F_OK), ENOENT);
}

/* ---- close_range ---- */

static void check_close_range(void)
{
	for (int fd = 100; fd < 400; fd++)
		CHECK_INT(dup2(0, fd), fd);
	CHECK_INT(sys_close_range(110, 119, CLOSE_RANGE_CLOEXEC), 0);
	CHECK_INT(fcntl(109, F_GETFD), 0);
	CHECK_INT(fcntl(110, F_GETFD), FD_CLOEXEC);
	CHECK_INT(fcntl(119, F_GETFD), FD_CLOEXEC);
	CHECK_INT(fcntl(120, F_GETFD), 0);
	CHECK_INT(sys_close_range(103, 105, 0), 0);
	CHECK(fd_is_open(102) && !fd_is_open(103) && !fd_is_open(105) && fd_is_open(106));
	CHECK_INT(sys_close_range(107, UINT_MAX, 0), 0);
	for (int fd = 107; fd < 420; fd++)
		CHECK(!fd_is_open(fd));
	CHECK(fd_is_open(100) && fd_is_open(106) && fd_is_open(0) && fd_is_open(1));
	CHECK_ERRNO(sys_close_range(9, 8, 0), EINVAL);
	CHECK_ERRNO(sys_close_range(900, 901, 1 << 20), EINVAL);
	CHECK_INT(sys_close_range(900, 901, CLOSE_RANGE_UNSHARE), 0);
}

TEST(close_range_closes_what_it_says)
{
	check_close_range();
}

TEST(close_range_closes_what_it_says_without_the_call)
{
	without_syscall(SYS_close_range, ENOSYS);
	check_close_range();
}

TEST(close_range_closes_what_it_says_without_openat2_too)
{
	without_syscall(SYS_close_range, ENOSYS);
	without_syscall(SYS_openat2, ENOSYS);
	check_close_range();
}

TEST(close_range_is_not_fooled_by_a_false_proc)
{
	own_mounts();
	CHECK_INT(mount("tmpfs", "/proc", "tmpfs", 0, NULL), 0);
	CHECK_INT(sys_close_range(900, 901, 0), 0);
	without_syscall(SYS_close_range, ENOSYS);
	CHECK_ERRNO(sys_close_range(900, 901, 0), ENOSYS);
}

TEST(close_range_is_not_fooled_by_a_mount_on_proc_self_fd)
{
	char path[64];

	own_mounts();
	snprintf(path, sizeof(path), "/proc/%d/fd", getpid());
	CHECK_INT(mount("tmpfs", path, "tmpfs", 0, NULL), 0);
	without_syscall(SYS_close_range, ENOSYS);
	CHECK_ERRNO(sys_close_range(900, 901, 0), EXDEV);
}

/* ---- mounts ---- */

static int fs_context(const char *fstype)
{
	int fs = sys_fsopen(fstype);

	if (fs < 0 && errno == EPERM)
		SKIP("fsopen: %s", lc_errno_text(errno));
	CHECK(fs >= 0);
	CHECK_INT(fcntl(fs, F_GETFD), FD_CLOEXEC);
	return fs;
}

TEST(a_mount_is_made_by_descriptors)
{
	auto_fd fs = fs_context("tmpfs"), mnt = -1, clone = -1, file = -1, again = -1;
	struct mount_attr ro = { .attr_set = MOUNT_ATTR_RDONLY };
	uint64_t a, b;

	own_mounts();
	CHECK_INT(sys_fsconfig_string(fs, "size", "64k"), 0);
	CHECK_INT(sys_fsconfig_string(fs, "mode", "0700"), 0);
	CHECK_INT(sys_fsconfig_create(fs), 0);
	mnt = sys_fsmount(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSYMFOLLOW);
	CHECK(mnt >= 0 && fcntl(mnt, F_GETFD) == FD_CLOEXEC);
	CHECK(fd_is_fs(mnt, TMPFS_MAGIC));
	CHECK_INT(sys_mount_id(mnt, "", AT_EMPTY_PATH, &a), 0);
	CHECK_INT(sys_move_mount(mnt, AT_FDCWD, test_dir()), 0);
	CHECK_INT(sys_mount_id(AT_FDCWD, test_dir(), 0, &b), 0);
	CHECK_INT(a, b);
	/* Attached by now: a detached mount can be cloned since Linux 6.15 only. */
	clone = sys_open_tree(mnt, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
	CHECK(clone >= 0 && fcntl(clone, F_GETFD) == FD_CLOEXEC);
	CHECK_INT(sys_mount_id(clone, "", AT_EMPTY_PATH, &b), 0);
	CHECK(a != b);
	CHECK_INT(sys_mount_setattr(clone, "", AT_EMPTY_PATH, &ro), 0);
	file = openat(mnt, "f", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	CHECK(file >= 0);
	CHECK_ERRNO(openat(clone, "g", O_CREAT | O_WRONLY, 0600), EROFS);
	CHECK_INT(symlinkat("f", mnt, "link"), 0);
	CHECK_ERRNO(openat(mnt, "link", O_RDONLY), ELOOP);
	again = sys_fspick(mnt, "", FSPICK_EMPTY_PATH);
	CHECK(again >= 0);
	CHECK_INT(sys_fsconfig_flag(again, "ro"), 0);
	CHECK_INT(sys_fsconfig_reconfigure(again), -1); /* busy: a file is open for writing */
	fd_release(&file);
	fd_release(&again); /* of no use after a failure */
	again = sys_fspick(AT_FDCWD, test_dir(), FSPICK_NO_AUTOMOUNT);
	CHECK_INT(sys_fsconfig_flag(again, "ro"), 0);
	CHECK_INT(sys_fsconfig_reconfigure(again), 0);
	CHECK_ERRNO(openat(mnt, "h", O_CREAT | O_WRONLY, 0600), EROFS);
	CHECK_INT(umount2(test_dir(), MNT_DETACH), 0);
}

TEST(the_kernel_says_what_is_wrong_with_an_option)
{
	auto_fd fs = fs_context("tmpfs");
	struct lc_error e;
	char text[256] = "";

	CHECK(!sys_fs_reason(fs, text, sizeof(text)));
	CHECK_INT(sys_fsconfig_string(fs, "nosiud", "1"), -1);
	CHECK_INT(sys_fsconfig_flag(fs, "x"), -1);
	errno = EXDEV;
	CHECK(sys_fs_reason(fs, text, sizeof(text)));
	CHECK_INT(errno, EXDEV);
	CHECK_STR(text, "tmpfs: Unknown parameter 'x'"); /* the last one */
	CHECK(!sys_fs_reason(fs, text, sizeof(text)));
	CHECK_INT(sys_fsconfig_string(fs, "nosiud", "1"), -1);
	CHECK_INT(sys_fs_error(&e, fs, "mounts[%d]", 2), -1);
	CHECK_STR(e.msg, "mounts[2]: tmpfs: Unknown parameter 'nosiud'");
	CHECK_INT(e.sys_errno, EINVAL);
	CHECK_INT(e.code, LC_ESYSTEM);
	errno = EBUSY;
	CHECK_INT(sys_fs_error(&e, fs, "mounts[%d]", 2), -1);
	CHECK_STR(e.msg, "mounts[2]: device or resource busy");
	CHECK_INT(e.sys_errno, EBUSY);
}

TEST(fsconfig_takes_a_descriptor)
{
	auto_fd fs = fs_context("tmpfs");

	CHECK_ERRNO(sys_fsconfig_fd(fs, "size", -1), EINVAL);
	CHECK_INT(sys_fsconfig_fd(fs, "nothing", 0), -1);
}

/* ---- processes ---- */

TEST(a_clone_has_a_pidfd)
{
	int pidfd = -1, p[2];
	struct clone_args args = { .flags = CLONE_PIDFD,
				   .pidfd = (uintptr_t)&pidfd,
				   .exit_signal = SIGCHLD };
	auto_fd self = -1, got = -1;
	siginfo_t info;
	pid_t pid;

	CHECK_INT(pipe2(p, O_CLOEXEC), 0);
	pid = sys_clone3(&args);
	if (pid == 0) {
		char c;

		close(p[1]);
		_exit(read(p[0], &c, 1) == 1 ? 1 : 2);
	}
	CHECK(pid > 0 && pidfd >= 0);
	self = sys_pidfd_open(getpid(), 0);
	CHECK(self >= 0 && fcntl(self, F_GETFD) == FD_CLOEXEC);
	got = sys_pidfd_getfd(self, p[0]);
	CHECK(got >= 0 && fcntl(got, F_GETFD) == FD_CLOEXEC && fd_is_same(got, p[0]));
	CHECK_INT(sys_pidfd_send_signal(pidfd, 0), 0);
	CHECK_INT(sys_pidfd_send_signal(pidfd, SIGKILL), 0);
	CHECK_INT(waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED), 0);
	CHECK_INT(info.si_status, SIGKILL);
	CHECK_ERRNO(sys_pidfd_send_signal(pidfd, 0), ESRCH);
	CHECK_ERRNO(sys_pidfd_open(-1, 0), EINVAL);
}

TEST(capabilities_are_64_bits)
{
	struct sys_caps caps, after;
	uint64_t last = 1ull << probe_cap_last(0);

	CHECK_INT(sys_capget(&caps), 0);
	if (!(caps.effective & last))
		SKIP("not root: the highest capability is not held");
	CHECK(caps.permitted >> 32); /* some of the upper half */
	caps.effective &= ~last;
	caps.inheritable = last;
	CHECK_INT(sys_capset(&caps), 0);
	CHECK_INT(sys_capget(&after), 0);
	CHECK(after.effective == caps.effective && after.permitted == caps.permitted);
	CHECK(after.inheritable == last);
	caps.permitted = caps.effective;
	CHECK_INT(sys_capset(&caps), 0);
	caps.permitted |= last;
	CHECK_ERRNO(sys_capset(&caps), EPERM);
}

TEST(scheduling_memory_and_io_priorities_are_set)
{
	struct sys_sched_attr attr = { .policy = SCHED_BATCH, .nice = 5 };
	unsigned long mask[32] = { 1 }, node = 1;

	CHECK_INT(sys_sched_setattr(0, &attr), 0);
	CHECK_INT(sched_getscheduler(0), SCHED_BATCH);
	attr.policy = 99;
	CHECK_ERRNO(sys_sched_setattr(0, &attr), EINVAL);
	CHECK_INT(sys_sched_setaffinity(0, mask, sizeof(mask)), 0);
	CHECK_INT(sched_getcpu(), 0);
	mask[0] = 0;
	CHECK_ERRNO(sys_sched_setaffinity(0, mask, sizeof(mask)), EINVAL);
	CHECK_INT(sys_ioprio_set(1, 0, 2 << 13 | 7), 0);
	CHECK_INT(syscall(SYS_ioprio_get, 1, 0), 2 << 13 | 7);
	CHECK_ERRNO(sys_ioprio_set(1, 0, 7 << 13), EINVAL);
	if (!probe_numa_node(0))
		SKIP("no NUMA");
	CHECK_INT(sys_set_mempolicy(2, &node, 1), 0); /* MPOL_BIND */
	CHECK_INT(sys_set_mempolicy(0, NULL, 0), 0);
	CHECK_ERRNO(sys_set_mempolicy(99, NULL, 0), EINVAL);
}

TEST(a_session_keyring_is_joined)
{
	char text[256];
	int key = sys_keyctl_join("_ses.test"), len;

	if (key < 0)
		SKIP("keyctl: %s", lc_errno_text(errno));
	len = sys_keyctl_describe(key, text, sizeof(text));
	CHECK_INT(len, strlen(text) + 1);
	CHECK(str_starts(text, "keyring;"));
	CHECK_CONTAINS(text, ";_ses.test");
	CHECK_INT(sys_keyctl_setperm(key, 0x3f3f0000), 0);
	CHECK_INT(sys_keyctl_describe(key, text, sizeof(text)), len);
	CHECK_CONTAINS(text, ";3f3f0000;");
}

TEST(bpf_reaches_the_kernel)
{
	union bpf_attr attr = { 0 };

	CHECK_INT(sys_bpf(9999, &attr, sizeof(attr)), -1);
	CHECK(errno == EINVAL || errno == EPERM);
}

/* ---- descriptors ---- */

TEST(what_a_descriptor_is)
{
	auto_fd null = openat(AT_FDCWD, "/dev/null", O_PATH | O_CLOEXEC);
	auto_fd dir = openat(AT_FDCWD, "/proc", O_RDONLY | O_CLOEXEC);
	auto_fd link = openat(AT_FDCWD, "/proc/self", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char text[64];

	CHECK(fd_is_device(null, S_IFCHR, 1, 3) && !fd_is_device(null, S_IFBLK, 1, 3));
	CHECK(!fd_is_device(null, S_IFCHR, 1, 5) && !fd_is_device(dir, S_IFCHR, 1, 3));
	CHECK(fd_is_type(dir, S_IFDIR) && !fd_is_type(dir, S_IFREG) && !fd_is_type(-1, S_IFDIR));
	CHECK(fd_is_symlink(link) && !fd_is_symlink(dir));
	CHECK(fd_is_fs(dir, PROC_SUPER_MAGIC) && !fd_is_fs(null, PROC_SUPER_MAGIC));
	CHECK(fd_is_same(dir, dir) && !fd_is_same(dir, null) && !fd_is_same(-1, -1));
	CHECK_STR(fd_path(null, text, sizeof(text)), "/dev/null");
	CHECK_STR(fd_path(-7, text, sizeof(text)), "descriptor -7");
	CHECK_STR(fd_path(null, text, 5), "/dev");
	CHECK_INT(fcntl(dir, F_GETFD), FD_CLOEXEC);
	CHECK_INT(fd_set_cloexec(dir, false), 0);
	CHECK_INT(fcntl(dir, F_GETFD), 0);
	CHECK_INT(fd_set_cloexec(dir, true), 0);
	CHECK_INT(fcntl(dir, F_GETFD), FD_CLOEXEC);
	CHECK_ERRNO(fd_set_cloexec(-1, true), EBADF);
}

static void socket_pair(int type, int sv[2])
{
	CHECK_INT(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, sv), 0);
}

/* Number of descriptors that are open. */
static int count_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fd_is_open(fd);
	return n;
}

TEST(descriptors_travel_in_messages)
{
	auto_fd null = openat(AT_FDCWD, "/dev/null", O_RDWR); /* not close-on-exec on purpose */
	int sv[2], got[4], sent[2];
	char text[16];
	size_t n;

	socket_pair(SOCK_SEQPACKET, sv);
	sent[0] = null;
	sent[1] = sv[0];
	CHECK_INT(fd_send(sv[0], "hi", 2, sent, 2), 0);
	CHECK_INT(fd_recv(sv[1], text, sizeof(text), got, 4, &n), 2);
	CHECK_INT(n, 2);
	CHECK(fd_is_device(got[0], S_IFCHR, 1, 3));
	CHECK_INT(fcntl(got[0], F_GETFD), FD_CLOEXEC);
	CHECK(fd_is_same(got[1], sv[0]));
	close(got[1]);
	CHECK(got[2] == -1 && got[3] == -1);
	CHECK_INT(fd_send(sv[0], "x", 1, NULL, 0), 0);
	CHECK_INT(fd_recv(sv[1], text, sizeof(text), got, 4, &n), 1);
	CHECK_INT(n, 0);
	CHECK_INT(got[0], -1);
	close(sv[0]);
	CHECK_INT(fd_recv(sv[1], text, sizeof(text), got, 4, &n), 0);
}

TEST(a_message_that_does_not_fit_leaves_nothing)
{
	int sv[2], many[FD_MESSAGE_MAX + 1], got[FD_MESSAGE_MAX], before;
	char text[16];
	size_t n;

	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = 0;
	socket_pair(SOCK_SEQPACKET, sv);
	before = count_fds();
	CHECK_INT(fd_send(sv[0], "a", 1, many, 3), 0);
	CHECK_ERRNO(fd_recv(sv[1], text, sizeof(text), got, 2, &n), EMSGSIZE);
	CHECK(got[0] == -1 && got[1] == -1);
	CHECK_INT(count_fds(), before);
	CHECK_INT(fd_send(sv[0], "a", 1, many, 3), 0);
	CHECK_ERRNO(fd_recv(sv[1], text, sizeof(text), NULL, 0, NULL), EMSGSIZE);
	CHECK_INT(count_fds(), before);
	CHECK_INT(fd_send(sv[0], "0123456789abcdef!", 17, many, 1), 0);
	CHECK_ERRNO(fd_recv(sv[1], text, sizeof(text), got, 2, &n), EMSGSIZE);
	CHECK_INT(count_fds(), before);
	CHECK_INT(fd_send(sv[0], "a", 1, many, FD_MESSAGE_MAX), 0);
	CHECK_INT(fd_recv(sv[1], text, sizeof(text), got, FD_MESSAGE_MAX, &n), 1);
	CHECK_INT(n, FD_MESSAGE_MAX);
	CHECK_ERRNO(fd_send(sv[0], "a", 1, many, FD_MESSAGE_MAX + 1), EINVAL);
	CHECK_ERRNO(fd_send(sv[0], "", 0, many, 1), EINVAL);
	close(sv[1]);
	CHECK_ERRNO(fd_send(sv[0], "a", 1, NULL, 0), EPIPE); /* and no SIGPIPE */
}

/* ---- the private procfs ---- */

static void check_procfs(void)
{
	struct lc_error e;
	auto_fd proc = procfs_open(&e), again = -1, null = -1;
	char text[4096], path[64], want[32];

	if (proc < 0)
		FAIL("%s", e.msg);
	CHECK_INT(fcntl(proc, F_GETFD), FD_CLOEXEC);
	CHECK_INT(procfs_read(proc, "self/stat", text, sizeof(text), &e) > 0, 1);
	snprintf(want, sizeof(want), "%d (", getpid());
	CHECK(str_starts(text, want));
	snprintf(path, sizeof(path), "%d/comm", getpid());
	CHECK_OK(procfs_write(proc, path, "renamed", &e), &e);
	CHECK_INT(procfs_read(proc, "thread-self/comm", text, sizeof(text), &e), 8);
	CHECK_STR(text, "renamed\n");
	CHECK_INT(procfs_write(proc, "self/oom_score_adj", "much\n", &e), -1);
	CHECK_STR(e.msg, "write \"much\" to /proc/self/oom_score_adj: invalid argument");
	CHECK_INT(e.sys_errno, EINVAL);
	CHECK_INT(procfs_write(proc, "self/none", "1", &e), -1);
	CHECK_STR(e.msg, "open /proc/self/none: no such file or directory");
	CHECK_INT(procfs_read(proc, "self/status", text, 16, &e), -1);
	CHECK_STR(e.msg, "read /proc/self/status: file too large");
	CHECK_INT(procfs_open_file(proc, "self/exe", O_RDONLY, &e), -1);
	CHECK_STR(e.msg, "open /proc/self/exe: too many levels of symbolic links");
	CHECK_INT(procfs_open_file(proc, "self/root/etc/passwd", O_RDONLY, &e), -1);
	CHECK_INT(procfs_open_file(proc, "../etc/passwd", O_RDONLY, &e), -1);
	CHECK_STR(e.msg, "/proc/../etc/passwd lies under another mount or leads out of /proc");
	CHECK_INT(procfs_open_file(proc, "/etc/passwd", O_RDONLY, &e), -1);
	null = openat(AT_FDCWD, "/dev/null", O_PATH | O_CLOEXEC);
	again = procfs_reopen(proc, null, O_WRONLY, &e);
	CHECK(again >= 0 && fcntl(again, F_GETFD) == FD_CLOEXEC);
	CHECK_INT(write(again, "x", 1), 1);
	CHECK_INT(procfs_reopen(proc, 999, O_WRONLY, &e), -1);
	CHECK_STR(e.msg, "reopen descriptor 999: no such file or directory");
}

TEST(procfs_is_read_and_written)
{
	check_procfs();
}

TEST(procfs_is_read_and_written_without_fsopen)
{
	without_syscall(SYS_fsopen, EPERM);
	check_procfs();
}

TEST(procfs_is_read_and_written_without_the_mount_calls)
{
	without_syscall(SYS_fsopen, ENOSYS);
	without_syscall(SYS_open_tree, ENOSYS);
	check_procfs();
}

TEST(procfs_is_read_and_written_without_openat2)
{
	without_syscall(SYS_openat2, ENOSYS);
	check_procfs();
}

/* What a hostile mount does to each way of getting a procfs. */
static void cover_self_attr(void)
{
	char path[64];

	own_mounts();
	snprintf(path, sizeof(path), "/proc/%d/attr", getpid());
	CHECK_INT(mount("tmpfs", path, "tmpfs", 0, NULL), 0);
	CHECK_INT(mount("/dev/null", "/proc/sys/kernel/core_pattern", NULL, MS_BIND, NULL), 0);
}

TEST(a_mount_over_a_file_of_proc_is_seen_through)
{
	auto_fd proc = -1, fd = -1;
	struct lc_error e;

	cover_self_attr();
	proc = procfs_open(&e);
	CHECK(proc >= 0);
	fd = procfs_open_file(proc, "self/attr/exec", O_WRONLY, &e);
	if (fd < 0) /* no security module has such a file */
		CHECK_STR(e.msg, "open /proc/self/attr/exec: no such file or directory");
	else
		CHECK(fd_is_fs(fd, PROC_SUPER_MAGIC));
	fd_release(&fd);
	fd = procfs_open_file(proc, "sys/kernel/core_pattern", O_RDONLY, &e);
	CHECK(fd >= 0 && fd_is_fs(fd, PROC_SUPER_MAGIC));
}

TEST(a_copy_of_proc_has_no_mounts_on_it)
{
	auto_fd proc = -1, fd = -1;
	struct lc_error e;

	cover_self_attr();
	without_syscall(SYS_fsopen, EPERM);
	proc = procfs_open(&e);
	CHECK(proc >= 0);
	fd = procfs_open_file(proc, "sys/kernel/core_pattern", O_RDONLY, &e);
	CHECK(fd >= 0 && fd_is_fs(fd, PROC_SUPER_MAGIC));
}

static void check_covered(void)
{
	struct lc_error e;
	auto_fd proc = procfs_open(&e);

	CHECK(proc >= 0);
	CHECK_INT(procfs_open_file(proc, "self/attr", O_RDONLY, &e), -1);
	CHECK_STR(e.msg, "/proc/self/attr lies under another mount or leads out of /proc");
	CHECK_INT(e.sys_errno, EXDEV);
	CHECK_INT(procfs_write(proc, "sys/kernel/core_pattern", "x", &e), -1);
	CHECK_INT(e.sys_errno, EXDEV);
	CHECK_INT(procfs_write(proc, "self/attr/exec", "x", &e), -1);
	CHECK_INT(e.sys_errno, EXDEV);
	CHECK_OK(procfs_write(proc, "self/comm", "fine", &e), &e);
}

TEST(a_mount_over_a_file_of_proc_is_refused_where_it_cannot_be_avoided)
{
	cover_self_attr();
	without_syscall(SYS_fsopen, EPERM);
	without_syscall(SYS_open_tree, EPERM);
	check_covered();
	without_syscall(SYS_openat2, ENOSYS);
	check_covered();
}

TEST(a_false_proc_is_refused)
{
	struct lc_error e;
	int pid = getpid();
	char path[64];

	own_mounts();
	snprintf(path, sizeof(path), "/proc/%d", pid);
	CHECK_INT(mount(path, "/proc", NULL, MS_BIND, NULL), 0); /* a procfs, but not its root */
	without_syscall(SYS_fsopen, EPERM);
	CHECK_INT(procfs_open(&e), -1);
	CHECK_STR(e.msg, "/proc is not the root of a procfs");
	CHECK_INT(mount("tmpfs", "/proc", "tmpfs", 0, NULL), 0);
	CHECK_INT(procfs_open(&e), -1);
	CHECK_STR(e.msg, "/proc is not the root of a procfs");
	without_syscall(SYS_open_tree, EPERM);
	CHECK_INT(procfs_open(&e), -1);
	CHECK_STR(e.msg, "/proc is not the root of a procfs");
}

static int procfs_in_userns(void *arg)
{
	(void)arg;
	if (unshare(CLONE_NEWUSER) < 0)
		SKIP("no user namespace: %s", lc_errno_text(errno));
	check_procfs();
	return 0;
}

TEST(procfs_works_in_a_user_namespace)
{
	int status = test_child(procfs_in_userns, NULL);

	if (status == 77)
		SKIP("no user namespace");
	CHECK_INT(status, 0);
}

/* ---- facts ---- */

TEST(releases_are_compared_by_number)
{
	static const struct {
		const char *release;
		bool ok;
		unsigned major, minor;
	} cases[] = {
		{ "6.1.0-13-amd64", true, 6, 1 },
		{ "5.15", true, 5, 15 },
		{ "10.200-rc1", true, 10, 200 },
		{ "6", false, 0, 0 },
		{ "x.y", false, 0, 0 },
		{ "", false, 0, 0 },
		{ "6.", false, 0, 0 },
		{ "99999999999.1", false, 0, 0 },
	};
	struct lc_error e;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned major = 0, minor = 0;

		CHECK_INT(probe_parse_release(cases[i].release, &major, &minor), cases[i].ok);
		CHECK_INT(major, cases[i].major);
		CHECK_INT(minor, cases[i].minor);
	}
	CHECK(probe_kernel_at_least(5, 15) && !probe_kernel_at_least(99, 0));
	CHECK_OK(probe_kernel(&e), &e);
}

/* Linux answers uname(2) with "2.6.x" under this personality. */
TEST(an_old_kernel_is_refused_by_name)
{
	struct lc_error e;

	CHECK(syscall(SYS_personality, 0x0020000 /* UNAME26 */) >= 0);
	CHECK_INT(probe_kernel(&e), -1);
	CHECK(str_starts(e.msg, "Linux 2.6."));
	CHECK_CONTAINS(e.msg, " is too old: hull needs Linux 5.15 or newer");
	CHECK_INT(e.code, LC_EUNSUPPORTED);
}

/* Known for sure are the kernels on either side of those that got it. */
static void check_lowerdir_add(void)
{
	if (!probe_kernel_at_least(6, 5))
		CHECK(!probe_overlay_lowerdir_add());
	if (probe_kernel_at_least(6, 8))
		CHECK(probe_overlay_lowerdir_add());
}

TEST(facts_agree_with_what_the_kernel_shows)
{
	auto_arena a = { 0 };
	char text[64] = "", want[64];
	auto_fd fd = openat(AT_FDCWD, "/proc/sys/kernel/cap_last_cap", O_RDONLY | O_CLOEXEC);

	CHECK(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	snprintf(want, sizeof(want), "%d\n", probe_cap_last(0));
	CHECK_STR(text, want);
	CHECK(probe_namespace("mnt") && probe_namespace("user") && !probe_namespace("moon"));
	CHECK(probe_filesystem("tmpfs") && probe_filesystem("proc") && !probe_filesystem("moonfs"));
	CHECK(probe_mount_attr(MOUNT_ATTR_RDONLY) && probe_mount_attr(MOUNT_ATTR_NOSYMFOLLOW));
	CHECK(probe_mount_attr(MOUNT_ATTR_IDMAP) && probe_mount_attr(MOUNT_ATTR_NOATIME));
	CHECK(!probe_mount_attr(1u << 30) && !probe_mount_attr(MOUNT_ATTR_RDONLY | 1u << 30));
	if (probe_filesystem("overlay"))
		check_lowerdir_add();
	CHECK(probe_seccomp_action(SECCOMP_RET_ERRNO) && !probe_seccomp_action(0x12340000));
	CHECK(probe_seccomp_flag(SECCOMP_FILTER_FLAG_LOG) && !probe_seccomp_flag(1u << 20));
	CHECK_INT(probe_seccomp_flag(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV),
		  probe_kernel_at_least(5, 19));
	CHECK_CONTAINS(probe_seccomp_actions(&a), "kill_process kill_thread");
	CHECK(!strchr(probe_seccomp_actions(&a), '\n'));
	CHECK(!probe_numa_node(4000));
	CHECK(!strchr(probe_lsms(&a), '\n'));
	CHECK(!probe_apparmor() || strstr(probe_lsms(&a), "apparmor") || !*probe_lsms(&a));
}

static int ask_as_nobody(void *arg)
{
	(void)arg;
	CHECK_INT(setresuid(65534, 65534, 65534), 0);
	CHECK(probe_mount_attr(MOUNT_ATTR_NOSYMFOLLOW | MOUNT_ATTR_IDMAP));
	CHECK(!probe_mount_attr(1u << 30));
	CHECK(probe_filesystem("tmpfs") && !probe_filesystem("moonfs"));
	CHECK(probe_seccomp_flag(SECCOMP_FILTER_FLAG_LOG));
	CHECK(probe_seccomp_action(SECCOMP_RET_USER_NOTIF));
	check_lowerdir_add();
	return 0;
}

TEST(facts_are_known_without_privileges)
{
	if (geteuid() != 0)
		SKIP("not root");
	if (!probe_filesystem("overlay"))
		SKIP("no overlay");
	CHECK_INT(test_child(ask_as_nobody, NULL), 0);
}

/* The map of the first one, which the parent writes, is no proof of it. */
static int userns_is_not_initial(void *arg)
{
	int ready[2], go[2], status;
	pid_t pid;
	char c;

	(void)arg;
	if (pipe(ready) < 0 || pipe(go) < 0)
		return 1;
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWUSER) < 0)
			_exit(77);
		close(go[1]);
		(void)!write(ready[1], "x", 1);
		_exit(read(go[0], &c, 1) != 1 || probe_initial_userns());
	}
	close(ready[1]);
	if (read(ready[0], &c, 1) == 1) {
		static const char map[] = "0 0 4294967295";
		char path[40];

		snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
		auto_fd fd = openat(AT_FDCWD, path, O_WRONLY | O_CLOEXEC);

		if (write(fd, map, sizeof(map) - 1) > 0 || geteuid() != 0)
			(void)!write(go[1], "x", 1);
		close(go[1]);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

TEST(a_user_namespace_is_told_from_the_first_one)
{
	int status = test_child(userns_is_not_initial, NULL);

	if (status == 77)
		SKIP("no user namespace");
	CHECK_INT(status, 0);
}

static bool not_hidden(const char *path, uint64_t id)
{
	(void)path;
	return id != 99;
}

TEST(the_cgroup2_mount_is_found)
{
#define V1    "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
#define NAMED "40 31 0:37 / /sys/fs/cgroup/systemd rw shared:9 - cgroup cgroup rw,name=systemd\n"
#define ROOT  "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
	static const struct {
		const char *mountinfo, *path;
		bool nsdelegate, v1;
	} cases[] = {
		{ ROOT "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 "
		       "rw,nsdelegate,memory_recursiveprot\n",
		  "/sys/fs/cgroup", true, false },
		{ ROOT NAMED "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
		  "/sys/fs/cgroup/unified", false, false },
		{ V1 "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 none rw,nsdelegatex\n",
		  "/sys/fs/cgroup/unified", false, true },
		{ V1 NAMED ROOT, NULL, false, true },
		{ "41 31 0:38 / /mnt/my\\040cgroup\\134x rw - cgroup2 cgroup2 rw\n"
		  "99 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
		  "/mnt/my cgroup\\x", false, false },
		{ "41 31 0:38 / /mnt/a rw - cgroup2 cgroup2 rw\n"
		  "42 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
		  "43 31 0:38 / /mnt/b rw - cgroup2 cgroup2 rw\n",
		  "/sys/fs/cgroup/unified", false, false },
		{ "garbage\n\n1 2\n- - -\n41 31 0:38 /\n x - cgroup2", NULL, false, false },
		{ "41 31 0:38 / /x\\04 rw - cgroup2 c", "/x\\04", false, false },
		{ "", NULL, false, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_arena a = { 0 };
		struct probe_cgroup got;

		probe_cgroup_parse(&a, arena_strdup(&a, cases[i].mountinfo), not_hidden, &got);
		CHECK_STR(got.path, cases[i].path);
		CHECK_INT(got.nsdelegate, cases[i].nsdelegate);
		CHECK_INT(got.v1, cases[i].v1);
	}
}

TEST(the_own_cgroup2_mount_is_used_and_a_hidden_one_is_not)
{
	struct probe_cgroup got;
	auto_arena a = { 0 };
	auto_fd fd = -1;
	struct lc_error e;

	own_mounts();
	if (mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL) < 0 &&
	    errno != EBUSY) /* it is there already */
		SKIP("cgroup2: %s", lc_errno_text(errno));
	CHECK_OK(probe_cgroup(&a, &got, &e), &e);
	CHECK_STR(got.path, "/sys/fs/cgroup");
	fd = openat(AT_FDCWD, got.path, O_PATH | O_CLOEXEC);
	CHECK(fd_is_fs(fd, CGROUP2_SUPER_MAGIC));
	CHECK(probe_own_cgroup(&a) && *probe_own_cgroup(&a) == '/');
	CHECK_INT(mount("tmpfs", "/sys/fs/cgroup", "tmpfs", 0, NULL), 0);
	CHECK_OK(probe_cgroup(&a, &got, &e), &e);
	CHECK(!str_eq(got.path, "/sys/fs/cgroup"));
}
