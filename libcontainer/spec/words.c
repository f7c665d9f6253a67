/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words of the configuration's enums. */
#include "spec/spec.h"

#include <sys/resource.h>

const struct word ns_type_words[] = {
	{ "pid", NS_PID },	 { "network", NS_NETWORK }, { "mount", NS_MOUNT },
	{ "ipc", NS_IPC },	 { "uts", NS_UTS },	    { "user", NS_USER },
	{ "cgroup", NS_CGROUP }, { "time", NS_TIME },	    {},
};

const struct word ioprio_class_words[] = {
	{ "IOPRIO_CLASS_RT", IOPRIO_RT },
	{ "IOPRIO_CLASS_BE", IOPRIO_BE },
	{ "IOPRIO_CLASS_IDLE", IOPRIO_IDLE },
	{},
};

const struct word sched_policy_words[] = {
	{ "SCHED_OTHER", POLICY_OTHER },
	{ "SCHED_FIFO", POLICY_FIFO },
	{ "SCHED_RR", POLICY_RR },
	{ "SCHED_BATCH", POLICY_BATCH },
	{ "SCHED_ISO", POLICY_ISO },
	{ "SCHED_IDLE", POLICY_IDLE },
	{ "SCHED_DEADLINE", POLICY_DEADLINE },
	{},
};

const struct word sched_flag_words[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", SCHED_RESET_ON_FORK_FLAG },
	{ "SCHED_FLAG_RECLAIM", SCHED_RECLAIM_FLAG },
	{ "SCHED_FLAG_DL_OVERRUN", SCHED_DL_OVERRUN_FLAG },
	{ "SCHED_FLAG_KEEP_POLICY", SCHED_KEEP_POLICY_FLAG },
	{ "SCHED_FLAG_KEEP_PARAMS", SCHED_KEEP_PARAMS_FLAG },
	{ "SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_UTIL_CLAMP_MIN_FLAG },
	{ "SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_UTIL_CLAMP_MAX_FLAG },
	{},
};

const struct word rlimit_words[] = {
	{ "RLIMIT_AS", RLIMIT_AS },
	{ "RLIMIT_CORE", RLIMIT_CORE },
	{ "RLIMIT_CPU", RLIMIT_CPU },
	{ "RLIMIT_DATA", RLIMIT_DATA },
	{ "RLIMIT_FSIZE", RLIMIT_FSIZE },
	{ "RLIMIT_LOCKS", RLIMIT_LOCKS },
	{ "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
	{ "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
	{ "RLIMIT_NICE", RLIMIT_NICE },
	{ "RLIMIT_NOFILE", RLIMIT_NOFILE },
	{ "RLIMIT_NPROC", RLIMIT_NPROC },
	{ "RLIMIT_RSS", RLIMIT_RSS },
	{ "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
	{ "RLIMIT_RTTIME", RLIMIT_RTTIME },
	{ "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
	{ "RLIMIT_STACK", RLIMIT_STACK },
	{},
};

const struct word device_type_words[] = {
	{ "c", DEVICE_CHAR },
	{ "b", DEVICE_BLOCK },
	{ "u", DEVICE_UNBUFFERED },
	{ "p", DEVICE_FIFO },
	{},
};

const struct word device_rule_words[] = {
	{ "a", DEVICE_ALL },
	{ "c", DEVICE_CHAR },
	{ "b", DEVICE_BLOCK },
	{},
};

const struct word propagation_words[] = {
	{ "private", PROPAGATION_PRIVATE },
	{ "shared", PROPAGATION_SHARED },
	{ "slave", PROPAGATION_SLAVE },
	{ "unbindable", PROPAGATION_UNBINDABLE },
	/* Written by engines, not in the schema. */
	{ "rprivate", PROPAGATION_PRIVATE },
	{ "rshared", PROPAGATION_SHARED },
	{ "rslave", PROPAGATION_SLAVE },
	{ "runbindable", PROPAGATION_UNBINDABLE },
	{},
};

const struct word seccomp_action_words[] = {
	{ "SCMP_ACT_KILL", ACTION_KILL },
	{ "SCMP_ACT_KILL_PROCESS", ACTION_KILL_PROCESS },
	{ "SCMP_ACT_KILL_THREAD", ACTION_KILL_THREAD },
	{ "SCMP_ACT_TRAP", ACTION_TRAP },
	{ "SCMP_ACT_ERRNO", ACTION_ERRNO },
	{ "SCMP_ACT_TRACE", ACTION_TRACE },
	{ "SCMP_ACT_ALLOW", ACTION_ALLOW },
	{ "SCMP_ACT_LOG", ACTION_LOG },
	{ "SCMP_ACT_NOTIFY", ACTION_NOTIFY },
	{},
};

const struct word seccomp_op_words[] = {
	{ "SCMP_CMP_NE", OP_NE },
	{ "SCMP_CMP_LT", OP_LT },
	{ "SCMP_CMP_LE", OP_LE },
	{ "SCMP_CMP_EQ", OP_EQ },
	{ "SCMP_CMP_GE", OP_GE },
	{ "SCMP_CMP_GT", OP_GT },
	{ "SCMP_CMP_MASKED_EQ", OP_MASKED_EQ },
	{},
};

const struct word seccomp_flag_words[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", FILTER_TSYNC },
	{ "SECCOMP_FILTER_FLAG_LOG", FILTER_LOG },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", FILTER_SPEC_ALLOW },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", FILTER_WAIT_KILLABLE_RECV },
	{},
};

const struct word mempolicy_mode_words[] = {
	{ "MPOL_DEFAULT", MEMPOLICY_DEFAULT },
	{ "MPOL_BIND", MEMPOLICY_BIND },
	{ "MPOL_INTERLEAVE", MEMPOLICY_INTERLEAVE },
	{ "MPOL_WEIGHTED_INTERLEAVE", MEMPOLICY_WEIGHTED_INTERLEAVE },
	{ "MPOL_PREFERRED", MEMPOLICY_PREFERRED },
	{ "MPOL_PREFERRED_MANY", MEMPOLICY_PREFERRED_MANY },
	{ "MPOL_LOCAL", MEMPOLICY_LOCAL },
	{},
};

const struct word mempolicy_flag_words[] = {
	{ "MPOL_F_NUMA_BALANCING", MEMPOLICY_NUMA_BALANCING },
	{ "MPOL_F_RELATIVE_NODES", MEMPOLICY_RELATIVE_NODES },
	{ "MPOL_F_STATIC_NODES", MEMPOLICY_STATIC_NODES },
	{},
};

const struct word personality_words[] = {
	{ "LINUX", PERSONALITY_LINUX },
	{ "LINUX32", PERSONALITY_LINUX32 },
	{},
};

const struct word image_format_words[] = {
	{ "raw", IMAGE_RAW },	{ "qcow2", IMAGE_QCOW2 }, { "vdi", IMAGE_VDI },
	{ "vmdk", IMAGE_VMDK }, { "vhd", IMAGE_VHD },	  {},
};
