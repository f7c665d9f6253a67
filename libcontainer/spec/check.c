/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules about the container as a whole: namespaces, ids, mounts, devices, kernel parameters. */
#include "spec/check.h"
#include "base/str.h"
#include "spec/valid.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

static const struct spec_namespace *find_namespace(const struct spec *spec, enum ns_type type)
{
	const struct spec_linux *l = spec->linux_;

	for (size_t i = 0; l && i < l->namespaces.n; i++)
		if (l->namespaces.v[i].type == type)
			return &l->namespaces.v[i];
	return NULL;
}

bool spec_has_namespace(const struct spec *spec, enum ns_type type)
{
	return find_namespace(spec, type) != NULL;
}

bool spec_has_new_namespace(const struct spec *spec, enum ns_type type)
{
	const struct spec_namespace *ns = find_namespace(spec, type);

	return ns && !ns->path;
}

void rules_of_namespaces(struct checker *c, const struct spec *spec)
{
	const struct spec_linux *l = spec->linux_;
	bool seen[NS_TYPES] = { false };

	for (size_t i = 0; l && i < l->namespaces.n; i++) {
		enum ns_type type = l->namespaces.v[i].type;

		if (seen[type])
			rule_broken(c, rule_at(c, "linux.namespaces[%zu].type", i),
				    "the %s namespace is given twice",
				    word_name(ns_type_words, type));
		seen[type] = true;
	}
	if (spec->hostname && !spec_has_namespace(spec, NS_UTS))
		rule_broken(c, "hostname", "needs a uts namespace (linux.namespaces)");
	if (spec->domainname && !spec_has_namespace(spec, NS_UTS))
		rule_broken(c, "domainname", "needs a uts namespace (linux.namespaces)");
	if (l && l->timeOffsets && !spec_has_new_namespace(spec, NS_TIME))
		rule_broken(c, "linux.timeOffsets",
			    "needs a new time namespace (linux.namespaces)");
	if (l && l->personality && l->personality->flags.n)
		rule_broken(c, "linux.personality.flags", "no flags are supported");
}

/* user_namespaces(7): at most 340 lines, none of which overlaps another on either side. */
static void check_maps(struct checker *c, const char *path, const struct spec_id_maps *maps)
{
	enum { MAX_LINES = 340 };

	if (maps->n > MAX_LINES) {
		rule_broken(c, path, "the kernel takes at most %d mappings, found %zu", MAX_LINES,
			    maps->n);
		return;
	}
	for (size_t i = 0; i < maps->n; i++) {
		const struct spec_id_map *m = &maps->v[i];
		uint64_t max = UINT32_MAX;

		if (m->containerID + (uint64_t)m->size > max || m->hostID + (uint64_t)m->size > max)
			rule_broken(c, rule_at(c, "%s[%zu].size", path, i),
				    "the range goes beyond the last id, 4294967294");
		for (size_t k = 0; k < i; k++) {
			const struct spec_id_map *o = &maps->v[k];

			if (m->containerID < o->containerID + (uint64_t)o->size &&
			    o->containerID < m->containerID + (uint64_t)m->size)
				rule_broken(c, rule_at(c, "%s[%zu].containerID", path, i),
					    "the range overlaps that of %s[%zu]", path, k);
			if (m->hostID < o->hostID + (uint64_t)o->size &&
			    o->hostID < m->hostID + (uint64_t)m->size)
				rule_broken(c, rule_at(c, "%s[%zu].hostID", path, i),
					    "the range overlaps that of %s[%zu]", path, k);
		}
	}
}

/* A joined user namespace has its mappings; whether given ones are the same is seen at create. */
void rules_of_id_maps(struct checker *c, const struct spec *spec)
{
	const struct spec_linux *l = spec->linux_;
	bool user = spec_has_namespace(spec, NS_USER),
	     new_user = spec_has_new_namespace(spec, NS_USER);

	if (!l)
		return;
	if (l->uidMappings.n && !user)
		rule_broken(c, "linux.uidMappings", "needs a user namespace (linux.namespaces)");
	if (l->gidMappings.n && !user)
		rule_broken(c, "linux.gidMappings", "needs a user namespace (linux.namespaces)");
	if (new_user && !l->uidMappings.n)
		rule_broken(c, "linux.uidMappings", "a new user namespace needs mappings");
	if (new_user && !l->gidMappings.n)
		rule_broken(c, "linux.gidMappings", "a new user namespace needs mappings");
	check_maps(c, "linux.uidMappings", &l->uidMappings);
	check_maps(c, "linux.gidMappings", &l->gidMappings);
}

static void check_mount(struct checker *c, const struct spec *spec, size_t i)
{
	const struct spec_mount *m = &spec->mounts.v[i];
	bool idmap = strs_have(&m->options, "idmap") || strs_have(&m->options, "ridmap");

	if (m->uidMappings.n && !m->gidMappings.n)
		rule_broken(c, rule_at(c, "mounts[%zu].uidMappings", i),
			    "needs gidMappings as well");
	if (m->gidMappings.n && !m->uidMappings.n)
		rule_broken(c, rule_at(c, "mounts[%zu].gidMappings", i),
			    "needs uidMappings as well");
	if (idmap && !m->uidMappings.n && !m->gidMappings.n && !spec_has_namespace(spec, NS_USER))
		rule_broken(c, rule_at(c, "mounts[%zu].options", i),
			    "idmap needs mappings of the mount or a user namespace");
	if (m->uidMappings.n)
		check_maps(c, rule_at(c, "mounts[%zu].uidMappings", i), &m->uidMappings);
	if (m->gidMappings.n)
		check_maps(c, rule_at(c, "mounts[%zu].gidMappings", i), &m->gidMappings);
}

void rules_of_mounts(struct checker *c, const struct spec *spec)
{
	for (size_t i = 0; i < spec->mounts.n; i++)
		check_mount(c, spec, i);
}

/* fileMode may have the type's bits, as podman writes them; then they must say what type says. */
static bool mode_fits(const struct spec_device *d)
{
	static const struct {
		enum device_type type;
		uint32_t bits;
	} types[] = {
		{ DEVICE_BLOCK, S_IFBLK },
		{ DEVICE_CHAR, S_IFCHR },
		{ DEVICE_UNBUFFERED, S_IFCHR },
		{ DEVICE_FIFO, S_IFIFO },
	};

	if (!d->fileMode.set || !(d->fileMode.v & S_IFMT))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (d->type == types[i].type)
			return (d->fileMode.v & S_IFMT) == types[i].bits;
	return false;
}

void rules_of_devices(struct checker *c, const struct spec *spec)
{
	for (size_t i = 0; i < spec->linux_->devices.n; i++) {
		const struct spec_device *d = &spec->linux_->devices.v[i];

		if (!mode_fits(d))
			rule_broken(c, rule_at(c, "linux.devices[%zu].fileMode", i),
				    "its file type is not that of \"%s\"",
				    word_name(device_type_words, (int)d->type));
		if (d->type == DEVICE_FIFO)
			continue; /* major and minor mean nothing */
		if (!d->major.set)
			rule_broken(c, rule_at(c, "linux.devices[%zu].major", i),
				    "required, but missing");
		if (!d->minor.set)
			rule_broken(c, rule_at(c, "linux.devices[%zu].minor", i),
				    "required, but missing");
	}
}

void rules_of_net_devices(struct checker *c, const struct spec *spec)
{
	const struct spec_linux *l = spec->linux_;
	struct strs names = { arena_array(c->arena, l->netDevices.n, sizeof(char *)), 0 };
	const char *twice;

	if (l->netDevices.n && !spec_has_namespace(spec, NS_NETWORK))
		rule_broken(c, "linux.netDevices", "needs a network namespace (linux.namespaces)");
	for (size_t i = 0; i < l->netDevices.n; i++) {
		const struct spec_net_device *d = &l->netDevices.v[i];
		char *inside = d->name ? d->name : d->key;

		if (!strchr(inside, '%')) /* there the kernel chooses the number */
			names.v[names.n++] = inside;
	}
	twice = first_duplicate(c->arena, &names);
	if (twice)
		rule_broken(c, "linux.netDevices",
			    "two devices would have the name %s in the container", twice);
}

/* The kernel parameters that belong to a namespace, so that a container may set them: exact names,
 * or all below a prefix that ends with a dot. */
static const struct {
	const char *name;
	enum ns_type ns;
} namespaced[] = {
	{ "net.", NS_NETWORK },
	{ "kernel.domainname", NS_UTS },
	{ "kernel.msgmax", NS_IPC },
	{ "kernel.msgmnb", NS_IPC },
	{ "kernel.msgmni", NS_IPC },
	{ "kernel.sem", NS_IPC },
	{ "kernel.shmall", NS_IPC },
	{ "kernel.shmmax", NS_IPC },
	{ "kernel.shmmni", NS_IPC },
	{ "kernel.shm_rmid_forced", NS_IPC },
	{ "fs.mqueue.msg_default", NS_IPC },
	{ "fs.mqueue.msg_max", NS_IPC },
	{ "fs.mqueue.msgsize_default", NS_IPC },
	{ "fs.mqueue.msgsize_max", NS_IPC },
	{ "fs.mqueue.queues_max", NS_IPC },
};

/* The name with '.' between its parts, as sysctl(8) reads it: the first separator is the one, and
 * the other kind stands for it inside of a part ("net/ipv4/conf/eth0.1/forwarding"). */
static char *dotted(struct checker *c, const char *key)
{
	char *name = arena_strdup(c->arena, key), *first = strpbrk(name, "./");

	if (!first || *first == '.')
		return name;
	for (char *p = name; *p; p++)
		*p = *p == '/' ? '.' : *p == '.' ? '/' : *p;
	return name;
}

/* Each part becomes a component of a path below /proc/sys: none may be empty, which also excludes
 * "..", and none has an odd character. */
static bool is_plain_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-:@+";

	for (;; name++) {
		size_t n = strspn(name, letters);

		if (!n)
			return false;
		name += n;
		if (!*name)
			return true;
		if (*name != '.' && *name != '/')
			return false;
	}
}

static void check_one_sysctl(struct checker *c, const struct spec *spec, const struct pair *p)
{
	const char *name = dotted(c, p->key), *path = rule_at(c, "linux.sysctl.%s", p->key);
	size_t i = 0;

	for (; i < ARRAY_SIZE(namespaced); i++) {
		const char *known = namespaced[i].name;
		bool prefix = known[strlen(known) - 1] == '.';

		if (prefix ? str_starts(name, known) : str_eq(name, known))
			break;
	}
	if (str_eq(name, "kernel.hostname"))
		rule_broken(c, path, "use hostname instead");
	else if (i == ARRAY_SIZE(namespaced) || !is_plain_name(name))
		rule_broken(c, path,
			    "not a kernel parameter of a namespace: it would change the host");
	else if (!spec_has_namespace(spec, namespaced[i].ns))
		rule_broken(c, path, "needs a%s %s namespace (linux.namespaces)",
			    namespaced[i].ns == NS_IPC ? "n" : "",
			    word_name(ns_type_words, (int)namespaced[i].ns));
	else if (str_eq(name, "kernel.domainname") && spec->domainname &&
		 !str_eq(spec->domainname, p->value))
		rule_broken(c, path, "contradicts domainname, \"%s\"", spec->domainname);
}

void rules_of_sysctl(struct checker *c, const struct spec *spec)
{
	for (size_t i = 0; i < spec->linux_->sysctl.n; i++)
		check_one_sysctl(c, spec, &spec->linux_->sysctl.v[i]);
}
