/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Landlock's rules for a program that sees the host's own files.  A rule allows all below a path,
 * and no other takes that away: so a directory with a secret in it gets none, and what else is in
 * it gets its own.
 */
#include "sandbox/bare.h"
#include "base/own.h"
#include "base/str.h"
#include "sys/fd.h"
#include "sys/landlock.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define READING (LANDLOCK_READ_FILE | LANDLOCK_READ_DIR | LANDLOCK_EXECUTE)
#define WRITING \
	(READING | LANDLOCK_WRITE_FILE | LANDLOCK_TRUNCATE | LANDLOCK_MAKE_REG | \
	 LANDLOCK_MAKE_DIR | LANDLOCK_MAKE_SYM | LANDLOCK_MAKE_FIFO | LANDLOCK_MAKE_SOCK | \
	 LANDLOCK_REMOVE_DIR | LANDLOCK_REMOVE_FILE | LANDLOCK_REFER)
#define RULES_MAX 65536

struct rules {
	struct job *job;
	int set; /* borrowed */
	uint64_t known; /* rights that this kernel restricts */
	size_t n;
	struct strs secrets; /* with what their links lead to */
};

/* ---- secrets ---- */

/* By its mode the program's user could read it or find something in it. */
static bool is_readable(const struct job *job, const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && (job_may(job, &st, R_OK) || job_may(job, &st, X_OK));
}

static void find_secrets(struct rules *r)
{
	struct job *job = r->job;

	r->secrets.v = arena_array(&job->arena, 2 * job->secrets.n + 1, sizeof(char *));
	for (size_t i = 0; i < job->secrets.n; i++) {
		auto_free char *real = realpath(job->secrets.v[i], NULL);

		r->secrets.v[r->secrets.n++] = job->secrets.v[i];
		if (real && strcmp(real, job->secrets.v[i]) != 0)
			r->secrets.v[r->secrets.n++] = arena_strdup(&job->arena, real);
	}
}

/* @path is one of them, or in one. */
static bool is_secret(const struct rules *r, const char *path)
{
	for (size_t i = 0; i < r->secrets.n; i++)
		if (path_below(path, r->secrets.v[i]))
			return true;
	return false;
}

/* Somewhere below @path is one; for a program that writes also one that could be made. */
static bool has_secret(const struct rules *r, const char *path, bool writes)
{
	for (size_t i = 0; i < r->secrets.n; i++)
		if (path_below(r->secrets.v[i], path) &&
		    (writes || is_readable(r->job, r->secrets.v[i])))
			return true;
	return false;
}

/* ---- rules ---- */

static int add(struct rules *r, const char *path, uint64_t rights, struct lc_error *e)
{
	auto_fd fd = openat(AT_FDCWD, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) /* gone, or another user's FUSE */
		return 0;
	if (!S_ISDIR(st.st_mode))
		rights &= LANDLOCK_OF_FILES;
	if (r->n++ >= RULES_MAX)
		return lc_err(e, LC_EUNSUPPORTED,
			      "there is too much beside what is to be hidden: more than %d files "
			      "and directories",
			      RULES_MAX);
	if (landlock_allow_path(r->set, fd, rights & r->known) < 0)
		return lc_err_errno(e, "landlock_add_rule %s", path);
	return 0;
}

static int allow(struct rules *r, const char *path, uint64_t rights, struct lc_error *e);

static int allow_children(struct rules *r, const char *path, uint64_t rights, struct lc_error *e)
{
	auto_fd fd = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int result = 0;

	if (!dir)
		return 0;
	fd_take(&fd);
	while (result == 0 && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			result = allow(r,
				       arena_printf(&r->job->arena, "%s/%s",
						    strcmp(path, "/") ? path : "", entry->d_name),
				       rights, e);
	closedir(dir);
	return result;
}

/* Not the kernel's own, nor what others put their sockets and files into. */
static bool is_shut(const char *path)
{
	static const char *const shut[] = { "/proc", "/sys", "/dev", "/run", "/tmp", "/var/tmp" };

	for (size_t i = 0; i < ARRAY_SIZE(shut); i++)
		if (!strcmp(path, shut[i]))
			return true;
	return false;
}

static int allow(struct rules *r, const char *path, uint64_t rights, struct lc_error *e)
{
	struct stat st;

	if (is_secret(r, path) || is_shut(path) || lstat(path, &st) < 0)
		return 0;
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return 0; /* a link's target has its own rule */
	if (S_ISDIR(st.st_mode) &&
	    (!strcmp(path, "/") || !strcmp(path, "/var") || has_secret(r, path, rights != READING)))
		return allow_children(r, path, rights, e);
	return add(r, path, rights, e);
}

/* What was named may lie in what is shut. */
static int allow_named(struct rules *r, const struct bind *b, struct lc_error *e)
{
	uint64_t rights = b->kind == BIND_RW ? WRITING : READING;

	if (has_secret(r, b->host, b->kind == BIND_RW))
		return allow_children(r, b->host, rights, e);
	return add(r, b->host, rights, e);
}

static int allow_kernel(struct rules *r, struct lc_error *e)
{
	static const char *const devices[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/random",
					       "/dev/urandom" };

	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		if (add(r, devices[i], LANDLOCK_READ_FILE | LANDLOCK_WRITE_FILE, e) < 0)
			return -1;
	if (add(r, "/proc", READING, e) < 0)
		return -1;
	return add(r, "/sys", READING, e);
}

/* With the host's network, its resolver, which often is a link into /run. */
static int allow_resolver(struct rules *r, struct lc_error *e)
{
	auto_free char *real = realpath("/etc/resolv.conf", NULL);

	return r->job->net == NET_HOST && real ? add(r, real, READING, e) : 0;
}

int bare_rules(struct job *job, int abi, struct lc_error *e)
{
	struct rules r = { .job = job, .known = landlock_files_of(abi) };
	bool ports = abi >= LANDLOCK_PORT_ABI && job->net == NET_NONE;
	auto_fd set = landlock_ruleset(
		r.known, ports ? LANDLOCK_BIND_TCP | LANDLOCK_CONNECT_TCP : 0,
		abi >= LANDLOCK_SCOPE_ABI ? LANDLOCK_SIGNAL | LANDLOCK_ABSTRACT_UNIX : 0);

	r.set = set;
	if (set < 0)
		return lc_err_errno(e, "landlock_create_ruleset");
	find_secrets(&r);
	if (allow(&r, "/", READING, e) < 0 || allow_kernel(&r, e) < 0 ||
	    allow_resolver(&r, e) < 0 || add(&r, job->scratch, WRITING, e) < 0)
		return -1;
	for (size_t i = 0; i < job->binds.n; i++)
		if (allow_named(&r, &job->binds.v[i], e) < 0)
			return -1;
	return fd_take(&set);
}
