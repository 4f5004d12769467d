// SPDX-License-Identifier: MIT
/* Matrices multiplied tile by tile through LDS; sizes that are no multiples of the tiles. */
#include "check.h"

#define TILE 16

/* c (rows x columns) = a (rows x depth) * b (depth x columns) */
template <typename T>
__global__ void multiply_kernel(const T *a, const T *b, T *c, unsigned rows, unsigned columns, unsigned depth)
{
	__shared__ T left[TILE][TILE], right[TILE][TILE + 1];
	const unsigned x = threadIdx.x, y = threadIdx.y;
	const unsigned row = blockIdx.y * TILE + y, column = blockIdx.x * TILE + x;
	T sum = 0;

	for (unsigned at = 0; at < depth; at += TILE) {
		left[y][x] = row < rows && at + x < depth ? a[row * depth + at + x] : (T)0;
		right[y][x] = column < columns && at + y < depth ? b[(at + y) * columns + column] : (T)0;
		__syncthreads();
		for (unsigned k = 0; k < TILE; k++)
			sum = fma(left[y][k], right[k][x], sum);
		__syncthreads();
	}
	if (row < rows && column < columns)
		c[row * columns + column] = sum;
}

/* The same operations in the same order: the same bits.  What is beyond the edge adds 0 to a sum, which is exact. */
template <typename T> static void multiply(const char *what, unsigned rows, unsigned columns, unsigned depth)
{
	std::vector<T> a = random_reals<T>((size_t)rows * depth, 1, -2, 2),
		       b = random_reals<T>((size_t)depth * columns, 2, -2, 2), want((size_t)rows * columns);
	device_array<T> da(a), db(b), c(want.size());

	c.clear(0xff);
	const float ms = took([&] {
		multiply_kernel<<<dim3(groups_of(columns, TILE), groups_of(rows, TILE)), dim3(TILE, TILE)>>>(
			da.get(), db.get(), c.get(), rows, columns, depth);
	});
	for (unsigned row = 0; row < rows; row++)
		for (unsigned k = 0; k < depth; k++)
			for (unsigned column = 0; column < columns; column++) {
				T &sum = want[row * columns + column];

				sum = std::fma(a[row * depth + k], b[k * columns + column], sum);
			}
	must_equal(what, c.read(), want);
	printf("%s, %u x %u x %u: %.1f ms\n", what, rows, columns, depth, (double)ms);
}

static void floats()
{
	multiply<float>("square", 64, 64, 64);
	multiply<float>("of one", 1, 1, 1);
	multiply<float>("partial tiles", 45, 70, 33);
	multiply<float>("wide", 7, 200, 129);
	multiply<float>("deep", 17, 5, 300);
}

static void doubles()
{
	multiply<double>("square", 48, 48, 48);
	multiply<double>("partial tiles", 35, 50, 61);
}

static void large()
{
	wait_asleep();
	multiply<float>("large", 256, 256, 256);
}

/* Columns become rows, in LDS that the launch asks for. */
__global__ void transpose_kernel(const double *in, double *out, unsigned rows, unsigned columns)
{
	extern __shared__ double tile[];
	const unsigned width = blockDim.x + 1;
	unsigned x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;

	if (x < columns && y < rows)
		tile[threadIdx.y * width + threadIdx.x] = in[y * columns + x];
	__syncthreads();
	x = blockIdx.y * blockDim.y + threadIdx.x;
	y = blockIdx.x * blockDim.x + threadIdx.y;
	if (x < rows && y < columns)
		out[y * rows + x] = tile[threadIdx.x * width + threadIdx.y];
}

static void transpose()
{
	const unsigned rows = 100, columns = 75, side = 16;
	std::vector<double> in = random_reals<double>(rows * columns, 3, -1, 1), want(in.size());
	device_array<double> di(in), out(in.size());

	for (unsigned y = 0; y < rows; y++)
		for (unsigned x = 0; x < columns; x++)
			want[x * rows + y] = in[y * columns + x];
	transpose_kernel<<<dim3(groups_of(columns, side), groups_of(rows, side)), dim3(side, side),
			   side *(side + 1) * sizeof(double)>>>(di.get(), out.get(), rows, columns);
	MUST_END();
	must_equal("transposed", out.read(), want);
}

static const test tests[] = {
	{"floats", floats, false},
	{"doubles", doubles, false},
	{"transpose", transpose, false},
	{"large", large, true},
};

int main(int argc, char **argv)
{
	return run_tests(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
