/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps the program's own binary out of the reach of containers (CVE-2019-5736). */
#include "run/self-exe.h"
#include "base/own.h"
#include "libcontainer.h"
#include "sys/sys.h"

#include <linux/magic.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#define SELF_EXE "/proc/self/exe"
#define MARKER	 "_HULL_EXECUTED_AGAIN"
#define SEALS	 (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static bool is_sealed(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & SEALS) == SEALS;
}

/* A mount whose root is the binary itself has the path "/", which no program that was executed by
 * its name can have: the file would have to be the root directory. */
static bool is_detached_readonly(void)
{
	struct statfs fs;

	return statfs(SELF_EXE, &fs) == 0 && (fs.f_flags & ST_RDONLY);
}

static bool is_sealed_copy(void)
{
	auto_fd fd = openat(AT_FDCWD, SELF_EXE, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && is_sealed(fd);
}

bool self_exe_protected(void)
{
	static bool seen; /* what a process executes stays the same */
	char path[8];
	ssize_t n;

	if (seen)
		return true;
	n = readlinkat(AT_FDCWD, SELF_EXE, path, sizeof(path));
	if (n == 1 && path[0] == '/')
		seen = is_detached_readonly();
	else if (n == sizeof(path) && !memcmp(path, "/memfd:", 7))
		seen = is_sealed_copy();
	return seen;
}

static int readonly_mount(void)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	auto_fd tree = sys_open_tree(AT_FDCWD, SELF_EXE, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (tree < 0 || sys_mount_setattr(tree, "", AT_EMPTY_PATH, &attr) < 0)
		return -1;
	return fd_take(&tree);
}

static int memory_file(void)
{
	/* MFD_EXEC (Linux 6.3) is needed where vm.memfd_noexec forbids it otherwise. */
	int fd = memfd_create("hull", MFD_CLOEXEC | MFD_ALLOW_SEALING | 0x10U);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("hull", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd;
}

static int copy_all(int to, int from)
{
	struct stat st;
	off_t at = 0;

	if (fstat(from, &st) < 0)
		return -1;
	while (at < st.st_size) {
		ssize_t n = sendfile(to, from, &at, (size_t)(st.st_size - at));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
	}
	return 0;
}

static int sealed_copy(struct lc_error *e)
{
	auto_fd from = openat(AT_FDCWD, SELF_EXE, O_RDONLY | O_CLOEXEC);
	auto_fd to = -1;

	if (from < 0)
		return lc_err_errno(e, "protect the runtime's binary: open " SELF_EXE);
	to = memory_file();
	if (to < 0)
		return lc_err_errno(e, "protect the runtime's binary: memfd_create");
	if (copy_all(to, from) < 0 || fchmod(to, 0500) < 0 || fcntl(to, F_ADD_SEALS, SEALS) < 0)
		return lc_err_errno(e, "protect the runtime's binary: sealed copy");
	return fd_take(&to);
}

/* The marker grants nothing: it only turns endless execution into an error. */
static void execute(int fd, char *const argv[])
{
	static char marker[] = MARKER "=1";
	char *few[256], **env = few;
	auto_free char **many = NULL; /* the first allocation takes system calls of its own */
	size_t n = 0;

	while (environ && environ[n])
		n++;
	if (n + 2 > ARRAY_SIZE(few))
		env = many = calloc(n + 2, sizeof(*many));
	if (fd < 0 || !env)
		return;
	for (size_t i = 0; i < n; i++)
		env[i] = environ[i];
	env[n] = marker;
	env[n + 1] = NULL;
	syscall(SYS_execveat, fd, "", argv, env, AT_EMPTY_PATH);
}

/* execveat() names the process after the descriptor's number. */
static void set_name(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	prctl(PR_SET_NAME, slash ? slash + 1 : argv0);
}

/* A standard stream that the caller has closed would be the number of the next file that we open
 * for ourselves, and so be passed on to the container. */
static int fill_streams(struct lc_error *e)
{
	struct pollfd p[3] = { { .fd = 0 }, { .fd = 1 }, { .fd = 2 } };

	if (poll(p, ARRAY_SIZE(p), 0) < 0)
		return lc_err_errno(e, "poll the standard streams");
	for (int fd = 0; fd < 3; fd++) {
		if (!(p[fd].revents & POLLNVAL))
			continue;
		if (openat(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC) != fd ||
		    fcntl(fd, F_SETFD, 0) < 0)
			return lc_err_errno(e, "open /dev/null for the closed descriptor %d", fd);
	}
	return 0;
}

int self_exe_protect(char *const argv[], struct lc_error *e)
{
	bool again = getenv(MARKER) != NULL;
	auto_fd fd = -1;

	if (!argv[0])
		return lc_err(e, LC_EUSAGE, "the program was executed without a name");
	unsetenv(MARKER);
	if (self_exe_protected()) {
		if (again)
			set_name(argv[0]);
		return fill_streams(e);
	}
	if (again)
		return lc_err(e, LC_EINTERNAL,
			      "protect the runtime's binary: executing a copy of it did not help");
	/* Until then a closed standard stream does no harm: all that is opened here is closed by
	 * the execution. */
	fd = readonly_mount();
	execute(fd, argv);
	fd_release(&fd);
	fd = sealed_copy(e);
	if (fd < 0)
		return -1;
	execute(fd, argv);
	return lc_err_errno(e, "protect the runtime's binary: execute a sealed copy of it");
}

int lc_protect(char *const argv[], struct lc_error *e)
{
	return self_exe_protect(argv, e);
}
