/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processors' threads: KVM_RUN and what it comes back with. */
#include "cpu.h"
#include "machine.h"
#include "sys/confine.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KICK_SIGNAL SIGRTMAX

/* Only there to end KVM_RUN.  If somebody else sends this signal it is the container's: on to the
 * first thread, where it is blocked and read from a signalfd. */
static void on_kick(int sig, siginfo_t *info, void *context)
{
	pid_t self = getpid();

	(void)context;
	if (info->si_code != SI_TKILL || info->si_pid != self)
		syscall(SYS_tgkill, self, self, sig);
}

int cpu_signals(struct lc_error *e)
{
	struct sigaction sa = { .sa_sigaction = on_kick, .sa_flags = SA_SIGINFO };
	sigset_t set;

	sigfillset(&sa.sa_mask);
	sigemptyset(&set);
	sigaddset(&set, KICK_SIGNAL);
	if (sigaction(KICK_SIGNAL, &sa, NULL) < 0 || pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
		return lc_err_errno(e, "sigaction for virtual processors");
	return 0;
}

int cpu_init(struct cpu *c, struct machine *m, unsigned index, struct lc_error *e)
{
	void *run;

	c->machine = m;
	c->index = index;
	c->fd = kvm_cpu_create(&m->kvm, index, m->n_cpus, e);
	if (c->fd < 0)
		return -1;
	run = mmap(NULL, (size_t)m->kvm.run_size, PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, 0);
	if (run == MAP_FAILED)
		return lc_err_errno(e, "mmap virtual processor %u", index);
	c->run = run;
	return 0;
}

void cpu_release(struct cpu *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

static void device_access(struct machine *m, uint64_t addr, bool write, void *data, uint32_t len)
{
	uint64_t slot = (addr - MMIO_BASE) / MMIO_SLOT_SIZE;
	uint32_t offset = addr % MMIO_SLOT_SIZE;
	struct vdev *d;

	if (addr < MMIO_BASE || slot >= MMIO_SLOTS) {
		if (!write)
			memset(data, 0xff, len);
		return;
	}
	d = __atomic_load_n(&m->slots[slot], __ATOMIC_ACQUIRE); /* it may just be plugged in */
	if (!d) {
		if (!write)
			machine_empty_slot(offset, data, len);
		return;
	}
	if (write)
		mmio_write(d, offset, data, len);
	else
		mmio_read(d, offset, data, len);
}

static void port_access(struct cpu *c)
{
	struct kvm_run *run = c->run;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;
	bool out = run->io.direction == KVM_EXIT_IO_OUT;
	struct machine *m = c->machine;

	for (uint32_t i = 0; i < run->io.count; i++, data += run->io.size) {
		uint16_t port = run->io.port;

		if (m->with_serial && port >= SERIAL_PORT && port < SERIAL_PORT + SERIAL_PORTS)
			machine_serial(m, port, out, data);
		else if (!out)
			memset(data, 0xff, run->io.size);
	}
}

/* False when the machine has come to its end. */
static bool handle_exit(struct cpu *c)
{
	struct kvm_run *run = c->run;
	struct machine *m = c->machine;

	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		port_access(c);
		return true;
	case KVM_EXIT_MMIO:
		device_access(m, run->mmio.phys_addr, run->mmio.is_write, run->mmio.data,
			      run->mmio.len);
		return true;
	case KVM_EXIT_HLT:
	case KVM_EXIT_IRQ_WINDOW_OPEN:
	case KVM_EXIT_INTR:
		return true;
	case KVM_EXIT_SHUTDOWN: /* a triple fault: how the guest reboots (reboot=t) */
	case KVM_EXIT_SYSTEM_EVENT:
		machine_end(m, MACHINE_SHUTDOWN, run->exit_reason);
		return false;
	case KVM_EXIT_INTERNAL_ERROR:
		machine_end(m, MACHINE_FAILED, 1000 + run->internal.suberror);
		return false;
	default:
		machine_end(m, MACHINE_FAILED, run->exit_reason);
		return false;
	}
}

static void *cpu_main(void *arg)
{
	struct cpu *c = arg;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, KICK_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	__atomic_store_n(&c->tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	confine_thread_or_end(CONFINE_CPU);
	for (;;) {
		machine_wait_resumed(c->machine, c);
		if (ioctl(c->fd, KVM_RUN, 0) < 0) {
			if (errno == EINTR || errno == EAGAIN)
				continue;
			machine_end(c->machine, MACHINE_FAILED, (unsigned)errno);
			return NULL;
		}
		if (!handle_exit(c))
			return NULL;
	}
}

/* KVM does that when it is entered, and then it has been interrupted already. */
int cpu_settle(struct cpu *c, struct lc_error *e)
{
	do {
		c->run->immediate_exit = 1;
		if (ioctl(c->fd, KVM_RUN, 0) < 0)
			return errno == EINTR ? 0 : lc_err_errno(e, "KVM_RUN");
	} while (handle_exit(c));
	return lc_err(e, LC_ESYSTEM, "virtual processor %u has come to its end", c->index);
}

int cpu_start(struct cpu *c, struct lc_error *e)
{
	pthread_attr_t attr;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 10);
	err = pthread_create(&c->thread, &attr, cpu_main, c);
	pthread_attr_destroy(&attr);
	if (err) {
		errno = err;
		return lc_err_errno(e, "start virtual processor %u", c->index);
	}
	c->started = true;
	return 0;
}

void cpu_interrupt(struct cpu *c)
{
	pid_t tid = __atomic_load_n(&c->tid, __ATOMIC_ACQUIRE);

	c->run->immediate_exit = 1;
	if (tid) /* by tgkill(2), which the filter lets pass; musl's pthread_kill() takes tkill(2)
		  */
		syscall(SYS_tgkill, getpid(), tid, KICK_SIGNAL);
}
