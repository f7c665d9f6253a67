/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames of the control port: bounds and direction are checked here, once. */
#include "microvm/control.h"
#include "base/own.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define IN_SIZE (2 * (sizeof(struct control_head) + CONTROL_DATA_MAX))

static const struct {
	const char *name;
	int who; /* enum control_side bits */
	size_t min, max;
} frames[] = {
#define X(name, who, min, max, text) { #name, who, min, max },
	CONTROL_FRAMES(X)
#undef X
};

const char *control_name(unsigned what)
{
	return what < ARRAY_SIZE(frames) ? frames[what].name : "an unknown frame";
}

static void *need(void *p)
{
	if (!p)
		abort(); /* out of memory, as everywhere */
	return p;
}

size_t control_in_room(struct control_in *in)
{
	if (!in->buf)
		in->buf = need(malloc(IN_SIZE));
	if (in->at) {
		memmove(in->buf, in->buf + in->at, in->have);
		in->at = 0;
	}
	return IN_SIZE - in->have;
}

void control_feed(struct control_in *in, const char *data, size_t len)
{
	memcpy(in->buf + in->at + in->have, data, len);
	in->have += len;
}

int control_read(struct control_in *in, int fd, struct lc_error *e)
{
	size_t room = control_in_room(in);
	ssize_t n;

	do {
		n = read(fd, in->buf + in->have, room);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
		e->code = LC_OK;
		return -1;
	}
	if (n < 0 && errno == ECONNRESET)
		n = 0;
	if (n < 0)
		return lc_err_errno(e, "read from the control port");
	in->have += (size_t)n;
	return (int)n;
}

/* What is wrong with a head that @from sent; NULL: nothing. */
static const char *wrong(const struct control_head *head, enum control_side from)
{
	if (head->what >= ARRAY_SIZE(frames))
		return "no such kind";
	if (!(frames[head->what].who & (int)from))
		return "the other side's";
	if (head->stream >= CONTROL_STREAMS)
		return "no such stream";
	if (head->len < frames[head->what].min || head->len > frames[head->what].max)
		return "a length that cannot be";
	return NULL;
}

int control_next(struct control_in *in, enum control_side from, struct control_frame *frame,
		 struct lc_error *e)
{
	const char *why;

	if (in->have < sizeof(frame->head))
		return 0;
	memcpy(&frame->head, in->buf + in->at, sizeof(frame->head));
	why = wrong(&frame->head, from);
	if (why)
		return lc_err(e, LC_ESYSTEM, "control port: %s of %u bytes: %s",
			      control_name(frame->head.what), frame->head.len, why);
	if (in->have < sizeof(frame->head) + frame->head.len)
		return 0;
	frame->data = in->buf + in->at + sizeof(frame->head);
	in->at += sizeof(frame->head) + frame->head.len;
	in->have -= sizeof(frame->head) + frame->head.len;
	return 1;
}

void control_in_release(struct control_in *in)
{
	free(in->buf);
	*in = (struct control_in)CONTROL_IN_NONE;
}

void control_put(struct control_out *out, const struct control_head *head, const void *data)
{
	size_t needed = out->have + sizeof(*head) + head->len;

	if (needed > out->size) {
		out->size = 2 * needed;
		out->buf = need(realloc(out->buf, out->size));
	}
	memcpy(out->buf + out->have, head, sizeof(*head));
	if (head->len)
		memcpy(out->buf + out->have + sizeof(*head), data, head->len);
	out->have = needed;
}

int control_flush(struct control_out *out, int fd)
{
	size_t done = 0;

	while (done < out->have) {
		ssize_t n = send(fd, out->buf + done, out->have - done, MSG_NOSIGNAL);

		if (n < 0 && errno == ENOTSOCK)
			n = write(fd, out->buf + done, out->have - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (n < 0)
			return -1;
		done += (size_t)n;
	}
	out->have -= done;
	if (done)
		memmove(out->buf, out->buf + done, out->have);
	return 0;
}

void control_out_release(struct control_out *out)
{
	free(out->buf);
	*out = (struct control_out){ 0 };
}

int control_take_error(const struct control_frame *frame, struct lc_error *e)
{
	memcpy(e, frame->data, sizeof(*e));
	e->msg[sizeof(e->msg) - 1] = 0;
	for (char *p = e->msg; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?'; /* a guest's text goes to terminals and logs */
	if (e->code <= LC_OK || e->code > LC_EINTERNAL)
		e->code = LC_ESYSTEM;
	if (e->sys_errno < 0 || e->sys_errno > 4095)
		e->sys_errno = 0;
	return -1;
}

int control_expect(struct control_in *in, int fd, enum control_what wanted, enum control_what other,
		   struct control_frame *frame, struct lc_error *e)
{
	for (;;) {
		int n = control_next(in, CONTROL_GUEST, frame, e);

		if (n < 0)
			return -1;
		if (n == 0) {
			n = control_read(in, fd, e);
			if (n == 0)
				return lc_err(e, LC_ESTATE,
					      "the virtual machine ended before it said %s",
					      control_name(wanted));
			if (n < 0)
				return e->code == LC_OK ? lc_err(e, LC_ESYSTEM,
								 "the virtual machine does not "
								 "answer in time (--timeout)")
							: -1;
			continue;
		}
		if (frame->head.what == (uint8_t)wanted)
			return 1;
		if (frame->head.what == (uint8_t)other)
			return 0;
		if (frame->head.what == CONTROL_FAILED)
			return control_take_error(frame, e);
		if (frame->head.what != CONTROL_LOG)
			return lc_err(e, LC_ESYSTEM, "control port: %s while waiting for %s",
				      control_name(frame->head.what), control_name(wanted));
	}
}
