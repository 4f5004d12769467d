// SPDX-License-Identifier: MIT
#include "dxginfo/probe_child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "dxginfo/plain.h"
#include "gsp/context.h"
#include "kmd/check.h"
#include "memory/memory.h"
#include "queue/probe.h"
#include "util/log.h"

struct child {
	const struct probe_target *target;
	enum gsp_rung rung;
	int socket;
	struct dxg *dxg;
	bool adapter_open;
	struct dxg_adapter adapter;
	struct gsp_gpu *gpu;
	struct gsp_device *device;
	struct memory *memory;
	bool closing;
	const char *unclosed; /* the first call that failed meanwhile, NULL: none */
	int unclosed_error;
};

uint64_t probe_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

/* Nobody is left to tell when this fails, and then the parent's end kills this process. */
static void tell(const struct child *child, struct probe_message *message)
{
	ssize_t sent;

	message->at_ns = probe_now_ns();
	do {
		sent = send(child->socket, message, sizeof(*message), MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
}

/* A step of probe_run(), or of this program's around it. */
static void tell_event(const struct child *child, const char *name, const struct probe_event *event)
{
	struct probe_message message = {
		.kind = PROBE_MESSAGE_STEP,
		.outcome = event->outcome,
		.error = event->error,
		.with_next = event->with_next,
	};

	snprintf(message.name, sizeof(message.name), "%s", name);
	snprintf(message.text, sizeof(message.text), "%s", event->text ? event->text : "");
	tell(child, &message);
}

static void tell_step(const struct child *child, const char *name, enum probe_outcome outcome, int error,
		      const char *text)
{
	const struct probe_event event = {.outcome = outcome, .error = error, .text = text};

	tell_event(child, name, &event);
}

/* A step around probe_run(): what happens to it is told from its result. */
static int step_end(const struct child *child, const char *name, int error)
{
	tell_step(child, name, error ? PROBE_FAILED : PROBE_PASSED, error, error ? strerror(-error) : "");
	return error;
}

static void on_probe_event(void *arg, const struct probe_event *event)
{
	tell_event(arg, probe_step_name(event->step), event);
}

static void on_call(void *arg, const struct dxg_call *call)
{
	struct child *child = arg;
	struct probe_message message = {
		.kind = PROBE_MESSAGE_CALL,
		.error = call->done ? call->result : 0,
		.status = call->done ? call->status : 0,
		.done = call->done,
		.ns = call->done ? call->ns : 0,
	};

	snprintf(message.name, sizeof(message.name), "%s", call->name);
	tell(child, &message);
	if (child->closing && call->done && call->result < 0 && !child->unclosed) {
		child->unclosed = call->name;
		child->unclosed_error = call->result;
	}
}

static void on_log(enum log_level level, const char *line, void *arg)
{
	struct probe_message message = {.kind = PROBE_MESSAGE_LOG};

	(void)level;
	snprintf(message.text, sizeof(message.text), "%s", line);
	plain_line(message.text);
	tell(arg, &message);
}

static int open_device_file(struct child *child)
{
	int ret;

	tell_step(child, "open", PROBE_BEGINS, 0, "");
	ret = dxg_open(&child->dxg);
	if (!ret)
		dxg_observe(child->dxg, on_call, child);
	return step_end(child, "open", ret);
}

/* The adapter again, by its LUID: handles are the process' own. */
static int find_adapter(struct child *child)
{
	struct dxg_adapter found[DXG_MAX_ADAPTERS];
	struct kmd_pci_ids ids;
	size_t count;
	int ret;

	tell_step(child, "adapter", PROBE_BEGINS, 0, "");
	ret = dxg_enum_adapters(child->dxg, found, &count);
	for (size_t i = 0; !ret && i < count; i++) {
		if (!child->adapter_open && found[i].luid.a == child->target->luid.a &&
		    found[i].luid.b == child->target->luid.b) {
			child->adapter = found[i];
			child->adapter_open = true;
		} else {
			dxg_close_adapter(child->dxg, found[i].handle);
		}
	}
	if (!ret && !child->adapter_open)
		ret = -ENODEV;
	if (!ret)
		ret = kmd_adapter_identify(child->dxg, child->adapter.handle, &ids);
	if (!ret &&
	    (ids.vendor != child->target->info.pci.vendor || ids.device != child->target->info.pci.device))
		ret = -EBADMSG;
	return step_end(child, "adapter", ret);
}

static int make_memory(struct child *child)
{
	struct memory_gpu_config config = {
		.info = &child->target->info,
		.gfx_major = child->target->gfx_major,
		.node = child->target->node,
	};
	int ret;

	tell_step(child, "address space", PROBE_BEGINS, 0, "");
	ret = gsp_gpu_create(child->dxg, child->adapter.handle, &child->target->info, &child->gpu);
	if (!ret) {
		child->device = gsp_gpu_device(child->gpu);
		config.gsp = child->gpu;
		ret = memory_create(&config, 1, &child->memory);
	}
	return step_end(child, "address space", ret);
}

static const char *state_name(enum d3dkmt_deviceexecution_state state)
{
	switch (state) {
	case D3DKMT_DEVICEEXECUTION_ACTIVE:
		return "active";
	case D3DKMT_DEVICEEXECUTION_RESET:
		return "reset";
	case D3DKMT_DEVICEEXECUTION_HUNG:
		return "hung";
	case D3DKMT_DEVICEEXECUTION_STOPPED:
		return "stopped";
	case D3DKMT_DEVICEEXECUTION_ERROR_OUTOFMEMORY:
		return "out of memory";
	case D3DKMT_DEVICEEXECUTION_ERROR_DMAFAULT:
		return "DMA fault";
	case D3DKMT_DEVICEEXECUTION_ERROR_DMAPAGEFAULT:
		return "page fault";
	}
	return "a state that is not known";
}

/* What the host says of the device when all is over; nothing if there is none. */
static void tell_state(struct child *child)
{
	const struct gsp_handles *handles = child->device ? gsp_device_handles(child->device) : NULL;
	struct probe_message message = {.kind = PROBE_MESSAGE_STATE};
	enum d3dkmt_deviceexecution_state state;
	struct d3dkmt_devicepagefault_state fault;
	int ret;

	if (!handles || !handles->device)
		return;
	tell_step(child, "device state", PROBE_BEGINS, 0, "");
	ret = dxg_get_device_state(child->dxg, handles->device, &state);
	if (ret)
		snprintf(message.text, sizeof(message.text), "not told: %s", strerror(-ret));
	else
		snprintf(message.text, sizeof(message.text), "%s", state_name(state));
	if (!ret && state == D3DKMT_DEVICEEXECUTION_ERROR_DMAPAGEFAULT &&
	    !dxg_get_page_fault(child->dxg, handles->device, &fault))
		snprintf(message.text, sizeof(message.text), "page fault at 0x%llx, flags 0x%x, error 0x%x",
			 (unsigned long long)fault.faulted_virtual_address, fault.page_fault_flags,
			 fault.fault_error_code);
	tell(child, &message);
	tell_step(child, "device state", PROBE_PASSED, 0, message.text);
}

/*
 * In the reverse order, whatever there is.  What the library could not close it passes over, for the end of the process
 * closes it; here it is told, and is no fault of the queues.
 */
static void give_back(struct child *child)
{
	char text[80] = "";

	tell_step(child, "close", PROBE_BEGINS, 0, "");
	child->closing = true;
	if (child->memory)
		memory_destroy(child->memory);
	if (child->device)
		gsp_gpu_destroy(child->gpu);
	if (child->adapter_open)
		dxg_close_adapter(child->dxg, child->adapter.handle);
	if (child->dxg)
		dxg_observe(child->dxg, NULL, NULL);
	dxg_close(child->dxg);
	if (child->unclosed)
		snprintf(text, sizeof(text), "%s: %s", child->unclosed, strerror(-child->unclosed_error));
	tell_step(child, "close", child->unclosed ? PROBE_FAILED : PROBE_PASSED, child->unclosed_error, text);
}

static int run(struct child *child)
{
	struct probe_message message = {.kind = PROBE_MESSAGE_VERDICT};
	struct probe_options options = {
		.step_timeout_ns = child->target->step_timeout_ns,
		.report = on_probe_event,
		.arg = child,
	};
	struct probe_result result;
	int ret = open_device_file(child);

	if (!ret)
		ret = find_adapter(child);
	if (!ret && child->rung != GSP_RUNG_NONE)
		ret = make_memory(child);
	if (!ret && child->rung != GSP_RUNG_NONE) {
		options.channel = (struct channel_options){
			.device = child->device,
			.memory = child->memory,
			.engine = KMD_ENGINE_COMPUTE0,
			.rung = child->rung,
		};
		ret = probe_run(&options, &result);
		if (child->rung == GSP_RUNG_HARDWARE && result.failed_at == PROBE_QUEUE &&
		    kmd_is_refusal(result.error))
			gsp_hardware_refused(child->device, KMD_ENGINE_COMPUTE0, result.error);
		message.outcome = result.passed;
		message.error = result.error;
		message.rule = result.why.rule;
		if (result.failed_at < PROBE_STEP_COUNT)
			snprintf(message.name, sizeof(message.name), "%s", probe_step_name(result.failed_at));
		/* some failures come before any self-check */
		snprintf(message.text, sizeof(message.text), "%s",
			 result.why.text[0] ? result.why.text
			 : ret		    ? strerror(-ret)
					    : "");
		tell(child, &message);
	}
	tell_state(child);
	give_back(child);
	return ret;
}

static void child_main(const struct probe_target *target, enum gsp_rung rung, int socket, pid_t parent)
{
	struct child child = {.target = target, .rung = rung, .socket = socket};
	struct probe_message message = {.kind = PROBE_MESSAGE_END};
	sigset_t none;
	int ret;

	/* the terminal's Ctrl-C is for the parent, which ends this process in good order */
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	log_set_sink(on_log, &child);
	ret = run(&child);
	log_set_sink(NULL, NULL);
	tell(&child, &message);
	/* exit, not _exit: leak checkers look then */
	exit(ret ? EXIT_FAILURE : EXIT_SUCCESS);
}

/*
 * Starts a process that probes one rung; with GSP_RUNG_NONE it only looks whether the adapter answers.  *socket
 * gives its messages, one a packet, and ends with it; the caller closes it and waits for *child.  The errno of
 * socketpair or fork.
 */
int probe_child_start(const struct probe_target *target, enum gsp_rung rung, pid_t *child, int *socket)
{
	pid_t parent = getpid();
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	fflush(NULL); /* or the child would print it again */
	*child = fork();
	if (*child < 0) {
		int ret = -errno;

		close(ends[0]);
		close(ends[1]);
		return ret;
	}
	if (!*child) {
		close(ends[0]);
		child_main(target, rung, ends[1], parent);
	}
	close(ends[1]);
	*socket = ends[0];
	return 0;
}
