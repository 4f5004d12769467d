// SPDX-License-Identifier: MIT
/* Small blocks: what they cost, what look-ups tell of them, and when they are used again.  Buffers and GPUs are played. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "memory/buffer.h"
#include "memory/lookup.h"
#include "memory/placement.h"
#include "memory/pressure.h"
#include "memory/reference.h"
#include "memory/slab.h"
#include "memory/table.h"
#include "memory/user.h"
#include "util/compiler.h"
#include "util/log.h"

#define KIB	1024ULL
#define MIB	(1024 * KIB)
#define THREADS 8

static struct memory memory;

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

/* What buffers were asked for. */
static struct {
	_Atomic unsigned creates, maps, offers, reclaims, retires;
	_Atomic uint64_t largest; /* bytes that can be had at once */
	_Atomic int map_error;
	_Atomic int reclaim_error;
	atomic_bool tight; /* the budget is used up */
	_Atomic bool slow; /* a new buffer takes long enough for others to come */
	void *free_at_map; /* a block that is freed while its slab is being mapped */
} host;

/* The GPUs: one clock for all. */
static _Atomic uint64_t submitted, completed;
static _Atomic bool lost;

struct gsp_moment {
	uint64_t wanted;
};

static void free_block(void *address, int expected);

/* The device of all GPU memory here. */
struct gsp_device {
	int nothing;
};

static struct gsp_device local_device;

struct gsp_device *gsp_gpu_device(const struct gsp_gpu *gpu)
{
	(void)gpu;
	return NULL; /* gsp_device_is_lost() here knows one */
}

bool gsp_device_is_lost(const struct gsp_device *device)
{
	(void)device;
	return atomic_load(&lost);
}

/* What counts as somebody's. */
static _Atomic int64_t contents;
static _Atomic bool lose_at_count; /* it is lost when the next one is counted */

void gsp_device_add_contents(struct gsp_device *device)
{
	assert_ptr_equal(device, &local_device);
	atomic_fetch_add(&contents, 1);
	if (atomic_exchange(&lose_at_count, false))
		atomic_store(&lost, true);
}

void gsp_device_drop_contents(struct gsp_device *device)
{
	assert_ptr_equal(device, &local_device);
	assert_true(atomic_fetch_sub(&contents, 1) > 0);
}

struct gsp_moment *memory_moment(struct memory *m, uint64_t gpus)
{
	uint64_t now = atomic_load(&submitted);
	struct gsp_moment *moment;

	assert_ptr_equal(m, &memory);
	if (!gpus || atomic_load(&completed) >= now)
		return NULL;
	moment = malloc(sizeof(*moment));
	assert_non_null(moment);
	moment->wanted = now;
	return moment;
}

/* In the place of memory.retired. */
static pthread_mutex_t retire_lock = PTHREAD_MUTEX_INITIALIZER;
static struct gsp_retire *retire_first;

static bool take_ready(bool all, struct gsp_retire **out)
{
	struct gsp_retire **link = &retire_first;

	pthread_mutex_lock(&retire_lock);
	while (*link && !all && (*link)->moment->wanted > atomic_load(&completed))
		link = &(*link)->next;
	*out = *link;
	if (*link)
		*link = (*link)->next;
	pthread_mutex_unlock(&retire_lock);
	return *out;
}

static size_t run_list(int why)
{
	struct gsp_retire *item;
	size_t count = 0;

	for (; take_ready(why != 0, &item); count++) {
		free(item->moment);
		item->run(item, why);
	}
	return count;
}

size_t gsp_retire_run(struct gsp_retire_list *list)
{
	assert_ptr_equal(list, &memory.retired);
	return run_list(0);
}

void gsp_retire_add(struct gsp_retire_list *list, struct gsp_retire *item)
{
	assert_ptr_equal(list, &memory.retired);
	pthread_mutex_lock(&retire_lock);
	item->next = retire_first;
	retire_first = item;
	pthread_mutex_unlock(&retire_lock);
}

static unsigned listed(void)
{
	unsigned count = 0;

	for (struct gsp_retire *item = retire_first; item; item = item->next)
		count++;
	return count;
}

int buffer_create(struct memory *m, const struct memory_request *request, struct buffer **out)
{
	struct buffer *buffer;
	void *pages;

	*out = NULL;
	atomic_fetch_add(&host.creates, 1);
	for (unsigned i = 0; atomic_load(&host.slow) && i < 2000; i++)
		sched_yield();
	if (request->size > atomic_load(&host.largest))
		return -ENOSPC;
	buffer = calloc(1, sizeof(*buffer));
	if (!buffer)
		return -ENOMEM;
	/* twice as much holds an aligned one; the rest stays unused */
	pages = mmap(NULL, 2 * request->size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(pages, MAP_FAILED);
	buffer->range = pages;
	buffer->memory = m;
	buffer->start = ALIGN_UP(ptr_to_u64(pages), 64 * KIB);
	buffer->size = buffer->span = request->size;
	buffer->kind = request->kind;
	buffer->flags = request->flags;
	buffer->gpu = request->gpu;
	buffer->device = request->kind == MEMORY_LOCAL ? &local_device : NULL;
	assert_int_equal(node_set_of(&m->node_sets, 0, &buffer->nodes), 0);
	buffer->references = 1;
	*out = buffer;
	return 0;
}

void buffer_put(struct buffer *buffer)
{
	if (atomic_fetch_sub(&buffer->references, 1) != 1)
		return;
	munmap(buffer->range, 2 * buffer->size);
	free(buffer);
}

void buffer_retire(struct buffer *buffer)
{
	assert_null(buffer->entry.record);
	atomic_fetch_add(&host.retires, 1);
	buffer_put(buffer);
}

int buffer_map(struct buffer *buffer, uint64_t gpus, uint64_t later, uint64_t timeout_ns)
{
	assert_true(buffer->entry.held);
	assert_int_equal(timeout_ns, 77);
	/* a slab only ever grows */
	assert_int_equal(buffer->nodes->gpus & ~(gpus | later), 0);
	assert_int_equal(gpus & later, 0);
	atomic_fetch_add(&host.maps, 1);
	if (host.free_at_map) {
		free_block(host.free_at_map, 0);
		host.free_at_map = NULL;
	}
	if (atomic_load(&host.map_error))
		return atomic_load(&host.map_error);
	return node_set_of(&buffer->memory->node_sets, gpus | later, &buffer->nodes);
}

int buffer_offer(struct buffer *buffer)
{
	assert_true(buffer->entry.held);
	assert_int_equal(buffer->kind, MEMORY_LOCAL);
	atomic_fetch_add(&host.offers, 1);
	return 0;
}

bool memory_is_tight(struct memory *of, uint32_t gpu, uint64_t more)
{
	(void)more;
	assert_ptr_equal(of, &memory);
	assert_int_equal(gpu, 1);
	return atomic_load(&host.tight);
}

int buffer_reclaim(struct buffer *buffer)
{
	assert_true(buffer->entry.held);
	atomic_fetch_add(&host.reclaims, 1);
	return atomic_load(&host.reclaim_error);
}

int user_lookup(struct memory *m, const void *address, struct memory_info *info)
{
	(void)m, (void)address, (void)info;
	return -ENOENT;
}

int user_set_user_data(struct memory *m, const void *address, void *user_data)
{
	(void)m, (void)address, (void)user_data;
	return -ENOENT;
}

static int build(void **state)
{
	const uint32_t nodes[] = {1, 2};

	(void)state;
	log_set_level(LOG_NONE);
	memset(&memory, 0, sizeof(memory));
	memset(&host, 0, sizeof(host));
	atomic_store(&host.largest, UINT64_MAX);
	submitted = completed = 0;
	lost = false;
	memory.count = ARRAY_SIZE(nodes);
	assert_int_equal(node_sets_init(&memory.node_sets, nodes, ARRAY_SIZE(nodes)), 0);
	memory_table_init(&memory);
	assert_int_equal(slabs_create(&memory), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	slabs_destroy(&memory);
	assert_int_equal(contents, 0);
	/* what still waits ends here */
	run_list(-ETIMEDOUT);
	assert_null(memory_first(&memory));
	memory_table_destroy(&memory);
	node_sets_destroy(&memory.node_sets);
	return 0;
}

static struct memory_request request_of(enum memory_kind kind, uint64_t size)
{
	return (struct memory_request){
		.kind = kind, .gpu = kind == MEMORY_LOCAL ? 1 : MEMORY_HOST, .size = size};
}

static void *alloc_block(enum memory_kind kind, uint64_t size)
{
	struct memory_request request = request_of(kind, size);
	void *address = NULL;

	assert_true(slab_serves(&memory, &request));
	assert_int_equal(slab_alloc(&memory, &request, &address), 0);
	return address;
}

static void free_block(void *address, int expected)
{
	struct buffer *buffer;

	assert_int_equal(memory_get(&memory, address, &buffer), 0);
	assert_int_equal(slab_free(buffer, address), expected);
	buffer_put(buffer);
}

static int map_block(void *address, uint64_t size, uint64_t gpus)
{
	struct buffer *buffer;
	int ret = memory_get(&memory, address, &buffer);

	if (ret)
		return ret;
	ret = slab_map(buffer, address, size, gpus, 0, 77);
	buffer_put(buffer);
	return ret;
}

static int unmap_block(void *address)
{
	struct buffer *buffer;
	int ret = memory_get(&memory, address, &buffer);

	if (ret)
		return ret;
	ret = slab_unmap(buffer, address);
	buffer_put(buffer);
	return ret;
}

static void only_plain_small_requests_are_served(void **state)
{
	const struct {
		struct memory_request request;
		bool served;
	} cases[] = {
		{{.kind = MEMORY_SYSTEM, .gpu = MEMORY_HOST, .size = 1}, true},
		{{.kind = MEMORY_SYSTEM, .gpu = 1, .size = 64 * KIB}, true},
		{{.kind = MEMORY_SYSTEM, .gpu = 2, .size = 4096}, false},
		{{.kind = MEMORY_SYSTEM, .gpu = 1, .size = 64 * KIB + 1}, false},
		{{.kind = MEMORY_SYSTEM, .gpu = 1, .size = 0}, false},
		{{.kind = MEMORY_SYSTEM, .gpu = 1, .size = 4097, .alignment = 8192}, true},
		{{.kind = MEMORY_SYSTEM, .gpu = 1, .size = 4096, .alignment = 8192}, false},
		{{.kind = MEMORY_SYSTEM, .gpu = 1, .size = 4096, .alignment = 3}, false},
		{{.kind = MEMORY_SYSTEM, .gpu = 1, .size = 4096, .highest = 1ULL << 32}, false},
		{{.kind = MEMORY_SYSTEM,
		  .gpu = 1,
		  .size = 4096,
		  .flags = MEMORY_EXECUTABLE | MEMORY_UNCACHED},
		 true},
		{{.kind = MEMORY_SYSTEM, .gpu = 1, .size = 4096, .flags = MEMORY_FIXED_ADDRESS}, false},
		{{.kind = MEMORY_SYSTEM, .gpu = 1, .size = 4096, .flags = MEMORY_ALONE}, false},
		{{.kind = MEMORY_SYSTEM, .gpu = 1, .size = 4096, .flags = 1U << 30}, false},
		{{.kind = MEMORY_LOCAL, .gpu = 1, .size = 1, .alignment = 64 * KIB}, true},
		{{.kind = MEMORY_LOCAL, .gpu = 1, .size = 1, .alignment = 128 * KIB}, false},
		{{.kind = MEMORY_LOCAL, .gpu = MEMORY_HOST, .size = 1}, false},
		{{.kind = MEMORY_LOCAL, .gpu = 1, .size = 1, .flags = MEMORY_CPU_VISIBLE}, false},
		{{.kind = MEMORY_SCRATCH, .gpu = 1, .size = 4096}, false},
		{{.kind = MEMORY_ADDRESS, .gpu = 1, .size = 4096}, false},
		{{.kind = MEMORY_USER_QUEUE, .gpu = 1, .size = 4096}, false},
		{{.kind = MEMORY_PHYSICAL, .gpu = 1, .size = 4096}, false},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++)
		if (slab_serves(&memory, &cases[i].request) != cases[i].served)
			fail_msg("case %u", i);
}

/* A buffer costs three calls to the host to have it on a GPU and three to end it. */
static void ten_thousand_blocks_cost_a_handful_of_buffers(void **state)
{
	enum { COUNT = 10000 };
	void **blocks = calloc(COUNT, sizeof(*blocks));

	(void)state;
	assert_non_null(blocks);
	for (unsigned i = 0; i < COUNT; i++) {
		blocks[i] = alloc_block(MEMORY_SYSTEM, 4096);
		assert_true(IS_ALIGNED(ptr_to_u64(blocks[i]), 4096ULL));
		assert_int_equal(map_block(blocks[i], 4096, 1), 0);
		*(unsigned *)blocks[i] = i;
	}
	assert_in_range(host.creates, 1, 8);
	assert_int_equal(host.maps, host.creates);
	for (unsigned i = 0; i < COUNT; i++) {
		assert_int_equal(*(unsigned *)blocks[i], i);
		free_block(blocks[i], 0);
	}
	assert_int_equal(host.retires, host.creates - 1);
	assert_in_range(3 * host.creates + 3 * host.retires, 0, 64);
	free(blocks);
}

static void one_by_one_blocks_cost_one_buffer(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		void *block = alloc_block(MEMORY_SYSTEM, 4096);

		assert_int_equal(map_block(block, 4096, 2), 0);
		free_block(block, 0);
	}
	assert_int_equal(host.creates, 1);
	assert_int_equal(host.maps, 1);
	assert_int_equal(host.retires, 0);
}

static void sizes_and_kinds_are_apart(void **state)
{
	struct memory_request request = request_of(MEMORY_SYSTEM, 4096);
	struct buffer *a, *b;
	void *p, *q;

	(void)state;
	p = alloc_block(MEMORY_SYSTEM, 4096);
	request.flags = MEMORY_EXECUTABLE;
	assert_int_equal(slab_alloc(&memory, &request, &q), 0);
	assert_int_equal(memory_get(&memory, p, &a), 0);
	assert_int_equal(memory_get(&memory, q, &b), 0);
	assert_ptr_not_equal(a, b);
	assert_int_equal(b->flags, MEMORY_EXECUTABLE);
	assert_int_equal(b->size, 2 * MIB);
	buffer_put(a);
	buffer_put(b);
	for (uint64_t size = 8 * KIB; size <= 64 * KIB; size *= 2) {
		p = alloc_block(MEMORY_SYSTEM, size / 2 + 1);
		q = alloc_block(MEMORY_SYSTEM, size);
		assert_true(IS_ALIGNED(ptr_to_u64(p), size));
		assert_int_equal(ptr_to_u64(q) - ptr_to_u64(p), size);
	}
}

static void a_block_is_described_as_if_it_were_alone(void **state)
{
	struct memory_request request = {.kind = MEMORY_SYSTEM,
					 .gpu = 1,
					 .size = 5000,
					 .flags = MEMORY_COARSE,
					 .caller_node = 41,
					 .caller_flags = 42};
	const struct node_set *both;
	struct memory_info info;
	struct buffer *buffer;
	void *address;
	char *p;

	(void)state;
	assert_int_equal(slab_alloc(&memory, &request, &address), 0);
	p = address;
	assert_int_equal(memory_lookup(&memory, p + 4999, &info), 0);
	assert_ptr_equal(info.start, p);
	assert_int_equal(info.size, 5000);
	assert_int_equal(info.kind, MEMORY_SYSTEM);
	assert_int_equal(info.flags, MEMORY_COARSE);
	assert_int_equal(info.gpu, 1);
	assert_int_equal(info.gpu_va, ptr_to_u64(p));
	assert_int_equal(info.mapped, 0);
	assert_int_equal(info.node_count, 0);
	assert_null(info.registered_nodes);
	assert_null(info.user_data);
	assert_int_equal(info.caller_node, 41);
	assert_int_equal(info.caller_flags, 42);
	assert_int_equal(memory_lookup(&memory, p + 5000, &info), -ENOENT);
	assert_int_equal(memory_lookup(&memory, p + 8192, &info), -ENOENT);

	assert_int_equal(memory_set_user_data(&memory, p + 1, &info), 0);
	assert_int_equal(memory_set_user_data(&memory, p + 5000, &info), -ENOENT);
	assert_int_equal(map_block(p, 5000, 3), 0);
	assert_int_equal(node_set_of(&memory.node_sets, 3, &both), 0);
	assert_int_equal(memory_get(&memory, p, &buffer), 0);
	assert_int_equal(slab_register(buffer, p + 8, both), 0);
	assert_int_equal(slab_register(buffer, p + 8192, both), -ENOENT);
	assert_int_equal(memory_lookup(&memory, p, &info), 0);
	assert_ptr_equal(info.user_data, &info);
	assert_int_equal(info.mapped, 3);
	assert_int_equal(info.nodes[1], 2);
	assert_int_equal(info.registered_count, 2);
	assert_ptr_equal(info.registered_nodes, both->ids);

	assert_int_equal(slab_free(buffer, p), 0);
	assert_int_equal(memory_lookup(&memory, p, &info), -ENOENT);
	assert_int_equal(memory_set_user_data(&memory, p, p), -ENOENT);
	assert_int_equal(slab_register(buffer, p, both), -ENOENT);
	buffer_put(buffer);
	/* the next owner finds nothing of the last one's */
	assert_int_equal(slab_alloc(&memory, &request, &address), 0);
	assert_ptr_equal(address, p);
	assert_int_equal(memory_lookup(&memory, p, &info), 0);
	assert_null(info.user_data);
	assert_int_equal(info.mapped, 0);
	assert_null(info.registered_nodes);
}

static void blocks_of_one_slab_are_mapped_each_for_itself(void **state)
{
	char *p = alloc_block(MEMORY_SYSTEM, 6000), *q = alloc_block(MEMORY_SYSTEM, 8192);
	struct memory_info info;

	(void)state;
	assert_int_equal(map_block(p, 6000, 1), 0);
	assert_int_equal(map_block(q + 100, 8192 - 100, 1), 0);
	assert_int_equal(host.maps, 1);
	/* up to the page that the last byte is on, and no further */
	assert_int_equal(map_block(p, 8192, 1), 0);
	assert_int_equal(map_block(p + 1, 8192, 1), -EINVAL);
	assert_int_equal(map_block(p + 4096, 0, 1), -EINVAL);
	assert_int_equal(map_block(p, UINT64_MAX, 1), -EINVAL);
	assert_int_equal(map_block(q + 8192, 1, 1), -ENOENT);
	assert_int_equal(map_block(p, 6000, 4), -EINVAL);

	/* the latest list counts; the slab itself stays where it was */
	assert_int_equal(map_block(p, 6000, 2), 0);
	assert_int_equal(host.maps, 2);
	assert_int_equal(memory_lookup(&memory, p, &info), 0);
	assert_int_equal(info.mapped, 2);
	assert_int_equal(memory_lookup(&memory, q, &info), 0);
	assert_int_equal(info.mapped, 1);
	assert_int_equal(map_block(q, 1, 3), 0);
	assert_int_equal(unmap_block(p + 1), 0);
	assert_int_equal(unmap_block(p), 0);
	assert_int_equal(unmap_block(q + 8192), -ENOENT);
	assert_int_equal(memory_lookup(&memory, p, &info), 0);
	assert_int_equal(info.mapped, 0);
	assert_int_equal(memory_lookup(&memory, q, &info), 0);
	assert_int_equal(info.mapped, 3);
	assert_int_equal(map_block(q, 1, 0), 0);
	assert_int_equal(memory_lookup(&memory, q, &info), 0);
	assert_int_equal(info.mapped, 0);
	assert_int_equal(host.maps, 2);
}

static void a_map_that_fails_changes_nothing(void **state)
{
	void *p = alloc_block(MEMORY_SYSTEM, 4096);
	struct memory_info info;

	(void)state;
	atomic_store(&host.map_error, -ENOSPC);
	assert_int_equal(map_block(p, 4096, 1), -ENOSPC);
	assert_int_equal(memory_lookup(&memory, p, &info), 0);
	assert_int_equal(info.mapped, 0);
	atomic_store(&host.map_error, 0);
	assert_int_equal(map_block(p, 4096, 1), 0);
	assert_int_equal(host.maps, 2);
}

static void a_block_freed_while_it_is_mapped_is_gone(void **state)
{
	void *p = alloc_block(MEMORY_SYSTEM, 4096);

	(void)state;
	host.free_at_map = p;
	assert_int_equal(map_block(p, 4096, 1), -ENOENT);
	/* its slab was in use until then, and is the one that is kept */
	assert_int_equal(slabs_cached(&memory, MEMORY_HOST), 2 * MIB);
	assert_int_equal(host.retires, 0);
	assert_true(slabs_trim(&memory));
	assert_int_equal(host.retires, 1);
}

static void system_memory_is_zero_filled_again(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		char *p = alloc_block(MEMORY_SYSTEM, 5000);

		for (unsigned i = 0; i < 8192; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xa5, 8192);
		free_block(p, 0);
	}
	assert_int_equal(host.creates, 1);
}

static void a_block_is_freed_once_and_by_its_start(void **state)
{
	char *p = alloc_block(MEMORY_SYSTEM, 4096), *q = alloc_block(MEMORY_SYSTEM, 4096);

	(void)state;
	free_block(p + 1, -ENOENT);
	free_block(p, 0);
	free_block(p, -ENOENT);
	free_block(q + 4096, -ENOENT);
	/* also while a GPU keeps it */
	assert_int_equal(map_block(q, 4096, 1), 0);
	atomic_fetch_add(&submitted, 1);
	free_block(q, 0);
	free_block(q, -ENOENT);
	assert_int_equal(map_block(q, 4096, 1), -ENOENT);
	assert_int_equal(unmap_block(q), -ENOENT);
}

/* Who looked a buffer up just before its slab was released finds another one in the slab's record, or none. */
static void a_stale_reference_frees_nothing(void **state)
{
	struct buffer *stale;
	const struct node_set *none;
	void *p = alloc_block(MEMORY_SYSTEM, 4096), *q;

	(void)state;
	assert_int_equal(memory_get(&memory, p, &stale), 0);
	free_block(p, 0);
	assert_true(slabs_trim(&memory));
	assert_int_equal(slab_free(stale, p), -ENOENT);
	q = alloc_block(MEMORY_SYSTEM, 4096);
	assert_int_equal(slab_free(stale, p), -ENOENT);
	assert_int_equal(slab_map(stale, p, 4096, 1, 0, 77), -ENOENT);
	assert_int_equal(slab_unmap(stale, p), -ENOENT);
	assert_int_equal(node_set_of(&memory.node_sets, 0, &none), 0);
	assert_int_equal(slab_register(stale, p, none), -ENOENT);
	buffer_put(stale);
	free_block(q, 0);
}

static void a_block_waits_for_what_was_submitted_before(void **state)
{
	void *p, *q, *r;

	(void)state;
	p = alloc_block(MEMORY_SYSTEM, 4096);
	q = alloc_block(MEMORY_SYSTEM, 4096);
	assert_int_equal(map_block(p, 4096, 1), 0);
	submitted = 1;
	free_block(p, 0);
	submitted = 2;
	free_block(q, 0);
	/* two blocks, one item */
	assert_int_equal(listed(), 1);
	gsp_retire_run(&memory.retired);
	r = alloc_block(MEMORY_SYSTEM, 4096);
	assert_true(r != p && r != q);
	completed = 1;
	gsp_retire_run(&memory.retired);
	assert_int_equal(listed(), 1);
	assert_ptr_equal(alloc_block(MEMORY_SYSTEM, 4096), p);
	assert_ptr_not_equal(alloc_block(MEMORY_SYSTEM, 4096), q);
	/* idle: the next who looks has everything */
	completed = 2;
	gsp_retire_run(&memory.retired);
	assert_int_equal(listed(), 0);
	assert_ptr_equal(alloc_block(MEMORY_SYSTEM, 4096), q);
	/* and nothing waits */
	free_block(q, 0);
	assert_int_equal(listed(), 0);
	assert_ptr_equal(alloc_block(MEMORY_SYSTEM, 4096), q);
	assert_int_equal(host.creates, 1);
}

static void a_block_never_mapped_does_not_wait(void **state)
{
	void *p = alloc_block(MEMORY_SYSTEM, 4096);

	(void)state;
	submitted = 1;
	free_block(p, 0);
	assert_int_equal(listed(), 0);
	assert_ptr_equal(alloc_block(MEMORY_SYSTEM, 4096), p);
}

static void who_needs_a_slab_takes_what_has_passed_first(void **state)
{
	void *blocks[512];

	(void)state;
	for (unsigned i = 0; i < 512; i++)
		blocks[i] = alloc_block(MEMORY_SYSTEM, 4096);
	assert_int_equal(map_block(blocks[0], 4096, 1), 0);
	submitted = 1;
	for (unsigned i = 0; i < 512; i++)
		free_block(blocks[i], 0);
	assert_int_equal(host.retires, 0);
	completed = 1;
	alloc_block(MEMORY_SYSTEM, 4096);
	assert_int_equal(host.creates, 1);
}

/* Slabs of 2, 4, 8, 8 and 8 MiB, all of them empty again. */
static void fill_and_empty(enum memory_kind kind, unsigned count)
{
	void **blocks = calloc(count, sizeof(*blocks));

	assert_non_null(blocks);
	for (unsigned i = 0; i < count; i++)
		blocks[i] = alloc_block(kind, 64 * KIB);
	for (unsigned i = 0; i < count; i++)
		free_block(blocks[i], 0);
	free(blocks);
}

static void empty_slabs_are_kept_offered_or_released(void **state)
{
	uint64_t cached;

	(void)state;
	fill_and_empty(MEMORY_LOCAL, 480);
	assert_int_equal(host.creates, 5);
	assert_int_equal(host.offers, 2);
	assert_int_equal(host.retires, 2);
	cached = slabs_cached(&memory, 1);
	assert_in_range(cached, 14 * MIB, 24 * MIB);
	assert_int_equal(slabs_cached(&memory, 0), 0);
	assert_int_equal(slabs_cached(&memory, MEMORY_HOST), 0);

	/* all three are used before there is a new one */
	fill_and_empty(MEMORY_LOCAL, (unsigned)(cached / (64 * KIB)));
	assert_int_equal(host.creates, 5);
	assert_int_equal(host.reclaims, 2);
	assert_int_equal(host.offers, 4);
	assert_int_equal(slabs_cached(&memory, 1), cached);

	assert_true(slabs_trim(&memory));
	assert_int_equal(slabs_cached(&memory, 1), 0);
	assert_int_equal(host.retires, 5);
	assert_false(slabs_trim(&memory));
}

/* Over the budget nothing more is kept, and slabs stay small. */
static void a_budget_that_is_used_up_steers_what_is_kept(void **state)
{
	(void)state;
	atomic_store(&host.tight, true);
	fill_and_empty(MEMORY_LOCAL, 96);
	assert_int_equal(host.creates, 3);
	assert_int_equal(host.offers, 0);
	assert_int_equal(host.retires, 2);
	assert_int_equal(slabs_cached(&memory, 1), 2 * MIB);
}

static void host_memory_is_not_offered(void **state)
{
	(void)state;
	fill_and_empty(MEMORY_SYSTEM, 200);
	assert_int_equal(host.creates, 3);
	assert_int_equal(host.offers, 0);
	assert_int_equal(host.retires, 2);
}

static void what_cannot_be_had_back_is_released(void **state)
{
	(void)state;
	fill_and_empty(MEMORY_LOCAL, 32 + 64 + 128);
	assert_int_equal(host.offers, 2);
	atomic_store(&host.reclaim_error, -ENOSPC);
	fill_and_empty(MEMORY_LOCAL, 32 + 64 + 128 + 1);
	assert_int_equal(host.reclaims, 2);
	assert_in_range(host.retires, 2, 4);
}

static void a_smaller_slab_is_better_than_none(void **state)
{
	struct memory_request request = request_of(MEMORY_LOCAL, 100);
	void *p;

	(void)state;
	atomic_store(&host.largest, 2 * MIB);
	for (unsigned i = 0; i < 96; i++)
		alloc_block(MEMORY_LOCAL, 100);
	/* 2; 4 refused, 2; 8 and 4 refused, 2 */
	assert_int_equal(host.creates, 6);
	atomic_store(&host.largest, 0);
	assert_int_equal(slab_alloc(&memory, &request, &p), -ENOSPC);
	assert_null(p);
	atomic_store(&host.largest, UINT64_MAX);
	assert_int_equal(slab_alloc(&memory, &request, &p), 0);
}

static void a_lost_gpu_gives_nothing_and_keeps_nothing(void **state)
{
	struct memory_request request = request_of(MEMORY_LOCAL, 100);
	void *p = alloc_block(MEMORY_LOCAL, 100), *q;

	(void)state;
	atomic_store(&lost, true);
	assert_int_equal(slab_alloc(&memory, &request, &q), -ENODEV);
	free_block(p, 0);
	assert_int_equal(host.retires, 1);
	assert_int_equal(slabs_cached(&memory, 1), 0);
	/* host memory is still there */
	alloc_block(MEMORY_SYSTEM, 100);
}

/* What is told of a block of a GPU's memory. */
static bool told_lost(const void *p)
{
	struct memory_info info;

	assert_int_equal(memory_lookup(&memory, p, &info), 0);
	return info.lost;
}

/* The GPU gets them back when it is renewed; until then they serve the others as ever. */
static void slabs_of_the_host_outlast_a_lost_gpu(void **state)
{
	void *p = alloc_block(MEMORY_SYSTEM, 100), *q = alloc_block(MEMORY_SYSTEM, 8192), *r;
	struct memory_info info;
	struct buffer *buffer;

	(void)state;
	assert_int_equal(map_block(p, 100, 1), 0);
	assert_int_equal(map_block(q, 8192, 1), 0);
	free_block(q, 0);
	assert_int_equal(host.creates, 2);
	atomic_store(&lost, true);
	assert_false(told_lost(p));
	r = alloc_block(MEMORY_SYSTEM, 100);
	alloc_block(MEMORY_SYSTEM, 8192);
	assert_int_equal(host.creates, 2);
	/* noted for later without a call where the slab is already, and else with it */
	assert_int_equal(memory_get(&memory, r, &buffer), 0);
	assert_int_equal(slab_map(buffer, r, 100, 0, 1, 77), 0);
	assert_int_equal(host.maps, 2);
	assert_int_equal(slab_map(buffer, r, 100, 0, 3, 77), 0);
	assert_int_equal(host.maps, 3);
	assert_int_equal(memory_lookup(&memory, r, &info), 0);
	assert_int_equal(info.mapped, 3);
	/* the second GPU came back without the addresses */
	assert_int_equal(memory_hold_buffer(buffer), 0);
	assert_int_equal(node_set_of(&memory.node_sets, 1, &buffer->nodes), 0);
	slab_moved(buffer);
	memory_let_go(buffer);
	buffer_put(buffer);
	assert_int_equal(memory_lookup(&memory, r, &info), 0);
	assert_int_equal(info.mapped, 1);
	assert_int_equal(memory_lookup(&memory, p, &info), 0);
	assert_int_equal(info.mapped, 1);
	assert_int_equal(map_block(r, 100, 2), 0);
	assert_int_equal(host.maps, 4);
	free_block(r, 0);
	free_block(p, 0);
	assert_int_equal(host.retires, 0);
}

/* Renewal waits for those who have some of a lost GPU's memory, and for nobody else. */
static void blocks_of_a_gpu_count_as_contents(void **state)
{
	struct memory_request request = request_of(MEMORY_LOCAL, 100);
	void *p, *q;

	(void)state;
	p = alloc_block(MEMORY_LOCAL, 100);
	q = alloc_block(MEMORY_LOCAL, 100);
	alloc_block(MEMORY_SYSTEM, 100);
	assert_int_equal(contents, 2);
	assert_false(told_lost(p));
	free_block(p, 0);
	assert_int_equal(contents, 1);
	/* the library's own are cut from nothing that others have a part of */
	request.flags = MEMORY_INTERNAL;
	assert_false(slab_serves(&memory, &request));
	request.kind = MEMORY_SYSTEM;
	assert_true(slab_serves(&memory, &request));
	assert_int_equal(slab_alloc(&memory, &request, &p), 0);
	assert_int_equal(host.creates, 2);
	atomic_store(&lost, true);
	assert_true(told_lost(q));
	assert_int_equal(contents, 1);
	free_block(q, 0);
	assert_int_equal(contents, 0);
	assert_int_equal(host.retires, 1);
	/* what was kept is given back when the GPU's next device is there */
	atomic_store(&lost, false);
	p = alloc_block(MEMORY_LOCAL, 100);
	free_block(p, 0);
	assert_int_equal(host.retires, 1);
	atomic_store(&lost, true);
	slabs_forget(&memory, 1);
	assert_int_equal(host.retires, 2);
	assert_int_equal(slabs_cached(&memory, 1), 0);
}

/* The device is lost while a piece is being taken: it is nobody's, and neither is the slab. */
static void a_block_that_is_lost_at_once_is_not_had(void **state)
{
	struct memory_request request = request_of(MEMORY_LOCAL, 100);
	void *p;

	(void)state;
	lose_at_count = true;
	assert_int_equal(slab_alloc(&memory, &request, &p), -ENODEV);
	assert_null(p);
	assert_int_equal(contents, 0);
	assert_int_equal(host.retires, 1);
	atomic_store(&lost, false);
	alloc_block(MEMORY_LOCAL, 100);
	assert_int_equal(contents, 1);
}

static void closing_ends_what_is_in_use_and_what_waits(void **state)
{
	void *p, *q;

	(void)state;
	for (unsigned i = 0; i < 40; i++)
		alloc_block(MEMORY_LOCAL, 100);
	p = alloc_block(MEMORY_SYSTEM, 100);
	q = alloc_block(MEMORY_SYSTEM, 100);
	assert_int_equal(map_block(p, 100, 3), 0);
	submitted = 1;
	free_block(p, 0);
	free_block(q, 0);
	slabs_destroy(&memory);
	assert_int_equal(host.retires, 3);
	assert_null(memory_first(&memory));
	assert_int_equal(listed(), 1);
	slabs_destroy(&memory);
	assert_false(slabs_trim(&memory));
	assert_int_equal(slabs_cached(&memory, 1), 0);
}

static void without_memory_the_next_attempt_works(void **state)
{
	struct memory_request request = request_of(MEMORY_SYSTEM, 4096);
	int ret = -ENOMEM;
	unsigned n;
	void *p;

	for (n = 0; ret; n++) {
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(build(state), 0);
		atomic_store(&allocations_left, (int)n);
		ret = slab_alloc(&memory, &request, &p);
		atomic_store(&allocations_left, -1);
		if (ret) {
			assert_int_equal(ret, -ENOMEM);
			assert_null(memory_first(&memory));
			assert_int_equal(slab_alloc(&memory, &request, &p), 0);
		}
	}
	assert_in_range(n, 5, 10);
	atomic_store(&allocations_left, 0);
	assert_int_equal(map_block(p, 1, 3), -ENOMEM);
	assert_int_equal(map_block(p, 1, 3), 0);
}

static void *alloc_one(void *arg)
{
	struct memory_request request = request_of(MEMORY_LOCAL, 100);
	void *p;

	(void)arg;
	return (void *)(intptr_t)slab_alloc(&memory, &request, &p);
}

static void together(intptr_t expected)
{
	pthread_t threads[THREADS];

	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, alloc_one, NULL), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		void *result;

		pthread_join(threads[i], &result);
		assert_int_equal((intptr_t)result, expected);
	}
}

static void those_who_need_a_slab_together_ask_for_one(void **state)
{
	(void)state;
	atomic_store(&host.slow, true);
	together(0);
	assert_int_equal(host.creates, 1);
}

static void those_who_are_refused_together_all_hear_of_it(void **state)
{
	(void)state;
	atomic_store(&host.slow, true);
	atomic_store(&host.largest, 0);
	together(-ENOSPC);
	assert_in_range(host.creates, 1, THREADS);
	/* nobody is left thinking that somebody else is at it */
	atomic_store(&host.largest, UINT64_MAX);
	together(0);
}

/* All threads do everything; a block is its owner's alone from alloc to free, as its contents show. */
enum { ROUNDS = 30000, KEPT = 24 };

static _Atomic bool over;
static _Atomic uint64_t latest;

struct kept {
	uint64_t *p;
	uint64_t mark;
	uint64_t size;
};

static const char *check_block(const struct kept *block, uint64_t gpus)
{
	struct memory_info info;

	for (unsigned i = 0; i < 64; i++)
		if (block->p[i] != block->mark)
			return "contents";
	if (memory_lookup(&memory, (char *)block->p + block->size - 1, &info))
		return "not found";
	if (info.start != block->p || info.size != block->size || info.mapped != gpus ||
	    info.user_data != block->p || info.caller_flags != (uint32_t)block->mark)
		return "described wrongly";
	return NULL;
}

static const char *new_block(struct kept *block, uint64_t mark)
{
	struct memory_request request = request_of(MEMORY_SYSTEM, 4096ULL << mark % 5);
	void *p;

	request.size -= mark % 7;
	request.caller_flags = (uint32_t)mark;
	if (slab_alloc(&memory, &request, &p))
		return "alloc";
	atomic_store(&latest, ptr_to_u64(p));
	*block = (struct kept){.p = p, .mark = mark, .size = request.size};
	for (unsigned i = 0; i < 64; i++) {
		if (block->p[i])
			return "not zero";
		block->p[i] = mark;
	}
	return memory_set_user_data(&memory, p, p) ? "user data" : NULL;
}

static const char *one_round(struct kept *block, uint64_t random)
{
	uint64_t gpus = random >> 20 & 3;
	const char *error = NULL;
	struct buffer *buffer;
	int ret;

	if (!block->p)
		return new_block(block, random | 1);
	if (map_block(block->p, block->size, gpus))
		return "map";
	error = check_block(block, gpus);
	if (error || random >> 30 & 1)
		return error;
	if (memory_get(&memory, block->p, &buffer))
		return "get";
	ret = slab_free(buffer, block->p);
	buffer_put(buffer);
	block->p = NULL;
	return ret ? "free" : NULL;
}

static void *work(void *arg)
{
	uint64_t random = 88172645463325252ULL * (2 * (uintptr_t)arg + 1);
	struct kept kept[KEPT] = {0};
	const char *error = NULL;

	for (unsigned i = 0; i < ROUNDS && !error; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		error = one_round(&kept[random >> 8 & 0xff ? random % KEPT : 0], random);
		if (random >> 40 & 1)
			atomic_fetch_add(&submitted, 1);
		if (i % 16 == 0)
			atomic_store(&completed, atomic_load(&submitted) - (random >> 50 & 3));
		if (i % 64 == 0)
			slabs_trim(&memory);
	}
	for (unsigned i = 0; i < KEPT; i++)
		if (kept[i].p)
			free_block(kept[i].p, 0);
	return (void *)(uintptr_t)error;
}

/* Anything may be found around where a block was made just now, but never what no block can be. */
static void *look(void *arg)
{
	while (!atomic_load(&over)) {
		uint64_t start = atomic_load(&latest);

		for (unsigned i = 0; i < 32; i++) {
			uint64_t address = start + i * 4096 + i;
			struct memory_info info;

			if (memory_lookup(&memory, u64_to_ptr(address), &info))
				continue;
			if (address - ptr_to_u64(info.start) >= info.size || info.size > 64 * KIB ||
			    !IS_ALIGNED(ptr_to_u64(info.start), 4096ULL) || info.kind != MEMORY_SYSTEM ||
			    info.node_count != (uint32_t)__builtin_popcountll(info.mapped) ||
			    (info.user_data && info.user_data != info.start))
				return arg;
		}
	}
	return NULL;
}

static void blocks_have_one_owner_at_a_time(void **state)
{
	pthread_t threads[THREADS], reader;
	void *result;

	(void)state;
	atomic_store(&over, false);
	submitted = completed = 8;
	assert_int_equal(pthread_create(&reader, NULL, look, &memory), 0);
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work, (void *)i), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		if (result)
			fail_msg("%s", (const char *)result);
	}
	atomic_store(&over, true);
	pthread_join(reader, &result);
	assert_null(result);
	/* everything came back: when the GPUs are done nothing is left but the empty slabs */
	atomic_store(&completed, atomic_load(&submitted));
	gsp_retire_run(&memory.retired);
	assert_int_equal(listed(), 0);
	slabs_trim(&memory);
	assert_null(memory_first(&memory));
	assert_int_equal(host.creates, host.retires);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, build, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_plain_small_requests_are_served),
		TEST(ten_thousand_blocks_cost_a_handful_of_buffers),
		TEST(one_by_one_blocks_cost_one_buffer),
		TEST(sizes_and_kinds_are_apart),
		TEST(a_block_is_described_as_if_it_were_alone),
		TEST(blocks_of_one_slab_are_mapped_each_for_itself),
		TEST(a_map_that_fails_changes_nothing),
		TEST(a_block_freed_while_it_is_mapped_is_gone),
		TEST(system_memory_is_zero_filled_again),
		TEST(a_block_is_freed_once_and_by_its_start),
		TEST(a_stale_reference_frees_nothing),
		TEST(a_block_waits_for_what_was_submitted_before),
		TEST(a_block_never_mapped_does_not_wait),
		TEST(who_needs_a_slab_takes_what_has_passed_first),
		TEST(empty_slabs_are_kept_offered_or_released),
		TEST(host_memory_is_not_offered),
		TEST(a_budget_that_is_used_up_steers_what_is_kept),
		TEST(what_cannot_be_had_back_is_released),
		TEST(a_smaller_slab_is_better_than_none),
		TEST(a_lost_gpu_gives_nothing_and_keeps_nothing),
		TEST(slabs_of_the_host_outlast_a_lost_gpu),
		TEST(blocks_of_a_gpu_count_as_contents),
		TEST(a_block_that_is_lost_at_once_is_not_had),
		TEST(closing_ends_what_is_in_use_and_what_waits),
		TEST(without_memory_the_next_attempt_works),
		TEST(those_who_need_a_slab_together_ask_for_one),
		TEST(those_who_are_refused_together_all_hear_of_it),
		TEST(blocks_have_one_owner_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
