/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Namespaces by their kernel names, their files, and the id maps of user namespaces. */
#include "run/namespaces.h"
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "run/helper.h"
#include "run/process.h"
#include "sys/fd.h"
#include "sys/procfs.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <stdnoreturn.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

#define MAP_MAX	 (64 << 10) /* of /proc/PID/uid_map: the kernel takes 340 lines */
#define SAID_MAX (64 << 10)

const struct ns_kind ns_kinds[NS_TYPES] = {
	[NS_PID] = { CLONE_NEWPID, "pid" },	     [NS_NETWORK] = { CLONE_NEWNET, "net" },
	[NS_MOUNT] = { CLONE_NEWNS, "mnt" },	     [NS_IPC] = { CLONE_NEWIPC, "ipc" },
	[NS_UTS] = { CLONE_NEWUTS, "uts" },	     [NS_USER] = { CLONE_NEWUSER, "user" },
	[NS_CGROUP] = { CLONE_NEWCGROUP, "cgroup" }, [NS_TIME] = { CLONE_NEWTIME, "time" },
};

static const char *type_name(int flag)
{
	for (size_t i = 0; i < NS_TYPES; i++)
		if (ns_kinds[i].flag == flag)
			return word_name(ns_type_words, (int)i);
	return "unknown";
}

static bool is_own(int fd, enum ns_type type)
{
	char path[32];
	struct stat own, given;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", ns_kinds[type].file);
	return stat(path, &own) == 0 && fstat(fd, &given) == 0 && own.st_dev == given.st_dev &&
	       own.st_ino == given.st_ino;
}

bool ns_differs(pid_t pid, enum ns_type type)
{
	char own[40], its[40];
	struct stat a, b;

	snprintf(own, sizeof(own), "/proc/self/ns/%s", ns_kinds[type].file);
	snprintf(its, sizeof(its), "/proc/%d/ns/%s", pid, ns_kinds[type].file);
	if (stat(own, &a) < 0)
		return false; /* the kernel knows no such */
	if (stat(its, &b) < 0)
		return errno == EACCES || errno == EPERM;
	return a.st_ino != b.st_ino || a.st_dev != b.st_dev;
}

int ns_open_of(pid_t pid, enum ns_type type, struct lc_error *e)
{
	char path[40];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, ns_kinds[type].file);
	fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? lc_err_errno(e, "open the container's %s namespace",
				     word_name(ns_type_words, (int)type))
		      : fd;
}

int ns_open(const struct plan_namespace *ns, struct lc_error *e)
{
	const char *name = word_name(ns_type_words, (int)ns->type);
	auto_fd fd = openat(AT_FDCWD, ns->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int type;

	if (fd < 0)
		return lc_err_errno(e, "linux.namespaces (%s): open %s", name, ns->path);
	type = ioctl(fd, NS_GET_NSTYPE);
	if (type < 0)
		return lc_err(e, LC_ECONFIG, "linux.namespaces (%s): %s is not a namespace", name,
			      ns->path);
	if (type != ns_kinds[ns->type].flag)
		return lc_err(e, LC_ECONFIG, "linux.namespaces (%s): %s is a %s namespace", name,
			      ns->path, type_name(type));
	if (is_own(fd, ns->type)) {
		e->code = LC_OK;
		return -1;
	}
	return fd_take(&fd);
}

/* ---- maps ---- */

bool ns_outside(const plan_id_maps *maps, uint32_t inside, uint32_t *outside)
{
	*outside = inside;
	for (size_t i = 0; i < maps->n; i++) {
		const struct plan_id_map *m = &maps->v[i];

		*outside = m->outside + (inside - m->inside);
		if (inside >= m->inside && inside - m->inside < m->count)
			return true;
	}
	return maps->n == 0;
}

char *ns_map_text(struct arena *a, const plan_id_maps *maps)
{
	struct buf b = { .arena = a };

	for (size_t i = 0; i < maps->n; i++)
		buf_addf(&b, "%u %u %u\n", maps->v[i].inside, maps->v[i].outside, maps->v[i].count);
	return b.str ? b.str : arena_strdup(a, "");
}

static char *next_number(char **text)
{
	char *word;

	do {
		word = strsep(text, " ");
	} while (word && !*word);
	return word;
}

bool ns_map_parse(struct arena *a, char *text, plan_id_maps *maps)
{
	size_t room = 0;
	char *line;

	for (const char *p = text; *p; p++)
		room += *p == '\n';
	*maps = (plan_id_maps){ .v = arena_array(a, room + 1, sizeof(*maps->v)) };
	while ((line = strsep(&text, "\n")) && *line) {
		char *in = next_number(&line), *out = next_number(&line), *n = next_number(&line);
		struct plan_id_map *m = &maps->v[maps->n++];

		if (!in || !out || !n || !str_u32(in, &m->inside) || !str_u32(out, &m->outside) ||
		    !str_u32(n, &m->count))
			return false;
	}
	return true;
}

static char **helper_args(struct arena *a, const char *name, pid_t pid, const plan_id_maps *maps)
{
	char **argv = arena_array(a, 3 + 3 * maps->n, sizeof(*argv)), **p = argv;

	*p++ = arena_strdup(a, name);
	*p++ = arena_printf(a, "%d", pid);
	for (size_t i = 0; i < maps->n; i++) {
		*p++ = arena_printf(a, "%u", maps->v[i].inside);
		*p++ = arena_printf(a, "%u", maps->v[i].outside);
		*p++ = arena_printf(a, "%u", maps->v[i].count);
	}
	return argv;
}

static int map_with_helper(const char *name, pid_t pid, const plan_id_maps *maps, unsigned ms,
			   struct lc_error *e)
{
	auto_arena a = { 0 };
	const char *path = file_find_program(&a, NULL, name);
	char **argv, *said;
	int status;

	if (!path)
		return lc_err(e, LC_EUNSUPPORTED,
			      "%s is missing: without it an ordinary user can map no id but their "
			      "own (Debian: apt-get install uidmap)",
			      name);
	argv = helper_args(&a, path, pid, maps);
	status = helper_run(argv, true, ms, &a, SAID_MAX, &said, e);
	if (status <= 0)
		return status;
	said[strcspn(said, "\n")] = 0;
	return lc_err(e, LC_ESYSTEM, "%s: %s", path, *said ? said : "it failed without saying why");
}

static int map_directly(int procfs, pid_t pid, const char *file, const plan_id_maps *maps,
			struct lc_error *e)
{
	auto_arena a = { 0 };

	return procfs_write(procfs, arena_printf(&a, "%d/%s", pid, file), ns_map_text(&a, maps), e);
}

int ns_write_maps(int procfs, pid_t pid, const struct plan_namespaces *ns, unsigned ms,
		  struct lc_error *e)
{
	char path[32];

	snprintf(path, sizeof(path), "%d/setgroups", pid);
	if (ns->deny_setgroups && procfs_write(procfs, path, "deny", e) < 0)
		return lc_err_in(e, "user namespace");
	if (ns->use_newidmap) {
		if (map_with_helper("newgidmap", pid, &ns->gid_maps, ms, e) < 0)
			return lc_err_in(e, "linux.gidMappings");
		if (map_with_helper("newuidmap", pid, &ns->uid_maps, ms, e) < 0)
			return lc_err_in(e, "linux.uidMappings");
		return 0;
	}
	if (map_directly(procfs, pid, "gid_map", &ns->gid_maps, e) < 0)
		return lc_err_in(e, "linux.gidMappings");
	if (map_directly(procfs, pid, "uid_map", &ns->uid_maps, e) < 0)
		return lc_err_in(e, "linux.uidMappings");
	return 0;
}

/* ---- a process that only is in a user namespace ---- */

static noreturn void stay_in(int userns, int ready)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	/* Those who are in there already must not get at what we have open. */
	if (userns >= 0)
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (userns >= 0 && setns(userns, CLONE_NEWUSER) < 0)
		_exit(errno);
	if (write(ready, "x", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

/* @userns: the one to be in; -1: a new one. Returns the pid, with a pidfd in *pidfd. */
static pid_t start_inhabitant(int userns, int *pidfd, struct lc_error *e)
{
	struct clone_args args = { .flags = CLONE_PIDFD, .exit_signal = SIGCHLD };
	int ready[2];
	pid_t pid;
	char c;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return lc_err_errno(e, "pipe");
	args.flags |= userns < 0 ? CLONE_NEWUSER : 0;
	args.pidfd = (uintptr_t)pidfd;
	pid = sys_clone3(&args);
	if (pid == 0) {
		close(ready[0]);
		stay_in(userns, ready[1]);
	}
	close(ready[1]);
	if (pid < 0)
		lc_err_errno(e, "clone into a user namespace");
	else if (read(ready[0], &c, 1) != 1) {
		process_end(*pidfd, 0); /* it does nothing that could hang */
		fd_release(pidfd);
		pid = lc_err(e, LC_ESYSTEM, "join the user namespace: operation not permitted");
	}
	close(ready[0]);
	return pid;
}

static int read_map(pid_t pid, const char *file, struct arena *a, plan_id_maps *maps,
		    struct lc_error *e)
{
	char *path = arena_printf(a, "/proc/%d/%s", pid, file), *text;
	size_t len;

	if (file_read_at(AT_FDCWD, path, a, MAP_MAX, &text, &len, e) < 0)
		return -1;
	if (!ns_map_parse(a, text, maps))
		return lc_err(e, LC_EINTERNAL, "%s makes no sense", path);
	return 0;
}

bool ns_setgroups_denied(pid_t pid)
{
	char path[32], text[8] = "";
	auto_fd fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/setgroups", pid);
	fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && str_starts(text, "deny");
}

int ns_read_maps(int fd, struct arena *a, plan_id_maps *uids, plan_id_maps *gids,
		 bool *setgroups_denied, struct lc_error *e)
{
	auto_fd pidfd = -1;
	pid_t pid = start_inhabitant(fd, &pidfd, e);
	int r;

	if (pid < 0)
		return -1;
	r = read_map(pid, "uid_map", a, uids, e) < 0 ? -1 : read_map(pid, "gid_map", a, gids, e);
	*setgroups_denied = ns_setgroups_denied(pid);
	process_end(pidfd, 0);
	return r;
}

int ns_make_user(int procfs, const plan_id_maps *uids, const plan_id_maps *gids, struct lc_error *e)
{
	struct plan_namespaces ns = { .uid_maps = *uids, .gid_maps = *gids };
	auto_fd pidfd = -1;
	pid_t pid = start_inhabitant(-1, &pidfd, e);
	char path[32];
	int fd = -1;

	if (pid < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	if (ns_write_maps(procfs, pid, &ns, 0, e) == 0) {
		fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			lc_err_errno(e, "open %s", path);
	}
	process_end(pidfd, 0);
	return fd;
}
