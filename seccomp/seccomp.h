/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An OCI seccomp profile becomes the bytes that seccomp(2) takes. The only user of libseccomp. */
#ifndef LC_SECCOMP_H
#define LC_SECCOMP_H

#include "base/arena.h"
#include "base/error.h"
#include "spec/spec.h"
#include <stdbool.h>
#include <stdint.h>

struct seccomp_filter {
	uint8_t *bytes; /* struct sock_filter instructions, in the arena */
	size_t len; /* in bytes */
	uint32_t flags; /* SECCOMP_FILTER_FLAG_* */
	bool notify; /* some rule uses SCMP_ACT_NOTIFY */
};

/* Called for what is left out: an unknown syscall, an architecture this library lacks. */
typedef void seccomp_note_fn(void *ctx, const char *member, const char *text);

/* @profile has passed the checks of spec/. Syscalls newer than the newest one the profile knows are
 * answered with ENOSYS, per architecture. */
int seccomp_compile(struct arena *a, const struct spec_seccomp *profile, seccomp_note_fn *note,
		    void *ctx, struct seccomp_filter *out, struct lc_error *e) lc_checked;

/* SECCOMP_FILTER_FLAG_* of a profile; @note may be NULL. */
uint32_t seccomp_flags(const struct spec_seccomp *profile, seccomp_note_fn *note, void *ctx);

/* What is wrong with a filter that was made elsewhere (struct sock_filter instructions), or NULL.
 * Whether it ends everywhere and jumps only ahead is for the kernel to judge. */
const char *seccomp_check_raw(const struct bytes *filter);

/* hull's own default profile, for `spec`, `run --rootfs` and `sandbox`; each group of calls stands
 * in default-profile.c with its reason. @caps: bit n set: capability n is granted. */
const struct spec_seccomp *seccomp_default_profile(struct arena *a, uint64_t caps);

/* The machine's own architecture, "SCMP_ARCH_X86_64"; NULL: one that only libseccomp knows. */
const char *seccomp_native(void);

/* What this build and kernel know, for `features`: NULL-terminated, static. */
const char *const *seccomp_actions(void);
const char *const *seccomp_operators(void);
const char *const *seccomp_architectures(void);
const char *const *seccomp_known_flags(void);
size_t seccomp_supported_flags(const char **names, size_t max); /* that the running kernel takes */

#endif
