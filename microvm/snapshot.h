/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The file that a template's state is kept in, beside the one with the guest's memory.  This knows
 * its outside: a head, parts in the order of the table below, each with a length, and a digest over
 * all of it.  What is in the parts of the machine, its processors and devices is the monitor's
 * (state.c).  Numbers are the host's: a template is read where it was made.
 *
 * It may have been damaged or made by somebody else: snapshot_parse() believes nothing, and what it
 * has accepted lies inside of what it was given.
 */
#ifndef LC_SNAPSHOT_H
#define LC_SNAPSHOT_H

#include "base/sha256.h"
#include "base/str.h"

enum {
	SNAPSHOT_MAX = 8 << 20, /* bytes of the file */
	SNAPSHOT_CPUS = 64,
	SNAPSHOT_SLOTS = 16,
	SNAPSHOT_EXTENTS = 4096,
	SNAPSHOT_MIB = 1 << 20, /* of memory at most */
	SNAPSHOT_PAGE = 4096,
};

/* Name, how many, least and most bytes of one, what it is. */
#define SNAPSHOT_PARTS(X) \
	X(PART_FACTS, ONE, 1, 16384, "what the key was made of, for people") \
	X(PART_EXTENTS, ONE, 16, SNAPSHOT_EXTENTS * 16, "where the memory is not zero") \
	X(PART_MACHINE, ONE, 1, 65536, "clock and interrupt controllers") \
	X(PART_CPU, CPUS, 1, 65536, "a virtual processor") \
	X(PART_DEVICE, SLOTS, 1, 4096, "a device, by its slot; it may be missing")

enum snapshot_part {
#define X(name, count, min, max, text) name,
	SNAPSHOT_PARTS(X)
#undef X
};

/* The very file with the memory, unwritten since: its identity as of fstat(2).  Reading all of it
 * at every use would take longer than a cold boot. */
struct snapshot_memory {
	uint64_t size, inode;
	int64_t ctime_s, ctime_ns;
};

struct snapshot_head {
	char magic[8];
	uint32_t length; /* of the file, without the digest at its end */
	uint32_t memory_mib, cpus, unused;
	uint8_t key[SHA256_SIZE];
	uint8_t digest[SHA256_SIZE]; /* of the memory: snapshot_hash_page() of all pages */
	struct snapshot_memory memory;
};

struct snapshot_extent {
	uint64_t at, len; /* bytes, whole pages */
};

struct snapshot_piece {
	const uint8_t *data; /* NULL: missing */
	uint32_t len;
};

struct snapshot {
	struct snapshot_head head;
	struct snapshot_piece facts, extents, machine;
	struct snapshot_piece cpus[SNAPSHOT_CPUS], devices[SNAPSHOT_SLOTS];
	uint32_t n_extents;
};

/* Looks at all of the file's @len bytes; @out points into them. */
int snapshot_parse(const void *data, size_t len, struct snapshot *out,
		   struct lc_error *e) lc_checked;

/* The @i-th of @s->n_extents; they ascend and do not touch. */
struct snapshot_extent snapshot_extent(const struct snapshot *s, uint32_t i);

/* Whether @fd is the memory that @s was saved with. */
int snapshot_check_memory(const struct snapshot *s, int fd, struct lc_error *e) lc_checked;

/* The identity of @fd as it is now. */
int snapshot_identify(int fd, struct snapshot_memory *out, struct lc_error *e) lc_checked;

/* The same as snapshot_check_memory() by reading all of it. */
int snapshot_verify_memory(const struct snapshot *s, int fd, struct lc_error *e) lc_checked;

/* A page at @at; those of zeros change nothing. */
void snapshot_hash_page(struct sha256 *h, uint64_t at, const void *page);
bool snapshot_is_zero(const void *page);

/* ---- writing ---- */

/* Parts have to be added in order. */
void snapshot_begin(struct buf *b);
void snapshot_add(struct buf *b, enum snapshot_part part, uint32_t index, const void *data,
		  size_t len);

/* Fills in the head (magic and length are seen to) and appends the digest. */
void snapshot_end(struct buf *b, const struct snapshot_head *head);

#endif
