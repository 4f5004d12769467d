// SPDX-License-Identifier: MIT
/* Command-buffer space: what is given out, when it comes back, and that nothing in use is given out again. */
#include <inttypes.h>

#include "fake_lane.h"
#include "memory_world.h"
#include "queue/frames.h"

#define RING	(256 * KIB)
#define LARGEST (16 * MIB)
#define IN_RING 64U /* submissions in flight with which a ring still grows */

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

static unsigned calloc_fails_at; /* the n-th from now, 0: none */

void *__wrap_calloc(size_t count, size_t size)
{
	if (calloc_fails_at && !--calloc_fails_at)
		return NULL;
	return __real_calloc(count, size);
}

struct ring {
	struct world *world;
	struct lane *lane;
	struct frames *frames;
	uint64_t ordinal; /* of the latest submission, on the lane and as the GPU's work */
};

static void ring_begin(struct ring *ring, struct world *world)
{
	*ring = (struct ring){.world = world, .lane = fake_lane_create(world->devices[0], 0)};
	assert_int_equal(frames_create(world->memory, 0, &ring->frames), 0);
}

static void ring_end(struct ring *ring)
{
	frames_destroy(ring->frames);
	fake_lane_destroy(ring->lane);
}

static int reserve(struct ring *ring, uint64_t bytes, void **frame, uint64_t *blocking)
{
	return frames_reserve(ring->frames, ring->lane, (uint32_t)bytes, frame, blocking);
}

static void commit(struct ring *ring, uint64_t bytes)
{
	ring->ordinal = fake_lane_submit(ring->lane);
	run(ring->world, 0);
	frames_commit(ring->frames, (uint32_t)bytes, ring->ordinal);
}

static uint8_t *take(struct ring *ring, uint64_t bytes)
{
	uint64_t blocking;
	void *frame;

	assert_int_equal(reserve(ring, bytes, &frame, &blocking), 0);
	assert_int_equal(ptr_to_u64(frame) % 256, 0);
	assert_true(is_mapped(0, frame));
	commit(ring, bytes);
	return frame;
}

static void expect_blocked(struct ring *ring, uint64_t bytes, uint64_t ordinal)
{
	uint64_t blocking;
	void *frame;

	assert_int_equal(reserve(ring, bytes, &frame, &blocking), -EAGAIN);
	assert_null(frame);
	assert_int_equal(blocking, ordinal);
}

/* What was freed and is not in use any more goes with whatever is freed next. */
static void sweep(struct world *w)
{
	assert_int_equal(memory_free(w->memory, alloc(w, MEMORY_SYSTEM, BLOCK, 0)), 0);
}

static void nothing_is_allocated_before_the_first_frame(void **state)
{
	unsigned calls = fake_calls();
	struct ring ring;

	ring_begin(&ring, *state);
	assert_int_equal(fake_calls(), calls);
	ring_end(&ring);
	frames_destroy(NULL);
}

static void frames_follow_each_other_and_begin_again(void **state)
{
	struct ring ring;
	uint8_t *first;

	ring_begin(&ring, *state);
	first = take(&ring, 100 * KIB);
	/* multiples of 256 */
	assert_ptr_equal(take(&ring, 1), first + 100 * KIB);
	assert_ptr_equal(take(&ring, 257), first + 100 * KIB + 256);
	assert_ptr_equal(take(&ring, 90 * KIB), first + 100 * KIB + 768);
	/* what is left at the end does not do; at the begin there is room when the first is over */
	fake_lane_finish(ring.lane, 1);
	assert_ptr_equal(take(&ring, 100 * KIB), first);
	/* all over: from the begin */
	fake_lane_finish(ring.lane, ring.ordinal);
	assert_ptr_equal(take(&ring, RING), first);
	fake_lane_finish(ring.lane, ring.ordinal);
	assert_ptr_equal(take(&ring, 0), first);
	ring_end(&ring);
}

static void a_full_ring_tells_what_it_waits_for(void **state)
{
	enum { SLOTS = 2 * IN_RING };
	const uint64_t slot = RING / SLOTS;
	uint64_t ordinals[SLOTS];
	struct ring ring;
	uint8_t *first = NULL;

	ring_begin(&ring, *state);
	for (unsigned i = 0; i < SLOTS; i++) {
		uint8_t *frame = take(&ring, slot);

		first = first ? first : frame;
		assert_ptr_equal(frame, first + i * slot);
		ordinals[i] = ring.ordinal;
		/* others submit on the same lane */
		fake_lane_submit(ring.lane);
		fake_lane_submit(ring.lane);
	}
	expect_blocked(&ring, 1, ordinals[0]);
	expect_blocked(&ring, slot, ordinals[0]);
	expect_blocked(&ring, slot + 1, ordinals[1]);
	expect_blocked(&ring, RING, ordinals[SLOTS - 1]);
	/* done is what comes before it, but not itself */
	fake_lane_finish(ring.lane, ordinals[1] - 1);
	expect_blocked(&ring, slot + 1, ordinals[1]);
	assert_ptr_equal(take(&ring, slot), first);
	expect_blocked(&ring, slot, ordinals[1]);
	fake_lane_finish(ring.lane, ordinals[2]);
	assert_ptr_equal(take(&ring, 2 * slot), first + slot);
	expect_blocked(&ring, slot, ordinals[3]);
	/* with less in flight it grows instead */
	fake_lane_finish(ring.lane, ordinals[SLOTS - 10]);
	first = take(&ring, RING);
	assert_ptr_equal(take(&ring, RING), first + RING);
	ring_end(&ring);
}

static void a_ring_with_little_in_flight_grows(void **state)
{
	struct world *w = *state;
	uint8_t *old, *new;
	struct ring ring;

	ring_begin(&ring, w);
	old = take(&ring, 200 * KIB);
	memset(old, 0x5a, 200 * KIB);
	new = take(&ring, 100 * KIB);
	assert_true(new < old || new >= old + RING);
	assert_ptr_equal(take(&ring, 400 * KIB), new + 100 * KIB);
	/* the old one is there as long as the GPU reads it */
	assert_true(is_mapped(0, old));
	for (size_t i = 0; i < 200 * KIB; i++)
		assert_int_equal(old[i], 0x5a);
	finish(w, 0);
	fake_lane_finish(ring.lane, ring.ordinal);
	sweep(w);
	assert_false(is_mapped(0, old));
	assert_ptr_equal(take(&ring, 512 * KIB), new);
	ring_end(&ring);
}

static void a_frame_larger_than_the_ring_makes_it_grow(void **state)
{
	struct ring ring;
	uint8_t *first;

	ring_begin(&ring, *state);
	take(&ring, 1);
	first = take(&ring, 3 * MIB);
	assert_ptr_equal(take(&ring, MIB), first + 3 * MIB);
	fake_lane_finish(ring.lane, ring.ordinal);
	assert_ptr_equal(take(&ring, 4 * MIB), first);
	/* also when much is in flight */
	fake_lane_finish(ring.lane, ring.ordinal);
	for (unsigned i = 0; i < IN_RING; i++)
		take(&ring, 64 * KIB);
	expect_blocked(&ring, 4 * MIB, ring.ordinal);
	take(&ring, 4 * MIB + 1);
	ring_end(&ring);
}

static void the_largest_ring_does_not_grow(void **state)
{
	struct ring ring;
	uint64_t half;
	uint8_t *first;

	ring_begin(&ring, *state);
	first = take(&ring, LARGEST / 2 + 1);
	half = ring.ordinal;
	assert_ptr_equal(take(&ring, LARGEST / 2 - 256), first + LARGEST / 2 + 256);
	expect_blocked(&ring, 1, half);
	expect_blocked(&ring, LARGEST, ring.ordinal);
	fake_lane_finish(ring.lane, half);
	assert_ptr_equal(take(&ring, 4096), first);
	ring_end(&ring);
}

static void frames_larger_than_any_ring_have_their_own_memory(void **state)
{
	struct world *w = *state;
	uint64_t blocking, first;
	uint8_t *small, *large;
	struct ring ring;
	void *frame;

	ring_begin(&ring, w);
	small = take(&ring, 4096);
	large = take(&ring, LARGEST + 1);
	first = ring.ordinal;
	memset(large, 0xa5, LARGEST + 1);
	assert_true(is_mapped(0, large + LARGEST));
	/* the ring goes on */
	assert_ptr_equal(take(&ring, 4096), small + 4096);
	/* as many as 64 MiB */
	take(&ring, 20 * MIB);
	take(&ring, 20 * MIB);
	expect_blocked(&ring, 20 * MIB, first);
	/* but one alone may be larger */
	finish(w, 0);
	fake_lane_finish(ring.lane, ring.ordinal);
	assert_ptr_equal(take(&ring, 4096), small);
	sweep(w);
	assert_false(is_mapped(0, large + LARGEST / 2));
	assert_int_equal(reserve(&ring, 100 * MIB, &frame, &blocking), 0);
	/* what is not committed goes with the next one */
	assert_int_equal(reserve(&ring, 100 * MIB, &frame, &blocking), 0);
	frames_commit(ring.frames, 0, 0);
	fake_lane_finish(ring.lane, ring.ordinal);
	assert_ptr_equal(take(&ring, RING), small);
	assert_int_equal(reserve(&ring, 17 * MIB, &frame, &blocking), 0);
	ring_end(&ring);
}

static void what_is_not_committed_is_free_again(void **state)
{
	uint64_t blocking;
	struct ring ring;
	uint8_t *first;
	void *frame;

	ring_begin(&ring, *state);
	assert_int_equal(reserve(&ring, RING, &frame, &blocking), 0);
	commit(&ring, 300);
	first = frame;
	assert_int_equal(reserve(&ring, RING / 2, &frame, &blocking), 0);
	assert_ptr_equal(frame, first + 512);
	/* dropped without a word, and with one */
	assert_int_equal(reserve(&ring, RING / 2, &frame, &blocking), 0);
	assert_ptr_equal(frame, first + 512);
	commit(&ring, 0);
	fake_lane_finish(ring.lane, ring.ordinal);
	assert_ptr_equal(take(&ring, RING), first);
	ring_end(&ring);
}

static void on_a_lost_device_all_space_is_free(void **state)
{
	struct ring ring;
	uint8_t *first;

	ring_begin(&ring, *state);
	first = take(&ring, RING);
	take(&ring, 17 * MIB);
	fake_lane_lose(ring.lane);
	for (unsigned i = 0; i < 3; i++)
		assert_ptr_equal(take(&ring, RING), first);
	ring_end(&ring);
}

static void a_host_that_refuses_memory_is_told_of_and_leaves_nothing(void **state)
{
	static const uint64_t sizes[] = {4096, 2 * MIB, 20 * MIB};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned failures = 0;
		bool came = true;

		for (unsigned n = 1; came; n++) {
			uint64_t blocking;
			struct ring ring;
			void *frame;
			int ret;

			ring_begin(&ring, w);
			fake_fail_call(n, -ENOMEM);
			ret = reserve(&ring, sizes[i], &frame, &blocking);
			came = fake_failed();
			fake_fail_call(0, 0);
			assert_true(!ret || ret == -ENOMEM || ret == -ENOSPC);
			assert_true(came || !ret);
			assert_int_equal(!ret, frame != NULL);
			failures += ret != 0;
			/* and the next attempt succeeds */
			take(&ring, sizes[i]);
			fake_lane_finish(ring.lane, ring.ordinal);
			finish(w, 0);
			ring_end(&ring);
		}
		assert_true(failures > 0);
	}
}

static void a_ring_that_cannot_grow_waits(void **state)
{
	struct world *w = *state;
	uint64_t blocking;
	struct ring ring;
	uint8_t *first;
	void *frame;
	int ret;

	ring_begin(&ring, w);
	first = take(&ring, RING / 2);
	take(&ring, RING / 2);
	fake_refuse_larger(RING);
	expect_blocked(&ring, RING / 2, 1);
	expect_blocked(&ring, RING, 2);
	ret = reserve(&ring, RING + 1, &frame, &blocking);
	assert_true(ret && ret != -EAGAIN);
	fake_lane_finish(ring.lane, 1);
	assert_ptr_equal(take(&ring, RING / 2), first);
	fake_refuse_larger(UINT64_MAX);
	take(&ring, RING + 1);
	ring_end(&ring);
}

/* Growth, large frames and the table of records included. */
static void without_host_memory_nothing_is_lost(void **state)
{
	struct world *w = *state;
	unsigned failures = 0;

	for (unsigned n = 1; n < 40; n++) {
		unsigned submitted = 0;
		struct ring ring;

		ring_begin(&ring, w);
		calloc_fails_at = n;
		for (unsigned i = 0; i < 3 * IN_RING; i++) {
			uint64_t size = i % 90 == 89 ? 17 * MIB : i % 60 == 59 ? RING : 256, blocking;
			void *frame;
			int ret = reserve(&ring, size, &frame, &blocking);

			assert_true(!ret || ret == -ENOMEM || ret == -EAGAIN);
			failures += ret == -ENOMEM;
			if (ret == -EAGAIN)
				fake_lane_finish(ring.lane, blocking);
			if (ret)
				continue;
			commit(&ring, size);
			/* without memory for a note of what it waits for, freeing waits itself */
			finish(w, 0);
			submitted++;
		}
		calloc_fails_at = 0;
		assert_in_range(submitted, 3 * IN_RING - 2, 3 * IN_RING);
		ring_end(&ring);
	}
	assert_in_range(failures, 1, 40);
	calloc_fails_at = 1;
	{
		struct frames *frames;

		assert_int_equal(frames_create(w->memory, 0, &frames), -ENOMEM);
		assert_null(frames);
	}
}

/*
 * The model: each frame is filled with its own pattern, which has to be there still when its submission is over.  When the ring is full,
 * what it waits for is enough, and nothing less is.
 */
#define MODEL_FRAMES 512U

struct model_frame {
	uint64_t ordinal;
	uint32_t *words;
	uint64_t count;
};

static uint32_t pattern(const struct model_frame *frame, uint64_t i)
{
	return (uint32_t)(frame->ordinal * 2654435761U + i);
}

static void check_and_forget(struct model_frame *live, unsigned *count, uint64_t done)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < *count; i++) {
		if (live[i].ordinal > done) {
			live[kept++] = live[i];
			continue;
		}
		for (uint64_t word = 0; word < live[i].count; word++)
			if (live[i].words[word] != pattern(&live[i], word))
				fail_msg("frame %" PRIu64 " was written over", live[i].ordinal);
	}
	*count = kept;
}

static uint32_t random_size(unsigned *seed, unsigned round)
{
	const uint32_t largest = round > 3000 ? 2U << 20 : 100U << 10, r = (uint32_t)rand_r(seed);

	switch (r % 16) {
	case 0:
		return r % largest;
	case 1:
	case 2:
	case 3:
		return r % (20U << 10);
	default:
		return 1 + r % (4U << 10);
	}
}

static void nothing_in_use_is_given_out_again(void **state)
{
	static struct model_frame live[MODEL_FRAMES];
	struct world *w = *state;
	unsigned count = 0, seed = 20, waits = 0;
	uint64_t done = 0;
	struct ring ring;

	ring_begin(&ring, w);
	for (unsigned round = 0; round < 6000; round++) {
		uint32_t size = random_size(&seed, round),
			 used = size - (uint32_t)rand_r(&seed) % (size / 2 + 1);
		uint64_t blocking, again;
		void *frame;
		int ret;

		if (rand_r(&seed) % 32 == 0 || count == MODEL_FRAMES) {
			done = ring.ordinal - MIN(ring.ordinal - done, (uint64_t)(rand_r(&seed) % 64));
			check_and_forget(live, &count, done);
			fake_lane_finish(ring.lane, done);
			/* the memory of old rings goes, too */
			if (done == ring.ordinal)
				finish(w, 0);
		}
		ret = reserve(&ring, size, &frame, &blocking);
		if (ret == -EAGAIN) {
			waits++;
			assert_in_range(blocking, done + 1, ring.ordinal);
			check_and_forget(live, &count, blocking - 1);
			fake_lane_finish(ring.lane, done = blocking - 1);
			/* unless so little is in flight now that it grows */
			ret = reserve(&ring, size, &frame, &again);
			if (ret == -EAGAIN) {
				assert_int_equal(again, blocking);
				check_and_forget(live, &count, blocking);
				fake_lane_finish(ring.lane, done = blocking);
				ret = reserve(&ring, size, &frame, &blocking);
			}
		}
		assert_int_equal(ret, 0);
		/* all that was asked for may be written to before */
		memset(frame, 0xee, size);
		for (unsigned skipped = (unsigned)rand_r(&seed) % 3; skipped; skipped--)
			fake_lane_submit(ring.lane);
		commit(&ring, used);
		live[count] = (struct model_frame){ring.ordinal, frame, used / 4};
		for (uint64_t i = 0; i < used / 4; i++)
			live[count].words[i] = pattern(&live[count], i);
		count += used != 0;
		/* a dropped one now and then */
		if (rand_r(&seed) % 16 == 0 && !reserve(&ring, 1 + size / 2, &frame, &blocking))
			memset(frame, 0xdd, 1 + size / 2);
	}
	assert_true(waits > 10);
	check_and_forget(live, &count, UINT64_MAX);
	finish(w, 0);
	ring_end(&ring);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(nothing_is_allocated_before_the_first_frame),
		TEST(frames_follow_each_other_and_begin_again),
		TEST(a_full_ring_tells_what_it_waits_for),
		TEST(a_ring_with_little_in_flight_grows),
		TEST(a_frame_larger_than_the_ring_makes_it_grow),
		TEST(the_largest_ring_does_not_grow),
		TEST(frames_larger_than_any_ring_have_their_own_memory),
		TEST(what_is_not_committed_is_free_again),
		TEST(on_a_lost_device_all_space_is_free),
		TEST(a_host_that_refuses_memory_is_told_of_and_leaves_nothing),
		TEST(a_ring_that_cannot_grow_waits),
		TEST(without_host_memory_nothing_is_lost),
		TEST(nothing_in_use_is_given_out_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
