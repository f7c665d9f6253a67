/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Seccomp profiles: tables of (architecture, call, arguments, what is done), and comparisons. */
#include "filter.h"
#include "lc_test.h"
#include "base/file.h"
#include "base/str.h"
#include "seccomp/library.h"
#include "seccomp/rules.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define X64    AUDIT_ARCH_X86_64
#define X86    AUDIT_ARCH_I386
#define X32    0x40000000
#define ALLOW  SECCOMP_RET_ALLOW
#define ERR(n) (SECCOMP_RET_ERRNO | (n))
#define KILL   SECCOMP_RET_KILL_THREAD

static struct arena arena;
static char notes[4096];

static void take_note(void *ctx, const char *member, const char *text)
{
	size_t len = strlen(notes);

	(void)ctx;
	snprintf(notes + len, sizeof(notes) - len, "%s: %s\n", member, text);
}

/* Single quotes stand for double ones. */
static const struct spec_seccomp *profile_of(const char *text)
{
	struct spec_seccomp *profile = arena_alloc(&arena, sizeof(*profile));
	char *json = arena_strdup(&arena, text);
	struct lc_error e;

	for (char *p = json; *p; p++)
		if (*p == '\'')
			*p = '"';
	CHECK_OK(decode_text(&arena, "profile", json, strlen(json), &spec_seccomp_shape, profile,
			     NULL, &e),
		 &e);
	return profile;
}

static struct seccomp_filter compile(const struct spec_seccomp *profile)
{
	struct seccomp_filter filter;
	struct lc_error e;

	notes[0] = '\0';
	CHECK_OK(seccomp_compile(&arena, profile, take_note, NULL, &filter, &e), &e);
	return filter;
}

struct question {
	uint32_t arch;
	int nr;
	uint32_t wanted;
	uint64_t args[6];
};

static void check_answers(const struct seccomp_filter *filter, const char *what,
			  const struct question *q)
{
	for (; q->arch; q++) {
		struct seccomp_data data = { .nr = q->nr, .arch = q->arch };
		uint32_t got;

		for (size_t i = 0; i < 6; i++)
			data.args[i] = q->args[i];
		got = filter_run(filter, &data);
		if (got != q->wanted)
			FAIL("%s: arch %#x call %d (%#llx, %#llx, ...): %#x, wanted %#x", what,
			     q->arch, q->nr, data.args[0], data.args[1], got, q->wanted);
	}
}

struct profile_case {
	const char *profile; /* without the outer braces */
	struct question questions[24]; /* ended by an architecture of 0 */
};

static void check_cases(const struct profile_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *text = arena_printf(&arena, "{%s}", cases[i].profile);
		struct seccomp_filter filter = compile(profile_of(text));

		check_answers(&filter, text, cases[i].questions);
	}
}

#define DEFAULT(action)		  "'defaultAction': 'SCMP_ACT_" action "'"
#define ARCHES(names)		  ", 'architectures': [" names "]"
#define ALL_ARCHES		  ARCHES("'SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'")
#define CALLS(list)		  ", 'syscalls': [" list "]"
#define CALL(names, action, more) "{'names': [" names "], 'action': 'SCMP_ACT_" action "'" more "}"
#define ARGS(list)		  ", 'args': [" list "]"
#define ARG(index, op, value)	  "{'index': " #index ", 'op': 'SCMP_CMP_" op "', 'value': " #value "}"

static const struct profile_case actions[] = {
	{ DEFAULT("ALLOW") CALLS(CALL("'read'", "KILL", "") "," CALL("'write'", "KILL_PROCESS", "") "," CALL(
		  "'open'", "KILL_THREAD",
		  "") "," CALL("'close'", "TRAP",
			       "") "," CALL("'stat'", "ERRNO",
					    "") "," CALL("'fstat'", "TRACE",
							 "") "," CALL("'lstat'", "LOG",
								      "") "," CALL("'poll'",
										   "NOTIFY",
										   "") "," CALL("'l"
												"se"
												"ek"
												"'",
												"ER"
												"RN"
												"O",
												", "
												"'e"
												"rr"
												"no"
												"Re"
												"t'"
												": "
												"3"
												"8") "," CALL("'mmap'",
													      "TRACE",
													      ", 'errnoRet': 7")),
	  { { X64, 0, KILL, { 0 } },
	    { X64, 1, SECCOMP_RET_KILL_PROCESS, { 0 } },
	    { X64, 2, KILL, { 0 } },
	    { X64, 3, SECCOMP_RET_TRAP, { 0 } },
	    { X64, 4, ERR(EPERM), { 0 } },
	    { X64, 5, SECCOMP_RET_TRACE | 1, { 0 } },
	    { X64, 6, SECCOMP_RET_LOG, { 0 } },
	    { X64, 7, SECCOMP_RET_USER_NOTIF, { 0 } },
	    { X64, 8, ERR(ENOSYS), { 0 } },
	    { X64, 9, SECCOMP_RET_TRACE | 7, { 0 } },
	    { X64, 10, ALLOW, { 0 } } } },
	{ DEFAULT("ERRNO") ", 'defaultErrnoRet': 99" CALLS(CALL("'write'", "ALLOW", "")),
	  { { X64, 0, ERR(99), { 0 } }, { X64, 1, ALLOW, { 0 } } } },
};

TEST(actions)
{
	check_cases(actions, ARRAY_SIZE(actions));
}

/* write(2) is number 1; its third argument is looked at. */
#define OPERATOR(op, value) \
	DEFAULT("ERRNO") CALLS(CALL("'write'", "ALLOW", ARGS(ARG(2, op, value))))
#define ARG_2(value, wanted) \
	{ \
		X64, 1, wanted, \
		{ \
			0, 0, value \
		} \
	}
#define NO ERR(EPERM)

static const struct profile_case operators[] = {
	{ OPERATOR("NE", 4294967297),
	  { ARG_2(0x100000001, NO), ARG_2(1, ALLOW), ARG_2(0x100000000, ALLOW) } },
	{ OPERATOR("LT", 4294967297),
	  { ARG_2(0x100000000, ALLOW), ARG_2(0x100000001, NO), ARG_2(0x100000002, NO),
	    ARG_2(0xffffffff, ALLOW), ARG_2(0x200000000, NO) } },
	{ OPERATOR("LE", 4294967297),
	  { ARG_2(0x100000000, ALLOW), ARG_2(0x100000001, ALLOW), ARG_2(0x100000002, NO),
	    ARG_2(0xffffffff, ALLOW), ARG_2(0x200000000, NO) } },
	{ OPERATOR("EQ", 4294967297),
	  { ARG_2(0x100000001, ALLOW), ARG_2(1, NO), ARG_2(0x100000000, NO),
	    ARG_2(0x8000000100000001, NO) } },
	{ OPERATOR("GE", 4294967297),
	  { ARG_2(0x100000000, NO), ARG_2(0x100000001, ALLOW), ARG_2(0x100000002, ALLOW),
	    ARG_2(0xffffffff, NO), ARG_2(0x200000000, ALLOW) } },
	{ OPERATOR("GT", 4294967297),
	  { ARG_2(0x100000000, NO), ARG_2(0x100000001, NO), ARG_2(0x100000002, ALLOW),
	    ARG_2(0xffffffff, NO), ARG_2(0x200000000, ALLOW) } },
	{ DEFAULT("ERRNO") CALLS(CALL("'write'", "ALLOW",
				      ARGS("{'index': 2, 'op': 'SCMP_CMP_MASKED_EQ',"
					   "'value': 4294967536, 'valueTwo': 4294967328}"))),
	  { ARG_2(0x100000020, ALLOW), ARG_2(0x10000002f, ALLOW), ARG_2(0x300000020, ALLOW),
	    ARG_2(0x20, NO), ARG_2(0x100000030, NO), ARG_2(0x100000120, ALLOW) } },
};

TEST(operators_at_their_edges)
{
	check_cases(operators, ARRAY_SIZE(operators));
}

#define WRITE(args) CALL("'write'", "ALLOW", ARGS(args))

static const struct profile_case conditions[] = {
	/* conditions on different arguments: all of them */
	{ DEFAULT("ERRNO") CALLS(WRITE(ARG(0, "EQ", 1) "," ARG(1, "EQ", 2))),
	  { { X64, 1, ALLOW, { 1, 2 } }, { X64, 1, NO, { 1, 3 } }, { X64, 1, NO, { 2, 2 } } } },
	/* one argument twice: any of them, however many */
	{ DEFAULT("ERRNO") CALLS(WRITE(ARG(0, "EQ", 1) "," ARG(0, "EQ", 2))),
	  { { X64, 1, ALLOW, { 1 } }, { X64, 1, ALLOW, { 2 } }, { X64, 1, NO, { 3 } } } },
	{ DEFAULT("ALLOW") CALLS(
		  CALL("'write'", "ERRNO",
		       ARGS(ARG(0, "EQ", 1) "," ARG(0, "EQ", 2) "," ARG(0, "EQ", 3) "," ARG(
			       0, "EQ", 4) "," ARG(0, "EQ",
						   5) "," ARG(0, "EQ",
							      6) "," ARG(0, "EQ",
									 7) "," ARG(0, "EQ", 8)))),
	  { { X64, 1, NO, { 1 } },
	    { X64, 1, NO, { 6 } },
	    { X64, 1, NO, { 7 } },
	    { X64, 1, NO, { 8 } },
	    { X64, 1, ALLOW, { 9 } } } },
	/* an entry without conditions wins, wherever it stands */
	{ DEFAULT("ERRNO") CALLS(
		  CALL("'write'", "LOG", ARGS(ARG(0, "EQ", 1))) "," CALL("'write'", "ALLOW", "")),
	  { { X64, 1, ALLOW, { 1 } } } },
	/* an entry that says what the default says is as if it were not there */
	{ DEFAULT("ERRNO") CALLS(
		  CALL("'write'", "ERRNO", "") "," CALL("'write'", "ALLOW", ARGS(ARG(0, "EQ", 1)))),
	  { { X64, 1, ALLOW, { 1 } }, { X64, 1, NO, { 2 } } } },
};

TEST(conditions_of_one_entry_and_of_several)
{
	check_cases(conditions, ARRAY_SIZE(conditions));
}

static const struct profile_case newest[] = {
	/* clone3 is 435 everywhere; 437 is openat2 */
	{ DEFAULT("ERRNO") ALL_ARCHES CALLS(CALL("'read', 'clone3'", "ALLOW", "")),
	  { { X64, 434, NO, { 0 } },
	    { X64, 435, ALLOW, { 0 } },
	    { X64, 436, ERR(ENOSYS), { 0 } },
	    { X64, 9999, ERR(ENOSYS), { 0 } },
	    { X64, 600, ERR(ENOSYS), { 0 } },
	    { X86, 434, NO, { 0 } },
	    { X86, 435, ALLOW, { 0 } },
	    { X86, 436, ERR(ENOSYS), { 0 } },
	    { X64, X32 | 434, NO, { 0 } },
	    { X64, X32 | 435, ALLOW, { 0 } },
	    { X64, X32 | 436, ERR(ENOSYS), { 0 } },
	    { X64, -1, NO, { 0 } } /* a tracer's "skip this call" */ } },
	/* each architecture has its own newest: read is 3 on x86 */
	{ DEFAULT("KILL_PROCESS") ALL_ARCHES CALLS(CALL("'read'", "ALLOW", "")),
	  { { X64, 0, ALLOW, { 0 } },
	    { X64, 1, ERR(ENOSYS), { 0 } },
	    { X86, 2, SECCOMP_RET_KILL_PROCESS, { 0 } },
	    { X86, 3, ALLOW, { 0 } },
	    { X86, 4, ERR(ENOSYS), { 0 } } } },
	/* an entry that is redundant is known nevertheless */
	{ DEFAULT("ERRNO") CALLS(CALL("'read'", "ALLOW", "") "," CALL("'clone3'", "ERRNO", "")),
	  { { X64, 435, NO, { 0 } }, { X64, 436, ERR(ENOSYS), { 0 } } } },
	/* where the default lets calls through, or asks a tracer, nothing changes */
	{ DEFAULT("ALLOW") CALLS(CALL("'read'", "ERRNO", "")), { { X64, 9999, ALLOW, { 0 } } } },
	{ DEFAULT("LOG") CALLS(CALL("'read'", "ERRNO", "")),
	  { { X64, 9999, SECCOMP_RET_LOG, { 0 } } } },
	{ DEFAULT("TRACE") CALLS(CALL("'read'", "ERRNO", "")),
	  { { X64, 9999, SECCOMP_RET_TRACE | 1, { 0 } } } },
	/* newer than libseccomp, and x86-64's alone */
	{ DEFAULT("ERRNO") ARCHES("'SCMP_ARCH_X86'")
		  CALLS(CALL("'file_setattr', 'uretprobe'", "ALLOW", "")),
	  { { X64, 469, ALLOW, { 0 } },
	    { X64, 335, ALLOW, { 0 } },
	    { X64, 470, ERR(ENOSYS), { 0 } },
	    { X86, 469, ALLOW, { 0 } },
	    { X86, 335, NO, { 0 } } } },
};

TEST(calls_beyond_the_newest_do_not_exist)
{
	check_cases(newest, ARRAY_SIZE(newest));
}

static const struct profile_case architectures[] = {
	/* the machine's own always counts; others, and x32, only when listed */
	{ DEFAULT("ALLOW") ARCHES("'SCMP_ARCH_X86'") CALLS(CALL("'read'", "ERRNO", "")),
	  { { X64, 0, NO, { 0 } },
	    { X64, 1, ALLOW, { 0 } },
	    { X86, 3, NO, { 0 } },
	    { X86, 0, ALLOW, { 0 } },
	    { X64, X32 | 1, KILL, { 0 } },
	    { AUDIT_ARCH_AARCH64, 0, KILL, { 0 } } } },
	{ DEFAULT("ALLOW") CALLS(CALL("'read'", "ERRNO", "")), { { X86, 4, KILL, { 0 } } } },
	{ DEFAULT("ALLOW") ARCHES("'SCMP_ARCH_X32'") CALLS(CALL("'ioctl'", "ERRNO", "")),
	  { { X64, 16, NO, { 0 } },
	    { X64, X32 | 514, NO, { 0 } },
	    { X64, X32 | 16, ALLOW, { 0 } } } },
};

TEST(architectures_that_count)
{
	check_cases(architectures, ARRAY_SIZE(architectures));
}

/* On x86: socketcall is 102, socket its 1 and 359; ipc is 117, semctl its 3 and 394. */
static const struct profile_case multiplexed[] = {
	{ DEFAULT("ERRNO") ALL_ARCHES CALLS(CALL("'semctl', 'socket'", "ALLOW", "")),
	  { { X86, 102, ALLOW, { 1 } },
	    { X86, 102, NO, { 2 } },
	    { X86, 359, ALLOW, { 0 } },
	    { X86, 117, ALLOW, { 3 } },
	    { X86, 117, ALLOW, { 0x10003 } },
	    { X86, 117, NO, { 4 } },
	    { X86, 394, ALLOW, { 0 } } } },
	/* what is refused under a condition is refused wherever the condition cannot be seen */
	{ DEFAULT("ALLOW") ALL_ARCHES CALLS(
		  CALL("'socket'", "ERRNO", ARGS(ARG(0, "EQ", 16) "," ARG(2, "EQ", 9))) "," CALL(
			  "'semctl'", "ERRNO", "")),
	  { { X86, 359, NO, { 16, 0, 9 } },
	    { X86, 359, ALLOW, { 16, 0, 8 } },
	    { X86, 102, NO, { 1, 0x1000 } },
	    { X86, 102, ALLOW, { 2, 0x1000 } },
	    { X86, 117, NO, { 0x20003 } },
	    { X86, 117, ALLOW, { 0x20004 } } } },
	/* what is allowed for some families is allowed */
	{ DEFAULT("ERRNO") ALL_ARCHES CALLS(CALL("'socket'", "ALLOW", ARGS(ARG(0, "NE", 40)))),
	  { { X86, 359, NO, { 40 } }, { X86, 359, ALLOW, { 1 } }, { X86, 102, ALLOW, { 1 } } } },
};

TEST(multiplexed_calls_of_32_bit_x86)
{
	check_cases(multiplexed, ARRAY_SIZE(multiplexed));
}

TEST(what_is_left_out_is_noted)
{
	compile(profile_of("{" DEFAULT("ERRNO") ARCHES("'SCMP_ARCH_X86', 'SCMP_ARCH_PDP11'") CALLS(
		CALL("'read', 'frobnicate', 'chown32', 'mseal'", "ALLOW", "")) "}"));
	CHECK_STR(notes,
		  "linux.seccomp.architectures[1]: SCMP_ARCH_PDP11 is not known to libseccomp, "
		  "skipped\n"
		  "linux.seccomp.syscalls[0].names[1]: unknown system call \"frobnicate\", "
		  "skipped\n");
}

TEST(flags)
{
	static const struct {
		const char *flags;
		uint32_t wanted;
	} cases[] = {
		{ "", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
		{ ", 'flags': []", 0 },
		{ ", 'flags': ['SECCOMP_FILTER_FLAG_TSYNC']", 0 },
		{ ", 'flags': ['SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_TSYNC']",
		  SECCOMP_FILTER_FLAG_LOG },
		{ ", 'flags': ['SECCOMP_FILTER_FLAG_SPEC_ALLOW']", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
		/* it needs a listener, so an action that has one */
		{ ", 'flags': ['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV']", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *text = arena_printf(&arena, "{" DEFAULT("ALLOW") "%s}", cases[i].flags);

		CHECK_INT(compile(profile_of(text)).flags, cases[i].wanted);
	}
}

TEST(waiting_killably_goes_with_a_listener)
{
	struct seccomp_filter filter = compile(
		profile_of("{" DEFAULT("ALLOW") ", 'flags': ['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_"
						"RECV']" CALLS(CALL("'read'", "NOTIFY", "")) "}"));

	CHECK(filter.notify);
	if (strstr(notes, "not known to this kernel"))
		SKIP("this kernel lacks SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (Linux 5.19)");
	CHECK_INT(filter.flags, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
}

TEST(a_filter_too_long_for_the_kernel_is_an_error)
{
	struct buf b = { .arena = &arena };
	struct seccomp_filter filter;
	struct lc_error e;

	buf_add(&b, "{" DEFAULT("ERRNO") ", 'syscalls': [");
	for (int i = 0; i < 2000; i++)
		buf_addf(&b,
			 "%s{'names': ['read'], 'action': 'SCMP_ACT_ALLOW', 'args': [{'index': 1,"
			 "'op': 'SCMP_CMP_EQ', 'value': %d}]}",
			 i ? "," : "", i);
	buf_add(&b, "]}");
	CHECK_INT(seccomp_compile(&arena, profile_of(b.str), NULL, NULL, &filter, &e), -1);
	CHECK_CONTAINS(e.msg, "the kernel takes 4096");
}

/* ---- hull's own profile ---- */

#define CLONE(flags, wanted) \
	{ \
		X64, SYS_clone, wanted, \
		{ \
			flags \
		} \
	}
#define SOCKET(family, wanted) \
	{ \
		X64, SYS_socket, wanted, \
		{ \
			family \
		} \
	}

static const struct question without_capabilities[] = {
	{ X64, SYS_read, ALLOW, { 0 } },
	{ X64, SYS_execve, ALLOW, { 0 } },
	{ X86, 11 /* execve */, ALLOW, { 0 } },
	{ X86, 102 /* socketcall */, ALLOW, { 1 } },
	{ X64, X32 | 0, KILL, { 0 } },
	CLONE(SIGCHLD, ALLOW),
	CLONE(CLONE_VM | CLONE_THREAD | CLONE_SIGHAND, ALLOW),
	CLONE(CLONE_NEWUSER, NO),
	CLONE(CLONE_NEWNS | SIGCHLD, NO),
	CLONE(0x100000000 | CLONE_NEWNET, NO),
	{ X64, SYS_clone3, ERR(ENOSYS), { 0 } },
	{ X64, SYS_unshare, NO, { 0 } },
	{ X64, SYS_setns, NO, { 0 } },
	{ X64, SYS_mount, NO, { 0 } },
	{ X64, SYS_bpf, NO, { 0 } },
	{ X64, SYS_keyctl, NO, { 0 } },
	{ X64, SYS_io_uring_setup, NO, { 0 } },
	{ X64, SYS_userfaultfd, NO, { 0 } },
	{ X64, SYS_open_by_handle_at, NO, { 0 } },
	{ X64, SYS_personality, ALLOW, { 0 } },
	{ X64, SYS_personality, ALLOW, { 0xffffffff } },
	{ X64, SYS_personality, ALLOW, { UINT64_MAX } },
	{ X64, SYS_personality, NO, { 0x40000 /* ADDR_NO_RANDOMIZE */ } },
	SOCKET(AF_UNIX, ALLOW),
	SOCKET(AF_INET6, ALLOW),
	SOCKET(AF_NETLINK, ALLOW),
	SOCKET(37, ALLOW),
	SOCKET(AF_ALG, NO),
	SOCKET(39, ALLOW),
	SOCKET(AF_VSOCK, NO),
	SOCKET(41, ALLOW),
	SOCKET(45, ALLOW),
	/* the kernel drops the upper half */
	SOCKET(0x100000000 | AF_UNIX, ALLOW),
	SOCKET(0x100000000 | AF_ALG, NO),
	SOCKET(0xffffffff00000000 | AF_VSOCK, NO),
	{ X64, 472, ERR(ENOSYS), { 0 } },
	{},
};

TEST(own_profile_without_capabilities)
{
	struct seccomp_filter filter = compile(seccomp_default_profile(&arena, 0));

	CHECK_STR(notes, "");
	check_answers(&filter, "no capabilities", without_capabilities);
}

TEST(own_profile_opens_what_a_capability_is_for)
{
	static const struct {
		int capability, nr;
	} cases[] = {
		{ CAP_SYS_ADMIN, SYS_mount },
		{ CAP_SYS_ADMIN, SYS_clone3 },
		{ CAP_SYS_ADMIN, SYS_unshare },
		{ CAP_SYS_ADMIN, SYS_bpf },
		{ CAP_BPF, SYS_bpf },
		{ CAP_PERFMON, SYS_perf_event_open },
		{ CAP_SYSLOG, SYS_syslog },
		{ CAP_DAC_READ_SEARCH, SYS_open_by_handle_at },
		{ CAP_SYS_BOOT, SYS_reboot },
		{ CAP_SYS_CHROOT, SYS_chroot },
		{ CAP_SYS_MODULE, SYS_init_module },
		{ CAP_SYS_NICE, SYS_mbind },
		{ CAP_SYS_PACCT, SYS_acct },
		{ CAP_SYS_PTRACE, SYS_kcmp },
		{ CAP_SYS_RAWIO, SYS_iopl },
		{ CAP_SYS_TIME, SYS_settimeofday },
		{ CAP_SYS_TTY_CONFIG, SYS_vhangup },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t bit = 1ULL << cases[i].capability;
		struct seccomp_filter with = compile(seccomp_default_profile(&arena, bit));
		struct seccomp_filter without = compile(seccomp_default_profile(&arena, ~bit));
		struct seccomp_data data = { .nr = cases[i].nr, .arch = X64 };
		bool another = cases[i].nr == SYS_bpf; /* two capabilities open it */

		CHECK_INT(filter_run(&with, &data), ALLOW);
		CHECK_INT(filter_run(&without, &data), another				    ? ALLOW
						       : cases[i].nr == SYS_perf_event_open ? ALLOW
						       : cases[i].nr == SYS_syslog	    ? ALLOW
						       : cases[i].nr == SYS_clone3 ? ERR(ENOSYS)
										   : NO);
	}
}

/* ---- comparisons ---- */

static void check_same(const char *what, const struct spec_seccomp *profile, bool plain,
		       uint64_t seed, size_t *calls)
{
	struct comparison c;

	filter_compare(&arena, profile, plain, seed, &c);
	if (c.wrong[0])
		FAIL("%s: %s", what, c.wrong);
	if (plain && c.refused)
		FAIL("%s: libseccomp does not take it", what);
	*calls += c.calls;
}

/* The table of numbers says what libseccomp does, of each name that both know. */
TEST(numbers_are_those_of_libseccomp)
{
	static const char *const arches[SYSCALL_ARCHES] = {
		"SCMP_ARCH_X86_64",  "SCMP_ARCH_X32", "SCMP_ARCH_X86",
		"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", "SCMP_ARCH_RISCV64"
	};

	for (size_t a = 0; a < SYSCALL_ARCHES; a++) {
		uint32_t token;

		if (!library_arch(arches[a], &token))
			continue;
		for (size_t i = 0; i < n_syscall_table; i++) {
			const struct syscall_numbers *s = &syscall_table[i];
			int theirs, ours = s->nr[a];

			CHECK(syscall_numbers(s->name) == s);
			if (!library_syscall(token, s->name, &theirs))
				continue;
			if (a == 1 && theirs >= 0)
				theirs -= X32;
			if (theirs < 0 && (a != 2 || theirs < -299))
				theirs = SYSCALL_NONE;
			if (ours != theirs)
				FAIL("%s on %s: %d, libseccomp says %d", s->name, arches[a], ours,
				     theirs);
		}
	}
	CHECK(!syscall_numbers("") && !syscall_numbers("zzz") && !syscall_numbers("reaD"));
}

TEST_FOR(own_profile_is_what_libseccomp_makes_of_it, 120)
{
	size_t calls = 0;

	for (int i = 0; i <= CAP_LAST_CAP + 1; i++) {
		uint64_t caps = i <= CAP_LAST_CAP ? 1ULL << i : 0;

		check_same("own profile", seccomp_default_profile(&arena, caps), true, 7, &calls);
	}
	check_same("own profile", seccomp_default_profile(&arena, UINT64_MAX), true, 7, &calls);
	printf("# %zu calls\n", calls);
}

static const struct spec_seccomp *profile_in(const char *path)
{
	struct spec *spec;
	struct lc_error e;
	char *text;
	size_t len;

	CHECK_OK(file_read_at(AT_FDCWD, path, &arena, 1 << 20, &text, &len, &e), &e);
	CHECK_OK(spec_load(&arena, path, text, len, NULL, &spec, &e), &e);
	return spec->linux_ ? spec->linux_->seccomp : NULL;
}

TEST_FOR(engines_profiles_are_what_libseccomp_makes_of_them, 120)
{
	const char *top = getenv("top_srcdir");
	const char *folder = arena_printf(&arena, "%s/tests/data/configs", top ? top : ".");
	size_t calls = 0, profiles = 0;
	struct dirent *entry;
	DIR *d = opendir(folder);

	if (!d)
		FAIL("%s: %s", folder, lc_errno_text(errno));
	while ((entry = readdir(d))) {
		const struct spec_seccomp *profile = NULL;

		if (strstr(entry->d_name, ".json") && !strstr(entry->d_name, "-process.json"))
			profile = profile_in(arena_printf(&arena, "%s/%s", folder, entry->d_name));
		if (!profile)
			continue;
		check_same(entry->d_name, profile, true, 7, &calls);
		profiles++;
	}
	closedir(d);
	CHECK(profiles >= 10);
	printf("# %zu profiles, %zu calls\n", profiles, calls);
}

static void check_random(int n, bool plain)
{
	uint64_t random = 20261123;
	size_t calls = 0;

	for (int i = 0; i < n; i++) {
		uint8_t bytes[300];
		const char *what;

		for (size_t k = 0; k < sizeof(bytes); k++)
			bytes[k] = (uint8_t)next_random(&random);
		what = arena_printf(&arena, "profile %d", i);
		check_same(what, profile_from_bytes(&arena, bytes, sizeof(bytes), plain), plain,
			   next_random(&random), &calls);
		arena_free(&arena);
	}
	printf("# %zu calls\n", calls);
}

TEST_FOR(plain_profiles_mean_what_libseccomp_makes_of_them, 120)
{
	check_random(1000, true);
}

TEST_FOR(any_profile_is_what_it_means, 120)
{
	check_random(1000, false);
}

/* The interpreter is ours: does the kernel take the program, and answer so? */
static int under_filter(void *arg)
{
	const struct seccomp_filter *filter = arg;
	struct sock_fprog prog = { (unsigned short)(filter->len / sizeof(struct sock_filter)),
				   (void *)filter->bytes };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, filter->flags, &prog) < 0)
		return 1;
	if (getppid() <= 0 || unshare(CLONE_NEWUTS) == 0 || errno != EPERM)
		return 2;
	if (syscall(SYS_clone3, NULL, 0) == 0 || errno != ENOSYS)
		return 3;
	if (syscall(SYS_socket, 0x100000000 | AF_ALG, SOCK_SEQPACKET, 0) >= 0 || errno != EPERM)
		return 4;
	if (syscall(600, 0) == 0 || errno != ENOSYS)
		return 5;
	return 0;
}

TEST(the_kernel_takes_our_own_profile)
{
	struct seccomp_filter filter = compile(seccomp_default_profile(&arena, 0));

	CHECK_INT(test_child(under_filter, &filter), 0);
}
