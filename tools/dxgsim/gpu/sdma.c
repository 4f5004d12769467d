// SPDX-License-Identifier: MIT
/* SDMA packets: checks one against its form and does what it says. */
#include "dxgsim/gpu/sdma.h"

#include <stddef.h>

#include "dxgsim/gpu/fields.h"
#include "dxgsim/gpu/sdma_memory.h"
#include "dxgsim/gpu/sdma_packets.h"

#define BIT(n) (1U << (n))

#define POLL_FOR_EVER 0xfffU
#define UNCACHED      3U /* memory type of a fence */

static bool aligned(struct gpu_engine *engine, const char *name, uint64_t value, uint32_t bytes)
{
	if (!(value & (bytes - 1)))
		return true;
	gpu_refuse(engine, GPU_ERROR_PACKET, "%s 0x%llx is not a multiple of %u", name,
		   (unsigned long long)value, bytes);
	return false;
}

static enum gpu_cache_policy l2_policy(uint32_t value)
{
	static const enum gpu_cache_policy policies[] = {GPU_CACHE_LRU, GPU_CACHE_STREAM,
							 GPU_CACHE_NO_ALLOCATE, GPU_CACHE_BYPASS};

	return policies[value & 3];
}

/* Version 6 alone lets a packet choose, where its bit "cache policy valid" says so. */
static enum gpu_cache_policy chosen(const struct gpu_engine *engine, bool valid, uint32_t value,
				    enum gpu_cache_policy otherwise)
{
	return engine->config.generation == 11 && valid ? l2_policy(value) : otherwise;
}

/* All of the packet, or up to the end of the slice. */
static uint32_t slice(const struct gpu_engine *engine, uint64_t total)
{
	uint64_t left = total - engine->sdma.done;

	return left < GPU_SDMA_SLICE ? (uint32_t)left : GPU_SDMA_SLICE;
}

static enum gpu_outcome advance(struct gpu_engine *engine, uint64_t done, uint64_t total)
{
	engine->sdma.done += done;
	return engine->sdma.done < total ? GPU_RUNNING : GPU_DONE;
}

/* ---- copies ---- */

static bool copy(struct gpu_engine *engine, uint64_t to, uint64_t from, uint64_t bytes,
		 enum gpu_cache_policy reads, enum gpu_cache_policy writes)
{
	uint8_t buffer[4096];

	while (bytes) {
		uint32_t piece = bytes < sizeof(buffer) ? (uint32_t)bytes : (uint32_t)sizeof(buffer);

		if (!gpu_sdma_read(engine, from, buffer, piece, reads) ||
		    !gpu_sdma_write(engine, to, buffer, piece, writes))
			return false;
		from += piece;
		to += piece;
		bytes -= piece;
	}
	return true;
}

static enum gpu_outcome copy_linear(struct gpu_engine *engine, const uint32_t *packet)
{
	uint64_t total = (uint64_t)packet[1] + 1;
	uint64_t done = engine->sdma.done;
	uint32_t bytes = slice(engine, total);
	bool valid = packet[0] & BIT(19);

	if (!copy(engine, gpu_join(packet + 5) + done, gpu_join(packet + 3) + done, bytes,
		  chosen(engine, valid, gpu_field(packet[2], 28, 26), GPU_SDMA_READS),
		  chosen(engine, valid, gpu_field(packet[2], 20, 18), GPU_SDMA_WRITES)))
		return GPU_STOPPED;
	return advance(engine, bytes, total);
}

/* One side of a sub-window copy; everything in bytes but y and z. */
struct window {
	uint64_t base, pitch, slice_pitch;
	uint64_t x;
	uint32_t y, z;
};

static struct window decode_window(const struct gpu_engine *engine, const uint32_t *words,
				   uint32_t element_shift)
{
	bool gfx12 = engine->config.generation >= 12;
	uint64_t pitch = (uint64_t)(gfx12 ? gpu_field(words[3], 31, 16) : gpu_field(words[3], 31, 13)) + 1;

	return (struct window){
		.base = gpu_join(words),
		.x = (uint64_t)gpu_field(words[2], gfx12 ? 15 : 13, 0) << element_shift,
		.y = gpu_field(words[2], gfx12 ? 31 : 29, 16),
		.z = gfx12 ? gpu_field(words[3], 13, 0) : gpu_field(words[3], 12, 0),
		.pitch = pitch << element_shift,
		.slice_pitch = ((uint64_t)words[4] + 1) << element_shift,
	};
}

static uint64_t row_address(const struct window *window, uint64_t y, uint64_t z)
{
	return window->base + (window->z + z) * window->slice_pitch + (window->y + y) * window->pitch +
	       window->x;
}

/*
 * ROCr, amd_blit_sdma.cpp: base addresses and what rows and slices are apart are multiples of 4 bytes.  How far rows and
 * slices are apart does not matter where there is one only.
 */
static bool check_window(struct gpu_engine *engine, const struct window *window, bool rows, bool slices)
{
	return aligned(engine, "base address", window->base, 4) &&
	       (!rows || aligned(engine, "pitch in bytes", window->pitch, 4)) &&
	       (!slices || aligned(engine, "slice pitch in bytes", window->slice_pitch, 4));
}

static enum gpu_outcome copy_subwindow(struct gpu_engine *engine, const uint32_t *packet)
{
	bool gfx12 = engine->config.generation >= 12;
	uint32_t shift = gpu_field(packet[0], 31, 29);
	uint64_t width = ((uint64_t)gpu_field(packet[11], gfx12 ? 15 : 13, 0) + 1) << shift;
	uint64_t height = (uint64_t)gpu_field(packet[11], gfx12 ? 31 : 29, 16) + 1;
	uint64_t depth = (uint64_t)gpu_field(packet[12], gfx12 ? 13 : 12, 0) + 1;
	struct window from, to;
	uint64_t moved = 0, rows = 0;
	bool valid = packet[0] & BIT(19);
	enum gpu_cache_policy reads, writes;

	if (shift > 4)
		return gpu_refuse(engine, GPU_ERROR_PACKET, "element size %u is reserved", shift);
	from = decode_window(engine, packet + 1, shift);
	to = decode_window(engine, packet + 6, shift);
	if (!check_window(engine, &from, height > 1 || from.y, depth > 1 || from.z) ||
	    !check_window(engine, &to, height > 1 || to.y, depth > 1 || to.z))
		return GPU_STOPPED;
	reads = chosen(engine, valid, gpu_field(packet[12], 28, 26), GPU_SDMA_READS);
	writes = chosen(engine, valid, gpu_field(packet[12], 20, 18), GPU_SDMA_WRITES);
	while (engine->sdma.done + rows < height * depth && moved < GPU_SDMA_SLICE) {
		uint64_t row = engine->sdma.done + rows;

		if (!copy(engine, row_address(&to, row % height, row / height),
			  row_address(&from, row % height, row / height), width, reads, writes))
			return GPU_STOPPED;
		moved += width;
		rows++;
	}
	return advance(engine, rows, height * depth);
}

/* ---- constants and words ---- */

/*
 * The count names the last byte (kfdtest SDMAPacket.cpp) or the first byte of the last value (ROCr amd_blit_sdma.cpp: BuildFillCommand;
 * kfdtest does so too on gfx12): its bits within a value are not looked at.
 */
static enum gpu_outcome constant_fill(struct gpu_engine *engine, const uint32_t *packet)
{
	uint32_t size = gpu_field(packet[0], 31, 30);
	uint64_t total = ((uint64_t)packet[4] | ((1U << size) - 1)) + 1;
	uint64_t va = gpu_join(packet + 1);
	uint32_t value = packet[3];
	uint32_t bytes = slice(engine, total);
	enum gpu_cache_policy writes =
		chosen(engine, packet[0] & BIT(28), gpu_field(packet[0], 26, 24), GPU_SDMA_WRITES);

	if (size == 3)
		return gpu_refuse(engine, GPU_ERROR_PACKET, "fill size %u is reserved", size);
	if (!aligned(engine, "address", va, 1U << size))
		return GPU_STOPPED;
	if (size == 0)
		value = (value & 0xff) * 0x01010101U;
	else if (size == 1)
		value = (value & 0xffff) * 0x00010001U;
	if (!gpu_sdma_repeat(engine, va + engine->sdma.done, value, bytes, writes))
		return GPU_STOPPED;
	return advance(engine, bytes, total);
}

/* The data is read from the command buffer piece by piece: a packet may have a million words. */
static enum gpu_outcome write_linear(struct gpu_engine *engine, const uint32_t *packet, uint32_t *words)
{
	uint64_t total = 4 * ((uint64_t)gpu_field(packet[3], 19, 0) + 1);
	uint64_t left = engine->job.bytes - engine->offset - 16;
	uint64_t data = engine->job.commands + engine->offset + 16;
	uint32_t bytes = slice(engine, total);
	uint64_t va = gpu_join(packet + 1);
	enum gpu_cache_policy writes =
		chosen(engine, packet[0] & BIT(28), gpu_field(packet[3], 28, 26), GPU_SDMA_WRITES);
	uint8_t buffer[4096];

	*words = (uint32_t)(4 + total / 4);
	if (total > left)
		return gpu_refuse(engine, GPU_ERROR_PACKET, "truncated: of %llu words the buffer holds %llu",
				  (unsigned long long)total / 4, (unsigned long long)left / 4);
	if (!aligned(engine, "address", va, 4))
		return GPU_STOPPED;
	for (uint32_t at = 0, piece; at < bytes; at += piece) {
		uint64_t done = engine->sdma.done + at;

		piece = bytes - at < sizeof(buffer) ? bytes - at : (uint32_t)sizeof(buffer);
		if (!gpu_memory_read(&engine->memory, data + done, GPU_FETCH, buffer, piece,
				     GPU_CACHE_NO_ALLOCATE))
			return gpu_page_fault(engine);
		if (!gpu_sdma_write(engine, va + done, buffer, piece, writes))
			return GPU_STOPPED;
	}
	return advance(engine, bytes, total);
}

/* ---- telling ---- */

/* A fence of type "uncached" goes to memory, as does one of another type while nothing else is chosen. */
static enum gpu_outcome fence(struct gpu_engine *engine, const uint32_t *packet)
{
	bool uncached = gpu_field(packet[0], 17, 16) == UNCACHED;
	enum gpu_cache_policy writes = chosen(engine, packet[0] & BIT(28) && !uncached,
					      gpu_field(packet[0], 26, 24), GPU_SDMA_WRITES);

	if (!aligned(engine, "address", gpu_join(packet + 1), 4) ||
	    !gpu_sdma_write(engine, gpu_join(packet + 1), packet + 3, 4, writes))
		return GPU_STOPPED;
	return GPU_DONE;
}

/* ROCr, amd_blit_sdma.cpp: the engine wants 32 bytes for it, whatever it writes of them. */
static enum gpu_outcome timestamp(struct gpu_engine *engine, const uint32_t *packet)
{
	uint64_t now = engine->config.ops->clock(engine->config.machine);
	enum gpu_cache_policy writes =
		chosen(engine, packet[0] & BIT(28), gpu_field(packet[0], 26, 24), GPU_SDMA_WRITES);

	if (!aligned(engine, "address", gpu_join(packet + 1), 32) ||
	    !gpu_sdma_write(engine, gpu_join(packet + 1), &now, 8, writes))
		return GPU_STOPPED;
	return GPU_DONE;
}

/* With the loop bit a compare-and-swap is tried until it matches. */
static enum gpu_outcome atomic(struct gpu_engine *engine, const uint32_t *packet)
{
	uint32_t operation = gpu_field(packet[0], 31, 25);
	bool loop = packet[0] & BIT(16), matched = false;
	uint64_t va = gpu_join(packet + 1);

	switch (gpu_sdma_atomic_width(operation)) {
	case GPU_SDMA_NOT_AN_ATOMIC:
		return gpu_refuse(engine, GPU_ERROR_PACKET, "operation 0x%02x is reserved", operation);
	case GPU_SDMA_ATOMIC_MISSING:
		return gpu_refuse(engine, GPU_ERROR_UNSUPPORTED, "operation 0x%02x is not simulated",
				  operation);
	case GPU_SDMA_ATOMIC_32:
		if (!aligned(engine, "address", va, 4))
			return GPU_STOPPED;
		break;
	case GPU_SDMA_ATOMIC_64:
		if (!aligned(engine, "address", va, 8))
			return GPU_STOPPED;
		break;
	}
	if (loop && !gpu_sdma_atomic_compares(operation))
		return gpu_refuse(engine, GPU_ERROR_PACKET,
				  "the loop bit goes with compare-and-swap, not with operation 0x%02x",
				  operation);
	if (!gpu_sdma_atomic(engine, operation, va, gpu_join(packet + 3), gpu_join(packet + 5), &matched))
		return GPU_STOPPED;
	return loop && !matched ? GPU_WAITING : GPU_DONE;
}

/* ---- waiting ---- */

/*
 * Registers are the kernel driver's, but for the flush of the host data path, of which there is none here: ROCr's
 * packet without parameters (amd::hdp_flush_cmd) and Linux' with the flush bit (sdma_v6_0.c).
 */
static enum gpu_outcome poll_register(struct gpu_engine *engine, const uint32_t *packet)
{
	bool rocr = !(packet[0] >> 16) && !packet[1] && packet[2] == 0x80000000U && !packet[3] &&
		    !packet[4] && !packet[5];
	bool flush = packet[0] & BIT(26);

	if (rocr || (flush && gpu_field(packet[0], 30, 28) == 3 && packet[3] && packet[3] == packet[4]))
		return GPU_DONE;
	if (flush)
		return gpu_refuse(engine, GPU_ERROR_PACKET,
				  "a flush compares for equality with the mask that it asks for");
	return gpu_refuse(engine, GPU_ERROR_UNSUPPORTED, "register 0x%x is not simulated", packet[1]);
}

/* The interval is a hint.  What happens when retries run out is told nowhere in public. */
static enum gpu_outcome poll(struct gpu_engine *engine, const uint32_t *packet)
{
	uint32_t retries = gpu_field(packet[5], 27, 16);
	uint32_t value;
	enum gpu_cache_policy reads =
		chosen(engine, packet[0] & BIT(24), gpu_field(packet[0], 22, 20), GPU_SDMA_READS);

	if (!(packet[0] & BIT(31)))
		return poll_register(engine, packet);
	if (packet[0] & BIT(26))
		return gpu_refuse(engine, GPU_ERROR_PACKET, "a flush goes with a register, not with memory");
	if (gpu_field(packet[0], 30, 28) == 7)
		return gpu_refuse(engine, GPU_ERROR_PACKET, "function 7 is reserved");
	if (!aligned(engine, "address", gpu_join(packet + 1), 4) ||
	    !gpu_sdma_read(engine, gpu_join(packet + 1), &value, 4, reads))
		return GPU_STOPPED;
	if (gpu_compare(gpu_field(packet[0], 30, 28), value & packet[4], packet[3]))
		return GPU_DONE;
	if (retries != POLL_FOR_EVER && engine->sdma.polls++ >= retries)
		return gpu_refuse(engine, GPU_ERROR_UNSUPPORTED,
				  "what comes after %u retries is not simulated", retries);
	return GPU_WAITING;
}

static enum gpu_outcome cond_exe(struct gpu_engine *engine, const uint32_t *packet, uint32_t *words)
{
	uint32_t left = (engine->job.bytes - engine->offset) / 4 - 5;
	uint32_t count = gpu_field(packet[4], 13, 0);
	uint32_t value;
	enum gpu_cache_policy reads =
		chosen(engine, packet[0] & BIT(28), gpu_field(packet[0], 26, 24), GPU_SDMA_READS);

	if (count > left)
		return gpu_refuse(engine, GPU_ERROR_PACKET, "skips %u words, %u are left", count, left);
	if (!aligned(engine, "address", gpu_join(packet + 1), 4) ||
	    !gpu_sdma_read(engine, gpu_join(packet + 1), &value, 4, reads))
		return GPU_STOPPED;
	if (value != packet[3])
		*words += count;
	return GPU_DONE;
}

/* ---- caches ---- */

/* GL2_DISCARD 13, GL2_INV 14, GL2_WB 15; what lies in front of the L2 is none of this engine's. */
static enum gpu_outcome gcr(struct gpu_engine *engine, const uint32_t *packet)
{
	uint32_t control = packet[2] >> 16 | gpu_field(packet[3], 2, 0) << 16;
	uint32_t range = gpu_field(control, 12, 11);
	uint64_t first = gpu_field(packet[1], 31, 7) << 7 | (uint64_t)gpu_field(packet[2], 15, 0) << 32;
	uint64_t last = gpu_field(packet[3], 31, 7) << 7 | (uint64_t)gpu_field(packet[4], 15, 0) << 32 | 127;
	uint32_t actions = (control & BIT(13) ? GPU_CACHE_DISCARD : 0) |
			   (control & BIT(14) ? GPU_CACHE_INVALIDATE : 0) |
			   (control & BIT(15) ? GPU_CACHE_WRITE_BACK : 0);

	if (gpu_field(control, 17, 16) == 3)
		return gpu_refuse(engine, GPU_ERROR_PACKET, "SEQ 3 is reserved");
	if (range == 1 || range == 3)
		return gpu_refuse(engine, GPU_ERROR_UNSUPPORTED, "GL2_RANGE %s is not simulated",
				  range == 1 ? "volatile" : "first and last");
	if (range == 2 && last < first)
		return gpu_refuse(engine, GPU_ERROR_PACKET, "the limit 0x%llx is below the base 0x%llx",
				  (unsigned long long)last, (unsigned long long)first);
	if (actions)
		gpu_cache_act(engine->memory.cache, &engine->memory.tables, actions, range ? first : 0,
			      range ? last : UINT64_MAX);
	return GPU_DONE;
}

static bool has_l2(const struct gpu_engine *engine)
{
	return engine->config.kind == GPU_ENGINE_SDMA && engine->config.generation >= 10;
}

void gpu_sdma_driver_begins(struct gpu_engine *engine)
{
	if (!has_l2(engine))
		return;
	gpu_tables_enter(&engine->memory.tables, engine->memory.tables.space);
	gpu_cache_act(engine->memory.cache, &engine->memory.tables,
		      GPU_CACHE_WRITE_BACK | GPU_CACHE_INVALIDATE, 0, UINT64_MAX);
}

void gpu_sdma_driver_ends(struct gpu_engine *engine)
{
	if (!has_l2(engine))
		return;
	gpu_tables_enter(&engine->memory.tables, engine->memory.tables.space);
	gpu_cache_act(engine->memory.cache, &engine->memory.tables, GPU_CACHE_WRITE_BACK, 0, UINT64_MAX);
}

/* ---- packets ---- */

static bool check_words(struct gpu_engine *engine, const struct gpu_sdma_form *form)
{
	for (uint32_t i = 0; i < form->words; i++) {
		uint32_t undefined = engine->packet[i] & ~form->word[i].defined;
		uint32_t missing = engine->packet[i] & form->word[i].missing;

		if (undefined) {
			gpu_refuse(engine, GPU_ERROR_PACKET, "word %u has reserved bits 0x%08x", i,
				   undefined);
			return false;
		}
		if (missing) {
			gpu_refuse(engine, GPU_ERROR_UNSUPPORTED, "word %u, bits 0x%08x are not simulated", i,
				   missing);
			return false;
		}
	}
	return true;
}

/* The rest of the packet is fetched only when its opcode is right. */
static const struct gpu_sdma_form *decode(struct gpu_engine *engine)
{
	uint32_t header = engine->packet[0];
	const struct gpu_sdma_form *form = gpu_sdma_form(engine->config.generation, header);

	if (!form) {
		gpu_refuse(engine, GPU_ERROR_PACKET, "SDMA of gfx%u has no opcode %u.%u (header 0x%08x)",
			   engine->config.generation, header & 0xff, header >> 8 & 0xff, header);
		return NULL;
	}
	engine->packet_name = form->name;
	if (form->kind == GPU_SDMA_KERNEL) {
		gpu_refuse(engine, GPU_ERROR_PACKET, "only for the kernel driver's queues");
		return NULL;
	}
	if (form->kind == GPU_SDMA_MISSING) {
		gpu_refuse(engine, GPU_ERROR_UNSUPPORTED, "not simulated");
		return NULL;
	}
	if (!gpu_fetch(engine, 1, form->words - 1) || !check_words(engine, form))
		return NULL;
	return form;
}

static enum gpu_outcome nop(struct gpu_engine *engine, uint32_t *words)
{
	uint32_t left = (engine->job.bytes - engine->offset) / 4 - 1;
	uint32_t count = gpu_field(engine->packet[0], 29, 16);

	if (count > left)
		return gpu_refuse(engine, GPU_ERROR_PACKET, "truncated: of %u words the buffer holds %u",
				  count + 1, left + 1);
	*words = count + 1;
	return GPU_DONE;
}

static enum gpu_outcome execute(struct gpu_engine *engine, const struct gpu_sdma_form *form, uint32_t *words)
{
	const uint32_t *packet = engine->packet;

	switch (form->kind) {
	case GPU_SDMA_NOP:
		return nop(engine, words);
	case GPU_SDMA_COPY_LINEAR:
		return copy_linear(engine, packet);
	case GPU_SDMA_COPY_SUBWINDOW:
		return copy_subwindow(engine, packet);
	case GPU_SDMA_WRITE:
		return write_linear(engine, packet, words);
	case GPU_SDMA_FENCE:
		return fence(engine, packet);
	case GPU_SDMA_TRAP:
		engine->counters.interrupts++;
		return GPU_DONE;
	case GPU_SDMA_POLL:
		return poll(engine, packet);
	case GPU_SDMA_COND_EXE:
		return cond_exe(engine, packet, words);
	case GPU_SDMA_ATOMIC:
		return atomic(engine, packet);
	case GPU_SDMA_FILL:
		return constant_fill(engine, packet);
	case GPU_SDMA_TIMESTAMP:
		return timestamp(engine, packet);
	case GPU_SDMA_GCR:
		return gcr(engine, packet);
	case GPU_SDMA_KERNEL:
	case GPU_SDMA_MISSING:
		break;
	}
	return gpu_refuse(engine, GPU_ERROR_UNSUPPORTED, "not simulated");
}

enum gpu_outcome gpu_sdma_step(struct gpu_engine *engine, uint32_t *words)
{
	const struct gpu_sdma_form *form;
	enum gpu_outcome outcome;

	if (!gpu_fetch(engine, 0, 1))
		return GPU_STOPPED;
	form = decode(engine);
	if (!form)
		return GPU_STOPPED;
	*words = form->words;
	outcome = execute(engine, form, words);
	if (outcome == GPU_DONE)
		engine->sdma = (struct gpu_sdma){0};
	return outcome;
}
