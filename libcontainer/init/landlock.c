/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Landlock: the rules are made while the root is known by descriptor and the process may look
 * everywhere; they come into force when nothing is left to be opened.
 */
#include "base/own.h"
#include "init/steps.h"
#include "sys/landlock.h"
#include "sys/rootfs.h"

#include <fcntl.h>
#include <sys/stat.h>

static int allow_path(const struct sandbox *s, const struct plan_landlock_path *p, uint64_t handled,
		      struct lc_error *e)
{
	auto_fd fd = rootfs_open(s->root, p->path, O_PATH, e);
	uint64_t rights = p->rights & handled;
	struct stat st;

	if (fd < 0)
		return p->optional && e->sys_errno == ENOENT ? 0 : -1;
	if (fstat(fd, &st) < 0)
		return lc_err_errno(e, "stat %s", p->path);
	if (!S_ISDIR(st.st_mode))
		rights &= LANDLOCK_OF_FILES;
	if (rights && landlock_allow_path(s->landlock, fd, rights) < 0)
		return lc_err_errno(e, "landlock_add_rule %s", p->path);
	return 0;
}

static int allow_ports(const struct sandbox *s, const struct u32s *ports, uint64_t right,
		       struct lc_error *e)
{
	for (size_t i = 0; i < ports->n; i++)
		if (landlock_allow_port(s->landlock, ports->v[i], right) < 0)
			return lc_err_errno(e, "landlock_add_rule port %u", ports->v[i]);
	return 0;
}

int step_landlock_rules(struct sandbox *s, struct lc_error *e)
{
	const struct plan_landlock *l = s->plan->landlock;
	int abi = landlock_abi();
	uint64_t files = l->restrict_files ? landlock_files_of(abi) : 0;

	if (abi < (int)l->minimum_abi)
		return lc_err(e, LC_EUNSUPPORTED,
			      "the kernel offers version %d of Landlock, and %u is needed", abi,
			      l->minimum_abi);
	s->landlock = landlock_ruleset(files, l->ports, l->scopes);
	if (s->landlock < 0)
		return lc_err_errno(e, "landlock_create_ruleset");
	for (size_t i = 0; i < l->paths.n; i++)
		if (allow_path(s, &l->paths.v[i], files, e) < 0)
			return lc_err_in(e, "paths[%zu]", i);
	if (allow_ports(s, &l->bind_tcp, LANDLOCK_BIND_TCP, e) < 0)
		return -1;
	return allow_ports(s, &l->connect_tcp, LANDLOCK_CONNECT_TCP, e);
}

int step_landlock(struct sandbox *s, struct lc_error *e)
{
	if (landlock_restrict(s->landlock) < 0)
		return lc_err_errno(e, "landlock_restrict_self");
	fd_release(&s->landlock);
	return 0;
}
