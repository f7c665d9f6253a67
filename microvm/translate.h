/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One plan becomes two: what the guest's agent carries out, and what is left for the host, where
 * the container is a machine in a sandbox.  What cannot be had in a machine is refused here, by
 * name.
 */
#ifndef LC_TRANSLATE_H
#define LC_TRANSLATE_H

#include "plan/plan.h"

#define VM_GUEST_MIB	 64 /* the guest's kernel and agent, beyond the container's limit */
#define VM_HOST_MIB	 32 /* the monitor, the broker and the tables of the guest's memory */
#define VM_EXPORT_ROOT	 "root" /* names in what the host exports */
#define VM_EXPORT_VOLUME "vol/%zu" /* number of the mount in the plan */

/* Whether a machine is restored from a template: never, if there is one, or always if it can be. */
enum vm_templates { VM_TEMPLATES_OFF, VM_TEMPLATES_USE, VM_TEMPLATES_MAKE };

struct vm_machine {
	uint32_t memory_mib, cpus;
	const char *kernel, *initrd; /* NULL: to be found, to be made */
	struct strs parameters; /* more of the kernel's command line */
	enum vm_templates templates;
	struct plan *guest;
};

/* Splits @plan: @out->guest is the guest's, and of @plan the limits become those of the machine. */
int vm_translate(struct arena *a, struct plan *plan, struct vm_machine *out,
		 struct lc_error *e) lc_checked;

/* What "off", "use" and "make" are; NULL is off, as is what nobody knows. */
enum vm_templates vm_templates_of(const char *word);

/* The size of a machine of which nothing is said. */
int vm_default_size(struct vm_machine *out, struct lc_error *e) lc_checked;

/* The guest's part of an `exec`. */
int vm_translate_exec(struct arena *a, const struct plan *plan, struct plan **out,
		      struct lc_error *e) lc_checked;

/* New limits: the guest's part in *guest, and in @plan what the host's cgroup gets; @memory_max is
 * the machine's limit on the host. */
int vm_translate_update(struct arena *a, struct plan *plan, uint64_t memory_max,
			struct plan **guest, struct lc_error *e) lc_checked;

/* A bind of something of the host's, that is exported as a volume. */
bool vm_is_volume(const struct plan_mount *m);

#endif
