/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The OCI configuration (runtime-spec 1.3.0) as C structs: what was written, checked but not yet
 * interpreted.  One struct per object, members named as in config.json.  Objects are pointers, NULL
 * when absent; strings are NULL when absent; optional numbers and booleans are struct opt_...;
 * lists have v == NULL when absent.  Everything lives in the arena of the call that loaded it.
 *
 * An enum's values are the kernel's where the kernel has some.
 */
#ifndef LC_SPEC_H
#define LC_SPEC_H

#include "base/arena.h"
#include "json/decode.h"
#include <stdbool.h>
#include <stdint.h>

enum ns_type {
	NS_PID,
	NS_NETWORK,
	NS_MOUNT,
	NS_IPC,
	NS_UTS,
	NS_USER,
	NS_CGROUP,
	NS_TIME,
	NS_TYPES, /* how many */
};

struct spec_root {
	char *path;
	bool readonly;
};

struct spec_id_map {
	uint32_t containerID, hostID, size;
};
struct spec_id_maps {
	struct spec_id_map *v;
	size_t n;
};

struct spec_mount {
	char *destination, *type, *source;
	struct strs options;
	struct spec_id_maps uidMappings, gidMappings;
};

struct spec_mount_list {
	LIST_OF(struct spec_mount) mounts;
};

/* process */

struct spec_user {
	uint32_t uid, gid;
	struct opt_u32 umask;
	struct u32s additionalGids;
	char *username; /* not for Linux */
};

struct spec_console_size {
	uint64_t height, width;
};

/* Names as written; which of them this kernel knows is for the planner to say. */
struct spec_capabilities {
	struct strs bounding, permitted, effective, inheritable, ambient;
};

enum ioprio_class { IOPRIO_RT = 1, IOPRIO_BE, IOPRIO_IDLE };

struct spec_io_priority {
	enum ioprio_class class;
	struct opt_i32 priority;
};

enum sched_policy {
	POLICY_OTHER,
	POLICY_FIFO,
	POLICY_RR,
	POLICY_BATCH,
	POLICY_ISO,
	POLICY_IDLE,
	POLICY_DEADLINE,
};
enum sched_flag {
	SCHED_RESET_ON_FORK_FLAG = 0x01,
	SCHED_RECLAIM_FLAG = 0x02,
	SCHED_DL_OVERRUN_FLAG = 0x04,
	SCHED_KEEP_POLICY_FLAG = 0x08,
	SCHED_KEEP_PARAMS_FLAG = 0x10,
	SCHED_UTIL_CLAMP_MIN_FLAG = 0x20,
	SCHED_UTIL_CLAMP_MAX_FLAG = 0x40,
};

struct spec_scheduler {
	enum sched_policy policy;
	struct opt_i32 nice, priority;
	LIST_OF(enum sched_flag) flags;
	struct opt_u64 runtime, deadline, period; /* nanoseconds */
};

/* The type is a name of rlimit_words. */
struct spec_rlimit {
	int type; /* RLIMIT_* */
	uint64_t soft, hard;
};

struct spec_cpu_affinity {
	char *initial, *final;
};

struct spec_process {
	bool terminal;
	struct spec_console_size *consoleSize;
	char *cwd;
	struct strs args, env;
	char *commandLine; /* not for Linux */
	struct spec_user *user;
	struct spec_capabilities *capabilities;
	LIST_OF(struct spec_rlimit) rlimits;
	struct opt_bool noNewPrivileges;
	char *apparmorProfile, *selinuxLabel;
	struct opt_i64 oomScoreAdj;
	struct spec_io_priority *ioPriority;
	struct spec_scheduler *scheduler;
	struct spec_cpu_affinity *execCPUAffinity;
};

/* hooks */

struct spec_hook {
	char *path;
	struct strs args, env; /* env.v == NULL: not given */
	struct opt_u32 timeout; /* seconds, at least 1 */
};
struct spec_hook_list {
	struct spec_hook *v;
	size_t n;
};

struct spec_hooks {
	struct spec_hook_list prestart, createRuntime, createContainer, startContainer, poststart,
		poststop;
};

/* linux */

struct spec_namespace {
	enum ns_type type;
	char *path;
};

enum device_type {
	DEVICE_ALL = 'a', /* in resources only */
	DEVICE_BLOCK = 'b',
	DEVICE_CHAR = 'c',
	DEVICE_FIFO = 'p',
	DEVICE_UNBUFFERED = 'u', /* the same as 'c' to Linux */
};

struct spec_device {
	enum device_type type;
	char *path;
	struct opt_i64 major, minor;
	struct opt_u32 fileMode, uid, gid; /* fileMode may hold the type bits as well */
};

struct spec_net_device {
	char *key; /* name on the host */
	char *name; /* inside; NULL: the same */
};

struct spec_device_rule {
	bool allow;
	enum device_type type; /* 0: not given, which means all */
	struct opt_i64 major, minor; /* -1: any */
	char *access; /* letters of "rwm" */
};

struct spec_pids {
	int64_t limit;
};

struct spec_weight_device {
	int64_t major, minor;
	struct opt_u32 weight, leafWeight;
};
struct spec_throttle_device {
	int64_t major, minor;
	struct opt_u64 rate;
};
struct spec_throttle_list {
	struct spec_throttle_device *v;
	size_t n;
};

struct spec_block_io {
	struct opt_u32 weight, leafWeight;
	LIST_OF(struct spec_weight_device) weightDevice;
	struct spec_throttle_list throttleReadBpsDevice, throttleWriteBpsDevice,
		throttleReadIOPSDevice, throttleWriteIOPSDevice;
};

struct spec_cpu {
	char *cpus, *mems;
	struct opt_u64 shares, period, burst, realtimePeriod;
	struct opt_i64 quota, realtimeRuntime, idle;
};

struct spec_hugepage_limit {
	char *pageSize; /* "2MB" */
	uint64_t limit;
};

struct spec_memory {
	struct opt_i64 limit, reservation, swap, kernel, kernelTCP;
	struct opt_u64 swappiness;
	struct opt_bool disableOOMKiller, useHierarchy, checkBeforeUpdate;
};

struct spec_network_priority {
	char *name;
	uint32_t priority;
};
struct spec_network {
	struct opt_u32 classID;
	LIST_OF(struct spec_network_priority) priorities;
};

struct spec_rdma {
	char *key; /* device */
	struct opt_u32 hcaHandles, hcaObjects;
};

struct spec_resources {
	LIST_OF(struct spec_device_rule) devices;
	struct spec_memory *memory;
	struct spec_cpu *cpu;
	struct spec_pids *pids;
	struct spec_block_io *blockIO;
	LIST_OF(struct spec_hugepage_limit) hugepageLimits;
	struct spec_network *network;
	LIST_OF(struct spec_rdma) rdma;
	struct pairs unified;
};

/* rootfsPropagation; the r-forms, which engines write, mean the same there. */
enum propagation {
	PROPAGATION_NONE, /* not given */
	PROPAGATION_SHARED,
	PROPAGATION_SLAVE,
	PROPAGATION_PRIVATE,
	PROPAGATION_UNBINDABLE,
};

enum seccomp_action {
	ACTION_KILL, /* the thread, as libseccomp reads it */
	ACTION_KILL_PROCESS,
	ACTION_KILL_THREAD,
	ACTION_TRAP,
	ACTION_ERRNO,
	ACTION_TRACE,
	ACTION_ALLOW,
	ACTION_LOG,
	ACTION_NOTIFY,
};
enum seccomp_op { OP_NE, OP_LT, OP_LE, OP_EQ, OP_GE, OP_GT, OP_MASKED_EQ };
enum seccomp_flag {
	FILTER_TSYNC = 1 << 0,
	FILTER_LOG = 1 << 1,
	FILTER_SPEC_ALLOW = 1 << 2,
	FILTER_WAIT_KILLABLE_RECV = 1 << 5,
};

struct spec_seccomp_arg {
	uint32_t index;
	uint64_t value;
	struct opt_u64 valueTwo;
	enum seccomp_op op;
};

struct spec_syscall {
	struct strs names; /* as written; unknown ones are skipped with a note */
	enum seccomp_action action;
	struct opt_u32 errnoRet;
	LIST_OF(struct spec_seccomp_arg) args;
};

struct spec_seccomp {
	enum seccomp_action defaultAction;
	struct opt_u32 defaultErrnoRet;
	struct strs architectures; /* SCMP_ARCH_*; unknown ones warn */
	LIST_OF(enum seccomp_flag) flags; /* v == NULL: absent, which is not the same as empty */
	char *listenerPath, *listenerMetadata;
	LIST_OF(struct spec_syscall) syscalls;
};

struct spec_intel_rdt {
	char *closID, *l3CacheSchema, *memBwSchema;
	struct strs schemata;
	struct opt_bool enableMonitoring;
};

enum mempolicy_mode {
	MEMPOLICY_DEFAULT,
	MEMPOLICY_PREFERRED,
	MEMPOLICY_BIND,
	MEMPOLICY_INTERLEAVE,
	MEMPOLICY_LOCAL,
	MEMPOLICY_PREFERRED_MANY,
	MEMPOLICY_WEIGHTED_INTERLEAVE,
};
enum mempolicy_flag {
	MEMPOLICY_NUMA_BALANCING = 1 << 13,
	MEMPOLICY_RELATIVE_NODES = 1 << 14,
	MEMPOLICY_STATIC_NODES = 1 << 15,
};

struct spec_memory_policy {
	enum mempolicy_mode mode;
	char *nodes; /* "0-3,5" */
	LIST_OF(enum mempolicy_flag) flags;
};

enum personality_domain { PERSONALITY_LINUX = 0, PERSONALITY_LINUX32 = 8 };

struct spec_personality {
	enum personality_domain domain;
	struct strs flags; /* none is defined: always empty */
};

struct spec_time_offset {
	struct opt_i64 secs;
	struct opt_u32 nanosecs;
};
struct spec_time_offsets {
	struct spec_time_offset *boottime, *monotonic;
};

struct spec_linux {
	LIST_OF(struct spec_namespace) namespaces;
	struct spec_id_maps uidMappings, gidMappings;
	struct spec_time_offsets *timeOffsets;
	LIST_OF(struct spec_device) devices;
	LIST_OF(struct spec_net_device) netDevices;
	char *cgroupsPath;
	struct spec_resources *resources;
	struct spec_intel_rdt *intelRdt;
	struct spec_memory_policy *memoryPolicy;
	struct pairs sysctl;
	struct spec_seccomp *seccomp;
	enum propagation rootfsPropagation;
	struct strs maskedPaths, readonlyPaths;
	char *mountLabel;
	struct spec_personality *personality;
};

/* vm */

struct spec_hypervisor {
	char *path;
	struct strs parameters;
};
struct spec_vm_kernel {
	char *path;
	struct strs parameters;
	char *initrd;
};

enum image_format { IMAGE_RAW, IMAGE_QCOW2, IMAGE_VDI, IMAGE_VMDK, IMAGE_VHD };

struct spec_vm_image {
	char *path;
	enum image_format format;
};
struct spec_iomem {
	struct opt_u64 firstGFN;
	uint64_t firstMFN, nrMFNs;
};
struct spec_hw_config {
	char *deviceTree;
	struct opt_u32 vcpus;
	struct opt_u64 memory; /* bytes */
	struct strs dtdevs;
	LIST_OF(struct spec_iomem) iomems;
	struct u32s irqs;
};
struct spec_vm {
	struct spec_hypervisor *hypervisor;
	struct spec_vm_kernel *kernel;
	struct spec_vm_image *image;
	struct spec_hw_config *hwConfig;
};

struct spec {
	char *ociVersion;
	struct spec_root *root;
	struct spec_process *process; /* required by start, not by create */
	char *hostname, *domainname;
	LIST_OF(struct spec_mount) mounts;
	struct spec_hooks *hooks;
	struct pairs annotations;
	struct spec_linux *linux_; /* "linux" is a macro of the compiler */
	struct spec_vm *vm;
};

/* Tables, for encode() and for structs of others that hold these. */
extern const struct shape spec_shape, spec_mount_list_shape, spec_process_shape,
	spec_resources_shape, spec_seccomp_shape, spec_seccomp_arg_shape, spec_mount_shape,
	spec_hook_shape, spec_id_map_shape;

/* Words of the enums, ended by {}: the same for reading, printing and `features`. */
extern const struct word ns_type_words[], ioprio_class_words[], sched_policy_words[],
	sched_flag_words[], rlimit_words[], device_type_words[], device_rule_words[],
	propagation_words[], seccomp_action_words[], seccomp_op_words[], seccomp_flag_words[],
	mempolicy_mode_words[], mempolicy_flag_words[], personality_words[], image_format_words[];

/*
 * Reads and checks one configuration: every rule that can be decided by the text alone.  @file is
 * the name for messages.  Returns -1 if there was any error, the first of which is in @e; all of
 * them, warnings and unknown members go to @report, which may be NULL.
 */
int spec_load(struct arena *a, const char *file, const char *text, size_t len,
	      const struct report *report, struct spec **out, struct lc_error *e) lc_checked;

/* The rules of linux.seccomp for a profile that came from @file. */
int spec_seccomp_check(struct arena *a, const char *file, const struct spec_seccomp *seccomp,
		       struct lc_error *e) lc_checked;

/* The process.json of `exec`. */
int spec_process_load(struct arena *a, const char *file, const char *text, size_t len,
		      const struct report *report, struct spec_process **out,
		      struct lc_error *e) lc_checked;

/* The resources.json of `update -r`. */
int spec_resources_load(struct arena *a, const char *file, const char *text, size_t len,
			const struct report *report, struct spec_resources **out,
			struct lc_error *e) lc_checked;

/* The mounts of `mounts add`, an array or an object with it: they take the place of those in
 * @spec, to which they are held. */
int spec_mounts_load(struct arena *a, const char *file, const char *text, size_t len,
		     const struct report *report, struct spec *spec, struct lc_error *e) lc_checked;

/* Whether the container has a namespace of its own of a type: new or joined by path; new. */
bool spec_has_namespace(const struct spec *spec, enum ns_type type);
bool spec_has_new_namespace(const struct spec *spec, enum ns_type type);

#endif
