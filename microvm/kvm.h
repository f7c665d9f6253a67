/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /dev/kvm: the virtual machine with its interrupt controllers, and its processors.  The only user
 * of KVM's ioctls beside state.c. */
#ifndef MICROVM_KVM_H
#define MICROVM_KVM_H

#include "memory.h"
#include <linux/kvm.h>

enum { KVM_CPUS_MAX = 64, KVM_CPUID_MAX = 128 };

struct cpuid_table {
	struct {
		uint32_t nent, padding;
	} head; /* as of struct kvm_cpuid2 */
	struct kvm_cpuid_entry2 entries[KVM_CPUID_MAX];
};

struct kvm {
	int dev; /* /dev/kvm, borrowed */
	int vm; /* owned */
	int run_size;
	struct cpuid_table cpuid; /* of every processor, but for its number */
};

/* Makes the machine with in-kernel LAPIC and IO-APIC. @dev: an open /dev/kvm. */
int kvm_init(struct kvm *k, int dev, struct lc_error *e) lc_checked;
void kvm_release(struct kvm *k);

/* Shows @m to the guest, below and above the gap. */
int kvm_set_memory(const struct kvm *k, const struct memory *m, struct lc_error *e) lc_checked;

/* A write of @fd raises the edge-triggered @gsi. */
int kvm_irqfd(const struct kvm *k, int fd, uint32_t gsi, struct lc_error *e) lc_checked;

/* A guest's write of four bytes at @addr makes @fd readable. */
int kvm_ioeventfd(const struct kvm *k, int fd, uint64_t addr, struct lc_error *e) lc_checked;

/* Makes processor @index of @cpus and returns its descriptor. */
int kvm_cpu_create(const struct kvm *k, unsigned index, unsigned cpus,
		   struct lc_error *e) lc_checked;

/* Fills @k->cpuid, once; kvm_init() does, too. */
int kvm_read_cpuid(struct kvm *k, int dev, struct lc_error *e) lc_checked;

/* What guests are told of the processor: another answer, another template. */
void kvm_cpuid_digest(const struct kvm *k, uint8_t digest[SHA256_SIZE]);

/* Where a kernel is entered. */
struct kvm_entry {
	uint64_t rip;
	uint64_t arg; /* address of the boot information */
	bool long_mode; /* 64-bit boot protocol; else PVH */
	uint64_t gdt, page_tables;
};
int kvm_cpu_enter(int cpu, const struct memory *m, const struct kvm_entry *entry,
		  struct lc_error *e) lc_checked;

#endif
