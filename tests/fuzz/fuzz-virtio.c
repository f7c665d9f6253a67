/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that does anything to a device: registers are read and written at any offset and size,
 * its memory holds any rings, chains and requests.  The devices have no files and no broker; the
 * network's tap is a socket pair, on which packets of any length come.
 *
 * sources: libcontainer/base libcontainer/sys/fd.c microvm/queue.c microvm/mmio.c microvm/memory.c
 * sources: microvm/loop.c microvm/rng.c microvm/console.c microvm/fs.c libcontainer/sys/confine.c
 * sources: microvm/net.c microvm/snapshot.c
 */
#include "fuzz.h"
#include "microvm/console.h"
#include "microvm/fs.h"
#include "microvm/net.h"
#include "microvm/rng.h"

#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { RAM = 1 << 16, STEPS = 64 };

static uint8_t ram[RAM];
static struct memory memory = { .base = ram, .size = RAM, .low = RAM };

static void set(struct vdev *d, uint32_t reg, uint32_t v)
{
	mmio_write(d, reg, &v, sizeof(v));
}

/* As a driver does it, so that what follows reaches the queues; each ring has a place of its own.
 */
static void start(struct vdev *d)
{
	set(d, VIRTIO_MMIO_STATUS, 0);
	set(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	set(d, VIRTIO_MMIO_DRIVER_FEATURES, 1);
	set(d, VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_FEATURES_OK);
	for (uint32_t i = 0; i < VDEV_QUEUES; i++) {
		set(d, VIRTIO_MMIO_QUEUE_SEL, i);
		set(d, VIRTIO_MMIO_QUEUE_NUM, 16);
		set(d, VIRTIO_MMIO_QUEUE_DESC_LOW, i * 0x1000);
		set(d, VIRTIO_MMIO_QUEUE_AVAIL_LOW, i * 0x1000 + 0x100);
		set(d, VIRTIO_MMIO_QUEUE_USED_LOW, i * 0x1000 + 0x200);
		set(d, VIRTIO_MMIO_QUEUE_READY, 1);
	}
	set(d, VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK);
}

static void step(struct vdev *d, struct input *in)
{
	uint32_t what = input_take(in, 1), at = input_take(in, 2), v = input_take(in, 4);
	static const uint32_t sizes[] = { 1, 2, 4, 8 };
	uint8_t data[8] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24) };

	switch (what & 3) {
	case 0:
		mmio_write(d, at & 0xfff, data, sizes[what >> 2 & 3]);
		break;
	case 1:
		mmio_read(d, at & 0xfff, data, sizes[what >> 2 & 3]);
		break;
	case 2:
		memcpy(ram + (at & (RAM - 4)), data, 4);
		break;
	case 3:
		vdev_kicked(d);
		break;
	}
}

/* The other side of the tap; its packets are of three bytes' length, and of zeros. */
static int wire;

static void init_net(struct net *n, struct loop *loop)
{
	struct lc_error e;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0 ||
	    net_init(n, &memory, loop, pair[0], &e) < 0 ||
	    net_attach(n, (const uint8_t *)"\2\0\0\0\0\1", &e) < 0)
		abort();
	wire = pair[1];
}

static void exchange(struct net *n, uint32_t len)
{
	static uint8_t packet[NET_PACKET_MAX];

	while (recv(wire, packet, sizeof(packet), 0) > 0)
		;
	memset(packet, 0, sizeof(packet));
	(void)!send(wire, packet, len % sizeof(packet), 0);
	if (n->tap.events)
		n->tap.ready(&n->tap, n->tap.events);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct console console;
	static struct rng rng;
	static struct fs fs;
	static struct net net;
	static struct loop loop;
	static struct vdev *devices[4];
	struct input in = { data, size };
	struct lc_error e = { 0 };
	struct vdev *d;

	if (!devices[0]) {
		if (loop_init(&loop, &e) < 0 ||
		    console_init(&console, &memory, &loop, -1, -1, &e) < 0 ||
		    rng_init(&rng, &memory, &e) < 0 || fs_init(&fs, &memory, -1, &e) < 0)
			abort();
		devices[0] = &console.dev;
		devices[1] = &rng.dev;
		devices[2] = &fs.dev;
		init_net(&net, &loop);
		devices[3] = &net.dev;
	}
	d = devices[input_take(&in, 1) % 4];
	memset(ram, 0, sizeof(ram));
	start(d);
	/* What is left when the steps are done was in memory before them. */
	if (in.size > STEPS * 7) {
		size_t n = in.size - STEPS * 7;

		memcpy(ram, in.data + STEPS * 7, n < RAM ? n : RAM);
		in.size = STEPS * 7;
	}
	while (in.size) {
		if (d == &net.dev)
			exchange(&net, input_take(&in, 2));
		step(d, &in);
	}
	vdev_kicked(d);
	return 0;
}
