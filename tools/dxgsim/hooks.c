// SPDX-License-Identifier: MIT
/*
 * Environment, faults, counters and the host as the driver sees it: the model behind a layer that counts,
 * delays and spoils messages of the call which the thread is in.
 */
#include "dxgsim/hooks_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dxgsim/driver/driver.h"
#include "dxgsim/fault.h"
#include "dxgsim/gpu/gpu.h"
#include "dxgsim/schedule.h"
#include "dxgsim/host/model.h"
#include "dxgsim/leaks.h"
#include "dxgsim/report.h"
#include "dxgsim/trace.h"

struct hooks hooks = {.lock = PTHREAD_MUTEX_INITIALIZER, .fault_hit = -1};

static _Thread_local struct hook_call *current;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- set-up ---- */

static int complain(const char *variable, const char *reason)
{
	fprintf(stderr, "dxgsim: %s: %s\n", variable, reason);
	return -EINVAL;
}

int hook_add_fault(const char *spec, char *reason, unsigned int reason_size)
{
	struct fault *fault, **end = &hooks.faults;
	int rc = fault_parse(spec, &fault, reason, reason_size);

	if (rc)
		return rc;
	if (fault->timed) {
		rc = schedule_add(fault);
		if (rc)
			snprintf(reason, reason_size, "its thread: %s", strerror(-rc));
		return rc;
	}
	pthread_mutex_lock(&hooks.lock);
	while (*end)
		end = &(*end)->next;
	*end = fault;
	pthread_mutex_unlock(&hooks.lock);
	return 0;
}

static int setup_faults(const char *specs)
{
	char reason[160];
	char *copy = strdup(specs), *next = copy;
	int rc = 0;

	if (!copy)
		return complain("DXGSIM_FAULTS", "out of memory");
	while (next && !rc) {
		char *spec = strsep(&next, ";");

		if (*spec && hook_add_fault(spec, reason, sizeof(reason)))
			rc = complain(spec, reason);
	}
	free(copy);
	return rc;
}

int hook_setup(void)
{
	const char *rtt = getenv("DXGSIM_RTT_US");
	const char *trace = getenv("DXGSIM_TRACE");
	const char *faults = getenv("DXGSIM_FAULTS");
	unsigned long long number;
	char *end;
	int rc;

	if (hooks.ready)
		return 0;
	if (rtt && *rtt) {
		errno = 0;
		number = strtoull(rtt, &end, 10);
		if (errno || *end || rtt[0] == '-' || number > 10000000)
			return complain("DXGSIM_RTT_US", "microseconds, at most 10000000");
		hooks.rtt_us = number;
	}
	rc = report_open(getenv("DXGSIM_REPORT"));
	if (rc)
		return complain("DXGSIM_REPORT", strerror(-rc));
	if (trace && *trace) {
		rc = trace_open(trace);
		if (rc)
			return complain("DXGSIM_TRACE", strerror(-rc));
	}
	if (faults && *faults && setup_faults(faults))
		return -EINVAL;
	if (getenv("DXGSIM_GPU_PROFILE") && !hooks.profile) {
		hooks.profile = gpu_profile_create();
		if (!hooks.profile)
			return complain("DXGSIM_GPU_PROFILE", "out of memory");
	}
	hooks.ready = true;
	return 0;
}

/* ---- messages ---- */

static void note_message(struct hook_call *call, const struct host_message *m)
{
	size_t used = strlen(call->names);

	call->messages++;
	call->sync_messages += m->sync;
	if (trace_enabled())
		snprintf(call->names + used, sizeof(call->names) - used, "%s%s", used ? " " : "",
			 host_message_name(m->type));
}

static void count_message(const struct host_message *m)
{
	pthread_mutex_lock(&hooks.lock);
	hooks.counters.messages++;
	hooks.counters.sync_messages += m->sync;
	pthread_mutex_unlock(&hooks.lock);
}

static void charge_round_trip(void)
{
	struct timespec left = {(time_t)(hooks.rtt_us / 1000000), (long)(hooks.rtt_us % 1000000) * 1000};

	if (!hooks.rtt_us)
		return;
	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

static bool takes_fault(struct hook_call *call, const struct host_message *m)
{
	if (!call || !call->fault || !call->fault_left || !fault_applies(call->fault, m))
		return false;
	if (call->fault_skip) {
		call->fault_skip--;
		return false;
	}
	if (call->fault_left != UINT32_MAX)
		call->fault_left--;
	return true;
}

static void note_applied(struct hook_call *call)
{
	if (call->fault_applied)
		return;
	call->fault_applied = true;
	pthread_mutex_lock(&hooks.lock);
	hooks.counters.faults++;
	if (call->fault_hit == hooks.hits)
		hooks.fault_applied = true;
	pthread_mutex_unlock(&hooks.lock);
}

static void lose_devices(struct host_model *model, const struct fault *fault)
{
	if (fault->lost && model)
		host_model_lose(model, fault_removes(fault) ? D3DKMT_DEVICEEXECUTION_STOPPED
							    : D3DKMT_DEVICEEXECUTION_RESET);
}

static int deliver(struct hook_call *call, void *host, struct host_message *m)
{
	int rc;

	if (call)
		note_message(call, m);
	count_message(m);
	if (m->sync)
		charge_round_trip();
	rc = host_model_ops.send(host, m);
	if (m->type == HOST_FREEGPUVIRTUALADDRESS && rc == 0 && m->reply_length < m->reply_expected)
		leaks_range_not_taken_back();
	return rc;
}

static int hooked_send(void *host, struct host_message *m)
{
	struct hook_call *call = current;

	if (takes_fault(call, m)) {
		note_applied(call);
		if (fault_delivers(call->fault)) {
			fault_change(call->fault, m);
			return deliver(call, host, m);
		}
		if (call->fault->kind != FAULT_RING_FULL) {
			note_message(call, m);
			count_message(m);
			if (m->sync)
				charge_round_trip();
		}
		lose_devices(host, call->fault);
		return fault_apply(call->fault,
				   m); /* it never reaches the model: the host did nothing else */
	}
	return deliver(call, host, m);
}

static const struct host_config *hooked_config(void *host)
{
	return host_model_ops.config(host);
}

static int hooked_attach(void *host, const struct host_upcalls *upcalls)
{
	return host_model_ops.attach(host, upcalls);
}

/* Not before: a host that sleeps lets nobody leave until it is woken. */
static void hooked_detach(void *host)
{
	schedule_stop();
	host_model_ops.detach(host);
}

static void hooked_forked(void *host)
{
	host_model_ops.forked(host);
}

static const struct host_ops hooked_ops = {
	.config = hooked_config,
	.attach = hooked_attach,
	.send = hooked_send,
	.detach = hooked_detach,
	.forked = hooked_forked,
};

int hook_host(const struct host_ops **ops, void **host)
{
	struct fixture_error error = {.text = ""};
	int rc = 0;

	pthread_mutex_lock(&hooks.lock);
	if (!hooks.model)
		rc = hooks_make_host(hooks.profile, &hooks.model, &error);
	pthread_mutex_unlock(&hooks.lock);
	if (rc) {
		fprintf(stderr, "dxgsim: %s\n", error.text[0] ? error.text : strerror(-rc));
		return rc;
	}
	*ops = &hooked_ops;
	*host = hooks.model;
	return 0;
}

/* ---- calls ---- */

struct host_model *hooks_model(void)
{
	struct host_model *model;

	pthread_mutex_lock(&hooks.lock);
	model = hooks.model;
	pthread_mutex_unlock(&hooks.lock);
	return model;
}

static void begin(struct hook_call *call, unsigned long cmd, const void *arg)
{
	memset(call, 0, sizeof(*call));
	call->cmd = cmd;
	call->arg = arg;
	call->start_ns = now_ns();
	call->outer = current;
	current = call;
}

static void arm(struct hook_call *call, int nr)
{
	for (struct fault *fault = hooks.faults; fault; fault = fault->next) {
		if (fault->kind == FAULT_HAPPENING || !fault_strikes(fault, nr) || call->fault)
			continue;
		hooks.fault_hit = nr;
		hooks.fault_applied = false;
		call->fault = fault;
		call->fault_hit = ++hooks.hits;
		call->fault_left = fault->messages;
		call->fault_skip = fault->skip;
	}
}

/* What befalls the host just before this call; outside of it, and without the lock, for the guest's driver is told. */
static void let_happen(int nr)
{
	pthread_mutex_lock(&hooks.lock);
	/* faults stay where they are: those that are dropped meanwhile are still on a list */
	for (struct fault *fault = hooks.faults; fault; fault = fault->next) {
		if (fault->kind != FAULT_HAPPENING || !fault_strikes(fault, nr))
			continue;
		hooks.fault_hit = nr;
		hooks.fault_applied = true;
		hooks.counters.faults++;
		pthread_mutex_unlock(&hooks.lock);
		schedule_strike(hooks_model(), fault);
		pthread_mutex_lock(&hooks.lock);
	}
	pthread_mutex_unlock(&hooks.lock);
}

static bool refused(struct hook_call *call, int *ret, int *err)
{
	if (!call->fault || call->fault->kind != FAULT_ERRNO)
		return false;
	note_applied(call);
	lose_devices(hooks_model(), call->fault);
	*ret = -1;
	*err = (int)call->fault->value;
	return true;
}

bool hook_ioctl_begin(struct hook_call *call, unsigned long cmd, const void *arg, int *ret, int *err)
{
	unsigned int nr = _IOC_NR(cmd);

	let_happen((int)nr);
	begin(call, cmd, arg);
	pthread_mutex_lock(&hooks.lock);
	hooks.counters.ioctls++;
	hooks.counters.ioctls_by_nr[nr]++;
	arm(call, (int)nr);
	pthread_mutex_unlock(&hooks.lock);
	return !refused(call, ret, err);
}

/*
 * The guest driver refuses a handle that is not there, or no more, before the host hears of it: harmless by
 * itself, but the number may be another object's by the next time.
 */
static void check_destroyed_once(const struct hook_call *call, int ret, int err)
{
	static const unsigned long destroyers[] = {
		LX_DXCLOSEADAPTER,
		LX_DXDESTROYDEVICE,
		LX_DXDESTROYCONTEXT,
		LX_DXDESTROYHWQUEUE,
		LX_DXDESTROYPAGINGQUEUE,
		LX_DXDESTROYALLOCATION2,
		LX_DXDESTROYSYNCHRONIZATIONOBJECT,
	};

	if (ret != -1 || err != EINVAL || call->fault || call->messages)
		return;
	for (size_t i = 0; i < sizeof(destroyers) / sizeof(destroyers[0]); i++) {
		if (call->cmd == destroyers[i])
			report_misuse("%s of what is not there, or no more",
				      driver_ioctl_name(_IOC_NR(call->cmd)));
	}
}

void hook_ioctl_end(struct hook_call *call, int ret, int err)
{
	current = call->outer;
	check_destroyed_once(call, ret, err);
	trace_call(call, NULL, ret, err);
}

bool hook_open_begin(struct hook_call *call, int *ret, int *err)
{
	let_happen(FAULT_OPEN);
	begin(call, 0, NULL);
	pthread_mutex_lock(&hooks.lock);
	arm(call, FAULT_OPEN);
	pthread_mutex_unlock(&hooks.lock);
	return !refused(call, ret, err);
}

void hook_open_end(struct hook_call *call, int ret, int err)
{
	int rc;

	current = call->outer;
	trace_call(call, "open", ret, err);
	if (ret < 0)
		return;
	rc = schedule_opened(hooks_model());
	if (rc)
		report_note("what is to befall the host does not: %s", strerror(-rc));
}

void hook_close_begin(struct hook_call *call)
{
	begin(call, 0, NULL);
}

void hook_close_end(struct hook_call *call)
{
	current = call->outer;
	trace_call(call, "close", 0, 0);
}

void hook_process_ending(void)
{
	leaks_report_at_close(hooks_model());
}

int hook_happen(const struct happening *happening, const char *text, char *reason, unsigned int reason_size)
{
	int rc = host_model_happen(hooks_model(), happening);

	if (rc)
		schedule_explain(rc, happening, reason, reason_size);
	else
		trace_happening(text);
	return rc;
}

enum host_power hook_power(void)
{
	struct host_model *model = hooks_model();

	return model ? host_model_power(model) : HOST_POWER_UNKNOWN;
}

void hook_exit(void)
{
	leaks_report_at_exit(hooks_model());
	if (hooks.profile)
		gpu_profile_print(hooks.profile, report_profile);
}

void hook_note(const char *text)
{
	report_note("%s", text);
}

_Noreturn void hook_crashed(const char *text)
{
	report_fatal("%s", text);
}

void hook_after_fork_in_child(void)
{
	pthread_mutex_init(&hooks.lock, NULL);
	memset(&hooks.counters, 0, sizeof(hooks.counters));
	for (struct fault *fault = hooks.faults; fault; fault = fault->next)
		fault->seen = 0;
	schedule_forked();
	report_after_fork_in_child();
	gpu_profile_after_fork_in_child(hooks.profile);
}

void hook_clear_faults(void)
{
	struct fault **end = &hooks.retired;

	schedule_clear();
	pthread_mutex_lock(&hooks.lock);
	while (*end)
		end = &(*end)->next;
	*end = hooks.faults;
	hooks.faults = NULL;
	pthread_mutex_unlock(&hooks.lock);
}

void hook_reset(void)
{
	struct host_model *model;

	schedule_stop();
	hook_clear_faults();
	pthread_mutex_lock(&hooks.lock);
	model = hooks.model;
	hooks.model = NULL;
	hooks.ready = false;
	hooks.rtt_us = 0;
	hooks.fault_hit = -1;
	hooks.fault_applied = false;
	memset(&hooks.counters, 0, sizeof(hooks.counters));
	pthread_mutex_unlock(&hooks.lock);
	if (model)
		host_model_destroy(model);
}
