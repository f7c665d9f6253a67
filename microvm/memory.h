/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's RAM: one private mapping, seen by the guest below the gap for devices (3 to 4 GiB)
 * and above it.  Nothing else of the monitor turns a guest address into a pointer.
 */
#ifndef MICROVM_MEMORY_H
#define MICROVM_MEMORY_H

#include "base/error.h"
#include "snapshot.h"
#include <stdbool.h>
#include <stdint.h>

#define MEMORY_GAP_START 0xc0000000ULL
#define MEMORY_GAP_END	 0x100000000ULL

struct memory {
	uint8_t *base;
	uint64_t size; /* bytes of RAM */
	uint64_t low; /* of them below the gap */
};

/* @mib mebibytes, zeroed, aligned so that huge pages fit. */
int memory_init(struct memory *m, uint32_t mib, struct lc_error *e) lc_checked;

/* The memory of a template, whose file stays as it is: pages are copied when they are written.  Of
 * it only those parts are mapped that are not all zeros: a hole that is read would get pages, too.
 */
int memory_init_from(struct memory *m, const struct snapshot *s, int fd,
		     struct lc_error *e) lc_checked;

void memory_release(struct memory *m);

/* [@gpa, @gpa + @len) in the monitor's address space, or NULL when it is not wholly RAM. */
void *memory_at(const struct memory *m, uint64_t gpa, uint64_t len);

#endif
