/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The init of a test guest: loads the modules in /modules in the order of their names, then does
 *what it reads from the control port, a line each, and answers there: echo TEXT | random | uname |
 *devices | run FILE | reset
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static FILE *in, *out;

static void load_modules(void)
{
	struct dirent **names;
	int n = scandir("/modules", &names, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		char path[300];
		int fd;

		if (names[i]->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/modules/%s", names[i]->d_name);
		fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
		if (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST)
			printf("guest: %s: %m\n", path);
		close(fd);
	}
}

static void open_port(void)
{
	int fd;

	for (int i = 0; i < 1000; i++, usleep(10000)) {
		fd = openat(AT_FDCWD, "/dev/vport0p1", O_RDWR | O_CLOEXEC);
		if (fd >= 0)
			break;
	}
	if (fd < 0) {
		printf("guest: /dev/vport0p1: %m\n");
		reboot(RB_AUTOBOOT);
	}
	in = fdopen(fd, "r");
	out = fdopen(fcntl(fd, F_DUPFD_CLOEXEC, 3), "w");
	setvbuf(in, NULL, _IONBF, 0);
	setvbuf(out, NULL, _IOLBF, 4096);
}

static void say_devices(void)
{
	struct dirent **names;
	int n = scandir("/sys/bus/virtio/devices", &names, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		char path[400], driver[400];
		ssize_t len;

		if (names[i]->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/sys/bus/virtio/devices/%s/driver", names[i]->d_name);
		len = readlink(path, driver, sizeof(driver) - 1);
		driver[len > 0 ? len : 0] = 0;
		fprintf(out, "%s %s\n", names[i]->d_name,
			strrchr(driver, '/') ? strrchr(driver, '/') + 1 : "-");
	}
	fprintf(out, "end\n");
}

static void say_random(void)
{
	unsigned char b[16];
	int fd = openat(AT_FDCWD, "/dev/hwrng", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, b, sizeof(b)) != sizeof(b)) {
		fprintf(out, "hwrng: %m\n");
		return;
	}
	for (size_t i = 0; i < sizeof(b); i++)
		fprintf(out, "%02x", b[i]);
	fprintf(out, "\n");
	close(fd);
}

static void run(const char *command)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		dup2(fileno(out), 1);
		dup2(fileno(out), 2);
		execl("/bin/busybox", "sh", "-c", command, NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	fprintf(out, "status %d\n",
		WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static void obey(char *line)
{
	struct utsname u;

	if (!strncmp(line, "echo ", 5)) {
		fprintf(out, "%s\n", line + 5);
	} else if (!strcmp(line, "random")) {
		say_random();
	} else if (!strcmp(line, "uname")) {
		uname(&u);
		fprintf(out, "%s\n", u.release);
	} else if (!strcmp(line, "devices")) {
		say_devices();
	} else if (!strncmp(line, "run ", 4)) {
		run(line + 4);
	} else if (!strcmp(line, "reset")) {
		reboot(RB_AUTOBOOT);
	} else {
		fprintf(out, "what?\n");
	}
}

int main(void)
{
	static char line[65536];

	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	if (freopen("/dev/console", "w", stdout))
		setvbuf(stdout, NULL, _IONBF, 0);
	load_modules();
	open_port();
	fprintf(out, "ready\n");
	while (fgets(line, sizeof(line), in)) {
		line[strcspn(line, "\n")] = 0;
		obey(line);
	}
	reboot(RB_AUTOBOOT);
}
