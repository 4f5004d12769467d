// SPDX-License-Identifier: MIT
/*
 * hipMemcpy from host to device and back through Debian's HIP, compared byte for byte; pageable and pinned memory, and several copies in
 * streams at once.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hip/must.h"

#define LARGEST (32u << 20)
#define STREAMS 3
#define SHIFTS	64 /* more than there are sizes: each is copied to another address */

static void fill(unsigned char *memory, size_t bytes, uint32_t seed)
{
	for (size_t i = 0; i < bytes; i++) {
		seed = seed * 1664525u + 1013904223u;
		memory[i] = (unsigned char)(seed >> 24);
	}
}

static void must_equal(const unsigned char *a, const unsigned char *b, size_t bytes, const char *what)
{
	if (memcmp(a, b, bytes)) {
		printf("FAIL: %s of %zu bytes differs\n", what, bytes);
		exit(1);
	}
}

static void round_trips(unsigned char *from, unsigned char *back, const char *what)
{
	static const size_t sizes[] = {1, 3, 4, 63, 4095, 4097, 65537, 1000003, 4u << 20, LARGEST - 1};
	unsigned char *device;

	MUST(hipMalloc((void **)&device, LARGEST + SHIFTS));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		fill(from, sizes[i], (uint32_t)i + 7);
		memset(back, 0, sizes[i]);
		MUST(hipMemcpy(device + i, from, sizes[i], hipMemcpyHostToDevice));
		MUST(hipMemcpy(back, device + i, sizes[i], hipMemcpyDeviceToHost));
		must_equal(from, back, sizes[i], what);
	}
	MUST(hipFree(device));
	printf("%s: %zu sizes\n", what, sizeof(sizes) / sizeof(sizes[0]));
}

static void in_streams(unsigned char *from, unsigned char *back)
{
	const size_t bytes = LARGEST / STREAMS / 4096 * 4096;
	unsigned char *device[STREAMS];
	hipStream_t streams[STREAMS];

	fill(from, bytes * STREAMS, 99);
	memset(back, 0, bytes * STREAMS);
	for (unsigned i = 0; i < STREAMS; i++) {
		MUST(hipStreamCreate(&streams[i]));
		MUST(hipMalloc((void **)&device[i], bytes));
		MUST(hipMemcpyAsync(device[i], from + i * bytes, bytes, hipMemcpyHostToDevice, streams[i]));
		MUST(hipMemcpyAsync(back + i * bytes, device[i], bytes, hipMemcpyDeviceToHost, streams[i]));
	}
	for (unsigned i = 0; i < STREAMS; i++) {
		MUST(hipStreamSynchronize(streams[i]));
		MUST(hipStreamDestroy(streams[i]));
		MUST(hipFree(device[i]));
	}
	must_equal(from, back, bytes * STREAMS, "a copy in streams");
	printf("streams: %u\n", STREAMS);
}

int main(void)
{
	unsigned char *from = malloc(LARGEST), *back = malloc(LARGEST), *pinned, *pinned_back;
	int devices = 0;

	if (!from || !back)
		return 1;
	MUST(hipGetDeviceCount(&devices));
	if (!devices) {
		printf("FAIL: no device\n");
		return 1;
	}
	MUST(hipHostMalloc((void **)&pinned, LARGEST, 0));
	MUST(hipHostMalloc((void **)&pinned_back, LARGEST, 0));
	round_trips(from, back, "pageable");
	round_trips(pinned, pinned_back, "pinned");
	in_streams(pinned, pinned_back);
	MUST(hipHostFree(pinned));
	MUST(hipHostFree(pinned_back));
	free(from);
	free(back);
	printf("done\n");
	return 0;
}
