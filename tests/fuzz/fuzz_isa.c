// SPDX-License-Identifier: MIT
/*
 * libFuzzer target: kernels for the simulated shader processors, which are a program's and may be anything.
 *
 * An input is a byte for target and wave size, one for the registers and LDS of the launch, one for the size of the work-group, and
 * the code.  Memory is a few pages; registers hold addresses in and around it, so that accesses meet something.
 */
#include <string.h>

#include "dxgsim/isa/isa.h"
#include "fuzz_input.h"

#define CODE	     0x10000u
#define CODE_BYTES   4096u
#define MEMORY	     0x100000u
#define MEMORY_BYTES 8192u
#define SLICES	     8u
#define SLICE	     400u /* instructions */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	uint8_t code[CODE_BYTES];
	uint8_t memory[MEMORY_BYTES];
} machine;

static uint8_t *reach(uint64_t va, uint32_t bytes)
{
	if (va >= MEMORY && va - MEMORY < MEMORY_BYTES && bytes <= MEMORY_BYTES - (va - MEMORY))
		return machine.memory + (va - MEMORY);
	return NULL;
}

static bool read_memory(void *unit, enum isa_path path, enum isa_scope scope, uint64_t va, void *to,
			uint32_t bytes)
{
	const uint8_t *from = reach(va, bytes);

	(void)unit, (void)scope;
	REQUIRE(path <= ISA_CODE && bytes);
	if (va >= CODE && va - CODE < CODE_BYTES && bytes <= CODE_BYTES - (va - CODE))
		from = machine.code + (va - CODE);
	if (from)
		memcpy(to, from, bytes);
	return from;
}

static bool write_memory(void *unit, enum isa_scope scope, uint64_t va, const void *from, uint32_t bytes)
{
	uint8_t *to = reach(va, bytes);

	(void)unit, (void)scope;
	REQUIRE(bytes);
	if (to)
		memcpy(to, from, bytes);
	return to;
}

static bool change_memory(void *unit, enum isa_scope scope, uint64_t va, uint32_t bytes, isa_modify *modify,
			  const void *operands, uint64_t *old)
{
	uint8_t *at = reach(va, bytes);
	uint64_t value = 0;

	(void)unit, (void)scope;
	REQUIRE((bytes == 4 || bytes == 8) && va % bytes == 0);
	if (!at)
		return false;
	memcpy(&value, at, bytes);
	*old = value;
	value = modify(value, operands);
	memcpy(at, &value, bytes);
	return true;
}

static void act_on_caches(void *unit, uint32_t actions)
{
	(void)unit;
	REQUIRE(actions);
}

static uint64_t read_clock(void *unit)
{
	static uint64_t now;

	(void)unit;
	return now++;
}

static const struct isa_machine_ops ops = {
	.read = read_memory,
	.write = write_memory,
	.atomic = change_memory,
	.cache = act_on_caches,
	.clock = read_clock,
	.realtime = read_clock,
};

static void check_fault(const struct isa_fault *fault)
{
	REQUIRE(fault->kind != ISA_FAULT_NONE);
	REQUIRE(isa_fault_name(fault->kind));
	REQUIRE(memchr(fault->instruction, '\0', sizeof(fault->instruction)));
}

static void run(const struct isa_launch *launch, enum isa_target target, uint32_t items)
{
	const uint32_t id[3] = {3, 2, 1}, size[3] = {items, 1, 1};
	enum isa_outcome outcome = ISA_RUNNING;
	struct isa_group *group;
	struct isa_unit unit;

	REQUIRE(!isa_unit_init(&unit, target, &ops, NULL));
	group = isa_group_create(launch, id, size, MEMORY + 4096);
	REQUIRE(group);
	for (uint32_t i = 0; i < SLICES && (outcome == ISA_RUNNING || outcome == ISA_WAITING); i++)
		outcome = isa_group_run(group, &unit, SLICE);
	if (outcome == ISA_STOPPED)
		check_fault(isa_group_fault(group));
	isa_group_destroy(group);
	isa_unit_release(&unit);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	uint32_t first = take(&input), second = take(&input), items = take(&input) % 160 + 1;
	enum isa_target target = (enum isa_target)(first % ISA_TARGETS);
	struct isa_launch launch = {
		.code = CODE,
		.wave_size = first & 0x80 ? 64 : 32,
		.rsrc1 = 0x002c0000u | second << 12,
		.rsrc2 = 16u << 1 | (first & 0x40 ? 1u : 0) | 7u << 7 | 2u << 11,
		.user_sgpr_count = ISA_USER_SGPRS,
		.vgprs = (second % 16 + 1) * 16,
		.lds_bytes = (second >> 4) * 512,
		.scratch_wave_bytes = first & 0x40 ? 1024 : 0,
	};

	/* pairs that are addresses, small numbers, and a buffer resource */
	for (uint32_t i = 0; i < ISA_USER_SGPRS; i += 2)
		launch.user_sgprs[i] = i < 8 ? MEMORY + i * 512 : i * 3;
	launch.user_sgprs[14] = 4096;
	memset(machine.memory, 0x11, sizeof(machine.memory));
	memset(machine.code, 0, sizeof(machine.code));
	memcpy(machine.code, input.data,
	       input.size < sizeof(machine.code) ? input.size : sizeof(machine.code));
	run(&launch, target, items);
	return 0;
}
