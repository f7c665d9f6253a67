/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtio device behind the MMIO transport, version 2 (virtio 1.2, 4.2.2).  struct vdev is the
 * first member of each device's own struct; vdev_ops says what differs.  The virtual processors
 * read and write registers, one thread (the loop, or the device's own) works on the queues: `lock`
 * is between them, and held whenever an operation of vdev_ops runs.
 */
#ifndef MICROVM_MMIO_H
#define MICROVM_MMIO_H

#include "loop.h"
#include "queue.h"
#include <pthread.h>

#define MMIO_BASE 0xd0000000ULL
enum { MMIO_SLOTS = 16, MMIO_SLOT_SIZE = 0x1000, MMIO_GSI = 5, VDEV_QUEUES = 8 };

struct vdev;
struct vdev_ops {
	const char *name;
	uint32_t id; /* virtio 1.2, 5 */
	uint64_t features; /* beyond those of every device */
	uint16_t queue_max[VDEV_QUEUES];
	void (*kick)(struct vdev *d); /* look at the queues */
	void (*reset)(struct vdev *d); /* forget the driver; may be NULL */
	void (*config_write)(struct vdev *d, uint32_t offset,
			     uint32_t len); /* after it; may be NULL */
};

struct vdev {
	const struct vdev_ops *ops;
	const struct memory *mem;
	pthread_mutex_t lock;
	struct source kick; /* readable: the driver wrote QueueNotify; its fd is owned */
	int irq_fd; /* written: interrupt; owned */

	uint64_t offered, accepted; /* features */
	uint32_t features_sel, driver_sel, queue_sel;
	uint32_t status, isr, generation;
	uint32_t resets; /* how often the driver began anew */
	struct queue queues[VDEV_QUEUES];

	void *config; /* the device's configuration space, in its own struct */
	uint32_t config_len;
	uint32_t config_writable; /* bytes at its end that the driver may write */
};

/* @config may be NULL. */
int vdev_init(struct vdev *d, const struct vdev_ops *ops, const struct memory *mem, void *config,
	      uint32_t config_len, struct lc_error *e) lc_checked;
void vdev_release(struct vdev *d);

/* What of a device is saved with a template. */
struct vdev_state {
	uint32_t id, status, isr, generation;
	uint32_t features_sel, driver_sel, queue_sel;
	uint32_t own; /* a bit or two that are the device's */
	uint64_t offered, accepted;
	struct {
		uint64_t desc, avail, used;
		uint16_t size, next_avail, next_used, signalled;
		uint32_t ready, event_idx;
	} queues[VDEV_QUEUES];
};

/* -1 when the driver has broken the rules: nobody wants more of that. */
int vdev_save(struct vdev *d, struct vdev_state *out, struct lc_error *e) lc_checked;

/* For a device that no driver has seen.  What was not answered yet is looked at when its thread
 * runs, and an interrupt that may have been lost comes again. */
int vdev_load(struct vdev *d, const struct vdev_state *s, struct lc_error *e) lc_checked;

/* A virtual processor reads or writes @len bytes at @offset of the device's page. */
void mmio_read(struct vdev *d, uint32_t offset, void *data, uint32_t len);
void mmio_write(struct vdev *d, uint32_t offset, const void *data, uint32_t len);

/* Takes the kick and works on the queues; for the thread that waits for it. */
void vdev_kicked(struct vdev *d);

/* Interrupts for what was pushed to the queues. */
void vdev_flush(struct vdev *d);

/* The configuration space has changed (4.2.3.3). */
void vdev_config_changed(struct vdev *d);

/* The driver did what it must not: the device needs a reset (2.1.2). */
void vdev_broken(struct vdev *d);

static inline bool vdev_has(const struct vdev *d, unsigned feature)
{
	return d->accepted >> feature & 1;
}

#endif
