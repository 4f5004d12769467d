// SPDX-License-Identifier: MIT
/*
 * Operations across the lanes of a wave and the items of a group: on GPUs what the compiler has for them, on the host a
 * model that is given all items at once.  Sources: AMD's ISA documents, "DPP", "DS_SWIZZLE_B32", "V_PERMLANE16_B32";
 * LLVM AMDGPU usage.
 */
#ifndef TESTS_UNIT_ISA_RANDOM_WAVE_H
#define TESTS_UNIT_ISA_RANDOM_WAVE_H

#if DEVICE

static LOCAL u32 lds_words[ITEMS_MAX * 4] __attribute__((loader_uninitialized));

static LOCAL u32 lds_own[ITEMS_MAX * OWN_WORDS] __attribute__((loader_uninitialized));

#define LDS(type) ((LOCAL type *)lds_words)

INLINE void sync(void)
{
	__builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
	__builtin_amdgcn_s_barrier();
	__builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
}

#define WAVE_DPP(old, src, ctrl, rows, banks, bound) \
	(u32) __builtin_amdgcn_update_dpp((i32)(old), (i32)(src), ctrl, rows, banks, bound)
#define WAVE_DPP8(old, src, select)	__builtin_amdgcn_mov_dpp8(src, select)
#define WAVE_SWIZZLE(old, src, pattern) (u32) __builtin_amdgcn_ds_swizzle((i32)(src), pattern)
/* before gfx12 within 32 lanes only */
#define WAVE_BPERMUTE(old, src) \
	(u32) __builtin_amdgcn_ds_bpermute((i32)(((old)&124) | (lane_id() & 32) << 2), (i32)(src))
#define WAVE_PERMUTE(old, src, flip) \
	(u32) __builtin_amdgcn_ds_permute((i32)((lane_id() ^ (flip)) * 4), (i32)(src))
#define WAVE_PERMLANE(old, src, low, high)  __builtin_amdgcn_permlane16(old, src, low, high, 0, 0)
#define WAVE_PERMLANEX(old, src, low, high) __builtin_amdgcn_permlanex16(old, src, low, high, 0, 0)
#define WAVE_READLANE(old, src, lane)	    (u32) __builtin_amdgcn_readlane((i32)(src), lane)
#define WAVE_FIRST(old, src)		    (u32) __builtin_amdgcn_readfirstlane((i32)(src))

INLINE u32 lane_id(void)
{
	return __builtin_amdgcn_mbcnt_hi(~0u, __builtin_amdgcn_mbcnt_lo(~0u, 0));
}

INLINE u32 wave_ballot(u32 src)
{
#if __AMDGCN_WAVEFRONT_SIZE__ == 64
	u64 mask = __builtin_amdgcn_ballot_w64(src & 1);
	return (u32)mask ^ (u32)(mask >> 32) * 3;
#else
	return __builtin_amdgcn_ballot_w32(src & 1);
#endif
}

#define WAVE_BALLOT(old, src) wave_ballot(src)
#define WAVE_COUNT(old, src)  __builtin_amdgcn_mbcnt_hi(src, __builtin_amdgcn_mbcnt_lo(old, 5))

#else

static u32 wave_size;

/* What is the same for all items of an operation. */
struct wave {
	u32 items;
	u8 active[ITEMS_MAX];
	u32 old[ITEMS_MAX], src[ITEMS_MAX], dst[ITEMS_MAX];
};

INLINE u32 wave_is_active(const struct wave *w, u32 item)
{
	return item < w->items && w->active[item];
}

#define FOR_ACTIVE(w, i)                     \
	for (u32 i = 0; i < (w)->items; i++) \
		if ((w)->active[i])

/* From a lane of the same row; ~0: none */
INLINE u32 dpp_source(u32 lane, u32 ctrl)
{
	u32 n = ctrl & 15;

	if (ctrl < 0x100)
		return (lane & ~3u) | (ctrl >> ((lane & 3) * 2) & 3);
	switch (ctrl >> 4) {
	case 0x10:
		return lane + n > 15 ? ~0u : lane + n;
	case 0x11:
		return lane < n ? ~0u : lane - n;
	case 0x12:
		return (lane - n) & 15;
	case 0x14:
		return n == 0 ? lane ^ 15 : lane ^ 7;
	case 0x15:
		return n;
	default:
		return lane ^ n;
	}
}

UNUSED static void wave_dpp(struct wave *w, u32 ctrl, u32 rows, u32 banks, u32 bound)
{
	FOR_ACTIVE(w, i)
	{
		u32 lane = i % wave_size, source = dpp_source(lane & 15, ctrl);
		u32 from = i - (lane & 15) + source;

		if (!(rows >> (lane / 16) & 1) || !(banks >> (lane % 16 / 4) & 1))
			w->dst[i] = w->old[i];
		else if (source != ~0u && wave_is_active(w, from))
			w->dst[i] = w->src[from];
		else
			w->dst[i] = bound ? 0 : w->old[i];
	}
}

UNUSED static void wave_from(struct wave *w, u32 item, u32 from)
{
	w->dst[item] = wave_is_active(w, from) ? w->src[from] : 0;
}

UNUSED static void wave_dpp8(struct wave *w, u32 select)
{
	FOR_ACTIVE(w, i)
	wave_from(w, i, (i & ~7u) | (select >> ((i & 7) * 3) & 7));
}

UNUSED static void wave_swizzle(struct wave *w, u32 pattern)
{
	FOR_ACTIVE(w, i)
	{
		if (pattern & 0x8000)
			wave_from(w, i, (i & ~3u) | (pattern >> ((i & 3) * 2) & 3));
		else
			wave_from(w, i,
				  (i & ~31u) | ((((i & 31) & (pattern & 31)) | (pattern >> 5 & 31)) ^
						(pattern >> 10 & 31)));
	}
}

UNUSED static void wave_bpermute(struct wave *w)
{
	FOR_ACTIVE(w, i)
	wave_from(w, i, (i & ~31u) | (w->old[i] >> 2 & 31));
}

UNUSED static void wave_permute(struct wave *w, u32 flip)
{
	FOR_ACTIVE(w, i)
	wave_from(w, i, i ^ flip);
}

UNUSED static void wave_permlane(struct wave *w, u32 low, u32 high, u32 other)
{
	u64 select = (u64)high << 32 | low;

	FOR_ACTIVE(w, i)
	{
		u32 from = ((i & ~15u) ^ other) | (u32)(select >> ((i & 15) * 4) & 15);

		w->dst[i] = wave_is_active(w, from) ? w->src[from] : w->old[i];
	}
}

UNUSED static void wave_readlane(struct wave *w, u32 lane)
{
	FOR_ACTIVE(w, i)
	w->dst[i] = w->src[i - i % wave_size + lane];
}

/* Of all that are active in the wave: the first, or a bit of each. */
UNUSED static void wave_reduce(struct wave *w, u32 which)
{
	FOR_ACTIVE(w, i)
	{
		u32 base = i - i % wave_size, first = ~0u;
		u64 ballot = 0;

		for (u32 j = base; j < base + wave_size; j++) {
			if (!wave_is_active(w, j))
				continue;
			if (first == ~0u)
				first = j;
			ballot |= (u64)(w->src[j] & 1) << (j - base);
		}
		w->dst[i] = which == 0 ? w->src[first] : (u32)ballot ^ (u32)(ballot >> 32) * 3;
	}
}

UNUSED static void wave_count(struct wave *w)
{
	FOR_ACTIVE(w, i)
	{
		u32 lane = i % wave_size;
		u32 low = lane < 32 ? (1u << lane) - 1 : ~0u,
		    high = lane > 32 ? (u32)((1ull << (lane - 32)) - 1) : 0;

		w->dst[i] = 5 + (u32)__builtin_popcount(w->old[i] & low) +
			    (u32)__builtin_popcount(w->src[i] & high);
	}
}

#endif
#endif
