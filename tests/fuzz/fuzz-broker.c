/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that asks the broker of its files anything: requests of every kind, with nodes that it
 * was told of, forgot or made up, names good and bad.  Each input has an export of its own, and
 * beside it a file that nobody may reach.
 *
 * sources: libcontainer/base libcontainer/sys/fd.c microvm/broker.c microvm/broker-attr.c
 * sources: microvm/broker-dir.c microvm/broker-xattr.c microvm/node.c microvm/proc.c
 * sources: libcontainer/sys/confine.c
 */
#include "fuzz.h"
#include "microvm/broker.h"
#include "base/own.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NODES = 16, STEPS = 64 };

static const char *const names[] = { "a", "b",	 "d", "link", "vol",  "new", "..",	  ".",
				     "",  "a/b", "/", "../x", "/etc", "up",  "../secret", "d/a" };

static const struct {
	uint32_t opcode;
	size_t arg; /* bytes of its fixed part */
} kinds[] = {
	{ FUSE_LOOKUP, 0 },
	{ FUSE_FORGET, sizeof(struct fuse_forget_in) },
	{ FUSE_BATCH_FORGET, sizeof(struct fuse_batch_forget_in) },
	{ FUSE_GETATTR, sizeof(struct fuse_getattr_in) },
	{ FUSE_SETATTR, sizeof(struct fuse_setattr_in) },
	{ FUSE_READLINK, 0 },
	{ FUSE_SYMLINK, 0 },
	{ FUSE_MKNOD, sizeof(struct fuse_mknod_in) },
	{ FUSE_MKDIR, sizeof(struct fuse_mkdir_in) },
	{ FUSE_CREATE, sizeof(struct fuse_create_in) },
	{ FUSE_LINK, sizeof(struct fuse_link_in) },
	{ FUSE_UNLINK, 0 },
	{ FUSE_RMDIR, 0 },
	{ FUSE_RENAME, sizeof(struct fuse_rename_in) },
	{ FUSE_RENAME2, sizeof(struct fuse_rename2_in) },
	{ FUSE_OPEN, sizeof(struct fuse_open_in) },
	{ FUSE_STATFS, 0 },
	{ FUSE_SETXATTR, FUSE_COMPAT_SETXATTR_IN_SIZE },
	{ FUSE_GETXATTR, sizeof(struct fuse_getxattr_in) },
	{ FUSE_LISTXATTR, sizeof(struct fuse_getxattr_in) },
	{ FUSE_REMOVEXATTR, 0 },
	{ FUSE_OPENDIR, sizeof(struct fuse_open_in) },
	{ FUSE_READDIR, sizeof(struct fuse_read_in) },
	{ FUSE_READDIRPLUS, sizeof(struct fuse_read_in) },
	{ FUSE_FSYNCDIR, sizeof(struct fuse_fsync_in) },
	{ FUSE_RELEASEDIR, sizeof(struct fuse_release_in) },
};

static char place[PATH_MAX]; /* the folder of all inputs */
static int home = -1, proc = -1; /* working directories: the fuzzer's, and the broker's */
static struct broker broker;
static uint64_t known[NODES] = { NODE_ROOT };
static uint64_t last_fh;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_place(void)
{
	nftw(place, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void must(bool fine, const char *what)
{
	if (fine)
		return;
	perror(what);
	abort();
}

static void make_file(int dir, const char *name, const char *text)
{
	auto_fd fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	must(fd >= 0 && write(fd, text, strlen(text)) >= 0, name);
}

static int make_export(int top)
{
	int root;

	make_file(top, "secret", "secret");
	must(mkdirat(top, "export", 0755) == 0, "export");
	root = openat(top, "export", O_PATH | O_DIRECTORY | O_CLOEXEC);
	must(root >= 0 && mkdirat(root, "d", 0755) == 0 && mkdirat(root, "vol", 0755) == 0 &&
		     symlinkat("../secret", root, "up") == 0 && symlinkat("a", root, "link") == 0,
	     "what is in it");
	make_file(root, "a", "a");
	make_file(root, "b", "b");
	return root;
}

static void begin(void)
{
	const char *tmp = getenv("TMPDIR");
	struct lc_error e = { 0 };

	snprintf(place, sizeof(place), "%s/hull-broker.XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");
	must(mkdtemp(place) != NULL, place);
	atexit(remove_place);
	home = openat(AT_FDCWD, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (broker_enter_proc(&e) < 0)
		abort();
	proc = openat(AT_FDCWD, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	must(home >= 0 && proc >= 0 && fchdir(home) == 0, "working directories");
}

/* Nodes that the answer tells of, and handles. */
static void learn(uint32_t opcode, const void *body, size_t len, uint32_t at)
{
	struct fuse_entry_out entry;
	struct fuse_open_out opened;

	if (opcode == FUSE_OPENDIR && len >= sizeof(opened)) {
		memcpy(&opened, body, sizeof(opened));
		last_fh = opened.fh;
	} else if (len >= sizeof(entry) &&
		   (opcode == FUSE_LOOKUP || opcode == FUSE_MKDIR || opcode == FUSE_MKNOD ||
		    opcode == FUSE_SYMLINK || opcode == FUSE_LINK || opcode == FUSE_CREATE)) {
		memcpy(&entry, body, sizeof(entry));
		known[1 + at % (NODES - 1)] = entry.nodeid;
	}
}

/* What most kinds have first: a node, or the handle of an open directory. */
static uint64_t first_member(uint32_t opcode, uint32_t which)
{
	bool is_node = opcode == FUSE_LINK || opcode == FUSE_RENAME || opcode == FUSE_RENAME2;

	return is_node ? known[which % NODES] : last_fh;
}

/* One request: its kind, whose it is and what is unusual about it, the first bytes of its fixed
 * part, and two names. */
static void step(struct input *in)
{
	static _Alignas(8) uint8_t request[4096], out[BROKER_MAX];
	uint32_t kind = input_take(in, 1) % ARRAY_SIZE(kinds), whose = input_take(in, 1),
		 odd = input_take(in, 1);
	struct fuse_in_header head = { .opcode = kinds[kind].opcode, .unique = 1 };
	size_t arg = odd & 1 ? odd >> 1 : kinds[kind].arg, n = sizeof(head) + arg, len;
	int fd;

	head.nodeid = known[whose % NODES] + (odd & 2 ? 1ULL << 24 : 0);
	memset(request, 0, sizeof(request));
	for (size_t i = 0; i < arg && i < 24; i++)
		request[sizeof(head) + i] = (uint8_t)input_take(in, 1);
	if (odd & 4 && arg >= 8) {
		uint64_t first = first_member(head.opcode, input_take(in, 1));

		memcpy(request + sizeof(head), &first, sizeof(first));
	}
	for (int i = 0; i < 2; i++) {
		const char *name = names[input_take(in, 1) % ARRAY_SIZE(names)];

		memcpy(request + n, name, strlen(name) + 1);
		n += strlen(name) + 1;
	}
	head.len = (uint32_t)n;
	memcpy(request, &head, sizeof(head));
	len = broker_answer(&broker, request, n, out, sizeof(out), &fd);
	if (fd >= 0)
		close(fd);
	if (len > sizeof(struct fuse_out_header))
		learn(head.opcode, out + sizeof(struct fuse_out_header),
		      len - sizeof(struct fuse_out_header), whose >> 4);
}

static void end(int top)
{
	char text[16] = "";
	struct stat st;
	auto_fd fd = openat(top, "secret", O_RDONLY | O_CLOEXEC);

	must(fd >= 0 && read(fd, text, sizeof(text) - 1) == 6 && !strcmp(text, "secret") &&
		     fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0644 && st.st_nlink == 1,
	     "the file outside");
	for (int i = 0; i < BROKER_DIRS; i++)
		fd_release(&broker.dirs[i].fd);
	nodes_release(&broker.nodes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct lc_error e = { 0 };
	char path[PATH_MAX + 8];
	auto_fd top = -1;

	if (!*place)
		begin();
	snprintf(path, sizeof(path), "%s/one", place);
	must(mkdir(path, 0755) == 0, path);
	top = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(top >= 0, path);
	if (broker_init(&broker, make_export(top), -1, &e) < 0)
		abort();
	memset(known + 1, 0, sizeof(known) - sizeof(known[0]));
	last_fh = 0;
	must(fchdir(proc) == 0, "the broker's working directory");
	for (int i = 0; i < STEPS && in.size; i++)
		step(&in);
	must(fchdir(home) == 0, "the working directory");
	end(top);
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return 0;
}
