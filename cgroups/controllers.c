/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Controllers work in a cgroup only when every cgroup above it passes them on.  All that the root
 * offers are enabled on the way down, so that a container sees what the host has; the ones that a
 * limit needs have to work.
 */
#include "cgroups/internal.h"
#include "base/own.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define LIST_MAX 512 /* bytes of cgroup.controllers */

bool cg_controller_of(const char *file, char name[CG_CONTROLLER_MAX])
{
	size_t len = strcspn(file, ".");

	if (!len || len >= CG_CONTROLLER_MAX)
		return false;
	memcpy(name, file, len);
	name[len] = 0;
	return strcmp(name, "cgroup") != 0;
}

/* The member of config.json that needs @controller. */
static const char *member_for(const struct plan_cgroup *plan, const char *controller)
{
	char name[CG_CONTROLLER_MAX];

	for (size_t i = 0; i < plan->files.n; i++) {
		const struct plan_cgroup_file *f = &plan->files.v[i];

		if (cg_controller_of(f->file, name) && !strcmp(name, controller))
			return f->member;
	}
	return "linux.resources";
}

static bool needed(const struct plan_cgroup *plan, const char *controller)
{
	for (size_t i = 0; i < plan->controllers.n; i++) {
		if (!strcmp(plan->controllers.v[i], controller))
			return true;
	}
	return false;
}

/* What the kernel says about a controller, in /proc/cgroups. */
static const char *why_missing(const char *controller)
{
	const char *v1 = !strcmp(controller, "io") ? "blkio" : controller;
	char text[4096], *rest = text, *line;

	if (cg_read(AT_FDCWD, "/proc/cgroups", text, sizeof(text)) < 0)
		return "it is not delegated to this cgroup, or the kernel lacks it";
	while ((line = strsep(&rest, "\n"))) {
		char name[64];
		unsigned hierarchy, groups, enabled;

		if (sscanf(line, "%63s %u %u %u", name, &hierarchy, &groups, &enabled) != 4 ||
		    strcmp(name, v1))
			continue;
		if (!enabled)
			return "it is turned off: cgroup_disable= on the kernel's command line";
		if (hierarchy)
			return "it is mounted as cgroup v1";
		return "it is not delegated: systemd needs Delegate=yes for the unit";
	}
	return "this kernel has no such controller";
}

static int missing(const struct plan_cgroup *plan, const char *controller, const char *mount,
		   const char *path, size_t len, struct lc_error *e)
{
	return lc_err(e, LC_EUNSUPPORTED, "%s: the %s controller is not available in %s%.*s (%s)",
		      member_for(plan, controller), controller, mount, (int)len, path,
		      why_missing(controller));
}

int cg_check_controllers(int mount, const char *mount_path, const struct plan_cgroup *plan,
			 struct lc_error *e)
{
	char offered[LIST_MAX];

	if (!plan->controllers.n)
		return 0;
	if (cg_read(mount, "cgroup.controllers", offered, sizeof(offered)) < 0)
		return lc_err_errno(e, "read %s/cgroup.controllers", mount_path);
	for (size_t i = 0; i < plan->controllers.n; i++) {
		if (!str_has_word(offered, plan->controllers.v[i]))
			return missing(plan, plan->controllers.v[i], mount_path, "", 0, e);
	}
	return 0;
}

/* What is to be done in one cgroup on the way. */
struct level {
	int dir;
	const char *mount, *path; /* of the cgroup: the first @len bytes of path */
	size_t len;
	const struct plan_cgroup *plan;
	const struct lc_log *log;
};

static const char *why_refused(int err)
{
	if (err == EBUSY)
		return "processes are in that cgroup itself";
	if (err == EOPNOTSUPP)
		return "that cgroup is threaded";
	if (err == EACCES || err == EPERM || err == EROFS)
		return "it is not delegated: systemd needs it in Delegate= of the unit, for "
		       "users of user@.service";
	return "the kernel refuses";
}

static int enable_one(const struct level *l, const char *controller, struct lc_error *e)
{
	char text[CG_CONTROLLER_MAX + 1];
	int err;

	snprintf(text, sizeof(text), "+%s", controller);
	if (!cg_write(l->dir, "cgroup.subtree_control", text))
		return 0;
	err = errno;
	if (!needed(l->plan, controller)) {
		log_debug(l->log, "cgroup: enable %s in %s%.*s: %s", controller, l->mount,
			  (int)l->len, l->path, lc_errno_text(err));
		return 0;
	}
	errno = err;
	lc_err_errno(e,
		     "%s: the %s controller cannot be enabled (%s): write \"%s\" to "
		     "%s%.*s/cgroup.subtree_control",
		     member_for(l->plan, controller), controller, why_refused(err), text, l->mount,
		     (int)l->len, l->path);
	return -1;
}

/* "+a +b" for the words of @offered that @enabled lacks. */
static void list_missing(const char *offered, const char *enabled, char text[2 * LIST_MAX])
{
	size_t n = 0;

	text[0] = 0;
	while (*offered) {
		size_t len = strcspn(offered, " ");
		char word[CG_CONTROLLER_MAX];

		if (len && len < sizeof(word)) {
			memcpy(word, offered, len);
			word[len] = 0;
			if (!str_has_word(enabled, word))
				n += (size_t)snprintf(text + n, 2 * LIST_MAX - n, "%s+%s",
						      n ? " " : "", word);
		}
		offered += len;
		offered += *offered == ' ';
	}
}

static int enable_level(const struct level *l, struct lc_error *e)
{
	char offered[LIST_MAX], enabled[LIST_MAX], text[2 * LIST_MAX], *rest = text, *word;

	if (cg_read(l->dir, "cgroup.controllers", offered, sizeof(offered)) < 0 ||
	    cg_read(l->dir, "cgroup.subtree_control", enabled, sizeof(enabled)) < 0)
		return lc_err_errno(e, "read the controllers of %s%.*s", l->mount, (int)l->len,
				    l->path);
	for (size_t i = 0; i < l->plan->controllers.n; i++) {
		if (!str_has_word(offered, l->plan->controllers.v[i]))
			return missing(l->plan, l->plan->controllers.v[i], l->mount, l->path,
				       l->len, e);
	}
	list_missing(offered, enabled, text);
	if (!*text || !cg_write(l->dir, "cgroup.subtree_control", text))
		return 0;
	while ((word = strsep(&rest, " "))) { /* some of them are refused: find out which */
		if (enable_one(l, word + 1, e) < 0)
			return -1;
	}
	return 0;
}

/* The length of the path up to the component after @len: 0, "/a", "/a/b"... */
static size_t next_level(const char *path, size_t len)
{
	len += strspn(path + len, "/");
	return len + strcspn(path + len, "/");
}

static bool all_there(int mount, int leaf, const struct strs *known)
{
	char offered[LIST_MAX], have[LIST_MAX];

	if (cg_read(leaf, "cgroup.controllers", have, sizeof(have)) < 0)
		return false;
	for (size_t i = 0; known && i < known->n; i++)
		if (!str_has_word(have, known->v[i]))
			return false;
	if (known && known->n)
		return true;
	return cg_read(mount, "cgroup.controllers", offered, sizeof(offered)) >= 0 &&
	       !strcmp(offered, have);
}

int cg_enable_controllers(int mount, const char *mount_path, const char *path, int leaf,
			  const struct strs *offered, const struct plan_cgroup *plan,
			  const struct lc_log *log, struct lc_error *e)
{
	struct level l = { .mount = mount_path, .path = path, .plan = plan, .log = log };

	if (all_there(mount, leaf, offered))
		return 0;
	for (; l.len < strlen(path); l.len = next_level(path, l.len)) {
		char relative[PATH_MAX];
		auto_fd dir = -1;

		snprintf(relative, sizeof(relative), "%.*s", (int)l.len, path);
		dir = openat(mount, l.len ? relative + 1 : ".",
			     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (dir < 0)
			return lc_err_errno(e, "open %s%s", mount_path, relative);
		l.dir = dir;
		if (enable_level(&l, e) < 0)
			return -1;
	}
	return 0;
}
