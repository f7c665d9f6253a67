/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio network (virtio 1.2, 5.1): packets between two queues and a tap. */
#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* 5.1.2 */
enum { RX, TX };

/* Others are served between two rounds. */
enum { ROUND = 128, ETHERNET_MIN = 14 };

_Static_assert(NET_HEADER == sizeof(struct virtio_net_hdr_v1), "virtio 1.2, 5.1.6");

static struct net *net_of(struct vdev *d)
{
	return (struct net *)d;
}

/* ---- from the guest ---- */

/* What the tap does not take is lost, as on any wire.  The guest's header has nothing to say. */
static void send_packet(struct net *n)
{
	static uint8_t header[NET_HEADER];
	size_t len = n->chain.out_len;
	int k;

	if (len < NET_HEADER + ETHERNET_MIN || len > NET_PACKET_MAX)
		return;
	k = chain_slice_out(&n->chain, NET_HEADER, len - NET_HEADER, n->iov + 1);
	n->iov[0] = (struct iovec){ header, sizeof(header) };
	(void)!writev(n->tap.fd, n->iov, k + 1);
}

static int send_all(struct net *n)
{
	struct queue *q = &n->dev.queues[TX];
	int got = 0;

	for (int i = 0; i < ROUND; i++) {
		got = queue_pop(q, n->dev.mem, &n->chain);
		if (got == 0 && queue_rearm(q))
			continue;
		if (got <= 0)
			return got;
		send_packet(n);
		queue_push(q, &n->chain, 0);
	}
	eventfd_write(n->dev.kick.fd, 1); /* there may be more */
	return 0;
}

/* ---- to the guest ---- */

/* A packet with something left to do is from a tap that was not told: the guest must not take it
 * for a whole one. */
static bool is_whole(const struct net *n, size_t len)
{
	const struct virtio_net_hdr_v1 *h = (const void *)n->packet;

	return len >= NET_HEADER + ETHERNET_MIN && len <= NET_PACKET_MAX &&
	       !(h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) && h->gso_type == VIRTIO_NET_HDR_GSO_NONE;
}

/* The next packet, if there is one, is pending then; -1: the tap is gone. */
static int read_packet(struct net *n)
{
	ssize_t len = read(n->tap.fd, n->packet, sizeof(n->packet));

	if (len < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (is_whole(n, (size_t)len)) {
		n->pending = (size_t)len;
		memset(n->packet, 0, NET_HEADER); /* also that a checksum was looked at */
	}
	return 1;
}

/* Puts the pending packet into as many buffers as it needs: 1, 0 when there are too few, -1.
 * Without mergeable buffers (5.1.6.3.1) it is one or none. */
static int deliver(struct net *n)
{
	struct queue *q = &n->dev.queues[RX];
	bool mergeable = vdev_has(&n->dev, VIRTIO_NET_F_MRG_RXBUF);
	uint16_t used = 0;
	size_t done = 0;

	while (done < n->pending) {
		struct chain *c = used ? &n->chain : &n->first;
		int got = used < NET_QUEUE ? queue_pop(q, n->dev.mem, c) : -1;
		size_t part;

		if (got == 0 && queue_rearm(q))
			continue;
		if (got <= 0) {
			queue_unpop(q, used);
			return got;
		}
		part = chain_write(c, 0, n->packet + done, n->pending - done);
		n->used[used++] = (struct vring_used_elem){ c->head, (uint32_t)part };
		done += part;
		if (done < n->pending && !mergeable) {
			queue_unpop(q, 1);
			n->pending = 0;
			return 1;
		}
		if (n->first.in_len < NET_HEADER) /* 5.1.6.3.1 */
			return -1;
	}
	chain_write(&n->first, offsetof(struct virtio_net_hdr_v1, num_buffers), &used,
		    sizeof(used));
	queue_push_many(q, n->used, used);
	n->pending = 0;
	return 1;
}

static int receive_all(struct net *n)
{
	for (int i = 0; i < ROUND; i++) {
		int got = n->pending ? 1 : read_packet(n);

		if (got > 0 && n->pending)
			got = deliver(n);
		else if (got < 0)
			loop_remove(n->loop, &n->tap);
		if (got <= 0)
			return n->pending ? got : 0;
	}
	return 0;
}

static void wait_for_tap(struct net *n)
{
	bool ready = n->dev.status & VIRTIO_CONFIG_S_DRIVER_OK && n->dev.queues[RX].ready &&
		     !n->dev.queues[RX].broken;

	loop_change(n->loop, &n->tap, ready && !n->pending ? EPOLLIN : 0);
}

static void kick(struct vdev *d)
{
	struct net *n = net_of(d);

	if (!n->tap.added)
		return;
	if (send_all(n) < 0 || receive_all(n) < 0)
		vdev_broken(d);
	wait_for_tap(n);
}

static void tap_ready(struct source *s, uint32_t events)
{
	struct net *n = (struct net *)((char *)s - offsetof(struct net, tap));

	pthread_mutex_lock(&n->dev.lock);
	if (events & (EPOLLERR | EPOLLHUP) && !(events & EPOLLIN))
		loop_remove(n->loop, s); /* it would be reported for ever */
	else if (n->dev.status & VIRTIO_CONFIG_S_DRIVER_OK && receive_all(n) < 0)
		vdev_broken(&n->dev);
	wait_for_tap(n);
	vdev_flush(&n->dev);
	pthread_mutex_unlock(&n->dev.lock);
}

static void reset(struct vdev *d)
{
	net_of(d)->pending = 0;
}

static const struct vdev_ops ops = {
	.name = "network",
	.id = VIRTIO_ID_NET,
	.features = 1ULL << VIRTIO_NET_F_MAC | 1ULL << VIRTIO_NET_F_MRG_RXBUF,
	.queue_max = { NET_QUEUE, NET_QUEUE },
	.kick = kick,
	.reset = reset,
};

int net_init(struct net *n, const struct memory *mem, struct loop *loop, int tap,
	     struct lc_error *e)
{
	n->loop = loop;
	n->tap = (struct source){ .fd = tap, .ready = tap_ready };
	if (fcntl(tap, F_SETFL, O_NONBLOCK) < 0)
		return lc_err_errno(e, "fcntl of a tap");
	return vdev_init(&n->dev, &ops, mem, &n->config, sizeof(n->config), e);
}

int net_attach(struct net *n, const uint8_t mac[6], struct lc_error *e)
{
	int r = 0;

	pthread_mutex_lock(&n->dev.lock);
	memcpy(n->config.mac, mac, sizeof(n->config.mac));
	if (!n->tap.added)
		r = loop_add(n->loop, &n->tap, 0, e);
	pthread_mutex_unlock(&n->dev.lock);
	return r;
}
