/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * floor: the kernel work that the default bundle of `hull spec` makes unavoidable, hard-coded.  No
 * JSON, no checks, no errors worth reading: what a runtime takes beyond this is its own doing.
 *
 *	floor run|create|start|kill|state|delete|exec ROOTFS ID [FILTER]
 *
 * FILTER: a file of struct sock_filter that is loaded last.  ROOTFS has /nothing, which ends at
 * once; what `create` makes stays (an argument tells it to).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATES "/run/floor"
#define CGROUP "/sys/fs/cgroup/floor-"
#define KEPT   (1ULL << CAP_KILL | 1ULL << CAP_NET_BIND_SERVICE | 1ULL << CAP_AUDIT_WRITE)
#ifndef MNT_DETACH
#define MNT_DETACH 2
#endif

static const char *rootfs, *id;
static struct sock_fprog program;
static int root, dev; /* O_PATH: the root being built, /dev in it */
static int start_fifo = -1, ready[2] = { -1, -1 }; /* create */

static void must(long result, const char *what)
{
	if (result >= 0)
		return;
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	_exit(111);
}

/* ---- file systems ---- */

struct option {
	const char *key, *value; /* value NULL: a flag */
};

static const struct filesystem {
	const char *type, *at;
	unsigned attr;
	struct option options[6];
} filesystems[] = {
	{ "proc", "proc", 0, { { 0 } } },
	{ "tmpfs",
	  "dev",
	  MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME,
	  { { "mode", "755" }, { "size", "65536k" } } },
	{ "devpts",
	  "dev/pts",
	  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
	  { { "newinstance", NULL }, { "ptmxmode", "0666" }, { "mode", "0620" }, { "gid", "5" } } },
	{ "tmpfs",
	  "dev/shm",
	  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
	  { { "mode", "1777" }, { "size", "65536k" } } },
	{ "mqueue",
	  "dev/mqueue",
	  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
	  { { 0 } } },
	{ "sysfs",
	  "sys",
	  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY,
	  { { 0 } } },
	{ "cgroup2",
	  "sys/fs/cgroup",
	  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY,
	  { { 0 } } },
};

static int new_mount(const char *type, unsigned attr, const struct option *o)
{
	int fs = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC), fd;

	must(fs, type);
	for (; o && o->key; o++)
		must(syscall(SYS_fsconfig, fs, o->value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG,
			     o->key, o->value, 0),
		     o->key);
	must(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), type);
	fd = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attr);
	must(fd, type);
	close(fs);
	return fd;
}

static void put(int mount, const char *at)
{
	must(syscall(SYS_move_mount, mount, "", root, at, MOVE_MOUNT_F_EMPTY_PATH), at);
	close(mount);
}

static void make_dev(void)
{
	static const struct {
		const char *name;
		unsigned major, minor;
	} nodes[] = { { "null", 1, 3 },	  { "zero", 1, 5 },    { "full", 1, 7 },
		      { "random", 1, 8 }, { "urandom", 1, 9 }, { "tty", 5, 0 } };
	static const char *const links[][2] = {
		{ "/proc/self/fd", "fd" },	 { "/proc/self/fd/0", "stdin" },
		{ "/proc/self/fd/1", "stdout" }, { "/proc/self/fd/2", "stderr" },
		{ "/proc/kcore", "core" },	 { "pts/ptmx", "ptmx" },
	};
	static const char *const dirs[] = { "pts", "shm", "mqueue" };

	dev = openat(root, "dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
	must(dev, "dev");
	umask(0);
	for (size_t i = 0; i < sizeof(nodes) / sizeof(*nodes); i++)
		must(mknodat(dev, nodes[i].name, S_IFCHR | 0666,
			     makedev(nodes[i].major, nodes[i].minor)),
		     nodes[i].name);
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		must(symlinkat(links[i][0], dev, links[i][1]), links[i][1]);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		must(mkdirat(dev, dirs[i], 0755), dirs[i]);
}

static int clone_of(int dir, const char *path, unsigned flags)
{
	return (int)syscall(SYS_open_tree, dir, path, OPEN_TREE_CLONE | O_CLOEXEC | flags);
}

static void protect_paths(void)
{
	static const char *const readonly[] = { "proc/bus", "proc/fs", "proc/irq", "proc/sys",
						"proc/sysrq-trigger" };
	static const char *const masked[] = { "proc/acpi",	    "proc/asound",
					      "proc/kcore",	    "proc/keys",
					      "proc/latency_stats", "proc/timer_list",
					      "proc/timer_stats",   "proc/sched_debug",
					      "sys/firmware",	    "proc/scsi" };
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	struct stat st;

	for (size_t i = 0; i < sizeof(readonly) / sizeof(*readonly); i++) {
		int tree = clone_of(root, readonly[i], AT_RECURSIVE);

		if (tree < 0)
			continue;
		must(syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attr, sizeof(attr)),
		     readonly[i]);
		put(tree, readonly[i]);
	}
	for (size_t i = 0; i < sizeof(masked) / sizeof(*masked); i++) {
		if (fstatat(root, masked[i], &st, 0) < 0)
			continue;
		put(S_ISDIR(st.st_mode) ? new_mount("tmpfs", MOUNT_ATTR_RDONLY, NULL)
					: clone_of(dev, "null", 0),
		    masked[i]);
	}
}

static void make_root(void)
{
	struct mount_attr slave = { .propagation = 1 << 19 /* MS_SLAVE */ };
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };

	must(syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &slave, sizeof(slave)),
	     "slave");
	root = clone_of(AT_FDCWD, rootfs, AT_RECURSIVE);
	must(root, rootfs);
	must(syscall(SYS_move_mount, root, "", AT_FDCWD, rootfs, MOVE_MOUNT_F_EMPTY_PATH), rootfs);
	for (size_t i = 0; i < sizeof(filesystems) / sizeof(*filesystems); i++) {
		const struct filesystem *fs = &filesystems[i];

		put(new_mount(fs->type, fs->attr, fs->options), fs->at);
		if (!strcmp(fs->at, "dev"))
			make_dev();
	}
	protect_paths();
	must(syscall(SYS_mount_setattr, root, "", AT_EMPTY_PATH, &readonly, sizeof(readonly)),
	     "read-only root");
	must(fchdir(root), "chdir");
	must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
	must(syscall(SYS_umount2, ".", MNT_DETACH), "umount");
	must(chdir("/"), "chdir /");
}

/* ---- the process ---- */

static void raise_loopback(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	must(ioctl(sock, SIOCSIFFLAGS, &lo), "lo");
	close(sock);
}

static void set_credentials(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct caps[2] = { { (uint32_t)KEPT, (uint32_t)KEPT, 0 }, { 0 } };
	struct rlimit files = { 1024, 1024 };

	setrlimit(RLIMIT_NOFILE, &files);
	umask(022);
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (!(KEPT >> cap & 1))
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	must(setgroups(0, NULL), "setgroups");
	must(syscall(SYS_setresgid, 0, 0, 0), "setresgid");
	must(syscall(SYS_setresuid, 0, 0, 0), "setresuid");
	must(syscall(SYS_capset, &head, caps), "capset");
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
}

static void read_filter(const char *file)
{
	struct stat st;
	int fd;

	fd = open(file, O_RDONLY | O_CLOEXEC);
	must(fd < 0 ? -1 : fstat(fd, &st), file);
	program.len = (unsigned short)((size_t)st.st_size / sizeof(struct sock_filter));
	program.filter = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
}

static void load_filter(void)
{
	if (program.len)
		must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program), "seccomp");
}

static void execute(int stays)
{
	static char *const env[] = { "PATH=/bin", "TERM=xterm", NULL };
	char *const once[] = { "/nothing", NULL }, *const long_one[] = { "/nothing", "stay", NULL };

	must(execve("/nothing", stays ? long_one : once, env), "execve");
}

static void be_init(int stays)
{
	char go;

	must(unshare(CLONE_NEWCGROUP), "cgroup namespace");
	syscall(SYS_keyctl, 1 /* JOIN_SESSION_KEYRING */, "floor");
	raise_loopback();
	must(sethostname("floor", 5), "sethostname");
	make_root();
	set_credentials();
	syscall(SYS_close_range, 3, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */);
	load_filter();
	if (stays) {
		must(write(ready[1], "x", 1), "ready");
		must(read(start_fifo, &go, 1), "start");
	}
	execute(stays);
}

/* ---- around it ---- */

static void allow_devices(int cgroup)
{
	static const struct bpf_insn allow_all[] = { { .code = 0xb7, .imm = 1 }, { .code = 0x95 } };
	union bpf_attr load = { .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
				.insns = (uintptr_t)allow_all,
				.insn_cnt = 2,
				.license = (uintptr_t) "GPL" };
	union bpf_attr attach = { .target_fd = (uint32_t)cgroup,
				  .attach_type = BPF_CGROUP_DEVICE,
				  .attach_flags = BPF_F_ALLOW_MULTI };
	int loaded = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load));

	must(loaded, "load the device program");
	attach.attach_bpf_fd = (uint32_t)loaded;
	must(syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof(attach)), "attach it");
	close(loaded);
}

static char *path(const char *before, const char *behind)
{
	char *text;

	must(asprintf(&text, "%s%s%s", before, id, behind), "memory");
	return text;
}

static void write_state(pid_t pid)
{
	char *new = path(STATES "/", "/new"), *final = path(STATES "/", "/pid");
	int fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	must(fd, new);
	dprintf(fd, "%d\n", pid);
	close(fd);
	must(rename(new, final), final);
}

static pid_t read_state(void)
{
	char text[32] = "";
	int fd = open(path(STATES "/", "/pid"), O_RDONLY | O_CLOEXEC);

	must(fd < 0 ? -1 : read(fd, text, sizeof(text) - 1), "state");
	close(fd);
	return (pid_t)strtol(text, NULL, 10);
}

static void remove_all(void)
{
	while (rmdir(path(CGROUP, "")) < 0 && errno == EBUSY)
		usleep(50);
	unlink(path(STATES "/", "/pid"));
	unlink(path(STATES "/", "/start"));
	rmdir(path(STATES "/", ""));
}

static pid_t make(int stays)
{
	struct clone_args args = { .flags = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
					    CLONE_NEWUTS | CLONE_NEWNS | CLONE_INTO_CGROUP,
				   .exit_signal = SIGCHLD };
	int cgroup;
	pid_t pid;
	char c;

	mkdir(STATES, 0700);
	must(mkdir(path(STATES "/", ""), 0700), "state directory");
	if (stays) {
		must(mkfifo(path(STATES "/", "/start"), 0600), "fifo");
		start_fifo = open(path(STATES "/", "/start"), O_RDWR | O_CLOEXEC);
		must(pipe2(ready, O_CLOEXEC), "pipe");
	}
	must(mkdir(path(CGROUP, ""), 0755), "cgroup");
	cgroup = open(path(CGROUP, ""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(cgroup, "cgroup");
	allow_devices(cgroup);
	args.cgroup = (uint64_t)cgroup;
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	must(pid, "clone3");
	if (pid == 0)
		be_init(stays);
	close(ready[1]);
	if (stays)
		must(read(ready[0], &c, 1) == 1 ? 0 : -1, "init");
	write_state(pid);
	return pid;
}

static int do_run(void)
{
	int status;

	must(waitpid(make(0), &status, 0), "wait");
	remove_all();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int do_create(void)
{
	return make(1) < 0;
}

static int do_start(void)
{
	int fd = open(path(STATES "/", "/start"), O_WRONLY | O_NONBLOCK | O_CLOEXEC);

	read_state();
	must(write(fd, "x", 1), "start");
	unlink(path(STATES "/", "/start"));
	return 0;
}

static int do_kill(void)
{
	int pidfd = (int)syscall(SYS_pidfd_open, read_state(), 0);

	must(syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0), "kill");
	return 0;
}

static int do_state(void)
{
	char stat[512], *name;
	pid_t pid = read_state();
	int fd;

	must(asprintf(&name, "/proc/%d/stat", pid), "memory");
	fd = open(name, O_RDONLY | O_CLOEXEC);
	must(fd < 0 ? -1 : read(fd, stat, sizeof(stat)), name);
	printf("{\"ociVersion\":\"1.3.0\",\"id\":\"%s\",\"status\":\"running\",\"pid\":%d,"
	       "\"bundle\":\"%s\"}\n",
	       id, pid, rootfs);
	return 0;
}

static int do_delete(void)
{
	read_state();
	remove_all();
	return 0;
}

static int do_exec(void)
{
	int target = (int)syscall(SYS_pidfd_open, read_state(), 0), status;
	struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD };
	pid_t pid;

	args.cgroup = (uint64_t)open(path(CGROUP, ""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(setns(target, CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS),
	     "setns");
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	must(pid, "clone3");
	if (pid == 0) {
		must(setns(target, CLONE_NEWCGROUP), "cgroup namespace");
		set_credentials();
		load_filter();
		execute(0);
	}
	must(waitpid(pid, &status, 0), "wait");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static const struct {
	const char *name;
	int (*run)(void);
} commands[] = {
	{ "run", do_run },     { "create", do_create }, { "start", do_start }, { "kill", do_kill },
	{ "state", do_state }, { "delete", do_delete }, { "exec", do_exec },
};

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	rootfs = argv[2];
	id = argv[3];
	if (argv[4])
		read_filter(argv[4]);
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(commands[i].name, argv[1]))
			return commands[i].run();
	return 2;
}
