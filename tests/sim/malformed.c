// SPDX-License-Identifier: MIT
/*
 * An adapter whose private data is wrong is hidden with its reason; the one beside it stays.  The
 * simulated host damages the answers to AMD's private queries of the first adapter.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "dxgsim/dxgsim.h"
#include "forked.h"
#include "scenario.h"

#define BLOB_SIZE 0x4360u /* of the larger query */

static char said[4096];

/* What a child tells. */
struct look {
	struct scenario_result result;
	uint64_t misuse;
	uint64_t leaks;
	int messages;
};

static int look_in_child(void *arg)
{
	struct look *look = arg;

	dxgsim_reset();
	dup2(look->messages, STDERR_FILENO);
	scenario_topology(&look->result);
	look->misuse = dxgsim_misuse_count();
	look->leaks = dxgsim_leak_count();
	return 0;
}

/*
 * Runs the topology on these adapters, with what the library prints kept in `said`.  In a child,
 * because a process is told of an adapter's fault once.
 */
static void look(const char *adapters, struct scenario_result *result)
{
	struct look *look =
		mmap(NULL, sizeof(*look), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ssize_t n;

	assert_true(look != MAP_FAILED);
	look->messages = memfd_create("stderr", MFD_CLOEXEC);
	assert_true(look->messages >= 0);
	setenv("DXGSIM_ADAPTERS", adapters, 1);
	assert_int_equal(forked_run(adapters, look_in_child, look), 0);
	n = pread(look->messages, said, sizeof(said) - 1, 0);
	said[n > 0 ? n : 0] = '\0';
	close(look->messages);
	*result = look->result;
	if (result->status != HSAKMT_STATUS_SUCCESS || result->cleanup != HSAKMT_STATUS_SUCCESS)
		fail_msg("%s: %s failed: %s", adapters, result->step ? result->step : result->cleanup_step,
			 said);
	assert_int_equal(look->misuse, 0);
	assert_int_equal(look->leaks, 0);
	munmap(look, sizeof(*look));
}

/* The first adapter of that id is named, and the check that it failed. */
static void hidden_with_reason(const char *adapters, const char *id, const char *check)
{
	char reason[64];

	struct scenario_result result;

	look(adapters, &result);
	if (result.gpu_nodes != 1)
		fail_msg("%s: %u GPU nodes, wanted the healthy one alone: %s", adapters, result.gpu_nodes,
			 said);
	snprintf(reason, sizeof(reason), "adapter 1002:%s: hidden, self-check %s", id, check);
	if (!strstr(said, reason))
		fail_msg("%s: no word of '%s': %s", adapters, reason, said);
}

static void truncated_data_hides_its_node_alone(void **state)
{
	(void)state;
	hidden_with_reason("rx6800,private=truncated;radeon680m", "73bf", "3, device id");
}

static void zeroed_data_hides_its_node_alone(void **state)
{
	(void)state;
	hidden_with_reason("rx6800,private=zeroed;radeon680m", "73bf", "1, answered");
	hidden_with_reason("rx6800;radeon680m,private=zeroed", "1681", "1, answered");
}

static void data_of_a_future_version_hides_its_node_alone(void **state)
{
	(void)state;
	hidden_with_reason("rx6800,private=future;radeon680m", "73bf", "2, proxy");
}

static void a_wrong_vendor_in_the_blob_hides_its_node_alone(void **state)
{
	(void)state;
	hidden_with_reason("rx6800,private=flip:0xc.1;radeon680m", "73bf", "2, proxy");
}

static void a_wrong_device_in_the_blob_hides_its_node_alone(void **state)
{
	(void)state;
	hidden_with_reason("rx6800,private=flip:0x14.3;radeon680m", "73bf", "2, proxy");
}

/* Wherever the bit flips: never a crash, never the neighbour's node, and a hidden node is explained. */
static void any_flipped_bit_is_survived(void **state)
{
	unsigned hidden = 0, shown = 0;

	(void)state;
	for (unsigned offset = 0; offset < BLOB_SIZE; offset += 11) {
		struct scenario_result result;
		char adapters[96];

		snprintf(adapters, sizeof(adapters), "rx6800,private=flip:0x%x.%u;radeon680m", offset,
			 offset % 8);
		look(adapters, &result);
		if (result.gpu_nodes == 2)
			shown++;
		else if (result.gpu_nodes == 1 && strcasestr(said, "73bf"))
			hidden++;
		else
			fail_msg("%s: %u GPU nodes: %s", adapters, result.gpu_nodes, said);
	}
	print_message("%u flips hid the node, %u did not matter or degraded it\n", hidden, shown);
	assert_int_not_equal(hidden, 0);
	assert_int_not_equal(shown, 0);
}

static void without_a_gpu_of_amd_it_is_said_why(void **state)
{
	struct scenario_result result;

	(void)state;
	look("foreign", &result);
	assert_int_equal(result.gpu_nodes, 0);
	assert_non_null(strstr(said, "none of them AMD's"));
	look("none", &result);
	assert_int_equal(result.gpu_nodes, 0);
	assert_non_null(strstr(said, "no virtual GPU"));
}

/* An adapter like rx6800, of another device id: a copy of its file without a name. */
static int unnamed_adapter(const char *device)
{
	char path[4096], line[256];
	int fd = memfd_create("adapter", 0);
	bool changed = false;
	FILE *from;

	assert_true(fd >= 0);
	snprintf(path, sizeof(path), "%s/rx6800.ini", getenv("DXGSIM_ADAPTER_PATH"));
	from = fopen(path, "re");
	assert_non_null(from);
	while (fgets(line, sizeof(line), from)) {
		if (!strncmp(line, "device = ", strlen("device = "))) {
			dprintf(fd, "device = %s\n", device);
			changed = true;
		} else {
			dprintf(fd, "%s", line);
		}
	}
	fclose(from);
	assert_true(changed);
	return fd;
}

static void an_unknown_id_is_printed(void **state)
{
	struct scenario_result result;
	int fd = unnamed_adapter("0x7abc");
	char adapters[64];

	(void)state;
	snprintf(adapters, sizeof(adapters), "/proc/self/fd/%d;radeon680m", fd);
	look(adapters, &result);
	close(fd);
	assert_int_equal(result.gpu_nodes, 1);
	assert_non_null(strstr(said, "device id 0x7ABC"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(truncated_data_hides_its_node_alone),
		cmocka_unit_test(zeroed_data_hides_its_node_alone),
		cmocka_unit_test(data_of_a_future_version_hides_its_node_alone),
		cmocka_unit_test(a_wrong_vendor_in_the_blob_hides_its_node_alone),
		cmocka_unit_test(a_wrong_device_in_the_blob_hides_its_node_alone),
		cmocka_unit_test(any_flipped_bit_is_survived),
		cmocka_unit_test(without_a_gpu_of_amd_it_is_said_why),
		cmocka_unit_test(an_unknown_id_is_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
