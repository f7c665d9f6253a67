/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames and streams of the control port. */
#include "microvm/control.h"
#include "base/own.h"
#include "lc_test.h"
#include "microvm/stream.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>

static struct lc_error e;

static void pair(int sock[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock) < 0)
		FAIL("socketpair");
}

static void send_frame(int fd, struct control_head head, const void *data)
{
	struct control_out out = { 0 };

	control_put(&out, &head, data);
	CHECK_INT(control_flush(&out, fd), 0);
	CHECK_INT(out.have, 0);
	control_out_release(&out);
}

TEST(a_frame_arrives_as_it_was_sent)
{
	struct control_in in = CONTROL_IN_NONE;
	struct control_frame f;
	int sock[2];

	pair(sock);
	send_frame(
		sock[0],
		(struct control_head){ .session = 7, .stream = 2, .what = CONTROL_DATA, .len = 5 },
		"hello");
	CHECK_INT(control_read(&in, sock[1], &e), 17);
	CHECK_INT(control_next(&in, CONTROL_GUEST, &f, &e), 1);
	CHECK_INT(f.head.session, 7);
	CHECK_INT(f.head.stream, 2);
	CHECK_INT(f.head.len, 5);
	CHECK(!memcmp(f.data, "hello", 5));
	CHECK_INT(control_next(&in, CONTROL_GUEST, &f, &e), 0);
	control_in_release(&in);
}

TEST(frames_may_come_in_pieces)
{
	struct control_head head = { .what = CONTROL_DATA, .len = CONTROL_DATA_MAX };
	static char data[CONTROL_DATA_MAX];
	struct control_in in = CONTROL_IN_NONE;
	struct control_out out = { 0 };
	struct control_frame f;
	int frames = 0;

	memset(data, 'x', sizeof(data));
	for (int i = 0; i < 3; i++)
		control_put(&out, &head, data);
	for (size_t at = 0; at < out.have;) {
		size_t n = out.have - at < 1001 ? out.have - at : 1001;

		CHECK(control_in_room(&in) >= n);
		control_feed(&in, out.buf + at, n);
		at += n;
		while (control_next(&in, CONTROL_HOST, &f, &e) > 0) {
			CHECK(!memcmp(f.data, data, sizeof(data)));
			frames++;
		}
	}
	CHECK_INT(frames, 3);
	control_in_release(&in);
	control_out_release(&out);
}

TEST(what_makes_no_sense_is_refused)
{
	static const struct {
		struct control_head head;
		enum control_side from;
		const char *wanted;
	} cases[] = {
		{ { .what = 200 }, CONTROL_GUEST, "no such kind" },
		{ { .what = CONTROL_START }, CONTROL_GUEST, "the other side's" },
		{ { .what = CONTROL_EXIT }, CONTROL_HOST, "the other side's" },
		{ { .what = CONTROL_DATA, .stream = 3, .len = 1 },
		  CONTROL_GUEST,
		  "no such stream" },
		{ { .what = CONTROL_DATA, .len = 0 }, CONTROL_GUEST, "a length that cannot be" },
		{ { .what = CONTROL_DATA, .len = CONTROL_DATA_MAX + 1 },
		  CONTROL_GUEST,
		  "a length that cannot be" },
		{ { .what = CONTROL_DATA, .len = ~0U }, CONTROL_GUEST, "a length that cannot be" },
		{ { .what = CONTROL_FAILED, .len = 2047 },
		  CONTROL_GUEST,
		  "a length that cannot be" },
		{ { .what = CONTROL_HELLO, .len = 1 }, CONTROL_GUEST, "a length that cannot be" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct control_in in = CONTROL_IN_NONE;
		struct control_frame f;

		CHECK(control_in_room(&in) > sizeof(cases[i].head));
		control_feed(&in, (const char *)&cases[i].head, sizeof(cases[i].head));
		CHECK_INT(control_next(&in, cases[i].from, &f, &e), -1);
		CHECK_CONTAINS(e.msg, cases[i].wanted);
		control_in_release(&in);
	}
}

TEST(an_error_of_the_guest_is_made_safe)
{
	struct lc_error sent = { .code = 4711, .sys_errno = -3 }, got = { 0 };
	struct control_frame f = { .head = { .what = CONTROL_FAILED, .len = sizeof(sent) },
				   .data = (char *)&sent };

	memset(sent.msg, 'x', sizeof(sent.msg));
	memcpy(sent.msg, "a\033[2Jb\n", 7);
	CHECK_INT(control_take_error(&f, &got), -1);
	CHECK_INT(got.code, LC_ESYSTEM);
	CHECK_INT(got.sys_errno, 0);
	CHECK(!memcmp(got.msg, "a?[2Jb?x", 8));
	CHECK_INT(strlen(got.msg), sizeof(got.msg) - 1);
}

TEST(a_client_hears_what_it_waits_for)
{
	struct control_in in = CONTROL_IN_NONE;
	struct lc_error failure = { .code = LC_ESTATE, .msg = "not now" };
	struct control_frame f;
	int sock[2];

	pair(sock);
	send_frame(sock[0], (struct control_head){ .what = CONTROL_LOG, .len = 3 }, "log");
	send_frame(sock[0], (struct control_head){ .what = CONTROL_DONE }, NULL);
	CHECK_INT(control_expect(&in, sock[1], CONTROL_DONE, CONTROL_DONE, &f, &e), 1);
	send_frame(sock[0], (struct control_head){ .what = CONTROL_FAILED, .len = sizeof(failure) },
		   &failure);
	CHECK_INT(control_expect(&in, sock[1], CONTROL_DONE, CONTROL_DONE, &f, &e), -1);
	CHECK_STR(e.msg, "not now");
	send_frame(sock[0], (struct control_head){ .what = CONTROL_HELLO }, NULL);
	CHECK_INT(control_expect(&in, sock[1], CONTROL_DONE, CONTROL_DONE, &f, &e), -1);
	CHECK_STR(e.msg, "control port: CONTROL_HELLO while waiting for CONTROL_DONE");
	close(sock[0]);
	CHECK_INT(control_expect(&in, sock[1], CONTROL_DONE, CONTROL_DONE, &f, &e), -1);
	CHECK_CONTAINS(e.msg, "ended before it said CONTROL_DONE");
	control_in_release(&in);
}

TEST(a_source_sends_no_more_than_its_credit)
{
	struct source s = { .stream = STREAM_OUT, .credit = 4 };
	struct control_out out = { 0 };
	int ends[2];

	CHECK_INT(pipe2(ends, O_CLOEXEC), 0);
	s.fd = ends[0];
	CHECK(!source_step(&s, &out));
	CHECK_INT(write(ends[1], "abcdef", 6), 6);
	CHECK(source_step(&s, &out));
	CHECK_INT(out.have, sizeof(struct control_head) + 4);
	CHECK(!source_step(&s, &out));
	CHECK(source_credit(&s, 10));
	CHECK(!source_credit(&s, CONTROL_WINDOW));
	CHECK(source_step(&s, &out));
	close(ends[1]);
	out.have = 0;
	CHECK(source_step(&s, &out));
	CHECK_INT(out.buf[3], CONTROL_CLOSE);
	CHECK_INT(s.fd, -1);
	close(ends[0]);
	control_out_release(&out);
}

TEST(a_sink_takes_no_more_than_the_window)
{
	static char data[CONTROL_WINDOW];
	struct sink s = { .stream = STREAM_OUT, .fd = -1 };
	struct control_out out = { 0 };
	int ends[2];

	signal(SIGPIPE, SIG_IGN);
	CHECK(sink_take(&s, data, sizeof(data)));
	CHECK(!sink_take(&s, data, 1));
	CHECK_INT(pipe2(ends, O_CLOEXEC), 0);
	s.fd = ends[1];
	for (int i = 0; i < 16; i++)
		CHECK(sink_step(&s, &out));
	CHECK(!sink_step(&s, &out)); /* the pipe is full and nothing blocks */
	close(ends[0]);
	out.have = 0;
	CHECK(sink_take(&s, "x", 1));
	CHECK(sink_step(&s, &out)); /* nobody reads: it says so, and takes all */
	CHECK_INT(out.buf[3], CONTROL_CLOSE);
	CHECK(!s.have);
	s.ended = true;
	CHECK(sink_is_done(&s));
	CHECK(!sink_take(&s, data, 1));
	sink_release(&s);
	control_out_release(&out);
	close(ends[1]);
}
