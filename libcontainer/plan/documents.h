/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two JSON documents that hull writes from what it knows: a config.json that runs, and the OCI
 * features.  Both end with a newline. */
#ifndef LC_DOCUMENTS_H
#define LC_DOCUMENTS_H

#include "plan/plan.h"

struct default_spec {
	bool rootless; /* a user namespace with the caller's ids for root, nothing that needs more
			*/
	const char *rootfs; /* NULL: "rootfs", read-only; else this one, writable */
	const char *const *args; /* NULL-terminated; NULL: "sh" */
	bool terminal;
};

/* @host: euid and egid are what counts. */
char *default_spec_text(struct arena *a, const struct default_spec *how,
			const struct plan_host *host, size_t *len);

/* The same as structs. */
struct spec *default_spec_make(struct arena *a, const struct default_spec *how,
			       const struct plan_host *host);

/* The plan in words; ends with a newline. */
char *plan_explain(struct arena *a, const struct plan *plan);

/* What this build and this kernel can do (runtime-spec features.md). */
char *features_text(struct arena *a, const struct plan_host *host, size_t *len);

#endif
