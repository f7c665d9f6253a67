/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual processors, a thread each.  They run until the machine ends, or stand still between
 * machine_pause() and machine_resume().
 */
#ifndef MICROVM_CPU_H
#define MICROVM_CPU_H

#include "base/error.h"
#include <linux/kvm.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct machine;

struct cpu {
	struct machine *machine;
	unsigned index;
	int fd; /* owned */
	struct kvm_run *run;
	pthread_t thread;
	pid_t tid; /* 0: it has not come so far */
	bool started;
	bool parked; /* stands still; guarded by the machine's pause lock */
};

/* Maps what KVM shares of processor @fd. */
int cpu_init(struct cpu *c, struct machine *m, unsigned index, struct lc_error *e) lc_checked;
void cpu_release(struct cpu *c);

/* Starts the thread. */
int cpu_start(struct cpu *c, struct lc_error *e) lc_checked;

/* Gets it out of the guest, soon. */
void cpu_interrupt(struct cpu *c);

/* Of a processor that stands still: finishes the instruction that made it leave the guest, so that
 * its registers tell all. */
int cpu_settle(struct cpu *c, struct lc_error *e) lc_checked;

/* Prepares the signal that cpu_interrupt() uses; once, before the first thread. */
int cpu_signals(struct lc_error *e) lc_checked;

#endif
