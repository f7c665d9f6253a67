/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One conversation with `criu swrk`. */
#include "run/criu.h"
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "run/process.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

#define MESSAGE_MAX 65536
#define LOG_TAIL    65536
#define OLDEST	    31500 /* freezes and thaws cgroups of version 2, joins external namespaces */
#define MISSING \
	"criu is not installed: checkpoint and restore are its work (Debian: apt-get install " \
	"criu)"

/* ---- the process ---- */

/* In the child: @fd once more, below the mounts of the mount namespace we are in now; nothing could
 * be mounted in the old one. */
static int open_again(int fd, const char *path)
{
	auto_fd again = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (again < 0 || !fd_is_same(again, fd))
		return -1;
	return dup3(again, fd, O_CLOEXEC);
}

/* In the child. criu wants the root to be a mount; made in a mount namespace of criu's own, it
 * needs no cleaning up. */
static int make_root(const struct criu *k)
{
	if (!k->root_at)
		return 0;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ||
	    mount(k->root_from, k->root_at, NULL, MS_BIND | MS_REC, NULL) < 0)
		return -1;
	if (open_again(k->images, k->images_path) < 0 || open_again(k->work, k->work_path) < 0)
		return -1;
	return 0;
}

/* In the child. criu finds the images among the descriptors of who made the socket pair, and who
 * that is decides in which mount namespace they are: so it is made here. */
static int make_sockets(int control)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ||
	    fd_send(control, "s", 1, &pair[0], 1) < 0)
		return -1;
	close(pair[0]);
	return pair[1];
}

static noreturn void be_criu(const struct criu *k, const char *file, int control)
{
	char number[16];
	char *argv[] = { (char[]){ "criu" }, (char[]){ "swrk" }, number, NULL };
	int sock = make_root(k) < 0 ? -1 : make_sockets(control);

	if (sock < 0)
		_exit(126);
	snprintf(number, sizeof(number), "%d", sock);
	fd_set_cloexec(sock, false);
	for (size_t i = 0; i < k->n_fds; i++)
		fd_set_cloexec(k->fds[i], false);
	fd_set_cloexec(k->images, false);
	fd_set_cloexec(k->work, false);
	execv(file, argv);
	_exit(127);
}

struct worker {
	int sock, pidfd;
	pid_t pid;
	unsigned given_ms;
};

static void worker_end(struct worker *w)
{
	fd_release(&w->sock);
	process_end(w->pidfd, w->given_ms);
	fd_release(&w->pidfd);
}
#define auto_worker __attribute__((cleanup(worker_end))) struct worker

static int take_socket(int control, struct worker *w, struct lc_error *e)
{
	char byte;
	size_t n = 0;

	if (fd_recv(control, &byte, 1, &w->sock, 1, &n) == 1 && n == 1)
		return 0;
	return lc_err(e, LC_ESYSTEM, "criu could not be started: its root could not be mounted");
}

static int worker_start(struct criu *k, struct worker *w, struct lc_error *e)
{
	struct clone_args args = { .flags = CLONE_PIDFD, .exit_signal = SIGCHLD };
	/* Engines may call with a PATH without sbin. */
	const char *file = file_find_program(k->arena, getenv("PATH"), "criu");
	auto_fd ours = -1, theirs = -1;
	int pair[2];

	if (!file)
		return lc_err(e, LC_EUNSUPPORTED, MISSING);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return lc_err_errno(e, "socketpair");
	ours = pair[0];
	theirs = pair[1];
	args.pidfd = (uintptr_t)&w->pidfd;
	w->pid = sys_clone3(&args);
	if (w->pid < 0)
		return lc_err_errno(e, "start criu: clone3");
	if (w->pid == 0)
		be_criu(k, file, theirs);
	fd_release(&theirs);
	if (take_socket(ours, w, e) < 0)
		return -1;
	/* It does nothing before it is asked to. */
	if (k->cgroup >= 0 && cgroup_attach(k->cgroup, NULL, w->pid, e) < 0)
		return lc_err_in(e, "start criu in the container's cgroup");
	return 0;
}

/* ---- messages ---- */

/* Not for a dump: it takes as long as there is memory, and whoever ends criu in the middle of it
 * ends the container, too.  criu itself limits how long it waits for processes to stop. */
static int set_deadline(const struct criu *k, const struct worker *w, struct lc_error *e)
{
	unsigned ms = k->lc->timeout_ms;
	struct timeval limit = { ms / 1000, ms % 1000 * 1000 };

	if (setsockopt(w->sock, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
		return lc_err_errno(e, "setsockopt SO_RCVTIMEO");
	return 0;
}

static int say(struct criu *k, const struct worker *w, const CriuReq *req, struct lc_error *e)
{
	size_t len = criu_req__get_packed_size(req);
	uint8_t *data = arena_alloc(k->arena, len + 1);

	criu_req__pack(req, data);
	if (send(w->sock, data, len, MSG_NOSIGNAL) != (ssize_t)len)
		return lc_err_errno(e, "send to criu");
	return 0;
}

static void resp_release(CriuResp **resp)
{
	if (*resp)
		criu_resp__free_unpacked(*resp, NULL);
	*resp = NULL;
}
#define auto_resp __attribute__((cleanup(resp_release))) CriuResp *

#define LATE (-2) /* what criu's log says is not the reason */

static int hear(struct criu *k, const struct worker *w, CriuResp **resp, int *fd,
		struct lc_error *e)
{
	uint8_t *data = arena_alloc(k->arena, MESSAGE_MAX);
	size_t n = 0;
	ssize_t len = fd_recv(w->sock, data, MESSAGE_MAX, fd, 1, &n);

	if (len < 0 && errno == EAGAIN) {
		lc_err(e, LC_ESYSTEM, "criu has said nothing for %g s (--timeout)",
		       k->lc->timeout_ms / 1000.0);
		return LATE;
	}
	if (len < 0)
		return lc_err_errno(e, "hear from criu");
	if (len == 0)
		return lc_err(e, LC_ESYSTEM, "criu ended without an answer");
	*resp = criu_resp__unpack(NULL, (size_t)len, data);
	if (!*resp)
		return lc_err(e, LC_ESYSTEM, "criu's answer cannot be understood");
	return 0;
}

/* One request without work: version, features. */
static int ask(struct criu *k, const CriuReq *req, CriuResp **resp, struct lc_error *e)
{
	auto_worker w = { .sock = -1, .pidfd = -1, .given_ms = k->lc->given_ms };
	struct criu plain = {
		.lc = k->lc, .arena = k->arena, .images = -1, .work = -1, .cgroup = -1
	};
	auto_fd fd = -1;

	if (worker_start(&plain, &w, e) < 0 || set_deadline(k, &w, e) < 0 || say(k, &w, req, e) < 0)
		return -1;
	return hear(k, &w, resp, &fd, e);
}

static int check_version(struct criu *k, struct lc_error *e)
{
	CriuReq req = CRIU_REQ__INIT;
	auto_resp resp = NULL;
	int version;

	req.type = CRIU_WHAT__VERSION;
	if (ask(k, &req, &resp, e) < 0)
		return -1;
	if (!resp->success || !resp->version)
		return lc_err(e, LC_EUNSUPPORTED, "criu does not tell its version");
	version = resp->version->major_number * 10000 + resp->version->minor_number * 100 +
		  resp->version->sublevel;
	log_debug(k->lc->log, "criu has version %d", version);
	if (version < OLDEST)
		return lc_err(e, LC_EUNSUPPORTED, "criu %d.%d is too old: 3.15 or newer is needed",
			      resp->version->major_number, resp->version->minor_number);
	return 0;
}

int criu_need(struct criu *k, bool lazy, struct lc_error *e)
{
	CriuReq req = CRIU_REQ__INIT;
	CriuFeatures features = CRIU_FEATURES__INIT;
	auto_resp resp = NULL;

	features.has_mem_track = features.mem_track = !lazy;
	features.has_lazy_pages = features.lazy_pages = lazy;
	req.type = CRIU_WHAT__FEATURE_CHECK;
	req.features = &features;
	if (ask(k, &req, &resp, e) < 0)
		return -1;
	if (resp->success && resp->features &&
	    (lazy ? resp->features->lazy_pages : resp->features->mem_track))
		return 0;
	return lc_err(e, LC_EUNSUPPORTED,
		      lazy ? "--lazy-pages: this kernel or this criu cannot move pages later"
			   : "--pre-dump: this kernel or this criu cannot track changes of memory");
}

/* ---- what went wrong ---- */

/* Cuts "(00.012345) 12: Error (criu/mount.c:1): " down to what it says. */
static const char *plain_words(const char *line)
{
	const char *error = strstr(line, "Error (");
	const char *end = error ? strstr(error, "): ") : NULL;

	return end ? end + 3 : error;
}

/* What criu's log complains of at its end, NULL: nothing.  Of lines that follow one another the
 * first is the cause; the others say what it led to. */
static char *last_complaint(struct criu *k)
{
	auto_fd fd = openat(k->work, k->log_file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char *text = arena_alloc(k->arena, LOG_TAIL + 1), *line;
	const char *first = NULL;
	bool more = false;
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	n = pread(fd, text, LOG_TAIL, st.st_size > LOG_TAIL ? st.st_size - LOG_TAIL : 0);
	if (n <= 0)
		return NULL;
	text[n] = 0;
	while ((line = strsep(&text, "\n"))) {
		const char *words = plain_words(line);

		if (!words || !*words) {
			more = false;
			continue;
		}
		/* The last line only says that it failed. */
		if (!more && !(first && strstr(words, "FAILED")))
			first = words;
		more = true;
	}
	return first ? arena_strdup(k->arena, first) : NULL;
}

static int complain(struct criu *k, CriuWhat what, const CriuResp *resp, struct lc_error *e)
{
	const char *verb = what == CRIU_WHAT__RESTORE ? "restore" : "checkpoint";
	const char *why = last_complaint(k);
	int err = resp && resp->has_cr_errno ? resp->cr_errno : 0;

	if (!why)
		why = err > 0 ? lc_errno_text(err) : "no reason given";
	lc_err(e, LC_ESYSTEM, "criu could not %s the container: %s (log: %s/%s)", verb, why,
	       k->work_path, k->log_file);
	e->sys_errno = err > 0 ? err : 0;
	return -1;
}

/* ---- the conversation ---- */

static int answer(struct criu *k, const struct worker *w, bool success, struct lc_error *e)
{
	CriuReq req = CRIU_REQ__INIT;

	req.type = CRIU_WHAT__NOTIFY;
	req.has_notify_success = true;
	req.notify_success = success;
	return say(k, w, &req, e);
}

/* A failure of ours is what the caller hears, not criu's about it. */
static int pass_on(struct criu *k, const struct worker *w, const CriuResp *resp, int fd,
		   struct lc_error *e)
{
	struct lc_error other;
	const CriuNotify *n = resp->notify;
	const char *script = n && n->script ? n->script : "";

	log_debug(k->lc->log, "criu: %s", script);
	if (k->notify(k->ctx, script, n ? n->pid : 0, fd, e) == 0)
		return answer(k, w, true, e);
	if (answer(k, w, false, &other) == 0) {
		auto_resp last = NULL;
		auto_fd ignored = -1;

		(void)!hear(k, w, &last, &ignored, &other); /* it has cleaned up */
	}
	return -1;
}

static int converse(struct criu *k, CriuWhat what, const struct worker *w, pid_t *pid,
		    struct lc_error *e)
{
	for (;;) {
		auto_resp resp = NULL;
		auto_fd fd = -1;

		int r = hear(k, w, &resp, &fd, e);

		if (r < 0)
			return r == LATE ? -1 : complain(k, what, NULL, e);
		if (resp->type == CRIU_WHAT__NOTIFY) {
			if (pass_on(k, w, resp, fd, e) < 0)
				return -1;
			continue;
		}
		if (!resp->success || resp->type != what)
			return complain(k, what, resp, e);
		if (resp->restore)
			*pid = resp->restore->pid;
		return 0;
	}
}

int criu_do(struct criu *k, CriuWhat what, pid_t *pid, struct lc_error *e)
{
	auto_worker w = { .sock = -1, .pidfd = -1, .given_ms = k->lc->given_ms };
	CriuReq req = CRIU_REQ__INIT;
	int status;

	req.type = what;
	req.opts = &k->opts;
	unlinkat(k->work, k->log_file, 0); /* so that no older one is quoted */
	if (worker_start(k, &w, e) < 0 ||
	    (what == CRIU_WHAT__RESTORE && set_deadline(k, &w, e) < 0) || say(k, &w, &req, e) < 0 ||
	    converse(k, what, &w, pid, e) < 0)
		return -1;
	/* After a pre-dump it would wait for the next request. */
	fd_release(&w.sock);
	if (process_wait(w.pidfd, &status, e) < 0)
		return -1;
	fd_release(&w.pidfd);
	return 0;
}

/* ---- options ---- */

/* @real: its absolute path. */
static int open_dir(struct criu *k, const char *what, const char *path, bool make, char **real,
		    struct lc_error *e)
{
	auto_free char *absolute = NULL;
	int fd;

	if (make && file_mkdirs(path, 0700, e) < 0)
		return lc_err_in(e, "%s", what);
	fd = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return lc_err_errno(e, "%s: open %s", what, path);
	absolute = realpath(path, NULL);
	*real = arena_strdup(k->arena, absolute ? absolute : path);
	return fd;
}

static int open_dirs(struct criu *k, bool make, struct lc_error *e)
{
	const char *images = k->how.image_path ? k->how.image_path : "checkpoint";
	const char *work = k->how.work_path ? k->how.work_path : images;

	k->images = open_dir(k, "--image-path", images, make, &k->images_path, e);
	if (k->images < 0)
		return -1;
	k->work = open_dir(k, "--work-path", work, true, &k->work_path, e);
	if (k->work < 0)
		return -1;
	k->opts.images_dir_fd = k->images;
	k->opts.has_work_dir_fd = true;
	k->opts.work_dir_fd = k->work;
	return 0;
}

static const struct word cgroup_modes[] = {
	{ "soft", CRIU_CGROUP_MODE__SOFT },
	{ "full", CRIU_CGROUP_MODE__FULL },
	{ "strict", CRIU_CGROUP_MODE__STRICT },
	{ "ignore", CRIU_CGROUP_MODE__IGNORE },
	{},
};

static const struct word network_locks[] = {
	{ "iptables", CRIU_NETWORK_LOCK__IPTABLES },
	{ "nftables", CRIU_NETWORK_LOCK__NFTABLES },
	{},
};

static int set_words(struct criu *k, struct lc_error *e)
{
	int value = CRIU_CGROUP_MODE__SOFT;

	if (k->how.manage_cgroups && !word_value(cgroup_modes, k->how.manage_cgroups, &value))
		return lc_err(e, LC_EUSAGE,
			      "--manage-cgroups-mode: expected soft, full, strict or ignore, found "
			      "\"%s\"",
			      k->how.manage_cgroups);
	k->opts.has_manage_cgroups = k->opts.manage_cgroups = true;
	k->opts.has_manage_cgroups_mode = true;
	k->opts.manage_cgroups_mode = (CriuCgroupMode)value;
	if (!k->how.network_lock)
		return 0;
	if (!word_value(network_locks, k->how.network_lock, &value))
		return lc_err(e, LC_EUSAGE,
			      "--network-lock: expected iptables or nftables, found \"%s\"",
			      k->how.network_lock);
	k->opts.has_network_lock = true;
	k->opts.network_lock = (CriuNetworkLock)value;
	return 0;
}

/* criu's configuration can run programs: it must be root's alone. */
static int set_config(struct criu *k, const struct pairs *annotations, struct lc_error *e)
{
	static const char *const files[] = { "/etc/criu/hull.conf", "/etc/criu/runc.conf",
					     "/etc/criu/crun.conf" };
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(files) && !k->opts.config_file; i++)
		if (access(files[i], F_OK) == 0)
			k->opts.config_file = arena_strdup(k->arena, files[i]);
	for (size_t i = 0; i < annotations->n; i++)
		if (!strcmp(annotations->v[i].key, "org.criu.config"))
			k->opts.config_file = annotations->v[i].value;
	if (!k->opts.config_file)
		return 0;
	if (k->opts.config_file[0] != '/')
		return lc_err(e, LC_ECONFIG,
			      "annotations[\"org.criu.config\"]: expected an absolute path, found "
			      "\"%s\"",
			      k->opts.config_file);
	if (stat(k->opts.config_file, &st) < 0)
		return lc_err_errno(e, "configuration of criu: %s", k->opts.config_file);
	if (!S_ISREG(st.st_mode) || st.st_uid != 0 || st.st_mode & (S_IWGRP | S_IWOTH))
		return lc_err(e, LC_ECONFIG,
			      "configuration of criu: %s: must be a file that is root's and that "
			      "nobody else can write",
			      k->opts.config_file);
	return 0;
}

static void set_flags(struct criu *k)
{
	const struct lc_criu *how = &k->how;
	CriuOpts *o = &k->opts;

	o->has_log_level = true;
	o->log_level = 4;
	o->log_file = arena_strdup(k->arena, k->log_file);
	o->has_notify_scripts = o->notify_scripts = true;
	o->has_orphan_pts_master = o->orphan_pts_master = true;
	o->has_ext_unix_sk = true, o->ext_unix_sk = how->ext_unix_sk;
	o->has_tcp_established = true, o->tcp_established = how->tcp_established;
	o->has_shell_job = true, o->shell_job = how->shell_job;
	o->has_file_locks = true, o->file_locks = how->file_locks;
	o->has_auto_dedup = true, o->auto_dedup = how->auto_dedup;
	o->has_lazy_pages = true, o->lazy_pages = how->lazy_pages;
	if (k->lc->given_ms) /* its own is ten seconds, for stopping all processes */
		o->has_timeout = true, o->timeout = (k->lc->given_ms + 999) / 1000;
	if (how->empty_network)
		o->has_empty_ns = true, o->empty_ns = CLONE_NEWNET;
	o->external = k->external;
	o->inherit_fd = k->inherit;
	o->join_ns = k->join;
}

int criu_open(struct criu *k, struct lc *lc, struct arena *a, const struct lc_criu *how,
	      const struct pairs *annotations, bool make, struct lc_error *e)
{
	k->lc = lc;
	k->arena = a;
	k->images = k->work = k->cgroup = -1;
	memcpy(&k->how, how, how->size < sizeof(k->how) ? how->size : sizeof(k->how));
	k->opts = (CriuOpts)CRIU_OPTS__INIT;
	k->log_file = make ? "dump.log" : "restore.log";
	if (geteuid() != 0)
		return lc_err(e, LC_EUNSUPPORTED, "checkpoint and restore need root");
	set_flags(k);
	if (set_words(k, e) < 0 || set_config(k, annotations, e) < 0 || check_version(k, e) < 0 ||
	    (k->how.lazy_pages && criu_need(k, true, e) < 0))
		return -1;
	return open_dirs(k, make, e);
}

void criu_close(struct criu *k)
{
	if (!k->lc)
		return;
	fd_release(&k->images);
	fd_release(&k->work);
	for (size_t i = 0; i < k->n_fds; i++)
		fd_release(&k->fds[i]);
}

/* ---- lists ---- */

int criu_external(struct criu *k, struct lc_error *e, const char *fmt, ...)
{
	char text[2 * PATH_MAX];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (k->opts.n_external == CRIU_LIST || n < 0 || (size_t)n >= sizeof(text))
		return lc_err(e, LC_EUNSUPPORTED, "too many mounts for a checkpoint");
	k->external[k->opts.n_external++] = arena_strdup(k->arena, text);
	return 0;
}

int criu_inherit(struct criu *k, const char *key, int fd, struct lc_error *e)
{
	auto_fd owned = fd;
	CriuInheritFd *item = arena_alloc(k->arena, sizeof(*item));

	if (k->n_fds == CRIU_FDS)
		return lc_err(e, LC_EINTERNAL, "too many descriptors for criu");
	*item = (CriuInheritFd)CRIU_INHERIT_FD__INIT;
	item->key = arena_strdup(k->arena, key);
	item->fd = fd;
	k->inherit[k->opts.n_inherit_fd++] = item;
	k->fds[k->n_fds++] = fd_take(&owned);
	return 0;
}

int criu_join(struct criu *k, const char *ns, const char *path, struct lc_error *e)
{
	CriuJoinNs *item = arena_alloc(k->arena, sizeof(*item));

	if (k->opts.n_join_ns == CRIU_FDS)
		return lc_err(e, LC_EINTERNAL, "too many namespaces for criu");
	*item = (CriuJoinNs)CRIU_JOIN_NS__INIT;
	item->ns = arena_strdup(k->arena, ns);
	item->ns_file = arena_strdup(k->arena, path);
	k->join[k->opts.n_join_ns++] = item;
	return 0;
}
