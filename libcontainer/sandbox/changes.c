/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the program wrote. */
#include "sandbox/changes.h"
#include "base/own.h"
#include "base/str.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define DEPTH_MAX 200
#define PATH_MOST (PATH_MAX - 300) /* room for what is put before and behind */
#define STAY	  (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

int changes_check(const char *asked, struct lc_error *e)
{
	if (!asked || !strcmp(asked, "list") || !strcmp(asked, "apply") ||
	    (str_starts(asked, "tar:") && asked[4]))
		return 0;
	return lc_err(e, LC_EUSAGE, "changes \"%s\": expected list, apply or tar:FILE", asked);
}

int change_open(const struct changes *c, const struct change *change, int flags)
{
	return sys_openat2(c->base, change->from, flags | O_NOFOLLOW | O_CLOEXEC, STAY);
}

ssize_t change_readlink(const struct changes *c, const struct change *change, char *buf,
			size_t size)
{
	auto_fd fd = -1;
	char *dir = arena_strdup(&c->job->arena, change->from), *name = strrchr(dir, '/');

	*name++ = 0;
	fd = sys_openat2(c->base, dir, O_PATH | O_DIRECTORY | O_CLOEXEC, STAY);
	return fd < 0 ? -1 : readlinkat(fd, name, buf, size);
}

/* ---- hull's own ---- */

/* Where a mount is: made by hull itself where it was missing, with what leads to it. */
static bool is_place_of_mount(const struct job *job, const char *path)
{
	for (size_t i = 0; i < job->mounts.n; i++) {
		const char *at = job->mounts.v[i].destination;

		if (path_below(at, path))
			return true;
		/* While the root is put together. */
		if (str_starts(at, "/root/") && path_below(at + strlen("/root"), path))
			return true;
	}
	return false;
}

static const struct bundle_entry *find_entry(const struct job *job, const char *from)
{
	for (size_t i = 0; i < job->entries.n; i++)
		if (!strcmp(job->entries.v[i].path, from))
			return &job->entries.v[i];
	return NULL;
}

/* The link as hull made it, or the directory. */
static bool is_as_made(const struct changes *c, const struct change *change)
{
	const struct bundle_entry *made = find_entry(c->job, change->from);
	char link[PATH_MAX];
	ssize_t n;

	if (!made)
		return false;
	if (!made->link)
		return S_ISDIR(change->mode);
	if (!S_ISLNK(change->mode))
		return false;
	n = change_readlink(c, change, link, sizeof(link));
	return n == (ssize_t)strlen(made->link) && !memcmp(link, made->link, (size_t)n);
}

static bool is_secret(const struct job *job, const char *path)
{
	for (size_t i = 0; i < job->secrets.n; i++)
		if (path_below(path, job->secrets.v[i]))
			return true;
	return false;
}

/* ---- walking ---- */

static struct change *add(struct changes *c, const struct change *change)
{
	if (c->list.n == c->size) {
		struct change *grown;

		c->size = c->size ? 2 * c->size : 64;
		grown = arena_array(&c->job->arena, c->size, sizeof(*grown));
		if (c->list.n)
			memcpy(grown, c->list.v, c->list.n * sizeof(*grown));
		c->list.v = grown;
	}
	c->list.v[c->list.n] = *change;
	return &c->list.v[c->list.n++];
}

static bool on_host(const struct changes *c, const char *path, struct stat *st)
{
	auto_fd fd = sys_openat2(c->host, path + 1, O_PATH | O_NOFOLLOW | O_CLOEXEC,
				 RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);

	return fd >= 0 && fstat(fd, st) == 0;
}

static bool is_opaque(int dir)
{
	char value;

	return fgetxattr(dir, "user.overlay.opaque", &value, 1) == 1 && value == 'y';
}

static const char *why_not(const struct changes *c, const struct change *change)
{
	if (is_secret(c->job, change->path))
		return "it lies where secrets are";
	if (!S_ISREG(change->mode) && !S_ISDIR(change->mode) && !S_ISLNK(change->mode) &&
	    !S_ISFIFO(change->mode))
		return "it is a socket or a device";
	return NULL;
}

static int walk(struct changes *c, const char *from, const char *path, unsigned depth,
		struct lc_error *e);

static int walk_dir(struct changes *c, struct change *change, unsigned depth, struct lc_error *e)
{
	auto_fd dir = change_open(c, change, O_RDONLY | O_DIRECTORY);
	struct stat host;
	bool there = on_host(c, change->path, &host);

	if (dir < 0) {
		change->skipped = "the program made it unreadable";
		add(c, change);
		return 0;
	}
	change->opaque = is_opaque(dir) && there;
	change->kind = there ? MODIFIED : CREATED;
	if (!is_as_made(c, change) && !is_place_of_mount(c->job, change->path) &&
	    (!there || change->opaque || !S_ISDIR(host.st_mode) ||
	     (host.st_mode & 07777) != (change->mode & 07777)))
		add(c, change);
	if (depth < DEPTH_MAX && strlen(change->from) < PATH_MOST)
		return walk(c, change->from, change->path, depth + 1, e);
	change->skipped = "it is too deep";
	add(c, change);
	return 0;
}

static int look_at(struct changes *c, struct change *change, const struct stat *st, unsigned depth,
		   struct lc_error *e)
{
	struct stat host;

	change->mode = st->st_mode;
	if (S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0)) {
		change->kind = DELETED;
		change->from = NULL;
		change->mode = S_IFREG;
		change->skipped = why_not(c, change);
		if (on_host(c, change->path, &host))
			add(c, change);
		return 0;
	}
	change->skipped = why_not(c, change);
	if (S_ISDIR(st->st_mode))
		return walk_dir(c, change, depth, e);
	if (is_place_of_mount(c->job, change->path) || is_as_made(c, change))
		return 0;
	change->kind = on_host(c, change->path, &host) ? MODIFIED : CREATED;
	add(c, change);
	return 0;
}

/* @from: a directory below the base that is @path inside; "" for "/". */
static int walk(struct changes *c, const char *from, const char *path, unsigned depth,
		struct lc_error *e)
{
	struct arena *a = &c->job->arena;
	auto_fd fd = sys_openat2(c->base, from, O_RDONLY | O_DIRECTORY | O_CLOEXEC, STAY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	struct stat st;
	int r = 0;

	if (!dir)
		return errno == ENOENT ? 0 : lc_err_errno(e, "changes: open %s", from);
	while (r == 0 && (entry = readdir(dir))) {
		struct change change = { 0 };

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
		    fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		change.from = arena_printf(a, "%s/%s", from, entry->d_name);
		change.path = arena_printf(a, "%s/%s", path, entry->d_name);
		r = look_at(c, &change, &st, depth, e);
	}
	fd_take(&fd);
	closedir(dir);
	return r;
}

/* Links of the root that hull made and the program removed. */
static void find_removed_links(struct changes *c)
{
	for (size_t i = 0; i < c->job->entries.n; i++) {
		const struct bundle_entry *made = &c->job->entries.v[i];
		struct change change = { .from = made->path, .kind = DELETED, .mode = S_IFREG };
		auto_fd fd = -1;

		if (!made->link || !str_starts(made->path, "root/"))
			continue;
		fd = sys_openat2(c->base, made->path, O_PATH | O_NOFOLLOW | O_CLOEXEC,
				 RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
		if (fd >= 0 || errno != ENOENT)
			continue;
		change.from = NULL;
		change.path = arena_strdup(&c->job->arena, made->path + strlen("root"));
		add(c, &change);
	}
}

int changes_read(struct job *job, int scratch, struct changes *out, struct lc_error *e)
{
	const char *root = strcmp(job->root_path, "/") ? job->root_path : "";

	*out = (struct changes)CHANGES_NONE;
	out->job = job;
	out->host = openat(AT_FDCWD, job->root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (out->host < 0)
		return lc_err_errno(e, "changes: %s", job->root_path);
	out->base = job->upper ? openat(AT_FDCWD, job->upper, O_PATH | O_DIRECTORY | O_CLOEXEC)
			       : fcntl(scratch, F_DUPFD_CLOEXEC, 3);
	if (out->base < 0)
		return lc_err_errno(e, "changes: what was written");
	for (size_t i = 0; i < job->layers.n; i++) {
		const struct layer *l = &job->layers.v[i];
		char *from = arena_printf(&job->arena, "up%s", l->name);

		if (walk(out, from, l->path + strlen(root), 0, e) < 0)
			return -1;
	}
	if (job->upper) /* what is written to "/" itself goes with the tmpfs */
		return 0;
	if (walk(out, "root", "", 0, e) < 0)
		return -1;
	find_removed_links(out);
	return 0;
}

void changes_release(struct changes *c)
{
	fd_release(&c->base);
	fd_release(&c->host);
}

/* ---- saying ---- */

static void add_escaped(struct buf *b, const char *path)
{
	for (const unsigned char *p = (const unsigned char *)path; *p; p++)
		if (*p < ' ' || *p >= 127 || *p == '\\')
			buf_addf(b, "\\%03o", *p);
		else
			buf_addn(b, (const char *)p, 1);
}

char *changes_text(const struct changes *c)
{
	struct buf b = { .arena = &c->job->arena };

	buf_add(&b, "");
	for (size_t i = 0; i < c->list.n; i++) {
		const struct change *change = &c->list.v[i];

		buf_addf(&b, "%c ", "AMD"[change->kind]);
		add_escaped(&b, change->path);
		if (S_ISDIR(change->mode))
			buf_add(&b, "/");
		if (change->skipped)
			buf_addf(&b, " (left out: %s)", change->skipped);
		buf_add(&b, "\n");
	}
	return b.str;
}
