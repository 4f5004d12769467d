// SPDX-License-Identifier: MIT
/* What the program has not given back. */
#include "dxgsim/leaks.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "dxgsim/driver/driver.h"
#include "dxgsim/host/happening.h"
#include "dxgsim/host/model.h"
#include "dxgsim/report.h"

static void describe(const struct driver_object *object, char *line, size_t size)
{
	char of_device[32] = "";

	if (object->device)
		snprintf(of_device, sizeof(of_device), " of device 0x%x", object->device);
	if (!strcmp(object->kind, "allocation"))
		snprintf(line, size, "allocation 0x%x%s, %llu bytes", object->handle, of_device,
			 (unsigned long long)object->detail);
	else
		snprintf(line, size, "%s 0x%x%s", object->kind, object->handle, of_device);
}

/*
 * Of a removed adapter the guest's driver closes handles of the adapter, devices with all that is in them, and sync objects
 * of no device; the rest it refuses to end (dxgkrnl: ioctl.c).
 */
static bool could_be_given_back(const struct driver_object *object)
{
	if (!object->removed || !strcmp(object->kind, "adapter") || !strcmp(object->kind, "device"))
		return true;
	return !strcmp(object->kind, "sync object") && !object->device;
}

static void leak_at_close(void *arg, const struct driver_object *object)
{
	char line[128];

	(void)arg;
	if (!could_be_given_back(object))
		return;
	describe(object, line, sizeof(line));
	report_leak("%s is still alive at the close of /dev/dxg", line);
}

static void leak_at_exit(void *arg, const struct driver_object *object)
{
	char line[128];

	(void)arg;
	describe(object, line, sizeof(line));
	report_note("%s was left to the kernel at exit", line);
}

static atomic_bool not_taken_back; /* since the last close */

void leaks_range_not_taken_back(void)
{
	atomic_store(&not_taken_back, true);
}

static void range_at_close(void *arg, uint32_t adapter, uint64_t start, uint64_t end)
{
	(void)arg;
	report_leak("GPU addresses 0x%llx..0x%llx of adapter %u are still taken at the close of /dev/dxg",
		    (unsigned long long)start, (unsigned long long)end, adapter);
}

static void range_at_exit(void *arg, uint32_t adapter, uint64_t start, uint64_t end)
{
	(void)arg;
	report_note("GPU addresses 0x%llx..0x%llx of adapter %u were left to the kernel at exit",
		    (unsigned long long)start, (unsigned long long)end, adapter);
}

void leaks_report_at_close(struct host_model *model)
{
	bool excused = atomic_exchange(&not_taken_back, false);

	driver_report(leak_at_close, NULL);
	if (model && !excused && host_model_reachable(model))
		host_model_visit_ranges(model, range_at_close, NULL);
}

void leaks_report_at_exit(struct host_model *model)
{
	driver_report(leak_at_exit, NULL);
	if (model)
		host_model_visit_ranges(model, range_at_exit, NULL);
}
