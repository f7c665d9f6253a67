/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What /dev holds: the default devices, those of config.json, and symbolic links. */
#include "plan/make.h"
#include "base/str.h"

#include <string.h>

static const struct {
	const char *path;
	uint32_t major, minor;
} default_devices[] = {
	{ "/dev/null", 1, 3 },	 { "/dev/zero", 1, 5 },	   { "/dev/full", 1, 7 },
	{ "/dev/random", 1, 8 }, { "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 },
};

static const struct {
	const char *path, *target;
	bool if_target_exists;
} default_symlinks[] = {
	{ "/dev/fd", "/proc/self/fd", true },	    { "/dev/stdin", "/proc/self/fd/0", true },
	{ "/dev/stdout", "/proc/self/fd/1", true }, { "/dev/stderr", "/proc/self/fd/2", true },
	{ "/dev/core", "/proc/kcore", true },	    { "/dev/ptmx", "pts/ptmx", false },
};

/* The host's or somebody else's /dev is bind-mounted: it has what it has. */
static bool dev_is_given(const struct planner *p)
{
	for (size_t i = 0; i < p->plan->mounts.n; i++)
		if (p->plan->mounts.v[i].kind == MOUNT_BIND &&
		    !strcmp(p->plan->mounts.v[i].target, "/dev"))
			return true;
	return false;
}

static struct plan_device *device_at(struct planner *p, const char *path)
{
	for (size_t i = 0; i < p->plan->devices.n; i++)
		if (!strcmp(p->plan->devices.v[i].path, path))
			return &p->plan->devices.v[i];
	return NULL;
}

/* mknod of a device needs CAP_MKNOD in the first user namespace; inside a VM that is given. */
static bool cannot_mknod(const struct planner *p)
{
	if (p->plan->vm)
		return false;
	return has_userns(p) || !p->host->initial_userns || !held(p, CAP_MKNOD);
}

/* The node of that path, replaced if it is there already. */
static void put_device(struct planner *p, const struct plan_device *device)
{
	struct plan_device *there = device_at(p, device->path);

	if (!there)
		there = &p->plan->devices.v[p->plan->devices.n++];
	*there = *device;
	there->bind = device->type != 'p' && cannot_mknod(p);
	there->outside = there->bind && device->outside;
}

/* The caller can mknod where init, in its user namespace, cannot. */
static bool caller_can_mknod(const struct planner *p)
{
	return p->host->initial_userns && held(p, CAP_MKNOD) && held(p, CAP_SYS_ADMIN) &&
	       how_ns(p, NS_MOUNT) == NS_NEW;
}

static void put_defaults(struct planner *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(default_devices); i++) {
		struct plan_device device = {
			.path = arena_strdup(p->a, default_devices[i].path),
			.type = 'c',
			.major = default_devices[i].major,
			.minor = default_devices[i].minor,
			.mode = 0666,
			.standard = true,
		};

		put_device(p, &device);
	}
}

/* These are made in another way; to list them is common and harmless. */
static bool is_made_anyway(const struct planner *p, const char *path)
{
	bool terminal = p->spec->process && p->spec->process->terminal;

	return !strcmp(path, "/dev/ptmx") || (terminal && !strcmp(path, "/dev/console"));
}

static int check_device(struct planner *p, size_t i, const struct plan_device *to)
{
	if (to->path[1] == 0)
		return lc_err(p->e, LC_ECONFIG, "linux.devices[%zu].path: names no file", i);
	if (!map_has(&p->plan->ns.uid_maps, to->uid) || !map_has(&p->plan->ns.gid_maps, to->gid))
		return lc_err(p->e, LC_ECONFIG,
			      "linux.devices[%zu]: owner %u:%u is not mapped (linux.uidMappings, "
			      "linux.gidMappings)",
			      i, to->uid, to->gid);
	return 0;
}

static int put_configured(struct planner *p, size_t i)
{
	const struct spec_device *from = &p->linux_->devices.v[i];
	struct plan_device to = {
		.path = path_inside(p->a, from->path),
		.type = from->type == DEVICE_UNBUFFERED ? 'c' : (char)from->type,
		.major = from->major.v,
		.minor = from->minor.v,
		.mode = from->fileMode.set ? from->fileMode.v & 07777 : 0666,
		.uid = from->uid.v,
		.gid = from->gid.v,
		.outside = caller_can_mknod(p),
	};
	const struct plan_device *there = device_at(p, to.path);

	if (is_made_anyway(p, to.path)) {
		planner_note(p, false, "linux.devices", "%s is made anyway", to.path);
		return 0;
	}
	if (check_device(p, i, &to) < 0)
		return -1;
	to.standard = there && there->standard && there->type == to.type &&
		      there->major == to.major && there->minor == to.minor;
	put_device(p, &to);
	return 0;
}

static void put_symlinks(struct planner *p)
{
	p->plan->symlinks.v =
		arena_array(p->a, ARRAY_SIZE(default_symlinks), sizeof(*p->plan->symlinks.v));
	for (size_t i = 0; i < ARRAY_SIZE(default_symlinks); i++)
		p->plan->symlinks.v[p->plan->symlinks.n++] = (struct plan_symlink){
			.path = arena_strdup(p->a, default_symlinks[i].path),
			.target = arena_strdup(p->a, default_symlinks[i].target),
			.if_target_exists = default_symlinks[i].if_target_exists,
		};
}

int planner_devices(struct planner *p)
{
	size_t n = p->linux_->devices.n;

	if (dev_is_given(p)) {
		if (n)
			planner_note(p, false, "linux.devices",
				     "none is made: a bind mount on /dev brings its own");
		return 0;
	}
	p->plan->devices.v =
		arena_array(p->a, n + ARRAY_SIZE(default_devices), sizeof(*p->plan->devices.v));
	put_defaults(p);
	for (size_t i = 0; i < n; i++)
		if (put_configured(p, i) < 0)
			return -1;
	put_symlinks(p);
	return 0;
}
