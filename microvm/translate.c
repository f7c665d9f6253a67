/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of a plan is the guest's and what the host's, and what cannot be had. */
#include "microvm/translate.h"
#include "base/str.h"
#include "microvm/order.h"

#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define MIB	    (1ULL << 20)
#define DEFAULT_MIB 2048
#define CPUS_MAX    64

/* ---- what a machine cannot have ---- */

static int refuse(struct lc_error *e, const char *member, const char *why)
{
	return lc_err(e, LC_EUNSUPPORTED, "%s: not possible in a virtual machine: %s", member, why);
}

static int check_namespaces(const struct plan *plan, struct lc_error *e)
{
	static const enum ns_type own[] = { NS_PID, NS_IPC, NS_UTS, NS_MOUNT, NS_NETWORK };

	for (size_t i = 0; i < NS_TYPES; i++) {
		const struct plan_namespace *ns = &plan->ns.of[i];

		if (ns->how == NS_JOIN && i != NS_NETWORK)
			return lc_err(e, LC_EUNSUPPORTED,
				      "linux.namespaces (%s): not possible in a virtual machine: "
				      "its processes are another kernel's",
				      word_name(ns_type_words, (int)i));
	}
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (plan->ns.of[own[i]].how == NS_INHERIT)
			return lc_err(e, LC_EUNSUPPORTED,
				      "linux.namespaces: not possible in a virtual machine: it "
				      "cannot share the host's %s namespace",
				      word_name(ns_type_words, (int)own[i]));
	return 0;
}

/* fuse and tun are the guest's own; what else there is belongs to hardware of the host's. */
static bool is_of_the_guest(const struct plan_device *d)
{
	return d->standard || d->type == 'p' ||
	       (d->type == 'c' && d->major == 10 && (d->minor == 229 || d->minor == 200)) ||
	       (d->type == 'c' && (d->major == 1 || d->major == 5));
}

static int check_devices(const struct plan *plan, struct lc_error *e)
{
	for (size_t i = 0; i < plan->devices.n; i++)
		if (!is_of_the_guest(&plan->devices.v[i]))
			return lc_err(e, LC_EUNSUPPORTED,
				      "linux.devices (%s): not possible in a virtual machine: "
				      "devices of the host are not passed on",
				      plan->devices.v[i].path);
	return 0;
}

static int check_mounts(const struct plan *plan, struct lc_error *e)
{
	for (size_t i = 0; i < plan->mounts.n; i++) {
		const struct plan_mount *m = &plan->mounts.v[i];
		const char *why = m->idmap || m->idmap_rec ? "idmapped mounts"
				  : vm_is_volume(m) && m->propagation & MS_SHARED
					  ? "a mount that passes mounts on to the host's"
					  : NULL;

		if (why)
			return lc_err(e, LC_EUNSUPPORTED,
				      "mounts[%zu] (%s): not possible in a virtual machine: %s",
				      m->index, m->target, why);
	}
	return 0;
}

static int check(const struct plan *plan, struct lc_error *e)
{
	const struct plan_process *p = plan->process;
	const struct {
		bool given;
		const char *member, *why;
	} refused[] = {
		{ plan->seccomp.listener_path, "linux.seccomp.listenerPath",
		  "the agent on the host cannot see the guest's processes" },
		{ plan->net_devices.n, "linux.netDevices",
		  "devices of the host are not passed on" },
		{ plan->hooks.create_container.n, "hooks.createContainer",
		  "the host's programs are not in the guest" },
		{ plan->mount_label, "linux.mountLabel", "labels are the host's" },
		{ p && p->apparmor, "process.apparmorProfile", "profiles are the host's" },
		{ p && p->selinux, "process.selinuxLabel", "labels are the host's" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (refused[i].given)
			return refuse(e, refused[i].member, refused[i].why);
	if (check_namespaces(plan, e) < 0 || check_devices(plan, e) < 0)
		return -1;
	return check_mounts(plan, e);
}

/* ---- limits ---- */

static const char *limit_of(const struct plan_cgroup *cgroup, const char *file)
{
	for (size_t i = 0; i < cgroup->files.n; i++)
		if (!strcmp(cgroup->files.v[i].file, file))
			return cgroup->files.v[i].value;
	return NULL;
}

/* Which files are the guest's, which the host's: memory and pids are counted where processes are,
 * processor time and input and output where they are spent. */
static bool is_guests(const char *file)
{
	return str_starts(file, "memory.") || str_starts(file, "pids.") || str_starts(file, "cpu.");
}

static bool is_hosts(const char *file)
{
	return !str_starts(file, "memory.") && !str_starts(file, "pids.");
}

enum { OF_MACHINE = 2 }; /* files of the machine's own: there is room for them */

static void select_files(struct arena *a, struct plan_cgroup *cgroup, bool (*wanted)(const char *))
{
	struct plan_cgroup_file *kept = arena_array(a, cgroup->files.n + OF_MACHINE, sizeof(*kept));
	size_t n = 0;

	for (size_t i = 0; i < cgroup->files.n; i++)
		if (wanted(cgroup->files.v[i].file))
			kept[n++] = cgroup->files.v[i];
	cgroup->files.v = kept;
	cgroup->files.n = n;
}

static void select_controllers(struct arena *a, struct plan_cgroup *cgroup)
{
	char **kept = arena_array(a, cgroup->controllers.n + 1, sizeof(*kept));
	size_t n = 0;

	for (size_t i = 0; i < cgroup->controllers.n; i++)
		if (is_guests(arena_printf(a, "%s.", cgroup->controllers.v[i])))
			kept[n++] = cgroup->controllers.v[i];
	cgroup->controllers = (struct strs){ kept, n };
}

/* What the guest takes for memory is memory: it has no swap, and what it was made with is there. */
static void limit_machine(struct arena *a, struct plan_cgroup *host, uint64_t mib)
{
	char *max = arena_printf(a, "%llu", (unsigned long long)(mib * MIB));
	const struct plan_cgroup_file files[OF_MACHINE] = {
		{ .file = arena_strdup(a, "memory.max"), .value = max },
		{ .file = arena_strdup(a, "memory.swap.max"),
		  .value = arena_strdup(a, "0"),
		  .optional = true },
	};

	for (size_t i = 0; i < OF_MACHINE; i++) {
		host->files.v[host->files.n] = files[i];
		host->files.v[host->files.n++].member =
			arena_strdup(a, "linux.resources.memory.limit");
	}
}

static uint64_t host_mib(void)
{
	return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) / MIB;
}

static int size_memory(const struct plan_machine *asked, const struct plan_cgroup *cgroup,
		       struct vm_machine *out, struct lc_error *e)
{
	const char *text = limit_of(cgroup, "memory.max");
	uint64_t limit = 0, mib = host_mib() / 4;

	if (mib > DEFAULT_MIB)
		mib = DEFAULT_MIB;
	if (text && str_u64(text, &limit))
		mib = (limit + MIB - 1) / MIB + VM_GUEST_MIB;
	if (asked->memory.set)
		mib = asked->memory.v / MIB;
	if (mib < VM_GUEST_MIB)
		return lc_err(e, LC_ECONFIG,
			      "vm.hwConfig.memory: %llu MiB are too little for a virtual machine",
			      (unsigned long long)mib);
	if (mib > host_mib())
		return lc_err(e, LC_ECONFIG,
			      "vm.hwConfig.memory: %llu MiB are more than the host has",
			      (unsigned long long)mib);
	out->memory_mib = (uint32_t)mib;
	return 0;
}

/* "50000 100000": so many processors' time. */
static uint32_t cpus_of_quota(const char *max)
{
	uint64_t quota = 0, period = 0;

	if (!max || sscanf(max, "%lu %lu", &quota, &period) != 2 || !period)
		return 0;
	return (uint32_t)((quota + period - 1) / period);
}

static int size_cpus(const struct plan_machine *asked, const struct plan_cgroup *cgroup,
		     struct vm_machine *out, struct lc_error *e)
{
	uint32_t there = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t cpus = cpus_of_quota(limit_of(cgroup, "cpu.max"));

	if (!cpus)
		cpus = 2;
	if (there > CPUS_MAX)
		there = CPUS_MAX;
	if (cpus > there)
		cpus = there;
	if (asked->vcpus.set)
		cpus = asked->vcpus.v;
	if (cpus > CPUS_MAX)
		return lc_err(e, LC_ECONFIG, "vm.hwConfig.vcpus: expected at most %d, found %u",
			      CPUS_MAX, cpus);
	out->cpus = cpus;
	return 0;
}

int vm_default_size(struct vm_machine *out, struct lc_error *e)
{
	static const struct plan_machine nothing;
	static const struct plan_cgroup unlimited;

	if (size_memory(&nothing, &unlimited, out, e) < 0)
		return -1;
	return size_cpus(&nothing, &unlimited, out, e);
}

enum vm_templates vm_templates_of(const char *word)
{
	if (str_eq(word, "make"))
		return VM_TEMPLATES_MAKE;
	return str_eq(word, "use") ? VM_TEMPLATES_USE : VM_TEMPLATES_OFF;
}

/* ---- the guest's part ---- */

bool vm_is_volume(const struct plan_mount *m)
{
	return m->kind == MOUNT_BIND && !m->source_in_root;
}

static void change_mounts(struct arena *a, struct plan *guest)
{
	struct plan_mount *v = arena_array(a, guest->mounts.n + 1, sizeof(*v));

	for (size_t i = 0; i < guest->mounts.n; i++) {
		v[i] = guest->mounts.v[i];
		v[i].fallback_bind = NULL;
		if (!vm_is_volume(&v[i]))
			continue;
		v[i].source = arena_printf(a, ORDER_EXPORT "/" VM_EXPORT_VOLUME, i);
		v[i].src_nofollow = false;
		v[i].must_be_proc = false;
	}
	guest->mounts.v = v;
}

static void change_devices(struct arena *a, struct plan *guest)
{
	struct plan_device *v = arena_array(a, guest->devices.n + 1, sizeof(*v));

	for (size_t i = 0; i < guest->devices.n; i++) {
		v[i] = guest->devices.v[i];
		v[i].bind = false;
	}
	guest->devices.v = v;
}

static struct plan *guest_of(struct arena *a, const struct plan *plan)
{
	struct plan *guest = arena_alloc(a, sizeof(*guest));
	plan_hooks start = plan->hooks.start_container;

	*guest = *plan;
	guest->hooks = (struct plan_hook_lists){ .start_container = start };
	guest->annotations = (struct pairs){ 0 };
	guest->notes.n = 0;
	guest->rootless = false;
	guest->bundle = arena_strdup(a, "/");
	guest->ns.of[NS_NETWORK] = (struct plan_namespace){ .type = NS_NETWORK, .how = NS_INHERIT };
	guest->ns.use_newidmap = false;
	guest->loopback_up = true;
	guest->cgroup.driver = CGROUP_FS;
	guest->cgroup.systemd_properties = (struct pairs){ 0 };
	guest->cgroup.user_instance = false;
	select_files(a, &guest->cgroup, is_guests);
	select_controllers(a, &guest->cgroup);
	return guest;
}

int vm_translate(struct arena *a, struct plan *plan, struct vm_machine *out, struct lc_error *e)
{
	struct plan *guest;

	*out = (struct vm_machine){ 0 };
	if (check(plan, e) < 0 || size_memory(&plan->machine, &plan->cgroup, out, e) < 0 ||
	    size_cpus(&plan->machine, &plan->cgroup, out, e) < 0)
		return -1;
	guest = guest_of(a, plan);
	guest->root.path = arena_strdup(a, ORDER_EXPORT "/" VM_EXPORT_ROOT);
	change_mounts(a, guest);
	change_devices(a, guest);
	out->guest = guest;
	out->kernel = plan->machine.kernel;
	out->initrd = plan->machine.initrd;
	out->parameters = plan->machine.parameters;
	if (limit_of(&plan->cgroup, "memory.max")) {
		select_files(a, &plan->cgroup, is_hosts);
		limit_machine(a, &plan->cgroup, out->memory_mib + VM_HOST_MIB);
	} else {
		select_files(a, &plan->cgroup, is_hosts);
	}
	plan->cgroup.check_memory_before_update = false;
	return 0;
}

int vm_translate_exec(struct arena *a, const struct plan *plan, struct plan **out,
		      struct lc_error *e)
{
	if (plan->seccomp.listener_path)
		return refuse(e, "linux.seccomp.listenerPath",
			      "the agent on the host cannot see the guest's processes");
	*out = guest_of(a, plan);
	return 0;
}

int vm_translate_update(struct arena *a, struct plan *plan, uint64_t memory_max,
			struct plan **guest, struct lc_error *e)
{
	const char *text = limit_of(&plan->cgroup, "memory.max");
	uint64_t limit;

	if (text &&
	    (!str_u64(text, &limit) || limit + (VM_GUEST_MIB + VM_HOST_MIB) * MIB > memory_max))
		return lc_err(
			e, LC_EUNSUPPORTED,
			"memory.limit: not possible in a virtual machine: it was made for "
			"at most %llu bytes",
			(unsigned long long)(memory_max > (VM_GUEST_MIB + VM_HOST_MIB) * MIB
						     ? memory_max -
							       (VM_GUEST_MIB + VM_HOST_MIB) * MIB
						     : 0));
	*guest = guest_of(a, plan);
	(*guest)->cgroup.device_rules.n = 0;
	(*guest)->cgroup.device_program.n = 0;
	select_files(a, &plan->cgroup, is_hosts);
	return 0;
}
