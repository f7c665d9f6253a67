/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A 16550 that only sends, for a kernel's messages before it has virtio: with --debug only, since
 * every character costs an exit. */
#ifndef MICROVM_SERIAL_H
#define MICROVM_SERIAL_H

#include <stdbool.h>
#include <stdint.h>

enum { SERIAL_PORT = 0x3f8, SERIAL_PORTS = 8, SERIAL_GSI = 4 };

struct serial {
	int out; /* borrowed; -1: nowhere */
	int irq_fd; /* owned */
	uint8_t ier, lcr, mcr, scr, dll, dlm;
	bool empty; /* "transmitter empty" waits to be told */
};

void serial_write(struct serial *s, uint16_t port, uint8_t v);
uint8_t serial_read(struct serial *s, uint16_t port);

#endif
