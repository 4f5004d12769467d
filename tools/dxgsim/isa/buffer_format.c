// SPDX-License-Identifier: MIT
/*
 * Buffer loads and stores with a format, that of the resource or of the instruction: components are converted from and
 * to floats, integers, or halves of registers.  Sources: AMD ISA documents, "Buffer Image Format"; LLVM, UfmtGFX10 and
 * UfmtGFX11 of SIDefines.h for the numbers.  Formats whose components differ in size are not simulated.
 */
#include <math.h>
#include <string.h>

#include "dxgsim/isa/buffer.h"
#include "dxgsim/isa/half.h"

enum number {
	UNORM,
	SNORM,
	USCALED,
	SSCALED,
	UINT,
	SINT,
	FLOAT,
};

/* A group of formats with numbers after each other, from that of UNORM or UINT on. */
struct formats {
	uint8_t first;
	uint8_t count;
	uint8_t components;
	uint8_t bytes; /* of a component */
};

static const struct formats gfx10_formats[] = {
	{1, 6, 1, 1},  {7, 7, 1, 2},  {14, 6, 2, 1}, {20, 3, 1, 4}, {23, 7, 2, 2},
	{56, 6, 4, 1}, {62, 3, 2, 4}, {65, 7, 4, 2}, {72, 3, 3, 4}, {75, 3, 4, 4},
};
static const struct formats gfx11_formats[] = {
	{1, 6, 1, 1},  {7, 7, 1, 2},  {14, 6, 2, 1}, {20, 3, 1, 4}, {23, 7, 2, 2},
	{42, 6, 4, 1}, {48, 3, 2, 4}, {51, 7, 4, 2}, {58, 3, 3, 4}, {61, 3, 4, 4},
};
#define FORMAT_GROUPS (sizeof(gfx10_formats) / sizeof(gfx10_formats[0]))

struct format {
	uint32_t components;
	uint32_t bytes;
	enum number number;
};

/* What there is of a component in an instruction's name. */
#define MOVE_COMPONENTS(count)	  ((uint32_t)(count) << 24)
#define MOVE_COMPONENTS_OF(flags) ((flags) >> 24)
#define COMPONENTS		  4U
#define SELECT_ZERO		  0U
#define SELECT_ONE		  1U
#define SELECT_X		  4U

static bool find_format(struct isa_wave *wave, const struct isa_inst *inst,
			const struct isa_resource *resource, struct format *format)
{
	uint32_t number = inst->row->format == ISA_FORMAT_TBUFFER ? inst->memory.format : resource->format;
	const struct formats *group = wave->target == ISA_GFX10_3 ? gfx10_formats : gfx11_formats;

	for (size_t i = 0; i < FORMAT_GROUPS; i++, group++) {
		if (number < group->first || number >= group->first + (uint32_t)group->count)
			continue;
		format->components = group->components;
		format->bytes = group->bytes;
		/* words have neither normalized nor scaled ones */
		format->number = (enum number)(number - group->first + (group->bytes == 4 ? UINT : UNORM));
		return true;
	}
	isa_stop(wave, inst, ISA_FAULT_UNIMPLEMENTED);
	return false;
}

/* ---- one component ---- */

static int32_t extend(uint32_t value, uint32_t bytes)
{
	if (bytes == 1)
		return (int8_t)(uint8_t)value;
	return bytes == 2 ? (int16_t)(uint16_t)value : (int32_t)value;
}

static uint32_t unsigned_max(uint32_t bytes)
{
	return UINT32_MAX >> (32 - 8 * bytes);
}

static int32_t signed_max(uint32_t bytes)
{
	return (int32_t)(unsigned_max(bytes) >> 1);
}

static bool is_integer(const struct format *format)
{
	return format->number == UINT || format->number == SINT;
}

/* As a register has it: the bits of a float, or an integer. */
static uint32_t load_component(const struct format *format, uint32_t value)
{
	uint32_t bytes = format->bytes;
	int32_t number = extend(value, bytes);
	float normal = (float)((double)number / signed_max(bytes));

	switch (format->number) {
	case UNORM:
		return isa_float_bits((float)((double)value / unsigned_max(bytes)));
	case SNORM:
		return isa_float_bits(normal < -1 ? -1 : normal);
	case USCALED:
		return isa_float_bits((float)value);
	case SSCALED:
		return isa_float_bits((float)number);
	case SINT:
		return (uint32_t)number;
	case FLOAT:
		return bytes == 2 ? isa_float_bits(isa_half_to_float((uint16_t)value)) : value;
	default:
		return value;
	}
}

/* NaN becomes 0. */
static int64_t clamped(double value, int64_t low, int64_t high)
{
	if (!(value > (double)low))
		return value <= (double)low ? low : 0;
	return value >= (double)high ? high : (int64_t)value;
}

static uint32_t store_component(const struct format *format, uint32_t value)
{
	uint32_t bytes = format->bytes;
	int64_t most = unsigned_max(bytes), signed_most = signed_max(bytes);
	double number = isa_float_of(value);

	switch (format->number) {
	case UNORM:
		return (uint32_t)clamped(rint(number * (double)most), 0, most);
	case SNORM:
		return (uint32_t)clamped(rint(number * (double)signed_most), -signed_most, signed_most);
	case USCALED:
		return (uint32_t)clamped(number, 0, most);
	case SSCALED:
		return (uint32_t)clamped(number, -signed_most - 1, signed_most);
	case UINT:
		return value < most ? value : (uint32_t)most;
	case SINT:
		return (uint32_t)clamped((int32_t)value, -signed_most - 1, signed_most);
	default:
		return bytes == 2 ? isa_float_to_half(isa_float_of(value), ISA_ROUND_NEAREST) : value;
	}
}

/* Halves of registers hold what registers do, with less digits. */
static uint32_t narrowed(const struct format *format, uint32_t value)
{
	return is_integer(format) ? value & 0xffffU
				  : isa_float_to_half(isa_float_of(value), ISA_ROUND_NEAREST);
}

static uint32_t widened(const struct format *format, uint32_t half)
{
	if (format->number == SINT)
		return (uint32_t)extend(half, 2);
	return format->number == UINT ? half : isa_float_bits(isa_half_to_float((uint16_t)half));
}

/* ---- all of a lane's ---- */

static uint32_t component_of(const struct format *format, const struct isa_words *words, uint32_t which,
			     uint32_t lane)
{
	uint32_t at = which * format->bytes;

	return words->word[at / 4][lane] >> at % 4 * 8 & unsigned_max(format->bytes);
}

/* What the destination of component @which gets; of lanes out of range too. */
static uint32_t selected(const struct format *format, uint32_t select, const struct isa_words *words,
			 bool in_range, uint32_t lane)
{
	uint32_t one = is_integer(format) ? 1 : isa_float_bits(1);
	uint32_t which = select - SELECT_X;

	if (select == SELECT_ONE)
		return one;
	if (select < SELECT_X || !in_range)
		return 0;
	if (which < format->components)
		return load_component(format, component_of(format, words, which, lane));
	return which == 3 ? one : 0;
}

/* The place of component @which in registers. */
static void put(struct isa_words *words, uint32_t flags, uint32_t which, uint32_t lane, uint32_t value)
{
	uint32_t *word = &words->word[which / 2][lane];

	if (!(flags & (ISA_MOVE_D16 | ISA_MOVE_HIGH)))
		words->word[which][lane] = value;
	else
		*word = which % 2 ? *word | value << 16 : value;
}

static uint32_t get(const struct isa_words *words, uint32_t flags, uint32_t which, uint32_t lane)
{
	if (!(flags & (ISA_MOVE_D16 | ISA_MOVE_HIGH)))
		return words->word[which][lane];
	return words->word[which / 2][lane] >> which % 2 * 16 & 0xffffU;
}

/* Bytes of registers. */
static uint32_t register_bytes(uint32_t flags)
{
	return MOVE_COMPONENTS_OF(flags) * (flags & (ISA_MOVE_D16 | ISA_MOVE_HIGH) ? 2 : 4);
}

static void convert_lane(const struct isa_buffer *buffer, const struct format *format,
			 const struct isa_words *from, bool in_range, uint32_t lane, struct isa_words *to)
{
	uint32_t flags = buffer->transfer.inst->binding->flags;

	for (uint32_t i = 0; i < MOVE_COMPONENTS_OF(flags); i++) {
		uint32_t select = buffer->resource.select >> 3 * i & 7;
		uint32_t value = selected(format, select, from, in_range, lane);

		put(to, flags, i, lane,
		    flags & (ISA_MOVE_D16 | ISA_MOVE_HIGH) ? narrowed(format, value) : value);
	}
}

static void execute_load(struct isa_wave *wave, const struct isa_inst *inst)
{
	struct isa_buffer buffer;
	struct isa_words from, to;
	struct format format;
	uint64_t lanes;
	uint32_t bytes;

	if (!isa_buffer_init(&buffer, wave, inst) || !find_format(wave, inst, &buffer.resource, &format))
		return;
	bytes = format.components * format.bytes;
	lanes = isa_buffer_inside(&buffer, 0, bytes);
	if (!isa_buffer_read(&buffer, 0, bytes, lanes, &from))
		return;
	ISA_FOR_ACTIVE(wave->exec, lane)
	{
		convert_lane(&buffer, &format, &from, lanes >> lane & 1, lane, &to);
	}
	isa_buffer_deliver(&buffer, register_bytes(inst->binding->flags), &to);
}

static void execute_store(struct isa_wave *wave, const struct isa_inst *inst)
{
	uint32_t flags = inst->binding->flags;
	uint32_t count = MOVE_COMPONENTS_OF(flags);
	struct isa_buffer buffer;
	struct isa_words from, part;
	struct format format;
	uint64_t lanes;

	if (inst->memory.lds || inst->memory.tfe) {
		isa_stop(wave, inst, ISA_FAULT_UNIMPLEMENTED);
		return;
	}
	if (!isa_buffer_init(&buffer, wave, inst) || !find_format(wave, inst, &buffer.resource, &format) ||
	    !isa_access_fetch(wave, inst, inst->memory.data, register_bytes(flags), &from))
		return;
	lanes = isa_buffer_inside(&buffer, 0, format.components * format.bytes);
	for (uint32_t i = 0; i < count && i < format.components; i++) {
		ISA_FOR_ACTIVE(lanes, lane)
		{
			uint32_t value = get(&from, flags, i, lane);

			if (flags & (ISA_MOVE_D16 | ISA_MOVE_HIGH))
				value = widened(&format, value);
			part.word[0][lane] = store_component(&format, value);
		}
		if (!isa_buffer_write(&buffer, i * format.bytes, format.bytes, lanes, &part))
			return;
	}
}

#define FORMATS(prefix, x, flags, execute)                                         \
	ISA_MEMORY(prefix##x##X, execute, (flags) | MOVE_COMPONENTS(1)),           \
		ISA_MEMORY(prefix##x##XY, execute, (flags) | MOVE_COMPONENTS(2)),  \
		ISA_MEMORY(prefix##x##XYZ, execute, (flags) | MOVE_COMPONENTS(3)), \
		ISA_MEMORY(prefix##x##XYZW, execute, (flags) | MOVE_COMPONENTS(4))

static const struct isa_binding list[] = {
	FORMATS(BUFFER_LOAD, _FORMAT_, ISA_MOVE_LOAD, execute_load),
	FORMATS(BUFFER_LOAD, _D16_FORMAT_, ISA_MOVE_LOAD | ISA_MOVE_D16, execute_load),
	FORMATS(BUFFER_STORE, _FORMAT_, ISA_MOVE_STORE, execute_store),
	FORMATS(BUFFER_STORE, _D16_FORMAT_, ISA_MOVE_STORE | ISA_MOVE_D16, execute_store),
	FORMATS(TBUFFER_LOAD, _FORMAT_, ISA_MOVE_LOAD, execute_load),
	FORMATS(TBUFFER_LOAD, _D16_FORMAT_, ISA_MOVE_LOAD | ISA_MOVE_D16, execute_load),
	FORMATS(TBUFFER_STORE, _FORMAT_, ISA_MOVE_STORE, execute_store),
	FORMATS(TBUFFER_STORE, _D16_FORMAT_, ISA_MOVE_STORE | ISA_MOVE_D16, execute_store),
	ISA_MEMORY(BUFFER_LOAD_D16_HI_FORMAT_X, execute_load,
		   ISA_MOVE_LOAD | ISA_MOVE_HIGH | MOVE_COMPONENTS(1)),
	ISA_MEMORY(BUFFER_STORE_D16_HI_FORMAT_X, execute_store,
		   ISA_MOVE_STORE | ISA_MOVE_HIGH | MOVE_COMPONENTS(1)),
	ISA_MEMORY(BUFFER_LOAD_LDS_FORMAT_X, execute_load,
		   ISA_MOVE_LOAD | ISA_MOVE_TO_LDS | MOVE_COMPONENTS(1)),
};

const struct isa_bindings isa_bind_buffer_format = {list, sizeof(list) / sizeof(list[0])};
