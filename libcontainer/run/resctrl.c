/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Classes of service and monitoring groups of the resource control file system. */
#include "run/resctrl.h"
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "sys/fd.h"
#include "sys/probe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SCHEMATA_MAX = 64 << 10, TASKS_MAX = 4 << 20, REASON_MAX = 4096 };

void resctrl_release(struct resctrl *r)
{
	fd_release(&r->dir);
}

int resctrl_open(struct resctrl *r, struct lc_error *e)
{
	auto_arena a = { 0 };
	char *path = probe_mounted(&a, "resctrl");

	*r = (struct resctrl)RESCTRL_NONE;
	if (!path)
		return lc_err(e, LC_EUNSUPPORTED,
			      "linux.intelRdt: no resctrl file system is mounted (mount -t resctrl "
			      "resctrl /sys/fs/resctrl, where the processor has it)");
	r->dir = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return r->dir < 0 ? lc_err_errno(e, "open %s", path) : 0;
}

static const char *group_path(const char *group)
{
	return str_eq(group, "/") ? "." : group;
}

static bool is_there(const struct resctrl *r, const char *group)
{
	return faccessat(r->dir, group_path(group), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

void resctrl_expect(const struct resctrl *r, const struct plan_rdt *plan, struct rdt_ref *out)
{
	*out = (struct rdt_ref){
		.group = plan->group,
		.made = !is_there(r, plan->group),
		.monitor = plan->monitor,
	};
}

static int open_group(const struct resctrl *r, const char *group, struct lc_error *e)
{
	int fd = openat(r->dir, group_path(group), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? lc_err_errno(e, "open resctrl:%s", group) : fd;
}

static int make_dir(const struct resctrl *r, int parent, const char *name, struct lc_error *e)
{
	if (mkdirat(parent, name, 0755) < 0)
		return errno == ENOSPC
			       ? lc_err(e, LC_ESYSTEM,
					"mkdir resctrl:%s: the processor has none left", name)
			       : lc_err_errno(e, "mkdir resctrl:%s", name);
	if (r->filled)
		r->filled(parent, name);
	return 0;
}

/* ---- schemata ---- */

/* The kernel says in words what it did not like. */
static int write_schemata(const struct resctrl *r, int group, const struct strs *lines,
			  struct lc_error *e)
{
	auto_arena a = { 0 };
	struct buf b = { .arena = &a };
	struct lc_error ignored;
	char *reason;
	size_t len;

	for (size_t i = 0; i < lines->n; i++)
		buf_addf(&b, "%s\n", lines->v[i]);
	if (!lines->n || file_write_at(group, "schemata", b.str, e) == 0)
		return 0;
	if (file_read_at(r->dir, "info/last_cmd_status", &a, REASON_MAX, &reason, &len, &ignored) <
		    0 ||
	    str_starts(reason, "ok"))
		return -1;
	reason[strcspn(reason, "\n")] = 0;
	return lc_err(e, LC_ECONFIG, "schemata: %s", reason);
}

/* "0=fff" of a line, the next of them in *s. */
static bool next_domain(char **s, unsigned long *domain, unsigned long *value)
{
	char *item = strsep(s, ";"), *end;

	if (!item)
		return false;
	*domain = strtoul(item, &end, 10);
	*value = *end == '=' ? strtoul(end + 1, NULL, 16) : 0;
	return true;
}

/* "L3:0=fff" is in force where the group's line for L3 says the same of each domain named.  Numbers
 * are compared as such: the kernel writes masks with or without leading zeros. */
static bool domains_agree(struct arena *a, const char *wanted, const char *found)
{
	char *w = arena_strdup(a, wanted);
	unsigned long domain, value, other, got;

	while (next_domain(&w, &domain, &value)) {
		char *f = arena_strdup(a, found);
		bool same = false;

		while (!same && next_domain(&f, &other, &got))
			same = other == domain && got == value;
		if (!same)
			return false;
	}
	return true;
}

static bool line_is_in_force(struct arena *a, const char *line, const char *schemata)
{
	size_t name = strcspn(line, ":");
	char *text = arena_strdup(a, schemata), *found;

	while ((found = strsep(&text, "\n"))) {
		found += strspn(found, " ");
		if (line[name] && strcspn(found, ":") == name && !strncmp(found, line, name))
			return domains_agree(a, line + name + 1, found + name + 1);
	}
	return false;
}

/* Others may be in it: it is as config.json says, or config.json is wrong. */
static int compare(int group, const struct plan_rdt *plan, struct lc_error *e)
{
	auto_arena a = { 0 };
	char *text;
	size_t len;

	if (!plan->schemata.n)
		return 0;
	if (file_read_at(group, "schemata", &a, SCHEMATA_MAX, &text, &len, e) < 0)
		return -1;
	for (size_t i = 0; i < plan->schemata.n; i++)
		if (!line_is_in_force(&a, plan->schemata.v[i], text))
			return lc_err(e, LC_ECONFIG,
				      "the class is there already, and \"%s\" is not what its "
				      "schemata say",
				      plan->schemata.v[i]);
	return 0;
}

/* ---- groups ---- */

static int make_class(const struct resctrl *r, const struct plan_rdt *plan, struct lc_error *e)
{
	auto_fd group = -1;
	bool there = is_there(r, plan->group);

	if (there && !plan->shared)
		return lc_err(e, LC_ESTATE,
			      "a class of the container's name is there already, of another");
	if (!there && plan->shared && !plan->schemata.n)
		return lc_err(
			e, LC_ECONFIG,
			"there is no such class, and config.json does not say what it would be");
	if (!there && make_dir(r, r->dir, plan->group, e) < 0)
		return -1;
	group = open_group(r, plan->group, e);
	if (group < 0)
		return -1;
	return there ? compare(group, plan, e) : write_schemata(r, group, &plan->schemata, e);
}

static int open_mon_groups(const struct resctrl *r, const char *group, struct lc_error *e)
{
	auto_fd class = open_group(r, group, e);
	int fd;

	if (class < 0)
		return -1;
	fd = openat(class, "mon_groups", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? lc_err_errno(e, "open resctrl:%s/mon_groups", group) : fd;
}

int resctrl_make(const struct resctrl *r, const struct plan_rdt *plan, const char *id,
		 struct lc_error *e)
{
	auto_fd monitors = -1;

	if (make_class(r, plan, e) < 0)
		return lc_err_in(e, "linux.intelRdt: %s", plan->group);
	if (!plan->monitor)
		return 0;
	monitors = open_mon_groups(r, plan->group, e);
	if (monitors < 0 || make_dir(r, monitors, id, e) < 0)
		return lc_err_in(e, "linux.intelRdt.enableMonitoring");
	return 0;
}

int resctrl_join(const struct resctrl *r, const struct rdt_ref *ref, const char *id, pid_t pid,
		 struct lc_error *e)
{
	auto_fd group = open_group(r, ref->group, e);
	char text[16], path[300];

	if (group < 0)
		return lc_err_in(e, "linux.intelRdt");
	snprintf(text, sizeof(text), "%d\n", pid);
	/* The class first: a monitoring group takes those of its own class only. */
	if (file_write_at(group, "tasks", text, e) < 0)
		return lc_err_in(e, "linux.intelRdt: %s", ref->group);
	snprintf(path, sizeof(path), "mon_groups/%s/tasks", id);
	if (ref->monitor && file_write_at(group, path, text, e) < 0)
		return lc_err_in(e, "linux.intelRdt: %s", ref->group);
	return 0;
}

int resctrl_limit(const struct resctrl *r, const struct rdt_ref *ref, const struct strs *lines,
		  struct lc_error *e)
{
	auto_fd group = open_group(r, ref->group, e);

	if (group < 0 || write_schemata(r, group, lines, e) < 0)
		return lc_err_in(e, "linux.intelRdt: %s", ref->group);
	return 0;
}

/* ---- and away ---- */

static bool has_entries(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	bool any = false;

	if (!d) {
		fd_release(&fd);
		return false;
	}
	while (!any && (entry = readdir(d)))
		any = entry->d_name[0] != '.';
	closedir(d);
	return any;
}

/* Removing a class puts its processes into that of everybody, so one in use stays. */
static bool in_use(int group)
{
	auto_arena a = { 0 };
	struct lc_error ignored;
	char *tasks;
	size_t len;

	if (file_read_at(group, "tasks", &a, TASKS_MAX, &tasks, &len, &ignored) < 0)
		return true;
	return len > 0 || has_entries(group, "mon_groups");
}

static int remove_dir(const struct resctrl *r, int parent, const char *name, struct lc_error *e)
{
	if (r->emptied)
		r->emptied(parent, name);
	if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return lc_err_errno(e, "rmdir resctrl:%s", name);
	return 0;
}

int resctrl_remove(const struct resctrl *r, const struct rdt_ref *ref, const char *id,
		   struct lc_error *e)
{
	auto_fd group = -1;
	char path[300];

	if (!is_there(r, ref->group))
		return 0;
	group = open_group(r, ref->group, e);
	if (group < 0)
		return -1;
	snprintf(path, sizeof(path), "mon_groups/%s", id);
	if (ref->monitor && remove_dir(r, group, path, e) < 0)
		return -1;
	if (!ref->made || (!str_eq(ref->group, id) && in_use(group)))
		return 0;
	return remove_dir(r, r->dir, ref->group, e);
}
