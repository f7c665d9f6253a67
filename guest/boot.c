/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the kernel's hand-over to an open control port. */
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "guest/agent.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define PORT_NAME    "hull.control"
#define PORTS	     "/sys/class/virtio-ports"
#define PORT_WAIT_MS 20000
#define ORDER_MAX    (64 << 10)

void boot_say(const char *text)
{
	auto_fd fd = openat(AT_FDCWD, "/dev/kmsg", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		dprintf(fd, "hull-guest: %s\n", text);
}

/* The first file systems; the root of the kernel's making cannot be left by pivot_root(2), so all
 * happens in one of our own. */
static const struct {
	const char *fstype, *target, *options;
	unsigned long flags;
} mounts[] = {
	{ "tmpfs", "/newroot", "mode=0755,size=1m", MS_NOSUID },
	{ "proc", "/newroot/proc", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ "sysfs", "/newroot/sys", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ "devtmpfs", "/newroot/dev", "mode=0755", MS_NOSUID | MS_NOEXEC },
	{ "cgroup2", "/newroot/sys/fs/cgroup", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
};

static int mount_all(struct lc_error *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		if (mkdir(mounts[i].target, 0755) < 0 && errno != EEXIST && errno != EPERM)
			return lc_err_errno(e, "mkdir %s", mounts[i].target);
		if (mount(mounts[i].fstype, mounts[i].target, mounts[i].fstype, mounts[i].flags,
			  mounts[i].options) < 0)
			return lc_err_errno(e, "mount %s on %s", mounts[i].fstype,
					    mounts[i].target);
	}
	return 0;
}

static int change_root(struct lc_error *e)
{
	if (mkdir("/newroot" ORDER_EXPORT, 0755) < 0)
		return lc_err_errno(e, "mkdir " ORDER_EXPORT);
	if (chdir("/newroot") < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 ||
	    chdir("/") < 0)
		return lc_err_errno(e, "change the root");
	return 0;
}

static int load_module(int dir, const char *name, struct lc_error *e)
{
	auto_fd fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return lc_err_errno(e, "open module %s", name);
	if (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST)
		return lc_err_errno(e, "load module %s", name);
	return 0;
}

/* In the order in which the host found that they need each other. */
static int load_modules(struct lc_error *e)
{
	auto_fd dir = openat(AT_FDCWD, "/modules", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_arena a = { 0 };
	char *text, *name;
	size_t len;

	if (dir < 0)
		return 0; /* the kernel has all it needs built in */
	if (file_read_at(dir, "order", &a, ORDER_MAX, &text, &len, e) < 0)
		return -1;
	while ((name = strsep(&text, "\n")))
		if (*name && load_module(dir, name, e) < 0)
			return -1;
	return 0;
}

/* A device's own events tell when the port is there and has its name. */
static int open_events(struct lc_error *e)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	auto_fd fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return lc_err_errno(e, "listen to the kernel's events");
	return fd_take(&fd);
}

static bool is_control(const char *name)
{
	auto_arena a = { 0 };
	struct lc_error ignored;
	char *text;
	size_t len;

	if (file_read_at(AT_FDCWD, arena_printf(&a, PORTS "/%s/name", name), &a, 256, &text, &len,
			 &ignored) < 0)
		return false;
	text[strcspn(text, "\n")] = 0;
	return !strcmp(text, PORT_NAME);
}

static int look_for_port(void)
{
	DIR *dir = opendir(PORTS);
	struct dirent *entry;
	int fd = -1;

	while (dir && fd < 0 && (entry = readdir(dir))) {
		char path[300];

		if (*entry->d_name == '.' || !is_control(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		fd = openat(AT_FDCWD, path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	}
	if (dir)
		closedir(dir);
	return fd;
}

static int wait_for_port(int events, struct lc_error *e)
{
	struct pollfd p = { .fd = events, .events = POLLIN };
	char event[8192];
	int fd;

	while ((fd = look_for_port()) < 0) {
		if (poll(&p, 1, PORT_WAIT_MS) <= 0)
			return lc_err(e, LC_ESYSTEM, "no port " PORT_NAME " has come");
		while (recv(events, event, sizeof(event), MSG_DONTWAIT) > 0)
			;
	}
	return fd;
}

static int null_streams(struct lc_error *e)
{
	auto_fd null = openat(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return lc_err_errno(e, "open /dev/null");
	for (int fd = 0; fd < 3; fd++)
		if (dup2(null, fd) < 0)
			return lc_err_errno(e, "make /dev/null descriptor %d", fd);
	if (null < 3)
		fd_take(&null);
	return 0;
}

int boot(struct lc_error *e)
{
	auto_fd events = -1;

	umask(0);
	if (mount_all(e) < 0)
		return -1;
	events = open_events(e);
	/* The modules lie in the old root. */
	if (events < 0 || load_modules(e) < 0 || change_root(e) < 0 || null_streams(e) < 0)
		return -1;
	return wait_for_port(events, e);
}

int boot_mount_export(struct lc_error *e)
{
	if (mount(ORDER_TAG, ORDER_EXPORT, "virtiofs", MS_NOATIME, NULL) < 0)
		return lc_err_errno(e, "mount what the host exports");
	return 0;
}
