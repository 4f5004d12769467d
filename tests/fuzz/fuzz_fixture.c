// SPDX-License-Identifier: MIT
/*
 * libFuzzer target: an adapter file whatever is in it, and a host with that adapter.
 *
 * Lines of the input that begin with '+' are modifiers, the others are the file.  What loads is read by the library
 * as it reads any adapter, with messages that go straight to the model host; then every question is put to the host,
 * with buffers that end where they say.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dxgsim/host/model.h"
#include "dxgsim/report.h"
#include "kmd/adapter.h"
#include "util/log.h"

#define REQUIRE(x)               \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

#define MAX_MODIFIERS 16
#define QUERY_TYPES   80u
#define SELECTORS     4u
#define REPLY_SIZE    8192u
#define SHORT_REPLY   256u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct host_model *model;
static d3dkmt_handle process;

/* ---- the host, one message at a time ---- */

static int32_t send_message(enum host_message_type type, const void *request, void *reply)
{
	struct host_message m = {
		.type = type,
		.sync = true,
		.process = process,
		.has_status = true,
		.reply_expected = REPLY_SIZE,
		.reply_length = REPLY_SIZE,
	};

	m.request.any = request;
	m.reply.any = reply;
	REQUIRE(host_model_ops.send(model, &m) == 0);
	return m.status;
}

static int32_t query(uint32_t type, void *data, uint32_t size)
{
	struct host_query_adapter_info request = {.type = type, .size = size};
	struct host_query_adapter_info_reply reply = {.data = data};
	void *sent = malloc(size ? size : 1);
	int32_t status;

	REQUIRE(sent);
	if (size)
		memcpy(sent, data, size);
	request.data = sent;
	status = send_message(HOST_QUERYADAPTERINFO, &request, &reply);
	free(sent);
	return status;
}

static int32_t statistics(struct d3dkmt_querystatistics *args)
{
	struct host_query_statistics request = {.args = *args};
	struct host_query_statistics_reply reply;
	int32_t status;

	memset(&reply, 0, sizeof(reply));
	status = send_message(HOST_QUERYSTATISTICS, &request, &reply);
	args->result = reply.result;
	return status;
}

static int32_t calibration(uint32_t node, struct dxgk_gpuclockdata *out)
{
	struct host_query_clock_calibration request = {.node_ordinal = node};
	struct host_query_clock_calibration_reply reply = {.clock_data = {.flags = 0}};
	int32_t status = send_message(HOST_QUERYCLOCKCALIBRATION, &request, &reply);

	*out = reply.clock_data;
	return status;
}

static void on_event(uint64_t event)
{
	(void)event;
}

static void on_state(void)
{
}

static void on_removed(uint32_t vgpu)
{
	(void)vgpu;
}

static bool start(struct fixture *fixture)
{
	static const struct host_upcalls upcalls = {
		.signal_event = on_event,
		.device_state_changed = on_state,
		.vgpu_removed = on_removed,
	};
	struct host_create_process request = {.pid = 1, .name = "fuzz"};
	struct host_create_process_reply made = {0};

	if (host_model_create(&fixture, 1, &model))
		return false;
	REQUIRE(host_model_ops.attach(model, &upcalls) == 0);
	process = 0;
	send_message(HOST_CREATEPROCESS, &request, &made);
	process = made.process;
	return true;
}

static void stop(void)
{
	host_model_ops.detach(model);
	host_model_destroy(model);
}

/* ---- what the library calls to ask it ---- */

int dxg_query_adapter_info(struct dxg *dxg, d3dkmt_handle adapter, uint32_t type, void *data, uint32_t size)
{
	(void)dxg;
	(void)adapter;
	return query(type, data, size) < 0 ? -EINVAL : 0;
}

int dxg_query_statistics(struct dxg *dxg, struct d3dkmt_querystatistics *args)
{
	(void)dxg;
	return statistics(args) < 0 ? -EINVAL : 0;
}

int dxg_query_clock_calibration(struct dxg *dxg, d3dkmt_handle adapter, uint32_t node,
				struct dxgk_gpuclockdata *clock)
{
	(void)dxg;
	(void)adapter;
	return calibration(node, clock) < 0 ? -EINVAL : 0;
}

int32_t dxg_last_status(void)
{
	return 0;
}

const char *dxg_status_name(int32_t status)
{
	(void)status;
	return "refused";
}

static void read_as_the_library_does(bool consistent)
{
	static const struct dxg_adapter adapter = {.handle = 0x40000040u};
	struct kmd_pci_address address;
	struct kmd_adapter read;
	struct kmd_failure why;
	struct kmd_pci_ids ids;
	struct report_counters found;

	if (kmd_adapter_identify(NULL, adapter.handle, &ids))
		return;
	if (!kmd_adapter_locate(NULL, adapter.handle, &address))
		REQUIRE(address.bus <= 255 && address.device <= 31 && address.function <= 7);
	if (kmd_adapter_read(NULL, &adapter, &ids, NULL, &read, &why)) {
		REQUIRE(why.rule >= 1 && why.text[0]);
	} else {
		REQUIRE(ids.vendor == KMD_VENDOR_AMD);
		REQUIRE(read.compute_node < read.node_count && read.engine_count <= KMD_MAX_ENGINES);
		REQUIRE(read.compute_units <= 128 && read.note_count <= KMD_MAX_NOTES);
		REQUIRE(read.va_base < read.va_limit || (!read.va_base && !read.va_limit));
	}
	report_get_counters(&found);
	/* it asks nobody but AMD, unless it is told of the wrong vendor */
	REQUIRE(!found.misuse || !consistent);
}

/* ---- and everybody else ---- */

/* AMD's private one, registry strings, names (Microsoft: d3dkmthk.h). */
static bool has_long_reply(uint32_t type)
{
	return type == 0 || type == 8 || type == 54 || type == 65 || type == 66;
}

static void ask_everything(void)
{
	static const uint32_t sizes[] = {0, 4, 8, 12, 24, 28, 40, 56, 64, 78, 132, 2080, 0xbc0, 0x4360, 8192};
	struct host_query_video_memory_info video = {0};
	struct host_query_video_memory_info_reply video_reply;
	struct dxgk_gpuclockdata clock;

	for (uint32_t type = 0; type < QUERY_TYPES; type++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			uint8_t *data;

			if (sizes[i] > SHORT_REPLY && !has_long_reply(type))
				continue;
			data = calloc(1, sizes[i] ? sizes[i] : 1);
			REQUIRE(data);
			query(type, data, sizes[i]);
			free(data);
		}
	}
	for (uint32_t type = 0; type < 16; type++) {
		for (uint32_t selector = 0; selector < SELECTORS; selector++) {
			struct d3dkmt_querystatistics args = {.type = type};

			args.selector = selector;
			statistics(&args);
			calibration(selector, &clock);
		}
	}
	for (video.memory_segment_group = 0; video.memory_segment_group < SELECTORS;
	     video.memory_segment_group++) {
		memset(&video_reply, 0, sizeof(video_reply));
		send_message(HOST_QUERYVIDEOMEMORYINFO, &video, &video_reply);
	}
}

/* Takes the lines of modifiers out of @text, whose length is returned. */
static size_t split(char *text, size_t size, char *modifiers[MAX_MODIFIERS], unsigned int *count)
{
	size_t kept = 0;

	*count = 0;
	for (size_t at = 0; at < size;) {
		const char *end = memchr(text + at, '\n', size - at);
		size_t length = end ? (size_t)(end - text) + 1 - at : size - at;

		if (text[at] == '+' && *count < MAX_MODIFIERS) {
			modifiers[*count] = strndup(text + at + 1, length - 1);
			REQUIRE(modifiers[*count]);
			modifiers[*count][strcspn(modifiers[*count], "\n")] = '\0';
			++*count;
		} else {
			memmove(text + kept, text + at, length);
			kept += length;
		}
		at += length;
	}
	return kept;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fixture_error error = {.text = ""};
	char *modifiers[MAX_MODIFIERS];
	struct fixture *fixture;
	unsigned int count;
	char *text = malloc(size + 1), *exact;
	bool consistent;
	int rc;

	log_set_level(LOG_NONE);
	report_open("/dev/null");
	report_reset_counters();
	REQUIRE(text);
	if (size)
		memcpy(text, data, size);
	size = split(text, size, modifiers, &count);
	exact = realloc(text, size ? size : 1); /* a byte read too far is seen */
	REQUIRE(exact);
	rc = fixture_parse("fuzz", exact, size, &fixture, &error);
	free(exact);
	REQUIRE(!rc || (rc == -EINVAL && error.text[0]));
	for (unsigned int i = 0; i < count; i++) {
		error.text[0] = '\0';
		if (!rc && fixture_modify(fixture, modifiers[i], &error))
			REQUIRE(error.text[0]);
		free(modifiers[i]);
	}
	if (rc)
		return 0;
	REQUIRE(fixture->engine_count <= FIXTURE_MAX_ENGINES);
	REQUIRE(fixture_visible_bytes(fixture) <= fixture->vram_bytes);
	consistent = !fixture->raw && !fixture->patches;
	if (!start(fixture))
		return 0;
	read_as_the_library_does(consistent);
	ask_everything();
	stop();
	return 0;
}
