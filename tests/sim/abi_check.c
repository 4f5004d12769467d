// SPDX-License-Identifier: MIT
/*
 * DxgAbiCheck(): which sizes are agreed on, and that a library writes what was agreed and not a byte more.
 * Both libraries by turns, each in a process of its own: the agreement lasts as long as the process.
 */
#include <dlfcn.h>
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

#include <hsakmt/hsakmt.h>

#include "dxgsim/dxgsim.h"

#define GUARD  0xc3
#define NEWEST 396

static __typeof__(DxgAbiCheck) *abi_check;
static __typeof__(hsaKmtOpenKFD) *open_kfd;
static __typeof__(hsaKmtCloseKFD) *close_kfd;
static __typeof__(hsaKmtAcquireSystemProperties) *acquire;
static __typeof__(hsaKmtReleaseSystemProperties) *release;
static HSAKMT_STATUS (*get_node)(HSAuint32 node, void *properties);

static unsigned default_size; /* of HsaNodeProperties in the library under test */

static void *resolve(void *library, const char *name)
{
	void *call = dlsym(library, name);

	if (!call) {
		fprintf(stderr, "%s\n", dlerror());
		exit(2);
	}
	return call;
}

static void load(const char *path)
{
	void *library = dlopen(path, RTLD_NOW);

	if (!library) {
		fprintf(stderr, "%s\n", dlerror());
		exit(2);
	}
	*(void **)&abi_check = resolve(library, "DxgAbiCheck");
	*(void **)&open_kfd = resolve(library, "hsaKmtOpenKFD");
	*(void **)&close_kfd = resolve(library, "hsaKmtCloseKFD");
	*(void **)&acquire = resolve(library, "hsaKmtAcquireSystemProperties");
	*(void **)&release = resolve(library, "hsaKmtReleaseSystemProperties");
	*(void **)&get_node = resolve(library, "hsaKmtGetNodeProperties");
}

static HSAKMT_STATUS check(unsigned node_properties, unsigned descriptor)
{
	HsaStructureSizes sizes = {
		.StructureSizes = sizeof(sizes),
		.SizeOfHsaNodeProperties = (HSAuint16)node_properties,
		.SizeOfHsaExternalHandleDesc = (HSAuint16)descriptor,
	};

	return abi_check(&sizes);
}

/* The same, with what it writes to standard error. */
static HSAKMT_STATUS check_listening(unsigned node_properties, unsigned descriptor, char *heard, size_t size)
{
	int file = memfd_create("stderr", MFD_CLOEXEC), saved = dup(STDERR_FILENO);
	HSAKMT_STATUS status;
	ssize_t length;

	assert_true(file >= 0 && saved >= 0);
	fflush(stderr);
	assert_int_equal(dup2(file, STDERR_FILENO), STDERR_FILENO);
	status = check(node_properties, descriptor);
	fflush(stderr);
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	length = pread(file, heard, size - 1, 0);
	heard[length > 0 ? length : 0] = '\0';
	close(saved);
	close(file);
	return status;
}

/* How many bytes the library writes for a node, by what it leaves of the guard; contiguous or the test fails. */
static unsigned bytes_written(HSAuint32 node, uint8_t *copy)
{
	uint8_t guarded[2][1024], bytes[1024];
	unsigned end = 0;

	/* two guards: a byte that happens to be one of them is not the other */
	for (unsigned i = 0; i < 2; i++) {
		memset(guarded[i], i ? GUARD : (uint8_t)~GUARD, sizeof(guarded[i]));
		assert_int_equal(get_node(node, guarded[i] + 256), HSAKMT_STATUS_SUCCESS);
	}
	for (unsigned i = 0; i < sizeof(guarded[0]); i++) {
		if (guarded[0][i] != guarded[1][i])
			continue;
		assert_in_range(i, 256, sizeof(guarded[0]) - 1);
		end = i - 256 + 1;
	}
	for (unsigned i = 0; i < end; i++)
		assert_int_equal(guarded[0][256 + i], guarded[1][256 + i]);
	memcpy(bytes, guarded[0] + 256, sizeof(bytes) - 256);
	if (copy)
		memcpy(copy, bytes, end);
	return end;
}

/* VendorId of a GPU where this generation has it: what is written is that generation, not only as long. */
static unsigned vendor_offset(unsigned size)
{
	return size >= 368 ? 84 : size >= 364 ? 80 : size >= 360 ? 76 : 72;
}

static void assert_speaks(unsigned size)
{
	uint8_t bytes[1024];
	uint16_t vendor;

	assert_int_equal(bytes_written(1, bytes), size);
	memcpy(&vendor, bytes + vendor_offset(size), sizeof(vendor));
	assert_int_equal(vendor, 0x1002);
	for (unsigned i = NEWEST; i < size; i++)
		assert_int_equal(bytes[i], 0);
}

static int start_unasked(void **state)
{
	HsaSystemProperties system;

	(void)state;
	dxgsim_reset();
	if (open_kfd() || acquire(&system))
		return -1;
	return system.NumNodes >= 2 ? 0 : -1;
}

static int start(void **state)
{
	return check(0, 0) ? -1 : start_unasked(state);
}

static int finish(void **state)
{
	(void)state;
	release();
	close_kfd();
	return dxgsim_misuse_count() || dxgsim_leak_count();
}

static void a_library_speaks_its_own_generation_unasked(void **state)
{
	(void)state;
	assert_speaks(default_size);
}

static void known_sizes_are_agreed_on(void **state)
{
	static const unsigned known[] = {356, 360, 364, 368, 376, 392, 396};
	static const unsigned descriptors[] = {0, 20, 24, 28, 32, 40};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		for (size_t j = 0; j < sizeof(descriptors) / sizeof(descriptors[0]); j++)
			assert_int_equal(check(known[i], descriptors[j]), HSAKMT_STATUS_SUCCESS);
		assert_speaks(known[i]);
	}
	/* 0: not exchanged */
	assert_int_equal(check(0, 40), HSAKMT_STATUS_SUCCESS);
	assert_speaks(default_size);
}

static void larger_sizes_get_the_newest_layout_and_a_zeroed_tail(void **state)
{
	static const unsigned larger[] = {397, 400, 412, 480};

	(void)state;
	for (size_t i = 0; i < sizeof(larger) / sizeof(larger[0]); i++) {
		assert_int_equal(check(larger[i], 40), HSAKMT_STATUS_SUCCESS);
		assert_speaks(larger[i]);
	}
	assert_int_equal(check(NEWEST, 64), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(check(65535, 65535), HSAKMT_STATUS_SUCCESS);
}

static void other_sizes_are_refused_with_both_sides_and_change_nothing(void **state)
{
	static const unsigned bad[] = {1, 16, 350, 355, 357, 362, 370, 380, 394, 395};
	static const unsigned bad_descriptors[] = {1, 16, 19, 22, 30, 36, 39};
	char heard[1024], number[16];

	(void)state;
	assert_int_equal(check(376, 32), HSAKMT_STATUS_SUCCESS);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(check_listening(bad[i], 40, heard, sizeof(heard)),
				 HSAKMT_STATUS_DRIVER_MISMATCH);
		snprintf(number, sizeof(number), " %u ", bad[i]);
		if (!strstr(heard, number) || !strstr(heard, "356") || !strstr(heard, "376") ||
		    !strstr(heard, "396"))
			fail_msg("%u: %s", bad[i], heard);
		assert_speaks(376);
	}
	for (size_t i = 0; i < sizeof(bad_descriptors) / sizeof(bad_descriptors[0]); i++) {
		/* with a good size of the other structure, which is not taken either */
		assert_int_equal(check_listening(360, bad_descriptors[i], heard, sizeof(heard)),
				 HSAKMT_STATUS_DRIVER_MISMATCH);
		snprintf(number, sizeof(number), " %u ", bad_descriptors[i]);
		if (!strstr(heard, number) || !strstr(heard, "20") || !strstr(heard, "40"))
			fail_msg("%u: %s", bad_descriptors[i], heard);
		assert_speaks(376);
	}
}

static void something_else_than_the_structure_is_refused_and_changes_nothing(void **state)
{
	static const HSAuint16 bad[] = {0, 4, 6, 12, 15, 17, 20, 0xffff};
	HsaStructureSizes sizes = {.SizeOfHsaNodeProperties = 396, .SizeOfHsaExternalHandleDesc = 40};

	(void)state;
	assert_int_equal(check(364, 0), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(abi_check(NULL), HSAKMT_STATUS_INVALID_PARAMETER);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		sizes.StructureSizes = bad[i];
		assert_int_equal(abi_check(&sizes), HSAKMT_STATUS_INVALID_PARAMETER);
	}
	assert_speaks(364);
}

static void the_structure_is_only_read(void **state)
{
	HsaStructureSizes sizes, before;

	(void)state;
	memset(&sizes, GUARD, sizeof(sizes)); /* the reserved fields too */
	sizes.StructureSizes = sizeof(sizes);
	sizes.SizeOfHsaNodeProperties = 392;
	sizes.SizeOfHsaExternalHandleDesc = 32;
	before = sizes;
	assert_int_equal(abi_check(&sizes), HSAKMT_STATUS_SUCCESS);
	assert_memory_equal(&sizes, &before, sizeof(sizes));
	assert_speaks(392);
}

static void an_agreement_outlives_close_and_open(void **state)
{
	HsaSystemProperties system;

	(void)state;
	assert_int_equal(check(NEWEST, 40), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(release(), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(close_kfd(), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(open_kfd(), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(acquire(&system), HSAKMT_STATUS_SUCCESS);
	assert_speaks(NEWEST);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		/* first: nothing was agreed on yet */
		cmocka_unit_test_setup_teardown(a_library_speaks_its_own_generation_unasked, start_unasked,
						finish),
		cmocka_unit_test_setup_teardown(known_sizes_are_agreed_on, start, finish),
		cmocka_unit_test_setup_teardown(larger_sizes_get_the_newest_layout_and_a_zeroed_tail, start,
						finish),
		cmocka_unit_test_setup_teardown(other_sizes_are_refused_with_both_sides_and_change_nothing,
						start, finish),
		cmocka_unit_test_setup_teardown(
			something_else_than_the_structure_is_refused_and_changes_nothing, start, finish),
		cmocka_unit_test_setup_teardown(the_structure_is_only_read, start, finish),
		cmocka_unit_test_setup_teardown(an_agreement_outlives_close_and_open, start, finish),
	};

	if (argc != 3)
		return 2;
	setenv("DXGSIM_ADAPTERS", "rx6800", 1);
	unsetenv("HSAKMT_DEBUG_LEVEL");
	default_size = (unsigned)strtoul(argv[2], NULL, 10);
	load(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
