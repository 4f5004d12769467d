// SPDX-License-Identifier: MIT
/* From the host's adapters to node ids: order, refusals, handles, acquire and release. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "topology/topology.h"
#include "unit/fake_host.h"
#include "unit/temp_tree.h"
#include "util/log.h"

static struct temp_tree tree;
static struct topology *topology;
static struct topology_snapshot *snapshot;
static unsigned errors;
static char last_error[1024];

static void keep_message(enum log_level level, const char *line, void *arg)
{
	(void)arg;
	if (level != LOG_ERR)
		return;
	errors++;
	snprintf(last_error, sizeof(last_error), "%s", line);
}

static int setup(void **state)
{
	(void)state;
	fake_host_reset();
	temp_tree_create(&tree);
	temp_tree_write(&tree, "proc/meminfo", "MemTotal: 1048576 kB\n");
	temp_tree_write(&tree, "sys/devices/system/cpu/online", "0-1\n");
	setenv("HSAKMT_DXG_DEVICES_DIR", tree.path, 1);
	errors = 0;
	last_error[0] = '\0';
	log_set_level(LOG_ERR);
	log_set_sink(keep_message, NULL);
	return 0;
}

static void create(struct dxg *dxg, int open_error)
{
	const struct topology_options options = {.root = tree.path};

	assert_int_equal(topology_create(dxg, open_error, &options, &topology), 0);
}

static void finish(void)
{
	if (snapshot)
		topology_snapshot_put(snapshot);
	topology_destroy(topology);
	snapshot = NULL;
	topology = NULL;
}

static int teardown(void **state)
{
	(void)state;
	finish();
	log_set_sink(NULL, NULL);
	unsetenv("HSA_OVERRIDE_GFX_VERSION");
	unsetenv("HSA_OVERRIDE_GFX_VERSION_1");
	unsetenv("HSA_OVERRIDE_GFX_VERSION_2");
	temp_tree_destroy(&tree);
	assert_int_equal(fake_host.open_handles, 0);
	assert_int_equal(fake_host.bad_closes, 0);
	assert_int_equal(fake_host.private_queries, 0);
	return 0;
}

static void acquire(void)
{
	create(fake_host_dxg(), 0);
	assert_int_equal(topology_acquire(topology, &snapshot), 0);
}

static uint32_t device_of(uint32_t node)
{
	return topology_node(snapshot, node)->props.DeviceId;
}

static void no_device_is_a_cpu_only_topology(void **state)
{
	static const int reasons[] = {-ENOENT, -EBADF, -EACCES, -ENODEV, -ENXIO, -ENOTTY};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		errors = 0;
		create(NULL, reasons[i]);
		assert_int_equal(topology_acquire(topology, &snapshot), 0);
		assert_int_equal(topology_node_count(snapshot), 1);
		assert_int_equal(topology_system_properties(snapshot)->NumNodes, 1);
		assert_int_equal(topology_node(snapshot, 0)->props.NumIOLinks, 0);
		assert_null(topology_node(snapshot, 0)->gpu);
		assert_null(topology_node(snapshot, 1));
		assert_int_equal(errors, 1);
		assert_non_null(strstr(last_error, "no GPU node"));
		finish();
	}
}

static void no_adapter_says_so_once(void **state)
{
	struct topology_snapshot *again;

	(void)state;
	acquire();
	assert_int_equal(topology_node_count(snapshot), 1);
	assert_int_equal(errors, 1);
	assert_int_equal(topology_acquire(topology, &again), 0);
	topology_snapshot_put(again);
	assert_int_equal(errors, 1);
}

static void foreign_adapters_are_never_asked(void **state)
{
	struct fake_adapter fake = fake_foreign();

	(void)state;
	fake_host_add(&fake);
	acquire();
	assert_int_equal(topology_node_count(snapshot), 1);
	assert_int_equal(errors, 1);
	assert_non_null(strstr(last_error, "none of them AMD"));
	/* the ids and nothing else */
	assert_int_equal(fake_host.round_trips, 1);
	assert_int_equal(fake_host.open_handles, 0);
}

static void discrete_first_then_address(void **state)
{
	struct fake_adapter fakes[] = {fake_radeon680m(), fake_foreign(), fake_rx7900xtx(), fake_rx6800()};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fakes); i++)
		fake_host_add(&fakes[i]);
	acquire();
	assert_int_equal(errors, 0);
	assert_int_equal(topology_node_count(snapshot), 4);
	assert_int_equal(device_of(1), 0x73BF);
	assert_int_equal(device_of(2), 0x744C);
	assert_int_equal(device_of(3), 0x1681);
	assert_int_equal(fake_host.open_handles, 3);
	assert_int_equal(topology_node(snapshot, 1)->props.NumIOLinks, 3);
	/* processor ids do not overlap */
	assert_int_equal(topology_node(snapshot, 2)->props.FComputeIdLo,
			 topology_node(snapshot, 1)->props.FComputeIdLo + 60);
}

static void order_does_not_depend_on_the_list(void **state)
{
	struct fake_adapter a = fake_rx6800(), b = fake_rx6800(), c = fake_rx6800();
	uint64_t ids[2][3];

	(void)state;
	b.luid.a = 2;
	b.address.bus = 9;
	c.luid.a = 1;
	c.locate_error = -EINVAL;
	for (unsigned round = 0; round < 2; round++) {
		fake_host_reset();
		fake_host_add(round ? &c : &a);
		fake_host_add(&b);
		fake_host_add(round ? &a : &c);
		acquire();
		assert_int_equal(topology_node_count(snapshot), 4);
		assert_int_equal(topology_node(snapshot, 1)->props.LuidLowPart, a.luid.a);
		assert_int_equal(topology_node(snapshot, 2)->props.LuidLowPart, 2);
		assert_int_equal(topology_node(snapshot, 3)->props.LuidLowPart, 1);
		for (unsigned i = 0; i < 3; i++)
			ids[round][i] = topology_node(snapshot, 1 + i)->props.KFDGpuID;
		finish();
	}
	assert_memory_equal(ids[0], ids[1], sizeof(ids[0]));
	assert_true(ids[0][0] != ids[0][1] && ids[0][1] != ids[0][2] && ids[0][0] != ids[0][2]);
}

static void equal_cards_get_different_ids(void **state)
{
	struct fake_adapter a = fake_rx6800(), b = fake_rx6800();

	(void)state;
	/* the same address twice: a host that answers nonsense */
	b.luid.a = 5;
	fake_host_add(&a);
	fake_host_add(&b);
	acquire();
	assert_int_equal(topology_node_count(snapshot), 3);
	assert_true(topology_node(snapshot, 1)->props.KFDGpuID != topology_node(snapshot, 2)->props.KFDGpuID);
}

static void duplicates_are_listed_once(void **state)
{
	struct fake_adapter fake = fake_rx6800();

	(void)state;
	fake_host_add(&fake);
	fake_host_add(&fake);
	acquire();
	assert_int_equal(topology_node_count(snapshot), 2);
	assert_int_equal(fake_host.open_handles, 1);
}

static void one_failure_hides_one_adapter(void **state)
{
	struct fake_adapter good = fake_rx6800(), bad = fake_rx7900xtx(), worse = fake_radeon680m();

	(void)state;
	bad.read_error = -EPROTO;
	worse.identify_error = -EIO;
	fake_host_add(&bad);
	fake_host_add(&good);
	fake_host_add(&worse);
	acquire();
	assert_int_equal(topology_node_count(snapshot), 2);
	assert_int_equal(device_of(1), 0x73BF);
	assert_int_equal(fake_host.open_handles, 1);
	/* kmd_adapter_read prints its own line */
	assert_int_equal(errors, 1);
}

static void unknown_id_is_refused_with_the_way_out(void **state)
{
	struct fake_adapter fake = fake_rx6800();

	(void)state;
	fake.pci.device = 0x67DF;
	fake_host_add(&fake);
	acquire();
	assert_int_equal(topology_node_count(snapshot), 1);
	/* the adapter's line and the summary; no private query */
	assert_int_equal(errors, 2);
	assert_int_equal(fake_host.round_trips, 1);
	assert_non_null(strstr(last_error, "1 of unknown device id"));
}

static void hidden_adapters_are_listed_with_the_reason(void **state)
{
	struct fake_adapter foreign = fake_foreign(), unknown = fake_rx6800(), bad = fake_rx7900xtx();
	struct fake_adapter mute = fake_radeon680m(), good = fake_rx6800();
	const struct topology_hidden *hidden;

	(void)state;
	unknown.pci.device = 0x67DF;
	unknown.luid.a ^= 0x100;
	bad.read_error = -EPROTO;
	mute.identify_error = -EIO;
	fake_host_add(&foreign);
	fake_host_add(&unknown);
	fake_host_add(&bad);
	fake_host_add(&mute);
	fake_host_add(&good);
	create(fake_host_dxg(), 0);
	assert_int_equal(topology_hidden(topology, &hidden), 0);
	assert_int_equal(topology_acquire(topology, &snapshot), 0);
	assert_int_equal(topology_node_count(snapshot), 2);
	assert_int_equal(topology_hidden(topology, &hidden), 4);

	assert_int_equal(hidden[0].reason, TOPOLOGY_HIDDEN_FOREIGN);
	assert_int_equal(hidden[0].pci.vendor, foreign.pci.vendor);
	assert_int_equal(hidden[0].luid.a, foreign.luid.a);
	assert_int_equal(hidden[1].reason, TOPOLOGY_HIDDEN_UNKNOWN);
	assert_int_equal(hidden[1].pci.device, 0x67DF);
	assert_non_null(strstr(hidden[1].text, "HSA_OVERRIDE_GFX_VERSION"));
	assert_int_equal(hidden[2].reason, TOPOLOGY_HIDDEN_SELF_CHECK);
	assert_int_equal(hidden[2].rule, 3);
	assert_string_equal(hidden[2].text, "said already");
	assert_int_equal(hidden[3].reason, TOPOLOGY_HIDDEN_NO_IDS);
	assert_int_equal(hidden[3].pci.vendor, 0);
	assert_int_equal(hidden[3].luid.a, mute.luid.a);
	/* one line for each that is AMD's or unknown, but for what the checks have reported */
	assert_int_equal(errors, 2);
}

static void a_devices_line_allows_an_unknown_id(void **state)
{
	struct fake_adapter fake = fake_rx6800();

	(void)state;
	temp_tree_write(&tree, "local.csv", "0x67DF,*,gfx1010,My card\n");
	fake.pci.device = 0x67DF;
	fake_host_add(&fake);
	acquire();
	assert_int_equal(topology_node_count(snapshot), 2);
	assert_string_equal(topology_node(snapshot, 1)->gpu->name, "My card");
	assert_int_equal(topology_node(snapshot, 1)->props.EngineId.ui32.Minor, 1);
	assert_int_equal(topology_node(snapshot, 1)->gpu->origin[PROPERTY_EngineId], ORIGIN_USER_TABLE);
	assert_int_equal(errors, 0);
}

static void an_override_allows_an_unknown_id_whose_geometry_is_trusted(void **state)
{
	struct fake_adapter fake = fake_rx6800();

	(void)state;
	setenv("HSA_OVERRIDE_GFX_VERSION", "10.3.0", 1);
	fake.pci.device = 0x67DF;
	fake_host_add(&fake);
	acquire();
	assert_int_equal(topology_node_count(snapshot), 2);
	assert_int_equal(topology_node(snapshot, 1)->props.EngineId.ui32.Major, 10);
	assert_int_equal(topology_node(snapshot, 1)->gpu->origin[PROPERTY_EngineId], ORIGIN_OVERRIDE);
	finish();

	fake_host_reset();
	fake.kmd.geometry_trusted = false;
	fake_host_add(&fake);
	acquire();
	assert_int_equal(topology_node_count(snapshot), 1);
}

static void an_override_of_another_node_allows_nothing(void **state)
{
	struct fake_adapter known = fake_rx6800(), unknown = fake_rx7900xtx();

	(void)state;
	setenv("HSA_OVERRIDE_GFX_VERSION_1", "11.0.0", 1);
	unknown.pci.device = 0x67DF;
	fake_host_add(&unknown);
	fake_host_add(&known);
	acquire();
	assert_int_equal(topology_node_count(snapshot), 2);
	assert_int_equal(device_of(1), 0x73BF);
	assert_int_equal(topology_node(snapshot, 1)->props.EngineId.ui32.Major, 11);
	assert_true(topology_node(snapshot, 1)->gpu->gfx_overridden);
	assert_int_equal(topology_node(snapshot, 1)->gpu->gfx.major, 10);
}

static void a_bad_override_fails_the_acquire(void **state)
{
	struct fake_adapter fakes[] = {fake_radeon680m(), fake_rx7900xtx(), fake_rx6800()};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fakes); i++)
		fake_host_add(&fakes[i]);
	setenv("HSA_OVERRIDE_GFX_VERSION_2", "gfx1030", 1);
	create(fake_host_dxg(), 0);
	assert_int_equal(topology_acquire(topology, &snapshot), -EINVAL);
	assert_null(snapshot);
	assert_int_equal(fake_host.open_handles, 0);
	/* and the next try works */
	unsetenv("HSA_OVERRIDE_GFX_VERSION_2");
	assert_int_equal(topology_acquire(topology, &snapshot), 0);
	assert_int_equal(topology_node_count(snapshot), 4);
}

static void a_failed_enumeration_is_tried_again(void **state)
{
	struct fake_adapter fake = fake_rx6800();

	(void)state;
	fake_host_add(&fake);
	fake_host.enum_error = -ENOMEM;
	create(fake_host_dxg(), 0);
	assert_int_equal(topology_acquire(topology, &snapshot), -ENOMEM);
	fake_host.enum_error = 0;
	assert_int_equal(topology_acquire(topology, &snapshot), 0);
	assert_int_equal(topology_node_count(snapshot), 2);
}

static void ids_and_handles_outlive_a_release(void **state)
{
	struct fake_adapter fakes[] = {fake_rx6800(), fake_radeon680m()};
	d3dkmt_handle handle;
	unsigned trips;

	(void)state;
	fake_host_add(&fakes[1]);
	fake_host_add(&fakes[0]);
	acquire();
	handle = topology_node(snapshot, 1)->gpu->adapter;
	trips = fake_host.round_trips;
	topology_snapshot_put(snapshot);
	assert_int_equal(topology_acquire(topology, &snapshot), 0);
	assert_int_equal(topology_node(snapshot, 1)->gpu->adapter, handle);
	assert_int_equal(device_of(1), 0x73BF);
	assert_int_equal(fake_host.round_trips, trips);
	assert_int_equal(fake_host.open_handles, 2);
	/* the values of a snapshot outlive the topology */
	topology_destroy(topology);
	topology = NULL;
	assert_int_equal(device_of(2), 0x1681);
}

static void round_trips_are_twelve_for_one_adapter(void **state)
{
	struct fake_adapter fake = fake_rx6800();

	(void)state;
	fake_host_add(&fake);
	acquire();
	/* and two for the process on the host */
	assert_int_equal(fake_host.round_trips, 1 + 5 + 1 + 1 + 4);
}

static void clocks_belong_together(void **state)
{
	struct fake_adapter fake = fake_rx6800();
	const struct topology_node *gpu;
	struct timespec before, after;
	HsaClockCounters c;
	uint64_t low, high;

	(void)state;
	fake_host_add(&fake);
	acquire();
	gpu = topology_node(snapshot, 1);
	clock_gettime(CLOCK_BOOTTIME, &before);
	assert_int_equal(topology_clock_counters(topology, gpu, &c), 0);
	clock_gettime(CLOCK_BOOTTIME, &after);
	low = (uint64_t)before.tv_sec * 1000000000 + (uint64_t)before.tv_nsec;
	high = (uint64_t)after.tv_sec * 1000000000 + (uint64_t)after.tv_nsec;
	assert_int_equal(c.GPUClockCounter, 123456789);
	assert_int_equal(c.SystemClockFrequencyHz, 1000000000);
	assert_true(c.SystemClockCounter >= low && c.SystemClockCounter <= high);
	assert_true(c.CPUClockCounter > 0);

	assert_int_equal(topology_clock_counters(topology, topology_node(snapshot, 0), &c), 0);
	assert_int_equal(c.GPUClockCounter, 0);
	assert_true(c.SystemClockCounter >= high);

	fake_host.adapters[0].clock_error = -ENODEV;
	assert_int_equal(topology_clock_counters(topology, gpu, &c), -ENODEV);
	assert_int_equal(c.SystemClockFrequencyHz, 0);
	fake_host.adapters[0].clock_error = 0;
	fake_host.adapters[0].clock.gpu_clock_counter = 0;
	assert_int_equal(topology_clock_counters(topology, gpu, &c), -ENODATA);
}

/* ROCr 5 aborts when a node has no clock counters. */
static void a_host_without_calibration_has_counters_all_the_same(void **state)
{
	struct fake_adapter fake = fake_rx6800();
	const struct topology_node *gpu;
	HsaClockCounters first, second;
	unsigned round_trips;

	(void)state;
	fake.kmd.valid &= ~(UINT64_C(1) << KMD_FIELD_CLOCK_CALIBRATION);
	fake.clock_error = -ENODATA;
	fake_host_add(&fake);
	acquire();
	gpu = topology_node(snapshot, 1);
	round_trips = fake_host.round_trips;
	assert_int_equal(topology_clock_counters(topology, gpu, &first), 0);
	assert_int_equal(topology_clock_counters(topology, gpu, &second), 0);
	assert_int_equal(fake_host.round_trips, round_trips);
	/* 100 MHz: the counter and the clock that it is made of stay together */
	assert_int_equal(first.GPUClockCounter, first.CPUClockCounter / 10);
	assert_int_equal(second.GPUClockCounter, second.CPUClockCounter / 10);
	assert_true(first.GPUClockCounter > 0 && second.CPUClockCounter >= first.CPUClockCounter);
	assert_int_equal(second.SystemClockFrequencyHz, 1000000000);
}

static void name_comes_from_libdrm_when_the_host_has_none(void **state)
{
	struct fake_adapter fake = fake_rx6800();

	(void)state;
	temp_tree_write(&tree, AMDGPU_IDS_PATH,
			"# List\n1.0.0\n73BF,\tC1,\tAMD Radeon RX 6800 XT\nxx\n73BF,\tC3,\tFrom the file\n");
	fake.name = NULL;
	fake_host_add(&fake);
	acquire();
	assert_string_equal(topology_node(snapshot, 1)->gpu->name, "From the file");
	assert_int_equal(topology_node(snapshot, 1)->gpu->origin[PROPERTY_MarketingName], ORIGIN_NAME_FILE);
}

static void *acquire_in_thread(void *arg)
{
	struct topology_snapshot **mine = arg;

	return topology_acquire(topology, mine) ? arg : NULL;
}

static void threads_share_one_discovery(void **state)
{
	struct fake_adapter fake = fake_rx6800();
	struct topology_snapshot *got[8] = {NULL};
	pthread_t threads[8];
	void *failed;

	(void)state;
	fake_host_add(&fake);
	create(fake_host_dxg(), 0);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, acquire_in_thread, &got[i]), 0);
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
		assert_ptr_equal(got[i], got[0]);
		topology_snapshot_put(got[i]);
	}
	assert_int_equal(fake_host.enumerations, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(no_device_is_a_cpu_only_topology),
		TEST(no_adapter_says_so_once),
		TEST(foreign_adapters_are_never_asked),
		TEST(discrete_first_then_address),
		TEST(order_does_not_depend_on_the_list),
		TEST(equal_cards_get_different_ids),
		TEST(duplicates_are_listed_once),
		TEST(one_failure_hides_one_adapter),
		TEST(unknown_id_is_refused_with_the_way_out),
		TEST(hidden_adapters_are_listed_with_the_reason),
		TEST(a_devices_line_allows_an_unknown_id),
		TEST(an_override_allows_an_unknown_id_whose_geometry_is_trusted),
		TEST(an_override_of_another_node_allows_nothing),
		TEST(a_bad_override_fails_the_acquire),
		TEST(a_failed_enumeration_is_tried_again),
		TEST(ids_and_handles_outlive_a_release),
		TEST(round_trips_are_twelve_for_one_adapter),
		TEST(clocks_belong_together),
		TEST(a_host_without_calibration_has_counters_all_the_same),
		TEST(name_comes_from_libdrm_when_the_host_has_none),
		TEST(threads_share_one_discovery),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
