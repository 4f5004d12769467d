// SPDX-License-Identifier: MIT
/*
 * The decoded sections tell a reader, and those parts of dxgsim that play the hardware, what the adapter is like; the
 * [raw] sections have the bytes, so that the library finds in the file what it found on the machine.  A value that
 * the format has no room for is replaced by the nearest that it has, with a comment; the bytes stay.
 */
#include "dxginfo/describe.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dxginfo/facts.h"
#include "dxginfo/query.h"
#include "dxginfo/scrub.h"
#include "dxginfo_version.h"
#include "kmd/layouts.h"
#include "topology/devices.h"
#include "util/compiler.h"

#define KIB 1024U
#define MIB (1024U * KIB)

#define MAX_ENGINES	 32U /* that the format can describe; answers about more are in it all the same */
#define MAX_SCHEDULER_ID 15U
#define DEFAULT_VA_START 0x10000ULL
#define DEFAULT_VA_END	 0x800000000000ULL
#define DEFAULT_VA_BITS	 48U
#define SMALL_BAR_MIB	 256U
#define BYTES_PER_LINE	 32U

struct writer {
	FILE *out;
	const struct adapter *adapter;
	const struct answers *answers;
	bool amd;
	bool integrated;
	struct blob_reader proxy, ati, ex;
	uint32_t engine_count;
	uint32_t gfx_major;
};

/* "key = value", the value brought into the range that the format has. */
static void put(struct writer *w, const char *key, uint64_t value, uint64_t min, uint64_t max)
{
	uint64_t fits = MIN(MAX(value, min), max);

	if (fits != value)
		fprintf(w->out, "# told: %" PRIu64 "\n", value);
	fprintf(w->out, "%s = %" PRIu64 "\n", key, fits);
}

static void put_hex(struct writer *w, const char *key, uint64_t value, uint64_t min, uint64_t max)
{
	uint64_t fits = MIN(MAX(value, min), max);

	if (fits != value)
		fprintf(w->out, "# told: 0x%" PRIx64 "\n", value);
	fprintf(w->out, "%s = 0x%" PRIx64 "\n", key, fits);
}

static void put_flag(struct writer *w, const char *key, bool value)
{
	fprintf(w->out, "%s = %s\n", key, value ? "yes" : "no");
}

/* A name in the characters that the format takes; `fallback` for an empty one. */
static void put_name(struct writer *w, const char *name, const char *fallback, size_t max)
{
	size_t length = 0;

	for (; *name == ' '; name++)
		;
	for (; *name && length < max; name++) {
		unsigned char c = (unsigned char)*name;

		if ((c & 0xc0) == 0x80) /* inside a UTF-8 character */
			continue;
		fputc(c < 0x20 || c >= 0x7f ? '?' : c == ';' || c == '\\' ? ',' : c, w->out);
		length++;
	}
	if (!length)
		fputs(fallback, w->out);
	fputc('\n', w->out);
}

static void write_adapter(struct writer *w)
{
	const struct adapter *adapter = w->adapter;
	const struct kmd_pci_ids *ids = &adapter->ids;
	uint64_t v = adapter->driver_version;

	fputs("\n[adapter]\ndescription = ", w->out);
	put_name(w, adapter->name, "unnamed adapter", 127);
	fprintf(w->out, "driver_version = %u.%u.%u.%u\n", (unsigned)(v >> 48), (unsigned)(v >> 32 & 0xffff),
		(unsigned)(v >> 16 & 0xffff), (unsigned)(v & 0xffff));
	put_hex(w, "vendor", ids->vendor, 1, 0xffff);
	put_hex(w, "device", ids->device, 1, 0xffff);
	put_hex(w, "revision", ids->revision, 0, 0xff);
	put_hex(w, "subvendor", ids->subvendor, 0, 0xffff);
	put_hex(w, "subsystem", ids->subsystem, 0, 0xffff);
	put(w, "pci_bus", adapter->address.bus, 0, 255);
	put(w, "pci_device", adapter->address.device, 0, 31);
	put(w, "pci_function", adapter->address.function, 0, 7);
	put_flag(w, "integrated", w->integrated);
	put_flag(w, "compute_only", adapter->type & D3DKMT_ADAPTERTYPE_COMPUTE_ONLY);
}

static uint32_t ex32(struct writer *w, enum ex_field field)
{
	return blob_read32(&w->ex, field);
}

/* One mask per shader array; a chip without any is not let in by the format. */
static void write_masks(struct writer *w, uint32_t engines, uint32_t arrays)
{
	uint32_t units = 0;

	for (uint32_t i = 0; i < engines * KMD_WGP_MAP_SA; i++)
		if (i % KMD_WGP_MAP_SA < arrays)
			units += (uint32_t)__builtin_popcount(
				(unsigned)blob_read_element(&w->ex, EX_WGP_ACTIVE, i));
	if (!units)
		fputs("# told: no work group processor at all\n", w->out);
	for (uint32_t se = 0; se < engines; se++) {
		fprintf(w->out, "wgp_mask_%u =", se);
		for (uint32_t sa = 0; sa < arrays; sa++) {
			uint64_t mask = blob_read_element(&w->ex, EX_WGP_ACTIVE, se * KMD_WGP_MAP_SA + sa);

			fprintf(w->out, " 0x%02" PRIx64, units ? mask : 1);
		}
		fputc('\n', w->out);
	}
}

static void write_chip(struct writer *w)
{
	uint32_t engines = MIN(MAX(ex32(w, EX_SHADER_ENGINES), 1U), KMD_WGP_MAP_SE);
	uint32_t arrays = MIN(MAX(ex32(w, EX_ARRAYS_PER_ENGINE), 1U), KMD_WGP_MAP_SA);
	uint32_t wave = ex32(w, EX_WAVE_SIZE);
	bool hws = blob_read(&w->ex, EX_HWS_MASK_VALID);

	fputs("\n[chip]\n", w->out);
	put(w, "generation", w->gfx_major, 0, 99);
	put_hex(w, "family", ex32(w, EX_FAMILY_ID), 0, UINT32_MAX);
	put_hex(w, "external_revision", ex32(w, EX_EXTERNAL_REVISION), 0, UINT32_MAX);
	put(w, "chip_revision", ex32(w, EX_CHIP_REVISION), 0, UINT32_MAX);
	put(w, "graphics_engine", ex32(w, EX_GFX_ENGINE_ID), 0, UINT32_MAX);
	put(w, "me_firmware", ex32(w, EX_ME_FIRMWARE), 0, UINT32_MAX);
	put(w, "mec_firmware", ex32(w, EX_MEC_FIRMWARE), 0, UINT32_MAX);
	put(w, "pfp_firmware", ex32(w, EX_PFP_FIRMWARE), 0, UINT32_MAX);
	put(w, "shader_engines", ex32(w, EX_SHADER_ENGINES), 1, KMD_WGP_MAP_SE);
	put(w, "shader_arrays", ex32(w, EX_ARRAYS_PER_ENGINE), 1, KMD_WGP_MAP_SA);
	put(w, "cus_per_wgp", ex32(w, EX_CUS_PER_WGP), 1, 2);
	write_masks(w, engines, arrays);
	if (wave != 32 && wave != 64)
		fprintf(w->out, "# told: %u\n", wave);
	fprintf(w->out, "wave_size = %u\n", wave == 64 ? 64U : 32U);
	put(w, "vgprs", ex32(w, EX_VGPRS), 1, 65536);
	put(w, "rbs_per_se", ex32(w, EX_RBS_PER_ENGINE), 0, 64);
	put(w, "tcc_blocks", ex32(w, EX_GL2_CHANNELS), 0, 128);
	put(w, "sqcs_per_wgp", ex32(w, EX_SQCS_PER_WGP), 0, 8);
	put(w, "sqc_instruction_kib", ex32(w, EX_SQC_INSTRUCTION_SIZE) / KIB, 0, 4096);
	put(w, "sqc_data_kib", ex32(w, EX_SQC_DATA_SIZE) / KIB, 0, 4096);
	put(w, "gl1_kib", ex32(w, EX_GL1_SIZE) / KIB, 0, 65536);
	put(w, "gl2_kib", ex32(w, EX_GL2_SIZE) / KIB, 0, 1048576);
	put(w, "mall_mib", ex32(w, EX_MALL_SIZE), 0, 65536);
	put(w, "counter_khz", ex32(w, EX_COUNTER_HZ) / 1000, 1000, 1000000);
	/* the bit is about PCI Express only */
	put_flag(w, "platform_atomics", w->integrated || blob_read(&w->ex, EX_PCIE_ATOMICS));
	put_flag(w, "firmware_state", blob_read(&w->ex, EX_FIRMWARE_MANAGED_STATE));
	put_flag(w, "hws_capable", hws || w->gfx_major >= 11);
}

static void write_va(struct writer *w)
{
	const struct answer *caps = answers_find(w->answers, QUERY_GPUMMU_CAPS, SIZE_GPUMMU_CAPS, 0);
	uint64_t start = w->amd ? blob_read(&w->ex, EX_VA_BASE) : 0;
	uint64_t end = w->amd ? blob_read(&w->ex, EX_VA_LIMIT) : 0;
	uint64_t bits = answer_read(caps, 8, 4);

	if (bits < 32 || bits > 56) {
		fprintf(w->out, "# told: %" PRIu64 " bits\n", bits);
		bits = DEFAULT_VA_BITS;
	}
	if (start >= end || end > 1ULL << bits || (start | end) & 0xffff) {
		fprintf(w->out, "# told: from 0x%" PRIx64 " to 0x%" PRIx64 "\n", start, end);
		start = DEFAULT_VA_START;
		end = MIN(DEFAULT_VA_END, 1ULL << bits);
	}
	fprintf(w->out, "va_start = 0x%" PRIx64 "\nva_end = 0x%" PRIx64 "\nva_bits = %" PRIu64 "\n", start,
		end, bits);
}

static void write_memory(struct writer *w)
{
	uint64_t vram = MAX(w->adapter->dedicated_video / MIB, 1U);
	uint64_t visible = w->amd ? blob_read(&w->ex, EX_VRAM_VISIBLE) / MIB : 0;
	bool split = w->amd && blob_read(&w->ex, EX_VRAM_INVISIBLE);

	fputs("\n[memory]\n", w->out);
	put(w, "type", w->amd ? blob_read32(&w->ati, ATI_VRAM_TYPE) : 0, 0, 15);
	put(w, "bus_width", w->amd ? blob_read32(&w->ati, ATI_BUS_WIDTH) : 0, 0, 8192);
	put(w, "vram_mib", vram, 1, 1U << 20);
	vram = MIN(vram, 1U << 20);
	put(w, "small_bar_mib", split && visible ? visible : MIN(vram, SMALL_BAR_MIB), 1, vram);
	put(w, "shared_mib", w->adapter->shared_system / MIB, 1, 1U << 24);
	write_va(w);
	put(w, "pte_fragment", w->amd ? blob_read32(&w->ex, EX_PTE_FRAGMENT) : 0, 0, 63);
}

static void write_clocks(struct writer *w)
{
	uint32_t node = w->adapter->gpu && w->adapter->gpu->kmd.graphics_node != KMD_NO_NODE
				? w->adapter->gpu->kmd.graphics_node
				: 0;
	const struct answer *engine = answers_find(w->answers, QUERY_NODE_PERFDATA, SIZE_NODE_PERFDATA, node);
	const struct answer *memory =
		answers_find(w->answers, QUERY_ADAPTER_PERFDATA, SIZE_ADAPTER_PERFDATA, 0);
	const struct answer *caps =
		answers_find(w->answers, QUERY_ADAPTER_PERF_CAPS, SIZE_ADAPTER_PERF_CAPS, 0);

	fputs("\n[clocks]\n", w->out);
	put(w, "engine_mhz", answer_read(engine, 8, 8) / 1000000, 0, 100000);
	put(w, "engine_max_mhz", answer_read(engine, 16, 8) / 1000000, 0, 100000);
	put(w, "memory_mhz", answer_read(memory, 8, 8) / 1000000, 0, 100000);
	put(w, "memory_max_mhz", answer_read(memory, 16, 8) / 1000000, 0, 100000);
	put(w, "memory_bandwidth_mbps", answer_read(caps, 8, 8) / 1000000, 0, 100000000);
	put(w, "pcie_bandwidth_mbps", answer_read(caps, 16, 8) / 1000000, 0, 100000000);
}

static const char *engine_word(uint64_t type)
{
	switch (type) {
	case ENGINE_3D:
		return "3d";
	case ENGINE_VIDEO_DECODE:
		return "decode";
	case ENGINE_VIDEO_ENCODE:
		return "encode";
	case ENGINE_COPY:
		return "copy";
	default:
		return "other";
	}
}

/* The ids that AMD gives its engines; exactly one must be compute, or the format wants one. */
static void read_scheduler_ids(struct writer *w, uint32_t ids[MAX_ENGINES])
{
	uint32_t computes = 0;

	for (uint32_t i = 0; i < w->engine_count; i++) {
		ids[i] = w->amd ? (uint32_t)blob_read_element(&w->ex, EX_ENGINE_TABLE, i)
				: i + 1; /* no meaning */
		if (ids[i] > MAX_SCHEDULER_ID || (computes && ids[i] == KMD_ENGINE_COMPUTE0) ||
		    (!w->amd && (ids[i] == KMD_ENGINE_COMPUTE0 || i >= MAX_SCHEDULER_ID))) {
			if (w->amd)
				fprintf(w->out, "# told: engine %u has the id %u\n", i, ids[i]);
			ids[i] = MAX_SCHEDULER_ID;
		}
		computes += ids[i] == KMD_ENGINE_COMPUTE0;
	}
	if (w->amd && !computes) {
		fputs("# told: no compute engine; the last one is taken for it\n", w->out);
		ids[w->engine_count - 1] = KMD_ENGINE_COMPUTE0;
	}
}

static void write_engines(struct writer *w)
{
	uint32_t ids[MAX_ENGINES];

	fputs("\n[engines]\n", w->out);
	read_scheduler_ids(w, ids);
	for (uint32_t i = 0; i < w->engine_count; i++) {
		const struct adapter_engine *engine = &w->adapter->engines[i];
		bool described = i < w->adapter->engine_count;
		const char *fallback = w->amd && ids[i] != KMD_ENGINE_GRAPHICS ? scheduler_name(ids[i]) : "?";

		if (!strcmp(fallback, "?"))
			fallback = engine_type_name(described ? engine->type : ENGINE_OTHER);
		fprintf(w->out, "%u = %u %s ", i, ids[i],
			engine_word(described ? engine->type : ENGINE_OTHER));
		put_name(w, described ? engine->name : "", fallback, 31);
	}
	if (w->amd) {
		uint64_t all = (1ULL << w->engine_count) - 1, mask = blob_read(&w->ex, EX_NO_TIMEOUT_MASK);

		if (mask & ~all)
			fprintf(w->out, "# told: 0x%" PRIx64 "\n", mask);
		fprintf(w->out, "timeout_mask = 0x%" PRIx64 "\n", mask & all);
	}
}

static void write_state(struct writer *w, enum host_reports host)
{
	fputs("\n[state]\n", w->out);
	fprintf(w->out, "host = %u\n", host == HOST_REPORTS_NOTHING ? 27U : 40U);
	put_flag(w, "statistics", w->answers->statistics_known);
	if (w->answers->statistics_known) {
		put(w, "segments", w->answers->segments, 1, 256);
		put(w, "nodes", w->answers->nodes, 1, 256);
	}
	fprintf(w->out, "calibration_hz = %" PRIu64 "\n", w->answers->calibration_hz);
	if (!w->amd)
		return;
	if (!w->integrated)
		put_flag(w, "rebar", !blob_read(&w->ex, EX_VRAM_INVISIBLE));
	put_flag(w, "hws", blob_read(&w->ex, EX_HWS_MASK_VALID));
	if (blob_read(&w->ex, EX_HWS_MASK_VALID)) {
		uint64_t all = (1ULL << w->engine_count) - 1, mask = blob_read(&w->ex, EX_HWS_MASK);

		if (mask & ~all)
			fprintf(w->out, "# told: 0x%" PRIx64 "\n", mask);
		fprintf(w->out, "hws_mask = 0x%" PRIx64 "\n", mask & all);
	}
}

static bool only_zeros(const uint8_t *data, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		if (data[i])
			return false;
	return true;
}

static void write_answer(FILE *out, const struct answer *answer, const struct scrub_log *log)
{
	fprintf(out, "\n# %s\n", answer->name);
	for (uint32_t i = 0; i < MIN(log->count, SCRUB_MAX_RANGES); i++)
		fprintf(out, "# removed at 0x%x: %s, %u bytes\n", log->ranges[i].offset, log->ranges[i].what,
			log->ranges[i].length);
	if (log->count > SCRUB_MAX_RANGES)
		fprintf(out, "# removed: %u more\n", log->count - SCRUB_MAX_RANGES);
	if (answer->indexed)
		fprintf(out, "[raw %u 0x%x %u]\n", answer->type, answer->size, answer->index);
	else
		fprintf(out, "[raw %u 0x%x]\n", answer->type, answer->size);
	if (answer->refused) {
		fprintf(out, "status = 0x%08X\n", answer->status);
		return;
	}
	fputs("fill = 0\n", out);
	for (uint32_t at = 0; at < answer->size; at += BYTES_PER_LINE) {
		uint32_t length = MIN(BYTES_PER_LINE, answer->size - at);

		if (only_zeros(answer->data + at, length))
			continue;
		fprintf(out, "0x%04x =", at);
		for (uint32_t i = 0; i < length; i++)
			fprintf(out, " %02x", answer->data[at + i]);
		fputc('\n', out);
	}
}

/* Takes out of an answer what is not to leave the machine. */
static int clean(struct answer *answer, bool all_bytes, struct scrub_log *log)
{
	memset(log, 0, sizeof(*log));
	if (answer->refused)
		return 0;
	if (answer->type == QUERY_UMD_PRIVATE)
		return scrub_private(answer->data, answer->size, all_bytes, log);
	if (answer->type == QUERY_REGISTRY_INFO) {
		scrub_name(answer->data, 0, SIZE_ADAPTER_STRING, log);
		/* the strings of BIOS, DAC and chip: nobody reads them */
		scrub_range(answer->data, SIZE_ADAPTER_STRING, answer->size - SIZE_ADAPTER_STRING,
			    "strings of the BIOS", log);
	} else if (answer->type == QUERY_NODE_METADATA) {
		scrub_name(answer->data, NODE_METADATA_NAME, 2 * NODE_METADATA_UNITS, log);
	}
	return 0;
}

static void write_header(const struct description *d, FILE *out)
{
	const struct adapter *adapter = d->adapter;
	char version[32];

	fprintf(out,
		"# An adapter as it answered, written by dxginfo %s; \"dxgsim --adapter ./FILE\" plays it.\n"
		"# Kernel %s; driver %s; %s.\n"
		"# Not in this file: the LUID, registry paths and other texts in AMD's private answers, "
		"strings\n"
		"# of the BIOS.  Such bytes are zero here, and each section says what was removed from it.\n",
		DXGINFO_VERSION, d->machine->kernel.release, facts_driver_version(adapter, version),
		facts_host(d->machine->host_reports));
	if (d->all_bytes)
		fputs("# Private bytes without a known meaning ARE in it; a number among them could tell "
		      "this card "
		      "from others.\n",
		      out);
	else
		fputs("# Nor are private bytes without a known meaning; \"dxginfo dump --all-bytes\" keeps "
		      "them.\n",
		      out);
	if (adapter->gpu)
		fprintf(out, "# The library makes it node %u, gfx%u%x%x.\n", adapter->node,
			adapter->gpu->gfx_reported.major, adapter->gpu->gfx_reported.minor,
			adapter->gpu->gfx_reported.step);
	else if (adapter->hidden && adapter->hidden->rule)
		fprintf(out, "# The library hides it: self-check %u, %.100s\n", adapter->hidden->rule,
			adapter->hidden->text);
	else if (adapter->hidden)
		fprintf(out, "# The library makes no node of it: %.100s\n", adapter->hidden->text);
	for (uint32_t i = 0; adapter->gpu && i < adapter->gpu->kmd.note_count; i++)
		fprintf(out, "# Self-check %u: %.150s\n", adapter->gpu->kmd.notes[i].rule,
			adapter->gpu->kmd.notes[i].text);
}

static struct blob_reader reader_of(const struct answers *answers, const struct blob_layout *layout,
				    uint32_t size)
{
	const struct answer *answer = answers_find(answers, QUERY_UMD_PRIVATE, size, 0);
	struct blob_reader reader = {.layout = layout};

	/* a reader of nothing gives zeros */
	if (answer && !answer->refused) {
		reader.data = answer->data;
		reader.size = answer->size;
	}
	return reader;
}

/* The generation is not in what the driver tells; tables know it by the device id. */
static int find_generation(struct writer *w)
{
	struct device_table *table;
	struct device_info info;
	int ret;

	if (w->adapter->gpu) {
		w->gfx_major = w->adapter->gpu->gfx.major;
		return 0;
	}
	ret = device_table_create(&table);
	if (ret)
		return ret;
	device_table_find(table, w->adapter->ids.device, w->adapter->ids.revision, &info);
	w->gfx_major = info.gfx.major;
	device_table_destroy(table);
	return 0;
}

static uint32_t count_engines(const struct writer *w)
{
	struct blob_reader ex = w->ex;
	uint32_t count = w->amd ? blob_read32(&ex, EX_ENGINE_COUNT) : 0;

	if (!count || count > KMD_MAX_ENGINES)
		count = MAX(w->answers->nodes, w->adapter->engine_count);
	return MIN(MAX(count, 1U), MAX_ENGINES);
}

static int write_all(const struct description *d, FILE *out)
{
	struct writer w = {
		.out = out,
		.adapter = d->adapter,
		.answers = d->answers,
		.amd = d->adapter->ids.vendor == KMD_VENDOR_AMD,
	};
	struct scrub_log log;
	int ret = 0;

	w.proxy = reader_of(d->answers, &proxy_layout, KMD_EX_QUERY_SIZE);
	w.ati = reader_of(d->answers, &ati_layout, KMD_ATI_QUERY_SIZE);
	w.ex = reader_of(d->answers, &ex_layout, KMD_EX_QUERY_SIZE);
	w.integrated = w.amd ? blob_read32(&w.proxy, PROXY_DRIVER_ID) == 1
			     : (d->adapter->type & D3DKMT_ADAPTERTYPE_HYBRID_INTEGRATED) != 0;
	w.engine_count = count_engines(&w);
	if (w.amd)
		ret = find_generation(&w);
	write_header(d, out);
	write_adapter(&w);
	if (w.amd)
		write_chip(&w);
	write_memory(&w);
	write_clocks(&w);
	write_engines(&w);
	write_state(&w, d->machine->host_reports);
	for (struct answer *answer = d->answers->first; answer && !ret; answer = answer->next) {
		ret = clean(answer, d->all_bytes, &log);
		if (!ret)
			write_answer(out, answer, &log);
	}
	return ret;
}

/* The whole file as one text, which the caller frees.  -ENOMEM. */
int describe_adapter(const struct description *description, char **text, size_t *size)
{
	FILE *out = open_memstream(text, size);
	int ret;

	if (!out)
		return -ENOMEM;
	ret = write_all(description, out);
	if (ferror(out))
		ret = -ENOMEM;
	if (fclose(out))
		ret = -ENOMEM;
	if (ret) {
		free(*text);
		*text = NULL;
	}
	return ret;
}
