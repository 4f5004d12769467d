// SPDX-License-Identifier: MIT
/*
 * Kernels for every generation and wave size, without a device library: ids come from builtins, sizes are arguments.
 * GROUP work-items in each group, in one dimension unless it says otherwise.
 */
#pragma OPENCL EXTENSION cl_khr_fp16 : enable
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#pragma OPENCL EXTENSION __cl_clang_function_pointers : enable

#define GROUP	 256
#define KERNEL	 __attribute__((reqd_work_group_size(GROUP, 1, 1))) kernel
#define NOINLINE __attribute__((noinline))

#define local_id()  __builtin_amdgcn_workitem_id_x()
#define group_id()  __builtin_amdgcn_workgroup_id_x()
#define global_id() (group_id() * GROUP + local_id())

static void sync(void)
{
	__builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
	__builtin_amdgcn_s_barrier();
	__builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
}

/* ---- one element each ---- */

KERNEL void vector_add(global const float *a, global const float *b, global float *c, uint n)
{
	uint i = global_id();

	if (i < n)
		c[i] = a[i] + b[i];
}

KERNEL void saxpy_float(global const float *x, global float *y, float a, uint n)
{
	uint i = global_id();

	if (i < n)
		y[i] = __builtin_fmaf(a, x[i], y[i]);
}

KERNEL void saxpy_double(global const double *x, global double *y, double a, uint n)
{
	uint i = global_id();

	if (i < n)
		y[i] = __builtin_fma(a, x[i], y[i]);
}

/* Two at a time: packed arithmetic. */
KERNEL void saxpy_half(global const half2 *x, global half2 *y, uint n)
{
	uint i = global_id();
	half2 a = (half2)(1.5h, -0.25h);

	if (i < n)
		y[i] = a * x[i] + y[i];
}

KERNEL void integers(global const uint *x, global const uint *y, global uint *out, uint n)
{
	uint i = global_id();
	uint a, b, r;
	ulong wide;

	if (i >= n)
		return;
	a = x[i];
	b = y[i];
	r = a * b + (a >> (b & 31)) - (b << (a & 31));
	r ^= (uint)((ulong)a * b >> 32);
	r += __builtin_popcount(a) * 3 + __builtin_clz(b | 1) * 5 + __builtin_ctz(a | 0x80000000u) * 7;
	r ^= a / (b | 1) + a % (b | 1);
	r += (uint)((int)a / ((int)(b >> 1) | 1));
	wide = ((ulong)a << 32 | b) * 0x9e3779b97f4a7c15ul;
	wide ^= wide >> (a & 63);
	wide += (long)wide / ((long)(b & 0xffff) + 3);
	r ^= (uint)wide ^ (uint)(wide >> 32);
	r += a > b ? (a < 1000 ? b : a ^ 0x55aa55aau) : (uint)((int)a < (int)b);
	out[i] = r;
}

KERNEL void divide(global const float *x, global const double *y, global float *single, global double *wide, uint n)
{
	uint i = global_id();

	if (i >= n)
		return;
	single[i] = x[i] / x[n - 1 - i];
	wide[i] = y[i] / y[n - 1 - i];
}

KERNEL void convert(global const float *x, global int *ints, global uint *uints, global ushort *halves, global float *back,
		    uint n)
{
	uint i = global_id();
	half h;

	if (i >= n)
		return;
	ints[i] = (int)x[i];
	uints[i] = (uint)__builtin_fabsf(x[i]);
	h = (half)x[i];
	halves[i] = __builtin_astype(h, ushort);
	back[i] = (float)ints[i] + (float)h + (float)(double)uints[i];
}

/* ---- groups ---- */

#define TILE 16

__attribute__((reqd_work_group_size(TILE, TILE, 1))) kernel void matrix_multiply(global const float *a, global const float *b,
										  global float *c, uint n)
{
	local float tile_a[TILE][TILE], tile_b[TILE][TILE];
	uint x = local_id(), y = __builtin_amdgcn_workitem_id_y();
	uint column = group_id() * TILE + x, row = __builtin_amdgcn_workgroup_id_y() * TILE + y;
	float sum = 0;

	for (uint k = 0; k < n; k += TILE) {
		tile_a[y][x] = row < n && k + x < n ? a[row * n + k + x] : 0;
		tile_b[y][x] = column < n && k + y < n ? b[(k + y) * n + column] : 0;
		sync();
		for (uint i = 0; i < TILE; i++)
			sum = __builtin_fmaf(tile_a[y][i], tile_b[i][x], sum);
		sync();
	}
	if (row < n && column < n)
		c[row * n + column] = sum;
}

static int shuffle(int value, uint lane)
{
	return __builtin_amdgcn_ds_bpermute((int)(lane * 4), value);
}

static uint lane_id(void)
{
	return __builtin_amdgcn_mbcnt_hi(~0u, __builtin_amdgcn_mbcnt_lo(~0u, 0));
}

/* Within rows of 32 lanes by shuffles, between them through LDS. */
KERNEL void reduce(global const int *in, global int *out, uint n)
{
	local int sums[GROUP / 32];
	uint i = global_id(), lane = lane_id();
	int sum = i < n ? in[i] : 0;

	for (uint step = 16; step; step >>= 1)
		sum += shuffle(sum, lane ^ step);
	if (local_id() % 32 == 0)
		sums[local_id() / 32] = sum;
	sync();
	if (local_id() == 0) {
		sum = 0;
		for (uint k = 0; k < GROUP / 32; k++)
			sum += sums[k];
		__opencl_atomic_fetch_add((global atomic_int *)out, sum, memory_order_relaxed, memory_scope_device);
	}
}

/* By DPP: quads and rows, as compilers do for reductions. */
KERNEL void row_sums(global const int *in, global int *out, uint n)
{
	uint i = global_id();
	int sum = i < n ? in[i] : 0;

	sum += __builtin_amdgcn_update_dpp(0, sum, 0xb1, 0xf, 0xf, true);  /* quad_perm 1 0 3 2 */
	sum += __builtin_amdgcn_update_dpp(0, sum, 0x4e, 0xf, 0xf, true);  /* quad_perm 2 3 0 1 */
	sum += __builtin_amdgcn_update_dpp(0, sum, 0x141, 0xf, 0xf, true); /* row_half_mirror */
	sum += __builtin_amdgcn_update_dpp(0, sum, 0x140, 0xf, 0xf, true); /* row_mirror */
	sum += __builtin_amdgcn_ds_swizzle(sum, 0x401f);		   /* swap rows of 16 */
	if (i < n)
		out[i] = sum;
}

KERNEL void histogram(global const uint *in, global uint *out, uint n)
{
	local atomic_uint bins[64];
	uint i = global_id();

	if (local_id() < 64)
		__opencl_atomic_store(&bins[local_id()], 0, memory_order_relaxed, memory_scope_work_group);
	sync();
	if (i < n)
		__opencl_atomic_fetch_add(&bins[in[i] % 64], 1, memory_order_relaxed, memory_scope_work_group);
	sync();
	if (local_id() < 64)
		__opencl_atomic_fetch_add((global atomic_uint *)out + local_id(),
					  __opencl_atomic_load(&bins[local_id()], memory_order_relaxed, memory_scope_work_group),
					  memory_order_relaxed, memory_scope_device);
}

KERNEL void atomics(global uint *words, global ulong *wide, global float *floats, uint n)
{
	uint i = global_id();
	uint old;

	if (i >= n)
		return;
	__opencl_atomic_fetch_add((global atomic_uint *)words, i, memory_order_relaxed, memory_scope_device);
	__opencl_atomic_fetch_sub((global atomic_uint *)words + 1, i, memory_order_relaxed, memory_scope_device);
	__opencl_atomic_fetch_and((global atomic_uint *)words + 2, ~(1u << i % 32), memory_order_relaxed, memory_scope_device);
	__opencl_atomic_fetch_or((global atomic_uint *)words + 3, 1u << i % 32, memory_order_relaxed, memory_scope_device);
	__opencl_atomic_fetch_xor((global atomic_uint *)words + 4, i * 0x01000193u, memory_order_relaxed, memory_scope_device);
	__opencl_atomic_fetch_min((global atomic_uint *)words + 5, i ^ 0x155u, memory_order_relaxed, memory_scope_device);
	__opencl_atomic_fetch_max((global atomic_int *)words + 6, (int)(i ^ 0x2aau), memory_order_relaxed, memory_scope_device);
	__opencl_atomic_fetch_add((global atomic_ulong *)wide, (ulong)i << 30, memory_order_relaxed, memory_scope_device);
	__opencl_atomic_fetch_max((global atomic_ulong *)wide + 1, (ulong)i << 40 | i, memory_order_relaxed, memory_scope_device);
	old = __opencl_atomic_load((global atomic_uint *)words + 7, memory_order_relaxed, memory_scope_device);
	while (!__opencl_atomic_compare_exchange_strong((global atomic_uint *)words + 7, &old, old * 3 + 1,
							memory_order_relaxed, memory_order_relaxed, memory_scope_device))
		;
	words[16 + i] = __opencl_atomic_exchange((global atomic_uint *)words + 8, i, memory_order_relaxed, memory_scope_device);
	__opencl_atomic_fetch_add((global atomic_float *)floats, 0.5f, memory_order_relaxed, memory_scope_device);
}

/* Inclusive, in every group. */
KERNEL void scan(global const uint *in, global uint *out, uint n)
{
	local uint sums[GROUP];
	uint i = global_id(), id = local_id();
	uint sum = i < n ? in[i] : 0;

	for (uint step = 1; step < GROUP; step <<= 1) {
		sums[id] = sum;
		sync();
		if (id >= step)
			sum += sums[id - step];
		sync();
	}
	if (i < n)
		out[i] = sum;
}

KERNEL void bitonic_sort(global uint *data)
{
	local uint keys[GROUP];
	uint id = local_id();

	keys[id] = data[global_id()];
	for (uint size = 2; size <= GROUP; size <<= 1)
		for (uint step = size / 2; step; step >>= 1) {
			uint other = id ^ step;

			sync();
			if (other > id && (keys[id] > keys[other]) == ((id & size) == 0)) {
				uint key = keys[id];

				keys[id] = keys[other];
				keys[other] = key;
			}
		}
	sync();
	data[global_id()] = keys[id];
}

/* 8 x 4 x 4 work-items; the last groups of each dimension are partly outside. */
__attribute__((reqd_work_group_size(8, 4, 4))) kernel void stencil(global const float *in, global float *out, int nx, int ny,
								    int nz)
{
	int x = (int)(group_id() * 8 + local_id());
	int y = (int)(__builtin_amdgcn_workgroup_id_y() * 4 + __builtin_amdgcn_workitem_id_y());
	int z = (int)(__builtin_amdgcn_workgroup_id_z() * 4 + __builtin_amdgcn_workitem_id_z());
	int at = (z * ny + y) * nx + x;
	float sum;

	if (x >= nx || y >= ny || z >= nz)
		return;
	sum = -6.0f * in[at];
	sum += x ? in[at - 1] : 0;
	sum += x + 1 < nx ? in[at + 1] : 0;
	sum += y ? in[at - nx] : 0;
	sum += y + 1 < ny ? in[at + nx] : 0;
	sum += z ? in[at - nx * ny] : 0;
	sum += z + 1 < nz ? in[at + nx * ny] : 0;
	out[at] = sum;
}

KERNEL void bodies(global const float4 *positions, global float4 *out, uint n)
{
	uint i = global_id();
	float4 p, sum = 0;

	if (i >= n)
		return;
	p = positions[i];
	for (uint k = 0; k < n; k++) {
		float4 d = positions[k] - p;
		float r2 = d.x * d.x + d.y * d.y + d.z * d.z + 0.01f;
		float inverse = __builtin_amdgcn_rsqf(r2);
		float weight = positions[k].w * inverse * inverse * inverse;

		sum.x += weight * d.x;
		sum.y += weight * d.y;
		sum.z += weight * d.z;
	}
	sum.w = __builtin_amdgcn_exp2f(-p.w) + __builtin_amdgcn_logf(1.0f + p.w) + __builtin_amdgcn_sinf(p.w) * __builtin_amdgcn_cosf(p.w);
	out[i] = sum;
}

/* ---- stacks ---- */

KERNEL void private_array(global const uint *in, global uint *out, uint n)
{
	uint values[48];
	uint i = global_id();
	uint sum = 0;

	if (i >= n)
		return;
	for (uint k = 0; k < 48; k++)
		values[k] = in[(i + k * 7) % n];
	for (uint k = 0; k < 96; k++) {
		uint at = (in[(i + k) % n] + k) % 48;

		values[at] = values[at] * 5 + values[(at + 11) % 48];
	}
	for (uint k = 0; k < 48; k++)
		sum = sum * 31 + values[k];
	out[i] = sum;
}

NOINLINE static uint deep(uint value, uint depth, private uint *trace)
{
	uint frame[4];
	uint below;

	for (uint k = 0; k < 4; k++)
		frame[k] = value * (k + 1) + depth;
	trace[depth % 8] ^= frame[value % 4];
	if (!depth)
		return frame[value & 3];
	below = deep(value * 1664525u + 1013904223u, depth - 1, trace);
	return (below << 3 | below >> 29) + frame[below & 3];
}

KERNEL void call_stack(global const uint *in, global uint *out, uint n)
{
	uint trace[8] = {0};
	uint i = global_id();
	uint result;

	if (i >= n)
		return;
	result = deep(in[i], 5 + in[i] % 7, trace);
	for (uint k = 0; k < 8; k++)
		result = result * 17 + trace[k];
	out[i] = result;
}

NOINLINE static uint twist(uint value)
{
	return value * 2654435761u ^ value >> 7;
}

NOINLINE static uint turn(uint value)
{
	return (value << 13 | value >> 19) + 0x7f4a7c15u;
}

NOINLINE static uint fold(uint value)
{
	return (value ^ value >> 16) * 0x85ebca6bu;
}

KERNEL void function_pointers(global const uint *in, global uint *out, uint n)
{
	uint (*const table[3])(uint) = {twist, turn, fold};
	uint i = global_id();
	uint value;

	if (i >= n)
		return;
	value = in[i];
	for (uint k = 0; k < 4; k++)
		value = table[value % 3](value);
	out[i] = value;
}

/* Pointers that may be into LDS, scratch or global memory. */
NOINLINE static uint through(volatile uint *words, uint n)
{
	uint sum = 0;

	for (uint k = 0; k < n; k++)
		sum = sum * 33 + words[k];
	words[0] = sum;
	return sum;
}

KERNEL void flat_pointers(global uint *in, global uint *out, uint n)
{
	local uint shared[GROUP * 2];
	uint own[8];
	uint i = global_id(), id = local_id();

	if (i >= n)
		return;
	shared[id * 2] = in[i * 2];
	shared[id * 2 + 1] = in[i * 2 + 1];
	for (uint k = 0; k < 8; k++)
		own[k] = in[i * 2] * (k + 3);
	out[i] = through((volatile uint *)&shared[id * 2], 2) ^ through((volatile uint *)own, 8) ^
		 through((volatile uint *)&in[i * 2], 2) ^ own[0] ^ shared[id * 2];
}
