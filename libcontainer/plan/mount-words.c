/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mount options: what each word means.  One table for reading them and for `features`. */
#include "plan/mount-words.h"
#include "plan/plan.h"
#include "base/str.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

/* Attributes of a mount.  Each has a form with an r in front for the mounts below as well. */
static const struct attr_word {
	const char *name;
	uint64_t attr; /* one flag, or one value of MOUNT_ATTR__ATIME */
	bool atime, off;
} attr_words[] = {
	{ "ro", MOUNT_ATTR_RDONLY, .off = false },
	{ "rw", MOUNT_ATTR_RDONLY, .off = true },
	{ "nosuid", MOUNT_ATTR_NOSUID, .off = false },
	{ "suid", MOUNT_ATTR_NOSUID, .off = true },
	{ "nodev", MOUNT_ATTR_NODEV, .off = false },
	{ "dev", MOUNT_ATTR_NODEV, .off = true },
	{ "noexec", MOUNT_ATTR_NOEXEC, .off = false },
	{ "exec", MOUNT_ATTR_NOEXEC, .off = true },
	{ "nodiratime", MOUNT_ATTR_NODIRATIME, .off = false },
	{ "diratime", MOUNT_ATTR_NODIRATIME, .off = true },
	{ "nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, .off = false },
	{ "symfollow", MOUNT_ATTR_NOSYMFOLLOW, .off = true },
	{ "relatime", MOUNT_ATTR_RELATIME, .atime = true, .off = false },
	{ "norelatime", MOUNT_ATTR_RELATIME, .atime = true, .off = true },
	{ "noatime", MOUNT_ATTR_NOATIME, .atime = true, .off = false },
	{ "atime", MOUNT_ATTR_NOATIME, .atime = true, .off = true },
	{ "strictatime", MOUNT_ATTR_STRICTATIME, .atime = true, .off = false },
	{ "nostrictatime", MOUNT_ATTR_STRICTATIME, .atime = true, .off = true },
};

/* Words of the file system, not of the mount: fsconfig(2) takes them by these names. NULL: there
 * is nothing to tell a kernel of today, @why. */
static const struct data_word {
	const char *name, *data, *why;
	bool weakens; /* leaving it out is worth a warning */
} data_words[] = {
	{ "async", "async", NULL, false },
	{ "sync", "sync", NULL, true },
	{ "dirsync", "dirsync", NULL, true },
	{ "lazytime", "lazytime", NULL, false },
	{ "nolazytime", "nolazytime", NULL, false },
	{ "rasync", "async", NULL, false },
	{ "rsync", "sync", NULL, true },
	{ "rdirsync", "dirsync", NULL, true },
	{ "iversion", NULL, "file systems that count versions always do", false },
	{ "noiversion", NULL, "file systems that count versions always do", false },
	{ "silent", NULL, "errors are reported, not logged", false },
	{ "loud", NULL, "errors are reported, not logged", false },
	{ "mand", NULL, "Linux 5.15 has no mandatory locks", true },
	{ "nomand", NULL, NULL, false },
	{ "rmand", NULL, "Linux 5.15 has no mandatory locks", true },
	{ "rnomand", NULL, NULL, false },
};

static const struct propagation_word {
	const char *name;
	uint64_t flag;
	bool recursive;
} propagation_words_of_mounts[] = {
	{ "shared", MS_SHARED, false },		{ "rshared", MS_SHARED, true },
	{ "slave", MS_SLAVE, false },		{ "rslave", MS_SLAVE, true },
	{ "private", MS_PRIVATE, false },	{ "rprivate", MS_PRIVATE, true },
	{ "unbindable", MS_UNBINDABLE, false }, { "runbindable", MS_UNBINDABLE, true },
};

/* Words that only switch something on. */
static const struct switch_word {
	const char *name;
	size_t offset; /* of a bool of struct mount_words; SIZE_MAX: no meaning */
} switch_words[] = {
	{ "defaults", SIZE_MAX },
	{ "bind", offsetof(struct mount_words, bind) },
	{ "rbind", offsetof(struct mount_words, rbind) },
	{ "remount", offsetof(struct mount_words, remount) },
	{ "tmpcopyup", offsetof(struct mount_words, tmpcopyup) },
	{ "copy-symlink", offsetof(struct mount_words, copy_symlink) },
	{ "src-nofollow", offsetof(struct mount_words, src_nofollow) },
	{ "dest-nofollow", offsetof(struct mount_words, dest_nofollow) },
	{ "idmap", offsetof(struct mount_words, idmap) },
	{ "ridmap", offsetof(struct mount_words, ridmap) },
};

#define FIND(table, word) find((table), ARRAY_SIZE(table), sizeof((table)[0]), (word))

/* The entry of a table whose first member is its name. */
static const void *find(const void *table, size_t n, size_t size, const char *word)
{
	for (size_t i = 0; i < n; i++) {
		const char *const *entry = (const void *)((const char *)table + i * size);

		if (!strcmp(*entry, word))
			return entry;
	}
	return NULL;
}

/* mount_setattr(2) wants the whole field cleared before any value of it is set.  Taking back a
 * value that is not in force changes nothing ("strictatime,norelatime" are often given together),
 * but access times have been named, so those of a bind's source do not stay. */
static void apply_atime(const struct attr_word *w, struct mount_attrs *to)
{
	to->clear |= MOUNT_ATTR__ATIME;
	if (!w->off || (to->set & MOUNT_ATTR__ATIME) == w->attr)
		to->set &= ~(uint64_t)MOUNT_ATTR__ATIME;
	if (!w->off)
		to->set |= w->attr;
}

static void apply_attr(const struct attr_word *w, struct mount_attrs *to)
{
	if (w->atime) {
		apply_atime(w, to);
		return;
	}
	to->set = w->off ? to->set & ~w->attr : to->set | w->attr;
	to->clear = w->off ? to->clear | w->attr : to->clear & ~w->attr;
	if (w->attr == MOUNT_ATTR_NODIRATIME && !w->off)
		to->clear |= MOUNT_ATTR__ATIME; /* it implies relatime, as mount(2) has it */
}

static bool read_attr(struct mount_words *m, const char *word)
{
	const struct attr_word *w = FIND(attr_words, word);

	if (w) {
		apply_attr(w, &m->attrs);
		m->attrs_given = true;
		return true;
	}
	w = *word == 'r' ? FIND(attr_words, word + 1) : NULL;
	if (!w)
		return false;
	apply_attr(w, &m->attrs_rec);
	return true;
}

static bool read_switch(struct mount_words *m, const char *word)
{
	const struct switch_word *w = FIND(switch_words, word);

	if (w && w->offset != SIZE_MAX)
		*(bool *)((char *)m + w->offset) = true;
	return w;
}

static bool read_propagation(struct mount_words *m, const char *word)
{
	const struct propagation_word *w = FIND(propagation_words_of_mounts, word);

	if (w) {
		m->propagation = w->flag;
		m->propagation_rec = w->recursive;
	}
	return w;
}

static void add_data(struct mount_words *m, const char *word)
{
	m->data.v[m->data.n++] = (char *)word;
}

static bool read_data(struct mount_words *m, const char *word, mount_word_note *note, void *ctx)
{
	const struct data_word *w = FIND(data_words, word);

	if (w && w->data)
		add_data(m, w->data);
	else if (w && w->why)
		note(ctx, w->weakens, word, w->why);
	return w;
}

static bool read_idmap(struct mount_words *m, const char *word)
{
	if (str_starts(word, "idmap="))
		m->idmap = true;
	else if (str_starts(word, "ridmap="))
		m->ridmap = true;
	else
		return false;
	m->idmap_value = strchr(word, '=') + 1;
	return true;
}

/* context="u:r:t:s0:c1,c2" and its like, for SELinux.  Engines write the quotes for mount(8), and
 * cut at every comma, also at those within.  What goes on is whole and without them. */
static char *unquoted_label(struct arena *a, const struct strs *options, size_t *i)
{
	char *word = options->v[*i], *quote = strstr(word, "context=\""), *end;
	size_t last = *i, begin;

	if (!quote)
		return word;
	quote += strlen("context=");
	begin = (size_t)(quote - word) + 1;
	while (!(end = strchr(word + begin, '"'))) {
		if (++last == options->n)
			return options->v[*i]; /* for the kernel to refuse */
		word = arena_printf(a, "%s,%s", word, options->v[last]);
	}
	*i = last;
	return arena_printf(a, "%.*s%.*s%s", (int)begin - 1, word,
			    (int)((size_t)(end - word) - begin), word + begin, end + 1);
}

void mount_words_read(struct arena *a, const struct strs *options, mount_word_note *note, void *ctx,
		      struct mount_words *m)
{
	*m = (struct mount_words){ 0 };
	m->data.v = arena_array(a, options->n + 1, sizeof(*m->data.v));
	m->others.v = arena_array(a, options->n + 1, sizeof(*m->others.v));
	for (size_t i = 0; i < options->n; i++) {
		char *word = unquoted_label(a, options, &i);

		if (!*word || read_switch(m, word) || read_attr(m, word) ||
		    read_propagation(m, word) || read_data(m, word, note, ctx) ||
		    read_idmap(m, word))
			continue;
		add_data(m, word);
		m->others.v[m->others.n++] = word;
	}
}

bool mount_word_is_data(const char *word)
{
	return FIND(data_words, word);
}

/* Calls @say for every word there is. */
static void each_word(void (*say)(void *ctx, const char *prefix, const char *name), void *ctx)
{
	for (size_t i = 0; i < ARRAY_SIZE(attr_words); i++) {
		say(ctx, "", attr_words[i].name);
		say(ctx, "r", attr_words[i].name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(data_words); i++)
		say(ctx, "", data_words[i].name);
	for (size_t i = 0; i < ARRAY_SIZE(propagation_words_of_mounts); i++)
		say(ctx, "", propagation_words_of_mounts[i].name);
	for (size_t i = 0; i < ARRAY_SIZE(switch_words); i++)
		say(ctx, "", switch_words[i].name);
}

struct nearest {
	const char *wanted;
	unsigned distance;
	char name[32];
};

static void compare_word(void *ctx, const char *prefix, const char *name)
{
	struct nearest *n = ctx;
	char word[32];
	unsigned distance;

	snprintf(word, sizeof(word), "%s%s", prefix, name);
	distance = str_distance(word, n->wanted);
	if (distance >= n->distance)
		return;
	n->distance = distance;
	memcpy(n->name, word, sizeof(word));
}

const char *mount_word_nearest(struct arena *a, const char *word)
{
	struct nearest n = { .wanted = word, .distance = 3 };

	each_word(compare_word, &n);
	return *n.name ? arena_strdup(a, n.name) : NULL;
}

struct word_list {
	struct arena *a;
	const char **v;
	size_t n;
};

static void count_word(void *ctx, const char *prefix, const char *name)
{
	(void)prefix;
	(void)name;
	((struct word_list *)ctx)->n++;
}

static void list_word(void *ctx, const char *prefix, const char *name)
{
	struct word_list *list = ctx;

	list->v[list->n++] = arena_printf(list->a, "%s%s", prefix, name);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *const *plan_mount_words(struct arena *a)
{
	struct word_list list = { .a = a };

	each_word(count_word, &list);
	list.v = arena_array(a, list.n + 1, sizeof(*list.v));
	list.n = 0;
	each_word(list_word, &list);
	qsort(list.v, list.n, sizeof(*list.v), compare_names);
	return list.v;
}
