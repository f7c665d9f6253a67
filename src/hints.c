/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What may help with an error: one table of (words in the message, errno, text), and one of
 * settings of the kernel that keep an ordinary user from what it asked for. */
#include "cli.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

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
	  "the kernel refuses them to this caller: in a chroot, or by a filter of an engine around "
	  "it; `hull check` shows what this host has" },
	{ "clone the container's init", EPERM,
	  "run as root, or give the container a user namespace (`hull spec --rootless`); where it "
	  "has one, `hull check` shows what this host has" },
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

/* Which call then fails, in which step, differs from one version to the next: any that is not
 * permitted counts. */
static const struct setting {
	const char *file; /* below /proc/sys */
	const char *value;
	const char *text;
} settings[] = {
	{ "kernel/unprivileged_userns_clone", "0",
	  "ordinary users may make no user namespaces here: as root: sysctl -w "
	  "kernel.unprivileged_userns_clone=1" },
	{ "kernel/apparmor_restrict_unprivileged_userns", "1",
	  "AppArmor takes the privileges in user namespaces from programs without a profile (so in "
	  "Ubuntu): as root, for hull alone: printf 'abi <abi/4.0>,\\ninclude "
	  "<tunables/global>\\nprofile hull /usr/{local/,}{s,}bin/hull flags=(unconfined) "
	  "{\\n  userns,\\n}\\n' >/etc/apparmor.d/hull && apparmor_parser -r "
	  "/etc/apparmor.d/hull; or for all programs: sysctl -w "
	  "kernel.apparmor_restrict_unprivileged_userns=0" },
};

static bool is_set(const struct setting *s)
{
	auto_arena a = {};
	const char *now = file_fact_at(AT_FDCWD, arena_printf(&a, "/proc/sys/%s", s->file), &a, 64);

	return now && !strcmp(now, s->value);
}

static bool has_words(const char *msg, const char *words)
{
	return strstr(msg, words) != NULL;
}

const char *hint_for(const struct lc_error *e)
{
	for (size_t i = 0; e->sys_errno == EPERM && geteuid() && i < ARRAY_SIZE(settings); i++)
		if (is_set(&settings[i]))
			return settings[i].text;
	for (size_t i = 0; i < ARRAY_SIZE(hints); i++)
		if ((!hints[i].sys_errno || hints[i].sys_errno == e->sys_errno) &&
		    has_words(e->msg, hints[i].words))
			return hints[i].text;
	return NULL;
}
