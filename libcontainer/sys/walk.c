/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walks a path inside a root by descriptors alone. */
#include "sys/walk.h"
#include "base/own.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <limits.h>
#include <linux/magic.h>
#include <string.h>

enum {
	MAX_LINKS = 40, /* as the kernel */
	MAX_DEPTH = 192, /* directories that are held open at a time */
	MAX_TRIES = 256, /* for a component that somebody keeps changing */
};

struct walk {
	int dirs[MAX_DEPTH]; /* from the root to where we are */
	size_t depth;
	int leaf; /* what was found when it is no directory, else -1 */
	char leaf_name[NAME_MAX + 1];
	char text[2 * PATH_MAX]; /* what is left to walk is [next, end) */
	char *next;
	unsigned links;
	uint64_t resolve, mount_id;
	bool keep_link; /* a link at the end is what is looked for */
	mode_t make_type, make_mode; /* make_type == 0: nothing is made */
};

static void walk_release(struct walk *w)
{
	while (w->depth > 0)
		fd_release(&w->dirs[--w->depth]);
	fd_release(&w->leaf);
}

static int fail(int err)
{
	errno = err;
	return -1;
}

static int walk_init(struct walk *w, int root, const char *path, uint64_t resolve)
{
	size_t len = strlen(path);

	w->depth = 0;
	w->leaf = -1;
	w->links = 0;
	w->resolve = resolve;
	w->keep_link = false;
	w->make_type = 0;
	if (!len)
		return fail(ENOENT);
	if (len >= PATH_MAX)
		return fail(ENAMETOOLONG);
	w->next = w->text + sizeof(w->text) - len - 1;
	memcpy(w->next, path, len + 1);
	w->dirs[0] = openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (w->dirs[0] < 0)
		return -1;
	w->depth = 1;
	if (resolve & RESOLVE_NO_XDEV)
		return sys_mount_id(w->dirs[0], "", AT_EMPTY_PATH, &w->mount_id);
	return 0;
}

static int here(const struct walk *w)
{
	return w->dirs[w->depth - 1];
}

static void leave_to(struct walk *w, size_t depth)
{
	while (w->depth > depth)
		fd_release(&w->dirs[--w->depth]);
}

/* Back to the root, for what begins with '/'. */
static int from_root(struct walk *w)
{
	if (!(w->resolve & RESOLVE_IN_ROOT))
		return fail(EXDEV);
	leave_to(w, 1);
	return 0;
}

static int up(struct walk *w)
{
	if (w->depth > 1)
		leave_to(w, w->depth - 1);
	else if (!(w->resolve & RESOLVE_IN_ROOT))
		return fail(EXDEV);
	return 0;
}

/* Links of a procfs whose text is not a path but a picture of what they jump to are never followed,
 * as by the kernel under RESOLVE_NO_MAGICLINKS and in scoped lookups.  The others ("self",
 * "thread-self", "mounts", "net") have plain relative paths. */
static bool is_magic(int fd, const char *target)
{
	return fd_is_fs(fd, PROC_SUPER_MAGIC) &&
	       (*target == '/' || target[strcspn(target, ":[(")] != 0);
}

/* Puts the text of the link @fd in front of what is left. */
static int follow(struct walk *w, int fd)
{
	char target[PATH_MAX];
	ssize_t len;

	if (w->resolve & RESOLVE_NO_SYMLINKS || ++w->links > MAX_LINKS)
		return fail(ELOOP);
	len = readlinkat(fd, "", target, sizeof(target) - 1);
	if (len < 0)
		return -1;
	if (len == 0)
		return fail(ENOENT);
	target[len] = 0;
	if (is_magic(fd, target))
		return fail(w->resolve & RESOLVE_NO_MAGICLINKS ? ELOOP : EXDEV);
	if (w->next - w->text < len)
		return fail(ENAMETOOLONG);
	w->next -= len; /* what follows begins with '/' or is empty */
	memcpy(w->next, target, (size_t)len);
	return *target == '/' ? from_root(w) : 0;
}

/* Makes the missing @name.  That somebody else was faster is fine: what is there is looked at. */
static int make(const struct walk *w, const char *name, bool last)
{
	int fd;

	if (!last || S_ISDIR(w->make_type)) {
		if (!mkdirat(here(w), name, last ? w->make_mode : 0755) || errno == EEXIST)
			return 0;
		return -1;
	}
	fd = openat(here(w), name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC,
		    w->make_mode);
	if (fd < 0)
		return errno == EEXIST ? 0 : -1;
	fd_release(&fd);
	return 0;
}

/* O_PATH descriptor of the entry @name, a link itself included. */
static int look(const struct walk *w, const char *name, bool last)
{
	for (int tries = 0; tries < MAX_TRIES; tries++) {
		int fd = openat(here(w), name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

		if (fd >= 0 || errno != ENOENT || !w->make_type)
			return fd;
		if (make(w, name, last) < 0)
			return -1;
	}
	return fail(EAGAIN);
}

static int enter(struct walk *w, int *fd)
{
	if (w->depth == MAX_DEPTH)
		return fail(ENAMETOOLONG);
	w->dirs[w->depth++] = fd_take(fd);
	return 0;
}

static int check_mount(const struct walk *w, int fd)
{
	uint64_t id;

	if (!(w->resolve & RESOLVE_NO_XDEV))
		return 0;
	if (sys_mount_id(fd, "", AT_EMPTY_PATH, &id) < 0)
		return -1;
	return id == w->mount_id ? 0 : fail(EXDEV);
}

static int step(struct walk *w, const char *name, bool last)
{
	auto_fd fd = look(w, name, last);
	struct stat st;

	if (fd < 0 || check_mount(w, fd) < 0 || fstat(fd, &st) < 0)
		return -1;
	if (S_ISLNK(st.st_mode) && !(last && w->keep_link))
		return follow(w, fd);
	if (S_ISDIR(st.st_mode))
		return enter(w, &fd);
	if (!last)
		return fail(ENOTDIR);
	memcpy(w->leaf_name, name, strlen(name) + 1);
	w->leaf = fd_take(&fd);
	return 0;
}

/* Takes the next component off the text; *@last when nothing follows, not even a '/'. */
static int take_name(struct walk *w, char name[NAME_MAX + 1], bool *last)
{
	size_t len = strcspn(w->next, "/");

	if (len > NAME_MAX)
		return fail(ENAMETOOLONG);
	memcpy(name, w->next, len);
	name[len] = 0;
	w->next += len;
	*last = !*w->next;
	return 0;
}

static int walk_all(struct walk *w)
{
	char name[NAME_MAX + 1];
	bool last;

	if (*w->next == '/' && from_root(w) < 0)
		return -1;
	for (;;) {
		int done;

		w->next += strspn(w->next, "/");
		if (!*w->next)
			return 0;
		if (take_name(w, name, &last) < 0)
			return -1;
		if (!strcmp(name, "."))
			continue;
		done = strcmp(name, "..") ? step(w, name, last) : up(w);
		if (done < 0)
			return -1;
	}
}

/* Opens what was found for use; the name must still lead to it. */
static int open_found(const struct walk *w, int flags)
{
	int found = w->leaf >= 0 ? w->leaf : here(w);
	auto_fd fd = -1;

	if (w->leaf >= 0) {
		fd = openat(here(w), w->leaf_name, flags | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 && (errno == ELOOP || errno == ENOENT) && !fd_is_symlink(w->leaf))
			return fail(EAGAIN);
	} else {
		fd = openat(found, ".", (flags & ~O_NOFOLLOW) | O_CLOEXEC);
	}
	if (fd < 0 || check_mount(w, fd) < 0)
		return -1;
	if (!fd_is_same(fd, found))
		return fail(EAGAIN);
	return fd_take(&fd);
}

static int take_found(struct walk *w)
{
	if (w->leaf >= 0)
		return fd_take(&w->leaf);
	return fd_take(&w->dirs[--w->depth]);
}

int walk_open(int root, const char *path, int flags, uint64_t resolve)
{
	const uint64_t known = RESOLVE_IN_ROOT | RESOLVE_BENEATH | RESOLVE_NO_XDEV |
			       RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;
	__attribute__((cleanup(walk_release))) struct walk w;

	if (resolve & ~known || !(resolve & (RESOLVE_IN_ROOT | RESOLVE_BENEATH))) {
		w.depth = 0;
		w.leaf = -1;
		return fail(ENOSYS);
	}
	if (walk_init(&w, root, path, resolve) < 0)
		return -1;
	w.keep_link = flags & O_NOFOLLOW;
	if (walk_all(&w) < 0)
		return -1;
	if (w.leaf >= 0 && flags & O_DIRECTORY)
		return fail(ENOTDIR);
	if (flags & O_PATH)
		return take_found(&w);
	return open_found(&w, flags);
}

int walk_make(int root, const char *path, mode_t type, mode_t mode)
{
	__attribute__((cleanup(walk_release))) struct walk w;

	if (walk_init(&w, root, path, RESOLVE_IN_ROOT) < 0)
		return -1;
	w.make_type = type;
	w.make_mode = mode;
	if (walk_all(&w) < 0)
		return -1;
	if (S_ISDIR(type) && w.leaf >= 0)
		return fail(ENOTDIR);
	if (!S_ISDIR(type) && w.leaf < 0)
		return fail(EISDIR);
	return take_found(&w);
}
