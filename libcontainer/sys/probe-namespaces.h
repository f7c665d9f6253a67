/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* May the caller make the namespaces of a container, and mount in them? */
#ifndef LC_PROBE_NAMESPACES_H
#define LC_PROBE_NAMESPACES_H

#include <stdint.h>

enum probe_refused {
	PROBE_NONE, /* it may */
	PROBE_MAKE, /* not make them */
	PROBE_MAP, /* not map the user */
	PROBE_MOUNT, /* not mount anything in them */
	PROBE_PROC, /* not mount a procfs */
};

/* Makes them all in a child, in which @uid and @gid are root, and forgets them. *error: the errno
 * of what was refused. */
enum probe_refused probe_namespaces(uint32_t uid, uint32_t gid, int *error);

#endif
