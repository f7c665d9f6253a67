/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bundle of a job: rootfs holds only what tmpcopyup copies into the program's own tmpfs. */
#include "sandbox/sandbox.h"
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "sys/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct bundle_entry *add_entry(struct job *job, const char *path)
{
	if (job->entries.n == job->entries_size) {
		struct bundle_entry *grown;

		job->entries_size = job->entries_size ? 2 * job->entries_size : 64;
		grown = arena_array(&job->arena, job->entries_size, sizeof(*grown));
		if (job->entries.n)
			memcpy(grown, job->entries.v, job->entries.n * sizeof(*grown));
		job->entries.v = grown;
	}
	job->entries.v[job->entries.n] =
		(struct bundle_entry){ .path = arena_strdup(&job->arena, path) };
	return &job->entries.v[job->entries.n++];
}

void bundle_dir(struct job *job, const char *path, unsigned mode)
{
	add_entry(job, path)->mode = mode;
}

void bundle_link(struct job *job, const char *path, const char *link)
{
	add_entry(job, path)->link = arena_strdup(&job->arena, link);
}

static int mkdir_parents(int rootfs, char *path)
{
	for (char *p = strchr(path, '/'); p; p = strchr(p + 1, '/')) {
		*p = 0;
		if (mkdirat(rootfs, path, 0755) < 0 && errno != EEXIST)
			return -1;
		*p = '/';
	}
	return 0;
}

static int make_entry(const struct job *job, int rootfs, const struct bundle_entry *b,
		      struct lc_error *e)
{
	if (mkdir_parents(rootfs, b->path) < 0)
		return lc_err_errno(e, "mkdir %s/rootfs/%s", job->bundle, b->path);
	if (b->link && symlinkat(b->link, rootfs, b->path) < 0 && errno != EEXIST)
		return lc_err_errno(e, "symlink %s/rootfs/%s", job->bundle, b->path);
	if (b->link)
		return 0;
	if (mkdirat(rootfs, b->path, b->mode) < 0 && errno != EEXIST)
		return lc_err_errno(e, "mkdir %s/rootfs/%s", job->bundle, b->path);
	if (fchmodat(rootfs, b->path, b->mode, 0) < 0)
		return lc_err_errno(e, "chmod %s/rootfs/%s", job->bundle, b->path);
	if (job->host_uid != job->host.euid &&
	    fchownat(rootfs, b->path, job->host_uid, job->host_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return lc_err_errno(e, "chown %s/rootfs/%s", job->bundle, b->path);
	return 0;
}

/* In the directory that keeps what is written. */
static int make_kept(struct job *job, struct lc_error *e)
{
	for (size_t i = 0; job->upper && i < 2 * job->layers.n; i++) {
		char *path = arena_printf(&job->arena, "%s/%s%zu", job->upper,
					  i & 1 ? "work" : "up", i / 2);

		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return lc_err_errno(e, "mkdir %s", path);
		if (job->host_uid != job->host.euid &&
		    chown(path, job->host_uid, job->host_gid) < 0)
			return lc_err_errno(e, "chown %s", path);
	}
	return 0;
}

/* Where everybody can write, somebody may have been there first. */
static int check_parent(const struct job *job, const char *parent, struct lc_error *e)
{
	struct stat st;

	if (lstat(parent, &st) < 0)
		return lc_err_errno(e, "stat %s", parent);
	if (!S_ISDIR(st.st_mode) || st.st_uid != job->host.euid || st.st_mode & 0022)
		return lc_err(e, LC_ESTATE, "%s is not a directory of user %u alone", parent,
			      job->host.euid);
	return 0;
}

int bundle_make(struct job *job, struct lc_error *e)
{
	char *parent = arena_strdup(&job->arena, job->bundle);
	auto_fd rootfs = -1;
	char *path;

	*strrchr(parent, '/') = 0;
	if (job->host.euid &&
	    (file_mkdirs(job->lc->root, 0700, e) < 0 || root_check(job->lc, e) < 0))
		return -1;
	if (file_mkdirs(parent, 0711, e) < 0 || check_parent(job, parent, e) < 0)
		return -1;
	if (chmod(parent, 0711) < 0 || mkdir(job->bundle, 0711) < 0)
		return lc_err_errno(e, "mkdir %s", job->bundle);
	job->bundle_made = true;
	path = arena_printf(&job->arena, "%s/rootfs", job->bundle);
	if (chmod(job->bundle, 0711) < 0 || mkdir(path, 0755) < 0 || chmod(path, 0755) < 0)
		return lc_err_errno(e, "mkdir %s", path);
	rootfs = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (rootfs < 0)
		return lc_err_errno(e, "open %s", path);
	for (size_t i = 0; i < job->entries.n; i++)
		if (make_entry(job, rootfs, &job->entries.v[i], e) < 0)
			return -1;
	if (job->host_uid != job->host.euid && fchown(rootfs, job->host_uid, job->host_gid) < 0)
		return lc_err_errno(e, "chown %s", path);
	return make_kept(job, e);
}

/* Only what we have made: there is nothing of the program's. */
static void remove_entries(int rootfs, const struct job *job)
{
	for (size_t i = job->entries.n; i-- > 0;) {
		char *path = job->entries.v[i].path, *slash;

		unlinkat(rootfs, path, job->entries.v[i].link ? 0 : AT_REMOVEDIR);
		while ((slash = strrchr(path, '/'))) {
			*slash = 0;
			unlinkat(rootfs, path, AT_REMOVEDIR);
		}
	}
}

static void bundle_remove(struct job *job)
{
	char *path = arena_printf(&job->arena, "%s/rootfs", job->bundle);
	auto_fd rootfs = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (rootfs >= 0)
		remove_entries(rootfs, job);
	rmdir(path);
	if (rmdir(job->bundle) < 0 && errno != ENOENT)
		log_warn(job->lc->log, "remove %s: %s", job->bundle, lc_errno_text(errno));
}

void job_close(struct job *job)
{
	if (job->bundle_made)
		bundle_remove(job);
	arena_free(&job->arena);
}
