/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is said over a virtual machine's control port, between the agent in the guest and the host:
 * frames of fixed bounds, each with a session and a stream.  Session 0 is the container's own
 * process, every client of the monitor (an `exec`, a question) gets another; the monitor's hub
 * (relay.c) writes the number into what the client sends and takes it out of what it gets.
 *
 * All that comes from a guest is parsed as from a hostile peer: control_next() sees to bounds,
 *kinds and direction, and whoever takes a frame sees to its order.
 *
 *	struct control_in in = CONTROL_IN_NONE;
 *
 *	while (control_read(&in, fd, e) > 0)
 *		while (control_next(&in, CONTROL_GUEST, &frame, e) > 0) ...
 */
#ifndef LC_CONTROL_H
#define LC_CONTROL_H

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONTROL_VERSION	   1
#define CONTROL_DATA_MAX   16384 /* bytes of one frame */
#define CONTROL_WINDOW	   65536 /* of a stream: bytes that may be under way at the beginning */
#define CONTROL_PLAN_MAX   (8 << 20)
#define CONTROL_ANSWER_MAX (1 << 20)

enum control_side { CONTROL_HOST = 1, CONTROL_GUEST = 2 };

/* Name, who may say it, least and most bytes of data, what it means. */
#define CONTROL_FRAMES(X) \
	X(CONTROL_HELLO, CONTROL_GUEST, 0, 0, "the agent is there; value: its version") \
	X(CONTROL_PLAN, CONTROL_HOST, 0, CONTROL_DATA_MAX, \
	  "a part of the plan, none: that was all; value: enum lc_level for logs") \
	X(CONTROL_READY, CONTROL_GUEST, 0, 0, "all is set up, waiting for start") \
	X(CONTROL_START, CONTROL_HOST, 0, 0, "go on to the program") \
	X(CONTROL_RUNNING, CONTROL_GUEST, 0, 0, "the program runs; value: its pid") \
	X(CONTROL_EXIT, CONTROL_GUEST, 0, 0, "it has ended; value: CONTROL_EXIT_*") \
	X(CONTROL_FAILED, CONTROL_GUEST, sizeof(struct lc_error), sizeof(struct lc_error), \
	  "a struct lc_error, and the session's end") \
	X(CONTROL_LOG, CONTROL_GUEST, 1, 1024, "a log line; value: enum lc_level") \
	X(CONTROL_DATA, CONTROL_HOST | CONTROL_GUEST, 1, CONTROL_DATA_MAX, "bytes of a stream") \
	X(CONTROL_CREDIT, CONTROL_HOST | CONTROL_GUEST, 0, 0, \
	  "value: so many bytes more may be under way") \
	X(CONTROL_CLOSE, CONTROL_HOST | CONTROL_GUEST, 0, 0, \
	  "the stream has ended, or nobody reads it any more") \
	X(CONTROL_SIGNAL, CONTROL_HOST, 0, 0, "value: number of the signal; all: bit 16") \
	X(CONTROL_RESIZE, CONTROL_HOST, 0, 0, "value: columns << 16 | rows of the terminal") \
	X(CONTROL_UPDATE, CONTROL_HOST, 2, CONTROL_DATA_MAX, "a plan with new limits") \
	X(CONTROL_ASK, CONTROL_HOST, 0, 0, "value: enum control_question") \
	X(CONTROL_ANSWER, CONTROL_GUEST, 0, CONTROL_DATA_MAX, \
	  "a part of the answer, none: that was all") \
	X(CONTROL_DONE, CONTROL_GUEST, 0, 0, "what was asked for is done") \
	X(CONTROL_HANGUP, CONTROL_HOST, 0, 0, "the session's client is gone") \
	X(CONTROL_CLOCK, CONTROL_HOST, 8, 8, "nanoseconds since 1970") \
	X(CONTROL_SEED, CONTROL_HOST, 32, 512, "randomness for the guest's kernel") \
	X(CONTROL_NETWORK, CONTROL_HOST, 0, CONTROL_DATA_MAX, \
	  "a part of the network (struct net_item), none: that was all") \
	X(CONTROL_PAUSE, CONTROL_HOST, 0, 0, \
	  "for the monitor: stop the processors (value 1), let them go on (0); it says DONE")

enum control_what {
#define X(name, who, min, max, text) name,
	CONTROL_FRAMES(X)
#undef X
};

enum control_stream { STREAM_IN, STREAM_OUT, STREAM_ERR, CONTROL_STREAMS };

enum control_question {
	CONTROL_PIDS, /* pids as the container's init sees them, a line each */
	CONTROL_PS, /* a line per process: pid, ppid, uid, state, ticks, name */
	CONTROL_STATS, /* "file", its length, its text, for files of the container's cgroup */
};

#define CONTROL_SIGNAL_ALL     (1U << 16)
#define CONTROL_EXIT_CODE(v)   ((v)&0xff)
#define CONTROL_EXIT_SIGNAL(v) ((v) >> 8 & 0x7f) /* 0: it exited */
#define CONTROL_EXIT_OOM       (1U << 16) /* the guest's kernel killed something for memory */

struct control_head {
	uint16_t session;
	uint8_t stream, what; /* enum control_stream, enum control_what */
	uint32_t value, len;
};
_Static_assert(sizeof(struct control_head) == 12, "the same on both sides");

struct control_frame {
	struct control_head head;
	const char *data; /* head.len bytes, valid until the next read */
};

/* What has been read and not taken. Buffers are made when first used. */
struct control_in {
	char *buf; /* owned */
	size_t at, have;
};
#define CONTROL_IN_NONE \
	{ \
		0 \
	}

/* Reads what there is: number of bytes, 0 at the end of file, -1 with @e; EAGAIN is -1 with LC_OK
 * in @e. */
int control_read(struct control_in *in, int fd, struct lc_error *e) lc_checked;

/* The same with bytes that are there already (at most control_in_room()). */
size_t control_in_room(struct control_in *in);
void control_feed(struct control_in *in, const char *data, size_t len);

/* The next whole frame, as one of @from's: 1, 0 when more has to be read, -1 when it makes no
 * sense. */
int control_next(struct control_in *in, enum control_side from, struct control_frame *frame,
		 struct lc_error *e) lc_checked;
void control_in_release(struct control_in *in);

/* What is to be written. It grows as needed: whoever fills it looks at @have first. */
struct control_out {
	char *buf; /* owned */
	size_t have, size;
};

void control_put(struct control_out *out, const struct control_head *head, const void *data);

/* Writes as much as goes: 0, or -1 with errno; EAGAIN is no failure. */
int control_flush(struct control_out *out, int fd);
void control_out_release(struct control_out *out);

/* Reads one frame of @wanted after the other, log lines to nowhere; CONTROL_FAILED is its error.
 * For simple clients over a blocking socket: 1, or 0 when @other came instead. */
int control_expect(struct control_in *in, int fd, enum control_what wanted, enum control_what other,
		   struct control_frame *frame, struct lc_error *e) lc_checked;

/* Fills @e with the error in @frame, made safe to print. Always -1. */
int control_take_error(const struct control_frame *frame, struct lc_error *e);

/* "CONTROL_HELLO", for messages. */
const char *control_name(unsigned what);

#endif
