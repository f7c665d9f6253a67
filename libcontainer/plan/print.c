/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plan as text: a table for each of its structs, for printing and for sending. */
#include "plan/plan.h"
#include "json/encode.h"

#include <string.h>
#include <sys/mount.h>

static const struct word ns_how_words[] = {
	{ "inherit", NS_INHERIT }, { "new", NS_NEW }, { "join", NS_JOIN }, {}
};
static const struct word mount_kind_words[] = { { "fs", MOUNT_FS },
						{ "bind", MOUNT_BIND },
						{ "cgroup", MOUNT_CGROUP },
						{ "remount", MOUNT_REMOUNT },
						{} };
static const struct word cgroup_driver_words[] = { { "cgroupfs", CGROUP_FS },
						   { "systemd", CGROUP_SYSTEMD },
						   { "disabled", CGROUP_DISABLED },
						   {} };

/* As in options of mounts; a value of the field for access times, or with "atime" all of it. */
static const struct word attr_words[] = {
	{ "ro", MOUNT_ATTR_RDONLY },
	{ "nosuid", MOUNT_ATTR_NOSUID },
	{ "nodev", MOUNT_ATTR_NODEV },
	{ "noexec", MOUNT_ATTR_NOEXEC },
	{ "nosymfollow", MOUNT_ATTR_NOSYMFOLLOW },
	{ "nodiratime", MOUNT_ATTR_NODIRATIME },
	{ "atime", MOUNT_ATTR__ATIME },
	{ "noatime", MOUNT_ATTR_NOATIME },
	{ "strictatime", MOUNT_ATTR_STRICTATIME },
	{},
};
static const struct word propagation_flag_words[] = {
	{ "shared", MS_SHARED },	 { "slave", MS_SLAVE },	  { "private", MS_PRIVATE },
	{ "unbindable", MS_UNBINDABLE }, { "recursive", MS_REC }, {},
};

static const struct field plan_id_map_fields[] = {
	F_U32(struct plan_id_map, inside),
	F_U32(struct plan_id_map, outside),
	F_U32(struct plan_id_map, count),
	{},
};
static SHAPE(plan_id_map);

static const struct field plan_namespace_fields[] = {
	F_ENUM(struct plan_namespace, type, ns_type_words),
	F_ENUM(struct plan_namespace, how, ns_how_words),
	F_STRING(struct plan_namespace, path),
	{},
};
static SHAPE(plan_namespace);

static const struct field plan_namespaces_fields[] = {
	F_STRUCT_ARRAY(struct plan_namespaces, of, plan_namespace),
	F_OBJECTS(struct plan_namespaces, uid_maps, plan_id_map, OMIT_ZERO),
	F_OBJECTS(struct plan_namespaces, gid_maps, plan_id_map, OMIT_ZERO),
	F_BOOL(struct plan_namespaces, deny_setgroups, OMIT_ZERO),
	F_BOOL(struct plan_namespaces, use_newidmap, OMIT_ZERO),
	F_STRING(struct plan_namespaces, time_offsets),
	{},
};
static SHAPE(plan_namespaces);

static const struct field plan_mount_fields[] = {
	F_ENUM(struct plan_mount, kind, mount_kind_words),
	F_U64(struct plan_mount, index),
	F_STRING(struct plan_mount, target),
	F_STRING(struct plan_mount, fstype),
	F_STRING(struct plan_mount, source),
	F_BOOL(struct plan_mount, recursive, OMIT_ZERO),
	F_FLAGS(struct plan_mount, attr_set, attr_words, OMIT_ZERO),
	F_FLAGS(struct plan_mount, attr_clear, attr_words, OMIT_ZERO),
	F_FLAGS(struct plan_mount, attr_set_rec, attr_words, OMIT_ZERO),
	F_FLAGS(struct plan_mount, attr_clear_rec, attr_words, OMIT_ZERO),
	F_BOOL(struct plan_mount, flags_given, OMIT_ZERO),
	F_FLAGS(struct plan_mount, propagation, propagation_flag_words, OMIT_ZERO),
	F_BOOL(struct plan_mount, propagation_rec, OMIT_ZERO),
	F_STRS(struct plan_mount, data, OMIT_ZERO),
	F_BOOL(struct plan_mount, tmpcopyup, OMIT_ZERO),
	F_BOOL(struct plan_mount, copy_symlink, OMIT_ZERO),
	F_BOOL(struct plan_mount, src_nofollow, OMIT_ZERO),
	F_BOOL(struct plan_mount, dest_nofollow, OMIT_ZERO),
	F_BOOL(struct plan_mount, mode_from_target, OMIT_ZERO),
	F_BOOL(struct plan_mount, idmap, OMIT_ZERO),
	F_BOOL(struct plan_mount, idmap_rec, OMIT_ZERO),
	F_OBJECTS(struct plan_mount, uid_maps, plan_id_map, OMIT_ZERO),
	F_OBJECTS(struct plan_mount, gid_maps, plan_id_map, OMIT_ZERO),
	F_BOOL(struct plan_mount, source_in_root, OMIT_ZERO),
	F_BOOL(struct plan_mount, must_be_proc, OMIT_ZERO),
	F_STRING(struct plan_mount, fallback_bind),
	{},
};
static SHAPE(plan_mount);

static const struct field plan_device_fields[] = {
	F_STRING(struct plan_device, path),
	F_CHAR(struct plan_device, type),
	F_U32(struct plan_device, major),
	F_U32(struct plan_device, minor),
	F_U32(struct plan_device, mode),
	F_U32(struct plan_device, uid, OMIT_ZERO),
	F_U32(struct plan_device, gid, OMIT_ZERO),
	F_BOOL(struct plan_device, bind, OMIT_ZERO),
	F_BOOL(struct plan_device, outside, OMIT_ZERO),
	F_BOOL(struct plan_device, standard, OMIT_ZERO),
	{},
};
static SHAPE(plan_device);

static const struct field plan_symlink_fields[] = {
	F_STRING(struct plan_symlink, path),
	F_STRING(struct plan_symlink, target),
	F_BOOL(struct plan_symlink, if_target_exists, OMIT_ZERO),
	{},
};
static SHAPE(plan_symlink);

static const struct field plan_root_fields[] = {
	F_STRING(struct plan_root, path),
	F_BOOL(struct plan_root, readonly),
	F_FLAGS(struct plan_root, propagation, propagation_flag_words),
	F_FLAGS(struct plan_root, host_propagation, propagation_flag_words),
	F_BOOL(struct plan_root, no_pivot, OMIT_ZERO),
	F_BOOL(struct plan_root, chroot_only, OMIT_ZERO),
	{},
};
static SHAPE(plan_root);

static const struct field plan_caps_fields[] = {
	F_BITS(struct plan_caps, bounding, plan_cap_words),
	F_BITS(struct plan_caps, effective, plan_cap_words),
	F_BITS(struct plan_caps, permitted, plan_cap_words),
	F_BITS(struct plan_caps, inheritable, plan_cap_words),
	F_BITS(struct plan_caps, ambient, plan_cap_words),
	F_BOOL(struct plan_caps, given),
	{},
};
static SHAPE(plan_caps);

static const struct field plan_user_fields[] = {
	F_U32(struct plan_user, uid),
	F_U32(struct plan_user, gid),
	F_U32S(struct plan_user, groups, OMIT_ZERO),
	F_BOOL(struct plan_user, keep_groups, OMIT_ZERO),
	F_OPT_U32(struct plan_user, umask),
	{},
};
static SHAPE(plan_user);

static const struct field plan_rlimit_fields[] = {
	F_ENUM(struct plan_rlimit, resource, rlimit_words),
	F_U64(struct plan_rlimit, soft),
	F_U64(struct plan_rlimit, hard),
	{},
};
static SHAPE(plan_rlimit);

static const struct field plan_scheduler_fields[] = {
	F_U32(struct plan_scheduler, policy),	F_I32(struct plan_scheduler, nice),
	F_U32(struct plan_scheduler, priority), F_U64(struct plan_scheduler, flags),
	F_U64(struct plan_scheduler, runtime),	F_U64(struct plan_scheduler, deadline),
	F_U64(struct plan_scheduler, period),	{},
};
static SHAPE(plan_scheduler);

static const struct field plan_mempolicy_fields[] = {
	F_I32(struct plan_mempolicy, mode),
	F_U64_ARRAY(struct plan_mempolicy, nodes),
	{},
};
static SHAPE(plan_mempolicy);

static const struct field plan_process_fields[] = {
	F_STRING(struct plan_process, cwd),
	F_STRS(struct plan_process, args),
	F_STRS(struct plan_process, env),
	F_BOOL(struct plan_process, home_from_passwd, OMIT_ZERO),
	F_BOOL(struct plan_process, terminal),
	F_U32(struct plan_process, console_width, OMIT_ZERO),
	F_U32(struct plan_process, console_height, OMIT_ZERO),
	F_STRUCT(struct plan_process, user, plan_user),
	F_STRUCT(struct plan_process, caps, plan_caps),
	F_OBJECTS(struct plan_process, rlimits, plan_rlimit, OMIT_ZERO),
	F_BOOL(struct plan_process, no_new_privs),
	F_OPT_I64(struct plan_process, oom_score_adj),
	F_OBJECT(struct plan_process, scheduler, plan_scheduler),
	F_OPT_U32(struct plan_process, ioprio),
	F_OPT_U32(struct plan_process, personality),
	F_STRING(struct plan_process, apparmor),
	F_STRING(struct plan_process, selinux),
	F_STRING(struct plan_process, cpus_initial),
	F_STRING(struct plan_process, cpus_final),
	F_OBJECT(struct plan_process, mempolicy, plan_mempolicy),
	{},
};
static SHAPE(plan_process);

static const struct field plan_seccomp_fields[] = {
	F_BYTES(struct plan_seccomp, filter, OMIT_ZERO),
	F_U32(struct plan_seccomp, flags, OMIT_ZERO),
	F_BOOL(struct plan_seccomp, early, OMIT_ZERO),
	F_STRING(struct plan_seccomp, listener_path),
	F_STRING(struct plan_seccomp, listener_metadata),
	F_STRING(struct plan_seccomp, listener_member),
	{},
};
static SHAPE(plan_seccomp);

static const struct field plan_landlock_path_fields[] = {
	F_STRING(struct plan_landlock_path, path),
	F_U64(struct plan_landlock_path, rights),
	F_BOOL(struct plan_landlock_path, optional, OMIT_ZERO),
	{},
};
static SHAPE(plan_landlock_path);

static const struct field plan_landlock_fields[] = {
	F_U32(struct plan_landlock, minimum_abi),
	F_BOOL(struct plan_landlock, restrict_files),
	F_OBJECTS(struct plan_landlock, paths, plan_landlock_path, OMIT_ZERO),
	F_U64(struct plan_landlock, ports, OMIT_ZERO),
	F_U32S(struct plan_landlock, bind_tcp, OMIT_ZERO),
	F_U32S(struct plan_landlock, connect_tcp, OMIT_ZERO),
	F_U64(struct plan_landlock, scopes, OMIT_ZERO),
	{},
};
static SHAPE(plan_landlock);

static const struct field plan_hook_fields[] = {
	F_STRING(struct plan_hook, path),
	F_STRS(struct plan_hook, args),
	F_STRS(struct plan_hook, env),
	F_U32(struct plan_hook, timeout, OMIT_ZERO),
	{},
};
static SHAPE(plan_hook);

static const struct field plan_hook_lists_fields[] = {
	F_OBJECTS(struct plan_hook_lists, prestart, plan_hook, OMIT_ZERO),
	F_OBJECTS(struct plan_hook_lists, create_runtime, plan_hook, OMIT_ZERO),
	F_OBJECTS(struct plan_hook_lists, create_container, plan_hook, OMIT_ZERO),
	F_OBJECTS(struct plan_hook_lists, start_container, plan_hook, OMIT_ZERO),
	F_OBJECTS(struct plan_hook_lists, poststart, plan_hook, OMIT_ZERO),
	F_OBJECTS(struct plan_hook_lists, poststop, plan_hook, OMIT_ZERO),
	{},
};
static SHAPE(plan_hook_lists);

static const struct field plan_sysctl_fields[] = {
	F_STRING(struct plan_sysctl, key),
	F_STRING(struct plan_sysctl, path),
	F_STRING(struct plan_sysctl, value),
	{},
};
static SHAPE(plan_sysctl);

static const struct field plan_cgroup_file_fields[] = {
	F_STRING(struct plan_cgroup_file, file),
	F_STRING(struct plan_cgroup_file, value),
	F_STRING(struct plan_cgroup_file, member),
	F_BOOL(struct plan_cgroup_file, optional, OMIT_ZERO),
	{},
};
static SHAPE(plan_cgroup_file);

static const struct field plan_device_rule_fields[] = {
	F_BOOL(struct plan_device_rule, allow), F_CHAR(struct plan_device_rule, type),
	F_I64(struct plan_device_rule, major),	F_I64(struct plan_device_rule, minor),
	F_U8(struct plan_device_rule, access),	{},
};
static SHAPE(plan_device_rule);

static const struct field plan_cgroup_fields[] = {
	F_ENUM(struct plan_cgroup, driver, cgroup_driver_words),
	F_STRING(struct plan_cgroup, path),
	F_STRING(struct plan_cgroup, slice),
	F_STRING(struct plan_cgroup, scope),
	F_STRING(struct plan_cgroup, place),
	F_PAIRS(struct plan_cgroup, systemd_properties, OMIT_ZERO),
	F_BOOL(struct plan_cgroup, user_instance, OMIT_ZERO),
	F_STRS(struct plan_cgroup, controllers, OMIT_ZERO),
	F_OBJECTS(struct plan_cgroup, files, plan_cgroup_file, OMIT_ZERO),
	F_OBJECTS(struct plan_cgroup, device_rules, plan_device_rule, OMIT_ZERO),
	F_BYTES(struct plan_cgroup, device_program, OMIT_ZERO),
	F_BOOL(struct plan_cgroup, chown, OMIT_ZERO),
	F_BOOL(struct plan_cgroup, required),
	F_BOOL(struct plan_cgroup, check_memory_before_update, OMIT_ZERO),
	{},
};
static SHAPE(plan_cgroup);

static const struct field plan_rdt_fields[] = {
	F_STRING(struct plan_rdt, group),
	F_BOOL(struct plan_rdt, shared, OMIT_ZERO),
	F_STRS(struct plan_rdt, schemata, OMIT_ZERO),
	F_BOOL(struct plan_rdt, monitor, OMIT_ZERO),
	{},
};
static SHAPE(plan_rdt);

static const struct field plan_machine_fields[] = {
	F_STRING(struct plan_machine, kernel),
	F_STRING(struct plan_machine, initrd),
	F_STRS(struct plan_machine, parameters, OMIT_ZERO),
	F_OPT_U64(struct plan_machine, memory),
	F_OPT_U32(struct plan_machine, vcpus),
	F_BOOL(struct plan_machine, no_template, OMIT_ZERO),
	{},
};
static SHAPE(plan_machine);

static const struct field plan_note_fields[] = {
	F_STRING(struct plan_note, member),
	F_STRING(struct plan_note, text),
	F_BOOL(struct plan_note, warning),
	{},
};
static SHAPE(plan_note);

static const struct field plan_net_device_fields[] = {
	F_STRING(struct plan_net_device, name),
	F_STRING(struct plan_net_device, rename),
	{},
};
static SHAPE(plan_net_device);

static const struct field plan_fields[] = {
	F_STRING(struct plan, id),
	F_STRING(struct plan, bundle),
	F_STRING(struct plan, oci_version),
	F_STRUCT(struct plan, ns, plan_namespaces),
	F_STRUCT(struct plan, root, plan_root),
	F_OBJECTS(struct plan, mounts, plan_mount),
	F_OBJECTS(struct plan, devices, plan_device),
	F_OBJECTS(struct plan, symlinks, plan_symlink),
	F_STRS(struct plan, masked, OMIT_ZERO),
	F_STRS(struct plan, readonly, OMIT_ZERO),
	F_STRING(struct plan, mount_label),
	F_STRING(struct plan, mount_label_option),
	F_STRING(struct plan, hostname),
	F_STRING(struct plan, domainname),
	F_OBJECTS(struct plan, sysctls, plan_sysctl, OMIT_ZERO),
	F_BOOL(struct plan, loopback_up),
	F_OBJECTS(struct plan, net_devices, plan_net_device, OMIT_ZERO),
	F_BOOL(struct plan, new_keyring),
	F_OBJECT(struct plan, process, plan_process),
	F_STRUCT(struct plan, seccomp, plan_seccomp, OMIT_ZERO),
	F_OBJECT(struct plan, landlock, plan_landlock),
	F_STRUCT(struct plan, cgroup, plan_cgroup),
	F_OBJECT(struct plan, rdt, plan_rdt),
	F_STRUCT(struct plan, hooks, plan_hook_lists, OMIT_ZERO),
	F_PAIRS(struct plan, annotations, OMIT_ZERO),
	F_BOOL(struct plan, rootless),
	F_BOOL(struct plan, vm),
	F_STRUCT(struct plan, machine, plan_machine, OMIT_ZERO),
	F_OBJECTS(struct plan, notes, plan_note, OMIT_ZERO),
	{},
};
SHAPE(plan);

int plan_print(struct arena *a, const struct plan *plan, char **text, size_t *len,
	       struct lc_error *e)
{
	(void)e;
	*text = encode(a, &plan_shape, plan, 2, len);
	return 0;
}

void plan_make_room(struct arena *a, struct plan *plan)
{
	struct strs *env;
	char **roomy;

	if (!plan->process)
		return;
	env = &plan->process->env;
	roomy = arena_array(a, env->n + 2, sizeof(*roomy));
	if (env->n)
		memcpy(roomy, env->v, env->n * sizeof(*roomy));
	env->v = roomy;
}

int plan_read(struct arena *a, const char *text, size_t len, struct plan *plan, struct lc_error *e)
{
	*plan = (struct plan){ 0 };
	if (decode_text(a, "plan", text, len, &plan_shape, plan, NULL, e) < 0)
		return -1;
	plan_make_room(a, plan);
	return 0;
}
