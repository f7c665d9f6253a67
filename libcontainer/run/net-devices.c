/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linux.netDevices: moves network interfaces of the host into the container's namespace. */
#include "run/net-devices.h"

int net_devices_move(const struct plan *plan, pid_t pid, const struct lc_log *log,
		     struct lc_error *e)
{
	(void)pid;
	(void)log;
	if (plan->net_devices.n)
		return lc_err(e, LC_EUNSUPPORTED, "linux.netDevices: not supported");
	return 0;
}
