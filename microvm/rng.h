/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio entropy (virtio 1.2, 5.4): the host kernel's random bytes. */
#ifndef MICROVM_RNG_H
#define MICROVM_RNG_H

#include "mmio.h"

struct rng {
	struct vdev dev;
	struct chain chain;
};

int rng_init(struct rng *r, const struct memory *mem, struct lc_error *e) lc_checked;

#endif
