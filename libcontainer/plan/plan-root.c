/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The root file system, and the paths in it that are hidden or made read-only. */
#include "plan/make.h"

#include <string.h>
#include <sys/mount.h>

/* What rootfsPropagation means for "/" inside and, before, for the copies of the host's mounts.
 * Those are slaves unless asked otherwise: what the host mounts later below a volume shows up, and
 * nothing leaks out.  They cannot be unbindable, or no volume could be cloned from them. */
static const struct {
	uint64_t inside, host;
} propagations[] = {
	[PROPAGATION_NONE] = { 0, MS_SLAVE },
	[PROPAGATION_SHARED] = { MS_SHARED, MS_SHARED },
	[PROPAGATION_SLAVE] = { MS_SLAVE, MS_SLAVE },
	[PROPAGATION_PRIVATE] = { MS_PRIVATE, MS_PRIVATE },
	[PROPAGATION_UNBINDABLE] = { MS_UNBINDABLE, MS_PRIVATE },
};

int planner_root(struct planner *p)
{
	struct plan_root *root = &p->plan->root;

	root->path = path_on_host(p->a, p->plan->bundle, p->spec->root->path);
	root->readonly = p->spec->root->readonly;
	root->no_pivot = p->options->no_pivot;
	if (how_ns(p, NS_MOUNT) == NS_INHERIT) {
		root->chroot_only = true;
		if (p->spec->mounts.n)
			planner_note(
				p, true, "mounts",
				"without a mount namespace (linux.namespaces) these stay mounted "
				"on the host");
		return 0;
	}
	root->propagation = propagations[p->linux_->rootfsPropagation].inside;
	root->host_propagation = propagations[p->linux_->rootfsPropagation].host | MS_REC;
	return 0;
}

static bool has_path(const struct strs *list, const char *path)
{
	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(list->v[i], path))
			return true;
	return false;
}

/* Each path once. */
static void copy_paths(struct arena *a, const struct strs *from, struct strs *to)
{
	to->v = arena_array(a, from->n + 1, sizeof(*to->v));
	for (size_t i = 0; i < from->n; i++) {
		char *path = path_inside(a, from->v[i]);

		if (!has_path(to, path))
			to->v[to->n++] = path;
	}
}

/* Which of mount(8)'s context options says it. */
static int label_option(struct planner *p)
{
	static const char key[] = "run.oci.mount_context_type";
	static const char *const options[] = { "context", "fscontext", "defcontext",
					       "rootcontext" };
	const char *value = annotation(p, key);

	if (!value)
		value = options[0];
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (strcmp(value, options[i]) != 0)
			continue;
		p->plan->mount_label_option = arena_strdup(p->a, value);
		return 0;
	}
	return lc_err(p->e, LC_ECONFIG,
		      "annotations.%s: expected context, fscontext, defcontext or rootcontext, "
		      "found \"%s\"",
		      key, value);
}

int planner_mount_label(struct planner *p)
{
	if (label_option(p) < 0)
		return -1;
	p->plan->mount_label = p->linux_->mountLabel;
	if (p->plan->mount_label && !*p->plan->mount_label)
		p->plan->mount_label = NULL;
	if (p->plan->mount_label && !p->host->selinux) {
		planner_note(p, false, "linux.mountLabel", "SELinux is not in force");
		p->plan->mount_label = NULL;
	}
	if (!p->plan->mount_label)
		p->plan->mount_label_option = NULL;
	return 0;
}

int planner_paths(struct planner *p)
{
	copy_paths(p->a, &p->linux_->maskedPaths, &p->plan->masked);
	copy_paths(p->a, &p->linux_->readonlyPaths, &p->plan->readonly);
	return planner_mount_label(p);
}
