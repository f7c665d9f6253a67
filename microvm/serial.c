/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registers of a 16550 without a receiver. */
#include "serial.h"

#include <sys/eventfd.h>
#include <unistd.h>

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR };
enum {
	DLAB = 0x80,
	IER_THRI = 2,
	MCR_LOOP = 0x10,
	LSR_EMPTY = 0x60,
	IIR_NONE = 0xc1,
	IIR_THRI = 0xc2
};

static void transmitter_empty(struct serial *s)
{
	s->empty = true;
	if (s->ier & IER_THRI)
		eventfd_write(s->irq_fd, 1);
}

static void write_data(struct serial *s, uint8_t v)
{
	if (s->lcr & DLAB) {
		s->dll = v;
		return;
	}
	/* What cannot be written is lost, as on a cable. */
	if (!(s->mcr & MCR_LOOP) && s->out >= 0 && write(s->out, &v, 1) < 0)
		s->out = -1;
	transmitter_empty(s);
}

void serial_write(struct serial *s, uint16_t port, uint8_t v)
{
	switch (port - SERIAL_PORT) {
	case DATA:
		write_data(s, v);
		break;
	case IER:
		if (s->lcr & DLAB) {
			s->dlm = v;
			break;
		}
		s->ier = v & 15;
		transmitter_empty(s);
		break;
	case LCR:
		s->lcr = v;
		break;
	case MCR:
		s->mcr = v & 31;
		break;
	case SCR:
		s->scr = v;
		break;
	}
}

static uint8_t interrupt_cause(struct serial *s)
{
	if (!(s->ier & IER_THRI) || !s->empty)
		return IIR_NONE;
	s->empty = false;
	return IIR_THRI;
}

uint8_t serial_read(struct serial *s, uint16_t port)
{
	switch (port - SERIAL_PORT) {
	case DATA:
		return s->lcr & DLAB ? s->dll : 0;
	case IER:
		return s->lcr & DLAB ? s->dlm : s->ier;
	case IIR:
		return interrupt_cause(s);
	case LCR:
		return s->lcr;
	case MCR:
		return s->mcr;
	case LSR:
		return LSR_EMPTY;
	case MSR: /* in loopback the outputs are the inputs; else carrier, ready, clear to send */
		if (s->mcr & MCR_LOOP)
			return (uint8_t)((s->mcr & 2) << 3 | (s->mcr & 1) << 5 |
					 (s->mcr & 12) << 4);
		return 0xb0;
	case SCR:
		return s->scr;
	}
	return 0;
}
