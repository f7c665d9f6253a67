/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process itself and what its namespaces hold: names, loopback, keyring, sysctls. */
#include "base/own.h"
#include "base/str.h"
#include "init/steps.h"
#include "sys/ids.h"
#include "sys/procfs.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* A mask in the text of /proc/self/status; all bits, if it is not there. */
static uint64_t mask_of(const char *status, const char *name)
{
	const char *line = strstr(status, name);
	uint64_t mask = 0;

	if (!line)
		return ~0ULL;
	for (const char *p = line + strlen(name); *p && *p != '\n'; p++) {
		if (*p >= '0' && *p <= '9')
			mask = mask << 4 | (uint64_t)(*p - '0');
		else if (*p >= 'a' && *p <= 'f')
			mask = mask << 4 | (uint64_t)(*p - 'a' + 10);
	}
	return mask;
}

/* execve resets handlers, but what is ignored stays so.  To ask which they are is far cheaper than
 * to reset them all; and so it is with the bounding set.  The parent asks: in a container that
 * runs, /proc proves nothing. */
void init_ask_status(struct sandbox *s)
{
	auto_fd fd = openat(AT_FDCWD, "/proc/self/status", O_RDONLY | O_CLOEXEC);
	char status[4096];
	ssize_t n = fd < 0 ? -1 : read(fd, status, sizeof(status) - 1);

	status[n > 0 ? n : 0] = 0;
	s->signals_ignored = mask_of(status, "\nSigIgn:");
	s->bounding = mask_of(status, "\nCapBnd:");
}

static void reset_signals(const struct sandbox *s)
{
	sigset_t none;

	sys_signals_default(s->signals_ignored);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* To 0 of the user namespace.  Where that maps no id to it, to the program's: what is made has to
 * have an owner that the namespace knows. */
static int become(int (*set)(uint32_t id), uint32_t of_program)
{
	if (set(0) == 0)
		return 0;
	return errno != EINVAL || (set(of_program) < 0 && errno != EINVAL) ? -1 : 0;
}

static int become_root(const struct sandbox *s, struct lc_error *e)
{
	const struct plan_process *p = s->plan->process;

	if (become(sys_setresgid, p ? p->user.gid : 0) < 0 ||
	    become(sys_setresuid, p ? p->user.uid : 0) < 0)
		return lc_err_errno(e, "become root of the user namespace");
	return 0;
}

int step_process(struct sandbox *s, struct lc_error *e)
{
	/* The namespaces may hold processes already: none may trace us (CVE-2016-9962). */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return lc_err_errno(e, "prctl PR_SET_DUMPABLE");
	/* What the caller's caller forgot goes no further (CVE-2024-21626), and what is to be
	 * preserved not to hooks; a call that a filter may refuse later. */
	if (sys_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return lc_err_errno(e, "close_range");
	for (int fd = 0; fd < 3; fd++)
		if (s->streams[fd] >= 0 && dup2(s->streams[fd], fd) < 0)
			return lc_err_errno(e, "make descriptor %d", fd);
	(void)setsid(); /* fails for the leader of a session only */
	s->umask = umask(0); /* modes are exact from here on */
	reset_signals(s);
	return s->mapped_root ? become_root(s, e) : 0;
}

int step_ipc_namespace(struct sandbox *s, struct lc_error *e)
{
	(void)s;
	if (unshare(CLONE_NEWIPC) < 0)
		return lc_err_errno(e, "unshare IPC namespace");
	return 0;
}

int step_cgroup_namespace(struct sandbox *s, struct lc_error *e)
{
	(void)s;
	if (unshare(CLONE_NEWCGROUP) < 0)
		return lc_err_errno(e, "unshare cgroup namespace");
	return 0;
}

/* A session keyring of the container's own, so that keys of the host's do not come along.  Where
 * the kernel has none, or an outer sandbox forbids keyctl(2), there is nothing to reach either. */
static int join_keyring(struct sandbox *s, struct lc_error *e)
{
	char name[256];
	int key;

	snprintf(name, sizeof(name), "_ses.%s", s->plan->id);
	key = sys_keyctl_join(name);
	if (key < 0 && (errno == ENOSYS || errno == EPERM))
		return 0;
	if (key < 0)
		return lc_err_errno(e, "keyctl join %s", name);
	/* The possessor all but setattr, the user view, read, link and search: by the last, `exec`
	 * finds it. */
	if (s->is_exec || !sys_keyctl_setperm(key, 0x1f1b0000))
		return 0;
	if (errno != EACCES)
		return lc_err_errno(e, "keyctl setperm %s", name);
	/* The keyring of a container that had this id before and is not quite gone: its keys are
	 * none of ours, so take one without a name, which is always new. */
	if (sys_keyctl_join(NULL) < 0)
		return lc_err_errno(e, "keyctl join");
	return 0;
}

/* SELinux: the keyring is labelled for the program, and keys made later as ever. */
static int label_keys(struct sandbox *s, const char *label, struct lc_error *e)
{
	const struct plan_process *p = s->plan->process;

	if (!p || !p->selinux || procfs_write(s->procfs, "self/attr/keycreate", label, e) == 0)
		return 0;
	return label_refused(p, e);
}

int step_keyring(struct sandbox *s, struct lc_error *e)
{
	const struct plan_process *p = s->plan->process;

	if (label_keys(s, p ? p->selinux : "", e) < 0 || join_keyring(s, e) < 0)
		return -1;
	return label_keys(s, "", e);
}

int step_names(struct sandbox *s, struct lc_error *e)
{
	const char *host = s->plan->hostname, *domain = s->plan->domainname;

	if (host && sethostname(host, strlen(host)) < 0)
		return lc_err_errno(e, "hostname %s", host);
	if (domain && setdomainname(domain, strlen(domain)) < 0)
		return lc_err_errno(e, "domainname %s", domain);
	return 0;
}

/* Any socket will do for the ioctl; sockets of AF_INET may be forbidden to us. */
int step_loopback(struct sandbox *s, struct lc_error *e)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	auto_fd sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (sock < 0)
		return lc_err_errno(e, "socket");
	if (ioctl(sock, SIOCSIFFLAGS, &ifr) < 0)
		return lc_err_errno(e, "lo");
	close_later(s, &sock);
	return 0;
}

int step_procfs(struct sandbox *s, struct lc_error *e)
{
	if (s->procfs < 0)
		s->procfs = procfs_open(e);
	return s->procfs < 0 ? -1 : 0;
}

int step_sysctls(struct sandbox *s, struct lc_error *e)
{
	for (size_t i = 0; i < s->plan->sysctls.n; i++) {
		const struct plan_sysctl *sysctl = &s->plan->sysctls.v[i];
		char path[512];

		if (snprintf(path, sizeof(path), "sys/%s", sysctl->path) >= (int)sizeof(path))
			return lc_err(e, LC_ECONFIG, "%s: the name is too long", sysctl->key);
		if (procfs_write(s->procfs, path, sysctl->value, e) < 0)
			return lc_err_in(e, "%s", sysctl->key);
	}
	return 0;
}
