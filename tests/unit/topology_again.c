// SPDX-License-Identifier: MIT
/* An adapter that was removed and comes back: which one is a node's, and what it has to be. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	log_set_level(LOG_ERR);
	log_set_sink(keep_message, NULL);
	return 0;
}

static void finish(void)
{
	if (snapshot)
		topology_snapshot_put(snapshot);
	topology_destroy(topology);
	snapshot = NULL;
	topology = NULL;
	assert_int_equal(fake_host.open_handles, 0);
	assert_int_equal(fake_host.bad_closes, 0);
	assert_int_equal(fake_host.private_queries, 0);
}

static int teardown(void **state)
{
	(void)state;
	finish();
	log_set_sink(NULL, NULL);
	temp_tree_destroy(&tree);
	return 0;
}

static void acquire(void)
{
	const struct topology_options options = {.root = tree.path};

	assert_int_equal(topology_create(fake_host_dxg(), 0, &options, &topology), 0);
	assert_int_equal(topology_acquire(topology, &snapshot), 0);
	errors = 0;
	last_error[0] = '\0';
}

static const struct topology_gpu *gpu_of(uint32_t node)
{
	return topology_node(snapshot, node)->gpu;
}

static int find(uint32_t node, d3dkmt_handle *handle, struct kmd_adapter *kmd)
{
	return topology_find_again(topology, gpu_of(node), handle, kmd);
}

/* The adapter of that number goes and comes back under another LUID. */
static struct fake_adapter *replug(size_t index, uint32_t luid)
{
	struct fake_adapter again = fake_host.adapters[index];

	fake_host.adapters[index].removed = true;
	again.luid.a = luid;
	again.removed = false;
	return fake_host_add(&again);
}

static void it_is_found_under_another_luid(void **state)
{
	struct fake_adapter fakes[] = {fake_rx6800(), fake_foreign(), fake_radeon680m()};
	d3dkmt_handle first, second;
	struct kmd_adapter kmd;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		fake_host_add(&fakes[i]);
	acquire();
	first = gpu_of(1)->adapter;
	fake_host.adapters[0].removed = true;
	assert_int_equal(find(1, &second, &kmd), -ENODEV);
	assert_int_equal(second, 0);
	assert_int_equal(fake_host.open_handles, 2);
	replug(0, 0x777);
	assert_int_equal(find(1, &second, &kmd), 0);
	assert_true(second && second != first);
	assert_int_equal(kmd.luid.a, 0x777);
	assert_int_equal(kmd.compute_units, 60);
	/* and the node stays as it was */
	assert_ptr_equal(gpu_of(1), topology_node(snapshot, 1)->gpu);
	assert_int_equal(topology_node(snapshot, 1)->props.LuidLowPart, fakes[0].luid.a);
	assert_int_equal(fake_host.open_handles, 3);
	assert_int_equal(errors, 0);
}

static void its_clock_is_read_where_it_is(void **state)
{
	struct fake_adapter fake = fake_rx6800();
	HsaClockCounters counters;
	struct kmd_adapter kmd;
	d3dkmt_handle handle;

	(void)state;
	fake_host_add(&fake);
	acquire();
	for (uint32_t i = 0; i < 2; i++) {
		fake_host.adapters[i].clock_error = -ENODEV;
		assert_int_equal(topology_clock_counters(topology, topology_node(snapshot, 1), &counters),
				 -ENODEV);
		replug(i, 0x100 + i)->clock_error = 0;
		assert_int_equal(find(1, &handle, &kmd), 0);
		assert_int_equal(topology_clock_counters(topology, topology_node(snapshot, 1), &counters), 0);
		assert_int_equal(counters.GPUClockCounter, 123456789);
	}
}

static void it_is_found_each_time(void **state)
{
	struct fake_adapter fake = fake_rx6800();
	d3dkmt_handle handle, same;
	struct kmd_adapter kmd;

	(void)state;
	fake_host_add(&fake);
	acquire();
	for (uint32_t i = 0; i < 4; i++) {
		replug(i, 0x100 + i);
		assert_int_equal(find(1, &handle, &kmd), 0);
		assert_int_equal(kmd.luid.a, 0x100 + i);
		/* what serves already is not opened once more */
		assert_int_equal(find(1, &same, &kmd), 0);
		assert_int_equal(same, handle);
		assert_int_equal(fake_host.open_handles, 2 + i);
	}
}

static void one_that_kept_its_luid_has_its_handle(void **state)
{
	struct fake_adapter fake = fake_rx6800();
	struct kmd_adapter kmd;
	d3dkmt_handle handle;

	(void)state;
	fake_host_add(&fake);
	acquire();
	assert_int_equal(find(1, &handle, &kmd), 0);
	assert_int_equal(handle, gpu_of(1)->adapter);
	assert_int_equal(fake_host.open_handles, 1);
}

static void equal_cards_are_told_apart_by_their_place(void **state)
{
	struct fake_adapter a = fake_rx6800(), b = fake_rx6800();
	d3dkmt_handle first, second;
	struct kmd_adapter kmd;

	(void)state;
	b.luid.a = 2;
	b.address.bus = 9;
	fake_host_add(&a);
	fake_host_add(&b);
	acquire();
	/* the first is away: the second is not taken for it */
	fake_host.adapters[0].removed = true;
	assert_int_equal(find(1, &first, &kmd), -ENODEV);
	/* both come back, the other way round */
	replug(1, 0x22);
	assert_int_equal(find(1, &first, &kmd), -ENODEV);
	replug(0, 0x11);
	assert_int_equal(find(1, &first, &kmd), 0);
	assert_int_equal(kmd.luid.a, 0x11);
	assert_int_equal(find(2, &second, &kmd), 0);
	assert_int_equal(kmd.luid.a, 0x22);
	assert_int_not_equal(first, second);
}

static void another_card_in_its_slot_is_not_it(void **state)
{
	struct fake_adapter fake = fake_rx6800(), other = fake_rx7900xtx();
	struct kmd_adapter kmd;
	d3dkmt_handle handle;

	(void)state;
	fake_host_add(&fake);
	acquire();
	fake_host.adapters[0].removed = true;
	other.address = fake.address;
	other.luid.a = 0x55;
	fake_host_add(&other);
	assert_int_equal(find(1, &handle, &kmd), -ENODEV);
	assert_int_equal(fake_host.open_handles, 1);
}

static void without_an_address_the_only_one_of_its_kind_is_it(void **state)
{
	struct fake_adapter fake = fake_rx6800(), twin;
	struct kmd_adapter kmd;
	d3dkmt_handle handle;

	(void)state;
	fake.locate_error = -EINVAL;
	fake_host_add(&fake);
	acquire();
	replug(0, 0x66);
	assert_int_equal(find(1, &handle, &kmd), 0);
	finish();

	fake_host_reset();
	twin = fake;
	twin.luid.a = 3;
	fake_host_add(&fake);
	fake_host_add(&twin);
	acquire();
	replug(0, 0x66);
	assert_int_equal(find(1, &handle, &kmd), -ENODEV);
	assert_int_equal(find(2, &handle, &kmd), -ENODEV);
}

static void a_hidden_adapter_stays_so(void **state)
{
	struct fake_adapter good = fake_rx6800(), bad = fake_rx6800();
	struct kmd_adapter kmd;
	d3dkmt_handle handle;

	(void)state;
	bad.luid.a = 9;
	bad.read_error = -EPROTO;
	fake_host_add(&good);
	fake_host_add(&bad);
	acquire();
	assert_int_equal(topology_node_count(snapshot), 2);
	fake_host.adapters[0].removed = true;
	fake_host.adapters[1].read_error = 0;
	assert_int_equal(find(1, &handle, &kmd), -ENODEV);
	assert_int_equal(fake_host.open_handles, 1);
}

static void change_version(struct fake_adapter *fake)
{
	fake->driver_version++;
}

static void change_vram(struct fake_adapter *fake)
{
	fake->kmd.vram_invisible -= 1 << 20;
}

static void change_units(struct fake_adapter *fake)
{
	fake->kmd.compute_units -= 2;
}

static void change_map(struct fake_adapter *fake)
{
	fake->kmd.wgp_active[0][0] ^= 3;
}

static void change_engines(struct fake_adapter *fake)
{
	fake->kmd.engines[4] = 9;
}

static void change_hws(struct fake_adapter *fake)
{
	fake->kmd.hws_mask ^= 2;
}

static void change_firmware(struct fake_adapter *fake)
{
	fake->kmd.mec_firmware++;
}

static void change_what_is_told(struct fake_adapter *fake)
{
	fake->kmd.valid ^= UINT64_C(1) << KMD_FIELD_GL2_CACHE;
}

static void change_check(struct fake_adapter *fake)
{
	fake->read_error = -EPROTO;
}

static void what_changed_has_to_be_opened_again(void **state)
{
	static const struct {
		void (*change)(struct fake_adapter *fake);
		const char *word;
	} changes[] = {
		{change_version, "driver version changed, from 0x20000000150000 to 0x20000000150001"},
		{change_vram, "invisible VRAM changed"},
		{change_units, "number of compute units changed, from 0x3c to 0x3a"},
		{change_map, "map of compute units changed"},
		{change_engines, "table of engines changed"},
		{change_hws, "mask of hardware queues changed"},
		{change_firmware, "MEC firmware changed"},
		{change_what_is_told, "does not tell the same"},
		{change_check, NULL},
	};
	struct fake_adapter fake = fake_rx6800();
	struct kmd_adapter kmd;
	d3dkmt_handle handle;
	unsigned round_trips;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		fake_host_reset();
		fake_host_add(&fake);
		acquire();
		changes[i].change(replug(0, 0x44));
		assert_int_equal(find(1, &handle, &kmd), -ESTALE);
		assert_int_equal(handle, 0);
		if (changes[i].word) {
			assert_int_equal(errors, 1);
			assert_non_null(strstr(last_error, changes[i].word));
			assert_non_null(strstr(last_error, "has to close"));
		}
		assert_int_equal(fake_host.open_handles, 1);
		/* told and read once: only which one it is, is asked again */
		errors = 0;
		round_trips = fake_host.round_trips;
		assert_int_equal(find(1, &handle, &kmd), -ESTALE);
		assert_int_equal(errors, 0);
		assert_int_equal(fake_host.round_trips - round_trips, 2);
		/* and the library opened anew takes it */
		finish();
		fake_host.adapters[1].read_error = 0;
		acquire();
		assert_int_equal(topology_node_count(snapshot), 2);
		assert_int_equal(gpu_of(1)->luid.a, 0x44);
		finish();
	}
}

static void a_call_that_fails_costs_no_handle(void **state)
{
	static const int faults[] = {-ENOMEM, -ENODEV, -EINVAL, -EAGAIN};
	struct fake_adapter fakes[] = {fake_rx6800(), fake_radeon680m()};
	struct kmd_adapter kmd;
	d3dkmt_handle handle;
	unsigned n;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		for (n = 1;; n++) {
			int ret;

			fake_host_reset();
			fake_host_add(&fakes[1]);
			fake_host_add(&fakes[0]);
			acquire();
			replug(1, 0x99);
			fake_host.fail_call = fake_host.calls + n;
			fake_host.fail_error = faults[i];
			ret = find(1, &handle, &kmd);
			if (fake_host.calls < fake_host.fail_call) {
				assert_int_equal(ret, 0);
				finish();
				break;
			}
			assert_true(ret == 0 ? handle != 0 : handle == 0);
			assert_int_equal(fake_host.open_handles, ret ? 2 : 3);
			/* nothing of it stays: the next time it is there */
			assert_int_equal(find(1, &handle, &kmd), 0);
			assert_int_equal(kmd.luid.a, 0x99);
			finish();
		}
		assert_true(n > 4);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(it_is_found_under_another_luid),
		TEST(its_clock_is_read_where_it_is),
		TEST(it_is_found_each_time),
		TEST(one_that_kept_its_luid_has_its_handle),
		TEST(equal_cards_are_told_apart_by_their_place),
		TEST(another_card_in_its_slot_is_not_it),
		TEST(without_an_address_the_only_one_of_its_kind_is_it),
		TEST(a_hidden_adapter_stays_so),
		TEST(what_changed_has_to_be_opened_again),
		TEST(a_call_that_fails_costs_no_handle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
