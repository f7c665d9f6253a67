/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small files of a cgroup, its events, and where it is. */
#include "cgroups/internal.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>
#include <time.h>

static ssize_t read_from(int fd, char *buf, size_t size)
{
	size_t len = 0;

	for (;;) {
		ssize_t n = pread(fd, buf + len, size - len, (off_t)len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		len += (size_t)n;
		if (len == size) {
			errno = EFBIG;
			return -1;
		}
		if (n < 2048) /* kernfs hands over all of a small file at once */
			break;
	}
	while (len && buf[len - 1] == '\n')
		len--;
	buf[len] = 0;
	return (ssize_t)len;
}

ssize_t cg_read(int dir, const char *name, char *buf, size_t size)
{
	auto_fd fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -1;
	return read_from(fd, buf, size);
}

int cg_write(int dir, const char *name, const char *text)
{
	auto_fd fd = openat(dir, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	size_t len;
	ssize_t n;

	if (fd < 0)
		return -1;
	if (!*text)
		text = "\n";
	len = strlen(text);
	do
		n = write(fd, text, len);
	while (n < 0 && errno == EINTR);
	if (n >= 0 && (size_t)n != len) {
		errno = EIO;
		return -1;
	}
	return n < 0 ? -1 : 0;
}

const char *cg_path_of(int dir, struct cg_path *path)
{
	int saved = errno;
	char proc[32];
	ssize_t n;

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", dir);
	n = readlink(proc, path->text, sizeof(path->text) - 1);
	errno = saved;
	if (n <= 0)
		return "the cgroup";
	path->text[n] = 0;
	return path->text;
}

/* The value behind "key " at the start of a line. */
static int find_number(const char *text, const char *key, unsigned *value)
{
	size_t len = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, len) && line[len] == ' ') {
			*value = (unsigned)strtoul(line + len + 1, NULL, 10);
			return 0;
		}
	}
	errno = ENODATA;
	return -1;
}

int cg_event(int dir, const char *key, unsigned *value)
{
	char text[256];

	if (cg_read(dir, "cgroup.events", text, sizeof(text)) < 0)
		return -1;
	return find_number(text, key, value);
}

int64_t cg_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The kernel marks cgroup.events with POLLPRI whenever it has changed since it was read. */
int cg_wait_event(int dir, const char *key, unsigned value, int ms)
{
	auto_fd fd = openat(dir, "cgroup.events", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int64_t end = cg_now_ms() + ms;

	if (fd < 0)
		return -1;
	for (;;) {
		struct pollfd events = { .fd = fd, .events = POLLPRI };
		int64_t left;
		char text[256];
		unsigned now;

		if (read_from(fd, text, sizeof(text)) < 0 || find_number(text, key, &now) < 0)
			return -1;
		if (now == value)
			return 0;
		left = end - cg_now_ms();
		if (left <= 0) {
			errno = ETIME;
			return -1;
		}
		if (poll(&events, 1, left < 100 ? (int)left : 100) < 0 && errno != EINTR)
			return -1;
	}
}

int cgroup_is_frozen(int cgroup, bool *frozen, struct lc_error *e)
{
	unsigned value;

	if (cg_event(cgroup, "frozen", &value) < 0)
		return lc_err_errno(e, "read %s/cgroup.events",
				    cg_path_of(cgroup, &(struct cg_path){}));
	*frozen = value;
	return 0;
}

int cgroup_is_populated(int cgroup, bool *populated, struct lc_error *e)
{
	unsigned value;

	if (cg_event(cgroup, "populated", &value) < 0)
		return lc_err_errno(e, "read %s/cgroup.events",
				    cg_path_of(cgroup, &(struct cg_path){}));
	*populated = value;
	return 0;
}

int cg_open_mount(const char *mount, struct lc_error *e)
{
	auto_fd fd = openat(AT_FDCWD, mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0)
		return lc_err_errno(e, "open %s", mount);
	if (fstatfs(fd, &fs) < 0)
		return lc_err_errno(e, "statfs %s", mount);
	if (fs.f_type != CGROUP2_SUPER_MAGIC)
		return lc_err(e, LC_EUNSUPPORTED, "%s is not a cgroup2 file system", mount);
	return fd_take(&fd);
}

char *cgroup_place_path(struct arena *a, const struct cgroup_ref *ref)
{
	if (!ref->path)
		return NULL;
	return arena_printf(a, "%s%s%s%s", ref->mount, ref->path, ref->place ? "/" : "",
			    ref->place ? ref->place : "");
}

/* The names in @place were made by hull, but those below are the container's to make. */
int cgroup_open_place(const struct cgroup_ref *ref, struct lc_error *e)
{
	auto_fd top = cgroup_open(ref, e), fd = -1;

	if (top < 0 || !ref->place)
		return fd_take(&top);
	fd = openat(top, ref->place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return lc_err_errno(e, "open cgroup %s%s/%s", ref->mount, ref->path, ref->place);
	return fd_take(&fd);
}

int cgroup_open(const struct cgroup_ref *ref, struct lc_error *e)
{
	auto_fd mount = -1, fd = -1;

	if (!ref->path)
		return lc_err(e, LC_ESTATE, "the container has no cgroup");
	mount = cg_open_mount(ref->mount, e);
	if (mount < 0)
		return -1;
	fd = openat(mount, ref->path + 1, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return lc_err_errno(e, "open cgroup %s%s", ref->mount, ref->path);
	return fd_take(&fd);
}
