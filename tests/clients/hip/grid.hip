// SPDX-License-Identifier: MIT
/* Grids of three dimensions with partial blocks, and bodies that attract each other. */
#include "check.h"

#define X 16
#define Y 4
#define Z 4

/* The neighbours in x and y come from LDS with a border, those in z from memory. */
__global__ void stencil_kernel(const float *in, float *out, unsigned width, unsigned height, unsigned depth)
{
	__shared__ float tile[Z][Y + 2][X + 2];
	const unsigned x = blockIdx.x * X + threadIdx.x, y = blockIdx.y * Y + threadIdx.y,
		       z = blockIdx.z * Z + threadIdx.z;
	const bool inside = x < width && y < height && z < depth;
	const size_t row = width, plane = (size_t)width * height, at = z * plane + y * row + x;
	auto value = [=](bool there, size_t where) { return there ? in[where] : 0.0f; };
	float(*own)[X + 2] = tile[threadIdx.z];

	own[threadIdx.y + 1][threadIdx.x + 1] = value(inside, at);
	if (threadIdx.x == 0)
		own[threadIdx.y + 1][0] = value(inside && x > 0, at - 1);
	if (threadIdx.x == X - 1)
		own[threadIdx.y + 1][X + 1] = value(inside && x + 1 < width, at + 1);
	if (threadIdx.y == 0)
		own[0][threadIdx.x + 1] = value(inside && y > 0, at - row);
	if (threadIdx.y == Y - 1)
		own[Y + 1][threadIdx.x + 1] = value(inside && y + 1 < height, at + row);
	__syncthreads();
	if (!inside)
		return;
	const float below = value(z > 0, at - plane), above = value(z + 1 < depth, at + plane);
	const float *middle = &own[threadIdx.y + 1][threadIdx.x + 1];
	out[at] = fmaf(middle[0], -6.0f,
		       ((middle[-1] + middle[1]) + (middle[-(X + 2)] + middle[X + 2])) + (below + above));
}

static void stencil_of(unsigned width, unsigned height, unsigned depth)
{
	const size_t row = width, plane = (size_t)width * height, all = plane * depth;
	std::vector<float> in = random_reals<float>(all, 1, -8, 8), want(all);
	device_array<float> di(in), out(all);
	const dim3 blocks(groups_of(width, X), groups_of(height, Y), groups_of(depth, Z));

	for (unsigned z = 0; z < depth; z++)
		for (unsigned y = 0; y < height; y++)
			for (unsigned x = 0; x < width; x++) {
				const size_t at = z * plane + y * row + x;
				auto value = [&](bool there, size_t where) {
					return there ? in[where] : 0.0f;
				};

				want[at] = std::fma(
					in[at], -6.0f,
					((value(x > 0, at - 1) + value(x + 1 < width, at + 1)) +
					 (value(y > 0, at - row) + value(y + 1 < height, at + row))) +
						(value(z > 0, at - plane) +
						 value(z + 1 < depth, at + plane)));
			}
	out.clear(0xff);
	stencil_kernel<<<blocks, dim3(X, Y, Z)>>>(di.get(), out.get(), width, height, depth);
	MUST_END();
	must_equal("stencil of " + std::to_string(width) + " x " + std::to_string(height) + " x " +
			   std::to_string(depth),
		   out.read(), want);
}

static void stencil()
{
	stencil_of(16, 4, 4);
	stencil_of(1, 1, 1);
	stencil_of(50, 37, 21);
	stencil_of(3, 70, 9);
}

/* Who I am, in all the ways there are to ask. */
__global__ void numbers_kernel(unsigned *out)
{
	const unsigned group = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x,
		       item = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x,
		       size = blockDim.x * blockDim.y * blockDim.z;
	unsigned *own = out + (group * size + item) * 4;

	own[0] = blockIdx.x << 20 | blockIdx.y << 10 | blockIdx.z;
	own[1] = threadIdx.x << 20 | threadIdx.y << 10 | threadIdx.z;
	own[2] = gridDim.x << 20 | gridDim.y << 10 | gridDim.z;
	own[3] = blockDim.x << 20 | blockDim.y << 10 | blockDim.z;
}

static void numbers_of(dim3 grid, dim3 block)
{
	std::vector<unsigned> want;
	device_array<unsigned> out((size_t)grid.x * grid.y * grid.z * block.x * block.y * block.z * 4);

	for (unsigned group = 0; group < grid.x * grid.y * grid.z; group++)
		for (unsigned item = 0; item < block.x * block.y * block.z; item++) {
			want.push_back(group % grid.x << 20 | group / grid.x % grid.y << 10 |
				       group / grid.x / grid.y);
			want.push_back(item % block.x << 20 | item / block.x % block.y << 10 |
				       item / block.x / block.y);
			want.push_back(grid.x << 20 | grid.y << 10 | grid.z);
			want.push_back(block.x << 20 | block.y << 10 | block.z);
		}
	out.clear(0xff);
	numbers_kernel<<<grid, block>>>(out.get());
	MUST_END();
	must_equal("numbers", out.read(), want);
}

static void numbers()
{
	numbers_of(dim3(1), dim3(1));
	numbers_of(dim3(5, 3, 2), dim3(7, 5, 3));
	numbers_of(dim3(1, 1, 9), dim3(1, 1, 64));
	numbers_of(dim3(2, 2), dim3(1024));
	numbers_of(dim3(3, 1, 2), dim3(33, 3));
}

/* More groups than the device has at a time, many times over; the last one counts as the first. */
__global__ void many_kernel(unsigned *seen)
{
	const unsigned group = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;

	if (threadIdx.x == group % blockDim.x)
		seen[group]++;
}

static void many_groups()
{
	const dim3 grid(257, 41, 3);
	device_array<unsigned> seen(grid.x * grid.y * grid.z);

	seen.clear(0);
	many_kernel<<<grid, 40>>>(seen.get());
	MUST_END();
	must_equal("groups", seen.read(), std::vector<unsigned>(grid.x * grid.y * grid.z, 1));
}

/* ---- bodies ---- */

#define BODIES 256
#define STEP   0.01f

__global__ void attract_kernel(const float4 *bodies, float4 *speeds, float4 *moved, unsigned count)
{
	__shared__ float4 tile[64];
	const unsigned i = blockIdx.x * 64 + threadIdx.x;
	const float4 own = bodies[i];
	float x = 0, y = 0, z = 0;

	for (unsigned at = 0; at < count; at += 64) {
		tile[threadIdx.x] = bodies[at + threadIdx.x];
		__syncthreads();
		for (unsigned k = 0; k < 64; k++) {
			const float dx = tile[k].x - own.x, dy = tile[k].y - own.y, dz = tile[k].z - own.z,
				    nearness = rsqrtf(dx * dx + dy * dy + dz * dz + 0.01f),
				    pull = tile[k].w * nearness * nearness * nearness;

			x += dx * pull;
			y += dy * pull;
			z += dz * pull;
		}
		__syncthreads();
	}
	float4 speed = speeds[i];
	speed.x += x * STEP;
	speed.y += y * STEP;
	speed.z += z * STEP;
	speed.w = sqrtf(speed.x * speed.x + speed.y * speed.y + speed.z * speed.z);
	speeds[i] = speed;
	moved[i] = make_float4(own.x + speed.x * STEP, own.y + speed.y * STEP, own.z + speed.z * STEP,
			       own.w * expf(-STEP) * (1 + sinf(speed.w) * cosf(speed.w) * 1e-3f));
}

struct body {
	double x, y, z, mass;
};

static void attract(const std::vector<body> &bodies, std::vector<body> &speeds, std::vector<body> &moved)
{
	for (size_t i = 0; i < bodies.size(); i++) {
		double x = 0, y = 0, z = 0;

		for (const body &other : bodies) {
			const double dx = other.x - bodies[i].x, dy = other.y - bodies[i].y,
				     dz = other.z - bodies[i].z,
				     pull = other.mass / std::pow(dx * dx + dy * dy + dz * dz + 0.01, 1.5);

			x += dx * pull;
			y += dy * pull;
			z += dz * pull;
		}
		speeds[i].x += x * 0.01;
		speeds[i].y += y * 0.01;
		speeds[i].z += z * 0.01;
		const double speed = std::sqrt(speeds[i].x * speeds[i].x + speeds[i].y * speeds[i].y +
					       speeds[i].z * speeds[i].z);
		speeds[i].mass = speed;
		moved[i] = {bodies[i].x + speeds[i].x * 0.01, bodies[i].y + speeds[i].y * 0.01,
			    bodies[i].z + speeds[i].z * 0.01,
			    bodies[i].mass * std::exp(-0.01) *
				    (1 + std::sin(speed) * std::cos(speed) * 1e-3)};
	}
}

/* Sums of BODIES terms in floats: within a few millionths of what doubles give. */
static void n_body()
{
	std::vector<float> x = random_reals<float>(BODIES * 4, 2, -1, 1);
	std::vector<float4> start(BODIES);
	std::vector<body> bodies(BODIES), speeds(BODIES), moved(BODIES);
	device_array<float4> a(BODIES), b(BODIES), dspeeds(BODIES);
	float4 *now = a.get(), *next = b.get();

	for (unsigned i = 0; i < BODIES; i++) {
		start[i] = make_float4(x[4 * i], x[4 * i + 1], x[4 * i + 2], std::fabs(x[4 * i + 3]) / 64);
		bodies[i] = {start[i].x, start[i].y, start[i].z, start[i].w};
	}
	MUST(hipMemcpy(now, start.data(), BODIES * sizeof(float4), hipMemcpyHostToDevice));
	dspeeds.clear(0);
	for (unsigned step = 0; step < 4; step++) {
		attract_kernel<<<BODIES / 64, 64>>>(now, dspeeds.get(), next, BODIES);
		std::swap(now, next);
		attract(bodies, speeds, moved);
		std::swap(bodies, moved);
	}
	MUST_END();
	MUST(hipMemcpy(start.data(), now, BODIES * sizeof(float4), hipMemcpyDeviceToHost));
	std::vector<float4> last = dspeeds.read();
	for (unsigned i = 0; i < BODIES; i++) {
		const float got[] = {start[i].x, start[i].y, start[i].z, start[i].w,
				     last[i].x,	 last[i].y,  last[i].z,	 last[i].w};
		const double want[] = {bodies[i].x, bodies[i].y, bodies[i].z, bodies[i].mass,
				       speeds[i].x, speeds[i].y, speeds[i].z, speeds[i].mass};

		for (unsigned k = 0; k < 8; k++)
			CHECK(std::fabs(got[k] - want[k]) <= 4e-6 * std::max(1.0, std::fabs(want[k])),
			      "body %u: number %u is %.9g, should be %.9g", i, k, got[k], want[k]);
	}
}

static const test tests[] = {
	{"stencil", stencil, false},
	{"numbers", numbers, false},
	{"many_groups", many_groups, false},
	{"n_body", n_body, false},
};

int main(int argc, char **argv)
{
	return run_tests(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
