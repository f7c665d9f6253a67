/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the container's program finds: itself, its directory, its rights; and how it can fail. */
#include "init-box.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static struct box *b;

static void begin(void)
{
	need_root();
	b = box_new();
}

/* Words of string literals are not written to. */
#define W(text) ((char *)(uintptr_t)(text))

static void run_ok(const char *script)
{
	int ret = box_run(b, script);

	if (ret < 0)
		FAIL("init: %s", b->e.msg);
	if (ret)
		FAIL("exit status %d, output: %s", ret, b->out);
}

TEST(the_exit_status_is_the_programs)
{
	begin();
	CHECK_INT(box_run(b, "echo out; echo err >&2; exit 7"), 7);
	CHECK_STR(b->out, "out\nerr\n");
}

TEST(create_and_start_work_by_fifos)
{
	begin();
	b->fifo = true;
	CHECK_INT(box_run(b, "echo hello"), 0);
	CHECK_STR(b->out, "hello\n");
}

TEST(it_is_process_1_in_a_session_of_its_own)
{
	begin();
	box_standard(b);
	run_ok("echo $$; cut -d' ' -f5,6,7 /proc/self/stat");
	CHECK_STR(b->out, "1\n1 1 0\n");
}

TEST(nothing_but_the_standard_streams_is_open)
{
	begin();
	box_standard(b);
	CHECK_INT(dup2(1, 77), 77); /* what the caller forgot */
	run_ok("ls /proc/self/fd | tr '\\n' ' '");
	CHECK_STR(b->out, "0 1 2 3 ");
}

static int open_files(pid_t pid)
{
	struct dirent *entry;
	char path[32];
	int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	if (!dir)
		FAIL("%s", path);
	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

/* 0, 1, 2 and two fifos; the socket is closed once READY has been said over it. */
static void check_open_files(struct box *box, pid_t pid)
{
	int n = 0;

	(void)box;
	for (int i = 0; i < 100 && (n = open_files(pid)) != 5; i++)
		usleep(10000);
	CHECK_INT(n, 5);
}

TEST(between_create_and_start_nothing_else_is_open)
{
	begin();
	box_standard(b);
	box_mask(b, "/proc/kcore");
	box_readonly(b, "/proc/sys");
	b->process.apparmor = NULL;
	b->fifo = true;
	b->ready = check_open_files;
	CHECK_INT(dup2(1, 77), 77);
	run_ok("true");
}

TEST(preserved_descriptors_go_along)
{
	begin();
	box_standard(b);
	CHECK_INT(dup2(1, 3), 3);
	CHECK_INT(dup2(1, 4), 4);
	CHECK_INT(dup2(1, 5), 5);
	b->s.preserve_fds = 2;
	run_ok("ls /proc/self/fd | tr '\\n' ' '");
	CHECK_STR(b->out, "0 1 2 3 4 5 "); /* 5: ls reads the directory */
}

TEST(what_cannot_be_executed)
{
	static const struct {
		const char *program, *message;
		int code;
	} cases[] = {
		{ "nope",
		  "exec: \"nope\": executable file not found in $PATH: no such file or "
		  "directory",
		  LC_ENOENT },
		{ "", "exec: \"\": executable file not found in $PATH: no such file or directory",
		  LC_ENOENT },
		{ "/nope", "exec: \"/nope\": no such file or directory", LC_ENOENT },
		{ "/bin/sh/x", "exec: \"/bin/sh/x\": not a directory", LC_ENOENT },
		{ "/etc", "exec: \"/etc\": is a directory: permission denied", LC_ENOEXEC },
		{ "/plain", "exec: \"/plain\": permission denied", LC_ENOEXEC },
		{ "plain",
		  "exec: \"plain\": executable file not found in $PATH: no such file or "
		  "directory",
		  LC_ENOENT },
		{ "/broken", "exec /broken: exec format error", LC_ENOEXEC },
		{ "/run.sh", "exec /run.sh: no such file or directory", LC_ENOENT },
		{ "run", "exec /bin/run: no such file or directory", LC_ENOENT },
	};

	begin();
	box_write(b, "/plain", "text");
	box_write(b, "/broken", "text");
	chmod(box_path(b, "/broken"), 0755);
	box_write(b, "/run.sh", "#!/no/such/interpreter\n");
	chmod(box_path(b, "/run.sh"), 0755);
	box_write(b, "/bin/run", "#!/no/such/interpreter\n");
	chmod(box_path(b, "/bin/run"), 0755);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		b->process.args.n = 0;
		box_arg(b, cases[i].program);
		b->fifo = i % 2;
		CHECK_INT(box_run(b, NULL), -1);
		CHECK_STR(b->e.msg, cases[i].message);
		CHECK_INT(b->e.code, cases[i].code);
	}
}

TEST(what_is_not_there_fails_before_start)
{
	begin();
	box_arg(b, "nope");
	b->ready = (void (*)(struct box *, pid_t))abort;
	CHECK_INT(box_run(b, NULL), -1);
}

TEST(the_path_is_searched_as_execvp_does)
{
	begin();
	box_mkdir(b, "/first");
	box_write(b, "/first/prog", "#!/bin/sh\necho first\n"); /* not executable: passed over */
	box_write(b, "/second/prog", "#!/bin/sh\necho second\n");
	chmod(box_path(b, "/second/prog"), 0755);
	b->env[0] = W("PATH=/none:/first:/second:/bin");
	box_arg(b, "prog");
	CHECK_INT(box_run(b, NULL), 0);
	CHECK_STR(b->out, "second\n");
}

TEST(without_a_path_there_is_a_usual_one)
{
	begin();
	b->process.env.n = 0;
	b->env[0] = NULL;
	box_arg(b, "echo");
	box_arg(b, "hi");
	CHECK_INT(box_run(b, NULL), 0);
	CHECK_STR(b->out, "hi\n");
}

TEST(a_name_with_a_slash_is_relative_to_cwd)
{
	begin();
	box_write(b, "/tool/prog", "#!/bin/sh\necho here\n");
	chmod(box_path(b, "/tool/prog"), 0755);
	b->process.cwd = W("/tool");
	box_arg(b, "./prog");
	CHECK_INT(box_run(b, NULL), 0);
	CHECK_STR(b->out, "here\n");
}

TEST(a_missing_working_directory_is_made)
{
	begin();
	b->process.cwd = W("/a/b/c");
	run_ok("pwd; stat -c %a:%u /a /a/b/c");
	CHECK_STR(b->out, "/a/b/c\n755:0\n755:0\n");
}

TEST(a_link_to_nowhere_as_working_directory_stays_inside)
{
	begin();
	box_symlink(b, "/link", "/somewhere/else");
	b->process.cwd = W("/link");
	run_ok("pwd -P");
	CHECK_STR(b->out, "/somewhere/else\n");
}

TEST(root_enters_what_the_user_may_not)
{
	begin();
	box_mkdir(b, "/locked");
	chmod(box_path(b, "/locked"), 0700);
	b->process.cwd = W("/locked");
	b->process.user.uid = 1000;
	b->process.user.gid = 1000;
	run_ok("id -u");
	CHECK_STR(b->out, "1000\n");
}

/* CVE-2024-21626: a descriptor of the host's as working directory. */
TEST(no_descriptor_leads_out)
{
	begin();
	box_standard(b);
	int host = openat(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY);

	CHECK_INT(dup2(host, 9), 9);
	for (int fd = 3; fd < 24; fd++) {
		char cwd[64];
		int ret;

		for (int more = 0; more < 2; more++) {
			snprintf(cwd, sizeof(cwd), "/proc/self/fd/%d%s", fd, more ? "/.." : "");
			b->process.cwd = cwd;
			b->fifo = fd % 2;
			ret = box_run(b, "ls usr/bin >/dev/null || ls ../../usr/bin");
			if (ret == 0)
				FAIL("%s: the host's files are there: %s", cwd, b->out);
		}
	}
}

TEST(no_descriptor_leads_to_a_program)
{
	begin();
	box_standard(b);
	int host = openat(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY);

	CHECK_INT(dup2(host, 9), 9);
	for (int fd = 3; fd < 24; fd++) {
		char program[64];

		snprintf(program, sizeof(program), "/proc/self/fd/%d/bin/true", fd);
		b->process.args.n = 0;
		box_arg(b, program);
		if (box_run(b, NULL) == 0 && stat(box_path(b, "/bin/true"), &(struct stat){ 0 }))
			FAIL("%s ran", program);
	}
}

TEST(home_comes_from_the_containers_passwd)
{
	static const struct {
		const char *passwd;
		uint32_t uid;
		const char *want;
	} cases[] = {
		{ "root:x:0:0:r:/root:/bin/sh\nu:x:1000:1000::/home/u:/bin/sh\n", 1000, "/home/u" },
		{ "root:x:0:0:r:/root:/bin/sh\n", 0, "/root" },
		{ "root:x:0:0:r:/root:/bin/sh", 0, "/root" },
		{ "u:x:1000:1000::/home/u", 1000, "/home/u" },
		{ "root:x:0:0:r:/root:/bin/sh\n", 7, "/" },
		{ "1000:x:0:0::/evil:/bin/sh\n", 1000, "/" },
		{ "a:x:01000x:0::/evil:/bin/sh\nb:x:1000:0::/good:\n", 1000, "/good" },
		{ "a:x:1000:0::/first:\nb:x:1000:0::/second:\n", 1000, "/first" },
		{ "a:x:1000\n", 1000, "/" },
		{ "a:x:1000:0::relative:\n", 1000, "/" },
		{ ":::::::\n\n:\n", 0, "/" },
		{ "", 0, "/" },
	};

	begin();
	b->process.home_from_passwd = true;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char want[128];

		box_write(b, "/etc/passwd", cases[i].passwd);
		b->process.user.uid = cases[i].uid;
		run_ok("echo $HOME");
		snprintf(want, sizeof(want), "%s\n", cases[i].want);
		CHECK_STR(b->out, want);
		b->process.env.v[b->process.env.n] = NULL;
	}
}

TEST(an_image_cannot_stop_home)
{
	char *line = malloc(100001);

	begin();
	b->process.home_from_passwd = true;
	b->process.user.uid = 5;
	memset(line, 'x', 100000);
	line[100000] = 0;
	memcpy(line + 99000, "\nu:x:5:5::/five:/bin/sh\n", 24);
	box_write(b, "/etc/passwd", line); /* a line longer than the buffer */
	run_ok("echo $HOME");
	CHECK_STR(b->out, "/five\n");
	unlink(box_path(b, "/etc/passwd"));
	CHECK_INT(mkfifo(box_path(b, "/etc/passwd"), 0644), 0);
	b->process.env.v[b->process.env.n] = NULL;
	run_ok("echo $HOME");
	CHECK_STR(b->out, "/\n");
	unlink(box_path(b, "/etc/passwd"));
	box_symlink(b, "/etc/passwd", "/other/passwd");
	box_write(b, "/other/passwd", "u:x:5:5::/linked:/bin/sh\n");
	b->process.env.v[b->process.env.n] = NULL;
	run_ok("echo $HOME");
	CHECK_STR(b->out, "/linked\n");
}

static void set_caps(uint64_t all, uint64_t inheritable, uint64_t ambient)
{
	b->process.caps = (struct plan_caps){ all, all, all, inheritable, ambient, true };
}

TEST(capabilities_are_exact)
{
	static const struct {
		uint32_t uid;
		uint64_t inheritable, ambient;
		const char *want; /* CapInh CapPrm CapEff CapBnd CapAmb */
	} cases[] = {
		{ 0, 0, 0, "0 420 420 420 0" },
		{ 1000, 0, 0, "0 0 0 420 0" },
		{ 1000, 0x420, 0x20, "420 20 20 420 20" },
		{ 0, 0x400, 0x400, "400 420 420 420 400" },
	};

	begin();
	box_standard(b);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		b->process.user.uid = b->process.user.gid = cases[i].uid;
		set_caps(0x420, cases[i].inheritable, cases[i].ambient);
		run_ok("grep ^Cap /proc/self/status | cut -f2 | sed 's/^0*//; s/^$/0/' | tr '\\n' "
		       "' ' "
		       "| sed 's/ $//'");
		CHECK_STR(b->out, cases[i].want);
	}
}

TEST(an_ambient_capability_that_cannot_be_is_a_warning)
{
	begin();
	b->process.user.uid = 1000;
	set_caps(0x420, 0, 0x20);
	run_ok("true");
	CHECK_CONTAINS(b->log, "can't raise ambient capability 5");
}

TEST(ids_and_groups_are_exact)
{
	static uint32_t groups[] = { 5, 6, 7 };

	begin();
	box_standard(b);
	b->process.user.uid = 1000;
	b->process.user.gid = 1001;
	b->process.user.groups = (struct u32s){ groups, 3 };
	run_ok("grep -E '^(Uid|Gid|Groups)' /proc/self/status");
	CHECK_STR(b->out, "Uid:\t1000\t1000\t1000\t1000\nGid:\t1001\t1001\t1001\t1001\n"
			  "Groups:\t5 6 7 \n");
	b->process.user.groups.n = 0;
	run_ok("grep -E '^Groups' /proc/self/status");
	CHECK_STR(b->out, "Groups:\t \n");
}

TEST(no_new_privs_is_set_when_asked_for)
{
	begin();
	box_standard(b);
	run_ok("grep NoNewPrivs /proc/self/status");
	CHECK_STR(b->out, "NoNewPrivs:\t0\n");
	b->process.no_new_privs = true;
	run_ok("grep NoNewPrivs /proc/self/status");
	CHECK_STR(b->out, "NoNewPrivs:\t1\n");
}

TEST(the_umask_is_the_plans)
{
	begin();
	run_ok("umask");
	CHECK_STR(b->out, "0022\n");
	b->process.user.umask.v = 077;
	run_ok("umask");
	CHECK_STR(b->out, "0077\n");
	b->process.user.umask.set = false;
	umask(027);
	run_ok("umask");
	CHECK_STR(b->out, "0027\n");
}

TEST(limits_are_exact)
{
	static struct plan_rlimit limits[] = {
		{ RLIMIT_NOFILE, 20, 20 },
		{ RLIMIT_CORE, 0, 4096 },
	};

	begin();
	b->process.rlimits.v = limits;
	b->process.rlimits.n = 2;
	run_ok("ulimit -n; ulimit -Hn; ulimit -c");
	CHECK_STR(b->out, "20\n20\n0\n");
	b->s.limits_outside = true;
	run_ok("[ $(ulimit -n) != 20 ]");
}

TEST(signals_are_as_if_nobody_had_touched_them)
{
	sigset_t set;

	begin();
	box_standard(b);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGRTMIN + 3, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	run_ok("grep -E '^Sig(Blk|Ign)' /proc/self/status | cut -f2");
	CHECK_STR(b->out, "0000000000000000\n0000000000000000\n");
}

TEST(names_are_set)
{
	begin();
	box_standard(b);
	b->plan.hostname = W("boxed");
	b->plan.domainname = W("example.net");
	run_ok("hostname; cat /proc/sys/kernel/domainname");
	CHECK_STR(b->out, "boxed\nexample.net\n");
}

TEST(loopback_is_up)
{
	begin();
	b->flags |= CLONE_NEWNET;
	b->plan.loopback_up = true;
	run_ok("ip link show lo");
	CHECK_CONTAINS(b->out, "<LOOPBACK,UP");
	CHECK_CONTAINS(b->out, "LOWER_UP");
}

TEST(sysctls_are_written_even_where_proc_is_read_only)
{
	static struct plan_sysctl sysctls[] = {
		{ (char *)"net.ipv4.ip_forward", (char *)"net/ipv4/ip_forward", (char *)"1" },
		{ (char *)"kernel.msgmax", (char *)"kernel/msgmax", (char *)"4321" },
	};
	const char *before;

	begin();
	box_standard(b);
	b->flags |= CLONE_NEWNET;
	b->plan.sysctls.v = sysctls;
	b->plan.sysctls.n = 2;
	box_readonly(b, "/proc/sys");
	before = strdup(read_text("/proc/sys/kernel/msgmax"));
	run_ok("cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax; "
	       "! echo 5 >/proc/sys/kernel/msgmax");
	CHECK_STR(read_text("/proc/sys/kernel/msgmax"), before);
}

TEST(a_sysctl_that_is_not_there_is_named)
{
	static struct plan_sysctl sysctl = { (char *)"net.nope", (char *)"net/nope", (char *)"1" };

	begin();
	b->plan.sysctls.v = &sysctl;
	b->plan.sysctls.n = 1;
	CHECK_INT(box_run(b, "true"), -1);
	CHECK_STR(b->e.msg, "set sysctls: net.nope: open /proc/sys/net/nope: no such file or "
			    "directory");
}

/* CVE-2019-16884: a fake /proc of the image's. */
TEST(oom_score_adj_goes_to_the_kernels_proc)
{
	begin();
	box_write(b, "/proc/self/oom_score_adj", "fake");
	b->process.oom_score_adj.set = true;
	b->process.oom_score_adj.v = 567;
	box_mount(b, (struct plan_mount){
			     .kind = MOUNT_FS, .fstype = W("proc"), .target = W("/real") });
	run_ok("cat /real/self/oom_score_adj /proc/self/oom_score_adj");
	CHECK_STR(b->out, "567\nfake");
}

TEST(a_program_of_another_user_keeps_its_pipes)
{
	begin();
	box_standard(b);
	b->process.user.uid = 1000;
	run_ok("echo again >/dev/fd/1; stat -L -c %u /dev/fd/1");
	CHECK_STR(b->out, "again\n1000\n");
}

static void give_null(struct box *box)
{
	(void)box;
	dup2(openat(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC), 0);
}

TEST(the_hosts_null_keeps_its_owner)
{
	struct stat st;

	begin();
	b->setup = give_null;
	b->process.user.uid = 1000;
	run_ok("true");
	CHECK_INT(stat("/dev/null", &st), 0);
	CHECK_INT(st.st_uid, 0);
}

static void add_device(struct box *box, pid_t pid)
{
	char path[PATH_MAX];

	(void)pid;
	snprintf(path, sizeof(path), "%s", box_path(box, "/from-hook"));
	write_text(path, "hooked");
}

TEST(the_runtimes_hooks_run_before_the_pivot)
{
	static struct plan_hook nothing = { .path = (char *)"/bin/true" };

	begin();
	b->plan.hooks.create_runtime.v = &nothing;
	b->plan.hooks.create_runtime.n = 1;
	b->hooked = add_device;
	b->plan.root.readonly = true;
	run_ok("cat /from-hook");
	CHECK_STR(b->out, "hooked");
}

TEST(container_hooks_run_where_they_should)
{
	char script[3 * PATH_MAX + 128], seen[PATH_MAX + 128];
	char *outside[] = { W("h"), W("-c"), script, NULL };
	char *inside[] = { W("sh"), W("-c"), W("cat; echo \" $FOO\"; ls /proc/self/fd | wc -l"),
			   NULL };
	static struct plan_hook create, start;

	begin();
	box_standard(b);
	b->s.state_creating = "{\"status\":\"creating\",\"pid\":";
	b->s.state_created = "{\"status\":\"created\",\"pid\":";
	b->s.state_tail = "}";
	box_env(b, "FOO=bar");
	snprintf(script, sizeof(script), "cat >%s/seen; ls -d %s >>%s/seen", b->root, b->root,
		 b->root);
	snprintf(seen, sizeof(seen), "{\"status\":\"creating\",\"pid\":1}%s\n", b->root);
	create = (struct plan_hook){ .path = W("/bin/sh"), .args = { outside, 3 } };
	b->plan.hooks.create_container.v = &create;
	b->plan.hooks.create_container.n = 1;
	b->plan.root.readonly = true;
	run_ok("cat /seen");
	CHECK_STR(b->out, seen);

	inside[2] = W("cat >/tmp/in; echo \" $FOO\" >>/tmp/in; ls /proc/self/fd | wc -l >>/tmp/in");
	b->plan.hooks.create_container.n = 0;
	b->plan.root.readonly = false;
	start = (struct plan_hook){ .path = W("/bin/sh"), .args = { inside, 3 } };
	b->plan.hooks.start_container.v = &start;
	b->plan.hooks.start_container.n = 1;
	b->fifo = true;
	run_ok("cat /tmp/in");
	CHECK_STR(b->out, "{\"status\":\"created\",\"pid\":1} bar\n4\n");
}

/* And not when the parent reads it. */
TEST(steps_tell_how_long_the_one_before_took)
{
	static char *args[] = { W("sh"), W("-c"), W("cat >/dev/null; sleep 0.3"), NULL };
	static struct plan_hook hook = { .path = W("/bin/sh"), .args = { args, 3 } };
	const char *line;
	long long us = 0;

	begin();
	b->plan.hooks.create_container.v = &hook;
	b->plan.hooks.create_container.n = 1;
	b->s.state_creating = b->s.state_tail = "";
	b->debug = true;
	CHECK_INT(box_run(b, "true"), 0);
	CHECK_CONTAINS(b->log, "step: prepare the process\n");
	line = strstr(b->log, "step: run createContainer hooks (+");
	CHECK(line && (line = strchr(line, '\n')) && (line = strstr(line, "(+")));
	CHECK_INT(sscanf(line, "(+%lld us)\n", &us), 1);
	if (us < 300000 || us > 20000000)
		FAIL("%s", b->log);
}

TEST(a_failing_hook_is_named)
{
	static struct plan_hook no = { .path = (char *)"/bin/false" };

	begin();
	box_symlink(b, "/bin/false", "busybox");
	b->plan.hooks.start_container.v = &no;
	b->plan.hooks.start_container.n = 1;
	b->s.state_created = b->s.state_creating = b->s.state_tail = "";
	b->fifo = true;
	CHECK_INT(box_run(b, "true"), -1);
	CHECK_STR(b->e.msg, "error running startContainer hook #0: /bin/false: exit status 1");
}

TEST(a_user_namespace_has_its_own_root)
{
	begin();
	b->userns = true;
	box_standard(b);
	run_ok("id -u; stat -c %u /dev /proc/1/stat; echo x >/dev/null; "
	       "stat -c '%t:%T' /dev/null; grep ' /dev/null ' /proc/self/mountinfo | cut -d' ' "
	       "-f6");
	CHECK_CONTAINS(b->out, "0\n0\n");
	CHECK_CONTAINS(b->out, "1:3\n");
	CHECK_CONTAINS(b->out, "nosuid,noexec");
}

TEST(the_affinity_is_reset)
{
	begin();
	box_standard(b);
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	CHECK_INT(sched_setaffinity(0, sizeof(one), &one), 0);
	run_ok("grep Cpus_allowed_list /proc/self/status");
	if (sysconf(_SC_NPROCESSORS_CONF) > 1)
		CHECK(strcmp(b->out, "Cpus_allowed_list:\t0\n") != 0);
	b->process.cpus_final = W("0");
	run_ok("grep Cpus_allowed_list /proc/self/status");
	CHECK_STR(b->out, "Cpus_allowed_list:\t0\n");
}

TEST(bad_cpu_lists_are_refused)
{
	static const char *const lists[] = {
		"", "x", "0-", "-1", "3-1", "0,", "0,,1", "9999", "0 1"
	};

	begin();
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		b->process.cpus_final = W(lists[i]);
		CHECK_INT(box_run(b, "true"), -1);
		CHECK_CONTAINS(b->e.msg, "process.execCPUAffinity.final");
	}
}

TEST(personality_and_priorities)
{
	static struct plan_scheduler batch = { .policy = 3, .nice = 5 };

	begin();
	box_standard(b);
	b->process.personality.set = true;
	b->process.personality.v = 8;
	b->process.scheduler = &batch;
	run_ok("cat /proc/self/personality; cut -d' ' -f19,41 /proc/self/stat");
	CHECK_STR(b->out, "00000008\n5 3\n");
}
