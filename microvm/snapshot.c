/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The format of a template's state: bounds, order and digest are checked here, once. */
#include "microvm/snapshot.h"
#include "base/own.h"

#include <string.h>
#include <sys/stat.h>

#define MAGIC "hullvm01" /* another format has another one */

enum count { ONE, CPUS, SLOTS };

static const struct {
	const char *name;
	enum count count;
	uint32_t min, max;
} parts[] = {
#define X(name, count, min, max, text) { #name, count, min, max },
	SNAPSHOT_PARTS(X)
#undef X
};

struct part_head {
	uint16_t part, index;
	uint32_t len;
};

/* ---- reading ---- */

struct reader {
	const uint8_t *data;
	size_t at, end;
};

static size_t padded(size_t len)
{
	return (len + 7) & ~(size_t)7;
}

/* Whether the next part is this one; what its head says is in @head then. */
static bool is_next(const struct reader *r, size_t part, uint32_t index, struct part_head *head)
{
	if (r->end - r->at < sizeof(*head))
		return false;
	memcpy(head, r->data + r->at, sizeof(*head));
	return head->part == part && head->index == index;
}

static int take_part(struct reader *r, size_t part, uint32_t index, struct snapshot_piece *out,
		     struct lc_error *e)
{
	struct part_head head;

	if (!is_next(r, part, index, &head))
		return parts[part].count == SLOTS
			       ? 0
			       : lc_err(e, LC_ESYSTEM, "%s %u is missing", parts[part].name, index);
	r->at += sizeof(head);
	if (head.len < parts[part].min || head.len > parts[part].max ||
	    padded(head.len) > r->end - r->at)
		return lc_err(e, LC_ESYSTEM, "%s %u cannot have %u bytes", parts[part].name, index,
			      head.len);
	*out = (struct snapshot_piece){ r->data + r->at, head.len };
	r->at += padded(head.len);
	return 0;
}

static int take_parts(struct reader *r, struct snapshot *out, struct lc_error *e)
{
	const struct {
		struct snapshot_piece *pieces;
		uint32_t n;
	} places[] = { [PART_FACTS] = { &out->facts, 1 },
		       [PART_EXTENTS] = { &out->extents, 1 },
		       [PART_MACHINE] = { &out->machine, 1 },
		       [PART_CPU] = { out->cpus, out->head.cpus },
		       [PART_DEVICE] = { out->devices, SNAPSHOT_SLOTS } };
	_Static_assert(ARRAY_SIZE(places) == ARRAY_SIZE(parts), "each part has its place");

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		for (uint32_t k = 0; k < places[i].n; k++)
			if (take_part(r, i, k, &places[i].pieces[k], e) < 0)
				return -1;
	return r->at == r->end ? 0
			       : lc_err(e, LC_ESYSTEM, "there is something that does not belong");
}

static int check_head(const struct snapshot_head *h, size_t len, struct lc_error *e)
{
	if (memcmp(h->magic, MAGIC, sizeof(h->magic)) != 0)
		return lc_err(e, LC_ESYSTEM, "no template, or another version's");
	if (h->length != len - SHA256_SIZE)
		return lc_err(e, LC_ESYSTEM, "%zu bytes, expected %llu", len,
			      (unsigned long long)h->length + SHA256_SIZE);
	if (!h->memory_mib || h->memory_mib > SNAPSHOT_MIB || !h->cpus || h->cpus > SNAPSHOT_CPUS ||
	    h->unused || h->memory.size != (uint64_t)h->memory_mib << 20)
		return lc_err(e, LC_ESYSTEM, "no machine can have %u MiB and %u processors",
			      h->memory_mib, h->cpus);
	return 0;
}

static int check_digest(const uint8_t *data, size_t len, struct lc_error *e)
{
	struct sha256 h = SHA256;
	uint8_t digest[SHA256_SIZE];

	sha256_add(&h, data, len - SHA256_SIZE);
	sha256_end(&h, digest);
	return memcmp(digest, data + len - SHA256_SIZE, SHA256_SIZE)
		       ? lc_err(e, LC_ESYSTEM, "damaged: the digest does not fit")
		       : 0;
}

static int check_extents(struct snapshot *s, struct lc_error *e)
{
	uint64_t end = 0;

	if (s->extents.len % sizeof(struct snapshot_extent))
		return lc_err(e, LC_ESYSTEM, "its memory's map is cut off");
	s->n_extents = s->extents.len / (uint32_t)sizeof(struct snapshot_extent);
	for (uint32_t i = 0; i < s->n_extents; i++) {
		struct snapshot_extent x = snapshot_extent(s, i);

		if (x.at % SNAPSHOT_PAGE || x.len % SNAPSHOT_PAGE || !x.len || (i && x.at <= end) ||
		    x.at > s->head.memory.size || x.len > s->head.memory.size - x.at)
			return lc_err(e, LC_ESYSTEM, "its memory's map is wrong at entry %u", i);
		end = x.at + x.len;
	}
	return 0;
}

int snapshot_parse(const void *data, size_t len, struct snapshot *out, struct lc_error *e)
{
	struct reader r = { .data = data, .at = sizeof(out->head) };

	memset(out, 0, sizeof(*out));
	if (len < sizeof(out->head) + SHA256_SIZE || len > SNAPSHOT_MAX)
		return lc_err(e, LC_ESYSTEM, "no template has %zu bytes", len);
	memcpy(&out->head, data, sizeof(out->head));
	if (check_head(&out->head, len, e) < 0 || check_digest(data, len, e) < 0)
		return -1;
	r.end = out->head.length;
	return take_parts(&r, out, e) < 0 ? -1 : check_extents(out, e);
}

struct snapshot_extent snapshot_extent(const struct snapshot *s, uint32_t i)
{
	struct snapshot_extent x;

	memcpy(&x, s->extents.data + i * sizeof(x), sizeof(x));
	return x;
}

/* ---- the memory ---- */

bool snapshot_is_zero(const void *page)
{
	static const uint8_t zeros[SNAPSHOT_PAGE];

	return memcmp(page, zeros, sizeof(zeros)) == 0;
}

void snapshot_hash_page(struct sha256 *h, uint64_t at, const void *page)
{
	sha256_add(h, &at, sizeof(at));
	sha256_add(h, page, SNAPSHOT_PAGE);
}

int snapshot_identify(int fd, struct snapshot_memory *out, struct lc_error *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return lc_err_errno(e, "fstat of a template's memory");
	*out = (struct snapshot_memory){ .size = (uint64_t)st.st_size,
					 .inode = st.st_ino,
					 .ctime_s = st.st_ctim.tv_sec,
					 .ctime_ns = st.st_ctim.tv_nsec };
	return 0;
}

int snapshot_check_memory(const struct snapshot *s, int fd, struct lc_error *e)
{
	struct snapshot_memory now;

	if (snapshot_identify(fd, &now, e) < 0)
		return -1;
	return memcmp(&now, &s->head.memory, sizeof(now))
		       ? lc_err(e, LC_ESYSTEM, "the memory is not the file that was saved")
		       : 0;
}

/* What lies in holes is zeros, and not looked at. */
static int hash_data(struct sha256 *h, int fd, off_t at, off_t end, struct lc_error *e)
{
	uint8_t page[SNAPSHOT_PAGE];

	for (at -= at % SNAPSHOT_PAGE; at < end; at += SNAPSHOT_PAGE) {
		if (pread(fd, page, sizeof(page), at) != SNAPSHOT_PAGE)
			return lc_err_errno(e, "read a template's memory");
		if (!snapshot_is_zero(page))
			snapshot_hash_page(h, (uint64_t)at, page);
	}
	return 0;
}

int snapshot_verify_memory(const struct snapshot *s, int fd, struct lc_error *e)
{
	struct sha256 h = SHA256;
	uint8_t digest[SHA256_SIZE];
	off_t at = 0, end = 0;

	if (snapshot_check_memory(s, fd, e) < 0)
		return -1;
	while ((at = lseek(fd, end, SEEK_DATA)) >= 0) {
		end = lseek(fd, at, SEEK_HOLE);
		if (end < 0)
			break;
		if (hash_data(&h, fd, at, end, e) < 0)
			return -1;
		end += -end & (SNAPSHOT_PAGE - 1);
	}
	if (errno != ENXIO)
		return lc_err_errno(e, "read a template's memory");
	sha256_end(&h, digest);
	return memcmp(digest, s->head.digest, sizeof(digest))
		       ? lc_err(e, LC_ESYSTEM, "damaged: the memory's digest does not fit")
		       : 0;
}

/* ---- writing ---- */

void snapshot_begin(struct buf *b)
{
	static const struct snapshot_head none;

	buf_addn(b, (const char *)&none, sizeof(none));
}

void snapshot_add(struct buf *b, enum snapshot_part part, uint32_t index, const void *data,
		  size_t len)
{
	static const char zeros[8];
	struct part_head head = { (uint16_t)part, (uint16_t)index, (uint32_t)len };

	buf_addn(b, (const char *)&head, sizeof(head));
	buf_addn(b, data, len);
	buf_addn(b, zeros, padded(len) - len);
}

void snapshot_end(struct buf *b, const struct snapshot_head *head)
{
	struct snapshot_head full = *head;
	struct sha256 h = SHA256;
	uint8_t digest[SHA256_SIZE];

	memcpy(full.magic, MAGIC, sizeof(full.magic));
	full.length = (uint32_t)b->len;
	memcpy(b->str, &full, sizeof(full));
	sha256_add(&h, b->str, b->len);
	sha256_end(&h, digest);
	buf_addn(b, (const char *)digest, sizeof(digest));
}
