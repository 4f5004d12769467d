// SPDX-License-Identifier: MIT
#include "guest_job.h"

#include <string.h>

#include "dxgsim_vidsch_guest.h"

void job_add(struct job *job, const uint32_t *words, uint32_t count)
{
	assert_true(job->count + count <= sizeof(job->words) / sizeof(job->words[0]));
	memcpy(job->words + job->count, words, count * sizeof(*words));
	job->count += count;
}

void job_add_write(struct job *job, uint64_t va, uint32_t value)
{
	ADD(job, 0xc0033700, 0x06100500, LO(va), HI(va), value);
}

void job_add_wait(struct job *job, uint64_t va, uint32_t value)
{
	ADD(job, 0xc0053c00, 0x13, LO(va), HI(va), value, ~0u, 4);
}

void job_add_registers(struct job *job, bool gfx11)
{
	const uint64_t code = (GUEST_BASE + GUEST_CODE) >> 8;

	ADD(job, 0xc0037602, 0x207, 64, 1, 1);
	ADD(job, 0xc0027602, 0x20c, LO(code), HI(code));
	ADD(job, 0xc0027602, 0x212, 0x40000003, 2 << 1 | 1 << 7);
	ADD(job, 0xc0067602, 0x215, 0x3ff, ~0u, ~0u, 0, ~0u, ~0u);
	ADD(job, 0xc0017602, 0x228, 0);
	/* gfx10 has no more than four shader engines, the RX 7900 has six */
	if (gfx11)
		ADD(job, 0xc0047602, 0x22b, ~0u, ~0u, ~0u, ~0u);
	ADD(job, 0xc0027602, 0x240, 1, 2);
}

void job_add_dispatch(struct job *job)
{
	ADD(job, 0xc0031502, 64, 1, 1, 0x25);
}

void job_add_drain(struct job *job)
{
	ADD(job, 0xc0004602, 0x407);
}

void job_put_kernel(struct guest *whose, bool gfx11)
{
	const uint32_t end = gfx11 ? 0xbfb00000 : 0xbf810000;

	memcpy(whose->memory + GUEST_CODE, &end, sizeof(end));
}
