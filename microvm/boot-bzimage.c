/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bzImage, as distributions package it: the 64-bit boot protocol (Documentation/x86/boot.rst). */
#include "boot.h"

#include <asm/bootparam.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SETUP_HEADER = 0x1f1, ENTRY_64 = 0x200, MIN_VERSION = 0x020c };

static bool is_bzimage(const uint8_t *head, size_t len)
{
	return len >= 1024 && !memcmp(head + 0x202, "HdrS", 4);
}

static int check_header(const struct setup_header *h, struct lc_error *e)
{
	if (h->version < MIN_VERSION || !(h->xloadflags & XLF_KERNEL_64))
		return lc_err(e, LC_ECONFIG,
			      "the kernel cannot be entered in 64-bit mode (boot protocol %x)",
			      h->version);
	if (h->cmdline_size < BOOT_CMDLINE_MAX - 1)
		return lc_err(e, LC_ECONFIG, "the kernel takes a command line of %u bytes only",
			      h->cmdline_size);
	return 0;
}

static int load(struct boot *b, const struct memory *m, struct kvm_entry *entry, struct lc_error *e)
{
	struct boot_params *zero = memory_at(m, BOOT_ZERO_PAGE, sizeof(*zero));
	uint64_t sectors, from;
	struct setup_header *h;
	struct stat st;

	if (!zero)
		return lc_err(e, LC_EINTERNAL, "no room for the zero page");
	memset(zero, 0, sizeof(*zero));
	h = &zero->hdr;
	if (pread(b->kernel, h, sizeof(*h), SETUP_HEADER) != sizeof(*h))
		return lc_err(e, LC_ECONFIG, "the kernel's header is cut off");
	if (check_header(h, e) < 0)
		return -1;
	sectors = h->setup_sects ? h->setup_sects : 4;
	from = (sectors + 1) * 512;
	if (fstat(b->kernel, &st) < 0)
		return lc_err_errno(e, "fstat the kernel");
	if ((uint64_t)st.st_size <= from)
		return lc_err(e, LC_ECONFIG, "the kernel is cut off");
	if (!memory_at(m, h->pref_address, h->init_size))
		return lc_err(e, LC_ECONFIG, "the kernel needs more than %llu MiB of memory",
			      (unsigned long long)m->size >> 20);
	b->kernel_end = h->pref_address + h->init_size;
	*entry = (struct kvm_entry){
		.rip = h->pref_address + ENTRY_64,
		.arg = BOOT_ZERO_PAGE,
		.long_mode = true,
		.gdt = entry->gdt,
		.page_tables = entry->page_tables,
	};
	return boot_read(m, b->kernel, from, h->pref_address, (uint64_t)st.st_size - from,
			 "the kernel", e);
}

static int describe(const struct boot *b, const struct memory *m, struct lc_error *e)
{
	struct boot_params *zero = memory_at(m, BOOT_ZERO_PAGE, sizeof(*zero));
	struct boot_range ranges[BOOT_RANGES];

	if (!zero)
		return lc_err(e, LC_EINTERNAL, "no room for the zero page");
	zero->hdr.type_of_loader = 0xff;
	zero->hdr.cmd_line_ptr = BOOT_CMDLINE;
	zero->hdr.ramdisk_image = (uint32_t)b->initrd_addr;
	zero->hdr.ramdisk_size = (uint32_t)b->initrd_size;
	zero->acpi_rsdp_addr = BOOT_ACPI;
	zero->e820_entries = (uint8_t)boot_ranges(m, ranges);
	for (unsigned i = 0; i < zero->e820_entries; i++) {
		zero->e820_table[i].addr = ranges[i].start;
		zero->e820_table[i].size = ranges[i].size;
		zero->e820_table[i].type = ranges[i].type;
	}
	return 0;
}

const struct boot_kind boot_bzimage = { is_bzimage, load, describe };
