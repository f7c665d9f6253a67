/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine: memory, processors, devices in their slots, and the loop that serves them.
 *
 *	slot 0 console   1 entropy   2 file system   3 balloon   4... network, then disks
 *
 * A slot without a device answers as one of device id 0 (virtio 1.2, 4.2.2): drivers leave it
 *alone, and after a template was restored a device can appear there.
 */
#ifndef MICROVM_MACHINE_H
#define MICROVM_MACHINE_H

#include "console.h"
#include "cpu.h"
#include "fs.h"
#include "kvm.h"
#include "loop.h"
#include "net.h"
#include "rng.h"
#include "serial.h"
#include "vmm.h"

enum { SLOT_CONSOLE, SLOT_RNG, SLOT_FS, SLOT_BALLOON, SLOT_FREE };

enum machine_end {
	MACHINE_RUNS,
	MACHINE_SHUTDOWN, /* the guest reset or switched off */
	MACHINE_FAILED, /* KVM cannot go on; the reason is an exit reason or errno */
};

struct machine {
	struct memory memory;
	struct kvm kvm;
	struct loop loop;
	unsigned n_cpus;
	struct cpu cpus[KVM_CPUS_MAX];

	struct vdev *slots[MMIO_SLOTS]; /* point into the devices below; NULL: empty */
	struct console console;
	struct rng rng;
	struct fs fs;
	struct net nets[VMM_NETS_MAX]; /* in the slots from SLOT_FREE on, once they are there */

	bool saves; /* it will become a template */
	bool with_serial;
	struct serial serial;
	pthread_mutex_t serial_lock;

	struct source ended; /* fd: an eventfd, owned */
	enum machine_end end;
	unsigned end_reason;

	pthread_mutex_t pause_lock;
	pthread_cond_t paused, resumed;
	bool pause;
};

/* Makes everything; nothing runs yet. @from: the template that will be restored, NULL: none. */
int machine_init(struct machine *m, const struct vmm_options *o, const struct snapshot *from,
		 struct lc_error *e) lc_checked;

/* Loads kernel and tables, and sets the first processor's entry. */
int machine_boot(struct machine *m, const struct vmm_options *o, struct lc_error *e) lc_checked;

/* Starts the processors and serves until the machine ends or someone stops the loop. */
int machine_run(struct machine *m, struct lc_error *e) lc_checked;

/* Network device @i is there from now on, with this address; before the machine runs, or from the
 * loop's thread. */
int machine_net(struct machine *m, unsigned i, const uint8_t mac[6], struct lc_error *e) lc_checked;

/* Stops every processor between two instructions and waits until they stand still; from the loop's
 * thread.  Devices go on: what they do is seen after machine_resume(). */
void machine_pause(struct machine *m);
void machine_resume(struct machine *m);

/* ---- for the processors' threads ---- */

void machine_wait_resumed(struct machine *m, struct cpu *c);
void machine_end(struct machine *m, enum machine_end end, unsigned reason);
void machine_serial(struct machine *m, uint16_t port, bool out, uint8_t *data);
void machine_empty_slot(uint32_t offset, void *data, uint32_t len);

#endif
