/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine becomes a template, and a template a machine: what KVM and the devices know, to the
 * file of snapshot.h and back, and the memory beside it.
 */
#ifndef MICROVM_STATE_H
#define MICROVM_STATE_H

#include "machine.h"

/* Reads the template that @o names and looks at all that can be known before there is a machine: it
 * is whole, it is the one with this key, and this processor is like the one that it was saved on.
 * @out lives as long as @a. */
int state_open(struct machine *m, const struct vmm_options *o, struct arena *a,
	       struct snapshot *out, struct lc_error *e) lc_checked;

/* Instead of machine_boot(). */
int state_restore(struct machine *m, const struct snapshot *s, struct lc_error *e) lc_checked;

/* Asks KVM what there is to be saved; while /dev/kvm is open. */
int state_prepare(struct machine *m, struct lc_error *e) lc_checked;

/* Stops the machine for good and writes both files. */
int state_save(struct machine *m, const struct vmm_options *o, struct lc_error *e) lc_checked;

#endif
