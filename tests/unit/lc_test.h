/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit tests.  TEST(name) { ... } registers itself; each runs in a child process of its own, under
 * an alarm, in no fixed relation to the others; the program prints TAP.  Arguments of the program
 * choose tests by name.  A check that fails prints both sides and ends the test.
 *
 *	TEST(numbers_are_strict)
 *	{
 *		CHECK_INT(parse("7"), 7);
 *	}
 */
#ifndef LC_TEST_H
#define LC_TEST_H

#include "base/error.h"
#include <string.h>

struct test {
	const char *name;
	void (*run)(void);
	unsigned seconds; /* before the alarm */
};

#define TEST(name) TEST_FOR(name, 60)

/* A test that may need longer than the 60 seconds of the others. */
#define TEST_FOR(name, seconds) \
	static void test_##name(void); \
	static const struct test entry_##name \
		__attribute__((used, section("lc_tests"), \
			       aligned(sizeof(void *)))) = { #name, test_##name, seconds }; \
	static void test_##name(void)

/* Ends the test: it cannot run here, and why. */
_Noreturn void test_skip(const char *fmt, ...) lc_printf(1, 2);
#define SKIP(...) test_skip(__VA_ARGS__)

/* Ends the test as failed. */
_Noreturn void test_fail(const char *file, int line, const char *fmt, ...) lc_printf(3, 4);
#define FAIL(...) test_fail(__FILE__, __LINE__, __VA_ARGS__)

#define CHECK(cond) \
	do { \
		if (!(cond)) \
			FAIL("%s", #cond); \
	} while (0)

void test_check_str(const char *file, int line, const char *expr, const char *got,
		    const char *want);
void test_check_int(const char *file, int line, const char *expr, long long got, long long want);
void test_check_contains(const char *file, int line, const char *expr, const char *got,
			 const char *part);

#define CHECK_STR(got, want)	  test_check_str(__FILE__, __LINE__, #got, got, want)
#define CHECK_INT(got, want)	  test_check_int(__FILE__, __LINE__, #got, got, want)
#define CHECK_CONTAINS(got, part) test_check_contains(__FILE__, __LINE__, #got, got, part)

/* A call that fills @e when it fails: a failure's message is shown. */
#define CHECK_OK(call, e) \
	do { \
		if ((call) < 0) \
			FAIL("%s: %s", #call, (e)->msg); \
	} while (0)

/* A call that has to return -1 with errno set to @want. */
#define CHECK_ERRNO(call, want) \
	do { \
		long long r_ = (call); \
		int errno_ = errno; \
		if (r_ != -1) \
			FAIL("%s: returned %lld, wanted %s", #call, r_, lc_errno_text(want)); \
		test_check_str(__FILE__, __LINE__, #call, lc_errno_text(errno_), \
			       test_errno_text(want)); \
	} while (0)
const char *test_errno_text(int err); /* survives a second lc_errno_text() */

/* A fresh directory below $TMPDIR that goes away, with all that is in it, when the test ends. */
const char *test_dir(void);

/* Runs @run in a child; returns its exit status, or 128 + the signal that ended it. */
int test_child(int (*run)(void *arg), void *arg);

#endif
