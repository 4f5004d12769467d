// SPDX-License-Identifier: MIT
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_dxg.h"
#include "memory/memory.h"
#include "memory/objects.h"
#include "util/compiler.h"
#include "util/log.h"

#define MIB	 (1ULL << 20)
#define GIB	 (1ULL << 30)
#define BLOCK	 (128ULL << 10) /* more than what is cut from slabs */
#define GPU_MASK 3ULL

#ifdef __has_feature
#define SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

struct world {
	struct gsp_gpu *gpus[2];
	struct gsp_device *devices[2];
	struct memory *memory;
};

static void build(struct world *w, unsigned gpus)
{
	struct kmd_adapter info = {.discrete = true, .vram_visible = 256 * MIB, .vram_invisible = 15 * GIB};
	struct memory_gpu_config configs[2];

	memset(w, 0, sizeof(*w));
	for (unsigned i = 0; i < gpus; i++) {
		assert_int_equal(gsp_gpu_create(NULL, FAKE_ADAPTER(i), &info, &w->gpus[i]), 0);
		w->devices[i] = gsp_gpu_device(w->gpus[i]);
		configs[i] = (struct memory_gpu_config){
			.gsp = w->gpus[i], .info = &info, .gfx_major = 10, .node = i + 1};
	}
	assert_int_equal(memory_create(configs, gpus, &w->memory), 0);
	/* as its parts want it, which compilers rely on */
	assert_int_equal((uintptr_t)w->memory % _Alignof(struct memory), 0);
}

static void tear_down(struct world *w)
{
	memory_destroy(w->memory);
	for (unsigned i = 0; i < 2; i++)
		gsp_gpu_destroy(w->gpus[i]);
	assert_int_equal(fake_leaks(), 0);
	assert_int_equal(fake_misuse(), 0);
}

static void *alloc(struct world *w, enum memory_kind kind, uint32_t gpu, uint64_t size, uint32_t flags)
{
	struct memory_request request = {.kind = kind, .gpu = gpu, .size = size, .flags = flags};
	void *p;

	assert_int_equal(memory_alloc(w->memory, &request, &p), 0);
	assert_non_null(p);
	return p;
}

static int setup(void **state)
{
	(void)state;
	fake_reset();
	log_set_level(LOG_NONE);
	return 0;
}

static void without_a_gpu_host_memory_works(void **state)
{
	struct world w;
	char *p;

	(void)state;
	build(&w, 0);
	p = alloc(&w, MEMORY_SYSTEM, MEMORY_HOST, 10000, 0);
	for (unsigned i = 0; i < 12288; i++)
		assert_int_equal(p[i], 0);
	memset(p, 1, 12288);
	assert_int_equal(memory_map(w.memory, p, 10000, NULL, 0, NULL), -EINVAL);
	assert_int_equal(memory_free(w.memory, p), 0);
	assert_int_equal(memory_free(w.memory, p), -ENOENT);
	assert_int_equal(fake_calls(), 0);
	tear_down(&w);
}

/* The rest of the last page is there too, but it is not the caller's. */
static void a_buffer_ends_where_it_was_asked_to_end(void **state)
{
	struct memory_info info;
	struct world w;
	char *p;

	(void)state;
	build(&w, 1);
	p = alloc(&w, MEMORY_SYSTEM, MEMORY_HOST, 5000, 0);
	assert_int_equal(memory_lookup(w.memory, p + 4999, &info), 0);
	assert_ptr_equal(info.start, p);
	assert_int_equal(info.size, 5000);
	assert_int_equal(memory_lookup(w.memory, p + 5000, &info), -ENOENT);
	assert_int_equal(memory_set_user_data(w.memory, p + 5000, p), -ENOENT);
	assert_int_equal(memory_set_user_data(w.memory, p + 4999, p), 0);
	tear_down(&w);
}

static void system_memory_has_one_address_on_both_gpus(void **state)
{
	struct memory_info info;
	struct world w;
	uint64_t va;
	char *p;

	(void)state;
	build(&w, 2);
	p = alloc(&w, MEMORY_SYSTEM, MEMORY_HOST, 3 * GIB, 0);
	assert_true(IS_ALIGNED((uintptr_t)p, 2 * MIB));
	assert_false(fake_is_mapped(0, (uint64_t)(uintptr_t)p));
	assert_int_equal(memory_map(w.memory, p, 3 * GIB, NULL, 0, &va), 0);
	assert_int_equal(va, 0); /* no other than the CPU's */
	for (unsigned gpu = 0; gpu < 2; gpu++) {
		assert_true(fake_is_mapped(gpu, ptr_to_u64(p)));
		assert_true(fake_is_mapped(gpu, ptr_to_u64(p) + 3 * GIB - 1));
	}
	/* two chunks per GPU, residency of all in one call each */
	assert_int_equal(fake_calls_of("create_allocations"), 4);
	assert_int_equal(fake_calls_of("make_resident"), 2);
	assert_int_equal(memory_lookup(w.memory, p + 2 * GIB, &info), 0);
	assert_ptr_equal(info.start, p);
	assert_int_equal(info.mapped, GPU_MASK);
	assert_int_equal(info.node_count, 2);
	assert_int_equal(info.nodes[1], 2);
	assert_int_equal(memory_free(w.memory, p), 0);
	assert_int_equal(memory_lookup(w.memory, p, &info), -ENOENT);
	tear_down(&w);
}

static void the_latest_list_is_absolute(void **state)
{
	const uint32_t first = 0, second = 1, both[] = {0, 1, 1}, none = 7;
	struct memory_info info;
	struct world w;
	char *p;

	(void)state;
	build(&w, 2);
	p = alloc(&w, MEMORY_SYSTEM, MEMORY_HOST, BLOCK, 0);
	assert_int_equal(memory_map(w.memory, p, BLOCK, &first, 1, NULL), 0);
	assert_int_equal(memory_map(w.memory, p, BLOCK, &second, 1, NULL), 0);
	assert_false(fake_is_mapped(0, (uint64_t)(uintptr_t)p));
	assert_true(fake_is_mapped(1, (uint64_t)(uintptr_t)p));
	assert_int_equal(memory_map(w.memory, p, BLOCK, both, 3, NULL), 0);
	assert_int_equal(memory_map(w.memory, p, BLOCK, &none, 1, NULL), -EINVAL);
	assert_int_equal(memory_map(w.memory, p, 2 * BLOCK, both, 2, NULL), -EINVAL);
	assert_int_equal(memory_map(w.memory, p - 1, 1, both, 2, NULL), -ENOENT);
	assert_int_equal(memory_unmap(w.memory, p), 0);
	assert_int_equal(memory_unmap(w.memory, p), 0);
	assert_int_equal(memory_lookup(w.memory, p, &info), 0);
	assert_int_equal(info.mapped, 0);
	assert_int_equal(fake_calls_of("create_allocations"), 2);
	/* left alive: memory_destroy() frees it */
	tear_down(&w);
}

static void local_memory_belongs_to_one_gpu(void **state)
{
	const uint32_t other = 1;
	struct memory_request request = {.kind = MEMORY_LOCAL, .size = 64 * GIB};
	struct world w;
	void *p, *q;

	(void)state;
	build(&w, 2);
	p = alloc(&w, MEMORY_LOCAL, 0, 5000, MEMORY_COARSE);
	assert_true(IS_ALIGNED((uintptr_t)p, 65536));
	assert_int_equal(memory_map(w.memory, p, 5000, NULL, 0, NULL), 0);
	assert_true(fake_is_mapped(0, (uint64_t)(uintptr_t)p));
	assert_int_equal(memory_map(w.memory, p, 5000, &other, 1, NULL), -EOPNOTSUPP);
	assert_int_equal(memory_alloc(w.memory, &request, &q), -ENOSPC);
	/* the slab that `p` is from is there already */
	fake_local_limit(3 * MIB);
	request.size = 2 * MIB;
	assert_int_equal(memory_alloc(w.memory, &request, &q), -ENOSPC);
	assert_null(q);
	assert_int_equal(memory_free(w.memory, p), 0);
	tear_down(&w);
}

static void scratch_is_backed_part_by_part(void **state)
{
	struct memory_info info;
	struct world w;
	uint64_t va;
	char *p;

	(void)state;
	build(&w, 2);
	p = alloc(&w, MEMORY_SCRATCH, 1, 4 * GIB, 0);
	assert_int_equal(fake_calls_of("create_allocations"), 0);
	assert_int_equal(memory_map(w.memory, p + 64 * MIB, 30 * MIB, NULL, 0, NULL), 0);
	va = ptr_to_u64(p) + 64 * MIB;
	assert_true(fake_is_mapped(1, va));
	assert_false(fake_is_mapped(0, va));
	assert_false(fake_is_mapped(1, va + 30 * MIB));
	assert_int_equal(memory_map(w.memory, p + 64 * MIB, 30 * MIB, NULL, 0, NULL), 0);
	assert_int_equal(memory_map(w.memory, p + 65 * MIB, 30 * MIB, NULL, 0, NULL), -EBUSY);
	assert_int_equal(memory_map(w.memory, p + 4 * GIB - MIB, 2 * MIB, NULL, 0, NULL), -EINVAL);
	/* no VRAM left: host pages take its place */
	fake_local_limit(30 * MIB);
	assert_int_equal(memory_map(w.memory, p + 128 * MIB, 2 * MIB, NULL, 0, NULL), 0);
	assert_int_equal(memory_lookup(w.memory, p + 3 * GIB, &info), 0);
	assert_ptr_equal(info.start, p);
	assert_int_equal(info.mapped, 2);
	assert_int_equal(memory_unmap(w.memory, p + 64 * MIB), 0);
	assert_false(fake_is_mapped(1, (uint64_t)(uintptr_t)p + 64 * MIB));
	assert_int_equal(memory_free(w.memory, p), 0);
	tear_down(&w);
}

static void an_address_returns_only_when_the_gpu_let_go(void **state)
{
	struct memory_request request = {
		.kind = MEMORY_SYSTEM, .gpu = MEMORY_HOST, .size = BLOCK, .flags = MEMORY_FIXED_ADDRESS};
	struct world w;
	char *p;
	void *q;

	(void)state;
	build(&w, 1);
	p = alloc(&w, MEMORY_SYSTEM, MEMORY_HOST, BLOCK, 0);
	p[5] = 1;
	p[0] = 0;
	assert_int_equal(memory_map(w.memory, p, BLOCK, NULL, 0, NULL), 0);
	fake_hold_fences(true);
	assert_int_equal(memory_free(w.memory, p), 0);
	assert_int_equal(fake_calls_of("destroy_allocations"), 0);
	q = alloc(&w, MEMORY_SYSTEM, MEMORY_HOST, BLOCK, 0);
	assert_ptr_not_equal(q, p);
	fake_finish();
	request.fixed = p;
	assert_int_equal(memory_alloc(w.memory, &request, &q), 0);
	assert_ptr_equal(q, p);
	assert_int_equal(p[5], 0);
	assert_int_equal(fake_calls_of("destroy_allocations"), 1);
	request.fixed = p + BLOCK / 2;
	assert_int_equal(memory_alloc(w.memory, &request, &q), -EEXIST);
	tear_down(&w);
}

static void a_lost_gpu_does_not_take_the_other_along(void **state)
{
	const uint32_t both[] = {0, 1};
	struct memory_info info;
	struct world w;
	char *p;

	(void)state;
	build(&w, 2);
	p = alloc(&w, MEMORY_SYSTEM, MEMORY_HOST, BLOCK, 0);
	assert_int_equal(memory_map(w.memory, p, BLOCK, both, 1, NULL), 0);
	fake_lose(0, D3DKMT_DEVICEEXECUTION_STOPPED);
	assert_int_equal(memory_unmap(w.memory, p), 0);
	assert_true(gsp_device_is_lost(w.devices[0]));
	assert_int_equal(memory_map(w.memory, p, BLOCK, both, 2, NULL), -ENODEV);
	assert_int_equal(memory_map(w.memory, p, BLOCK, NULL, 0, NULL), 0);
	assert_int_equal(memory_lookup(w.memory, p, &info), 0);
	/* on the lost one it will be */
	assert_int_equal(info.mapped, 3);
	assert_true(fake_is_mapped(1, ptr_to_u64(p)));
	assert_int_equal(memory_free(w.memory, p), 0);
	tear_down(&w);
}

static void a_waiter_hears_of_a_reset(void **state)
{
	struct world w;
	char *p;

	(void)state;
	build(&w, 1);
	p = alloc(&w, MEMORY_LOCAL, 0, MIB, 0);
	fake_lose(0, D3DKMT_DEVICEEXECUTION_RESET);
	assert_int_equal(memory_map(w.memory, p, MIB, NULL, 0, NULL), -ENODEV);
	assert_int_equal(gsp_device_epoch(w.devices[0]).state, GSP_RESET);
	assert_int_equal(memory_free(w.memory, p), 0);
	tear_down(&w);
}

static void taken_gpu_addresses_are_avoided(void **state)
{
	struct world w;
	char *p;

	(void)state;
	build(&w, 2);
	fake_occupy(1, 3);
	p = alloc(&w, MEMORY_SYSTEM, MEMORY_HOST, 4096, 0);
	assert_int_equal(memory_map(w.memory, p, 4096, NULL, 0, NULL), 0);
	tear_down(&w);
}

/* An address range that leaves no room costs that GPU its memory, not the other one, nor the process. */
static void a_gpu_without_common_addresses_stands_aside(void **state)
{
	struct kmd_adapter infos[2] = {{.discrete = true, .vram_visible = GIB},
				       {.discrete = true,
					.vram_visible = GIB,
					.valid = 1ULL << KMD_FIELD_VA_RANGE,
					.va_base = 0,
					.va_limit = 65536}};
	struct memory_request request = {.kind = MEMORY_LOCAL, .gpu = 1, .size = 65536};
	struct memory_gpu_config configs[2];
	const uint32_t other = 1;
	struct world w = {0};
	void *p;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(gsp_gpu_create(NULL, FAKE_ADAPTER(i), &infos[i], &w.gpus[i]), 0);
		w.devices[i] = gsp_gpu_device(w.gpus[i]);
		configs[i] = (struct memory_gpu_config){
			.gsp = w.gpus[i], .info = &infos[i], .gfx_major = 10, .node = i + 1};
	}
	assert_int_equal(memory_create(configs, 2, &w.memory), 0);
	p = alloc(&w, MEMORY_SYSTEM, MEMORY_HOST, 4096, 0);
	assert_int_equal(memory_map(w.memory, p, 4096, NULL, 0, NULL), 0);
	assert_true(fake_is_mapped(0, ptr_to_u64(p)));
	assert_int_equal(memory_map(w.memory, p, 4096, &other, 1, NULL), -ENODEV);
	assert_int_equal(memory_alloc(w.memory, &request, &p), -ENODEV);
	request.gpu = 0;
	assert_int_equal(memory_alloc(w.memory, &request, &p), 0);
	tear_down(&w);
}

static void the_driver_s_form_is_found_once(void **state)
{
	struct world w;

	(void)state;
	build(&w, 1);
	fake_refuse_form_below(9);
	alloc(&w, MEMORY_LOCAL, 0, MIB, 0);
	assert_int_equal(fake_calls_of("create_allocations"), 3);
	alloc(&w, MEMORY_LOCAL, 0, MIB, 0);
	assert_int_equal(fake_calls_of("create_allocations"), 4);
	tear_down(&w);
}

/* A large request may be refused for its size: the driver's form is found by the next small one. */
static void a_refused_size_says_nothing_about_the_form(void **state)
{
	struct memory_request request = {.kind = MEMORY_LOCAL, .size = 64 * MIB};
	struct world w;
	void *p;

	(void)state;
	build(&w, 1);
	fake_refuse_form_below(9);
	fake_refuse_larger(MIB);
	assert_int_equal(memory_alloc(w.memory, &request, &p), -EIO);
	alloc(&w, MEMORY_LOCAL, 0, MIB, 0);
	tear_down(&w);
}

/* A driver that takes no form at all is asked for one kind of allocation after that, not for all of them. */
static void a_driver_that_takes_no_form_is_not_asked_for_ever(void **state)
{
	struct memory_request request = {.kind = MEMORY_LOCAL, .size = MIB};
	struct world w;
	void *p;

	(void)state;
	build(&w, 1);
	fake_refuse_form_below(77);
	assert_int_equal(memory_alloc(w.memory, &request, &p), -EIO);
	assert_int_equal(fake_calls_of("create_allocations"), 3);
	assert_int_equal(memory_alloc(w.memory, &request, &p), -EIO);
	assert_int_equal(fake_calls_of("create_allocations"), 4);
	tear_down(&w);
}

/* A device that was reset may refuse everything: that is no word about the forms. */
static void the_refusal_of_a_lost_device_is_its_loss(void **state)
{
	struct memory_request request = {.kind = MEMORY_LOCAL, .size = MIB};
	struct world w;
	void *p;

	(void)state;
	build(&w, 1);
	alloc(&w, MEMORY_ADDRESS, 0, MIB, 0);
	fake_refuse_form_below(77);
	fake_lose(0, D3DKMT_DEVICEEXECUTION_RESET);
	assert_int_equal(memory_alloc(w.memory, &request, &p), -ENODEV);
	assert_int_equal(fake_calls_of("create_allocations"), 1);
	tear_down(&w);
}

/* Running out of something while the form is looked for says nothing about the forms. */
static void looking_for_the_form_may_be_interrupted(void **state)
{
	struct memory_request request = {.kind = MEMORY_LOCAL, .size = MIB};
	bool came = true;

	(void)state;
	for (unsigned n = 1; came; n++) {
		struct world w;
		void *p;

		assert_true(n < 100);
		fake_reset();
		build(&w, 1);
		fake_refuse_form_below(9);
		fake_fail_call(n, -ENOMEM);
		if (memory_alloc(w.memory, &request, &p)) {
			assert_true(fake_failed());
			assert_int_equal(memory_alloc(w.memory, &request, &p), 0);
		}
		came = fake_failed();
		fake_fail_call(0, 0);
		tear_down(&w);
	}
}

static void a_limited_address_space_is_shared(void **state)
{
	int status;
	pid_t child;

	(void)state;
#if SANITIZED
	skip();
#endif
	child = fork();
	if (!child) {
		struct rlimit limit = {.rlim_cur = 2 * GIB, .rlim_max = 2 * GIB};
		struct memory_request request = {.kind = MEMORY_SCRATCH, .size = 4 * GIB};
		struct world w;
		void *p;

		setrlimit(RLIMIT_AS, &limit);
		build(&w, 1);
		alloc(&w, MEMORY_SYSTEM, MEMORY_HOST, 64 * MIB, 0);
		if (memory_alloc(w.memory, &request, &p) != -ENOMEM)
			_exit(1);
		alloc(&w, MEMORY_SCRATCH, 0, 512 * MIB, 0);
		tear_down(&w);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* One step of the sweep: with one failing call somewhere, the second try has to work unless the GPU is gone. */
static void step(int (*f)(struct world *, void **), struct world *w, void **p, int error)
{
	int ret = f(w, p);

	if (ret && error != -ENODEV) {
		assert_true(fake_failed());
		ret = f(w, p);
	}
	if (ret && error == -ENODEV)
		assert_int_equal(ret, -ENODEV);
	else
		assert_int_equal(ret, 0);
}

static int get(struct world *w, enum memory_kind kind, uint64_t size, void **p)
{
	struct memory_request request = {.kind = kind, .size = size};

	return memory_alloc(w->memory, &request, p);
}

static int get_system(struct world *w, void **p)
{
	return get(w, MEMORY_SYSTEM, 2 * GIB, p);
}

static int get_local(struct world *w, void **p)
{
	return get(w, MEMORY_LOCAL, 3 * GIB, p);
}

static int get_scratch(struct world *w, void **p)
{
	return get(w, MEMORY_SCRATCH, 4 * GIB, p);
}

static int map_all(struct world *w, void **p)
{
	return *p ? memory_map(w->memory, *p, MIB, NULL, 0, NULL) : -ENODEV;
}

static int unmap_all(struct world *w, void **p)
{
	return *p ? memory_unmap(w->memory, *p) : -ENODEV;
}

static int free_all(struct world *w, void **p)
{
	int ret = *p ? memory_free(w->memory, *p) : 0;

	if (!ret)
		*p = NULL;
	return ret;
}

static bool sweep_once(unsigned n, int error, bool hold)
{
	void *system = NULL, *local = NULL, *scratch = NULL;
	struct world w;
	bool came;

	fake_reset();
	fake_hold_fences(hold);
	build(&w, 2);
	fake_fail_call(n, error);
	step(get_system, &w, &system, error);
	step(get_local, &w, &local, error);
	step(get_scratch, &w, &scratch, error);
	step(map_all, &w, &system, error);
	step(map_all, &w, &local, error);
	step(map_all, &w, &scratch, error);
	step(unmap_all, &w, &scratch, error);
	step(map_all, &w, &scratch, error);
	step(unmap_all, &w, &system, error);
	step(map_all, &w, &system, error);
	step(free_all, &w, &local, error);
	step(free_all, &w, &scratch, error);
	step(free_all, &w, &system, error);
	tear_down(&w);
	came = fake_failed();
	return came;
}

static void any_call_may_fail(void **state)
{
	static const int errors[] = {-EINVAL, -ENOMEM, -EAGAIN, -EIO, -ENODEV};

	(void)state;
	for (size_t e = 0; e < ARRAY_SIZE(errors); e++) {
		unsigned n = 1;

		while (sweep_once(n, errors[e], e & 1))
			assert_true(++n < 500);
		assert_true(n > 40); /* it came by all the calls there are */
	}
}

/* The same, but nobody frees: memory_destroy() has to, with the failure anywhere in it. */
static void destroying_may_fail_anywhere(void **state)
{
	(void)state;
	for (unsigned n = 1, came = 1; came; n++) {
		struct world w;
		void *p;

		fake_reset();
		build(&w, 2);
		assert_int_equal(get_local(&w, &p), 0);
		assert_int_equal(map_all(&w, &p), 0);
		assert_int_equal(get_system(&w, &p), 0);
		assert_int_equal(map_all(&w, &p), 0);
		fake_fail_call(n, -ENODEV);
		memory_destroy(w.memory);
		gsp_gpu_destroy(w.gpus[0]);
		gsp_gpu_destroy(w.gpus[1]);
		assert_int_equal(fake_leaks(), 0);
		assert_int_equal(fake_misuse(), 0);
		came = fake_failed();
		assert_true(n < 200);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(without_a_gpu_host_memory_works, setup),
		cmocka_unit_test_setup(a_buffer_ends_where_it_was_asked_to_end, setup),
		cmocka_unit_test_setup(system_memory_has_one_address_on_both_gpus, setup),
		cmocka_unit_test_setup(the_latest_list_is_absolute, setup),
		cmocka_unit_test_setup(local_memory_belongs_to_one_gpu, setup),
		cmocka_unit_test_setup(scratch_is_backed_part_by_part, setup),
		cmocka_unit_test_setup(an_address_returns_only_when_the_gpu_let_go, setup),
		cmocka_unit_test_setup(a_lost_gpu_does_not_take_the_other_along, setup),
		cmocka_unit_test_setup(a_waiter_hears_of_a_reset, setup),
		cmocka_unit_test_setup(taken_gpu_addresses_are_avoided, setup),
		cmocka_unit_test_setup(a_gpu_without_common_addresses_stands_aside, setup),
		cmocka_unit_test_setup(the_driver_s_form_is_found_once, setup),
		cmocka_unit_test_setup(a_refused_size_says_nothing_about_the_form, setup),
		cmocka_unit_test_setup(a_driver_that_takes_no_form_is_not_asked_for_ever, setup),
		cmocka_unit_test_setup(the_refusal_of_a_lost_device_is_its_loss, setup),
		cmocka_unit_test_setup(looking_for_the_form_may_be_interrupted, setup),
		cmocka_unit_test_setup(a_limited_address_space_is_shared, setup),
		cmocka_unit_test_setup(any_call_may_fail, setup),
		cmocka_unit_test_setup(destroying_may_fail_anywhere, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
