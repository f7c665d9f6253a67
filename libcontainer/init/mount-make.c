/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes mounts, detached: new file systems, clones of what exists, and the container's cgroup. */
#include "base/own.h"
#include "base/str.h"
#include "init/mounts.h"
#include "init/steps.h"
#include "sys/fd.h"
#include "sys/probe.h"
#include "sys/rootfs.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

enum { VALUE_MAX = 256 }; /* fsconfig(2) takes strings shorter than that */

/* ---- new file systems ---- */

/* Cuts "key=value"; NULL for a word without a value. */
static const char *split(const char *word, char key[VALUE_MAX])
{
	size_t n = strcspn(word, "=");

	if (n >= VALUE_MAX)
		n = VALUE_MAX - 1;
	memcpy(key, word, n);
	key[n] = 0;
	return word[n] ? word + n + 1 : NULL;
}

/* overlay takes its lower directories one by one (Linux 6.8), which is the only way for a list that
 * is longer than a value may be.  1 if all were taken, 0 if the kernel does not know how. */
static int add_lowerdirs(int fs, const char *list, struct lc_error *e)
{
	char dir[VALUE_MAX];
	size_t n = 0;

	if (!probe_overlay_lowerdir_add())
		return 0;
	for (const char *p = list;; p++) {
		if (*p == '\\' && p[1]) { /* "\:" is a colon of a name */
			p++;
		} else if (!*p || *p == ':') {
			dir[n] = 0;
			if (sys_fsconfig_string(fs, "lowerdir+", dir) < 0)
				return sys_fs_error(e, fs, "lowerdir %s", dir);
			n = 0;
			if (!*p)
				return 1;
			continue;
		}
		if (n == VALUE_MAX - 1)
			return 0;
		dir[n++] = *p;
	}
}

/* 1: set, 0: too long for fsconfig(2), -1. */
static int set_option(int fs, const char *word, struct lc_error *e)
{
	char key[VALUE_MAX];
	const char *value = split(word, key);

	if (!value)
		return sys_fsconfig_flag(fs, key) < 0 ? sys_fs_error(e, fs, "%s", word) : 1;
	if (strlen(value) >= VALUE_MAX)
		return strcmp(key, "lowerdir") ? 0 : add_lowerdirs(fs, value, e);
	return sys_fsconfig_string(fs, key, value) < 0 ? sys_fs_error(e, fs, "%s", word) : 1;
}

/* SELinux: file systems of the kernel's own have their labels by policy. */
static bool takes_label(const char *fstype)
{
	return strcmp(fstype, "proc") != 0 && strcmp(fstype, "sysfs") != 0 &&
	       strcmp(fstype, "mqueue") != 0 && strncmp(fstype, "cgroup", 6) != 0;
}

/* The value, or NULL. */
static const char *label_of(const char *word)
{
	static const char *const options[] = { "context=", "fscontext=", "defcontext=",
					       "rootcontext=" };

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (str_starts(word, options[i]))
			return word + strlen(options[i]);
	return NULL;
}

static bool names_label(const struct strs *data)
{
	for (size_t i = 0; i < data->n; i++)
		if (label_of(data->v[i]))
			return true;
	return false;
}

static bool wants_context(const struct sandbox *s, const struct plan_mount *p)
{
	return s->plan->mount_label && takes_label(p->fstype) && !names_label(&p->data);
}

int label_fs(const struct sandbox *s, int fs, struct lc_error *e)
{
	const char *option = s->plan->mount_label_option, *label = s->plan->mount_label;

	if (label && sys_fsconfig_string(fs, option, label) < 0)
		return sys_fs_error(e, fs, "%s=%s", option, label);
	return 0;
}

/* mqueue knows no context=; its root gets the label by the /proc that is still the host's.  It
 * belongs to who made the IPC namespace: where somebody else did, whose id the user namespace does
 * not know, it keeps what the policy says, which gives the container nothing that it should not
 * have. */
static int label_root(const struct sandbox *s, const struct mounting *m, struct lc_error *e)
{
	const char *label = s->plan->mount_label;
	char path[32];

	if (!label || strcmp(m->plan->fstype, "mqueue") != 0)
		return 0;
	if (s->is_exec) /* /proc is the container's */
		return lc_err(e, LC_EUNSUPPORTED, "mountLabel: an mqueue gets its label at create");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", m->fd);
	if (setxattr(path, "security.selinux", label, strlen(label) + 1, 0) == 0)
		return 0;
	if (errno != EPERM || !s->mapped_root)
		return lc_err_errno(e, "mountLabel %s", label);
	log_warn(&s->log, "linux.mountLabel: %s keeps the label of the policy: %s", m->plan->target,
		 lc_errno_text(EPERM));
	return 0;
}

/* A tmpfs without mode= looks like the directory that it covers, if that was there before. */
static int set_mode(int fs, const struct mounting *m, struct lc_error *e)
{
	struct stat st;
	char mode[16];

	if (!m->plan->mode_from_target || m->made_target)
		return 0;
	if (fstat(m->target, &st) < 0)
		return lc_err_errno(e, "stat");
	snprintf(mode, sizeof(mode), "%o", st.st_mode & 07777);
	return sys_fsconfig_string(fs, "mode", mode) < 0 ? sys_fs_error(e, fs, "mode=%s", mode) : 0;
}

/* 1: all set, 0: something is too long, -1. */
static int configure(const struct sandbox *s, const struct mounting *m, int fs, struct lc_error *e)
{
	const struct plan_mount *p = m->plan;

	if (p->source && sys_fsconfig_string(fs, "source", p->source) < 0)
		return sys_fs_error(e, fs, "source %s", p->source);
	for (size_t i = 0; i < p->data.n; i++) {
		int ret;

		/* Every devpts is one (since Linux 4.7): the kernel takes the word and ignores it.
		 */
		if (!strcmp(p->fstype, "devpts") && !strcmp(p->data.v[i], "newinstance"))
			continue;
		ret = set_option(fs, p->data.v[i], e);
		if (ret <= 0)
			return ret;
	}
	if (wants_context(s, p) && label_fs(s, fs, e) < 0)
		return -1;
	return set_mode(fs, m, e) < 0 ? -1 : 1;
}

static unsigned long mount_flags(uint64_t attrs)
{
	static const struct {
		uint64_t attr;
		unsigned long flag;
	} flags[] = {
		{ MOUNT_ATTR_RDONLY, MS_RDONLY },
		{ MOUNT_ATTR_NOSUID, MS_NOSUID },
		{ MOUNT_ATTR_NODEV, MS_NODEV },
		{ MOUNT_ATTR_NOEXEC, MS_NOEXEC },
		{ MOUNT_ATTR_NOATIME, MS_NOATIME },
		{ MOUNT_ATTR_STRICTATIME, MS_STRICTATIME },
		{ MOUNT_ATTR_NODIRATIME, MS_NODIRATIME },
		{ MOUNT_ATTR_NOSYMFOLLOW, 256 /* MS_NOSYMFOLLOW */ },
	};
	unsigned long out = 0;

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (attrs & flags[i].attr)
			out |= flags[i].flag;
	return out;
}

/* Words of the superblock are flags to mount(2). */
static unsigned long superblock_flag(const char *word)
{
	static const struct {
		const char *word;
		unsigned long flag;
	} words[] = {
		{ "ro", MS_RDONLY },
		{ "sync", MS_SYNCHRONOUS },
		{ "dirsync", MS_DIRSYNC },
		{ "lazytime", MS_LAZYTIME },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(word, words[i].word))
			return words[i].flag;
	return 0;
}

/* The options as one text for mount(2); false if it takes more than the page that there is. */
static bool join_options(const struct sandbox *s, const struct plan_mount *p, char *out,
			 size_t size, unsigned long *flags)
{
	size_t n = 0;

	out[0] = 0;
	for (size_t i = 0; i < p->data.n && n < size; i++) {
		const char *word = p->data.v[i], *label = label_of(word);
		unsigned long flag = superblock_flag(word);

		*flags |= flag;
		if (label) /* it may have commas */
			n += (size_t)snprintf(out + n, size - n, "%s%.*s\"%s\"", n ? "," : "",
					      (int)(label - word), word, label);
		else if (!flag)
			n += (size_t)snprintf(out + n, size - n, "%s%s", n ? "," : "", word);
	}
	if (wants_context(s, p) && n < size)
		n += (size_t)snprintf(out + n, size - n, "%s%s=\"%s\"", n ? "," : "",
				      s->plan->mount_label_option, s->plan->mount_label);
	return n < size;
}

/* The old call, for options that the new one cannot take: onto the descriptor of the target, by
 * the /proc that is still the host's. */
static int mount_old_way(struct sandbox *s, struct mounting *m, struct lc_error *e)
{
	const struct plan_mount *p = m->plan;
	unsigned long flags = mount_flags(attr_of_new(p));
	char options[4096], target[32];

	/* There /proc is the container's, and proves nothing. */
	if (s->is_exec)
		return lc_err(e, LC_EUNSUPPORTED,
			      "%s: options as long as these need the old system call, which "
			      "does not know the places of a running container",
			      p->fstype);
	if (m->target < 0 && target_open(s, m, false, e) < 0)
		return -1;
	if (!join_options(s, p, options, sizeof(options), &flags))
		return lc_err(e, LC_ECONFIG, "%s: options are longer than a page", p->fstype);
	snprintf(target, sizeof(target), "/proc/self/fd/%d", m->target);
	if (mount(p->source, target, p->fstype, flags, options) < 0)
		return lc_err_errno(e, "mount %s", p->fstype);
	m->done = true;
	return 0;
}

int make_fs(struct sandbox *s, struct mounting *m, struct lc_error *e)
{
	const struct plan_mount *p = m->plan;
	auto_fd fs = sys_fsopen(p->fstype);
	int ret;

	if (fs < 0)
		return lc_err_errno(e, "fsopen %s", p->fstype);
	ret = configure(s, m, fs, e);
	if (ret < 0)
		return -1;
	if (ret == 0)
		return mount_old_way(s, m, e);
	if (sys_fsconfig_create(fs) < 0)
		return sys_fs_error(e, fs, "%s", p->fstype);
	m->fd = sys_fsmount(fs, attr_of_new(p));
	if (m->fd < 0)
		return sys_fs_error(e, fs, "fsmount %s", p->fstype);
	close_later(s, &fs);
	if (label_root(s, m, e) < 0)
		return -1;
	return p->tmpcopyup && !m->made_target ? copy_tree(m->target, m->fd, e) : 0;
}

/* ---- clones ---- */

/* A source in the root is what the mounts before this one have made of it. */
static int clone_in_root(struct sandbox *s, const struct plan_mount *p, unsigned flags,
			 struct lc_error *e)
{
	auto_fd at = sys_openat2(s->root, p->source, O_PATH | (p->src_nofollow ? O_NOFOLLOW : 0),
				 RESOLVE_IN_ROOT);
	int fd;

	if (at < 0)
		return lc_err_errno(e, "source rootfs:%s", p->source);
	fd = sys_open_tree(at, "", flags | AT_EMPTY_PATH);
	return fd < 0 ? lc_err_errno(e, "clone source rootfs:%s", p->source) : fd;
}

int make_bind(struct sandbox *s, struct mounting *m, struct lc_error *e)
{
	const struct plan_mount *p = m->plan;
	unsigned flags = OPEN_TREE_CLONE | (p->recursive ? AT_RECURSIVE : 0);
	int *given = &s->sources[m->i];

	m->foreign = *given >= 0;
	if (m->foreign)
		m->fd = fd_take(given);
	else if (p->source_in_root)
		m->fd = clone_in_root(s, p, flags, e);
	else if (s->is_exec) /* the parent could not, and here the path means another place */
		return lc_err(e, LC_ESYSTEM,
			      "source %s: %s: only who may mount on the host can add "
			      "what is there",
			      p->source, lc_errno_text(EPERM));
	else
		m->fd = sys_open_tree(AT_FDCWD, p->source,
				      flags | (p->src_nofollow ? AT_SYMLINK_NOFOLLOW : 0));
	if (m->fd < 0)
		return p->source_in_root ? -1 : lc_err_errno(e, "source %s", p->source);
	if (p->must_be_proc && !fd_is_fs(m->fd, PROC_SUPER_MAGIC))
		return lc_err(e, LC_ECONFIG, "%s is no procfs, and nothing else may be on /proc",
			      p->source);
	return 0;
}

/* ---- cgroup ---- */

/* With a cgroup namespace of its own the container mounts the hierarchy and sees its part of it.
 * Without, or where that is refused, it gets its own directory and no other (CVE-2023-25809); one
 * that it shares with the caller is read-only. */
int make_cgroup(struct sandbox *s, struct mounting *m, struct lc_error *e)
{
	struct mount_attr attr = { .attr_set = attr_of_new(m->plan) };

	if (s->plan->ns.of[NS_CGROUP].how != NS_INHERIT) {
		if (make_fs(s, m, e) == 0)
			return 0;
		if (e->sys_errno != EPERM && e->sys_errno != EBUSY)
			return -1;
	}
	if (!s->cgroup_path)
		return lc_err(e, LC_EUNSUPPORTED,
			      "the container has neither a cgroup namespace nor "
			      "a cgroup of its own to show");
	if (!s->cgroup_is_own)
		attr.attr_set |= MOUNT_ATTR_RDONLY;
	m->fd = sys_open_tree(AT_FDCWD, s->cgroup_path, OPEN_TREE_CLONE);
	if (m->fd < 0)
		return lc_err_errno(e, "cgroup %s", s->cgroup_path);
	if (attr.attr_set & MOUNT_ATTR__ATIME)
		attr.attr_clr = MOUNT_ATTR__ATIME;
	if (sys_mount_setattr(m->fd, "", AT_EMPTY_PATH, &attr) < 0)
		return lc_err_errno(e, "mount_setattr");
	return 0;
}
