/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the bundle argv[1] as container argv[2] for ten seconds at most, and says how it ended.
 *
 *	cc run.c $(pkg-config --cflags --libs libcontainer) -o run
 */
#include <libcontainer/libcontainer.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	struct lc_host host = { .size = sizeof(host) };
	struct lc_exit end = { .size = sizeof(end) };
	struct lc_create how = { .size = sizeof(how), .time_limit_ms = 10000, .exit = &end };
	struct lc_error e = { 0 };
	struct lc *lc = NULL;
	int status = 0, r;

	/* First of all: containers must not reach this very program. */
	if (argc != 4 || lc_protect(argv, &e) < 0) {
		fprintf(stderr, "%s\n", argc == 4 ? e.msg : "usage: run BUNDLE ID ROOT");
		return 1;
	}
	how.bundle = argv[1];
	host.root = argv[3];
	r = lc_open(&host, &lc, &e);
	if (r == 0)
		r = lc_run(lc, argv[2], &how, &status, &e);
	lc_close(lc); /* accepts NULL */
	if (r < 0) {
		fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	printf("status %d, %s, %llu us of CPU\n", status,
	       end.reason == LC_EXIT_TIMEOUT ? "took too long" : "ended by itself",
	       (unsigned long long)end.cpu_usec);
	return status;
}
