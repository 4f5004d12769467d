// SPDX-License-Identifier: MIT
/*
 * Clock counters: the values of one call belong to one instant, and a GPU's counter runs at the frequency
 * that is told.  What is compared are instants known to lie around the call, so no time limit is involved.
 *
 * The simulated counter is the monotonic clock in units of 1/counter_khz.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include <hsakmt/hsakmt.h>

#include "dxgsim/dxgsim.h"
#include "machine.h"

#define NS_PER_S   1000000000ULL
#define COUNTER_HZ 100000000ULL /* counter_khz of rx6800.ini and radeon680m.ini */
#define RTT_US	   20000ULL

struct instant {
	uint64_t monotonic;
	uint64_t raw;
	uint64_t boot;
};

static uint64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static struct instant read_instant(void)
{
	return (struct instant){.monotonic = now(CLOCK_MONOTONIC),
				.raw = now(CLOCK_MONOTONIC_RAW),
				.boot = now(CLOCK_BOOTTIME)};
}

static uint64_t gpu_ns(uint64_t counter)
{
	return counter * (NS_PER_S / COUNTER_HZ);
}

/* A reading and what surrounds it. */
struct reading {
	struct instant before;
	HsaClockCounters counters;
	struct instant after;
};

static struct reading read_clocks(HSAuint32 node)
{
	struct reading reading;

	reading.before = read_instant();
	assert_status(hsaKmtGetClockCounters(node, &reading.counters), SUCCESS);
	reading.after = read_instant();
	return reading;
}

static void assert_host_clocks(const struct reading *reading)
{
	assert_int_equal(reading->counters.SystemClockFrequencyHz, NS_PER_S);
	assert_in_range(reading->counters.SystemClockCounter, reading->before.boot, reading->after.boot);
	assert_in_range(reading->counters.CPUClockCounter, reading->before.raw, reading->after.raw);
}

static void a_cpu_node_has_no_gpu_counter(void **state)
{
	struct machine *machine = *state;
	uint64_t before = dxgsim_ioctl_count();
	struct reading reading = read_clocks(machine->cpu);

	assert_int_equal(reading.counters.GPUClockCounter, 0);
	assert_host_clocks(&reading);
	assert_int_equal(dxgsim_ioctl_count(), before);
}

static void the_counter_of_a_gpu_is_read_during_the_call(void **state)
{
	struct machine *machine = *state;

	for (unsigned i = 0; i < machine->gpu_count; i++) {
		struct reading reading = read_clocks(machine->gpus[i]);

		assert_host_clocks(&reading);
		assert_in_range(gpu_ns(reading.counters.GPUClockCounter) + NS_PER_S / COUNTER_HZ,
				reading.before.monotonic, reading.after.monotonic + NS_PER_S / COUNTER_HZ);
	}
}

/* With a slow host the three values still belong together: to the middle of the call. */
static void the_three_values_belong_to_one_instant(void **state)
{
	struct machine machine;

	(void)state;
	setenv("DXGSIM_RTT_US", "20000", 1);
	machine_boot("rx6800;radeon680m");
	machine_open(&machine);
	for (unsigned i = 0; i < machine.gpu_count; i++) {
		struct reading reading = read_clocks(machine.gpus[i]);
		uint64_t half = RTT_US * 1000 / 2;

		assert_host_clocks(&reading);
		assert_in_range(reading.counters.SystemClockCounter, reading.before.boot + half,
				reading.after.boot - half);
		assert_in_range(reading.counters.CPUClockCounter, reading.before.raw + half,
				reading.after.raw - half);
	}
	unsetenv("DXGSIM_RTT_US");
}

static void the_counter_runs_at_the_frequency_that_is_told(void **state)
{
	struct machine *machine = *state;

	for (unsigned i = 0; i < machine->gpu_count; i++) {
		const struct timespec pause = {.tv_nsec = 50000000};
		struct reading first, second;
		uint64_t frequency = 0, ticks, system, error;

		assert_status(hsaKmtGetNodeWallclockFrequency(machine->gpus[i], &frequency), SUCCESS);
		assert_int_equal(frequency, COUNTER_HZ);
		first = read_clocks(machine->gpus[i]);
		nanosleep(&pause, NULL); /* time to count */
		second = read_clocks(machine->gpus[i]);
		assert_true(second.counters.GPUClockCounter > first.counters.GPUClockCounter);
		ticks = second.counters.GPUClockCounter - first.counters.GPUClockCounter;
		system = second.counters.SystemClockCounter - first.counters.SystemClockCounter;
		/* at most the lengths of the two calls, and a tick at either end */
		error = first.after.boot - first.before.boot + second.after.boot - second.before.boot +
			2 * NS_PER_S / COUNTER_HZ;
		assert_in_range(ticks * (NS_PER_S / frequency), system - error, system + error);
	}
}

static void a_host_that_does_not_answer_is_an_error_and_no_number(void **state)
{
	struct machine *machine = *state;
	HsaClockCounters counters;

	assert_int_equal(dxgsim_fault("ioctl=QUERYCLOCKCALIBRATION:errno=EINVAL"), 0);
	assert_status(hsaKmtGetClockCounters(machine->gpus[0], &counters), ERROR);
	dxgsim_clear_faults();
	assert_status(hsaKmtGetClockCounters(machine->gpus[0], &counters), SUCCESS);
}

#define OPEN(test) cmocka_unit_test_setup_teardown(test, machine_setup_open, machine_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OPEN(a_cpu_node_has_no_gpu_counter),
		OPEN(the_counter_of_a_gpu_is_read_during_the_call),
		OPEN(the_three_values_belong_to_one_instant),
		OPEN(the_counter_runs_at_the_frequency_that_is_told),
		OPEN(a_host_that_does_not_answer_is_an_error_and_no_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
