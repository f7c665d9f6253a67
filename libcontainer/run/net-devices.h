/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linux.netDevices: moves network interfaces of the host into the container's namespace. */
#ifndef LC_NET_DEVICES_H
#define LC_NET_DEVICES_H

#include "base/log.h"
#include "plan/plan.h"
#include <sys/types.h>

/* Moves plan->net_devices into the network namespace of @pid under their new names; permanent
 * global addresses, MTU and hardware address are kept, and they are brought up. */
int net_devices_move(const struct plan *plan, pid_t pid, const struct lc_log *log,
		     struct lc_error *e) lc_checked;

#endif
