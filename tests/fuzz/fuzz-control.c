/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes from a guest's control port, in pieces of any size: frames keep to their bounds, and
 * the hub's sinks and sources to theirs.
 *
 * sources: libcontainer/base microvm/control.c microvm/stream.c
 */
#include "fuzz.h"
#include "microvm/stream.h"

#include <stdlib.h>

static void use(const struct control_frame *f, struct source *source, struct sink *sink)
{
	struct control_out out = { 0 };
	struct lc_error e = { 0 };

	if (f->head.len > CONTROL_DATA_MAX)
		abort();
	if (f->head.what == CONTROL_FAILED)
		(void)!control_take_error(f, &e);
	if (f->head.what == CONTROL_CREDIT)
		source_credit(source, f->head.value);
	if (f->head.what == CONTROL_DATA && sink_take(sink, f->data, f->head.len))
		sink_step(sink, &out);
	if (source->credit > CONTROL_WINDOW || sink->have > CONTROL_WINDOW)
		abort();
	control_put(&out, &f->head, f->data);
	control_out_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct control_in in = CONTROL_IN_NONE;
	struct source source = { .fd = -1 };
	struct sink sink = { .fd = -1 };
	struct control_frame f;
	struct lc_error e = { 0 };
	size_t piece = size ? data[0] * 7 + 1 : 1;

	for (size_t at = 1; at < size;) {
		size_t n = size - at < piece ? size - at : piece, room = control_in_room(&in);
		int r;

		control_feed(&in, (const char *)data + at, n < room ? n : room);
		at += n < room ? n : room;
		while ((r = control_next(&in, CONTROL_GUEST, &f, &e)) > 0)
			use(&f, &source, &sink);
		if (r < 0)
			break;
	}
	control_in_release(&in);
	sink_release(&sink);
	return 0;
}
