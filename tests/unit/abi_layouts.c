// SPDX-License-Identifier: MIT
/*
 * For every generation of structures a caller's buffer between guard bytes is written exactly as long as it
 * is, each field where that generation has it; and sizes are accepted or refused by the rule of DxgAbiCheck.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/abi.h"
#include "util/compiler.h"
#include "util/log.h"

const uint16_t abi_default_generation = 356;

static const uint16_t generations[] = {356, 360, 364, 368, 376, 392, 396};

/* Where the generations of the published headers have each field; -1: nowhere. */
struct field {
	const char *structure;
	const char *name;
	size_t canonical;
	size_t size;
	int offset[ARRAY_SIZE(generations)];
};

static const struct field fields[] = {
#include "abi_fields.h"
};

#define GUARD 0xA5
#define ROOM  (8 * 2048)

struct guarded {
	uint8_t before[64];
	uint8_t bytes[ROOM];
};

static unsigned messages;
static char last_message[512];

static void count_message(enum log_level level, const char *line, void *arg)
{
	(void)level;
	(void)arg;
	messages++;
	strncpy(last_message, line, sizeof(last_message) - 1);
}

static struct abi_layout layout_of(size_t node_properties)
{
	struct abi_layout layout;

	assert_int_equal(abi_layout_for_sizes(node_properties, 0, &layout), 0);
	return layout;
}

static void fill(void *canonical, size_t size, unsigned seed)
{
	uint8_t *byte = canonical;

	for (size_t i = 0; i < size; i++) {
		seed = seed * 1103515245u + 12345u;
		byte[i] = (uint8_t)(seed >> 16 | 1); /* never 0 */
	}
}

static void check_guards(const struct guarded *buffer, size_t written)
{
	for (size_t i = 0; i < sizeof(buffer->before); i++)
		assert_int_equal(buffer->before[i], GUARD);
	for (size_t i = written; i < sizeof(buffer->bytes); i++)
		if (buffer->bytes[i] != GUARD)
			fail_msg("byte %zu of %zu was written", i, written);
}

/* One caller's structure holds the canonical one's fields, and they cover all of it. */
static void check_fields(const char *structure, size_t generation, const void *canonical, const void *caller,
			 size_t size)
{
	uint8_t covered[2048] = {0};
	size_t count = 0;

	assert_true(size <= sizeof(covered));
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const struct field *f = &fields[i];
		int offset = f->offset[generation];

		if (strcmp(f->structure, structure) != 0 || offset < 0)
			continue;
		if (memcmp((const uint8_t *)canonical + f->canonical, (const uint8_t *)caller + offset,
			   f->size))
			fail_msg("%s.%s of generation %u", structure, f->name, generations[generation]);
		memset(covered + offset, 1, f->size);
		count++;
	}
	assert_true(count >= 5);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(covered[i], 1);
}

static void node_properties_are_written_in_every_layout(void **state)
{
	(void)state;
	for (size_t g = 0; g < ARRAY_SIZE(generations); g++) {
		struct abi_layout layout = layout_of(generations[g]);
		struct guarded buffer;
		HsaNodeProperties props;

		fill(&props, sizeof(props), 1);
		memset(&buffer, GUARD, sizeof(buffer));
		assert_int_equal(abi_node_properties_size(layout), generations[g]);
		abi_write_node_properties(layout, &props, buffer.bytes);
		check_guards(&buffer, generations[g]);
		check_fields("HsaNodeProperties", g, &props, buffer.bytes, generations[g]);
	}
}

static void newer_callers_get_the_newest_layout_and_a_zeroed_tail(void **state)
{
	static const size_t sizes[] = {397, 400, 512, 4096};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct abi_layout layout = layout_of(sizes[i]);
		struct guarded buffer;
		HsaNodeProperties props;

		fill(&props, sizeof(props), 2);
		memset(&buffer, GUARD, sizeof(buffer));
		abi_write_node_properties(layout, &props, buffer.bytes);
		check_guards(&buffer, sizes[i]);
		assert_memory_equal(buffer.bytes, &props, sizeof(props));
		for (size_t j = sizeof(props); j < sizes[i]; j++)
			assert_int_equal(buffer.bytes[j], 0);
	}
}

static void arrays_are_written_with_the_callers_stride(void **state)
{
	(void)state;
	for (size_t g = 0; g < ARRAY_SIZE(generations); g++) {
		struct abi_layout layout = layout_of(generations[g]);
		HsaCacheProperties caches[7];
		HsaIoLinkProperties links[7];
		struct guarded buffer;
		size_t stride;

		fill(caches, sizeof(caches), 3);
		fill(links, sizeof(links), 4);
		for (size_t count = 0; count <= 7; count++) {
			stride = abi_cache_size(layout);
			assert_int_equal(stride, generations[g] >= 396 ? 1060 : 1056);
			memset(&buffer, GUARD, sizeof(buffer));
			abi_write_caches(layout, caches, count, buffer.bytes);
			check_guards(&buffer, count * stride);
			for (size_t i = 0; i < count; i++)
				check_fields("HsaCacheProperties", g, &caches[i], buffer.bytes + i * stride,
					     stride);

			stride = abi_io_link_size(layout);
			assert_int_equal(stride, generations[g] >= 360 ? 52 : 48);
			memset(&buffer, GUARD, sizeof(buffer));
			abi_write_io_links(layout, links, count, buffer.bytes);
			check_guards(&buffer, count * stride);
			for (size_t i = 0; i < count; i++)
				check_fields("HsaIoLinkProperties", g, &links[i], buffer.bytes + i * stride,
					     stride);
		}
	}
}

static void queue_structures_are_written_and_read(void **state)
{
	(void)state;
	for (size_t g = 0; g < ARRAY_SIZE(generations); g++) {
		struct abi_layout layout = layout_of(generations[g]);
		bool newest = generations[g] >= 396;
		HsaQueueResource resource, back;
		struct guarded buffer;
		HsaQueueInfo info;
		size_t size;

		fill(&resource, sizeof(resource), 5);
		size = abi_queue_resource_size(layout);
		assert_int_equal(size, newest ? 52 : 40);
		memset(&buffer, GUARD, sizeof(buffer));
		abi_write_queue_resource(layout, &resource, buffer.bytes);
		check_guards(&buffer, size);
		check_fields("HsaQueueResource", g, &resource, buffer.bytes, size);

		memset(&back, 0xFF, sizeof(back));
		abi_read_queue_resource(layout, buffer.bytes, &back);
		assert_memory_equal(&back, &resource, 40);
		assert_int_equal(back.SdmaProgressFenceVA, 0);
		assert_int_equal(back.SdmaHwQueueEpilogueBytes, 0);

		/* nothing to say in the tail: no generation is written beyond the 40 bytes all have */
		memset(&buffer, GUARD, sizeof(buffer));
		abi_write_queue_resource(layout, &back, buffer.bytes);
		check_guards(&buffer, 40);

		fill(&info, sizeof(info), 6);
		size = abi_queue_info_size(layout);
		assert_int_equal(size, newest ? 76 : 68);
		memset(&buffer, GUARD, sizeof(buffer));
		abi_write_queue_info(layout, &info, buffer.bytes);
		check_guards(&buffer, size);
		check_fields("HsaQueueInfo", g, &info, buffer.bytes, size);
	}
}

static void graphics_info_is_written_and_read(void **state)
{
	(void)state;
	for (size_t g = 0; g < ARRAY_SIZE(generations); g++) {
		struct abi_layout layout = layout_of(generations[g]);
		bool newest = generations[g] >= 396;
		HsaGraphicsResourceInfo info, back;
		struct guarded buffer;
		size_t size = abi_graphics_info_size(layout);

		assert_int_equal(size, newest ? 40 : 32);
		fill(&info, sizeof(info), 7);
		memset(&buffer, GUARD, sizeof(buffer));
		abi_write_graphics_info(layout, &info, buffer.bytes);
		check_guards(&buffer, size);
		check_fields("HsaGraphicsResourceInfo", g, &info, buffer.bytes, size);
		memset(&back, 0xFF, sizeof(back));
		abi_read_graphics_info(layout, buffer.bytes, &back);
		assert_memory_equal(&back, &info, 32);
		assert_true(back.SizeHintInBytes == (newest ? info.SizeHintInBytes : 0));
	}
}

static void put(uint8_t *bytes, size_t offset, uint64_t value, size_t size)
{
	memcpy(bytes + offset, &value, size); /* little endian, as every host of this library */
}

static void import_descriptors_of_every_size_are_read(void **state)
{
	static const struct {
		size_t size, fd, fd_size, type;
		int mem;
		size_t metadata, result_size;
	} forms[] = {
		{20, 8, 4, 12, -1, 16, 20}, {24, 8, 4, 12, -1, 16, 20}, {28, 8, 4, 12, 16, 24, 20},
		{32, 8, 8, 16, 20, 28, 20}, {40, 12, 8, 8, 28, 36, 24},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		HsaHandleImportResult result = {.alloc_size = 0x1122334455667788, .metadata = 0x99aabbcc};
		HsaMemoryExportResult exported = {.dmabuf_fd = 42};
		struct abi_layout layout;
		struct guarded buffer;
		HsaHandleImportDesc desc;
		uint8_t *bytes = malloc(forms[i].size); /* the sanitizer sees a read beyond it */
		uint64_t alloc_size;

		assert_non_null(bytes);
		memset(bytes, 0xEE, forms[i].size);
		put(bytes, 0, 0x1000, 8);
		put(bytes, forms[i].fd, 7, forms[i].fd_size);
		put(bytes, forms[i].type, HSA_EXTERNAL_HANDLE_DMA_BUF, 4);
		if (forms[i].mem >= 0)
			put(bytes, (size_t)forms[i].mem, 0x2000, 8);
		put(bytes, forms[i].metadata, 0x77, 4);
		assert_int_equal(abi_layout_for_sizes(0, forms[i].size, &layout), 0);
		abi_read_import_desc(layout, bytes, &desc);
		free(bytes);
		assert_ptr_equal(desc.device_handle, (void *)0x1000);
		assert_int_equal(desc.dmabuf_fd, 7);
		assert_int_equal(desc.type, HSA_EXTERNAL_HANDLE_DMA_BUF);
		assert_ptr_equal(desc.mem, forms[i].mem < 0 ? NULL : (void *)0x2000);
		assert_int_equal(desc.metadata, 0x77);

		result.buf_handle = (HsaMemoryObjectHandle)0x3000;
		memset(&buffer, GUARD, sizeof(buffer));
		abi_write_import_result(layout, &result, buffer.bytes);
		check_guards(&buffer, forms[i].result_size);
		memcpy(&alloc_size, buffer.bytes + (forms[i].result_size == 24 ? 12 : 8), sizeof(alloc_size));
		assert_true(alloc_size == result.alloc_size);
		assert_memory_equal(buffer.bytes + forms[i].result_size - 4, &result.metadata, 4);

		memset(&buffer, GUARD, sizeof(buffer));
		abi_write_export_result(layout, &exported, buffer.bytes);
		check_guards(&buffer, forms[i].size == 40 ? 16 : 4);
		assert_memory_equal(buffer.bytes, &exported.dmabuf_fd, 4);
	}
}

/* The order matters: the warning about a newer caller comes once in a process. */
static void sizes_follow_the_rule(void **state)
{
	static const size_t refused_nodes[] = {1, 355, 357, 359, 362, 370, 375, 377, 391, 393, 395, 65536};
	static const size_t refused_descs[] = {1, 19, 22, 30, 36, 39, 65536};
	struct abi_layout layout;

	(void)state;
	log_set_sink(count_message, NULL);
	log_set_level(LOG_DEBUG);
	for (size_t i = 0; i < ARRAY_SIZE(generations); i++) {
		assert_int_equal(abi_layout_for_sizes(generations[i], 40, &layout), 0);
		assert_int_equal(layout.generation, generations[i]);
		assert_int_equal(layout.node_properties, generations[i]);
		assert_int_equal(layout.import_desc, 40);
	}
	assert_int_equal(messages, 0);

	for (size_t i = 0; i < ARRAY_SIZE(refused_nodes); i++) {
		char text[16];

		messages = 0;
		assert_int_equal(abi_layout_for_sizes(refused_nodes[i], 0, &layout), -EINVAL);
		assert_int_equal(messages, 1);
		snprintf(text, sizeof(text), " %zu ", refused_nodes[i]);
		assert_non_null(strstr(last_message, text));
		assert_non_null(strstr(last_message, "396"));
	}
	for (size_t i = 0; i < ARRAY_SIZE(refused_descs); i++)
		assert_int_equal(abi_layout_for_sizes(0, refused_descs[i], &layout), -EINVAL);

	messages = 0;
	assert_int_equal(abi_layout_for_sizes(65535, 65535, &layout), 0);
	assert_int_equal(layout.generation, 396);
	assert_int_equal(abi_layout_for_sizes(400, 0, &layout), 0);
	assert_int_equal(messages, 1);
	log_set_sink(NULL, NULL);
}

static void selection_holds_until_the_next(void **state)
{
	(void)state;
	log_set_level(LOG_NONE);
	unsetenv("HSAKMT_DXG_AQL_EMULATION");
	assert_int_equal(abi_current().generation, 356);
	assert_int_equal(abi_current().node_properties, 356);
	assert_int_equal(abi_current().import_desc, 20);
	assert_false(abi_reports_aql_emulation());

	assert_int_equal(abi_select(392, 24), 0);
	assert_int_equal(abi_current().generation, 392);
	assert_int_equal(abi_current().import_desc, 24);
	assert_true(abi_reports_aql_emulation());
	setenv("HSAKMT_DXG_AQL_EMULATION", "0", 1);
	assert_false(abi_reports_aql_emulation());

	assert_int_equal(abi_select(358, 24), -EINVAL);
	assert_int_equal(abi_select(396, 21), -EINVAL);
	assert_int_equal(abi_current().generation, 392);
	assert_int_equal(abi_select(500, 0), 0);
	assert_int_equal(abi_current().generation, 396);
	assert_int_equal(abi_current().node_properties, 500);
	assert_int_equal(abi_select(0, 0), 0);
	assert_int_equal(abi_current().generation, 356);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_follow_the_rule),
		cmocka_unit_test(node_properties_are_written_in_every_layout),
		cmocka_unit_test(newer_callers_get_the_newest_layout_and_a_zeroed_tail),
		cmocka_unit_test(arrays_are_written_with_the_callers_stride),
		cmocka_unit_test(queue_structures_are_written_and_read),
		cmocka_unit_test(graphics_info_is_written_and_read),
		cmocka_unit_test(import_descriptors_of_every_size_are_read),
		cmocka_unit_test(selection_holds_until_the_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
