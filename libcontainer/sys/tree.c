/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Removing trees. */
#include "sys/tree.h"
#include "base/own.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* A directory without permissions is one that its owner can give them. */
static int open_to_empty(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_fd path = -1;
	char proc[64];

	if (fd >= 0 || errno != EACCES)
		return fd;
	path = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (path < 0)
		return -1;
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", path);
	if (chmod(proc, 0700) < 0)
		return -1;
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int tree_remove(int dir, const char *name, struct lc_error *e)
{
	auto_fd below = -1;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return lc_err_errno(e, "remove %s", name);
	below = open_to_empty(dir, name);
	if (below < 0)
		return lc_err_errno(e, "remove %s", name);
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno == ENOTEMPTY || errno == EEXIST) {
		if (tree_empty(below, e) < 0)
			return lc_err_in(e, "%s", name);
		if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
	}
	return lc_err_errno(e, "remove %s", name);
}

int tree_empty(int dir, struct lc_error *e)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	uint64_t own, id;
	int result = 0;

	if (!d) {
		int saved = errno;

		fd_release(&copy);
		/* A removed directory cannot be opened anew: nothing is left in it. */
		errno = saved;
		return saved == ENOENT ? 0 : lc_err_errno(e, "list a directory");
	}
	if (sys_mount_id(dir, "", AT_EMPTY_PATH, &own) < 0)
		result = lc_err_errno(e, "stat a directory");
	while (!result && (entry = readdir(d))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		/* Not by st_dev: in an overlay files have another than directories. */
		if (sys_mount_id(dir, entry->d_name, AT_SYMLINK_NOFOLLOW, &id) == 0 && id != own)
			result = lc_err(e, LC_ESTATE, "%s: another file system is mounted there",
					entry->d_name);
		else
			result = tree_remove(dir, entry->d_name, e);
	}
	closedir(d);
	return result;
}
