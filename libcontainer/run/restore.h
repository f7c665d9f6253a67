/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a checkpoint leaves for restore beside criu's own files. */
#ifndef LC_RESTORE_H
#define LC_RESTORE_H

/* In the images' directory: a JSON array of what descriptors 0, 1 and 2 of init were. */
#define STREAMS_FILE "descriptors.json"

/* In the container's directory: where criu finds the root. */
#define RESTORE_ROOT "criu-root"

#endif
