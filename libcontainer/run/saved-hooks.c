/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hooks that run after `create`: poststart and poststop, from the configuration as it was saved. */
#include "base/own.h"
#include "init/hooks.h"
#include "run/load.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static plan_hooks as_plan(struct arena *a, const struct spec_hook_list *from)
{
	plan_hooks to = { .v = arena_array(a, from->n, sizeof(*to.v)), .n = from->n };

	for (size_t i = 0; i < from->n; i++)
		to.v[i] = (struct plan_hook){
			.path = from->v[i].path,
			.args = from->v[i].args,
			.env = from->v[i].env,
			.timeout = from->v[i].timeout.set ? from->v[i].timeout.v : 0,
		};
	return to;
}

char *container_annotated_path(struct container *c, const char *key)
{
	const struct pairs *all = &c->state.annotations;

	for (size_t i = 0; i < all->n; i++) {
		const char *path = all->v[i].value;

		if (strcmp(all->v[i].key, key) != 0 || !*path)
			continue;
		return path[0] == '/' ? arena_strdup(&c->arena, path)
				      : arena_printf(&c->arena, "%s/%s", c->state.bundle, path);
	}
	return NULL;
}

static int open_file(struct container *c, const char *key, int *fd, struct lc_error *e)
{
	char *path = container_annotated_path(c, key);

	*fd = 0;
	if (!path)
		return 0;
	*fd = openat(AT_FDCWD, path,
		     O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
	if (*fd >= 0)
		return 0;
	*fd = 0;
	return lc_err_errno(e, "annotation %s: open %s", key, path);
}

void hook_files_close(int *out, int *err)
{
	if (*out > 0)
		fd_release(out);
	if (*err > 0)
		fd_release(err);
}

int container_hook_files(struct container *c, int *out, int *err, struct lc_error *e)
{
	*err = 0;
	if (open_file(c, "run.oci.hooks.stdout", out, e) < 0)
		return -1;
	return open_file(c, "run.oci.hooks.stderr", err, e);
}

static int run_list(struct container *c, const plan_hooks *hooks, const char *stage,
		    enum status status, struct lc_error *e)
{
	struct hook_state state = {
		.head = container_hook_head(c, status),
		.tail = container_hook_tail(c),
		.pid = status == STATUS_STOPPED ? 0 : c->state.init.pid,
		.timeout_ms = c->lc->timeout_ms,
	};
	int r = container_hook_files(c, &state.out, &state.err, e);

	if (r == 0)
		r = hooks_run(hooks, stage, &state, environ, e);
	hook_files_close(&state.out, &state.err);
	return r;
}

int container_poststart(struct container *c, struct lc_error *e)
{
	struct loaded l = { 0 };
	plan_hooks hooks;

	if (!c->state.poststart)
		return 0;
	if (load_saved(c, false, &l, e) < 0)
		return -1;
	hooks = as_plan(&c->arena, &l.spec->hooks->poststart);
	return run_list(c, &hooks, "poststart", STATUS_RUNNING, e);
}

void container_load_poststop(struct container *c, plan_hooks *hooks)
{
	struct loaded l = { 0 };
	struct lc_error e;

	*hooks = (plan_hooks){ 0 };
	if (!c->state.poststop)
		return;
	if (load_saved(c, false, &l, &e) < 0 && e.sys_errno == ENOENT)
		return; /* a racing delete runs them */
	if (!l.spec)
		log_warn(c->lc->log, "poststop hooks cannot run: %s", e.msg);
	else if (l.spec->hooks)
		*hooks = as_plan(&c->arena, &l.spec->hooks->poststop);
}

/* OCI: a poststop hook that fails is logged, and the others still run. */
void container_run_poststop(struct container *c, const plan_hooks *hooks)
{
	struct lc_error e;

	for (size_t i = 0; i < hooks->n; i++) {
		plan_hooks one = { .v = hooks->v + i, .n = 1 };

		if (run_list(c, &one, "poststop", STATUS_STOPPED, &e) < 0)
			log_warn(c->lc->log, "%s", e.msg);
	}
}
