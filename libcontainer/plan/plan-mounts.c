/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts: kinds, sources, targets and options. */
#include "plan/make.h"
#include "plan/mount-words.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

/* One mount while it is planned. */
struct making {
	struct planner *p;
	const struct spec_mount *from;
	struct plan_mount *to;
	struct mount_words words;
};

#define MAX_MEMBER 32

/* "mounts[3]" or "mounts[3].options" */
static const char *member_of(const struct making *m, const char *what, char text[MAX_MEMBER])
{
	snprintf(text, MAX_MEMBER, "mounts[%zu]%s%s", m->to->index, *what ? "." : "", what);
	return text;
}

static int bad(const struct making *m, int code, const char *what, const char *text)
{
	char member[MAX_MEMBER];

	return lc_err(m->p->e, code, "%s: %s", member_of(m, what, member), text);
}

static void note_word(void *ctx, bool warning, const char *word, const char *why)
{
	struct making *m = ctx;
	char member[MAX_MEMBER];

	planner_note(m->p, warning, member_of(m, "options", member), "%s has no effect: %s", word,
		     why);
}

static bool is(const char *type, const char *name)
{
	return type && !strcmp(type, name);
}

/* A change of what is there: remount, or only attributes or propagation without a type. */
static bool changes_only(const struct making *m)
{
	const struct mount_words *w = &m->words;

	return w->remount ||
	       ((!m->from->type || is(m->from->type, "none")) &&
		(w->propagation || w->attrs_given || w->attrs_rec.clear || w->attrs_rec.set));
}

static int choose_kind(struct making *m)
{
	const char *type = m->from->type;

	if (!m->words.remount && (m->words.bind || m->words.rbind || is(type, "bind")))
		m->to->kind = MOUNT_BIND;
	else if (changes_only(m))
		m->to->kind = MOUNT_REMOUNT;
	else if (is(type, "cgroup") || is(type, "cgroup2"))
		m->to->kind = MOUNT_CGROUP;
	else if (!type || !*type || is(type, "none"))
		return bad(m, LC_ECONFIG, "type",
			   "needed, since options name neither bind nor rbind");
	else
		m->to->kind = MOUNT_FS;
	m->to->recursive = m->to->kind == MOUNT_BIND && m->words.rbind;
	return 0;
}

/* File systems without a device behind them: "ro" is a matter of the mount alone, and they do not
 * know words such as acl. */
static bool is_virtual(const char *fstype)
{
	static const char *const names[] = { "tmpfs",	"ramfs",   "proc",	 "sysfs",
					     "devpts",	"mqueue",  "overlay",	 "hugetlbfs",
					     "debugfs", "tracefs", "securityfs", "bpf",
					     "configfs" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(fstype, names[i]))
			return true;
	return false;
}

/* An unprivileged kernel object of the host's cannot be mounted anew where its namespace is not
 * ours: the host's own mount is taken. */
static char *fallback_of(const struct making *m, const char *fstype)
{
	const struct planner *p = m->p;

	if (p->live || (!has_userns(p) && p->host->initial_userns))
		return NULL;
	if (!strcmp(fstype, "sysfs") && how_ns(p, NS_NETWORK) != NS_NEW)
		return arena_strdup(p->a, "/sys");
	if (!strcmp(fstype, "mqueue") && how_ns(p, NS_IPC) != NS_NEW)
		return arena_strdup(p->a, "/dev/mqueue");
	return NULL;
}

static bool has_option(const struct strs *data, const char *key)
{
	size_t n = strlen(key);

	for (size_t i = 0; i < data->n; i++)
		if (!strncmp(data->v[i], key, n) && (!data->v[i][n] || data->v[i][n] == '='))
			return true;
	return false;
}

/* "uid=5" and "gid=5" of a file system are ids inside, which the kernel refuses (EINVAL) when the
 * user namespace lacks them. Terminals do without their group; anything else is a mistake. */
static int check_owner(struct making *m, const char *key, const plan_id_maps *maps)
{
	struct strs *data = &m->to->data;
	size_t kept = 0;
	uint32_t id;

	for (size_t i = 0; i < data->n; i++) {
		char *word = data->v[i], member[MAX_MEMBER];

		if (!str_starts(word, key) || !str_u32(word + strlen(key), &id) ||
		    map_has(maps, id)) {
			data->v[kept++] = word;
			continue;
		}
		member_of(m, "options", member);
		if (!is(m->to->fstype, "devpts"))
			return lc_err(m->p->e, LC_ECONFIG,
				      "%s: %s is not mapped in the user namespace", member, word);
		planner_note(m->p, true, member, "%s is left out: not mapped in the user namespace",
			     word);
	}
	data->n = kept;
	data->v[kept] = NULL;
	return 0;
}

static int plan_fs(struct making *m)
{
	const struct plan_namespaces *ns = &m->p->plan->ns;
	struct plan_mount *to = m->to;

	to->fstype = m->from->type;
	to->source = m->from->source && *m->from->source ? m->from->source : m->from->type;
	to->fallback_bind = fallback_of(m, to->fstype);
	if (to->fallback_bind) /* it brings the host's mounts below along (CVE-2023-25809) */
		to->attr_set_rec |= to->attr_set & MOUNT_ATTR_RDONLY;
	to->mode_from_target = is(to->fstype, "tmpfs") && !has_option(&to->data, "mode");
	if (!is_virtual(to->fstype) && to->attr_set & MOUNT_ATTR_RDONLY) {
		struct strs with_ro = { arena_array(m->p->a, to->data.n + 2, sizeof(char *)), 0 };

		with_ro.v[with_ro.n++] = arena_strdup(m->p->a, "ro");
		for (size_t i = 0; i < to->data.n; i++)
			with_ro.v[with_ro.n++] = to->data.v[i];
		to->data = with_ro;
	}
	if (check_owner(m, "uid=", &ns->uid_maps) < 0)
		return -1;
	return check_owner(m, "gid=", &ns->gid_maps);
}

/* A bind has no file-system data of its own.  Words that look like an option are a mistake that
 * would leave a protection out; key=value means another file system. */
static int check_bind_words(struct making *m)
{
	char member[MAX_MEMBER];

	for (size_t i = 0; i < m->words.others.n; i++) {
		const char *word = m->words.others.v[i];
		const char *near = mount_word_nearest(m->p->a, word);

		if (strchr(word, '=')) {
			note_word(m, true, word, "a bind has no options of a file system");
			continue;
		}
		return lc_err(m->p->e, LC_ECONFIG, "%s: unknown option %s for a bind%s%s%s",
			      member_of(m, "options", member), word, near ? "; did you mean " : "",
			      near ? near : "", near ? "?" : "");
	}
	for (size_t i = 0; i < m->words.data.n; i++)
		if (mount_word_is_data(m->words.data.v[i]))
			note_word(m, false, m->words.data.v[i],
				  "it belongs to the file system, not to a bind of it");
	m->to->data = (struct strs){ 0 };
	return 0;
}

static bool is_idmapped(const struct making *m)
{
	return m->words.idmap || m->words.ridmap || m->from->uidMappings.n ||
	       m->from->gidMappings.n;
}

/* Only who owns the file system may map its ids: never init in a user namespace.  There the parent
 * opens a source in the root, and sees that without its mounts. */
static int check_unmounted(const struct making *m)
{
	const struct plan_mount *to = m->to;

	if (to->attr_clear_rec)
		return bad(m, LC_EUNSUPPORTED, "options",
			   "in a user namespace none of a whole tree in the root can be taken "
			   "away where ids are mapped");
	for (const struct plan_mount *before = m->p->plan->mounts.v; before < to; before++) {
		if (!path_below(to->source, before->target) &&
		    !(to->recursive && path_below(before->target, to->source)))
			continue;
		return lc_err(m->p->e, LC_EUNSUPPORTED,
			      "mounts[%zu].source: in a user namespace no ids can be mapped of "
			      "what mounts[%zu] puts there",
			      to->index, before->index);
	}
	return 0;
}

static int plan_bind(struct making *m)
{
	struct planner *p = m->p;
	struct plan_mount *to = m->to;
	const char *inside;

	if (!m->from->source || !*m->from->source)
		return bad(m, LC_ECONFIG, "source", "a bind needs one");
	to->source = path_on_host(p->a, p->plan->bundle, m->from->source);
	inside = path_below(to->source, p->plan->root.path);
	if (inside && strcmp(p->plan->root.path, "/")) {
		to->source_in_root = true;
		to->source = arena_strdup(p->a, *inside ? inside : "/");
		if (is_idmapped(m) && has_userns(p) && check_unmounted(m) < 0)
			return -1;
	}
	to->flags_given = m->words.attrs_given;
	return check_bind_words(m);
}

/* Below a procfs only files that nothing inside relies on may be covered (CVE-2019-16884 and its
 * like cover /proc/self/attr). */
static bool may_cover(const char *below_proc)
{
	static const char *const names[] = {
		"/cpuinfo",
		"/diskstats",
		"/loadavg",
		"/meminfo",
		"/slabinfo",
		"/stat",
		"/swaps",
		"/uptime",

		"/sys/crypto/fips_enabled",
		"/sys/kernel/ns_last_pid",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(below_proc, names[i]))
			return true;
	return false;
}

static bool proc_is_mounted(const struct making *m)
{
	if (m->p->live)
		return true;
	for (const struct plan_mount *before = m->p->plan->mounts.v; before < m->to; before++)
		if (!strcmp(before->target, "/proc") && before->kind != MOUNT_REMOUNT)
			return true;
	return false;
}

static int check_proc(struct making *m)
{
	const char *below = path_below(m->to->target, "/proc");

	if (!below || m->to->kind == MOUNT_REMOUNT)
		return 0;
	if (!*below) {
		m->to->must_be_proc = m->to->kind == MOUNT_BIND;
		if (m->to->must_be_proc || is(m->to->fstype, "proc"))
			return 0;
		return bad(m, LC_ECONFIG, "destination",
			   "only a proc file system may be mounted on /proc");
	}
	if (!proc_is_mounted(m) || may_cover(below))
		return 0;
	return lc_err(m->p->e, LC_ECONFIG,
		      "mounts[%zu].destination: %s inside of proc cannot be mounted over",
		      m->to->index, m->to->target);
}

/* Three numbers "1-2-3". */
static bool read_triple(char *text, struct plan_id_map *out)
{
	char *second = strchr(text, '-');
	char *third = second ? strchr(second + 1, '-') : NULL;

	if (!third)
		return false;
	*second++ = 0;
	*third++ = 0;
	return str_u32(text, &out->inside) && str_u32(second, &out->outside) &&
	       str_u32(third, &out->count) && out->count;
}

/* '@': the second number is one of the container's ids. */
static bool make_absolute(struct plan_id_map *map, const plan_id_maps *container)
{
	for (size_t i = 0; i < container->n; i++) {
		const struct plan_id_map *c = &container->v[i];

		if (map->outside < c->inside || map->outside - c->inside >= c->count)
			continue;
		map->outside = map->outside - c->inside + c->outside;
		return map->outside - c->outside + map->count <= c->count;
	}
	return false;
}

/* "0-1-10#10-11-10", each perhaps with '@' in front. */
static bool read_triples(struct arena *a, char *text, const plan_id_maps *container,
			 plan_id_maps *out)
{
	size_t n = 1;

	for (const char *c = text; *c; c++)
		n += *c == '#';
	out->v = arena_array(a, n, sizeof(*out->v));
	for (char *one; (one = strsep(&text, "#"));) {
		struct plan_id_map *map = &out->v[out->n++];
		bool relative = *one == '@';

		if (!read_triple(one + relative, map) ||
		    (relative && !make_absolute(map, container)))
			return false;
	}
	return true;
}

/* "uids=0-1-10;gids=0-100-10": file system id, host id, count. */
static int read_idmap(struct making *m)
{
	const struct plan_namespaces *ns = &m->p->plan->ns;
	char *rest = arena_strdup(m->p->a, m->words.idmap_value);

	for (char *part; (part = strsep(&rest, ";"));) {
		bool uids = str_starts(part, "uids="), gids = str_starts(part, "gids=");

		if ((!uids && !gids) || !read_triples(m->p->a, part + strlen("uids="),
						      uids ? &ns->uid_maps : &ns->gid_maps,
						      uids ? &m->to->uid_maps : &m->to->gid_maps))
			return lc_err(
				m->p->e, LC_ECONFIG,
				"mounts[%zu].options: expected "
				"idmap=uids=ID-HOSTID-COUNT;gids=ID-HOSTID-COUNT, found \"%s\"",
				m->to->index, m->words.idmap_value);
	}
	return 0;
}

static int plan_idmap(struct making *m)
{
	struct plan_mount *to = m->to;

	copy_maps(m->p->a, &m->from->uidMappings, &to->uid_maps);
	copy_maps(m->p->a, &m->from->gidMappings, &to->gid_maps);
	to->idmap_rec = m->words.ridmap;
	to->idmap = is_idmapped(m);
	if (!to->idmap)
		return 0;
	if (to->kind != MOUNT_BIND && to->kind != MOUNT_FS)
		return bad(m, LC_ECONFIG, "options", "idmap is for binds and new file systems");
	if (m->words.idmap_value && (to->uid_maps.n || to->gid_maps.n))
		return bad(m, LC_ECONFIG, "options", "idmap= and uidMappings exclude each other");
	if (m->words.idmap_value && read_idmap(m) < 0)
		return -1;
	if (!to->uid_maps.n != !to->gid_maps.n)
		return bad(m, LC_ECONFIG, to->uid_maps.n ? "gidMappings" : "uidMappings",
			   "uids and gids are mapped together, or neither");
	if (!to->uid_maps.n && !has_userns(m->p))
		return bad(m, LC_ECONFIG, "options",
			   "idmap needs uidMappings and gidMappings, or a user namespace to take "
			   "them from");
	return 0;
}

static void copy_words(struct making *m)
{
	const struct mount_words *w = &m->words;
	struct plan_mount *to = m->to;

	to->attr_set = w->attrs.set;
	to->attr_clear = w->attrs.clear;
	to->attr_set_rec = w->attrs_rec.set;
	to->attr_clear_rec = w->attrs_rec.clear;
	to->propagation = w->propagation;
	to->propagation_rec = w->propagation_rec;
	to->data = w->data;
	to->tmpcopyup = w->tmpcopyup;
	to->copy_symlink = w->copy_symlink;
	to->src_nofollow = w->src_nofollow;
	to->dest_nofollow = w->dest_nofollow;
}

/* File systems of the kernel's own, whose source is no path: one that is would be looked up in the
 * container, which could have put a device of the host's there. */
static bool has_no_source(const char *fstype)
{
	static const char *const names[] = { "tmpfs",  "ramfs",	 "proc",     "sysfs",
					     "devpts", "mqueue", "hugetlbfs" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(fstype, names[i]))
			return true;
	return false;
}

/* What cannot be added to a container that runs. */
static int check_live(struct making *m)
{
	const struct plan_mount *to = m->to;

	if (!m->p->live)
		return 0;
	if (!strcmp(to->target, "/"))
		return bad(m, LC_ECONFIG, "destination",
			   "the root of a container that runs stays what it is");
	if (to->kind == MOUNT_CGROUP || to->kind == MOUNT_REMOUNT ||
	    (to->kind == MOUNT_FS && !has_no_source(to->fstype)))
		return bad(m, LC_EUNSUPPORTED, "type",
			   "to a container that runs only bind mounts, tmpfs, ramfs, proc, sysfs, "
			   "devpts, mqueue and hugetlbfs can be added");
	if (to->copy_symlink)
		return bad(m, LC_EUNSUPPORTED, "options",
			   "copy-symlink is not possible in a container that runs");
	return 0;
}

/* Options that make sense for one kind only. */
static int check_switches(struct making *m)
{
	const struct plan_mount *to = m->to;
	char member[MAX_MEMBER];

	if (to->tmpcopyup && !is(to->fstype, "tmpfs"))
		return bad(m, LC_ECONFIG, "options", "tmpcopyup is for a tmpfs only");
	if ((to->copy_symlink || to->src_nofollow) && to->kind != MOUNT_BIND)
		return lc_err(m->p->e, LC_ECONFIG, "%s: %s is for a bind only",
			      member_of(m, "options", member),
			      to->copy_symlink ? "copy-symlink" : "src-nofollow");
	return 0;
}

static void plan_target(struct making *m)
{
	char member[MAX_MEMBER];

	m->to->target = path_inside(m->p->a, m->from->destination);
	if (*m->from->destination != '/')
		planner_note(m->p, false, member_of(m, "destination", member),
			     "relative: %s is taken for %s", m->from->destination, m->to->target);
}

static int plan_mount(struct making *m)
{
	mount_words_read(m->p->a, &m->from->options, note_word, m, &m->words);
	plan_target(m);
	if (choose_kind(m) < 0)
		return -1;
	copy_words(m);
	switch (m->to->kind) {
	case MOUNT_BIND:
		if (plan_bind(m) < 0)
			return -1;
		break;
	case MOUNT_FS:
		if (plan_fs(m) < 0)
			return -1;
		break;
	case MOUNT_CGROUP:
		m->to->fstype = arena_strdup(m->p->a, "cgroup2");
		m->to->source = m->from->source ? m->from->source : m->to->fstype;
		break;
	case MOUNT_REMOUNT:
		m->to->flags_given = m->words.attrs_given;
		if (check_live(m) < 0)
			return -1;
		if (m->words.bind || m->words.rbind)
			return check_bind_words(m);
		break;
	}
	if (check_live(m) < 0 || check_switches(m) < 0 || check_proc(m) < 0)
		return -1;
	return plan_idmap(m);
}

int planner_mounts(struct planner *p)
{
	size_t n = p->spec->mounts.n;

	p->plan->mounts.v = arena_array(p->a, n, sizeof(*p->plan->mounts.v));
	for (size_t i = 0; i < n; i++) {
		struct making m = { .p = p,
				    .from = &p->spec->mounts.v[i],
				    .to = &p->plan->mounts.v[i] };

		m.to->index = i;
		p->plan->mounts.n = i + 1;
		if (plan_mount(&m) < 0)
			return -1;
	}
	return 0;
}
