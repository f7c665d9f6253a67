/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the program wrote as a tar: POSIX.1-2001 (pax), removals as layers of images have them. */
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "sandbox/changes.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define BLOCK 512

struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[100];
	char magic[8], user[32], group[32], major[8], minor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a block of a tar");

struct member {
	const char *name, *link;
	char type;
	unsigned mode;
	uint64_t size;
	int64_t mtime;
};

static int put(int fd, const void *data, size_t len, struct lc_error *e)
{
	return fd_write_all(fd, data, len) < 0 ? lc_err_errno(e, "changes: write the tar") : 0;
}

static int pad(int fd, uint64_t written, struct lc_error *e)
{
	static const char zero[BLOCK];

	return put(fd, zero, (size_t)((BLOCK - written % BLOCK) % BLOCK), e);
}

static int put_header(const struct changes *c, int fd, const struct member *m, struct lc_error *e)
{
	struct header h = { .type = m->type, .magic = "ustar" };
	unsigned sum = 0;
	uint64_t size = m->size < 077777777777 ? m->size : 0;

	memcpy(h.magic + 6, "00", 2);
	snprintf(h.name, sizeof(h.name), "%s", m->name);
	snprintf(h.link, sizeof(h.link), "%s", m->link ? m->link : "");
	snprintf(h.mode, sizeof(h.mode), "%07o", m->mode & 01777);
	snprintf(h.uid, sizeof(h.uid), "%07o", c->job->uid & 07777777);
	snprintf(h.gid, sizeof(h.gid), "%07o", c->job->gid & 07777777);
	snprintf(h.size, sizeof(h.size), "%011llo", (unsigned long long)size);
	snprintf(h.mtime, sizeof(h.mtime), "%011llo",
		 (unsigned long long)(m->mtime > 0 ? m->mtime : 0) & 077777777777ULL);
	memset(h.sum, ' ', sizeof(h.sum));
	for (size_t i = 0; i < sizeof(h); i++)
		sum += ((const unsigned char *)&h)[i];
	snprintf(h.sum, sizeof(h.sum), "%06o", sum & 0777777);
	return put(fd, &h, sizeof(h), e);
}

/* "LEN key=value\n", whose LEN counts itself. */
static void add_record(struct buf *b, const char *key, const char *value)
{
	size_t len = strlen(key) + strlen(value) + 3, all = len + 1;

	while (all != len + (size_t)snprintf(NULL, 0, "%zu", all))
		all++;
	buf_addf(b, "%zu %s=", all, key);
	buf_add(b, value);
	buf_add(b, "\n");
}

static int put_member(const struct changes *c, int fd, const struct member *m, struct lc_error *e)
{
	struct buf b = { .arena = &c->job->arena };
	char size[24];

	buf_add(&b, "");
	if (strlen(m->name) >= 100)
		add_record(&b, "path", m->name);
	if (m->link && strlen(m->link) >= 100)
		add_record(&b, "linkpath", m->link);
	snprintf(size, sizeof(size), "%llu", (unsigned long long)m->size);
	if (m->size >= 077777777777)
		add_record(&b, "size", size);
	if (b.len) {
		struct member pax = { .name = "pax", .type = 'x', .mode = 0644, .size = b.len };

		if (put_header(c, fd, &pax, e) < 0 || put(fd, b.str, b.len, e) < 0 ||
		    pad(fd, b.len, e) < 0)
			return -1;
	}
	return put_header(c, fd, m, e);
}

/* Nothing of the program's lives any more: a file has the length that fstat() says. */
static int put_file(const struct changes *c, int fd, const struct change *change, struct member *m,
		    struct lc_error *e)
{
	auto_fd from = change_open(c, change, O_RDONLY | O_NONBLOCK);
	char data[65536];
	struct stat st;
	uint64_t left;

	if (from < 0 || fstat(from, &st) < 0)
		return lc_err_errno(e, "changes: open %s", change->path);
	m->size = left = (uint64_t)st.st_size;
	m->mtime = st.st_mtime;
	if (put_member(c, fd, m, e) < 0)
		return -1;
	while (left) {
		size_t want = left < sizeof(data) ? (size_t)left : sizeof(data);
		ssize_t n = read(from, data, want);

		if (n <= 0)
			return lc_err(e, LC_ESYSTEM, "changes: %s got shorter", change->path);
		if (put(fd, data, (size_t)n, e) < 0)
			return -1;
		left -= (uint64_t)n;
	}
	return pad(fd, m->size, e);
}

static int put_removal(const struct changes *c, int fd, const char *path, struct lc_error *e)
{
	const char *name = strrchr(path, '/') + 1;
	struct member m = { .type = '0', .mode = 0644 };

	m.name = arena_printf(&c->job->arena, "%.*s.wh.%s", (int)(name - path - 1), path + 1, name);
	return put_member(c, fd, &m, e);
}

static int put_link(const struct changes *c, int fd, const struct change *change, struct member *m,
		    struct lc_error *e)
{
	char link[PATH_MAX];
	ssize_t n = change_readlink(c, change, link, sizeof(link) - 1);

	if (n < 0)
		return lc_err_errno(e, "changes: read the link %s", change->path);
	link[n] = 0;
	m->type = '2';
	m->link = link;
	return put_member(c, fd, m, e);
}

static int put_dir(const struct changes *c, int fd, const struct change *change, struct member *m,
		   struct lc_error *e)
{
	struct arena *a = &c->job->arena;

	m->type = '5';
	m->name = arena_printf(a, "%s/", m->name);
	if (put_member(c, fd, m, e) < 0)
		return -1;
	return change->opaque ? put_removal(c, fd, arena_printf(a, "%s/.wh..opq", change->path), e)
			      : 0;
}

static int put_change(const struct changes *c, int fd, const struct change *change,
		      struct lc_error *e)
{
	struct member m = { .name = change->path + 1, .type = '0', .mode = change->mode };

	if (change->kind == DELETED)
		return put_removal(c, fd, change->path, e);
	if (S_ISDIR(change->mode))
		return put_dir(c, fd, change, &m, e);
	if (S_ISLNK(change->mode))
		return put_link(c, fd, change, &m, e);
	if (S_ISREG(change->mode))
		return put_file(c, fd, change, &m, e);
	m.type = '6';
	return put_member(c, fd, &m, e);
}

int changes_tar(struct changes *c, int fd, struct lc_error *e)
{
	static const char end[2 * BLOCK];

	for (size_t i = 0; i < c->list.n; i++) {
		struct change *change = &c->list.v[i];

		if (!change->skipped && change->kind != DELETED && strstr(change->path, "/.wh."))
			change->skipped = "its name would mean a removal";
		if (!change->skipped && put_change(c, fd, change, e) < 0)
			return -1;
	}
	return put(fd, end, sizeof(end), e);
}
