// SPDX-License-Identifier: MIT
/* The life of queues. */
#include "queue/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "queue/objects.h"
#include "queue/table.h"
#include "util/compiler.h"
#include "util/log.h"

#define MAX_RING_BYTES (1ULL << 32)

static void housekeep(void *arg)
{
	struct queues *queues = arg;

	lanes_run(queues->lanes);
	for (uint32_t i = 0; i < queues->gpu_count; i++)
		if (queues->gpus[i].scratch)
			scratch_pool_run(queues->gpus[i].scratch);
	memory_run(queues->memory);
}

static void lane_ends(void *arg, const struct lane *lane)
{
	struct queues *queues = arg;

	book_forget(queues->book, lane);
}

static int set_up_gpu(struct queues *queues, uint32_t index, const struct queue_gpu *gpu)
{
	struct queue_gpu_state *state = &queues->gpus[index];
	struct scratch_gpu scratch;
	int ret;

	state->gpu = *gpu;
	state->gpu.info = NULL;
	ret = pm4_generation_of(gpu->gfx_major, &state->generation);
	if (ret)
		return 0; /* it has no queues; queue_create() says so */
	state->usable = true;
	state->firmware_managed_state = gpu->info->firmware_managed_state;
	state->counter_hz = gpu->info->counter_hz;
	cu_layout_init(&state->units, gpu->info, gpu->gfx_major, gpu->shader_engines, gpu->arrays_per_engine,
		       gpu->compute_units);
	scratch = (struct scratch_gpu){
		.memory = queues->memory,
		.gpu = index,
		.generation = state->generation,
		.waves = gpu->scratch_waves,
		.shader_engines = gpu->shader_engines,
		.budget = gpu->local_bytes,
	};
	return scratch_pool_create(&scratch, &state->scratch);
}

/*
 * What queues of the process share.  Nothing is asked of the host and no thread is made before the first queue.  The memory, the
 * devices and the events must outlive it.
 */
int queues_create(const struct queues_options *options, struct queues **out)
{
	struct queues *queues = calloc(1, sizeof(*queues));
	struct completion_options completion = {
		.events = options->events,
		.housekeep = housekeep,
		.arg = queues,
		.gpus = queues ? queues->gsp : NULL,
		.gpu_count = options->gpu_count,
		.nodes = options->nodes,
		.power = options->power,
	};
	int ret;

	*out = NULL;
	if (!queues)
		return -ENOMEM;
	queues->memory = options->memory;
	queues->events = options->events;
	queues->rung_by_call = options->rung_by_call;
	queues->gpu_count = options->gpu_count;
	for (uint32_t i = 0; i < options->gpu_count; i++)
		queues->gsp[i] = options->gpus[i].gsp;
	ret = queue_table_create(&queues->table);
	if (!ret)
		ret = book_create(&queues->book);
	if (!ret)
		ret = lanes_create(options->memory, queues->gsp, options->gpu_count, &queues->lanes);
	if (!ret)
		ret = doorbells_create(options->look_at_doorbells, &queues->doorbells);
	if (!ret)
		ret = verdicts_create(options->memory, queues->gsp, options->gpu_count, NULL,
				      &queues->verdicts);
	for (uint32_t i = 0; i < options->gpu_count && !ret; i++)
		ret = set_up_gpu(queues, i, &options->gpus[i]);
	if (!ret)
		ret = completion_create(&completion, &queues->completion);
	if (ret) {
		queues_destroy(queues);
		return ret;
	}
	lanes_on_end(queues->lanes, lane_ends, queues);
	*out = queues;
	return 0;
}

void queues_destroy(struct queues *queues)
{
	uint64_t id;

	if (!queues)
		return;
	while (queues->table && (id = queue_table_first(queues->table)))
		queue_destroy(queues, id);
	completion_destroy(queues->completion);
	if (queues->lanes)
		lanes_destroy(queues->lanes);
	for (uint32_t i = 0; i < queues->gpu_count; i++)
		if (queues->gpus[i].scratch)
			scratch_pool_destroy(queues->gpus[i].scratch);
	if (queues->verdicts)
		verdicts_destroy(queues->verdicts);
	if (queues->doorbells)
		doorbells_destroy(queues->doorbells);
	if (queues->book)
		book_destroy(queues->book);
	if (queues->table)
		queue_table_destroy(queues->table);
	free(queues);
}

static void doorbell_rung(struct doorbell *doorbell, uint64_t value)
{
	struct queue *queue = (struct queue *)(void *)((char *)doorbell - offsetof(struct queue, doorbell));

	(void)value; /* the write index is the truth; see the translators */
	queue_ring_briefly(queue);
}

static const struct queue_ops *const ops_of_kind[] = {
	[QUEUE_AQL] = &aql_queue_ops,
	[QUEUE_PM4] = &pm4_ring_ops,
	[QUEUE_SDMA] = &sdma_ring_ops,
};

static enum kmd_engine engine_of(const struct queues *queues, const struct queue_request *request)
{
	const struct gsp_caps *caps = gsp_device_caps(gsp_gpu_device(queues->gsp[request->gpu]));

	if (request->kind != QUEUE_SDMA)
		return KMD_ENGINE_COMPUTE0;
	/* a wish: cards with one engine have all their queues there */
	return request->sdma_engine == 1 && gsp_caps_engine(caps, KMD_ENGINE_SDMA1) ? KMD_ENGINE_SDMA1
										    : KMD_ENGINE_SDMA0;
}

static int try_lane(struct queue *queue, struct lane_options *options)
{
	struct queues *queues = queue->queues;
	int ret = verdict_get(queues->verdicts, options->gpu, options->engine, &options->rung);

	if (ret)
		return ret;
	ret = lane_get(queues->lanes, options, &queue->lane);
	if (ret && ret != -ENODEV)
		verdict_forget(queues->verdicts, options->gpu, options->engine);
	return ret;
}

/*
 * That there are hardware queues may not be so any more, when another process found it out, or it was another device: where none is to be
 * had, what there is instead is found out at once.
 */
static int get_lane(struct queue *queue, const struct queue_request *request)
{
	struct lane_options options = {
		.gpu = request->gpu,
		.engine = engine_of(queue->queues, request),
		.high_priority = request->priority > 0,
	};
	int ret = try_lane(queue, &options);

	if (ret && ret != -ENODEV && options.rung == GSP_RUNG_HARDWARE)
		ret = try_lane(queue, &options);
	return ret;
}

static int build(struct queue *queue, struct queue_request *request)
{
	struct queues *queues = queue->queues;
	int ret = queue_host_error(get_lane(queue, request));

	if (ret)
		return ret;
	if (queue_gpu_state(queue)->gpu.platform_atomics)
		book_mark(queues->book, queue->lane, (const volatile uint32_t *)lane_mark(queue->lane));
	else
		book_settled(queues->book, queue->lane, 0);
	ret = frames_create(queues->memory, queue->gpu, &queue->frames);
	if (!ret)
		ret = actions_create(queues->events, queue->lane, &queue->actions);
	if (!ret)
		/* no index that is stored first: the first store is seen as a change */
		ret = doorbell_get(queues->doorbells, request->kind == QUEUE_AQL ? UINT64_MAX : 0,
				   &queue->doorbell);
	if (ret)
		return ret;
	queue->has_doorbell = true;
	request->doorbell = queue->doorbell.cell;
	ret = queue->ops->create(queue, request);
	if (ret)
		return ret;
	queue->created = true;
	if (request->priority && lane_set_priority(queue->lane, request->priority))
		log_info("queue of GPU %u: the host does not grant priority %d", queue->gpu,
			 request->priority);
	queue->source = (struct completion_source){
		.device = lane_device(queue->lane),
		.fence = lane_point(queue->lane, 0).fence,
		.value = lane_point(queue->lane, 0).value,
		.passed = queue_passed,
	};
	ret = completion_add(queues->completion, &queue->source);
	queue->has_source = !ret;
	/* with what it was made of: the next call gets another device */
	return !ret && gsp_device_is_lost(queue->source.device) ? -ENODEV : ret;
}

/* What is left of a queue that nobody can ring any more. */
static void take_down(struct queue *queue)
{
	struct queues *queues = queue->queues;

	/* callbacks end before what they use */
	if (queue->has_doorbell)
		doorbell_unwatch(queues->doorbells, &queue->doorbell);
	if (queue->has_source)
		completion_remove(queues->completion, &queue->source);
	completion_unlook(queues->completion, &queue->look);
	completion_unlook(queues->completion, &queue->release);
}

static void free_queue(struct queue *queue)
{
	struct queues *queues = queue->queues;
	bool runs;

	if (queue->created)
		queue->ops->destroy(queue);
	if (queue->actions)
		actions_destroy(queue->actions);
	if (queue->frames)
		frames_destroy(queue->frames);
	runs = queue->lane && lane_read(queue->lane, lane_submitted(queue->lane)) == GSP_FENCE_PENDING;
	lane_put(queue->lane);
	if (queue->has_doorbell)
		doorbell_put(queues->doorbells, &queue->doorbell);
	free(queue->lists.actions);
	free(queue->lists.signals);
	owed_end(&queue->owed);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
	/* the thread may have seen the end of the work before what waits for that was put off */
	if (runs)
		completion_busy(queues->completion);
}

void queue_put(struct queue *queue)
{
	if (atomic_fetch_sub_explicit(&queue->references, 1, memory_order_acq_rel) == 1)
		free_queue(queue);
}

static int check(const struct queues *queues, const struct queue_request *request)
{
	if (request->gpu >= queues->gpu_count || (unsigned)request->kind >= ARRAY_SIZE(ops_of_kind) ||
	    request->priority < -3 || request->priority > 3 || request->percentage > 100)
		return -EINVAL;
	if (!request->ring || !request->ring_bytes || request->ring_bytes > MAX_RING_BYTES)
		return -EINVAL;
	return queues->gpus[request->gpu].usable ? 0 : -EOPNOTSUPP;
}

/*
 * Creates a queue and gives its number, its doorbell, and for rings of packets its own index words.  The ring and what AQL queues
 * are told of stay the caller's, and must be there until queue_destroy() returned.  On a GPU whose device was lost the next one is made
 * first, if the rules of gsp/gpu.h allow it; if they do not the host is not asked.  Errors of queue.h.
 */
int queue_create(struct queues *queues, struct queue_request *request, uint64_t *id)
{
	struct queue *queue;
	int ret = check(queues, request);

	*id = 0;
	if (!ret)
		ret = queue_host_error(gsp_gpu_renew(queues->gsp[request->gpu]));
	if (ret)
		return ret;
	queue = calloc(1, sizeof(*queue));
	if (!queue)
		return -ENOMEM;
	queue->queues = queues;
	queue->ops = ops_of_kind[request->kind];
	queue->kind = request->kind;
	queue->gpu = request->gpu;
	queue->ring = request->ring;
	queue->ring_bytes = request->ring_bytes;
	queue->enabled = request->percentage != 0;
	queue->event_id = request->event_id;
	queue->error_reason = request->error_reason;
	queue->write_index = request->write_index;
	queue->read_index = request->read_index;
	queue->doorbell.rung = doorbell_rung;
	queue->look.look = queue_look;
	queue->release.look = queue_look_at_loss;
	memset(queue->cu_mask, 0xff, sizeof(queue->cu_mask));
	memset(queue->se_mask, 0xff, sizeof(queue->se_mask));
	queue->cu_mask_words = 1;
	atomic_init(&queue->references, 1);
	pthread_mutex_init(&queue->lock, NULL);
	ret = build(queue, request);
	if (!ret)
		ret = queue_table_add(queues->table, queue, id);
	if (ret)
		goto fail;
	/* last: the watcher may ring at once */
	if (!queues->rung_by_call || queue->kind != QUEUE_AQL)
		ret = doorbell_watch(queues->doorbells, &queue->doorbell);
	if (!ret)
		return 0;
	queue_table_remove(queues->table, *id);
	*id = 0;
fail:
	take_down(queue);
	queue_put(queue);
	return ret;
}

/*
 * Destroys a queue: what is not translated is dropped, barriers that wait are cancelled, and what runs goes on until it is over, with all it uses
 * kept, but nobody is told of its end any more.  On a lost device who waits for its signals is released at once.  -ENOENT.
 */
int queue_destroy(struct queues *queues, uint64_t id)
{
	struct queue *queue = queue_table_remove(queues->table, id);

	if (!queue)
		return -ENOENT;
	atomic_store(&queue->ending, true);
	take_down(queue);
	/* who translates at this moment is the last: the caller's ring may be gone after this call */
	pthread_mutex_lock(&queue->lock);
	if (gsp_device_is_lost(lane_device(queue->lane)))
		queue_lose_at_once(queue);
	pthread_mutex_unlock(&queue->lock);
	/* it may have parked the queue or expected something once more */
	completion_unlook(queues->completion, &queue->look);
	completion_unlook(queues->completion, &queue->release);
	queue_put(queue);
	return 0;
}

/*
 * Changes a queue.  Its ring can be replaced by one of the same size that holds the same packets; NULL, no size, or percentage 0, stops
 * it until it is updated again.  -ENOENT; -EINVAL; else, -EIO among it, the host's refusal of the priority.
 */
int queue_update(struct queues *queues, uint64_t id, uint32_t percentage, int priority, void *ring,
		 uint64_t ring_bytes)
{
	struct queue *queue;
	int ret = 0;

	if (percentage > 100 || priority < -3 || priority > 3)
		return -EINVAL;
	queue = queue_table_get(queues->table, id);
	if (!queue)
		return -ENOENT;
	queue_lock(queue);
	if (ring && ring_bytes && ring_bytes != queue->ring_bytes)
		ret = -EINVAL;
	if (!ret) {
		queue->enabled = percentage && ring && ring_bytes;
		if (ring)
			queue->ring = ring;
		if (priority != queue->priority)
			ret = queue_host_error(lane_set_priority(queue->lane, priority));
		if (!ret)
			queue->priority = priority;
	}
	queue_unlock(queue);
	/* what came while it was disabled */
	queue_ring(queue);
	queue_put(queue);
	return ret;
}

/* Which compute units its dispatches from now on may use: bits as cu_mask_spread() has them.  -ENOENT; -EINVAL: none, or too many words. */
int queue_set_cu_mask(struct queues *queues, uint64_t id, const uint32_t *mask, uint32_t words)
{
	uint32_t engines[PM4_SHADER_ENGINES];
	struct queue *queue;
	int ret;

	if (!words || words > ARRAY_SIZE(queue->cu_mask))
		return -EINVAL;
	queue = queue_table_get(queues->table, id);
	if (!queue)
		return -ENOENT;
	ret = cu_mask_spread(&queue_gpu_state(queue)->units, mask, words, engines);
	if (!ret) {
		queue_lock(queue);
		memcpy(queue->cu_mask, mask, words * sizeof(mask[0]));
		queue->cu_mask_words = words;
		memcpy(queue->se_mask, engines, sizeof(engines));
		queue_unlock(queue);
	}
	queue_put(queue);
	return ret;
}

int queue_describe(struct queues *queues, uint64_t id, struct queue_description *out)
{
	struct queue *queue = queue_table_get(queues->table, id);

	if (!queue)
		return -ENOENT;
	queue_lock(queue);
	*out = (struct queue_description){
		.kind = queue->kind,
		.gpu = queue->gpu,
		.error = queue->error,
		.cu_mask = queue->cu_mask,
		.cu_mask_words = queue->cu_mask_words,
	};
	queue_unlock(queue);
	queue_put(queue);
	return 0;
}

/* Rings by call: what is published is translated and submitted when this returns, or by who is at it.  -ENOENT. */
int queue_ring_doorbell(struct queues *queues, uint64_t id)
{
	struct queue *queue = queue_table_get(queues->table, id);

	if (!queue)
		return -ENOENT;
	/*
	 * Runtimes of that contract call after each store (ROCr amd_blit_sdma.cpp), which would otherwise wake the watching thread for
	 * nothing. Others may store whenever they like, and while they do not a watched cell costs nothing.
	 */
	if (queues->rung_by_call && !atomic_load_explicit(&queue->called, memory_order_relaxed) &&
	    !atomic_exchange(&queue->called, true))
		doorbell_unwatch(queues->doorbells, &queue->doorbell);
	queue_ring(queue);
	queue_put(queue);
	return 0;
}
