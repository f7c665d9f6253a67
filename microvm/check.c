/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lc_vm_check() and lc_vm_kernels(): what VM mode needs of this machine, and whether it is there.
 */
#include "base/own.h"
#include "libcontainer.h"
#include "microvm/kernel.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

struct checking {
	struct arena arena;
	lc_vm_fact_fn *tell;
	void *ctx;
};

static void tell(struct checking *c, const char *name, bool ok, const char *text, const char *fix)
{
	struct lc_vm_fact fact = { .name = name, .ok = ok, .text = text, .fix = ok ? NULL : fix };

	c->tell(c->ctx, &fact);
}

static void check_kvm(struct checking *c)
{
	auto_fd fd = openat(AT_FDCWD, "/dev/kvm", O_RDWR | O_CLOEXEC);
	int version;

	if (fd < 0 && (errno == EACCES || errno == EPERM)) {
		tell(c, "kvm", false, "/dev/kvm: permission denied",
		     "join the group that owns it: sudo usermod -aG kvm $USER, and log in again");
		return;
	}
	if (fd < 0) {
		tell(c, "kvm", false, arena_printf(&c->arena, "/dev/kvm: %s", lc_errno_text(errno)),
		     "load kvm_intel or kvm_amd; in a virtual machine, its host has to allow "
		     "nested "
		     "virtualisation; in firmware, enable VT-x or AMD-V");
		return;
	}
	version = ioctl(fd, KVM_GET_API_VERSION, 0);
	tell(c, "kvm", version == KVM_API_VERSION,
	     arena_printf(&c->arena, "/dev/kvm: API version %d", version),
	     "expected version 12: this is no KVM that hull knows");
}

static void check_program(struct checking *c, const char *name, const char *path)
{
	bool there = access(path, X_OK) == 0;

	tell(c, name, there,
	     there ? path : arena_printf(&c->arena, "%s: %s", path, lc_errno_text(errno)),
	     "install hull completely: it comes with the package, or by make install");
}

static void check_kernel(struct checking *c)
{
	struct lc_error e = { 0 };
	struct vm_kernel kernel;
	char **files;
	size_t n = 0;

	if (vm_kernel_find(&c->arena, NULL, &kernel, &e) < 0) {
		tell(c, "kernel", false, "no kernel is installed",
		     "Debian: apt-get install linux-image-cloud-amd64");
		return;
	}
	tell(c, "kernel", true, arena_printf(&c->arena, "%s (%s)", kernel.path, kernel.why), NULL);
	if (!kernel.release)
		return;
	files = vm_modules(&c->arena, kernel.release, &e);
	if (!files) {
		tell(c, "modules", false, e.msg, "Debian: apt-get install kmod xz-utils zstd");
		return;
	}
	while (files[n])
		n++;
	tell(c, "modules", true,
	     n ? arena_printf(&c->arena, "%zu for the initramfs", n) : "all built in", NULL);
}

int lc_vm_check(struct lc *lc, lc_vm_fact_fn *each, void *ctx, struct lc_error *e)
{
	struct checking c = { .tell = each, .ctx = ctx };

	(void)lc;
	(void)e;
	check_kvm(&c);
	check_program(&c, "monitor", LIBEXECDIR "/hull-vmm");
	check_program(&c, "agent", LIBEXECDIR "/hull-guest");
	check_kernel(&c);
	arena_free(&c.arena);
	return 0;
}

int lc_vm_kernels(struct lc *lc, lc_vm_kernel_fn *each, void *ctx, struct lc_error *e)
{
	auto_arena a = { 0 };

	(void)lc;
	(void)e;
	for (const struct vm_kernel *k = vm_kernel_list(&a); k->path; k++)
		each(ctx, k->path, k->release, k->why);
	return 0;
}
