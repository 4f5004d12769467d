// SPDX-License-Identifier: MIT
/*
 * Command buffers of chance on a simulated engine: whatever they are, it stays within the pages it was given and
 * says why it stops. The seed is fixed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "gpu_machine.h"

#define JOBS  60000U
#define WORDS 60U
#define MOST  9U /* words of a packet */

static uint32_t gfx;
static uint64_t seed = 0x9e3779b97f4a7c15ULL;

static uint32_t any(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

/* Packets that some generation understands; A is the low word of an address, the high one follows. */
#define A 0xadd00000U
static const struct {
	uint32_t count;
	uint32_t words[MOST];
} packets[] = {
	{1, {0xffff1000}},
	{3, {0xc0011000, 1, 2}},
	{5, {0xc0033700, 0x00100500, A, HI(BASE), 1}},
	{7, {0xc0053700, 0x06100200, A, HI(BASE), 1, 2, 3}},
	{6, {0xc0044000, 0x00110202, A, HI(BASE), A, HI(BASE)}},
	{6, {0xc0044000, 0x02000205, 1, 2, A, HI(BASE)}},
	{6, {0xc0044000, 0x00110209, 0, 0, A, HI(BASE)}},
	{7, {0xc0053c00, 0x14, A, HI(BASE), 5, 0xffffffff, 4}},
	{7, {0xc0053c00, 0x13, A, HI(BASE), 2, 0xffffffff, 4}},
	{9, {0xc0079300, 0x14, A, HI(BASE), 5, 0, 0xffffffff, 0xffffffff, 4}},
	{9, {0xc0079300, 0x15, A, HI(BASE), 0, 1, 0xffffffff, 0xffffffff, 4}},
	{2, {0xc0004600, 0x407}},
	{8, {0xc0064900, 0x00008514, 0x23000000, A, HI(BASE), 1, 2, 0}},
	{8, {0xc0064900, 0x00200514, 0x43010000, A, HI(BASE), 1, 2, 0}},
	{8, {0xc0064900, 0x0030062f, 0x60000000, A, HI(BASE), 1, 2, 0}},
	{7, {0xc0055800, 0x00840000, 0xffffffff, 0xff, 0, 0, 4}},
	{8, {0xc0065800, 0, 0xffffffff, 0xff, 0, 0, 4, 0x1c3f1}},
	{9, {0xc0071e00, 0x2f, A, HI(BASE), 1, 0, 0, 0, 0}},
	{9, {0xc0071e00, 0x06000148, A, HI(BASE), 1, 0, 0, 0, 4}},
	{5, {0xc0032200, A, HI(BASE), 0, 4}},
	{4, {0xc0023f00, A, HI(BASE), 0x00800004}},
	{4, {0xc0023f00, A, HI(BASE), 0x00900004}},
	{7, {0xc0055000, 0x60300000, A, HI(BASE), A, HI(BASE), 100}},
	{7, {0xc0055000, 0x40300000, 7, 0, A, HI(BASE), 64}},
	{3, {0xc0017900, 0x341, 1}},
	/* with what follows it is a whole state, more or less */
	{8, {0xc0067600, 0x204, 0, 0, 0, 8, 1, 1}},
	{4, {0xc0027600, 0x20c, A, HI(BASE)}},
	{4, {0xc0027600, 0x212, 0, 0}},
	{8, {0xc0067600, 0x215, 0, ~0U, ~0U, 0x1001, ~0U, ~0U}},
	{3, {0xc0017600, 0x228, 0}},
	{6, {0xc0047600, 0x22b, ~0U, ~0U, ~0U, ~0U}},
	{5, {0xc0031500, 1, 1, 1, 0x25}},
	{5, {0xc0031500, 100, 1, 1, 0x8025}},
	{4, {0xc0021600, A, HI(BASE), 0x25}},
	{5, {0xc0035d00, 1, 1, 1, 1}},
};

/* A dispatch that is in order as far as the page of its kernel is. */
static uint32_t dispatch_of_chance(uint32_t *words)
{
	static const uint32_t state[] = {
		0xc0017600, 0x228, 0,	       0xc0027600, 0x212, 0,   1 << 1, 0xc0067600,
		0x215,	    0,	   ~0U,	       ~0U,	   0,	  ~0U, ~0U,    0xc0017600,
		0x240,	    1,	   0xc0037600, 0x207,	   8,	  1,   1,      0xc0027600,
		0x20c,	    0,	   0,	       0xc0031500, 9,	  1,   1,      0x25,
	};
	uint64_t code = BASE + any() % PAGES * PAGE;

	memcpy(words, state, sizeof(state));
	words[25] = LO(code >> 8);
	words[26] = HI(code >> 8);
	if (gfx == 9) /* which has no third */
		words[0] = 0xc0011000;
	return (uint32_t)(sizeof(state) / sizeof(state[0]));
}

#define COUNT ((uint32_t)(sizeof(packets) / sizeof(packets[0])))

static uint32_t buffer_of_chance(uint32_t *words)
{
	uint32_t used = any() % 4 ? 0 : dispatch_of_chance(words);

	while (used + MOST <= WORDS) {
		uint32_t which = any() % (COUNT - (any() % 8 != 0)); /* the last is not simulated */

		for (uint32_t i = 0; i < packets[which].count; i++) {
			uint32_t word = packets[which].words[i];

			words[used++] = word == A ? LO(BASE) + (any() % (PAGES * PAGE) & ~7U) : word;
		}
		if (any() % 2)
			break;
	}
	for (uint32_t i = any() % 4; i == 1; i = any() % 4)
		words[any() % used] ^= 1U << any() % 32;
	if (any() % 16 == 0)
		words[any() % used] = any();
	return used;
}

static void shuffle_pages(void)
{
	for (uint32_t i = 0; i < PAGES; i++) {
		struct machine_page *page = &machine.space.pages[i];

		page->frame = any() % 4 ? i : any() % PAGES;
		page->uncached = any() % 4 == 0;
		page->data_only = any() % 8 == 0;
		for (int access = GPU_FETCH; access <= GPU_WRITE; access++)
			page->fault[access] =
				any() % 8 ? GPU_FAULT_NONE
					  : (enum gpu_fault_reason)(any() % (GPU_FAULT_NOT_READY + 1));
	}
	machine.span_limit = any() % 2 ? 0 : any() % 300;
}

static uint32_t outcomes[GPU_STOPPED + 1], errors[GPU_ERROR_KERNEL + 1];

static void a_job_of_chance(void)
{
	const struct gpu_error *error = gpu_engine_error(machine.engine);
	struct gpu_job job = {.space = &machine.space};
	enum gpu_outcome outcome = GPU_RUNNING;
	uint32_t words[WORDS];

	job.bytes = buffer_of_chance(words) * 4;
	job.commands = BASE + (any() % ((PAGES - 1) * PAGE) & ~3U);
	memcpy(at(job.commands), words, job.bytes);
	*at(BASE + any() % PAGES * PAGE) = any() % 2 ? 0xbf810000 : 0xbfb00000;
	if (any() % 32 == 0)
		job.bytes -= any() % (job.bytes + 1);
	if (any() % 64 == 0)
		job.commands += any() % 4;
	machine.clock += any();
	gpu_engine_start(machine.engine, &job);
	for (uint32_t i = 0, stays = 0; outcome == GPU_RUNNING; i++) {
		uint64_t before = gpu_engine_counters(machine.engine)->packets;

		/* a chained buffer may be its own next, and a kernel may be of any size */
		if (i > 4 * WORDS || stays > 2)
			break;
		outcome = gpu_engine_run(machine.engine, 1 + any() % 4);
		stays += gpu_engine_counters(machine.engine)->packets == before;
	}
	if (outcome == GPU_STOPPED) {
		assert_int_not_equal(error->kind, GPU_ERROR_NONE);
		assert_true(error->offset <= job.bytes);
		assert_true(error->text[0] && memchr(error->text, 0, sizeof(error->text)));
		assert_int_equal(gpu_engine_run(machine.engine, 1), GPU_STOPPED);
	} else {
		assert_int_equal(error->kind, GPU_ERROR_NONE);
	}
	outcomes[outcome]++;
	errors[error->kind]++;
	/* what the caches hold goes on through many of them */
	if (outcome == GPU_RUNNING && any() % 2)
		gpu_suspended_destroy(gpu_engine_preempt(machine.engine));
	if (outcome != GPU_DONE)
		gpu_engine_reset(machine.engine);
}

static void chance(void **state)
{
	(void)state;
	for (uint32_t generation = 9; generation <= 12; generation++) {
		gfx = generation;
		machine_start(generation, GPU_ENGINE_COMPUTE);
		memset(outcomes, 0, sizeof(outcomes));
		memset(errors, 0, sizeof(errors));
		for (uint32_t i = 0; i < JOBS; i++) {
			if (i % 256 == 0)
				shuffle_pages();
			a_job_of_chance();
		}
		/* it got everywhere */
		assert_true(gpu_engine_counters(machine.engine)->dispatches > JOBS / 100);
		assert_true(outcomes[GPU_DONE] > JOBS / 20 && outcomes[GPU_WAITING] > JOBS / 100);
		for (int kind = GPU_ERROR_PAGE_FAULT; kind <= GPU_ERROR_UNSUPPORTED; kind++)
			if (errors[kind] <= JOBS / 200)
				fail_msg("gfx%u: %u errors of kind %d", generation, errors[kind], kind);
		machine_stop();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(chance)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
