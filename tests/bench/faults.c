/* SPDX-License-Identifier: GPL-2.0-or-later */
/* faults COMMAND...: runs it and prints how many page faults it and its children had. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct rusage used;
	int status;
	pid_t pid;

	if (argc < 2)
		return 2;
	pid = vfork(); /* with fork the copy of this program would count */
	if (pid == 0) {
		if (dup2(2, 1) == 1)
			execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &used) < 0 || status)
		return 1;
	printf("%ld\n", used.ru_minflt + used.ru_majflt);
	return 0;
}
