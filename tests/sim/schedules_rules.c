// SPDX-License-Identifier: MIT
/* What may follow from what happens, and what may not. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dxgsim/dxgsim.h"
#include "schedules.h"

#define PATIENCE_MS 2000u
#define STALL_MS    500u

#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#define SLOWNESS 5u
#elif __has_feature(address_sanitizer)
#define SLOWNESS 3u
#endif
#elif defined(__SANITIZE_THREAD__)
#define SLOWNESS 5u
#elif defined(__SANITIZE_ADDRESS__)
#define SLOWNESS 3u
#endif
#ifndef SLOWNESS
#define SLOWNESS 1u
#endif

struct world world;
static _Thread_local struct stand *here;
/* The last call that failed. */
static _Thread_local const char *failed_call;
static _Thread_local HSAKMT_STATUS failed_status;

unsigned slowness(void)
{
	return SLOWNESS;
}

uint64_t now_ns(void)
{
	return aql_now_ns();
}

void nap_us(uint32_t us)
{
	const struct timespec pause = {.tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000};

	nanosleep(&pause, NULL);
}

void stand_as(unsigned number, const char *name, unsigned which)
{
	here = &world.shared->stands[number];
	snprintf(here->name, sizeof(here->name), "%s %u", name, which);
	step("begins", 0);
}

void stand_down(void)
{
	here->name[0] = '\0';
	here = NULL;
}

void step(const char *what, uint32_t detail)
{
	if (!here)
		return;
	here->since_ns = now_ns();
	snprintf(here->step, sizeof(here->step), "%s %u", what, detail);
}

void wrong(const char *format, ...)
{
	static char findings[4096];
	va_list args;

	fprintf(stderr, "WRONG (%s, %s): ", here ? here->name : "?", here ? here->step : "?");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	if (failed_call)
		fprintf(stderr, " (before: %s: status %d)", failed_call, (int)failed_status);
	dxgsim_findings(findings, sizeof(findings));
	fprintf(stderr, "\n%s", findings);
	fflush(NULL);
	_exit(3);
}

bool may_fail(uint32_t adapters)
{
	return (atomic_load(&world.disturbed) & adapters) != 0;
}

bool has_harm(unsigned harm)
{
	return (atomic_load(&world.harms) & harm) != 0;
}

bool call_worked(HSAKMT_STATUS status, const char *call, uint32_t adapters)
{
	if (status == HSAKMT_STATUS_SUCCESS)
		return true;
	failed_call = call;
	failed_status = status;
	if (!may_fail(adapters))
		wrong("%s: status %d, and nothing has befallen the GPU", call, (int)status);
	/* arguments are good; only a call's own fault can say otherwise */
	if ((status == HSAKMT_STATUS_INVALID_PARAMETER || status == HSAKMT_STATUS_INVALID_HANDLE) &&
	    !has_harm(HARM_FAILS))
		wrong("%s: status %d, but its arguments are good", call, (int)status);
	return false;
}

void release_worked(HSAKMT_STATUS status, const char *call)
{
	if (status != HSAKMT_STATUS_SUCCESS && !has_harm(HARM_FAILS))
		wrong("%s: status %d", call, (int)status);
}

uint64_t patience_ns(void)
{
	uint64_t ms = has_harm(HARM_STALLS) ? STALL_MS : PATIENCE_MS;

	return (ms * SLOWNESS + atomic_load(&world.pause_ms)) * 1000000u;
}

/*
 * What a call that failed was to give back stays with the host, and nobody can do anything about it; nor about a submission that
 * was dropped on the way.
 */
static bool left_by_a_failed_call(const char *line)
{
	static const char *const left[] = {" LEAK adapter ", " LEAK GPU addresses ", " is still locked",
					   "SUBMITCOMMANDTOHWQUEUE: progress fence id "};

	for (size_t i = 0; has_harm(HARM_FAILS) && i < sizeof(left) / sizeof(left[0]); i++)
		if (strstr(line, left[i]))
			return true;
	return false;
}

const char *worst_finding(char *text)
{
	char *rest, *line;

	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if ((strstr(line, " LEAK ") || strstr(line, " MISUSE ") || strstr(line, " FATAL ")) &&
		    !left_by_a_failed_call(line))
			return line;
	return NULL;
}

void check_findings(const char *when)
{
	static char findings[16384];
	const char *worst;

	dxgsim_findings(findings, sizeof(findings));
	worst = worst_finding(findings);
	if (worst)
		wrong("%s: %s", when, worst);
}
