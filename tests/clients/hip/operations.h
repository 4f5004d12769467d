// SPDX-License-Identifier: MIT
/* Lists of expressions of two elements: what the device makes of each, and what the host does. */
#ifndef TESTS_CLIENTS_HIP_OPERATIONS_H
#define TESTS_CLIENTS_HIP_OPERATIONS_H

#include "check.h"

#define OPERATIONS_GROUP 256

#define NUMBER_OF(name, device, host) op_##name,
#define NAME_OF(name, device, host)   #name,
#define ON_DEVICE(name, device, host) out[op_##name * (size_t)count + i] = (device);
#define ON_HOST(name, device, host)   want[op_##name * (size_t)count + i] = (host);

/*
 * Defines a test of a list: @in and @result are types, a and b the elements.  What the host says is wrong is told by the
 * operation's name and its operands.
 */
#define OPERATIONS(test, list, in, result, make_a, make_b)                                                   \
	namespace test##_list                                                                                \
	{                                                                                                    \
		enum { list(NUMBER_OF) operations };                                                         \
		static const char *const names[] = {list(NAME_OF)};                                          \
		__global__ void kernel(const in *as, const in *bs, result *out, unsigned count)              \
		{                                                                                            \
			unsigned i = blockIdx.x * blockDim.x + threadIdx.x;                                  \
			if (i >= count)                                                                      \
				return;                                                                      \
			const in a = as[i], b = bs[i];                                                       \
			list(ON_DEVICE)                                                                      \
		}                                                                                            \
		static void host(const std::vector<in> &as, const std::vector<in> &bs,                       \
				 std::vector<result> &want)                                                  \
		{                                                                                            \
			unsigned count = (unsigned)as.size();                                                \
			for (unsigned i = 0; i < count; i++) {                                               \
				const in a = as[i], b = bs[i];                                               \
				(void)b;                                                                     \
				list(ON_HOST)                                                                \
			}                                                                                    \
		}                                                                                            \
	}                                                                                                    \
	static void test()                                                                                   \
	{                                                                                                    \
		const unsigned count = 4096 + 13;                                                            \
		std::vector<in> as = make_a, bs = make_b;                                                    \
		std::vector<result> want((size_t)count *test##_list::operations);                            \
		device_array<in> da(as), db(bs);                                                             \
		device_array<result> out(want.size());                                                       \
		test##_list::host(as, bs, want);                                                             \
		test##_list::kernel<<<groups_of(count, OPERATIONS_GROUP), OPERATIONS_GROUP>>>(               \
			da.get(), db.get(), out.get(), count);                                               \
		MUST_END();                                                                                  \
		std::vector<result> got = out.read();                                                        \
		for (unsigned op = 0; op < test##_list::operations; op++) {                                  \
			auto at = (ptrdiff_t)op * count;                                                     \
			must_equal_of(std::string(#test ": ") + test##_list::names[op],                      \
				      std::vector<result>(got.begin() + at, got.begin() + at + count),       \
				      std::vector<result>(want.begin() + at, want.begin() + at + count), as, \
				      &bs);                                                                  \
		}                                                                                            \
	}

#endif
