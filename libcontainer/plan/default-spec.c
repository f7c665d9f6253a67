/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The config.json that `spec` writes: what users of OCI runtimes expect there, as static tables. */
#include "plan/documents.h"
#include "json/encode.h"
#include "seccomp/seccomp.h"

#include <linux/capability.h>
#include <string.h>
#include <sys/resource.h>

#define SPEC_VERSION "1.3.0"

/* Members are char * since decoded strings are nobody's constants; these are only read. */
#define STR(s) ((char *)(s))
#define STRS(...) \
	{ \
		(char *[]){ __VA_ARGS__, NULL }, ARRAY_SIZE(((char *[]){ __VA_ARGS__ })) \
	}
#define LIST(array) \
	{ \
		(array), ARRAY_SIZE(array) \
	}

#define CAPS STRS(STR("CAP_AUDIT_WRITE"), STR("CAP_KILL"), STR("CAP_NET_BIND_SERVICE"))

static struct spec_capabilities capabilities = {
	.bounding = CAPS,
	.permitted = CAPS,
	.effective = CAPS,
};

static struct spec_rlimit rlimits[] = {
	{ .type = RLIMIT_NOFILE, .soft = 1024, .hard = 1024 },
};

static struct spec_user root_user;

static const struct spec_process process_template = {
	.terminal = true,
	.cwd = STR("/"),
	.args = STRS(STR("sh")),
	.env = STRS(STR("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
		    STR("TERM=xterm")),
	.user = &root_user,
	.capabilities = &capabilities,
	.rlimits = LIST(rlimits),
	.noNewPrivileges = { true, true },
};

#define OPTIONS(...) .options = STRS(__VA_ARGS__)

static const struct spec_mount mounts[] = {
	{ .destination = STR("/proc"), .type = STR("proc"), .source = STR("proc") },
	{ .destination = STR("/dev"),
	  .type = STR("tmpfs"),
	  .source = STR("tmpfs"),
	  OPTIONS(STR("nosuid"), STR("strictatime"), STR("mode=755"), STR("size=65536k")) },
	{ .destination = STR("/dev/pts"),
	  .type = STR("devpts"),
	  .source = STR("devpts"),
	  OPTIONS(STR("nosuid"), STR("noexec"), STR("newinstance"), STR("ptmxmode=0666"),
		  STR("mode=0620"), STR("gid=5")) },
	{ .destination = STR("/dev/shm"),
	  .type = STR("tmpfs"),
	  .source = STR("shm"),
	  OPTIONS(STR("nosuid"), STR("noexec"), STR("nodev"), STR("mode=1777"),
		  STR("size=65536k")) },
	{ .destination = STR("/dev/mqueue"),
	  .type = STR("mqueue"),
	  .source = STR("mqueue"),
	  OPTIONS(STR("nosuid"), STR("noexec"), STR("nodev")) },
	{ .destination = STR("/sys"),
	  .type = STR("sysfs"),
	  .source = STR("sysfs"),
	  OPTIONS(STR("nosuid"), STR("noexec"), STR("nodev"), STR("ro")) },
	{ .destination = STR("/sys/fs/cgroup"),
	  .type = STR("cgroup"),
	  .source = STR("cgroup"),
	  OPTIONS(STR("nosuid"), STR("noexec"), STR("nodev"), STR("relatime"), STR("ro")) },
};

/* Without a network namespace of its own an unprivileged container cannot have a new sysfs.  What
 * lies below, the user's own cgroups among it, is read-only too (CVE-2023-25809). */
static const struct spec_mount sys_of_host = {
	.destination = STR("/sys"),
	.type = STR("none"),
	.source = STR("/sys"),
	OPTIONS(STR("rbind"), STR("nosuid"), STR("noexec"), STR("nodev"), STR("ro"), STR("rro")),
};

static struct spec_namespace namespaces[] = {
	{ .type = NS_PID }, { .type = NS_NETWORK }, { .type = NS_IPC },
	{ .type = NS_UTS }, { .type = NS_MOUNT },   { .type = NS_CGROUP },
};
static struct spec_namespace rootless_namespaces[] = {
	{ .type = NS_PID },   { .type = NS_IPC },    { .type = NS_UTS },
	{ .type = NS_MOUNT }, { .type = NS_CGROUP }, { .type = NS_USER },
};

static struct spec_device_rule deny_all[] = {
	{ .allow = false, .access = STR("rwm") },
};
static struct spec_resources resources = { .devices = LIST(deny_all) };

static const struct spec_linux linux_template = {
	.namespaces = LIST(namespaces),
	.resources = &resources,
	.maskedPaths =
		STRS(STR("/proc/acpi"), STR("/proc/asound"), STR("/proc/interrupts"),
		     STR("/proc/kcore"), STR("/proc/keys"), STR("/proc/latency_stats"),
		     STR("/proc/timer_list"), STR("/proc/timer_stats"), STR("/proc/sched_debug"),
		     STR("/proc/scsi"), STR("/sys/firmware"), STR("/sys/devices/virtual/powercap")),
	.readonlyPaths = STRS(STR("/proc/bus"), STR("/proc/fs"), STR("/proc/irq"), STR("/proc/sys"),
			      STR("/proc/sysrq-trigger")),
};

/* A single id is mapped: nothing can be given to another. */
static void drop_gid(struct arena *a, struct spec_mount *m)
{
	struct strs kept = { arena_array(a, m->options.n + 1, sizeof(char *)), 0 };

	for (size_t i = 0; i < m->options.n; i++)
		if (strncmp(m->options.v[i], "gid=", 4))
			kept.v[kept.n++] = m->options.v[i];
	if (m->options.v)
		m->options = kept;
}

static bool is_below_sys(const struct spec_mount *m)
{
	return !strcmp(m->destination, "/sys") || !strncmp(m->destination, "/sys/", 5);
}

static void put_mounts(struct arena *a, const struct default_spec *how, struct spec *spec)
{
	spec->mounts.v = arena_array(a, ARRAY_SIZE(mounts) + 1, sizeof(*spec->mounts.v));
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		struct spec_mount *m = &spec->mounts.v[spec->mounts.n];

		*m = mounts[i];
		if (how->rootless && is_below_sys(m))
			continue;
		if (how->rootless)
			drop_gid(a, m);
		spec->mounts.n++;
	}
	if (how->rootless)
		spec->mounts.v[spec->mounts.n++] = sys_of_host;
}

static void map_one(struct arena *a, uint32_t id, struct spec_id_maps *to)
{
	to->n = 1;
	to->v = arena_alloc(a, sizeof(*to->v));
	to->v[0] = (struct spec_id_map){ .containerID = 0, .hostID = id, .size = 1 };
}

static void put_rootless(struct arena *a, const struct plan_host *host, struct spec_linux *to)
{
	map_one(a, host->euid, &to->uidMappings);
	map_one(a, host->egid, &to->gidMappings);
	to->namespaces.v = rootless_namespaces;
	to->namespaces.n = ARRAY_SIZE(rootless_namespaces);
	to->resources = NULL;
}

static void put_args(struct arena *a, const char *const *args, struct spec_process *to)
{
	size_t n = 0;

	while (args[n])
		n++;
	to->args = (struct strs){ arena_array(a, n + 1, sizeof(char *)), n };
	for (size_t i = 0; i < n; i++)
		to->args.v[i] = arena_strdup(a, args[i]);
}

static uint64_t granted(const struct strs *caps)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < caps->n; i++)
		bits |= 1ULL << plan_cap_number(caps->v[i]);
	return bits;
}

struct spec *default_spec_make(struct arena *a, const struct default_spec *how,
			       const struct plan_host *host)
{
	struct spec *spec = arena_alloc(a, sizeof(*spec));

	spec->ociVersion = STR(SPEC_VERSION);
	spec->hostname = STR("hull");
	spec->root = arena_alloc(a, sizeof(*spec->root));
	spec->root->path = how->rootfs ? arena_strdup(a, how->rootfs) : STR("rootfs");
	spec->root->readonly = !how->rootfs;
	spec->process = arena_alloc(a, sizeof(*spec->process));
	*spec->process = process_template;
	spec->process->terminal = how->terminal;
	if (how->args)
		put_args(a, how->args, spec->process);
	put_mounts(a, how, spec);
	spec->linux_ = arena_alloc(a, sizeof(*spec->linux_));
	*spec->linux_ = linux_template;
	if (how->rootless)
		put_rootless(a, host, spec->linux_);
	spec->linux_->seccomp =
		(struct spec_seccomp *)seccomp_default_profile(a, granted(&capabilities.bounding));
	return spec;
}

char *default_spec_text(struct arena *a, const struct default_spec *how,
			const struct plan_host *host, size_t *len)
{
	return encode(a, &spec_shape, default_spec_make(a, how, host), 4, len);
}
