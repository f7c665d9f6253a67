/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What reading or checking a document noticed goes to a sink, one remark after the other, and
 * reading goes on: `create` wants the first error, `validate` all of them.
 */
#ifndef LC_REPORT_H
#define LC_REPORT_H

#include "base/error.h"
#include <stddef.h>
#include <stdint.h>

/* Something that decoding or checking noticed, with its place. */
enum remark_kind {
	REMARK_ERROR,
	REMARK_WARNING, /* taken, but not as it was written */
	REMARK_UNKNOWN, /* a member nobody reads; `text` may suggest a name */
};
struct remark {
	enum remark_kind kind;
	const char *file, *path, *text; /* path: "linux.namespaces[1].type", "" for the whole */
	uint32_t line, column; /* 0: no place in the file */
};

/* Where remarks go; decoding goes on after an error, so that all of them are heard. */
struct report {
	void (*say)(void *ctx, const struct remark *remark);
	void *ctx;
};

/* "config.json:12:9: linux.resources.memory.limit: expected an integer, found ..." */
const char *remark_text(const struct remark *remark, char *buf, size_t size);

/* Passes a remark on and keeps the first error in @e.  @report may be NULL.  Returns -1 for an
 * error, else 0. */
int report_say(const struct report *report, const struct remark *remark, struct lc_error *e);

#endif
