// SPDX-License-Identifier: MIT
/*
 * Work for a simulated GPU by way of the library's own modules: command buffers that write, copy and wait for words
 * of memory.  For tests in which the GPU has to touch memory, at a moment the test chooses.
 *
 * Words are of 4 bytes, addresses those of the GPU.  What cannot be said is told by gpu_work_submit().
 */
#ifndef TESTS_SIM_GPU_WORK_H
#define TESTS_SIM_GPU_WORK_H

#include "pm4/pm4.h"
#include "queue/channel.h"

#define GPU_WORK_PATIENCE_NS 20000000000ull

struct gpu_work {
	struct gsp_device *device;
	struct memory *memory;
	struct channel *channel;
	char *frames; /* command buffers in turn */
	enum pm4_generation generation;
	uint32_t ib_size;
	uint64_t submitted;	  /* ordinal of the last */
	struct pm4_buffer buffer; /* the next one */
};

/*
 * Opens a way to options->engine.  An empty submission is done when this returns, so that what follows is not charged with
 * the command buffers' own page tables.  On failure nothing is left open.
 */
int gpu_work_open(struct gpu_work *work, const struct channel_options *options);
/* Also amid work, which ends with it.  0 or the first error. */
int gpu_work_close(struct gpu_work *work);

void gpu_work_write(struct gpu_work *work, uint64_t to, uint32_t value);
void gpu_work_copy(struct gpu_work *work, uint64_t to, uint64_t from);
/* Holds the engine until the word has this value; gfx9 and gfx12 do not see it behind a line that they have read. */
void gpu_work_wait_equal(struct gpu_work *work, uint64_t at, uint32_t value);
/* Writes when all before it is done and can be seen by the CPU, as this then can. */
void gpu_work_tell(struct gpu_work *work, uint64_t to, uint32_t value);

/*
 * 0 and the ordinal, or the first error since the last call; the next commands are of a new submission in any case.
 * -EFAULT: a page fault, -ENODEV: another loss.
 */
int gpu_work_submit(struct gpu_work *work, uint64_t *ordinal);
/* channel_wait(), as long as a test may take; errors are told apart like above. */
int gpu_work_wait(struct gpu_work *work, uint64_t ordinal);
/* Both. */
int gpu_work_run(struct gpu_work *work);

#endif
