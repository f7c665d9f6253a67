/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lc_spec() and lc_features(): documents that need no container. */
#include "plan/documents.h"
#include "base/own.h"
#include "run/container.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int give(const char *text, size_t len, char **out, struct lc_error *e)
{
	*out = strndup(text, len);
	return *out ? 0 : lc_err(e, LC_EINTERNAL, "out of memory");
}

int lc_features(struct lc *lc, char **json, struct lc_error *e)
{
	auto_arena a = { 0 };
	struct plan_host host = { 0 };
	char *text;
	size_t len;

	(void)lc;
	if (plan_host_ask(&a, NULL, &host, e) < 0)
		return -1;
	text = features_text(&a, &host, &len);
	return give(text, len, json, e);
}

int lc_spec(struct lc *lc, bool rootless, const char *rootfs, const char *const *args, char **json,
	    struct lc_error *e)
{
	auto_arena a = { 0 };
	auto_free char *real = NULL;
	struct plan_host host = { .euid = (uint32_t)geteuid(), .egid = (uint32_t)getegid() };
	struct default_spec how = { .rootless = rootless, .args = args, .terminal = true };
	char *text;
	size_t len;

	(void)lc;
	if (rootfs) {
		real = realpath(rootfs, NULL);
		if (!real)
			return lc_err_errno(e, "root file system %s", rootfs);
		how.rootfs = real;
		how.terminal = isatty(STDIN_FILENO);
	}
	text = default_spec_text(&a, &how, &host, &len);
	return give(text, len, json, e);
}
