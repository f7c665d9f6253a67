/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* musl's <sys/mount.h> lacks the mount interface of Linux 5.2 and newer; the kernel's has it. */
#include_next <sys/mount.h>

#ifndef MOUNT_ATTR_RDONLY
#include <linux/mount.h>
#endif
