/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is shown of the host because it was named.  root's programs are nobody outside and could not
 * write to what is named, so the owner of the directory is mapped to them: what they write there
 * belongs to its owner, and everything else in it to somebody they are not.
 */
#include "sandbox/binds.h"
#include "sandbox/files.h"
#include "base/own.h"
#include "base/str.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int add(struct job *job, const struct bind *bind)
{
	struct bind *grown;
	size_t at = job->binds.n;

	grown = arena_array(&job->arena, at + 1, sizeof(*grown));
	if (at)
		memcpy(grown, job->binds.v, at * sizeof(*grown));
	/* Parents sort before what is in them. */
	for (; at > 0 && strcmp(grown[at - 1].inside, bind->inside) > 0; at--)
		grown[at] = grown[at - 1];
	grown[at] = *bind;
	job->binds.v = grown;
	job->binds.n++;
	return 0;
}

/* HOST:INSIDE or PATH; a colon that is part of a name is written "\:". */
static int read_bind(struct job *job, const char *option, const char *text, enum bind_kind kind,
		     struct lc_error *e)
{
	char *host = arena_strdup(&job->arena, text), *inside = strchr(host, ':');
	struct bind bind = { .kind = kind };
	auto_free char *real = NULL;

	if (inside)
		*inside++ = 0;
	real = realpath(host, NULL);
	if (!real)
		return lc_err_errno(e, "%s %s", option, host);
	bind.host = arena_strdup(&job->arena, real);
	if (!inside)
		inside = bind.host;
	if (inside[0] != '/')
		return lc_err(e, LC_EUSAGE, "%s %s: expected an absolute path inside", option,
			      text);
	if (!strcmp(inside, "/") || str_starts(inside, "/proc") || str_starts(inside, "/sys"))
		return lc_err(e, LC_EUSAGE, "%s %s: nothing can be put on %s", option, text,
			      inside);
	bind.inside = inside;
	return add(job, &bind);
}

static int read_tmpfs(struct job *job, const char *text, struct lc_error *e)
{
	struct bind bind = { .kind = BIND_TMPFS, .inside = arena_strdup(&job->arena, text) };
	char *size = strchr(bind.inside, ':');

	bind.size = 64ULL << 20;
	if (size)
		*size++ = 0;
	if (bind.inside[0] != '/' || (size && (!str_u64(size, &bind.size) || !bind.size)))
		return lc_err(e, LC_EUSAGE, "tmpfs %s: expected an absolute PATH or PATH:BYTES",
			      text);
	bind.host = arena_strdup(&job->arena, "");
	return add(job, &bind);
}

static int read_list(struct job *job, const char *option, const struct strs *list,
		     enum bind_kind kind, struct lc_error *e)
{
	for (size_t i = 0; i < list->n; i++)
		if (read_bind(job, option, list->v[i], kind, e) < 0)
			return -1;
	return 0;
}

int binds_read(struct job *job, struct lc_error *e)
{
	const struct settings *s = &job->s;

	if (read_list(job, "ro", &s->ro, BIND_RO, e) < 0 ||
	    read_list(job, "rw", &s->rw, BIND_RW, e) < 0 ||
	    read_list(job, "file", &s->file, BIND_RO, e) < 0)
		return -1;
	for (size_t i = 0; i < s->tmpfs.n; i++)
		if (read_tmpfs(job, s->tmpfs.v[i], e) < 0)
			return -1;
	return 0;
}

static struct spec_id_maps one_id(struct arena *a, uint32_t from, uint32_t to)
{
	struct spec_id_maps maps = { arena_alloc(a, sizeof(*maps.v)), 1 };

	*maps.v = (struct spec_id_map){ from, to, 1 };
	return maps;
}

static int mount_bind(struct job *job, const struct bind *b, struct lc_error *e)
{
	struct spec_mount *m;
	struct stat st;

	if (stat(b->host, &st) < 0)
		return lc_err_errno(e, "%s", b->host);
	m = job_mount(job, b->inside, "bind", b->host,
		      b->kind == BIND_RW ? "rbind nosuid nodev" : "rbind rro nosuid nodev");
	if (job->host_uid == job->host.euid || (b->kind == BIND_RO && job_may(job, &st, R_OK)))
		return 0;
	m->uidMappings = one_id(&job->arena, st.st_uid, job->host_uid);
	m->gidMappings = one_id(&job->arena, st.st_gid, job->host_gid);
	return 0;
}

int binds_decide(struct job *job, struct lc_error *e)
{
	for (size_t i = 0; i < job->binds.n; i++) {
		const struct bind *b = &job->binds.v[i];

		if (b->kind == BIND_TMPFS)
			job_mount(job, b->inside, "tmpfs", "tmpfs",
				  arena_printf(&job->arena, "nosuid nodev mode=1777 %s",
					       tmpfs_room(job, b->size)));
		else if (mount_bind(job, b, e) < 0)
			return -1;
	}
	return 0;
}
