/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One direction of a standard stream over the control port, the same on both sides: a source reads
 * a descriptor and sends what it read, as far as its credit goes; a sink keeps what came, at most
 * CONTROL_WINDOW bytes, and writes it as the descriptor takes it.  So a reader that is slow stops
 * the writer on the other side, and nothing else.  Descriptors are borrowed and stay blocking: they
 * may be shared.
 */
#ifndef LC_STREAM_H
#define LC_STREAM_H

#include "microvm/control.h"

struct source {
	int fd; /* -1: none, or ended */
	uint16_t session;
	uint8_t stream;
	uint32_t credit;
};

struct sink {
	int fd; /* -1: what comes is thrown away */
	uint16_t session;
	uint8_t stream;
	char *buf; /* owned; of CONTROL_WINDOW bytes, made when first used */
	size_t have;
	bool ended; /* the other side has said so */
};

/* It would read if it could. */
bool source_wants(const struct source *s);

/* Reads once, if there is something, and puts the frame; true when it did or ended. */
bool source_step(struct source *s, struct control_out *out);

/* CONTROL_CREDIT from the other side; false when that makes no sense. */
bool source_credit(struct source *s, uint32_t value);

/* CONTROL_DATA; false when there is more than was allowed. */
bool sink_take(struct sink *s, const char *data, size_t len);

/* Writes once if the descriptor takes something, and puts credit for it; true when it did. */
bool sink_step(struct sink *s, struct control_out *out);

/* All that came has been written, and nothing more will come. */
bool sink_is_done(const struct sink *s);
void sink_release(struct sink *s);

#endif
