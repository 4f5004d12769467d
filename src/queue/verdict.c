// SPDX-License-Identifier: MIT
#include "queue/verdict.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "gsp/context.h"
#include "queue/probe.h"
#include "queue/verdict_file.h"
#include "util/compiler.h"
#include "util/log.h"
#include "util/turn.h"

#define UNKNOWN	 0
#define RUNG_BIT 0x100 /* else 0 - errno */

#define FAULTS_MAX 2U

struct verdict {
	_Atomic int word; /* UNKNOWN, RUNG_BIT | rung, or 0 - errno; changed by who has the turn */
	struct turn turn; /* to find it out */
	/* that an error, and what follows, was learnt on; a rung holds for its GPU's next devices too.  Changed as the word */
	_Atomic(const struct gsp_device *) device;
	bool only_probing;	 /* what was remembered was wrong */
	unsigned faults;	 /* how often the device was lost for a page fault while it was probed */
	int told;		 /* the error and ... */
	enum probe_step told_at; /* ... step that were logged last */
};

struct verdicts {
	struct memory *memory;
	struct gsp_gpu *gpus[MEMORY_MAX_GPUS];
	uint32_t count;
	char *directory; /* NULL: nothing outlives the process */
	pthread_mutex_t file;
	struct verdict table[MEMORY_MAX_GPUS][VERDICT_ENGINES];
};

/* Asks nothing of the host.  -EINVAL: more GPUs than there can be; -ENOMEM. */
int verdicts_create(struct memory *memory, struct gsp_gpu *const *gpus, uint32_t count,
		    const char *cache_directory, struct verdicts **out)
{
	struct verdicts *verdicts;

	*out = NULL;
	if (count > MEMORY_MAX_GPUS)
		return -EINVAL;
	verdicts = calloc(1, sizeof(*verdicts));
	if (!verdicts)
		return -ENOMEM;
	verdicts->memory = memory;
	verdicts->count = count;
	for (uint32_t i = 0; i < count; i++)
		verdicts->gpus[i] = gpus[i];
	verdicts->directory = verdict_directory(cache_directory);
	pthread_mutex_init(&verdicts->file, NULL);
	for (uint32_t i = 0; i < MEMORY_MAX_GPUS; i++)
		for (unsigned engine = 0; engine < VERDICT_ENGINES; engine++)
			turn_init(&verdicts->table[i][engine].turn);
	*out = verdicts;
	return 0;
}

/* NULL is allowed. */
void verdicts_destroy(struct verdicts *verdicts)
{
	if (!verdicts)
		return;
	for (uint32_t i = 0; i < MEMORY_MAX_GPUS; i++)
		for (unsigned engine = 0; engine < VERDICT_ENGINES; engine++)
			turn_destroy(&verdicts->table[i][engine].turn);
	pthread_mutex_destroy(&verdicts->file);
	free(verdicts->directory);
	free(verdicts);
}

static const char *engine_name(enum kmd_engine engine)
{
	switch (engine) {
	case KMD_ENGINE_COMPUTE0:
		return "compute engine";
	case KMD_ENGINE_SDMA0:
		return "first copy engine";
	case KMD_ENGINE_SDMA1:
		return "second copy engine";
	case KMD_ENGINE_GRAPHICS:
		break;
	}
	return "engine";
}

/* What another process found; a hardware queue only while they are promised. */
static enum gsp_rung remembered(struct verdicts *verdicts, struct gsp_device *device, const char *key,
				unsigned engine)
{
	enum gsp_rung rungs[VERDICT_ENGINES];

	pthread_mutex_lock(&verdicts->file);
	verdict_file_read(verdicts->directory, device, key, rungs);
	pthread_mutex_unlock(&verdicts->file);
	if (rungs[engine] == GSP_RUNG_HARDWARE && !gsp_hardware_usable(device, verdict_engines[engine]))
		return GSP_RUNG_NONE;
	return rungs[engine];
}

static void remember(struct verdicts *verdicts, struct gsp_device *device, const char *key, unsigned engine,
		     enum gsp_rung rung)
{
	pthread_mutex_lock(&verdicts->file);
	verdict_file_write(verdicts->directory, device, key, engine, rung);
	pthread_mutex_unlock(&verdicts->file);
}

/*
 * Whether another try may go better.  Before something was submitted, and when it came back, nothing was found out of the engine: a
 * host that refuses then may be out of contexts or memory, which come back, and does not always say so; a loss had another cause.
 * What does not come back from the engine is not sent there again, for it may cost the device.
 */
static bool may_pass(const struct probe_result *result)
{
	switch (result->error) {
	case -ENOMEM:
	case -ENOSPC:
	case -EINTR:
	case -EAGAIN:
	case -ECANCELED:
		return true;
	default:
		return result->failed_at < PROBE_SUBMIT || result->failed_at == PROBE_TEARDOWN;
	}
}

static void report(struct verdict *verdict, struct gsp_device *device, enum kmd_engine engine,
		   const struct probe_result *result)
{
	if (verdict->told == result->error && verdict->told_at == result->failed_at)
		return;
	verdict->told = result->error;
	verdict->told_at = result->failed_at;
	if (result->failed_at == PROBE_STEP_COUNT)
		log_err("adapter %#x: no queues on its %s: %s", gsp_device_adapter(device),
			engine_name(engine), strerror(-result->error));
	else
		log_err("adapter %#x: no queues on its %s: self-check %u failed at step %s: %s",
			gsp_device_adapter(device), engine_name(engine), result->why.rule,
			probe_step_name(result->failed_at), result->why.text);
}

/* With the turn. */
static int find_out(struct verdicts *verdicts, uint32_t gpu, unsigned index, enum gsp_rung *rung)
{
	struct verdict *verdict = &verdicts->table[gpu][index];
	struct gsp_device *device = gsp_gpu_device(verdicts->gpus[gpu]);
	const struct probe_options options = {
		.channel =
			{
				.device = device,
				.memory = verdicts->memory,
				.gpu = gpu,
				.engine = verdict_engines[index],
			},
	};
	char key[VERDICT_KEY_MAX];
	bool outlives = verdicts->directory && verdict_key(device, key);
	struct probe_result result;
	int ret;

	*rung = outlives && !verdict->only_probing ? remembered(verdicts, device, key, index) : GSP_RUNG_NONE;
	if (*rung != GSP_RUNG_NONE) {
		log_debug("adapter %#x: its %s has a %s, as another process found",
			  gsp_device_adapter(device), engine_name(verdict_engines[index]),
			  gsp_rung_name(*rung));
		atomic_store(&verdict->word, RUNG_BIT | (int)*rung);
		return 0;
	}
	ret = probe_ladder(&options, rung, &result);
	if (!ret) {
		atomic_store(&verdict->word, RUNG_BIT | (int)*rung);
		if (outlives && !result.makeshift)
			remember(verdicts, device, key, index, *rung);
		return 0;
	}
	report(verdict, device, verdict_engines[index], &result);
	if (result.error == -EFAULT)
		verdict->faults++;
	if (!may_pass(&result))
		atomic_store(&verdict->word, ret);
	return ret;
}

static int answer(int word, enum gsp_rung *rung)
{
	if (word < 0)
		return word;
	*rung = (enum gsp_rung)(word & ~RUNG_BIT);
	return 0;
}

/*
 * With the turn: what was learnt on a device that was lost says nothing of the next.  But what made it fault twice is not sent there
 * again, for it would cost that device too; once it may have been other work.
 */
static void follow(struct verdict *verdict, const struct gsp_device *device)
{
	int word = atomic_load(&verdict->word);

	if (atomic_exchange(&verdict->device, device) == device)
		return;
	if (word < 0 && (word != -EFAULT || verdict->faults < FAULTS_MAX))
		atomic_store(&verdict->word, UNKNOWN);
	verdict->only_probing = false;
	/* the same fault again is no news */
	if (word != -EFAULT)
		verdict->told = 0;
}

static unsigned index_of(enum kmd_engine engine)
{
	unsigned index = 0;

	while (index < VERDICT_ENGINES && verdict_engines[index] != engine)
		index++;
	return index;
}

/*
 * See verdict.h.  The first to ask of an engine may wait for the host and the GPU, as long as probe_ladder() says; others who ask for
 * the same one wait for him.  A failure is found anew by each process: it may have had a cause that has passed.
 */
int verdict_get(struct verdicts *verdicts, uint32_t gpu, enum kmd_engine engine, enum gsp_rung *rung)
{
	unsigned index = index_of(engine);
	const struct gsp_device *device;
	struct verdict *verdict;
	int word, ret;

	*rung = GSP_RUNG_NONE;
	if (gpu >= verdicts->count)
		return -EINVAL;
	if (index == VERDICT_ENGINES ||
	    !gsp_caps_engine(gsp_device_caps(gsp_gpu_device(verdicts->gpus[gpu])), engine))
		return -EOPNOTSUPP;
	verdict = &verdicts->table[gpu][index];
	device = gsp_gpu_device(verdicts->gpus[gpu]);
	word = atomic_load(&verdict->word);
	if (word > 0 || (word != UNKNOWN && atomic_load(&verdict->device) == device))
		return answer(word, rung);
	turn_take(&verdict->turn);
	follow(verdict, device);
	word = atomic_load(&verdict->word);
	ret = word != UNKNOWN ? answer(word, rung) : find_out(verdicts, gpu, index, rung);
	turn_leave(&verdict->turn);
	return ret;
}

/* For who could not make use of a verdict: another process may have found it on a host that was different then. */
void verdict_forget(struct verdicts *verdicts, uint32_t gpu, enum kmd_engine engine)
{
	unsigned index = index_of(engine);
	struct verdict *verdict;

	if (gpu >= verdicts->count || index == VERDICT_ENGINES)
		return;
	verdict = &verdicts->table[gpu][index];
	turn_take(&verdict->turn);
	follow(verdict, gsp_gpu_device(verdicts->gpus[gpu]));
	atomic_store(&verdict->word, UNKNOWN);
	verdict->only_probing = true;
	turn_leave(&verdict->turn);
}
