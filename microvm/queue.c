/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Split virtqueues (virtio 1.2, 2.7): rings and chains, with every bound a guest may try. */
#include "queue.h"

#include <linux/virtio_ring.h>
#include <string.h>

/* A descriptor, copied out of guest memory once: what is checked is what is used. */
struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};
_Static_assert(sizeof(struct desc) == sizeof(struct vring_desc), "virtio 1.2, 2.7.5");

static uint16_t load16(volatile uint8_t *p)
{
	return __atomic_load_n((volatile uint16_t *)p, __ATOMIC_ACQUIRE);
}

static void store16(volatile uint8_t *p, uint16_t v)
{
	__atomic_store_n((volatile uint16_t *)p, v, __ATOMIC_RELEASE);
}

/* Field offsets of the rings (2.7.6, 2.7.8). */
static volatile uint8_t *avail_idx(const struct queue *q)
{
	return q->avail + 2;
}

static volatile uint8_t *avail_ring(const struct queue *q, uint16_t i)
{
	return q->avail + 4 + 2 * (size_t)(i & (q->size - 1));
}

static volatile uint8_t *used_event(const struct queue *q)
{
	return q->avail + 4 + 2 * (size_t)q->size;
}

static volatile uint8_t *used_idx(const struct queue *q)
{
	return q->used + 2;
}

static volatile uint8_t *avail_event(const struct queue *q)
{
	return q->used + 4 + 8 * (size_t)q->size;
}

static int broken(struct queue *q)
{
	q->broken = true;
	return -1;
}

int queue_resume(struct queue *q, const struct memory *mem)
{
	size_t n = q->size;

	if (!q->max || !n || n > q->max || (n & (n - 1)))
		return -1;
	if ((q->desc_addr & 15) || (q->avail_addr & 1) || (q->used_addr & 3))
		return -1;
	q->desc = memory_at(mem, q->desc_addr, 16 * n);
	q->avail = memory_at(mem, q->avail_addr, 6 + 2 * n);
	q->used = memory_at(mem, q->used_addr, 6 + 8 * n);
	return q->desc && q->avail && q->used ? 0 : -1;
}

int queue_start(struct queue *q, const struct memory *mem)
{
	if (queue_resume(q, mem) < 0)
		return broken(q);
	q->next_avail = q->next_used = q->signalled = 0;
	q->broken = false;
	q->ready = true;
	return 0;
}

void queue_reset(struct queue *q)
{
	*q = (struct queue){ .max = q->max };
}

/* Adds one buffer; writable ones come last (2.7.4.2). */
static int add_buffer(struct chain *c, const struct memory *mem, const struct desc *d)
{
	bool in = d->flags & VRING_DESC_F_WRITE;
	size_t n = (size_t)c->n_out + c->n_in;
	void *p = memory_at(mem, d->addr, d->len);

	if (!p || n == CHAIN_MAX || (!in && c->n_in))
		return -1;
	c->iov[n] = (struct iovec){ p, d->len };
	if (in) {
		c->n_in++;
		c->in_len += d->len;
	} else {
		c->n_out++;
		c->out_len += d->len;
	}
	return 0;
}

static struct desc load_desc(const volatile uint8_t *table, uint32_t i)
{
	struct desc d;

	memcpy(&d, (const uint8_t *)table + 16 * (size_t)i, sizeof(d));
	__asm__ volatile("" : : : "memory"); /* not again */
	return d;
}

/* Follows @table from entry @i. A chain longer than its table is a loop. */
static int walk(struct chain *c, const struct memory *mem, const volatile uint8_t *table,
		uint32_t entries, uint32_t i, bool indirect)
{
	for (uint32_t left = entries; left; left--) {
		struct desc d;
		const volatile uint8_t *inner;

		if (i >= entries)
			return -1;
		d = load_desc(table, i);
		if (d.flags & VRING_DESC_F_INDIRECT) {
			/* 2.7.5.3.1: not nested, not together with NEXT. */
			if (indirect || (d.flags & VRING_DESC_F_NEXT) || !d.len || d.len % 16)
				return -1;
			inner = memory_at(mem, d.addr, d.len);
			return inner ? walk(c, mem, inner, d.len / 16, 0, true) : -1;
		}
		if (add_buffer(c, mem, &d) < 0)
			return -1;
		if (!(d.flags & VRING_DESC_F_NEXT))
			return 0;
		i = d.next;
	}
	return -1;
}

int queue_pop(struct queue *q, const struct memory *mem, struct chain *c)
{
	uint16_t idx;

	if (!q->ready)
		return 0;
	if (q->broken)
		return -1;
	idx = load16(avail_idx(q));
	if (idx == q->next_avail)
		return 0;
	if ((uint16_t)(idx - q->next_avail) > q->size)
		return broken(q);
	c->head = load16(avail_ring(q, q->next_avail));
	c->n_out = c->n_in = 0;
	c->out_len = c->in_len = 0;
	if (c->head >= q->size || walk(c, mem, q->desc, q->size, c->head, false) < 0)
		return broken(q);
	q->next_avail++;
	return 1;
}

void queue_push(struct queue *q, const struct chain *c, uint32_t len)
{
	struct vring_used_elem e = { c->head, len };

	queue_push_many(q, &e, 1);
}

void queue_unpop(struct queue *q, uint16_t n)
{
	q->next_avail -= n;
}

void queue_push_many(struct queue *q, const struct vring_used_elem *v, uint16_t n)
{
	if (!q->ready || q->broken)
		return;
	for (uint16_t i = 0; i < n; i++, q->next_used++)
		memcpy((uint8_t *)q->used + 4 + 8 * (size_t)(q->next_used & (q->size - 1)), &v[i],
		       sizeof(v[i]));
	store16(used_idx(q), q->next_used);
}

bool queue_rearm(struct queue *q)
{
	if (!q->ready || q->broken)
		return false;
	if (q->event_idx)
		store16(avail_event(q), q->next_avail);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return load16(avail_idx(q)) != q->next_avail;
}

bool queue_wants_interrupt(struct queue *q)
{
	uint16_t now = q->next_used, before = q->signalled;

	if (!q->ready || now == before)
		return false;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	q->signalled = now;
	if (q->event_idx)
		return vring_need_event(load16(used_event(q)), now, before);
	return !(load16(q->avail) & VRING_AVAIL_F_NO_INTERRUPT);
}

/* The part [@offset, @offset + @len) of @n buffers. */
static int slice(const struct iovec *from, unsigned n, size_t offset, size_t len, struct iovec *iov)
{
	int made = 0;

	for (unsigned i = 0; i < n && len; i++) {
		size_t have = from[i].iov_len, take;

		if (offset >= have) {
			offset -= have;
			continue;
		}
		take = have - offset < len ? have - offset : len;
		iov[made++] = (struct iovec){ (uint8_t *)from[i].iov_base + offset, take };
		len -= take;
		offset = 0;
	}
	return made;
}

int chain_slice_out(const struct chain *c, size_t offset, size_t len, struct iovec *iov)
{
	return slice(c->iov, c->n_out, offset, len, iov);
}

int chain_slice_in(const struct chain *c, size_t offset, size_t len, struct iovec *iov)
{
	return slice(c->iov + c->n_out, c->n_in, offset, len, iov);
}

/* Copies @len bytes between @data and @n buffers at @offset; returns how many there were. */
static size_t copy(const struct iovec *iov, unsigned n, size_t offset, uint8_t *data, size_t len,
		   bool to_guest)
{
	size_t done = 0;

	for (unsigned i = 0; i < n && done < len; i++) {
		size_t have = iov[i].iov_len, take;
		uint8_t *p = iov[i].iov_base;

		if (offset >= have) {
			offset -= have;
			continue;
		}
		take = have - offset < len - done ? have - offset : len - done;
		if (to_guest)
			memcpy(p + offset, data + done, take);
		else
			memcpy(data + done, p + offset, take);
		done += take;
		offset = 0;
	}
	return done;
}

size_t chain_read(const struct chain *c, size_t offset, void *data, size_t len)
{
	return copy(c->iov, c->n_out, offset, data, len, false);
}

size_t chain_write(const struct chain *c, size_t offset, const void *data, size_t len)
{
	return copy(c->iov + c->n_out, c->n_in, offset, (uint8_t *)data, len, true);
}
