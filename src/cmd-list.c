/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull list: all containers. */
#include "cli.h"
#include "base/str.h"
#include <stdlib.h>
#include <string.h>

struct list_args {
	const char *format;
	bool quiet;
};

static const struct option_def list_options[] = {
	OPT_STRING(struct list_args, format, "format", 'f', "FORMAT", "table (default) or json"),
	OPT_FLAG(struct list_args, quiet, "quiet", 'q', "ids only"),
	OPT_END,
};

static void print_ids(const struct lc_state *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("%s\n", v[i].id);
}

static int widest(const struct lc_state *v, size_t n, const char *title, size_t offset)
{
	size_t most = strlen(title);

	for (size_t i = 0; i < n; i++) {
		const char *text = *(char *const *)((const char *)&v[i] + offset);

		if (strlen(text) > most)
			most = strlen(text);
	}
	return (int)most;
}

static void print_table(const struct lc_state *v, size_t n)
{
	int id = widest(v, n, "ID", offsetof(struct lc_state, id));
	int status = widest(v, n, "STATUS", offsetof(struct lc_state, status));
	int bundle = widest(v, n, "BUNDLE", offsetof(struct lc_state, bundle));
	int created = widest(v, n, "CREATED", offsetof(struct lc_state, created));

	printf("%-*s   %-7s   %-*s   %-*s   %-*s   OWNER\n", id, "ID", "PID", status, "STATUS",
	       bundle, "BUNDLE", created, "CREATED");
	for (size_t i = 0; i < n; i++)
		printf("%-*s   %-7d   %-*s   %-*s   %-*s   %s\n", id, v[i].id, v[i].pid, status,
		       v[i].status, bundle, v[i].bundle, created, v[i].created, v[i].owner);
}

static void add_member(struct buf *b, const char *name, const char *value)
{
	buf_addf(b, "\"%s\":", name);
	buf_add_json(b, value ? value : "");
}

static void add_annotations(struct buf *b, char **annotations)
{
	buf_add(b, "\"annotations\":{");
	for (size_t i = 0; annotations[i]; i += 2) {
		buf_add(b, i ? "," : "");
		buf_add_json(b, annotations[i]);
		buf_add(b, ":");
		buf_add_json(b, annotations[i + 1]);
	}
	buf_add(b, "},");
}

/* The members in the order that scripts know from runc. */
static void add_state(struct buf *b, const struct lc_state *state)
{
	buf_add(b, "{");
	add_member(b, "ociVersion", state->oci_version);
	buf_add(b, ",");
	add_member(b, "id", state->id);
	buf_addf(b, ",\"pid\":%d,", state->pid);
	add_member(b, "status", state->status);
	buf_add(b, ",");
	add_member(b, "bundle", state->bundle);
	buf_add(b, ",");
	add_member(b, "rootfs", state->rootfs);
	buf_add(b, ",");
	add_member(b, "created", state->created);
	buf_add(b, ",");
	if (state->annotations && state->annotations[0])
		add_annotations(b, state->annotations);
	add_member(b, "owner", state->owner);
	buf_add(b, "}");
}

static void print_json(const struct lc_state *v, size_t n)
{
	auto_arena arena = { 0 };
	struct buf b = { .arena = &arena };

	buf_add(&b, "[");
	for (size_t i = 0; i < n; i++) {
		buf_add(&b, i ? "," : "");
		add_state(&b, &v[i]);
	}
	printf("%s]\n", b.str);
}

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	const struct list_args *args = given;
	bool json = args->format && !strcmp(args->format, "json");
	struct lc_state *v = NULL;
	size_t n = 0;

	(void)words;
	if (args->format && !json && strcmp(args->format, "table") != 0)
		return lc_err(e, LC_EUSAGE, "list: --format: expected table or json, found \"%s\"",
			      args->format);
	if (lc_list(cli->lc, &v, &n, e) < 0)
		return -1;
	if (args->quiet)
		print_ids(v, n);
	else if (json)
		print_json(v, n);
	else
		print_table(v, n);
	lc_list_free(v, n);
	return 0;
}

const struct command cmd_list = {
	.name = "list",
	.usage = "[options]",
	.summary = "list containers",
	.options = list_options,
	.args_size = sizeof(struct list_args),
	.run = run,
};
