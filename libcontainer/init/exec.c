/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* HOME, the working directory, the program, and execve. */
#include "base/own.h"
#include "base/str.h"
#include "init/steps.h"
#include "init/sync.h"
#include "sys/fd.h"
#include "sys/rootfs.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* ---- HOME ---- */

enum { PASSWD_MAX = 1 << 20, LINE_SIZE = 4096 }; /* more is not looked at */

/* What follows @n fields of a line of passwd; NULL when there are not so many. */
static char *skip_fields(char *line, int n)
{
	while (n-- > 0) {
		line = strchr(line, ':');
		if (!line)
			return NULL;
		line++;
	}
	return line;
}

/* True when @line is the entry of @uid; its home directory goes to @home. */
static bool take_home(char *line, uint32_t uid, char *home, size_t size)
{
	char *id = skip_fields(line, 2), *dir = id ? skip_fields(id, 3) : NULL;
	uint32_t number;

	if (!id)
		return false;
	id[strcspn(id, ":")] = 0;
	if (!str_u32(id, &number) || number != uid)
		return false;
	if (dir)
		dir[strcspn(dir, ":")] = 0;
	if (dir && *dir == '/' && strlen(dir) + sizeof("HOME=") <= size)
		snprintf(home, size, "HOME=%s", dir);
	return true;
}

/* Goes through an open passwd line by line with a buffer of fixed size: the image decides how long
 * it is.  Lines that do not fit are nobody's. */
static void search_passwd(int fd, uint32_t uid, char *home, size_t size)
{
	char buf[LINE_SIZE + 1], *end;
	size_t have = 0, total = 0;
	bool skip = false;
	ssize_t n;

	while (total < PASSWD_MAX && (n = read(fd, buf + have, LINE_SIZE - have)) >= 0) {
		total += (size_t)n;
		have += (size_t)n;
		if (n == 0 && have > 0 && have < LINE_SIZE)
			buf[have++] = '\n'; /* the last line may lack it */
		buf[have] = 0;
		while ((end = memchr(buf, '\n', have))) {
			*end++ = 0;
			if (!skip && take_home(buf, uid, home, size))
				return;
			skip = false;
			have -= (size_t)(end - buf);
			memmove(buf, end, have + 1);
		}
		if (n == 0)
			return;
		if (have == LINE_SIZE) {
			skip = true;
			have = 0;
		}
	}
}

/* OCI leaves HOME to the runtime: the directory of the uid in the container's passwd, else "/".
 * The file may be anything, a fifo too. */
int step_home(struct sandbox *s, struct lc_error *e)
{
	const struct plan_process *p = s->plan->process;
	struct lc_error ignored;
	auto_fd fd = -1;

	(void)e;
	if (!p->home_from_passwd)
		return 0;
	snprintf(s->home, sizeof(s->home), "HOME=/");
	fd = rootfs_open(s->root, "/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY, &ignored);
	if (fd >= 0 && fd_is_type(fd, S_IFREG))
		search_passwd(fd, p->user.uid, s->home, sizeof(s->home));
	p->env.v[p->env.n] = s->home; /* the plan keeps this place free */
	return 0;
}

/* ---- the working directory ---- */

/* The kernel says where we are as seen from our root, or "(unreachable)": a working directory that
 * came in by a leaked descriptor (CVE-2024-21626).  libc's getcwd would hide that. */
static int check_inside(const char *cwd, struct lc_error *e)
{
	char path[PATH_MAX];

	if (syscall(SYS_getcwd, path, sizeof(path)) < 0)
		return lc_err_errno(e, "getcwd after chdir to %s", cwd);
	if (path[0] != '/')
		return lc_err(e, LC_ECONFIG, "process.cwd: %s is outside of the container's root",
			      cwd);
	return 0;
}

static int make_cwd(struct sandbox *s, const char *cwd, struct lc_error *e)
{
	auto_fd dir = rootfs_mkdirs(s->root, cwd, 0755, e);

	return dir < 0 ? -1 : 0;
}

/* As root where root may, before ids change: the user need not be able to. */
int step_cwd(struct sandbox *s, struct lc_error *e)
{
	const char *cwd = s->plan->process->cwd;

	if (chdir(cwd) < 0) {
		if (errno == ENOENT && make_cwd(s, cwd, e) < 0)
			return -1;
		if (chdir(cwd) < 0) {
			if (errno == EACCES)
				return 0; /* root squashed: the user may */
			return lc_err_errno(e, "process.cwd: chdir to %s", cwd);
		}
	}
	s->in_cwd = true;
	return check_inside(cwd, e);
}

int step_cwd_as_user(struct sandbox *s, struct lc_error *e)
{
	const char *cwd = s->plan->process->cwd;

	if (chdir(cwd) < 0)
		return lc_err_errno(e, "process.cwd: chdir to %s", cwd);
	s->in_cwd = true;
	return check_inside(cwd, e);
}

/* ---- the program ---- */

static const char *search_path(const struct plan_process *p)
{
	for (size_t i = 0; i < p->env.n; i++)
		if (str_starts(p->env.v[i], "PATH="))
			return p->env.v[i] + strlen("PATH=");
	return DEFAULT_PATH;
}

/* Puts the next directory of @path and @name into @out; false at the end.  Empty means here. */
static bool next_candidate(const char **path, const char *name, char *out, size_t size)
{
	size_t len;

	while (*path) {
		const char *dir = *path;

		len = strcspn(dir, ":");
		*path = dir[len] ? dir + len + 1 : NULL;
		if ((size_t)snprintf(out, size, "%.*s%s%s", (int)len, dir, len ? "/" : "./", name) <
		    size)
			return true;
	}
	return false;
}

static int not_found(const char *name, struct lc_error *e)
{
	lc_err(e, LC_ENOENT, "exec: \"%s\": executable file not found in $PATH: %s", name,
	       lc_errno_text(ENOENT));
	e->sys_errno = ENOENT;
	return -1;
}

static int is_directory(const char *name, struct lc_error *e)
{
	lc_err(e, LC_ENOEXEC, "exec: \"%s\": is a directory: %s", name, lc_errno_text(EACCES));
	e->sys_errno = EACCES;
	return -1;
}

static int is_denied(const char *name, struct lc_error *e)
{
	lc_err(e, LC_ENOEXEC, "exec: \"%s\": %s", name, lc_errno_text(EACCES));
	e->sys_errno = EACCES;
	return -1;
}

/* Not even root may. */
static bool nobody_executes(const struct stat *st)
{
	return !S_ISREG(st->st_mode) || !(st->st_mode & 0111);
}

static bool is_missing(int err)
{
	return err == ENOENT || err == ENOTDIR;
}

/* args[0] with a slash: relative to the working directory. */
static int find_by_path(struct sandbox *s, const char *name, struct lc_error *e)
{
	struct stat st;

	if (strlen(name) >= sizeof(s->program))
		return lc_err(e, LC_ECONFIG, "process.args[0]: %s", lc_errno_text(ENAMETOOLONG));
	snprintf(s->program, sizeof(s->program), "%s", name);
	/* Before the user's working directory is entered, only the absolute can be looked at. */
	if (name[0] != '/' && !s->in_cwd)
		return 0;
	if (stat(name, &st) < 0) {
		if (!is_missing(errno))
			return 0; /* the user may see what root may not: execve will tell */
		lc_err_errno(e, "exec: \"%s\"", name);
		e->code = LC_ENOENT;
		return -1;
	}
	if (S_ISDIR(st.st_mode))
		return is_directory(name, e);
	return nobody_executes(&st) ? is_denied(name, e) : 0;
}

static int find_in_path(struct sandbox *s, const char *name, struct lc_error *e)
{
	const char *path = search_path(s->plan->process);
	bool unsure = false, denied = false;
	struct stat st;

	while (next_candidate(&path, name, s->program, sizeof(s->program))) {
		if (stat(s->program, &st) == 0) {
			if (!nobody_executes(&st))
				return 0;
			denied |= S_ISREG(st.st_mode);
		} else {
			unsure |= !is_missing(errno);
		}
	}
	s->program[0] = 0;
	if (unsure)
		return 0;
	return denied ? is_denied(name, e) : not_found(name, e);
}

/* What is not there, or may be executed by nobody, fails `create` already: engines pass on what it
 * says.  Whether the user may execute it only execve knows. */
int step_find(struct sandbox *s, struct lc_error *e)
{
	const char *name = s->plan->process->args.n ? s->plan->process->args.v[0] : NULL;

	fd_release(&s->root); /* no longer needed, and a directory that links can lead to */
	if (!name)
		return 0;
	if (!*name)
		return not_found(name, e);
	return strchr(name, '/') ? find_by_path(s, name, e) : find_in_path(s, name, e);
}

/* ---- execve ---- */

/* SELinux refuses a label that may not be entered from where we are no earlier than here. */
static int cannot_execute(const struct sandbox *s, const char *name, struct lc_error *e)
{
	const char *label = s->plan->process->selinux;
	struct stat st;
	int err = errno;

	if (err == EACCES && stat(name, &st) == 0 && S_ISDIR(st.st_mode))
		return is_directory(name, e);
	errno = err;
	if (label && (err == EACCES || err == EPERM))
		lc_err_errno(e, "exec %s as %s", name, label);
	else if (err == EACCES)
		lc_err_errno(e, "exec: \"%s\"", name);
	else
		lc_err_errno(e, "exec %s", name);
	e->code = is_missing(err) ? LC_ENOENT : LC_ENOEXEC;
	return -1;
}

/* Goes on along PATH where execvp would: past what is missing, and past what may not be executed,
 * which is the error if nothing better comes. */
static int execute_in_path(struct sandbox *s, struct lc_error *e)
{
	const struct plan_process *p = s->plan->process;
	const char *path = search_path(p), *name = p->args.v[0];
	char denied[PATH_MAX] = "";

	while (next_candidate(&path, name, s->program, sizeof(s->program))) {
		execve(s->program, p->args.v, p->env.v);
		if (errno == EACCES)
			snprintf(denied, sizeof(denied), "%s", s->program);
		else if (!is_missing(errno))
			return cannot_execute(s, s->program, e);
	}
	if (!denied[0])
		return not_found(name, e);
	errno = EACCES;
	return cannot_execute(s, denied, e);
}

/* LISTEN_FDS and the like: the first ones after stderr go along. */
static int pass_fds(const struct sandbox *s, struct lc_error *e)
{
	for (int fd = 3; fd < 3 + s->preserve_fds; fd++)
		if (fd_set_cloexec(fd, false) < 0)
			return lc_err_errno(e, "pass on descriptor %d", fd);
	return 0;
}

int step_exec(struct sandbox *s, struct lc_error *e)
{
	const struct plan_process *p = s->plan->process;

	if (pass_fds(s, e) < 0)
		return -1;
	if (s->sync >= 0 && sync_send(s->sync, SYNC_EXEC, -1, 0, e) < 0)
		return -1;
	if (s->program[0]) {
		execve(s->program, p->args.v, p->env.v);
		/* What was found and is "missing" lacks its interpreter; what may not be executed
		 * may be found elsewhere. */
		if (errno != EACCES || strchr(p->args.v[0], '/'))
			return cannot_execute(s, s->program, e);
	}
	return execute_in_path(s, e);
}
