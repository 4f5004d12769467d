// SPDX-License-Identifier: MIT
/*
 * AQL packets with anything in their fields, and what a queue has to make of them (HSA 1.2; LLVM AMDGPU usage; ROCr's readings of
 * queue errors).
 */
#include <string.h>

#include "fuzz_rings.h"

#define GROUP_MAX	 1024u
#define SCRATCH_DOUBTFUL 0x4000u /* bytes of a work-item, of which there may not be enough */
#define BUFFER_BYTES_MAX (1u << 20)

/* LLVM AMDGPU usage: kernel descriptor */
struct descriptor {
	uint32_t group_bytes;
	uint32_t private_bytes;
	uint32_t kernarg_bytes;
	uint32_t reserved;
	int64_t entry;
	uint32_t reserved2[5];
	uint32_t rsrc3;
	uint32_t rsrc1;
	uint32_t rsrc2;
	uint16_t properties;
	uint16_t preload;
	uint32_t reserved3;
};

#define BYTES_AT(packet, offset) ((char *)(packet) + (offset))

static uint64_t kernel_at(const struct run *run, uint32_t kind)
{
	return (uint64_t)(uintptr_t)m.kernels +
	       (run->gpu * AQL_KERNEL_KINDS + kind % AQL_KERNEL_KINDS) * AQL_KERNEL_BYTES;
}

/* One more kernel, with other words in its descriptor: those that queues look at, or with harm any. */
void spoil_kernel(struct run *run)
{
	static const uint8_t offsets[] = {0, 1, 2, 4, 5, 6, 8, 12, 56, 57, 58, 59, 60};
	uint32_t kind = take(run->input), changes = take(run->input) % 4;
	char *kernel;

	if (run->spoiled == SPOILED)
		return;
	kernel = m.spoiled + run->spoiled * AQL_KERNEL_BYTES;
	memcpy(kernel, (const void *)(uintptr_t)kernel_at(run, kind), AQL_KERNEL_BYTES);
	for (uint32_t i = 0; i < changes; i++) {
		uint32_t at = take(run->input);

		at = run->harm ? at % sizeof(struct descriptor) : offsets[at % sizeof(offsets)];
		kernel[at] = (char)(kernel[at] ^ (char)take(run->input));
	}
	run->spoiled++;
}

static uint32_t user_registers(const struct descriptor *descriptor)
{
	static const uint32_t sizes[] = {4, 2, 2, 2, 2, 2, 1};
	uint32_t count = 0;

	for (uint32_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (descriptor->properties >> i & 1)
			count += sizes[i];
	return count;
}

static bool unfit(const struct run *run, const struct descriptor *descriptor)
{
	uint32_t properties = descriptor->properties, gfx = m.gfx[run->gpu];
	uint32_t room = descriptor->rsrc2 >> 1 & 31;

	/* wave32, a dynamic stack, and seven that take registers */
	if (properties & ~0xc7fu || descriptor->preload)
		return true;
	if (gfx >= 11 && properties & (1u << 0 | 1u << 5))
		return true;
	return user_registers(descriptor) > room || room > 16;
}

static uint64_t take_kernel(struct run *run, struct verdict *verdict, struct descriptor *descriptor)
{
	uint32_t choice = take(run->input);
	uint64_t kernel = kernel_at(run, choice);
	enum reach reach = REACH_ALL;

	memset(descriptor, 0, sizeof(*descriptor));
	if (choice >= 216) {
		kernel = choice < 224 ? kernel + choice % 63 + 1 : choice < 232 ? 0 : take_place(run, &reach);
		verdict->must |= ERROR_CODE;
		return kernel;
	}
	if (choice >= 160 && run->spoiled)
		kernel = (uint64_t)(uintptr_t)m.spoiled + choice % run->spoiled * AQL_KERNEL_BYTES;
	memcpy(descriptor, (const void *)(uintptr_t)kernel, sizeof(*descriptor));
	if (unfit(run, descriptor))
		verdict->must |= ERROR_CODE;
	return kernel;
}

static uint32_t take_number(struct run *run)
{
	static const uint32_t numbers[] = {0,	 1,    2,    3,	   31,	  33,	 63,	    255,       256,
					   1023, 1024, 1025, 4096, 65535, 65536, INT32_MAX, UINT32_MAX};
	uint32_t choice = take(run->input);

	if (choice < 128)
		return 1 + choice % 32;
	return choice < 240 ? numbers[choice % (sizeof(numbers) / sizeof(numbers[0]))]
			    : (uint32_t)take_bytes(run->input, 4);
}

static void judge_shape(const struct aql_packet *packet, struct verdict *verdict)
{
	uint32_t dimensions = packet->setup & 3, items = 1;

	if (!dimensions)
		verdict->must |= ERROR_ARGUMENTS;
	for (uint32_t i = 0; i < dimensions; i++) {
		if (!packet->group[i] || !packet->grid[i])
			verdict->must |= ERROR_ARGUMENTS;
		if (packet->group[i] > GROUP_MAX)
			verdict->must |= ERROR_ARGUMENT;
		if (items <= GROUP_MAX)
			items *= packet->group[i];
	}
	if (items > GROUP_MAX)
		verdict->must |= ERROR_ARGUMENT;
}

static void judge_memory(const struct run *run, const struct aql_packet *packet,
			 const struct descriptor *descriptor, struct verdict *verdict)
{
	uint64_t scratch = packet->private_bytes, lanes = descriptor->properties & 1u << 10 ? 32 : 64;

	if (packet->group_bytes < descriptor->group_bytes || packet->group_bytes > m.lds[run->gpu])
		verdict->must |= ERROR_ALLOCATION;
	if (descriptor->rsrc2 & 1 && descriptor->private_bytes > scratch)
		scratch = descriptor->private_bytes;
	if (scratch * lanes > UINT32_MAX)
		verdict->must |= ERROR_ALLOCATION;
	else if (scratch > SCRATCH_DOUBTFUL)
		verdict->may |= ERROR_ALLOCATION;
}

static void take_completion(struct run *run, struct aql_packet *packet, struct verdict *verdict)
{
	enum reach reach;

	packet->signal = take_signal(run, &reach);
	if (packet->signal && reach == REACH_NONE)
		verdict->must |= ERROR_PACKET;
}

/* What a plain and an extended dispatch have at the same places. */
static void take_dispatch_rest(struct run *run, struct aql_packet *packet, struct verdict *verdict)
{
	struct descriptor descriptor;
	uint32_t choice = take(run->input);
	enum reach reach;

	packet->kernel = take_kernel(run, verdict, &descriptor);
	packet->private_bytes = choice & 7 ? choice / 8 * 4 : take_number(run);
	packet->group_bytes = choice & 0x38 ? 2048 : take_number(run);
	/* nobody looks at the arguments */
	packet->kernarg = choice & 0x40 ? (uint64_t)(uintptr_t)m.data : take_place(run, &reach);
	take_completion(run, packet, verdict);
	judge_memory(run, packet, &descriptor, verdict);
}

static struct aql_packet take_dispatch(struct run *run, struct verdict *verdict)
{
	struct aql_packet packet = {.setup = (uint16_t)(1 + take(run->input) % 3)};
	uint32_t choice = take(run->input);

	if (choice >= 240)
		packet.setup = (uint16_t)take_bytes(run->input, 2);
	for (uint32_t i = 0; i < 3; i++) {
		packet.group[i] = (uint16_t)(choice >> i & 1 ? take_number(run) : 8u);
		packet.grid[i] = choice >> (i + 3) & 1 ? take_number(run) : 64;
	}
	judge_shape(&packet, verdict);
	take_dispatch_rest(run, &packet, verdict);
	return packet;
}

static struct aql_packet take_barrier(struct run *run, bool any, struct verdict *verdict)
{
	uint32_t count = take(run->input) % 6;
	struct aql_packet packet = {0};
	enum reach reach;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t signal = take_signal(run, &reach);

		memcpy(BYTES_AT(&packet, 8 + 8 * i), &signal, sizeof(signal));
		if (!signal)
			continue;
		if (reach != REACH_NONE)
			verdict->waits = true;
		else if (any) /* one before it may do */
			verdict->may |= ERROR_PACKET;
		else
			verdict->must |= ERROR_PACKET;
	}
	take_completion(run, &packet, verdict);
	if (verdict->waits && packet.signal) {
		verdict->may |= verdict->must;
		verdict->must = 0;
	}
	return packet;
}

static struct aql_packet take_barrier_value(struct run *run, struct verdict *verdict)
{
	struct aql_packet packet = {.setup = 2};
	enum reach reach;
	uint64_t signal = take_signal(run, &reach), choice = take(run->input);
	int64_t value = choice & 1 ? 0 : (int64_t)take_bytes(run->input, 8), mask = choice & 2 ? -1 : value;
	uint32_t condition = choice < 240 ? (uint32_t)choice % 4 : (uint32_t)choice % 16;

	memcpy(BYTES_AT(&packet, 8), &signal, 8);
	memcpy(BYTES_AT(&packet, 16), &value, 8);
	memcpy(BYTES_AT(&packet, 24), &mask, 8);
	memcpy(BYTES_AT(&packet, 32), &condition, 4);
	take_completion(run, &packet, verdict);
	if (signal && reach != REACH_NONE) {
		verdict->waits = true;
		verdict->may |= verdict->must;
		verdict->must = 0;
	}
	if (condition > 3 || (signal && reach == REACH_NONE))
		verdict->must |= ERROR_PACKET;
	return packet;
}

static struct aql_packet take_indirect(struct run *run, struct verdict *verdict)
{
	struct aql_packet packet = {.setup = 1};
	uint32_t choice = take(run->input), remain = 10;
	const struct words *buffer = &m.buffers[choice % BUFFERS];
	uint64_t at = (uint64_t)(uintptr_t)buffer->at;
	uint32_t jump[4] = {0xc0023f00, 0, 0, 1u << 23 | buffer->count};
	enum reach reach = REACH_ALL;

	if (choice >= 208 && choice < 232) {
		at = take_place(run, &reach);
		verdict->must |= ERROR_PACKET;
	}
	/* an address has 48 bits there, and is one of words */
	jump[1] = (uint32_t)at & ~3u;
	jump[2] = (uint32_t)(at >> 32) & 0xffff;
	if (choice >= 232) {
		uint32_t which = take(run->input) % (run->harm ? 4 : 1);

		jump[which] ^= (uint32_t)take_bytes(run->input, 4);
		remain = choice & 1 ? remain : choice;
		verdict->may |= ERROR_PACKET;
	}
	if (!buffer->count || buffer->bad)
		verdict->must |= ERROR_PACKET;
	memcpy(BYTES_AT(&packet, 4), jump, sizeof(jump));
	memcpy(BYTES_AT(&packet, 20), &remain, sizeof(remain));
	take_completion(run, &packet, verdict);
	return packet;
}

static struct aql_packet take_extended(struct run *run, struct verdict *verdict)
{
	uint32_t dimensions = 1 + take(run->input) % 3, choice = take(run->input), size[3], count[3];
	struct aql_packet packet = {0}, plain = {0};
	uint8_t cluster[4] = {1, 1, 1, (uint8_t)choice};
	uint16_t counts16[2];
	enum reach reach;

	if (choice >= 248)
		dimensions = take(run->input) % 4;
	packet.setup = (uint16_t)(3 | dimensions << 8);
	plain.setup = (uint16_t)dimensions;
	for (uint32_t i = 0; i < 3; i++) {
		size[i] = choice >> i & 1 ? take_number(run) & 0xffff : 8;
		count[i] = choice >> (i + 3) & 1 ? take_number(run) : 3;
		if (i)
			count[i] &= 0xffff;
		plain.group[i] = packet.group[i] = (uint16_t)size[i];
		if (choice >= 240)
			cluster[i] = (uint8_t)(take(run->input) % 3);
		if (i >= dimensions)
			continue;
		if (cluster[i] != 1)
			verdict->must |= ERROR_PACKET;
		if ((uint64_t)size[i] * count[i] > UINT32_MAX)
			verdict->must |= ERROR_ARGUMENTS;
		plain.grid[i] = size[i] * count[i];
	}
	judge_shape(&plain, verdict);
	take_dispatch_rest(run, &packet, verdict);
	memcpy(BYTES_AT(&packet, 12), &count[0], 4);
	counts16[0] = (uint16_t)count[1];
	counts16[1] = (uint16_t)count[2];
	memcpy(BYTES_AT(&packet, 16), counts16, 4);
	memcpy(BYTES_AT(&packet, 20), cluster, 4);
	packet.reserved2 = take_signal(run, &reach);
	if (packet.reserved2 && reach == REACH_NONE)
		verdict->must |= ERROR_PACKET;
	if (packet.reserved2 && reach != REACH_NONE) {
		verdict->waits = true;
		verdict->may |= verdict->must;
		verdict->must = 0;
	}
	return packet;
}

/* A packet with its header, whatever it is. */
struct aql_packet take_aql(struct run *run, struct verdict *verdict)
{
	uint32_t which = take(run->input), how = take(run->input), type = 0;
	uint32_t acquire = how & 3, release = how >> 2 & 3;
	struct aql_packet packet;

	*verdict = (struct verdict){0};
	if (how < 224) {
		acquire %= 3;
		release %= 3;
	}
	switch (which % 16) {
	default:
		type = 2;
		packet = take_dispatch(run, verdict);
		break;
	case 0:
		type = 3;
		packet = take_barrier(run, false, verdict);
		break;
	case 1:
		type = 5;
		packet = take_barrier(run, true, verdict);
		break;
	case 2:
		packet = take_barrier_value(run, verdict);
		break;
	case 3:
	case 4:
		packet = take_indirect(run, verdict);
		break;
	case 5:
	case 6:
		packet = take_extended(run, verdict);
		break;
	case 7:
		packet = take_dispatch(run, verdict);
		type = which < 128 ? 4 : which;
		if (type == 2)
			type = 77;
		*verdict = (struct verdict){.must = ERROR_PACKET};
		break;
	case 8:
		packet = take_dispatch(run, verdict);
		packet.setup = (uint16_t)take_bytes(run->input, 2);
		*verdict = (struct verdict){.must = ERROR_PACKET};
		/* what might be one of AMD's, but for its fields */
		if ((packet.setup & 0xff) <= 3)
			packet.setup = (uint16_t)(packet.setup | 4);
		break;
	case 9:
		packet = take_dispatch(run, verdict);
		type = which & 16 ? 1 : 0;
		packet.setup = (uint16_t)(packet.setup & 0xff00);
		verdict->never = true;
		break;
	}
	if (acquire == 3 || release == 3) {
		verdict->may |= ERROR_PACKET;
		verdict->must |= ERROR_PACKET;
	}
	packet.header = (uint16_t)(type | (how & 16) << 4 | acquire << 9 | release << 11 | (how & 0xe0) << 8);
	return packet;
}
