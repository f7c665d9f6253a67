/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network device as a driver sees it, with a socket pair in the tap's place. */
#include "microvm/net.h"
#include "base/own.h"
#include "lc_test.h"

#include <fcntl.h>
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_net.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { RAM = 1 << 20, ENTRIES = 256, RX = 0, TX = 1, BUFFERS = 0x40000 };

static uint8_t ram[RAM];
static struct memory memory = { .base = ram, .size = RAM, .low = RAM };
static struct loop loop;
static struct net net;
static struct lc_error e;
static int wire; /* the tap's other side */
static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };

/* ---- a driver ---- */

struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};

/* Each queue's rings have 64 KiB. */
static struct desc *descs(unsigned q)
{
	return (struct desc *)(void *)(ram + q * 0x10000);
}

static uint16_t *avail(unsigned q)
{
	return (uint16_t *)(void *)(ram + q * 0x10000 + 0x4000);
}

static uint16_t *used_head(unsigned q)
{
	return (uint16_t *)(void *)(ram + q * 0x10000 + 0x8000);
}

static struct vring_used_elem *used(unsigned q, unsigned i)
{
	return (struct vring_used_elem *)(void *)(ram + q * 0x10000 + 0x8004) + i;
}

static void set(uint32_t reg, uint32_t v)
{
	mmio_write(&net.dev, reg, &v, sizeof(v));
}

static uint32_t get(uint32_t reg)
{
	uint32_t v;

	mmio_read(&net.dev, reg, &v, sizeof(v));
	return v;
}

static void start(uint32_t features)
{
	set(VIRTIO_MMIO_STATUS, 0);
	memset(ram, 0, sizeof(ram));
	set(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	set(VIRTIO_MMIO_DRIVER_FEATURES, features);
	set(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	set(VIRTIO_MMIO_DRIVER_FEATURES, 1);
	set(VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_FEATURES_OK);
	CHECK(get(VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_FEATURES_OK);
	for (uint32_t q = RX; q <= TX; q++) {
		set(VIRTIO_MMIO_QUEUE_SEL, q);
		set(VIRTIO_MMIO_QUEUE_NUM, ENTRIES);
		set(VIRTIO_MMIO_QUEUE_DESC_LOW, q * 0x10000);
		set(VIRTIO_MMIO_QUEUE_AVAIL_LOW, q * 0x10000 + 0x4000);
		set(VIRTIO_MMIO_QUEUE_USED_LOW, q * 0x10000 + 0x8000);
		set(VIRTIO_MMIO_QUEUE_READY, 1);
	}
	set(VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK);
}

static void make(uint32_t features)
{
	int pair[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	wire = pair[1];
	CHECK_OK(loop_init(&loop, &e), &e);
	CHECK_OK(net_init(&net, &memory, &loop, pair[0], &e), &e);
	CHECK_OK(loop_add(&loop, &net.dev.kick, EPOLLIN, &e), &e);
	CHECK_OK(net_attach(&net, mac, &e), &e);
	start(features);
}

static void offer(unsigned q, uint16_t head)
{
	avail(q)[2 + avail(q)[1] % ENTRIES] = head;
	avail(q)[1]++;
}

/* Buffers of @sizes (up to a 0), chained from descriptor @at on. */
static void add_chain(unsigned q, uint16_t at, const uint32_t *sizes, uint32_t where)
{
	uint16_t i = at;

	for (; *sizes; sizes++, i++) {
		descs(q)[i] = (struct desc){ where, *sizes,
					     (uint16_t)((q == RX ? VRING_DESC_F_WRITE : 0) |
							(sizes[1] ? VRING_DESC_F_NEXT : 0)),
					     (uint16_t)(i + 1) };
		where += *sizes;
	}
	offer(q, at);
}

/* What the loop would do: all that is ready now. */
static void turn(void)
{
	struct epoll_event ev[4];
	int n, rounds = 0;

	set(VIRTIO_MMIO_QUEUE_NOTIFY, RX);
	while ((n = epoll_wait(loop.epoll, ev, 4, 0)) > 0 && rounds++ < 100)
		for (int i = 0; i < n; i++) {
			struct source *s = ev[i].data.ptr;

			if (s->added)
				s->ready(s, ev[i].events);
		}
	CHECK(rounds < 100); /* it does not spin */
}

static bool is_broken(void)
{
	return get(VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET;
}

/* A packet as a tap gives it, all of whose bytes are known. */
static void wire_send(size_t len, uint8_t flags, uint8_t gso)
{
	static uint8_t p[NET_PACKET_MAX + 100];
	struct virtio_net_hdr_v1 h = { .flags = flags, .gso_type = gso };

	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)(i * 7 + i / 251);
	memcpy(p, &h, sizeof(h));
	CHECK_INT(send(wire, p, len, 0), len);
}

static void check_bytes(const uint8_t *p, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (p[i] != (uint8_t)(i * 7 + i / 251))
			FAIL("byte %zu is %d", i, p[i]);
}

enum { MERGEABLE = 1 << VIRTIO_NET_F_MRG_RXBUF };

/* ---- what it is ---- */

TEST(it_offers_an_address_and_nothing_that_leaves_work)
{
	uint8_t got[6];
	static const int never[] = { VIRTIO_NET_F_CSUM,	      VIRTIO_NET_F_GUEST_CSUM,
				     VIRTIO_NET_F_GUEST_TSO4, VIRTIO_NET_F_GUEST_TSO6,
				     VIRTIO_NET_F_HOST_TSO4,  VIRTIO_NET_F_HOST_TSO6,
				     VIRTIO_NET_F_HOST_UFO,   VIRTIO_NET_F_GUEST_UFO };

	make(0);
	CHECK_INT(get(VIRTIO_MMIO_DEVICE_ID), 1);
	mmio_read(&net.dev, VIRTIO_MMIO_CONFIG, got, 6);
	CHECK_INT(memcmp(got, mac, 6), 0);
	set(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		CHECK_INT(get(VIRTIO_MMIO_DEVICE_FEATURES) >> never[i] & 1, 0);
	CHECK(get(VIRTIO_MMIO_DEVICE_FEATURES) & MERGEABLE);
}

/* ---- from the guest ---- */

TEST(a_packet_leaves_with_an_empty_header_however_it_is_cut)
{
	static const uint32_t shapes[][6] = {
		{ 112 }, { 12, 100 }, { 5, 107 }, { 1, 11, 1, 99 }, { 20, 46, 46 }, { 12, 13, 87 },
	};
	uint8_t got[200];

	for (size_t s = 0; s < ARRAY_SIZE(shapes); s++) {
		make(MERGEABLE);
		for (size_t i = 0; i < 112; i++)
			ram[BUFFERS + i] = (uint8_t)(i * 7);
		memset(ram + BUFFERS, 0xff, NET_HEADER); /* it asks for everything */
		add_chain(TX, 3, shapes[s], BUFFERS);
		turn();
		CHECK_INT(recv(wire, got, sizeof(got), 0), 112);
		for (size_t i = 0; i < 112; i++)
			CHECK_INT(got[i], i < NET_HEADER ? 0 : (uint8_t)(i * 7));
		CHECK_INT(used_head(TX)[1], 1);
		CHECK_INT(used(TX, 0)->id, 3);
	}
}

TEST(packets_too_short_and_too_long_are_not_sent_and_given_back)
{
	static const uint32_t bad[][3] = { { 1 }, { 12 }, { 12, 13 }, { 0x10000, 100 } };
	uint8_t got[1];

	make(0);
	for (uint16_t i = 0; i < ARRAY_SIZE(bad); i++)
		add_chain(TX, (uint16_t)(4 * i), bad[i], BUFFERS);
	turn();
	CHECK_ERRNO(recv(wire, got, sizeof(got), 0), EAGAIN);
	CHECK_INT(used_head(TX)[1], ARRAY_SIZE(bad));
	CHECK(!is_broken());
}

TEST(the_largest_packet_is_sent)
{
	static uint8_t got[NET_PACKET_MAX + 1];
	static const uint32_t sizes[] = { NET_HEADER, 0x8000, NET_PACKET_MAX - NET_HEADER - 0x8000,
					  0 };

	make(0);
	add_chain(TX, 0, sizes, BUFFERS);
	turn();
	CHECK_INT(recv(wire, got, sizeof(got), 0), NET_PACKET_MAX);
}

TEST(more_than_a_round_is_sent_and_in_order)
{
	static const uint32_t sizes[] = { 60, 0 };
	uint8_t got[100];

	make(0);
	for (int round = 0; round < 3; round++) {
		for (uint16_t i = 0; i < 200; i++) {
			ram[BUFFERS + 64 * i + 20] = (uint8_t)i;
			add_chain(TX, i, sizes, BUFFERS + 64U * i);
		}
		for (int i = 0; i < 200; i++) {
			if (i % 100 == 0)
				turn();
			CHECK_INT(recv(wire, got, sizeof(got), 0), 60);
			CHECK_INT(got[20], i);
		}
	}
	CHECK_INT(used_head(TX)[1], 600);
}

TEST(what_the_tap_does_not_take_is_lost_and_stops_nothing)
{
	static const uint32_t sizes[] = { 0x8000, 0 };

	make(0);
	for (int round = 0; round < 20; round++) {
		add_chain(TX, 0, sizes, BUFFERS);
		turn();
	}
	CHECK_INT(used_head(TX)[1], 20);
	CHECK(!is_broken());
}

/* ---- to the guest ---- */

TEST(a_packet_arrives_whole_however_buffers_are_cut)
{
	static const uint32_t shapes[][6] = {
		{ 2000 }, { 12, 1500 }, { 12, 1, 1, 1500 }, { 7, 5, 1488 }, { 1500 },
	};

	for (size_t s = 0; s < ARRAY_SIZE(shapes); s++)
		for (int mergeable = 0; mergeable < 2; mergeable++) {
			make(mergeable ? MERGEABLE : 0);
			add_chain(RX, 9, shapes[s], BUFFERS);
			wire_send(1500, 0, 0);
			turn();
			CHECK_INT(used_head(RX)[1], 1);
			CHECK_INT(used(RX, 0)->id, 9);
			CHECK_INT(used(RX, 0)->len, 1500);
			check_bytes(ram + BUFFERS, NET_HEADER, 1500);
			CHECK_INT(ram[BUFFERS + 10], 1); /* num_buffers */
			for (int i = 0; i < 10; i++)
				CHECK_INT(ram[BUFFERS + i], 0);
		}
}

TEST(a_large_packet_is_spread_over_buffers_that_are_seen_together)
{
	static const uint32_t sizes[] = { 1536, 0 };
	uint32_t sum = 0;

	make(MERGEABLE);
	for (uint16_t i = 0; i < 5; i++)
		add_chain(RX, i, sizes, BUFFERS + 1536U * i);
	wire_send(9026, 0, 0);
	turn();
	CHECK_INT(used_head(RX)[1], 0); /* not a part of it */
	add_chain(RX, 5, sizes, BUFFERS + 1536U * 5);
	turn();
	CHECK_INT(used_head(RX)[1], 6);
	for (uint16_t i = 0; i < 6; i++) {
		CHECK_INT(used(RX, i)->id, i);
		sum += used(RX, i)->len;
	}
	CHECK_INT(sum, 9026);
	CHECK_INT(ram[BUFFERS + 10], 6);
	check_bytes(ram + BUFFERS, NET_HEADER, 9026);
}

TEST(without_mergeable_buffers_what_does_not_fit_is_dropped)
{
	static const uint32_t sizes[] = { 1000, 0 };

	make(0);
	add_chain(RX, 0, sizes, BUFFERS);
	wire_send(1001, 0, 0);
	wire_send(1000, 0, 0);
	turn();
	CHECK_INT(used_head(RX)[1], 1);
	CHECK_INT(used(RX, 0)->len, 1000);
	check_bytes(ram + BUFFERS, NET_HEADER, 1000);
}

TEST(packets_wait_in_order_for_buffers)
{
	static const uint32_t sizes[] = { 2000, 0 };

	make(MERGEABLE);
	for (size_t len = 100; len <= 300; len += 100)
		wire_send(len, 0, 0);
	turn();
	turn();
	for (uint16_t i = 0; i < 3; i++) {
		add_chain(RX, i, sizes, BUFFERS + 2000U * i);
		turn();
		CHECK_INT(used_head(RX)[1], i + 1);
		CHECK_INT(used(RX, i)->len, 100 * (i + 1));
	}
}

/* A checksum that is still to be made must not reach a guest that takes it for made. */
TEST(what_a_tap_left_to_do_is_dropped_and_what_it_has_done_is_forgotten)
{
	static const uint32_t sizes[] = { 2000, 0 };

	make(MERGEABLE);
	add_chain(RX, 0, sizes, BUFFERS);
	wire_send(200, VIRTIO_NET_HDR_F_NEEDS_CSUM, 0);
	wire_send(300, 0, VIRTIO_NET_HDR_GSO_TCPV4);
	wire_send(20, 0, 0);
	wire_send(NET_PACKET_MAX, 0, 0); /* for which there is too little room */
	turn();
	CHECK_INT(used_head(RX)[1], 0);
	make(MERGEABLE);
	add_chain(RX, 0, sizes, BUFFERS);
	wire_send(400, VIRTIO_NET_HDR_F_DATA_VALID, 0);
	turn();
	CHECK_INT(used_head(RX)[1], 1);
	CHECK_INT(ram[BUFFERS], 0);
}

TEST(nothing_is_read_before_the_driver_is_ready_and_a_reset_forgets)
{
	static const uint32_t sizes[] = { 2000, 0 };

	make(MERGEABLE);
	set(VIRTIO_MMIO_STATUS, 0);
	wire_send(100, 0, 0);
	turn();
	start(MERGEABLE);
	turn(); /* is read, has no buffer */
	wire_send(200, 0, 0);
	start(MERGEABLE);
	add_chain(RX, 0, sizes, BUFFERS);
	turn();
	CHECK_INT(used(RX, 0)->len, 200);
}

/* ---- a driver that breaks the rules ---- */

TEST(buffers_too_small_break_the_device_and_nothing_else)
{
	static const uint32_t one[] = { 1, 0 }, no_header[] = { 11, 0 };

	make(MERGEABLE);
	add_chain(RX, 0, no_header, BUFFERS);
	add_chain(RX, 1, no_header, BUFFERS);
	wire_send(22 + NET_HEADER, 0, 0);
	turn();
	CHECK(is_broken());
	make(MERGEABLE);
	descs(RX)[0] = (struct desc){ BUFFERS, 12, VRING_DESC_F_WRITE, 0 };
	offer(RX, 0);
	for (uint16_t i = 1; i < ENTRIES; i++)
		add_chain(RX, i, one, BUFFERS + i);
	wire_send(1000, 0, 0);
	turn();
	CHECK(is_broken());
	start(MERGEABLE);
	CHECK(!is_broken());
}

TEST(hostile_descriptors_break_the_device)
{
	static const struct desc bad[] = {
		{ RAM - 10, 100, 0, 0 }, /* beyond memory */
		{ UINT64_MAX, 100, 0, 0 },
		{ BUFFERS, 100, VRING_DESC_F_NEXT, 0 }, /* a loop */
		{ BUFFERS, 100, VRING_DESC_F_NEXT, ENTRIES }, /* beyond the table */
		{ BUFFERS, 100, VRING_DESC_F_INDIRECT, 0 }, /* no multiple of 16 */
		{ BUFFERS, UINT32_MAX, 0, 0 },
	};

	for (unsigned q = RX; q <= TX; q++)
		for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
			make(MERGEABLE);
			descs(q)[0] = bad[i];
			if (q == RX)
				descs(q)[0].flags |= VRING_DESC_F_WRITE;
			offer(q, 0);
			wire_send(100, 0, 0);
			turn();
			CHECK(is_broken());
		}
}

TEST(buffers_of_the_wrong_direction_carry_nothing)
{
	static const uint32_t sizes[] = { 100, 0 };
	uint8_t got[1];

	make(0);
	add_chain(TX, 0, sizes, BUFFERS);
	descs(TX)[0].flags = VRING_DESC_F_WRITE;
	add_chain(RX, 0, sizes, BUFFERS);
	descs(RX)[0].flags = 0;
	wire_send(100, 0, 0);
	turn();
	CHECK_ERRNO(recv(wire, got, sizeof(got), 0), EAGAIN);
	CHECK_INT(ram[BUFFERS + 20], 0);
}

TEST(a_tap_that_is_gone_stops_nothing)
{
	static const uint32_t sizes[] = { 100, 0 };

	make(MERGEABLE);
	close(wire);
	add_chain(TX, 0, sizes, BUFFERS);
	add_chain(RX, 0, sizes, BUFFERS);
	turn();
	turn();
	CHECK(!is_broken());
}
