// SPDX-License-Identifier: MIT
/* What was found, for people. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dxginfo/facts.h"
#include "dxginfo/machine.h"
#include "dxginfo_version.h"
#include "dxginfo/options.h"
#include "dxginfo/property.h"
#include "util/compiler.h"

#define MIB (1024U * 1024)

static const char *hidden_reason(const struct topology_hidden *hidden)
{
	return hidden->reason == TOPOLOGY_HIDDEN_FOREIGN ? "no node" : "hidden";
}

static void print_state(FILE *out, const struct machine *machine, const struct adapter *adapter)
{
	const struct topology_gpu *gpu = adapter->gpu;

	if (gpu)
		fprintf(out, "    node %u, gfx%u%x%x%s\n", adapter->node, gpu->gfx_reported.major,
			gpu->gfx_reported.minor, gpu->gfx_reported.step,
			gpu->gfx_overridden ? " by HSA_OVERRIDE_GFX_VERSION" : "");
	else if (adapter->hidden && adapter->hidden->rule)
		fprintf(out, "    %s: self-check %u, %s\n", hidden_reason(adapter->hidden),
			adapter->hidden->rule, adapter->hidden->text);
	else if (adapter->hidden)
		fprintf(out, "    %s: %s\n", hidden_reason(adapter->hidden), adapter->hidden->text);
	else
		fprintf(out, "    no node: the topology cannot be read: %s\n",
			machine->topology_error ? strerror(-machine->topology_error)
						: "the adapter came later");
}

static void print_engines(FILE *out, const struct adapter *adapter)
{
	const struct kmd_adapter *kmd = adapter->gpu ? &adapter->gpu->kmd : NULL;
	uint32_t count = kmd ? kmd->engine_count : adapter->engine_count;

	if (!count)
		return;
	fputs("    engines", out);
	for (uint32_t i = 0; i < count; i++) {
		const struct adapter_engine *engine = i < adapter->engine_count ? &adapter->engines[i] : NULL;

		fprintf(out, "%s %u ", i ? "," : "", i);
		if (kmd && strcmp(scheduler_name(kmd->engines[i]), "?") != 0)
			fputs(scheduler_name(kmd->engines[i]), out);
		else if (kmd)
			fprintf(out, "id %u (%s)", kmd->engines[i],
				engine ? engine_type_name(engine->type) : "not described");
		else
			fputs(engine_type_name(engine->type), out);
	}
	fputc('\n', out);
}

static void print_gpu(FILE *out, const struct kmd_adapter *kmd)
{
	fprintf(out,
		"    %u compute units, VRAM %" PRIu64 " MiB visible to the CPU, %" PRIu64 " MiB not%s%s\n",
		kmd->compute_units, kmd->vram_visible / MIB, kmd->vram_invisible / MIB,
		kmd_adapter_has(kmd, KMD_FIELD_VRAM_TYPE) ? ", " : "",
		kmd_adapter_has(kmd, KMD_FIELD_VRAM_TYPE) ? kmd_vram_type_name(kmd->vram_type) : "");
	if (!kmd_adapter_has(kmd, KMD_FIELD_HWS_MASK))
		fputs("    hardware queues: none, hardware scheduling is off or not there\n", out);
	else
		fprintf(out, "    hardware queues: on nodes 0x%" PRIx64 "\n", kmd->hws_mask);
	for (uint32_t i = 0; i < kmd->note_count; i++)
		fprintf(out, "    note: self-check %u, %s\n", kmd->notes[i].rule, kmd->notes[i].text);
}

void facts_print_adapter(FILE *out, const struct machine *machine, const struct adapter *adapter)
{
	char version[32];

	fprintf(out, "adapter %u  %08x:%08x  ", adapter->index, adapter->luid.b, adapter->luid.a);
	if (adapter->ids_error)
		fputs("PCI ids not told", out);
	else
		fprintf(out, "%04x:%04x rev %02x, subsystem %04x:%04x", adapter->ids.vendor,
			adapter->ids.device, adapter->ids.revision, adapter->ids.subvendor,
			adapter->ids.subsystem);
	fprintf(out, "  %s\n", adapter->name[0] ? adapter->name : "(no name)");
	print_state(out, machine, adapter);
	fputs("    ", out);
	if (adapter->address_known)
		fprintf(out, "PCI %02x:%02x.%x on the host, ", adapter->address.bus, adapter->address.device,
			adapter->address.function);
	fprintf(out, "driver %s, ", facts_driver_version(adapter, version));
	if (adapter->wddm_version)
		fprintf(out, "WDDM %u.%u", adapter->wddm_version / 1000, adapter->wddm_version % 1000 / 100);
	else
		fputs("WDDM version not told", out);
	if (adapter->type & D3DKMT_ADAPTERTYPE_COMPUTE_ONLY)
		fputs(", compute only", out);
	fputc('\n', out);
	if (adapter->segments_known)
		fprintf(out,
			"    memory: %" PRIu64 " MiB dedicated, %" PRIu64 " MiB reserved, %" PRIu64
			" MiB of the system\n",
			adapter->dedicated_video / MIB, adapter->dedicated_system / MIB,
			adapter->shared_system / MIB);
	if (adapter->gpu)
		print_gpu(out, &adapter->gpu->kmd);
	print_engines(out, adapter);
}

static void print_value(FILE *out, const struct property_value *value)
{
	switch (value->kind) {
	case PROPERTY_NUMBER:
		fprintf(out, "%" PRIu64, value->number);
		break;
	case PROPERTY_FLAGS:
		fprintf(out, "0x%" PRIx64, value->number);
		break;
	case PROPERTY_TEXT:
		fputs(value->text, out);
		break;
	case PROPERTY_NONE:
		fputs("(below)", out);
		break;
	}
}

static void print_parts(FILE *out, const struct topology_node *node)
{
	for (uint32_t i = 0; i < node->bank_count; i++)
		fprintf(out,
			"    bank %u: heap type %u, %" PRIu64 " MiB, %u bits, %u MHz, base 0x%" PRIx64 "\n",
			i, (unsigned)node->banks[i].HeapType, node->banks[i].SizeInBytes / MIB,
			node->banks[i].Width, node->banks[i].MemoryClockMax,
			node->banks[i].VirtualBaseAddress);
	/* one line for equal caches in a row: a GPU has one for each of its units */
	for (uint32_t i = 0, k; i < node->cache_count; i = k) {
		const HsaCacheProperties *c = &node->caches[i];

		for (k = i + 1; k < node->cache_count; k++)
			if (node->caches[k].CacheLevel != c->CacheLevel ||
			    node->caches[k].CacheSize != c->CacheSize ||
			    node->caches[k].CacheType.Value != c->CacheType.Value)
				break;
		fprintf(out, "    %u cache%s of level %u: %u KiB, lines of %u bytes, type 0x%x\n", k - i,
			k - i == 1 ? "" : "s", c->CacheLevel, c->CacheSize, c->CacheLineSize,
			c->CacheType.Value);
	}
	for (uint32_t i = 0; i < node->link_count; i++)
		fprintf(out, "    link to node %u: type %u, weight %u, %u to %u MB/s, flags 0x%x\n",
			node->links[i].NodeTo, (unsigned)node->links[i].IoLinkType, node->links[i].Weight,
			node->links[i].MinimumBandwidth, node->links[i].MaximumBandwidth,
			node->links[i].Flags.LinkProperty);
}

static void print_properties(FILE *out, const struct topology_node *node)
{
	for (uint32_t p = 0; p < PROPERTY_COUNT; p++) {
		struct property_value value;

		/* those of parts only mean something where a GPU has filled them */
		if (!node->gpu && !property_is_of_node((enum property)p))
			continue;
		property_read(node, (enum property)p, &value);
		fprintf(out, "    %-26s ", property_name((enum property)p));
		print_value(out, &value);
		if (node->gpu)
			fprintf(out, "  [%s]", origin_name(node->gpu->origin[p]));
		fputc('\n', out);
	}
	print_parts(out, node);
}

static uint32_t count_origin(const struct topology_gpu *gpu, enum origin origin)
{
	uint32_t count = 0;

	for (uint32_t p = 0; p < PROPERTY_COUNT; p++)
		count += gpu->origin[p] == origin;
	return count;
}

static void print_node(FILE *out, const struct topology_node *node, uint32_t id, bool verbose)
{
	const struct topology_gpu *gpu = node->gpu;
	struct property_value name;

	property_read(node, PROPERTY_MarketingName, &name);
	if (!gpu) {
		fprintf(out,
			"node %u  CPU, %u cores, %s; its values are read from this kernel's /proc and /sys\n",
			id, node->props.NumCPUCores, name.text);
	} else {
		fprintf(out,
			"node %u  GPU, %s, gfx%u%x%x; of its values %u are read from the host, "
			"%u from tables, %u assumed, %u not there or not known\n",
			id, name.text, gpu->gfx_reported.major, gpu->gfx_reported.minor,
			gpu->gfx_reported.step,
			count_origin(gpu, ORIGIN_PRIVATE_DATA) + count_origin(gpu, ORIGIN_QUERY),
			count_origin(gpu, ORIGIN_TABLE) + count_origin(gpu, ORIGIN_USER_TABLE) +
				count_origin(gpu, ORIGIN_NAME_FILE),
			count_origin(gpu, ORIGIN_ASSUMED), count_origin(gpu, ORIGIN_ABSENT));
	}
	if (verbose)
		print_properties(out, node);
}

const char *facts_driver_version(const struct adapter *adapter, char text[32])
{
	uint64_t v = adapter->driver_version;

	if (!v)
		return "version not told";
	snprintf(text, 32, "%u.%u.%u.%u", (unsigned)(v >> 48), (unsigned)(v >> 32 & 0xffff),
		 (unsigned)(v >> 16 & 0xffff), (unsigned)(v & 0xffff));
	return text;
}

const char *facts_host(enum host_reports reports)
{
	switch (reports) {
	case HOST_REPORTS_STATUS:
		return "the host tells why it refuses (VMBus interface 40 or later)";
	case HOST_REPORTS_NOTHING:
		return "the host is an old one and does not tell refusals of queries";
	case HOST_REPORTS_UNKNOWN:
		break;
	}
	return "nothing is known of the host";
}

void facts_print_machine(FILE *out, const struct machine *machine)
{
	fprintf(out, "dxginfo %s\n", DXGINFO_VERSION);
	fprintf(out, "kernel   %s %s, %s (%s)\n", machine->kernel.sysname, machine->kernel.release,
		machine->kernel.machine, machine->is_wsl ? "WSL2" : "not WSL2's");
	if (machine_open_problem(machine))
		fprintf(out, "/dev/dxg %s\n", machine_open_problem(machine));
	else if (machine->list_error)
		fprintf(out, "/dev/dxg opens, but its adapters cannot be listed: %s\n",
			strerror(-machine->list_error));
	else
		fprintf(out, "/dev/dxg opens, %u adapter%s; %s\n", machine->adapter_count,
			machine->adapter_count == 1 ? "" : "s", facts_host(machine->host_reports));
}

/* EXIT_GOOD; EXIT_BAD: the nodes cannot be read; EXIT_NO_DEVICE. */
int list_command(struct machine *machine, const struct options *options)
{
	facts_print_machine(stdout, machine);
	for (uint32_t i = 0; i < machine->adapter_count; i++) {
		if (options->adapter && machine_find(machine, options->adapter) != &machine->adapters[i])
			continue;
		putchar('\n');
		facts_print_adapter(stdout, machine, &machine->adapters[i]);
	}
	putchar('\n');
	if (machine->topology_error)
		printf("the nodes cannot be read: %s\n", strerror(-machine->topology_error));
	for (uint32_t id = 0; machine->snapshot && id < topology_node_count(machine->snapshot); id++) {
		const struct topology_node *node = topology_node(machine->snapshot, id);
		const struct adapter *selected =
			options->adapter ? machine_find(machine, options->adapter) : NULL;

		if (!selected || (node->gpu && node->gpu == selected->gpu))
			print_node(stdout, node, id, options->verbose);
	}
	if ((options->verbose || machine->topology_error) && machine->messages[0])
		printf("\nmessages of the library:\n%s", machine->messages);
	if (machine->topology_error)
		return EXIT_BAD;
	return machine->adapter_count ? EXIT_GOOD : EXIT_NO_DEVICE;
}
