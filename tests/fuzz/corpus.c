/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Feeds a fuzz target the files below the given directories, or below its own corpus, and with each
 * the same file cut short and with a bit turned over at many places.  Prints TAP. */
#include "base/file.h"
#include "fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int files;

/* In memory of exactly its size, so that a sanitizer sees a read behind it. */
static void feed(const char *text, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		abort();
	memcpy(copy, text, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static void feed_variants(char *text, size_t len)
{
	size_t step = len / 97 + 1;

	feed(text, len);
	for (size_t i = 0; i < len; i += step) {
		feed(text, i);
		text[i] = (char)(text[i] ^ 1 << i % 8);
		feed(text, len);
		text[i] = (char)(text[i] ^ 1 << i % 8);
	}
}

static int each(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	auto_arena a = { 0 };
	struct lc_error e;
	size_t len;
	char *text;

	(void)st;
	(void)ftw;
	if (type != FTW_F)
		return 0;
	if (file_read_at(AT_FDCWD, path, &a, 1 << 24, &text, &len, &e) < 0) {
		printf("# %s\n", e.msg);
		return -1;
	}
	feed_variants(text, len);
	files++;
	return 0;
}

int main(int argc, char **argv)
{
	const char *top = getenv("top_srcdir");
	char own[4096];
	int failed = 0;

	snprintf(own, sizeof(own), "%s/tests/fuzz/corpus/%s", top ? top : ".", basename(argv[0]));
	for (int i = 1; i < argc; i++)
		failed |= nftw(argv[i], each, 16, FTW_PHYS);
	if (argc == 1)
		failed |= nftw(own, each, 16, FTW_PHYS);
	printf("1..1\n# %d files\n%sok 1 - the corpus of %s\n", files,
	       failed || !files ? "not " : "", basename(argv[0]));
	return failed || !files;
}
