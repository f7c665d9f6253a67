/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sources and sinks of the control port's streams. */
#include "microvm/stream.h"
#include "base/own.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE 4096 /* a pipe that poll() calls writable takes so much without blocking */

static bool is_ready(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, 0) > 0;
}

bool source_wants(const struct source *s)
{
	return s->fd >= 0 && s->credit > 0;
}

bool source_credit(struct source *s, uint32_t value)
{
	if (value > CONTROL_WINDOW || s->credit > CONTROL_WINDOW - value)
		return false;
	s->credit += value;
	return true;
}

bool source_step(struct source *s, struct control_out *out)
{
	struct control_head head = { .session = s->session, .stream = s->stream };
	char data[CONTROL_DATA_MAX];
	ssize_t n;

	if (!source_wants(s) || !is_ready(s->fd, POLLIN))
		return false;
	n = read(s->fd, data, s->credit < sizeof(data) ? s->credit : sizeof(data));
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return false;
	if (n > 0) {
		head.what = CONTROL_DATA;
		head.len = (uint32_t)n;
		s->credit -= (uint32_t)n;
	} else { /* the end; of a terminal that is EIO */
		head.what = CONTROL_CLOSE;
		s->fd = -1;
	}
	control_put(out, &head, data);
	return true;
}

bool sink_take(struct sink *s, const char *data, size_t len)
{
	if (s->ended || len > CONTROL_WINDOW - s->have)
		return false;
	if (!s->buf)
		s->buf = malloc(CONTROL_WINDOW);
	if (!s->buf)
		return false;
	memcpy(s->buf + s->have, data, len);
	s->have += len;
	return true;
}

bool sink_step(struct sink *s, struct control_out *out)
{
	struct control_head head = { .session = s->session,
				     .stream = s->stream,
				     .what = CONTROL_CREDIT };
	ssize_t n = 0;

	if (!s->have)
		return false;
	if (s->fd >= 0) {
		if (!is_ready(s->fd, POLLOUT))
			return false;
		n = write(s->fd, s->buf, s->have < PIECE ? s->have : PIECE);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			return false;
	}
	if (n <= 0) { /* nobody reads it */
		if (s->fd >= 0 && !s->ended) {
			head.what = CONTROL_CLOSE;
			control_put(out, &head, NULL);
			head.what = CONTROL_CREDIT;
		}
		s->fd = -1;
		n = (ssize_t)s->have;
	}
	s->have -= (size_t)n;
	memmove(s->buf, s->buf + n, s->have);
	head.value = (uint32_t)n;
	if (!s->ended)
		control_put(out, &head, NULL);
	return true;
}

bool sink_is_done(const struct sink *s)
{
	return s->ended && !s->have;
}

void sink_release(struct sink *s)
{
	free(s->buf);
	s->buf = NULL;
	s->have = 0;
}
