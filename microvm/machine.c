/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts the machine together, runs it, stops it. */
#include "machine.h"
#include "acpi.h"
#include "base/own.h"
#include "boot.h"
#include "sys/confine.h"

#include <errno.h>
#include <linux/virtio_mmio.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

/* In front of what the caller appends: a reset is a triple fault, which KVM reports; a panic resets
 * at once; there is no PCI bus, keyboard or legacy hardware to look for. */
#define CMDLINE \
	"reboot=t panic=-1 pci=off i8042.noaux i8042.nokbd i8042.nopnp no_timer_check " \
	"tsc=reliable " \
	"random.trust_cpu=on"

static void ended(struct source *s, uint32_t events)
{
	struct machine *m = (struct machine *)((char *)s - offsetof(struct machine, ended));

	(void)events;
	m->loop.stop = true;
}

/* Connects a device's interrupt and kick, and has the loop serve it (but for the file system,
 * which has a thread).  The guest does not see it yet. */
static int connect(struct machine *m, unsigned slot, struct vdev *d, struct lc_error *e)
{
	uint64_t page = MMIO_BASE + (uint64_t)slot * MMIO_SLOT_SIZE;

	if (kvm_irqfd(&m->kvm, d->irq_fd, MMIO_GSI + slot, e) < 0 ||
	    kvm_ioeventfd(&m->kvm, d->kick.fd, page + VIRTIO_MMIO_QUEUE_NOTIFY, e) < 0)
		return -1;
	return d == &m->fs.dev ? 0 : loop_add(&m->loop, &d->kick, EPOLLIN, e);
}

static int plug(struct machine *m, unsigned slot, struct vdev *d, struct lc_error *e)
{
	m->slots[slot] = d;
	return connect(m, slot, d, e);
}

static int plug_nets(struct machine *m, const struct vmm_options *o, struct lc_error *e)
{
	_Static_assert(SLOT_FREE + VMM_NETS_MAX <= MMIO_SLOTS, "each has a slot");
	for (unsigned i = 0; i < o->n_nets; i++) {
		const struct vmm_net *net = &o->nets[i];

		if (net_init(&m->nets[i], &m->memory, &m->loop, net->fd, e) < 0 ||
		    connect(m, SLOT_FREE + i, &m->nets[i].dev, e) < 0)
			return -1;
		if (net->is_there && machine_net(m, i, net->mac, e) < 0)
			return -1;
	}
	return 0;
}

int machine_net(struct machine *m, unsigned i, const uint8_t mac[6], struct lc_error *e)
{
	if (i >= VMM_NETS_MAX || !m->nets[i].loop)
		return lc_err(e, LC_EINTERNAL, "there is no network device %u", i);
	if (net_attach(&m->nets[i], mac, e) < 0)
		return -1;
	__atomic_store_n(&m->slots[SLOT_FREE + i], &m->nets[i].dev, __ATOMIC_RELEASE);
	return 0;
}

static int plug_devices(struct machine *m, const struct vmm_options *o, struct lc_error *e)
{
	if (console_init(&m->console, &m->memory, &m->loop, o->console, o->port, e) < 0 ||
	    plug(m, SLOT_CONSOLE, &m->console.dev, e) < 0)
		return -1;
	if (rng_init(&m->rng, &m->memory, e) < 0 || plug(m, SLOT_RNG, &m->rng.dev, e) < 0)
		return -1;
	/* A template has its driver, and nobody behind it. */
	if ((o->broker >= 0 || o->save_state >= 0 || o->template_state >= 0) &&
	    (fs_init(&m->fs, &m->memory, o->broker, e) < 0 || plug(m, SLOT_FS, &m->fs.dev, e) < 0))
		return -1;
	return plug_nets(m, o, e);
}

static int init_serial(struct machine *m, const struct vmm_options *o, struct lc_error *e)
{
	m->with_serial = o->debug;
	if (!o->debug)
		return 0;
	m->serial.out = o->console;
	m->serial.irq_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (m->serial.irq_fd < 0)
		return lc_err_errno(e, "eventfd for the serial port");
	return kvm_irqfd(&m->kvm, m->serial.irq_fd, SERIAL_GSI, e);
}

static int init_end(struct machine *m, struct lc_error *e)
{
	m->ended = (struct source){ .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .ready = ended };
	if (m->ended.fd < 0)
		return lc_err_errno(e, "eventfd");
	return loop_add(&m->loop, &m->ended, EPOLLIN, e);
}

int machine_init(struct machine *m, const struct vmm_options *o, const struct snapshot *from,
		 struct lc_error *e)
{
	int r = from ? memory_init_from(&m->memory, from, o->template_memory, e)
		     : memory_init(&m->memory, o->memory, e);

	pthread_mutex_init(&m->serial_lock, NULL);
	pthread_mutex_init(&m->pause_lock, NULL);
	pthread_cond_init(&m->paused, NULL);
	pthread_cond_init(&m->resumed, NULL);
	m->n_cpus = o->cpus;
	m->saves = o->save_state >= 0;
	if (r < 0 || loop_init(&m->loop, e) < 0 || kvm_init(&m->kvm, o->kvm, e) < 0 ||
	    kvm_set_memory(&m->kvm, &m->memory, e) < 0 || init_serial(m, o, e) < 0 ||
	    plug_devices(m, o, e) < 0 || init_end(m, e) < 0)
		return -1;
	for (unsigned i = 0; i < m->n_cpus; i++)
		if (cpu_init(&m->cpus[i], m, i, e) < 0)
			return -1;
	return 0;
}

int machine_boot(struct machine *m, const struct vmm_options *o, struct lc_error *e)
{
	const struct acpi acpi = { .cpus = o->cpus, .serial = o->debug };
	char cmdline[BOOT_CMDLINE_MAX];
	struct boot b = { .kernel = o->kernel, .initrd = o->initrd, .cmdline = cmdline };
	struct kvm_entry entry = { 0 };
	int n = snprintf(cmdline, sizeof(cmdline), "%s %s %s", CMDLINE,
			 o->debug ? "console=ttyS0" : "quiet 8250.nr_uarts=0", o->append);

	if (n < 0 || (size_t)n >= sizeof(cmdline))
		return lc_err(e, LC_ECONFIG, "the kernel's command line is too long");
	if (boot_load(&b, &m->memory, &entry, e) < 0 || acpi_write(&acpi, &m->memory, e) < 0)
		return -1;
	return kvm_cpu_enter(m->cpus[0].fd, &m->memory, &entry, e);
}

int machine_run(struct machine *m, struct lc_error *e)
{
	if (cpu_signals(e) < 0)
		return -1;
	if (m->slots[SLOT_FS] && fs_start(&m->fs, e) < 0)
		return -1;
	for (unsigned i = 0; i < m->n_cpus; i++)
		if (cpu_start(&m->cpus[i], e) < 0)
			return -1;
	/* Nothing of the guest's has been looked at before. */
	if (confine_thread(m->saves ? CONFINE_SAVE : CONFINE_LOOP, e) < 0)
		return -1;
	return loop_run(&m->loop, e);
}

void machine_end(struct machine *m, enum machine_end end, unsigned reason)
{
	pthread_mutex_lock(&m->pause_lock);
	if (m->end == MACHINE_RUNS) {
		m->end = end;
		m->end_reason = reason;
	}
	pthread_mutex_unlock(&m->pause_lock);
	eventfd_write(m->ended.fd, 1);
}

void machine_pause(struct machine *m)
{
	pthread_mutex_lock(&m->pause_lock);
	m->pause = true;
	for (unsigned i = 0; i < m->n_cpus; i++)
		cpu_interrupt(&m->cpus[i]);
	for (unsigned i = 0; i < m->n_cpus; i++)
		while (m->cpus[i].started && !m->cpus[i].parked)
			pthread_cond_wait(&m->paused, &m->pause_lock);
	pthread_mutex_unlock(&m->pause_lock);
}

void machine_resume(struct machine *m)
{
	pthread_mutex_lock(&m->pause_lock);
	m->pause = false;
	for (unsigned i = 0; i < m->n_cpus; i++) {
		m->cpus[i].run->immediate_exit = 0;
		/* So that the guest's watchdog knows that it was stopped; not every guest cares. */
		ioctl(m->cpus[i].fd, KVM_KVMCLOCK_CTRL, 0);
	}
	pthread_cond_broadcast(&m->resumed);
	pthread_mutex_unlock(&m->pause_lock);
}

void machine_wait_resumed(struct machine *m, struct cpu *c)
{
	if (!__atomic_load_n(&m->pause, __ATOMIC_ACQUIRE))
		return;
	pthread_mutex_lock(&m->pause_lock);
	while (m->pause) {
		c->parked = true;
		pthread_cond_signal(&m->paused);
		pthread_cond_wait(&m->resumed, &m->pause_lock);
	}
	c->parked = false;
	pthread_mutex_unlock(&m->pause_lock);
}

void machine_serial(struct machine *m, uint16_t port, bool out, uint8_t *data)
{
	pthread_mutex_lock(&m->serial_lock);
	if (out)
		serial_write(&m->serial, port, *data);
	else
		*data = serial_read(&m->serial, port);
	pthread_mutex_unlock(&m->serial_lock);
}

void machine_empty_slot(uint32_t offset, void *data, uint32_t len)
{
	uint32_t v = 0;

	memset(data, 0, len);
	if (offset == VIRTIO_MMIO_MAGIC_VALUE)
		v = 0x74726976;
	else if (offset == VIRTIO_MMIO_VERSION)
		v = 2;
	if (len == 4)
		memcpy(data, &v, sizeof(v));
}
