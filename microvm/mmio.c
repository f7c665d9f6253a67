/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registers of virtio over MMIO (virtio 1.2, 4.2.2): negotiation, queues, interrupts. */
#include "mmio.h"
#include "base/own.h"

#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>
#include <string.h>
#include <sys/eventfd.h>

#define COMMON_FEATURES \
	(1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_RING_F_INDIRECT_DESC | \
	 1ULL << VIRTIO_RING_F_EVENT_IDX)

enum { MAGIC = 0x74726976, VERSION = 2, VENDOR = 0x6c6c7568 /* "hull" */ };

static void interrupt(struct vdev *d, uint32_t why)
{
	__atomic_fetch_or(&d->isr, why, __ATOMIC_SEQ_CST);
	eventfd_write(d->irq_fd, 1);
}

void vdev_flush(struct vdev *d)
{
	bool wanted = false;

	for (unsigned i = 0; i < VDEV_QUEUES; i++)
		wanted |= queue_wants_interrupt(&d->queues[i]);
	if (wanted)
		interrupt(d, VIRTIO_MMIO_INT_VRING);
}

void vdev_config_changed(struct vdev *d)
{
	d->generation++;
	if (d->status & VIRTIO_CONFIG_S_DRIVER_OK)
		interrupt(d, VIRTIO_MMIO_INT_CONFIG);
}

void vdev_broken(struct vdev *d)
{
	if (d->status & VIRTIO_CONFIG_S_NEEDS_RESET)
		return;
	d->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	vdev_config_changed(d);
}

static void reset(struct vdev *d)
{
	for (unsigned i = 0; i < VDEV_QUEUES; i++)
		queue_reset(&d->queues[i]);
	d->accepted = 0;
	d->resets++;
	d->status = d->isr = 0;
	d->features_sel = d->driver_sel = d->queue_sel = 0;
	if (d->ops->reset)
		d->ops->reset(d);
}

/* 3.1.1: the driver's choice is final with FEATURES_OK, which does not stick to a wrong one. */
static void set_status(struct vdev *d, uint32_t status)
{
	if (!status) {
		reset(d);
		return;
	}
	if ((status & VIRTIO_CONFIG_S_FEATURES_OK) && !(d->status & VIRTIO_CONFIG_S_FEATURES_OK) &&
	    ((d->accepted & ~d->offered) || !vdev_has(d, VIRTIO_F_VERSION_1)))
		status &= ~(uint32_t)VIRTIO_CONFIG_S_FEATURES_OK;
	d->status = status | (d->status & VIRTIO_CONFIG_S_NEEDS_RESET);
}

static void set_features(struct vdev *d, uint32_t bits)
{
	unsigned shift = d->driver_sel ? 32 : 0;

	if (d->driver_sel > 1 || (d->status & VIRTIO_CONFIG_S_FEATURES_OK))
		return;
	d->accepted = (d->accepted & ~(0xffffffffULL << shift)) | (uint64_t)bits << shift;
}

static void set_ready(struct vdev *d, struct queue *q, uint32_t ready)
{
	if (!ready) {
		queue_reset(q);
		return;
	}
	if (q->ready || !(d->status & VIRTIO_CONFIG_S_FEATURES_OK))
		return;
	q->event_idx = vdev_has(d, VIRTIO_RING_F_EVENT_IDX);
	if (queue_start(q, d->mem) < 0)
		vdev_broken(d);
}

static void set_half(uint64_t *addr, bool high, uint32_t v)
{
	unsigned shift = high ? 32 : 0;

	*addr = (*addr & ~(0xffffffffULL << shift)) | (uint64_t)v << shift;
}

/* The registers of the selected queue; fixed while it is ready. */
static void write_queue(struct vdev *d, uint32_t reg, uint32_t v)
{
	struct queue *q;

	if (d->queue_sel >= VDEV_QUEUES)
		return;
	q = &d->queues[d->queue_sel];
	if (reg == VIRTIO_MMIO_QUEUE_READY) {
		set_ready(d, q, v);
		return;
	}
	if (q->ready)
		return;
	switch (reg) {
	case VIRTIO_MMIO_QUEUE_NUM:
		q->size = v <= q->max ? (uint16_t)v : 0;
		break;
	case VIRTIO_MMIO_QUEUE_DESC_LOW:
	case VIRTIO_MMIO_QUEUE_DESC_HIGH:
		set_half(&q->desc_addr, reg == VIRTIO_MMIO_QUEUE_DESC_HIGH, v);
		break;
	case VIRTIO_MMIO_QUEUE_AVAIL_LOW:
	case VIRTIO_MMIO_QUEUE_AVAIL_HIGH:
		set_half(&q->avail_addr, reg == VIRTIO_MMIO_QUEUE_AVAIL_HIGH, v);
		break;
	case VIRTIO_MMIO_QUEUE_USED_LOW:
	case VIRTIO_MMIO_QUEUE_USED_HIGH:
		set_half(&q->used_addr, reg == VIRTIO_MMIO_QUEUE_USED_HIGH, v);
		break;
	}
}

static void write_register(struct vdev *d, uint32_t reg, uint32_t v)
{
	switch (reg) {
	case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
		d->features_sel = v;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES:
		set_features(d, v);
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
		d->driver_sel = v;
		break;
	case VIRTIO_MMIO_QUEUE_SEL:
		d->queue_sel = v;
		break;
	case VIRTIO_MMIO_QUEUE_NOTIFY: /* normally an ioeventfd */
		eventfd_write(d->kick.fd, 1);
		break;
	case VIRTIO_MMIO_INTERRUPT_ACK:
		__atomic_fetch_and(&d->isr, ~v, __ATOMIC_SEQ_CST);
		break;
	case VIRTIO_MMIO_STATUS:
		set_status(d, v & 0xff);
		break;
	default:
		write_queue(d, reg, v);
	}
}

static uint32_t read_features(const struct vdev *d)
{
	if (d->features_sel > 1)
		return 0;
	return (uint32_t)(d->offered >> (d->features_sel ? 32 : 0));
}

static uint32_t read_register(const struct vdev *d, uint32_t reg)
{
	const struct queue *q = d->queue_sel < VDEV_QUEUES ? &d->queues[d->queue_sel] : NULL;

	switch (reg) {
	case VIRTIO_MMIO_MAGIC_VALUE:
		return MAGIC;
	case VIRTIO_MMIO_VERSION:
		return VERSION;
	case VIRTIO_MMIO_DEVICE_ID:
		return d->ops->id;
	case VIRTIO_MMIO_VENDOR_ID:
		return VENDOR;
	case VIRTIO_MMIO_DEVICE_FEATURES:
		return read_features(d);
	case VIRTIO_MMIO_QUEUE_NUM_MAX:
		return q ? q->max : 0;
	case VIRTIO_MMIO_QUEUE_READY:
		return q && q->ready;
	case VIRTIO_MMIO_INTERRUPT_STATUS:
		return __atomic_load_n(&d->isr, __ATOMIC_SEQ_CST);
	case VIRTIO_MMIO_STATUS:
		return d->status;
	case VIRTIO_MMIO_SHM_LEN_LOW: /* 4.2.2: a region that is not there has length -1 */
	case VIRTIO_MMIO_SHM_LEN_HIGH:
	case VIRTIO_MMIO_SHM_BASE_LOW:
	case VIRTIO_MMIO_SHM_BASE_HIGH:
		return 0xffffffff;
	case VIRTIO_MMIO_CONFIG_GENERATION:
		return d->generation;
	}
	return 0;
}

void mmio_read(struct vdev *d, uint32_t offset, void *data, uint32_t len)
{
	uint32_t v;

	memset(data, 0, len);
	/* The one register that is read at every interrupt; no need to wait for a busy device. */
	if (offset == VIRTIO_MMIO_INTERRUPT_STATUS && len == 4) {
		v = read_register(d, offset);
		memcpy(data, &v, sizeof(v));
		return;
	}
	pthread_mutex_lock(&d->lock);
	if (offset >= VIRTIO_MMIO_CONFIG) {
		offset -= VIRTIO_MMIO_CONFIG;
		if (offset < d->config_len && len <= d->config_len - offset)
			memcpy(data, (uint8_t *)d->config + offset, len);
	} else if (len == 4 && !(offset & 3)) {
		v = read_register(d, offset);
		memcpy(data, &v, sizeof(v));
	}
	pthread_mutex_unlock(&d->lock);
}

static void write_config(struct vdev *d, uint32_t offset, const void *data, uint32_t len)
{
	if (offset >= d->config_len || len > d->config_len - offset ||
	    offset < d->config_len - d->config_writable)
		return;
	memcpy((uint8_t *)d->config + offset, data, len);
	if (d->ops->config_write)
		d->ops->config_write(d, offset, len);
}

void mmio_write(struct vdev *d, uint32_t offset, const void *data, uint32_t len)
{
	uint32_t v;

	if (offset == VIRTIO_MMIO_INTERRUPT_ACK && len == 4) {
		memcpy(&v, data, sizeof(v));
		write_register(d, offset, v);
		return;
	}
	pthread_mutex_lock(&d->lock);
	if (offset >= VIRTIO_MMIO_CONFIG) {
		write_config(d, offset - VIRTIO_MMIO_CONFIG, data, len);
	} else if (len == 4 && !(offset & 3)) {
		memcpy(&v, data, sizeof(v));
		write_register(d, offset, v);
	}
	pthread_mutex_unlock(&d->lock);
}

void vdev_kicked(struct vdev *d)
{
	eventfd_t n;

	eventfd_read(d->kick.fd, &n);
	pthread_mutex_lock(&d->lock);
	if (d->status & VIRTIO_CONFIG_S_DRIVER_OK)
		d->ops->kick(d);
	vdev_flush(d);
	pthread_mutex_unlock(&d->lock);
}

static void kick_ready(struct source *s, uint32_t events)
{
	(void)events;
	vdev_kicked((struct vdev *)((char *)s - offsetof(struct vdev, kick)));
}

int vdev_init(struct vdev *d, const struct vdev_ops *ops, const struct memory *mem, void *config,
	      uint32_t config_len, struct lc_error *e)
{
	d->ops = ops;
	d->mem = mem;
	d->config = config;
	d->config_len = config_len;
	d->offered = ops->features | COMMON_FEATURES;
	for (unsigned i = 0; i < VDEV_QUEUES; i++)
		d->queues[i].max = ops->queue_max[i];
	pthread_mutex_init(&d->lock, NULL);
	d->irq_fd = -1;
	d->kick.ready = kick_ready;
	d->kick.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (d->kick.fd >= 0)
		d->irq_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (d->irq_fd < 0)
		return lc_err_errno(e, "eventfd for virtio %s", ops->name);
	return 0;
}

int vdev_save(struct vdev *d, struct vdev_state *out, struct lc_error *e)
{
	bool broken;

	pthread_mutex_lock(&d->lock);
	broken = d->status & VIRTIO_CONFIG_S_NEEDS_RESET;
	*out = (struct vdev_state){ .id = d->ops->id,
				    .status = d->status,
				    .isr = d->isr,
				    .generation = d->generation,
				    .features_sel = d->features_sel,
				    .driver_sel = d->driver_sel,
				    .queue_sel = d->queue_sel,
				    .offered = d->offered,
				    .accepted = d->accepted };
	for (unsigned i = 0; i < VDEV_QUEUES; i++) {
		const struct queue *q = &d->queues[i];

		broken |= q->broken;
		out->queues[i].desc = q->desc_addr;
		out->queues[i].avail = q->avail_addr;
		out->queues[i].used = q->used_addr;
		out->queues[i].size = q->size;
		out->queues[i].next_avail = q->next_avail;
		out->queues[i].next_used = q->next_used;
		out->queues[i].signalled = q->signalled;
		out->queues[i].ready = q->ready;
		out->queues[i].event_idx = q->event_idx;
	}
	pthread_mutex_unlock(&d->lock);
	return broken ? lc_err(e, LC_ESYSTEM, "virtio %s: broken by its driver", d->ops->name) : 0;
}

static int load_queue(struct vdev *d, const struct vdev_state *s, unsigned i)
{
	struct queue *q = &d->queues[i];

	queue_reset(q);
	if (s->queues[i].size > q->max || s->queues[i].ready > 1 || s->queues[i].event_idx > 1)
		return -1;
	q->desc_addr = s->queues[i].desc;
	q->avail_addr = s->queues[i].avail;
	q->used_addr = s->queues[i].used;
	q->size = s->queues[i].size;
	q->next_avail = s->queues[i].next_avail;
	q->next_used = s->queues[i].next_used;
	q->signalled = s->queues[i].signalled;
	q->event_idx = s->queues[i].event_idx;
	if (!s->queues[i].ready)
		return 0;
	if (queue_resume(q, d->mem) < 0)
		return -1;
	q->ready = true;
	return 0;
}

int vdev_load(struct vdev *d, const struct vdev_state *s, struct lc_error *e)
{
	int r = 0;

	if (s->id != d->ops->id || s->offered != d->offered || s->accepted & ~d->offered ||
	    s->status > 0xff || s->status & VIRTIO_CONFIG_S_NEEDS_RESET)
		return lc_err(e, LC_ESYSTEM, "virtio %s: saved as another device", d->ops->name);
	pthread_mutex_lock(&d->lock);
	d->status = s->status;
	d->isr = s->isr;
	d->generation = s->generation;
	d->features_sel = s->features_sel;
	d->driver_sel = s->driver_sel;
	d->queue_sel = s->queue_sel;
	d->accepted = s->accepted;
	for (unsigned i = 0; i < VDEV_QUEUES && r == 0; i++)
		r = load_queue(d, s, i);
	pthread_mutex_unlock(&d->lock);
	if (r < 0)
		return lc_err(e, LC_ESYSTEM, "virtio %s: saved with a queue that cannot be",
			      d->ops->name);
	eventfd_write(d->kick.fd, 1);
	if (d->isr)
		eventfd_write(d->irq_fd, 1);
	return 0;
}

void vdev_release(struct vdev *d)
{
	fd_release(&d->kick.fd);
	fd_release(&d->irq_fd);
	pthread_mutex_destroy(&d->lock);
}
