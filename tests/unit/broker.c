/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file system's broker, asked by a guest that is no kernel: what a request may name, what is
 * left of files that are forgotten, renamed or replaced, and that nothing outside is reached. */
#include "microvm/broker.h"
#include "base/own.h"
#include "lc_test.h"
#include "sys/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

static struct broker broker;
static int top = -1, root = -1; /* test_dir(), and the export in it */
static _Alignas(8) uint8_t out[BROKER_MAX];
static int opened = -1; /* what came with the last answer */

static void make_file(const char *path, const char *text)
{
	auto_fd fd = openat(top, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		FAIL("create %s: %s", path, lc_errno_text(errno));
}

static void make_dir(const char *path)
{
	if (mkdirat(top, path, 0755) < 0)
		FAIL("mkdir %s: %s", path, lc_errno_text(errno));
}

/* @descriptors: how many the broker may have. */
static void set_up(unsigned descriptors)
{
	struct rlimit limit = { descriptors, descriptors };
	struct lc_error e = { 0 };

	top = openat(AT_FDCWD, test_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(top >= 0);
	make_dir("outside");
	make_file("outside/secret", "secret");
	make_dir("export");
	make_dir("export/d");
	make_dir("export/e");
	make_file("export/file", "file");
	make_file("export/d/one", "one");
	make_file("export/e/two", "two");
	if (symlinkat("../outside/secret", top, "export/up") < 0 ||
	    symlinkat("/etc", top, "export/etc") < 0)
		FAIL("symlink: %s", lc_errno_text(errno));
	root = openat(top, "export", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(root >= 0);
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	CHECK_OK(broker_enter_proc(&e), &e);
	CHECK_OK(broker_init(&broker, fcntl(root, F_DUPFD_CLOEXEC, 0), -1, &e), &e);
}

/* ---- asking ---- */

/* One request of @n bytes behind its header: 0, or the errno that is answered. */
static int ask_bytes(uint32_t opcode, uint64_t node, const void *bytes, size_t n)
{
	static _Alignas(8) uint8_t in[BROKER_MAX];
	const struct fuse_out_header *answer = (const struct fuse_out_header *)out;
	struct fuse_in_header head = {
		.len = (uint32_t)(sizeof(head) + n), .opcode = opcode, .unique = 7, .nodeid = node
	};
	size_t len;

	memcpy(in, &head, sizeof(head));
	memcpy(in + sizeof(head), bytes, n);
	fd_release(&opened);
	len = broker_answer(&broker, in, head.len, out, sizeof(out), &opened);
	if (!len)
		return 0;
	CHECK_INT(answer->len, (long long)len);
	CHECK_INT(answer->unique, 7);
	CHECK(answer->error <= 0);
	return -answer->error;
}

/* The fixed part, then names with their ends. */
static int ask(uint32_t opcode, uint64_t node, const void *arg, size_t arg_size, const char *name,
	       const char *name2)
{
	uint8_t bytes[2 * PATH_MAX];
	size_t n = arg_size;

	if (arg_size)
		memcpy(bytes, arg, arg_size);
	for (int i = 0; i < 2; i++) {
		const char *text = i ? name2 : name;

		if (!text)
			continue;
		memcpy(bytes + n, text, strlen(text) + 1);
		n += strlen(text) + 1;
	}
	return ask_bytes(opcode, node, bytes, n);
}

static const void *answer_body(void)
{
	return out + sizeof(struct fuse_out_header);
}

/* The node of @name in @dir; fails the test when there is none. */
static uint64_t find(uint64_t dir, const char *name)
{
	int err = ask(FUSE_LOOKUP, dir, NULL, 0, name, NULL);

	if (err)
		FAIL("LOOKUP %s: %s", name, lc_errno_text(err));
	return ((const struct fuse_entry_out *)answer_body())->nodeid;
}

static void forget(uint64_t node, uint64_t n)
{
	struct fuse_forget_in in = { n };

	ask(FUSE_FORGET, node, &in, sizeof(in), NULL, NULL);
}

static int make_below(uint64_t dir, const char *name)
{
	struct fuse_mkdir_in in = { .mode = 0755 };

	return ask(FUSE_MKDIR, dir, &in, sizeof(in), name, NULL);
}

static int attributes(uint64_t node)
{
	struct fuse_getattr_in in = { 0 };

	return ask(FUSE_GETATTR, node, &in, sizeof(in), NULL, NULL);
}

static int open_node(uint64_t node, uint32_t flags)
{
	struct fuse_open_in in = { .flags = flags };

	return ask(FUSE_OPEN, node, &in, sizeof(in), NULL, NULL);
}

static int rename_to(uint64_t dir, const char *name, uint64_t newdir, const char *name2,
		     uint32_t flags)
{
	struct fuse_rename2_in in = { .newdir = newdir, .flags = flags };

	return ask(FUSE_RENAME2, dir, &in, sizeof(in), name, name2);
}

static const char *content(const char *path)
{
	static char text[64];
	auto_fd fd = openat(top, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0)
		return lc_errno_text(errno);
	text[n] = '\0';
	return text;
}

/* ---- names ---- */

/* GHSA-2gv2-cffp-j227 and its like: a file server that follows what a guest calls a name. */
TEST(a_name_is_one_component)
{
	static const char *const names[] = { "",	 ".",	  "..",		"../outside",
					     "../up",	 "d/one", "/etc",	"/",
					     "d/",	 "./d",	  "d/../../up", "../outside/secret",
					     "up/secret" };
	char longest[257];

	set_up(4096);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct fuse_mknod_in node = { .mode = S_IFREG | 0644 };
		struct fuse_create_in create = { .flags = O_RDWR, .mode = 0644 };
		struct fuse_link_in link = { .oldnodeid = find(NODE_ROOT, "file") };

		CHECK_INT(ask(FUSE_LOOKUP, NODE_ROOT, NULL, 0, names[i], NULL), EINVAL);
		CHECK_INT(make_below(NODE_ROOT, names[i]), EINVAL);
		CHECK_INT(ask(FUSE_SYMLINK, NODE_ROOT, NULL, 0, names[i], "target"), EINVAL);
		CHECK_INT(ask(FUSE_UNLINK, NODE_ROOT, NULL, 0, names[i], NULL), EINVAL);
		CHECK_INT(ask(FUSE_RMDIR, NODE_ROOT, NULL, 0, names[i], NULL), EINVAL);
		CHECK_INT(ask(FUSE_MKNOD, NODE_ROOT, &node, sizeof(node), names[i], NULL), EINVAL);
		CHECK_INT(ask(FUSE_CREATE, NODE_ROOT, &create, sizeof(create), names[i], NULL),
			  EINVAL);
		CHECK_INT(ask(FUSE_LINK, NODE_ROOT, &link, sizeof(link), names[i], NULL), EINVAL);
		CHECK_INT(rename_to(NODE_ROOT, names[i], NODE_ROOT, "new", 0), EINVAL);
		CHECK_INT(rename_to(NODE_ROOT, "file", NODE_ROOT, names[i], 0), EINVAL);
	}
	memset(longest, 'x', 256);
	longest[256] = '\0';
	CHECK_INT(ask(FUSE_LOOKUP, NODE_ROOT, NULL, 0, longest, NULL), EINVAL);
	CHECK_INT(make_below(NODE_ROOT, longest + 1), 0);
	CHECK_INT(ask_bytes(FUSE_LOOKUP, NODE_ROOT, "file", 4), EINVAL); /* without its end */
	CHECK_STR(content("outside/secret"), "secret");
	CHECK_STR(content("export/file"), "file");
}

TEST(a_link_is_a_file_of_its_own)
{
	struct fuse_setattr_in owner = { .valid = FATTR_UID | FATTR_GID, .uid = 5, .gid = 5 };
	struct fuse_setattr_in size = { .valid = FATTR_SIZE }, mode = { .valid = FATTR_MODE };
	struct fuse_create_in create = { .flags = O_RDWR | O_TRUNC, .mode = 0644 };
	struct fuse_setxattr_in xattr = { .size = 1 };
	uint8_t attr[64] = { 0 };
	uint64_t up, etc;
	struct stat st;

	set_up(4096);
	up = find(NODE_ROOT, "up");
	etc = find(NODE_ROOT, "etc");
	CHECK_INT(ask(FUSE_READLINK, up, NULL, 0, NULL, NULL), 0);
	CHECK(!memcmp(answer_body(), "../outside/secret", 17));
	CHECK_INT(open_node(up, O_RDWR), EPERM);
	CHECK_INT(ask(FUSE_LOOKUP, etc, NULL, 0, "passwd", NULL), ENOTDIR);
	CHECK_INT(make_below(etc, "new"), ENOTDIR);
	CHECK_INT(ask(FUSE_SETATTR, up, &size, sizeof(size), NULL, NULL), EOPNOTSUPP);
	CHECK_INT(ask(FUSE_SETATTR, up, &mode, sizeof(mode), NULL, NULL), EOPNOTSUPP);
	CHECK_INT(ask(FUSE_CREATE, NODE_ROOT, &create, sizeof(create), "up", NULL), EPERM);
	memcpy(attr, &xattr, FUSE_COMPAT_SETXATTR_IN_SIZE);
	memcpy(attr + FUSE_COMPAT_SETXATTR_IN_SIZE, "user.x", 7);
	CHECK(ask_bytes(FUSE_SETXATTR, up, attr, FUSE_COMPAT_SETXATTR_IN_SIZE + 8) != 0);
	if (geteuid() == 0) {
		CHECK_INT(ask(FUSE_SETATTR, up, &owner, sizeof(owner), NULL, NULL), 0);
		CHECK(fstatat(top, "outside/secret", &st, 0) == 0);
		CHECK_INT(st.st_uid, 0);
		CHECK(fstatat(top, "export/up", &st, AT_SYMLINK_NOFOLLOW) == 0);
		CHECK_INT(st.st_uid, 5);
	}
	CHECK_STR(content("outside/secret"), "secret");
}

/* A directory that becomes a link between two requests. */
TEST(a_directory_that_is_exchanged_for_a_link_leads_nowhere)
{
	uint64_t d, one;

	set_up(4096);
	d = find(NODE_ROOT, "d");
	one = find(d, "one");
	CHECK(renameat(top, "export/d", top, "export/away") == 0);
	CHECK(symlinkat("../outside", top, "export/d") == 0);
	CHECK_INT(open_node(one, O_RDONLY), 0);
	CHECK_INT(ask(FUSE_LOOKUP, d, NULL, 0, "secret", NULL), ENOENT);
	CHECK_INT(make_below(d, "new"), 0); /* in the directory itself */
	CHECK_INT(faccessat(top, "export/away/new", F_OK, 0), 0);
	CHECK_INT(ask(FUSE_LOOKUP, find(NODE_ROOT, "d"), NULL, 0, "secret", NULL), ENOTDIR);
}

TEST(devices_and_pipes_are_not_opened)
{
	set_up(4096);
	CHECK(mkfifoat(top, "export/pipe", 0600) == 0);
	CHECK_INT(open_node(find(NODE_ROOT, "pipe"), O_RDWR), EPERM);
	if (mknodat(top, "export/null", S_IFCHR | 0600, makedev(1, 3)) == 0)
		CHECK_INT(open_node(find(NODE_ROOT, "null"), O_RDWR), EPERM);
	CHECK_INT(opened, -1);
	CHECK_INT(open_node(find(NODE_ROOT, "d"), O_RDONLY), EPERM);
}

/* ---- ids ---- */

TEST(forged_and_stale_nodes_are_refused)
{
	uint64_t d, file;

	set_up(4096);
	d = find(NODE_ROOT, "d");
	file = find(NODE_ROOT, "file");
	CHECK_INT(attributes(0), ESTALE);
	CHECK_INT(attributes(d + 1), ESTALE);
	CHECK_INT(attributes(d + (1ULL << 24)), ESTALE);
	CHECK_INT(attributes(d & 0xffffff), ESTALE);
	CHECK_INT(attributes(UINT64_MAX), ESTALE);
	CHECK_INT(rename_to(NODE_ROOT, "file", d + (1ULL << 24), "x", 0), ESTALE);
	CHECK_INT(ask(FUSE_LINK, d, &(struct fuse_link_in){ file + 1 }, 8, "x", NULL), ESTALE);
	forget(file, 1);
	CHECK_INT(attributes(file), ESTALE);
	CHECK(find(NODE_ROOT, "file") != file);
	CHECK_INT(attributes(NODE_ROOT), 0);
}

TEST(open_directories_are_the_nodes_own)
{
	struct fuse_read_in in = { .size = 4096 };
	uint64_t d, e;

	set_up(4096);
	d = find(NODE_ROOT, "d");
	e = find(NODE_ROOT, "e");
	CHECK_INT(ask(FUSE_OPENDIR, d, &(struct fuse_open_in){ 0 }, 8, NULL, NULL), 0);
	in.fh = ((const struct fuse_open_out *)answer_body())->fh;
	CHECK_INT(ask(FUSE_READDIRPLUS, d, &in, sizeof(in), NULL, NULL), 0);
	CHECK_INT(ask(FUSE_READDIR, e, &in, sizeof(in), NULL, NULL), EBADF);
	in.fh += 1ULL << 32;
	CHECK_INT(ask(FUSE_READDIR, d, &in, sizeof(in), NULL, NULL), EBADF);
	in.fh = UINT64_MAX;
	CHECK_INT(ask(FUSE_READDIR, d, &in, sizeof(in), NULL, NULL), EBADF);
}

TEST(a_message_is_as_long_as_it_says)
{
	struct fuse_in_header head = { .len = sizeof(head) + 100,
				       .opcode = FUSE_LOOKUP,
				       .nodeid = 1 };
	int fd;

	set_up(4096);
	CHECK_INT((long long)broker_answer(&broker, &head, sizeof(head), out, sizeof(out), &fd), 0);
	CHECK_INT((long long)broker_answer(&broker, &head, 4, out, sizeof(out), &fd), 0);
	CHECK_INT(ask_bytes(FUSE_RENAME2, NODE_ROOT, "xx", 2), EINVAL);
	CHECK_INT(ask_bytes(9999, NODE_ROOT, "", 0), ENOSYS);
	/* The counts of a request are not believed. */
	CHECK_INT(ask_bytes(FUSE_BATCH_FORGET, 0, &(struct fuse_batch_forget_in){ 1 << 30, 0 }, 8),
		  0);
	CHECK_INT(ask_bytes(FUSE_SETXATTR, NODE_ROOT, "\xff\xff\xff\x7f\0\0\0\0user.x", 15),
		  EINVAL);
}

/* ---- what is forgotten, and used nevertheless ---- */

TEST(the_root_stays_when_all_is_forgotten)
{
	uint64_t d, one;

	set_up(4096);
	d = find(NODE_ROOT, "d");
	one = find(d, "one");
	forget(NODE_ROOT, UINT64_MAX);
	forget(d, UINT64_MAX);
	forget(one, UINT64_MAX);
	CHECK_INT(attributes(d), ESTALE);
	CHECK_INT(attributes(NODE_ROOT), 0);
	CHECK_INT(open_node(find(find(NODE_ROOT, "d"), "one"), O_RDONLY), 0);
}

/* Directories that only their children keep, when a rename takes these away. */
TEST(directories_stay_while_names_are_exchanged_between_them)
{
	uint64_t d, e, one, two;

	set_up(4096);
	for (int i = 0; i < 2; i++) {
		d = find(NODE_ROOT, "d");
		e = find(NODE_ROOT, "e");
		one = find(d, "one");
		two = find(e, "two");
		forget(d, UINT64_MAX);
		forget(e, UINT64_MAX);
		CHECK_INT(rename_to(d, "one", e, "two", RENAME_EXCHANGE), 0);
		CHECK_INT(open_node(one, O_RDONLY), 0);
		CHECK_INT(open_node(two, O_RDONLY), 0);
		forget(one, UINT64_MAX);
		forget(two, UINT64_MAX);
		CHECK_INT(attributes(one), ESTALE);
		CHECK_INT(attributes(d), ESTALE);
		CHECK_INT(attributes(e), ESTALE);
	}
	CHECK_STR(content("export/d/one"), "one");
}

/* A file that is known by a name in the directory that it is exchanged with. */
TEST(a_directory_stays_while_its_file_takes_its_place)
{
	uint64_t d, one;

	set_up(4096);
	CHECK(linkat(top, "export/d/one", top, "export/e/other", 0) == 0);
	d = find(NODE_ROOT, "d");
	one = find(d, "one");
	forget(d, UINT64_MAX);
	CHECK_INT(rename_to(find(NODE_ROOT, "e"), "other", NODE_ROOT, "d", RENAME_EXCHANGE), 0);
	CHECK_INT(open_node(one, O_RDONLY), 0);
	forget(one, UINT64_MAX);
	CHECK_INT(attributes(one), ESTALE);
}

TEST(a_deep_tree_is_forgotten_at_once)
{
	enum { DEEP = 3000 };
	uint64_t at = NODE_ROOT, before;

	set_up(4096);
	for (int i = 0; i < DEEP; i++) {
		before = at;
		if (make_below(at, "d2") != 0)
			FAIL("level %d", i);
		at = ((const struct fuse_entry_out *)answer_body())->nodeid;
		forget(before, 1);
	}
	forget(at, 1);
	CHECK_INT(attributes(at), ESTALE);
	CHECK_INT(attributes(before), ESTALE);
	/* From below: test_dir() cannot walk such a path. */
	for (int i = 0; i < DEEP; i++) {
		auto_fd d = openat(root, "d2", O_PATH | O_DIRECTORY | O_CLOEXEC);
		auto_fd below = openat(d, "d2", O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (below < 0)
			break;
		CHECK(renameat(d, "d2", root, "next") == 0);
		CHECK(unlinkat(root, "d2", AT_REMOVEDIR) == 0);
		CHECK(renameat(root, "next", root, "d2") == 0);
	}
}

/* ---- descriptors ---- */

static int count_open(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	CHECK(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 3; /* ".", ".." and @dir's own */
}

TEST(descriptors_are_bounded_and_each_file_is_found_again)
{
	enum { FILES = 1000, DESCRIPTORS = 256 };
	static uint64_t files[FILES];
	char name[32];

	set_up(DESCRIPTORS);
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "export/d/%d", i);
		make_file(name, name);
		files[i] = find(find(NODE_ROOT, "d"), strrchr(name, '/') + 1);
		CHECK(count_open() < DESCRIPTORS - 8);
	}
	for (int i = 0; i < FILES; i++) {
		char got[32] = "";

		CHECK_INT(open_node(files[i], O_RDONLY), 0);
		snprintf(name, sizeof(name), "export/d/%d", i);
		CHECK(read(opened, got, sizeof(got) - 1) > 0);
		CHECK_STR(got, name);
	}
}

/* What was closed for want of room, and has another file in its place. */
TEST(a_file_that_was_replaced_is_stale)
{
	enum { FILES = 400 };
	uint64_t one;
	char name[32];

	set_up(256);
	one = find(find(NODE_ROOT, "d"), "one");
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "export/e/%d", i);
		make_file(name, "");
		find(find(NODE_ROOT, "e"), strrchr(name, '/') + 1);
	}
	CHECK(unlinkat(top, "export/d/one", 0) == 0);
	CHECK(symlinkat("../../outside/secret", top, "export/d/one") == 0);
	CHECK_INT(open_node(one, O_RDONLY), ESTALE);
	CHECK_INT(attributes(one), ESTALE);
}

/* Directories of a rename and the file of a link keep their descriptors until it is done. */
TEST(a_request_keeps_the_descriptors_that_it_uses)
{
	enum { FILES = 400 };
	uint64_t d, e, one;
	char name[32];

	set_up(256);
	d = find(NODE_ROOT, "d");
	e = find(NODE_ROOT, "e");
	one = find(d, "one");
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "export/%d", i);
		make_file(name, "");
		find(NODE_ROOT, strrchr(name, '/') + 1);
		snprintf(name, sizeof(name), "link%d", i);
		CHECK_INT(ask(FUSE_LINK, e, &(struct fuse_link_in){ one }, 8, name, NULL), 0);
		CHECK_INT(rename_to(e, name, d, name, 0), 0);
	}
	CHECK_STR(content("export/d/link399"), "one");
	CHECK_STR(content("export/d/link0"), "one");
}
