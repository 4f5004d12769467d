// SPDX-License-Identifier: MIT
/* Finding buffers by address: among many, beside changes, and who holds which. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "memory/lookup.h"
#include "memory/objects.h"
#include "memory/table.h"
#include "memory/user.h"
#include "util/compiler.h"

#ifdef __has_feature
#define WATCHED __has_feature(thread_sanitizer)
#elif defined(__SANITIZE_THREAD__)
#define WATCHED 1
#else
#define WATCHED 0
#endif

#define PAGE  4096ULL
#define FIRST 0x100000000000ULL

static struct memory memory;

struct gsp_device {
	bool lost;
};

bool gsp_device_is_lost(const struct gsp_device *device)
{
	return device->lost;
}

/* The linker puts these in the place of what they are named after, in this program's own objects. */
static _Atomic int allocations_left = -1; /* until one fails; negative: none does */

void *__real_aligned_alloc(size_t alignment, size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_malloc(size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);

static bool fails(void)
{
	int left = atomic_load(&allocations_left);

	while (left >= 0 && !atomic_compare_exchange_weak(&allocations_left, &left, left - 1))
		;
	return left == 0;
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	return fails() ? NULL : __real_aligned_alloc(alignment, size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

/* What the table asks when it has nothing itself. */
static const char users_own[64];
static void *users_data;

int user_lookup(struct memory *m, const void *address, struct memory_info *info)
{
	assert_ptr_equal(m, &memory);
	if (address != users_own)
		return -ENOENT;
	info->start = (void *)(uintptr_t)users_own;
	return 0;
}

int user_set_user_data(struct memory *m, const void *address, void *user_data)
{
	assert_ptr_equal(m, &memory);
	if (address != users_own)
		return -ENOENT;
	users_data = user_data;
	return 0;
}

/* A buffer whose even pages are somebody's. */
static void *parts_data;

static bool describe_part(const struct buffer_face *face, uint64_t address, struct memory_info *info);
static int set_part_data(const struct buffer_face *face, uint64_t address, void *user_data);

static const struct buffer_face even_pages = {.describe = describe_part, .set_user_data = set_part_data};

static bool describe_part(const struct buffer_face *face, uint64_t address, struct memory_info *info)
{
	assert_ptr_equal(face, &even_pages);
	*info = (struct memory_info){.start = u64_to_ptr(ALIGN_DOWN(address, PAGE))};
	return !(address & PAGE);
}

static int set_part_data(const struct buffer_face *face, uint64_t address, void *user_data)
{
	assert_ptr_equal(face, &even_pages);
	parts_data = user_data;
	return address & PAGE ? -ENOENT : 0;
}

static int build(void **state)
{
	const uint32_t nodes[] = {3, 5, 9};

	(void)state;
	memset(&memory, 0, sizeof(memory));
	memory.count = ARRAY_SIZE(nodes);
	assert_int_equal(node_sets_init(&memory.node_sets, nodes, ARRAY_SIZE(nodes)), 0);
	memory_table_init(&memory);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	memory_table_destroy(&memory);
	node_sets_destroy(&memory.node_sets);
	return 0;
}

static const struct node_set *nodes_of(uint64_t gpus)
{
	const struct node_set *set;

	return node_set_of(&memory.node_sets, gpus, &set) ? NULL : set;
}

/* What only look-ups see of a buffer says which one it is. */
static void describe(struct buffer *buffer, uint64_t start, uint64_t size)
{
	memset(buffer, 0, sizeof(*buffer));
	buffer->memory = &memory;
	buffer->start = start;
	buffer->size = size;
	buffer->span = ALIGN_UP(size, PAGE);
	buffer->kind = MEMORY_LOCAL;
	buffer->flags = MEMORY_COARSE;
	buffer->gpu = (uint32_t)(start >> 12);
	buffer->caller_node = (uint32_t)(start >> 13);
	buffer->caller_flags = (uint32_t)(start >> 14);
	buffer->nodes = nodes_of(start >> 12 & 7);
	buffer->references = 1;
}

static bool is_described(const struct memory_info *info, uint64_t start)
{
	return ptr_to_u64(info->start) == start && info->gpu_va == start && info->kind == MEMORY_LOCAL &&
	       info->flags == MEMORY_COARSE && info->gpu == (uint32_t)(start >> 12) &&
	       info->caller_node == (uint32_t)(start >> 13) && info->caller_flags == (uint32_t)(start >> 14);
}

static int look(uint64_t address, struct memory_info *info)
{
	return memory_lookup(&memory, u64_to_ptr(address), info);
}

static void a_buffer_is_found_by_every_address_that_was_asked_for(void **state)
{
	struct buffer a, b;
	struct memory_info info;

	(void)state;
	assert_int_equal(look(FIRST, &info), -ENOENT);
	describe(&a, FIRST, 5000);
	describe(&b, FIRST + 2 * PAGE, PAGE);
	assert_int_equal(memory_insert(&b), 0);
	assert_int_equal(memory_insert(&a), 0);
	assert_int_equal(look(FIRST - 1, &info), -ENOENT);
	assert_int_equal(look(FIRST + 4999, &info), 0);
	assert_true(is_described(&info, FIRST));
	assert_int_equal(info.size, 5000);
	assert_null(info.registered_nodes);
	assert_int_equal(look(FIRST + 5000, &info), -ENOENT);
	assert_null(info.start);
	assert_int_equal(look(FIRST + 2 * PAGE, &info), 0);
	assert_true(is_described(&info, FIRST + 2 * PAGE));
	assert_int_equal(look(FIRST + 3 * PAGE, &info), -ENOENT);
	assert_int_equal(look(0, &info), -ENOENT);
	assert_int_equal(look(UINT64_MAX, &info), -ENOENT);

	assert_int_equal(memory_set_user_data(&memory, u64_to_ptr(FIRST + 4999), &a), 0);
	assert_int_equal(memory_set_user_data(&memory, u64_to_ptr(FIRST + 5000), &b), -ENOENT);
	assert_int_equal(look(FIRST, &info), 0);
	assert_ptr_equal(info.user_data, &a);

	memory_remove(&a);
	assert_int_equal(look(FIRST, &info), -ENOENT);
	/* the same record again, without what the caller attached to the other buffer */
	assert_int_equal(memory_insert(&a), 0);
	assert_int_equal(look(FIRST, &info), 0);
	assert_null(info.user_data);
	memory_remove(&a);
	memory_remove(&b);
	assert_null(memory_first(&memory));
}

static void what_was_published_is_what_look_ups_tell(void **state)
{
	struct memory_info info;
	const uint32_t *before;
	struct buffer a;

	(void)state;
	describe(&a, FIRST, PAGE);
	a.nodes = nodes_of(0);
	assert_int_equal(memory_insert(&a), 0);
	assert_int_equal(look(FIRST, &info), 0);
	assert_int_equal(info.mapped, 0);
	assert_int_equal(info.node_count, 0);
	a.nodes = nodes_of(5);
	a.registered = nodes_of(7);
	assert_int_equal(look(FIRST, &info), 0);
	assert_int_equal(info.mapped, 0);
	memory_publish(&a);
	assert_int_equal(look(FIRST, &info), 0);
	assert_int_equal(info.mapped, 5);
	assert_int_equal(info.node_count, 2);
	assert_int_equal(info.nodes[0], 3);
	assert_int_equal(info.nodes[1], 9);
	assert_int_equal(info.registered_count, 3);
	before = info.nodes;
	a.nodes = nodes_of(2);
	memory_publish(&a);
	memory_remove(&a);
	memory_publish(&a);
	/* what was handed out stays */
	assert_int_equal(before[1], 9);
}

static void sets_of_nodes_exist_once(void **state)
{
	const struct node_set *set;

	(void)state;
	for (uint64_t gpus = 0; gpus < 8; gpus++) {
		assert_ptr_equal(nodes_of(gpus), nodes_of(gpus));
		assert_int_equal(nodes_of(gpus)->count, __builtin_popcountll(gpus));
		assert_int_equal(nodes_of(gpus)->gpus, gpus);
	}
	assert_int_equal(node_set_of(&memory.node_sets, 8, &set), -EINVAL);
}

static void without_memory_everything_stays_as_it_was(void **state)
{
	enum { COUNT = 4000 };
	struct buffer *buffers = calloc(COUNT, sizeof(*buffers));
	const struct node_set *set;
	unsigned refused = 0;
	struct memory_info info;

	(void)state;
	assert_non_null(buffers);
	/* every allocation that inserting makes fails once */
	for (unsigned i = 0; i < COUNT; i++) {
		int ret;

		describe(&buffers[i], FIRST + (i * 611953ULL % COUNT) * PAGE, PAGE);
		atomic_store(&allocations_left, 0);
		ret = memory_insert(&buffers[i]);
		atomic_store(&allocations_left, -1);
		if (ret) {
			assert_int_equal(ret, -ENOMEM);
			assert_int_equal(look(buffers[i].start, &info), -ENOENT);
			/* one more may pass, the next need not */
			atomic_store(&allocations_left, 1);
			ret = memory_insert(&buffers[i]);
			atomic_store(&allocations_left, -1);
			refused++;
			if (ret)
				assert_int_equal(memory_insert(&buffers[i]), 0);
		}
		assert_int_equal(look(buffers[i].start, &info), 0);
	}
	assert_in_range(refused, 3, 100);
	for (unsigned i = 0; i < COUNT; i++) {
		assert_int_equal(look(buffers[i].start, &info), 0);
		assert_true(is_described(&info, buffers[i].start));
		memory_remove(&buffers[i]);
	}
	free(buffers);

	node_sets_destroy(&memory.node_sets);
	assert_int_equal(node_sets_init(&memory.node_sets, (const uint32_t[]){3, 5, 9}, 3), 0);
	atomic_store(&allocations_left, 0);
	assert_int_equal(node_set_of(&memory.node_sets, 0, &set), 0);
	assert_int_equal(node_set_of(&memory.node_sets, 4, &set), 0);
	assert_int_equal(node_set_of(&memory.node_sets, 5, &set), -ENOMEM);
	assert_int_equal(node_set_of(&memory.node_sets, 5, &set), 0);
	for (int i = 0; i < 4; i++) {
		node_sets_destroy(&memory.node_sets);
		atomic_store(&allocations_left, i);
		assert_int_equal(node_sets_init(&memory.node_sets, (const uint32_t[]){3, 5, 9}, 3), -ENOMEM);
	}
}

static void others_are_asked_for_what_is_not_in_the_table(void **state)
{
	struct memory_info info;
	struct buffer a;
	int x;

	(void)state;
	assert_int_equal(memory_lookup(&memory, users_own, &info), 0);
	assert_ptr_equal(info.start, users_own);
	assert_int_equal(memory_set_user_data(&memory, users_own, &x), 0);
	assert_ptr_equal(users_data, &x);
	assert_int_equal(memory_set_user_data(&memory, users_own + 1, &x), -ENOENT);

	describe(&a, FIRST, 2 * PAGE);
	a.face = &even_pages;
	assert_int_equal(memory_insert(&a), 0);
	assert_int_equal(look(FIRST + 1, &info), 0);
	assert_int_equal(ptr_to_u64(info.start), FIRST);
	assert_int_equal(look(FIRST + PAGE, &info), -ENOENT);
	assert_null(info.start);
	assert_int_equal(memory_set_user_data(&memory, u64_to_ptr(FIRST), &x), 0);
	assert_ptr_equal(parts_data, &x);
	assert_int_equal(memory_set_user_data(&memory, u64_to_ptr(FIRST + PAGE), &x), -ENOENT);
	memory_remove(&a);
}

static void two_buffers_do_not_start_at_one_address(void **state)
{
	struct memory_info info;
	struct buffer a, b;

	(void)state;
	describe(&a, FIRST, PAGE);
	describe(&b, FIRST, 2 * PAGE);
	assert_int_equal(memory_insert(&a), 0);
	assert_int_equal(memory_insert(&b), -EEXIST);
	assert_int_equal(look(FIRST, &info), 0);
	assert_int_equal(info.size, PAGE);
	memory_remove(&a);
	assert_int_equal(memory_insert(&b), 0);
	memory_remove(&b);
}

/* Few addresses and many changes, against a plain array: nodes fill, split, empty and merge again and again. */
static void the_tree_agrees_with_an_array(void **state)
{
	enum { SLOTS = 3000, ROUNDS = 120000 };
	struct buffer *buffers = calloc(SLOTS, sizeof(*buffers));
	uint64_t random = 88172645463325252ULL;
	bool *there = calloc(SLOTS, 1);
	struct memory_info info;

	(void)state;
	assert_non_null(buffers);
	assert_non_null(there);
	for (unsigned i = 0; i < SLOTS; i++)
		describe(&buffers[i], FIRST + i * PAGE, PAGE - 1);
	for (unsigned round = 0; round < ROUNDS; round++) {
		/* the table fills and drains in waves, down to nothing */
		bool fill = round / 20000 % 2 == 0, add;
		unsigned i, probe;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		i = (unsigned)(random % SLOTS);
		probe = (unsigned)(random >> 32) % SLOTS;
		add = (random >> 48) % 16 ? fill : !fill;
		if (add && !there[i])
			assert_int_equal(memory_insert(&buffers[i]), 0);
		else if (!add && there[i])
			memory_remove(&buffers[i]);
		there[i] = add;
		assert_int_equal(look(FIRST + probe * PAGE + 7, &info), there[probe] ? 0 : -ENOENT);
		if (there[probe])
			assert_true(is_described(&info, FIRST + probe * PAGE));
		if (round % 20000 == 19999)
			for (unsigned j = 0; j < SLOTS; j++)
				assert_int_equal(look(FIRST + j * PAGE, &info), there[j] ? 0 : -ENOENT);
	}
	for (struct buffer *buffer; (buffer = memory_first(&memory));) {
		assert_true(there[buffer - buffers]);
		there[buffer - buffers] = false;
		memory_remove(buffer);
	}
	for (unsigned i = 0; i < SLOTS; i++)
		assert_false(there[i]);
	free(there);
	free(buffers);
}

static void a_million_buffers_are_found(void **state)
{
	enum {
		COUNT = WATCHED ? 100000 : 1000000,
		STEP = 611953
	}; /* no common divisor: every one comes once */
	struct buffer *buffers = calloc(COUNT, sizeof(*buffers));
	struct memory_info info;

	(void)state;
	assert_non_null(buffers);
	for (uint64_t n = 0; n < COUNT; n++) {
		/* the first half in rising order, as addresses are handed out, then any */
		uint64_t i = n < COUNT / 2 ? 2 * n : (n - COUNT / 2) * STEP % (COUNT / 2) * 2 + 1;

		describe(&buffers[i], FIRST + i * 2 * PAGE, PAGE);
		assert_int_equal(memory_insert(&buffers[i]), 0);
	}
	for (uint64_t n = 0; n < COUNT; n++) {
		uint64_t start = FIRST + n * STEP % COUNT * 2 * PAGE;

		assert_int_equal(look(start + n % PAGE, &info), 0);
		assert_true(is_described(&info, start));
		if (n % 16 == 0)
			assert_int_equal(look(start + PAGE, &info), -ENOENT);
	}
	for (uint64_t i = 0; i < COUNT; i++)
		if (i % 64)
			memory_remove(&buffers[i]);
	for (uint64_t i = 0; i < COUNT; i++)
		assert_int_equal(look(FIRST + i * 2 * PAGE, &info), i % 64 ? -ENOENT : 0);
	for (uint64_t i = 0; i < COUNT; i += 64)
		memory_remove(&buffers[i]);
	assert_null(memory_first(&memory));
	free(buffers);
}

/* Eight threads look up what two others insert, publish and remove; every fourth buffer is always there. */
enum { READERS = 8, WRITERS = 2, BUFFERS = 512, CHANGES = 200000 };

static struct buffer changing[BUFFERS];
static _Atomic bool changes_over;

static void *read_beside_changes(void *arg)
{
	uint64_t i = (uintptr_t)arg, found = 0;

	/* on a busy machine the changes may be over before the first look */
	while (!atomic_load(&changes_over) || !found) {
		uint64_t start = FIRST + (i = (i * 5 + 1) % BUFFERS) * 4 * PAGE;
		struct memory_info info;
		int ret = look(start + i % PAGE, &info);

		if (ret ? ret != -ENOENT || i % 4 == 0 : !is_described(&info, start))
			return u64_to_ptr(start);
		if (!ret && info.registered_count &&
		    (info.node_count != info.registered_count || info.nodes != info.registered_nodes))
			return u64_to_ptr(start + 1);
		if (!ret && (info.node_count != (uint32_t)__builtin_popcountll(info.mapped)))
			return u64_to_ptr(start + 2);
		found += !ret;
	}
	return NULL;
}

static void *change(void *arg)
{
	unsigned own = (unsigned)(uintptr_t)arg;
	bool there[BUFFERS] = {false};

	for (unsigned n = 0, i = own; n < CHANGES; n++) {
		struct buffer *buffer;

		i = (i * 5 + 3) % BUFFERS;
		buffer = &changing[i];
		if (i % 4 == 0 || i % WRITERS != own % WRITERS)
			continue;
		if (!there[i]) {
			describe(buffer, buffer->start, 4 * PAGE - i);
			if (memory_insert(buffer))
				return buffer;
		} else if (n % 3) {
			buffer->nodes = buffer->registered = nodes_of(n % 8);
			memory_publish(buffer);
			continue;
		} else {
			memory_remove(buffer);
		}
		there[i] = !there[i];
	}
	for (unsigned i = 0; i < BUFFERS; i++)
		if (there[i])
			memory_remove(&changing[i]);
	return NULL;
}

static void look_ups_beside_changes_are_right(void **state)
{
	pthread_t readers[READERS], writers[WRITERS];
	void *result;

	(void)state;
	atomic_store(&changes_over, false);
	for (unsigned i = 0; i < BUFFERS; i++) {
		describe(&changing[i], FIRST + i * 4 * PAGE, 4 * PAGE);
		if (i % 4 == 0)
			assert_int_equal(memory_insert(&changing[i]), 0);
	}
	for (uintptr_t i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&readers[i], NULL, read_beside_changes, (void *)i), 0);
	for (uintptr_t i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&writers[i], NULL, change, (void *)(i + 1)), 0);
	for (unsigned i = 0; i < WRITERS; i++) {
		pthread_join(writers[i], &result);
		assert_null(result);
	}
	atomic_store(&changes_over, true);
	for (unsigned i = 0; i < READERS; i++) {
		pthread_join(readers[i], &result);
		assert_null(result);
	}
	for (unsigned i = 0; i < BUFFERS; i += 4)
		memory_remove(&changing[i]);
	assert_null(memory_first(&memory));
}

struct waiter {
	pthread_t thread;
	struct buffer *buffer;
	bool by_address;
	int ret;
};

static void *wait_to_hold(void *arg)
{
	struct waiter *waiter = arg;
	struct buffer *held;

	if (!waiter->by_address) {
		waiter->ret = memory_hold_buffer(waiter->buffer);
		return NULL;
	}
	waiter->ret = memory_hold(&memory, u64_to_ptr(waiter->buffer->start + 5), &held);
	if (!waiter->ret && held != waiter->buffer)
		waiter->ret = -EINVAL;
	return NULL;
}

static void start_waiters(struct waiter waiters[2], struct buffer *buffer)
{
	for (unsigned i = 0; i < 2; i++) {
		waiters[i] = (struct waiter){.buffer = buffer, .by_address = i};
		assert_int_equal(pthread_create(&waiters[i].thread, NULL, wait_to_hold, &waiters[i]), 0);
	}
}

static unsigned not_atomic;

static void *hold_again_and_again(void *arg)
{
	struct buffer *buffer = arg, *held = buffer;

	for (unsigned i = 0; i < 500; i++) {
		if (i % 2 ? memory_hold_buffer(buffer)
			  : memory_hold(&memory, u64_to_ptr(buffer->start + 5), &held))
			return arg;
		not_atomic++;
		memory_let_go(held);
	}
	return NULL;
}

static void one_thread_at_a_time_holds_a_buffer(void **state)
{
	pthread_t threads[READERS];
	struct buffer a, *held;

	(void)state;
	describe(&a, FIRST, 5000);
	assert_int_equal(memory_hold(&memory, u64_to_ptr(FIRST), &held), -ENOENT);
	assert_int_equal(memory_hold_buffer(&a), -ENOENT);
	assert_int_equal(memory_get(&memory, u64_to_ptr(FIRST), &held), -ENOENT);
	assert_int_equal(memory_insert(&a), 0);
	/* whole pages: what is to be mapped or freed may begin there */
	assert_int_equal(memory_hold(&memory, u64_to_ptr(FIRST + 8191), &held), 0);
	assert_ptr_equal(held, &a);
	/* a reference does not need the buffer to be nobody's */
	assert_int_equal(memory_get(&memory, u64_to_ptr(FIRST + 1), &held), 0);
	assert_int_equal(a.references, 2);
	not_atomic = 0;
	for (unsigned i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hold_again_and_again, &a), 0);
	assert_int_equal(not_atomic, 0);
	memory_let_go(&a);
	for (unsigned i = 0; i < READERS; i++) {
		void *result;

		pthread_join(threads[i], &result);
		assert_null(result);
	}
	assert_int_equal(not_atomic, 500 * READERS);
	memory_remove(&a);
}

static void those_who_wait_for_a_buffer_that_goes_are_told(void **state)
{
	struct waiter waiters[2];
	struct buffer a;

	(void)state;
	describe(&a, FIRST, PAGE);
	assert_int_equal(memory_insert(&a), 0);
	assert_int_equal(memory_hold_buffer(&a), 0);
	start_waiters(waiters, &a);
	memory_remove(&a);
	memory_let_go(&a);
	for (unsigned i = 0; i < 2; i++) {
		pthread_join(waiters[i].thread, NULL);
		assert_int_equal(waiters[i].ret, -ENOENT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_buffer_is_found_by_every_address_that_was_asked_for, build,
						tear_down),
		cmocka_unit_test_setup_teardown(what_was_published_is_what_look_ups_tell, build, tear_down),
		cmocka_unit_test_setup_teardown(sets_of_nodes_exist_once, build, tear_down),
		cmocka_unit_test_setup_teardown(without_memory_everything_stays_as_it_was, build, tear_down),
		cmocka_unit_test_setup_teardown(others_are_asked_for_what_is_not_in_the_table, build,
						tear_down),
		cmocka_unit_test_setup_teardown(two_buffers_do_not_start_at_one_address, build, tear_down),
		cmocka_unit_test_setup_teardown(the_tree_agrees_with_an_array, build, tear_down),
		cmocka_unit_test_setup_teardown(a_million_buffers_are_found, build, tear_down),
		cmocka_unit_test_setup_teardown(look_ups_beside_changes_are_right, build, tear_down),
		cmocka_unit_test_setup_teardown(one_thread_at_a_time_holds_a_buffer, build, tear_down),
		cmocka_unit_test_setup_teardown(those_who_wait_for_a_buffer_that_goes_are_told, build,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
