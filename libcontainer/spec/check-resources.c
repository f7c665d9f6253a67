/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rules about limits.  Zero means "not set" for memory, cpu and weights (runc), so it passes
 * everywhere; what an `update` leaves out keeps its value, so nothing is said about that.
 */
#include "spec/check.h"

#include <inttypes.h>
#include <string.h>

static void check_memory(struct checker *c, const struct spec_memory *m)
{
	bool alone = !m->limit.v || m->limit.v == -1;

	if (m->swap.v > 0 && alone && (c->spec || m->limit.v))
		rule_broken(c, rule_at(c, "memory.swap"),
			    "needs a memory limit: it is memory and swap together");
	if (m->swap.v > 0 && m->limit.v > m->swap.v)
		rule_broken(c, rule_at(c, "memory.swap"),
			    "%" PRId64 " is below the memory limit, %" PRId64
			    ": it is memory and swap together",
			    m->swap.v, m->limit.v);
	if (m->limit.v > 0 && m->reservation.v > m->limit.v)
		rule_broken(c, rule_at(c, "memory.reservation"),
			    "%" PRId64 " is above the limit, %" PRId64, m->reservation.v,
			    m->limit.v);
}

/* The kernel's bounds for cpu.max, in microseconds. */
static void check_cpu(struct checker *c, const struct spec_cpu *cpu)
{
	if (cpu->period.v && (cpu->period.v < 1000 || cpu->period.v > 1000000))
		rule_broken(c, rule_at(c, "cpu.period"),
			    "expected 1000 to 1000000 microseconds, found %" PRIu64, cpu->period.v);
	if (cpu->quota.v > 0 && cpu->quota.v < 1000)
		rule_broken(c, rule_at(c, "cpu.quota"),
			    "expected at least 1000 microseconds, found %" PRId64, cpu->quota.v);
	if (cpu->burst.v && cpu->quota.v > 0 && cpu->burst.v > (uint64_t)cpu->quota.v)
		rule_broken(c, rule_at(c, "cpu.burst"), "%" PRIu64 " is above the quota, %" PRId64,
			    cpu->burst.v, cpu->quota.v);
	if (cpu->realtimePeriod.v && cpu->realtimeRuntime.v > 0 &&
	    (uint64_t)cpu->realtimeRuntime.v > cpu->realtimePeriod.v)
		rule_broken(c, rule_at(c, "cpu.realtimeRuntime"),
			    "%" PRId64 " is above the period, %" PRIu64, cpu->realtimeRuntime.v,
			    cpu->realtimePeriod.v);
}

/* bfq takes less, io.weight is a mapping of 10 to 1000. */
static void check_weight(struct checker *c, const char *path, uint32_t weight)
{
	if (weight && weight < 10)
		rule_broken(c, path, "expected a weight from 10 to 1000, found %u", weight);
}

static void check_block_io(struct checker *c, const struct spec_block_io *b)
{
	check_weight(c, rule_at(c, "blockIO.weight"), b->weight.v);
	check_weight(c, rule_at(c, "blockIO.leafWeight"), b->leafWeight.v);
	for (size_t i = 0; i < b->weightDevice.n; i++) {
		const struct spec_weight_device *d = &b->weightDevice.v[i];

		if (!d->weight.set && !d->leafWeight.set)
			rule_broken(c, rule_at(c, "blockIO.weightDevice[%zu]", i),
				    "needs a weight or a leafWeight");
		check_weight(c, rule_at(c, "blockIO.weightDevice[%zu].weight", i), d->weight.v);
		check_weight(c, rule_at(c, "blockIO.weightDevice[%zu].leafWeight", i),
			     d->leafWeight.v);
	}
}

static void check_hugepages(struct checker *c, const struct spec_resources *r)
{
	size_t n = r->hugepageLimits.n;
	struct strs sizes = { arena_array(c->arena, n, sizeof(char *)), n };
	const char *twice;

	for (size_t i = 0; i < n; i++)
		sizes.v[i] = r->hugepageLimits.v[i].pageSize;
	twice = first_duplicate(c->arena, &sizes);
	if (twice)
		rule_broken(c, rule_at(c, "hugepageLimits"), "%s is limited twice", twice);
}

static void check_rdma(struct checker *c, const struct spec_resources *r)
{
	for (size_t i = 0; i < r->rdma.n; i++)
		if (!r->rdma.v[i].hcaHandles.set && !r->rdma.v[i].hcaObjects.set)
			rule_broken(c, rule_at(c, "rdma.%s", r->rdma.v[i].key),
				    "needs hcaHandles or hcaObjects");
}

/* A rule for one of all devices would be read as one for all of them. */
static void check_device_rules(struct checker *c, const struct spec_resources *r)
{
	for (size_t i = 0; i < r->devices.n; i++) {
		const struct spec_device_rule *d = &r->devices.v[i];
		bool all = !d->type || d->type == DEVICE_ALL;

		if (all && d->major.set && d->major.v >= 0)
			rule_broken(c, rule_at(c, "devices[%zu].major", i),
				    "needs a type, \"c\" or \"b\"");
		if (all && d->minor.set && d->minor.v >= 0)
			rule_broken(c, rule_at(c, "devices[%zu].minor", i),
				    "needs a type, \"c\" or \"b\"");
	}
}

void rules_of_resources(struct checker *c, const struct spec_resources *r)
{
	check_device_rules(c, r);
	if (r->memory)
		check_memory(c, r->memory);
	if (r->cpu)
		check_cpu(c, r->cpu);
	if (r->blockIO)
		check_block_io(c, r->blockIO);
	check_hugepages(c, r);
	check_rdma(c, r);
}

/* set_mempolicy(2): which modes take nodes, and which flags. */
void rules_of_memory_policy(struct checker *c, const struct spec_memory_policy *p)
{
	const char *mode = word_name(mempolicy_mode_words, (int)p->mode);
	bool nodes = p->nodes && p->nodes[strspn(p->nodes, " ")];
	bool none = p->mode == MEMPOLICY_DEFAULT || p->mode == MEMPOLICY_LOCAL;
	uint32_t flags = 0;

	for (size_t i = 0; i < p->flags.n; i++)
		flags |= (uint32_t)p->flags.v[i];
	if (none && nodes)
		rule_broken(c, "linux.memoryPolicy.nodes", "%s takes none", mode);
	if (!none && !nodes && p->mode != MEMPOLICY_PREFERRED)
		rule_broken(c, "linux.memoryPolicy.nodes", "%s needs nodes", mode);
	if (flags & MEMPOLICY_STATIC_NODES && flags & MEMPOLICY_RELATIVE_NODES)
		rule_broken(c, "linux.memoryPolicy.flags",
			    "MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other");
	else if (flags & (MEMPOLICY_STATIC_NODES | MEMPOLICY_RELATIVE_NODES) && !nodes)
		rule_broken(c, "linux.memoryPolicy.flags",
			    "these say how nodes are meant: needs nodes");
	if (flags & MEMPOLICY_NUMA_BALANCING && p->mode != MEMPOLICY_BIND &&
	    p->mode != MEMPOLICY_PREFERRED_MANY)
		rule_broken(c, "linux.memoryPolicy.flags",
			    "MPOL_F_NUMA_BALANCING needs MPOL_BIND or MPOL_PREFERRED_MANY");
}
