// SPDX-License-Identifier: MIT
/*
 * Real kernels (cl/kernels.cl), launched by AQL packets through the public API: what they leave in memory is what the CPU
 * computes.  Arguments: adapters, code object.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aql_user.h"
#include "code_object.h"

#define GROUP	256u
#define N	5000u /* no multiple of a group */
#define TIMEOUT 60000u
#define STACK	4096u /* bytes of a work-item for kernels that call */

static const char *adapters, *object_path;

static struct {
	struct aql_bench bench;
	struct aql_queue queue;
	struct code_object object;
	char *kernarg;
	uint32_t kernarg_used;
	uint32_t seed;
} test;

static int setup(void **state)
{
	(void)state;
	aql_bench_open(&test.bench, adapters);
	aql_open(&test.queue, &test.bench.machine, test.bench.node, 64);
	test.object = code_object_load(&test.bench.machine, object_path);
	test.kernarg = aql_alloc(&test.bench.machine, 4096, false);
	test.kernarg_used = 0;
	test.seed = 1;
	return 0;
}

static int teardown(void **state)
{
	aql_close(&test.queue);
	aql_free(test.kernarg);
	code_object_unload(&test.object);
	aql_bench_close(&test.bench);
	return machine_teardown(state);
}

/* ---- memory and launches ---- */

static void *words(size_t bytes)
{
	return aql_alloc(&test.bench.machine, bytes, false);
}

static uint32_t next_random(void)
{
	test.seed = test.seed * 1664525u + 1013904223u;
	return test.seed ^ test.seed >> 15;
}

static uint32_t *random_words(uint32_t count)
{
	uint32_t *memory = words(count * sizeof(*memory));

	for (uint32_t i = 0; i < count; i++)
		memory[i] = next_random();
	return memory;
}

/* From -scale to scale. */
static float random_float(float scale)
{
	return ((float)(next_random() >> 8) / 8388608.0f - 1.0f) * scale;
}

static float *random_floats(uint32_t count, float scale)
{
	float *memory = words(count * sizeof(*memory));

	for (uint32_t i = 0; i < count; i++)
		memory[i] = random_float(scale);
	return memory;
}

static void argument(const void *value, uint32_t bytes)
{
	uint32_t at = (test.kernarg_used + bytes - 1) / bytes * bytes;

	memcpy(test.kernarg + at, value, bytes);
	test.kernarg_used = at + bytes;
}

static void pointer(const void *memory)
{
	uint64_t address = (uint64_t)(uintptr_t)memory;

	argument(&address, sizeof(address));
}

static void number(uint32_t value)
{
	argument(&value, sizeof(value));
}

/* With the arguments given since the last; waits for its end. */
static void launch_grid(const char *name, const uint16_t group[3], const uint32_t grid[3], uint32_t stack)
{
	struct aql_signal *done = aql_bench_arm(&test.bench, 0, 1);
	uint64_t kernel = code_object_kernel(&test.object, name);
	const uint32_t *descriptor = (const uint32_t *)(uintptr_t)kernel;
	struct aql_packet packet = aql_dispatch(kernel, done);

	memcpy(packet.group, group, sizeof(packet.group));
	memcpy(packet.grid, grid, sizeof(packet.grid));
	packet.setup = 3;
	packet.kernarg = (uint64_t)(uintptr_t)test.kernarg;
	packet.group_bytes = descriptor[0];
	packet.private_bytes = descriptor[1] > stack ? descriptor[1] : stack;
	aql_send(&test.queue, &packet);
	if (!aql_wait(done, 0, TIMEOUT))
		fail_msg("%s does not end (queue's error: %lld)", name, (long long)*test.queue.error);
	assert_int_equal(*test.queue.error, 0);
	memset(test.kernarg, 0, 4096);
	test.kernarg_used = 0;
}

static void launch(const char *name, uint32_t items)
{
	const uint32_t grid[3] = {(items + GROUP - 1) / GROUP * GROUP, 1, 1};

	launch_grid(name, (const uint16_t[3]){GROUP, 1, 1}, grid, 0);
}

static void launch_calling(const char *name, uint32_t items)
{
	const uint32_t grid[3] = {(items + GROUP - 1) / GROUP * GROUP, 1, 1};

	launch_grid(name, (const uint16_t[3]){GROUP, 1, 1}, grid, STACK);
}

static void must_equal(const uint32_t *got, uint32_t i, uint32_t wanted)
{
	if (got[i] != wanted)
		fail_msg("element %u is 0x%08x instead of 0x%08x", i, got[i], wanted);
}

static void must_equal_float(const float *got, uint32_t i, float wanted)
{
	if (memcmp(&got[i], &wanted, sizeof(wanted)))
		fail_msg("element %u is %a instead of %a", i, (double)got[i], (double)wanted);
}

static void must_be_near(double got, uint32_t i, double wanted, double error)
{
	if (!(fabs(got - wanted) <= error))
		fail_msg("element %u is %.9g instead of %.9g", i, got, wanted);
}

/* ---- one element each ---- */

static void sums_of_vectors(void **state)
{
	float *a = random_floats(N, 1000), *b = random_floats(N, 1), *c = words(N * sizeof(*c));

	(void)state;
	pointer(a), pointer(b), pointer(c), number(N);
	launch("vector_add", N);
	for (uint32_t i = 0; i < N; i++)
		must_equal_float(c, i, a[i] + b[i]);
	aql_free(a), aql_free(b), aql_free(c);
}

static void saxpy_in_float(void **state)
{
	float *x = random_floats(N, 10), *y = random_floats(N, 10), *before = malloc(N * sizeof(*y));
	float a = 1.0f / 3;

	(void)state;
	assert_non_null(before);
	memcpy(before, y, N * sizeof(*y));
	pointer(x), pointer(y), argument(&a, 4), number(N);
	launch("saxpy_float", N);
	for (uint32_t i = 0; i < N; i++)
		must_equal_float(y, i, fmaf(a, x[i], before[i]));
	aql_free(x), aql_free(y), free(before);
}

static void saxpy_in_double(void **state)
{
	double *x = words(N * sizeof(*x)), *y = words(N * sizeof(*y)), *before = malloc(N * sizeof(*y));
	double a = 1.0 / 7, wanted;

	(void)state;
	assert_non_null(before);
	for (uint32_t i = 0; i < N; i++) {
		x[i] = (double)random_float(1e30f) * 1e-20 + (double)random_float(1);
		before[i] = y[i] = (double)random_float(1e3f) / 3;
	}
	pointer(x), pointer(y), argument(&a, 8), number(N);
	launch("saxpy_double", N);
	for (uint32_t i = 0; i < N; i++) {
		wanted = fma(a, x[i], before[i]);
		if (memcmp(&y[i], &wanted, sizeof(wanted)))
			fail_msg("element %u is %a instead of %a", i, y[i], wanted);
	}
	aql_free(x), aql_free(y), free(before);
}

/* The half nearest to a value of the normal range, ties to even. */
static uint16_t half_of(double value)
{
	int exponent;
	double fraction = frexp(fabs(value), &exponent); /* 0.5 to 1 */
	uint32_t sign = signbit(value) ? 0x8000 : 0;
	double mantissa;

	if (value == 0)
		return (uint16_t)sign;
	if (exponent < -13) { /* denormal: units of 2^-24 */
		mantissa = nearbyint(ldexp(fabs(value), 24));
		return (uint16_t)(sign | (uint32_t)mantissa);
	}
	mantissa = nearbyint(ldexp(fraction, 11)); /* 1024 to 2048 */
	if (mantissa >= 2048) {
		mantissa = 1024;
		exponent++;
	}
	if (exponent > 16)
		return (uint16_t)(sign | 0x7c00);
	return (uint16_t)(sign | (uint32_t)(exponent + 14) << 10 | ((uint32_t)mantissa & 1023));
}

static double double_of(uint16_t half)
{
	double value = half & 1023;
	int exponent = half >> 10 & 31;

	value = exponent ? ldexp(value + 1024, exponent - 25) : ldexp(value, -24);
	return half & 0x8000 ? -value : value;
}

/* Values whose results are halves, so that nothing is rounded. */
static void saxpy_in_half(void **state)
{
	uint16_t *x = words(N * 2 * sizeof(*x)), *y = words(N * 2 * sizeof(*y));
	double *before = malloc(N * 2 * sizeof(*before));

	(void)state;
	assert_non_null(before);
	for (uint32_t i = 0; i < N * 2; i++) {
		x[i] = half_of((double)(next_random() % 128) - 64);
		before[i] = ((double)(next_random() % 256) - 128) / 4;
		y[i] = half_of(before[i]);
	}
	pointer(x), pointer(y), number(N);
	launch("saxpy_half", N);
	for (uint32_t i = 0; i < N * 2; i++)
		must_be_near(double_of(y[i]), i, (i % 2 ? -0.25 : 1.5) * double_of(x[i]) + before[i], 0);
	aql_free(x), aql_free(y), free(before);
}

static uint32_t integers_of(uint32_t a, uint32_t b)
{
	uint32_t r = a * b + (a >> (b & 31)) - (b << (a & 31));
	uint64_t wide;

	r ^= (uint32_t)((uint64_t)a * b >> 32);
	r += (uint32_t)__builtin_popcount(a) * 3 + (uint32_t)__builtin_clz(b | 1) * 5 +
	     (uint32_t)__builtin_ctz(a | 0x80000000u) * 7;
	r ^= a / (b | 1) + a % (b | 1);
	r += (uint32_t)((int32_t)a / ((int32_t)(b >> 1) | 1));
	wide = ((uint64_t)a << 32 | b) * 0x9e3779b97f4a7c15ull;
	wide ^= wide >> (a & 63);
	wide += (uint64_t)((int64_t)wide / ((int64_t)(b & 0xffff) + 3));
	r ^= (uint32_t)wide ^ (uint32_t)(wide >> 32);
	return r + (a > b ? (a < 1000 ? b : a ^ 0x55aa55aau) : (uint32_t)((int32_t)a < (int32_t)b));
}

static void integer_arithmetic(void **state)
{
	uint32_t *a = random_words(N), *b = random_words(N), *out = words(N * sizeof(*out));

	(void)state;
	for (uint32_t i = 0; i < N; i += 7) {
		a[i] >>= i % 32;
		b[i] = i % 3 ? b[i] >> (i / 3 % 32) : a[i];
	}
	pointer(a), pointer(b), pointer(out), number(N);
	launch("integers", N);
	for (uint32_t i = 0; i < N; i++)
		must_equal(out, i, integers_of(a[i], b[i]));
	aql_free(a), aql_free(b), aql_free(out);
}

/* OpenCL C: 2.5 ulp for float unless it is asked for more; double is rounded correctly. */
static void divisions(void **state)
{
	float *x = random_floats(N, 1e6f), *single = words(N * sizeof(*single));
	double *y = words(N * sizeof(*y)), *wide = words(N * sizeof(*wide));
	double wanted;

	(void)state;
	for (uint32_t i = 0; i < N; i++) {
		x[i] = x[i] == 0 ? 1 : ldexpf(x[i], (int)(i % 40) - 20);
		y[i] = ldexp((double)x[i] * 1.1, (int)(i % 900) - 450);
	}
	pointer(x), pointer(y), pointer(single), pointer(wide), number(N);
	launch("divide", N);
	for (uint32_t i = 0; i < N; i++) {
		wanted = (double)x[i] / (double)x[N - 1 - i];
		must_be_near((double)single[i], i, wanted, fabs(wanted) * 2.5 * 0x1p-23);
		wanted = y[i] / y[N - 1 - i];
		if (memcmp(&wide[i], &wanted, sizeof(wanted)))
			fail_msg("double %u is %a instead of %a", i, wide[i], wanted);
	}
	aql_free(x), aql_free(y), aql_free(single), aql_free(wide);
}

static void conversions(void **state)
{
	float *x = random_floats(N, 60000), *back = words(N * sizeof(*back));
	int32_t *ints = words(N * sizeof(*ints));
	uint32_t *uints = words(N * sizeof(*uints));
	uint16_t *halves = words(N * sizeof(*halves));
	float wanted;

	(void)state;
	for (uint32_t i = 0; i < N; i += 2)
		x[i] = ldexpf(x[i], -(int)(i % 40));
	pointer(x), pointer(ints), pointer(uints), pointer(halves), pointer(back), number(N);
	launch("convert", N);
	for (uint32_t i = 0; i < N; i++) {
		must_equal((uint32_t *)ints, i, (uint32_t)(int32_t)x[i]);
		must_equal(uints, i, (uint32_t)fabsf(x[i]));
		assert_int_equal(halves[i], half_of((double)x[i]));
		wanted = (float)(int32_t)x[i] + (float)double_of(half_of((double)x[i])) + (float)uints[i];
		must_equal_float(back, i, wanted);
	}
	aql_free(x), aql_free(back), aql_free(ints), aql_free(uints), aql_free(halves);
}

/* ---- groups ---- */

#define TILE 16u

static void matrix_product_through_lds(void **state)
{
	const uint32_t n = 61;
	const uint32_t side = (n + TILE - 1) / TILE * TILE;
	float *a = random_floats(n * n, 2), *b = random_floats(n * n, 2), *c = words(n * n * sizeof(*c));

	(void)state;
	pointer(a), pointer(b), pointer(c), number(n);
	launch_grid("matrix_multiply", (const uint16_t[3]){TILE, TILE, 1}, (const uint32_t[3]){side, side, 1},
		    0);
	for (uint32_t i = 0; i < n * n; i++) {
		float sum = 0;

		for (uint32_t k = 0; k < n; k++)
			sum = fmaf(a[i / n * n + k], b[k * n + i % n], sum);
		must_equal_float(c, i, sum);
	}
	aql_free(a), aql_free(b), aql_free(c);
}

static void sum_by_shuffles_and_barriers(void **state)
{
	uint32_t *in = random_words(N), *out = words(4096), sum = 0;

	(void)state;
	for (uint32_t i = 0; i < N; i++)
		sum += in[i];
	pointer(in), pointer(out), number(N);
	launch("reduce", N);
	must_equal(out, 0, sum);
	aql_free(in), aql_free(out);
}

static void sums_of_rows_by_dpp(void **state)
{
	uint32_t *in = random_words(N), *out = words(N * sizeof(*out));

	(void)state;
	pointer(in), pointer(out), number(N);
	launch("row_sums", N);
	for (uint32_t i = 0; i < N; i++) {
		uint32_t sum = 0;

		for (uint32_t k = i & ~31u; k < (i | 31) + 1 && k < N; k++)
			sum += in[k];
		must_equal(out, i, sum);
	}
	aql_free(in), aql_free(out);
}

static void histogram(void **state)
{
	uint32_t *in = random_words(N), *out = words(4096), wanted[64] = {0};

	(void)state;
	for (uint32_t i = 0; i < N; i++)
		wanted[in[i] % 64]++;
	pointer(in), pointer(out), number(N);
	launch("histogram", N);
	for (uint32_t i = 0; i < 64; i++)
		must_equal(out, i, wanted[i]);
	aql_free(in), aql_free(out);
}

static uint32_t count_of(const uint32_t *memory, uint32_t count, uint32_t value)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < count; i++)
		found += memory[i] == value;
	return found;
}

static void atomics_on_global_memory(void **state)
{
	const uint32_t n = 1000;
	uint32_t *out = words(8192), chain = 5, sum = 0, minimum = 1u << 20, maximum = 0, xors = 0;
	uint64_t *wide = words(4096), wanted = 0;
	float *floats = words(4096);

	(void)state;
	out[2] = UINT32_MAX;
	out[5] = minimum;
	out[7] = chain;
	out[8] = UINT32_MAX;
	for (uint32_t i = 0; i < n; i++) {
		chain = chain * 3 + 1;
		sum += i;
		minimum = (i ^ 0x155) < minimum ? i ^ 0x155 : minimum;
		maximum = (i ^ 0x2aa) > maximum ? i ^ 0x2aa : maximum;
		xors ^= i * 0x01000193u;
		wanted += (uint64_t)i << 30;
	}
	pointer(out), pointer(wide), pointer(floats), number(n);
	launch("atomics", n);
	must_equal(out, 0, sum);
	must_equal(out, 1, 0u - sum);
	must_equal(out, 2, 0);
	must_equal(out, 3, UINT32_MAX);
	must_equal(out, 4, xors);
	must_equal(out, 5, minimum);
	must_equal(out, 6, maximum);
	must_equal(out, 7, chain);
	assert_int_equal(wide[0], wanted);
	assert_int_equal(wide[1], (uint64_t)(n - 1) << 40 | (n - 1));
	must_equal_float(floats, 0, (float)n / 2);
	/* an exchange hands on what it found: every value is found once, or was left there last */
	assert_int_equal(count_of(out + 16, n, UINT32_MAX), 1);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(count_of(out + 16, n, i) + (out[8] == i), 1);
	aql_free(out), aql_free(wide), aql_free(floats);
}

static void scan_of_groups(void **state)
{
	uint32_t *in = random_words(N), *out = words(N * sizeof(*out)), sum = 0;

	(void)state;
	pointer(in), pointer(out), number(N);
	launch("scan", N);
	for (uint32_t i = 0; i < N; i++) {
		sum = in[i] + (i % GROUP ? sum : 0);
		must_equal(out, i, sum);
	}
	aql_free(in), aql_free(out);
}

static int compare_words(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void bitonic_sort_of_groups(void **state)
{
	const uint32_t n = 8 * GROUP;
	uint32_t *data = random_words(n), *wanted = malloc(n * sizeof(*wanted));

	(void)state;
	assert_non_null(wanted);
	memcpy(wanted, data, n * sizeof(*wanted));
	for (uint32_t i = 0; i < n; i += GROUP)
		qsort(wanted + i, GROUP, sizeof(*wanted), compare_words);
	pointer(data);
	launch("bitonic_sort", n);
	for (uint32_t i = 0; i < n; i++)
		must_equal(data, i, wanted[i]);
	aql_free(data), free(wanted);
}

static float at(const float *in, const int size[3], int x, int y, int z)
{
	if (x < 0 || y < 0 || z < 0 || x >= size[0] || y >= size[1] || z >= size[2])
		return 0;
	return in[(z * size[1] + y) * size[0] + x];
}

/* The grid is counted in work-items: the last groups are partial. */
static void stencil_with_partial_groups(void **state)
{
	const int size[3] = {21, 10, 7};
	const uint32_t n = 21 * 10 * 7;
	float *in = random_floats(n, 64), *out = words(n * sizeof(*out));

	(void)state;
	for (uint32_t i = 0; i < n; i++)
		in[i] = floorf(in[i]); /* sums are exact in any order */
	pointer(in), pointer(out);
	for (unsigned i = 0; i < 3; i++)
		number((uint32_t)size[i]);
	launch_grid("stencil", (const uint16_t[3]){8, 4, 4}, (const uint32_t[3]){21, 10, 7}, 0);
	for (uint32_t i = 0; i < n; i++) {
		int x = (int)i % size[0], y = (int)i / size[0] % size[1], z = (int)i / size[0] / size[1];

		must_equal_float(out, i,
				 -6 * at(in, size, x, y, z) + at(in, size, x - 1, y, z) +
					 at(in, size, x + 1, y, z) + at(in, size, x, y - 1, z) +
					 at(in, size, x, y + 1, z) + at(in, size, x, y, z - 1) +
					 at(in, size, x, y, z + 1));
	}
	aql_free(in), aql_free(out);
}

static void bodies_with_transcendentals(void **state)
{
	const uint32_t n = 200;
	const double pi = 3.14159265358979323846;
	float *p = random_floats(4 * n, 10), *out = words(4 * n * sizeof(*out));

	(void)state;
	for (uint32_t i = 0; i < n; i++)
		p[4 * i + 3] = fabsf(p[4 * i + 3]) / 10;
	pointer(p), pointer(out), number(n);
	launch("bodies", n);
	for (uint32_t i = 0; i < n; i++) {
		double sum[3] = {0}, size = 0, w = (double)p[4 * i + 3];

		for (uint32_t k = 0; k < n; k++) {
			double d[3], r2 = 0.01;

			for (unsigned j = 0; j < 3; j++) {
				d[j] = (double)p[4 * k + j] - (double)p[4 * i + j];
				r2 += d[j] * d[j];
			}
			for (unsigned j = 0; j < 3; j++) {
				sum[j] += (double)p[4 * k + 3] * d[j] / (r2 * sqrt(r2));
				size += fabs((double)p[4 * k + 3] * d[j] / (r2 * sqrt(r2)));
			}
		}
		for (unsigned j = 0; j < 3; j++)
			must_be_near((double)out[4 * i + j], 4 * i + j, sum[j], size * 1e-5);
		must_be_near((double)out[4 * i + 3], 4 * i + 3,
			     exp2(-w) + log2(1 + w) + sin(2 * pi * w) * cos(2 * pi * w), 2e-6);
	}
	aql_free(p), aql_free(out);
}

/* ---- stacks ---- */

static void private_arrays(void **state)
{
	uint32_t *in = random_words(N), *out = words(N * sizeof(*out));

	(void)state;
	pointer(in), pointer(out), number(N);
	launch("private_array", N);
	for (uint32_t i = 0; i < N; i++) {
		uint32_t values[48], sum = 0;

		for (uint32_t k = 0; k < 48; k++)
			values[k] = in[(i + k * 7) % N];
		for (uint32_t k = 0; k < 96; k++) {
			uint32_t to = (in[(i + k) % N] + k) % 48;

			values[to] = values[to] * 5 + values[(to + 11) % 48];
		}
		for (uint32_t k = 0; k < 48; k++)
			sum = sum * 31 + values[k];
		must_equal(out, i, sum);
	}
	aql_free(in), aql_free(out);
}

static uint32_t deep(uint32_t value, uint32_t depth, uint32_t *trace)
{
	uint32_t frame[4], below;

	for (uint32_t k = 0; k < 4; k++)
		frame[k] = value * (k + 1) + depth;
	trace[depth % 8] ^= frame[value % 4];
	if (!depth)
		return frame[value & 3];
	below = deep(value * 1664525u + 1013904223u, depth - 1, trace);
	return (below << 3 | below >> 29) + frame[below & 3];
}

static void recursion(void **state)
{
	uint32_t *in = random_words(N), *out = words(N * sizeof(*out));

	(void)state;
	pointer(in), pointer(out), number(N);
	launch_calling("call_stack", N);
	for (uint32_t i = 0; i < N; i++) {
		uint32_t trace[8] = {0}, result = deep(in[i], 5 + in[i] % 7, trace);

		for (uint32_t k = 0; k < 8; k++)
			result = result * 17 + trace[k];
		must_equal(out, i, result);
	}
	aql_free(in), aql_free(out);
}

static void calls_through_pointers(void **state)
{
	uint32_t *in = random_words(N), *out = words(N * sizeof(*out));

	(void)state;
	pointer(in), pointer(out), number(N);
	launch_calling("function_pointers", N);
	for (uint32_t i = 0; i < N; i++) {
		uint32_t value = in[i];

		for (uint32_t k = 0; k < 4; k++)
			switch (value % 3) {
			case 0:
				value = (value * 2654435761u) ^ value >> 7;
				break;
			case 1:
				value = (value << 13 | value >> 19) + 0x7f4a7c15u;
				break;
			default:
				value = (value ^ value >> 16) * 0x85ebca6bu;
			}
		must_equal(out, i, value);
	}
	aql_free(in), aql_free(out);
}

static uint32_t through(uint32_t *memory, uint32_t count)
{
	uint32_t sum = 0;

	for (uint32_t k = 0; k < count; k++)
		sum = sum * 33 + memory[k];
	memory[0] = sum;
	return sum;
}

static void pointers_into_lds_scratch_and_memory(void **state)
{
	uint32_t *in = random_words(2 * N), *out = words(N * sizeof(*out)), *before = malloc(8 * N);

	(void)state;
	assert_non_null(before);
	memcpy(before, in, 8 * N);
	pointer(in), pointer(out), number(N);
	launch_calling("flat_pointers", N);
	for (uint32_t i = 0; i < N; i++) {
		uint32_t shared[2] = {before[i * 2], before[i * 2 + 1]}, own[8], wanted;
		uint32_t global[2] = {shared[0], shared[1]};

		for (uint32_t k = 0; k < 8; k++)
			own[k] = shared[0] * (k + 3);
		wanted = through(shared, 2) ^ through(own, 8) ^ through(global, 2) ^ own[0] ^ shared[0];
		must_equal(out, i, wanted);
		must_equal(in, i * 2, global[0]);
	}
	aql_free(in), aql_free(out), free(before);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define WITH_MACHINE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		WITH_MACHINE(sums_of_vectors),
		WITH_MACHINE(saxpy_in_float),
		WITH_MACHINE(saxpy_in_double),
		WITH_MACHINE(saxpy_in_half),
		WITH_MACHINE(integer_arithmetic),
		WITH_MACHINE(divisions),
		WITH_MACHINE(conversions),
		WITH_MACHINE(matrix_product_through_lds),
		WITH_MACHINE(sum_by_shuffles_and_barriers),
		WITH_MACHINE(sums_of_rows_by_dpp),
		WITH_MACHINE(histogram),
		WITH_MACHINE(atomics_on_global_memory),
		WITH_MACHINE(scan_of_groups),
		WITH_MACHINE(bitonic_sort_of_groups),
		WITH_MACHINE(stencil_with_partial_groups),
		WITH_MACHINE(bodies_with_transcendentals),
		WITH_MACHINE(private_arrays),
		WITH_MACHINE(recursion),
		WITH_MACHINE(calls_through_pointers),
		WITH_MACHINE(pointers_into_lds_scratch_and_memory),
	};

	if (argc < 3) {
		fprintf(stderr, "usage: cl_kernels ADAPTERS CODE-OBJECT [TEST]\n");
		return 2;
	}
	adapters = argv[1];
	object_path = argv[2];
	if (argc > 3)
		cmocka_set_test_filter(argv[3]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
