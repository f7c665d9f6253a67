/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a seccomp profile: the filter must be what the profile means, and what libseccomp
 * makes of it where that can be relied upon.
 *
 * sources: libcontainer/base libcontainer/sys libcontainer/json libcontainer/spec
 * sources: seccomp tests/unit/filter.c
 */
#include "../unit/filter.h"
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

static void compare(const uint8_t *data, size_t size, bool plain)
{
	auto_arena a = { 0 };
	struct comparison c;

	filter_compare(&a, profile_from_bytes(&a, data, size, plain), plain, size, &c);
	if (c.wrong[0]) {
		fprintf(stderr, "%s\n", c.wrong);
		abort();
	}
}

/* libseccomp loses parts of its own trees when it merges some rules, also where the context is
 * released; what hull allocates is watched. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libseccomp.so";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 400)
		return 0; /* longer ones say nothing new, and may be too long for the kernel */
	compare(data, size, true);
	compare(data, size, false);
	return 0;
}
