/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What both kinds of kernel share: files into memory, the memory map, the command line. */
#include "boot.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

unsigned boot_ranges(const struct memory *m, struct boot_range r[BOOT_RANGES])
{
	unsigned n = 0;

	r[n++] = (struct boot_range){ 0, BOOT_EBDA, 1 };
	r[n++] = (struct boot_range){ BOOT_EBDA, 0x400, 2 };
	r[n++] = (struct boot_range){ BOOT_ACPI, BOOT_ACPI_SIZE, 2 };
	r[n++] = (struct boot_range){ BOOT_HIGH, m->low - BOOT_HIGH, 1 };
	if (m->size > m->low)
		r[n++] = (struct boot_range){ MEMORY_GAP_END, m->size - m->low, 1 };
	return n;
}

int boot_read(const struct memory *m, int fd, uint64_t offset, uint64_t gpa, uint64_t size,
	      const char *what, struct lc_error *e)
{
	uint8_t *p = memory_at(m, gpa, size);

	if (!p)
		return lc_err(e, LC_ECONFIG, "%s does not fit into %llu MiB of memory", what,
			      (unsigned long long)m->size >> 20);
	while (size) {
		ssize_t n = pread(fd, p, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return lc_err_errno(e, "read %s", what);
		if (n == 0)
			return lc_err(e, LC_ECONFIG, "%s is cut off", what);
		p += n;
		offset += (uint64_t)n;
		size -= (uint64_t)n;
	}
	return 0;
}

/* As high as it goes, so that a kernel that decompresses beyond its size has room. */
static int load_initrd(struct boot *b, const struct memory *m, struct lc_error *e)
{
	uint64_t top = m->low < 0x7fffffff ? m->low : 0x7fffffff; /* initrd_addr_max */
	struct stat st;

	if (b->initrd < 0)
		return 0;
	if (fstat(b->initrd, &st) < 0)
		return lc_err_errno(e, "fstat initramfs");
	b->initrd_size = (uint64_t)st.st_size;
	if (b->kernel_end > top || b->initrd_size > top - b->kernel_end)
		return lc_err(e, LC_ECONFIG,
			      "kernel and initramfs do not fit into %llu MiB of memory",
			      (unsigned long long)m->size >> 20);
	b->initrd_addr = (top - b->initrd_size) & ~0xfffULL;
	if (b->initrd_addr < b->kernel_end)
		return lc_err(e, LC_ECONFIG, "no room for the initramfs");
	return boot_read(m, b->initrd, 0, b->initrd_addr, b->initrd_size, "the initramfs", e);
}

static int write_cmdline(const struct boot *b, const struct memory *m, struct lc_error *e)
{
	size_t len = strlen(b->cmdline) + 1;
	char *p = memory_at(m, BOOT_CMDLINE, BOOT_CMDLINE_MAX);

	if (len > BOOT_CMDLINE_MAX || !p)
		return lc_err(e, LC_ECONFIG, "the kernel's command line is longer than %d bytes",
			      BOOT_CMDLINE_MAX - 1);
	memcpy(p, b->cmdline, len);
	return 0;
}

int boot_load(struct boot *b, const struct memory *m, struct kvm_entry *entry, struct lc_error *e)
{
	static const struct boot_kind *const kinds[] = { &boot_bzimage, &boot_pvh };
	uint8_t head[1024];
	ssize_t len = pread(b->kernel, head, sizeof(head), 0);

	if (len < 0)
		return lc_err_errno(e, "read the kernel");
	if (m->low <= BOOT_HIGH)
		return lc_err(e, LC_ECONFIG, "a kernel needs more memory");
	entry->gdt = BOOT_GDT;
	entry->page_tables = BOOT_PAGE_TABLES;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!kinds[i]->is(head, (size_t)len))
			continue;
		if (kinds[i]->load(b, m, entry, e) < 0 || load_initrd(b, m, e) < 0 ||
		    write_cmdline(b, m, e) < 0)
			return -1;
		return kinds[i]->describe(b, m, e);
	}
	return lc_err(e, LC_ECONFIG, "the kernel is neither a bzImage nor an ELF file");
}
