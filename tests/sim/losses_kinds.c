// SPDX-License-Identifier: MIT
/* What there is of them, and what a program is told of each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>

#include "dxgsim/dxgsim.h"
#include "losses.h"

#define PAUSE_MS 30u

const struct loss_kind loss_kinds[] = {
	{
		.name = "reset",
		.raises = LOSS_RAISES_EXCEPTION,
		.in_calls = true,
		.strike = "reset:adapter=0",
		.bound_ms = 2000,
	},
	{
		/* Windows waits for it, and resets what it runs on */
		.name = "hang",
		.raises = LOSS_RAISES_EXCEPTION,
		.order = LOSS_OF_NEXT,
		.in_calls = true,
		.strike = "hang:adapter=0",
		.on_hws = "hang:adapter=0:node=3", /* compute engines are exempt there */
		.bound_ms = 2000,
	},
	{
		/* an exempt kernel is not waited for: it stands until somebody resets the engine */
		.name = "illegal_instruction",
		.raises = LOSS_RAISES_EXCEPTION,
		.order = LOSS_OF_NEXT,
		.in_calls = true,
		.strike = "illegal:adapter=0",
		.on_hws = "illegal:adapter=0:node=3",
		.bound_ms = 2000,
	},
	{
		.name = "engine_reset",
		.raises = LOSS_RAISES_EXCEPTION,
		.order = LOSS_OF_RUNNING,
		.in_calls = true,
		.strike = "reset:adapter=0:engine",
		.bound_ms = 2000,
	},
	{
		.name = "page_fault_of_a_write",
		.raises = LOSS_RAISES_FAULT,
		.order = LOSS_OF_RUNNING,
		.write = true,
		.in_calls = true,
		.strike = "page-fault:adapter=0:va=0x7f5512346000",
		.bound_ms = 2000,
	},
	{
		.name = "page_fault_of_a_read",
		.raises = LOSS_RAISES_FAULT,
		.order = LOSS_OF_RUNNING,
		.strike = "page-fault:adapter=0:va=0x7f5512346000:read",
		.bound_ms = 2000,
	},
	{
		.name = "remove",
		.raises = LOSS_RAISES_EXCEPTION,
		.in_calls = true,
		.strike = "remove:adapter=0",
		.before_use = "plug:adapter=0",
		.bound_ms = 2000,
	},
	{
		.name = "remove_and_plug",
		.raises = LOSS_RAISES_EXCEPTION,
		.strike = "remove:adapter=0",
		.on_pause = "plug:adapter=0",
		.bound_ms = 2000,
	},
	{
		.name = "driver_restart",
		.raises = LOSS_RAISES_EXCEPTION,
		.in_calls = true,
		.strike = "driver-restart:adapter=0",
		.bound_ms = 2000,
	},
	{
		.name = "sleep",
		.sleeps = true,
		.all = true,
		.in_calls = true,
		.strike = "sleep",
		.on_pause = "resume",
	},
	{
		.name = "sleep_and_lost",
		.raises = LOSS_RAISES_EXCEPTION,
		.sleeps = true,
		.all = true,
		.in_calls = true,
		.strike = "sleep",
		.on_pause = "resume:lost",
		.bound_ms = 2000,
	},
	{
		/* four questions, a second apart, that nobody answers */
		.name = "dead_channel",
		.raises = LOSS_RAISES_EXCEPTION,
		.all = true,
		.for_good = true,
		.strike = "dead-channel",
		.bound_ms = 8000,
	},
	{
		.name = "dead_channel_for_a_while",
		.all = true,
		.in_calls = true,
		.strike = "dead-channel",
		.on_pause = "live-channel",
	},
	{
		.name = "ring_full",
		.fault = true,
		.all = true,
		.strike = "ioctl=ANY:ring-full:count=6",
	},
	{
		.name = "starve",
		.strike = "starve:adapter=0:ms=150",
		.in_calls = true,
	},
	{
		.name = "nothing",
		.strike = NULL,
	},
	{.name = NULL},
};

const char *loss_strike_of(const struct loss_kind *kind, bool hardware)
{
	return hardware && kind->on_hws ? kind->on_hws : kind->strike;
}

void loss_pause_ms(unsigned ms)
{
	const struct timespec pause = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&pause, NULL);
}

void loss_strike(const struct loss_kind *kind, bool hardware)
{
	const char *strike = loss_strike_of(kind, hardware);

	if (strike)
		assert_int_equal(kind->fault ? dxgsim_fault(strike) : dxgsim_control(strike), 0);
	if (kind->on_pause) {
		loss_pause_ms(PAUSE_MS);
		assert_int_equal(dxgsim_control(kind->on_pause), 0);
	}
}
