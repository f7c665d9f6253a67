/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio entropy (virtio 1.2, 5.4). */
#include "rng.h"

#include <linux/virtio_ids.h>
#include <sys/random.h>

enum { REQUEST_MAX = 4096 }; /* a driver asks again; a flood costs it more than us */

static uint32_t fill(struct chain *c)
{
	uint32_t done = 0;

	for (unsigned i = c->n_out; i < (unsigned)c->n_out + c->n_in && done < REQUEST_MAX; i++) {
		size_t want = c->iov[i].iov_len;
		ssize_t n;

		if (want > REQUEST_MAX - done)
			want = REQUEST_MAX - done;
		n = getrandom(c->iov[i].iov_base, want, 0);
		if (n < 0)
			break;
		done += (uint32_t)n;
	}
	return done;
}

static void kick(struct vdev *d)
{
	struct rng *r = (struct rng *)d;
	struct queue *q = &d->queues[0];
	int got;

	do {
		while ((got = queue_pop(q, d->mem, &r->chain)) > 0)
			queue_push(q, &r->chain, fill(&r->chain));
	} while (got == 0 && queue_rearm(q));
	if (got < 0)
		vdev_broken(d);
}

static const struct vdev_ops ops = {
	.name = "rng",
	.id = VIRTIO_ID_RNG,
	.queue_max = { 16 },
	.kick = kick,
};

int rng_init(struct rng *r, const struct memory *mem, struct lc_error *e)
{
	return vdev_init(&r->dev, &ops, mem, NULL, 0, e);
}
