/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is told about containers: lc_state(), lc_list() and the documents that hooks get. */
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "json/encode.h"
#include "run/container.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#define PASSWD_MAX (1 << 20)

/* The name that /etc/passwd has for @uid, without the name service; "#1000" when it has none. */
static char *owner_name(struct arena *a, uint32_t uid)
{
	char *text, *save = NULL;
	struct lc_error e;
	size_t len;

	if (file_read_at(AT_FDCWD, "/etc/passwd", a, PASSWD_MAX, &text, &len, &e) < 0)
		return arena_printf(a, "#%u", uid);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *name = strsep(&line, ":"), *id;
		uint32_t n;

		strsep(&line, ":");
		id = strsep(&line, ":");
		if (id && str_u32(id, &n) && n == uid)
			return name;
	}
	return arena_printf(a, "#%u", uid);
}

static bool has_process(enum status status)
{
	return status != STATUS_STOPPED;
}

static void add_annotations(struct json_writer *w, const struct pairs *annotations)
{
	if (!annotations->n)
		return;
	json_open(w, "annotations", '{');
	for (size_t i = 0; i < annotations->n; i++)
		json_add_string(w, annotations->v[i].key, annotations->v[i].value);
	json_close(w, '}');
}

void container_json(struct container *c, enum status status, struct json_writer *w)
{
	const struct state *state = &c->state;

	json_open(w, NULL, '{');
	json_add_string(w, "ociVersion", state->oci_version);
	json_add_string(w, "id", state->id);
	json_add_i64(w, "pid", has_process(status) ? state->init.pid : 0);
	json_add_string(w, "status", status_name(status));
	json_add_string(w, "bundle", state->bundle);
	json_add_string(w, "rootfs", state->rootfs);
	json_add_string(w, "created", state->created);
	add_annotations(w, &state->annotations);
	json_add_string(w, "owner", owner_name(&c->arena, state->owner));
	json_close(w, '}');
}

/* {"ociVersion":"1.3.0","id":"web","status":"created","pid": */
char *container_hook_head(struct container *c, enum status status)
{
	struct json_writer w = { .out = { .arena = &c->arena } };

	json_open(&w, NULL, '{');
	json_add_string(&w, "ociVersion", c->state.oci_version);
	json_add_string(&w, "id", c->state.id);
	json_add_string(&w, "status", status_name(status));
	if (has_process(status))
		buf_add(&w.out, ",\"pid\":");
	return w.out.str;
}

/* ,"bundle":"/b","annotations":{...}} */
char *container_hook_tail(struct container *c)
{
	struct json_writer w = { .out = { .arena = &c->arena } };

	json_open(&w, NULL, '{');
	json_add_string(&w, "bundle", c->state.bundle);
	add_annotations(&w, &c->state.annotations);
	json_close(&w, '}');
	w.out.str[0] = ',';
	return w.out.str;
}

static char *oci_text(const char *s)
{
	return (char *)(uintptr_t)(s ? s : "");
}

/* Keeps the container's arena: it becomes the state's memory. */
static void fill_state(struct container *c, struct lc_state *out)
{
	const struct state *state = &c->state;
	enum status status = container_status(c);
	struct arena *kept = calloc(1, sizeof(*kept));
	size_t n = state->annotations.n;

	if (!kept)
		abort();
	*out = (struct lc_state){
		.oci_version = state->oci_version,
		.id = state->id,
		.status = oci_text(status_name(status)),
		.pid = has_process(status) ? state->init.pid : 0,
		.bundle = state->bundle,
		.rootfs = oci_text(state->rootfs),
		.created = state->created,
		.owner = owner_name(&c->arena, state->owner),
		.annotations = arena_array(&c->arena, 2 * n + 1, sizeof(char *)),
		.memory = kept,
	};
	for (size_t i = 0; i < n; i++) {
		out->annotations[2 * i] = state->annotations.v[i].key;
		out->annotations[2 * i + 1] = state->annotations.v[i].value;
	}
	*kept = c->arena;
	c->arena = (struct arena){ 0 };
}

int lc_state(struct lc *lc, const char *id, struct lc_state *out, struct lc_error *e)
{
	auto_container c = CONTAINER_NONE;

	if (container_open(lc, id, false, &c, e) < 0)
		return -1;
	fill_state(&c, out);
	return 0;
}

void lc_state_free(struct lc_state *state)
{
	if (!state || !state->memory)
		return;
	arena_free(state->memory);
	free(state->memory);
	*state = (struct lc_state){ 0 };
}

int lc_state_json(struct lc *lc, const char *id, char **text, struct lc_error *e)
{
	auto_container c = CONTAINER_NONE;
	struct json_writer w = { .indent = 2 };

	if (container_open(lc, id, false, &c, e) < 0)
		return -1;
	w.out.arena = &c.arena;
	container_json(&c, container_status(&c), &w);
	*text = strdup(w.out.str);
	return *text ? 0 : lc_err(e, LC_EINTERNAL, "out of memory");
}

static int by_id(const void *a, const void *b)
{
	const struct lc_state *x = a, *y = b;

	return strcmp(x->id, y->id);
}

/* One that goes while it is looked at, or is half made, is not listed; one that cannot be read is
 * worth a warning, not the end of the list. */
static bool describe_one(struct lc *lc, const char *id, struct lc_state *out)
{
	struct lc_error e;

	if (lc_state(lc, id, out, &e) == 0)
		return true;
	if (e.code != LC_ENOTFOUND && e.code != LC_EUSAGE)
		log_warn(lc->log, "%s", e.msg);
	return false;
}

static int list_dir(struct lc *lc, DIR *dir, struct lc_state **out, size_t *n, struct lc_error *e)
{
	struct dirent *entry;
	size_t room = 0;

	while ((errno = 0, entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (*n == room) {
			struct lc_state *more;

			room = room ? 2 * room : 16;
			more = reallocarray(*out, room, sizeof(**out));
			if (!more)
				return lc_err(e, LC_EINTERNAL, "out of memory");
			*out = more;
		}
		if (describe_one(lc, entry->d_name, &(*out)[*n]))
			++*n;
	}
	if (errno)
		return lc_err_errno(e, "read %s", lc->root);
	return 0;
}

int lc_list(struct lc *lc, struct lc_state **out, size_t *n, struct lc_error *e)
{
	DIR *dir;
	int r;

	*out = NULL;
	*n = 0;
	if (root_check(lc, e) < 0)
		return -1;
	dir = opendir(lc->root);
	if (!dir && errno == ENOENT && !lc->root_given)
		return 0;
	if (!dir)
		return lc_err_errno(e, "open the directory of containers %s", lc->root);
	r = list_dir(lc, dir, out, n, e);
	closedir(dir);
	if (r < 0) {
		lc_list_free(*out, *n);
		*out = NULL;
		*n = 0;
		return -1;
	}
	if (*n)
		qsort(*out, *n, sizeof(**out), by_id);
	return 0;
}

void lc_list_free(struct lc_state *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		lc_state_free(&list[i]);
	free(list);
}
