/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The flags of a mount: which are asked for, which stay, which cannot be taken away. */
#include "init/mounts.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

/* The flags that an option list with any flag in it replaces as a whole, as mount(2) does. */
#define REPLACED \
	(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | \
	 MOUNT_ATTR_NOSYMFOLLOW)

/* Flags that the kernel locks when a mount crosses into a user namespace. */
#define LOCKABLE (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

static uint64_t attrs_of(int fd)
{
	static const struct {
		unsigned long st;
		uint64_t attr;
	} flags[] = {
		{ ST_RDONLY, MOUNT_ATTR_RDONLY },   { ST_NOSUID, MOUNT_ATTR_NOSUID },
		{ ST_NODEV, MOUNT_ATTR_NODEV },	    { ST_NOEXEC, MOUNT_ATTR_NOEXEC },
		{ ST_NOATIME, MOUNT_ATTR_NOATIME }, { ST_NODIRATIME, MOUNT_ATTR_NODIRATIME },
	};
	struct statfs st;
	uint64_t attrs = 0;

	if (fstatfs(fd, &st) < 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if ((unsigned long)st.f_flags & flags[i].st)
			attrs |= flags[i].attr;
	if (!((unsigned long)st.f_flags & (ST_NOATIME | ST_RELATIME)))
		attrs |= MOUNT_ATTR_STRICTATIME;
	return attrs;
}

bool is_readonly_later(const struct plan_mount *m)
{
	return m->kind == MOUNT_FS && m->attr_set & MOUNT_ATTR_RDONLY &&
	       (!strcmp(m->fstype, "tmpfs") || !strcmp(m->target, "/dev"));
}

uint64_t attr_of_new(const struct plan_mount *m)
{
	uint64_t attrs = m->attr_set | m->attr_set_rec;

	return is_readonly_later(m) ? attrs & ~(uint64_t)MOUNT_ATTR_RDONLY : attrs;
}

/* What mount_setattr(2) is to do, in its terms: setting any way of counting access times means
 * clearing the others. */
static struct mount_attr wanted(const struct plan_mount *m)
{
	bool atime = (m->attr_set | m->attr_clear) & (MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME);
	struct mount_attr attr = { .attr_set = m->attr_set, .attr_clr = m->attr_clear };

	if (m->flags_given) {
		attr.attr_clr |= REPLACED;
		if (atime)
			attr.attr_clr |= MOUNT_ATTR_NODIRATIME;
	}
	if ((m->attr_set | m->attr_clear) & MOUNT_ATTR__ATIME)
		attr.attr_clr |= MOUNT_ATTR__ATIME;
	attr.attr_clr &= ~(m->attr_set & ~(uint64_t)MOUNT_ATTR__ATIME);
	return attr;
}

/* A mount from the host in a user namespace: for one that we cloned ourselves the kernel refuses to
 * clear its flags; for one that the parent cloned we do. */
static int check_locked(const struct sandbox *s, const struct mounting *m, int fd,
			struct mount_attr *attr, struct lc_error *e)
{
	uint64_t has, lost;

	if (!m->foreign || !s->mapped_root)
		return 0;
	has = attrs_of(fd);
	lost = has & LOCKABLE & m->plan->attr_clear;
	if ((attr->attr_clr & MOUNT_ATTR__ATIME) == MOUNT_ATTR__ATIME &&
	    (has & MOUNT_ATTR__ATIME) != (attr->attr_set & MOUNT_ATTR__ATIME))
		lost |= MOUNT_ATTR__ATIME;
	if (lost) {
		errno = EPERM;
		return lc_err_errno(e, "the source is mounted with flags that a user namespace may "
				       "not clear");
	}
	attr->attr_set |= has & LOCKABLE;
	attr->attr_clr &= ~(has & LOCKABLE);
	return 0;
}

/* Locked flags that were not asked to go stay, whatever else replaces flags as a whole. */
static bool keep_locked(const struct plan_mount *m, int fd, struct mount_attr *attr)
{
	uint64_t stay = attrs_of(fd) & LOCKABLE & ~m->attr_clear & attr->attr_clr;

	attr->attr_set |= stay;
	attr->attr_clr &= ~stay;
	return stay != 0;
}

int attr_change(const struct sandbox *s, const struct mounting *m, int fd, struct lc_error *e)
{
	const struct plan_mount *p = m->plan;
	struct mount_attr attr = wanted(p);
	int ret;

	if (check_locked(s, m, fd, &attr, e) < 0)
		return -1;
	if (!p->propagation_rec)
		attr.propagation = p->propagation;
	if (!attr.attr_set && !attr.attr_clr && !attr.propagation)
		return 0;
	ret = sys_mount_setattr(fd, "", AT_EMPTY_PATH, &attr);
	if (ret < 0 && errno == EPERM && keep_locked(p, fd, &attr))
		ret = sys_mount_setattr(fd, "", AT_EMPTY_PATH, &attr);
	if (ret < 0 && errno == EINVAL && p->kind == MOUNT_REMOUNT)
		return lc_err_errno(e, "remount: nothing is mounted there, or a flag is unknown");
	if (ret < 0)
		return lc_err_errno(e, "mount_setattr");
	return 0;
}

int attr_finish(const struct mounting *m, int fd, struct lc_error *e)
{
	const struct plan_mount *p = m->plan;
	struct mount_attr attr = { .attr_set = p->attr_set_rec, .attr_clr = p->attr_clear_rec };

	if ((attr.attr_set | attr.attr_clr) & MOUNT_ATTR__ATIME)
		attr.attr_clr |= MOUNT_ATTR__ATIME;
	if (p->propagation_rec)
		attr.propagation = p->propagation;
	if (!attr.attr_set && !attr.attr_clr && !attr.propagation)
		return 0;
	if (sys_mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr) < 0)
		return lc_err_errno(e, "mount_setattr of the whole tree");
	return 0;
}

int attr_propagate(const struct mounting *m, int fd, struct lc_error *e)
{
	struct mount_attr attr = { .propagation = m->plan->propagation };

	if (attr.propagation && sys_mount_setattr(fd, "", AT_EMPTY_PATH, &attr) < 0)
		return lc_err_errno(e, "set propagation");
	return 0;
}
