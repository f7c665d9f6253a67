/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes the ACPI tables (ACPI 6.4, chapters 5, 19 and 20) straight into guest memory. */
#include "acpi.h"
#include "boot.h"
#include "mmio.h"
#include "serial.h"

#include <string.h>

/* Where the next byte goes; running over the end is remembered, not written. */
struct out {
	uint8_t *base;
	size_t size, at;
	bool full;
};

static void put(struct out *o, const void *data, size_t n)
{
	if (o->full || n > o->size - o->at) {
		o->full = true;
		return;
	}
	memcpy(o->base + o->at, data, n);
	o->at += n;
}

static void put8(struct out *o, uint8_t v)
{
	put(o, &v, 1);
}

static void put16(struct out *o, uint16_t v)
{
	put(o, &v, 2);
}

static void put32(struct out *o, uint32_t v)
{
	put(o, &v, 4);
}

static void put64(struct out *o, uint64_t v)
{
	put(o, &v, 8);
}

static void zeros(struct out *o, size_t n)
{
	while (n--)
		put8(o, 0);
}

static void checksum(const struct out *o, size_t start, size_t len, size_t where)
{
	uint8_t sum = 0;

	if (o->full)
		return;
	for (size_t i = 0; i < len; i++)
		sum += o->base[start + i];
	o->base[where] -= sum;
}

/* ---- tables (5.2.6) ---- */

enum { HEADER_SIZE = 36, LENGTH_AT = 4, CHECKSUM_AT = 9 };

static size_t begin_table(struct out *o, const char *signature, uint8_t revision)
{
	size_t start;

	zeros(o, -o->at & 15);
	start = o->at;
	put(o, signature, 4);
	put32(o, 0);
	put8(o, revision);
	put8(o, 0);
	put(o, "HULL  HULLVMM ", 14);
	put32(o, 1);
	put(o, "HULL", 4);
	put32(o, 1);
	return start;
}

static uint64_t end_table(struct out *o, size_t start)
{
	uint32_t len = (uint32_t)(o->at - start);

	if (!o->full)
		memcpy(o->base + start + LENGTH_AT, &len, sizeof(len));
	checksum(o, start, len, start + CHECKSUM_AT);
	return BOOT_ACPI + start;
}

/* ---- AML (20.2) ---- */

/* Begins what has a length in front; always the four-byte form (20.2.4). */
static size_t begin_package(struct out *o)
{
	size_t start = o->at;

	zeros(o, 4);
	return start;
}

static void end_package(struct out *o, size_t start)
{
	size_t len = o->at - start;

	if (o->full)
		return;
	o->base[start] = (uint8_t)(3 << 6 | (len & 15));
	o->base[start + 1] = (uint8_t)(len >> 4);
	o->base[start + 2] = (uint8_t)(len >> 12);
	o->base[start + 3] = (uint8_t)(len >> 20);
}

static void name_op(struct out *o, const char *name)
{
	put8(o, 0x08);
	put(o, name, 4);
}

static void name_byte(struct out *o, const char *name, uint8_t v)
{
	name_op(o, name);
	put8(o, 0x0a);
	put8(o, v);
}

/* Name (_CRS, ResourceTemplate () { @resources }). */
static void name_crs(struct out *o, const struct out *resources)
{
	size_t package;

	name_op(o, "_CRS");
	put8(o, 0x11); /* Buffer */
	package = begin_package(o);
	put8(o, 0x0b);
	put16(o, (uint16_t)(resources->at + 2));
	put(o, resources->base, resources->at);
	put16(o, 0x0079); /* end tag, no checksum */
	end_package(o, package);
}

/* Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive) { @gsi } (6.4.3.6). */
static void resource_interrupt(struct out *o, uint32_t gsi)
{
	put8(o, 0x89);
	put16(o, 6);
	put8(o, 0x03);
	put8(o, 1);
	put32(o, gsi);
}

static size_t begin_device(struct out *o, const char *name)
{
	size_t package;

	put16(o, 0x825b);
	package = begin_package(o);
	put(o, name, 4);
	return package;
}

static void virtio_device(struct out *o, unsigned slot)
{
	const char name[4] = { 'V', 'I', '0', (char)('A' + slot) };
	uint8_t buffer[64];
	struct out crs = { .base = buffer, .size = sizeof(buffer) };
	size_t device = begin_device(o, name);

	name_op(o, "_HID");
	put8(o, 0x0d);
	put(o, "LNRO0005", 9);
	name_byte(o, "_UID", (uint8_t)slot);
	name_byte(o, "_CCA", 1);
	put8(&crs, 0x86); /* Memory32Fixed (ReadWrite, ...) (6.4.3.4) */
	put16(&crs, 9);
	put8(&crs, 1);
	put32(&crs, (uint32_t)MMIO_BASE + slot * MMIO_SLOT_SIZE);
	put32(&crs, MMIO_SLOT_SIZE);
	resource_interrupt(&crs, MMIO_GSI + slot);
	name_crs(o, &crs);
	end_package(o, device);
}

static void serial_device(struct out *o)
{
	uint8_t buffer[64];
	struct out crs = { .base = buffer, .size = sizeof(buffer) };
	size_t device = begin_device(o, "COM1");

	name_op(o, "_HID");
	put8(o, 0x0c);
	put32(o, 0x0105d041); /* EISAID ("PNP0501") */
	name_byte(o, "_UID", 0);
	put8(&crs, 0x47); /* IO (Decode16, ...) (6.4.2.5) */
	put8(&crs, 1);
	put16(&crs, SERIAL_PORT);
	put16(&crs, SERIAL_PORT);
	put8(&crs, 1);
	put8(&crs, 8);
	resource_interrupt(&crs, SERIAL_GSI);
	name_crs(o, &crs);
	end_package(o, device);
}

static uint64_t write_dsdt(struct out *o, const struct acpi *a)
{
	size_t table = begin_table(o, "DSDT", 2), scope;

	put8(o, 0x10);
	scope = begin_package(o);
	put(o, "_SB_", 4);
	for (unsigned i = 0; i < MMIO_SLOTS; i++)
		virtio_device(o, i);
	if (a->serial)
		serial_device(o);
	end_package(o, scope);
	return end_table(o, table);
}

/* 5.2.9.  Without NO_CMOS_RTC the guest polls port 0x71 forty thousand times. */
static uint64_t write_fadt(struct out *o, uint64_t dsdt)
{
	enum {
		NO_VGA = 1 << 2,
		NO_CMOS_RTC = 1 << 5, /* IAPC_BOOT_ARCH */
		WBINVD = 1 << 0,
		PROC_C1 = 1 << 2,
		NO_POWER_BUTTON = 1 << 4,
		NO_SLEEP_BUTTON = 1 << 5,
		HW_REDUCED = 1 << 20,
	};
	size_t table = begin_table(o, "FACP", 6);

	zeros(o, 4);
	put32(o, (uint32_t)dsdt);
	zeros(o, 109 - 44);
	put16(o, NO_VGA | NO_CMOS_RTC);
	put8(o, 0);
	put32(o, WBINVD | PROC_C1 | NO_POWER_BUTTON | NO_SLEEP_BUTTON | HW_REDUCED);
	zeros(o, 140 - 116);
	put64(o, dsdt);
	zeros(o, 276 - 148);
	return end_table(o, table);
}

/* 5.2.12: a local APIC per processor, one IO-APIC. */
static uint64_t write_madt(struct out *o, const struct acpi *a)
{
	size_t table = begin_table(o, "APIC", 4);

	put32(o, 0xfee00000);
	put32(o, 0);
	for (unsigned i = 0; i < a->cpus; i++) {
		put16(o, 0x0800);
		put8(o, (uint8_t)i);
		put8(o, (uint8_t)i);
		put32(o, 1);
	}
	put16(o, 0x0c01);
	put16(o, 0);
	put32(o, 0xfec00000);
	put32(o, 0);
	return end_table(o, table);
}

/* 5.2.5.3, at the very beginning, where the kernel is told to look. */
static void write_rsdp(struct out *o, uint64_t xsdt)
{
	put(o, "RSD PTR ", 8);
	put8(o, 0);
	put(o, "HULL  ", 6);
	put8(o, 2);
	put32(o, 0);
	put32(o, 36);
	put64(o, xsdt);
	put32(o, 0);
	checksum(o, 0, 20, 8);
	checksum(o, 0, 36, 32);
}

int acpi_write(const struct acpi *a, const struct memory *m, struct lc_error *e)
{
	struct out o = {
		.base = memory_at(m, BOOT_ACPI, BOOT_ACPI_SIZE),
		.size = BOOT_ACPI_SIZE,
		.at = 64, /* behind the RSDP */
	};
	struct out rsdp = { .base = o.base, .size = 64 };
	uint64_t fadt, madt;
	size_t xsdt;

	if (!o.base)
		return lc_err(e, LC_EINTERNAL, "no room for ACPI tables");
	fadt = write_fadt(&o, write_dsdt(&o, a));
	madt = write_madt(&o, a);
	xsdt = begin_table(&o, "XSDT", 1);
	put64(&o, fadt);
	put64(&o, madt);
	write_rsdp(&rsdp, end_table(&o, xsdt));
	return o.full ? lc_err(e, LC_EINTERNAL, "the ACPI tables do not fit") : 0;
}
