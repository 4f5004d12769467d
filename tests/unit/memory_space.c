// SPDX-License-Identifier: MIT
/* The address space on GPUs that are played here: each says what is taken on it. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "memory/space.h"
#include "util/compiler.h"

#define KIB  1024ULL
#define MIB  (1024 * KIB)
#define GIB  (1024 * MIB)
#define TIB  (1024 * GIB)
#define PAGE (4 * KIB)

#define MAX_RESERVED 256

struct gsp_device {
	struct kmd_adapter info;
	bool lost;
	bool refuses; /* everything */
	uint64_t taken_start;
	uint64_t taken_end;
	unsigned asked;
	struct {
		uint64_t start;
		uint64_t size;
	} reserved[MAX_RESERVED];
	size_t count;
};

static struct gsp_device gpu[2];
/* a GPU is its one device here */
static struct gsp_gpu *gpus[2] = {(struct gsp_gpu *)&gpu[0], (struct gsp_gpu *)&gpu[1]};

struct gsp_device *gsp_gpu_device(const struct gsp_gpu *of)
{
	return &gpu[(const struct gsp_device *)of - gpu];
}

const struct kmd_adapter *gsp_device_info(const struct gsp_device *device)
{
	return &device->info;
}

bool gsp_device_takes_back(struct gsp_device *device)
{
	return !device->lost;
}

bool gsp_device_is_lost(const struct gsp_device *device)
{
	return device->lost;
}

int gsp_device_result(struct gsp_device *device, int result)
{
	(void)device;
	return result;
}

struct dxg *gsp_device_dxg(const struct gsp_device *device)
{
	(void)device;
	return NULL;
}

d3dkmt_handle gsp_device_adapter(const struct gsp_device *device)
{
	return (d3dkmt_handle)(device - gpu);
}

int dxg_reserve_gpu_va(struct dxg *dxg, d3dkmt_handle adapter, uint64_t base, uint64_t minimum,
		       uint64_t maximum, uint64_t size, uint64_t *va)
{
	struct gsp_device *device = &gpu[adapter];

	(void)dxg;
	assert_int_equal(minimum, base);
	assert_int_equal(maximum, base + size);
	assert_true(IS_ALIGNED(base | size, PAGE) && size);
	*va = 0;
	device->asked++;
	if (device->refuses || (base < device->taken_end && device->taken_start < base + size))
		return -EEXIST;
	for (size_t i = 0; i < device->count; i++)
		assert_false(base < device->reserved[i].start + device->reserved[i].size &&
			     device->reserved[i].start < base + size);
	assert_in_range(device->count, 0, MAX_RESERVED - 1);
	device->reserved[device->count].start = base;
	device->reserved[device->count++].size = size;
	*va = base;
	return 0;
}

int dxg_free_gpu_va(struct dxg *dxg, d3dkmt_handle adapter, uint64_t base, uint64_t size)
{
	struct gsp_device *device = &gpu[adapter];

	(void)dxg;
	for (size_t i = 0; i < device->count; i++)
		if (device->reserved[i].start == base && device->reserved[i].size == size) {
			device->reserved[i] = device->reserved[--device->count];
			return 0;
		}
	fail_msg("released on GPU %u what was not reserved: %#llx", adapter, (unsigned long long)base);
	return -EINVAL;
}

static struct space *new_space(unsigned count)
{
	struct space *space;

	assert_int_equal(space_create(gpus, count, 16 * GIB, &space), 0);
	return space;
}

static void end_space(struct space *space)
{
	space_destroy(space);
	for (unsigned i = 0; i < ARRAY_SIZE(gpu); i++)
		assert_int_equal(gpu[i].count, 0);
}

static int setup(void **state)
{
	(void)state;
	memset(gpu, 0, sizeof(gpu));
	return 0;
}

static void a_window_is_kept_to_and_used_up(void **state)
{
	struct space *space = new_space(1);
	struct va_range *ranges[64], *range;
	uint64_t lowest = 0x10000000, highest = lowest + 64 * MIB;
	unsigned count = 0;
	int ret;

	(void)state;
	while (!(ret = space_take_within(space, SPACE_SYSTEM, 4 * MIB, 64 * KIB, lowest, highest, &range))) {
		assert_in_range(range->start, lowest, highest - 4 * MIB);
		assert_int_equal(space_gpus_of(range), 1);
		assert_int_equal(space_commit(range), 0);
		memset(u64_to_ptr(range->start), 1, range->size);
		assert_in_range(count, 0, 15);
		ranges[count++] = range;
	}
	assert_int_equal(ret, -ENOMEM);
	assert_int_equal(count, 16);
	assert_null(range);
	/* what others have is not what a window leaves */
	assert_int_equal(space_decommit(ranges[7]), 0);
	space_give(space, SPACE_SYSTEM, ranges[7]);
	assert_int_equal(space_take(space, SPACE_SYSTEM, 4 * MIB, 64 * KIB, &range), 0);
	assert_true(range->start >= highest || range->start + range->size <= lowest);
	space_give(space, SPACE_SYSTEM, range);
	assert_int_equal(
		space_take_within(space, SPACE_SYSTEM, 4 * MIB, 64 * KIB, lowest, highest, &ranges[7]), 0);
	/* one that is larger than the window */
	assert_int_equal(space_take_within(space, SPACE_SYSTEM, 65 * MIB, 64 * KIB, lowest, highest, &range),
			 -ENOMEM);
	end_space(space);
}

/* Small and odd sizes, to the last page, around what lies in the window already. */
static void a_small_window_is_used_to_the_last_page(void **state)
{
	struct space *space = new_space(2);
	uint64_t lowest = 0x20000000 + 12 * PAGE, highest = 0x20000000 + 64 * PAGE;
	void *in_the_way = mmap(u64_to_ptr(lowest + 8 * PAGE), PAGE, PROT_NONE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	struct va_range *range;
	unsigned count = 0;

	(void)state;
	assert_ptr_not_equal(in_the_way, MAP_FAILED);
	while (!space_take_within(space, SPACE_DEVICE, PAGE, PAGE, lowest, highest, &range)) {
		assert_in_range(range->start, lowest, highest - PAGE);
		assert_int_equal(space_gpus_of(range), 3);
		count++;
	}
	assert_int_equal(count, 51);
	end_space(space);
	assert_int_equal(munmap(in_the_way, PAGE), 0);
}

static void windows_that_make_no_sense_are_refused(void **state)
{
	struct space *space;
	struct va_range *range;

	(void)state;
	gpu[0].info.valid = 1ULL << KMD_FIELD_VA_RANGE;
	gpu[0].info.va_base = 1 * GIB;
	gpu[0].info.va_limit = 1 * TIB;
	space = new_space(1);
	assert_int_equal(space_take_within(space, SPACE_SYSTEM, PAGE, PAGE, 2 * GIB, 2 * GIB, &range),
			 -EINVAL);
	assert_int_equal(space_take_within(space, SPACE_SYSTEM, PAGE, PAGE, 3 * GIB, 2 * GIB, &range),
			 -EINVAL);
	assert_int_equal(space_take_within(space, SPACE_SYSTEM, PAGE, PAGE, 2 * GIB + 1, 3 * GIB, &range),
			 -EINVAL);
	assert_int_equal(space_take_within(space, SPACE_SYSTEM, PAGE, PAGE, 2 * GIB, 3 * GIB + 1, &range),
			 -EINVAL);
	assert_int_equal(space_take_within(space, SPACE_SYSTEM, PAGE, PAGE, PAGE, 1 * GIB, &range), -EINVAL);
	assert_int_equal(space_take_within(space, SPACE_SYSTEM, PAGE, PAGE, 1 * TIB, 2 * TIB, &range),
			 -EINVAL);
	assert_int_equal(space_take_within(space, SPACE_HANDLES, PAGE, PAGE, 1ULL << 47, 1ULL << 48, &range),
			 -EINVAL);
	/* the part of it that is reached */
	assert_int_equal(space_take_within(space, SPACE_SYSTEM, PAGE, PAGE, 0, 1 * GIB + 4 * MIB, &range), 0);
	assert_in_range(range->start, 1 * GIB, 1 * GIB + 4 * MIB - PAGE);
	end_space(space);
}

static void a_window_goes_around_what_a_gpu_has(void **state)
{
	struct space *space = new_space(2);
	struct va_range *range;

	(void)state;
	gpu[1].taken_start = 1 * GIB;
	gpu[1].taken_end = 4 * GIB;
	assert_int_equal(space_take_within(space, SPACE_DEVICE, 2 * MIB, 2 * MIB, 0, 4 * GIB, &range), 0);
	assert_in_range(range->start, 2 * MIB, 1 * GIB - 2 * MIB);
	assert_int_equal(space_gpus_of(range), 3);
	end_space(space);
}

static void a_large_alignment_is_had(void **state)
{
	struct space *space = new_space(1);
	struct va_range *range, *second;

	(void)state;
	for (uint64_t alignment = 64 * KIB; alignment <= 16 * TIB; alignment *= 2) {
		assert_int_equal(space_take(space, SPACE_DEVICE, 2 * MIB, alignment, &range), 0);
		assert_true(IS_ALIGNED(range->start, alignment));
		assert_in_range(range->start, alignment, (1ULL << 47) - 2 * MIB);
		assert_int_equal(space_take(space, SPACE_DEVICE, 2 * MIB, alignment, &second), 0);
		assert_true(IS_ALIGNED(second->start, alignment));
		space_give(space, SPACE_DEVICE, range);
		space_give(space, SPACE_DEVICE, second);
	}
	/* what the alignment costs is not reserved */
	for (size_t i = 0; i < gpu[0].count; i++)
		assert_in_range(gpu[0].reserved[i].size, 0, 32 * GIB);
	assert_int_equal(space_take(space, SPACE_DEVICE, 2 * MIB, 1ULL << 47, &range), -ENOMEM);
	assert_int_equal(space_take(space, SPACE_DEVICE, 2 * MIB, 1ULL << 63, &range), -ENOMEM);
	assert_int_equal(space_take(space, SPACE_DEVICE, 1ULL << 47, PAGE, &range), -ENOMEM);
	assert_int_equal(space_take(space, SPACE_DEVICE, UINT64_MAX & ~(PAGE - 1), PAGE, &range), -ENOMEM);
	assert_int_equal(space_take_within(space, SPACE_DEVICE, 2 * MIB, 1 * GIB, 1 * GIB, 4 * GIB, &range),
			 0);
	assert_true(IS_ALIGNED(range->start, 1 * GIB));
	end_space(space);
}

static void handles_are_no_addresses(void **state)
{
	struct space *space;
	struct va_range *a, *b;

	(void)state;
	gpu[1].info.valid = 1ULL << KMD_FIELD_VA_RANGE;
	gpu[1].info.va_base = gpu[1].info.va_limit = 0;
	space = new_space(2);
	assert_int_equal(space_take(space, SPACE_HANDLES, 2 * MIB, 2 * MIB, &a), 0);
	assert_int_equal(space_take(space, SPACE_HANDLES, 1ULL << 46, PAGE, &b), 0);
	assert_in_range(a->start, 1ULL << 47, (1ULL << 48) - 2 * MIB);
	assert_in_range(b->start, 1ULL << 47, 1ULL << 48);
	assert_int_equal(space_gpus_of(a), 1);
	assert_int_equal(gpu[0].asked + gpu[1].asked, 0);
	assert_int_equal(space_take(space, SPACE_HANDLES, 1ULL << 47, PAGE, &b), -ENOMEM);
	assert_int_equal(space_take_at(space, SPACE_HANDLES, 1ULL << 47, PAGE, &b), -EINVAL);
	space_give(space, SPACE_HANDLES, a);
	end_space(space);
}

static void a_gpu_that_always_refuses_is_left_out(void **state)
{
	struct space *space = new_space(2);
	struct va_range *range;
	unsigned asked;

	(void)state;
	gpu[0].refuses = true;
	assert_int_equal(space_take(space, SPACE_SYSTEM, PAGE, PAGE, &range), 0);
	assert_int_equal(space_gpus_of(range), 2);
	assert_int_equal(gpu[0].count, 0);
	assert_int_equal(gpu[1].count, 1);
	/* it is not searched for at length again, and not forgotten */
	asked = gpu[0].asked;
	assert_int_equal(space_take(space, SPACE_DEVICE, PAGE, PAGE, &range), 0);
	assert_int_equal(space_gpus_of(range), 2);
	assert_int_equal(gpu[0].asked, asked + 1);
	assert_int_equal(space_take_at(space, SPACE_SYSTEM, 0x30000000, PAGE, &range), 0);
	assert_int_equal(space_gpus_of(range), 2);
	gpu[0].refuses = false;
	assert_int_equal(space_take_within(space, SPACE_SYSTEM, PAGE, PAGE, 1 * GIB, 2 * GIB, &range), 0);
	assert_int_equal(space_gpus_of(range), 3);
	end_space(space);
}

static void without_another_gpu_a_refusal_is_final(void **state)
{
	struct space *space = new_space(1);
	struct va_range *range;

	(void)state;
	gpu[0].refuses = true;
	assert_int_equal(space_take(space, SPACE_SYSTEM, PAGE, PAGE, &range), -ENOMEM);
	assert_int_equal(space_take_within(space, SPACE_SYSTEM, PAGE, PAGE, 0, 4 * GIB, &range), -ENOMEM);
	assert_int_equal(space_take_at(space, SPACE_SYSTEM, 0x30000000, PAGE, &range), -EEXIST);
	gpu[0].refuses = false;
	assert_int_equal(space_take(space, SPACE_SYSTEM, PAGE, PAGE, &range), 0);
	end_space(space);

	space = new_space(2);
	gpu[0].refuses = gpu[1].refuses = true;
	assert_int_equal(space_take(space, SPACE_SYSTEM, PAGE, PAGE, &range), -ENOMEM);
	gpu[0].refuses = gpu[1].refuses = false;
	gpu[0].lost = gpu[1].lost = true;
	assert_int_equal(space_take(space, SPACE_SYSTEM, PAGE, PAGE, &range), -ENODEV);
	end_space(space);
}

static unsigned count_mappings(void)
{
	unsigned lines = 0;
	int c;
	FILE *file = fopen("/proc/self/maps", "re");

	assert_non_null(file);
	while ((c = getc(file)) != EOF)
		lines += c == '\n';
	fclose(file);
	return lines;
}

static void freed_holes_cost_no_mapping(void **state)
{
	static struct va_range *ranges[100000];
	struct space *space = new_space(1);
	unsigned before = count_mappings();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		assert_int_equal(space_take(space, SPACE_SYSTEM, 128 * KIB, PAGE, &ranges[i]), 0);
		assert_int_equal(space_commit(ranges[i]), 0);
		*(volatile uint32_t *)u64_to_ptr(ranges[i]->start) = 1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i += 2) {
		assert_int_equal(space_decommit(ranges[i]), 0);
		space_give(space, SPACE_SYSTEM, ranges[i]);
	}
	assert_in_range(count_mappings(), 0, before + 64);
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i += 2) {
		assert_int_equal(space_take(space, SPACE_SYSTEM, 128 * KIB, PAGE, &ranges[i]), 0);
		assert_int_equal(space_commit(ranges[i]), 0);
		assert_int_equal(*(volatile uint32_t *)u64_to_ptr(ranges[i]->start), 0);
	}
	for (size_t i = 1; i < ARRAY_SIZE(ranges); i += 2)
		assert_int_equal(*(volatile uint32_t *)u64_to_ptr(ranges[i]->start), 1);
	assert_in_range(count_mappings(), 0, before + 64);
	end_space(space);
}

static void the_next_user_finds_zeros(void **state)
{
	struct space *space = new_space(1);
	struct va_range *range;
	volatile char *late;

	(void)state;
	assert_int_equal(space_take(space, SPACE_SYSTEM, 1 * MIB, PAGE, &range), 0);
	assert_int_equal(space_commit(range), 0);
	late = u64_to_ptr(range->start);
	*late = 1;
	assert_int_equal(space_decommit(range), 0);
	*late = 2;
	space_give(space, SPACE_SYSTEM, range);
	assert_int_equal(space_take(space, SPACE_SYSTEM, 1 * MIB, PAGE, &range), 0);
	assert_ptr_equal(late, u64_to_ptr(range->start));
	assert_int_equal(space_commit(range), 0);
	assert_int_equal(*late, 0);
	/* locked pages */
	if (!mlock(u64_to_ptr(range->start), range->size)) {
		*late = 3;
		assert_int_equal(space_decommit(range), 0);
		assert_int_equal(space_commit(range), 0);
		assert_int_equal(*late, 0);
	}
	end_space(space);
}

/* What a child of fork() sees of committed memory: the signal it dies of, or 0. */
static int child_reads(const struct va_range *range)
{
	int status;
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (!pid) {
		struct rlimit none = {0};

		setrlimit(RLIMIT_CORE, &none);
		for (int i = 1; i < 32; i++)
			signal(i, SIG_DFL);
		_exit(*(volatile char *)u64_to_ptr(range->start) == 1 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status) ? -1 : 0;
}

static void a_fork_child_has_nothing_of_what_a_gpu_may_write(void **state)
{
	struct space *space = new_space(1);
	struct va_range *range;

	(void)state;
	assert_int_equal(space_take(space, SPACE_SYSTEM, PAGE, PAGE, &range), 0);
	assert_int_equal(space_commit(range), 0);
	*(volatile char *)u64_to_ptr(range->start) = 1;
	assert_int_equal(child_reads(range), SIGSEGV);
	assert_int_equal(*(volatile char *)u64_to_ptr(range->start), 1);
	end_space(space);

	space = new_space(0);
	assert_int_equal(space_take(space, SPACE_SYSTEM, PAGE, PAGE, &range), 0);
	assert_int_equal(space_commit(range), 0);
	*(volatile char *)u64_to_ptr(range->start) = 1;
	assert_int_equal(child_reads(range), 0);
	end_space(space);
}

static void exhaustion_is_survived(void **state)
{
	const uint64_t base = 0x7e9000000000; /* not where the sanitizers are at home */
	struct space *space;
	struct va_range *ranges[512], *range;
	unsigned count = 0;
	int ret;

	(void)state;
	gpu[0].info.valid = 1ULL << KMD_FIELD_VA_RANGE;
	gpu[0].info.va_base = base;
	gpu[0].info.va_limit = base + 1 * TIB;
	gpu[0].taken_start = base + 64 * GIB;
	gpu[0].taken_end = base + 960 * GIB;
	space = new_space(1);
	while (!(ret = space_take(space, SPACE_DEVICE, 4 * GIB, PAGE, &range))) {
		assert_true(range->start + range->size <= base + 64 * GIB ||
			    range->start >= base + 960 * GIB);
		assert_in_range(count, 0, 31);
		ranges[count++] = range;
	}
	assert_int_equal(ret, -ENOMEM);
	assert_in_range(count, 8, 32);
	space_give(space, SPACE_DEVICE, ranges[3]);
	assert_int_equal(space_take(space, SPACE_DEVICE, 4 * GIB, PAGE, &ranges[3]), 0);
	assert_int_equal(space_take(space, SPACE_DEVICE, 4 * GIB, PAGE, &range), -ENOMEM);
	end_space(space);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_window_is_kept_to_and_used_up),
		TEST(a_small_window_is_used_to_the_last_page),
		TEST(windows_that_make_no_sense_are_refused),
		TEST(a_window_goes_around_what_a_gpu_has),
		TEST(a_large_alignment_is_had),
		TEST(handles_are_no_addresses),
		TEST(a_gpu_that_always_refuses_is_left_out),
		TEST(without_another_gpu_a_refusal_is_final),
		TEST(freed_holes_cost_no_mapping),
		TEST(the_next_user_finds_zeros),
		TEST(a_fork_child_has_nothing_of_what_a_gpu_may_write),
		TEST(exhaustion_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
