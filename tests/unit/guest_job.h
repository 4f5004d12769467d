// SPDX-License-Identifier: MIT
/* Words of PM4 jobs that tests of the scheduler put together by hand, for gfx10 and gfx11. */
#ifndef GUEST_JOB_H
#define GUEST_JOB_H

#include <stdbool.h>
#include <stdint.h>

#define GUEST_CODE 0xf000u /* where the kernel is in a guest's memory */

#define LO(va) ((uint32_t)(va))
#define HI(va) ((uint32_t)((va) >> 32))

struct job {
	uint32_t words[512];
	uint32_t count;
};

void job_add(struct job *job, const uint32_t *words, uint32_t count);
#define ADD(job, ...) \
	job_add(job, (const uint32_t[]){__VA_ARGS__}, (uint32_t)(sizeof((const uint32_t[]){__VA_ARGS__}) / 4))

/* Past the L2. */
void job_add_write(struct job *job, uint64_t va, uint32_t value);
void job_add_wait(struct job *job, uint64_t va, uint32_t value);
/* All that a dispatch of the kernel at GUEST_CODE needs. */
void job_add_registers(struct job *job, bool gfx11);
void job_add_dispatch(struct job *job);
void job_add_drain(struct job *job);

struct guest;
/* s_endpgm */
void job_put_kernel(struct guest *whose, bool gfx11);

#endif
