/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The cgroups below a cgroup.  A container may have nested them thousands deep to make us run out
 * of descriptors or of path length, so removal goes down by name and up by "..", with two
 * descriptors open at a time.  Cgroups cannot be renamed, so ".." is where we came from.
 */
#include "cgroups/internal.h"
#include "base/own.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Walking keeps a descriptor per level. */
#define WALK_DEPTH 128

static void dir_release(DIR **d)
{
	int saved = errno;

	if (*d)
		closedir(*d);
	errno = saved;
}
#define auto_dir __attribute__((cleanup(dir_release))) DIR

/* A stream of its own over @dir, from the start. */
static DIR *list(int dir)
{
	auto_fd fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (d)
		(void)fd_take(&fd);
	return d;
}

/* The next cgroup of a listing, or NULL. */
static const char *next_cgroup(DIR *d)
{
	struct dirent *entry;

	while ((entry = readdir(d))) {
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") &&
		    strcmp(entry->d_name, ".."))
			return entry->d_name;
	}
	return NULL;
}

static int open_cgroup(int dir, const char *name)
{
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int walk(int dir, unsigned depth, int (*see)(int dir, void *ctx, struct lc_error *e),
		void *ctx, struct lc_error *e)
{
	auto_dir *d = NULL;
	const char *name;

	if (see(dir, ctx, e) < 0)
		return -1;
	d = list(dir);
	if (!d && errno == ENOENT)
		return 0;
	if (!d)
		return lc_err_errno(e, "list %s", cg_path_of(dir, &(struct cg_path){}));
	while ((name = next_cgroup(d))) {
		auto_fd below = open_cgroup(dir, name);

		if (below < 0 && errno == ENOENT)
			continue;
		if (below < 0)
			return lc_err_errno(e, "open %s/%s", cg_path_of(dir, &(struct cg_path){}),
					    name);
		if (depth == WALK_DEPTH)
			return lc_err(e, LC_ESYSTEM, "more than %d cgroups inside each other",
				      WALK_DEPTH);
		if (walk(below, depth + 1, see, ctx, e) < 0)
			return -1;
	}
	return 0;
}

int cg_walk(int dir, int (*see)(int dir, void *ctx, struct lc_error *e), void *ctx,
	    struct lc_error *e)
{
	return walk(dir, 0, see, ctx, e);
}

/* Removes what can be removed right below @dir.  Returns a descriptor of one that could not be,
 * -1 with errno 0 when none is left, or -1 with errno. */
static int remove_children(int dir)
{
	auto_dir *d = list(dir);
	const char *name;

	if (!d)
		return -1;
	while ((name = next_cgroup(d))) {
		int fd;

		if (!unlinkat(dir, name, AT_REMOVEDIR) || errno == ENOENT)
			continue;
		if (errno != EBUSY)
			return -1;
		fd = open_cgroup(dir, name);
		if (fd >= 0 || errno != ENOENT)
			return fd;
	}
	errno = 0;
	return -1;
}

/* A cgroup without children that could not be removed: its processes have yet to go. */
static int wait_until_empty(int dir, int64_t end)
{
	int64_t left = end - cg_now_ms();

	if (cg_wait_event(dir, "populated", 0, left > 0 ? (int)left : 0) < 0)
		return errno == ENOENT || errno == ENODEV ? 0 : -1;
	return 0;
}

static int not_in_time(int dir, const char *why, unsigned ms, struct lc_error *e)
{
	return lc_err(e, LC_ESYSTEM, "remove %s: %s after %g s (--timeout)",
		      cg_path_of(dir, &(struct cg_path){}), why, cg_deadline(ms) / 1000.0);
}

int cg_remove_below(int dir, unsigned ms, struct lc_error *e)
{
	int64_t end = cg_now_ms() + cg_deadline(ms);
	auto_fd here = open_cgroup(dir, ".");
	size_t depth = 0;

	if (here < 0)
		return errno == ENOENT ? 0 : lc_err_errno(e, "open a cgroup");
	for (;;) {
		auto_fd next = remove_children(here);

		if (next >= 0) {
			depth++;
		} else if (errno) {
			return lc_err_errno(e, "remove a cgroup in %s",
					    cg_path_of(here, &(struct cg_path){}));
		} else if (!depth) {
			return 0;
		} else {
			if (wait_until_empty(here, end) < 0)
				return errno == ETIME
					       ? not_in_time(here, "it has processes", ms, e)
					       : lc_err_errno(
							 e, "remove cgroup %s",
							 cg_path_of(here, &(struct cg_path){}));
			next = open_cgroup(here, "..");
			if (next < 0)
				return lc_err_errno(e, "open the parent of %s",
						    cg_path_of(here, &(struct cg_path){}));
			depth--;
		}
		if (cg_now_ms() > end)
			return not_in_time(here, "cgroups keep appearing in it", ms, e);
		fd_release(&here);
		here = fd_take(&next);
	}
}
