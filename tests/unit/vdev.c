/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device that was saved with a template goes on where it was, and with nothing else. */
#include "lc_test.h"
#include "microvm/rng.h"

#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <sys/eventfd.h>

enum { RAM = 1 << 16, DESC = 0, AVAIL = 0x100, USED = 0x200, BUFFER = 0x1000 };

static _Alignas(4096) uint8_t ram[RAM];
static const struct memory memory = { .base = ram, .size = RAM, .low = RAM };
static struct lc_error e;

static void set(struct vdev *d, uint32_t reg, uint32_t v)
{
	mmio_write(d, reg, &v, sizeof(v));
}

/* As a driver does it. */
static void start(struct vdev *d)
{
	set(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	set(d, VIRTIO_MMIO_DRIVER_FEATURES, 1);
	set(d, VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_FEATURES_OK);
	set(d, VIRTIO_MMIO_QUEUE_NUM, 8);
	set(d, VIRTIO_MMIO_QUEUE_DESC_LOW, DESC);
	set(d, VIRTIO_MMIO_QUEUE_AVAIL_LOW, AVAIL);
	set(d, VIRTIO_MMIO_QUEUE_USED_LOW, USED);
	set(d, VIRTIO_MMIO_QUEUE_READY, 1);
	set(d, VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK);
}

/* A request for 32 bytes, the @nth. */
static void ask(uint16_t nth)
{
	struct vring_desc d = { .addr = BUFFER, .len = 32, .flags = VRING_DESC_F_WRITE };
	uint16_t head = 0;

	memset(ram + BUFFER, 0, 32);
	memcpy(ram + DESC, &d, sizeof(d));
	memcpy(ram + AVAIL + 4 + 2 * ((nth - 1) % 8), &head, 2);
	memcpy(ram + AVAIL + 2, &nth, 2);
}

static uint16_t answered(void)
{
	uint16_t n;

	memcpy(&n, ram + USED + 2, 2);
	return n;
}

static bool is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static struct vdev_state state_of_a_running_one(void)
{
	struct rng rng = { 0 };
	struct vdev_state s;

	CHECK_OK(rng_init(&rng, &memory, &e), &e);
	start(&rng.dev);
	ask(1);
	vdev_kicked(&rng.dev);
	CHECK_INT(answered(), 1);
	CHECK_OK(vdev_save(&rng.dev, &s, &e), &e);
	return s;
}

TEST(it_answers_what_came_while_it_was_saved)
{
	static struct rng rng;
	struct vdev_state s = state_of_a_running_one();
	static const uint8_t zeros[32];
	uint32_t status;

	ask(2);
	CHECK_OK(rng_init(&rng, &memory, &e), &e);
	CHECK_OK(vdev_load(&rng.dev, &s, &e), &e);
	CHECK(is_readable(rng.dev.irq_fd)); /* the first answer's, which may be lost */
	CHECK(is_readable(rng.dev.kick.fd));
	vdev_kicked(&rng.dev);
	CHECK_INT(answered(), 2);
	CHECK(memcmp(ram + BUFFER, zeros, sizeof(zeros)) != 0);
	mmio_read(&rng.dev, VIRTIO_MMIO_STATUS, &status, 4);
	CHECK_INT(status, VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK);
}

TEST(one_that_its_driver_broke_is_not_saved)
{
	static struct rng rng;
	struct vdev_state s;

	CHECK_OK(rng_init(&rng, &memory, &e), &e);
	start(&rng.dev);
	ask(1);
	ram[AVAIL + 4] = 200; /* there is no such descriptor */
	vdev_kicked(&rng.dev);
	CHECK_INT(vdev_save(&rng.dev, &s, &e), -1);
	CHECK_CONTAINS(e.msg, "virtio rng: broken by its driver");
}

static void other_device(struct vdev_state *s)
{
	s->id++;
}

static void other_features(struct vdev_state *s)
{
	s->offered ^= 1;
}

static void more_features(struct vdev_state *s)
{
	s->accepted |= 1ULL << 60;
}

static void needs_reset(struct vdev_state *s)
{
	s->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
}

static void large_queue(struct vdev_state *s)
{
	s->queues[0].size = 512;
}

static void odd_queue(struct vdev_state *s)
{
	s->queues[0].size = 7;
}

static void queue_outside(struct vdev_state *s)
{
	s->queues[0].used = RAM - 8;
}

static void queue_far_outside(struct vdev_state *s)
{
	s->queues[0].desc = UINT64_MAX - 15;
}

static void queue_that_is_not_there(struct vdev_state *s)
{
	s->queues[1] = s->queues[0];
}

static void odd_flag(struct vdev_state *s)
{
	s->queues[0].ready = 2;
}

TEST(a_state_that_cannot_be_is_refused)
{
	static void (*const spoil[])(struct vdev_state *) = {
		other_device,  other_features,
		more_features, needs_reset,
		large_queue,   odd_queue,
		queue_outside, queue_far_outside,
		odd_flag,      queue_that_is_not_there,
	};

	for (size_t i = 0; i < ARRAY_SIZE(spoil); i++) {
		struct rng rng = { 0 };
		struct vdev_state s = state_of_a_running_one();

		memset(ram, 0, sizeof(ram));
		spoil[i](&s);
		CHECK_OK(rng_init(&rng, &memory, &e), &e);
		if (vdev_load(&rng.dev, &s, &e) == 0)
			FAIL("number %zu was taken", i);
		CHECK_CONTAINS(e.msg, "virtio rng: saved ");
	}
}
