/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pages before they are touched.  The kernel makes a page when it is first used, at the price of an
 * exception: in many virtual machines that is twenty times the price of the page.  For those that
 * will be used anyway one call does.  These are hints: where the kernel does not know them (before
 * 5.14) or has no memory nothing happens, and the page is made when it is used.
 */
#ifndef LC_PAGES_H
#define LC_PAGES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

enum { PAGES_ALIGN = 4096 }; /* where pages are larger the call may fail: see above */

static inline void pages_advise(const void *from, size_t size, int advice)
{
	uintptr_t first = (uintptr_t)from & ~(uintptr_t)(PAGES_ALIGN - 1);

	(void)!madvise((void *)first, (uintptr_t)from + size - first, advice);
}

/* To be written to. */
static inline void pages_make(void *from, size_t size)
{
	pages_advise(from, size, MADV_POPULATE_WRITE);
}

/* To be read, or executed. */
static inline void pages_map(const void *from, size_t size)
{
	pages_advise(from, size, MADV_POPULATE_READ);
}

#endif
