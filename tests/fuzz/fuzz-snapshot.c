/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as the state of a template.  Magic, length and digest are made right before, so that
 * what is behind them is reached; whatever is accepted lies inside of the input.
 *
 * sources: libcontainer/base microvm/snapshot.c
 */
#include "fuzz.h"
#include "microvm/snapshot.h"

#include <stdlib.h>
#include <string.h>

static volatile uint8_t sum;

static void look_at(const struct snapshot_piece *p, const uint8_t *data, size_t size)
{
	if (!p->data)
		return;
	if (p->data < data || p->len > size || p->data + p->len > data + size)
		abort();
	for (uint32_t i = 0; i < p->len; i++)
		sum ^= p->data[i];
}

static void look_at_all(const struct snapshot *s, const uint8_t *data, size_t size)
{
	uint64_t end = 0;

	look_at(&s->facts, data, size);
	look_at(&s->machine, data, size);
	for (uint32_t i = 0; i < SNAPSHOT_CPUS; i++)
		look_at(&s->cpus[i], data, size);
	for (uint32_t i = 0; i < SNAPSHOT_SLOTS; i++)
		look_at(&s->devices[i], data, size);
	for (uint32_t i = 0; i < s->n_extents; i++) {
		struct snapshot_extent x = snapshot_extent(s, i);

		if (x.at < end || x.at + x.len > s->head.memory.size)
			abort();
		end = x.at + x.len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct snapshot_head head;
	struct snapshot s;
	struct sha256 h = SHA256;
	struct lc_error e = { 0 };
	uint8_t *copy;

	if (snapshot_parse(data, size, &s, &e) == 0)
		look_at_all(&s, data, size);
	if (size < sizeof(head) + SHA256_SIZE)
		return 0;
	copy = malloc(size);
	if (!copy)
		abort();
	memcpy(copy, data, size);
	memcpy(&head, data, sizeof(head));
	memcpy(head.magic, "hullvm01", sizeof(head.magic));
	head.length = (uint32_t)(size - SHA256_SIZE);
	memcpy(copy, &head, sizeof(head));
	sha256_add(&h, copy, size - SHA256_SIZE);
	sha256_end(&h, copy + size - SHA256_SIZE);
	if (snapshot_parse(copy, size, &s, &e) == 0)
		look_at_all(&s, copy, size);
	free(copy);
	return 0;
}
