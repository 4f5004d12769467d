// SPDX-License-Identifier: MIT
/*
 * PM4 and SDMA packets: some that do no harm, some that a queue has to refuse, and, with harm, those changed in any bit.
 */
#include <string.h>

#include "../unit/ring_packets.h"
#include "fuzz_rings.h"

#define LONGEST	   24u
#define COPY_MOST  0x1000u
#define WRITE_MOST 8u

static char *take_data(struct run *run, uint32_t align, uint32_t bytes)
{
	uint32_t offset = (uint32_t)take_bytes(run->input, 2);

	return m.data + (offset % (DATA_BYTES - bytes)) / align * align;
}

/* Where a packet is to be harmful: another address, or other bits. */
static void do_harm(struct run *run, uint32_t *words, uint32_t count)
{
	uint32_t choice = take(run->input), at = take(run->input) % count;
	enum reach reach;
	uint64_t place;

	if (!run->harm || choice < 128)
		return;
	if (choice >= 192 && count > 2) {
		place = take_place(run, &reach);
		at = 1 + at % (count - 2);
		words[at] = (uint32_t)place;
		words[at + 1] = (uint32_t)(place >> 32);
		return;
	}
	words[at] ^= (uint32_t)take_bytes(run->input, 4) << choice % 32;
}

static uint32_t refused(struct verdict *verdict, uint32_t count)
{
	verdict->must = ERROR_PACKET;
	return count;
}

/* Whether the GPU can decrement what lies in host memory; its user knows that, and has the CPU do it. */
static bool has_atomics(const struct run *run)
{
	return run->gpu != GPU_WITHOUT_ATOMICS || run->harm;
}

/* ---- PM4 ---- */

static uint32_t pm4_decrement(uint32_t *words, const struct aql_signal *signal)
{
	uint64_t at = (uint64_t)(uintptr_t)&signal->value;
	const uint32_t packet[] = {0xc0071e00, 0x2f, (uint32_t)at, (uint32_t)(at >> 32), ~0u, ~0u, 0, 0, 0};

	memcpy(words, packet, sizeof(packet));
	return sizeof(packet) / sizeof(packet[0]);
}

static uint32_t pm4_nops(uint32_t *words, uint32_t count)
{
	memset(words, 0, count * sizeof(*words));
	words[0] = count == 1 ? 0xffff1000 : 0xc0001000 | (count - 2) << 16;
	return count;
}

static uint32_t jump(struct run *run, uint32_t *words, struct verdict *verdict)
{
	const struct words *buffer = &m.buffers[take(run->input) % BUFFERS];

	if (!buffer->count)
		return pm4_nops(words, 1);
	if (buffer->bad)
		verdict->must = ERROR_PACKET;
	return pm4_jump(words, buffer->at, buffer->count);
}

static uint32_t good_pm4(struct run *run, uint32_t which, uint32_t *words, struct verdict *verdict)
{
	char *to = take_data(run, 8, 8);

	if (which % 8 == 5 && !has_atomics(run))
		which = 0;
	switch (which % 8) {
	case 0:
	case 1:
		return pm4_store(words, to, (uint32_t)take_bytes(run->input, 4));
	case 2:
		return pm4_fence(words, to, (uint32_t)take_bytes(run->input, 4), false, 0);
	case 3:
		return pm4_fence(words, to, 1, true, take_event_id(run));
	case 4:
		words[0] = 0xc0004600; /* EVENT_WRITE: CS_PARTIAL_FLUSH */
		words[1] = 0x407;
		return 2;
	case 5:
		return pm4_decrement(words, &m.signals[take(run->input) % FREE_SIGNALS]);
	case 6:
		return pm4_nops(words, 1 + take(run->input) % LONGEST);
	default:
		return jump(run, words, verdict);
	}
}

static uint32_t bad_pm4(struct run *run, uint32_t which, uint32_t *words, struct verdict *verdict)
{
	switch (which % 4) {
	case 0: /* the reserved type */
		words[0] = 1u << 30 | (uint32_t)take_bytes(run->input, 3);
		return refused(verdict, 1);
	case 1: /* a RELEASE_MEM that is too short */
		memset(words, 0, LONGEST * sizeof(*words));
		words[0] = 0xc0004900 | take(run->input) % 6 << 16;
		return refused(verdict, 8);
	case 2: /* one with an interrupt on a condition */
		pm4_fence(words, m.data, 1, false, 0);
		words[2] |= (4 + take(run->input) % 4) << 24;
		return refused(verdict, 8);
	default: /* longer than any ring here */
		words[0] = 0xffff0000 - (take(run->input) << 16) - 0x10000 + 0x1000;
		return refused(verdict, 1);
	}
}

uint32_t take_pm4(struct run *run, uint32_t *words, uint32_t room, struct verdict *verdict)
{
	uint32_t which = take(run->input), count;

	*verdict = (struct verdict){0};
	if (room < 2 * LONGEST)
		return 0;
	if (which >= 224)
		return bad_pm4(run, which, words, verdict);
	count = good_pm4(run, which, words, verdict);
	do_harm(run, words, count);
	return count;
}

/* An indirect buffer, which must not lead to others. */
void fill_buffer(struct run *run)
{
	struct words *buffer = &m.buffers[take(run->input) % BUFFERS];
	uint32_t packets = 1 + take(run->input) % 4, used = 0, words[2 * LONGEST], count;
	struct verdict verdict;

	if (buffer->count)
		return;
	for (uint32_t i = 0; i < packets; i++) {
		count = take_pm4(run, words, 2 * LONGEST, &verdict);
		if (count > BUFFER_WORDS - used)
			break;
		memcpy(buffer->at + used, words, count * sizeof(*words));
		used += count;
		if (verdict.must || (words[0] & 0xc000ff00) == 0xc0003f00)
			buffer->bad = true;
	}
	buffer->count = used;
}

/* ---- SDMA ---- */

static uint32_t write_words(struct run *run, uint32_t *words)
{
	uint32_t count = 1 + take(run->input) % WRITE_MOST;
	uint64_t to = (uint64_t)(uintptr_t)take_data(run, 4, WRITE_MOST * 4);

	words[0] = 2;
	words[1] = (uint32_t)to;
	words[2] = (uint32_t)(to >> 32);
	words[3] = count - 1;
	for (uint32_t i = 0; i < count; i++)
		words[4 + i] = take(run->input);
	return 4 + count;
}

static uint32_t good_sdma(struct run *run, uint32_t which, uint32_t *words, struct verdict *verdict)
{
	const struct aql_signal *signal = &m.signals[take(run->input) % FREE_SIGNALS];
	uint32_t choice;

	if ((which % 10 == 6 || which % 10 == 7) && !has_atomics(run))
		which = 0;
	switch (which % 10) {
	case 0:
	case 1:
		return sdma_copy(words, take_data(run, 1, COPY_MOST), take_data(run, 1, COPY_MOST),
				 1 + (uint32_t)take_bytes(run->input, 2) % COPY_MOST);
	case 2:
		return sdma_fence(words, take_data(run, 4, 4), take(run->input));
	case 3:
		return sdma_trap(words, take_event_id(run) & 0xfffffff);
	case 4:
		verdict->waits = true;
		choice = take(run->input);
		return sdma_poll(words, take_data(run, 4, 4), 1 + choice % 6, choice & 64 ? 0 : choice,
				 choice & 128 ? ~0u : choice);
	case 5:
		verdict->waits = true;
		return sdma_poll_signal(words, &signal->value);
	case 6:
	case 7:
		return sdma_decrement(words, &signal->value);
	case 8:
		return sdma_nops(words, 1 + take(run->input) % LONGEST);
	default:
		return write_words(run, words);
	}
}

static uint32_t bad_sdma(struct run *run, uint32_t which, uint32_t *words, struct verdict *verdict)
{
	uint32_t choice = take(run->input);

	switch (which % 4) {
	case 0: /* no such operation */
		words[0] = 0x20 + choice % 0xe0;
		return refused(verdict, 1);
	case 1: /* of a fence */
		words[0] = 5 | (2 + choice % 0xfe) << 8;
		return refused(verdict, 1);
	case 2: /* no such comparison */
		sdma_poll(words, m.data, 7, choice, choice);
		return refused(verdict, 6);
	default: /* longer than any ring here */
		write_words(run, words);
		words[3] = 0xfffff - choice;
		return refused(verdict, 4);
	}
}

uint32_t take_sdma(struct run *run, uint32_t *words, uint32_t room, struct verdict *verdict)
{
	uint32_t which = take(run->input), count;

	*verdict = (struct verdict){0};
	if (room < 2 * LONGEST)
		return 0;
	if (which >= 224)
		return bad_sdma(run, which, words, verdict);
	count = good_sdma(run, which, words, verdict);
	do_harm(run, words, count);
	return count;
}
