/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which kernel a virtual machine boots, and with what: a distribution's own, found on this machine,
 * and an initramfs that holds the agent and the few modules which that kernel needs.
 */
#ifndef LC_KERNEL_H
#define LC_KERNEL_H

#include "base/arena.h"
#include "base/log.h"
#include <stdbool.h>

struct vm_kernel {
	char *path;
	char *release; /* "6.1.0-56-cloud-amd64"; NULL: not known, so it needs no modules */
	const char *why; /* "the newest cloud kernel" */
};

/* @path: that one, else in this order: LIBDIR's, the newest cloud kernel, the host's own, the
 * newest one. LC_ENOTFOUND with how to get one. */
int vm_kernel_find(struct arena *a, const char *path, struct vm_kernel *out,
		   struct lc_error *e) lc_checked;

/* All that were found, in that order; an entry without a path ends the list. */
struct vm_kernel *vm_kernel_list(struct arena *a);

/* The release that the image at @path says it has; NULL: none. */
char *vm_kernel_release(struct arena *a, const char *path);

/* An initramfs for the kernel: its descriptor, owned.  It is made when there is none yet, and kept
 * in @cache (NULL: not kept). */
int vm_initramfs(const struct vm_kernel *kernel, const char *cache, const struct lc_log *log,
		 struct lc_error *e) lc_checked;

/* Files of modules in the order of loading, from the packaged modprobe; ends with NULL.  Modules
 * that only some containers need may be missing. */
char **vm_modules(struct arena *a, const char *release, struct lc_error *e) lc_checked;

#endif
