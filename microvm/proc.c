/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A procfs of the broker's own, mounted nowhere; apart, since musl's sys/mount.h and the kernel's
 * exclude each other. */
#include "base/own.h"
#include "broker.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

int broker_enter_proc(struct lc_error *e)
{
	auto_fd fs = (int)syscall(SYS_fsopen, "proc", FSOPEN_CLOEXEC), mount = -1, self = -1;

	if (fs >= 0 && syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		mount = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	if (mount >= 0)
		self = openat(mount, "self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (self >= 0 && fchdir(self) == 0)
		return 0;
	if (chdir("/proc/self/fd") < 0)
		return lc_err_errno(e, "enter /proc/self/fd");
	return 0;
}
