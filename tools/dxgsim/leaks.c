// SPDX-License-Identifier: MIT
/* What the program has not given back. */
#include "dxgsim/leaks.h"

#include <stdio.h>
#include <string.h>

#include "dxgsim/driver/driver.h"
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

static void leak_at_close(void *arg, const struct driver_object *object)
{
	char line[128];

	(void)arg;
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

void leaks_report_at_close(void)
{
	driver_report(leak_at_close, NULL);
}

void leaks_report_at_exit(void)
{
	driver_report(leak_at_exit, NULL);
}
