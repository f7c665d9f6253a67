/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tables of the OCI configuration: one line per member, with what can be said about its value
 * alone.  Rules that need two members are in check*.c.  Ids stop before 4294967295, which is -1 to
 * the kernel: "leave it as it is".  OR_EMPTY: where an empty string could only mean "none".
 */
#include "spec/spec.h"
#include "spec/valid.h"

#define ID		   RANGE(0, UINT32_MAX - 1)
#define AT_LEAST_MINUS_ONE RANGE(-1, INT64_MAX)
/* Device numbers of the kernel have 12 and 20 bits. */
#define MAJOR RANGE(0, 0xfff)
#define MINOR RANGE(0, 0xfffff)

static const struct field spec_root_fields[] = {
	F_STRING(struct spec_root, path, REQUIRED, VALID(valid_text)),
	F_BOOL(struct spec_root, readonly, OMIT_ZERO),
	{},
};
static SHAPE(spec_root);

static const struct field spec_id_map_fields[] = {
	F_U32(struct spec_id_map, containerID, REQUIRED),
	F_U32(struct spec_id_map, hostID, REQUIRED),
	F_U32(struct spec_id_map, size, REQUIRED, RANGE(1, UINT32_MAX)),
	{},
};
SHAPE(spec_id_map);

static const struct field spec_mount_fields[] = {
	F_STRING(struct spec_mount, destination, REQUIRED, VALID(valid_text)),
	F_STRING(struct spec_mount, type, OR_EMPTY),
	F_STRING(struct spec_mount, source, OR_EMPTY),
	F_STRS(struct spec_mount, options),
	F_OBJECTS(struct spec_mount, uidMappings, spec_id_map),
	F_OBJECTS(struct spec_mount, gidMappings, spec_id_map),
	{},
};
SHAPE(spec_mount);

static const struct field spec_mount_list_fields[] = {
	F_OBJECTS(struct spec_mount_list, mounts, spec_mount, REQUIRED),
	{},
};
SHAPE(spec_mount_list);

/* process */

static const struct field spec_user_fields[] = {
	F_U32(struct spec_user, uid, ID),
	F_U32(struct spec_user, gid, ID),
	F_OPT_U32(struct spec_user, umask, RANGE(0, 0777)),
	F_U32S(struct spec_user, additionalGids, ID),
	F_STRING(struct spec_user, username, OR_EMPTY),
	{},
};
static SHAPE(spec_user);

static const struct field spec_console_size_fields[] = {
	F_U64(struct spec_console_size, height, REQUIRED),
	F_U64(struct spec_console_size, width, REQUIRED),
	{},
};
static SHAPE(spec_console_size);

static const struct field spec_capabilities_fields[] = {
	F_STRS(struct spec_capabilities, bounding),    F_STRS(struct spec_capabilities, effective),
	F_STRS(struct spec_capabilities, inheritable), F_STRS(struct spec_capabilities, permitted),
	F_STRS(struct spec_capabilities, ambient),     {},
};
static SHAPE(spec_capabilities);

static const struct field spec_io_priority_fields[] = {
	F_ENUM(struct spec_io_priority, class, ioprio_class_words, REQUIRED),
	F_OPT_I32(struct spec_io_priority, priority, RANGE(0, 7)),
	{},
};
static SHAPE(spec_io_priority);

static const struct field spec_scheduler_fields[] = {
	F_ENUM(struct spec_scheduler, policy, sched_policy_words, REQUIRED),
	F_OPT_I32(struct spec_scheduler, nice, RANGE(-20, 19)),
	F_OPT_I32(struct spec_scheduler, priority, RANGE(0, 99)),
	F_ENUMS(struct spec_scheduler, flags, sched_flag_words),
	F_OPT_U64(struct spec_scheduler, runtime),
	F_OPT_U64(struct spec_scheduler, deadline),
	F_OPT_U64(struct spec_scheduler, period),
	{},
};
static SHAPE(spec_scheduler);

static const struct field spec_rlimit_fields[] = {
	F_ENUM(struct spec_rlimit, type, rlimit_words, REQUIRED),
	F_U64(struct spec_rlimit, hard, REQUIRED),
	F_U64(struct spec_rlimit, soft, REQUIRED),
	{},
};
static SHAPE(spec_rlimit);

static const struct field spec_cpu_affinity_fields[] = {
	F_STRING(struct spec_cpu_affinity, initial, OR_EMPTY, VALID(valid_cpu_list)),
	F_STRING(struct spec_cpu_affinity, final, OR_EMPTY, VALID(valid_cpu_list)),
	{},
};
static SHAPE(spec_cpu_affinity);

static const struct field spec_process_fields[] = {
	F_BOOL(struct spec_process, terminal, OMIT_ZERO),
	F_OBJECT(struct spec_process, consoleSize, spec_console_size),
	F_OBJECT(struct spec_process, user, spec_user),
	F_STRS(struct spec_process, args),
	F_STRING(struct spec_process, commandLine, OR_EMPTY),
	F_STRS(struct spec_process, env, VALID(valid_env)),
	F_STRING(struct spec_process, cwd, REQUIRED, VALID(valid_absolute)),
	F_OBJECT(struct spec_process, capabilities, spec_capabilities),
	F_OBJECTS(struct spec_process, rlimits, spec_rlimit),
	F_OPT_BOOL(struct spec_process, noNewPrivileges),
	F_STRING(struct spec_process, apparmorProfile, OR_EMPTY),
	F_OPT_I64(struct spec_process, oomScoreAdj, RANGE(-1000, 1000)),
	F_STRING(struct spec_process, selinuxLabel, OR_EMPTY),
	F_OBJECT(struct spec_process, ioPriority, spec_io_priority),
	F_OBJECT(struct spec_process, scheduler, spec_scheduler),
	F_OBJECT(struct spec_process, execCPUAffinity, spec_cpu_affinity),
	{},
};
SHAPE(spec_process);

/* hooks */

static const struct field spec_hook_fields[] = {
	F_STRING(struct spec_hook, path, REQUIRED, VALID(valid_absolute)),
	F_STRS(struct spec_hook, args),
	F_STRS(struct spec_hook, env, VALID(valid_env)),
	F_OPT_U32(struct spec_hook, timeout, RANGE(1, UINT32_MAX)),
	{},
};
SHAPE(spec_hook);

static const struct field spec_hooks_fields[] = {
	F_OBJECTS(struct spec_hooks, prestart, spec_hook),
	F_OBJECTS(struct spec_hooks, createRuntime, spec_hook),
	F_OBJECTS(struct spec_hooks, createContainer, spec_hook),
	F_OBJECTS(struct spec_hooks, startContainer, spec_hook),
	F_OBJECTS(struct spec_hooks, poststart, spec_hook),
	F_OBJECTS(struct spec_hooks, poststop, spec_hook),
	{},
};
static SHAPE(spec_hooks);

/* linux.resources */

static const struct field spec_device_rule_fields[] = {
	F_BOOL(struct spec_device_rule, allow, REQUIRED),
	F_ENUM(struct spec_device_rule, type, device_rule_words, OR_EMPTY),
	F_OPT_I64(struct spec_device_rule, major, RANGE(-1, UINT32_MAX)),
	F_OPT_I64(struct spec_device_rule, minor, RANGE(-1, UINT32_MAX)),
	F_STRING(struct spec_device_rule, access, OR_EMPTY, VALID(valid_access)),
	{},
};
static SHAPE(spec_device_rule);

static const struct field spec_memory_fields[] = {
	F_OPT_I64(struct spec_memory, limit, AT_LEAST_MINUS_ONE),
	F_OPT_I64(struct spec_memory, reservation, AT_LEAST_MINUS_ONE),
	F_OPT_I64(struct spec_memory, swap, AT_LEAST_MINUS_ONE),
	F_OPT_I64(struct spec_memory, kernel, AT_LEAST_MINUS_ONE),
	F_OPT_I64(struct spec_memory, kernelTCP, AT_LEAST_MINUS_ONE),
	F_OPT_U64(struct spec_memory, swappiness, RANGE(0, 100)),
	F_OPT_BOOL(struct spec_memory, disableOOMKiller),
	F_OPT_BOOL(struct spec_memory, useHierarchy),
	F_OPT_BOOL(struct spec_memory, checkBeforeUpdate),
	{},
};
static SHAPE(spec_memory);

static const struct field spec_cpu_fields[] = {
	F_OPT_U64(struct spec_cpu, shares),
	F_OPT_I64(struct spec_cpu, quota, AT_LEAST_MINUS_ONE),
	F_OPT_U64(struct spec_cpu, burst),
	F_OPT_U64(struct spec_cpu, period),
	F_OPT_I64(struct spec_cpu, realtimeRuntime, AT_LEAST_MINUS_ONE),
	F_OPT_U64(struct spec_cpu, realtimePeriod),
	F_STRING(struct spec_cpu, cpus, OR_EMPTY, VALID(valid_cpuset)),
	F_STRING(struct spec_cpu, mems, OR_EMPTY, VALID(valid_cpuset)),
	F_OPT_I64(struct spec_cpu, idle, RANGE(0, 1)),
	{},
};
static SHAPE(spec_cpu);

static const struct field spec_pids_fields[] = {
	F_I64(struct spec_pids, limit, REQUIRED, AT_LEAST_MINUS_ONE),
	{},
};
static SHAPE(spec_pids);

static const struct field spec_weight_device_fields[] = {
	F_I64(struct spec_weight_device, major, REQUIRED, MAJOR),
	F_I64(struct spec_weight_device, minor, REQUIRED, MINOR),
	F_OPT_U32(struct spec_weight_device, weight, RANGE(0, 1000)),
	F_OPT_U32(struct spec_weight_device, leafWeight, RANGE(0, 1000)),
	{},
};
static SHAPE(spec_weight_device);

static const struct field spec_throttle_device_fields[] = {
	F_I64(struct spec_throttle_device, major, REQUIRED, MAJOR),
	F_I64(struct spec_throttle_device, minor, REQUIRED, MINOR),
	F_OPT_U64(struct spec_throttle_device, rate),
	{},
};
static SHAPE(spec_throttle_device);

static const struct field spec_block_io_fields[] = {
	F_OPT_U32(struct spec_block_io, weight, RANGE(0, 1000)),
	F_OPT_U32(struct spec_block_io, leafWeight, RANGE(0, 1000)),
	F_OBJECTS(struct spec_block_io, weightDevice, spec_weight_device),
	F_OBJECTS(struct spec_block_io, throttleReadBpsDevice, spec_throttle_device),
	F_OBJECTS(struct spec_block_io, throttleWriteBpsDevice, spec_throttle_device),
	F_OBJECTS(struct spec_block_io, throttleReadIOPSDevice, spec_throttle_device),
	F_OBJECTS(struct spec_block_io, throttleWriteIOPSDevice, spec_throttle_device),
	{},
};
static SHAPE(spec_block_io);

static const struct field spec_hugepage_limit_fields[] = {
	F_STRING(struct spec_hugepage_limit, pageSize, REQUIRED, VALID(valid_page_size)),
	F_U64(struct spec_hugepage_limit, limit, REQUIRED),
	{},
};
static SHAPE(spec_hugepage_limit);

static const struct field spec_network_priority_fields[] = {
	F_STRING(struct spec_network_priority, name, REQUIRED, VALID(valid_text)),
	F_U32(struct spec_network_priority, priority, REQUIRED),
	{},
};
static SHAPE(spec_network_priority);

static const struct field spec_network_fields[] = {
	F_OPT_U32(struct spec_network, classID),
	F_OBJECTS(struct spec_network, priorities, spec_network_priority),
	{},
};
static SHAPE(spec_network);

static const struct field spec_rdma_fields[] = {
	F_OPT_U32(struct spec_rdma, hcaHandles),
	F_OPT_U32(struct spec_rdma, hcaObjects),
	{},
};
static SHAPE(spec_rdma);

static const struct field spec_resources_fields[] = {
	F_OBJECTS(struct spec_resources, devices, spec_device_rule),
	F_OBJECT(struct spec_resources, memory, spec_memory),
	F_OBJECT(struct spec_resources, cpu, spec_cpu),
	F_OBJECT(struct spec_resources, pids, spec_pids),
	F_OBJECT(struct spec_resources, blockIO, spec_block_io),
	F_OBJECTS(struct spec_resources, hugepageLimits, spec_hugepage_limit),
	F_OBJECT(struct spec_resources, network, spec_network),
	F_OBJECT_MAP(struct spec_resources, rdma, spec_rdma, VALID(valid_file_name)),
	F_PAIRS(struct spec_resources, unified, VALID(valid_cgroup_file)),
	{},
};
SHAPE(spec_resources);

/* linux */

static const struct field spec_namespace_fields[] = {
	F_ENUM(struct spec_namespace, type, ns_type_words, REQUIRED),
	F_STRING(struct spec_namespace, path, OR_EMPTY, VALID(valid_absolute)),
	{},
};
static SHAPE(spec_namespace);

static const struct field spec_device_fields[] = {
	F_ENUM(struct spec_device, type, device_type_words, REQUIRED),
	F_STRING(struct spec_device, path, REQUIRED, VALID(valid_absolute)),
	F_OPT_I64(struct spec_device, major, MAJOR),
	F_OPT_I64(struct spec_device, minor, MINOR),
	F_OPT_U32(struct spec_device, fileMode, RANGE(0, 0177777)),
	F_OPT_U32(struct spec_device, uid, ID),
	F_OPT_U32(struct spec_device, gid, ID),
	{},
};
static SHAPE(spec_device);

static const struct field spec_net_device_fields[] = {
	F_STRING(struct spec_net_device, name, OR_EMPTY, VALID(valid_interface)),
	{},
};
static SHAPE(spec_net_device);

static const struct field spec_seccomp_arg_fields[] = {
	F_U32(struct spec_seccomp_arg, index, REQUIRED, RANGE(0, 5)),
	F_U64(struct spec_seccomp_arg, value, REQUIRED),
	F_OPT_U64(struct spec_seccomp_arg, valueTwo),
	F_ENUM(struct spec_seccomp_arg, op, seccomp_op_words, REQUIRED),
	{},
};
SHAPE(spec_seccomp_arg);

static const struct field spec_syscall_fields[] = {
	F_STRS(struct spec_syscall, names, REQUIRED, VALID(valid_text)),
	F_ENUM(struct spec_syscall, action, seccomp_action_words, REQUIRED),
	F_OPT_U32(struct spec_syscall, errnoRet, RANGE(0, UINT16_MAX)),
	F_OBJECTS(struct spec_syscall, args, spec_seccomp_arg),
	{},
};
static SHAPE(spec_syscall);

static const struct field spec_seccomp_fields[] = {
	F_ENUM(struct spec_seccomp, defaultAction, seccomp_action_words, REQUIRED),
	F_OPT_U32(struct spec_seccomp, defaultErrnoRet, RANGE(0, UINT16_MAX)),
	F_STRS(struct spec_seccomp, architectures),
	F_ENUMS(struct spec_seccomp, flags, seccomp_flag_words),
	F_STRING(struct spec_seccomp, listenerPath, OR_EMPTY),
	F_STRING(struct spec_seccomp, listenerMetadata, OR_EMPTY),
	F_OBJECTS(struct spec_seccomp, syscalls, spec_syscall),
	{},
};
SHAPE(spec_seccomp);

static const struct field spec_intel_rdt_fields[] = {
	F_STRING(struct spec_intel_rdt, closID, OR_EMPTY, VALID(valid_clos_id)),
	F_STRS(struct spec_intel_rdt, schemata, VALID(valid_schema_line)),
	F_STRING(struct spec_intel_rdt, l3CacheSchema, OR_EMPTY, VALID(valid_schema_lines)),
	F_STRING(struct spec_intel_rdt, memBwSchema, OR_EMPTY, VALID(valid_mem_bw)),
	F_OPT_BOOL(struct spec_intel_rdt, enableMonitoring),
	{},
};
static SHAPE(spec_intel_rdt);

static const struct field spec_memory_policy_fields[] = {
	F_ENUM(struct spec_memory_policy, mode, mempolicy_mode_words, REQUIRED),
	F_STRING(struct spec_memory_policy, nodes, OR_EMPTY, VALID(valid_cpu_list)),
	F_ENUMS(struct spec_memory_policy, flags, mempolicy_flag_words),
	{},
};
static SHAPE(spec_memory_policy);

static const struct field spec_personality_fields[] = {
	F_ENUM(struct spec_personality, domain, personality_words, REQUIRED),
	F_STRS(struct spec_personality, flags),
	{},
};
static SHAPE(spec_personality);

static const struct field spec_time_offset_fields[] = {
	F_OPT_I64(struct spec_time_offset, secs),
	F_OPT_U32(struct spec_time_offset, nanosecs, RANGE(0, 999999999)),
	{},
};
static SHAPE(spec_time_offset);

static const struct field spec_time_offsets_fields[] = {
	F_OBJECT(struct spec_time_offsets, boottime, spec_time_offset),
	F_OBJECT(struct spec_time_offsets, monotonic, spec_time_offset),
	{},
};
static SHAPE(spec_time_offsets);

static const struct field spec_linux_fields[] = {
	F_OBJECTS(struct spec_linux, namespaces, spec_namespace),
	F_OBJECTS(struct spec_linux, uidMappings, spec_id_map),
	F_OBJECTS(struct spec_linux, gidMappings, spec_id_map),
	F_OBJECT(struct spec_linux, timeOffsets, spec_time_offsets),
	F_OBJECTS(struct spec_linux, devices, spec_device),
	F_OBJECT_MAP(struct spec_linux, netDevices, spec_net_device, VALID(valid_interface)),
	F_STRING(struct spec_linux, cgroupsPath, OR_EMPTY, VALID(valid_cgroups_path)),
	F_OBJECT(struct spec_linux, resources, spec_resources),
	F_OBJECT(struct spec_linux, intelRdt, spec_intel_rdt),
	F_OBJECT(struct spec_linux, memoryPolicy, spec_memory_policy),
	F_PAIRS(struct spec_linux, sysctl, VALID(valid_text)),
	F_OBJECT(struct spec_linux, seccomp, spec_seccomp),
	F_ENUM(struct spec_linux, rootfsPropagation, propagation_words, OR_EMPTY),
	F_STRS(struct spec_linux, maskedPaths, VALID(valid_absolute)),
	F_STRS(struct spec_linux, readonlyPaths, VALID(valid_absolute)),
	F_STRING(struct spec_linux, mountLabel, OR_EMPTY),
	F_OBJECT(struct spec_linux, personality, spec_personality),
	{},
};
static SHAPE(spec_linux);

/* vm */

static const struct field spec_hypervisor_fields[] = {
	F_STRING(struct spec_hypervisor, path, REQUIRED, VALID(valid_absolute)),
	F_STRS(struct spec_hypervisor, parameters),
	{},
};
static SHAPE(spec_hypervisor);

static const struct field spec_vm_kernel_fields[] = {
	F_STRING(struct spec_vm_kernel, path, REQUIRED, VALID(valid_absolute)),
	F_STRS(struct spec_vm_kernel, parameters),
	F_STRING(struct spec_vm_kernel, initrd, OR_EMPTY, VALID(valid_absolute)),
	{},
};
static SHAPE(spec_vm_kernel);

static const struct field spec_vm_image_fields[] = {
	F_STRING(struct spec_vm_image, path, REQUIRED, VALID(valid_absolute)),
	F_ENUM(struct spec_vm_image, format, image_format_words, REQUIRED),
	{},
};
static SHAPE(spec_vm_image);

static const struct field spec_iomem_fields[] = {
	F_OPT_U64(struct spec_iomem, firstGFN),
	F_U64(struct spec_iomem, firstMFN, REQUIRED),
	F_U64(struct spec_iomem, nrMFNs, REQUIRED),
	{},
};
static SHAPE(spec_iomem);

static const struct field spec_hw_config_fields[] = {
	F_STRING(struct spec_hw_config, deviceTree, OR_EMPTY, VALID(valid_absolute)),
	F_OPT_U32(struct spec_hw_config, vcpus, RANGE(1, UINT32_MAX)),
	F_OPT_U64(struct spec_hw_config, memory, RANGE(1, UINT64_MAX)),
	F_STRS(struct spec_hw_config, dtdevs),
	F_OBJECTS(struct spec_hw_config, iomems, spec_iomem),
	F_U32S(struct spec_hw_config, irqs),
	{},
};
static SHAPE(spec_hw_config);

static const struct field spec_vm_fields[] = {
	F_OBJECT(struct spec_vm, hypervisor, spec_hypervisor),
	F_OBJECT(struct spec_vm, kernel, spec_vm_kernel, REQUIRED),
	F_OBJECT(struct spec_vm, image, spec_vm_image),
	F_OBJECT(struct spec_vm, hwConfig, spec_hw_config),
	{},
};
static SHAPE(spec_vm);

static const struct field spec_fields[] = {
	F_STRING(struct spec, ociVersion, REQUIRED, VALID(valid_oci_version)),
	F_OBJECT(struct spec, process, spec_process),
	F_OBJECT(struct spec, root, spec_root, REQUIRED),
	F_STRING(struct spec, hostname, OR_EMPTY, VALID(valid_hostname)),
	F_STRING(struct spec, domainname, OR_EMPTY, VALID(valid_hostname)),
	F_OBJECTS(struct spec, mounts, spec_mount),
	F_OBJECT(struct spec, hooks, spec_hooks),
	F_PAIRS(struct spec, annotations, VALID(valid_text)),
	F_OBJECT_AS(struct spec, "linux", linux_, spec_linux),
	F_OBJECT(struct spec, vm, spec_vm),
	{},
};
SHAPE(spec);
