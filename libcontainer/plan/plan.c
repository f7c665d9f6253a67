/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A checked spec becomes a plan, part by part. */
#include "plan/make.h"
#include "base/str.h"
#include "cgroups/cgroup.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void planner_note(struct planner *p, bool warning, const char *member, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (p->plan->notes.n == p->notes_size) {
		struct plan_note *grown;

		p->notes_size = p->notes_size ? 2 * p->notes_size : 8;
		grown = arena_array(p->a, p->notes_size, sizeof(*grown));
		if (p->plan->notes.n)
			memcpy(grown, p->plan->notes.v, p->plan->notes.n * sizeof(*grown));
		p->plan->notes.v = grown;
	}
	p->plan->notes.v[p->plan->notes.n++] = (struct plan_note){
		.member = arena_strdup(p->a, member),
		.text = arena_strdup(p->a, text),
		.warning = warning,
	};
}

const char *annotation(const struct planner *p, const char *key)
{
	for (size_t i = 0; i < p->spec->annotations.n; i++)
		if (!strcmp(p->spec->annotations.v[i].key, key))
			return p->spec->annotations.v[i].value;
	return NULL;
}

bool annotation_set(const struct planner *p, const char *key)
{
	const char *value = annotation(p, key);

	return value && *value && strcmp(value, "0") != 0 && strcmp(value, "false") != 0;
}

int refuse_unsupported(struct planner *p)
{
	if (p->options->cgroup_driver == CGROUP_SYSTEMD && !cgroup_ops_of(CGROUP_SYSTEMD))
		return lc_err(p->e, LC_EUNSUPPORTED,
			      "cgroup manager systemd: not supported by this build");
	return 0;
}

/* Annotations that other runtimes give a meaning and hull does not carry out. */
static void note_annotations(struct planner *p)
{
	static const char *const carried_out[] = {
		"run.oci.keep_original_groups",
		"run.oci.seccomp_fail_unknown_syscall",
		"run.oci.seccomp.receiver",
		"run.oci.seccomp_bpf_data",
		"run.oci.mount_context_type",
		"run.oci.pidfd_receiver",
		"run.oci.systemd.subgroup",
		"run.oci.delegate-cgroup",
		"run.oci.hooks.stdout",
		"run.oci.hooks.stderr",
		NULL,
	};

	for (size_t i = 0; i < p->spec->annotations.n; i++) {
		const char *key = p->spec->annotations.v[i].key;
		bool known = false;

		for (const char *const *k = carried_out; *k; k++)
			known |= !strcmp(key, *k);
		if (!known && str_starts(key, "run.oci."))
			planner_note(p, false, "annotations", "%s has no effect", key);
	}
}

static bool is_rootless(const struct plan_options *options, const struct plan_host *host)
{
	if (options->rootless && !strcmp(options->rootless, "true"))
		return true;
	if (options->rootless && !strcmp(options->rootless, "false"))
		return false;
	return host->euid != 0 || !host->initial_userns;
}

/* What every plan has, that of an exec too. */
static void make_identity(struct planner *p)
{
	static const struct spec_linux no_linux;

	p->linux_ = p->spec->linux_ ? p->spec->linux_ : &no_linux;
	*p->plan = (struct plan){
		.id = arena_strdup(p->a, p->options->id),
		.bundle = arena_strdup(p->a, p->options->bundle),
		.oci_version = p->spec->ociVersion,
		.annotations = p->spec->annotations,
		.rootless = is_rootless(p->options, p->host),
	};
}

static int make_names(struct planner *p)
{
	const size_t n = p->linux_->netDevices.n;

	p->plan->net_devices.v = arena_array(p->a, n, sizeof(*p->plan->net_devices.v));
	for (size_t i = 0; i < n; i++)
		p->plan->net_devices.v[p->plan->net_devices.n++] =
			(struct plan_net_device){ p->linux_->netDevices.v[i].key,
						  p->linux_->netDevices.v[i].name };
	p->plan->hostname = p->spec->hostname;
	p->plan->domainname = p->spec->domainname;
	p->plan->loopback_up = how_ns(p, NS_NETWORK) == NS_NEW;
	p->plan->new_keyring = !p->options->no_new_keyring;
	return 0;
}

static int make_own_process(struct planner *p)
{
	return p->spec->process ? planner_process(p, p->spec->process) : 0;
}

int plan_make(struct arena *a, const struct spec *spec, const struct plan_options *options,
	      const struct plan_host *host, struct plan *plan, struct lc_error *e)
{
	static int (*const parts[])(struct planner *) = {
		refuse_unsupported, planner_vm,	    planner_namespaces, make_names,
		planner_root,	    planner_mounts, planner_paths,	planner_devices,
		planner_sysctls,    planner_hooks,  make_own_process,	planner_seccomp,
		planner_landlock,   planner_cgroup, planner_rdt,
	};
	struct planner p = {
		.a = a, .spec = spec, .options = options, .host = host, .plan = plan, .e = e
	};

	make_identity(&p);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (parts[i](&p) < 0)
			return -1;
	note_annotations(&p);
	return 0;
}

/* Not for the container's own process. */
static void make_affinity(const struct spec_cpu_affinity *from, struct plan_process *to)
{
	if (!from)
		return;
	to->cpus_initial = from->initial;
	to->cpus_final = from->final;
}

int plan_exec(struct arena *a, const struct spec *spec, const struct plan_exec_options *exec,
	      const struct plan_options *options, const struct plan_host *host, struct plan *plan,
	      struct lc_error *e)
{
	struct planner p = {
		.a = a, .spec = spec, .options = options, .host = host, .plan = plan, .e = e
	};
	struct spec_process *process;

	make_identity(&p);
	plan->new_keyring = !options->no_new_keyring; /* the container's, by its name */
	if (planner_namespaces(&p) < 0 || exec_process(&p, exec, &process) < 0 ||
	    planner_process(&p, process) < 0)
		return -1;
	make_affinity(process->execCPUAffinity, plan->process);
	return planner_seccomp(&p) < 0 ? -1 : planner_landlock(&p);
}

int plan_mounts(struct arena *a, const struct spec *spec, const struct plan_options *options,
		const struct plan_host *host, struct plan *plan, struct lc_error *e)
{
	struct planner p = { .a = a,
			     .spec = spec,
			     .options = options,
			     .host = host,
			     .plan = plan,
			     .live = true,
			     .e = e };

	make_identity(&p);
	if (planner_namespaces(&p) < 0 || planner_root(&p) < 0 || planner_mounts(&p) < 0)
		return -1;
	plan->root.readonly = false; /* as it is already, if it shall be */
	return planner_mount_label(&p);
}

int plan_update(struct arena *a, const struct spec_resources *resources,
		const struct plan_host *host, struct plan *out, struct lc_error *e)
{
	struct planner p = { .a = a, .host = host, .plan = out, .e = e };

	*out = (struct plan){ 0 };
	return planner_limits(&p, resources);
}
