// SPDX-License-Identifier: MIT
/* What was measured, for programs.  Numbers are written whole, not through a double. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "dxgbench/machine.h"
#include "dxgbench/report.h"
#include "dxgbench_version.h"

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

/* null where it cannot be known */
static void add_round_trips(cJSON *object, const char *name, uint64_t value)
{
	if (count_knows_round_trips())
		add_number(object, name, value);
	else
		check(cJSON_AddNullToObject(object, name));
}

static void add_ioctls(cJSON *object, const struct count *count)
{
	cJSON *json = check(cJSON_AddObjectToObject(object, "ioctls_by_name"));

	for (unsigned i = 0; i < COUNT_NUMBERS; i++) {
		char number[8];

		if (!count->by_number[i])
			continue;
		snprintf(number, sizeof(number), "0x%02x", i);
		add_number(json, count_name(i) ? count_name(i) : number, count->by_number[i]);
	}
}

static void add_row(cJSON *array, const struct row *row)
{
	cJSON *json = check(cJSON_CreateObject());

	if (!json || !cJSON_AddItemToArray(array, json)) {
		cJSON_Delete(json);
		failed = true;
		return;
	}
	add_text(json, "name", row->name);
	if (row->beside[0])
		add_text(json, "alternative_to", row->beside);
	add_text(json, "title", row->title);
	if (row->why[0])
		add_text(json, row->skipped ? "skipped" : "failed", row->why);
	add_number(json, "operations", row->done);
	if (!row->done)
		return;
	add_number(json, "ioctls", row->total.ioctls);
	add_number(json, "most_ioctls", row->most_ioctls);
	add_round_trips(json, "round_trips", row->total.round_trips);
	add_round_trips(json, "most_round_trips", row->most_round_trips);
	add_number(json, "waits", row->total.waits);
	add_number(json, "submissions", row->total.submissions);
	add_number(json, "command_bytes", row->total.command_bytes);
	add_ioctls(json, &row->total);
	if (row->timed) {
		add_number(json, "median_ns", row->median_ns);
		add_number(json, "p99_ns", row->p99_ns);
		if (row->bound_ns)
			add_number(json, "bound_ns", row->bound_ns);
	}
}

int report_print_json(const struct report *report, const struct machine *machine)
{
	cJSON *json = check(cJSON_CreateObject());
	cJSON *rows;
	char *text;
	int ret = 0;

	add_text(json, "version", DXGBENCH_VERSION);
	add_text(json, "host", count_knows_round_trips() ? "dxgsim" : "/dev/dxg");
	add_number(json, "node", machine->gpu);
	add_text(json, "gpu", machine->name);
	rows = check(cJSON_AddArrayToObject(json, "rows"));
	for (unsigned i = 0; i < report->count; i++)
		add_row(rows, &report->rows[i]);
	text = failed ? NULL : cJSON_Print(json);
	if (!text)
		ret = -ENOMEM;
	else if (puts(text) == EOF)
		ret = -EIO;
	cJSON_free(text);
	cJSON_Delete(json);
	return ret;
}
