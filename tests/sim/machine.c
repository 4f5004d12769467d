// SPDX-License-Identifier: MIT
#include "machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "dxgsim/dxgsim.h"

#define SETTLE_SECONDS 20

static struct machine the_machine;

/* Also what a test that failed half-way left open. */
static void close_library(void)
{
	while (hsaKmtCloseKFD() == HSAKMT_STATUS_SUCCESS)
		;
}

void machine_boot(const char *adapters)
{
	close_library();
	setenv("DXGSIM_ADAPTERS", adapters, 1);
	dxgsim_reset();
}

void machine_open(struct machine *machine)
{
	HsaSystemProperties system;

	*machine = (struct machine){.cpu = INVALID_NODEID};
	assert_status(hsaKmtOpenKFD(), SUCCESS);
	assert_status(hsaKmtAcquireSystemProperties(&system), SUCCESS);
	machine->nodes = system.NumNodes;
	for (HSAuint32 id = 0; id < system.NumNodes; id++) {
		HsaNodeProperties node;

		assert_status(hsaKmtGetNodeProperties(id, &node), SUCCESS);
		if (node.NumFComputeCores) {
			assert_in_range(machine->gpu_count, 0, MACHINE_MAX_GPUS - 1);
			machine->gpus[machine->gpu_count++] = id;
		} else if (machine->cpu == INVALID_NODEID) {
			machine->cpu = id;
		}
	}
	assert_int_not_equal(machine->cpu, INVALID_NODEID);
}

int machine_setup_closed(void **state)
{
	machine_boot("rx6800;radeon680m");
	*state = &the_machine;
	return 0;
}

int machine_setup_open(void **state)
{
	machine_setup_closed(state);
	machine_open(&the_machine);
	return the_machine.gpu_count == 2 ? 0 : -1;
}

int machine_teardown(void **state)
{
	char text[2048];

	(void)state;
	close_library();
	if (!dxgsim_misuse_count() && !dxgsim_leak_count())
		return 0;
	dxgsim_findings(text, sizeof(text));
	fprintf(stderr, "the simulator found:\n%s", text);
	return -1;
}

void machine_make_room(void)
{
	static unsigned char in_use;
	HsaMemFlags flags = {.ui32 = {.HostAccess = 1, .FixedAddress = 1}};
	/* an address in use: refused, but not before everything kept for later was given back */
	void *address = (void *)((uintptr_t)&in_use & ~(uintptr_t)0xfff);

	assert_int_not_equal(hsaKmtAllocMemory(0, 0x20000, flags, &address), HSAKMT_STATUS_SUCCESS);
}

void machine_assert_allocations(size_t count)
{
	time_t end = time(NULL) + SETTLE_SECONDS;

	while (dxgsim_live_objects("allocation") > count && time(NULL) < end) {
		machine_make_room();
		sched_yield();
	}
	assert_int_equal(dxgsim_live_objects("allocation"), count);
}
