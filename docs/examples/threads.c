/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Containers from several threads at once, each with a handle of its own: argv[1] is the bundle,
 * argv[2] the beginning of ids, argv[3] the directory of states.
 *
 *	cc threads.c $(pkg-config --cflags --libs libcontainer) -pthread -o threads
 */
#include <libcontainer/libcontainer.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 4
#define ROUNDS	3

struct job {
	char **argv;
	int number;
	struct lc_error e;
};

static int wait_until_stopped(struct lc *lc, const char *id, struct lc_error *e)
{
	for (int i = 0; i < 1200; i++) {
		struct lc_state state;
		int stopped;

		if (lc_state(lc, id, &state, e) < 0)
			return -1;
		stopped = !strcmp(state.status, "stopped");
		lc_state_free(&state);
		if (stopped)
			return 0;
		usleep(50000);
	}
	snprintf(e->msg, sizeof(e->msg), "%s does not stop", id);
	return -1;
}

static int one_round(struct lc *lc, struct job *job, int round)
{
	struct lc_create how = { .size = sizeof(how), .bundle = job->argv[1] };
	struct lc_error *e = &job->e;
	char id[128];

	snprintf(id, sizeof(id), "%s-%d-%d", job->argv[2], job->number, round);
	if (lc_create(lc, id, &how, e) < 0 || lc_start(lc, id, e) < 0 ||
	    wait_until_stopped(lc, id, e) < 0)
		return -1;
	return lc_delete(lc, id, false, e);
}

static void *work(void *ctx)
{
	struct job *job = ctx;
	struct lc_host host = { .size = sizeof(host), .root = job->argv[3] };
	struct lc *lc = NULL;
	int r = lc_open(&host, &lc, &job->e);

	for (int round = 0; r == 0 && round < ROUNDS; round++)
		r = one_round(lc, job, round);
	lc_close(lc);
	return r == 0 ? NULL : job;
}

int main(int argc, char **argv)
{
	static struct job jobs[THREADS];
	pthread_t threads[THREADS];
	struct lc_error e = { 0 };
	int status = 0;

	if (argc != 4 || lc_protect(argv, &e) < 0)
		return 1;
	for (int i = 0; i < THREADS; i++) {
		jobs[i] = (struct job){ .argv = argv, .number = i };
		if (pthread_create(&threads[i], NULL, work, &jobs[i]))
			return 1;
	}
	for (int i = 0; i < THREADS; i++) {
		void *failed = NULL;

		pthread_join(threads[i], &failed);
		if (failed) {
			fprintf(stderr, "thread %d: %s\n", i, jobs[i].e.msg);
			status = 1;
		}
	}
	/* Without a waiter of its own a container's first process is the caller's child. */
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	if (!status)
		printf("%d containers\n", THREADS * ROUNDS);
	return status;
}
