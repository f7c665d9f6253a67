/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors, logs, arenas, strings and files. */
#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/own.h"
#include "base/sha256.h"
#include "base/str.h"
#include "lc_test.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdalign.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* libc's names are the oracle: every errno it knows has a text here, and nothing else has. */
TEST(escapes_of_mountinfo_are_undone)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "/plain", "/plain" }, { "/a\\040b\\011c\\012d\\134e", "/a b\tc\nd\\e" },
		{ "\\040\\040", "  " }, { "/end\\04", "/end\\04" },
		{ "/end\\", "/end\\" }, { "/no\\09x", "/no\\09x" },
	};
	char text[64];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(text, sizeof(text), "%s", cases[i].in);
		str_unescape_octal(text);
		CHECK_STR(text, cases[i].out);
	}
}

TEST(every_errno_has_a_lower_case_text)
{
	for (int i = 1; i < 4096; i++) {
		const char *theirs = strerrordesc_np(i);
		char want[128];

		if (theirs) {
			size_t n = strlen(theirs);

			for (size_t k = 0; k <= n; k++)
				want[k] = (char)tolower((unsigned char)theirs[k]);
		} else {
			snprintf(want, sizeof(want), "error %d", i);
		}
		CHECK_STR(lc_errno_text(i), want);
	}
	CHECK_STR(lc_errno_text(0), "error 0");
	CHECK_STR(lc_errno_text(-5), "error -5");
	CHECK_STR(lc_errno_text(INT_MIN), "error -2147483648");
}

TEST(texts_that_engines_match)
{
	CHECK_STR(lc_errno_text(ENOENT), "no such file or directory");
	CHECK_STR(lc_errno_text(EACCES), "permission denied");
	CHECK_STR(lc_errno_text(EPERM), "operation not permitted");
	CHECK_STR(lc_errno_text(EBUSY), "device or resource busy");
	CHECK_STR(lc_errno_text(ENOEXEC), "exec format error");
	CHECK_STR(lc_errno_text(ESRCH), "no such process");
	CHECK_STR(lc_errno_text(EINVAL), "invalid argument");
	CHECK_STR(lc_errno_text(ENOTDIR), "not a directory");
}

TEST(an_error_is_filled_once_and_gains_context)
{
	struct lc_error e;

	errno = EACCES;
	CHECK_INT(lc_err_errno(&e, "openat2 rootfs:%s", "/dev/null"), -1);
	CHECK_INT(errno, EACCES);
	CHECK_INT(e.code, LC_ESYSTEM);
	CHECK_INT(e.sys_errno, EACCES);
	CHECK_STR(e.msg, "openat2 rootfs:/dev/null: permission denied");
	CHECK_INT(lc_err_in(&e, "mounts[%d]", 2), -1);
	CHECK_INT(lc_err_in(&e, "mount filesystems"), -1);
	CHECK_STR(e.msg,
		  "mount filesystems: mounts[2]: openat2 rootfs:/dev/null: permission denied");
	CHECK_INT(e.sys_errno, EACCES);
	CHECK_INT(e.code, LC_ESYSTEM);
	CHECK_INT(lc_err(&e, LC_ECONFIG, "%s is bad", "x"), -1);
	CHECK_STR(e.msg, "x is bad");
	CHECK_INT(e.sys_errno, 0);
}

TEST(an_error_may_quote_itself)
{
	struct lc_error e;

	lc_err(&e, LC_ECONFIG, "inner");
	lc_err(&e, LC_ESTATE, "outer (%s)", e.msg);
	CHECK_STR(e.msg, "outer (inner)");
	lc_err_in(&e, "twice %s", e.msg);
	CHECK_STR(e.msg, "twice outer (inner): outer (inner)");
}

/* A text of @n times @c. */
static const char *many(char c, size_t n)
{
	char *s = malloc(n + 1);

	memset(s, c, n);
	s[n] = 0;
	return s;
}

TEST(a_long_error_keeps_its_head_and_tail)
{
	static const size_t lengths[] = { 1500, 1980, 1995, 1996, 1997,	  1998, 1999,
					  2000, 2020, 2039, 2040, 2041,	  4000, 6100,
					  6143, 6144, 6145, 9000, 1 << 20 };

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		const char *name = many('x', lengths[i]);
		struct lc_error e;
		size_t n;

		memset(&e, 0x55, sizeof(e));
		errno = ENOENT;
		lc_err_errno(&e, "open %s", name);
		n = strlen(e.msg);
		CHECK(str_starts(e.msg, "open xxxx"));
		CHECK_STR(e.msg + n - 30, "xxx: no such file or directory");
		if (lengths[i] <= sizeof(e.msg) - sizeof("open : no such file or directory")) {
			CHECK_INT(n, lengths[i] + strlen("open : no such file or directory"));
			CHECK(!strstr(e.msg, "..."));
		} else {
			CHECK_CONTAINS(e.msg, "xxx ... xxx");
			CHECK(n > 2000);
		}
		for (int k = 0; k < 300; k++)
			lc_err_in(&e, "step %d", k);
		n = strlen(e.msg);
		CHECK(str_starts(e.msg, "step 299: step 298: "));
		CHECK_STR(e.msg + n - 30, "xxx: no such file or directory");
		free((void *)name);
	}
}

TEST(a_cut_does_not_split_a_character)
{
	for (size_t shift = 0; shift < 4; shift++) {
		char text[4000], *p = text;
		struct lc_error e;

		for (size_t i = 0; i < shift; i++)
			*p++ = 'a';
		while (p < text + sizeof(text) - 8) {
			memcpy(p, "\xf0\x9f\x9a\xa2", 4);
			p += 4;
		}
		*p = 0;
		lc_err(&e, LC_ECONFIG, "%s", text);
		p = strstr(e.msg, " ... ");
		CHECK(p != NULL);
		CHECK_INT((p - e.msg - (ptrdiff_t)shift) % 4, 0);
		CHECK_INT(strlen(p + 5) % 4, 0);
		CHECK_INT((unsigned char)p[5], 0xf0);
	}
}

static char logged[4096];
static int log_count;

static void log_to_buffer(void *ctx, enum lc_level level, const char *text)
{
	CHECK(ctx == &log_count);
	snprintf(logged, sizeof(logged), "%d %s", level, text);
	log_count++;
	errno = EBADF;
}

TEST(messages_reach_the_sink_below_their_level)
{
	struct lc_log log = { log_to_buffer, &log_count, LC_LOG_WARNING };
	const char *name = many('n', 5000);

	log_warn(NULL, "nobody");
	errno = ENOENT;
	log_warn(&log, "linux.%s: unknown\nproperty", "x");
	CHECK_INT(errno, ENOENT);
	CHECK_STR(logged, "1 linux.x: unknown?property");
	log_debug(&log, "not this one");
	CHECK_INT(log_count, 1);
	log_warn(&log, "%s", name);
	CHECK_INT(log_count, 2);
	CHECK_INT(strlen(logged), 2 + 2047);
	free((void *)name);
}

TEST(arena_memory_is_zeroed_and_aligned)
{
	auto_arena a = { 0 };

	for (int round = 0; round < 2; round++) {
		for (size_t n = 0; n < 5000; n += 7) {
			char *p = arena_alloc(&a, n);

			CHECK_INT((uintptr_t)p % alignof(max_align_t), 0);
			for (size_t i = 0; i < n; i++)
				CHECK_INT(p[i], 0);
			memset(p, 0xff, n);
		}
		arena_free(&a);
		CHECK(!a.head);
	}
}

TEST(arena_memory_that_is_used_again_is_zeroed)
{
	for (int round = 0; round < 3; round++) {
		auto_arena a = { 0 };
		char *small = arena_alloc(&a, 3000), *large;

		memset(small, 0xff, 3000);
		large = arena_alloc(&a, 30000);
		for (size_t i = 0; i < 30000; i++)
			CHECK_INT(large[i], 0);
		memset(large, 0xff, 30000);
	}
}

/* Another process goes on with it. */
TEST(arena_memory_that_is_kept_stays_as_it_is)
{
	struct arena a = { 0 };
	char *small = arena_strdup(&a, "small"), *large = arena_alloc(&a, 1 << 20), *later;

	memcpy(large, "large", sizeof("large"));
	arena_keep();
	arena_free(&a);
	later = arena_strdup(&a, "later");
	arena_free(&a);
	CHECK_STR(small, "small");
	CHECK_STR(large, "large");
	CHECK_STR(later, "later");
}

TEST(arena_allocations_do_not_overlap)
{
	auto_arena a = { 0 };
	char *p[200];

	for (size_t i = 0; i < ARRAY_SIZE(p); i++) {
		size_t n = i % 5 ? i * 3 + 1 : 20000;

		p[i] = arena_alloc(&a, n);
		memset(p[i], (int)i, n);
	}
	for (size_t i = 0; i < ARRAY_SIZE(p); i++) {
		size_t n = i % 5 ? i * 3 + 1 : 20000;

		for (size_t k = 0; k < n; k++)
			CHECK_INT((unsigned char)p[i][k], i);
	}
}

/* The message, and the warnings of a sanitizer, are expected. */
static void close_stderr(void)
{
	auto_fd null = openat(AT_FDCWD, "/dev/null", O_WRONLY | O_CLOEXEC);

	CHECK_INT(dup2(null, STDERR_FILENO), STDERR_FILENO);
}

static int overflow_array(void *arg)
{
	auto_arena a = { 0 };

	(void)arg;
	close_stderr();
	arena_array(&a, SIZE_MAX / 4, 8);
	return 0;
}

static int overflow_alloc(void *arg)
{
	auto_arena a = { 0 };

	close_stderr();
	arena_alloc(&a, SIZE_MAX - *(size_t *)arg);
	return 0;
}

TEST(arena_ends_the_process_on_overflow)
{
	CHECK_INT(test_child(overflow_array, NULL), 125);
	for (size_t less = 0; less < 100; less++)
		CHECK_INT(test_child(overflow_alloc, &less), 125);
}

TEST(arena_strings)
{
	auto_arena a = { 0 };

	CHECK_STR(arena_strdup(&a, "abc"), "abc");
	CHECK_STR(arena_strdup(&a, ""), "");
	CHECK_STR(arena_strndup(&a, "abcdef", 3), "abc");
	CHECK_STR(arena_strndup(&a, "ab", 3000), "ab");
	CHECK_STR(arena_printf(&a, "%s-%d", "x", 7), "x-7");
	CHECK_INT(strlen(arena_printf(&a, "%040000d", 7)), 40000);
}

TEST(numbers_are_strict)
{
	static const char *const bad[] = { "",
					   " ",
					   "0x10",
					   "+1",
					   " 1",
					   "1 ",
					   "1\n",
					   "1.5",
					   "1e3",
					   "a",
					   "1a",
					   "--1",
					   "-",
					   "1-",
					   "٣",
					   "18446744073709551616",
					   "99999999999999999999999" };
	uint64_t u64 = 7;
	uint32_t u32 = 7;
	int64_t i64 = 7;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CHECK(!str_u64(bad[i], &u64));
		CHECK(!str_u32(bad[i], &u32));
		CHECK(!str_i64(bad[i], &i64));
	}
	CHECK(!str_u64("-1", &u64));
	CHECK(!str_u32("-1", &u32));
	CHECK(!str_u64("-0", &u64));
	CHECK(!str_u32("4294967296", &u32));
	CHECK(!str_i64("9223372036854775808", &i64));
	CHECK(!str_i64("-9223372036854775809", &i64));
	CHECK(!str_u64(NULL, &u64) && !str_u32(NULL, &u32) && !str_i64(NULL, &i64));
	CHECK(u64 == 7 && u32 == 7 && i64 == 7);
	CHECK(str_u64("18446744073709551615", &u64) && u64 == UINT64_MAX);
	CHECK(str_u32("4294967295", &u32) && u32 == UINT32_MAX);
	CHECK(str_i64("9223372036854775807", &i64) && i64 == INT64_MAX);
	CHECK(str_i64("-9223372036854775808", &i64) && i64 == INT64_MIN);
	CHECK(str_i64("-1", &i64) && i64 == -1);
	CHECK(str_i64("0", &i64) && i64 == 0);
}

TEST(string_helpers)
{
	CHECK(str_starts("abc", "ab") && str_starts("abc", "") && !str_starts("a", "ab"));
	CHECK(str_eq("a", "a") && !str_eq("a", "b") && str_eq(NULL, NULL));
	CHECK(!str_eq(NULL, "") && !str_eq("", NULL));
	CHECK_INT(str_distance("", ""), 0);
	CHECK_INT(str_distance("namespcaes", "namespaces"), 2);
	CHECK_INT(str_distance("kitten", "sitting"), 3);
	CHECK_INT(str_distance("", "abc"), 3);
	CHECK_INT(str_distance("abc", ""), 3);
	CHECK_INT(str_distance(many('a', 63), many('b', 63)), 63);
	CHECK_INT(str_distance(many('a', 64), "a"), 99);
	CHECK_INT(str_distance("a", many('a', 70)), 99);
}

TEST(words_of_a_list_are_whole)
{
	CHECK(str_has_word("cpu io, memory\n", "cpu"));
	CHECK(str_has_word("cpu io, memory\n", "io"));
	CHECK(str_has_word("cpu io, memory\n", "memory"));
	CHECK(str_has_word("cpuset cpu", "cpu"));
	CHECK(!str_has_word("cpuset hugecpu", "cpu"));
	CHECK(!str_has_word(" , \n", ""));
	CHECK(!str_has_word("cpu", "cpu io"));
	CHECK(!str_has_word(NULL, "cpu"));
}

TEST(a_buffer_grows_and_stays_terminated)
{
	auto_arena a = { 0 };
	struct buf b = { .arena = &a };

	buf_add(&b, "");
	CHECK_STR(b.str, "");
	for (int i = 0; i < 10000; i++) {
		buf_addf(&b, "%d,", i);
		CHECK_INT(b.str[b.len], 0);
	}
	buf_addn(&b, "xyz!", 3);
	CHECK_INT(b.len, strlen(b.str));
	CHECK_INT(b.len, 10 * 2 + 90 * 3 + 900 * 4 + 9000 * 5 + 3);
	CHECK_STR(b.str + b.len - 9, ",9999,xyz");
}

static int open_dir(void)
{
	int fd = openat(AT_FDCWD, test_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

static void put(int dirfd, const char *name, const char *text)
{
	auto_fd fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	CHECK(fd >= 0);
	CHECK_INT(fd_write_all(fd, text, strlen(text)), 0);
}

TEST(a_file_is_read_whole_or_not_at_all)
{
	auto_fd d = open_dir();
	auto_arena a = { 0 };
	struct lc_error e;
	size_t len = 0;
	char *text;

	put(d, "small", "hello\n");
	CHECK_OK(file_read_at(d, "small", &a, 100, &text, &len, &e), &e);
	CHECK_STR(text, "hello\n");
	CHECK_INT(len, 6);
	CHECK_OK(file_read_at(d, "small", &a, 6, &text, &len, &e), &e);
	CHECK_INT(file_read_at(d, "small", &a, 5, &text, &len, &e), -1);
	CHECK_STR(e.msg, "read small: file too large");
	CHECK_INT(e.sys_errno, EFBIG);
	CHECK_OK(file_read_at(d, "small", &a, SIZE_MAX, &text, NULL, &e), &e);
	CHECK_INT(file_read_at(d, "none", &a, 5, &text, &len, &e), -1);
	CHECK_STR(e.msg, "open none: no such file or directory");
	CHECK_INT(file_read_at(d, ".", &a, 5, &text, &len, &e), -1);
	CHECK_STR(e.msg, "read .: is a directory");
	put(d, "empty", "");
	CHECK_OK(file_read_at(d, "empty", &a, 0, &text, &len, &e), &e);
	CHECK_STR(text, "");
	put(d, "big", many('b', 100000));
	CHECK_OK(file_read_at(d, "big", &a, 100000, &text, &len, &e), &e);
	CHECK_INT(len, 100000);
	CHECK_INT(strlen(text), 100000);
	CHECK_INT(file_read_at(d, "big", &a, 99999, &text, &len, &e), -1);
}

TEST(procfs_and_pipes_are_read_whole)
{
	const size_t total = 300000;
	auto_arena a = { 0 };
	struct lc_error e;
	char *text;
	size_t len;
	int p[2];

	CHECK_OK(file_read_at(AT_FDCWD, "/proc/self/status", &a, 1 << 20, &text, &len, &e), &e);
	CHECK(str_starts(text, "Name:\t"));
	CHECK_OK(file_read_at(AT_FDCWD, "/proc/kallsyms", &a, 64 << 20, &text, &len, &e), &e);
	CHECK_INT(text[len - 1], '\n');
	CHECK_INT(pipe2(p, O_CLOEXEC), 0);
	if (fork() == 0) {
		const char *data = many('p', total);

		_exit(fd_write_all(p[1], data, total) < 0);
	}
	close(p[1]);
	CHECK_OK(file_read_fd(p[0], &a, total, &text, &len, &e), &e);
	CHECK_INT(len, total);
}

TEST(a_write_goes_to_an_existing_file_only)
{
	auto_fd d = open_dir();
	auto_arena a = { 0 };
	struct lc_error e;
	char *text;

	CHECK_INT(file_write_at(d, "none", "1", &e), -1);
	CHECK_STR(e.msg, "open none: no such file or directory");
	put(d, "file", "0");
	CHECK_OK(file_write_at(d, "file", "17", &e), &e);
	CHECK_OK(file_read_at(d, "file", &a, 100, &text, NULL, &e), &e);
	CHECK_STR(text, "17");
	CHECK_INT(file_write_at(AT_FDCWD, "/proc/self/oom_score_adj", "much\n", &e), -1);
	CHECK_STR(e.msg, "write \"much\" to /proc/self/oom_score_adj: invalid argument");
	CHECK_INT(file_write_at(AT_FDCWD, "/dev/full", many('x', 3000), &e), -1);
	CHECK_CONTAINS(e.msg, "xxx\" to /dev/full: no space left on device");
	CHECK(strlen(e.msg) < 256);
}

static int count_entries(int dirfd)
{
	DIR *d = fdopendir(openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *entry;
	int n = 0;

	CHECK(d != NULL);
	while ((entry = readdir(d)))
		n += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
	closedir(d);
	return n;
}

TEST(a_file_is_replaced_with_its_mode)
{
	auto_fd d = open_dir();
	auto_arena a = { 0 };
	struct lc_error e;
	struct stat st;
	char *text;

	umask(077);
	CHECK_OK(file_replace_at(d, "state.json", "one", 3, 0644, &e), &e);
	CHECK_OK(file_replace_at(d, "state.json", "two!", 4, 0640, &e), &e);
	CHECK_OK(file_read_at(d, "state.json", &a, 100, &text, NULL, &e), &e);
	CHECK_STR(text, "two!");
	CHECK_INT(fstatat(d, "state.json", &st, 0), 0);
	CHECK_INT(st.st_mode & 07777, 0640);
	CHECK_INT(count_entries(d), 1);
	CHECK_INT(mkdirat(d, "sub", 0700), 0);
	CHECK_OK(file_replace_at(d, "sub/x", "in", 2, 0600, &e), &e);
	CHECK_OK(file_read_at(d, "sub/x", &a, 100, &text, NULL, &e), &e);
	CHECK_STR(text, "in");
}

TEST(a_replacement_that_fails_leaves_the_old_file)
{
	struct rlimit limit = { 4096, 4096 };
	auto_fd d = open_dir();
	auto_arena a = { 0 };
	struct lc_error e;
	char *text;

	CHECK_OK(file_replace_at(d, "f", "old", 3, 0600, &e), &e);
	CHECK_INT(mkdirat(d, "dir", 0700), 0);
	CHECK_INT(file_replace_at(d, "dir", "x", 1, 0600, &e), -1);
	CHECK_CONTAINS(e.msg, "to dir: is a directory");
	CHECK_INT(file_replace_at(d, "none/f", "x", 1, 0600, &e), -1);
	CHECK_STR(e.msg, "create a file beside none/f: no such file or directory");
	signal(SIGXFSZ, SIG_IGN);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
	CHECK_INT(file_replace_at(d, "f", many('n', 10000), 10000, 0600, &e), -1);
	CHECK_CONTAINS(e.msg, ": file too large");
	CHECK_OK(file_read_at(d, "f", &a, 100, &text, NULL, &e), &e);
	CHECK_STR(text, "old");
	CHECK_INT(count_entries(d), 2); /* no temporary file is left */
}

/* Replaces the file for ever by texts of one repeated letter. */
static _Noreturn void replace_for_ever(int d)
{
	struct lc_error e;

	for (char c = 'a';; c = c == 'z' ? 'a' : (char)(c + 1))
		if (file_replace_at(d, "f", many(c, 20000), 20000, 0600, &e) < 0)
			_exit(1);
}

TEST(a_killed_writer_leaves_the_old_or_the_new_file)
{
	auto_fd d = open_dir();

	for (int round = 0; round < 30; round++) {
		pid_t pid = fork();
		auto_arena a = { 0 };
		struct lc_error e;
		size_t len;
		char *text;

		CHECK(pid >= 0);
		if (pid == 0)
			replace_for_ever(d);
		do
			usleep(3000 + 137 * round);
		while (faccessat(d, "f", F_OK, 0) < 0);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		CHECK_OK(file_read_at(d, "f", &a, 1 << 20, &text, &len, &e), &e);
		CHECK_INT(len, 20000);
		for (size_t i = 1; i < len; i++)
			CHECK_INT(text[i], text[0]);
	}
}

TEST(missing_parents_are_made)
{
	auto_arena a = { 0 };
	const char *base = test_dir();
	struct lc_error e;
	struct stat st;

	umask(0);
	CHECK_OK(file_mkdirs(arena_printf(&a, "%s/a//b/c/", base), 0710, &e), &e);
	CHECK_OK(file_mkdirs(arena_printf(&a, "%s/a/b/c", base), 0700, &e), &e);
	CHECK_INT(stat(arena_printf(&a, "%s/a/b/c", base), &st), 0);
	CHECK_INT(st.st_mode & 07777, 0710);
	put(AT_FDCWD, arena_printf(&a, "%s/a/file", base), "");
	CHECK_INT(file_mkdirs(arena_printf(&a, "%s/a/file/x", base), 0700, &e), -1);
	CHECK_CONTAINS(e.msg, "/a/file: not a directory");
	CHECK_INT(file_mkdirs("", 0700, &e), -1);
	CHECK_OK(file_mkdirs("/", 0700, &e), &e);
	CHECK_INT(file_mkdirs(many('x', 5000), 0700, &e), -1);
	CHECK_INT(e.sys_errno, ENAMETOOLONG);
}

TEST(a_program_is_a_file_that_can_be_executed)
{
	auto_arena a = { 0 };
	struct lc_error e = { 0 };
	const char *base = test_dir();
	const char *good = arena_printf(&a, "%s/b/no-such-program", base), *path;

	CHECK_OK(file_mkdirs(arena_printf(&a, "%s/a/no-such-program", base), 0700, &e), &e);
	CHECK_OK(file_mkdirs(arena_printf(&a, "%s/b", base), 0700, &e), &e);
	path = arena_printf(&a, "relative::%s/a:%s/b", base, base);
	CHECK(!file_find_program(&a, path, "no-such-program"));
	CHECK_OK(file_replace_at(AT_FDCWD, good, "", 0, 0644, &e), &e);
	CHECK(!file_find_program(&a, path, "no-such-program"));
	CHECK_INT(chmod(good, 0755), 0);
	CHECK_STR(file_find_program(&a, path, "no-such-program"), good);
	CHECK_INT(chdir(base), 0);
	CHECK(!file_find_program(&a, "b", "no-such-program"));
	CHECK(file_find_program(&a, NULL, "env"));
}

TEST(taking_leaves_nothing_to_close)
{
	int raw = openat(AT_FDCWD, "/", O_PATH | O_CLOEXEC), kept;

	{
		auto_fd fd = raw;

		kept = fd_take(&fd);
	}
	CHECK(fcntl(kept, F_GETFD) >= 0);
	{
		auto_fd fd = kept;

		errno = ENOENT;
		CHECK_INT(fd, raw);
	}
	CHECK_INT(errno, ENOENT);
	CHECK_INT(fcntl(raw, F_GETFD), -1);
}

TEST(a_text_is_made_utf8)
{
	static const char *const cases[][2] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80",
		  "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80" },
		{ "\xff|\xc3|\xc0\xaf", "?|?|??" },
		{ "\xed\xa0\x80|\xf4\x90\x80\x80|\xe0\x80\x80|\xf0\x80\x80\x80",
		  "???|????|???|????" },
		{ "end \xe2\x82", "end ??" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_arena a = { 0 };
		struct buf wanted = { .arena = &a };

		buf_add(&wanted, "");
		for (const char *s = cases[i][1]; *s; s++)
			*s == '?' ? buf_add(&wanted, "\xef\xbf\xbd") : buf_addn(&wanted, s, 1);
		CHECK_STR(str_utf8(&a, cases[i][0]), wanted.str);
	}
}

/* So many times the letter a: FIPS 180-4's examples, and lengths around a block's end by
 * sha256sum(1). */
TEST(sha256_is_what_others_make_of_it)
{
	static const struct {
		size_t len;
		const char *digest;
	} cases[] = {
		{ 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ 1, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb" },
		{ 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318" },
		{ 56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a" },
		{ 63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34" },
		{ 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb" },
		{ 65, "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0" },
		{ 119, "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb" },
		{ 120, "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c" },
		{ 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
	};
	static char data[1000003];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (size_t piece = 1; piece <= sizeof(data); piece = piece * 64 - 1) {
			struct sha256 h = SHA256;
			uint8_t digest[SHA256_SIZE];
			char text[2 * SHA256_SIZE + 1];

			memset(data, 'a', sizeof(data));
			for (size_t at = 0; at < cases[i].len; at += piece)
				sha256_add(&h, data + at,
					   cases[i].len - at < piece ? cases[i].len - at : piece);
			sha256_end(&h, digest);
			sha256_hex(digest, text);
			CHECK_STR(text, cases[i].digest);
		}
	}
}
