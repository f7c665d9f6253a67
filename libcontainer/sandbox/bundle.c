/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bundle of a job: rootfs holds only what tmpcopyup copies into the program's own tmpfs. */
#include "sandbox/sandbox.h"
#include "sandbox/bare.h"
#include "sandbox/net.h"
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "run/container.h"
#include "run/lock.h"
#include "sys/fd.h"
#include "sys/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
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

static int make_at(int rootfs, const struct bundle_entry *b)
{
	return b->link ? symlinkat(b->link, rootfs, b->path) : mkdirat(rootfs, b->path, b->mode);
}

static int make_entry(const struct job *job, int rootfs, const struct bundle_entry *b,
		      struct lc_error *e)
{
	int made = make_at(rootfs, b);

	if (made < 0 && errno == ENOENT && mkdir_parents(rootfs, b->path) == 0)
		made = make_at(rootfs, b);
	if (made < 0 && errno != EEXIST)
		return lc_err_errno(e, "make %s/rootfs/%s", job->bundle, b->path);
	if (b->link)
		return 0;
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
		char *path = arena_printf(&job->arena, "%s/%s%s", job->upper, i & 1 ? "work" : "up",
					  job->layers.v[i / 2].name);

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

/* ---- what was left ---- */

static char *parent_of(struct job *job)
{
	char *parent = arena_strdup(&job->arena, job->bundle);

	*strrchr(parent, '/') = 0;
	return parent;
}

static int open_dir(int at, const char *path)
{
	return openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Its state is where the link "state" in the bundle leads to. */
static int sweep_state(struct job *job, int bundle, const char *id, struct lc_error *e)
{
	struct lc other = *job->lc;
	char root[PATH_MAX];
	ssize_t n = readlinkat(bundle, "state", root, sizeof(root) - 1);

	if (n <= 0)
		return 0;
	root[n] = 0;
	other.root = root;
	if (lc_delete(&other, id, true, e) < 0 && e->code != LC_ENOTFOUND)
		return -1;
	return 0;
}

static void sweep_one(struct job *job, int parent, const char *name)
{
	auto_fd bundle = open_dir(parent, name);
	struct lc_error e = { 0 };

	if (bundle < 0 || flock(bundle, LOCK_EX | LOCK_NB) < 0)
		return; /* somebody's who lives */
	if (sweep_state(job, bundle, name, &e) < 0 || tree_remove(parent, name, &e) < 0)
		log_warn(job->lc->log, "clear away %s, which was left: %s", name, e.msg);
}

void bundle_sweep(struct job *job)
{
	auto_fd fd = open_dir(AT_FDCWD, parent_of(job));
	DIR *dir;
	struct dirent *entry;

	/* Who makes one holds this lock until it has locked its own. */
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return;
	dir = fdopendir(fd);
	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (str_starts(entry->d_name, "sandbox-"))
			sweep_one(job, fd, entry->d_name);
	fd_take(&fd);
	closedir(dir);
}

/* ---- making ---- */

static int lock_bundle(struct job *job, struct lc_error *e)
{
	job->bundle_lock = open_dir(AT_FDCWD, job->bundle);
	if (job->bundle_lock < 0 || flock(job->bundle_lock, LOCK_EX | LOCK_NB) < 0)
		return lc_err_errno(e, "lock %s", job->bundle);
	if (symlinkat(job->lc->root, job->bundle_lock, "state") < 0)
		return lc_err_errno(e, "symlink %s/state", job->bundle);
	return 0;
}

static int make_dir(struct job *job, const char *parent, struct lc_error *e)
{
	auto_fd lock = open_dir(AT_FDCWD, parent);

	if (lock < 0)
		return lc_err_errno(e, "open %s", parent);
	if (!lock_share(lock, job->lc->timeout_ms))
		return lc_err(e, LC_ESTATE,
			      "%s is busy: another sandbox clears it up (waited %g s, --timeout)",
			      parent, job->lc->timeout_ms / 1000.0);
	if (mkdir(job->bundle, 0711) < 0)
		return lc_err_errno(e, "mkdir %s", job->bundle);
	job->bundle_made = true;
	return lock_bundle(job, e);
}

/* So that it can be run again. It may hold secrets of the environment. */
static int keep_config(struct job *job, struct lc_error *e)
{
	size_t len;
	const char *text = config_text(job, &len);

	if (!job->how->keep)
		return 0;
	return file_replace_at(job->bundle_lock, "config.json", text, len, 0600, e);
}

int bundle_make(struct job *job, struct lc_error *e)
{
	char *parent = parent_of(job);
	auto_fd rootfs = -1;
	char *path;

	if (job->host.euid &&
	    (file_mkdirs(job->lc->root, 0700, e) < 0 || root_check(job->lc, e) < 0))
		return -1;
	if (file_mkdirs(parent, 0711, e) < 0 || check_parent(job, parent, e) < 0)
		return -1;
	if (chmod(parent, 0711) < 0)
		return lc_err_errno(e, "chmod %s", parent);
	if (make_dir(job, parent, e) < 0 || keep_config(job, e) < 0)
		return -1;
	path = arena_printf(&job->arena, "%s/rootfs", job->bundle);
	if (chmod(job->bundle, 0711) < 0 || mkdir(path, 0755) < 0 || chmod(path, 0755) < 0)
		return lc_err_errno(e, "mkdir %s", path);
	rootfs = open_dir(AT_FDCWD, path);
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
			if (unlinkat(rootfs, path, AT_REMOVEDIR) < 0)
				break; /* something else is in it */
		}
	}
}

static void bundle_remove(struct job *job)
{
	char *path = arena_printf(&job->arena, "%s/rootfs", job->bundle);
	auto_fd rootfs = open_dir(AT_FDCWD, path);
	struct lc_error e = { 0 };

	/* The one place where something of the program's is. */
	if (rootfs >= 0 && job->refused && tree_remove(rootfs, BARE_TMP, &e) < 0)
		log_warn(job->lc->log, "%s: %s", path, e.msg);
	if (rootfs >= 0)
		remove_entries(rootfs, job);
	rmdir(path);
	unlinkat(job->bundle_lock, "state", 0);
	unlinkat(job->bundle_lock, NET_LINK, 0);
	unlinkat(job->bundle_lock, NET_RESOLVER, 0);
	if (rmdir(job->bundle) < 0 && errno != ENOENT)
		log_warn(job->lc->log, "remove %s: %s", job->bundle, lc_errno_text(errno));
}

void job_close(struct job *job)
{
	if (job->bundle_made && !job->how->keep)
		bundle_remove(job);
	fd_release(&job->bundle_lock);
	arena_free(&job->arena);
}
