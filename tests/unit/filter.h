/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Seccomp filters without a kernel: an interpreter, what a profile means, profiles made from bytes,
 * and the comparison of both with what libseccomp makes.  For the unit tests and the fuzz target.
 */
#ifndef LC_TEST_FILTER_H
#define LC_TEST_FILTER_H

#include "seccomp/seccomp.h"

#include <linux/seccomp.h>

/* What the kernel would answer; aborts when it would not take the program. */
uint32_t filter_run(const struct seccomp_filter *filter, const struct seccomp_data *data);

struct comparison {
	size_t calls; /* how many were asked about */
	bool refused; /* libseccomp cannot make this filter: only the meaning was compared */
	char wrong[512]; /* the first difference, or empty */
};

/*
 * Our filter for @profile against its meaning and, if it is @plain, against libseccomp's: system
 * call numbers 0 to 600 of each architecture, x32, a foreign one, special numbers, and arguments
 * around the constants of the profile, chosen by @seed.  Plain is a profile where
 *	- all entries for one call have one action: libseccomp orders others as it likes;
 *	- NE, LT, LE, GE and GT are the only condition of their call, no mask is in the upper half
 *	  alone, and no name belongs to another architecture.  libseccomp 2.5.4 gets these wrong now
 *	  and then, in other calls of the same profile too: "less than 2 or not 7" does not hold for
 *	  0 there.
 */
void filter_compare(struct arena *a, const struct spec_seccomp *profile, bool plain, uint64_t seed,
		    struct comparison *out);

/* A profile that these bytes stand for; any bytes make one. */
const struct spec_seccomp *profile_from_bytes(struct arena *a, const uint8_t *bytes, size_t n,
					      bool plain);

/* The next of a row of numbers that only looks random. */
uint64_t next_random(uint64_t *state);

#endif
