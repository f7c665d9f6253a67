/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of an x86-64 machine, saved and restored. */
#include "state.h"
#include "base/file.h"
#include "base/own.h"

#include <linux/virtio_mmio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

enum { MSRS_MAX = 512, CHIPS = 3 };

enum {
	MSR_TSC = 0x10,
	MSR_TSC_DEADLINE = 0x6e0,
	/* Hyper-V's, which no guest of ours has; some of them tell the time. */
	MSR_HYPERV = 0x40000000,
	MSR_HYPERV_END = 0x40000200,
};

struct machine_state {
	uint8_t cpuid[SHA256_SIZE];
	/* The guest's nanoseconds since its boot, and the TSC that all its processors had then. */
	uint64_t clock, tsc;
	uint32_t tsc_khz, unused;
	struct kvm_irqchip chips[CHIPS];
};

struct cpu_state {
	struct kvm_sregs sregs;
	struct kvm_xcrs xcrs;
	uint32_t xsave[1024]; /* struct kvm_xsave without what only few processors have */
	struct kvm_regs regs;
	struct kvm_lapic_state lapic;
	struct kvm_debugregs debugregs;
	struct kvm_vcpu_events events;
	struct kvm_mp_state mp_state;
	uint32_t n_msrs;
	struct kvm_msr_entry msrs[MSRS_MAX]; /* so many */
};

/* What one ioctl reads and another one writes, in the order of writing; the MSRs come between the
 * two halves: the timer's deadline needs the LAPIC to be there, and events may need MSRs. */
struct register_set {
	unsigned long get, set;
	size_t offset;
	const char *name;
};
#define SET(NAME, member) \
	{ \
		KVM_GET_##NAME, KVM_SET_##NAME, offsetof(struct cpu_state, member), #NAME \
	}
static const struct register_set before_msrs[] = {
	SET(SREGS, sregs), SET(XCRS, xcrs), SET(XSAVE, xsave), SET(REGS, regs), SET(LAPIC, lapic),
};
static const struct register_set after_msrs[] = {
	SET(DEBUGREGS, debugregs),
	SET(VCPU_EVENTS, events),
	SET(MP_STATE, mp_state),
};

/* A device is saved with what is its own. */
enum { CONSOLE_OPENED = 1 };

static size_t size_of(const struct cpu_state *c)
{
	return offsetof(struct cpu_state, msrs) + c->n_msrs * sizeof(*c->msrs);
}

/* ---- MSRs ---- */

/* As struct kvm_msr_list. */
static struct {
	uint32_t n, indices[MSRS_MAX];
} known;

/* As struct kvm_msrs, for one. */
struct msr {
	uint32_t n, unused;
	struct kvm_msr_entry v;
};

int state_prepare(struct machine *m, struct lc_error *e)
{
	known.n = MSRS_MAX;
	if (ioctl(m->kvm.dev, KVM_GET_MSR_INDEX_LIST, &known) < 0)
		return lc_err_errno(e, "KVM_GET_MSR_INDEX_LIST");
	/* More state than the old call tells: only with features that a process asks for. */
	if (ioctl(m->kvm.dev, KVM_CHECK_EXTENSION, KVM_CAP_XSAVE2) > (int)sizeof(struct kvm_xsave))
		return lc_err(e, LC_EUNSUPPORTED,
			      "this processor has registers that are not saved");
	return 0;
}

static int get_msr(int fd, uint32_t index, uint64_t *value)
{
	struct msr one = { .n = 1, .v.index = index };

	if (ioctl(fd, KVM_GET_MSRS, &one) != 1)
		return -1;
	*value = one.v.data;
	return 0;
}

/* Of those that KVM names some cannot be read, which depends on the processor. */
static void save_msrs(int fd, struct cpu_state *c)
{
	c->n_msrs = 0;
	for (uint32_t i = 0; i < known.n; i++) {
		uint32_t index = known.indices[i];
		uint64_t value;

		if ((index >= MSR_HYPERV && index < MSR_HYPERV_END) ||
		    get_msr(fd, index, &value) < 0)
			continue;
		c->msrs[c->n_msrs++] = (struct kvm_msr_entry){ .index = index, .data = value };
	}
}

static int set_msr(int fd, uint32_t index, uint64_t value, struct lc_error *e)
{
	struct msr one = { .n = 1, .v = { .index = index, .data = value } };

	if (ioctl(fd, KVM_SET_MSRS, &one) != 1)
		return lc_err(e, LC_ESYSTEM, "KVM refuses %#llx for MSR %#x",
			      (unsigned long long)value, index);
	return 0;
}

/* The time first and the deadline last.  Some may be read and not written: they are as they were,
 * or the machine cannot be. */
static int restore_msrs(int fd, const struct cpu_state *c, uint64_t tsc, struct lc_error *e)
{
	uint64_t deadline = 0, now;

	if (set_msr(fd, MSR_TSC, tsc, e) < 0)
		return -1;
	for (uint32_t i = 0; i < c->n_msrs; i++) {
		const struct kvm_msr_entry *msr = &c->msrs[i];

		if (msr->index == MSR_TSC_DEADLINE)
			deadline = msr->data;
		else if (msr->index != MSR_TSC &&
			 (get_msr(fd, msr->index, &now) < 0 || now != msr->data) &&
			 set_msr(fd, msr->index, msr->data, e) < 0)
			return -1;
	}
	return deadline ? set_msr(fd, MSR_TSC_DEADLINE, deadline, e) : 0;
}

/* ---- processors ---- */

static int save_cpu(struct cpu *cpu, struct cpu_state *c, struct lc_error *e)
{
	const struct {
		const struct register_set *sets;
		size_t n;
	} halves[] = { { before_msrs, ARRAY_SIZE(before_msrs) },
		       { after_msrs, ARRAY_SIZE(after_msrs) } };

	memset(c, 0, sizeof(*c));
	for (size_t half = 0; half < ARRAY_SIZE(halves); half++)
		for (size_t i = 0; i < halves[half].n; i++) {
			const struct register_set *set = &halves[half].sets[i];

			if (ioctl(cpu->fd, set->get, (char *)c + set->offset) < 0)
				return lc_err_errno(e, "KVM_GET_%s", set->name);
		}
	save_msrs(cpu->fd, c);
	return 0;
}

static int set_registers(int fd, const struct register_set *sets, size_t n,
			 const struct cpu_state *c, struct lc_error *e)
{
	for (size_t i = 0; i < n; i++)
		if (ioctl(fd, sets[i].set, (const char *)c + sets[i].offset) < 0)
			return lc_err_errno(e, "KVM_SET_%s", sets[i].name);
	return 0;
}

static int restore_cpu(struct cpu *cpu, const struct snapshot_piece *piece,
		       const struct machine_state *m, struct lc_error *e)
{
	static struct cpu_state c;

	memset(&c, 0, sizeof(c));
	memcpy(&c, piece->data, piece->len < sizeof(c) ? piece->len : sizeof(c));
	if (c.n_msrs > MSRS_MAX || size_of(&c) != piece->len)
		return lc_err(e, LC_ESYSTEM, "another monitor's processor");
	/* Where the clock rate has changed a little with the host's boot this says so. */
	if (ioctl(cpu->fd, KVM_SET_TSC_KHZ, (unsigned long)m->tsc_khz) < 0)
		return lc_err_errno(e, "KVM_SET_TSC_KHZ %u", m->tsc_khz);
	if (set_registers(cpu->fd, before_msrs, ARRAY_SIZE(before_msrs), &c, e) < 0 ||
	    restore_msrs(cpu->fd, &c, m->tsc, e) < 0 ||
	    set_registers(cpu->fd, after_msrs, ARRAY_SIZE(after_msrs), &c, e) < 0)
		return -1;
	/* So that no watchdog minds; not every guest has asked to be told. */
	ioctl(cpu->fd, KVM_KVMCLOCK_CTRL, 0);
	return 0;
}

/* ---- the machine ---- */

static int save_machine(struct machine *m, struct machine_state *s, struct lc_error *e)
{
	struct kvm_clock_data clock = { 0 };
	int khz = ioctl(m->cpus[0].fd, KVM_GET_TSC_KHZ, 0);

	memset(s, 0, sizeof(*s));
	if (khz <= 0 || get_msr(m->cpus[0].fd, MSR_TSC, &s->tsc) < 0 ||
	    ioctl(m->kvm.vm, KVM_GET_CLOCK, &clock) < 0)
		return lc_err_errno(e, "KVM_GET_CLOCK");
	kvm_cpuid_digest(&m->kvm, s->cpuid);
	s->clock = clock.clock;
	s->tsc_khz = (uint32_t)khz;
	for (uint32_t i = 0; i < CHIPS; i++) {
		s->chips[i].chip_id = i;
		if (ioctl(m->kvm.vm, KVM_GET_IRQCHIP, &s->chips[i]) < 0)
			return lc_err_errno(e, "KVM_GET_IRQCHIP %u", i);
	}
	return 0;
}

static int read_machine(const struct snapshot *s, struct machine_state *out, struct lc_error *e)
{
	if (s->machine.len != sizeof(*out))
		return lc_err(e, LC_ESYSTEM, "another monitor's machine");
	memcpy(out, s->machine.data, sizeof(*out));
	for (uint32_t i = 0; i < CHIPS; i++)
		if (out->chips[i].chip_id != i)
			return lc_err(e, LC_ESYSTEM, "another monitor's interrupt controllers");
	return 0;
}

/* After the processors: an interrupt that is on its way goes to their LAPICs, as they are then. */
static int restore_machine(struct machine *m, const struct machine_state *s, struct lc_error *e)
{
	struct kvm_clock_data clock = { .clock = s->clock };

	for (uint32_t i = 0; i < CHIPS; i++)
		if (ioctl(m->kvm.vm, KVM_SET_IRQCHIP, &s->chips[i]) < 0)
			return lc_err_errno(e, "KVM_SET_IRQCHIP %u", i);
	if (ioctl(m->kvm.vm, KVM_SET_CLOCK, &clock) < 0)
		return lc_err_errno(e, "KVM_SET_CLOCK");
	return 0;
}

/* ---- devices ---- */

static int save_devices(struct machine *m, struct buf *b, struct lc_error *e)
{
	_Static_assert((int)MMIO_SLOTS == (int)SNAPSHOT_SLOTS, "each slot has its place");
	if (!console_is_quiet(&m->console) || m->fs.ready)
		return lc_err(e, LC_ESYSTEM, "the guest uses its devices");
	for (uint32_t i = 0; i < MMIO_SLOTS; i++) {
		struct vdev_state s;

		if (!m->slots[i])
			continue;
		if (vdev_save(m->slots[i], &s, e) < 0)
			return -1;
		s.own = i == SLOT_CONSOLE && m->console.opened ? CONSOLE_OPENED : 0;
		snapshot_add(b, PART_DEVICE, i, &s, sizeof(s));
	}
	return 0;
}

static int restore_devices(struct machine *m, const struct snapshot *s, struct lc_error *e)
{
	for (uint32_t i = 0; i < MMIO_SLOTS; i++) {
		const struct snapshot_piece *piece = &s->devices[i];
		struct vdev_state state;

		if (!piece->data && (!m->slots[i] || i >= SLOT_FREE))
			continue;
		if (!piece->data || !m->slots[i] || piece->len != sizeof(state))
			return lc_err(e, LC_ESYSTEM, "slot %u: saved with other devices", i);
		memcpy(&state, piece->data, sizeof(state));
		if (vdev_load(m->slots[i], &state, e) < 0)
			return -1;
		if (i == SLOT_CONSOLE)
			m->console.opened = state.own & CONSOLE_OPENED;
	}
	return 0;
}

/* ---- memory ---- */

/* Parts that are this close become one: each is a mapping of its own later. */
enum { GAP = 256 << 10, RUN = 1 << 20 };

struct map {
	struct snapshot_extent v[SNAPSHOT_EXTENTS];
	size_t n;
};

static void add_page(struct map *map, uint64_t at)
{
	struct snapshot_extent *last = map->n ? &map->v[map->n - 1] : NULL;

	if (last && (at - (last->at + last->len) <= GAP || map->n == SNAPSHOT_EXTENTS))
		last->len = at + SNAPSHOT_PAGE - last->at;
	else
		map->v[map->n++] = (struct snapshot_extent){ at, SNAPSHOT_PAGE };
}

static int write_run(int fd, const uint8_t *data, uint64_t at, uint64_t len, struct lc_error *e)
{
	while (len) {
		ssize_t n = pwrite(fd, data, len, (off_t)at);

		if (n < 0 && errno != EINTR)
			return lc_err_errno(e, "write a template's memory");
		if (n > 0) {
			data += n;
			at += (uint64_t)n;
			len -= (uint64_t)n;
		}
	}
	return 0;
}

/* Pages of zeros stay holes. */
static int save_memory(const struct memory *mem, int fd, struct map *map,
		       struct snapshot_head *head, struct lc_error *e)
{
	struct sha256 h = SHA256;
	uint64_t begun = 0, at;

	if (ftruncate(fd, (off_t)mem->size) < 0)
		return lc_err_errno(e, "a template's memory: ftruncate");
	for (at = 0; at < mem->size; at += SNAPSHOT_PAGE) {
		bool zero = snapshot_is_zero(mem->base + at);

		if (zero || at - begun == RUN) {
			if (write_run(fd, mem->base + begun, begun, at - begun, e) < 0)
				return -1;
			begun = zero ? at + SNAPSHOT_PAGE : at;
		}
		if (zero)
			continue;
		snapshot_hash_page(&h, at, mem->base + at);
		add_page(map, at);
	}
	if (write_run(fd, mem->base + begun, begun, at - begun, e) < 0)
		return -1;
	sha256_end(&h, head->digest);
	if (fsync(fd) < 0)
		return lc_err_errno(e, "a template's memory: fsync");
	return snapshot_identify(fd, &head->memory, e);
}

/* ---- all of it ---- */

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* As many digits as it takes: options.c has seen to it. */
static int read_key(const char *text, uint8_t key[SHA256_SIZE], struct lc_error *e)
{
	for (size_t i = 0; i < SHA256_SIZE; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return lc_err(e, LC_EUSAGE, "--key: expected digits from 0 to f");
		key[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

static int settle(struct machine *m, struct lc_error *e)
{
	machine_pause(m);
	for (unsigned i = 0; i < m->n_cpus; i++)
		if (cpu_settle(&m->cpus[i], e) < 0)
			return -1;
	return 0;
}

int state_save(struct machine *m, const struct vmm_options *o, struct lc_error *e)
{
	static struct map map;
	static struct cpu_state cpu;
	auto_arena a = { 0 };
	struct buf b = { .arena = &a };
	struct snapshot_head head = { .memory_mib = o->memory, .cpus = m->n_cpus };
	struct machine_state machine;

	if (read_key(o->key, head.key, e) < 0 || settle(m, e) < 0 ||
	    save_machine(m, &machine, e) < 0 ||
	    save_memory(&m->memory, o->save_memory, &map, &head, e) < 0)
		return -1;
	snapshot_begin(&b);
	snapshot_add(&b, PART_FACTS, 0, o->facts, strlen(o->facts));
	snapshot_add(&b, PART_EXTENTS, 0, map.v, map.n * sizeof(*map.v));
	snapshot_add(&b, PART_MACHINE, 0, &machine, sizeof(machine));
	for (unsigned i = 0; i < m->n_cpus; i++) {
		if (save_cpu(&m->cpus[i], &cpu, e) < 0)
			return -1;
		snapshot_add(&b, PART_CPU, i, &cpu, size_of(&cpu));
	}
	if (save_devices(m, &b, e) < 0)
		return -1;
	snapshot_end(&b, &head);
	if (fd_write_all(o->save_state, b.str, b.len) < 0 || fsync(o->save_state) < 0)
		return lc_err_errno(e, "write a template's state");
	return 0;
}

/* Before there is a machine, so that another one can be made in its place. */
static int check_processor(struct machine *m, const struct vmm_options *o, const struct snapshot *s,
			   struct lc_error *e)
{
	struct machine_state saved;
	uint8_t cpuid[SHA256_SIZE];

	if (read_machine(s, &saved, e) < 0 || kvm_read_cpuid(&m->kvm, o->kvm, e) < 0)
		return -1;
	kvm_cpuid_digest(&m->kvm, cpuid);
	return memcmp(cpuid, saved.cpuid, sizeof(cpuid))
		       ? lc_err(e, LC_ESYSTEM, "it was saved on a processor with other features")
		       : 0;
}

int state_open(struct machine *m, const struct vmm_options *o, struct arena *a,
	       struct snapshot *out, struct lc_error *e)
{
	uint8_t key[SHA256_SIZE];
	size_t len;
	char *text;

	if (lseek(o->template_state, 0, SEEK_SET) < 0)
		return lc_err_errno(e, "read a template's state");
	if (read_key(o->key, key, e) < 0 ||
	    file_read_fd(o->template_state, a, SNAPSHOT_MAX, &text, &len, e) < 0 ||
	    snapshot_parse(text, len, out, e) < 0)
		return -1;
	if (memcmp(key, out->head.key, sizeof(key)) != 0)
		return lc_err(e, LC_ESYSTEM, "it has another key");
	if (out->head.memory_mib != o->memory || out->head.cpus != o->cpus)
		return lc_err(e, LC_ESYSTEM, "%u MiB and %u processors were saved, not %u and %u",
			      out->head.memory_mib, out->head.cpus, o->memory, o->cpus);
	if (snapshot_check_memory(out, o->template_memory, e) < 0)
		return -1;
	return check_processor(m, o, out, e);
}

int state_restore(struct machine *m, const struct snapshot *s, struct lc_error *e)
{
	struct machine_state machine;

	if (read_machine(s, &machine, e) < 0)
		return -1;
	for (unsigned i = 0; i < m->n_cpus; i++)
		if (restore_cpu(&m->cpus[i], &s->cpus[i], &machine, e) < 0)
			return lc_err_in(e, "virtual processor %u", i);
	return restore_machine(m, &machine, e) < 0 ? -1 : restore_devices(m, s, e);
}
