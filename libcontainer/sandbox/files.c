/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the program sees of the file system.  Below a tmpfs that only it has, "root" is put together
 * and becomes its root in one piece:
 *
 *	/		a tmpfs: root, tmp, run; upN and workN of each overlay, or topN
 *	/root/usr	an overlay: lower /usr of the host, upper upN
 *	/root/tmp	bound from tmp
 *	/		root, with all that was mounted in it
 *
 * One overlay for the host's "/" cannot be: an overlay does not show what is mounted in its lower
 * directory, and in a user namespace the kernel refuses a lower directory with mounts in it.  So a
 * directory with mounts below is made anew and entered, down to directories without.  An overlay
 * also keeps connect(2) from the sockets in it, which no read-only mount does.
 *
 * What the program's user may not enter is replaced by an empty directory.
 */
#include "sandbox/files.h"
#include "sandbox/binds.h"
#include "sandbox/net.h"
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "sys/sys.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#define F2FS_MAGIC   0xF2F52010
#define LAYERS_MAX   400 /* one mount below /usr/lib means one for each directory there */
#define MOUNTS_MAX   (16 << 20)
#define DEPTH_MAX    8
#define FILES_MIN    4096 /* in a tmpfs, however small: overlays and mount points are some */
#define SCRATCH_OPTS "nosuid nodev"

/* ---- lists ---- */

static struct strs split(struct arena *a, const char *words)
{
	struct strs out = { arena_array(a, strlen(words) / 2 + 2, sizeof(char *)), 0 };

	while (*words) {
		size_t len = strcspn(words, " ");

		out.v[out.n++] = arena_strndup(a, words, len);
		words += len + strspn(words + len, " ");
	}
	return out;
}

struct spec_mount *job_mount(struct job *job, const char *destination, const char *type,
			     const char *source, const char *options)
{
	struct spec_mount *m;

	if (job->mounts.n == job->mounts_size) {
		job->mounts_size = job->mounts_size ? 2 * job->mounts_size : 32;
		m = arena_array(&job->arena, job->mounts_size, sizeof(*m));
		if (job->mounts.n)
			memcpy(m, job->mounts.v, job->mounts.n * sizeof(*m));
		job->mounts.v = m;
	}
	m = &job->mounts.v[job->mounts.n++];
	*m = (struct spec_mount){
		.destination = arena_strdup(&job->arena, destination),
		.type = arena_strdup(&job->arena, type),
		.source = arena_strdup(&job->arena, source),
		.options = split(&job->arena, options),
	};
	return m;
}

static void mount_option(struct job *job, struct spec_mount *m, char *option)
{
	struct strs more = { arena_array(&job->arena, m->options.n + 2, sizeof(char *)), 0 };

	for (size_t i = 0; i < m->options.n; i++)
		more.v[more.n++] = m->options.v[i];
	more.v[more.n++] = option;
	m->options = more;
}

static void add_path(struct job *job, struct strs *list, size_t *size, const char *path)
{
	if (list->n + 1 >= *size) {
		char **grown;

		*size = *size ? 2 * *size : 64;
		grown = arena_array(&job->arena, *size, sizeof(*grown));
		if (list->n)
			memcpy(grown, list->v, list->n * sizeof(*grown));
		list->v = grown;
	}
	list->v[list->n++] = arena_strdup(&job->arena, path);
}

void job_mask(struct job *job, const char *path)
{
	add_path(job, &job->masked, &job->masked_size, path);
}

void job_add_secret(struct job *job, const char *path)
{
	add_path(job, &job->secrets, &job->secrets_size, path);
}

/* ---- the host's mounts ---- */

struct walk {
	struct job *job;
	struct strs points; /* mount points of the host */
	bool writable;
};

static int read_points(struct walk *w, struct lc_error *e)
{
	struct arena *a = &w->job->arena;
	char *text, *line;
	size_t len, n = 1;

	if (file_read_at(AT_FDCWD, "/proc/self/mountinfo", a, MOUNTS_MAX, &text, &len, e) < 0)
		return -1;
	for (const char *p = text; *p; p++)
		n += *p == '\n';
	w->points.v = arena_array(a, n, sizeof(char *));
	while ((line = strsep(&text, "\n"))) {
		char *point;

		for (int field = 0; field < 4; field++)
			strsep(&line, " ");
		point = line ? strsep(&line, " ") : NULL;
		if (!point)
			continue;
		str_unescape_octal(point);
		w->points.v[w->points.n++] = point;
	}
	return 0;
}

static bool has_mounts(const struct walk *w, const char *dir)
{
	for (size_t i = 0; i < w->points.n; i++) {
		const char *rest = path_below(w->points.v[i], dir);

		if (rest && *rest)
			return true;
	}
	return false;
}

/* ---- the tree ---- */

/* Made new for every program, or the kernel's own. */
static bool is_fresh(const char *path)
{
	static const char *const names[] = { "/proc", "/sys",	     "/dev", "/run",
					     "/tmp",  "/lost+found", NULL };

	for (size_t i = 0; names[i]; i++)
		if (!strcmp(path, names[i]))
			return true;
	return false;
}

/* What is kept has to be found again under the same name, whatever else the host has by then. */
static char *layer_name(struct job *job, const char *path)
{
	struct buf b = { .arena = &job->arena };

	if (!job->upper)
		return arena_printf(&job->arena, "%zu", job->layers.n);
	buf_add(&b, "");
	for (path += job->host_root ? 0 : strlen(job->root_path); *path; path++)
		if (*path == '/' || *path == '%')
			buf_addf(&b, "%%%02X", *path);
		else
			buf_addn(&b, path, 1);
	return b.str;
}

static const char *add_layer(struct job *job, const char *path)
{
	if (job->layers.n == job->layers_size) {
		struct layer *grown;

		job->layers_size = job->layers_size ? 2 * job->layers_size : 16;
		grown = arena_array(&job->arena, job->layers_size, sizeof(*grown));
		if (job->layers.n)
			memcpy(grown, job->layers.v, job->layers.n * sizeof(*grown));
		job->layers.v = grown;
	}
	job->layers.v[job->layers.n] =
		(struct layer){ arena_strdup(&job->arena, path), layer_name(job, path) };
	return job->layers.v[job->layers.n++].name;
}

/* A path as an option of overlay has it. */
static char *escaped(struct arena *a, const char *path)
{
	struct buf b = { .arena = a };

	buf_add(&b, "");
	for (; *path; path++) {
		if (strchr("\\:,", *path))
			buf_add(&b, "\\");
		buf_addn(&b, path, 1);
	}
	return b.str;
}

/* Where upper and work directories are: in the tmpfs, or in the directory that keeps them. */
static char *scratch(struct job *job, const char *what, const char *name)
{
	if (job->upper)
		return arena_printf(&job->arena, "%s/%s%s", job->upper, what, name);
	return arena_printf(&job->arena, "%s/rootfs/%s%s", job->bundle, what, name);
}

static void add_overlay(struct walk *w, const char *path, const char *inside, unsigned mode)
{
	struct job *job = w->job;
	struct arena *a = &job->arena;
	struct spec_mount *m =
		job_mount(job, inside, "overlay", "overlay", SCRATCH_OPTS " userxattr");
	const char *lower = escaped(a, path);
	const char *name = add_layer(job, path);

	if (!w->writable) {
		/* Without an upper directory there have to be two lower ones.  The host's has to be
		 * the last: above another one it has its attributes read, which EACCES ends for a
		 * directory that one may enter but not list. */
		mount_option(
			job, m,
			arena_printf(a, "lowerdir=%s/rootfs/top%s:%s", job->bundle, name, lower));
		bundle_dir(job, arena_printf(a, "top%s", name), mode);
		return;
	}
	mount_option(job, m, arena_printf(a, "lowerdir=%s", lower));
	mount_option(job, m, arena_printf(a, "upperdir=%s", escaped(a, scratch(job, "up", name))));
	mount_option(job, m, arena_printf(a, "workdir=%s", escaped(a, scratch(job, "work", name))));
	if (!job->upper) {
		bundle_dir(job, arena_printf(a, "up%s", name), mode);
		bundle_dir(job, arena_printf(a, "work%s", name), 0700);
	}
}

static bool dir_is_empty(const char *path)
{
	_Alignas(struct dirent64) char buf[512]; /* more than "." and ".." take */
	auto_fd fd = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : sys_getdents(fd, buf, sizeof(buf));

	for (ssize_t at = 0; at < n;) {
		const struct dirent64 *d = (const struct dirent64 *)(buf + at);

		if (strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
			return false;
		at += d->d_reclen;
	}
	return n > 0;
}

/* Known to work below an overlay; what else is mounted on the host is bound as it is. */
static bool can_be_lower(const char *path)
{
	static const unsigned long types[] = {
		EXT4_SUPER_MAGIC,      XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC,
		TMPFS_MAGIC,	       NFS_SUPER_MAGIC, F2FS_SUPER_MAGIC,
		OVERLAYFS_SUPER_MAGIC, SQUASHFS_MAGIC,	FUSE_SUPER_MAGIC,
		EROFS_SUPER_MAGIC_V1,  0x2fc12fc1 /* zfs */
	};
	struct statfs fs;

	if (statfs(path, &fs) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if ((unsigned long)fs.f_type == types[i])
			return true;
	return false;
}

static int add_tree(struct walk *w, const char *path, const char *inside, unsigned depth,
		    struct lc_error *e);

/* An overlay over nothing, whose upper directory nobody will look at, is only a directory: that
 * spares a mount and two directories. Most hosts have several such, /mnt and /srv and the like. */
static bool needs_no_overlay(const struct walk *w, const char *path, const struct stat *st)
{
	return w->writable && !w->job->upper && !w->job->how->changes && st->st_nlink <= 2 &&
	       dir_is_empty(path);
}

static int add_dir(struct walk *w, const char *path, const char *inside, const struct stat *st,
		   unsigned depth, struct lc_error *e)
{
	struct job *job = w->job;

	if (!job_may(job, st, R_OK | X_OK)) {
		bundle_dir(job, inside + 1, 0755);
		return 0;
	}
	if (!has_mounts(w, path) && job->layers.n < LAYERS_MAX) {
		if (!can_be_lower(path))
			job_mount(job, inside, "bind", path, "bind ro nosuid nodev");
		else if (needs_no_overlay(w, path, st))
			bundle_dir(job, inside + 1, st->st_mode & 07777);
		else
			add_overlay(w, path, inside, st->st_mode & 07777);
		return 0;
	}
	bundle_dir(job, inside + 1, 0755);
	if (depth >= DEPTH_MAX || job->layers.n >= LAYERS_MAX)
		return job_degrade(job, e, "overlay",
				   "%s has too many mounts below it: it is not shown", path);
	return add_tree(w, path, inside, depth + 1, e);
}

static int add_entry(struct walk *w, const char *path, const char *inside, unsigned depth,
		     struct lc_error *e)
{
	struct job *job = w->job;
	struct stat st;
	char link[PATH_MAX];
	ssize_t n;

	if (lstat(path, &st) < 0) /* a FUSE mount of another user's, perhaps */
		return 0;
	if (S_ISLNK(st.st_mode)) {
		n = readlink(path, link, sizeof(link) - 1);
		if (n > 0) {
			link[n] = 0;
			bundle_link(job, inside + 1, link);
		}
		return 0;
	}
	if (S_ISREG(st.st_mode)) {
		if (job_may(job, &st, R_OK))
			job_mount(job, inside, "bind", path, "bind ro nosuid nodev");
		return 0;
	}
	if (!S_ISDIR(st.st_mode))
		return 0; /* sockets, devices */
	return add_dir(w, path, inside, &st, depth, e);
}

static int add_tree(struct walk *w, const char *path, const char *inside, unsigned depth,
		    struct lc_error *e)
{
	struct arena *a = &w->job->arena;
	auto_fd fd = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return 0;
	fd_take(&fd);
	while (r == 0 && (entry = readdir(dir))) {
		char *child =
			arena_printf(a, "%s/%s", strcmp(path, "/") ? path : "", entry->d_name);

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
		    (depth == 0 && is_fresh(child)))
			continue;
		r = add_entry(w, child, arena_printf(a, "%s/%s", inside, entry->d_name), depth, e);
	}
	closedir(dir);
	return r;
}

static int add_host(struct job *job, bool writable, struct lc_error *e)
{
	struct walk w = { .job = job, .writable = writable };

	return read_points(&w, e) < 0 ? -1 : add_tree(&w, "/", "/root", 0, e);
}

/* A root of its own: one overlay, unless something is mounted in it. */
static int add_other_root(struct job *job, bool writable, struct lc_error *e)
{
	struct walk w = { .job = job, .writable = writable };
	struct stat st;

	if (read_points(&w, e) < 0)
		return -1;
	if (stat(job->root_path, &st) < 0)
		return lc_err_errno(e, "root %s", job->root_path);
	if (!job_may(job, &st, R_OK | X_OK))
		return lc_err(e, LC_EUSAGE,
			      "root %s: user %u, who the program is outside, may not read it",
			      job->root_path, job->host_uid);
	if (has_mounts(&w, job->root_path))
		return add_tree(&w, job->root_path, "/root", 1, e);
	add_overlay(&w, job->root_path, "/root", st.st_mode & 07777);
	return 0;
}

/* An overlay notes in user attributes of its upper directory that what was removed is gone; a tmpfs
 * has them from Linux 6.6 on. */
static bool tmpfs_has_attributes(void)
{
	auto_fd fd = memfd_create("hull", MFD_CLOEXEC);

	return fd >= 0 && fsetxattr(fd, "user.hull", "", 0, 0) == 0;
}

static int check_overlay(struct job *job, bool writable, struct lc_error *e)
{
	if (!writable || job->upper || tmpfs_has_attributes())
		return 0;
	return job_degrade(
		job, e, "overlay",
		"this kernel's tmpfs keeps no user attributes (Linux 6.6 does), so that a "
		"directory of the host's cannot be removed and made again: give "
		"--overlay DIR on a disk, or --overlay none");
}

/* ---- everything ---- */

static void add_scratch_dirs(struct job *job)
{
	static const struct {
		const char *name, *at;
		unsigned mode;
	} dirs[] = {
		{ "tmp", "/root/tmp", 01777 },
		{ "vartmp", "/root/var/tmp", 01777 },
		{ "run", "/root/run", 0755 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		const char *there = dirs[i].at + strlen("/root");

		/* Deeper down nobody could make a place for it. */
		if (strchr(there + 1, '/') &&
		    access(arena_printf(&job->arena, "%s%s", job->root_path, there), F_OK) < 0)
			continue;
		bundle_dir(job, dirs[i].name, dirs[i].mode);
		job_mount(job, dirs[i].at, "bind",
			  arena_printf(&job->arena, "%s/rootfs/%s", job->bundle, dirs[i].name),
			  "bind " SCRATCH_OPTS);
	}
	if (job->host.euid)
		bundle_dir(job, arena_printf(&job->arena, "run/user/%u", job->uid), 0700);
}

char *tmpfs_room(struct job *job, uint64_t bytes)
{
	return arena_printf(&job->arena, "size=%llu nr_inodes=%llu", (unsigned long long)bytes,
			    (unsigned long long)(bytes / 4096 + FILES_MIN));
}

static void add_kernel_fs(struct job *job)
{
	job_mount(job, "/proc", "proc", "proc", "nosuid noexec nodev");
	job_mount(job, "/dev", "tmpfs", "tmpfs",
		  arena_printf(&job->arena, "nosuid noexec strictatime mode=755 %s",
			       tmpfs_room(job, 64 << 10)));
	job_mount(job, "/dev/pts", "devpts", "devpts",
		  "nosuid noexec newinstance ptmxmode=0666 mode=0620");
	job_mount(job, "/dev/shm", "tmpfs", "shm",
		  arena_printf(&job->arena, "nosuid noexec nodev mode=1777 %s",
			       tmpfs_room(job, 64 << 20)));
	job_mount(job, "/dev/mqueue", "mqueue", "mqueue", "nosuid noexec nodev");
	if (job->net == NET_NONE) /* only who owns the network namespace may mount it */
		job_mount(job, "/sys", "sysfs", "sysfs", "nosuid noexec nodev ro");
	job_mount(job, SANDBOX_INIT, "bind", LIBEXECDIR "/hull-init", "bind ro nosuid nodev");
}

int files_decide(struct job *job, struct lc_error *e)
{
	bool writable = !job->s.overlay || strcmp(job->s.overlay, "none") != 0;

	job_mount(job, "/", "tmpfs", "tmpfs",
		  arena_printf(&job->arena, "tmpcopyup " SCRATCH_OPTS " %s",
			       tmpfs_room(job, job->limits[LIMIT_DISK].enforced)));
	if (binds_read(job, e) < 0 || check_overlay(job, writable, e) < 0)
		return -1;
	bundle_dir(job, "root", 0755);
	if ((job->host_root ? add_host(job, writable, e) : add_other_root(job, writable, e)) < 0)
		return -1;
	add_scratch_dirs(job);
	job_mount(job, "/", "bind", arena_printf(&job->arena, "%s/rootfs/root", job->bundle),
		  "rbind");
	add_kernel_fs(job);
	net_decide_files(job);
	if (hide_decide(job, e) < 0)
		return -1;
	return binds_decide(job, e);
}
