/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole files and paths. */
#include "base/file.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

static ssize_t read_retry(int fd, void *p, size_t n)
{
	ssize_t got;

	do
		got = read(fd, p, n);
	while (got < 0 && errno == EINTR);
	return got;
}

/* Reads until @buf is full or the file ends: the bytes, or -1.  @whole: what the first read brings
 * is all there is. */
static ssize_t read_some(int fd, char *buf, size_t size, bool whole)
{
	size_t n = 0;

	while (n < size) {
		ssize_t got = read_retry(fd, buf + n, size - n);

		if (got < 0)
			return -1;
		if (got == 0)
			break;
		n += (size_t)got;
		if (whole)
			break;
	}
	return (ssize_t)n;
}

/* How much to ask for when it is more than @had: a regular file says, procfs and pipes do not. */
static size_t size_for(int fd, size_t had, size_t max)
{
	struct stat st;
	size_t size = 2 * had;

	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && (uintmax_t)st.st_size >= had)
		size = (uintmax_t)st.st_size < max ? (size_t)st.st_size + 1 : max;
	return size < max ? size : max;
}

/* Reads to the end of the file; 0, or -1 with errno. */
static int read_all(int fd, struct arena *a, size_t max, bool whole, char **text, size_t *len)
{
	char small[4096], *buf = small; /* most files fit */
	size_t size, n = 0;
	ssize_t got;

	max = max < SIZE_MAX / 2 ? max : SIZE_MAX / 2;
	size = max + 1 < sizeof(small) ? max + 1 : sizeof(small);
	while ((got = read_some(fd, buf + n, size - n, whole)) == (ssize_t)(size - n)) {
		char *grown;

		n = size;
		if (n > max) { /* one byte beyond the limit tells "all of it" from "too long" */
			errno = EFBIG;
			return -1;
		}
		size = size_for(fd, n, max + 1);
		grown = arena_alloc(a, size + 1);
		memcpy(grown, buf, n);
		buf = grown;
	}
	if (got < 0)
		return -1;
	n += (size_t)got;
	if (buf == small) {
		buf = arena_alloc(a, n + 1);
		memcpy(buf, small, n);
	}
	buf[n] = 0;
	*text = buf;
	if (len)
		*len = n;
	return 0;
}

int file_read_fd(int fd, struct arena *a, size_t max, char **text, size_t *len, struct lc_error *e)
{
	if (read_all(fd, a, max, false, text, len) < 0)
		return lc_err_errno(e, "read descriptor %d", fd);
	return 0;
}

int file_read_at(int dirfd, const char *path, struct arena *a, size_t max, char **text, size_t *len,
		 struct lc_error *e)
{
	auto_fd fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return lc_err_errno(e, "open %s", path);
	if (read_all(fd, a, max, false, text, len) < 0)
		return lc_err_errno(e, "read %s", path);
	return 0;
}

/* A regular file, and one of the kernel's that tells one thing, comes as a whole as far as it fits:
 * what is shorter needs no second read that says so. */
char *file_fact_at(int dirfd, const char *path, struct arena *a, size_t max)
{
	auto_fd fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char *text;
	size_t len;

	if (fd < 0 || read_all(fd, a, max, true, &text, &len) < 0)
		return NULL;
	while (len && text[len - 1] == '\n')
		text[--len] = 0;
	return text;
}

int file_write_at(int dirfd, const char *path, const char *text, struct lc_error *e)
{
	auto_fd fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	size_t len = strlen(text);
	int shown = len && text[len - 1] == '\n' ? (int)len - 1 : (int)len;
	ssize_t n;

	if (fd < 0)
		return lc_err_errno(e, "open %s", path);
	do
		n = write(fd, text, len);
	while (n < 0 && errno == EINTR);
	if (n >= 0 && (size_t)n != len) {
		errno = EIO;
		n = -1;
	}
	if (n < 0)
		return lc_err_errno(e, "write \"%.*s\" to %s", shown < 128 ? shown : 128, text,
				    path);
	return 0;
}

int fd_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n < 0 ? errno : EIO;
			return -1;
		}
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Creates a new file beside @name; its name goes to @tmp. */
static int create_beside(int dirfd, const char *name, char *tmp, size_t size)
{
	const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;

	for (int tries = 0; tries < 16; tries++) {
		uint64_t random = 0; /* nobody else is at it, as a rule */
		int n, fd;

		if (tries && getrandom(&random, sizeof(random), 0) != sizeof(random))
			return -1;
		n = snprintf(tmp, size, "%.*s.%s.%016llx", (int)(base - name), name, base,
			     (unsigned long long)random);
		if (n < 0 || (size_t)n >= size) {
			errno = ENAMETOOLONG;
			return -1;
		}
		fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

static int fill(int fd, const void *data, size_t len, mode_t mode)
{
	if (fd_write_all(fd, data, len) < 0)
		return -1;
	return mode == 0600 ? 0 : fchmod(fd, mode); /* no sane umask takes from the owner */
}

int file_replace_at(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
		    struct lc_error *e)
{
	char tmp[PATH_MAX];
	auto_fd fd = create_beside(dirfd, name, tmp, sizeof(tmp));

	if (fd < 0)
		return lc_err_errno(e, "create a file beside %s", name);
	if (fill(fd, data, len, mode) < 0)
		lc_err_errno(e, "write %s", tmp);
	else if (renameat(dirfd, tmp, dirfd, name) < 0)
		lc_err_errno(e, "rename %s to %s", tmp, name);
	else
		return 0;
	unlinkat(dirfd, tmp, 0);
	return -1;
}

static int mkdir_one(const char *path, mode_t mode)
{
	struct stat st;
	int why;

	if (!mkdir(path, mode))
		return 0;
	why = errno; /* a directory that is there may be reported as EROFS or EACCES too */
	if (!stat(path, &st)) {
		if (S_ISDIR(st.st_mode))
			return 0;
		why = ENOTDIR;
	}
	errno = why;
	return -1;
}

int file_mkdirs(const char *path, mode_t mode, struct lc_error *e)
{
	char upto[PATH_MAX];
	size_t len = strlen(path);

	if (len >= sizeof(upto)) {
		errno = ENAMETOOLONG;
		return lc_err_errno(e, "mkdir %s", path);
	}
	memcpy(upto, path, len + 1);
	for (char *p = upto + 1; len > 1 && *p; p++) {
		if (*p != '/')
			continue;
		*p = 0;
		if (mkdir_one(upto, mode) < 0)
			return lc_err_errno(e, "mkdir %s", upto);
		*p = '/';
	}
	if (mkdir_one(upto, mode) < 0)
		return lc_err_errno(e, "mkdir %s", path);
	return 0;
}

/* The last is NixOS's for programs with set-user-ID. */
#define PROGRAM_DIRS \
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/wrappers/bin"

const char *file_find_program(struct arena *a, const char *path, const char *name)
{
	char *list = arena_printf(a, "%s:" PROGRAM_DIRS, path ? path : ""), *dir;

	while ((dir = strsep(&list, ":"))) {
		const char *file = arena_printf(a, "%s/%s", dir, name);
		struct stat st;

		if (dir[0] == '/' && !stat(file, &st) && S_ISREG(st.st_mode) && !access(file, X_OK))
			return file;
	}
	return NULL;
}
