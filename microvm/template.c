/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys, the directory of templates, and the making of one. */
#include "microvm/template.h"
#include "base/file.h"
#include "base/own.h"
#include "run/process.h"
#include "sys/fd.h"
#include "sys/sys.h"
#include "sys/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#define NEW	 ".new" /* one that is being made; the lock's */
#define LOCK	 "lock"
#define KEY_LEN	 ((size_t)2 * SHA256_SIZE)
#define CGROUP	 "/sys/fs/cgroup/hull-template" /* the lock's, too */
#define OPTIONS	 16
#define MADE_NS	 (CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET)
#define MESSAGE	 1024
#define CPU_TEXT 8192

/* ---- keys ---- */

/* A file is the same one as long as nobody wrote to it. */
static int add_file(struct buf *b, const char *what, int fd, struct lc_error *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return lc_err_errno(e, "%s of a template", what);
	buf_addf(b, "%s %llx:%llu %lld %lld.%09ld %lld.%09ld\n", what,
		 (unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
		 (long long)st.st_size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
		 (long long)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
	return 0;
}

/* Of the first processor; the others' are the same, but for numbers and speed. */
static int add_processor(struct buf *b, struct lc_error *e)
{
	static const char *const names[] = { "vendor_id", "cpu family", "model",
					     "stepping",  "microcode",	"flags",
					     "bugs",	  "Features",	"CPU " };
	char text[CPU_TEXT], *rest = text, *line;
	auto_fd fd = openat(AT_FDCWD, "/proc/cpuinfo", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0)
		return lc_err_errno(e, "read /proc/cpuinfo");
	text[n] = 0;
	while ((line = strsep(&rest, "\n")) && *line)
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			if (str_starts(line, names[i])) {
				buf_addf(b, "%s\n", line);
				break;
			}
	return 0;
}

int template_key(struct arena *a, const struct template_of *of, struct template_key *out,
		 struct lc_error *e)
{
	struct buf b = { .arena = a };
	struct sha256 h = SHA256;
	uint8_t digest[SHA256_SIZE];
	struct utsname host;

	uname(&host);
	buf_addf(&b, "kernel-path %s\nmemory %u\ncpus %u\nparameters %s\nhost %s %s\n",
		 of->kernel_path, of->memory_mib, of->cpus, of->parameters, host.release,
		 host.version);
	if (add_file(&b, "kernel", of->kernel, e) < 0 ||
	    add_file(&b, "initramfs", of->initrd, e) < 0 ||
	    add_file(&b, "monitor", of->program, e) < 0 || add_processor(&b, e) < 0)
		return -1;
	sha256_add(&h, b.str, b.len);
	sha256_end(&h, digest);
	sha256_hex(digest, out->text);
	out->facts = b.str;
	return 0;
}

/* ---- files that nobody else could have made ---- */

static int check_owner(int fd, mode_t type, const char *name, struct lc_error *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return lc_err_errno(e, "%s", name);
	if ((st.st_mode & S_IFMT) != type)
		return lc_err(e, LC_ESTATE, "%s: not what it should be", name);
	if (st.st_uid != geteuid())
		return lc_err(e, LC_ESTATE, "%s: it belongs to user %u", name, st.st_uid);
	if (st.st_mode & 077)
		return lc_err(e, LC_ESTATE, "%s: others may use it (mode %04o)", name,
			      (unsigned)(st.st_mode & 07777));
	if (type == S_IFREG && st.st_nlink != 1)
		return lc_err(e, LC_ESTATE, "%s: it has another name", name);
	return 0;
}

/* -1 with LC_ENOTFOUND: there is none. */
static int open_checked(int dir, const char *name, mode_t type, struct lc_error *e)
{
	auto_fd fd = openat(dir, name,
			    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC |
				    (type == S_IFDIR ? O_DIRECTORY : 0));

	if (fd < 0 && errno == ENOENT)
		return lc_err(e, LC_ENOTFOUND, "%s: there is none", name);
	if (fd < 0)
		return lc_err_errno(e, "open %s", name);
	return check_owner(fd, type, name, e) < 0 ? -1 : fd_take(&fd);
}

static int open_store(const char *store, struct lc_error *e)
{
	return open_checked(AT_FDCWD, store, S_IFDIR, e);
}

void template_release(struct template *t)
{
	fd_release(&t->memory);
	fd_release(&t->state);
}

static bool is_key(const char *name)
{
	return strlen(name) == KEY_LEN && strspn(name, "0123456789abcdef") == KEY_LEN;
}

/* Whether the two files are what their directory's name says. */
static int check(const struct template *t, const char *key, struct arena *a, struct snapshot *s,
		 struct lc_error *e)
{
	char text[KEY_LEN + 1];
	size_t len;
	char *data;

	if (file_read_fd(t->state, a, SNAPSHOT_MAX, &data, &len, e) < 0 ||
	    snapshot_parse(data, len, s, e) < 0)
		return -1;
	sha256_hex(s->head.key, text);
	if (strcmp(text, key) != 0)
		return lc_err(e, LC_ESYSTEM, "it is another one's, by its key");
	return snapshot_check_memory(s, t->memory, e);
}

static int open_in(int store, const char *name, const char *key, struct arena *a,
		   struct template *out, struct snapshot *s, struct lc_error *e)
{
	auto_fd dir = open_checked(store, name, S_IFDIR, e);

	if (dir < 0)
		return e->code == LC_ENOTFOUND ? 0 : -1;
	out->memory = open_checked(dir, "memory", S_IFREG, e);
	out->state = out->memory < 0 ? -1 : open_checked(dir, "state", S_IFREG, e);
	if (out->state < 0 || check(out, key, a, s, e) < 0) {
		template_release(out);
		return -1;
	}
	return 1;
}

int template_open(const char *store, const char *key, struct template *out, struct lc_error *e)
{
	auto_arena a = { 0 };
	auto_fd dir = open_store(store, e);
	struct snapshot s;
	int r = dir < 0 ? (e->code == LC_ENOTFOUND ? 0 : -1)
			: open_in(dir, key, key, &a, out, &s, e);

	return r < 0 ? lc_err_in(e, "template %.12s", key) : r;
}

/* ---- making one ---- */

struct making {
	const struct template_of *of;
	int memory, state, null, message[2]; /* owned */
	char *argv[OPTIONS];
};

static void making_release(struct making *m)
{
	fd_release(&m->memory);
	fd_release(&m->state);
	fd_release(&m->null);
	fd_release(&m->message[0]);
	fd_release(&m->message[1]);
}
#define auto_making __attribute__((cleanup(making_release))) struct making

static void put_words(struct making *m, struct arena *a, const struct template_key *key)
{
	const struct template_of *of = m->of;
	size_t n = 0;

	m->argv[n++] = arena_strdup(a, "hull-vmm");
	m->argv[n++] = arena_printf(a, "--kvm-fd=%d", of->kvm);
	m->argv[n++] = arena_printf(a, "--kernel-fd=%d", of->kernel);
	m->argv[n++] = arena_printf(a, "--initrd-fd=%d", of->initrd);
	m->argv[n++] = arena_printf(a, "--memory=%u", of->memory_mib);
	m->argv[n++] = arena_printf(a, "--cpus=%u", of->cpus);
	m->argv[n++] = arena_printf(a, "--append=%s", of->parameters);
	m->argv[n++] = arena_printf(a, "--save-memory-fd=%d", m->memory);
	m->argv[n++] = arena_printf(a, "--save-state-fd=%d", m->state);
	m->argv[n++] = arena_printf(a, "--key=%s", key->text);
	m->argv[n++] = arena_printf(a, "--facts=%s", key->facts);
}

static int create_at(int dir, const char *name, struct lc_error *e)
{
	int fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? lc_err_errno(e, "create %s", name) : fd;
}

static noreturn void be_monitor(const struct making *m)
{
	static char *const none[] = { NULL };
	const int kept[] = { m->of->kvm, m->of->kernel, m->of->initrd, m->memory, m->state };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (setsid() >= 0 && dup2(m->null, 0) >= 0 && dup2(m->null, 1) >= 0 &&
	    dup2(m->message[1], 2) >= 0 && sys_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) >= 0) {
		for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
			fd_set_cloexec(kept[i], false);
		syscall(SYS_execveat, m->of->program, "", m->argv, none, AT_EMPTY_PATH);
	}
	dprintf(2, "hull-vmm: cannot be executed: %s\n", lc_errno_text(errno));
	_exit(126);
}

/* Memory and time are not the container's that comes to need it, nor its engine's; what is left in
 * the page cache is the system's once the cgroup is gone. -1: there is none, as in containers. */
static int make_cgroup(void)
{
	auto_fd fd = -1;

	if (mkdir(CGROUP, 0755) < 0 && errno != EEXIST)
		return -1;
	fd = openat(AT_FDCWD, CGROUP, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 && fd_is_fs(fd, CGROUP2_SUPER_MAGIC) ? fd_take(&fd) : -1;
}

static pid_t clone_monitor(struct clone_args *args)
{
	auto_fd cgroup = make_cgroup();
	pid_t pid = -1;

	if (cgroup >= 0) {
		args->flags |= CLONE_INTO_CGROUP;
		args->cgroup = (uint64_t)cgroup;
		pid = sys_clone3(args);
		args->flags &= ~(uint64_t)CLONE_INTO_CGROUP;
	}
	return pid >= 0 ? pid : sys_clone3(args);
}

/* In namespaces of its own, for what they are worth: it has no container's files or network. */
static int run_monitor(struct making *m, uint32_t timeout_ms, struct lc_error *e)
{
	struct clone_args args = { .flags = CLONE_PIDFD | MADE_NS, .exit_signal = SIGCHLD };
	char text[MESSAGE] = "";
	auto_fd pidfd = -1;
	int status, fd = -1;
	ssize_t n;
	pid_t pid;

	args.pidfd = (uintptr_t)&fd;
	pid = clone_monitor(&args);
	if (pid == 0)
		be_monitor(m);
	if (pid < 0)
		return lc_err_errno(e, "clone the monitor");
	pidfd = fd;
	if (!process_wait_gone(pidfd, (int)timeout_ms)) {
		process_end(pidfd, 0);
		return lc_err(e, LC_ESYSTEM, "the machine was not ready within %u seconds",
			      timeout_ms / 1000);
	}
	if (process_wait(pidfd, &status, e) < 0)
		return -1;
	if (status == 0)
		return 0;
	n = read(m->message[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = 0;
	text[strcspn(text, "\n")] = 0;
	return lc_err(e, LC_ESYSTEM, "%s (status %d)", *text ? text : "the monitor failed", status);
}

static int fill(int dir, const struct template_of *of, const struct template_key *key,
		uint32_t timeout_ms, struct lc_error *e)
{
	auto_making m = { .of = of, .memory = -1, .state = -1, .null = -1, .message = { -1, -1 } };
	auto_arena a = { 0 };
	int r;

	m.memory = create_at(dir, "memory", e);
	m.state = m.memory < 0 ? -1 : create_at(dir, "state", e);
	if (m.state < 0)
		return -1;
	m.null = openat(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);
	if (m.null < 0 || pipe2(m.message, O_CLOEXEC | O_NONBLOCK) < 0)
		return lc_err_errno(e, "/dev/null and a pipe");
	put_words(&m, &a, key);
	r = run_monitor(&m, timeout_ms, e);
	rmdir(CGROUP);
	return r;
}

/* In place of one that must not be used, if there is one. */
static int put_in_place(int store, const char *key, struct lc_error *e)
{
	if (syscall(SYS_renameat2, store, NEW, store, key, RENAME_NOREPLACE) < 0 &&
	    (errno != EEXIST ||
	     syscall(SYS_renameat2, store, NEW, store, key, RENAME_EXCHANGE) < 0))
		return lc_err_errno(e, "rename a new template");
	if (fsync(store) < 0)
		return lc_err_errno(e, "fsync");
	return tree_remove(store, NEW, e);
}

static int check_new(int store, const char *key, struct lc_error *e)
{
	auto_arena a = { 0 };
	auto_template t = TEMPLATE_NONE;
	struct snapshot s;

	return open_in(store, NEW, key, &a, &t, &s, e) < 0 ? lc_err_in(e, "what the monitor saved")
							   : 0;
}

static int make_in(int store, const struct template_of *of, const struct template_key *key,
		   uint32_t timeout_ms, struct lc_error *e)
{
	auto_fd dir = -1;

	/* Of somebody who was killed: the lock is ours. */
	if (tree_remove(store, NEW, e) < 0)
		return -1;
	if (mkdirat(store, NEW, 0700) < 0)
		return lc_err_errno(e, "mkdir");
	dir = openat(store, NEW, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return lc_err_errno(e, "open a new directory");
	if (fill(dir, of, key, timeout_ms, e) < 0 || check_new(store, key->text, e) < 0) {
		struct lc_error ignored;

		(void)!tree_remove(store, NEW, &ignored);
		return -1;
	}
	if (fsync(dir) < 0)
		return lc_err_errno(e, "fsync");
	return put_in_place(store, key->text, e);
}

/* 1: somebody else has it. */
static int take_lock(int store, bool wait, int *lock, struct lc_error *e)
{
	*lock = openat(store, LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*lock < 0)
		return lc_err_errno(e, "open the lock of templates");
	while (flock(*lock, LOCK_EX | (wait ? 0 : LOCK_NB)) < 0) {
		if (errno == EWOULDBLOCK)
			return 1;
		if (errno != EINTR)
			return lc_err_errno(e, "lock templates");
	}
	return 0;
}

static int make_locked(int store, const struct template_of *of, const struct template_key *key,
		       uint32_t timeout_ms, struct lc_error *e)
{
	auto_arena a = { 0 };
	auto_template there = TEMPLATE_NONE;
	struct lc_error ignored = { 0 };
	struct snapshot s;

	if (open_in(store, key->text, key->text, &a, &there, &s, &ignored) > 0)
		return 0;
	return make_in(store, of, key, timeout_ms, e);
}

int template_make(const char *store, const struct template_of *of, const struct template_key *key,
		  bool wait, uint32_t timeout_ms, struct lc_error *e)
{
	auto_fd dir = -1, lock = -1;
	int r;

	if (file_mkdirs(store, 0700, e) < 0)
		return -1;
	dir = open_store(store, e);
	r = dir < 0 ? -1 : take_lock(dir, wait, &lock, e);
	if (r == 0)
		r = make_locked(dir, of, key, timeout_ms, e);
	return r < 0 ? lc_err_in(e, "make a template below %s", store) : r;
}

/* ---- all of them ---- */

static void tell(int store, const char *key, bool verify, template_fn *each, void *ctx)
{
	auto_arena a = { 0 };
	auto_template t = TEMPLATE_NONE;
	struct lc_error e = { 0 };
	struct snapshot s = { 0 };
	int r = open_in(store, key, key, &a, &t, &s, &e);
	bool good = r > 0;

	if (r == 0) /* somebody has removed it */
		return;
	if (good && verify)
		good = snapshot_verify_memory(&s, t.memory, &e) == 0;
	each(ctx, key, &s, good ? NULL : e.msg);
}

static int compare(const void *x, const void *y)
{
	return strcmp(*(char *const *)x, *(char *const *)y);
}

/* Sorted; ends with NULL. */
static char **keys_in(struct arena *a, int store, size_t *n, struct lc_error *e)
{
	int copy = fcntl(store, F_DUPFD_CLOEXEC, 3);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	size_t room = 64;
	char **keys = arena_array(a, room, sizeof(*keys));

	*n = 0;
	if (!dir) {
		lc_err_errno(e, "read the directory of templates");
		fd_release(&copy);
		return NULL;
	}
	rewinddir(dir);
	while ((entry = readdir(dir)) && *n < room)
		if (is_key(entry->d_name))
			keys[(*n)++] = arena_strdup(a, entry->d_name);
	closedir(dir);
	qsort(keys, *n, sizeof(*keys), compare);
	return keys;
}

int template_list(const char *store, bool verify, template_fn *each, void *ctx, struct lc_error *e)
{
	auto_arena a = { 0 };
	auto_fd dir = open_store(store, e);
	char **keys;
	size_t n;

	if (dir < 0)
		return e->code == LC_ENOTFOUND ? 0 : -1;
	keys = keys_in(&a, dir, &n, e);
	for (size_t i = 0; keys && i < n; i++)
		tell(dir, keys[i], verify, each, ctx);
	return keys ? 0 : -1;
}

int template_remove(const char *store, const char *name, struct lc_error *e)
{
	auto_arena a = { 0 };
	auto_fd dir = open_store(store, e), lock = -1;
	char **keys = NULL, *found = NULL;
	size_t n = 0;

	if (dir >= 0) {
		if (take_lock(dir, true, &lock, e) < 0)
			return -1;
		keys = keys_in(&a, dir, &n, e);
		if (!keys)
			return -1;
	} else if (e->code != LC_ENOTFOUND) {
		return -1;
	}
	for (size_t i = 0; i < n && *name; i++) {
		if (!str_starts(keys[i], name))
			continue;
		if (found)
			return lc_err(e, LC_EUSAGE, "there are several templates %s...", name);
		found = keys[i];
	}
	if (!found)
		return lc_err(e, LC_ENOTFOUND, "there is no template \"%s\"", name);
	return tree_remove(dir, found, e);
}
