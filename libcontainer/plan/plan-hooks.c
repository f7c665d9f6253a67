/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hooks and sysctls: handed on almost as they are. */
#include "plan/make.h"

#include <string.h>

static void copy_hooks(struct arena *a, const struct spec_hook_list *from, plan_hooks *to)
{
	to->n = from->n;
	to->v = arena_array(a, from->n, sizeof(*to->v));
	for (size_t i = 0; i < from->n; i++)
		to->v[i] = (struct plan_hook){
			.path = from->v[i].path,
			.args = from->v[i].args,
			.env = from->v[i].env,
			.timeout = from->v[i].timeout.v,
		};
}

int planner_hooks(struct planner *p)
{
	const struct spec_hooks *from = p->spec->hooks;
	struct plan_hook_lists *to = &p->plan->hooks;

	if (!from)
		return 0;
	copy_hooks(p->a, &from->prestart, &to->prestart);
	copy_hooks(p->a, &from->createRuntime, &to->create_runtime);
	copy_hooks(p->a, &from->createContainer, &to->create_container);
	copy_hooks(p->a, &from->startContainer, &to->start_container);
	copy_hooks(p->a, &from->poststart, &to->poststart);
	copy_hooks(p->a, &from->poststop, &to->poststop);
	return 0;
}

/* "net.ipv4.conf.eth0/1.forwarding" is net/ipv4/conf/eth0.1/forwarding; a key whose first separator
 * is a slash is a path already (sysctl(8)). */
static char *sysctl_path(struct arena *a, const char *key)
{
	char *path = arena_strdup(a, key);

	if (path[strcspn(path, "./")] == '/')
		return path;
	for (char *c = path; *c; c++)
		*c = *c == '.' ? '/' : *c == '/' ? '.' : *c;
	return path;
}

int planner_sysctls(struct planner *p)
{
	const struct pairs *from = &p->linux_->sysctl;

	p->plan->sysctls.v = arena_array(p->a, from->n, sizeof(*p->plan->sysctls.v));
	for (size_t i = 0; i < from->n; i++) {
		p->plan->sysctls.v[p->plan->sysctls.n++] =
			(struct plan_sysctl){ .key = from->v[i].key,
					      .path = sysctl_path(p->a, from->v[i].key),
					      .value = from->v[i].value };
	}
	return 0;
}
