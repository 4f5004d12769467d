// SPDX-License-Identifier: MIT
/*
 * Registering memory of the program itself, as hsa_amd_memory_lock does around every copy, beside doing so inside
 * memory that is registered already.
 */
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "dxgbench/machine.h"
#include "dxgbench/options.h"
#include "dxgbench/pin.h"
#include "dxgbench/report.h"

#define MIN(a, b) ((a) < (b) ? (a) : (b))

#define OFFSET	  1040 /* programs do not register whole pages */
#define LARGE	  20   /* times */
#define LARGE_LOW (16 * MIB)

bool pin(struct report *report, struct row *row, const struct machine *machine, void *address, uint64_t size)
{
	HsaMemFlags flags = {.Value = MEMORY_USER};
	HSAKMT_STATUS status = hsaKmtRegisterMemoryWithFlags(address, size, flags);

	if (status != HSAKMT_STATUS_SUCCESS) {
		report_failed(report, row, "register: %s", machine_status_name(status));
		return false;
	}
	status = machine_map(machine, address, size);
	if (status != HSAKMT_STATUS_SUCCESS) {
		report_failed(report, row, "map: %s", machine_status_name(status));
		hsaKmtDeregisterMemory(address);
		return false;
	}
	return true;
}

bool unpin(struct report *report, struct row *row, void *address)
{
	HSAKMT_STATUS unmapped = hsaKmtUnmapMemoryToGPU(address);
	HSAKMT_STATUS status = hsaKmtDeregisterMemory(address);

	if (unmapped != HSAKMT_STATUS_SUCCESS)
		report_failed(report, row, "unmap: %s", machine_status_name(unmapped));
	else if (status != HSAKMT_STATUS_SUCCESS)
		report_failed(report, row, "deregister: %s", machine_status_name(status));
	return unmapped == HSAKMT_STATUS_SUCCESS && status == HSAKMT_STATUS_SUCCESS;
}

static void pins(struct report *report, struct row *row, const struct machine *machine, char *address,
		 uint64_t size, uint64_t count)
{
	struct measure measure;

	machine_settle();
	measure_begin(&measure, row, count, 1);
	for (uint64_t i = 0; i < count; i++) {
		measure_start(&measure);
		if (!pin(report, row, machine, address, size) || !unpin(report, row, address))
			break;
		measure_stop(&measure);
	}
	machine_settle();
	measure_end(&measure);
}

static void one_size(struct report *report, const struct machine *machine, const struct options *options,
		     uint64_t size, const char *name, const char *inside_name, const char *size_title)
{
	uint64_t count = size < LARGE_LOW ? options->repeat : MIN(options->repeat, LARGE);
	uint64_t whole = size + 2 * 4 * KIB;
	char *memory = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct row *row =
		report_row(report, name, NULL, "%s of the program's: register, map, deregister", size_title);
	struct row *inside;

	if (memory == MAP_FAILED) {
		report_failed(report, row, "mmap fails");
		return;
	}
	memset(memory, 1, whole);
	pins(report, row, machine, memory + OFFSET, size, count);
	inside = report_row(report, inside_name, name, "inside memory that is registered and mapped");
	if (pin(report, inside, machine, memory, whole)) {
		pins(report, inside, machine, memory + OFFSET, size, count);
		unpin(report, inside, memory);
	}
	munmap(memory, whole);
}

void memory_pins(struct report *report, struct machine *machine, const struct options *options)
{
	one_size(report, machine, options, 4 * KIB, "pin-4k", "pin-4k-inside", "4 KiB");
	one_size(report, machine, options, 1 * MIB, "pin-1m", "pin-1m-inside", "1 MiB");
	one_size(report, machine, options, 64 * MIB, "pin-64m", "pin-64m-inside", "64 MiB");
}
