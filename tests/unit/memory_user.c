// SPDX-License-Identifier: MIT
/* Registered memory: what the GPU has of it, under which address, for how long, and what it costs. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "fake_dxg.h"
#include "gsp/timeline.h"
#include "memory/memory.h"
#include "memory/user.h"
#include "util/compiler.h"
#include "util/log.h"

#define PAGE 4096ULL
#define MIB  (1ULL << 20)
#define GIB  (1ULL << 30)
#define BOTH 3ULL

struct world {
	struct gsp_gpu *gpus[2];
	struct gsp_device *devices[2];
	struct memory *memory;
	char *pages; /* of the caller's, with contents, 2 MiB */
};

static const uint32_t gpu0 = 0, gpu1 = 1, both[] = {0, 1};

static void build(struct world *w, unsigned gpus, uint64_t va_limit)
{
	struct kmd_adapter info = {.discrete = true, .vram_visible = 256 * MIB, .vram_invisible = 15 * GIB};
	struct memory_gpu_config configs[2];

	memset(w, 0, sizeof(*w));
	info.va_base = 2 * MIB;
	info.va_limit = va_limit;
	if (va_limit)
		info.valid |= 1ULL << KMD_FIELD_VA_RANGE;
	for (unsigned i = 0; i < gpus; i++) {
		assert_int_equal(gsp_gpu_create(NULL, FAKE_ADAPTER(i), &info, &w->gpus[i]), 0);
		w->devices[i] = gsp_gpu_device(w->gpus[i]);
		configs[i] = (struct memory_gpu_config){
			.gsp = w->gpus[i], .info = &info, .gfx_major = 10, .node = i + 1};
	}
	assert_int_equal(memory_create(configs, gpus, &w->memory), 0);
	w->pages = mmap(NULL, 2 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(w->pages, MAP_FAILED);
	memset(w->pages, 7, 2 * MIB);
}

static void tear_down(struct world *w)
{
	memory_destroy(w->memory);
	for (unsigned i = 0; i < 2; i++)
		gsp_gpu_destroy(w->gpus[i]);
	munmap(w->pages, 2 * MIB);
	assert_int_equal(fake_leaks(), 0);
	assert_int_equal(fake_misuse(), 0);
}

static int setup(void **state)
{
	(void)state;
	fake_reset();
	fake_user_pages(true);
	log_set_level(LOG_NONE);
	return 0;
}

static int add_for(struct world *w, void *address, uint64_t size, uint32_t flags, const uint32_t *gpus,
		   uint32_t count)
{
	struct memory_registration registration = {
		.address = address,
		.size = size,
		.flags = flags,
		.gpus = gpus,
		.count = count,
		.caller_flags = 0x2040,
	};

	return memory_register(w->memory, &registration);
}

static void add(struct world *w, void *address, uint64_t size)
{
	assert_int_equal(add_for(w, address, size, MEMORY_COARSE, NULL, 0), 0);
}

static void drop(struct world *w, void *address)
{
	assert_int_equal(memory_deregister(w->memory, address), 0);
}

static uint64_t map(struct world *w, void *address, uint64_t size, const uint32_t *gpus, uint32_t count)
{
	uint64_t va;

	assert_int_equal(memory_map(w->memory, address, size, gpus, count, &va), 0);
	return va;
}

static void unmap(struct world *w, void *address)
{
	assert_int_equal(memory_unmap(w->memory, address), 0);
}

/* The pages [start, end) are on the GPU, each as itself, and no others around them. */
static void assert_pages(unsigned gpu, const char *start, const char *end, bool writable)
{
	for (const char *p = start; p < end; p += PAGE) {
		const void *page;
		bool may_write;

		assert_true(fake_page_at(gpu, ptr_to_u64(p), &page, &may_write));
		assert_ptr_equal(page, p);
		assert_int_equal(may_write, writable);
	}
}

static void assert_gone(unsigned gpu, const char *start, const char *end)
{
	for (const char *p = start; p < end; p += PAGE)
		assert_false(fake_is_mapped(gpu, ptr_to_u64(p)));
}

static unsigned pins(void)
{
	return fake_calls_of("create_allocations");
}

static void unaligned_memory_keeps_its_address(void **state)
{
	struct memory_info info;
	struct world w;
	char *p;

	(void)state;
	build(&w, 2, 0);
	p = w.pages + 5 * PAGE + 123;
	add(&w, p, 9000);
	assert_int_equal(fake_calls(), 0);
	assert_int_equal(map(&w, p, 9000, NULL, 0), ptr_to_u64(p));
	for (unsigned gpu = 0; gpu < 2; gpu++) {
		assert_pages(gpu, w.pages + 5 * PAGE, w.pages + 8 * PAGE, true);
		assert_gone(gpu, w.pages, w.pages + 5 * PAGE);
		assert_gone(gpu, w.pages + 8 * PAGE, w.pages + 40 * PAGE);
	}
	assert_int_equal(memory_lookup(w.memory, p + 8999, &info), 0);
	assert_int_equal(info.kind, MEMORY_USER);
	assert_ptr_equal(info.start, p);
	assert_int_equal(info.size, 9000);
	assert_int_equal(info.gpu_va, ptr_to_u64(p));
	assert_int_equal(info.mapped, BOTH);
	assert_int_equal(info.node_count, 2);
	assert_int_equal(info.nodes[0], 1);
	assert_int_equal(info.registered_count, 0);
	assert_int_equal(info.caller_flags, 0x2040);
	assert_int_equal(memory_lookup(w.memory, p + 9000, &info), -ENOENT);
	assert_int_equal(memory_lookup(w.memory, p - 1, &info), -ENOENT);
	assert_int_equal(memory_set_user_data(w.memory, p + 1, &w), 0);
	assert_int_equal(memory_lookup(w.memory, p, &info), 0);
	assert_ptr_equal(info.user_data, &w);
	/* a part is the registration's */
	assert_int_equal(map(&w, p + 100, 50, &gpu0, 1), ptr_to_u64(p + 100));
	assert_int_equal(pins(), 2);
	/* one that starts there is meant, mapped or not */
	add(&w, p + 200, 10);
	unmap(&w, p + 200);
	drop(&w, p + 200);
	unmap(&w, p);
	assert_pages(0, w.pages + 5 * PAGE, w.pages + 8 * PAGE, true);
	unmap(&w, p + 100);
	unmap(&w, p); /* not mapped: no error */
	assert_gone(0, w.pages, w.pages + 40 * PAGE);
	assert_int_equal(memory_lookup(w.memory, p, &info), 0);
	assert_int_equal(info.mapped, 0);
	drop(&w, p);
	assert_int_equal(memory_lookup(w.memory, p, &info), -ENOENT);
	assert_int_equal(memory_unmap(w.memory, p), -ENOENT);
	assert_int_equal(memory_map(w.memory, p, 1, NULL, 0, NULL), -ENOENT);
	tear_down(&w);
}

static void bad_ranges_are_refused(void **state)
{
	const uint32_t unknown = 2;
	struct world w;

	(void)state;
	build(&w, 2, 0);
	assert_int_equal(add_for(&w, w.pages, 0, 0, NULL, 0), -EINVAL);
	assert_int_equal(add_for(&w, NULL, 1, 0, NULL, 0), -EINVAL);
	assert_int_equal(add_for(&w, w.pages, UINT64_MAX, 0, NULL, 0), -EINVAL);
	assert_int_equal(add_for(&w, w.pages, UINT64_MAX - ptr_to_u64(w.pages), 0, NULL, 0), -EINVAL);
	/* so near to the last address that the end of the last page cannot be told */
	assert_int_equal(add_for(&w, u64_to_ptr(UINT64_MAX - 100), 50, 0, NULL, 0), -EINVAL);
	assert_int_equal(add_for(&w, u64_to_ptr(UINT64_MAX - 100), 1000, 0, NULL, 0), -EINVAL);
	assert_int_equal(add_for(&w, u64_to_ptr(UINT64_MAX), 1, 0, NULL, 0), -EINVAL);
	assert_int_equal(add_for(&w, w.pages, 1, MEMORY_FIXED_ADDRESS, NULL, 0), -EINVAL);
	assert_int_equal(add_for(&w, w.pages, 1, 0, &unknown, 1), -EINVAL);
	assert_int_equal(add_for(&w, w.pages, 1, 0, NULL, 1), -EINVAL);
	assert_int_equal(memory_deregister(w.memory, w.pages), -ENOENT);
	add(&w, w.pages, 100);
	assert_int_equal(memory_deregister(w.memory, w.pages + 1), -ENOENT);
	assert_int_equal(memory_map(w.memory, w.pages, 101, NULL, 0, NULL), -ENOENT);
	assert_int_equal(memory_map(w.memory, w.pages, 0, NULL, 0, NULL), -EINVAL);
	assert_int_equal(memory_map(w.memory, w.pages, 1, &unknown, 1, NULL), -EINVAL);
	tear_down(&w);
}

static void registrations_and_maps_are_counted(void **state)
{
	struct memory_info info;
	struct world w;

	(void)state;
	build(&w, 2, 0);
	add(&w, w.pages, PAGE);
	add(&w, w.pages, PAGE);
	map(&w, w.pages, PAGE, &gpu0, 1);
	map(&w, w.pages, PAGE, &gpu1, 1);
	map(&w, w.pages, PAGE, &gpu1, 1);
	assert_int_equal(pins(), 2);
	assert_int_equal(memory_lookup(w.memory, w.pages, &info), 0);
	assert_int_equal(info.mapped, BOTH);
	unmap(&w, w.pages);
	unmap(&w, w.pages);
	assert_pages(0, w.pages, w.pages + PAGE, true);
	assert_pages(1, w.pages, w.pages + PAGE, true);
	unmap(&w, w.pages);
	assert_gone(0, w.pages, w.pages + PAGE);
	assert_gone(1, w.pages, w.pages + PAGE);
	map(&w, w.pages, PAGE, &gpu0, 1);
	drop(&w, w.pages);
	assert_pages(0, w.pages, w.pages + PAGE, true);
	drop(&w, w.pages);
	assert_gone(0, w.pages, w.pages + PAGE);
	assert_int_equal(memory_deregister(w.memory, w.pages), -ENOENT);
	tear_down(&w);
}

static void only_registered_gpus_get_it(void **state)
{
	struct memory_info info;
	struct world w;

	(void)state;
	build(&w, 2, 0);
	assert_int_equal(add_for(&w, w.pages, PAGE, MEMORY_COARSE, &gpu1, 1), 0);
	assert_int_equal(add_for(&w, w.pages, PAGE, MEMORY_COARSE, &gpu1, 1), 0);
	assert_int_equal(add_for(&w, w.pages, PAGE, MEMORY_COARSE, both, 2), -EALREADY);
	assert_int_equal(add_for(&w, w.pages, PAGE, MEMORY_COARSE, NULL, 0), 0);
	assert_int_equal(memory_map(w.memory, w.pages, PAGE, both, 2, NULL), -EPERM);
	map(&w, w.pages, PAGE, NULL, 0);
	assert_gone(0, w.pages, w.pages + PAGE);
	assert_pages(1, w.pages, w.pages + PAGE, true);
	assert_int_equal(memory_lookup(w.memory, w.pages, &info), 0);
	assert_int_equal(info.registered_count, 1);
	assert_int_equal(info.registered_nodes[0], 2);
	drop(&w, w.pages);
	drop(&w, w.pages);
	drop(&w, w.pages);
	assert_int_equal(memory_deregister(w.memory, w.pages), -ENOENT);
	tear_down(&w);
}

static void the_librarys_memory_is_limited_not_registered(void **state)
{
	static const uint64_t sizes[] = {PAGE, MIB};
	struct memory_info info;
	struct world w;

	(void)state;
	build(&w, 2, 0);
	fake_user_pages(false);
	for (unsigned i = 0; i < 2; i++) {
		struct memory_request request = {.gpu = MEMORY_HOST, .size = sizes[i]};
		void *p;

		assert_int_equal(memory_alloc(w.memory, &request, &p), 0);
		assert_int_equal(add_for(&w, p, 100, 0, NULL, 0), -EPERM);
		assert_int_equal(memory_deregister(w.memory, p), -ENOENT);
		assert_int_equal(add_for(&w, p, sizes[i], 0, &gpu1, 1), 0);
		assert_int_equal(add_for(&w, p, sizes[i], 0, &gpu1, 1), 0);
		assert_int_equal(add_for(&w, p, sizes[i], 0, both, 2), -EALREADY);
		assert_int_equal(memory_lookup(w.memory, p, &info), 0);
		assert_int_equal(info.registered_count, 1);
		assert_int_equal(info.registered_nodes[0], 2);
		assert_int_equal(memory_deregister(w.memory, p), 0);
		assert_int_equal(memory_lookup(w.memory, p, &info), 0);
		assert_int_equal(info.registered_count, 0);
		assert_int_equal(memory_deregister(w.memory, p), -ENOENT);
		assert_int_equal(memory_free(w.memory, p), 0);
	}
	tear_down(&w);
}

static void overlapping_registrations_share_pins(void **state)
{
	struct memory_info info;
	struct world w;
	char *p;

	(void)state;
	build(&w, 1, 0);
	p = w.pages;
	add(&w, p, 8 * PAGE);
	map(&w, p, 8 * PAGE, NULL, 0);
	assert_int_equal(pins(), 1);
	add(&w, p + 4 * PAGE, 8 * PAGE);
	map(&w, p + 4 * PAGE, 8 * PAGE, NULL, 0);
	assert_int_equal(pins(), 2);
	add(&w, p + PAGE + 1, 10);
	map(&w, p + PAGE + 1, 10, NULL, 0);
	add(&w, p, 12 * PAGE);
	map(&w, p, 12 * PAGE, NULL, 0);
	assert_int_equal(pins(), 2);
	assert_int_equal(fake_calls_of("map_gpu_va"), 2);
	assert_pages(0, p, p + 12 * PAGE, true);
	/* the smallest one */
	assert_int_equal(memory_lookup(w.memory, p + PAGE + 5, &info), 0);
	assert_int_equal(info.size, 10);
	assert_int_equal(memory_lookup(w.memory, p + 9 * PAGE, &info), 0);
	assert_int_equal(info.size, 8 * PAGE);
	/* the latest at that address */
	drop(&w, p);
	assert_int_equal(memory_lookup(w.memory, p, &info), 0);
	assert_int_equal(info.size, 8 * PAGE);
	assert_pages(0, p, p + 12 * PAGE, true);
	drop(&w, p + 4 * PAGE);
	assert_gone(0, p + 8 * PAGE, p + 16 * PAGE);
	assert_pages(0, p, p + 8 * PAGE, true);
	drop(&w, p);
	drop(&w, p + PAGE + 1);
	assert_gone(0, p, p + 16 * PAGE);
	assert_int_equal(fake_calls_of("free_gpu_va"), fake_calls_of("reserve_gpu_va"));
	tear_down(&w);
}

/* What a registration no longer covers may be other pages by now, although another one keeps the pin. */
static void pages_nobody_uses_are_pinned_anew(void **state)
{
	struct world w;
	char *p;

	(void)state;
	build(&w, 1, 0);
	p = w.pages;
	add(&w, p, 8 * PAGE);
	map(&w, p, 8 * PAGE, NULL, 0);
	add(&w, p + 6 * PAGE, 4 * PAGE);
	map(&w, p + 6 * PAGE, 4 * PAGE, NULL, 0);
	assert_int_equal(pins(), 2);
	drop(&w, p);
	assert_ptr_equal(
		mmap(p, 6 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), p);
	add(&w, p + PAGE, 6 * PAGE);
	map(&w, p + PAGE, 6 * PAGE, NULL, 0);
	assert_int_equal(pins(), 3);
	assert_pages(0, p + PAGE, p + 10 * PAGE, true);
	drop(&w, p + 6 * PAGE);
	assert_pages(0, p + PAGE, p + 7 * PAGE, true);
	drop(&w, p + PAGE);
	assert_gone(0, p, p + 16 * PAGE);
	tear_down(&w);
}

static void read_only_pages_are_read_only_on_the_gpu(void **state)
{
	struct world w;
	char *p;

	(void)state;
	build(&w, 1, 0);
	p = w.pages;
	assert_int_equal(mprotect(p + 2 * PAGE, 3 * PAGE, PROT_READ), 0);
	assert_int_equal(mprotect(p + 8 * PAGE, PAGE, PROT_READ | PROT_EXEC), 0);
	add(&w, p, 12 * PAGE);
	assert_int_equal(map(&w, p, 12 * PAGE, NULL, 0), ptr_to_u64(p));
	assert_pages(0, p, p + 2 * PAGE, true);
	assert_pages(0, p + 2 * PAGE, p + 5 * PAGE, false);
	assert_pages(0, p + 5 * PAGE, p + 8 * PAGE, true);
	assert_pages(0, p + 8 * PAGE, p + 9 * PAGE, false);
	assert_pages(0, p + 9 * PAGE, p + 12 * PAGE, true);
	/* one refusal, then one per run */
	assert_int_equal(pins(), 6);
	drop(&w, p);
	assert_gone(0, p, p + 12 * PAGE);
	add(&w, p + 3 * PAGE, 100);
	map(&w, p + 3 * PAGE, 100, NULL, 0);
	assert_int_equal(pins(), 8);
	assert_pages(0, p + 3 * PAGE, p + 4 * PAGE, false);
	tear_down(&w);
}

/* Pinned to be read, a page that nobody wrote yet is the kernel's page of zeros, and stays that. */
static void what_the_process_may_write_is_pinned_to_write(void **state)
{
	struct world w;
	uint64_t va;
	char *p;

	(void)state;
	build(&w, 2, 0);
	p = w.pages;
	assert_int_equal(mprotect(p + PAGE, PAGE, PROT_READ), 0);
	assert_int_equal(add_for(&w, p, 3 * PAGE, MEMORY_READ_ONLY, NULL, 0), 0);
	map(&w, p, 3 * PAGE, &gpu0, 1);
	assert_pages(0, p, p + 3 * PAGE, false);
	fake_occupy(1, 1);
	va = map(&w, p, 3 * PAGE, &gpu1, 1);
	for (unsigned i = 0; i < 3; i++) {
		const void *page;
		bool writable;

		assert_true(fake_page_at(1, va + i * PAGE, &page, &writable));
		assert_false(writable);
		assert_int_equal(fake_pinned_to_write(0, ptr_to_u64(p + i * PAGE)), i != 1);
		assert_int_equal(fake_pinned_to_write(1, va + i * PAGE), i != 1);
	}
	drop(&w, p);
	tear_down(&w);
}

static void what_can_only_be_read_is_had_by_who_reads(void **state)
{
	struct world w;
	char *p;

	(void)state;
	build(&w, 1, 0);
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	add(&w, p, PAGE);
	assert_int_equal(memory_map(w.memory, p, PAGE, NULL, 0, NULL), -ENOMEM);
	drop(&w, p);
	assert_int_equal(add_for(&w, p, 2 * PAGE, MEMORY_READ_ONLY, NULL, 0), 0);
	map(&w, p, 2 * PAGE, NULL, 0);
	assert_pages(0, p, p + 2 * PAGE, false);
	drop(&w, p);
	munmap(p, 2 * PAGE);
	tear_down(&w);
}

static void missing_pages_are_refused_and_nothing_stays(void **state)
{
	struct memory_info info;
	struct world w;
	char *p;

	(void)state;
	build(&w, 1, 0);
	p = w.pages;
	assert_int_equal(munmap(p + 3 * PAGE, PAGE), 0);
	assert_int_equal(mprotect(p + 10 * PAGE, PAGE, PROT_NONE), 0);
	add(&w, p, 5 * PAGE);
	add(&w, p + 8 * PAGE, 5 * PAGE);
	assert_int_equal(memory_map(w.memory, p, 5 * PAGE, NULL, 0, NULL), -EFAULT);
	assert_int_equal(memory_map(w.memory, p + 8 * PAGE, 5 * PAGE, NULL, 0, NULL), -EFAULT);
	assert_int_equal(memory_lookup(w.memory, p, &info), 0);
	assert_int_equal(info.mapped, 0);
	assert_gone(0, p, p + 16 * PAGE);
	/* it is there now */
	assert_int_equal(mprotect(p + 10 * PAGE, PAGE, PROT_READ | PROT_WRITE), 0);
	map(&w, p + 8 * PAGE, 5 * PAGE, NULL, 0);
	assert_pages(0, p + 8 * PAGE, p + 13 * PAGE, true);
	tear_down(&w);
}

static void a_second_registration_may_want_to_write(void **state)
{
	struct world w;
	char *p;

	(void)state;
	build(&w, 1, 0);
	p = w.pages;
	assert_int_equal(add_for(&w, p, 8 * PAGE, MEMORY_COARSE | MEMORY_READ_ONLY, NULL, 0), 0);
	map(&w, p, 8 * PAGE, NULL, 0);
	assert_pages(0, p, p + 8 * PAGE, false);
	add(&w, p + 2 * PAGE, 4 * PAGE);
	map(&w, p + 2 * PAGE, 4 * PAGE, NULL, 0);
	assert_pages(0, p, p + 2 * PAGE, false);
	assert_pages(0, p + 2 * PAGE, p + 6 * PAGE, true);
	assert_pages(0, p + 6 * PAGE, p + 8 * PAGE, false);
	assert_int_equal(pins(), 2);
	drop(&w, p + 2 * PAGE);
	/* the first one still has all of it */
	assert_pages(0, p, p + 2 * PAGE, false);
	assert_pages(0, p + 2 * PAGE, p + 6 * PAGE, true);
	assert_pages(0, p + 6 * PAGE, p + 8 * PAGE, false);
	drop(&w, p);
	assert_gone(0, p, p + 8 * PAGE);
	tear_down(&w);
}

static void large_memory_is_pinned_in_parts(void **state)
{
	const uint64_t size = 5 * GIB / 2;
	struct world w;
	char *p;

	(void)state;
	build(&w, 1, 0);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	add(&w, p + 1, size - 2);
	map(&w, p + 1, size - 2, NULL, 0);
	assert_int_equal(pins(), 3);
	for (uint64_t offset = 0; offset < size; offset += GIB / 2)
		assert_pages(0, p + offset, p + offset + PAGE, true);
	assert_pages(0, p + size - PAGE, p + size, true);
	drop(&w, p + 1);
	tear_down(&w);
	munmap(p, size);
}

static void a_taken_address_gets_an_alternate(void **state)
{
	const void *page;
	struct memory_info info;
	struct world w;
	bool writable;
	uint64_t va;
	char *p;

	(void)state;
	build(&w, 2, 0);
	p = w.pages + 100;
	add(&w, p, 3 * PAGE);
	assert_int_equal(mprotect(w.pages + PAGE, PAGE, PROT_READ), 0);
	fake_occupy(0, 1);
	va = map(&w, p, 3 * PAGE, NULL, 0);
	assert_int_not_equal(va, ptr_to_u64(p));
	assert_int_equal(va & (PAGE - 1), 100);
	for (unsigned gpu = 0; gpu < 2; gpu++) {
		assert_gone(gpu, w.pages, w.pages + 4 * PAGE);
		for (unsigned i = 0; i < 4; i++) {
			assert_true(fake_page_at(gpu, va - 100 + i * PAGE, &page, &writable));
			assert_ptr_equal(page, w.pages + i * PAGE);
			assert_int_equal(writable, i != 1);
		}
	}
	assert_int_equal(map(&w, p + 1, 1, &gpu1, 1), va + 1);
	assert_int_equal(memory_lookup(w.memory, p + 3 * PAGE - 1, &info), 0);
	assert_int_equal(info.gpu_va, va);
	assert_int_equal(memory_lookup(w.memory, u64_to_ptr(va + 5), &info), 0);
	assert_ptr_equal(info.start, p);
	unmap(&w, p);
	unmap(&w, u64_to_ptr(va));
	assert_false(fake_is_mapped(0, va));
	assert_int_equal(memory_lookup(w.memory, p, &info), 0);
	assert_int_equal(info.gpu_va, ptr_to_u64(p));
	assert_int_equal(map(&w, p, 3 * PAGE, NULL, 0), ptr_to_u64(p));
	drop(&w, p);
	tear_down(&w);
}

/* The GPU that came first keeps the address that it was told. */
static void an_alternate_for_the_second_gpu_serves_both(void **state)
{
	struct world w;
	uint64_t va;

	(void)state;
	build(&w, 2, 0);
	add(&w, w.pages, 2 * PAGE);
	assert_int_equal(map(&w, w.pages, PAGE, &gpu0, 1), ptr_to_u64(w.pages));
	fake_occupy(1, 1);
	va = map(&w, w.pages, PAGE, &gpu1, 1);
	assert_int_not_equal(va, ptr_to_u64(w.pages));
	assert_pages(0, w.pages, w.pages + 2 * PAGE, true);
	assert_gone(1, w.pages, w.pages + 2 * PAGE);
	assert_true(fake_is_mapped(0, va));
	assert_true(fake_is_mapped(1, va));
	unmap(&w, w.pages);
	unmap(&w, w.pages);
	assert_gone(0, w.pages, w.pages + 2 * PAGE);
	assert_false(fake_is_mapped(0, va));
	assert_false(fake_is_mapped(1, va));
	tear_down(&w);
}

static void an_address_beyond_the_gpus_gets_an_alternate(void **state)
{
	struct world w;
	uint64_t va;

	(void)state;
	build(&w, 1, 1ULL << 40);
	assert_true(ptr_to_u64(w.pages) >= 1ULL << 40);
	add(&w, w.pages + 8, 16);
	va = map(&w, w.pages + 8, 16, NULL, 0);
	assert_true(va < 1ULL << 40);
	assert_int_equal(va & (PAGE - 1), 8);
	drop(&w, w.pages + 8);
	assert_false(fake_is_mapped(0, va));
	tear_down(&w);
}

static void what_runs_keeps_the_pages(void **state)
{
	struct gsp_timeline *timeline;
	const struct gsp_handles *handles;
	uint64_t value = 0;
	struct world w;
	char *p;

	(void)state;
	build(&w, 1, 0);
	p = w.pages;
	assert_int_equal(gsp_device_open(w.devices[0], &handles), 0);
	assert_int_equal(gsp_timeline_create(w.devices[0], &value, &timeline), 0);
	add(&w, p, 4 * PAGE);
	map(&w, p, 4 * PAGE, NULL, 0);
	gsp_timeline_announce(timeline, 1);
	unmap(&w, p);
	drop(&w, p);
	assert_pages(0, p, p + 4 * PAGE, true);
	assert_int_equal(fake_calls_of("evict"), 0);
	/* the same place again meanwhile, in part: new pins, over the old ones */
	add(&w, p + 2 * PAGE, 4 * PAGE);
	map(&w, p + 2 * PAGE, 4 * PAGE, NULL, 0);
	assert_int_equal(pins(), 2);
	assert_pages(0, p, p + 6 * PAGE, true);
	assert_int_equal(fake_calls_of("destroy_allocations"), 0);
	__atomic_store_n(&value, 1, __ATOMIC_RELEASE);
	add(&w, p + 100 * PAGE, 1);
	map(&w, p + 100 * PAGE, 1, NULL, 0);
	assert_gone(0, p, p + 2 * PAGE);
	assert_pages(0, p + 2 * PAGE, p + 6 * PAGE, true);
	drop(&w, p + 2 * PAGE);
	assert_gone(0, p, p + 6 * PAGE);
	drop(&w, p + 100 * PAGE);
	gsp_timeline_stop(timeline);
	gsp_timeline_end(timeline);
	tear_down(&w);
}

/* A base of 0 would let the host choose the address of a reservation. */
static void the_first_page_is_never_reserved(void **state)
{
	struct world w;

	(void)state;
	build(&w, 1, 0);
	assert_int_equal(add_for(&w, u64_to_ptr(8), 16, 0, NULL, 0), -EINVAL);
	add(&w, u64_to_ptr(PAGE), 16);
	assert_int_equal(memory_map(w.memory, u64_to_ptr(PAGE), 16, NULL, 0, NULL), -EFAULT);
	/* one for other addresses, where it could be */
	assert_int_equal(fake_calls_of("reserve_gpu_va"), 1);
	drop(&w, u64_to_ptr(PAGE));
	tear_down(&w);
}

/* The address of what is unmapped belongs to the GPU's past until that is over: no lock may be mapped there. */
static void visible_vram_keeps_off_addresses_that_end_later(void **state)
{
	struct memory_request request = {.kind = MEMORY_LOCAL, .flags = MEMORY_CPU_VISIBLE, .size = 64 << 10};
	struct gsp_timeline *timeline;
	const struct gsp_handles *handles;
	uint64_t value = 0, size = MIB;
	struct world w;
	void *visible;
	char *p;

	(void)state;
	build(&w, 1, 0);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	assert_int_equal(gsp_device_open(w.devices[0], &handles), 0);
	assert_int_equal(gsp_timeline_create(w.devices[0], &value, &timeline), 0);
	add(&w, p, size);
	map(&w, p, size, NULL, 0);
	gsp_timeline_announce(timeline, 1);
	drop(&w, p);
	munmap(p, size);
	fake_lock_at(ALIGN_UP(ptr_to_u64(p), 64ULL << 10));
	assert_int_equal(memory_alloc(w.memory, &request, &visible), 0);
	__atomic_store_n(&value, 1, __ATOMIC_RELEASE);
	add(&w, w.pages, 1);
	map(&w, w.pages, 1, NULL, 0);
	assert_false(fake_is_mapped(0, ptr_to_u64(p)));
	assert_true(fake_is_mapped(0, ptr_to_u64(visible)));
	assert_int_equal(memory_free(w.memory, visible), 0);
	drop(&w, w.pages);
	gsp_timeline_stop(timeline);
	gsp_timeline_end(timeline);
	tear_down(&w);
}

/* Whoever frees memory before its registration can end that all the same. */
static void a_registration_ends_whatever_is_there_now(void **state)
{
	struct memory_request request = {.gpu = MEMORY_HOST, .flags = MEMORY_FIXED_ADDRESS, .size = 2 * MIB};
	struct memory_info info;
	struct world w;
	void *own;
	char *p;

	(void)state;
	build(&w, 1, 0);
	fake_user_pages(false);
	p = mmap(NULL, 4 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	add(&w, p, 4 * MIB);
	munmap(p, 4 * MIB);
	request.fixed = p;
	assert_int_equal(memory_alloc(w.memory, &request, &own), 0);
	drop(&w, p);
	assert_int_equal(memory_deregister(w.memory, p), -ENOENT);
	assert_int_equal(memory_lookup(w.memory, own, &info), 0);
	assert_int_equal(info.kind, MEMORY_SYSTEM);
	assert_int_equal(memory_lookup(w.memory, p + 3 * MIB, &info), -ENOENT);
	assert_int_equal(memory_free(w.memory, own), 0);
	tear_down(&w);
}

static void the_end_takes_everything(void **state)
{
	struct world w;

	(void)state;
	build(&w, 2, 0);
	for (unsigned i = 0; i < 10; i++) {
		add(&w, w.pages + i * PAGE, 3 * PAGE);
		add(&w, w.pages + i * PAGE, 3 * PAGE);
		map(&w, w.pages + i * PAGE, PAGE, NULL, 0);
		map(&w, w.pages + i * PAGE, PAGE, &gpu0, 1);
	}
	fake_occupy(0, 1);
	add(&w, w.pages + MIB, MIB);
	map(&w, w.pages + MIB, MIB, NULL, 0);
	tear_down(&w);
}

static void a_lost_gpu_gets_nothing(void **state)
{
	struct memory_info info;
	struct world w;

	(void)state;
	build(&w, 2, 0);
	add(&w, w.pages, 2 * PAGE);
	map(&w, w.pages, PAGE, NULL, 0);
	fake_lose(0, D3DKMT_DEVICEEXECUTION_RESET);
	add(&w, w.pages + PAGE, 2 * PAGE);
	gsp_device_fence_lost(w.devices[0]);
	assert_int_equal(memory_map(w.memory, w.pages + PAGE, 2 * PAGE, both, 2, NULL), -ENODEV);
	map(&w, w.pages + PAGE, 2 * PAGE, NULL, 0);
	assert_int_equal(memory_lookup(w.memory, w.pages + 2 * PAGE, &info), 0);
	/* on the lost one it will be */
	assert_int_equal(info.mapped, 3);
	drop(&w, w.pages);
	drop(&w, w.pages + PAGE);
	assert_gone(1, w.pages, w.pages + 3 * PAGE);
	tear_down(&w);
}

/* Overlapping registrations on two GPUs, with every status; the errors are the host's and nothing else. */
static void whole_story(struct world *w, bool expect_success)
{
	char *p = w->pages;
	int ret[5];

	add(w, p + 10, 6 * PAGE);
	add(w, p + 4 * PAGE, 40 * PAGE);
	ret[0] = memory_map(w->memory, p + 10, PAGE, &gpu0, 1, NULL);
	ret[1] = memory_map(w->memory, p + 4 * PAGE, 40 * PAGE, both, 2, NULL);
	ret[2] = memory_map(w->memory, p + 10, PAGE, &gpu1, 1, NULL);
	for (unsigned i = 0; i < 3; i++) {
		if (expect_success)
			assert_int_equal(ret[i], 0);
		assert_int_not_equal(ret[i], -ENOENT);
	}
	if (!ret[1] && fake_is_mapped(0, ptr_to_u64(p + 40 * PAGE)))
		assert_pages(0, p + 6 * PAGE, p + 44 * PAGE, true);
	unmap(w, p + 4 * PAGE);
	drop(w, p + 10);
	drop(w, p + 4 * PAGE);
}

static void any_failing_call_is_survived(void **state)
{
	static const int errors[] = {-ENOMEM, -EIO, -EINVAL};
	struct world w;

	(void)state;
	for (unsigned e = 0; e < ARRAY_SIZE(errors); e++) {
		bool failed = true;

		for (unsigned n = 1; failed; n++) {
			setup(NULL);
			build(&w, 2, 0);
			fake_fail_call(n, errors[e]);
			whole_story(&w, false);
			failed = fake_failed();
			fake_fail_call(0, 0);
			whole_story(&w, true);
			tear_down(&w);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(unaligned_memory_keeps_its_address, setup),
		cmocka_unit_test_setup(bad_ranges_are_refused, setup),
		cmocka_unit_test_setup(registrations_and_maps_are_counted, setup),
		cmocka_unit_test_setup(only_registered_gpus_get_it, setup),
		cmocka_unit_test_setup(the_librarys_memory_is_limited_not_registered, setup),
		cmocka_unit_test_setup(overlapping_registrations_share_pins, setup),
		cmocka_unit_test_setup(pages_nobody_uses_are_pinned_anew, setup),
		cmocka_unit_test_setup(read_only_pages_are_read_only_on_the_gpu, setup),
		cmocka_unit_test_setup(what_the_process_may_write_is_pinned_to_write, setup),
		cmocka_unit_test_setup(what_can_only_be_read_is_had_by_who_reads, setup),
		cmocka_unit_test_setup(missing_pages_are_refused_and_nothing_stays, setup),
		cmocka_unit_test_setup(a_second_registration_may_want_to_write, setup),
		cmocka_unit_test_setup(large_memory_is_pinned_in_parts, setup),
		cmocka_unit_test_setup(a_taken_address_gets_an_alternate, setup),
		cmocka_unit_test_setup(an_alternate_for_the_second_gpu_serves_both, setup),
		cmocka_unit_test_setup(an_address_beyond_the_gpus_gets_an_alternate, setup),
		cmocka_unit_test_setup(what_runs_keeps_the_pages, setup),
		cmocka_unit_test_setup(the_first_page_is_never_reserved, setup),
		cmocka_unit_test_setup(visible_vram_keeps_off_addresses_that_end_later, setup),
		cmocka_unit_test_setup(a_registration_ends_whatever_is_there_now, setup),
		cmocka_unit_test_setup(the_end_takes_everything, setup),
		cmocka_unit_test_setup(a_lost_gpu_gets_nothing, setup),
		cmocka_unit_test_setup(any_failing_call_is_survived, setup),
	};

	return cmocka_run_group_tests_name("memory user", tests, NULL, NULL);
}
