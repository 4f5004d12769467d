// SPDX-License-Identifier: MIT
/* A sparse matrix times a vector, and times a dense matrix, by rocSPARSE; compared with what the CPU makes of it. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "must.h"

#include <rocsparse/rocsparse.h>

#define ROWS	777
#define COLUMNS 700
#define LONGEST 40 /* elements of a row */
#define DENSE	19 /* columns of the dense matrices */

#define MUST_SPARSE(call)                                                                  \
	do {                                                                               \
		rocsparse_status status_ = (call);                                         \
		if (status_ != rocsparse_status_success) {                                 \
			printf("FAIL line %d: %s: status %d\n", __LINE__, #call, status_); \
			exit(1);                                                           \
		}                                                                          \
	} while (0)

static uint32_t random_state = 7;

static uint32_t below(uint32_t limit)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)random_state * limit >> 32);
}

/* Rows of different lengths, empty ones as well; columns ascend. */
static rocsparse_int starts[ROWS + 1], columns[ROWS * LONGEST];
static float values[ROWS * LONGEST];
static float x[COLUMNS], y[ROWS], dense[COLUMNS * DENSE], product[ROWS * DENSE];

static void make_numbers(float *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		numbers[i] = (float)below(2001) / 1000 - 1;
}

static void make_matrix(void)
{
	rocsparse_int count = 0;

	for (unsigned row = 0; row < ROWS; row++) {
		uint32_t length = row % 7 == 3 ? 0 : 1 + below(LONGEST - 1);

		starts[row] = count;
		for (uint32_t i = 0; i < length; i++)
			columns[count++] =
				(rocsparse_int)(i * (COLUMNS / LONGEST) + below(COLUMNS / LONGEST));
	}
	starts[ROWS] = count;
	make_numbers(values, (size_t)count);
}

static void *to_device(const void *from, size_t bytes)
{
	void *memory;

	MUST(hipMalloc(&memory, bytes));
	MUST(hipMemcpy(memory, from, bytes, hipMemcpyHostToDevice));
	return memory;
}

/* The order of additions is the library's: within what that can make of sums of LONGEST products. */
static void must_be_near(const char *what, unsigned row, unsigned column, float got, double want, double size)
{
	if (!(fabs(got - want) <= (LONGEST + 2) * ldexp(size, -24))) {
		printf("FAIL: %s: [%u][%u] is %.9g, should be %.9g\n", what, row, column, (double)got, want);
		exit(1);
	}
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int main(void)
{
	const float alpha = 1.5f, beta = -0.25f;
	const double start = seconds();
	static float got[ROWS * DENSE];
	rocsparse_handle handle;
	rocsparse_mat_descr matrix;
	rocsparse_mat_info info;
	rocsparse_int count;

	make_matrix();
	count = starts[ROWS];
	make_numbers(x, COLUMNS);
	make_numbers(y, ROWS);
	make_numbers(dense, COLUMNS * DENSE);
	make_numbers(product, ROWS * DENSE);

	rocsparse_int *device_starts = to_device(starts, sizeof(starts));
	rocsparse_int *device_columns = to_device(columns, (size_t)count * sizeof(columns[0]));
	float *device_values = to_device(values, (size_t)count * sizeof(values[0]));
	float *device_x = to_device(x, sizeof(x)), *device_y = to_device(y, sizeof(y));
	float *device_dense = to_device(dense, sizeof(dense));
	float *device_product = to_device(product, sizeof(product));

	MUST_SPARSE(rocsparse_create_handle(&handle));
	MUST_SPARSE(rocsparse_create_mat_descr(&matrix));
	MUST_SPARSE(rocsparse_create_mat_info(&info));
	fprintf(stderr, "ready after %.1f s\n", seconds() - start);

	/* row by row, then by the blocks of rows that an analysis has found */
	for (int analysed = 0; analysed < 2; analysed++) {
		MUST(hipMemcpy(device_y, y, sizeof(y), hipMemcpyHostToDevice));
		if (analysed)
			MUST_SPARSE(rocsparse_scsrmv_analysis(handle, rocsparse_operation_none, ROWS, COLUMNS,
							      count, matrix, device_values, device_starts,
							      device_columns, info));
		MUST_SPARSE(rocsparse_scsrmv(handle, rocsparse_operation_none, ROWS, COLUMNS, count, &alpha,
					     matrix, device_values, device_starts, device_columns,
					     analysed ? info : NULL, device_x, &beta, device_y));
		MUST(hipDeviceSynchronize());
		MUST(hipMemcpy(got, device_y, sizeof(y), hipMemcpyDeviceToHost));
		for (unsigned row = 0; row < ROWS; row++) {
			double sum = (double)beta * y[row], size = fabs(sum);

			for (rocsparse_int i = starts[row]; i < starts[row + 1]; i++) {
				sum += (double)alpha * values[i] * x[columns[i]];
				size += fabs((double)alpha * values[i] * x[columns[i]]);
			}
			must_be_near(analysed ? "analysed matrix times vector" : "matrix times vector", row,
				     0, got[row], sum, size);
		}
		printf("matrix times vector%s, after %.1f s\n", analysed ? ", analysed" : "",
		       seconds() - start);
	}

	/* dense matrices lie column by column */
	MUST_SPARSE(rocsparse_scsrmm(handle, rocsparse_operation_none, rocsparse_operation_none, ROWS, DENSE,
				     COLUMNS, count, &alpha, matrix, device_values, device_starts,
				     device_columns, device_dense, COLUMNS, &beta, device_product, ROWS));
	MUST(hipDeviceSynchronize());
	MUST(hipMemcpy(got, device_product, sizeof(product), hipMemcpyDeviceToHost));
	for (unsigned column = 0; column < DENSE; column++)
		for (unsigned row = 0; row < ROWS; row++) {
			double sum = (double)beta * product[column * ROWS + row], size = fabs(sum);

			for (rocsparse_int i = starts[row]; i < starts[row + 1]; i++) {
				double term = (double)alpha * values[i] *
					      dense[column * COLUMNS + (unsigned)columns[i]];

				sum += term;
				size += fabs(term);
			}
			must_be_near("matrix times matrix", row, column, got[column * ROWS + row], sum, size);
		}
	printf("matrix times matrix, after %.1f s\n", seconds() - start);

	MUST_SPARSE(rocsparse_csrmv_clear(handle, info));
	MUST_SPARSE(rocsparse_destroy_mat_info(info));
	MUST_SPARSE(rocsparse_destroy_mat_descr(matrix));
	MUST_SPARSE(rocsparse_destroy_handle(handle));
	MUST(hipFree(device_starts));
	MUST(hipFree(device_columns));
	MUST(hipFree(device_values));
	MUST(hipFree(device_x));
	MUST(hipFree(device_y));
	MUST(hipFree(device_dense));
	MUST(hipFree(device_product));
	printf("done\n");
	return 0;
}
