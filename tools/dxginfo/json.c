// SPDX-License-Identifier: MIT
/*
 * What was found, for programs.  Numbers are written whole: cJSON would take them through a double, and a mask
 * of 64 bits does not fit into one.
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dxginfo/facts.h"
#include "dxginfo/machine.h"
#include "dxginfo_version.h"
#include "dxginfo/options.h"
#include "dxginfo/property.h"

/* Memory runs out in one place only: whoever adds to NULL gets NULL, and the end looks at `failed`. */
static bool failed;

static cJSON *check(cJSON *item)
{
	failed |= !item;
	return item;
}

static void add_number(cJSON *object, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	check(cJSON_AddRawToObject(object, name, text));
}

static void add_text(cJSON *object, const char *name, const char *value)
{
	check(cJSON_AddStringToObject(object, name, value));
}

static void add_bool(cJSON *object, const char *name, bool value)
{
	check(cJSON_AddBoolToObject(object, name, value));
}

static cJSON *add_object(cJSON *object, const char *name)
{
	return check(cJSON_AddObjectToObject(object, name));
}

static cJSON *add_array(cJSON *object, const char *name)
{
	return check(cJSON_AddArrayToObject(object, name));
}

static cJSON *append_object(cJSON *array)
{
	cJSON *item = check(cJSON_CreateObject());

	if (item && !cJSON_AddItemToArray(array, item)) {
		cJSON_Delete(item);
		return check(NULL);
	}
	return item;
}

static void add_engines(cJSON *json, const struct adapter *adapter)
{
	const struct kmd_adapter *kmd = adapter->gpu ? &adapter->gpu->kmd : NULL;
	uint32_t count = kmd ? kmd->engine_count : adapter->engine_count;
	cJSON *engines = add_array(json, "engines");

	for (uint32_t i = 0; i < count; i++) {
		const struct adapter_engine *engine = i < adapter->engine_count ? &adapter->engines[i] : NULL;
		cJSON *item = append_object(engines);

		add_number(item, "ordinal", i);
		if (kmd)
			add_number(item, "scheduler_id", kmd->engines[i]);
		if (engine) {
			add_number(item, "type", engine->type);
			add_text(item, "name", engine->name);
		}
	}
}

static void add_hidden(cJSON *json, const struct topology_hidden *hidden)
{
	static const char *const reasons[] = {
		[TOPOLOGY_HIDDEN_NO_IDS] = "no ids",
		[TOPOLOGY_HIDDEN_FOREIGN] = "foreign",
		[TOPOLOGY_HIDDEN_UNKNOWN] = "unknown device id",
		[TOPOLOGY_HIDDEN_SELF_CHECK] = "self-check",
		[TOPOLOGY_HIDDEN_NO_GEOMETRY] = "no geometry",
	};
	cJSON *item = add_object(json, "hidden");

	add_text(item, "reason", reasons[hidden->reason]);
	if (hidden->rule)
		add_number(item, "self_check", hidden->rule);
	add_text(item, "text", hidden->text);
}

/* What AMD's driver told, after the self-checks. */
static void add_kmd(cJSON *json, const struct kmd_adapter *kmd)
{
	cJSON *item = add_object(json, "driver");
	cJSON *notes;
	cJSON *missing;

	add_bool(item, "discrete", kmd->discrete);
	add_number(item, "wddm_version", kmd->wddm_version);
	add_number(item, "family", kmd->family);
	add_number(item, "external_revision", kmd->external_revision);
	add_number(item, "chip_revision", kmd->chip_revision);
	add_number(item, "me_firmware", kmd->me_firmware);
	add_number(item, "mec_firmware", kmd->mec_firmware);
	add_number(item, "pfp_firmware", kmd->pfp_firmware);
	add_number(item, "nodes", kmd->node_count);
	add_number(item, "segments", kmd->segment_count);
	add_number(item, "hardware_queue_mask", kmd->hws_mask);
	add_number(item, "no_timeout_mask", kmd->no_timeout_mask);
	add_bool(item, "firmware_managed_state", kmd->firmware_managed_state);
	add_bool(item, "pcie_atomics", kmd->pcie_atomics);
	add_number(item, "vram_visible", kmd->vram_visible);
	add_number(item, "vram_invisible", kmd->vram_invisible);
	add_number(item, "non_local", kmd->non_local);
	add_number(item, "va_base", kmd->va_base);
	add_number(item, "va_limit", kmd->va_limit);
	add_number(item, "pte_fragment", kmd->pte_fragment);
	add_number(item, "compute_units", kmd->compute_units);
	add_number(item, "counter_hz", kmd->counter_hz);
	add_text(item, "vram_type", kmd_vram_type_name(kmd->vram_type));
	missing = add_array(item, "not_told");
	for (uint32_t i = 0; i < KMD_FIELD_COUNT; i++)
		/* the version is asked for by dxginfo itself */
		if (!kmd_adapter_has(kmd, (enum kmd_field)i) && i != KMD_FIELD_DRIVER_VERSION)
			check(cJSON_AddItemToArray(
				      missing, check(cJSON_CreateString(kmd_field_name((enum kmd_field)i))))
				      ? missing
				      : NULL);
	notes = add_array(item, "notes");
	for (uint32_t i = 0; i < kmd->note_count; i++) {
		cJSON *note = append_object(notes);

		add_number(note, "self_check", kmd->notes[i].rule);
		add_text(note, "text", kmd->notes[i].text);
	}
}

static void add_adapter(cJSON *adapters, const struct adapter *adapter)
{
	cJSON *json = append_object(adapters);
	char text[32];

	add_number(json, "index", adapter->index);
	snprintf(text, sizeof(text), "%08x:%08x", adapter->luid.b, adapter->luid.a);
	add_text(json, "luid", text);
	add_text(json, "name", adapter->name);
	if (!adapter->ids_error) {
		add_number(json, "vendor", adapter->ids.vendor);
		add_number(json, "device", adapter->ids.device);
		add_number(json, "revision", adapter->ids.revision);
		add_number(json, "subvendor", adapter->ids.subvendor);
		add_number(json, "subsystem", adapter->ids.subsystem);
	}
	if (adapter->address_known) {
		snprintf(text, sizeof(text), "%02x:%02x.%x", adapter->address.bus, adapter->address.device,
			 adapter->address.function);
		add_text(json, "address", text);
	}
	if (adapter->driver_version)
		add_text(json, "driver_version", facts_driver_version(adapter, text));
	if (adapter->wddm_version)
		add_number(json, "wddm_version", adapter->wddm_version);
	if (adapter->type)
		add_number(json, "adapter_type", adapter->type);
	if (adapter->segments_known) {
		add_number(json, "dedicated_video", adapter->dedicated_video);
		add_number(json, "dedicated_system", adapter->dedicated_system);
		add_number(json, "shared_system", adapter->shared_system);
	}
	add_engines(json, adapter);
	if (adapter->gpu) {
		add_number(json, "node", adapter->node);
		add_kmd(json, &adapter->gpu->kmd);
	} else if (adapter->hidden) {
		add_hidden(json, adapter->hidden);
	}
}

static void add_value(cJSON *json, const struct property_value *value)
{
	if (value->kind == PROPERTY_TEXT)
		add_text(json, "value", value->text);
	else if (value->kind != PROPERTY_NONE)
		add_number(json, "value", value->number);
}

static void add_parts(cJSON *json, const struct topology_node *node)
{
	cJSON *banks = add_array(json, "banks"), *caches = add_array(json, "caches");
	cJSON *links = add_array(json, "links");

	for (uint32_t i = 0; i < node->bank_count; i++) {
		const HsaMemoryProperties *bank = &node->banks[i];
		cJSON *item = append_object(banks);

		add_number(item, "HeapType", bank->HeapType);
		add_number(item, "SizeInBytes", bank->SizeInBytes);
		add_number(item, "Flags", bank->Flags.MemoryProperty);
		add_number(item, "Width", bank->Width);
		add_number(item, "MemoryClockMax", bank->MemoryClockMax);
		add_number(item, "VirtualBaseAddress", bank->VirtualBaseAddress);
	}
	for (uint32_t i = 0; i < node->cache_count; i++) {
		const HsaCacheProperties *cache = &node->caches[i];
		cJSON *item = append_object(caches);

		add_number(item, "ProcessorIdLow", cache->ProcessorIdLow);
		add_number(item, "CacheLevel", cache->CacheLevel);
		add_number(item, "CacheSize", cache->CacheSize);
		add_number(item, "CacheLineSize", cache->CacheLineSize);
		add_number(item, "CacheLinesPerTag", cache->CacheLinesPerTag);
		add_number(item, "CacheAssociativity", cache->CacheAssociativity);
		add_number(item, "CacheLatency", cache->CacheLatency);
		add_number(item, "CacheType", cache->CacheType.Value);
	}
	for (uint32_t i = 0; i < node->link_count; i++) {
		const HsaIoLinkProperties *link = &node->links[i];
		cJSON *item = append_object(links);

		add_number(item, "IoLinkType", link->IoLinkType);
		add_number(item, "NodeTo", link->NodeTo);
		add_number(item, "Weight", link->Weight);
		add_number(item, "MinimumBandwidth", link->MinimumBandwidth);
		add_number(item, "MaximumBandwidth", link->MaximumBandwidth);
		add_number(item, "Flags", link->Flags.LinkProperty);
	}
}

static void add_node(cJSON *nodes, const struct topology_node *node, uint32_t id)
{
	cJSON *json = append_object(nodes);
	cJSON *properties;

	add_number(json, "id", id);
	add_bool(json, "gpu", node->gpu != NULL);
	properties = add_object(json, "properties");
	for (uint32_t p = 0; p < PROPERTY_COUNT; p++) {
		struct property_value value;
		cJSON *item;

		if (!node->gpu && !property_is_of_node((enum property)p))
			continue;
		property_read(node, (enum property)p, &value);
		item = add_object(properties, property_name((enum property)p));
		add_value(item, &value);
		if (node->gpu)
			add_text(item, "origin", origin_name(node->gpu->origin[p]));
	}
	add_parts(json, node);
}

static cJSON *build(struct machine *machine, const struct options *options)
{
	const struct adapter *selected = options->adapter ? machine_find(machine, options->adapter) : NULL;
	cJSON *json = check(cJSON_CreateObject());
	cJSON *item, *adapters, *nodes;

	add_text(json, "version", DXGINFO_VERSION);
	item = add_object(json, "kernel");
	add_text(item, "release", machine->kernel.release);
	add_text(item, "machine", machine->kernel.machine);
	add_bool(item, "wsl", machine->is_wsl);
	item = add_object(json, "device");
	add_bool(item, "opens", !machine->open_error);
	if (machine_open_problem(machine))
		add_text(item, "problem", machine_open_problem(machine));
	else if (machine->list_error)
		add_text(item, "problem", strerror(-machine->list_error));
	if (machine->host_reports != HOST_REPORTS_UNKNOWN)
		add_bool(item, "host_reports_status", machine->host_reports == HOST_REPORTS_STATUS);
	adapters = add_array(json, "adapters");
	for (uint32_t i = 0; i < machine->adapter_count; i++)
		if (!selected || selected == &machine->adapters[i])
			add_adapter(adapters, &machine->adapters[i]);
	nodes = add_array(json, "nodes");
	for (uint32_t id = 0; machine->snapshot && id < topology_node_count(machine->snapshot); id++) {
		const struct topology_node *node = topology_node(machine->snapshot, id);

		if (!selected || (node->gpu && node->gpu == selected->gpu))
			add_node(nodes, node, id);
	}
	if (machine->topology_error)
		add_text(json, "topology_problem", strerror(-machine->topology_error));
	add_text(json, "messages", machine->messages);
	return json;
}

/* EXIT_GOOD; EXIT_BAD: no memory, or the nodes cannot be read; EXIT_NO_DEVICE, with what there is to print. */
int json_command(struct machine *machine, const struct options *options)
{
	cJSON *json = build(machine, options);
	char *text = failed ? NULL : cJSON_Print(json);

	cJSON_Delete(json);
	if (!text) {
		fprintf(stderr, "dxginfo: %s\n", strerror(ENOMEM));
		return EXIT_BAD;
	}
	puts(text);
	cJSON_free(text);
	if (machine->topology_error)
		return EXIT_BAD;
	return machine->adapter_count ? EXIT_GOOD : EXIT_NO_DEVICE;
}
