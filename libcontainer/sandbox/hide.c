/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What nobody shall see: keys, tokens and sockets of every home and of the machine, and what --hide
 * names.  /etc/hull/sandbox.hide adds to the list (a path a line, "~/" for every home).  Naming a
 * secret with --ro, --rw or --file shows it.
 */
#include "sandbox/binds.h"
#include "sandbox/files.h"
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LIST_FILE SYSCONFDIR "/hull/sandbox.hide"
#define LIST_MAX  (1 << 20)
#define HOMES_MAX 1024

static const char *const secrets[] = {
	/* keys and tokens */
	"~/.ssh",
	"~/.gnupg",
	"~/.aws",
	"~/.azure",
	"~/.kube",
	"~/.docker",
	"~/.netrc",
	"~/.npmrc",
	"~/.pypirc",
	"~/.vault-token",
	"~/.git-credentials",
	"~/.password-store",
	"~/.config/gcloud",
	"~/.config/gh",
	"~/.config/hub",
	"~/.config/op",
	"~/.config/containers/auth.json",
	"~/.cargo/credentials",
	"~/.cargo/credentials.toml",
	"~/.terraform.d",
	"~/.local/share/keyrings",
	/* what a browser knows */
	"~/.mozilla",
	"~/.config/google-chrome",
	"~/.config/chromium",
	/* what was typed */
	"~/.bash_history",
	"~/.zsh_history",
	"~/.python_history",
	"~/.psql_history",
	"~/.mysql_history",
	/* the machine's */
	"/etc/shadow",
	"/etc/shadow-",
	"/etc/gshadow",
	"/etc/gshadow-",
	"/etc/sudoers",
	"/etc/sudoers.d",
	"/etc/ssl/private",
	"/etc/krb5.keytab",
	"/etc/ssh/ssh_host_rsa_key",
	"/etc/ssh/ssh_host_ecdsa_key",
	"/etc/ssh/ssh_host_ed25519_key",
	"/etc/wireguard",
	"/etc/kubernetes",
	"/var/lib/docker",
	"/var/lib/containers",
	"/var/lib/containerd",
	"/var/lib/kubelet",
	"/var/lib/systemd/random-seed",
};

/* Of the kernel's file systems: what the OCI documents and engines mask. */
static const char *const kernel_paths[] = {
	"/proc/acpi",
	"/proc/asound",
	"/proc/interrupts",
	"/proc/kcore",
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/proc/sched_debug",
	"/proc/scsi",
	"/proc/kallsyms",
	"/proc/modules",
	"/sys/firmware",
	"/sys/fs/selinux",
	"/sys/devices/virtual/powercap",
	"/sys/kernel/debug",
	"/sys/fs/bpf",
	"/sys/kernel/tracing",
	"/sys/kernel/vmcoreinfo",
};

/* By the modes alone the program's user gets to @path, which exists below the root. */
static bool is_reachable(struct job *job, const char *path)
{
	const char *root = strcmp(job->root_path, "/") ? job->root_path : "";
	char *part = arena_strdup(&job->arena, path), *p = part;
	struct stat st;

	while ((p = strchr(p + 1, '/'))) {
		*p = 0;
		if (stat(arena_printf(&job->arena, "%s%s", root, part), &st) < 0 ||
		    !job_may(job, &st, X_OK))
			return false;
		*p = '/';
	}
	return lstat(arena_printf(&job->arena, "%s%s", root, path), &st) == 0;
}

static void hide_where_bound(struct job *job, const char *path)
{
	struct stat st;

	for (size_t i = 0; i < job->binds.n; i++) {
		const struct bind *b = &job->binds.v[i];
		size_t n = strlen(b->host);

		if (!strncmp(path, b->host, n) && path[n] == '/' && lstat(path, &st) == 0)
			job_mask(job, arena_printf(&job->arena, "%s%s", b->inside, path + n));
	}
}

/* A bind of it, or of something in it, is what its caller wants to be seen. */
static bool is_named(const struct job *job, const char *path)
{
	size_t n = strlen(path);

	for (size_t i = 0; i < job->binds.n; i++)
		if (!strncmp(job->binds.v[i].host, path, n) &&
		    (!job->binds.v[i].host[n] || job->binds.v[i].host[n] == '/'))
			return true;
	return false;
}

static void hide_one(struct job *job, const char *path)
{
	if (is_named(job, path))
		return;
	job_add_secret(job, path);
	if (job->host_root && is_reachable(job, path))
		job_mask(job, path);
	hide_where_bound(job, path);
}

static void hide_pattern(struct job *job, const struct strs *homes, const char *path)
{
	if (path[0] != '~') {
		hide_one(job, path);
		return;
	}
	for (size_t i = 0; i < homes->n; i++)
		hide_one(job, arena_printf(&job->arena, "%s%s", homes->v[i], path + 1));
}

static void add_home(struct strs *homes, char *home)
{
	if (home[0] == '/' && home[1] && homes->n < HOMES_MAX && !strs_have(homes, home))
		homes->v[homes->n++] = home;
}

static struct strs find_homes(struct arena *a)
{
	struct strs homes = { arena_array(a, HOMES_MAX, sizeof(char *)), 0 };
	const char *own = getenv("HOME");
	auto_fd fd = openat(AT_FDCWD, "/home", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (own)
		add_home(&homes, arena_strdup(a, own));
	add_home(&homes, arena_strdup(a, "/root"));
	if (!dir)
		return homes;
	fd_take(&fd);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			add_home(&homes, arena_printf(a, "/home/%s", entry->d_name));
	closedir(dir);
	return homes;
}

static int hide_listed(struct job *job, const struct strs *homes, struct lc_error *e)
{
	char *text, *line;
	size_t len;

	if (file_read_at(AT_FDCWD, LIST_FILE, &job->arena, LIST_MAX, &text, &len, e) < 0)
		return e->sys_errno == ENOENT ? 0 : -1;
	while ((line = strsep(&text, "\n")))
		if (line[0] == '/' || str_starts(line, "~/"))
			hide_pattern(job, homes, line);
		else if (line[0] && line[0] != '#')
			return lc_err(e, LC_ECONFIG,
				      LIST_FILE ": expected a path that begins with / or ~/, found "
						"\"%s\"",
				      line);
	return 0;
}

int hide_decide(struct job *job, struct lc_error *e)
{
	struct strs homes = find_homes(&job->arena);

	for (size_t i = 0; i < ARRAY_SIZE(kernel_paths); i++)
		job_mask(job, kernel_paths[i]);
	for (size_t i = 0; i < ARRAY_SIZE(secrets); i++)
		hide_pattern(job, &homes, secrets[i]);
	if (hide_listed(job, &homes, e) < 0)
		return -1;
	for (size_t i = 0; i < job->s.hide.n; i++) {
		if (job->s.hide.v[i][0] != '/')
			return lc_err(e, LC_EUSAGE, "hide %s: expected an absolute path",
				      job->s.hide.v[i]);
		job_add_secret(job, job->s.hide.v[i]);
		if (is_reachable(job, job->s.hide.v[i]))
			job_mask(job, job->s.hide.v[i]);
		hide_where_bound(job, job->s.hide.v[i]);
	}
	return 0;
}
