/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SHA-256 (FIPS 180-4), for what is kept on disk and must be what was written.
 *
 *	struct sha256 h = SHA256;
 *
 *	sha256_add(&h, data, len);
 *	sha256_end(&h, digest);
 */
#ifndef LC_SHA256_H
#define LC_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_SIZE = 32 };

struct sha256 {
	uint32_t state[8];
	uint64_t len; /* bytes so far */
	uint8_t block[64];
};
#define SHA256 \
	{ \
		.state = { \
			0x6a09e667, \
			0xbb67ae85, \
			0x3c6ef372, \
			0xa54ff53a, \
			0x510e527f, \
			0x9b05688c, \
			0x1f83d9ab, \
			0x5be0cd19 \
		} \
	}

void sha256_add(struct sha256 *h, const void *data, size_t len);
void sha256_end(struct sha256 *h, uint8_t digest[SHA256_SIZE]);

/* As 64 digits and a NUL. */
void sha256_hex(const uint8_t digest[SHA256_SIZE], char text[2 * SHA256_SIZE + 1]);

#endif
