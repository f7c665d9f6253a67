/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rounds N NAME=COMMAND...: runs all commands in turns, N times, in an order that moves on each
 * round, and prints the median, the 10th and 90th percentile of each in microseconds, and its ratio
 * to the first.  {i} in a command becomes an id of its own.  COMMAND may have steps "A ;; B":
 * only the one that begins with '!' is timed (none: all of them), one that begins with '-' may
 * fail.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_ROUNDS = 100000, MAX_CONTENDERS = 16, MAX_STEPS = 8, MAX_WORDS = 32, WARM_UP = 3 };

struct contender {
	char *name, *steps[MAX_STEPS];
	int n_steps;
	double *us;
	int failures;
};

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* @step with each {i} replaced. */
static void with_id(const char *step, int id, char *out, size_t size)
{
	const char *mark;
	size_t n = 0;

	while ((mark = strstr(step, "{i}")) && n < size) {
		n += (size_t)snprintf(out + n, size - n, "%.*sb%d", (int)(mark - step), step, id);
		step = mark + 3;
	}
	if (n < size)
		snprintf(out + n, size - n, "%s", step);
}

/* Runs one step; its time, or -1 if it failed. */
static double run_step(const char *step, int id)
{
	extern char **environ;
	char text[4096], *words[MAX_WORDS + 1];
	posix_spawn_file_actions_t files;
	int n = 0, status;
	double begun;
	pid_t pid;

	with_id(step, id, text, sizeof(text));
	for (char *w = strtok(text, " "); w && n < MAX_WORDS; w = strtok(NULL, " "))
		words[n++] = w;
	words[n] = NULL;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	begun = now_us();
	if (posix_spawnp(&pid, words[0], &files, NULL, words, environ) ||
	    waitpid(pid, &status, 0) < 0)
		status = -1;
	begun = now_us() - begun;
	posix_spawn_file_actions_destroy(&files);
	return status ? -1 : begun;
}

static double run_steps(struct contender *c, int id)
{
	double total = 0;
	int marked = 0;

	for (int i = 0; i < c->n_steps; i++)
		marked |= c->steps[i][0] == '!';
	for (int i = 0; i < c->n_steps; i++) {
		const char *step = c->steps[i];
		int timed = !marked || *step == '!', may_fail = *step == '-';
		double us = run_step(step + (*step == '!' || may_fail), id);

		if (us < 0 && !may_fail)
			c->failures++;
		if (timed && us > 0)
			total += us;
	}
	while (waitpid(-1, NULL, WNOHANG) > 0)
		; /* what was left to us as the subreaper */
	return total;
}

static void read_contender(struct contender *c, char *argument, int rounds)
{
	char *at = strchr(argument, '=');

	c->name = argument;
	c->us = calloc((size_t)rounds, sizeof(double));
	if (!at || !c->us)
		exit(2);
	*at++ = 0;
	while (at && c->n_steps < MAX_STEPS) {
		char *next = strstr(at, " ;; ");

		if (next) {
			*next = 0;
			next += 4;
		}
		c->steps[c->n_steps++] = at;
		at = next;
	}
}

int main(int argc, char **argv)
{
	static struct contender all[MAX_CONTENDERS];
	char *end = NULL;
	long rounds = argc > 2 ? strtol(argv[1], &end, 10) : 0;
	int n = argc - 2, id = 0;

	if (n < 1 || n > MAX_CONTENDERS || rounds < 1 || rounds > MAX_ROUNDS || *end)
		return 2;
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	for (int i = 0; i < n; i++)
		read_contender(&all[i], argv[2 + i], (int)rounds);
	for (int r = -WARM_UP; r < rounds; r++)
		for (int i = 0; i < n; i++) {
			struct contender *c = &all[(i + r + WARM_UP) % n];
			double us = run_steps(c, id++);

			if (r >= 0)
				c->us[r] = us;
		}
	for (int i = 0; i < n; i++) {
		struct contender *c = &all[i];

		qsort(c->us, (size_t)rounds, sizeof(double), by_value);
		printf("%-12s %9.0f us %9.0f %9.0f %7.2fx%s\n", c->name, c->us[rounds / 2],
		       c->us[rounds / 10], c->us[rounds * 9 / 10],
		       c->us[rounds / 2] / all[0].us[rounds / 2], c->failures ? "  FAILED" : "");
	}
	return 0;
}
