/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as config.json, process.json and resources.json.  What is accepted is written and read
 * again, and must come out the same.
 *
 * sources: libcontainer/base libcontainer/json libcontainer/spec
 * corpus: tests/data/configs
 */
#include "json/encode.h"
#include "spec/spec.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static void listen(void *ctx, const struct remark *r)
{
	char text[512];

	(void)ctx;
	if (!r->text || !r->path || !*remark_text(r, text, sizeof(text)))
		abort();
}

static const struct report report = { listen, NULL };

static void config(const char *text, size_t len)
{
	auto_arena a = { 0 };
	struct lc_error e;
	struct spec *spec;
	size_t n, n2;
	char *once, *twice;

	if (spec_load(&a, "f", text, len, &report, &spec, &e) < 0) {
		if (!*e.msg || e.code != LC_ECONFIG)
			abort();
		return;
	}
	once = encode(&a, &spec_shape, spec, 2, &n);
	if (spec_load(&a, "f", once, n, NULL, &spec, &e) < 0)
		abort();
	twice = encode(&a, &spec_shape, spec, 2, &n2);
	if (n != n2 || memcmp(once, twice, n) != 0)
		abort();
}

static void parts(const char *text, size_t len)
{
	struct spec_resources *resources;
	struct spec_process *process;
	auto_arena a = { 0 };
	struct lc_error e;

	(void)!spec_process_load(&a, "f", text, len, &report, &process, &e);
	(void)!spec_resources_load(&a, "f", text, len, NULL, &resources, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	config((const char *)data, size);
	parts((const char *)data, size);
	return 0;
}
