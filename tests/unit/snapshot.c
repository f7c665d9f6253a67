/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file of a template's state: what was written is read, and nothing else is. */
#include "microvm/snapshot.h"
#include "base/own.h"
#include "lc_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static struct lc_error e;
static struct arena a;

static const struct snapshot_extent extents[] = { { 0, 8192 }, { 65536, 4096 } };

static struct snapshot_head head_of(uint32_t mib, uint32_t cpus)
{
	struct snapshot_head head = { .memory_mib = mib, .cpus = cpus };

	head.memory.size = (uint64_t)mib << 20;
	memset(head.key, 'k', sizeof(head.key));
	return head;
}

/* Of a machine with two processors and devices in slots 0 and 3. */
static struct buf whole(void)
{
	struct snapshot_head head = head_of(1, 2);
	struct buf b = { .arena = &a };

	snapshot_begin(&b);
	snapshot_add(&b, PART_FACTS, 0, "facts", 5);
	snapshot_add(&b, PART_EXTENTS, 0, extents, sizeof(extents));
	snapshot_add(&b, PART_MACHINE, 0, "machine", 7);
	snapshot_add(&b, PART_CPU, 0, "first", 5);
	snapshot_add(&b, PART_CPU, 1, "second", 6);
	snapshot_add(&b, PART_DEVICE, 0, "console", 7);
	snapshot_add(&b, PART_DEVICE, 3, "balloon", 7);
	snapshot_end(&b, &head);
	return b;
}

static int parse(const struct buf *b, struct snapshot *s)
{
	e = (struct lc_error){ 0 };
	return snapshot_parse(b->str, b->len, s, &e);
}

TEST(a_template_is_read_as_it_was_written)
{
	struct buf b = whole();
	struct snapshot s;

	CHECK_OK(parse(&b, &s), &e);
	CHECK_INT(s.head.memory_mib, 1);
	CHECK_INT(s.head.cpus, 2);
	CHECK_INT(s.head.key[31], 'k');
	CHECK_INT(s.facts.len, 5);
	CHECK(!memcmp(s.facts.data, "facts", 5));
	CHECK(!memcmp(s.cpus[1].data, "second", 6));
	CHECK(!memcmp(s.devices[3].data, "balloon", 7));
	CHECK(!s.devices[1].data);
	CHECK_INT(s.n_extents, 2);
	CHECK_INT(snapshot_extent(&s, 1).at, 65536);
}

TEST(a_bit_that_was_turned_over_is_found)
{
	struct buf b = whole();
	struct snapshot s;

	for (size_t i = 0; i < b.len; i++) {
		b.str[i] = (char)(b.str[i] ^ 1 << i % 8);
		CHECK_INT(parse(&b, &s), -1);
		b.str[i] = (char)(b.str[i] ^ 1 << i % 8);
	}
	CHECK_OK(parse(&b, &s), &e);
}

TEST(what_was_cut_off_or_is_longer_is_refused)
{
	struct buf b = whole();
	size_t len = b.len;
	struct snapshot s;

	for (b.len = 0; b.len < len; b.len++)
		CHECK_INT(parse(&b, &s), -1);
	b.len = len;
	buf_addn(&b, "12345678", 8);
	CHECK_INT(parse(&b, &s), -1);
}

static void add_cpu(struct buf *b, uint32_t i)
{
	snapshot_add(b, PART_CPU, i, "processor", 9);
}

static void add_device(struct buf *b, uint32_t i)
{
	snapshot_add(b, PART_DEVICE, i, "device", 6);
}

/* What @add makes follows what is right so far. */
static const char *refused(const struct snapshot_head *head, const struct snapshot_extent *x,
			   size_t n, void (*add)(struct buf *b))
{
	struct buf b = { .arena = &a };
	struct snapshot s;

	snapshot_begin(&b);
	snapshot_add(&b, PART_FACTS, 0, "facts", 5);
	snapshot_add(&b, PART_EXTENTS, 0, x, n);
	snapshot_add(&b, PART_MACHINE, 0, "machine", 7);
	add(&b);
	snapshot_end(&b, head);
	return parse(&b, &s) < 0 ? e.msg : "";
}

static void one_cpu(struct buf *b)
{
	add_cpu(b, 0);
}

static void cpus_backwards(struct buf *b)
{
	add_cpu(b, 1);
	add_cpu(b, 0);
}

static void three_cpus(struct buf *b)
{
	for (uint32_t i = 0; i < 3; i++)
		add_cpu(b, i);
}

static void two_cpus(struct buf *b)
{
	add_cpu(b, 0);
	add_cpu(b, 1);
}

static void empty_cpu(struct buf *b)
{
	add_cpu(b, 0);
	snapshot_add(b, PART_CPU, 1, "", 0);
}

static void large_device(struct buf *b)
{
	static const char much[4097];

	two_cpus(b);
	snapshot_add(b, PART_DEVICE, 0, much, sizeof(much));
}

static void devices_backwards(struct buf *b)
{
	two_cpus(b);
	add_device(b, 2);
	add_device(b, 1);
}

static void slot_too_high(struct buf *b)
{
	two_cpus(b);
	add_device(b, SNAPSHOT_SLOTS);
}

static void length_beyond_the_end(struct buf *b)
{
	uint32_t huge = 65536;

	two_cpus(b);
	/* The length of the last part. */
	memcpy(b->str + b->len - 16 - 4, &huge, sizeof(huge));
}

TEST(parts_are_there_in_order_and_within_bounds)
{
	static const struct {
		void (*add)(struct buf *b);
		const char *wanted;
	} cases[] = {
		{ one_cpu, "PART_CPU 1 is missing" },
		{ cpus_backwards, "PART_CPU 0 is missing" },
		{ three_cpus, "there is something that does not belong" },
		{ empty_cpu, "PART_CPU 1 cannot have 0 bytes" },
		{ large_device, "PART_DEVICE 0 cannot have 4097 bytes" },
		{ devices_backwards, "there is something that does not belong" },
		{ slot_too_high, "there is something that does not belong" },
		{ length_beyond_the_end, "PART_CPU 1 cannot have 65536 bytes" },
		{ two_cpus, "" },
	};
	struct snapshot_head head = head_of(1, 2);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		CHECK_STR(refused(&head, extents, sizeof(extents), cases[i].add), cases[i].wanted);
}

TEST(the_map_of_the_memory_stays_within_it)
{
	static const struct snapshot_extent maps[][2] = {
		{ { 0, 4096 }, { 4096, 4096 } }, /* one would do */
		{ { 8192, 4096 }, { 0, 4096 } },
		{ { 0, 8192 }, { 4096, 4096 } },
		{ { 1, 4096 }, { 65536, 4096 } },
		{ { 0, 4095 }, { 65536, 4096 } },
		{ { 0, 0 }, { 65536, 4096 } },
		{ { 0, 4096 }, { 1 << 20, 4096 } },
		{ { 0, 4096 }, { (1 << 20) - 4096, 8192 } },
		{ { 0, 4096 }, { 4096 * 4, UINT64_MAX - 4095 } },
		{ { 0, 4096 }, { UINT64_MAX - 4095, 8192 } },
	};
	struct snapshot_head head = head_of(1, 2);

	for (size_t i = 0; i < ARRAY_SIZE(maps); i++)
		CHECK_CONTAINS(refused(&head, maps[i], sizeof(maps[i]), two_cpus),
			       "its memory's map is wrong at entry");
	CHECK_STR(refused(&head, extents, sizeof(extents) - 8, two_cpus),
		  "its memory's map is cut off");
}

TEST(a_machine_that_cannot_be_is_refused)
{
	struct snapshot_head heads[] = { head_of(0, 2),	 head_of(1, 0),
					 head_of(1, 65), head_of(SNAPSHOT_MIB + 1, 2),
					 head_of(1, 2),	 head_of(1, 2) };

	heads[4].memory.size = 4096;
	heads[5].unused = 1;
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
		CHECK_CONTAINS(refused(&heads[i], extents, sizeof(extents), two_cpus),
			       "no machine can have");
}

/* A file of a MiB with @n pages that are not zero, one every 64 KiB, and its head. */
static int memory_of(struct snapshot *s, int n)
{
	struct sha256 h = SHA256;
	char page[SNAPSHOT_PAGE] = "page";
	int fd = memfd_create("memory", MFD_CLOEXEC);

	CHECK(fd >= 0 && ftruncate(fd, 1 << 20) == 0);
	for (int i = 0; i < n; i++) {
		page[9] = (char)i;
		CHECK(pwrite(fd, page, sizeof(page), i * 65536L) == sizeof(page));
		snapshot_hash_page(&h, (uint64_t)i * 65536, page);
	}
	*s = (struct snapshot){ 0 };
	CHECK_OK(snapshot_identify(fd, &s->head.memory, &e), &e);
	sha256_end(&h, s->head.digest);
	return fd;
}

TEST(memory_that_was_written_since_is_another_one)
{
	struct snapshot s;
	int fd = memory_of(&s, 3), other = memory_of(&s, 3);

	CHECK_INT(snapshot_check_memory(&s, fd, &e), -1);
	CHECK_STR(e.msg, "the memory is not the file that was saved");
	CHECK_OK(snapshot_check_memory(&s, other, &e), &e);
	CHECK_OK(snapshot_verify_memory(&s, other, &e), &e);
	usleep(20000); /* the clock of files moves by ticks */
	CHECK(pwrite(other, "x", 1, 4096) == 1);
	CHECK_INT(snapshot_check_memory(&s, other, &e), -1);
}

TEST(memory_that_a_disk_has_spoilt_is_found_by_reading_it)
{
	struct snapshot s;
	int fd = memory_of(&s, 16);

	CHECK_OK(snapshot_verify_memory(&s, fd, &e), &e);
	CHECK(pwrite(fd, "x", 1, 65536 + 100) == 1);
	CHECK_OK(snapshot_identify(fd, &s.head.memory, &e),
		 &e); /* as if nothing had been written */
	CHECK_INT(snapshot_verify_memory(&s, fd, &e), -1);
	CHECK_STR(e.msg, "damaged: the memory's digest does not fit");
}

TEST(pages_of_zeros_may_be_written_or_not)
{
	static const char zeros[SNAPSHOT_PAGE];
	struct snapshot s;
	int fd = memory_of(&s, 2);

	CHECK(pwrite(fd, zeros, sizeof(zeros), 4096) == sizeof(zeros));
	CHECK_OK(snapshot_identify(fd, &s.head.memory, &e), &e);
	CHECK_OK(snapshot_verify_memory(&s, fd, &e), &e);
}
