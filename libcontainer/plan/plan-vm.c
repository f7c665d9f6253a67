/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the container runs in a virtual machine, and what of the section vm hull carries out:
 * kernel, vcpus and memory.  The rest describes machines of other monitors and is refused by name.
 */
#include "plan/make.h"
#include "base/str.h"

#include <string.h>

#define MONITOR LIBEXECDIR "/hull-vmm"

static int refuse(struct planner *p, const char *member, const char *why)
{
	return lc_err(p->e, LC_EUNSUPPORTED, "%s: not supported: %s", member, why);
}

static int check_hypervisor(struct planner *p, const struct spec_hypervisor *h)
{
	if (!h)
		return 0;
	if (!str_eq(h->path, MONITOR))
		return lc_err(p->e, LC_EUNSUPPORTED,
			      "vm.hypervisor.path: not supported: hull has a monitor of its own, "
			      "%s, found \"%s\"",
			      MONITOR, h->path);
	return h->parameters.n ? refuse(p, "vm.hypervisor.parameters",
					"hull's monitor takes none, vm.hwConfig says it all")
			       : 0;
}

static int check_hardware(struct planner *p, const struct spec_hw_config *hw)
{
	static const char other_machines[] =
		"it describes a machine of another kind, and no device "
		"of the host's is passed on";
	const struct {
		const char *member;
		bool given;
		const char *why;
	} refused[] = {
		{ "vm.hwConfig.deviceTree", hw->deviceTree, "the machine is described by ACPI" },
		{ "vm.hwConfig.dtdevs", hw->dtdevs.n, other_machines },
		{ "vm.hwConfig.iomems", hw->iomems.n, other_machines },
		{ "vm.hwConfig.irqs", hw->irqs.n, other_machines },
	};

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (refused[i].given)
			return refuse(p, refused[i].member, refused[i].why);
	return 0;
}

static int check_image(struct planner *p, const struct spec_vm_image *image)
{
	if (!image)
		return 0;
	if (image->format != IMAGE_RAW)
		return lc_err(p->e, LC_EUNSUPPORTED, "vm.image.format: not supported: %s",
			      word_name(image_format_words, (int)image->format));
	return lc_err(p->e, LC_EUNSUPPORTED,
		      "vm.image.path: not supported: the root file system of hull's machines is "
		      "root.path, found \"%s\"",
		      image->path);
}

static int check_section(struct planner *p, const struct spec_vm *vm)
{
	if (check_hypervisor(p, vm->hypervisor) < 0 || check_image(p, vm->image) < 0)
		return -1;
	return vm->hwConfig ? check_hardware(p, vm->hwConfig) : 0;
}

/* It may turn the virtual machine on, never off: a configuration is less trusted than its engine.
 */
static int check_annotation(struct planner *p)
{
	static const char key[] = "dev.hull.isolation";
	const char *value = annotation(p, key);

	if (!value || str_eq(value, "container"))
		return 0;
	if (!str_eq(value, "vm"))
		return lc_err(p->e, LC_ECONFIG,
			      "annotations.%s: expected container or vm, found \"%s\"", key, value);
	p->plan->vm = true;
	return 0;
}

/* ---- annotations of the machine ---- */

#define PREFIX "dev.hull.vm."

static int set_kernel(struct planner *p, struct plan_machine *m, const char *value)
{
	if (*value != '/')
		return lc_err(p->e, LC_ECONFIG, "expected an absolute path, found \"%s\"", value);
	m->kernel = arena_strdup(p->a, value);
	m->initrd = NULL; /* another kernel's */
	return 0;
}

static int set_memory(struct planner *p, struct plan_machine *m, const char *value)
{
	m->memory.set = str_u64(value, &m->memory.v);
	if (m->memory.set)
		return 0;
	return lc_err(p->e, LC_ECONFIG, "expected a number of bytes, found \"%s\"", value);
}

static int set_vcpus(struct planner *p, struct plan_machine *m, const char *value)
{
	m->vcpus.set = str_u32(value, &m->vcpus.v) && m->vcpus.v > 0;
	if (m->vcpus.set)
		return 0;
	return lc_err(p->e, LC_ECONFIG, "expected a number of processors, found \"%s\"", value);
}

/* On is for the machine's administrator to say. */
static int set_template(struct planner *p, struct plan_machine *m, const char *value)
{
	m->no_template = str_eq(value, "off");
	if (m->no_template)
		return 0;
	return lc_err(p->e, LC_ECONFIG, "expected off, found \"%s\"", value);
}

static const struct machine_annotation {
	const char *name;
	int (*set)(struct planner *p, struct plan_machine *m, const char *value);
} machine_annotations[] = {
	{ "kernel", set_kernel },
	{ "memory", set_memory },
	{ "vcpus", set_vcpus },
	{ "template", set_template },
};

/* They come from whoever may write a pod: what this machine's administrator has not allowed is
 * refused, whether a virtual machine is made or not. */
static int apply_annotation(struct planner *p, const char *key, const char *value)
{
	const struct machine_annotation *known = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(machine_annotations); i++)
		if (!strcmp(machine_annotations[i].name, key + strlen(PREFIX)))
			known = &machine_annotations[i];
	if (!known)
		return lc_err(p->e, LC_ECONFIG,
			      "annotations.%s: there is no such annotation; of " PREFIX
			      "* there are kernel, memory, vcpus and template",
			      key);
	if (!str_has_word(p->options->vm_annotations, key))
		return lc_err(p->e, LC_EUNSUPPORTED,
			      "annotations.%s: refused: hull.conf does not allow it "
			      "(vm.annotations = %s)",
			      key, key);
	if (known->set(p, &p->plan->machine, value) < 0)
		return lc_err_in(p->e, "annotations.%s", key);
	return 0;
}

static void take_section(const struct spec_vm *vm, struct plan_machine *m)
{
	if (vm->kernel)
		*m = (struct plan_machine){ .kernel = vm->kernel->path,
					    .initrd = vm->kernel->initrd,
					    .parameters = vm->kernel->parameters };
	if (vm->hwConfig) {
		m->memory = vm->hwConfig->memory;
		m->vcpus = vm->hwConfig->vcpus;
	}
}

static int describe_machine(struct planner *p)
{
	const struct pairs *all = &p->spec->annotations;

	if (p->spec->vm)
		take_section(p->spec->vm, &p->plan->machine);
	for (size_t i = 0; i < all->n; i++)
		if (str_starts(all->v[i].key, PREFIX) &&
		    apply_annotation(p, all->v[i].key, all->v[i].value) < 0)
			return -1;
	return 0;
}

int planner_vm(struct planner *p)
{
	const struct spec_vm *vm = p->spec->vm;

	if (check_annotation(p) < 0 || describe_machine(p) < 0)
		return -1;
	if (!vm)
		return 0;
	p->plan->vm = true;
	return check_section(p, vm);
}
