// SPDX-License-Identifier: MIT
/* The stand-in for contexts, hardware queues, fences and submission. */
#include "fake_dxg_private.h"

#include <errno.h>
#include <string.h>

#include "util/compiler.h"

static uint32_t shortest_context;
static uint32_t refused_flags;
static int hwqueue_error;
static uint64_t first_progress;
static struct fake_submission last_submission;
static unsigned submissions;
static d3dkmt_handle waited_fence;
static uint64_t waited_value;
static fake_gpu gpu;
static void *gpu_arg;

#define ESCAPE_HEADER 0x80U
#define ESCAPE_CODE   0x48U

static struct fake_escape escape;
static unsigned escapes;
static uint32_t escape_answer;

void fake_reset_queues(void)
{
	escapes = escape_answer = 0;
	shortest_context = 0;
	refused_flags = 0;
	hwqueue_error = 0;
	first_progress = 0;
	last_submission = (struct fake_submission){0};
	submissions = 0;
	waited_fence = 0;
	waited_value = 0;
	fake_stalled = false;
	gpu = NULL;
}

int dxg_create_context(struct dxg *dxg, d3dkmt_handle device, const struct dxg_context_request *request,
		       d3dkmt_handle *context)
{
	unsigned adapter = fake_adapter_of(DEVICE, device);
	int ret = fake_enter("create_context", adapter);
	struct object *o;

	(void)dxg;
	*context = 0;
	if (!ret && (request->private_data_size < shortest_context || request->flags & refused_flags ||
		     refused_flags == ~0U))
		ret = -EINVAL;
	if (!ret) {
		o = fake_add(CONTEXT, adapter);
		o->parent = device;
		o->request = *request;
		*context = o->handle;
	}
	return fake_leave(ret);
}

int dxg_destroy_context(struct dxg *dxg, d3dkmt_handle context)
{
	int ret = fake_enter("destroy_context", fake_adapter_of(CONTEXT, context));
	struct object *o = fake_get(CONTEXT, context);

	(void)dxg;
	for (unsigned i = 0; i < fake_used && o; i++)
		if (fake_objects[i].type == HWQUEUE && fake_objects[i].request.node == context) {
			fake_complain("a context destroyed before its hardware queue");
			fake_objects[i].type = FREE;
		}
	if (o)
		o->type = FREE;
	return fake_leave(ret);
}

int dxg_set_context_priority(struct dxg *dxg, d3dkmt_handle context, int priority)
{
	int ret = fake_enter("set_context_priority", fake_adapter_of(CONTEXT, context));

	(void)dxg;
	(void)priority;
	fake_get(CONTEXT, context);
	return fake_leave(ret);
}

/* A hardware queue's context is kept in request.node, for `parent` is the device it dies with. */
int dxg_create_hwqueue(struct dxg *dxg, d3dkmt_handle context, uint32_t flags, void *private_data,
		       uint32_t private_data_size, struct dxg_hwqueue *hwqueue)
{
	unsigned adapter = fake_adapter_of(CONTEXT, context);
	int ret = fake_enter("create_hwqueue", adapter);
	struct object *of = fake_get(CONTEXT, context), *o;

	(void)dxg, (void)private_data, (void)private_data_size;
	memset(hwqueue, 0, sizeof(*hwqueue));
	if (of && !(of->request.flags & D3DDDI_CREATECONTEXTFLAGS_HW_QUEUE_SUPPORTED))
		fake_complain("a hardware queue in a context that was not made for one");
	if (!ret)
		ret = hwqueue_error;
	if (!ret && of) {
		o = fake_add(HWQUEUE, adapter);
		o->parent = of->parent;
		o->request.node = context;
		o->request.flags = flags;
		o->value = o->wanted = first_progress;
		*hwqueue = (struct dxg_hwqueue){o->handle, o->handle + 1, &o->value, 0};
	}
	return fake_leave(ret);
}

int dxg_destroy_hwqueue(struct dxg *dxg, d3dkmt_handle hwqueue)
{
	int ret = fake_enter("destroy_hwqueue", fake_adapter_of(HWQUEUE, hwqueue));
	struct object *o = fake_get(HWQUEUE, hwqueue);

	(void)dxg;
	if (o)
		o->type = FREE;
	return fake_leave(ret);
}

int dxg_create_fence(struct dxg *dxg, d3dkmt_handle device, uint64_t initial, struct dxg_fence *fence)
{
	unsigned adapter = fake_adapter_of(DEVICE, device);
	int ret = fake_enter("create_fence", adapter);
	struct object *o;

	(void)dxg;
	memset(fence, 0, sizeof(*fence));
	if (!ret) {
		o = fake_add(FENCE, adapter);
		o->parent = device;
		o->value = o->wanted = initial;
		*fence = (struct dxg_fence){o->handle, &o->value, 0};
	}
	return fake_leave(ret);
}

int dxg_destroy_fence(struct dxg *dxg, d3dkmt_handle fence)
{
	int ret = fake_enter("destroy_fence", fake_adapter_of(FENCE, fence));
	struct object *o = fake_get(FENCE, fence);

	(void)dxg;
	if (o)
		o->type = FREE;
	return fake_leave(ret);
}

/* A fence as waits know it: that of a paging queue, of a hardware queue, or one of its own. */
static struct object *waitable(d3dkmt_handle fence)
{
	for (unsigned i = 0; i < fake_used; i++)
		if (((fake_objects[i].type == FENCE || fake_objects[i].type == QUEUE) &&
		     fake_objects[i].handle == fence) ||
		    (fake_objects[i].type == HWQUEUE && fake_objects[i].handle + 1 == fence))
			return &fake_objects[i];
	fake_complain("waited for an unknown fence");
	return NULL;
}

static void check_list(const d3dkmt_handle *fences, const uint64_t *list, uint32_t count)
{
	if (!count || count > DXG_MAX_GPU_WAITS)
		fake_complain("a list of fences that is empty or too long");
	for (uint32_t i = 0; i < count; i++)
		if (waitable(fences[i]) && list[i] == UINT64_MAX)
			fake_complain("the value of a lost device as one to wait for");
}

static void wait_list(const d3dkmt_handle *fences, const uint64_t *list, uint32_t count)
{
	check_list(fences, list, count);
	if (!count)
		return;
	waited_fence = fences[count - 1];
	waited_value = list[count - 1];
}

static void signal_list(const d3dkmt_handle *fences, const uint64_t *list, uint32_t count, unsigned adapter)
{
	check_list(fences, list, count);
	for (uint32_t i = 0; i < count; i++) {
		struct object *o = fake_get(FENCE, fences[i]);

		if (o)
			o->wanted = list[i];
	}
	if (!fake_hold)
		fake_finish_on(adapter);
}

static int submitted(int ret, d3dkmt_handle to, uint64_t fence_id, const struct dxg_submission *s)
{
	if (ret)
		return ret;
	submissions++;
	last_submission = (struct fake_submission){
		.to = to,
		.fence_id = fence_id,
		.commands = s->commands,
		.length = s->length,
		.private_data_size =
			MIN(s->private_data_size, (uint32_t)sizeof(last_submission.private_data)),
	};
	memcpy(last_submission.private_data, s->private_data, last_submission.private_data_size);
	return 0;
}

/* What was submitted is executed at once, if there is somebody to do it. */
static int execute(int ret)
{
	if (!ret && gpu)
		gpu(&last_submission, gpu_arg);
	return ret;
}

int dxg_submit(struct dxg *dxg, d3dkmt_handle context, const struct dxg_submission *submission)
{
	int ret = fake_enter("submit", fake_adapter_of(CONTEXT, context));

	(void)dxg;
	return execute(fake_leave(submitted(ret, context, 0, submission)));
}

int dxg_submit_to_hwqueue(struct dxg *dxg, d3dkmt_handle hwqueue, uint64_t fence_id,
			  const struct dxg_submission *submission)
{
	unsigned adapter = fake_adapter_of(HWQUEUE, hwqueue);
	int ret = submitted(fake_enter("submit_to_hwqueue", adapter), hwqueue, fence_id, submission);
	struct object *o = fake_get(HWQUEUE, hwqueue);

	(void)dxg;
	if (!ret && o) {
		if (fence_id != o->wanted + 1)
			fake_complain("a progress fence that does not count up by one");
		o->wanted = fence_id;
		if (!fake_hold)
			fake_finish_on(adapter);
	}
	return execute(fake_leave(ret));
}

int dxg_context_signal(struct dxg *dxg, d3dkmt_handle context, const d3dkmt_handle *fences,
		       const uint64_t *list, uint32_t count)
{
	unsigned adapter = fake_adapter_of(CONTEXT, context);
	int ret = fake_enter("context_signal", adapter);

	(void)dxg;
	if (!ret)
		signal_list(fences, list, count, adapter);
	return fake_leave(ret);
}

int dxg_context_wait(struct dxg *dxg, d3dkmt_handle context, const d3dkmt_handle *fences,
		     const uint64_t *list, uint32_t count)
{
	int ret = fake_enter("context_wait", fake_adapter_of(CONTEXT, context));

	(void)dxg;
	if (!ret)
		wait_list(fences, list, count);
	return fake_leave(ret);
}

int dxg_hwqueue_signal(struct dxg *dxg, d3dkmt_handle hwqueue, const d3dkmt_handle *fences,
		       const uint64_t *list, uint32_t count)
{
	unsigned adapter = fake_adapter_of(HWQUEUE, hwqueue);
	int ret = fake_enter("hwqueue_signal", adapter);

	(void)dxg;
	if (!ret)
		signal_list(fences, list, count, adapter);
	return fake_leave(ret);
}

int dxg_hwqueue_wait(struct dxg *dxg, d3dkmt_handle hwqueue, const d3dkmt_handle *fences,
		     const uint64_t *list, uint32_t count)
{
	int ret = fake_enter("hwqueue_wait", fake_adapter_of(HWQUEUE, hwqueue));

	(void)dxg;
	if (!ret)
		wait_list(fences, list, count);
	return fake_leave(ret);
}

int dxg_signal_fences(struct dxg *dxg, d3dkmt_handle device, const d3dkmt_handle *fences,
		      const uint64_t *list, uint32_t count)
{
	unsigned adapter = fake_adapter_of(DEVICE, device);
	int ret = fake_enter("signal_fences", adapter);

	(void)dxg;
	if (!ret)
		signal_list(fences, list, count, adapter);
	return fake_leave(ret);
}

void dxg_observe(struct dxg *dxg, dxg_observer observer, void *arg)
{
	(void)dxg, (void)observer, (void)arg;
}

void fake_refuse_contexts_below(uint32_t private_data_size)
{
	shortest_context = private_data_size;
}

void fake_refuse_contexts(uint32_t flags)
{
	refused_flags = flags;
}

void fake_refuse_hwqueues(int error)
{
	hwqueue_error = error;
}

void fake_progress_starts_at(uint64_t value)
{
	first_progress = value;
}

uint32_t fake_hwqueue_flags(d3dkmt_handle hwqueue)
{
	struct object *o;
	uint32_t flags;

	pthread_mutex_lock(&fake_lock);
	o = fake_get(HWQUEUE, hwqueue);
	flags = o ? o->request.flags : UINT32_MAX;
	pthread_mutex_unlock(&fake_lock);
	return flags;
}

bool fake_context(d3dkmt_handle context, struct dxg_context_request *request)
{
	struct object *o;

	pthread_mutex_lock(&fake_lock);
	o = fake_get(CONTEXT, context);
	if (o)
		*request = o->request;
	pthread_mutex_unlock(&fake_lock);
	return o;
}

void fake_last_wait(d3dkmt_handle *fence, uint64_t *value)
{
	pthread_mutex_lock(&fake_lock);
	*fence = waited_fence;
	*value = waited_value;
	pthread_mutex_unlock(&fake_lock);
}

void fake_stall(bool on)
{
	fake_stalled = on;
}

void fake_execute(fake_gpu execute_with, void *arg)
{
	gpu = execute_with;
	gpu_arg = arg;
}

unsigned fake_submissions(struct fake_submission *last)
{
	unsigned count;

	pthread_mutex_lock(&fake_lock);
	*last = last_submission;
	count = submissions;
	pthread_mutex_unlock(&fake_lock);
	return count;
}

int dxg_escape(struct dxg *dxg, d3dkmt_handle adapter, d3dkmt_handle device, uint32_t flags, void *data,
	       uint32_t size)
{
	unsigned place = fake_adapter_of(DEVICE, device);
	int ret = fake_enter("escape", place);

	(void)dxg;
	if (!ret && (adapter != FAKE_ADAPTER(place) || size < ESCAPE_HEADER || size > sizeof(escape.data)))
		fake_complain("an escape of another adapter, or without a header");
	else if (!ret) {
		escapes++;
		escape = (struct fake_escape){.device = device, .flags = flags, .size = size};
		memcpy(escape.data, data, size);
		if (escape_answer != FAKE_NO_ANSWER)
			memcpy((uint8_t *)data + ESCAPE_CODE, &escape_answer, sizeof(escape_answer));
	}
	return fake_leave(ret);
}

void fake_answer_escapes(uint32_t code)
{
	pthread_mutex_lock(&fake_lock);
	escape_answer = code;
	pthread_mutex_unlock(&fake_lock);
}

unsigned fake_escapes(struct fake_escape *last)
{
	unsigned count;

	pthread_mutex_lock(&fake_lock);
	count = escapes;
	if (last)
		*last = escape;
	pthread_mutex_unlock(&fake_lock);
	return count;
}
