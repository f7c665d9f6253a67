/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An ELF vmlinux by PVH: the entry is a Xen note, the start info is handed over in ebx. */
#include "boot.h"

#include <elf.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

enum { XEN_ELFNOTE_PHYS32_ENTRY = 18, NOTES_MAX = 64 << 10, HEADERS_MAX = 64 };

/* xen/include/public/arch-x86/hvm/start_info.h, version 1. */
struct start_info {
	uint32_t magic, version, flags, nr_modules;
	uint64_t modlist, cmdline, rsdp, memmap;
	uint32_t memmap_entries, reserved;
};
struct module {
	uint64_t addr, size, cmdline, reserved;
};
struct memmap {
	uint64_t addr, size;
	uint32_t type, reserved;
};
struct pvh_page {
	struct start_info info;
	struct module initrd;
	struct memmap map[BOOT_RANGES];
};

static bool is_elf(const uint8_t *head, size_t len)
{
	return len >= sizeof(Elf64_Ehdr) && !memcmp(head, ELFMAG, SELFMAG) &&
	       head[EI_CLASS] == ELFCLASS64;
}

/* The entry's address in the notes at @notes, 0 if it is not there. */
static uint64_t find_entry(const uint8_t *notes, size_t len)
{
	size_t at = 0;

	while (len - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr n;
		size_t name, desc;
		uint32_t entry;

		memcpy(&n, notes + at, sizeof(n));
		name = at + sizeof(n);
		if (n.n_namesz > len || n.n_descsz > len)
			return 0;
		desc = name + ((n.n_namesz + 3) & ~3U);
		at = desc + ((n.n_descsz + 3) & ~3U);
		if (at > len)
			return 0;
		if (n.n_type != XEN_ELFNOTE_PHYS32_ENTRY || n.n_namesz != 4 ||
		    memcmp(notes + name, "Xen", 4) != 0 || n.n_descsz < 4)
			continue;
		memcpy(&entry, notes + desc, sizeof(entry));
		return entry;
	}
	return 0;
}

static uint64_t read_notes(int fd, const Elf64_Phdr *p)
{
	static uint8_t notes[NOTES_MAX];
	size_t len = p->p_filesz < sizeof(notes) ? p->p_filesz : sizeof(notes);

	if (pread(fd, notes, len, (off_t)p->p_offset) != (ssize_t)len)
		return 0;
	return find_entry(notes, len);
}

static int load_segment(struct boot *b, const struct memory *m, const Elf64_Phdr *p,
			struct lc_error *e)
{
	uint64_t end;

	if (p->p_paddr < BOOT_HIGH || p->p_filesz > p->p_memsz ||
	    __builtin_add_overflow(p->p_paddr, p->p_memsz, &end) || end > m->low)
		return lc_err(e, LC_ECONFIG, "the kernel does not fit into %llu MiB of memory",
			      (unsigned long long)m->size >> 20);
	if (end > b->kernel_end)
		b->kernel_end = end;
	return boot_read(m, b->kernel, p->p_offset, p->p_paddr, p->p_filesz, "the kernel", e);
}

static int load(struct boot *b, const struct memory *m, struct kvm_entry *entry, struct lc_error *e)
{
	Elf64_Phdr headers[HEADERS_MAX];
	Elf64_Ehdr h;
	size_t size;

	if (pread(b->kernel, &h, sizeof(h), 0) != sizeof(h) || h.e_machine != EM_X86_64 ||
	    h.e_phentsize != sizeof(Elf64_Phdr) || h.e_phnum > HEADERS_MAX)
		return lc_err(e, LC_ECONFIG, "the kernel is not an ELF file for x86-64");
	size = h.e_phnum * sizeof(*headers);
	if (pread(b->kernel, headers, size, (off_t)h.e_phoff) != (ssize_t)size)
		return lc_err(e, LC_ECONFIG, "the kernel is cut off");
	for (unsigned i = 0; i < h.e_phnum; i++) {
		if (headers[i].p_type == PT_LOAD && load_segment(b, m, &headers[i], e) < 0)
			return -1;
		if (headers[i].p_type == PT_NOTE && !entry->rip)
			entry->rip = read_notes(b->kernel, &headers[i]);
	}
	if (!entry->rip)
		return lc_err(e, LC_ECONFIG,
			      "the kernel has no PVH entry (CONFIG_PVH); use its bzImage");
	entry->arg = BOOT_PVH;
	entry->long_mode = false;
	return 0;
}

static int describe(const struct boot *b, const struct memory *m, struct lc_error *e)
{
	struct pvh_page *p = memory_at(m, BOOT_PVH, sizeof(*p));
	struct boot_range ranges[BOOT_RANGES];
	unsigned n = boot_ranges(m, ranges);

	if (!p)
		return lc_err(e, LC_EINTERNAL, "no room for the start info");
	*p = (struct pvh_page){
		.info = {
			.magic = 0x336ec578,
			.version = 1,
			.nr_modules = b->initrd_size ? 1 : 0,
			.modlist = BOOT_PVH + offsetof(struct pvh_page, initrd),
			.cmdline = BOOT_CMDLINE,
			.rsdp = BOOT_ACPI,
			.memmap = BOOT_PVH + offsetof(struct pvh_page, map),
			.memmap_entries = n,
		},
		.initrd = { .addr = b->initrd_addr, .size = b->initrd_size },
	};
	for (unsigned i = 0; i < n; i++)
		p->map[i] = (struct memmap){ ranges[i].start, ranges[i].size, ranges[i].type, 0 };
	return 0;
}

const struct boot_kind boot_pvh = { is_elf, load, describe };
