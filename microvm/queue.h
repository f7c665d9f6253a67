/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Split virtqueues (virtio 1.2, 2.7), the device's side.  Everything that a guest may write is
 * checked here and nowhere else: a device gets a chain of buffers that lie in guest memory, each
 * descriptor read once, at most CHAIN_MAX of them, readable ones first.
 *
 *	while (queue_pop(q, c) > 0)
 *		queue_push(q, c, handle(c));
 *
 * A queue that breaks the rules is dead until the driver resets the device.
 */
#ifndef MICROVM_QUEUE_H
#define MICROVM_QUEUE_H

#include "memory.h"
#include <stddef.h>
#include <sys/uio.h>

enum { QUEUE_SIZE_MAX = 512, CHAIN_MAX = 512 };

struct queue {
	/* What the driver wrote into the transport's registers. */
	uint64_t desc_addr, avail_addr, used_addr;
	uint16_t size;
	uint16_t max; /* what the device offers; 0: there is no such queue */
	bool ready;

	bool broken;
	bool event_idx; /* VIRTIO_F_EVENT_IDX was negotiated */
	uint16_t next_avail, next_used;
	uint16_t signalled; /* next_used when the driver was interrupted last */

	/* The rings, once ready. */
	volatile uint8_t *desc, *avail, *used;
};

/* One request: @n_out buffers to read, then @n_in buffers to write. */
struct chain {
	uint16_t head;
	uint16_t n_out, n_in;
	size_t out_len, in_len;
	struct iovec iov[CHAIN_MAX];
};

/* Looks at what the driver configured; 0, or -1 when it cannot be a queue. */
int queue_start(struct queue *q, const struct memory *mem);

/* Finds the rings of a queue again that was ready when its state was saved. */
int queue_resume(struct queue *q, const struct memory *mem);

/* Back to what a reset leaves. */
void queue_reset(struct queue *q);

/* The next request: 1, or 0 when there is none, or -1 when the queue is (now) broken. */
int queue_pop(struct queue *q, const struct memory *mem, struct chain *c);

/* Hands a request back with @len bytes written. */
void queue_push(struct queue *q, const struct chain *c, uint32_t len);

/* Takes the last @n requests back that were popped: they are there to be popped again. */
void queue_unpop(struct queue *q, uint16_t n);

/* Hands @n requests back at once: the driver sees all of them or none. */
struct vring_used_elem;
void queue_push_many(struct queue *q, const struct vring_used_elem *v, uint16_t n);

/* Asks for a kick at the next request; true when one came meanwhile. */
bool queue_rearm(struct queue *q);

/* Whether the driver wants an interrupt for what was pushed since the last true answer. */
bool queue_wants_interrupt(struct queue *q);

/* Copies from the readable part, or to the writable part, at @offset; returns bytes copied. */
size_t chain_read(const struct chain *c, size_t offset, void *data, size_t len);
size_t chain_write(const struct chain *c, size_t offset, const void *data, size_t len);

/* The part [@offset, @offset + @len) of the readable (or writable) buffers as an iovec of at most
 * CHAIN_MAX; returns how many. */
int chain_slice_out(const struct chain *c, size_t offset, size_t len, struct iovec *iov);
int chain_slice_in(const struct chain *c, size_t offset, size_t len, struct iovec *iov);

#endif
