/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Terminals, and seccomp filters with all that they may forbid. */
#include "init-box.h"
#include "base/own.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define W(text) ((char *)(uintptr_t)(text))

static struct box *b;
static int console[2];

static void begin(void)
{
	need_root();
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		SKIP("cannot make a mount namespace: %s", lc_errno_text(errno));
	b = box_new();
	box_standard(b);
}

/* ---- terminals ---- */

static char typed[8192];
static int master = -1;
static struct winsize size;

static void take_master(struct box *box, pid_t pid)
{
	size_t n = 0;
	char name[64];

	(void)box;
	(void)pid;
	if (fd_recv(console[0], name, sizeof(name), &master, 1, &n) <= 0 || n != 1)
		FAIL("no master came");
	CHECK_INT(ioctl(master, TIOCGWINSZ, &size), 0);
}

static int run_on_terminal(const char *script)
{
	size_t have = 0;
	ssize_t n;
	int ret;

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, console), 0);
	b->process.terminal = true;
	b->s.console_socket = console[1];
	b->ready = take_master;
	ret = box_run(b, script);
	typed[0] = 0;
	if (master >= 0) {
		while ((n = read(master, typed + have, sizeof(typed) - 1 - have)) > 0)
			have += (size_t)n;
		typed[have] = 0;
		fd_release(&master);
	}
	close(console[0]);
	return ret;
}

TEST(a_terminal_is_the_containers_own)
{
	static char *gid[] = { (char *)"newinstance", (char *)"ptmxmode=0666", (char *)"mode=0620",
			       (char *)"gid=5", NULL };

	begin();
	box_device(b, (struct plan_device){
			      .path = W("/dev/tty"), .type = 'c', .major = 5, .mode = 0666 });
	b->mounts[2].data = (struct strs){ gid, 4 };
	b->process.user.uid = 1000;
	b->process.console_width = 123;
	b->process.console_height = 45;
	CHECK_INT(run_on_terminal("tty; for i in 0 1 2; do readlink /proc/self/fd/$i; done; "
				  "stat -c %u:%g:%a /dev/pts/0; stty size; echo x >/dev/tty; "
				  "stat -c %t:%T /dev/console"),
		  0);
	CHECK_STR(typed, "/dev/pts/0\r\n/dev/pts/0\r\n/dev/pts/0\r\n/dev/pts/0\r\n1000:5:620\r\n"
			 "45 123\r\nx\r\n88:0\r\n");
}

/* However quick the program is: the one above has "\r\n", which engines expect. */
TEST(newlines_stay_where_the_caller_copies_them)
{
	begin();
	b->s.keep_newlines = true;
	CHECK_INT(run_on_terminal("echo one; echo two >/dev/console"), 0);
	CHECK_STR(typed, "one\ntwo\n");
}

TEST(a_huge_terminal_does_no_harm)
{
	begin();
	b->process.console_width = UINT32_MAX;
	b->process.console_height = 1;
	CHECK_INT(run_on_terminal("true"), 0);
	CHECK_INT(size.ws_col, 65535);
	CHECK_INT(size.ws_row, 1);
}

TEST(console_is_there_on_a_read_only_root_without_a_dev)
{
	begin();
	b->mounts[1] = b->mounts[2]; /* no tmpfs on /dev */
	b->plan.mounts.n = 2;
	b->plan.root.readonly = true;
	CHECK_INT(run_on_terminal("echo hi >/dev/console"), 0);
	CHECK_STR(typed, "hi\r\n");
}

TEST(a_terminal_needs_a_devpts)
{
	begin();
	b->plan.mounts.n = 2;
	CHECK_INT(run_on_terminal("true"), -1);
	CHECK_CONTAINS(b->e.msg, "process.terminal needs a devpts mounted on /dev/pts");
	box_mount(b, (struct plan_mount){
			     .kind = MOUNT_FS, .fstype = W("tmpfs"), .target = W("/dev/pts") });
	box_device(b, (struct plan_device){ .path = W("/dev/pts/ptmx"),
					    .type = 'c',
					    .major = 1,
					    .minor = 3,
					    .mode = 0666 });
	CHECK_INT(run_on_terminal("true"), -1);
	CHECK_CONTAINS(b->e.msg, "what is there is none");
}

/* CVE-2025-52565, CVE-2026-88264: the image's idea of /dev/console. */
TEST(console_is_never_made_elsewhere)
{
	char canary[PATH_MAX];

	begin();
	b->mounts[1] = b->mounts[2];
	b->plan.mounts.n = 2;
	snprintf(canary, sizeof(canary), "%s/canary", test_dir());
	box_symlink(b, "/dev/console", canary);
	CHECK_INT(run_on_terminal("true"), -1);
	CHECK_CONTAINS(b->e.msg,
		       "/dev/console: console exists and is no file to mount a device on");
	CHECK(access(canary, F_OK) < 0);
	write_text(canary, "text");
	CHECK_INT(run_on_terminal("true"), -1);
	CHECK_STR(read_text(canary), "text");
}

TEST(a_terminal_without_anyone_to_take_it)
{
	begin();
	b->process.terminal = true;
	CHECK_INT(box_run(b, "true"), -1);
	CHECK_CONTAINS(b->e.msg, "there is no console socket");
}

/* ---- filters ---- */

static struct sock_filter filter[256];

/* A filter with @action for each of @calls, and "allow" for all others. */
static void make_filter(const int *calls, size_t n, uint32_t action)
{
	size_t at = 0;

	filter[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						    offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < n; i++) {
		filter[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							    (uint32_t)calls[i], 0, 1);
		filter[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
	}
	filter[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	b->plan.seccomp.filter.v = (uint8_t *)filter;
	b->plan.seccomp.filter.n = at * sizeof(filter[0]);
}

static int run_filtered(bool early, bool fifo)
{
	b->plan.seccomp.early = early;
	b->process.no_new_privs = !early;
	b->fifo = fifo;
	return box_run(b, "grep ^Seccomp: /proc/self/status");
}

static const int set_up_calls[] = {
	SYS_close_range,   SYS_fsopen,	     SYS_fsconfig,   SYS_fspick,	SYS_fsmount,
	SYS_openat2,	   SYS_open_tree,    SYS_move_mount, SYS_mount_setattr, SYS_personality,
	SYS_mount,	   SYS_umount2,	     SYS_pivot_root, SYS_setns,		SYS_unshare,
	SYS_sched_setattr, SYS_ioprio_set,   SYS_setgroups,  SYS_setresuid,	SYS_setresgid,
	SYS_keyctl,	   SYS_sethostname,  SYS_mknodat,    SYS_sendmsg,	SYS_recvmsg,
	SYS_sendto,	   SYS_memfd_create, SYS_seccomp,    SYS_capget,	SYS_statfs,
	SYS_fstatfs,	   SYS_umask,	     SYS_clone3,
};

/* Everything that can be done before the filter is: it may kill for all of these. */
TEST(a_filter_may_forbid_all_of_the_set_up)
{
	begin();
	make_filter(set_up_calls, ARRAY_SIZE(set_up_calls), SECCOMP_RET_KILL_PROCESS);
	for (int i = 0; i < 8; i++) {
		b->process.user.uid = i & 4 ? 1000 : 0;
		b->process.caps = (struct plan_caps){ 0x20, 0x20, 0x20, 0x20, 0, true };
		if (run_filtered(i & 1, i & 2) != 0)
			FAIL("early %d, fifo %d: %s %s", i & 1, i & 2, b->e.msg, b->out);
		CHECK_STR(b->out, "Seccomp:\t2\n");
	}
}

TEST(a_late_filter_sees_only_reads_writes_and_execve)
{
	static const int more[] = { SYS_capset, SYS_chdir,  SYS_getcwd,
				    SYS_fcntl,	SYS_setsid, SYS_fstat };
	int calls[ARRAY_SIZE(set_up_calls) + ARRAY_SIZE(more)];

	begin();
	memcpy(calls, set_up_calls, sizeof(set_up_calls));
	memcpy(calls + ARRAY_SIZE(set_up_calls), more, sizeof(more));
	make_filter(calls, ARRAY_SIZE(calls), SECCOMP_RET_KILL_PROCESS);
	b->plan.seccomp.early = false;
	b->process.no_new_privs = true;
	for (int fifo = 0; fifo < 2; fifo++) {
		b->fifo = fifo;
		b->process.args.n = 0;
		box_arg(b, "/bin/true");
		if (box_run(b, NULL) != 0)
			FAIL("fifo %d: %s", fifo, b->e.msg);
	}
}

TEST(hooks_run_under_the_filter)
{
	static const int calls[] = { SYS_mkdir, SYS_mkdirat };
	static char *args[] = { (char *)"mkdir", (char *)"/tmp/x", NULL };
	static struct plan_hook hook = { .path = (char *)"/bin/mkdir", .args = { args, 2 } };

	begin();
	make_filter(calls, ARRAY_SIZE(calls), SECCOMP_RET_KILL_PROCESS);
	b->plan.hooks.start_container.v = &hook;
	b->plan.hooks.start_container.n = 1;
	b->s.state_created = b->s.state_tail = "";
	b->process.no_new_privs = true;
	b->fifo = true;
	CHECK_INT(box_run(b, "true"), -1);
	CHECK_STR(b->e.msg, "error running startContainer hook #0: /bin/mkdir: signal: bad system "
			    "call");
}

/* ---- listeners ---- */

static pid_t agent;
static int counted[2];

/* The agent: lets every call go on, and counts them. */
static void start_agent(struct box *box, int listener)
{
	(void)box;
	CHECK(listener >= 0);
	fflush(stdout);
	agent = fork();
	if (agent)
		return;
	for (;;) {
		struct seccomp_notif call = { 0 };
		struct seccomp_notif_resp answer = { .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0) {
			if (errno == EINTR || errno == ENOENT)
				continue;
			_exit(0);
		}
		(void)!write(counted[1], "x", 1);
		answer.id = call.id;
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
}

/* Every call but write, and those that the agent's own start would need, is notified. */
TEST(a_listener_may_be_asked_for_everything)
{
	static const int calls[] = {
		SYS_execve,  SYS_openat,  SYS_open,  SYS_read,	 SYS_close,	   SYS_fcntl,
		SYS_sendmsg, SYS_recvmsg, SYS_prctl, SYS_capset, SYS_chdir,	   SYS_getcwd,
		SYS_brk,     SYS_mmap,	  SYS_wait4, SYS_exit,	 SYS_rt_sigaction,
	};

	begin();
	make_filter(calls, ARRAY_SIZE(calls), SECCOMP_RET_USER_NOTIF);
	b->plan.seccomp.listener_path = W("/unused");
	b->notify = start_agent;
	CHECK_INT(pipe(counted), 0);
	for (int i = 0; i < 4; i++) {
		if (run_filtered(i & 1, i & 2) != 0)
			FAIL("early %d, fifo %d: %s %s", i & 1, i & 2, b->e.msg, b->out);
		CHECK_STR(b->out, "Seccomp:\t2\n");
		kill(agent, 9);
		waitpid(agent, NULL, 0);
	}
}

TEST(the_program_has_no_listener_and_no_zombie)
{
	static const int calls[] = { SYS_mkdir };

	begin();
	make_filter(calls, ARRAY_SIZE(calls), SECCOMP_RET_USER_NOTIF);
	b->plan.seccomp.listener_path = W("/unused");
	b->notify = start_agent;
	b->process.no_new_privs = true;
	b->fifo = true;
	CHECK_INT(pipe(counted), 0);
	CHECK_INT(box_run(b,
			  "ls /proc/self/fd | tr '\\n' ' '; cat /proc/[0-9]*/stat | grep -c ' Z '"),
		  1);
	CHECK_STR(b->out, "0 1 2 3 0\n");
	kill(agent, 9);
}

TEST(a_filter_that_is_none_is_an_error)
{
	begin();
	memset(filter, 0xff, sizeof(filter));
	b->plan.seccomp.filter.v = (uint8_t *)filter;
	b->plan.seccomp.filter.n = 16;
	CHECK_INT(run_filtered(false, true), -1);
	CHECK_CONTAINS(b->e.msg,
		       "load seccomp: seccomp filter of 16 bytes, flags 0: invalid argument");
}
