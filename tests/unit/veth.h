/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pairs of network interfaces, for tests in namespaces of their own. */
#ifndef LC_TEST_VETH_H
#define LC_TEST_VETH_H

#include <stdint.h>

/* Makes @name and its other end @peer, both of @mtu, the latter in namespace @netns (-1: here too).
 * Ends the test as skipped where the kernel makes none. */
void veth_add(int sock, const char *name, const char *peer, int netns, uint32_t mtu);

#endif
