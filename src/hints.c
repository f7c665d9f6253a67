/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What may help with an error: one table of (words in the message, errno, text). */
#include "cli.h"
#include <errno.h>
#include <string.h>

static const struct hint {
	const char *words; /* that the message contains */
	int sys_errno; /* 0: any */
	const char *text;
} hints[] = {
	{ "does not exist", 0, "`hull list` shows the containers under this --root" },
	{ "it is not delegated: systemd needs", 0,
	  "as root: mkdir -p /etc/systemd/system/user@.service.d && printf "
	  "'[Service]\\nDelegate=cpu cpuset io memory pids\\n' "
	  ">/etc/systemd/system/user@.service.d/delegate.conf && systemctl daemon-reload; then log "
	  "in again" },
	{ "controller is not", 0,
	  "boot with systemd.unified_cgroup_hierarchy=1 (no cgroup v1), delegate the controller "
	  "(systemd: Delegate=yes), leave the limit out, or use --cgroup-manager=disabled" },
	{ "--console-socket", 0,
	  "set process.terminal to false, run in the foreground, or pass the socket that takes the "
	  "terminal" },
	{ "user namespace", EPERM,
	  "unprivileged user namespaces may be off: see sysctl user.max_user_namespaces, "
	  "kernel.unprivileged_userns_clone and kernel.apparmor_restrict_unprivileged_userns" },
	{ "clone the container's init", EPERM,
	  "run as root, or give the container a user namespace (`hull spec --rootless`); where it "
	  "has "
	  "one: see sysctl kernel.unprivileged_userns_clone and "
	  "kernel.apparmor_restrict_unprivileged_userns" },
	{ "clone the container's init", ENOSPC,
	  "a limit of namespaces is reached, or they are off: see /proc/sys/user/max_*_namespaces; "
	  "as root: sysctl -w user.max_user_namespaces=10000" },
	{ "user namespace", ENOSPC,
	  "user namespaces are off, or all are used: as root: sysctl -w "
	  "user.max_user_namespaces=10000" },
	{ "config.json: ", ENOENT, "`hull spec` writes a config.json to start from" },
	{ "Unknown parameter", 0, "see the options of this mount in config.json" },
	{ "already exists", 0, "choose another id, or `hull delete --force ID` the old one" },
	{ "cgroup is not empty", 0,
	  "another container or process is in linux.cgroupsPath: choose another path" },
	{ "executable file not found in $PATH", 0,
	  "process.args[0] is looked up in the PATH of process.env inside the container" },
};

static bool has_words(const char *msg, const char *words)
{
	return strstr(msg, words) != NULL;
}

const char *hint_for(const struct lc_error *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(hints); i++)
		if ((!hints[i].sys_errno || hints[i].sys_errno == e->sys_errno) &&
		    has_words(e->msg, hints[i].words))
			return hints[i].text;
	return NULL;
}
