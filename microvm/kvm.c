/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KVM set-up for x86-64: one machine, its interrupt routing, its processors. */
#include "kvm.h"
#include "base/own.h"

#include <string.h>
#include <sys/ioctl.h>

/* Three pages that Intel's real mode emulation needs, below the BIOS's place. */
#define TSS_ADDR	  0xfffbd000
#define IDENTITY_MAP_ADDR 0xfffbc000ULL

static int check_extensions(int dev, struct lc_error *e)
{
	static const struct {
		int cap;
		const char *name;
	} needed[] = {
		{ KVM_CAP_IRQCHIP, "an in-kernel interrupt controller" },
		{ KVM_CAP_IRQFD, "irqfd" },
		{ KVM_CAP_IOEVENTFD, "ioeventfd" },
		{ KVM_CAP_USER_MEMORY, "user memory" },
		{ KVM_CAP_IMMEDIATE_EXIT, "immediate exits" },
		{ KVM_CAP_EXT_CPUID, "CPUID" },
	};

	if (ioctl(dev, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		return lc_err(e, LC_EUNSUPPORTED, "/dev/kvm: not KVM's API version 12");
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (ioctl(dev, KVM_CHECK_EXTENSION, needed[i].cap) <= 0)
			return lc_err(e, LC_EUNSUPPORTED, "/dev/kvm: lacks %s", needed[i].name);
	return 0;
}

int kvm_read_cpuid(struct kvm *k, int dev, struct lc_error *e)
{
	if (k->cpuid.head.nent)
		return 0;
	k->cpuid.head.nent = KVM_CPUID_MAX;
	if (ioctl(dev, KVM_GET_SUPPORTED_CPUID, &k->cpuid) < 0)
		return lc_err_errno(e, "KVM_GET_SUPPORTED_CPUID");
	return 0;
}

int kvm_init(struct kvm *k, int dev, struct lc_error *e)
{
	uint64_t identity = IDENTITY_MAP_ADDR;

	k->dev = dev;
	k->vm = -1;
	if (check_extensions(dev, e) < 0)
		return -1;
	k->run_size = ioctl(dev, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (k->run_size < (int)sizeof(struct kvm_run))
		return lc_err_errno(e, "KVM_GET_VCPU_MMAP_SIZE");
	if (kvm_read_cpuid(k, dev, e) < 0)
		return -1;
	k->vm = ioctl(dev, KVM_CREATE_VM, 0);
	if (k->vm < 0)
		return lc_err_errno(e, "KVM_CREATE_VM");
	if (ioctl(k->vm, KVM_SET_TSS_ADDR, TSS_ADDR) < 0 ||
	    ioctl(k->vm, KVM_SET_IDENTITY_MAP_ADDR, &identity) < 0)
		return lc_err_errno(e, "KVM_SET_TSS_ADDR");
	if (ioctl(k->vm, KVM_CREATE_IRQCHIP, 0) < 0)
		return lc_err_errno(e, "KVM_CREATE_IRQCHIP");
	return 0;
}

void kvm_release(struct kvm *k)
{
	fd_release(&k->vm);
}

static int set_region(const struct kvm *k, uint32_t slot, uint64_t gpa, uint64_t size, void *host,
		      struct lc_error *e)
{
	struct kvm_userspace_memory_region r = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)host,
	};

	if (ioctl(k->vm, KVM_SET_USER_MEMORY_REGION, &r) < 0)
		return lc_err_errno(e, "KVM_SET_USER_MEMORY_REGION at %#llx",
				    (unsigned long long)gpa);
	return 0;
}

int kvm_set_memory(const struct kvm *k, const struct memory *m, struct lc_error *e)
{
	if (set_region(k, 0, 0, m->low, m->base, e) < 0)
		return -1;
	if (m->size == m->low)
		return 0;
	return set_region(k, 1, MEMORY_GAP_END, m->size - m->low, m->base + m->low, e);
}

int kvm_irqfd(const struct kvm *k, int fd, uint32_t gsi, struct lc_error *e)
{
	struct kvm_irqfd irqfd = { .fd = (uint32_t)fd, .gsi = gsi };

	if (ioctl(k->vm, KVM_IRQFD, &irqfd) < 0)
		return lc_err_errno(e, "KVM_IRQFD for interrupt %u", gsi);
	return 0;
}

int kvm_ioeventfd(const struct kvm *k, int fd, uint64_t addr, struct lc_error *e)
{
	struct kvm_ioeventfd io = { .addr = addr, .len = 4, .fd = fd };

	if (ioctl(k->vm, KVM_IOEVENTFD, &io) < 0)
		return lc_err_errno(e, "KVM_IOEVENTFD at %#llx", (unsigned long long)addr);
	return 0;
}

/* What differs from one processor to the next: its APIC id and how many there are. */
static void number_cpuid(struct cpuid_table *c, unsigned index, unsigned cpus)
{
	for (uint32_t i = 0; i < c->head.nent; i++) {
		struct kvm_cpuid_entry2 *e = &c->entries[i];

		switch (e->function) {
		case 1: /* hypervisor present, TSC deadline timer: in-kernel LAPICs have it */
			e->ebx = (e->ebx & 0xffff) | index << 24 | cpus << 16;
			e->ecx |= 1U << 31 | 1U << 24;
			break;
		case 0xb:
		case 0x1f:
			e->edx = index;
			break;
		case 0x8000001e:
			e->eax = index;
			break;
		}
	}
}

int kvm_cpu_create(const struct kvm *k, unsigned index, unsigned cpus, struct lc_error *e)
{
	struct cpuid_table c = k->cpuid;
	auto_fd cpu = ioctl(k->vm, KVM_CREATE_VCPU, (unsigned long)index);

	if (cpu < 0)
		return lc_err_errno(e, "KVM_CREATE_VCPU %u", index);
	number_cpuid(&c, index, cpus);
	if (ioctl(cpu, KVM_SET_CPUID2, &c) < 0)
		return lc_err_errno(e, "KVM_SET_CPUID2");
	return fd_take(&cpu);
}

/* KVM tells some numbers of the very processor on which it was asked. */
static void forget_numbers(struct kvm_cpuid_entry2 *e)
{
	switch (e->function) {
	case 1:
		e->ebx &= 0xffff;
		break;
	case 0xb:
	case 0x1f:
	case 0x8000001e:
		e->eax = e->ebx = e->ecx = e->edx = 0;
		break;
	}
}

void kvm_cpuid_digest(const struct kvm *k, uint8_t digest[SHA256_SIZE])
{
	struct cpuid_table c = k->cpuid;
	struct sha256 h = SHA256;

	for (uint32_t i = 0; i < c.head.nent; i++)
		forget_numbers(&c.entries[i]);
	sha256_add(&h, c.entries, c.head.nent * sizeof(*c.entries));
	sha256_end(&h, digest);
}

/* Flat segments; the descriptor table in guest memory agrees with what is set here. */
static void set_segments(struct kvm_sregs *s, bool long_mode)
{
	struct kvm_segment code = {
		.limit = 0xffffffff,
		.selector = 0x10,
		.type = 11,
		.present = 1,
		.db = !long_mode,
		.l = long_mode,
		.s = 1,
		.g = 1,
	};
	struct kvm_segment data = code;

	data.selector = 0x18;
	data.type = 3;
	data.db = 1;
	data.l = 0;
	s->cs = code;
	s->ds = s->es = s->fs = s->gs = s->ss = data;
	s->tr = (struct kvm_segment){ .limit = 0x67, .type = 11, .present = 1, .selector = 0x20 };
}

static void write_gdt(uint64_t *gdt, bool long_mode)
{
	gdt[0] = gdt[1] = 0;
	gdt[2] = long_mode ? 0x00af9b000000ffffULL : 0x00cf9b000000ffffULL;
	gdt[3] = 0x00cf93000000ffffULL;
	gdt[4] = 0x00008b0000000067ULL;
}

/* The first 4 GiB as they are, in pages of 2 MiB. */
static void write_page_tables(uint8_t *tables, uint64_t gpa)
{
	uint64_t *p = (uint64_t *)tables;

	memset(p, 0, 0x2000);
	p[0] = (gpa + 0x1000) | 3;
	for (unsigned i = 0; i < 4; i++)
		p[512 + i] = (gpa + 0x2000 + i * 0x1000) | 3;
	for (uint64_t i = 0; i < 2048; i++)
		p[1024 + i] = i << 21 | 0x83;
}

int kvm_cpu_enter(int cpu, const struct memory *m, const struct kvm_entry *entry,
		  struct lc_error *e)
{
	struct kvm_regs r = { .rip = entry->rip, .rflags = 2 };
	uint64_t *gdt = memory_at(m, entry->gdt, 40);
	uint8_t *tables = memory_at(m, entry->page_tables, 0x6000);
	struct kvm_sregs s;

	if (!gdt || !tables)
		return lc_err(e, LC_EINTERNAL, "boot tables are outside of guest memory");
	if (ioctl(cpu, KVM_GET_SREGS, &s) < 0)
		return lc_err_errno(e, "KVM_GET_SREGS");
	set_segments(&s, entry->long_mode);
	write_gdt(gdt, entry->long_mode);
	s.gdt.base = entry->gdt;
	s.gdt.limit = 39;
	s.cr0 = 1; /* PE */
	s.cr4 = 0;
	s.efer = 0;
	if (entry->long_mode) { /* Documentation/x86/boot.rst, 64-bit boot protocol */
		write_page_tables(tables, entry->page_tables);
		s.cr3 = entry->page_tables;
		s.cr4 = 0x20; /* PAE */
		s.cr0 |= 0x80000000; /* PG */
		s.efer = 0x500; /* LME, LMA */
		r.rsi = entry->arg;
	} else {
		r.rbx = entry->arg;
	}
	if (ioctl(cpu, KVM_SET_SREGS, &s) < 0)
		return lc_err_errno(e, "KVM_SET_SREGS");
	if (ioctl(cpu, KVM_SET_REGS, &r) < 0)
		return lc_err_errno(e, "KVM_SET_REGS");
	return 0;
}
