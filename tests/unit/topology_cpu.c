// SPDX-License-Identifier: MIT
/* CPU nodes read from made-up /proc and /sys trees. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "topology/cpu.h"
#include "unit/temp_tree.h"
#include "util/log.h"

#define CPUS  "sys/devices/system/cpu"
#define NODES "sys/devices/system/node"

static struct temp_tree tree;
static struct cpu_nodes nodes;

static void put(const char *text, const char *format, ...) PRINTF_LIKE(2, 3);
static void put(const char *text, const char *format, ...)
{
	char name[256];
	va_list args;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	temp_tree_write(&tree, name, text);
}

static void put_cache(unsigned cpu, unsigned index, const char *level, const char *type, const char *size,
		      const char *shared)
{
	put(level, CPUS "/cpu%u/cache/index%u/level", cpu, index);
	put(type, CPUS "/cpu%u/cache/index%u/type", cpu, index);
	put(size, CPUS "/cpu%u/cache/index%u/size", cpu, index);
	put(shared, CPUS "/cpu%u/cache/index%u/shared_cpu_list", cpu, index);
	put("64\n", CPUS "/cpu%u/cache/index%u/coherency_line_size", cpu, index);
	put("12\n", CPUS "/cpu%u/cache/index%u/ways_of_associativity", cpu, index);
	put("1\n", CPUS "/cpu%u/cache/index%u/physical_line_partition", cpu, index);
}

static void put_cpuinfo(unsigned count, const char *vendor)
{
	char text[8192];
	size_t used = 0;

	for (unsigned i = 0; i < count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "processor\t: %u\nvendor_id\t: %s\nmodel name\t: Test CPU 9000 \n"
					 "cpu MHz\t\t: 3400.125\napicid\t\t: %u\n\n",
					 i, vendor, 2 * i);
	put(text, "proc/cpuinfo");
}

/* Two sockets of two CPUs; CPU n has its own L1, the two of a socket share an L2. */
static void put_two_nodes(void)
{
	put_cpuinfo(4, "AuthenticAMD");
	put("0-3\n", CPUS "/online");
	put("0-1\n", NODES "/online");
	put("0-1\n", NODES "/node0/cpulist");
	put("2-3\n", NODES "/node1/cpulist");
	put("Node 0 MemTotal:        4000 kB\nNode 0 MemFree: 1 kB\n", NODES "/node0/meminfo");
	put("Node 1 MemTotal:        8000 kB\n", NODES "/node1/meminfo");
	put("10 32\n", NODES "/node0/distance");
	put("32 10\n", NODES "/node1/distance");
	for (unsigned cpu = 0; cpu < 4; cpu++) {
		char own[8];

		snprintf(own, sizeof(own), "%u\n", cpu);
		put_cache(cpu, 0, "1\n", "Data\n", "48K\n", own);
		put_cache(cpu, 1, "1\n", "Instruction\n", "32K\n", own);
		put_cache(cpu, 2, "2\n", "Unified\n", "2M\n", cpu < 2 ? "0-1\n" : "2-3\n");
	}
}

static int setup(void **state)
{
	(void)state;
	temp_tree_create(&tree);
	log_set_level(LOG_NONE);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	cpu_nodes_release(&nodes);
	temp_tree_destroy(&tree);
	return 0;
}

static void read_tree(void)
{
	assert_int_equal(cpu_nodes_read(tree.path, &nodes), 0);
}

/* What ROCr 5.2 needs of the whole, or it aborts. */
static void check_minimum(void)
{
	uint32_t cores = 0, data_caches = 0;
	uint64_t memory = 0;

	assert_true(nodes.count >= 1);
	for (uint32_t i = 0; i < nodes.count; i++) {
		const struct topology_node *node = &nodes.nodes[i];

		assert_int_equal(node->props.NumMemoryBanks, node->bank_count);
		assert_int_equal(node->props.NumCaches, node->cache_count);
		cores += node->props.NumCPUCores;
		for (uint32_t b = 0; b < node->bank_count; b++)
			memory += node->banks[b].SizeInBytes;
		for (uint32_t c = 0; c < node->cache_count; c++) {
			assert_in_range(node->caches[c].CacheLevel, 1, 4);
			assert_true(node->caches[c].CacheType.ui32.CPU);
			data_caches += node->caches[c].CacheType.ui32.Data &&
				       !node->caches[c].CacheType.ui32.Instruction;
		}
	}
	assert_true(cores > 0);
	assert_true(memory > 0);
	assert_true(data_caches > 0);
}

static void two_numa_nodes_are_two_nodes(void **state)
{
	const HsaCacheProperties *caches;

	(void)state;
	put_two_nodes();
	read_tree();
	check_minimum();
	assert_int_equal(nodes.count, 2);
	assert_false(nodes.intel);
	assert_int_equal(nodes.nodes[0].props.NumCPUCores, 2);
	assert_int_equal(nodes.nodes[1].props.NumCPUCores, 2);
	assert_int_equal(nodes.nodes[0].banks[0].SizeInBytes, 4000 * 1024);
	assert_int_equal(nodes.nodes[1].banks[0].SizeInBytes, 8000 * 1024);
	assert_int_equal(nodes.nodes[0].banks[0].HeapType, HSA_HEAPTYPE_SYSTEM);
	assert_int_equal(nodes.nodes[1].props.CComputeIdLo, 4);
	assert_int_equal(nodes.nodes[1].numa_node, 1);
	assert_string_equal((const char *)nodes.nodes[1].props.AMDName, "Test CPU 9000");
	assert_int_equal(nodes.nodes[1].props.MarketingName[0], 'T');
	assert_int_equal(nodes.nodes[1].props.MaxEngineClockMhzCCompute, 3400);
	assert_int_equal(nodes.nodes[0].props.NumFComputeCores, 0);
	assert_int_equal(nodes.distance[0 * 2 + 1], 32);
	assert_int_equal(nodes.distance[1 * 2 + 1], 10);

	/* two private L1 of each kind and one shared L2 */
	assert_int_equal(nodes.nodes[1].cache_count, 5);
	caches = nodes.nodes[1].caches;
	assert_int_equal(caches[0].ProcessorIdLow, 4);
	assert_int_equal(caches[0].CacheSize, 48);
	assert_int_equal(caches[0].CacheLineSize, 64);
	assert_int_equal(caches[0].CacheAssociativity, 12);
	assert_int_equal(caches[2].CacheLevel, 2);
	assert_int_equal(caches[2].CacheSize, 2048);
	assert_true(caches[2].CacheType.ui32.Data && caches[2].CacheType.ui32.Instruction);
	/* the siblings are APIC ids 4 and 6 */
	assert_int_equal(caches[2].SiblingMap[0], 1);
	assert_int_equal(caches[2].SiblingMap[1], 0);
	assert_int_equal(caches[2].SiblingMap[2], 1);
	assert_int_equal(caches[3].ProcessorIdLow, 6);
}

static void no_node_directory_is_one_node(void **state)
{
	(void)state;
	put_cpuinfo(2, "GenuineIntel");
	put("0-1\n", CPUS "/online");
	put("MemTotal:       16384 kB\n", "proc/meminfo");
	put_cache(0, 0, "1\n", "Data\n", "32K\n", "0\n");
	put_cache(1, 0, "1\n", "Data\n", "32K\n", "1\n");
	put("2500000\n", CPUS "/cpu1/cpufreq/cpuinfo_max_freq");
	read_tree();
	check_minimum();
	assert_int_equal(nodes.count, 1);
	assert_true(nodes.intel);
	assert_int_equal(nodes.nodes[0].props.NumCPUCores, 2);
	assert_int_equal(nodes.nodes[0].banks[0].SizeInBytes, 16384 * 1024);
	assert_int_equal(nodes.nodes[0].cache_count, 2);
	assert_int_equal(nodes.nodes[0].props.MaxEngineClockMhzCCompute, 2500);
}

static void the_only_node_has_all_the_memory(void **state)
{
	(void)state;
	put_cpuinfo(2, "AuthenticAMD");
	put("0-1\n", CPUS "/online");
	put("0\n", NODES "/online");
	put("0-1\n", NODES "/node0/cpulist");
	put("Node 0 MemTotal:        4000 kB\n", NODES "/node0/meminfo");
	put("MemTotal:       16384 kB\n", "proc/meminfo");
	read_tree();
	check_minimum();
	assert_int_equal(nodes.count, 1);
	assert_int_equal(nodes.nodes[0].banks[0].SizeInBytes, 16384 * 1024);
}

static void offline_cpus_do_not_count(void **state)
{
	(void)state;
	put_two_nodes();
	put("0,3\n", CPUS "/online");
	/* cpuinfo lists the online ones only, with their own numbers */
	put("processor\t: 0\napicid\t\t: 0\nmodel name\t: X\n\nprocessor\t: 3\napicid\t\t: 6\n",
	    "proc/cpuinfo");
	read_tree();
	check_minimum();
	assert_int_equal(nodes.count, 2);
	assert_int_equal(nodes.nodes[0].props.NumCPUCores, 1);
	assert_int_equal(nodes.nodes[1].props.NumCPUCores, 1);
	assert_int_equal(nodes.nodes[1].props.CComputeIdLo, 6);
	/* the L2 that CPU 2 would have listed is listed under CPU 3 */
	assert_int_equal(nodes.nodes[1].cache_count, 3);
	assert_int_equal(nodes.nodes[1].caches[2].ProcessorIdLow, 6);
	assert_int_equal(nodes.nodes[1].caches[2].SiblingMap[0], 1);
}

static void cpuset_hides_the_other_node(void **state)
{
	(void)state;
	put_two_nodes();
	put("Name:\tx\nCpus_allowed_list:\t2\nMems_allowed_list:\t1\n", "proc/self/status");
	read_tree();
	check_minimum();
	assert_int_equal(nodes.count, 1);
	assert_int_equal(nodes.nodes[0].numa_node, 1);
	assert_int_equal(nodes.nodes[0].props.NumCPUCores, 1);
	assert_int_equal(nodes.nodes[0].banks[0].SizeInBytes, 8000 * 1024);
	assert_int_equal(nodes.distance[0], 10);
}

static void affinity_alone_hides_no_node(void **state)
{
	(void)state;
	put_two_nodes();
	put("Name:\tx\nCpus_allowed_list:\t2-3\nMems_allowed_list:\t0-1\n", "proc/self/status");
	read_tree();
	check_minimum();
	assert_int_equal(nodes.count, 2);
	assert_int_equal(nodes.nodes[0].props.NumCPUCores, 2);
	assert_int_equal(nodes.nodes[1].props.NumCPUCores, 2);
}

static void memory_only_node_has_a_bank_and_no_core(void **state)
{
	(void)state;
	put_two_nodes();
	put("0-3\n", NODES "/node0/cpulist");
	put("\n", NODES "/node1/cpulist");
	read_tree();
	check_minimum();
	assert_int_equal(nodes.count, 2);
	assert_int_equal(nodes.nodes[0].props.NumCPUCores, 4);
	assert_int_equal(nodes.nodes[1].props.NumCPUCores, 0);
	assert_int_equal(nodes.nodes[1].bank_count, 1);
	assert_int_equal(nodes.nodes[1].cache_count, 0);
}

static void distances_skip_hidden_nodes(void **state)
{
	(void)state;
	put_two_nodes();
	put("0,2,5\n", NODES "/online");
	put("1\n", NODES "/node2/cpulist");
	put("2-3\n", NODES "/node5/cpulist");
	put("0\n", NODES "/node0/cpulist");
	put("Node 5 MemTotal: 5000 kB\n", NODES "/node5/meminfo");
	put("10 20 30\n", NODES "/node0/distance");
	put("30 40 10\n", NODES "/node5/distance");
	put("x\nCpus_allowed_list:\t0,2-3\nMems_allowed_list:\t0,5\n", "proc/self/status");
	read_tree();
	assert_int_equal(nodes.count, 2);
	assert_int_equal(nodes.nodes[1].numa_node, 5);
	assert_int_equal(nodes.distance[1], 30);
	assert_int_equal(nodes.distance[2], 30);
	assert_int_equal(nodes.distance[3], 10);
}

static void an_empty_system_still_has_a_usable_node(void **state)
{
	(void)state;
	read_tree();
	check_minimum();
	assert_int_equal(nodes.count, 1);
	assert_string_equal((const char *)nodes.nodes[0].props.AMDName, "CPU");
}

static void hidden_caches_leave_one_assumed(void **state)
{
	(void)state;
	put_cpuinfo(1, "GenuineIntel");
	put("0\n", CPUS "/online");
	put("MemTotal: 1024 kB\n", "proc/meminfo");
	/* only a unified one: ROCr would drop it and assert */
	put_cache(0, 0, "3\n", "Unified\n", "8192K\n", "0\n");
	read_tree();
	check_minimum();
	assert_int_equal(nodes.nodes[0].cache_count, 2);
	assert_int_equal(nodes.nodes[0].caches[1].CacheLevel, 1);
	assert_true(nodes.nodes[0].caches[1].CacheSize > 0);
}

static void hostile_contents_are_survived(void **state)
{
	static char huge[65536];

	(void)state;
	memset(huge, '9', sizeof(huge));
	put_two_nodes();
	temp_tree_write_bytes(&tree, CPUS "/cpu0/cache/index0/size", huge, sizeof(huge));
	temp_tree_write_bytes(&tree, CPUS "/cpu0/cache/index1/type", huge, sizeof(huge));
	put("0-99999999999\n", CPUS "/cpu0/cache/index2/shared_cpu_list");
	put("0\n", CPUS "/cpu1/cache/index0/level");
	put("77\n", CPUS "/cpu1/cache/index1/level");
	put("-5K\n", CPUS "/cpu1/cache/index2/size");
	put("Node 0 MemTotal: 99999999999999999999999 kB\n", NODES "/node0/meminfo");
	put("10 -1 x\n", NODES "/node0/distance");
	put("processor\t: 4294967295\napicid\t\t: 7\nprocessor\t: 9999\napicid\t\t: 8\nprocessor\t: 2\n"
	    "apicid\t\t: 99999999999\nmodel name\t: \033[31mred\033[0m\ncpu MHz\t\t: -3\nno colon\n:\n",
	    "proc/cpuinfo");
	temp_tree_write_bytes(&tree, "proc/self/status", huge, sizeof(huge));
	read_tree();
	check_minimum();
	assert_string_equal((const char *)nodes.nodes[0].props.AMDName, "[31mred[0m");
	assert_int_equal(nodes.distance[1], 20);
}

static void hostile_lists_are_refused(void **state)
{
	static const char *const bad[] = {"-",	   "1-",   "3-1", "1,,2", "a",
					  "1-2-3", "8192", "0x3", "1 2",  "99999999999"};
	struct id_set set;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(id_set_parse(bad[i], &set), -22);
	assert_int_equal(id_set_parse("", &set), 0);
	assert_int_equal(id_set_count(&set), 0);
	assert_int_equal(id_set_parse("0-2,64,8190-8191", &set), 0);
	assert_int_equal(id_set_count(&set), 6);
	assert_int_equal(id_set_next(&set, 3), 64);
	assert_int_equal(id_set_next(&set, 65), 8190);
	assert_int_equal(id_set_next(&set, 8192), ID_SET_SIZE);
}

static void a_fifo_does_not_block(void **state)
{
	(void)state;
	put_two_nodes();
	temp_tree_mkfifo(&tree, CPUS "/cpu0/cache/index3/type");
	temp_tree_mkfifo(&tree, CPUS "/cpu0/cpufreq/cpuinfo_max_freq");
	read_tree();
	check_minimum();
}

static void this_machine_can_be_read(void **state)
{
	(void)state;
	assert_int_equal(cpu_nodes_read("", &nodes), 0);
	check_minimum();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(two_numa_nodes_are_two_nodes),
		TEST(no_node_directory_is_one_node),
		TEST(the_only_node_has_all_the_memory),
		TEST(offline_cpus_do_not_count),
		TEST(cpuset_hides_the_other_node),
		TEST(affinity_alone_hides_no_node),
		TEST(memory_only_node_has_a_bank_and_no_core),
		TEST(distances_skip_hidden_nodes),
		TEST(an_empty_system_still_has_a_usable_node),
		TEST(hidden_caches_leave_one_assumed),
		TEST(hostile_contents_are_survived),
		TEST(hostile_lists_are_refused),
		TEST(a_fifo_does_not_block),
		TEST(this_machine_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
