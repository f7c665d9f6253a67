/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parent's side of init, as small as it can be. */
#include "init-box.h"
#include "base/own.h"
#include "init/sync.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define BUSYBOX "/bin/busybox"

void need_root(void)
{
	if (geteuid())
		SKIP("needs root");
	if (access(BUSYBOX, X_OK) < 0)
		SKIP("needs a static " BUSYBOX);
}

void write_text(const char *path, const char *text)
{
	int fd = openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		FAIL("write %s: %s", path, lc_errno_text(errno));
	close(fd);
}

const char *read_text(const char *path)
{
	static char text[4096];
	int fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = 0;
	return n < 0 ? NULL : text;
}

const char *box_path(struct box *b, const char *path)
{
	static char full[4][PATH_MAX];
	static unsigned next;
	char *out = full[next++ % 4];

	if (snprintf(out, PATH_MAX, "%s/%s", b->root, path + (*path == '/')) >= PATH_MAX)
		FAIL("%s: too long", path);
	return out;
}

void box_mkdir(struct box *b, const char *path)
{
	char at[PATH_MAX];

	snprintf(at, sizeof(at), "%s", box_path(b, path));
	for (char *p = at + strlen(b->root) + 1; p && *p; p++) {
		p = strchr(p, '/');
		if (p)
			*p = 0;
		if (mkdir(at, 0755) < 0 && errno != EEXIST)
			FAIL("mkdir %s: %s", at, lc_errno_text(errno));
		if (!p)
			return;
		*p = '/';
	}
}

static void make_parent(struct box *b, const char *path)
{
	char parent[PATH_MAX];
	char *slash;

	snprintf(parent, sizeof(parent), "%s", path);
	slash = strrchr(parent, '/');
	if (slash && slash > parent) {
		*slash = 0;
		box_mkdir(b, parent);
	}
}

void box_write(struct box *b, const char *path, const char *text)
{
	make_parent(b, path);
	write_text(box_path(b, path), text);
}

void box_symlink(struct box *b, const char *path, const char *target)
{
	make_parent(b, path);
	if (symlink(target, box_path(b, path)) < 0)
		FAIL("symlink %s: %s", path, lc_errno_text(errno));
}

static void copy_busybox(struct box *b)
{
	static const char *const names[] = { "sh",    "cat",	  "ls",	  "echo",  "id",
					     "stat",  "grep",	  "sed",  "mount", "umount",
					     "touch", "readlink", "true", "head",  "wc",
					     "sleep", "mkdir",	  "cut",  "kill",  "test",
					     "tty",   "stty",	  "env",  "tr",	   "hostname",
					     "ip",    "awk",	  "sort", "uniq",  "rm" };
	char path[64];

	box_mkdir(b, "/bin");
	if (link(BUSYBOX, box_path(b, "/bin/busybox")) < 0) {
		snprintf(path, sizeof(path), "%s", "cp");
		pid_t pid = fork();

		if (pid == 0) {
			execlp("cp", "cp", BUSYBOX, box_path(b, "/bin/busybox"), (char *)NULL);
			_exit(1);
		}
		waitpid(pid, NULL, 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "/bin/%s", names[i]);
		box_symlink(b, path, "busybox");
	}
}

struct box *box_new(void)
{
	struct box *b = calloc(1, sizeof(*b));

	if (!b)
		FAIL("no memory");
	b->s = (struct sandbox)SANDBOX_NONE;
	b->flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;
	snprintf(b->root, sizeof(b->root), "%s/rootfs", test_dir());
	if (mkdir(b->root, 0755) < 0)
		FAIL("mkdir %s: %s", b->root, lc_errno_text(errno));
	copy_busybox(b);
	box_mkdir(b, "/proc");
	box_mkdir(b, "/sys");
	box_mkdir(b, "/dev");
	box_mkdir(b, "/etc");
	box_mkdir(b, "/tmp");
	for (size_t i = 0; i < ARRAY_SIZE(b->sources); i++)
		b->sources[i] = b->idmaps[i] = -1;
	b->plan.id = (char *)(uintptr_t) "box";
	b->plan.root.path = b->root;
	b->plan.root.host_propagation = MS_SLAVE | MS_REC;
	b->plan.mounts.v = b->mounts;
	b->plan.devices.v = b->devices;
	b->plan.symlinks.v = b->links;
	b->plan.masked.v = b->masked;
	b->plan.readonly.v = b->readonly;
	b->plan.process = &b->process;
	b->process.cwd = (char *)(uintptr_t) "/";
	b->process.args.v = b->args;
	b->process.env.v = b->env;
	b->process.user.umask.set = true;
	b->process.user.umask.v = 022;
	box_env(b, "PATH=/usr/bin:/bin");
	b->s.plan = &b->plan;
	b->s.sources = b->sources;
	b->s.idmap_userns = b->idmaps;
	return b;
}

static char *copy(const char *text)
{
	char *out = text ? strdup(text) : NULL;

	if (text && !out)
		FAIL("no memory");
	return out;
}

static void add(struct strs *list, size_t room, const char *text)
{
	if (list->n + 2 >= room)
		FAIL("too many of %s", text);
	list->v[list->n++] = copy(text);
}

void box_mask(struct box *b, const char *path)
{
	add(&b->plan.masked, ARRAY_SIZE(b->masked), path);
}

void box_readonly(struct box *b, const char *path)
{
	add(&b->plan.readonly, ARRAY_SIZE(b->readonly), path);
}

void box_env(struct box *b, const char *text)
{
	add(&b->process.env, ARRAY_SIZE(b->env), text);
}

void box_arg(struct box *b, const char *text)
{
	add(&b->process.args, ARRAY_SIZE(b->args), text);
}

void box_mount(struct box *b, struct plan_mount mount)
{
	mount.index = b->plan.mounts.n;
	b->mounts[b->plan.mounts.n++] = mount;
}

void box_device(struct box *b, struct plan_device device)
{
	b->devices[b->plan.devices.n++] = device;
}

void box_link(struct box *b, const char *path, const char *target)
{
	b->links[b->plan.symlinks.n++] = (struct plan_symlink){ copy(path), copy(target), false };
}

static void standard_device(struct box *b, const char *path, uint32_t minor)
{
	box_device(b, (struct plan_device){ .path = copy(path),
					    .type = 'c',
					    .major = 1,
					    .minor = minor,
					    .mode = 0666,
					    .bind = b->userns,
					    .standard = true });
}

void box_standard(struct box *b)
{
	static char *dev_data[] = { (char *)(uintptr_t) "mode=755", NULL };
	static char *pts_data[] = { (char *)(uintptr_t) "newinstance",
				    (char *)(uintptr_t) "ptmxmode=0666",
				    (char *)(uintptr_t) "mode=0620", NULL };

	box_mount(b, (struct plan_mount){ .kind = MOUNT_FS,
					  .fstype = copy("proc"),
					  .source = copy("proc"),
					  .target = copy("/proc") });
	box_mount(b, (struct plan_mount){ .kind = MOUNT_FS,
					  .fstype = copy("tmpfs"),
					  .target = copy("/dev"),
					  .attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME,
					  .data = { dev_data, 1 } });
	box_mount(b, (struct plan_mount){ .kind = MOUNT_FS,
					  .fstype = copy("devpts"),
					  .target = copy("/dev/pts"),
					  .attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
					  .data = { pts_data, 3 } });
	standard_device(b, "/dev/null", 3);
	standard_device(b, "/dev/zero", 5);
	standard_device(b, "/dev/full", 7);
	box_link(b, "/dev/ptmx", "pts/ptmx");
	box_link(b, "/dev/fd", "/proc/self/fd");
}

static void keep_log(void *ctx, enum lc_level level, const char *text)
{
	struct box *b = ctx;
	size_t n = strlen(b->log);

	(void)level;
	snprintf(b->log + n, sizeof(b->log) - n, "%s\n", text);
}

static noreturn void child(struct box *b, int out, int go)
{
	char c;

	if (b->userns && read(go, &c, 1) != 1)
		_exit(99);
	if (b->setup)
		b->setup(b);
	dup2(out, 1);
	dup2(out, 2);
	b->s.mapped_root = b->userns;
	b->s.log =
		(struct lc_log){ sync_log, &b->s.sync, b->debug ? LC_LOG_DEBUG : LC_LOG_WARNING };
	init_main(&b->s);
}

static void map_ids(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)pid);
	write_text(path, "0 100000 1000\n");
	snprintf(path, sizeof(path), "/proc/%d/gid_map", (int)pid);
	write_text(path, "0 100000 1000\n");
}

/* Answers until READY; then lets it go, and hears whether it went. */
static int talk(struct box *b, int sock, int start, int status, pid_t pid, int pidfd)
{
	static const enum sync_what wanted[] = { SYNC_READY, SYNC_HOOKS, SYNC_NOTIFY, SYNC_HELPER };
	struct lc_log log = { keep_log, b, LC_LOG_DEBUG };
	auto_fd helper = -1;
	bool ready = false;

	while (!ready) {
		int fd = -1;

		switch (sync_expect_one_of(sock, wanted, 4, &log, &fd, NULL, &b->e)) {
		case 0:
			ready = true;
			break;
		case 1:
			if (b->hooked)
				b->hooked(b, pid);
			if (sync_send(sock, SYNC_HOOKED, -1, 0, &b->e) < 0)
				return -1;
			break;
		case 2:
			if (b->notify)
				b->notify(b, fd);
			if (poll(&(struct pollfd){ .fd = helper, .events = POLLIN }, 1, 10000) != 1)
				return -1;
			if (sync_send(sock, SYNC_NOTIFIED, -1, 0, &b->e) < 0)
				return -1;
			break;
		case 3:
			helper = fd;
			break;
		default:
			return -1;
		}
	}
	if (b->ready)
		b->ready(b, pid);
	if (b->fifo) {
		if (write(start, "x", 1) != 1)
			return -1;
		return sync_expect_exec(status, pidfd, &log, &b->e);
	}
	if (sync_send(sock, SYNC_START, -1, 0, &b->e) < 0)
		return -1;
	if (b->notify && b->plan.seccomp.listener_path == NULL)
		return 0;
	return sync_expect_exec(sock, pidfd, &log, &b->e);
}

static void collect(struct box *b, int fd)
{
	size_t have = 0;
	ssize_t n;

	while ((n = read(fd, b->out + have, sizeof(b->out) - 1 - have)) > 0)
		have += (size_t)n;
	b->out[have] = 0;
}

static void make_fifo(struct box *b, const char *name, int *ours, int *theirs)
{
	char path[PATH_MAX + 16];

	(void)b;
	snprintf(path, sizeof(path), "%s/%s", test_dir(), name);
	unlink(path);
	if (mkfifo(path, 0600) < 0)
		FAIL("mkfifo: %s", lc_errno_text(errno));
	*theirs = openat(AT_FDCWD, path, O_RDWR | O_CLOEXEC);
	*ours = openat(AT_FDCWD, path, (!strcmp(name, "status") ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
}

int box_run(struct box *b, const char *script)
{
	struct clone_args args = { .flags = b->flags | CLONE_PIDFD, .exit_signal = SIGCHLD };
	int out[2], go[2], sock[2], pidfd = -1, status = 0, ret, start = -1, outcome = -1;
	pid_t pid;

	if (script) {
		b->process.args.n = 0;
		box_arg(b, "/bin/sh");
		box_arg(b, "-c");
		box_arg(b, script);
	}
	b->process.args.v[b->process.args.n] = NULL;
	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(go, O_CLOEXEC) < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock) < 0)
		FAIL("pipes: %s", lc_errno_text(errno));
	b->s.sync = sock[1];
	if (b->fifo) {
		make_fifo(b, "start", &start, &b->s.start_fifo);
		make_fifo(b, "status", &outcome, &b->s.status_fifo);
	}
	if (b->userns)
		args.flags |= CLONE_NEWUSER;
	args.pidfd = (uint64_t)(uintptr_t)&pidfd;
	fflush(stdout);
	pid = sys_clone3(&args);
	if (pid == 0)
		child(b, out[1], go[0]);
	if (pid < 0)
		FAIL("clone3: %s", lc_errno_text(errno));
	close(out[1]);
	close(sock[1]);
	fd_release(&b->s.start_fifo);
	fd_release(&b->s.status_fifo);
	fd_release(&b->s.console_socket);
	if (b->userns) {
		map_ids(pid);
		(void)!write(go[1], "x", 1);
	}
	close(go[0]);
	close(go[1]);
	ret = talk(b, sock[0], start, outcome, pid, pidfd);
	close(sock[0]);
	if (ret < 0)
		kill(pid, SIGKILL);
	collect(b, out[0]);
	close(out[0]);
	waitpid(pid, &status, 0);
	close(pidfd);
	if (ret < 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
