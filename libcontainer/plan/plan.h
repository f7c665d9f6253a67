/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * struct plan: everything that will be done for one container, decided beforehand.  It is complete
 * and inert: paths are absolute, words are flags, ids are mapped, the seccomp filter is compiled,
 * what was skipped is noted with its reason.  Whoever carries it out (init/ inside, run/ outside,
 * the guest of a VM) parses and decides nothing.  `plan --json` prints it by the tables of print.c.
 *
 * All memory belongs to the arena it was made in.  A NULL string or an unset opt_ means "leave it".
 */
#ifndef LC_PLAN_H
#define LC_PLAN_H

#include "base/arena.h"
#include "base/log.h"
#include "json/decode.h"
#include "spec/spec.h"
#include <stdbool.h>
#include <stdint.h>

#define PLAN_LIST(type) \
	struct { \
		type *v; \
		size_t n; \
	}

struct plan_id_map {
	uint32_t inside, outside, count;
};
typedef PLAN_LIST(struct plan_id_map) plan_id_maps;

enum ns_how { NS_INHERIT, NS_NEW, NS_JOIN };

/* One of each type, in the order pid network mount ipc uts user cgroup time (enum ns_type). */
struct plan_namespace {
	enum ns_type type;
	enum ns_how how;
	char *path; /* NS_JOIN: absolute */
};

struct plan_namespaces {
	struct plan_namespace of[NS_TYPES]; /* indexed by enum ns_type */
	/* Of a new user namespace.  A joined one has its own, read at prepare: those given here, if
	 * any, must be the same. */
	plan_id_maps uid_maps, gid_maps;
	bool deny_setgroups; /* an unprivileged caller maps one id itself */
	bool use_newidmap; /* rootless: newuidmap and newgidmap write the maps */
	char *time_offsets; /* text for /proc/PID/timens_offsets, NULL for none */
};

enum mount_kind {
	MOUNT_FS, /* a new file system: fsopen, fsconfig, fsmount */
	MOUNT_BIND, /* a clone of an existing tree: open_tree */
	MOUNT_CGROUP, /* cgroup2: a new mount with an own cgroup namespace, else a bind of our
			 cgroup */
	MOUNT_REMOUNT, /* new flags for what is there */
};

/* One entry of config.json's mounts, words resolved. Attributes are MOUNT_ATTR_* bits of
 * linux/mount.h. */
struct plan_mount {
	enum mount_kind kind;
	size_t index; /* in config.json's mounts, for messages */
	char *target; /* absolute path inside the root, not yet resolved there */
	char *fstype; /* MOUNT_FS */
	char *source; /* MOUNT_BIND: absolute path on the host; MOUNT_FS: source string, may be NULL
		       */
	bool recursive; /* MOUNT_BIND: rbind */
	uint64_t attr_set, attr_clear; /* given by options, this mount only */
	uint64_t attr_set_rec, attr_clear_rec; /* the same for the whole tree (rro, rnosuid...) */
	bool flags_given; /* MOUNT_BIND: some flag was named, so the source's own are replaced */
	uint64_t propagation; /* MS_SHARED, MS_SLAVE, MS_PRIVATE or MS_UNBINDABLE; 0: leave */
	bool propagation_rec;
	struct strs data; /* file-system options, "key" or "key=value", in order; superblock words
			   * such as sync, dirsync, lazytime are among them */
	bool tmpcopyup, copy_symlink, src_nofollow, dest_nofollow;
	bool mode_from_target; /* tmpfs without mode=: takes the mode of the directory under it */
	bool idmap, idmap_rec; /* idmap or ridmap */
	plan_id_maps uid_maps,
		gid_maps; /* the mount's own; empty: the container's user namespace's */
	bool source_in_root; /* the source lies in the rootfs being built: opened inside, after the
			      * mounts before it (by the parent, when its ids are to be mapped for a
			      * user namespace); source is its absolute path inside the root */
	bool must_be_proc; /* a bind onto /proc: refused unless the source is a procfs */
	char *fallback_bind; /* host path to bind recursively when the kernel refuses a new mount
			      * (sysfs without an own network namespace in a user namespace) */
};

/* A device node to make. bind: init cannot mknod, a node is bind-mounted instead: the host's, or
 * with outside one that the parent has made for it (run/nodes.h). */
struct plan_device {
	char *path; /* absolute, inside the root */
	char type; /* 'c', 'b' or 'p' */
	uint32_t major, minor;
	uint32_t mode; /* permission bits, exact regardless of umask */
	uint32_t uid, gid; /* as seen inside */
	bool bind, outside;
	bool standard; /* one of the defaults: an existing right node is fine */
};

struct plan_symlink {
	char *path, *target; /* /dev/fd -> /proc/self/fd */
	bool if_target_exists; /* /dev/core only where /proc/kcore is */
};

struct plan_root {
	char *path; /* absolute, on the host */
	bool readonly;
	uint64_t propagation; /* of "/" alone, set at the end: MS_SHARED, MS_SLAVE, MS_PRIVATE or
			       * MS_UNBINDABLE; 0: leave. Until then the root is private, or with
			       * MS_SLAVE a slave of the host's, so that nothing leaks out. */
	uint64_t host_propagation; /* what the copies of the host's mounts are made first, with
				    * MS_REC; 0: no mount namespace of its own */
	bool no_pivot; /* MS_MOVE and chroot */
	bool chroot_only; /* no mount namespace of its own */
};

/* Without process.capabilities all are dropped. */
struct plan_caps {
	uint64_t bounding, effective, permitted, inheritable, ambient; /* bit n: capability n */
	bool given; /* always true; false in a zeroed struct: leave as they are */
};

struct plan_user {
	uint32_t uid, gid;
	struct u32s groups;
	bool keep_groups; /* run.oci.keep_original_groups, or setgroups is denied */
	struct opt_u32 umask; /* always set by plan_make() and plan_exec(): 022 unless given */
};

struct plan_rlimit {
	int resource; /* RLIMIT_* */
	uint64_t soft, hard;
};

struct plan_scheduler {
	uint32_t policy; /* SCHED_* */
	int32_t nice;
	uint32_t priority;
	uint64_t flags, runtime, deadline, period;
};

/* A program that runs inside: the container's own, or one of `exec`. */
struct plan_process {
	char *cwd;
	struct strs args; /* n == 0: no process yet, create only */
	struct strs env; /* last of duplicates wins; a NULL slot is kept free at the end for HOME */
	bool home_from_passwd; /* HOME is missing or empty: look it up inside */
	bool terminal;
	uint32_t console_width, console_height; /* 0: not given */
	struct plan_user user;
	struct plan_caps caps;
	PLAN_LIST(struct plan_rlimit) rlimits;
	bool no_new_privs;
	struct opt_i64 oom_score_adj;
	struct plan_scheduler *scheduler;
	struct opt_u32 ioprio; /* value for ioprio_set */
	struct opt_u32 personality;
	char *apparmor; /* profile for the next execve */
	char *selinux; /* label for the next execve */
	char *cpus_initial, *cpus_final; /* exec only: cpu lists, NULL: reset to all */
	struct plan_mempolicy {
		int mode; /* MPOL_* with its flags */
		uint64_t nodes[16]; /* 1024 bits */
	} * mempolicy;
};

/* The compiled filter: the bytes that seccomp(2) takes. */
struct plan_seccomp {
	struct bytes filter; /* struct sock_filter instructions; n == 0: none */
	uint32_t flags; /* SECCOMP_FILTER_FLAG_* */
	bool early; /* load before capabilities are dropped: no_new_privs is not asked for */
	char *listener_path, *listener_metadata; /* a SCMP_ACT_NOTIFY rule is in use */
	char *listener_member; /* who named the path, for messages */
};

/* What the program gives up by Landlock (sys/landlock.h has the bits). */
struct plan_landlock_path {
	char *path; /* inside */
	uint64_t rights;
	bool optional; /* may be missing */
};
struct plan_landlock {
	uint32_t minimum_abi; /* an older kernel cannot enforce it */
	bool restrict_files; /* what no path allows is forbidden */
	PLAN_LIST(struct plan_landlock_path) paths;
	uint64_t ports; /* that are restricted: bind, connect */
	struct u32s bind_tcp, connect_tcp; /* that are allowed */
	uint64_t scopes;
};

struct plan_hook {
	char *path;
	struct strs args, env; /* env.v == NULL: not given */
	uint32_t timeout; /* seconds, 0: none */
};
typedef PLAN_LIST(struct plan_hook) plan_hooks;

struct plan_sysctl {
	char *key; /* as in config.json: for messages */
	char *path; /* under /proc/sys, '/' for '.' */
	char *value;
};

enum cgroup_driver { CGROUP_FS, CGROUP_SYSTEMD, CGROUP_DISABLED };

/* One write to a file of the container's cgroup. */
struct plan_cgroup_file {
	char *file; /* "memory.max" */
	char *value;
	char *member; /* config.json path that asked for it: "linux.resources.memory.limit" */
	bool optional; /* the kernel may lack this file: skipped silently (rsvd.max) */
	bool keep_first; /* update: the first word stays what it is (cpu.max, only a period given)
			  */
};

struct plan_device_rule {
	bool allow;
	char type; /* 'a', 'c' or 'b' */
	int64_t major, minor; /* -1: any */
	uint8_t access; /* BPF_DEVCG_ACC_* bits */
};

struct plan_cgroup {
	enum cgroup_driver driver;
	char *path; /* relative to the cgroup2 mount, begins with '/' (CGROUP_FS) */
	char *slice, *scope; /* CGROUP_SYSTEMD */
	char *place; /* where its processes go, below it: "a/b"; NULL: into itself */
	struct pairs systemd_properties; /* annotations org.systemd.property.* */
	bool user_instance; /* systemd --user */
	struct strs controllers; /* those that files below need: "memory", "cpu"... */
	PLAN_LIST(struct plan_cgroup_file) files; /* in the order they are written */
	PLAN_LIST(struct plan_device_rule) device_rules; /* in order, last match wins */
	struct bytes device_program; /* struct bpf_insn instructions; n == 0: no filter */
	bool chown; /* delegate to the container's root: own cgroup namespace and a rw cgroup mount
		     */
	bool required; /* false: rootless without limits may run without a cgroup */
	bool check_memory_before_update;
};

/* A class of service of the resource control file system (linux.intelRdt). */
struct plan_rdt {
	char *group; /* name of its directory; "/": that of everybody */
	bool shared; /* named by config.json, so others may be in it */
	struct strs schemata; /* lines for `schemata`, in order */
	bool monitor; /* a monitoring group of its own */
};

/* What config.json and annotations say about the virtual machine; all of it may be missing. */
struct plan_machine {
	char *kernel, *initrd; /* paths on the host */
	struct strs parameters; /* of the kernel */
	struct opt_u64 memory; /* bytes */
	struct opt_u32 vcpus;
	bool no_template; /* it boots, whatever hull.conf says */
};

/* Something that was asked for and is left out, and why: a warning or a debug line. */
struct plan_note {
	char *member, *text;
	bool warning;
};

struct plan_hook_lists {
	plan_hooks prestart, create_runtime, create_container, start_container, poststart, poststop;
};

struct plan_net_device {
	char *name, *rename; /* on the host; inside (NULL: the same) */
};

struct plan {
	char *id, *bundle; /* bundle: absolute */
	char *oci_version;
	struct plan_namespaces ns;
	struct plan_root root;
	PLAN_LIST(struct plan_mount) mounts;
	PLAN_LIST(struct plan_device) devices;
	PLAN_LIST(struct plan_symlink) symlinks;
	struct strs masked, readonly; /* absolute paths inside */
	char *mount_label; /* SELinux: of new mounts */
	char *mount_label_option; /* "context", or what run.oci.mount_context_type says */
	char *hostname, *domainname;
	PLAN_LIST(struct plan_sysctl) sysctls;
	bool loopback_up; /* a new network namespace */
	PLAN_LIST(struct plan_net_device) net_devices;
	bool new_keyring;
	struct plan_process *process; /* NULL: config.json has none */
	struct plan_seccomp seccomp;
	struct plan_landlock *landlock; /* NULL: not asked for */
	struct plan_cgroup cgroup;
	struct plan_rdt *rdt; /* NULL: none */
	struct plan_hook_lists hooks;
	struct pairs annotations;
	bool rootless; /* the caller is not root of the initial user namespace */
	bool vm; /* carried out in a microVM */
	struct plan_machine machine; /* for it, if it is one */
	PLAN_LIST(struct plan_note) notes;
};

/* What the caller decides beside config.json. */
struct plan_options {
	const char *id, *bundle; /* bundle: absolute path */
	enum cgroup_driver cgroup_driver;
	bool no_pivot, no_new_keyring;
	const char *rootless; /* "true", "false", "auto" or NULL */
	const char *seccomp_receiver; /* RUN_OCI_SECCOMP_RECEIVER, or NULL */
	const char *vm_annotations; /* those of dev.hull.vm.* that count: as struct lc_host */
};

/* One `exec`: a process.json, or config.json's process with changes (as struct lc_exec). */
struct plan_exec_options {
	const struct spec_process *process; /* NULL: the container's, changed by what follows */
	const char *const *args; /* NULL-terminated, as env and caps; NULL: not given */
	const char *const *env; /* added to the container's */
	const char *cwd, *user; /* user: UID[:GID] */
	const char *const *caps; /* names, added */
	const uint32_t *additional_gids;
	size_t n_additional_gids;
	bool tty, no_new_privs;
	const char *apparmor, *process_label;
};

/*
 * Facts of the host that decisions depend on, asked from the kernel once by plan_host_ask(), or set
 * by a test so that plans do not depend on where they are made.
 */
struct plan_host {
	uint32_t euid, egid;
	bool initial_userns; /* the caller's user namespace is the first one of the system */
	int cap_last; /* highest capability number that the kernel knows */
	uint64_t caps_held; /* permitted set of the caller */
	char *cgroup2; /* mount point of cgroup2, NULL: none */
	char *own_cgroup; /* the caller's path in it, NULL: none, or nobody asked */
	struct strs controllers; /* that the cgroup2 root offers */
	bool cgroup_v1; /* some controllers sit on v1 hierarchies (hybrid) */
	bool apparmor, selinux;
	int landlock_abi; /* 0: none */
	bool time_ns;
	bool setgroups_denied; /* in the caller's user namespace */
	int oom_score_adj; /* the caller's */
	bool bfq_weight; /* io.bfq.weight is there */
	bool hugetlb_rsvd;
	plan_id_maps own_uid_map; /* rootless: ids the caller may map (from /etc/subuid) */
	plan_id_maps own_gid_map;
};

/* @spec: what it has no use for is not asked; NULL: everything is. */
int plan_host_ask(struct arena *a, const struct spec *spec, struct plan_host *host,
		  struct lc_error *e) lc_checked;

/* Only what plan_exec() looks at: nothing of cgroups. */
int plan_host_ask_for_process(struct arena *a, struct plan_host *host,
			      struct lc_error *e) lc_checked;

/* Turns a checked spec into a plan. Touches nothing on the host; reads only what @host says. */
int plan_make(struct arena *a, const struct spec *spec, const struct plan_options *options,
	      const struct plan_host *host, struct plan *plan, struct lc_error *e) lc_checked;

/* The plan of one `exec` in the container whose configuration is @spec: fills process, seccomp,
 * notes and what identifies the container. A process.json takes from the container what it leaves
 * out of limits and protections, but not its environment. */
int plan_exec(struct arena *a, const struct spec *spec, const struct plan_exec_options *exec,
	      const struct plan_options *options, const struct plan_host *host, struct plan *plan,
	      struct lc_error *e) lc_checked;

/* Only @spec's mounts, for a container that runs: no kind of mount whose source would be looked up
 * by a path of the container's. */
int plan_mounts(struct arena *a, const struct spec *spec, const struct plan_options *options,
		const struct plan_host *host, struct plan *plan, struct lc_error *e) lc_checked;

/* Only resources, for `update`: in @out->cgroup the files, and the device rules with their program
 * if any were given; notes. */
int plan_update(struct arena *a, const struct spec_resources *resources,
		const struct plan_host *host, struct plan *out, struct lc_error *e) lc_checked;

/* The plan as JSON text (pretty, one newline at the end). */
int plan_print(struct arena *a, const struct plan *plan, char **text, size_t *len,
	       struct lc_error *e) lc_checked;

/* Reads back what plan_print() wrote, or the same without white space: a plan that was sent to a
 * guest. */
int plan_read(struct arena *a, const char *text, size_t len, struct plan *plan,
	      struct lc_error *e) lc_checked;

extern const struct shape plan_shape; /* for encode() */

/* After plan_shape was decoded as part of something else: the slot for HOME, which is not sent. */
void plan_make_room(struct arena *a, struct plan *plan);

/* Mount options that are understood, sorted, NULL-terminated; all others are file-system data. */
const char *const *plan_mount_words(struct arena *a);

/* "CAP_CHOWN" for 0, NULL for a number that has no name; -1 for a name that has no number. */
extern const struct word plan_cap_words[];
const char *plan_cap_name(int cap);
int plan_cap_number(const char *name);

#endif
