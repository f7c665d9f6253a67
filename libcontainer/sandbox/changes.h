/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the program wrote to the files it saw: read from the upper directories of its overlays once
 * all of it has ended, then listed, put into a tar, or applied to the host.  Everything there is
 * the program's: names of any bytes, links to anywhere, set-id bits.  So paths go by descriptors
 * and links are never followed; owners, set-id bits and attributes are not taken over.
 */
#ifndef LC_SANDBOX_CHANGES_H
#define LC_SANDBOX_CHANGES_H

#include "sandbox/sandbox.h"

enum change_kind { CREATED, MODIFIED, DELETED };

struct change {
	enum change_kind kind;
	char *path; /* inside: "/etc/x" */
	char *from; /* below changes.base; NULL when it was deleted */
	mode_t mode;
	bool opaque; /* a directory that took the place of what was there */
	const char *skipped; /* why it is neither put into a tar nor applied; NULL: it is */
};

struct changes {
	struct job *job;
	int base; /* owned: above the upper directories */
	int host; /* owned: what is "/" inside, on the host */
	PLAN_LIST(struct change) list;
	size_t size;
};
#define CHANGES_NONE \
	{ \
		.base = -1, .host = -1 \
	}
#define auto_changes __attribute__((cleanup(changes_release))) struct changes

/* Is @asked something that can be done? */
int changes_check(const char *asked, struct lc_error *e) lc_checked;

/* @scratch: of the program's tmpfs. */
int changes_read(struct job *job, int scratch, struct changes *out, struct lc_error *e) lc_checked;
void changes_release(struct changes *c);

/* A line each, "A /path", escaped for a terminal. */
char *changes_text(const struct changes *c);

/* In the layers' way: a removal is a file ".wh.NAME". */
int changes_tar(struct changes *c, int fd, struct lc_error *e) lc_checked;

/* To the host's files. */
int changes_apply(struct changes *c, struct lc_error *e) lc_checked;

/* What is at @change->from, without following links. */
int change_open(const struct changes *c, const struct change *change, int flags);
ssize_t change_readlink(const struct changes *c, const struct change *change, char *buf,
			size_t size);

#endif
