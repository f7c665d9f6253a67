/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio console (virtio 1.2, 5.3) with two ports: 0 is the kernel's console, written to a
 * descriptor and never read; 1, `hull.control`, is bridged both ways to a connected stream socket.
 */
#ifndef MICROVM_CONSOLE_H
#define MICROVM_CONSOLE_H

#include "loop.h"
#include "mmio.h"
#include <linux/virtio_console.h>

enum { CONSOLE_PORTS = 2, CONSOLE_PENDING = 16 };

struct console_message { /* a control message that waits for a buffer */
	struct virtio_console_control head;
	const char *name;
};

struct console {
	struct vdev dev;
	struct virtio_console_config config;
	struct loop *loop;
	struct source control; /* the socket of port 1; fd borrowed, -1 when it is gone */
	int log; /* where port 0 goes; borrowed; -1: nowhere */
	struct console_message pending[CONSOLE_PENDING];
	unsigned n_pending;
	bool opened; /* the guest has port 1 open */

	/* Of port 1: a request of the guest's that the socket has taken in part. */
	struct chain out;
	bool out_busy;
	size_t out_done;

	struct chain chain;
	struct iovec iov[CHAIN_MAX];
};

/* Nothing is under way that could not be saved with a template. */
bool console_is_quiet(struct console *c);

/* @log, @control: -1 for none. */
int console_init(struct console *c, const struct memory *mem, struct loop *loop, int log,
		 int control, struct lc_error *e) lc_checked;

#endif
