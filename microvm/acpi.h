/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ACPI tables of a hardware-reduced machine (ACPI 6.4, 4.1): processors, the IO-APIC, one LNRO0005
 * per virtio-mmio slot, and a serial port if there is one. */
#ifndef MICROVM_ACPI_H
#define MICROVM_ACPI_H

#include "memory.h"

struct acpi {
	unsigned cpus;
	bool serial;
};

/* Writes the tables at BOOT_ACPI, the RSDP first. */
int acpi_write(const struct acpi *a, const struct memory *m, struct lc_error *e) lc_checked;

#endif
