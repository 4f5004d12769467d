// SPDX-License-Identifier: MIT
#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "dxgsim/isa/fma.h"

static void plain_32(struct isa_valu *valu)
{
	ISA_FOR_LANES(valu)
	{
		valu->d->f32[i] = fmaf(valu->a->f32[i], valu->b->f32[i], valu->c->f32[i]);
	}
}

static void plain_64(struct isa_valu *valu)
{
	ISA_FOR_LANES(valu)
	{
		valu->d->f64[i] = fma(valu->a->f64[i], valu->b->f64[i], valu->c->f64[i]);
	}
}

#ifdef __x86_64__

/* In intrinsics: compilers that have to mind the rounding mode do not vectorise calls. */
ISA_WITH_FMA static void fast_32(struct isa_valu *valu)
{
	for (uint32_t i = 0; i < valu->lanes; i += 8) {
		const __m256 a = _mm256_loadu_ps(valu->a->f32 + i);
		const __m256 b = _mm256_loadu_ps(valu->b->f32 + i);
		const __m256 c = _mm256_loadu_ps(valu->c->f32 + i);

		_mm256_storeu_ps(valu->d->f32 + i, _mm256_fmadd_ps(a, b, c));
	}
}

ISA_WITH_FMA static void fast_64(struct isa_valu *valu)
{
	for (uint32_t i = 0; i < valu->lanes; i += 4) {
		const __m256d a = _mm256_loadu_pd(valu->a->f64 + i);
		const __m256d b = _mm256_loadu_pd(valu->b->f64 + i);
		const __m256d c = _mm256_loadu_pd(valu->c->f64 + i);

		_mm256_storeu_pd(valu->d->f64 + i, _mm256_fmadd_pd(a, b, c));
	}
}

#else

#define fast_32 plain_32
#define fast_64 plain_64

#endif

void isa_fused_32(struct isa_valu *valu)
{
	if (isa_has_fma())
		fast_32(valu);
	else
		plain_32(valu);
}

void isa_fused_64(struct isa_valu *valu)
{
	if (isa_has_fma())
		fast_64(valu);
	else
		plain_64(valu);
}
