// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>
#include <time.h>

#include "topology/topology_private.h"

#define NS_PER_S UINT64_C(1000000000)

static int now(clockid_t clock, uint64_t *ns)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts))
		return -errno;
	*ns = (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
	return 0;
}

/* CPUClockCounter and SystemClockCounter as amdkfd defines them: raw monotonic and boot time, both in ns. */
struct instant {
	uint64_t cpu;
	uint64_t system;
};

static int read_instant(struct instant *instant)
{
	int ret = now(CLOCK_MONOTONIC_RAW, &instant->cpu);

	return ret ? ret : now(CLOCK_BOOTTIME, &instant->system);
}

/* ns * hz would not fit: the clocks count from the start of the machine. */
static uint64_t ticks_of(uint64_t ns, uint64_t hz)
{
	return ns / NS_PER_S * hz + ns % NS_PER_S * hz / NS_PER_S;
}

/*
 * The clocks of a node, of one instant.  A GPU's counter is read by the host somewhere between two readings of
 * the clocks here, and the middle of the two is reported with it: the error is at most half of the call's
 * round trip.  A CPU node has no GPU counter; it is 0 there.
 *
 * Where calibration was missing when the adapter was read (the guest's driver returns none before 2023-04, and hosts
 * may refuse), nothing can be asked.  The counter is then made of the CPU's clock, at the GPU's frequency: times
 * that a runtime converts have the right length, but another origin.  An error would end the process of a
 * runtime that asserts that every node has counters, as ROCr 5 does.
 *
 * Errors of the clocks or of the host's answer; -ENODATA: the host did not answer.  *counters is zero then.
 */
int topology_clock_counters(struct topology *topology, const struct topology_node *node,
			    HsaClockCounters *counters)
{
	struct instant before = {0}, after;
	struct dxgk_gpuclockdata clock = {0};
	int ret;

	memset(counters, 0, sizeof(*counters));
	ret = read_instant(&before);
	if (ret)
		return ret;
	after = before;
	if (node->gpu && kmd_adapter_has(&node->gpu->kmd, KMD_FIELD_CLOCK_CALIBRATION)) {
		ret = dxg_query_clock_calibration(topology->dxg, adapter_latest(topology, node->gpu),
						  node->gpu->kmd.compute_node, &clock);
		if (!ret && !clock.gpu_clock_counter)
			ret = -ENODATA;
		if (!ret)
			ret = read_instant(&after);
		if (ret)
			return ret;
	}
	counters->GPUClockCounter = clock.gpu_clock_counter;
	counters->CPUClockCounter = before.cpu + (after.cpu - before.cpu) / 2;
	counters->SystemClockCounter = before.system + (after.system - before.system) / 2;
	counters->SystemClockFrequencyHz = NS_PER_S;
	if (node->gpu && !kmd_adapter_has(&node->gpu->kmd, KMD_FIELD_CLOCK_CALIBRATION))
		counters->GPUClockCounter = ticks_of(counters->CPUClockCounter, node->gpu->wallclock_hz);
	return 0;
}
