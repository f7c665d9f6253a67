/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of hull-vmm, the program.  Who starts it opens everything before and passes
 * descriptors by number:
 *
 *	hull-vmm --kvm-fd=3 --kernel-fd=4 --initrd-fd=5 --memory=256 --cpus=1 --port-fd=6
 *	         --net-fd=7,mac=02:00:00:00:00:01
 *	hull-vmm --kvm-fd=3 --kernel-fd=4 ... --save-memory-fd=7 --save-state-fd=8 --key=...
 *--facts=... hull-vmm --kvm-fd=3 ... --memory-fd=7 --state-fd=8 --key=... hull-vmm --broker --fd=3
 *	hull-vmm --network --fd=3 --net-fd=4
 */
#ifndef MICROVM_VMM_H
#define MICROVM_VMM_H

#include "base/error.h"
#include <stdbool.h>
#include <stdint.h>

enum { VMM_NETS_MAX = 8, VMM_DISKS_MAX = 4, VMM_APPEND_MAX = 2048 };

struct vmm_net {
	int fd; /* a tap with a vnet header of 12 bytes and without offloads */
	uint8_t mac[6];
	bool is_there; /* else it is not an interface yet, and the guest sees no device */
};

struct vmm_options {
	int kvm, kernel, initrd;
	int broker; /* seqpacket to the file system's broker; -1: no file system */
	int console; /* where the guest's console goes; -1: nowhere */
	int port; /* what is connected to `hull.control`; -1: nothing */
	uint32_t memory, cpus; /* MiB; number */
	const char *append;
	bool debug;
	struct vmm_net nets[VMM_NETS_MAX];
	unsigned n_nets;
	int disks[VMM_DISKS_MAX];
	unsigned n_disks;
	/* A template: restored from, -1: the machine boots; it also does, and says why, when the
	 * template is not good and a kernel is there. */
	int template_memory, template_state;
	int save_memory, save_state; /* saved to when the agent is ready; -1: no */
	const char *key; /* of the template, 64 digits */
	const char *facts; /* what it was made of, for people */

	bool with_relay; /* one of the options was the relay's: this is a container */
	bool is_broker, is_network;
	int fd; /* the broker's or the helper's end */
};

/* Options that are not the monitor's are offered to the relay. */
struct relay;
int vmm_parse(int argc, char **argv, struct vmm_options *o, struct relay *r,
	      struct lc_error *e) lc_checked;

#endif
