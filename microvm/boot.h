/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Puts a kernel, its initramfs, command line and tables into guest memory: a bzImage by the 64-bit
 * boot protocol (Documentation/x86/boot.rst), an ELF vmlinux by PVH.  The first mebibyte:
 *
 *	0x01000 page tables   0x07000 GDT         0x08000 PVH start info, memory map
 *	0x10000 zero page     0x20000 command line   0xe0000 ACPI tables
 */
#ifndef MICROVM_BOOT_H
#define MICROVM_BOOT_H

#include "kvm.h"

enum {
	BOOT_PAGE_TABLES = 0x1000,
	BOOT_GDT = 0x7000,
	BOOT_PVH = 0x8000,
	BOOT_ZERO_PAGE = 0x10000,
	BOOT_CMDLINE = 0x20000,
	BOOT_CMDLINE_MAX = 2048,
	BOOT_EBDA = 0x9fc00,
	BOOT_ACPI = 0xe0000,
	BOOT_ACPI_SIZE = 0x20000,
	BOOT_HIGH = 0x100000,
};

struct boot {
	int kernel, initrd; /* @initrd may be -1 */
	const char *cmdline;
	/* Filled while loading. */
	uint64_t kernel_end; /* RAM that the kernel needs before it knows its memory map */
	uint64_t initrd_addr, initrd_size;
};

/* A range of the memory map, for e820 and PVH alike. */
struct boot_range {
	uint64_t start, size;
	uint32_t type; /* 1 RAM, 2 reserved */
};
enum { BOOT_RANGES = 5 };
unsigned boot_ranges(const struct memory *m, struct boot_range ranges[BOOT_RANGES]);

/* Everything but the ACPI tables; @entry says where the first processor begins. */
int boot_load(struct boot *b, const struct memory *m, struct kvm_entry *entry,
	      struct lc_error *e) lc_checked;

/* @size bytes of @fd at @offset to @gpa; @what names the file in errors. */
int boot_read(const struct memory *m, int fd, uint64_t offset, uint64_t gpa, uint64_t size,
	      const char *what, struct lc_error *e) lc_checked;

/* The two kinds of kernel: load it, set kernel_end; later, with the initrd in place, describe. */
struct boot_kind {
	bool (*is)(const uint8_t *head, size_t len);
	int (*load)(struct boot *b, const struct memory *m, struct kvm_entry *entry,
		    struct lc_error *e);
	int (*describe)(const struct boot *b, const struct memory *m, struct lc_error *e);
};
extern const struct boot_kind boot_bzimage, boot_pvh;

#endif
