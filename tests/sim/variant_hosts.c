// SPDX-License-Identifier: MIT
/*
 * Every adapter, and every way in which hosts and drivers are known or suspected to differ: a runtime comes up on
 * it, uses memory of every kind, and leaves nothing behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <hsakmt/hsakmt.h>

#include "dxgsim/dxgsim.h"
#include "machine.h"

#define KIB  1024ULL
#define MIB  (1024 * KIB)
#define GIB  (1024 * MIB)
#define LEFT 4096

static const HsaMemFlags host_memory = {.Value = 0x20040}; /* HostAccess | Uncached */
static const HsaMemFlags scratch = {.Value = 0x240};	   /* Scratch | HostAccess */
static const HsaMemFlags vram = {.Value = 0x2081};	   /* NonPaged | NoSubstitute | CoarseGrain */

static void use_gpu(HSAuint32 gpu)
{
	void *local = NULL, *range = NULL;
	HsaMemMapFlags flags = {.Value = 0};
	HsaClockCounters clocks;
	HSAuint64 available, va;

	assert_status(hsaKmtGetClockCounters(gpu, &clocks), SUCCESS);
	assert_status(hsaKmtAvailableMemory(gpu, &available), SUCCESS);
	assert_int_not_equal(available, 0);
	assert_status(hsaKmtAllocMemory(gpu, 64 * MIB, vram, &local), SUCCESS);
	assert_status(hsaKmtMapMemoryToGPUNodes(local, 64 * MIB, &va, flags, 1, &gpu), SUCCESS);
	assert_status(hsaKmtAllocMemory(gpu, 4 * GIB, scratch, &range), SUCCESS);
	assert_status(hsaKmtMapMemoryToGPU((char *)range + 30 * MIB, 30 * MIB, &va), SUCCESS);
	assert_status(hsaKmtUnmapMemoryToGPU((char *)range + 30 * MIB), SUCCESS);
	assert_status(hsaKmtMapMemoryToGPU((char *)range + 15 * MIB, 146 * MIB, &va), SUCCESS);
	assert_status(hsaKmtFreeMemory(range, 4 * GIB), SUCCESS);
	assert_status(hsaKmtUnmapMemoryToGPU(local), SUCCESS);
	assert_status(hsaKmtFreeMemory(local, 64 * MIB), SUCCESS);
}

static void run_on(const char *adapters, unsigned gpus)
{
	struct machine machine;
	HsaPointerInfo info;
	void *shared = NULL;
	HSAuint64 va;
	char text[LEFT];

	print_message("           %s\n", adapters);
	machine_boot(adapters);
	machine_open(&machine);
	assert_int_equal(machine.gpu_count, gpus);
	assert_status(hsaKmtAllocMemory(machine.cpu, 3 * MIB, host_memory, &shared), SUCCESS);
	memset(shared, 0x5a, 3 * MIB);
	assert_status(hsaKmtMapMemoryToGPU(shared, 3 * MIB, &va), SUCCESS);
	assert_status(hsaKmtQueryPointerInfo(shared, &info), SUCCESS);
	assert_int_equal(info.NMappedNodes, gpus);
	for (unsigned i = 0; i < gpus; i++)
		use_gpu(machine.gpus[i]);
	assert_int_equal(((unsigned char *)shared)[3 * MIB - 1], 0x5a);
	assert_status(hsaKmtFreeMemory(shared, 3 * MIB), SUCCESS);
	assert_status(hsaKmtReleaseSystemProperties(), SUCCESS);
	assert_status(hsaKmtCloseKFD(), SUCCESS);
	if (dxgsim_misuse_count() || dxgsim_leak_count()) {
		dxgsim_findings(text, sizeof(text));
		fail_msg("%s:\n%s", adapters, text);
	}
}

static void each_adapter_alone(void **state)
{
	static const char *const names[] = {"rx6800", "radeon680m", "rx7900xtx", "rx7600mxt",	"radeon780m",
					    "w7900",  "rx9070xt",   "strixhalo", "compute-only"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		run_on(names[i], 1);
}

static void adapters_together(void **state)
{
	(void)state;
	run_on("rx6800;foreign", 1);
	run_on("foreign;rx7900xtx;compute-only", 2);
	run_on("rx6800;rx6800", 2);
	run_on("radeon780m;rx7900xtx;rx9070xt;strixhalo;rx6800;radeon680m;w7900;foreign", 7);
}

static void each_variant_of_host_and_driver(void **state)
{
	static const char *const modifiers[] = {
		"hws",
		"rebar=off",
		"host=27",
		"async=off",
		"map-guest=off",
		"atomics=off",
		"statistics=off",
		"checksum=enforced",
		"allocation-version=9",
		"cpu-visible=ignored",
		"pending=always",
		"pending=never",
		"paging-us=2000",
		"paging-fence=1000000000000",
		"vram-mib=512",
	};
	char adapters[128];

	(void)state;
	for (size_t i = 0; i < sizeof(modifiers) / sizeof(modifiers[0]); i++) {
		bool whole_vm = !strncmp(modifiers[i], "host", 4) || !strncmp(modifiers[i], "async", 5) ||
				!strncmp(modifiers[i], "map-guest", 9);

		snprintf(adapters, sizeof(adapters), "rx7900xtx,%s", modifiers[i]);
		run_on(adapters, 1);
		/* beside one that is as usual */
		if (whole_vm)
			continue;
		snprintf(adapters, sizeof(adapters), "rx7900xtx,%s;radeon680m", modifiers[i]);
		run_on(adapters, 2);
	}
	run_on("rx7900xtx,checksum=enforced,allocation-version=9", 1);
	run_on("rx7900xtx,host=27,hws,rebar=off,paging-fence=77,pending=always,paging-us=500", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_adapter_alone, machine_setup_closed, machine_teardown),
		cmocka_unit_test_setup_teardown(adapters_together, machine_setup_closed, machine_teardown),
		cmocka_unit_test_setup_teardown(each_variant_of_host_and_driver, machine_setup_closed,
						machine_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
