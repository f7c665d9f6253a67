/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fuzz target is one file with LLVMFuzzerTestOneInput(); tests/fuzz/run builds it with libFuzzer,
 * and `make check` with corpus.c, which feeds it every file of its corpus once.
 */
#ifndef LC_FUZZ_H
#define LC_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An input that is read as numbers. */
struct input {
	const uint8_t *data;
	size_t size;
};

/* The next @n bytes, or those that are left, the highest first. */
static inline uint32_t input_take(struct input *in, size_t n)
{
	uint32_t v = 0;

	for (; n && in->size; n--, in->size--)
		v = v << 8 | *in->data++;
	return v;
}

#endif
