/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VM mode before there is a machine: what of a plan is whose, kernels, plans on their way. */
#include "base/str.h"
#include "json/encode.h"
#include "lc_test.h"
#include "microvm/kernel.h"
#include "microvm/launch.h"
#include "microvm/order.h"
#include "microvm/translate.h"
#include "plan-host.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#define S(text) ((char *)(text)) /* plans own their strings */

static struct lc_error e;
static struct arena a;

static struct plan_cgroup_file files[8];
static struct plan_mount mounts[2];
static char *args[] = { S("true"), NULL };
static struct plan_process process = { .args = { args, 1 }, .cwd = S("/") };

static struct plan plan_of_container(void)
{
	struct plan plan = { .id = S("x"),
			     .bundle = S("/b"),
			     .root = { .path = S("/b/rootfs") },
			     .process = &process,
			     .vm = true,
			     .cgroup = {
				     .driver = CGROUP_SYSTEMD, .slice = S("s"), .scope = S("c") } };

	for (int i = 0; i < NS_TYPES; i++) {
		plan.ns.of[i].type = (enum ns_type)i;
		plan.ns.of[i].how = i == NS_USER || i == NS_TIME ? NS_INHERIT : NS_NEW;
	}
	mounts[0] =
		(struct plan_mount){ .kind = MOUNT_FS, .target = S("/proc"), .fstype = S("proc") };
	mounts[1] = (struct plan_mount){ .kind = MOUNT_BIND,
					 .target = S("/data"),
					 .source = S("/srv") };
	plan.mounts.v = mounts;
	plan.mounts.n = 2;
	plan.cgroup.files.v = files;
	return plan;
}

static void limit(struct plan *plan, const char *file, const char *value)
{
	plan->cgroup.files.v[plan->cgroup.files.n++] =
		(struct plan_cgroup_file){ .file = (char *)file, .value = (char *)value };
}

static const char *value_of(const struct plan *plan, const char *file)
{
	for (size_t i = 0; i < plan->cgroup.files.n; i++)
		if (!strcmp(plan->cgroup.files.v[i].file, file))
			return plan->cgroup.files.v[i].value;
	return "none";
}

TEST(limits_go_where_they_are_counted)
{
	struct plan plan = plan_of_container();
	struct vm_machine m;

	limit(&plan, "memory.max", "134217728");
	limit(&plan, "pids.max", "100");
	limit(&plan, "cpu.max", "150000 100000");
	limit(&plan, "io.weight", "50");
	CHECK_OK(vm_translate(&a, &plan, &m, &e), &e);
	CHECK_INT(m.memory_mib, 128 + VM_GUEST_MIB);
	CHECK(m.cpus == 2 || sysconf(_SC_NPROCESSORS_ONLN) < 2);
	CHECK_STR(value_of(m.guest, "memory.max"), "134217728");
	CHECK_STR(value_of(m.guest, "pids.max"), "100");
	CHECK_STR(value_of(m.guest, "io.weight"), "none");
	CHECK_STR(value_of(&plan, "memory.max"), "234881024"); /* and the guest, and the monitor */
	CHECK_STR(value_of(&plan, "memory.swap.max"), "0");
	CHECK_STR(value_of(&plan, "pids.max"), "none");
	CHECK_STR(value_of(&plan, "cpu.max"), "150000 100000");
	CHECK_STR(value_of(&plan, "io.weight"), "50");
}

/* The machine of a config.json with this section. */
static struct plan_machine machine_of(const char *hardware)
{
	char *text = arena_printf(&a,
				  "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"},\"vm\":{"
				  "\"kernel\":{\"path\":\"/k\",\"initrd\":\"/i\",\"parameters\":["
				  "\"one\",\"two=2\"]},\"hwConfig\":{%s}}}",
				  hardware);
	struct plan_options options = { .id = "x", .bundle = "/b" };
	struct plan_host host = root_host();
	struct plan plan;
	struct spec *spec;

	CHECK_OK(spec_load(&a, "c", text, strlen(text), NULL, &spec, &e), &e);
	CHECK_OK(plan_make(&a, spec, &options, &host, &plan, &e), &e);
	CHECK(plan.vm);
	return plan.machine;
}

TEST(the_section_says_what_machine_it_is)
{
	struct plan plan = plan_of_container();
	struct vm_machine m;

	plan.machine = machine_of("\"vcpus\":3,\"memory\":314572800");
	CHECK_OK(vm_translate(&a, &plan, &m, &e), &e);
	CHECK_STR(m.kernel, "/k");
	CHECK_STR(m.initrd, "/i");
	CHECK_INT(m.parameters.n, 2);
	CHECK_STR(m.parameters.v[1], "two=2");
	CHECK_INT(m.cpus, 3);
	CHECK_INT(m.memory_mib, 300);
	plan.machine = machine_of("\"vcpus\":65");
	CHECK_INT(vm_translate(&a, &plan, &m, &e), -1);
	CHECK_STR(e.msg, "vm.hwConfig.vcpus: expected at most 64, found 65");
}

/* A template that is made beforehand is for such a container. */
TEST(a_machine_of_which_nothing_is_said_is_that_of_a_container_without_limits)
{
	struct plan plan = plan_of_container();
	struct vm_machine m, other = { 0 };

	CHECK_OK(vm_translate(&a, &plan, &m, &e), &e);
	CHECK_OK(vm_default_size(&other, &e), &e);
	CHECK_INT(other.memory_mib, m.memory_mib);
	CHECK_INT(other.cpus, m.cpus);
}

TEST(templates_are_off_unless_somebody_says_so)
{
	struct plan plan = plan_of_container();
	struct vm_machine m;

	CHECK_OK(vm_translate(&a, &plan, &m, &e), &e);
	CHECK_INT(m.templates, VM_TEMPLATES_OFF);
	CHECK_INT(vm_templates_of(NULL), VM_TEMPLATES_OFF);
	CHECK_INT(vm_templates_of("off"), VM_TEMPLATES_OFF);
	CHECK_INT(vm_templates_of("nonsense"), VM_TEMPLATES_OFF);
	CHECK_INT(vm_templates_of("use"), VM_TEMPLATES_USE);
	CHECK_INT(vm_templates_of("make"), VM_TEMPLATES_MAKE);
}

TEST(the_guest_sees_the_export_and_no_systemd)
{
	struct plan plan = plan_of_container();
	struct vm_machine m;

	CHECK_OK(vm_translate(&a, &plan, &m, &e), &e);
	CHECK_STR(m.guest->root.path, "/hull/root");
	CHECK_STR(m.guest->mounts.v[1].source, "/hull/vol/1");
	CHECK_STR(plan.mounts.v[1].source, "/srv");
	CHECK_INT(m.guest->cgroup.driver, CGROUP_FS);
	CHECK_INT(plan.cgroup.driver, CGROUP_SYSTEMD);
	CHECK_INT(m.guest->ns.of[NS_NETWORK].how, NS_INHERIT);
	CHECK(m.guest->loopback_up);
}

TEST(what_a_machine_cannot_have_is_refused_by_name)
{
	struct plan_device device = { .path = S("/dev/sda"), .type = 'b', .major = 8 };
	struct plan_process labelled = { .args = { args, 1 }, .apparmor = S("p") };
	struct plan cases[6];
	static const char *const wanted[] = {
		"linux.namespaces (ipc): not possible in a virtual machine",
		("linux.namespaces: not possible in a virtual machine: it cannot share the host's "
		 "network namespace"),
		"linux.devices (/dev/sda): not possible in a virtual machine",
		"process.apparmorProfile: not possible in a virtual machine",
		"linux.seccomp.listenerPath: not possible in a virtual machine",
		"hooks.createContainer: not possible in a virtual machine",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cases[i] = plan_of_container();
	cases[0].ns.of[NS_IPC].how = NS_JOIN;
	cases[1].ns.of[NS_NETWORK].how = NS_INHERIT;
	cases[2].devices.v = &device;
	cases[2].devices.n = 1;
	cases[3].process = &labelled;
	cases[4].seccomp.listener_path = S("/run/x");
	cases[5].hooks.create_container.n = 1;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct vm_machine m;

		e = (struct lc_error){ 0 };
		CHECK_INT(vm_translate(&a, &cases[i], &m, &e), -1);
		CHECK_CONTAINS(e.msg, wanted[i]);
	}
}

TEST(more_memory_than_the_machine_has_is_refused)
{
	struct plan plan = plan_of_container(), *guest;

	limit(&plan, "memory.max", "268435456");
	CHECK_INT(vm_translate_update(&a, &plan, 234881024, &guest, &e), -1);
	CHECK_CONTAINS(e.msg, "at most 134217728 bytes");
	plan.cgroup.files.v[0].value = S("67108864");
	CHECK_OK(vm_translate_update(&a, &plan, 234881024, &guest, &e), &e);
	CHECK_STR(value_of(guest, "memory.max"), "67108864");
	CHECK_STR(value_of(&plan, "memory.max"), "none");
}

TEST(an_order_arrives_as_it_was_sent)
{
	struct plan plan = plan_of_container();
	struct order order = { .plan = &plan,
			       .exec = true,
			       .keep_newlines = true,
			       .state = S("{\"pid\":") },
		     got;
	size_t len;
	char *text = order_encode(&a, &order, &len);

	CHECK_OK(order_decode(&a, text, len, &got, &e), &e);
	CHECK(got.exec);
	CHECK(got.keep_newlines);
	CHECK_STR(got.state, "{\"pid\":");
	CHECK_STR(got.plan->root.path, "/b/rootfs");
	CHECK_STR(got.plan->process->args.v[0], "true");
	CHECK_INT(got.plan->mounts.n, 2);
	CHECK(got.plan->process->env.v != NULL); /* room for HOME */
}

/* From its first byte on, and in a way that whoever gets the master can tell. */
TEST(the_terminal_on_the_host_passes_everything_as_it_is)
{
	const struct plan_process p = { .console_height = 12, .console_width = 34 };
	int pair[2], slave, master = -1;
	struct winsize size;
	struct termios t;
	char name[32];
	size_t n = 0;

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	slave = launch_terminal(pair[0], &p, &e);
	CHECK_OK(slave, &e);
	CHECK_INT(fd_recv(pair[1], name, sizeof(name), &master, 1, &n), 9);
	CHECK_INT(tcgetattr(master, &t), 0);
	CHECK_INT(t.c_lflag & (ICANON | ECHO | ISIG | EXTPROC), EXTPROC);
	CHECK_INT(t.c_oflag & OPOST, 0);
	CHECK_INT(ioctl(slave, TIOCGWINSZ, &size), 0);
	CHECK_INT(size.ws_row, 12);
	CHECK_INT(size.ws_col, 34);
	close(pair[0]);
	close(pair[1]);
	close(slave);
	close(master);
}

static char *image(const char *version)
{
	char *path = arena_printf(&a, "%s/vmlinuz", test_dir()), data[0x400] = "";
	uint16_t at = 0x100;
	int fd = openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	memcpy(data + 0x202, "HdrS", 4);
	memcpy(data + 0x20e, &at, 2);
	memcpy(data + 0x300, version, strlen(version));
	CHECK_INT(write(fd, data, sizeof(data)), sizeof(data));
	close(fd);
	return path;
}

TEST(a_kernel_image_tells_its_release)
{
	struct vm_kernel k;
	char *path = image("6.1.0-56-cloud-amd64 (debian) #1");

	CHECK_STR(vm_kernel_release(&a, path), "6.1.0-56-cloud-amd64");
	CHECK_OK(vm_kernel_find(&a, path, &k, &e), &e);
	CHECK_STR(k.path, path);
	CHECK(!vm_kernel_release(&a, image("../../etc")));
	CHECK(!vm_kernel_release(&a, "/dev/null"));
	CHECK_INT(vm_kernel_find(&a, "/nowhere", &k, &e), -1);
	CHECK_CONTAINS(e.msg, "kernel /nowhere: no such file or directory");
}
