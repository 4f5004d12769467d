// SPDX-License-Identifier: MIT
#include "dxginfo/machine.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dxginfo/plain.h"
#include "dxginfo/watchdog.h"
#include "util/log.h"

static pthread_mutex_t messages_lock = PTHREAD_MUTEX_INITIALIZER;

/* Messages of the library are collected, for they belong into reports; what does not fit into memory is lost. */
static void keep_message(enum log_level level, const char *line, void *arg)
{
	struct machine *machine = arg;
	char *grown = NULL, *copy = strdup(line);

	(void)level;
	if (!copy)
		return;
	plain_line(copy);
	pthread_mutex_lock(&messages_lock);
	if (asprintf(&grown, "%s%s\n", machine->messages, copy) >= 0) {
		free(machine->messages);
		machine->messages = grown;
	}
	pthread_mutex_unlock(&messages_lock);
	free(copy);
}

static bool same_luid(struct winluid a, struct winluid b)
{
	return a.a == b.a && a.b == b.b;
}

/* Windows lists an adapter twice now and then; a second handle is of no use. */
static bool listed_before(const struct machine *machine, struct winluid luid)
{
	for (uint32_t i = 0; i < machine->adapter_count; i++)
		if (same_luid(machine->adapters[i].luid, luid))
			return true;
	return false;
}

static void list_adapters(struct machine *machine)
{
	struct dxg_adapter found[DXG_MAX_ADAPTERS];
	size_t count = 0;

	machine->list_error = dxg_enum_adapters(machine->dxg, found, &count);
	for (size_t i = 0; i < count; i++) {
		struct adapter *adapter = &machine->adapters[machine->adapter_count];

		if (listed_before(machine, found[i].luid)) {
			dxg_close_adapter(machine->dxg, found[i].handle);
			continue;
		}
		adapter->index = machine->adapter_count++;
		adapter->handle = found[i].handle;
		adapter->luid = found[i].luid;
		adapter_describe(machine->dxg, adapter);
	}
	if (machine->adapter_count)
		machine->host_reports = host_reports_status(machine->dxg, machine->adapters[0].handle);
}

/* Connects the adapters with what the library made of them. */
static void match_topology(struct machine *machine)
{
	const struct topology_hidden *hidden;
	uint32_t hidden_count = topology_hidden(machine->topology, &hidden);
	uint32_t nodes = machine->snapshot ? topology_node_count(machine->snapshot) : 0;

	for (uint32_t i = 0; i < machine->adapter_count; i++) {
		struct adapter *adapter = &machine->adapters[i];

		for (uint32_t k = 0; k < hidden_count; k++)
			if (same_luid(hidden[k].luid, adapter->luid))
				adapter->hidden = &hidden[k];
		for (uint32_t id = 0; id < nodes; id++) {
			const struct topology_node *node = topology_node(machine->snapshot, id);

			if (node->gpu && same_luid(node->gpu->luid, adapter->luid)) {
				adapter->gpu = node->gpu;
				adapter->node = id;
			}
		}
	}
}

static void open_device(struct machine *machine)
{
	watchdog_begin(machine->watchdog, "opening /dev/dxg");
	machine->open_error = dxg_open(&machine->dxg);
	watchdog_end(machine->watchdog);
	if (machine->dxg)
		dxg_observe(machine->dxg, watchdog_on_call, machine->watchdog);
}

/*
 * Looks at everything.  The caller closes the machine, also after a failure.  Problems of /dev/dxg, of the list
 * and of the topology are no failures but in open_error, list_error and topology_error.  -ENOMEM, -EAGAIN.  Until
 * the machine is closed no call of the driver may take longer than `seconds`: dxginfo ends then, and says so, in
 * `report` too if there is one.
 */
int machine_open(struct machine *machine, uint32_t seconds, FILE *report)
{
	const struct topology_options options = {.aql_emulation = true};
	int ret;

	memset(machine, 0, sizeof(*machine));
	machine->messages = strdup("");
	if (!machine->messages)
		return -ENOMEM;
	uname(&machine->kernel);
	machine->is_wsl = strcasestr(machine->kernel.release, "microsoft") != NULL;
	if (!log_enabled(LOG_WARN))
		log_set_level(LOG_WARN);
	log_set_sink(keep_message, machine);
	ret = watchdog_start(seconds, report, &machine->watchdog);
	if (ret)
		return ret;
	open_device(machine);
	if (machine->dxg)
		list_adapters(machine);
	ret = topology_create(machine->dxg, machine->open_error, &options, &machine->topology);
	if (ret)
		return ret;
	machine->topology_error = topology_acquire(machine->topology, &machine->snapshot);
	match_topology(machine);
	return 0;
}

/* Gives every handle back. */
void machine_close(struct machine *machine)
{
	if (machine->snapshot)
		topology_snapshot_put(machine->snapshot);
	topology_destroy(machine->topology);
	for (uint32_t i = 0; i < machine->adapter_count; i++)
		dxg_close_adapter(machine->dxg, machine->adapters[i].handle);
	if (machine->dxg) {
		dxg_observe(machine->dxg, NULL, NULL);
		watchdog_begin(machine->watchdog, "closing /dev/dxg");
		dxg_close(machine->dxg);
		watchdog_end(machine->watchdog);
	}
	watchdog_stop(machine->watchdog);
	log_set_sink(NULL, NULL);
	free(machine->messages);
	memset(machine, 0, sizeof(*machine));
}

/* The adapter of an index or of a LUID "12345678:9abcdef0" as it is listed; NULL if there is none. */
struct adapter *machine_find(struct machine *machine, const char *selector)
{
	char luid[24];

	for (uint32_t i = 0; i < machine->adapter_count; i++) {
		struct adapter *adapter = &machine->adapters[i];
		char index[12];

		snprintf(index, sizeof(index), "%u", adapter->index);
		snprintf(luid, sizeof(luid), "%08x:%08x", adapter->luid.b, adapter->luid.a);
		if (!strcmp(selector, index) || !strcasecmp(selector, luid))
			return adapter;
	}
	return NULL;
}

/* Why there is no /dev/dxg to use, and what to do about it; NULL when it opened. */
const char *machine_open_problem(const struct machine *machine)
{
	switch (machine->open_error) {
	case 0:
		return NULL;
	case -ENOENT:
	case -ENXIO:
		return machine->is_wsl ? "there is none: Windows has no GPU driver for WSL2, GPU support is "
					 "off in .wslconfig, or this is a container without the device"
				       : "there is none: this kernel is not WSL2's";
	case -ENOTTY:
		return "it is a file, not the GPU device of WSL2";
	case -EBADF:
	case -ENODEV:
		return "it has no virtual GPU: Windows offers none to this virtual machine";
	case -EACCES:
		return "permission denied: on WSL2 it is open to all (chmod 666 /dev/dxg)";
	case -ECANCELED:
		return "refused: memory locking (mlockall) is on in this process";
	default:
		return strerror(-machine->open_error);
	}
}
