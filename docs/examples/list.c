/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists the containers below argv[1], and what is in argv[2]'s config.json that hull would remark.
 *
 *	cc list.c $(pkg-config --cflags --libs libcontainer) -o list
 */
#include <libcontainer/libcontainer.h>
#include <stdio.h>

static void say(void *ctx, int level, const char *text)
{
	(void)ctx;
	printf("%s: %s\n", level == LC_LOG_ERROR ? "error" : "warning", text);
}

int main(int argc, char **argv)
{
	struct lc_host host = { .size = sizeof(host), .root = argv[1] };
	struct lc_create how = { .size = sizeof(how), .bundle = argc > 2 ? argv[2] : "." };
	struct lc_state *list = NULL;
	struct lc_error e = { 0 };
	struct lc *lc = NULL;
	size_t n = 0;

	if (lc_open(&host, &lc, &e) < 0 || lc_list(lc, &list, &n, &e) < 0) {
		fprintf(stderr, "%s\n", e.msg);
		lc_close(lc);
		return 1;
	}
	for (size_t i = 0; i < n; i++)
		printf("%s %s %d\n", list[i].id, list[i].status, list[i].pid);
	lc_list_free(list, n);
	if (lc_validate(lc, &how, say, NULL, &e) == 0)
		puts("config.json is fine");
	lc_close(lc);
	return 0;
}
