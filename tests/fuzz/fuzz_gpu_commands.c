// SPDX-License-Identifier: MIT
/*
 * libFuzzer target: command buffers for the simulated compute engine, which come from a program and may be
 * anything.
 *
 * An input is a byte for generation and engine, a byte for the sizes of spans and budgets, one for what is wrong
 * with the pages, and the commands: a list of {u8 which packet, u8 which of its first eight words are changed, u32 for
 * each of these}, over packets that would do, so that the fuzzer gets behind the checks of the header.  Addresses count from
 * 0, so that a small number is a mapped one.
 */
#include <stdlib.h>
#include <string.h>

#include "dxgsim/gpu/gpu.h"

#define REQUIRE(x)               \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

#define PAGE	 4096U
#define PAGES	 8U
#define COMMANDS (4U * PAGE)
#define KERNEL	 (2U * PAGE + 0xf00U)

struct space {
	uint8_t *memory;
	uint32_t span_limit;
	uint8_t faults;
};

struct packet {
	uint32_t count;
	uint32_t words[9];
};

#define RELEASE_MEM 8U
#define ACQUIRE_MEM 9U

/* gfx9 to gfx12; the first word may be changed into any other */
static const struct packet packets[] = {
	{1, {0xffff1000}},
	{2, {0xc0001000}},
	{5, {0xc0033700, 0x00100500, 0x100, 0, 1}},
	{8, {0xc0063700, 0x00100200, 0xffc, 0, 1, 2, 3, 4}},
	{6, {0xc0044000, 0x00110202, 0x1100, 0, 0x200, 0}},
	{6, {0xc0044000, 0x00000209, 0, 0, 0x2100, 0}},
	{7, {0xc0053c00, 0x13, 0x100, 0, 1, 0xff, 4}},
	{2, {0xc0004600, 0x407}},
	{8, {0xc0064900, 0x00200514, 0x43010000, 0x180, 0, 1, 2, 0}},
	{8, {0xc0065800, 0, 0xffffffff, 0xff, 0, 0, 4, 0x1c3f1}},
	{9, {0xc0079300, 0x13, 0x100, 0, 1, 0, 0xff, 0, 4}},
	{9, {0xc0071e00, 0x2f, 0x100, 0, 1, 0, 0, 0, 0}},
	{9, {0xc0071e00, 0x128, 0x2100, 0, 1, 0, 0, 0, 0}},
	{5, {0xc0032200, 0x100, 0, 0, 2}},
	{4, {0xc0023f00, COMMANDS, 0, 0x00800010}},
	{4, {0xc0023f00, COMMANDS, 0, 0x00900010}},
	{7, {0xc0055000, 0x60300000, 0x100, 0, 0x1800, 0, 0x300}},
	{7, {0xc0055000, 0x40300000, 7, 0, 0x2100, 0, 0x40}},
	{3, {0xc0017900, 0x341, 1}},
	/* the state of a dispatch, in pieces */
	{8, {0xc0067600, 0x204, 0, 0, 0, 8, 1, 1}},
	{4, {0xc0027600, 0x20c, KERNEL >> 8, 0}},
	{4, {0xc0027600, 0x210, 0x10, 0}},
	{4, {0xc0027600, 0x212, 0, 0}},
	{8, {0xc0067600, 0x215, 0, 1, 1, 0x1001, 1, 1}},
	{3, {0xc0017600, 0x228, 0}},
	{6, {0xc0047600, 0x22b, 1, 1, 1, 1}},
	{6, {0xc0047600, 0x240, 0x1000, 0x80000000, 0x400, 0x00ea4fac}},
	{5, {0xc0031500, 9, 1, 1, 0x21}},
	{4, {0xc0021600, 0x100, 0, 0x25}},
};

static const struct packet release_mem_gfx9 = {8, {0xc0064900, 0x00008514, 0x43010000, 0x180, 0, 1, 2, 0}};
static const struct packet acquire_mem_gfx9 = {7, {0xc0055800, 0x00840000, 0xffffffff, 0xff, 0, 0, 4}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The length in bytes. */
static uint32_t build(uint32_t generation, uint8_t *to, uint32_t room, const uint8_t *data, size_t size)
{
	uint32_t used = 0;

	while (size >= 2) {
		uint32_t which = data[0] % (uint32_t)(sizeof(packets) / sizeof(packets[0]));
		struct packet packet = packets[which];
		uint8_t changed = data[1];

		if (generation == 9 && which == RELEASE_MEM)
			packet = release_mem_gfx9;
		if (generation == 9 && which == ACQUIRE_MEM)
			packet = acquire_mem_gfx9;
		data += 2;
		size -= 2;
		for (uint32_t i = 0; i < packet.count; i++) {
			uint32_t change = 0;

			if (changed >> i & 1 && size >= 4) {
				memcpy(&change, data, 4);
				data += 4;
				size -= 4;
			}
			packet.words[i] ^= change;
		}
		if (packet.count * 4 > room - used)
			break;
		memcpy(to + used, packet.words, packet.count * 4);
		used += packet.count * 4;
	}
	return used + (size == 1); /* a last odd byte: a length that is no multiple of 4 */
}

static enum gpu_fault_reason translate(void *arg, uint64_t va, enum gpu_access access, struct gpu_span *span)
{
	const struct space *space = arg;
	uint64_t page = va / PAGE;

	if (page >= PAGES)
		return GPU_FAULT_UNMAPPED;
	/* page 3 is at fault, page 2 is uncached, page 1 is page 0 */
	if (page == 3 && space->faults >> access & 1)
		return (enum gpu_fault_reason)(1 + space->faults / 64);
	span->uncached = page == 2;
	span->executable = page != 5;
	span->bytes = space->memory + (page == 1 ? va - PAGE : va);
	span->length = PAGE - va % PAGE;
	if (space->span_limit && span->length > space->span_limit)
		span->length = space->span_limit;
	return GPU_FAULT_NONE;
}

static uint64_t clock_of(void *machine)
{
	(void)machine;
	return 0x0123456789abcdefULL;
}

static void run(struct gpu_engine *engine, const struct gpu_job *job, uint32_t budget)
{
	const struct gpu_error *error = gpu_engine_error(engine);
	enum gpu_outcome outcome = GPU_RUNNING;
	struct gpu_suspended *suspended;

	gpu_engine_start(engine, job);
	/* a packet has a word at least, and may be called once more; buffers that call each other may never end */
	for (uint32_t i = 0; outcome == GPU_RUNNING && i * budget <= job->bytes / 2; i++) {
		if (i % 8 == 7)
			gpu_engine_ask(engine, true);
		outcome = gpu_engine_run(engine, budget);
		suspended = outcome == GPU_RUNNING ? gpu_engine_preempt(engine) : NULL;
		if (suspended)
			gpu_engine_resume(engine, suspended);
	}
	REQUIRE((outcome == GPU_STOPPED) == (error->kind != GPU_ERROR_NONE));
	if (outcome == GPU_STOPPED) {
		REQUIRE(error->offset < job->bytes);
		REQUIRE(error->text[0] && memchr(error->text, 0, sizeof(error->text)));
		REQUIRE((error->kind == GPU_ERROR_PAGE_FAULT) == (error->reason != GPU_FAULT_NONE));
		REQUIRE(gpu_engine_run(engine, 1) == GPU_STOPPED);
	}
	if (outcome != GPU_DONE)
		gpu_engine_reset(engine);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct gpu_machine_ops ops = {
		.translate = translate, .clock = clock_of, .now_ns = clock_of};
	struct gpu_engine_config config = {.kind = GPU_ENGINE_COMPUTE, .ops = &ops};
	struct gpu_job job = {.commands = COMMANDS};
	struct gpu_engine *engine;
	struct space space = {0};
	uint32_t kernel;

	if (size < 3)
		return 0;
	config.generation = 9 + data[0] % 4;
	if (data[0] / 4 % 8 == 7)
		config.kind = (enum gpu_engine_kind)(data[0] / 32 % (GPU_ENGINE_OTHER + 1));
	space.span_limit = data[1] / 4 % 8 ? 0 : 1 + data[1] % 16;
	space.faults = data[2];
	config.firmware_state = data[1] % 2;
	config.dispatch_ns = data[2] % 2;
	config.seed = data[1];
	config.skip_kernels = data[0] / 128; /* of any size they may take long */
	space.memory = aligned_alloc(PAGE, (size_t)PAGES * PAGE);
	engine = gpu_engine_create(&config);
	REQUIRE(engine && space.memory);
	memset(space.memory, 0, (size_t)PAGES * PAGE);
	kernel = config.generation >= 11 ? 0xbfb00000 : 0xbf810000;
	memcpy(space.memory + KERNEL, &kernel, sizeof(kernel));
	job.space = &space;
	job.bytes = build(config.generation, space.memory + COMMANDS, PAGES * PAGE - COMMANDS, data + 3,
			  size - 3);
	/* twice: the second job meets the caches the first one left */
	run(engine, &job, 1 + data[1] / 32);
	run(engine, &job, 1000);
	gpu_engine_forget(engine, &space, PAGE, PAGE);
	gpu_engine_destroy(engine);
	free(space.memory);
	return 0;
}
