/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shows that /dev/kvm runs a guest: three instructions in real mode that write to a port. */
#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

enum { GUEST_ADDRESS = 0x1000, GUEST_PORT = 0x10, GUEST_BYTE = 0x42 };

static const uint8_t guest_code[] = {
	0xb0, GUEST_BYTE, /* mov $byte, %al */
	0xe6, GUEST_PORT, /* out %al, $port */
	0xf4, /* hlt */
};

static int request(int fd, unsigned long what, const char *name, void *argument)
{
	int result = ioctl(fd, what, argument);

	if (result < 0)
		err(1, "%s", name);
	return result;
}

static void add_memory(int vm)
{
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = GUEST_ADDRESS,
		.memory_size = 0x1000,
	};
	void *page = mmap(NULL, region.memory_size, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		err(1, "mmap");
	memcpy(page, guest_code, sizeof(guest_code));
	region.userspace_addr = (uintptr_t)page;
	request(vm, KVM_SET_USER_MEMORY_REGION, "KVM_SET_USER_MEMORY_REGION", &region);
}

static void set_registers(int vcpu)
{
	struct kvm_regs regs = { .rip = GUEST_ADDRESS, .rflags = 2 };
	struct kvm_sregs sregs;

	request(vcpu, KVM_GET_SREGS, "KVM_GET_SREGS", &sregs);
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	request(vcpu, KVM_SET_SREGS, "KVM_SET_SREGS", &sregs);
	request(vcpu, KVM_SET_REGS, "KVM_SET_REGS", &regs);
}

static void run_until(int vcpu, const struct kvm_run *run, uint32_t wanted)
{
	request(vcpu, KVM_RUN, "KVM_RUN", NULL);
	if (run->exit_reason != wanted)
		errx(1, "KVM_RUN: expected exit reason %u, found %u", wanted, run->exit_reason);
}

int main(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm, vcpu, size;
	struct kvm_run *run;

	if (kvm < 0)
		err(1, "/dev/kvm");
	if (request(kvm, KVM_GET_API_VERSION, "KVM_GET_API_VERSION", NULL) != KVM_API_VERSION)
		errx(1, "KVM_GET_API_VERSION: expected %d", KVM_API_VERSION);
	vm = request(kvm, KVM_CREATE_VM, "KVM_CREATE_VM", NULL);
	add_memory(vm);
	vcpu = request(vm, KVM_CREATE_VCPU, "KVM_CREATE_VCPU", NULL);
	size = request(kvm, KVM_GET_VCPU_MMAP_SIZE, "KVM_GET_VCPU_MMAP_SIZE", NULL);
	run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (run == MAP_FAILED)
		err(1, "mmap");
	set_registers(vcpu);
	run_until(vcpu, run, KVM_EXIT_IO);
	if (run->io.port != GUEST_PORT || ((uint8_t *)run)[run->io.data_offset] != GUEST_BYTE)
		errx(1, "the guest wrote something else");
	run_until(vcpu, run, KVM_EXIT_HLT);
	puts("a guest ran");
	return 0;
}
