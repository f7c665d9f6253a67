/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cgroup: where it is, what its files get, which devices it allows. */
#include "plan/make.h"
#include "base/str.h"
#include "cgroups/cgroup.h"

#include <linux/bpf.h>
#include <string.h>
#include <sys/mount.h>

#define RWM (BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD)

/* Appended to those of config.json, so that a deny-all leaves a usable container: the default
 * devices, terminals and tun; nodes of any kind may be made, not used.  /dev/console inside is a
 * pty, so the host's own console (5:1) is not among them. */
static const struct plan_device_rule default_rules[] = {
	{ true, 'c', -1, -1, BPF_DEVCG_ACC_MKNOD },
	{ true, 'b', -1, -1, BPF_DEVCG_ACC_MKNOD },
	{ true, 'c', 1, 3, RWM }, /* null */
	{ true, 'c', 1, 5, RWM }, /* zero */
	{ true, 'c', 1, 7, RWM }, /* full */
	{ true, 'c', 1, 8, RWM }, /* random */
	{ true, 'c', 1, 9, RWM }, /* urandom */
	{ true, 'c', 5, 0, RWM }, /* tty */
	{ true, 'c', 5, 2, RWM }, /* ptmx */
	{ true, 'c', 136, -1, RWM }, /* pts */
	{ true, 'c', 10, 200, RWM }, /* net/tun */
};

static uint8_t access_bits(const char *access)
{
	uint8_t bits = 0;

	for (const char *c = access; c && *c; c++)
		bits |= *c == 'r'   ? BPF_DEVCG_ACC_READ
			: *c == 'w' ? BPF_DEVCG_ACC_WRITE
				    : BPF_DEVCG_ACC_MKNOD;
	return bits ? bits : RWM;
}

static int64_t number_or_any(struct opt_i64 n)
{
	return n.set ? n.v : -1;
}

static struct plan_device_rule make_rule(const struct spec_device_rule *from)
{
	char type = from->type == DEVICE_UNBUFFERED ? 'c' : (char)from->type;

	return (struct plan_device_rule){
		.allow = from->allow,
		.type = type ? type : 'a',
		.major = number_or_any(from->major),
		.minor = number_or_any(from->minor),
		.access = access_bits(from->access),
	};
}

static int make_program(struct arena *a, const struct spec_resources *resources,
			struct plan_cgroup *out, struct lc_error *e)
{
	size_t n = resources ? resources->devices.n : 0;

	out->device_rules.v =
		arena_array(a, n + ARRAY_SIZE(default_rules), sizeof(*out->device_rules.v));
	for (size_t i = 0; i < n; i++)
		out->device_rules.v[i] = make_rule(&resources->devices.v[i]);
	memcpy(out->device_rules.v + n, default_rules, sizeof(default_rules));
	out->device_rules.n = n + ARRAY_SIZE(default_rules);
	return cgroup_device_program(a, out->device_rules.v, out->device_rules.n,
				     &out->device_program, e);
}

/* A program needs the first user namespace.  Elsewhere nobody can make device nodes that work, and
 * those of the host are as accessible as they are to the caller. */
static int plan_devices(struct planner *p, const struct spec_resources *resources)
{
	struct plan_cgroup *cgroup = &p->plan->cgroup;

	if (p->plan->rootless || !p->host->initial_userns || cgroup->driver == CGROUP_DISABLED) {
		if (resources && resources->devices.n)
			planner_note(
				p, false, "linux.resources.devices",
				cgroup->driver == CGROUP_DISABLED
					? "not enforced without a cgroup"
					: "not enforced by a cgroup without the host's privileges");
		return 0;
	}
	return make_program(p->a, resources, cgroup, p->e);
}

/* The caller's own cgroup holds processes, so nothing with controllers can be made below: beside
 * it. */
static const char *beside_own(struct planner *p)
{
	const char *own = p->host->own_cgroup;
	const char *slash = own ? strrchr(own, '/') : NULL;

	return slash && slash > own ? arena_strndup(p->a, own, (size_t)(slash - own)) : "/";
}

/* Absolute: below the mount.  Relative: there too, but where a user has something to say.  Not
 * given: a name of its own. */
static int plan_path(struct planner *p)
{
	const char *path = p->linux_->cgroupsPath;
	const char *base = p->plan->rootless ? beside_own(p) : "/";

	if (!path || !*path)
		path = arena_printf(p->a, p->plan->rootless ? "hull-%s" : "hull/%s", p->plan->id);
	p->plan->cgroup.path = path_on_host(p->a, base, path);
	if (!p->plan->cgroup.path[1])
		return lc_err(p->e, LC_ECONFIG,
			      "linux.cgroupsPath: / is the root cgroup, which cannot be limited");
	return 0;
}

static bool is_unit_name(const char *s)
{
	return !strchr(s, '/') && strcmp(s, ".") && strcmp(s, "..");
}

/* "slice:prefix:name" as engines write it for the systemd driver. */
static int plan_unit(struct planner *p)
{
	struct plan_cgroup *cgroup = &p->plan->cgroup;
	const char *given = p->linux_->cgroupsPath;
	char *slice, *prefix, *name;

	cgroup->user_instance = p->plan->rootless;
	if (!given || !*given)
		given = arena_printf(p->a, ":hull:%s", p->plan->id);
	slice = arena_strdup(p->a, given);
	prefix = strchr(slice, ':');
	name = prefix ? strchr(prefix + 1, ':') : NULL;
	if (!name || strchr(name + 1, ':') || !name[1])
		return lc_err(p->e, LC_ECONFIG,
			      "linux.cgroupsPath: expected \"slice:prefix:name\" for systemd, "
			      "found \"%s\"",
			      given);
	*prefix++ = 0;
	*name++ = 0;
	if (!is_unit_name(slice) || !is_unit_name(prefix) || !is_unit_name(name))
		return lc_err(p->e, LC_ECONFIG, "linux.cgroupsPath: %s: not names of units", given);
	if (!*slice)
		slice = arena_strdup(p->a, p->plan->rootless ? "user.slice" : "system.slice");
	cgroup->slice = slice;
	cgroup->scope = arena_printf(p->a, "%s%s%s.scope", prefix, *prefix ? "-" : "", name);
	return 0;
}

static void plan_unit_properties(struct planner *p)
{
	static const char prefix[] = "org.systemd.property.";
	struct pairs *to = &p->plan->cgroup.systemd_properties;

	to->v = arena_array(p->a, p->spec->annotations.n, sizeof(*to->v));
	for (size_t i = 0; i < p->spec->annotations.n; i++) {
		const struct pair *from = &p->spec->annotations.v[i];

		if (str_starts(from->key, prefix))
			to->v[to->n++] = (struct pair){ from->key + strlen(prefix), from->value };
	}
}

/* "a" or "a/b": what may be made below a cgroup. */
static bool is_path_below(const char *path)
{
	size_t len;

	for (;; path += len + 1) {
		len = strcspn(path, "/");
		if (!len || (len <= 2 && !strncmp(path, "..", len)))
			return false;
		if (!path[len])
			return true;
	}
}

static int add_place(struct planner *p, const char *key, const char *name)
{
	char **place = &p->plan->cgroup.place;

	if (!is_path_below(name))
		return lc_err(p->e, LC_ECONFIG,
			      "annotations.%s: expected the name of a cgroup to be made below the "
			      "container's, found \"%s\"",
			      key, name);
	*place = *place ? arena_printf(p->a, "%s/%s", *place, name) : arena_strdup(p->a, name);
	return 0;
}

/* crun's annotations: the limits are those of the container's cgroup, its processes are one or two
 * cgroups below and have that to themselves. */
static int plan_place(struct planner *p)
{
	static const char subgroup[] = "run.oci.systemd.subgroup";
	static const char delegated[] = "run.oci.delegate-cgroup";
	const char *name = annotation(p, subgroup);

	if (name && *name && p->plan->cgroup.driver != CGROUP_SYSTEMD)
		planner_note(p, false, "annotations",
			     "%s has no effect: the cgroup manager is not systemd", subgroup);
	else if (name && *name && add_place(p, subgroup, name) < 0)
		return -1;
	name = annotation(p, delegated);
	return name ? add_place(p, delegated, name) : 0;
}

/* The container's root manages its own cgroup where it can see and write it, and nothing above. */
static bool delegates(const struct planner *p)
{
	if (how_ns(p, NS_CGROUP) != NS_NEW || !has_userns(p))
		return false;
	for (size_t i = 0; i < p->plan->mounts.n; i++) {
		const struct plan_mount *m = &p->plan->mounts.v[i];

		if (m->kind == MOUNT_CGROUP && !(m->attr_set & MOUNT_ATTR_RDONLY))
			return true;
	}
	return false;
}

static void note_resource(void *ctx, bool warning, const char *member, const char *text)
{
	planner_note(ctx, warning, member, "%s", text);
}

int planner_limits(struct planner *p, const struct spec_resources *resources)
{
	struct plan_cgroup *out = &p->plan->cgroup;

	if (cgroup_plan_resources(p->a, resources, p->host, out, note_resource, p, p->e) < 0)
		return -1;
	return resources && resources->devices.v ? make_program(p->a, resources, out, p->e) : 0;
}

int planner_cgroup(struct planner *p)
{
	struct plan_cgroup *cgroup = &p->plan->cgroup;
	const struct spec_resources *resources = p->linux_->resources;
	bool placed = p->linux_->cgroupsPath && *p->linux_->cgroupsPath;

	cgroup->driver = p->options->cgroup_driver;
	if (cgroup_plan_resources(p->a, resources, p->host, cgroup, note_resource, p, p->e) < 0)
		return -1;
	if (cgroup->driver == CGROUP_DISABLED) {
		if (cgroup->files.n)
			return lc_err(p->e, LC_ECONFIG,
				      "%s: needs a cgroup, and the cgroup manager is \"disabled\"",
				      cgroup->files.v[0].member);
		if (annotation(p, "run.oci.delegate-cgroup"))
			return lc_err(
				p->e, LC_ECONFIG,
				"annotations.run.oci.delegate-cgroup: needs a cgroup, and the "
				"cgroup manager is \"disabled\"");
		return plan_devices(p, resources);
	}
	if (cgroup->driver == CGROUP_SYSTEMD) {
		if (plan_unit(p) < 0)
			return -1;
		plan_unit_properties(p);
	} else if (plan_path(p) < 0) {
		return -1;
	}
	if (plan_place(p) < 0)
		return -1;
	cgroup->required = !p->plan->rootless || placed || cgroup->files.n > 0 || cgroup->place;
	cgroup->chown = delegates(p);
	return plan_devices(p, resources);
}
